/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_harm - a stale translation that led to another's memory, or to nobody's, is recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ihw_engine.h"

static const uint64_t va = UINT64_C(5) << (TP_PAGE_SHIFT + TP_INTEL_PT_BITS);
static struct tp_model_harm harm;

/* An object's page was used, cut, and given back without anything being forgotten. */
static int begin(void **state)
{
	(void)state;
	begin_on(TP_INTEL_SKL);
	map_io(data_dma, "old-object");
	map_va(va, data_dma);
	assert_non_null(lead(va, true));
	*entry_of(va, 0) = 0;
	memset(&harm, 0, sizeof(harm));
	return 0;
}

static void memory_that_nobody_has(tp_unused void **state)
{
	unmap_io(data_dma);
	assert_null(lead(va + 8, true));
	assert_int_equal(tp_intel_model_harms(rig.m, &harm, 1), 1);
	assert_int_equal(harm.va, va + 8);
	assert_int_equal(harm.address, data_dma + 8);
	assert_true(harm.write);
	assert_false(harm.local);
	assert_string_equal(harm.engine, "rcs0");
	assert_string_equal(harm.was, "old-object");
	assert_string_equal(harm.now, "");
	assert_int_equal(rig.e->stat.stale, 1);
	/* The bus has it too, and the engine stands. */
	assert_int_equal(nr_faults(), 1);
	assert_string_equal(rig.iommu->faults[0].owner, "old-object");
	assert_int_equal(rig.e->fault, (uint32_t)va | TP_INTEL_RING_VALID);
}

static void memory_that_is_somebody_else_s(tp_unused void **state)
{
	give_io(data_dma, "new-object");
	assert_ptr_equal(lead(va, false), io(data_dma));
	assert_int_equal(tp_intel_model_harms(rig.m, &harm, 1), 1);
	assert_false(harm.write);
	assert_string_equal(harm.was, "old-object");
	assert_string_equal(harm.now, "new-object");
	/* Nothing else would have said so. */
	assert_int_equal(nr_faults(), 0);
}

/* Names are compared, not where they stand. */
static void memory_that_is_still_its_own(tp_unused void **state)
{
	static char same_name[] = "old-object";

	give_io(data_dma, same_name);
	assert_non_null(lead(va, true));
	assert_int_equal(rig.e->stat.stale, 1);
	assert_int_equal(nr_harms(), 0);
}

/* The tables lead there: whose page it is then is the driver's business. */
static void what_is_read_anew_does_no_harm(tp_unused void **state)
{
	map_va(va, data_dma);
	give_io(data_dma, "new-object");
	tp_ihw_tlb_empty(rig.e);
	assert_non_null(lead(va, true));
	assert_non_null(lead(va, true));
	assert_int_equal(nr_harms(), 0);
}

static void it_is_seen_without_the_check_too(tp_unused void **state)
{
	rig.m->config.no_check = true;
	give_io(data_dma, "new-object");
	assert_non_null(lead(va, true));
	assert_int_equal(nr_harms(), 1);
	assert_int_equal(rig.e->stat.stale, 0);
}

static void memory_of_the_device_s_own(tp_unused void **state)
{
	end_rig();
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2, .memory = 8 * PAGE },
		  false);
	map_local(PAGE, "old-object");
	*entry_of(va, 0) = PAGE | RW | TP_INTEL_PTE_LM;
	assert_non_null(lead(va, true));
	tp_iommu_clear(rig.local, (tp_dma_addr){ PAGE });
	assert_null(lead(va, true));
	assert_int_equal(tp_intel_model_harms(rig.m, &harm, 1), 1);
	assert_true(harm.local);
	assert_int_equal(harm.address, PAGE);
}

static void the_first_ones_are_kept_and_all_are_counted(tp_unused void **state)
{
	struct tp_model_harm harms[TP_MODEL_HARMS + 8];

	give_io(data_dma, "new-object");
	for (unsigned i = 0; i < TP_MODEL_HARMS + 5; i++)
		assert_non_null(lead(va + 4 * i, true));
	harms[TP_MODEL_HARMS].va = 1;
	assert_int_equal(tp_intel_model_harms(rig.m, harms, TP_MODEL_HARMS + 8),
			 TP_MODEL_HARMS + 5);
	for (unsigned i = 0; i < TP_MODEL_HARMS; i++)
		assert_int_equal(harms[i].va, va + 4 * i);
	assert_int_equal(harms[TP_MODEL_HARMS].va, 1);
}

static void a_long_name_is_cut(tp_unused void **state)
{
	static const char name[] =
		"an object whose name is longer than what a record of harm keeps of it";

	give_io(data_dma, name);
	assert_non_null(lead(va, true));
	tp_intel_model_harms(rig.m, &harm, 1);
	assert_int_equal(strlen(harm.now), TP_DMA_OWNER_TEXT - 1);
	assert_memory_equal(harm.now, name, TP_DMA_OWNER_TEXT - 1);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		WITH(memory_that_nobody_has),
		WITH(memory_that_is_somebody_else_s),
		WITH(memory_that_is_still_its_own),
		WITH(what_is_read_anew_does_no_harm),
		WITH(it_is_seen_without_the_check_too),
		WITH(memory_of_the_device_s_own),
		WITH(the_first_ones_are_kept_and_all_are_counted),
		WITH(a_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
