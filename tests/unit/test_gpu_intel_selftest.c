/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_selftest - the live test of invalidations: an engine spins on what it remembers of
 * one page while the entry is turned to another, behind everybody's back; nothing but an
 * invalidation lets it see that.
 *
 * For every engine of every platform, with every size of page, in system and in video memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_intel_spin.h"

/* Where the page is that ends the spinning. */
#define END_VA (SPIN_VA + 4 * TP_INTEL_BLOCK)

static struct rig rig;
static struct spin spin;

static const struct {
	unsigned flag;
	uint64_t size, object; /* of a leaf, and of what is bound */
	unsigned refused;      /* larger runs of memory, so that this is the size of a leaf */
} sizes[] = {
	{ TP_INTEL_PAGES_2M, TP_INTEL_BLOCK, TP_INTEL_BLOCK, 0 },
	{ TP_INTEL_PAGES_64K, TP_INTEL_BIG_PAGE, TP_INTEL_BLOCK, 1 },
	{ TP_INTEL_PAGES_4K, TP_PAGE_SIZE, TP_PAGE_SIZE, 0 },
};

static uint64_t leaf_size(uint64_t va)
{
	uint64_t size;

	tp_mutex_lock(&rig.vm->lock);
	tp_intel_tables_peek(&rig.vm->tables, va, &size);
	tp_mutex_unlock(&rig.vm->lock);
	return size;
}

/* An object in leaves of @sizes[@i], which holds @value, and translates at @va. */
static struct tp_intel_object *make_object(enum tp_bo_place place, unsigned i, uint64_t va,
					   uint32_t value)
{
	const char *site = place == TP_BO_VRAM ? "gpu/vram" : "gpu/bo-pages";
	struct tp_intel_object *object;

	must(tp_intel_object_create(rig.gpu, sizes[i].object, place, "page", &object));
	must(tp_intel_vm_bind(rig.vm, object, 0, va, sizes[i].object));
	if (sizes[i].refused)
		must(tp_fault_arm(site, 1, sizes[i].refused));
	must(tp_intel_object_write(object, 0, &value, 4));
	tp_fault_reset();
	assert_int_equal(tp_intel_object_bo(object)->place, place);
	spin_bind(&rig, object);
	assert_int_equal(leaf_size(va), sizes[i].size);
	return object;
}

static void make_batch(void)
{
	struct rig_words b = { .page = SPIN_PAGE };

	rig_spin_until(&b, SPIN_VA, 0);
	rig_finish(&rig, &b);
}

static void free_object(struct tp_intel_object *object, uint64_t va)
{
	must(tp_intel_vm_unbind(rig.vm, va, tp_intel_object_bo(object)->size));
	tp_intel_object_put(object);
}

static void flip(uint64_t leaf)
{
	tp_intel_vm_poke(rig.vm, SPIN_VA, leaf);
}

static void test_engine(const struct tp_intel_engine *engine, uint64_t go_on, uint64_t stop)
{
	const uint64_t stale = spin_stat(&rig).engine[engine->index].stale;
	struct tp_fence **fence = &spin.fences[engine->index];

	/* Sanity: with the other page from the beginning it ends. */
	flip(stop);
	*fence = spin_submit(&rig, engine, SPIN_PAGE, NULL);
	assert_false(spin_goes_on(&rig, &spin, engine));
	rig_expect(*fence, 0);
	assert_int_equal(spin_stat(&rig).engine[engine->index].stale, stale);
	/* It does not end early. */
	flip(go_on);
	spin_start(&rig, &spin, engine);
	assert_true(spin_goes_on(&rig, &spin, engine));
	/* Nor by the entry alone. */
	flip(stop);
	assert_true(spin_goes_on(&rig, &spin, engine));
	assert_true(spin_stat(&rig).engine[engine->index].stale > stale);
	must(tp_intel_tlb_invalidate_full(engine->gt));
	assert_false(spin_goes_on(&rig, &spin, engine));
	rig_expect(*fence, 0);
	*fence = NULL;
	flip(go_on);
}

