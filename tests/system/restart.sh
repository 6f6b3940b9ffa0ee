# run --restart: a container that is started again.
# shellcheck shell=bash

# counted SCRIPT: it adds a line to $T/runs at each start, and N is their number.
counted() {
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	args /bin/sh -c "echo run >>/vol/runs; N=\$(wc -l </vol/runs); $1"
}
runs() { [ ! -e "$T/runs" ] || wc -l <"$T/runs"; }
of_state() { rt inspect "$ID" | jq -r ".[0].state | $1"; }
is_restarting() { [ "$(of_state .restarting)" = true ]; }
keeper() { jq -r .keeper.pid "$ROOT/$ID/state.json"; }

test_restart__starts_it_again_until_it_succeeds() {
	only_crun_lite
	counted 'echo $N; [ $N -ge 3 ] || exit 5'
	run_ok run --restart on-failure -b "$B" "$ID"
	expect_eq "${OUT//$'\n'/ }" '1 2 3'
	run_fails 'does not exist' state "$ID"
}

test_restart__gives_up_after_so_many_with_the_last_exit_code() {
	local begin
	only_crun_lite
	counted 'exit $((40 + N))'
	begin=$(date +%s%N)
	capture rt run --restart on-failure:2 -b "$B" "$ID"
	expect_rc 43
	expect_eq "$(runs)" 3
	[ $(($(date +%s%N) - begin)) -ge 300000000 ] || fail "no pauses of 100 and 200 ms"
	expect_eq "$ERR" ''
	: >"$T/runs"
	capture rt run --restart no -b "$B" "$ID"
	expect_rc 41
	expect_eq "$(runs)" 1
}

test_restart__always_is_after_a_success_too() {
	local pid
	only_crun_lite
	counted 'trap "exit 9" TERM; while [ $N -ge 3 ]; do sleep 0.01; done'
	rt_exec run --restart always -b "$B" "$ID" &
	pid=$!
	until_true eval '[ "$(runs)" = 3 ]'
	until_true has_status running
	expect_eq "$(of_state '.restarts, .restarting, .restartPolicy')" $'2\nfalse\nalways'
	ended_by TERM "$pid"
	expect_rc 9
	run_fails 'does not exist' state "$ID"
}

test_restart__policies_that_need_a_daemon_are_refused_by_name() {
	only_crun_lite
	args true
	run_fails '--restart unless-stopped.*no daemon' run --restart unless-stopped -b "$B" "$ID"
	expect_in 'a unit of systemd' "$ERR"
	run_fails 'no, on-failure\[:N\] or always' run --restart on-failure:x -b "$B" "$ID"
	run_fails 'no, on-failure\[:N\] or always' run --restart always:3 -b "$B" "$ID"
	run_fails '--restart and --pidfd-socket' run --restart always --pidfd-socket "$T/none" -b "$B" "$ID"
	config '.process.terminal = true'
	run_fails '--restart and --console-socket' run --restart always --console-socket "$T/none" -b "$B" "$ID"
}

test_restart__a_signal_to_us_ends_it_for_good() {
	local pid
	only_crun_lite
	counted 'trap "exit 9" TERM; while :; do sleep 0.01; done'
	rt_exec run --restart always -b "$B" "$ID" &
	pid=$!
	until_true eval '[ "$(runs)" = 1 ]'
	ended_by TERM "$pid"
	expect_rc 9
	expect_eq "$(runs)" 1
	run_fails 'does not exist' state "$ID"
}

# in_pause: it has failed until the pauses are long.
in_pause() {
	until_true eval '[ "$(runs)" -ge 5 ]'
	until_true is_restarting
}

test_restart__a_signal_in_the_pause_ends_it() {
	local pid
	only_crun_lite
	counted 'exit 7'
	rt_exec run --restart on-failure -b "$B" "$ID" &
	pid=$!
	in_pause
	ended_by TERM "$pid"
	expect_rc 7
	run_fails 'does not exist' state "$ID"
	expect_eq "$(own_groups)" ''
}

test_restart__kill_from_outside_ends_it_for_good() {
	local pid
	only_crun_lite
	counted 'exec sleep 1000'
	rt_exec run --restart always -b "$B" "$ID" &
	pid=$!
	until_true has_status running
	until_true eval '[ "$(runs)" = 1 ]'
	run_ok kill "$ID" KILL
	RC=0
	wait "$pid" || RC=$?
	expect_rc 137
	expect_eq "$(runs)" 1
}

