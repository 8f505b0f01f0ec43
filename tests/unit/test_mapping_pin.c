/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_pin - pinned ranges stay where they are, and who pinned them is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"
#include "panic.h"

/* A machine with a device on node 1 and a mapping on it. */
struct bed {
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
};

static int make_bed(void **state)
{
	static struct bed bed;

	bed.m = make_two_nodes();
	bed.device = plug_movable(bed.m, 1, 1);
	bed.map = map_on(bed.m, 1, 3 * CHUNK + 3 * TP_PAGE_SIZE);
	*state = &bed;
	return 0;
}

static int end_bed(void **state)
{
	struct bed *bed = *state;

	must(tp_mapping_destroy(bed->map));
	end_machine(bed->m);
	return 0;
}

static const struct tp_offline_options quick = { .deadline_ns = TP_MILLISECONDS(30) };

static int offline_quickly(struct bed *bed, struct tp_offline_report *report)
{
	return tp_device_offline(bed->device, &quick, report);
}

static unsigned pins_of(struct bed *bed, uint64_t page)
{
	struct tp_page_info info;

	must(tp_page_query(bed->m, (tp_pfn){ bed->map->pfns[page] }, &info));
	return info.pins;
}

/* ---- what a pin does ------------------------------------------------------------------------- */

static void a_pinned_range_refuses_and_names_the_pinner(void **state)
{
	struct bed *bed = *state;
	struct tp_offline_report report;

	fill(bed->map, 1);
	must(tp_mapping_pin(bed->map, CHUNK, TP_PAGE_SIZE, "network card"));
	assert_int_equal(offline_quickly(bed, &report), -ETIMEDOUT);
	assert_int_equal(report.nr_blockers, 1);
	assert_string_equal(report.blockers[0].owner, "app");
	assert_string_equal(report.blockers[0].reason, "pinned");
	assert_non_null(strstr(report.blockers[0].what, "pinned by network card"));
	assert_int_equal(report.blockers[0].pins, 1);
	assert_int_equal(report.blockers[0].pfn.v, bed->map->pfns[TP_PAGEBLOCK_PAGES]);
	expect_filled(bed->map, 1);
	tp_mapping_unpin(bed->map, CHUNK, TP_PAGE_SIZE);
	must(tp_device_offline(bed->device, NULL, &report));
	expect_filled(bed->map, 1);
}

static void a_pin_without_a_name_is_reported_too(void **state)
{
	struct bed *bed = *state;
	struct tp_offline_report report;

	must(tp_mapping_pin(bed->map, 0, 1, NULL));
	assert_int_equal(offline_quickly(bed, &report), -ETIMEDOUT);
	assert_non_null(strstr(report.blockers[0].what, "pinned by unnamed"));
	tp_mapping_unpin(bed->map, 0, 1);
}

static void a_dry_run_names_the_pinner(void **state)
{
	struct bed *bed = *state;
	const struct tp_offline_options dry = { .dry_run = true };
	struct tp_offline_report report;

	must(tp_mapping_pin(bed->map, 0, 1, "camera"));
	assert_int_equal(tp_device_offline(bed->device, &dry, &report), -EBUSY);
	assert_int_equal(report.nr_blockers, 1);
	assert_non_null(strstr(report.blockers[0].what, "pinned by camera"));
	tp_mapping_unpin(bed->map, 0, 1);
}

static void pins_are_counted(void **state)
{
	struct bed *bed = *state;
	struct tp_offline_report report;

	must(tp_mapping_pin(bed->map, 0, 100, "first"));
	must(tp_mapping_pin(bed->map, 0, 100, "second"));
	tp_mapping_unpin(bed->map, 0, 100);
	assert_int_equal(offline_quickly(bed, &report), -ETIMEDOUT);
	assert_non_null(strstr(report.blockers[0].what, "pinned by second"));
	tp_mapping_unpin(bed->map, 0, 100);
	must(tp_device_offline(bed->device, NULL, &report));
}

