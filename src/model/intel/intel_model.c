/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel_model - a simulated graphics device's life: made, disturbed, looked at, gone.
 *
 * Locking: knobs under m->lock, those of one engine under its lock.
 */
#include "model/intel/intel_model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "model/intel/internal.h"

enum { VENDOR = 0x8086, MAX_ENTRIES = 4096, MAX_COMBINE = 1024 };

/* ---- making ---------------------------------------------------------------------------------- */

#ifdef TP_SIM
#define DEFAULT_MEMORY (64 * TP_PAGE_SIZE)
#else
#define DEFAULT_MEMORY TP_MIB(256)
#endif
#define MAX_MEMORY ((uint64_t)TP_IOMMU_PAGES << TP_IOMMU_PAGE_SHIFT)

static int check_memory(const struct tp_intel_model_config *c)
{
	if (c->memory && !tp_ihw_platform(c->platform)->local_memory)
		return TP_ERR_TEXT(-EINVAL, tp_ihw_platform(c->platform)->name,
				   "intel model: %s has no memory of its own");
	if (c->memory % TP_PAGE_SIZE || c->memory > MAX_MEMORY)
		return TP_ERR(-EINVAL, "intel model: %x bytes of memory; whole pages, %x at most",
			      c->memory, MAX_MEMORY);
	return 0;
}

static int check_caches(const struct tp_intel_model_config *c)
{
	if (c->tlb_entries > MAX_ENTRIES || c->walk_entries > MAX_ENTRIES)
		return TP_ERR(-EINVAL, "intel model: caches of %u and %u entries, %u are the most",
			      c->tlb_entries, c->walk_entries, (unsigned)MAX_ENTRIES);
	if (c->combine > MAX_COMBINE)
		return TP_ERR(-EINVAL, "intel model: buffers for %u writes, %u are the most",
			      c->combine, (unsigned)MAX_COMBINE);
	return 0;
}