test_restart__kill_and_delete_in_the_pause_end_it() {
	local pid how
	only_crun_lite
	counted 'exit 7'
	for how in 'kill ID TERM' 'kill ID KILL' 'delete --force ID' 'delete ID'; do
		: >"$T/runs"
		rt_exec run --restart on-failure -b "$B" "$ID" &
		pid=$!
		in_pause
		# shellcheck disable=SC2086
		run_ok ${how/ID/"$ID"}
		RC=0
		wait "$pid" || RC=$?
		expect_rc 7
		run_fails 'does not exist' state "$ID"
		expect_eq "$(own_groups)" ''
	done
}

test_restart__delete_by_force_while_it_runs_ends_it() {
	local pid
	only_crun_lite
	counted 'exec sleep 1000'
	rt_exec run --restart always -b "$B" "$ID" &
	pid=$!
	# It is running a moment before its program does, and who is killed in that moment never ran.
	until_true eval '[ "$(runs)" = 1 ]'
	run_ok delete --force "$ID"
	RC=0
	wait "$pid" || RC=$?
	expect_rc 137
	run_fails 'does not exist' state "$ID"
	expect_eq "$(runs)" 1
}

test_restart__another_container_of_the_same_name_is_left_alone() {
	local pid theirs
	only_crun_lite
	counted 'exec sleep 1000'
	rt_exec run --restart on-failure -b "$B" "$ID" 2>"$T/err" &
	pid=$!
	until_true eval '[ "$(runs)" = 1 ]'
	theirs=$(pid_of)
	kill -STOP "$pid"                       # it is late to look at the end
	kill -KILL "$theirs"
	until_true eval '[ "$(jq .keeper.exitStatus "$ROOT/$ID/state.json")" = 137 ]'
	deleted
	args sleep 1000
	run_ok run -d -b "$B" "$ID"
	theirs=$(pid_of)
	kill -CONT "$pid"
	RC=0
	wait "$pid" || RC=$?
	expect_rc 137
	expect_eq "$(<"$T/err")" ''
	expect_eq "$(status "$ID") $(pid_of)" "running $theirs"
	deleted
}

test_restart__what_a_kill_in_the_pause_leaves_is_deleted_by_force() {
	local pid
	only_crun_lite
	counted 'exit 7'
	rt_exec run --restart on-failure -b "$B" "$ID" &
	pid=$!
	in_pause
	ended_by KILL "$pid"
	expect_eq "$(status "$ID")" stopped
	expect_eq "$(of_state .restarting)" false
	deleted
	expect_no_file "$ROOT/$ID"
	expect_eq "$(own_groups)" ''
}

test_restart__a_watcher_that_is_killed_takes_the_container_with_it() {
	local pid
	only_crun_lite
	counted 'exec sleep 1000'
	rt_exec run --restart always -b "$B" "$ID" 2>"$T/err" &
	pid=$!
	until_true eval '[ "$(runs)" = 1 ]'
	kill -KILL "$(pgrep -P "$pid")"
	RC=0
	wait "$pid" || RC=$?
	expect_rc 1
	expect_match 'the process that watched container .* was killed by SIGKILL' "$(<"$T/err")"
	run_fails 'does not exist' state "$ID"
	expect_eq "$(own_groups)" ''
	expect_eq "$(runs)" 1
}

test_restart__detached_with_a_log() {
	only_crun_lite
	counted 'echo start $N; exit $N'
	run_ok run -d --log-file "$T/log" --restart on-failure:3 -b "$B" "$ID"
	rt logs -f "$ID" >"$T/followed"         # until the last of its ends
	expect_eq "$(<"$T/followed")" $'start 1\nstart 2\nstart 3\nstart 4'
	run_ok wait "$ID"
	expect_eq "$OUT" 4
	expect_eq "$(of_state '.status, .exitStatus, .restarts, .restarting')" $'stopped\n4\n3\nfalse'
	deleted
}

test_restart__detached_wait_waits_for_the_last_end() {
	only_crun_lite
	counted '[ $N -lt 3 ] || exit 0; exit 6'
	run_ok run -d --log-file "$T/log" --restart on-failure -b "$B" "$ID"
	run_ok wait "$ID"
	expect_eq "$OUT" 0
	expect_eq "$(runs)" 3
	deleted
}

