/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offline - take ranges out of the allocator under load, or put everything back.
 *
 *	isolate -> BECOMING_MEMORYLESS -> GOING_OFFLINE -> move pages until none is left | commit
 *	commit: counts, masks, zonelists -> BECAME_MEMORYLESS -> OFFLINE
 *		-> memory back to the system -> FINISH_OFFLINE
 *
 * Everything left of the bar may fail, be cancelled or run out of time; then GOING_OFFLINE and
 * BECOMING_MEMORYLESS are taken back in that order (T5) and the blocks serve again as they were
 * (T15).
 * Fault sites: mm/isolate, mm/migrate, mm/migrate-target.
 */
#include <errno.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/hotplug.h"
#include "mm/migrate.h"
#include "mm/zone.h"
#include "mm/zonelist.h"

static const uint64_t progress_interval_ns = TP_MILLISECONDS(10);
/* A pass as short as this is finished, late or not: a pass cut short does not know all it met. */
static const uint64_t pass_grace_ns = TP_MILLISECONDS(5);
static const uint64_t backoff_first_ns = TP_MICROSECONDS(50), backoff_max_ns = TP_MILLISECONDS(2);

/* One offline under way. */
struct offlining {
	struct tp_hotplug_op *op;
	const struct tp_offline_options *options;
	struct tp_offline_report *report;
	struct tp_evacuation evacuation;
	uint64_t begin_ns, until_ns, next_progress_ns, pass_begin_ns;
	uint64_t backoff_ns, stuck_since_ns;
};

/* ---- which masks change ---------------------------------------------------------------------- */

static uint64_t leaving_of_zone(const struct tp_hotplug_op *op, const struct tp_zone *zone)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < op->nr_ranges; i++)
		if (op->ranges[i].zone == zone)
			sum += op->ranges[i].nr_pages;
	return sum;
}

/* Pages the node keeps in zones up to @highest. */
static uint64_t staying(const struct tp_hotplug_op *op, enum tp_zone_type highest)
{
	uint64_t sum = 0;

	for (enum tp_zone_type t = TP_ZONE_DMA; t <= highest; t++) {
		struct tp_zone *zone = tp_zone_of(op->machine, op->node, t);

		sum += zone->present - leaving_of_zone(op, zone);
	}
	return sum;
}

/* T2: the last normal memory may leave while movable memory stays. */
static unsigned offline_changes(const struct tp_hotplug_op *op)
{
	unsigned changes = 0;

	if (tp_node_in(op->machine, op->node, TP_N_MEMORY) && !staying(op, TP_ZONE_MOVABLE))
		changes |= TP_NODE_HAS_MEMORY;
	if (tp_node_in(op->machine, op->node, TP_N_NORMAL_MEMORY) && !staying(op, TP_ZONE_NORMAL))
		changes |= TP_NODE_HAS_NORMAL_MEMORY;
	return changes;
}

/* ---- moving pages out ------------------------------------------------------------------------ */

static uint64_t free_pages(const struct tp_hotplug_op *op)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < op->nr_ranges; i++)
		sum += tp_range_free_pages(&op->ranges[i]);
	return sum;
}

static bool out_of_time(const struct offlining *o)
{
	return tp_cancelled(o->options->cancel) || tp_clock_now() >= o->until_ns;
}

static bool cut_short(void *arg)
{
	const struct offlining *o = arg;

	return out_of_time(o) && tp_clock_now() - o->pass_begin_ns > pass_grace_ns;
}

static void show_progress(struct offlining *o, uint64_t left)
{
	uint64_t now = tp_clock_now();
	struct tp_progress progress = {
		.pages_total = o->op->nr_pages,
		.pages_left = left,
		.pages_moved = o->evacuation.moved,
		.elapsed_ns = now - o->begin_ns,
		.pass = o->report->passes,
	};

	if (!o->options->progress || (now < o->next_progress_ns && left))
		return;
	o->next_progress_ns = now + progress_interval_ns;
	o->options->progress(&progress, o->options->progress_arg);
}

static int give_up(struct offlining *o, int err, const char *reason)
{
	o->report->reason = reason;
	return TP_ERR_TEXT(err, reason, "offline of %u pages at pfn %x: %s", o->op->nr_pages,
			   o->op->runs[0].start.v);
}

/* After a pass that left something: is there hope? */
static int judge(struct offlining *o, bool moved_something)
{
	const struct tp_evacuation *e = &o->evacuation;
	uint64_t now = tp_clock_now();

	if (tp_cancelled(o->options->cancel))
		return give_up(o, -ECANCELED, "cancelled");
	if (e->unmovable)
		return give_up(o, -EBUSY, "a page cannot be moved");
	if (now >= o->until_ns)
		return give_up(o, -ETIMEDOUT, "deadline passed");
	if (moved_something || !e->no_memory)
		o->stuck_since_ns = now;
	else if (now - o->stuck_since_ns > TP_OFFLINE_PATIENCE_NS)
		return give_up(o, -ENOMEM, "no memory takes the pages");
	return 0;
}

