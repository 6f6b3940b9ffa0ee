# The six hooks: F140-F148.
# shellcheck shell=bash

# hook KIND SCRIPT [JQ OBJECT]: a hook of the host that runs SCRIPT by /bin/sh.
hook() {
	local f=$T/hook-$1-$((++HOOKS)).sh
	printf '#!/bin/sh\n%s\n' "$2" >"$f"       # $T/state is taken
	chmod 755 "$f"
	config '.hooks[$k] += [{"path": $f} + $o]' --arg k "$1" --arg f "$f" --argjson o "${3:-{\}}"
}
HOOKS=0

# logging KIND: a hook that notes its name in $T/log
logging() { hook "$1" "echo $1 >> $T/log"; }

test_hooks__all_six_run_in_their_order_F140_F145() {
	own_rootfs
	local k
	# createContainer runs inside but sees the host's files still; startContainer only the container's.
	for k in poststop poststart createContainer createRuntime prestart; do logging $k; done
	printf '#!/bin/sh\necho startContainer >> /vol/log\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [{"path":"/bin/hook"}]
		| .mounts += [{"destination":"/vol","source":$t,"options":["bind"]}]
		| .process.args = ["sh","-c","echo program >> /vol/log; while [ ! -e /vol/end ]; do usleep 2000; done"]' --arg t "$T"
	created
	# runc 1.1 runs poststart before the program is executed: at create.
	expect_eq "$(head -n3 "$T/log" | xargs)" "prestart createRuntime createContainer" "after create"
	[ -z "$CRUN_LITE" ] || expect_eq "$(wc -l <"$T/log")" 3 "hooks after create"
	run_ok start "$ID"
	until_true file_has program "$T/log"
	if [ -n "$CRUN_LITE" ]; then
		# poststart comes after the program was executed, before start returns: in any order with its first line.
		expect_eq "$(sed -n 4p "$T/log")" startContainer
		expect_eq "$(sed -n '5,$p' "$T/log" | sort | xargs)" "poststart program" "after start"
	fi
	: >"$T/end"
	until_true has_status stopped
	run_ok delete "$ID"
	expect_eq "$(tail -n1 "$T/log")" poststop "after delete"
}

test_hooks__none_has_a_signal_blocked_F146() {
	own_rootfs
	local k
	for k in prestart createRuntime createContainer poststart poststop; do hook $k "echo $k \$(grep SigBlk: /proc/self/status) >> $T/log"; done
	printf '#!/bin/sh\necho startContainer $(grep SigBlk: /proc/self/status) >> /vol/log\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [{"path":"/bin/hook","timeout":5}] | .hooks.createContainer += [.hooks.createContainer[0] + {"timeout":5}]
		| .mounts += [{"destination":"/vol","source":$t,"options":["bind"]}]' --arg t "$T"
	run_ok run -b "$B" "$ID"
	expect_eq "$(grep -c 'SigBlk: 0000000000000000$' "$T/log") of $(wc -l <"$T/log")" "7 of 7"
}

test_hooks__several_of_a_kind_run_in_the_listed_order_F146() {
	hook createRuntime "echo 1 >> $T/log"
	hook createRuntime "echo 2 >> $T/log"
	hook createRuntime "echo 3 >> $T/log"
	run_ok run -b "$B" "$ID"
	expect_eq "$(xargs <"$T/log")" "1 2 3"
}

test_hooks__the_state_is_on_stdin_F148() {
	local k
	config '.annotations = {"key":"va\"lue/é"} | .process.args = ["sleep","1000"]'
	for k in prestart createRuntime createContainer poststart poststop; do hook $k "cat > $T/state-$k"; done
	created
	local pid
	pid=$(pid_of)
	for k in prestart createRuntime; do
		jq -e --arg id "$ID" --arg b "$B" --argjson pid "$pid" '.id == $id and .bundle == $b and .pid == $pid
			and (.status == "creating" or .status == "created") and (.ociVersion | test("^1\\.[0-9]+\\.[0-9]+"))
			and .annotations.key == "va\"lue/é"' "$T/state-$k" >/dev/null || fail "$k: $(<"$T/state-$k")"
	done
	[ -z "$CRUN_LITE" ] || expect_eq "$(jq -r .status "$T/state-createRuntime")" creating
	jq -e --arg id "$ID" --arg b "$B" '.id == $id and .bundle == $b and .annotations.key == "va\"lue/é"' \
		"$T/state-createContainer" >/dev/null || fail "createContainer: $(<"$T/state-createContainer")"
	# In its own pid namespace it is pid 1.
	[ -z "$CRUN_LITE" ] || expect_eq "$(jq .pid "$T/state-createContainer")" 1 "pid inside"
	run_ok start "$ID"
	[ -z "$CRUN_LITE" ] || jq -e --argjson pid "$pid" '.status == "running" and .pid == $pid' "$T/state-poststart" >/dev/null ||
		fail "poststart: $(<"$T/state-poststart")"
	run_ok delete --force "$ID"
	jq -e '.status == "stopped"' "$T/state-poststop" >/dev/null || fail "poststop: $(<"$T/state-poststop")"
}

