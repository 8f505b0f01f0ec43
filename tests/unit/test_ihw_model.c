/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ihw_model - what a simulated graphics device may be, and what becomes of it if it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <tidepool/fault.h>

#include "each_allocation.h"
#include "ihw_rig.h"

static const struct tp_intel_model_config good = {
	.name = "gpu0", .platform = TP_INTEL_DG2, .mode = TP_INTEL_MODEL_MANUAL, .memory = 16 * PAGE
};

static struct tp_intel_model_config changed(void (*change)(struct tp_intel_model_config *c))
{
	struct tp_intel_model_config c = good;

	change(&c);
	return c;
}

/* ---- limits ---------------------------------------------------------------------------------- */

#define CHANGE(name, what)                                \
	static void name(struct tp_intel_model_config *c) \
	{                                                 \
		what;                                     \
	}

CHANGE(no_name, c->name = NULL)
CHANGE(empty_name, c->name = "")
CHANGE(long_name, c->name = "sixteen bytes it")
CHANGE(no_platform, c->platform = TP_INTEL_NR_PLATFORMS)
CHANGE(negative_platform, c->platform = (enum tp_intel_platform) - 1)
CHANGE(no_gt3, c->gt3 = true)
CHANGE(no_mode, c->mode = (enum tp_intel_model_mode)2)
CHANGE(odd_memory, c->memory = 16 * PAGE + 8)
CHANGE(much_memory, c->memory = ((uint64_t)TP_IOMMU_PAGES + 1) * PAGE)
CHANGE(memory_of_none, c->platform = TP_INTEL_TGL)
CHANGE(many_entries, c->tlb_entries = 4097)
CHANGE(many_walks, c->walk_entries = 4097)
CHANGE(much_combining, c->combine = 1025)

static void (*const bad_ones[])(struct tp_intel_model_config *c) = {
	no_name,      empty_name, long_name,	  no_platform, negative_platform,
	no_gt3,	      no_mode,	  odd_memory,	  much_memory, memory_of_none,
	many_entries, many_walks, much_combining,
};

static void limits_are_kept(void **state)
{
	struct tp_intel_model *model;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad_ones); i++) {
		const struct tp_intel_model_config c = changed(bad_ones[i]);

		assert_int_equal(tp_intel_model_create(&c, &model), -EINVAL);
		assert_int_equal(tp_last_error()->err, -EINVAL);
	}
}

/* The text calls the platform by its name. */
static void a_platform_that_lacks_something_is_named(void **state)
{
	const struct tp_intel_model_config no_memory = changed(memory_of_none),
					   no_engine = changed(no_gt3);
	struct tp_intel_model *model;
	char text[256];

	(void)state;
	assert_int_equal(tp_intel_model_create(&no_memory, &model), -EINVAL);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "tgl has no memory of its own"));
	assert_int_equal(tp_intel_model_create(&no_engine, &model), -EINVAL);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "has no second video engine"));
	assert_null(strstr(text, "platform "));
}

CHANGE(longest_name, c->name = "fifteen bytes i")
CHANGE(most_entries, c->tlb_entries = 4096)
CHANGE(most_walks, c->walk_entries = 4096)
CHANGE(most_combining, c->combine = 1024)
CHANGE(fewest, c->tlb_entries = c->walk_entries = c->combine = 1)

static void (*const good_ones[])(struct tp_intel_model_config *c) = { longest_name, most_entries,
								      most_walks, most_combining,
								      fewest };

static void limits_are_reached(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(good_ones); i++) {
		const struct tp_intel_model_config c = changed(good_ones[i]);
		struct tp_intel_model *model;

		must(tp_intel_model_create(&c, &model));
		assert_string_equal(tp_intel_model_bus(model)->name, c.name);
		tp_intel_model_destroy(model);
	}
}

static void what_is_not_said_is_usual(void **state)
{
	struct tp_intel_model_config c = good;

	(void)state;
	c.memory = 0;
	must(tp_intel_model_create(&c, &m));
	assert_int_equal(m->bus.memory_size, TP_MIB(256));
	assert_int_equal(m->config.memory, TP_MIB(256));
	assert_int_equal(m->config.invalidate_ns, 40000);
	assert_int_equal(m->config.invalidate_most_ns, 100000);
	assert_int_equal(m->config.reset_ns, 100000);
	assert_int_equal(m->config.wake_ns, 10000);
	assert_int_equal(m->config.tlb_entries, 64);
	assert_int_equal(m->config.walk_entries, 16);
	assert_int_equal(m->config.combine, 8);
	assert_int_equal(m->bus.vendor, 0x8086);
	assert_int_equal(m->bus.device, 0x56a0);
	assert_int_equal(m->bus.nr_vectors, 1);
	tp_intel_model_destroy(m);
	c.platform = TP_INTEL_MTL;
	must(tp_intel_model_create(&c, &m));
	assert_int_equal(m->bus.memory_size, 0);
	assert_int_equal(m->bus.nr_vectors, 2);
	tp_intel_model_destroy(m);
}

static void engines_have_names(void **state)
{
	static const char *const names[] = {
		"rcs0", "bcs0", "ccs0", "vcs0", "vcs2", "vecs0", "gsc0"
	};
	const struct tp_intel_model_config c = { .name = "gpu0",
						 .platform = TP_INTEL_MTL,
						 .mode = TP_INTEL_MODEL_MANUAL };
	struct tp_intel_model_stat stat;

	(void)state;
	must(tp_intel_model_create(&c, &m));
	tp_intel_model_stat(m, &stat);
	assert_int_equal(stat.nr_engines, TP_ARRAY_SIZE(names));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++)
		assert_string_equal(stat.engine[i].name, names[i]);
	tp_intel_model_destroy(m);
}

/* ---- failures -------------------------------------------------------------------------------- */

static int make_and_destroy(void *config)
{
	struct tp_intel_model *model;
	int err = tp_intel_model_create(config, &model);

	if (!err)
		tp_intel_model_destroy(model);
	return err;
}

static void each_allocation_may_fail(void **state)
{
	struct tp_intel_model_config c = good;

	(void)state;
	/* the model; two caches for each of ten engines' two copies; the window */
	assert_int_equal(fail_each_allocation(make_and_destroy, &c), 1 + 10 * 2 * 2 + 2);
}

static void thread_may_fail(void **state)
{
	struct tp_intel_model_config c = good;

	(void)state;
	c.mode = TP_INTEL_MODEL_THREAD;
	must(tp_fault_arm("core/thread", 1, 1));
	assert_int_equal(make_and_destroy(&c), -EAGAIN);
	tp_fault_reset();
	assert_int_equal(make_and_destroy(&c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(a_platform_that_lacks_something_is_named),
		cmocka_unit_test(limits_are_reached),
		cmocka_unit_test(what_is_not_said_is_usual),
		cmocka_unit_test(engines_have_names),
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(thread_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
