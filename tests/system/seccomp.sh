# System call filters: F071-F075, F013.
# shellcheck shell=bash

# System call numbers of this machine, by name.
case $(uname -m) in
x86_64) declare -A NR=([mkdirat]=258 [getppid]=110 [personality]=135 [chroot]=161 [ptrace]=101 [socket]=41 [ioperm]=173 [newest]=463) ARCH=SCMP_ARCH_X86_64 ;;
aarch64) declare -A NR=([mkdirat]=34 [getppid]=173 [personality]=92 [chroot]=51 [ptrace]=117 [socket]=198 [ioperm]=9999 [newest]=463) ARCH=SCMP_ARCH_AARCH64 ;;
*) ARCH= ;;
esac

# filter JSON: linux.seccomp, with the machine's architecture
filter() {
	[ -n "$ARCH" ] || skip "no table of system calls for $(uname -m)"
	config '.linux.seccomp = ({"architectures":[$a]} + $s)' --arg a $ARCH --argjson s "$1"
}

calls() { # NUMBER ARG...: its result in the container
	args sys "$@"
	run_ok run -b "$B" "$ID"
}

test_seccomp__none_without_a_filter_F071() {
	args inspect caps
	run_ok run -b "$B" "$ID"
	expect_line "seccomp: 0"
}

test_seccomp__a_filter_is_there_and_the_program_runs_F071() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW"}'
	args inspect caps
	run_ok run -b "$B" "$ID"
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdirat"],"action":"SCMP_ACT_ERRNO"}]}'
	run_ok run -b "$B" "$ID"
	expect_line "seccomp: 2"
}

test_seccomp__errno_by_default_eperm_F074() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EPERM"
}

test_seccomp__an_errno_of_its_own_F074() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","errnoRet":0}]}'
	calls ${NR[getppid]}
	[ -z "$CRUN_LITE" ] || expect_eq "$OUT" "0 OK"
}

# strict [ACTION EXTRA]: denies what is not needed to run `sys`.
strict() {
	filter '{"defaultAction":"'"${1:-SCMP_ACT_ERRNO}"'"'"${2:-}"',"syscalls":[{"action":"SCMP_ACT_ALLOW","names":["read","write","close","fstat",
		"newfstatat","mmap","mprotect","munmap","brk","rt_sigaction","rt_sigprocmask","ioctl","execve","execveat","exit","exit_group","arch_prctl",
		"set_tid_address","set_robust_list","rseq","prlimit64","readlink","readlinkat","getrandom","futex","openat","openat2","fcntl","lseek","uname",
		"getpid","writev","prctl","capget","capset","setgroups","setuid","setgid","setresuid","setresgid","fchdir","chdir","getdents64","epoll_ctl",
		"epoll_pwait","epoll_create1","nanosleep","sigaltstack","tgkill","getuid","getgid","geteuid","getegid","dup3","statx","faccessat2","faccessat",
		"sched_yield","clone","clone3","umask","getcwd","stat","lstat","pread64","setsid","gettid","close_range","kill","fstatfs","statfs","seccomp",
		"rt_sigreturn","madvise","restart_syscall","mkdirat2"]}]}'
}

test_seccomp__a_strict_profile_denies_the_rest_F071() {
	strict
	calls ${NR[chroot]} 0
	expect_eq "$OUT" "-1 EPERM"
	calls 39
}

test_seccomp__the_default_errno_F071() {
	strict SCMP_ACT_ERRNO ',"defaultErrnoRet":22'
	calls ${NR[chroot]} 0
	expect_eq "$OUT" "-1 EINVAL"
}

test_seccomp__calls_newer_than_the_profile_give_enosys_F074() {
	# A program's libc falls back on ENOSYS, not on EPERM.
	strict
	calls ${NR[newest]}
	expect_eq "$OUT" "-1 ENOSYS"
}

test_seccomp__an_unknown_name_is_ignored_F074() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["from_the_future","getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EPERM"
}

