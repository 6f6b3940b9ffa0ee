# exec: C040-C047, C212, V06, V07, V22, V29.
# shellcheck shell=bash

box() { # [FILTER]: a container that sleeps
	running 'exec sleep 1000' "$@"
}
# A detached one, with somebody to bury it: a pid namespace ends when all in it are reaped.
detached() {
	rm -f "$T/rc"
	"$HELPERS/reaper" "$T/rc" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS exec -d --pid-file "$T/pid" "$@" >"$T/o" 2>&1 &
	until_true test -s "$T/rc"
	[ "$(<"$T/rc")" = 0 ] || fail "exec -d: $(<"$T/o")"
	PID=$(<"$T/pid")
}
inside() { run_ok exec "$ID" "$@"; }

test_exec__a_program_runs_in_the_container_C040() {
	box
	inside /bin/sh -c 'echo out; echo err >&2; hostname; pwd; id -u; readlink /proc/self/ns/pid'
	expect_in "out"
	expect_in "box"
	expect_eq "$ERR" err stderr
	expect_line /
	expect_line 0
	expect_line "$(readlink "/proc/$(pid_of)/ns/pid")"
	deleted
}

test_exec__the_exit_code_is_the_programs_C047() {
	box
	capture rt exec "$ID" sh -c 'exit 7'
	expect_rc 7
	capture rt exec "$ID" sh -c 'kill -KILL $$'
	expect_rc 137
	capture rt exec "$ID" -- false
	expect_rc 1
	expect_eq "$ERR" "" stderr
	deleted
}

test_exec__what_cannot_be_executed_or_found_C205_C212() {
	box
	run_fails 'exec: "nosuch": executable file not found in \$PATH' exec "$ID" nosuch
	expect_rc 127
	run_fails 'exec: "/bin/nosuch": no such file or directory' exec "$ID" /bin/nosuch
	expect_rc 127
	run_fails 'permission denied' exec "$ID" /bin/notexec
	expect_rc 126
	# The same of a detached one, at once.
	run_fails 'exec: "nosuch": executable file not found in \$PATH' exec -d --pid-file "$T/pid" "$ID" nosuch
	expect_rc 127
	expect_no_file "$T/pid"
	run_fails 'no program is given' exec "$ID"
	expect_rc 255
	deleted
}

test_exec__containers_that_are_not_there_stopped_or_paused_C208_C045() {
	run_fails 'container "nothing" does not exist' exec nothing true
	expect_rc 255
	box
	run_ok pause "$ID"
	run_fails 'cannot exec in a paused container' exec "$ID" true
	expect_in "--ignore-paused" "$ERR"
	run_ok resume "$ID"
	inside true
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_fails 'container not running' exec "$ID" true
	expect_rc 255
	deleted
}

test_exec__with_ignore_paused_it_waits_for_resume_C045() {
	box
	run_ok pause "$ID"
	rt exec --ignore-paused "$ID" echo went >"$T/late" 2>&1 &
	local job=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do pause; done
	expect_eq "$(<"$T/late")" "" "what it said while paused"
	run_ok resume "$ID"
	wait $job
	expect_eq "$(<"$T/late")" went
	deleted
}

test_exec__an_interrupted_one_in_a_paused_container_ends_C045() {
	[ -z "$V2" ] || skip "on v2 it is stopped before it has a pid file, which this test waits for"
	box
	run_ok pause "$ID"
	"$HELPERS/reaper" "$T/rc" "$RUNTIME" --root "$ROOT" exec --ignore-paused --pid-file "$T/pid" "$ID" true >"$T/late" 2>&1 &
	local job
	until_true test -s "$T/pid"
	job=$(sed -n 's/^PPid:\t//p' "/proc/$(<"$T/pid")/status")
	kill -TERM "$job"
	until_true test -s "$T/rc"
	expect_eq "$(<"$T/rc")" 255
	expect_no_file "$T/pid"
	expect_in "interrupted by SIGTERM" "$(<"$T/late")"
	deleted
	wait
}

