# Docker: a daemon of its own with the containerd that it starts, its bridge, and docker-compose.
# shellcheck shell=bash

# The distribution's, where the machine has another client in front of it.
DOCKER=/usr/bin/docker
[ -x "$DOCKER" ] || DOCKER=docker

# daemon DIR FLAG...: runs one in $ENGINE/DIR, configured by contrib/engines/docker/daemon.json
daemon() {
	local dir=$ENGINE/$1
	shift
	mkdir -p "$dir"
	# Docker's own name for runc cannot be given a path.
	if [ "$UNDER_TEST" = runc ]; then
		echo '{}' >"$dir/daemon.json"
	else
		sed "s|/usr/local/bin/crun-lite|$RUNTIME|; s|\"crun-lite\"|\"$UNDER_TEST\"|" "$top/contrib/engines/docker/daemon.json" >"$dir/daemon.json"
	fi
	# The reaper: a daemon takes the zombie of an earlier one's containerd for a live one.
	"$HELPERS/reaper" "$dir/rc" dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" --pidfile "$dir/pid" --host "unix://$dir/sock" \
		--storage-driver overlay2 --oom-score-adjust 0 "$@" >>"$dir/log" 2>&1 {done_fd}>&- &
	DEADLINE=${DEADLINE:-40} until_true "$DOCKER" -H "unix://$dir/sock" version
}

export DOCKER_BUILDKIT=0 COMPOSE_DOCKER_CLI_BUILD=0
DAEMON=main                     # whom dk talks to
dk() { "$DOCKER" -H "unix://$ENGINE/$DAEMON/sock" "$@"; }

# typed STEP... -- ARG...: dk at a terminal
typed() {
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	capture "$HELPERS/ptyrun" "${steps[@]}" -- "$DOCKER" -H "unix://$ENGINE/$DAEMON/sock" "$@"
}

start_chapter() {
	needs dockerd docker-compose
	daemon main
	good dk import "$IMAGE_TAR" bb:1
	# What Docker makes once, and keeps, as the namespace of --network host.
	good dk run --rm bb:1 true
	good dk run --rm --network host bb:1 true
	good dk run --rm --network none bb:1 true
}

stop_chapter() {
	local all
	all=$(dk ps -aq)
	[ -z "$all" ] || fail "these containers are left: $(dk ps -a)"
	stop_daemon "$ENGINE/main/pid"
}

# inside FLAG... -- WORD...: a container that is removed
inside() {
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	good dk run --rm --pull never "${flags[@]}" bb:1 "$@"
}

# kept NAME FLAG...: a container of that name that waits for a TERM
kept() {
	good dk run -d --pull never --name "$@" bb:1 sh -c 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
	until_true says "$1" ready
}
says() { dk logs "$1" 2>&1 | grep -q "$2"; }
gone() { good dk rm -f "$@"; }
of() { dk inspect --format "{{$2}}" "$1"; }
is() { [ "$(of "$1" "$2")" = "$3" ]; }

# limit CONTROLLER V1FILE V2FILE: a script that prints it
limit() { echo "cat /sys/fs/cgroup/$1/$2 2>/dev/null || cat /sys/fs/cgroup/$3"; }

# ---- run ---------------------------------------------------------------------------------------
test_docker__run_rm_prints_what_the_program_says() {
	inside -- echo hello
	expect_eq "$OUT" hello
	good dk ps -aq
	expect_eq "$OUT" ""
}

test_docker__info_shows_the_runtime() {
	good dk info --format '{{.DefaultRuntime}} {{range $n, $_ := .Runtimes}}{{$n}} {{end}}'
	expect_eq "${OUT%% *}" "$UNDER_TEST"
	only_crun_lite
	good dk info --format '{{.RuncCommit.ID}}'
	expect_eq "$OUT" "$("$RUNTIME" --version | sed -n 's/^commit: //p' | cut -c1-40)"
}

test_docker__exit_codes_are_the_programs() {
	bad 0 dk run --rm bb:1 true
	bad 1 dk run --rm bb:1 false
	bad 42 dk run --rm bb:1 sh -c 'exit 42'
	bad 137 dk run --rm bb:1 sh -c 'sh -c "kill -KILL \$\$"; exit $?'
}

test_docker__a_program_that_is_no_program_is_126() {
	bad 126 dk run --rm bb:1 /etc
	bad 126 dk run --rm bb:1 /etc/passwd
	expect_in /etc/passwd "$ERR"
}

