/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_memory - sys/devices/system/memory answers as Linux's does, to the errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#include "hotplug_listener.h"
#include "hotplug_snapshot.h"
#include "view_machine.h"

static unsigned plugged; /* the first of two offline blocks at node 1 */

static int setup_plugged(void **state)
{
	setup_view(state);
	plugged = first_block(plug(*state, 1, 2, TP_ONLINE_NONE));
	return 0;
}

#define MEMORY_TEST(test) cmocka_unit_test_setup_teardown(test, setup_plugged, teardown_view)

/* ---- what is shown --------------------------------------------------------------------------- */

static void the_block_size_is_hexadecimal(void **state)
{
	char size[32];

	(void)state;
	snprintf(size, sizeof(size), "%llx\n", (unsigned long long)SMALL_BLOCK);
	expect_shown(MEMORY "block_size_bytes", size);
}

static void a_block_shows_what_it_is(void **state)
{
	char index[16];

	(void)state;
	snprintf(index, sizeof(index), "%08x\n", plugged);
	expect_shown(of_block(plugged, "phys_index"), index);
	expect_shown(of_block(plugged, "phys_device"), "0\n");
	expect_shown(of_block(plugged, "removable"), "1\n");
	expect_shown(of_block(plugged, "uevent"), "");
	expect_shown(of_block(plugged, "node1"), "../../node/node1");
	expect_shown(of_block(plugged, "subsystem"), "../../../../bus/memory");
	expect_shown(MEMORY "crash_hotplug", "0\n");
}

static void the_index_of_a_block_is_hexadecimal(void **state)
{
	(void)state;
	expect_shown(of_block(10, "phys_index"), "0000000a\n");
}

static void state_and_online_say_the_same(void **state)
{
	expect_shown(of_block(plugged, "state"), "offline\n");
	expect_shown(of_block(plugged, "online"), "0\n");
	must(tp_blocks_online(*state, plugged, 1, TP_ONLINE_MOVABLE));
	expect_shown(of_block(plugged, "state"), "online\n");
	expect_shown(of_block(plugged, "online"), "1\n");
}

static void valid_zones_begin_with_the_default(void **state)
{
	expect_shown(of_block(plugged, "valid_zones"), "Normal Movable\n");
	must(tp_blocks_online(*state, plugged, 1, TP_ONLINE_MOVABLE));
	expect_shown(of_block(plugged, "valid_zones"), "Movable\n");
	expect_shown(of_block(0, "valid_zones"), "DMA\n");
	expect_shown(of_block(1, "valid_zones"), "Normal\n");
}

static void a_gap_within_movable_is_movable_first(void **state)
{
	struct tp_device *d = plug(*state, 2, 3, TP_ONLINE_MOVABLE);

	expect_store(of_block(first_block(d) + 1, "state"), "offline", 0);
	expect_shown(of_block(first_block(d) + 1, "valid_zones"), "Movable Normal\n");
}

/* Private memory is no memory block in Linux. */
static void private_memory_is_not_shown(void **state)
{
	struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_NONE);
	struct tp_device *d;

	config.kind = TP_DEVICE_PRIVATE;
	must(tp_device_plug(*state, &config, &d));
	assert_int_equal(block_info(*state, first_block(d)).node, 1);
	assert_false(is_there(of_block(first_block(d), "state")));
	assert_false(is_there(of_node(1, "memory18")));
}

static void a_block_coming_online_is_offline_until_it_is_there(struct listener *l,
							       const struct heard *heard)
{
	(void)l;
	if (heard->type == TP_MEM_GOING_ONLINE)
		expect_shown(of_block(plugged, "state"), "offline\n");
	if (heard->type == TP_MEM_GOING_OFFLINE)
		expect_shown(of_block(plugged, "state"), "going-offline\n");
}

static void states_between_are_shown_as_in_linux(void **state)
{
	struct listener l;

	listen(*state, &l, "looker", 0, NULL);
	l.look = a_block_coming_online_is_offline_until_it_is_there;
	expect_store(of_block(plugged, "state"), "online", 0);
	expect_store(of_block(plugged, "state"), "offline", 0);
	stop_listening(&l);
}

