# Flags over any bundle: limits, --timeout, --report.  P3 and P6; C027.
# shellcheck shell=bash

# flag_limit CONTROLLER V1FILE V2FILE V1WANT V2WANT FLAG...: what `create FLAG...` writes
flag_limit() {
	local f want=$4 v2=$5
	f=$(cgroup_file "$1" "$2" "$3")
	[ -z "$V2" ] || want=$v2
	shift 5
	created "$@"
	[ -e "$f" ] || { deleted; skip "this host has no ${f##*/}"; }
	expect_eq "$(<"$f")" "$want" "$f"
	deleted
}

test_limits__memory_by_flag_overrules_the_configuration() {
	only_crun_lite
	args sleep 1000
	flag_limit memory memory.limit_in_bytes memory.max 52428800 52428800 --memory 50m
	config '.linux.resources.memory = {"limit":1048576,"swap":2097152}'
	flag_limit memory memory.limit_in_bytes memory.max 1610612736 1610612736 --memory=1.5g
	flag_limit memory memory.limit_in_bytes memory.max "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)" max --memory -1
}

test_limits__memory_and_swap_by_flag() {
	only_crun_lite
	[ -n "$V2" ] || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting"
	args sleep 1000
	config '.linux.resources.memory = {"limit":1048576,"swap":2097152}'
	flag_limit memory memory.memsw.limit_in_bytes memory.swap.max 31457280 10485760 --memory 20m --memory-swap 30m
	run_fails 'memory.swap 10485760 is less than memory.limit 20971520' run -b "$B" --memory 20m --memory-swap 10m "$ID"
}

test_limits__processors_by_flag() {
	only_crun_lite
	args sleep 1000
	config '.linux.resources.cpu = {"quota":5000,"period":20000}'
	flag_limit cpu cpu.cfs_quota_us cpu.max 150000 "150000 100000" --cpus 1.5
	flag_limit cpu cpu.cfs_period_us cpu.max 100000 "1000 100000" --cpus .01
	flag_limit cpu cpu.shares cpu.weight 512 59 --cpu-shares 512
	flag_limit cpu cpu.shares cpu.weight 1024 100 --cpu-weight 100
}

test_limits__a_weight_is_that_weight_on_v2() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	args sleep 1000
	local w
	for w in 1 2 3 50 99 100 101 1000 9999 10000; do
		flag_limit cpu - cpu.weight - $w --cpu-weight $w
	done
}

test_limits__processes_by_flag() {
	only_crun_lite
	args sleep 1000
	config '.linux.resources.pids.limit = 3'
	flag_limit pids pids.max pids.max 77 77 --pids-limit 77
	flag_limit pids pids.max pids.max max max --pids-limit=-1
}

