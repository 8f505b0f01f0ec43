/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine - make a machine and take it apart.
 *
 * Metadata of the whole physical range is reserved at once, but bitmaps and owner words cost memory
 * only where memory is plugged: those of an absent block are pages that were never touched, or were
 * given back.
 * Fault sites: mm/metadata, core/alloc, those of backing and online.
 */
#include "mm/machine.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "mm/hotplug.h"
#include "mm/metadata.h"
#include "mm/pcp.h"
#include "mm/uevent.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

static const uint64_t max_block_size = TP_GIB(2);
/* Page numbers of 32 bits reach so far. */
static const uint64_t max_range = TP_GIB(16384);
enum { LOCAL_DISTANCE = 10, REMOTE_DISTANCE = 20, DEFAULT_AUTO_MOVABLE_RATIO = 301 };

/* ---- configuration --------------------------------------------------------------------------- */

static unsigned count_nodes(const struct tp_machine_config *c)
{
	unsigned n = 1;

	for (unsigned i = 0; i < TP_MAX_NODES; i++)
		if (c->nodes[i].dram || c->nodes[i].cpus)
			n = i + 1;
	return n;
}

/* The caller's wishes with every 0 replaced by what it stands for. */
static struct tp_machine_config complete(const struct tp_machine_config *wish)
{
	struct tp_machine_config c = wish ? *wish : (struct tp_machine_config){ .nr_nodes = 1 };
	unsigned used = count_nodes(&c);

	c.block_size = c.block_size ? c.block_size : TP_DEFAULT_BLOCK_SIZE;
	c.hotplug_size = c.hotplug_size ? c.hotplug_size : TP_DEFAULT_HOTPLUG_SIZE;
	c.dma_size = c.dma_size ? c.dma_size : TP_DEFAULT_DMA_SIZE;
	c.dma32_size = c.dma32_size ? c.dma32_size : TP_DEFAULT_DMA32_SIZE;
	c.auto_movable_ratio =
		c.auto_movable_ratio ? c.auto_movable_ratio : DEFAULT_AUTO_MOVABLE_RATIO;
	if (used == 1 && !c.nodes[0].dram && !c.nodes[0].cpus)
		c.nodes[0] =
			(struct tp_node_config){ .dram = c.block_size, .cpus = tp_cpu_count() };
	c.nr_nodes = c.nr_nodes ? c.nr_nodes : used;
	return c;
}

static int check_sizes(const struct tp_machine_config *c)
{
	if (!tp_is_power_of_two(c->block_size) || c->block_size < TP_PAGEBLOCK_SIZE ||
	    c->block_size > max_block_size)
		return TP_ERR(-EINVAL, "block size %x is no power of two from %x to %x",
			      c->block_size, TP_PAGEBLOCK_SIZE, max_block_size);
	if (c->hotplug_size > max_range)
		return TP_ERR(-EINVAL, "hotplug size %x is over 16 TiB", c->hotplug_size);
	if (c->dma32_size > max_range)
		return TP_ERR(-EINVAL, "zone limit %x is over 16 TiB", c->dma32_size);
	if (c->dma_size % TP_PAGEBLOCK_SIZE || c->dma32_size % TP_PAGEBLOCK_SIZE ||
	    c->dma_size > c->dma32_size)
		return TP_ERR(-EINVAL, "zone limits %x and %x do not divide into pageblocks",
			      c->dma_size, c->dma32_size);
	return 0;
}