static void back_off(struct offlining *o, bool moved_something)
{
	uint64_t now = tp_clock_now();

	if (moved_something)
		o->backoff_ns = backoff_first_ns;
	if (now < o->until_ns)
		tp_sleep_ns(TP_MIN(o->backoff_ns, o->until_ns - now));
	o->backoff_ns = TP_MIN(o->backoff_ns * 2, backoff_max_ns);
}

static void one_pass(struct offlining *o)
{
	o->pass_begin_ns = tp_clock_now();
	tp_evacuate_begin(&o->evacuation);
	for (unsigned i = 0; i < o->op->nr_ranges; i++)
		tp_evacuate(&o->evacuation, &o->op->ranges[i]);
	o->report->passes++;
}

static int empty(struct offlining *o)
{
	o->backoff_ns = backoff_first_ns;
	o->stuck_since_ns = tp_clock_now();
	for (;;) {
		uint64_t before = o->evacuation.moved + o->evacuation.released, left;
		bool moved;
		int err;

		one_pass(o);
		left = o->op->nr_pages - free_pages(o->op);
		show_progress(o, left);
		if (!left)
			return 0;
		moved = o->evacuation.moved + o->evacuation.released > before;
		err = judge(o, moved);
		if (err)
			return err;
		back_off(o, moved);
		/* Another pass would be cut short at once, and forget whom this one met. */
		if (out_of_time(o) && free_pages(o->op) < o->op->nr_pages)
			return judge(o, moved);
	}
}

/* ---- the operation --------------------------------------------------------------------------- */

/*
 * Compaction holds single pageblocks for a moment; another offline would hold the hotplug lock we
 * have.
 */
static int isolate(struct offlining *o)
{
	struct tp_hotplug_op *op = o->op;
	uint64_t begin = tp_clock_now();
	int err;

	while ((err = tp_isolate_ranges(op->ranges, op->nr_ranges)) == -EBUSY && !out_of_time(o) &&
	       tp_clock_now() - begin < TP_OFFLINE_PATIENCE_NS)
		tp_sleep_ns(backoff_first_ns);
	o->report->isolate_ns = tp_clock_now() - begin;
	if (!err)
		return 0;
	if (tp_cancelled(o->options->cancel))
		return give_up(o, -ECANCELED, "cancelled");
	if (out_of_time(o))
		return give_up(o, -ETIMEDOUT, "deadline passed");
	o->report->reason = "another isolation holds a pageblock";
	return err;
}

static int refused(struct offlining *o, int err, const struct tp_notifier_chain *chain)
{
	const char *who = chain->vetoed_by ? chain->vetoed_by : "?";

	o->report->reason = "refused by a notifier"; /* T4: whichever chain refused */
	snprintf(o->report->vetoed_by, sizeof(o->report->vetoed_by), "%s", who);
	return TP_ERR_TEXT(err, who, "offline refused by %s");
}

static int announce_and_empty(struct offlining *o)
{
	struct tp_hotplug_op *op = o->op;
	struct tp_node_event becoming = tp_op_node_event(op, TP_NODE_BECOMING_MEMORYLESS);
	int err;

	if (op->changes) {
		err = tp_node_announce(op->machine, &becoming);
		if (err)
			return refused(o, err, &op->machine->node_chain);
	}
	err = tp_op_announce(op, TP_MEM_GOING_OFFLINE);
	if (err) {
		err = refused(o, err, &op->machine->memory_chain);
		goto cancel_node;
	}
	err = empty(o);
	if (!err)
		return 0;
	tp_op_cancel(op, TP_MEM_GOING_OFFLINE);
cancel_node:
	if (op->changes && !TP_MUTANT(rollback_skips_node))
		tp_node_cancel(op->machine, &becoming);
	return err;
}

static void commit(struct offlining *o)
{
	struct tp_hotplug_op *op = o->op;
	struct tp_machine *m = op->machine;
	struct tp_node_event became = tp_op_node_event(op, TP_NODE_BECAME_MEMORYLESS);

	for (unsigned i = 0; i < op->nr_ranges; i++)
		tp_zone_detach(&op->ranges[i]);
	if (op->changes & TP_NODE_HAS_NORMAL_MEMORY)
		tp_node_state_set(m, op->node, TP_N_NORMAL_MEMORY, false);
	if (op->changes & TP_NODE_HAS_MEMORY)
		tp_node_state_set(m, op->node, TP_N_MEMORY, false);
	tp_zonelists_update(m);
	tp_watermarks_update(m);
	if (op->changes)
		tp_node_state(m, &became);
	tp_op_state(op, TP_MEM_OFFLINE);
	for (unsigned i = 0; i < op->nr_runs; i++)
		o->report->bytes_returned +=
			tp_backing_close(&m->backing, op->runs[i].start, op->runs[i].nr_pages);
	tp_op_state(op, TP_MEM_FINISH_OFFLINE);
}

