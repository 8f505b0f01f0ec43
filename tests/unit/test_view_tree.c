/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_tree - names, numbers and lists, while what they stand for comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>

#include "hotplug_snapshot.h"
#include "view_machine.h"

static int look_up(const char *dir, const char *name)
{
	struct tp_view_stat stat;

	return tp_view_lookup(view, ino_at(dir), name, &stat);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void the_root_has_three_directories(void **state)
{
	(void)state;
	assert_string_equal(listed(""), " proc sys tidepool");
}

static void paths_are_found_with_any_number_of_slashes(void **state)
{
	(void)state;
	assert_int_equal(ino_at("//sys///devices/system/"), ino_at("sys/devices/system"));
	assert_int_equal(ino_at(""), TP_VIEW_ROOT);
}

static void what_does_not_exist_is_not_found(void **state)
{
	(void)state;
	assert_int_equal(look_up("", "nothing"), -ENOENT);
	assert_int_equal(look_up("", ""), -ENOENT);
	assert_int_equal(look_up(MEMORY, "memory9999"), -ENOENT);
	assert_int_equal(look_up("proc/meminfo", "x"), -ENOENT);
	assert_false(is_there("sys/devices/system/memory/memory0/state/x"));
}

static void a_name_that_is_too_long_is_not_found(void **state)
{
	char name[2 * TP_VIEW_NAME];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(is_there(name));
	assert_int_equal(look_up("", name), -ENOENT);
}

static void members_of_a_family_have_one_name_each(void **state)
{
	static const char *const no_names[] = { "memory",   "memory00", "memory01",  "memory+1",
						"memory-1", "memory 1", "memory1 ",  "memory0x1",
						"memory1x", "memory%u", "Memory1",   "xmemory1",
						"memory%",  "memoryu",	"memory1\n", "memor1" };

	(void)state;
	assert_int_equal(look_up(MEMORY, "memory0"), 0);
	assert_int_equal(look_up(MEMORY, "memory1"), 0);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(no_names); i++) {
		if (look_up(MEMORY, no_names[i]) != -ENOENT)
			fail_msg("'%s' was found", no_names[i]);
	}
}

/* A number that is cut to its low bits would be somebody else's. */
static void numbers_do_not_wrap(void **state)
{
	(void)state;
	assert_int_equal(look_up(MEMORY, "memory16777216"), -ENOENT);		  /* 2^24 */
	assert_int_equal(look_up(MEMORY, "memory16777217"), -ENOENT);		  /* 2^24 + 1 */
	assert_int_equal(look_up(MEMORY, "memory4294967297"), -ENOENT);		  /* 2^32 + 1 */
	assert_int_equal(look_up(MEMORY, "memory18446744073709551617"), -ENOENT); /* 2^64 + 1 */
	assert_int_equal(look_up(MEMORY,
				 "memory100000000000000000000000000000000000000000000000000000"),
			 -ENOENT);
}

static void only_what_is_in_a_node_is_found_there(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_NONE);
	char name[32];

	snprintf(name, sizeof(name), "memory%u", first_block(d));
	assert_int_equal(look_up(NODE "node1", name), 0);
	assert_int_equal(look_up(NODE "node0", name), -ENOENT);
	assert_int_equal(look_up(NODE "node1", "memory0"), -ENOENT);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void numbers_that_stand_for_nothing_are_not_found(void **state)
{
	static const tp_view_ino none[] = { 0, 0xffff, UINT64_MAX, UINT64_C(1) << 63 };
	struct tp_view_access access;
	struct tp_view_stat stat;
	struct tp_text text = { .length = 0 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(none); i++) {
		assert_int_equal(tp_view_stat(view, none[i], &stat), -ENOENT);
		assert_int_equal(tp_view_access(view, none[i], &access), -ENOENT);
		assert_int_equal(tp_view_show(view, none[i], &text, NULL), -ENOENT);
		assert_int_equal(tp_view_store(view, none[i], "1", 1, NULL), -ENOENT);
		assert_int_equal(tp_view_lookup(view, none[i], "sys", &stat), -ENOENT);
	}
}

static void nothing_can_be_listed_of_what_is_no_directory(void **state)
{
	uint64_t position = 0;

	(void)state;
	assert_string_equal(listed_from("proc/meminfo", &position, 1), "");
	assert_string_equal(listed_from(MEMORY "memory0/node0", &position, 1), "");
}

