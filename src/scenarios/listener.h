/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * listener - a notifier on both chains that believes what it is told and nothing else.
 *
 * It keeps a picture of the machine from the events alone, so whatever it is not told, told twice
 * or told in the wrong order shows: at once, or when the picture is held against the machine.
 *
 * Invariants
 *  L1  Of every block it hears whole operations: each announcement is followed by its cancel or its
 *      statement, and nothing is cancelled that was not announced (T6).
 *  L2  A node's event goes around those of its memory: BECOMING before any GOING, BECAME before
 *      ONLINE and OFFLINE, the cancels the other way round (T5).
 *  L3  It hears nothing before it registers, and nothing once unregister has returned.
 *  L4  A replay tells what is online, once each, and nothing else.
 */
#ifndef TP_SCENARIOS_LISTENER_H
#define TP_SCENARIOS_LISTENER_H

#include "scenarios/scene.h"

enum { TP_LISTENER_BLOCKS = 8 };

/* What it believes of a block. */
enum tp_belief {
	TP_BELIEF_NONE, /* nothing was said of it */
	TP_BELIEF_OUT,
	TP_BELIEF_PREPARED,
	TP_BELIEF_COMING,
	TP_BELIEF_IN,
	TP_BELIEF_LEAVING,
	TP_BELIEF_LEFT, /* OFFLINE was said, FINISH_OFFLINE not yet */
};

struct tp_listener {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	struct tp_machine *machine;
	TP_ATOMIC(uint32_t) listening;
	bool on_both;	/* chains, so that their order can be compared (L2) */
	bool replaying; /* registering, with the replay */
	bool was_told_all;
	unsigned may_refuse; /* so many announcements; which of them is a choice */
	unsigned refused;
	enum tp_belief block[TP_LISTENER_BLOCKS];
	struct tp_node_belief {
		unsigned told;	 /* TP_NODE_HAS_* that were spoken of */
		unsigned has;	 /* of these */
		unsigned change; /* announced, without an end yet */
	} nodes[TP_MAX_NODES];
};

void tp_listener_init(struct tp_listener *l, struct tp_machine *machine, const char *name,
		      int priority);
/* Register on both chains, with the replay; a refusal of the replay leaves it on none. */
int tp_listener_join(struct tp_listener *l);
/* The same without a replay: it learns of blocks and nodes as they change. */
int tp_listener_join_late(struct tp_listener *l);
void tp_listener_leave(struct tp_listener *l);
/* Outside tasks: what it believes is so. */
void tp_listener_check(const struct tp_listener *l);

#endif
