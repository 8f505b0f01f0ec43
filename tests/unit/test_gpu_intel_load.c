/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_load - objects come and go, work is done on them, memory goes offline and comes
 * back, and all the while engines read everything without asking: nothing comes to harm, and no
 * access is refused.
 *
 * TP_GPU_LOAD_ROUNDS in the environment asks for more than the usual rounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/rng.h"
#include "gpu_intel_spin.h"

enum { WORKERS = 2, SLOTS = 4, MAX_PAGES = 4, ROUNDS = 200, ROGUES = 2 };

static const char *const rogues[ROGUES] = { "vcs0", "vecs0" };
static const char *const workers_engines[] = { "rcs0", "bcs0" };

static struct rig rig;
static struct tp_device *far;
static tp_atomic_u32 nr_working;

static uint64_t va_of(unsigned worker, unsigned slot)
{
	return SPIN_VA + (worker * SLOTS + slot) * MAX_PAGES * TP_PAGE_SIZE;
}

/* ---- engines that read what is not theirs ---------------------------------------------------- */

/* Every first page, again and again, while the first word of the data is not 0. */
static void make_rogue_batch(void)
{
	struct rig_words b = { .page = SPIN_PAGE };

	for (unsigned w = 0; w < WORKERS; w++)
		for (unsigned s = 0; s < SLOTS; s++)
			rig_copy_word(&b, RIG_BATCH_VA(0), va_of(w, s));
	rig_put(&b, TP_INTEL_MI_CONDITIONAL_END);
	rig_put(&b, 0);
	rig_put64(&b, RIG_DATA_VA);
	rig_put(&b, TP_INTEL_MI_BATCH_START);
	rig_put64(&b, RIG_BATCH_VA(SPIN_PAGE));
	rig_finish(&rig, &b);
	rig_write(&rig, 0, 1);
}

static void start_rogues(struct tp_fence *fences[ROGUES])
{
	make_rogue_batch();
	for (unsigned i = 0; i < ROGUES; i++) {
		const struct tp_intel_engine *engine = rig_engine(&rig, rogues[i]);

		fences[i] =
			rig_submit(&rig, engine->id.class, engine->id.instance, SPIN_PAGE, false);
	}
}

static void stop_rogues(struct tp_fence *fences[ROGUES])
{
	tp_atomic_store(rig_live(&rig, 0), 0, TP_RELEASE);
	for (unsigned i = 0; i < ROGUES; i++)
		rig_wait(fences[i], 0);
}

/* ---- work that is done right ----------------------------------------------------------------- */

static struct worker {
	struct tp_thread thread;
	unsigned index, rounds;
	struct tp_rng rng;
	struct tp_intel_object *objects[SLOTS];
	uint64_t size[SLOTS];
} workers[WORKERS];

static unsigned below(struct worker *w, unsigned n)
{
	return (unsigned)tp_rng_below(&w->rng, n);
}

/* Work on one object: on an engine of its own. */
static void work(struct worker *w, unsigned slot)
{
	struct tp_fence *fence = spin_submit(&rig, rig_engine(&rig, workers_engines[w->index]),
					     SPIN_TOUCH, w->objects[slot]);

	if (below(w, 2))
		rig_wait(fence, 0);
	else
		tp_fence_put(fence);
}

static void make(struct worker *w, unsigned slot)
{
	const uint64_t va = va_of(w->index, slot);
	const uint32_t word = 1;

	w->size[slot] = (1 + below(w, MAX_PAGES)) * TP_PAGE_SIZE;
	must(tp_intel_object_create(rig.gpu, w->size[slot], below(w, 2) ? TP_BO_VRAM : TP_BO_SYSTEM,
				    "work", &w->objects[slot]));
	must(tp_intel_vm_bind(rig.vm, w->objects[slot], 0, va, w->size[slot]));
	must(tp_intel_object_write(w->objects[slot], 0, &word, 4));
	if (!below(w, 4))
		tp_intel_object_madvise(w->objects[slot], true);
}

static void unmake(struct worker *w, unsigned slot)
{
	const uint64_t va = va_of(w->index, slot);

	/* Sometimes page by page. */
	if (below(w, 4)) {
		must(tp_intel_vm_unbind(rig.vm, va, w->size[slot]));
	} else {
		for (uint64_t at = 0; at < w->size[slot]; at += TP_PAGE_SIZE)
			must(tp_intel_vm_unbind(rig.vm, va + at, TP_PAGE_SIZE));
	}
	tp_intel_object_put(w->objects[slot]);
	w->objects[slot] = NULL;
}

