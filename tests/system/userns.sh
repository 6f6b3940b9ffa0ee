# User namespaces, as root: F061, F062, F066, V16, V27.
# shellcheck shell=bash

MAPPED=100000

# user_namespace [FILTER [JQ ARG...]]: a new one that maps 0-65535 to 100000-165535
user_namespace() {
	local filter=${1:-.}
	[ $# = 0 ] || shift
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings | '"$filter" "$@"
}

# maps JSON: both maps
maps() {
	config '.linux.namespaces = [.linux.namespaces[] | select(.type != "user")] + [{"type":"user"}]
		| .linux.uidMappings = $m | .linux.gidMappings = $m' --argjson m "$1"
}

ns_of() { readlink "/proc/$1/ns/$2"; }

# user_holder NAMESPACE...: NS holds a user namespace (mapped as above) and others that belong to it
user_holder() {
	namespaces user "$@"
	echo "0 $MAPPED 65536" >"/proc/$NS/uid_map"
	echo "0 $MAPPED 65536" >"/proc/$NS/gid_map"
}

# may_raise: root may do without CAP_SYS_RESOURCE on some machines
may_raise() { (($((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status))) >> 24 & 1)); }

test_userns__a_new_one_with_its_maps_F062() {
	user_namespace
	in_container 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g; inspect namespaces'
	expect_match $'^ *0 +100000 +65536\n *0 +100000 +65536\nallow\n0\n0\n'
	expect_not_in "ns: $(ns_of self user)"
}

test_userns__its_processes_are_the_mapped_users_on_the_host_F062() {
	user_namespace
	running 'sleep 1000'
	local pid
	pid=$(pid_of)
	expect_match $'Uid:\t100000\t100000\t100000\t100000\nGid:\t100000' "$(cat "/proc/$pid/status")"
	expect_match $'Groups:\t *\n' "$(cat "/proc/$pid/status")"
	[ "$(ns_of "$pid" user)" != "$(ns_of self user)" ] || fail "user is the caller's"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
}

test_userns__rows_in_any_order_and_neighbours_are_made_one_F062() {
	only_crun_lite
	maps '[{"containerID":1000,"hostID":201000,"size":10},{"containerID":0,"hostID":200000,"size":500},{"containerID":500,"hostID":200500,"size":500}]'
	in_container 'cat /proc/self/uid_map'
	expect_match $'^ *0 +200000 +1010$'
}

test_userns__as_many_rows_as_the_kernel_takes_F062() {
	only_crun_lite
	maps "$(jq -cn '[range(340) | {containerID: ., hostID: (70000 - 2 * .), size: 1}]')"
	in_container 'wc -l </proc/self/uid_map; wc -l </proc/self/gid_map'
	expect_eq "$OUT" $'340\n340'
	maps "$(jq -cn '[range(1000) | {containerID: ., hostID: (70000 + .), size: 1}]')"
	in_container 'cat /proc/self/uid_map'
	expect_match '^ *0 +70000 +1000$'
}

test_userns__too_many_rows_are_refused_F062() {
	only_crun_lite
	maps "$(jq -cn '[range(341) | {containerID: ., hostID: (70000 - 2 * .), size: 1}]')"
	run_fails 'uidMappings has 341 rows' run -b "$B" "$ID"
	expect_in "340" "$ERR"
	expect_in /linux/uidMappings "$ERR"
	maps "$(jq -cn '[range(340) | {containerID: (2000000000 + 2 * .), hostID: (2000000000 - 2 * .), size: 1}] + [{containerID: 0, hostID: 100000, size: 1000}]')"
	run_fails 'uidMappings has' run -b "$B" "$ID"
	expect_in "bytes" "$(maps "$(jq -cn '[range(339) | {containerID: (2000000000 + 2 * .), hostID: (2000000000 - 2 * .), size: 1}] + [{containerID: 0, hostID: 100000, size: 1000}]')"; rt run -b "$B" "$ID" 2>&1 || :)"
}

# refused_map JSON REGEX
refused_map() {
	maps "$1"
	run_fails "$2" run -b "$B" "$ID"
	expect_in "config.json:1:" "$ERR"
	expect_in "/linux/uidMappings" "$ERR"
}

test_userns__maps_that_the_kernel_would_refuse_are_named_F062() {
	only_crun_lite
	refused_map '[{"containerID":0,"hostID":100000,"size":10},{"containerID":9,"hostID":200000,"size":10}]' 'another range maps already'
	refused_map '[{"containerID":0,"hostID":100000,"size":10},{"containerID":10,"hostID":100009,"size":10}]' 'another range maps already'
	refused_map '[{"containerID":0,"hostID":100000,"size":0}]' 'size is 0'
	refused_map '[{"containerID":0,"hostID":4294967295,"size":1}]' 'ids above 4294967294'
	refused_map '[{"containerID":4294967295,"hostID":0,"size":1}]' 'ids above 4294967294'
	refused_map '[{"containerID":1,"hostID":1,"size":4294967295}]' 'ids above 4294967294'
	config '.linux.uidMappings = [{"containerID":0,"hostID":0,"size":4294967296}]'
	run_fails '4294967296' run -b "$B" "$ID"
	config '.linux.uidMappings = [{"containerID":-1,"hostID":0,"size":1}]'
	run_fails '-1' run -b "$B" "$ID"
}

