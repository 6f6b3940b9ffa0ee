# create, start, state, kill, delete, list: F160-F169, C001-C035, C200-C220.
# shellcheck shell=bash


test_lifecycle__a_container_is_created_then_running_then_stopped_F160() {
	args sleep 1000
	created
	expect_eq "$(status "$ID")" created "after create"
	run_ok start "$ID"
	expect_eq "$(status "$ID")" running "after start"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
	run_fails 'does not exist' state "$ID"
}

test_lifecycle__state_has_what_the_specification_and_engines_want_F160_C031_C209() {
	args sleep 1000
	config '.annotations = {"a.b/c":"some \"text\"","e":""}'
	created
	run_ok state "$ID"
	jq -e --arg id "$ID" --arg b "$B" --arg r "$ROOTFS" '
		.id == $id and .status == "created" and .bundle == $b and .pid > 1
		and .annotations["a.b/c"] == "some \"text\"" and .annotations.e == ""
		and (.ociVersion | test("^1\\.[0-9]+\\.[0-9]+"))
		and .rootfs == $r
		and (.created | test("^20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9:]+(\\.[0-9]+)?(Z|[+-][0-9:]+)$"))
	' <<<"$OUT" >/dev/null || fail "a key is missing or wrong"
	expect_eq "$(readlink "/proc/$(jq .pid <<<"$OUT")/ns/pid" | cut -c1-5)" "pid:[" "its pid"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	expect_eq "$(rt state "$ID" | jq .pid)" 0 "pid of a stopped container"
	deleted
}

test_lifecycle__start_runs_the_program_and_not_before_F163_C030() {
	own_rootfs
	args sh -c 'echo ran > /tmp/ran'
	created
	expect_no_file "$R/tmp/ran"
	run_ok start "$ID"
	until_true test -s "$R/tmp/ran"
	until_true has_status stopped
	run_ok delete "$ID"
}

# runtime-spec: `process` may be absent until `start`, which MUST fail then.  runc, crun and youki refuse to create.
test_lifecycle__without_a_process_there_is_a_container_that_cannot_be_started_F004_F163() {
	only_crun_lite
	config 'del(.process)'
	created
	expect_eq "$(status "$ID")" created
	grep -q "^NSpid:.*1$" "/proc/$(pid_of)/status" || fail "its first process is not in its pid namespace"
	run_fails 'config.json has no "process": there is nothing to start' start "$ID"
	expect_eq "$(status "$ID")" created "status after a start that failed"
	# Others may run in it, but nothing says as whom and with which environment.
	run_fails 'has no "process".*--process FILE' exec "$ID" true
	echo '{"cwd":"/","args":["hostname"],"env":["PATH=/bin"],"user":{"uid":0,"gid":0}}' >"$T/process.json"
	run_ok exec --process "$T/process.json" "$ID"
	expect_eq "$OUT" box
	deleted
	run_fails 'config.json has no "process": there is nothing to run' run -b "$B" "$ID"
	expect_no_file "$ROOT/$ID"
}

test_lifecycle__annotations_are_strings_and_reach_the_state_as_they_are_F023() {
	only_crun_lite
	local bad
	config '.annotations = {"org.example/a b":"x\ny \u00e9","b":"","c":"{\"d\":1}"} | .process.args = ["sleep","1000"]'
	created
	expect_eq "$(rt state "$ID" | jq -cS .annotations)" '{"b":"","c":"{\"d\":1}","org.example/a b":"x\ny é"}'
	deleted
	config 'del(.annotations)'
	created
	expect_eq "$(rt state "$ID" | jq -c .annotations)" '{}'
	deleted
	for bad in '{"a":1}' '{"a":{"b":"c"}}' '["a"]' '{"":"empty"}'; do
		config '.annotations = $a' --argjson a "$bad"
		run_fails 'annotations' create -b "$B" "$ID"
		expect_match 'config.json:[0-9]+:[0-9]+ \(/annotations' "$ERR"
		expect_no_file "$ROOT/$ID"
	done
}