test_restart__detached_is_ended_by_kill_and_by_delete() {
	local pid
	only_crun_lite
	counted 'exec sleep 1000'
	run_ok run -d --log-file "$T/log" --restart always -b "$B" "$ID"
	pid=$(keeper)
	run_ok kill "$ID" KILL
	until_true is_gone "$pid"
	expect_eq "$(of_state '.status, .exitStatus')" $'stopped\n137'
	deleted
	run_ok run -d --log-file "$T/log" --restart always -b "$B" "$ID"
	pid=$(keeper)
	deleted
	until_true is_gone "$pid"
	run_fails 'does not exist' state "$ID"
}

test_restart__a_first_start_that_fails_is_an_error_and_is_not_repeated() {
	only_crun_lite
	config '.process.args = ["/bin/missing"]'
	for how in '' -d; do
		capture rt run $how --restart always -b "$B" "$ID"
		expect_rc 127
		expect_match 'exec: "/bin/missing": no such file' "$ERR"
		one_sentence
		run_fails 'does not exist' state "$ID"
	done
}

test_restart__goes_by_the_configuration_of_the_first_start() {
	only_crun_lite
	counted 'echo $N >/vol/n; [ $N -ge 3 ]'
	cp "$B/config.json" "$T/kept"
	rt_exec run --restart on-failure -b "$B" "$ID" &
	pid=$!
	until_true test -s "$T/n"
	args false
	wait "$pid" || fail "it has another configuration"
	expect_eq "$(runs)" 3
}

test_restart__flags_are_applied_once() {
	only_crun_lite
	mkdir "$T/dir"
	counted 'echo $(grep -c " /mnt " /proc/self/mounts) $A $(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max) "$@"; exit 7'
	config '.process.args += ["x"] | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup"}]'
	capture rt run --restart on-failure:2 --memory 64m -v "$T/dir:/mnt" -e A=b -b "$B" "$ID"
	expect_rc 7
	expect_eq "$OUT" $'1 b 67108864\n1 b 67108864\n1 b 67108864'
}

# planted PATH TARGET: with the flags' sources $T/work and $T/work/cache/data it puts a link at the path, and fails.
planted() {
	rm -rf "$T/work" "$T/runs" "$T/seen"
	mkdir -p "$T/work/cache/data" "$T/secret/data"
	echo key >"$T/secret/data/key"
	cp "$T/secret/data/key" "$T/secret/key"
	counted "[ \$N -gt 1 ] || { rm -r /work/$1 && ln -s $2 /work/$1; exit 1; }; ls /cache >/vol/seen"
	run_fails 'bind source .*/work/cache/data: Too many levels of symbolic links' \
		run --restart on-failure -v "$T/work:/work" -v "$T/work/cache/data:/cache" -b "$B" "$ID"
	expect_in 'a symbolic link is in its path' "$ERR"
	expect_eq "$(runs)" 1
	[ ! -e "$T/seen" ] || fail "it has seen $(<"$T/seen")"
	run_fails 'does not exist' state "$ID"
}

test_restart__links_that_the_container_planted_are_not_followed() {
	only_crun_lite
	own_rootfs
	cp "$B/config.json" "$T/plain"
	planted cache/data "$T/secret"
	cp "$T/plain" "$B/config.json"
	ARGS=
	planted cache "$T/secret"               # in the middle of the path
}

test_restart__more_mounts_than_it_remembers_are_refused() {
	only_crun_lite
	args true
	config '.mounts = [range(1024) | {destination: "/mnt\(.)", type: "tmpfs", source: "tmpfs"}]'
	run_fails 'flag for /cache is mount 1025, and --restart' run --restart always -v "$T:/cache" -b "$B" "$ID"
	expect_in 'have fewer mounts, or mount it by config.json' "$ERR"
}

test_restart__a_volume_is_there_at_each_start() {
	only_crun_lite
	own_rootfs
	counted 'echo $N >>/mnt/numbers; [ $N -ge 3 ] && cat /mnt/numbers'
	run_ok run --restart on-failure --store "$T/store" -v data:/mnt -b "$B" "$ID"
	expect_eq "${OUT//$'\n'/ }" '1 2 3'
}

