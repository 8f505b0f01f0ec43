/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* numa - the state the consumers of this room share, and the one question they ask of an event. */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "numa/numa.h"

int tp_node_memory_change(const struct tp_node_event *event)
{
	if (!(event->changes & TP_NODE_HAS_MEMORY))
		return 0;
	if (event->type == TP_NODE_BECAME_MEM_AWARE)
		return 1;
	return event->type == TP_NODE_BECAME_MEMORYLESS ? -1 : 0;
}

static int numa_init(struct tp_machine *m)
{
	struct tp_numa *numa = tp_zalloc(sizeof(*numa));

	if (!numa)
		return TP_ERR(-ENOMEM, "node performance and tiers");
	numa->machine = m;
	tp_mutex_init(&numa->lock, TP_RANK_CONSUMER, 0);
	m->numa = numa;
	tp_demotion_enable(m, true);
	return 0;
}

static void numa_fini(struct tp_machine *m)
{
	tp_free(m->numa);
	m->numa = NULL;
}

const struct tp_module tp_numa_module = { "numa", numa_init, numa_fini };
