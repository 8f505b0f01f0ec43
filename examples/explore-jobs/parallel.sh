#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Split one search over processes, of this machine or of several, with GNU parallel.
#
#	parallel.sh SHARDS SCENARIO... [OPTION...]
#	parallel.sh 64 'mm/*' --faults 1 --time 10min
#
# Exit code: that of tidepool merge.
set -eu

if [ $# -lt 2 ]; then
	echo "usage: parallel.sh SHARDS SCENARIO... [OPTION...]" >&2
	exit 2
fi
tidepool=${TIDEPOOL:-tidepool}
shards=$1
shift

# One shard at a time on each CPU; a line of JSON is never torn, because parallel prints a job's
# output when it has ended.  Add --sshlogin host1,host2 to use other machines.
seq "$shards" |
	parallel --will-cite --quote "$tidepool" explore "$@" --shard "{}/$shards" --json |
	"$tidepool" merge -
