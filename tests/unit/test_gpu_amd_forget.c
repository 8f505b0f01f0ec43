/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_forget - what running work reads is taken from it, in every way there is, and
 * invalidations happen to come at the worst moment: afterwards it finds nothing (T1, T2, T11, T12).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu/bo_internal.h"
#include "gpu_amd_reader.h"

enum {
	READ = TP_AMD_MAP_READ,
	SECRET = 0x5ec7e7,
	PENDING_WORD = 8 * READER_WORDS,
};

/* Under an entry of the root of its own, so that no directory is remembered before. */
#define FAR (UINT64_C(3) << (TP_PAGE_SHIFT + 3 * TP_AMD_PT_BITS))

static struct rig rig;
static struct tp_amd_object *victim; /* a page that says SECRET */
static struct reader readers[NR_READERS];

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;
	const uint32_t secret = SECRET;

	/* All that the CPU writes of a table or two is held back until it is let out (T12). */
	rig_make(&rig,
		 &(struct rig_config){ .model = { .remembers_nothing = true, .combine = 4096 },
				       .driver = { .updates = *updates,
						   .patience = { .tlb_ns = TP_SECONDS(20),
								 .hang_ns = TP_SECONDS(1000) } } });
	must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "victim", &victim));
	must(tp_amd_object_write(victim, 0, &secret, sizeof(secret)));
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	readers_stop(readers);
	if (victim)
		tp_amd_object_put(victim);
	rig_end(&rig);
	return 0;
}

static void map_victim(void)
{
	must(tp_amd_vm_map(rig.vm, victim, 0, FAR, TP_PAGE_SIZE, READ));
}

/* Nobody has it any more, and its page is anybody's. */
static void let_victim_go(void)
{
	tp_amd_object_put(victim);
	victim = NULL;
}

static void start_readers(void)
{
	struct rig *const rigs[NR_READERS] = { &rig, &rig };

	readers_start(readers, rigs, FAR);
}

static void all_find_it(void)
{
	for (unsigned i = 0; i < NR_READERS; i++)
		assert_int_equal(reader_look(&readers[i]), SECRET);
}

static void all_find_nothing(void)
{
	for (unsigned i = 0; i < NR_READERS; i++)
		reader_expect_nothing(&readers[i]);
	rig_check_harm(&rig);
}

/* ---- somebody else's invalidations ----------------------------------------------------------- */

/* All hubs forget all, as for somebody else. */
static void everything_is_forgotten(void)
{
	tp_amd_for_each_hub(hub, rig.gpu)
		must(tp_amd_hub_invalidate(hub, (1u << TP_AMD_NR_VMIDS) - 1, TP_AMD_INV_LEGACY));
}

/* What comes between, once each: before the first entry is written, and when all have been. */
static void (*before_writes)(void), (*after_writes)(void);

static void once(void (**what)(void))
{
	void (*fn)(void) = *what;

	*what = NULL;
	if (fn)
		fn();
}

static const struct tp_amd_backend *real;

static void set_later(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
		      uint32_t n, uint64_t first, uint64_t step)
{
	once(&before_writes);
	real->set(update, pt, index, n, first, step);
}

static void set_pages_later(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
			    uint32_t n, const struct tp_bo_chunk *chunks, uint64_t flags)
{
	once(&before_writes);
	real->set_pages(update, pt, index, n, chunks, flags);
}

static void commit_and_wait(struct tp_amd_update *update)
{
	real->commit(update);
	if (after_writes && update->last)
		must(tp_amd_wait(rig.gpu, update->last, tp_clock_after(TP_SECONDS(20))));
	once(&after_writes);
}

static const struct tp_amd_backend interrupted = { .set = set_later,
						   .set_pages = set_pages_later,
						   .commit = commit_and_wait };

/* The VM's next update is. */
static void interrupt(void (*before)(void), void (*after)(void))
{
	real = rig.vm->backend;
	before_writes = before;
	after_writes = after;
	rig.vm->backend = &interrupted;
}

static void stop_interrupting(void)
{
	rig.vm->backend = real;
	assert_null(before_writes);
	assert_null(after_writes);
}

/* ---- T1 -------------------------------------------------------------------------------------- */

static void forgotten_and_read_again(void)
{
	everything_is_forgotten();
	all_find_it();
}

