# System call filters: F071-F074, F013.
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

test_seccomp__notify_is_refused_by_name_for_now_F075() {
	only_crun_lite
	filter '{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/none.sock","syscalls":[{"names":["chroot"],"action":"SCMP_ACT_NOTIFY"}]}'
	run_fails 'SCMP_ACT_NOTIFY|listenerPath' run -b "$B" "$ID"
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