static void a_range_over_chunks_pins_each_of_its_pages(void **state)
{
	struct bed *bed = *state;
	uint64_t last = 3 * TP_PAGEBLOCK_PAGES;

	/* From the middle of a chunk to the second of the single pages behind the last. */
	must(tp_mapping_pin(bed->map, 2 * CHUNK - 1, CHUNK + TP_PAGE_SIZE + 2, "disk"));
	assert_int_equal(pins_of(bed, 0), 0);
	assert_int_equal(pins_of(bed, TP_PAGEBLOCK_PAGES), 1);
	assert_int_equal(pins_of(bed, 2 * TP_PAGEBLOCK_PAGES), 1);
	assert_int_equal(pins_of(bed, last), 1);
	assert_int_equal(pins_of(bed, last + 1), 1);
	assert_int_equal(pins_of(bed, last + 2), 0);
	tp_mapping_unpin(bed->map, 2 * CHUNK - 1, CHUNK + TP_PAGE_SIZE + 2);
	for (uint64_t page = 0; page < bed->map->nr_pages; page++)
		assert_true(page % TP_PAGEBLOCK_PAGES && page < last ? true : !pins_of(bed, page));
}

/* The deadline passes in the middle of a walk as a rule; who was behind that point is told too. */
static void the_pinner_is_named_however_short_the_deadline(void **state)
{
	struct bed *bed = *state;
	const struct tp_offline_options none = { .deadline_ns = 1000 };
	struct tp_offline_report report;

	must(tp_mapping_pin(bed->map, 2 * CHUNK, 1, "disk"));
	assert_int_equal(tp_device_offline(bed->device, &none, &report), -ETIMEDOUT);
	assert_int_equal(report.nr_blockers, 1);
	assert_non_null(strstr(report.blockers[0].what, "pinned by disk"));
	tp_mapping_unpin(bed->map, 2 * CHUNK, 1);
}

static void single_pages_are_pinned_one_by_one(void **state)
{
	struct bed *bed = *state;
	struct tp_mapping *map = map_small(bed->m, 1, CHUNK);
	struct tp_offline_report report;

	must(tp_mapping_pin(map, TP_PAGE_SIZE, 2 * TP_PAGE_SIZE, "disk"));
	assert_int_equal(offline_quickly(bed, &report), -ETIMEDOUT);
	assert_int_equal(report.nr_blockers, 2);
	tp_mapping_unpin(map, TP_PAGE_SIZE, 2 * TP_PAGE_SIZE);
	must(tp_device_offline(bed->device, NULL, &report));
	must(tp_mapping_destroy(map));
}

static void the_pinned_stays_while_the_rest_moves(void **state)
{
	struct bed *bed = *state;
	uint32_t pinned = bed->map->pfns[TP_PAGEBLOCK_PAGES], free = bed->map->pfns[0];

	fill(bed->map, 2);
	must(tp_mapping_pin(bed->map, CHUNK, 1, "disk"));
	assert_int_equal(offline_quickly(bed, NULL), -ETIMEDOUT);
	assert_int_equal(bed->map->pfns[TP_PAGEBLOCK_PAGES], pinned);
	assert_int_not_equal(bed->map->pfns[0], free);
	expect_filled(bed->map, 2);
	tp_mapping_unpin(bed->map, CHUNK, 1);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void a_range_outside_is_refused(void **state)
{
	struct bed *bed = *state;
	uint64_t size = tp_mapping_size(bed->map);

	assert_int_equal(tp_mapping_pin(bed->map, 0, 0, "x"), -EINVAL);
	assert_int_equal(tp_mapping_pin(bed->map, size, 1, "x"), -EINVAL);
	assert_int_equal(tp_mapping_pin(bed->map, 1, size, "x"), -EINVAL);
	assert_int_equal(tp_mapping_pin(bed->map, UINT64_MAX, 2, "x"), -EINVAL);
	assert_int_equal(tp_mapping_pin(bed->map, 1, UINT64_MAX, "x"), -EINVAL);
}

static void too_many_pins_are_refused_as_a_whole(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < UINT16_MAX; i++)
		must(tp_mapping_pin(bed->map, CHUNK, 1, "x"));
	assert_int_equal(tp_mapping_pin(bed->map, CHUNK / 2, CHUNK, "x"), -EOVERFLOW);
	assert_int_equal(pins_of(bed, 0), 0);
	assert_int_equal(pins_of(bed, TP_PAGEBLOCK_PAGES), UINT16_MAX);
	for (unsigned i = 0; i < UINT16_MAX; i++)
		tp_mapping_unpin(bed->map, CHUNK, 1);
}

