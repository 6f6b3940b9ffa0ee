# The known holes of container runtimes (docs/security.md, V rows) that a run can show: a file outside
# the root file system, the canary, is the same before and after.
# shellcheck shell=bash

. "$here/canary.lib"

# The names of what is tried and the outcome do not matter here: nothing of the host may change.
test_security__a_console_that_is_a_symlink_makes_nothing_on_the_host_V02() {
	own_rootfs
	canary
	local l
	for l in "$C/new" "$(up "$C/new")" "$C/file" "$(up "$C/file")"; do
		config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .process.terminal = true'
		rm -rf "$R/dev"
		mkdir "$R/dev"
		ln -s "$l" "$R/dev/console"
		"$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" >"$T/out" 2>&1 || :
		rt delete --force "$ID" >/dev/null 2>&1 || :
		intact
		# The same where there is a terminal to be had: a devpts, and the link to its multiplexer.
		config '.mounts = $m | .mounts |= map(select(.destination == "/proc" or .destination == "/dev/pts")) | .process.terminal = true' --argjson m "$(jq -c .mounts <<<"$BASE")"
		rm -rf "$R/dev"
		mkdir -p "$R/dev/pts"
		ln -s pts/ptmx "$R/dev/ptmx"
		ln -s "$l" "$R/dev/console"
		"$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID" >"$T/out" 2>&1 || :
		rt delete --force "$ID" >/dev/null 2>&1 || :
		intact
	done
}

test_security__a_null_device_that_is_a_symlink_to_a_volume_V03() {
	own_rootfs
	canary
	config '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .mounts += [{"destination":"/vol","source":$c,"options":["bind"]}]
		| .process.user = {"uid":1000,"gid":1000}' --arg c "$C"
	rm -rf "$R/dev"
	mkdir "$R/dev"
	ln -s /vol/file "$R/dev/null"
	args sh -c 'stat -L -c "%t:%T" /proc/self/fd/0'
	attempt
	intact
	[ "$RC" != 0 ] || expect_eq "$OUT" "1:3" "the program's stdin"
}

test_security__masked_paths_never_take_the_images_null_device_V08() {
	own_rootfs
	canary
	config '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .mounts += [{"destination":"/vol","source":$c,"options":["bind"]}]
		| .linux.maskedPaths = ["/etc/file"]' --arg c "$C"
	rm -rf "$R/dev"
	mkdir "$R/dev"
	ln -s /vol/file "$R/dev/null"
	args sh -c 'cat /etc/file; inspect mounts'
	attempt
	intact
	expect_not_in precious
	expect_not_in original
}

test_security__a_dev_that_is_a_symlink_V05() {
	own_rootfs
	canary
	local l
	for l in "$C" "$(up "$C")" /vol; do
		config '.mounts |= map(select(.destination | startswith("/dev") | not))
			| .mounts += (if $l == "/vol" then [{"destination":"/vol","source":$c,"options":["bind"]}] else [] end)
			| .linux.devices = [{"path":"/dev/file","type":"c","major":1,"minor":3}]' --arg c "$C" --arg l "$l"
		rm -rf "$R/dev"
		ln -s "$l" "$R/dev"
		if [ "$l" = /vol ]; then
			# Inside the volume its devices may be made: but what was there stays.
			attempt
			expect_eq "$(<"$C/file")" precious
			expect_eq "$(stat -c %u:%g "$C/file")" 5:6
		else
			attempt
			intact
		fi
	done
}

test_security__a_proc_or_sys_that_is_a_symlink_is_refused_V11_V19() {
	local p
	for p in proc sys; do
		own_rootfs
		mkdir -p "$R/elsewhere"
		rm -rf "${R:?}/$p"
		ln -s /elsewhere "$R/$p"
		args inspect mounts
		attempt
		[ "$RC" != 0 ] || fail "a container with /$p -> /elsewhere ran"
		[ -z "$CRUN_LITE" ] || expect_in "/$p" "$ERR"
		rm -rf "${R:?}"
	done
}

