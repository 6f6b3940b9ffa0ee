# crun-lite in a container that crun-lite made: as root, in a user namespace, as an ordinary user (F062, F066).
# shellcheck shell=bash

CAPABILITIES='["AUDIT_CONTROL","AUDIT_READ","AUDIT_WRITE","BLOCK_SUSPEND","BPF","CHECKPOINT_RESTORE","CHOWN","DAC_OVERRIDE","DAC_READ_SEARCH","FOWNER",
	"FSETID","IPC_LOCK","IPC_OWNER","KILL","LEASE","LINUX_IMMUTABLE","MAC_ADMIN","MAC_OVERRIDE","MKNOD","NET_ADMIN","NET_BIND_SERVICE","NET_BROADCAST",
	"NET_RAW","PERFMON","SETFCAP","SETGID","SETPCAP","SETUID","SYSLOG","SYS_ADMIN","SYS_BOOT","SYS_CHROOT","SYS_MODULE","SYS_NICE","SYS_PACCT",
	"SYS_PTRACE","SYS_RAWIO","SYS_TIME","SYS_TTY_CONFIG","WAKE_ALARM"]'

# outer FILTER: a container that may do everything, with the runtime and a bundle in it, whose config is
# that of the test; INNER is its file.
outer() {
	own_rootfs
	cp "$RUNTIME" "$R/bin/crun-lite"
	mkdir -p "$R/inner/rootfs" "$R/state"
	INNER=$R/inner/config.json
	jq '.root.path = "rootfs" | del(.linux.cgroupsPath)' <<<"${BASE/@ID@/"$ID"}" >"$INNER"
	config '.mounts += [{"destination":"/state","type":"tmpfs","source":"t"},{"destination":"/inner/rootfs","source":$r,"options":["rbind"]}]
		| .process.capabilities = {bounding: ($c | map("CAP_" + .)), effective: ($c | map("CAP_" + .)), permitted: ($c | map("CAP_" + .))}
		| del(.linux.maskedPaths, .linux.readonlyPaths) | '"$1" --arg r "$ROOTFS" --argjson c "$CAPABILITIES"
	args sh -c 'exec crun-lite --cgroup-manager disabled --root /state run -b /inner inner'
}

# inner FILTER
inner() {
	jq -c "$1" "$INNER" >"$T/inner.new"
	cat "$T/inner.new" >"$INNER"
}

inner_args() {
	json_strings "$@"
	jq -c '.process.args = $a' --argjson a "$JSON" "$INNER" >"$T/inner.new"
	cat "$T/inner.new" >"$INNER"
}

OUTER_USER='.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings'

# give the files to the mapped root
given() { chown -hR 100000:100000 "$R"; }

test_nested__root_in_a_container_of_root() {
	only_crun_lite
	outer .
	inner_args sh -c 'id -u; cat /proc/self/uid_map; echo >/dev/null; cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	expect_match $'^0\n *0 +0 +4294967295\n'
	mount_has /proc proc
	mount_has /sys sysfs
}

test_nested__a_user_namespace_in_a_container_of_root_F062() {
	only_crun_lite
	outer .
	inner '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings'
	inner_args sh -c 'cat /proc/self/uid_map; echo >/dev/null; stat -c %t:%T /dev/null'
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +100000 +65536\n1:3$'
}

test_nested__root_of_a_user_namespace_without_one_of_the_containers_own_F066() {
	only_crun_lite
	outer "$OUTER_USER"
	given
	inner_args sh -c 'cat /proc/self/uid_map; stat -c %t:%T /dev/null /dev/zero; echo >/dev/null; id -u; cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +100000 +65536\n1:3\n1:5\n0\n'
	mount_has /dev/null devtmpfs
}

