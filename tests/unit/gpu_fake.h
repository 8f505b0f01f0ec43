/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_fake - a driver of buffer objects whose device is a notebook: it writes down what it was told
 * in which order, remembers what it was once bound to until it is made to forget, and refuses to
 * forget on demand.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_FAKE_H
#define TESTS_UNIT_GPU_FAKE_H

#include <errno.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/alloc.h"
#include "core/error.h"
#include "dma_machine.h"
#include "gpu/bo.h"
#include "gpu_timeline.h"

enum { FAKE_MEMORY = 1024 * TP_PAGE_SIZE, FAKE_LOG = 256 };

struct fake_gpu {
	struct tp_bus_device bus;
	struct tp_vram *vram;
	struct tp_bo_device bos;
	struct test_timeline rcs;
	char log[FAKE_LOG]; /* a letter for each call: unbind, forget, rebind, destroy */
	tp_atomic_u32 nr_log;
	tp_atomic_u32 refuse;			  /* so many forgets fail from now on */
	tp_atomic_u32 forgets, destroyed, writes; /* writes: through the window */
	void (*in_forget)(struct tp_bo *bo);
};

struct fake_bo {
	struct tp_bo bo;
	bool bound; /* translations lead to it */
	bool known; /* or a cache of the device may remember some */
};

static struct dma_machine fake_machine;
static struct fake_gpu fake;

static inline struct fake_bo *fake_of(struct tp_bo *bo)
{
	return tp_container_of(bo, struct fake_bo, bo);
}

/* ---- its memory ------------------------------------------------------------------------------ */

static inline void fake_fill(struct tp_bus_device *bus, uint64_t offset, uint64_t first,
			     uint64_t step, size_t n)
{
	TP_INVARIANT(!(offset % 8) && offset + 8 * n <= bus->memory_size);
	for (size_t i = 0; i < n; i++) {
		uint64_t word = first + i * step;

		memcpy(bus->memory + offset + 8 * i, &word, 8);
	}
}

static inline void fake_write(struct tp_bus_device *bus, uint64_t offset, const void *from,
			      size_t len)
{
	TP_INVARIANT(!(offset % 8) && !(len % 8) && offset + len <= bus->memory_size);
	tp_atomic_add(&fake.writes, 1, TP_RELAXED);
	memcpy(bus->memory + offset, from, len);
}

static inline void fake_read(struct tp_bus_device *bus, uint64_t offset, void *to, size_t len)
{
	TP_INVARIANT(!(offset % 8) && !(len % 8) && offset + len <= bus->memory_size);
	memcpy(to, bus->memory + offset, len);
}

static const struct tp_bus_ops fake_bus_ops = { .memory_fill = fake_fill,
						.memory_write = fake_write,
						.memory_read = fake_read };

/* ---- what it is told ------------------------------------------------------------------------- */

static inline void fake_note(char what)
{
	uint32_t n = tp_atomic_add(&fake.nr_log, 1, TP_RELAXED);

	if (n + 1 < sizeof(fake.log))
		fake.log[n] = what;
}

static inline void fake_unbind(struct tp_bo *bo)
{
	TP_INVARIANT(bo->resv->held);
	fake_note('u');
	fake_of(bo)->bound = false;
}

/* B2: whether the device can reach every page of it. */
static inline bool is_mapped(const struct tp_bo *bo)
{
	for (uint32_t i = 0; i < bo->nr_chunks; i++)
		for (uint64_t page = 0; page < 1u << bo->chunks[i].order; page++) {
			tp_dma_addr at = { bo->chunks[i].address + page * TP_PAGE_SIZE };
			struct tp_iommu *iommu = bo->place == TP_BO_VRAM
							 ? fake.bus.local
							 : tp_dma_iommu(fake.bos.domain);

			if (!tp_iommu_entry(iommu, at) || strcmp(tp_iommu_tag(iommu, at), bo->tag))
				return false;
		}
	return true;
}

static inline bool fake_refuses(void)
{
	uint32_t left = tp_atomic_load(&fake.refuse, TP_RELAXED);

	return left && tp_atomic_cas(&fake.refuse, &left, left - 1, TP_ACQ_REL);
}

static inline int fake_forget(struct tp_bo *bo)
{
	struct fake_bo *f = fake_of(bo);

	TP_INVARIANT(!f->bound && bo->resv->held);
	TP_INVARIANT(is_mapped(bo)); /* B1, T1 */
	fake_note('f');
	tp_atomic_add(&fake.forgets, 1, TP_RELAXED);
	if (fake.in_forget)
		fake.in_forget(bo);
	if (fake_refuses())
		return TP_ERR(-ETIME, "the notebook remembers");
	f->known = false;
	return 0;
}

static inline void fake_rebind(struct tp_bo *bo)
{
	TP_INVARIANT(bo->resv->held && bo->place != TP_BO_EMPTY && is_mapped(bo));
	fake_note('r');
	fake_of(bo)->bound = fake_of(bo)->known = true;
}

static inline void fake_destroy(struct tp_bo *bo)
{
	fake_note('d');
	tp_atomic_add(&fake.destroyed, 1, TP_RELAXED);
	test_free(fake_of(bo));
}

static const struct tp_bo_ops fake_ops = {
	.unbind = fake_unbind, .forget = fake_forget, .rebind = fake_rebind, .destroy = fake_destroy
};

/* ---- making one ------------------------------------------------------------------------------ */