test_docker__a_missing_program_is_127() {
	bad 127 dk run --rm bb:1 nothing-of-this-name
	expect_in 'exec: "nothing-of-this-name": executable file not found in $PATH' "$ERR"
	bad 127 dk run --rm bb:1 /bin/nothing
	expect_in /bin/nothing "$ERR"
}

test_docker__a_directory_over_a_file_is_explained() {
	mkdir d
	bad 125 dk run --rm -v "$T/d:/etc/passwd" bb:1 true
	expect_in 'Are you trying to mount a directory onto a file' "$ERR"
}

test_docker__stdin_is_the_programs() {
	capture dk run --rm -i bb:1 cat <<<"some words"
	expect_eq "$OUT" "some words"
}

test_docker__stdout_and_stderr_stay_apart() {
	inside -- sh -c 'echo one; echo two >&2'
	expect_eq "$OUT" one
	expect_eq "$ERR" two
}

test_docker__it_has_a_terminal() {
	typed line:40x100 'expect:# ' "send:tty; $(sized 40 100)exit 7\r" -- run --rm -it bb:1 sh
	expect_rc 7
	expect_in /dev/pts/0
}

test_docker__a_terminal_is_resized() {
	typed line:40x100 'expect:# ' 'size:30x90' \
		"send:$(sized 30 90)echo re\"\"sized\\r" 'expect:resized' 'send:exit\r' -- \
		run --rm -it bb:1 sh
	expect_rc 0
}

test_docker__interrupt_reaches_the_program() {
	typed expect:ready 'send:^C' -- run --rm -it bb:1 \
		sh -c 'trap "echo interrupted; exit 5" INT; echo ready; while :; do sleep 0.1; done'
	expect_rc 5
	expect_in interrupted
}

# ---- a life ------------------------------------------------------------------------------------
test_docker__exec_logs_stop_start_kill_and_rm() {
	kept life
	expect_eq "$(of life .State.Status)" running
	good dk exec life echo from exec
	expect_eq "$OUT" "from exec"
	good dk logs life
	expect_eq "$OUT" ready
	good dk stop -t 20 life
	expect_eq "$(of life .State.ExitCode)" 3
	good dk logs life
	expect_line bye
	good dk start life
	until_true is life .State.Status running
	good dk kill life
	until_true is life .State.Status exited
	expect_eq "$(of life .State.ExitCode)" 137
	good dk rm life
	good dk ps -aq
	expect_eq "$OUT" ""
}

test_docker__stop_ends_in_a_kill() {
	good dk run -d --name deaf bb:1 sh -c 'trap "" TERM; echo ready; while :; do sleep 0.1; done'
	until_true says deaf ready
	good dk stop -t 1 deaf
	expect_eq "$(of deaf .State.ExitCode)" 137
	gone deaf
}

test_docker__a_signal_by_name() {
	good dk run -d --name usr bb:1 sh -c 'trap "echo got it; exit 9" USR1; echo ready; while :; do sleep 0.1; done'
	until_true says usr ready
	good dk kill -s USR1 usr
	good dk wait usr
	expect_eq "$OUT" 9
	gone usr
}

test_docker__rm_force_ends_what_runs() {
	kept forced
	gone forced
}

test_docker__restart_gives_it_another_process() {
	kept again
	local pid
	pid=$(of again .State.Pid)
	good dk restart -t 5 again
	until_true is again .State.Status running
	[ "$(of again .State.Pid)" != "$pid" ] || fail "it is the same process"
	gone again
}

test_docker__created_then_started_and_attached() {
	good dk create --name made bb:1 echo from made
	expect_eq "$(of made .State.Status)" created
	good dk start -a made
	expect_eq "$OUT" "from made"
	good dk rm made
}

test_docker__a_file_is_copied_in_and_out() {
	kept copied
	echo words >in
	good dk cp in copied:/tmp/file
	good dk exec copied cat /tmp/file
	expect_eq "$OUT" words
	good dk cp copied:/tmp/file out
	expect_eq "$(<out)" words
	gone copied
}

test_docker__pause_and_unpause() {
	kept frozen
	good dk pause frozen
	expect_eq "$(of frozen .State.Status)" paused
	bad 1 dk exec frozen true
	expect_in 'is paused' "$ERR"
	good dk unpause frozen
	good dk exec frozen true
	gone frozen
}

