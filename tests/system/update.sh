# update: C060-C064.
# shellcheck shell=bash

limited() { # [FILTER]
	running 'exec sleep 1000' '.linux.resources = {"memory":{"limit":67108864,"swap":134217728},"pids":{"limit":50},
		"cpu":{"shares":512,"quota":50000,"period":100000}} | '"${1:-.}"
	MEMORY=$(cgroup_file memory memory.limit_in_bytes memory.max)
	PIDS=$(cgroup_file pids pids.max pids.max)
	if [ -n "$V2" ]; then CPU=/sys/fs/cgroup/$ID/cpu.max; else CPU=/sys/fs/cgroup/cpu/$ID/cpu.cfs_quota_us; fi
}
quota() { cut -d' ' -f1 "$CPU"; }

test_update__flags_change_what_they_name_and_nothing_else_C061() {
	limited
	run_ok update --memory 100m --memory-swap 300m --pids-limit 77 --cpu-quota 30000 --cpu-share 256 "$ID"
	expect_eq "$OUT$ERR" "" "what it says"
	expect_eq "$(<"$MEMORY")" 104857600
	expect_eq "$(<"$PIDS")" 77
	expect_eq "$(quota)" 30000
	run_ok update --pids-limit 20 "$ID"
	expect_eq "$(<"$PIDS")" 20
	expect_eq "$(<"$MEMORY")" 104857600
	run_ok update --pids-limit=-1 --memory-swap -1 --memory -1 --cpu-quota -1 "$ID"
	expect_eq "$(<"$PIDS")" max
	expect_match '^(max|-1)$' "$(quota)"
	expect_match '^(max|9223372036854771712)$' "$(<"$MEMORY")"
	deleted
}

test_update__a_file_or_standard_input_C060() {
	limited
	echo '{"pids":{"limit":33},"memory":{"limit":83886080}}' >"$T/r"
	run_ok update --resources "$T/r" "$ID"
	expect_eq "$(<"$PIDS")" 33
	expect_eq "$(<"$MEMORY")" 83886080
	echo '{"pids":{"limit":34}}' | rt update -r - "$ID"
	expect_eq "$(<"$PIDS")" 34
	echo '{"pids":{"limit":34}}' | rt update --resources=- --pids-limit 35 "$ID"
	expect_eq "$(<"$PIDS")" 35
	# What engines send on top of it: rules of devices, which stay as they are.
	run_ok update -r <(echo '{"devices":[{"allow":false,"access":"rwm"}],"cpu":{"shares":300}}') "$ID"
	deleted
}

# burst <= quota <= what the period allows: of old and new values either order may be the one that the kernel takes.
test_update__quota_period_and_burst_go_up_and_down_together_F111_F112() {
	limited
	local burst period q p b
	if [ -n "$V2" ]; then burst=${CPU%.max}.max.burst; else burst=${CPU%_quota_us}_burst_us; fi
	[ -e "$burst" ] || skip "this kernel has no ${burst##*/}"
	while read -r q p b; do
		run_ok update --cpu-quota "$q" --cpu-period "$p" --cpu-burst "$b" "$ID"
		if [ -n "$V2" ]; then period=$(cut -d' ' -f2 "$CPU"); else period=$(<"${CPU%_quota_us}_period_us"); fi
		expect_eq "$(quota) $period $(<"$burst")" "$q $p $b"
	done <<-'V'
		200000 100000 200000
		10000 20000 10000
		900000 1000000 900000
		1000 1000 0
		400000 800000 300000
	V
	run_fails 'burst' update --cpu-quota 5000 --cpu-burst 6000 "$ID"
	expect_eq "$(quota) $(<"$burst")" "400000 300000"
	deleted
}

test_update__memory_and_swap_go_up_and_down_together_C061() {
	limited
	local swap
	if [ -n "$V2" ]; then swap=/sys/fs/cgroup/$ID/memory.swap.max; else swap=/sys/fs/cgroup/memory/$ID/memory.memsw.limit_in_bytes; fi
	[ -e "$swap" ] || skip "this kernel does not count swap"
	run_ok update --memory 1g --memory-swap 2g "$ID"
	expect_eq "$(<"$MEMORY")" 1073741824
	run_ok update --memory 32m --memory-swap 48m "$ID"
	expect_eq "$(<"$MEMORY")" 33554432
	# Swap alone: the memory is what the last update said, not config.json.
	run_ok update --memory-swap 64m "$ID"
	if [ -n "$V2" ]; then expect_eq "$(<"$swap")" 33554432; else expect_eq "$(<"$swap")" 67108864; fi
	# Memory alone: the two together stay.
	run_ok update --memory 40m "$ID"
	if [ -n "$V2" ]; then expect_eq "$(<"$swap")" 25165824; else expect_eq "$(<"$swap")" 67108864; fi
	deleted
}

