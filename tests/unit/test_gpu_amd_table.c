/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_table - what work finds, by what the device remembers, where tables came and went:
 * a mapping where there was nothing (T19), and nothing where there were tables (T15).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_probe.h"

enum {
	RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE,
	PAGE_WORDS = TP_PAGE_SIZE / 4,
	MAX_TAKEN = 4096, /* pages, all there are */
};

/* Under an entry of the root of its own. */
#define SPAN (UINT64_C(1) << (TP_PAGE_SHIFT + 3 * TP_AMD_PT_BITS))
#define FAR  (3 * SPAN)

static struct rig rig;

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;

	rig_make(&rig, &(struct rig_config){ .model = { .remembers_nothing = true },
					     .driver = { .updates = *updates } });
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	rig_end(&rig);
	return 0;
}

/* By a job, which ends well whether it finds something there or not. */
static void store(uint64_t va, uint32_t value)
{
	struct rig_words s = { .page = 0 };

	rig_store(&s, va, value);
	rig_finish(&rig, &s);
	rig_wait(&rig, rig_submit(&rig, TP_AMD_RING_SDMA0, &s, true), 0);
}

static uint64_t faults(void)
{
	return rig_stat(&rig).hub[TP_AMD_MMHUB].faults;
}

/* Page @page of the data. */
static void map(unsigned page)
{
	must(tp_amd_vm_map(rig.vm, rig.data, page * TP_PAGE_SIZE, FAR, TP_PAGE_SIZE, RWX));
}

static void clear(void)
{
	must(tp_amd_vm_clear(rig.vm, FAR, SPAN));
}

/* T19: the device remembers that there was nothing. */
static void a_mapping_is_found_where_work_found_nothing(void **state)
{
	const uint64_t before = faults();

	(void)state;
	store(FAR, 1);
	assert_int_equal(faults(), before + 1);
	map(1);
	store(FAR, 2);
	assert_int_equal(rig_read(&rig, PAGE_WORDS), 2);
	assert_int_equal(faults(), before + 1);
	/* And the other way round, and once more. */
	clear();
	store(FAR, 3);
	assert_int_equal(faults(), before + 2);
	map(2);
	store(FAR, 4);
	assert_int_equal(rig_read(&rig, PAGE_WORDS), 2);
	assert_int_equal(rig_read(&rig, 2 * PAGE_WORDS), 4);
}

/* The table that has the leaf for FAR. */
static const struct tp_amd_pt *find_table(void)
{
	const struct tp_amd_pt *pt = rig.vm->root;

	while (pt->level)
		pt = pt->children[FAR >> (TP_PAGE_SHIFT + pt->level * TP_AMD_PT_BITS) &
				  (TP_AMD_PTES - 1)];
	return pt;
}

/* An object of one page, at @address of video memory. */
static struct tp_amd_object *take_page(uint64_t address)
{
	static struct tp_amd_object *taken[MAX_TAKEN];
	struct tp_amd_object *found = NULL;
	unsigned n = 0;

	for (; !found && n < MAX_TAKEN; n++) {
		must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_VRAM, NULL, "pixels",
					  &taken[n]));
		must(tp_amd_object_pin(taken[n]));
		if (tp_amd_object_bo(taken[n])->chunks[0].address == address)
			found = taken[n];
	}
	assert_non_null(found);
	while (n--) {
		tp_amd_object_unpin(taken[n]);
		if (taken[n] != found)
			tp_amd_object_put(taken[n]);
	}
	return found;
}

/* T15: what was a table is pixels now, which happen to look like entries.  Who cleared has the
 * caches forget, and so has the next job: this fails when neither does. */
static void nothing_is_found_in_a_table_that_is_pixels_now(void **state)
{
	uint64_t pixels[TP_AMD_PTES], address, size, before;
	struct tp_amd_object *object;

	(void)state;
	map(1);
	store(FAR, 1);
	assert_int_equal(rig_read(&rig, PAGE_WORDS), 1);
	address = find_table()->bo.chunks[0].address;
	for (unsigned i = 0; i < TP_AMD_PTES; i++)
		pixels[i] = tp_amd_vm_peek(rig.vm, FAR, &size);
	clear();
	object = take_page(address);
	must(tp_amd_object_write(object, 0, pixels, sizeof(pixels)));
	before = faults();
	store(FAR, 2);
	store(FAR + 7 * TP_PAGE_SIZE, 3);
	assert_int_equal(faults(), before + 2);
	assert_int_equal(rig_read(&rig, PAGE_WORDS), 1);
	rig_check_harm(&rig);
	tp_amd_object_put(object);
}

/* Work may well wait for who does that. */
static void tables_come_and_go_while_work_runs(void **state)
{
	struct rig_words s = { .page = 1 };
	struct tp_fence *fence;

	(void)state;
	rig_wait_word(&s, RIG_DATA_VA, 1);
	rig_finish(&rig, &s);
	fence = rig_submit(&rig, TP_AMD_RING_GFX, &s, false);
	for (unsigned i = 0; i < 3; i++) {
		const uint64_t tables = rig.vm->stat.tables;

		map(1);
		assert_true(rig.vm->stat.tables > tables);
		clear();
		assert_int_equal(rig.vm->stat.tables, tables);
	}
	assert_false(tp_fence_is_signaled(fence));
	tp_atomic_store(rig_live(&rig, 0), 1, TP_RELEASE);
	rig_wait(&rig, fence, 0);
}

#define BOTH(name)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[0]), \
		cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[1])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_mapping_is_found_where_work_found_nothing),
		BOTH(nothing_is_found_in_a_table_that_is_pixels_now),
		BOTH(tables_come_and_go_while_work_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