test_hooks__start_container_sees_the_state_with_its_own_pid_F143_F148() {
	own_rootfs
	printf '#!/bin/sh\ncat > /tmp/state; echo > /tmp/ran; readlink /proc/self/ns/mnt > /tmp/mnt; id -u > /tmp/uid\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [{"path":"/bin/hook","args":["hook"],"env":["PATH=/bin"]}]'
	in_container 'cat /tmp/ran && readlink /proc/self/ns/mnt'
	jq -e --arg id "$ID" '.id == $id' "$R/tmp/state" >/dev/null || fail "$(<"$R/tmp/state")"
	[ -z "$CRUN_LITE" ] || expect_eq "$(jq .pid "$R/tmp/state")" 1
	expect_eq "$(tail -n1 <<<"$OUT")" "$(<"$R/tmp/mnt")" "its mount namespace"
}

test_hooks__start_container_under_a_tiny_limit_of_files_F143() {
	only_crun_lite
	own_rootfs
	local limit nnp
	printf '#!/bin/sh\ncat >>/tmp/state\necho >>/tmp/state\nulimit -n >>/tmp/limit\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	for nnp in true false; do
		for limit in 12 3; do
			rm -f "$R/tmp/state" "$R/tmp/limit"
			config '.process.noNewPrivileges = '$nnp' | .hooks.startContainer = [{"path":"/bin/true"},{"path":"/bin/true"},{"path":"/bin/true"}]
				| .process.rlimits = [{"type":"RLIMIT_NOFILE","soft":'$limit',"hard":'$limit'}]'
			args sh -c 'ulimit -n'
			run_ok run -b "$B" "$ID"
			expect_eq "$OUT" $limit
		done
		# The state is there for each of them, and the limit is the container's.
		config '.hooks.startContainer = [{"path":"/bin/hook"},{"path":"/bin/hook"}] | .process.rlimits = [{"type":"RLIMIT_NOFILE","soft":12,"hard":12}]'
		run_ok run -b "$B" "$ID"
		expect_eq "$(jq -c '[.id, .pid]' "$R/tmp/state" | uniq -c | xargs)" "2 [$ID,1]"
		expect_eq "$(sort -u "$R/tmp/limit")" 12
	done
}

test_hooks__more_start_container_hooks_than_inputs_are_made_at_once_F143() {
	only_crun_lite
	own_rootfs
	printf '#!/bin/sh\ncat >>/tmp/state\necho >>/tmp/state\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [range(70) | {"path":"/bin/hook"}]'
	args true
	run_ok run -b "$B" "$ID"
	expect_eq "$(jq -c '[.id, .pid]' "$R/tmp/state" | uniq -c | xargs)" "70 [$ID,1]"
}

# config.md says nothing of a hook without env: the program's environment in the container, ours where the
# hook itself is the host's (as runc and crun).
test_hooks__the_environment_of_hooks_inside_F140_F143() {
	only_crun_lite
	own_rootfs
	printf '#!/bin/sh\nenv >/tmp/env\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [{"path":"/bin/hook"}] | .process.env += ["PROGRAM=its"] | .hooks.createContainer = [{"path":"/bin/sh","args":["sh","-c","env >'"$T"'/env"]}]'
	args true
	CALLER=ours run_ok run -b "$B" "$ID"
	expect_line PROGRAM=its "$(<"$R/tmp/env")"
	expect_not_in CALLER "$(<"$R/tmp/env")"
	expect_line CALLER=ours "$(<"$T/env")"
	expect_not_in PROGRAM "$(<"$T/env")"
	# With env it is that and nothing else, also if it is empty.
	config '.hooks.startContainer[0].env = [] | .hooks.createContainer[0].env = ["ONLY=this"]'
	CALLER=ours run_ok run -b "$B" "$ID"
	expect_not_in PROGRAM "$(<"$R/tmp/env")"
	expect_not_in CALLER "$(<"$T/env")"
	expect_line ONLY=this "$(<"$T/env")"
}

