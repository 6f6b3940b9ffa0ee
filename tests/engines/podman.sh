# podman (with conmon), as root, with cgroupfs where there is no systemd.
# shellcheck shell=bash

pod() { "$ENGINE/podman" "$@"; }

start_chapter() {
	needs podman conmon
	containers_conf
	cat >"$ENGINE/podman" <<-P
		#!/bin/sh
		exec podman --root "$ENGINE/storage" --runroot "$ENGINE/run" --tmpdir "$ENGINE/tmp" --storage-driver overlay \\
			--network-config-dir "$ENGINE/net" "\$@"
	P
	chmod 755 "$ENGINE/podman"
	good pod import -q -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$IMAGE_TAR" bb:1
	# What podman makes once, and keeps: its storage's mount, locks, bridge, groups.
	good pod run --rm bb:1 true
	good pod run --rm --network none bb:1 true
	good pod pod create --name warm
	good pod pod rm -f warm
}

stop_chapter() {
	good pod rm -fa -t 0
	no_containers_conf
}

# kept NAME [FLAG...]: a container of that name that runs until it is stopped
kept() {
	local name=$1
	shift
	good pod run -d --name "$name" "$@" bb:1 sh -c 'trap "exit 3" TERM; echo ready; while :; do usleep 50000; done'
	until_true says "$name" ready
}
says() { pod logs "$1" 2>&1 | grep -q "$2"; }
# podman's clean-up after a stop may be at it: then one of the two is told that a mount is busy.
gone() { until_true pod rm -f -i -t 0 "$@"; }

# inside FLAG... -- WORD...: a container that is removed
inside() {
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	good pod run --rm "${flags[@]}" bb:1 "$@"
}

# limit CONTROLLER V1FILE V2FILE: a script that prints it
limit() { echo "cat /sys/fs/cgroup/$1/$2 2>/dev/null || cat /sys/fs/cgroup/$3"; }

inspected() { # NAME FORMAT
	good pod inspect --format "$2" "$1"
}
is_inspected() { [ "$(pod inspect --format "$2" "$1")" = "$3" ]; }

# ---- run ---------------------------------------------------------------------------------------
test_podman__run_rm_prints_what_the_program_says() {
	inside -- echo hello
	expect_eq "$OUT" hello
	good pod ps -aq
	expect_eq "$OUT" ""
}

test_podman__the_drop_in_makes_it_the_runtime_of_all() {
	good pod info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}} {{.Host.OCIRuntime.Version}}'
	expect_in "$UNDER_TEST $RUNTIME"
	expect_match "$UNDER_TEST version"
}

test_podman__exit_codes_are_the_programs() {
	bad 0 pod run --rm bb:1 true
	bad 1 pod run --rm bb:1 false
	bad 42 pod run --rm bb:1 sh -c 'exit 42'
	bad 137 pod run --rm bb:1 sh -c 'sh -c "kill -KILL \$\$"; exit $?'
}

test_podman__what_is_no_program_is_126() {
	bad 126 pod run --rm bb:1 /etc
	bad 126 pod run --rm bb:1 /bin/notexec
}

test_podman__a_missing_program_is_127() {
	bad 127 pod run --rm bb:1 nothing-of-this-name
	bad 127 pod run --rm bb:1 /bin/nothing
}

test_podman__an_error_is_one_line_that_names_the_program() {
	bad 127 pod run --rm bb:1 nothing-of-this-name
	expect_eq "$(grep -c nothing-of-this-name <<<"$ERR")" 1 "lines about it"
	expect_not_in '"msg"' "$ERR"
}

test_podman__stdin_is_the_programs() {
	capture pod run --rm -i bb:1 cat <<<"some words"
	expect_eq "$OUT" "some words"
}

test_podman__stdout_and_stderr_stay_apart() {
	inside -- sh -c 'echo one; echo two >&2'
	expect_eq "$OUT" one
	expect_eq "$ERR" two
}

test_podman__it_has_a_terminal_of_the_callers_size() {
	capture "$HELPERS/ptyrun" line:40x100 'expect:# ' "send:tty; $(sized 40 100)exit 7\r" 'expect:/dev/pts/0' -- \
		"$ENGINE/podman" run --rm -it bb:1 sh
	expect_rc 7
}

