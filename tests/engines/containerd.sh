# containerd, through its own client, and its shim (io.containerd.runc.v2) with --runc-binary.
# shellcheck shell=bash

DAEMON=main                     # whom ctd talks to
ctd() { ctr -a "$ENGINE/$DAEMON/sock" "$@"; }

# daemon: $DAEMON, for which `runc` is what is tested too: where a client names no file
daemon() {
	local dir=$ENGINE/$DAEMON
	mkdir -p "$dir/bin"
	ln -sfn "$RUNTIME" "$dir/bin/runc"
	cat >"$dir/config.toml" <<-C
		version = 2
		root = "$dir/root"
		state = "$dir/state"
		oom_score = 0
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
		[grpc]
		  address = "$dir/sock"
		[ttrpc]
		  address = "$dir/sock.ttrpc"
	C
	PATH=$dir/bin:$PATH "$HELPERS/reaper" "$dir/rc" containerd --config "$dir/config.toml" >>"$dir/log" 2>&1 {done_fd}>&- &
	until_true ctd version
	pgrep -P $! containerd >"$dir/pid"
}

start_chapter() {
	needs containerd ctr containerd-shim-runc-v2
	mkdir -p "$ENGINE"
	rm -rf /run/containerd          # the runtime's state, which shims put there
	daemon
	archive localhost/bb:1 "$ENGINE/bb.tar" sh
	good ctd image import "$ENGINE/bb.tar"
	inside -- true
}

stop_chapter() {
	expect_eq "$(ctd container ls -q)" "" "containers that are left"
	stop_daemon "$ENGINE/$DAEMON/pid"
}

# start FLAG... -- ID WORD...: `ctr run`
BB=localhost/bb:1
words() { # FLAG... -- WORD...: WORDS, with the image between
	WORDS=(--runc-binary "$RUNTIME")
	while [ "$1" != -- ]; do
		WORDS+=("$1")
		shift
	done
	shift
	WORDS+=("$BB" "$@")
}
inside() { # FLAG... -- WORD...: a container that is removed
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	words "${flags[@]}" -- "$RUN-$N" "$@"
	good ctd run --rm "${WORDS[@]}"
}
fails() { # CODE WORD...: such a one that ends with CODE
	local code=$1
	shift
	words -- "$RUN-$N" "$@"
	bad "$code" ctd run --rm "${WORDS[@]}"
}
kept() { # ID FLAG...: one that waits for a TERM
	local id=$1
	shift
	words "$@" -- "$id" sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done'
	good ctd run -d "${WORDS[@]}"
	has_state "$id" RUNNING || fail "it does not run"
}
task_pid() { ctd task ls | awk -v id="$1" '$1 == id {print $2}'; }
has_state() { [ "$(ctd task ls | awk -v id="$1" '$1 == id {print $3}')" = "$2" ]; }
gone() { # ID
	ctd task kill -s KILL "$1" >/dev/null 2>&1 || :
	until_true has_state "$1" STOPPED
	good ctd task delete "$1"
	good ctd container rm "$1"
}
ended() { # CODE ID
	good ctd task delete "$2"
	expect_in "exit code $1" "$ERR"
}
limit() { echo "cat /sys/fs/cgroup/$1/$2 2>/dev/null || cat /sys/fs/cgroup/$3"; }
group_of() { find /sys/fs/cgroup -type d -path "*$1" | head -n1; }
shim_of() { pgrep -f "containerd-shim-runc-v2 .*-id $1( |\$)"; }

# ---- run ---------------------------------------------------------------------------------------
test_containerd__run_prints_what_the_program_says() {
	inside -- echo hello
	expect_eq "$OUT" hello
	expect_eq "$(ctd container ls -q)" ""
}

test_containerd__exit_codes_are_the_programs() {
	fails 0 true
	fails 1 false
	fails 42 sh -c 'exit 42'
	fails 137 sh -c 'sh -c "kill -KILL \$\$"; exit $?'
}

test_containerd__a_missing_program_is_named_and_nothing_stays() {
	fails 1 nothing-of-this-name
	expect_in 'exec: "nothing-of-this-name": executable file not found in $PATH' "$ERR"
	fails 1 /etc/passwd
	expect_in '"/etc/passwd": permission denied' "$ERR"
	expect_eq "$(ctd container ls -q)" ""
	expect_eq "$(ctd task ls -q)" ""
}

test_containerd__the_runtimes_sentence_is_what_ctr_says() {
	only_crun_lite
	fails 1 /bin/nothing
	expect_match 'OCI runtime create failed: create [^ ]+: exec: "/bin/nothing": no such file or directory' "$ERR"
	expect_not_in 'retrieve OCI runtime error' "$ERR"
}

test_containerd__it_has_a_terminal() {
	words -t -- "$RUN-$N" sh
	capture "$HELPERS/ptyrun" line:40x100 'expect:# ' "send:tty; $(sized 40 100)exit 7\r" -- ctr -a "$ENGINE/$DAEMON/sock" run --rm "${WORDS[@]}"
	expect_rc 7
	expect_in /dev/pts/0
}

