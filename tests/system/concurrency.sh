# Many commands at once: C219, C220.
# shellcheck shell=bash

# configs N: $T/1.json ... each with a group of its own
configs() {
	local text i
	args sleep 1000
	text=$(<"$B/config.json")
	for ((i = 1; i <= $1; i++)); do
		printf '%s\n' "${text/"\"cgroupsPath\":\"/$ID\""/"\"cgroupsPath\":\"/$ID-$i\""}" >"$T/$i.json"
	done
	grep -q "\"cgroupsPath\":\"/$ID-1\"" "$T/1.json" || fail "the configurations share a group"
}

# Killed is not yet stopped: until then a delete without force refuses.
delete_when_stopped() { # ID
	local error
	until error=$(rt delete "$1" 2>&1); do
		[[ $error == *"that is not stopped: running"* ]] || { echo "$error"; return 1; }
		pause
	done
}

life() { # N
	local id=$ID-$1
	{
		rt create -b "$B" -f "$T/$1.json" "$id" && rt start "$id" && rt kill "$id" KILL && delete_when_stopped "$id"
	} >"$T/$1.out" 2>&1 </dev/null || echo "$id: $(<"$T/$1.out")" >>"$T/bad"
}

# LIVES=N for another number
test_concurrency__two_hundred_lives_at_once_C219() {
	local i
	configs "${LIVES:-200}"
	for ((i = 1; i <= ${LIVES:-200}; i++)); do life "$i" & done
	wait
	[ ! -e "$T/bad" ] || fail "$(wc -l <"$T/bad") failed: $(head -n 3 "$T/bad")"
	run_ok list -q
	expect_eq "$OUT" "" "what is left"
}

# The commands that change something, beside those that look.
calls=("create -b BUNDLE ID" "start ID" "kill ID KILL" "delete ID" "delete --force ID" "pause ID" "resume ID" "state ID"
	"exec ID /bin/true" "ps -f json ID" "update --pids-limit 100 ID" "kill ID 0" "list" "events --stats ID" "kill -a ID TERM")

# What they may say to each other, without the command and the name; no more.  A start, or a program that was on its way in,
# may be what is killed.
contract='container with id ID already exists|container "ID" does not exist|container with id ID is not running|container not running
|cannot (start|pause|exec in) a container that is [a-z]+|cannot exec in a paused container
|cannot delete container ID that is not stopped: [a-z]+|container not paused: it is [a-z]+
|init (ended|was killed by SIG(TERM|KILL)) before the program ran'

test_concurrency__fifty_calls_on_one_container_at_once_C219() {
	local round i call unknown
	args sleep 1000
	for round in 1 2 3 4 5 6 7 8; do
		[ $((round % 2)) = 0 ] || created
		for ((i = 0; i < 50; i++)); do
			call=${calls[(i + round * 7) % ${#calls[@]}]}
			call=${call//BUNDLE/"$B"}
			rt_exec ${call//ID/"$ID"} >"$T/o$i" 2>"$T/e$i" </dev/null &
		done
		wait
		cat "$T"/e[0-9]* | sed "s/$ID/ID/g" >>"$T/said"
		run_ok delete --force "$ID"
		run_ok list -q
		expect_eq "$OUT" "" "what is left"
	done
	grep -q 'does not exist' "$T/said" || fail "they were never in each other's way"
	unknown=$(grep -v -E "^  hint: |^crun-lite: [a-z]+ ID: (${contract//$'\n'})\$" "$T/said") || :
	expect_eq "$unknown" "" "what is no part of the contract"
}