test_security__a_volume_over_proc_is_refused_V10_V19() {
	canary
	mkdir "$T/fake"
	mkdir -p "$T/fake/self/attr"
	config '.mounts += [{"destination":"/proc","options":["bind"]}]'
	local source
	for source in "$T/fake" /proc/sys /proc/self /proc/1; do
		config '.mounts[-1].source = $s' --arg s "$source"
		attempt
		[ "$RC" != 0 ] || fail "$source was bound over /proc"
		[ -z "$CRUN_LITE" ] || expect_in "it is not a procfs" "$ERR"
	done
}

test_security__nothing_is_mounted_inside_proc_by_name_V10_V19() {
	only_crun_lite
	local d
	for d in /proc/sys /proc/sys/kernel/core_pattern /proc/self/attr proc/sys/net /proc/./sys /proc//1 /sys/../proc/sysrq-trigger /proc/sys/; do
		config '.mounts += [{"destination":$d,"type":"tmpfs","source":"t"}]' --arg d "$d"
		run_fails 'inside /proc' run -b "$B" "$ID"
		expect_in "(/mounts/6/destination)" "$ERR"
		config '.mounts[-1] = {"destination":$d,"source":"/etc/hostname","options":["bind"]}' --arg d "$d"
		run_fails 'inside /proc' run -b "$B" "$ID"
		config 'del(.mounts[-1])'
	done
}

# What the host's /dev/null is, is looked at: in a mount namespace where it is something else.
test_security__files_are_masked_by_the_null_device_or_not_at_all_V08() {
	only_crun_lite
	echo precious >"$T/file"
	config '.linux.maskedPaths = ["/etc/file"] | .process.args = ["cat","/etc/file"]'
	capture unshare --mount --propagation private sh -c 'mount --bind "$1" /dev/null; shift; exec "$@"' - "$T/file" \
		"$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it ran with another null device"
	expect_in "/dev/null is not the null device" "$ERR"
	expect_eq "$(<"$T/file")" precious
}

# Whatever kind of mount it is, and by whichever system call it is made.
test_security__a_link_of_the_image_leads_no_mount_into_proc_V10_V19() {
	only_crun_lite
	own_rootfs
	canary
	ln -s /proc/sys/kernel "$R/dir"
	ln -s proc/version "$R/file"
	args inspect mounts
	local m
	for m in '"/dir","type":"tmpfs","source":"t"' '"/dir","type":"tmpfs","source":("t" * 300)' \
		'"/dir","type":"cgroup","source":"c"' '"/dir","source":"\($c)","options":["bind"]' '"/dir","source":"\($c)","options":["rbind","ro"]' \
		'"/file","source":"\($c)/file","options":["bind"]'; do
		config '.mounts += [{"destination":'"$m"'}]' --arg c "$C"
		run_fails 'a symbolic link leads into /proc' run -b "$B" "$ID"
		intact
		config 'del(.mounts[-1])'
	done
}

