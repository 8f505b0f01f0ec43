/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_view_wait - who waits while a block is going offline, who does not, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_snapshot.h"
#include "view_thread.h"

static struct stuck stuck;
static struct snapshot before;
static unsigned id; /* a block that cannot go; the next one can */

static int setup_stuck(void **state)
{
	setup_view(state);
	get_stuck(*state, &stuck);
	id = first_block(stuck.device);
	take_snapshot(*state, &before);
	return 0;
}

static int teardown_stuck(void **state)
{
	let_go(*state, &stuck);
	clear_stuck(&stuck);
	return teardown_view(state);
}

#define WAIT_TEST(test) cmocka_unit_test_setup_teardown(test, setup_stuck, teardown_stuck)

/* ---- looking (T16) --------------------------------------------------------------------------- */

static void state_and_zones_are_shown_at_once(void **state) /* T16 */
{
	struct visitor writer;

	begin_stuck_offline(*state, &writer, id);
	expect_shown(of_block(id, "state"), "going-offline\n");
	expect_shown(of_block(id, "valid_zones"), "Movable Normal\n");
	expect_shown(of_block(id + 1, "state"), "online\n");
	expect_shown(of_block(id + 1, "online"), "1\n");
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
}

static void online_is_shown_when_the_offline_has_ended(void **state) /* T16 */
{
	struct visitor writer, reader;

	begin_stuck_offline(*state, &writer, id);
	visitor_start(&reader, of_block(id, "online"), NULL);
	expect_waiting(&reader);
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
	assert_int_equal(visitor_join(&reader), 0);
	assert_string_equal(reader.text.bytes, "1\n");
	tp_text_fini(&reader.text);
}

static void a_reader_of_online_can_be_interrupted(void **state) /* T16 */
{
	struct visitor writer, reader;

	begin_stuck_offline(*state, &writer, id);
	visitor_start(&reader, of_block(id, "online"), NULL);
	expect_waiting(&reader);
	assert_int_equal(visitor_interrupt(&reader), -EINTR);
	assert_int_equal(reader.text.length, 0);
	assert_false(visitor_is_done(&writer));
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
}

static void every_other_file_is_shown_at_once(void **state) /* V2 */
{
	static const char *const files[] = { "proc/meminfo",
					     "proc/zoneinfo",
					     "proc/buddyinfo",
					     "proc/pagetypeinfo",
					     "proc/vmstat",
					     NODE "node1/meminfo",
					     NODE "has_memory",
					     NODE "node1/vmstat",
					     MEMORY "auto_online_blocks",
					     "sys/kernel/mm/numa/demotion_enabled",
					     "tidepool/last_offline" };
	struct visitor writer;

	begin_stuck_offline(*state, &writer, id);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(files); i++)
		shown(files[i]);
	assert_false(visitor_is_done(&writer));
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
}

/* ---- writing (T17) --------------------------------------------------------------------------- */

static void an_interrupted_offline_changes_nothing(void **state)
{
	struct visitor writer;

	begin_stuck_offline(*state, &writer, id);
	expect_waiting(&writer);
	assert_int_equal(visitor_interrupt(&writer), -EINTR);
	expect_same(*state, &before);
}

static void an_offline_ends_when_the_page_is_let_go(void **state)
{
	struct visitor writer;

	begin_stuck_offline(*state, &writer, id);
	let_go(*state, &stuck);
	assert_int_equal(visitor_join(&writer), 0);
	expect_shown(of_block(id, "state"), "offline\n");
	must(tp_page_pin(*state, stuck.shelf.where[0]));
}

static void a_second_writer_of_the_block_can_be_interrupted(void **state) /* T17 */
{
	struct visitor first, second;

	begin_stuck_offline(*state, &first, id);
	visitor_start(&second, of_block(id, "state"), "offline");
	expect_waiting(&second);
	assert_int_equal(visitor_interrupt(&second), -EINTR);
	assert_false(visitor_is_done(&first));
	assert_int_equal(visitor_interrupt(&first), -EINTR);
	expect_same(*state, &before);
}

static void a_second_writer_of_another_block_can_be_interrupted(void **state) /* T17 */
{
	struct visitor first, second;

	begin_stuck_offline(*state, &first, id);
	visitor_start(&second, of_block(id + 1, "online"), "0");
	expect_waiting(&second);
	assert_int_equal(visitor_interrupt(&second), -EINTR);
	assert_int_equal(visitor_interrupt(&first), -EINTR);
	expect_same(*state, &before);
}

static void a_second_writer_that_onlines_can_be_interrupted(void **state) /* T17 */
{
	struct visitor first, second;
	unsigned other = first_block(plug(*state, 2, 1, TP_ONLINE_NONE));

	begin_stuck_offline(*state, &first, id);
	visitor_start(&second, of_block(other, "state"), "online_movable");
	expect_waiting(&second);
	assert_int_equal(visitor_interrupt(&second), -EINTR);
	expect_shown(of_block(other, "state"), "offline\n");
	assert_int_equal(visitor_interrupt(&first), -EINTR);
}

static void a_second_writer_has_its_turn(void **state) /* T17 */
{
	struct visitor first, second;

	begin_stuck_offline(*state, &first, id);
	visitor_start(&second, of_block(id + 1, "state"), "offline");
	expect_waiting(&second);
	assert_int_equal(visitor_interrupt(&first), -EINTR);
	assert_int_equal(visitor_join(&second), 0);
	expect_shown(of_block(id, "state"), "online\n");
	expect_shown(of_block(id + 1, "state"), "offline\n");
}

static void who_was_interrupted_beforehand_does_not_begin(void **state)
{
	struct tp_cancel *cancel;

	must(tp_cancel_create(&cancel));
	tp_cancel_request(cancel);
	assert_int_equal(tp_view_store(view, ino_at(of_block(id + 1, "state")), "offline", 7,
				       cancel),
			 -EINTR);
	tp_cancel_destroy(cancel);
	expect_same(*state, &before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WAIT_TEST(state_and_zones_are_shown_at_once),
		WAIT_TEST(online_is_shown_when_the_offline_has_ended),
		WAIT_TEST(a_reader_of_online_can_be_interrupted),
		WAIT_TEST(every_other_file_is_shown_at_once),
		WAIT_TEST(an_interrupted_offline_changes_nothing),
		WAIT_TEST(an_offline_ends_when_the_page_is_let_go),
		WAIT_TEST(a_second_writer_of_the_block_can_be_interrupted),
		WAIT_TEST(a_second_writer_of_another_block_can_be_interrupted),
		WAIT_TEST(a_second_writer_that_onlines_can_be_interrupted),
		WAIT_TEST(a_second_writer_has_its_turn),
		WAIT_TEST(who_was_interrupted_beforehand_does_not_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
