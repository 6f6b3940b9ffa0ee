# AppArmor and SELinux: F011, F016, F079, V10, V19.
# shellcheck shell=bash

has_apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
has_selinux() { [ -e /sys/fs/selinux/enforce ]; }

# profile NAME RULE...: loads an AppArmor profile, for as long as the test runs
profile() {
	has_apparmor || skip "this kernel runs without AppArmor"
	command -v apparmor_parser >/dev/null || skip "apparmor_parser is missing"
	local name=$1
	shift
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n%s\n}\n' "$name" "$(printf '  %s\n' "$@")" >"$T/profile"
	apparmor_parser --skip-cache --replace "$T/profile" || fail "the profile cannot be loaded"
	trap 'rc=$?; apparmor_parser --remove "$T/profile"; echo "$N $rc" >"$WORK/done"' EXIT
}

# What the container's process is confined by, whichever of the two files there is.
SHOW_PROFILE='cat /proc/self/attr/apparmor/current 2>/dev/null || cat /proc/self/attr/current'

test_labels__a_profile_confines_the_program_F011() {
	profile crun-lite-test file, capability, 'deny /etc/file r,'
	config '.process.apparmorProfile = "crun-lite-test"'
	in_container "$SHOW_PROFILE; cat /etc/file 2>&1 || echo denied; cat /etc/passwd >/dev/null && echo allowed"
	expect_line "crun-lite-test (enforce)"
	expect_line denied
	expect_line allowed
}

test_labels__a_profile_confines_from_create_on_and_with_new_privileges_allowed_F011() {
	profile crun-lite-test file, capability,
	config '.process.apparmorProfile = "crun-lite-test" | .process.noNewPrivileges = false | .process.args = ["sleep","1000"]
		| .linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW"}'
	created
	run_ok start "$ID"
	until_true grep -q crun-lite-test "/proc/$(pid_of)/attr/current"
	deleted
}

test_labels__what_exec_starts_is_confined_F011() {
	profile crun-lite-test file, capability, signal, ptrace,
	config '.process.apparmorProfile = "crun-lite-test" | .process.args = ["sleep","1000"]'
	created
	run_ok start "$ID"
	run_ok exec "$ID" sh -c "$SHOW_PROFILE"
	expect_line "crun-lite-test (enforce)"
	run_ok exec --apparmor unconfined "$ID" sh -c "$SHOW_PROFILE"
	expect_line unconfined
	deleted
}

test_labels__start_container_hooks_are_confined_and_create_container_hooks_are_not_F011() {
	profile crun-lite-test file, capability,
	config '.process.apparmorProfile = "crun-lite-test" | .mounts += [{"destination":"/vol","source":$v,"options":["bind"]}]
		| .hooks.startContainer = [{"path":"/bin/sh","args":["sh","-c","cat /proc/self/attr/current >/vol/start"]}]
		| .hooks.createContainer = [{"path":"/bin/sh","args":["sh","-c","cat /proc/self/attr/current >\($v)/create"]}]' --arg v "$T"
	run_ok run -b "$B" "$ID"
	expect_eq "$(<"$T/start")" "crun-lite-test (enforce)" "the startContainer hook's"
	expect_eq "$(<"$T/create")" unconfined "the createContainer hook's"
}

test_labels__a_profile_that_is_not_loaded_is_refused_F011_C207() {
	has_apparmor || skip "this kernel runs without AppArmor"
	config '.process.apparmorProfile = "crun-lite-none"'
	run_fails 'crun-lite-none' create -b "$B" "$ID"
	expect_match '`/proc/[a-z0-9-].+/attr.*/exec`' "$ERR"   # podman's
	[ -z "$CRUN_LITE" ] || expect_in "no such profile is loaded" "$ERR"
	[ -z "$CRUN_LITE" ] || expect_in "(/process/apparmorProfile)" "$ERR"
}

