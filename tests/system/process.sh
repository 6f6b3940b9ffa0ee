# What the program sees of itself: F004-F024, F166, C204, C205, C214.
# shellcheck shell=bash

test_process__args_arrive_as_they_are_F009() {
	args /bin/sh -c 'for a; do echo "[$a]"; done' sh 'a b' '' $'tab\there' 'quote"s' "d'q" 'back\slash' 'ünïcödé' '$HOME'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" $'[a b]\n[]\n[tab\there]\n[quote"s]\n[d\'q]\n[back\\slash]\n[ünïcödé]\n[$HOME]'
}

test_process__argv0_is_the_first_arg_not_the_path_F009() {
	args inspect args
	run_ok run -b "$B" "$ID"
	expect_line "arg0: inspect"
}

test_process__the_environment_is_exactly_the_configs_F008() {
	config '.process.args = ["inspect","env"] | .process.env = ["PATH=/bin","A=1","B=two words","HOME=/x","EMPTY="]'
	FROM_THE_CALLER=1 run_ok run -b "$B" "$ID"
	expect_eq "$(sort <<<"$OUT")" $'env: A=1\nenv: B=two words\nenv: EMPTY=\nenv: HOME=/x\nenv: PATH=/bin'
}

test_process__of_duplicate_variables_the_last_wins_F008() {
	container_config 'echo $A' '.process.env += ["A=1","A=2"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" 2
}

test_process__home_comes_from_the_containers_passwd_F024() {
	args sh -c 'echo $HOME'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /root
	config '.process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /home/user
	config '.process.user = {"uid":4242,"gid":4242}'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /
	config '.process.env += ["HOME=/given"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /given
}

test_process__home_is_slash_when_the_passwd_is_no_file_F024_V44() {
	only_crun_lite
	own_rootfs
	args sh -c 'echo $HOME'
	rm "$R/etc/passwd"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" / "without a passwd"
	mkfifo "$R/etc/passwd"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" / "with a fifo"
	rm "$R/etc/passwd"
	echo "root:x:0:0::/from-the-host:/bin/sh" >"$T/passwd"
	ln -s "../../../../../../../../..$T/passwd" "$R/etc/passwd"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" / "with a symlink out of the root"
	ln -sf /proc/1/environ "$R/etc/passwd"
	run_ok run -b "$B" "$ID"
	rm "$R/etc/passwd"
	mkdir "$R/etc/passwd"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" / "with a directory"
}

test_process__home_is_found_in_a_bind_mounted_passwd_F024() {
	echo "root:x:0:0::/bound:/bin/sh" >"$T/passwd"
	container_config 'echo $HOME' '.mounts += [{"destination":"/etc/passwd","source":$p,"options":["bind","ro"]}]' \
		--arg p "$T/passwd"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /bound
}

test_process__cwd_F007() {
	args inspect cwd
	config '.process.cwd = "/var/tmp"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "cwd: /var/tmp"
}

test_process__pwd_is_right_in_a_shell_F007() {
	config '.process.args = ["sh","-c","pwd"] | .process.cwd = "/home/user"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" /home/user
}

test_process__a_cwd_that_is_missing_is_made_F007() {
	own_rootfs
	config '.process.args = ["inspect","cwd"] | .process.cwd = "/not/there/yet"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "cwd: /not/there/yet"
}

test_process__a_cwd_through_a_symlink_stays_inside_F007() {
	own_rootfs
	ln -s ../../../../var "$R/link"
	config '.process.args = ["inspect","cwd"] | .process.cwd = "/link/tmp"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "cwd: /var/tmp"
}

test_process__a_cwd_that_only_the_user_may_enter_works_F007() {
	own_rootfs
	mkdir -m 700 "$R/home/private"
	chown 1000:1000 "$R/home/private"
	config '.process.args = ["inspect","cwd"] | .process.cwd = "/home/private" | .process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "cwd: /home/private"
}

test_process__a_relative_cwd_is_refused_F007() {
	config '.process.cwd = "tmp"'
	run_fails 'cwd|absolute' run -b "$B" "$ID"
	config '.process.cwd = ""'
	run_fails 'cwd' run -b "$B" "$ID"
	config 'del(.process.cwd)'
	run_fails 'cwd' run -b "$B" "$ID"
}

