/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_trace - events in their lanes, bars that do not overlap, nothing lost in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/trace.h"
#include "gpu_dummy.h"
#include "lab/lab_machine.h"
#include "lab/trace_export.h"
#include "lab/trace_gpu.h"
#include "mm/machine.h"

/* What process and lane numbers a viewer is shown is not promised; names are. */
struct fixture {
	struct tp_lab_machine lm;
	struct tp_trace_export *export;
	FILE *out;
	char *text;
	size_t size;
	json_t *events;
};

static int set_up(void **state)
{
	static struct fixture f;
	const struct tp_machine_config config = { .nr_nodes = 2,
						  .nodes[0].dram = TP_MIB(16),
						  .block_size = TP_MIB(8),
						  .hotplug_size = TP_MIB(32) };
	int err = tp_machine_create(&config, &f.lm.machine);

	f.lm.number = 1;
	tp_list_init(&f.lm.loads);
	f.out = open_memstream(&f.text, &f.size);
	f.events = NULL;
	*state = &f;
	return err || !f.out ? -1 : tp_trace_export_begin(&f.export, f.out);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->export)
		tp_trace_export_end(f->export);
	fclose(f->out);
	free(f->text);
	json_decref(f->events);
	tp_machine_destroy(f->lm.machine);
	return 0;
}

/* ---- what the trace says --------------------------------------------------------------------- */

/* End the trace; its events are the fixture's from then on.  Returns what it says was lost. */
static const char *finish(struct fixture *f, json_t **whole)
{
	tp_trace_export_drain(f->export, &f->lm);
	tp_trace_export_end(f->export);
	f->export = NULL;
	fflush(f->out);
	*whole = json_loads(f->text, 0, NULL);
	assert_non_null(*whole);
	f->events = json_incref(json_object_get(*whole, "traceEvents"));
	return json_string_value(json_object_get(json_object_get(*whole, "otherData"), "lost"));
}

static void finish_complete(struct fixture *f)
{
	json_t *whole;

	assert_string_equal(finish(f, &whole), "0");
	json_decref(whole);
}

