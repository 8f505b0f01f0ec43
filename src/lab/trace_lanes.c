/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace_lanes - which event is shown in which lane of its machine. */
#include "lab/trace_lanes.h"

#include <string.h>

#include "core/alloc.h"
#include "lab/trace_args.h"

/* ---- groups and lanes ------------------------------------------------------------------------ */

enum { GROUPS_PER_MACHINE = 10 };

unsigned tp_trace_process(unsigned machine, enum tp_trace_group group)
{
	return machine * GROUPS_PER_MACHINE + group;
}

void tp_trace_name_group(struct tp_trace_json *json, unsigned machine, enum tp_trace_group group,
			 const char *name)
{
	const unsigned process = tp_trace_process(machine, group);
	char title[48];

	snprintf(title, sizeof(title), "machine %u: %s", machine, name);
	tp_trace_name_process(json, process, title, process);
}

static struct tp_trace_lane lane_of(const struct tp_trace_lanes *lanes, enum tp_trace_group group,
				    unsigned index)
{
	return (struct tp_trace_lane){ .process = tp_trace_process(lanes->machine, group),
				       .number = index + 1 };
}

static void name_groups(const struct tp_trace_lanes *lanes, struct tp_trace_json *json)
{
	static const struct {
		enum tp_trace_group group;
		const char *name;
	} groups[] = {
		{ TP_TRACE_NODES, "nodes" },
		{ TP_TRACE_CONSUMERS_GROUP, "consumers" },
		{ TP_TRACE_CPUS, "CPUs" },
	};
	char name[16];

	for (size_t i = 0; i < TP_ARRAY_SIZE(groups); i++)
		tp_trace_name_group(json, lanes->machine, groups[i].group, groups[i].name);
	for (unsigned node = 0; node < lanes->nr_nodes; node++) {
		snprintf(name, sizeof(name), "node %u", node);
		tp_trace_name_lane(json, lane_of(lanes, TP_TRACE_NODES, node), name);
	}
}

/* A CPU that came after the machine shares a lane. */
static struct tp_trace_cpu *cpu_of(struct tp_trace_lanes *lanes, const struct tp_trace_event *e)
{
	return &lanes->cpus[e->cpu % lanes->nr_cpus];
}

static struct tp_trace_lane cpu_lane(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
				     struct tp_trace_cpu *cpu)
{
	unsigned number = (unsigned)(cpu - lanes->cpus);
	struct tp_trace_lane lane = lane_of(lanes, TP_TRACE_CPUS, number);
	char name[16];

	if (cpu->named)
		return lane;
	cpu->named = true;
	snprintf(name, sizeof(name), "CPU %u", number);
	tp_trace_name_lane(json, lane, name);
	return lane;
}

/* Those beyond the last lane share it. */
static struct tp_trace_lane consumer_lane(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
					  const char *name)
{
	struct tp_trace_lane lane;
	unsigned i = 0;

	while (i < lanes->nr_consumers && strcmp(lanes->consumers[i], name))
		i++;
	if (i == TP_TRACE_CONSUMERS)
		return lane_of(lanes, TP_TRACE_CONSUMERS_GROUP, i - 1);
	lane = lane_of(lanes, TP_TRACE_CONSUMERS_GROUP, i);
	if (i < lanes->nr_consumers)
		return lane;
	if (++lanes->nr_consumers == TP_TRACE_CONSUMERS)
		name = "all others";
	strcpy(lanes->consumers[i], name);
	tp_trace_name_lane(json, lane, name);
	return lane;
}

struct tp_trace_lanes *tp_trace_lanes_create(struct tp_trace_json *json, struct tp_machine *m,
					     unsigned number)
{
	struct tp_trace_lanes *lanes = tp_zalloc(sizeof(*lanes) + m->nr_blocks);

	if (!lanes)
		return NULL;
	lanes->nr_cpus = tp_cpu_count();
	lanes->cpus = tp_zalloc(lanes->nr_cpus * sizeof(*lanes->cpus));
	if (!lanes->cpus) {
		tp_free(lanes);
		return NULL;
	}
	lanes->machine = number;
	lanes->gpus.machine = m;
	lanes->gpus.number = number;
	lanes->nr_nodes = m->nr_nodes;
	lanes->block_pages = m->block_pages;
	lanes->nr_blocks = m->nr_blocks;
	memset(lanes->node_of_block, TP_NODE_NONE, m->nr_blocks);
	name_groups(lanes, json);
	return lanes;
}

void tp_trace_lanes_destroy(struct tp_trace_lanes *lanes)
{
	if (lanes)
		tp_free(lanes->cpus);
	tp_free(lanes);
}