test_seccomp__each_operator_F074() {
	local op value value2 arg want
	while read -r op value value2 arg want; do
		filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
			"args":[{"index":1,"value":'"$value"',"valueTwo":'"$value2"',"op":"SCMP_CMP_'"$op"'"}]}]}'
		args sys ${NR[chroot]} 0 "$arg"
		sed -i 's/18446744073709552000/18446744073709551615/' "$B/config.json"     # jq has doubles
		run_ok run -b "$B" "$ID"
		# What passes the filter fails on the bad address.
		expect_eq "$OUT" "-1 $want" "$op $value $value2 with $arg"
	done <<-'E'
		EQ 5 0 5 EOPNOTSUPP
		EQ 5 0 6 EFAULT
		NE 5 0 6 EOPNOTSUPP
		NE 5 0 5 EFAULT
		LT 5 0 4 EOPNOTSUPP
		LT 5 0 5 EFAULT
		LE 5 0 5 EOPNOTSUPP
		LE 5 0 6 EFAULT
		GT 5 0 6 EOPNOTSUPP
		GT 5 0 5 EFAULT
		GE 5 0 5 EOPNOTSUPP
		GE 5 0 4 EFAULT
		MASKED_EQ 12 4 0x7 EOPNOTSUPP
		MASKED_EQ 12 4 0xf EFAULT
		EQ 18446744073709551615 0 0xffffffffffffffff EOPNOTSUPP
	E
}

test_seccomp__several_arguments_are_all_needed_F074() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
		"args":[{"index":1,"value":1,"op":"SCMP_CMP_EQ"},{"index":2,"value":2,"op":"SCMP_CMP_EQ"}]}]}'
	calls ${NR[chroot]} 0 1 2
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	calls ${NR[chroot]} 0 1 3
	expect_eq "$OUT" "-1 EFAULT"
}

test_seccomp__the_same_argument_twice_means_either_F074() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
		"args":[{"index":1,"value":1,"op":"SCMP_CMP_EQ"},{"index":1,"value":2,"op":"SCMP_CMP_EQ"}]}]}'
	calls ${NR[chroot]} 0 1
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	calls ${NR[chroot]} 0 2
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	calls ${NR[chroot]} 0 3
	expect_eq "$OUT" "-1 EFAULT"
}

test_seccomp__kill_F071() {
	local a
	for a in KILL KILL_PROCESS KILL_THREAD; do
		filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_'$a'"}]}'
		args sys ${NR[chroot]} 0
		capture rt run -b "$B" "$ID"
		expect_rc 159
	done
}

test_seccomp__trap_F071() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_TRAP"}]}'
	# pid 1 gets a signal it has no handler for only from the kernel itself: SIGSYS by force.
	args sys ${NR[chroot]} 0
	capture rt run -b "$B" "$ID"
	expect_rc 159
}

test_seccomp__trace_without_a_tracer_gives_enosys_F071() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_TRACE","errnoRet":7}]}'
	calls ${NR[chroot]} 0
	expect_eq "$OUT" "-1 ENOSYS"
}

test_seccomp__log_lets_it_pass_F071() {
	filter '{"defaultAction":"SCMP_ACT_LOG","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[chroot]} 0
	expect_eq "$OUT" "-1 EFAULT"
}

test_seccomp__other_architectures_can_be_named_F072() {
	[ "$(uname -m)" = x86_64 ] || skip "written for x86-64"
	config '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"],
		"syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EPERM"
}

test_seccomp__without_architectures_the_native_one_F072() {
	config '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EPERM"
}

test_seccomp__flags_F073() {
	only_crun_lite          # runc 1.1 has none
	local f
	for f in '[]' '["SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' '["SECCOMP_FILTER_FLAG_TSYNC"]' \
		'["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'; do
		filter '{"defaultAction":"SCMP_ACT_ALLOW","flags":'"$f"',"syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
		calls ${NR[getppid]}
		expect_eq "$OUT" "-1 EPERM" "$f"
	done
	if command -v strace >/dev/null; then
		ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=seccomp -o "$T/trace" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" >/dev/null
		expect_in 'SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW' "$(<"$T/trace")"
	fi
	filter '{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NONSENSE"],"syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	run_fails 'SECCOMP_FILTER_FLAG_NONSENSE' run -b "$B" "$ID"
}

