# Images: where they come from, the store, what runs (issue: unpack, images, rmi, prune, run IMAGE).
# shellcheck shell=bash
. "$here/images.lib"

# rootfs_image [CONFIG [MORE-LAYERS]]: $T/img, whose lowest layer is the tests' root file system
rootfs_image() {
	image <<-P
		import subprocess
		rootfs = subprocess.run(["tar", "-C", "$ROOTFS", "-c", "."], stdout=subprocess.PIPE, check=True).stdout
		layout("img", [rootfs${2:+, $2}], ${1:-{\}})
	P
}
run_image() { run_ok run --store "$STORE" --no-sync "$@"; }

# ---- inputs --------------------------------------------------------------------------------------
test_image_store__the_same_image_from_every_kind_of_source() {
	image <<-'P'
		import shutil
		layers = [[D("d"), E("d/a", "1")], [E("d/b", "2", uid=3)]]
		for how in ["gzip", "none"] + (["zstd"] if shutil.which("zstd") else []):
		    layout(how, layers, how=how)
		docker("docker.tar", [("example.com/x:1", layers)])
	P
	local s
	tar -C gzip -cf layout.tar .
	tar -C gzip -cf - . | gzip >layout.tar.gz
	[ ! -d zstd ] || tar -C zstd -cf - . | zstd -q >layout.tar.zst
	for s in gzip none zstd layout.tar layout.tar.gz layout.tar.zst docker.tar; do
		[ -e "$s" ] || continue
		rm -rf "$STORE"
		unpack "$T/$s"
		expect_eq "$(listing 1) $(listing 2)" "d d 755 0:0 4096 2001-09-09 
d/a f 644 0:0 1 2001-09-09  d d 755 0:0 4096 2001-09-09 
d/b f 644 3:0 1 2001-09-09 " "$s"
		expect_eq "$(ls -A "$STORE/tmp")" "" "$s leaves"
	done
	rm -rf "$STORE"
	for s in layout.tar layout.tar.gz docker.tar; do
		"$RUNTIME" unpack --store "$STORE" -q - <"$s" || fail "$s from standard input"
		gzip -dc layout.tar.gz | "$RUNTIME" unpack --store "$STORE" -q - || fail "from a pipe"
	done
	expect_eq "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 2
}

test_image_store__the_tar_of_a_root_file_system() {
	image <<<''
	tar -C "$ROOTFS" -czf root.tar.gz .
	run_image "$T/root.tar.gz" -- /bin/cat /etc/file
	expect_eq "$OUT" original
	run_fails 'is a root file system, no archive of images' unpack --store "$STORE" --ref x "$T/root.tar.gz"
}

test_image_store__several_images_in_one_archive() {
	image <<-'P'
		docker("docker.tar", [("a:1", [[E("a")]]), ("b:latest", [[E("b")]])])
		index("oci", [named(manifest("oci", [[E("x")]]), "one"), named(manifest("oci", [[E("y")]]), "two:2")])
	P
	unpack_fails 'several images in it.*a:1, b:latest' "$T/docker.tar"
	unpack_fails 'there is no c in it.*a:1, b:latest' "$T/docker.tar:c"
	unpack "$T/docker.tar:b"
	expect_file "$(fs 1)/b"
	rm -rf "$STORE"
	unpack --ref a:1 "$T/docker.tar"
	expect_file "$(fs 1)/a"
	rm -rf "$STORE"
	unpack_fails 'several images in it.*one, two:2' "$T/oci"
	unpack_fails 'there is no three in it.*one, two:2' "$T/oci:three"
	unpack "$T/oci:two:2"
	expect_file "$(fs 1)/y"
	run_fails 'two images are named' unpack --store "$STORE" --ref one "$T/oci:two:2"
}

