# The container's own group, its limits, and its removal: F100-F132, C213, cgroups 3b and 3c.
# shellcheck shell=bash

# limit FILTER CONTROLLER V1FILE V2FILE V1WANT V2WANT: a created container's file
limit() {
	local f want
	config "$1"
	created
	f=$(cgroup_file "$2" "$3" "$4")
	want=$5
	[ -z "$V2" ] || want=$6
	[ -e "$f" ] || { deleted; skip "this kernel has no ${f##*/}"; }
	expect_eq "$(<"$f")" "$want" "$f"
	deleted
}

test_cgroups__a_container_is_in_a_group_of_its_own_in_every_hierarchy() {
	args sleep 1000
	created
	local h pid
	pid=$(pid_of)
	for h in "${CGROUPS[@]}"; do
		# runc leaves the v2 tree of a hybrid host alone, and that is no harm.
		[ -n "$CRUN_LITE" ] || [[ $h != */unified ]] || continue
		expect_file "$h/$ID"
		grep -qx "$pid" "$h/$ID/cgroup.procs" || fail "$pid is not in $h/$ID: $(<"$h/$ID/cgroup.procs")"
	done
	deleted
	expect_eq "$(own_groups)" "" "groups after delete"
}

test_cgroups__children_are_born_in_it() {
	running 'sleep 1000 & sleep 1000 & sleep 1000'
	local f
	f=$(cgroup_file pids cgroup.procs cgroup.procs)
	until_true eval "[ \$(wc -l < '$f') = 4 ] || [ \$(wc -l < '$f') = 3 ]"
	deleted
	expect_eq "$(own_groups)" "" "groups after delete"
}

# Who is born in a group is not moved: CLONE_INTO_CGROUP, and on v1 a thread that moves itself (tasks).
test_cgroups__nobody_is_moved_from_one_group_to_another() {
	only_crun_lite
	command -v strace >/dev/null || skip "no strace"
	args true
	ASAN_OPTIONS=detect_leaks=0 strace -f -y -e trace=write,writev,pwrite64,clone3,openat -o "$T/trace" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	grep -q clone3 "$T/trace" || skip "strace sees nothing here"
	! grep -E 'cgroup\.(procs|threads).*(WRONLY|RDWR)|write.*cgroup\.(procs|threads)' "$T/trace" || fail "somebody was moved"
	[ -z "$V2" ] || grep -q 'clone3(.*CLONE_INTO_CGROUP' "$T/trace" || fail "$(grep clone3 "$T/trace")"
}

test_cgroups__the_groups_are_gone_after_run() {
	run_ok run -b "$B" "$ID"
	expect_eq "$(own_groups)" ""
}

test_cgroups__without_a_path_there_is_one_and_it_goes_again_F068() {
	config 'del(.linux.cgroupsPath)'
	args sleep 1000
	created
	local line
	line=$(grep "$ID" "/proc/$(pid_of)/cgroup" | head -n1) || fail "no group bears the ID"
	deleted
	[ -n "$line" ]
}

test_cgroups__a_path_of_several_parts_F068() {
	config '.linux.cgroupsPath = $p' --arg p "/$ID-parent/middle/leaf"
	args sleep 1000
	created
	local f
	f=$(cgroup_file pids cgroup.procs cgroup.procs "$ID-parent/middle/leaf")
	expect_file "$f"
	deleted
	expect_no_file "${f%/cgroup.procs}"
	local h
	for h in "${CGROUPS[@]}"; do
		[ -z "$CRUN_LITE" ] || expect_no_file "$h/$ID-parent"
		[ ! -d "$h/$ID-parent" ] || rmdir "$h/$ID-parent/middle" "$h/$ID-parent" 2>/dev/null || :
	done
}

test_cgroups__parents_that_were_made_go_and_others_stay_F068_F165() {
	only_crun_lite
	local h
	# One was there before; the runtime makes "middle".
	for h in "${CGROUPS[@]}"; do mkdir "$h/$ID-parent"; done
	config '.linux.cgroupsPath = $p' --arg p "/$ID-parent/middle/leaf"
	args true
	run_ok run -b "$B" "$ID"
	for h in "${CGROUPS[@]}"; do
		expect_file "$h/$ID-parent"
		expect_no_file "$h/$ID-parent/middle"
		rmdir "$h/$ID-parent"
	done
	# So does what a start that fails made.
	args /no/such/program
	run_fails 'no such file' run -b "$B" "$ID"
	for h in "${CGROUPS[@]}"; do expect_no_file "$h/$ID-parent"; done
}

test_cgroups__a_group_that_was_there_stays_though_the_create_was_killed_in_a_hook_F165_C220() {
	only_crun_lite
	local h pid
	for h in "${CGROUPS[@]}"; do mkdir "$h/$ID"; done
	config '.hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","echo $$ >'"$T"'/inside; exec sleep 1000"]}]'
	args true
	rt_exec create -b "$B" "$ID" 2>/dev/null &
	pid=$!
	until_true test -s "$T/inside"
	kill -KILL $pid "$(<"$T/inside")"
	wait $pid 2>/dev/null || :
	run_ok delete --force "$ID"
	for h in "${CGROUPS[@]}"; do rmdir "$h/$ID" || fail "$h/$ID was not ours to remove"; done
}

test_cgroups__parents_that_others_use_stay_F068_F165() {
	only_crun_lite
	local h
	config '.linux.cgroupsPath = $p' --arg p "/$ID-parent/middle/leaf"
	args sleep 1000
	created
	config '.linux.cgroupsPath = $p' --arg p "/$ID-parent/other"
	run_ok create -b "$B" "$ID-b"
	run_ok delete --force "$ID"
	for h in "${CGROUPS[@]}"; do
		expect_file "$h/$ID-parent/other"
		expect_no_file "$h/$ID-parent/middle"
	done
	run_ok delete --force "$ID-b"
	# The second one did not make it, so it leaves it.
	for h in "${CGROUPS[@]}"; do rmdir "$h/$ID-parent"; done
}

