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

# ---- what image-layers.sh tries as root ----------------------------------------------------------
test_image_rootless__names_that_lead_to_what_the_user_may_write_V41() {
	users_image ids "[L('a', '$T/canary'), E('a/e', 'x'), E('a/.wh.file'), H('a/h', 'a/e'), L('up', '../../../../../..$T/canary'), E('up/file', 'written'), D('up', mode=0o777, uid=5)]"
	mkdir canary
	echo untouched >canary/file
	chown -R "$USER_ID:$USER_ID" canary
	tree canary >before
	unpack "$T/img"
	tree canary | cmp - before || fail "something outside was touched"
	expect_file "$(fs 2)$T/canary/e"
}

test_image_rootless__attributes_and_devices_V48() {
	users_image ids "[E('f', uid=3, mode=0o755, xattrs={'user.overlay.opaque': 'y', 'user.overlay.redirect': '/etc', 'trusted.overlay.opaque': 'y', 'user.good': '1', 'security.capability': bytes.fromhex('0100000200200000000000000000000000000000')}),
		D('mail', mode=0o2775, gid=8), E('mail/f'), D('mail/d'), E('c', type=b'3', major=1, minor=3), E('p', type=b'6', uid=4)], [D('mail'), E('mail/.wh.f'), E('mail/d/.wh..wh..opq')]"
	unpack "$T/img"
	expect_in "1 devices were left out" "$ERR"
	expect_eq "$(getfattr -d -m 'user|trusted' --absolute-names "$(fs 2)/f" | grep =)" 'user.good="1"'
	expect_in cap_net_raw "$(getcap -n "$(fs 2)/f")"
	expect_match "rootid=$USER_ID" "$(getcap -n "$(fs 2)/f")"
	expect_eq "$(cd "$(fs 2)" && stat -c '%n %a %u:%g' mail mail/f mail/d p | tr '\n' ' ')" \
		"mail 2775 $USER_ID:$((RANGE + 7)) mail/f 644 $USER_ID:$USER_ID mail/d 755 $USER_ID:$USER_ID p 644 $((RANGE + 3)):$USER_ID "
	is_whiteout "$(fs 3)/mail/f" || fail "mail/f is not hidden"
	expect_eq "$(getfattr --absolute-names -n user.overlay.opaque --only-values "$(fs 3)/mail/d")" y
	expect_no_file "$(fs 2)/c"
}

test_image_rootless__what_is_refused_leaves_nothing_V49() {
	users_image no-ids '[E("ok"), E("../x")]'
	run_fails "unpack $T/img: layer 2 .*entry \.\./x: .*leads upwards" unpack --store "$STORE" -q "$T/img" "$T/made"
	expect_no_file "$T/made"
	expect_eq "$(ls -A "$STORE/tmp" "$STORE/images" "$STORE/layers" | tr -d '\n')" "$STORE/images:$STORE/layers:$STORE/tmp:"
}

test_image_rootless__what_depends_on_layers_below_is_theirs() {
	users_image ids '[D("d", mode=0o2710, uid=3, gid=4), E("d/old", uid=5), L("s", "d", uid=6)], [E("d/f"), H("d/h", "d/old"), H("t", "s")]'
	unpack "$T/img"
	expect_eq "$(cd "$(fs 3)" && stat -c '%n %a %u:%g' d d/f d/h t | tr '\n' ' ')" \
		"d 2710 $((RANGE + 2)):$((RANGE + 3)) d/f 644 $USER_ID:$USER_ID d/h 644 $((RANGE + 4)):$USER_ID t 777 $((RANGE + 5)):$USER_ID "
}