test_image_store__an_index_in_an_index_and_platforms() {
	image <<-'P'
		mine = {"os": "linux", "architecture": ARCH}
		other = {"os": "linux", "architecture": "vax"}
		ms = [dict(manifest("img", [[E("vax")]], platform="linux/vax"), platform=other), {"mediaType": "application/x.unknown", "digest": "nonsense", "size": -1},
			dict(manifest("img", [[E("mine")]]), platform=mine), dict(manifest("img", [[E("second")]]), platform=mine)]
		inner = b(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": ms}))
		index("img", [named(dict(put("img", inner), mediaType="application/vnd.oci.image.index.v1+json"), "multi")])
		d = ms[2]
		for i in range(8):
		    d = dict(put("deep", b(json.dumps({"schemaVersion": 2, "manifests": [d]}))), mediaType="application/vnd.oci.image.index.v1+json")
		index("deep", [d])
	P
	unpack "$T/img:multi"
	expect_file "$(fs 1)/mine"
	rm -rf "$STORE"
	unpack --platform linux/vax "$T/img"
	expect_file "$(fs 1)/vax"
	rm -rf "$STORE"
	unpack_fails 'no image for linux/pdp11' --platform linux/pdp11 "$T/img"
	run_fails 'OS/ARCHITECTURE' unpack --store "$STORE" --platform linux "$T/img"
	unpack_fails 'more than 4 indexes in each other' "$T/deep"
}

test_image_store__what_is_no_image() {
	image <<<''
	mkdir folder
	echo text >text
	unpack_fails 'neither index.json nor manifest.json' "$T/folder"
	unpack_fails 'no tar' "$T/text"
	unpack_fails 'open the image .*no such file' "$T/nothing"
	echo '{' >folder/index.json
	echo '{"imageLayoutVersion":"2.0.0"}' >folder/oci-layout
	unpack_fails 'imageLayoutVersion' "$T/folder"
	echo '{"imageLayoutVersion":"1.0.0"}' >folder/oci-layout
	unpack_fails 'index.json' "$T/folder"
	ln -s /etc/passwd folder/link
	mv folder/link folder/index.json
	unpack_fails 'index.json|neither' "$T/folder"
}

# ---- configuration -------------------------------------------------------------------------------
test_image_store__the_configuration_becomes_the_bundles() {
	rootfs_image '{"Entrypoint": ["/bin/echo", "entry"], "Cmd": ["cmd"], "Env": ["A=1", "PATH=/bin"], "WorkingDir": "/made/here", "User": "user",
		"ExposedPorts": {"8080/tcp": {}, "53/udp": {}}, "Volumes": {"/vol": {}}, "StopSignal": "SIGINT",
		"Labels": {"a.b": "c", "org.opencontainers.image.os": "mine", "run.oci.hooks.stdout": "/x", "org.crun-lite.layers": "/etc", "org.systemd.property.X": "1", "io.x": "y"}}' \
		'[E("etc/group", "root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")]'
	unpack "$T/img:test" "$T/made"
	jq -e '.process.args == ["/bin/echo", "entry", "cmd"] and .process.env == ["A=1", "PATH=/bin"] and .process.cwd == "/made/here"
		and .process.user == {"uid": 1000, "gid": 1000, "additionalGids": [2000]} and .process.noNewPrivileges
		and .process.capabilities.effective == [] and (.process.capabilities.bounding | length) == 11
		and (.mounts[] | select(.destination == "/vol") | .type) == "tmpfs"
		and .annotations["org.opencontainers.image.exposedPorts"] == "53/udp,8080/tcp" and .annotations["org.opencontainers.image.stopSignal"] == "SIGINT"
		and .annotations["org.opencontainers.image.os"] == "mine" and .annotations["a.b"] == "c"
		and ([.annotations | keys[] | select(startswith("run.oci") or startswith("org.systemd") or startswith("io."))] == [])
		and (.annotations["org.crun-lite.layers"] | contains("/etc") | not)
		and .linux.resources.pids.limit > 0 and .linux.seccomp.defaultAction == "SCMP_ACT_ERRNO" and (.linux.maskedPaths | length) > 5' "$T/made/config.json" >/dev/null ||
		fail "$(jq -c 'del(.linux.seccomp)' "$T/made/config.json")"
	run_ok run "$T/made/"
	expect_eq "$OUT" "entry cmd"
	run_image "$T/img:test" -- other words
	expect_eq "$OUT" "entry other words"
}

test_image_store__users_by_name_and_number() {
	image <<-'P'
		files = [D("etc"), E("etc/passwd", "root:x:0:0:::\nbad line\nwww:x:33:34:::\n77:x:5:5:::\n"), E("etc/group", "g:x:50:\nh:x:51:www,other\nwww:x:34:www\n")]
		for i, u in enumerate(["", "www", "www:g", "www:7", "33", "4000", "4000:g", "77", "4294967295", "99999999999999999999", "nobody", "www:none", "-1", "www:4294967296"]):
		    layout("u%d" % i, [files], {"User": u})
	P
	local i=0 expected=('{"uid":0,"gid":0}' '{"uid":33,"gid":34,"additionalGids":[51]}' '{"uid":33,"gid":50}' '{"uid":33,"gid":7}' '{"uid":33,"gid":34,"additionalGids":[51]}'
		'{"uid":4000,"gid":0}' '{"uid":4000,"gid":50}' '{"uid":77,"gid":0}')
	for ((i = 0; i < 8; i++)); do
		unpack "$T/u$i" "$T/b$i"
		expect_eq "$(jq -c .process.user "$T/b$i/config.json")" "${expected[i]}" "user $i"
	done
	for i in 8 9 13; do run_fails 'a number that no user has' unpack --store "$STORE" -q "$T/u$i"; done
	for i in 10 12; do run_fails 'is not in its etc/passwd' unpack --store "$STORE" -q "$T/u$i"; done
	run_fails 'is not in its etc/group' unpack --store "$STORE" -q "$T/u11"
}