static void each_entry_has_a_number_of_its_own(void **state)
{
	plug(*state, 1, 2, TP_ONLINE_MOVABLE);
	assert_int_not_equal(ino_at(MEMORY "memory1/state"), ino_at(MEMORY "memory2/state"));
	assert_int_not_equal(ino_at(MEMORY "memory1/state"), ino_at(MEMORY "memory1/online"));
	assert_int_not_equal(ino_at(NODE "node0/memory1"), ino_at(NODE "node0/memory2"));
	assert_int_not_equal(ino_at(NODE "node0/meminfo"), ino_at(NODE "node1/meminfo"));
	assert_int_not_equal(ino_at("sys/bus/node/devices/node0"),
			     ino_at("sys/bus/memory/devices/memory0"));
}

static void a_number_says_the_same_as_the_name(void **state)
{
	struct tp_view_stat stat;

	(void)state;
	must(tp_view_stat(view, ino_at(MEMORY "memory3/state"), &stat));
	assert_int_equal(stat.ino, ino_at(MEMORY "memory3/state"));
	assert_int_equal(stat.mode, S_IFREG | 0644);
	assert_int_equal(stat.size, 4096);
}

/* V1 */
static void numbers_survive_unplug_and_replug(void **state)
{
	struct tp_device *d = plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	unsigned id = first_block(d);
	tp_view_ino ino = ino_at(of_block(id, "state"));
	struct tp_view_stat stat;
	struct tp_text text = { .length = 0 };

	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(tp_view_stat(view, ino, &stat), -ENOENT);
	assert_int_equal(tp_view_show(view, ino, &text, NULL), -ENOENT);
	assert_int_equal(tp_view_store(view, ino, "online", 6, NULL), -ENOENT);
	d = plug(*state, 2, 1, TP_ONLINE_NONE);
	assert_int_equal(first_block(d), id);
	assert_int_equal(ino_at(of_block(id, "state")), ino);
	must(tp_view_show(view, ino, &text, NULL));
	assert_string_equal(text.bytes, "offline\n");
	tp_text_fini(&text);
}

static void what_a_number_says_of_its_kind_is_told(void **state)
{
	struct tp_view_stat stat;

	(void)state;
	must(tp_view_find(view, "proc/meminfo", &stat));
	assert_int_equal(stat.size, 0);
	assert_true(stat.lasting);
	must(tp_view_find(view, MEMORY "memory0", &stat));
	assert_true(S_ISDIR(stat.mode));
	assert_false(stat.lasting);
	must(tp_view_find(view, MEMORY "memory0/node0", &stat));
	assert_true(S_ISLNK(stat.mode));
	must(tp_view_find(view, "tidepool/uevents", &stat));
	assert_true(stat.stream);
}

static void who_may_do_what_is_told(void **state)
{
	struct tp_view_access access;

	(void)state;
	must(tp_view_access(view, ino_at(MEMORY "block_size_bytes"), &access));
	assert_true(access.readable && !access.writable);
	must(tp_view_access(view, ino_at(MEMORY "soft_offline_page"), &access));
	assert_true(!access.readable && access.writable);
	must(tp_view_access(view, ino_at(MEMORY "memory0/state"), &access));
	assert_true(access.readable && access.writable);
	must(tp_view_access(view, ino_at("tidepool/uevents"), &access));
	assert_true(access.readable && !access.writable);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void a_family_is_listed_in_its_place(void **state)
{
	(void)state;
	assert_string_equal(listed(MEMORY),
			    " auto_online_blocks block_size_bytes crash_hotplug hard_offline_page"
			    " memory0 memory1 memory2 memory3 memory4 memory5 memory6 memory7"
			    " memory8 memory9 memory10 memory11 memory12 memory13 memory14"
			    " memory15 soft_offline_page");
}

static void a_list_can_be_read_name_by_name(void **state)
{
	char one_by_one[4096] = "", all[4096];
	uint64_t position = 0;
	const char *name;

	(void)state;
	strcpy(all, listed(MEMORY));
	while (*(name = listed_from(MEMORY, &position, 1)))
		strcat(one_by_one, name);
	assert_string_equal(one_by_one, all);
}

static void what_goes_between_two_reads_of_a_list_is_left_out(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_NONE);
	uint64_t position = 0;

	assert_int_equal(first_block(d), 16);
	assert_non_null(strstr(listed_from(MEMORY, &position, 22), " memory17"));
	must(tp_device_unplug(d, NULL, NULL));
	assert_string_equal(listed_from(MEMORY, &position, 9), " soft_offline_page");
}

