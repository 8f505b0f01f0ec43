/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* slab_node - caches follow normal memory as it comes to nodes and leaves them. */
#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "mm/modules.h"
#include "mm/slab_internal.h"

int tp_slab_add_node(struct tp_slab_cache *cache, int node)
{
	struct tp_slab_lists *lists;

	if (tp_slab_lists_of(cache, node))
		return 0;
	lists = tp_zalloc(sizeof(*lists));
	if (!lists)
		return TP_ERR_TEXT(-ENOMEM, cache->name, "slab %s: lists for node %u", node);
	tp_spinlock_init(&lists->lock, TP_RANK_SLAB_NODE, (uint32_t)node);
	tp_list_init(&lists->partial);
	tp_list_init(&lists->full);
	tp_list_init(&lists->empty);
	tp_atomic_store(&cache->nodes[node], lists, TP_RELEASE);
	return 0;
}

static int node_coming(struct tp_machine *m, int node)
{
	int err = 0;

	tp_mutex_lock(&m->slab_lock);
	tp_list_for_each(cache, &m->slab_caches, struct tp_slab_cache, link) {
		err = tp_slab_add_node(cache, node);
		if (err)
			break;
	}
	if (!err)
		tp_atomic_or(&m->slab_nodes, UINT64_C(1) << node, TP_RELEASE);
	tp_mutex_unlock(&m->slab_lock);
	return err;
}

static void node_gone(struct tp_machine *m, int node)
{
	tp_mutex_lock(&m->slab_lock);
	tp_atomic_and(&m->slab_nodes, ~(UINT64_C(1) << node), TP_RELEASE);
	tp_mutex_unlock(&m->slab_lock);
}

static int on_node_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, slab_node_notifier);

	if (!(event->changes & TP_NODE_HAS_NORMAL_MEMORY))
		return 0;
	if (event->type == TP_NODE_BECOMING_MEM_AWARE)
		return node_coming(m, event->node);
	if (event->type == TP_NODE_BECAME_MEMORYLESS || event->type == TP_NODE_CANCEL_MEM_AWARE)
		node_gone(m, event->node);
	return 0;
}

/* T9: every block that goes takes the empty slabs of its node along, not only the last one. */
static int on_memory_event(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, slab_memory_notifier);

	if (event->type != TP_MEM_GOING_OFFLINE)
		return 0;
	tp_mutex_lock(&m->slab_lock);
	tp_list_for_each(cache, &m->slab_caches, struct tp_slab_cache, link)
		tp_slab_shrink_node(cache, event->node);
	tp_mutex_unlock(&m->slab_lock);
	return 0;
}

static int slab_init(struct tp_machine *m)
{
	int err;

	m->slab_node_notifier =
		(struct tp_node_notifier){ .call = on_node_event, .priority = 1, .name = "slab" };
	m->slab_memory_notifier = (struct tp_memory_notifier){ .call = on_memory_event,
							       .priority = 1,
							       .name = "slab" };
	err = tp_node_notifier_register(m, &m->slab_node_notifier, 0);
	if (err)
		return err;
	err = tp_memory_notifier_register(m, &m->slab_memory_notifier, 0);
	if (err)
		tp_node_notifier_unregister(m, &m->slab_node_notifier);
	return err;
}

static void slab_fini(struct tp_machine *m)
{
	tp_memory_notifier_unregister(m, &m->slab_memory_notifier);
	tp_node_notifier_unregister(m, &m->slab_node_notifier);
	TP_INVARIANT(tp_list_empty(&m->slab_caches));
}

const struct tp_module tp_slab_module = { "slab", slab_init, slab_fini };
