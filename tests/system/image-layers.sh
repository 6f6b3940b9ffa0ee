# Images made by hand to prove the unpacking wrong (V40 to V49): entries in orders that no tool writes, what layers have from those
# below, owners and times that must not come from elsewhere, and names that lead elsewhere.
# shellcheck shell=bash
. "$here/images.lib"

# describe DIR: everything that an image says of its files, and nothing that the file system adds
describe() {
	(cd "$1" && find . -mindepth 1 -printf '%P %y %m %U:%G %T@ %l\n' | sort)
}
# of DIR WORD...: as stat says it
at() { stat -c '%a %u:%g %.Y' "$1"; }

# ---- owners and modes that come from nowhere else ----------------------------------------------
test_image_layers__a_setgid_directory_gives_its_group_to_nobody() {
	layer "D('mail', mode=0o2775, gid=8), E('mail/f', 'x'), D('mail/d'), L('mail/l', 'f'), E('mail/p', type=b'6'), E('mail/n/implied'), E('mail/u', uid=5)"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -mindepth 1 -printf '%P %m %U:%G\n' | sort)" "mail 2775 0:8
mail/d 755 0:0
mail/f 644 0:0
mail/l 777 0:0
mail/n 755 0:0
mail/n/implied 644 0:0
mail/p 644 0:0
mail/u 644 5:0"
}

test_image_layers__a_setgid_directory_of_a_layer_below() {
	image <<-'P'
		layout("img", [[D("mail", mode=0o3775, gid=8), E("mail/old", gid=7), L("mail/oldlink", "x", uid=3, gid=4, mtime="4.25")],
			[E("mail/f", "x"), E("mail/d/g", "y"), H("mail/hard", "mail/old"), H("mail/hardlink", "mail/oldlink")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %m %U:%G\n' | sort)" "mail 3775 0:8
mail/d 755 0:0
mail/d/g 644 0:0
mail/f 644 0:0
mail/hard 644 0:7
mail/hardlink 777 3:4"
	expect_eq "$(stat -c %.Y "$(fs 2)/mail/hardlink")" 4.250000000
}

test_image_layers__a_store_in_a_setgid_directory_with_a_default_acl() {
	layer "E('f', 'x'), D('d'), E('d/g', mode=0o664)"
	mkdir -m 2777 shared
	chgrp 12 shared
	python3 -c 'import os, struct; os.setxattr("shared", "system.posix_acl_default", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e)
		for e in [(1, 7, 2**32 - 1), (2, 7, 1000), (4, 7, 2**32 - 1), (16, 7, 2**32 - 1), (32, 7, 2**32 - 1)]))' || skip "the file system has no ACLs"
	STORE=$T/shared/store
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -printf '%P %m %U:%G\n' | sort)" " 755 0:0
d 755 0:0
d/g 664 0:0
f 644 0:0"
	expect_eq "$(cd "$(fs 1)" && getfattr -R -d -m - . 2>/dev/null)" ""
}

# ---- a directory is named after what is in it --------------------------------------------------
test_image_layers__a_directory_that_is_named_after_its_files_looks_as_it_says() {
	image <<-'P'
		layout("img", [[D("d", mode=0o700, uid=1, gid=2, mtime="1.5", xattrs={"user.low": "1"}), D("d/e", mode=0o711, uid=3), D("k", mode=0o701, uid=9)],
			[E("d/e/f", "x"), E("k/f"), D("d", mode=0o750, uid=5, gid=6, mtime="7.5")]])
	P
	unpack "$T/img"
	expect_eq "$(at "$(fs 2)/d")" "750 5:6 7.500000000"
	expect_eq "$(getfattr --absolute-names -d "$(fs 2)/d")" ""
	expect_eq "$(stat -c '%a %u' "$(fs 2)/d/e" "$(fs 2)/k" | tr '\n' ' ')" "711 3 701 9 "
}

