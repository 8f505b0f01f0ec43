/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_user - work in a program's memory, whose pages move: the device forgets them first,
 * and finds them again (T26, T28).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu_amd_probe.h"
#include "mm/mapping_internal.h"

enum {
	BEFORE = 2, /* pages of the mapping that the device has nothing of */
	DEVICE_BLOCKS = TP_CONST_MAX(2, 256 / (2 * TP_PAGEBLOCK_PAGES)),
	RW = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE,
	PUSHES = 12,
	ROUNDS = TP_TSAN ? 60 : 300,
};

#define OTHER_VA UINT64_C(0x90000000)

static struct rig rig; /* its data is the program's */
static struct tp_device *device;
static struct tp_mapping *map;

static void plug(void)
{
	const struct tp_device_config config = { .size = DEVICE_BLOCKS * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	must(tp_device_plug(rig.m, &config, &device));
}

/* Of movable memory, which is the device's alone. */
static void make_map(void)
{
	const struct tp_mapping_config config = { .name = "app",
						  .size = (BEFORE + RIG_DATA_PAGES) * TP_PAGE_SIZE,
						  .small_pages = true };

	must(tp_mapping_create(rig.m, &config, &map));
}

static void make_user(struct tp_amd_vm *vm, struct tp_amd_object **object)
{
	must(tp_amd_object_create_user(rig.gpu, map, BEFORE * TP_PAGE_SIZE,
				       RIG_DATA_PAGES * TP_PAGE_SIZE, vm, "app0", object));
}

/* In the place of what the rig has. */
static void be_data(bool is_of_vm)
{
	must(tp_amd_vm_unmap(rig.vm, rig.data, RIG_DATA_VA));
	tp_amd_object_put(rig.data);
	make_user(is_of_vm ? rig.vm : NULL, &rig.data);
	must(tp_amd_vm_map(rig.vm, rig.data, 0, RIG_DATA_VA, RIG_DATA_PAGES * TP_PAGE_SIZE, RW));
}

static const struct rig_config quiet = {
	.driver = { .patience = { .hang_ns = TP_SECONDS(100), .idle_ns = TP_MILLISECONDS(5) } },
};

/* Shared, or of the VM alone. */
static bool of_vm[] = { false, true };

static int make(void **state)
{
	const bool *is_of_vm = *state;

	rig_make(&rig, &quiet);
	plug();
	make_map();
	be_data(*is_of_vm);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	rig_put_objects(&rig);
	tp_amd_bury(rig.gpu);
	must(tp_mapping_destroy(map));
	rig_end(&rig);
	return 0;
}

static int offline(uint64_t deadline_ns)
{
	return tp_device_offline(device, &(struct tp_offline_options){ .deadline_ns = deadline_ns },
				 NULL);
}

static uint32_t seen(unsigned word)
{
	uint32_t value;

	must(tp_mapping_read(map, BEFORE * TP_PAGE_SIZE + 4 * word, &value, sizeof(value)));
	return value;
}

static void say(unsigned word, uint32_t value)
{
	must(tp_mapping_write(map, BEFORE * TP_PAGE_SIZE + 4 * word, &value, sizeof(value)));
}

static void expect_pages(struct tp_amd_vm *vm, uint64_t va)
{
	for (unsigned i = 0; i < RIG_DATA_PAGES; i++) {
		const struct tp_bo_chunk *chunk = tp_bo_chunk_at(tp_amd_object_bo(rig.data), i);

		spot_expect(&rig, vm, va + i * TP_PAGE_SIZE, spot_wanted(rig.data, i, RW));
		assert_int_equal(chunk->pfn.v + i - chunk->page, map->pfns[BEFORE + i]);
	}
}

static void expect_nothing(struct tp_amd_vm *vm, uint64_t va)
{
	for (unsigned i = 0; i < RIG_DATA_PAGES; i++)
		spot_expect(&rig, vm, va + i * TP_PAGE_SIZE, spot_wanted(NULL, 0, 0));
}

static void store(unsigned word, uint32_t value)
{
	rig_wait(&rig, rig_submit_store(&rig, TP_AMD_RING_SDMA1, 0, word, value), 0);
}

/* ---- one memory ------------------------------------------------------------------------------ */

static void the_program_sees_what_the_device_does(void **state)
{
	struct rig_words s = { .page = 1 };

	(void)state;
	store(3, 33);
	assert_int_equal(seen(3), 33);
	say(5, 55);
	rig_copy(&s, RIG_DATA_VA + 4 * 6, RIG_DATA_VA + 4 * 5, 4);
	rig_finish(&rig, &s);
	rig_wait(&rig, rig_submit(&rig, TP_AMD_RING_GFX, &s, true), 0);
	assert_int_equal(seen(6), 55);
	assert_int_equal(rig_read(&rig, 6), 55);
	expect_pages(rig.vm, RIG_DATA_VA);
}

/* What was unmapped and put is gone, whatever work it had. */
static void a_mapping_may_go_after_its_object(void **state)
{
	(void)state;
	store(3, 33);
	assert_int_equal(tp_mapping_destroy(map), -EBUSY);
	must(tp_amd_vm_unmap(rig.vm, rig.data, RIG_DATA_VA));
	tp_amd_object_put(rig.data);
	must(tp_mapping_destroy(map));
	make_map();
	must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "data", &rig.data));
}

