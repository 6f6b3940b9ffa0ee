# Containers of an ordinary user: F062, F066, V16, V24, C100.
# shellcheck shell=bash

USER_ID=42424
RANGE=300000

# as_user COMMAND...: with /etc of its own, as far as that tells users and their ranges of ids
as_user() {
	unshare --mount --propagation private bash -c '
		for f in passwd subuid subgid; do mount --bind "$1/$f" "/etc/$f" || exit 99; done
		[ ! -e "$1/no-helpers" ] || for f in /usr/bin/newuidmap /usr/bin/newgidmap; do mount --bind /dev/null $f || exit 99; done
		shift
		exec setpriv --reuid '$USER_ID' --regid '$USER_ID' --clear-groups "$@"' - "$T/etc" "$@"
}

rt() { as_user "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }

# ordinary_user ids|no-ids: from here on the runtime is that user's, with the range 300000-300999 or without
ordinary_user() {
	[ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "there is no /etc/subuid"
	mkdir "$T/etc"
	{ cat /etc/passwd; echo "tester:x:$USER_ID:$USER_ID::/:/bin/sh"; } >"$T/etc/passwd"
	: >"$T/etc/subuid"
	: >"$T/etc/subgid"
	if [ "$1" = ids ]; then
		[ -u /usr/bin/newuidmap ] || getcap /usr/bin/newuidmap 2>/dev/null | grep -q setuid || skip "there is no newuidmap (package uidmap)"
		printf 'other:100:5\ntester:%s:1000\n' $RANGE >"$T/etc/subuid"
		printf '%s:%s:1000\n' $USER_ID $RANGE >"$T/etc/subgid"
	fi
	mkdir -p "$ROOT"
	chown $USER_ID:$USER_ID "$T" "$B" "$ROOT"
	config 'del(.linux.cgroupsPath)'
}

userns() { config '.linux.namespaces += [{"type":"user"}]'; }

# maps JSON: both
maps() { config '.linux.namespaces = [.linux.namespaces[] | select(.type != "user")] + [{"type":"user"}] | .linux.uidMappings = $m | .linux.gidMappings = $m' --argjson m "$1"; }

test_rootless__one_id_without_a_range_F062() {
	ordinary_user no-ids
	userns
	in_container 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g; echo >/dev/null; hostname'
	expect_match $'^ *0 +42424 +1\n *0 +42424 +1\ndeny\n0\n0\nbox$'
}

test_rootless__a_range_is_mapped_by_newuidmap_F062() {
	ordinary_user ids
	userns
	in_container 'cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u'
	expect_match $'^ *0 +42424 +1\n *1 +300000 +1000\n *0 +42424 +1\n *1 +300000 +1000\nallow\n0$'
}

test_rootless__without_a_user_namespace_in_the_config_one_is_made_F062() {
	ordinary_user no-ids
	in_container 'cat /proc/self/uid_map; inspect namespaces'
	expect_match '^ *0 +42424 +1'
	expect_not_in "ns: $(readlink /proc/self/ns/user)"
}

test_rootless__the_caller_is_the_containers_user_F062() {
	only_crun_lite
	ordinary_user ids
	userns
	mkdir "$T/src"
	chown $USER_ID "$T/src"
	config '.process.user = {"uid":500,"gid":500,"additionalGids":[3,900]} | .mounts += [{"destination":"/mnt","source":$s,"options":["bind"]}]' --arg s "$T/src"
	args sh -c 'inspect ids; cat /proc/self/uid_map; touch /mnt/made; stat -c %u /mnt/made'
	run_ok run -b "$B" "$ID"
	expect_line "uid: 500 500 500"
	expect_line "groups: 3 900"
	expect_match $'\n *0 +300000 +500\n *500 +42424 +1\n *501 +300500 +500\n'
	expect_eq "$(stat -c %u:%g "$T/src/made")" $USER_ID:$USER_ID
}

test_rootless__mappings_of_the_config_F062() {
	ordinary_user ids
	maps '[{"containerID":0,"hostID":42424,"size":1},{"containerID":1,"hostID":300010,"size":10},{"containerID":11,"hostID":300020,"size":10}]'
	in_container 'cat /proc/self/uid_map'
	expect_match $'^ *0 +42424 +1\n *1 +300010 +20$'
}

test_rootless__ids_of_others_are_refused_with_the_range_F062() {
	only_crun_lite
	ordinary_user ids
	maps '[{"containerID":0,"hostID":42424,"size":1},{"containerID":1,"hostID":300500,"size":1000}]'
	run_fails 'uid range \[1-1001\) -> \[300500-301500\) not allowed' run -b "$B" "$ID"
	expect_in "/etc/subuid lists the ids" "$ERR"
	expect_in "/linux/uidMappings" "$ERR"
	maps '[{"containerID":0,"hostID":0,"size":1}]'
	run_fails 'not allowed' run -b "$B" "$ID"
	ls -A "$ROOT" | grep . && fail "the state has something left"
	true
}

test_rootless__without_newuidmap_it_is_named_F062() {
	only_crun_lite
	ordinary_user no-ids
	[ -e /usr/bin/newuidmap ] && : >"$T/etc/no-helpers"
	maps '[{"containerID":0,"hostID":42424,"size":1},{"containerID":1,"hostID":300000,"size":10}]'
	run_fails "newuidmap: no such file" run -b "$B" "$ID"
	expect_in "package uidmap" "$ERR"
	expect_in "/linux/uidMappings" "$ERR"
	# What can be done without is done.
	config 'del(.linux.uidMappings,.linux.gidMappings)'
	in_container 'cat /proc/self/uid_map'
	expect_match '^ *0 +42424 +1$'
}

test_rootless__newuidmap_is_never_looked_for_in_the_path_V04() {
	only_crun_lite
	ordinary_user ids
	userns
	mkdir "$T/evil"
	printf '#!/bin/sh\ntouch %s/ran\n' "$T" >"$T/evil/newuidmap"
	cp "$T/evil/newuidmap" "$T/evil/newgidmap"
	chmod 755 "$T/evil"/*
	chmod 777 "$T"
	container_config 'echo fine'
	PATH=$T/evil:$PATH LD_PRELOAD=$T/evil/none.so run_ok run -b "$B" "$ID"
	expect_eq "$OUT" fine
	expect_no_file "$T/ran"
}

test_rootless__newuidmap_gets_nothing_of_the_callers_environment_V04() {
	only_crun_lite
	command -v strace >/dev/null || skip "no strace"
	ordinary_user ids
	userns
	touch "$T/trace"
	chmod 666 "$T/trace"
	# Traced it has no rights: what it is given is what counts.
	capture as_user env SECRET=1 LD_PRELOAD= strace -f -v -s 1000 -e trace=execve -o "$T/trace" "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	# Both at a time: a line ends with the call's result, or with "<unfinished ...>".
	expect_eq "$(grep -cE '"/usr/bin/new[ug]idmap".*, \["PATH=/usr/bin:/bin", "LC_ALL=C"\](\)| <unfinished)' "$T/trace")" 2
}

test_rootless__no_new_privs_keeps_newuidmap_from_working_and_that_is_said_F062() {
	only_crun_lite
	ordinary_user ids
	userns
	args true
	capture as_user setpriv --no-new-privs "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 1
	expect_in "no_new_privs" "$ERR"
	one_sentence
}

test_rootless__groups_need_a_range_F021_F062() {
	only_crun_lite
	ordinary_user no-ids
	userns
	config '.process.user.additionalGids = [0]'
	run_fails 'additional groups' run -b "$B" "$ID"
	expect_in "/etc/subgid" "$ERR"
	config '.process.user = {"uid":0,"gid":7}'
	in_container 'id -g'
	expect_eq "$OUT" 7
	maps '[{"containerID":0,"hostID":42424,"size":1}]'
	run_fails 'group 7 is not mapped' run -b "$B" "$ID"
	expect_in "/process/user" "$ERR"
}

test_rootless__the_bundle_that_spec_makes_C100() {
	ordinary_user no-ids
	rm "$B/config.json"
	(cd "$B" && as_user "$RUNTIME" spec --rootless)
	expect_eq "$(jq -c .linux.uidMappings "$B/config.json")" '[{"containerID":0,"hostID":42424,"size":1}]'
	config '.process.terminal = false | .root.path = $r' --arg r "$ROOTFS"
	in_container 'id -u; cat /proc/self/mountinfo; for d in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do ! mkdir $d/y 2>/dev/null || echo made $d; done'
	expect_not_in made
	mount_has / ro
	mount_has /sys ro
	capture as_user sh -c 'cd "$1" && exec "$0" spec --rootless' "$RUNTIME" "$B"
	[ "$RC" != 0 ] || fail "config.json was overwritten"
}

test_rootless__created_started_killed_and_deleted_F160() {
	ordinary_user no-ids
	args sh -c 'echo began; sleep 1000'
	lives
	run_fails 'not stopped' delete "$ID"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
	expect_eq "$(ls "$ROOT")" ""
}

test_rootless__the_exit_code_and_streams_F160() {
	ordinary_user no-ids
	args sh -c 'cat; echo err >&2; exit 7'
	capture rt run -b "$B" "$ID"
	expect_rc 7
	expect_eq "$ERR" err
}

test_rootless__namespaces_of_the_host_and_what_they_show_V16() {
	ordinary_user no-ids
	config '.linux.namespaces = [{"type":"mount"}] | del(.hostname) | .mounts += [{"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["nosuid","noexec","nodev"]}]'
	mountpoint -q /dev/mqueue || config '.mounts |= map(select(.type != "mqueue"))'
	in_container 'cat /proc/1/comm; ls -d /sys/class/net/lo; for d in /sys /sys/fs/cgroup /sys/fs/cgroup/*; do ! mkdir $d/y 2>/dev/null || echo made $d; done; cat /proc/self/mountinfo'
	expect_eq "${OUT%%$'\n'*}" "$(cat /proc/1/comm)"
	expect_not_in made
	mount_has /sys ro
	mount_has /sys/fs/cgroup ro
}

# A group that is the user's: what a container could change if /sys were not sealed (CVE-2023-25809).
test_rootless__a_delegated_group_is_not_writable_through_sys_V16() {
	local g
	g=$(cgroup_file pids . . "$ID-own")
	g=${g%/.}
	ordinary_user no-ids
	mkdir "$g"
	chown -R $USER_ID "$g"
	config '.linux.namespaces |= map(select(.type != "network" and .type != "cgroup"))'
	in_container 'touch /sys/fs/cgroup/$0; mkdir /sys/fs/cgroup/'"${g#/sys/fs/cgroup/}"'/x && echo made; true'
	expect_eq "$OUT" ""
	expect_match '[Rr]ead-only' "$ERR"
	rmdir "$g"
}

test_rootless__pid_network_and_ipc_of_its_own_F062() {
	ordinary_user no-ids
	in_container 'cat /proc/self/mountinfo; ls /proc | grep -c "^[0-9]*$"; ip link'
	mount_has /proc proc
	mount_has /sys sysfs
	mount_has /dev/mqueue mqueue
	expect_in LOOPBACK,UP
}

test_rootless__devices_are_the_hosts_F066() {
	ordinary_user no-ids
	in_container 'stat -c "%F %t:%T" /dev/null /dev/tty; head -c 3 /dev/zero | wc -c; ! mknod /tmp/x c 1 3 2>/dev/null'
	expect_eq "$OUT" $'character special file 1:3\ncharacter special file 5:0\n3'
}

test_rootless__neither_proc_nor_the_null_device_are_taken_for_granted_V08_V10() {
	only_crun_lite
	ordinary_user no-ids
	local source
	mkdir "$T/fake"
	for source in "$T/fake" /proc/sys /proc/1; do
		config '.mounts[0] = {"destination":"/proc","source":$s,"options":["rbind"]}' --arg s "$source"
		run_fails 'it is not a procfs' run -b "$B" "$ID"
	done
	config '.mounts[0] = {"destination":"/proc","type":"proc","source":"proc"} | .linux.maskedPaths = ["/etc/file"]'
	run_ok run -b "$B" "$ID"
	echo precious >"$T/file"
	as_user() {
		unshare --mount --propagation private sh -c 'mount --bind "$1" /dev/null; shift; exec setpriv --reuid '$USER_ID' --regid '$USER_ID' --clear-groups "$@"' - "$T/file" "$@"
	}
	run_fails '/dev/null is not the null device' run -b "$B" "$ID"
}

test_rootless__a_terminal_F005() {
	ordinary_user ids
	config '.process.terminal = true | .process.args = ["inspect","tty"]'
	as_user "$HELPERS/recvtty" "$T/console.sock" "$T/listening" >"$T/terminal" 2>&1 &
	local p=$!
	until_true test -e "$T/listening"
	run_ok run --detach --console-socket "$T/console.sock" -b "$B" "$ID"
	wait $p
	OUT=$(tr -d '\r' <"$T/terminal")
	expect_line "tty0: /dev/pts/0"
	expect_line "controlling: yes"
	deleted
}

test_rootless__hooks_F140_F143() {
	ordinary_user ids
	chmod 777 "$T"
	config '.hooks = {"prestart":[{"path":"/bin/sh","args":["sh","-c",$h]}],"createRuntime":[{"path":"/bin/sh","args":["sh","-c",$h]}],
		"createContainer":[{"path":"/bin/sh","args":["sh","-c",$c]}],"startContainer":[{"path":"/bin/sh","args":["sh","-c","cat >/tmp/state"]}],
		"poststop":[{"path":"/bin/sh","args":["sh","-c",$h]}]} | .mounts += [{"destination":"/tmp","type":"tmpfs","source":"t"}]' \
		--arg h "id -u >>$T/runtime" --arg c "id -u >>$T/inside"
	in_container 'cat /tmp/state'
	expect_in "$ID"
	expect_eq "$(<"$T/runtime")" $'42424\n42424\n42424'
	expect_eq "$(<"$T/inside")" 0
}

test_rootless__seccomp_and_capabilities_F071_F012() {
	ordinary_user no-ids
	config '.process.noNewPrivileges = false | .linux.seccomp = {"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":38}]}
		| .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	in_container 'inspect caps; mkdir /tmp/x; true'
	expect_line "effective: 20200420"
	expect_line "ambient: 0"
	expect_match 'not implemented' "$ERR"
}

test_rootless__sources_out_of_reach_are_explained_F062() {
	only_crun_lite
	ordinary_user no-ids
	mkdir -p "$T/closed/dir"
	chmod 700 "$T/closed"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["bind"]}]' --arg s "$T/closed/dir"
	run_fails "bind source $T/closed/dir: permission denied" run -b "$B" "$ID"
	expect_in "may not search the directory $T/closed (the x bit)" "$ERR"
	expect_in /mounts/ "$ERR"
	config '.mounts[-1].source = $s' --arg s "$T/none"
	run_fails "no such file" run -b "$B" "$ID"
	config 'del(.mounts[-1]) | .root.path = $s' --arg s "$T/closed/dir"
	run_fails "open the root file system" run -b "$B" "$ID"
	expect_in "may not search the directory $T/closed (the x bit)" "$ERR"
	ln -s "$ROOTFS" "$T/link"
	config '.root.path = $s' --arg s "$T/link"
	run_fails "is a symbolic link" run -b "$B" "$ID"
	config '.root.path = "/etc/passwd"'
	run_fails "not a directory" run -b "$B" "$ID"
}

test_rootless__limits_of_the_host_stay_locked_F062() {
	ordinary_user no-ids
	mkdir "$T/src"
	mount -t tmpfs -o nosuid tmpfs "$T/src"
	echo data >"$T/src/file"
	chmod 777 "$T/src" "$T/src/file"
	mount -o remount,bind,ro,nosuid "$T/src"
	config '.mounts += [{"destination":"/mnt","source":$s,"options":["rbind","rw","suid"]}] | .process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])' --arg s "$T/src"
	in_container 'cat /mnt/file; mount -o remount,bind,rw /mnt && echo rw; echo x >/mnt/file && echo wrote; true'
	expect_eq "$OUT" data
	umount "$T/src"
}

test_rootless__rlimits_and_oom_score_F010_F014() {
	ordinary_user no-ids
	config '.process.rlimits = [{"type":"RLIMIT_NOFILE","soft":100,"hard":200}] | .process.oomScoreAdj = 500'
	args sh -c 'inspect rlimits; cat /proc/self/oom_score_adj'
	run_ok run -b "$B" "$ID"
	expect_line "rlimit: NOFILE 100 200"
	expect_line 500
	[ -n "$CRUN_LITE" ] || return 0
	config '.process.rlimits[0].hard = 1048577 | .process.rlimits[0].soft = 100'
	run_fails 'set RLIMIT_NOFILE to 100:1048577' run -b "$B" "$ID"
	expect_in "own hard limit" "$ERR"
	config 'del(.process.rlimits) | .process.oomScoreAdj = -500'
	run_fails 'set oom_score_adj to -500' run -b "$B" "$ID"
	expect_in CAP_SYS_RESOURCE "$ERR"
}

test_rootless__by_path_its_own_namespace_F061() {
	only_crun_lite
	ordinary_user no-ids
	as_user unshare --user --map-root-user --net --ipc bash -c 'echo $$ >"$1/holder"; exec sleep 1000' - "$T" &
	local holder=$! p
	until_true test -s "$T/holder"
	p=$(<"$T/holder")
	until_true grep -q . "/proc/$p/uid_map"
	config '.linux.namespaces = [.linux.namespaces[] | select(.type != "network" and .type != "ipc")] + [{"type":"user","path":"/proc/\($p)/ns/user"},
		{"type":"network","path":"/proc/\($p)/ns/net"},{"type":"ipc","path":"/proc/\($p)/ns/ipc"}]' --arg p "$p"
	run_fails "mount devpts on /dev/pts" run -b "$B" "$ID"
	expect_in "not be mapped" "$ERR"
	config '(.mounts[] | select(.type == "devpts") | .options) |= map(select(. != "gid=5"))'
	in_container 'inspect namespaces; id -u; cat /proc/self/mountinfo'
	expect_line "ns: $(readlink "/proc/$p/ns/user")"
	expect_line "ns: $(readlink "/proc/$p/ns/net")"
	expect_line 0
	mount_has /sys sysfs
	end_helper "$holder"
	kill "$p" 2>/dev/null || :
}

test_rootless__what_it_may_not_join_is_named_F061() {
	only_crun_lite
	ordinary_user no-ids
	namespaces net
	config '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "$T/netns"
	: >"$T/netns"
	mount --bind "/proc/$NS/ns/net" "$T/netns"
	run_fails 'join a namespace.*not permitted' run -b "$B" "$ID"
	expect_in "CAP_SYS_ADMIN in the user namespace that owns it" "$ERR"
	umount "$T/netns"
	end_helper $NSHOLD
}

test_rootless__idmapped_mounts_need_root_F041() {
	only_crun_lite
	ordinary_user ids
	config '.mounts += [{"destination":"/mnt","source":"/usr","options":["bind","idmap"]}]'
	run_fails 'map the owners of /usr' run -b "$B" "$ID"
	expect_in "need root" "$ERR"
}

# ---- groups ------------------------------------------------------------------------------------

test_rootless__without_limits_it_goes_on_without_a_group_F068() {
	ordinary_user no-ids
	in_container 'cat /proc/self/cgroup'
	expect_not_in "$ID"
	config '.linux.cgroupsPath = "/\($i)/sub"' --arg i "$ID"
	in_container 'cat /proc/self/cgroup'
	expect_not_in "$ID"
	config '.linux.resources = {"devices":[{"allow":false,"access":"rwm"}]}'
	in_container 'echo >/dev/null && echo fine'
	expect_eq "$OUT" fine
}

test_rootless__limits_that_nobody_may_set_are_named_F101() {
	only_crun_lite
	ordinary_user no-ids
	config '.linux.resources = {"memory":{"limit":67108864}}'
	run_fails 'limit memory' run -b "$B" "$ID"
	expect_in "/linux/resources" "$ERR"
	[ -z "$V2" ] || expect_in "Delegate=memory" "$ERR"
	config '.linux.resources = {"pids":{"limit":10}}'
	run_fails 'limit pids' run -b "$B" "$ID"
}

test_rootless__a_group_that_is_delegated_is_used_F101() {
	only_crun_lite
	local h
	ordinary_user no-ids
	for h in "${CGROUPS[@]}"; do
		mkdir "$h/$ID"
		[ ! -e "$h/$ID/cpuset.cpus" ] || [ ! -e "$h/$ID/tasks" ] || { cat "$h/cpuset.cpus" >"$h/$ID/cpuset.cpus"; cat "$h/cpuset.mems" >"$h/$ID/cpuset.mems"; }
		chown -R $USER_ID "$h/$ID"
	done
	config '.linux.cgroupsPath = "/\($i)/sub" | .linux.resources = {"pids":{"limit":20}}' --arg i "$ID"
	if [ -n "$V2" ] || [ -d /sys/fs/cgroup/unified ]; then
		# The common ancestor must be the user's, too: from the root that is nobody's.
		run_fails "limit pids: put a process into the cgroup .*/$ID/sub" run -b "$B" "$ID"
		config 'del(.linux.resources)'
		in_container 'cat /proc/self/cgroup'
		expect_not_in "$ID"
		for h in "${CGROUPS[@]}"; do expect_no_file "$h/$ID/sub"; done
	else
		in_container 'cat /proc/self/cgroup'
		expect_match ":pids:/$ID/sub"
	fi
	for h in "${CGROUPS[@]}"; do
		[ ! -d "$h/$ID/sub" ] || rmdir "$h/$ID/sub"
		rmdir "$h/$ID"
	done
}

# delegated CONTROLLER...: on v2, a subtree GROUP of the user's that has those; the runtime runs in it
delegated() {
	local c
	[ -n "$V2" ] || skip "v2 only"
	for c; do grep -qw "$c" /sys/fs/cgroup/cgroup.subtree_control || skip "no $c controller"; done
	GROUP=/sys/fs/cgroup/$ID/user
	mkdir -p "/sys/fs/cgroup/$ID"
	for c; do echo "+$c" >"/sys/fs/cgroup/$ID/cgroup.subtree_control"; done
	mkdir "$GROUP" "$GROUP/start"
	chown $USER_ID "$GROUP" "$GROUP/start"
	for c in $(cat /sys/kernel/cgroup/delegate); do
		[ ! -e "$GROUP/$c" ] || chown $USER_ID "$GROUP/$c"
		[ ! -e "$GROUP/start/$c" ] || chown $USER_ID "$GROUP/start/$c"
	done
	rt() { (echo "$BASHPID" >"$GROUP/start/cgroup.procs" && as_user "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"); }
}

undelegated() {
	expect_eq "$(cd "$GROUP" && echo */)" start/ "what is left in the user's group"
	rmdir "$GROUP/start" "$GROUP" "/sys/fs/cgroup/$ID"
}

test_rootless__limits_hold_in_a_delegated_group_F101_F132() {
	only_crun_lite
	ordinary_user no-ids
	delegated memory pids
	config '.linux.resources = {"pids":{"limit":5}}'
	args sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo started all'
	capture rt run -b "$B" "$ID"
	expect_match "fork" "$ERR"
	expect_not_in "started all"
	config '.linux.resources = {"memory":{"limit":20971520}}'
	args eatmemory 60
	capture rt run -b "$B" --report "$T/report.json" "$ID"
	expect_rc 137
	expect_eq "$(jq -c '[.reason, .memory.oom_kills >= 1, .pids.peak != 0]' "$T/report.json")" '["oom",true,true]'
	undelegated
}

test_rootless__stats_and_a_timeout_in_a_delegated_group_C080() {
	only_crun_lite
	ordinary_user no-ids
	delegated memory pids
	args sleep 1000
	created --memory 64m --pids-limit 9
	expect_eq "$(<"/proc/$(pid_of)/cgroup")" "0::/$ID/user/crun-lite-$ID"
	run_ok events --stats "$ID"
	expect_eq "$(jq -c '[.data.memory.usage.limit, .data.pids.limit, .data.pids.current]' <<<"$OUT")" '[67108864,9,1]'
	deleted
	capture rt run -b "$B" --pids-limit 9 --timeout 300ms "$ID"
	expect_rc 137
	undelegated
}

test_rootless__a_controller_that_is_not_delegated_is_named_with_the_drop_in_F101() {
	only_crun_lite
	ordinary_user no-ids
	delegated pids
	config '.linux.resources = {"memory":{"limit":67108864}}'
	run_fails 'memory' run -b "$B" "$ID"
	expect_match 'Delegate=[a-z ]*memory' "$ERR"
	expect_in 'user@.service.d/delegate.conf' "$ERR"
	expect_in "/linux/resources/memory" "$ERR"
	config '.linux.resources = {"pids":{"limit":9}}'
	run_ok run -b "$B" "$ID"
	undelegated
}

test_rootless__in_the_scope_that_systemd_delegates_F101() {
	only_crun_lite
	[ -n "$V2" ] && [ -d /run/systemd/system ] && command -v as-dev >/dev/null || skip "no guest with systemd"
	config 'del(.linux.cgroupsPath) | .linux.resources = {"memory":{"limit":20971520},"pids":{"limit":50},"cpu":{"quota":50000,"period":100000}}'
	args eatmemory 60
	mkdir -p "$ROOT"
	chown 1000:1000 "$T" "$B" "$ROOT"
	capture as-dev "$RUNTIME" --root "$ROOT" run -b "$B" --report "$T/report.json" "$ID"
	expect_rc 137
	expect_eq "$(jq -c '[.reason, .memory.oom_kills >= 1, (.cpu.periods > 0)]' "$T/report.json")" '["oom",true,true]'
}

test_rootless__the_manager_disabled_F068() {
	ordinary_user no-ids
	args sh -c 'echo fine'
	run_ok --cgroup-manager disabled run -b "$B" "$ID"
	expect_eq "$OUT" fine
}

# ---- the state ---------------------------------------------------------------------------------

# user_state COMMAND...: without --root
user_state() { as_user env -u XDG_RUNTIME_DIR "$@"; }

test_rootless__the_state_is_in_the_runtime_directory_C001() {
	only_crun_lite
	ordinary_user no-ids
	mkdir "$T/run"
	chown $USER_ID "$T/run"
	args sleep 1000
	capture as_user env XDG_RUNTIME_DIR="$T/run" "$RUNTIME" create -b "$B" "$ID"
	expect_rc 0
	expect_file "$T/run/crun-lite/$ID/state.json"
	expect_eq "$(stat -c %a:%u "$T/run/crun-lite")" 700:$USER_ID
	as_user env XDG_RUNTIME_DIR="$T/run" "$RUNTIME" delete --force "$ID"
}

test_rootless__without_one_it_is_in_a_directory_of_its_own_in_tmp_C001() {
	only_crun_lite
	# The name is the same for all who run these tests: a user of this run's own.
	local USER_ID=$((50000 + $$ % 10000))
	local root=/tmp/crun-lite-$USER_ID
	[ ! -e $root ] && [ ! -e /run/user/$USER_ID ] || skip "there is a $root"
	ordinary_user no-ids
	args sleep 1000
	capture user_state "$RUNTIME" create -b "$B" "$ID"
	expect_rc 0
	expect_eq "$(stat -c %a:%u $root)" 700:$USER_ID
	capture user_state "$RUNTIME" list
	expect_in "$ID"
	user_state "$RUNTIME" delete --force "$ID"
	rmdir $root
	# Somebody else's, writable, a link: none of them.
	mkdir $root
	capture user_state "$RUNTIME" run -b "$B" "$ID"
	expect_rc 1
	expect_in "somebody else's" "$ERR"
	chown $USER_ID $root
	chmod 777 $root
	capture user_state "$RUNTIME" list
	expect_rc 1
	rmdir $root
	ln -s "$T" $root
	capture user_state "$RUNTIME" run -b "$B" "$ID"
	expect_rc 1
	rm $root
}

test_rootless__a_root_of_layers() {
	only_crun_lite
	ordinary_user ids
	mkdir -p "$T/l/top/etc"
	cp -a "$ROOTFS" "$T/l/base"
	echo top >"$T/l/top/etc/file"
	chown -Rh $USER_ID:$USER_ID "$T/l"
	config '.annotations = {"org.crun-lite.layers": $l} | .root = {"path": "nowhere"}' --arg l "$T/l/top:$T/l/base"
	userns
	config '.process.capabilities[] += ["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER"]'
	capture rt run -b "$B" "$ID"
	[[ $ERR != *"mount the overlay"*"not permitted"* ]] || skip "this kernel lets no user mount an overlay"
	# What another of its ids owns goes, too.
	in_container 'cat /etc/file; echo x >/etc/file; cat /etc/file; mkdir -p /mnt/a/b; chown -R 5:5 /mnt; chmod 700 /mnt; rm /mnt/../bin/true; ls /bin/true 2>&1 || :'
	expect_match $'^top\nx\nls: /bin/true: No such file'
	expect_eq "$(ls -A "$ROOT")" ""
	expect_file "$T/l/base/bin/true"
}

# ---- root of a user namespace: what rootless engines are ------------------------------------------

nested_root() {
	ordinary_user no-ids
	config '.mounts[].options |= map(select(. != "gid=5"))'
}

as_nested_root() {
	as_user env XDG_RUNTIME_DIR="$T/run" unshare --user --map-root-user --mount --propagation private "$@"
}

test_rootless__root_of_a_user_namespace_does_without_a_group_F062() {
	only_crun_lite
	nested_root
	container_config 'id -u; echo >/dev/null; cat /proc/self/cgroup' '.linux.cgroupsPath = $id' --arg id "/$ID"
	capture as_nested_root "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 0
	expect_line 0
	expect_not_in "$ID"
	# Device rules are no limit: who may make no group makes no device either.
	config '.linux.resources = {"devices":[{"allow":false,"access":"rwm"}]}'
	capture as_nested_root "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 0
}

# With one id of its own, as an engine has it where the user has no range.
test_rootless__groups_of_a_user_namespaces_root_that_cannot_be_dropped_stay_F062() {
	only_crun_lite
	nested_root
	args sh -c 'cat /proc/self/setgroups; id -u; id -g; exec sleep 60'
	# What exec says comes after what the container has said.
	capture as_nested_root sh -c '"$@" run --detach -b "$0" c &&
		"$@" exec c sh -c "until grep -q sleep /proc/1/comm; do usleep 10000; done; id -u" && "$@" delete --force c' "$B" "$RUNTIME" --root "$ROOT"
	expect_rc 0
	expect_eq "$OUT" $'deny\n0\n0\n0'
	# What was asked for and cannot be had is named.
	config '.process.user.additionalGids = [7]'
	capture as_nested_root "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 1
	expect_in "set the additional groups" "$ERR"
}

test_rootless__root_of_a_user_namespace_is_refused_limits_F062() {
	only_crun_lite
	nested_root
	config '.linux.resources = {"memory":{"limit":104857600}}'
	capture as_nested_root "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_rc 1
	expect_in memory "$ERR"
	one_sentence
}

test_rootless__the_state_of_a_user_namespaces_root_is_the_users_F062() {
	only_crun_lite
	nested_root
	mkdir -p "$T/host" "$T/run"
	chown $USER_ID "$T/run"
	# Root's own state has been there for long.
	mkdir -p -m 700 "$T/host/crun-lite"
	capture unshare --mount --propagation private bash -c 'mount --bind "$1/host" /run; shift; "$@"' - "$T" \
		setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env XDG_RUNTIME_DIR="$T/run" \
		unshare --user --map-root-user --mount --propagation private "$RUNTIME" run -b "$B" "$ID"
	expect_rc 0
	expect_file "$T/run/crun-lite"
}

# Flags of run (docs/run.md), of which an ordinary user's container has the same.
user_flags() { capture as_user env HOME="$T/home" XDG_DATA_HOME= "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }

test_rootless__flags_of_run_change_the_configuration_F062() {
	only_crun_lite
	ordinary_user ids
	mkdir "$T/src" "$T/home"
	echo mine >"$T/src/file"
	chown -R $USER_ID:$USER_ID "$T/src" "$T/home"
	user_flags run -e X=1 -w /tmp -u user:user -v "$T/src:/mnt:ro" --tmpfs /opt:size=1m --hostname web --ulimit core=0 --umask 077 --init --read-only -b "$B" "$ID" -- \
		sh -c 'echo "$X $(pwd) $(id -u):$(id -G) $(hostname) $(ulimit -c) $(umask) $$"; cat /mnt/file; touch /tmp/x /mnt/x'
	expect_rc 1
	expect_eq "$OUT" $'1 /tmp 1000:1000 web 0 0077 2\nmine'
	expect_match '/mnt/x: Read-only file system' "$ERR"
	user_flags run --cap-drop ALL --cap-add CHOWN -b "$B" "$ID" -- grep CapEff /proc/self/status
	expect_match 'CapEff:[[:space:]]*0*1$'
	user_flags run --device /dev/null:/dev/nothing -b "$B" "$ID" -- stat -c %t:%T /dev/nothing
	expect_eq "$OUT" 1:3
}

test_rootless__volumes_are_the_users_own_F062() {
	only_crun_lite
	ordinary_user ids
	own_rootfs
	echo "image's" >"$R/vol/file"
	mkdir -p "$R/vol/sub" "$T/home"
	chown -R $USER_ID:$USER_ID "$R" "$T/home"
	chown $((RANGE + 999)):$((RANGE + 999)) "$R/vol/file"
	user_flags run -v data:/vol -b "$B" "$ID" -- sh -c 'cat /vol/file; stat -c %u:%g /vol /vol/file; echo new >/vol/sub/new'
	expect_eq "$OUT" $'image\'s\n0:0\n1000:1000'
	local data=$T/home/.local/share/crun-lite/volumes/data/data
	expect_eq "$(stat -c %u "$data" "$data/file" "$data/sub/new")" $"$USER_ID"$'\n'"$((RANGE + 999))"$'\n'"$USER_ID"
	user_flags run -d -v data:/vol -u user:user -b "$B" "$ID" -- sleep 1000
	expect_rc 0
	user_flags volume rm data
	expect_in "container $ID has it" "$ERR"
	user_flags delete --force "$ID"
	# Of ids that are not its own.
	user_flags volume rm data
	expect_eq "$OUT" data
	expect_no_file "$data"
	user_flags volume ls --json
	expect_eq "$(jq length <<<"$OUT")" 0
}

# What belongs to nobody in the namespace becomes its root's, and so may not be set-uid.
test_rootless__a_copy_of_what_is_not_mapped_is_no_setuid_program_F040() {
	only_crun_lite
	ordinary_user ids
	own_rootfs
	mkdir "$T/home"
	cp "$R/bin/true" "$R/vol/prog"
	chmod 6755 "$R/vol/prog"
	ln -s prog "$R/vol/link"
	chown -R $USER_ID:$USER_ID "$T/home"
	user_flags run --store "$T/home/store" -v data:/vol --tmpfs /home/user:exec,suid -b "$B" "$ID" -- stat -c '%n %u:%g %a' /vol /vol/prog /vol/link
	expect_eq "$OUT" $'/vol 0:0 755\n/vol/prog 0:0 755\n/vol/link 0:0 777'
}