test_image_layers__a_whiteout_after_the_files_is_as_one_before_them() {
	image <<-'P'
		low = [D("d", mode=0o700, uid=1, mtime="1.5"), E("d/old"), D("d/s", mode=0o711, uid=2), E("d/s/old"), L("l", "d")]
		layout("before", [low, [E(".wh.d"), E("d/s/new", "x"), E(".wh.l"), E("l/x")]])
		layout("after", [low, [E("d/s/new", "x"), E(".wh.d"), E("l/x"), E(".wh.l")]])
		layout("opaque", [low, [E("d/s/new", "x"), E("d/.wh..wh..opq")]])
	P
	local expected="d d 755 0:0 0.0000000000 
d/s d 755 0:0 0.0000000000 
d/s/new f 644 0:0 1000000000.0000000000 
l d 755 0:0 0.0000000000 
l/x f 644 0:0 1000000000.0000000000 " i
	for i in before after; do
		rm -rf "$STORE"
		unpack "$T/$i"
		expect_eq "$(describe "$(fs 2)")" "$expected" "$i"
		expect_eq "$(opaque "$(fs 2)/d")$(opaque "$(fs 2)/l")" yy "$i"
	done
	# An opaque directory itself is that of the layer below; what is in it is not.
	rm -rf "$STORE"
	unpack "$T/opaque"
	expect_eq "$(describe "$(fs 2)")" "d d 700 1:0 1.5000000000 
d/s d 755 0:0 0.0000000000 
d/s/new f 644 0:0 1000000000.0000000000 "
}

test_image_layers__what_took_a_directorys_place_keeps_its_own_look() {
	image <<-'P'
		layout("img", [[D("d", mode=0o700, uid=1), D("d/s", mode=0o711, uid=2, mtime="5.5")],
			[D("other"), D("other/s", mode=0o755, uid=7, mtime="8.5"), E("d/s/x"), D("d/t", mtime="9.5"), D("other/t", mtime="3.5"), L("d", "other")]])
	P
	unpack "$T/img"
	expect_eq "$(at "$(fs 2)/other/s")" "755 7:0 8.500000000"
	expect_eq "$(at "$(fs 2)/other/t")" "755 0:0 3.500000000"
}

test_image_layers__marks_in_what_is_gone_do_nothing() {
	image <<-'P'
		low = [D("d"), D("d/s"), E("d/s/f"), D("e"), D("e/s"), E("e/s/f")]
		layout("img", [low, [E("d/s/.wh.f"), E("d", "a file"), E(".wh.e"), E("e/s/.wh.f"), E("e/s/.wh..wh..opq"), E("e/.wh.s")]])
		layout("turned", [low, [E("e/.wh.s"), E("e/s/.wh..wh..opq"), E("e/s/.wh.f"), E(".wh.e"), E("d", "a file"), E("d/s/.wh.f")]])
	P
	for i in img turned; do
		rm -rf "$STORE"
		unpack "$T/$i"
		expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %y\n' | sort | tr '\n' ' ')" "d f e c " "$i"
	done
}

