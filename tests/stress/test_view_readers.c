/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two hundred readers of all kinds of files, while blocks go on and off and devices come and go:
 * no line is torn, no file contradicts itself, nobody waits for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "arena.h"
#include "core/compiler.h"
#include "view/text.h"
#include "view/view.h"

enum { READERS = 200, PATH = 96, NAME = 48, VMSTAT_LINES = 185, MEMINFO_LINES = 55 };

struct gallery {
	struct arena arena;
	struct tp_view *view;
	atomic_uint_fast64_t looks, gone, stores;
};

#define MEMORY	  "sys/devices/system/memory/"
#define NODE	  "sys/devices/system/node/"
#define DRAM_TIER "sys/devices/virtual/memory_tiering/memory_tier4/"

/* ---- one look -------------------------------------------------------------------------------- */

/* False: it is not there any more.  The text is the caller's to give back. */
static bool look_at(struct gallery *g, const char *path, struct tp_text *text)
{
	struct tp_view_stat stat;
	int err = tp_view_find(g->view, path, &stat);

	*text = (struct tp_text){ .length = 0 };
	if (!err)
		err = tp_view_show(g->view, stat.ino, text, NULL);
	REQUIRE(!err || err == -ENOENT);
	if (!err) {
		REQUIRE(text->length && text->bytes[text->length - 1] == '\n');
		REQUIRE(strlen(text->bytes) == text->length);
	}
	atomic_fetch_add_explicit(err ? &g->gone : &g->looks, 1, memory_order_relaxed);
	return !err;
}

/* Is it all of @text that the words, parted by @between, are among @known? */
static bool is_made_of(const char *text, const char *const *known, char between)
{
	while (*text) {
		unsigned i = 0;

		while (known[i] && strncmp(text, known[i], strlen(known[i])))
			i++;
		if (!known[i])
			return false;
		text += strlen(known[i]);
		if (*text == '\n')
			return !text[1];
		if (*text++ != between)
			return false;
	}
	return false;
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* The number behind @name, which must be there. */
static uint64_t number_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	uint64_t n;

	REQUIRE(at);
	REQUIRE(sscanf(at + strlen(name), " %" SCNu64, &n) == 1);
	return n;
}