test_seccomp__works_without_no_new_privileges_F013() {
	only_crun_lite          # runc 1.1.5 needs more system calls after its filter
	config '.process.noNewPrivileges = false | .process.capabilities |= map_values(. - ["CAP_SYS_ADMIN"])'
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	args sh -c "sys ${NR[getppid]}; inspect caps"
	run_ok run -b "$B" "$ID"
	expect_line "-1 EPERM"
	expect_line "nnp: 0"
	config '.process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_line "-1 EPERM"
	expect_line "effective: 0"
}

test_seccomp__a_filter_that_denies_what_the_start_needs_after_it_fails_cleanly_F071() {
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve","execveat"],"action":"SCMP_ACT_ERRNO"}]}'
	args true
	capture rt run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it ran without execve"
	[ -n "$ERR" ] || fail "it said nothing"
}

test_seccomp__nonsense_is_refused_by_name_F071() {
	filter '{"defaultAction":"SCMP_ACT_NONSENSE"}'
	run_fails SCMP_ACT_NONSENSE run -b "$B" "$ID"
	filter '{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_NONSENSE"]}'
	run_fails SCMP_ARCH_NONSENSE run -b "$B" "$ID"
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":1,"op":"SCMP_CMP_NO"}]}]}'
	run_fails SCMP_CMP_NO run -b "$B" "$ID"
	[ -n "$CRUN_LITE" ] || return 0
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]}'
	run_fails 'index|argument' run -b "$B" "$ID"
	filter '{"syscalls":[]}'
	run_fails defaultAction run -b "$B" "$ID"
}

# ---- SCMP_ACT_NOTIFY -----------------------------------------------------------------------------

# agent [WHAT...]: listens at $SOCK; see helpers/agent.c.  no_agent ends it.
agent() {
	SOCK=${SOCK:-$T/agent.sock}
	helper agent "$SOCK" "$T" "$@"
	until_true test -e "$T/ready"
}
no_agent() {
	end_helper $HELPER
	rm -f "$SOCK" "$T/ready" "$T/calls" "$T/connections"
}

# notifies NAME... [-- FILTER]: a profile that asks the agent about these calls.
notifies() {
	local names=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do names+=("$1"); shift; done
	json_strings "${names[@]}"
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_NOTIFY","names":'"$JSON"'}]}'
	config '.linux.seccomp.listenerPath = $p | '"${2:-.}" --arg p "${SOCK:-$T/agent.sock}"
}

asked() { # NUMBER: the agent was asked about this call
	[ -e "$T/calls" ] && grep -q "^$1 " "$T/calls"
}

decided() { # [FILTER]: the agent is asked about getppid, and its answer is what the program gets
	only_crun_lite
	notifies getppid -- "${1:-.}"
	agent ${NR[getppid]}=95
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
}

test_seccomp__the_agent_decides_F075() {
	decided
	expect_eq "$(<"$T/connections")" "fds 1 rest 0"
	expect_eq "$(wc -l <"$T/calls")" 1 "how often it was asked"
	no_agent
}

test_seccomp__the_agent_decides_in_a_user_namespace_F075_F062() {
	decided '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings'
	no_agent
}

test_seccomp__the_agent_lets_a_call_happen_F075() {
	only_crun_lite
	notifies chroot
	agent
	calls ${NR[chroot]} 0
	expect_eq "$OUT" "-1 EFAULT"
	asked ${NR[chroot]} || fail "the agent was not asked"
	no_agent
}

test_seccomp__the_agent_gets_the_container_process_state_F075() {
	only_crun_lite
	notifies getppid -- '.annotations = {"a":"b"} | .linux.seccomp.listenerMetadata = "some \"words\""'
	agent
	args sys ${NR[getppid]}
	created
	expect_no_file "$T/state.json"
	local pid
	pid=$(pid_of)
	run_ok start "$ID"
	until_true asked ${NR[getppid]}
	expect_eq "$(jq -cS . "$T/state.json")" "$(jq -cnS --arg id "$ID" --arg b "$B" --argjson p "$pid" \
		'{ociVersion: "1.3.0", fds: ["seccompFd"], pid: $p, metadata: "some \"words\"",
		  state: {ociVersion: "1.3.0", id: $id, status: "created", pid: $p, bundle: $b, annotations: {a: "b"}}}')"
	expect_eq "$(<"$T/calls")" "${NR[getppid]} $pid" "who asked"
	until_true has_status stopped
	run_ok delete "$ID"
	no_agent
}

