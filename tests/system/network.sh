# Network devices that move into the container: F067.  "The host" is a network namespace of the test's own.
# shellcheck shell=bash

# host_network: a namespace with the pair d0 - d1; HOST runs a command in it
host_network() {
	command -v ip >/dev/null || skip "iproute2 is missing"
	namespaces net
	HOST=(nsenter -t "$NS" -n)
	"${HOST[@]}" ip link add d0 type veth peer name d1 2>/dev/null || skip "this kernel has no veth"
}

# in_host COMMAND ARG...: the runtime, in the test's network
in_host() { capture "${HOST[@]}" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }
in_host_ok() {
	in_host "$@"
	[ "$RC" = 0 ] || fail "\"$*\" exited with $RC"
}
in_host_fails() { # REGEX ARG...
	local re=$1
	shift
	in_host "$@"
	[ "$RC" != 0 ] || fail "\"$*\" was expected to fail"
	shopt -s nocasematch
	[[ $ERR =~ $re ]] || fail "\"$*\": its error does not match \"$re\""
	shopt -u nocasematch
	one_sentence
}

# What ip says of a device, in this network or in the container's.
link_there() { "${HOST[@]}" ip -o link show "$1" 2>/dev/null || :; }
inside() { nsenter -t "$(pid_of)" -n "$@"; }

devices() { config '.process.args = ["sleep","1000"] | .linux.netDevices = $d' --argjson d "$1"; }

test_network__a_device_moves_keeps_its_addresses_and_goes_up_F067() {
	only_crun_lite
	host_network
	"${HOST[@]}" ip link set d0 mtu 1400 address 02:00:00:00:00:77
	"${HOST[@]}" ip addr add 192.0.2.7/24 brd 192.0.2.255 dev d0
	"${HOST[@]}" ip addr add 192.0.2.8/32 dev d0 metric 77 noprefixroute
	"${HOST[@]}" ip addr add 169.254.7.7/16 scope link dev d0
	"${HOST[@]}" ip addr add 192.0.2.99/24 valid_lft 1000 preferred_lft 1000 dev d0
	"${HOST[@]}" ip -6 addr add 2001:db8::7/64 dev d0 nodad 2>/dev/null || NO6=1
	devices '{"d0":{"name":"eth0"}}'
	in_host_ok create -b "$B" "$ID"
	[ -z "$(link_there d0)" ] || fail "it is still there"
	local link addresses
	link=$(inside ip -o link show eth0)
	addresses=$(inside ip -o addr show eth0)
	expect_match 'mtu 1400' "$link"
	expect_match '[,<]UP[,>]' "$link"
	expect_in 02:00:00:00:00:77 "$link"
	expect_in "inet 192.0.2.7/24 brd 192.0.2.255 scope global eth0" "$addresses"
	expect_match '192.0.2.8/32.*metric 77|metric 77.*192.0.2.8/32' "$addresses"
	expect_match '192.0.2.8/32.*noprefixroute' "$addresses"
	[ -n "${NO6:-}" ] || expect_in 2001:db8::7/64 "$addresses"
	expect_not_in 169.254 "$addresses"
	expect_not_in 192.0.2.99 "$addresses"
	deleted
	end_helper $NSHOLD
}

test_network__the_program_and_the_hooks_see_it_F067() {
	only_crun_lite
	host_network
	"${HOST[@]}" ip addr add 192.0.2.7/24 dev d0
	config '.process.args = ["ip","addr","show","d0"] | .linux.netDevices = {"d0":{}}
		| .hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","nsenter -t $(jq .pid) -n ip addr show d0 >\($t)/hook"],
			"env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]' --arg t "$T"
	in_host_ok run -b "$B" "$ID"
	expect_in 192.0.2.7/24
	expect_in 192.0.2.7/24 "$(<"$T/hook")"
	end_helper $NSHOLD
}

test_network__names_from_a_template_F067() {
	only_crun_lite
	host_network
	"${HOST[@]}" ip link add e0 type veth peer name e1
	devices '{"d0":{"name":"eth%d"},"e0":{"name":"eth%d"}}'
	in_host_ok create -b "$B" "$ID"
	expect_match 'UP' "$(inside ip -o link show eth0)"
	expect_match 'UP' "$(inside ip -o link show eth1)"
	deleted
	end_helper $NSHOLD
}

test_network__into_a_namespace_that_is_joined_F067() {
	only_crun_lite
	host_network
	local host=$NS hold=$NSHOLD
	rm -f "$T/ns"
	namespaces net
	nsenter -t "$NS" -n ip link add d0 type veth peer name x0
	config '.process.args = ["inspect","namespaces"] | .linux.netDevices = {"d0":{"name":"in0"}}
		| .linux.namespaces |= map(if .type == "network" then .path = "/proc/\($p)/ns/net" else . end)' --arg p "$NS"
	in_host_ok run -b "$B" "$ID"
	expect_line "ns: $(readlink "/proc/$NS/ns/net")"
	expect_match 'UP' "$(nsenter -t "$NS" -n ip -o link show in0)"
	# It is the namespace's now: the end of the container changes nothing.
	expect_eq "$(link_there d0)" '' 'what is left of d0'
	# With a pid namespace that is joined too, the process is the second one.
	config '.linux.netDevices = {"d1":{"name":"in1"}} | .linux.namespaces |= map(if .type == "pid" then .path = "/proc/self/ns/pid" else . end)'
	in_host_ok run -b "$B" "$ID"
	expect_match 'UP' "$(nsenter -t "$NS" -n ip -o link show in1)"
	end_helper $NSHOLD
	end_helper "$hold"
}