# ---- hard links --------------------------------------------------------------------------------
test_image_layers__hard_links_of_hard_links_to_a_layer_below() {
	image <<-'P'
		layout("img", [[E("low", "content", uid=4)], [H("a", "low"), H("b", "a"), H("c", "./low"), D("d"), H("d/e", "/b"), E("own"), H("own2", "own"), H("own", "own2")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)" && cat a b c d/e)" contentcontentcontentcontent
	expect_eq "$(cd "$(fs 2)" && stat -c %i a b d/e | uniq | wc -l)" 1 "inodes of one file"
	expect_eq "$(cd "$(fs 2)" && stat -c %u a)" 4
}

test_image_layers__a_hard_link_through_a_link_of_the_layer_below() {
	image <<-'P'
		layout("img", [[D("usr"), D("usr/lib"), E("usr/lib/a", "x"), L("lib", "usr/lib")], [H("new", "lib/a")], [H("lib/b", "lib/a")]])
		layout("missing", [[E("a")], [H("b", "a"), H("x", "nothing/there")]])
		layout("directory", [[D("a")], [H("b", "a")]])
		layout("device", [[E("a", type=b"3", major=1, minor=3)], [H("b", "a")]])
	P
	unpack "$T/img"
	expect_eq "$(cat "$(fs 2)/new" "$(fs 3)/usr/lib/b")" xx
	rm -rf "$STORE"
	unpack_fails 'layer 2 .*entry x: a hard link to nothing/there, which is neither' "$T/missing"
	unpack_fails 'layer 2 .*entry b: .*copy a of a layer below' "$T/directory"
	expect_eq "$(ls -A "$STORE/layers")" ""
}

# ---- directories that are links below ----------------------------------------------------------
test_image_layers__what_moves_behind_a_link_changes_no_times() {
	image <<-'P'
		layout("img", [[D("./", mtime="1.5"), D("usr", mtime="2.5"), D("usr/lib", mtime="3.5", mode=0o711), D("usr/bin", mtime="3.25"), L("lib", "usr/lib"), L("bin", "usr/bin")],
			[D("./", mtime="11.5"), E("lib/tool", "z", mtime="4.5"), D("usr", mtime="5.5"), D("usr/bin", mtime="6.5"), E("bin/x")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)" && stat -c '%n %a %.Y' . usr usr/lib usr/lib/tool usr/bin usr/bin/x)" ". 755 11.500000000
usr 755 5.500000000
usr/lib 711 3.500000000
usr/lib/tool 644 4.500000000
usr/bin 755 6.500000000
usr/bin/x 644 1000000000.000000000"
	expect_no_file "$(fs 2)/lib"
	expect_no_file "$(fs 2)/bin"
}

test_image_layers__files_behind_a_link_and_beside_it_become_one_directory() {
	image <<-'P'
		layout("img", [[D("usr"), D("usr/lib"), D("usr/lib/systemd", mode=0o711, mtime="8.5"), E("usr/lib/gone"), E("usr/lib/systemd/gone"), L("lib", "usr/lib")],
			[E("usr/lib/systemd/b", "2"), E("lib/systemd/a", "1"), E("lib/systemd/.wh.gone"), E("lib/.wh.gone"), D("lib/named", mode=0o700), E("lib/named/x"), E("usr/lib/named/y")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %y %m\n' | sort)" "usr d 755
usr/lib d 755
usr/lib/gone c 0
usr/lib/named d 700
usr/lib/named/x f 644
usr/lib/named/y f 644
usr/lib/systemd d 711
usr/lib/systemd/a f 644
usr/lib/systemd/b f 644
usr/lib/systemd/gone c 0"
	expect_eq "$(stat -c %.Y "$(fs 2)/usr/lib/systemd")" 8.500000000
}

test_image_layers__an_opaque_directory_behind_a_link() {
	image <<-'P'
		layout("img", [[D("usr"), D("usr/lib", uid=3), E("usr/lib/old"), L("lib", "usr/lib")], [E("lib/.wh..wh..opq"), E("lib/new")]])
	P
	unpack "$T/img"
	expect_eq "$(opaque "$(fs 2)/usr/lib")" y
	expect_eq "$(opaque "$(fs 2)/usr")" ""
	expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %U\n' | sort | tr '\n' ' ')" "usr 0 usr/lib 3 usr/lib/new 0 "
}

# ---- whiteouts: what a container sees ----------------------------------------------------------
# seen: the merged root, as the kernel lists it
seen() {
	local lower
	lower=$(jq -r '.annotations["org.crun-lite.layers"]' "$STORE"/images/*/config.json)
	[[ $lower == *:* ]] || lower=$lower:$T/empty
	mkdir -p "$T/merged" "$T/empty"
	mount -t overlay overlay -o "lowerdir=$lower" "$T/merged"
	(cd "$T/merged" && find . -mindepth 1 -printf '%P %y\n' 2>&1 | sort | tr '\n' ' ')
	umount "$T/merged"
}

test_image_layers__no_ghosts_where_there_is_nothing_to_hide() {
	image <<-'P'
		layout("img", [[D("d"), E("d/.wh.never"), E(".wh.neither"), E("d/f")], [D("e"), E("e/.wh.x"), E("e/.wh..wh..opq"), D("e/s"), E("e/s/.wh.y"), E("e/s/z"), E(".wh.d"), E("d/n/.wh.f"), E("d/n/m")]])
	P
	unpack "$T/img"
	expect_eq "$(seen)" "d d d/n d d/n/m f e d e/s d e/s/z f "
}

# of IMAGE: seen where the store has several
seen_of() {
	local STORE=$T/one
	mkdir -p "$STORE/images"
	cp -a "$(dirname "$(grep -l "\"$T/$1\"" "$T"/store/images/*/image.json)")" "$STORE/images"
	seen
	rm -rf "$STORE"
}

test_image_layers__no_ghosts_in_a_directory_that_no_layer_below_has() {
	image <<-'P'
		x = [D("d"), E("d/.wh.gone"), E("d/f")]
		layout("with", [[D("d"), E("d/gone")], x])
		layout("without", [[D("x")], x])
		layout("lowest", [[E(".wh.a"), D("d"), E("d/.wh.b"), E("c")]])
	P
	unpack "$T/lowest"
	expect_eq "$(seen_of lowest)" "c f d d "
	rm -rf "$STORE"
	unpack "$T/without"
	expect_eq "$(seen_of without)" "d d d/f f x d "
	unpack "$T/with"
	expect_eq "$(seen_of with)" "d d d/f f "
	rm -rf "$STORE"
	# What is there already was made for another image.
	unpack "$T/with"
	unpack "$T/without"
	expect_eq "$(seen_of with)" "d d d/f f "
	expect_eq "$(seen_of without)" "d d d/f f x d "
	[ "$(fs_of with 2)" != "$(fs_of without 2)" ] || fail "both have the same layer"
	unpack "$T/without"
	expect_eq "$(ls "$STORE/layers" | wc -l)" 4
	run_ok verify --store "$STORE"
	expect_not_in damaged
}

test_image_layers__a_layer_that_is_there_twice_and_depends_on_those_below() {
	image <<-'P'
		x = [E("d/x", "x"), H("h", "f")]
		layout("img", [[D("d", mode=0o700), E("f", "one")], x, [D("d", mode=0o750, uid=5), E("f", "two")], x])
	P
	unpack "$T/img"
	expect_eq "$(stat -c '%a %u' "$(fs 2)/d" "$(fs 4)/d")" $'700 0\n750 5'
	expect_eq "$(cat "$(fs 2)/h" "$(fs 4)/h")" onetwo
	expect_eq "$(jq '.annotations["org.crun-lite.layers"] | split(":") | length' "$STORE"/images/*/config.json)" 4
	# Again, of what is there.
	rm -rf "$STORE/images"/*
	unpack "$T/img"
	expect_eq "$(stat -c '%a %u' "$(fs 2)/d" "$(fs 4)/d")" $'700 0\n750 5'
	expect_eq "$(ls "$STORE/layers" | wc -l)" 4
}

test_image_layers__an_opaque_root_hides_all_layers_below() {
	image <<-'P'
		layout("img", [[E("low"), D("d", mode=0o700), E("d/low")], [E(".wh..wh..opq"), E("middle"), E("d/x"), E(".wh.low")], [E("high"), H("hard", "middle")]])
		layout("bad", [[E("low")], [E(".wh..wh..opq")], [H("hard", "low")]])
	P
	unpack "$T/img"
	expect_eq "$(seen)" "d d d/x f hard f high f middle f "
	expect_eq "$(stat -c %a "$(fs 2)/d")" 755
	rm -rf "$STORE"
	unpack_fails 'layer 3 .*entry hard: a hard link to low, which is neither' "$T/bad"
}

# ---- what the names of an archive may be -------------------------------------------------------
test_image_layers__V41_the_stores_own_files_are_not_the_layers() {
	image <<-'P'
		layout("img", [[E("info", "entries=1 root=1\n"), D("fs"), E("fs/x"), E("lock"), D("tmp"), D("layers"), D("images"), D("containers"), L("up", "../.."), E("up/info", "x"), E("up/../../lock", "x")]])
		layout("ok", [[E("info", "entries=1 root=1\n"), D("fs"), E("fs/x"), E("lock"), D("tmp"), D("layers"), L("up", "../.."), E("up/written", "x"), L("abs", "/fs"), E("abs/y")]])
	P
	unpack_fails 'leads upwards' "$T/img"
	unpack "$T/ok"
	expect_eq "$(cd "$(fs 1)" && find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' ')" "abs fs fs/x fs/y info layers lock tmp up written "
	expect_match '^entries=10 bytes=18 root=0 diff=[0-9a-f]{64}$' "$(<"$(fs 1)/../info")"
	expect_eq "$(ls "$STORE" | tr '\n' ' ')" "containers images layers lock tmp "
}

test_image_layers__V49_what_two_readers_would_read_differently() {
	image <<-'P'
		inner = E("hidden")
		def one(name, *entries): layout(name, [list(entries)])
		one("slash", E("d/", inner, type=b"0"), E("after"))
		one("hard", E("a", "x"), header("h", b"1", link="a", size=len(inner)) + inner)
		one("dir", header("d/", b"5", size=512) + inner)
		one("sym", header("s", b"2", link="a", size=512) + inner)
		one("paxsize", pax(size="512"), header("f", size=0) + inner)
		one("global", pax(b"g", path="elsewhere", size="0"), E("f", "content"))
		one("vendor", E("f", "x", pax={"LIBARCHIVE.creationtime": "1", "SCHILY.dev": "5", "comment": "a=b\nc"}))
		one("time", E("f", pax={"mtime": "-9223372036854775808.5"}), E("g", pax={"mtime": "9223372036854775807.999999999999"}))
		one("nonum", E("f", pax={"mtime": "1e5"}))
	P
	unpack_fails "entry d/: .*data" "$T/slash"
	unpack_fails "entry h: .*data" "$T/hard"
	unpack_fails "entry d/: .*data" "$T/dir"
	unpack_fails "entry s: .*data" "$T/sym"
	unpack "$T/paxsize"
	expect_eq "$(stat -c %s "$(fs 1)/f")" 512
	for i in global vendor; do
		rm -rf "$STORE"
		unpack "$T/$i"
		expect_eq "$(ls "$(fs 1)")" f
	done
	expect_eq "$(<"$(fs 1)/f")" x
	rm -rf "$STORE"
	unpack_fails 'record mtime says' "$T/nonum"
	unpack_fails 'mtime says' "$T/time"
}

test_image_layers__names_that_would_draw_on_a_terminal() {
	image <<-'P'
		layout("esc", [[H("a\x1b[2J\nb\x07", "c\x1b]0;x\x07")]])
		layout("ref", [[E("a")]], ref="\x1b[31mred\n")
		docker("tag.tar", [("\x1b[31mred:1", [[E("a")]]), ("b:1", [[E("b")]])])
	P
	unpack_fails 'neither in this layer' "$T/esc"
	expect_not_in $'\e' "$ERR"
	expect_eq "$(wc -l <<<"$ERR")" 1 "lines"
	unpack_fails 'there is no x in it' "$T/ref:x"
	expect_not_in $'\e' "$ERR"
	unpack_fails 'several images' "$T/tag.tar"
	expect_not_in $'\e' "$ERR"
	unpack "$T/ref"
	run_ok images --store "$STORE"
	expect_not_in $'\e' "$OUT"
	expect_eq "$(wc -l <<<"$OUT")" 2
}
