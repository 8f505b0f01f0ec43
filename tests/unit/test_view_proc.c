/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_view_proc - the files of proc/ to the byte, on a machine whose every number is known.
 *
 * Node 0 has 4 MiB of DMA and 60 MiB of Normal memory, node 1 12 MiB of Movable in three blocks;
 * node 2 is not there.  A pageblock has 512 pages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>

#include "view_names.h"
#include "view_thread.h"

static struct tp_device *movable;

static int setup_still(void **state)
{
	int err = begin_view(state, make_still_machine(view_config()));

	movable = plug(*state, 1, 3, TP_ONLINE_MOVABLE);
	return err;
}

static int teardown_still(void **state)
{
	tp_view_destroy(view);
	wake_still_machine(*state);
	return teardown_machine(state);
}

#define PROC_TEST(test) cmocka_unit_test_setup_teardown(test, setup_still, teardown_still)

/* A run of 2^@order pages that cannot move, of node 0's Normal zone. */
static tp_pfn take_rock(struct tp_machine *m, struct tp_owner *rock, unsigned order)
{
	rock_open(m, rock, "rock");
	return take_pages(m, rock, order, TP_MIGRATE_UNMOVABLE, TP_ALLOC_THISNODE);
}

static void give_rock(struct tp_machine *m, struct tp_owner *rock, tp_pfn pfn, unsigned order)
{
	tp_pages_free(m, pfn, order);
	must(tp_owner_unregister(rock));
}

/* ---- buddyinfo ------------------------------------------------------------------------------- */

#define NONE5 "     0      0      0      0      0 "

static void buddyinfo_lists_the_zones_that_have_memory(void **state)
{
	(void)state;
	expect_shown("proc/buddyinfo", "Node 0, zone      DMA " NONE5 NONE5 "     1 \n"
				       "Node 0, zone   Normal " NONE5 NONE5 "    15 \n"
				       "Node 1, zone  Movable " NONE5 NONE5 "     3 \n");
}

/* Eight of 1024: what is left is a chunk of every order from 3 to 9. */
static void buddyinfo_shows_what_a_run_leaves(void **state)
{
	struct tp_owner rock;
	tp_pfn pfn = take_rock(*state, &rock, 3);

	expect_shown("proc/buddyinfo",
		     "Node 0, zone      DMA " NONE5 NONE5 "     1 \n"
		     "Node 0, zone   Normal      0      0      0      1      1      1      1"
		     "      1      1      1     14 \n"
		     "Node 1, zone  Movable " NONE5 NONE5 "     3 \n");
	give_rock(*state, &rock, pfn, 3);
}

static void buddyinfo_leaves_out_what_is_offline(void **state)
{
	(void)state;
	must(tp_device_offline(movable, NULL, NULL));
	assert_null(strstr(shown("proc/buddyinfo"), "Node 1"));
}

/* ---- pagetypeinfo ---------------------------------------------------------------------------- */

#define TYPES_HEAD                                                                            \
	"Page block order: 9\nPages per block:  512\n\nFree pages count per migrate type at " \
	"order       0      1      2      3      4      5      6      7      8      9     10 \n"
#define BLOCKS_HEAD                                                                    \
	"\nNumber of blocks type     Unmovable      Movable  Reclaimable   HighAtomic" \
	"      Isolate \n"
#define FREE_LINE(zone, type, chunks) "Node    " zone ", type " type " " chunks "\n"
#define NO_CHUNKS		      NONE5 NONE5 "     0 "
#define ZONE_OF_TYPES(zone, unmovable, movable)    \
	FREE_LINE(zone, "   Unmovable", unmovable) \
	FREE_LINE(zone, "     Movable", movable)   \
	FREE_LINE(zone, " Reclaimable", NO_CHUNKS) \
	FREE_LINE(zone, "  HighAtomic", NO_CHUNKS) \
	FREE_LINE(zone, "     Isolate", NO_CHUNKS)