/* ---- it moves -------------------------------------------------------------------------------- */

/* T28: no VM translates to it, no hub remembers it, and then it goes. */
static void memory_moves_after_all_have_forgotten_it(void **state)
{
	const struct tp_amd_vm_config by_cpu = { .updates_given = true,
						 .updates = TP_AMD_UPDATE_CPU };
	struct tp_amd_vm *other;
	uint32_t before;

	(void)state;
	must(tp_amd_vm_create(rig.gpu, &by_cpu, &other));
	if (!rig.data->vm_number)
		must(tp_amd_vm_map(other, rig.data, 0, OTHER_VA, RIG_DATA_PAGES * TP_PAGE_SIZE,
				   RW));
	store(0, 7);
	before = map->pfns[BEFORE];
	must(offline(0));
	assert_int_not_equal(map->pfns[BEFORE], before);
	expect_nothing(rig.vm, RIG_DATA_VA);
	expect_nothing(other, OTHER_VA);
	store(1, 8);
	assert_int_equal(seen(0), 7);
	assert_int_equal(seen(1), 8);
	expect_pages(rig.vm, RIG_DATA_VA);
	must(tp_amd_vm_validate(other));
	if (!rig.data->vm_number)
		expect_pages(other, OTHER_VA);
	tp_amd_vm_put(other);
}

static void memory_that_work_uses_stays(void **state)
{
	struct rig_words s = { .page = 1 };
	struct tp_fence *fence;

	(void)state;
	rig_wait_word(&s, RIG_DATA_VA + 4 * 9, 1);
	rig_store(&s, RIG_DATA_VA + 4 * 10, 10);
	rig_finish(&rig, &s);
	fence = rig_submit(&rig, TP_AMD_RING_SDMA1, &s, true);
	assert_true(offline(TP_MILLISECONDS(50)) < 0);
	expect_pages(rig.vm, RIG_DATA_VA); /* nothing was cut */
	say(9, 1);
	rig_wait(&rig, fence, 0);
	assert_int_equal(seen(10), 10);
	must(offline(0));
	store(11, 11);
	assert_int_equal(seen(10), 10);
}

/* T7, T28: what the device does not forget does not move, and works on. */
static void memory_that_is_not_forgotten_stays(void **state)
{
	const uint64_t words = TP_PAGE_SIZE / 4;

	(void)state;
	store(0, 1);
	tp_amd_model_stick(rig.model, TP_AMD_MMHUB, true);
	rig.gpu->config.patience.tlb_ns = TP_MILLISECONDS(1);
	assert_true(offline(TP_MILLISECONDS(50)) < 0);
	tp_amd_model_stick(rig.model, TP_AMD_MMHUB, false);
	must(tp_amd_reset(rig.gpu, TP_AMD_RESET_SOFT));
	say((unsigned)words, 2);
	store(1, 3);
	assert_int_equal(rig_read(&rig, (unsigned)words), 2);
	expect_pages(rig.vm, RIG_DATA_VA);
	must(offline(0));
	store(2, 4);
	assert_int_equal(seen(2), 4);
}

/* Whatever of the move fails: the program and the device go on with what they had. */
static void a_move_that_fails_takes_nothing_away(void **state)
{
	static const char *const sites[] = { "mm/hold", "mm/mapping-show" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		must(tp_fault_arm(sites[i], 1, UINT64_MAX));
		assert_true(offline(TP_MILLISECONDS(20)) < 0);
		tp_fault_reset();
		store(i, 20 + i);
		assert_int_equal(seen(i), 20 + i);
		expect_pages(rig.vm, RIG_DATA_VA);
	}
}