static const char *text(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

static bool same_number(const json_t *a, const json_t *b, const char *key)
{
	return json_integer_value(json_object_get(a, key)) ==
	       json_integer_value(json_object_get(b, key));
}

static const char *lane_of(struct fixture *f, const json_t *event)
{
	const json_t *other;
	size_t i;

	json_array_foreach(f->events, i, other)
	{
		if (!strcmp(text(other, "name"), "thread_name") &&
		    same_number(other, event, "pid") && same_number(other, event, "tid"))
			return text(json_object_get(other, "args"), "name");
	}
	return "";
}

/* The @nth event of that phase and name in that lane, from 0; NULL: there is none. */
static const json_t *event_in(struct fixture *f, const char *lane, const char *phase,
			      const char *name, unsigned nth)
{
	const json_t *event;
	size_t i;

	json_array_foreach(f->events, i, event)
	{
		if (!strcmp(text(event, "ph"), phase) && !strcmp(text(event, "name"), name) &&
		    !strcmp(lane_of(f, event), lane) && !nth--)
			return event;
	}
	return NULL;
}

static const json_t *args_of(const json_t *event)
{
	assert_non_null(event);
	return json_object_get(event, "args");
}

static json_int_t number_in(const json_t *event, const char *key)
{
	const json_t *value = json_object_get(args_of(event), key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static double end_of(const json_t *bar)
{
	return json_real_value(json_object_get(bar, "ts")) +
	       json_real_value(json_object_get(bar, "dur"));
}

/* ---- events to show -------------------------------------------------------------------------- */

static void emit(struct fixture *f, enum tp_trace_id id, uint64_t a, uint64_t b, uint64_t c)
{
	tp_trace(f->lm.machine->trace, id, a, b, c);
}

static void call(struct fixture *f, const char *name, unsigned type, int err)
{
	tp_trace_named(f->lm.machine->trace, TP_TRACE_notifier_call_begin, type, name);
	tp_trace_named(f->lm.machine->trace, TP_TRACE_notifier_call_end, (uint64_t)-err, name);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void operation_is_a_bar_at_its_node(void **state)
{
	struct fixture *f = *state;
	const json_t *bar;

	emit(f, TP_TRACE_offline_begin, 1, 4096, 2048);
	emit(f, TP_TRACE_offline_end, 1, 4096, 0);
	finish_complete(f);
	bar = event_in(f, "node 1", "X", "offline", 0);
	assert_int_equal(number_in(bar, "pages"), 2048);
	assert_true(json_is_null(json_object_get(args_of(bar), "err")));
	assert_true(json_real_value(json_object_get(bar, "dur")) >= 0);
}

static void failed_operation_says_why(void **state)
{
	struct fixture *f = *state;

	emit(f, TP_TRACE_online_begin, 1, 4096, 2048);
	emit(f, TP_TRACE_online_end, 1, 4096, ENOMEM);
	finish_complete(f);
	assert_string_equal(text(args_of(event_in(f, "node 1", "X", "online: ENOMEM", 0)), "err"),
			    "ENOMEM");
}

static void pages_count_for_the_node_they_left(void **state)
{
	struct fixture *f = *state;
	uint64_t pages = TP_MIB(8) >> TP_PAGE_SHIFT;

	emit(f, TP_TRACE_plug, 1, 3 * pages, pages);
	emit(f, TP_TRACE_migrate, 3 * pages + 5, 17, 0);
	emit(f, TP_TRACE_migrate, 3 * pages + 512, 17, 9);
	finish_complete(f);
	assert_int_equal(number_in(event_in(f, "", "C", "node 1: pages moved", 0), "pages"), 513);
	assert_null(event_in(f, "", "C", "node 0: pages moved", 0));
}

static void free_pages_are_counted_at_every_drain(void **state)
{
	struct fixture *f = *state;
	struct tp_zone_stat stat;
	uint64_t free = 0;

	for (int t = 0; t < TP_NR_ZONE_TYPES; t++) {
		assert_int_equal(tp_zone_stat(f->lm.machine, 0, (enum tp_zone_type)t, &stat), 0);
		free += stat.free;
	}
	tp_trace_export_drain(f->export, &f->lm);
	finish_complete(f);
	assert_int_equal(number_in(event_in(f, "", "C", "node 0: free pages", 1), "pages"), free);
	assert_int_equal(number_in(event_in(f, "", "C", "node 1: free pages", 1), "pages"), 0);
}

static void every_node_has_a_lane(void **state)
{
	struct fixture *f = *state;
	const json_t *event;
	unsigned nodes = 0;
	size_t i;

	finish_complete(f);
	json_array_foreach(f->events, i, event)
	{
		if (!strcmp(text(event, "name"), "thread_name"))
			nodes += !strncmp(text(json_object_get(event, "args"), "name"), "node ", 5);
	}
	assert_int_equal(nodes, 2);
}

/* ---- consumers ------------------------------------------------------------------------------- */

static void call_is_a_bar_of_its_consumer(void **state)
{
	struct fixture *f = *state;
	const json_t *bar;

	call(f, "driver", TP_MEM_GOING_OFFLINE, 0);
	finish_complete(f);
	bar = event_in(f, "driver", "X", "GOING_OFFLINE", 0);
	assert_true(json_is_null(json_object_get(args_of(bar), "answer")));
	assert_true(json_is_false(json_object_get(args_of(bar), "vetoed")));
}

static void veto_is_in_the_name(void **state)
{
	struct fixture *f = *state;
	const json_t *bar;

	call(f, "driver", TP_NODE_BECOMING_MEMORYLESS, -EBUSY);
	finish_complete(f);
	bar = event_in(f, "driver", "X", "BECOMING_MEMORYLESS: EBUSY", 0);
	assert_string_equal(text(args_of(bar), "answer"), "EBUSY");
	assert_true(json_is_true(json_object_get(args_of(bar), "vetoed")));
}

static void answer_to_a_statement_is_no_veto(void **state)
{
	struct fixture *f = *state;
	const json_t *bar;

	call(f, "driver", TP_MEM_OFFLINE, -EBUSY);
	finish_complete(f);
	bar = event_in(f, "driver", "X", "OFFLINE", 0);
	assert_string_equal(text(args_of(bar), "answer"), "EBUSY");
	assert_true(json_is_false(json_object_get(args_of(bar), "vetoed")));
}

static void consumers_beyond_the_last_lane_share_it(void **state)
{
	struct fixture *f = *state;
	char name[16];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "consumer %u", i);
		call(f, name, TP_MEM_ONLINE, 0);
	}
	finish_complete(f);
	assert_non_null(event_in(f, "consumer 30", "X", "ONLINE", 0));
	assert_null(event_in(f, "consumer 99", "X", "ONLINE", 0));
	assert_non_null(event_in(f, "all others", "X", "ONLINE", 36));
}

static void name_that_is_no_text_is_said_to_be_none(void **state)
{
	struct fixture *f = *state;

	call(f, "\xff\xfe", TP_MEM_ONLINE, 0);
	finish_complete(f);
	assert_non_null(event_in(f, "(no UTF-8)", "X", "ONLINE", 0));
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

static void event_is_a_tick_on_its_cpu(void **state)
{
	struct fixture *f = *state;
	struct tp_trace_event event = { .seq = 0 };
	uint64_t next = 0, lost = 0;
	char lane[16];

	emit(f, TP_TRACE_tier, 1, UINT32_MAX, 0);
	while (event.id != TP_TRACE_tier || event.args[1] != UINT32_MAX)
		assert_int_equal(tp_trace_read(f->lm.machine->trace, &next, &event, 1, &lost), 1);
	snprintf(lane, sizeof(lane), "CPU %u", event.cpu);
	finish_complete(f);
	/* The first one is that of memory the machine booted with. */
	assert_int_equal(number_in(event_in(f, lane, "i", "tier", 1), "thread"), event.thread);
	assert_true(json_is_null(
		json_object_get(args_of(event_in(f, "node 1", "i", "tier", 0)), "tier")));
}

static void hold_in_thread(void *arg)
{
	emit(arg, TP_TRACE_hold_begin, 4096, 8192, 0);
	emit(arg, TP_TRACE_hold_end, 4096, 8192, 0);
}

/* Two threads hold at the same time; on one CPU or on two, their bars must not overlap. */
static void holds_do_not_overlap_on_a_cpu(void **state)
{
	struct fixture *f = *state;
	struct tp_thread thread;
	const json_t *a, *b;
	size_t i, j;

	emit(f, TP_TRACE_hold_begin, 0, 4096, 0);
	for (int turn = 0; turn < 50; turn++) {
		assert_int_equal(tp_thread_start(&thread, "holder", hold_in_thread, f), 0);
		tp_thread_join(&thread);
	}
	emit(f, TP_TRACE_hold_end, 0, 4096, 0);
	finish_complete(f);
	json_array_foreach(f->events, i, a)
	{
		if (strcmp(text(a, "name"), "hold"))
			continue;
		json_array_foreach(f->events, j, b)
		{
			if (i != j && !strcmp(text(b, "name"), "hold") && same_number(a, b, "tid"))
				assert_true(end_of(a) <=
						    json_real_value(json_object_get(b, "ts")) ||
					    end_of(b) <= json_real_value(json_object_get(a, "ts")));
		}
	}
}

/* ---- GPUs ------------------------------------------------------------------------------------ */

static void invalidations_and_resets_are_bars_of_their_gt(void **state)
{
	struct fixture *f = *state;
	struct gpu_dummy gpu;
	const json_t *bar;

	gpu_dummy_add(&gpu, f->lm.machine, "gpu0");
	emit(f, TP_TRACE_tlb_invalidate_begin, 1, 1, 5);
	emit(f, TP_TRACE_gpu_reset_begin, 1, 1, 0);
	emit(f, TP_TRACE_tlb_invalidate_begin, 1, 0, 7); /* of the other GT */
	emit(f, TP_TRACE_tlb_invalidate_end, 1, 1, ETIME);
	emit(f, TP_TRACE_gpu_reset_end, 1, 1, 0);
	emit(f, TP_TRACE_tlb_invalidate_end, 1, 0, 0);
	emit(f, TP_TRACE_gpu_reset_begin, 2, 0, 0); /* of a GPU that is gone */
	emit(f, TP_TRACE_gpu_reset_end, 2, 0, EIO);
	finish_complete(f);
	bar = event_in(f, "gpu0 gt1: invalidations", "X", "invalidate: ETIME", 0);
	assert_string_equal(text(args_of(bar), "err"), "ETIME");
	assert_int_equal(number_in(bar, "engines"), 5);
	bar = event_in(f, "gpu0 gt0: invalidations", "X", "invalidate", 0);
	assert_true(json_is_null(json_object_get(args_of(bar), "err")));
	assert_non_null(event_in(f, "gpu0 gt1: resets", "X", "reset", 0));
	assert_non_null(event_in(f, "GPU 2 gt0: resets", "X", "reset: EIO", 0));
	tp_gpu_unregister(&gpu.gpu);
}

static void invalidate_in_thread(void *arg)
{
	emit(arg, TP_TRACE_tlb_invalidate_begin, 1, 0, 2);
	emit(arg, TP_TRACE_tlb_invalidate_end, 1, 0, ETIME);
}

/* The other one is a tick of its CPU only; its end does not end the first. */
static void of_invalidations_at_a_time_the_first_is_a_bar(void **state)
{
	struct fixture *f = *state;
	struct tp_thread thread;

	emit(f, TP_TRACE_tlb_invalidate_begin, 1, 0, 1);
	assert_int_equal(tp_thread_start(&thread, "other", invalidate_in_thread, f), 0);
	tp_thread_join(&thread);
	emit(f, TP_TRACE_tlb_invalidate_end, 1, 0, 0);
	finish_complete(f);
	assert_int_equal(number_in(event_in(f, "GPU 1 gt0: invalidations", "X", "invalidate", 0),
				   "engines"),
			 1);
	assert_null(event_in(f, "GPU 1 gt0: invalidations", "X", "invalidate: ETIME", 0));
}

static void more_gts_than_lanes_are_ticks_only(void **state)
{
	struct fixture *f = *state;

	for (unsigned gpu = 1; gpu <= TP_TRACE_GPU_LANES + 1; gpu++) {
		emit(f, TP_TRACE_gpu_reset_begin, gpu, 0, 0);
		emit(f, TP_TRACE_gpu_reset_end, gpu, 0, 0);
	}
	finish_complete(f);
	assert_non_null(event_in(f, "GPU 64 gt0: resets", "X", "reset", 0));
	assert_null(event_in(f, "GPU 65 gt0: resets", "X", "reset", 0));
}

/* The last value that a counter had in the trace; -1: it is not there. */
static json_int_t counter(struct fixture *f, const char *name)
{
	json_int_t value = -1;
	const json_t *event;
	size_t i;

	json_array_foreach(f->events, i, event)
	{
		if (!strcmp(text(event, "ph"), "C") && !strcmp(text(event, "name"), name))
			value = json_integer_value(
				json_object_iter_value(json_object_iter((json_t *)args_of(event))));
	}
	return value;
}

static void what_became_of_releases_is_counted_by_gt(void **state)
{
	struct fixture *f = *state;
	struct gpu_dummy gpu;

	gpu_dummy_add(&gpu, f->lm.machine, "gpu0");
	tp_trace_export_drain(f->export, &f->lm);
	gpu.stats.tlb[0].elided += 7;
	gpu.stats.tlb[1].requested = gpu.stats.tlb[1].asleep = 3;
	finish_complete(f);
	tp_gpu_unregister(&gpu.gpu);
	assert_int_equal(counter(f, "gpu0 gt0: tlb requested"), 100);
	assert_int_equal(counter(f, "gpu0 gt0: tlb elided"), 67);
	assert_int_equal(counter(f, "gpu0 gt0: tlb full"), 25);
	assert_int_equal(counter(f, "gpu0 gt1: tlb asleep"), 3);
	/* What has counted nothing is not shown. */
	assert_int_equal(counter(f, "gpu0 gt1: tlb full"), -1);
}

/* ---- what is missing ------------------------------------------------------------------------- */

static void lost_events_are_said_and_leave_no_bar_open(void **state)
{
	struct fixture *f = *state;
	json_t *whole;

	tp_trace_export_drain(f->export, &f->lm);
	emit(f, TP_TRACE_offline_begin, 1, 0, 1);
	tp_trace_export_drain(f->export, &f->lm);
	for (unsigned i = 0; i < TP_TRACE_EVENTS + 3; i++)
		emit(f, TP_TRACE_tier, 1, 4, 0);
	emit(f, TP_TRACE_offline_end, 1, 0, 0);
	assert_string_equal(finish(f, &whole), "4");
	json_decref(whole);
	assert_int_equal(number_in(event_in(f, "steps", "i", "events lost", 0), "events"), 4);
	assert_null(event_in(f, "steps", "i", "events lost", 1));
	assert_null(event_in(f, "node 1", "X", "offline", 0));
}

static void two_machines_do_not_mix(void **state)
{
	struct fixture *f = *state;
	struct tp_lab_machine other = f->lm;

	/* The same ring under another number: all of it is news there, and none of it twice. */
	other.number = 2;
	call(f, "driver", TP_MEM_ONLINE, 0);
	tp_trace_export_drain(f->export, &f->lm);
	tp_trace_export_drain(f->export, &other);
	tp_trace_export_drain(f->export, &f->lm);
	tp_trace_export_drain(f->export, &other);
	finish_complete(f);
	assert_non_null(event_in(f, "driver", "X", "ONLINE", 1));
	assert_false(same_number(event_in(f, "driver", "X", "ONLINE", 0),
				 event_in(f, "driver", "X", "ONLINE", 1), "pid"));
	assert_null(event_in(f, "driver", "X", "ONLINE", 2));
}

/* ---- steps and loads ------------------------------------------------------------------------- */

static void step_is_a_bar_with_its_error(void **state)
{
	struct fixture *f = *state;
	const struct tp_step step = { .number = 3,
				      .machine = 1,
				      .verb = "unplug",
				      .object = "dimm",
				      .detail = "1 GiB",
				      .err = -EBUSY,
				      .begin_ns = tp_clock_now(),
				      .elapsed_ns = 2500 };
	const json_t *bar;

	tp_trace_export_step(f->export, &step);
	finish_complete(f);
	bar = event_in(f, "steps", "X", "3 unplug dimm: EBUSY", 0);
	assert_string_equal(text(args_of(bar), "err"), "EBUSY");
	assert_string_equal(text(args_of(bar), "detail"), "1 GiB");
	assert_true(json_real_value(json_object_get(bar, "dur")) == 2.5);
}

static void load_is_a_bar_from_start_to_stop(void **state)
{
	struct fixture *f = *state;
	const struct tp_load_config config = {
		.name = "pages", .seed = 1, .size = TP_MIB(1), .node = TP_NODE_NONE, .threads = 1
	};
	struct tp_findings findings;
	struct tp_load *load;
	const json_t *bar;

	tp_findings_init(&findings);
	assert_int_equal(tp_load_create(&tp_load_churn, f->lm.machine, &config, &findings, &load),
			 0);
	tp_list_add_before(&f->lm.loads, &load->link);
	assert_int_equal(tp_load_stop(load), 0);
	tp_trace_export_loads(f->export, &f->lm);
	finish_complete(f);
	bar = event_in(f, "pages", "X", "churn", 0);
	assert_true(number_in(bar, "work") >= 0);
	assert_true(json_real_value(json_object_get(bar, "dur")) ==
		    (double)(load->end_ns - load->begin_ns) / 1e3);
	tp_load_destroy(load);
}

static void no_export_is_fine(void **state)
{
	struct fixture *f = *state;
	const struct tp_step step = { .number = 1 };

	tp_trace_export_drain(NULL, &f->lm);
	tp_trace_export_step(NULL, &step);
	tp_trace_export_loads(NULL, &f->lm);
	tp_trace_export_end(NULL);
}

#define TRACE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRACE_TEST(operation_is_a_bar_at_its_node),
		TRACE_TEST(failed_operation_says_why),
		TRACE_TEST(pages_count_for_the_node_they_left),
		TRACE_TEST(free_pages_are_counted_at_every_drain),
		TRACE_TEST(every_node_has_a_lane),
		TRACE_TEST(call_is_a_bar_of_its_consumer),
		TRACE_TEST(veto_is_in_the_name),
		TRACE_TEST(answer_to_a_statement_is_no_veto),
		TRACE_TEST(consumers_beyond_the_last_lane_share_it),
		TRACE_TEST(name_that_is_no_text_is_said_to_be_none),
		TRACE_TEST(event_is_a_tick_on_its_cpu),
		TRACE_TEST(holds_do_not_overlap_on_a_cpu),
		TRACE_TEST(invalidations_and_resets_are_bars_of_their_gt),
		TRACE_TEST(of_invalidations_at_a_time_the_first_is_a_bar),
		TRACE_TEST(more_gts_than_lanes_are_ticks_only),
		TRACE_TEST(what_became_of_releases_is_counted_by_gt),
		TRACE_TEST(lost_events_are_said_and_leave_no_bar_open),
		TRACE_TEST(two_machines_do_not_mix),
		TRACE_TEST(step_is_a_bar_with_its_error),
		TRACE_TEST(load_is_a_bar_from_start_to_stop),
		TRACE_TEST(no_export_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
