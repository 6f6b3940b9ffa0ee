# Namespaces, hostname, sysctl: F022, F060, F061, F070.
# shellcheck shell=bash

ns_of() { # PID NAME
	readlink "/proc/$1/ns/$2"
}

# without TYPE...: drops namespaces from the config
without() {
	config '.linux.namespaces |= map(select(.type as $t | $ARGS.positional | index($t) | not))' --args "$@"
}

test_namespaces__new_ones_differ_from_the_callers_F060() {
	args sleep 1000
	created
	local n pid
	pid=$(pid_of)
	for n in pid net mnt ipc uts ${V2:+cgroup}; do
		[ "$(ns_of "$pid" $n)" != "$(ns_of self $n)" ] || fail "$n is the caller's"
	done
	expect_eq "$(ns_of "$pid" user)" "$(ns_of self user)" "user"
	deleted
}

test_namespaces__those_not_named_are_the_callers_F060() {
	without pid network ipc uts cgroup
	config 'del(.hostname)'
	args sleep 1000
	created
	local n pid
	pid=$(pid_of)
	for n in pid net ipc uts cgroup user; do
		expect_eq "$(ns_of "$pid" $n)" "$(ns_of self $n)" $n
	done
	[ "$(ns_of "$pid" mnt)" != "$(ns_of self mnt)" ] || fail "mnt is the caller's"
	deleted
}

test_namespaces__each_can_be_joined_by_its_path_F060_F061() {
	namespaces net ipc uts
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net"
		elif .type == "ipc" then .path = "/proc/\($p)/ns/ipc"
		elif .type == "uts" then .path = "/proc/\($p)/ns/uts" else . end) | del(.hostname)' --arg p "$NS"
	args inspect uts namespaces
	run_ok run -b "$B" "$ID"
	expect_line "hostname: held"
	expect_line "ns: $(ns_of "$NS" net)"
	expect_line "ns: $(ns_of "$NS" ipc)"
	expect_line "ns: $(ns_of "$NS" uts)"
	end_helper $NSHOLD
}

test_namespaces__a_pid_namespace_by_path_F061() {
	namespaces pid
	config '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($p)/ns/pid" else . end)' --arg p "$NS"
	args sh -c 'inspect process namespaces; ls /proc | grep -c "^[0-9]*$"'
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" pid)"
	expect_not_in "pid: 1"$'\n'
	[ -e "/proc/$NS" ] || fail "the namespace's own init died"
	end_helper $NSHOLD
}

test_namespaces__a_container_in_a_joined_pid_namespace_is_killed_and_deleted_F061() {
	namespaces pid
	config '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($p)/ns/pid" else . end)' --arg p "$NS"
	args sh -c 'sleep 1000 & sleep 1000'
	created
	run_ok start "$ID"
	expect_eq "$(status "$ID")" running
	run_ok delete --force "$ID"
	end_helper $NSHOLD
}

test_namespaces__the_network_of_another_container_F060() {
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	config '.linux.namespaces |= map(if .type == "network" or .type == "ipc" or .type == "uts" then
		.path = "/proc/\($p)/ns/" + {network:"net",ipc:"ipc",uts:"uts"}[.type] else . end) | del(.hostname)
		| .linux.cgroupsPath += "-b"' --arg p "$pid"
	args inspect namespaces uts
	run_ok run -b "$B" "$ID-b"
	expect_line "ns: $(ns_of "$pid" net)"
	expect_line "hostname: box"
	deleted
}

test_namespaces__a_mount_namespace_by_path_F060() {
	only_crun_lite
	namespaces mnt
	config '.linux.namespaces |= map(if .type == "mount" then .path = "/proc/\($p)/ns/mnt" else . end)
		| del(.mounts, .linux.maskedPaths, .linux.readonlyPaths, .root.readonly)' --arg p "$NS"
	args sleep 1000
	created
	expect_eq "$(ns_of "$(pid_of)" mnt)" "$(ns_of "$NS" mnt)" "mount namespace"
	deleted
	end_helper $NSHOLD
}

test_namespaces__a_cgroup_namespace_by_path_F060() {
	only_crun_lite
	namespaces cgroup
	config '.linux.namespaces = [.linux.namespaces[] | select(.type != "cgroup")]
		+ [{"type":"cgroup","path":"/proc/\($p)/ns/cgroup"}]' --arg p "$NS"
	args inspect namespaces
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" cgroup)"
	end_helper $NSHOLD
}

