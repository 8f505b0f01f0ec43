/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_errors - what goes wrong is said clearly and leaves nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"

static int make(void **state)
{
	*state = make_two_nodes();
	return 0;
}

static int end(void **state)
{
	tp_fault_reset();
	end_machine(*state);
	return 0;
}

static int create(struct tp_machine *m, uint64_t size, struct tp_mapping **map)
{
	const struct tp_mapping_config config = { .name = "app", .size = size };

	return tp_mapping_create(m, &config, map);
}

/* ---- bad input ------------------------------------------------------------------------------- */

static void a_mapping_of_nothing_is_refused(void **state)
{
	struct tp_mapping *map;

	assert_int_equal(create(*state, 0, &map), -EINVAL);
	expect_error_text("no bytes");
}

static void a_mapping_larger_than_the_machine_is_refused(void **state)
{
	struct tp_mapping *map;

	assert_int_equal(create(*state, UINT64_MAX, &map), -ENOMEM);
	assert_int_equal(create(*state, UINT64_MAX - CHUNK, &map), -ENOMEM);
	assert_int_equal(create(*state, TP_GIB(1024), &map), -ENOMEM);
	expect_error_text("more than the machine can have");
}

static void too_few_pages_are_a_clear_error(void **state)
{
	struct tp_machine *m = *state;
	struct tp_machine_stat before = machine_stat(m);
	uint64_t free = free_of_machine(m);
	struct tp_mapping *map;

	assert_int_equal(create(m, BOOT_BYTES, &map), -ENOMEM);
	expect_error_text("app");
	expect_free(m, free);
	assert_int_equal(machine_stat(m).mappings_used, before.mappings_used);
}

static void access_outside_is_refused(void **state)
{
	struct tp_mapping *map = map_on(*state, 0, CHUNK);
	char buf[8] = "unmoved";

	assert_int_equal(tp_mapping_read(map, CHUNK - 7, buf, 8), -EINVAL);
	assert_int_equal(tp_mapping_read(map, UINT64_MAX, buf, 8), -EINVAL);
	assert_int_equal(tp_mapping_read(map, 0, buf, UINT64_MAX), -EINVAL);
	assert_int_equal(tp_mapping_read(map, 0, buf, 0), -EINVAL);
	assert_string_equal(buf, "unmoved");
	assert_int_equal(tp_mapping_write(map, CHUNK - 7, buf, 8), -EINVAL);
	assert_int_equal(tp_mapping_write(map, CHUNK, buf, 1), -EINVAL);
	expect_zero(map);
	must(tp_mapping_destroy(map));
}

/* ---- every step that can fail ---------------------------------------------------------------- */

/* Make each hit of @site fail in turn until creation succeeds; returns how many there were. */
static unsigned fail_each(struct tp_machine *m, const char *site)
{
	uint64_t free = free_of_machine(m), used = machine_stat(m).mappings_used;
	struct tp_mapping *map;
	unsigned nth = 0;
	int err;

	do {
		tp_fault_reset();
		must(tp_fault_arm(site, ++nth, 1));
		err = create(m, 2 * CHUNK + 2 * TP_PAGE_SIZE, &map);
		if (!err)
			must(tp_mapping_destroy(map));
		else
			assert_int_equal(err, -ENOMEM);
		expect_free(m, free);
		assert_int_equal(machine_stat(m).mappings_used, used);
	} while (err);
	return nth - 1;
}

static void no_heap_leaves_nothing_behind(void **state)
{
	/* The mapping itself, its name, its pages, its chunks. */
	assert_int_equal(fail_each(*state, "core/alloc"), 4);
}

static void a_refused_kernel_mapping_leaves_nothing_behind(void **state)
{
	assert_true(fail_each(*state, "mm/mapping-show") > 0);
}

static void a_failed_chunk_becomes_single_pages(void **state)
{
	struct tp_mapping *map;

	must(tp_fault_arm("mm/page-alloc", 1, 1));
	must(create(*state, CHUNK, &map));
	assert_int_equal(mapping_stat(map).huge_chunks, 0);
	fill(map, 1);
	expect_filled(map, 1);
	must(tp_mapping_destroy(map));
}

static void a_failed_page_leaves_nothing_behind(void **state)
{
	struct tp_machine *m = *state;
	uint64_t free = free_of_machine(m);
	struct tp_mapping *map;

	must(tp_fault_arm("mm/page-alloc", 1, UINT64_MAX));
	assert_int_equal(create(m, CHUNK, &map), -ENOMEM);
	expect_free(m, free);
}

static void too_many_owners_are_refused(void **state)
{
	static struct tp_owner owners[TP_MAX_OWNERS];
	struct tp_machine *m = *state;
	uint64_t free = free_of_machine(m);
	struct tp_mapping *map;
	unsigned n = 0;

	memset(owners, 0, sizeof(owners));
	for (owners[0].name = "o"; !tp_owner_register(m, &owners[n]); owners[n].name = "o")
		n++;
	assert_int_equal(create(m, CHUNK, &map), -ENOSPC);
	expect_free(m, free);
	while (n--)
		must(tp_owner_unregister(&owners[n]));
}

/* An owner that is asked for its page, gives it up, and is not done yet. */
struct slow_owner {
	struct tp_owner owner;
	struct tp_device *device;
	tp_atomic_u32 asked, done;
};

