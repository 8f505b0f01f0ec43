/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Many threads on one address space: who binds and unbinds, who uses objects, who takes their
 * memory, while an engine reads what is bound.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/rng.h"
#include "gpu_intel_rig.h"

#define PAGE TP_PAGE_SIZE
#define VA   (RIG_DATA_VA + 64 * PAGE)

enum { NR_OBJECTS = 3, OBJECT_PAGES = 24, SPAN = 3 * TP_INTEL_PTES, NR_THREADS = 4 };
enum { ROUNDS = TP_TSAN ? 500 : 4000 };

static struct rig rig;
static struct tp_intel_object *objects[NR_OBJECTS];
static tp_atomic_u32 running;

static int make(void **state)
{
	const struct rig_config config = {
		.platform = TP_INTEL_DG2,
		.model = { .invalidate_ns = TP_MICROSECONDS(1) },
		.driver = { .service = true, .patience = { .hang_ns = TP_SECONDS(1000) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		must(tp_intel_object_create(rig.gpu, OBJECT_PAGES * PAGE,
					    i ? TP_BO_SYSTEM : TP_BO_VRAM, "shared", &objects[i]));
	return 0;
}

static int end(void **state)
{
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		tp_intel_object_put(objects[i]);
	rig_end(*state);
	return 0;
}

/* ---- what threads do ------------------------------------------------------------------------- */

static struct tp_intel_object *choose(struct tp_rng *rng)
{
	return objects[tp_rng_below(rng, NR_OBJECTS)];
}

static void bind_or_unbind(struct tp_rng *rng)
{
	const uint64_t at = tp_rng_below(rng, SPAN - OBJECT_PAGES) * PAGE;
	const uint64_t n = (1 + tp_rng_below(rng, OBJECT_PAGES)) * PAGE;
	int err;

	if (tp_rng_below(rng, 2)) {
		err = tp_intel_vm_bind(rig.vm, choose(rng), 0, VA + at, n);
		TP_INVARIANT(!err || err == -EEXIST);
	} else {
		err = tp_intel_vm_unbind(rig.vm, VA + at, 4 * n);
		TP_INVARIANT(!err || err == -ENOENT);
	}
}

static void use(struct tp_rng *rng)
{
	struct tp_intel_object *object = choose(rng);

	if (!tp_resv_try_use(object->bo.resv))
		return;
	if (object->bo.place != TP_BO_EMPTY)
		tp_intel_object_bind(object, rig.vm);
	tp_resv_unuse(object->bo.resv);
}

static void give_or_take(struct tp_rng *rng)
{
	struct tp_bo *bo = &choose(rng)->bo;
	int err = tp_resv_hold(bo->resv, TP_WAIT_FOREVER);

	if (tp_rng_below(rng, 3))
		err = tp_bo_populate(bo);
	else if (tp_rng_below(rng, 2))
		err = tp_bo_evict(bo);
	else
		err = tp_bo_empty(bo);
	TP_INVARIANT(!err);
	tp_resv_unhold(bo->resv);
}

static void (*const works[NR_THREADS])(struct tp_rng *rng) = { bind_or_unbind, bind_or_unbind, use,
							       give_or_take };

static void work(void *arg)
{
	void (*const *fn)(struct tp_rng * rng) = arg;
	struct tp_rng rng;

	tp_rng_init(&rng, (uint64_t)(fn - works));
	for (unsigned i = 0; i < ROUNDS; i++)
		(*fn)(&rng);
	tp_atomic_sub(&running, 1, TP_RELEASE);
}

/* ---- together -------------------------------------------------------------------------------- */

/* Reads all over the range, where something may be bound or not. */
static struct tp_fence *read_all(struct rig *r)
{
	struct rig_words b = { .page = 0 };

	for (unsigned i = 0; i < 10; i++)
		rig_copy_word(&b, RIG_DATA_VA, VA + i * (SPAN / 10) * PAGE);
	rig_finish(r, &b);
	return rig_submit(r, TP_INTEL_COPY, 0, 0, true);
}

static void all_at_once(void **state)
{
	struct rig *r = *state;
	const uint64_t bound = tp_atomic_load(&r->gpu->nr_bound, TP_RELAXED);
	const uint64_t tables = tp_quiet_load(&r->vm->tables.nr_tables);
	struct tp_thread threads[NR_THREADS];

	tp_atomic_store(&running, NR_THREADS, TP_RELAXED);
	for (unsigned i = 0; i < NR_THREADS; i++)
		must(tp_thread_start(&threads[i], "worker", work, (void *)(uintptr_t)&works[i]));
	do
		rig_wait(read_all(r), 0);
	while (tp_atomic_load(&running, TP_ACQUIRE));
	for (unsigned i = 0; i < NR_THREADS; i++)
		tp_thread_join(&threads[i]);
	tp_intel_vm_unbind(r->vm, VA, SPAN * PAGE);
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		assert_true(tp_list_empty(&objects[i]->vmas));
	assert_true(tp_atomic_load(&r->gpu->nr_bound, TP_RELAXED) - bound <= 2);
	assert_int_equal(tp_quiet_load(&r->vm->tables.nr_tables), tables);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_at_once, make, end),
	};

	return cmocka_run_group_tests_name("gpu_intel_vm_threads", tests, NULL, NULL);
}
