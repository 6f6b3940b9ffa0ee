# What other programs make of the same image: umoci, GNU tar, bsdtar; and a registry's round trip.
# shellcheck shell=bash
. "$here/images.lib"

# Not 5: umoci 0.4 gives a directory the time of the unpacking when it is made opaque late.
: "${IMAGE_SEEDS:=1 2 3 4 6 7}"

has() { command -v "$1" >/dev/null || skip "there is no $1"; }

# everything DIR: all that an image says of its files: types, modes, owners, times, links, devices, attributes, content
everything() {
	(
		cd "$1"
		python3 - <<-'P'
			import hashlib, os, stat
			inodes = {}
			rows = []
			for top, dirs, files in os.walk(b".", topdown=True):
			    for name in dirs + files:
			        p = os.path.join(top, name)
			        s = os.lstat(p)
			        row = [p, oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns]
			        if stat.S_ISREG(s.st_mode):
			            row += [s.st_size, hashlib.sha256(open(p, "rb").read()).hexdigest()]
			            inodes.setdefault((s.st_dev, s.st_ino), []).append(p)
			        if stat.S_ISLNK(s.st_mode):
			            row.append(os.readlink(p))
			        if stat.S_ISBLK(s.st_mode) or stat.S_ISCHR(s.st_mode):
			            row.append((os.major(s.st_rdev), os.minor(s.st_rdev)))
			        if not stat.S_ISLNK(s.st_mode):
			            row.append([(x, os.getxattr(p, x)) for x in sorted(os.listxattr(p)) if x.startswith("user.") and not x.startswith("user.overlay.") and x != "user.rootlesscontainers" or x == "security.capability"])
			        rows.append(row)
			for row in sorted(rows, key=lambda r: r[0]): print(*row)
			for names in sorted(sorted(n) for n in inodes.values()):
			    if len(names) > 1: print("one file:", *names)
		P
	)
}

# merged: mounts what a container would have as its root on $T/merged
merged() {
	local lower
	lower=$(jq -r '.annotations["org.crun-lite.layers"]' "$STORE"/images/*/config.json)
	[[ $lower == *:* ]] || lower=$lower:$T/empty
	mkdir -p "$T/merged" "$T/empty"
	mount -t overlay overlay -o "lowerdir=$lower,xino=on" "$T/merged"
}

same() { # THEIRS OURS WHAT
	diff "$1" "$2" >"$T/diff" || fail "$3: $(head -n 40 "$T/diff")"
}

test_image_same__as_umoci_makes_of_layers_with_whiteouts() {
	has umoci
	local seed
	for seed in $IMAGE_SEEDS; do
		rm -rf img store umoci
		image <<<"import grown; layout('img', grown.layers($seed, 5))"
		unpack "$T/img"
		umoci raw unpack --image "$T/img:test" "$T/umoci" >"$T/umoci.log" 2>&1 || fail "umoci: $(<"$T/umoci.log")"
		merged
		everything merged >ours
		umount merged
		everything umoci >theirs
		[ "$(wc -l <theirs)" -gt 15 ] || fail "that is no test: $(wc -l <theirs) entries"
		same theirs ours "seed $seed, umoci < > crun-lite"
	done
}

# alone SCRIPT PROGRAM...: one layer, unpacked by another program that knows nothing of images
alone() {
	local script=$1 seed
	shift
	for seed in $IMAGE_SEEDS; do
		rm -rf img store theirs.d
		image <<<"import grown; ls = grown.layers($seed, 1, whiteouts=False, $script); layout('img', ls, how='none'); write('layer.tar', tar(ls[0]))"
		unpack "$T/img"
		mkdir theirs.d
		"$@" layer.tar >"$T/log" 2>&1 || fail "$1: $(<"$T/log")"
		everything "$(fs 1)" >ours
		everything theirs.d >theirs
		[ "$(wc -l <theirs)" -gt 5 ] || fail "that is no test: $(wc -l <theirs) entries"
		same theirs ours "seed $seed, $1 < > crun-lite"
	done
}

# What GNU tar makes in a setgid directory inherits that from it, whatever the archive says.
test_image_same__as_gnu_tar_makes_of_it() {
	tar --version | grep -q GNU || skip "there is no GNU tar"
	alone setgid=False tar -C theirs.d --delay-directory-restore --xattrs --xattrs-include='*' --numeric-owner -xpf
}

# libarchive 3.6 adds the fraction of a second to a time before 1970, where it is to be subtracted.
test_image_same__as_bsdtar_makes_of_it() {
	has bsdtar
	alone early=False env LC_ALL=C.UTF-8 bsdtar -C theirs.d --xattrs --numeric-owner -xpf
}

# BENCH_IMAGE names that of `make bench` (tests/bench/make-image): Debian, compilers, npm, and a layer with every oddity.  Else one with
# the same oddities is made of small files.
test_image_same__as_umoci_makes_of_a_large_image() {
	has umoci
	has setfattr
	has setcap
	local dir=${BENCH_IMAGE:-/var/tmp/crun-lite-bench-image} least=10000 n
	image <<<''
	if [ ! -e "$dir/oci/index.json" ]; then
		dir=$T/small least=3000
		"$top/tests/bench/make-image" --small "$dir" >"$T/make.log" 2>&1 || fail "make-image: $(tail -n 5 "$T/make.log")"
	fi
	unpack "$dir/oci:test"
	merged
	everything "$T/merged" >"$T/ours"
	umount "$T/merged"
	umoci raw unpack --image "$dir/oci:test" "$T/umoci" >"$T/umoci.log" 2>&1 || fail "umoci: $(tail -n 3 "$T/umoci.log")"
	everything "$T/umoci" >"$T/theirs"
	same "$T/theirs" "$T/ours" "a large image"
	n=$(wc -l <"$T/ours")
	[ "$n" -ge "$least" ] || fail "that is no test: $n entries"
}