# runtime.md "Warnings": nothing about the flow changes, and there is no error.
test_lifecycle__warnings_change_nothing_F168() {
	only_crun_lite
	config '.process.args = ["sh","-c","exit 7"] | .process.capabilities |= map_values(. + ["CAP_FROM_THE_FUTURE"])
		| .linux.resources.memory.kernel = 10000000'
	capture rt run -b "$B" "$ID"
	expect_rc 7
	expect_match 'CAP_FROM_THE_FUTURE.*memory.kernel is ignored' "${ERR//$'\n'/ }"
	config '.process.args = ["sleep","1000"]'
	# An engine's log holds the one failure, and nothing that was none, unless it asks.
	run_ok --log "$T/log" --log-format json create -b "$B" "$ID"
	expect_eq "$ERR$(cat "$T/log")" ""
	expect_eq "$(status "$ID")" created
	run_ok start "$ID"
	expect_eq "$(status "$ID")" running
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
	run_ok --log "$T/log" --log-format json --log-level warning create -b "$B" "$ID"
	deleted
	expect_eq "$(jq -r .level "$T/log" | sort -u)" warning
	# Once for each place.
	expect_eq "$(jq -r .msg "$T/log" | grep -c -e CAP_FROM_THE_FUTURE -e memory.kernel)" 4
}

test_lifecycle__a_second_create_of_an_id_fails_and_hurts_nothing_F161() {
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	run_fails "$ID.*(exist|in use)|(exist|in use).*$ID|container with (id|given id)" create -b "$B" "$ID"
	run_fails "exist|in use" run -b "$B" "$ID"
	expect_eq "$(status "$ID")" created
	expect_eq "$(pid_of)" "$pid" pid
	deleted
}

test_lifecycle__ids_outside_the_charset_are_refused_F169() {
	local id
	for id in '' . .. a/b ../a /a 'a b' 'a:b' 'ä' 'a*' $'a\nb' '.a' '@' 'a%'; do
		[ -n "$CRUN_LITE" ] || [ "$id" != .a ] || continue    # runc takes it
		run_fails . create -b "$B" "$id"
	done
	[ -z "$(ls -A "$ROOT" 2>/dev/null)" ] || fail "$(ls -A "$ROOT")"
}

test_lifecycle__ids_of_every_legal_character_work_F169() {
	local id
	for id in "$RUN-azAZ09_+.-" "_$RUN" "+$RUN" "$RUN..a"; do
		run_ok run -b "$B" "$id"
	done
}

test_lifecycle__very_long_ids_work_or_are_refused_in_one_sentence_F169() {
	local long
	printf -v long '%0300d' 0
	run_fails . create -b "$B" "$RUN$long"
	printf -v long '%0180d' 0
	run_ok run -b "$B" "$RUN$long"
}

test_lifecycle__start_of_what_is_not_created_fails_F163_C030() {
	run_fails 'does not exist' start "$ID"
	running 'sleep 1000'
	run_fails 'start|running|state|status' start "$ID"
	expect_eq "$(status "$ID")" running
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_fails 'start|stopped|state|status|not running' start "$ID"
	deleted
}

test_lifecycle__the_missing_does_not_exist_C208() {
	run_fails "$ID.*does not exist|does not exist" state "$ID"
	run_fails 'does not exist' kill "$ID" KILL
	run_fails 'does not exist' delete "$ID"
	run_fails 'does not exist' start "$ID"
}

test_lifecycle__delete_force_of_a_missing_container_succeeds_C035_C213() {
	run_ok delete --force "$ID"
	run_ok delete -f "$ID"
}

test_lifecycle__delete_of_a_running_container_fails_F165_C213() {
	running 'sleep 1000'
	run_fails 'running|not stopped' delete "$ID"
	expect_eq "$(status "$ID")" running
	deleted
}

test_lifecycle__delete_of_a_created_container_works_F165() {
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	run_ok delete "$ID"
	until_true is_gone "$pid"
	run_fails 'does not exist' state "$ID"
}

test_lifecycle__delete_force_kills_what_runs_and_all_its_children_C213() {
	running 'for i in 1 2 3; do sleep 1000 & done; sleep 1000'
	local pid
	pid=$(pid_of)
	run_ok delete --force "$ID"
	until_true is_gone "$pid"
}

test_lifecycle__delete_kills_what_is_left_in_the_group_without_a_pid_namespace_C213() {
	container_config 'sleep 27182 & echo $!' 'del(.linux.namespaces[] | select(.type == "pid"))'
	created
	local p pid
	pid=$(pid_of)
	run_ok start "$ID"
	until_true has_status stopped
	run_ok delete --force "$ID"
	p=$( { grep -lsz '2718[2]' /proc/[0-9]*/cmdline || :; } | wc -l)
	expect_eq "$p" 0 "sleeps left"
	until_true is_gone "$pid"
}