static int check_config(const struct tp_intel_model_config *c)
{
	struct tp_ihw_engine_id ids[TP_IHW_ENGINES];
	int err;

	if (!c->name || !*c->name || strlen(c->name) >= sizeof(((struct tp_bus_device *)0)->name))
		return TP_ERR(-EINVAL, "intel model: a name has 1 to 15 bytes");
	if (!tp_ihw_platform(c->platform))
		return TP_ERR(-EINVAL, "intel model: platform %u", (unsigned)c->platform);
	if (!tp_ihw_engines(c->platform, c->gt3, ids))
		return TP_ERR_TEXT(-EINVAL, tp_ihw_platform(c->platform)->name,
				   "intel model: %s has no second video engine (gt3)");
	if (c->mode != TP_INTEL_MODEL_THREAD && c->mode != TP_INTEL_MODEL_MANUAL)
		return TP_ERR(-EINVAL, "intel model: mode %u", (unsigned)c->mode);
	err = check_memory(c);
	return err ? err : check_caches(c);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static uint64_t duration(uint64_t asked, uint64_t usual)
{
	return asked == TP_INTEL_MODEL_AT_ONCE ? 0 : asked ? asked : usual;
}

static void fill_in_invalidation(struct tp_intel_model_config *c)
{
	if (!c->invalidate_ns)
		DEFAULT(c->invalidate_most_ns, TP_MICROSECONDS(100));
	c->invalidate_ns = duration(c->invalidate_ns, TP_MICROSECONDS(40));
	c->invalidate_most_ns = TP_MAX(c->invalidate_most_ns, c->invalidate_ns);
}

static void fill_in(struct tp_intel_model *m)
{
	struct tp_intel_model_config *c = &m->config;

	m->platform = tp_ihw_platform(c->platform);
	DEFAULT(c->memory, m->platform->local_memory ? DEFAULT_MEMORY : 0);
	fill_in_invalidation(c);
	c->reset_ns = duration(c->reset_ns, TP_MICROSECONDS(100));
	c->wake_ns = duration(c->wake_ns, TP_MICROSECONDS(10));
	DEFAULT(c->tlb_entries, 64);
	DEFAULT(c->walk_entries, 16);
	DEFAULT(c->combine, 8);
	c->name = m->bus.name;
	m->bus.vendor = VENDOR;
	m->bus.device = m->platform->device;
	m->nr_gts = m->platform->has[1] ? 2 : 1;
	m->bus.nr_vectors = m->nr_gts;
}

/* ---- engines --------------------------------------------------------------------------------- */

static const char *const prefixes[TP_INTEL_NR_CLASSES] = {
	[TP_INTEL_RENDER] = "rcs",	   [TP_INTEL_VIDEO_DECODE] = "vcs",
	[TP_INTEL_VIDEO_ENHANCE] = "vecs", [TP_INTEL_COPY] = "bcs",
	[TP_INTEL_OTHER] = "gsc",	   [TP_INTEL_COMPUTE] = "ccs",
};

static void init_engine(struct tp_intel_model *m, unsigned i, const struct tp_ihw_engine_id *id)
{
	struct tp_ihw_engine *e = &m->engines[i];
	unsigned first = i;

	while (first && m->engines[first - 1].id.gt == id->gt)
		first--;
	e->model = m;
	e->id = *id;
	e->index = i;
	e->irq_bit = 1u << (i - first);
	e->invalidation = (unsigned)tp_ihw_invalidation(id->invalidate);
	tp_spinlock_init(&e->lock, TP_RANK_MODEL_TX, i);
	tp_rng_fork(&e->rng, m->config.seed, i);
	snprintf(e->stat.name, sizeof(e->stat.name), "%s%u", prefixes[id->class],
		 id->instance % 10);
}

static void init_engines(struct tp_intel_model *m)
{
	struct tp_ihw_engine_id ids[TP_IHW_ENGINES];

	m->nr_engines = tp_ihw_engines(m->config.platform, m->config.gt3, ids);
	for (unsigned i = 0; i < m->nr_engines; i++)
		init_engine(m, i, &ids[i]);
	tp_ihw_power_init(m);
}

static int make_caches(struct tp_intel_model *m, struct tp_ihw_engine *e)
{
	for (unsigned copy = 0; copy < (e->id.multicast ? TP_IHW_COPIES : 1u); copy++) {
		struct tp_ihw_tlb *tlb = &e->tlb[copy];

		tlb->entries = tp_zalloc_array(m->config.tlb_entries, sizeof(*tlb->entries));
		tlb->walks = tp_zalloc_array(m->config.walk_entries, sizeof(*tlb->walks));
		if (!tlb->entries || !tlb->walks)
			return TP_ERR(-ENOMEM, "intel model: a cache");
	}
	return 0;
}

static void free_caches(struct tp_ihw_engine *e)
{
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++) {
		tp_free(e->tlb[copy].entries);
		tp_free(e->tlb[copy].walks);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void init(struct tp_intel_model *m, const struct tp_intel_model_config *config)
{
	m->config = *config;
	tp_bus_init(&m->bus, &tp_ihw_bus_ops, config->name);
	fill_in(m);
	tp_spinlock_init(&m->lock, TP_RANK_MODEL, 0);
	tp_model_harms_init(&m->harms);
	tp_model_thread_init(&m->thread, tp_ihw_serve, m);
	init_engines(m);
	tp_rng_fork(&m->rng, config->seed, TP_IHW_ENGINES);
	for (unsigned gt = 0; gt < m->nr_gts; gt++)
		tp_ihw_firmware_start(m, gt);
}

static int make(struct tp_intel_model *m)
{
	int err = 0;

	tp_ihw_for_each_engine(e, m) err = err ? err : make_caches(m, e);
	if (!err)
		err = tp_model_window_create(&m->bus, m->config.memory, m->config.combine,
					     &m->window);
	return err;
}

static void free_model(struct tp_intel_model *m)
{
	tp_model_window_destroy(&m->bus, m->window);
	tp_ihw_for_each_engine(e, m) free_caches(e);
	tp_free(m);
}

int tp_intel_model_create(const struct tp_intel_model_config *config, struct tp_intel_model **model)
{
	int err = check_config(config);
	struct tp_intel_model *m;

	if (err)
		return err;
	m = tp_zalloc_aligned(64, sizeof(*m));
	if (!m)
		return TP_ERR(-ENOMEM, "intel model");
	init(m, config);
	err = make(m);
	if (!err && m->config.mode == TP_INTEL_MODEL_THREAD)
		err = tp_model_thread_start(&m->thread, m->bus.name);
	if (err)
		free_model(m);
	else
		*model = m;
	return err;
}

void tp_intel_model_destroy(struct tp_intel_model *m)
{
	tp_model_thread_stop(&m->thread);
	m->bus.ops->reset(&m->bus);
	free_model(m);
}

struct tp_bus_device *tp_intel_model_bus(struct tp_intel_model *m)
{
	return &m->bus;
}

/* ---- what is done to it ---------------------------------------------------------------------- */

static void set(struct tp_intel_model *m, unsigned *field, unsigned value)
{
	tp_spin_lock(&m->lock);
	*field = value;
	tp_spin_unlock(&m->lock);
}

static void set_flag(struct tp_intel_model *m, bool *field, bool value)
{
	tp_spin_lock(&m->lock);
	*field = value;
	tp_spin_unlock(&m->lock);
}

void tp_intel_model_stick(struct tp_intel_model *m, unsigned engine, bool stuck)
{
	TP_INVARIANT(engine == ~0u || engine < m->nr_engines);
	tp_ihw_for_each_engine(e, m)
	{
		if (engine != ~0u && engine != e->index)
			continue;
		tp_spin_lock(&e->lock);
		for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
			e->tlb[copy].is_stuck = stuck;
		tp_spin_unlock(&e->lock);
	}
}

void tp_intel_model_lose_invalidations(struct tp_intel_model *m, unsigned skip, unsigned n)
{
	tp_spin_lock(&m->lock);
	m->lose_skip = skip;
	m->lose = n;
	tp_spin_unlock(&m->lock);
}

void tp_intel_model_hang(struct tp_intel_model *m, unsigned engine)
{
	TP_INVARIANT(engine < m->nr_engines);
	tp_spin_lock(&m->engines[engine].lock);
	m->engines[engine].hung = true;
	tp_spin_unlock(&m->engines[engine].lock);
}

void tp_intel_model_refuse_resets(struct tp_intel_model *m, unsigned n)
{
	set(m, &m->refuse_resets, n);
}

void tp_intel_model_reset_leaves_requests(struct tp_intel_model *m, bool leaves_set)
{
	set_flag(m, &m->reset_leaves_set, leaves_set);
}

void tp_intel_model_mute_firmware(struct tp_intel_model *m, unsigned n)
{
	set(m, &m->mute, n);
}

void tp_intel_model_refuse_wake(struct tp_intel_model *m, bool refuse)
{
	set_flag(m, &m->refuse_wake, refuse);
}

void tp_intel_model_log(struct tp_intel_model *m, void (*fn)(void *arg, const char *line),
			void *arg)
{
	tp_spin_lock(&m->lock);
	m->log = fn;
	m->log_arg = arg;
	tp_spin_unlock(&m->lock);
}

/* ---- what it did ----------------------------------------------------------------------------- */

static void copy_engine(struct tp_ihw_engine *e, struct tp_intel_model_engine_stat *stat)
{
	tp_spin_lock(&e->lock);
	*stat = e->stat;
	stat->entries = tp_ihw_tlb_remembered(e);
	tp_spin_unlock(&e->lock);
}

void tp_intel_model_stat(struct tp_intel_model *m, struct tp_intel_model_stat *stat)
{
	tp_ihw_look(m);
	tp_spin_lock(&m->lock);
	*stat = m->stat;
	stat->nr_engines = m->nr_engines;
	tp_ihw_for_each_engine(e, m) copy_engine(e, &stat->engine[e->index]);
	tp_spin_unlock(&m->lock);
}

bool tp_intel_model_is_empty(struct tp_intel_model *m, unsigned gt)
{
	uint64_t entries = 0;

	tp_ihw_look(m);
	tp_ihw_for_each_engine_of(e, m, gt)
	{
		tp_spin_lock(&e->lock);
		entries += tp_ihw_tlb_remembered(e);
		tp_spin_unlock(&e->lock);
	}
	return !entries;
}