test_exec__in_a_created_container_C040() {
	args true
	created
	inside sh -c 'hostname; echo $$'
	expect_line box
	[ "${OUT##*$'\n'}" -lt 100 ] || fail "it is not in the pid namespace"
	expect_eq "$(status "$ID")" created
	deleted
}

test_exec__environment_working_directory_and_umask_C041() {
	box '.process.env += ["A=config","HOME=/from/config"] | .process.cwd = "/tmp" | .process.user.umask = 63'
	inside sh -c 'pwd; umask; echo "$A $B $HOME"'
	expect_eq "$OUT" "/tmp
0077
config  /from/config"
	inside=$(rt exec --cwd /etc -e A=flag --env B=2 -e B=3 "$ID" sh -c 'pwd; echo "$A $B"')
	expect_eq "$inside" "/etc
flag 3"
	run_fails 'NAME=VALUE' exec -e novalue "$ID" true
	run_fails 'working directory /nosuch.*no such file' exec --cwd /nosuch "$ID" true
	run_fails 'cwd|absolute' exec --cwd relative "$ID" true
	# Not made in the image's file system (runc).
	expect_no_file "$ROOTFS/nosuch"
	deleted
}

test_exec__home_comes_from_the_image_C041() {
	box
	inside sh -c 'echo $HOME'
	expect_eq "$OUT" /root
	run_ok exec -u 1000 "$ID" sh -c 'echo $HOME'
	expect_eq "$OUT" /home/user
	run_ok exec -u 12345 "$ID" sh -c 'echo $HOME'
	expect_eq "$OUT" /
	deleted
}

test_exec__users_are_numbers_and_exact_V06_V29() {
	local u
	box
	for u in 0 1 10 65534 4294967294; do
		run_ok exec -u "$u" "$ID" id -u
		expect_eq "$OUT" "$u" "uid"
	done
	run_ok exec -u 1:2 "$ID" sh -c 'id -u; id -g'
	expect_eq "$OUT" "1
2"
	for u in "" " 1" "-1" 4294967295 4294967296 1x 0x1 root user:user 1: :1 1:-1 1:4294967295 18446744073709551616 +1 1.0 "1 "; do
		run_fails 'a number from 0 to 4294967294 is expected' exec --user="$u" "$ID" id -u
		expect_rc 255
	done
	run_fails 'a number from' exec -u user "$ID" id -u
	expect_in '`crun-lite exec ID id NAME` says its numbers' "$ERR"
	run_ok exec "$ID" id user
	expect_eq "$OUT" 'uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)'
	for u in root -1 4294967295; do
		run_fails 'a number from 0 to 4294967294 is expected' exec --additional-gids="$u" "$ID" id -u
	done
	deleted
}

test_exec__groups_C042() {
	box '.process.user.additionalGids = [50]'
	run_ok exec -u 1000:1000 -g 2000 --additional-gids 3000 "$ID" sh -c 'grep ^Groups: /proc/self/status'
	expect_match '50 2000 3000'
	deleted
}

# What the program may read by the caller's groups (podman --group-add keep-groups).
test_exec__the_groups_of_the_caller_stay_C042_F021() {
	local user groups
	for user in "" '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings |'; do
		config "$user"' .annotations = {"run.oci.keep_original_groups":"1"} | .process.user.additionalGids = [7]'
		args sh -c 'id -G; exec sleep 1000'
		setpriv --groups 0,104242 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -d -b "$B" "$ID" >"$T/o" 2>&1 || fail "$(<"$T/o")"
		until_true test -s "$T/o"
		# In a user namespace that maps them the caller's have other numbers, or none.
		groups="0 104242"
		[ -z "$user" ] || groups="0 65534 4242"
		expect_eq "$(<"$T/o")" "$groups" "groups of run"
		OUT=$(setpriv --groups 0,104242 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS exec "$ID" id -G)
		expect_eq "$OUT" "$groups" "groups of exec"
		run_fails 'keeps the groups of its caller' exec -g 5 "$ID" true
		deleted
		setup_test
	done
}