static void pagetypeinfo_parts_the_free_chunks_by_type(void **state)
{
	struct tp_owner rock;
	tp_pfn pfn = take_rock(*state, &rock, 3);

	expect_shown("proc/pagetypeinfo",
		     TYPES_HEAD ZONE_OF_TYPES("0, zone      DMA", NO_CHUNKS, NONE5 NONE5 "     1 ")
			     ZONE_OF_TYPES("0, zone   Normal",
					   "     0      0      0      1      1      1      1      1"
					   "      1      0      0 ",
					   NONE5 "     0      0      0      0      1     14 ")
				     BLOCKS_HEAD
		     "Node 0, zone      DMA            0            2            0            0"
		     "            0 \n"
		     "Node 0, zone   Normal            1           29            0            0"
		     "            0 \n" TYPES_HEAD ZONE_OF_TYPES("1, zone  Movable", NO_CHUNKS,
								 NONE5 NONE5 "     3 ") BLOCKS_HEAD
		     "Node 1, zone  Movable            0            6            0            0"
		     "            0 \n");
	give_rock(*state, &rock, pfn, 3);
}

/* A block going offline: its free pages are free no longer, and isolated. */
static void isolated_pageblocks_are_a_type_of_their_own(void **state)
{
	struct visitor writer;
	struct shelf shelf;
	unsigned id = first_block(movable);
	const char *line;

	shelf_open(*state, &shelf, "shelf");
	must(tp_page_pin(*state, shelve(*state, &shelf, 0, 1, id, 9)));
	begin_isolated_offline(*state, &writer, id);
	line = strstr(shown("proc/pagetypeinfo"), "Node 1, zone  Movable");
	assert_non_null(line);
	assert_memory_equal(line,
			    "Node 1, zone  Movable            0            4            0"
			    "            0            2 \n",
			    strlen("Node 1, zone  Movable") + 5 * 13 + 2);
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
	tp_page_unpin(*state, shelf.where[0]);
	shelf_take(&shelf, 0, 9);
	must(tp_owner_unregister(&shelf.owner));
}

/* ---- meminfo --------------------------------------------------------------------------------- */

/* The next line of @*text, without its newline. */
static bool next_line(const char **text, char *line, size_t size)
{
	const char *end = strchr(*text, '\n');

	if (!end)
		return false;
	snprintf(line, size, "%.*s", (int)(end - *text), *text);
	*text = end + 1;
	return true;
}

static uint64_t kib(uint64_t pages)
{
	return pages * 4;
}

/* "MemTotal:" at the begin, " kB" at the end, and the number in its column. */
static void expect_meminfo_line(const char *prefix, const char *name, uint64_t value,
				const char *line)
{
	char wanted[128];

	if (strstr(name, "HugePages_") && !strstr(name, "Anon") && !strstr(name, "File"))
		snprintf(wanted, sizeof(wanted), "%s%-16s %*" PRIu64, prefix, name, *prefix ? 5 : 7,
			 value);
	else
		snprintf(wanted, sizeof(wanted), "%s%s%*" PRIu64 " kB", prefix, name,
			 24 - (int)strlen(name), value);
	assert_string_equal(line, wanted);
}

struct known {
	const char *name;
	uint64_t value;
};

static uint64_t value_in(const struct known *known, const char *name)
{
	while (known->name && strcmp(known->name, name))
		known++;
	return known->name ? known->value : 0;
}

/* Every name in its place, with the value known, or 0. */
static void expect_meminfo(const char *path, const char *prefix, const char *const *names,
			   unsigned n, const struct known *known)
{
	const char *text = shown(path);
	char line[128];

	for (unsigned i = 0; i < n; i++) {
		assert_true(next_line(&text, line, sizeof(line)));
		expect_meminfo_line(prefix, names[i], value_in(known, names[i]), line);
	}
	assert_string_equal(text, "");
}

