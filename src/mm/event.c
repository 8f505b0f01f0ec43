/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* event - the two typed chains: registration with replay, announcement, cancel, statement. */
#include "mm/event.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/hotplug.h"

static const char *const memory_names[TP_NR_MEM_EVENTS] = {
	[TP_MEM_PREPARE_ONLINE] = "PREPARE_ONLINE",
	[TP_MEM_GOING_ONLINE] = "GOING_ONLINE",
	[TP_MEM_CANCEL_ONLINE] = "CANCEL_ONLINE",
	[TP_MEM_ONLINE] = "ONLINE",
	[TP_MEM_GOING_OFFLINE] = "GOING_OFFLINE",
	[TP_MEM_CANCEL_OFFLINE] = "CANCEL_OFFLINE",
	[TP_MEM_OFFLINE] = "OFFLINE",
	[TP_MEM_FINISH_OFFLINE] = "FINISH_OFFLINE",
};

static const char *const node_names[TP_NODE_EVENTS_END - TP_NODE_BECOMING_MEM_AWARE] = {
	"BECOMING_MEM_AWARE",  "CANCEL_MEM_AWARE",  "BECAME_MEM_AWARE",
	"BECOMING_MEMORYLESS", "CANCEL_MEMORYLESS", "BECAME_MEMORYLESS",
};

const char *tp_memory_event_name(enum tp_memory_event_type type)
{
	const char *name = (unsigned)type < TP_NR_MEM_EVENTS ? memory_names[type] : NULL;

	return name ? name : "?";
}

const char *tp_node_event_name(enum tp_node_event_type type)
{
	unsigned i = (unsigned)type - TP_NODE_BECOMING_MEM_AWARE;

	return i < TP_ARRAY_SIZE(node_names) ? node_names[i] : "?";
}

/* The event that takes back what @type announced; 0: there is nothing to take back. */
static enum tp_memory_event_type memory_cancel_of(enum tp_memory_event_type type)
{
	return type == TP_MEM_PREPARE_ONLINE ? TP_MEM_FINISH_OFFLINE
	       : type == TP_MEM_GOING_ONLINE ? TP_MEM_CANCEL_ONLINE
					     : TP_MEM_CANCEL_OFFLINE;
}

static enum tp_node_event_type node_cancel_of(enum tp_node_event_type type)
{
	return type == TP_NODE_BECOMING_MEM_AWARE ? TP_NODE_CANCEL_MEM_AWARE
						  : TP_NODE_CANCEL_MEMORYLESS;
}

static void trace_memory(struct tp_machine *m, const struct tp_memory_event *e)
{
	tp_trace(m->trace, TP_TRACE_memory_event, e->type, e->start.v, e->nr_pages);
}

static void trace_node(struct tp_machine *m, const struct tp_node_event *e)
{
	tp_trace(m->trace, TP_TRACE_node_event, e->type, (uint64_t)e->node, e->changes);
}

/* Who refuses may say why; if not, at least who it was is said. */
static int announce(struct tp_notifier_chain *chain, const void *event, const void *cancel)
{
	struct tp_error before = *tp_last_error();
	int err = tp_notifier_announce(chain, event, cancel);

	if (!err || memcmp(&before, tp_last_error(), sizeof(before)))
		return err;
	return TP_ERR_TEXT(err, chain->vetoed_by ? chain->vetoed_by : "?", "refused by %s");
}

int tp_memory_announce(struct tp_machine *m, const struct tp_memory_event *event)
{
	struct tp_memory_event cancel = *event;

	cancel.type = memory_cancel_of(event->type);
	trace_memory(m, event);
	return announce(&m->memory_chain, event, &cancel);
}

int tp_node_announce(struct tp_machine *m, const struct tp_node_event *event)
{
	struct tp_node_event cancel = *event;

	cancel.type = node_cancel_of(event->type);
	trace_node(m, event);
	return announce(&m->node_chain, event, &cancel);
}

void tp_memory_cancel(struct tp_machine *m, const struct tp_memory_event *event)
{
	struct tp_memory_event cancel = *event;

	cancel.type = memory_cancel_of(event->type);
	trace_memory(m, &cancel);
	tp_notifier_cancel(&m->memory_chain, &cancel);
}

void tp_node_cancel(struct tp_machine *m, const struct tp_node_event *event)
{
	struct tp_node_event cancel = *event;

	cancel.type = node_cancel_of(event->type);
	trace_node(m, &cancel);
	tp_notifier_cancel(&m->node_chain, &cancel);
}

void tp_memory_state(struct tp_machine *m, const struct tp_memory_event *event)
{
	trace_memory(m, event);
	tp_notifier_state(&m->memory_chain, event);
}

void tp_node_state(struct tp_machine *m, const struct tp_node_event *event)
{
	trace_node(m, event);
	tp_notifier_state(&m->node_chain, event);
}

/* ---- registration ---------------------------------------------------------------------------- */

/* A callback on one of the chains. */
struct consumer {
	struct tp_notifier_entry entry;
	struct tp_machine *machine;
};

