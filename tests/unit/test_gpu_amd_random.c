/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_random - random programs on address spaces, beside a flat list of what each page
 * should be: map, clear, take memory and tables away, move pages, the driver's and a program's,
 * offline, reset, lose.
 *
 * After each step every page of a window is looked up by the device's walk, before its VM is
 * brought up to date (nothing, or what it should be) and after (what it should be).  Twins are two
 * VMs to which the same is done, by different backends: their tables are the same, byte by byte.
 *
 * TP_GPU_AMD_STEPS in the environment: how many steps each program has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/rng.h"
#include "gpu/bo_internal.h"
#include "gpu_amd_probe.h"
#include "mm/mapping_internal.h"

enum { SPAN = 4 * TP_AMD_PTES, NR_VMS = 2, DEVICE_BLOCKS = 2, USER_PAGES = 70 };
/* USER: in a mapping, from its second page on. */
enum { NR_OWN = 4, USER = NR_OWN, NR_OBJECTS, PRT = NR_OBJECTS };
enum { STEPS = TP_TSAN ? 25 : 250 };

/* Pages on both sides of where the root has another entry. */
#define VA	 ((UINT64_C(1) << (TP_PAGE_SHIFT + 3 * TP_AMD_PT_BITS)) - SPAN / 2 * TP_PAGE_SIZE)
#define VA_OF(i) (VA + (uint64_t)(i)*TP_PAGE_SIZE)

struct page {
	bool mapped;
	uint8_t object; /* PRT: none */
	uint16_t flags;
	uint32_t page; /* of it */
};

struct program {
	struct rig rig;
	struct tp_rng rng;
	struct tp_device *device; /* of memory */
	unsigned nr_vms;
	bool lost; /* and not all VMs are up to date since */
	struct tp_amd_vm *vms[NR_VMS];
	struct tp_amd_object *objects[NR_OBJECTS];
	struct tp_mapping *map;
	struct page pages[SPAN];
	uint64_t checks, probes, fragments;
};

static struct program program;

static uint64_t below(struct program *p, uint64_t bound)
{
	return tp_rng_below(&p->rng, bound);
}

/* ---- what is there --------------------------------------------------------------------------- */

static struct spot wanted(const struct program *p, const struct page *page)
{
	if (!page->mapped)
		return (struct spot){ 0 };
	return spot_wanted(page->object == PRT ? NULL : p->objects[page->object], page->page,
			   page->flags);
}

/* Not up to date: nothing, or what it should be. */
static void check_lagging(struct program *p, struct tp_amd_vm *vm)
{
	for (unsigned i = 0; i < SPAN; i++) {
		const struct spot found = spot_walked(&p->rig, vm, VA_OF(i));

		if (found.flags && !spot_is(found, wanted(p, &p->pages[i])))
			spot_expect(&p->rig, vm, VA_OF(i), wanted(p, &p->pages[i]));
	}
	p->probes += SPAN;
}

static void check(struct program *p, struct tp_amd_vm *vm)
{
	for (unsigned i = 0; i < SPAN; i++)
		if (!spot_is(spot_walked(&p->rig, vm, VA_OF(i)), wanted(p, &p->pages[i])))
			spot_expect(&p->rig, vm, VA_OF(i), wanted(p, &p->pages[i]));
	for (unsigned n = 0; n < 32; n++) {
		const uint64_t i = below(p, SPAN);

		spot_expect(&p->rig, vm, VA_OF(i), wanted(p, &p->pages[i]));
		/* far from everything that is mapped */
		assert_int_equal(spot_walked(&p->rig, vm, VA_OF(SPAN + below(p, VA >> 13))).flags,
				 0);
		assert_int_equal(spot_walked(&p->rig, vm, below(p, VA)).flags, 0);
	}
	p->probes += SPAN + 96;
	if (++p->checks % 4 == 0) /* T17, T18 */
		p->fragments += spot_lint(&p->rig, vm, VA, SPAN * TP_PAGE_SIZE);
}

static void same_tables(const struct tp_amd_pt *a, const struct tp_amd_pt *b)
{
	assert_int_equal(a->level, b->level);
	for (uint32_t i = 0; i < TP_AMD_PTES; i++) {
		const struct tp_amd_pt *below_a = a->level ? a->children[i] : NULL;
		const struct tp_amd_pt *below_b = b->level ? b->children[i] : NULL;

		assert_int_equal(!below_a, !below_b);
		if (below_a)
			same_tables(below_a, below_b);
		else
			assert_int_equal(tp_amd_pt_get(a, i), tp_amd_pt_get(b, i));
	}
}