/* T1: between noting that something goes and clearing it, all is forgotten, and read again. */
static void what_was_forgotten_too_early_is_forgotten_again_T1(void **state)
{
	(void)state;
	map_victim();
	start_readers();
	interrupt(forgotten_and_read_again, NULL);
	must(tp_amd_vm_clear(rig.vm, FAR, TP_PAGE_SIZE));
	stop_interrupting();
	let_victim_go();
	all_find_nothing();
	readers_end(readers);
}

/* ---- T2 -------------------------------------------------------------------------------------- */

static tp_atomic_u32 asked; /* so many hubs were asked to forget */
static struct tp_thread askers[TP_AMD_NR_HUBS];

/* The device's log: a request of the CPU's was written. */
static void note_request(void *arg, const char *line)
{
	char text[64];

	(void)arg;
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++) {
		const uint32_t reg = tp_amd_hub_reg((enum tp_amd_hub_id)hub,
						    TP_AMD_INV_ENG0_REQ + TP_AMD_CPU_INV_ENGINE);

		snprintf(text, sizeof(text), "wr %#x ", reg);
		if (!strncmp(line, text, strlen(text)))
			tp_atomic_add(&asked, 1, TP_ACQ_REL);
	}
}

static void ask(void *arg)
{
	must(tp_amd_hub_invalidate(arg, (1u << TP_AMD_NR_VMIDS) - 1, TP_AMD_INV_LEGACY));
}

/* Both hubs are asked to forget, and take their time. */
static void invalidations_begin(void)
{
	tp_atomic_store(&asked, 0, TP_RELEASE);
	tp_amd_model_log(rig.model, note_request, NULL);
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		tp_amd_model_stick(rig.model, (enum tp_amd_hub_id)i, true);
		must(tp_thread_start(&askers[i], "asker", ask, &rig.gpu->hubs[i]));
	}
	while (tp_atomic_load(&asked, TP_ACQUIRE) != TP_AMD_NR_HUBS)
		tp_yield();
	tp_amd_model_log(rig.model, NULL, NULL);
}

static void invalidations_end(void)
{
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		tp_amd_model_stick(rig.model, (enum tp_amd_hub_id)i, false);
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		tp_thread_join(&askers[i]);
}

static void end_soon(void *arg)
{
	(void)arg;
	tp_sleep_ns(TP_MILLISECONDS(5));
	invalidations_end();
}

static struct tp_thread ender;

/* When the driver stands behind them, most likely. */
static void invalidations_end_soon(void)
{
	must(tp_thread_start(&ender, "ender", end_soon, NULL));
}

/* T2: an invalidation that began before it was cleared, and what was read after that, ends when it
 * is: that was no forgetting, and there is another one. */
static void check_one_that_had_begun(void (*ends)(void))
{
	uint64_t before[NR_READERS];

	map_victim();
	start_readers();
	for (unsigned i = 0; i < NR_READERS; i++)
		before[i] = reader_hub(&readers[i]).invalidations;
	invalidations_begin();
	all_find_it();
	interrupt(NULL, ends);
	must(tp_amd_vm_clear(rig.vm, FAR, TP_PAGE_SIZE));
	stop_interrupting();
	if (ends == invalidations_end_soon)
		tp_thread_join(&ender);
	for (unsigned i = 0; i < NR_READERS; i++)
		assert_true(reader_hub(&readers[i]).invalidations >= before[i] + 2);
	let_victim_go();
	all_find_nothing();
	readers_end(readers);
}

static void one_that_had_begun_does_not_count_T2(void **state)
{
	(void)state;
	check_one_that_had_begun(invalidations_end);
}

static void one_that_is_waited_for_does_not_count_T2(void **state)
{
	(void)state;
	check_one_that_had_begun(invalidations_end_soon);
}

/* Work that waits for a word: whatever comes after it waits too. */
static struct tp_fence *start_waiter(void)
{
	struct rig_words s = { .page = TP_AMD_RING_SDMA1 };

	rig_wait_word(&s, RIG_DATA_VA + 4 * PENDING_WORD, 1);
	rig_finish(&rig, &s);
	return rig_submit(&rig, TP_AMD_RING_SDMA1, &s, true);
}

/* The reader's caches are emptied for it now, and then it finds nothing, and remembers that. */
static void the_reader_begins(void)
{
	tp_atomic_store(rig_live(&rig, PENDING_WORD), 1, TP_RELEASE);
	reader_expect_nothing(&readers[0]);
	reader_end(&readers[0]);
}

/* T2, of what is mapped: work that began while it was being written had everything forgotten, and
 * the next one has to have that again. */