test_process__empty_args_are_refused_F009() {
	config '.process.args = []'
	run_fails 'args' run -b "$B" "$ID"
	config 'del(.process.args)'
	run_fails 'args' run -b "$B" "$ID"
}

test_process__a_program_not_in_path_gives_127_and_the_engines_text_F009_C205() {
	args no-such-program
	run_fails 'no-such-program.*(executable file not found in|no such file or directory)|executable file.*no-such-program.*not found' \
		create -b "$B" "$ID"
	capture rt run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_rc 127
	[ "$RC" != 0 ]
	# Docker compares with case.
	[[ $ERR == *"executable file not found in"* || $ERR == *"no such file or directory"* ]] || fail "the engines' words are missing"
	expect_in no-such-program "$ERR"
}

test_process__a_path_that_does_not_exist_gives_127_C205() {
	args /bin/no-such-program
	run_fails 'no such file or directory' create -b "$B" "$ID"
	expect_in "no such file or directory" "$ERR"
	expect_in "/bin/no-such-program" "$ERR"
	capture rt run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_rc 127
	[ "$RC" != 0 ]
}

test_process__a_file_that_is_no_program_gives_126_C204() {
	args /bin/notexec
	run_fails 'permission denied' create -b "$B" "$ID"
	expect_in "permission denied" "$ERR"
	expect_in "/bin/notexec" "$ERR"
	capture rt run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_rc 126
	args /etc
	run_fails '(permission denied|is a directory)' create -b "$B" "$ID"
	expect_match "permission denied|is a directory" "$ERR"
	capture rt run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_rc 126
}

test_process__a_file_in_path_that_is_not_executable_is_passed_over_F009() {
	own_rootfs
	mkdir "$R/first"
	cp "$R/bin/notexec" "$R/first/sh"
	config '.process.args = ["sh","-c","echo found"] | .process.env = ["PATH=/first:/none::/bin"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" found
}

test_process__the_path_is_searched_as_the_containers_user_in_its_order_F009() {
	own_rootfs
	mkdir "$R/first"
	printf '#!/bin/sh\necho first\n' >"$R/first/prog"
	printf '#!/bin/sh\necho second\n' >"$R/bin/prog"
	chmod 755 "$R/first/prog" "$R/bin/prog"
	config '.process.args = ["prog"] | .process.env = ["PATH=/first:/bin"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" first
	config '.process.env = ["PATH=/bin:/first"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" second
}

test_process__relative_programs_start_from_cwd_F009() {
	own_rootfs
	printf '#!/bin/sh\necho here\n' >"$R/opt/prog"
	chmod 755 "$R/opt/prog"
	config '.process.args = ["./prog"] | .process.cwd = "/opt"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" here
}

test_process__scripts_run_and_a_missing_interpreter_is_reported_F009() {
	own_rootfs
	args script
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "script ran"
	printf '#!/none/interpreter\n' >"$R/bin/bad"
	chmod 755 "$R/bin/bad"
	args bad
	capture rt run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_rc 127
	[ "$RC" != 0 ]
	expect_in "no such file or directory" "$ERR"
}

test_process__a_program_of_another_format_is_reported_F009() {
	own_rootfs
	printf 'not an executable format at all\n' >"$R/bin/bad"
	chmod 755 "$R/bin/bad"
	args /bin/bad
	capture rt run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it ran"
	shopt -s nocasematch
	[[ $ERR == *"exec format error"* ]] || fail "no \"exec format error\""
}

test_process__user_group_and_groups_F019_F021() {
	config '.process.args = ["inspect","ids"] | .process.user = {"uid":1000,"gid":1001,"additionalGids":[5,2000,1001]}'
	run_ok run -b "$B" "$ID"
	expect_line "uid: 1000 1000 1000"
	expect_line "gid: 1001 1001 1001"
	expect_eq "$(sed -n 's/groups://p' <<<"$OUT" | tr ' ' '\n' | sed '/^$/d' | sort -nu | xargs)" "5 1001 2000"
}