test_exec__capabilities_never_become_inheritable_C043_V12() {
	box
	inside grep ^Cap /proc/self/status
	expect_match 'CapInh:.0000000000000000'
	local was=$OUT
	run_ok exec --cap CAP_NET_RAW -c CAP_SYS_TIME "$ID" grep ^Cap /proc/self/status
	expect_match 'CapInh:.0000000000000000'
	expect_match 'CapAmb:.0000000000000000'
	# 13 and 25, with the container's 29, 5 and 10.
	expect_match 'CapPrm:.0000000022002420'
	expect_match 'CapEff:.0000000022002420'
	expect_match 'CapBnd:.0000000022002420'
	expect_eq "$was" "$(rt exec "$ID" grep ^Cap /proc/self/status)" "without the flags"
	run_fails 'no such capability' exec -c CAP_NOTHING "$ID" true
	deleted
}

test_exec__no_new_privs_rlimits_and_oom_score_are_the_containers_C043() {
	box '.process.noNewPrivileges = false | .process.oomScoreAdj = 123
		| .process.rlimits = [{"type":"RLIMIT_NOFILE","soft":77,"hard":99},{"type":"RLIMIT_CORE","soft":0,"hard":0}]'
	inside sh -c 'cat /proc/self/oom_score_adj; ulimit -Sn; ulimit -Hn; grep NoNewPrivs /proc/self/status'
	expect_match '^123
77
99
NoNewPrivs:.0$'
	run_ok exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	expect_match 'NoNewPrivs:.1'
	deleted
}

test_exec__a_seccomp_profile_holds_with_and_without_no_new_privs_C040() {
	local nnp
	for nnp in true false; do
		box ".process.noNewPrivileges = $nnp"' | .linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW",
			"syscalls":[{"names":["clone3","mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":122}]}'
		capture rt exec "$ID" sh -c 'grep -E "^(Seccomp|CapPrm|CapEff)" /proc/self/status; mkdir /tmp/x'
		expect_match 'Seccomp:.2'
		expect_match 'CapPrm:.0000000020000420'
		expect_match 'CapEff:.0000000020000420'
		expect_in "Disk quota exceeded" "$ERR"
		deleted
		setup_test
	done
}

test_exec__a_notify_profile_gives_its_listener_to_the_agent_C040() {
	local getppid
	getppid=$(python3 -c 'import ctypes, os; print({"x86_64": 110, "aarch64": 173}[os.uname().machine])')
	helper agent "$T/agent.sock" "$T" "$getppid=95"
	local agent=$HELPER
	until_true test -e "$T/ready"
	box '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","listenerPath":$p,
		"syscalls":[{"action":"SCMP_ACT_NOTIFY","names":["getppid"]}]}' --arg p "$T/agent.sock"
	inside sys "$getppid"
	expect_in EOPNOTSUPP
	end_helper "$agent"
	run_fails 'agent|connect' exec "$ID" true
	deleted
}

test_exec__a_process_file_C040() {
	box
	jq -n '{"args":["sh","-c","pwd; id -u; echo $X; grep ^CapEff /proc/self/status"],"cwd":"/tmp","env":["PATH=/bin","X=y"],
		"user":{"uid":5,"gid":6},"capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"],
		"inheritable":["CAP_KILL"],"ambient":["CAP_KILL"]}}' >"$T/p"
	run_ok exec --process "$T/p" "$ID"
	expect_match '^/tmp
5
y
CapEff:.0000000000000020$'
	OUT=$(rt exec -p - "$ID" <"$T/p")
	expect_line y
	OUT=$(rt exec -p - -u 7 "$ID" id -u <"$T/p")
	expect_eq "$OUT" 7
	deleted
}

