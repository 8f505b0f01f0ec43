# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for tidepool; it asks the command itself what there is.

# _tidepool_option OPTION WORD: what may follow the option, if that is known.
_tidepool_option() {
	case $1 in
	--strategy) compgen -W 'random pct dfs sleep dpor bound' -- "$2" ;;
	--memory) compgen -W 'sc c11' -- "$2" ;;
	--load) compgen -f -X '!*.so' -- "$2"; compgen -d -- "$2" ;;
	--trace | --output) compgen -f -- "$2" ;;
	*) return 1 ;;
	esac
}

_tidepool_argument() {
	case $1 in
	explore | replay)
		compgen -W "$("${COMP_WORDS[0]}" explore --list 2>/dev/null | cut -d ' ' -f 1)" -- "$2"
		;;&
	merge)
		compgen -f -- "$2"
		;;
	*)
		compgen -f -X '!*.lua' -- "$2"
		compgen -d -- "$2"
		;;
	esac
}

_tidepool() {
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
	local table known

	COMPREPLY=()
	table=$("${COMP_WORDS[0]}" --print-options 2>/dev/null) || return
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -f 1 <<<"$table" | sort -u)" -- "$word")
	elif known=$(_tidepool_option "${COMP_WORDS[COMP_CWORD - 1]}" "$word"); then
		compopt -o filenames 2>/dev/null
		[ -z "$known" ] || mapfile -t COMPREPLY <<<"$known"
	elif [ "${word:0:1}" = - ]; then
		table=$(grep "^$command"$'\t' <<<"$table" | cut -f 2)
		mapfile -t COMPREPLY < <(compgen -W "$table --help" -- "$word")
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(_tidepool_argument "$command" "$word")
	fi
}

complete -F _tidepool tidepool