test_lifecycle__kill_takes_names_with_and_without_sig_and_numbers_C032() {
	local s
	container_config 'trap "echo usr1 >> /tmp/s" USR1; trap "echo term >> /tmp/s" TERM; trap "echo hup >> /tmp/s" HUP
		echo ready > /tmp/ready; while :; do usleep 2000; done'
	own_rootfs
	created
	run_ok start "$ID"
	until_true test -e "$R/tmp/ready"
	run_ok kill "$ID" USR1
	until_true file_has usr1 "$R/tmp/s"
	run_ok kill "$ID" SIGHUP
	until_true file_has hup "$R/tmp/s"
	run_ok kill "$ID"
	until_true file_has term "$R/tmp/s"
	: >"$R/tmp/s"
	run_ok kill "$ID" 10
	until_true file_has usr1 "$R/tmp/s"
	: >"$R/tmp/s"
	run_ok kill "$ID" term
	until_true file_has term "$R/tmp/s"
	for s in FOO SIGFOO -1 9x  4096; do
		run_fails 'signal|flag' kill "$ID" "$s"
	done
	expect_eq "$(status "$ID")" running
	deleted
}

test_lifecycle__kill_zero_only_asks_C032() {
	args sleep 1000
	created
	run_ok kill "$ID" 0
	expect_eq "$(status "$ID")" created
	deleted
}

test_lifecycle__kill_of_a_created_container_works_F164() {
	args sleep 1000
	created
	run_ok kill "$ID" KILL
	until_true has_status stopped
	run_ok delete "$ID"
}

test_lifecycle__kill_of_a_stopped_container_says_container_not_running_F164_C208() {
	args true
	created
	run_ok start "$ID"
	until_true has_status stopped
	run_fails 'container not running' kill "$ID" TERM
	run_ok delete "$ID"
}

test_lifecycle__kill_all_reaches_every_process_C033() {
	container_config 'sleep 1001 & sleep 1002 & echo ready >/tmp/ready; wait' \
		'del(.linux.namespaces[] | select(.type == "pid"))'
	own_rootfs
	created
	run_ok start "$ID"
	until_true test -e "$R/tmp/ready"
	run_ok kill --all "$ID" KILL
	until_true has_status stopped
	deleted
}

# The list is read while nobody can fork: afterwards who ran goes on, and who was paused does not.
test_lifecycle__a_signal_for_all_reaches_every_process_and_freezes_nobody_C033() {
	only_crun_lite
	container_config 'for i in 1 2; do (trap "echo >/tmp/got-$i" USR1; echo >/tmp/ready-$i; while :; do usleep 5000; done) & done
		trap "echo >/tmp/got-0" USR1; echo >/tmp/ready-0; while :; do usleep 5000; done'
	own_rootfs
	created
	run_ok start "$ID"
	all_there() { [ "$(ls "$R/tmp" | grep -c "$1")" = 3 ]; }
	until_true all_there ready-
	run_ok kill --all "$ID" USR1
	until_true all_there got-
	rm "$R"/tmp/got-*
	run_ok pause "$ID"
	run_ok kill --all "$ID" USR1
	expect_eq "$(status "$ID")" paused
	! all_there got- || fail "they run"
	run_ok resume "$ID"
	until_true all_there got-
	deleted
}

test_lifecycle__kill_all_of_a_stopped_container_is_no_error_C033() {
	args true
	created
	run_ok start "$ID"
	until_true has_status stopped
	run_ok kill --all "$ID" KILL
	run_ok kill -a "$ID" KILL
	run_ok delete "$ID"
}

test_lifecycle__the_pid_file_is_there_before_create_returns_C022_C210() {
	args sleep 1000
	run_ok create -b "$B" --pid-file "$T/pid" "$ID"
	expect_eq "$(cat "$T/pid")" "$(pid_of)" "the pid file"
	expect_eq "$(wc -c <"$T/pid")" "$(printf %s "$(pid_of)" | wc -c)" "its size: no newline"
	[ -d "/proc/$(<"$T/pid")" ] || fail "no such process"
	deleted
}

test_lifecycle__an_old_pid_file_is_replaced_in_one_step_C022() {
	echo old >"$T/pid"
	ln "$T/pid" "$T/linked"
	args sleep 1000
	run_ok create -b "$B" --pid-file "$T/pid" "$ID"
	expect_eq "$(cat "$T/linked")" old "the old file's contents"
	expect_eq "$(cat "$T/pid")" "$(pid_of)"
	deleted
}