test_image_store__the_default_profile_denies_what_it_should() {
	rootfs_image '{}'
	run_image "$T/img" -- /bin/sh -c 'grep Seccomp: /proc/self/status; unshare -n true 2>/dev/null || echo no unshare; mount -t tmpfs x /mnt 2>/dev/null || echo no mount; hostname other 2>/dev/null || echo no hostname; ulimit -n >/dev/null && echo fine'
	expect_match 'Seccomp:[[:space:]]2'
	expect_in 'no mount'
	expect_in 'no hostname'
	expect_in fine
	expect_eq "$(jq '[.linux.seccomp.syscalls[] | select(.names == ["socket"])] | length' "$STORE"/images/*/config.json)" 7
}

# ---- running -------------------------------------------------------------------------------------
test_image_store__run_leaves_nothing_but_the_layers() {
	rootfs_image '{"Cmd": ["/bin/sh", "-c", "echo x >/written; cat /written"]}'
	run_image "$T/img"
	expect_eq "$OUT" x
	run_image "$T/img" -- /bin/sh -c '[ ! -e /written ] && echo anew'
	expect_eq "$OUT" anew
	expect_eq "$(ls -A "$STORE/containers" "$STORE/tmp")" "$STORE/containers:"$'\n\n'"$STORE/tmp:"
}

test_image_store__run_sees_that_the_image_is_another() {
	rootfs_image '{"Cmd": ["/bin/echo", "one"]}'
	run_image "$T/img"
	expect_eq "$OUT" one
	rootfs_image '{"Cmd": ["/bin/echo", "two"]}'
	run_image "$T/img"
	expect_eq "$OUT" two
	expect_eq "$(rt images --store "$STORE" --json | jq length)" 1
}

test_image_store__run_with_an_upper_directory_that_is_kept_or_in_memory() {
	rootfs_image
	run_image --keep-upper "$T/kept" "$T/img" -- /bin/sh -c 'echo x >/written'
	run_image --keep-upper "$T/kept" "$T/img" -- /bin/cat /written
	expect_eq "$OUT" x
	run_image --tmpfs-upper 1m "$T/img" -- /bin/sh -c 'dd if=/dev/zero of=/big bs=64k count=32 2>&1; :'
	expect_in "No space left"
	expect_eq "$(ls -A "$STORE/containers")" ""
	run_fails 'keep-upper and --tmpfs-upper' run --store "$STORE" --keep-upper /x --tmpfs-upper 1m "$T/img"
	run_fails 'root is no overlay' run --tmpfs-upper 1m -b "$B" "$ID"
}

# userns_bundle: the image's bundle in $T/b, in a user namespace
userns_bundle() {
	unpack "$T/img" "$T/b"
	jq '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings' "$T/b/config.json" >"$T/c" && mv "$T/c" "$T/b/config.json"
}

test_image_store__run_in_a_user_namespace() {
	rootfs_image '{"Cmd": ["/bin/sh", "-c", "stat -c %u:%g /x /y/z /; echo x >>/y/z; [ -e /gone ] || echo hidden; cat /y/z"]}' \
		'[E("x", "x", uid=7, gid=8), E("gone", "g"), D("y"), E("y/a", "a")], [D("y"), E("y/.wh..wh..opq"), E("y/z", "z", uid=9), E(".wh.gone")]'
	userns_bundle
	capture rt run --store "$STORE" "$T/b/"
	expect_eq "$OUT" $'7:8\n9:0\n0:0\nhidden\nzx'
	expect_rc 0
	expect_eq "$(ls -A "$STORE/containers")" ""
	expect_eq "$(stat -c %u "$(fs 2)/x")" 7
}

test_image_store__chown_copy_where_the_kernel_cannot_map_owners() {
	mkdir "$T/l" "$T/u" "$T/w" "$T/store"
	mount -t overlay -o "lowerdir=$T/l,upperdir=$T/u,workdir=$T/w" overlay "$T/store" || skip "no overlay on this file system"
	chmod 700 "$T/store"
	rootfs_image '{"Cmd": ["/bin/sh", "-c", "stat -c \"%n %a %u:%g\" /x /l /s / /two; readlink /l; cat /x; echo y >>/x; [ /x -ef /two ] && echo same; cat /x"]}' \
		'[E("x", "x\n", uid=7, gid=8, mode=0o640), H("two", "x"), L("l", "nowhere", uid=3), E("s", "s", mode=0o4755, uid=4), E("c", "c", xattrs={"security.capability": b"\1\0\0\2" + b"\x20" + b"\0" * 15})]'
	userns_bundle
	run_fails "map the owners of .*cannot map ids on overlay.*run --chown-copy" run --store "$STORE" --tmpfs-upper 1m "$T/b/"
	capture rt run --store "$STORE" --chown-copy --tmpfs-upper 1m "$T/b/"
	expect_match $'^/x 640 7:8\n/l 777 3:0\n/s 4755 4:0\n/ 755 0:0\n/two 640 7:8\nnowhere\nx\n'
	expect_match $'x\ny'
	expect_eq "$(stat -c %u:%g "$(fs 2)/x")" 7:8
	local copy
	copy=$(echo "$STORE"/layers/*.*/fs/x)
	expect_eq "$(stat -c '%u:%g %h' "$copy")" "100007:100008 2"
	expect_eq "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' "${copy%/x}/c")" \
		01000003200000000000000000000000"00000000a0860100"
	# Once, and for as long as somebody needs it.
	capture rt run --store "$STORE" --chown-copy --tmpfs-upper 1m "$T/b/"
	expect_eq "$(echo "$STORE"/layers/*.*/fs/x)" "$copy"
	run_ok verify --store "$STORE"
	expect_in "not verified: it is a copy"
	run_ok prune --store "$STORE"
	expect_eq "$(ls "$STORE/layers" | grep -c '\.' || :)" 0
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/containers")" "$STORE/containers:"$'\n\n'"$STORE/tmp:"
	umount "$T/store"
}

