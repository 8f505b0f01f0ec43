/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_basic - a mapping keeps its address and its content wherever its pages go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include "mapping_machine.h"

/* ---- what one gets --------------------------------------------------------------------------- */

static void a_fresh_mapping_reads_zero(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_mapping *map = map_on(m, 0, 2 * CHUNK + 3 * TP_PAGE_SIZE);

	(void)state;
	expect_zero(map);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void reused_pages_read_zero(struct tp_machine *m, bool small_pages)
{
	const struct tp_mapping_config config = { .size = 4 * CHUNK,
						  .policy = TP_BIND(1),
						  .small_pages = small_pages };
	struct tp_mapping *map = map_on(m, 1, 6 * CHUNK);

	memset(tp_mapping_base(map), 0xff, 6 * CHUNK);
	must(tp_mapping_destroy(map));
	map = map_with(m, config);
	expect_zero(map);
	memset(tp_mapping_base(map), 0xff, 4 * CHUNK);
	must(tp_mapping_destroy(map));
}

static void a_fresh_mapping_reads_zero_over_dirty_pages(void **state)
{
	struct tp_machine *m = make_two_nodes();

	(void)state;
	plug_movable(m, 1, 1);
	reused_pages_read_zero(m, false);
	reused_pages_read_zero(m, true);
	reused_pages_read_zero(m, false);
	end_machine(m);
}

static void the_size_is_rounded_up_to_a_page(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_mapping *map = map_on(m, 0, CHUNK + 1);

	(void)state;
	assert_int_equal(tp_mapping_size(map), CHUNK + TP_PAGE_SIZE);
	assert_int_equal(mapping_stat(map).pages, TP_PAGEBLOCK_PAGES + 1);
	fill(map, 1);
	expect_filled(map, 1);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void the_base_is_aligned_for_huge_pages(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_mapping *a = map_on(m, 0, 1), *b = map_on(m, 0, CHUNK);

	(void)state;
	assert_int_equal((uintptr_t)tp_mapping_base(a) % TP_MIB(2), 0);
	assert_int_equal((uintptr_t)tp_mapping_base(b) % TP_MIB(2), 0);
	must(tp_mapping_destroy(a));
	must(tp_mapping_destroy(b));
	end_machine(m);
}

static void small_pages_means_no_chunks(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_mapping *small = map_small(m, 0, 2 * CHUNK), *huge = map_on(m, 0, 2 * CHUNK);

	(void)state;
	assert_int_equal(mapping_stat(small).huge_chunks, 0);
	assert_int_equal(mapping_stat(huge).huge_chunks, 2);
	must(tp_mapping_destroy(small));
	must(tp_mapping_destroy(huge));
	end_machine(m);
}

static void destroy_gives_everything_back(void **state)
{
	struct tp_machine *m = make_two_nodes();
	uint64_t pages = free_of_machine(m), used = machine_stat(m).mappings_used;
	struct tp_mapping *map = map_on(m, 0, 2 * CHUNK + 5 * TP_PAGE_SIZE);

	(void)state;
	expect_free(m, pages - 2 * TP_PAGEBLOCK_PAGES - 5);
	assert_true(machine_stat(m).mappings_used > used);
	must(tp_mapping_destroy(map));
	expect_free(m, pages);
	assert_int_equal(machine_stat(m).mappings_used, used);
	end_machine(m);
}

static void destroying_nothing_is_fine(void **state)
{
	(void)state;
	assert_int_equal(tp_mapping_destroy(NULL), 0);
}

static void calls_and_pointer_see_the_same(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_mapping *map = map_on(m, 0, CHUNK);
	char text[8] = "";

	(void)state;
	must(tp_mapping_write(map, CHUNK - 8, "goodbye", 8));
	assert_string_equal((char *)tp_mapping_base(map) + CHUNK - 8, "goodbye");
	memcpy((char *)tp_mapping_base(map) + 4096, "welcome", 8);
	must(tp_mapping_read(map, 4096, text, 8));
	assert_string_equal(text, "welcome");
	must(tp_mapping_destroy(map));
	end_machine(m);
}

/* ---- moves ----------------------------------------------------------------------------------- */

static void move_there_and_back(uint64_t size, bool small_pages)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *a = plug_movable(m, 1, 1), *b;
	struct tp_mapping *map = small_pages ? map_small(m, 1, size) : map_on(m, 1, size);
	uint64_t pages = tp_mapping_size(map) / TP_PAGE_SIZE;
	char *base = tp_mapping_base(map);

	fill(map, size);
	assert_int_equal(mapping_stat(map).pages_on_node[1], pages);
	b = plug_movable(m, 1, 1);
	push_out(a);
	expect_filled(map, size);
	push_out(b);
	expect_filled(map, size);
	assert_ptr_equal(tp_mapping_base(map), base);
	assert_int_equal(mapping_stat(map).pages_moved, 2 * pages);
	assert_int_equal(mapping_stat(map).pages_on_node[1], pages);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void sizes_that_are_no_multiple_of_a_chunk_move(void **state)
{
	(void)state;
	move_there_and_back(1, false);
	move_there_and_back(CHUNK - TP_PAGE_SIZE, false);
	move_there_and_back(CHUNK + TP_PAGE_SIZE + 1, false);
	move_there_and_back(4 * CHUNK - 1, false);
}

static void small_pages_move(void **state)
{
	(void)state;
	move_there_and_back(2 * CHUNK + TP_PAGE_SIZE, true);
}

static void content_and_address_survive_the_unplug_of_a_device(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *device = plug_movable(m, 1, 2);
	struct tp_mapping *map = map_on(m, 1, MAP_BLOCK + CHUNK);
	void *base = tp_mapping_base(map);
	struct tp_offline_report report;

	(void)state;
	for (uint64_t round = 0; round < 3; round++) {
		fill(map, round);
		must(tp_device_unplug(device, NULL, &report));
		assert_ptr_equal(tp_mapping_base(map), base);
		expect_filled(map, round);
		assert_int_equal(mapping_stat(map).pages_on_node[1], 0);
		device = plug_movable(m, 1, 2);
		must(tp_mapping_destroy(map));
		map = map_on(m, 1, MAP_BLOCK + CHUNK);
		base = tp_mapping_base(map);
	}
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void memory_returns_to_the_system(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *device = plug_movable(m, 1, 1);
	uint64_t before = machine_stat(m).backing_bytes;
	struct tp_mapping *map = map_on(m, 1, 4 * CHUNK);

	(void)state;
	fill(map, 3);
	assert_true(machine_stat(m).backing_bytes >= before + 4 * CHUNK);
	must(tp_device_unplug(device, NULL, NULL));
	/* What moved lies elsewhere now, once. */
	assert_int_equal(machine_stat(m).backing_bytes, before + 4 * CHUNK);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void replug_under(uint64_t size, bool small_pages, enum tp_backing_kind backing)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;
	struct tp_device *devices[2];
	struct tp_mapping *map;
	struct writer *writers[2];

	config.backing = backing;
	if (tp_machine_create(&config, &m) == -EPERM)
		SKIP("this backing is not permitted here");
	for (unsigned i = 0; i < 2; i++)
		devices[i] = plug_movable(m, 1, 1);
	map = small_pages ? map_small(m, 1, size) : map_on(m, 1, size);
	for (unsigned i = 0; i < 2; i++)
		writers[i] = writer_start(map, i);
	for (unsigned round = 0; round < 10; round++) {
		struct tp_device **device = &devices[round & 1];

		writer_wait_round(writers[round & 1]);
		must(tp_device_unplug(*device, NULL, NULL));
		*device = plug_movable(m, 1, 1);
	}
	for (unsigned i = 0; i < 2; i++)
		writer_end(writers[i]);
	assert_true(mapping_stat(map).pages_moved >= 9 * size / TP_PAGE_SIZE);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void live_writers_lose_nothing(void **state)
{
	(void)state;
	replug_under(5 * CHUNK, false, TP_BACKING_SMALL);
}

static void live_writers_of_small_pages_lose_nothing(void **state)
{
	(void)state;
	replug_under(2 * CHUNK + CHUNK / 2, true, TP_BACKING_SMALL);
}

static void live_writers_over_huge_pages_lose_nothing(void **state)
{
	(void)state;
	replug_under(5 * CHUNK, false, TP_BACKING_HUGE);
}

struct reader {
	struct tp_mapping *map;
	tp_atomic_u32 stop;
	uint64_t wrong;
};

static void *read_along(void *arg)
{
	struct reader *r = arg;

	while (!tp_atomic_load(&r->stop, TP_RELAXED))
		r->wrong += count_wrong(r->map, 5);
	return NULL;
}

static void a_reader_never_sees_anything_else(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *a = plug_movable(m, 1, 1), *b = plug_movable(m, 1, 1);
	struct reader reader = { .map = map_on(m, 1, 2 * CHUNK + CHUNK / 2) };
	pthread_t thread;

	(void)state;
	fill(reader.map, 5);
	assert_int_equal(pthread_create(&thread, NULL, read_along, &reader), 0);
	for (unsigned round = 0; round < 10; round++)
		push_out(round & 1 ? b : a);
	tp_atomic_store(&reader.stop, 1, TP_RELAXED);
	pthread_join(thread, NULL);
	assert_int_equal(reader.wrong, 0);
	must(tp_mapping_destroy(reader.map));
	end_machine(m);
}

static void mappings_do_not_mix(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *a = plug_movable(m, 1, 1), *b = plug_movable(m, 1, 1);
	struct tp_mapping *maps[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		maps[i] = i & 1 ? map_small(m, 1, CHUNK + i * TP_PAGE_SIZE)
				: map_on(m, 1, CHUNK + i * TP_PAGE_SIZE);
		fill(maps[i], i);
	}
	push_out(a);
	push_out(b);
	for (unsigned i = 0; i < 4; i++) {
		expect_filled(maps[i], i);
		must(tp_mapping_destroy(maps[i]));
	}
	end_machine(m);
}

/* ---- chunks ---------------------------------------------------------------------------------- */

static void a_chunk_is_split_where_only_single_pages_fit(void **state)
{
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
	struct tp_owner filler = { .name = "filler" };
	struct tp_offline_report report;
	tp_pfn *pfns;
	size_t nr;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	device = plug_movable(m, 1, 1);
	map = map_on(m, 1, 2 * CHUNK);
	fill(map, 7);
	must(tp_owner_register(m, &filler));
	pfns = scatter(m, &filler, 0, &nr);
	must(tp_device_unplug(device, NULL, &report));
	expect_filled(map, 7);
	assert_int_equal(report.pages_moved, 2 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(mapping_stat(map).huge_chunks, 0);
	assert_int_equal(mapping_stat(map).pages_on_node[0], 2 * TP_PAGEBLOCK_PAGES);
	fill(map, 8);
	expect_filled(map, 8);
	gather(m, pfns, nr);
	must(tp_mapping_destroy(map));
	must(tp_owner_unregister(&filler));
	end_machine(m);
}

static void a_hole_stays_a_hole(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *device = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 4 * CHUNK);
	uint64_t before = machine_stat(m).backing_bytes;

	(void)state;
	must(tp_device_unplug(device, NULL, NULL));
	assert_int_equal(mapping_stat(map).pages_moved, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(machine_stat(m).backing_bytes, before);
	expect_zero(map);
	fill(map, 1);
	expect_filled(map, 1);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

/* The new home of a hole held another content before. */
static void a_hole_moves_over_dirty_pages(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *device = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 4 * CHUNK), *dirt = map_on(m, 0, BOOT_BYTES / 2);

	(void)state;
	memset(tp_mapping_base(dirt), 0xff, tp_mapping_size(dirt));
	must(tp_mapping_destroy(dirt));
	must(tp_device_unplug(device, NULL, NULL));
	expect_zero(map);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_mapping_reads_zero),
		cmocka_unit_test(a_fresh_mapping_reads_zero_over_dirty_pages),
		cmocka_unit_test(the_size_is_rounded_up_to_a_page),
		cmocka_unit_test(the_base_is_aligned_for_huge_pages),
		cmocka_unit_test(small_pages_means_no_chunks),
		cmocka_unit_test(destroy_gives_everything_back),
		cmocka_unit_test(destroying_nothing_is_fine),
		cmocka_unit_test(calls_and_pointer_see_the_same),
		cmocka_unit_test(sizes_that_are_no_multiple_of_a_chunk_move),
		cmocka_unit_test(small_pages_move),
		cmocka_unit_test(content_and_address_survive_the_unplug_of_a_device),
		cmocka_unit_test(memory_returns_to_the_system),
		cmocka_unit_test(live_writers_lose_nothing),
		cmocka_unit_test(live_writers_of_small_pages_lose_nothing),
		cmocka_unit_test(live_writers_over_huge_pages_lose_nothing),
		cmocka_unit_test(a_reader_never_sees_anything_else),
		cmocka_unit_test(mappings_do_not_mix),
		cmocka_unit_test(a_chunk_is_split_where_only_single_pages_fit),
		cmocka_unit_test(a_hole_stays_a_hole),
		cmocka_unit_test(a_hole_moves_over_dirty_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