test_process__the_callers_groups_are_dropped_F021() {
	args inspect ids
	capture setpriv --groups 4,24,27 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_match $'groups:( 0)?$'
}

test_process__uids_at_the_edges_V29() {
	config '.process.args = ["inspect","ids"] | .process.user = {"uid":65534,"gid":65534}'
	run_ok run -b "$B" "$ID"
	expect_line "uid: 65534 65534 65534"
	[ -z "$CRUN_LITE" ] || {
		config '.process.user = {"uid":4294967294,"gid":4294967294}'
		run_ok run -b "$B" "$ID"
		expect_line "uid: 4294967294 4294967294 4294967294"
	}
	local u
	for u in -1 4294967296 1.5 '"0"' 1e30 99999999999999999999; do
		config '.process.user = {"uid":'"$u"',"gid":0}'
		run_fails . run -b "$B" "$ID"
		config '.process.user = {"uid":0,"gid":'"$u"'}'
		run_fails . run -b "$B" "$ID"
	done
}

test_process__uid_4294967295_is_refused_V29() {
	only_crun_lite
	config '.process.user = {"uid":4294967295,"gid":0}'
	run_fails 'uid' run -b "$B" "$ID"
	config '.process.user = {"uid":0,"gid":4294967295}'
	run_fails 'gid' run -b "$B" "$ID"
}

test_process__umask_of_the_config_F020() {
	config '.process.args = ["inspect","umask"] | .process.user.umask = 63'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "umask: 0077"
	config '.process.user.umask = 0'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "umask: 0000"
}

test_process__without_one_the_umask_is_the_callers_F020() {
	only_crun_lite          # runc and crun force 0022
	args inspect umask
	umask 0027
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "umask: 0027"
	umask 0002
	run_ok create -b "$B" "$ID"
	umask 0077
	rt start "$ID"
	until_true has_status stopped
	expect_eq "$(<"$T/out")" "umask: 0002"
	deleted
}

test_process__a_strange_umask_of_the_caller_spoils_no_mount_F020() {
	umask 0777
	capture rt run -b "$B" "$ID"
	umask 0022
	expect_rc 0
	umask 0077
	args sh -c 'stat -c "%a %n" /dev/null /dev/pts /dev/shm /dev /dev/mqueue'
	capture rt run -b "$B" "$ID"
	expect_line "666 /dev/null"
	expect_line "1777 /dev/shm"
	expect_line "755 /dev"
}

test_process__rlimits_F010() {
	config '.process.args = ["inspect","rlimits"] | .process.rlimits = [
		{"type":"RLIMIT_NOFILE","soft":100,"hard":200},
		{"type":"RLIMIT_CORE","soft":0,"hard":0},
		{"type":"RLIMIT_STACK","soft":4194304,"hard":8388608},
		{"type":"RLIMIT_NPROC","soft":1000,"hard":2000},
		{"type":"RLIMIT_CPU","soft":100,"hard":101},
		{"type":"RLIMIT_MSGQUEUE","soft":1,"hard":2},
		{"type":"RLIMIT_AS","soft":1073741824,"hard":2147483648}]'
	run_ok run -b "$B" "$ID"
	expect_line "rlimit: NOFILE 100 200"
	expect_line "rlimit: CORE 0 0"
	expect_line "rlimit: STACK 4194304 8388608"
	expect_line "rlimit: NPROC 1000 2000"
	expect_line "rlimit: CPU 100 101"
	expect_line "rlimit: MSGQUEUE 1 2"
	expect_line "rlimit: AS 1073741824 2147483648"
}

test_process__rlimits_not_named_are_the_callers_F010() {
	only_crun_lite          # Go raises the soft limit of files
	args inspect rlimits
	(
		ulimit -Sn 300
		ulimit -Hn 400
		run_ok run -b "$B" "$ID"
		expect_line "rlimit: NOFILE 300 400"
	)
}

test_process__an_unknown_rlimit_is_refused_F010() {
	config '.process.rlimits = [{"type":"RLIMIT_NONSENSE","soft":1,"hard":1}]'
	run_fails 'RLIMIT_NONSENSE' run -b "$B" "$ID"
}