static void trace_call(struct tp_notifier_entry *entry, enum tp_trace_id id, uint64_t what)
{
	struct consumer *consumer = tp_container_of(entry, struct consumer, entry);

	tp_trace_named(consumer->machine->trace, id, what, entry->name ? entry->name : "?");
}

/* To the public a callback accepts or refuses; it cannot keep an event from those after it. */
static int accepted_or_error(int answer)
{
	return answer < 0 ? answer : 0;
}

static int call_memory(struct tp_notifier_entry *entry, const void *event)
{
	struct tp_memory_notifier *n = entry->owner;
	const struct tp_memory_event *e = event;
	int answer;

	trace_call(entry, TP_TRACE_notifier_call_begin, e->type);
	answer = accepted_or_error(n->call(n, e));
	trace_call(entry, TP_TRACE_notifier_call_end, (uint64_t)-answer);
	return answer;
}

static int call_node(struct tp_notifier_entry *entry, const void *event)
{
	struct tp_node_notifier *n = entry->owner;
	const struct tp_node_event *e = event;
	int answer;

	trace_call(entry, TP_TRACE_notifier_call_begin, e->type);
	answer = accepted_or_error(n->call(n, e));
	trace_call(entry, TP_TRACE_notifier_call_end, (uint64_t)-answer);
	return answer;
}

static int replay_run(const struct tp_memory_event *run, void *arg)
{
	struct tp_notifier_entry *entry = arg;
	struct tp_memory_event event = *run;
	int err;

	event.type = TP_MEM_GOING_ONLINE;
	err = entry->call(entry, &event);
	if (err < 0)
		return err;
	event.type = TP_MEM_ONLINE;
	entry->call(entry, &event);
	return 0;
}

static int replay_memory(struct tp_notifier_entry *entry, void *machine)
{
	return tp_online_runs(machine, replay_run, entry);
}

static int replay_node(struct tp_notifier_entry *entry, void *machine)
{
	struct tp_machine *m = machine;

	for (int n = 0; n < (int)m->nr_nodes; n++) {
		struct tp_node_event event = { .type = TP_NODE_BECOMING_MEM_AWARE, .node = n };
		int err;

		if (tp_node_in(m, n, TP_N_MEMORY))
			event.changes |= TP_NODE_HAS_MEMORY;
		if (tp_node_in(m, n, TP_N_NORMAL_MEMORY))
			event.changes |= TP_NODE_HAS_NORMAL_MEMORY;
		if (!event.changes)
			continue;
		err = entry->call(entry, &event);
		if (err < 0)
			return err;
		event.type = TP_NODE_BECAME_MEM_AWARE;
		entry->call(entry, &event);
	}
	return 0;
}

/*
 * Registration is an operation like any other: a replayed callback finds what any callback finds,
 * and whoever calls from within one, of whichever chain, is told so instead of waiting for himself.
 */
static int begin_registration(struct tp_machine *m, const char *name)
{
	if (tp_lockrank_held(&m->hotplug))
		return TP_ERR_TEXT(-EDEADLK, name, "notifier %s: registration in a callback");
	return tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);
}

static int add(struct tp_machine *m, struct tp_notifier_chain *chain,
	       struct tp_notifier_entry entry, int (*replay)(struct tp_notifier_entry *, void *))
{
	struct consumer *new;
	int err = begin_registration(m, entry.name);

	if (err)
		return err;
	new = tp_zalloc(sizeof(*new));
	err = new ? 0 : TP_ERR(-ENOMEM, "notifier entry");
	if (!err) {
		*new = (struct consumer){ .entry = entry, .machine = m };
		err = tp_notifier_register(chain, &new->entry, replay, m);
	}
	if (err)
		tp_free(new);
	tp_hotplug_end(m);
	return err;
}

int tp_memory_notifier_register(struct tp_machine *m, struct tp_memory_notifier *n, unsigned flags)
{
	struct tp_notifier_entry entry = {
		.call = call_memory, .priority = n->priority, .name = n->name, .owner = n
	};

	return add(m, &m->memory_chain, entry, flags & TP_NOTIFIER_REPLAY ? replay_memory : NULL);
}

int tp_node_notifier_register(struct tp_machine *m, struct tp_node_notifier *n, unsigned flags)
{
	struct tp_notifier_entry entry = {
		.call = call_node, .priority = n->priority, .name = n->name, .owner = n
	};

	return add(m, &m->node_chain, entry, flags & TP_NOTIFIER_REPLAY ? replay_node : NULL);
}

static int take_off(struct tp_machine *m, struct tp_notifier_chain *chain, const void *owner,
		    const char *name)
{
	struct tp_notifier_entry *entry;
	int err = begin_registration(m, name);

	if (err)
		return err;
	err = tp_notifier_unregister(chain, owner, &entry);
	if (!err)
		tp_free(tp_container_of(entry, struct consumer, entry));
	tp_hotplug_end(m);
	return err;
}

int tp_memory_notifier_unregister(struct tp_machine *m, struct tp_memory_notifier *n)
{
	return take_off(m, &m->memory_chain, n, n->name);
}

int tp_node_notifier_unregister(struct tp_machine *m, struct tp_node_notifier *n)
{
	return take_off(m, &m->node_chain, n, n->name);
}
