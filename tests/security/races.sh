# Races: a neighbour that shares a volume swaps a name for a link, as fast as it can, while containers start (V08, V09, V10, V14,
# V18).  See helpers/race.c: each race is of at least 10 000 swaps, and SOAK=N times as long with `make soak`.
# shellcheck shell=bash

# racing TARGET: a volume V, bound at /vol, where x is now a directory, now a link to TARGET.
# DIR: the directory itself, whatever its name is just now.
racing() {
	own_rootfs
	canary
	V=$T/vol
	mkdir -p "$V/x/sys" "$T/src"
	exec {dir_fd}<"$V/x"
	DIR=/proc/$BASHPID/fd/$dir_fd
	echo src >"$T/src/new"
	ln -s "$1" "$V/other"
}

# race A B [OPTION...] [-- COMMAND...]: the bundle, or the command
race() {
	local a=$1 b=$2 options=() command=("$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID")
	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# = 0 ] || { shift; command=("$@" "${command[@]}"); }
	capture "$HELPERS/race" -n "${RACE_STARTS:-150}" -c "$C" "${options[@]}" "$a" "$b" -- "${command[@]}"
	rt delete --force "$ID" >/dev/null 2>&1 || :
	[ "$RC" = 0 ] || fail "the race was lost"
	figure "${FUNCNAME[1]#test_races__}: ${OUT#race: }"
	intact
}

# Whatever is mounted below /proc are masks and read-only paths of the base configuration.
ON_PROC='^mount: ([^ ]+ ){3}[^ ]+ /proc/(version|sys/kernel|cpuinfo)'

# Where its parent is a link of the image for a moment, a mount lands elsewhere in the container, but in it: it is listed there.
test_races__a_destination_that_is_swapped_for_a_link_V18() {
	racing "$T/canary"
	config '.mounts += [{"destination":"/vol","source":$v,"options":["bind"]},
		{"destination":"/vol/x","source":$s,"options":["bind"]},
		{"destination":"/vol/x/new","source":($s + "/new"),"options":["bind"]},
		{"destination":"/vol/x","type":"tmpfs","source":"x"}]
		| .process.args = ["sh","-c","set -- $(wc -l </proc/self/mountinfo); echo $1 mounts"]' --arg v "$V" --arg s "$T/src"
	run_ok run -b "$B" "$ID"
	expect_match '^[0-9]+ mounts$'
	race "$V/x" "$V/other" -r "^$OUT\$"
}

# As far as the runtime can be told by what it leaves: what it made is on the volume, or nowhere.
test_races__a_missing_destination_below_a_name_that_is_swapped_V14() {
	racing "$T/canary"
	config '.mounts += [{"destination":"/vol","source":$v,"options":["bind"]},
		{"destination":"/vol/x/made/\($n)/deep","type":"tmpfs","source":"x"},
		{"destination":"/vol/x/file","source":($s + "/new"),"options":["bind"]}]
		| .linux.devices = [{"path":"/vol/x/device","type":"c","major":1,"minor":3}]' --arg v "$V" --arg s "$T/src" --arg n "$ID"
	race "$V/x" "$V/other" -w "$DIR"
}

# The parent directory is moved away, and something else comes to its place, while mount points are made in it.
test_races__a_parent_that_is_renamed_while_mount_points_are_made_V14() {
	racing "$(up "$T/canary")"
	rm "$V/other"
	mkdir -p "$V/other/made" "$V/x/made"
	config '.mounts += [{"destination":"/vol","source":$v,"options":["bind"]},
		{"destination":"/vol/x/made/../made/../../x/a/b/c","type":"tmpfs","source":"x"},
		{"destination":"/vol/x/made/../../../\($c)/dir","type":"tmpfs","source":"x"}]' --arg v "$V" --arg c "$C"
	race "$V/x" "$V/other" -w "$DIR"
}

test_races__masked_and_readonly_paths_below_a_name_that_is_swapped_V08() {
	racing "$(up "$T/canary")"
	touch "$DIR/file"
	config '.mounts += [{"destination":"/vol","source":$v,"options":["bind"]}]
		| .linux.maskedPaths += ["/vol/x/file","/vol/x/dir","/vol/x"] | .linux.readonlyPaths += ["/vol/x/file","/vol/x"]
		| .process.args = ["inspect","mounts"]' --arg v "$V"
	race "$V/x" "$V/other"
}

# dev is shared with the neighbour: its null is now a file, now a link.
test_races__the_null_device_of_a_shared_dev_is_swapped_V08() {
	own_rootfs
	canary
	V=$T/vol
	mkdir "$V"
	touch "$V/null"
	ln -s /proc/sys/kernel/core_pattern "$V/other"
	config '.mounts |= map(select(.destination | startswith("/dev") | not))
		| .mounts += [{"destination":"/dev","source":$v,"options":["bind"]}]
		| .linux.maskedPaths = ["/etc/file"] | .process.args = ["sh","-c","cat /etc/file; inspect mounts"]' --arg v "$V"
	local before
	before=$(</proc/sys/kernel/core_pattern)
	race "$V/null" "$V/other" -x '^original$' -x 'core_pattern' -x "$ON_PROC"
	expect_eq "$(</proc/sys/kernel/core_pattern)" "$before"
}

test_races__a_name_that_is_swapped_for_a_link_into_proc_V10() {
	racing /proc
	echo decoy >"$T/src/version"
	config '.mounts += [{"destination":"/vol","source":$v,"options":["bind"]},
		{"destination":"/vol/x/version","source":($s + "/version"),"options":["bind"]}]
		| .process.args = ["inspect","mounts"]' --arg v "$V" --arg s "$T/src"
	race "$V/x" "$V/other" -x "$ON_PROC"
	config '.mounts[7] = {"destination":"/vol/x/sys/kernel","type":"tmpfs","source":"x"}'
	race "$V/x" "$V/other" -x "$ON_PROC"
}

# The image's dev is shared with a neighbour: its console is now a file, now a link.
test_races__terminals_swapped_while_containers_start_V09() {
	own_rootfs
	canary
	rm -rf "$R/dev"
	mkdir -p "$R/dev/pts"
	ln -s pts/ptmx "$R/dev/ptmx"
	touch "$R/dev/console"
	ln -s /proc/sys/kernel/core_pattern "$R/dev/other"
	config '.mounts |= map(select(.destination != "/dev")) | .process.terminal = true | .process.args = ["inspect","mounts"]'
	race "$R/dev/console" "$R/dev/other" -x '/proc/sys/kernel/core_pattern' -- "$HELPERS/ptyrun" --
}