# In a user namespace a device is the host's, bound over what is there: by its number, as udev names it.
test_security__a_device_over_a_file_of_proc_is_refused_V10_F064() {
	local path node
	own_rootfs
	ln -s /proc "$R/link"
	args true
	mkdir -p "$T/dev/char"
	for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$T/dev/${node%:*}" c 1 "${node#*:}"; done
	mknod -m 666 "$T/dev/tty" c 5 0
	ln -s ../null "$T/dev/char/1:3"
	refused() {
		for path in /proc/cpuinfo /link/../proc/cpuinfo /link/cpuinfo; do
			config '.linux.devices = [{"path":$p,"type":"c","major":1,"minor":3,"fileMode":438}]' --arg p "$path"
			capture unshare --mount sh -c 'mount --bind "$0/dev" /dev && exec "$@"' "$T" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
			[ "$RC" != 0 ] || fail "a device lies on $path"
			[ -z "$CRUN_LITE" ] || expect_in "$path" "$ERR"
		done
	}
	refused
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":0,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings'
	refused
}

test_security__what_is_mounted_inside_proc_gets_none_of_the_runtimes_writes_V10() {
	mkdir -p "$T/fake/net/ipv4"
	echo decoy >"$T/fake/net/ipv4/ip_forward"
	config '.mounts += [{"destination":"/proc/sys","source":$f,"options":["bind"]}]
		| .linux.sysctl = {"net.ipv4.ip_forward":"1"} | .process.args = ["sleep","1000"]' --arg f "$T/fake"
	capture rt create -b "$B" "$ID"
	expect_eq "$(<"$T/fake/net/ipv4/ip_forward")" decoy "the decoy"
	[ "$RC" = 0 ] || return 0
	expect_eq "$(nsenter -t "$(pid_of)" -n cat /proc/sys/net/ipv4/ip_forward)" 1 "the container's own"
	deleted
}

test_security__a_cwd_through_a_leaked_descriptor_V15() {
	local n
	for n in 3 4 5 6 7 8 9 10 12 15 20 30; do
		config '.process.cwd = $c | .process.args = ["sh","-c","inspect cwd; cat ../../../../../..\($t)/canary.txt"]' \
			--arg c "/proc/self/fd/$n" --arg t "$T"
		echo "the host's" >"$T/canary.txt"
		capture "$HELPERS/leakfds" 40 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
		expect_not_in "the host's"
		[ "$RC" != 0 ] || expect_not_in unreachable
		rt delete --force "$ID" >/dev/null 2>&1 || :
	done
}

test_security__a_cwd_that_is_a_symlink_to_a_leaked_descriptor_V15() {
	own_rootfs
	ln -s /proc/self/fd/7 "$R/cwd"
	echo "the host's" >"$T/canary.txt"
	config '.process.cwd = "/cwd/" | .process.args = ["sh","-c","inspect cwd; cat ../../../../../..\($t)/canary.txt"]' --arg t "$T"
	capture "$HELPERS/leakfds" 40 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_not_in "the host's"
	rt delete --force "$ID" >/dev/null 2>&1 || :
}

test_security__a_created_containers_process_holds_nothing_of_the_host_V15_V22() {
	args sleep 1000
	capture "$HELPERS/leakfds" 40 "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS create -b "$B" "$ID"
	expect_rc 0
	local pid f
	pid=$(pid_of)
	for f in "/proc/$pid/fd"/*; do
		[ "${f##*/}" -gt 2 ] || continue
		# A directory of the host is what CVE-2024-21626 needed: one on a mount of our namespace.
		[[ $(stat -L -c %F "$f" 2>/dev/null) == directory ]] || continue
		! grep -q "^$(sed -n 's/^mnt_id:[^0-9]*//p' "/proc/$pid/fdinfo/${f##*/}") " /proc/self/mountinfo ||
			fail "fd ${f##*/} is a directory of the host: $(readlink "$f")"
	done
	run_ok start "$ID"
	until_true eval "[ \"\$(ls '/proc/$pid/fd' | sort -n | xargs)\" = '0 1 2' ]"
	deleted
}

test_security__destinations_that_are_symlinks_out_of_the_root_V18_V20() {
	own_rootfs
	canary
	mkdir "$T/src"
	echo src >"$T/src/new"
	local l
	for l in "$C" "$(up "$C")" "$C/dir" "$C/new"; do
		rm -rf "$R/link"
		ln -s "$l" "$R/link"
		config '.mounts = .mounts[0:6] + [
			{"destination":"/link/made/deep","type":"tmpfs","source":"x"},
			{"destination":"/link","source":$s,"options":["bind"]},
			{"destination":"/link/below","type":"tmpfs","source":"x"},
			{"destination":"/link/file","source":($s + "/new"),"options":["bind"]}]
			| .linux.maskedPaths += ["/link/file"] | .linux.readonlyPaths += ["/link"]
			| .linux.devices = [{"path":"/link/dev","type":"c","major":1,"minor":3}]' --arg s "$T/src"
		attempt
		rm -rf "$T/src/below" "$T/src/dev" "$T/src/file"
		intact
		! grep -q " $C" /proc/self/mountinfo || fail "something is mounted on the host"
	done
}