static int release_slowly(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct slow_owner *slow = tp_container_of(owner, struct slow_owner, owner);

	(void)cookie;
	tp_pages_free(owner->machine, pfn, order);
	tp_atomic_store(&slow->asked, 1, TP_RELEASE);
	while (!tp_atomic_load(&slow->done, TP_ACQUIRE))
		usleep(100);
	return 0;
}

static void *offline_slowly(void *arg)
{
	struct slow_owner *slow = arg;

	must(tp_device_offline(slow->device, NULL, NULL));
	return NULL;
}

static void *unregister_slowly(void *arg)
{
	struct slow_owner *slow = arg;

	must(tp_owner_unregister(&slow->owner));
	return NULL;
}

static bool is_unregistered(struct tp_machine *m, unsigned id)
{
	bool gone;

	tp_spin_lock(&m->owners_lock);
	gone = !m->owners[id];
	tp_spin_unlock(&m->owners_lock);
	return gone;
}

/* Or a page that it still has in hand for the old owner would be taken for the new one's. */
static void an_owner_number_is_not_used_again_while_callbacks_run(void **state)
{
	static const struct tp_owner_ops ops = { .release = release_slowly };
	struct tp_machine *m = *state;
	struct slow_owner slow = { .owner = { .name = "slow", .ops = &ops } };
	struct tp_alloc request = { .owner = &slow.owner, .type = TP_MIGRATE_MOVABLE, .node = 1 };
	struct tp_mapping *map;
	pthread_t threads[2];
	unsigned id;
	tp_pfn pfn;

	slow.device = plug_movable(m, 1, 1);
	must(tp_owner_register(m, &slow.owner));
	id = slow.owner.id;
	must(tp_pages_alloc(m, &request, &pfn));
	assert_int_equal(pthread_create(&threads[0], NULL, offline_slowly, &slow), 0);
	while (!tp_atomic_load(&slow.asked, TP_ACQUIRE))
		usleep(100);
	assert_int_equal(pthread_create(&threads[1], NULL, unregister_slowly, &slow), 0);
	while (!is_unregistered(m, id))
		usleep(100);
	must(create(m, CHUNK, &map));
	assert_int_not_equal(map->owner.id, id);
	tp_atomic_store(&slow.done, 1, TP_RELEASE);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	must(tp_mapping_destroy(map));
}

/* ---- moves that fail ------------------------------------------------------------------------- */

/* However often a step of a move fails: the content stays, and in the end it moves. */
static void fail_some_moves(struct tp_machine *m, const char *site)
{
	struct tp_device *a = plug_movable(m, 1, 1), *b = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 2 * CHUNK + 3 * TP_PAGE_SIZE);

	fill(map, 1);
	for (unsigned nth = 1; nth < 6; nth++) {
		must(tp_fault_arm(site, nth, nth));
		push_out(nth & 1 ? a : b);
		tp_fault_reset();
		expect_filled(map, 1);
	}
	fill(map, 2);
	must(tp_device_unplug(a, NULL, NULL));
	must(tp_device_unplug(b, NULL, NULL));
	expect_filled(map, 2);
	must(tp_mapping_destroy(map));
}

static void a_failed_hold_is_tried_again(void **state)
{
	fail_some_moves(*state, "mm/hold");
}

static void a_failed_remap_is_tried_again(void **state)
{
	fail_some_moves(*state, "mm/mapping-show");
}

static void a_failed_target_is_tried_again(void **state)
{
	fail_some_moves(*state, "mm/migrate-target");
}

static void a_failed_migration_is_tried_again(void **state)
{
	fail_some_moves(*state, "mm/migrate");
}

static void a_hold_that_always_fails_refuses_the_offline(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *device = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 2 * CHUNK);
	struct tp_offline_report report;
	uint64_t free;

	fill(map, 1);
	free = free_of_machine(m);
	must(tp_fault_arm("mm/hold", 1, UINT64_MAX));
	assert_int_equal(tp_device_offline(device, NULL, &report), -ENOMEM);
	assert_string_equal(report.blockers[0].owner, "app");
	tp_fault_reset();
	assert_int_equal(mapping_stat(map).moves, 0);
	expect_free(m, free);
	assert_true(machine_stat(m).migrate_failures > 0);
	expect_filled(map, 1);
	fill(map, 2);
	expect_filled(map, 2);
	must(tp_mapping_destroy(map));
}

#define ERROR_TEST(test) cmocka_unit_test_setup_teardown(test, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ERROR_TEST(a_mapping_of_nothing_is_refused),
		ERROR_TEST(a_mapping_larger_than_the_machine_is_refused),
		ERROR_TEST(too_few_pages_are_a_clear_error),
		ERROR_TEST(access_outside_is_refused),
		ERROR_TEST(no_heap_leaves_nothing_behind),
		ERROR_TEST(a_refused_kernel_mapping_leaves_nothing_behind),
		ERROR_TEST(a_failed_chunk_becomes_single_pages),
		ERROR_TEST(a_failed_page_leaves_nothing_behind),
		ERROR_TEST(too_many_owners_are_refused),
		ERROR_TEST(an_owner_number_is_not_used_again_while_callbacks_run),
		ERROR_TEST(a_failed_hold_is_tried_again),
		ERROR_TEST(a_failed_remap_is_tried_again),
		ERROR_TEST(a_failed_target_is_tried_again),
		ERROR_TEST(a_failed_migration_is_tried_again),
		ERROR_TEST(a_hold_that_always_fails_refuses_the_offline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