/* ---- writing to state ------------------------------------------------------------------------ */

static void expect_zone(struct tp_machine *m, const char *word, enum tp_zone_type zone)
{
	expect_store(of_block(plugged, "state"), word, 0);
	assert_int_equal(block_info(m, plugged).state, TP_BLOCK_ONLINE);
	assert_int_equal(block_info(m, plugged).zone, zone);
	expect_store(of_block(plugged, "state"), "offline", 0);
	assert_int_equal(block_info(m, plugged).state, TP_BLOCK_OFFLINE);
}

static void each_word_onlines_to_its_zone(void **state)
{
	expect_zone(*state, "online", TP_ZONE_NORMAL);
	expect_zone(*state, "online_kernel", TP_ZONE_NORMAL);
	expect_zone(*state, "online_movable", TP_ZONE_MOVABLE);
}

static void a_newline_is_optional(void **state)
{
	expect_zone(*state, "online_movable\n", TP_ZONE_MOVABLE);
	expect_store(of_block(plugged, "state"), "online\n", 0);
	expect_store(of_block(plugged, "state"), "offline\n", 0);
}

static void state_refuses_what_is_so_already(void **state)
{
	(void)state;
	expect_store(of_block(plugged, "state"), "offline", -EINVAL);
	expect_store(of_block(plugged, "state"), "online", 0);
	expect_store(of_block(plugged, "state"), "online", -EINVAL);
	expect_store(of_block(plugged, "state"), "online_movable", -EINVAL);
}

static void online_accepts_what_is_so_already(void **state)
{
	(void)state;
	expect_store(of_block(plugged, "online"), "0", 0);
	expect_store(of_block(plugged, "online"), "1", 0);
	expect_store(of_block(plugged, "online"), "1", 0);
	expect_shown(of_block(plugged, "state"), "online\n");
	expect_store(of_block(plugged, "online"), "0", 0);
	expect_shown(of_block(plugged, "state"), "offline\n");
}

static void state_knows_its_words_only(void **state)
{
	static const char *const junk[] = { "",		"\n",	   "Online",	    " online",
					    "online ",	"onlin",   "online\n\n",    "onlinex",
					    "online_x", "offlin",  "going-offline", "1",
					    "0",	"on\nline" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(junk); i++) {
		if (store(of_block(plugged, "state"), junk[i]) != -EINVAL)
			fail_msg("'%s' was accepted", junk[i]);
	}
	expect_shown(of_block(plugged, "state"), "offline\n");
}

static void what_follows_a_0_does_not_count(void **state)
{
	(void)state;
	must(tp_view_store(view, ino_at(of_block(plugged, "state")), "online\0junk", 11, NULL));
	expect_shown(of_block(plugged, "state"), "online\n");
}

static void a_value_may_be_longer_than_any(void **state)
{
	size_t length = 100000;
	char *long_value = malloc(length);

	(void)state;
	assert_non_null(long_value);
	memset(long_value, 'x', length);
	assert_int_equal(tp_view_store(view, ino_at(of_block(plugged, "state")), long_value, length,
				       NULL),
			 -EINVAL);
	free(long_value);
}

/* Linux reads the first letter, and a second one after an "o". */
static void online_reads_truth_by_its_letters(void **state)
{
	static const char *const yes[] = { "1", "y", "Y", "yes", "t", "T", "on", "oN", "ON", "1x" };
	static const char *const no[] = { "0", "n", "N", "no", "f", "F", "off", "oF", "OFF", "0x" };
	static const char *const junk[] = { "", "\n", "o", "ox", "2", "-1", " 1", "a" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(yes); i++) {
		expect_store(of_block(plugged, "online"), yes[i], 0);
		expect_shown(of_block(plugged, "online"), "1\n");
		expect_store(of_block(plugged, "online"), no[i], 0);
		expect_shown(of_block(plugged, "online"), "0\n");
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(junk); i++) {
		if (store(of_block(plugged, "online"), junk[i]) != -EINVAL)
			fail_msg("'%s' was accepted", junk[i]);
	}
}

