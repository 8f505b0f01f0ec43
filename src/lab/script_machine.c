/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_machine - tp.machine{...}, and the life of a machine's handle.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lab/hmat.h"
#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/units.h"

static const char machine_type[] = "tidepool.machine";

struct machine_handle {
	struct tp_lab_machine *lm;
};

struct machine_options {
	uint64_t block_size, hotplug_size, dma_size, dma32_size;
	int backing, hold, auto_rule;
	int64_t auto_ratio;
};

struct node_options {
	uint64_t dram;
	int64_t cpus, latency_ns, bandwidth_mbps;
	bool movable;
};

struct create_action {
	struct tp_action action;
	struct tp_machine_config config;
};

static const char *const backings[] = { "auto", "huge", "small", NULL };
static const char *const holds[] = { "auto", "userfaultfd", "user-mode", "mprotect", NULL };
static const char *const auto_rules[] = { "contig-zones", "auto-movable", NULL };

#define FIELD(field) offsetof(struct machine_options, field)

static const struct tp_option machine_options[] = {
	TP_OPTION("nodes", TABLE, 0),
	TP_OPTION("distance", TABLE, 0),
	TP_OPTION("block_size", SIZE, FIELD(block_size)),
	TP_OPTION("hotplug_size", SIZE, FIELD(hotplug_size)),
	TP_OPTION("dma_size", SIZE, FIELD(dma_size)),
	TP_OPTION("dma32_size", SIZE, FIELD(dma32_size)),
	TP_OPTION("backing", CHOICE, FIELD(backing), .choices = backings),
	TP_OPTION("hold", CHOICE, FIELD(hold), .choices = holds),
	TP_OPTION("auto_rule", CHOICE, FIELD(auto_rule), .choices = auto_rules),
	TP_OPTION("auto_ratio", NUMBER, FIELD(auto_ratio), .min = 1, .max = 100000),
	TP_OPTIONS_END,
};

#undef FIELD
#define FIELD(field) offsetof(struct node_options, field)

static const struct tp_option node_options[] = {
	TP_OPTION("dram", SIZE, FIELD(dram)),
	TP_OPTION("cpus", NUMBER, FIELD(cpus), .max = 256),
	TP_OPTION("movable", FLAG, FIELD(movable)),
	TP_OPTION("latency_ns", NUMBER, FIELD(latency_ns), .min = 1, .max = 1000000),
	TP_OPTION("bandwidth_mbps", NUMBER, FIELD(bandwidth_mbps), .min = 1, .max = 100000000),
	TP_OPTIONS_END,
};

#undef FIELD

/* The list of nodes is on top of the stack. */
static void read_nodes(lua_State *L, struct tp_machine_config *config)
{
	lua_Integer nr = luaL_len(L, -1);
	char what[32];

	if (nr < 1 || nr > TP_MAX_NODES)
		luaL_error(L, "machine: nodes must list 1 to %d nodes, not %d", TP_MAX_NODES,
			   (int)nr);
	config->nr_nodes = (unsigned)nr;
	for (lua_Integer i = 0; i < nr; i++) {
		struct node_options options = { 0 };

		snprintf(what, sizeof(what), "machine: node %d", (int)i);
		lua_geti(L, -1, i + 1);
		tp_options_read(L, -1, what, node_options, &options);
		lua_pop(L, 1);
		config->nodes[i] = (struct tp_node_config){
			.dram = options.dram,
			.cpus = (unsigned)options.cpus,
			.movable = options.movable,
			.latency_ns = (unsigned)options.latency_ns,
			.bandwidth_mbps = (unsigned)options.bandwidth_mbps,
		};
	}
}

/* Row @from of the matrix is on top of the stack. */
static void read_distance_row(lua_State *L, unsigned nr, unsigned *row)
{
	for (unsigned to = 0; to < nr; to++) {
		int ok;

		lua_geti(L, -1, to + 1);
		row[to] = (unsigned)lua_tointegerx(L, -1, &ok);
		if (!ok)
			luaL_error(L, "machine: distance must be %d rows of %d numbers", (int)nr,
				   (int)nr);
		lua_pop(L, 1);
	}
}