test_nested__a_user_namespace_in_a_user_namespace_F062() {
	only_crun_lite
	outer "$OUTER_USER"
	given
	inner '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":1000,"size":1000}] | .linux.gidMappings = .linux.uidMappings
		| .process.user = {"uid":7,"gid":8,"additionalGids":[9]}'
	inner_args sh -c 'cat /proc/self/uid_map; inspect ids; stat -c %t:%T /dev/null'
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +1000 +1000\n'
	expect_line "uid: 7 7 7"
	expect_line "groups: 9"
	expect_line 1:3
	# Ids that the outer one does not have.
	inner '.linux.uidMappings = [{"containerID":0,"hostID":70000,"size":10}]'
	run_fails 'uidMappings' run -b "$B" "$ID"
	expect_in "/proc/self/uid_map" "$ERR"
}

test_nested__an_ordinary_user_in_a_container_F062() {
	only_crun_lite
	outer '.process.user = {"uid":1000,"gid":1000} | .process.capabilities = {}'
	config '(.mounts[] | select(.destination == "/state") | .options) = ["mode=777"]'
	inner_args sh -c 'cat /proc/self/uid_map; id -u; echo >/dev/null; cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +1000 +1\n0\n'
	mount_has /proc proc
}

test_nested__root_without_capabilities_F062() {
	only_crun_lite
	outer '.process.capabilities |= map_values(["CAP_SETFCAP"])'
	inner '.linux.namespaces += [{"type":"user"}]'
	inner_args sh -c 'cat /proc/self/uid_map; id -u'
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +0 +1\n0$'
	# Since Linux 5.12 id 0 of the host is mapped by who has this one.
	config '.process.capabilities = {}'
	run_fails 'write uidMappings.*not permitted' run -b "$B" "$ID"
	expect_in CAP_SETFCAP "$ERR"
	inner '.linux.namespaces |= map(select(.type != "user")) | .process.capabilities = {}'
	run_fails "make the container's process: operation not permitted" run -b "$B" "$ID"
	expect_in 'add {"type": "user"} to linux.namespaces' "$ERR"
}

test_nested__a_proc_with_masks_is_explained_F062() {
	only_crun_lite
	outer '.linux.maskedPaths = ["/proc/kcore","/proc/keys"]'
	inner '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings'
	run_fails 'mount proc on /proc.*not permitted' run -b "$B" "$ID"
	expect_in "needs its /proc unmasked" "$ERR"
	inner '.mounts |= map(select(.type != "proc"))'
	config '.linux.maskedPaths = ["/sys/firmware"]'
	run_fails 'mount sysfs on /sys.*not permitted' run -b "$B" "$ID"
	expect_in "bind /sys instead" "$ERR"
}

test_nested__masks_are_no_hindrance_without_a_user_namespace_F078() {
	only_crun_lite
	outer '.linux.maskedPaths = ["/proc/kcore","/proc/keys"]'
	inner_args sh -c 'cat /proc/self/mountinfo'
	run_ok run -b "$B" "$ID"
	mount_has /proc proc
}

# Where init may have no procfs of its own, it writes to the one that is there: but not to what lies over it.
test_nested__what_lies_over_proc_gets_none_of_the_runtimes_writes_V10() {
	only_crun_lite
	config '.linux.sysctl = {"kernel.domainname":"written"} 
		| .mounts = [{"destination":"/proc","source":"/proc","options":["rbind"]},{"destination":"/dev","type":"tmpfs","source":"t"}]
		| del(.linux.maskedPaths, .linux.readonlyPaths) | .linux.namespaces |= map(select(.type != "pid"))'
	chmod 777 "$T"
	capture unshare --user --map-root-user --mount sh -c 'mount -t tmpfs t /proc/sys/kernel && echo decoy >/proc/sys/kernel/domainname
		"$@"
		echo "ended with $?, $(cat /proc/sys/kernel/domainname)"' - "$RUNTIME" --root "$ROOT" --cgroup-manager disabled run -b "$B" "$ID"
	expect_match 'ended with [1-9][0-9]*, decoy'
	expect_in "kernel/domainname" "$ERR"
}

