/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_cpu - sys/devices/system/cpu: as much of the CPUs as topology tools need to place nodes.
 *
 * Each node with CPUs is a package, each CPU a core of one thread.
 */
#include "view/internal.h"

static int node_of(const struct tp_view_call *call)
{
	return tp_cpu_to_node(tp_call_machine(call), call->id[0]);
}

/* The CPUs that share something with this one: itself, or its node's. */
enum sharing { ITSELF, PACKAGE };

static uint64_t sharing_with(const struct tp_view_call *call)
{
	return call->entry->arg == ITSELF ? UINT64_C(1) << call->id[0]
					  : tp_view_cpus_of(tp_call_machine(call), node_of(call));
}

static int show_list(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add_list(text, sharing_with(call));
	tp_text_add(text, "\n");
	return 0;
}

static int show_map(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add_map(text, sharing_with(call), tp_view_nr_cpus(tp_call_machine(call)));
	tp_text_add(text, "\n");
	return 0;
}

static int show_core(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%u\n", call->id[0]);
	return 0;
}

static int show_package(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%d\n", node_of(call));
	return 0;
}

#define SHARED(name, sharing)                                    \
	TP_FILE(name, 0444, .show = show_map, .arg = (sharing)), \
		TP_FILE(name "_list", 0444, .show = show_list, .arg = (sharing))

static const struct tp_view_entry topology[] = {
	SHARED("core_cpus", ITSELF),
	TP_FILE("core_id", 0444, .show = show_core),
	SHARED("core_siblings", PACKAGE),
	SHARED("die_cpus", PACKAGE),
	TP_FILE("die_id", 0444, .show = tp_show_zero),
	SHARED("package_cpus", PACKAGE),
	TP_FILE("physical_package_id", 0444, .show = show_package),
	SHARED("thread_siblings", ITSELF),
	TP_ENTRIES_END,
};

static bool next_node_of_cpu(const struct tp_view_call *call, unsigned *id)
{
	int node = node_of(call);

	if (node < 0 || *id > (unsigned)node)
		return false;
	*id = (unsigned)node;
	return true;
}

static const struct tp_view_entry cpu[] = {
	TP_LINK("node%u", "../../node/node%u", .next = next_node_of_cpu),
	TP_LINK("subsystem", "../../../../bus/cpu"),
	TP_DIR("topology", topology),
	TP_ENTRIES_END,
};

static int show_all(const struct tp_view_call *call, struct tp_text *text)
{
	unsigned n = tp_view_nr_cpus(tp_call_machine(call));

	if (n > 1)
		tp_text_add(text, "0-%u\n", n - 1);
	else
		tp_text_add(text, n ? "0\n" : "\n");
	return 0;
}

const struct tp_view_entry tp_view_cpu[] = {
	TP_DIR("cpu%u", cpu, .next = tp_next_cpu),
	TP_FILE("isolated", 0444, .show = tp_show_empty),
	TP_FILE("offline", 0444, .show = tp_show_empty),
	TP_FILE("online", 0444, .show = show_all),
	TP_FILE("possible", 0444, .show = show_all),
	TP_FILE("present", 0444, .show = show_all),
	TP_ENTRIES_END,
};
