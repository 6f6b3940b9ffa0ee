# lib.sh - the words the system tests are written in.  Sourced by run.
#
# A test has: B (its bundle, a copy of the base config; root.path is the shared $ROOTFS), ID, ROOT
# (state directory), T (a directory for its files), all under $WORK/N.  It fails at the first command
# that fails (set -e), or by `fail WHY`.  It leaves nothing behind: what it made with `create` it
# deletes.
# shellcheck shell=bash disable=SC2034

# ---- facts -------------------------------------------------------------------------------------
RUN=cl$$                        # in every name we give: IDs, cgroups
WORK=
ROOTFS=
IMAGE=                          # the program that reads images, where the runtime finds it
V2=                             # pure cgroup v2
CRUN_LITE=                      # the runtime is ours: what only it does is tested
CGROUPS=()                      # the mounted hierarchies' directories

learn_facts() {
	local line target type rest
	while read -r line; do
		read -r _ _ _ _ target _ <<<"$line"
		rest=${line#* - }
		type=${rest%% *}
		[[ $target == /sys/fs/cgroup* ]] || continue
		[[ $type == cgroup || $type == cgroup2 ]] && CGROUPS+=("$target")
		[[ $target == /sys/fs/cgroup && $type == cgroup2 ]] && V2=1
	done </proc/self/mountinfo
	case $("$RUNTIME" --version 2>&1) in crun-lite*) CRUN_LITE=1 ;; esac
	return 0
}

# ---- the run -----------------------------------------------------------------------------------
APPLETS="sh cat ls id true false sleep env echo test mount umount mkdir rmdir touch ln rm cp mv stat readlink
	head tail grep sed awk cut tr wc sort dd mknod chmod chown hostname pwd kill ps ip ifconfig tty stty
	printf date sync df find xargs seq expr usleep nc ulimit dirname basename"

make_rootfs() { # DIR
	local d=$1 a
	mkdir -p "$d"/{bin,dev,proc,sys,tmp,etc,root,run,mnt,var/tmp,home/user,usr/bin,sbin,opt,vol}
	chmod 1777 "$d/tmp"
	cp "$HELPERS"/{inspect,sys,eatmemory,forkbomb,true,sendtty,notify,spy} "$d/bin/" || return 1
	cp "$(command -v busybox)" "$d/bin/busybox"
	for a in $APPLETS; do [ -e "$d/bin/$a" ] || echo "$d/bin/$a"; done | xargs -n1 ln -s busybox
	cat >"$d/etc/passwd" <<-'P'
		root:x:0:0:root:/root:/bin/sh
		user:x:1000:1000:user:/home/user:/bin/sh
		relative:x:1001:1001::not/absolute:/bin/sh
	P
	cat >"$d/etc/group" <<-'G'
		root:x:0:
		user:x:1000:
		extra:x:2000:user
	G
	echo original >"$d/etc/file"
	printf '#!/bin/sh\necho script ran\n' >"$d/bin/script"
	chmod 755 "$d/bin/script"
	echo 'not a program' >"$d/bin/notexec"
	chmod 644 "$d/bin/notexec"
}