test_nested__three_deep_F062() {
	only_crun_lite
	outer "$OUTER_USER"
	given
	mkdir -p "$R/inner/third/rootfs" "$R/inner/third/state"
	cp "$INNER" "$R/inner/third/"
	chown -R 100000:100000 "$R/inner/third"
	# The second is a container with all that the first has, and a bundle.
	jq -c '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":0,"size":60000}] | .linux.gidMappings = .linux.uidMappings
		| .process.capabilities |= map_values($c | map("CAP_" + .)) | del(.linux.maskedPaths,.linux.readonlyPaths)
		| .mounts += [{"destination":"/mnt","source":"/inner/third","options":["rbind"]},{"destination":"/mnt/rootfs","source":"/inner/rootfs","options":["rbind"]},
			{"destination":"/opt","source":"/bin","options":["rbind"]}]' --argjson c "$CAPABILITIES" "$INNER" >"$T/inner.new"
	cat "$T/inner.new" >"$INNER"
	inner_args /opt/crun-lite --cgroup-manager disabled --root /mnt/state run -b /mnt third
	jq -c '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":0,"size":5000}] | .linux.gidMappings = .linux.uidMappings
		| .process.args = ["sh","-c","cat /proc/self/uid_map; stat -c %t:%T /dev/null"]' "$R/inner/third/config.json" >"$T/inner.new"
	cat "$T/inner.new" >"$R/inner/third/config.json"
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +0 +5000\n1:3$'
}

# ---- the whole life, not only run ----

# sessions SCRIPT: what is run in the outer container, beside the bundle in /inner; `rt` is the runtime in it
sessions() { args sh -c 'rt() { crun-lite --cgroup-manager disabled --root /state "$@"; }; '"$1"; }

test_nested__created_started_entered_killed_and_deleted_F160() {
	only_crun_lite
	local kind
	for kind in . "$OUTER_USER"; do
		outer "$kind"
		[ "$kind" = . ] || given
		inner_args sleep 1000
		sessions 'rt create -b /inner inner >/state/out 2>&1 </dev/null || { cat /state/out; exit 9; }
			rt list -q; rt start inner && rt exec inner sh -c "echo in \$\$ of \$(cat /proc/1/comm)"
			rt pause inner 2>&1 | head -n 1
			rt kill inner KILL; n=0; until rt list | grep -q stopped; do sleep 0.02; n=$((n + 1)); [ $n -lt 300 ] || exit 8; done
			rt delete inner; rt list -q; ls -A /state; ls /proc | grep -c "^[0-9]"'
		run_ok run -b "$B" "$ID"
		expect_match $'^inner\nin [0-9]+ of sleep\n'
		# Nobody has a group to be frozen in, and that is said.
		expect_match 'crun-lite: pause inner: '
		expect_match $'\nout\n[0-9]+$'
		rm -rf "$R"
	done
}