test_seccomp__without_metadata_there_is_none_in_the_state_F075() {
	only_crun_lite
	notifies getppid
	agent
	calls ${NR[getppid]}
	expect_eq "$(jq -c 'keys' "$T/state.json")" '["fds","ociVersion","pid","state"]'
	no_agent
}

test_seccomp__each_container_has_a_connection_of_its_own_F075() {
	only_crun_lite
	notifies getppid
	agent ${NR[getppid]}=95
	calls ${NR[getppid]}
	calls ${NR[getppid]}
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	expect_eq "$(sort "$T/connections" | uniq -c | xargs)" "3 fds 1 rest 0"
	no_agent
}

test_seccomp__notify_without_no_new_privileges_F075() {
	only_crun_lite
	notifies getppid -- '.process.noNewPrivileges = false | .process.user = {"uid":1000,"gid":1000}'
	agent ${NR[getppid]}=95
	args sh -c "sys ${NR[getppid]}; inspect caps"
	run_ok run -b "$B" "$ID"
	expect_line "-1 EOPNOTSUPP"
	expect_line "nnp: 0"
	expect_line "effective: 0"
	expect_line "seccomp: 2"
	no_agent
}

test_seccomp__notify_in_a_user_namespace_F075_F062() {
	only_crun_lite
	local nnp pid
	notifies getppid -- '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":300000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings'
	agent ${NR[getppid]}=95
	for nnp in true false; do
		config '.process.noNewPrivileges = '$nnp
		calls ${NR[getppid]}
		expect_eq "$OUT" "-1 EOPNOTSUPP"
	done
	no_agent
}

# Joining a pid namespace takes two processes: the state names the second one, as the host sees it.
test_seccomp__notify_in_a_joined_pid_namespace_F075_F061() {
	only_crun_lite
	local pid
	namespaces pid
	notifies getppid -- '(.linux.namespaces[] | select(.type == "pid")).path = "/proc/'$NS'/ns/pid"'
	agent ${NR[getppid]}=95
	args sh -c "sys ${NR[getppid]}; sleep 1000"
	created
	pid=$(pid_of)
	run_ok start "$ID"
	until_true asked ${NR[getppid]}
	expect_eq "$(jq .pid "$T/state.json")" "$pid"
	deleted
	no_agent
	end_helper $NSHOLD
}

test_seccomp__the_program_has_neither_listener_nor_helper_F075() {
	only_crun_lite
	notifies getppid
	agent
	in_container 'ls -l /proc/self/fd; ps; grep ^Threads /proc/1/status'
	expect_not_in seccomp
	expect_line $'Threads:\t1'
	expect_eq "$(grep -c '^ *[0-9][0-9]* ' <<<"${OUT#*PID}")" 2 "processes"
	no_agent
}

# What init itself needs from the filter on: nothing that is notified may hold up the agent's introduction.
test_seccomp__also_inits_own_calls_may_be_notified_F075() {
	only_crun_lite
	local nnp
	notifies sendmsg recvmsg close write read futex execve exit nanosleep prctl capset setresuid setgroups rt_sigprocmask
	agent
	for nnp in true false; do
		config '.process.noNewPrivileges = '$nnp
		: >"$T/calls"
		args sys 39
		run_ok run -b "$B" "$ID"
		asked 59 || [ "$(uname -m)" != x86_64 ] || fail "execve was not asked about"
	done
	no_agent
}

test_seccomp__everything_may_be_notified_F075() {
	only_crun_lite
	filter '{"defaultAction":"SCMP_ACT_NOTIFY","syscalls":[]}'
	config '.linux.seccomp.listenerPath = $p' --arg p "$T/agent.sock"
	agent ${NR[getppid]}=95
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	# A call that is newer than the last one that the profile names, too.
	filter '{"defaultAction":"SCMP_ACT_NOTIFY","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}'
	config '.linux.seccomp.listenerPath = $p' --arg p "$T/agent.sock"
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	no_agent
}

test_seccomp__a_profile_that_kills_who_waits_F075() {
	only_crun_lite
	# futex is what init would wait with; it must not try.
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_NOTIFY","names":["getppid"]},
		{"action":"SCMP_ACT_KILL_PROCESS","names":["futex","sched_yield","nanosleep","clock_nanosleep","sendmsg","recvmsg","exit","close"]}]}'
	config '.linux.seccomp.listenerPath = $p' --arg p "$T/agent.sock"
	agent ${NR[getppid]}=95
	args inspect caps
	config '.process.args = ["true"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$(<"$T/connections")" "fds 1 rest 0"
	no_agent
}