test_security__chains_and_loops_of_symlinks_V20() {
	own_rootfs
	canary
	local i l
	for i in $(seq 1 45); do ln -s "l$((i - 1))" "$R/l$i"; done
	for l in "$C" "$(up "$C")"; do
		ln -sfn "$l" "$R/l0"
		for i in 5 39 45; do
			config '.mounts = .mounts[0:6] + [{"destination":"/l\($i)/x","type":"tmpfs","source":"x"}]' --arg i $i
			attempt
			intact
		done
	done
	[ -z "$CRUN_LITE" ] || [ "$RC" != 0 ] || fail "45 links were followed, the kernel's limit is 40"
	ln -s loop2 "$R/loop1"
	ln -s loop1 "$R/loop2"
	config '.mounts = .mounts[0:6] + [{"destination":"/loop1","type":"tmpfs","source":"x"}]'
	attempt
	[ "$RC" != 0 ] || fail "a loop was followed"
	intact
}

test_security__a_magic_link_as_destination_V20() {
	own_rootfs
	canary
	ln -s /proc/1/root "$R/magic"
	ln -s "/proc/$$/cwd" "$R/magic2"
	local l
	for l in /magic"$C" /magic2 /proc/self/root/x /proc/self/cwd; do
		config '.mounts = .mounts[0:6] + [{"destination":$l,"type":"tmpfs","source":"x"}]' --arg l "$l"
		attempt
		intact
	done
}

test_security__a_passwd_that_leads_out_is_not_read_V44() {
	only_crun_lite
	own_rootfs
	rm "$R/etc/passwd"
	echo "root:x:0:0::/leaked:/bin/sh" >"$T/passwd"
	local l
	for l in "$T/passwd" "$(up "$T/passwd")" /proc/1/root"$T/passwd" /dev/zero; do
		ln -sfn "$l" "$R/etc/passwd"
		in_container 'echo $HOME'
		expect_not_in leaked
	done
}

test_security__a_tmpcopyup_of_a_symlink_copies_nothing_of_the_host_V20() {
	own_rootfs
	canary
	ln -s "$(up "$C")" "$R/link"
	ln -s "$C" "$R/opt/abs"
	config '.mounts += [{"destination":"/link","type":"tmpfs","source":"x","options":["tmpcopyup"]},
		{"destination":"/opt","type":"tmpfs","source":"x","options":["tmpcopyup"]}] | .process.args = ["sh","-c","cat /link/file /opt/abs/file"]'
	attempt
	expect_not_in precious
	intact
}

test_security__the_runtime_cannot_be_overwritten_from_inside_V21() {
	local sum
	cp "$RUNTIME" "$T/runtime"
	sum=$(sha256sum <"$T/runtime")
	own_rootfs
	# The program that is executed is the runtime's own /proc/self/exe, if that were reachable.
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	chmod 755 "$R/bin/evil"
	args /bin/evil
	capture timeout -k 1 10 "$T/runtime" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	rt delete --force "$ID" >/dev/null 2>&1 || :
	[ "$RC" != 124 ] || fail "it hung"
	# From outside as root of the same pid namespace, while it waits for start.
	without_pid='del(.linux.namespaces[] | select(.type == "pid"))'
	config "$without_pid"' | .process.args = ["sleep","1000"]'
	capture "$T/runtime" --root "$ROOT" $RUNTIME_FLAGS create -b "$B" "$ID"
	expect_rc 0
	local pid
	pid=$(pid_of)
	{ : >"/proc/$pid/exe"; } 2>"$T/e" || :
	{ echo evil >>"/proc/$pid/exe"; } 2>"$T/e" || :
	expect_eq "$(sha256sum <"$T/runtime")" "$sum" "the runtime's sum"
	deleted
	[ -z "$CRUN_LITE" ] || [[ $(<"$T/e") == *"Text file busy"* || $(<"$T/e") == *"not permitted"* || $(<"$T/e") == *"denied"* ]] ||
		fail "opening it for writing gave: $(<"$T/e")"
}

test_security__the_waiting_init_cannot_be_traced_or_read_V21_V22() {
	only_crun_lite
	args sleep 1000
	config '.process.user = {"uid":0,"gid":0}'
	created
	local pid
	pid=$(pid_of)
	# Not dumpable: its /proc files belong to root whoever it is, and a peer cannot attach.
	expect_eq "$(stat -c %u "/proc/$pid/fd")" 0
	[[ $(readlink "/proc/$pid/exe") == *"memfd:"* || $(readlink "/proc/$pid/exe") == *"deleted"* ]] || fail "its exe is $(readlink "/proc/$pid/exe")"
	deleted
}

