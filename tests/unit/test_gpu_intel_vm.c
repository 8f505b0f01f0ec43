/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Address spaces: bound, unbound under work, taken apart, and what can fail on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu/bo_internal.h"
#include "gpu_intel_rig.h"

#define PAGE TP_PAGE_SIZE
#define VA   UINT64_C(0x17000000000)

enum { MANY = 200 };

static struct rig rig;

static int make(void **state, enum tp_intel_platform platform, enum tp_intel_tlb_rule rule)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL,
			   .invalidate_ns = TP_MICROSECONDS(1),
			   .reset_ns = TP_MICROSECONDS(20) },
		.driver = { .rule = rule, .patience = { .hang_ns = TP_SECONDS(1000) } },
	};

	*state = &rig;
	rig_make(&rig, &config);
	return 0;
}

static int make_dg2(void **state)
{
	return make(state, TP_INTEL_DG2, TP_INTEL_TLB_STARTED);
}

static int make_mtl(void **state)
{
	return make(state, TP_INTEL_MTL, TP_INTEL_TLB_STARTED);
}

static int make_as_linux(void **state)
{
	return make(state, TP_INTEL_DG2, TP_INTEL_TLB_COMPLETED);
}

static int end_rig(void **state)
{
	tp_fault_reset();
	rig_end(*state);
	return 0;
}

/* After a stale translation was used. */
static int end_harmed(void **state)
{
	struct rig *r = *state;

	rig_put_objects(r);
	must(tp_intel_destroy(r->gpu));
	tp_intel_model_destroy(r->model);
	end_machine(r->m);
	return 0;
}

static struct tp_gpu_tlb_stats tlb_stats(struct rig *r)
{
	struct tp_gpu_tlb_stats stats;

	tp_intel_tlb_stats(&r->gpu->gts[0], &stats);
	return stats;
}

static uint64_t tables(struct rig *r)
{
	return tp_quiet_load(&r->vm->tables.nr_tables);
}

static bool is_bound(struct rig *r, uint64_t va)
{
	return tp_intel_vm_peek(r->vm, va) != r->vm->tables.scratch_pte;
}

/* Held and with memory, as a submission has it: all bindings translate. */
static void translate(struct rig *r, struct tp_intel_object *object)
{
	must(tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER));
	must(tp_bo_populate(&object->bo));
	tp_intel_object_bind(object, r->vm);
	tp_resv_unhold(object->bo.resv);
}

static struct tp_intel_object *make_object(struct rig *r, unsigned pages)
{
	struct tp_intel_object *object;

	must(tp_intel_object_create(r->gpu, pages * PAGE, TP_BO_SYSTEM, "object", &object));
	return object;
}

/* An engine reads a word of the data until that is 0. */
static struct tp_fence *spin(struct rig *r)
{
	struct tp_fence *fence;

	rig_write(r, 0, 1);
	rig_make_spinner(r, 0, 0);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, false);
	for (unsigned i = 0; i < 4; i++)
		tp_intel_model_run(r->model, 16);
	assert_false(tp_fence_is_signaled(fence));
	return fence;
}

static void end_spin(struct rig *r, struct tp_fence *fence)
{
	tp_atomic_store(rig_live(r, 0), 0, TP_RELEASE);
	rig_run(r);
	rig_expect(fence, 0);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void numbers_differ_and_are_used_again(void **state)
{
	struct rig *r = *state;
	struct tp_intel_vm *vm, *other;
	uint32_t asid;

	must(tp_intel_vm_create(r->gpu, &vm));
	must(tp_intel_vm_create(r->gpu, &other));
	asid = vm->asid;
	assert_int_not_equal(asid, 0);
	assert_int_not_equal(asid, other->asid);
	assert_int_not_equal(asid, r->vm->asid);
	tp_intel_vm_put(vm);
	must(tp_intel_vm_create(r->gpu, &vm));
	assert_int_equal(vm->asid, asid);
	tp_intel_vm_put(vm);
	tp_intel_vm_put(other);
}

static void numbers_run_out(void **state)
{
	struct rig *r = *state;
	struct tp_intel_vm *vm;
	uint32_t used[TP_ARRAY_SIZE(r->gpu->asids)];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(used); i++)
		used[i] = tp_atomic_exchange(&r->gpu->asids[i], ~UINT32_C(0), TP_RELAXED);
	assert_int_equal(tp_intel_vm_create(r->gpu, &vm), -ENOSPC);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(used); i++)
		tp_atomic_store(&r->gpu->asids[i], used[i], TP_RELAXED);
}

