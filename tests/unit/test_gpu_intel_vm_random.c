/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random programs on objects and address spaces, beside a flat list of what each page should be:
 * bind, unbind, use, empty, evict, split and move, with chunks of all sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu/bo_internal.h"
#include "gpu_intel_rig.h"
#include "gpu_tables.h"

#define PAGE TP_PAGE_SIZE
#define BIG  TP_INTEL_BIG_PAGE
#define VA   (3 * TP_INTEL_BLOCK)

enum { BLOCK_PAGES = TP_INTEL_PTES, SPAN = 4 * BLOCK_PAGES, NR_VMS = 2, NR_OBJECTS = 3 };
enum { STEPS = TP_TSAN ? 30 : 400 };

struct page {
	unsigned object; /* from 1; 0: nothing is bound */
	unsigned page;	 /* of it */
	bool bound;
};

/* Runs of pages are too short for large leaves, and so is memory. */
static bool is_tiny(void)
{
	return TP_BO_HUGE_ORDER > TP_MAX_ORDER;
}

struct program {
	struct rig rig;
	struct tp_rng rng;
	struct tp_intel_vm *vms[NR_VMS];
	struct tp_intel_object *objects[NR_OBJECTS];
	struct page pages[NR_VMS][SPAN];
	unsigned leaves[3];
};

static struct program program;

static uint64_t below(struct program *p, uint64_t bound)
{
	return tp_rng_below(&p->rng, bound);
}

#define for_each_page(page, p)                                                                \
	for (struct page *page = (p)->pages[0]; page < (p)->pages[0] + (size_t)(NR_VMS)*SPAN; \
	     page++)                                                                          \
		if (page->object)

/* ---- what is there --------------------------------------------------------------------------- */

static uint64_t address_of(const struct program *p, const struct page *page, bool *local)
{
	const struct tp_bo *bo = &p->objects[page->object - 1]->bo;
	const struct tp_bo_chunk *chunk = tp_bo_chunk_at(bo, page->page);

	*local = bo->place == TP_BO_VRAM;
	return chunk->address + (page->page - chunk->page) * PAGE;
}

/* T17: all of the leaf is what it says. */
static void check_leaf(const struct program *p, unsigned vm, unsigned i, const struct walked *w)
{
	const unsigned size = (unsigned)(w->leaf / PAGE);
	const unsigned first = (unsigned)(VA / PAGE + i) / size * size - (unsigned)(VA / PAGE);
	bool local;

	for (unsigned n = 0; n < size; n++) {
		const struct page *page = &p->pages[vm][first + n];

		assert_true(first + n < SPAN && page->bound);
		assert_int_equal(address_of(p, page, &local) + (uint64_t)i * PAGE,
				 w->address + (uint64_t)(first + n) * PAGE);
	}
}

static void check_page(struct program *p, unsigned vm, unsigned i)
{
	const struct tp_intel_tables *t = &p->vms[vm]->tables;
	const struct walker walker = { tp_dma_iommu(p->rig.gpu->bos.domain),
				       p->rig.gpu->bus->memory, t->platform->ver,
				       tp_intel_tables_root(t) };
	const struct page *page = &p->pages[vm][i];
	const struct walked w = walk(&walker, VA + i * PAGE);
	bool local;

	assert_true(w.present);
	if (!page->bound) {
		assert_true(w.address - t->scratch_page.dma.v < t->scratch_page.size && !w.local);
		return;
	}
	assert_int_equal(w.address, address_of(p, page, &local));
	assert_int_equal(w.local, local);
	if (w.leaf > PAGE && (i == 0 || (VA + i * PAGE) % w.leaf == 0 || w.leaf == BIG))
		check_leaf(p, vm, i, &w);
	p->leaves[(w.leaf > PAGE) + (w.leaf > BIG)]++;
}

static void check_all(struct program *p)
{
	for (unsigned vm = 0; vm < NR_VMS; vm++)
		for (unsigned i = 0; i < SPAN; i++)
			check_page(p, vm, i);
}

/* ---- steps on address spaces ----------------------------------------------------------------- */

/* What borders are multiples of. */
static unsigned choose_unit(struct program *p)
{
	static const unsigned units[] = { 1, TP_INTEL_BIG_PAGES, BLOCK_PAGES };

	return units[below(p, TP_ARRAY_SIZE(units))];
}

static unsigned choose(struct program *p, unsigned unit, unsigned max)
{
	return (unsigned)below(p, max / unit + 1) * unit;
}

static bool is_free(const struct page *pages, unsigned n)
{
	while (n && !pages->object) {
		pages++;
		n--;
	}
	return !n;
}

