# What of the runtime the container gets to see: no descriptor, no memory, no file, no moment (V15, V21, V22, V24).
# shellcheck shell=bash

test_init__of_50_leaked_descriptors_none_reaches_run_create_or_exec_V15() {
	local leak=("$HELPERS/leakfds" 50 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS)
	args inspect fds
	capture "${leak[@]}" run -b "$B" "$ID"
	expect_rc 0
	expect_eq "$(cut -d' ' -f2 <<<"$OUT" | sort -n | xargs)" "0 1 2" "run"
	args sh -c 'inspect fds; exec sleep 1000'
	capture "${leak[@]}" create -b "$B" "$ID"
	expect_rc 0
	run_ok start "$ID"
	until_true file_has "fd: 2" "$T/out"
	expect_eq "$(cut -d' ' -f2 "$T/out" | sort -n | xargs)" "0 1 2" "create and start"
	mv "$T/out" "$T/out.of.create"
	capture "${leak[@]}" exec "$ID" inspect fds
	expect_rc 0
	expect_eq "$(cut -d' ' -f2 <<<"$OUT" | sort -n | xargs)" "0 1 2" "exec"
	deleted
}

# The neighbour looks at every process that comes, holds what it can open, and tries to write to it then and later.
watched() { # FILTER [evil [EXECS]]: that too, a script that is to be interpreted by what executes it, which is init's file
	local i job execs=${WATCH_EXECS:-${3:-1000}}
	own_runtime
	own_rootfs
	cp "$HELPERS/exes" "$R/bin/"
	config "$1"' | .process.args = ["sleep","1000"]'
	created
	run_ok start "$ID"
	rt exec "$ID" /bin/exes /tmp/stop >"$T/watch" 2>&1 &
	job=$!
	until_true file_has ready "$T/watch"
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	chmod 755 "$R/bin/evil"
	for ((i = 0; i < execs * ${SOAK:-1}; i++)); do
		"$OWN" --root "$ROOT" $RUNTIME_FLAGS exec "$ID" /bin/true || fail "exec $i failed"
		[ $((i % 100)) != 0 ] || [ -z "${2:-}" ] || capture timeout -k 1 10 "$OWN" --root "$ROOT" $RUNTIME_FLAGS exec "$ID" /bin/evil
	done
	touch "$R/tmp/stop"
	wait $job || fail "the watcher: $(<"$T/watch")"
	deleted
	runtime_intact
	OUT=$(<"$T/watch")
	expect_line "done"
	figure "a watcher that saw $((execs * ${SOAK:-1})) execs: $(grep -c ^link <<<"$OUT") files, $(grep -c ^refused <<<"$OUT") of them refused"
}

test_init__its_file_is_never_the_runtimes_in_1000_execs_V21() {
	watched .
	expect_in "link /bin/true"
	# Of what is not yet the program not even the name is read.
	OUT=$(grep -vE '^(ready|done|(link|later|opened|refused) /bin/(true|busybox|exes)( .*)?)$' <<<"$OUT") || :
	expect_eq "$OUT" ""
}

test_init__who_may_trace_anything_sees_only_a_sealed_file_V21() {
	local caps='["CAP_SYS_PTRACE","CAP_KILL","CAP_DAC_OVERRIDE"]'
	watched '.process.capabilities = {"bounding":'"$caps"',"effective":'"$caps"',"permitted":'"$caps"'}' evil 300
	expect_in "link /bin/true"
	OUT=$(grep -vE '^(ready|done|(link|later|opened|refused) /bin/(true|busybox|exes)( .*)?)$' <<<"$OUT") || :
	# ETXTBSY while it is executed, EPERM by the seal ever after.
	OUT=$(grep -vE '^(link /memfd:crun-lite-init \(deleted\)|refused /memfd:crun-lite-init \(deleted\) (ETXTBSY|EPERM|EACCES)|later /memfd:crun-lite-init \(deleted\) EPERM|opened /memfd:crun-lite-init \(deleted\) EPERM)$' <<<"$OUT") || :
	expect_eq "$OUT" ""
}

# Somebody on the host who held it while it ran, and writes when nobody executes it any more.
test_init__its_file_is_sealed_V21() {
	only_crun_lite
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	[[ $(readlink "/proc/$pid/exe") == /memfd:crun-lite-init* ]] || skip "init is no file in memory here"
	exec {held}<"/proc/$pid/exe"
	run_ok start "$ID"
	until_true eval "[[ \$(readlink /proc/$pid/exe) != /memfd:* ]]"
	capture python3 -c 'import os, sys; fd = os.open(sys.argv[1], os.O_RDWR); os.pwrite(fd, b"evil", 0)' "/proc/self/fd/$held"
	[ "$RC" != 0 ] || fail "its file could be written to"
	expect_in "not permitted" "$ERR"
	capture python3 -c 'import os, sys; fd = os.open(sys.argv[1], os.O_RDWR); os.ftruncate(fd, 0)' "/proc/self/fd/$held"
	expect_in "not permitted" "$ERR"
	exec {held}<&-
	deleted
}

