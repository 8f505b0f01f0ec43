/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hotplug_events - who is told what, in which order, and what is true at that moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "hotplug_listener.h"
#include "panic.h"

static struct heard_log heard_log;
static struct listener high, middle, low;

static int setup_listeners(void **state)
{
	setup_machine(state);
	forget(&heard_log);
	listen(*state, &low, "low", -50, &heard_log);
	listen(*state, &high, "high", 200, &heard_log);
	listen(*state, &middle, "middle", 50, &heard_log);
	return 0;
}

static int teardown_listeners(void **state)
{
	stop_listening(&high);
	stop_listening(&middle);
	stop_listening(&low);
	return teardown_machine(state);
}

static int setup_one(void **state)
{
	setup_machine(state);
	forget(&heard_log);
	listen(*state, &high, "a", 200, &heard_log);
	return 0;
}

static int teardown_one(void **state)
{
	stop_listening(&high);
	return teardown_machine(state);
}

#define ONE_LISTENER(test) cmocka_unit_test_setup_teardown(test, setup_one, teardown_one)
#define THREE_LISTENERS(test) \
	cmocka_unit_test_setup_teardown(test, setup_listeners, teardown_listeners)

static void refuse(struct listener *l, int type, int answer)
{
	l->refuse = type;
	l->answer = answer;
}

static const struct heard *find_heard(int type)
{
	for (unsigned i = 0; i < heard_log.n; i++)
		if (heard_log.heard[i].type == type)
			return &heard_log.heard[i];
	fail_msg("nobody heard %s", event_name(type));
	return NULL;
}

/* ---- order ----------------------------------------------------------------------------------- */

static void first_memory_of_a_node_tells_node_before_memory(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "a:PREPARE_ONLINE a:BECOMING_MEM_AWARE a:GOING_ONLINE "
				 "a:BECAME_MEM_AWARE a:ONLINE");
}

static void more_memory_of_a_node_is_no_node_event(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	forget(&heard_log);
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log, "a:PREPARE_ONLINE a:GOING_ONLINE a:ONLINE");
}

static void last_memory_of_a_node_tells_node_before_memory(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_device_offline(d, NULL, NULL));
	expect_heard(&heard_log, "a:BECOMING_MEMORYLESS a:GOING_OFFLINE a:BECAME_MEMORYLESS "
				 "a:OFFLINE a:FINISH_OFFLINE");
}

static void some_memory_of_a_node_leaves_without_a_node_event(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_blocks_offline(*state, first_block(d), 1, NULL, NULL));
	expect_heard(&heard_log, "a:GOING_OFFLINE a:OFFLINE a:FINISH_OFFLINE");
}

static void plug_without_online_tells_nobody(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_NONE);
	expect_heard(&heard_log, "");
}

static void online_runs_by_decreasing_priority(void **state)
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	expect_heard(&heard_log,
		     "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
		     "high:BECOMING_MEM_AWARE middle:BECOMING_MEM_AWARE low:BECOMING_MEM_AWARE "
		     "high:GOING_ONLINE middle:GOING_ONLINE low:GOING_ONLINE "
		     "high:BECAME_MEM_AWARE middle:BECAME_MEM_AWARE low:BECAME_MEM_AWARE "
		     "high:ONLINE middle:ONLINE low:ONLINE");
}

static void offline_runs_by_decreasing_priority(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	must(tp_device_offline(d, NULL, NULL));
	expect_heard(&heard_log,
		     "high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS low:BECOMING_MEMORYLESS "
		     "high:GOING_OFFLINE middle:GOING_OFFLINE low:GOING_OFFLINE "
		     "high:BECAME_MEMORYLESS middle:BECAME_MEMORYLESS low:BECAME_MEMORYLESS "
		     "high:OFFLINE middle:OFFLINE low:OFFLINE "
		     "high:FINISH_OFFLINE middle:FINISH_OFFLINE low:FINISH_OFFLINE");
}