test_podman__a_terminal_follows_the_callers_size() {
	capture "$HELPERS/ptyrun" line:40x100 'expect:# ' size:50x120 \
		"send:$(sized 50 120)echo re\"\"sized; exit\\r" expect:resized -- \
		"$ENGINE/podman" run --rm -it bb:1 sh
	expect_rc 0
}

test_podman__interrupt_reaches_the_program_through_the_terminal() {
	capture "$HELPERS/ptyrun" expect:ready 'send:\x03' expect:caught -- \
		"$ENGINE/podman" run --rm -it bb:1 sh -c 'trap "echo caught; exit 5" INT; echo ready; while :; do usleep 50000; done'
	expect_rc 5
}

# ---- the life of a container -------------------------------------------------------------------
test_podman__d_exec_logs_stop_rm() {
	kept one
	good pod exec one echo from exec
	expect_eq "$OUT" "from exec"
	good pod logs one
	expect_eq "$OUT" ready
	good pod stop -t 5 one
	inspected one '{{.State.Status}} {{.State.ExitCode}}'
	expect_eq "$OUT" "exited 3"
	good pod rm one
}

test_podman__create_start_attach_wait() {
	good pod create --name two bb:1 sh -c 'echo out; exit 6'
	capture pod start -a two
	expect_rc 6
	expect_eq "$OUT" out
	good pod wait two
	expect_eq "$OUT" 6
	# And again: the same container a second time.
	capture pod start -a two
	expect_rc 6
	gone two
}

test_podman__stop_kills_what_does_not_listen() {
	good pod run -d --name deaf bb:1 sh -c 'trap "" TERM; echo ready; while :; do usleep 50000; done'
	until_true says deaf ready
	good pod stop -t 1 deaf
	inspected deaf '{{.State.ExitCode}}'
	expect_eq "$OUT" 137
	gone deaf
}

test_podman__kill_sends_the_signal() {
	good pod run -d --name k bb:1 sh -c 'trap "echo usr1" USR1; echo ready; while :; do usleep 50000; done'
	until_true says k ready
	good pod kill -s USR1 k
	until_true says k usr1
	good pod kill k
	good pod wait k
	expect_eq "$OUT" 137
	bad 125 pod kill k
	gone k
}

test_podman__rm_force_ends_a_running_container() {
	kept f
	gone f
	bad 1 pod container exists f
}

test_podman__exec_has_the_programs_exit_code() {
	kept e
	bad 9 pod exec e sh -c 'exit 9'
	bad 127 pod exec e nothing-of-this-name
	bad 126 pod exec e /etc
	bad 137 pod exec e sh -c 'kill -KILL $$'
	gone e
}

test_podman__exec_takes_user_environment_and_directory() {
	kept e
	good pod exec -u 1000:2000 -e WORD=seen -w /tmp e sh -c 'id -u; id -g; echo $WORD; pwd'
	expect_eq "$OUT" $'1000\n2000\nseen\n/tmp'
	good pod exec -u user e sh -c 'id -un; id -G; echo $HOME'
	expect_eq "$OUT" $'user\n1000 2000\n/home/user'
	gone e
}

test_podman__exec_it_has_a_terminal() {
	kept e
	capture "$HELPERS/ptyrun" line:30x90 'expect:# ' "send:tty; $(sized 30 90)exit 4\r" expect:/dev/pts/ -- \
		"$ENGINE/podman" exec -it e sh
	expect_rc 4
	gone e
}

test_podman__exec_i_reads_stdin() {
	kept e
	capture pod exec -i e cat <<<"through exec"
	expect_eq "$OUT" "through exec"
	gone e
}

test_podman__exec_d_goes_on_without_its_caller() {
	kept e -v "$T:/vol"
	good pod exec -d e sh -c 'usleep 200000; echo done >/vol/mark'
	until_true test -s "$T/mark"
	gone e
}

test_podman__exec_privileged_has_more_than_the_container() {
	kept e
	good pod exec e inspect caps
	local few=$OUT
	good pod exec --privileged e inspect caps
	[ "$few" != "$OUT" ] || fail "the same capabilities"
	gone e
}

test_podman__pause_and_unpause() {
	kept p
	good pod pause p
	inspected p '{{.State.Status}}'
	expect_eq "$OUT" paused
	# What a paused container cannot do.
	bad 255 pod exec p true
	good pod unpause p
	good pod exec p echo again
	expect_eq "$OUT" again
	gone p
}

