/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_quarantine - hubs do not forget: who changes an address space sees to it by a reset,
 * who takes memory away may try again, and what went meanwhile is kept until caches are empty.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_reset.h"

enum { PAGES = 3 };

#define VA UINT64_C(0x80000000)

static struct tp_amd_object *object; /* in video memory, mapped, and remembered by both hubs */

static void make_object(struct rig *r)
{
	must(tp_amd_object_create(r->gpu, PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "object",
				  &object));
	must(tp_amd_vm_map(r->vm, object, 0, VA, PAGES * TP_PAGE_SIZE, TP_AMD_MAP_READ));
}

static void expect_it_goes_on(struct rig *r)
{
	static uint32_t value;

	must(tp_amd_vm_validate(r->vm));
	for (unsigned ring = 0; ring < TP_AMD_NR_RINGS; ring++) {
		rig_wait(r, rig_submit_store(r, (enum tp_amd_ring_id)ring, 0, 0, ++value), 0);
		assert_int_equal(rig_read(r, 0), value);
	}
}

static int make(void **state)
{
	struct rig_config config = patient;

	*state = &rig;
	config.driver.patience.tlb_ns = TP_MICROSECONDS(100);
	rig_make_driver(&rig, &config);
	make_scratch(&rig);
	rig_make_objects(&rig);
	make_object(&rig);
	expect_it_goes_on(&rig);
	return 0;
}

static int end(void **state)
{
	tp_fault_reset();
	tp_amd_object_put(object);
	return end_rig(state);
}

/* Until it is reset. */
static void stick(struct rig *r, enum tp_amd_hub_id hub)
{
	tp_amd_model_stick(r->model, hub, true);
}

static uint64_t quarantined(struct rig *r)
{
	return tp_bo_quarantined(&r->gpu->bos);
}

static bool translates(struct rig *r, uint64_t va)
{
	uint64_t size;

	return tp_amd_vm_peek(r->vm, va, &size);
}

/* ---- address spaces -------------------------------------------------------------------------- */

static void what_is_cleared_is_gone_at_any_rate(void **state)
{
	struct rig *r = *state;

	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++) {
		stick(r, (enum tp_amd_hub_id)hub);
		must(tp_amd_vm_clear(r->vm, VA + hub * TP_PAGE_SIZE, TP_PAGE_SIZE));
		assert_false(translates(r, VA + hub * TP_PAGE_SIZE));
		assert_int_equal(resets(r), 1 + hub);
		expect_it_goes_on(r);
	}
	assert_int_equal(quarantined(r), 0);
}

static void what_is_replaced_is_too(void **state)
{
	struct rig *r = *state;

	stick(r, TP_AMD_GFXHUB);
	must(tp_amd_vm_replace(r->vm, r->data, 0, VA, TP_PAGE_SIZE, TP_AMD_MAP_READ));
	assert_int_equal(resets(r), 1);
	expect_it_goes_on(r);
	assert_true(translates(r, VA));
}

/* And if the GPU does not come back: nothing of it translates for anybody. */
static void so_it_is_if_no_reset_helps(void **state)
{
	struct rig *r = *state;

	stick(r, TP_AMD_GFXHUB);
	must(tp_fault_arm("gpu/amd-reset", 1, 100));
	must(tp_amd_vm_clear(r->vm, VA, PAGES * TP_PAGE_SIZE));
	tp_fault_reset();
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
	assert_false(translates(r, VA));
	assert_int_equal(quarantined(r), 0);
}

/* ---- memory that is taken away --------------------------------------------------------------- */

/* It stays where it is; the next round of the service resets, and then it goes. */
static void what_cannot_be_evicted_can_be_after_a_round(void **state)
{
	struct rig *r = *state;

	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++) {
		stick(r, (enum tp_amd_hub_id)hub);
		assert_int_equal(tp_amd_object_evict(object), -ETIME);
		assert_int_equal(tp_amd_object_bo(object)->place, TP_BO_VRAM);
		tp_amd_service(r->gpu);
		assert_int_equal(resets(r), 1 + hub);
		must(tp_amd_object_evict(object));
		assert_int_equal(tp_amd_object_bo(object)->place, TP_BO_SYSTEM);
		expect_it_goes_on(r);
		assert_true(translates(r, VA));
		must(tp_amd_vm_clear(r->vm, VA, PAGES * TP_PAGE_SIZE));
		tp_amd_object_put(object);
		make_object(r);
		expect_it_goes_on(r);
	}
	assert_int_equal(quarantined(r), 0);
}

static void nor_out_of_reach(void **state)
{
	struct rig *r = *state;

	must(tp_amd_object_evict(object));
	must(tp_amd_vm_validate(r->vm));
	stick(r, TP_AMD_MMHUB);
	assert_int_equal(tp_amd_object_swap_out(object), -ETIME);
	tp_amd_service(r->gpu);
	must(tp_amd_object_swap_out(object));
	expect_it_goes_on(r);
	assert_true(translates(r, VA));
}

/* ---- quarantine ------------------------------------------------------------------------------ */

/* Tables go after what they said did, which was forgotten; but they are not. */
static void lose_tables(struct rig *r)
{
	must(tp_fault_arm("gpu/amd-invalidate", 1 + TP_AMD_NR_HUBS, 1000));
	must(tp_amd_vm_clear(r->vm, 0, TP_AMD_HOLE_START));
	tp_fault_reset();
	assert_true(quarantined(r) > 0);
}

static void an_answer_empties_it(void **state)
{
	struct rig *r = *state;

	lose_tables(r);
	must(tp_amd_recover(r->gpu));
	assert_int_equal(quarantined(r), 0);
}

static void a_reset_empties_it(void **state)
{
	struct rig *r = *state;

	lose_tables(r);
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++) {
		stick(r, (enum tp_amd_hub_id)hub);
		assert_int_equal(tp_amd_recover(r->gpu), -ETIME);
		tp_amd_model_stick(r->model, (enum tp_amd_hub_id)hub, false);
	}
	assert_true(quarantined(r) > 0);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	assert_int_equal(quarantined(r), 0);
	expect_it_works(r);
}

static void so_does_a_round_of_the_service(void **state)
{
	struct rig *r = *state;

	lose_tables(r);
	stick(r, TP_AMD_MMHUB);
	tp_amd_service(r->gpu);
	assert_int_equal(quarantined(r), 0);
	expect_it_works(r);
}

/* With the device reset, whatever it says (I1 of gpu/amd/amd.c): by the end of the test. */
static void what_is_left_goes_with_the_gpu(void **state)
{
	struct rig *r = *state;

	lose_tables(r);
	tp_atomic_store(&r->gpu->wants_reset, 0, TP_RELEASE); /* nobody saw it */
	stick(r, TP_AMD_GFXHUB);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_cleared_is_gone_at_any_rate),
		TEST(what_is_replaced_is_too),
		TEST(so_it_is_if_no_reset_helps),
		TEST(what_cannot_be_evicted_can_be_after_a_round),
		TEST(nor_out_of_reach),
		TEST(an_answer_empties_it),
		TEST(a_reset_empties_it),
		TEST(so_does_a_round_of_the_service),
		TEST(what_is_left_goes_with_the_gpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