static void equal_priorities_run_in_order_of_registration(void **state)
{
	struct listener twin;

	listen(*state, &twin, "b", 200, &heard_log);
	plug(*state, 1, 1, TP_ONLINE_NONE);
	must(tp_device_online(tp_device_find(*state, "mem0"), TP_ONLINE_MOVABLE));
	stop_listening(&twin);
	expect_heard(&heard_log, "a:PREPARE_ONLINE b:PREPARE_ONLINE a:BECOMING_MEM_AWARE "
				 "b:BECOMING_MEM_AWARE a:GOING_ONLINE b:GOING_ONLINE "
				 "a:BECAME_MEM_AWARE b:BECAME_MEM_AWARE a:ONLINE b:ONLINE");
}

/* ---- cancel (T5, T6) ------------------------------------------------------------------------- */

static void refused_online_is_taken_back_in_reverse(void **state) /* T5 */
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&low, TP_MEM_GOING_ONLINE, -EIO);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EIO);
	expect_heard(&heard_log,
		     "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
		     "high:BECOMING_MEM_AWARE middle:BECOMING_MEM_AWARE low:BECOMING_MEM_AWARE "
		     "high:GOING_ONLINE middle:GOING_ONLINE low:GOING_ONLINE "
		     "middle:CANCEL_ONLINE high:CANCEL_ONLINE "
		     "low:CANCEL_MEM_AWARE middle:CANCEL_MEM_AWARE high:CANCEL_MEM_AWARE "
		     "low:FINISH_OFFLINE middle:FINISH_OFFLINE high:FINISH_OFFLINE");
}

static void refused_offline_is_taken_back_in_reverse(void **state) /* T5 */
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	refuse(&low, TP_MEM_GOING_OFFLINE, -EIO);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	expect_heard(&heard_log,
		     "high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS low:BECOMING_MEMORYLESS "
		     "high:GOING_OFFLINE middle:GOING_OFFLINE low:GOING_OFFLINE "
		     "middle:CANCEL_OFFLINE high:CANCEL_OFFLINE "
		     "low:CANCEL_MEMORYLESS middle:CANCEL_MEMORYLESS high:CANCEL_MEMORYLESS");
}

/* T5: what fails after the last announcement takes both back, memory first. */
static void given_up_offline_is_taken_back_in_reverse(void **state)
{
	const struct tp_offline_options options = within_ms(20);
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	struct shelf shelf;
	tp_pfn pinned;

	shelf_open(*state, &shelf, "shelf");
	pinned = shelve(*state, &shelf, 0, 1, first_block(d), 0);
	must(tp_page_pin(*state, pinned));
	forget(&heard_log);
	assert_int_equal(tp_device_offline(d, &options, NULL), -ETIMEDOUT);
	expect_heard(&heard_log, "a:BECOMING_MEMORYLESS a:GOING_OFFLINE a:CANCEL_OFFLINE "
				 "a:CANCEL_MEMORYLESS");
	tp_page_unpin(*state, pinned);
	shelf_take(&shelf, 0, 0);
	must(tp_owner_unregister(&shelf.owner));
}

static void refused_prepare_is_the_only_thing_taken_back(void **state)
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&low, TP_MEM_PREPARE_ONLINE, -EIO);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EIO);
	expect_heard(&heard_log, "high:PREPARE_ONLINE middle:PREPARE_ONLINE low:PREPARE_ONLINE "
				 "middle:FINISH_OFFLINE high:FINISH_OFFLINE");
}

static void refused_node_is_never_announced_to_the_memory_chain(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	forget(&heard_log);
	refuse(&middle, TP_NODE_BECOMING_MEMORYLESS, -EIO);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	expect_heard(&heard_log, "high:BECOMING_MEMORYLESS middle:BECOMING_MEMORYLESS "
				 "high:CANCEL_MEMORYLESS");
}

