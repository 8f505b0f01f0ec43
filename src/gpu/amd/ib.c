/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ib - the pool in which command streams lie. */
#include "gpu/amd/internal.h"

enum { UNIT_DW = TP_AMD_IB_UNIT_DW };

_Static_assert(TP_AMD_IB_UNITS == TP_AMD_IB_POOL_PAGES * TP_PAGE_SIZE / (UNIT_DW * 4),
	       "a bit for each unit of the pool");
_Static_assert(TP_AMD_JOB_MAX_DW * 2 <= TP_AMD_IB_UNITS * UNIT_DW,
	       "two of the largest jobs: one is filled while another runs");

static bool is_used(const struct tp_amd_ib_pool *pool, unsigned unit)
{
	return pool->used[unit / 64] >> unit % 64 & 1;
}

static void set_used(struct tp_amd_ib_pool *pool, unsigned first, unsigned n, bool used)
{
	for (unsigned unit = first; unit < first + n; unit++) {
		TP_INVARIANT(is_used(pool, unit) != used);
		pool->used[unit / 64] ^= UINT64_C(1) << unit % 64;
	}
}

/* How many units from @unit on are all used, or all free: one, or a word of them. */
static unsigned alike(const struct tp_amd_ib_pool *pool, unsigned unit)
{
	const uint64_t word = pool->used[unit / 64];

	return unit % 64 || (word && ~word) ? 1 : TP_MIN(64u, TP_AMD_IB_UNITS - unit);
}

/* The first of @n free units in a row from @from on; as many as there are: none. */
static unsigned find_after(const struct tp_amd_ib_pool *pool, unsigned from, unsigned n)
{
	unsigned first = from;

	for (unsigned unit = from, some; unit < TP_AMD_IB_UNITS; unit += some) {
		some = alike(pool, unit);
		if (is_used(pool, unit))
			first = unit + some;
		else if (unit + some - first >= n)
			return first;
	}
	return TP_AMD_IB_UNITS;
}

static unsigned take(struct tp_amd_ib_pool *pool, unsigned n)
{
	unsigned first;

	tp_spin_lock(&pool->lock);
	first = find_after(pool, pool->next, n);
	if (first == TP_AMD_IB_UNITS)
		first = find_after(pool, 0, n);
	if (first < TP_AMD_IB_UNITS) {
		set_used(pool, first, n, true);
		pool->next = first + n;
	}
	tp_spin_unlock(&pool->lock);
	return first;
}

static unsigned units(uint32_t dwords)
{
	return (dwords + UNIT_DW - 1) / UNIT_DW;
}

bool tp_amd_ib_get(struct tp_amd *gpu, uint32_t dwords, struct tp_amd_ib *ib)
{
	unsigned first;

	TP_INVARIANT(dwords && dwords <= TP_AMD_JOB_MAX_DW);
	first = take(&gpu->ib_pool, units(dwords));
	if (first == TP_AMD_IB_UNITS)
		return false;
	*ib = (struct tp_amd_ib){
		.words = (uint32_t *)gpu->ibs.address + (size_t)first * UNIT_DW,
		.address = gpu->ibs_address + (uint64_t)first * UNIT_DW * 4,
		.room = units(dwords) * UNIT_DW,
	};
	return true;
}

void tp_amd_ib_put_back(struct tp_amd *gpu, struct tp_amd_ib *ib)
{
	struct tp_amd_ib_pool *pool = &gpu->ib_pool;
	size_t first = (size_t)(ib->words - (uint32_t *)gpu->ibs.address) / UNIT_DW;

	if (!ib->words)
		return;
	tp_spin_lock(&pool->lock);
	set_used(pool, (unsigned)first, ib->room / UNIT_DW, false);
	tp_spin_unlock(&pool->lock);
	*ib = (struct tp_amd_ib){ 0 };
}

int tp_amd_ib_init(struct tp_amd *gpu)
{
	int err = tp_dma_alloc(gpu->bos.domain, TP_AMD_IB_POOL_PAGES * TP_PAGE_SIZE,
			       gpu->config.node, "command streams", &gpu->ibs);

	tp_spinlock_init(&gpu->ib_pool.lock, TP_RANK_GPU_VRAM, 2);
	if (!err)
		err = tp_amd_gart_insert(gpu, gpu->ibs.dma, TP_AMD_IB_POOL_PAGES,
					 &gpu->ibs_address);
	return err;
}

void tp_amd_ib_fini(struct tp_amd *gpu)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(gpu->ib_pool.used); i++)
		TP_INVARIANT(!gpu->ib_pool.used[i]);
	if (gpu->ibs_address)
		tp_amd_gart_remove(gpu, gpu->ibs_address, TP_AMD_IB_POOL_PAGES);
	tp_dma_free(&gpu->ibs);
}