test_process__a_duplicate_rlimit_is_refused_F010() {
	only_crun_lite
	config '.process.rlimits = [{"type":"RLIMIT_CORE","soft":1,"hard":1},{"type":"RLIMIT_CORE","soft":2,"hard":2}]'
	run_fails 'RLIMIT_CORE' run -b "$B" "$ID"
}

test_process__a_tiny_rlimit_for_files_does_not_break_the_start_F010() {
	only_crun_lite
	config '.process.args = ["echo","ok"] | .process.rlimits = [{"type":"RLIMIT_NOFILE","soft":10,"hard":10}]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" ok
}

test_process__capabilities_are_exactly_the_configs_F012() {
	# CHOWN 0, DAC_OVERRIDE 1, KILL 5, NET_BIND_SERVICE 10, NET_RAW 13
	config '.process.args = ["inspect","caps"] | .process.capabilities = {
		"bounding":["CAP_CHOWN","CAP_KILL","CAP_NET_RAW"],
		"permitted":["CAP_CHOWN","CAP_KILL"],
		"effective":["CAP_CHOWN"],
		"inheritable":["CAP_KILL"],
		"ambient":["CAP_KILL"]}'
	run_ok run -b "$B" "$ID"
	# uid 0: execve gives root (bounding and inheritable) again, as capabilities(7) says, unless ambient differs.
	expect_line "bounding: 2021"
	expect_line "ambient: 20"
	expect_line "inheritable: 20"
	config '.process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_line "effective: 20"
	expect_line "permitted: 20"
	expect_line "inheritable: 20"
	expect_line "ambient: 20"
	expect_line "bounding: 2021"
}

test_process__the_callers_ambient_capabilities_are_not_the_containers_F012() {
	only_crun_lite
	local id
	for id in 0 1000; do
		config '.process.args = ["inspect","caps"] | .process.user = {"uid":$id,"gid":$id} | .process.capabilities.inheritable = ["CAP_KILL"]' --argjson id $id
		capture setpriv --inh-caps=+kill --ambient-caps=+kill "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
		expect_rc 0
		expect_line "inheritable: 20"
		expect_line "ambient: 0"
	done
	expect_line "effective: 0"
}

test_process__without_capabilities_there_are_none_F012() {
	config '.process.args = ["inspect","caps"] | .process.capabilities = {} | .process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_no_capabilities
	config '.process.user = {"uid":0,"gid":0}'
	run_ok run -b "$B" "$ID"
	expect_no_capabilities
}

test_process__a_user_without_ambient_capabilities_has_none_effective_F012() {
	config '.process.args = ["inspect","caps"] | .process.user = {"uid":1000,"gid":1000}'
	run_ok run -b "$B" "$ID"
	expect_line "effective: 0"
	expect_line "permitted: 0"
	expect_line "bounding: 20000420"
}

test_process__inheritable_stays_empty_unless_asked_V12() {
	args inspect caps
	run_ok run -b "$B" "$ID"
	expect_line "inheritable: 0"
	expect_line "ambient: 0"
	expect_line "effective: 20000420"
}

test_process__an_unknown_capability_is_a_warning_F012() {
	config '.process.args = ["inspect","caps"] | .process.capabilities |= map_values(. + ["CAP_FROM_THE_FUTURE"])'
	run_ok run -b "$B" "$ID"
	expect_line "effective: 20000420"
	[ -z "$CRUN_LITE" ] || expect_in CAP_FROM_THE_FUTURE "$ERR"
}

test_process__a_capability_that_cannot_be_granted_is_a_warning_F012() {
	only_crun_lite
	# Without CAP_SYS_BOOT in the caller's bounding set nobody can grant it.
	config '.process.args = ["inspect","caps"] | .process.capabilities |= map_values(. + ["CAP_SYS_BOOT"])'
	capture setpriv --bounding-set -sys_boot "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_line "effective: 20000420"
	expect_in CAP_SYS_BOOT "$ERR"
}