# without_memfds SCRIPT: in a pid namespace whose sysctl forbids programs in memory.  $RT is the runtime.
without_memfds() {
	[ -e /proc/sys/vm/memfd_noexec ] || skip "this kernel has no vm.memfd_noexec"
	RT="$RUNTIME --root $ROOT $RUNTIME_FLAGS" capture timeout 20 unshare --pid --fork --mount --mount-proc \
		bash -c "echo 2 >/proc/sys/vm/memfd_noexec || exit 99; $1"
}

test_security__where_programs_in_memory_are_forbidden_V21() {
	only_crun_lite
	args echo ran
	without_memfds "\$RT run -b '$B' '$ID'"
	expect_rc 0
	expect_eq "$OUT" ran
	# The same with what init does besides: hooks, a terminal's absence, a group.
	config '.hooks.startContainer = [{"path":"/bin/true"}]'
	without_memfds "\$RT create -b '$B' '$ID' && \$RT start '$ID' && \$RT delete --force '$ID'"
	expect_rc 0
}

test_security__nor_can_that_init_be_overwritten_V21() {
	only_crun_lite
	own_rootfs
	args sleep 1000
	without_memfds "\$RT create -b '$B' '$ID' || exit 98
		pid=\$(\$RT state '$ID' | jq .pid)
		readlink /proc/\$pid/exe
		(echo evil >>/proc/\$pid/exe) 2>&1
		for fd in /proc/\$pid/fd/*; do case \$(readlink \$fd) in */init*) (echo evil >>\$fd) 2>&1;; esac; done
		exec 9</proc/\$pid/exe
		\$RT start '$ID'
		until [ \"\$(readlink /proc/\$pid/exe)\" = /bin/busybox ]; do sleep 0.01; done
		# Nobody executes it any more: only its file system can say no now.
		(echo evil >>/proc/self/fd/9) 2>&1
		\$RT delete --force '$ID'"
	expect_rc 0
	expect_match '^/init( \(deleted\))?$' "${OUT%%$'\n'*}"
	expect_eq "$(grep -c 'Read-only file system' <<<"$OUT")" 3 "refusals"
	# The program that is executed is init itself.
	printf '#!/proc/self/exe\n' >"$R/bin/evil"
	chmod 755 "$R/bin/evil"
	args /bin/evil
	without_memfds "\$RT run -b '$B' '$ID'"
	[ "$RC" != 0 ] && [ "$RC" != 124 ] || fail "it ended with $RC"
}

test_security__a_program_cannot_type_into_the_callers_terminal_V25() {
	args sendtty 'echo typed\n'
	# terminal: false, but the caller's stdin is a terminal.
	capture "$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_not_in typed
	expect_match '/dev/tty: (ENXIO|EBADF|EPERM|EIO)'
}

test_security__there_is_no_controlling_terminal_without_one_of_its_own_V25() {
	args inspect tty
	capture "$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_in "controlling: ENXIO"
}

test_security__the_default_spec_mounts_cgroups_read_only_V27() {
	mkdir "$T/new"
	run_ok spec --bundle "$T/new"
	jq -e '[.mounts[] | select(.type == "cgroup" or .type == "cgroup2") | .options | index("ro") != null] | all' "$T/new/config.json" >/dev/null
}

test_security__masked_and_readonly_paths_that_are_symlinks_hit_the_containers_files_only() {
	own_rootfs
	canary
	ln -s "$(up "$C/file")" "$R/mfile"
	ln -s "$(up "$C")" "$R/mdir"
	config '.linux.maskedPaths += ["/mfile","/mdir"] | .linux.readonlyPaths += ["/mdir","/mfile"]'
	attempt
	intact
	! grep -q " $C" /proc/self/mountinfo || fail "something is mounted on the host"
}

test_security__no_abstract_socket_is_left_or_listened_on_V26() {
	local before
	before=$(grep -c '@' /proc/net/unix || :)
	args sleep 1000
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	created
	! grep -i "@.*crun-lite\|@.*$ID" /proc/net/unix || fail "an abstract socket"
	deleted
	[ -n "$before" ]
}

