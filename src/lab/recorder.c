/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * recorder - the order of events, their balance, and the node masks they stand for.
 */
#include "lab/recorder.h"

#include <limits.h>
#include <string.h>

#include "core/compiler.h"

/* What announces something, and the two ways it can end. */
static const struct {
	unsigned announcement, cancel, statement;
} stories[TP_NR_ANNOUNCEMENTS] = {
	{ TP_MEM_GOING_ONLINE, TP_MEM_CANCEL_ONLINE, TP_MEM_ONLINE },
	{ TP_MEM_GOING_OFFLINE, TP_MEM_CANCEL_OFFLINE, TP_MEM_OFFLINE },
	{ TP_NODE_BECOMING_MEM_AWARE, TP_NODE_CANCEL_MEM_AWARE, TP_NODE_BECAME_MEM_AWARE },
	{ TP_NODE_BECOMING_MEMORYLESS, TP_NODE_CANCEL_MEMORYLESS, TP_NODE_BECAME_MEMORYLESS },
};

const char *tp_recorded_event_name(const struct tp_recorded_event *event)
{
	if (event->type < TP_NODE_BECOMING_MEM_AWARE)
		return tp_memory_event_name((enum tp_memory_event_type)event->type);
	return tp_node_event_name((enum tp_node_event_type)event->type);
}

/* Keep the story straight (R1). */
static void follow(struct tp_listener *listener, const struct tp_recorded_event *event)
{
	struct tp_recorder *r = listener->recorder;

	for (unsigned i = 0; i < TP_NR_ANNOUNCEMENTS; i++) {
		if (event->type == stories[i].announcement)
			listener->open[i]++;
		else if (event->type == stories[i].cancel || event->type == stories[i].statement)
			listener->open[i]--;
		if (listener->open[i] >= 0)
			continue;
		tp_findings_add(r->findings, "%s was told %s of node %d without an announcement",
				listener->memory.name, tp_recorded_event_name(event), event->node);
		listener->open[i] = 0;
	}
}

static void record(struct tp_listener *listener, unsigned type, int node)
{
	struct tp_recorder *r = listener->recorder;
	struct tp_recorded_event event = { .type = (uint8_t)type, .node = (int8_t)node };

	follow(listener, &event);
	if (listener != &r->first)
		return;
	tp_spin_lock(&r->lock);
	if (r->nr_events < TP_RECORDED_EVENTS)
		r->events[r->nr_events] = event;
	r->nr_events++;
	tp_spin_unlock(&r->lock);
}

static int on_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	record(tp_container_of(notifier, struct tp_listener, memory), event->type, event->node);
	return 0;
}

static void update_masks(struct tp_recorder *r, const struct tp_node_event *event)
{
	uint64_t memory = event->changes & TP_NODE_HAS_MEMORY ? TP_NODE_BIT(event->node).v : 0;
	uint64_t normal =
		event->changes & TP_NODE_HAS_NORMAL_MEMORY ? TP_NODE_BIT(event->node).v : 0;

	if (event->type == TP_NODE_BECAME_MEM_AWARE) {
		r->memory.v |= memory;
		r->normal.v |= normal;
	} else if (event->type == TP_NODE_BECAME_MEMORYLESS) {
		r->memory.v &= ~memory;
		r->normal.v &= ~normal;
	}
}

static int on_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_listener *listener = tp_container_of(notifier, struct tp_listener, node);

	record(listener, event->type, event->node);
	if (listener == &listener->recorder->first)
		update_masks(listener->recorder, event);
	return 0;
}

static int listen(struct tp_recorder *r, struct tp_listener *listener, const char *name,
		  int priority)
{
	int err;

	*listener = (struct tp_listener){
		.memory = { .call = on_memory, .priority = priority, .name = name },
		.node = { .call = on_node, .priority = priority, .name = name },
		.recorder = r,
	};
	err = tp_memory_notifier_register(r->machine, &listener->memory, TP_NOTIFIER_REPLAY);
	if (err)
		return err;
	err = tp_node_notifier_register(r->machine, &listener->node, TP_NOTIFIER_REPLAY);
	if (err)
		tp_memory_notifier_unregister(r->machine, &listener->memory);
	return err;
}

static void unlisten(struct tp_recorder *r, struct tp_listener *listener)
{
	tp_node_notifier_unregister(r->machine, &listener->node);
	tp_memory_notifier_unregister(r->machine, &listener->memory);
}

int tp_recorder_start(struct tp_recorder *r, struct tp_machine *machine,
		      struct tp_findings *findings)
{
	int err;

	*r = (struct tp_recorder){ .machine = machine, .findings = findings };
	tp_spinlock_init(&r->lock, TP_RANK_CORE, 3);
	err = listen(r, &r->first, "first listener", INT_MAX);
	if (err)
		return err;
	err = listen(r, &r->last, "last listener", INT_MIN);
	if (err)
		unlisten(r, &r->first);
	return err;
}

void tp_recorder_stop(struct tp_recorder *r)
{
	unlisten(r, &r->last);
	unlisten(r, &r->first);
}

void tp_recorder_reset(struct tp_recorder *r)
{
	tp_spin_lock(&r->lock);
	r->nr_events = 0;
	tp_spin_unlock(&r->lock);
}

unsigned tp_recorder_copy(struct tp_recorder *r,
			  struct tp_recorded_event events[TP_RECORDED_EVENTS])
{
	unsigned nr;

	tp_spin_lock(&r->lock);
	nr = r->nr_events;
	memcpy(events, r->events, sizeof(r->events));
	tp_spin_unlock(&r->lock);
	return nr;
}

static void check_ended(struct tp_listener *listener)
{
	for (unsigned i = 0; i < TP_NR_ANNOUNCEMENTS; i++) {
		struct tp_recorded_event event = { .type = (uint8_t)stories[i].announcement };

		if (listener->open[i])
			tp_findings_add(listener->recorder->findings,
					"%s was told %s %d times without an end",
					listener->memory.name, tp_recorded_event_name(&event),
					listener->open[i]);
		listener->open[i] = 0;
	}
}

static void check_mask(struct tp_recorder *r, const char *name, enum tp_node_state state,
		       tp_nodemask told)
{
	tp_nodemask real = tp_node_states(r->machine, state);

	if (real.v != told.v)
		tp_findings_add(r->findings, "nodes with %s: 0x%llx, by the events 0x%llx", name,
				(unsigned long long)real.v, (unsigned long long)told.v);
}

void tp_recorder_check(struct tp_recorder *r)
{
	check_ended(&r->first);
	check_ended(&r->last);
	check_mask(r, "memory", TP_N_MEMORY, r->memory);
	check_mask(r, "normal memory", TP_N_NORMAL_MEMORY, r->normal);
}