test_podman__rm_force_ends_a_paused_container() {
	kept p
	good pod pause p
	gone p
}

test_podman__restart_starts_it_anew() {
	kept r
	inspected r '{{.State.Pid}}'
	local pid=$OUT
	good pod restart -t 1 r
	inspected r '{{.State.Pid}}'
	[ "$OUT" != "$pid" ] || fail "the same process"
	gone r
}

test_podman__restart_on_failure_tries_twice() {
	good pod run -d --name again --restart on-failure:2 bb:1 sh -c 'echo run; exit 1'
	until_true is_inspected again '{{.RestartCount}} {{.State.Status}}' '2 exited'
	good pod logs again
	expect_eq "$OUT" $'run\nrun\nrun'
	gone again
}

test_podman__init_is_a_reaper() {
	good pod run --rm --init bb:1 sh -c 'echo $$; ps'
	expect_match '(^|'$'\n'')[^1]'
	expect_match 'catatonit|podman-init'
}

test_podman__healthcheck() {
	kept h --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1
	bad 1 pod healthcheck run h
	good pod exec h touch /tmp/well
	good pod healthcheck run h
	inspected h '{{.State.Health.Status}}'
	expect_eq "$OUT" healthy
	gone h
}

# ---- what is told about it ---------------------------------------------------------------------
test_podman__top_stats_inspect_and_ps_agree() {
	kept i --hostname seen -l part=test
	good pod top i pid comm
	expect_match 'sh'
	good pod stats --no-stream --format json i
	expect_in '"pids": '
	good pod ps --filter label=part=test --format '{{.Names}}'
	expect_eq "$OUT" i
	inspected i '{{.Config.Hostname}} {{.OCIRuntime}} {{.State.Running}}'
	expect_eq "$OUT" "seen $UNDER_TEST true"
	gone i
}

# A name that no image's ID begins with: podman diff takes it for the image.
test_podman__diff_commit_and_cp() {
	kept work
	good pod exec work sh -c 'echo new >/etc/new'
	good pod diff work
	expect_eq "$(grep -xF 'A /etc/new' <<<"$OUT")" 'A /etc/new'
	echo copied >"$T/file"
	good pod cp "$T/file" work:/tmp/file
	good pod exec work cat /tmp/file
	expect_eq "$OUT" copied
	good pod commit -q work bb:2
	good pod run --rm bb:2 cat /etc/new
	expect_eq "$OUT" new
	gone work
	good pod rmi bb:2
}

# ---- resources ---------------------------------------------------------------------------------
test_podman__memory_is_limited() {
	inside --memory 50m -- sh -c "$(limit memory memory.limit_in_bytes memory.max)"
	expect_eq "$OUT" 52428800
}

test_podman__too_much_memory_is_oom_killed() {
	needs_lasting_groups
	bad 137 pod run --name oom --memory 30m --memory-swap 30m bb:1 eatmemory 100
	inspected oom '{{.State.OOMKilled}}'
	# conmon sees it on v1 too, but podman 4 does not look where it is written.
	[ -z "$V2" ] || expect_eq "$OUT" true
	gone oom
}

test_podman__cpus_are_limited() {
	inside --cpus 0.1 -- sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match '^10000( 100000)?$'
}

test_podman__pids_are_limited() {
	inside --pids-limit 20 -- sh -c "$(limit pids pids.max pids.max)"
	expect_eq "$OUT" 20
	capture pod run --rm --pids-limit 5 bb:1 sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	expect_match "fork|Resource temporarily" "$OUT$ERR"
}

test_podman__cpuset_and_shares() {
	needs_controller cpuset
	inside --cpuset-cpus 0 --cpu-shares 512 -- sh -c "$(limit cpuset cpuset.cpus cpuset.cpus); $(limit cpu cpu.shares cpu.weight)"
	expect_match '^0'$'\n''(512|20|59)$'
}

test_podman__a_scope_of_systemd() {
	needs_systemd
	kept s --memory 50m --cpus 0.1 --pids-limit 40
	inspected s '{{.Id}}'
	local scope=libpod-$OUT.scope
	good systemctl show -P ActiveState -P MemoryMax -P TasksMax -P CPUQuotaPerSecUSec -P ControlGroup "$scope"
	expect_line active
	expect_line $((50 << 20))
	expect_line 40
	expect_line 100ms
	expect_line "/machine.slice/$scope"
	good pod update --memory 60m s
	expect_eq "$(systemctl show -P MemoryMax "$scope")" $((60 << 20))
	good pod stop -t 5 s
	until_true is_inactive "$scope"
	gone s
}
is_inactive() { [ "$(systemctl is-active "$1")" = inactive ]; }

