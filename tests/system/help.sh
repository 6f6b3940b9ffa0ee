# Help, completions and manual pages: all from the tables that parse the command line.
# shellcheck shell=bash

commands() { rt help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

test_help__each_command_tells_what_it_does_on_one_screen_with_examples() {
	local c
	[ "$(commands | wc -l)" -gt 20 ] || fail "the commands are not listed"
	for c in $(commands); do
		run_ok "$c" --help
		[[ $OUT == "crun-lite $c"* ]] || fail "$c: the first line is no synopsis"
		[[ $OUT == *$'\nExamples:\n  '* ]] || fail "$c has no examples"
		# Those that start a container have a flag for each of podman's.
		[ "$(wc -l <<<"$OUT")" -le "$(case $c in run|create|plan) echo 150 ;; *) echo 60 ;; esac)" ] || fail "$c: more than a screen"
		expect_eq "$OUT" "$(rt help "$c")"
	done
}

# What an example says can be typed: its command and its flags are there.
test_help__the_examples_name_commands_and_flags_that_exist() {
	local c line word known
	for c in $(commands); do
		run_ok "$c" --help
		known=$(rt "$c" --help; rt --help)
		while read -r line; do
			line=${line#*crun-lite }
			line=${line%% -- *}
			line=${line%% | *}
			[[ " $(commands | tr '\n' ' ') " == *" ${line%% *} "* ]] || fail "$c: no command in: $line"
			[ "${line%% *}" != exec ] || continue           # the words of its program follow
			for word in ${line#* }; do
				[[ $word == -* && $word != - ]] || continue
				grep -qE -- "(^|[ ,])${word%%=*}([ ,]|\$)" <<<"$known" || fail "$c: there is no flag $word"
			done
		done < <(sed -n '/^Examples:/,$p' <<<"$OUT" | grep 'crun-lite ')
	done
}

test_help__of_a_command_that_is_none_says_which_may_be_meant() {
	run_fails 'did you mean delete' help delet
}

# complete WORD...: what the last word may become, in OUT; the line for files in REST
complete_words() {
	run_ok complete -- "$@"
	REST=${OUT##*$'\n'}
	OUT=$(sed '$d' <<<"$OUT" | cut -f1)
}

test_help__completion_knows_commands_flags_and_values() {
	complete_words del
	expect_eq "$OUT" delete
	complete_words run --memory-
	expect_eq "$OUT" --memory-swap
	complete_words run --net-annotations ''
	expect_eq "$OUT" $'allow\ndeny'
	complete_words --cgroup-manager sys
	expect_eq "$OUT" systemd
	complete_words run --bundle ''
	expect_eq "$OUT$REST" :dirs
	complete_words run --pid-file ''
	expect_eq "$OUT$REST" :files
	complete_words network ins
	expect_eq "$OUT" inspect
	complete_words network inspect br
	expect_eq "$OUT" bridge
	complete_words volume in
	expect_eq "$OUT" inspect
	capture env XDG_DATA_HOME="$T" setpriv --reuid 42424 --clear-groups "$RUNTIME" complete -- run -v ''
	expect_eq "$OUT" :files
	complete_words no-such-command ''
	expect_eq "$OUT$REST" :
}

test_help__completion_knows_the_containers_below_root() {
	created
	complete_words --root "$ROOT" start ''
	expect_eq "$OUT" "$ID"
	complete_words --root "$ROOT" start "${ID%?}"
	expect_eq "$OUT" "$ID"
	complete_words --root "$T/none" start ''
	expect_eq "$OUT" ''
	complete_words --root "$ROOT" exec "$ID" ''
	expect_eq "$OUT$REST" :files
	deleted
}

test_help__bash_completes() {
	mkdir "$T/bin"
	ln -s "$RUNTIME" "$T/bin/crun-lite"
	capture env PATH="$T/bin:$PATH" bash -c '. "$1" && COMP_WORDS=(crun-lite network insp) COMP_CWORD=2 && _crun_lite && printf "%s\n" "${COMPREPLY[@]}"' \
		- "$top/contrib/completions/crun-lite.bash"
	expect_eq "$OUT" inspect
}

test_help__zsh_completion_can_be_read() {
	command -v zsh >/dev/null || skip "there is no zsh"
	zsh -n "$top/contrib/completions/_crun-lite"
}

test_help__fish_completion_can_be_read() {
	command -v fish >/dev/null || skip "there is no fish"
	fish -n "$top/contrib/completions/crun-lite.fish"
}

test_help__the_manual_page_is_that_of_the_tables() {
	rt help --man >"$T/man"
	diff -u "$top/docs/man/crun-lite.8" "$T/man" >&2 || fail "out of date: make man"
}

test_help__the_manual_pages_have_no_mistakes() {
	local f
	command -v groff >/dev/null || skip "there is no groff"
	for f in "$top"/docs/man/*; do
		capture groff -man -Tutf8 -ww "$f"
		[ -z "$ERR" ] || fail "${f##*/}: $ERR"
	done
}

# Every annotation that the sources act on is in crun-lite-config(5).
test_help__the_manual_page_of_config_json_has_every_annotation() {
	local a
	for a in $(grep -rhoE '"(org\.crun-lite\.(layers|upper|root|scratch|net)|run\.oci\.[a-z_.]+|org\.systemd\.property)' \
		"$top/runtime" "$top/cgroups" --include='*.[ch]' | tr -d '"' | sort -u); do
		grep -qF "${a//-/\\-}" "$top/docs/man/crun-lite-config.5" || fail "$a is not in the page"
	done
}