/* It is bound again when it is used, and if that fails now, then the next time. */
static void what_cannot_be_found_again_is_when_it_is_used(void **state)
{
	struct rig_words s = { .page = 1 };
	struct tp_fence *fence;

	(void)state;
	rig_store(&s, RIG_DATA_VA, 5);
	rig_finish(&rig, &s);
	must(offline(0));
	must(tp_fault_arm("dma/map", 1, 1));
	assert_true(rig_try_submit(&rig, TP_AMD_RING_SDMA1, &s, true, &fence) < 0);
	tp_fault_reset();
	rig_wait(&rig, rig_submit(&rig, TP_AMD_RING_SDMA1, &s, true), 0);
	assert_int_equal(seen(0), 5);
}

/* ---- the device fails ------------------------------------------------------------------------ */

static void it_survives_the_loss_of_video_memory(void **state)
{
	struct tp_amd_ctx *ctx;

	(void)state;
	store(0, 77);
	tp_amd_model_lose_as(rig.model, TP_AMD_LOSS_GARBAGE);
	must(tp_amd_reset(rig.gpu, TP_AMD_RESET_MODE1));
	must(offline(0));
	must(tp_amd_ctx_create(rig.gpu, rig.vm, &ctx));
	tp_amd_ctx_put(rig.ctx);
	rig.ctx = ctx;
	store(1, 78);
	assert_int_equal(seen(0), 77);
	assert_int_equal(seen(1), 78);
	assert_false(tp_amd_object_lost(rig.data));
	expect_pages(rig.vm, RIG_DATA_VA);
}

/* T7: its end does not let it go before the device was made to forget it, by a reset. */
static void its_end_resets_what_does_not_forget(void **state)
{
	const uint32_t resets = tp_atomic_load(&rig.gpu->resets, TP_RELAXED);

	(void)state;
	store(0, 1);
	tp_amd_model_stick(rig.model, TP_AMD_MMHUB, true);
	rig.gpu->config.patience.tlb_ns = TP_MILLISECONDS(1);
	must(tp_amd_vm_unmap(rig.vm, rig.data, RIG_DATA_VA));
	assert_true(tp_atomic_load(&rig.gpu->resets, TP_RELAXED) > resets);
	rig_put_objects(&rig);
	must(offline(0));
}

/* ---- all at once ----------------------------------------------------------------------------- */

struct pusher {
	struct tp_thread thread;
	int err;
};

static void push_pages(void *arg)
{
	struct pusher *pusher = arg;

	for (unsigned i = 0; i < PUSHES && !pusher->err; i++) {
		pusher->err = offline(TP_SECONDS(60));
		if (!pusher->err)
			pusher->err = tp_device_online(device, TP_ONLINE_MOVABLE);
	}
}

/*
 * The device counts up one word, the program another one beside it, while both pages move to and
 * fro.
 */
static void neither_loses_what_it_wrote_while_pages_move(void **state)
{
	enum { DEVICES, PROGRAMS, NEXT_PAGE = TP_PAGE_SIZE / 4 };
	struct pusher pusher = { .err = 0 };
	uint32_t n = 0;

	(void)state;
	must(tp_thread_start(&pusher.thread, "pusher", push_pages, &pusher));
	while (n < ROUNDS) {
		n++;
		say(PROGRAMS, n);
		store(DEVICES, n);
		store(NEXT_PAGE, n);
		assert_int_equal(seen(DEVICES), n);
		assert_int_equal(seen(PROGRAMS), n);
		assert_int_equal(rig_read(&rig, NEXT_PAGE), n);
	}
	tp_thread_join(&pusher.thread);
	must(pusher.err);
	store(DEVICES, n + 1);
	assert_int_equal(seen(DEVICES), n + 1);
	assert_int_equal(seen(PROGRAMS), n);
}

#define BOTH(name)                                                            \
	cmocka_unit_test_prestate_setup_teardown(name, make, end, &of_vm[0]), \
		cmocka_unit_test_prestate_setup_teardown(name, make, end, &of_vm[1])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(the_program_sees_what_the_device_does),
		BOTH(a_mapping_may_go_after_its_object),
		BOTH(memory_moves_after_all_have_forgotten_it),
		BOTH(memory_that_work_uses_stays),
		BOTH(memory_that_is_not_forgotten_stays),
		BOTH(a_move_that_fails_takes_nothing_away),
		BOTH(what_cannot_be_found_again_is_when_it_is_used),
		BOTH(it_survives_the_loss_of_video_memory),
		BOTH(its_end_resets_what_does_not_forget),
		BOTH(neither_loses_what_it_wrote_while_pages_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
