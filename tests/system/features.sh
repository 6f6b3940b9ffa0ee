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

test_features__names_everything_that_there_is_F181_F188() {
	run_ok features
	jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0"
		and (.hooks | sort) == ["createContainer","createRuntime","poststart","poststop","prestart","startContainer"]
		and ([.mountOptions[] | select(. == ("bind","rbind","ro","rro","idmap","ridmap","tmpcopyup","nosymfollow","rshared"))] | length) == 9
		and (.linux.namespaces | sort) == ["cgroup","ipc","mount","network","pid","time","user","uts"]
		and (.linux.capabilities | index("CAP_CHECKPOINT_RESTORE") != null and length >= 41)
		and .linux.cgroup == {"v1":true,"v2":true,"systemd":true,"systemdUser":true,"rdma":true}
		and .linux.seccomp.enabled and (.linux.seccomp.actions | index("SCMP_ACT_NOTIFY") != null)
		and (.linux.seccomp.operators | length) == 7 and (.linux.seccomp.archs | index("SCMP_ARCH_X86_64") != null)
		and (.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags) == []
		and (.linux.seccomp.supportedFlags | index("SECCOMP_FILTER_FLAG_TSYNC") != null)
		and .linux.apparmor.enabled and .linux.selinux.enabled and .linux.intelRdt == {"enabled":true,"schemata":true,"monitoring":true}
		and (.linux.memoryPolicy.modes | index("MPOL_INTERLEAVE") != null) and (.linux.memoryPolicy.flags | length) >= 2
		and .linux.mountExtensions.idmap.enabled and .linux.netDevices.enabled
		and (.annotations["io.github.seccomp.libseccomp.version"] | test("^2\\."))
		and (.annotations["org.crun-lite.version"] | length) > 0
		and .potentiallyUnsafeConfigAnnotations == ["org.crun-lite.","org.systemd.property."]' <<<"$OUT" >/dev/null || fail "something is missing"
}

test_features__every_mount_option_that_is_named_is_taken_F181() {
	local o
	for o in $(rt features | jq -r '.mountOptions[]'); do
		case $o in remount | idmap | ridmap | tmpcopyup | copy-symlink | *nofollow) continue ;; esac
		jq -c --arg o "$o" '.mounts += [{"destination":"/mnt","type":"bind","source":"/tmp","options":["rbind",$o]}]' "$B/config.json" >"$T/c.json"
		capture rt plan --config "$T/c.json" "$B"
		[ "$RC" = 0 ] || fail "option $o"
	done
}

test_features__takes_no_argument_C090() {
	run_fails 'too many arguments' features x
}
