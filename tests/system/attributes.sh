# How the process is run: scheduler, priorities, affinity, personality, memory policy; F015, F017, F018, F080, F082.
# shellcheck shell=bash

# scheduler JSON: runs with it, and shows what the process got
scheduler() {
	config '.process.args = ["inspect","scheduler","affinity"] | .process.scheduler = $s' --argjson s "$1"
	run_ok run -b "$B" "$ID"
}

test_attributes__every_policy_F015() {
	local p
	for p in 'SCHED_OTHER 0' 'SCHED_BATCH 3' 'SCHED_IDLE 5'; do
		scheduler '{"policy":"'"${p% *}"'"}'
		expect_line "policy: ${p#* }"
	done
	scheduler '{"policy":"SCHED_OTHER","nice":7}'
	expect_line "schednice: 7"
	scheduler '{"policy":"SCHED_BATCH","nice":-3}'
	expect_line "policy: 3"
	expect_line "schednice: -3"
}

# rt_allowed: on v1 with CONFIG_RT_GROUP_SCHED a new group has no real-time budget
# On v2 a kernel with CONFIG_RT_GROUP_SCHED gives groups no real-time runtime at all.
rt_allowed() {
	local f group=/sys/fs/cgroup/clrt$$ denied=
	if [ -n "$V2" ]; then
		echo +cpu > /sys/fs/cgroup/cgroup.subtree_control
		mkdir "$group"
		(echo $BASHPID > "$group/cgroup.procs" && exec chrt -f 1 true) 2>/dev/null || denied=1
		rmdir "$group"
		[ -z "$denied" ] || skip "this kernel lets no group of v2 have real-time processes"
	fi
	f=$(cgroup_file cpu cpu.rt_runtime_us none .)
	[ -n "$V2" ] || [ ! -e "$f" ] || config '.linux.resources.cpu = {"realtimeRuntime":10000,"realtimePeriod":1000000}'
}

test_attributes__real_time_policies_F015() {
	rt_allowed
	scheduler '{"policy":"SCHED_FIFO","priority":10}'
	expect_line "policy: 1"
	expect_line "priority: 10"
	scheduler '{"policy":"SCHED_RR","priority":99,"flags":["SCHED_FLAG_RESET_ON_FORK"]}'
	expect_line "policy: 2"
	expect_line "priority: 99"
	expect_line "flags: 1"
}

test_attributes__a_deadline_F015() {
	scheduler '{"policy":"SCHED_DEADLINE","runtime":1000000,"deadline":10000000,"period":20000000}'
	expect_line "policy: 6"
	expect_line "deadline: 1000000 10000000 20000000"
}

test_attributes__a_deadline_though_the_caller_may_use_one_processor_only_F015() {
	only_crun_lite
	config '.process.args = ["inspect","scheduler","affinity"]
		| .process.scheduler = {"policy":"SCHED_DEADLINE","runtime":1000000,"deadline":10000000,"period":10000000}'
	capture taskset -c 0 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_line "policy: 6"
	expect_line "cpus: $(nproc)"
}

test_attributes__a_deadline_and_start_container_hooks_F015() {
	only_crun_lite
	config '.process.args = ["inspect","scheduler"] | .hooks.startContainer = [{"path":"/bin/true"}]
		| .process.scheduler = {"policy":"SCHED_DEADLINE","runtime":1000000,"deadline":10000000,"period":10000000}'
	run_fails 'SCHED_DEADLINE cannot fork' run -b "$B" "$ID"
	expect_in SCHED_FLAG_RESET_ON_FORK "$ERR"
	expect_in "(/process/scheduler)" "$ERR"
	config '.process.scheduler.flags = ["SCHED_FLAG_RESET_ON_FORK"]'
	run_ok run -b "$B" "$ID"
	expect_line "policy: 6"
}

test_attributes__the_scheduler_is_set_at_create_and_kept_at_start_F015() {
	config '.process.args = ["inspect","scheduler"] | .process.scheduler = {"policy":"SCHED_BATCH","nice":4}'
	created
	expect_in 'SCHED_BATCH' "$(chrt -p "$(pid_of)")"
	run_ok start "$ID"
	until_true has_status stopped
	expect_in "schednice: 4" "$(<"$T/out")"
	deleted
}