# There init opens the sources, in its user namespace.
test_restart__links_that_an_ordinary_users_container_planted_are_not_followed() {
	only_crun_lite
	rootless_ground
	mkdir -p "$T/pub/work/cache/data" "$T/pub/secret/data"
	chown -R 1000:1000 "$T/pub/work"
	config '.root = {"path": "nowhere"} | .annotations = {"org.crun-lite.layers": $l} | del(.linux.cgroupsPath)' --arg l "$T/pub/rootfs"
	args /bin/sh -c 'if [ -e /work/ran ]; then ls /cache >/work/seen; exit; fi; touch /work/ran; mv /work/cache /work/old; ln -s "$1" /work/cache; exit 1' sh "$T/pub/secret"
	cp "$B/config.json" "$T/pub/bundle/"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$T/pub/crun-lite" --root "$T/pub/state" run --restart on-failure \
		-v "$T/pub/work:/work" -v "$T/pub/work/cache/data:/cache" -b "$T/pub/bundle" "$ID"
	[ "$RC" != 0 ] || fail "it was started again"
	expect_match 'work/cache/data: too many levels of symbolic links' "$ERR"
	[ -e "$T/pub/work/ran" ] && [ ! -e "$T/pub/work/seen" ] || fail "it has seen $(<"$T/pub/work/seen")"
}

test_restart__a_link_above_the_log_that_the_container_planted_is_not_followed() {
	local pid
	only_crun_lite
	mkdir "$T/logs" "$T/secret"
	ln -s logs "$T/link"                    # of the caller, before the first start
	counted 'mv /vol/logs /vol/old; ln -s secret /vol/logs; until [ -e /vol/go ]; do sleep 0.01; done; echo text; exit 7'
	run_ok run -d --log-file "$T/link/" --restart always -b "$B" "$ID"
	expect_eq "$(of_state .log)" "$T/logs/$ID.log"
	pid=$(keeper)
	touch "$T/go"
	until_true is_gone "$pid"
	expect_eq "$(runs) $(ls -A "$T/secret")" '1 '
	file_has text "$T/old/$ID.log" || fail "nothing is in the log"
	deleted
}

# What was a link before is resolved by the flag, at each start to the same; and a bundle's own mounts are as they were.
test_restart__a_flags_source_may_be_a_link_that_was_there_before() {
	only_crun_lite
	own_rootfs
	mkdir "$T/one" "$T/two"
	touch "$T/one/first" "$T/two/second"
	ln -s one "$T/link"
	counted 'ls /cache; ls /own; ln -sfn two /vol/link; [ $N -gt 1 ]'
	config '.mounts += [{"destination":"/own","type":"bind","source":($d + "/link"),"options":["bind"]}]' --arg d "$T"
	run_ok run --restart on-failure -v "$T/link:/cache" -b "$B" "$ID"
	expect_eq "${OUT//$'\n'/ }" 'first first first second'
}

# Of flags, of what they were made of, and of two updates, one on the other.
test_restart__what_update_changed_stays_changed() {
	only_crun_lite
	counted 'set -- /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; [ -e $1 ] || shift; P=/sys/fs/cgroup/pids/pids.max; [ -e $P ] || P=/sys/fs/cgroup/pids.max
		echo $(cat $1 $P) >>/vol/seen; until [ -e /vol/go$N ]; do sleep 0.01; done; exit 7'
	config '.linux.resources.pids.limit = 50 | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup"}]'
	run_ok run -d --restart always --memory 64m --log-file "$T/log" -b "$B" "$ID"
	until_true test -s "$T/seen"
	run_ok update --memory 128m "$ID"
	touch "$T/go1"
	until_true eval '[ "$(wc -l <"$T/seen")" = 2 ]'
	run_ok update --pids-limit 77 "$ID"
	touch "$T/go2"
	until_true eval '[ "$(wc -l <"$T/seen")" = 3 ]'
	run_ok update --pids-limit=-1 --memory=-1 "$ID"
	touch "$T/go3"
	until_true eval '[ "$(wc -l <"$T/seen")" = 4 ]'
	deleted
	expect_eq "$(head -n 3 "$T/seen")" $'67108864 50\n134217728 50\n134217728 77'
	expect_match '^(max|9223372036854771712) max$' "$(tail -n 1 "$T/seen")"
}

