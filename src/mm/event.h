/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * event - the memory chain and the node chain with their types, on core's untyped chain.
 *
 * Order of one operation (D-node; T5): node BECOMING, memory GOING per run | commit | node BECAME,
 * memory ONLINE/OFFLINE. On failure memory CANCEL, then node CANCEL: last announced, first taken
 * back.
 */
#ifndef TP_MM_EVENT_H
#define TP_MM_EVENT_H

#include "mm/machine.h"

/* Announce; on refusal everything this call announced is already taken back. */
int tp_memory_announce(struct tp_machine *m, const struct tp_memory_event *event);
int tp_node_announce(struct tp_machine *m, const struct tp_node_event *event);
/* Take the latest announcement of this kind back. */
void tp_memory_cancel(struct tp_machine *m, const struct tp_memory_event *event);
void tp_node_cancel(struct tp_machine *m, const struct tp_node_event *event);
/* Say what is so now. */
void tp_memory_state(struct tp_machine *m, const struct tp_memory_event *event);
void tp_node_state(struct tp_machine *m, const struct tp_node_event *event);

#endif