static void what_is_only_read_cannot_be_written(void **state)
{
	static const char *const files[] = { "phys_index", "phys_device", "removable",
					     "valid_zones" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++)
		expect_store(of_block(plugged, files[i]), "1", -EACCES);
	expect_store(MEMORY "block_size_bytes", "1", -EACCES);
	expect_store(MEMORY "crash_hotplug", "1", -EACCES);
	expect_store(MEMORY, "1", -EACCES);
	expect_store(of_block(plugged, "node1"), "1", -EACCES);
}

static void what_is_only_written_cannot_be_read(void **state)
{
	struct tp_text text = { .length = 0 };

	(void)state;
	assert_int_equal(tp_view_show(view, ino_at(MEMORY "soft_offline_page"), &text, NULL),
			 -EACCES);
	assert_int_equal(tp_view_show(view, ino_at(MEMORY), &text, NULL), -EACCES);
	assert_int_equal(tp_view_show(view, ino_at("tidepool/uevents"), &text, NULL), -EACCES);
}

static void pages_cannot_be_taken_away_one_by_one(void **state)
{
	static const char *const files[] = { MEMORY "soft_offline_page",
					     MEMORY "hard_offline_page" };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++) {
		expect_store(files[i], "0x1000", -EOPNOTSUPP);
		expect_store(files[i], "4096\n", -EOPNOTSUPP);
		expect_store(files[i], "", -EINVAL);
		expect_store(files[i], "page", -EINVAL);
		expect_store(files[i], "4096 4096", -EINVAL);
		expect_store(files[i], "99999999999999999999", -EINVAL);
	}
}

/* ---- why an offline is refused --------------------------------------------------------------- */

static void memory_that_cannot_move_is_busy(void **state)
{
	struct tp_owner rock;
	struct snapshot before;
	tp_pfn pfn;

	expect_store(of_block(plugged, "state"), "online_kernel", 0);
	rock_open(*state, &rock, "rock");
	pfn = page_in_block(*state, &rock, 0, 1, plugged, 0);
	take_snapshot(*state, &before);
	expect_store(of_block(plugged, "state"), "offline", -EBUSY);
	expect_store(of_block(plugged, "online"), "0", -EBUSY);
	expect_same_but_for_moves(*state, &before);
	tp_pages_free(*state, pfn, 0);
	must(tp_owner_unregister(&rock));
}

/* P1 */
static void the_last_offline_says_who_was_in_the_way(void **state)
{
	struct tp_owner rock;
	tp_pfn pfn;
	char begin[32];

	expect_shown("tidepool/last_offline", "");
	expect_store(of_block(plugged, "state"), "online_kernel", 0);
	rock_open(*state, &rock, "rock");
	pfn = page_in_block(*state, &rock, 0, 1, plugged, 0);
	expect_store(of_block(plugged, "state"), "offline", -EBUSY);
	snprintf(begin, sizeof(begin), "memory%u: ", plugged);
	assert_ptr_equal(strstr(shown("tidepool/last_offline"), begin),
			 shown("tidepool/last_offline"));
	assert_non_null(strstr(shown("tidepool/last_offline"), "rock"));
	tp_pages_free(*state, pfn, 0);
	must(tp_owner_unregister(&rock));
	expect_store(of_block(plugged, "state"), "offline", 0);
	assert_null(strstr(shown("tidepool/last_offline"), "rock"));
}