test_restart__later_starts_that_fail_end_it_and_the_log_says_why() {
	only_crun_lite
	own_rootfs
	counted 'cat /vol/go; exit 7'
	mkfifo "$T/go"
	run_ok run -d --log-file "$T/log" --restart always -b "$B" "$ID"
	pid=$(keeper)
	until_true test -s "$T/runs"
	mv "$R" "$R.away"
	echo >"$T/go"
	until_true is_gone "$pid"
	grep -qE 'stderr F crun-lite: run .*rootfs' "$T/log" || fail "$(<"$T/log")"
	expect_eq "$(status "$ID")" stopped
	deleted
	expect_eq "$(own_groups)" ''
}

test_restart__a_time_limit_is_for_all_starts_together() {
	only_crun_lite
	counted 'trap "exit 9" TERM; sleep 0.05; exit 7'
	capture rt run --restart on-failure --timeout 1s --report "$T/report" -b "$B" "$ID"
	expect_rc 124
	[ "$(runs)" -ge 2 ] || fail "$(runs) starts"
	counted 'exec sleep 1000'
	capture rt run --restart on-failure --timeout 300ms --kill-after 0 -b "$B" "$ID"
	expect_rc 137
	run_fails 'does not exist' state "$ID"
}

test_restart__the_report_is_of_the_last_start_and_counts_them() {
	only_crun_lite
	counted 'exit $N'
	capture rt run --restart on-failure:2 --report "$T/report" -b "$B" "$ID"
	expect_rc 3
	expect_eq "$(jq -rs 'length, .[0].restarts, .[0].status, .[0].exit_code' "$T/report")" $'1\n2\n3\n3'
	: >"$T/runs"
	capture rt run --restart on-failure:1 --report - -b "$B" "$ID"
	expect_eq "$(jq -s length <<<"$OUT")" 1
}

test_restart__hooks_are_run_at_each_start_and_end() {
	only_crun_lite
	config '.hooks = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", $c]}], "poststop": [{"path": "/bin/sh", "args": ["sh", "-c", $p]}]}' \
		--arg c "cat >/dev/null; echo create >>$T/hooks" --arg p "cat >/dev/null; echo poststop >>$T/hooks"
	counted 'exit 7'
	capture rt run --restart on-failure:1 -b "$B" "$ID"
	expect_rc 7
	expect_eq "$(tr '\n' ' ' <"$T/hooks")" 'create poststop create poststop '
}

test_restart__keeps_what_was_written_to_layers() {
	local where
	only_crun_lite
	mkdir "$T/scratch"
	for where in '{}' '{"org.crun-lite.scratch": $s}'; do
		config '.root = {"path": "nowhere"} | .annotations = {"org.crun-lite.layers": $l} + '"$where" --arg l "$ROOTFS" --arg s "$T/scratch"
		args /bin/sh -c 'echo x >>/written; [ $(wc -l </written) -ge 3 ] || exit 7; cat /written'
		run_ok run --restart on-failure:5 -b "$B" "$ID"
		expect_eq "${OUT//$'\n'/}" xxx
		run_fails 'does not exist' state "$ID"
		expect_eq "$(ls -A "$ROOT")$(ls -A "$T/scratch")" ''
	done
}

test_restart__leaves_nobody_of_the_start_before() {
	only_crun_lite
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	counted 'sleep 1000 & echo $! >>/vol/pids; exit 7'
	capture rt run --restart on-failure:1 -b "$B" "$ID" </dev/null
	expect_rc 7
	for pid in $(<"$T/pids"); do is_gone "$pid" || fail "process $pid is left"; done
}

test_restart__in_the_foreground_each_start_has_the_terminal() {
	only_crun_lite
	command -v script >/dev/null || skip "util-linux's script is missing"
	counted 'tty; [ $N -ge 3 ] || exit 7'
	config '.process.terminal = true'
	capture script -qec "$RUNTIME --root $ROOT run --restart on-failure -b $B $ID" /dev/null
	expect_rc 0
	expect_eq "$(grep -c '/dev/pts/0' <<<"$OUT")" 3
}

test_restart__each_start_has_the_fds_of_a_service_manager() {
	only_crun_lite
	counted 'echo $LISTEN_FDS $LISTEN_PID $$ $(readlink /proc/self/fd/3); [ $N -ge 2 ]'
	echo text >"$T/passed"
	capture sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$RUNTIME" --root "$ROOT" run --restart on-failure -b "$B" "$ID" 3<"$T/passed"
	expect_rc 0
	[ "$(sort -u <<<"$OUT" | wc -l)" = 1 ] || fail "not the same"
	expect_match '^1 1 1 .'
	: >"$T/runs"
	capture sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$RUNTIME" --root "$ROOT" run -d --log-file "$T/log" --restart on-failure -b "$B" "$ID" 3<"$T/passed"
	run_ok wait "$ID"
	expect_eq "$(cut -d' ' -f4-6 "$T/log" | sort -u)" '1 1 1'
	deleted
}