static void creating_fails(void **state)
{
	struct rig *r = *state;
	static const char *const sites[] = { "core/alloc", "gpu/intel-table" };
	const uint64_t vms = tp_atomic_load(&r->gpu->nr_vms, TP_RELAXED);

	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		struct tp_intel_vm *vm;
		int err = -ENOMEM;

		for (unsigned nth = 1; err; nth++) {
			assert_int_equal(tp_fault_arm(sites[i], nth, 1), 0);
			err = tp_intel_vm_create(r->gpu, &vm);
			tp_fault_reset();
			assert_true(err ? err == -ENOMEM : nth > 1);
		}
		tp_intel_vm_put(vm);
		assert_int_equal(tp_atomic_load(&r->gpu->nr_vms, TP_RELAXED), vms);
		/* numbers of those that failed are free */
		assert_int_equal(tp_atomic_load(&r->gpu->asids[0], TP_RELAXED), 1);
	}
}

/* ---- bind ------------------------------------------------------------------------------------ */

static void ranges_are_checked(void **state)
{
	struct rig *r = *state;
	const uint64_t end = UINT64_C(1) << TP_INTEL_VA_BITS;

	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA, 0), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA + 8, PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA, PAGE / 2), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, PAGE / 2, VA, PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA, 5 * PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 4 * PAGE, VA, PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, PAGE, VA, -PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, end, PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, end - PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, -PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(tp_intel_vm_unbind(r->vm, VA, 0), -EINVAL);
	assert_int_equal(tp_intel_vm_unbind(r->vm, VA + 1, PAGE), -EINVAL);
	must(tp_intel_vm_bind(r->vm, r->data, 0, end - PAGE, PAGE));
	must(tp_intel_vm_unbind(r->vm, end - PAGE, PAGE));
}

static void what_overlaps_is_refused(void **state)
{
	struct rig *r = *state;

	must(tp_intel_vm_bind(r->vm, r->data, 0, VA + 4 * PAGE, 2 * PAGE));
	must(tp_intel_vm_bind(r->vm, r->data, 0, VA + 8 * PAGE, PAGE));
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA + 4 * PAGE, 2 * PAGE), -EEXIST);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA + 5 * PAGE, PAGE), -EEXIST);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA + 3 * PAGE, 2 * PAGE), -EEXIST);
	assert_int_equal(tp_intel_vm_bind(r->vm, r->data, 0, VA + 5 * PAGE, 4 * PAGE), -EEXIST);
	must(tp_intel_vm_bind(r->vm, r->data, 0, VA + 2 * PAGE, 2 * PAGE));
	must(tp_intel_vm_bind(r->vm, r->data, 0, VA + 6 * PAGE, 2 * PAGE));
	must(tp_intel_vm_unbind(r->vm, VA, 16 * PAGE));
	assert_int_equal(tp_intel_vm_unbind(r->vm, VA, 16 * PAGE), -ENOENT);
}

static void binding_fails(void **state)
{
	struct rig *r = *state;
	static const char *const sites[] = { "core/alloc", "gpu/intel-table" };
	const uint64_t before = tables(r);

	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		int err = -ENOMEM;

		for (unsigned nth = 1; err; nth++) {
			assert_int_equal(tp_fault_arm(sites[i], nth, 1), 0);
			err = tp_intel_vm_bind(r->vm, r->data, 0, VA, PAGE);
			tp_fault_reset();
			assert_true(err ? err == -ENOMEM && tables(r) == before : nth > 1);
			if (err)
				assert_int_equal(tp_intel_vm_unbind(r->vm, VA, PAGE), -ENOENT);
		}
		assert_int_equal(tables(r), before + 3);
		must(tp_intel_vm_unbind(r->vm, VA, PAGE));
		assert_int_equal(tables(r), before);
	}
}

/* ---- unbind ---------------------------------------------------------------------------------- */

/* Bound: 16 pages with a gap of 2 on each side, of three objects. */
static void bind_row(struct rig *r, struct tp_intel_object *objects[3])
{
	for (unsigned i = 0; i < 3; i++) {
		objects[i] = make_object(r, 16);
		must(tp_intel_vm_bind(r->vm, objects[i], 0, VA + i * 18 * PAGE, 16 * PAGE));
		translate(r, objects[i]);
	}
}

