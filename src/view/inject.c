/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* inject - sys/kernel/debug/notifier-error-inject: who refuses, and the files that tell him to. */
#include "view/inject.h"

#include "view/internal.h"

enum { MAX_ERRNO = 4095 };

static const unsigned event_of[TP_NR_INJECTION_POINTS] = {
	[TP_INJECT_PREPARE_ONLINE] = TP_MEM_PREPARE_ONLINE,
	[TP_INJECT_GOING_ONLINE] = TP_MEM_GOING_ONLINE,
	[TP_INJECT_GOING_OFFLINE] = TP_MEM_GOING_OFFLINE,
	[TP_INJECT_BECOMING_MEM_AWARE] = TP_NODE_BECOMING_MEM_AWARE,
	[TP_INJECT_BECOMING_MEMORYLESS] = TP_NODE_BECOMING_MEMORYLESS,
};

static int answer(struct tp_injector *injector, unsigned event)
{
	for (unsigned i = 0; i < TP_NR_INJECTION_POINTS; i++) {
		if (event_of[i] == event)
			return -(int)tp_atomic_load(&injector->error[i], TP_RELAXED);
	}
	return 0;
}

static int on_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	return answer(tp_container_of(notifier, struct tp_injector, memory), event->type);
}

static int on_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	return answer(tp_container_of(notifier, struct tp_injector, node), event->type);
}

int tp_injector_init(struct tp_injector *injector, struct tp_machine *machine)
{
	int err;

	injector->memory.call = on_memory;
	injector->node.call = on_node;
	injector->memory.name = injector->node.name = "notifier-error-inject";
	err = tp_memory_notifier_register(machine, &injector->memory, 0);
	if (err)
		return err;
	err = tp_node_notifier_register(machine, &injector->node, 0);
	if (err)
		tp_memory_notifier_unregister(machine, &injector->memory);
	return err;
}

void tp_injector_fini(struct tp_injector *injector, struct tp_machine *machine)
{
	tp_node_notifier_unregister(machine, &injector->node);
	tp_memory_notifier_unregister(machine, &injector->memory);
}

/* ---- files ----------------------------------------------------------------------------------- */

static int show_error(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_injector *injector = &call->view->injector;

	tp_text_add(text, "%d\n",
		    -(int)tp_atomic_load(&injector->error[call->entry->arg], TP_RELAXED));
	return 0;
}

/* A number of any sign; what is no negative errno is moved to the nearest that is, or 0. */
static int store_error(const struct tp_view_call *call, const char *value)
{
	struct tp_injector *injector = &call->view->injector;
	long long error;
	int err = tp_parse_number(value, &error);

	if (err)
		return err;
	error = TP_MIN(TP_MAX(error, -MAX_ERRNO), 0);
	tp_atomic_store(&injector->error[call->entry->arg], (uint32_t)-error, TP_RELAXED);
	return 0;
}

#define ERROR_FILE(point)                                                                        \
	(const struct tp_view_entry[])                                                           \
	{                                                                                        \
		TP_FILE("error", 0600, .show = show_error, .store = store_error, .arg = (point), \
			.no_size = true),                                                        \
			TP_ENTRIES_END                                                           \
	}

static const struct tp_view_entry memory_actions[] = {
	TP_DIR("MEM_PREPARE_ONLINE", ERROR_FILE(TP_INJECT_PREPARE_ONLINE)),
	TP_DIR("MEM_GOING_ONLINE", ERROR_FILE(TP_INJECT_GOING_ONLINE)),
	TP_DIR("MEM_GOING_OFFLINE", ERROR_FILE(TP_INJECT_GOING_OFFLINE)),
	TP_ENTRIES_END,
};

static const struct tp_view_entry node_actions[] = {
	TP_DIR("NODE_BECOMING_MEM_AWARE", ERROR_FILE(TP_INJECT_BECOMING_MEM_AWARE)),
	TP_DIR("NODE_BECOMING_MEMORYLESS", ERROR_FILE(TP_INJECT_BECOMING_MEMORYLESS)),
	TP_ENTRIES_END,
};

static const struct tp_view_entry memory_chain[] = {
	TP_DIR("actions", memory_actions),
	TP_ENTRIES_END,
};

static const struct tp_view_entry node_chain[] = {
	TP_DIR("actions", node_actions),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_inject[] = {
	TP_DIR("memory", memory_chain),
	TP_DIR("node", node_chain),
	TP_ENTRIES_END,
};