test_podman__update_changes_a_running_container() {
	kept u --memory 100m
	good pod update --memory 60m --cpus 0.5 u
	good pod exec u sh -c "$(limit memory memory.limit_in_bytes memory.max); $(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match '^62914560'$'\n''50000'
	gone u
}

test_podman__ulimits() {
	# podman sets all that are not named to its own defaults, which not every root may.
	inside --ulimit nofile=100:200 --ulimit nproc=1000:1000 -- sh -c 'ulimit -n; ulimit -Hn'
	expect_eq "$OUT" $'100\n200'
}

test_podman__oom_score_adj() {
	inside --oom-score-adj 500 -- cat /proc/self/oom_score_adj
	expect_eq "$OUT" 500
}

test_podman__cgroups_disabled() {
	inside --cgroups disabled -- echo none
	expect_eq "$OUT" none
}

test_podman__cgroups_disabled_stays_in_the_callers_group() {
	good pod run -d --name nc --cgroups disabled bb:1 sh -c 'echo ready; exec sleep 60'
	until_true says nc ready
	inspected nc '{{.State.Pid}}'
	grep ':pids:\|^0::' "/proc/$OUT/cgroup" >"$T/group"
	! grep -q libpod "$T/group" || fail "it has a group: $(<"$T/group")"
	gone nc
}

test_podman__cgroup_namespaces_private_and_host() {
	inside --cgroupns private -- cat /proc/self/cgroup
	expect_match ':/'$'\n''|:/$'
	inside --cgroupns host -- cat /proc/self/cgroup
	expect_in libpod
}

test_podman__a_cgroup_parent() {
	local parent=/mine
	! with_systemd || parent=mine.slice
	good pod run -d --name cp --cgroup-parent $parent bb:1 sleep 60
	inspected cp '{{.State.Pid}}'
	expect_in "/${parent#/}/" "$(<"/proc/$OUT/cgroup")"
	gone cp
	until_true parent_removed
}
parent_removed() {
	find /sys/fs/cgroup -depth -type d -path '*/mine*' -exec rmdir {} + 2>/dev/null
	[ -z "$(ls -d /sys/fs/cgroup/mine /sys/fs/cgroup/*/mine 2>/dev/null)" ]
}

# ---- file systems ------------------------------------------------------------------------------
test_podman__v_binds_writable_and_read_only() {
	echo host >"$T/file"
	inside -v "$T:/vol" -- sh -c 'cat /vol/file; echo inside >/vol/new'
	expect_eq "$OUT" host
	expect_eq "$(<"$T/new")" inside
	bad 1 pod run --rm -v "$T:/vol:ro" bb:1 sh -c 'echo no >/vol/other'
	expect_in "Read-only" "$ERR"
	inside -v "$T/file:/etc/file:ro" -- cat /etc/file
	expect_eq "$OUT" host
}

test_podman__v_makes_a_destination_that_is_not_there() {
	echo host >"$T/file"
	inside -v "$T/file:/a/b/c/file" -v "$T:/x/y" -- sh -c 'cat /a/b/c/file /x/y/file'
	expect_eq "$OUT" $'host\nhost'
}

test_podman__mount_binds_with_options() {
	mkdir -p "$T/d"
	inside --mount type=bind,src="$T/d",dst=/vol,ro -- grep ' /vol ' /proc/self/mountinfo
	expect_match ' /vol ro[, ]'
	inside --mount type=bind,src="$T/d",dst=/vol,bind-propagation=rslave -- grep ' /vol ' /proc/self/mountinfo
	expect_match ' /vol rw'
}

test_podman__v_exec_suid_dev_options() {
	inside -v "$T:/vol:noexec,nosuid,nodev" -- grep ' /vol ' /proc/self/mountinfo
	expect_match ' /vol rw,nosuid,nodev,noexec'
}

test_podman__a_tmpfs_has_its_options() {
	inside --tmpfs /scratch:rw,size=1m,mode=1777 -- sh -c 'grep " /scratch " /proc/self/mountinfo; stat -c %a /scratch; echo x >/scratch/x && cat /scratch/x'
	expect_in 'size=1024k'
	expect_in $'\n1777\nx'
}

