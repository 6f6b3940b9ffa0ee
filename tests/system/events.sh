# What a container uses, and that it ran out of memory: C080, cgroups 3g.
# shellcheck shell=bash

# The paths that runc 1.1.5 prints for a container with limits; others depend on the kernel or are left out when zero.
STATS_KEYS='type
id
data
data.cpu
data.cpu.usage
data.cpu.usage.total
data.cpu.usage.kernel
data.cpu.usage.user
data.cpu.throttling
data.cpuset
data.cpuset.cpu_exclusive
data.cpuset.mem_hardwall
data.cpuset.mem_exclusive
data.cpuset.memory_migrate
data.cpuset.memory_spread_page
data.cpuset.memory_spread_slab
data.cpuset.memory_pressure
data.cpuset.sched_load_balance
data.cpuset.sched_relax_domain_level
data.memory
data.memory.usage
data.memory.usage.limit
data.memory.usage.usage
data.memory.usage.failcnt
data.memory.swap
data.memory.swap.limit
data.memory.swap.failcnt
data.memory.kernel
data.memory.kernel.limit
data.memory.kernel.failcnt
data.memory.kernelTCP
data.memory.kernelTCP.limit
data.memory.kernelTCP.failcnt
data.memory.raw
data.pids
data.pids.current
data.pids.limit
data.blkio
data.hugetlb
data.intel_rdt
data.network_interfaces'

stats() { # FILTER: of the container's stats, in OUT
	run_ok events --stats "$ID"
	OUT=$(jq -c "$1" <<<"$OUT")
}

test_events__stats_are_one_line_with_the_keys_of_runc_C080() {
	# It works on, because a total of 0 is left out, and a kernel that counts in ticks has 0 for the first 10 ms.
	running 'while :; do :; done' '.linux.resources = {"memory":{"limit":33554432},"pids":{"limit":99}}'
	until_true eval 'rt events --stats "$ID" | jq -e .data.cpu.usage.total'
	run_ok events --stats "$ID"
	expect_eq "$(wc -l <"$T/out")" 1 lines
	local keys k
	keys=$(jq -r 'paths | map(tostring) | join(".")' "$T/out")
	for k in $STATS_KEYS; do expect_line "$k" "$keys"; done
	expect_eq "$(jq -r '.type, .id, .data.memory.usage.limit, .data.pids.limit, .data.network_interfaces' "$T/out" | paste -sd' ')" \
		"stats $ID 33554432 99 null"
	deleted
}

test_events__the_order_of_keys_is_that_of_runc_C080() {
	only_crun_lite
	args sleep 1000
	created
	stats '[keys_unsorted, (.data | keys_unsorted), (.data.cpuset | keys_unsorted | map(select(. != "cpus" and . != "mems")))] | flatten | join(" ")'
	expect_eq "$OUT" '"type id data cpu cpuset memory pids blkio hugetlb intel_rdt network_interfaces cpu_exclusive mem_hardwall mem_exclusive memory_migrate memory_spread_page memory_spread_slab memory_pressure sched_load_balance sched_relax_domain_level"'
	deleted
}

test_events__the_numbers_of_runc_and_ours_are_the_same_C080() {
	only_crun_lite
	[ -z "$V2" ] || skip "runc 1.1.5 counts swap of v2 differently: decisions, stats"
	command -v runc >/dev/null || skip "no runc to compare with"
	args sleep 1000
	config '.linux.resources = {"memory":{"limit":33554432,"reservation":16777216},"pids":{"limit":99},"cpu":{"quota":50000,"period":100000}}'
	local mine
	created
	run_ok start "$ID"
	# What a container has used differs (runc is still there with its threads for a moment); the shape, the limits and the
	# cpuset do not.  A controller in the v2 tree of a hybrid host is not seen by runc.
	local same='.id = "x" | .data.hugetlb = {} | del(.data.pids.current) | .data.cpu.usage |= keys | .data.cpu.throttling = {} | .data.blkio = {}
		| .data.memory |= (del(.cache) | .raw |= (with_entries(select(.key | startswith("hierarchical"))))
		| map_values(if type == "object" then del(.usage, .max, .failcnt) else . end))'
	stats "$same"
	mine=$OUT
	deleted
	mkdir "$T/runc"
	runc --root "$T/runc" create -b "$B" "$ID" >/dev/null 2>&1 </dev/null || skip "runc cannot run this"
	runc --root "$T/runc" start "$ID"
	OUT=$(runc --root "$T/runc" events --stats "$ID" | jq -c "$same")
	runc --root "$T/runc" delete -f "$ID"
	expect_eq "$mine" "$OUT" "stats"
}

test_events__what_is_used_is_counted_C080() {
	running 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 1000 & sleep 1000'
	until_true eval '[ "$(rt events --stats "$ID" | jq .data.pids.current)" -ge 2 ] && [ "$(rt events --stats "$ID" | jq .data.cpu.usage.total)" -gt 2000000 ]'
	stats '.data.memory.usage.usage > 4096 and .data.memory.raw != {}'
	expect_eq "$OUT" true
	deleted
}