static int check_nodes(const struct tp_machine_config *c)
{
	uint64_t total = 0;

	if (c->nr_nodes > (TP_CONFIG_NUMA ? TP_MAX_NODES : 1))
		return TP_ERR(-EINVAL, "%u nodes; this build knows %u", c->nr_nodes,
			      TP_CONFIG_NUMA ? TP_MAX_NODES : 1);
	if (count_nodes(c) > c->nr_nodes)
		return TP_ERR(-EINVAL, "node %u has memory or CPUs, but there are %u nodes",
			      count_nodes(c) - 1, c->nr_nodes);
	for (unsigned i = 0; i < c->nr_nodes; i++) {
		if (c->nodes[i].dram % c->block_size)
			return TP_ERR(-EINVAL,
				      "node %u: %x bytes are no multiple of the block size %x", i,
				      c->nodes[i].dram, c->block_size);
		if (c->nodes[i].dram > max_range - total)
			return TP_ERR(-EINVAL, "boot memory is over 16 TiB at node %u", i);
		total += c->nodes[i].dram;
	}
	if (TP_MAX(total, c->dma32_size) + c->hotplug_size > max_range - 2 * c->block_size)
		return TP_ERR(-EINVAL, "boot memory, zone limits and hotplug size are over 16 TiB");
	return total ? 0 : TP_ERR(-EINVAL, "no node has boot memory");
}

static int check_kinds(const struct tp_machine_config *c)
{
	if ((unsigned)c->backing > TP_BACKING_SMALL)
		return TP_ERR(-EINVAL, "backing kind %u does not exist", c->backing);
	if ((unsigned)c->hold > TP_HOLD_MPROTECT)
		return TP_ERR(-EINVAL, "hold kind %u does not exist", c->hold);
	if ((unsigned)c->auto_rule > TP_AUTO_MOVABLE)
		return TP_ERR(-EINVAL, "auto-online rule %u does not exist", c->auto_rule);
	return 0;
}

static int set_distances(struct tp_machine *m, const unsigned *distance)
{
	for (unsigned i = 0; i < m->nr_nodes; i++)
		for (unsigned j = 0; j < m->nr_nodes; j++) {
			unsigned d = distance ? distance[i * m->nr_nodes + j]
				     : i == j ? LOCAL_DISTANCE
					      : REMOTE_DISTANCE;

			if (d < LOCAL_DISTANCE || d > UINT8_MAX ||
			    (i == j) != (d == LOCAL_DISTANCE))
				return TP_ERR(-EINVAL, "distance %u from node %u to node %u", d, i,
					      j);
			m->distance[i][j] = (uint8_t)d;
		}
	return 0;
}

/* The host's CPUs stand in turn for the simulated CPUs, whose nodes they take. */
static void set_cpus(struct tp_machine *m, const struct tp_machine_config *c)
{
	uint8_t node_of[TP_MAX_CPUS];
	unsigned n = 0;

	for (unsigned i = 0; i < c->nr_nodes; i++) {
		m->nodes[i].cpus = c->nodes[i].cpus;
		for (unsigned k = 0; k < c->nodes[i].cpus && n < TP_ARRAY_SIZE(node_of); k++)
			node_of[n++] = (uint8_t)i;
		tp_node_state_set(m, (int)i, TP_N_POSSIBLE, true);
		tp_node_state_set(m, (int)i, TP_N_CPU, c->nodes[i].cpus);
		tp_node_state_set(m, (int)i, TP_N_ONLINE, c->nodes[i].cpus);
	}
	for (unsigned cpu = 0; cpu < TP_ARRAY_SIZE(m->cpu_node); cpu++)
		m->cpu_node[cpu] = n ? node_of[cpu % n] : 0;
	m->nr_cpus = n;
}

/* ---- memory for metadata --------------------------------------------------------------------- */

static void *reserve(uint64_t size)
{
	return TP_FAULT("mm/metadata") ? NULL : tp_metadata_reserve(size);
}

static void free_metadata(struct tp_machine *m)
{
	tp_metadata_release(m->pageblocks, m->nr_pageblocks * sizeof(*m->pageblocks));
	tp_metadata_release(m->bitmaps, m->nr_pageblocks * sizeof(*m->bitmaps));
	tp_metadata_release(m->words, m->nr_pfns * sizeof(*m->words));
	tp_free(m->blocks);
}