test_image_store__chown_copy_says_why_not() {
	mkdir "$T/l" "$T/u" "$T/w" "$T/store"
	mount -t overlay -o "lowerdir=$T/l,upperdir=$T/u,workdir=$T/w" overlay "$T/store" || skip "no overlay on this file system"
	chmod 700 "$T/store"
	rootfs_image '{"Cmd": ["/bin/true"]}' '[E("far", "x", uid=70000)]'
	userns_bundle
	run_fails "copy the layer.*far belongs to 70000:0, whom linux.uidMappings.*do not map" run --store "$STORE" --chown-copy --tmpfs-upper 1m "$T/b/"
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/containers")" "$STORE/containers:"$'\n\n'"$STORE/tmp:"
	run_fails "copy the layer.*is not in the store $T/other.*owners=shifted" run --store "$T/other" --chown-copy --tmpfs-upper 1m "$T/b/"
	umount "$T/store"
}

test_image_store__a_word_without_slash_or_colon_is_an_id() {
	image <<<''
	run_fails 'open the image.*nothing here' run --store "$STORE" "./nothing here"
	args /bin/echo bundle
	run_ok run "$B/"
	expect_eq "$OUT" bundle
}

# ---- the store -----------------------------------------------------------------------------------
test_image_store__layers_are_shared_and_unpacked_once() {
	image <<-'P'
		base = [E("base", os.urandom(100000))]
		layout("a", [base, [E("a")], []])
		layout("b", [base, [E("b")], [], []])
	P
	unpack "$T/a"
	local before
	before=$(stat -c '%i %.W' "$(fs 1)/base")
	unpack "$T/b"
	expect_eq "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 4
	expect_eq "$(stat -c '%i %.W' "$STORE"/layers/*/fs/base)" "$before"
	run_ok rmi --store "$STORE" "$T/a"
	expect_eq "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 3
	expect_eq "$(rt images --store "$STORE" --json | jq -r '.[].path')" "$T/b"
	run_ok rmi --store "$STORE" "$(rt images --store "$STORE" --json | jq -r '.[].id')"
	expect_eq "$(ls -A "$STORE/layers" "$STORE/images" "$STORE/tmp" | tr -d '\n')" "$STORE/images:$STORE/layers:$STORE/tmp:"
	run_fails 'there is no image' rmi --store "$STORE" "$T/a"
}

test_image_store__rmi_and_verify_take_what_unpack_took() {
	image <<-'P'
		for i in range(6): layout("i%d" % i, [[E("f%d" % i)]])
		os.rename("i5", b"\xe9.img")
		l = tar([E("x")])
		docker("box.tar", [("a:1", [[E("a")]]), ("b:1", [[E("b")]])])
	P
	local word
	for word in ./i0 i1 "$PWD/i2" ../"${PWD##*/}"/i3:test ./i4 ./$'\xe9.img' box.tar:a:1 ./box.tar:b:1; do
		unpack "$word"
		run_ok verify --store "$STORE" "$word"
		expect_eq "$(wc -l <<<"$OUT")" 1
		[ "$word" != ./i4 ] || rm -r i4
		[ "$word" != box.tar:a:1 ] || unpack box.tar:b:1
		run_ok rmi --store "$STORE" "$word"
		expect_in "removed 1 layers"
	done
	unpack box.tar:a:1
	unpack box.tar:b:1
	run_fails 'means several images' rmi --store "$STORE" box.tar
	run_fails 'there is no image' rmi --store "$STORE" box.tar:c
}

# Their bundles run, whatever came from standard input later.
test_image_store__images_from_pipes_keep_their_layers() {
	image <<-'P'
		write("a.tar", tar([E("a")])); docker("b.tar", [("b:1", [[E("b")]])])
	P
	unpack - "$T/a" <a.tar
	unpack - "$T/b" <b.tar
	unpack - "$T/again" <a.tar
	run_ok prune --store "$STORE"
	expect_in "removed 0 layers"
	expect_eq "$(rt images --store "$STORE" --json | jq length)" 2
	run_fails 'means several images' rmi --store "$STORE" -
	run_ok rmi --store "$STORE" "$(rt images --store "$STORE" --json | jq -r '.[] | select(.name == "b:1").id')"
	run_ok rmi --store "$STORE" -
	expect_eq "$(ls -A "$STORE/layers")" ""
}

