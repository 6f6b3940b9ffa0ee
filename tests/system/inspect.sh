# inspect, stats, wait: for people; IDs may be shortened.
# shellcheck shell=bash

# another ID: created beside the first
another() {
	config '.linux.cgroupsPath = $p' --arg p "/$1"
	run_ok create -b "$B" "$1"
}

# of FILTER: of what inspect said
of() { jq -r "$1" <<<"$OUT"; }

test_inspect__tells_state_configuration_and_usage() {
	running 'sleep 1000' '.annotations = {"a": "b"} | .hostname = "shown"'
	run_ok inspect "$ID"
	expect_eq "$(of 'length')" 1
	expect_eq "$(of '.[0].state | .id, .status, .annotations.a')" "$ID"$'\nrunning\nb'
	expect_eq "$(of '.[0].state.pid')" "$(pid_of)"
	expect_eq "$(of '.[0].config.hostname')" shown
	[ "$(of '.[0].usage.cpu.usage_usec')" -gt 0 ] || fail "no time was used"
	[ "$(of '.[0].usage.pids.peak')" != '' ] || fail "no count of processes"
	deleted
}

test_inspect__shows_what_an_update_changed() {
	running 'sleep 1000'
	run_ok update --pids-limit 77 "$ID"
	run_ok inspect "$ID"
	expect_eq "$(of '.[0].updatedResources.pids.limit')" 77
	deleted
}

test_inspect__of_several_and_of_one_that_has_ended() {
	running true
	until_true has_status stopped
	another "$ID-x"
	run_ok inspect "$ID" "$ID-x"
	expect_eq "$(of '[.[].state.status] | join(" ")')" 'stopped created'
	expect_eq "$(of '.[0].state.pid, .[0].usage')" $'0\nnull'
	deleted
	deleted "$ID-x"
}

test_inspect__takes_the_beginning_of_an_id_if_it_is_one_s_only() {
	created
	another "$ID-longer"
	run_ok inspect "$ID-lon"
	expect_eq "$(of '.[0].state.id')" "$ID-longer"
	run_ok inspect "$ID"                # one's own name counts before the beginning of others'
	expect_eq "$(of '.[0].state.id')" "$ID"
	run_fails 'begins the IDs of 2 containers' inspect "${ID%?}"
	run_fails 'container "nobody" does not exist' inspect nobody
	# Engines name whole IDs: nothing that changes a container takes a part of one.
	run_fails 'does not exist' kill "$ID-lon" KILL
	run_fails 'does not exist' delete "$ID-lon"
	deleted "$ID-longer"
	deleted
}

test_inspect__stats_counts_processors_memory_and_processes() {
	running 'while :; do :; done'
	run_ok stats --no-stream --json --interval 500ms "$ID"
	expect_eq "$(of '.[0].id, .[0].status')" "$ID"$'\nrunning'
	expect_eq "$(of '.[0].cpu_percent > 10 and .[0].cpu_percent <= 130')" true
	expect_eq "$(of '.[0].memory_bytes > 0 and .[0].pids >= 1')" true
	deleted
}

test_inspect__stats_knows_limits() {
	running 'sleep 1000' '.linux.resources = {"memory": {"limit": 33554432}, "pids": {"limit": 40}}'
	run_ok stats --no-stream --json --interval 10ms "$ID"
	expect_eq "$(of '.[0].memory_limit_bytes, .[0].pids_limit')" $'33554432\n40'
	run_ok stats --no-stream --interval 10ms "$ID"
	expect_match "$ID *running .* / 32.0M "
	[[ $OUT != *$'\033'* ]] || fail "an escape sequence in a file"
	deleted
}

test_inspect__stats_of_all_that_run_and_of_none() {
	run_ok stats --no-stream --json --interval 10ms
	expect_eq "$OUT" '[]'
	running 'sleep 1000'
	another "$ID-x"
	run_ok stats --no-stream --json --interval 10ms
	expect_eq "$(of '[.[].id] | join(" ")')" "$ID $ID-x"
	run_fails 'greater than 0' stats --interval 0 "$ID"
	deleted "$ID-x"
	deleted
}

test_inspect__stats_goes_on_until_it_is_ended() {
	local pid
	running 'sleep 1000'
	rt_exec stats --json --interval 20ms "$ID" >"$T/stream" 2>&1 &
	pid=$!
	until_true eval '[ $(wc -l <"$T/stream") -ge 3 ]'
	ended_by TERM "$pid"
	expect_eq "$RC" 143
	deleted
}

test_inspect__wait_prints_how_it_ended() {
	local pid told
	mkfifo "$T/go"
	args /bin/sh -c 'read x; exit 7'
	run_ok create -b "$B" "$ID" <>"$T/go"
	run_ok start "$ID"
	rt wait "$ID" >"$T/told" &
	pid=$!
	sleep 0.1
	echo >"$T/go"
	wait "$pid" || fail "wait failed"
	told=$(<"$T/told")
	# Linux 6.15 tells everybody, who waits for it is told before; older kernels tell the parent only.
	[ "$told" = 7 ] || [ "$told" = unknown ] || fail "told: $told"
	if [ "$(printf '%s\n' 6.15 "$(uname -r | cut -d- -f1)" | sort -V | head -n1)" = 6.15 ]; then
		expect_eq "$told" 7
	fi
	run_ok wait "$ID"
	expect_eq "$OUT" unknown
	deleted
}
