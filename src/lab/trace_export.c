/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_export - read the machines' rings and hand each event to the lanes of its machine.
 *
 * Steps and loads are no events of a ring; their bars are written here.
 */
#include "lab/trace_export.h"

#include <errno.h>
#include <string.h>

#include <tidepool/net.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "lab/lab_machine.h"
#include "lab/trace_lanes.h"

enum { BATCH = 256 };

/* Above the groups of all machines. */
static const struct tp_trace_lane script_lane = { .process = 1, .number = 1 };

/* A machine whose ring is being read. */
struct source {
	struct tp_list link;
	unsigned number;
	uint64_t next; /* in the ring */
	struct tp_trace_lanes *lanes;
	bool has_net; /* the group of its network devices has its name */
};

struct tp_trace_export {
	struct tp_trace_json json;
	struct tp_list sources;
	uint64_t lost;
	struct tp_trace_event batch[BATCH];
};

int tp_trace_export_begin(struct tp_trace_export **export, FILE *out)
{
	struct tp_trace_export *new = tp_zalloc(sizeof(*new));

	if (!new)
		return -ENOMEM;
	tp_list_init(&new->sources);
	tp_trace_json_begin(&new->json, out);
	tp_trace_name_process(&new->json, script_lane.process, "script", 1);
	tp_trace_name_lane(&new->json, script_lane, "steps");
	*export = new;
	return 0;
}

/* ---- rings ----------------------------------------------------------------------------------- */

static struct source *add_source(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	struct source *source = tp_zalloc(sizeof(*source));

	if (!source)
		return NULL;
	source->number = lm->number;
	source->lanes = tp_trace_lanes_create(&export->json, lm->machine, lm->number);
	if (!source->lanes) {
		tp_free(source);
		return NULL;
	}
	tp_list_add_before(&export->sources, &source->link);
	return source;
}

static struct source *source_of(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	tp_list_for_each(source, &export->sources, struct source, link) {
		if (source->number == lm->number)
			return source;
	}
	return add_source(export, lm);
}

static void tell_missing(struct tp_trace_export *export, uint64_t missing, uint64_t time_ns)
{
	const struct tp_trace_label label = { "events lost", "trace",
					      json_pack("{s:I}", "events", (json_int_t)missing) };

	tp_trace_mark(&export->json, script_lane, &label, time_ns);
}

static void show_batch(struct tp_trace_export *export, struct source *source, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		const struct tp_trace_event *event = &export->batch[i];
		uint64_t missing = tp_trace_lanes_show(source->lanes, &export->json, event);

		if (missing)
			tell_missing(export, missing, event->time_ns);
	}
	if (nr)
		tp_trace_lanes_count(source->lanes, &export->json, export->batch[nr - 1].time_ns);
}

static uint64_t free_pages(struct tp_machine *m, unsigned node)
{
	uint64_t sum = 0;

	for (int t = 0; t < TP_NR_ZONE_TYPES; t++) {
		struct tp_zone *zone = tp_zone_of(m, (int)node, (enum tp_zone_type)t);

		tp_spin_lock(&zone->lock);
		sum += zone->nr_free;
		tp_spin_unlock(&zone->lock);
	}
	return sum;
}

static void count_free(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	char name[48];

	for (unsigned node = 0; node < lm->machine->nr_nodes; node++) {
		snprintf(name, sizeof(name), "node %u: free pages", node);
		tp_trace_counter(&export->json, tp_trace_process(lm->number, TP_TRACE_NODES), name,
				 free_pages(lm->machine, node), tp_clock_now());
	}
}