test_userns__maps_without_a_namespace_and_a_namespace_without_maps_F062() {
	only_crun_lite
	config '.linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]'
	run_fails 'needs a namespace of type user' run -b "$B" "$ID"
	expect_in 'hint: add {"type": "user"} to linux.namespaces' "$ERR"
	config '.linux.namespaces += [{"type":"user"}]'
	run_fails 'without gidMappings' run -b "$B" "$ID"
	config 'del(.linux.uidMappings)'
	run_fails 'without uidMappings' run -b "$B" "$ID"
	expect_in hostID "$ERR"
}

test_userns__the_whole_range_of_ids_F062() {
	maps '[{"containerID":0,"hostID":0,"size":4294967295}]'
	in_container 'cat /proc/self/uid_map; id -u'
	expect_match $'^ *0 +0 +4294967295\n0$'
}

test_userns__users_and_groups_that_are_not_mapped_are_named_F062_F021() {
	only_crun_lite
	user_namespace '.process.user = {"uid":65536,"gid":0}'
	run_fails 'user 65536 is not mapped' run -b "$B" "$ID"
	expect_in "/process/user" "$ERR"
	config '.process.user = {"uid":0,"gid":70000}'
	run_fails 'group 70000 is not mapped' run -b "$B" "$ID"
	config '.process.user = {"uid":0,"gid":0,"additionalGids":[1,70000]}'
	run_fails 'group 70000 is not mapped' run -b "$B" "$ID"
	expect_in 'hint: ' "$ERR"
}

test_userns__user_group_and_groups_inside_F019_F021_F062() {
	user_namespace '.process.user = {"uid":1000,"gid":1001,"additionalGids":[5,2000]}'
	args inspect ids
	run_ok run -b "$B" "$ID"
	expect_line "uid: 1000 1000 1000"
	expect_line "gid: 1001 1001 1001"
	expect_line "groups: 5 2000"
}

test_userns__one_that_does_not_map_root_F062() {
	only_crun_lite
	maps '[{"containerID":1000,"hostID":101000,"size":10}]'
	config '.process.user = {"uid":1001,"gid":1002}'
	in_container 'id -u; id -g; cat /proc/self/uid_map; echo >/dev/null && echo null'
	expect_match $'^1001\n1002\n *1000 +101000 +10\nnull$'
}

test_userns__capabilities_are_exactly_the_configs_F012_F062() {
	user_namespace '.process.capabilities = {"bounding":["CAP_SYS_ADMIN","CAP_CHOWN","CAP_KILL"],"effective":["CAP_SYS_ADMIN","CAP_CHOWN"],
		"permitted":["CAP_SYS_ADMIN","CAP_CHOWN"]}'
	args inspect caps
	run_ok run -b "$B" "$ID"
	expect_line "effective: 200001"
	expect_line "permitted: 200001"
	expect_line "inheritable: 0"
	expect_line "bounding: 200021"
	expect_line "ambient: 0"
}

test_userns__no_capability_reaches_an_ordinary_user_F012_F062() {
	user_namespace '.process.user = {"uid":1000,"gid":1000} | .process.capabilities = {}'
	args inspect caps
	run_ok run -b "$B" "$ID"
	expect_no_capabilities
}

test_userns__the_new_namespaces_belong_to_it_F062() {
	user_namespace '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN","CAP_NET_ADMIN"]) | .root.readonly = false'
	in_container 'hostname other && hostname && ip link set lo down && echo down && mount -t tmpfs t /tmp && echo mounted'
	expect_eq "$OUT" $'other\ndown\nmounted'
}

test_userns__file_systems_are_mounted_anew_F062_F045() {
	user_namespace
	in_container 'cat /proc/self/mountinfo; ls /dev/pts'
	mount_has /proc proc nosuid
	mount_has /sys sysfs ro
	mount_has /dev/mqueue mqueue
	mount_has /dev/pts devpts gid=100005
	mount_has /dev/shm tmpfs
}

test_userns__devices_are_the_hosts_bound_F066() {
	user_namespace '.linux.devices = [{"path":"/dev/kmsg","type":"c","major":1,"minor":11},{"path":"/dev/pipe","type":"p","fileMode":432,"uid":3,"gid":4},
		{"path":"/dev/null","type":"c","major":1,"minor":3}]'
	in_container 'stat -c "%n %F %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/kmsg; stat -c "%n %F %a %u:%g" /dev/pipe
		echo lost >/dev/null; head -c 4 /dev/zero | wc -c; cat /proc/self/mountinfo'
	expect_line "/dev/null character special file 1:3"
	expect_line "/dev/zero character special file 1:5"
	expect_line "/dev/full character special file 1:7"
	expect_line "/dev/random character special file 1:8"
	expect_line "/dev/urandom character special file 1:9"
	expect_line "/dev/tty character special file 5:0"
	expect_line "/dev/kmsg character special file 1:b"
	expect_line "/dev/pipe fifo 660 3:4"
	expect_line 4
	mount_has /dev/null devtmpfs
}