test_lifecycle__list_shows_every_container_C050() {
	args sleep 1000
	created
	config '.linux.cgroupsPath += "-b"'     # a group with processes in it is nobody else's (F167)
	config '.linux.cgroupsPath += "-b"'
	run_ok create -b "$B" --no-pivot "$ID-b"
	run_ok start "$ID-b"
	run_ok list
	expect_match "ID +PID +STATUS +BUNDLE +CREATED +OWNER"
	expect_match "$ID +[0-9]+ +created +$B"
	expect_match "$ID-b +[0-9]+ +running +$B"
	run_ok list -q
	expect_eq "$OUT" "$ID"$'\n'"$ID-b"
	run_ok list --format json
	expect_eq "$(jq -r 'sort_by(.id) | map("\(.id) \(.status) \(.bundle) \(.pid > 0)") | join(";")' <<<"$OUT")" \
		"$ID created $B true;$ID-b running $B true"
	jq -e 'all(.[]; has("ociVersion") and has("rootfs") and has("created") and has("owner"))' <<<"$OUT" >/dev/null ||
		fail "a key is missing"
	run_ok list -f json -q
	deleted
	deleted "$ID-b"
	run_ok list -q
	expect_eq "$OUT" ""
}

# Several processes read them, where there are several processors; by one they are read the same.
test_lifecycle__list_of_many_containers_is_that_of_few_C050() {
	local i flags one expected
	[ -n "$CRUN_LITE" ] || return 0         # it writes the states of others
	args sleep 1000
	created
	for ((i = 100; i < 300; i++)); do
		mkdir "$ROOT/$ID-$i"
		sed "s/\"id\":\"$ID\"/\"id\":\"$ID-$i\"/" "$ROOT/$ID/state.json" >"$ROOT/$ID-$i/state.json"
	done
	# By another hand; damaged; one that somebody is making; one whose process's number is another's by now.
	jq --tab . "$ROOT/$ID-150/state.json" >"$T/other" && cp "$T/other" "$ROOT/$ID-150/state.json"
	truncate -s 40 "$ROOT/$ID-170/state.json"
	rm "$ROOT/$ID-280/state.json"
	jq -c '.startTime += 1 | .inode += 1' "$ROOT/$ID-290/state.json" >"$T/other" && cp "$T/other" "$ROOT/$ID-290/state.json"
	expected=$(echo "$ID created"; for ((i = 100; i < 300; i++)); do
		[ $i = 170 ] || [ $i = 280 ] || echo "$ID-$i $([ $i = 290 ] && echo stopped || echo running)"
	done)
	run_ok list -q
	expect_eq "$OUT" "$(cut -d' ' -f1 <<<"$expected")"
	run_ok list
	expect_eq "$(awk 'NR > 1 { print $1, $3 }' <<<"$OUT")" "$expected"
	run_ok list -f json
	expect_eq "$(jq -r '.[] | "\(.id) \(.status)"' <<<"$OUT")" "$expected"
	one=$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')
	for flags in "" -q "-f json"; do
		# shellcheck disable=SC2086
		run_ok list $flags
		# shellcheck disable=SC2086
		expect_eq "$(taskset -c "$one" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS list $flags)" "$OUT" "list $flags by one process"
	done
	rm -r "$ROOT/$ID"-*
	deleted
}

test_lifecycle__list_of_no_containers_is_empty_json_C050() {
	run_ok list -f json
	expect_match '^(null|\[ *\])$'
	run_fails . list -f nonsense
}

test_lifecycle__create_and_start_leave_nothing_between_the_caller_and_the_program_C211_C215() {
	# stdin, stdout and stderr are the caller's own, and the creator has ended.
	container_config 'cat; echo to-stderr >&2'
	rt create -b "$B" "$ID" <<<"from the caller" >"$T/o" 2>"$T/e"
	run_ok start "$ID"
	until_true file_has 'from the caller' "$T/o"
	until_true file_has 'to-stderr' "$T/e"
	until_true has_status stopped
	deleted
}

test_lifecycle__the_init_belongs_to_the_callers_subreaper_C215() {
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	# The harness is the subreaper here.
	until_true eval "[ \$(sed 's/.*) . \([0-9]*\) .*/\1/' /proc/$pid/stat) = $$ ]"
	deleted
}