test_attributes__what_the_scheduler_refuses_is_named_F015() {
	only_crun_lite
	config '.process.scheduler = {"policy":"SCHED_DEADLINE","runtime":1,"deadline":2,"period":2}'
	run_fails 'set the scheduler to SCHED_DEADLINE, 1 of 2 ns every 2 ns: invalid argument' run -b "$B" "$ID"
	expect_in "1024 ns <= runtime" "$ERR"
	expect_in "(/process/scheduler)" "$ERR"
	config '.process.scheduler = {"policy":"SCHED_ISO"}'
	run_fails 'SCHED_ISO' run -b "$B" "$ID"
	expect_in "no kernel has it" "$ERR"
	run_fails 'SCHED_ISO' create -b "$B" "$ID"
	expect_no_file "$ROOT/$ID"
}

test_attributes__a_scheduler_of_the_users_own_invention_is_refused_F015() {
	local s
	for s in '{"policy":"SCHED_NONSENSE"}' '{"policy":"SCHED_FIFO"}' '{"policy":"SCHED_OTHER","priority":1}' \
		'{"policy":"SCHED_OTHER","nice":20}' '{"policy":"SCHED_OTHER","runtime":5}'; do
		config '.process.scheduler = $s' --argjson s "$s"
		run_fails 'scheduler|SCHED|nice|priority|policy|runtime' run -b "$B" "$ID"
	done
	[ -n "$CRUN_LITE" ] || return 0
	config '.process.scheduler = {"policy":"SCHED_OTHER","flags":["SCHED_FLAG_NONSENSE"]}'
	run_fails 'SCHED_FLAG_NONSENSE' run -b "$B" "$ID"
	config '.process.scheduler = {}'
	run_fails 'policy' run -b "$B" "$ID"
}

test_attributes__io_priorities_F017() {
	local c
	for c in 'IOPRIO_CLASS_RT 1' 'IOPRIO_CLASS_BE 2' 'IOPRIO_CLASS_IDLE 3'; do
		config '.process.args = ["inspect","scheduler"] | .process.ioPriority = {"class":$c,"priority":3}' --arg c "${c% *}"
		run_ok run -b "$B" "$ID"
		expect_line "ioprio: ${c#* } 3"
	done
	config '.process.ioPriority = {"class":"IOPRIO_CLASS_BE","priority":0}'
	run_ok run -b "$B" "$ID"
	expect_line "ioprio: 2 0"
}

test_attributes__a_wrong_io_priority_is_refused_F017() {
	config '.process.ioPriority = {"class":"IOPRIO_CLASS_BE","priority":8}'
	run_fails 'priority' run -b "$B" "$ID"
	config '.process.ioPriority = {"class":"IOPRIO_CLASS_NONSENSE","priority":1}'
	run_fails 'IOPRIO_CLASS_NONSENSE|ioPriority|class' run -b "$B" "$ID"
}

# No kernel that we meet has them built in; one that has takes them.
test_attributes__clamps_work_or_are_named_F015() {
	only_crun_lite
	config '.process.args = ["inspect","scheduler"]
		| .process.scheduler = {"policy":"SCHED_OTHER","flags":["SCHED_FLAG_UTIL_CLAMP_MIN","SCHED_FLAG_UTIL_CLAMP_MAX"]}'
	capture rt run -b "$B" "$ID"
	if [ "$RC" = 0 ]; then
		expect_line "policy: 0"
		return
	fi
	expect_in "set the scheduler to SCHED_OTHER, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX: operation not supported" "$ERR"
	expect_in CONFIG_UCLAMP_TASK "$ERR"
	expect_in "(/process/scheduler)" "$ERR"
}