test_containerd__stdin_is_the_programs() {
	words -- "$RUN-$N" head -n 1         # ctr does not pass the end on
	capture ctd run --rm "${WORDS[@]}" <<<"some words"
	expect_eq "$OUT" "some words"
}

# ---- a task ------------------------------------------------------------------------------------
test_containerd__a_task_is_executed_into_killed_and_deleted() {
	kept life
	good ctd task exec --exec-id one life sh -c 'echo from exec; exit 0'
	expect_eq "$OUT" "from exec"
	bad 9 ctd task exec --exec-id two life sh -c 'exit 9'
	good ctd task kill life
	until_true has_state life STOPPED
	ended 3 life
	good ctd container rm life
}

test_containerd__a_container_is_created_and_started_later() {
	good ctd container create "$BB" later /bin/script
	expect_eq "$(ctd task ls -q)" ""
	good ctd task start later
	expect_eq "$OUT" "script ran"
	good ctd container rm later
}

test_containerd__exec_has_a_terminal_user_and_folder() {
	kept shell
	capture "$HELPERS/ptyrun" line:25x70 'expect:# ' "send:tty; $(sized 25 70)exit 7\r" -- ctr -a "$ENGINE/$DAEMON/sock" task exec -t --exec-id t shell sh
	expect_rc 7
	good ctd task exec --exec-id u --user 1000:2000 --cwd /tmp shell sh -c 'id -u; id -g; pwd'
	expect_eq "$OUT" $'1000\n2000\n/tmp'
	gone shell
}

test_containerd__exec_of_a_missing_program_leaves_the_container() {
	kept safe
	capture ctd task exec --exec-id x safe nothing-of-this-name
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in 'executable file not found in $PATH' "$ERR"
	good ctd task exec --exec-id y safe true
	gone safe
}

test_containerd__exec_detached_is_killed_by_its_name() {
	kept background
	good ctd task exec -d --exec-id bg background sleep 1000
	good ctd task ps background
	expect_in bg
	good ctd task kill --exec-id bg -s KILL background
	until_true no_exec background bg
	gone background
}
no_exec() { ! ctd task exec --exec-id "look$EPOCHREALTIME" "$1" ps | grep -q 'sleep 1000'; }

test_containerd__pause_and_resume() {
	kept frozen
	good ctd task pause frozen
	has_state frozen PAUSED || fail "it is not paused"
	good ctd task resume frozen
	has_state frozen RUNNING || fail "it does not run"
	good ctd task exec --exec-id y frozen true
	gone frozen
}

test_containerd__a_paused_one_is_killed() {
	kept ice
	good ctd task pause ice
	good ctd task kill -s KILL ice
	until_true has_state ice STOPPED || { good ctd task resume ice; }
	gone ice
}

test_containerd__metrics_and_processes() {
	kept seen --memory-limit $((64 << 20))
	good ctd task metrics seen
	expect_match "memory\.(limit_in_bytes|usage_in_bytes|usage) +[0-9]+"
	good ctd task ps seen
	expect_in "$(task_pid seen)"
	gone seen
}

test_containerd__a_signal_by_number() {
	words -- signalled sh -c 'trap "exit 9" USR1; touch /tmp/ready; while :; do sleep 0.1; done'
	good ctd run -d "${WORDS[@]}"
	until_true ctd task exec --exec-id "w$RANDOM" signalled test -e /tmp/ready
	good ctd task kill -s 10 signalled
	until_true has_state signalled STOPPED
	ended 9 signalled
	good ctd container rm signalled
}

test_containerd__kill_all() {
	words -- many sh -c 'sleep 1000 & exec sleep 1000'
	good ctd run -d "${WORDS[@]}"
	good ctd task kill --all -s KILL many
	until_true has_state many STOPPED
	gone many
}

test_containerd__a_sandbox_of_the_hosts_pids_ends_with_its_children() {
	words --with-ns "pid:/proc/self/ns/pid" -- hosted sh -c 'sleep 1234 & sleep 1234'
	good ctd run -d "${WORDS[@]}"
	until_true pgrep -f 'sleep 1234'
	gone hosted
	until_true none_of 'sleep 1234'
}
none_of() { ! pgrep -f "$1"; }

# ---- limits, rights, mounts ----------------------------------------------------------------------
test_containerd__limits() {
	inside --memory-limit $((50 << 20)) --mount "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro" -- \
		sh -c "$(limit memory memory.limit_in_bytes memory.max)"
	expect_eq "$OUT" $((50 << 20))
	inside --cpus 0.5 --mount "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro" -- sh -c "$(limit cpu cpu.cfs_quota_us cpu.max)"
	expect_match '^50000'
}

test_containerd__a_group_of_ones_own() {
	kept grouped --cgroup /mine/grouped
	expect_in grouped "$(cat "/proc/$(task_pid grouped)/cgroup")"
	expect_file "$(group_of /mine/grouped)/cgroup.procs"
	gone grouped
	expect_eq "$(group_of /mine/grouped)" ""
	find /sys/fs/cgroup -depth -type d -name mine -exec rmdir {} +
}

