# Images: what each entry of a layer becomes, and what is refused (V40 to V49).
# shellcheck shell=bash

. "$here/images.lib"

# ---- entries -----------------------------------------------------------------------------------
test_image__files_links_devices_and_fifos() {
	layer "D('d', mode=0o1777, uid=5, gid=6), E('d/f', 'hello', mode=0o640, uid=7, gid=8), L('d/s', '/no/where'), H('d/h', 'd/f'),
		E('d/chr', type=b'3', major=1, minor=3, mode=0o666), E('d/blk', type=b'4', major=7, minor=1), E('d/fifo', type=b'6'), E('d/suid', 'x', mode=0o6755, uid=9)"
	unpack "$T/img"
	expect_eq "$(listing)" "d d 1777 5:6 4096 2001-09-09 
d/blk b 644 0:0 0 2001-09-09 
d/chr c 666 0:0 0 2001-09-09 
d/f f 640 7:8 5 2001-09-09 
d/fifo p 644 0:0 0 2001-09-09 
d/h f 640 7:8 5 2001-09-09 
d/s l 777 0:0 9 2001-09-09 /no/where
d/suid f 6755 9:0 1 2001-09-09 "
	expect_eq "$(stat -c '%t:%T' "$(fs 1)/d/chr" "$(fs 1)/d/blk" | tr '\n' ' ')" "1:3 7:1 "
	expect_eq "$(stat -c %h "$(fs 1)/d/f")" 2
}

test_image__times_to_the_nanosecond_before_1970_and_after_2100() {
	layer "D('d', mtime='1700000000.000000001'), E('d/a', mtime='981173106.123456789'), E('d/b', mtime='-315619200'), E('d/c', mtime='-1.5'), E('d/e', mtime='7258118400'), L('d/l', 'x', mtime='5.25')"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find d -printf '%P %T@\n' | sort)" " 1700000000.0000000010
a 981173106.1234567890
b -315619200.0000000000
c -2.5000000000
e 7258118400.0000000000
l 5.2500000000"
}

test_image__extended_attributes_and_capabilities() {
	layer "D('d', xattrs={'user.dir': 'x'}), E('d/f', uid=5, xattrs={'user.bin': b'\\0\\1\\xff', 'user.mime_type': 'text/plain'}),
		E('d/cap', mode=0o755, uid=1, xattrs={'security.capability': bytes.fromhex('0100000200200000000000000000000000000000')})"
	unpack "$T/img"
	expect_eq "$(getfattr -d -m - --absolute-names -e hex "$(fs 1)/d/f" | grep =)" $'user.bin=0x0001ff\nuser.mime_type=0x746578742f706c61696e'
	expect_eq "$(getfattr --absolute-names --only-values -n user.dir "$(fs 1)/d")" x
	expect_in "cap_net_raw" "$(getcap "$(fs 1)/d/cap")"
}

test_image__large_ids_and_sizes_in_base_256() {
	layer "E('a', uid=4000000000, gid=3999999999), E('b', pax={'uid': '4294967294', 'gid': '0'}), E('c', 'x', mtime=-5)"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && stat -c '%n %u:%g %Y' a b c)" $'a 4000000000:3999999999 1000000000\nb 4294967294:0 1000000000\nc 0:0 -5'
}

test_image__names_are_bytes() {
	layer "D('d'), E(b'd/lat\\xe9n1'), E('d/na\\u00efve-\\u6587'), E('d/new\\nline'), E(b'd/' + b'n' * 255), E(b'd/p\\xe9x', pax={'path': b'd/p\\xe9x2'})"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)/d" && find . -mindepth 1 -print0 | sort -z | od -An -v -c | tr -d ' \n')" \
		"$(printf '%s\0' $'./lat\xe9n1' $'./na\xc3\xafve-\xe6\x96\x87' $'./new\nline' "./$(printf 'n%.0s' {1..255})" $'./p\xe9x2' | od -An -v -c | tr -d ' \n')"
}