static void bind(struct program *p)
{
	const unsigned vm = (unsigned)below(p, NR_VMS), object = (unsigned)below(p, NR_OBJECTS);
	const unsigned all = tp_bo_pages(&p->objects[object]->bo);
	const unsigned unit = choose_unit(p), offset = choose(p, unit, all - 1);
	const unsigned at = choose(p, unit, SPAN - 1);
	const unsigned n = TP_MIN(unit + choose(p, unit, all - 1), TP_MIN(all - offset, SPAN - at));
	struct page *pages = &p->pages[vm][at];
	int err;

	err = tp_intel_vm_bind(p->vms[vm], p->objects[object], offset * PAGE, VA + at * PAGE,
			       n * PAGE);
	assert_int_equal(err, is_free(pages, n) ? 0 : -EEXIST);
	for (unsigned i = 0; !err && i < n; i++)
		pages[i] = (struct page){ .object = object + 1, .page = offset + i };
}

static void unbind(struct program *p)
{
	const unsigned vm = (unsigned)below(p, NR_VMS), unit = choose_unit(p);
	const unsigned at = choose(p, unit, SPAN - 1);
	const unsigned n = TP_MIN(unit + choose(p, unit, BLOCK_PAGES), SPAN - at);
	struct page *pages = &p->pages[vm][at];

	assert_int_equal(tp_intel_vm_unbind(p->vms[vm], VA + at * PAGE, n * PAGE),
			 is_free(pages, n) ? -ENOENT : 0);
	memset(pages, 0, n * sizeof(*pages));
}

/* ---- steps on objects ------------------------------------------------------------------------ */

static void hold(struct tp_bo *bo)
{
	must(tp_resv_hold(bo->resv, TP_WAIT_FOREVER));
}

/* Chunks as large as can be had, after some fewer and fewer. */
static void populate(struct program *p, struct tp_bo *bo)
{
	if (below(p, 2))
		assert_int_equal(tp_fault_arm("gpu/bo-pages", 1 + below(p, 2), 1 + below(p, 2)), 0);
	if (below(p, 2))
		assert_int_equal(tp_fault_arm("gpu/vram", 1 + below(p, 2), 1 + below(p, 2)), 0);
	must(tp_bo_populate(bo));
	tp_fault_reset();
}

static void use(struct program *p, unsigned object)
{
	struct tp_bo *bo = &p->objects[object]->bo;

	hold(bo);
	populate(p, bo);
	for (unsigned vm = 0; vm < NR_VMS; vm++)
		tp_intel_object_bind(p->objects[object], p->vms[vm]);
	tp_resv_unhold(bo->resv);
	for_each_page(page, p) if (page->object == object + 1) page->bound = true;
}

/* None of its pages translates until it is used again. */
static void cut(struct program *p, unsigned object)
{
	for_each_page(page, p) if (page->object == object + 1) page->bound = false;
}

static void empty(struct program *p, unsigned object)
{
	struct tp_bo *bo = &p->objects[object]->bo;

	hold(bo);
	must(tp_bo_empty(bo));
	tp_resv_unhold(bo->resv);
	cut(p, object);
}

static void evict(struct program *p, unsigned object)
{
	struct tp_bo *bo = &p->objects[object]->bo;
	const bool moves = bo->place == TP_BO_VRAM;

	hold(bo);
	must(tp_bo_evict(bo));
	tp_resv_unhold(bo->resv);
	if (moves)
		cut(p, object);
}

static struct tp_bo_chunk *choose_chunk(struct program *p, struct tp_bo *bo)
{
	return &bo->chunks[below(p, bo->nr_chunks)];
}

static void split(struct program *p, unsigned object)
{
	struct tp_bo *bo = &p->objects[object]->bo;
	const struct tp_bo_chunk *chunk;

	if (bo->place != TP_BO_SYSTEM)
		return;
	chunk = choose_chunk(p, bo);
	if (chunk->order && below(p, 4) == 0)
		must(tp_bo_owner_ops.split(&bo->device->owner, tp_bo_cookie(bo->slot, chunk->page),
					   chunk->pfn, chunk->order));
}

/* As the machine does that: to a page whose cookie is the same. */
static void move(struct program *p, unsigned object)
{
	struct tp_bo *bo = &p->objects[object]->bo;
	struct tp_alloc request = { .owner = &bo->device->owner,
				    .type = TP_MIGRATE_MOVABLE,
				    .node = TP_NODE_NONE };
	struct tp_bo_chunk old;
	tp_pfn new;

	if (bo->place != TP_BO_SYSTEM)
		return;
	old = *choose_chunk(p, bo);
	request.cookie = tp_bo_cookie(bo->slot, old.page);
	request.order = old.order;
	if (tp_pages_alloc(p->rig.m, &request, &new))
		return;
	must(tp_bo_owner_ops.migrate(request.owner, request.cookie, old.pfn, new, old.order));
	tp_pages_free(p->rig.m, old.pfn, old.order);
	cut(p, object);
}

static void (*const on_objects[])(struct program *p, unsigned object) = { use,	 use,	use, empty,
									  evict, split, move };

static void run_step(struct program *p)
{
	const unsigned object = (unsigned)below(p, NR_OBJECTS);

	switch (below(p, 5)) {
	case 0:
	case 1:
		bind(p);
		break;
	case 2:
		unbind(p);
		break;
	default:
		on_objects[below(p, TP_ARRAY_SIZE(on_objects))](p, object);
	}
	check_all(p);
}

