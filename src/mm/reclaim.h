/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reclaim - make free memory: kswapd demotes or releases pages of a node under its low watermark,
 * kcompactd makes whole pageblocks, and an allocation that found nothing does the same itself,
 * once.
 *
 * There is one kswapd and one kcompactd per node with memory.  They are consumers of the node
 * chain: started when the node is announced (so a thread that cannot be had refuses the node),
 * stopped when it is memoryless.
 *
 * Invariants
 *  R1  Both work pageblock by pageblock: isolate, move what can move, undo.  So they keep off a
 *      block that goes offline, and an offline finds at most one block per node busy, for a moment.
 *  R2  A page is demoted only to a node that the tiers name; a node without a lower tier releases
 *      instead.
 *
 * Fault sites: core/thread.
 */
#ifndef TP_MM_RECLAIM_H
#define TP_MM_RECLAIM_H

#include "mm/machine.h"

/*
 * A request of @order that may use @nodes (none: all) found its zones low: wake their kswapd, and
 * kcompactd if pages are scattered.  No others: a kswapd that finds no room in lower tiers wakes
 * theirs, never itself.
 */
void tp_reclaim_wake(struct tp_machine *m, const struct tp_zonelist *list, tp_nodemask nodes,
		     unsigned order);
/* Try to make room for a request in the calling thread; true: it is worth another look. */
bool tp_reclaim_direct(struct tp_machine *m, const struct tp_zonelist *list, tp_nodemask nodes,
		       unsigned order);

#endif
