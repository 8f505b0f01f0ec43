/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_report - an offline says what it did, or who held what and why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"
#include "hotplug_thread.h"

/* What a caller's report holds before: nothing of it may be left. */
static struct tp_offline_report poisoned(void)
{
	struct tp_offline_report report;

	memset(&report, 0x6b, sizeof(report));
	return report;
}

/* ---- success --------------------------------------------------------------------------------- */

static void success_is_reported(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	struct tp_offline_report r = poisoned();
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	shelve(*state, &shelf, 0, 1, first_block(d), 1);
	must(tp_device_offline(d, NULL, &r));
	assert_int_equal(r.err, 0);
	assert_string_equal(r.reason, "done");
	assert_string_equal(r.vetoed_by, "");
	assert_int_equal(r.pages_total, 4 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(r.pages_moved, 2);
	assert_int_equal(r.pages_released, 0);
	assert_int_equal(r.bytes_moved, 2 * TP_PAGE_SIZE);
	assert_int_equal(r.passes, 1);
	assert_int_equal(r.nr_blockers, 0);
	assert_in_range(r.elapsed_ns, 1, TP_SECONDS(5));
	assert_in_range(r.isolate_ns, 1, r.elapsed_ns);
	shelf_take(&shelf, 0, 1);
	must(tp_owner_unregister(&shelf.owner));
}

/* ---- refusals (T4) --------------------------------------------------------------------------- */

static void expect_veto_reported(struct tp_machine *m, int type)
{
	struct tp_device *d = plug(m, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_report r = poisoned();
	struct listener l;

	listen(m, &l, "grumpy", 7, NULL);
	l.refuse = type;
	l.answer = -EXDEV;
	assert_int_equal(tp_device_offline(d, NULL, &r), -EXDEV);
	assert_int_equal(r.err, -EXDEV);
	assert_string_equal(r.reason, "refused by a notifier");
	assert_string_equal(r.vetoed_by, "grumpy");
	assert_int_equal(r.nr_blockers, 0);
	stop_listening(&l);
}

static void a_veto_of_memory_is_reported(void **state) /* T4 */
{
	expect_veto_reported(*state, TP_MEM_GOING_OFFLINE);
}

static void a_veto_of_a_node_is_reported(void **state) /* T4 */
{
	expect_veto_reported(*state, TP_NODE_BECOMING_MEMORYLESS);
}

static void a_veto_is_named_in_the_error_text(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct listener l;
	char text[128];

	listen(*state, &l, "grumpy", 7, NULL);
	l.refuse = TP_MEM_GOING_OFFLINE;
	l.answer = -EXDEV;
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EXDEV);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "grumpy"));
	stop_listening(&l);
}

static void a_nameless_notifier_is_reported_too(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_report r = poisoned();
	struct listener l;

	listener_init(*state, &l, NULL, 7, NULL);
	l.refuse = TP_MEM_GOING_OFFLINE;
	l.answer = -EXDEV;
	must(tp_memory_notifier_register(*state, &l.memory, 0));
	assert_int_equal(tp_device_offline(d, NULL, &r), -EXDEV);
	assert_string_equal(r.vetoed_by, "?");
	must(tp_memory_notifier_unregister(*state, &l.memory));
}

/* ---- blockers (P1) --------------------------------------------------------------------------- */

static const struct tp_blocker *blocker_of(const struct tp_offline_report *r, const char *owner)
{
	for (unsigned i = 0; i < r->nr_blockers && i < TP_REPORT_BLOCKERS; i++)
		if (!strcmp(r->blockers[i].owner, owner))
			return &r->blockers[i];
	fail_msg("%s is not among the blockers", owner);
	return NULL;
}

static void a_pinned_page_is_named_with_its_pins(void **state)
{
	const struct tp_offline_options options = within_ms(40);
	struct tp_offline_report r = poisoned();
	const struct tp_blocker *b;
	struct stuck stuck;

	get_stuck(*state, &stuck);
	must(tp_page_pin(*state, stuck.shelf.where[0]));
	assert_int_equal(tp_device_offline(stuck.device, &options, &r), -ETIMEDOUT);
	assert_int_equal(r.nr_blockers, 1);
	b = blocker_of(&r, "shelf");
	assert_int_equal(b->pfn.v, stuck.shelf.where[0].v);
	assert_int_equal(b->order, 1);
	assert_int_equal(b->pins, 2);
	assert_string_equal(b->what, "book 0");
	assert_string_equal(b->reason, "pinned");
	let_go(*state, &stuck);
	let_go(*state, &stuck);
	clear_stuck(&stuck);
}

