# run -d --log-file, logs: what a detached container writes.
# shellcheck shell=bash

# logged SCRIPT [FLAG...]: a detached container with the log $T/log.
logged() {
	args /bin/sh -c "$1"
	shift
	run_ok run -d --log-file "$T/log" "$@" -b "$B" "$ID"
}
has_ended() { has_status stopped && ! keeper_lives; }
keeper() { jq -r .keeper.pid "$ROOT/$ID/state.json"; }
keeper_lives() { ! is_gone "$(keeper)"; }
LINE='^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z std(out|err) [FP] '

test_logs__keeps_both_streams_with_times_as_the_cri_writes_them() {
	only_crun_lite
	logged 'echo out; echo error >&2; printf "a b  c"; sleep 0.1; echo; echo; exit 3'
	until_true has_ended
	expect_eq "$(cut -d' ' -f2- "$T/log" | grep stdout)" $'stdout F out\nstdout P a b  c\nstdout F \nstdout F '
	expect_eq "$(cut -d' ' -f2- "$T/log" | grep stderr)" 'stderr F error'
	! grep -vE "$LINE" "$T/log" || fail "a line of another form"
	expect_eq "$(stat -c %a "$T/log")" 600
	capture rt logs "$ID"
	expect_rc 0
	expect_eq "$OUT" $'out\na b  c'
	expect_eq "$ERR" error
	run_ok wait "$ID"
	expect_eq "$OUT" 3
	run_ok inspect "$ID"
	expect_eq "$(jq -r '.[0].state | .exitStatus, .log' <<<"$OUT")" $'3\n'"$T/log"
	deleted
	run_fails "container \"$ID\" does not exist" logs "$ID"
	[ -s "$T/log" ] || fail "the log went with the container"
}

test_logs__passes_every_byte_on() {
	local i
	only_crun_lite
	for i in 1 2 3; do head -c 100000 /dev/urandom; done >"$B/random"
	own_rootfs
	cp "$B/random" "$R/random"
	logged 'cat /random; cat /random >&2'
	until_true has_ended
	rt logs "$ID" >"$T/o" 2>"$T/e"
	# What a log ends with is the end of a line.
	cmp "$B/random" "$T/o" || cmp <(cat "$B/random"; echo) "$T/o" || fail "standard output differs"
	cmp "$B/random" "$T/e" || cmp <(cat "$B/random"; echo) "$T/e" || fail "standard error differs"
	[ "$(awk 'length > m {m = length} END {print m}' <(LC_ALL=C tr -c '\n -~' x <"$T/log"))" -lt 16500 ] || fail "a line that tools would not read"
	deleted
}

# The first byte that is logged goes beyond RLIMIT_FSIZE.  Who has written more than a pipe holds has been read from.
test_logs__a_log_that_may_not_grow_is_no_signal_for_the_program() {
	only_crun_lite
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	args /bin/sh -c 'trap "echo >/vol/got" 25; seq 200000; exit 3'
	head -c 262144 /dev/zero >"$T/log"
	capture bash -c 'ulimit -f 256 && exec "$@"' sh "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -d --log-file "$T/log" -b "$B" "$ID"
	expect_rc 0
	until_true has_ended
	run_ok wait "$ID"
	expect_eq "$OUT" 3
	[ ! -e "$T/got" ] || fail "it got our SIGXFSZ"
	expect_eq "$(stat -c %s "$T/log")" 262144
	deleted
}

test_logs__shows_the_last_lines_and_those_of_a_time() {
	local moment
	only_crun_lite
	mkfifo "$T/go"
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	logged 'seq 5; cat /vol/go; seq 6 9; printf "no end"'
	until_true grep -q 'F 5$' "$T/log"
	sleep 0.002
	moment=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	echo >"$T/go"
	until_true has_ended
	run_ok logs --tail 3 "$ID"
	expect_eq "$OUT" $'8\n9\nno end'
	run_ok logs -n 0 "$ID"
	expect_eq "$OUT" ''
	run_ok logs -n 100 "$ID"
	expect_eq "${OUT//$'\n'/ }" '1 2 3 4 5  6 7 8 9 no end'
	run_ok logs --since "$moment" "$ID"
	expect_eq "${OUT//$'\n'/ }" ' 6 7 8 9 no end'
	run_ok logs --until "$moment" --tail 2 "$ID"
	expect_eq "$OUT" $'4\n5'
	run_ok logs --since 1h "$ID"
	expect_line 1
	run_ok logs --until 1h "$ID"
	expect_eq "$OUT" ''
	run_ok logs -t -n 2 "$ID"
	expect_match '^20[0-9T:.-]+Z 9'$'\n''20[0-9T:.-]+Z no end$'
	run_ok logs "${ID%?}"
	run_fails 'a number of lines is expected' logs -n x "$ID"
	run_fails 'a time is expected' logs --since yesterday "$ID"
	deleted
}

