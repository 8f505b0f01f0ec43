/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * veto - refuse an event, as a driver would that cannot do without its memory.
 *
 * Locking: callbacks run under the hotplug lock, in the thread that runs the script.
 */
#include "lab/veto.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"

static const unsigned refusable[] = {
	TP_MEM_PREPARE_ONLINE,	    TP_MEM_GOING_ONLINE,	 TP_MEM_GOING_OFFLINE,
	TP_NODE_BECOMING_MEM_AWARE, TP_NODE_BECOMING_MEMORYLESS,
};

static bool is_node_event(unsigned event)
{
	return event >= TP_NODE_BECOMING_MEM_AWARE;
}

static const char *event_name(unsigned event)
{
	return is_node_event(event) ? tp_node_event_name((enum tp_node_event_type)event)
				    : tp_memory_event_name((enum tp_memory_event_type)event);
}

int tp_veto_errno(const char *name)
{
	for (int err = 1; err < 134; err++) {
		const char *known = strerrorname_np(err);

		if (known && !strcmp(known, name))
			return err;
	}
	return 0;
}

int tp_veto_event(const char *name, unsigned *event)
{
	const char *rest = name;

	if (!strncmp(name, "MEM_", 4))
		rest += 4;
	else if (!strncmp(name, "NODE_", 5))
		rest += 5;
	for (size_t i = 0; i < TP_ARRAY_SIZE(refusable); i++) {
		if (strcmp(event_name(refusable[i]), rest))
			continue;
		*event = refusable[i];
		return 0;
	}
	return TP_ERR_TEXT(-EINVAL, name,
			   "\"%s\" is no event that may be refused (try GOING_OFFLINE)");
}

static int refuse(struct tp_veto *veto, unsigned event)
{
	if (event != veto->config.event ||
	    tp_atomic_load(&veto->refused, TP_RELAXED) >= veto->config.times)
		return 0;
	tp_atomic_add(&veto->refused, 1, TP_RELAXED);
	return veto->config.err;
}

static int on_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	return refuse(tp_container_of(notifier, struct tp_veto, memory), event->type);
}

static int on_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	return refuse(tp_container_of(notifier, struct tp_veto, node), event->type);
}

int tp_veto_create(struct tp_machine *machine, const struct tp_veto_config *config,
		   struct tp_veto **veto)
{
	struct tp_veto *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->machine = machine;
	new->config = *config;
	strncat(new->name, config->name, sizeof(new->name) - 1);
	tp_list_init(&new->link);
	new->memory = (struct tp_memory_notifier){ .call = on_memory,
						   .priority = config->priority,
						   .name = new->name };
	new->node = (struct tp_node_notifier){ .call = on_node,
					       .priority = config->priority,
					       .name = new->name };
	if (is_node_event(config->event))
		err = tp_node_notifier_register(machine, &new->node, 0);
	else
		err = tp_memory_notifier_register(machine, &new->memory, 0);
	if (err) {
		tp_free(new);
		return err;
	}
	tp_atomic_store(&new->registered, 1, TP_RELEASE);
	*veto = new;
	return 0;
}

bool tp_veto_refuses(const struct tp_veto *veto)
{
	return tp_atomic_load(&veto->registered, TP_ACQUIRE);
}

void tp_veto_remove(struct tp_veto *veto)
{
	if (!tp_atomic_exchange(&veto->registered, 0, TP_ACQ_REL))
		return;
	if (is_node_event(veto->config.event))
		tp_node_notifier_unregister(veto->machine, &veto->node);
	else
		tp_memory_notifier_unregister(veto->machine, &veto->memory);
}

void tp_veto_destroy(struct tp_veto *veto)
{
	TP_INVARIANT(!tp_veto_refuses(veto));
	tp_list_remove(&veto->link);
	tp_free(veto);
}
