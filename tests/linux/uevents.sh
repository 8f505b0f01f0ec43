# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What user space is told, and in which order (T14).
# shellcheck shell=sh source=tests/linux/lib.sh
. "$LIB/lib.sh"

check plug
uevents_begin
plug dimm 256M 2
uevents_end

check first-online
uevents_begin
state 32 online_movable
uevents_end

check second-online
uevents_begin
state 33 online_kernel
uevents_end

check first-offline
uevents_begin
state 33 offline
uevents_end

check last-offline
uevents_begin
state 32 offline
uevents_end

check refused-online
uevents_begin
put $INJECT/MEM_GOING_ONLINE/error -12
state 32 online
put $INJECT/MEM_GOING_ONLINE/error 0
uevents_end

check refused-offline
state 32 online
uevents_begin
put $INJECT/MEM_GOING_OFFLINE/error -16
state 32 offline
put $INJECT/MEM_GOING_OFFLINE/error 0
uevents_end

check wrong-words
uevents_begin
state 32 junk
put $M/memory32/online 1
put $M/auto_online_blocks bogus
uevents_end

check through-online-file
uevents_begin
put $M/memory32/online 0
put $M/memory32/online 1
uevents_end

check unplug-online
uevents_begin
unplug dimm
unplugged dimm 10
uevents_end

check plug-with-auto-online
put $M/auto_online_blocks online_movable
uevents_begin
plug dimm 256M 2
uevents_end
put $M/auto_online_blocks offline

check refused-unplug
put $INJECT/MEM_GOING_OFFLINE/error -16
uevents_begin
unplug dimm
unplugged dimm 10
uevents_end
put $INJECT/MEM_GOING_OFFLINE/error 0
blocks 32 33

check unplug-offline
state 32 offline
state 33 offline
uevents_begin
unplug dimm
unplugged dimm 10
uevents_end

check at-a-node-with-memory
uevents_begin
plug dimm 128M 1
state 32 online_movable
unplug dimm
unplugged dimm 10
uevents_end