test_cgroups__a_relative_path_is_below_somewhere_of_ours_F068() {
	config '.linux.cgroupsPath = $p' --arg p "$ID-relative"
	args sleep 1000
	created
	grep -q "$ID-relative" "/proc/$(pid_of)/cgroup" || fail "$(cat "/proc/$(pid_of)/cgroup")"
	deleted
}

test_cgroups__a_path_that_leads_out_is_refused_or_stays_inside_F068() {
	only_crun_lite
	local p
	for p in "/../$ID" "/$ID/../../x" "../../../$ID" '/'; do
		config '.linux.cgroupsPath = $p' --arg p "$p"
		run_fails 'cgroup' run -b "$B" "$ID"
	done
}

test_cgroups__a_group_with_processes_in_it_is_refused_F167() {
	only_crun_lite
	args sleep 1000
	created
	run_fails 'cgroup|process' create -b "$B" "$ID-b"
	expect_eq "$(status "$ID")" created
	deleted
}

test_cgroups__a_group_that_was_there_before_is_used_and_stays_or_goes_F165() {
	local h
	for h in "${CGROUPS[@]}"; do mkdir "$h/$ID" 2>/dev/null || :; done
	run_ok run -b "$B" "$ID"
	for h in "${CGROUPS[@]}"; do rmdir "$h/$ID" 2>/dev/null || :; done
}

test_cgroups__memory_limit_F101() {
	args sleep 1000
	limit '.linux.resources.memory.limit = 20971520' memory memory.limit_in_bytes memory.max 20971520 20971520
}

test_cgroups__memory_reservation_F102() {
	args sleep 1000
	limit '.linux.resources.memory = {"limit":20971520,"reservation":10485760}' memory memory.soft_limit_in_bytes memory.low 10485760 10485760
}

test_cgroups__memory_swap_F103() {
	[ -n "$V2" ] || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || skip "no swap accounting"
	args sleep 1000
	limit '.linux.resources.memory = {"limit":20971520,"swap":31457280}' memory memory.memsw.limit_in_bytes memory.swap.max 31457280 10485760
}

test_cgroups__unlimited_memory_F101() {
	args sleep 1000
	limit '.linux.resources.memory.limit = -1' memory memory.limit_in_bytes memory.max \
		"$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)" max
}

test_cgroups__swappiness_of_v1_F105() {
	[ -z "$V2" ] || skip "v1 only"
	args sleep 1000
	limit '.linux.resources.memory.swappiness = 33' memory memory.swappiness - 33 -
}

# v1 counts the buffers of TCP apart; on v2 they are in memory.limit, and asking for more is a warning, as is
# memory.kernel everywhere: Linux has no such limit any more.
test_cgroups__the_kernels_own_memory_and_that_of_tcp_F104() {
	only_crun_lite
	local f=/sys/fs/cgroup/memory/$ID/memory.kmem.tcp.limit_in_bytes
	config '.linux.resources.memory = {"limit":41943040,"kernel":20971520,"kernelTCP":4194304} | .process.args = ["sleep","1000"]'
	created
	expect_in 'memory.kernel is ignored' "$ERR"
	if [ -e "$f" ]; then
		expect_eq "$(<"$f")" 4194304
		expect_not_in kernelTCP "$ERR"
		run_ok update --kernel-memory-tcp 8m "$ID"
		expect_eq "$(<"$f")" 8388608
		run_ok update --kernel-memory-tcp -1 "$ID"
		[ "$(<"$f")" -gt 1000000000000 ] || fail "$f: $(<"$f")"
	else
		expect_in 'memory.kernelTCP is ignored' "$ERR"
	fi
	deleted
}

# Hierarchies are all that there is since Linux 5.11: true is so, false is no other.
test_cgroups__use_hierarchy_F107() {
	only_crun_lite
	local want
	args sleep 1000
	for want in true false; do
		config ".linux.resources.memory = {\"limit\":20971520,\"useHierarchy\":$want}"
		created
		[ -n "$V2" ] || expect_eq "$(<"/sys/fs/cgroup/memory/$ID/memory.use_hierarchy")" 1
		expect_eq "$(<"$(cgroup_file memory memory.limit_in_bytes memory.max)")" 20971520
		deleted
	done
	config '.linux.resources.memory.useHierarchy = "yes"'
	run_fails 'expected a boolean' create -b "$B" "$ID"
	expect_match '\(/linux/resources/memory/useHierarchy\)' "$ERR"
}