static void expect_refusal_balances(struct tp_machine *m, struct listener *vetoer, int type)
{
	const struct tp_device_config config = blocks_on(1, 2, TP_ONLINE_NONE);
	struct tp_device *d;
	int err;

	must(tp_device_plug(m, &config, &d));
	refuse(vetoer, type, -EILSEQ);
	err = tp_device_online(d, TP_ONLINE_MOVABLE);
	if (!err)
		err = tp_device_offline(d, NULL, NULL);
	assert_int_equal(err, -EILSEQ);
	expect_balanced(&high);
	expect_balanced(&middle);
	expect_balanced(&low);
	vetoer->refuse = 0;
	must(tp_device_unplug(d, NULL, NULL));
	expect_balanced(vetoer);
	forget(&heard_log);
}

/* T6: whoever refuses whatever, each callback has one end for each beginning. */
static void every_refusal_at_every_priority_is_balanced(void **state)
{
	struct listener *all[] = { &high, &middle, &low };

	for (unsigned v = 0; v < TP_ARRAY_SIZE(all); v++)
		for (unsigned i = 0; i < NR_ANNOUNCEMENTS; i++)
			expect_refusal_balances(*state, all[v], announcements[i].announced);
}

/* T6 */
static void the_one_that_refused_hears_no_cancel(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	refuse(&middle, TP_MEM_GOING_OFFLINE, -EIO);
	forget(&heard_log);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	assert_null(strstr(heard_log.text, "middle:CANCEL_OFFLINE"));
	assert_null(strstr(heard_log.text, "low:CANCEL_OFFLINE"));
	assert_non_null(strstr(heard_log.text, "high:CANCEL_OFFLINE"));
}

static void success_settles_every_announcement(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_KERNEL);

	expect_balanced(&low);
	must(tp_device_unplug(d, NULL, NULL));
	expect_balanced(&low);
}

/* ---- what an answer can do (T11) ------------------------------------------------------------- */

static void a_refusal_is_returned_as_it_is(void **state)
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&high, TP_NODE_BECOMING_MEM_AWARE, -EXDEV);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EXDEV);
}

static void expect_statement_ignores_answers(struct tp_machine *m, int type)
{
	struct tp_device *d;

	refuse(&high, type, -EIO);
	forget(&heard_log);
	d = plug(m, 1, 1, TP_ONLINE_MOVABLE);
	must(tp_device_unplug(d, NULL, NULL));
	assert_int_equal(high.times, 1);
	high.times = 0;
	/* Nor does it keep the fact from the others. */
	assert_int_equal(find_heard(type)[1].type, type);
	assert_int_equal(find_heard(type)[2].type, type);
}

static void answers_to_statements_are_ignored(void **state) /* T11 */
{
	expect_statement_ignores_answers(*state, TP_NODE_BECAME_MEM_AWARE);
	expect_statement_ignores_answers(*state, TP_MEM_ONLINE);
	expect_statement_ignores_answers(*state, TP_NODE_BECAME_MEMORYLESS);
	expect_statement_ignores_answers(*state, TP_MEM_OFFLINE);
	expect_statement_ignores_answers(*state, TP_MEM_FINISH_OFFLINE);
}

static void answers_to_cancels_are_ignored(void **state) /* T11 */
{
	const struct tp_device_config config = blocks_on(1, 1, TP_ONLINE_MOVABLE);
	struct tp_device *d;

	refuse(&low, TP_MEM_GOING_ONLINE, -EXDEV);
	refuse(&middle, TP_MEM_CANCEL_ONLINE, -EIO);
	assert_int_equal(tp_device_plug(*state, &config, &d), -EXDEV);
	assert_non_null(strstr(heard_log.text, "high:CANCEL_ONLINE"));
	expect_balanced(&high);
}

/* Only a negative answer means anything: slab and the tiers come after and must be told. */
static void a_positive_answer_keeps_nothing_from_the_others(void **state)
{
	high.others = 1;
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	assert_non_null(strstr(heard_log.text, "middle:PREPARE_ONLINE"));
	assert_non_null(strstr(heard_log.text, "middle:BECOMING_MEM_AWARE"));
	assert_non_null(strstr(heard_log.text, "low:GOING_ONLINE"));
}

/* ---- what an event says (T7, T10) ------------------------------------------------------------ */

