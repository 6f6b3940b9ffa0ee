# Sandboxes: a command on the host's own files (docs/sandbox.md).  Each as root and, as far as it makes sense, as an ordinary user.
# shellcheck shell=bash

USER_ID=42424

# box WORD...: as root, in a working directory of the test's.
box() {
	# Where / is an overlay already, another one may be one too many.
	[[ -z $UPPER || " $* " == *" --root "* || " $* " == *upper* ]] || set -- --upper none "$@"
	(cd "$WORKDIR" && "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS sandbox "$@")
}

# user_box WORD...: the same as an ordinary user, whose state is elsewhere.
user_box() {
	(cd "$USERDIR" && HOME=$T/home exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups "$RUNTIME" --root "$T/state-user" \
		$RUNTIME_FLAGS sandbox "$@")
}

# box_exec WORD...: in place of this shell, so that $! is the runtime's own pid.
box_exec() {
	cd "$WORKDIR" || exit 99
	exec "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS sandbox "$@"
}

# Below the runner's own directory, which is in /tmp; so that it can be seen that what is beside it is not shown.
setup() {
	WORKDIR=$T/work USERDIR=$T/work-user
	mkdir -p "$WORKDIR" "$USERDIR" "$T/home" "$T/state-user" "$ROOT"
	echo inside >"$WORKDIR/file"
	echo inside >"$USERDIR/file"
	echo beside >"$T/beside"
	chown -R $USER_ID:$USER_ID "$USERDIR" "$T/home" "$T/state-user"
	chmod 1777 "$T"
	UPPER=
	[ "$(stat -fc %T /)" != overlayfs ] || UPPER=none
}

# both WORD...: OUT of root's, which must be that of the user.
both() {
	local first
	capture box "$@"
	expect_rc 0
	first=$OUT
	capture user_box "$@"
	expect_rc 0
	expect_eq "$OUT" "$first" "as an ordinary user"
}

no_trace() {
	local left
	left=$(find "$ROOT" "$T/state-user" -mindepth 1 -maxdepth 1 ! -name .seccomp)
	expect_eq "$left" "" "left in the state"
	expect_eq "$(find /sys/fs/cgroup -maxdepth 3 -type d -name "sandbox-*" 2>/dev/null | head -3)" "" "left of groups"
}

# ---- what it is --------------------------------------------------------------------------------------

test_sandbox__a_command_of_the_host_runs() {
	only_crun_lite; setup
	both -- sh -c 'cat file; uname -n; echo "$#"' sh 'a b' c
	expect_eq "$OUT" $'inside\nsandbox\n2'
	capture box -- pwd
	expect_eq "$OUT" "$WORKDIR"
	no_trace
}

test_sandbox__the_environment_is_clean() {
	only_crun_lite; setup
	export SECRET=x KEPT=yes TERM=dumb LISTEN_FDS=1 NOTIFY_SOCKET=/run/nobody
	capture box -e KEPT -e NEW=1 -e NOT_THERE -- env
	expect_rc 0
	expect_line KEPT=yes
	expect_line NEW=1
	expect_line TERM=dumb
	expect_not_in SECRET
	expect_not_in NOT_THERE
	expect_not_in LISTEN
	expect_not_in NOTIFY
	capture user_box -- sh -c 'echo $HOME; touch $HOME/new && ls -A $HOME'
	expect_eq "$OUT" "$T/home"$'\nnew'
	expect_eq "$(ls -A "$T/home")" ""
}

test_sandbox__exit_codes() {
	only_crun_lite; setup
	local how
	for how in box user_box; do
		capture $how -- sh -c 'exit 7'; expect_rc 7
		capture $how -- sh -c 'kill -TERM $$'; expect_rc 143
		capture $how -- no-such-program; expect_rc 127
		capture $how -- /etc/passwd; expect_rc 126
		capture $how --no-such-flag; expect_rc 125; one_sentence
		capture $how --ro /no/such/path -- true; expect_rc 125; one_sentence
		capture $how; expect_rc 125; one_sentence
	done
	no_trace
}

test_sandbox__streams_are_exact() {
	only_crun_lite; setup
	head -c 3000000 /dev/urandom >"$T/random"
	box -- cat <"$T/random" | cmp - "$T/random"
	box --max-output 4m -- cat <"$T/random" | cmp - "$T/random"
	capture box -- sh -c 'echo out; echo error >&2'
	expect_eq "$OUT/$ERR" out/error
	capture box --max-output 1k -- sh -c 'echo out; echo error >&2'
	expect_eq "$OUT/$ERR" out/error
	# Who reads sees the end when the program lets go of it, not when the sandbox ends; and the program sees that nobody reads.
	capture bash -c '"$@" | head -c 4' - "$RUNTIME" --root "$ROOT" sandbox --max-output 1g -- sh -c 'yes; echo $? >&2'
	expect_eq "$OUT" $'y\ny'
}

test_sandbox__a_terminal_of_its_own() {
	only_crun_lite; setup
	capture box -t -- tty </dev/null
	expect_match '^/dev/pts/0'
	capture box --tty --max-output 1k -- tty
	expect_rc 125
}

test_sandbox__as_process_1_it_reaps_and_passes_signals_on() {
	only_crun_lite; setup
	capture box -- sh -c 'cat /proc/1/comm; (sh -c "sleep 0.1 & exit" &) ; sleep 0.4; grep -l "^State:.Z" /proc/[0-9]*/status; echo pid $$; ls /proc/1/fd; cat /proc/1/environ'
	expect_line crun-lite-pid1
	expect_line "pid 2"
	expect_not_in status
	expect_in "Permission denied" "$ERR"
	box_exec -- sh -c 'trap "echo got it; exit 5" USR1; echo ready; while :; do sleep 0.05; done' >"$T/out" &
	local pid=$!
	until_true file_has ready "$T/out"
	ended_by USR1 $pid
	expect_rc 5
	expect_in "got it" "$(<"$T/out")"
	box_exec -- sh -c 'echo ready; exec sleep 100' >"$T/out" &
	pid=$!
	until_true file_has ready "$T/out"
	ended_by TERM $pid
	expect_rc 143
	no_trace
}

test_sandbox__all_of_it_ends_with_the_command() {
	only_crun_lite; setup
	capture box -- sh -c 'setsid sleep 4711.4711 >/dev/null 2>&1 & sleep 0.1; exit 3'
	expect_rc 3
	nobody_sleeps 4711 || fail "it outlived the command"
	capture box --pids-limit 30 --timeout 1s --kill-after 0 -- bash -c 'f() { f & f; }; f 2>/dev/null'
	[ "$RC" != 0 ] || fail "a fork bomb did well"
	no_trace
}

test_sandbox__killing_the_runtime_leaves_nothing() {
	only_crun_lite; setup
	local how pid
	for how in root user; do
		if [ $how = root ]; then
			box_exec --upper "${UPPER:-tmpfs}" -- sh -c 'echo ready; exec sleep 4712.4712' >"$T/out" &
		else
			(cd "$WORKDIR" && exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups "$RUNTIME" --root "$T/state-user" sandbox --work copy -- \
				sh -c 'echo ready; exec sleep 4712.4712') >"$T/out" &
		fi
		pid=$!
		until_true file_has ready "$T/out"
		sleep 0.3                       # by then it has a guardian
		kill -KILL $pid
		wait $pid 2>/dev/null || :
		until_true is_without "$T/state-user" "$ROOT"
		nobody_sleeps 4712 || fail "it outlived the runtime"
		rm "$T/out"
	done
	no_trace
	# In its first moments there is no guardian yet; its processes end all the same.
	box_exec -- sh -c 'echo ready; exec sleep 4712.4712' >"$T/out" &
	pid=$!
	until_true file_has ready "$T/out"
	kill -KILL $pid
	wait $pid 2>/dev/null || :
	until_true nobody_sleeps 4712
	for pid in $("$RUNTIME" --root "$ROOT" list -q); do run_ok delete --force "$pid"; done
}

is_without() { [ -z "$(find "$@" -mindepth 1 -maxdepth 1 ! -name .seccomp)" ]; }
nobody_sleeps() { ! pgrep -f "^sleep $1\\.$1" >/dev/null; }

# ---- what it shows -----------------------------------------------------------------------------------

test_sandbox__secrets_are_hidden() {
	only_crun_lite; setup
	mkdir -p "$T/home/.ssh" && echo key >"$T/home/.ssh/id" && echo token >"$T/home/.netrc" && echo "code" >"$T/home/code"
	chown -R $USER_ID:$USER_ID "$T/home"
	echo agent >/run/crun-lite-test-$$
	capture user_box -- sh -c 'ls -A /run; cat /etc/shadow; ls "$1"' sh "$T/beside"
	expect_eq "$OUT" ""
	expect_in "No such file" "$ERR"
	capture box -- sh -c 'ls -A /run; wc -c </etc/shadow; ls -A /home; ls "$1"' sh "$T/beside"
	expect_eq "$OUT" 0
	expect_in "No such file" "$ERR"
	rm /run/crun-lite-test-$$
	# The working directory is a home: what is secret in it is not shown.
	USERDIR=$T/home
	capture user_box -- sh -c 'cat code; ls -A .ssh; cat .netrc; cat .ssh/id'
	expect_eq "$OUT" code
	[ "$RC" != 0 ] || fail "it read a key"
	capture user_box --ro .ssh -- cat .ssh/id
	expect_eq "$OUT" key
	capture user_box --show-secrets -- cat .netrc
	expect_eq "$OUT" token
}

test_sandbox__the_working_directory_is_shown_as_asked() {
	only_crun_lite; setup
	local how dir
	for how in box user_box; do
		dir=$WORKDIR
		[ $how = box ] || dir=$USERDIR
		capture $how -- sh -c 'cat file; touch new'
		[ "$RC" != 0 ] || fail "it wrote"
		capture $how --work copy -- sh -c 'echo changed >file; touch new; rm file; ls'
		expect_eq "$OUT" new
		expect_eq "$(ls "$dir")" file
		capture $how --work rw -- sh -c 'echo new >new; ls'
		expect_eq "$OUT" $'file\nnew'
		expect_eq "$(<"$dir/new")" new
		rm "$dir/new"
		capture $how --work none -- sh -c 'pwd; ls "$1" 2>&1' sh "$dir/file"
		expect_line /
		[ "$RC" != 0 ] || fail "it is shown"
	done
	no_trace
}

test_sandbox__paths_are_shown_and_hidden_as_asked() {
	only_crun_lite; setup
	mkdir "$T/a" "$T/a/b" && echo 1 >"$T/a/one" && echo 2 >"$T/a/b/two"
	both --hide /etc/passwd --ro "$T/a" --tmpfs "$T/a/b" -- sh -c 'wc -c </etc/passwd; cat "$1/one"; touch "$1/b/x" && ls "$1/b"' sh "$T/a"
	expect_eq "$OUT" $'0\n1\nx'
	capture box --ro "$T/a" --hide "$T/a/b" -- sh -c 'cat "$1/one"; ls -A "$1/b"; touch "$1/x"' sh "$T/a"
	expect_eq "$OUT" 1
	expect_in "ead-only" "$ERR"
	capture box --ro "$T/a:/tmp/elsewhere" --rw "$T/a/b:/tmp/elsewhere/b" -- sh -c 'cd /tmp/elsewhere; cat one; echo 3 >b/three'
	expect_rc 0
	expect_eq "$(<"$T/a/b/three")" 3
	capture box --tmpfs /scratch:1m -- sh -c 'head -c 900k /dev/zero >/scratch/a && head -c 900k /dev/zero >/scratch/b'
	[ "$RC" != 0 ] || fail "a tmpfs is larger than it may be"
}

test_sandbox__writes_to_the_root_are_thrown_away_or_kept() {
	only_crun_lite; setup
	[ -z "$UPPER" ] || skip "/ is an overlay here"
	capture box -- sh -c 'echo new >/etc/crun-lite-test; rm /etc/hostname; cat /etc/crun-lite-test'
	expect_eq "$OUT" new
	expect_no_file /etc/crun-lite-test
	capture box --upper none -- touch /etc/crun-lite-test
	[ "$RC" != 0 ] || fail "it wrote"
	capture box --keep-upper "$T/kept" --work copy -- sh -c 'echo new >/etc/crun-lite-test; echo more >>file'
	expect_rc 0
	expect_eq "$(<"$T/kept/upper/etc/crun-lite-test")" new
	expect_eq "$(<"$T/kept/copy-0/upper/file")" $'inside\nmore'
	expect_eq "$(<"$WORKDIR/file")" inside
	mkdir "$T/disk"
	capture box --upper "disk:$T/disk" -- sh -c 'head -c 10m /dev/zero >/etc/crun-lite-test && stat -c %s /etc/crun-lite-test'
	expect_eq "$OUT" 10485760
	expect_eq "$(ls -A "$T/disk")" ""
	expect_no_file /etc/crun-lite-test
	no_trace
}

test_sandbox__another_root() {
	only_crun_lite; setup
	capture box --root "$ROOTFS" -- sh -c 'cat /etc/file; echo x >/etc/file; cat /etc/file; cat file'
	expect_eq "$OUT" $'original\nx\ninside'
	expect_eq "$(<"$ROOTFS/etc/file")" original
	capture user_box --root "$ROOTFS" -- sh -c 'cat /etc/file; echo x >/new; cat /new; cat file'
	expect_eq "$OUT" $'original\nx\ninside'
	expect_no_file "$ROOTFS/new"
	capture box --root "$ROOTFS" --upper none --work none -- sh -c 'echo x >/etc/file'
	[ "$RC" != 0 ] || fail "it wrote"
	no_trace
}

test_sandbox__an_image_as_root() {
	only_crun_lite; setup
	[ -x "$IMAGE" ] || skip "there is no crun-lite-image"
	tar -C "$ROOTFS" -cf "$T/root.tar" .
	capture box --root "$T/root.tar" --store "$T/store" -- sh -c 'cat /etc/file; echo x >/etc/file && cat /etc/file; cat file; id -u'
	expect_eq "$OUT" $'original\nx\ninside\n0'
	capture user_box --root "$T/root.tar" --store "$T/state-user/store" -- sh -c 'cat /etc/file file; id -u'
	expect_eq "$OUT" $'original\ninside\n'$USER_ID
	expect_eq "$(ls -A "$T/store/containers")" ""
}

test_sandbox__who_it_is() {
	only_crun_lite; setup
	capture box -u 1234:2345 -- sh -c 'id -u; id -g; id -G'
	expect_eq "$OUT" $'1234\n2345\n2345'
	capture user_box -- sh -c 'id -u; id -g; cat /proc/self/uid_map'
	expect_match "^$USER_ID"$'\n'"$USER_ID"$'\n'" *$USER_ID +$USER_ID +1$"
	capture user_box -u 0 -- sh -c 'id -u; touch $HOME/x && stat -c %u $HOME/x'
	expect_eq "$OUT" $'0\n0'
	capture box -u root -- true
	expect_rc 125
}

# ---- what it cannot do -------------------------------------------------------------------------------

test_sandbox__it_has_no_rights() {
	only_crun_lite; setup
	local how
	for how in box user_box; do
		capture $how -- sh -c 'grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|Seccomp):" /proc/self/status; ip -o link 2>/dev/null | wc -l'
		expect_eq "$(grep -c '^Cap...:.0000000000000000$' <<<"$OUT")" 5 "empty sets"
		expect_in $'NoNewPrivs:\t1'
		expect_in $'Seccomp:\t2'
		expect_not_in eth0
	done
	capture box --cap-add CAP_KILL -- grep CapEff /proc/self/status
	expect_in 0000000000000020
	capture box --seccomp none -- grep Seccomp: /proc/self/status
	expect_in $'Seccomp:\t0'
}

test_sandbox__it_cannot_write_to_the_host() {
	only_crun_lite; setup
	local how before
	for how in "$WORKDIR" "$USERDIR"; do
		ln -s /etc "$how/link"
		ln -s "$T/beside" "$how/link-file"
	done
	chmod 666 "$T/beside"
	before=$(cat /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern)
	for how in box user_box; do
		capture $how --work rw -- sh -c '
			echo x >link/crun-lite-test; echo x >link-file; echo x >../beside; echo x >/proc/sys/kernel/hostname
			echo "|/x" >/proc/sys/kernel/core_pattern; echo b >/proc/sysrq-trigger; echo 1 >/sys/kernel/uevent_helper
			mount -o remount,rw / ; mount -t tmpfs x /mnt; umount /proc; umount /etc/shadow; mknod /tmp/sda b 8 0
			echo x >/proc/1/root/'"$T"'/beside; echo x >/proc/self/cwd/../beside
			for d in /dev/sd* /dev/vd* /dev/mem /dev/kmsg; do [ ! -e $d ] || echo device $d; done'
		expect_not_in device
		expect_no_file /etc/crun-lite-test
		expect_eq "$(<"$T/beside")" beside
		expect_eq "$(cat /proc/sys/kernel/hostname /proc/sys/kernel/core_pattern)" "$before"
	done
}

test_sandbox__it_does_not_reach_processes_and_sockets_outside() {
	only_crun_lite; setup
	local how
	sleep 4713.4713 &
	local pid=$!
	python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind("\0crun-lite-test-" + sys.argv[1]); s.listen()
open(sys.argv[2], "w").write("ready"); s.accept()' "$$" "$T/listening" &
	local server=$!
	until_true file_has ready "$T/listening"
	for how in box user_box; do
		capture $how -- python3 -c '
import os, signal, socket, sys, ctypes
host = int(sys.argv[1])
for what in ("kill", "abstract", "ptrace", "mem", "pidfd"):
    try:
        if what == "kill": os.kill(host, 0) if host > 100 and os.path.exists("/proc/%d" % host) else (_ for _ in ()).throw(OSError())
        if what == "abstract": socket.socket(socket.AF_UNIX).connect("\0crun-lite-test-" + sys.argv[2])
        if what == "ptrace" and ctypes.CDLL(None).ptrace(16, 1, 0, 0) < 0: raise OSError()
        if what == "mem": open("/proc/1/mem", "rb")
        if what == "pidfd": os.open("/proc/1/fd/3", 0)
        print(what, "reached")
    except OSError: pass' "$pid" "$$"
		expect_rc 0
		expect_eq "$OUT" ""
	done
	kill $pid $server
	wait $pid $server 2>/dev/null || :
}

# What is typed into the caller's terminal from inside, its shell would execute (CVE-2017-5226).
test_sandbox__it_cannot_type_into_the_terminal_of_the_caller() {
	only_crun_lite; setup
	cat >"$T/typist.py" <<-'P'
		import os, pty, sys
		pid, master = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		data = b""
		try:
		    while chunk := os.read(master, 1000):
		        data += chunk
		except OSError:
		    pass
		os.waitpid(pid, 0)
		sys.stdout.write(data.decode())
	P
	capture python3 "$T/typist.py" "$RUNTIME" --root "$ROOT" sandbox --work none ${UPPER:+--upper none} -- python3 -c '
import fcntl, os, termios
print("terminal", os.isatty(0))
try: fcntl.ioctl(0, termios.TIOCSTI, b"x"); print("typed")
except OSError: print("refused")
try: open("/dev/tty"); print("tty")
except OSError: pass'
	expect_in "terminal True"
	expect_in refused
	expect_not_in tty
}

test_sandbox__links_of_the_working_directory_are_not_followed() {
	only_crun_lite; setup
	ln -s /etc "$WORKDIR/cache"
	capture box --rw cache -- true
	expect_rc 125
	expect_in "symbolic link" "$ERR"
	capture box --rw "$WORKDIR/cache" -- true
	expect_rc 125
	expect_in "symbolic link" "$ERR"
	# Put there after the look: the plan's source says so, too.
	mkdir "$T/bundle2" "$T/place"
	(cd "$WORKDIR" && "$RUNTIME" sandbox --rw "$T/place" --print-config -- true) >"$T/bundle2/config.json"
	rmdir "$T/place" && ln -s /etc "$T/place"
	capture rt run "$T/bundle2/"
	[ "$RC" != 0 ] || fail "it followed a link"
	expect_in "symbolic link" "$ERR"
}

# ---- limits ------------------------------------------------------------------------------------------

test_sandbox__a_time_out_is_124() {
	only_crun_lite; setup
	local how
	for how in box user_box; do
		capture $how --timeout 200ms --report "$T/report" -- sleep 100
		expect_rc 124
		expect_eq "$(jq -r '.reason, .status, .signal' "$T/report" | xargs)" "timeout 124 SIGTERM"
		rm -f "$T/report"
		capture $how --timeout 200ms --kill-after 300ms --report "$T/report" -- sh -c 'trap "" TERM; sleep 100; sleep 100'
		expect_rc 124
		expect_eq "$(jq -r '.wall_usec >= 500000' "$T/report")" true "it waited for TERM"
		rm -f "$T/report"
	done
	capture box --timeout 5s --kill-after 5s -- sh -c 'exit 9'
	expect_rc 9
}

test_sandbox__output_is_capped() {
	only_crun_lite; setup
	local how
	for how in box user_box; do
		capture $how --max-output 1000 --report "$T/report" -- yes
		expect_rc 153
		expect_eq "$(stat -c %s "$T/out")" 1000
		expect_eq "$(jq -r '.reason, .status' "$T/report" | xargs)" "output 153"
		rm -f "$T/report"
		capture $how --max-output 10 -- sh -c 'printf 12345; printf 67890 >&2'
		expect_rc 0
		expect_eq "$OUT$ERR" 1234567890
		capture $how --max-output 10 -- sh -c 'printf 12345; printf 678901 >&2; sleep 100'
		expect_rc 153
	done
}

test_sandbox__limits_and_the_report() {
	only_crun_lite; setup
	cp "$HELPERS/eatmemory" "$WORKDIR/"
	capture box --memory 30m --report "$T/report" -- ./eatmemory 90
	[ "$RC" != 125 ] || [[ $ERR != *"limit"* ]] || skip "no memory controller here"
	expect_eq "$(jq -r .reason "$T/report")" oom
	capture box --rlimit cpu=1:3 --report "$T/report" -- sh -c 'while :; do :; done'
	expect_rc 152
	expect_eq "$(jq -r '.reason, .signal' "$T/report" | xargs)" "signal SIGXCPU"
	capture box --report "$T/report" -- sh -c 'kill -SEGV $$'
	expect_rc 139
	expect_eq "$(jq -r '.reason, .signal, .exit_code' "$T/report" | xargs)" "signal SIGSEGV null"
	capture box --report "$T/report" -- sh -c 'exit 4'
	expect_eq "$(jq -r '.reason, .signal, .exit_code' "$T/report" | xargs)" "exit null 4"
	capture box --report "$T/report" -- no-such-program
	expect_eq "$(jq -r '.reason, .status' "$T/report" | xargs)" "error 127"
}

# ---- profiles, and what it stands for ----------------------------------------------------------------

test_sandbox__a_profile_has_the_names_of_the_flags() {
	only_crun_lite; setup
	cat >"$T/profile" <<-J
		{"work": "copy", "timeout": 5, "max-output": "1k", "env": ["A=1", "B=2"],
		 "command": ["sh", "-c", "echo \$A\$B; rm file"]}
	J
	capture box --profile "$T/profile"
	expect_rc 0
	expect_eq "$OUT" 12
	expect_file "$WORKDIR/file"
	capture box --profile "$T/profile" -e B=3 --max-output 2 -- sh -c 'echo $A$B; echo more'
	expect_rc 153
	expect_eq "$OUT" 13
	printf '{\n  "wrok": "rw"}' >"$T/profile"
	capture box --profile "$T/profile" -- true
	expect_rc 125
	expect_in "wrok" "$ERR"
	expect_in "profile:2:11" "$ERR"
	expect_in "work" "$ERR"
	printf '{"tty": "yes"}' >"$T/profile"
	capture box --profile "$T/profile" -- true
	expect_in "true or false" "$ERR"
}

test_sandbox__print_config_is_a_bundle_that_runs() {
	only_crun_lite; setup
	mkdir "$T/printed"
	(cd "$WORKDIR" && "$RUNTIME" sandbox --pids-limit 77 --memory 100m --print-config -- sh -c 'cat file; exit 6') >"$T/printed/config.json"
	expect_eq "$(jq -r '.linux.resources.pids.limit, .linux.resources.memory.limit' "$T/printed/config.json" | xargs)" "77 104857600"
	capture rt run "$T/printed/"
	expect_rc 6
	expect_eq "$OUT" inside
}

# With a directory for a root that is not written to every runtime takes it.
test_sandbox__print_config_is_a_bundle_for_others() {
	only_crun_lite; setup
	local other found=
	mkdir "$T/printed"
	(cd "$WORKDIR" && "$RUNTIME" sandbox --root "$ROOTFS" --upper none --ro "$WORKDIR:/mnt" --work none --print-config -- \
		sh -c 'cat /mnt/file; echo x >/etc/file; exit 6' 2>/dev/null) >"$T/printed/config.json"
	for other in runc crun; do
		command -v $other >/dev/null || continue
		found=1
		capture $other --root "$T/other" run -b "$T/printed" "$ID"
		# crun wants its hierarchies in one way or the other.
		[[ $RC = 6 || $ERR != *cgroup* ]] || continue
		expect_rc 6
		expect_eq "$OUT" inside
	done
	[ -n "$found" ] || skip "neither runc nor crun is here"
}

# unshare -Ur: rights over nothing that is there already, and one id.
test_sandbox__in_a_user_namespace_with_one_id_is_that_of_an_ordinary_user() {
	local flags
	only_crun_lite
	unshare -Ur true 2>/dev/null || skip "no user namespaces here"
	for flags in -Ur -Urm; do
		capture unshare "$flags" -- "$RUNTIME" --root "$ROOT" sandbox --work copy -- \
			sh -c 'id -u; cat /proc/self/uid_map; grep -c "^Cap...:.*[1-9a-f]$" /proc/self/status; touch new && echo written; touch /new 2>/dev/null || echo read-only; cat /etc/shadow'
		expect_rc 0
		expect_eq "$(tr -s ' \n' ' ' <<<"$OUT")" '0 0 0 1 0 written read-only '
		expect_no_file "$T/new"
	done
	expect_eq "$(ls -A "$ROOT" | grep -v '^\.' || :)" ''
}
