# run: C027, C028, C215, C217.
# shellcheck shell=bash

test_run_command__exits_with_the_programs_code_C028() {
	local c
	for c in 0 1 7 125 126 127 128 255; do
		args sh -c "exit $c"
		capture rt run -b "$B" "$ID"
		expect_rc $c
	done
}

test_run_command__exits_with_128_and_the_signal_C028() {
	# From inside pid 1 ignores what it has no handler for: the child of a pid 1 that execs cannot be
	# killed from inside, so the signals come from outside.
	local s
	args sleep 1000
	for s in 9; do
		rt_exec run -b "$B" "$ID" >"$T/o" 2>&1 &
		local p=$! rc=0
		until_true has_status running
		kill -KILL "$(pid_of)"
		wait $p || rc=$?
		expect_eq $rc $((128 + s)) "exit code"
	done
}

test_run_command__exits_with_128_and_the_signal_of_a_crash_C028() {
	# Without a pid namespace of its own a program can kill itself.
	container_config 'kill -TERM $$' 'del(.linux.namespaces[] | select(.type == "pid"))'
	capture rt run -b "$B" "$ID"
	expect_rc 143
	args sh -c 'kill -ABRT $$'
	capture rt run -b "$B" "$ID"
	expect_rc 134
}

test_run_command__copies_stdin_stdout_and_stderr_C211() {
	args sh -c 'cat; echo err >&2'
	rt run -b "$B" "$ID" <<<"in" >"$T/out" 2>"$T/err"
	expect_eq "$(<"$T/out")" in
	expect_eq "$(<"$T/err")" err
}

test_run_command__the_streams_are_the_callers_own_not_pipes_of_ours_C211() {
	only_crun_lite          # runc copies through pipes
	args inspect fds
	: >"$T/file"
	rt run -b "$B" "$ID" <"$T/file" >"$T/out" 2>"$T/err"
	OUT=$(<"$T/out")
	# Names of files outside the container show as paths of the host without a root.
	expect_match '(^|\n)fd: 0 /[^ ]*file'
	expect_match 'fd: 1 /[^ ]*out'
	expect_match 'fd: 2 /[^ ]*err'
}

test_run_command__works_with_closed_standard_streams_C211() {
	own_rootfs
	args sh -c 'echo ran > /tmp/ran'
	rt run -b "$B" "$ID" <&- >&- 2>&-
	expect_file "$R/tmp/ran"
}

test_run_command__gives_all_the_output_of_a_program_that_ends_at_once_C217() {
	local i
	args sh -c 'seq 1 5000'
	for i in 1 2 3; do
		run_ok run -b "$B" "$ID"
		expect_eq "${OUT: -5}" $'\n5000'
	done
}

test_run_command__detached_returns_at_once_and_the_container_runs_on_C027() {
	args sleep 1000
	run_ok run -d -b "$B" --pid-file "$T/pid" "$ID"
	expect_eq "$(status "$ID")" running
	expect_eq "$(<"$T/pid")" "$(pid_of)" "the pid file"
	deleted
	run_ok run --detach -b "$B" "$ID"
	deleted
}

test_run_command__a_detached_container_stays_until_it_is_deleted_C027() {
	args true
	run_ok run -d -b "$B" "$ID"
	until_true has_status stopped
	run_ok delete "$ID"
}

test_run_command__deletes_the_container_afterwards_C027() {
	args true
	run_ok run -b "$B" "$ID"
	run_fails 'does not exist' state "$ID"
}

test_run_command__keep_leaves_it_stopped_C027() {
	only_crun_lite          # runc 1.1.5 has --keep: 1.2
	args false
	capture rt run --keep -b "$B" "$ID"
	expect_rc 1
	expect_eq "$(status "$ID")" stopped
	run_ok delete "$ID"
}

test_run_command__a_folder_alone_is_a_bundle() {
	only_crun_lite
	args echo hello
	cd "$T"
	run_ok run bundle/
	expect_eq "$OUT" hello
	run_ok run "$B"
	expect_eq "$OUT" hello
	run_ok run ./bundle
	expect_eq "$OUT" hello
	cd "$B"
	run_ok run .
	expect_eq "$OUT" hello
	cd rootfs 2>/dev/null || mkdir sub && cd sub
	run_ok run ..
	expect_eq "$OUT" hello
	run_ok list -q
	expect_eq "$OUT" ""
}

test_run_command__ids_made_up_for_folders_differ() {
	only_crun_lite
	config '.process.args = ["sleep","1000"] | del(.linux.cgroupsPath)'
	run_ok run -d "$B"
	run_ok run -d "$B"
	run_ok list -q
	expect_eq "$(wc -l <<<"$OUT")" 2 "containers"
	local id
	for id in $OUT; do deleted "$id"; done
}

