/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Content that moves into and out of video memory, whatever comes between; and content that is lost
 * with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_reset.h"

enum {
	SOME = 24,
	MANY = 2 * TP_AMD_WINDOW_PAGES + 100, /* each window, and one of them again */
	FEW = 7,			      /* not worth a job */
	LAST_WORD = TP_PAGE_SIZE - 8,
	THREADS = 3,
};

static struct tp_amd_object object;

/* ---- an object that nobody maps -------------------------------------------------------------- */

static void unbind(struct tp_bo *bo)
{
	(void)bo;
}

static int forget(struct tp_bo *bo)
{
	(void)bo;
	return 0;
}

static const struct tp_bo_ops ops = {
	.unbind = unbind, .forget = forget, .copy = tp_amd_copy, .destroy = unbind
};

static void make_object(struct rig *r, uint64_t pages)
{
	object = (struct tp_amd_object){ 0 };
	must(tp_bo_init(&object.bo, &r->gpu->bos, pages * TP_PAGE_SIZE, TP_BO_VRAM, "object"));
	tp_amd_object_settle(&object);
	assert_true(tp_resv_try_hold(object.bo.resv));
	must(tp_bo_populate(&object.bo));
	assert_int_equal(object.bo.place, TP_BO_VRAM);
}

static void put_object(void)
{
	tp_resv_unhold(object.bo.resv);
	tp_bo_put(&object.bo);
}

/* Each page has something else at both ends. */
static void write_content(uint64_t salt)
{
	for (uint64_t page = 0; page < object.bo.size / TP_PAGE_SIZE; page++) {
		uint64_t first = page << 8 | salt, last = ~first;

		tp_bo_write(&object.bo, page * TP_PAGE_SIZE, &first, 8);
		tp_bo_write(&object.bo, page * TP_PAGE_SIZE + LAST_WORD, &last, 8);
	}
}

static void check_content(uint64_t salt)
{
	for (uint64_t page = 0; page < object.bo.size / TP_PAGE_SIZE; page++) {
		uint64_t first, last;

		tp_bo_read(&object.bo, page * TP_PAGE_SIZE, &first, 8);
		tp_bo_read(&object.bo, page * TP_PAGE_SIZE + LAST_WORD, &last, 8);
		assert_int_equal(first, page << 8 | salt);
		assert_int_equal(last, ~first);
	}
}

static void check_zeroes(void)
{
	static const char zeroes[TP_PAGE_SIZE];
	char page[TP_PAGE_SIZE];

	for (uint64_t at = 0; at < object.bo.size; at += TP_PAGE_SIZE) {
		tp_bo_read(&object.bo, at, page, sizeof(page));
		assert_memory_equal(page, zeroes, sizeof(page));
	}
}

static bool is_lost(void)
{
	return tp_atomic_exchange(&object.lost, 0, TP_ACQ_REL);
}

static void evict(void)
{
	must(tp_bo_evict(&object.bo));
	assert_int_equal(object.bo.place, TP_BO_SYSTEM);
}

static void bring_home(void)
{
	must(tp_bo_populate(&object.bo));
	assert_int_equal(object.bo.place, TP_BO_VRAM);
}

static int make(void **state)
{
	struct rig_config config = patient;

	*state = &rig;
	config.blocks = RIG_BLOCKS;
	config.model.memory = TP_MIB(8);
	rig_make_driver(&rig, &config);
	rig.gpu->bos.ops = &ops;
	make_scratch(&rig);
	make_object(&rig, SOME);
	write_content(1);
	return 0;
}

static int end(void **state)
{
	put_object();
	return end_rig(state);
}

