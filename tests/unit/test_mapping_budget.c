/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_budget - kernel mappings are counted, and running out of them harms nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mapping_machine.h"

/* Ranges of this process's address space within the mapping, as the kernel lists them. */
static unsigned kernel_ranges(struct tp_mapping *map)
{
	uintptr_t from = (uintptr_t)tp_mapping_base(map), to = from + tp_mapping_size(map);
	unsigned long start, end;
	unsigned n = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		n += sscanf(line, "%lx-%lx", &start, &end) == 2 && start < to && end > from;
	fclose(maps);
	return n;
}

static void expect_counted(struct tp_mapping *map)
{
	assert_int_equal(mapping_stat(map).kernel_mappings, kernel_ranges(map));
}

/* Leave the machine @left kernel mappings. */
static void leave(struct tp_machine *m, uint64_t left)
{
	m->backing.mappings_budget = machine_stat(m).mappings_used + left;
}

/* ---- V3 -------------------------------------------------------------------------------------- */

static void the_count_is_that_of_the_kernel(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *a = plug_movable(m, 1, 1), *b = plug_movable(m, 1, 1);
	struct tp_mapping *huge = map_on(m, 1, 3 * CHUNK + TP_PAGE_SIZE),
			  *small = map_small(m, 1, CHUNK);

	(void)state;
	for (unsigned round = 0; round < 6; round++) {
		expect_counted(huge);
		expect_counted(small);
		push_out(round & 1 ? b : a);
	}
	expect_counted(huge);
	expect_counted(small);
	must(tp_mapping_destroy(huge));
	must(tp_mapping_destroy(small));
	end_machine(m);
}

static void the_count_holds_after_a_scattered_move(void **state)
{
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
	struct tp_owner filler = { .name = "filler" };
	uint64_t used;
	size_t nr;
	tp_pfn *pfns;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	device = plug_movable(m, 1, 1);
	map = map_on(m, 1, 2 * CHUNK);
	used = machine_stat(m).mappings_used;
	must(tp_owner_register(m, &filler));
	pfns = scatter(m, &filler, 0, &nr);
	must(tp_device_offline(device, NULL, NULL));
	assert_true(mapping_stat(map).kernel_mappings > TP_PAGEBLOCK_PAGES);
	expect_counted(map);
	gather(m, pfns, nr);
	must(tp_device_online(device, TP_ONLINE_MOVABLE));
	must(tp_mapping_destroy(map));
	assert_true(machine_stat(m).mappings_used < used);
	must(tp_owner_unregister(&filler));
	end_machine(m);
}

static void a_failed_hold_leaves_the_count_right(void **state)
{
	static const char *const sites[] = { "mm/hold", "mm/mapping-show", "mm/migrate" };
	struct tp_machine *m = make_two_nodes();
	struct tp_device *a = plug_movable(m, 1, 1), *b = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 3 * CHUNK + 2 * TP_PAGE_SIZE);

	(void)state;
	fill(map, 4);
	for (unsigned i = 0; i < 3; i++) {
		must(tp_fault_arm(sites[i], 2, 2));
		push_out(i & 1 ? b : a);
		tp_fault_reset();
		expect_counted(map);
		expect_filled(map, 4);
		assert_int_equal(mapping_stat(map).huge_chunks, 3);
	}
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void the_budget_leaves_most_to_others(void **state)
{
	struct tp_machine *m = make_two_nodes();
	unsigned long limit;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

	(void)state;
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &limit), 1);
	fclose(f);
	assert_int_equal(machine_stat(m).mappings_budget, limit / 3);
	end_machine(m);
}

/* ---- running out ----------------------------------------------------------------------------- */

static void create_without_budget_is_a_clear_error(void **state)
{
	struct tp_machine *m = make_two_nodes();
	const struct tp_mapping_config config = { .size = 2 * CHUNK };
	uint64_t used = machine_stat(m).mappings_used, free = free_of_machine(m);
	struct tp_mapping *map;

	(void)state;
	leave(m, 0);
	assert_int_equal(tp_mapping_create(m, &config, &map), -ENOMEM);
	expect_error_text("kernel mappings");
	assert_int_equal(machine_stat(m).mappings_used, used);
	expect_free(m, free);
	end_machine(m);
}

static void plug_without_budget_is_a_clear_error(void **state)
{
	struct tp_machine *m = make_two_nodes();
	const struct tp_device_config config = { .node = 1,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;

	(void)state;
	leave(m, 1);
	assert_int_equal(tp_device_plug(m, &config, &device), -ENOMEM);
	expect_error_text("kernel mappings");
	leave(m, 2);
	must(tp_device_plug(m, &config, &device));
	end_machine(m);
}

static void a_move_without_budget_is_refused_and_harmless(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_device *device = plug_movable(m, 1, 1);
	struct tp_mapping *map = map_on(m, 1, 3 * CHUNK);
	struct tp_offline_report report;
	uint64_t used = machine_stat(m).mappings_used, free;

	(void)state;
	fill(map, 6);
	free = free_of_machine(m);
	leave(m, 1);
	assert_int_equal(tp_device_offline(device, NULL, &report), -ENOMEM);
	assert_int_equal(report.nr_blockers, 3);
	assert_string_equal(report.blockers[0].reason, "owner is out of memory");
	assert_int_equal(machine_stat(m).mappings_used, used);
	expect_free(m, free);
	/* There was room to move the chunks as they are: splitting them would not have helped. */
	assert_int_equal(mapping_stat(map).huge_chunks, 3);
	expect_filled(map, 6);
	leave(m, 100);
	must(tp_device_offline(device, NULL, NULL));
	expect_filled(map, 6);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void a_split_stops_where_the_budget_ends(void **state)
{
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
	struct tp_owner filler = { .name = "filler" };
	tp_pfn *pfns;
	size_t nr;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	device = plug_movable(m, 1, 1);
	map = map_on(m, 1, 2 * CHUNK);
	fill(map, 8);
	must(tp_owner_register(m, &filler));
	pfns = scatter(m, &filler, 0, &nr);
	leave(m, TP_PAGEBLOCK_PAGES / 2);
	assert_int_equal(tp_device_offline(device, NULL, NULL), -ENOMEM);
	expect_counted(map);
	expect_filled(map, 8);
	assert_true(machine_stat(m).mappings_used <= m->backing.mappings_budget);
	gather(m, pfns, nr);
	must(tp_mapping_destroy(map));
	must(tp_owner_unregister(&filler));
	end_machine(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_count_is_that_of_the_kernel),
		cmocka_unit_test(the_count_holds_after_a_scattered_move),
		cmocka_unit_test(a_failed_hold_leaves_the_count_right),
		cmocka_unit_test(the_budget_leaves_most_to_others),
		cmocka_unit_test(create_without_budget_is_a_clear_error),
		cmocka_unit_test(plug_without_budget_is_a_clear_error),
		cmocka_unit_test(a_move_without_budget_is_refused_and_harmless),
		cmocka_unit_test(a_split_stops_where_the_budget_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