test_lifecycle__changing_the_config_after_create_changes_nothing_F161() {
	own_rootfs
	args sh -c 'echo first > /tmp/o'
	created
	args sh -c 'echo second > /tmp/o'
	run_ok start "$ID"
	until_true test -s "$R/tmp/o"
	expect_eq "$(cat "$R/tmp/o")" first
	until_true has_status stopped
	deleted
}

test_lifecycle__state_during_create_start_and_kill_is_never_half_C219() {
	args sleep 1000
	(
		while [ ! -e "$T/stop" ]; do
			if out=$(rt state "$ID" 2>"$T/state.err"); then
				jq -e '.status | IN("creating","created","running","stopped")' <<<"$out" >/dev/null ||
					{ echo "half a state: $out" >"$T/bad"; break; }
			else
				grep -q 'does not exist' "$T/state.err" || { cp "$T/state.err" "$T/bad"; break; }
			fi
		done
	) &
	local watcher=$! i
	for i in 1 2 3 4 5; do
		created
		run_ok start "$ID"
		run_ok kill "$ID" KILL
		until_true has_status stopped
		run_ok delete "$ID"
	done
	: >"$T/stop"
	wait "$watcher"
	[ ! -e "$T/bad" ] || fail "$(<"$T/bad")"
}

test_lifecycle__of_two_creates_at_once_one_wins_F161_C219() {
	only_crun_lite          # with runc both may fail
	args sleep 1000
	local i a b
	for i in 1 2 3; do
		rt_exec create -b "$B" "$ID" >"$T/o1" 2>"$T/e1" & a=$!
		rt_exec create -b "$B" "$ID" >"$T/o2" 2>"$T/e2" & b=$!
		local won=0
		wait $a && won=$((won + 1)) || :
		wait $b && won=$((won + 1)) || :
		expect_eq $won 1 "creates that succeeded"
		expect_eq "$(status "$ID")" created
		deleted
	done
}

test_lifecycle__of_two_deletes_at_once_neither_hangs_C219() {
	args sleep 1000
	local a b
	created
	rt_exec delete --force "$ID" >"$T/o1" 2>"$T/e1" & a=$!
	rt_exec delete --force "$ID" >"$T/o2" 2>"$T/e2" & b=$!
	wait $a
	wait $b
	run_fails 'does not exist' state "$ID"
}

# Its number may belong to somebody else by now.
test_lifecycle__a_process_that_only_has_the_number_is_not_the_containers_C208() {
	only_crun_lite
	args true
	created
	run_ok start "$ID"
	until_true has_status stopped
	sleep 1000 &
	local other=$! state=$ROOT/$ID/state.json
	jq --argjson pid $other '.pid = $pid' "$state" >"$T/new" && cp "$T/new" "$state"
	expect_eq "$(jq .pid "$state")" $other
	expect_eq "$(status "$ID")" stopped
	run_fails 'not running' kill "$ID" KILL
	deleted
	kill -0 $other || fail "it was killed"
	end_helper $other
}

test_lifecycle__a_run_that_fails_at_last_takes_its_pid_file_back_C022() {
	only_crun_lite
	own_rootfs
	printf '#!/no/interpreter\n' >"$R/bin/script"
	args script
	run_fails 'script' run --pid-file "$T/pid" -b "$B" "$ID"
	expect_no_file "$T/pid"
}

# hanging_create SIGNAL: ends a create that hangs in a hook
hanging_create() {
	only_crun_lite          # runc 1.1.5 leaves the cgroups
	printf '#!/bin/sh\necho $$ > %s/hook\nexec sleep 1000\n' "$T" >"$T/hook.sh"
	chmod 755 "$T/hook.sh"
	config '.hooks.createRuntime = [{"path": $p}]' --arg p "$T/hook.sh"
	rt_exec create -b "$B" "$ID" >"$T/o" 2>"$T/e" &
	local create=$!
	until_true test -s "$T/hook"
	ended_by "$1" $create
	[ $RC != 0 ] || fail "create ended with 0"
}

# As engines do it when they have waited long enough.
test_lifecycle__a_killed_create_is_cleaned_by_delete_force_C220() {
	hanging_create KILL
	kill -KILL "$(<"$T/hook")" 2>/dev/null || :
	run_ok delete --force "$ID"
	run_fails 'does not exist' state "$ID"
}

