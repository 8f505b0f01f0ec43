/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* amd_model - making the device, and the bench's side of it. */
#include "model/amd/amd_model.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "model/amd/internal.h"

enum { MAX_ENTRIES = 4096, MAX_COMBINE = 4096, MAX_TRACE = 1 << 20 };

#ifdef TP_SIM
#define DEFAULT_MEMORY (64 * TP_PAGE_SIZE)
enum { DEFAULT_TRACE = 0, DEFAULT_CYCLE_NS = 0 };
#else
enum { DEFAULT_TRACE = 4096, DEFAULT_CYCLE_NS = 1 };
#define DEFAULT_MEMORY TP_MIB(256)
#endif
#define MAX_MEMORY ((uint64_t)TP_IOMMU_PAGES << TP_IOMMU_PAGE_SHIFT)

/* ---- what it is asked to be ------------------------------------------------------------------ */

static int check_sizes(const struct tp_amd_model_config *c)
{
	if (c->memory % TP_PAGE_SIZE || c->memory > MAX_MEMORY)
		return TP_ERR(-EINVAL, "amd model: %x bytes of memory; whole pages, %x at most",
			      c->memory, MAX_MEMORY);
	if (c->tlb_entries > MAX_ENTRIES || c->walk_entries > MAX_ENTRIES)
		return TP_ERR(-EINVAL, "amd model: caches of %u and %u entries, %u are the most",
			      c->tlb_entries, c->walk_entries, (unsigned)MAX_ENTRIES);
	if (c->combine > MAX_COMBINE || c->trace > MAX_TRACE)
		return TP_ERR(-EINVAL, "amd model: buffers for %u writes, a trace of %u accesses",
			      c->combine, c->trace);
	return 0;
}