test_podman__volumes_keep_what_was_written() {
	inside -v keep:/vol -- sh -c 'echo kept >/vol/file'
	inside -v keep:/vol -- cat /vol/file
	expect_eq "$OUT" kept
	good pod volume rm keep
}

test_podman__a_new_volume_has_what_the_image_has() {
	inside -v copied:/etc -- cat /etc/file
	expect_eq "$OUT" original
	good pod volume rm copied
}

test_podman__volumes_from_another_container() {
	good pod create --name from -v "$T:/vol" bb:1 true
	inside --volumes-from from -- sh -c 'echo x >/vol/from'
	expect_file "$T/from"
	gone from
}

test_podman__an_overlay_volume_leaves_the_source_alone() {
	echo host >"$T/file"
	inside -v "$T:/vol:O" -- sh -c 'echo changed >/vol/file; cat /vol/file'
	expect_eq "$OUT" changed
	expect_eq "$(<"$T/file")" host
}

test_podman__an_image_mount() {
	inside --mount type=image,src=bb:1,dst=/image -- cat /image/etc/file
	expect_eq "$OUT" original
}

test_podman__read_only() {
	bad 1 pod run --rm --read-only bb:1 sh -c 'echo x >/etc/x'
	expect_in "Read-only" "$ERR"
	inside --read-only -- sh -c 'echo x >/tmp/x && echo y >/dev/shm/y && echo tmp'
	expect_eq "$OUT" tmp
	bad 1 pod run --rm --read-only --read-only-tmpfs=false bb:1 sh -c 'echo x >/tmp/x'
}

test_podman__rootfs_is_a_folder() {
	cp -a "$ROOTFS" "$T/rootfs"
	good pod run --rm --rootfs "$T/rootfs" cat /etc/file
	expect_eq "$OUT" original
	good pod run --rm --rootfs "$T/rootfs:O" sh -c 'echo changed >/etc/file; cat /etc/file'
	expect_eq "$OUT" changed
	expect_eq "$(<"$T/rootfs/etc/file")" original
}

test_podman__shm_size() {
	inside --shm-size 2m -- grep ' /dev/shm ' /proc/self/mountinfo
	expect_in size=2048k
}

test_podman__a_device() {
	inside --device /dev/null:/dev/other -- sh -c 'echo x >/dev/other; stat -c %t:%T /dev/other'
	expect_eq "$OUT" 1:3
	inside --device /dev/zero:/dev/mine:r -- sh -c 'head -c 3 /dev/mine | wc -c'
	expect_eq "$OUT" 3
}

test_podman__secrets() {
	printf hush >"$T/secret"
	good pod secret create words "$T/secret"
	inside --secret words -- cat /run/secrets/words
	expect_eq "$OUT" hush
	good pod secret rm words
}

test_podman__masked_and_read_only_paths() {
	inside -- sh -c 'cat /proc/timer_list | wc -c; ls /proc/acpi /sys/firmware 2>/dev/null | grep -c "[a-z]$"; echo x >/proc/sys/kernel/domainname || echo refused'
	expect_eq "$OUT" $'0\n0\nrefused'
	inside --security-opt unmask=ALL -- sh -c '! grep -q " /proc/timer_list " /proc/self/mountinfo'
	inside --security-opt mask=/etc/file -- cat /etc/file
	expect_eq "$OUT" ""
}

# ---- who it is, and what it may ------------------------------------------------------------------
test_podman__user() {
	inside --user 1000:2000 -- sh -c 'id -u; id -g'
	expect_eq "$OUT" $'1000\n2000'
	inside --user user -- sh -c 'id -un; id -G; echo $HOME'
	expect_eq "$OUT" $'user\n1000 2000\n/home/user'
	inside --user 1000 --group-add 2000 -- id -G
	expect_in 2000
}

caps_of() { sed -n "s/^$1:[[:space:]]*//p" <<<"$OUT"; }

