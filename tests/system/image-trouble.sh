# Unpacking that does not come to its end: killed at any call, on a disk that is full, beside others, from what changes meanwhile.
# shellcheck shell=bash
. "$here/images.lib"

# what_is_there STORE: layers and images as they are, without the times of what is new in each store (whiteouts, too)
what_is_there() {
	(cd "$1/layers" && find . -printf '%P %y %m %U:%G %T@ %l\n' | grep -vE '^ d |^[^/]*(/info|/recipe|/whiteouts)? [df] ' | sed '/ c 0 0:0 /s/[0-9.]* $//' | sort; find . -type f -exec sha256sum {} + | sort)
	cat "$1"/images/*/config.json | sed "s#$1#STORE#g"
	ls "$1"/images/*
}

# is_sound REFERENCE-STORE: whatever has its name in the store is whole
is_sound() {
	local l key
	for l in "$STORE"/layers/*; do
		key=${l##*/}
		[ -e "$l" ] || continue
		[ -e "$1/layers/$key" ] || fail "a layer that nobody asked for: $key"
		diff <(tree "$1/layers/$key/fs" | sed "s#$1##; / c 0 0:0 /d") <(tree "$l/fs" | sed "s#$STORE##; / c 0 0:0 /d") >"$T/diff" || fail "half a layer: $(<"$T/diff")"
		expect_match '^entries=' "$(<"$l/info")"
	done
	for l in "$STORE"/images/*; do
		[ -e "$l" ] || continue
		jq -e .layers "$l/image.json" >/dev/null && jq -e .annotations "$l/config.json" >/dev/null || fail "half an image"
	done
}

# three_layers DIR: the last one depends on those below
three_layers() {
	image <<-P
		layout("$1", [[D("d", mode=0o711, uid=3)] + [E("d/%d" % i, "%d" % i * 3000, uid=i) for i in range(12)], [E("own%d" % i, b"x" * 20000) for i in range(5)] + [L("l", "d"), E("d/.wh.3"), D("d", mode=0o711)],
			[E("d/new", "y"), H("d/hard", "d/1"), E("d/.wh.2"), D("e"), E("e/.wh..wh..opq")]], {"Cmd": ["/x"], "User": "7"})
	P
}

test_image_trouble__killed_at_any_call() {
	command -v strace >/dev/null || skip "there is no strace"
	three_layers img
	local reference=$T/reference call n rc killed=0 runs=0
	run_ok unpack --store "$reference" -q "$T/img"
	for call in mkdirat renameat2 renameat unlinkat fsync syncfs flock utimensat fsetxattr linkat mknodat fchmod write copy_file_range; do
		for n in 1 3 8 20; do
			rc=0
			ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$n "$RUNTIME" unpack --store "$STORE" -q --workers 2 "$T/img" >"$T/out" 2>"$T/err" || rc=$?
			runs=$((runs + 1))
			# It was not called so often.
			[ $rc != 0 ] || break
			killed=$((killed + 1))
			grep -q 'killed by SIGKILL' "$T/err" || [ $rc = 137 ] || fail "$call $n: $rc $(<"$T/err")"
			is_sound "$reference"
			unpack "$T/img"
			expect_eq "$(ls -A "$STORE/tmp")" "" "left by $call $n"
			diff <(what_is_there "$reference") <(what_is_there "$STORE") >"$T/diff" || fail "after $call $n: $(head -n 20 "$T/diff")"
			rm -rf "$STORE"
		done
		rm -rf "$STORE"
	done
	[ $killed -ge 15 ] || fail "only $killed of $runs were killed"
}

# disk SIZE [MKFS-ARG...]: an ext4 of its own on $T/disk, with the store on it
disk() {
	local size=$1
	shift
	command -v mkfs.ext4 >/dev/null || skip "there is no mkfs.ext4"
	truncate -s "$size" "$T/disk.img"
	mkfs.ext4 -q -m 0 "$@" "$T/disk.img"
	mkdir -p "$T/disk"
	mount -o loop "$T/disk.img" "$T/disk" 2>/dev/null || skip "there are no loop devices"
	STORE=$T/disk/store
}

nothing_in() { expect_eq "$(ls -A "$STORE/tmp" "$STORE/images" "$STORE/layers" | tr -d '\n')" "$STORE/images:$STORE/layers:$STORE/tmp:" "$1"; }

test_image_trouble__a_disk_that_is_full_sooner_or_later() {
	image <<-'P'
		layout("img", [[E("f%d" % i, os.urandom(3000)) for i in range(100)], [E("big", os.urandom(900000)), D("d")] + [E("d/%d" % i) for i in range(200)]])
	P
	disk 16m
	unpack "$T/img"
	rm -rf "$STORE"
	sync
	local free left filler=0 failed=0 good=0
	for left in 4000 2000 1700 1500 1400 1200 900 600 300 100 40 16 8 4 0; do
		rm -f "$T/disk/filler"
		free=$(($(stat -f -c '%f * %S / 1024' "$T/disk")))
		[ $left -lt $free ] || continue
		fallocate -l $(((free - left) * 1024)) "$T/disk/filler" 2>/dev/null || dd if=/dev/zero of="$T/disk/filler" bs=1k count=$((free - left)) 2>/dev/null || :
		capture rt unpack --store "$STORE" -q "$T/img"
		if [ "$RC" = 0 ]; then
			good=$((good + 1))
			expect_eq "$(ls "$STORE/layers" | wc -l)" 2
			rm -rf "$STORE"
			continue
		fi
		failed=$((failed + 1))
		expect_match 'crun-lite: unpack .*no space left on device' "$ERR"
		one_sentence
		[ ! -d "$STORE/containers" ] || nothing_in "with $left KiB"
		# What it had taken is free again, but for blocks of directories.
		[ $(($(stat -f -c '%f * %S / 1024' "$T/disk") + 24)) -ge "$left" ] || fail "with $left KiB, only $(stat -f -c '%f blocks of %S' "$T/disk") are left"
	done
	[ $failed -ge 4 ] && [ $good -ge 1 ] || fail "$failed failed, $good did not"
	rm -f "$T/disk/filler"
	unpack "$T/img"
	umount "$T/disk"
}

test_image_trouble__a_disk_without_inodes() {
	image <<<"layout('img', [[E('f%d' % i) for i in range(300)]])"
	disk 16m -N 128
	run_fails "layer 1 .*entry f[0-9]+: make it: no space left" unpack --store "$STORE" -q "$T/img"
	nothing_in "without inodes"
	umount "$T/disk"
}

test_image_trouble__a_disk_that_can_only_be_read() {
	rootfs_like='[D("bin"), E("bin/x", "y", mode=0o755)]'
	image <<<"layout('img', [$rootfs_like]); layout('other', [[E('other')]])"
	disk 16m
	unpack "$T/img"
	mount -o remount,ro "$T/disk"
	run_fails "unpack $T/other: .*read-only file system" unpack --store "$STORE" -q "$T/other"
	run_fails "read-only file system" rmi --store "$STORE" "$T/img"
	run_fails "read-only file system" prune --store "$STORE"
	run_ok images --store "$STORE"
	expect_in "$T/img"
	run_fails "read-only file system" run --store "$STORE" "$T/img" -- /bin/x
	run_fails "make the store $T/disk/new: read-only" unpack --store "$T/disk/new" -q "$T/other"
	umount "$T/disk"
}

test_image_trouble__eight_at_once_and_three_are_killed() {
	image <<-'P'
		import random
		r = random.Random(5)
		base = [D("d", mode=0o711)] + [E("d/%d" % k, r.randbytes(9000)) for k in range(150)]
		mid = [E("m%d" % k, r.randbytes(5000)) for k in range(100)]
		dep = [E("d/x%d" % k, r.randbytes(5000)) for k in range(100)] + [H("d/h", "d/1")]
		layout("a", [base, mid, dep]); layout("b", [base, dep, mid, [E("b")]]); layout("c", [mid, base, dep, base])
	P
	local i pids=() killed n
	for i in a b c; do run_ok unpack --store "$T/reference" -q --no-sync "$T/$i"; done
	for n in 1 2; do
		pids=() killed=()
		for i in a b c a b; do "$RUNTIME" unpack --store "$STORE" -q --no-sync --workers $n "$T/$i" 2>"$T/log.${#pids[@]}" & pids+=($!); done
		for i in a b c; do
			rm -f "$T/pid.$i"
			(
				"$RUNTIME" unpack --store "$STORE" -q --no-sync "$T/$i" 2>/dev/null &
				for k in 1 2 3 4 5 6 7 8 9; do
					child=$(pgrep -P $! -x crun-lite-image) && break
					pause
				done
				[ "$n" = 1 ] || pause
				[ -z "$child" ] || kill -KILL "$child" 2>/dev/null
				wait
			) &
			killed+=($!)
		done
		for i in "${!pids[@]}"; do wait "${pids[i]}" || fail "one failed: $(cat "$T/log.$i")"; done
		for i in "${killed[@]}"; do wait "$i" || :; done
		for i in a b c; do unpack "$T/$i"; done
		expect_eq "$(ls -A "$STORE/tmp")" ""
		diff <(what_is_there "$T/reference" | grep -v "^$T\|^$") <(what_is_there "$STORE" | sed "s#$STORE#$T/reference#g" | grep -v "^$T\|^$") >"$T/diff" || fail "$(head -n 20 "$T/diff")"
		rm -rf "$STORE"
	done
}

# Whoever can write where the image is can change it while it is read.
test_image_trouble__an_image_that_changes_while_it_is_read() {
	command -v strace >/dev/null || skip "there is no strace"
	image <<-'P'
		layout("img", [[E("a", os.urandom(3 << 20))], [E("b", "x" * 1000)]], how="none")
		docker("img.tar", [("x:1", [[E("a", os.urandom(3 << 20))]])])
	P
	local blob rc=0 pid
	blob=$(find img/blobs -size +1M)
	# The layer's third read waits (others come first); then the file is shorter, or another.
	for how in shorter other archive; do
		cp -a img changing
		cp img.tar changing.tar
		what=$T/changing
		[ $how != archive ] || what=$T/changing.tar
		ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/strace" -e trace=pread64 -e inject=pread64:delay_enter=700000:when=7 "$RUNTIME" unpack --store "$STORE" -q --no-sync --workers 1 "$what" >"$T/out" 2>"$T/err" &
		pid=$!
		until_true eval "[ \"\$(grep -c pread64 $T/strace)\" -ge 6 ]"
		case $how in
		shorter) truncate -s 1M "changing/${blob#img/}" ;;
		other) dd if=/dev/zero of="changing/${blob#img/}" bs=1M seek=2 count=1 conv=notrunc 2>/dev/null ;;
		archive) truncate -s 1M changing.tar ;;
		esac
		rc=0
		wait $pid || rc=$?
		ERR=$(<"$T/err")
		[ $rc != 0 ] || fail "$how: it was unpacked"
		expect_match 'crun-lite: unpack .*layer 1 .*(it ends after|cut off|not what its|no tar)' "$ERR"
		expect_eq "$(ls -A "$STORE/tmp" "$STORE/layers" | tr -d '\n')" "$STORE/layers:$STORE/tmp:" "$how"
		rm -rf changing changing.tar "$STORE"
	done
}

# A link of a layer that leads up and down a thousand times, in an image of many layers: it is refused before it takes hours.
test_image_trouble__a_link_that_goes_to_and_fro() {
	image <<-'P'
		deep = [D("/".join(["d"] * (i + 1))) for i in range(120)]
		link = "/".join(["d"] * 110 + ["..", "d"] * 750)
		layout("img", [deep + [L("l", link)]] + [deep + [E("n%d" % i)] for i in range(30)] + [[E("l/x")]])
		layout("passwd", [deep + [D("etc"), L("etc/passwd", "../" + link)]] + [deep + [E("n%d" % i)] for i in range(30)], {"User": "www"})
		layout("honest", [[D("usr/lib/a"), L("l", "usr/lib/../../usr/lib/a/../a")], [E("l/x")]])
	P
	run_fails 'layer 32 .*the directory l: follow a link .*too many' unpack --store "$STORE" -q --no-sync "$T/img"
	run_fails 'etc/passwd: follow a link .*too many' unpack --store "$STORE" -q --no-sync "$T/passwd"
	rm -rf "$STORE"
	unpack "$T/honest"
	expect_file "$(fs 2)/usr/lib/a/x"
}

# stopped_in_layer PID: it reads a file of a layer, and is stopped
stopped_in_layer() {
	until_true eval "ls -l /proc/$1/fd 2>/dev/null | grep -q 'fs/.' || ! kill -0 $1"
	kill -STOP "$1" 2>/dev/null && ls -l "/proc/$1/fd" 2>/dev/null | grep -q 'fs/.'
}

# What is removed while it is looked at is not damaged.
test_image_trouble__verify_beside_rmi() {
	image <<-'P'
		layout("img", [[E("a", bytes(300 << 20))] + [E("b%d" % i) for i in range(10)]])
	P
	local i child pid found=
	for i in $(seq 10); do
		unpack "$T/img"
		rt_exec verify --store "$STORE" >verified 2>&1 &
		pid=$!
		until_true eval "pgrep -P $pid -x crun-lite-image || ! kill -0 $pid"
		child=$(pgrep -P $pid -x crun-lite-image) || { wait $pid; continue; }
		if stopped_in_layer "$child"; then
			found=1
			run_ok rmi --store "$STORE" "$T/img"
		fi
		kill -CONT "$child" 2>/dev/null || :
		wait $pid || fail "verify: $(<verified)"
		[ -z "$found" ] || break
	done
	[ -n "$found" ] || skip "it was never caught while it looked at the layer"
	expect_eq "$(<verified)" ""
	# Of an image that is there, it is damage.
	unpack "$T/img"
	rm -r "$STORE"/layers/*
	capture rt verify --store "$STORE" "$T/img"
	expect_eq "$RC" 1
	expect_in "damaged: open it: No such file"
}