test_docker__top_stats_and_inspect() {
	kept seen --memory 64m
	good dk top seen
	expect_match 'trap .* TERM'
	good dk top seen -o pid,comm
	expect_match 'PID +COMMAND'
	good dk stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' seen
	expect_match '^[0-9.]+[KM]iB / 64MiB [1-9]'
	good dk inspect seen --format '{{.HostConfig.Runtime}} {{.State.Pid}}'
	expect_eq "${OUT% *}" "$UNDER_TEST"
	expect_file "/proc/${OUT#* }"
	gone seen
}

test_docker__update_changes_the_limits() {
	kept changed --memory 64m --memory-swap 64m --cpus 0.5 --pids-limit 50
	good dk update --memory 96m --memory-swap 192m --cpus 0.3 --pids-limit 60 changed
	good dk exec changed sh -c "$(limit memory memory.limit_in_bytes memory.max)"
	expect_eq "$OUT" $((96 << 20))
	good dk exec changed sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match '^30000'
	good dk exec changed sh -c "$(limit pids pids.max pids.max)"
	expect_eq "$OUT" 60
	gone changed
}

test_docker__a_failure_restarts_it_twice() {
	good dk run -d --name failing --restart on-failure:2 bb:1 sh -c 'echo try; exit 3'
	DEADLINE=30 until_true is failing .RestartCount 2
	until_true is failing .State.Status exited
	expect_eq "$(of failing .State.ExitCode)" 3
	good dk logs failing
	expect_eq "$OUT" $'try\ntry\ntry'
	gone failing
}

test_docker__health_is_looked_after() {
	kept healthy --health-cmd 'test -e /tmp/well' --health-interval 200ms --health-retries 2
	until_true is healthy .State.Health.Status unhealthy
	good dk exec healthy touch /tmp/well
	until_true is healthy .State.Health.Status healthy
	gone healthy
}

test_docker__oom_is_told() {
	needs_lasting_groups
	capture dk run --name hungry --memory 20m --memory-swap 20m bb:1 eatmemory 60
	expect_rc 137
	expect_eq "$(of hungry .State.OOMKilled)" true
	gone hungry
}

test_docker__fifty_at_once() {
	local i pids=()
	for i in {1..50}; do
		(trap - ERR; dk run --rm --network none --name "many$i" bb:1 sh -c "echo $i; exit $i" >"out$i" 2>&1) &
		pids[i]=$!
	done
	for i in {1..50}; do
		RC=0
		wait "${pids[i]}" || RC=$?
		[ "$RC" = "$i" ] && [ "$(<"out$i")" = "$i" ] || fail "the $i. exited with $RC: $(<"out$i")"
	done
}

# ---- exec --------------------------------------------------------------------------------------
test_docker__exec_has_a_terminal() {
	kept shell
	typed line:25x70 'expect:# ' "send:tty; $(sized 25 70)exit 7\r" -- exec -it shell sh
	expect_rc 7
	expect_in /dev/pts/0
	gone shell
}

test_docker__exec_gets_user_folder_environment_and_rights() {
	kept flags -e A=container
	good dk exec -u user:2000 -w /tmp -e B=exec flags sh -c 'id -u; id -g; pwd; echo $A $B'
	expect_eq "$OUT" $'1000\n2000\n/tmp\ncontainer exec'
	good dk exec -u 0 flags grep CapEff /proc/self/status
	local few=$OUT
	good dk exec --privileged flags grep CapEff /proc/self/status
	[ "$OUT" != "$few" ] || fail "--privileged has given nothing: $OUT"
	gone flags
}

test_docker__exec_exit_codes() {
	kept codes
	bad 9 dk exec codes sh -c 'exit 9'
	bad 126 dk exec codes /etc/passwd
	bad 126 dk exec codes nothing-of-this-name
	expect_match 'executable file not found in \$PATH' "$OUT$ERR"
	bad 1 dk exec nobody true
	gone codes
}

test_docker__exec_detached() {
	kept quiet
	good dk exec -d quiet sh -c 'echo done >/tmp/done; sleep 100'
	until_true dk exec quiet grep -q done /tmp/done
	gone quiet
}

test_docker__exec_reads_stdin() {
	kept piped
	capture dk exec -i piped cat <<<"through"
	expect_eq "$OUT" through
	gone piped
}