test_userns__a_device_that_the_host_has_elsewhere_or_not_at_all_F066() {
	only_crun_lite
	user_namespace '.linux.devices = [{"path":"/dev/mine","type":"c","major":1,"minor":3}]'
	if [ -e /dev/char/1:3 ]; then
		in_container 'stat -c %t:%T /dev/mine'
		expect_eq "$OUT" 1:3
	else
		run_fails 'make the device /dev/mine.*no such device' run -b "$B" "$ID"
	fi
	config '.linux.devices = [{"path":"/dev/zero","type":"c","major":240,"minor":77}]'
	run_fails 'make the device /dev/zero.*no such device' run -b "$B" "$ID"
	expect_in "/linux/devices/0" "$ERR"
	expect_in "the host's is bound" "$ERR"
}

test_userns__an_image_with_links_for_devices_harms_nothing_F066() {
	only_crun_lite
	own_rootfs
	user_namespace '.mounts |= map(select(.destination | startswith("/dev") | not))'
	echo precious >"$T/target"
	chmod 666 "$T/target"
	ln -s "$T/target" "$R/dev/null"
	chown -R -h 100000:100000 "$R"
	run_fails '/dev/null' run -b "$B" "$ID"
	expect_eq "$(<"$T/target")" precious
}

test_userns__a_dev_of_the_image_has_its_devices_bound_F066() {
	only_crun_lite
	own_rootfs
	user_namespace '.mounts |= map(select(.destination | startswith("/dev") | not))'
	echo a file >"$R/dev/null"
	chown -R -h 100000:100000 "$R"
	in_container 'stat -c %t:%T /dev/null /dev/zero'
	expect_eq "$OUT" $'1:3\n1:5'
	expect_eq "$(<"$R/dev/null")" "a file"
}

test_userns__sys_of_the_hosts_network_is_bound_and_read_only_throughout_V16() {
	user_namespace '.linux.namespaces |= map(select(.type != "network" and .type != "cgroup")) | (.mounts[] | select(.type == "sysfs") | .options) = ["nosuid","noexec","nodev"]
		| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN","CAP_DAC_OVERRIDE"])'
	in_container 'ls -d /sys/class/net/lo; cat /proc/self/mountinfo; for d in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do touch $d/x; mkdir $d/y; done; true'
	mount_has /sys sysfs ro
	expect_not_in "No such file" "$ERR"
	expect_in "/sys/class/net/lo" "$OUT"
	expect_not_in " rw," "$(printf '%s\n' "$OUT" | awk '$5 ~ "^/sys" {print $6 ","}' | sed 's/^/ /')"
}

test_userns__a_bound_sys_is_sealed_with_its_groups_V16() {
	only_crun_lite
	config '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(if .type == "sysfs" then {"destination":"/sys","type":"none","source":"/sys",
		"options":["rbind","nosuid","noexec","nodev","ro"]} else . end)'
	in_container 'for d in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do ! mkdir $d/y 2>/dev/null || echo made $d; done; cat /proc/self/mountinfo'
	expect_not_in made
	mount_has /sys ro
	mount_has /sys/fs/cgroup ro
}

test_userns__proc_and_mqueue_of_the_host_are_bound_F062() {
	user_namespace '.linux.namespaces |= map(select(.type != "pid" and .type != "ipc"))'
	mountpoint -q /dev/mqueue || config '.mounts |= map(select(.type != "mqueue"))'
	in_container 'cat /proc/1/comm; cat /proc/self/mountinfo'
	mount_has /proc proc nosuid noexec nodev
	expect_eq "${OUT%%$'\n'*}" "$(cat /proc/1/comm)"
}

test_userns__tmpfs_owners_F062() {
	user_namespace '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"t","options":["uid=5","gid=6","mode=750"]}]'
	in_container 'stat -c %u:%g:%a /mnt'
	expect_eq "$OUT" 5:6:750
	config '.mounts[-1].options = ["uid=70000"]'
	run_fails 'uid=70000' run -b "$B" "$ID"
	expect_in "not mapped" "$ERR"
}

test_userns__a_devpts_group_that_is_not_mapped_is_left_out_F062() {
	only_crun_lite
	maps '[{"containerID":0,"hostID":100000,"size":1}]'
	in_container 'cat /proc/self/mountinfo'
	mount_has /dev/pts devpts
	expect_not_in gid=5 "$LINE"
}

test_userns__a_terminal_F005_F062() {
	user_namespace '.process.terminal = true | .process.args = ["inspect","tty"] | .process.user = {"uid":1000,"gid":1000}'
	"$HELPERS/recvtty" "$T/console.sock" "$T/listening" >"$T/terminal" 2>&1 &
	local p=$!
	until_true test -e "$T/listening"
	run_ok run --detach --console-socket "$T/console.sock" -b "$B" "$ID"
	wait $p
	OUT=$(tr -d '\r' <"$T/terminal")
	expect_line "tty0: /dev/pts/0"
	expect_line "controlling: yes"
	expect_match 'stdin: 20620 .* owner 1000:'
	deleted
}

