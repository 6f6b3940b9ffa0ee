# lib.sh - the words of the security suite: those of the system tests, and a canary.  Sourced by tests/system/run.
# shellcheck shell=bash disable=SC2034

. "$here/lib.sh"
. "$here/canary.lib"

case $(uname -m) in
x86_64) NR_SOCKET=41 ;;
aarch64) NR_SOCKET=198 ;;
*) NR_SOCKET= ;;
esac

# figure TEXT...: what was measured, for the end of the suite
figure() { [ -z "${FIGURES:-}" ] || echo "$*" >>"$FIGURES"; }

# own_runtime: a copy in T, and everything that a change of it would change
own_runtime() {
	mkdir "$T/own"
	cp "$RUNTIME" "$T/own/crun-lite"
	OWN=$T/own/crun-lite
	facts_of "$OWN" >"$T/own.before"
}
runtime_intact() {
	facts_of "$OWN" >"$T/own.after"
	cmp -s "$T/own.before" "$T/own.after" || fail "the runtime was touched: $(diff "$T/own.before" "$T/own.after")"
}