static void what_comes_behind_the_position_is_in_the_list(void **state)
{
	uint64_t position = 0;

	listed_from(MEMORY, &position, 20); /* up to memory15 */
	plug(*state, 1, 2, TP_ONLINE_NONE);
	assert_string_equal(listed_from(MEMORY, &position, 9),
			    " memory16 memory17 soft_offline_page");
}

static void what_comes_before_the_position_is_left_out(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);
	uint64_t position = 0;
	struct tp_device *d;

	config.start = 40 * SMALL_BLOCK;
	must(tp_device_plug(*state, &config, &d));
	listed_from(MEMORY, &position, 21); /* up to memory40 */
	plug(*state, 1, 1, TP_ONLINE_NONE);
	assert_string_equal(listed_from(MEMORY, &position, 9), " soft_offline_page");
}

static void a_directory_that_is_gone_lists_nothing(void **state)
{
	struct tp_device *d = plug(*state, 2, 1, TP_ONLINE_NONE);
	tp_view_ino dir = ino_at(NODE "node2");
	char name[TP_VIEW_NAME];
	struct tp_view_stat stat;
	uint64_t position = 0;

	assert_true(tp_view_list(view, dir, &position, name, &stat));
	must(tp_device_unplug(d, NULL, NULL));
	assert_false(tp_view_list(view, dir, &position, name, &stat));
}

static void a_position_from_nowhere_ends_the_list(void **state)
{
	uint64_t position = UINT64_MAX;

	(void)state;
	assert_string_equal(listed_from(MEMORY, &position, 9), "");
	position = (UINT64_C(4) << 32) + UINT32_MAX; /* within the family, past all of it */
	assert_string_equal(listed_from(MEMORY, &position, 9), " soft_offline_page");
}

static bool list_next(tp_view_ino dir, uint64_t *position, char *name)
{
	struct tp_view_stat stat, found;

	if (!tp_view_list(view, dir, position, name, &stat))
		return false;
	must(tp_view_lookup(view, dir, name, &found));
	assert_int_equal(found.ino, stat.ino);
	assert_int_equal(found.mode, stat.mode);
	return true;
}

/* Returns how many entries there are at and below @dir; each is found by the name it is listed as,
 * and shows what it can show. */
static unsigned walk(tp_view_ino dir)
{
	char name[TP_VIEW_NAME];
	struct tp_view_stat stat;
	struct tp_view_access access;
	struct tp_text text = { .length = 0 };
	uint64_t position = 0;
	unsigned n = 1;

	must(tp_view_stat(view, dir, &stat));
	must(tp_view_access(view, dir, &access));
	if (S_ISDIR(stat.mode)) {
		while (list_next(dir, &position, name)) {
			must(tp_view_lookup(view, dir, name, &stat));
			n += walk(stat.ino);
		}
	} else if (S_ISLNK(stat.mode)) {
		must(tp_view_readlink(view, dir, name));
	} else if (!stat.stream && access.readable) {
		must(tp_view_show(view, dir, &text, NULL));
	}
	tp_text_fini(&text);
	return n;
}

static void everything_that_is_listed_can_be_looked_at(void **state)
{
	unsigned before = walk(TP_VIEW_ROOT);

	plug(*state, 2, 2, TP_ONLINE_MOVABLE);
	assert_true(before > 300);
	assert_true(walk(TP_VIEW_ROOT) > before + 20);
}

/* Where a link leads, from the root: its directory, and then what it says. */
static void follow(const char *dir, const char *name, char *path, size_t size)
{
	char link[192], *up;

	snprintf(link, sizeof(link), "%s/%s", dir, name);
	snprintf(path, size, "%s/%s", dir, shown(link));
	while ((up = strstr(path, "/../"))) {
		char *cut = up;

		while (cut > path && cut[-1] != '/')
			cut--;
		memmove(cut, up + 4, strlen(up + 4) + 1);
	}
}

