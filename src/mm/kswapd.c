/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kswapd - the threads that reclaim and compact for a node, as long as it has memory. */
#include <errno.h>
#include <stdio.h>

#include "core/alloc.h"
#include "core/error.h"
#include "mm/modules.h"
#include "mm/reclaim_internal.h"
#include "mm/zonelist.h"

/* ---- work ------------------------------------------------------------------------------------ */

static void kswapd_work(struct tp_reclaimer *r, unsigned order)
{
	uint64_t freed = 0;

	for (int t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++)
		freed += tp_reclaim_zone(tp_zone_of(r->machine, r->node, (enum tp_zone_type)t), r);
	tp_trace(r->machine->trace, TP_TRACE_kswapd, (uint64_t)r->node, freed, order);
}

static void kcompactd_work(struct tp_reclaimer *r, unsigned order)
{
	unsigned emptied = 0;

	for (int t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++)
		emptied += tp_compact_zone(tp_zone_of(r->machine, r->node, (enum tp_zone_type)t),
					   order, r);
	tp_trace(r->machine->trace, TP_TRACE_kcompactd, (uint64_t)r->node, emptied, order);
}

/* ---- threads --------------------------------------------------------------------------------- */

static void run(void *arg)
{
	struct tp_reclaimer *r = arg;

	while (!tp_reclaimer_stopping(r)) {
		uint32_t wanted = 0;

		tp_wait_event(&r->wq,
			      tp_reclaimer_stopping(r) ||
				      (wanted = tp_atomic_exchange(&r->wanted, 0, TP_ACQ_REL)));
		if (wanted)
			r->work(r, wanted - 1);
	}
}

static struct tp_reclaimer *start(struct tp_machine *m, int node, const char *kind,
				  void (*work)(struct tp_reclaimer *r, unsigned order))
{
	struct tp_reclaimer *r = tp_zalloc(sizeof(*r));
	char name[16];

	if (!r)
		return NULL;
	r->machine = m;
	r->node = node;
	r->work = work;
	tp_wait_queue_init(&r->wq);
	snprintf(name, sizeof(name), "%s%d", kind, node);
	if (tp_thread_start(&r->thread, name, run, r)) {
		tp_free(r);
		return NULL;
	}
	return r;
}

static void stop(struct tp_reclaimer *r)
{
	if (!r)
		return;
	tp_atomic_store(&r->stop, 1, TP_RELEASE);
	tp_wake_all(&r->wq);
	tp_thread_join(&r->thread);
	tp_free(r);
}

static void wake(struct tp_reclaimer *r, unsigned order)
{
	if (!r)
		return;
	tp_atomic_store(&r->wanted, order + 1, TP_RELEASE);
	tp_wake_all(&r->wq);
}

void tp_reclaim_wake(struct tp_machine *m, const struct tp_zonelist *list, tp_nodemask nodes,
		     unsigned order)
{
	struct tp_zone *zone;

	tp_spin_lock(&m->reclaim_lock);
	tp_for_each_zone_in(zone, m, list) {
		if (nodes.v && !(nodes.v >> zone->node & 1))
			continue;
		wake(m->nodes[zone->node].kswapd, order);
		if (order)
			wake(m->nodes[zone->node].kcompactd, order);
	}
	tp_spin_unlock(&m->reclaim_lock);
}

static void stop_node(struct tp_machine *m, int node)
{
	struct tp_reclaimer *kswapd, *kcompactd;

	tp_spin_lock(&m->reclaim_lock);
	kswapd = m->nodes[node].kswapd;
	kcompactd = m->nodes[node].kcompactd;
	m->nodes[node].kswapd = m->nodes[node].kcompactd = NULL;
	tp_spin_unlock(&m->reclaim_lock);
	stop(kcompactd);
	stop(kswapd);
}

static int start_node(struct tp_machine *m, int node)
{
	struct tp_reclaimer *kswapd = start(m, node, "kswapd", kswapd_work);
	struct tp_reclaimer *kcompactd =
		kswapd ? start(m, node, "kcompactd", kcompactd_work) : NULL;

	if (!kcompactd) {
		stop(kswapd);
		return TP_ERR(-ENOMEM, "kswapd and kcompactd of node %u", node);
	}
	tp_spin_lock(&m->reclaim_lock);
	m->nodes[node].kswapd = kswapd;
	m->nodes[node].kcompactd = kcompactd;
	tp_spin_unlock(&m->reclaim_lock);
	return 0;
}

static int on_node_event(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct tp_machine *m = tp_container_of(notifier, struct tp_machine, reclaim_notifier);

	if (!(event->changes & TP_NODE_HAS_MEMORY))
		return 0;
	if (event->type == TP_NODE_BECOMING_MEM_AWARE)
		return start_node(m, event->node);
	if (event->type == TP_NODE_BECAME_MEMORYLESS || event->type == TP_NODE_CANCEL_MEM_AWARE)
		stop_node(m, event->node);
	return 0;
}

static int reclaim_init(struct tp_machine *m)
{
	/*
	 * Above all consumers: when they hear of the node its threads run, and after they heard it
	 * is gone, none does.
	 */
	m->reclaim_notifier = (struct tp_node_notifier){ .call = on_node_event,
							 .priority = 200,
							 .name = "reclaim" };
	return tp_node_notifier_register(m, &m->reclaim_notifier, 0);
}

static void reclaim_fini(struct tp_machine *m)
{
	tp_node_notifier_unregister(m, &m->reclaim_notifier);
	for (int n = 0; n < (int)m->nr_nodes; n++)
		stop_node(m, n);
}

const struct tp_module tp_reclaim_module = { "reclaim", reclaim_init, reclaim_fini };
