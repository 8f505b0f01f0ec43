# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for tidepool; it asks the command itself what there is.

_tidepool() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
	local table

	COMPREPLY=()
	table=$("${COMP_WORDS[0]}" --print-options 2>/dev/null) || return
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -f 1 <<<"$table" | sort -u)" -- "$word")
	elif [ "${word:0:1}" = - ]; then
		table=$(grep "^$command"$'\t' <<<"$table" | cut -f 2)
		mapfile -t COMPREPLY < <(compgen -W "$table --help" -- "$word")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -X '!*.lua' -- "$word"; compgen -d -- "$word")
	fi
}

complete -F _tidepool tidepool