# Of a kernel that has them: what it is asked, and that its "yes" starts the program.
test_attributes__clamps_reach_the_kernel_as_they_are_F015() {
	only_crun_lite
	command -v strace >/dev/null || skip "no strace"
	config '.process.args = ["sh","-c","echo ran"]
		| .process.scheduler = {"policy":"SCHED_BATCH","nice":3,"flags":["SCHED_FLAG_UTIL_CLAMP_MIN","SCHED_FLAG_UTIL_CLAMP_MAX"]}'
	ASAN_OPTIONS=detect_leaks=0 capture strace -o "$T/trace" -e trace=sched_setattr -e inject=sched_setattr:retval=0 \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	grep -q sched_setattr "$T/trace" || skip "strace sees nothing here"
	expect_eq "$RC $OUT" "0 ran"
	# The structure that has room for them (SCHED_ATTR_SIZE_VER1); runtime-spec has no values for it.
	expect_match 'size=56, sched_policy=SCHED_BATCH, sched_flags=(SCHED_FLAG_UTIL_CLAMP_MIN\|SCHED_FLAG_UTIL_CLAMP_MAX|0x60[^,]*), sched_nice=3,.* sched_util_min=0, sched_util_max=0' "$(<"$T/trace")"
}

test_attributes__the_affinity_of_the_caller_is_not_the_containers_F018() {
	only_crun_lite
	args inspect affinity
	capture taskset -c 0 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_line "cpus: $(nproc)"
}

test_attributes__the_affinity_of_exec_is_not_the_containers_F018() {
	config '.process.args = ["inspect","affinity"] | .process.execCPUAffinity = {"initial":"0","final":"0"}'
	run_ok run -b "$B" "$ID"
	expect_line "cpus: $(nproc)"
	[ -n "$CRUN_LITE" ] || return 0
	config '.process.execCPUAffinity = {"initial":"3-1"}'
	run_fails 'not a list of processors' run -b "$B" "$ID"
	expect_in "(/process/execCPUAffinity/initial)" "$ERR"
}

test_attributes__personalities_F080() {
	config '.process.args = ["inspect","personality","uts"] | .linux.personality = {"domain":"LINUX32"}'
	run_ok run -b "$B" "$ID"
	expect_line "personality: 8"
	# The kernel's own answer: UML knows no other architecture.
	expect_line "machine: $(setarch linux32 uname -m)"
	config '.linux.personality = {"domain":"LINUX"}'
	run_ok run -b "$B" "$ID"
	expect_line "personality: 0"
	expect_line "machine: $(uname -m)"
	capture setarch -R "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || expect_line "personality: 0"
}

test_attributes__a_personality_with_flags_or_without_a_domain_is_refused_F080() {
	only_crun_lite
	config '.linux.personality = {"domain":"LINUX","flags":["ADDR_NO_RANDOMIZE"]}'
	run_fails 'a personality has no flags' run -b "$B" "$ID"
	expect_in "(/linux/personality/flags/0)" "$ERR"
	config '.linux.personality = {"domain":"LINUX64"}'
	run_fails 'LINUX64' run -b "$B" "$ID"
	config '.linux.personality = {}'
	run_fails 'domain' run -b "$B" "$ID"
}

# mempolicy MODE NODES [FLAG]
mempolicy() {
	config '.process.args = ["inspect","mempolicy"] | .linux.memoryPolicy = {"mode":$m,"nodes":$n}
		| if $f == "" then . else .linux.memoryPolicy.flags = [$f] end' --arg m "$1" --arg n "$2" --arg f "${3:-}"
	run_ok run -b "$B" "$ID"
}

test_attributes__memory_policies_F082() {
	only_crun_lite          # runc and crun of the packages are older than 1.3.0
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	mempolicy MPOL_BIND 0
	expect_eq "$OUT" "mempolicy: 2 1"
	mempolicy MPOL_INTERLEAVE 0-0 MPOL_F_STATIC_NODES
	expect_eq "$OUT" "mempolicy: 8003 1"
	mempolicy MPOL_PREFERRED 0 MPOL_F_RELATIVE_NODES
	expect_eq "$OUT" "mempolicy: 4001 1"
	mempolicy MPOL_PREFERRED_MANY 0
	expect_eq "$OUT" "mempolicy: 5 1"
	mempolicy MPOL_LOCAL ""
	expect_eq "$OUT" "mempolicy: 4 0"
	mempolicy MPOL_DEFAULT ""
	expect_eq "$OUT" "mempolicy: 0 0"
	mempolicy MPOL_BIND 0 MPOL_F_NUMA_BALANCING
	expect_eq "$OUT" "mempolicy: 2002 1"
}

