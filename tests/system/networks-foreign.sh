# Networks that other programs make: --net pasta, slirp4netns, cni:NAME; spec --net.  On the hosts of networks.sh.
# shellcheck shell=bash
# shellcheck source=tests/system/networks.sh
. "$here/networks.sh"

# ---- the CNI ----

# plugins: /opt/cni/bin and /etc/cni/net.d of the host are directories of the test's
plugins() {
	mkdir -p "$T/bin" "$T/lists" "$T/cni"
	"${HOST[@]}" sh -ec "mkdir -p /etc/cni/net.d; mount --bind $T/lists /etc/cni/net.d
		for d in /opt/cni/bin /usr/libexec/cni; do [ ! -d \$d ] || mount -t tmpfs none \$d; done
		[ -d /usr/lib/cni ] || exit 77
		$1" || { gone; skip "there is no /usr/lib/cni"; }
}

# Real plugins beside those of the test: in /usr/lib/cni.
real_plugins() {
	[ -x /usr/lib/cni/bridge ] && [ -x /usr/lib/cni/portmap ] && command -v iptables >/dev/null || { gone; skip "the CNI plugins or iptables are missing"; }
	plugins "mkdir -p /var/lib/cni; [ ! -d /var/lib/cni ] || mount -t tmpfs none /var/lib/cni"
}

# fake NAME... : plugins that record what they are called with in $T/cni/calls; they do what $T/cni/NAME.COMMAND says.
fake_plugins() {
	plugins "mount --bind $T/bin /usr/lib/cni"
	local name
	for name; do
		cat >"$T/bin/$name" <<-P
			#!/bin/sh
			input=\$(cat)
			echo "\$CNI_COMMAND $name \$CNI_CONTAINERID \$CNI_IFNAME \${CNI_NETNS:-none}" >>$T/cni/calls
			printf '%s\n' "\$input" >>$T/cni/$name.\$CNI_COMMAND.input
			env | sort >$T/cni/$name.env
			ls -l /proc/self/fd >$T/cni/$name.fds
			[ ! -f $T/cni/$name.\$CNI_COMMAND ] || . $T/cni/$name.\$CNI_COMMAND
			[ "\$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0"}],"ips":[{"address":"192.0.2.77/24"}],"by":"$name","dns":{"nameservers":["192.0.2.54"],"search":["example.net"]}}'
		P
		chmod 755 "$T/bin/$name"
	done
}
list() { # NAME VERSION PLUGINS
	jq -n --arg n "$1" --arg v "$2" --argjson p "$3" '{cniVersion: $v, name: $n, plugins: $p}' >"$T/lists/$1.conflist"
}
calls() { cut -d' ' -f1-2 "$T/cni/calls" | paste -sd, ; }
input() { jq -c "$2" "$T/cni/$1.input"; }
nothing_of_cni() {
	expect_eq "$("${HOST[@]}" sh -c 'ls -A /run/crun-lite/.net/.cni 2>/dev/null || :')" "" "registered"
	! "${HOST[@]}" grep -q " $ROOT/" /proc/self/mountinfo || fail "a namespace is bound still"
	expect_nothing_left
}

test_networks_foreign__plugins_are_called_in_order_and_back_with_what_they_know() {
	internet
	fake_plugins first second
	list front 1.0.0 '[{"type":"first","own":{"a":1},"capabilities":{"ips":true,"mac":true}},{"type":"second","capabilities":{"portMappings":true,"aliases":true}}]'
	config '.hostname = "box"'
	args sh -c 'cat /etc/hosts /etc/resolv.conf'
	cl_ok run --net cni:front:ip=192.0.2.77,mac=02:00:00:00:00:07,alias=www -p 4000:80 -b "$B" "$ID"
	expect_match '192\.0\.2\.77.box'
	expect_line "nameserver 192.0.2.54"
	expect_line "search example.net"
	expect_eq "$(calls)" "ADD first,ADD second,DEL second,DEL first"
	expect_eq "$(input first.ADD '[.cniVersion,.name,.type,.own.a,.capabilities,.prevResult]')" '["1.0.0","front","first",1,null,null]'
	expect_eq "$(input first.ADD .runtimeConfig)" '{"ips":["192.0.2.77"],"mac":"02:00:00:00:00:07"}'
	expect_eq "$(input second.ADD .runtimeConfig)" '{"portMappings":[{"hostPort":4000,"containerPort":80,"protocol":"tcp"}],"aliases":["www"]}'
	expect_eq "$(input second.ADD .prevResult.by)" '"first"'
	expect_eq "$(input first.DEL .prevResult.by)" '"second"'
	expect_eq "$(input second.DEL .runtimeConfig.portMappings[0].hostPort)" 4000
	expect_match "^ADD first $ID eth0 /.*/netns\$" "$(head -n 1 "$T/cni/calls")"
	expect_match "^DEL first $ID eth0 /.*/netns\$" "$(tail -n 1 "$T/cni/calls")"
	expect_eq "$(cut -d= -f1 "$T/cni/first.env" | grep -v '^_$\|^PWD$\|^SHLVL$\|^OLDPWD$' | paste -sd,)" CNI_ARGS,CNI_COMMAND,CNI_CONTAINERID,CNI_IFNAME,CNI_NETNS,CNI_PATH,PATH
	expect_eq "$(grep -c -- '->' "$T/cni/first.fds")" 4
	nothing_of_cni
	gone
}