test_security__the_state_root_and_its_files_are_private_V46() {
	only_crun_lite
	umask 0
	args sleep 1000
	created
	local f
	while read -r f; do
		[[ $(stat -c %a "$f") =~ [0-7][0145][0145]$ ]] || fail "$f may be written by others: $(stat -c %a "$f")"
	done < <(find "$ROOT" -type f -o -type d)
	expect_match '^7[01][01]$' "$(stat -c %a "$ROOT")"
	deleted
}

test_security__nothing_is_written_into_the_root_file_system_V13() {
	own_rootfs
	tree "$R" >"$T/before"
	config '.root.readonly = true'
	run_ok run -b "$B" "$ID"
	tree "$R" >"$T/after"
	cmp -s "$T/before" "$T/after" || fail "$(diff "$T/before" "$T/after")"
	# That the comparison sees what is made: a mount point that is missing.
	config '.mounts += [{"destination":"/opt/missing","type":"tmpfs","source":"t"}]'
	run_ok run -b "$B" "$ID"
	tree "$R" >"$T/after"
	expect_eq "$({ diff "$T/before" "$T/after" || :; } | sed -n 's/^> \([^ ]*\) .*/\1/p' | xargs)" "opt opt/missing" "what is new"
}

# What config.json says must not steer the terminal of who looks at it.
test_security__no_control_character_reaches_a_terminal() {
	only_crun_lite
	local evil=$'\xc2\x9b2J\xe2\x80\xae\x7f' c
	own_rootfs
	mkdir "$T/b$evil"
	config '.root.path = $r | .annotations = {"a":$e} | .process.args = ["sleep","1000",$e] | .mounts += [{"destination":("/tmp/" + $e),"type":"tmpfs","source":"t"}]' --arg e "$evil" --arg r "$R"
	cp "$B/config.json" "$T/b$evil/"
	run_ok plan "$T/b$evil"
	expect_in '\x9b2J\u202e\x7f'
	for c in $'\xc2\x9b' $'\xe2\x80\xae' $'\x7f'; do expect_not_in "$c"; done
	run_ok plan --json "$T/b$evil"
	for c in $'\xc2\x9b' $'\xe2\x80\xae' $'\x7f'; do expect_not_in "$c"; done
	jq . <<<"$OUT" >/dev/null
	run_ok create -b "$T/b$evil" "$ID"
	run_ok list
	expect_in '\x9b2J\u202e\x7f'
	for c in $'\xc2\x9b' $'\xe2\x80\xae' $'\x7f'; do expect_not_in "$c"; done
	run_ok state "$ID"
	for c in $'\xc2\x9b' $'\xe2\x80\xae' $'\x7f'; do expect_not_in "$c"; done
	# Whoever reads the JSON gets them as they were.
	expect_eq "$(jq -r .annotations.a <<<"$OUT")" "$evil"
	expect_eq "$(jq -r .bundle <<<"$OUT")" "$T/b$evil"
	deleted
}

# Char devices that are no terminals exist once for all: the host's null device is the usual standard input.
test_security__the_callers_devices_and_files_keep_their_owner_V03() {
	mknod "$T/null" c 1 3
	echo file >"$T/file"
	config '.process.user = {"uid":1000,"gid":1000} | .process.args = ["inspect","ids"]'
	capture rt run -b "$B" "$ID" <"$T/null"
	expect_rc 0
	capture rt run -b "$B" "$ID" <"$T/file"
	expect_rc 0
	expect_eq "$(stat -c %u "$T/null" "$T/file" "$T/out" "$T/err" | xargs)" "0 0 0 0"
}

# ---- terminals: V09 --------------------------------------------------------------------------------------

# on_terminal: the bundle on a terminal of its own, its output in OUT.
on_terminal() {
	capture timeout -k 1 20 "$HELPERS/ptyrun" -- "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	[ "$RC" != 124 ] || fail "it hung"
	rt delete --force "$ID" >/dev/null 2>&1 || :
}