test_seccomp__flags_with_a_listener_F075() {
	only_crun_lite
	local f
	agent ${NR[getppid]}=95
	for f in '[]' '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]' \
		'["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_SPEC_ALLOW","SECCOMP_FILTER_FLAG_TSYNC","SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'; do
		notifies getppid -- ".linux.seccomp.flags = $f"
		calls ${NR[getppid]}
		expect_eq "$OUT" "-1 EOPNOTSUPP" "$f"
		calls ${NR[getppid]}
		expect_eq "$OUT" "-1 EOPNOTSUPP" "$f from the cache"
	done
	no_agent
}

test_seccomp__a_listener_path_without_notify_is_ignored_F075() {
	only_crun_lite          # config-linux.md: "If no SCMP_ACT_NOTIFY action is used this value is ignored."
	filter '{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/none.sock","listenerMetadata":"m","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO"}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EPERM"
}

test_seccomp__an_agent_behind_a_long_path_F075() {
	only_crun_lite
	local d=$T/$(printf 'x%.0s' {1..200})
	mkdir "$d"
	SOCK=$d/agent.sock
	notifies getppid
	agent ${NR[getppid]}=95
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP"
	no_agent
}

test_seccomp__a_listener_path_that_leads_nowhere_F075() {
	only_crun_lite
	notifies getppid
	args sh -c 'echo ran'
	run_fails 'agent.sock.*no such file' run -b "$B" "$ID"
	run_fails 'agent.sock.*no such file' create -b "$B" "$ID"
	expect_in "/linux/seccomp/listenerPath" "$ERR"
	touch "$T/agent.sock"
	run_fails 'agent.sock is not a socket' create -b "$B" "$ID"
	rm "$T/agent.sock"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/agent.sock"
	run_fails 'connection refused' run -b "$B" "$ID"
	config '.linux.seccomp.listenerPath = "agent.sock"'
	run_fails 'listenerPath is not absolute' run -b "$B" "$ID"
	config 'del(.linux.seccomp.listenerPath)'
	run_fails 'SCMP_ACT_NOTIFY needs a listenerPath' run -b "$B" "$ID"
}

test_seccomp__an_agent_that_is_gone_at_start_F075() {
	only_crun_lite
	notifies getppid
	agent
	args sh -c "echo ran >/tmp/ran"
	created
	end_helper $HELPER
	run_fails 'agent.sock.*connection refused' start "$ID"
	has_status stopped || fail "it is $(status "$ID")"
	expect_no_file "$T/state.json"
	run_ok delete "$ID"
}

test_seccomp__an_agent_that_closes_at_once_F075() {
	only_crun_lite
	notifies getppid
	agent close
	calls ${NR[getppid]}            # seccomp_unotify(2): ENOSYS
	expect_eq "$OUT" "-1 ENOSYS"
	no_agent
}

test_seccomp__an_agent_that_dies_F075() {
	only_crun_lite
	notifies getppid
	agent die
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 ENOSYS"
	no_agent
}