# ---- limits ------------------------------------------------------------------------------------
test_docker__memory_limit_is_seen_inside() {
	inside --memory 50m -- sh -c "$(limit memory memory.limit_in_bytes memory.max)"
	expect_eq "$OUT" $((50 << 20))
}

test_docker__cpus_limit_is_seen_inside() {
	inside --cpus 0.5 -- sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match '^50000'
}

test_docker__pids_limit_is_seen_inside() {
	inside --pids-limit 33 -- sh -c "$(limit pids pids.max pids.max)"
	expect_eq "$OUT" 33
}

test_docker__cpuset_shares_and_reservation_are_seen_inside() {
	needs_controller cpuset
	inside --cpuset-cpus 0 -- sh -c "$(limit cpuset cpuset.cpus cpuset.cpus)"
	expect_eq "$OUT" 0
	inside --cpu-shares 512 -- sh -c "$(limit cpu cpu.shares cpu.weight)"
	expect_match "^(512|20|59)$"
	inside --memory 64m --memory-reservation 32m -- sh -c "$(limit memory memory.soft_limit_in_bytes memory.low)"
	expect_eq "$OUT" $((32 << 20))
}

test_docker__a_scope_of_systemd() {
	needs_systemd
	good dk info --format '{{.CgroupDriver}} {{.CgroupVersion}}'
	expect_eq "$OUT" 'systemd 2'
	kept scoped --memory 50m --cpus 0.1
	local scope
	scope=docker-$(of scoped .Id).scope
	good systemctl show -P ActiveState -P MemoryMax -P CPUQuotaPerSecUSec -P ControlGroup "$scope"
	expect_line active
	expect_line $((50 << 20))
	expect_line 100ms
	expect_line "/system.slice/$scope"
	good dk update --memory 60m --memory-swap 60m scoped
	expect_eq "$(systemctl show -P MemoryMax "$scope")" $((60 << 20))
	good dk stop -t 5 scoped
	until_true is_inactive "$scope"
	gone scoped
}
is_inactive() { [ "$(systemctl is-active "$1")" = inactive ]; }

test_docker__ulimits_and_oom_score() {
	inside --ulimit nofile=123:456 --oom-score-adj 300 -- sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj'
	expect_eq "$OUT" $'123\n456\n300'
}

test_docker__another_parent_group() {
	if with_systemd; then
		inside --cgroup-parent mine.slice --cgroupns host -- cat /proc/self/cgroup
		expect_match '/mine.slice/docker-[0-9a-f]{64}.scope'
		return
	fi
	inside --cgroup-parent /parent --cgroupns host -- cat /proc/self/cgroup
	expect_match '/parent/[0-9a-f]{64}'
	find /sys/fs/cgroup -depth -type d -path '*/parent' -exec rmdir {} +
}

# ---- mounts ------------------------------------------------------------------------------------
test_docker__a_bound_folder_is_written_and_read() {
	mkdir d
	inside -v "$T/d:/mnt" -- sh -c 'echo written >/mnt/f'
	expect_eq "$(<d/f)" written
	inside --mount "type=bind,source=$T/d,target=/mnt" -- cat /mnt/f
	expect_eq "$OUT" written
}

test_docker__a_bound_folder_is_read_only() {
	mkdir d
	bad 1 dk run --rm -v "$T/d:/mnt:ro" bb:1 touch /mnt/f
	expect_in 'Read-only file system' "$ERR"
	bad 1 dk run --rm --mount "type=bind,source=$T/d,target=/mnt,readonly" bb:1 touch /mnt/f
	expect_in 'Read-only file system' "$ERR"
}

test_docker__a_tmpfs_has_its_size() {
	inside --tmpfs /mnt:size=2m,mode=1770 -- sh -c 'grep " /mnt " /proc/mounts; stat -c %a /mnt'
	expect_match 'tmpfs rw,nosuid,nodev,noexec,relatime,size=2048k,mode=1770'
	expect_line 1770
}

test_docker__a_volume_lives_on_and_gets_the_images_files() {
	inside -v "data:/home" -- sh -c 'ls /home; echo kept >/home/f'
	expect_line user
	inside -v "data:/mnt:ro" -- cat /mnt/f
	expect_eq "$OUT" kept
	good dk volume rm data
}

