# The systemd cgroup manager: C007, C008; features.md §3d.  With systemd as pid 1 only (tests/vm/check --systemd).
# shellcheck shell=bash

RUNTIME_FLAGS="${RUNTIME_FLAGS:-} --cgroup-manager systemd"
UNIT= GROUP=

any_systemd() {
	only_crun_lite
	[ "$(ps -o comm= -p 1)" = systemd ] && [ -S /run/systemd/private ] || skip "systemd is not pid 1 here"
}
need_systemd() {
	any_systemd
	[ -n "$V2" ] || skip "this test knows the files of cgroup v2 only"
}

# unit [FILTER [JQ ARG...]]: system.slice:test:ID; UNIT and GROUP
unit() {
	local filter=${1:-.}
	[ $# = 0 ] || shift
	need_systemd
	UNIT=test-$ID.scope GROUP=/sys/fs/cgroup/system.slice/$UNIT
	config '.linux.cgroupsPath = "system.slice:test:" + $id | '"$filter" --arg id "$ID" "$@"
}

# sleeping: the container waits as long as it takes; it is started
sleeping() {
	args sleep 1000
	created
	run_ok start "$ID"
}

property() { systemctl show -p "$1" --value "${2:-$UNIT}"; }
# expect_property NAME VALUE [UNIT]
expect_property() { expect_eq "$(property "$1" "${3:-$UNIT}")" "$2" "$1"; }
no_unit() { [ "$(property LoadState "${1:-$UNIT}")" = not-found ]; }
expect_no_unit() {
	no_unit "$@" || fail "unit ${1:-$UNIT} is left: $(systemctl status "${1:-$UNIT}" 2>&1 | head -n 5)"
	expect_no_file "$GROUP"
}

test_systemd__run_is_in_a_scope_which_goes_with_it_C007() {
	unit '.linux.namespaces |= map(select(.type != "cgroup"))'
	in_container 'cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/system.slice/$UNIT"
	expect_no_unit
}

test_systemd__the_flag_of_runc_and_its_false_C007() {
	need_systemd
	RUNTIME_FLAGS=--systemd-cgroup
	unit '.linux.namespaces |= map(select(.type != "cgroup"))'
	in_container 'cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/system.slice/$UNIT"
	RUNTIME_FLAGS=--systemd-cgroup=false
	run_fails 'names a systemd unit' run -b "$B" "$ID"
	RUNTIME_FLAGS=--systemd-cgroup=perhaps
	run_fails 'true or false' run -b "$B" "$ID"
}

test_systemd__names_of_managers_C008() {
	only_crun_lite
	RUNTIME_FLAGS='--cgroup-manager upstart'
	run_fails 'cgroupfs, systemd or disabled' run -b "$B" "$ID"
	RUNTIME_FLAGS='--cgroup-manager disabled'
	run_ok run -b "$B" "$ID"
}

test_systemd__a_host_without_it_says_so_C007() {
	only_crun_lite
	config '.linux.cgroupsPath = "system.slice:test:" + $id' --arg id "$ID"
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$T/none
	if [ -S /run/systemd/private ]; then
		# Then it is asked itself.
		run_ok run -b "$B" "$ID"
		no_unit "test-$ID.scope" || fail "the unit is left"
		return
	fi
	run_fails 'reach systemd by unix:path=.*/none: no such file.*cgroup-manager cgroupfs' run -b "$B" "$ID"
	run_fails 'reach systemd' create -b "$B" "$ID"
}

# silent_bus: BUS takes connections and never says a word
silent_bus() {
	BUS=$T/bus
	python3 -c 'import socket,sys,time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(8); time.sleep(1000)' "$BUS" &
	BUS_SERVER=$!
	until_true test -S "$BUS"
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$BUS
}

test_systemd__a_bus_that_says_nothing_is_waited_for_half_a_minute_C007() {
	only_crun_lite
	local start
	silent_bus
	config '.linux.cgroupsPath = "system.slice:test:" + $id' --arg id "$ID"
	start=$EPOCHSECONDS
	run_fails "unix:path=$BUS.*timed out" run -b "$B" "$ID"
	[ $((EPOCHSECONDS - start)) -ge 29 ] && [ $((EPOCHSECONDS - start)) -le 40 ] || fail "it took $((EPOCHSECONDS - start)) s"
	end_helper $BUS_SERVER
	run_fails 'does not exist' state "$ID"
}

test_systemd__waiting_for_a_bus_ends_with_TERM_C007() {
	only_crun_lite
	local pid
	silent_bus
	config '.linux.cgroupsPath = "system.slice:test:" + $id' --arg id "$ID"
	rt_exec run -b "$B" "$ID" 2>"$T/err" &
	pid=$!
	until_true rt state "$ID"
	kill $pid
	! wait $pid || fail "it went on"
	expect_in 'interrupted by SIGTERM' "$(<"$T/err")"
	end_helper $BUS_SERVER
	run_fails 'does not exist' state "$ID"
}

# With systemd's own move there is one migration, and none of ours.
test_systemd__nobody_is_moved_by_us() {
	command -v strace >/dev/null || skip "no strace"
	unit
	args true
	ASAN_OPTIONS=detect_leaks=0 strace -f -y -e trace=write,clone3,openat -o "$T/trace" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	grep -q clone3 "$T/trace" || skip "strace sees nothing here"
	! grep -E 'cgroup\.(procs|threads).*(WRONLY|RDWR)|write.*cgroup\.(procs|threads)' "$T/trace" || fail "somebody was moved"
}

test_systemd__create_start_kill_delete_C007() {
	unit
	args sleep 1000
	created
	expect_property ActiveState active
	expect_property Delegate yes
	expect_property DefaultDependencies no
	expect_property Slice system.slice
	expect_property Description "crun-lite container $ID"
	expect_property ControlGroup "/system.slice/$UNIT"
	expect_eq "$(<"$GROUP/cgroup.procs")" "$(pid_of)" "processes of the group"
	jq -e --arg u "$UNIT" '.systemd.unit == $u and .systemd.user == false and .systemd.group > 0' "$ROOT/$ID/state.json" >/dev/null
	run_ok start "$ID"
	has_status running
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
	expect_no_unit
}

test_systemd__a_later_command_needs_no_flag_C007() {
	unit
	sleeping
	RUNTIME_FLAGS=
	run_ok delete --force "$ID"
	expect_no_unit
}

test_systemd__processes_that_outlive_the_first_go_with_the_unit_F164() {
	unit '.linux.namespaces |= map(select(.type != "pid"))'
	running 'sleep 1000 & exit 0'
	until_true has_status stopped
	[ -n "$(<"$GROUP/cgroup.procs")" ] || fail "nobody is left"
	run_ok delete "$ID"
	expect_no_unit
}

test_systemd__limits_are_properties_and_exact_in_the_files_F130() {
	unit '.linux.resources = {"memory":{"limit":104857600,"reservation":52428800,"swap":157286400},
		"cpu":{"shares":1024,"quota":15500,"period":50000},"pids":{"limit":100},
		"unified":{"memory.high":"94371840","memory.oom.group":"1"}}'
	sleeping
	expect_property MemoryMax 104857600
	expect_property MemoryLow 52428800
	expect_property MemorySwapMax 52428800
	expect_property MemoryHigh 94371840
	expect_property TasksMax 100
	expect_property CPUWeight 100
	expect_property CPUQuotaPerSecUSec 310ms
	expect_eq "$(<"$GROUP/memory.max")" 104857600
	expect_eq "$(<"$GROUP/memory.low")" 52428800
	expect_eq "$(<"$GROUP/memory.high")" 94371840
	expect_eq "$(<"$GROUP/pids.max")" 100
	expect_eq "$(<"$GROUP/cpu.max")" "15500 50000"
	expect_eq "$(<"$GROUP/memory.oom.group")" 1
	# systemd writes what it knows anew: nothing is lost.
	systemctl daemon-reload
	expect_eq "$(<"$GROUP/memory.max")" 104857600
	expect_eq "$(<"$GROUP/pids.max")" 100
	expect_property MemoryMax 104857600
	deleted
	expect_no_unit
}