static void expect_row(struct rig *r, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < 54; i++)
		assert_int_equal(is_bound(r, VA + i * PAGE), i % 18 < 16 && (i < from || i >= to));
}

static void check_unbind(struct rig *r, unsigned from, unsigned to, unsigned left)
{
	struct tp_intel_object *objects[3];
	const uint64_t bound = tp_atomic_load(&r->gpu->nr_bound, TP_RELAXED);

	bind_row(r, objects);
	must(tp_intel_vm_unbind(r->vm, VA + from * PAGE, (to - from) * PAGE));
	expect_row(r, from, to);
	assert_int_equal(tp_atomic_load(&r->gpu->nr_bound, TP_RELAXED), bound + left);
	must(tp_intel_vm_bind(r->vm, r->data, 0, VA + from * PAGE, PAGE));
	must(tp_intel_vm_unbind(r->vm, VA, 54 * PAGE));
	expect_row(r, 0, 54);
	for (unsigned i = 0; i < 3; i++)
		tp_intel_object_put(objects[i]);
}

static void parts_are_unbound(void **state)
{
	struct rig *r = *state;

	check_unbind(r, 18, 34, 2); /* whole */
	check_unbind(r, 18, 20, 3); /* head */
	check_unbind(r, 30, 36, 3); /* tail */
	check_unbind(r, 22, 25, 4); /* middle */
	check_unbind(r, 5, 40, 2);
	check_unbind(r, 0, 54, 0);
}

/* Whatever fails does so before anything was unbound. */
static void unbinding_fails(void **state)
{
	struct rig *r = *state;
	static const char *const sites[] = { "core/alloc", "gpu/intel-table" };
	/* Only of these another table is needed. */
	const bool has_compact = r->vm->tables.big_forms & TP_INTEL_BIG_COMPACT;
	struct tp_intel_object *objects[3];

	bind_row(r, objects);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		int err = -ENOMEM;

		for (unsigned nth = 1; err; nth++) {
			assert_int_equal(tp_fault_arm(sites[i], nth, 1), 0);
			err = tp_intel_vm_unbind(r->vm, VA + (10 + i) * PAGE, PAGE);
			tp_fault_reset();
			assert_true(err ? err == -ENOMEM : nth > 1 || !has_compact);
			expect_row(r, 10, 10 + i + !err);
		}
	}
	must(tp_intel_vm_unbind(r->vm, VA, 54 * PAGE));
	for (unsigned i = 0; i < 3; i++)
		tp_intel_object_put(objects[i]);
}

/* T1: an engine that reads all the while finds scratch once unbind has returned. */
static void t1_unbound_under_work(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);

	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, PAGE));
	rig_run(r);
	rig_expect(fence, 0);
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, PAGE));
}

/* One invalidation for all of them, when all are cut. */
static void t1_many_unbound_under_work(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 8);
	struct tp_fence *fence;

	must(tp_intel_vm_bind(r->vm, object, 0, RIG_DATA_VA + 8 * PAGE, 8 * PAGE));
	translate(r, object);
	fence = spin(r);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 12 * PAGE));
	rig_run(r);
	rig_expect(fence, 0);
	assert_true(is_bound(r, RIG_DATA_VA + 12 * PAGE));
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, 4 * PAGE));
	tp_intel_object_put(object);
}

/* The test can tell: if the hardware forgets nothing, it goes on as before. */
static void t1_needs_the_caches_to_forget(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);

	tp_intel_model_lose_invalidations(r->model, 0, 64);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, PAGE));
	tp_intel_model_run(r->model, 64);
	assert_false(tp_fence_is_signaled(fence));
	tp_intel_model_lose_invalidations(r->model, 0, 0);
	end_spin(r, fence);
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, PAGE));
}

/* T15: the tables of what was unbound go back to the machine, and no engine walks there. */
static void t15_tables_are_forgotten_before_they_go(void **state)
{
	struct rig *r = *state;
	const uint64_t before = tables(r);
	struct tp_fence *fence = spin(r);

	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 4 * PAGE));
	assert_int_equal(tables(r), before - 2);
	rig_run(r);
	rig_expect(fence, 0);
	assert_int_equal(tp_intel_model_harms(r->model, NULL, 0), 0);
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, 4 * PAGE));
}