test_userns__flags_of_the_hosts_mounts_are_locked_F062() {
	only_crun_lite
	mkdir "$T/src"
	mount -t tmpfs -o nosuid,nodev tmpfs "$T/src"
	touch "$T/src/file"
	chmod 666 "$T/src/file"
	chmod 777 "$T/src"
	mount -o remount,bind,ro,nosuid,nodev "$T/src"
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","rw","suid","dev"]}] | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN","CAP_DAC_OVERRIDE"])' --arg s "$T/src"
	in_container 'cat /proc/self/mountinfo; mount -o remount,bind,rw /mnt && echo rw; mount -o remount,bind,ro,dev,suid /mnt && echo dev; echo x >/mnt/file && echo wrote; true'
	mount_has /mnt ro nosuid nodev
	expect_not_in $'\nrw'
	expect_not_in $'\ndev'
	expect_not_in wrote
	umount "$T/src"
}

test_userns__what_is_mounted_on_the_host_cannot_be_uncovered_F062() {
	mkdir -p "$T/src/secret"
	echo hidden >"$T/src/secret/file"
	mount -t tmpfs tmpfs "$T/src/secret"
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","ro"]}] | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' --arg s "$T/src"
	in_container 'umount /mnt/secret; umount -l /mnt/secret; cat /mnt/secret/file; true'
	expect_eq "$OUT" ""
	umount "$T/src/secret"
}

test_userns__a_plain_bind_shows_what_is_mounted_below_F062() {
	only_crun_lite
	mkdir -p "$T/src/sub"
	mount -t tmpfs tmpfs "$T/src/sub"
	echo above >"$T/src/sub/file"
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","ro"]}]' --arg s "$T/src"
	in_container 'cat /mnt/sub/file; touch /mnt/sub/x; true'
	expect_eq "$OUT" above
	expect_match 'Read-only|[Rr]ead-only' "$ERR"
	umount "$T/src/sub"
}

test_userns__sources_that_its_root_cannot_reach_are_bound_F062() {
	mkdir -p "$T/private/dir"
	echo data >"$T/private/dir/file"
	echo single >"$T/private/file"
	chmod 700 "$T/private"
	chmod 755 "$T/private/dir"
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","ro"]},{"destination":"/etc/file","source":$f,"options":["bind"]}]' \
		--arg s "$T/private/dir" --arg f "$T/private/file"
	in_container 'cat /mnt/file /etc/file'
	expect_eq "$OUT" $'data\nsingle'
}

test_userns__a_source_that_is_not_there_is_named_at_once_F062() {
	only_crun_lite
	local start=$EPOCHREALTIME
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["bind"]}]' --arg s "$T/none"
	run_fails "bind source $T/none: no such file" run -b "$B" "$ID"
	expect_in "/mounts/6/source" "$ERR"
	[ $((${EPOCHREALTIME/./} - ${start/./})) -lt 900000 ] || fail "it took long"
}

test_userns__a_bundle_that_its_root_cannot_reach_F062() {
	own_rootfs
	user_namespace
	chmod 700 "$B"
	in_container 'echo fine'
	expect_eq "$OUT" fine
}

test_userns__a_root_file_system_that_it_cannot_enter_is_explained_F062() {
	only_crun_lite
	own_rootfs
	user_namespace
	chmod 700 "$R"
	run_fails 'permission denied' run -b "$B" "$ID"
	expect_in "belongs to uid 0 of the host (mode 0700)" "$ERR"
	expect_in "chown -R 100000:100000" "$ERR"
	chmod 755 "$R"
	rmdir "$R/proc"
	run_fails 'permission denied' run -b "$B" "$ID"
	expect_in "chown -R 100000:100000" "$ERR"
	chown -R -h 100000:100000 "$R"
	in_container 'stat -c %u:%g /; touch /made; stat -c %u:%g /made'
	expect_eq "$OUT" $'0:0\n0:0'
	expect_eq "$(stat -c %u:%g "$R/made")" 100000:100000
}

test_userns__hooks_of_the_runtime_run_as_its_caller_F140_F062() {
	own_rootfs
	user_namespace '.hooks = {"prestart":[{"path":"/bin/sh","args":["sh","-c",$h]}],"createRuntime":[{"path":"/bin/sh","args":["sh","-c",$h]}],
		"poststop":[{"path":"/bin/sh","args":["sh","-c",$h]}]}' --arg h "{ id -u; readlink /proc/self/ns/user; } >>$T/hooks"
	chmod 700 "$B"
	in_container true
	expect_eq "$(<"$T/hooks")" "$(for _ in 1 2 3; do echo 0; ns_of self user; done)"
}

test_userns__a_hook_finds_the_root_where_the_config_says_F141_F062() {
	own_rootfs
	cat >"$T/hook" <<-'H'
		#!/bin/sh
		pid=$(sed 's/.*"pid": *\([0-9]*\).*/\1/')
		nsenter -t "$pid" -m ls -d "$1/proc/self" "$1/dev/null" >"$2"
	H
	chmod 755 "$T/hook"
	user_namespace '.hooks = {"createRuntime":[{"path":$h,"args":["hook",$r,$o]}]}' --arg h "$T/hook" --arg r "$R" --arg o "$T/seen"
	chmod 700 "$B"
	in_container 'echo ran'
	expect_eq "$OUT" ran
	expect_eq "$(<"$T/seen")" "$R/dev/null"$'\n'"$R/proc/self"
}