test_cgroups__memory_beyond_the_limit_kills_the_program_F101() {
	config '.linux.resources.memory = {"limit":20971520,"swap":20971520}'
	[ -n "$V2" ] || [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || config 'del(.linux.resources.memory.swap)'
	args eatmemory 100
	capture rt run -b "$B" "$ID"
	expect_rc 137
	expect_not_in eaten
	args eatmemory 5
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" eaten
}

test_cgroups__a_small_memory_limit_runs_a_small_program_F101() {
	only_crun_lite
	config '.linux.resources.memory.limit = 262144 | .process.args = ["/bin/true"]'
	run_ok run -b "$B" "$ID"
}

test_cgroups__cpu_quota_and_period_F111() {
	args sleep 1000
	limit '.linux.resources.cpu = {"quota":25000,"period":50000}' cpu cpu.cfs_quota_us cpu.max 25000 "25000 50000"
	[ -n "$V2" ] || limit . cpu cpu.cfs_period_us - 50000 -
}

test_cgroups__a_quota_without_a_period_and_none_at_all_F111() {
	args sleep 1000
	limit '.linux.resources.cpu = {"quota":50000}' cpu cpu.cfs_quota_us cpu.max 50000 "50000 100000"
	limit '.linux.resources.cpu = {"quota":-1}' cpu cpu.cfs_quota_us cpu.max -1 "max 100000"
}

test_cgroups__cpu_shares_F110() {
	args sleep 1000
	# On v2 the formula that runc and crun have had since 2025 (cgroups 3f), or the older linear one.
	config '.linux.resources.cpu.shares = 512'
	created
	local f
	f=$(cgroup_file cpu cpu.shares cpu.weight)
	if [ -n "$V2" ]; then
		expect_match '^(59|20)$' "$(<"$f")"
	else
		expect_eq "$(<"$f")" 512
	fi
	deleted
}

test_cgroups__cpuset_F114() {
	if [ -n "$V2" ]; then
		grep -qw cpuset /sys/fs/cgroup/cgroup.controllers || skip "no cpuset controller"
	else
		[ -d /sys/fs/cgroup/cpuset ] || skip "no cpuset hierarchy"
	fi
	args sleep 1000
	limit '.linux.resources.cpu = {"cpus":"0","mems":"0"}' cpuset cpuset.cpus cpuset.cpus 0 0
}

# resource FILTER V1FILE WANT V2FILE WANT: the file, in whatever hierarchy has it; "-" for none: then it is refused by
# a sentence that matches WANT
resource() {
	local file=$2 want=$3 h
	[ -z "$V2" ] || file=$4 want=$5
	# Of a hybrid host the v2 tree may have the controller.
	[ -n "$V2" ] || compgen -G "/sys/fs/cgroup/*/${file%%.*}.*" >/dev/null || file=$4 want=$5
	config "$1"
	args sleep 1000
	if [ "$file" = - ]; then
		run_fails "$want" run -b "$B" "$ID"
		expect_match 'asked for at .*config.json:[0-9]+:[0-9]+ \(/linux/resources' "$ERR"
		return
	fi
	capture rt create -b "$B" "$ID"
	if [ "$RC" != 0 ]; then
		# Which of them a kernel has is its own business; that it has not is said, with the file.
		expect_match "(write '[^']*' to /sys/fs/cgroup/[^ ]*|set )(${file}|${2}|${4})[ :].*hint: |the [a-z]+ controller is not available in .*hint: " "${ERR//$'\n'/ }"
		expect_eq "$(own_groups)" ""
		skip "this kernel has no $file: ${ERR%%$'\n'*}"
	fi
	for h in "${CGROUPS[@]}"; do
		[ ! -e "$h/$ID/$file" ] || break
	done
	expect_eq "$(<"$h/$ID/$file")" "$want" "$h/$ID/$file"
	deleted
}

block_device() { # MAJOR, MINOR
	local device
	device=$(cat /sys/block/*/dev 2>/dev/null | grep -v '^7:' | head -n1)
	[ -n "$device" ] || skip "no block device"
	MAJOR=${device%:*} MINOR=${device#*:}
}

test_cgroups__the_oom_killer_is_switched_off_on_v1_F106() {
	[ -z "$V2" ] || skip "v1 only"
	args sleep 1000
	config '.linux.resources.memory = {"limit":20971520,"disableOOMKiller":true}'
	created
	expect_match '^oom_kill_disable 1' "$(<"/sys/fs/cgroup/memory/$ID/memory.oom_control")"
	deleted
}

test_cgroups__swappiness_is_none_of_v2_F105() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	resource '.linux.resources.memory.swappiness = 33' - - - 'memory.swappiness does not exist on cgroup v2'
}

test_cgroups__cpu_burst_F112() {
	resource '.linux.resources.cpu = {"quota":50000,"period":100000,"burst":20000}' cpu.cfs_burst_us 20000 cpu.max.burst 20000
}

test_cgroups__realtime_F113() {
	resource '.linux.resources.cpu = {"realtimeRuntime":5000,"realtimePeriod":100000}' cpu.rt_runtime_us 5000 \
		- 'cpu.realtimeRuntime does not exist on cgroup v2'
}

test_cgroups__cpu_idle_F115() {
	resource '.linux.resources.cpu.idle = 1' cpu.idle 1 cpu.idle 1
}

test_cgroups__io_weight_F120() {
	resource '.linux.resources.blockIO.weight = 200' blkio.bfq.weight 200 io.weight 'default 1920'
}

# bfq_device: MAJOR and MINOR of a loop device that bfq schedules, or else of any; it goes with the test's last fd.
bfq_device() {
	local loop
	block_device
	truncate -s 1M "$T/disk"
	loop=$(losetup --show -f "$T/disk" 2>/dev/null) || return 0
	exec 7<"$loop"
	losetup -d "$loop"
	(echo bfq >"/sys/block/${loop#/dev/}/queue/scheduler") 2>/dev/null || return 0
	MAJOR=$((0x$(stat -c %t "$loop"))) MINOR=$((0x$(stat -c %T "$loop")))
}

# The file is bfq's, or iocost's where that is switched on for the device.
test_cgroups__weights_of_devices_F122() {
	only_crun_lite
	local file text=
	bfq_device
	args sleep 1000
	config '.linux.resources.blockIO = {"weightDevice":[{"major":$major,"minor":$minor,"weight":321}]}' \
		--argjson major "$MAJOR" --argjson minor "$MINOR"
	capture rt create -b "$B" "$ID"
	if [ "$RC" != 0 ]; then
		expect_match "write '$MAJOR:$MINOR [0-9]*' to /sys/fs/cgroup/[^ ]*(weight_device|weight): .*hint: " "${ERR//$'\n'/ }"
		expect_in '(/linux/resources/blockIO/weightDevice/0' "$ERR"
		expect_eq "$(own_groups)" ""
		skip "no weights of devices here: ${ERR%%$'\n'*}"
	fi
	for file in "/sys/fs/cgroup/blkio/$ID"/blkio{.bfq,}.weight_device "/sys/fs/cgroup/$ID"/io{.bfq,}.weight; do
		[ ! -e "$file" ] || text+=$(<"$file")$'\n'
	done
	deleted
	# 321 is 3142 of iocost's ten thousand.
	expect_match $'\n'"$MAJOR:$MINOR (321|3142)"$'\n' $'\n'"$text"
	config '.linux.resources.blockIO.weightDevice[0].weight = 1001'
	run_fails 'not between 10 and 1000' create -b "$B" "$ID"
	expect_in '(/linux/resources/blockIO/weightDevice/0' "$ERR"
}

test_cgroups__a_device_that_no_scheduler_weighs_is_named_with_a_way_out_F122() {
	only_crun_lite
	block_device
	grep -q '\[bfq\]' "/sys/dev/block/$MAJOR:$MINOR/queue/scheduler" && skip "the device has bfq"
	[ -z "$V2" ] || ! grep -q "^$MAJOR:$MINOR.*enable=1" /sys/fs/cgroup/io.cost.qos 2>/dev/null || skip "the device has iocost"
	config '.linux.resources.blockIO = {"weightDevice":[{"major":$major,"minor":$minor,"weight":321}]}' \
		--argjson major "$MAJOR" --argjson minor "$MINOR"
	run_fails "write '$MAJOR:$MINOR (321|3142)' to .*weight.*: .*hint: .*bfq" create -b "$B" "$ID"
	expect_in '(/linux/resources/blockIO/weightDevice/0' "$ERR"
	expect_eq "$(own_groups)" ""
}

test_cgroups__leaf_weight_F121() {
	resource '.linux.resources.blockIO.leafWeight = 200' blkio.leaf_weight 200 - 'blockIO.leafWeight does not exist on cgroup v2'
}

test_cgroups__rates_of_a_device_F123() {
	local want file kind
	block_device
	args sleep 1000
	config '.linux.resources.blockIO = ([["Read","Bps",1048576],["Write","Bps",2097152],["Read","IOPS",300],["Write","IOPS",400]]
		| map({key:"throttle\(.[0])\(.[1])Device", value:[{"major":$major,"minor":$minor,"rate":.[2]}]}) | from_entries)' \
		--argjson major "$MAJOR" --argjson minor "$MINOR"
	created
	if [ -n "$V2" ]; then
		expect_eq "$(<"/sys/fs/cgroup/$ID/io.max")" "$MAJOR:$MINOR rbps=1048576 wbps=2097152 riops=300 wiops=400"
	else
		while read -r file want; do
			expect_eq "$(<"/sys/fs/cgroup/blkio/$ID/blkio.throttle.$file")" "$MAJOR:$MINOR $want" "$file"
		done <<-'F'
			read_bps_device 1048576
			write_bps_device 2097152
			read_iops_device 300
			write_iops_device 400
		F
	fi
	deleted
	config '.linux.resources.blockIO = {"throttleReadBpsDevice":[{"major":999,"minor":99,"rate":1}]}'
	run_fails 'no such device.*|there is no such block device' run -b "$B" "$ID"
	expect_eq "$(own_groups)" ""
}

test_cgroups__huge_pages_and_those_that_are_reserved_F130() {
	local limit='.linux.resources.hugepageLimits = [{"pageSize":"2MB","limit":4194304}]'
	resource "$limit" hugetlb.2MB.limit_in_bytes 4194304 hugetlb.2MB.max 4194304
	resource "$limit" hugetlb.2MB.rsvd.limit_in_bytes 4194304 hugetlb.2MB.rsvd.max 4194304
}

test_cgroups__huge_pages_of_a_size_that_there_is_not_F130() {
	only_crun_lite
	config '.linux.resources.hugepageLimits = [{"pageSize":"3MB","limit":4194304}]'
	run_fails 'huge|hugetlb' run -b "$B" "$ID"
	expect_eq "$(own_groups)" ""
}

test_cgroups__network_class_and_priorities_F131() {
	resource '.linux.resources.network.classID = 1048577' net_cls.classid 1048577 - 'network.classID does not exist on cgroup v2'
}

test_cgroups__a_device_of_rdma_that_there_is_not_F133() {
	only_crun_lite
	config '.linux.resources.rdma = {"nosuch0":{"hcaHandles":1,"hcaObjects":2}}'
	run_fails 'rdma' run -b "$B" "$ID"
	expect_match 'asked for at .*\(/linux/resources/rdma' "$ERR"
	expect_eq "$(own_groups)" ""
}

test_cgroups__a_controller_of_unified_that_is_missing_F134_F135() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	config '.linux.resources.unified = {"nosuch.max":"1"}'
	run_fails 'nosuch.max' run -b "$B" "$ID"
	expect_match 'asked for at .*\(/linux/resources/unified/nosuch.max\)' "$ERR"
	grep -qw misc /sys/fs/cgroup/cgroup.controllers && return
	config '.linux.resources.unified = {"misc.max":"res_a 1"}'
	run_fails 'the misc controller is not available' run -b "$B" "$ID"
	expect_eq "$(own_groups)" ""
}

# Made by others: a group of threads cannot have memory, and is one of threads itself else.
test_cgroups__below_a_group_of_threads() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	local group=/sys/fs/cgroup/$ID-threads
	mkdir "$group" "$group/t"
	echo threaded >"$group/t/cgroup.type"
	config '.linux.cgroupsPath = $p | .linux.resources.memory.limit = 20971520' --arg p "/$ID-threads/t/c"
	run_fails 'the memory controller is not available' run -b "$B" "$ID"
	expect_in 'group of threads' "$ERR"
	rmdir "$group/t" "$group"
}

# What such a group can have (cpu, cpuset, pids) it gives, as one of threads itself.
test_cgroups__in_a_group_of_threads_who_asks_for_no_more_than_they_can_have() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	local group=/sys/fs/cgroup/$ID-threads
	mkdir "$group" "$group/t"
	echo threaded >"$group/t/cgroup.type"
	config '.linux.cgroupsPath = $p | .linux.resources = {"pids":{"limit":50},"cpu":{"shares":512}}' --arg p "/$ID-threads/t/c"
	args sleep 1000
	lives
	expect_eq "$(cat "$group/t/c/cgroup.type" "$group/t/c/pids.max" "$group/t/c/cpu.weight" | paste -sd' ')" "threaded 50 59"
	expect_eq "$(<"$group/t/c/cgroup.threads")" "$(pid_of)"
	run_ok exec "$ID" true
	# By hand: such a group has no cgroup.kill.
	run_ok kill --all "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
	expect_no_file "$group/t/c"
	rmdir "$group/t" "$group"
}

test_cgroups__the_program_may_use_all_the_cpus_of_its_group_whatever_the_caller_was_bound_to() {
	only_crun_lite
	[ "$(nproc)" -gt 1 ] || skip "one processor"
	args inspect affinity
	local all
	run_ok run -b "$B" "$ID"
	all=$OUT
	capture taskset -c 0 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_eq "$OUT" "$all" "processors of a container of a bound caller"
}

test_cgroups__pids_limit_F132() {
	args sleep 1000
	limit '.linux.resources.pids.limit = 123' pids pids.max pids.max 123 123
	limit '.linux.resources.pids.limit = -1' pids pids.max pids.max max max
}

test_cgroups__a_pids_limit_is_hit_F132() {
	config '.linux.resources.pids.limit = 5'
	args sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo started all'
	capture rt run -b "$B" "$ID"
	expect_not_in "started all"
	expect_match "fork" "$ERR"
}

test_cgroups__a_pids_limit_of_zero_is_a_limit_F132() {
	only_crun_lite
	# The program itself was there before; it can make no other.
	config '.linux.resources.pids.limit = 0'
	args sh -c 'sleep 0; echo forked'
	capture rt run -b "$B" "$ID"
	expect_not_in forked
}

test_cgroups__devices_are_denied_unless_allowed_F100() {
	own_rootfs
	config '.linux.resources.devices = [{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":7,"access":"r"}]
		| .linux.devices = [{"path":"/dev/kmsg2","type":"c","major":1,"minor":11,"fileMode":438},
			{"path":"/dev/block","type":"b","major":7,"minor":99,"fileMode":438}]'
	in_container 'head -c 1 /dev/null; echo null; head -c 1 /dev/zero | wc -c; head -c1 /dev/kmsg2 2>&1; head -c1 /dev/block 2>&1; :'
	expect_line null
	expect_line 1
	expect_match "dev/kmsg2.*Operation not permitted|kmsg2.*Operation not permitted"
	expect_match "/dev/block.*Operation not permitted"
}

test_cgroups__devices_are_allowed_when_the_config_says_so_F100() {
	config '.linux.resources.devices = [{"allow":true,"access":"rwm"}]
		| .linux.devices = [{"path":"/dev/mem2","type":"c","major":1,"minor":11,"fileMode":438}]
		| .process.capabilities |= map_values(. + ["CAP_SYSLOG","CAP_SYS_ADMIN"])'
	in_container 'exec 3</dev/mem2 && echo opened'
	expect_eq "$OUT" opened
}

test_cgroups__unified_is_written_as_it_stands_F134() {
	[ -n "$V2" ] || {
		only_crun_lite
		config '.linux.resources.unified = {"memory.high":"1000000"}'
		run_fails 'unified|memory.high|v2' run -b "$B" "$ID"
		return 0
	}
	args sleep 1000
	limit '.linux.resources.unified = {"memory.high":"20971520","pids.max":"77"}' memory - memory.high - 20971520
}

test_cgroups__a_unified_key_with_a_slash_is_refused_F134() {
	only_crun_lite
	config '.linux.resources.unified = {"../memory.high":"1"}'
	run_fails 'memory.high|unified' run -b "$B" "$ID"
}

test_cgroups__limits_that_cannot_be_met_are_errors_that_name_the_file_or_key() {
	# Below what is used already, or nonsense: nothing is left behind.
	config '.linux.resources.cpu = {"quota":5,"period":100000}'
	run_fails 'cpu' run -b "$B" "$ID"
	expect_eq "$(own_groups)" ""
	config '.linux.resources.cpu = {"cpus":"9999"}'
	if [ -z "$V2" ] && [ -d /sys/fs/cgroup/cpuset ]; then
		run_fails 'cpu' run -b "$B" "$ID"
	fi
	expect_eq "$(own_groups)" ""
}

test_cgroups__the_cgroup_manager_can_be_disabled_C008() {
	only_crun_lite
	args inspect cgroup
	local mine
	mine=$(sed 's/^/cgroup: /' /proc/self/cgroup)
	capture "$RUNTIME" --root "$ROOT" --cgroup-manager=disabled run -b "$B" "$ID"
	expect_rc 0
	[ -n "$V2" ] || expect_eq "$OUT" "$mine" "groups"
}

# Where /sys/fs/cgroup is none of what we know (WSL, Android), it does not matter then.
test_cgroups__with_the_manager_disabled_no_group_is_looked_at_C008() {
	only_crun_lite
	command -v strace >/dev/null || skip "no strace"
	args true
	config 'del(.linux.resources, .linux.cgroupsPath) | .linux.namespaces |= map(select(.type != "cgroup"))'
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=file -o "$T/trace" "$RUNTIME" --root "$ROOT" --cgroup-manager disabled run -b "$B" "$ID"
	grep -q execve "$T/trace" || skip "strace sees nothing here"
	! grep -e sys/fs/cgroup -e '/cgroup"' "$T/trace" || fail "it looked at groups"
}

test_cgroups__on_a_host_without_any_a_container_runs_without_one_unless_it_asks() {
	only_crun_lite
	local without='mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
	capture unshare --mount sh -c "$without" sh "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 0
	expect_eq "$ERR" ""
	config '.linux.resources.pids.limit = 5'
	capture unshare --mount sh -c "$without" sh "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 1
	one_sentence
	expect_match 'set pids.max: the pids controller is not mounted below /sys/fs/cgroup.*hint: mount it' "${ERR//$'\n'/ }"
	expect_match '\(/linux/resources/pids/limit\)' "$ERR"
	expect_no_file "$ROOT/$ID"
}

test_cgroups__with_the_manager_disabled_a_mount_shows_the_callers_groups_C008() {
	only_crun_lite
	[ -z "$V2" ] && [ -d /sys/fs/cgroup/pids ] || skip "no v1 hierarchy of pids"
	local mine=/sys/fs/cgroup/pids/$ID-caller
	mkdir "$mine"
	echo 77 >"$mine/pids.max"
	container_config 'cat /sys/fs/cgroup/pids/pids.max; echo 78 >/sys/fs/cgroup/pids/pids.max || echo refused' \
		'.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid"]}]'
	capture sh -c 'echo 0 >"$1/cgroup.procs"; shift; exec "$@"' sh "$mine" \
		"$RUNTIME" --root "$ROOT" --cgroup-manager disabled run -b "$B" "$ID"
	until_true rmdir "$mine"
	expect_rc 0
	expect_eq "$OUT" $'77\nrefused'
}

test_cgroups__with_the_manager_disabled_cgroup2_is_mounted_read_only_C008() {
	only_crun_lite
	[ -n "$V2" ] || skip "not pure v2"
	container_config 'cat /sys/fs/cgroup/cgroup.controllers >/dev/null && echo seen; mkdir /sys/fs/cgroup/new || echo refused' \
		'.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup"}]'
	run_ok --cgroup-manager disabled run -b "$B" "$ID"
	expect_eq "$OUT" $'seen\nrefused'
}

test_cgroups__a_group_full_of_processes_is_emptied_by_delete_force_C213() {
	container_config 'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; sleep 1000' 'del(.linux.namespaces[] | select(.type == "pid"))'
	created
	run_ok start "$ID"
	local f
	f=$(cgroup_file pids cgroup.procs cgroup.procs)
	until_true eval "[ \$(wc -l < '$f') -ge 10 ]"
	run_ok delete --force "$ID"
	expect_eq "$(own_groups)" ""
}

test_cgroups__subgroups_that_the_container_made_go_too_C213() {
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}]'
	if [ -n "$V2" ]; then
		args sh -c 'mkdir -p /sys/fs/cgroup/a/b/c && echo made'
	else
		args sh -c 'mkdir -p /sys/fs/cgroup/memory/a/b/c && echo made'
	fi
	capture rt run -b "$B" "$ID"
	[[ $OUT == made ]] || { rt delete --force "$ID" 2>/dev/null; skip "cannot make a subgroup inside"; }
	expect_eq "$(own_groups)" ""
}

test_cgroups__a_frozen_container_is_killed_by_delete_force() {
	args sleep 1000
	created
	run_ok start "$ID"
	if [ -n "$V2" ]; then
		echo 1 >"/sys/fs/cgroup/$ID/cgroup.freeze"
	elif [ -d /sys/fs/cgroup/freezer ]; then
		echo FROZEN >"/sys/fs/cgroup/freezer/$ID/freezer.state"
	else
		deleted
		skip "no freezer"
	fi
	run_ok delete --force "$ID"
	expect_eq "$(own_groups)" ""
}

# ---- bad input: a clear error, and nothing is left behind ------------------------------------------

test_cgroups__what_is_no_limit_is_refused_with_its_place() {
	only_crun_lite
	local filter re
	while IFS='|' read -r re filter; do
		config "del(.linux.resources) | $filter"
		run_fails "$re" run -b "$B" "$ID"
		expect_match 'asked for at .*config.json:[0-9]+:[0-9]+ \(/linux/' "$ERR"
		expect_eq "$(own_groups)" ""
	done <<-'F'
		-5 is outside|.linux.resources.memory.limit = -5
		-2 is outside|.linux.resources.memory.swap = -2
		-2 is outside|.linux.resources.memory.reservation = -2
		-7 is outside|.linux.resources.pids.limit = -7
		-5 is outside|.linux.resources.cpu.shares = -5
		-1 is outside|.linux.resources.cpu.period = -1
		expected a number, found a string|.linux.resources.memory.limit = "5m"
		expected an integer, found 1.5|.linux.resources.memory.limit = 1.5
		is not a page size|.linux.resources.hugepageLimits = [{"pageSize":"3XB","limit":1}]
		not between 10 and 1000|.linux.resources.blockIO.weight = 5
		is less than memory.limit|.linux.resources.memory = {"limit":4096000,"swap":1}
		cannot be the name of a file|.linux.resources.unified = {"a/b":"1"}
		cannot be the name of a file|.linux.resources.unified = {"":"1"}
		cannot be the name of a file|.linux.resources.unified = {"..":"1"}
		contains ".."|.linux.cgroupsPath = "/a/../b"
		contains ".."|.linux.cgroupsPath = ".."
	F
}

test_cgroups__a_cpuset_that_does_not_exist_is_refused_with_what_there_is_F114() {
	only_crun_lite
	if [ -n "$V2" ]; then
		grep -qw cpuset /sys/fs/cgroup/cgroup.controllers || skip "no cpuset controller"
	else
		[ -d /sys/fs/cgroup/cpuset ] || skip "no cpuset hierarchy"
	fi
	local filter
	for filter in '{"cpus":"4095"}' '{"cpus":"x"}' '{"mems":"63"}' '{"cpus":"0-"}'; do
		config '.linux.resources.cpu = $c' --argjson c "$filter"
		run_fails 'cpuset\.(cpus|mems)' run -b "$B" "$ID"
		expect_match 'the parent group has 0' "$ERR"
		expect_eq "$(own_groups)" ""
	done
}

test_cgroups__a_limit_below_what_is_used_says_how_much_that_is_F101_F108() {
	only_crun_lite
	local dir=/sys/fs/cgroup/memory/$ID file=tasks
	[ -z "$V2" ] || dir=/sys/fs/cgroup/$ID file=cgroup.procs
	[ "$(awk '/^SwapTotal/ {print $2}' /proc/meminfo)" = 0 ] || skip "with swap it can be met"
	mkdir "$T/shm" "$dir"
	mount -t tmpfs tmpfs "$T/shm"
	# Memory that cannot be taken back and has nobody: a file in memory.
	sh -c 'echo 0 >"$0/'$file'" && head -c 30000000 /dev/zero >"$1/file"' "$dir" "$T/shm"
	config '.linux.resources.memory = {"limit":10485760,"checkBeforeUpdate":true}'
	run_fails 'unable to set memory limit to 10485760 \(current usage: [1-9][0-9]{7}\)' run -b "$B" "$ID"
	umount "$T/shm"
	rmdir "$dir"
	expect_eq "$(own_groups)" ""
}

test_cgroups__a_frozen_group_is_refused_and_left_as_it_was_F167() {
	only_crun_lite
	local dir file frozen=1 thawed=0
	if [ -n "$V2" ]; then
		dir=/sys/fs/cgroup/$ID file=cgroup.freeze
	else
		dir=/sys/fs/cgroup/freezer/$ID file=freezer.state frozen=FROZEN thawed=THAWED
		[ -d "${dir%/*}" ] || skip "no freezer"
	fi
	mkdir "$dir"
	echo $frozen >"$dir/$file"
	run_fails "$ID: it is frozen" run -b "$B" "$ID"
	expect_eq "$(<"$dir/$file")" $frozen
	echo $thawed >"$dir/$file"
	rmdir "$dir"
	expect_eq "$(own_groups)" ""
}

test_cgroups__a_read_only_hierarchy_is_an_error_with_a_way_out() {
	only_crun_lite
	capture unshare --mount sh -c 'for d; do mount -o remount,bind,ro "$d" || exit 77; done
		exec "$0" --root "'"$ROOT"'" run -b "'"$B"'" "'"$ID"'"' "$RUNTIME" "${CGROUPS[@]}"
	[ "$RC" != 77 ] || skip "cannot make them read-only here"
	expect_rc 1
	expect_match "make the cgroup /sys/fs/cgroup/[^ ]*$ID: read-only file system" "$ERR"
	expect_in 'mount it writable' "$ERR"
	expect_eq "$(own_groups)" ""
}

# ---- F069 -------------------------------------------------------------------------------------------

# owner_of_group: who the group and its files belong to, those of root left out
owner_of_group() {
	find "/sys/fs/cgroup/$ID" -maxdepth 1 ! -uid 0 -printf '%U %f\n' | sort
}

test_cgroups__a_group_that_is_shown_writable_belongs_to_the_containers_user_F069() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	local f want
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw","nosuid"]}]
		| .process.user = {"uid":1000,"gid":1000} | .process.args = ["sleep","1000"]'
	created
	want=$(cat /sys/kernel/cgroup/delegate 2>/dev/null || printf '%s\n' cgroup.procs cgroup.threads cgroup.subtree_control)
	want=$(for f in $want; do [ ! -e "/sys/fs/cgroup/$ID/$f" ] || echo "1000 $f"; done; echo "1000 $ID")
	expect_eq "$(owner_of_group)" "$(sort <<<"$want")"
	expect_eq "$(stat -c %u "/sys/fs/cgroup/$ID/cgroup.max.depth")" 0
	deleted
	# It may make groups, and no more of anything than it was given.
	in_container 'mkdir /sys/fs/cgroup/own && echo made; echo 5 >/sys/fs/cgroup/pids.max; :' . 2>/dev/null
	expect_eq "$OUT" made
	expect_eq "$(own_groups)" ""
}

test_cgroups__other_groups_stay_with_root_F069() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	local filter
	args sleep 1000
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}]
		| .process.user = {"uid":1000,"gid":1000}'
	cp "$B/config.json" "$T/writable.json"
	for filter in '.mounts[-1].options = ["ro"]' 'del(.mounts[-1])' '.process.user.uid = 0' \
		'del(.linux.namespaces[] | select(.type == "cgroup"))'; do
		cp "$T/writable.json" "$B/config.json"
		config "$filter"
		created
		expect_eq "$(owner_of_group)" "" "$filter"
		deleted
	done
}

test_cgroups__in_a_user_namespace_it_is_the_users_id_of_the_host_F069() {
	only_crun_lite
	[ -n "$V2" ] || skip "v2 only"
	own_rootfs
	chown -R 100000:100000 "$R"
	chmod 755 "$T" "$B"
	config '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["rw"]}]
		| .linux.namespaces += [{"type":"user"}] | .process.args = ["sleep","1000"]
		| .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":1000}] | .linux.gidMappings = .linux.uidMappings'
	created
	expect_eq "$(stat -c %u "/sys/fs/cgroup/$ID" "/sys/fs/cgroup/$ID/cgroup.procs" | paste -sd' ')" "100000 100000"
	deleted
}

# ---- many -------------------------------------------------------------------------------------------

# CYCLES=1000 for a soak
test_cgroups__many_containers_leave_no_group() {
	only_crun_lite
	local i
	for ((i = 0; i < ${CYCLES:-100}; i++)); do
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS create -b "$B" "$ID" </dev/null >/dev/null
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS delete --force "$ID"
	done
	expect_eq "$(own_groups)" ""
}

# By `run`, which waits for its container: groups are counted as long as there is a zombie of them.
test_cgroups__the_kernel_forgets_them() {
	only_crun_lite
	[ -z "$TEST_NEIGHBOURS" ] || skip "others make groups too"
	local i before
	count_groups() { awk 'NR > 1 && $3 > n {n = $3} END {print n}' /proc/cgroups; }
	before=$(count_groups)
	for ((i = 0; i < ${CYCLES:-100}; i++)); do
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" </dev/null >/dev/null
	done
	# A group that was charged for a file in memory is counted until that is dropped.
	until_true eval 'echo 3 >/proc/sys/vm/drop_caches; [ "$(count_groups)" -le $((before + 20)) ]'
}

# bomb [FILTER]: a container that forks as much as it may, and tries to have BOMB processes more
bomb() {
	local f
	config "${1:-.}"' | .linux.resources = {"pids":{"limit":512},"cpu":{"quota":50000,"period":100000}}'
	args forkbomb
	created
	run_ok start "$ID"
	f=$(cgroup_file pids pids.current pids.current)
	until_true eval '[ "$(<"'"$f"'")" = 512 ]'
	f=$(cgroup_file pids pids.events pids.events)
	until_true eval '[ "$(sed -n "s/^max //p" "'"$f"'")" -ge ${BOMB:-10000} ]'
}

test_cgroups__a_fork_bomb_dies_by_kill_all() {
	bomb
	local start=$EPOCHREALTIME ms f
	f=$(cgroup_file pids cgroup.procs cgroup.procs)
	run_ok kill --all "$ID" KILL
	DEADLINE=20 until_true eval "[ -z \"\$(<'$f')\" ]"
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $ms -lt 20000 ] || fail "it took $ms ms"
	until_true has_status stopped
	deleted
}

test_cgroups__a_fork_bomb_without_a_pid_namespace_dies_by_delete_force() {
	bomb 'del(.linux.namespaces[] | select(.type == "pid"))'
	local start=$EPOCHREALTIME ms
	run_ok delete --force "$ID"
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $ms -lt 20000 ] || fail "it took $ms ms"
	expect_eq "$(own_groups)" ""
}

# ---- stuck in the kernel ----------------------------------------------------------------------------

test_cgroups__a_process_that_cannot_die_ends_a_delete_in_time_C213() {
	only_crun_lite
	local start ms pid
	silent_fuse "$T/fuse"
	config '.mounts += [{"destination":"/mnt","type":"none","source":$f,"options":["bind"]}]' --arg f "$T/fuse"
	running 'exec cat /mnt/x'
	pid=$(pid_of)
	until_true is_asked
	start=$EPOCHREALTIME
	run_fails "wait for process $pid to die: .*hint: it is stuck in the kernel .state D in ps." delete --force "$ID"
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $ms -lt 15000 ] || fail "it took $ms ms"
	# It is still known, and goes when what it waited for is back (or gone).
	expect_eq "$(rt state "$ID" | jq .pid)" "$pid"
	kill "$SERVER"
	wait "$SERVER" || :
	until_true is_gone "$pid"
	run_ok delete --force "$ID"
	expect_eq "$(own_groups)" ""
	umount "$T/fuse"
}

# The first process is gone; another one of the group cannot go.
test_cgroups__a_group_with_a_process_that_cannot_die_ends_a_delete_in_time_C213() {
	only_crun_lite
	local start ms pid
	silent_fuse "$T/fuse"
	config '.mounts += [{"destination":"/mnt","type":"none","source":$f,"options":["bind"]}]
		| .linux.namespaces |= map(select(.type != "pid"))' --arg f "$T/fuse"
	running 'cat /mnt/x & exit 0'
	until_true has_status stopped
	pid=$(cat "$(cgroup_file pids cgroup.procs cgroup.procs)")
	until_true is_asked
	start=$EPOCHREALTIME
	run_fails "remove the cgroup /sys/fs/cgroup/[^ ]*$ID: .*busy.*hint: process $pid is still in it" delete "$ID"
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
	[ $ms -lt 15000 ] || fail "it took $ms ms"
	kill "$SERVER"
	wait "$SERVER" || :
	until_true is_gone "$pid"
	run_ok delete "$ID"
	expect_eq "$(own_groups)" ""
	umount "$T/fuse"
}