test_lifecycle__a_create_that_is_terminated_undoes_itself_F162() {
	hanging_create TERM
	run_fails 'does not exist' state "$ID"
	kill -KILL "$(<"$T/hook")" 2>/dev/null || :
}

test_lifecycle__a_create_that_fails_late_leaves_nothing_F162() {
	config '.process.args = ["/bin/none"]'
	run_fails . create -b "$B" "$ID"
	config '.process.args = ["/bin/true"] | .mounts += [{"destination":"/mnt","type":"nonsense","source":"x"}]'
	run_fails . create -b "$B" "$ID"
	run_fails 'does not exist' state "$ID"
	config 'del(.mounts[-1]) | .hooks.createRuntime = [{"path":"/bin/false"}]'
	run_fails . create -b "$B" "$ID"
	run_fails 'does not exist' state "$ID"
}

test_lifecycle__a_container_whose_init_was_killed_from_outside_is_stopped() {
	running 'sleep 1000'
	kill -KILL "$(pid_of)"
	until_true has_status stopped
	run_ok delete "$ID"
}

test_lifecycle__a_created_container_whose_init_was_killed_is_stopped() {
	args sleep 1000
	created
	kill -KILL "$(pid_of)"
	until_true has_status stopped
	run_fails . start "$ID"
	run_ok delete "$ID"
}

test_lifecycle__root_with_an_equals_sign_and_options_anywhere_C001_C002() {
	args true
	capture "$RUNTIME" --root="$ROOT" $RUNTIME_FLAGS run --bundle="$B" "$ID"
	expect_rc 0
	capture "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run --bundle "$B" "$ID"
	expect_rc 0
}

test_lifecycle__the_bundle_is_the_current_directory_by_default_C020() {
	args true
	cd "$B"
	run_ok run "$ID"
}

test_lifecycle__a_relative_bundle_is_made_absolute_in_the_state_C020() {
	args sleep 1000
	cd "$T"
	run_ok create -b bundle "$ID"
	expect_eq "$(rt state "$ID" | jq -r .bundle)" "$B"
	deleted
}

test_lifecycle__another_config_file_by_name_C020() {
	only_crun_lite
	args false
	jq -c '.process.args = ["echo","other"]' "$B/config.json" >"$T/other.json"
	run_ok run -b "$B" --config "$T/other.json" "$ID"
	expect_eq "$OUT" other
}

test_lifecycle__version_begins_as_engines_want_it_C010() {
	local f
	for f in --version -v; do
		capture "$RUNTIME" $f
		expect_rc 0
		expect_match '^[a-z-]+ version [0-9]+\.[0-9]+'
		expect_match $'\ncommit: '
		expect_match $'\nspec: 1\.'
	done
}

test_lifecycle__help_exits_with_zero_C011() {
	local c
	capture "$RUNTIME" --help
	expect_rc 0
	expect_in create
	for c in create start state kill delete list run spec; do
		capture "$RUNTIME" $c --help
		expect_rc 0
		[ -n "$OUT" ] || fail "nothing on stdout"
	done
}

test_lifecycle__the_log_gets_one_json_object_on_failure_C003_C004_C200_C201_C203() {
	config '.process.args = ["/bin/none"]'
	capture "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS --log "$T/log.json" --log-format json create -b "$B" "$ID"
	[ "$RC" != 0 ] || fail "it succeeded"
	jq -s -e 'length == 1 and .[0].level == "error" and (.[0].msg | contains("/bin/none"))
		and (.[0].time | test("^20[0-9-]+T[0-9:]+(\\.[0-9]+)?(Z|[+-][0-9:]+)$"))' "$T/log.json" >/dev/null ||
		fail "$(<"$T/log.json")"
	[ -n "$ERR" ] || fail "nothing on stderr (C203)"
}

test_lifecycle__the_log_is_appended_to_C003() {
	only_crun_lite
	echo kept >"$T/log"
	capture "$RUNTIME" --root "$ROOT" --log="$T/log" --log-format=text state "$ID"
	expect_eq "$(head -n1 "$T/log")" kept
	expect_in 'does not exist' "$(<"$T/log")"
}

test_lifecycle__state_files_are_for_root_only_V46() {
	args sleep 1000
	created
	expect_match '^7[01][01]$' "$(stat -c %a "$ROOT/$ID")"
	deleted
}