/* Bytes that SDMA0 stored, with the numbers of its fences. */
static uint64_t copied(struct rig *r)
{
	return rig_stat(r).ring[TP_AMD_RING_SDMA0].stores;
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void content_moves_out_and_back(void **state)
{
	struct rig *r = *state;

	put_object();
	make_object(r, MANY);
	write_content(1);
	evict();
	check_content(1);
	assert_true(copied(r) >= MANY * TP_PAGE_SIZE);
	write_content(2);
	bring_home();
	check_content(2);
	assert_true(copied(r) >= 2 * MANY * TP_PAGE_SIZE);
	assert_false(is_lost());
}

/* No run of either side is like one of the other. */
static void memory_may_lie_anyhow(void **state)
{
	struct rig *r = *state;
	static uint64_t kept[4 * MANY];
	unsigned n = 0;

	put_object();
	while (!tp_vram_alloc(r->gpu->bos.vram, 0, "kept", &kept[n]) && ++n < 4 * MANY)
		;
	for (unsigned i = 0; i < n; i += 1 + i % 3)
		tp_vram_free(r->gpu->bos.vram, kept[i], 0), kept[i] = UINT64_MAX;
	make_object(r, MANY / 4);
	write_content(3);
	evict();
	check_content(3);
	bring_home();
	check_content(3);
	for (unsigned i = 0; i < n; i++)
		if (kept[i] != UINT64_MAX)
			tp_vram_free(r->gpu->bos.vram, kept[i], 0);
}

static void few_pages_are_not_worth_a_job(void **state)
{
	struct rig *r = *state;

	put_object();
	make_object(r, FEW);
	write_content(4);
	evict();
	check_content(4);
	bring_home();
	check_content(4);
	assert_int_equal(copied(r), 0);
}

/* T12: an engine reads a word of video memory, with nothing of the driver's before that lets out
 * what the CPU wrote there. */
static uint64_t seen_by_engine(struct rig *r, uint64_t address)
{
	struct tp_amd_job *job = rig_job(r, TP_AMD_RING_SDMA0, 8);
	uint64_t word;

	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put(&job->ib, sizeof(word) - 1);
	tp_amd_ib_put(&job->ib, 0);
	tp_amd_ib_put64(&job->ib, TP_AMD_VRAM_START + address);
	tp_amd_ib_put64(&job->ib, TP_AMD_VRAM_START + scratch);
	rig_wait(r, rig_push(r, job), 0);
	tp_bus_memory_read(r->gpu->bus, scratch, &word, sizeof(word));
	return word;
}

static void engines_see_what_the_cpu_copied_T12(void **state)
{
	const struct tp_bo_chunk *last;
	struct rig *r = *state;

	put_object();
	make_object(r, FEW);
	write_content(4);
	evict();
	write_content(5); /* which is not there yet, as that was */
	bring_home();
	last = tp_bo_chunk_at(&object.bo, FEW - 1);
	assert_int_equal(seen_by_engine(r, last->address + (FEW - 1 - last->page) * TP_PAGE_SIZE +
						   LAST_WORD),
			 ~(uint64_t)((FEW - 1) << 8 | 5));
}

/* T28: no way to the pages is left behind. */
static void windows_say_nothing_afterwards(void **state)
{
	struct rig *r = *state;
	struct tp_amd_job *job;
	uint64_t address, flags;
	bool system;

	evict();
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
		for (uint64_t page = 0; page < TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES; page++)
			assert_false(tp_amd_model_probe(r->model, (enum tp_amd_hub_id)hub, 0,
							TP_AMD_GART_START + page * TP_PAGE_SIZE,
							&system, &address, &flags));
	bring_home();
	/* Nor is any way remembered: the pages are gone, and this would lead to them. */
	job = rig_job(r, TP_AMD_RING_SDMA0, 8);
	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put(&job->ib, 8 - 1);
	tp_amd_ib_put(&job->ib, 0);
	tp_amd_ib_put64(&job->ib, TP_AMD_GART_START);
	tp_amd_ib_put64(&job->ib, TP_AMD_VRAM_START + scratch);
	rig_wait(r, rig_push(r, job), 0);
	assert_int_equal(rig_stat(r).hub[TP_AMD_MMHUB].faults, 1);
	assert_int_equal(rig_stat(r).hub[TP_AMD_MMHUB].stale, 0);
	rig_check_harm(r);
}

static void without_room_for_a_job_the_cpu_copies(void **state)
{
	struct rig *r = *state;

	must(tp_fault_arm("gpu/amd-invalidate", 1, 1)); /* asks for a reset, which forgets */
	evict();
	assert_int_equal(resets(r), 1);
	check_content(1);
	tp_fault_reset();
	must(tp_fault_arm("core/alloc", 2, 1)); /* the first is the new memory's */
	bring_home();
	check_content(1);
	assert_false(is_lost());
}

/* ---- resets that come between ---------------------------------------------------------------- */

static void reset_soft(void *arg)
{
	struct rig *r = arg;

	while (!tp_atomic_load(&r->gpu->rings[TP_AMD_RING_SDMA0].timeline.last, TP_ACQUIRE))
		tp_yield();
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
}

static void reset_mode1(void *arg)
{
	struct rig *r = arg;

	while (!tp_atomic_load(&r->gpu->rings[TP_AMD_RING_SDMA0].timeline.last, TP_ACQUIRE))
		tp_yield();
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
}

/* Its first job never ends. */
static void move_under_a_reset(struct rig *r, void (*reset)(void *arg), void (*move)(void))
{
	struct tp_thread thread;

	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA0, false);
	must(tp_thread_start(&thread, "reset", reset, r));
	move();
	tp_thread_join(&thread);
	expect_it_works(r);
}