test_networks_foreign__the_result_is_in_state_and_check_asks() {
	internet
	fake_plugins first
	list front 1.0.0 '[{"type":"first"}]'
	started a 'exec sleep 1000' --net cni:front
	expect_eq "$(cl state "${ID}a" | jq -r '.annotations["org.crun-lite.net.status"] | fromjson | .by')" first
	# What is deleted is what was made, whatever the file says now.
	list front 1.0.0 '[{"type":"other"}]'
	cl_ok network check "${ID}a"
	expect_eq "$(calls)" "ADD first,CHECK first"
	echo 'echo "{\"code\": 7, \"msg\": \"the route is gone\", \"details\": \"really\"}"; exit 1' >"$T/cni/first.CHECK"
	cl_fails 'CNI network front: CHECK: plugin first: the route is gone; really' network check "${ID}a"
	cl_ok delete --force "${ID}a"
	expect_match 'DEL first$' "$(calls)"
	started b 'exec sleep 1000' --net bridge
	cl_fails 'on no network of the CNI' network check "${ID}b"
	cl_ok delete --force "${ID}b"
	nothing_of_cni
	gone
}

test_networks_foreign__a_plugin_that_fails_is_told_and_undone() {
	internet
	fake_plugins first second third
	list front 1.0.0 '[{"type":"first"},{"type":"second"},{"type":"third"}]'
	args true
	local rows=('echo "{\"code\":11,\"msg\":\"no address is free\"}"; exit 1' 'no address is free'
		'echo "panic: a bug" >&2; exit 2' 'second: panic: a bug' 'exit 3' 'exit status 3 and said nothing'
		'kill -SEGV $$' 'killed by SIGSEGV' 'echo "no JSON"; exit 0' 'gave no result' 'echo "[]"; exit 0' 'gave no result'
		'head -c 3000000 /dev/zero; exit 0' 'wrote more than 1024 KiB')
	local i
	for ((i = 0; i < ${#rows[@]}; i += 2)); do
		echo "${rows[i]}" >"$T/cni/second.ADD"
		rm -f "$T/cni/calls"
		cl_fails "CNI network front: ADD.*${rows[i + 1]}" run --net cni:front -b "$B" "$ID"
		expect_eq "$(calls)" "ADD first,ADD second,DEL third,DEL second,DEL first"
		nothing_of_cni
	done
	gone
}

test_networks_foreign__what_is_wrong_with_a_list_is_named_before_anything_is_made() {
	internet
	fake_plugins first
	list front 1.0.0 '[{"type":"first"}]'
	list half 1.0.0 '[{"type":"first"},{"type":"missing"}]'
	list old 0.1.0 '[{"type":"first"}]'
	list evil 1.0.0 '[{"type":"../../../bin/sh"}]'
	args true
	cl_fails 'no CNI network nope|find the CNI network nope' run --net cni:nope -b "$B" "$ID"
	cl_fails 'cniVersion.*0\.1\.0' run --net cni:old -b "$B" "$ID"
	cl_fails 'bin/sh' run --net cni:evil -b "$B" "$ID"
	cl_fails 'knows portMappings' run --net cni:front -p 80:80 -b "$B" "$ID"
	cl_fails 'knows bandwidth' run --net cni:front:rate=1mbit -b "$B" "$ID"
	expect_no_file "$T/cni/calls"
	cl_fails 'find the CNI plugin missing' run --net cni:half -b "$B" "$ID"
	expect_in containernetworking-plugins "$ERR"
	expect_no_file "$T/cni/calls"
	nothing_of_cni
	gone
}

test_networks_foreign__del_that_fails_keeps_the_container_and_a_missing_plugin_does_not() {
	internet
	fake_plugins first second
	list front 1.0.0 '[{"type":"first"},{"type":"second"}]'
	started a 'exec sleep 1000' --net cni:front
	echo 'echo "{\"code\":1,\"msg\":\"not now\"}"; exit 1' >"$T/cni/second.DEL"
	cl_fails 'DEL: plugin second: not now' delete --force "${ID}a"
	expect_match 'DEL second,DEL first$' "$(calls)"
	cl_ok state "${ID}a"
	rm "$T/cni/second.DEL"
	cl_ok delete --force "${ID}a"
	started b 'exec sleep 1000' --net cni:front
	rm "$T/bin/second"
	cl_ok delete --force "${ID}b"
	expect_in "second" "$ERR"
	nothing_of_cni
	gone
}

test_networks_foreign__the_runtime_is_killed_while_a_plugin_works() {
	internet
	fake_plugins first
	list front 1.0.0 '[{"type":"first"}]'
	args sleep 1000
	mkfifo "$T/cni/there"
	echo "echo >$T/cni/there; sleep 0.2" >"$T/cni/first.ADD"
	"${HOST[@]}" "$RUNTIME" --root "$ROOT" run --net cni:front -b "$B" "$ID" >/dev/null 2>&1 &
	local pid=$!
	read -r <"$T/cni/there"
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || :
	cl_ok delete --force "$ID"
	expect_eq "$(calls)" "ADD first,DEL first"
	nothing_of_cni
	gone
}

test_networks_foreign__gc_knows_all_that_live_and_only_by_name() {
	internet
	fake_plugins first
	list front 1.1.0 '[{"type":"first"}]'
	list older 1.0.0 '[{"type":"first"}]'
	started a 'exec sleep 1000' --net cni:front
	started b 'exec sleep 1000' --net cni:front:interface_name=net7
	cl_ok network prune
	! grep -q GC "$T/cni/calls" || fail "GC was called unasked"
	cl_ok network prune --cni front
	expect_eq "$(input first.GC '[.["cni.dev/valid-attachments"][] | .containerID + ":" + .ifname] | sort | join(",")')" "\"${ID}a:eth0,${ID}b:net7\""
	cl_ok network prune --cni older
	expect_eq "$(grep -c GC "$T/cni/calls")" 1
	cl_fails 'nope' network prune --cni nope
	# One ID, two state roots: plugins could not tell them apart.
	mkdir "$T/other"
	capture "${HOST[@]}" "$RUNTIME" --root "$T/other" run --net cni:front -b "$B" "${ID}a"
	[ "$RC" != 0 ] || fail "it was taken"
	expect_in "another state root" "$ERR"
	cl_ok delete --force "${ID}a"
	# Lost with its state: prune takes its name back, GC the rest.
	mv "$ROOT/${ID}b" "$T/lost"
	cl_ok network prune --cni front
	expect_in "CNI network of front:${ID}b"
	expect_eq "$(input first.GC '[.["cni.dev/valid-attachments"][]] | length' | tail -n 1)" 0
	"${HOST[@]}" umount "$T/lost/netns"
	mv "$T/lost" "$ROOT/${ID}b"
	cl_ok delete --force "${ID}b"
	nothing_of_cni
	gone
}

test_networks_foreign__a_slow_plugin_is_ended_by_who_interrupts_the_start() {
	internet
	fake_plugins first
	list front 1.0.0 '[{"type":"first"}]'
	args true
	mkfifo "$T/cni/there"
	echo "echo >$T/cni/there; exec sleep 1000" >"$T/cni/first.ADD"
	"${HOST[@]}" "$RUNTIME" --root "$ROOT" run --net cni:front -b "$B" "$ID" >"$T/out" 2>&1 &
	local pid=$! rc=0
	read -r <"$T/cni/there"
	kill -TERM "$pid"
	wait "$pid" || rc=$?
	[ "$rc" != 0 ] || fail "it succeeded"
	expect_in "interrupted" "$(<"$T/out")"
	expect_eq "$(calls)" "ADD first,DEL first"
	nothing_of_cni
	gone
}

test_networks_foreign__real_plugins_bridge_and_portmap() {
	internet
	real_plugins
	list real 1.0.0 '[{"type":"bridge","bridge":"cnitest","isGateway":true,"ipMasq":true,"hairpinMode":true,"capabilities":{"ips":true},
		"ipam":{"type":"host-local","routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":"10.66.0.0/24"}]]}},
		{"type":"portmap","capabilities":{"portMappings":true}}]'
	local before
	before=$("${HOST[@]}" iptables-save -t nat 2>/dev/null | grep -c MASQUERADE || :)
	web a --net cni:real:ip=10.66.0.9 -p 4000:80
	page a from_outside http://198.51.100.1:4000/
	page a from_host http://10.66.0.9/
	cl_ok port "${ID}a"
	expect_eq "$OUT" "80/tcp -> 0.0.0.0:4000"
	web b --net cni:real -p 80
	page a from_container b 10.66.0.9 80
	cl_fails 'port 4000/tcp|already|in use|10\.66\.0\.9' run --net cni:real:ip=10.66.0.9 -b "$B" "$ID"
	# CHECK of portmap 1.1 looks for IPv6 where there is none.
	list plain 1.0.0 '[{"type":"bridge","bridge":"cnitest2","ipam":{"type":"host-local","ranges":[[{"subnet":"10.67.0.0/24"}]]}}]'
	started c 'exec sleep 1000' --net cni:plain
	cl_ok network check "${ID}c"
	nsenter -t "$(cl state "${ID}c" | jq .pid)" -n ip addr flush dev eth0
	cl_fails 'CNI network plain: CHECK: plugin bridge: ' network check "${ID}c"
	for c in a b c; do cl_ok delete --force "$ID$c"; done
	! from_outside http://198.51.100.1:4000/ || fail "the port is there after the end"
	expect_eq "$("${HOST[@]}" iptables-save -t nat 2>/dev/null | grep -c "10.66.0.9\|$ID" || :)" 0 "rules of the plugins"
	nothing_of_cni
	gone
}