test_exec__process_files_that_are_wrong_C040() {
	box
	run_fails "open the process file $T/none.*no such file" exec --process "$T/none" "$ID"
	expect_rc 255
	mkdir "$T/dir"
	run_fails "$T/dir" exec --process "$T/dir" "$ID"
	echo '{"args":["true"],' >"$T/p"
	run_fails "$T/p:" exec --process "$T/p" "$ID"
	echo '{"args":["true"],"cwd":"relative"}' >"$T/p"
	run_fails "$T/p:1" exec --process "$T/p" "$ID"
	echo '{"args":[],"cwd":"/"}' >"$T/p"
	run_fails 'args' exec --process "$T/p" "$ID"
	echo '{"args":["true"],"cwd":"/","user":{"uid":4294967295,"gid":0}}' >"$T/p"
	run_fails 'uid' exec --process "$T/p" "$ID"
	echo '{"args":["nosuch"],"cwd":"/"}' >"$T/p"
	run_fails "not found in.*$T/p:1:10" exec --process "$T/p" "$ID"
	expect_rc 127
	deleted
}

test_exec__detached_it_returns_once_the_program_runs_C040_C210() {
	box
	detached "$ID" sleep 999
	local pid=$PID
	expect_eq "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 999 "
	expect_eq "$(readlink "/proc/$pid/ns/mnt")" "$(readlink "/proc/$(pid_of)/ns/mnt")" "mount namespace"
	expect_eq "$(cut -d: -f3 "/proc/$pid/cgroup" | sort -u)" "$(cut -d: -f3 "/proc/$(pid_of)/cgroup" | sort -u)" groups
	[ "$(cut -d: -f3 "/proc/$pid/cgroup" | sort -u)" = "/$ID" ] || [ -z "$V2" ]
	deleted
	is_gone "$pid"
	wait
}

test_exec__every_namespace_is_joined_C040() {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	box '.linux.namespaces += [{"type":"cgroup"},{"type":"time"}] | .linux.namespaces |= unique'
	local ns pid
	pid=$(pid_of)
	for ns in mnt pid net ipc uts cgroup time; do
		inside readlink "/proc/self/ns/$ns"
		expect_eq "$OUT" "$(readlink "/proc/$pid/ns/$ns")" "$ns"
	done
	deleted
}

test_exec__in_a_user_namespace_C040() {
	chmod 777 "$WORK"
	config '.linux.namespaces += [{"type":"user"}]
		| .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":1000}]
		| .linux.gidMappings = [{"containerID":0,"hostID":200000,"size":1000}]'
	own_rootfs
	chown -R 100000:200000 "$R"
	box
	inside sh -c 'id -u; id -g; readlink /proc/self/ns/user; cat /proc/self/uid_map; grep CapEff /proc/self/status'
	expect_line "$(readlink "/proc/$(pid_of)/ns/user")"
	expect_line 0
	expect_match 'CapEff:.0000000020000420'
	run_ok exec -u 5:6 "$ID" sh -c 'id -u; id -g; touch /tmp/x'
	expect_eq "$(stat -c %u:%g "$R/tmp/x")" 100005:200006
	run_fails 'not mapped' exec -u 1000 "$ID" true
	deleted
}

test_exec__a_container_without_a_mount_namespace_C040() {
	config '.linux.namespaces |= map(select(.type != "mount")) | del(.mounts,.linux.maskedPaths,.linux.readonlyPaths)
		| .root.readonly = false'
	box
	inside ls /
	expect_line home
	expect_not_in lost+found
	deleted
}

test_exec__without_any_group_C040() {
	args sleep 1000
	RUNTIME_FLAGS="$RUNTIME_FLAGS --cgroup-manager disabled"
	created
	run_ok start "$ID"
	inside hostname
	expect_eq "$OUT" box
	deleted
}