static void read_distances(lua_State *L, unsigned nr, unsigned *distance)
{
	for (unsigned from = 0; from < nr; from++) {
		if (lua_geti(L, -1, from + 1) != LUA_TTABLE || luaL_len(L, -1) != nr)
			luaL_error(L, "machine: distance must be %d rows of %d numbers", (int)nr,
				   (int)nr);
		read_distance_row(L, nr, distance + from * nr);
		lua_pop(L, 1);
	}
}

static void read_config(lua_State *L, struct tp_machine_config *config, unsigned *distance)
{
	struct machine_options options = { 0 };

	tp_options_read(L, 1, "machine", machine_options, &options);
	*config = (struct tp_machine_config){
		.block_size = options.block_size,
		.hotplug_size = options.hotplug_size,
		.dma_size = options.dma_size,
		.dma32_size = options.dma32_size,
		.backing = (enum tp_backing_kind)options.backing,
		.hold = (enum tp_hold_kind)options.hold,
		.auto_rule = (enum tp_auto_rule)options.auto_rule,
		.auto_movable_ratio = (unsigned)options.auto_ratio,
		.uevents = true,
	};
	if (lua_isnoneornil(L, 1))
		return;
	if (lua_getfield(L, 1, "nodes") != LUA_TNIL)
		read_nodes(L, config);
	if (lua_getfield(L, 1, "distance") != LUA_TNIL) {
		if (!config->nr_nodes)
			luaL_error(L, "machine: distance needs nodes");
		read_distances(L, config->nr_nodes, distance);
		config->distance = distance;
	}
	lua_pop(L, 2);
}

static int create(struct tp_action *action)
{
	struct create_action *create = tp_container_of(action, struct create_action, action);

	return tp_lab_machine_create(action->run, &create->config, &action->lm);
}

static void describe(struct create_action *create)
{
	const struct tp_machine_config *config = &create->config;
	uint64_t dram = 0;
	char size[TP_UNIT_TEXT];

	for (unsigned i = 0; i < config->nr_nodes; i++)
		dram += config->nodes[i].dram;
	snprintf(create->action.object, sizeof(create->action.object), "%u",
		 create->action.run->nr_machines + 1);
	if (config->nr_nodes)
		snprintf(create->action.detail, sizeof(create->action.detail), "%u node%s, %s",
			 config->nr_nodes, config->nr_nodes > 1 ? "s" : "",
			 tp_size_format(size, dram));
}

int tp_script_machine_new(lua_State *L)
{
	unsigned distance[TP_MAX_NODES * TP_MAX_NODES];
	struct create_action create_it = { .action = tp_script_action(L, NULL, "machine", create) };
	struct machine_handle *handle;
	const struct tp_step *step;
	char text[TP_RUN_TEXT];

	read_config(L, &create_it.config, distance);
	describe(&create_it);
	handle = tp_script_new_handle(L, machine_type, sizeof(*handle), 0);
	if (!tp_script_act(L, &create_it.action)) {
		handle->lm = create_it.action.lm;
		return 1;
	}
	step = create_it.action.step;
	tp_step_describe_error(step, text, sizeof(text));
	if (step->injected)
		return luaL_error(L, "%s", text);
	return tp_script_lacks(L, "%s", text);
}

struct tp_lab_machine *tp_script_machine(lua_State *L, int index)
{
	struct machine_handle *handle = luaL_checkudata(L, index, machine_type);

	if (!handle->lm || !handle->lm->machine)
		luaL_error(L, "this machine is closed");
	return handle->lm;
}

static int close_action(struct tp_action *action)
{
	tp_lab_machine_close(action->lm);
	return 0;
}

