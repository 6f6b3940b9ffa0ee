# Images that are refused: each by one sentence that names the image, the layer and the entry, with nothing done (V44, V47, V49).
# shellcheck shell=bash
. "$here/images.lib"

# refused REGEX [ARG...]: of `unpack`, into a bundle that is not made then
refused() {
	local re=$1
	shift
	run_fails "crun-lite: unpack ${1//[.]/[.]}.*$re" unpack --store "$STORE" -q --no-sync "$@" "$T/bundle-of-refused"
	expect_no_file "$T/bundle-of-refused"
	[ ! -e "$STORE" ] || expect_eq "$(ls -A "$STORE/tmp" "$STORE/images" "$STORE/layers" "$STORE/containers" | tr -d '\n')" \
		"$STORE/containers:$STORE/images:$STORE/layers:$STORE/tmp:" "what is left in the store"
}

# each IMAGES: lines "DIR REGEX", of images that were made
each() {
	local line lines
	mapfile -t lines
	[ ${#lines[@]} != 0 ] || fail "there are none"
	for line in "${lines[@]}"; do refused "${line#* }" "$T/${line%% *}"; done
}

test_image_refusals__a_configuration_of_the_wrong_types() {
	image <<-'P'
		def one(name, config, **top):
		    def f(m, c):
		        c["config"] = config; c.update(top)
		    layout(name, [[E("a")]], change=f)
		one("entry", {"Entrypoint": "/bin/sh"}); one("cmd", {"Cmd": ["a", 5]}); one("env", {"Env": {"A": "b"}}); one("envnul", {"Env": ["A=\0"]}); one("argnul", {"Cmd": ["sh", "a\0b"]})
		one("user", {"User": 1000}); one("usernul", {"User": "root\0x"}); one("cwd", {"WorkingDir": ["/"]}); one("labels", {"Labels": ["a"]}); one("label", {"Labels": {"a": 1}}); one("volumes", {"Volumes": ["/x"]})
		one("ports", {"ExposedPorts": "80"}); one("stop", {"StopSignal": 9}); one("list", ["a"]); one("text", "a"); one("cwdnul", {"WorkingDir": "/\0x"})
		one("cwdrel", {"WorkingDir": "app"}); one("cwdup", {"WorkingDir": "../x"}); one("manyvolumes", {"Volumes": {"/%d" % i: {} for i in range(1001)}})
		one("rootfs", {}, rootfs={"type": "layers"}); one("rootfstype", {}, rootfs={"type": "squashfs", "diff_ids": []}); one("rootfslist", {}, rootfs=[]); one("os", {}, os=5); one("osgone", {}, os=None)
		one("null", None); one("nulls", {k: None for k in ["User", "Env", "Entrypoint", "Cmd", "WorkingDir", "Labels", "Volumes", "ExposedPorts", "StopSignal"]})
	P
	each <<-'R'
		entry its configuration's Entrypoint is no list
		cmd its configuration's Cmd .*no text
		env its configuration's Env is no list
		envnul its configuration's Env .*no text
		argnul its configuration's Cmd .*no text
		user its configuration's User is no text
		usernul its configuration's User is no text
		cwd its configuration's WorkingDir is no text
		cwdnul its configuration's WorkingDir is no text
		labels its configuration's Labels is no object
		label its configuration's Labels .*no text
		volumes its configuration's Volumes is no object
		ports its configuration's ExposedPorts is no object
		stop its configuration's StopSignal is no text
		list its configuration's config is no object
		text its configuration's config is no object
		rootfs no rootfs of layers
		rootfstype no rootfs of layers
		rootfslist no rootfs of layers
		cwdrel its configuration's WorkingDir app is no absolute path
		cwdup its configuration's WorkingDir ../x is no absolute path
		manyvolumes its configuration has more than 1000 Volumes
		os is for /
		osgone is for /
	R
	unpack "$T/null"
	unpack "$T/nulls" "$T/b"
	expect_eq "$(jq -c .process.args "$T/b/config.json")" '["/bin/sh"]'
}

test_image_refusals__manifests_and_indexes_that_contradict_themselves() {
	image <<-'P'
		good = [[E("a")]]
		def man(name, **kw): layout(name, good, change=lambda m, c: m.update(kw))
		man("typeindex", mediaType="application/vnd.oci.image.index.v1+json"); man("typelayer", mediaType="application/vnd.oci.image.layer.v1.tar"); man("typenum", mediaType=5)
		man("layersobj", layers={}); man("layersnull", layers=None); man("layersnum", layers=[5]); man("layersnested", layers=[[]]); man("confnull", config=None); man("confstr", config="sha256:" + "0" * 64)
		def layer(name, **kw): layout(name, good, change=lambda m, c: m["layers"][0].update(kw))
		layer("dignum", digest=5); layer("digspace", digest=" sha256:" + "0" * 64); layer("dignl", digest="sha256:" + "0" * 64 + "\n"); layer("digslash", digest="sha256:" + "0" * 63 + "/"); layer("digalgo", digest="md5:" + "0" * 32)
		layer("digbare", digest="0" * 64); layer("digempty", digest=""); layer("digplus", digest="sha256+b64u:" + "0" * 64); layer("sizestr", size="10"); layer("sizeexp", size=1e30); layer("sizezero", size=0); layer("nosize", size=None); layer("mtnull", mediaType=None)
		def raw(name, text): man(name); write(name + "/index.json", text(json.load(open(name + "/index.json"))["manifests"][0]))
		raw("twice", lambda d: '{"schemaVersion":2,"manifests":[],"manifests":[%s]}' % json.dumps(d)); raw("manobj", lambda d: json.dumps({"manifests": d})); raw("indexlayers", lambda d: json.dumps({"manifests": [d], "layers": []}))
		raw("values", lambda d: "{\"x\":[" + "[]," * 600000 + "[]]}")
		raw("garbage", lambda d: json.dumps({"manifests": [d]}) + "x"); raw("deep", lambda d: "[" * 1000); raw("empty", lambda d: ""); raw("nul", lambda d: json.dumps({"manifests": [d]}) + "\0"); raw("bom", lambda d: "\ufeff{}"); raw("text", lambda d: '"x"')
		raw("indextype", lambda d: json.dumps({"mediaType": "application/vnd.oci.image.manifest.v1+json", "manifests": [d]})); raw("none", lambda d: json.dumps({"manifests": []})); raw("self", lambda d: json.dumps({"manifests": [dict(d, mediaType="application/vnd.oci.image.index.v1+json")]}))
		raw("dsize", lambda d: json.dumps({"manifests": [dict(d, size=d["size"] + 1)]})); raw("bad", lambda d: json.dumps({"manifests": [5, "x", None, dict(d, digest=7)]})); raw("big", lambda d: json.dumps({"manifests": [d], "x": "y" * (5 << 20)}))
		layout("many", [[]] * 501)
		os.makedirs("fifo"); layout("fifo", good); os.remove("fifo/index.json"); os.mkfifo("fifo/index.json")
		layout("dirblob", good); l = json.load(open("dirblob/blobs/sha256/" + json.load(open("dirblob/index.json"))["manifests"][0]["digest"][7:]))["layers"][0]["digest"][7:]; os.remove("dirblob/blobs/sha256/" + l); os.mkdir("dirblob/blobs/sha256/" + l)
		layout("fifoblob", good); os.remove("fifoblob/blobs/sha256/" + l); os.mkfifo("fifoblob/blobs/sha256/" + l)
	P
	each <<-'R'
		typeindex the manifest.* type .*index
		typelayer the manifest.* type .*layer
		typenum the manifest.* type
		layersobj the manifest has no layers
		layersnull the manifest has no layers
		layersnum layer 1 is of the type
		layersnested layer 1 is of the type
		confnull configuration is of the type
		confstr configuration is of the type
		dignum layer 1: "" is no digest
		digspace layer 1: .*no digest
		dignl layer 1: .*no digest
		digslash layer 1: .*no digest
		digalgo layer 1: .*no digest
		digbare layer 1: .*no digest
		digempty layer 1: .*no digest
		digplus layer 1: .*no digest
		sizestr layer 1 has no size
		sizeexp layer 1 has the size 1e
		sizezero layer 1 .*has [0-9]+ bytes, and not the 0
		nosize layer 1 has no size
		mtnull layer 1 is of the type
		twice index.json.*manifests
		manobj index has no manifests
		indexlayers index has both
		garbage index.json
		values index.json has more than 400000 values
		deep index.json
		empty index.json
		nul index.json
		bom index.json
		text index has no manifests
		indextype the index.* type .*manifest
		none no image for
		self the index has no manifests
		dsize manifest has [0-9]+ bytes, and not
		bad "" is no digest
		big read index.json, [0-9]+ bytes
		many more than 500 layers
		fifo index.json is no regular file|neither index.json
		dirblob layer 1 .*is no regular file
		fifoblob layer 1 .*is no regular file
	R
}

test_image_refusals__archives_of_dockers_that_are_not_what_they_say() {
	image <<-'P'
		conf = lambda *ids: b(json.dumps({"os": "linux", "architecture": ARCH, "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + i for i in ids]}}))
		l = tar([E("a", "x")])
		def one(name, manifest, *entries): write(name, tar(list(entries) + [E("manifest.json", manifest if isinstance(manifest, bytes) else json.dumps(manifest))]))
		m = lambda *layers, **kw: [dict({"Config": "c.json", "RepoTags": ["x:1"], "Layers": list(layers)}, **kw)]
		c = E("c.json", conf(sha(l)))
		one("obj", {}, c); one("none", [], c); one("nums", [5], c); one("noconfig", [{"Layers": []}], c); one("gone", m("l.tar"), c); one("confgone", m("l.tar", Config="no"), c); one("layersnum", m(5), c, E("l.tar", l)); one("nolayers", [{"Config": "c.json"}], c)
		one("count", m("l.tar", "l.tar"), c, E("l.tar", l)); one("other", m("l.tar"), c, E("l.tar", tar([E("b")]))); one("up", m("../../../../../../etc/passwd"), c); one("abs", m("/etc/passwd"), c); one("loop", m("a"), c, L("a", "b"), L("b", "a"))
		one("outside", m("a"), c, L("a", "../../../etc/passwd")); one("abslink", m("a"), c, L("a", "/etc/passwd")); one("hard", m("a"), c, H("a", "/etc/passwd")); one("json", b"{", c); one("dir", m("d"), c, D("d"))
		one("lying", m("l.tar", Config="0" * 64 + ".json"), E("0" * 64 + ".json", conf(sha(l))), E("l.tar", l)); one("garbled", m("l.tar"), c, E("l.tar", l[:700]))
		write("cut", open("gone", "rb").read()[:-1800]); write("cutdata", tar([E("manifest.json", json.dumps(m("l.tar"))), c]) [:-1024] + E("l.tar", l)[:700]); one("ok", m("l.tar"), c, E("l.tar", l))
		write("twice", tar([E("manifest.json", "[]"), c, E("l.tar", l), E("manifest.json", json.dumps(m("l.tar")))]))
		os.makedirs("folder"); write("folder/manifest.json", json.dumps(m("../l.tar"))); write("folder/c.json", conf(sha(l))); write("l.tar", l)
	P
	each <<-'R'
		obj manifest.json is no list
		none manifest.json is no list
		nums no Config
		noconfig no Config
		gone layer 1 .*find l.tar in the archive
		confgone find no in the archive
		layersnum layer 1 in manifest.json is no name
		nolayers no Layers
		count 1 diff_ids for 2 layers
		other layer 1 .*not what its diff_id says
		up layer 1 .*find ../../../../../../etc/passwd
		abs layer 1 .*find /etc/passwd
		loop layer 1 .*find a .*too many
		outside layer 1 .*find a
		abslink layer 1 .*find a
		hard layer 1 .*find a
		json manifest.json
		dir layer 1 .*find d
		lying not what its name says
		garbled layer 1 .*(cut off|no tar)
		cut (cut off|no tar)
		cutdata (cut off|no tar)
		folder layer 1 .*l.tar
		twice manifest.json is in the archive twice
	R
	unpack "$T/ok"
}

test_image_refusals__users_and_their_files() {
	image <<-'P'
		def one(name, user, *entries, **kw): layout(name, [[D("etc")] + list(entries)] + kw.get("more", []), {"User": user})
		ok = E("etc/passwd", "root:x:0:0:::\nwww:x:33:33:::\n")
		one("fifo", "www", E("etc/passwd", type=b"6")); one("zero", "www", E("etc/passwd", type=b"3", major=1, minor=5)); one("dir", "www", D("etc/passwd")); one("group", "www:x", ok, E("etc/group", type=b"6")); one("big", "www", E("etc/passwd", "x" * (2 << 20)))
		one("gone", "www", ok, more=[[D("etc"), E("etc/.wh.passwd")]]); one("opaque", "www", ok, more=[[D("etc"), E("etc/.wh..wh..opq")]]); one("rootopaque", "www", ok, more=[[E(".wh..wh..opq"), D("etc")]]); one("loop", "www", L("etc/passwd", "passwd")); one("outside", "www", L("etc/passwd", "/proc/self/root/etc/passwd"))
		one("many", "www", E("etc/passwd", "www:x:1:1:::\n"), E("etc/group", "".join("g%d:x:%d:www\n" % (i, i + 10) for i in range(100)))); one("colon", ":5", ok); one("colons", "www:5:6", ok); one("neg", "-1", ok); one("hex", "0x10", ok); one("plus", "+5", ok); one("space", " www", ok)
	P
	each <<-'R'
		fifo etc/passwd is no file
		zero etc/passwd is no file
		dir etc/passwd is no file
		group etc/group is no file
		big etc/passwd is too large
		gone User www is not in its etc/passwd
		opaque User www is not in its etc/passwd
		rootopaque User www is not in its etc/passwd
		loop etc/passwd: .*too many
		outside User www is not in its etc/passwd
		many more than 64 groups
		colon is not in its etc/passwd
		colons is not in its etc/group
		neg is not in its etc/passwd
		hex is not in its etc/passwd
		plus is not in its etc/passwd
		space is not in its etc/passwd
	R
}

# Each says which image, which layer and which entry.
test_image_refusals__what_is_wrong_with_an_entry_names_the_layer_and_the_entry() {
	image <<-'P'
		def one(name, *entries): layout(name, [[E("first")], list(entries)])
		one("up", E("ok"), E("x/../../y")); one("fileparent", E("f"), E("f/g")); one("type", E("t", type=b"Z")); one("owner", E("o", pax={"uid": "99999999999"})); one("dev", E("zero", type=b"3")); one("wh", E("d/.wh.")); one("link", H("d/h", "nowhere")); one("sym", L("s", ""))
		one("long", E("n" * 256)); one("cut", E("c", "x" * 3000)[:1200]); one("root", L("./", "/")); one("sparse", E("sp", type=b"S")); one("xattr", E("x", xattrs={"user." + "n" * 300: ""})); one("data", E("d/", b"x" * 512)); one("loop", L("l", "l"), E("l/x")); one("sum", E("good"), b"\1" * 512)
	P
	each <<-'R'
		up layer 2 \([0-9a-f]{12}\): entry x/\.\./\.\./y: .*leads upwards
		fileparent layer 2 \([0-9a-f]{12}\): entry f/g: f is no directory
		type layer 2 \([0-9a-f]{12}\): entry t: an entry of type 'Z'
		owner layer 2 \([0-9a-f]{12}\): entry o: its owner is no number
		dev layer 2 \([0-9a-f]{12}\): entry zero: a device 0:0
		wh layer 2 \([0-9a-f]{12}\): entry d/.wh.: a whiteout of ""
		link layer 2 \([0-9a-f]{12}\): entry d/h: a hard link to nowhere
		sym layer 2 \([0-9a-f]{12}\): entry s: a link to nothing
		long layer 2 \([0-9a-f]{12}\): entry nnn.*file name too long
		cut layer 2 \([0-9a-f]{12}\): entry c: .*cut off
		root layer 2 \([0-9a-f]{12}\): entry ./: the root of a layer must be a directory
		sparse layer 2 \([0-9a-f]{12}\): entry sp: a sparse file
		xattr layer 2 \([0-9a-f]{12}\): .*extended attribute
		data layer 2 \([0-9a-f]{12}\): entry d/: data of an entry
		loop layer 2 \([0-9a-f]{12}\): entry l/x: .*too many
		sum layer 2 \([0-9a-f]{12}\): .*checksum
	R
}

# What was in the store before is there afterwards, to the last attribute.
test_image_refusals__leave_a_store_that_has_something_as_it_was() {
	image <<-'P'
		base = [E("base", os.urandom(9999))]
		layout("good", [base], {"Cmd": ["x"]})
		layout("badtop", [base, [E("../x")]]); layout("baduser", [base, [E("y")]], {"User": "none"}); layout("baddiff", [base, [E("z")]], change=lambda m, c: c["rootfs"]["diff_ids"].reverse())
	P
	unpack "$T/good"
	tree "$STORE" >"$T/before"
	for i in badtop baduser baddiff; do
		run_fails "unpack $T/$i: " unpack --store "$STORE" -q --no-sync "$T/$i" "$T/made"
		# tmp's own time may have changed.
		diff <(sed '/^tmp d /d' "$T/before") <(tree "$STORE" | sed '/^tmp d /d') || fail "$i changed the store"
		expect_no_file "$T/made"
	done
	# A directory that was there stays.
	mkdir made
	run_fails "unpack $T/badtop: " unpack --store "$STORE" -q "$T/badtop" "$T/made"
	expect_file "$T/made"
}

# Of a layer whose diff_id is known the digest says more; of a root file system nothing else does.
test_image_refusals__a_root_file_system_whose_gzip_has_another_checksum() {
	image <<-'P'
		packed = bytearray(gzip.compress(tar([E("f", "x" * 5000)])))
		write("right.tar.gz", bytes(packed))
		packed[-8] ^= 1
		write("wrong.tar.gz", bytes(packed))
	P
	unpack "$T/right.tar.gz"
	rm -rf "$STORE"
	unpack_fails "gzip: .*(checksum|data check)" "$T/wrong.tar.gz"
}