test_exec__a_group_below_the_containers_own_C044_V07() {
	[ -z "$V2" ] || skip "the container's v2 group has processes"
	box
	local g=/sys/fs/cgroup/memory/$ID other=$RUN-$N-2 p
	mkdir "$g/sub" "/sys/fs/cgroup/memory/$other"
	run_ok exec --cgroup memory:sub "$ID" cat /proc/self/cgroup
	expect_match "memory:/$ID/sub"
	expect_match "pids:/$ID
"
	run_ok exec --cgroup / "$ID" cat /proc/self/cgroup
	expect_match "memory:/$ID
"
	for p in "../$other" "memory:../$other" "sub/../../$other" "/$other" "memory:/$ID/sub" ".." "memory:sub/.."; do
		run_fails "below the container's own group" exec --cgroup "$p" "$ID" true
		expect_rc 255
	done
	run_fails 'no such file' exec --cgroup memory:nosuch "$ID" true
	run_fails 'no such file' exec --cgroup sub "$ID" true
	run_fails 'no v1 hierarchy' exec --cgroup nosuch:sub "$ID" true
	rmdir "$g/sub" "/sys/fs/cgroup/memory/$other"
	deleted
}

# The v2 tree's controllers, as a container has them that runs systemd or a runtime.
test_exec__a_group_below_the_containers_own_C044_V07_on_v2() {
	[ -n "$V2" ] || skip "not a pure v2 host"
	box
	local g=/sys/fs/cgroup/$ID other=/sys/fs/cgroup/$RUN-$N-2 p
	mkdir "$g/sub" "$other"
	run_ok exec --cgroup sub "$ID" cat /proc/self/cgroup
	expect_match '/sub$'
	for p in "../$RUN-$N-2" "/$RUN-$N-2" "sub/../../$RUN-$N-2" .. "sub/.." "/$ID/sub"; do
		run_fails "below the container's own group|no such file" exec --cgroup "$p" "$ID" true
		expect_rc 255
	done
	run_fails 'controller|v1' exec --cgroup memory:sub "$ID" true
	expect_eq "$(cat "$other/cgroup.procs")" "" "who came in"
	rmdir "$g/sub" "$other"
	deleted
}

test_exec__a_v2_group_that_has_others_below_it_C044() {
	local v2=/sys/fs/cgroup controller pid
	[ -n "$V2" ] || v2=/sys/fs/cgroup/unified
	controller=$(cut -d' ' -f1 "$v2/cgroup.subtree_control" 2>/dev/null) || :
	[ -n "$controller" ] || skip "no v2 tree with a controller"
	box
	pid=$(pid_of)
	mkdir "$v2/$ID/init"
	echo "$pid" >"$v2/$ID/init/cgroup.procs"
	echo "+$controller" >"$v2/$ID/cgroup.subtree_control"
	inside grep ^0: /proc/self/cgroup
	expect_match '/init$'
	deleted
	expect_no_file "$v2/$ID"
}

test_exec__a_terminal_C041() {
	box
	run_ok exec -t "$ID" sh -c 'tty; stty size >/dev/null && echo is one; ls -l /proc/self/fd'
	expect_in /dev/pts/0
	expect_in "is one"
	run_fails 'nobody would hold its other end' exec -d -t "$ID" true
	run_fails 'terminal is false' exec --console-socket /nosuch "$ID" true
	# A container with a terminal: exec has none unless asked.
	deleted
}