test_update__what_is_refused_changes_nothing_C060() {
	limited
	local before
	before=$(cat "$MEMORY" "$PIDS" "$CPU")
	# The last one is refused by the kernel, the others were written already.
	run_fails 'cpuset|cpus' update --memory 90m --memory-swap 100m --pids-limit 60 --cpu-quota 70000 --cpuset-cpus 4000 "$ID"
	expect_eq "$(cat "$MEMORY" "$PIDS" "$CPU")" "$before"
	run_fails 'nosuch' update -r <(echo '{"pids":{"limit":61},"unified":{"memory.nosuch":"1"},"rdma":{"nosuch":{"hcaHandles":1}}}') "$ID"
	expect_eq "$(cat "$MEMORY" "$PIDS" "$CPU")" "$before"
	run_fails 'less than|swap' update --memory 1g --pids-limit 62 "$ID"
	expect_eq "$(cat "$MEMORY" "$PIDS" "$CPU")" "$before"
	# And the next one does not know of it.
	run_ok update --cpu-period 50000 "$ID"
	expect_eq "$(quota)" 50000
	deleted
}

test_update__numbers_that_mean_nothing_C061() {
	limited
	local f before
	before=$(cat "$MEMORY" "$PIDS" "$CPU")
	for f in --memory=-2 --memory=x --memory=1z --memory= --memory-swap=-5 --pids-limit=-3 --pids-limit=1.5 --cpu-quota=-7 \
		--cpu-share=-1 --cpu-share=x --cpu-period=-1 --cpu-idle=2 --blkio-weight=-1 --cpu-burst=99999999999999999999; do
		run_fails 'is expected' update "$f" "$ID"
	done
	run_fails '-3' update -r <(echo '{"pids":{"limit":-3}}') "$ID"
	run_fails '-2' update -r <(echo '{"memory":{"limit":-2}}') "$ID"
	run_fails 'invalid|weight' update --blkio-weight 5 "$ID"
	expect_eq "$(cat "$MEMORY" "$PIDS" "$CPU")" "$before"
	deleted
}

test_update__what_may_be_saved_up_and_who_runs_when_nobody_else_does_C062() {
	local burst=/sys/fs/cgroup/cpu/$ID/cpu.cfs_burst_us idle=/sys/fs/cgroup/cpu/$ID/cpu.idle
	limited
	[ -z "$V2" ] || burst=/sys/fs/cgroup/$ID/cpu.max.burst idle=/sys/fs/cgroup/$ID/cpu.idle
	[ -e "$burst" ] && [ -e "$idle" ] || skip "this kernel has neither"
	run_ok update --cpu-burst 20000 --cpu-idle 1 "$ID"
	expect_eq "$(<"$burst")" 20000
	expect_eq "$(<"$idle")" 1
	expect_eq "$(quota)" 50000
	# More than the quota: refused, and the other one with it.
	run_fails 'burst' update --cpu-burst 60000 --cpu-idle 0 "$ID"
	expect_eq "$(<"$burst") $(<"$idle")" "20000 1"
	run_ok update --cpu-burst=0 --cpu-idle=0 "$ID"
	expect_eq "$(<"$burst") $(<"$idle")" "0 0"
	deleted
}

test_update__files_that_are_wrong_C060() {
	limited
	run_fails 'open the resources file /nosuch' update -r /nosuch "$ID"
	run_fails 'is a directory' update -r "$T" "$ID"
	run_fails 'standard input:1' update -r - "$ID" <<<'{"pids":{"limit":'
	run_fails 'standard input:1:[0-9]+ \(/pids/limit\)' update -r - "$ID" <<<'{"pids":{"limit":"x"}}'
	run_fails 'unknown flag' update --nosuch 1 "$ID"
	deleted
}

test_update__containers_that_are_not_there_or_over_C060() {
	run_fails 'does not exist' update --pids-limit 5 nothing
	limited
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_fails 'container not running' update --pids-limit 5 "$ID"
	deleted
	args true
	created
	run_ok update --pids-limit 5 "$ID"
	expect_eq "$(<"$PIDS")" 5
	deleted
}

test_update__a_controller_that_is_missing_C060_C064() {
	limited
	local before
	before=$(cat "$MEMORY" "$PIDS" "$CPU")
	run_fails 'rdma' update --pids-limit 66 --memory 99m -r <(echo '{"rdma":{"nosuch":{"hcaHandles":1}}}') "$ID"
	expect_eq "$(cat "$MEMORY" "$PIDS" "$CPU")" "$before"
	run_fails 'no class of service' update --l3-cache-schema 'L3:0=f' "$ID"
	run_fails 'no class of service' update --mem-bw-schema 'MB:0=10' "$ID"
	deleted
	RUNTIME_FLAGS="$RUNTIME_FLAGS --cgroup-manager disabled"
	config 'del(.linux.resources)'
	args sleep 1000
	created
	run_ok start "$ID"
	run_fails 'no control group' update --pids-limit 5 "$ID"
	deleted
}

test_update__what_the_kernel_no_longer_has_is_accepted_C063() {
	limited
	run_ok update --kernel-memory 10m --kernel-memory-tcp 10m "$ID"
	expect_in "ignored" "$ERR"
	deleted
}

test_update__while_run_waits_in_the_foreground_C060() {
	args sleep 1000
	rt_exec run -b "$B" "$ID" >"$T/o" 2>&1 &
	local job=$!
	until_true has_status running
	run_ok update --pids-limit 9 "$ID"
	run_ok kill "$ID" KILL
	wait $job || :
	expect_eq "$(<"$T/o")" "" "what run says"
	run_fails 'does not exist' state "$ID"
}