static void check_all(struct program *p)
{
	for (unsigned n = 0; n < p->nr_vms && !p->lost; n++)
		check_lagging(p, p->vms[n]);
	for (unsigned n = 0; n < p->nr_vms; n++)
		must(tp_amd_vm_validate(p->vms[n]));
	p->lost = false;
	for (unsigned n = 0; n < p->nr_vms; n++)
		check(p, p->vms[n]);
	if (p->nr_vms == NR_VMS)
		same_tables(p->vms[0]->root, p->vms[1]->root);
}

/* ---- mappings -------------------------------------------------------------------------------- */

struct range {
	unsigned from, pages;
	unsigned object;
	uint64_t page;
	unsigned flags;
};

/* Short ones, and some that large leaves fit in. */
static struct range choose(struct program *p)
{
	struct range r = { .object = (unsigned)below(p, NR_OBJECTS + 1) };
	const uint64_t object_pages =
		r.object == PRT ? SPAN : p->objects[r.object]->bo.size / TP_PAGE_SIZE;
	const uint64_t most = below(p, 3) ? TP_MIN(object_pages, 60) : object_pages;

	r.pages = (unsigned)(1 + below(p, TP_MIN(most, SPAN)));
	if (object_pages >= TP_AMD_PTES && !below(p, 6))
		r.pages = TP_AMD_PTES;
	r.from = (unsigned)below(p, SPAN + 1 - r.pages);
	if (!below(p, 3) && r.pages > 8)
		r.from &= ~0x1fu;
	r.page = below(p, object_pages + 1 - r.pages);
	if (r.pages == TP_AMD_PTES) {
		r.from &= ~(unsigned)(TP_AMD_PTES - 1);
		r.page = 0;
	}
	r.flags = r.object == PRT ? TP_AMD_MAP_PRT
				  : TP_AMD_MAP_READ | (unsigned)below(p, 2) * TP_AMD_MAP_WRITE |
					    (unsigned)below(p, 2) * TP_AMD_MAP_UNCACHED;
	return r;
}

static bool is_free(const struct program *p, const struct range *r)
{
	for (unsigned i = 0; i < r->pages; i++)
		if (p->pages[r->from + i].mapped)
			return false;
	return true;
}

static void note(struct program *p, const struct range *r, bool mapped)
{
	for (unsigned i = 0; i < r->pages; i++)
		p->pages[r->from + i] = (struct page){ .mapped = mapped,
						       .object = (uint8_t)r->object,
						       .flags = (uint16_t)r->flags,
						       .page = (uint32_t)r->page + i };
}

static void map(struct program *p)
{
	const struct range r = choose(p);
	const bool fits = is_free(p, &r);
	const unsigned lazy = below(p, 3) ? 0 : TP_AMD_MAP_LAZY;

	for (unsigned n = 0; n < p->nr_vms; n++)
		assert_int_equal(tp_amd_vm_map(p->vms[n],
					       r.object == PRT ? NULL : p->objects[r.object],
					       r.page * TP_PAGE_SIZE, VA_OF(r.from),
					       r.pages * TP_PAGE_SIZE, r.flags | lazy),
				 fits ? 0 : -EEXIST);
	if (fits)
		note(p, &r, true);
}

static void replace(struct program *p)
{
	const struct range r = choose(p);

	for (unsigned n = 0; n < p->nr_vms; n++)
		must(tp_amd_vm_replace(p->vms[n], r.object == PRT ? NULL : p->objects[r.object],
				       r.page * TP_PAGE_SIZE, VA_OF(r.from), r.pages * TP_PAGE_SIZE,
				       r.flags));
	note(p, &r, true);
}

static void clear(struct program *p)
{
	const struct range r = choose(p);

	for (unsigned n = 0; n < p->nr_vms; n++)
		must(tp_amd_vm_clear(p->vms[n], VA_OF(r.from), r.pages * TP_PAGE_SIZE));
	note(p, &r, false);
}

static void clear_all(struct program *p)
{
	if (below(p, 4))
		return;
	for (unsigned n = 0; n < p->nr_vms; n++)
		must(tp_amd_vm_clear(p->vms[n], 0, TP_AMD_HOLE_START));
	note(p, &(struct range){ .pages = SPAN }, false);
}

/* ---- what happens to memory ------------------------------------------------------------------ */

static struct tp_amd_object *choose_object(struct program *p)
{
	return p->objects[below(p, NR_OBJECTS)];
}