# notified: who hears what services say, in $T/notified; LISTENER is its pid.
notified() {
	python3 - "$T/notify.sock" "$T/notified" <<-'P' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		s.settimeout(30)
		with open(sys.argv[2], 'wb', 0) as f:
		    while True:
		        f.write(s.recv(4096) + b'\n')
	P
	LISTENER=$!
	until_true test -S "$T/notify.sock"
}
service() { capture env NOTIFY_SOCKET="$T/notify.sock" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -d "$@" -b "$B" "$ID"; }

test_restart__detached_returns_once_a_service_is_ready() {
	only_crun_lite
	own_rootfs              # for the socket's mount point
	args sh -c 'sleep 0.3; touch /vol/told; notify READY=1; exec sleep 1000'
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	notified
	service --log-file "$T/log"
	expect_rc 0
	expect_file "$T/told"
	until_true file_has READY=1 "$T/notified"
	until_true file_has "MAINPID=$(pid_of)" "$T/notified"
	deleted
	end_helper "$LISTENER"
}

test_restart__a_service_that_ends_before_it_is_ready_is_not_one_that_started() {
	only_crun_lite
	own_rootfs
	counted 'exit $((40 + N))'
	notified
	service --log-file "$T/log"
	expect_rc 41
	deleted
	service --restart on-failure:2
	expect_rc 44
	deleted
	end_helper "$LISTENER"
}

# Of `run -d` alone, which is the program's parent as long as it waits: as crun.
test_restart__a_service_without_a_log_tells_its_end_too() {
	local flag
	only_crun_lite
	own_rootfs
	for flag in --detach --init; do
		args sh -c 'exit 41'
		notified
		service $flag
		expect_rc 41
		expect_eq "$ERR" ''
		expect_eq "$(status "$ID")" stopped
		run_ok delete "$ID"
		args sh -c 'exit 0'
		service $flag
		expect_rc 0
		run_ok delete "$ID"
		args sh -c 'sleep 0.1; notify READY=1; exec sleep 1000'
		service $flag
		expect_rc 0
		expect_eq "$(status "$ID")" running
		deleted
		end_helper "$LISTENER"
		rm "$T/notify.sock"
	done
	run_ok run -d -b "$B" "$ID"             # nobody is told: nobody waits
	deleted
	notified
	args sh -c 'notify STATUS=soon; kill -KILL $$'
	config '.linux.namespaces |= map(select(.type != "pid"))'
	service
	expect_rc 137
	run_ok delete "$ID"
	end_helper "$LISTENER"
}

test_restart__a_service_may_be_ready_at_a_later_start() {
	only_crun_lite
	own_rootfs
	counted '[ $N -ge 3 ] || exit 7; notify READY=1; exec sleep 1000'
	notified
	service --log-file "$T/log" --restart on-failure
	expect_rc 0
	expect_eq "$(runs)" 3
	expect_eq "$(of_state .status)" running
	deleted
	end_helper "$LISTENER"
}

test_restart__of_an_ordinary_user_keeps_its_layers() {
	only_crun_lite
	rootless_ground
	config '.root = {"path": "nowhere"} | .annotations = {"org.crun-lite.layers": $l} | del(.linux.cgroupsPath)' --arg l "$T/pub/rootfs"
	args /bin/sh -c 'echo x >>/written; [ $(wc -l </written) -ge 3 ] || exit 7; cat /written'
	cp "$B/config.json" "$T/pub/bundle/"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$T/pub/crun-lite" --root "$T/pub/state" run --restart on-failure:5 -b "$T/pub/bundle" "$ID"
	expect_rc 0
	expect_eq "${OUT//$'\n'/}" xxx
	expect_eq "$(ls -A "$T/pub/state" | grep -v '^\.' || :)" ''
}

# What an ordinary user may reach.
rootless_ground() {
	mkdir -p "$T/pub/bundle" "$T/pub/state"
	chmod 755 "$T" "$T/pub"
	cp "$RUNTIME" "$T/pub/crun-lite"
	cp -a "$ROOTFS" "$T/pub/rootfs"
	chown -R 1000:1000 "$T/pub/state"
}