# ---- pasta and slirp4netns ----

user_bundle() { # a container with a user namespace of its own
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$R"
}
# Of the process PID: pasta is told its namespace, slirp4netns its number.
helpers_of() { pgrep -fc "^(/usr/bin/)?(pasta .*/proc/$1/ns/net|slirp4netns .* $1 eth0)" || :; }
ended() { [ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }     # the harness adopts orphans, and waits for none
no_helper() { [ "$(helpers_of "$1")" = 0 ]; }
keeper_of() { jq .keeper "$ROOT/$ID$1/net.json"; }

need_helper() { # NAME
	command -v "$1" >/dev/null || { gone; skip "$1 is missing"; }
	[ -c /dev/net/tun ] || { gone; skip "/dev/net/tun is missing"; }
	"${HOST[@]}" ip route add default via 198.51.100.2
}

# What holds for each: reached from the host and from outside, ends with the container, whoever is killed.
way_out() { # NAME
	local name=$1 pid keeper
	web a --net "$name" -p 4000:80 -p 127.0.0.1:4001:80
	pid=$(cl state "${ID}a" | jq .pid)
	page a from_host http://198.51.100.1:4000/
	page a from_host http://127.0.0.1:4001/
	page a from_outside http://198.51.100.1:4000/
	! from_outside http://198.51.100.1:4001/ || fail "a port of 127.0.0.1 is reached from outside"
	cl_ok port "${ID}a"
	expect_line "80/tcp -> 0.0.0.0:4000"
	"${OUTSIDE[@]}" timeout 50 python3 -m http.server 8000 --directory "$R/www/a" >"$T/server" 2>&1 &
	local server=$!
	until_true "${OUTSIDE[@]}" curl -s -m 1 http://127.0.0.1:8000/
	page a nsenter -t "$pid" -n curl -s -m 4 http://198.51.100.2:8000/
	kill "$server"
	wait "$server" 2>/dev/null || :
	expect_no_file "$ROOT/${ID}a/slirp.sock"
	args true
	cl_fails 'port 4000/tcp' run --net "$name" -p 4000:80 -b "$B" "$ID"
	cl_ok delete --force "${ID}a"
	no_helper "$pid" || fail "$name is there after delete"
	# Its process dies by itself.
	started b 'exec sleep 1000' --net "$name" -p 4000:80
	pid=$(cl state "${ID}b" | jq .pid)
	expect_eq "$(helpers_of "$pid")" 1
	kill -KILL "$pid"
	until_true no_helper "$pid" || fail "$name is there after the container's end"
	cl_ok delete "${ID}b"
	# The keeper is killed: nothing stays.
	started c 'exec sleep 1000' --net "$name"
	pid=$(cl state "${ID}c" | jq .pid)
	keeper=$(keeper_of c)
	kill -KILL "$keeper"
	until_true no_helper "$pid" || fail "$name is there after its keeper's end"
	cl_ok delete --force "${ID}c"
	# The program is killed: its keeper ends, and nobody is a zombie.
	started d 'exec sleep 1000' --net "$name"
	pid=$(cl state "${ID}d" | jq .pid)
	keeper=$(keeper_of d)
	pkill -KILL -f "^(/usr/bin/)?(pasta .*/proc/$pid/ns/net|slirp4netns .* $pid eth0)"
	until_true ended "$keeper" || fail "the keeper is there without its program"
	cl_ok delete --force "${ID}d"
	expect_nothing_left
	gone
}

test_networks_foreign__slirp4netns_is_a_way_out() {
	internet
	need_helper slirp4netns
	way_out slirp4netns
}

test_networks_foreign__slirp4netns_with_a_user_namespace() {
	internet
	need_helper slirp4netns
	user_bundle
	web a --net slirp4netns -p 4000:80
	page a from_outside http://198.51.100.1:4000/
	capture cl exec "${ID}a" cat /etc/resolv.conf /etc/hosts
	expect_line "nameserver 10.0.2.3"
	expect_match '10\.0\.2\.100.box'
	cl_ok delete --force "${ID}a"
	expect_nothing_left
	gone
}

test_networks_foreign__pasta_is_a_way_out() {
	internet
	need_helper pasta
	args true
	cl_fails 'pasta: the container has no user namespace' run --net pasta -b "$B" "$ID"
	user_bundle
	way_out pasta
}

test_networks_foreign__a_run_in_the_foreground_leaves_no_program() {
	internet
	need_helper slirp4netns
	args sh -c 'ip -o addr; ip route'
	cl_ok run --net slirp4netns:mtu=1400,interface_name=net7 -b "$B" "$ID"
	expect_match 'net7 +inet 10\.0\.2\.100/24'
	expect_in "default via 10.0.2.2 dev net7"
	# The keeper hears of the end as we do, and ends its program first.  (A zombie is only waited for by who adopted it.)
	[ -n "$TEST_NEIGHBOURS" ] || until_true eval '! ps -C crun-lite-net -o stat= | grep -v ^Z'
	expect_nothing_left
	gone
}

test_networks_foreign__a_program_that_is_missing_or_fails_is_told() {
	internet
	args true
	mkdir "$T/empty"
	user_bundle
	cl_fails 'pasta: port.*tcp and udp' run --net pasta -p 80:80/sctp -b "$B" "$ID"
	cl_fails 'IPv4 alone' run --net slirp4netns -p '[fd00::1]:80:80' -b "$B" "$ID"
	command -v slirp4netns >/dev/null || { gone; skip "slirp4netns is missing"; }
	printf '#!/bin/sh\necho "cannot do that: no reason" >&2\nexit 1\n' >"$T/fake"
	chmod 755 "$T/fake"
	"${HOST[@]}" mount --bind "$T/fake" "$(command -v slirp4netns)"
	cl_fails 'start slirp4netns.*cannot do that: no reason' run --net slirp4netns -b "$B" "$ID"
	"${HOST[@]}" mount -t tmpfs none /usr/local/bin
	"${HOST[@]}" sh -c "umount $(command -v slirp4netns); chmod 000 $T/fake; mount --bind $T/fake $(command -v slirp4netns)"
	cl_fails 'find the program slirp4netns' run --net slirp4netns -b "$B" "$ID"
	expect_in "package slirp4netns" "$ERR"
	expect_nothing_left
	gone
}

# ---- spec --net ----

test_networks_foreign__spec_writes_what_run_is_then_asked_for() {
	internet
	mkdir "$T/new"
	cp -a "$R" "$T/new/rootfs"
	cl_ok spec -b "$T/new" --net bridge:ip=10.89.0.9 -p 4000:80 -p 4001:81/udp --dns 192.0.2.53
	expect_eq "$(jq -c .annotations "$T/new/config.json")" \
		'{"org.crun-lite.net":"bridge:ip=10.89.0.9","org.crun-lite.net.publish":"4000:80,4001:81/udp","org.crun-lite.net.dns":"192.0.2.53"}'
	jq '.process.terminal = false | .process.args = ["ip", "-o", "addr"]' "$T/new/config.json" >"$T/c" && mv "$T/c" "$T/new/config.json"
	cl_ok run -b "$T/new" "$ID"
	expect_in 10.89.0.9/24
	rm "$T/new/config.json"
	cl_fails 'no --net' spec -b "$T/new" -p 80:80
	expect_no_file "$T/new/config.json"
	cl_ok spec -b "$T/new" --net host
	expect_eq "$(jq '[.linux.namespaces[] | select(.type == "network")] | length' "$T/new/config.json")" 0
	rm "$T/new/config.json"
	cl_ok spec -b "$T/new" --rootless --net pasta
	expect_eq "$(jq '[.linux.namespaces[] | select(.type == "network")] | length' "$T/new/config.json")" 1
	rm "$T/new/config.json"
	cl_ok spec -b "$T/new" --rootless
	expect_eq "$(jq -c '[.annotations, ([.linux.namespaces[] | select(.type == "network")] | length)]' "$T/new/config.json")" '[null,0]'
	gone
}

# ---- an ordinary user ----

# as_user COMMAND...: on the host
as_user() { "${HOST[@]}" setpriv --reuid 42424 --regid 42424 --clear-groups "$@"; }

mine_is_served() { from_outside http://198.51.100.1:4000/ | grep -q "this is mine"; }

# rootless NAME: what `spec --rootless --net` writes is run by an ordinary user, and reached from outside
rootless() {
	internet
	need_helper "$1"
	mkdir -p "$T/new/www" "$T/mine"
	mknod -m 666 "$T/tun" c 10 200
	"${HOST[@]}" mount --bind "$T/tun" /dev/net/tun
	as_user sh -c 'exec 3<>/dev/net/tun' 2>/dev/null || { gone; skip "the device of a test cannot be opened here"; }
	cp -a "$R" "$T/new/rootfs"
	mkdir "$T/new/rootfs/www"
	echo "this is mine" >"$T/new/rootfs/www/index.html"
	chmod 755 "$T"
	chown -R 42424:42424 "$T/new" "$T/mine"
	capture as_user "$RUNTIME" spec -b "$T/new" --rootless --net "$1" -p 4000:8080
	expect_eq "$RC" 0
	jq '.process.terminal = false | .process.args = ["httpd", "-f", "-p", "8080", "-h", "/www"]' "$T/new/config.json" >"$T/c" && cat "$T/c" >"$T/new/config.json"
	as_user "$RUNTIME" --root "$T/mine" run -b "$T/new" "$ID" >"$T/out" 2>&1 &
	local pid=$! inside
	until_true mine_is_served
	inside=$(as_user "$RUNTIME" --root "$T/mine" state "$ID" | jq .pid)
	capture as_user "$RUNTIME" --root "$T/mine" port "$ID"
	expect_eq "$OUT" "8080/tcp -> 0.0.0.0:4000"
	# The runtime is killed: the container goes on, and delete ends both.
	kill -KILL "$(pgrep -o -f "^$RUNTIME --root $T/mine run")"
	wait "$pid" 2>/dev/null || :
	capture as_user "$RUNTIME" --root "$T/mine" delete --force "$ID"
	expect_eq "$RC" 0
	no_helper "$inside" || fail "$1 is there after delete"
	expect_eq "$(ls -A "$T/mine")" ""
	gone
}

test_networks_foreign__an_ordinary_user_with_pasta() { rootless pasta; }
test_networks_foreign__an_ordinary_user_with_slirp4netns() { rootless slirp4netns; }

test_networks_foreign__an_ordinary_user_without_the_device_is_told() {
	internet
	need_helper slirp4netns
	mkdir -p "$T/new" "$T/mine"
	cp -a "$R" "$T/new/rootfs"
	chmod 755 "$T"
	chown -R 42424:42424 "$T/new" "$T/mine"
	mknod -m 600 "$T/tun" c 10 200
	"${HOST[@]}" mount --bind "$T/tun" /dev/net/tun
	capture as_user "$RUNTIME" spec -b "$T/new" --rootless --net slirp4netns
	jq '.process.terminal = false | .process.args = ["true"]' "$T/new/config.json" >"$T/c" && cat "$T/c" >"$T/new/config.json"
	capture as_user "$RUNTIME" --root "$T/mine" run -b "$T/new" "$ID"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in "start slirp4netns" "$ERR"
	expect_in "/dev/net/tun, which you may not open here" "$ERR"
	expect_eq "$(ls -A "$T/mine")" ""
	gone
}
