# pause, resume, ps, kill --all: C033, C051, C070, F160.
# shellcheck shell=bash

test_processes__pause_stops_everything_and_resume_lets_it_go_on_C070() {
	own_rootfs
	running 'while :; do echo x >>/tmp/count; usleep 2000; done'
	until_true test -s "$R/tmp/count"
	run_ok pause "$ID"
	expect_eq "$OUT$ERR" "" "what pause says"
	expect_eq "$(status "$ID")" paused
	expect_eq "$(rt list -f json | jq -r '.[0].status')" paused "in list"
	local before
	before=$(stat -c %s "$R/tmp/count")
	for _ in 1 2 3 4 5 6; do pause; done
	expect_eq "$(stat -c %s "$R/tmp/count")" "$before" "what a paused container wrote"
	run_ok resume "$ID"
	expect_eq "$(status "$ID")" running
	until_true test "$(stat -c %s "$R/tmp/count")" -gt "$before"
	deleted
}

test_processes__a_created_container_can_be_paused_C070() {
	args true
	created
	run_ok pause "$ID"
	expect_eq "$(status "$ID")" paused
	run_fails 'cannot start a container that is paused' start "$ID"
	run_ok resume "$ID"
	expect_eq "$(status "$ID")" created
	run_ok start "$ID"
	until_true has_status stopped
	deleted
}

# Groups beside each other, and under another parent in between: who asks about one after the other keeps what is above them open.
test_processes__list_tells_who_is_paused_wherever_their_groups_are_C070() {
	local i
	args sleep 1000
	for i in 1 2 3 4 5 6; do
		config '.linux.cgroupsPath = $p' --arg p "/$ID-parent/$([ $i = 4 ] && echo other || echo one)/leaf$i"
		run_ok create -b "$B" "$ID-$i"
	done
	for i in 2 4 6; do run_ok pause "$ID-$i"; done
	expect_eq "$(rt list -f json | jq -r 'map(.status) | join(" ")')" "created paused created paused created paused"
	run_ok resume "$ID-4"
	expect_eq "$(rt list -f json | jq -r 'map(.status) | join(" ")')" "created paused created created created paused"
	# Who made the groups above removes them: the first one goes last.
	for i in 6 5 4 3 2 1; do run_ok delete --force "$ID-$i"; done
}

test_processes__pause_and_resume_of_what_is_not_there_or_not_so_C070() {
	run_fails 'does not exist' pause nothing
	run_fails 'does not exist' resume nothing
	running 'sleep 1000'
	run_fails 'not paused' resume "$ID"
	run_ok pause "$ID"
	run_fails 'cannot pause a container that is paused' pause "$ID"
	expect_eq "$(status "$ID")" paused
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_fails 'container not running' pause "$ID"
	run_fails 'container not running' resume "$ID"
	deleted
}

test_processes__kill_ends_a_paused_container_and_other_signals_wait_C032_C070() {
	running 'trap "exit 3" TERM; while :; do sleep 0.01; done'
	run_ok pause "$ID"
	run_ok kill "$ID" TERM
	expect_eq "$(status "$ID")" paused "after TERM"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	deleted
}

test_processes__delete_force_removes_a_paused_container_C035() {
	running 'sleep 1000'
	run_ok pause "$ID"
	run_fails 'not stopped' delete "$ID"
	deleted
	run_fails 'does not exist' state "$ID"
}

test_processes__kill_all_reaches_every_process_of_the_group_C033() {
	running 'sleep 1000 & sleep 1000' '.linux.namespaces |= map(select(.type != "pid"))'
	until_true test "$(rt ps -f json "$ID" | jq length)" -ge 2
	local pids p
	pids=$(rt ps -f json "$ID" | jq -r '.[]')
	run_ok kill --all "$ID" KILL
	for p in $pids; do until_true is_gone "$p"; done
	until_true has_status stopped
	# What is over already is no error with it (runc).
	run_ok kill --all "$ID" KILL
	run_fails 'container not running' kill "$ID" KILL
	deleted
}

test_processes__ps_lists_the_processes_with_their_numbers_outside_C051() {
	ps -ef >/dev/null 2>&1 || skip "ps does not work on this host"
	running 'sleep 1001 & sleep 1002'
	until_true test "$(rt ps -f json "$ID" | jq length)" = 2
	run_ok ps --format json "$ID"
	jq -e 'type == "array" and all(type == "number") and . == sort' <<<"$OUT" >/dev/null || fail "not a list of numbers"
	expect_eq "$(jq --argjson p "$(pid_of)" 'index($p) != null' <<<"$OUT")" true "the container's process is in it"
	run_ok ps "$ID"
	expect_match '^UID +PID '
	expect_in "sleep 1001"
	expect_in "sleep 1002"
	expect_eq "$(wc -l <<<"$OUT")" 3 lines
	run_ok ps "$ID" -o pid,args
	expect_match '^ *PID COMMAND'
	expect_eq "$(wc -l <<<"$OUT")" 3 lines
	run_ok ps -f table "$ID" -e -o comm,pid
	expect_in sleep
	deleted
}

test_processes__ps_counts_groups_below_the_containers_own_C051() {
	[ -z "$V2" ] || skip "a v2 group with processes has none below"
	running 'sleep 1003'
	mkdir "/sys/fs/cgroup/freezer/$ID/below"
	sleep 1004 &
	local p=$!
	echo $p >"/sys/fs/cgroup/freezer/$ID/below/cgroup.procs"
	run_ok ps -f json "$ID"
	expect_eq "$(jq --argjson p $p 'index($p) != null' <<<"$OUT")" true "the one below"
	end_helper $p
	deleted
}

test_processes__ps_refuses_what_it_cannot_do_C051() {
	run_fails 'does not exist' ps nothing
	running 'sleep 1000'
	run_fails 'table or json' ps -f xml "$ID"
	run_fails 'no column PID' ps "$ID" -o comm
	capture rt ps "$ID" --no-such-option
	[ "$RC" != 0 ] || fail "an option that ps refuses"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_fails 'container not running' ps "$ID"
	run_fails 'container not running' ps -f json "$ID"
	deleted
}

# The freezer waits for who is stuck in the kernel: not for ever, and who was stopped meanwhile goes on.
test_processes__a_pause_that_cannot_be_is_taken_back_in_time_C070() {
	only_crun_lite
	local start ms
	silent_fuse "$T/fuse"
	config '.mounts += [{"destination":"/mnt","type":"none","source":$f,"options":["bind"]}]' --arg f "$T/fuse"
	own_rootfs
	running 'cat /mnt/x & while :; do date +%N >/tmp/clock; usleep 10000; done'
	until_true is_asked
	start=$EPOCHREALTIME
	run_fails 'freeze the cgroup /sys/fs/cgroup/[^ ]*: .*busy.*hint: ' pause "$ID"
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $ms -lt 15000 ] || fail "it took $ms ms"
	expect_eq "$(status "$ID")" running
	start=$(<"$R/tmp/clock")
	until_true eval '[ "$(<"$R/tmp/clock")" != "$start" ]'
	kill "$SERVER"
	wait "$SERVER" || :
	deleted
	umount "$T/fuse"
}
