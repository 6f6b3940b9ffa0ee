# Bad input: one clear sentence, a non-zero exit, nothing changed; places in config.json; C204-C208.
# shellcheck shell=bash

# refused REGEX: the bundle as it is cannot be run
refused() { run_fails "$1" run -b "$B" "$ID"; }

test_errors__malformed_json_names_line_and_column() {
	printf '{\n "ociVersion": "1.0.2",\n "process": { "cwd" "/" }\n}\n' >"$B/config.json"
	refused 'config.json|invalid character|parse'
	[ -z "$CRUN_LITE" ] || expect_match 'config\.json:3:[0-9]+' "$ERR"
}

test_errors__a_wrong_type_names_line_column_and_pointer() {
	only_crun_lite
	jq . "$B/config.json" | sed 's/"cwd": "\/"/"cwd": 7/' >"$T/c"
	mv "$T/c" "$B/config.json"
	local line
	line=$(grep -n '"cwd": 7' "$B/config.json" | cut -d: -f1)
	refused 'cwd'
	expect_match "config\.json:$line:[0-9]+" "$ERR"
	expect_in /process/cwd "$ERR"
}

test_errors__a_failing_mount_names_the_place_that_asked_for_it() {
	only_crun_lite
	config '.mounts += [{"destination":"/mnt","type":"nonsensefs","source":"x"}]'
	jq . "$B/config.json" >"$T/c" && mv "$T/c" "$B/config.json"
	refused nonsensefs
	expect_match 'config\.json:[0-9]+:[0-9]+ \(/mounts/6\)' "$ERR"
}