test_logs__are_followed_until_the_end() {
	local pid
	only_crun_lite
	mkfifo "$T/go"
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	logged 'echo first; cat /vol/go; echo last'
	rt_exec logs -f "$ID" >"$T/followed" &
	pid=$!
	until_true file_has first "$T/followed"
	! is_gone "$pid" || fail "it did not wait"
	echo between >"$T/go"
	wait "$pid" || fail "logs -f failed"
	expect_eq "$(<"$T/followed")" $'first\nbetween\nlast'
	deleted
}

test_logs__that_are_followed_end_with_the_reader_and_with_a_signal() {
	local pid
	only_crun_lite
	logged 'echo one; exec sleep 1000'
	rt_exec logs -f "$ID" >"$T/followed" &
	pid=$!
	until_true file_has one "$T/followed"
	ended_by TERM "$pid"
	expect_rc 143
	has_status running || fail "the container has ended"
	rt_exec logs -f "$ID" | read -r line
	deleted
}

test_logs__turn_over_at_a_size_and_are_read_and_followed_across_it() {
	local i
	only_crun_lite
	logged 'i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo "$i 0123456789012345678901234567890123456789"; done' --log-max-size 100k
	rt logs -f "$ID" >"$T/followed"
	until_true has_ended
	expect_file "$T/log.1"
	expect_no_file "$T/log.2"
	[ "$(stat -c %s "$T/log")" -le 102400 ] && [ "$(stat -c %s "$T/log.1")" -le 102400 ] || fail "larger than they may be"
	expect_eq "$(tail -n1 "$T/followed" | cut -d' ' -f1)" 3000
	i=$(wc -l <"$T/log")
	run_ok logs -n $((i + 10)) "$ID"
	expect_eq "$(wc -l <<<"$OUT")" $((i + 10))
	expect_eq "$(head -n1 <<<"$OUT" | cut -d' ' -f1)" $((3000 - i - 9))
	deleted
}

test_logs__of_a_full_disk_do_not_stop_the_container_and_say_what_is_missing() {
	only_crun_lite
	mkdir "$T/disk"
	mount -t tmpfs -o size=128k tmpfs "$T/disk"
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	mkfifo "$T/go"
	args /bin/sh -c 'echo first; cat /vol/go; head -c 300000 /dev/zero | tr "\0" x; echo; echo done >/vol/done; cat /vol/go; echo after; sleep 0.1; echo end'
	run_ok run -d --log-file "$T/disk/log" -b "$B" "$ID"
	until_true test -s "$T/disk/log"
	! cat /dev/zero >"$T/disk/filler" 2>/dev/null || fail "a disk without an end"
	echo >"$T/go"
	until_true test -s "$T/done"
	has_status running || fail "it has ended"
	rm "$T/disk/filler"
	echo >"$T/go"
	until_true has_ended
	grep -qE 'stderr F crun-lite: [1-9][0-9]{4,} bytes of output are not in this log: No space left' "$T/disk/log" || fail "it does not say so: $(cut -c1-200 "$T/disk/log")"
	grep -q 'F end$' "$T/disk/log" || fail "what came later is missing"
	! grep -vE "$LINE" "$T/disk/log" || fail "half of a line stayed"
	deleted
	umount "$T/disk"
}

test_logs__go_to_a_directory_under_the_container_s_name() {
	only_crun_lite
	mkdir "$T/logs"
	args echo word
	cd "$T"
	run_ok run -d --log-file logs/ -b "$B" "$ID"
	until_true has_ended
	expect_match ' stdout F word$' "$(<"$T/logs/$ID.log")"
	run_ok run -d --log-file logs -b "$B" "$ID-2"
	until_true test -s "$T/logs/$ID-2.log"
	ID=$ID-2 until_true has_ended
	deleted "$ID-2"
	deleted
}

test_logs__keep_what_is_in_the_file_already() {
	only_crun_lite
	echo 'what somebody wrote' >"$T/log"
	logged 'echo word'
	until_true has_ended
	run_ok logs "$ID"
	expect_eq "$OUT" $'what somebody wrote\nword'
	deleted
}

