# What every command has in common: global flags and their spellings, the log, the words engines read: C001-C012, C200-C209, C218.
# shellcheck shell=bash

# with GLOBAL-FLAG... -- COMMAND...: RC, OUT, ERR
with() {
	local flags=()
	while [ "$1" != -- ]; do flags+=("$1"); shift; done
	shift
	capture "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS "${flags[@]}" "$@"
}

test_command_line__global_flags_behind_an_equals_sign_C002_C009() {
	only_crun_lite
	args true
	capture "$RUNTIME" --root="$ROOT" --log="$T/log" --log-format=json --log-level=warning --cgroup-manager=cgroupfs --rootless=auto \
		--systemd-cgroup=false --debug=false run --bundle="$B" "$ID"
	expect_rc 0
	expect_eq "$(cat "$T/log")" "" "the log"
}

test_command_line__flags_of_commands_behind_an_equals_sign_C002() {
	only_crun_lite
	args sleep 1000
	run_ok create --bundle="$B" --config="$B/config.json" --pid-file="$T/pid" --preserve-fds=0 --no-pivot=false \
		--no-new-keyring=false --no-subreaper=true --memory=64m --pids-limit=100 "$ID"
	expect_eq "$(<"$T/pid")" "$(pid_of)"
	run_ok start "$ID"
	echo '{"args":["id","-u"],"cwd":"/"}' >"$T/p"
	run_ok exec --process="$T/p" --pid-file="$T/pid2" --user=7:8 --tty=false --detach=false --ignore-paused=true --preserve-fds=0 \
		--no-new-privs=true --no-subreaper=false "$ID"
	expect_eq "$OUT" 7
	run_ok exec --cwd=/tmp --env=A=b=c --additional-gids=9 --cap=CAP_KILL "$ID" sh -c 'pwd; echo $A; id -G'
	expect_eq "$OUT" $'/tmp\nb=c\n0 9'
	run_ok list --format=json --quiet=false
	run_ok ps --format=json "$ID"
	run_ok events --stats=true --interval=1s "$ID"
	run_ok update --pids-limit=50 --resources=<(echo '{}') "$ID"
	run_ok kill --all=false "$ID" KILL
	until_true has_status stopped
	run_ok delete --force=true "$ID"
	mkdir "$T/new"
	run_ok spec --bundle="$T/new" --rootless=false
}

# As Go's flags take them.
test_command_line__flags_are_true_or_false_C002() {
	only_crun_lite
	local word
	for word in 1 t T TRUE true True 0 f F FALSE false False; do run_ok list "--quiet=$word"; done
	run_ok list -q=true
	for word in yes "" 2 TrUe; do run_fails '--quiet=.*true or false is expected' list "--quiet=$word"; done
	with --systemd-cgroup=maybe -- list
	expect_in 'true or false is expected' "$ERR"
	with --debug=maybe -- list
	expect_in 'true or false is expected' "$ERR"
}

test_command_line__whether_it_is_rootless_is_found_out_C009() {
	local word
	for word in true false auto; do
		with --rootless "$word" -- list -q
		expect_rc 0
	done
	only_crun_lite
	with --rootless maybe -- list -q
	[ "$RC" != 0 ] || fail "it was taken"
	expect_in 'true, false or auto is expected' "$ERR"
}

test_command_line__how_much_is_said_C005_C006() {
	only_crun_lite
	args sleep 1000
	created
	# On standard error warnings, unless less is asked for; or more.
	with -- update --kernel-memory 1m "$ID"
	expect_in "crun-lite: warning: " "$ERR"
	with --log-level error -- update --kernel-memory 1m "$ID"
	expect_eq "$ERR" "" "with the level error"
	with --log-level debug -- state nothing
	expect_match 'does not exist' "$ERR"
	with --log-level=loud -- list
	expect_in 'error, warning or debug is expected' "$ERR"
	# In a file errors only.
	with --log "$T/log" -- update --kernel-memory 1m "$ID"
	expect_rc 0
	expect_eq "$(<"$T/log")" "" "the log"
	with --log "$T/log" --log-level warning --log-format json -- update --kernel-memory 1m "$ID"
	expect_eq "$(jq -r .level "$T/log")" warning
	deleted
	rm "$T/log"
	# The plan, without the environment: everybody may read a log.
	config '.process.env += ["SECRET=hush"]'
	args sh -c 'echo $SECRET'
	with --log "$T/log" --log-format json --debug -- run -b "$B" "$ID"
	expect_eq "$OUT" hush
	expect_eq "$ERR" ""
	expect_eq "$(jq -r .level "$T/log" | sort -u)" debug
	expect_match 'plan: exec args' "$(jq -r .msg "$T/log")"
	expect_match "the container's process is [0-9]+" "$(jq -r .msg "$T/log")"
	expect_not_in hush "$(<"$T/log")"
	with --debug -- run -b "$B" "$ID"
	expect_match '(^|
)crun-lite: debug: plan: ' "$ERR"
}