static void an_owner_that_refuses_is_named(void **state)
{
	const struct tp_offline_options options = within_ms(40);
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct tp_offline_report r = poisoned();
	struct shelf shelf;

	shelf_open(*state, &shelf, "shelf");
	shelf.answer = -EPERM;
	shelve(*state, &shelf, 3, 1, first_block(d), 1);
	assert_int_equal(tp_device_offline(d, &options, &r), -ETIMEDOUT);
	assert_int_equal(r.nr_blockers, 1);
	assert_string_equal(blocker_of(&r, "shelf")->reason, "owner refused");
	assert_string_equal(blocker_of(&r, "shelf")->what, "book 3");
	shelf_take(&shelf, 3, 1);
	must(tp_owner_unregister(&shelf.owner));
}

static void every_owner_in_the_way_is_named(void **state)
{
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_KERNEL);
	struct tp_offline_report r = poisoned();
	struct tp_owner rock;
	struct shelf shelf;
	tp_pfn rocks;

	rock_open(*state, &rock, "rock");
	shelf_open(*state, &shelf, "shelf");
	rocks = page_in_block(*state, &rock, 0, 1, first_block(d) + 3, 1);
	must(tp_page_pin(*state, shelve(*state, &shelf, 0, 1, first_block(d), 1)));
	assert_int_equal(tp_device_offline(d, NULL, &r), -EBUSY);
	assert_string_equal(r.reason, "a page cannot be moved");
	assert_int_equal(r.nr_blockers, 2);
	assert_string_equal(blocker_of(&r, "rock")->reason, "owner cannot move it");
	assert_string_equal(blocker_of(&r, "rock")->what, "");
	assert_string_equal(blocker_of(&r, "shelf")->reason, "pinned");
	tp_page_unpin(*state, shelf.where[0]);
	shelf_take(&shelf, 0, 1);
	tp_pages_free(*state, rocks, 1);
	must(tp_owner_unregister(&rock));
	must(tp_owner_unregister(&shelf.owner));
}

static void a_mapping_is_named_with_offset_and_pinner(void **state)
{
	const struct tp_offline_options options = within_ms(40);
	const struct tp_mapping_config config = {
		.name = "data",
		.size = 4 * TP_PAGE_SIZE,
		.policy = TP_BIND(1),
		.small_pages = true,
	};
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_MOVABLE);
	struct tp_offline_report r = poisoned();
	struct tp_mapping *map;

	must(tp_mapping_create(*state, &config, &map));
	must(tp_mapping_pin(map, 2 * TP_PAGE_SIZE, 1, "nic"));
	assert_int_equal(tp_device_offline(d, &options, &r), -ETIMEDOUT);
	assert_int_equal(r.nr_blockers, 1);
	assert_string_equal(blocker_of(&r, "data")->what, "offset 0x2000, pinned by nic");
	tp_mapping_unpin(map, 2 * TP_PAGE_SIZE, 1);
	must(tp_mapping_destroy(map));
}

static void a_slab_is_named_with_its_object_size(void **state)
{
	struct tp_device *d = plug(*state, 1, 4, TP_ONLINE_KERNEL);
	struct tp_offline_report r = poisoned();
	struct tp_slab_cache *cache;
	void *object;

	must(tp_slab_cache_create(*state, "things", 64, 0, &cache));
	object = tp_slab_alloc(cache, 1);
	assert_int_equal(tp_device_offline(d, NULL, &r), -EBUSY);
	assert_string_equal(blocker_of(&r, "things")->what, "objects of 64 bytes");
	tp_slab_free(cache, object);
	must(tp_slab_cache_destroy(cache));
}

static void more_blockers_than_fit_are_counted(void **state)
{
	enum { N = TP_REPORT_BLOCKERS + 4 };
	struct tp_device *d = plug(*state, 1, 16, TP_ONLINE_KERNEL);
	struct tp_offline_report r = poisoned();
	struct tp_owner rock;
	tp_pfn rocks[N];

	rock_open(*state, &rock, "rock");
	for (unsigned i = 0; i < N; i++)
		rocks[i] = page_in_block(*state, &rock, 0, 1, first_block(d) + i / 2, 1);
	assert_int_equal(tp_device_offline(d, NULL, &r), -EBUSY);
	assert_int_equal(r.nr_blockers, N);
	assert_string_equal(r.blockers[TP_REPORT_BLOCKERS - 1].owner, "rock");
	for (unsigned i = 0; i < N; i++)
		tp_pages_free(*state, rocks[i], 1);
	must(tp_owner_unregister(&rock));
}

