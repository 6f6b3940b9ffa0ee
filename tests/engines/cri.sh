# Kubernetes' container runtime interface, in containerd's plugin: what the kubelet asks for.  There is no crictl in
# Debian; the program cri beside this file makes the calls.
# shellcheck shell=bash

# start containerd with the plugin, the runtime as contrib/engines/containerd/config-v2.toml has it
daemon() {
	"$HELPERS/reaper" "$ENGINE/rc" containerd --config "$ENGINE/config.toml" >>"$ENGINE/log" 2>&1 {done_fd}>&- &
	DEADLINE=30 until_true cri Version
	pgrep -P $! containerd >"$ENGINE/pid"
}

cni_plugins() {
	local d
	for d in /usr/lib/cni /usr/libexec/cni /opt/cni/bin; do [ ! -x "$d/bridge" ] || echo "$d"; done | head -n1
}

write_config() {
	mkdir -p "$ENGINE/net"
	cat >"$ENGINE/config.toml" <<-C
		version = 2
		root = "$ENGINE/root"
		state = "$ENGINE/state"
		oom_score = 0
		disabled_plugins = ["io.containerd.internal.v1.opt"]
		[grpc]
		  address = "$ENGINE/sock"
		[ttrpc]
		  address = "$ENGINE/sock.ttrpc"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:1"
		  # Root has not everywhere the right to lower a score.
		  restrict_oom_score_adj = true
		  stream_server_address = "127.0.0.1"
		  [plugins."io.containerd.grpc.v1.cri".containerd]
		    default_runtime_name = "$UNDER_TEST"
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$(cni_plugins)"
		    conf_dir = "$ENGINE/net"
	C
	sed "s|/usr/local/bin/crun-lite|$RUNTIME|; s|crun-lite|$UNDER_TEST|; s|SystemdCgroup = true|SystemdCgroup = $(with_systemd && echo true || echo false)|" \
		"$top/contrib/engines/containerd/config-v2.toml" >>"$ENGINE/config.toml"
	cat >"$ENGINE/net/10-pods.conflist" <<-J
		{"cniVersion":"0.4.0","name":"pods","plugins":[
		 {"type":"bridge","bridge":"pods0","isGateway":true,"ipam":{"type":"host-local","dataDir":"$ENGINE/ipam","ranges":[[{"subnet":"10.89.0.0/24"}]]}}]}
	J
}

start_chapter() {
	needs containerd ctr containerd-shim-runc-v2
	/usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || skip "there is no grpc for python3: contrib/install-deps engines"
	[ -n "$(cni_plugins)" ] || skip "there are no CNI plugins: contrib/install-deps engines"
	mkdir -p "$ENGINE"
	rm -rf /run/containerd
	write_config
	daemon
	archive localhost/bb:1 "$ENGINE/bb.tar" sh
	good ctr -a "$ENGINE/sock" -n k8s.io image import "$ENGINE/bb.tar"
	archive localhost/pause:1 "$ENGINE/pause.tar" sh -c 'trap "exit 0" TERM; while :; do sleep 100 & wait; done'
	good ctr -a "$ENGINE/sock" -n k8s.io image import "$ENGINE/pause.tar"
	until_true has_images
	pod warm                        # makes the bridge
	unpod
}
has_images() { [ "$(cri ListImages | jq '[.images[].repo_tags[]] | length')" = 2 ]; }

stop_chapter() {
	expect_eq "$(cri ListPodSandbox | jq '.items | length')" 0 "pods that are left"
	stop_daemon "$ENGINE/pid"
}

# ---- words -------------------------------------------------------------------------------------
cri() { "$suite/cri" "$ENGINE/sock" "$@"; }

PARENT=/kubepods
! with_systemd || PARENT=kubepods.slice

# pod NAME [FILTER]: POD is its id, its config (changed by the filter) is in $T/NAME.pod
pod() {
	local name=$1 filter=${2:-.}
	mkdir -p "$T/logs"
	jq -nc --arg n "$name" --arg l "$T/logs" --arg g "$PARENT" '{metadata: {name: $n, uid: ($n + "-uid"), namespace: "default"}, hostname: $n, log_directory: $l,
		linux: {cgroup_parent: $g, security_context: {namespace_options: {pid: 1}}}} | '"$filter" >"$T/pod"
	good cri RunPodSandbox "$(jq -c --arg h "$UNDER_TEST" '{config: ., runtime_handler: $h}' "$T/pod")"
	POD=$(jq -r .pod_sandbox_id <<<"$OUT")
}
unpod() { # ID...
	local p
	for p in "${@:-$POD}"; do
		good cri StopPodSandbox "{\"pod_sandbox_id\":\"$p\"}"
		good cri RemovePodSandbox "{\"pod_sandbox_id\":\"$p\"}"
	done
}