# The whole file is one object (podman), its last error the reason (containerd); people read it, too.
one_object() { # WHAT
	[ "$RC" != 0 ] || fail "$1 succeeded"
	python3 - "$T/log" "$T/err" <<-'P' || fail "$1: $(<"$T/log")"
		import json, re, sys
		log, err = open(sys.argv[1]).read(), open(sys.argv[2]).read()
		o = json.loads(log)
		assert log.count('\n') == 1 and list(o) == ['level', 'msg', 'time'], 'not one line'
		assert o['level'] == 'error' and o['msg']
		# time.Time's UnmarshalJSON
		assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z', o['time']), o['time']
		said = [l for l in err.split('\n') if l.startswith('crun-lite: ')]      # a hook may say something, too
		assert len(said) == 1 and o['msg'].startswith(said[0][len('crun-lite: '):]), 'stderr says something else'
	P
	rm "$T/log"
}

logged() { # COMMAND...
	with --log "$T/log" --log-format json -- "$@"
	one_object "$*"
}

test_command_line__each_failure_is_one_object_in_the_log_C200_C201_C203() {
	only_crun_lite
	local command
	args sleep 1000
	for command in "create -b /nosuch" "start" "state" "kill" "delete" "exec" "pause" "resume" "ps" "events" "update --pids-limit 5"; do
		logged $command "$ID" $([ "$command" != exec ] || echo true)
	done
	logged nonsense
	logged checkpoint "$ID"
	logged create
	logged create --nonsense "$ID"
	logged list --format=xml
	logged spec -b /nosuch
	logged features x
	with --log "$T/log" --log-format json --nonsense -- list
	one_object "an unknown global flag"
	logged create -b "$B" "a/b"
	created
	logged create -b "$B" "$ID"
	logged delete "$ID" second
	logged kill "$ID" NOSUCH
	logged exec "$ID" nosuch
	logged exec -u x "$ID" true
	logged exec --process /nosuch "$ID"
	logged update --memory=-7 "$ID"
	logged resume "$ID"
	run_ok start "$ID"
	logged delete "$ID"
	logged start "$ID"
	run_ok kill "$ID" KILL
	until_true has_status stopped
	for command in kill pause resume ps "events --stats" "update --pids-limit 5"; do logged $command "$ID"; done
	logged exec "$ID" true
	deleted
	# What a bundle asks for; a warning comes before it, at another level.
	config '.process.args = ["nosuch"] | .linux.resources.memory.kernel = 1000000'
	logged create -b "$B" "$ID"
	logged run -b "$B" "$ID"
	config '.mounts += [{"destination":"/mnt","type":"nonsense","source":"x"}]'
	logged create -b "$B" "$ID"
	config 'del(.mounts[-1]) | .process.args = ["true"] | .hooks.createRuntime = [{"path":"/bin/sh","args":["sh","-c","echo loud >&2; exit 3"]}]'
	logged run -b "$B" "$ID"
	printf '{"ociVersion":' >"$B/config.json"
	logged create -b "$B" "$ID"
}

test_command_line__without_a_log_json_is_on_standard_error_C200() {
	only_crun_lite
	with --log-format json -- state "$ID"
	cp "$T/err" "$T/log"
	jq -e '.level == "error"' "$T/log" >/dev/null || fail "not JSON"
	expect_eq "$(wc -l <"$T/log")" 1 lines
}

test_command_line__where_the_log_is_C003() {
	only_crun_lite
	with --log "file:$T/log" -- state "$ID"
	expect_in 'does not exist' "$(<"$T/log")"
	expect_eq "$(stat -c %a "$T/log")" 644
	with --log journald:x -- state "$ID"
	[ "$RC" != 0 ]
	expect_match 'log journald:x: operation not supported.*a file is expected' "$ERR"
	expect_no_file journald:x
}

