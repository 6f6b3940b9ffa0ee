# lib.sh - the words the engines' checks are written in: those of the system tests, and these.
#
# A chapter is an engine.  Its start_chapter makes the engine's folder ($ENGINE) and whatever runs as long as the
# chapter does; it ends in stop_chapter.  Each check has $T (a folder for its files), and cleans up its containers.
#
#   UNDER_TEST      crun-lite, runc or crun
#   RUNTIME         its file, absolute, named so
#   ENGINE          where the engine keeps everything: $WORK/engine
#   IMAGE_TAR       the image's root file system
#   ENGINE_CGROUPS  the cgroup manager of engines that have a choice: cgroupfs, systemd
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/system/lib.sh
. "$top/tests/system/lib.sh"

# What engines make once, and keep or not: mounts of their stores, groups above containers'; crun-lite's cache.
UNSTEADY='^mount .* /[^ ]*/engine/[a-z]+/overlay |^cgroup /[^ ]*/(libpod_parent|conmon|docker|default|kubepods|machine|(machine|kubepods|user|system|app|mine)\.slice)$|/\.seccomp[/ ]|^file /run/containerd/(fifo|s)/|^process [0-9]+ (reaper|containerd)$'

eval "system_$(declare -f setup_run)"
setup_run() {
	system_setup_run || return
	UNDER_TEST=${RUNTIME##*/}
	ENGINE=$WORK/engine
	# The others give their stdin away.
	[ "$UNDER_TEST" = crun-lite ] || UNSTEADY+='|^file /dev/null '
	IMAGE_TAR=$WORK/image.tar
	export HOME=$WORK/home TMPDIR=$WORK/tmp
	mkdir -p "$HOME" "$TMPDIR"
	for a in httpd wget top; do ln -s busybox "$ROOTFS/bin/$a"; done
	rm -rf "$ROOTFS"/dev/* && tar -C "$ROOTFS" -cf "$IMAGE_TAR" .
}

setup_test() {
	T=$WORK/$N
	mkdir -p "$T"
	exec {done_fd}>&-
	cd "$T"
}

# An engine that lost a test may not be what it was: the next has a new one.
start_chapter() { :; }
stop_chapter() { :; }
clean_test() {
	umount_engine
	find /sys/fs/cgroup -mindepth 2 -depth -type d ! -path '/sys/fs/cgroup/*/run' -exec rmdir {} + 2>/dev/null
	rm -rf "$ENGINE"
	in_chapter start "$chapter"
}

after_failure() {
	kill_leftovers
	clean_test
}

kill_leftovers() {
	local f p
	for f in $(find /sys/fs/cgroup -name freezer.state); do echo THAWED >"$f"; done
	for f in $(find /sys/fs/cgroup -name cgroup.freeze); do echo 0 >"$f"; done
	# Again, for those whose parents had not died yet.
	for _ in 1 2 3; do
		for p in $("$HELPERS/snapshot" $$ / | sed -n 's/^process \([0-9]*\) .*/\1/p'); do kill -KILL "$p" 2>/dev/null; done
		pause
	done
}

umount_engine() {
	local d
	"$HELPERS/snapshot" $$ / | awk -v d="$ENGINE/" '$1 == "mount" && index($6, d) == 1 {print $6}' | sort -r |
		while read -r d; do umount -l "$d" 2>/dev/null; done
}

teardown_run() {
	kill_leftovers
	umount_engine
	cd /
	rm -rf "$WORK"
}

# needs PROGRAM...: or the whole chapter, or the check, is skipped.
needs() {
	local p
	for p; do
		command -v "$p" >/dev/null || skip "there is no $p: contrib/install-deps engines"
	done
}

# with_systemd: the engines use its cgroup manager (tests/vm/engines)
with_systemd() { [ "${ENGINE_CGROUPS:-cgroupfs}" = systemd ]; }
needs_systemd() { with_systemd || skip "systemd is not the cgroup manager: make check-vm-engines"; }

# needs_lasting_groups: memory.events is read when a container has died, which systemd may have heard first
needs_lasting_groups() { ! with_systemd || skip "systemd may remove a scope before the engine has read in it: so it is with every runtime"; }

# needs_controller NAME: of either version
needs_controller() { grep -qs "^$1[[:space:]].*1$" /proc/cgroups || skip "the kernel has no $1 controller"; }

# good COMMAND...: it succeeds; RC, OUT, ERR are its.
good() {
	capture "$@"
	[ "$RC" = 0 ] || fail "\"$*\" exited with $RC"
}

# bad CODE COMMAND...: it exits with CODE.
bad() {
	local code=$1
	shift
	capture "$@"
	[ "$RC" = "$code" ] || fail "\"$*\" exited with $RC, not $code"
}

# stop_daemon PIDFILE: and wait until it is gone.
stop_daemon() {
	local pid
	[ -s "$1" ] || return 0
	pid=$(<"$1")
	kill -TERM "$pid" 2>/dev/null || return 0
	until_true is_gone "$pid"
}

# fetched ADDRESS PORT [TEXT]: a web server there says TEXT (page).
fetched() {
	local got
	got=$(timeout 2 bash -c 'exec 3<>/dev/tcp/$0/$1 && printf "GET / HTTP/1.0\r\n\r\n" >&3 && cat <&3' "$1" "$2") || return
	[[ $got == *"${3:-page}" ]]
}

# web [TEXT]: a web server's script
web() { echo "mkdir -p /www; echo ${1:-page} >/www/index.html; exec httpd -f -p 80 -h /www"; }

# sized LINES COLUMNS: a script that waits for a terminal of that size, which the client sets when the program runs
sized() { echo "until [ \"\$(stty size)\" = \"$1 $2\" ]; do sleep 0.1; done; "; }

# archive IMAGE TAR CMD...: an image of one layer, in the format of `docker save`
archive() {
	local image=$1 tar=$2 sum
	shift 2
	sum=$(sha256sum <"$IMAGE_TAR")
	json_strings "$@"
	mkdir -p "$T/archive"
	ln -f "$IMAGE_TAR" "$T/archive/layer.tar" 2>/dev/null || cp "$IMAGE_TAR" "$T/archive/layer.tar"
	cat >"$T/archive/config.json" <<-J
		{"architecture":"$(dpkg --print-architecture 2>/dev/null || echo amd64)","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:${sum%% *}"]},
		 "config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":$JSON}}
	J
	echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$image\"],\"Layers\":[\"layer.tar\"]}]" >"$T/archive/manifest.json"
	tar -C "$T/archive" -cf "$tar" manifest.json config.json layer.tar
}