# An ordinary user in a container, whose image has newuidmap and ids for it.
user_with_ids() {
	[ -u /usr/bin/newuidmap ] || skip "there is no newuidmap that is set-uid (package uidmap)"
	outer '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false
		| .process.capabilities = {bounding: ["CAP_SETUID", "CAP_SETGID", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN"]}'"${1:-}"
	mkdir -p "$R/etc" "$R/usr/bin" "$R/lib64"
	echo 'user:x:1000:1000::/:/bin/sh' >"$R/etc/passwd"
	echo '1000:20000:1000' >"$R/etc/subuid"
	cp "$R/etc/subuid" "$R/etc/subgid"
	cp -p /usr/bin/newuidmap /usr/bin/newgidmap "$R/usr/bin/"
	local lib
	for lib in $(ldd /usr/bin/newuidmap | grep -oE '/[^ ]+'); do mkdir -p "$R${lib%/*}" && cp -L "$lib" "$R$lib"; done
	chmod 755 "$B" "$R"
	config '(.mounts[] | select(.destination == "/state") | .options) = ["mode=777"]'
	inner '.linux.namespaces += [{type: "user"}]'
	inner_args sh -c 'cat /proc/self/uid_map; id -u; inspect ids | grep "^groups:"'
}

test_nested__an_ordinary_user_with_ids_in_a_container_F062() {
	only_crun_lite
	user_with_ids
	inner '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	run_ok run -b "$B" "$ID"
	# The caller is the container's user, as outside.
	expect_match $'^ *0 +20000 +7\n *7 +1000 +1\n *8 +20007 +993\n7\ngroups: 9$'
}

# What stands in the way in most images is said, with what to change.
test_nested__an_ordinary_user_whose_ids_cannot_be_mapped_is_told_why_F062() {
	only_crun_lite
	user_with_ids
	# An engine's default.
	config '.process.noNewPrivileges = true'
	run_fails 'newuidmap' run -b "$B" "$ID"
	expect_match 'no_new_privs|noNewPrivileges|no new privileges' "$ERR"
	# Without ids, one is mapped; more are refused by name.
	config '.process.noNewPrivileges = false'
	: >"$R/etc/subuid"
	: >"$R/etc/subgid"
	run_ok run -b "$B" "$ID"
	expect_match $'^ *0 +1000 +1\n0'
	inner '.process.user = {uid: 7, gid: 0, additionalGids: [9]}'
	run_fails 'group|additionalGids' run -b "$B" "$ID"
	expect_match 'subuid|subgid|gidMappings' "$ERR"
	# Not all of the rights that it needs.
	config '.process.capabilities.bounding -= ["CAP_DAC_OVERRIDE"]'
	echo '1000:20000:1000' | tee "$R/etc/subuid" >"$R/etc/subgid"
	run_fails 'newuidmap: .*denied' run -b "$B" "$ID"
	expect_in CAP_DAC_OVERRIDE "$ERR"
	# The image has ids for it, and not the program.
	inner '.process.user = {uid: 0, gid: 0}'
	rm "$R/usr/bin/newuidmap"
	inner '.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}, {containerID: 1, hostID: 20000, size: 10}] | .linux.gidMappings = .linux.uidMappings'
	run_fails 'newuidmap' run -b "$B" "$ID"
	expect_in uidmap "$ERR"
}

# ---- groups ----

# groups_in_container rw|ro: the outer one sees its own groups, and may write them
groups_in_container() {
	outer '.linux.namespaces |= (map(select(.type != "cgroup")) + [{type: "cgroup"}])
		| .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["'"$1"'", "nosuid", "noexec", "nodev"]}]'
	config '.linux.cgroupsPath = $p' --arg p "/$RUN/$ID"
	inner '.linux.resources = {memory: {limit: 33554432}, pids: {limit: 33}}'
	inner_args sh -c 'cat /proc/self/cgroup'
	args sh -c 'exec crun-lite --root /state run -b /inner inner'
}

test_nested__limits_hold_in_groups_that_the_container_may_write_F101() {
	only_crun_lite
	groups_in_container rw
	# On v2 a group has processes or groups: the outer one's move into one of their own, as an image with systemd does it.
	args sh -c 'if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
			mkdir /sys/fs/cgroup/init && echo 0 >/sys/fs/cgroup/init/cgroup.procs
			echo "+memory +pids" >/sys/fs/cgroup/cgroup.subtree_control; fi
		crun-lite --root /state create -b /inner inner >/state/out 2>&1 </dev/null || { cat /state/out; exit 9; }
		cat $(find /sys/fs/cgroup/ -path "*inner*" -name pids.max) $(find /sys/fs/cgroup/ -path "*inner*" \( -name memory.max -o -name memory.limit_in_bytes \))
		crun-lite --root /state delete --force inner
		find /sys/fs/cgroup/ -type d -path "*inner*"'
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" $'33\n33554432'
}

test_nested__limits_in_groups_that_are_read_only_say_what_to_change_F101() {
	only_crun_lite
	groups_in_container ro
	run_fails 'cgroup|group' run -b "$B" "$ID"
	expect_match 'read-only' "$ERR"
	expect_match 'hint: .*(rw|writable|delegat|--cgroup-manager)' "$ERR"
	# Without limits it goes on without a group, or is told the same.
	args sh -c 'exec crun-lite --cgroup-manager disabled --root /state run -b /inner inner'
	inner 'del(.linux.resources)'
	run_ok run -b "$B" "$ID"
}