test_hooks__namespaces_F140_F142() {
	args sleep 1000
	local k
	for k in prestart createRuntime createContainer; do
		hook $k "{ readlink /proc/self/ns/mnt; readlink /proc/self/ns/net; } > $T/ns-$k 2>&1"
	done
	created
	local pid
	pid=$(pid_of)
	for k in prestart createRuntime; do
		expect_eq "$(head -n1 "$T/ns-$k")" "$(readlink /proc/self/ns/mnt)" "$k"
	done
	expect_eq "$(head -n1 "$T/ns-createContainer")" "$(readlink "/proc/$pid/ns/mnt")" "createContainer"
	deleted
}

test_hooks__create_container_runs_before_pivot_root_with_the_mounts_in_place_F142() {
	own_rootfs
	hook createContainer "[ -d $T ] && echo host > $T/where
		grep -c ' $R/proc ' /proc/self/mountinfo > $T/mounted 2>&1"
	args true
	run_ok run -b "$B" "$ID"
	expect_eq "$(<"$T/where")" host "the host's files are seen"
	expect_eq "$(<"$T/mounted")" 1 "proc is mounted at the root's path"
}

test_hooks__a_hook_can_enter_the_containers_namespaces_at_create_runtime_F141() {
	# As nvidia-container-cli and CNI hooks do: by the pid of the state.
	own_rootfs
	hook createRuntime "pid=\$(jq .pid); readlink /proc/\$pid/ns/net > $T/net
		nsenter -t \$pid -m sh -c 'grep -c \" $R/proc \" /proc/self/mountinfo' > $T/mounted 2>&1
		nsenter -t \$pid -n ip link set lo up; nsenter -t \$pid -n ip link add veth-x type veth peer name veth-y 2>/dev/null; :"
	in_container 'ip link show lo; readlink /proc/self/ns/net'
	expect_in 'LOOPBACK,UP'
	expect_line "$(<"$T/net")"
	expect_eq "$(<"$T/mounted")" 1 "mounts at the root's path"
}

test_hooks__args_and_environment_are_exactly_the_configs_F146_F147() {
	hook createRuntime "{ echo \"\$0|\$1|\$2\"; env | grep -v '^\(PWD\|SHLVL\|_\|OLDPWD\)='; } > $T/got" '{"args":["name","a b","c"],"env":["A=1","B=x y"]}'
	FROM_THE_CALLER=1 run_ok run -b "$B" "$ID"
	# $0 of a script is its path; the rest are as given.
	expect_eq "$(head -n1 "$T/got" | cut -d'|' -f2-)" "a b|c"
	expect_eq "$(sed 1d "$T/got" | sort | xargs)" "A=1 B=x y"
}

test_hooks__argv0_is_the_first_arg_F146() {
	cp "$HELPERS/inspect" "$T/inspect"
	config '.hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","exec \($p) args > \($t)/got"]}]' --arg p "$T/inspect" --arg t "$T"
	run_ok run -b "$B" "$ID"
	expect_in "arg1: args" "$(<"$T/got")"
}

test_hooks__without_args_the_path_is_argv0_F146() {
	hook createRuntime "tr '\\0' '|' < /proc/self/cmdline > $T/got; tr '\\0' '|' < /proc/\$\$/cmdline > $T/got"
	run_ok run -b "$B" "$ID"
	expect_match 'hook-createRuntime-[0-9]+\.sh\|$' "$(<"$T/got")"
}