test_events__throttling_is_counted_C080() {
	running 'while :; do :; done' '.linux.resources.cpu = {"quota":10000,"period":100000}'
	until_true eval '[ "$(rt events --stats "$ID" | jq ".data.cpu.throttling.throttledPeriods // 0")" -ge 2 ]'
	stats '.data.cpu.throttling | .periods >= .throttledPeriods and .throttledTime > 1000000'
	expect_eq "$OUT" true
	deleted
}

test_events__stats_of_a_created_and_of_a_paused_container_C080() {
	args sleep 1000
	created
	stats .type
	expect_eq "$OUT" '"stats"'
	run_ok start "$ID"
	local f
	f=$(cgroup_file freezer freezer.state cgroup.freeze)
	if [ -e "$f" ]; then
		[ -n "$V2" ] && echo 1 >"$f" || echo FROZEN >"$f"
		stats .type
		expect_eq "$OUT" '"stats"'
	fi
	deleted
}

test_events__stats_of_a_stopped_container_are_an_error_C080() {
	running true
	until_true has_status stopped
	run_fails 'is not running' events --stats "$ID"
	run_fails 'is not running' events "$ID"
	deleted
	run_fails 'does not exist' events --stats "$ID"
}

test_events__stats_without_a_group_are_an_error_C080() {
	only_crun_lite
	args sleep 1000
	RUNTIME_FLAGS=--cgroup-manager=disabled run_ok create -b "$B" "$ID"
	run_fails 'no control group' events --stats "$ID"
	deleted
}

test_events__an_interval_that_is_none_is_refused_C080() {
	local word
	args sleep 1000
	created
	for word in 0 0s -1s soon ''; do
		run_fails 'interval' events --interval="$word" "$ID"
	done
	deleted
}

test_events__stats_are_repeated_until_the_container_ends_C080() {
	running 'sleep 0.7'
	capture timeout 20 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS events --interval 150ms "$ID"
	expect_rc 0
	[ "$(wc -l <"$T/out")" -ge 2 ] || fail "too few lines"
	expect_eq "$(jq -rs 'map(.type) | unique | join(" ")' "$T/out")" stats
	deleted
}

test_events__running_out_of_memory_is_an_event_C080() {
	if [ -n "$V2" ]; then
		grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "no memory controller"
	fi
	mkfifo "$T/go"
	running 'read x </vol/go; eatmemory 60; sleep 0.5; :' '.linux.resources.memory = {"limit":20971520}
		| .mounts += [{"destination":"/vol","type":"bind","source":$vol,"options":["bind"]}]' --arg vol "$T"
	rt_exec events --interval 30s "$ID" >"$T/events" 2>&1 &
	local watcher=$!
	until_true eval "ls -l /proc/$watcher/fd | grep -q 'eventfd\|memory.events'"
	echo go >"$T/go"
	until_true file_has '"type":"oom"' "$T/events"
	until_true is_gone $watcher
	wait $watcher
	grep -qx "{\"type\":\"oom\",\"id\":\"$ID\"}" "$T/events" || fail "$(<"$T/events")"
	deleted
}

test_events__with_follow_the_end_is_an_event_C080() {
	local how data
	mkfifo "$T/go"
	for how in 'exit 7' 'kill -KILL $$'; do
		# Beside the first process: that one does not get a signal that it sends itself.
		running "read x </vol/go; sh -c '$how'; exit \$?" \
			'.mounts += [{"destination":"/vol","type":"bind","source":$vol,"options":["bind"]}]' --arg vol "$T"
		rt_exec events --follow --interval 30s "$ID" >"$T/events" 2>&1 &
		local watcher=$!
		until_true eval "ls -l /proc/$watcher/fd | grep -q pidfd"
		echo go >"$T/go"
		until_true is_gone $watcher
		wait $watcher
		expect_eq "$(wc -l <"$T/events")" 1 "lines"
		expect_eq "$(jq -r '.type + " " + .id' "$T/events")" "exit $ID"
		data=$(jq -c '.data // "none"' "$T/events")
		# Who is told nothing by the kernel says nothing.
		[ "$data" = '"none"' ] || expect_eq "$data" "$([ "$how" = 'exit 7' ] && echo '{"status":7}' || echo '{"status":137}')"
		deleted
		setup_test
	done
	# Without it, as runc.
	running 'sleep 0.3'
	capture timeout 20 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS events "$ID"
	expect_eq "$OUT" ""
	deleted
}

test_events__the_end_of_a_container_is_no_oom_event_C080() {
	running 'sleep 0.3'
	capture timeout 20 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS events "$ID"
	expect_rc 0
	expect_eq "$OUT" ""
	deleted
	# Also where its group goes at once.
	mkdir "$T/vol"
	container_config 'until [ -e /mnt/go ]; do usleep 10000; done' '.mounts += [{"destination":"/mnt","source":$v,"options":["bind"]}]' \
		--arg v "$T/vol"
	rt_exec run -b "$B" "$ID" &
	local runner=$! watcher
	until_true has_status running
	rt_exec events "$ID" >"$T/out" 2>"$T/err" &
	watcher=$!
	# The process, and what tells of a kill: an eventfd (v1) or the group's file (v2).
	until_true eval "[ \$(readlink /proc/$watcher/fd/* | grep -cE 'anon_inode|pidfd|memory\.events') -ge 2 ]"
	touch "$T/vol/go"
	wait $watcher
	wait $runner
	expect_eq "$(cat "$T/out" "$T/err")" ""
}