test_docker__volumes_of_another_container() {
	kept owner -v /vol
	good dk exec owner touch /vol/mark
	inside --volumes-from owner -- ls /vol
	expect_eq "$OUT" mark
	good dk rm -fv owner
}

test_docker__mounts_on_the_host_propagate_to_a_slave() {
	mkdir d
	mount -t tmpfs t d && mount --make-shared d
	mkdir d/sub
	kept slave -v "$T/d:/mnt:rslave"
	mount -t tmpfs t d/sub
	touch d/sub/seen
	good dk exec slave ls /mnt/sub
	expect_eq "$OUT" seen
	gone slave
	umount d/sub
	umount d
}

test_docker__a_read_only_root() {
	bad 1 dk run --rm --read-only bb:1 touch /file
	expect_in 'Read-only file system' "$ERR"
	inside --read-only --tmpfs /tmp -- touch /tmp/file
}

test_docker__devices() {
	inside --device /dev/fuse:/dev/mine:r -- sh -c ': </dev/mine && echo read; (: >/dev/mine) 2>&1 || echo refused'
	expect_line read
	expect_in 'Operation not permitted'
}

test_docker__shm_and_sysctl() {
	inside --shm-size 5m --sysctl net.ipv4.ip_unprivileged_port_start=80 -- \
		sh -c 'grep /dev/shm /proc/mounts; cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	expect_in size=5120k
	expect_line 80
}

# ---- rights ------------------------------------------------------------------------------------
test_docker__a_user_and_its_groups() {
	inside --user 1000:2000 --group-add 55 -- id
	expect_match 'uid=1000.* gid=2000.*55'
	inside --user user -- sh -c 'id -un; echo $HOME'
	expect_eq "$OUT" $'user\n/home/user'
}

test_docker__capabilities_are_added_and_dropped() {
	inside --cap-drop ALL --cap-add NET_RAW -- grep Cap /proc/self/status
	expect_match 'CapPrm:.0000000000002000'
	expect_match 'CapBnd:.0000000000002000'
	inside --cap-drop CHOWN -- grep CapBnd /proc/self/status
	expect_match 'a80425fa$'
}

test_docker__its_seccomp_profile_and_none() {
	inside -- grep Seccomp: /proc/self/status
	expect_match 2
	inside --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status
	expect_match 0
}

test_docker__a_seccomp_profile_of_ones_own() {
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}' >profile.json
	bad 1 dk run --rm --security-opt "seccomp=$T/profile.json" bb:1 mkdir /tmp/d
	expect_in 'Operation not permitted' "$ERR"
}

test_docker__no_new_privileges() {
	inside --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
	expect_match 1
}