static void evict(struct program *p)
{
	must(tp_amd_object_evict(choose_object(p)));
}

static void swap_out(struct program *p)
{
	must(tp_amd_object_swap_out(choose_object(p)));
}

/* Where it prefers to be. */
static void bring_back(struct program *p)
{
	struct tp_amd_object *object = choose_object(p);

	must(tp_amd_object_swap_out(object));
	must(tp_amd_object_populate(object));
}

static const struct tp_bo_chunk *choose_chunk(struct program *p, struct tp_bo *bo)
{
	return &bo->chunks[below(p, bo->nr_chunks)];
}

static void split(struct program *p)
{
	struct tp_bo *bo = &choose_object(p)->bo;
	const struct tp_bo_chunk *chunk;

	if (bo->place != TP_BO_SYSTEM || bo == &p->objects[USER]->bo)
		return;
	chunk = choose_chunk(p, bo);
	if (chunk->order)
		tp_bo_owner_ops.split(&bo->device->owner, tp_bo_cookie(bo->slot, chunk->page),
				      chunk->pfn, chunk->order);
}

/* As the machine does that: to a page whose cookie is the same. */
static void move_one(struct program *p, struct tp_bo *bo)
{
	const struct tp_bo_chunk old = *choose_chunk(p, bo);
	const struct tp_alloc request = { .owner = &bo->device->owner,
					  .cookie = tp_bo_cookie(bo->slot, old.page),
					  .order = old.order,
					  .type = TP_MIGRATE_MOVABLE,
					  .node = TP_NODE_NONE };
	tp_pfn new;

	if (tp_pages_alloc(p->rig.m, &request, &new))
		return;
	if (tp_bo_owner_ops.migrate(request.owner, request.cookie, old.pfn, new, old.order))
		tp_pages_free(p->rig.m, new, old.order);
	else
		tp_pages_free(p->rig.m, old.pfn, old.order);
}

/* A page of the program's, which may be one of the object's. */
static void move_user_page(struct program *p)
{
	const uint32_t page = (uint32_t)below(p, p->map->nr_pages);
	const tp_pfn old = { p->map->pfns[page] };
	const struct tp_alloc request = { .owner = &p->map->owner,
					  .cookie = page,
					  .type = TP_MIGRATE_MOVABLE,
					  .node = TP_NODE_NONE };
	tp_pfn new;

	if (tp_pages_alloc(p->rig.m, &request, &new))
		return;
	must(tp_mapping_owner_ops.migrate(request.owner, page, old, new, 0));
	tp_pages_free(p->rig.m, old, 0);
}

/* Several, so that what was in a row is scattered. */
static void move(struct program *p)
{
	const uint64_t which = below(p, NR_OBJECTS);
	struct tp_bo *bo = &p->objects[which]->bo;

	for (uint64_t n = 1 + below(p, 20); n--;) {
		if (which == USER)
			move_user_page(p);
		else if (bo->place == TP_BO_SYSTEM)
			move_one(p, bo);
	}
}

static void offline(struct program *p)
{
	if (below(p, 4))
		return;
	must(tp_device_offline(p->device, &(struct tp_offline_options){ 0 }, NULL));
	must(tp_device_online(p->device, TP_ONLINE_MOVABLE));
}

/* The same one of each VM: out of video memory, or out of reach. */
static void move_table(struct program *p)
{
	int (*const how)(struct tp_bo * bo) = below(p, 2) ? tp_bo_evict : tp_bo_swap_out;
	const unsigned levels = (unsigned)below(p, TP_AMD_LEVELS);
	const uint64_t page = VA / TP_PAGE_SIZE + below(p, SPAN);

	for (unsigned n = 0; n < p->nr_vms; n++) {
		struct tp_amd_pt *pt = p->vms[n]->root;

		for (unsigned i = 0; i < levels; i++) {
			const uint64_t index = page >> pt->level * TP_AMD_PT_BITS;

			if (pt->children[index % TP_AMD_PTES])
				pt = pt->children[index % TP_AMD_PTES];
			if (!pt->level)
				break;
		}
		tp_resv_hold(pt->bo.resv, TP_WAIT_FOREVER);
		must(how(&pt->bo));
		tp_resv_unhold(pt->bo.resv);
	}
}

static void soft_reset(struct program *p)
{
	must(tp_amd_reset(p->rig.gpu, TP_AMD_RESET_SOFT));
}