static void links_lead_to_what_they_are_called(void **state)
{
	static const struct {
		const char *dir, *name, *target;
	} links[] = {
		{ "sys/devices/system/memory/memory16", "node2", "sys/devices/system/node/node2" },
		{ "sys/devices/system/node/node2", "memory16",
		  "sys/devices/system/memory/memory16" },
		{ "sys/devices/system/node/node0", "cpu1", "sys/devices/system/cpu/cpu1" },
		{ "sys/devices/system/cpu/cpu1", "node0", "sys/devices/system/node/node0" },
		{ "sys/devices/system/memory/memory16", "subsystem", "sys/bus/memory" },
		{ "sys/devices/system/node/node0", "subsystem", "sys/bus/node" },
		{ "sys/devices/system/cpu/cpu0", "subsystem", "sys/bus/cpu" },
		{ "sys/bus/memory/devices", "memory3", "sys/devices/system/memory/memory3" },
		{ "sys/bus/node/devices", "node2", "sys/devices/system/node/node2" },
		{ "sys/bus/cpu/devices", "cpu0", "sys/devices/system/cpu/cpu0" },
		{ "sys/bus/memory_tiering/devices", "memory_tier4",
		  "sys/devices/virtual/memory_tiering/memory_tier4" },
		{ "sys/devices/virtual/memory_tiering/memory_tier4", "subsystem",
		  "sys/bus/memory_tiering" },
	};
	char path[256];

	plug(*state, 2, 1, TP_ONLINE_MOVABLE);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(links); i++) {
		follow(links[i].dir, links[i].name, path, sizeof(path));
		assert_string_equal(path, links[i].target);
		assert_true(is_there(path));
	}
}

/* ---- making one ------------------------------------------------------------------------------ */

static void a_view_that_cannot_be_made_leaves_nothing(void **state)
{
	struct tp_view *none;
	static struct snapshot before;

	take_snapshot(*state, &before);
	for (uint64_t nth = 1;; nth++) {
		int err;

		must(tp_fault_arm("core/alloc", nth, 1));
		err = tp_view_create(&(struct tp_view_config){ .machine = *state }, &none);
		tp_fault_reset();
		if (!err) {
			assert_true(nth >= 4); /* itself, its places, a callback on each chain */
			break;
		}
		assert_int_equal(err, -ENOMEM);
		expect_same(*state, &before);
	}
	tp_view_destroy(none);
	tp_view_destroy(NULL);
}

static void a_lack_of_memory_is_an_error_of_the_file(void **state)
{
	struct tp_text text = { .length = 0 };

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_view_show(view, ino_at("proc/zoneinfo"), &text, NULL), -ENOMEM);
	tp_text_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VIEW_TEST(the_root_has_three_directories),
		VIEW_TEST(paths_are_found_with_any_number_of_slashes),
		VIEW_TEST(what_does_not_exist_is_not_found),
		VIEW_TEST(a_name_that_is_too_long_is_not_found),
		VIEW_TEST(members_of_a_family_have_one_name_each),
		VIEW_TEST(numbers_do_not_wrap),
		VIEW_TEST(only_what_is_in_a_node_is_found_there),
		VIEW_TEST(numbers_that_stand_for_nothing_are_not_found),
		VIEW_TEST(nothing_can_be_listed_of_what_is_no_directory),
		VIEW_TEST(each_entry_has_a_number_of_its_own),
		VIEW_TEST(a_number_says_the_same_as_the_name),
		VIEW_TEST(numbers_survive_unplug_and_replug),
		VIEW_TEST(what_a_number_says_of_its_kind_is_told),
		VIEW_TEST(who_may_do_what_is_told),
		VIEW_TEST(a_family_is_listed_in_its_place),
		VIEW_TEST(a_list_can_be_read_name_by_name),
		VIEW_TEST(what_goes_between_two_reads_of_a_list_is_left_out),
		VIEW_TEST(what_comes_behind_the_position_is_in_the_list),
		VIEW_TEST(what_comes_before_the_position_is_left_out),
		VIEW_TEST(a_directory_that_is_gone_lists_nothing),
		VIEW_TEST(a_position_from_nowhere_ends_the_list),
		VIEW_TEST(everything_that_is_listed_can_be_looked_at),
		VIEW_TEST(links_lead_to_what_they_are_called),
		VIEW_TEST(a_view_that_cannot_be_made_leaves_nothing),
		VIEW_TEST(a_lack_of_memory_is_an_error_of_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
