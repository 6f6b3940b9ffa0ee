# Images of an ordinary user: unpack, run, images, rmi, prune, with a range of ids and with one id only.
# shellcheck shell=bash
. "$here/rootless.sh"
. "$here/images.lib"

# users_image ids|no-ids LAYERS [CONFIG]: $T/img, whose lowest layer is the tests' root file system
users_image() {
	ordinary_user "$1"
	image <<-P
		import subprocess
		rootfs = subprocess.run(["tar", "-C", "$ROOTFS", "--exclude=./dev/*", "-c", "."], stdout=subprocess.PIPE, check=True).stdout
		layout("img", [rootfs, $2], ${3:-{\}})
	P
	chown -R "$USER_ID:$USER_ID" "$T/img"
	STORE=$T/store
}
unpack() { run_ok unpack --store "$STORE" -q --no-sync "$@"; }
run_image() { run_ok run --store "$STORE" --no-sync "$@"; }

test_image_rootless__a_range_of_ids_has_the_images_owners() {
	users_image ids '[D("d", uid=33, gid=34), E("d/f", "x", uid=33, gid=34, mode=0o640), E("suid", "x", uid=5, mode=0o4755)], [D("d"), E("d/.wh..wh..opq"), E("d/g", "y", uid=999)]'
	run_image "$T/img" -- /bin/sh -c 'stat -c "%n %u:%g %a" /d/* /suid; ls /d; id -u'
	expect_eq "$OUT" $'/d/g 999:0 644\n/suid 5:0 4755\ng\n0'
	expect_eq "$(stat -c %u:%g "$(fs 2)/d" "$(fs 2)/d/f" "$(fs 2)/suid" | tr '\n' ' ')" "$((RANGE + 32)):$((RANGE + 33)) $((RANGE + 32)):$((RANGE + 33)) $((RANGE + 4)):$USER_ID "
	expect_eq "$(getfattr --absolute-names -n user.overlay.opaque --only-values "$(fs 3)/d")" y
	expect_eq "$(stat -c '%u %a' "$STORE")" "$USER_ID 700"
}

test_image_rootless__one_id_has_all_files() {
	users_image no-ids '[E("a", "x", uid=33, gid=34, mode=0o640), E("dev/null0", type=b"3", major=1, minor=3), E("gone", "x")], [E(".wh.gone")]'
	unpack "$T/img"
	expect_in "1 devices were left out" "$ERR"
	run_image "$T/img" -- /bin/sh -c 'stat -c "%u:%g %a" /a; ls /gone 2>&1; echo x >/new && cat /new'
	expect_eq "$OUT" $'0:0 640\nls: /gone: No such file or directory\nx'
	expect_eq "$(ls -A "$STORE/containers")" ""
	expect_eq "$(find "$STORE" ! -user "$USER_ID" | wc -l)" 0
}

test_image_rootless__an_owner_outside_the_range() {
	users_image ids '[E("a", uid=70000)]'
	run_fails 'layer 2 .*entry a: give it to 70000:0: invalid argument(.|\n)*range in /etc/subuid' unpack --store "$STORE" -q "$T/img"
	expect_eq "$(ls -A "$STORE/tmp")" ""
}

test_image_rootless__images_rmi_and_prune() {
	users_image ids '[E("a", uid=5, mode=0o600), D("ro", mode=0o555, uid=6), E("ro/f", uid=6, mode=0o400)]'
	unpack "$T/img"
	expect_eq "$(rt images --store "$STORE" --json | jq -r '.[].path')" "$T/img"
	run_ok rmi --store "$STORE" "$T/img"
	expect_eq "$(ls -A "$STORE/layers" "$STORE/images" "$STORE/tmp" | tr -d '\n')" "$STORE/images:$STORE/layers:$STORE/tmp:"
	run_ok prune --store "$STORE"
	expect_in "removed 0 layers"
}

test_image_rootless__the_users_own_store_by_default() {
	users_image no-ids '[E("a")]'
	mkdir "$T/home" "$T/data"
	chown "$USER_ID" "$T/home" "$T/data"
	HOME=$T/home run_ok unpack -q "$T/img"
	[ -d "$T/home/.local/share/crun-lite/layers" ] || fail "no store in HOME"
	HOME=$T/home XDG_DATA_HOME=$T/data run_ok unpack -q "$T/img"
	[ -d "$T/data/crun-lite/layers" ] || fail "no store in XDG_DATA_HOME"
}

test_image_rootless__an_upper_directory_that_is_kept() {
	users_image ids '[E("a", "1")]'
	mkdir "$T/kept"
	chown "$USER_ID" "$T/kept"
	run_image --keep-upper "$T/kept" "$T/img" -- /bin/sh -c 'echo 2 >/a; echo 3 >/b'
	run_image --keep-upper "$T/kept" "$T/img" -- /bin/sh -c 'cat /a /b; rm /a'
	expect_eq "$OUT" $'2\n3'
	run_image --tmpfs-upper 1m "$T/img" -- /bin/sh -c 'cat /a; echo 4 >/c'
	expect_eq "$OUT" 1
}