static void test_engines(enum tp_bo_place place, unsigned i)
{
	struct tp_intel_object *from = make_object(place, i, SPIN_VA, 1);
	struct tp_intel_object *to = make_object(place, i, END_VA, 0);
	const uint64_t go_on = tp_intel_vm_peek(rig.vm, SPIN_VA);
	const uint64_t stop = tp_intel_vm_peek(rig.vm, END_VA);

	tp_intel_for_each_engine(engine, rig.gpu) test_engine(engine, go_on, stop);
	free_object(from, SPIN_VA);
	free_object(to, END_VA);
}

static void test_sizes(const struct rig_config *config, enum tp_bo_place place)
{
	rig_make(&rig, config);
	make_batch();
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sizes); i++)
		if (tp_intel_platform(config->platform)->page_sizes & sizes[i].flag)
			test_engines(place, i);
	rig_end(&rig);
}

static struct rig_config config_of(unsigned platform)
{
	return (struct rig_config){
		.platform = (enum tp_intel_platform)platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL,
			   .invalidate_ns = 1,
			   .memory =
				   tp_intel_platform((enum tp_intel_platform)platform)->local_memory
					   ? TP_MIB(16)
					   : 0 },
	};
}

static void every_engine_and_page_size_in_system_memory(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		struct rig_config config = config_of(p);

		config.model.gt3 = tp_intel_platform(config.platform)->ver < 11;
		test_sizes(&config, TP_BO_SYSTEM);
	}
}

static void every_engine_and_page_size_in_video_memory(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		struct rig_config config = config_of(p);

		if (tp_intel_platform(config.platform)->local_memory)
			test_sizes(&config, TP_BO_VRAM);
	}
}

static void by_registers_where_there_is_firmware(void **state)
{
	struct rig_config config = config_of(TP_INTEL_MTL);

	(void)state;
	config.driver.no_guc = true;
	test_sizes(&config, TP_BO_SYSTEM);
}

/* ---- live ------------------------------------------------------------------------------------ */

static void wait_for_turns(const struct tp_intel_engine *engine)
{
	uint64_t commands = spin_stat(&rig).engine[engine->index].commands;

	while (spin_stat(&rig).engine[engine->index].commands < commands + 10)
		tp_sleep_ns(20000);
}

/* As it is on hardware: the device runs by itself, and has half a second. */
static void test_live_engine(const struct tp_intel_engine *engine, uint64_t go_on, uint64_t stop)
{
	struct tp_fence *fence;

	flip(go_on);
	fence = spin_submit(&rig, engine, SPIN_PAGE, NULL);
	wait_for_turns(engine);
	flip(stop);
	wait_for_turns(engine);
	assert_false(tp_fence_is_signaled(fence));
	must(tp_intel_tlb_invalidate_full(engine->gt));
	rig_wait(fence, 0);
}

static void test_live_engines(void)
{
	const uint64_t go_on = tp_intel_vm_peek(rig.vm, SPIN_VA);
	const uint64_t stop = tp_intel_vm_peek(rig.vm, END_VA);

	tp_intel_for_each_engine(engine, rig.gpu) test_live_engine(engine, go_on, stop);
	flip(go_on);
}

static void a_device_that_runs_by_itself(void **state)
{
	const struct rig_config config = { .platform = TP_INTEL_DG2,
					   .model = { .memory = TP_MIB(16) },
					   .driver = { .service = true } };
	struct tp_intel_object *other;

	(void)state;
	rig_make(&rig, &config);
	spin_make(&rig, &spin, TP_BO_VRAM, TP_PAGE_SIZE);
	must(tp_intel_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_VRAM, "end", &other));
	must(tp_intel_vm_bind(rig.vm, other, 0, END_VA, TP_PAGE_SIZE));
	spin_bind(&rig, other);
	test_live_engines();
	tp_intel_object_put(other);
	spin_release(&rig, &spin);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_and_page_size_in_system_memory),
		cmocka_unit_test(every_engine_and_page_size_in_video_memory),
		cmocka_unit_test(by_registers_where_there_is_firmware),
		cmocka_unit_test(a_device_that_runs_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