static void a_lack_of_memory_is_an_error_of_the_write(void **state)
{
	struct snapshot before;

	take_snapshot(*state, &before);
	must(tp_fault_arm("core/alloc", 1, UINT64_MAX));
	expect_store(of_block(plugged, "state"), "online", -ENOMEM);
	tp_fault_reset();
	expect_same(*state, &before);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void auto_online_keeps_what_was_written(void **state)
{
	static const struct {
		const char *word, *line;
		enum tp_online_policy policy;
	} words[] = {
		{ "online", "online\n", TP_ONLINE_AUTO },
		{ "online_kernel\n", "online_kernel\n", TP_ONLINE_KERNEL },
		{ "online_movable", "online_movable\n", TP_ONLINE_MOVABLE },
		{ "offline", "offline\n", TP_ONLINE_NONE },
	};

	(void)state;
	expect_shown(MEMORY "auto_online_blocks", "offline\n");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(words); i++) {
		expect_store(MEMORY "auto_online_blocks", words[i].word, 0);
		expect_shown(MEMORY "auto_online_blocks", words[i].line);
		assert_int_equal(tp_view_auto_online(view), words[i].policy);
	}
	expect_store(MEMORY "auto_online_blocks", "movable", -EINVAL);
	expect_shown(MEMORY "auto_online_blocks", "offline\n");
}

static void a_write_to_uevent_is_said_to_all(void **state)
{
	uint64_t next = tp_uevents_next(*state), lost = 0;
	struct tp_uevent event;

	expect_store(of_block(plugged, "uevent"), "change", 0);
	assert_int_equal(tp_uevents_read(*state, &next, &event, 1, &lost), 1);
	assert_int_equal(event.action, TP_UEVENT_CHANGE);
	assert_int_equal(event.subject, TP_UEVENT_BLOCK);
	assert_int_equal(event.id, plugged);
	expect_store(of_block(plugged, "uevent"), "changed", -EINVAL);
	assert_int_equal(tp_uevents_read(*state, &next, &event, 1, &lost), 0);
}

/* ---- V3 -------------------------------------------------------------------------------------- */

static int inside, entered;

static void enter(void *arg)
{
	assert_ptr_equal(arg, &inside);
	inside++;
	entered++;
}

static void leave(void *arg)
{
	(void)arg;
	inside--;
}

static void who_acts_is_inside_and_who_looks_is_not(void **state)
{
	tp_view_destroy(view);
	must(tp_view_create(
		&(struct tp_view_config){
			.machine = *state, .enter = enter, .leave = leave, .arg = &inside },
		&view));
	entered = 0;
	shown(of_block(plugged, "state"));
	assert_int_equal(entered, 0);
	expect_store(of_block(plugged, "state"), "online", 0);
	expect_store(of_block(plugged, "state"), "online", -EINVAL);
	assert_int_equal(entered, 2);
	assert_int_equal(inside, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MEMORY_TEST(the_block_size_is_hexadecimal),
		MEMORY_TEST(a_block_shows_what_it_is),
		MEMORY_TEST(the_index_of_a_block_is_hexadecimal),
		MEMORY_TEST(state_and_online_say_the_same),
		MEMORY_TEST(valid_zones_begin_with_the_default),
		MEMORY_TEST(a_gap_within_movable_is_movable_first),
		MEMORY_TEST(private_memory_is_not_shown),
		MEMORY_TEST(states_between_are_shown_as_in_linux),
		MEMORY_TEST(each_word_onlines_to_its_zone),
		MEMORY_TEST(a_newline_is_optional),
		MEMORY_TEST(state_refuses_what_is_so_already),
		MEMORY_TEST(online_accepts_what_is_so_already),
		MEMORY_TEST(state_knows_its_words_only),
		MEMORY_TEST(what_follows_a_0_does_not_count),
		MEMORY_TEST(a_value_may_be_longer_than_any),
		MEMORY_TEST(online_reads_truth_by_its_letters),
		MEMORY_TEST(what_is_only_read_cannot_be_written),
		MEMORY_TEST(what_is_only_written_cannot_be_read),
		MEMORY_TEST(pages_cannot_be_taken_away_one_by_one),
		MEMORY_TEST(memory_that_cannot_move_is_busy),
		MEMORY_TEST(the_last_offline_says_who_was_in_the_way),
		MEMORY_TEST(a_lack_of_memory_is_an_error_of_the_write),
		MEMORY_TEST(auto_online_keeps_what_was_written),
		MEMORY_TEST(a_write_to_uevent_is_said_to_all),
		MEMORY_TEST(who_acts_is_inside_and_who_looks_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