test_logs__are_written_to_no_link_and_no_device() {
	only_crun_lite
	ln -s "$T/target" "$T/link"
	mkfifo "$T/fifo"
	args true
	run_fails 'it is a symbolic link' run -d --log-file "$T/link" -b "$B" "$ID"
	run_fails 'is no file|no such device' run -d --log-file "$T/fifo" -b "$B" "$ID"
	run_fails 'is no file' run -d --log-file /dev/null -b "$B" "$ID"
	run_fails "log's directory $T/nowhere" run -d --log-file "$T/nowhere/log" -b "$B" "$ID"
	expect_no_file "$T/target"
	run_fails 'does not exist' state "$ID"
}

test_logs__need_a_detached_container_without_a_terminal() {
	only_crun_lite
	args true
	run_fails '--log-file is given without --detach' run --log-file "$T/log" -b "$B" "$ID"
	run_fails '--log-max-size is given without --log-file' run -d --log-max-size 1m -b "$B" "$ID"
	run_fails 'of 64k at least' run -d --log-file "$T/log" --log-max-size 1k -b "$B" "$ID"
	config '.process.terminal = true'
	run_fails 'a terminal is asked for' run -d --log-file "$T/log" -b "$B" "$ID"
}

test_logs__of_a_container_without_one_and_of_nobody_are_errors() {
	only_crun_lite
	running 'sleep 1000'
	run_fails "container $ID has no log" logs "$ID"
	expect_in -- '--log-file FILE' "$ERR"
	run_fails 'container "nobody" does not exist' logs nobody
	deleted
}

test_logs__failures_of_a_start_are_the_caller_s_as_without() {
	only_crun_lite
	config '.process.args = ["/bin/missing"]'
	capture rt run -d --log-file "$T/log" -b "$B" "$ID"
	expect_rc 127
	expect_match 'exec: "/bin/missing": no such file' "$ERR"
	one_sentence
	run_fails 'does not exist' state "$ID"
	capture rt run -d --log-file "$T/log" "$ID" # no bundle here
	expect_rc 1
	expect_match 'open config.json|config.json: no such file' "$ERR"
}

test_logs__the_keeper_holds_nothing_of_the_caller_s() {
	local pid
	only_crun_lite
	mkfifo "$T/held"
	args sleep 1000
	rt run -d --log-file "$T/log" -b "$B" "$ID" 7>"$T/held.out" >"$T/o" 2>"$T/e" 8<>"$T/held"
	pid=$(keeper)
	for fd in "/proc/$pid/fd"/*; do
		case $(readlink "$fd") in "$T/held"* | "$T/o" | "$T/e") fail "it holds $(readlink "$fd")" ;; esac
	done
	expect_eq "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid" "its session"
	# Its own memory; with sanitizers it is another program.
	grep -q __asan_init "$RUNTIME" || [ "$(awk '/^RssAnon/ {print $2}' "/proc/$pid/status")" -lt 1000 ] || fail "too large"
	deleted
	until_true is_gone "$pid"
}

test_logs__a_start_that_is_interrupted_leaves_nothing() {
	local pid
	only_crun_lite
	config '.hooks.prestart = [{"path": "/bin/sleep", "args": ["sleep", "1000"]}]'
	rt_exec run -d --log-file "$T/log" -b "$B" "$ID" 2>"$T/err" &
	pid=$!
	until_true test -e "$ROOT/$ID/config.json"
	ended_by TERM "$pid"
	[ "$RC" != 0 ] || fail "it says that the container runs"
	run_fails 'does not exist' state "$ID"
	expect_eq "$(own_groups)" ''
}

test_logs__who_is_killed_is_written_down() {
	only_crun_lite
	logged 'exec sleep 1000'
	run_ok kill "$ID" KILL
	run_ok wait "$ID"
	expect_eq "$OUT" 137
	until_true has_ended
	deleted
	logged 'exec sleep 1000'
	deleted
}

test_logs__with_a_time_limit_and_a_report() {
	only_crun_lite
	logged 'trap "echo told; exit 0" TERM; while :; do sleep 0.01; done' --timeout 300ms --report "$T/report"
	run_ok wait "$ID"
	expect_eq "$OUT" 124
	expect_eq "$(jq -r '.reason, .status' "$T/report")" $'timeout\n124'
	run_ok logs "$ID"
	expect_eq "$OUT" told
	deleted
	run_fails 'a file is expected' run -d --log-file "$T/log" --report - -b "$B" "$ID"
}