static void work_that_began_before_does_not_count_T2(void **state)
{
	struct tp_fence *waiter;
	struct rig_words s;

	(void)state;
	reader_write(&readers[0], &rig, TP_AMD_RING_GFX, FAR, &s);
	rig_write(&rig, PENDING_WORD, 0);
	waiter = start_waiter();
	reader_submit(&readers[0], &s);
	interrupt(the_reader_begins, NULL);
	map_victim();
	stop_interrupting();
	rig_wait(&rig, waiter, 0);
	reader_write(&readers[0], &rig, TP_AMD_RING_GFX, FAR, &s);
	reader_submit(&readers[0], &s);
	assert_int_equal(reader_look(&readers[0]), SECRET);
	reader_end(&readers[0]);
	must(tp_amd_vm_clear(rig.vm, FAR, TP_PAGE_SIZE));
}

/* ---- T11, T12 -------------------------------------------------------------------------------- */

/* T11: it is cut and forgotten behind each hub, whichever used it last; T12: what the CPU wrote of
 * that is out of its buffers before. */
static void check_taken(struct reader *last, void (*take)(void))
{
	map_victim();
	start_readers();
	all_find_it();
	assert_int_equal(reader_look(last), SECRET);
	take();
	all_find_nothing();
	readers_end(readers);
}

static void clear(void)
{
	must(tp_amd_vm_clear(rig.vm, FAR, TP_PAGE_SIZE));
	let_victim_go();
}

static void swap_out(void)
{
	must(tp_amd_object_swap_out(victim));
}

/* The table that leads there moves: it is unlinked. */
static void move_table(void)
{
	struct tp_amd_pt *pt = rig.vm->root;

	while (pt->level)
		pt = pt->children[FAR >> (TP_PAGE_SHIFT + pt->level * TP_AMD_PT_BITS) &
				  (TP_AMD_PTES - 1)];
	/* Its reservation is busy with the readers, which do not matter to this. */
	assert_true(tp_resv_try_hold(pt->bo.resv));
	must(tp_bo_move_to(&pt->bo, TP_BO_SYSTEM));
	tp_resv_unhold(pt->bo.resv);
}

static void (*const ways[])(void) = { clear, swap_out, move_table };

static void renew_victim(void)
{
	const uint32_t secret = SECRET;

	if (victim) {
		must(tp_amd_vm_clear(rig.vm, FAR, TP_PAGE_SIZE));
		let_victim_go();
	}
	must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "victim", &victim));
	must(tp_amd_object_write(victim, 0, &secret, sizeof(secret)));
}

static void both_hubs_are_told_T11_T12(void **state)
{
	(void)state;
	for (unsigned way = 0; way < TP_ARRAY_SIZE(ways); way++) {
		for (unsigned last = 0; last < NR_READERS; last++) {
			check_taken(&readers[last], ways[way]);
			renew_victim();
		}
	}
}

/* ---- T12 ------------------------------------------------------------------------------------- */

/* T12: of the GART, what was said of a page is out of the buffers when that is done. */
static void the_gart_says_it_at_once_T12(void **state)
{
	const struct tp_bo_chunk *chunk = tp_bo_chunk_at(tp_amd_object_bo(rig.data), 0);
	struct tp_amd_job *job = rig_job(&rig, TP_AMD_RING_SDMA0, 8);
	uint64_t address;

	(void)state;
	rig_write(&rig, 0, SECRET);
	rig_write(&rig, 1, 0);
	must(tp_amd_gart_insert(rig.gpu, (tp_dma_addr){ chunk->address }, 1, &address));
	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put(&job->ib, 4 - 1);
	tp_amd_ib_put(&job->ib, 0);
	tp_amd_ib_put64(&job->ib, address);
	tp_amd_ib_put64(&job->ib, address + 4);
	tp_amd_ib_pad(&job->ib);
	rig_wait(&rig, rig_push(&rig, job), 0);
	must(tp_amd_gart_remove(rig.gpu, address, 1));
	assert_int_equal(rig_read(&rig, 1), SECRET);
}

#define BOTH(name)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[0]), \
		cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[1])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(what_was_forgotten_too_early_is_forgotten_again_T1),
		BOTH(one_that_had_begun_does_not_count_T2),
		BOTH(one_that_is_waited_for_does_not_count_T2),
		BOTH(work_that_began_before_does_not_count_T2),
		BOTH(both_hubs_are_told_T11_T12),
		BOTH(the_gart_says_it_at_once_T12),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
