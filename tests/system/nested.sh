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