test_systemd__no_task_at_all_is_no_limit_of_systemd_s_F132() {
	unit '.linux.resources.pids.limit = 0'
	args true
	created
	expect_property TasksMax 1
	expect_eq "$(<"$GROUP/pids.max")" 0
	deleted
}

test_systemd__what_is_no_limit_F130() {
	unit '.linux.resources = {"memory":{"limit":-1,"swap":-1},"cpu":{"quota":-1},"pids":{"limit":-1}}'
	sleeping
	expect_property MemoryMax infinity
	expect_property TasksMax infinity
	expect_property CPUQuotaPerSecUSec infinity
	expect_eq "$(<"$GROUP/pids.max")" max
	deleted
}

test_systemd__devices_are_listed_and_decided_by_the_rules_F139() {
	unit '.linux.resources.devices = [{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"},
			{"allow":true,"type":"c","major":4,"access":"r"}]
		| .linux.devices = [{"path":"/dev/kmsg","type":"c","major":1,"minor":11},{"path":"/dev/fuse","type":"c","major":10,"minor":229}]
		| .process.args = ["sleep","1000"]'
	created
	run_ok start "$ID"
	expect_property DevicePolicy strict
	expect_in '/dev/char/10:229 rw' "$(property DeviceAllow)"
	expect_in 'char-4 r' "$(property DeviceAllow)"
	deleted
	in_container 'cat /dev/null; : <>/dev/fuse && echo fuse; head -c1 /dev/kmsg || echo denied' .
	expect_in fuse
	expect_in denied
	expect_not_in "No such device"
}

test_systemd__a_mount_shows_the_own_group_F068() {
	unit '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro","nosuid","noexec","nodev"]}]'
	in_container 'cat /proc/self/cgroup /sys/fs/cgroup/cgroup.type; mkdir /sys/fs/cgroup/x 2>&1'"; grep ' /sys/fs/cgroup ' /proc/self/mountinfo"' || :'
	expect_match $'^0::/\ndomain\n'
	expect_in 'Read-only file system'
	mount_has /sys/fs/cgroup ro nosuid noexec nodev
	expect_no_unit
}

test_systemd__hooks_find_the_process_in_its_group_F085() {
	unit
	hook=$T/hook
	printf '#!/bin/sh\npid=$(jq .pid)\ncat /proc/$pid/cgroup >>%s/seen\n' "$T" >"$hook"
	chmod 755 "$hook"
	config '.hooks = {"prestart":[{"path":$h}],"createRuntime":[{"path":$h}]}' --arg h "$hook"
	run_ok run -b "$B" "$ID"
	expect_eq "$(sort -u "$T/seen")" "0::/system.slice/$UNIT"
	expect_no_unit
}

test_systemd__a_user_namespace_F062() {
	unit '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings
		| .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}]'
	in_container 'cat /proc/self/cgroup; ls /sys/fs/cgroup/memory.max; id -u'
	expect_eq "$OUT" $'0::/\n/sys/fs/cgroup/memory.max\n0'
	expect_no_unit
}

test_systemd__namespaces_that_are_joined_F061() {
	unit
	namespaces pid
	config '.linux.namespaces = [.linux.namespaces[] | if .type == "pid" then .path = $p else . end]' --arg p "/proc/$NS/ns/pid_for_children"
	[ -e "/proc/$NS/ns/pid_for_children" ] || skip "no pid namespace to join"
	in_container 'cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/"
	kill "$NSHOLD"
	expect_no_unit
}

test_systemd__the_group_is_the_container_s_user_s_F069() {
	unit '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}] | .process.user = {"uid":1000,"gid":1000}'
	in_container 'mkdir /sys/fs/cgroup/sub && echo 0 >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/sub"
	expect_no_unit
}

test_systemd__pause_and_kill_F166() {
	unit
	sleeping
	run_ok pause "$ID"
	has_status paused
	expect_eq "$(sed -n 's/^frozen //p' "$GROUP/cgroup.events")" 1
	run_ok resume "$ID"
	has_status running
	run_ok pause "$ID"
	deleted
	expect_no_unit
}

# ---- reports: a process of ours holds the scope until its numbers are read ------------------------