static int alloc_metadata(struct tp_machine *m)
{
	m->pageblocks = reserve(m->nr_pageblocks * sizeof(*m->pageblocks));
	m->bitmaps = reserve(m->nr_pageblocks * sizeof(*m->bitmaps));
	m->words = reserve(m->nr_pfns * sizeof(*m->words));
	m->blocks = tp_zalloc_array(m->nr_blocks, sizeof(*m->blocks));
	if (!m->pageblocks || !m->bitmaps || !m->words || !m->blocks) {
		free_metadata(m);
		return TP_ERR(-ENOMEM, "metadata for %u pages", m->nr_pfns);
	}
	for (uint64_t pb = 0; pb < m->nr_pageblocks; pb++)
		tp_atomic_store(&m->pageblocks[pb].zone, TP_ZONE_INDEX_NONE, TP_RELAXED);
	for (unsigned id = 0; id < m->nr_blocks; id++)
		tp_atomic_store(&m->blocks[id].zone, TP_ZONE_INDEX_NONE, TP_RELAXED);
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void init_locks(struct tp_machine *m)
{
	m->hotplug.id = (struct tp_lock_id){ .rank = TP_RANK_HOTPLUG };
	tp_wait_queue_init(&m->hotplug.wq);
	tp_wait_queue_init(&m->owner_wq);
	tp_notifier_chain_init(&m->node_chain, 0);
	tp_notifier_chain_init(&m->memory_chain, 1);
	tp_seqcount_init(&m->zonelist_seq);
	tp_spinlock_init(&m->owners_lock, TP_RANK_OWNER_TABLE, 0);
	tp_mutex_init(&m->slab_lock, TP_RANK_SLAB_CACHES, 0);
	tp_spinlock_init(&m->blocks_lock, TP_RANK_BACKING, 0);
	tp_spinlock_init(&m->reclaim_lock, TP_RANK_BACKING, 1);
	tp_registry_init(&m->netdevs, "network device", TP_RANK_NET_TABLE);
	tp_registry_init(&m->gpus, "GPU", TP_RANK_GPU_TABLE);
	tp_list_init(&m->devices);
	tp_list_init(&m->slab_caches);
}

static void init_nodes(struct tp_machine *m)
{
	for (int n = 0; n < TP_MAX_NODES; n++) {
		m->nodes[n].id = n;
		for (int t = 0; t < TP_NR_ZONE_TYPES; t++) {
			tp_zone_init(tp_zone_of(m, n, (enum tp_zone_type)t), m, n,
				     (enum tp_zone_type)t);
			tp_zonelist_init(&m->nodes[n].zonelist[t]);
		}
	}
}

static void set_layout(struct tp_machine *m, const struct tp_machine_config *c)
{
	uint64_t boot = 0;

	for (unsigned i = 0; i < c->nr_nodes; i++)
		boot += c->nodes[i].dram;
	m->dma_end = (tp_pfn){ c->dma_size >> TP_PAGE_SHIFT };
	m->dma32_end = (tp_pfn){ c->dma32_size >> TP_PAGE_SHIFT };
	boot = tp_align_up(TP_MAX(boot, c->dma32_size), c->block_size);
	m->hotplug_start = (tp_pfn){ boot >> TP_PAGE_SHIFT };
	m->block_pages = c->block_size >> TP_PAGE_SHIFT;
	m->nr_blocks =
		(unsigned)((boot + tp_align_up(c->hotplug_size, c->block_size)) / c->block_size);
	m->nr_pfns = m->nr_blocks * m->block_pages;
	m->nr_pageblocks = m->nr_pfns >> TP_PAGEBLOCK_ORDER;
	tp_auto_rule_store(m, c->auto_rule, c->auto_movable_ratio);
}

static void fini_modules(struct tp_machine *m, unsigned n)
{
	while (n--)
		tp_modules[n]->fini(m);
}

static unsigned nr_modules(void)
{
	unsigned n = 0;

	while (tp_modules[n])
		n++;
	return n;
}

static int init_modules(struct tp_machine *m)
{
	for (unsigned i = 0; tp_modules[i]; i++) {
		int err = tp_modules[i]->init(m);

		if (err) {
			fini_modules(m, i);
			return err;
		}
	}
	return 0;
}

static void free_zones(struct tp_machine *m)
{
	for (unsigned i = 0; i < TP_MAX_ZONES; i++)
		tp_pcp_destroy(&m->zones[i]);
}

static int boot(struct tp_machine *m, const struct tp_machine_config *c)
{
	int err = tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);

	if (!err) {
		err = tp_boot_memory(m, c);
		tp_hotplug_end(m);
	}
	return err;
}