test_image_store__words_that_are_no_numbers_or_names() {
	image <<<'layout("img", [[E("a")]])'
	local word
	for word in abc -1 "" 1x 99999999999999999999; do run_fails "workers $word.*a number is expected" unpack --store "$STORE" --workers "$word" "$T/img"; done
	run_fails 'platform linux//v8.*OS/ARCH' unpack --store "$STORE" --platform linux//v8 "$T/img"
	run_fails 'not named in UTF-8' unpack --store "$T/"$'st\xe9' "$T/img"
	expect_no_file "$T/"$'st\xe9'
}

test_image_store__a_container_keeps_its_layers() {
	rootfs_image
	run_image -d "$T/img" -- /bin/sleep 100
	ID=$OUT
	run_ok rmi --store "$STORE" "$T/img"
	expect_eq "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 1
	run_ok exec "$ID" /bin/cat /etc/file
	expect_eq "$OUT" original
	deleted "$ID"
	run_ok prune --store "$STORE"
	expect_in "removed 1 layers"
	expect_eq "$(ls -A "$STORE/layers")" ""
}

test_image_store__what_an_earlier_boot_left_is_pruned() {
	rootfs_image
	unpack "$T/img"
	mkdir -p "$STORE/containers/old.1/upper/d" "$STORE/containers/new.2"
	printf 'boot 00000000-0000-0000-0000-000000000000\n/x/layers/k/fs\n' >"$STORE/containers/old.1/layers"
	printf 'boot %s\n' "$(</proc/sys/kernel/random/boot_id)" >"$STORE/containers/new.2/layers"
	run_ok prune --store "$STORE" --json
	expect_eq "$(jq -c '[.layers, .containers]' <<<"$OUT")" "[0,1]"
	expect_eq "$(ls "$STORE/containers")" new.2
}

test_image_store__eight_unpackers_of_one_image_at_once() {
	image <<-'P'
		layout("img", [[D("%d" % i)] + [E("%d/%d" % (i, k), os.urandom(20000)) for k in range(100)] for i in range(6)])
	P
	local i pids=()
	for i in 1 2 3 4 5 6 7 8; do "$RUNTIME" unpack --store "$STORE" --json "$T/img" 2>"$T/log.$i" & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || fail "one failed: $(cat "$T"/log.*)"; done
	expect_eq "$(find "$STORE/layers" -mindepth 1 -maxdepth 1 | wc -l)" 6
	expect_eq "$(find "$STORE/layers" -type f -path '*/fs/*' | wc -l)" 600
	expect_eq "$(ls -A "$STORE/tmp")" ""
	# Together they unpacked each layer once.
	expect_eq "$(cat "$T"/log.* | jq -r 'select(.state == "done") | .layer' | sort | uniq -d)" ""
}

# It would wait for the rest of the image for ever.
test_image_store__the_unpacker_ends_with_its_caller() {
	local pid child
	mkfifo "$T/image"
	exec 7<>"$T/image"
	"$RUNTIME" unpack --store "$T/store" -q - <"$T/image" 2>/dev/null &
	pid=$!
	until_true pgrep -P $pid -x crun-lite-image
	child=$(pgrep -P $pid -x crun-lite-image)
	kill -KILL $pid
	until_true eval "[ ! -e /proc/$child ] || grep -q '^State:.*Z' /proc/$child/status"
	exec 7>&-
}

test_image_store__what_a_killed_unpacker_left_is_swept() {
	image <<-'P'
		layout("img", [[E("%d" % k, os.urandom(50000)) for k in range(600)]], how="none")
	P
	local i pid left=0
	for i in 1 2 3 4 5 6; do
		"$RUNTIME" unpack --store "$STORE" -q "$T/img" 2>/dev/null &
		pid=$!
		until_true eval "ls -A $STORE/tmp/*/fs/[0-9]* || [ -n \"\$(ls -A $STORE/layers)\" ]"
		pkill -KILL -P $pid -x crun-lite-image || :
		wait $pid || :
		[ -z "$(ls -A "$STORE/tmp")" ] || left=1
		[ -z "$(ls -A "$STORE/layers")" ] || rm -rf "$STORE"
	done
	[ $left = 1 ] || skip "it was never killed in the middle"
	unpack "$T/img"
	expect_eq "$(ls -A "$STORE/tmp")" ""
	expect_eq "$(find "$STORE/layers" -type f -path '*/fs/*' | wc -l)" 600
}