test_image__long_names_of_gnu_and_of_pax() {
	image <<-'P'
		n = "x" * 90 + "/" + "y" * 90
		gnu = lambda t, s: header("././@LongLink", t, size=len(s) + 1) + pad(b(s) + b"\0")
		layout("img", [[gnu(b"L", n + "/gnu"), E("cut", "1"), E(n + "/pax", "2"), gnu(b"K", "t" * 150), L("l", "t")[:512],
			header("ustar", prefix="/".join(["p" * 70, "q" * 70]))]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -type f | sort)" "./$(printf 'p%.0s' {1..70})/$(printf 'q%.0s' {1..70})/ustar
./$(printf 'x%.0s' {1..90})/$(printf 'y%.0s' {1..90})/gnu
./$(printf 'x%.0s' {1..90})/$(printf 'y%.0s' {1..90})/pax"
	expect_eq "$(readlink "$(fs 1)/l")" "$(printf 't%.0s' {1..150})"
}

test_image__the_last_one_of_a_name_wins() {
	layer "E('a', '1'), E('a', '22'), D('b'), E('b/x'), E('b', 'file'), E('c', 'file'), D('c'), E('c/y', '3'), L('e', 'a'), E('e', 'no link'), D('f', mode=0o700), E('f/z'), D('f', mode=0o711), D('g'), E('g/h/i'), E('g', 'x'), D('g'), E('g/h/k')"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -mindepth 1 -printf '%P %y %m %s\n' | grep -v ' d 755' | sort)" "a f 644 2
b f 644 4
c/y f 644 1
e f 644 7
f d 711 4096
f/z f 644 0
g/h/k f 644 0"
	expect_eq "$(opaque "$(fs 1)/c")" y "a directory that took a file's place hides what is below"
	expect_eq "$(opaque "$(fs 1)/f")" "" "the same directory twice"
}

test_image__a_directory_without_write_permission() {
	layer "D('ro', mode=0o555), E('ro/f', 'x', mode=0o444), D('none', mode=0), E('none/g', 'y')"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -mindepth 1 -printf '%P %m\n' | sort)" $'none 0\nnone/g 644\nro 555\nro/f 444'
}

test_image__through_a_link_of_the_same_layer() {
	layer "D('real'), L('link', 'real'), E('link/f', 'x'), L('up', '../../../../real'), E('up/g'), D('d'), L('d/abs', '/real'), E('d/abs/h'), H('hard', 'link/f')"
	unpack "$T/img"
	expect_eq "$(cd "$(fs 1)" && find . -mindepth 1 -printf '%P %y\n' | sort | tr '\n' ' ')" "d d d/abs l hard f link l real d real/f f real/g f real/h f up l "
}

# ---- whiteouts ---------------------------------------------------------------------------------
test_image__whiteouts_and_opaque_directories_in_any_order() {
	image <<-'P'
		base = [D("a"), E("a/1"), E("a/2"), D("b"), E("b/1"), D("c"), E("c/1"), D("e"), E("e/1"), E("f"), D("g"), E("g/1")]
		layout("img", [base, [D("a"), E("a/.wh.1"), E(".wh.f"), D("b"), E("b/.wh.1"), E("b/.wh..wh..opq"), E("b/new"), D("c"), E("c/.wh..wh..opq"), E("c/.wh.1"),
			E(".wh.e"), E("e/new"), E("g/new"), E(".wh.g"), E(".wh..wh.plnk/x"), E(".wh..wh.aufs"), E(".wh.never")]])
	P
	unpack "$T/img"
	is_whiteout "$(fs 2)/a/1" || fail "a/1 is not hidden"
	is_whiteout "$(fs 2)/f" || fail "f is not hidden"
	expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %y\n' | sort | tr '\n' ' ')" "a d a/1 c b d b/new f c d e d e/new f f c g d g/new f never c "
	for d in b c e g; do expect_eq "$(opaque "$(fs 2)/$d")" y "$d"; done
	expect_eq "$(opaque "$(fs 2)/a")" ""
}

test_image__whiteouts_seen_through_the_overlay() {
	image <<-P
		import subprocess
		rootfs = subprocess.run(["tar", "-C", "$ROOTFS", "-c", "."], stdout=subprocess.PIPE, check=True).stdout
		layout("img", [rootfs, [D("q"), E("q/1"), E("q/2"), D("r"), E("r/1")], [E(".wh.r"), D("q"), E("q/.wh.1"), E("q/3")]], {"Cmd": ["/bin/sh", "-c", "ls -d /q/* /r 2>&1; true"]})
	P
	run_ok run --store "$STORE" --no-sync "$T/img"
	expect_eq "$(sort <<<"$OUT" | tr '\n' ' ')" "/q/2 /q/3 ls: /r: No such file or directory "
}

