/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* listener - from event to event, the only beliefs that each may meet and what it makes of them. */
#include "scenarios/listener.h"

#include <errno.h>

#include "mm/machine.h"

/* ---- blocks ---------------------------------------------------------------------------------- */

#define ONE(belief) (1u << TP_BELIEF_##belief)

/* L1.  Of a block that nobody spoke of, the first thing to be heard is an announcement. */
static const struct step {
	unsigned from;
	enum tp_belief to;
	bool may_be_refused;
} steps[TP_NR_MEM_EVENTS] = {
	[TP_MEM_PREPARE_ONLINE] = { ONE(NONE) | ONE(OUT), TP_BELIEF_PREPARED, true },
	[TP_MEM_GOING_ONLINE] = { ONE(PREPARED), TP_BELIEF_COMING, true },
	[TP_MEM_CANCEL_ONLINE] = { ONE(COMING), TP_BELIEF_PREPARED, false },
	[TP_MEM_ONLINE] = { ONE(COMING), TP_BELIEF_IN, false },
	[TP_MEM_GOING_OFFLINE] = { ONE(IN), TP_BELIEF_LEAVING, true },
	[TP_MEM_CANCEL_OFFLINE] = { ONE(LEAVING), TP_BELIEF_IN, false },
	[TP_MEM_OFFLINE] = { ONE(LEAVING), TP_BELIEF_LEFT, false },
	[TP_MEM_FINISH_OFFLINE] = { ONE(PREPARED) | ONE(LEFT), TP_BELIEF_OUT, false },
};

static unsigned first_block(const struct tp_listener *l, const struct tp_memory_event *event)
{
	return (unsigned)(event->start.v / l->machine->block_pages);
}

static unsigned end_block(const struct tp_listener *l, const struct tp_memory_event *event)
{
	return (unsigned)((event->start.v + event->nr_pages) / l->machine->block_pages);
}

static bool is_changing(const struct tp_listener *l)
{
	for (unsigned id = 0; id < TP_LISTENER_BLOCKS; id++)
		if (l->block[id] == TP_BELIEF_COMING || l->block[id] == TP_BELIEF_LEAVING)
			return true;
	return false;
}

static bool refuses(struct tp_listener *l)
{
	if (l->refused == l->may_refuse || !tp_sim_choose(l->memory.name, 2))
		return false;
	l->refused++;
	return true;
}

static void expect_listening(struct tp_listener *l)
{
	TP_EXPECT(tp_atomic_load(&l->listening, TP_ACQUIRE)); /* L3 */
}

/* L2, as far as it can be seen from the memory chain. */
static void expect_node_first(const struct tp_listener *l, const struct tp_memory_event *event)
{
	const struct tp_node_belief *node = &l->nodes[event->node];

	if (!l->on_both)
		return;
	if (event->type == TP_MEM_ONLINE || event->type == TP_MEM_OFFLINE)
		TP_EXPECT(!node->change);
	if (event->type == TP_MEM_ONLINE)
		TP_EXPECT(node->has & TP_NODE_HAS_MEMORY || !(node->told & TP_NODE_HAS_MEMORY));
}

static unsigned allowed_from(const struct tp_listener *l, enum tp_memory_event_type type)
{
	bool replay = l->replaying && type == TP_MEM_GOING_ONLINE;
	bool late = !l->was_told_all && type == TP_MEM_GOING_OFFLINE;

	return steps[type].from | (replay || late ? ONE(NONE) : 0);
}

static int hear_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct tp_listener *l = tp_container_of(notifier, struct tp_listener, memory);
	const struct step *step = &steps[event->type];

	expect_listening(l);
	expect_node_first(l, event);
	TP_EXPECT(end_block(l, event) <= TP_LISTENER_BLOCKS);
	for (unsigned id = first_block(l, event); id < end_block(l, event); id++)
		TP_EXPECT(allowed_from(l, event->type) >> l->block[id] & 1);
	if (step->may_be_refused && refuses(l))
		return -EPERM;
	for (unsigned id = first_block(l, event); id < end_block(l, event); id++)
		l->block[id] = step->to;
	return 0;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool comes(const struct tp_node_event *event)
{
	return event->type <= TP_NODE_BECAME_MEM_AWARE;
}

static int node_becoming(struct tp_listener *l, struct tp_node_belief *node,
			 const struct tp_node_event *event)
{
	TP_EXPECT(!node->change && event->changes);
	TP_EXPECT(!l->on_both || !is_changing(l)); /* L2 */
	TP_EXPECT((node->has & node->told & event->changes) ==
		  (comes(event) ? 0 : node->told & event->changes));
	if (refuses(l))
		return -EPERM;
	node->change = event->changes;
	return 0;
}

static void node_cancelled(const struct tp_listener *l, struct tp_node_belief *node,
			   const struct tp_node_event *event)
{
	TP_EXPECT(node->change == event->changes);
	TP_EXPECT(!l->on_both || !is_changing(l)); /* L2, T5 */
	node->change = 0;
}

