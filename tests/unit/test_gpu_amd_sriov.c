/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As a virtual function: resets by way of the host's driver, asked for or not, and a host that does
 * not answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_reset.h"

enum { TRIES = 3 };

static int make_function(void **state, bool keeps_memory)
{
	struct rig_config config = patient;

	config.model.virtual_function = true;
	config.model.flr_keeps_memory = keeps_memory;
	return make_rig(state, &config);
}

static int make(void **state)
{
	return make_function(state, false);
}

/* Each reset takes its time. */
static int make_taking(void **state, uint64_t reset_ns)
{
	struct rig_config config = patient;

	config.model.virtual_function = true;
	config.model.flr_keeps_memory = true; /* so that its end is said with it */
	config.model.reset_ns = reset_ns;
	return make_rig(state, &config);
}

static int make_slow(void **state)
{
	return make_taking(state, TP_MILLISECONDS(50));
}

static int make_very_slow(void **state)
{
	return make_taking(state, TP_SECONDS(1));
}

static int make_keeping(void **state)
{
	return make_function(state, true);
}

/* Whatever is asked for: there is nothing else. */
static void a_reset_is_the_hosts_to_make(void **state)
{
	struct rig *r = *state;

	for (unsigned method = TP_AMD_RESET_AUTO; method <= TP_AMD_RESET_MODE1; method++) {
		must(tp_amd_reset(r->gpu, (enum tp_amd_reset_method)method));
		assert_int_equal(rig_stat(r).flrs, method + 1);
		assert_int_equal(tp_amd_vram_lost(r->gpu), method + 1);
		expect_it_works(r);
	}
	assert_int_equal(rig_stat(r).soft_resets + rig_stat(r).mode1_resets, 0);
}

/* The host's features say that it does, although the pattern may be there still. */
static void what_the_host_says_is_lost_is_lost(void **state)
{
	struct rig *r = *state;

	tp_amd_model_lose_as(r->model, TP_AMD_LOSS_NOTHING);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
}

static void memory_that_is_kept_is_not_lost(void **state)
{
	struct rig *r = *state;

	rig_wait(r, push_store(r, TP_AMD_RING_SDMA0, 9, 99), 0);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 0);
	assert_int_equal(scratch_word(r, 9), 99);
	expect_it_works(r);
}

/* And if it was all the same, the pattern tells (T29). */
static void a_loss_that_the_host_does_not_tell_of_is_found(void **state)
{
	struct rig *r = *state;

	tp_amd_model_lose(r->model);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1);
	expect_it_works(r);
}

static void a_hung_ring_is_reset_with_the_function(void **state)
{
	struct rig *r = *state;
	struct tp_fence *guilty;

	tp_amd_model_hang(r->model, TP_AMD_RING_GFX, true);
	guilty = push_store(r, TP_AMD_RING_GFX, 9, 1);
	find_what_hangs(r);
	rig_expect(guilty, -ETIME);
	assert_int_equal(rig_stat(r).flrs, 1);
	expect_it_works(r);
}

/* SR2: it is not asked for again. */
static void the_host_resets_without_being_asked(void **state)
{
	struct rig *r = *state;

	for (unsigned i = 1; i <= 2; i++) {
		tp_amd_model_host_flr(r->model);
		tp_amd_service(r->gpu);
		assert_int_equal(resets(r), i);
		assert_int_equal(rig_stat(r).flrs, i);
		assert_int_equal(tp_amd_vram_lost(r->gpu), i);
		expect_it_works(r);
	}
	tp_amd_service(r->gpu);
	assert_int_equal(resets(r), 2);
}

/* Nor is it taken for the answer to what is asked meanwhile. */
static void a_reset_meets_one_of_the_hosts(void **state)
{
	struct rig *r = *state;

	tp_amd_model_host_flr(r->model);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	expect_it_works(r);
	tp_amd_service(r->gpu);
	expect_it_works(r);
}