test_limits__rates_of_a_device_by_flag() {
	only_crun_lite
	local device f
	device=$(cat /sys/block/*/dev 2>/dev/null | grep -v '^7:' | head -n1)
	[ -n "$device" ] || skip "no block device"
	args sleep 1000
	config '.linux.resources.blockIO.throttleReadBpsDevice = [{"major":($d | split(":")[0] | tonumber),"minor":($d | split(":")[1] | tonumber),"rate":5}]' --arg d "$device"
	created --io-max "$device,rbps=1m,wiops=100" --io-max "$device wbps=2k"
	if [ -n "$V2" ]; then
		expect_in "$device rbps=1048576 wbps=2048 riops=max wiops=100" "$(</sys/fs/cgroup/"$ID"/io.max)"
	else
		f=/sys/fs/cgroup/blkio/$ID/blkio.throttle
		expect_eq "$(<"$f.read_bps_device")" "$device 1048576"
		expect_eq "$(<"$f.write_bps_device")" "$device 2048"
		expect_eq "$(<"$f.write_iops_device")" "$device 100"
	fi
	deleted
}

test_limits__flags_that_are_no_limit_are_refused_by_name() {
	only_crun_lite
	local flag
	args sleep 1000
	while read -r flag; do
		# shellcheck disable=SC2086
		run_fails "--${flag%% *}" run -b "$B" --$flag "$ID"
		expect_eq "$(own_groups)" ""
	done <<-'F'
		memory 5x
		memory 0
		memory -5
		memory-swap lots
		cpus 0
		cpus 0.001
		cpus -1
		cpus two
		cpu-weight 0
		cpu-weight 10001
		cpu-shares 1
		cpu-weight 5 --cpu-shares 5
		pids-limit 0
		pids-limit 1.5
		pids-limit -2
		io-max 8:0
		io-max /dev/null,rbps=1m
		io-max /nowhere,rbps=1m
		io-max 8:0,bps=1m
		io-max 8:0,rbps=0
		io-max 8:0,riops=1k
		io-max ,rbps=1m
		timeout 0
		timeout soon
		timeout -1
		kill-after 5
		timeout 5 --detach
		report /dev/null -d
		report /nowhere/report
	F
}

test_limits__a_limit_by_flag_holds() {
	only_crun_lite
	args eatmemory 60
	[ -n "$V2" ] && ! grep -qw memory /sys/fs/cgroup/cgroup.controllers && skip "no memory controller"
	local swap=
	[ -z "$V2" ] && [ ! -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || swap='--memory-swap 20m'
	# shellcheck disable=SC2086
	capture rt run -b "$B" --memory 20m $swap "$ID"
	expect_rc 137
}

# ---- --timeout ------------------------------------------------------------------------------------

# took_ms COMMAND...: MS
took_ms() {
	local start=$EPOCHREALTIME
	"$@"
	MS=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
}

test_limits__a_program_that_ends_in_time_is_left_alone() {
	only_crun_lite
	args sh -c 'exit 7'
	capture rt run -b "$B" --timeout 30 "$ID"
	expect_rc 7
	expect_eq "$ERR" ""
}

test_limits__a_program_that_takes_too_long_gets_TERM_and_the_status_is_124() {
	only_crun_lite
	args sh -c 'trap "echo asked; exit 3" TERM; while :; do sleep 0.05; done'
	took_ms capture rt run -b "$B" --timeout 300ms "$ID"
	expect_rc 124
	expect_eq "$OUT" asked
	expect_in 'stopped after 0.3 s' "$ERR"
	[ "$MS" -lt 5000 ] || fail "it took $MS ms"
	expect_eq "$(own_groups)" ""
}

test_limits__who_does_not_heed_TERM_is_killed_and_the_status_is_137() {
	only_crun_lite
	args sh -c 'trap "echo asked" TERM; while :; do sleep 0.05; done'
	took_ms capture rt run -b "$B" --timeout 200ms --kill-after 400ms "$ID"
	expect_rc 137
	expect_eq "$OUT" asked
	[ "$MS" -ge 600 ] || fail "it took $MS ms"
	capture rt run -b "$B" --timeout 200ms --kill-after 0 "$ID"
	expect_rc 137
	expect_eq "$OUT" ""
}

test_limits__who_cannot_hear_TERM_is_not_waited_for() {
	only_crun_lite
	args sleep 1000
	took_ms capture rt run -b "$B" --timeout 200ms --kill-after 1h "$ID"
	expect_rc 137
	[ "$MS" -lt 5000 ] || fail "it took $MS ms"
}

test_limits__the_whole_tree_dies_at_the_end_of_the_time() {
	only_crun_lite
	# No pid namespace: nothing but the group holds them together.
	config 'del(.linux.namespaces[] | select(.type == "pid")) | .process.args = ["sh","-c",$s]' \
		--arg s 'trap "" TERM; for i in 1 2 3; do setsid sleep 1234 & done; trap "exit 0" TERM; while :; do sleep 0.05; done'
	capture rt run -b "$B" --timeout 400ms --kill-after 300ms "$ID" </dev/null
	expect_rc 124
	expect_eq "$(own_groups)" ""
	# Kept: nobody deletes it, and nobody is left in it.
	capture rt run -b "$B" --keep --timeout 400ms "$ID" </dev/null
	expect_rc 124
	local f
	f=$(cgroup_file pids cgroup.procs cgroup.procs)
	until_true eval "[ -z \"\$(<'$f')\" ]"
	deleted
}

test_limits__the_time_of_a_paused_container_runs_out_too() {
	only_crun_lite
	args sh -c 'trap : TERM; echo ready; while :; do sleep 0.05; done'
	local f runner
	f=$(cgroup_file freezer freezer.state cgroup.freeze)
	rt_exec run -b "$B" --timeout 1 --kill-after 200ms "$ID" >"$T/ready" 2>/dev/null &
	runner=$!
	until_true file_has ready "$T/ready"
	[ -e "$f" ] || { wait $runner || :; skip "no freezer"; }
	[ -n "$V2" ] && echo 1 >"$f" || echo FROZEN >"$f"
	RC=0
	wait $runner || RC=$?
	expect_rc 137
	expect_eq "$(own_groups)" ""
}

test_limits__a_timeout_without_a_group() {
	only_crun_lite
	args sh -c 'sleep 1000 & sleep 1000'
	RUNTIME_FLAGS=--cgroup-manager=disabled capture rt run -b "$B" --timeout 200ms "$ID"
	expect_rc 137
}

test_limits__a_timeout_with_a_terminal() {
	only_crun_lite
	config '.process.terminal = true | .process.args = ["sh","-c","echo hello; sleep 1000"]'
	capture rt run -b "$B" --timeout 300ms "$ID" </dev/null
	expect_rc 137
	expect_in hello
}

# ---- --report -------------------------------------------------------------------------------------

report() { # FILTER: of $T/report.json
	jq -c "$1" "$T/report.json"
}

test_limits__a_report_tells_how_it_ended_and_what_it_used() {
	only_crun_lite
	args sh -c 'i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; exit 5'
	capture rt run -b "$B" --report "$T/report.json" "$ID"
	expect_rc 5
	expect_eq "$(report '[.id, .reason, .status, .exit_code, .signal, .core_dumped]')" "[\"$ID\",\"exit\",5,5,null,false]"
	expect_eq "$(report '.wall_usec > 1000 and .wall_usec < 60000000 and .process.max_rss_bytes > 100000')" true
	expect_eq "$(report '.cpu.usage_usec > 1000 and .cpu.usage_usec < 60000000')" true
	expect_eq "$(report '.memory.oom_kills')" 0
	[ "$(report '.memory.peak_bytes')" = null ] || expect_eq "$(report '.memory.peak_bytes > 4096')" true
	expect_eq "$(report '.started < .ended')" true
	expect_eq "$(report '[.cpu, .memory, .pids, .io, .pressure | type] | unique')" '["object"]'
}

test_limits__a_report_on_standard_output() {
	only_crun_lite
	run_ok run -b "$B" --report - "$ID"
	expect_eq "$(jq -r .reason <<<"$OUT")" exit
}

test_limits__a_report_of_a_killed_program() {
	only_crun_lite
	args sh -c 'trap "exit 1" INT; kill -KILL $$; sleep 1000'
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	capture rt run -b "$B" --report "$T/report.json" "$ID"
	expect_rc 137
	expect_eq "$(report '[.reason, .exit_code, .signal]')" '["signal",null,"SIGKILL"]'
}

test_limits__a_report_of_a_program_that_ran_out_of_memory() {
	only_crun_lite
	[ -n "$V2" ] || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting"
	args eatmemory 60
	capture rt run -b "$B" --memory 20m --memory-swap 20m --report "$T/report.json" "$ID"
	expect_rc 137
	expect_eq "$(report '[.reason, .signal]')" '["oom","SIGKILL"]'
	expect_eq "$(report '.memory.oom_kills >= 1')" true
	[ "$(report '.memory.peak_bytes')" = null ] || expect_eq "$(report '.memory.peak_bytes > 19000000 and .memory.peak_bytes <= 20971520')" true
}

test_limits__a_report_of_a_program_that_its_seccomp_profile_killed() {
	only_crun_lite
	args sh -c 'exec mkdir /tmp/x'
	config '.linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_KILL_PROCESS"}]}'
	capture rt run -b "$B" --report "$T/report.json" "$ID"
	expect_rc 159
	expect_eq "$(report '[.reason, .signal]')" '["seccomp","SIGSYS"]'
}

test_limits__a_report_of_a_timeout_and_of_throttling() {
	only_crun_lite
	args sh -c 'while :; do :; done'
	capture rt run -b "$B" --cpus 0.1 --timeout 800ms --report "$T/report.json" "$ID"
	expect_rc 137
	expect_eq "$(report '[.reason, .status]')" '["timeout",137]'
	expect_eq "$(report '.cpu.throttled_periods > 2 and .cpu.throttled_usec > 100000')" true
}

test_limits__a_report_counts_refused_forks() {
	only_crun_lite
	args sh -c 'sleep 0.2 & sleep 0.2 & sleep 0.2 & sleep 0.2 & wait'
	capture rt run -b "$B" --pids-limit 3 --report "$T/report.json" "$ID"
	expect_eq "$(report '.pids.refused >= 1')" true
	[ "$(report '.pids.peak')" = null ] || expect_eq "$(report '.pids.peak')" 3
}

test_limits__a_report_of_a_container_that_never_ran() {
	only_crun_lite
	args /no/such/program
	run_fails 'no such file' run -b "$B" --report "$T/report.json" "$ID"
	expect_eq "$(report '[.reason, .status]')" '["error",127]'
	expect_match 'no/such/program' "$(report .error)"
}

test_limits__a_report_without_a_group_has_what_the_process_used() {
	only_crun_lite
	RUNTIME_FLAGS=--cgroup-manager=disabled run_ok run -b "$B" --report "$T/report.json" "$ID"
	expect_eq "$(report '[.cpu.usage_usec, .memory.peak_bytes, .pids.peak]')" '[null,null,null]'
	expect_eq "$(report '.process.max_rss_bytes > 0')" true
}

test_limits__a_run_without_a_report_makes_no_system_call_for_it() {
	only_crun_lite
	command -v strace >/dev/null || skip "no strace"
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	grep -q execve "$T/trace" || skip "strace sees nothing here"
	! grep -E 'timerfd|eventfd|memory\.peak|max_usage|cpu\.stat|io\.stat|pids\.peak|pressure' "$T/trace" || fail "it looks at what it used"
}