# ---- podman and buildah --------------------------------------------------------------------------
# containers_conf [LINE...]: an /etc/containers of the room's: what the distribution has there, a containers.conf with
# these lines for [engine], and contrib/engines' drop-in for the runtime.
containers_conf() {
	local etc=$ENGINE/containers
	no_containers_conf
	mkdir -p "$etc/containers.conf.d" "$ENGINE/net"
	cp -r /etc/containers/. "$etc"
	cat >"$etc/containers.conf" <<-C
		[containers]
		# root cannot raise a hard limit everywhere.
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
		init_path = "$(command -v catatonit)"
		[network]
		network_backend = "cni"
		cni_plugin_dirs = ["/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"]
		[engine]
		cgroup_manager = "${ENGINE_CGROUPS:-cgroupfs}"
		events_logger = "file"
		$(printf '%s\n' "$@")
	C
	# What the others can do podman knows by itself.
	sed "s|\"/usr/local/bin/crun-lite\", \"/usr/bin/crun-lite\"|\"@FILE@\"|; s|crun-lite|$UNDER_TEST|g; s|@FILE@|$RUNTIME|
		$([ "$UNDER_TEST" = crun-lite ] || echo '/^runtime_supports/d')" \
		"$top/contrib/engines/podman/crun-lite.conf" >"$etc/containers.conf.d/crun-lite.conf"
	mount --bind "$etc" /etc/containers
}

no_containers_conf() {
	while mountpoint -q /etc/containers; do umount /etc/containers; done
}
