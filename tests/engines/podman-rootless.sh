# podman of an ordinary user.
# shellcheck shell=bash

# A user of the chapter's own; with systemd the guest's, whom systemd knows.
USER_ID=42424 RANGE=300000
! with_systemd || USER_ID=1000 RANGE=100000

pod() { "$ENGINE/podman" "$@"; }

start_chapter() {
	needs podman conmon newuidmap slirp4netns
	[ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "there is no /etc/subuid"
	! with_systemd || needs as-dev
	mkdir -p "$ENGINE"/{etc,home,xdg,tmp}
	containers_conf
	if with_systemd; then
		ln -s $(command -v as-dev) "$ENGINE/as-user"
	else
		make_user
	fi
	cat >"$ENGINE/podman" <<-P
		#!/bin/sh
		cd "$ENGINE/home"
		exec "$ENGINE/as-user" env HOME="$ENGINE/home" TMPDIR="$ENGINE/tmp" \
			podman --root "$ENGINE/home/storage" --storage-driver overlay "\$@"
	P
	chmod 755 "$ENGINE/podman"
	chown -R $USER_ID:$USER_ID "$ENGINE"/{home,xdg,tmp}
	chmod 700 "$ENGINE/xdg"
	good pod import -q -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$IMAGE_TAR" bb:1
	good pod run --rm bb:1 true
}

make_user() {
	local f
	{ cat /etc/passwd; echo "tester:x:$USER_ID:$USER_ID::$ENGINE/home:/bin/sh"; } >"$ENGINE/etc/passwd"
	echo "tester:$RANGE:65536" | tee "$ENGINE/etc/subuid" >"$ENGINE/etc/subgid"
	{ cat /etc/group; echo "tester:x:$USER_ID:"; } >"$ENGINE/etc/group"
	end_user
	for f in passwd group subuid subgid; do mount --bind "$ENGINE/etc/$f" "/etc/$f"; done
	cat >"$ENGINE/as-user" <<-P
		#!/bin/sh
		exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups env USER=tester XDG_RUNTIME_DIR="$ENGINE/xdg" "\$@"
	P
	chmod 755 "$ENGINE/as-user"
}

# What stands in for /etc's files.
end_user() {
	local f
	for f in passwd group subuid subgid; do ! mountpoint -q /etc/$f || umount /etc/$f; done
}

stop_chapter() {
	good pod rm -fa -t 0
	# The process that keeps the user's namespaces.
	kill "$(cat "$ENGINE/xdg/libpod/tmp/pause.pid" 2>/dev/null || cat /run/user/$USER_ID/libpod/tmp/pause.pid)"
	end_user
	no_containers_conf
}

inside() {
	local flags=()
	while [ "$1" != -- ]; do
		flags+=("$1")
		shift
	done
	shift
	good pod run --rm "${flags[@]}" bb:1 "$@"
}

kept() {
	local name=$1
	shift
	good pod run -d --name "$name" "$@" bb:1 sh -c 'trap "exit 3" TERM; echo ready; while :; do usleep 50000; done'
	until_true says "$name" ready
}
says() { pod logs "$1" 2>&1 | grep -q "$2"; }
gone() { good pod rm -f -t 0 "$@"; }

test_podman_rootless__root_inside_is_the_user_outside() {
	chmod 777 "$T"
	inside -v "$T:/vol" -- sh -c 'id -u; cat /proc/self/uid_map; touch /vol/mine'
	expect_match "^0"$'\n'" *0 +$USER_ID +1"$'\n'" *1 +$RANGE +65536$"
	expect_eq "$(stat -c %u "$T/mine")" $USER_ID
}

test_podman_rootless__exit_codes() {
	bad 42 pod run --rm bb:1 sh -c 'exit 42'
	bad 126 pod run --rm bb:1 /etc
	bad 127 pod run --rm bb:1 nothing-of-this-name
}

test_podman_rootless__it_has_a_terminal() {
	capture "$HELPERS/ptyrun" line:40x100 'expect:# ' "send:tty; $(sized 40 100)exit 7\r" expect:/dev/pts/ -- \
		"$ENGINE/podman" run --rm -it bb:1 sh
	expect_rc 7
}

test_podman_rootless__exec_logs_stop_and_kill() {
	kept one
	good pod exec one id -u
	expect_eq "$OUT" 0
	bad 9 pod exec one sh -c 'exit 9'
	good pod exec -u 1000 one id -u
	expect_eq "$OUT" 1000
	good pod stop -t 5 one
	good pod inspect --format '{{.State.ExitCode}}' one
	expect_eq "$OUT" 3
	gone one
	kept two
	good pod kill two
	good pod wait two
	expect_eq "$OUT" 137
	gone two
}

test_podman_rootless__exec_it_has_a_terminal() {
	kept e
	capture "$HELPERS/ptyrun" 'expect:# ' 'send:tty; exit 4\r' expect:/dev/pts/ -- "$ENGINE/podman" exec -it e sh
	expect_rc 4
	gone e
}

test_podman_rootless__keep_id() {
	inside --userns keep-id -- sh -c 'id -u; cat /proc/self/uid_map'
	expect_match "^$USER_ID"$'\n'
}

test_podman_rootless__another_user_and_capabilities() {
	inside --user 1000:1000 --cap-drop all -- sh -c 'id -u; grep CapEff /proc/self/status'
	expect_match '^1000'$'\n''CapEff:.*0000000000000000$'
	inside --cap-add sys_admin -- sh -c 'mount -t tmpfs t /mnt && echo mounted'
	expect_eq "$OUT" mounted
}

test_podman_rootless__read_only_tmpfs_and_volumes() {
	inside --read-only --tmpfs /scratch:size=1m -v keep:/vol -- sh -c 'echo x >/vol/x; echo x >/scratch/x; echo x >/etc/x || echo refused'
	expect_eq "$OUT" refused
	inside -v keep:/vol -- cat /vol/x
	expect_eq "$OUT" x
	good pod volume rm keep
}

test_podman_rootless__devices_are_there() {
	inside -- sh -c 'echo x >/dev/null; head -c 2 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c; ls -l /dev/ptmx /dev/fd >/dev/null && echo links'
	expect_eq "$OUT" $'2\n2\nlinks'
}

test_podman_rootless__privileged() {
	inside --privileged -- sh -c 'mount -t tmpfs t /mnt && echo mounted'
	expect_eq "$OUT" mounted
}

test_podman_rootless__seccomp_and_no_new_privileges() {
	inside --security-opt no-new-privileges -- grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
	expect_match 'NoNewPrivs:.1'
	expect_match 'Seccomp:.2'
}

test_podman_rootless__network_host_none_and_a_published_port() {
	inside --network none -- sh -c 'ip -o link | wc -l'
	expect_eq "$OUT" 1
	inside --network host -- echo host
	good pod run -d --name web -p 127.0.0.1:18082:80 bb:1 sh -c "$(web)"
	until_true fetched 127.0.0.1 18082
	gone web
}

test_podman_rootless__a_pod_shares_its_namespaces() {
	good pod pod create --name pd --hostname inthepod
	good pod run -d --pod pd --name pd-web bb:1 sh -c "$(web)"
	good pod run --rm --pod pd bb:1 sh -c 'hostname; for i in 1 2 3 4 5 6 7 8 9; do wget -qO- http://127.0.0.1/ && break; usleep 100000; done'
	expect_eq "$OUT" $'inthepod\npage'
	good pod pod rm -f -t 0 pd
}

test_podman_rootless__a_limit_says_what_is_missing_or_holds() {
	capture pod run --rm --memory 50m bb:1 sh -c 'cat /sys/fs/cgroup/memory.max'
	# Where nothing is delegated podman drops the limit with a warning, or the runtime says why not.
	[ "$RC" = 0 ] || expect_match 'cgroup|memory' "$ERR"
	[ "$RC" != 0 ] || expect_match '52428800|[Rr]esource limits are not supported' "$OUT$ERR"
}

test_podman_rootless__a_scope_of_the_users_systemd() {
	needs_systemd
	kept s --memory 50m --cpus 0.1 --pids-limit 40
	good pod inspect --format '{{.State.CgroupPath}}' s
	expect_match "/user@$USER_ID.service/user.slice/libpod-[0-9a-f]{64}.scope"
	local group=/sys/fs/cgroup$OUT
	expect_eq "$(cat "$group"/{memory,cpu,pids}.max | xargs)" "$((50 << 20)) 10000 100000 40"
	good pod pause s
	good pod unpause s
	good pod exec s cat /sys/fs/cgroup/memory.max
	good pod stop -t 5 s
	until_true is_away "$group"
	gone s
}
is_away() { [ ! -e "$1" ]; }

test_podman_rootless__pause_needs_a_freezer_of_its_own() {
	kept p
	capture pod pause p
	[ "$RC" != 0 ] || good pod unpause p
	expect_match '^$|cgroup|pause' "$ERR"
	gone p
}

test_podman_rootless__build_runs_three_steps() {
	printf 'FROM localhost/bb:1\nRUN echo one >/one\nCOPY file /two\nRUN cat /one /two >/three\nCMD ["cat","/three"]\n' >"$T/Dockerfile"
	echo two >"$T/file"
	chmod 755 "$T"
	good pod build -q --network none -t built:1 "$T"
	good pod run --rm built:1
	expect_eq "$OUT" $'one\ntwo'
	good pod rmi built:1
}

test_podman_rootless__init_healthcheck_and_restart() {
	inside --init -- sh -c 'echo $$'
	[ "$OUT" != 1 ] || fail "it is pid 1"
	kept h --health-cmd 'test -e /tmp/well' --health-interval disable --health-retries 1
	bad 1 pod healthcheck run h
	good pod exec h touch /tmp/well
	good pod healthcheck run h
	good pod restart -t 1 h
	gone h
}