test_userns__hooks_of_the_container_run_inside_F142_F143_F062() {
	cat >"$T/hook" <<-'H'
		#!/bin/sh
		cat >/dev/null
		{ cat /proc/self/uid_map; grep -E 'Cap(Inh|Amb)' /proc/self/status; } >"$1"
	H
	chmod 755 "$T/hook"
	mkdir "$T/hook.d"
	chmod 777 "$T/hook.d"
	user_namespace '.hooks = {"createContainer":[{"path":$h,"args":["hook",$o]}],"startContainer":[{"path":"/bin/sh","args":["sh","-c","cat /proc/self/uid_map >/tmp/started"]}]}
		| .mounts += [{"destination":"/tmp","type":"tmpfs","source":"t"}]' --arg h "$T/hook" --arg o "$T/hook.d/file"
	in_container 'cat /tmp/started'
	expect_match '^ *0 +100000 +65536$'
	expect_match $'^ *0 +100000 +65536\nCapInh:\t0+\nCapAmb:\t0+$' "$(<"$T/hook.d/file")"
}

test_userns__seccomp_F071_F062() {
	local nnp
	for nnp in true false; do
		config '.linux.namespaces = [.linux.namespaces[] | select(.type != "user")]'
		user_namespace '.process.noNewPrivileges = $n | .linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}' --argjson n $nnp
		in_container 'mkdir /tmp/x; true'
		expect_match 'not implemented' "$ERR"
	done
}

test_userns__masks_and_read_only_paths_F078_F062() {
	user_namespace '.linux.maskedPaths += ["/etc/file","/root"] | .linux.readonlyPaths += ["/tmp"] | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	in_container 'cat /etc/file; ls /root; cat /proc/kcore; touch /tmp/x; umount /etc/file; echo 1 >/proc/sys/kernel/domainname; true'
	expect_eq "$OUT" ""
	expect_match '[Rr]ead-only' "$ERR"
}

test_userns__hard_limits_are_raised_from_outside_F010_F062() {
	may_raise || skip "root may not raise a limit here"
	user_namespace '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":4000,"hard":4096},{"type":"RLIMIT_CORE","soft":0,"hard":1000000}]'
	args inspect rlimits
	(
		ulimit -Sc 0
		ulimit -Hc 0
		ulimit -n 1024
		rt run -b "$B" "$ID"
	) >"$T/out"
	OUT=$(<"$T/out")
	expect_line "rlimit: NOFILE 4000 4096"
	expect_line "rlimit: CORE 0 1000000"
}

test_userns__hard_limits_that_nobody_may_raise_are_named_F010_F062() {
	only_crun_lite
	user_namespace '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":4000,"hard":4096}]'
	capture setpriv --bounding-set -sys_resource --inh-caps -sys_resource bash -c 'ulimit -n 1024; exec "$@"' - "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 1
	expect_in "set RLIMIT_NOFILE to 4000:4096" "$ERR"
	expect_in "own hard limit is 1024" "$ERR"
	expect_in /process/rlimits/0 "$ERR"
	config '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":100,"hard":200}]'
	args inspect rlimits
	run_ok run -b "$B" "$ID"
	expect_line "rlimit: NOFILE 100 200"
}

test_userns__oom_score_and_scheduler_are_set_from_outside_F014_F015() {
	may_raise || skip "root may not lower oom_score_adj here"
	user_namespace '.process.oomScoreAdj = -500 | .process.scheduler = {"policy":"SCHED_BATCH","nice":5}'
	in_container 'cat /proc/self/oom_score_adj; grep -c . /proc/self/uid_map'
	expect_eq "$OUT" $'-500\n1'
}

test_userns__sysctls_of_its_namespaces_F070_F062() {
	user_namespace '.linux.sysctl = {"net.ipv4.ip_forward":"1","kernel.domainname":"dom"}'
	in_container 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/domainname'
	expect_eq "$OUT" $'1\ndom'
}