# What podman and Docker make of a failure: 126, 127; Docker looks for the command's name, too.
test_command_line__what_engines_make_of_the_words_C204_C205_C206() {
	only_crun_lite
	local how
	own_rootfs
	mkdir "$R/dir"
	printf '#!/no/interpreter\n' >"$R/bin/broken"
	chmod 755 "$R/bin/broken"
	for how in create run; do
		args nosuch
		run_fails 'nosuch.*executable file not found in' $how -b "$B" "$ID"
		expect_rc 127
		args /bin/nosuch
		run_fails '/bin/nosuch.*no such file or directory' $how -b "$B" "$ID"
		expect_rc 127
		args /bin/notexec
		run_fails '/bin/notexec.*permission denied' $how -b "$B" "$ID"
		expect_rc 126
		args /dir
		run_fails '/dir.*permission denied' $how -b "$B" "$ID"
		expect_rc 126
		cp "$B/config.json" "$T/good"
		config '.mounts += [{"destination":"/etc/file","type":"bind","source":$s,"options":["bind"]}]' --arg s "$R/dir"
		args true
		run_fails 'not a directory' $how -b "$B" "$ID"
		cp "$T/good" "$B/config.json"
		config '.mounts += [{"destination":"/mnt","type":"bind","source":"/no/such/source","options":["bind"]}]'
		args true
		run_fails '/no/such/source.*no such file or directory' $how -b "$B" "$ID"
		cp "$T/good" "$B/config.json"
	done
	args broken
	created
	run_fails 'broken.*no such file or directory' start "$ID"
	expect_rc 127
	deleted
	config '.process.cwd = "/etc/passwd"'
	run_fails '/etc/passwd.*not a directory' run -b "$B" "$ID"
}

test_command_line__help_of_every_command_C011() {
	only_crun_lite
	local c
	for c in $(rt --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		run_ok "$c" --help
		expect_in "crun-lite $c " "$OUT"
		run_ok "$c" -h
	done
	expect_eq "$c" wait "the last command"
}

# By its name or its letter, in a piece of code.
test_command_line__the_readme_knows_every_flag_C011() {
	only_crun_lite
	local c line letter name help commands
	commands=$(rt --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	for c in "" $commands; do
		while read -r line; do
			name=${line##*--} name=--${name%% *} letter=
			[[ $line != -?,* ]] || letter=${line:0:2}
			[[ $name =~ ^--(help|version)$ ]] || grep -qE -e "[[(\`/ ]$name[]\` =,]" ${letter:+-e "[\`[(]$letter[]\`/ ,]"} "$top/README.md" ||
				fail "$c $name is not in README.md"
		done < <(rt $c --help | grep -oE '^ +(-., )?--[a-z0-9-]+' || :)
	done
	help=$(rt --help; for c in $commands; do rt "$c" --help; done)
	for name in $(sed -n '/^## Commands/,/^## /p' "$top/README.md" | grep -oE -e '`[^`]*`' | grep -oE -e '--[a-z][a-z0-9-]+' | sort -u); do
		[[ $help == *"$name"[^a-z-]* ]] || fail "README.md speaks of $name"
	done
}

# Engines give next to nothing of an environment.
test_command_line__works_without_any_environment_C218() {
	args sh -c 'echo $HOME'
	capture env -i "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS run -b "$B" "$ID"
	expect_rc 0
	expect_eq "$OUT" /root
	running 'exec sleep 1000'
	capture env -i "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS exec "$ID" sh -c 'echo $HOME'
	expect_eq "$OUT" /root
	capture env -i "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS ps -f json "$ID"
	expect_rc 0
	deleted
}

test_command_line__features_are_told_at_once_C090_C216() {
	local begin=$EPOCHREALTIME end
	run_ok features
	end=$EPOCHREALTIME
	jq -e . <<<"$OUT" >/dev/null || fail "no JSON"
	[ $((${end/./} - ${begin/./})) -lt 1000000 ] || fail "it took more than a second"
}

test_command_line__what_other_runtimes_have_is_refused_by_name_C034_C110_C112_C120_C122() {
	only_crun_lite
	local c
	for c in checkpoint restore mounts; do run_fails "command $c: operation not supported" $c "$ID"; done
	run_fails 'flag --regex: operation not supported.*list -q' kill --regex "$RUN.*" KILL
	run_fails 'flag --regex: operation not supported.*list -q' delete --regex "$RUN.*"
	config '.annotations = {"run.oci.handler":"krun"}'
	run_fails 'run.oci.handler=krun.*config.json:1:' create -b "$B" "$ID"
}

test_command_line__json_is_one_text_with_one_newline_and_a_full_disk_is_told() {
	local c text
	only_crun_lite
	created
	for c in "list -f json" features "network ls -f json" "volume ls --json --store $T/store" "doctor --json" "inspect $ID" "stats --no-stream --json --interval 1ms"; do
		# shellcheck disable=SC2086
		text=$(rt $c; echo .)
		jq . >/dev/null <<<"${text%.}" || fail "$c: no JSON"
		[[ $text == *[\]\}]$'\n.' ]] || fail "$c does not end with one newline"
		# shellcheck disable=SC2086
		if rt $c >/dev/full 2>"$T/err"; then fail "$c did not see that nothing was written"; fi
		expect_in "standard output" "$(<"$T/err")"
	done
	deleted
}
