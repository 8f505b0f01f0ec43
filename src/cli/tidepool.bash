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

_tidepool_net_settings='up= mtu= queues= rx_ring= tx_ring= rx_usecs= tx_usecs= mac= promisc= allmulti=
	keep_stats= rx_csum= tx_csum= tso= rx_vlan= tx_vlan= rx_hash='

# _tidepool_net_values SETTING: what it may be, where that is a choice.
_tidepool_net_values() {
	case $1 in
	name | mac | mtu | queues | *_ring | *_usecs) ;;
	*) echo 'true false' ;;
	esac
}

# _tidepool_ctl_options COMMAND: what a command of the control channel may be told.
_tidepool_ctl_options() {
	case $1 in
	plug) echo 'name= size= node= start= online= kind= latency_ns= bandwidth_mbps=' ;;
	unplug | offline) echo 'name= deadline= dry_run=' ;;
	online) echo 'name= zone=' ;;
	load) echo 'kind= name= size= node= nodes= policy= threads= max_order= small_pages=' ;;
	pin) echo 'name= mapping= offset= length= node= size=' ;;
	veto) echo 'name= event= errno= priority= times=' ;;
	stop | net_stats | net_reset | gpu_stats | gpu_reset) echo 'name=' ;;
	gpu_dump) echo 'name= folder=' ;;
	net_set) echo "name= $_tidepool_net_settings" ;;
	hmat) echo 'node= latency_ns= bandwidth_mbps= class= initiators=' ;;
	esac
}

# _tidepool_ctl_values COMMAND OPTION: what the option may be, where that is a choice.
_tidepool_ctl_values() {
	case $1.$2 in
	plug.online) echo 'none auto kernel movable' ;;
	plug.kind) echo 'dram private' ;;
	online.zone) echo 'auto kernel movable' ;;
	load.kind) echo 'cache churn hog mapping slab' ;;
	load.policy) echo 'local bind preferred interleave weighted' ;;
	veto.event)
		echo 'PREPARE_ONLINE GOING_ONLINE GOING_OFFLINE BECOMING_MEM_AWARE BECOMING_MEMORYLESS'
		;;
	*.dry_run | *.small_pages) echo 'true false' ;;
	net_set.*) _tidepool_net_values "$2" ;;
	esac
}

_tidepool_ctl_commands='plug unplug online offline devices load pin veto stop loads hmat net net_stats
	net_set net_reset gpu gpu_stats gpu_reset gpu_dump stat check events quit'

# _tidepool_option_of WORD: the option whose value the word is, or begins; bash breaks it at "=".
_tidepool_option_of() {
	local at=$COMP_CWORD

	[ "$1" = = ] || at=$((at - 1))
	[ "${COMP_WORDS[at]}" = = ] && echo "${COMP_WORDS[at - 1]}"
}

# _tidepool_ctl COMMAND WORD: the next word of what a machine is told.
_tidepool_ctl() {
	local option

	if option=$(_tidepool_option_of "$2"); then
		compgen -W "$(_tidepool_ctl_values "$1" "$option")" -- "${2#=}"
	else
		compgen -W "$(_tidepool_ctl_options "$1")" -- "$2"
	fi
}

# _tidepool_mounted COMMAND WORD WORDS: mount, ctl and exec name a directory before all else; WORDS
# are those on the way here.
_tidepool_mounted() {
	local command=$1 word=$2
	shift 2

	case $command.$# in
	*.0) compgen -d -- "$word" ;;
	mount.*) compgen -f -X '!*.lua' -- "$word"; compgen -d -- "$word" ;;
	ctl.1) compgen -W "$_tidepool_ctl_commands" -- "$word" ;;
	ctl.*) _tidepool_ctl "$2" "$word" ;;
	exec.1) compgen -c -- "$word" ;;
	exec.*) compgen -f -- "$word" ;;
	esac
}

# _tidepool_class CLASS WORD WORDS: what to do with devices of the class, a directory, one of those
# there, and what to set.
_tidepool_class() {
	local class=$1 word=$2 option
	shift 2

	case $class.$# in
	net.0) compgen -W 'show stats set reset' -- "$word" ;;
	gpu.0) compgen -W 'show stats reset dump' -- "$word" ;;
	*.1) compgen -d -- "$word" ;;
	*.2) compgen -W "$(ls "$2/tidepool/$class" 2>/dev/null)" -- "$word" ;;
	*)
		[ "$1" = set ] || return
		if option=$(_tidepool_option_of "$word"); then
			compgen -W "$(_tidepool_net_values "$option")" -- "${word#=}"
		else
			compgen -W "$_tidepool_net_settings" -- "$word"
		fi
		;;
	esac
}

# _tidepool_arguments: the words before the one that is completed, without options.
_tidepool_arguments() {
	local at

	for ((at = 2; at < COMP_CWORD; at++)); do
		[ "${COMP_WORDS[at]:0:1}" = - ] || echo "${COMP_WORDS[at]}"
	done
}

_tidepool_argument() {
	local words

	case $1 in
	mount | ctl | exec)
		mapfile -t words < <(_tidepool_arguments)
		_tidepool_mounted "$1" "$2" "${words[@]}"
		;;
	net | gpu)
		mapfile -t words < <(_tidepool_arguments)
		_tidepool_class "$1" "$2" "${words[@]}"
		;;
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
		# The value comes right after it, and a "=" is not quoted as it would be in a name.
		[[ ${COMPREPLY[0]-} != *= ]] || compopt +o filenames -o nospace 2>/dev/null
	fi
}

complete -F _tidepool tidepool