test_userns__a_time_namespace_in_it_F063_F062() {
	[ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
	user_namespace '.linux.namespaces += [{"type":"time"}] | .linux.timeOffsets = {"boottime":{"secs":1000000,"nanosecs":0}}'
	in_container 'cut -d. -f1 /proc/uptime'
	[ "$OUT" -gt 1000000 ] || fail "the offset is not there"
}

test_userns__it_is_in_its_group_with_limits_F101_F062() {
	user_namespace '.linux.resources = {"memory":{"limit":67108864},"pids":{"limit":20}}'
	running 'sleep 1000'
	expect_eq "$(cat "$(cgroup_file memory memory.limit_in_bytes memory.max)")" 67108864
	grep -qx "$(pid_of)" "$(cgroup_file pids cgroup.procs cgroup.procs)" || fail "it is not in its group"
	deleted
}

test_userns__a_cgroup_mount_F045_V27() {
	user_namespace '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev","ro"]}]
		| .linux.namespaces = [.linux.namespaces[] | select(.type != "cgroup")] + [{"type":"cgroup"}]
		| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN","CAP_DAC_OVERRIDE"])'
	in_container 'cat /proc/self/cgroup; ls /sys/fs/cgroup; for d in /sys/fs/cgroup /sys/fs/cgroup/*; do ! mkdir $d/x 2>/dev/null || echo made; done; cat /proc/self/mountinfo
		echo x >/sys/fs/cgroup/memory/release_agent; true'
	expect_not_in made
	mount_has /sys/fs/cgroup ro
	[ -n "$V2" ] || expect_line memory
	[ -z "$V2" ] || expect_line cgroup.procs
	expect_not_in "$ID" "$(printf '%s\n' "$OUT" | grep ^0::)"
}

test_userns__a_writable_cgroup_mount_is_its_users_F069() {
	only_crun_lite
	[ -n "$V2" ] || skip "cgroup v2 only"
	local mount='{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev"]}'
	user_namespace '.mounts += ['"$mount"'] | .process.user = {"uid":7,"gid":7}'
	in_container 'stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max; mkdir /sys/fs/cgroup/sub && echo 0 >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup'
	expect_match $'^7\n7\n65534\n0::/sub$'
	# Read-only, or without a namespace: root's.
	config '.mounts[-1].options += ["ro"]'
	in_container 'stat -c %u /sys/fs/cgroup'
	expect_eq "$OUT" 65534
}

test_userns__a_cgroup_mount_without_a_cgroup_namespace_F045_V16() {
	user_namespace '.mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev"]}]
		| .linux.namespaces |= map(select(.type != "cgroup"))'
	in_container 'ls /sys/fs/cgroup; for d in /sys/fs/cgroup /sys/fs/cgroup/*; do ! mkdir $d/x 2>/dev/null || echo made $d; done; true'
	expect_not_in "made /sys/fs/cgroup/"
}

test_userns__created_started_listed_and_deleted_F160_F062() {
	user_namespace
	args sh -c 'echo began; sleep 1000'
	lives
	run_ok delete --force "$ID"
}

test_userns__more_mounts_than_fit_into_one_message_F062() {
	mkdir "$T/src"
	local i
	for i in $(seq 70); do echo "$i" >"$T/src/$i"; done
	user_namespace '.mounts += [{"destination":"/mnt","type":"tmpfs","source":"t"}] + [range(1;71) | {"destination":"/mnt/\(.)","source":"\($s)/\(.)","options":["bind","ro"]}]' --arg s "$T/src"
	in_container 'cat /mnt/1 /mnt/33 /mnt/64 /mnt/70; ls /mnt | wc -l'
	expect_eq "$OUT" $'1\n33\n64\n70\n70'
}

test_userns__an_idmapped_bind_F041_F062() {
	mkdir "$T/src"
	echo data >"$T/src/file"
	chown 7:8 "$T/src/file"
	user_namespace '.mounts += [{"destination":"/mnt","source":$s,"options":["bind","idmap"]}]' --arg s "$T/src"
	capture rt run -b "$B" "$ID"
	[[ $ERR != *"cannot map ids"* && $ERR != *"can do it since"* ]] || skip "this file system cannot"
	in_container 'stat -c %u:%g /mnt/file'
	expect_eq "$OUT" 7:8
}

test_userns__a_notify_socket_C214_F062() {
	user_namespace '.mounts += [{"destination":"/run","type":"tmpfs","source":"t"}] | .process.user = {"uid":1000,"gid":1000}'
	args sh -c 'notify READY=1 && echo told'
	python3 - "$T" <<-'P' &
		import socket, sys, os
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1] + "/host.sock")
		s.settimeout(10)
		open(sys.argv[1] + "/bound", "w").close()
		print(s.recv(4096).decode(), file=open(sys.argv[1] + "/notified", "w"))
	P
	local p=$!
	until_true test -e "$T/bound"
	NOTIFY_SOCKET=$T/host.sock run_ok run -b "$B" "$ID"
	expect_in told
	wait $p
	expect_in READY=1 "$(<"$T/notified")"
}

test_userns__no_pivot_F062() {
	user_namespace
	args sh -c 'id -u; ls -d /proc/self/fd'
	run_ok run --no-pivot -b "$B" "$ID"
	expect_in 0
}

test_userns__without_a_mount_namespace_F062() {
	only_crun_lite
	user_namespace 'del(.mounts,.linux.maskedPaths,.linux.readonlyPaths,.root.readonly) | .linux.namespaces |= map(select(.type != "mount"))'
	in_container 'id -u; hostname'
	expect_eq "$OUT" $'0\nbox'
}

# ---- by path -----------------------------------------------------------------------------------