test_network__a_virtual_device_ends_with_the_container_and_does_not_come_back_F067() {
	only_crun_lite
	host_network
	devices '{"d0":{}}'
	in_host_ok create -b "$B" "$ID"
	expect_match . "$(link_there d1)"
	deleted
	until_true gone d1
	[ -z "$(link_there d0)" ] || fail "it came back"
	end_helper $NSHOLD
}
gone() { [ -z "$(link_there "$1")" ]; }

test_network__a_create_that_fails_gives_it_back_as_it_was_F067_F162() {
	only_crun_lite
	host_network
	"${HOST[@]}" ip addr add 192.0.2.7/24 dev d0
	"${HOST[@]}" ip link set d0 up
	local before
	before=$("${HOST[@]}" ip -o addr show d0 | grep 'inet ' && link_there d0 | cut -d: -f1,2)
	config '.process.args = ["/none"] | .linux.netDevices = {"d0":{"name":"other"},"d1":{}}'
	in_host_fails '/none' create -b "$B" "$ID"
	expect_eq "$("${HOST[@]}" ip -o addr show d0 | grep 'inet ' && link_there d0 | cut -d: -f1,2)" "$before" "the device"
	expect_match '[,<]UP[,>]' "$(link_there d0)"
	[[ ! $(link_there d1) =~ [,\<]UP[,\>] ]] || fail "d1 is up"
	# A hook that fails; the second device that fails.
	config '.process.args = ["true"] | .hooks.createRuntime = [{"path":"/bin/false"}]'
	in_host_fails 'hook' run -b "$B" "$ID"
	expect_eq "$("${HOST[@]}" ip -o addr show d0 | grep 'inet ' && link_there d0 | cut -d: -f1,2)" "$before" "the device"
	config 'del(.hooks) | .linux.netDevices = {"d0":{},"none":{}}'
	in_host_fails 'none' run -b "$B" "$ID"
	expect_eq "$("${HOST[@]}" ip -o addr show d0 | grep 'inet ' && link_there d0 | cut -d: -f1,2)" "$before" "the device"
	end_helper $NSHOLD
}

test_network__a_name_that_is_taken_a_missing_device_and_one_that_cannot_move_F067() {
	only_crun_lite
	host_network
	devices '{"none0":{}}'
	in_host_fails 'move network device none0 into the container: no such device' create -b "$B" "$ID"
	expect_in "(/linux/netDevices/none0)" "$ERR"
	devices '{"d0":{"name":"lo"}}'
	in_host_fails 'there is a device lo already: file exists' create -b "$B" "$ID"
	expect_in "(/linux/netDevices/d0/name)" "$ERR"
	expect_in "%d" "$ERR"
	expect_match . "$(link_there d0)"
	devices '{"d0":{"name":"same"},"d1":{"name":"same"}}'
	in_host_fails 'there is a device same already' create -b "$B" "$ID"
	devices '{"lo":{"name":"lo2"}}'
	in_host_fails 'move network device lo into the container: ' create -b "$B" "$ID"
	expect_in "not every kind of device" "$ERR"
	expect_match . "$(link_there d0)"
	expect_match . "$(link_there d1)"
	end_helper $NSHOLD
}

test_network__names_that_cannot_be_are_refused_F067() {
	only_crun_lite
	local n
	for n in a/b 'a b' . .. a23456789012345x eth%d%d eth%s ''; do
		config '.linux.netDevices = {"d0":{"name":$n}}' --arg n "$n"
		run_fails 'netDevices|cannot be the name' run -b "$B" "$ID"
	done
	config '.linux.netDevices = {"d0":{}} | .linux.namespaces |= map(select(.type != "network"))'
	run_fails 'netDevices needs a namespace of type network' run -b "$B" "$ID"
	config '.linux.namespaces += [{"type":"network","path":"/proc/self/ns/net"}]'
	run_fails "network namespace is the runtime's own" run -b "$B" "$ID"
}

test_network__without_the_right_to_it_says_so_F067() {
	only_crun_lite
	host_network
	devices '{"d0":{}}'
	capture "${HOST[@]}" setpriv --bounding-set -net_admin --inh-caps -net_admin "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS create -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it moved"
	one_sentence
	expect_match 'operation not permitted' "${ERR,,}"
	expect_match . "$(link_there d0)"
	end_helper $NSHOLD
}

test_network__a_device_moves_into_a_user_namespace_F067_F062() {
	only_crun_lite
	host_network
	devices '{"d0":{"name":"eth0"}}'
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}] | .linux.gidMappings = .linux.uidMappings'
	in_host_ok create -b "$B" "$ID"
	expect_match 'UP' "$(inside ip -o link show eth0)"
	[ -z "$(link_there d0)" ] || fail "it is still there"
	deleted
	end_helper $NSHOLD
}

test_network__an_ordinary_user_cannot_move_a_device_F067() {
	only_crun_lite
	host_network
	local user=64321
	cp "$RUNTIME" "$T/runtime"
	mkdir -m 755 "$T/home" && chown $user:$user "$T/home"
	chmod 755 "$T" "$WORK/$N" "$T/runtime"
	chmod -R a+rX "$B"
	devices '{"d0":{}}'
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":'$user',"size":1}]
		| .linux.gidMappings = .linux.uidMappings | del(.linux.cgroupsPath) | del(.mounts[] | select(.destination == "/dev/pts"))'
	chmod 644 "$B/config.json"
	capture "${HOST[@]}" setpriv --reuid $user --regid $user --clear-groups env HOME="$T/home" XDG_RUNTIME_DIR="$T/home" \
		"$T/runtime" --root "$T/home/state" create -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it moved"
	one_sentence
	expect_match 'operation not permitted' "${ERR,,}"
	expect_match . "$(link_there d0)"
	rm -rf "$T/home"
	end_helper $NSHOLD
}