static void meminfo_has_every_line_of_linux(void **state)
{
	/* 19456 pages; available: less the high marks 24, 360 and 48 */
	static const struct known known[] = { { "MemTotal:", 77824 },
					      { "MemFree:", 77824 },
					      { "MemAvailable:", 77824 - 4 * 432 },
					      { "CommitLimit:", 77824 },
					      { "Hugepagesize:", 2048 },
					      { NULL, 0 } };

	(void)state;
	expect_meminfo("proc/meminfo", "", linux_meminfo, TP_ARRAY_SIZE(linux_meminfo), known);
}

static void node_meminfo_has_every_line_of_linux(void **state)
{
	static const struct known known0[] = {
		{ "MemTotal:", 65536 }, { "MemFree:", 65536 - 32 }, { "MemUsed:", 32 }, { NULL, 0 }
	};
	static const struct known known1[] = { { "MemTotal:", 12288 },
					       { "MemFree:", 12288 },
					       { NULL, 0 } };
	struct tp_owner rock;
	tp_pfn pfn = take_rock(*state, &rock, 3);

	expect_meminfo(NODE "node0/meminfo", "Node 0 ", linux_node_meminfo,
		       TP_ARRAY_SIZE(linux_node_meminfo), known0);
	expect_meminfo(NODE "node1/meminfo", "Node 1 ", linux_node_meminfo,
		       TP_ARRAY_SIZE(linux_node_meminfo), known1);
	give_rock(*state, &rock, pfn, 3);
}

/* The longest name of all takes of its number's room. */
static void every_number_ends_in_the_same_column(void **state)
{
	(void)state;
	assert_non_null(strstr(shown("proc/meminfo"), "\nHardwareCorrupted:     0 kB\n"));
	assert_non_null(strstr(shown("proc/meminfo"), "\nHugePages_Free:        0\n"));
	assert_non_null(strstr(shown(NODE "node0/meminfo"), "\nNode 0 HugePages_Total:     0\n"));
	assert_non_null(strstr(shown(NODE "node0/meminfo"), "\nNode 0 HugePages_Free:      0\n"));
}

static void expect_mapped_on_node1(uint64_t mapped, uint64_t free)
{
	const struct known known[] = { { "MemTotal:", 12288 },
				       { "MemFree:", kib(free) },
				       { "MemUsed:", 12288 - kib(free) },
				       { "Active:", kib(mapped) },
				       { "Active(anon):", kib(mapped) },
				       { "AnonPages:", kib(mapped) },
				       { NULL, 0 } };

	expect_meminfo(NODE "node1/meminfo", "Node 1 ", linux_node_meminfo,
		       TP_ARRAY_SIZE(linux_node_meminfo), known);
}

static void a_mapping_is_anonymous_memory(void **state)
{
	const struct tp_mapping_config config = { .size = TP_KIB(256),
						  .policy = TP_BIND(1),
						  .small_pages = true };
	struct tp_zone_stat z;
	struct tp_mapping *map;

	must(tp_mapping_create(*state, &config, &map));
	memset(tp_mapping_base(map), 1, config.size);
	z = zone_stat(*state, 1, TP_ZONE_MOVABLE);
	assert_int_equal(z.managed - z.free - z.pcp, 64);
	expect_mapped_on_node1(64, z.free);
	must(tp_mapping_destroy(map));
}

static void a_block_going_offline_is_no_free_memory(void **state) /* T22 */
{
	struct visitor writer;
	struct shelf shelf;
	unsigned id = first_block(movable);

	shelf_open(*state, &shelf, "shelf");
	must(tp_page_pin(*state, shelve(*state, &shelf, 0, 1, id, 9)));
	begin_isolated_offline(*state, &writer, id);
	assert_non_null(strstr(shown(NODE "node1/meminfo"),
			       "Node 1 MemTotal:          12288 kB\n"
			       "Node 1 MemFree:            8192 kB\n"
			       "Node 1 MemUsed:            4096 kB\n"));
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
	tp_page_unpin(*state, shelf.where[0]);
	shelf_take(&shelf, 0, 9);
	must(tp_owner_unregister(&shelf.owner));
}