test_podman__capabilities_are_added_and_dropped() {
	inside --cap-drop all -- grep Cap /proc/self/status
	expect_eq "$(caps_of CapEff)" 0000000000000000
	inside --cap-drop all --cap-add net_raw --cap-add chown -- grep Cap /proc/self/status
	expect_eq "$(caps_of CapEff)" 0000000000002001
	expect_eq "$(caps_of CapBnd)" 0000000000002001
	# An ordinary user gets what is asked for, and only in the bounding set what is not.
	inside --user 1000 -- grep Cap /proc/self/status
	expect_eq "$(caps_of CapEff)" 0000000000000000
	inside --user 1000 --cap-add net_raw -- grep Cap /proc/self/status
	expect_eq "$(caps_of CapEff)" 0000000000002000
}

test_podman__seccomp_profiles() {
	inside -- grep Seccomp: /proc/self/status
	expect_match '2$'
	inside --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status
	expect_match '0$'
	cat >"$T/profile.json" <<-J
		{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":13}]}
	J
	bad 1 pod run --rm --security-opt seccomp="$T/profile.json" bb:1 mkdir /tmp/x
	expect_in "Permission denied" "$ERR"
}

test_podman__no_new_privileges() {
	inside --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
	expect_match '1$'
	inside -- grep NoNewPrivs /proc/self/status
	expect_match '0$'
}

test_podman__hostname() {
	inside --hostname named -- hostname
	expect_eq "$OUT" named
	inside --uts host -- hostname
	expect_eq "$OUT" "$(hostname)"
}

test_podman__privileged() {
	inside --privileged -- sh -c 'mount -t tmpfs t /mnt && echo mounted'
	expect_eq "$OUT" mounted
	inside --privileged -- sh -c 'grep " /sys " /proc/self/mountinfo'
	expect_match ' /sys rw'
}

test_podman__sysctl() {
	inside --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=4096 -- cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
	expect_eq "$OUT" $'1\n4096'
}

test_podman__environment_and_working_directory() {
	inside -e ONE=1 -e TWO="2 2" -w /tmp -- sh -c 'echo $ONE $TWO; pwd'
	expect_eq "$OUT" $'1 2 2\n/tmp'
}

test_podman__a_user_namespace_with_maps() {
	inside --uidmap 0:100000:65536 --gidmap 0:100000:65536 -- sh -c 'cat /proc/self/uid_map; id -u; stat -c %u /etc/file; touch /tmp/x'
	expect_match '^ *0 +100000 +65536'$'\n''0'$'\n''0$'
}

test_podman__a_user_namespace_with_a_volume() {
	chmod 777 "$T"
	inside --uidmap 0:100000:65536 -v "$T:/vol" -- touch /vol/x
	expect_eq "$(stat -c %u "$T/x")" 100000
}

test_podman__a_user_namespace_has_exec_terminal_and_stop() {
	kept un --uidmap 0:100000:65536
	good pod exec un id -u
	expect_eq "$OUT" 0
	capture "$HELPERS/ptyrun" 'expect:# ' 'send:id -u; exit 4\r' expect:0 -- "$ENGINE/podman" exec -it un sh
	expect_rc 4
	good pod stop -t 5 un
	gone un
}

test_podman__pid_ipc_and_network_of_the_host() {
	inside --pid host -- sh -c 'ls -d /proc/[0-9]* | wc -l'
	[ "$OUT" -gt 3 ] || fail "few processes"
	inside --ipc host --network host -- ip -o link
	expect_not_in eth0@
}

test_podman__namespaces_of_another_container() {
	kept ns
	inside --pid container:ns --network container:ns --ipc container:ns -- sh -c 'grep -c "echo ready" /proc/1/cmdline; ls -l /proc/1/ns/net /proc/self/ns/net | sed "s/.*-> //" | uniq | wc -l'
	expect_eq "$OUT" $'1\n1'
	gone ns
}

# ---- networks ----------------------------------------------------------------------------------
test_podman__a_bridge_and_a_published_port() {
	good pod run -d --name web -p 127.0.0.1:18080:80 bb:1 sh -c "$(web)"
	until_true fetched 127.0.0.1 18080
	inspected web '{{.NetworkSettings.IPAddress}}'
	until_true fetched "$OUT" 80
	gone web
}

test_podman__network_none_has_a_loopback() {
	inside --network none -- sh -c 'ip -o link | wc -l; ip -o addr show lo'
	expect_match '^1'$'\n''.*127.0.0.1'
}

# ---- pods --------------------------------------------------------------------------------------
test_podman__a_pod_shares_its_namespaces() {
	good pod pod create --name pd --hostname inthepod
	good pod run -d --pod pd --name pd-web bb:1 sh -c "$(web)"
	good pod run --rm --pod pd bb:1 sh -c 'hostname; for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://127.0.0.1/ && break; usleep 100000; done'
	expect_eq "$OUT" $'inthepod\npage'
	good pod pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
	expect_match '^pd (Running|Degraded) 2$'
	good pod pod stop -t 0 pd
	good pod pod rm -f -t 0 pd
}

test_podman__a_pod_with_a_shared_pid_namespace() {
	good pod pod create --name pp --share pid,net,ipc,uts
	good pod run -d --pod pp --name pp-one bb:1 sleep 300
	good pod run --rm --pod pp bb:1 ps
	expect_in 'sleep 300'
	good pod pod pause pp
	good pod pod unpause pp
	good pod pod rm -f -t 0 pp
}

# The example of a web server and a store beside it.
test_podman__play_kube_with_two_services_and_limits() {
	cat >"$T/kube.yaml" <<-Y
		apiVersion: v1
		kind: Pod
		metadata:
		  name: shop
		spec:
		  containers:
		  - name: web
		    image: localhost/bb:1
		    command: ["sh", "-c", "$(web)"]
		    ports:
		    - containerPort: 80
		      hostPort: 18081
		      hostIP: 127.0.0.1
		    resources:
		      limits: {cpu: 100m, memory: 50M}
		  - name: redis
		    image: localhost/bb:1
		    command: ["sh", "-c", "while :; do echo +PONG | nc -l -p 6379; done"]
		    resources:
		      limits: {cpu: 100m, memory: 50M}
	Y
	good pod play kube "$T/kube.yaml"
	until_true fetched 127.0.0.1 18081
	local c
	for c in shop-web shop-redis; do
		good pod exec $c sh -c "$(limit memory memory.limit_in_bytes memory.max); $(limit cpu cpu.cfs_quota_us cpu.max)"
		expect_match '^(50000000|49999872|49995776)'$'\n''10000'
	done
	until_true asked shop-web
	good pod play kube --down "$T/kube.yaml"
	good pod ps -aq
	expect_eq "$OUT" ""
}
asked() { [[ $(pod exec "$1" sh -c 'echo PING | nc -w 2 127.0.0.1 6379') == *PONG* ]]; }

# ---- build -------------------------------------------------------------------------------------
test_podman__build_runs_three_steps() {
	cat >"$T/Dockerfile" <<-'D'
		FROM localhost/bb:1
		RUN echo one >/one && test "$(id -u)" = 0
		COPY file /two
		RUN cat /one /two >/three
		USER 1000
		CMD ["cat", "/three"]
	D
	echo two >"$T/file"
	good pod build -q --network none -t built:1 "$T"
	inside -- true
	good pod run --rm built:1
	expect_eq "$OUT" $'one\ntwo'
	good pod rmi built:1
}

test_podman__build_says_which_step_failed() {
	printf 'FROM localhost/bb:1\nRUN exit 5\n' >"$T/Dockerfile"
	capture pod build --network none -t never:1 "$T"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_match 'exit (status|code).* ?5|status 5' "$ERR"
	good pod rmi -f $(pod images -qf dangling=true) bb:none 2>/dev/null || :
}

# ---- many --------------------------------------------------------------------------------------
test_podman__fifty_containers_in_parallel() {
	local i
	for ((i = 0; i < 50; i++)); do
		(
			pod run -d --network none --name "many$i" bb:1 sleep 300 >/dev/null 2>"$T/err$i" || echo "$i" >>"$T/bad"
		) &
		((i % 10 != 9)) || wait
	done
	wait
	[ ! -e "$T/bad" ] || fail "failed: $(cat "$T/bad" "$T"/err*)"
	good pod ps -q
	expect_eq "$(wc -l <<<"$OUT")" 50
	good pod rm -fa -t 0
	# They take their time to end.
	DEADLINE=40 until_true no_conmon
}
no_conmon() { [ -z "$(ps -C conmon -o stat= | grep -v ^Z)" ]; }

test_podman__sdnotify_of_the_container() {
	"$HELPERS/agent" 2>/dev/null || :
	inside --sdnotify ignore -- sh -c 'echo ${NOTIFY_SOCKET-none}'
	expect_eq "$OUT" none
}
