/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_gpu - bars of invalidations and resets, and what became of releases, by GT. */
#include "lab/trace_gpu.h"

#include <stdio.h>
#include <tidepool/gpu.h>

#include "lab/trace_args.h"
#include "lab/trace_lanes.h"

/* ---- lanes ----------------------------------------------------------------------------------- */

static void name_group(struct tp_trace_gpus *gpus, struct tp_trace_json *json)
{
	if (!gpus->named)
		tp_trace_name_group(json, gpus->number, TP_TRACE_GPU, "GPUs");
	gpus->named = true;
}

/* By the name it has; one that is gone by now, by its number. */
static void name_of(const struct tp_trace_gpus *gpus, uint64_t gpu, char name[TP_GPU_NAME])
{
	unsigned index = (unsigned)gpu;

	if (!tp_gpu_next(gpus->machine, &index, name) || index != gpu)
		snprintf(name, TP_GPU_NAME, "GPU %u", (unsigned)gpu);
}

static struct tp_trace_lane place_of(const struct tp_trace_gpus *gpus,
				     const struct tp_trace_gpu_lane *lane)
{
	return (struct tp_trace_lane){ .process = tp_trace_process(gpus->number, TP_TRACE_GPU),
				       .number = (unsigned)(lane - gpus->lanes) + 1 };
}

static struct tp_trace_gpu_lane *add_lane(struct tp_trace_gpus *gpus, struct tp_trace_json *json,
					  struct tp_trace_gpu_lane new)
{
	struct tp_trace_gpu_lane *lane = &gpus->lanes[gpus->nr_lanes];
	char gpu[TP_GPU_NAME], title[48];

	if (gpus->nr_lanes == TP_TRACE_GPU_LANES)
		return NULL;
	gpus->nr_lanes++;
	*lane = new;
	name_group(gpus, json);
	name_of(gpus, lane->gpu, gpu);
	snprintf(title, sizeof(title), "%s gt%u: %s", gpu, (unsigned)lane->gt,
		 lane->resets ? "resets" : "invalidations");
	tp_trace_name_lane(json, place_of(gpus, lane), title);
	return lane;
}

/* NULL: there are too many. */
static struct tp_trace_gpu_lane *lane_of(struct tp_trace_gpus *gpus, struct tp_trace_json *json,
					 const struct tp_trace_event *e)
{
	const bool resets = e->id == TP_TRACE_gpu_reset_begin || e->id == TP_TRACE_gpu_reset_end;

	for (unsigned i = 0; i < gpus->nr_lanes; i++) {
		struct tp_trace_gpu_lane *lane = &gpus->lanes[i];

		if (lane->gpu == e->args[0] && lane->gt == e->args[1] && lane->resets == resets)
			return lane;
	}
	return add_lane(gpus, json,
			(struct tp_trace_gpu_lane){
				.gpu = e->args[0], .gt = e->args[1], .resets = resets });
}

/* ---- bars ------------------------------------------------------------------------------------ */

/* One that begins while another is open is no bar; it may seem to, as a hold may. */
static void begin(struct tp_trace_gpu_lane *lane, const struct tp_trace_event *e)
{
	if (lane && !lane->open.seq && e->time_ns >= lane->busy_until_ns)
		lane->open = *e;
}

static void end(const struct tp_trace_gpus *gpus, struct tp_trace_json *json,
		struct tp_trace_gpu_lane *lane, const struct tp_trace_event *e)
{
	struct tp_trace_label label = { .category = "gpu" };
	char name[48];

	if (!lane || !lane->open.seq || lane->open.thread != e->thread)
		return;
	tp_trace_bar_name(name, sizeof(name), lane->resets ? "reset" : "invalidate", e->args[2]);
	label.name = name;
	label.args = tp_trace_args(&lane->open);
	json_object_set_new(label.args, "err", tp_trace_errno(e->args[2]));
	tp_trace_bar(json, place_of(gpus, lane), &label, lane->open.time_ns, e->time_ns);
	lane->busy_until_ns = e->time_ns;
	lane->open.seq = 0;
}

void tp_trace_gpus_show(struct tp_trace_gpus *gpus, struct tp_trace_json *json,
			const struct tp_trace_event *event)
{
	switch (event->id) {
	case TP_TRACE_tlb_invalidate_begin:
	case TP_TRACE_gpu_reset_begin:
		begin(lane_of(gpus, json, event), event);
		break;
	case TP_TRACE_tlb_invalidate_end:
	case TP_TRACE_gpu_reset_end:
		end(gpus, json, lane_of(gpus, json, event), event);
		break;
	default:
		break;
	}
}

void tp_trace_gpus_forget(struct tp_trace_gpus *gpus)
{
	for (unsigned i = 0; i < gpus->nr_lanes; i++)
		gpus->lanes[i].open.seq = 0;
}

/* ---- counters -------------------------------------------------------------------------------- */

static void count_gt(const struct tp_trace_gpus *gpus, struct tp_trace_json *json,
		     const char *title, const struct tp_gpu_tlb_stats *stats, uint64_t time_ns)
{
	const unsigned process = tp_trace_process(gpus->number, TP_TRACE_GPU);
	struct tp_gpu_counter counter;
	char name[64];

	for (unsigned i = 0; tp_gpu_tlb_counter(stats, i, &counter); i++) {
		if (!counter.value)
			continue;
		snprintf(name, sizeof(name), "%s: tlb %s", title, counter.name);
		tp_trace_counter(json, process, name, counter.value, time_ns);
	}
}

void tp_trace_gpus_count(struct tp_trace_gpus *gpus, struct tp_trace_json *json, uint64_t time_ns)
{
	char name[TP_GPU_NAME], title[TP_GPU_NAME + 16];

	for (unsigned i = 0; tp_gpu_next(gpus->machine, &i, name); i++) {
		struct tp_gpu_stats stats;

		if (tp_gpu_stats(gpus->machine, name, &stats))
			continue;
		name_group(gpus, json);
		for (unsigned gt = 0; gt < stats.nr_gts; gt++) {
			snprintf(title, sizeof(title), "%s gt%u", name, gt);
			count_gt(gpus, json, title, &stats.tlb[gt], time_ns);
		}
	}
}