static void run_worker(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < w->rounds; i++) {
		unsigned slot = below(w, SLOTS);

		if (!w->objects[slot])
			make(w, slot);
		work(w, slot);
		if (below(w, 2))
			unmake(w, slot);
	}
	for (unsigned slot = 0; slot < SLOTS; slot++)
		if (w->objects[slot])
			unmake(w, slot);
	tp_atomic_sub(&nr_working, 1, TP_RELEASE);
}

static void start_workers(unsigned rounds)
{
	tp_atomic_store(&nr_working, WORKERS, TP_RELAXED);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *w = &workers[i];

		*w = (struct worker){ .index = i, .rounds = rounds };
		tp_rng_init(&w->rng, i + 1);
		must(tp_thread_start(&w->thread, "worker", run_worker, w));
	}
}

/* ---- memory that comes and goes -------------------------------------------------------------- */

/* Returns how often it went. */
static unsigned move_memory(void)
{
	const struct tp_offline_options options = { .deadline_ns = TP_MILLISECONDS(20) };
	unsigned went = 0;

	while (tp_atomic_load(&nr_working, TP_ACQUIRE)) {
		if (!tp_device_offline(far, &options, NULL)) {
			went++;
			must(tp_device_online(far, TP_ONLINE_MOVABLE));
		}
		tp_sleep_ns(TP_MICROSECONDS(500));
	}
	return went;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void check_nothing_was_harmed(void)
{
	struct tp_model_harm harm;
	struct tp_gpu_stats stats;

	if (tp_intel_model_harms(rig.model, &harm, 1))
		fail_msg("%s at %llx: was %s, is %s", harm.engine, (unsigned long long)harm.va,
			 harm.was, harm.now);
	must(tp_gpu_stats(rig.m, "gpu0", &stats));
	assert_int_equal(stats.faults, 0);
	assert_int_equal(stats.resets, 0);
	assert_int_equal(stats.quarantines, 0);
	for (unsigned gt = 0; gt < stats.nr_gts; gt++) {
		assert_true(stats.tlb[gt].requested);
		assert_int_equal(stats.tlb[gt].timeouts, 0);
	}
}

static unsigned rounds_wanted(void)
{
	const char *wanted = getenv("TP_GPU_LOAD_ROUNDS");

	return wanted ? (unsigned)strtoul(wanted, NULL, 10) : ROUNDS;
}

static void run_load(enum tp_intel_platform platform, enum tp_intel_tlb_rule rule)
{
	const struct rig_config config = {
		.platform = platform,
		.model = { .memory = platform == TP_INTEL_DG2 ? TP_MIB(16) : 0, .tlb_entries = 16 },
		.driver = { .service = true,
			    .rule = rule,
			    /* A loaded host is no broken device. */
			    .patience = { .hang_ns = TP_SECONDS(1000),
					  .tlb_ns = TP_SECONDS(20),
					  .guc_ns = TP_SECONDS(20),
					  .awake_ns = TP_SECONDS(20) } },
	};
	const struct tp_device_config memory = { .node = 0,
						 .size = 2 * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct rig_words touch = { .page = SPIN_TOUCH };
	struct tp_fence *fences[ROGUES];

	rig_make(&rig, &config);
	rig_finish(&rig, &touch);
	start_rogues(fences);
	must(tp_device_plug(rig.m, &memory, &far));
	start_workers(rounds_wanted());
	print_message("memory went %u times\n", move_memory());
	for (unsigned i = 0; i < WORKERS; i++)
		tp_thread_join(&workers[i].thread);
	stop_rogues(fences);
	check_nothing_was_harmed();
	rig_end(&rig);
}

static void by_registers(void **state)
{
	(void)state;
	run_load(TP_INTEL_DG2, TP_INTEL_TLB_STARTED);
}

static void by_the_other_rule(void **state)
{
	(void)state;
	run_load(TP_INTEL_TGL, TP_INTEL_TLB_COMPLETED);
}

static void by_firmware_in_two_gts(void **state)
{
	(void)state;
	run_load(TP_INTEL_MTL, TP_INTEL_TLB_STARTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_registers),
		cmocka_unit_test(by_the_other_rule),
		cmocka_unit_test(by_firmware_in_two_gts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