# by_path NAME...: these namespaces of $NS in the config, instead of new ones
by_path() {
	config '.linux.namespaces = [.linux.namespaces[] | select(.type as $t | $ARGS.positional | index($t) | not)] + [$ARGS.positional[] |
		{type: ., path: ("/proc/" + $ns + "/ns/" + ({network:"net",mount:"mnt"}[.] // .))}] | del(.hostname)' --arg ns "$NS" --args "$@"
}

test_userns__by_path_alone_F061() {
	user_holder
	by_path user
	in_container 'cat /proc/self/uid_map; id -u; inspect namespaces; echo >/dev/null; cat /proc/self/mountinfo'
	expect_match $'^ *0 +100000 +65536\n0\n'
	expect_line "ns: $(ns_of "$NS" user)"
	mount_has /proc proc
	end_helper $NSHOLD
}

test_userns__by_path_with_each_of_the_others_F061() {
	local n file
	user_holder net ipc uts pid cgroup
	for n in network ipc uts pid cgroup; do
		setup_test
		by_path user $n
		file=${n/network/net}
		args sh -c 'id -u; inspect namespaces'
		run_ok run -b "$B" "$ID"
		expect_line "ns: $(ns_of "$NS" user)"
		expect_line "ns: $(ns_of "$NS" $file)"
		expect_line 0
	done
	end_helper $NSHOLD
}

test_userns__by_path_with_all_the_others_F061() {
	user_holder net ipc uts pid cgroup
	by_path user network ipc uts pid cgroup
	args sh -c 'inspect namespaces uts; cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	local n
	for n in user net ipc uts pid cgroup; do expect_line "ns: $(ns_of "$NS" $n)"; done
	expect_line "hostname: held"
	mount_has /sys sysfs
	mount_has /dev/mqueue mqueue
	end_helper $NSHOLD
}

test_userns__by_path_with_a_mount_namespace_F061() {
	only_crun_lite
	user_holder mnt
	by_path user mount
	config 'del(.mounts,.linux.maskedPaths,.linux.readonlyPaths,.root.readonly)'
	args sleep 1000
	created
	expect_eq "$(ns_of "$(pid_of)" mnt)" "$(ns_of "$NS" mnt)" "mount namespace"
	expect_eq "$(ns_of "$(pid_of)" user)" "$(ns_of "$NS" user)" "user namespace"
	deleted
	end_helper $NSHOLD
}

test_userns__by_path_with_namespaces_of_the_host_F061() {
	namespaces net ipc
	local host=$NS hosthold=$NSHOLD
	rm "$T/ns"
	user_holder
	by_path user
	config '.linux.namespaces = [.linux.namespaces[] | select(.type != "network" and .type != "ipc")] + [{"type":"network","path":"/proc/\($p)/ns/net"},{"type":"ipc","path":"/proc/\($p)/ns/ipc"}]
		| .mounts |= map(select(.type != "sysfs" and .type != "mqueue"))' --arg p "$host"
	args inspect namespaces
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" user)"
	expect_line "ns: $(ns_of "$host" net)"
	expect_line "ns: $(ns_of "$host" ipc)"
	end_helper $NSHOLD
	end_helper $hosthold
}

test_userns__a_new_one_and_a_network_of_the_host_by_path_F061() {
	namespaces net pid
	user_namespace
	by_path network pid
	args sh -c 'inspect namespaces; cat /proc/self/uid_map; ls /sys/class/net; cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	expect_line "ns: $(ns_of "$NS" net)"
	expect_line "ns: $(ns_of "$NS" pid)"
	expect_match $'\n *0 +100000 +65536\n'
	mount_has /sys sysfs ro
	end_helper $NSHOLD
}

test_userns__by_path_with_the_same_mappings_as_engines_send_them_F062() {
	user_holder
	by_path user
	config '.linux.uidMappings = [{"containerID":100,"hostID":100100,"size":65436},{"containerID":0,"hostID":100000,"size":100}] | .linux.gidMappings = [{"containerID":0,"hostID":100000,"size":65536}]'
	in_container 'cat /proc/self/uid_map'
	expect_match '^ *0 +100000 +65536$'
	config '.linux.gidMappings[0].hostID = 200000'
	run_fails 'gidMappings' run -b "$B" "$ID"
	[ -z "$CRUN_LITE" ] || { expect_in "0 100000 65536" "$ERR"; expect_in /linux/gidMappings "$ERR"; }
	end_helper $NSHOLD
}

test_userns__its_own_by_path_F061() {
	only_crun_lite
	NS=$$
	by_path user
	in_container 'readlink /proc/self/ns/user; id -u; inspect caps'
	expect_line "$(ns_of self user)"
}

test_userns__a_pod_shares_everything_with_its_first_container_F061() {
	user_namespace
	running 'sleep 1000'
	NS=$(pid_of)
	local first=$ID n
	by_path user pid network ipc uts
	config '.linux.cgroupsPath += "-b" | del(.linux.uidMappings,.linux.gidMappings)'
	args sh -c 'inspect namespaces uts; cat /proc/1/cmdline; kill -0 1 && echo may'
	run_ok run -b "$B" "$ID-b"
	for n in user pid net ipc uts; do expect_line "ns: $(ns_of "$NS" $n)"; done
	expect_line "hostname: box"
	expect_in sleep
	deleted "$first"
}

test_userns__a_path_of_the_wrong_type_or_a_dead_one_F061() {
	only_crun_lite
	config '.linux.namespaces += [{"type":"user","path":"/proc/self/ns/net"}]'
	run_fails 'namespace of another type' run -b "$B" "$ID"
	config '.linux.namespaces[-1].path = "/etc/passwd"'
	run_fails 'is not a namespace' run -b "$B" "$ID"
	config '.linux.namespaces[-1].path = "/proc/4194305/ns/user"'
	run_fails 'no such file' run -b "$B" "$ID"
	expect_in "/linux/namespaces/" "$ERR"
}

test_userns__a_user_that_the_joined_one_does_not_map_F062() {
	only_crun_lite
	user_holder
	by_path user
	config '.process.user = {"uid":70000,"gid":0}'
	run_fails 'become user 70000' run -b "$B" "$ID"
	expect_in "not mapped" "$ERR"
	end_helper $NSHOLD
}

# Where setgroups is denied, as in every namespace that an ordinary user made, nobody can drop them any more.
test_userns__root_leaves_its_groups_behind_F061_F021() {
	setpriv --reuid 1000 --regid 1000 --clear-groups unshare --user --map-root-user sleep 1000 &
	local holder=$! status
	until_true grep -q deny "/proc/$holder/setgroups"
	config '.linux.namespaces = [{"type":"user","path":$p}] | .mounts = [] | .root.readonly = false | del(.hostname)
		| del(.linux.maskedPaths, .linux.readonlyPaths) | .process.args = ["sleep","1000"]' --arg p "/proc/$holder/ns/user"
	setpriv --groups 4,7777 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run --detach -b "$B" "$ID" >"$T/out" 2>&1 </dev/null
	status=$(grep -E '^(Uid|Groups)' "/proc/$(pid_of)/status")
	deleted
	end_helper "$holder"
	expect_match $'^Uid:\t1000\t1000\t1000\t1000\nGroups:[\t ]*$' "$status"
}

test_userns__one_by_path_that_maps_nobody_F062() {
	only_crun_lite
	namespaces user
	by_path user
	run_fails . run -b "$B" "$ID"
	end_helper $NSHOLD
}

# ---- forbidden ---------------------------------------------------------------------------------

# in_user_namespace COMMAND...: as root of a user namespace of ours, that sees what we see
in_user_namespace() { unshare --user --mount --map-root-user --propagation private bash -c "$@"; }

test_userns__a_limit_of_none_is_named_F062() {
	only_crun_lite
	user_namespace '.linux.uidMappings = [{"containerID":0,"hostID":0,"size":1}] | .linux.gidMappings = .linux.uidMappings'
	capture in_user_namespace 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" --cgroup-manager disabled --root "$1" run -b "$2" "$3"' "$RUNTIME" "$ROOT" "$B" "$ID"
	expect_rc 1
	expect_in "user.max_user_namespaces is 0" "$ERR"
	one_sentence
}

# chrooted_runtime: it is in the root file system, as /bin/crun-lite
chrooted_runtime() {
	! ldd "$RUNTIME" >/dev/null 2>&1 || skip "the runtime was built with libraries, which are not in the chroot"
	own_rootfs
	mkdir "$R/bundle" "$R/state"
	cp "$RUNTIME" "$R/bin/crun-lite"
}

test_userns__a_chroot_is_named_F062() {
	only_crun_lite
	chrooted_runtime
	user_namespace
	jq '.root.path = "/"' "$B/config.json" >"$R/bundle/config.json"
	mount --bind /proc "$R/proc"
	capture chroot "$R" /bin/crun-lite --cgroup-manager disabled --root /state run -b /bundle "$ID"
	umount "$R/proc"
	expect_rc 1
	expect_in "in a chroot" "$ERR"
}

# Where the kernel says EPERM, as it does to any ordinary user there (and here in a chroot): with which words depends on the sysctl.
test_userns__what_forbids_them_is_named_F062() {
	only_crun_lite
	local sysctl want
	chrooted_runtime
	user_namespace
	jq '.root.path = "/"' "$B/config.json" >"$R/bundle/config.json"
	while read -r sysctl want; do
		capture unshare --mount sh -c 'mount --bind /proc "$1/proc" && mount -t tmpfs none "$1/proc/sys/kernel" || exit 99
			cat /proc/sys/kernel/cap_last_cap >"$1/proc/sys/kernel/cap_last_cap"
			echo "${2#*=}" >"$1/proc/sys/kernel/${2%=*}"
			exec chroot "$1" /bin/crun-lite --cgroup-manager disabled --root /state run -b /bundle "$3"' sh "$R" "$sysctl" "$ID"
		expect_rc 1
		expect_in "make the container's process: operation not permitted" "$ERR"
		expect_in "$want" "$ERR"
		one_sentence
	done <<-'S'
		unprivileged_userns_clone=0 kernel.unprivileged_userns_clone is 0: only root makes user namespaces; set it to 1
		apparmor_restrict_unprivileged_userns=1 kernel.apparmor_restrict_unprivileged_userns is 1: give crun-lite an AppArmor profile with userns
		unprivileged_userns_clone=1 in a chroot, or by the seccomp filter or security module
	S
}

test_userns__ids_that_the_outer_one_does_not_have_F062() {
	only_crun_lite
	user_namespace
	capture in_user_namespace 'exec "$0" --cgroup-manager disabled --root "$1" run -b "$2" "$3"' "$RUNTIME" "$ROOT" "$B" "$ID"
	expect_rc 1
	expect_in "write uidMappings" "$ERR"
	expect_in "/proc/self/uid_map" "$ERR"
	one_sentence
}