/* ---- vmstat ---------------------------------------------------------------------------------- */

static void expect_counters(const char *path, unsigned n, const struct known *known)
{
	const char *text = shown(path);
	char line[128], wanted[128];

	for (unsigned i = 0; i < n; i++) {
		assert_true(next_line(&text, line, sizeof(line)));
		snprintf(wanted, sizeof(wanted), "%s %" PRIu64, linux_vmstat[i],
			 value_in(known, linux_vmstat[i]));
		assert_string_equal(line, wanted);
	}
	assert_string_equal(text, "");
}

static void vmstat_has_every_line_of_linux(void **state)
{
	static const struct known all[] = { { "nr_free_pages", 19448 },
					    { "numa_hit", 1 },
					    { "numa_local", 1 },
					    { "pgalloc_normal", 8 },
					    { NULL, 0 } };
	static const struct known freed[] = {
		{ "nr_free_pages", 19456 }, { "numa_hit", 1 }, { "numa_local", 1 },
		{ "pgalloc_normal", 8 },    { "pgfree", 8 },   { NULL, 0 }
	};
	struct tp_owner rock;
	tp_pfn pfn = take_rock(*state, &rock, 3);

	expect_counters("proc/vmstat", TP_ARRAY_SIZE(linux_vmstat), all);
	give_rock(*state, &rock, pfn, 3);
	expect_counters("proc/vmstat", TP_ARRAY_SIZE(linux_vmstat), freed);
}

static void node_vmstat_is_of_its_node(void **state)
{
	static const struct known known0[] = {
		{ "nr_free_pages", 16376 }, { "numa_hit", 1 }, { "numa_local", 1 }, { NULL, 0 }
	};
	static const struct known known1[] = { { "nr_free_pages", 3072 }, { NULL, 0 } };
	struct tp_owner rock;
	tp_pfn pfn = take_rock(*state, &rock, 3);

	expect_counters(NODE "node0/vmstat", NODE_VMSTAT, known0);
	expect_counters(NODE "node1/vmstat", NODE_VMSTAT, known1);
	give_rock(*state, &rock, pfn, 3);
}

/* ---- zoneinfo -------------------------------------------------------------------------------- */

/* What is expected of it, as it grows. */
static char wanted_text[65536];

static tp_printf(1, 2) void want(const char *format, ...)
{
	size_t used = strlen(wanted_text);
	va_list args;

	va_start(args, format);
	vsnprintf(wanted_text + used, sizeof(wanted_text) - used, format, args);
	va_end(args);
}

static void want_counters(unsigned from, unsigned n, uint64_t first)
{
	for (unsigned i = from; i < from + n; i++)
		want("      %-12s %" PRIu64 "\n", linux_vmstat[i], i == from ? first : 0);
}

struct zone_numbers {
	uint64_t pages, min, low, high, promo, start;
	const char *protection;
};

static void want_zone(int node, const char *name, bool first, const struct zone_numbers *z)
{
	want("Node %d, zone %8s\n", node, name);
	if (first) {
		want("  per-node stats\n");
		want_counters(ZONE_COUNTERS + NUMA_COUNTERS,
			      NODE_VMSTAT - ZONE_COUNTERS - NUMA_COUNTERS, 0);
	}
	want("  pages free     %" PRIu64 "\n        boost    0\n        min      %" PRIu64
	     "\n        low      %" PRIu64 "\n        high     %" PRIu64
	     "\n        promo    %" PRIu64 "\n        spanned  %" PRIu64
	     "\n        present  %" PRIu64 "\n        managed  %" PRIu64
	     "\n        cma      0\n        protection: (%s)\n",
	     z->pages, z->min, z->low, z->high, z->promo, z->pages, z->pages, z->pages,
	     z->protection ? z->protection : "0, 0, 0, 0, 0");
	if (!z->pages)
		return;
	want_counters(0, ZONE_COUNTERS, z->pages);
	want_counters(ZONE_COUNTERS, NUMA_COUNTERS, 0);
	want("  pagesets\n");
	for (unsigned cpu = 0; cpu < 2; cpu++)
		want("    cpu: %u\n              count: 0\n              high:  384\n"
		     "              batch: 64\n",
		     cpu);
	want("  vm stats threshold: 4\n  node_unreclaimable:  0\n  start_pfn:           %" PRIu64
	     "\n",
	     z->start);
}