test_security__a_console_that_is_a_link_into_proc_V09() {
	own_rootfs
	local l
	for l in /proc/sysrq-trigger /proc/sys/kernel/core_pattern ../proc/sys/kernel/core_pattern /proc/self/attr/exec; do
		config '.mounts |= map(select(.destination != "/dev")) | .process.terminal = true
			| .process.args = ["sh","-c","echo it ran; inspect mounts"]'
		rm -rf "$R/dev"
		mkdir -p "$R/dev/pts"
		ln -s pts/ptmx "$R/dev/ptmx"
		ln -s "$l" "$R/dev/console"
		on_terminal
		! grep -E 'mount: ([^ ]+ ){3}[^ ]+ /proc/(sysrq-trigger|sys/kernel/core_pattern|self/attr|[0-9]+/attr)[^ ]* .* devpts ' <<<"$OUT" ||
			fail "the terminal lies over a file of /proc"
		[ -z "$CRUN_LITE" ] || expect_in /dev/console "$OUT$ERR"
	done
}

# Only the multiplexer is ever opened: opening another device, or a pipe, may do something.
test_security__an_image_whose_multiplexer_is_a_pipe_V09() {
	only_crun_lite
	own_rootfs
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .process.terminal = true'
	rm -rf "$R/dev"
	mkdir -p "$R/dev/pts"
	ln -s pts/ptmx "$R/dev/ptmx"
	mkfifo "$R/dev/pts/ptmx"
	cat "$R/dev/pts/ptmx" >"$T/read" &
	on_terminal
	[ "$RC" != 0 ] || fail "it ran"
	local i
	for i in 1 2 3 4; do pause; done
	! is_gone $! || fail "the pipe was opened"
	end_helper $!
}

test_security__terminals_of_the_image_are_never_looked_up_V09() {
	own_rootfs
	canary
	local i
	# No devpts: what is in the image's dev/pts are links, its ptmx is a device that makes none there.
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) | .process.terminal = true
		| .process.args = ["sh","-c","echo it ran"]'
	rm -rf "$R/dev"
	mkdir -p "$R/dev/pts"
	for i in 0 1 2 3 4 5 6 7 8 9 console; do ln -s "$(up "$C/file")" "$R/dev/pts/$i"; done
	mknod "$R/dev/ptmx" c 5 2
	on_terminal
	intact
	expect_not_in "it ran"
	# The host's devpts through a link is no terminal of the container either.
	rm "$R/dev/ptmx"
	ln -s pts/ptmx "$R/dev/ptmx"
	ln -s "$(up "$C/file")" "$R/dev/pts/ptmx"
	on_terminal
	intact
	expect_not_in "it ran"
}

# What the base configuration masks and makes read-only, tried.
HIDDEN='cat /proc/timer_list /proc/keys; echo 1 >/proc/sys/net/ipv4/ip_forward; ls /proc/acpi; echo done'

expect_hidden() {
	expect_eq "$OUT" done "what is hidden"
	expect_in "Read-only file system" "$ERR"
}

# Init takes a short way below the file systems that it mounted itself: not where something covers them.
test_security__masks_hold_where_proc_is_mounted_twice_V08_V19() {
	local d
	for d in proc ../proc ./proc /proc/ //proc /./proc /proc/. /tmp/../proc; do
		in_container "$HIDDEN" '.mounts = [.mounts[0], (.mounts[0] | .destination = $d)] + .mounts[-5:]' --arg d "$d"
		expect_hidden
		in_container "$HIDDEN" '.mounts = [(.mounts[0] | .destination = $d), (.mounts[0] | .destination = "/proc")] + .mounts[-5:]' --arg d "$d"
		expect_hidden
	done
}

test_security__masks_hold_where_a_hook_mounts_another_proc_V08_F141() {
	own_rootfs
	printf '#!/bin/sh\nexec nsenter -t "$(jq .pid)" -m mount -t proc proc "%s/proc"\n' "$R" >"$T/hook"
	chmod 755 "$T/hook"
	local kind
	for kind in createRuntime createContainer; do
		if [ $kind = createContainer ]; then
			printf '#!/bin/sh\nexec mount -t proc proc "%s/proc"\n' "$R" >"$T/hook"
		fi
		in_container "$HIDDEN" '.hooks = {($k): [{"path":$h}]}' --arg k $kind --arg h "$T/hook"
		expect_hidden
	done
}