# container NAME FILTER WORD...: in the pod; ID is its id
container() {
	local name=$1 filter=${2:-.} request
	shift 2
	json_strings "$@"
	request=$(jq -nc --arg n "$name" --argjson c "$JSON" '{metadata: {name: $n}, image: {image: "localhost/bb:1"}, command: $c,
		log_path: ($n + ".log"), linux: {security_context: {namespace_options: {pid: 1}}}} | '"$filter")
	good cri CreateContainer "{\"pod_sandbox_id\":\"$POD\",\"config\":$request,\"sandbox_config\":$(<"$T/pod")}"
	ID=$(jq -r .container_id <<<"$OUT")
}
started() { # as container
	container "$@"
	good cri StartContainer "{\"container_id\":\"$ID\"}"
}
waiting() { started "$1" "${2:-.}" sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done'; }
status_of() { cri ContainerStatus "{\"container_id\":\"${1:-$ID}\"}" | jq -c .status; }
has_exited() { [ "$(status_of "${1:-$ID}" | jq .state)" = 2 ]; }
exited() { # CODE [ID]
	until_true has_exited "${2:-$ID}"
	expect_eq "$(status_of "${2:-$ID}" | jq .exit_code)" "$1" "exit code"
}
# ran FILTER WORD...: a container that ends with 0; OUT is what it printed
ran() {
	local filter=$1
	shift
	started "run$RANDOM" "$filter" "$@"
	exited 0
	logged "$ID"
}
logged() { # ID: OUT from the log's lines "TIME STREAM F TEXT"
	OUT=$(cut -d' ' -f4- "$T/logs/$(status_of "$1" | jq -r .metadata.name).log")
}
executed() { # WORD...: in $ID; RC and OUT are its
	local answer
	json_strings "$@"
	good cri ExecSync "{\"container_id\":\"$ID\",\"cmd\":$JSON}"
	answer=$OUT
	RC=$(jq .exit_code <<<"$answer") OUT=$(jq -r .stdout <<<"$answer" | base64 -d) ERR=$(jq -r .stderr <<<"$answer" | base64 -d)
}
limit() { echo "cat /sys/fs/cgroup/$1/$2 2>/dev/null || cat /sys/fs/cgroup/$3"; }

# ---- a pod -------------------------------------------------------------------------------------
test_cri__the_runtime_is_ready() {
	good cri Status
	expect_eq "$(jq -c '[.status.conditions[] | select(.status) | .type]' <<<"$OUT")" '["RuntimeReady","NetworkReady"]'
}

test_cri__a_pod_has_an_address_and_ends() {
	pod single
	good cri PodSandboxStatus "{\"pod_sandbox_id\":\"$POD\"}"
	expect_match '"ip": "10.89.0.[0-9]+"'
	expect_eq "$(jq -r .status.runtime_handler <<<"$OUT")" "$UNDER_TEST"
	expect_eq "$(jq .status.state <<<"$OUT")" 0
	good cri StopPodSandbox "{\"pod_sandbox_id\":\"$POD\"}"
	good cri PodSandboxStatus "{\"pod_sandbox_id\":\"$POD\"}"
	expect_eq "$(jq .status.state <<<"$OUT")" 1
	unpod
}

test_cri__a_container_runs_logs_and_is_executed_into() {
	pod app
	waiting main
	until_true grep -q ready "$T/logs/main.log"
	executed sh -c 'echo out; echo err >&2; exit 7'
	expect_rc 7
	expect_eq "$OUT" out
	expect_eq "$ERR" err
	good cri StopContainer "{\"container_id\":\"$ID\",\"timeout\":20}"
	exited 3
	good cri RemoveContainer "{\"container_id\":\"$ID\"}"
	unpod
}

test_cri__containers_share_the_pods_namespaces() {
	pod shared
	waiting one
	executed sh -c 'for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done'
	local one=$OUT
	waiting two
	executed sh -c 'for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done'
	expect_eq "$(head -n3 <<<"$OUT")" "$(head -n3 <<<"$one")" "net, ipc and uts"
	[ "$(tail -n2 <<<"$OUT")" != "$(tail -n2 <<<"$one")" ] || fail "pid and mnt are shared"
	executed hostname
	expect_eq "$OUT" shared
	unpod
}

test_cri__containers_see_each_others_processes_if_they_share_pids() {
	pod pids '.linux.security_context.namespace_options.pid = 0'
	started one '.linux.security_context.namespace_options.pid = 0' sleep 1234
	started two '.linux.security_context.namespace_options.pid = 0' sleep 1235
	executed ps
	expect_in 'sleep 1234'
	expect_in 'sleep 1235'
	expect_match ' 1 root +.*trap'
	good cri StopContainer "{\"container_id\":\"$ID\",\"timeout\":0}"
	exited 137
	unpod
}

test_cri__a_debugger_joins_the_pids_of_its_target() {
	pod debugged
	started target . sh -c 'exec sleep 4321'
	started debugger ".linux.security_context.namespace_options = {pid: 3, target_id: \"$ID\"}" sleep 1000
	executed ps
	expect_match ' 1 root +sleep 4321'
	unpod
}

test_cri__namespaces_of_the_node() {
	local options='{network: 2, pid: 2, ipc: 2}'
	pod node "del(.hostname) | .linux.security_context.namespace_options = $options"
	ran ".linux.security_context.namespace_options = $options" sh -c 'for n in net pid ipc uts; do readlink /proc/self/ns/$n; done'
	expect_eq "$OUT" "$(for n in net pid ipc uts; do readlink /proc/self/ns/$n; done)"
	unpod
}

test_cri__pods_reach_each_other() {
	local server=
	pod server
	started web . sh -c 'while :; do echo hello from a pod | nc -l -p 7000; done'
	until_true listens
	server=$POD
	good cri PodSandboxStatus "{\"pod_sandbox_id\":\"$POD\"}"
	local ip
	ip=$(jq -r .status.network.ip <<<"$OUT")
	pod client
	ran . nc "$ip" 7000
	expect_eq "$OUT" 'hello from a pod'
	unpod "$POD" "$server"
}
listens() { executed grep -q :1B58 /proc/net/tcp /proc/net/tcp6 && [ "$RC" = 0 ]; }

# ---- a container ---------------------------------------------------------------------------------
test_cri__a_missing_program_is_a_start_error() {
	pod bad
	container missing . nothing-of-this-name
	bad 1 cri StartContainer "{\"container_id\":\"$ID\"}"
	expect_in 'exec: "nothing-of-this-name": executable file not found in $PATH' "$ERR"
	expect_eq "$(status_of | jq -r '.reason, .exit_code')" $'StartError\n128'
	unpod
}

test_cri__exec_of_a_missing_program_is_an_error() {
	pod bad
	waiting main
	capture cri ExecSync "{\"container_id\":\"$ID\",\"cmd\":[\"nothing-of-this-name\"]}"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in 'executable file not found in $PATH' "$ERR"
	executed true
	expect_rc 0
	unpod
}

test_cri__exec_that_takes_too_long_is_ended() {
	pod slow
	waiting main
	capture cri ExecSync "{\"container_id\":\"$ID\",\"cmd\":[\"sleep\",\"1234\"],\"timeout\":1}"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in 'timeout 1s exceeded' "$ERR"
	executed ps
	expect_not_in 'sleep 1234'
	unpod
}

test_cri__limits_are_seen_and_updated() {
	pod limited
	waiting main '.linux.resources = {cpu_period: 100000, cpu_quota: 50000, cpu_shares: 512, memory_limit_in_bytes: 67108864}'
	executed sh -c "$(limit memory memory.limit_in_bytes memory.max); $(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match $'^67108864\n50000'
	good cri UpdateContainerResources "{\"container_id\":\"$ID\",\"linux\":{\"cpu_period\":100000,\"cpu_quota\":30000,\"memory_limit_in_bytes\":100663296}}"
	executed sh -c "$(limit memory memory.limit_in_bytes memory.max); $(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match $'^100663296\n30000'
	unpod
}

test_cri__a_scope_of_systemd() {
	needs_systemd
	pod scoped
	waiting main '.linux.resources = {cpu_period: 100000, cpu_quota: 10000, memory_limit_in_bytes: 67108864}'
	local scope=cri-containerd-$ID.scope
	good systemctl show -P ActiveState -P MemoryMax -P CPUQuotaPerSecUSec -P ControlGroup "$scope"
	expect_line active
	expect_line 67108864
	expect_line 100ms
	expect_line "/kubepods.slice/$scope"
	good cri UpdateContainerResources "{\"container_id\":\"$ID\",\"linux\":{\"memory_limit_in_bytes\":100663296}}"
	expect_eq "$(systemctl show -P MemoryMax "$scope")" 100663296
	unpod
	until_true is_inactive "$scope"
}
is_inactive() { [ "$(systemctl is-active "$1")" = inactive ]; }

test_cri__oom_is_told() {
	needs_lasting_groups
	pod hungry
	started main '.linux.resources = {memory_limit_in_bytes: 20971520}' eatmemory 60
	exited 137
	expect_eq "$(status_of | jq -r .reason)" OOMKilled
	unpod
}

test_cri__stats() {
	pod counted
	waiting main
	good cri ContainerStats "{\"container_id\":\"$ID\"}"
	[ "$(jq -r .stats.memory.working_set_bytes.value <<<"$OUT")" -gt 0 ] || fail "no memory: $OUT"
	[ "$(jq -r .stats.cpu.usage_core_nano_seconds.value <<<"$OUT")" -gt 0 ] || fail "no time: $OUT"
	unpod
}

test_cri__a_user_groups_and_rights() {
	pod rights
	ran '.linux.security_context += {run_as_user: {value: 1000}, run_as_group: {value: 2000}, supplemental_groups: [55], no_new_privs: true,
		capabilities: {add_capabilities: ["NET_ADMIN"], drop_capabilities: ["CHOWN"]}, seccomp: {profile_type: 0}}' \
		sh -c 'id -u; id -g; id -G; grep -E "CapBnd|NoNewPrivs|Seccomp:" /proc/self/status'
	expect_line 1000
	expect_line 2000
	expect_match '2000 .*55|55 .*2000'
	expect_match 'CapBnd:.00000000a80435fa'
	expect_match 'NoNewPrivs:.1'
	expect_match 'Seccomp:.2'
	ran '.linux.security_context += {run_as_username: "user", seccomp: {profile_type: 1}}' sh -c 'id -u; grep Seccomp: /proc/self/status'
	expect_match $'^1000\nSeccomp:.0'
	unpod
}

