# Networks of our own: --net, -p, the commands network and port.  "The host" is a network namespace with a mount
# namespace of its own, which hide the machine's networks, leases and definitions; "outside" is another one.
# shellcheck shell=bash

# Asks the kernel by nft(8), for what the table needs of it.
has_firewall() {
	command -v nft >/dev/null || return 0
	"${HOST[@]}" nft -f - 2>/dev/null <<-'N'
		table inet probe {
			chain before { type nat hook prerouting priority -100; fib daddr type local counter dnat ip to 10.0.0.1; }
			chain after { type nat hook postrouting priority 100; ct status dnat masquerade; }
		}
		delete table inet probe
	N
}

# internet: HOST runs a command on the host (198.51.100.1), OUTSIDE on another (198.51.100.2).
internet() {
	only_crun_lite
	command -v ip >/dev/null || skip "iproute2 is missing"
	own_rootfs
	config 'del(.linux.cgroupsPath)'
	ln -sf busybox "$R/bin/httpd"
	# busybox's own wget is not fit for use everywhere.
	printf '#!/bin/sh\nprintf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 4 "$1" "$2" | grep "this is"\n' >"$R/bin/page"
	chmod 755 "$R/bin/page"
	namespaces net
	OUTSIDE_PID=$NS OUTSIDE_HOLD=$NSHOLD OUTSIDE=(nsenter -t "$NS" -n)
	rm "$T/ns"
	namespaces net mnt
	HOST=(nsenter -t "$NS" -n -m)
	"${HOST[@]}" sh -ec "
		mount -t tmpfs none /run
		cp -a /etc $T/etc
		mount --bind $T/etc /etc
		ip link set lo up
		ip link add o0 type veth peer name o1 2>/dev/null || exit 77
		ip link set o1 netns $OUTSIDE_PID
		ip addr add 198.51.100.1/24 dev o0
		ip link set o0 up" || { gone; skip "this kernel has no veth"; }
	has_firewall || { gone; skip "this kernel's nf_tables has no NAT for inet"; }
	"${OUTSIDE[@]}" sh -ec "ip link set lo up; ip addr add 198.51.100.2/24 dev o1; ip link set o1 up"
}

# gone: nothing of ours is left of the host
gone() {
	end_helper "$NSHOLD"
	end_helper "$OUTSIDE_HOLD"
}

cl() { "${HOST[@]}" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "$@"; }
cl_ok() {
	capture cl "$@"
	[ "$RC" = 0 ] || fail "\"$*\" exited with $RC"
}
cl_fails() { # REGEX ARG...
	local re=$1
	shift
	capture cl "$@"
	[ "$RC" != 0 ] || fail "\"$*\" was expected to fail"
	[[ $ERR =~ $re ]] || fail "\"$*\": its error does not match \"$re\""
	one_sentence
}

# started SUFFIX SCRIPT ARG...: a container that runs
started() {
	local id=$ID$1
	args /bin/sh -c "$2"
	shift 2
	cl_ok run --detach -b "$B" "$@" "$id"
}

# web SUFFIX ARG...: one that serves its own name
web() {
	local suffix=$1
	shift
	mkdir -p "$R/www/$suffix"
	echo "this is $suffix" >"$R/www/$suffix/index.html"
	started "$suffix" "exec httpd -f -p 80 -h /www/$suffix" "$@"
	until_true serves "$suffix"
}
serves() { cl exec "$ID$1" sh -c 'netstat -ltn 2>/dev/null | grep -q :80 || grep -q ":0050 " /proc/net/tcp /proc/net/tcp6'; }

page() { # WORD COMMAND...: the page of WORD is there
	local word=$1
	shift
	capture "$@"
	expect_in "this is $word"
}
from_outside() { "${OUTSIDE[@]}" curl -s -m 4 "$1"; }
from_host() { "${HOST[@]}" curl -s -m 4 "$1"; }
from_container() { cl exec "$ID$1" page "$2" "$3"; }

address_of() { cl state "$ID$1" | jq -r '.annotations["org.crun-lite.net.status"] | fromjson | .ips[0].address | split("/")[0]'; }

