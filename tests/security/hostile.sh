# Rows that the system tests have no test for: V17, V26, V28, V45.
# shellcheck shell=bash

# There is no message that config values could forge a part of; and what has a NUL in it would be two things to two readers.
test_hostile__what_is_too_long_or_has_a_nul_is_refused_or_exact_V17() {
	only_crun_lite
	local key big
	for key in '.mounts[0].source' '.mounts[0].destination' '.mounts[0].type' '.mounts[1].options[0]' '.process.args[0]' '.process.env[0]' '.process.cwd' \
		'.hostname' '.root.path' '.linux.cgroupsPath' '.linux.maskedPaths[0]' '.annotations.a' '.linux.namespaces[0].path'; do
		cp "$B/config.json" "$T/good"
		config "$key"' = "/a\u0000/etc"'
		run_fails 'contains a NUL byte' run -b "$B" "$ID"
		cp "$T/good" "$B/config.json"
	done
	# 9000 rows are more than any message, page or map takes.
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [range(9000) | {"containerID":(. * 2),"hostID":(. * 2 + 100000),"size":1}] | .linux.gidMappings = .linux.uidMappings'
	run_fails 'ranges of ids' run -b "$B" "$ID"
	expect_in "/linux/uidMappings" "$ERR"
	cp "$T/good" "$B/config.json"
	big=$(printf 'x%.0s' {1..70000})
	printf '%s' "$big" >"$T/big"
	config '.hostname = $x' --rawfile x "$T/big"
	run_fails . run -b "$B" "$ID"
	cp "$T/good" "$B/config.json"
	config '.process.env += ["BIG=" + $x] | .process.args = ["sh","-c","echo ${#BIG} ${#1}","-",$x]' --rawfile x "$T/big"
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" "70000 70000"
}

# The look itself must see one, or it proves nothing.
test_hostile__the_look_for_abstract_sockets_sees_one_V26() {
	python3 -c 'import socket, sys, time; s = socket.socket(socket.AF_UNIX); s.bind("\0" + sys.argv[1]); s.listen(); print("ready", flush=True); time.sleep(100)' \
		"crun-lite-$ID" >"$T/server" &
	local server=$!
	until_true file_has ready "$T/server"
	grep -q "@crun-lite-$ID" /proc/net/unix || fail "the look sees none"
	end_helper $server
	# With everything that has a socket: a container that waits, a terminal, an exec.
	args sleep 1000
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	grep -o '@.*' /proc/net/unix | sort >"$T/before" || :
	created
	run_ok start "$ID"
	run_ok exec "$ID" true
	grep -o '@.*' /proc/net/unix | sort >"$T/after" || :
	deleted
	! comm -13 "$T/before" "$T/after" | grep -e crun -e "$ID" || fail "an abstract socket"
}

# contrib/seccomp is what `run IMAGE` takes: AF_ALG (38) writes into the page cache of read-only files, AF_VSOCK (40) reaches the hypervisor.
test_hostile__the_default_profile_has_no_af_alg_and_no_vsock_V28() {
	[ -n "$NR_SOCKET" ] || skip "the numbers of $(uname -m) are not known here"
	local family
	config '.linux.seccomp = $p' --argjson p "$(<"$top/contrib/seccomp/default.json")"
	for family in 38 40; do
		args sys "$NR_SOCKET" "$family" 5 0
		run_ok run -b "$B" "$ID"
		expect_match '^-1 (EPERM|ENOSYS)$'
		# The kernel looks at 32 bits, whatever is in the others.
		args sys "$NR_SOCKET" "$((family + (1 << 32)))" 5 0
		run_ok run -b "$B" "$ID"
		expect_match '^-1 (EPERM|ENOSYS)$'
	done
	for family in 1 2 10 16; do
		args sys "$NR_SOCKET" "$family" $((family == 16 ? 3 : 1)) 0
		run_ok run -b "$B" "$ID"
		expect_match '^[0-9]+ OK$'
	done
	# socketcall(2) has its arguments in memory, where no filter sees the family.
	! jq -e '[.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]] | index("socketcall")' "$top/contrib/seccomp/default.json" >/dev/null ||
		fail "the profile allows socketcall"
}

# An image names no source: what its configuration calls volumes are empty file systems of the container.
test_hostile__an_image_brings_no_source_of_the_host_V45() {
	. "$here/images.lib"
	canary
	image <<-P
		layout("img", [[D("etc"), L("v", "$C"), L("w", "../../../../../../..$C"), E("etc/passwd", "root:x:0:0::/:/bin/sh\n")]], {"Volumes": {"/v": {}, "/w": {}, "/../../..$C": {}, "/proc/1/root": {}}, "Cmd": ["/bin/true"]})
	P
	capture rt unpack --store "$STORE" -q --no-sync "$T/img" "$T/made"
	if [ "$RC" = 0 ]; then
		jq -e '[.mounts[] | select((.options // []) | any(. == "bind" or . == "rbind")) | .source] - ["/sys","/dev/mqueue","/sys/fs/cgroup"] | length == 0' "$T/made/config.json" >/dev/null ||
			fail "its bundle binds something of the host: $(jq -c .mounts "$T/made/config.json")"
		expect_eq "$(jq -r '[.mounts[] | select(.source == "volume") | .type] | unique[]' "$T/made/config.json")" tmpfs
	fi
	intact
}