# Nobody but the agent holds the listener: what is held up ends with it, also before the program runs.
test_seccomp__an_agent_that_dies_before_the_program_runs_F075() {
	only_crun_lite
	notifies execve
	agent die
	args true
	run_fails 'exec|init ended' run -b "$B" "$ID"
	no_agent
	notifies execve exit_group sendmsg -- '.process.noNewPrivileges = false'
	agent die
	run_fails 'init was killed by SIG(ILL|TRAP) before the program ran' run -b "$B" "$ID"  # it could neither complain nor end
	no_agent
}

test_seccomp__an_agent_that_never_answers_can_be_interrupted_F075() {
	only_crun_lite
	notifies execve
	agent silent
	args true
	rt_exec run -b "$B" "$ID" 2>"$T/err" &
	local pid=$!
	until_true test -s "$T/connections"
	ended_by TERM $pid
	expect_rc 1
	expect_in "interrupted by SIGTERM" "$(<"$T/err")"
	no_agent
}

test_seccomp__an_agent_that_never_accepts_F075() {
	only_crun_lite
	notifies getppid
	agent deaf
	run_fails 'timed out' run -b "$B" "$ID"
	no_agent
}

test_seccomp__a_large_state_reaches_the_agent_F075() {
	decided '.annotations = {"big": ("x" * 400000)}'
	expect_eq "$(jq '.state.annotations.big | length' "$T/state.json")" 400000
	no_agent
}

test_seccomp__notify_with_a_tiny_limit_of_files_F075() {
	decided '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":4,"hard":4}]'
	config '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":3,"hard":3}]'
	run_fails 'too many open files' run -b "$B" "$ID"
	expect_in "RLIMIT_NOFILE leaves no room" "$ERR"
	no_agent
}

test_seccomp__start_container_hooks_are_under_the_agent_too_F075() {
	only_crun_lite
	local nnp
	for nnp in true false; do
		notifies mkdir mkdirat -- '.process.noNewPrivileges = '$nnp' | .hooks.startContainer = [{"path":"/bin/mkdir","args":["mkdir","/dev/made"]}]'
		agent ${NR[mkdirat]}=95 83=95
		args true
		if [ $nnp = true ]; then
			run_ok run -b "$B" "$ID"
			[ ! -e "$T/calls" ] || fail "the hook ran under the filter"
		else
			capture rt run -b "$B" "$ID"
			expect_in "hook /bin/mkdir ended with status 1" "$ERR"
			[ -s "$T/calls" ] || fail "the agent was not asked about the hook"
		fi
		no_agent
	done
}

# Init that may neither execute nor end must not fall out of its last function (it is killed instead).
test_seccomp__a_profile_that_denies_even_the_end_F071() {
	only_crun_lite
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve","execveat","exit_group"],"action":"SCMP_ACT_ERRNO"}]}'
	args true
	run_fails 'exec: "true": operation not permitted' run -b "$B" "$ID"
	config '.process.noNewPrivileges = false | .hooks.startContainer = [{"path":"/bin/true"}]'
	run_fails 'hook /bin/true was killed by signal' run -b "$B" "$ID"
}

test_seccomp__the_cache_gives_the_same_filter_and_is_private_F074() {
	only_crun_lite
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","errnoRet":95}]}'
	local f n
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP" cold
	f=$(find "$ROOT" -type f)
	[ -n "$f" ] || fail "nothing was cached in the state root"
	expect_eq "$(stat -c %a $f | sort -u)" 600 "its mode"
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EOPNOTSUPP" warm
	n=$(find "$ROOT" -type f | wc -l)
	# Another profile never gets that one.
	filter '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["getppid"],"action":"SCMP_ACT_ERRNO","errnoRet":22}]}'
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EINVAL" another
	expect_eq "$(find "$ROOT" -type f | wc -l)" $((n + 1)) "files in the cache"
	# A damaged file is no filter.
	for f in $(find "$ROOT" -type f); do : >"$f"; done
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EINVAL" "with an empty file in the cache"
	for f in $(find "$ROOT" -type f); do head -c 100 /dev/zero >"$f"; done
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EINVAL" "with zeros in the cache"
	for f in $(find "$ROOT" -type f); do rm "$f"; ln -s /etc/hostname "$f"; done
	calls ${NR[getppid]}
	expect_eq "$OUT" "-1 EINVAL" "with a symlink in the cache"
}