static void fill_report(struct offlining *o, int err)
{
	struct tp_offline_report *r = o->report;
	const struct tp_evacuation *e = &o->evacuation;

	r->err = err;
	if (!err)
		r->reason = "done";
	r->pages_total = o->op->nr_pages;
	r->pages_moved = e->moved;
	r->pages_released = e->released;
	r->bytes_moved = e->moved << TP_PAGE_SHIFT;
	r->nr_blockers = err ? e->nr_blockers : 0;
	r->elapsed_ns = tp_clock_now() - o->begin_ns;
}

static void offlining_init(struct offlining *o, struct tp_hotplug_op *op,
			   const struct tp_offline_options *options, uint64_t until_ns,
			   struct tp_offline_report *report)
{
	*o = (struct offlining){
		.op = op, .options = options, .until_ns = until_ns, .report = report
	};
	o->begin_ns = tp_clock_now();
	o->evacuation = (struct tp_evacuation){
		.machine = op->machine,
		/* What stays of the node is nearest; isolated pages are on no list. */
		.node = op->node,
		.targets = { tp_atomic_load(&op->machine->node_states[TP_N_MEMORY], TP_ACQUIRE) },
		.may_release = true,
		.stop = cut_short,
		.arg = o,
		.blockers = report->blockers,
	};
}

static int take_out(struct tp_hotplug_op *op, const struct tp_offline_options *options,
		    uint64_t until_ns, struct tp_offline_report *report)
{
	struct offlining o;
	int err;

	offlining_init(&o, op, options, until_ns, report);
	err = isolate(&o);
	if (!err) {
		op->changes = offline_changes(op);
		err = announce_and_empty(&o);
		if (err)
			tp_unisolate_ranges(op->ranges,
					    op->nr_ranges - TP_MUTANT(rollback_skips_range));
		else
			commit(&o);
		if (TP_MUTANT(cancel_committed) && tp_cancelled(options->cancel))
			err = -ECANCELED;
	}
	fill_report(&o, err);
	return err;
}

/* Say what would block; touch nothing, tell nobody. */
static int plan(struct tp_hotplug_op *op, const struct tp_offline_options *options,
		uint64_t until_ns, struct tp_offline_report *report)
{
	struct offlining o;
	struct tp_evacuation *e = &o.evacuation;
	int err = 0;

	offlining_init(&o, op, options, until_ns, report);
	tp_evacuate_begin(e);
	for (unsigned i = 0; i < op->nr_ranges; i++)
		tp_evacuate_plan(e, &op->ranges[i]);
	if (e->nr_blockers)
		err = TP_ERR(-EBUSY, "%u pages would block", e->nr_blockers);
	fill_report(&o, err);
	report->reason = err ? "would be blocked" : "nothing would block";
	return err;
}

static int offline_op(struct tp_hotplug_op *op, const struct tp_offline_options *options,
		      uint64_t until_ns, struct tp_offline_report *report)
{
	struct tp_machine *m = op->machine;
	uint64_t node = (uint64_t)op->node, start = op->runs[0].start.v;
	int err;

	tp_notifier_session_begin(&m->node_chain);
	tp_notifier_session_begin(&m->memory_chain);
	tp_trace(m->trace, TP_TRACE_offline_begin, node, start, op->nr_pages);
	tp_op_set_state(op, TP_BLOCK_GOING_OFFLINE);
	err = take_out(op, options, until_ns, report);
	tp_op_set_state(op, err ? TP_BLOCK_ONLINE : TP_BLOCK_OFFLINE); /* H5 */
	if (!err)
		tp_op_tell(op, TP_UEVENT_OFFLINE);
	tp_trace(m->trace, TP_TRACE_offline_end, node, start, (uint64_t)-err);
	tp_notifier_session_end(&m->memory_chain);
	tp_notifier_session_end(&m->node_chain);
	return err;
}

int tp_offline_blocks_locked(struct tp_machine *m, unsigned first, unsigned count,
			     const struct tp_offline_options *options, uint64_t until_ns,
			     struct tp_offline_report *report)
{
	struct tp_hotplug_op op = { .machine = m, .node = m->blocks[first].node };
	int err = tp_op_add_blocks(&op, first, count, TP_BLOCK_ONLINE, NULL);

	report->reason = err ? "not possible" : "done";
	if (err || !op.nr_pages)
		return err;
	return (options->dry_run ? plan : offline_op)(&op, options, until_ns, report);
}