test_hooks__a_hook_that_fails_stops_the_create_F140_F142() {
	local k
	args sh -c "echo ran"
	for k in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		hook $k "exit 3"
		hook $k "echo second >> $T/second"
		run_fails 'hook' create -b "$B" "$ID"
		[ -z "$CRUN_LITE" ] || { expect_in $k "$ERR"; expect_in 3 "$ERR"; }
		run_fails 'does not exist' state "$ID"
		expect_no_file "$T/second"
	done
}

test_hooks__poststop_runs_when_a_create_fails_F141() {
	hook createRuntime "exit 1"
	hook poststop "echo poststop >> $T/log"
	run_fails . create -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_eq "$(cat "$T/log" 2>/dev/null)" poststop
}

test_hooks__a_start_container_hook_that_fails_stops_the_start_F143() {
	own_rootfs
	printf '#!/bin/sh\nexit 4\n' >"$R/bin/hook"
	chmod 755 "$R/bin/hook"
	config '.hooks.startContainer = [{"path":"/bin/hook"}] | .process.args = ["sh","-c","echo ran > /tmp/ran"]'
	capture rt run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "run succeeded"
	expect_no_file "$R/tmp/ran"
	rt delete --force "$ID"
}

test_hooks__a_poststart_hook_that_fails_stops_the_container_F144() {
	only_crun_lite          # runtime-spec 1.3
	hook poststart "exit 5"
	hook poststop "echo poststop >> $T/log"
	args sleep 1000
	run_fails 'poststart' run -d -b "$B" "$ID"
	run_fails 'does not exist' state "$ID"
	created
	run_fails 'poststart' start "$ID"
	until_true eval '! has_status running'
	rt delete --force "$ID"
	expect_in poststop "$(<"$T/log")"
}

test_hooks__a_poststop_hook_that_fails_is_a_warning_and_the_next_runs_F145() {
	hook poststop "exit 6"
	hook poststop "echo second > $T/second"
	args sleep 1000
	created
	run_ok delete --force "$ID"
	[ -z "$CRUN_LITE" ] || { expect_file "$T/second"; expect_in poststop "$ERR"; }
	run_fails 'does not exist' state "$ID"
}

test_hooks__a_hook_is_killed_at_its_timeout_F146() {
	hook createRuntime "echo \$\$ > $T/hook; exec sleep 1000" '{"timeout":1}'
	local start=$EPOCHSECONDS
	run_fails 'hook|deadline|time' create -b "$B" "$ID"
	[ $((EPOCHSECONDS - start)) -lt 8 ] || fail "it took $((EPOCHSECONDS - start)) s"
	until_true is_gone "$(<"$T/hook")"
	run_fails 'does not exist' state "$ID"
}

test_hooks__a_create_container_hook_is_killed_at_its_timeout_F142_F146() {
	hook createContainer "exec sleep 1000" '{"timeout":1}'
	local start=$EPOCHSECONDS
	run_fails . create -b "$B" "$ID"
	[ $((EPOCHSECONDS - start)) -lt 8 ] || fail "it took $((EPOCHSECONDS - start)) s"
}

test_hooks__a_hook_that_leaves_a_child_behind_with_the_streams_does_not_hang_F146() {
	only_crun_lite          # runc collects the hook's output
	hook createRuntime "sleep 30 & echo \$! > $T/child"
	args true
	local start=$EPOCHSECONDS
	run_ok run -b "$B" "$ID"
	[ $((EPOCHSECONDS - start)) -lt 20 ] || fail "it waited for the child"
	kill -KILL "$(<"$T/child")"
}

test_hooks__a_hook_that_ignores_its_stdin_is_no_error_F146() {
	# More state than a pipe holds.
	config '.annotations = ([range(3000) | {"key\(.)":"some value of some length, \(.)"}] | add)'
	hook createRuntime "exec <&-; exit 0"
	config '.hooks.prestart = [{"path":"/bin/true"}]'
	run_ok run -b "$B" "$ID"
}

test_hooks__a_large_state_arrives_whole_F148() {
	config '.annotations = ([range(3000) | {"key\(.)":"some value of some length, \(.)"}] | add)'
	hook createRuntime "sleep 0.05; cat > $T/got"
	run_ok run -b "$B" "$ID"
	expect_eq "$(jq '.annotations | length' "$T/got")" 3000
}