test_image_store__an_interrupt_leaves_nothing() {
	image <<-'P'
		layout("img", [[E("%d" % k, os.urandom(50000)) for k in range(600)]], how="none")
	P
	local pid rc=0
	mkfifo pipe
	exec {hold}<>pipe
	tar -C img -cf - . >img.tar
	# What a shell starts in the background ignores SIGINT.
	env --default-signal=INT "$RUNTIME" unpack --store "$STORE" -q - <pipe 2>"$T/err" &
	pid=$!
	head -c 2000000 img.tar >&"$hold"
	until_true eval 'grep -q "^Seccomp:.*2" "/proc/$(pgrep -P $pid -x crun-lite-image)/status"'
	pkill -INT -P $pid -x crun-lite-image
	wait $pid || rc=$?
	exec {hold}>&-
	expect_eq $rc 1
	expect_in "interrupted by SIGINT" "$(<"$T/err")"
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/layers" | tr -d '\n')" "$STORE/layers:$STORE/tmp:"
}

test_image_store__a_full_disk() {
	image <<-'P'
		layout("img", [[E("small", "x")], [E("big", os.urandom(6 << 20))]])
	P
	mkdir disk
	mount -t tmpfs -o size=4m,mode=700 disk "$T/disk"
	STORE=$T/disk/store
	run_fails 'layer 2 .*entry big: write it: no space left' unpack --store "$STORE" -q "$T/img"
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/images" | tr -d '\n')" "$STORE/images:$STORE/tmp:"
	run_ok images --store "$STORE"
	umount "$T/disk"
}

test_image_store__a_full_file_system_of_its_own() {
	command -v mkfs.ext4 >/dev/null || skip "there is no mkfs.ext4"
	image <<-'P'
		layout("img", [[E("small", "x")], [E("big%d" % i, os.urandom(1 << 20)) for i in range(24)]])
	P
	mkdir disk
	truncate -s 16M disk.img
	mkfs.ext4 -q -F -m 0 disk.img
	mount -o loop disk.img "$T/disk" 2>/dev/null || skip "there are no loop devices"
	STORE=$T/disk/store
	run_fails 'layer 2 .*entry big[0-9]*: write it: no space left' unpack --store "$STORE" -q "$T/img"
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/images" "$STORE/layers" | tr -d '\n')" "$STORE/images:$STORE/layers:$STORE/tmp:"
	umount "$T/disk"
}

test_image_store__a_store_that_cannot_be_written() {
	rootfs_image
	unpack "$T/img"
	mkdir ro
	mount --bind "$STORE" "$T/ro"
	mount -o remount,bind,ro "$T/ro"
	run_fails 'read-only file system' unpack --store "$T/ro" -q "$T/img"
	run_ok images --store "$T/ro"
	expect_in "$T/img"
	umount "$T/ro"
}

test_image_store__a_limit_of_bytes() {
	layer "E('big', 'x' * 100000)"
	unpack_fails 'entry big: write more than 65536 bytes: file too large' --max-size 64k "$T/img"
	unpack --max-size 100k "$T/img"
}

# It goes to the store as a plain tar first: ten times what is allowed would do as well.
test_image_store__the_limit_holds_for_a_piped_archive() {
	layer "E('big', 'x' * 100000)"
	tar -C "$T/img" -czf "$T/img.tar.gz" .
	for image in - "$T/img.tar.gz"; do
		run_fails 'unpack more than 2048 bytes of the archive into the store: file too large' \
			unpack --store "$STORE" -q --max-size 2k "$image" <"$T/img.tar.gz"
		expect_in 'read where it is' "$ERR"
	done
	run_ok unpack --store "$STORE" -q --max-size 1m - <"$T/img.tar.gz"
}

# peak_of COMMAND...: MiB of the largest process
peak_of() {
	python3 -c 'import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)' "$@"
}

test_image_store__memory_has_a_bound_whatever_the_image() {
	command -v zstd >/dev/null || skip "there is no zstd"
	if grep -q __asan_init "${RUNTIME%/*}/crun-lite-image"; then skip "a sanitizer takes memory of its own"; fi
	image <<-'P'
		import mk
		plain = mk.pack
		mk.pack = lambda data, how: subprocess.run(["zstd", "-1", "-qc", "--long=%d" % window], input=data, stdout=subprocess.PIPE, check=True).stdout if how == "zstd" else plain(data, how)
		import subprocess
		big = lambda n: [E("f%d" % n, os.urandom(40 << 20))]
		window = 25
		layout("large", [big(1), big(2), big(3)], how="zstd")
		layout("gzip", [big(1), big(2), big(3)])
		window = 26
		layout("huge", [[E("f")]], how="zstd")
		layout("ok", [[E("f")]])
	P
	local i peak
	for i in large gzip; do
		peak=$(peak_of "$RUNTIME" unpack --store "$STORE" -q --no-sync --workers 4 "$T/$i") || fail "unpack $i"
		[ "$peak" -lt 64 ] || fail "$i took $peak MiB"
		rm -rf "$STORE"
	done
	unpack_fails "zstd: it needs a window of more than 32 MiB.*pack it" "$T/huge"
}