/* With @vram bytes of memory of its own; its system pages are taken near @node. */
static inline int begin_fake(uint64_t vram, int node)
{
	fake_machine = make_dma_machine();
	fake = (struct fake_gpu){ .log = "" };
	tp_bus_init(&fake.bus, &fake_bus_ops, "gpu0");
	begin_timeline(&fake.rcs, "rcs0", 0);
	if (vram) {
		fake.bus.memory_size = vram;
		fake.bus.memory = tp_zalloc_aligned(TP_PAGE_SIZE, vram);
		memset(fake.bus.memory, 0xee, vram);
		must(tp_vram_create(&fake.bus, &fake.vram));
	}
	fake.bos = (struct tp_bo_device){ .machine = fake_machine.m,
					  .domain = fake_machine.domain,
					  .bus = &fake.bus,
					  .vram = fake.vram,
					  .ops = &fake_ops,
					  .owner = { .name = "gpu0" },
					  .node = node,
					  .idle_ns = TP_MILLISECONDS(1) };
	must(tp_bo_device_init(&fake.bos));
	return 0;
}

static inline int end_fake(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_bo_device_fini(&fake.bos);
	tp_vram_destroy(fake.vram);
	tp_free(fake.bus.memory);
	end_dma_machine(&fake_machine);
	return 0;
}

/* ---- objects --------------------------------------------------------------------------------- */

static inline struct tp_bo *make_bo(uint64_t pages, enum tp_bo_place place, const char *name)
{
	struct fake_bo *f = test_calloc(1, sizeof(*f));

	must(tp_bo_init(&f->bo, &fake.bos, pages * TP_PAGE_SIZE, place, name));
	return &f->bo;
}

static inline void hold(struct tp_bo *bo)
{
	assert_true(tp_resv_try_hold(bo->resv));
}

static inline void unhold(struct tp_bo *bo)
{
	tp_resv_unhold(bo->resv);
}

static inline void pin(struct tp_bo *bo)
{
	hold(bo);
	tp_bo_pin(bo);
	unhold(bo);
}

static inline void unpin(struct tp_bo *bo)
{
	hold(bo);
	tp_bo_unpin(bo);
	unhold(bo);
}

static inline int while_held(struct tp_bo *bo, int (*what)(struct tp_bo *bo))
{
	int err;

	hold(bo);
	err = what(bo);
	unhold(bo);
	return err;
}

static inline int populate(struct tp_bo *bo)
{
	return while_held(bo, tp_bo_populate);
}

static inline int evict(struct tp_bo *bo)
{
	return while_held(bo, tp_bo_evict);
}

static inline int swap_out(struct tp_bo *bo)
{
	return while_held(bo, tp_bo_swap_out);
}

/* What is at the beginning and the end of page @page, so that no page passes for another. */
static inline uint64_t content(const struct tp_bo *bo, uint64_t page)
{
	return page << 8 | (unsigned char)bo->name[strlen(bo->name) - 1];
}

enum { LAST_WORD = TP_PAGE_SIZE - sizeof(uint64_t) };

/* While held. */
static inline void write_content(struct tp_bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += TP_PAGE_SIZE) {
		uint64_t word = content(bo, at / TP_PAGE_SIZE), other = ~word;

		tp_bo_write(bo, at, &word, sizeof(word));
		tp_bo_write(bo, at + LAST_WORD, &other, sizeof(other));
	}
}

static inline bool has_content(struct tp_bo *bo)
{
	for (uint64_t at = 0; at < bo->size; at += TP_PAGE_SIZE) {
		uint64_t word, other;

		tp_bo_read(bo, at, &word, sizeof(word));
		tp_bo_read(bo, at + LAST_WORD, &other, sizeof(other));
		if (word != content(bo, at / TP_PAGE_SIZE) || other != ~word)
			return false;
	}
	return true;
}

/* With memory, content, and translations that the device has used. */
static inline struct tp_bo *make_full_bo(uint64_t pages, enum tp_bo_place place, const char *name)
{
	struct tp_bo *bo = make_bo(pages, place, name);

	hold(bo);
	must(tp_bo_populate(bo));
	write_content(bo);
	fake_of(bo)->bound = fake_of(bo)->known = true;
	unhold(bo);
	return bo;
}

static inline void expect_content(struct tp_bo *bo)
{
	hold(bo);
	assert_true(has_content(bo));
	assert_true(is_mapped(bo));
	unhold(bo);
}

/* The device is at work on it. */
static inline struct tp_fence *keep_busy(struct tp_bo *bo)
{
	struct tp_fence *fence = request(&fake.rcs);

	assert_true(tp_resv_try_use(bo->resv));
	tp_resv_add(bo->resv, fence, true);
	tp_resv_unuse(bo->resv);
	return fence;
}

static inline void expect_log(const char *log)
{
	assert_string_equal(fake.log, log);
	memset(fake.log, 0, sizeof(fake.log));
	tp_atomic_store(&fake.nr_log, 0, TP_RELAXED);
}

/* Neither while work is under way on it, nor while it is pinned, can it be made to leave. */
static inline void expect_to_stay(struct tp_bo *bo, int (*leave)(struct tp_bo *bo))
{
	struct tp_fence *fence = keep_busy(bo);
	enum tp_bo_place place = bo->place;

	assert_int_equal(leave(bo), -ETIME);
	finish(fence);
	tp_fence_put(fence);
	pin(bo);
	assert_int_equal(leave(bo), -EBUSY);
	unpin(bo);
	expect_log("");
	assert_int_equal(bo->place, place);
	expect_content(bo);
}

static inline struct tp_bo_stat bo_stat(void)
{
	struct tp_bo_stat stat;

	tp_bo_device_stat(&fake.bos, &stat);
	return stat;
}

static inline struct tp_vram_stat vram_stat(void)
{
	struct tp_vram_stat stat;

	tp_vram_stat(fake.vram, &stat);
	return stat;
}

#endif