/* "0-2,5": numbers that rise. */
static bool is_list(const char *text)
{
	long last = -1;

	while (*text != '\n') {
		char *end;
		long n = strtol(text, &end, 10);

		if (end == text || n <= last)
			return false;
		last = n;
		text = end + (*end == ',' || *end == '-');
	}
	return !text[1];
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static unsigned some_block(struct gallery *g, struct dice *dice)
{
	return roll(dice, tp_machine_nr_blocks(g->arena.machine));
}

static void read_word(struct gallery *g, unsigned id, const char *file, const char *const *words)
{
	char path[PATH];
	struct tp_text text;

	snprintf(path, sizeof(path), MEMORY "memory%u/%s", id, file);
	if (look_at(g, path, &text))
		REQUIRE(is_made_of(text.bytes, words, ' '));
	tp_text_fini(&text);
}

static void read_block(void *arg, struct dice *dice)
{
	static const char *const states[] = { "online", "offline", "going-offline", NULL };
	static const char *const truths[] = { "0", "1", NULL };
	static const char *const zones[] = { "DMA32",  "DMA",  "Normal", "Movable",
					     "Device", "none", NULL };
	struct gallery *g = arg;

	read_word(g, some_block(g, dice), "state", states);
	read_word(g, some_block(g, dice), "online", truths);
	read_word(g, some_block(g, dice), "valid_zones", zones);
}

/* Blocks in order and once each, whatever comes and goes meanwhile. */
static void read_list(void *arg, struct dice *dice)
{
	struct gallery *g = arg;
	struct tp_view_stat dir, stat;
	char name[TP_VIEW_NAME];
	uint64_t position = 0;
	int last = -1;

	REQUIRE(!tp_view_find(g->view, MEMORY, &dir));
	while (tp_view_list(g->view, dir.ino, &position, name, &stat)) {
		int id;

		if (sscanf(name, "memory%d", &id) != 1)
			continue;
		REQUIRE(id > last);
		last = id;
	}
	REQUIRE(last >= 0);
	atomic_fetch_add_explicit(&g->looks, 1, memory_order_relaxed);
	nap_us(roll(dice, 100));
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void read_node_meminfo(struct gallery *g, unsigned node)
{
	char path[PATH], name[NAME];
	struct tp_text text;
	uint64_t total;

	snprintf(path, sizeof(path), NODE "node%u/meminfo", node);
	if (look_at(g, path, &text)) {
		REQUIRE(count_lines(text.bytes) == 37);
		snprintf(name, sizeof(name), "Node %u MemTotal:", node);
		total = number_after(text.bytes, name);
		REQUIRE(total == number_after(text.bytes, "MemFree:") +
					 number_after(text.bytes, "MemUsed:"));
		REQUIRE(number_after(text.bytes, "HugePages_Surp:") == 0);
	}
	tp_text_fini(&text);
}

static void read_lines(struct gallery *g, const char *path, unsigned lines)
{
	struct tp_text text;

	if (look_at(g, path, &text))
		REQUIRE(count_lines(text.bytes) == lines);
	tp_text_fini(&text);
}

static void read_node(void *arg, struct dice *dice)
{
	static const struct {
		const char *file;
		unsigned lines;
	} files[] = { { "numastat", 6 }, { "vmstat", 65 }, { "distance", 1 }, { "cpulist", 1 } };
	struct gallery *g = arg;
	unsigned i = roll(dice, TP_ARRAY_SIZE(files));
	char path[PATH];

	read_node_meminfo(g, roll(dice, ARENA_NODES));
	snprintf(path, sizeof(path), NODE "node%u/%s", roll(dice, ARENA_NODES), files[i].file);
	read_lines(g, path, files[i].lines);
}

static void read_sets(void *arg, struct dice *dice)
{
	static const char *const files[] = { NODE "online", NODE "has_memory",
					     NODE "has_normal_memory", NODE "possible",
					     DRAM_TIER "nodelist" };
	struct tp_text text;

	if (look_at(arg, files[roll(dice, TP_ARRAY_SIZE(files))], &text))
		REQUIRE(is_list(text.bytes));
	tp_text_fini(&text);
}

/* ---- proc ------------------------------------------------------------------------------------ */

static void read_meminfo(struct gallery *g)
{
	struct tp_text text;
	uint64_t total;

	REQUIRE(look_at(g, "proc/meminfo", &text));
	REQUIRE(count_lines(text.bytes) == MEMINFO_LINES);
	total = number_after(text.bytes, "MemTotal:");
	REQUIRE(total && number_after(text.bytes, "MemFree:") <= total);
	REQUIRE(number_after(text.bytes, "MemAvailable:") <= total);
	tp_text_fini(&text);
}

/* Every zone from one hold of its lock. */
static void read_zoneinfo(struct gallery *g)
{
	struct tp_text text;
	const char *zone;

	REQUIRE(look_at(g, "proc/zoneinfo", &text));
	for (zone = strstr(text.bytes, "pages free"); zone; zone = strstr(zone + 1, "pages free")) {
		uint64_t free = number_after(zone, "pages free");
		uint64_t managed = number_after(zone, "managed");
		uint64_t present = number_after(zone, "present");
		const char *counter = strstr(zone, "nr_free_pages"), *next = strstr(zone, "\nNode");

		REQUIRE(free <= managed && managed <= present);
		REQUIRE(present <= number_after(zone, "spanned"));
		if (counter && (!next || counter < next))
			REQUIRE(number_after(counter, "nr_free_pages") == free);
	}
	tp_text_fini(&text);
}

/* Eleven orders to a line. */
static void read_buddyinfo(struct gallery *g)
{
	struct tp_text text;

	REQUIRE(look_at(g, "proc/buddyinfo", &text));
	for (char *line = text.bytes; *line; line = strchr(line, '\n') + 1) {
		unsigned node, order = 0;
		int length = 0;
		char zone[16];
		uint64_t n;

		REQUIRE(sscanf(line, "Node %u, zone %15s%n", &node, zone, &length) == 2);
		for (char *at = line + length; sscanf(at, " %" SCNu64 "%n", &n, &length) == 1 &&
					       order <= TP_NR_ORDERS && at < strchr(line, '\n');
		     at += length)
			order += at + length <= strchr(line, '\n');
		REQUIRE(order == TP_NR_ORDERS);
	}
	tp_text_fini(&text);
}

static void read_pagetypeinfo(struct gallery *g)
{
	struct tp_text text;
	const char *zone;

	REQUIRE(look_at(g, "proc/pagetypeinfo", &text));
	for (zone = strstr(text.bytes, ", type    Unmovable"); zone;
	     zone = strstr(zone + 1, ", type    Unmovable"))
		REQUIRE(strstr(zone, ", type      Isolate"));
	tp_text_fini(&text);
}

static void read_proc(void *arg, struct dice *dice)
{
	switch (roll(dice, 5)) {
	case 0:
		read_meminfo(arg);
		break;
	case 1:
		read_zoneinfo(arg);
		break;
	case 2:
		read_buddyinfo(arg);
		break;
	case 3:
		read_pagetypeinfo(arg);
		break;
	default:
		read_lines(arg, "proc/vmstat", VMSTAT_LINES);
	}
	nap_us(roll(dice, 1000));
}

/* ---- who changes things ---------------------------------------------------------------------- */

static void juggle(void *arg, struct dice *dice)
{
	arena_juggle(&((struct gallery *)arg)->arena, dice);
}

/* A write to the state of a block of boot memory: those stay, so the file is what counts. */
static void write_state(void *arg, struct dice *dice)
{
	struct gallery *g = arg;
	struct tp_view_stat stat;
	bool offline = roll(dice, 2);
	const char *value = offline ? "offline" : "online_kernel";
	char path[PATH];
	int err;

	snprintf(path, sizeof(path), MEMORY "memory%u/state", 6 + roll(dice, 4));
	REQUIRE(!tp_view_find(g->view, path, &stat));
	err = tp_view_store(g->view, stat.ino, value, strlen(value), NULL);
	REQUIRE(!err || err == -EINVAL || may_fail_with(err));
	atomic_fetch_add_explicit(&g->stores, !err, memory_order_relaxed);
	nap_us(roll(dice, 2000));
}

/* ---- the test -------------------------------------------------------------------------------- */

static void set_up_members(struct member members[READERS + 2])
{
	static void (*const readers[])(void *arg, struct dice *dice) = {
		read_block, read_list, read_node, read_sets, read_proc,
	};

	members[0] = (struct member){ .work = juggle };
	members[1] = (struct member){ .work = write_state };
	for (unsigned i = 0; i < READERS; i++)
		members[2 + i] = (struct member){ .work = readers[i % TP_ARRAY_SIZE(readers)] };
}

static void test_readers_see_whole_lines_whatever_happens(void **state)
{
	static struct member members[READERS + 2];
	static struct gallery g;
	struct crew crew = { .arg = &g };

	(void)state;
	arena_open(&g.arena, TP_MIB(4), TP_MIB(32), TP_MIB(16));
	REQUIRE_OK(tp_view_create(&(struct tp_view_config){ .machine = g.arena.machine }, &g.view));
	set_up_members(members);
	crew_run(&crew, members, READERS + 2);
	printf("  %llu looks, %llu at what was gone; %llu writes of a state\n",
	       (unsigned long long)g.looks, (unsigned long long)g.gone,
	       (unsigned long long)g.stores);
	for (unsigned i = 0; i < READERS + 2; i++)
		assert_true(members[i].rounds);
	tp_view_destroy(g.view);
	arena_close(&g.arena);
	assert_true(g.arena.offlines && g.arena.unplugs && g.stores && g.gone);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readers_see_whole_lines_whatever_happens),
	};

	stress_read_seconds(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