# What this kernel counts with the cgroupfs manager, it must count here.
test_systemd__a_report_has_the_numbers_of_the_cgroupfs_manager_F130() {
	local i
	any_systemd
	config '.linux.resources = {"memory":{"limit":100000000},"pids":{"limit":20},"cpu":{"quota":50000,"period":100000}}
		| .process.args = ["sh","-c","head -c 3000000 /dev/zero >/dev/shm/x; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; true | true"]'
	RUNTIME_FLAGS=
	run_ok run -b "$B" --report "$T/plain" "$ID"
	RUNTIME_FLAGS='--cgroup-manager systemd'
	config '.linux.cgroupsPath = "system.slice:test:" + $id' --arg id "$ID"
	for i in 1 2 3; do
		run_ok run -b "$B" --report "$T/report" "$ID"
		no_unit "test-$ID.scope" || fail "the scope is left"
	done
	jq -e '.reason == "exit" and .status == 0 and (.memory | has("oom_kills"))' "$T/report" >/dev/null || fail "$(cat "$T/report")"
	nulls() { jq -c '[paths(. == null)]' "$1"; }
	expect_eq "$(nulls "$T/report")" "$(nulls "$T/plain")" "what is not counted"
	# Nobody else's processes and memory are in it.
	expect_eq "$(jq -c '[.pids.peak, .memory.peak_bytes > 3000000, .memory.peak_bytes < 30000000]' "$T/report")" \
		"$(jq -c '[.pids.peak, .memory.peak_bytes > 3000000, .memory.peak_bytes < 30000000]' "$T/plain")"
}

test_systemd__a_report_of_a_program_that_ran_out_of_memory_F130() {
	any_systemd
	config '.linux.cgroupsPath = "system.slice:test:" + $id | .linux.resources.memory = {"limit":20971520}
		| .process.args = ["eatmemory","100"]' --arg id "$ID"
	capture rt run -b "$B" --report "$T/report" "$ID"
	expect_rc 137
	expect_eq "$(jq -c '[.reason, .memory.oom_kills > 0]' "$T/report")" '["oom",true]'
	no_unit "test-$ID.scope" || fail "the scope is left"
}

# The group that is held is below the scope; the limits are exact there, and systemd's are none for it.
test_systemd__who_holds_the_scope_is_not_held_against_the_container_F132() {
	local pid
	unit '.linux.resources.pids.limit = 4 | .linux.namespaces |= map(select(.type != "cgroup"))'
	args sh -c 'cat /proc/self/cgroup; sleep 1000 & sleep 1000 & sleep 1000 & wait'
	rt_exec run -b "$B" --report "$T/report" "$ID" >"$T/out" &
	pid=$!
	until_true grep -q . "$T/out"
	expect_eq "$(<"$T/out")" "0::/system.slice/$UNIT/container"
	until_true eval '[ "$(<"$GROUP/container/pids.current")" = 4 ]'
	expect_eq "$(<"$GROUP/container/pids.max")" 4
	expect_property TasksMax 5
	expect_eq "$(wc -l <"$GROUP/hold/cgroup.procs")" 1
	run_ok update --pids-limit 9 "$ID"
	expect_eq "$(<"$GROUP/container/pids.max")" 9
	expect_property TasksMax 10
	run_ok exec "$ID" cat /proc/self/cgroup
	expect_eq "$OUT" "0::/system.slice/$UNIT/container"
	jq -e .systemd.held "$ROOT/$ID/state.json" >/dev/null
	run_ok delete --force "$ID"
	wait $pid || :
	expect_no_unit
	expect_eq "$(jq .reason "$T/report")" '"signal"'
}

test_systemd__a_scope_that_is_stopped_has_its_numbers_too_F130() {
	local pid
	unit
	args sh -c 'trap "exit 3" TERM; sleep 1000 & wait'
	rt_exec run -b "$B" --report "$T/report" "$ID" &
	pid=$!
	until_true has_status running
	until_true eval '[ "$(<"$GROUP/container/pids.current")" = 2 ]'
	systemctl stop "$UNIT"
	wait $pid || :
	expect_eq "$(jq -c '[.reason, .pids.peak > 1, .cpu.usage_usec > 0]' "$T/report")" '["exit",true,true]'
	expect_no_unit
}

test_systemd__who_holds_a_scope_dies_with_a_run_that_is_killed_C220() {
	local pid
	unit '.linux.namespaces |= map(select(.type != "pid"))'
	args sleep 1000
	rt_exec run -b "$B" --report "$T/report" "$ID" &
	pid=$!
	until_true has_status running
	until_true grep -q . "$GROUP/hold/cgroup.procs"
	kill -KILL $pid
	wait $pid || :
	until_true eval '[ -z "$(<"$GROUP/hold/cgroup.procs")" ]'
	has_status running
	run_ok delete --force "$ID"
	expect_no_unit
}

test_systemd__a_start_that_fails_with_a_report_leaves_no_unit_F167() {
	unit
	args /bin/nothing-there
	run_fails 'nothing-there' run -b "$B" --report "$T/report" "$ID"
	expect_eq "$(jq .reason "$T/report")" '"error"'
	expect_no_unit
}

# ---- restarts: a scope of the same name each time ---------------------------------------------------

# counted SCRIPT: it adds its group to $T/runs at each start, and N is the number of those.
counted() {
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]
		| .linux.namespaces |= map(select(.type != "cgroup"))' --arg d "$T"
	args /bin/sh -c "cat /proc/self/cgroup >>/vol/runs; N=\$(wc -l </vol/runs); $1"
}
runs() { [ ! -e "$T/runs" ] || wc -l <"$T/runs"; }
of_state() { rt inspect "$ID" | jq -r ".[0].state | $1"; }
keeper() { jq -r .keeper.pid "$ROOT/$ID/state.json"; }
is_ended() { [ "$(runs)" = "$1" ] && is_gone "$2"; }
# in_pause: it has failed until the pauses are long.
in_pause() { # The sixth is of three seconds: time for what the caller does next, on a slow machine too.
	until_true eval '[ "$(runs)" -ge 6 ]'
	until_true eval '[ "$(of_state .restarting)" = true ]'
}