test_cri__a_read_only_root_and_hidden_paths() {
	pod hidden
	ran '.linux.security_context += {readonly_rootfs: true, masked_paths: ["/proc/timer_list", "/etc/group"], readonly_paths: ["/proc/sys"]}' \
		sh -c 'touch /file 2>&1 || :; wc -c </etc/group; (echo x >/proc/sys/kernel/domainname) 2>&1 || :'
	expect_match $'^[^\n]*Read-only file system\n0\n[^\n]*Read-only file system$'
	unpod
}

test_cri__privileged() {
	pod powerful '.linux.security_context.privileged = true'
	ran '.linux.security_context.privileged = true' sh -c 'mount -t tmpfs t /mnt && echo mounted; ls /dev/fuse; : <>/dev/ptmx && readlink /dev/ptmx'
	expect_eq "$OUT" $'mounted\n/dev/fuse\npts/ptmx'
	unpod
}

test_cri__folders_and_devices_of_the_node() {
	mkdir d
	echo words >d/f
	pod mounts
	ran ".mounts = [{container_path: \"/mnt\", host_path: \"$T/d\"}, {container_path: \"/opt\", host_path: \"$T/d\", readonly: true}]
		| .devices = [{container_path: \"/dev/mine\", host_path: \"/dev/fuse\", permissions: \"rw\"}]" \
		sh -c 'cat /opt/f; touch /opt/g 2>&1 || :; touch /mnt/g; stat -c %t:%T /dev/mine; : <>/dev/mine && echo opened'
	expect_match $'^words\n[^\n]*Read-only file system\na:e5\nopened$'
	expect_file d/g
	unpod
}

test_cri__mounts_propagate_both_ways() {
	mkdir d
	mount -t tmpfs t d && mount --make-shared d
	mkdir d/in d/out
	pod propagating '.linux.security_context.privileged = true'
	waiting main ".mounts = [{container_path: \"/mnt\", host_path: \"$T/d\", propagation: 2}] | .linux.security_context.privileged = true"
	mount -t tmpfs t d/in && touch d/in/seen
	executed ls /mnt/in
	expect_eq "$OUT" seen
	executed sh -c 'mount -t tmpfs t /mnt/out && touch /mnt/out/seen'
	expect_rc 0
	expect_file d/out/seen
	unpod
	umount d/in d/out d
}

test_cri__sysctls_of_the_pod() {
	pod tuned '.linux.sysctls = {"net.ipv4.ip_unprivileged_port_start": "80", "kernel.shm_rmid_forced": "1"}'
	ran . cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced
	expect_eq "$OUT" $'80\n1'
	unpod
}

test_cri__a_container_without_mercy_is_killed_in_the_end() {
	pod deaf
	started main . sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	until_true grep -q ready "$T/logs/main.log"
	good cri StopContainer "{\"container_id\":\"$ID\",\"timeout\":1}"
	exited 137
	unpod
}

# ---- the node ------------------------------------------------------------------------------------
test_cri__pods_outlive_containerd() {
	pod steady
	waiting main
	stop_daemon "$ENGINE/pid"
	daemon
	expect_eq "$(status_of | jq .state)" 1
	executed echo still here
	expect_eq "$OUT" "still here"
	unpod
}

test_cri__five_pods_at_once() {
	local i all=()
	for i in {1..5}; do
		(trap - ERR; set +e; T=$T/$i; mkdir "$T"; pod "many$i"; ran . echo "$i"; [ "$OUT" = "$i" ] && unpod && echo fine >"$T/fine") >"out$i" 2>&1 &
		all+=($!)
	done
	wait "${all[@]}" || :
	for i in {1..5}; do [ -e "$T/$i/fine" ] || fail "the $i. pod: $(<"out$i")"; done
}