test_process__no_new_privileges_F013() {
	args inspect caps
	run_ok run -b "$B" "$ID"
	expect_line "nnp: 1"
	config '.process.noNewPrivileges = false'
	run_ok run -b "$B" "$ID"
	expect_line "nnp: 0"
	config 'del(.process.noNewPrivileges)'
	run_ok run -b "$B" "$ID"
	expect_line "nnp: 0"
}

test_process__oom_score_F014() {
	args inspect oom
	config '.process.oomScoreAdj = 321'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "oom: 321"
}

test_process__oom_score_is_the_callers_when_not_named_F014() {
	args inspect oom
	(
		echo 77 >/proc/self/oom_score_adj || skip "cannot set an oom_score_adj"
		run_ok run -b "$B" "$ID"
	)
	OUT=$(<"$T/out")
	expect_eq "$OUT" "oom: 77"
}

test_process__oom_score_out_of_range_is_refused_F014() {
	config '.process.oomScoreAdj = 1001'
	run_fails . run -b "$B" "$ID"
}

test_process__signals_are_as_for_a_fresh_program_C217() {
	args inspect signals
	run_ok run -b "$B" "$ID"
	expect_line "blocked:"
	expect_line "ignored:"
	capture "$HELPERS/badsignals" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || {
		expect_rc 0
		expect_line "blocked:"
		expect_line "ignored:"
	}
}

test_process__only_the_standard_streams_reach_the_program_F166_V15() {
	args inspect fds
	capture "$HELPERS/leakfds" 50 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_eq "$(cut -d' ' -f2 <<<"$OUT" | sort -n | xargs)" "0 1 2"
}

test_process__preserve_fds_passes_just_those_C025() {
	config '.process.args = ["sh","-c","cat <&3; cat <&4; inspect fds"]'
	echo three >"$T/f3"
	echo four >"$T/f4"
	echo five >"$T/f5"
	capture rt run -b "$B" --preserve-fds 2 "$ID" 3<"$T/f3" 4<"$T/f4" 5<"$T/f5"
	expect_rc 0
	expect_match $'^three\nfour\n'
	expect_eq "$(sed -n 's/^fd: \([0-9]*\).*/\1/p' <<<"$OUT" | sort -n | xargs)" "0 1 2 3 4"
}

test_process__preserve_fds_that_are_not_open_are_refused_C025() {
	only_crun_lite
	capture rt run -b "$B" --preserve-fds 2 "$ID" 3<"$B/config.json" 4<&-
	[ "$RC" != 0 ] || fail "it ran"
	one_sentence
}

test_process__listen_fds_are_passed_with_the_right_pid_C214() {
	args sh -c 'echo $LISTEN_FDS $LISTEN_PID $$; cat <&3'
	echo socket >"$T/f3"
	capture sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" 3<"$T/f3"
	expect_rc 0
	expect_eq "$OUT" $'1 1 1\nsocket'
}

test_process__a_notify_socket_reaches_the_program_and_back_C214() {
	own_rootfs              # for the socket's mount point
	args sh -c '! touch /run/notify/new 2>/dev/null && notify READY=1'
	python3 - "$T/notify.sock" "$T/notified" <<-'P' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(30)
		open(sys.argv[2] + ".up", "w").close()
		got = b""
		while b"READY=1" not in got:
		    got += s.recv(4096) + b"\n"
		open(sys.argv[2], "wb").write(got)
	P
	local p=$!
	until_true test -e "$T/notified.up"
	capture env NOTIFY_SOCKET="$T/notify.sock" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	until_true file_has READY=1 "$T/notified"
	end_helper $p
	expect_rc 0
}

test_process__hostname_and_domainname_F022() {
	config '.process.args = ["inspect","uts"] | .hostname = "a-host" | .domainname = "a.domain"'
	run_ok run -b "$B" "$ID"
	expect_line "hostname: a-host"
	[ -z "$CRUN_LITE" ] || expect_line "domainname: a.domain"
}

