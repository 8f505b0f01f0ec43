/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_lost - the device loses one request to empty a cache, whichever: the model names
 * the engine that went on to use what it remembered, and whose memory that was.  If none is lost,
 * nothing comes to harm (trap 11: so it is with engines of the media GT).
 *
 * Objects are released one after the other while all engines spin on all of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "gpu_intel_spin.h"

enum { VICTIMS = 2, LAST = VICTIMS /* one more, which stays, and its table with it */ };
enum { HARMS = 32 /* that the model keeps */ };

static struct rig rig;
static struct tp_intel_object *objects[VICTIMS + 1];
static struct tp_fence *fences[TP_GPU_MAX_ENGINES];

static uint64_t va_of(unsigned i)
{
	return SPIN_VA + i * TP_PAGE_SIZE;
}

/* A turn reads all of them, and it ends when the last one is 0, which it never is. */
static void make_batch(void)
{
	struct rig_words b = { .page = SPIN_PAGE };

	for (unsigned i = 0; i < VICTIMS; i++)
		rig_copy_word(&b, RIG_BATCH_VA(0), va_of(i));
	rig_put(&b, TP_INTEL_MI_CONDITIONAL_END);
	rig_put(&b, 0);
	rig_put64(&b, va_of(LAST));
	rig_put(&b, TP_INTEL_MI_BATCH_START);
	rig_put64(&b, RIG_BATCH_VA(SPIN_PAGE));
	rig_finish(&rig, &b);
}

static void make_object(unsigned i)
{
	const uint32_t one = 1;
	char name[24];

	snprintf(name, sizeof(name), "victim%u", i);
	must(tp_intel_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, name, &objects[i]));
	must(tp_intel_vm_bind(rig.vm, objects[i], 0, va_of(i), TP_PAGE_SIZE));
	must(tp_intel_object_write(objects[i], 0, &one, 4));
	spin_bind(&rig, objects[i]);
}

static void begin_round(void)
{
	for (unsigned i = 0; i <= LAST; i++)
		make_object(i);
	make_batch();
	tp_intel_for_each_engine(engine, rig.gpu) fences[engine->index] =
		spin_submit(&rig, engine, SPIN_PAGE, NULL);
}

/* Whoever came to harm stands, until a reset. */
static void end_round(void)
{
	must(tp_intel_reset(rig.gpu));
	tp_intel_for_each_engine(engine, rig.gpu) tp_fence_put(fences[engine->index]);
	must(tp_intel_vm_unbind(rig.vm, va_of(LAST), TP_PAGE_SIZE));
	tp_intel_object_put(objects[LAST]);
}

/* Each engine does some turns of its own. */
static void run_all(void)
{
	tp_intel_for_each_engine(engine, rig.gpu)
		tp_intel_model_run_engine(rig.model, engine->index, SPIN_COMMANDS);
}

static void release_all(void)
{
	for (unsigned i = 0; i < VICTIMS; i++) {
		run_all();
		must(tp_intel_vm_unbind(rig.vm, va_of(i), TP_PAGE_SIZE));
		tp_intel_object_put(objects[i]);
	}
	run_all();
}

/* How many requests that takes, if none is lost. */
static unsigned count_requests(void)
{
	uint64_t before;
	unsigned n;

	begin_round();
	before = spin_stat(&rig).requests;
	release_all();
	n = (unsigned)(spin_stat(&rig).requests - before);
	assert_int_equal(tp_intel_model_harms(rig.model, NULL, 0), 0);
	end_round();
	return n;
}

/* Which engine, or by firmware the first of which GT, the model has to name. */
static const struct tp_intel_engine *who(unsigned k)
{
	struct tp_intel *gpu = rig.gpu;

	if (!gpu->gts[0].guc)
		return &gpu->engines[k % gpu->nr_engines];
	tp_intel_for_each_engine(engine, gpu) if (engine->gt->id == k % gpu->nr_gts) return engine;
	return NULL;
}

/* Of @per requests for each victim, @k was lost; there were @before harms. */
static void check_named(unsigned k, unsigned per, uint64_t before)
{
	struct tp_model_harm harms[HARMS], *harm = &harms[before];
	char name[24];

	assert_true(before < HARMS);
	assert_true(tp_intel_model_harms(rig.model, harms, HARMS) > before);
	snprintf(name, sizeof(name), "victim%u", k / per);
	assert_string_equal(harm->engine, who(k)->name);
	assert_string_equal(harm->was, name);
	assert_string_equal(harm->now, "");
	assert_int_equal(harm->va, va_of(k / per));
}

static void lose(unsigned k, unsigned per)
{
	const uint64_t before = tp_intel_model_harms(rig.model, NULL, 0);
	const uint64_t lost = spin_stat(&rig).lost;

	begin_round();
	tp_intel_model_lose_invalidations(rig.model, k, 1);
	release_all();
	assert_int_equal(spin_stat(&rig).lost, lost + 1);
	check_named(k, per, before);
	end_round();
}

static void lose_each(const struct rig_config *config)
{
	unsigned n;

	rig_make(&rig, config);
	n = count_requests();
	assert_int_equal(n % VICTIMS, 0);
	assert_true(n >= VICTIMS);
	for (unsigned k = 0; k < n; k++)
		lose(k, n / VICTIMS);
	spin_end_harmed(&rig);
}

static struct rig_config config_of(unsigned platform, bool no_guc)
{
	return (struct rig_config){
		.platform = (enum tp_intel_platform)platform,
		.model = { .mode = TP_INTEL_MODEL_MANUAL, .invalidate_ns = 1 },
		.driver = { .no_guc = no_guc, .patience = { .hang_ns = TP_SECONDS(1000) } },
	};
}

static void each_request_that_is_lost_is_named(void **state)
{
	(void)state;
	for (unsigned p = 0; p < TP_INTEL_NR_PLATFORMS; p++) {
		const struct rig_config config = config_of(p, true);

		lose_each(&config);
	}
}

static void each_message_that_is_lost_is_named(void **state)
{
	const struct rig_config config = config_of(TP_INTEL_MTL, false);

	(void)state;
	lose_each(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_that_is_lost_is_named),
		cmocka_unit_test(each_message_that_is_lost_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