static void a_long_name_is_cut(void **state)
{
	const char *name = "an owner whose name is far too long for the space that a blocker has";
	const struct tp_offline_options options = within_ms(20);
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_KERNEL);
	struct tp_offline_report r = poisoned();
	struct tp_owner rock;
	tp_pfn pfn;

	rock_open(*state, &rock, name);
	pfn = page_in_block(*state, &rock, 0, 1, first_block(d), 1);
	assert_int_equal(tp_device_offline(d, &options, &r), -EBUSY);
	assert_int_equal(strlen(r.blockers[0].owner), TP_BLOCKER_TEXT - 1);
	assert_memory_equal(r.blockers[0].owner, name, TP_BLOCKER_TEXT - 1);
	tp_pages_free(*state, pfn, 1);
	must(tp_owner_unregister(&rock));
}

/* ---- for people ------------------------------------------------------------------------------ */

static void expect_print(const struct tp_offline_report *report, const char *expected)
{
	char text[2048] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	tp_offline_report_print(out, report);
	fclose(out);
	assert_string_equal(text, expected);
}

static void print_of_success(void **state)
{
	const struct tp_offline_report report = {
		.reason = "done",
		.pages_total = 2048,
		.pages_moved = 100,
		.pages_released = 7,
		.elapsed_ns = 12345678,
		.bytes_returned = TP_MIB(8),
		.passes = 2,
	};

	(void)state;
	expect_print(&report, "offline ok: done; 100 of 2048 pages moved, 7 released, 12.3 ms, "
			      "2 passes\n"
			      "  8.0 MiB returned to the operating system\n");
}

static void print_of_a_veto(void **state)
{
	const struct tp_offline_report report = {
		.err = -EBUSY,
		.reason = "refused by a notifier",
		.vetoed_by = "driver",
		.pages_total = 1024,
		.elapsed_ns = 500000,
	};

	(void)state;
	expect_print(&report, "offline failed: refused by a notifier (driver); 0 of 1024 pages "
			      "moved, 0 released, 0.5 ms, 0 passes\n");
}

static void print_of_blockers(void **state)
{
	const struct tp_offline_report report = {
		.err = -ETIMEDOUT,
		.reason = "deadline passed",
		.pages_total = 1024,
		.elapsed_ns = 100000000,
		.passes = 50,
		.nr_blockers = 3,
		.blockers = { { .pfn = { 0x8200 },
				.order = 9,
				.pins = 1,
				.owner = "data",
				.what = "offset 0x0, pinned by nic",
				.reason = "pinned" },
			      { .pfn = { 0x8400 }, .pins = 2, .owner = "a", .reason = "pinned" },
			      { .pfn = { 0x8401 }, .reason = "owner cannot move it" } },
	};

	(void)state;
	expect_print(
		&report,
		"offline failed: deadline passed; 0 of 1024 pages moved, 0 released, 100.0 ms, "
		"50 passes\n"
		"  pfn 0x8200 order 9: pinned; owner data (offset 0x0, pinned by nic), 1 pin\n"
		"  pfn 0x8400 order 0: pinned; owner a, 2 pins\n"
		"  pfn 0x8401 order 0: owner cannot move it; owner ?\n");
}

static void print_of_more_blockers_than_fit(void **state)
{
	struct tp_offline_report report = { .err = -EBUSY,
					    .reason = "a page cannot be moved",
					    .nr_blockers = TP_REPORT_BLOCKERS + 4 };
	char text[4096] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	for (unsigned i = 0; i < TP_REPORT_BLOCKERS; i++)
		report.blockers[i].reason = "pinned";
	tp_offline_report_print(out, &report);
	fclose(out);
	assert_string_equal(text + strlen(text) - strlen("  and 4 more\n"), "  and 4 more\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(success_is_reported),
		HOTPLUG_TEST(a_veto_of_memory_is_reported),
		HOTPLUG_TEST(a_veto_of_a_node_is_reported),
		HOTPLUG_TEST(a_veto_is_named_in_the_error_text),
		HOTPLUG_TEST(a_nameless_notifier_is_reported_too),
		HOTPLUG_TEST(a_pinned_page_is_named_with_its_pins),
		HOTPLUG_TEST(an_owner_that_refuses_is_named),
		HOTPLUG_TEST(every_owner_in_the_way_is_named),
		HOTPLUG_TEST(a_mapping_is_named_with_offset_and_pinner),
		HOTPLUG_TEST(a_slab_is_named_with_its_object_size),
		HOTPLUG_TEST(more_blockers_than_fit_are_counted),
		HOTPLUG_TEST(a_long_name_is_cut),
		cmocka_unit_test(print_of_success),
		cmocka_unit_test(print_of_a_veto),
		cmocka_unit_test(print_of_blockers),
		cmocka_unit_test(print_of_more_blockers_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