/* ---- whose memory it is ---------------------------------------------------------------------- */

static int node_of(const struct tp_trace_lanes *lanes, uint64_t pfn)
{
	uint64_t block = pfn / lanes->block_pages;

	return block < lanes->nr_blocks ? lanes->node_of_block[block] : TP_NODE_NONE;
}

/* Blocks that were unplugged keep their node: their last events may come after. */
static void remember_node(struct tp_trace_lanes *lanes, const struct tp_trace_event *e)
{
	uint64_t end = (e->args[1] + e->args[2]) / lanes->block_pages;

	for (uint64_t block = e->args[1] / lanes->block_pages; block < end; block++) {
		if (block < lanes->nr_blocks)
			lanes->node_of_block[block] = (int8_t)e->args[0];
	}
}

/* The node that @e is about; TP_NODE_NONE: none, or nobody knows. */
static int subject_of(const struct tp_trace_lanes *lanes, const struct tp_trace_event *e)
{
	switch (e->id) {
	case TP_TRACE_plug:
	case TP_TRACE_unplug:
	case TP_TRACE_kswapd:
	case TP_TRACE_kcompactd:
	case TP_TRACE_demote:
	case TP_TRACE_tier:
		return (int)e->args[0];
	case TP_TRACE_node_event:
		return (int)e->args[1];
	case TP_TRACE_memory_event:
		return node_of(lanes, e->args[1]);
	case TP_TRACE_migrate_fail:
		return node_of(lanes, e->args[0]);
	case TP_TRACE_isolate:
	case TP_TRACE_unisolate:
		return (int)e->args[0] / TP_NR_ZONE_TYPES;
	default:
		return TP_NODE_NONE;
	}
}

/* ---- bars ------------------------------------------------------------------------------------ */

static void end_operation(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			  const struct tp_trace_event *end)
{
	const struct tp_trace_event *begin = &lanes->operation;
	bool offline = end->id == TP_TRACE_offline_end;
	struct tp_trace_label label = { .category = "hotplug" };
	char name[48];

	if (!begin->seq)
		return;
	tp_trace_bar_name(name, sizeof(name), offline ? "offline" : "online", end->args[2]);
	label.name = name;
	label.args = tp_trace_args(begin);
	json_object_set_new(label.args, "err", tp_trace_errno(end->args[2]));
	tp_trace_bar(json, lane_of(lanes, TP_TRACE_NODES, (unsigned)begin->args[0]), &label,
		     begin->time_ns, end->time_ns);
	lanes->operation.seq = 0;
}

/* Whether a negative answer is a veto; all others are told, not asked (T11). */
static bool may_refuse(uint64_t type)
{
	return type == TP_MEM_PREPARE_ONLINE || type == TP_MEM_GOING_ONLINE ||
	       type == TP_MEM_GOING_OFFLINE || type == TP_NODE_BECOMING_MEM_AWARE ||
	       type == TP_NODE_BECOMING_MEMORYLESS;
}

static void end_call(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
		     const struct tp_trace_event *end)
{
	const struct tp_trace_event *begin = &lanes->call;
	struct tp_trace_label label = { .category = "notifier" };
	char consumer[TP_TRACE_NAME + 1], name[64];
	bool vetoed;

	if (!begin->seq)
		return;
	vetoed = end->args[0] && may_refuse(begin->args[0]);
	tp_trace_name(consumer, begin->args[1], begin->args[2]);
	tp_trace_bar_name(name, sizeof(name), tp_trace_event_type(begin->args[0]),
			  vetoed ? end->args[0] : 0);
	label.name = name;
	label.args = json_pack("{s:s, s:o, s:b}", "event", tp_trace_event_type(begin->args[0]),
			       "answer", tp_trace_errno(end->args[0]), "vetoed", (int)vetoed);
	tp_trace_bar(json, consumer_lane(lanes, json, consumer), &label, begin->time_ns,
		     end->time_ns);
	lanes->call.seq = 0;
}

/* ---- holds ----------------------------------------------------------------------------------- */

/*
 * False: it cannot be a bar (L1).  Numbers are given before times are taken, so a hold may seem to
 * begin a little before the one that ended.
 */
static bool begin_hold(struct tp_trace_lanes *lanes, const struct tp_trace_event *e)
{
	struct tp_trace_cpu *cpu = cpu_of(lanes, e);

	if (cpu->hold.seq || e->time_ns < cpu->busy_until_ns)
		return false;
	cpu->hold = *e;
	return true;
}

