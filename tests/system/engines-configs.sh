# The config.json files that podman, Docker and containerd wrote (tests/data/bundles): each is planned
# and run, with its paths led to a root file system that exists, and its hooks left out.
# shellcheck shell=bash

# One filter for all: the root, the sources of binds below $t, a program of ours, a cgroup of ours; what
# this machine or the runtime cannot do is the test's to skip.
REPOINT='.root.path = $rootfs | del(.hooks) | .linux.cgroupsPath = $cgroup
	| .process.args = ["/bin/sh","-c","inspect >/dev/null; echo ran"] | .process.terminal = false
	| .process.cwd = "/" | del(.process.apparmorProfile, .process.selinuxLabel, .linux.mountLabel)
	| .process.env |= map(select(startswith("PATH=") | not)) + ["PATH=/bin:/usr/bin"]
	| .linux.namespaces |= map(if .path then del(.path) else . end)
	| .linux.devices |= (if . then map(select(.path | test("^/dev/(null|zero|full|random|urandom|tty|console|fuse|net/tun)$"))) else . end)
	| .mounts |= map(if ((.options // []) | any(. == "bind" or . == "rbind")) and ((.source // "") | test("^/(sys|proc|dev)(/|$)") | not)
		then .source = $sources + "/" + (.source | gsub("/"; "_")) else . end)'

# repoint FILE: the bundle's config.json, and what it binds
repoint() {
	own_rootfs
	mkdir "$T/sources"
	jq -c "$REPOINT" --arg rootfs "$R" --arg cgroup "/$ID" --arg sources "$T/sources" "$1" >"$B/config.json"
	ARGS=
	local s d
	while IFS=$'\t' read -r s d; do
		case $s in "$T"/*) ;; *) continue ;; esac
		# A file where the destination is one of etc's, as engines bind them.
		case $d in
		/etc/* | /run/.containerenv | */docker-init | /dev/init | /sbin/* | *.sock) echo >"$s" ;;
		*) mkdir -p "$s" ;;
		esac
	done < <(jq -r '.mounts[] | select((.options // []) | any(. == "bind" or . == "rbind")) | [.source, .destination] | @tsv' "$B/config.json")
	if jq -e '.linux.resources.hugepageLimits or .linux.resources.blockIO' "$B/config.json" >/dev/null; then
		# Only limits whose controllers are here.
		config 'del(.linux.resources.hugepageLimits) | del(.linux.resources.blockIO)'
	fi
}

# engine_config FILE
engine_config() {
	local f=$top/tests/data/bundles/$1.json
	[ -e "$f" ] || skip "no $f"
	repoint "$f"
	# The engine has given the root file system to the container's root.
	if jq -e '.linux.uidMappings' "$B/config.json" >/dev/null; then
		chown -hR "$(jq -r '"\(.linux.uidMappings[0].hostID):\(.linux.gidMappings[0].hostID)"' "$B/config.json")" "$B/rootfs"
	fi
	if [ -n "$CRUN_LITE" ]; then
		run_ok plan "$B"
		expect_in pivot
	fi
	# root here cannot raise a hard limit or lower oom_score_adj without CAP_SYS_RESOURCE.
	if ! grep -q '^CapEff:.*[4567cdef89ab]......$' /proc/self/status || ! setpriv --dump | grep -q sys_resource; then
		config 'del(.process.oomScoreAdj) | .process.rlimits |= (if . then map(select(.type != "RLIMIT_NOFILE" and .type != "RLIMIT_NPROC")) else . end)'
	fi
	run_ok run -b "$B" "$ID"
	expect_eq "$OUT" ran
}

for f in "$top"/tests/data/bundles/*.json; do
	n=${f##*/}
	n=${n%.json}
	eval "test_engines_configs__${n//-/_}_runs() { engine_config $n; }"
done
unset f n