# What there is on the host: devices, elements, leases, lines of names.
leftovers() {
	"${HOST[@]}" sh -c '
		ip -o link show type veth | grep -v " o0"
		nft list table inet crun_lite 2>/dev/null | grep -o "^[^#]*comment.*"
		find /run/crun-lite/.net -type l
		find /run/crun-lite/.net -type f -path "*/hosts/*" ! -name .shared
		cat /run/crun-lite/.net/*/hosts/.shared 2>/dev/null | grep -v "^#\|localhost"' | grep -v 'comment "crun-lite 1"' || :
}
nothing_left() { [ -z "$(leftovers)" ]; }
expect_nothing_left() {
	until_true nothing_left || :
	expect_eq "$(leftovers)" "" "left over"
}

test_networks__none_is_a_network_with_lo_alone_and_host_is_the_hosts() {
	internet
	config 'del(.linux.namespaces[] | select(.type == "network"))'
	args ip -o link
	cl_ok run --net none -b "$B" "$ID"
	expect_eq "$(wc -l <<<"$OUT")" 1
	cl_ok run --net host -b "$B" "$ID"
	expect_in " o0@"
	cl_ok run -b "$B" "$ID"
	expect_in " o0@"
	expect_eq "$(leftovers)" ""
	gone
}

test_networks__a_namespace_by_its_path_and_that_of_another_container() {
	internet
	args ip -o addr
	cl_ok run --net "ns:/proc/$OUTSIDE_PID/ns/net" -b "$B" "$ID"
	expect_in 198.51.100.2
	cl_fails 'passwd is not a namespace' run --net ns:/etc/passwd -b "$B" "$ID"
	cl_fails 'namespace of another type' run --net "ns:/proc/$OUTSIDE_PID/ns/uts" -b "$B" "$ID"
	web a --net bridge
	args page 127.0.0.1 80
	cl_ok run --net "container:${ID}a" -b "$B" "$ID"
	expect_in "this is a"
	cl_fails 'nobody.* does not exist' run --net container:nobody -b "$B" "$ID"
	cl_fails 'its own network' run --net "container:$ID" -b "$B" "$ID"
	page a from_host "http://$(address_of a)/"
	cl_ok kill "${ID}a" KILL
	until_true has_stopped a
	cl_fails "container ${ID}a, .*is not running" run --net "container:${ID}a" -b "$B" "$ID"
	cl_ok delete "${ID}a"
	expect_nothing_left
	gone
}
has_stopped() { [ "$(cl state "$ID$1" | jq -r .status)" = stopped ]; }

test_networks__a_published_port_is_reached_from_everywhere() {
	internet
	web a --net bridge -p 4000:80
	web b --net bridge -p 127.0.0.1:4001:80 -p 198.51.100.1:4002:80
	page a from_outside http://198.51.100.1:4000/
	page a from_host http://198.51.100.1:4000/
	page a from_host http://127.0.0.1:4000/
	page a from_container b 198.51.100.1 4000
	page a from_container a 198.51.100.1 4000
	page b from_host http://127.0.0.1:4001/
	page b from_outside http://198.51.100.1:4002/
	! from_outside http://198.51.100.1:4001/ || fail "a port of 127.0.0.1 is reached from outside"
	cl_ok port "${ID}a"
	expect_eq "$OUT" "80/tcp -> 0.0.0.0:4000"
	cl_ok port --format json "${ID}b"
	expect_eq "$(jq -c 'map([.host_ip,.host_port,.container_port])' <<<"$OUT")" '[["127.0.0.1",4001,80],["198.51.100.1",4002,80]]'
	cl_ok delete --force "${ID}a"
	! from_outside http://198.51.100.1:4000/ || fail "a port is there after the end"
	cl_ok delete --force "${ID}b"
	expect_nothing_left
	gone
}

test_networks__ten_replicas_behind_ten_ports() {
	internet
	local i
	for i in 0 1 2 3 4 5 6 7 8 9; do web "r$i" --net bridge -p "81$i:80"; done
	for i in 0 1 2 3 4 5 6 7 8 9; do page "r$i" from_outside "http://198.51.100.1:81$i/"; done
	for i in 0 1 2 3 4 5 6 7 8 9; do cl_ok delete --force "${ID}r$i"; done
	expect_nothing_left
	gone
}

# A service with a volume, and others that know it by its name: what it was told survives its container.
# says REGEX COMMAND...: that is in the store's answer to LINE; COMMAND is nc
says() {
	local re=$1
	shift
	OUT=$(printf '%s\r\nQUIT\r\n' "$LINE" | "$@" 2>&1)
	[[ $OUT =~ $re ]]
}
store_says() { # LINE REGEX COMMAND...
	LINE=$1
	shift
	until_true says "$@"
}

# keeps_data COMMAND...: the store, which listens on 6379 and keeps what it has in /data
keeps_data() {
	mkdir -p "$R/data"
	DEADLINE=30
	args "$@"
	local store=(--store "$T/store" -v "kv:/data" --net "bridge:alias=kv" -p 6379:6379 -b "$B")
	cl_ok run --detach "${store[@]}" "${ID}a"
	started client 'exec sleep 1000' --net bridge
	store_says 'SET color blue' '\+OK' "${OUTSIDE[@]}" busybox nc -w 9 198.51.100.1 6379
	store_says 'GET color' blue cl exec "${ID}client" nc -w 9 kv 6379
	store_says 'SET size large' '\+OK' cl exec "${ID}client" nc -w 9 "${ID}a" 6379
	cl_ok delete --force "${ID}a"
	# Another container, another name: the same data.
	args "$@"
	cl_ok run --detach "${store[@]}" "${ID}b"
	store_says 'GET size' large "${OUTSIDE[@]}" busybox nc -w 9 198.51.100.1 6379
	store_says 'GET color' blue cl exec "${ID}client" nc -w 9 kv 6379
	store_says 'GET color' blue cl exec "${ID}client" nc -w 9 "${ID}b" 6379
	cl_ok delete --force "${ID}client"
	cl_ok delete --force "${ID}b"
	cl_ok volume rm --store "$T/store" kv
	expect_nothing_left
	gone
}

test_networks__a_store_with_a_volume_keeps_its_data_over_containers() {
	internet
	cat >"$R/bin/kv" <<-'S'
		#!/bin/sh
		cd /data
		cr=$(printf '\r')
		while read -r verb key value; do
			key=${key%"$cr"}
			case $verb in
			SET) echo "$value" >"$key"; echo +OK ;;
			GET) cat "$key" || echo '$-1' ;;
			QUIT*) exit ;;
			esac
		done
	S
	chmod 755 "$R/bin/kv"
	keeps_data nc -ll -p 6379 -e /bin/kv
}

test_networks__redis_with_a_volume_keeps_its_data_over_containers() {
	local redis lib
	# The program looks at its name; Debian's package of tools has it without the service.
	redis=$(command -v redis-server || command -v redis-check-rdb) || skip "redis is missing"
	internet
	cp "$redis" "$R/bin/redis-server"
	ldd "$redis" | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$R${lib%/*}"
		cp "$lib" "$R$lib"
	done
	keeps_data redis-server --dir /data --appendonly yes --save '' --protected-mode no
}

test_networks__containers_find_each_other_by_name_and_alias() {
	internet
	web a --net bridge:alias=www
	started b 'exec sleep 1000' --net bridge
	page a from_container b "${ID}a" 80
	page a from_container b "www" 80
	web c --net bridge
	page c from_container b "${ID}c" 80
	page c from_container a "${ID}c" 80
	capture cl exec "${ID}b" cat /etc/hosts
	expect_match '127\.0\.0\.1.localhost'
	expect_match '10\.89\.0\.[0-9]+.box'
	capture cl exec "${ID}b" cat /etc/hostname
	expect_eq "$OUT" box
	cl_ok delete --force "${ID}a"
	capture cl exec "${ID}b" grep www /etc/hosts
	expect_match '^#'
	cl exec "${ID}b" sh -c '! echo x >/etc/hosts' 2>/dev/null || fail "the hosts file can be written"
	cl_ok delete --force "${ID}b"
	cl_ok delete --force "${ID}c"
	expect_nothing_left
	gone
}

test_networks__hosts_resolv_and_options_of_names() {
	internet
	"${HOST[@]}" sh -c "printf 'nameserver 127.0.0.53\nnameserver 192.0.2.53\nsearch example.org\n' >$T/resolv
		mount --bind $T/resolv /etc/resolv.conf"
	args cat /etc/resolv.conf /etc/hosts
	cl_ok run --net bridge --add-host db:192.0.2.9 --add-host gw:host-gateway -b "$B" "$ID"
	expect_line "nameserver 192.0.2.53"
	expect_line "search example.org"
	expect_not_in 127.0.0.53
	expect_match '192\.0\.2\.9.db'
	expect_match '10\.89\.0\.1.gw'
	cl_ok run --net bridge --dns 9.9.9.9 --dns-search corp.example -b "$B" "$ID"
	expect_line "nameserver 9.9.9.9"
	expect_line "search corp.example"
	expect_not_in 192.0.2.53
	cl_ok run --net host -b "$B" "$ID"
	expect_line "nameserver 127.0.0.53"
	"${HOST[@]}" sh -c "echo nameserver 127.0.0.53 >$T/resolv"
	cl_ok run --net bridge -b "$B" "$ID"
	expect_in "--dns" "$ERR"
	expect_not_in nameserver
	expect_nothing_left
	gone
}

test_networks__a_link_of_the_image_is_covered_and_not_followed_V07() {
	internet
	echo untouched >"$T/secret"
	rm -f "$R/etc/hosts"
	ln -s "$T/secret" "$R/etc/hosts"
	ln -sf ../../../../../../../../proc/sys/kernel/hostname "$R/etc/resolv.conf"
	ln -sf nowhere "$R/etc/hostname"
	args sh -c 'cat /etc/hosts /etc/resolv.conf /etc/hostname; echo x >/etc/hosts'
	capture cl run --net bridge --dns 192.0.2.53 -b "$B" "$ID"
	expect_in "nameserver 192.0.2.53"
	expect_line box
	expect_in localhost
	expect_eq "$(<"$T/secret")" untouched
	[ -L "$R/etc/hosts" ] && [ -L "$R/etc/hostname" ] || fail "the image was changed"
	expect_no_file "$R/etc/nowhere"
	expect_nothing_left
	gone
}

test_networks__a_mount_of_the_configuration_wins_over_our_file() {
	internet
	echo "192.0.2.1 mine" >"$T/hosts"
	config '.mounts += [{"destination":"/etc/hosts","type":"bind","source":$h,"options":["bind","ro"]}]' --arg h "$T/hosts"
	args cat /etc/hosts
	cl_ok run --net bridge -b "$B" "$ID"
	expect_eq "$OUT" "192.0.2.1 mine"
	gone
}

test_networks__options_of_an_interface() {
	internet
	args sh -c 'ip addr show dev net7; ip route'
	cl_ok run --net bridge:ip=10.89.0.77,mac=02:00:00:00:00:07,mtu=1400,interface_name=net7 -b "$B" "$ID"
	expect_in 'inet 10.89.0.77/24'
	expect_in 02:00:00:00:00:07
	expect_in 'mtu 1400'
	expect_in 'default via 10.89.0.1 dev net7'
	expect_nothing_left
	gone
}

test_networks__several_networks_and_one_way_out() {
	internet
	cl_ok network create front
	cl_ok network create back --subnet 10.77.0.0/24 --gateway 10.77.0.254 --internal
	args sh -c 'ip -o addr; ip route'
	cl_ok run --net front --net back -b "$B" "$ID"
	expect_match 'eth0 +inet 10\.89\.1\.'
	expect_match 'eth1 +inet 10\.77\.0\.'
	expect_eq "$(grep -c ^default <<<"$OUT")" 1
	expect_in "default via 10.89.1.1 dev eth0"
	web a --net back
	started b 'exec sleep 1000' --net back
	started c 'exec sleep 1000' --net front
	page a from_container b "${ID}a" 80
	! from_container c "$(address_of a)" 80 || fail "one network is reached from another"
	"${OUTSIDE[@]}" timeout 50 python3 -m http.server 8000 --directory "$R/www/a" >"$T/server" 2>&1 &
	local server=$!
	until_true "${OUTSIDE[@]}" curl -s -m 1 http://127.0.0.1:8000/
	page a from_container c 198.51.100.2 8000
	! from_container b 198.51.100.2 8000 || fail "there is a way out"
	kill "$server"
	wait "$server" 2>/dev/null || :
	cl_fails 'internal' run --net back -p 80:80 -b "$B" "$ID"
	cl_fails "${ID}a|${ID}b" network rm back
	for c in a b c; do cl_ok delete --force "$ID$c"; done
	cl_ok network rm front back
	cl_ok network ls -q
	expect_eq "$OUT" bridge
	expect_nothing_left
	gone
}

test_networks__ipv6() {
	internet
	[ "$("${HOST[@]}" cat /proc/sys/net/ipv6/conf/all/disable_ipv6)" = 0 ] || skip "there is no IPv6"
	"${HOST[@]}" ip -6 addr add 2001:db8::1/64 dev o0 nodad
	"${OUTSIDE[@]}" ip -6 addr add 2001:db8::2/64 dev o1 nodad
	cl_ok network create six --ipv6 --subnet fd12:3456::/64 --subnet 10.78.0.0/24
	web a --net six:ip6=fd12:3456::7 -p 4000:80
	page a from_host 'http://[fd12:3456::7]/'
	page a from_outside 'http://[2001:db8::1]:4000/'
	page a from_outside http://198.51.100.1:4000/
	cl_ok port "${ID}a"
	expect_line "80/tcp -> [::]:4000"
	cl_ok delete --force "${ID}a"
	cl_ok network rm six
	expect_nothing_left
	gone
}

test_networks__a_port_that_is_taken_is_named_and_nothing_is_left() {
	internet
	web a --net bridge -p 4000:80
	args true
	cl_fails "port 4000/tcp.*${ID}a" run --net bridge -p 4000:80 -b "$B" "$ID"
	cl_fails "port 4000/tcp.*${ID}a" run --net bridge -p 0.0.0.0:4000:80 -b "$B" "$ID"
	# One address is another port than all of them, and wins there.
	web b --net bridge -p 127.0.0.1:4000:80
	page b from_host http://127.0.0.1:4000/
	page a from_host http://198.51.100.1:4000/
	cl_ok delete --force "${ID}b"
	args true
	"${HOST[@]}" timeout 50 busybox nc -l -p 4005 >/dev/null &
	local listener=$!
	until_true "${HOST[@]}" sh -c 'grep -q ":0FA5 " /proc/net/tcp /proc/net/tcp6'
	cl_fails "port 4005/tcp" run --net bridge -p 4005:80 -b "$B" "$ID"
	cl_fails "port 400[0-9]/tcp" run --net bridge -p 3999-4001:80-82 -b "$B" "$ID"
	kill "$listener" 2>/dev/null || :
	wait "$listener" 2>/dev/null || :
	page a from_host http://198.51.100.1:4000/
	cl_ok run --net bridge -p 4000:80/udp -b "$B" "$ID"
	cl_ok delete --force "${ID}a"
	cl_ok run --net bridge -p 4000:80 -b "$B" "$ID"
	expect_nothing_left
	gone
}

test_networks__a_port_that_is_free_is_chosen() {
	internet
	web a --net bridge -p 80
	local port
	port=$(cl port --format json "${ID}a" | jq '.[0].host_port')
	[ "$port" -gt 1023 ] || fail "the port is $port"
	page a from_outside "http://198.51.100.1:$port/"
	cl_ok delete --force "${ID}a"
	expect_nothing_left
	gone
}

test_networks__the_pool_is_exhausted_and_then_it_is_not() {
	internet
	cl_ok network create tiny --subnet 10.79.0.0/30
	started a 'exec sleep 1000' --net tiny
	args true
	cl_fails '10\.79\.0\.0/30.*tiny' run --net tiny -b "$B" "$ID"
	cl_fails "10.79.0.2.*${ID}a" run --net tiny:ip=10.79.0.2 -b "$B" "$ID"
	cl_fails 'gateway' run --net tiny:ip=10.79.0.1 -b "$B" "$ID"
	cl_fails 'not in network tiny' run --net tiny:ip=10.79.1.2 -b "$B" "$ID"
	cl_ok kill "${ID}a" KILL
	until_true has_stopped a
	cl_ok run --net tiny -b "$B" "$ID"
	cl_ok delete "${ID}a"
	cl_ok network rm tiny
	expect_nothing_left
	gone
}

test_networks__the_same_id_has_the_same_address_again() {
	internet
	local first
	started a 'exec sleep 1000' --net bridge
	first=$(address_of a)
	cl_ok delete --force "${ID}a"
	started b 'exec sleep 1000' --net bridge
	started a 'exec sleep 1000' --net bridge
	expect_eq "$(address_of a)" "$first"
	cl_ok delete --force "${ID}a"
	cl_ok delete --force "${ID}b"
	gone
}

test_networks__annotations_ask_for_the_same_and_flags_win() {
	internet
	config '.annotations = {"org.crun-lite.net":"bridge:ip=10.89.0.9","org.crun-lite.net.publish":"4000:80,4001:80",
		"org.crun-lite.net.hosts":"db:192.0.2.9"}'
	started a 'exec sleep 1000'
	expect_eq "$(address_of a)" 10.89.0.9
	cl_ok port "${ID}a"
	expect_line "80/tcp -> 0.0.0.0:4001"
	cl_ok delete --force "${ID}a"
	started a 'exec sleep 1000' --net bridge:ip=10.89.0.10 -p 4002:80
	expect_eq "$(address_of a)" 10.89.0.10
	cl_ok port "${ID}a"
	expect_eq "$OUT" "80/tcp -> 0.0.0.0:4002"
	cl_ok delete --force "${ID}a"
	cl_fails 'net-annotations=deny.*config.json:[0-9]+|config.json:[0-9].*net-annotations=deny' run --net-annotations=deny -b "$B" "$ID"
	config '.annotations = {"org.crun-lite.net.publsh":"80:80"}'
	cl_fails 'unknown annotation org.crun-lite.net.publsh' run -b "$B" "$ID"
	expect_in config.json "$ERR"
	config '.annotations = {"org.crun-lite.net":"bridge"} | del(.linux.namespaces[] | select(.type == "network"))'
	cl_fails "the host's network" run -b "$B" "$ID"
	expect_nothing_left
	gone
}

test_networks__what_contradicts_is_refused_by_name() {
	internet
	local bad
	for bad in "--net nope" "--net host -p 80:80" "--net none -p 80:80" "-p 80:80" "--net host --net bridge" "--net bridge:ip=1.2.3" \
		"--net pasta:ip=1.2.3.4" "--net cni:x" "--net slirp4netns:alias=x" "--net bridge -p 80:99999" "--net bridge -p 4000:80 -p 4000:81" \
		"--net bridge --dns x" "--net bridge --add-host x" "--net none --add-host a:host-gateway" "--net bridge:mtu=9"; do
		# shellcheck disable=SC2086
		cl_fails . run $bad -b "$B" "$ID"
	done
	config '(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/net"'
	cl_fails "somebody else's" run --net bridge -b "$B" "$ID"
	expect_nothing_left
	gone
}

test_networks__hooks_find_the_network_and_a_hook_that_fails_leaves_none() {
	internet
	config '.hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","nsenter -t $(jq .pid) -n ip -o addr >\($t)/hook"],
		"env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]' --arg t "$T"
	args true
	cl_ok run --net bridge -p 4000:80 -b "$B" "$ID"
	expect_match 'eth0 +inet 10\.89\.0\.' "$(<"$T/hook")"
	config '.hooks.createRuntime += [{"path":"/bin/false"}]'
	cl_fails hook run --net bridge -p 4000:80 -b "$B" "$ID"
	expect_nothing_left
	gone
}

test_networks__hooks_are_told_of_the_network_and_state_tells_it_once() {
	internet
	config '.annotations = {"a":"b"} | .hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","cat >\($t)/told"]}] | .hooks.poststop = [{"path":"/bin/sh","args":["sh","-c","cat >\($t)/end"]}]' --arg t "$T"
	args sleep 1000
	cl_ok run --detach --net bridge:ip=10.89.0.9 -p 4000:80 -b "$B" "$ID"
	expect_eq "$(jq -c '.annotations | keys' "$T/told")" '["a","org.crun-lite.net.status"]'
	expect_eq "$(jq -r '.annotations["org.crun-lite.net.status"] | fromjson | .ips[0].address + " " + .interfaces[0].sandbox' "$T/told")" \
		"10.89.0.9/24 /proc/$(jq .pid "$T/told")/ns/net"
	expect_eq "$(cl state "$ID" | grep -c net.status)" 1
	cl_ok delete --force "$ID"
	expect_eq "$(jq -c '.annotations | keys' "$T/end")" '["a"]'
	expect_nothing_left
	gone
}

test_networks__while_run_stays_no_process_of_the_host_takes_its_port() {
	internet
	local bind='import socket, sys
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 4000)); s.listen()'
	args sleep 1000
	cl run --net bridge -p 4000:80 -b "$B" "$ID" >"$T/out" 2>&1 &
	local pid=$!
	until_true runs_with_network
	! "${HOST[@]}" python3 -c "$bind" 2>"$T/bind" || fail "a process could bind it"
	expect_in "in use" "$(<"$T/bind")"
	cl_ok kill "$ID" KILL
	wait "$pid" || :
	"${HOST[@]}" python3 -c "$bind" || fail "it is held after the end"
	expect_nothing_left
	gone
}
runs_with_network() { cl state "$ID" | jq -e '.status == "running" and .annotations["org.crun-lite.net.status"]'; }

test_networks__who_shares_a_network_finds_the_same_names() {
	internet
	started a 'exec sleep 1000' --net bridge:alias=db --dns 192.0.2.53
	config 'del(.hostname)'
	started b 'exec sleep 1000' --net bridge:alias=web
	args cat /etc/hosts /etc/resolv.conf
	cl_ok run --net "container:${ID}a" -b "$B" "$ID"
	expect_match "10\.89\.0\.[0-9]+.${ID}a db"
	expect_match "10\.89\.0\.[0-9]+.${ID}b web"
	expect_line "nameserver 192.0.2.53"
	# One without a file of its own has that of the network.
	cl_ok run --net "container:${ID}b" -b "$B" "$ID"
	expect_match "10\.89\.0\.[0-9]+.${ID}a db"
	# What is asked for wins.
	cl_ok run --net "container:${ID}a" --dns 192.0.2.54 -b "$B" "$ID"
	expect_line "nameserver 192.0.2.54"
	expect_not_in 192.0.2.53
	cl_ok delete --force "${ID}a"
	cl_ok delete --force "${ID}b"
	expect_nothing_left
	gone
}

test_networks__create_start_exec_delete() {
	internet
	args sleep 1000
	cl_ok create --net bridge -p 4000:80 -b "$B" "$ID"
	expect_match '^10\.89\.0\.' "$(address_of "")"
	cl_ok start "$ID"
	cl_ok exec "$ID" ip -o addr
	expect_in "$(address_of "")"
	cl_ok kill "$ID" KILL
	until_true has_stopped ""
	cl_ok state "$ID"
	expect_not_in sandbox
	cl_ok delete "$ID"
	expect_nothing_left
	gone
}

test_networks__the_runtime_is_killed_and_delete_or_prune_finds_all() {
	internet
	args sleep 1000
	local n pid
	for n in 1 2 3 4 5 6 7 8; do
		"${HOST[@]}" "$RUNTIME" --root "$ROOT" run --net bridge:alias=x -p 4000:80 -b "$B" "$ID" >/dev/null 2>&1 &
		pid=$!
		sleep "0.00$n"
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		cl_ok delete --force "$ID"
		expect_nothing_left
	done
	cl_ok run --detach --net bridge -p 4000:80 -b "$B" "$ID"
	pid=$(cl state "$ID" | jq .pid)
	kill -KILL "$pid"
	until_true has_stopped ""
	mv "$ROOT/$ID" "$T/lost"                 # what delete would read
	cl_ok network prune
	expect_in "ports of $ID"
	expect_nothing_left
	mv "$T/lost" "$ROOT/$ID"
	cl_ok delete "$ID"
	gone
}

# /run is memory, and so are the kernel's tables: a state root elsewhere may outlive both.
test_networks__after_a_reboot_a_state_that_stayed_is_deleted_and_the_next_one_works() {
	internet
	started a 'exec sleep 1000' --net bridge:alias=db -p 4000:80
	local first
	first=$(address_of a)
	kill -KILL "$(cl state "${ID}a" | jq .pid)"
	until_true has_stopped a
	"${HOST[@]}" sh -c 'rm -rf /run/crun-lite/.net; nft flush ruleset 2>/dev/null; ip link del cl0'
	web b --net "bridge:ip=$first" -p 4000:80
	cl_ok delete "${ID}a"
	# What it had is somebody else's by now.
	expect_eq "$(address_of b)" "$first"
	page b from_outside http://198.51.100.1:4000/
	cl_ok delete --force "${ID}b"
	expect_nothing_left
	gone
}

# What no lease of ours looks like is nobody's, and in nobody's way.
test_networks__what_a_crash_left_in_a_networks_directory_is_in_nobodys_way() {
	internet
	cl_ok network create tiny --subnet 10.79.0.0/30
	"${HOST[@]}" sh -c 'mkdir -p /run/crun-lite/.net/tiny/hosts; : >/run/crun-lite/.net/tiny/10.79.0.2; echo "torn" >/run/crun-lite/.net/tiny/hosts/.shared'
	args true
	cl_ok run --net tiny -b "$B" "$ID"
	"${HOST[@]}" ln -sfn "" /run/crun-lite/.net/tiny/x 2>/dev/null || :
	"${HOST[@]}" ln -sfn /nonexistent/gone /run/crun-lite/.net/tiny/10.79.0.2
	cl_ok run --net tiny -b "$B" "$ID"
	cl_ok network prune
	cl_ok network rm tiny
	gone
}

# in_a_loop FILE COMMAND...: until FILE is there; what fails is told in FILE.failed
in_a_loop() {
	local end=$1
	shift
	until [ -e "$end" ]; do cl "$@" >/dev/null 2>"$end.words" || { cat "$end.words" >>"$end.failed"; break; }; done
}

# What they look at comes and goes meanwhile, among it the bridge.
test_networks__prune_and_reload_beside_those_who_come_and_go() {
	internet
	local i
	args true
	in_a_loop "$T/end1" network prune &
	local pruning=$!
	in_a_loop "$T/end2" network reload &
	local reloading=$!
	for i in {1..40}; do cl_ok run --net bridge -p 4000:80 -b "$B" "$ID-$((i % 2))"; done
	touch "$T/end1" "$T/end2"
	wait "$pruning" "$reloading" || :
	[ ! -e "$T/end1.failed" ] || fail "prune: $(<"$T/end1.failed")"
	[ ! -e "$T/end2.failed" ] || fail "reload: $(<"$T/end2.failed")"
	expect_nothing_left
	gone
}

test_networks__reload_brings_back_what_an_emptied_firewall_lost() {
	internet
	command -v nft >/dev/null || skip "nft is missing"
	web a --net bridge -p 4000:80
	"${HOST[@]}" nft flush ruleset
	! from_outside http://198.51.100.1:4000/ || fail "the port is there without a firewall"
	cl_ok network reload
	page a from_outside http://198.51.100.1:4000/
	cl_ok delete --force "${ID}a"
	expect_nothing_left
	gone
}

test_networks__networks_are_made_shown_and_removed() {
	internet
	cl_ok network prune              # where there has never been one
	cl_ok network create front --mtu 1400 --isolate
	expect_eq "$OUT" front
	cl_fails 'already' network create front
	cl_fails 'reaches through o0' network create bad --subnet 198.51.100.128/25
	cl_fails 'of network bridge' network create bad --subnet 10.89.0.0/16
	cl_fails 'word of --net' network create host
	cl_fails 'no name' network create ../x
	cl_fails 'nope' network inspect nope
	cl_fails 'nope' network rm nope
	cl_fails 'built in' network rm bridge
	cl_fails 'unknown command' network frobnicate
	cl_ok network ls
	expect_match 'front +cl-front +0 +10\.89\.1\.0/24 isolate'
	cl_ok network ls --format json
	expect_eq "$(jq -r '.[1].options.mtu' <<<"$OUT")" 1400
	started a 'exec sleep 1000' --net front
	cl_ok network inspect front
	expect_eq "$(jq -r '.[0].containers[0].id' <<<"$OUT")" "${ID}a"
	cl_ok exec "${ID}a" ip link show eth0
	expect_in "mtu 1400"
	cl_ok delete --force "${ID}a"
	cl_ok network rm front
	"${HOST[@]}" sh -c '! ip link show cl-front' 2>/dev/null || fail "the bridge is there"
	"${HOST[@]}" sh -c '[ ! -e /run/crun-lite/.net/front ] && [ ! -e /etc/crun-lite/networks/front.json ]'
	gone
}

test_networks__forty_at_the_same_time() {
	internet
	local i pids=()
	args sleep 1000
	for i in {1..40}; do
		cl run --detach --net bridge -p "$((5000 + i)):80" -b "$B" "$ID-$i" >/dev/null 2>"$T/err$i" &
		pids+=($!)
	done
	for i in "${!pids[@]}"; do wait "${pids[i]}" || fail "$(cat "$T/err$((i + 1))")"; done
	expect_eq "$(for i in {1..40}; do address_of "-$i"; done | sort -u | wc -l)" 40
	pids=()
	for i in {1..40}; do
		cl delete --force "$ID-$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	expect_nothing_left
	gone
}

test_networks__with_a_user_namespace_of_its_own() {
	internet
	config '.linux.namespaces += [{"type":"user"}] | .linux.uidMappings = [{"containerID":0,"hostID":100000,"size":65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$R"
	web a --net bridge -p 4000:80
	page a from_outside http://198.51.100.1:4000/
	cl_ok exec "${ID}a" cat /etc/hosts
	expect_in "${ID}a"
	cl_ok delete --force "${ID}a"
	config '.mounts |= map(select(.type != "sysfs"))'
	started b 'exec sleep 1000' --net host
	cl_ok exec "${ID}b" ip -o link
	expect_in " o0@"
	cl_ok delete --force "${ID}b"
	expect_nothing_left
	gone
}

test_networks__without_the_right_it_says_so() {
	internet
	capture "${HOST[@]}" setpriv --bounding-set=-net_admin --inh-caps=-net_admin "$RUNTIME" --root "$ROOT" run --net bridge -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it succeeded"
	expect_in "join network bridge" "$ERR"
	expect_in "CAP_NET_ADMIN" "$ERR"
	expect_nothing_left
	gone
}

test_networks__who_asks_for_nothing_pays_nothing() {
	internet
	command -v strace >/dev/null || skip "strace is missing"
	args true
	capture "${HOST[@]}" strace -f -o "$T/trace" "$RUNTIME" --root "$ROOT" run -b "$B" "$ID"
	expect_eq "$RC" 0
	! grep -E 'crun-lite/(\.net|networks)|NETLINK_NETFILTER|resolv.conf|etc/hosts' "$T/trace" || fail "it looked at networks"
	gone
}

test_networks__a_container_that_is_started_again_keeps_its_address() {
	local first others=() i
	internet
	mkdir -p "$T/vol"
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T/vol"
	args /bin/sh -c 'echo $(ip -4 -o addr show eth0 | sed "s/.*inet //;s/ .*//") >>/vol/addresses; until [ -e /vol/go ]; do sleep 0.01; done; rm /vol/go; exit 7'
	cl_ok run --detach --restart always --log-file "$T/log" --net bridge -p 4000:80 -b "$B" "$ID"
	until_true test -s "$T/vol/addresses"
	first=$(<"$T/vol/addresses")
	for i in 1 2 3; do
		touch "$T/vol/go"
		until_true eval '[ "$(wc -l <"$T/vol/addresses")" = $((i + 1)) ]'
	done
	expect_eq "$(sort -u "$T/vol/addresses")" "$first"
	expect_eq "$("${HOST[@]}" find /run/crun-lite/.net -type l | wc -l)" 1
	# Told to go away in the pause, it lets go of all.
	cl_ok kill "$ID" KILL
	until_true has_stopped ''
	cl_ok delete "$ID"
	expect_nothing_left
	gone
}