test_systemd__restarts_until_it_has_failed_often_enough_F130() {
	local pid
	unit
	counted 'exit $((40 + N))'
	run_ok run -d --restart on-failure:2 --log-file "$T/log" -b "$B" "$ID"
	pid=$(keeper)
	until_true is_ended 3 "$pid"
	expect_eq "$(sort -u "$T/runs")" "0::/system.slice/$UNIT"
	expect_eq "$(of_state '.status, .exitStatus, .restarts, .restarting')" $'stopped\n43\n2\nfalse'
	[ ! -s "$T/log" ] || fail "$(<"$T/log")"
	deleted
	expect_no_unit
	: >"$T/runs"
	capture rt run --restart on-failure:2 -b "$B" "$ID"
	expect_rc 43
	expect_eq "$(runs) $ERR" '3 '
	expect_no_unit
}

test_systemd__restarts_with_a_report_are_in_a_group_that_is_held_each_time_F130() {
	unit
	counted 'exit $((40 + N))'
	capture rt run --restart on-failure:2 --report "$T/report" -b "$B" "$ID"
	expect_rc 43
	expect_eq "$(sort -u "$T/runs")" "0::/system.slice/$UNIT/container"
	expect_eq "$(jq -cs 'map([.restarts, .exit_code, .cpu.usage_usec > 0])' "$T/report")" '[[2,43,true]]'
	expect_no_unit
}

test_systemd__restarts_for_ever_end_by_kill_by_delete_and_by_a_signal_F166() {
	local pid how
	unit
	for how in 'kill ID KILL' 'delete --force ID'; do
		: >"$T/runs"
		counted '[ $N -gt 2 ] || exit 0; exec sleep 1000'
		run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
		pid=$(keeper)
		until_true eval '[ "$(runs)" = 3 ]'
		until_true has_status running
		# shellcheck disable=SC2086
		run_ok ${how/ID/"$ID"}
		until_true is_ended 3 "$pid"
		deleted
		expect_no_unit
		[ ! -s "$T/log" ] || fail "$(<"$T/log")"
	done
	: >"$T/runs"
	counted 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
	pid=$(keeper)
	until_true eval '[ "$(runs)" = 1 ]'
	run_ok kill "$ID" TERM
	until_true is_ended 1 "$pid"
	expect_eq "$(of_state '.status, .exitStatus')" $'stopped\n9'
	run_ok delete "$ID"
	expect_no_unit
}

test_systemd__between_two_starts_there_is_no_scope_and_kill_and_delete_end_it_F166() {
	local pid how
	unit
	counted 'exit 7'
	for how in 'kill ID TERM' 'delete ID' 'delete --force ID'; do
		: >"$T/runs"
		run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
		pid=$(keeper)
		in_pause
		expect_no_unit
		# shellcheck disable=SC2086
		run_ok ${how/ID/"$ID"}
		until_true is_gone "$pid"
		deleted
		expect_no_unit
	done
	[ ! -s "$T/log" ] || fail "$(<"$T/log")"
}

# A keeper that is killed leaves the container running, as one without; there is nobody to start it again.
test_systemd__a_keeper_that_is_killed_leaves_what_delete_removes_C220() {
	local pid i
	for i in runs pause; do
		unit
		: >"$T/runs"
		counted "[ $i = pause ] && exit 7; exec sleep 1000"
		run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
		pid=$(keeper)
		if [ $i = pause ]; then in_pause; else until_true eval '[ "$(runs)" = 1 ]'; fi
		kill -KILL "$pid"
		until_true is_gone "$pid"
		[ $i = pause ] || { pgrep -P "$pid" && fail "somebody is left"; expect_property ActiveState active; }
		deleted
		expect_no_unit
		expect_no_file "$ROOT/$ID"
	done
}

test_systemd__what_update_changed_is_the_next_scope_s_too_C060() {
	unit '.linux.resources = {"memory":{"limit":104857600},"pids":{"limit":50}}'
	counted 'until [ -e /vol/go$N ]; do sleep 0.05; done; exit 7'
	run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
	until_true eval '[ "$(runs)" = 1 ]'
	run_ok update --memory 128m --pids-limit 60 "$ID"
	touch "$T/go1"
	until_true eval '[ "$(runs)" = 2 ]'
	expect_eq "$(<"$GROUP/memory.max") $(<"$GROUP/pids.max")" '134217728 60'
	expect_property MemoryMax 134217728
	expect_property TasksMax 60
	systemctl daemon-reload
	expect_eq "$(<"$GROUP/memory.max") $(<"$GROUP/pids.max")" '134217728 60'
	deleted
	expect_no_unit
}

# With CollectMode=inactive it keeps its name when it has failed: ours, which the next start may take.
test_systemd__a_scope_that_has_failed_does_not_refuse_the_next_start_F164() {
	local pid
	unit '.annotations = {"org.systemd.property.RuntimeMaxSec":"1","org.systemd.property.CollectMode":"\"inactive\""}'
	counted 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
	pid=$(keeper)
	until_true eval '[ "$(runs)" = 1 ]'
	kill -STOP "$pid"                       # it is late to look at the end
	until_true eval '[ "$(property ActiveState)" = failed ]'
	kill -CONT "$pid"
	until_true eval '[ "$(runs)" = 2 ]'
	until_true eval '[ "$(property ActiveState)" = active ]'
	deleted
	until_true is_gone "$pid"
	expect_no_unit
	! grep crun-lite: "$T/log" || fail "$(<"$T/log")"
}

