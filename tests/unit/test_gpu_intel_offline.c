/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_offline - memory goes while an object in it is bound in two address spaces, and
 * all engines remember where it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_intel_spin.h"

static struct rig rig;
static struct spin spin;
static struct tp_device *far;
static struct tp_intel_vm *first, *second;

static void plug(void)
{
	const struct tp_device_config memory = { .node = 0,
						 .size = 2 * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	must(tp_device_plug(rig.m, &memory, &far));
}

/* The victim is bound in another address space too, at the same address. */
static void make_second(void)
{
	first = rig.vm;
	must(tp_intel_vm_create(rig.gpu, &second));
	must(tp_intel_vm_bind(second, rig.batches, 0, RIG_BATCH_VA(0),
			      tp_intel_object_bo(rig.batches)->size));
	must(tp_intel_vm_bind(second, spin.victim, 0, SPIN_VA, TP_PAGE_SIZE));
	rig.vm = second;
	spin_bind(&rig, spin.victim);
	rig.vm = first;
}

static void begin(enum tp_intel_platform platform)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = 1 },
	};

	rig_make(&rig, &config);
	/* What runs meanwhile has its memory elsewhere. */
	rig_finish(&rig, &(struct rig_words){ .page = SPIN_TOUCH });
	plug();
	spin_make(&rig, &spin, TP_BO_SYSTEM, TP_PAGE_SIZE);
	make_second();
	spin_start_all(&rig, &spin);
}

static void end(void)
{
	spin_end(&rig, &spin);
	tp_intel_vm_put(second);
	rig_end(&rig);
}

static uint64_t pfn_of_victim(void)
{
	return tp_bo_chunk_at(tp_intel_object_bo(spin.victim), 0)->pfn.v;
}

/* T28: from every address space, out of every cache of every GT, and only then from here. */
static void check_offline(enum tp_intel_platform platform)
{
	const struct tp_offline_options options = { .deadline_ns = TP_SECONDS(5) };
	uint64_t entry, pfn;

	begin(platform);
	entry = tp_intel_vm_peek(first, SPIN_VA);
	pfn = pfn_of_victim();
	assert_int_equal(tp_intel_vm_peek(second, SPIN_VA), entry);
	must(tp_device_offline(far, &options, NULL));
	assert_int_not_equal(pfn_of_victim(), pfn);
	assert_int_not_equal(tp_intel_vm_peek(first, SPIN_VA), entry);
	assert_int_not_equal(tp_intel_vm_peek(second, SPIN_VA), entry);
	tp_intel_for_each_engine(engine, rig.gpu) spin_goes_on(&rig, &spin, engine);
	assert_int_equal(tp_intel_model_harms(rig.model, NULL, 0), 0);
	end();
}

static void t28_unbound_everywhere_before_it_goes(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++)
		check_offline((enum tp_intel_platform)p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t28_unbound_everywhere_before_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