static void lose(struct program *p)
{
	if (below(p, 2))
		return;
	tp_amd_model_lose_as(p->rig.model, below(p, 4) ? TP_AMD_LOSS_GARBAGE : TP_AMD_LOSS_NOISE);
	must(tp_amd_reset(p->rig.gpu, TP_AMD_RESET_MODE1));
	p->lost = true;
}

/* ---- programs -------------------------------------------------------------------------------- */

static void run_step(struct program *p)
{
	static void (*const steps[])(struct program *) = {
		map,   map,   map,	 map,	  map,	      replace,	  replace,    clear,
		clear, clear, clear_all, evict,	  evict,      swap_out,	  bring_back, split,
		split, move,  move,	 offline, move_table, move_table, soft_reset, lose,
	};

	/* Some come one after the other before anything is brought up to date. */
	for (uint64_t n = 1 + below(p, 3); n; n--)
		steps[below(p, TP_ARRAY_SIZE(steps))](p);
	check_all(p);
}

static void make_objects(struct program *p, struct tp_amd_vm *vm)
{
	static const struct {
		unsigned pages;
		enum tp_bo_place place;
	} kinds[NR_OWN] = { { 40, TP_BO_SYSTEM },
			    { TP_AMD_PTES + 90, TP_BO_VRAM },
			    { TP_AMD_PTES + 30, TP_BO_SYSTEM },
			    { 130, TP_BO_VRAM } };

	for (unsigned i = 0; i < NR_OWN; i++)
		must(tp_amd_object_create(p->rig.gpu, kinds[i].pages * TP_PAGE_SIZE, kinds[i].place,
					  vm, "object", &p->objects[i]));
	must(tp_amd_object_create_user(p->rig.gpu, p->map, TP_PAGE_SIZE, USER_PAGES * TP_PAGE_SIZE,
				       vm, "user", &p->objects[USER]));
}

static void make_map(struct program *p)
{
	const struct tp_mapping_config config = { .name = "program",
						  .size = (USER_PAGES + 2) * TP_PAGE_SIZE,
						  .small_pages = true };

	must(tp_mapping_create(p->rig.m, &config, &p->map));
}

/* One VM with objects of its own by backend @updates, or twins that share them. */
static void make(struct program *p, bool twins, enum tp_amd_updates updates, uint64_t seed)
{
	const struct tp_device_config device = { .size = DEVICE_BLOCKS * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	const struct rig_config config = {
		.model = { .memory = TP_MIB(8), .remembers_nothing = true },
		.driver = { .patience = { .hang_ns = TP_SECONDS(100), .idle_ns = TP_SECONDS(20) } },
	};

	*p = (struct program){ .nr_vms = twins ? NR_VMS : 1 };
	tp_rng_init(&p->rng, seed);
	rig_make_driver(&p->rig, &config);
	must(tp_device_plug(p->rig.m, &device, &p->device));
	for (unsigned n = 0; n < p->nr_vms; n++) {
		const struct tp_amd_vm_config vm = {
			.updates_given = true,
			.updates = (enum tp_amd_updates)((updates + n) % 2),
		};

		must(tp_amd_vm_create(p->rig.gpu, &vm, &p->vms[n]));
	}
	make_map(p);
	make_objects(p, twins ? NULL : p->vms[0]);
}

static void end(struct program *p)
{
	for (unsigned n = 0; n < p->nr_vms; n++)
		tp_amd_vm_put(p->vms[n]);
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		tp_amd_object_put(p->objects[i]);
	must(tp_mapping_destroy(p->map));
	rig_end(&p->rig);
}

static void run(bool twins, enum tp_amd_updates updates, uint64_t seed)
{
	const char *given = getenv("TP_GPU_AMD_STEPS");
	const unsigned long steps = given ? strtoul(given, NULL, 10) : STEPS;

	make(&program, twins, updates, seed);
	for (unsigned long i = 0; i < steps; i++)
		run_step(&program);
	assert_true(program.probes > steps * SPAN);
	assert_true(program.fragments > 0);
	end(&program);
}

static void twins_have_the_same_tables(void **state)
{
	(void)state;
	run(true, TP_AMD_UPDATE_SDMA, 1);
}

static void own_objects_by_the_engine(void **state)
{
	(void)state;
	run(false, TP_AMD_UPDATE_SDMA, 2);
}

static void own_objects_by_the_processor(void **state)
{
	(void)state;
	run(false, TP_AMD_UPDATE_CPU, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins_have_the_same_tables),
		cmocka_unit_test(own_objects_by_the_engine),
		cmocka_unit_test(own_objects_by_the_processor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
