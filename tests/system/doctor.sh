# doctor: what a machine can do is tried, and what it cannot comes with what it costs and the way out.
# shellcheck shell=bash

# doctor [ARG...]: its report as JSON in OUT; RC
doctor() {
	capture rt doctor --json "$@"
	[ -z "$ERR" ] || fail "doctor wrote to stderr"
}

# verdict AREA NAME: ok, note, limited or broken
verdict() { jq -r --arg a "$1" --arg n "$2" '.checks[] | select(.area == $a and .name == $n).verdict' <<<"$OUT"; }

# says AREA NAME REGEX: in its remedy
says() {
	local text
	text=$(jq -r --arg a "$1" --arg n "$2" '.checks[] | select(.area == $a and .name == $n).remedy // ""' <<<"$OUT")
	[[ $text =~ $3 ]] || fail "the remedy of $1 $2 does not match \"$3\": $text"
}

test_doctor__says_that_containers_run_where_these_tests_do() {
	doctor
	expect_eq "$RC" 0
	expect_eq "$(jq .containersRun <<<"$OUT")" true
	expect_eq "$(jq '[.checks[] | select(.verdict == "broken")] | length' <<<"$OUT")" 0
	expect_eq "$(verdict namespaces mount)" ok
	expect_eq "$(jq -c '[.checks[].area] | unique' <<<"$OUT")" \
		'["cgroups","kernel","mounts","namespaces","network","programs","security","users"]'
}

test_doctor__what_is_missing_comes_with_what_it_costs() {
	local rows='[.checks[] | select((.verdict == "limited" or .verdict == "broken") and (.consequence // "") == "") | .name]'
	doctor
	expect_eq "$(jq -c "$rows" <<<"$OUT")" '[]'
	capture setpriv --reuid 42424 --regid 42424 --clear-groups "$RUNTIME" doctor --json
	expect_eq "$(jq -c "$rows" <<<"$OUT")" '[]'
}

test_doctor__the_table_has_the_same_rows_and_no_escape_where_there_is_no_terminal() {
	local rows
	doctor
	rows=$(jq '.checks | length' <<<"$OUT")
	run_ok doctor
	expect_eq "$(grep -cE ' (ok|note|limited|broken)  ' <<<"$OUT")" "$rows"
	[[ $OUT != *$'\033'* ]] || fail "an escape sequence in a file"
	[[ ${OUT##*$'\n'} == "containers can run: "* ]] || fail "the last line is no summary"
}

test_doctor__user_namespaces_that_are_used_up() {
	capture unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" doctor --json' "$RUNTIME"
	expect_eq "$RC" 0
	expect_eq "$(verdict namespaces user)" limited
	says namespaces user 'sysctl -w user.max_user_namespaces='
}

test_doctor__an_ordinary_user_without_user_namespaces_runs_nothing() {
	capture unshare --user --map-root-user sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin --inh-caps=-all --no-new-privs "$0" doctor --json' "$RUNTIME"
	expect_eq "$(verdict namespaces user)" broken
	expect_eq "$RC" 1
	expect_eq "$(jq .containersRun <<<"$OUT")" false
}

test_doctor__a_limit_of_namespaces_names_its_sysctl() {
	capture unshare --user --map-root-user sh -c 'echo 0 >/proc/sys/user/max_ipc_namespaces; exec "$0" doctor --json' "$RUNTIME"
	expect_eq "$(verdict namespaces ipc)" limited
	says namespaces ipc 'sysctl -w user.max_ipc_namespaces='
	expect_eq "$(verdict namespaces uts)" ok
}

test_doctor__a_covered_proc_is_found() {
	capture unshare --user --map-root-user --mount sh -c 'mount -t tmpfs none /proc/sys/kernel && exec "$0" doctor --json' "$RUNTIME"
	expect_eq "$(verdict mounts procfs)" limited
	says mounts procfs 'unmask=ALL'
}

test_doctor__no_new_privs_is_told_an_ordinary_user() {
	capture setpriv --reuid 42424 --regid 42424 --clear-groups --no-new-privs "$RUNTIME" doctor --json
	expect_eq "$(verdict security privileges)" limited
	expect_eq "$(verdict security caller)" ok
}

test_doctor__ids_of_an_ordinary_user() {
	capture setpriv --reuid 42424 --regid 42424 --clear-groups "$RUNTIME" doctor --json
	expect_eq "$(verdict users 'subordinate uids')" limited
	says users 'subordinate uids' 'usermod --add-subuids'
	expect_eq "$(verdict 'network' bridges)" note
}

# A filter as an outer container has it, which answers "no such call".
test_doctor__calls_that_a_filter_from_outside_hides() {
	config '.mounts += [{destination: "/crun-lite", type: "bind", source: $runtime, options: ["bind", "ro"]}]
		| .process.args = ["/crun-lite", "doctor", "--json"]
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls:
			[{names: ["openat2", "mount_setattr"], action: "SCMP_ACT_ERRNO", errnoRet: 38}]}' --arg runtime "$RUNTIME"
	config '.root.readonly = false'
	own_rootfs
	: >"$R/crun-lite"
	capture rt run -b "$B" "$ID"
	expect_eq "$RC" 1
	expect_eq "$(verdict kernel 'system calls')" broken
	expect_eq "$(jq -r '.checks[] | select(.name == "system calls").found' <<<"$OUT")" 'not there: openat2, mount_setattr'
	says kernel 'system calls' 'seccomp'
	expect_eq "$(verdict security 'filter from outside')" note
}

test_doctor__an_engine_that_is_not_set_up_and_one_that_is() {
	mkdir -p "$T/config/containers/containers.conf.d"
	capture env XDG_CONFIG_HOME="$T/config" "$RUNTIME" doctor --engine podman --json
	if [ "$(verdict engine configuration)" = limited ]; then    # this machine's own podman may be set up
		says engine configuration 'crun-lite.conf goes to /etc/containers/containers.conf.d'
		printf '[engine.runtimes]\n# "/not/this/crun-lite"\ncrun-lite = ["%s"]\n' "$T/none/crun-lite" \
			>"$T/config/containers/containers.conf.d/x.conf"
		capture env XDG_CONFIG_HOME="$T/config" "$RUNTIME" doctor --engine podman --json
		expect_eq "$(verdict engine configuration)" ok
		expect_eq "$(verdict engine runtime)" limited
		says engine runtime 'make install'
	fi
	for e in docker containerd; do
		doctor --engine $e
		expect_eq "$(jq '[.checks[] | select(.area == "engine")] | length' <<<"$OUT")" 4
	done
	run_fails 'podman, containerd or docker' doctor --engine emacs
}