/* The end of one is not that of the next, which was announced before anybody looked. */
static void the_host_resets_twice_in_a_row(void **state)
{
	struct rig *r = *state;

	tp_amd_model_host_flr(r->model);
	while (rig_stat(r).flrs < 1)
		tp_yield();
	tp_amd_model_host_flr(r->model);
	tp_amd_service(r->gpu);
	assert_int_equal(rig_stat(r).flrs, 2);
	expect_it_works(r);
	tp_amd_service(r->gpu);
	assert_int_equal(resets(r), 1);
}

/* Each message that is not answered costs a try. */
static void a_host_that_does_not_answer_is_asked_again(void **state)
{
	struct rig *r = *state;

	for (unsigned nth = 1; nth <= 4; nth++) {
		must(tp_fault_arm("gpu/amd-mailbox", nth, 1));
		must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
		tp_fault_reset();
		assert_int_equal(tp_amd_state(r->gpu), TP_GPU_RUNNING);
		expect_it_works(r);
	}
}

static void a_host_that_never_answers_wedges(void **state)
{
	struct rig *r = *state;

	must(tp_fault_arm("gpu/amd-mailbox", 1, TRIES));
	assert_int_equal(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO), -EIO);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
	assert_int_equal(tp_amd_vram_lost(r->gpu), 1); /* RS4: nobody knows */
	rig_expect(push_store(r, TP_AMD_RING_SDMA1, 9, 3), -EIO);
}

/* A reset takes what it takes, which is more than an answer does. */
static void the_end_of_a_reset_is_waited_for_longer_than_answers(void **state)
{
	struct rig *r = *state;

	r->gpu->config.patience.access_ns = TP_MILLISECONDS(300);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_AUTO));
	expect_it_works(r);
}

/* What the host does with a function that is given up is read, and asks for nothing, or it would
 * for ever. */
static void a_wedged_function_is_reset_by_the_host(void **state)
{
	struct rig *r = *state;

	a_host_that_never_answers_wedges(state);
	tp_fault_reset();
	for (unsigned i = 0; i < 2; i++) {
		tp_amd_model_host_flr(r->model);
		tp_amd_service(r->gpu);
		assert_int_equal(tp_atomic_load(&r->gpu->wants_reset, TP_ACQUIRE), 0);
		assert_false(tp_amd_sriov_take(r->gpu));
	}
	tp_amd_ask_reset(r->gpu); /* as who found that a hub did not forget, just before */
	tp_amd_service(r->gpu);
	assert_int_equal(tp_atomic_load(&r->gpu->wants_reset, TP_ACQUIRE), 0);
	assert_int_equal(tp_amd_state(r->gpu), TP_GPU_WEDGED);
}

#define TEST(name)	   cmocka_unit_test_setup_teardown(name, make, end_rig)
#define TEST_SLOW(name)	   cmocka_unit_test_setup_teardown(name, make_slow, end_rig)
#define TEST_KEEPING(name) cmocka_unit_test_setup_teardown(name, make_keeping, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reset_is_the_hosts_to_make),
		TEST(what_the_host_says_is_lost_is_lost),
		TEST_KEEPING(memory_that_is_kept_is_not_lost),
		TEST_KEEPING(a_loss_that_the_host_does_not_tell_of_is_found),
		TEST(a_hung_ring_is_reset_with_the_function),
		TEST(the_host_resets_without_being_asked),
		TEST_SLOW(the_host_resets_twice_in_a_row),
		TEST(a_reset_meets_one_of_the_hosts),
		TEST(a_host_that_does_not_answer_is_asked_again),
		TEST(a_host_that_never_answers_wedges),
		TEST(a_wedged_function_is_reset_by_the_host),
		cmocka_unit_test_setup_teardown(
			the_end_of_a_reset_is_waited_for_longer_than_answers, make_very_slow,
			end_rig),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
