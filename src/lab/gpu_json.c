/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_json - sizes begin with "bytes", as everywhere; counters have the names of their table. */
#include "lab/gpu_json.h"

#include "lab/offline_json.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *engine_json(const struct tp_gpu_engine_info *e)
{
	return json_pack("{s:s, s:i, s:b, s:o, s:o, s:o}", "name", e->name, "gt", (int)e->gt,
			 "awake", (int)e->awake, "submitted", number(e->submitted), "completed",
			 number(e->completed), "failed", number(e->failed));
}

static json_t *engines_json(const struct tp_gpu_info *info)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < info->nr_engines; i++)
		json_array_append_new(list, engine_json(&info->engines[i]));
	return list;
}

json_t *tp_gpu_info_json(const struct tp_gpu_info *info)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:i, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "name", tp_json_text(info->name), "driver", info->driver, "platform",
			 info->platform, "state", tp_gpu_state_name(info->state), "gts",
			 (int)info->nr_gts, "engines", engines_json(info), "vms", (int)info->vms,
			 "objects", number(info->objects), "bound", number(info->bound),
			 "bytes_system", number(info->system_bytes), "bytes_vram",
			 number(info->vram_bytes), "bytes_vram_total", number(info->vram_total),
			 "bytes_tables", number(info->table_bytes), "bytes_quarantined",
			 number(info->quarantined_bytes));
}

static json_t *tlb_json(const struct tp_gpu_tlb_stats *stats)
{
	json_t *object = json_object(), *latency = json_array();
	struct tp_gpu_counter counter;

	for (unsigned i = 0; tp_gpu_tlb_counter(stats, i, &counter); i++)
		json_object_set_new(object, counter.name, number(counter.value));
	for (unsigned i = 0; i < TP_GPU_LATENCIES; i++)
		json_array_append_new(latency, number(stats->latency[i]));
	json_object_set_new(object, "latency", latency);
	json_object_set_new(object, "seqno", number(stats->seqno));
	return object;
}

json_t *tp_gpu_stats_json(const struct tp_gpu_stats *stats)
{
	json_t *object = json_object(), *tlb = json_array();
	struct tp_gpu_counter counter;

	for (unsigned gt = 0; gt < stats->nr_gts; gt++)
		json_array_append_new(tlb, tlb_json(&stats->tlb[gt]));
	json_object_set_new(object, "tlb", tlb);
	for (unsigned i = 0; tp_gpu_counter(stats, i, &counter); i++)
		json_object_set_new(object, counter.name, number(counter.value));
	return object;
}
