# contrib/examples, as somebody would use them.
# shellcheck shell=bash

# shellcheck disable=SC2154
EXAMPLES=$top/contrib/examples

example() { (cd "$T" && HOME=$T CRUN_LITE=$T/crun-lite "$EXAMPLES/$1" "${@:2}"); }

# The program under test, with a state of the test's own.
setup_example() {
	only_crun_lite
	printf '#!/bin/sh\nexec "%s" --root "%s" %s "$@"\n' "$RUNTIME" "$ROOT" "$RUNTIME_FLAGS" >"$T/crun-lite"
	chmod +x "$T/crun-lite"
	[ "$(stat -fc %T /)" != overlayfs ] || skip "/ is an overlay here"
}

test_examples__an_untrusted_build() {
	setup_example
	command -v make >/dev/null || skip "there is no make"
	mkdir "$T/source" && echo secret >"$T/.netrc"
	# It builds what it is asked for, and tries what it should not.
	cat >"$T/source/Makefile" <<-'M'
		.RECIPEPREFIX = >
		program: source.txt
		>tr a-z A-Z <source.txt >program
		>-rm source.txt
		>-echo taken >../taken
		>-cat $(HOME)/.netrc >stolen
		>-ln -sf /etc/shadow link
		>-exec 3<>/dev/tcp/192.0.2.1/80
	M
	echo content >"$T/source/source.txt"
	TMPDIR=$T capture example untrusted-build/build "$T/source" "$T/made" program -- make program
	expect_rc 0
	expect_eq "$(<"$T/made/program")" CONTENT
	expect_eq "$(ls "$T/source")" $'Makefile\nsource.txt'
	expect_no_file "$T/taken"
	expect_not_in secret
	TMPDIR=$T capture example untrusted-build/build "$T/source" "$T/made" stolen link -- make program
	expect_rc 1
	expect_eq "$(cat "$T/made/stolen")" ""
	expect_no_file "$T/made/link"
	TMPDIR=$T capture example untrusted-build/build "$T/source" "$T/made" program -- sh -c 'exit 3'
	expect_rc 3
	expect_eq "$(find "$T" -maxdepth 1 -name 'build.*')" ""
}

# solution NAME: from standard input
solution() {
	cat >"$T/solutions/$1"
	chmod +x "$T/solutions/$1"
}

verdict() { # NAME EXPECTED
	capture example judge/judge "$T/solutions/$1" "$T/input" "$T/expected"
	[[ $OUT == "$2"* ]] || fail "$1: expected $2"
}

test_examples__a_judge() {
	setup_example
	mkdir "$T/solutions"
	printf '3\n4\n' >"$T/input"
	echo 7 >"$T/expected"
	jq '.timeout = "2s" | .rlimit[0] = "cpu=1:2"' "$EXAMPLES/judge/judge.json" >"$T/judge.json"
	export PROFILE=$T/judge.json
	printf '#!/bin/sh\nread a; read b; echo $((a + b))\n' | solution right
	printf '#!/bin/sh\necho 8\n' | solution wrong
	printf '#!/bin/sh\nwhile :; do :; done\n' | solution busy
	printf '#!/bin/sh\nsleep 100\n' | solution idle
	printf '#!/bin/sh\nyes\n' | solution loud
	printf '#!/bin/sh\nkill -SEGV $$\n' | solution broken
	printf '#!/bin/sh\necho 7; exit 1\n' | solution failing
	printf '#!/bin/sh\ncat ../expected 2>/dev/null; echo 7 >../expected 2>/dev/null; echo no\n' | solution cheating
	cp "$HELPERS/eatmemory" "$T/solutions/eat"
	printf '#!/bin/sh\nexec ./eat 90\n' | solution greedy
	verdict right accepted
	expect_rc 0
	expect_match '^accepted [0-9]+ ms [0-9]+ KiB$'
	verdict wrong wrong-answer
	expect_rc 1
	verdict busy time-limit
	verdict idle time-limit
	verdict loud output-limit
	verdict broken runtime-error
	verdict failing runtime-error
	verdict cheating wrong-answer
	# However slow the machine is: it is the memory that ends it.
	jq '.timeout = "60s" | .rlimit[0] = "cpu=30:60"' "$EXAMPLES/judge/judge.json" >"$T/patient.json"
	PROFILE=$T/patient.json verdict greedy memory-limit
	PROFILE=/no/such/file verdict right failure
	expect_rc 2
}