static void the_chains_share_no_value(void **state) /* T7 */
{
	(void)state;
	for (int type = TP_MEM_PREPARE_ONLINE; type < TP_NR_MEM_EVENTS; type++)
		assert_string_equal(tp_node_event_name((enum tp_node_event_type)type), "?");
	for (int type = TP_NODE_BECOMING_MEM_AWARE; type < TP_NODE_EVENTS_END; type++)
		assert_string_equal(tp_memory_event_name((enum tp_memory_event_type)type), "?");
}

static void every_event_has_a_name(void **state)
{
	(void)state;
	for (int type = TP_MEM_PREPARE_ONLINE; type < TP_NR_MEM_EVENTS; type++)
		assert_string_not_equal(event_name(type), "?");
	for (int type = TP_NODE_BECOMING_MEM_AWARE; type < TP_NODE_EVENTS_END; type++)
		assert_string_not_equal(event_name(type), "?");
}

/* T10: PREPARE and FINISH too, and those that take back. */
static void every_event_says_all_it_has_to(void **state)
{
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_NONE);

	refuse(&high, TP_MEM_GOING_OFFLINE, -EIO);
	must(tp_device_online(d, TP_ONLINE_KERNEL));
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	high.refuse = 0;
	must(tp_device_offline(d, NULL, NULL));
	for (unsigned i = 0; i < heard_log.n; i++) {
		const struct heard *h = &heard_log.heard[i];

		assert_int_equal(h->node, 1);
		if (is_node_event(h->type)) {
			assert_int_equal(h->changes,
					 TP_NODE_HAS_MEMORY | TP_NODE_HAS_NORMAL_MEMORY);
			continue;
		}
		assert_int_equal(h->start.v << TP_PAGE_SHIFT, device_info(d).start);
		assert_int_equal(h->nr_pages << TP_PAGE_SHIFT, device_info(d).size);
	}
}

static void a_run_with_a_gap_is_two_events(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);
	unsigned first = first_block(d);

	must(tp_blocks_offline(*state, first, 1, NULL, NULL));
	must(tp_blocks_offline(*state, first + 2, 1, NULL, NULL));
	forget(&heard_log);
	must(tp_device_online(d, TP_ONLINE_MOVABLE));
	expect_heard(&heard_log, "a:PREPARE_ONLINE a:PREPARE_ONLINE a:GOING_ONLINE a:GOING_ONLINE "
				 "a:ONLINE a:ONLINE");
}

/* T5: the first run was accepted, the second was not; the first alone is taken back. */
static void a_refused_second_run_takes_the_first_back(void **state)
{
	struct tp_device *d = plug(*state, 1, 3, TP_ONLINE_MOVABLE);
	unsigned first = first_block(d);

	must(tp_blocks_offline(*state, first + 1, 1, NULL, NULL));
	forget(&heard_log);
	refuse(&high, TP_MEM_GOING_OFFLINE, -EIO);
	high.from = 2;
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	assert_string_equal(heard_log.text, "a:BECOMING_MEMORYLESS a:GOING_OFFLINE "
					    "a:GOING_OFFLINE a:CANCEL_OFFLINE a:CANCEL_MEMORYLESS");
	assert_int_equal(heard_log.heard[3].start.v, heard_log.heard[1].start.v);
	expect_balanced(&high);
}

static void boot_memory_is_announced_like_any_other(void **state)
{
	forget(&heard_log);
	must(tp_blocks_offline(*state, BOOT_BLOCKS - 1, 1, NULL, NULL));
	must(tp_blocks_online(*state, BOOT_BLOCKS - 1, 1, TP_ONLINE_KERNEL));
	expect_heard(&heard_log, "a:GOING_OFFLINE a:OFFLINE a:FINISH_OFFLINE "
				 "a:PREPARE_ONLINE a:GOING_ONLINE a:ONLINE");
}

/* ---- what is true at that moment (T14) ------------------------------------------------------- */