/* Walk caches remember them: without an invalidation an engine would read what was given back. */
static void t15_needs_the_caches_to_forget(void **state)
{
	struct rig *r = *state;
	struct rig_words b = { .page = 0 };
	struct tp_fence *fence;

	rig_write(r, 0, 1);
	rig_copy_word(&b, RIG_DATA_VA + 4, RIG_DATA_VA);
	rig_copy_word(&b, RIG_DATA_VA + PAGE, RIG_DATA_VA + 2 * PAGE);
	rig_finish(r, &b);
	fence = rig_submit(r, TP_INTEL_RENDER, 0, 0, true);
	while (!tp_atomic_load(rig_live(r, 1), TP_ACQUIRE))
		tp_intel_model_run_engine(r->model, rig_engine(r, "rcs0")->index, 1);
	assert_false(tp_fence_is_signaled(fence));
	tp_intel_model_lose_invalidations(r->model, 0, 64);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 4 * PAGE));
	rig_run(r);
	assert_true(tp_intel_model_harms(r->model, NULL, 0) > 0);
	tp_intel_model_lose_invalidations(r->model, 0, 0);
	must(tp_intel_reset(r->gpu)); /* it hangs where it was refused */
	tp_fence_put(fence);
}

/* ---- caches that do not forget in time ------------------------------------------------------- */

static void unbind_times_out(void **state)
{
	struct rig *r = *state;
	const uint64_t before = tables(r);
	struct tp_fence *fence = spin(r);

	assert_int_equal(tp_fault_arm("gpu/intel-invalidate", 1, UINT64_MAX), 0);
	assert_int_equal(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 4 * PAGE), -ETIME);
	tp_fault_reset();
	assert_false(is_bound(r, RIG_DATA_VA));
	assert_int_equal(tables(r), before);
	assert_true(tp_intel_tables_have_stale(&r->vm->tables));
	/* the next one does what this one could not */
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, 4 * PAGE));
	translate(r, r->data);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 4 * PAGE));
	assert_int_equal(tables(r), before - 2);
	rig_run(r);
	tp_fence_put(fence);
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, 4 * PAGE));
}

/* What its object's move cut, and no cache was seen to forget, is not forgotten for all that. */
static void what_was_cut_before_times_out(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 1);
	struct tp_fence *fence = spin(r);

	must(tp_intel_vm_bind(r->vm, object, 0, VA, PAGE));
	translate(r, object);
	assert_int_equal(tp_fault_arm("gpu/intel-invalidate", 1, UINT64_MAX), 0);
	must(tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER));
	assert_int_equal(tp_bo_empty(&object->bo), -ETIME);
	tp_resv_unhold(object->bo.resv);
	assert_int_equal(tp_intel_vm_unbind(r->vm, VA, PAGE), -ETIME);
	tp_fault_reset();
	must(tp_intel_reset(r->gpu));
	tp_fence_put(fence);
	tp_intel_object_put(object);
}

static void taking_apart_times_out(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 4);
	struct tp_fence *fence = spin(r);
	struct tp_intel_vm *vm;
	struct tp_intel_vm *own = r->vm;
	uint32_t asid;

	must(tp_intel_vm_create(r->gpu, &vm));
	asid = vm->asid;
	must(tp_intel_vm_bind(vm, object, 0, VA, 4 * PAGE));
	r->vm = vm;
	translate(r, object);
	r->vm = own;
	tp_intel_object_put(object);
	assert_int_equal(tp_fault_arm("gpu/intel-invalidate", 1, UINT64_MAX), 0);
	tp_intel_vm_put(vm);
	assert_int_equal(tp_bo_quarantined(&r->gpu->bos), 4);
	assert_ptr_equal(tp_atomic_load(&r->gpu->dead_vms, TP_RELAXED), vm);
	assert_int_equal(tp_intel_vms_bury(r->gpu), 1);
	must(tp_intel_vm_create(r->gpu, &vm));
	assert_int_not_equal(vm->asid, asid);
	tp_fault_reset();
	tp_intel_vm_put(vm);
	assert_int_equal(tp_intel_vms_bury(r->gpu), 0);
	assert_null(tp_atomic_load(&r->gpu->dead_vms, TP_RELAXED));
	tp_intel_service(r->gpu); /* resets, and lets the quarantine go */
	rig_run(r);
	assert_int_equal(tp_bo_quarantined(&r->gpu->bos), 0);
	tp_fence_put(fence);
}