test_attributes__a_node_that_is_not_there_is_named_F082() {
	only_crun_lite
	[ -e /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	config '.linux.memoryPolicy = {"mode":"MPOL_BIND","nodes":"1000"}'
	run_fails 'set the memory policy MPOL_BIND on nodes 1000: invalid argument' run -b "$B" "$ID"
	expect_in has_memory "$ERR"
	expect_in "(/linux/memoryPolicy)" "$ERR"
	config '.linux.memoryPolicy = {"mode":"MPOL_BIND","nodes":"1-0"}'
	run_fails 'not a list of memory nodes' run -b "$B" "$ID"
	config '.linux.memoryPolicy = {"mode":"MPOL_NONSENSE","nodes":"0"}'
	run_fails 'MPOL_NONSENSE' run -b "$B" "$ID"
	config '.linux.memoryPolicy = {"mode":"MPOL_BIND"}'
	run_fails 'MPOL_BIND needs nodes' run -b "$B" "$ID"
}

test_attributes__without_resctrl_intel_rdt_is_refused_by_name_F081() {
	only_crun_lite
	! mountpoint -q /sys/fs/resctrl || skip "this host has a resctrl"
	config '.linux.intelRdt = {"closID":"gold","l3CacheSchema":"L3:0=f"}'
	run_fails 'linux.intelRdt: no resctrl file system is mounted on /sys/fs/resctrl' run -b "$B" "$ID"
	expect_in "(/linux/intelRdt)" "$ERR"
	run_fails 'resctrl' create -b "$B" "$ID"
	expect_no_file "$ROOT/$ID"
	config '.linux.intelRdt = {"closID":".."}'
	run_fails 'cannot be the name of a directory' run -b "$B" "$ID"
	config '.linux.intelRdt = {"memBwSchema":"L3:0=f"}'
	run_fails 'MB:' run -b "$B" "$ID"
}

# With the hardware: a class of its own, its schema as it is, gone at delete.
test_attributes__a_class_of_its_own_F081() {
	mountpoint -q /sys/fs/resctrl || skip "this host has no resctrl"
	local schema
	schema=$(sed -n 's/^ *\(L3:.*\)/\1/p' /sys/fs/resctrl/schemata)
	[ -n "$schema" ] || skip "this processor does not allocate its L3 cache"
	config '.process.args = ["sleep","1000"] | .linux.intelRdt = {"l3CacheSchema":$s}' --arg s "$schema"
	created
	expect_eq "$(<"/sys/fs/resctrl/$ID/tasks")" "$(pid_of)" "who is in it"
	deleted
	expect_no_file "/sys/fs/resctrl/$ID"
}

# What the parent sets by pid, and what init may do in a user namespace of its own.
test_attributes__all_of_them_in_a_user_namespace_F015_F017_F063_F067_F080_F082() {
	only_crun_lite
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	namespaces net
	nsenter -t "$NS" -n ip link add d0 type veth peer name d1 2>/dev/null || skip "this kernel has no veth"
	nsenter -t "$NS" -n ip addr add 192.0.2.7/24 dev d0
	config '.process.args = ["sh","-c","inspect scheduler personality clocks namespaces; ip addr show in0"]
		| .linux.namespaces += [{"type":"user"},{"type":"time"}] | .linux.timeOffsets.boottime.secs = 500000
		| .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings
		| .process.scheduler = {"policy":"SCHED_BATCH","nice":-4} | .process.ioPriority = {"class":"IOPRIO_CLASS_RT","priority":2}
		| .process.apparmorProfile = "unconfined" | .linux.personality = {"domain":"LINUX32"}
		| .linux.netDevices = {"d0":{"name":"in0"}}'
	[ ! -e /proc/self/numa_maps ] || config '.linux.memoryPolicy = {"mode":"MPOL_BIND","nodes":"0"}'
	capture nsenter -t "$NS" -n "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_line "policy: 3"
	expect_line "schednice: -4"
	expect_line "ioprio: 1 2"
	expect_line "personality: 8"
	expect_in "inet 192.0.2.7/24"
	[ "$(sed -n 's/^boottime: //p' <<<"$OUT")" -gt 500000 ] || fail "the clock is not ahead"
	end_helper $NSHOLD
}