static void a_block_changes_state_after_the_last_statement(void **state) /* T14 */
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	must(tp_device_offline(d, NULL, NULL));
	for (unsigned i = 0; i < heard_log.n; i++) {
		const struct heard *h = &heard_log.heard[i];
		bool going = h->type >= TP_MEM_GOING_OFFLINE;

		if (!is_node_event(h->type))
			assert_int_equal(h->state,
					 going ? TP_BLOCK_GOING_OFFLINE : TP_BLOCK_GOING_ONLINE);
	}
	assert_int_equal(block_state(*state, first_block(d)), TP_BLOCK_OFFLINE);
}

static void cancel_comes_before_the_block_is_online_again(void **state) /* T14 */
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	refuse(&low, TP_MEM_GOING_OFFLINE, -EIO);
	assert_int_equal(tp_device_offline(d, NULL, NULL), -EIO);
	assert_int_equal(find_heard(TP_MEM_CANCEL_OFFLINE)->state, TP_BLOCK_GOING_OFFLINE);
	assert_int_equal(block_state(*state, first_block(d)), TP_BLOCK_ONLINE);
}

static void masks_change_between_announcement_and_statement(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_KERNEL);

	must(tp_device_offline(d, NULL, NULL));
	assert_false(find_heard(TP_NODE_BECOMING_MEM_AWARE)->in_memory);
	assert_false(find_heard(TP_NODE_BECOMING_MEM_AWARE)->in_normal);
	assert_true(find_heard(TP_NODE_BECAME_MEM_AWARE)->in_memory);
	assert_true(find_heard(TP_NODE_BECAME_MEM_AWARE)->in_normal);
	assert_true(find_heard(TP_NODE_BECOMING_MEMORYLESS)->in_memory);
	assert_false(find_heard(TP_NODE_BECAME_MEMORYLESS)->in_memory);
	assert_false(find_heard(TP_NODE_BECAME_MEMORYLESS)->in_normal);
}

static int alloc_on_node(struct tp_machine *m, struct tp_owner *owner, int node, tp_pfn *pfn)
{
	const struct tp_alloc request = {
		.owner = owner, .type = TP_MIGRATE_MOVABLE, .node = node, .flags = TP_ALLOC_THISNODE
	};

	return tp_pages_alloc(m, &request, pfn);
}

static struct shelf look_shelf;
static int result_at[TP_NODE_EVENTS_END];

/* Allocate and free, as a callback may. */
static void try_the_node(struct listener *l, const struct heard *heard)
{
	tp_pfn pfn;

	result_at[heard->type] = alloc_on_node(l->machine, &look_shelf.owner, 1, &pfn);
	if (!result_at[heard->type])
		tp_pages_free(l->machine, pfn, 0);
}

static void new_memory_serves_from_the_statement_on(void **state)
{
	shelf_open(*state, &look_shelf, "shelf");
	high.look = try_the_node;
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	high.look = NULL;
	assert_int_equal(result_at[TP_NODE_BECOMING_MEM_AWARE], -ENOMEM);
	assert_int_equal(result_at[TP_MEM_GOING_ONLINE], -ENOMEM);
	assert_int_equal(result_at[TP_NODE_BECAME_MEM_AWARE], 0);
	assert_int_equal(result_at[TP_MEM_ONLINE], 0);
	must(tp_owner_unregister(&look_shelf.owner));
}

static void leaving_memory_serves_nobody_from_the_announcement_on(void **state)
{
	struct tp_device *d = plug(*state, 1, 1, TP_ONLINE_MOVABLE);

	shelf_open(*state, &look_shelf, "shelf");
	high.look = try_the_node;
	must(tp_device_offline(d, NULL, NULL));
	high.look = NULL;
	assert_int_equal(result_at[TP_MEM_GOING_OFFLINE], -ENOMEM);
	must(tp_owner_unregister(&look_shelf.owner));
}

static void hotplug_from_a_callback(struct listener *l, const struct heard *heard)
{
	(void)heard;
	tp_device_find(l->machine, "mem0");
}