/* ---- an address space whose work outlives its user ------------------------------------------- */

static void work_keeps_its_address_space(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);
	tp_atomic_u32 *word = rig_live(r, 0);

	tp_intel_vm_put(r->vm);
	tp_intel_model_run(r->model, 64);
	assert_false(tp_fence_is_signaled(fence));
	assert_false(tp_list_empty(&r->data->vmas));
	tp_atomic_store(word, 0, TP_RELEASE);
	rig_run(r);
	rig_expect(fence, 0);
	rig_run(r);
	assert_true(tp_list_empty(&r->data->vmas));
	assert_int_equal(tp_atomic_load(&r->gpu->nr_vms, TP_RELAXED), 0);
	must(tp_intel_vm_create(r->gpu, &r->vm));
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* Objects that only their bindings keep. */
static void bind_many(struct rig *r)
{
	for (unsigned i = 0; i < MANY; i++) {
		struct tp_intel_object *object = make_object(r, 1);

		must(tp_intel_vm_bind(r->vm, object, 0, VA + i * PAGE, PAGE));
		translate(r, object);
		tp_intel_object_put(object);
	}
}

static void unbind_many(struct rig *r, uint64_t most)
{
	struct tp_fence *fence = spin(r);
	const struct tp_gpu_tlb_stats before = tlb_stats(r);
	struct tp_gpu_tlb_stats after;

	bind_many(r);
	must(tp_intel_vm_unbind(r->vm, VA, MANY * PAGE));
	after = tlb_stats(r);
	assert_true(after.full - before.full <= most);
	assert_true(after.elided - before.elided >= MANY - 1);
	assert_int_equal(after.range, before.range);
	end_spin(r, fence);
}

static void many_cost_one_invalidation(void **state)
{
	unbind_many(*state, 1);
}

static void many_cost_two_as_linux_counts(void **state)
{
	unbind_many(*state, 2);
}

static void move(struct rig *r, struct tp_bo *bo, uint32_t page)
{
	const struct tp_bo_chunk old = *tp_bo_chunk_at(bo, page);
	const struct tp_alloc request = { .owner = &bo->device->owner,
					  .cookie = tp_bo_cookie(bo->slot, page),
					  .type = TP_MIGRATE_MOVABLE,
					  .node = TP_NODE_NONE };
	tp_pfn new;

	must(tp_pages_alloc(r->m, &request, &new));
	must(tp_bo_owner_ops.migrate(request.owner, request.cookie, old.pfn, new, 0));
	tp_pages_free(r->m, old.pfn, 0);
}

/* It is bound again when it is used next, to where it is then. */
static void moving_page_by_page_costs_one_invalidation(void **state)
{
	enum { PAGES = 15 };
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, PAGES);
	struct tp_fence *fence = spin(r);
	struct tp_gpu_tlb_stats before;

	must(tp_intel_vm_bind(r->vm, object, 0, VA, PAGES * PAGE));
	translate(r, object);
	before = tlb_stats(r);
	for (uint32_t page = 0; page < PAGES; page++)
		move(r, &object->bo, page);
	assert_int_equal(tlb_stats(r).requested, before.requested + 1);
	assert_false(is_bound(r, VA));
	translate(r, object);
	for (uint32_t page = 0; page < PAGES; page++)
		assert_int_equal(tp_intel_vm_peek(r->vm, VA + page * PAGE) & TP_INTEL_PTE_ADDRESS,
				 tp_bo_chunk_at(&object->bo, page)->address);
	tp_intel_object_put(object);
	end_spin(r, fence);
}

static void taking_apart_costs_one_invalidation(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);
	struct tp_intel_vm *own = r->vm, *vm;
	struct tp_gpu_tlb_stats before;

	must(tp_intel_vm_create(r->gpu, &vm));
	r->vm = vm;
	bind_many(r);
	r->vm = own;
	before = tlb_stats(r);
	tp_intel_vm_put(vm);
	assert_int_equal(tlb_stats(r).full, before.full + 1);
	end_spin(r, fence);
}

/* Its root may be remembered, and leads to tables that go. */
static void an_empty_one_is_forgotten_too(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);
	const struct tp_gpu_tlb_stats before = tlb_stats(r);
	struct tp_intel_vm *vm;

	must(tp_intel_vm_create(r->gpu, &vm));
	tp_intel_vm_put(vm);
	assert_int_equal(tlb_stats(r).full, before.full + 1);
	end_spin(r, fence);
}