static void a_soft_reset_costs_a_copy_nothing(void **state)
{
	move_under_a_reset(*state, reset_soft, evict);
	check_content(1);
	assert_false(is_lost());
}

/* CP3 */
static void what_is_lost_on_its_way_out_is_zeroes(void **state)
{
	struct rig *r = *state;

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	move_under_a_reset(r, reset_mode1, evict);
	check_zeroes();
	assert_true(is_lost());
	tp_amd_object_settle(&object);
	assert_false(is_lost());
}

static void what_is_on_its_way_in_is_not_lost(void **state)
{
	struct rig *r = *state;
	struct tp_thread thread;

	must(tp_bo_evict(&object.bo));
	check_content(1);
	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA0, false);
	must(tp_thread_start(&thread, "reset", reset_mode1, r));
	bring_home();
	tp_thread_join(&thread);
	tp_amd_object_settle(&object);
	/* The reset may have come after the copy, if the host is slow; then all of it is gone. */
	if (is_lost())
		check_zeroes();
	else
		check_content(1);
}

/* Nobody serves: who waits for the copy ends what hangs. */
static void a_copy_that_hangs_is_ended_by_who_waits(void **state)
{
	struct rig *r = *state;

	r->gpu->config.patience.hang_ns = TP_MILLISECONDS(10);
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA0, false);
	evict();
	assert_true(resets(r) >= 1);
	check_content(1);
	assert_false(is_lost());
}

/* Memory gets out, and says that what it held may have been lost with the last try (RS4). */
static void a_wedged_gpu_does_not_keep_memory(void **state)
{
	struct rig *r = *state;

	must(tp_fault_arm("gpu/amd-reset", 1, 4));
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	evict();
	check_zeroes();
	assert_true(is_lost());
}

/* ---- what is lost where it is ---------------------------------------------------------------- */

static void lost_content_is_zeroes_once(void **state)
{
	struct rig *r = *state;

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	tp_amd_object_settle(&object);
	check_zeroes();
	assert_true(is_lost());
	write_content(5);
	tp_amd_object_settle(&object);
	check_content(5);
	assert_false(is_lost());
}

static void content_that_was_elsewhere_is_not_lost(void **state)
{
	struct rig *r = *state;

	evict();
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	bring_home(); /* before anybody settled it */
	tp_amd_object_settle(&object);
	check_content(1);
	assert_false(is_lost());
}

struct user {
	struct tp_thread thread;
	uint64_t word;
};

static void use(void *arg)
{
	struct user *user = arg;

	tp_amd_object_settle(&object);
	tp_bo_write(&object.bo, 8 * user->word, &user->word, 8);
}

/* LO2: what one of its users wrote since is not zeroed for another. */
static void many_users_settle_it_once(void **state)
{
	struct rig *r = *state;
	struct user users[THREADS];

	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	for (unsigned i = 0; i < THREADS; i++) {
		users[i].word = i + 1;
		must(tp_thread_start(&users[i].thread, "user", use, &users[i]));
	}
	for (unsigned i = 0; i < THREADS; i++)
		tp_thread_join(&users[i].thread);
	for (unsigned i = 0; i < THREADS; i++) {
		uint64_t is;

		tp_bo_read(&object.bo, 8 * users[i].word, &is, 8);
		assert_int_equal(is, users[i].word);
	}
	assert_true(is_lost());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(content_moves_out_and_back),
		TEST(memory_may_lie_anyhow),
		TEST(few_pages_are_not_worth_a_job),
		TEST(engines_see_what_the_cpu_copied_T12),
		TEST(windows_say_nothing_afterwards),
		TEST(without_room_for_a_job_the_cpu_copies),
		TEST(a_soft_reset_costs_a_copy_nothing),
		TEST(what_is_lost_on_its_way_out_is_zeroes),
		TEST(what_is_on_its_way_in_is_not_lost),
		TEST(a_copy_that_hangs_is_ended_by_who_waits),
		TEST(a_wedged_gpu_does_not_keep_memory),
		TEST(lost_content_is_zeroes_once),
		TEST(content_that_was_elsewhere_is_not_lost),
		TEST(many_users_settle_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
