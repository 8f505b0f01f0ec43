#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Frames per second of DPDK's software devices on this computer, beside those from driver to driver
# over simulated functions (bench_net).  No huge pages, no network device, no root needed.
#
#	bench/beside_dpdk.sh [SECONDS]		of each row, 5 if not said
#
# What does not run says why, and the others go on.  Nothing runs longer than its time and 6 s.
set -u

seconds=${1:-5}
case $seconds in
'' | *[!0-9]* | [012]) echo "usage: bench/beside_dpdk.sh [SECONDS, 3 or more]" >&2; exit 2 ;;
esac
bench=${TP_BENCH_NET:-build/release/bench/bench_net}
sizes="64 1500"

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# The first two CPUs that may be used; the same twice, if there is only one.
cpus=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status | tr ',' '\n' |
	while IFS=- read -r from to; do seq "$from" "${to:-$from}"; done | head -n 2 | tr '\n' ' ')
cpu_a=${cpus%% *}
cpu_b=${cpus#* }
cpu_b=${cpu_b%% *}
cpu_b=${cpu_b:-$cpu_a}

# testpmd LOG CPU SECONDS DEVICE OPTION...: its counts of every second go to LOG.  Its main thread
# sleeps, so it shares the CPU of the one that works.
testpmd() {
	log=$1 cpu=$2 for=$3 device=$4
	shift 4
	timeout -s INT -k 3 "$for" dpdk-testpmd --lcores "0@$cpu,1@$cpu" --no-huge -m 256 \
		--no-pci --no-telemetry --no-shconf --file-prefix="${log##*/}$$" \
		--vdev="$device" -- --total-num-mbufs=8192 --stats-period=1 --no-lsc-interrupt \
		"$@" </dev/null >"$log" 2>&1
}

# Millions per second: the median of LOG's receive rates, but for the first, or why there is none.
rate() {
	figure=$(sed -n 's/.*Rx-pps: *\([0-9]*\).*/\1/p' "$1" | tail -n +3 | sort -n |
		awk '{ v[NR] = $1 } END { if (NR && v[int((NR + 1) / 2)])
			printf "%.2f", v[int((NR + 1) / 2)] / 1e6 }')
	if [ -n "$figure" ]; then
		echo "$figure"
		return
	fi
	reason=$(grep -hE 'Cause:|annot|[Ff]ailed|unrecognized' "$@" | head -n 1)
	echo "! ${reason:-no frame arrived}"
}

# Everything on one CPU: what leaves the device comes in again.
alone() {
	testpmd "$folder/alone" "$cpu_a" "$seconds" "$1" --forward-mode=io --tx-first \
		--txpkts="$2"
	rate "$folder/alone"
}

# pair RECEIVER SENDER SIZE: two processes, one CPU each; the receiver makes the socket.
pair() {
	testpmd "$folder/receiver" "$cpu_b" $((seconds + 3)) "$1" --forward-mode=rxonly \
		--auto-start &
	receiver=$!
	sleep 2
	testpmd "$folder/sender" "$cpu_a" "$seconds" "$2" --forward-mode=txonly --auto-start \
		--txpkts="$3"
	wait "$receiver"
	rate "$folder/receiver" "$folder/sender"
}

null() { alone "net_null0,size=$1,copy=0" "$1"; }
null_copy() { alone "net_null0,size=$1,copy=1" "$1"; }
ring() { alone net_ring0 "$1"; }

memif() {
	socket="net_memif0,socket=$folder/memif,socket-abstract=no,role"
	pair "$socket=server" "$socket=client" "$1"
}

vhost() {
	pair "net_vhost0,iface=$folder/vhost" "net_virtio_user0,path=$folder/vhost" "$1"
}

# row NAME FUNCTION
row() {
	cells='' reasons=''
	for size in $sizes; do
		cell=$("$2" "$size")
		case $cell in
		!*) reasons="$size bytes: ${cell#! }" cell=- ;;
		esac
		cells="$cells$(printf ' %12s' "$cell")"
	done
	printf '%-44s%s\n' "$1" "$cells"
	[ -z "$reasons" ] || echo "  $reasons"
}

# The median of our row $1 at $2 bytes.
of_bench() {
	figure=$(grep -o "\"$2 bytes: $1, ns\": {\"median\": [0-9.]*" "$folder/bench")
	figure=${figure##* }
	if [ -n "$figure" ]; then
		awk -v ns="$figure" 'BEGIN { printf "%.2f", 1000 / ns }'
	else
		echo "! $bench does not say; make bench builds it"
	fi
}

our_loop() { of_bench "bare loop" "$1"; }
our_net() { of_bench "driver, device, driver" "$1"; }

echo "load $(cut -d ' ' -f 1 /proc/loadavg), CPUs $cpu_a and $cpu_b; millions of frames a second"
printf '%-44s %12s %12s\n' '' '64 bytes' '1500 bytes'
timeout -k 3 120 "$bench" --json >"$folder/bench" 2>&1
row "tidepool: driver, device, driver; one CPU" our_net
row "bare loop of descriptors, one CPU" our_loop
if command -v dpdk-testpmd >/dev/null; then
	row "DPDK net_null, pointers only, one CPU" null
	row "DPDK net_null, bytes copied, one CPU" null_copy
	row "DPDK net_ring, pointers only, one CPU" ring
	row "DPDK memif, one way, two CPUs" memif
	row "DPDK virtio-user to vhost, two CPUs" vhost
else
	echo "DPDK: there is no dpdk-testpmd (Debian: apt-get install dpdk-dev)"
fi
echo "load $(cut -d ' ' -f 1 /proc/loadavg)"