static void plug_with_a_reentrant_callback(void *arg)
{
	struct tp_machine *m = make_machine(hotplug_config());

	(void)arg;
	listen(m, &high, "reentrant", 0, NULL);
	high.look = hotplug_from_a_callback;
	plug(m, 1, 1, TP_ONLINE_MOVABLE);
}

/* It would wait for itself for ever. */
static void hotplug_in_a_callback_stops_the_program(void **state)
{
	(void)state;
	expect_panic(plug_with_a_reentrant_callback, NULL, "callback");
}

/* ---- masks and slab (T1, T2, T3, T9) --------------------------------------------------------- */

static void normal_memory_at_a_movable_node_is_a_node_event(void **state) /* T1 */
{
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	assert_int_equal(find_heard(TP_NODE_BECOMING_MEM_AWARE)->changes, TP_NODE_HAS_MEMORY);
	forget(&heard_log);
	plug(*state, 1, 1, TP_ONLINE_KERNEL);
	assert_int_equal(find_heard(TP_NODE_BECOMING_MEM_AWARE)->changes,
			 TP_NODE_HAS_NORMAL_MEMORY);
	assert_int_equal(find_heard(TP_NODE_BECAME_MEM_AWARE)->changes, TP_NODE_HAS_NORMAL_MEMORY);
}

static void expect_object_on_node(struct tp_machine *m, struct tp_slab_cache *cache, int node)
{
	void *object = tp_slab_alloc(cache, node);
	struct tp_page_info info;
	uint64_t offset;

	assert_non_null(object);
	offset = (uint64_t)((char *)object - (char *)tp_page_address(m, (tp_pfn){ 0 }));
	must(tp_page_query(m, (tp_pfn){ offset >> TP_PAGE_SHIFT }, &info));
	assert_int_equal(info.node, node);
	tp_slab_free(cache, object);
}

static void normal_memory_at_a_movable_node_serves_slab(void **state) /* T1 */
{
	struct tp_slab_cache *cache;
	struct tp_slab_stat stat;

	must(tp_slab_cache_create(*state, "things", 64, 0, &cache));
	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	tp_slab_stat(cache, &stat);
	assert_int_equal(stat.nodes.v & 2, 0);
	plug(*state, 1, 2, TP_ONLINE_KERNEL);
	tp_slab_stat(cache, &stat);
	assert_int_equal(stat.nodes.v & 2, 2);
	expect_object_on_node(*state, cache, 1);
	must(tp_slab_cache_destroy(cache));
}

static void last_normal_memory_leaves_while_movable_stays(void **state) /* T2 */
{
	struct tp_device *kernel = plug(*state, 1, 1, TP_ONLINE_KERNEL);

	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	forget(&heard_log);
	must(tp_device_offline(kernel, NULL, NULL));
	assert_int_equal(find_heard(TP_NODE_BECAME_MEMORYLESS)->changes, TP_NODE_HAS_NORMAL_MEMORY);
	assert_false(node_has(*state, 1, TP_N_NORMAL_MEMORY));
	assert_true(node_has(*state, 1, TP_N_MEMORY));
}

static void slab_forgets_a_node_without_normal_memory(void **state) /* T2 */
{
	struct tp_device *kernel = plug(*state, 1, 2, TP_ONLINE_KERNEL);
	struct tp_slab_cache *cache;
	struct tp_slab_stat stat;

	plug(*state, 1, 1, TP_ONLINE_MOVABLE);
	must(tp_slab_cache_create(*state, "things", 64, 0, &cache));
	expect_object_on_node(*state, cache, 1);
	must(tp_device_offline(kernel, NULL, NULL));
	tp_slab_stat(cache, &stat);
	assert_int_equal(stat.nodes.v, 1);
	expect_object_on_node(*state, cache, 0);
	must(tp_slab_cache_destroy(cache));
}

static void hot_added_normal_memory_sets_both_masks(void **state) /* T3 */
{
	plug(*state, 1, 1, TP_ONLINE_KERNEL);
	assert_true(node_has(*state, 1, TP_N_NORMAL_MEMORY));
	assert_true(node_has(*state, 1, TP_N_MEMORY));
}