static void node_became(const struct tp_listener *l, struct tp_node_belief *node,
			const struct tp_node_event *event)
{
	TP_EXPECT(node->change == event->changes);
	TP_EXPECT(!l->on_both || is_changing(l)); /* L2 */
	node->change = 0;
	node->told |= event->changes;
	node->has = (node->has & ~event->changes) | (comes(event) ? event->changes : 0);
}

static int hear_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_listener *l = tp_container_of(notifier, struct tp_listener, node);
	struct tp_node_belief *node = &l->nodes[event->node];

	expect_listening(l);
	switch (event->type) {
	case TP_NODE_BECOMING_MEM_AWARE:
	case TP_NODE_BECOMING_MEMORYLESS:
		return node_becoming(l, node, event);
	case TP_NODE_CANCEL_MEM_AWARE:
	case TP_NODE_CANCEL_MEMORYLESS:
		node_cancelled(l, node, event);
		return 0;
	default:
		node_became(l, node, event);
		return 0;
	}
}

/* ---- coming and going ------------------------------------------------------------------------ */

void tp_listener_init(struct tp_listener *l, struct tp_machine *machine, const char *name,
		      int priority)
{
	*l = (struct tp_listener){
		.memory = { .call = hear_memory, .priority = priority, .name = name },
		.node = { .call = hear_node, .priority = priority, .name = name },
		.machine = machine,
	};
}

/* Of what a replay does not speak, it says that it is not there (L4). */
static void forget(struct tp_listener *l, bool will_be_told_all)
{
	l->was_told_all = will_be_told_all;
	for (unsigned id = 0; id < TP_LISTENER_BLOCKS; id++)
		l->block[id] = TP_BELIEF_NONE;
	for (unsigned n = 0; n < TP_MAX_NODES; n++)
		l->nodes[n] = (struct tp_node_belief){
			.told = will_be_told_all ? TP_NODE_HAS_MEMORY | TP_NODE_HAS_NORMAL_MEMORY
						 : 0
		};
}

static int join(struct tp_listener *l, unsigned flags)
{
	int err;

	TP_EXPECT(l->machine->nr_blocks <= TP_LISTENER_BLOCKS);
	forget(l, flags & TP_NOTIFIER_REPLAY);
	l->replaying = flags & TP_NOTIFIER_REPLAY;
	tp_atomic_store(&l->listening, 1, TP_RELEASE);
	err = tp_node_notifier_register(l->machine, &l->node, flags);
	if (!err) {
		err = tp_memory_notifier_register(l->machine, &l->memory, flags);
		if (err)
			TP_SCENE_MUST(tp_node_notifier_unregister(l->machine, &l->node));
	}
	l->replaying = false;
	l->on_both = !err;
	if (err)
		tp_atomic_store(&l->listening, 0, TP_RELEASE);
	return err;
}

int tp_listener_join(struct tp_listener *l)
{
	return join(l, TP_NOTIFIER_REPLAY);
}

int tp_listener_join_late(struct tp_listener *l)
{
	return join(l, 0);
}

void tp_listener_leave(struct tp_listener *l)
{
	l->on_both = false;
	TP_SCENE_MUST(tp_memory_notifier_unregister(l->machine, &l->memory));
	TP_SCENE_MUST(tp_node_notifier_unregister(l->machine, &l->node));
	tp_atomic_store(&l->listening, 0, TP_RELEASE);
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static void check_block(const struct tp_listener *l, unsigned id)
{
	uint8_t state = tp_atomic_load(&l->machine->blocks[id].state, TP_RELAXED);
	enum tp_belief belief = l->block[id];

	if (belief == TP_BELIEF_NONE && l->was_told_all)
		belief = TP_BELIEF_OUT;
	TP_EXPECT(belief == TP_BELIEF_NONE || belief == TP_BELIEF_OUT || belief == TP_BELIEF_IN);
	if (belief != TP_BELIEF_NONE)
		TP_EXPECT((belief == TP_BELIEF_IN) == (state == TP_BLOCK_ONLINE));
}

static void check_node(const struct tp_listener *l, int n)
{
	const struct tp_node_belief *node = &l->nodes[n];

	TP_EXPECT(!node->change);
	if (node->told & TP_NODE_HAS_MEMORY)
		TP_EXPECT(tp_node_in(l->machine, n, TP_N_MEMORY) ==
			  !!(node->has & TP_NODE_HAS_MEMORY));
	if (node->told & TP_NODE_HAS_NORMAL_MEMORY)
		TP_EXPECT(tp_node_in(l->machine, n, TP_N_NORMAL_MEMORY) ==
			  !!(node->has & TP_NODE_HAS_NORMAL_MEMORY));
}

void tp_listener_check(const struct tp_listener *l)
{
	if (!l->on_both)
		return;
	for (unsigned id = 0; id < l->machine->nr_blocks; id++)
		check_block(l, id);
	for (int n = 0; n < (int)l->machine->nr_nodes; n++)
		check_node(l, n);
}