test_exec__the_terminal_goes_to_the_console_socket_C040() {
	box
	helper recvtty "$T/sock" "$T/ready" >"$T/tty"
	until_true test -e "$T/ready"
	detached -t --console-socket "$T/sock" -u 1000 "$ID" sh -c 'tty; sleep 1000; true'
	expect_eq "$(readlink "/proc/$(<"$T/pid")/fd/0")" /dev/pts/0
	expect_eq "$(stat -c %u "/proc/$(pid_of)/root/dev/pts/0")" 1000 "its owner"
	# Its session's own: field 7 of stat is the terminal's number.
	expect_eq "$(cut -d' ' -f6 "/proc/$(<"$T/pid")/stat")" "$(<"$T/pid")" "session"
	[ "$(cut -d' ' -f7 "/proc/$(<"$T/pid")/stat")" != 0 ] || fail "it is not the controlling terminal"
	deleted
	wait
	expect_in "name: /dev/ptmx" "$(<"$T/tty")"
	expect_in "/dev/pts/0" "$(<"$T/tty")"
}

test_exec__signals_are_passed_on_C040() {
	box
	rt_exec exec "$ID" sh -c 'trap "echo got it; exit 5" TERM; echo ready; while :; do sleep 0.01; done' >"$T/o" 2>&1 &
	local job=$!
	until_true file_has ready "$T/o"
	ended_by TERM $job
	expect_rc 5
	expect_in "got it" "$(<"$T/o")"
	deleted
}

test_exec__fds_are_hidden_but_those_that_are_passed_C040_V15() {
	box
	exec 3<"$B/config.json" 4<"$ROOTFS/etc/file" 9</dev/null
	inside sh -c 'for f in /proc/self/fd/*; do [ -e $f ] && echo ${f##*/}; done; true'
	expect_not_in 4
	expect_not_in 9
	run_ok exec --preserve-fds 2 "$ID" cat /proc/self/fd/4
	expect_eq "$OUT" original
	run_fails 'pass fd' exec --preserve-fds 20 "$ID" true
	run_fails 'without links of /proc|too many|no such' exec --cwd /proc/self/fd/3 "$ID" true
	exec 3<&- 4<&- 9<&-
	deleted
}

test_exec__a_pidfd_for_who_listens_C026_C046() {
	box
	local s
	for s in exec create; do
		python3 - "$T/$s.sock" >"$T/$s.got" <<-'P' &
			import socket, sys, array, os
			l = socket.socket(socket.AF_UNIX); l.bind(sys.argv[1]); l.listen(); c = l.accept()[0]
			d, anc, _, _ = c.recvmsg(64, 64)
			fd = array.array('i', anc[0][2])[0]
			print(d.decode(), [x.split()[1] for x in open(f'/proc/self/fdinfo/{fd}') if x.startswith('Pid:')][0])
		P
		until_true test -S "$T/$s.sock"
		if [ $s = exec ]; then
			detached --pidfd-socket "$T/$s.sock" "$ID" sleep 998
			cp "$T/pid" "$T/$s.pid"
		else
			deleted
			args sleep 1000
			run_ok create -b "$B" --pidfd-socket "$T/$s.sock" --pid-file "$T/$s.pid" "$ID"
		fi
		until_true test -s "$T/$s.got"
		expect_eq "$(<"$T/$s.got")" "pidfd $(<"$T/$s.pid")" "$s"
	done
	run_fails 'send the pidfd to the socket' exec --pidfd-socket "$T/none" "$ID" true
	deleted
	wait
}

test_exec__cpus_before_and_after_C040() {
	[ "$(nproc)" -ge 2 ] || skip "one processor"
	box '.process.execCPUAffinity = {"initial":"0","final":"1"}'
	inside grep Cpus_allowed_list /proc/self/status
	expect_match 'Cpus_allowed_list:.1$'
	deleted
	setup_test
	box
	OUT=$(taskset -c 0 "$RUNTIME" --root "$ROOT" exec "$ID" grep Cpus_allowed_list /proc/self/status)
	expect_match ".$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of)/status")\$"
	deleted
}