/* ---- firmware forgets a range ---------------------------------------------------------------- */

/* Nothing else of it was cut, and no table went: nothing is left to forget when it goes. */
static void a_range_is_enough(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 4);
	struct tp_fence *fence = spin(r);
	struct tp_gpu_tlb_stats before;

	must(tp_intel_vm_bind(r->vm, object, 0, RIG_DATA_VA + 8 * PAGE, 4 * PAGE));
	translate(r, object);
	before = tlb_stats(r);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA + 8 * PAGE, 4 * PAGE));
	assert_int_equal(tlb_stats(r).range, before.range + 1);
	tp_intel_object_put(object);
	assert_int_equal(tlb_stats(r).full, before.full);
	end_spin(r, fence);
}

/* T15: directories that lead to tables are not of the range. */
static void a_range_does_not_do_for_tables(void **state)
{
	struct rig *r = *state;
	struct tp_fence *fence = spin(r);
	const struct tp_gpu_tlb_stats before = tlb_stats(r);

	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA, 4 * PAGE));
	assert_int_equal(tlb_stats(r).range, before.range);
	assert_int_equal(tlb_stats(r).full, before.full + 1);
	rig_run(r);
	rig_expect(fence, 0);
	must(tp_intel_vm_bind(r->vm, r->data, 0, RIG_DATA_VA, 4 * PAGE));
}

/* What was cut elsewhere before is not of this range. */
static void a_range_is_not_enough(void **state)
{
	struct rig *r = *state;
	struct tp_intel_object *object = make_object(r, 4);
	struct tp_fence *fence = spin(r);
	struct tp_gpu_tlb_stats before;

	must(tp_intel_vm_bind(r->vm, object, 0, RIG_DATA_VA + 8 * PAGE, 4 * PAGE));
	translate(r, object);
	must(tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER));
	tp_intel_bo_ops.unbind(&object->bo);
	tp_intel_object_bind(object, r->vm);
	tp_resv_unhold(object->bo.resv);
	before = tlb_stats(r);
	must(tp_intel_vm_unbind(r->vm, RIG_DATA_VA + 8 * PAGE, 4 * PAGE));
	assert_int_equal(tlb_stats(r).range, before.range);
	assert_int_equal(tlb_stats(r).full, before.full + 1);
	tp_intel_object_put(object);
	assert_int_equal(tlb_stats(r).full, before.full + 1);
	end_spin(r, fence);
}

#define ON(make, test) cmocka_unit_test_setup_teardown(test, make, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(make_dg2, numbers_differ_and_are_used_again),
		ON(make_dg2, numbers_run_out),
		ON(make_mtl, creating_fails),
		ON(make_dg2, ranges_are_checked),
		ON(make_dg2, what_overlaps_is_refused),
		ON(make_mtl, binding_fails),
		ON(make_dg2, parts_are_unbound),
		ON(make_mtl, unbinding_fails),
		ON(make_dg2, t1_unbound_under_work),
		ON(make_mtl, t1_unbound_under_work),
		ON(make_dg2, t1_many_unbound_under_work),
		ON(make_dg2, t1_needs_the_caches_to_forget),
		ON(make_dg2, t15_tables_are_forgotten_before_they_go),
		cmocka_unit_test_setup_teardown(t15_needs_the_caches_to_forget, make_dg2,
						end_harmed),
		ON(make_dg2, unbind_times_out),
		ON(make_dg2, what_was_cut_before_times_out),
		ON(make_dg2, taking_apart_times_out),
		ON(make_dg2, work_keeps_its_address_space),
		ON(make_dg2, many_cost_one_invalidation),
		ON(make_as_linux, many_cost_two_as_linux_counts),
		ON(make_dg2, moving_page_by_page_costs_one_invalidation),
		ON(make_dg2, taking_apart_costs_one_invalidation),
		ON(make_dg2, an_empty_one_is_forgotten_too),
		ON(make_mtl, a_range_is_enough),
		ON(make_mtl, a_range_is_not_enough),
		ON(make_mtl, a_range_does_not_do_for_tables),
	};

	return cmocka_run_group_tests_name("gpu_intel_vm", tests, NULL, NULL);
}
