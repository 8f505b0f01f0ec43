/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_model - making AMD's simulated device: what it is told, what is usual, what fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"
#include "core/error.h"
#include "each_allocation.h"

static const struct tp_amd_model_config good = { .name = "gpu0",
						 .mode = TP_AMD_MODEL_MANUAL,
						 .memory = 4 * PAGE };

#define CHANGE(fn, change)                            \
	static void fn(struct tp_amd_model_config *c) \
	{                                             \
		change;                               \
	}

CHANGE(no_name, c->name = NULL)
CHANGE(empty_name, c->name = "")
CHANGE(long_name, c->name = "sixteen bytes is")
CHANGE(bad_mode, c->mode = (enum tp_amd_model_mode)2)
CHANGE(part_of_a_page, c->memory = PAGE + 8)
CHANGE(too_much, c->memory = UINT64_C(1) << 60)
CHANGE(entries, c->tlb_entries = 4097)
CHANGE(walks, c->walk_entries = 4097)
CHANGE(combining, c->combine = 4097)
CHANGE(tracing, c->trace = (1 << 20) + 1)
CHANGE(longest_name, c->name = "fifteen bytes i")
CHANGE(most_entries, c->tlb_entries = 4096)
CHANGE(most_walks, c->walk_entries = 4096)
CHANGE(fewest, c->tlb_entries = c->walk_entries = c->combine = c->trace = 1)

static void (*const bad_ones[])(struct tp_amd_model_config *c) = {
	no_name,  empty_name, long_name, bad_mode,  part_of_a_page,
	too_much, entries,    walks,	 combining, tracing,
};

static void (*const good_ones[])(struct tp_amd_model_config *c) = { longest_name, most_entries,
								    most_walks, fewest };

static void nonsense_is_refused(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad_ones); i++) {
		struct tp_amd_model_config c = good;

		bad_ones[i](&c);
		assert_int_equal(tp_amd_model_create(&c, &m), -EINVAL);
		assert_int_equal(tp_last_error()->err, -EINVAL);
	}
}

static void limits_are_reached(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(good_ones); i++) {
		struct tp_amd_model_config c = good;

		good_ones[i](&c);
		must(tp_amd_model_create(&c, &m));
		assert_string_equal(tp_amd_model_bus(m)->name, c.name);
		tp_amd_model_destroy(m);
	}
}

static void what_is_not_said_is_usual(tp_unused void **state)
{
	const struct tp_amd_model_config c = { .name = "gpu0", .mode = TP_AMD_MODEL_MANUAL };

	must(tp_amd_model_create(&c, &m));
	assert_int_equal(m->bus.memory_size, TP_MIB(256));
	assert_int_equal(m->config.invalidate_ns, TP_MICROSECONDS(10));
	assert_int_equal(m->config.reset_ns, TP_MICROSECONDS(100));
	assert_int_equal(m->config.mode1_ns, TP_MILLISECONDS(5));
	assert_int_equal(m->config.tlb_entries, 64);
	assert_int_equal(m->config.walk_entries, 32);
	assert_int_equal(m->config.combine, 8);
	assert_int_equal(m->config.trace, 4096);
	assert_int_equal(m->bus.vendor, 0x1002);
	assert_int_equal(m->bus.device, 0x687f);
	assert_int_equal(m->bus.nr_vectors, TP_AMD_NR_VECTORS);
	tp_amd_model_destroy(m);
}

/* ---- without memory -------------------------------------------------------------------------- */

static int make(void *arg)
{
	struct tp_amd_model *model;
	int err = tp_amd_model_create(arg, &model);

	if (!err)
		tp_amd_model_destroy(model);
	return err;
}

static void each_allocation_can_fail(tp_unused void **state)
{
	struct tp_amd_model_config c = good;

	/* The device, two caches of each VMID on each hub, the trace, the window. */
	assert_true(fail_each_allocation(make, &c) >= 2 + 2 * 2 * TP_AMD_NR_VMIDS);
}

static void its_thread_can_fail(tp_unused void **state)
{
	struct tp_amd_model_config c = good;

	c.mode = TP_AMD_MODEL_THREAD;
	assert_int_equal(tp_fault_arm("core/thread", 1, 1), 0);
	assert_int_equal(make(&c), -EAGAIN);
	tp_fault_reset();
	must(make(&c));
}

/* ---- what it was asked for ------------------------------------------------------------------- */

/* Rings read what stands in the ring, at 40 accesses and more. */
static void the_last_accesses_are_kept(tp_unused void **state)
{
	struct tp_amd_model_access all[16], last[3];

	for (unsigned i = 0; i < 20; i++)
		submit_store(TP_AMD_RING_SDMA0, FREE + i, i);
	run_dry();
	assert_int_equal(tp_amd_model_accesses(m, all, TP_ARRAY_SIZE(all)), 10);
	assert_int_equal(tp_amd_model_accesses(m, last, TP_ARRAY_SIZE(last)), 3);
	assert_memory_equal(last, all + 7, sizeof(last));
	assert_int_equal(last[2].va, VRAM(FREE + 19));
	assert_int_equal(last[2].address, (uint64_t)(FREE + 19) * PAGE);
	assert_true(last[2].write && !last[2].system && !last[2].fault);
	assert_int_equal(last[2].ring, TP_AMD_RING_SDMA0);
	assert_int_equal(last[2].hub, TP_AMD_MMHUB);
	assert_int_equal(last[2].vmid, 0);
	assert_int_equal(last[2].len, 4);
	for (unsigned i = 1; i < 10; i++)
		assert_true(all[i].time_ns >= all[i - 1].time_ns);
}

static int begin_short(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL, .trace = 10 });
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(limits_are_reached),
		cmocka_unit_test(what_is_not_said_is_usual),
		cmocka_unit_test(each_allocation_can_fail),
		cmocka_unit_test(its_thread_can_fail),
		cmocka_unit_test_setup_teardown(the_last_accesses_are_kept, begin_short, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