static int machine_close(lua_State *L)
{
	struct machine_handle *handle = luaL_checkudata(L, 1, machine_type);
	struct tp_action action = tp_script_action(L, handle->lm, "close", close_action);

	action.only_looks = true; /* nobody may be inside */
	if (!handle->lm || !handle->lm->machine)
		return 0;
	snprintf(action.object, sizeof(action.object), "%u", handle->lm->number);
	tp_script_act(L, &action);
	return 0;
}

/*
 * No step, and no error to raise: nobody holds the machine any more.  The run ends what is left,
 * and what its host still shows.
 */
static int machine_collect(lua_State *L)
{
	struct machine_handle *handle = luaL_checkudata(L, 1, machine_type);

	if (handle->lm && !handle->lm->hosted && !tp_run_is_over(handle->lm->run))
		tp_lab_machine_close(handle->lm);
	handle->lm = NULL;
	return 0;
}

static int check_action(struct tp_action *action)
{
	return tp_lab_machine_check(action->lm) ? 0 : -EBUSY;
}

/* Every step checks by itself; this is for a run without, or after waiting. */
static int machine_check(lua_State *L)
{
	struct tp_action action =
		tp_script_action(L, tp_script_machine(L, 1), "check", check_action);

	action.only_looks = true;
	return tp_script_do(L, &action);
}

struct hmat_action {
	struct tp_action action;
	struct tp_hmat_options options;
};

static int hmat(struct tp_action *action)
{
	struct hmat_action *hmat = tp_container_of(action, struct hmat_action, action);

	return tp_hmat_apply(action->lm->machine, &hmat->options);
}

/* m:hmat{...}: what firmware says of a node, before or after its memory is there */
static int machine_hmat(lua_State *L)
{
	struct hmat_action it = {
		.action = tp_script_action(L, tp_script_machine(L, 1), "hmat", hmat),
		.options = TP_HMAT_OPTIONS_INIT,
	};

	tp_options_read(L, 2, "hmat", tp_hmat_options, &it.options);
	snprintf(it.action.detail, sizeof(it.action.detail), "node %d: %d ns, %d MiB/s",
		 (int)it.options.node, (int)it.options.latency_ns, (int)it.options.bandwidth_mbps);
	return tp_script_do(L, &it.action);
}

static int machine_tostring(lua_State *L)
{
	struct machine_handle *handle = luaL_checkudata(L, 1, machine_type);

	lua_pushfstring(L, "machine %d", handle->lm ? (int)handle->lm->number : 0);
	return 1;
}

void tp_script_open_machine(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "plug", tp_script_machine_plug },
		{ "device", tp_script_machine_device },
		{ "devices", tp_script_machine_devices },
		{ "block", tp_script_machine_block },
		{ "online", tp_script_machine_online },
		{ "offline", tp_script_machine_offline },
		{ "load", tp_script_machine_load },
		{ "pin", tp_script_machine_pin },
		{ "veto", tp_script_machine_veto },
		{ "nic", tp_script_machine_nic },
		{ "wire", tp_script_machine_wire },
		{ "traffic", tp_script_machine_traffic },
		{ "serve", tp_script_machine_serve },
		{ "gpu", tp_script_machine_gpu },
		{ "gpu_work", tp_script_machine_gpu_work },
		{ "nodes", tp_script_machine_nodes },
		{ "zone", tp_script_machine_zone },
		{ "stat", tp_script_machine_stat },
		{ "tiers", tp_script_machine_tiers },
		{ "demotion", tp_script_machine_demotion },
		{ "distance", tp_script_machine_distance },
		{ "hmat", machine_hmat },
		{ "check", machine_check },
		{ "close", machine_close },
		{ NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__gc", machine_collect },
		{ "__close", machine_close },
		{ "__tostring", machine_tostring },
		{ NULL, NULL },
	};

	tp_script_new_type(L, machine_type, methods, meta);
}
