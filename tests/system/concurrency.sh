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

# ---- each command, and a container that ends by itself at the same moment ---------------------------

ending=("delete ID" "delete --force ID" "kill ID KILL" "kill ID TERM" "kill -a ID KILL" "exec ID true" "exec -t ID true"
	"update --memory 64m ID" "pause ID" "resume ID" "ps -f json ID" "events --stats ID" "state ID" "inspect ID" "list")

# A program that waits for a line in $T/go, which is open as fd 9, and fails; in a pid namespace of others it leaves a process behind.
setup_ending() {
	config '.mounts += [{"destination":"/vol","type":"bind","source":$d,"options":["bind"]}]' --arg d "$T"
	args /bin/sh -c "$1 read x </vol/go; exit 7"
	mkfifo "$T/go" "$T/silent"
	exec 9<>"$T/go"
}

# In up to 8 ms, which is what a command takes.
end_soon() {
	local wait
	wait=$(printf '0.%04d' $((RANDOM % 80)))
	read -r -t "$wait" _ <>"$T/silent" || :
	echo >&9
}

# meet CALL: said is what it says, without the names; the container's end is a moment away.
meet() {
	local call=$1 rc=0 end
	end_soon &
	end=$!
	# shellcheck disable=SC2086
	timeout "${DEADLINE:-20}" "$RUNTIME" --root "$ROOT" $RUNTIME_FLAGS ${call//ID/"$ID"} >/dev/null 2>"$T/e" </dev/null 9>&- || rc=$?
	wait "$end"
	[ $rc != 124 ] || fail "$call hangs"
	# Whom the container's end has killed was run.
	[ $rc = 0 ] || [ -s "$T/e" ] || [[ $rc == 137 && $call == exec* ]] || fail "$call exits with $rc and says nothing"
	sed "s/$ID/ID/g" "$T/e" >>"$T/said"
}

nothing_is_left() {
	run_ok delete --force "$ID"
	expect_eq "$ERR$(own_groups)" "" "after $1"
	while read -r -t 0.001 _ <&9; do :; done        # whom it was for has been killed
}

all_is_contract() {
	local unknown
	grep -q 'not running\|does not exist' "$T/said" || fail "they never met"
	unknown=$(grep -v -E "^  hint: |^crun-lite: [a-z]+ ID: (${contract//$'\n'})\$" "$T/said") || :
	expect_eq "$unknown" "" "what is no part of the contract"
	exec 9>&-
}

# MEETINGS=N: of each command
test_concurrency__each_command_meets_the_end_of_a_detached_container_C219() {
	local call i
	setup_ending 'sleep 1000 &'
	config '.linux.namespaces |= map(select(.type != "pid"))'
	for call in "${ending[@]}"; do
		for ((i = 0; i < ${MEETINGS:-4}; i++)); do
			run_ok run -d -b "$B" "$ID"
			meet "$call"
			nothing_is_left "$call"
		done
	done
	all_is_contract
}

test_concurrency__each_command_meets_the_end_of_a_run_which_deletes_C219() {
	local call i pid rc
	setup_ending ''
	for call in "${ending[@]}"; do
		for ((i = 0; i < ${MEETINGS:-4}; i++)); do
			rt_exec run -b "$B" "$ID" >"$T/ro" 2>"$T/re" </dev/null 9>&- &
			pid=$!
			until_true has_status running
			meet "$call"
			[[ $call != pause* ]] || rt resume "$ID" >/dev/null 2>&1 || :
			rc=0
			wait "$pid" || rc=$?
			[[ $rc == 7 || ( $rc == 137 && $call =~ KILL|force ) ]] || fail "$call: run ends with $rc"
			expect_eq "$(<"$T/re")" "" "what run says of $call"
			run_fails 'does not exist' state "$ID"
			nothing_is_left "$call"
		done
	done
	all_is_contract
}

test_concurrency__each_command_meets_the_end_of_one_that_is_started_again_C219() {
	local call i
	only_crun_lite
	setup_ending ''
	for call in "${ending[@]}"; do
		for ((i = 0; i < ${MEETINGS:-4}; i++)); do
			run_ok run -d --restart always --log-file "$T/log" -b "$B" "$ID"
			meet "$call"
			nothing_is_left "$call"
		done
	done
	! grep -v -i terminated "$T/log" || fail "$(<"$T/log")"
	all_is_contract
}
