# upgrade: the program is replaced while containers run.  OTHER=FILE is another build, with another commit (make check-upgrade has one).
# shellcheck shell=bash

# installed: RUNTIME is a copy that can be replaced; its containers are made by it
installed() {
	only_crun_lite
	[ -n "${OTHER:-}" ] || skip "there is no other build: make check-upgrade makes one"
	mkdir "$T/bin"
	put "$RUNTIME"
	RUNTIME=$T/bin/crun-lite
	OLD_VERSION=$("$RUNTIME" --version)
}

# put FILE: as `make install` and packages do it, by another file of that name
put() {
	install -m 755 "$1" "$T/bin/crun-lite"
}

upgraded() {
	put "$OTHER"
	[ "$("$RUNTIME" --version)" != "$OLD_VERSION" ] || fail "the other build is the same one"
}

# sealed PID: what that process executes is a file in memory that nobody can change
sealed() {
	python3 - "/proc/$1/exe" <<-'P'
		import fcntl, os, sys
		fd = os.open(sys.argv[1], os.O_RDONLY)
		assert os.readlink(sys.argv[1]).startswith('/memfd:'), os.readlink(sys.argv[1])
		wanted = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
		assert fcntl.fcntl(fd, fcntl.F_GET_SEALS) & wanted == wanted
		try:
		    os.open(sys.argv[1], os.O_RDWR)
		    sys.exit('it can be opened for writing')
		except OSError:
		    pass
	P
}

test_upgrade__a_container_that_runs_is_the_new_ones() {
	installed
	running 'trap "exit 7" TERM; while :; do sleep 0.1; done' '.annotations = {"a": "b"} | .linux.resources = {"memory": {"limit": 33554432}}'
	local pid
	pid=$(pid_of)
	upgraded
	expect_eq "$(status "$ID")" running
	expect_eq "$(pid_of)" "$pid"
	run_ok list -q
	expect_eq "$OUT" "$ID"
	run_ok inspect "$ID"
	expect_eq "$(jq -r '.[0].state.annotations.a' <<<"$OUT")" b
	run_ok stats --no-stream --json --interval 10ms "$ID"
	expect_eq "$(jq -r '.[0].memory_limit_bytes' <<<"$OUT")" 33554432
	run_ok events --stats "$ID"
	run_ok exec "$ID" cat /proc/1/comm
	expect_eq "$OUT" sh
	run_ok ps -f json "$ID"
	expect_eq "$(jq length <<<"$OUT")" "$(rt ps -f json "$ID" | jq length)"
	run_ok update --memory 64m "$ID"
	run_ok pause "$ID"
	expect_eq "$(status "$ID")" paused
	run_ok resume "$ID"
	run_ok kill "$ID" TERM
	until_true has_status stopped
	run_ok delete "$ID"
}

test_upgrade__a_container_that_waits_is_started_by_the_new_one() {
	installed
	container_config 'echo started by another >/vol/told; sleep 1000' '.mounts += [{"destination": "/vol", "type": "bind", "source": $v, "options": ["bind"]}]' --arg v "$T"
	created
	local pid
	pid=$(pid_of)
	sealed "$pid"
	upgraded
	sealed "$pid"
	expect_eq "$(status "$ID")" created
	run_ok start "$ID"
	until_true file_has "started by another" "$T/told"
	deleted
}

test_upgrade__what_could_not_be_executed_is_told_by_the_new_one() {
	installed
	args /bin/none
	config '.mounts += [{"destination": "/etc", "type": "tmpfs", "source": "tmpfs"}]'
	run_fails 'no such file' create -b "$B" "$ID"
	args /bin/notexec2
	cp "$ROOTFS/bin/script" "$T/notexec2"
	sed -i '1s|.*|#!/no/such/interpreter|' "$T/notexec2"
	config '.mounts += [{"destination": "/opt", "type": "bind", "source": $t, "options": ["bind"]}] | .process.args = ["/opt/notexec2"]' --arg t "$T"
	created
	upgraded
	run_fails 'no such file' start "$ID"
	deleted
}

test_upgrade__a_run_in_the_foreground_goes_on_and_ends() {
	installed
	container_config 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
	rt_exec run --report "$T/report.json" -b "$B" "$ID" >"$T/o" 2>"$T/e" & local pid=$!
	until_true file_has up "$T/o"
	upgraded
	expect_eq "$(status "$ID")" running
	run_ok exec "$ID" true
	run_ok kill "$ID" TERM
	RC=0
	wait $pid || RC=$?
	expect_rc 9
	expect_eq "$(jq -r .reason "$T/report.json")" exit
	run_ok list -q
	expect_eq "$OUT" ""
}

test_upgrade__an_init_that_stays_is_sealed() {
	installed
	container_config 'while :; do sleep 0.1; done' '.annotations["org.crun-lite.init"] = "true"'
	created
	run_ok start "$ID"
	local pid
	pid=$(pid_of)
	sealed "$pid"
	upgraded
	sealed "$pid"
	run_ok exec "$ID" true
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
}

test_upgrade__back_again() {
	local first=$RUNTIME
	installed
	running 'sleep 1000'
	upgraded
	run_ok update --pids-limit 50 "$ID"
	put "$first"
	expect_eq "$("$RUNTIME" --version)" "$OLD_VERSION"
	run_ok exec "$ID" true
	deleted
}

# What an older version wrote has fewer members, what a newer one writes has more.
test_upgrade__a_state_with_fewer_or_more_members_is_read() {
	only_crun_lite
	running 'sleep 1000'
	local state=$ROOT/$ID/state.json
	jq 'del(.ociVersion, .madeParents, .owner, .notify, .annotations, .upper, .network, .rdt, .rootfs)' "$state" >"$T/old" && cp "$T/old" "$state"
	expect_eq "$(status "$ID")" running
	run_ok exec "$ID" true
	run_ok inspect "$ID"
	run_ok list -f json
	jq '. + {"added": {"later": [1, 2, {"x": null}]}, "notify": "yes", "ociVersion": "9.0.0"}' "$state" >"$T/new" && cp "$T/new" "$state"
	expect_eq "$(status "$ID")" running
	run_ok exec "$ID" true
	deleted
	expect_no_file "$ROOT/$ID"
}