# ---- what depends on the layers below ------------------------------------------------------------
test_image__a_directory_that_is_not_named_looks_as_it_does_below() {
	image <<-'P'
		layout("img", [[D("d", mode=0o710, uid=3, gid=4, xattrs={"user.x": "1"}, mtime="77.5"), D("usr"), D("usr/lib"), L("lib", "usr/lib")],
			[E("d/f", "x"), E("n/m/g", "y"), E("lib/tool", "z")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)" && find . -mindepth 1 -printf '%P %y %m %U:%G\n' | sort)" "d d 710 3:4
d/f f 644 0:0
n d 755 0:0
n/m d 755 0:0
n/m/g f 644 0:0
usr d 755 0:0
usr/lib d 755 0:0
usr/lib/tool f 644 0:0"
	expect_eq "$(stat -c %.Y "$(fs 2)/d")" 77.500000000
	expect_eq "$(getfattr --absolute-names --only-values -n user.x "$(fs 2)/d")" 1
	[[ $(fs 2) == */c-* ]] || fail "the layer is not kept as one that depends on others"
	[[ $(fs 1) != */c-* ]] || fail "the lowest layer depends on nothing"
}

test_image__a_hard_link_to_a_file_of_a_layer_below() {
	image <<-'P'
		layout("img", [[D("d"), E("d/old", "content", mode=0o4751, uid=3, gid=4, mtime="5.5", xattrs={"user.k": "v"})],
			[D("d", mtime="9.25"), H("d/new", "d/old"), E("d/.wh.old")]])
	P
	unpack "$T/img"
	expect_eq "$(cd "$(fs 2)/d" && stat -c '%n %a %u:%g %.Y' new && cat new)" $'new 4751 3:4 5.500000000\ncontent'
	expect_eq "$(stat -c %.Y "$(fs 2)/d")" 9.250000000
	expect_eq "$(getfattr --absolute-names --only-values -n user.k "$(fs 2)/d/new")" v
}

test_image__the_roots_owner_and_mode_are_those_of_the_layer_that_names_it() {
	image <<-P
		import subprocess
		rootfs = subprocess.run(["tar", "-C", "$ROOTFS", "--exclude=.", "-c"] + sorted(__import__("os").listdir("$ROOTFS")), stdout=subprocess.PIPE, check=True).stdout
		layout("img", [D("./", mode=0o511, uid=0, gid=7) + rootfs, [E("x")]], {"Cmd": ["/bin/stat", "-c", "%a %u:%g", "/"]})
	P
	run_ok run --store "$STORE" --no-sync "$T/img"
	expect_eq "$OUT" "511 0:7"
}

# ---- hostile (V40 to V49) ------------------------------------------------------------------------
canary() {
	mkdir "$T/canary"
	echo untouched >"$T/canary/file"
	chmod 640 "$T/canary/file"
	tree "$T/canary" >"$T/canary.before"
}
canary_lives() { tree "$T/canary" | cmp - "$T/canary.before" || fail "something outside was touched"; }

test_image__V40_the_root_is_a_directory() {
	canary
	image <<-P
		layout("img", [[L("./", "$T/canary")], [E("x")]])
		layout("img2", [[L(".", "$T/canary")], [E("x")]])
		layout("img3", [[E("/", type=b"0")]])
	P
	unpack_fails 'layer 1 .*root of a layer must be a directory' "$T/img"
	unpack_fails 'layer 1 .*root of a layer must be a directory' "$T/img2"
	canary_lives
}

test_image__V41_names_that_lead_out() {
	canary
	local n
	for n in ../e a/../../e a/.. ..; do
		image <<<"import shutil; shutil.rmtree('img', True); layout('img', [[E('$n', 'x')]])"
		unpack_fails "entry .*leads upwards" "$T/img"
	done
	image <<-P
		import shutil; shutil.rmtree('img', True)
		layout("img", [[E("/abs"), L("a", "$T/canary"), E("a/e", "x"), E("a/.wh.file"), L("up", "../../../../../../../../$T/canary"), E("up/f")]])
	P
	unpack "$T/img"
	# Links of the image lead to places in the layer.
	expect_file "$(fs 1)/abs"
	expect_file "$(fs 1)$T/canary/e"
	canary_lives
}

test_image__V41_a_link_that_an_earlier_layer_made() {
	canary
	image <<-P
		layout("img", [[L("a", "$T/canary")], [E("a/e", "x"), E("a/.wh.file")]])
	P
	unpack "$T/img"
	canary_lives
	expect_file "$(fs 2)/a/e"
}

test_image__V42_a_hard_link_to_a_link_changes_nothing_behind_it() {
	canary
	image <<-P
		layout("img", [[L("s", "$T/canary/file"), H("h", "s", mode=0o777, uid=5), E("s2", type=b"2", link="$T/canary/file", mode=0o4777, uid=6, xattrs={"user.x": "1"})]])
	P
	unpack "$T/img"
	canary_lives
	expect_eq "$(stat -c %F "$(fs 1)/h")" "symbolic link"
}

test_image__V43_hard_links_stay_in_the_layers() {
	canary
	local n
	for n in ../../canary/file "$T/canary/file" canary/file; do
		image <<<"import shutil; shutil.rmtree('img', True); layout('img', [[H('h', '$n')]])"
		cd "$T"
		unpack_fails "entry h.*(hard link to .*neither|leads upwards)" "$T/img"
	done
	canary_lives
}

test_image__V44_the_users_files_are_files_of_the_image() {
	canary
	echo "canary:x:4242:4242::/:" >"$T/canary/passwd"
	tree "$T/canary" >"$T/canary.before"
	image <<-P
		for i, e in enumerate([L("etc/passwd", "$T/canary/passwd"), E("etc/passwd", type=b"6"), E("etc/passwd", type=b"3", major=1, minor=5), L("etc/passwd", "/proc/1/root$T/canary/passwd"), E("etc/passwd", b"x" * (2 << 20))]):
		    layout("img%d" % i, [[D("etc"), e]], {"User": "canary"})
	P
	run_fails "User canary is not in its etc/passwd" unpack --store "$STORE" -q "$T/img0"
	run_fails "etc/passwd is no file" unpack --store "$STORE" -q "$T/img1"
	run_fails "etc/passwd is no file" unpack --store "$STORE" -q "$T/img2"
	run_fails "User canary is not in its etc/passwd" unpack --store "$STORE" -q "$T/img3"
	run_fails "etc/passwd is too large" unpack --store "$STORE" -q "$T/img4"
}

test_image__V46_the_store_is_its_owners_alone() {
	layer "E('suid', 'x', mode=0o4755)"
	unpack "$T/img" "$T/made"
	expect_eq "$(stat -c %a "$STORE" "$STORE/layers" "$STORE/images" "$STORE/tmp" "$STORE/containers" | sort -u)" 700
	expect_eq "$(stat -c '%a' "$T/made" "$T/made/config.json" | tr '\n' ' ')" "700 600 "
	chmod 755 "$STORE"
	run_fails 'store .* is open for others' unpack --store "$STORE" "$T/img"
}

test_image__V47_manifests_that_are_not_what_they_say() {
	image <<-'P'
		good = [[E("a")]]
		def broken(name, change): layout(name, good, change=change)
		def both(m, c): m["manifests"] = []
		def digest(text):
		    def f(m, c): m["layers"][0]["digest"] = text
		    return f
		def size(n):
		    def f(m, c): m["layers"][0]["size"] = n
		    return f
		def diff(m, c): c["rootfs"]["diff_ids"][0] = "sha256:" + "0" * 64
		def count(m, c): c["rootfs"]["diff_ids"] *= 2
		def kind(m, c): m["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+encrypted"
		def arch(m, c): c["architecture"] = "vax"
		def artifact(m, c): m["config"] = dict(put("artifact", b"{}"), mediaType="application/vnd.oci.empty.v1+json")
		def old(m, c): m["schemaVersion"] = 1
		broken("both", both); broken("up", digest("sha256:../../../../etc/passwd")); broken("upper", digest("sha256:" + "A" * 64)); broken("short", digest("sha256:12"))
		broken("gone", digest("sha256:" + "1" * 64)); broken("size", size(3)); broken("negative", size(-1)); broken("huge", size(2 ** 70)); broken("float", size(1.5)); broken("diff", diff)
		broken("count", count); broken("kind", kind); broken("arch", arch); broken("artifact", artifact); broken("old", old); broken("sha512", digest("sha512:" + "1" * 128))
		layout("blob", good)
		import glob, os
		m = json.load(open("blob/index.json"))["manifests"][0]["digest"][7:]
		l = json.load(open("blob/blobs/sha256/" + m))["layers"][0]["digest"][7:]
		p = "blob/blobs/sha256/" + l
		d = bytearray(open(p, "rb").read()); d[4] ^= 1; open(p, "wb").write(d)
		layout("manifest", good)
		m = json.load(open("manifest/index.json"))["manifests"][0]["digest"][7:]
		p = "manifest/blobs/sha256/" + m
		d = open(p, "rb").read().replace(b"schemaVersion", b"schemaversion"); open(p, "wb").write(d)
		layout("link", good)
		m = json.load(open("link/index.json"))["manifests"][0]["digest"][7:]
		os.rename("link/blobs/sha256/" + m, "elsewhere"); os.symlink("../../../elsewhere", "link/blobs/sha256/" + m)
	P
	unpack_fails 'manifest has both layers and manifests' "$T/both"
	unpack_fails 'layer 1: "sha256:\.\./.*" is no digest' "$T/up"
	unpack_fails 'layer 1: .* is no digest' "$T/upper"
	unpack_fails 'layer 1: .* is no digest' "$T/short"
	unpack_fails 'layer 1 .*open blobs/sha256/1111' "$T/gone"
	unpack_fails 'layer 1 .*has [0-9]+ bytes, and not the 3' "$T/size"
	unpack_fails 'layer 1 has the size -1' "$T/negative"
	unpack_fails 'layer 1 has the size 1180591620717411303424' "$T/huge"
	unpack_fails 'layer 1 has the size 1.5' "$T/float"
	unpack_fails 'layer 1 .*not what its diff_id says' "$T/diff"
	unpack_fails '2 diff_ids for 1 layers' "$T/count"
	unpack_fails 'layer 1 is of the type .*encrypted' "$T/kind"
	unpack_fails 'for linux/vax, not for linux' "$T/arch"
	unpack_fails 'configuration is of the type .*empty' "$T/artifact"
	unpack_fails "docker's schema 1" "$T/old"
	unpack_fails "sha512 digests are not" "$T/sha512"
	unpack_fails 'layer 1 .*not what its digest says' "$T/blob"
	unpack_fails 'manifest is not what its digest says' "$T/manifest"
	unpack_fails 'the manifest: open blobs.*symbolic links' "$T/link"
}

test_image__V47_compressed_bytes_that_are_not_what_they_should_be() {
	image <<-'P'
		import gzip, zlib
		t = tar([E("a", "x" * 1000)])
		def blob(name, data, plain=t):
		    def f(m, c): m["layers"][0].update(put(name, data)); c["rootfs"]["diff_ids"] = ["sha256:" + sha(plain)]
		    os.makedirs(name); layout(name, [t], change=f)
		g = gzip.compress(t, mtime=0)
		blob("cut", g[:-20]); blob("crc", g[:-8] + b"\0" * 8); blob("trailing", g + b"garbage!"); blob("members", gzip.compress(t[:700], mtime=0) + gzip.compress(t[700:], mtime=0))
		blob("xz", b"\xfd7zXZ\0" + g); blob("text", b"this is no tar at all, but a text of more than a block. " * 20)
		zeros = zlib.compressobj(9, zlib.DEFLATED, 31); bomb = b"".join(zeros.compress(b"\0" * (1 << 20)) for i in range(300)) + zeros.flush()
		blob("bomb", gzip.compress(header("big", size=300 << 20), mtime=0) + bomb)
		blob("behind", gzip.compress(t + b"secret", mtime=0), t)
	P
	unpack_fails 'layer 1 .*gzip: it is cut off' "$T/cut"
	unpack_fails 'layer 1 .*gzip: ' "$T/crc"
	unpack_fails 'layer 1 .*gzip: ' "$T/trailing"
	unpack_fails 'layer 1 .*packed with xz' "$T/xz"
	unpack_fails 'layer 1 .*no tar' "$T/text"
	unpack_fails 'layer 1 .*(more than 1000 bytes come out|not what its d)' "$T/bomb"
	unpack_fails 'not what its diff_id says' "$T/behind"
	unpack "$T/members"
}

test_image__V48_devices_and_attributes() {
	image <<-'P'
		layout("img", [[E("f", xattrs={"trusted.overlay.opaque": "y", "trusted.overlay.redirect": "/etc", "trusted.overlay.metacopy": "", "user.overlay.redirect": "/x", "user.overlay.opaque": "y",
			"security.selinux": "system_u:object_r:etc_t:s0", "system.nfs4_acl": "x", "trusted.x": "y", "user.good": "1"}), D("d", xattrs={"trusted.overlay.opaque": "y", "user.overlay.opaque": "y"})]])
		layout("zero", [[E("z", type=b"3", major=0, minor=0)]])
	P
	unpack "$T/img"
	expect_eq "$(getfattr -d -m - --absolute-names "$(fs 1)/f" "$(fs 1)/d" | grep -v '^#\|^$')" 'user.good="1"'
	rm -rf "$STORE"
	unpack_fails 'entry z: a device 0:0' "$T/zero"
}

test_image__V49_limits_of_the_format() {
	image <<-'P'
		def one(name, *entries): layout(name, [list(entries)])
		one("component", E("n" * 256)); one("path", E("/".join(["x" * 200] * 25))); one("deep", E("d/" * 300 + "f"))
		one("id", E("a", pax={"uid": "4294967295"})); one("minus", E("a", pax={"gid": "-1"})); one("notnum", E("a", pax={"size": "12x"})); one("neg", E("a", pax={"size": "-12"}))
		one("sparse", E("a", pax={"GNU.sparse.major": "1"})); one("oldsparse", E("a", type=b"S")); one("type", E("a", type=b"Q")); one("nolink", L("a", ""))
		one("dotwh", E(".wh.")); one("whdot", E(".wh..")); one("whdots", E(".wh...")); one("whdir", E(".wh.x/y")); one("wwh", H("h", "w"), E(".wh.w")); one("under", E("f"), E("f/g"))
		one("xname", E("a", xattrs={"user." + "n" * 300: "x"})); one("xbig", E("a", xattrs={"user.x": "x" * 70000})); one("xmany", E("a", xattrs={"user.%d" % i: "x" for i in range(70)}))
		one("paxbig", header("p", b"x", size=2 << 20) + b"\0" * (2 << 20), E("a")); one("paxlen", header("p", b"x", size=20) + pad(b"999 path=x\n"), E("a")); one("paxnokey", header("p", b"x", size=8) + pad(b"8 =abcd\n"), E("a"))
		one("paxtwo", pax(path="a"), pax(path="b"), E("c")); one("paxnul", pax(path=b"a\0b"), E("c"))
		bad = bytearray(E("a")); bad[150] ^= 1; one("sum", bytes(bad)); one("sizebits", header("a")[:124] + b"\x80" + b"\xff" * 11 + header("a")[136:]); one("octal", E("a")[:100] + b"99x" + E("a")[103:])
		layout("lone", [E("a") + b"\0" * 512 + E("b") + b"\0" * 1024]); layout("cutdata", [E("a", "x" * 2000)[:1000]]); layout("cuthead", [E("a")[:300]]); layout("noend", [E("a", "x")])
		one("hardloop", H("h", "h")); layout("loop", [[L("a", "b"), L("b", "a"), E("a/x")]]); one("device", E("d", type=b"3", major=99999, minor=1)); one("empty", b"")
	P
	unpack_fails 'entry nnn.*file name too long' "$T/component"
	unpack_fails 'longer than any path' "$T/path"
	unpack_fails 'more than 200 parts' "$T/deep"
	for i in id minus; do unpack_fails 'entry a: its owner is no number' "$T/$i"; done
	for i in notnum neg; do unpack_fails 'the record size says' "$T/$i"; done
	for i in sparse oldsparse; do unpack_fails 'a sparse file' "$T/$i"; done
	unpack_fails "entry a: an entry of type 'Q'" "$T/type"
	unpack_fails 'entry a: a link to nothing' "$T/nolink"
	for i in dotwh whdot whdots; do unpack_fails 'a whiteout of "' "$T/$i"; done
	unpack_fails 'a directory with the name of a whiteout' "$T/whdir"
	unpack_fails 'entry h: a hard link to w, which is neither' "$T/wwh"
	unpack_fails 'entry f/g: f is no directory' "$T/under"
	for i in xname xbig; do unpack_fails 'attribute that no file system takes' "$T/$i"; done
	unpack_fails 'too many extended attributes' "$T/xmany"
	unpack_fails 'a header of more than a MiB' "$T/paxbig"
	unpack_fails 'pax record without its length' "$T/paxlen"
	unpack_fails 'pax record without a key' "$T/paxnokey"
	unpack_fails 'two pax headers' "$T/paxtwo"
	unpack_fails 'the record path says' "$T/paxnul"
	unpack_fails "header's checksum is wrong" "$T/sum"
	unpack_fails "(size that is no number|checksum)" "$T/sizebits"
	unpack_fails "(checksum|no number)" "$T/octal"
	unpack_fails 'something behind its end' "$T/lone"
	for i in cutdata cuthead; do unpack_fails 'it is cut off' "$T/$i"; done
	unpack_fails 'entry h: a hard link to h, which is neither' "$T/hardloop"
	unpack_fails 'too many (levels of )?symbolic links' "$T/loop"
	unpack_fails 'its device is no number' "$T/device"
	unpack "$T/noend"
	unpack "$T/empty"
}