test_run_command__forwards_signals_C217() {
	local s n
	own_rootfs
	args sh -c 'for s in HUP INT QUIT USR1 USR2 TERM CONT WINCH; do trap "echo $s >> /tmp/got" $s; done
		echo > /tmp/ready; while [ ! -e /tmp/stop ]; do usleep 2000; done; exit 9'
	# Not as a background job of this shell, which ignores INT and QUIT.
	python3 - "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" <<-'P' &
		import os, signal, sys
		for s in (signal.SIGINT, signal.SIGQUIT):
		    signal.signal(s, signal.SIG_DFL)
		os.execv(sys.argv[1], sys.argv[1:])
	P
	local p=$! rc=0
	until_true test -e "$R/tmp/ready"
	for s in HUP INT QUIT USR1 USR2 TERM; do
		kill -$s $p
		until_true file_has $s "$R/tmp/got"
	done
	: >"$R/tmp/stop"
	wait $p || rc=$?
	expect_eq $rc 9 "exit code"
}

test_run_command__a_signal_that_ends_the_container_gives_its_code_C217() {
	args sh -c 'trap "exit 33" TERM; echo ready; while :; do usleep 2000; done'
	rt_exec run -b "$B" "$ID" >"$T/o" 2>&1 &
	local p=$! rc=0
	until_true file_has ready "$T/o"
	kill -TERM $p
	wait $p || rc=$?
	expect_eq $rc 33 "exit code"
}

test_run_command__reaps_orphans_of_the_container_without_a_pid_namespace() {
	container_config '(sleep 0.01 &) ; exit 3' 'del(.linux.namespaces[] | select(.type == "pid"))'
	capture rt run -b "$B" "$ID"
	expect_rc 3
}

test_run_command__writes_the_pid_file_C022() {
	args cat
	mkfifo "$T/in"
	rt_exec run -b "$B" --pid-file "$T/pid" "$ID" <"$T/in" >"$T/o" 2>&1 &
	local p=$!
	exec 8>"$T/in"
	until_true has_status running
	expect_eq "$(<"$T/pid")" "$(pid_of)"
	exec 8>&-
	wait $p
}

test_run_command__many_at_once_C219() {
	local i p pids=()
	args sh -c 'exit 5'
	config 'del(.linux.cgroupsPath)'
	for i in 1 2 3 4 5 6 7 8; do
		rt_exec run -b "$B" "$ID-$i" >"$T/o$i" 2>&1 &
		pids+=($!)
	done
	for p in "${pids[@]}"; do
		local rc=0
		wait "$p" || rc=$?
		expect_eq $rc 5 "exit code"
	done
}

test_run_command__spec_writes_a_config_that_runs_C100() {
	mkdir "$T/new"
	cd "$T/new"
	run_ok spec
	expect_file config.json
	[ -z "$CRUN_LITE" ] || run_fails 'exist' spec
	cp -a "$ROOTFS" rootfs
	jq -c '.process.terminal = false | .process.args = ["echo","from spec"]' config.json >c && mv c config.json
	run_ok run -b "$T/new" "$ID"
	expect_eq "$OUT" "from spec"
}

test_run_command__spec_asks_for_no_inheritable_capabilities_V12() {
	mkdir "$T/new"
	run_ok spec --bundle "$T/new"
	jq -e '.process.capabilities | (.inheritable // []) == []' "$T/new/config.json" >/dev/null
}

test_run_command__plan_needs_no_container_and_changes_nothing() {
	only_crun_lite
	args echo hello
	run_ok plan "$B"
	expect_in proc
	expect_in "pivot"
	run_ok plan --json "$B"
	jq -e . <<<"$OUT" >/dev/null
	[ -z "$(ls -A "$ROOT" 2>/dev/null)" ] || fail "it made a state"
}

test_run_command__plan_works_without_root() {
	only_crun_lite
	chmod 755 "$T" "$WORK" "$WORK/$N"
	cp "$RUNTIME" "$T/crun-lite"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$T/crun-lite" plan "$B"
	expect_rc 0
	expect_in proc
}

test_run_command__a_runtime_that_can_no_longer_watch_ends_the_container_C211() {
	only_crun_lite
	command -v prlimit >/dev/null || skip "no prlimit"
	local pid container rc=0
	config '.hooks.poststop = [{"path":"/bin/sh","args":["sh","-c","echo >'"$T"'/poststop"]}]'
	args sleep 1000
	rt_exec run -b "$B" "$ID" 2>"$T/err" &
	pid=$!
	until_true has_status running
	container=$(pid_of)
	# poll(2): EINVAL when it is asked about more fds than RLIMIT_NOFILE allows.
	prlimit --pid $pid --nofile=5:5
	kill -WINCH $pid
	wait $pid || rc=$?
	expect_eq "$rc" 1 "exit code"
	expect_in "wait for the container: invalid argument" "$(<"$T/err")"
	is_gone "$container" || fail "it left process $container running"
	run_ok delete --force "$ID"             # with five files open, not all could be taken back
}

test_run_command__a_bundle_without_its_slash_is_told_so_C027() {
	only_crun_lite
	cd "${B%/*}"
	run_fails "\`crun-lite run ${B##*/}/\` runs the bundle" run "${B##*/}"
	# Where there is none, nothing of the kind is said.
	run_fails 'config.json: no such file' run "$ID"
	[[ $ERR != *'taken for an ID'* ]] || fail "$ERR"
}