test_labels__without_apparmor_a_profile_is_refused_by_name_F011() {
	only_crun_lite
	! has_apparmor || skip "this kernel has AppArmor"
	config '.process.apparmorProfile = "docker-default"'
	run_fails 'set process.apparmorProfile to docker-default: this host has no AppArmor' run -b "$B" "$ID"
	expect_in "(/process/apparmorProfile)" "$ERR"
	run_fails 'AppArmor' create -b "$B" "$ID"
	expect_no_file "$ROOT/$ID"
}

test_labels__unconfined_and_empty_labels_ask_for_nothing_F011_F016_F079() {
	config '.process.apparmorProfile = "" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
	in_container 'echo fine'
	expect_eq "$OUT" fine
	[ -n "$CRUN_LITE" ] || return 0
	config '.process.apparmorProfile = "unconfined"'
	in_container 'echo fine'
	expect_eq "$OUT" fine
}

# The label goes to the kernel, not to what the image has at /proc.
test_labels__a_proc_of_the_images_own_gets_nothing_V10_V19() {
	only_crun_lite
	own_rootfs
	local f profile=unconfined
	! has_apparmor || ! command -v apparmor_parser >/dev/null || profile=crun-lite-test
	[ $profile = unconfined ] || profile crun-lite-test file, capability,
	for f in thread-self self self/task/1; do
		mkdir -p "$R/proc/$f/attr/apparmor"
		: >"$R/proc/$f/attr/apparmor/exec"
		: >"$R/proc/$f/attr/exec"
	done
	config '.process.apparmorProfile = $p | .process.args = ["sleep","1000"] | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .mounts |= map(select(.destination != "/proc"))' --arg p $profile
	created
	run_ok start "$ID"
	[ $profile = unconfined ] || until_true grep -q crun-lite-test "/proc/$(pid_of)/attr/current"
	deleted
	find "$R/proc" -type f -size +0 | grep . && fail "the decoy was written to"
	config '.mounts += [{"destination":"/proc","type":"tmpfs","source":"tmpfs"}]'
	run_fails 'proc' run -b "$B" "$ID"
	config '.mounts[-1] = {"destination":"/proc/self/attr","type":"tmpfs","source":"tmpfs"}'
	run_fails 'proc' run -b "$B" "$ID"
}

test_labels__without_selinux_its_labels_are_refused_by_name_F016_F079() {
	only_crun_lite
	[ ! -e /sys/fs/selinux ] || skip "this kernel has SELinux, whether a policy is loaded or not"
	config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	run_fails 'set process.selinuxLabel to system_u:system_r:container_t:s0: this host has no SELinux' run -b "$B" "$ID"
	expect_in "(/process/selinuxLabel)" "$ERR"
	config 'del(.process.selinuxLabel) | .linux.mountLabel = "system_u:object_r:container_file_t:s0"'
	run_fails 'set linux.mountLabel to .*: this host has no SELinux' run -b "$B" "$ID"
	expect_in "(/linux/mountLabel)" "$ERR"
}

test_labels__a_label_with_a_quote_is_refused_F016_F079() {
	only_crun_lite
	config '.linux.mountLabel = "a\",size=1"'
	run_fails 'mountLabel has a quotation mark' run -b "$B" "$ID"
	config 'del(.linux.mountLabel) | .process.selinuxLabel = "a\nb"'
	run_fails 'selinuxLabel has a quotation mark or a control character' run -b "$B" "$ID"
}

# With any policy: the label that we have ourselves is one that it knows.
test_labels__the_program_and_the_mounts_have_their_labels_F016_F079() {
	has_selinux || skip "this kernel runs without SELinux"
	local label files
	label=$(tr -d '\0' </proc/self/attr/current)
	files=$(stat -c %C /tmp 2>/dev/null) || :
	[[ $label == *:*:* && $files == *:*:* ]] || skip "no SELinux policy is loaded"
	config '.process.selinuxLabel = $l | .linux.mountLabel = $f' --arg l "$label" --arg f "$files"
	in_container 'tr -d "\0" </proc/self/attr/current; echo; cat /proc/self/mountinfo'
	expect_line "$label"
	mount_has /dev "context=$files"
	config '.process.selinuxLabel = "no:such:label:s0"'
	run_fails 'no:such:label' run -b "$B" "$ID"
}
