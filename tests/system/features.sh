# features: F180-F188, C090, C216.
# shellcheck shell=bash

test_features__is_valid_by_the_specifications_schema_F180() {
	python3 -c 'import jsonschema' 2>/dev/null || skip "python3-jsonschema is missing"
	run_ok features
	python3 - "$T/out" "$top/tests/data/schema" <<-'P'
		import json, os, sys, warnings
		warnings.simplefilter("ignore")
		import jsonschema
		d = sys.argv[2]
		load = lambda f: json.load(open(os.path.join(d, f)))
		schema = load("features-schema.json")
		store = {"file://%s/%s" % (d, f): load(f) for f in os.listdir(d) if f.endswith(".json")}
		resolver = jsonschema.RefResolver("file://%s/features-schema.json" % d, schema, store=store)
		jsonschema.Draft4Validator(schema, resolver=resolver).validate(json.load(open(sys.argv[1])))
	P
}

# same_as_schema FILTER DEFINITION: the list of `features` is the enumeration of the specification's schema.
same_as_schema() {
	expect_eq "$(jq -c "$1 | sort" <<<"$OUT")" \
		"$(jq -c ".definitions.$2.enum | sort" "$top/tests/data/schema/defs-linux.json")" "$1"
}

# true_of FILTER
true_of() { jq -e "$1" <<<"$OUT" >/dev/null || fail "not so: $1"; }

test_features__versions_F180() {
	run_ok features
	true_of '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0"'
}

test_features__hooks_and_mount_options_are_those_of_the_specification_F181() {
	run_ok features
	true_of '(.hooks | sort) == ["createContainer","createRuntime","poststart","poststop","prestart","startContainer"]'
	# config.md "Linux mount options", all of them.
	true_of '("async atime bind defaults dev diratime dirsync exec idmap iversion lazytime loud mand noatime nodev nodiratime
		noexec noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime
		relatime remount rexec ridmap rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro
		rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave
		strictatime suid symfollow sync tmpcopyup unbindable" | [splits("[ \n\t]+")]) - .mountOptions == []'
}

test_features__namespaces_and_capabilities_F182() {
	run_ok features
	same_as_schema .linux.namespaces NamespaceType
	true_of '.linux.capabilities | (unique | length) == length and all(test("^CAP_[A-Z_]+$")) and index("CAP_CHECKPOINT_RESTORE")'
	# As many as the kernel has.
	true_of "(.linux.capabilities | length) > $(</proc/sys/kernel/cap_last_cap)"
}

test_features__groups_F183() {
	run_ok features
	true_of '.linux.cgroup == {"v1":true,"v2":true,"systemd":true,"systemdUser":true,"rdma":true}'
}

test_features__seccomp_F184() {
	run_ok features
	true_of .linux.seccomp.enabled
	same_as_schema .linux.seccomp.actions SeccompAction
	same_as_schema .linux.seccomp.operators SeccompOperators
	same_as_schema .linux.seccomp.archs SeccompArch
	same_as_schema .linux.seccomp.knownFlags SeccompFlag
	# What the kernel has of them: TSYNC since 3.17, LOG since 4.14, SPEC_ALLOW since 4.17.
	true_of '.linux.seccomp | .supportedFlags - .knownFlags == [] and
		(["TSYNC","LOG","SPEC_ALLOW"] | map("SECCOMP_FILTER_FLAG_" + .)) - .supportedFlags == []'
}

test_features__labels_and_resctrl_F185() {
	run_ok features
	true_of '.linux | .apparmor.enabled and .selinux.enabled and .intelRdt == {"enabled":true,"schemata":true,"monitoring":true}'
}

test_features__memory_policies_devices_of_the_network_and_idmaps_F186() {
	run_ok features
	same_as_schema .linux.memoryPolicy.modes MemoryPolicyMode
	same_as_schema .linux.memoryPolicy.flags MemoryPolicyFlag
	true_of '.linux | .mountExtensions.idmap.enabled and .netDevices.enabled'
}

test_features__annotations_F187_F188() {
	run_ok features
	true_of '.annotations["io.github.seccomp.libseccomp.version"] | test("^2[.][0-9]+[.][0-9]+$")'
	true_of ".annotations[\"org.crun-lite.version\"] == \"$(rt --version | sed -n 's/^crun-lite version //p')\""
	true_of ".annotations[\"org.crun-lite.commit\"] == \"$(rt --version | sed -n 's/^commit: //p')\""
	true_of '.annotations["org.crun-lite.checkpoint.enabled"] == "false"'
	true_of '.potentiallyUnsafeConfigAnnotations == ["org.crun-lite.","org.systemd.property.","run.oci."]'
}

test_features__every_mount_option_that_is_named_is_taken_F181() {
	run_ok features
	# A mount for each; those that need more than a bind of anything are tried elsewhere.
	jq -c --slurpfile f "$T/out" '.mounts += [$f[0].mountOptions - ["remount","idmap","ridmap","tmpcopyup","copy-symlink","src-nofollow","dest-nofollow"]
		| to_entries[] | {"destination":"/mnt/\(.key)","type":"bind","source":"/tmp","options":["rbind",.value]}]' "$B/config.json" >"$T/c.json"
	[ "$(jq '.mounts | length' "$T/c.json")" -gt 60 ] || fail "$(jq -c .mounts "$T/c.json")"
	# What is not, the place in the file names.
	run_ok plan --config "$T/c.json" "$B"
}

test_features__takes_no_argument_C090() {
	run_fails 'too many arguments' features x
}