test_systemd__restarts_in_a_slice_F130() {
	unit
	UNIT=cltest-${ID//-/x}.slice GROUP=/sys/fs/cgroup/cltest.slice/$UNIT
	config '.linux.cgroupsPath = "::" + $u' --arg u "$UNIT"
	counted '[ $N -ge 3 ]'
	run_ok run --restart on-failure -b "$B" "$ID"
	expect_eq "$(sort "$T/runs" | uniq -c | xargs)" "3 0::/cltest.slice/$UNIT"
	expect_eq "$(property ActiveState)" inactive
	expect_no_file "$GROUP"
	systemctl stop cltest.slice
}

# Of a scope that is stopped nobody says who wanted it, or why: systemd tells the program, and the policy decides.
test_systemd__a_scope_that_systemctl_stops_is_started_again_by_always_F130() {
	unit
	counted 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
	until_true eval '[ "$(runs)" = 1 ]'
	systemctl stop "$UNIT"
	until_true eval '[ "$(runs)" = 2 ]'
	until_true has_status running
	expect_property ActiveState active
	deleted
	expect_no_unit
	! grep crun-lite: "$T/log" || fail "$(<"$T/log")"
}

# ---- a group below the scope, as crun has it ------------------------------------------------------

test_systemd__a_group_below_the_scope_F188() {
	unit '.annotations = {"run.oci.systemd.subgroup":"payload"} | .linux.namespaces |= map(select(.type != "cgroup"))
		| .linux.resources = {"memory":{"limit":104857600},"pids":{"limit":7}}'
	sleeping
	expect_eq "$(cat "/proc/$(pid_of)/cgroup")" "0::/system.slice/$UNIT/payload"
	expect_eq "$(<"$GROUP/payload/memory.max")" 104857600
	expect_eq "$(<"$GROUP/payload/pids.max")" 7
	expect_property TasksMax 7
	expect_property ControlGroup "/system.slice/$UNIT"
	run_ok exec "$ID" cat /proc/self/cgroup
	expect_eq "$OUT" "0::/system.slice/$UNIT/payload"
	run_ok pause "$ID"
	has_status paused
	run_ok resume "$ID"
	deleted
	expect_no_unit
	# "": none, which is what there is without.
	config '.annotations = {"run.oci.systemd.subgroup":""} | .process.args = ["cat","/proc/self/cgroup"]'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "0::/system.slice/$UNIT"
}

test_systemd__a_group_below_that_is_none_F188() {
	local n
	any_systemd
	for n in a/b .. . ../x .hold 'a b' "$(printf 'x%.0s' {1..256})"; do
		config '.annotations = {"run.oci.systemd.subgroup":$n} | .linux.cgroupsPath = "system.slice:test:x"' --arg n "$n"
		run_fails 'cannot be the name of a group' run -b "$B" "$ID"
		expect_in /annotations/ "$ERR"
	done
	config '.annotations = {"run.oci.systemd.subgroup":"a"} | .linux.cgroupsPath = "::test-a.slice"'
	run_fails 'in the slice test-a.slice' run -b "$B" "$ID"
}

test_systemd__the_state_names_the_unit() {
	unit
	args sleep 1000
	created
	expect_eq "$(rt state "$ID" | jq -r '."systemd-scope"')" "$UNIT"
	deleted
}

# ---- update ---------------------------------------------------------------------------------------

test_systemd__an_update_is_systemd_s_too_C060() {
	unit '.linux.resources = {"memory":{"limit":104857600},"pids":{"limit":50}}'
	sleeping
	run_ok update --memory 52428800 --pids-limit 30 --cpu-share 512 --cpu-quota 25000 --cpu-period 50000 "$ID"
	expect_property MemoryMax 52428800
	expect_property TasksMax 30
	expect_property CPUWeight 59
	expect_property CPUQuotaPerSecUSec 500ms
	systemctl daemon-reload
	expect_eq "$(<"$GROUP/memory.max")" 52428800
	expect_eq "$(<"$GROUP/pids.max")" 30
	expect_eq "$(<"$GROUP/cpu.weight")" 59
	expect_eq "$(<"$GROUP/cpu.max")" "25000 50000"
	# "until the next boot"
	expect_eq "$(property FragmentPath)" "/run/systemd/transient/$UNIT"
	printf '%s' '{"pids":{"limit":-1},"memory":{"limit":-1}}' >"$T/none.json"
	run_ok update --resources "$T/none.json" "$ID"
	expect_property TasksMax infinity
	expect_property MemoryMax infinity
	deleted
	expect_no_unit
}

test_systemd__an_update_that_systemd_does_not_hear_of_changes_nothing_C060() {
	unit '.linux.resources.pids.limit = 50'
	sleeping
	# Another systemd that knows no such unit: that of a user.
	helper_bus=$T/bus
	python3 -c 'import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); c,_=s.accept(); c.close()' "$helper_bus" &
	until_true test -S "$helper_bus"
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=$helper_bus run_fails 'update .*: .*' update --pids-limit 30 "$ID"
	expect_eq "$(<"$GROUP/pids.max")" 50
	expect_property TasksMax 50
	wait
	deleted
	expect_no_unit
}

test_systemd__a_killed_run_leaves_no_unit_C220() {
	local pid
	unit '.linux.namespaces |= map(select(.type != "pid"))'
	args sleep 1000
	rt_exec run -b "$B" "$ID" &
	pid=$!
	until_true has_status running
	kill -KILL $pid
	wait $pid || :
	has_status running
	run_ok delete --force "$ID"
	expect_no_unit
}

test_systemd__v1_hierarchies_that_systemd_leaves_alone_F130() {
	v1_hierarchies .
}

test_systemd__v1_hierarchies_with_a_group_below_the_scope_F188() {
	v1_hierarchies '.annotations = {"run.oci.systemd.subgroup":"payload"}' /payload
}

v1_hierarchies() { # FILTER [GROUP BELOW THE SCOPE]
	local h path=/system.slice/test-$ID.scope${2:-} pid
	any_systemd
	[ -z "$V2" ] || skip "a host with cgroup v1 only (VM_APPEND=systemd.unified_cgroup_hierarchy=0)"
	config "$1"
	config '.linux.cgroupsPath = "system.slice:test:" + $id | .linux.resources = {"pids":{"limit":50},"memory":{"limit":104857600},"cpu":{"shares":512}}
		| .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro"]}]
		| .process.args = ["sh","-c","cat /sys/fs/cgroup/pids/pids.max; sleep 1000"]' --arg id "$ID"
	created
	pid=$(pid_of)
	[ -z "$(grep -v ":$path\$" "/proc/$pid/cgroup")" ] || fail "$(cat "/proc/$pid/cgroup")"
	for h in "${CGROUPS[@]}"; do
		grep -qx "$pid" "$h$path/cgroup.procs" || fail "not in $h"
	done
	expect_eq "$(<"/sys/fs/cgroup/pids$path/pids.max")" 50
	expect_eq "$(<"/sys/fs/cgroup/memory$path/memory.limit_in_bytes")" 104857600
	expect_property MemoryLimit 104857600 "test-$ID.scope"
	expect_property CPUShares 512 "test-$ID.scope"
	run_ok start "$ID"

	deleted
	no_unit "test-$ID.scope" || fail "the unit is left"
	for h in "${CGROUPS[@]}"; do
		expect_no_file "$h/system.slice/test-$ID.scope"
	done
}

# ---- slices -------------------------------------------------------------------------------------

test_systemd__slices_are_in_each_other_F130() {
	unit '.linux.cgroupsPath = "cltest-a-b.slice:pre:" + $id | .linux.namespaces |= map(select(.type != "cgroup"))'
	in_container 'cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/cltest.slice/cltest-a.slice/cltest-a-b.slice/pre-$ID.scope"
	no_unit "pre-$ID.scope" || fail "the scope is left"
	systemctl stop cltest.slice
}

test_systemd__without_a_path_and_without_a_slice_F130() {
	need_systemd
	config 'del(.linux.cgroupsPath) | .linux.namespaces |= map(select(.type != "cgroup"))'
	in_container 'cat /proc/self/cgroup'
	expect_eq "$OUT" "0::/system.slice/crun-lite-$ID.scope"
	config '.linux.cgroupsPath = "::" + $id' --arg id "$ID"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "0::/system.slice/$ID.scope"
	config '.linux.cgroupsPath = "-.slice:x:" + $id' --arg id "$ID"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "0::/x-$ID.scope"
}

test_systemd__a_slice_of_its_own_F130() {
	unit '.linux.cgroupsPath = "::cltest-" + $id + ".slice" | .linux.resources.pids.limit = 50 | .linux.namespaces |= map(select(.type != "cgroup"))'
	UNIT=cltest-${ID//-/x}.slice
	config '.linux.cgroupsPath = "::" + $u' --arg u "$UNIT"
	sleeping
	expect_property ActiveState active
	expect_property TasksMax 50
	expect_eq "$(cat "/proc/$(pid_of)/cgroup")" "0::/cltest.slice/$UNIT"
	expect_eq "$(<"/sys/fs/cgroup/cltest.slice/$UNIT/pids.max")" 50
	deleted
	expect_no_file "/sys/fs/cgroup/cltest.slice/$UNIT"
	expect_eq "$(property ActiveState)" inactive
	systemctl stop cltest.slice
}

test_systemd__paths_that_name_no_unit_F130() {
	only_crun_lite
	local p
	for p in /a/b a:b a:b:c:d 'system.slice:a:' 'system:a:b' 'a--b.slice:c:d' '-a.slice:c:d' 'a-.slice:b:c' \
		'system.slice:a/b:c' 'system.slice:a:b@c' 'system.slice:a:../x' '.slice:a:b' '::-.slice' "system.slice:a:b
c"; do
		config '.linux.cgroupsPath = $p' --arg p "$p"
		run_fails 'names no systemd unit|not the name of a slice' run -b "$B" "$ID"
		expect_in /linux/cgroupsPath "$ERR"
	done
}

# ---- annotations -------------------------------------------------------------------------------

test_systemd__annotations_are_properties_F188() {
	unit '.annotations = {"org.systemd.property.TimeoutStopSec":"uint64 7","org.systemd.property.KillMode":"\"process\"",
		"org.systemd.property.After":"['"'sysinit.target'"']","org.systemd.property.RuntimeMaxUSec":"uint64 900000000",
		"org.systemd.property.CPUWeight":"uint64 200","org.systemd.property.SendSIGHUP":"true"}'
	sleeping
	expect_property TimeoutStopUSec 7s
	expect_property KillMode process
	expect_property RuntimeMaxUSec 15min
	expect_property CPUWeight 200
	expect_property SendSIGHUP yes
	expect_in sysinit.target "$(property After)"
	expect_eq "$(<"$GROUP/cpu.weight")" 200
	deleted
	expect_no_unit
}

# annotation KEY VALUE REGEX
annotation_fails() {
	config '.annotations = {($k):$v}' --arg k "org.systemd.property.$1" --arg v "$2"
	run_fails "$3" run -b "$B" "$ID"
	expect_in "org.systemd.property.$1" "$ERR"
	expect_in /annotations/ "$ERR"
}

test_systemd__a_bundle_has_systemd_do_nothing_to_the_host_V() {
	local p
	unit
	for p in PIDs:'[uint32 1]' Slice:"'user.slice'" Requires:"['rescue.target']" Wants:"['x.service']" Conflicts:"['dbus.service']" \
		OnFailure:"['reboot.target']" FailureAction:"'reboot-force'" SuccessAction:"'poweroff'" JobTimeoutAction:"'reboot'" \
		BPFProgram:"[('device', '/sys/fs/bpf/x')]" Delegate:false BindsTo:"['x.service']" Upholds:"['x.service']" \
		ExecStart:"[]" JoinsNamespaceOf:"['x.service']" Controller:"'x'" PIDFDs:'[1]' AddRef:true; do
		annotation_fails "${p%%:*}" "${p#*:}" 'not for a bundle to set'
	done
	expect_no_unit
}

test_systemd__annotations_that_say_nothing_F188() {
	unit
	annotation_fails KillMode process 'a value is expected'
	annotation_fails KillMode "'process" 'closing quote'
	annotation_fails KillMode "'process' 1" 'the end is expected'
	annotation_fails TimeoutStopUSec 'uint64 -1' 'is no uint64'
	annotation_fails TimeoutStopSec '"5"' 'no number of seconds'
	annotation_fails TimeoutStopSec '-5' 'no number of seconds'
	annotation_fails Kill.Mode '1' 'not the name of a property'
	annotation_fails Ki '1' 'not the name of a property'
	annotation_fails After '[]' 'needs its type'
	# What systemd does not know, or not in this type, is its own to refuse.
	annotation_refused TasksNone 'uint64 1'
	annotation_refused TimeoutStopUSec "'a'"
	expect_no_unit
}

annotation_refused() {
	config '.annotations = {($k):$v}' --arg k "org.systemd.property.$1" --arg v "$2"
	run_fails 'systemd says' run -b "$B" "$ID"
}

# ---- names that are taken, units that are left -------------------------------------------------

test_systemd__a_name_in_use_F169() {
	unit
	sleeping
	run_fails "start $UNIT: systemd says: .*hint: another container has this cgroupsPath" run -b "$B" "$ID-2"
	run_fails 'does not exist' state "$ID-2"
	has_status running
	expect_property ActiveState active
	deleted
	expect_no_unit
}

test_systemd__a_failed_unit_makes_room_for_the_next_F169() {
	unit '.annotations = {"org.systemd.property.RuntimeMaxSec":"1","org.systemd.property.CollectMode":"\"inactive\""}'
	sleeping
	until_true has_status stopped
	until_true [ "$(property ActiveState)" = failed ]
	config 'del(.annotations) | .process.args = ["true"]'
	run_ok run -b "$B" "$ID-2"
	expect_no_unit
	deleted
}

test_systemd__delete_forgets_a_failed_unit_F167() {
	unit '.annotations = {"org.systemd.property.RuntimeMaxSec":"1","org.systemd.property.CollectMode":"\"inactive\""}'
	sleeping
	until_true has_status stopped
	until_true eval '[ "$(property ActiveState)" = failed ]'
	run_ok delete "$ID"
	expect_no_unit
}

test_systemd__delete_leaves_a_unit_that_took_the_name_alone_F167() {
	unit
	sleeping
	run_ok kill "$ID" KILL
	until_true has_status stopped
	until_true no_unit
	run_ok create -b "$B" "$ID-2"
	run_ok delete "$ID"
	expect_property ActiveState active
	expect_eq "$(status "$ID-2")" created
	deleted "$ID-2"
	expect_no_unit
}

test_systemd__a_killed_create_leaves_no_unit_C220() {
	local ms pid i
	unit '.linux.resources.memory.limit = 100000000'
	args sleep 1000
	for ms in 1 3 6 10 15 20 25 30 40 50 60 80 100 150; do
		rt_exec create -b "$B" "$ID" >/dev/null 2>&1 &
		pid=$!
		busybox usleep $((ms * 1000))
		kill -KILL $pid 2>/dev/null || :
		wait $pid 2>/dev/null || :
		run_ok delete --force "$ID"
		until_true no_unit
		expect_no_file "$GROUP"
		run_fails 'does not exist' state "$ID"
	done
}

test_systemd__a_start_that_fails_later_leaves_no_unit_F167() {
	unit
	args /bin/nothing-there
	run_fails 'nothing-there' run -b "$B" "$ID"
	expect_no_unit
	config '.hooks = {"createRuntime":[{"path":"/bin/false"}]} | .process.args = ["true"]'
	run_fails 'hook' create -b "$B" "$ID"
	expect_no_unit
}

test_systemd__many_at_a_time_C007() {
	local i pids=()
	unit '.linux.resources.pids.limit = 20'
	for i in 1 2 3 4 5 6 7 8; do
		mkdir "$T/b$i"
		jq -c --arg i "$i" '.linux.cgroupsPath += "-" + $i' "$B/config.json" >"$T/b$i/config.json"
		rt run -b "$T/b$i" "$ID-$i" 2>"$T/err$i" &
		pids+=($!)
	done
	for i in "${!pids[@]}"; do
		wait "${pids[i]}" || fail "$(cat "$T"/err*)"
	done
	[ -z "$(systemctl list-units --all --no-legend "test-$ID*")" ] || fail "$(systemctl list-units --all "test-$ID*")"
}

# ---- ordinary users ----------------------------------------------------------------------------

# user_unit [FILTER]: for the user dev of the guest, who has a systemd of his own
user_unit() {
	need_systemd
	command -v as-dev >/dev/null || skip "the guest has no user with a systemd"
	UNIT=test-$ID.scope
	config '.linux.cgroupsPath = "user.slice:test:" + $id | .linux.namespaces += [{"type":"user"}]
		| .linux.uidMappings = [{"containerID":0,"hostID":1000,"size":1}] | .linux.gidMappings = .linux.uidMappings
		| .linux.namespaces |= map(select(.type != "cgroup" and .type != "network"))
		| .mounts |= map(select(.type != "sysfs" and .type != "mqueue") | if .options then .options -= ["gid=5"] else . end) | '"${1:-.}" --arg id "$ID"
	mkdir -p "$T/state"
	chown -R 1000:1000 "$T/state" "$B"
	chmod 755 "$T" "$B"
	capture as-dev true
	[ "$RC" = 0 ] || skip "no systemd of the user: $ERR"
}
as_user() { as-dev "$RUNTIME" --root "$T/state" $RUNTIME_FLAGS "$@"; }

test_systemd__rootless_in_a_scope_of_the_user_s_systemd_C007() {
	user_unit '.linux.resources = {"memory":{"limit":50000000},"pids":{"limit":40}}'
	args sh -c 'cat /proc/self/cgroup; sleep 0'
	capture as_user run -b "$B" "$ID"
	expect_rc 0
	expect_match "^0::/user.slice/user-1000.slice/user@1000.service/user.slice/$UNIT\$"
	args sleep 1000
	capture as_user create -b "$B" "$ID"
	expect_rc 0
	GROUP=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/$UNIT
	expect_eq "$(<"$GROUP/memory.max")" 49999872
	expect_eq "$(<"$GROUP/pids.max")" 40
	capture as_user start "$ID"
	expect_rc 0
	capture as_user delete --force "$ID"
	expect_rc 0
	expect_no_file "$GROUP"
	as-dev systemctl --user stop user.slice
}

test_systemd__rootless_from_a_session_of_the_system_s_C007() {
	user_unit
	# Not in a scope of the user's systemd: which asks the system's to move the process.
	args sh -c 'cat /proc/self/cgroup'
	capture setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/dev XDG_RUNTIME_DIR=/run/user/1000 \
		"$RUNTIME" --root "$T/state" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_match "/user.slice/$UNIT\$"
	as-dev systemctl --user stop user.slice
}

test_systemd__exec_joins_the_scope_C030() {
	unit
	sleeping
	run_ok exec "$ID" cat /proc/self/cgroup
	expect_eq "$OUT" 0::/
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	deleted
	sleeping
	RUNTIME_FLAGS=
	run_ok exec "$ID" cat /proc/self/cgroup
	expect_eq "$OUT" "0::/system.slice/$UNIT"
	deleted
	expect_no_unit
}

test_systemd__rootless_exec_from_a_session_of_the_system_s_C030() {
	rootless_exec .
}

test_systemd__rootless_exec_below_the_scope_C030_F188() {
	rootless_exec '.annotations = {"run.oci.systemd.subgroup":"payload"}' /payload
}

rootless_exec() { # FILTER [GROUP BELOW THE SCOPE]
	user_unit "$1"
	args sleep 1000
	capture as_user create -b "$B" "$ID"
	expect_rc 0
	capture as_user start "$ID"
	capture setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/dev XDG_RUNTIME_DIR=/run/user/1000 \
		"$RUNTIME" --root "$T/state" exec "$ID" cat /proc/self/cgroup
	expect_rc 0
	expect_match "/user.slice/$UNIT${2:-}\$"
	capture as_user exec "$ID" cat /proc/self/cgroup
	expect_rc 0
	expect_match "/user.slice/$UNIT${2:-}\$"
	capture as_user delete --force "$ID"
	expect_rc 0
	as-dev systemctl --user stop user.slice
}

test_systemd__rootless_as_root_of_a_user_namespace_C007() {
	user_unit 'del(.linux.uidMappings,.linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))
		| .process.capabilities = {} | .linux.resources.pids.limit = 40'
	args sleep 1000
	capture as-dev unshare -Urm "$RUNTIME" --root "$T/state" $RUNTIME_FLAGS create -b "$B" "$ID"
	expect_rc 0
	GROUP=/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/$UNIT
	expect_eq "$(<"$GROUP/pids.max")" 40
	capture as-dev unshare -Urm "$RUNTIME" --root "$T/state" delete --force "$ID"
	expect_rc 0
	expect_no_file "$GROUP"
	as-dev systemctl --user stop user.slice
}

test_systemd__rootless_without_a_systemd_C007() {
	user_unit
	args true
	# No limit is asked for: it goes on without a group.
	capture setpriv --reuid 1000 --regid 1000 --init-groups env XDG_RUNTIME_DIR="$T" HOME=/home/dev \
		"$RUNTIME" --root "$T/state" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	config '.linux.resources.memory.limit = 50000000'
	chown 1000:1000 "$B/config.json"
	capture setpriv --reuid 1000 --regid 1000 --init-groups env XDG_RUNTIME_DIR="$T" HOME=/home/dev \
		"$RUNTIME" --root "$T/state" $RUNTIME_FLAGS run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "the limit is not kept"
	expect_match 'limit memory: reach systemd by unix:path=.*hint: limits need a systemd of the user' "$ERR"
}

# howto_unit FILE NAME SED...: that unit of docs/howto/systemd.md becomes NAME, until the test is over
howto_unit() {
	local to=/run/systemd/system/$2
	any_systemd
	[ -n "$V2" ] || skip "this test knows the files of cgroup v2 only"
	echo "$to" >>"$WORK/$N.elsewhere"
	awk -v mark='```ini '"$1" '$0 == mark { on = 1; next } /^```$/ { on = 0 } on' "$top/docs/howto/systemd.md" | sed "${@:3}" >"$to"
	grep -q '^ExecStart=' "$to" || fail "docs/howto/systemd.md has no $1"
	systemctl daemon-reload
}

howto_over() {
	rm "/run/systemd/system/$1"
	systemctl daemon-reload
	systemctl reset-failed "$1" 2>/dev/null || :
}

test_systemd__the_bundle_as_a_service_of_the_howto() {
	local unit=howto-$ID.service
	howto_unit web.service "$unit" -e "s|/usr/local/bin/crun-lite|$RUNTIME --root $ROOT|" -e "s|/srv/web web|$B $ID|" -e "s|--force web|--force $ID|"
	config 'del(.linux.cgroupsPath) | .linux.resources.pids.limit = 40'
	args sh -c 'trap "exit 0" TERM; echo up; while :; do sleep 0.2; done'
	UNIT=crun-lite-$ID.scope GROUP=/sys/fs/cgroup/system.slice/$UNIT
	systemctl start "$unit" || fail "it does not start: $(systemctl status "$unit" 2>&1)"
	until_true rt exec "$ID" true
	expect_eq "$(<"$GROUP/pids.max")" 40
	systemctl stop "$unit"
	expect_eq "$(property Result "$unit")" success
	expect_no_unit
	expect_no_file "$ROOT/$ID"
	# The runtime is killed: what it left goes with the service.
	systemctl start "$unit"
	until_true rt exec "$ID" true
	systemctl kill --kill-who=main --signal=KILL "$unit"
	until_true no_unit
	# The unit goes while `delete --force` of ExecStopPost= is at work.
	until_true [ ! -e "$ROOT/$ID" ]
	systemctl stop "$unit"
	howto_over "$unit"
}

test_systemd__the_job_with_limits_of_the_howto() {
	local unit=howto-$ID.service group=/sys/fs/cgroup/system.slice/howto-$ID.service
	howto_unit ci-job.service "$unit" -e "s|/usr/local/bin/crun-lite sandbox|$RUNTIME --root /tmp/state sandbox --id $ID|" \
		-e "s|^User=.*|User=daemon|" -e "s|/srv/ci|/|" -e "s|-- make check|-- sleep 1000|" -e "/^PrivateTmp/d"      # where the tests are
	systemctl start --no-block "$unit"
	until_true file_has 268435456 "$group/crun-lite-$ID/memory.max"
	expect_eq "$(<"$group/crun-lite-$ID/pids.max")" 100
	until_true grep -q . "$group/crun-lite-$ID/cgroup.procs"
	systemctl stop "$unit"
	expect_no_file "$group"
	howto_over "$unit"
}