test_image_store__who_reads_images_is_confined() {
	image <<<''
	mkfifo pipe
	exec {hold}<>pipe
	"$RUNTIME" unpack --store "$STORE" -q - <pipe &
	local pid=$! child
	until_true pgrep -P $pid -x crun-lite-image
	child=$(pgrep -P $pid -x crun-lite-image)
	until_true grep -q '^Seccomp:.*2' "/proc/$child/status"
	expect_match 'NoNewPrivs:[[:space:]]1' "$(<"/proc/$child/status")"
	kill -TERM "$child"
	exec {hold}>&-
	wait $pid || :
}

# Of a signal that only crun-lite gets, too.
test_image_store__who_reads_images_ends_with_who_asked() {
	image <<<''
	local signal pid child hold
	mkfifo pipe
	exec {hold}<>pipe
	for signal in TERM HUP KILL; do
		"$RUNTIME" unpack --store "$STORE" -q - <pipe {hold}>&- &
		pid=$!
		until_true pgrep -P $pid -x crun-lite-image
		child=$(pgrep -P $pid -x crun-lite-image)
		until_true grep -q '^Seccomp:.*2' "/proc/$child/status"
		kill -"$signal" $pid
		wait $pid 2>/dev/null || :
		until_true gone "$child"
	done
	exec {hold}>&-
}
# Where nobody waits for it, a zombie is all that is left.
gone() { ! grep -q "^State:[[:space:]][^Z]" "/proc/$1/status" 2>/dev/null; }

# damaged ARG...: verify finds one layer; OUT is what it said of all
damaged() {
	if rt verify --store "$STORE" "$@" >"$T/out" 2>"$T/err"; then fail "nothing was found"; fi
	OUT=$(<"$T/out")
	expect_in "1 layers are damaged" "$(<"$T/err")"
}

test_image_store__verify_hashes_again() {
	image <<-'P'
		layout("img", [[D("d"), E("d/f", os.urandom(200000), mode=0o4755, uid=7, mtime="5.25"), E("d/e"), H("d/h", "d/f"), L("d/l", "f"), E("x" * 120, "long", xattrs={"user.a": "b" * 3000})],
			[E("n/g", "not named above"), H("d/new", "d/f"), E(".wh.x", "data of a mark")], [E("twice", "1"), E("twice", "2")]])
		layout("other", [[E("o", "x" * 70000)] + [E("o%d" % i, "y") for i in range(3000)]], how="none")
	P
	unpack "$T/img"
	unpack "$T/other"
	run_ok verify --store "$STORE"
	expect_eq "$(sed 's/^[0-9a-f]*  //' <<<"$OUT" | sort)" $'not verified: its archive has names twice, or in another place\nok\nok\nok'
	run_ok verify --store "$STORE" "$T/other"
	expect_eq "$(wc -l <<<"$OUT")" 1
	run_fails 'there is no image' verify --store "$STORE" none:such
	local change f=$(fs_of img 1)/d/f
	printf X | dd of="$f" bs=1 seek=100000 conv=notrunc status=none
	touch -d @5.25 "$f"
	damaged "$T/img"
	expect_in "damaged: the content of its files is not what its diff_id says"
	damaged --json
	expect_eq "$(jq -r .state <<<"$OUT" | sort | uniq -c | tr -s ' \n' ' ')" " 1 damaged 1 not verified 2 ok "
	for change in "chmod 755" "chown 8" "touch -d @6" "truncate -s 5" "rm"; do
		$change "$f"
		damaged "$T/img"
		expect_match 'damaged: (open )?d/f( has another (mode|owner|time|size)|: No such file)'
	done
}

test_image_store__progress() {
	layer "E('a', 'x')"
	run_ok unpack --store "$STORE" "$T/img"
	expect_match ': done, ' "$ERR"
	run_ok unpack --store "$STORE" --json "$T/img"
	expect_eq "$(jq -r .state <<<"$ERR")" "already there"
	run_ok unpack --store "$STORE" --quiet "$T/img"
	expect_eq "$OUT$ERR" ""
}

test_image_store__progress_on_a_terminal_is_a_line_for_each_layer() {
	image <<-'P'
		layout("img", [[E("a%d" % i, os.urandom(60000)) for i in range(300)], [E("b%d" % i, os.urandom(60000)) for i in range(300)]], how="none")
	P
	python3 -c 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' "$RUNTIME" unpack --store "$STORE" "$T/img" >"$T/screen" || fail "$(<"$T/screen")"
	expect_match '[0-9a-f]{12} +[0-9.]+ of [0-9.]+ MB +[0-9.]+ MB/s +[0-9]+ s left' "$(<"$T/screen")"
	expect_match 'total +3[0-9.]+ of 3[0-9.]+ MB' "$(<"$T/screen")"
}

test_image_store__make_install_has_both_programs() {
	rootfs_image
	mkdir -p inst/bin inst/libexec/crun-lite
	cp "$RUNTIME" inst/bin/crun-lite
	"$T/inst/bin/crun-lite" unpack --store "$STORE" "$T/img" 2>"$T/err" && fail "it found a program that is not there"
	expect_in "find crun-lite-image beside $T/inst/bin/crun-lite, or in ../libexec/crun-lite" "$(<"$T/err")"
	cp "$IMAGE" inst/libexec/crun-lite/
	"$T/inst/bin/crun-lite" unpack --store "$STORE" -q "$T/img" || fail "it does not find the program where make install puts it"
}

