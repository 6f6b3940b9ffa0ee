# podman (with conmon), as root, with cgroupfs where there is no systemd.
# shellcheck shell=bash

pod() {
	CONTAINERS_CONF=$ENGINE/containers.conf podman --root "$ENGINE/storage" --runroot "$ENGINE/run" --tmpdir "$ENGINE/tmp" --storage-driver overlay \
		--runtime "$UNDER_TEST" "$@"
}

start_chapter() {
	needs podman conmon
	mkdir -p "$ENGINE"/{tmp,net}
	cat >"$ENGINE/containers.conf" <<-C
		[containers]
		# root cannot raise a hard limit everywhere.
		default_ulimits = ["nofile=$(ulimit -Hn):$(ulimit -Hn)", "nproc=4096:4096"]
		[network]
		network_backend = "cni"
		network_config_dir = "$ENGINE/net"
		cni_plugin_dirs = ["/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"]
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime_supports_json = ["crun-lite", "crun", "runc"]
		runtime_supports_nocgroup = ["crun-lite", "crun"]
		[engine.runtimes]
		$UNDER_TEST = ["$RUNTIME"]
	C
	good pod import -q "$IMAGE_TAR" bb:1
	# What podman makes once, and keeps: its storage's mount, locks, bridge, groups.
	good pod run --rm bb:1 true
	good pod run --rm --network none bb:1 true
	# good pod pod create --name warm
	# good pod pod rm -f warm
}

stop_chapter() { good pod rm -fa -t 0; }

test_podman__run_rm_prints_what_the_program_says() {
	good pod run --rm bb:1 echo hello
	expect_eq "$OUT" hello
	good pod ps -aq
	expect_eq "$OUT" ""
}

test_podman__exit_codes_are_the_programs() {
	bad 0 pod run --rm bb:1 true
	bad 1 pod run --rm bb:1 false
	bad 42 pod run --rm bb:1 sh -c 'exit 42'
	bad 126 pod run --rm bb:1 /etc
	bad 126 pod run --rm bb:1 notexec
	bad 127 pod run --rm bb:1 nothing-of-this-name
	bad 137 pod run --rm bb:1 sh -c 'sh -c "kill -KILL \$\$"; exit $?'
}
