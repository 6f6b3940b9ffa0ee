# bash completion for crun-lite(8).  What fits is told by crun-lite itself, from the tables that parse its command line.
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

_crun_lite() {
	local current=${COMP_WORDS[COMP_CWORD]} line rest=:
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:*) rest=$line ;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	case $rest in
	:files) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current") ;;
	:dirs) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$current") ;;
	:images) mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" images 2>/dev/null |
		awk 'NR > 1 {print $1; print $NF}')" -- "$current") ;;
	esac
	[ "$rest" = : ] || compopt -o filenames 2>/dev/null
}
complete -F _crun_lite crun-lite