# Where root has not all capabilities itself runc and crun fail; the specification wants a warning.
test_docker__privileged() {
	inside --privileged -- sh -c 'grep CapEff /proc/self/status; ls /dev/fuse; mount -t tmpfs t /mnt && echo mounted; tty <>/dev/ptmx; readlink /dev/ptmx'
	# What this root has of those that this Docker knows.
	local eff=${OUT#*CapEff:?}
	eff=$((0x${eff%%$'\n'*} | 0xfff << 38))
	expect_eq $((eff & 0x$(awk '/CapEff/ {print $2}' /proc/self/status))) $((0x$(awk '/CapEff/ {print $2}' /proc/self/status))) capabilities
	expect_line /dev/fuse
	expect_line mounted
	expect_line pts/ptmx
}

test_docker__paths_of_the_kernel_are_hidden() {
	inside -- sh -c 'wc -c </proc/timer_list; wc -c </proc/keys; ls /sys/firmware; (echo x >/proc/sys/kernel/domainname) 2>&1 || :'
	expect_match $'^0\n0\n[^\n]*Read-only file system$'
}

# ---- namespaces --------------------------------------------------------------------------------
test_docker__its_own_hostname() {
	inside --hostname web1 -- hostname
	expect_eq "$OUT" web1
}

test_docker__init_is_the_first_process() {
	inside --init -- sh -c 'cat /proc/1/comm'
	expect_match 'docker-init|tini'
}

test_docker__namespaces_of_the_host() {
	inside --uts host -- hostname
	expect_eq "$OUT" "$(hostname)"
	inside --pid host -- readlink /proc/self/ns/pid
	expect_eq "$OUT" "$(readlink /proc/self/ns/pid)"
	inside --ipc host -- readlink /proc/self/ns/ipc
	expect_eq "$OUT" "$(readlink /proc/self/ns/ipc)"
	inside --network host -- readlink /proc/self/ns/net
	expect_eq "$OUT" "$(readlink /proc/self/ns/net)"
	inside --cgroupns host -- readlink /proc/self/ns/cgroup
	expect_eq "$OUT" "$(readlink /proc/self/ns/cgroup)"
}

test_docker__a_cgroup_namespace_of_its_own() {
	inside --cgroupns private -- cat /proc/self/cgroup
	expect_not_in docker
}

test_docker__namespaces_of_another_container() {
	kept first --ipc shareable --hostname first
	inside --network container:first --pid container:first --ipc container:first -- \
		sh -c 'for n in net pid ipc; do readlink /proc/self/ns/$n; done; cat /proc/1/cmdline'
	local theirs
	theirs=$(for n in net pid ipc; do readlink "/proc/$(of first .State.Pid)/ns/$n"; done)
	expect_in "$theirs"
	expect_in 'trap'
	gone first
}

# ---- the network -------------------------------------------------------------------------------
test_docker__containers_reach_each_other_over_the_bridge() {
	good dk run -d --name server bb:1 sh -c 'while :; do echo hello over the bridge | nc -l -p 7000; done'
	local address
	address=$(of server .NetworkSettings.IPAddress)
	until_true dk exec server sh -c 'grep -q :1B58 /proc/net/tcp /proc/net/tcp6'
	inside -- nc "$address" 7000
	expect_eq "$OUT" 'hello over the bridge'
	gone server
}

test_docker__a_published_port() {
	good dk run -d --name published -p 127.0.0.1:7001:7000 bb:1 sh -c 'while :; do echo hello from a port | nc -l -p 7000; done'
	until_true dk exec published sh -c 'grep -q :1B58 /proc/net/tcp /proc/net/tcp6'
	good busybox nc 127.0.0.1 7001
	expect_eq "$OUT" 'hello from a port'
	gone published
}

# ---- images ------------------------------------------------------------------------------------
test_docker__build_of_three_steps() {
	mkdir context
	echo words >context/file
	cat >context/Dockerfile <<-'D'
		FROM bb:1
		COPY file /srv/file
		RUN mkdir /made && id -u >/made/uid && cat /srv/file >>/made/uid
		USER user
		CMD ["sh", "-c", "cat /made/uid; id -un"]
	D
	good dk build -q -t built:1 context
	good dk run --rm built:1
	expect_eq "$OUT" $'0\nwords\nuser'
	good dk rmi built:1
}

test_docker__a_step_of_a_build_that_fails_fails_it() {
	mkdir context
	printf 'FROM bb:1\nRUN exit 23\n' >context/Dockerfile
	capture dk build --force-rm context
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in 'returned a non-zero code: 23' "$OUT$ERR"
}

test_docker__commit_of_a_container() {
	good dk run --name author bb:1 sh -c 'echo text >/page'
	good dk commit author page:1
	good dk run --rm page:1 cat /page
	expect_eq "$OUT" text
	gone author
	good dk rmi page:1
}

# ---- compose -----------------------------------------------------------------------------------
compose() { docker-compose --host "unix://$ENGINE/main/sock" --project-name shop --file "$T/shop/docker-compose.yml" "$@"; }

# A web server that counts in a store which speaks redis' protocol; both are built here, from bb:1.
two_services() {
	mkdir -p shop/web shop/store
	cat >shop/docker-compose.yml <<-'Y'
		version: "2.4"
		services:
		  web:
		    build: web
		    ports: ["127.0.0.1:7002:80"]
		    depends_on: [store]
		    cpus: 0.1
		    mem_limit: 50M
		  store:
		    build: store
		    cpus: 0.1
		    mem_limit: 50M
		    volumes: ["kept:/data"]
		volumes:
		  kept:
	Y
	cat >shop/store/Dockerfile <<-'D'
		FROM bb:1
		COPY serve /bin/serve
		CMD ["nc", "-ll", "-p", "6379", "-e", "/bin/serve"]
	D
	cat >shop/store/serve <<-'S'
		#!/bin/sh
		read -r word key
		case $word in
		INCR*)
			n=$(($(cat /data/n 2>/dev/null || echo 0) + 1))
			echo $n >/data/n
			printf ':%d\r\n' $n ;;
		*) printf -- '-ERR unknown command\r\n' ;;
		esac
	S
	cat >shop/web/Dockerfile <<-'D'
		FROM bb:1
		COPY hits /www/cgi-bin/hits
		RUN mkdir -p /www && echo welcome >/www/index.html
		CMD ["httpd", "-f", "-p", "80", "-h", "/www"]
	D
	cat >shop/web/hits <<-'S'
		#!/bin/sh
		printf 'Content-Type: text/plain\r\n\r\n'
		printf 'INCR hits\r\n' | nc store 6379
	S
	chmod +x shop/store/serve shop/web/hits
}