static int build(struct tp_machine *m, const struct tp_machine_config *c)
{
	int err;

	m->trace = tp_trace_create();
	if (!m->trace)
		return TP_ERR(-ENOMEM, "trace ring");
	err = alloc_metadata(m);
	if (err)
		goto free_trace;
	init_nodes(m);
	err = tp_backing_init(&m->backing, m->nr_pfns << TP_PAGE_SHIFT, c->block_size, c->backing);
	if (err)
		goto free_metadata;
	err = tp_hold_init(&m->hold, c->hold);
	if (err)
		goto fini_backing;
	err = init_modules(m);
	if (err)
		goto fini_hold;
	err = boot(m, c);
	if (!err && c->uevents)
		err = tp_uevents_init(m);
	if (!err)
		return 0;
	fini_modules(m, nr_modules());
	tp_devices_fini(m);
	free_zones(m);
fini_hold:
	tp_hold_fini(&m->hold);
fini_backing:
	tp_backing_fini(&m->backing);
free_metadata:
	free_metadata(m);
free_trace:
	tp_trace_destroy(m->trace);
	return err;
}

int tp_machine_create(const struct tp_machine_config *wish, struct tp_machine **machine)
{
	struct tp_machine_config c = complete(wish);
	struct tp_machine *m;
	int err = check_sizes(&c);

	if (!err)
		err = check_nodes(&c);
	if (!err)
		err = check_kinds(&c);
	if (err)
		return err;
	m = tp_zalloc_aligned(_Alignof(struct tp_machine), sizeof(*m));
	if (!m)
		return TP_ERR(-ENOMEM, "machine");
	m->nr_nodes = c.nr_nodes;
	m->rseq = tp_rseq_available();
	init_locks(m);
	set_layout(m, &c);
	err = set_distances(m, c.distance);
	if (!err) {
		set_cpus(m, &c);
		err = build(m, &c);
	}
	if (err) {
		tp_free(m);
		return err;
	}
	*machine = m;
	return 0;
}

void tp_machine_destroy(struct tp_machine *m)
{
	if (!m)
		return;
	fini_modules(m, nr_modules());
	tp_devices_fini(m);
	free_zones(m);
	tp_hold_fini(&m->hold);
	tp_backing_fini(&m->backing);
	free_metadata(m);
	tp_uevents_fini(m);
	tp_trace_destroy(m->trace);
	tp_free(m);
}

unsigned tp_machine_nr_nodes(const struct tp_machine *m)
{
	return m->nr_nodes;
}

unsigned tp_machine_nr_cpus(const struct tp_machine *m)
{
	return m->nr_cpus;
}

int tp_cpu_to_node(const struct tp_machine *m, unsigned cpu)
{
	if (cpu >= m->nr_cpus)
		return TP_NODE_NONE;
	for (int n = 0;; cpu -= m->nodes[n++].cpus)
		if (cpu < m->nodes[n].cpus)
			return n;
}

uint64_t tp_machine_block_size(const struct tp_machine *m)
{
	return m->block_pages << TP_PAGE_SHIFT;
}

unsigned tp_machine_nr_blocks(const struct tp_machine *m)
{
	return m->nr_blocks;
}