/* The thread may have come to another CPU; the bar stays where it began. */
static struct tp_trace_cpu *cpu_of_hold(struct tp_trace_lanes *lanes, uint32_t thread)
{
	for (unsigned i = 0; i < lanes->nr_cpus; i++) {
		if (lanes->cpus[i].hold.seq && lanes->cpus[i].hold.thread == thread)
			return &lanes->cpus[i];
	}
	return NULL;
}

static bool end_hold(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
		     const struct tp_trace_event *end)
{
	struct tp_trace_cpu *cpu = cpu_of_hold(lanes, end->thread);
	struct tp_trace_label label = { .name = "hold", .category = "mapping" };

	if (!cpu)
		return false;
	label.args = tp_trace_args(end);
	json_object_set_new(label.args, "thread", json_integer(end->thread));
	tp_trace_bar(json, cpu_lane(lanes, json, cpu), &label, cpu->hold.time_ns, end->time_ns);
	cpu->busy_until_ns = end->time_ns;
	cpu->hold.seq = 0;
	return true;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void forget_open(struct tp_trace_lanes *lanes)
{
	lanes->operation.seq = lanes->call.seq = 0;
	tp_trace_gpus_forget(&lanes->gpus);
	for (unsigned i = 0; i < lanes->nr_cpus; i++)
		lanes->cpus[i].hold.seq = 0;
}

static void show_on_cpu(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			const struct tp_trace_event *e)
{
	const struct tp_trace_info *info = tp_trace_info((enum tp_trace_id)e->id);
	struct tp_trace_label label = { .name = info->name, .category = info->category };

	if (e->id == TP_TRACE_hold_begin && begin_hold(lanes, e))
		return;
	if (e->id == TP_TRACE_hold_end && end_hold(lanes, json, e))
		return;
	label.args = tp_trace_args(e);
	json_object_set_new(label.args, "thread", json_integer(e->thread));
	tp_trace_mark(json, cpu_lane(lanes, json, cpu_of(lanes, e)), &label, e->time_ns);
}

static void show_at_node(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			 const struct tp_trace_event *e)
{
	const struct tp_trace_info *info = tp_trace_info((enum tp_trace_id)e->id);
	struct tp_trace_label label = { .name = info->name, .category = info->category };
	int node = subject_of(lanes, e);

	if (node == TP_NODE_NONE)
		return;
	if (e->id == TP_TRACE_memory_event || e->id == TP_TRACE_node_event)
		label.name = tp_trace_event_type(e->args[0]);
	label.args = tp_trace_args(e);
	tp_trace_mark(json, lane_of(lanes, TP_TRACE_NODES, (unsigned)node), &label, e->time_ns);
}

/* What is no tick at a node: begins, ends, and what is counted. */
static void follow(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
		   const struct tp_trace_event *e)
{
	int node;

	switch (e->id) {
	case TP_TRACE_plug:
		remember_node(lanes, e);
		break;
	case TP_TRACE_online_begin:
	case TP_TRACE_offline_begin:
		lanes->operation = *e;
		break;
	case TP_TRACE_online_end:
	case TP_TRACE_offline_end:
		end_operation(lanes, json, e);
		break;
	case TP_TRACE_notifier_call_begin:
		lanes->call = *e;
		break;
	case TP_TRACE_notifier_call_end:
		end_call(lanes, json, e);
		break;
	case TP_TRACE_migrate:
		node = node_of(lanes, e->args[0]);
		if (node != TP_NODE_NONE)
			lanes->moved[node] += UINT64_C(1) << e->args[2];
		break;
	default:
		break;
	}
}

uint64_t tp_trace_lanes_show(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			     const struct tp_trace_event *event)
{
	uint64_t missing = event->seq - lanes->last_seq - 1;

	lanes->last_seq = event->seq;
	if (missing)
		forget_open(lanes); /* (L2) */
	follow(lanes, json, event);
	show_at_node(lanes, json, event);
	tp_trace_gpus_show(&lanes->gpus, json, event);
	show_on_cpu(lanes, json, event);
	return missing;
}

void tp_trace_lanes_count(struct tp_trace_lanes *lanes, struct tp_trace_json *json,
			  uint64_t time_ns)
{
	char name[48];

	for (unsigned node = 0; node < lanes->nr_nodes; node++) {
		if (lanes->moved[node] == lanes->moved_shown[node])
			continue;
		lanes->moved_shown[node] = lanes->moved[node];
		snprintf(name, sizeof(name), "node %u: pages moved", node);
		tp_trace_counter(json, tp_trace_process(lanes->machine, TP_TRACE_NODES), name,
				 lanes->moved[node], time_ns);
	}
}
