# contrib/examples, as somebody would use them.
# shellcheck shell=bash
# shellcheck source=tests/system/networks.sh
. "$here/networks.sh"

# shellcheck disable=SC2154
EXAMPLES=$top/contrib/examples

example() { (cd "$T" && HOME=$T CRUN_LITE=$T/crun-lite "$EXAMPLES/$1" "${@:2}"); }

# The program under test, with a state of the test's own.
make_wrapper() {
	only_crun_lite
	printf '#!/bin/sh\nexec "%s" --root "%s" %s "$@"\n' "$RUNTIME" "$ROOT" "$RUNTIME_FLAGS" >"$T/crun-lite"
	chmod +x "$T/crun-lite"
}
setup_example() {
	make_wrapper
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

# on_the_host EXAMPLE ARG...: on that of networks.sh, where volumes are the test's own too
on_the_host() { capture "${HOST[@]}" env "CRUN_LITE=$T/crun-lite" "DIR=$T/example" "PROJECT=$ID" PORT=4000 "$EXAMPLES/$1" "${@:2}"; }
example_ok() {
	on_the_host "$@"
	expect_rc 0
}
setup_services() {
	make_wrapper
	internet
	"${HOST[@]}" mount -t tmpfs -o mode=755 none /var/lib
}
answers() { # EXPECTED PORT PATH
	OUT=$(from_outside "http://198.51.100.1:$2/cgi-bin/$3") && [ "$OUT" = "$1" ]
}
# One more visitor than before: a request that nobody waited for any more has counted, too.
counted() {
	OUT=$(from_outside http://198.51.100.1:4000/cgi-bin/visit)
	[[ $OUT =~ ^visitor\ ([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" -gt "$COUNT" ] && COUNT=${BASH_REMATCH[1]}
}
# fails_once SUFFIX: its process is killed from outside; another one has its place
fails_once() {
	local pid
	pid=$(cl state "$ID-$1" | jq .pid)
	kill -KILL "$pid"
	until_true is_another "$1" "$pid"
}
is_another() { cl state "$ID-$1" | jq -e --argjson p "$2" '.status == "running" and .pid != $p'; }
is_logged() { cl logs "$ID-$1" 2>&1 | grep -F "$2"; }
limits_of() { cl inspect "$ID-$1" | jq -c '.[0].config.linux.resources | [.memory.limit, .cpu.quota / .cpu.period]'; }

test_examples__two_services() {
	setup_services
	DEADLINE=30 COUNT=0
	example_ok two-services/services up
	expect_in http://127.0.0.1:4000/cgi-bin/visit
	until_true counted
	until_true counted
	expect_eq "$(limits_of store)" "[52428800,0.1]"
	expect_eq "$(limits_of web)" "[52428800,0.1]"
	example_ok two-services/services status
	expect_match "$ID-store +running .*50\.0M"
	expect_match "$ID-web +running .*50\.0M"
	# Each fails, and is there again, with what was counted.
	fails_once store
	until_true counted
	fails_once web
	until_true counted
	# Without the store the web says so, here and in its log.
	cl_ok delete --force "$ID-store"
	until_true answers "the store does not answer" 4000 visit
	until_true is_logged web "the store does not answer"
	# New containers, the old volume.
	on_the_host two-services/services down
	expect_nothing_left
	expect_no_file "$T/example"
	example_ok two-services/services up
	until_true counted
	example_ok two-services/services down
	cl_ok volume rm "$ID-data"
	expect_nothing_left
	gone
}

test_examples__replicas() {
	setup_services
	DEADLINE=30
	local i
	example_ok replicas/replicas up 5
	for i in 1 2 3 4 5; do until_true answers "replica $i" "$((3999 + i))" name; done
	expect_eq "$(limits_of 5)" "[52428800,0.1]"
	fails_once 3
	until_true answers "replica 3" 4002 name
	example_ok replicas/replicas status
	for i in 1 2 3 4 5; do expect_line "$ID-$i: running, 80/tcp -> 0.0.0.0:$((3999 + i))"; done
	example_ok replicas/replicas down
	expect_nothing_left
	expect_no_file "$T/example"
	gone
}