spied() { # FILTER [SECONDS [WORD]]: /bin/true, again and again, beside a spy; OUT: what it saw
	rm -f "$T/spied"
	box "$1"
	rt exec "$ID" /bin/spy "${2:-3}" ${3:-} >"$T/spied" 2>&1 &
	local job=$!
	until_true file_has ready "$T/spied"
	while kill -0 $job 2>/dev/null && ! file_has "done" "$T/spied"; do rt exec "$ID" /bin/true; done
	wait $job
	deleted
	OUT=$(<"$T/spied")
	expect_line "done"
}

test_exec__nobody_in_the_container_sees_what_enters_V22() {
	spied '.'
	expect_in "caps"
	# Of init it may know that it is there: it has the program's capabilities, no files, and no ptrace gets at it.
	OUT=$(grep -v -e '^seized /bin/' -e '^held /bin/' -e '^exe /bin/' -e '^fd \(stream\|/dev/null\|/proc\)' -e "^fd $WORK/log" -e '^caps [^ ]* 0000000020000420 0000000020000420' \
		-e '^caps ? ' -e '^caps [^ ]* ? ?' <<<"$OUT")
	expect_eq "$OUT" "ready
done" "what the spy saw"
}

test_exec__even_who_may_ptrace_anything_sees_no_right_and_no_file_V22() {
	local caps='["CAP_SYS_PTRACE","CAP_KILL"]'
	spied '.process.capabilities = {"bounding":'"$caps"',"effective":'"$caps"',"permitted":'"$caps"'}'
	expect_in "caps"
	OUT=$(grep -e ^caps -e ^fd <<<"$OUT" | grep -v -e ' 0000000000080020 0000000000080020' -e '^caps ? ' -e '? ?$' -e '^fd stream' -e '^fd /dev/null' \
		-e "^fd $WORK/log" -e "^fd /proc") || :
	# It joins v1 groups by itself, so it has the write ends of the container's own for a moment.
	OUT=$(grep -v "^fd /sys/fs/cgroup/[a-z,_]*/$ID/tasks" <<<"$OUT") || :
	expect_eq "$OUT" "" "more than the program's"
}

# A label is written to a procfs that shows the host's processes: it must be closed before anybody can take it.
test_exec__even_who_may_ptrace_anything_gets_no_procfs_of_the_host_V22_F079() {
	local caps='["CAP_SYS_PTRACE","CAP_KILL"]'
	spied '.process.apparmorProfile = "unconfined"
		| .process.capabilities = {"bounding":'"$caps"',"effective":'"$caps"',"permitted":'"$caps"'}'
	expect_in "caps"
	! grep -x 'fd /' <<<"$OUT" || fail "the container saw the root of a procfs"
}