test_init__nothing_of_it_stays_in_the_programs_memory_V21() {
	in_container 'cat /proc/self/maps; echo; for d in /proc/[0-9]*; do echo "process $d"; done; grep Threads /proc/1/status; tr "\0" "\n" </proc/1/environ; true'
	expect_not_in memfd
	expect_not_in crun-lite
	expect_not_in deleted
	expect_eq "$(awk '/^$/ {exit} NF > 5 {print $6}' <<<"$OUT" | sort -u | xargs)" \
		"$(xargs -n1 <<<"/bin/busybox [heap] [stack] $(awk '/^$/ {exit} $6 ~ /^\[v/ {print $6}' <<<"$OUT" | sort -u | xargs)" | sort -u | xargs)" "what is mapped"
	expect_eq "$(grep -c '^process' <<<"$OUT")" 1
	expect_in $'Threads:\t1'
	[ -z "$CRUN_LITE" ] || expect_eq "$(sed '1,/^Threads/d' <<<"$OUT" | cut -d= -f1 | sort | xargs)" "HOME PATH TERM"
}

# A limit that holds the program alone holds while init is there, too: what init needed is not charged to it, or given back.
test_init__nothing_of_it_is_charged_to_the_container_V21() {
	local file peak
	file=$(cgroup_file memory memory.max_usage_in_bytes memory.peak)
	args sleep 1000
	created
	[ -e "$file" ] || { deleted; skip "no memory controller"; }
	run_ok start "$ID"
	until_true eval '[ "$(cat /proc/$(pid_of)/comm)" = sleep ]'
	peak=$(<"$file")
	deleted
	figure "peak of the memory of a group whose program is sleep: $((peak / 1024)) KiB"
	[ "$peak" -lt $((2 << 20)) ] || fail "its group had $peak bytes: init is no 2 MiB"
}

# With the program's user and rights already, while a startContainer hook runs: who has the same may not look at it, nor take it.
test_init__cannot_be_traced_before_it_is_the_program_V22() {
	only_crun_lite
	own_rootfs
	chmod 777 "$R/tmp"
	config 'del(.linux.namespaces[] | select(.type == "pid")) | .process.args = ["sleep","1000"]
		| .hooks.startContainer = [{"path":"/bin/busybox","args":["sh","-c","touch /tmp/here; while [ ! -e /tmp/go ]; do usleep 5000; done"]}]'
	created
	local pid start as=(setpriv --bounding-set=-all,+audit_write,+kill,+net_bind_service)
	pid=$(pid_of)
	rt start "$ID" &
	start=$!
	until_true test -e "$R/tmp/here"
	expect_eq "$(sed -n 's/^CapPrm:\t//p' "/proc/$pid/status")" "$("${as[@]}" sed -n 's/^CapPrm:\t//p' /proc/self/status)" "both have the same rights"
	capture "${as[@]}" readlink "/proc/$pid/exe"
	[ "$RC" != 0 ] || fail "its file may be looked at"
	capture "${as[@]}" cat "/proc/$pid/maps"
	[ "$RC" != 0 ] && [ -z "$OUT" ] || fail "its memory may be looked at"
	touch "$R/tmp/go"
	wait $start
	# The program may be, so it was that which was seen.
	until_true "${as[@]}" readlink "/proc/$pid/exe"
	deleted
}

# With somebody else's privileges every flag and every variable would be an attack.
test_init__set_uid_or_with_capabilities_it_refuses_to_run_V24() {
	only_crun_lite
	own_runtime
	chmod 711 "$WORK" "$T" "$T/own"
	local program as=(setpriv --reuid 54321 --regid 54321 --clear-groups)
	cp "${RUNTIME%/*}/crun-lite-image" "$T/own/" 2>/dev/null || :
	for program in "$OWN" "$T/own/crun-lite-image"; do
		[ -e "$program" ] || continue
		chmod 755 "$program"
		capture "${as[@]}" "$program" "$([[ $program == *image ]] && echo version || echo --version)"
		expect_rc 0
		chmod 4755 "$program"
		capture "${as[@]}" "$program" "$([[ $program == *image ]] && echo version || echo --version)"
		[ "$RC" != 0 ] || fail "${program##*/} runs set-uid"
		expect_in "must not be installed set-uid or with capabilities" "$ERR"
		expect_eq "$(wc -l <<<"$ERR")" 1 "lines"
		chmod 755 "$program"
		command -v setcap >/dev/null || continue
		setcap cap_sys_admin+ep "$program"
		capture "${as[@]}" "$program" "$([[ $program == *image ]] && echo version || echo --version)"
		[ "$RC" != 0 ] || fail "${program##*/} runs with file capabilities"
		expect_in "must not be installed set-uid or with capabilities" "$ERR"
	done
}

test_init__what_make_installs_has_no_set_uid_bit_V24() {
	[ -e "$top/Makefile" ] || skip "not in the source tree"
	! sed -n '/^install:/,/^$/p' "$top/Makefile" | grep -E 'install .*-m *[0-7]?[4-7][0-7]{3}|setcap|chmod' || fail "a mode with more than rwx"
	[ ! -u "$RUNTIME" ] && [ ! -g "$RUNTIME" ] || fail "what was built has a set-uid bit"
	[ -z "$(getcap "$RUNTIME" 2>/dev/null)" ] || fail "what was built has capabilities"
}