test_process__names_of_64_bytes_and_of_one_more_F022() {
	only_crun_lite
	local n
	n=$(printf 'n%.0s' {1..64})
	config '.process.args = ["inspect","uts"] | .hostname = $n | .domainname = $n' --arg n "$n"
	run_ok run -b "$B" "$ID"
	expect_line "hostname: $n"
	expect_line "domainname: $n"
	config '.domainname = $n' --arg n "${n}n"
	run_fails 'domainname .* is longer than 64 bytes' run -b "$B" "$ID"
	expect_in "(/domainname)" "$ERR"
	# In a namespace of another container as well as in a new one.
	namespaces uts
	config '.hostname = "joined" | .domainname = "too" | .linux.namespaces |= map(if .type == "uts" then .path = "/proc/\($p)/ns/uts" else . end)' --arg p "$NS"
	run_ok run -b "$B" "$ID"
	expect_line "hostname: joined"
	expect_line "domainname: too"
	end_helper $NSHOLD
}

test_process__a_domainname_without_a_uts_namespace_is_refused_F022() {
	only_crun_lite
	config 'del(.linux.namespaces[] | select(.type == "uts")) | del(.hostname) | .domainname = "d"'
	run_fails 'domainname needs a namespace of type uts' run -b "$B" "$ID"
}

test_process__a_hostname_without_a_uts_namespace_is_refused_F022() {
	config 'del(.linux.namespaces[] | select(.type == "uts"))'
	run_fails 'uts|hostname' run -b "$B" "$ID"
}

test_process__the_program_is_pid_1_in_its_own_session_V25() {
	args inspect process
	run_ok run -b "$B" "$ID"
	expect_line "pid: 1"
	expect_line "ppid: 0"
	expect_line "sid: 1"
	expect_line "pgid: 1"
	expect_line "dumpable: 1"
	expect_line "pdeathsig: 0"
}

test_process__a_container_gets_a_session_keyring_of_its_own_C024() {
	args inspect keyring
	local mine a b
	run_ok run -b "$B" "$ID"
	a=$OUT
	run_ok run -b "$B" "$ID-b"
	b=$OUT
	[ "$a" != "$b" ] || [[ $a == *"!"* ]] || fail "two containers, one keyring: $a"
	run_ok run --no-new-keyring -b "$B" "$ID"
	mine=$OUT
	run_ok run --no-new-keyring -b "$B" "$ID"
	expect_eq "$OUT" "$mine" "keyrings without a new one"
}

test_process__oom_and_groups_and_caps_survive_together() {
	config '.process.args = ["inspect"] | .process.user = {"uid":1000,"gid":1000,"additionalGids":[7]}
		| .process.oomScoreAdj = 10 | .process.cwd = "/tmp"
		| .process.capabilities |= (.inheritable = ["CAP_KILL"] | .ambient = ["CAP_KILL"])'
	run_ok run -b "$B" "$ID"
	expect_line "uid: 1000 1000 1000"
	expect_line "oom: 10"
	expect_line "effective: 20"
	expect_line "cwd: /tmp"
}

# ---- terminals ---------------------------------------------------------------------------------
test_process__a_terminal_goes_to_the_console_socket_F005_C021() {
	config '.process.terminal = true | .process.args = ["inspect","tty"] | .process.consoleSize = {"height":33,"width":77}'
	"$HELPERS/recvtty" "$T/console.sock" "$T/listening" >"$T/terminal" 2>&1 &
	local p=$!
	until_true test -e "$T/listening"
	run_ok create -b "$B" --console-socket "$T/console.sock" "$ID"
	# create returns after the terminal was sent.
	until_true file_has "fds: 1" "$T/terminal"
	run_ok start "$ID"
	wait $p
	OUT=$(tr -d '\r' <"$T/terminal")
	expect_match '^name: /dev/(pts/[0-9]+|ptmx)'
	expect_line "tty: 1"
	expect_line "tty0: /dev/pts/0"
	expect_line "tty1: /dev/pts/0"
	expect_line "tty2: /dev/pts/0"
	expect_line "winsize: 33x77"
	expect_line "controlling: yes"
	until_true has_status stopped
	deleted
}

arrives_at() { # SOCKET: what a detached program prints
	config '.process.terminal = true | .process.args = ["echo","to the terminal"]'
	"$HELPERS/recvtty" "$1" "$T/listening" >"$T/terminal" 2>&1 &
	local p=$!
	until_true test -e "$T/listening"
	run_ok run -d -b "$B" --console-socket "$1" "$ID"
	wait $p
	expect_in "to the terminal" "$(<"$T/terminal")"
	until_true has_status stopped
	deleted
}