test_errors__truncated_at_any_byte_it_is_refused() {
	local whole n i
	whole=$(jq . "$B/config.json")
	n=${#whole}
	for i in 0 1 2 10 $((n / 5)) $((n / 3)) $((n / 2)) $((n * 2 / 3)) $((n - 2)); do
		printf '%s' "${whole:0:i}" >"$B/config.json"
		refused .
	done
}

test_errors__text_after_the_object_is_refused() {
	only_crun_lite
	echo '{}' >>"$B/config.json"
	refused 'config.json'
}

test_errors__an_object_of_another_kind_is_refused() {
	local t
	for t in '[]' 'null' '7' '"text"' '{}' 'true'; do
		echo "$t" >"$B/config.json"
		refused .
	done
}

test_errors__a_duplicate_key_is_refused() {
	only_crun_lite
	sed -i 's/"cwd":"\/"/"cwd":"\/","cwd":"\/tmp"/' "$B/config.json"
	refused 'cwd'
}

test_errors__a_huge_config_is_refused_at_once() {
	only_crun_lite
	{
		printf '{"annotations":{"a":"'
		head -c 5000000 /dev/zero | tr '\0' x
		printf '"},'
		tail -c +2 "$B/config.json"
	} >"$T/c"
	mv "$T/c" "$B/config.json"
	refused 'config.json|4 ?MiB|large|big'
}

test_errors__a_deep_config_is_refused() {
	only_crun_lite
	{
		printf '{"x":'
		printf '[%.0s' {1..5000}
		printf ']%.0s' {1..5000}
		printf ','
		tail -c +2 "$B/config.json"
	} >"$T/c"
	mv "$T/c" "$B/config.json"
	refused 'deep|depth|nest'
}

test_errors__invalid_utf8_and_nul_are_refused() {
	only_crun_lite
	sed -i 's/"hostname":"box"/"hostname":"b\\u0000x"/' "$B/config.json"
	refused 'hostname|NUL|config.json'
	sed -i "s/\"hostname\":\"b\\\\u0000x\"/\"hostname\":\"b\xffx\"/" "$B/config.json"
	refused 'UTF-8|config.json|hostname'
}

test_errors__unknown_properties_are_ignored() {
	config '.unknown = {"a":[1,2,{"b":null}]} | .process.fromTheFuture = true | .linux.resources.nonsense = 1'
	in_container 'echo fine'
	expect_eq "$OUT" fine
}

test_errors__versions_F001() {
	local v
	for v in 1.0.0 1.0.2-dev 1.1.0 1.2.1 1.3.0; do
		config '.ociVersion = $v' --arg v $v
		in_container 'echo fine'
	done
	[ -n "$CRUN_LITE" ] || return 0
	for v in 2.0.0 0.9.0 '' 1 1.0 x 1.0.0.0; do
		config '.ociVersion = $v' --arg v "$v"
		refused 'ociVersion|version'
	done
	config 'del(.ociVersion)'
	refused 'ociVersion'
}

test_errors__a_missing_bundle() {
	run_fails 'no such file or directory' run -b "$T/none" "$ID"
	expect_in "$T/none" "$ERR"
	run_fails 'no such file or directory' create -b "$T/none" "$ID"
	[ -z "$CRUN_LITE" ] || run_fails 'no such file or directory' run "$T/none/"
}

test_errors__a_bundle_without_a_config() {
	rm "$B/config.json"
	refused 'config.json'
	mkdir "$B/config.json"
	refused 'config.json|is a directory'
}

test_errors__a_config_that_is_a_fifo_does_not_hang() {
	only_crun_lite
	rm "$B/config.json"
	mkfifo "$B/config.json"
	refused 'config.json'
}

test_errors__a_bundle_that_is_a_file() {
	run_fails . run -b "$B/config.json" "$ID"
	expect_in "$B/config.json" "$ERR"
}

test_errors__a_bundle_without_permission() {
	only_crun_lite
	mkdir -m 700 "$T/closed"
	cp "$RUNTIME" "$T/crun-lite"
	chmod 755 "$T" "$WORK/$N"
	mkdir -m 755 "$T/pub"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$T/crun-lite" --root "$T/pub/state" run -b "$T/closed" "$ID"
	[ "$RC" != 0 ]
	one_sentence
	expect_match "[Pp]ermission denied" "$ERR"
}

test_errors__a_missing_rootfs_F002() {
	config '.root.path = "none"'
	refused 'none'
	expect_match 'no such file or directory|does not exist' "${ERR,,}"
}

test_errors__a_rootfs_that_is_a_symlink_F002() {
	only_crun_lite
	ln -s "$ROOTFS" "$B/link"
	config '.root.path = "link"'
	refused 'link'
}

test_errors__a_rootfs_that_is_a_file_F002() {
	echo >"$B/file"
	config '.root.path = "file"'
	refused 'not a directory'
	[ -z "$CRUN_LITE" ] || expect_in file "$ERR"
}

test_errors__without_a_root_or_its_path_F002() {
	only_crun_lite          # runc takes the bundle itself
	config 'del(.root)'
	refused 'root'
	config '.root = {}'
	refused 'root'
}

test_errors__unknown_commands_and_flags_C012() {
	run_fails 'nonsense|no help topic' nonsense
	run_fails 'nonsense|not defined' run --nonsense -b "$B" "$ID"
	run_fails 'nonsense|not defined' create --nonsense "$ID"
	run_fails 'nonsense|not defined' kill --nonsense "$ID"
	capture "$RUNTIME" --nonsense
	[ "$RC" != 0 ]
	expect_in nonsense "$OUT$ERR"
}

test_errors__a_misspelt_command_or_flag_gets_a_hint() {
	only_crun_lite
	run_fails 'create' crate -b "$B" "$ID"
	run_fails 'bundle' run --bundel "$B" "$ID"
}

test_errors__too_few_and_too_many_arguments() {
	local c
	for c in create start state kill delete run; do
		capture rt $c
		[ "$RC" != 0 ] || fail "$c without an ID succeeded"
		[ -n "$OUT$ERR" ] || fail "$c said nothing"
	done
	run_fails . state "$ID" second
	run_fails . start "$ID" second
	run_fails . run -b "$B" "$ID" second third
}

test_errors__flags_without_their_value() {
	run_fails "${CRUN_LITE:+bundle}" run "$ID" --bundle
	capture "$RUNTIME" --root
	[ "$RC" != 0 ]
	[ -n "$ERR$OUT" ]
}

test_errors__a_root_that_cannot_be_made() {
	only_crun_lite
	capture "$RUNTIME" --root /proc/none/state run -b "$B" "$ID"
	[ "$RC" != 0 ]
	one_sentence
	expect_in /proc/none "$ERR"
	capture "$RUNTIME" --root "$B/config.json/x" run -b "$B" "$ID"
	[ "$RC" != 0 ]
	one_sentence
}

test_errors__a_damaged_state_is_an_error_that_delete_force_clears() {
	args sleep 1000
	created
	local pid
	pid=$(pid_of)
	: >"$ROOT/$ID/state.json"
	capture rt state "$ID"
	[ "$RC" != 0 ]
	[ -n "$ERR" ]
	rt delete --force "$ID" || :
	[ -z "$CRUN_LITE" ] || expect_no_file "$ROOT/$ID"
	kill -KILL "$pid" 2>/dev/null || :
	rm -rf "${ROOT:?}/$ID"
	local h
	until_true is_gone "$pid"
	for h in "${CGROUPS[@]}"; do [ ! -d "$h/$ID" ] || until_true rmdir "$h/$ID"; done
}

test_errors__errors_as_json() {
	only_crun_lite
	capture "$RUNTIME" --root "$ROOT" --log-format json state "$ID"
	[ "$RC" != 0 ]
	jq -e '.level == "error" and (.msg | contains("does not exist"))' <<<"$ERR" >/dev/null || fail "not one JSON object"
}

test_errors__a_log_that_cannot_be_opened_is_said() {
	capture "$RUNTIME" --root "$ROOT" --log /none/dir/log state "$ID"
	[ "$RC" != 0 ]
	expect_match 'none/dir/log|does not exist' "$ERR"
}

test_errors__unsupported_ones_of_another_platform_are_no_harm() {
	config '.windows = {"layerFolders":["x"]} | .solaris = {} | .process.commandLine = "cmd /c dir" | .process.user.username = "somebody"'
	in_container 'echo fine'
}

test_errors__values_out_of_range() {
	only_crun_lite
	local f
	for f in '.process.consoleSize = {"height":-1,"width":80} | .process.terminal = true' '.linux.devices = [{"path":"/dev/x","type":"c","major":-5,"minor":1}]' \
		'.linux.resources.cpu.shares = -1' '.linux.resources.cpu.period = "x"' '.process.user.umask = -1' \
		'.linux.devices = [{"path":"/dev/x","type":"z","major":1,"minor":1}]' '.linux.devices = [{"path":"dev/x","type":"c","major":1,"minor":1}]' \
		'.mounts += [{"type":"tmpfs"}]' '.linux.maskedPaths = ["relative"]' '.process.env += ["no equals sign"]' '.process.args = ["a",7]' \
		'.linux.resources.pids.limit = 1.5' '.mounts += [{"destination":7}]' '.hooks.prestart = [{}]' '.hostname = 5'; do
		cp "$B/config.json" "$T/good"
		config "$f"
		refused .
		expect_match 'config\.json:[0-9]+:[0-9]+' "$ERR"
		cp "$T/good" "$B/config.json"
	done
}

test_errors__what_is_mistyped_is_corrected() {
	only_crun_lite
	local word
	for word in strat craete delte rnu; do
		run_fails "did you mean (start|create|delete|run)\?" $word "$ID"
	done
	run_fails 'did you mean --bundle\?' run --bunlde "$B" "$ID"
	run_fails '--help lists the commands' xyzzy "$ID"
}