test_image_store__the_same_as_tar_and_umoci() {
	command -v umoci >/dev/null || skip "there is no umoci"
	image <<-'P'
		layout("img", [[D("./", mode=0o755), D("d", mode=0o1770, uid=1, gid=2, mtime="5.5"), E("d/f", os.urandom(70000), mode=0o4755, uid=3, mtime="1700000000.123456789", xattrs={"user.a": b"\0\1"}), H("d/h", "d/f"),
			L("d/l", "../x"), E("fifo", type=b"6"), E("n\u00e4me", "x"), D("gone"), E("gone/x"), D("opq"), E("opq/1"), D("a" * 120), E("a" * 120 + "/" + "b" * 120, "long")],
			[D("opq"), E("opq/.wh..wh..opq"), E("opq/2"), E(".wh.gone"), D("d", mode=0o700), E("d/new", "y"), E("fifo", "a file now"), E("late")]])
	P
	unpack "$T/img" "$T/made"
	umoci raw unpack --image "$T/img:test" "$T/umoci" >/dev/null
	mkdir merged
	mount -t overlay overlay -o "lowerdir=$(fs 2):$(fs 1)" "$T/merged"
	describe() { (cd "$1" && find . -mindepth 1 -printf '%P %y %m %U:%G %s %T@ %n %l\n' | sed -E '/ d /s/ [0-9]+ ([0-9.-]+) [0-9]+ / \1 /' | sort; find . -type f -exec sha256sum {} + | sort; (getfattr -R -d -m '^user' . 2>/dev/null || :) | sort); }
	describe merged >ours
	describe umoci >theirs
	umount "$T/merged"
	diff theirs ours || fail "they differ"
	# One layer, beside GNU tar.
	image <<<"layout('one', [[D('d', mode=0o711, mtime='7.5'), E('d/f', 'x', mode=0o604, uid=9, gid=8, mtime='9.125'), L('l', 'd/f'), H('h', 'd/f')]], how='none')"
	rm -rf "$STORE"
	unpack "$T/one"
	mkdir tarred
	tar -C tarred -xpf "one/blobs/sha256/$(blob one '.layers[0].digest')"
	describe "$(fs 1)" >ours
	describe tarred >theirs
	diff theirs ours || fail "tar differs"
}

test_image_store__skopeo_and_a_registry() {
	command -v skopeo >/dev/null && command -v docker-registry >/dev/null || skip "there is no skopeo, or no docker-registry"
	rootfs_image '{"Cmd": ["/bin/cat", "/etc/file"]}' '[E("etc/file", "through a registry\n")]'
	local port=$((20000 + RANDOM % 20000)) pid
	printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' "$T/registry" $port >"$T/registry.yml"
	docker-registry serve "$T/registry.yml" >"$T/registry.log" 2>&1 &
	pid=$!
	until_true bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
	skopeo copy -q --insecure-policy --dest-tls-verify=false "oci:$T/img:test" "docker://127.0.0.1:$port/x:1" || fail "push"
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://127.0.0.1:$port/x:1" "oci:$T/back:x" || fail "pull"
	skopeo copy -q --insecure-policy --src-tls-verify=false "docker://127.0.0.1:$port/x:1" "docker-archive:$T/back.tar:x:1" || fail "pull"
	kill $pid
	wait $pid 2>/dev/null || :
	run_image "$T/back:x"
	expect_eq "$OUT" "through a registry"
	run_image "$T/back.tar"
	expect_eq "$OUT" "through a registry"
}

# The disk works while the unpacking does: not only when all is unpacked.  (Writing is slowed down: nobody knows when a thread runs.)
test_image_store__what_is_unpacked_is_written_meanwhile() {
	command -v strace >/dev/null || skip "there is no strace"
	image <<<'layout("img", [[E("f%d" % n, bytes([n]) * (48 << 20))] for n in range(2)], how="none"); layout("small", [[E("f")]])'
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/trace" -e trace=syncfs,renameat2,write -e inject=write:delay_enter=2000 "$RUNTIME" unpack --store "$STORE" -q "$T/img" || fail "unpack"
	local before last
	before=$(grep -c 'syncfs(' "$T/trace")
	[ "$before" -ge 2 ] || fail "$(<"$T/trace")"
	# The last one is after all that was written, and before the first layer has its name.
	last=$(grep -n 'syncfs(' "$T/trace" | tail -n 1 | cut -d: -f1)
	[ "$last" -lt "$(grep -n 'renameat2(' "$T/trace" | head -n 1 | cut -d: -f1)" ] || fail "$(<"$T/trace")"
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/trace" -e trace=syncfs "$RUNTIME" unpack --store "$STORE" -q "$T/small" || fail "unpack"
	expect_eq "$(grep -c 'syncfs(' "$T/trace")" 1 "syncfs of a small image"
}