test_hooks__a_hook_that_does_not_exist_is_an_error_F146() {
	config '.hooks.createRuntime = [{"path":"/none/hook"}]'
	run_fails '/none/hook' create -b "$B" "$ID"
	config '.hooks = {"createContainer":[{"path":"/none/hook"}]}'
	run_fails '/none/hook' create -b "$B" "$ID"
}

test_hooks__a_relative_path_and_a_timeout_of_zero_are_refused_F146() {
	only_crun_lite
	config '.hooks.createRuntime = [{"path":"bin/true"}]'
	run_fails 'path' create -b "$B" "$ID"
	config '.hooks.createRuntime = [{"path":"/bin/true","timeout":0}]'
	run_fails 'timeout' create -b "$B" "$ID"
	config '.hooks.createRuntime = [{"path":"/bin/true","timeout":-1}]'
	run_fails 'timeout' create -b "$B" "$ID"
}

test_hooks__no_descriptor_of_the_runtime_reaches_a_hook_V15() {
	local k
	for k in createRuntime createContainer poststop; do
		hook $k "ls /proc/self/fd | sort -n | xargs > $T/fds-$k"
	done
	run_ok run -b "$B" "$ID"
	for k in createRuntime createContainer poststop; do
		# 3 is the directory that ls reads.
		[ -z "$CRUN_LITE" ] || expect_eq "$(<"$T/fds-$k")" "0 1 2 3" $k
	done
}

test_hooks__the_output_of_hooks_goes_to_the_callers_streams() {
	only_crun_lite
	hook createRuntime "echo from a hook; echo and its stderr >&2"
	args true
	run_ok run -b "$B" "$ID"
	expect_in "from a hook" "$OUT$ERR"
	expect_in "and its stderr" "$ERR"
}

test_hooks__signals_of_a_hook_are_as_for_a_fresh_program_F146() {
	cp "$HELPERS/inspect" "$T/inspect"
	config '.hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","exec \($p) signals > \($t)/got"]}]' --arg p "$T/inspect" --arg t "$T"
	run_ok run -b "$B" "$ID"
	OUT=$(<"$T/got")
	expect_line "blocked:"
}

test_hooks__each_kind_has_its_own_environment_and_time_F146() {
	only_crun_lite
	own_rootfs
	printf '#!/bin/sh\necho "$0 $KIND" >> /vol/log\n' >"$R/bin/hook"
	printf '#!/bin/sh\necho "$KIND" >> %s\n' "$T/log" >"$T/hook"
	chmod 755 "$R/bin/hook" "$T/hook"
	config '.mounts += [{"destination":"/vol","source":$t,"options":["bind"]}] | .process.args = ["true"] | .hooks = {
		"prestart": [{"path":($t + "/hook"),"args":["hook"],"env":["KIND=prestart"],"timeout":20}],
		"createRuntime": [{"path":($t + "/hook"),"args":["hook"],"env":["KIND=createRuntime"],"timeout":20}],
		"createContainer": [{"path":($t + "/hook"),"args":["hook"],"env":["KIND=createContainer"],"timeout":20}],
		"startContainer": [{"path":"/bin/hook","args":["hook"],"env":["KIND=startContainer"],"timeout":20}],
		"poststart": [{"path":($t + "/hook"),"args":["hook"],"env":["KIND=poststart"],"timeout":20}],
		"poststop": [{"path":($t + "/hook"),"args":["hook"],"env":["KIND=poststop"],"timeout":20}]}' --arg t "$T"
	run_ok run -b "$B" "$ID"
	expect_eq "$(xargs <"$T/log")" "prestart createRuntime createContainer /bin/hook startContainer poststart poststop"
}

test_hooks__a_hook_that_takes_too_long_at_each_time_F146() {
	only_crun_lite
	own_rootfs
	local k
	for k in prestart startContainer poststart; do
		config '.process.args = ["sleep","1000"] | .hooks = {($k): [{"path":"/bin/sleep","args":["sleep","1000"],"timeout":1}]}' --arg k $k
		run_fails 'hook /bin/sleep did not end within 1 s' run -b "$B" "$ID"
	done
	# After the end it is a warning.
	config '.process.args = ["true"] | .hooks = {"poststop": [{"path":"/bin/sleep","args":["sleep","1000"],"timeout":1}]}'
	run_ok run -b "$B" "$ID"
	expect_in 'did not end within 1 s' "$ERR"
}