/* All five of every node that is there; marks are 1/64 of the zone and a quarter more each. */
static void zoneinfo_has_every_line_of_linux(void **state)
{
	static const struct zone_numbers none, dma = { .pages = 1024,
						       .min = 16,
						       .low = 20,
						       .high = 24,
						       .promo = 28,
						       .protection = "0, 0, 60, 60, 60" };
	static const struct zone_numbers normal = { 15360, 240, 300, 360, 420, 1024, NULL };
	static const struct zone_numbers mov = { 3072, 32, 40, 48, 56, 16384, NULL };

	(void)state;
	wanted_text[0] = '\0';
	want_zone(0, "DMA", true, &dma);
	want_zone(0, "DMA32", false, &none);
	want_zone(0, "Normal", false, &normal);
	want_zone(0, "Movable", false, &none);
	want_zone(0, "Device", false, &none);
	want_zone(1, "DMA", false, &none);
	want_zone(1, "DMA32", false, &none);
	want_zone(1, "Normal", false, &none);
	want_zone(1, "Movable", true, &mov);
	want_zone(1, "Device", false, &none);
	expect_shown("proc/zoneinfo", wanted_text);
}

/* A node without online memory has its zones listed, and no counters. */
static void zoneinfo_shows_a_node_whose_memory_is_offline(void **state)
{
	static const char *const names[] = { "DMA", "DMA32", "Normal", "Movable", "Device" };
	static const struct zone_numbers none;

	(void)state;
	must(tp_device_offline(movable, NULL, NULL));
	wanted_text[0] = '\0';
	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++)
		want_zone(1, names[i], false, &none);
	assert_non_null(strstr(shown("proc/zoneinfo"), "Node 1"));
	assert_string_equal(strstr(shown("proc/zoneinfo"), "Node 1"), wanted_text);
}

/* ---- cpuinfo --------------------------------------------------------------------------------- */

static void cpuinfo_has_a_paragraph_for_each_cpu(void **state)
{
	const char *text;
	unsigned n = 0;

	(void)state;
	for (text = shown("proc/cpuinfo"); (text = strstr(text, "processor\t: ")); text++)
		n++;
	assert_int_equal(n, 2);
	assert_non_null(strstr(shown("proc/cpuinfo"), "physical id\t: 0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(buddyinfo_lists_the_zones_that_have_memory),
		PROC_TEST(buddyinfo_shows_what_a_run_leaves),
		PROC_TEST(buddyinfo_leaves_out_what_is_offline),
		PROC_TEST(pagetypeinfo_parts_the_free_chunks_by_type),
		PROC_TEST(isolated_pageblocks_are_a_type_of_their_own),
		PROC_TEST(meminfo_has_every_line_of_linux),
		PROC_TEST(node_meminfo_has_every_line_of_linux),
		PROC_TEST(every_number_ends_in_the_same_column),
		PROC_TEST(a_mapping_is_anonymous_memory),
		PROC_TEST(a_block_going_offline_is_no_free_memory),
		PROC_TEST(vmstat_has_every_line_of_linux),
		PROC_TEST(node_vmstat_is_of_its_node),
		PROC_TEST(zoneinfo_has_every_line_of_linux),
		PROC_TEST(zoneinfo_shows_a_node_whose_memory_is_offline),
		PROC_TEST(cpuinfo_has_a_paragraph_for_each_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