/* T9: the node keeps memory, and yet its empty slabs must not hold the block. */
static void every_block_that_leaves_takes_empty_slabs_along(void **state)
{
	enum { SLABS = 64 };
	struct tp_device *d = plug(*state, 1, 2, TP_ONLINE_KERNEL);
	struct tp_slab_cache *cache;
	struct tp_slab_stat stat;
	void *objects[SLABS];
	unsigned n = 0;

	must(tp_slab_cache_create(*state, "big", 3000, 0, &cache));
	while (n < SLABS && (objects[n] = tp_slab_alloc(cache, 1)))
		n++;
	assert_true(n > 0);
	while (n--)
		tp_slab_free(cache, objects[n]);
	tp_slab_stat(cache, &stat);
	assert_true(stat.empty_slabs > 0);
	for (unsigned i = 0; i < 2; i++) {
		must(tp_blocks_offline(*state, first_block(d) + i, 1, NULL, NULL));
		assert_true(node_has(*state, 1, TP_N_MEMORY) == !i);
		expect_object_on_node(*state, cache, i ? 0 : 1);
	}
	must(tp_slab_cache_destroy(cache));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONE_LISTENER(first_memory_of_a_node_tells_node_before_memory),
		ONE_LISTENER(more_memory_of_a_node_is_no_node_event),
		ONE_LISTENER(last_memory_of_a_node_tells_node_before_memory),
		ONE_LISTENER(some_memory_of_a_node_leaves_without_a_node_event),
		ONE_LISTENER(plug_without_online_tells_nobody),
		THREE_LISTENERS(online_runs_by_decreasing_priority),
		THREE_LISTENERS(offline_runs_by_decreasing_priority),
		ONE_LISTENER(equal_priorities_run_in_order_of_registration),
		THREE_LISTENERS(refused_online_is_taken_back_in_reverse),
		THREE_LISTENERS(refused_offline_is_taken_back_in_reverse),
		ONE_LISTENER(given_up_offline_is_taken_back_in_reverse),
		THREE_LISTENERS(refused_prepare_is_the_only_thing_taken_back),
		THREE_LISTENERS(refused_node_is_never_announced_to_the_memory_chain),
		THREE_LISTENERS(every_refusal_at_every_priority_is_balanced),
		THREE_LISTENERS(the_one_that_refused_hears_no_cancel),
		THREE_LISTENERS(success_settles_every_announcement),
		ONE_LISTENER(a_refusal_is_returned_as_it_is),
		THREE_LISTENERS(answers_to_statements_are_ignored),
		THREE_LISTENERS(answers_to_cancels_are_ignored),
		THREE_LISTENERS(a_positive_answer_keeps_nothing_from_the_others),
		cmocka_unit_test(the_chains_share_no_value),
		cmocka_unit_test(every_event_has_a_name),
		ONE_LISTENER(every_event_says_all_it_has_to),
		ONE_LISTENER(a_run_with_a_gap_is_two_events),
		ONE_LISTENER(a_refused_second_run_takes_the_first_back),
		ONE_LISTENER(boot_memory_is_announced_like_any_other),
		ONE_LISTENER(a_block_changes_state_after_the_last_statement),
		THREE_LISTENERS(cancel_comes_before_the_block_is_online_again),
		ONE_LISTENER(masks_change_between_announcement_and_statement),
		ONE_LISTENER(new_memory_serves_from_the_statement_on),
		ONE_LISTENER(leaving_memory_serves_nobody_from_the_announcement_on),
		cmocka_unit_test(hotplug_in_a_callback_stops_the_program),
		ONE_LISTENER(normal_memory_at_a_movable_node_is_a_node_event),
		HOTPLUG_TEST(normal_memory_at_a_movable_node_serves_slab),
		ONE_LISTENER(last_normal_memory_leaves_while_movable_stays),
		HOTPLUG_TEST(slab_forgets_a_node_without_normal_memory),
		HOTPLUG_TEST(hot_added_normal_memory_sets_both_masks),
		HOTPLUG_TEST(every_block_that_leaves_takes_empty_slabs_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