static int check_config(const struct tp_amd_model_config *c)
{
	if (!c->name || !*c->name || strlen(c->name) >= sizeof(((struct tp_bus_device *)0)->name))
		return TP_ERR(-EINVAL, "amd model: a name has 1 to 15 bytes");
	if (c->mode != TP_AMD_MODEL_THREAD && c->mode != TP_AMD_MODEL_MANUAL)
		return TP_ERR(-EINVAL, "amd model: mode %u", (unsigned)c->mode);
	return check_sizes(c);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static uint64_t duration(uint64_t asked, uint64_t usual)
{
	return asked == TP_AMD_MODEL_AT_ONCE ? 0 : asked ? asked : usual;
}

static void fill_in(struct tp_amd_model *m)
{
	struct tp_amd_model_config *c = &m->config;

	DEFAULT(c->memory, DEFAULT_MEMORY);
	c->invalidate_ns = duration(c->invalidate_ns, TP_MICROSECONDS(10));
	c->reset_ns = duration(c->reset_ns, TP_MICROSECONDS(100));
	c->mode1_ns = duration(c->mode1_ns, TP_MILLISECONDS(5));
	c->cycle_ns = duration(c->cycle_ns, DEFAULT_CYCLE_NS);
	DEFAULT(c->tlb_entries, 64);
	DEFAULT(c->walk_entries, 32);
	DEFAULT(c->combine, 8);
	DEFAULT(c->trace, DEFAULT_TRACE);
	if (c->no_trace)
		c->trace = 0;
	c->name = m->bus.name;
	m->bus.vendor = TP_AMD_VENDOR;
	m->bus.device = TP_AMD_VEGA10;
	m->bus.nr_vectors = TP_AMD_NR_VECTORS;
}

/* ---- hubs and rings -------------------------------------------------------------------------- */

static void init_hubs(struct tp_amd_model *m)
{
	tp_ahw_for_each_hub(hub, m)
	{
		hub->model = m;
		hub->id = (enum tp_amd_hub_id)(hub - m->hubs);
		tp_spinlock_init(&hub->lock, TP_RANK_MODEL_RX, hub->id);
		tp_rng_fork(&hub->rng, m->config.seed, hub->id);
	}
}

static void init_rings(struct tp_amd_model *m)
{
	tp_ahw_for_each_ring(ring, m)
	{
		ring->model = m;
		ring->id = (enum tp_amd_ring_id)(ring - m->rings);
		ring->hub = &m->hubs[tp_amd_ring_hub(ring->id)];
		tp_spinlock_init(&ring->lock, TP_RANK_MODEL_TX, ring->id);
	}
}

static int make_caches(struct tp_amd_model *m, struct tp_ahw_context *context)
{
	context->leaves = tp_zalloc_array(m->config.tlb_entries, sizeof(*context->leaves));
	context->walks = tp_zalloc_array(m->config.walk_entries, sizeof(*context->walks));
	return context->leaves && context->walks ? 0 : TP_ERR(-ENOMEM, "amd model: a cache");
}

static int make_all_caches(struct tp_amd_model *m)
{
	int err = 0;

	tp_ahw_for_each_hub(hub, m) for (unsigned vmid = 0; !err && vmid < TP_AMD_NR_VMIDS; vmid++)
		err = make_caches(m, &hub->contexts[vmid]);
	return err;
}

static void free_caches(struct tp_amd_model *m)
{
	tp_ahw_for_each_hub(hub, m)
	{
		for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++) {
			tp_free(hub->contexts[vmid].leaves);
			tp_free(hub->contexts[vmid].walks);
		}
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void init(struct tp_amd_model *m, const struct tp_amd_model_config *config)
{
	m->config = *config;
	tp_bus_init(&m->bus, &tp_ahw_bus_ops, config->name);
	fill_in(m);
	tp_spinlock_init(&m->lock, TP_RANK_MODEL, 0);
	tp_spinlock_init(&m->trace_lock, TP_RANK_CORE, 0);
	tp_model_harms_init(&m->harms);
	tp_model_thread_init(&m->thread, tp_ahw_serve, m);
	init_hubs(m);
	init_rings(m);
	tp_rng_fork(&m->rng, config->seed, TP_AMD_NR_HUBS);
}

static int make(struct tp_amd_model *m)
{
	int err = make_all_caches(m);

	if (err)
		return err;
	tp_ahw_for_each_hub(hub, m) tp_ahw_hub_reset(hub);
	m->trace = tp_zalloc_array(m->config.trace + 1, sizeof(*m->trace));
	if (!m->trace)
		return TP_ERR(-ENOMEM, "amd model: a trace");
	return tp_model_window_create(&m->bus, m->config.memory, m->config.combine, &m->window);
}

static void free_model(struct tp_amd_model *m)
{
	tp_model_window_destroy(&m->bus, m->window);
	tp_free(m->trace);
	free_caches(m);
	tp_free(m);
}

int tp_amd_model_create(const struct tp_amd_model_config *config, struct tp_amd_model **model)
{
	int err = check_config(config);
	struct tp_amd_model *m;

	if (err)
		return err;
	m = tp_zalloc_aligned(64, sizeof(*m));
	if (!m)
		return TP_ERR(-ENOMEM, "amd model");
	init(m, config);
	err = make(m);
	if (!err && m->config.mode == TP_AMD_MODEL_THREAD)
		err = tp_model_thread_start(&m->thread, m->bus.name);
	if (err)
		free_model(m);
	else
		*model = m;
	return err;
}

void tp_amd_model_destroy(struct tp_amd_model *m)
{
	tp_model_thread_stop(&m->thread);
	m->bus.ops->reset(&m->bus);
	free_model(m);
}

struct tp_bus_device *tp_amd_model_bus(struct tp_amd_model *m)
{
	return &m->bus;
}

/* ---- what is done to it ---------------------------------------------------------------------- */

void tp_amd_model_lose_as(struct tp_amd_model *m, enum tp_amd_model_loss loss)
{
	tp_spin_lock(&m->lock);
	m->loss = loss;
	tp_spin_unlock(&m->lock);
}

void tp_amd_model_stick(struct tp_amd_model *m, enum tp_amd_hub_id hub, bool stuck)
{
	TP_INVARIANT(hub < TP_AMD_NR_HUBS);
	tp_spin_lock(&m->lock);
	m->hubs[hub].is_stuck = stuck;
	tp_spin_unlock(&m->lock);
}

void tp_amd_model_lose_invalidations(struct tp_amd_model *m, unsigned skip, unsigned n)
{
	tp_spin_lock(&m->lock);
	m->lose_skip = skip;
	m->lose_invalidations = n;
	tp_spin_unlock(&m->lock);
}

void tp_amd_model_hang(struct tp_amd_model *m, enum tp_amd_ring_id id, bool through)
{
	struct tp_ahw_ring *ring = &m->rings[id];

	TP_INVARIANT(id < TP_AMD_NR_RINGS);
	tp_spin_lock(&ring->lock);
	ring->hung = true;
	ring->hung_through = through;
	tp_spin_unlock(&ring->lock);
}

void tp_amd_model_refuse_resets(struct tp_amd_model *m, unsigned n)
{
	tp_spin_lock(&m->lock);
	m->refuse_resets = n;
	tp_spin_unlock(&m->lock);
}

void tp_amd_model_log(struct tp_amd_model *m, void (*fn)(void *arg, const char *line), void *arg)
{
	tp_spin_lock(&m->lock);
	m->log = fn;
	m->log_arg = arg;
	tp_spin_unlock(&m->lock);
}

/* ---- what it did ----------------------------------------------------------------------------- */

static uint64_t remembered(const struct tp_amd_model *m, const struct tp_ahw_hub *hub)
{
	uint64_t n = 0;

	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++) {
		for (unsigned i = 0; i < m->config.tlb_entries; i++)
			n += hub->contexts[vmid].leaves[i].size > 0;
		for (unsigned i = 0; i < m->config.walk_entries; i++)
			n += hub->contexts[vmid].walks[i].level > 0;
	}
	return n;
}

void tp_amd_model_stat(struct tp_amd_model *m, struct tp_amd_model_stat *stat)
{
	tp_ahw_look(m);
	tp_spin_lock(&m->lock);
	*stat = m->stat;
	tp_spin_unlock(&m->lock);
	tp_ahw_for_each_ring(ring, m)
	{
		tp_spin_lock(&ring->lock);
		stat->ring[ring->id] = ring->stat;
		tp_spin_unlock(&ring->lock);
	}
	tp_ahw_for_each_hub(hub, m)
	{
		tp_spin_lock(&hub->lock);
		stat->hub[hub->id] = hub->stat;
		stat->hub[hub->id].entries = remembered(m, hub);
		tp_spin_unlock(&hub->lock);
	}
}

uint64_t tp_amd_model_harms(struct tp_amd_model *m, struct tp_model_harm *harms, size_t max)
{
	return tp_model_harms_get(&m->harms, harms, max);
}

size_t tp_amd_model_accesses(struct tp_amd_model *m, struct tp_amd_model_access *accesses,
			     size_t max)
{
	uint64_t nr, kept;

	tp_spin_lock(&m->trace_lock);
	nr = m->nr_traced;
	kept = TP_MIN(TP_MIN(nr, (uint64_t)m->config.trace), (uint64_t)max);
	for (uint64_t i = 0; i < kept; i++)
		accesses[i] = m->trace[(nr - kept + i) % m->config.trace];
	tp_spin_unlock(&m->trace_lock);
	return kept;
}