# What has no filter yet could make the calls that the profile forbids, and loading one takes CAP_SYS_ADMIN.
test_exec__even_who_may_ptrace_anything_gets_nobody_without_the_filter_V22() {
	local caps='["CAP_SYS_PTRACE","CAP_KILL"]' nnp
	for nnp in false true; do
		spied ".process.noNewPrivileges = $nnp"' | .process.capabilities = {"bounding":'"$caps"',"effective":'"$caps"',"permitted":'"$caps"'}
			| .linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW",
				"syscalls":[{"names":["clone3","keyctl","set_mempolicy","mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}' 15 ptrace
		expect_in held
		OUT=$(grep ^held <<<"$OUT" | grep -v ' 0000000000080020 0000000000080020 2$') || :
		expect_eq "$OUT" "" "more than the program's rights, or no filter"
		setup_test
	done
}

test_exec__a_profile_that_denies_what_init_calls_C040() {
	local profile='.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["setsid"],"action":"SCMP_ACT_ERRNO"}]}'
	box "$profile"
	inside grep Seccomp: /proc/self/status
	expect_match 'Seccomp:.2'
	deleted
	setup_test
	# Not where somebody could take what has no filter yet.
	box "$profile"' | .process.capabilities.bounding += ["CAP_SYS_PTRACE"]'
	run_fails 'profile does not allow setsid.*config.json:1:[0-9]+.*CAP_SYS_PTRACE' exec "$ID" true
	deleted
}

# If their profiles denied something of it, it would be refused beside CAP_SYS_PTRACE.
test_exec__engines_profiles_allow_what_init_calls_under_them_V22() {
	[ "$(uname -m)" = x86_64 ] || skip "the profiles are of x86_64"
	local p
	for p in docker-01 containerd-06 podman-01; do
		box '.process.capabilities.bounding += ["CAP_SYS_PTRACE"] | .process.noNewPrivileges = false
			| .process.rlimits = [{"type":"RLIMIT_NOFILE","soft":77,"hard":99}]
			| .linux.seccomp = $e[0].linux.seccomp' --slurpfile e "$here/../data/bundles/$p.json"
		run_ok exec -t "$ID" grep Seccomp: /proc/self/status
		expect_match 'Seccomp:.2'
		deleted
		setup_test
	done
}

# A device of the container's choice, opened from outside its group of v1, could be the host's watchdog.
test_exec__a_ptmx_that_is_swapped_is_never_opened_V09() {
	box
	local dev i
	dev=/proc/$(pid_of)/root/dev
	mkfifo "$dev/decoy"
	# Its open returns as soon as anybody has the pipe open for writing, wherever its name is by then.
	(exec 9<"$dev/decoy"; touch "$T/opened") &
	local trap=$!
	for i in 1 2 3 4 5 6 7 8 9; do pause; done
	[ ! -e "$T/opened" ] || fail "opened before anything ran"
	helper swap "$dev/ptmx" "$dev/decoy"
	local swap=$HELPER
	for i in $(seq 150); do
		"$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS exec -t "$ID" /bin/true >/dev/null 2>&1 || :
		[ ! -e "$T/opened" ] || break
	done
	end_helper "$swap"
	[ ! -e "$T/opened" ] || fail "opened in round $i"
	end_helper "$trap"
	deleted
}

test_exec__at_the_limit_of_processes_C040() {
	# On v2 the process that joins is born in the group, and counts beside the one that it makes.
	box ".linux.resources.pids = {\"limit\": $((V2 ? 3 : 2))}"
	inside true
	deleted
}

test_exec__twenty_at_once_C219() {
	box
	local i jobs=()
	for i in $(seq 20); do
		rt_exec exec "$ID" sh -c "echo $i; exit $i" >"$T/o$i" 2>&1 &
		jobs+=($!)
	done
	for i in $(seq 20); do
		local rc=0
		wait "${jobs[i - 1]}" || rc=$?
		expect_eq "$rc" "$i"
		expect_eq "$(<"$T/o$i")" "$i"
	done
	deleted
}

test_exec__a_hook_may_exec_into_its_container_C040() {
	args sleep 1000
	cat >"$T/hook" <<-H
		#!/bin/sh
		"$RUNTIME" --root "$ROOT" exec "$ID" hostname >"$T/said" 2>&1
	H
	chmod +x "$T/hook"
	config '.hooks.poststart = [{"path":$h}]' --arg h "$T/hook"
	created
	run_ok start "$ID"
	expect_eq "$(<"$T/said")" box
	deleted
}

test_exec__nothing_of_a_bad_flag_is_done_C041() {
	box
	run_fails 'unknown flag' exec --nosuch "$ID" true
	run_fails 'needs a value' exec --user
	run_fails 'a number is expected' exec --preserve-fds x "$ID" true
	# What follows the ID is the program's.
	inside echo --tty -u x
	expect_eq "$OUT" "--tty -u x"
	inside -- sh -c 'echo $0 $1' --help a
	expect_eq "$OUT" "--help a"
	deleted
}

test_exec__a_process_file_that_cannot_be_read_C040() {
	box
	# Opened, then refused: what no mode does to root.
	run_fails 'read /proc/self/mem.*input/output error' exec --process /proc/self/mem "$ID"
	expect_rc 255
	expect_eq "$(status "$ID")" running
	deleted
}