base_config() {
	local cgroupns=
	[ -z "$V2" ] || cgroupns=',{"type":"cgroup"}'
	cat <<-J
	{"ociVersion":"1.0.2",
	 "process":{"user":{"uid":0,"gid":0},"args":["/bin/true"],"cwd":"/",
	  "env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","TERM=xterm"],
	  "capabilities":{
	   "bounding":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
	   "effective":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"],
	   "permitted":["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]},
	  "noNewPrivileges":true},
	 "root":{"path":"$ROOTFS","readonly":true},
	 "hostname":"box",
	 "mounts":[
	  {"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},
	  {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},
	  {"destination":"/dev/pts","type":"devpts","source":"devpts",
	   "options":["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
	  {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777","size=65536k"]},
	  {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},
	  {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]}],
	 "linux":{"cgroupsPath":"/@ID@",
	  "namespaces":[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}$cgroupns],
	  "maskedPaths":["/proc/acpi","/proc/kcore","/proc/keys","/proc/timer_list","/sys/firmware"],
	  "readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]}}
	J
}

setup_run() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/$RUN.XXXXXX") || return 1
	chmod 755 "$WORK"
	mkfifo "$WORK/done" "$WORK/never" || return 1
	exec {done_fd}<>"$WORK/done"
	# A copy: a build that goes on, or a slow shared folder, is none of the tests' business.  What is installed stays where it is.
	if [ -z "${INSTALLED:-}" ]; then
		mkdir "$WORK/runtime"
		cp "$RUNTIME" "$WORK/runtime/" || return 1
		[ ! -x "${RUNTIME%/*}/crun-lite-image" ] || cp "${RUNTIME%/*}/crun-lite-image" "$WORK/runtime/" || return 1
		RUNTIME=$WORK/runtime/${RUNTIME##*/}
	fi
	IMAGE=${RUNTIME%/*}/crun-lite-image
	[ -x "$IMAGE" ] || IMAGE=${RUNTIME%/*/*}/libexec/crun-lite/crun-lite-image
	learn_facts
	ROOTFS=$WORK/rootfs
	make_rootfs "$ROOTFS" || return 1
	BASE=$(base_config | jq -c .)
	mkdir -p /sys/fs/cgroup 2>/dev/null
}

teardown_run() {
	kill_leftovers
	rm -rf "$WORK"
}

setup_test() {
	T=$WORK/$N B=$WORK/$N/bundle ROOT=$WORK/$N/state ID=$RUN-$N
	mkdir -p "$B"
	printf '%s\n' "${BASE/@ID@/"$ID"}" >"$B/config.json"
	ARGS='"args":["/bin/true"]'
	exec {done_fd}>&-
	cd "$T"
}

# ---- after a test that failed ------------------------------------------------------------------
kill_leftovers() {
	local p f
	# A frozen process dies when it is thawed.
	for f in /sys/fs/cgroup/freezer/"$RUN"-*/freezer.state; do [ ! -e "$f" ] || echo THAWED >"$f"; done
	for f in /sys/fs/cgroup/"$RUN"-*/cgroup.freeze; do [ ! -e "$f" ] || echo 0 >"$f"; done
	for p in $("$HELPERS/snapshot" $$ / | sed -n 's/^process \([0-9]*\) .*/\1/p'); do
		kill -KILL "$p" 2>/dev/null
	done
}

clean_test() {
	local d h
	for d in "$WORK/$N/state"/*; do
		[ -e "$d" ] && "$RUNTIME" $RUNTIME_FLAGS --root "$WORK/$N/state" delete --force "${d##*/}" >/dev/null 2>&1
	done
	# Deepest first: two levels are all that tests make.  A group is busy until its dead are buried.
	pause
	for h in "${CGROUPS[@]}"; do
		for d in "$h"/*"$RUN-$N"*/*/*/ "$h"/*"$RUN-$N"*/*/ "$h"/*"$RUN-$N"*/; do
			[ -d "$d" ] && rmdir "$d" 2>/dev/null
		done
	done
	"$HELPERS/snapshot" $$ / | sed -n "s|^mount [^ ]* [^ ]* [^ ]* [^ ]* \($WORK/[^ ]*\) .*|\1|p" | sort -r |
		while read -r d; do umount -l "$d" 2>/dev/null; done
	# What a test has outside of its directory.
	[ ! -e "$WORK/$N.elsewhere" ] || while read -r d; do rm -rf --one-file-system "$d"; done <"$WORK/$N.elsewhere"
}

# ---- outcome -----------------------------------------------------------------------------------
fail() {
	echo "$*"
	[ -z "${OUT:-}" ] || printf 'stdout: %s\n' "${OUT:0:3000}"
	[ -z "${ERR:-}" ] || printf 'stderr: %s\n' "${ERR:0:3000}"
	trap - ERR
	exit 1
}

trap_failed() {
	local i
	trap - ERR
	echo "failed: $1"
	for ((i = 1; i < ${#FUNCNAME[@]}; i++)); do
		[ "${FUNCNAME[i]}" = run_one ] && break
		echo "  in ${FUNCNAME[i]} (${BASH_SOURCE[i]##*/}:${BASH_LINENO[i - 1]})"
	done
	[ -z "${OUT:-}" ] || printf 'stdout: %s\n' "${OUT:0:3000}"
	[ -z "${ERR:-}" ] || printf 'stderr: %s\n' "${ERR:0:3000}"
}

skip() {
	echo "$*" >"$WORK/skip"
	exit 77
}

only_crun_lite() { [ -n "$CRUN_LITE" ] || skip "only crun-lite promises this"; }

# ---- waiting -----------------------------------------------------------------------------------
# 5 ms, without a process.
pause() { read -r -t 0.005 _ <>"$WORK/never" || :; }

# until_true CONDITION...: polls a command until it succeeds; fails the test after 10 s.
until_true() {
	local deadline=$((EPOCHSECONDS + ${DEADLINE:-10}))
	until "$@" >/dev/null 2>&1; do
		[ $EPOCHSECONDS -lt $deadline ] || fail "never came true: $*"
		pause
	done
}

file_has() { [[ -e $2 && $(<"$2") == *"$1"* ]]; }

# ---- running -----------------------------------------------------------------------------------
# The runtime itself, as it stands.
rt() { "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }

# The same in place of this shell: `rt_exec ... &` makes $! the runtime's own pid.
rt_exec() { exec "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }

# capture COMMAND...: RC, OUT, ERR.  Through files: a container keeps its creator's stdout open.
capture() {
	RC=0
	"$@" >"$T/out" 2>"$T/err" || RC=$?
	OUT=$(<"$T/out") ERR=$(<"$T/err")
}

run_ok() {
	capture rt "$@"
	[ "$RC" = 0 ] || fail "\"$*\" exited with $RC"
}

# run_fails REGEX ARG...: a non-zero exit, and stderr says so (ignoring case).
run_fails() {
	local re=$1
	shift
	capture rt "$@"
	[ "$RC" != 0 ] || fail "\"$*\" was expected to fail"
	[ -z "$OUT" ] || [ -z "$CRUN_LITE" ] || fail "\"$*\" failed, but printed to stdout"
	shopt -s nocasematch
	[[ $ERR =~ $re ]] || fail "\"$*\": its error does not match \"$re\""
	shopt -u nocasematch
	[ -z "$CRUN_LITE" ] || one_sentence
}

# What crun-lite prints when it fails: one sentence "crun-lite: ...", then indented lines only.
one_sentence() {
	local first=${ERR%%$'\n'*} rest
	[[ $first == crun-lite:* ]] || fail "the error does not begin with \"crun-lite:\""
	if [[ $ERR == *$'\n'* ]]; then
		rest=${ERR#*$'\n'}
		while IFS= read -r first; do
			[[ $first == "  "* ]] || fail "the error has a second sentence: $first"
		done <<<"$rest"
	fi
}

# config FILTER [JQ ARG...]: edits the bundle's config.json.
config() {
	local filter=$1
	shift
	jq -c "$filter" "$B/config.json" "$@" >"$T/config.new" || fail "jq: $filter"
	mv "$T/config.new" "$B/config.json"
	ARGS=
}

# json_strings WORD...: a JSON array, in JSON.  Without jq, whose start costs 40 ms.
json_strings() {
	local w
	JSON=
	for w; do
		w=${w//\\/\\\\}
		w=${w//\"/\\\"}
		w=${w//$'\n'/\\n}
		w=${w//$'\t'/\\t}
		JSON=$JSON,\"$w\"
	done
	JSON="[${JSON#,}]"
}

# args WORD...: process.args
args() {
	local text
	json_strings "$@"
	if [ -z "$ARGS" ]; then
		config '.process.args = $a' --argjson a "$JSON"
		return
	fi
	text=$(<"$B/config.json")
	printf '%s\n' "${text/"$ARGS"/"\"args\":$JSON"}" >"$B/config.json"
	ARGS="\"args\":$JSON"
}

# in_container SCRIPT [FILTER [JQ ARG...]]: the script's output in OUT; it must succeed.
in_container() {
	container_config "$@"
	run_ok run -b "$B" "$ID"
}

container_config() {
	local script=$1 filter=${2:-}
	if [ -z "$filter" ]; then
		args /bin/sh -c "$script"
		return
	fi
	shift 2
	config "$filter"' | .process.args = ["/bin/sh","-c",$script]' --arg script "$script" "$@"
}

# own_rootfs: a copy of the root file system that the test may change, in R.
own_rootfs() {
	R=$B/rootfs
	cp -a "$ROOTFS" "$R"
	config '.root.path = "rootfs" | .root.readonly = false'
}

# created [ARG...]: a container that waits for start.
created() { run_ok create -b "$B" "$@" "$ID"; }

# deleted [ID]: by force.
deleted() { run_ok delete --force "${1:-$ID}"; }

# state_has MEMBER ID: what `state` says of it, a word or a number.  Without jq, whose start costs 40 ms.
state_has() {
	local text
	text=$(rt state "$2") || return
	[[ $text =~ \"$1\":\ *\"?([a-z0-9]+) ]] || return
	echo "${BASH_REMATCH[1]}"
}

# status ID
status() { state_has status "$1"; }
pid_of() { # 0 is no pid: `kill 0` would end us
	local pid
	pid=$(state_has pid "${1:-$ID}")
	echo "${pid/#0/none}"
}
has_status() { [ "$(status "$ID" 2>/dev/null)" = "$1" ]; }
is_gone() { ! grep -qs '^[0-9]* ([^)]*) [^ZX]' "/proc/$1/stat"; }

# running SCRIPT [FILTER]: a started container.
running() {
	container_config "$@"
	created
	run_ok start "$ID"
}

# ended_by SIGNAL PID: sends it to a command of ours in the background, and waits; RC.
ended_by() {
	kill "-$1" "$2"
	RC=0
	wait "$2" 2>/dev/null || RC=$?
}

# lives: made, started, and listed.
lives() {
	created
	expect_eq "$(status "$ID")" created
	run_ok start "$ID"
	expect_eq "$(status "$ID")" running
	run_ok list
	expect_in "$ID"
}

# helper NAME ARG...: in the background; HELPER is its pid.
helper() {
	local name=$1
	shift
	"$HELPERS/$name" "$@" &
	HELPER=$!
}

end_helper() { # PID
	kill -KILL "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

# namespaces NAME...: holds new ones; NS is a pid that is in them, NSHOLD the helper's.
namespaces() {
	"$HELPERS/nshold" "$T/ns" "$@" >"$T/nshold.out" 2>&1 &
	NSHOLD=$!
	until_true test -s "$T/ns"
	NS=$(<"$T/ns")
}

# ---- stuck in the kernel ---------------------------------------------------------------------
# silent_fuse DIR: a file system whose server has read the question and does not answer: who asks waits, and no signal
# ends that.  SERVER is its pid; its end frees them.
silent_fuse() {
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	modprobe fuse 2>/dev/null || :
	cat >"$T/fuse.py" <<-'P'
		import ctypes, os, struct, sys
		fd = os.open('/dev/fuse', os.O_RDWR)
		libc = ctypes.CDLL(None, use_errno=True)
		if libc.mount(b'silent', sys.argv[1].encode(), b'fuse', 6, b'fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other' % fd):
		    open(sys.argv[2], 'w').write('no')
		    sys.exit(os.strerror(ctypes.get_errno()))
		request = os.read(fd, 1 << 17)
		unique = struct.unpack_from('Q', request, 8)[0]
		init = struct.pack('IIIIHHIIHHI', 7, 31, 65536, 0, 16, 12, 65536, 1, 0, 0, 0) + bytes(28)
		os.write(fd, struct.pack('IiQ', 16 + len(init), 0, unique) + init)
		open(sys.argv[2], 'w').write('ready')
		while True:
		    request = os.read(fd, 1 << 17)
		    length, opcode, unique, node = struct.unpack_from('IIQQ', request)
		    if opcode == 3:  # GETATTR of the root: a directory
		        attr = struct.pack('QQQQQQIIIIIIIIII', node, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
		        reply = struct.pack('QII', 1000, 0, 0) + attr
		        os.write(fd, struct.pack('IiQ', 16 + len(reply), 0, unique) + reply)
		    elif opcode == 1:  # LOOKUP: somebody waits now
		        open(sys.argv[2], 'w').write('asked')
	P
	mkdir "$1"
	python3 "$T/fuse.py" "$1" "$T/fuse.state" 2>"$T/fuse.err" &
	SERVER=$!
	until_true test -s "$T/fuse.state"
	[ "$(<"$T/fuse.state")" = ready ] || skip "no fuse here: $(<"$T/fuse.err")"
}

is_asked() { [ "$(<"$T/fuse.state")" = asked ]; }

# ---- expecting ---------------------------------------------------------------------------------
expect_eq() { # ACTUAL EXPECTED [WHAT]
	[ "$1" = "$2" ] || fail "${3:-value}: expected \"$2\", got \"$1\""
}
expect_in() { # TEXT [WHERE]
	local where=${2-$OUT}
	[[ $where == *"$1"* ]] || fail "expected to find \"$1\""
}
expect_not_in() { # TEXT [WHERE]
	local where=${2-$OUT}
	[[ $where != *"$1"* ]] || fail "did not expect to find \"$1\""
}
expect_match() { # REGEX [WHERE]
	local where=${2-$OUT}
	[[ $where =~ $1 ]] || fail "expected to match \"$1\""
}
expect_line() { # LINE [WHERE]: a whole line
	local where=${2-$OUT}
	[[ $'\n'$where$'\n' == *$'\n'"$1"$'\n'* ]] || fail "expected the line \"$1\""
}
expect_rc() { [ "$RC" = "$1" ] || fail "expected exit code $1, got $RC"; }
expect_file() { [ -e "$1" ] || fail "$1 does not exist"; }
expect_no_file() { [ ! -e "$1" ] && [ ! -L "$1" ] || fail "$1 exists"; }

# mount_line DESTINATION [WHERE]: the last mountinfo line of it, in LINE.
mount_line() {
	LINE=$(printf '%s\n' "${2-$OUT}" | awk -v d="$1" '$5 == d {l = $0} END {print l}')
	[ -n "$LINE" ] || fail "nothing is mounted on $1"
}

# mount_has DESTINATION WORD...: options (either half) and fields of its line, as whole words.
mount_has() {
	local w
	mount_line "$1"
	shift
	for w; do
		[[ " ${LINE//,/ } " == *" $w "* ]] || fail "\"$w\" is not in \"$LINE\""
	done
}
mount_has_not() {
	local w
	mount_line "$1"
	shift
	for w; do
		[[ " ${LINE//,/ } " != *" $w "* ]] || fail "\"$w\" is in \"$LINE\""
	done
}

# What `inspect caps` says of who has none.
expect_no_capabilities() {
	local set
	for set in effective permitted inheritable bounding ambient; do expect_line "$set: 0"; done
}

# own_groups [ID]: the container's directories that exist
own_groups() {
	local h
	for h in "${CGROUPS[@]}"; do
		[ ! -d "$h/${1:-$ID}" ] || echo "$h/${1:-$ID}"
	done
}

# cgroup_file CONTROLLER V1FILE V2FILE [ID]: the path on this machine.
cgroup_file() {
	if [ -n "$V2" ]; then
		echo "/sys/fs/cgroup/${4:-$ID}/$3"
	else
		echo "/sys/fs/cgroup/$1/${4:-$ID}/$2"
	fi
}

# tree DIR: every entry with type, mode, owner, size, time and contents' sum: a canary.
tree() { find "$1" -printf '%P %y %m %U:%G %s %T@ %l\n' | sort; find "$1" -type f -exec sha256sum {} + | sort; }