test_process__run_detached_with_a_console_socket_C021() { arrives_at "$T/console.sock"; }

test_process__a_console_socket_with_a_long_path_works_C021() {
	only_crun_lite
	local long
	printf -v long '%s/%0100d/%0100d' "$T" 1 2
	mkdir -p "$long"
	arrives_at "$long/console.sock"
}

test_process__a_terminal_without_a_console_socket_is_refused_when_detached_F005() {
	config '.process.terminal = true'
	run_fails 'console' create -b "$B" "$ID"
	run_fails 'console' run -d -b "$B" "$ID"
}

test_process__a_console_socket_without_a_terminal_is_refused_F005() {
	run_fails 'console' create -b "$B" --console-socket "$T/none.sock" "$ID"
}

test_process__a_console_socket_that_nobody_listens_on_is_an_error_F005() {
	config '.process.terminal = true'
	run_fails 'console|socket|none.sock|no such file' create -b "$B" --console-socket "$T/none.sock" "$ID"
}

test_process__an_interactive_run_has_the_terminal_F005_C217() {
	config '.process.terminal = true | .process.args = ["sh","-c","inspect tty; echo type:; read l; echo got $l; exit 6"]'
	capture "$HELPERS/ptyrun" line:40x100 expect:type: raw:1 'send:some words\r' 'expect:got some words' -- \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 6
	OUT=${OUT//$'\r'/}
	expect_line "tty0: /dev/pts/0"
	expect_line "winsize: 40x100"
	expect_line "controlling: yes"
}

test_process__a_resized_terminal_resizes_the_containers_C217() {
	config '.process.terminal = true | .process.args = ["sh","-c","trap \"echo size: $(stty size)\" WINCH
		trap \"stty size\" WINCH; echo ready; while :; do read -t 1 x && exit 0; done"]'
	capture "$HELPERS/ptyrun" expect:ready size:50x120 'expect:50 120' 'send:x\r' -- \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
}

test_process__control_c_at_the_terminal_reaches_the_program_not_the_runtime_C217() {
	config '.process.terminal = true | .process.args = ["sh","-c","trap \"echo caught; exit 44\" INT; echo ready; while :; do usleep 2000; done"]'
	capture "$HELPERS/ptyrun" expect:ready 'send:\x03' expect:caught -- \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 44
}

test_process__the_terminal_is_put_back_when_the_container_is_killed_C217() {
	local p rc=0
	config '.process.terminal = true | .process.args = ["sh","-c","echo ready; sleep 1000"]'
	"$HELPERS/ptyrun" expect:ready raw:1 -- \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" >"$T/o" 2>&1 &
	p=$!
	until_true file_has ready "$T/o"
	run_ok kill "$ID" KILL
	wait $p || rc=$?
	OUT=$(<"$T/o")
	expect_eq $rc 137 "exit code"
}

test_process__the_terminal_belongs_to_the_containers_user_F005() {
	config '.process.terminal = true | .process.args = ["sh","-c","stat -c \"%u %t\" /dev/pts/0; stat -c %n /dev/console; echo hi > /dev/console"]
		| .process.user = {"uid":1000,"gid":1000}'
	capture "$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	OUT=${OUT//$'\r'/}
	expect_rc 0
	expect_match '^1000 '
	expect_in /dev/console
	expect_in hi
}

test_process__console_size_is_ignored_without_a_terminal_F006() {
	config '.process.consoleSize = {"height":10,"width":10}'
	run_ok run -b "$B" "$ID"
}

# Init closes temporary files meanwhile: the terminal is none of them.
test_process__a_terminal_beside_many_masked_paths_F005_F078() {
	config '.process.terminal = true | .process.args = ["tty"] | .linux.maskedPaths += [range(400) | "/proc/nothing\(.)"]'
	capture "$HELPERS/ptyrun" expect:/dev/pts/0 -- "$RUNTIME" $RUNTIME_FLAGS --root "$ROOT" run -b "$B" "$ID"
	expect_rc 0
}
