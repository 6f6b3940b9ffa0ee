# `crun-lite selftest`: what it says, what it finds where a defence is missing, and that it leaves nothing behind.
# shellcheck shell=bash

# tested [WORD...]: the table; TMPDIR is a directory of the test's, which is empty afterwards
tested() {
	only_crun_lite
	mkdir -p "$T/tmp"
	chmod 1777 "$T/tmp"
	chmod 755 "$T"
	capture env TMPDIR="$T/tmp" "$@" "$RUNTIME" selftest
	[[ $ERR != *"needs shared libraries"* ]] || skip "a dynamic build does not test itself"
	expect_eq "$(ls -A "$T/tmp")" "" "what it left"
}

test_selftest__as_root_nothing_fails() {
	tested
	expect_rc 0
	expect_match '^crun-lite .* on Linux .*, as root'
	expect_not_in failed $'\n'"$(grep -v ' failed, ' <<<"$OUT")"
	expect_match $'\n[0-9]+ passed, 0 failed, [0-9]+ skipped$'
	local n
	n=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' <<<"$OUT")
	[ "$n" -ge 25 ] || fail "only $n passed"
}

test_selftest__as_an_ordinary_user_nothing_fails() {
	chmod 755 "$WORK" "$WORK/runtime"
	tested setpriv --reuid 42424 --regid 42424 --clear-groups env -u XDG_RUNTIME_DIR
	expect_match ', as an ordinary user'
	[ "$RC" != 2 ] || skip "no container of an ordinary user runs here: $(sed -n 3p <<<"$OUT")"
	expect_rc 0
	local n
	n=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' <<<"$OUT")
	[ "$n" -ge 20 ] || fail "only $n passed"
}

test_selftest__as_json() {
	tested
	capture env TMPDIR="$T/tmp" "$RUNTIME" selftest --json
	expect_rc 0
	jq -e '.failed == 0 and .passed + .skipped == (.rows | length) and (.rows | all(.row and .what and (.result == "passed" or .result == "skipped")))
		and .root == true and (.kernel | length) > 0 and (.commit | length) > 0' <<<"$OUT" >/dev/null || fail "the JSON"
}

# What cannot be tried says why; where nothing can be, so does the exit code.
test_selftest__where_no_container_runs() {
	only_crun_lite
	mkdir "$T/tmp"
	capture env TMPDIR="$T/tmp" setpriv --bounding-set -sys_admin "$RUNTIME" selftest
	[[ $ERR != *"needs shared libraries"* ]] || skip "a dynamic build does not test itself"
	expect_rc 2
	expect_match $'\n-    skipped  a container runs here\n +[a-z]'
	expect_match '0 passed, 0 failed, [0-9]+ skipped'
	expect_eq "$(ls -A "$T/tmp")" ""
}

test_selftest__interrupted_it_leaves_nothing() {
	only_crun_lite
	mkdir "$T/tmp"
	TMPDIR=$T/tmp "$RUNTIME" selftest >"$T/o" 2>"$T/e" &
	local pid=$!
	until_true eval "file_has V05 '$T/o' || is_gone $pid"
	ended_by TERM $pid
	[[ $(<"$T/e") != *"needs shared libraries"* ]] || skip "a dynamic build does not test itself"
	expect_rc 1
	expect_in "interrupted by SIGTERM" "$(<"$T/e")"
	expect_eq "$(ls -A "$T/tmp")" ""
}