/* Every counter of every network device that has counted something. */
static void count_device(struct tp_trace_export *export, struct tp_lab_machine *lm,
			 const char *device)
{
	const unsigned process = tp_trace_process(lm->number, TP_TRACE_NET);
	struct tp_net_stats stats;
	char name[TP_NET_NAME + TP_NET_STAT_NAME + 2];

	if (tp_net_stats_get(lm->machine, device, &stats))
		return;
	for (unsigned i = 0; i < stats.nr; i++) {
		if (!stats.values[i])
			continue;
		snprintf(name, sizeof(name), "%.15s: %.31s", device, stats.names[i]);
		tp_trace_counter(&export->json, process, name, stats.values[i], tp_clock_now());
	}
	tp_net_stats_put(&stats);
}

static void count_frames(struct tp_trace_export *export, struct source *source,
			 struct tp_lab_machine *lm)
{
	char name[TP_NET_NAME];

	for (unsigned i = 0; tp_net_next(lm->machine, &i, name); i++) {
		if (!source->has_net)
			tp_trace_name_group(&export->json, source->number, TP_TRACE_NET, "network");
		source->has_net = true;
		count_device(export, lm, name);
	}
}

void tp_trace_export_drain(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	struct source *source = export ? source_of(export, lm) : NULL;
	size_t nr;

	/* Without memory for its lanes, a machine is left out; that costs no more than the view. */
	if (!source)
		return;
	do {
		nr = tp_trace_read(lm->machine->trace, &source->next, export->batch, BATCH,
				   &export->lost);
		show_batch(export, source, nr);
	} while (nr == BATCH);
	count_free(export, lm);
	count_frames(export, source, lm);
	tp_trace_gpus_count(&source->lanes->gpus, &export->json, tp_clock_now());
}

/* ---- steps and loads ------------------------------------------------------------------------- */

void tp_trace_export_step(struct tp_trace_export *export, const struct tp_step *step)
{
	char name[TP_STEP_TEXT];
	struct tp_trace_label label = { .name = name, .category = "step" };
	const char *err = step->err ? strerrorname_np(-step->err) : NULL;

	if (!export)
		return;
	snprintf(name, sizeof(name), "%u %s %s%s%s", step->number, step->verb, step->object,
		 err ? ": " : "", err ? err : "");
	label.args = json_pack("{s:i, s:o, s:s?, s:I}", "machine", (int)step->machine, "detail",
			       tp_trace_text(step->detail), "err", err, "pages moved",
			       (json_int_t)step->report.pages_moved);
	tp_trace_bar(&export->json, script_lane, &label, step->begin_ns,
		     step->begin_ns + step->elapsed_ns);
}

static void show_load(struct tp_trace_export *export, struct tp_load *load,
		      struct tp_trace_lane lane)
{
	struct tp_trace_label label = { .name = load->kind->name, .category = "load" };
	struct tp_load_stat stat;

	tp_load_read_stat(load, &stat);
	label.args =
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "work", (json_int_t)stat.work, "starved",
			  (json_int_t)stat.starved, "pages moved", (json_int_t)stat.pages_moved,
			  "pages released", (json_int_t)stat.pages_released, "bytes verified",
			  (json_int_t)load->bytes_verified);
	tp_trace_name_lane(&export->json, lane, load->name);
	tp_trace_bar(&export->json, lane, &label, load->begin_ns,
		     load->end_ns ? load->end_ns : tp_clock_now());
}

void tp_trace_export_loads(struct tp_trace_export *export, struct tp_lab_machine *lm)
{
	struct tp_trace_lane lane = { .process = tp_trace_process(lm->number, TP_TRACE_LOADS) };

	if (!export || tp_list_empty(&lm->loads))
		return;
	tp_trace_name_group(&export->json, lm->number, TP_TRACE_LOADS, "loads");
	tp_list_for_each(load, &lm->loads, struct tp_load, link) {
		lane.number++;
		show_load(export, load, lane);
	}
}

void tp_trace_export_end(struct tp_trace_export *export)
{
	if (!export)
		return;
	tp_trace_json_end(&export->json, export->lost);
	tp_list_for_each_safe(source, &export->sources, struct source, link) {
		tp_trace_lanes_destroy(source->lanes);
		tp_free(source);
	}
	tp_free(export);
}