static void destroy_waits_for_the_unpin(void **state)
{
	struct bed *bed = *state;

	fill(bed->map, 3);
	must(tp_mapping_pin(bed->map, 3 * CHUNK, 1, "x"));
	assert_int_equal(tp_mapping_destroy(bed->map), -EBUSY);
	expect_error_text("app is pinned");
	expect_filled(bed->map, 3);
	tp_mapping_unpin(bed->map, 3 * CHUNK, 1);
}

static void unpin_unpinned(void *arg)
{
	struct tp_machine *m = make_two_nodes();

	(void)arg;
	tp_mapping_unpin(map_on(m, 0, CHUNK), 0, 1);
}

static void unpin_without_a_pin_stops_the_program(void **state)
{
	(void)state;
	expect_panic(unpin_unpinned, NULL, "invariant broken");
}

/* ---- races ----------------------------------------------------------------------------------- */

struct pinner {
	struct tp_mapping *map;
	tp_atomic_u32 stop;
	tp_atomic_u32 pins;
	unsigned moved;
};

static void *pin_along(void *arg)
{
	struct pinner *p = arg;

	while (!tp_atomic_load(&p->stop, TP_RELAXED)) {
		uint64_t offset = tp_atomic_add(&p->pins, 1, TP_RELAXED) % 3 * CHUNK;
		struct tp_mapping_stat before, after;

		must(tp_mapping_pin(p->map, 0, tp_mapping_size(p->map), "racer"));
		tp_mapping_stat(p->map, &before);
		((volatile char *)tp_mapping_base(p->map))[offset]++;
		usleep(200);
		tp_mapping_stat(p->map, &after);
		p->moved += after.moves != before.moves;
		tp_mapping_unpin(p->map, 0, tp_mapping_size(p->map));
		usleep(200);
	}
	return NULL;
}

static void a_pin_waits_for_a_move_and_keeps_off_the_next(void **state)
{
	struct bed *bed = *state;
	struct pinner pinner = { .map = bed->map };
	struct pusher pusher;
	pthread_t thread;

	pusher_start(&pusher, bed->device, plug_movable(bed->m, 1, 1), 12);
	assert_int_equal(pthread_create(&thread, NULL, pin_along, &pinner), 0);
	while (mapping_stat(bed->map).moves < 30 || tp_atomic_load(&pinner.pins, TP_RELAXED) < 5)
		usleep(1000);
	pusher_end(&pusher);
	tp_atomic_store(&pinner.stop, 1, TP_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(pinner.moved, 0);
}

static void destroy_while_its_pages_are_moved(void **state)
{
	struct bed *bed = *state;
	struct tp_device *other = plug_movable(bed->m, 1, 1);
	uint64_t free = free_of_machine(bed->m);
	struct pusher pusher;

	pusher_start(&pusher, bed->device, other, 12);
	for (unsigned i = 0; i < 60; i++) {
		struct tp_mapping *map =
			i & 1 ? map_small(bed->m, 1, CHUNK / 2) : map_on(bed->m, 1, 2 * CHUNK);

		fill(map, i);
		usleep(i * 50);
		assert_int_equal(count_wrong(map, i), 0);
		must(tp_mapping_destroy(map));
	}
	pusher_end(&pusher);
	expect_free(bed->m, free);
}

#define PIN_TEST(test) cmocka_unit_test_setup_teardown(test, make_bed, end_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIN_TEST(a_pinned_range_refuses_and_names_the_pinner),
		PIN_TEST(a_pin_without_a_name_is_reported_too),
		PIN_TEST(a_dry_run_names_the_pinner),
		PIN_TEST(pins_are_counted),
		PIN_TEST(a_range_over_chunks_pins_each_of_its_pages),
		PIN_TEST(the_pinner_is_named_however_short_the_deadline),
		PIN_TEST(single_pages_are_pinned_one_by_one),
		PIN_TEST(the_pinned_stays_while_the_rest_moves),
		PIN_TEST(a_range_outside_is_refused),
		PIN_TEST(too_many_pins_are_refused_as_a_whole),
		PIN_TEST(destroy_waits_for_the_unpin),
		cmocka_unit_test(unpin_without_a_pin_stops_the_program),
		PIN_TEST(a_pin_waits_for_a_move_and_keeps_off_the_next),
		PIN_TEST(destroy_while_its_pages_are_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