page() { python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())' "http://127.0.0.1:7002/$1"; }

test_docker__compose_up_and_down_of_two_services() {
	two_services
	good compose up -d --build
	until_true page ''
	good page ''
	expect_eq "$OUT" welcome
	good page cgi-bin/hits
	expect_match '^:1'
	good page cgi-bin/hits
	expect_match '^:2'
	for s in web store; do
		good compose exec -T $s sh -c "$(limit memory memory.limit_in_bytes memory.max)"
		expect_eq "${OUT%$'\r'}" $((50 << 20))
		good compose exec -T $s sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
		expect_match '^10000'
	done
	good compose ps
	expect_match 'shop.web.1 .*Up'
	good compose stop -t 1
	good compose up -d
	until_true page ''
	good page cgi-bin/hits
	expect_match '^:3'
	good compose down -t 1 -v --rmi all
	good dk ps -aq
	expect_eq "$OUT" ""
}

# ---- the daemon --------------------------------------------------------------------------------
# Docker leaves the mount that made its folder private.
stop_lasting() {
	stop_daemon "$ENGINE/lasting/pid"
	until_true umount "$ENGINE/lasting/data"
}

test_docker__live_restore_keeps_containers_while_the_daemon_is_away() {
	daemon lasting --live-restore --bridge none
	DAEMON=lasting
	good dk import "$IMAGE_TAR" bb:1
	good dk run --rm --network none bb:1 true
	kept lasting --network none
	local pid
	pid=$(of lasting .State.Pid)
	stop_daemon "$ENGINE/lasting/pid"
	expect_file "/proc/$pid"
	daemon lasting --live-restore --bridge none
	expect_eq "$(of lasting .State.Pid)" "$pid"
	good dk exec lasting echo still here
	expect_eq "$OUT" "still here"
	good dk stop -t 20 lasting
	expect_eq "$(of lasting .State.ExitCode)" 3
	gone lasting
	stop_lasting
}

test_docker__live_restore_survives_a_daemon_that_is_killed() {
	daemon lasting --live-restore --bridge none
	DAEMON=lasting
	good dk import "$IMAGE_TAR" bb:1
	kept lasting --network none
	local pid daemon
	pid=$(of lasting .State.Pid)
	daemon=$(<"$ENGINE/lasting/pid")
	kill -KILL "$daemon"; 
	until_true is_gone "$daemon"
	expect_file "/proc/$pid"
	daemon lasting --live-restore --bridge none
	expect_eq "$(of lasting .State.Pid)" "$pid"
	good dk exec lasting true
	gone lasting
	stop_lasting
}

test_docker__users_are_remapped() {
	echo 'daemon:200000:65536' >ids
	mount --bind ids /etc/subuid
	mount --bind ids /etc/subgid
	daemon mapped --userns-remap daemon --bridge none
	DAEMON=mapped
	good dk import "$IMAGE_TAR" bb:1
	kept mapped --network none --memory 64m
	good dk exec mapped sh -c 'id -u; cat /proc/self/uid_map; echo x >/tmp/f; stat -c %u /tmp/f /etc/passwd'
	expect_match $'^0\n +0 +200000 +65536\n0\n0$'
	expect_eq "$(stat -c %u "/proc/$(of mapped .State.Pid)")" 200000
	good dk exec mapped sh -c "$(limit memory memory.limit_in_bytes memory.max)"
	expect_eq "$OUT" $((64 << 20))
	gone mapped
	inside --network none --read-only --tmpfs /mnt -v vol:/home --device /dev/fuse -- sh -c 'stat -c %t:%T /dev/fuse; echo x >/home/f && cat /home/f'
	expect_eq "$OUT" $'a:e5\nx'
	good dk volume rm vol
	stop_daemon "$ENGINE/mapped/pid"
	umount /etc/subuid /etc/subgid
}