test_containerd__seccomp_profiles() {
	inside --seccomp -- grep Seccomp: /proc/self/status
	expect_match 2
	inside -- grep Seccomp: /proc/self/status
	expect_match 0
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}' >profile.json
	words --seccomp --seccomp-profile "$T/profile.json" -- "$RUN-$N" mkdir /tmp/d
	bad 1 ctd run --rm "${WORDS[@]}"
	expect_in 'Operation not permitted' "$ERR"
}

test_containerd__capabilities() {
	inside --cap-add CAP_SYS_PTRACE --cap-drop CAP_CHOWN -- grep CapBnd /proc/self/status
	expect_match 'a80c25fa$'
}

test_containerd__mounts() {
	mkdir d
	echo words >d/f
	inside --mount "type=bind,src=$T/d,dst=/mnt,options=rbind:ro" -- sh -c 'cat /mnt/f; touch /mnt/g 2>&1 || :'
	expect_line words
	expect_in 'Read-only file system'
	inside --mount "type=tmpfs,src=t,dst=/mnt,options=size=1m" -- grep ' /mnt ' /proc/mounts
	expect_in size=1024k
}

test_containerd__a_read_only_root() {
	words --read-only -- "$RUN-$N" touch /file
	bad 1 ctd run --rm "${WORDS[@]}"
	expect_in 'Read-only file system' "$ERR"
}

test_containerd__a_folder_and_environment() {
	inside --cwd /tmp --env A=b -- sh -c 'pwd; echo $A'
	expect_eq "$OUT" $'/tmp\nb'
}

test_containerd__privileged() {
	inside --privileged -- sh -c 'mount -t tmpfs t /mnt && echo mounted'
	expect_line mounted
}

test_containerd__the_hosts_network() {
	inside --net-host -- readlink /proc/self/ns/net
	expect_eq "$OUT" "$(readlink /proc/self/ns/net)"
}

test_containerd__a_user_namespace() {
	inside --uidmap 0:200000:65536 --gidmap 0:200000:65536 -- sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/f && stat -c %u /tmp/f'
	expect_match $'^ +0 +200000 +65536\n0\n0$'
}

test_containerd__joins_namespaces() {
	kept holder
	inside --with-ns "ipc:/proc/$(task_pid holder)/ns/ipc" --with-ns "network:/proc/$(task_pid holder)/ns/net" -- sh -c 'readlink /proc/self/ns/ipc; readlink /proc/self/ns/net'
	expect_eq "$OUT" "$(readlink "/proc/$(task_pid holder)/ns/ipc" "/proc/$(task_pid holder)/ns/net")"
	gone holder
}

test_containerd__no_pivot() {
	inside --no-pivot -- echo hello
	expect_eq "$OUT" hello
}

test_containerd__a_runtime_root_of_ones_own() {
	kept rooted --runc-root "$T/own"
	expect_file "$T/own/default/rooted"
	gone rooted
	expect_no_file "$T/own/default/rooted"
}

# ---- when parts die ------------------------------------------------------------------------------
test_containerd__a_shim_that_is_killed_takes_its_container_along() {
	local pid
	kept orphan --cgroup /orphan
	pid=$(task_pid orphan)
	kill -KILL "$(shim_of orphan)"
	until_true is_gone "$pid"
	until_true no_task orphan
	good ctd container rm orphan
	until_true no_group /orphan
	expect_no_file /run/containerd/runc/default/orphan
}
no_task() { ! ctd task ls -q | grep -qx "$1"; }
no_group() { [ -z "$(group_of "$1")" ]; }

test_containerd__a_task_outlives_containerd() {
	local pid DAEMON=other
	daemon
	good ctd image import "$ENGINE/bb.tar"
	kept steady
	pid=$(task_pid steady)
	stop_daemon "$ENGINE/other/pid"
	expect_file "/proc/$pid"
	daemon
	until_true has_state steady RUNNING
	expect_eq "$(task_pid steady)" "$pid"
	good ctd task exec --exec-id y steady true
	gone steady
	stop_daemon "$ENGINE/other/pid"
}

test_containerd__a_container_whose_process_is_killed_is_stopped() {
	kept struck
	kill -KILL "$(task_pid struck)"
	until_true has_state struck STOPPED
	ended 137 struck
	good ctd container rm struck
}

test_containerd__fifty_at_once() {
	local i pids=()
	for i in {1..50}; do
		words -- "many$i" sh -c "echo $i; exit $i"
		(trap - ERR; ctd run --rm "${WORDS[@]}" >"out$i" 2>"err$i") &
		pids[i]=$!
	done
	for i in {1..50}; do
		RC=0
		wait "${pids[i]}" || RC=$?
		[ "$RC" = "$i" ] && [ "$(<"out$i")" = "$i" ] || fail "the $i. exited with $RC: $(<"out$i") $(<"err$i")"
	done
}