/* ---- programs -------------------------------------------------------------------------------- */

static void make(struct program *p, enum tp_intel_platform platform, uint64_t seed)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = TP_MICROSECONDS(1) },
	};
	const unsigned base = is_tiny() ? 2 : BLOCK_PAGES;

	*p = (struct program){ 0 };
	tp_rng_init(&p->rng, seed);
	rig_make(&p->rig, &config);
	for (unsigned i = 0; i < NR_VMS; i++)
		must(tp_intel_vm_create(p->rig.gpu, &p->vms[i]));
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		must(tp_intel_object_create(p->rig.gpu, (base + base / 2 * i + 21) * PAGE,
					    i ? TP_BO_VRAM : TP_BO_SYSTEM, "object",
					    &p->objects[i]));
}

static void end(struct program *p)
{
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		tp_intel_object_put(p->objects[i]);
	for (unsigned i = 0; i < NR_VMS; i++)
		tp_intel_vm_put(p->vms[i]);
	rig_end(&p->rig);
}

/* Leaves of every size that there can be. */
static bool saw_all(const struct program *p, enum tp_intel_platform platform)
{
	if (is_tiny() || TP_TSAN)
		return p->leaves[0];
	return p->leaves[0] && (p->leaves[1] || !p->vms[0]->tables.big_forms) &&
	       (p->leaves[2] || platform == TP_INTEL_BDW);
}

/* Which steps a seed means depends on the compiler, so what is rare gets more of them. */
static void run_programs(enum tp_intel_platform platform, uint64_t seed)
{
	struct program *p = &program;

	make(p, platform, seed);
	for (unsigned i = 0; i < STEPS || (i < 20 * STEPS && !saw_all(p, platform)); i++)
		run_step(p);
	assert_true(saw_all(p, platform));
	end(p);
}

static void small_pages_only(void **state)
{
	(void)state;
	run_programs(TP_INTEL_BDW, 1);
}

static void every_16th(void **state)
{
	(void)state;
	run_programs(TP_INTEL_ICL, 2);
}

static void compact_and_joined_in_both_memories(void **state)
{
	(void)state;
	run_programs(TP_INTEL_DG2, 3);
}

static void small_and_huge_in_both_memories(void **state)
{
	(void)state;
	run_programs(TP_INTEL_DG1, 4);
}

/* ---- leaves are as large as they can be ------------------------------------------------------ */

static uint64_t leaf_at(struct program *p, uint64_t va)
{
	uint64_t size;

	tp_intel_tables_peek(&p->vms[0]->tables, va, &size);
	return size;
}

static void check_sizes(enum tp_intel_platform platform, uint64_t big, uint64_t huge)
{
	struct program *p = &program;
	struct tp_intel_object *object;
	const uint64_t size = 2 * TP_INTEL_BLOCK;

	make(p, platform, 5);
	must(tp_intel_object_create(p->rig.gpu, size, TP_BO_SYSTEM, "large", &object));
	must(tp_intel_vm_bind(p->vms[0], object, 0, VA, size));
	must(tp_intel_vm_bind(p->vms[0], object, 0, VA + 3 * TP_INTEL_BLOCK + 2 * BIG, size));
	must(tp_intel_vm_bind(p->vms[0], object, 0, VA + 6 * TP_INTEL_BLOCK + PAGE, size));
	hold(&object->bo);
	must(tp_bo_populate(&object->bo));
	tp_intel_object_bind(object, p->vms[0]);
	tp_resv_unhold(object->bo.resv);
	assert_int_equal(object->bo.chunks[0].order, TP_BO_HUGE_ORDER);
	assert_int_equal(leaf_at(p, VA), huge);
	assert_int_equal(leaf_at(p, VA + 4 * TP_INTEL_BLOCK), big);
	assert_int_equal(leaf_at(p, VA + 7 * TP_INTEL_BLOCK), PAGE);
	tp_intel_object_put(object);
	end(p);
}

static void leaves_are_large(void **state)
{
	(void)state;
	if (is_tiny())
		skip();
	check_sizes(TP_INTEL_BDW, PAGE, PAGE);
	check_sizes(TP_INTEL_ICL, BIG, TP_INTEL_BLOCK);
	check_sizes(TP_INTEL_TGL, PAGE, TP_INTEL_BLOCK);
	check_sizes(TP_INTEL_DG2, BIG, TP_INTEL_BLOCK);
	check_sizes(TP_INTEL_MTL, BIG, TP_INTEL_BLOCK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_pages_only),
		cmocka_unit_test(every_16th),
		cmocka_unit_test(compact_and_joined_in_both_memories),
		cmocka_unit_test(small_and_huge_in_both_memories),
		cmocka_unit_test(leaves_are_large),
	};

	return cmocka_run_group_tests_name("gpu_intel_vm_random", tests, NULL, NULL);
}