# All eight types, each by itself: by its path, by the path of another type, by one that is dead.
test_namespaces__each_type_alone_by_path_by_a_wrong_one_and_by_a_dead_one_F060_F061() {
	only_crun_lite
	local type file other base strip
	namespaces net ipc uts pid cgroup mnt user $([ ! -e /proc/self/ns/time ] || echo time)
	echo '0 100000 65536' >"/proc/$NS/uid_map"
	echo '0 100000 65536' >"/proc/$NS/gid_map"
	base=$(<"$B/config.json")
	for type in network:net ipc:ipc uts:uts pid:pid cgroup:cgroup mount:mnt user:user time:time; do
		file=${type#*:}
		type=${type%:*}
		[ -e "/proc/self/ns/$file" ] || continue
		strip='.'
		[ $type != mount ] || strip='del(.mounts,.linux.maskedPaths,.linux.readonlyPaths,.root.readonly)'
		printf '%s\n' "$base" >"$B/config.json"
		config '.linux.namespaces = [.linux.namespaces[] | select(.type != $t)] + [{type: $t, path: $p}] | del(.hostname) | .process.args = ["inspect","namespaces"] | '"$strip" \
			--arg t $type --arg p "/proc/$NS/ns/$file"
		# The root of a mount namespace that is joined is the host's: no program of ours is there.
		[ $type != mount ] || config '.process.args = [$p]' --arg p "$ROOTFS/bin/true"
		run_ok run -b "$B" "$ID"
		[ $type = mount ] || expect_line "ns: $(ns_of "$NS" $file)"
		other=uts
		[ $type != uts ] || other=net
		config '.linux.namespaces[-1].path = $p' --arg p "/proc/$NS/ns/$other"
		run_fails 'namespace of another type' run -b "$B" "$ID"
		expect_in "/linux/namespaces/" "$ERR"
		config '.linux.namespaces[-1].path = $p' --arg p "/proc/4194305/ns/$file"
		run_fails 'no such file' run -b "$B" "$ID"
	done
	end_helper $NSHOLD
}

test_namespaces__a_bind_mounted_namespace_file_F060() {
	namespaces net
	: >"$T/netns"
	mount --bind "/proc/$NS/ns/net" "$T/netns"
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "$T/netns"
	args inspect namespaces
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" net)"
	umount "$T/netns"
	end_helper $NSHOLD
}

test_namespaces__a_path_of_the_wrong_type_is_refused_F060() {
	namespaces net uts
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/uts" else . end)' --arg p "$NS"
	run_fails . run -b "$B" "$ID"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/etc/hostname" else . end)'
	run_fails . run -b "$B" "$ID"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/none" else . end)'
	run_fails 'no such file|not exist|/none' run -b "$B" "$ID"
	end_helper $NSHOLD
}

test_namespaces__a_fifo_as_namespace_path_does_not_hang_F060() {
	only_crun_lite
	mkfifo "$T/fifo"
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "$T/fifo"
	run_fails . run -b "$B" "$ID"
}

test_namespaces__a_type_given_twice_is_refused_F060() {
	config '.linux.namespaces += [{"type":"ipc"}]'
	run_fails 'ipc|duplicate|twice' run -b "$B" "$ID"
}

test_namespaces__an_unknown_type_is_refused_F060() {
	config '.linux.namespaces += [{"type":"nonsense"}]'
	run_fails 'nonsense' run -b "$B" "$ID"
}

test_namespaces__a_new_network_has_its_loopback_up() {
	in_container 'ip addr show lo'
	expect_in 'LOOPBACK,UP'
	expect_in '127.0.0.1'
}

test_namespaces__a_joined_network_is_left_as_it_is() {
	namespaces net
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net" else . end)' --arg p "$NS"
	in_container 'ip addr show lo'
	[ -z "$CRUN_LITE" ] || expect_not_in 'LOOPBACK,UP'
	end_helper $NSHOLD
}

test_namespaces__only_the_containers_processes_are_seen_in_a_new_pid_namespace_F060() {
	in_container 'ls /proc | grep "^[0-9]*$" | sort -n | head -1; [ -e "/proc/$PPID" ] || echo no parent'
	expect_line 1
	expect_line "no parent"
}

test_namespaces__sysctls_of_their_namespaces_F070() {
	config '.linux.sysctl = {"net.ipv4.ip_forward":"1","net.ipv4.ping_group_range":"0 5","kernel.msgmax":"7000","fs.mqueue.msg_max":"9",
		"kernel.shm_rmid_forced":"1"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/msgmax /proc/sys/fs/mqueue/msg_max'
	expect_eq "$(xargs <<<"$OUT")" "1 0 5 7000 9"
}

test_namespaces__a_sysctl_with_slashes_F070() {
	only_crun_lite
	config '.linux.sysctl = {"net/ipv4/ip_forward":"1"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward'
	expect_eq "$OUT" 1
	config '.linux.sysctl = {"net.ipv4.conf.lo/x.forwarding":"1"}'
	run_fails 'sysctl|net' run -b "$B" "$ID"
}

test_namespaces__a_sysctl_of_the_host_is_refused_F070() {
	local k before
	before=$(cat /proc/sys/kernel/pid_max /proc/sys/vm/swappiness 2>/dev/null)
	for k in kernel.pid_max vm.swappiness fs.file-max kernel.hostname; do
		config '.linux.sysctl = {($k):"40000"}' --arg k "$k"
		run_fails "${k/./.}" run -b "$B" "$ID"
	done
	for k in net/../vm/swappiness net/ipv4/../../vm/swappiness; do
		config '.linux.sysctl = {($k):"40000"}' --arg k "$k"
		run_fails . run -b "$B" "$ID"
	done
	expect_eq "$(cat /proc/sys/kernel/pid_max /proc/sys/vm/swappiness 2>/dev/null)" "$before" "the host's"
}

test_namespaces__a_sysctl_without_its_namespace_is_refused_F070() {
	without network
	config '.linux.sysctl = {"net.ipv4.ip_forward":"1"}'
	run_fails 'net' run -b "$B" "$ID"
	without ipc
	config '.linux.sysctl = {"kernel.msgmax":"7000"}'
	run_fails 'kernel.msgmax|ipc' run -b "$B" "$ID"
}

test_namespaces__a_sysctl_that_the_kernel_refuses_is_named_F070() {
	config '.linux.sysctl = {"net.ipv4.ip_forward":"nonsense"}'
	run_fails 'ip_forward.*invalid argument|invalid argument.*ip_forward|ip_forward' run -b "$B" "$ID"
	config '.linux.sysctl = {"net.ipv4.no_such_thing":"1"}'
	run_fails 'no_such_thing' run -b "$B" "$ID"
}

test_namespaces__a_sysctl_is_written_though_proc_sys_is_read_only_and_even_without_proc_F070() {
	only_crun_lite
	config '.mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []
		| .linux.sysctl = {"net.ipv4.ip_forward":"1"} | .process.args = ["sleep","1000"]'
	created
	expect_eq "$(nsenter -t "$(pid_of)" -n cat /proc/sys/net/ipv4/ip_forward)" 1
	deleted
}

# ahead CLOCK: how many seconds the container's clock (in OUT) is ahead of ours, in AHEAD
ahead() {
	local theirs ours
	theirs=$(sed -n "s/^$1: //p" <<<"$OUT")
	ours=$("$HELPERS/inspect" clocks | sed -n "s/^$1: //p")
	[ -n "$theirs" ] || fail "no $1 clock"
	AHEAD=$((theirs - ours))
}
expect_ahead() { # CLOCK SECONDS
	ahead "$1"
	[ "$AHEAD" -ge $(($2 - 30)) ] && [ "$AHEAD" -le $(($2 + 1)) ] || fail "$1 is $AHEAD s ahead, not $2"
}

needs_time_namespaces() { [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"; }

test_namespaces__a_time_namespace_with_offsets_F063() {
	only_crun_lite
	needs_time_namespaces
	config '.process.args = ["inspect","clocks","namespaces"] | .linux.namespaces += [{"type":"time"}]
		| .linux.timeOffsets = {"monotonic":{"secs":200000,"nanosecs":5},"boottime":{"secs":86400}}'
	run_ok run -b "$B" "$ID"
	expect_ahead monotonic 200000
	expect_ahead boottime 86400
	expect_not_in "ns: $(ns_of self time)"
	in_container 'cut -d. -f1 /proc/uptime'
	[ "$OUT" -ge 86400 ] || fail "the uptime is $OUT"
	config '.linux.timeOffsets = {"monotonic":{"secs":-1}}'
	args inspect clocks
	run_ok run -b "$B" "$ID"
	expect_ahead monotonic -1
	expect_ahead boottime 0
}

test_namespaces__a_time_namespace_without_offsets_F063() {
	only_crun_lite
	needs_time_namespaces
	config '.process.args = ["inspect","clocks","namespaces"] | .linux.namespaces += [{"type":"time"}]'
	run_ok run -b "$B" "$ID"
	expect_ahead monotonic 0
	expect_ahead boottime 0
	expect_not_in "ns: $(ns_of self time)"
}

test_namespaces__the_children_and_hooks_are_in_the_time_namespace_too_F063() {
	only_crun_lite
	needs_time_namespaces
	config '.linux.namespaces += [{"type":"time"}] | .linux.timeOffsets.boottime.secs = 86400
		| .hooks.startContainer = [{"path":"/bin/sh","args":["sh","-c","readlink /proc/self/ns/time >/vol/hook"]}]
		| .mounts += [{"destination":"/vol","source":$v,"options":["bind"]}]' --arg v "$T"
	in_container 'readlink /proc/self/ns/time; inspect namespaces clocks'
	expect_eq "$(head -1 <<<"$OUT")" "$(sed -n 's/^ns: \(time.*\)/\1/p' <<<"$OUT")" "the child's"
	expect_eq "$(head -1 <<<"$OUT")" "$(<"$T/hook")" "the hook's"
	expect_ahead boottime 86400
}

test_namespaces__offsets_out_of_range_are_named_F063() {
	only_crun_lite
	needs_time_namespaces
	config '.linux.namespaces += [{"type":"time"}] | .linux.timeOffsets = {"boottime":{"secs":-4000000000}}'
	run_fails 'set the offset of the clock boottime -4000000000 0' run -b "$B" "$ID"
	expect_in "(/linux/timeOffsets/boottime)" "$ERR"
	expect_match 'config\.json:[0-9]+:[0-9]+' "$ERR"
	expect_match 'which is at [0-9]+ s now' "$ERR"
	config '.linux.timeOffsets = {"monotonic":{"secs":9000000000000}}'
	run_fails 'set the offset of the clock monotonic' create -b "$B" "$ID"
	config '.linux.timeOffsets = {"monotonic":{"secs":1,"nanosecs":1000000000}}'
	run_fails 'nanosecs 1000000000 is outside' run -b "$B" "$ID"
	config '.linux.timeOffsets = {"monotonic":{"secs":"1"}}'
	run_fails 'secs' run -b "$B" "$ID"
	config '.linux.timeOffsets = {"monotonic":{"secs":1}} | .linux.namespaces |= map(select(.type != "time"))'
	run_fails 'timeOffsets needs a namespace of type time' run -b "$B" "$ID"
}

test_namespaces__a_time_namespace_by_path_alone_and_with_a_pid_namespace_F063() {
	only_crun_lite
	needs_time_namespaces
	namespaces time pid
	config '.process.args = ["inspect","clocks","namespaces"]
		| .linux.namespaces += [{"type":"time","path":"/proc/\($p)/ns/time"}]' --arg p "$NS"
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" time)"
	expect_ahead monotonic 1000000
	config '.linux.namespaces |= map(if .type == "pid" then .path = "/proc/\($p)/ns/pid" else . end)' --arg p "$NS"
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" time)"
	expect_line "ns: $(ns_of "$NS" pid)"
	expect_ahead boottime 1000000
	# A new one, in a pid namespace that is joined.
	config '.linux.namespaces |= map(if .type == "time" then del(.path) else . end) | .linux.timeOffsets.monotonic.secs = 7000'
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" pid)"
	expect_ahead monotonic 7000
	config '.linux.namespaces |= map(if .type == "time" then .path = "/proc/\($p)/ns/time" else . end)' --arg p "$NS"
	run_fails 'set already' run -b "$B" "$ID"
	config '.linux.namespaces |= map(if .type == "time" then .path = "/proc/\($p)/ns/uts" else . end) | del(.linux.timeOffsets)' --arg p "$NS"
	run_fails 'another type' run -b "$B" "$ID"
	end_helper $NSHOLD
}
