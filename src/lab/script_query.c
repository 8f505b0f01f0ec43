/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_query - what a script can ask of a machine without changing it.
 */
#include <lauxlib.h>

#include <tidepool/numa.h>

#include "lab/script_api.h"
#include "lab/script_option.h"

int tp_script_machine_nodes(lua_State *L)
{
	static const char *const states[] = { "possible", "online", "normal_memory",
					      "memory",	  "cpu",    NULL };
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	int state = tp_option_choice(L, 2, "nodes", "the state", states);

	tp_script_push_nodes(L, tp_node_states(lm->machine, (enum tp_node_state)state));
	return 1;
}

static int node_argument(lua_State *L, int index, struct tp_lab_machine *lm)
{
	lua_Integer node = luaL_checkinteger(L, index);

	luaL_argcheck(L, node >= 0 && node < tp_machine_nr_nodes(lm->machine), index,
		      "no such node");
	return (int)node;
}

int tp_script_machine_zone(lua_State *L)
{
	static const char *const zones[] = { "DMA", "DMA32", "Normal", "Movable", "Device", NULL };
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	int node = node_argument(L, 2, lm);
	int zone = tp_option_choice(L, 3, "zone", "its type", zones);
	struct tp_zone_stat stat;

	if (tp_zone_stat(lm->machine, node, (enum tp_zone_type)zone, &stat))
		return luaL_error(L, "node %d has no such zone", node);
	lua_newtable(L);
	tp_script_set_integer(L, "start", stat.start_pfn);
	tp_script_set_integer(L, "spanned", stat.spanned);
	tp_script_set_integer(L, "present", stat.present);
	tp_script_set_integer(L, "managed", stat.managed);
	tp_script_set_integer(L, "free", stat.free);
	tp_script_set_integer(L, "isolated_free", stat.isolated_free);
	tp_script_set_integer(L, "pcp", stat.pcp);
	tp_script_set_integer(L, "min", stat.watermark[0]);
	tp_script_set_integer(L, "low", stat.watermark[1]);
	tp_script_set_integer(L, "high", stat.watermark[2]);
	return 1;
}

int tp_script_machine_stat(lua_State *L)
{
	struct tp_machine *machine = tp_script_machine(L, 1)->machine;
	struct tp_machine_stat stat;

	tp_machine_stat(machine, &stat);
	lua_newtable(L);
	tp_script_set_integer(L, "backing", stat.backing_bytes);
	tp_script_set_integer(L, "resident", stat.resident_bytes);
	tp_script_set_integer(L, "metadata", stat.metadata_bytes);
	tp_script_set_integer(L, "mappings", stat.mappings_used);
	tp_script_set_integer(L, "mappings_budget", stat.mappings_budget);
	tp_script_set_integer(L, "migrated", stat.pages_migrated);
	tp_script_set_integer(L, "migrate_failures", stat.migrate_failures);
	tp_script_set_integer(L, "demoted", stat.pages_demoted);
	tp_script_set_integer(L, "compacted", stat.blocks_compacted);
	tp_script_set_integer(L, "worst_hold_ns", stat.worst_hold_ns);
	tp_script_set_string(L, "backing_kind", tp_machine_backing(machine));
	tp_script_set_string(L, "hold_kind", tp_machine_hold(machine));
	tp_script_set_string(L, "percpu_kind", tp_machine_percpu(machine));
	return 1;
}

int tp_script_machine_tiers(lua_State *L)
{
	struct tp_tier_info tiers[TP_MAX_NODES];
	unsigned nr = tp_tiers(tp_script_machine(L, 1)->machine, tiers, TP_MAX_NODES);

	lua_newtable(L);
	for (unsigned i = 0; i < nr; i++) {
		lua_newtable(L);
		tp_script_set_integer(L, "id", tiers[i].id);
		tp_script_push_nodes(L, tiers[i].nodes);
		lua_setfield(L, -2, "nodes");
		lua_seti(L, -2, i + 1);
	}
	return 1;
}

int tp_script_machine_demotion(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	int node = node_argument(L, 2, lm);
	tp_nodemask preferred = TP_NODES_NONE, allowed = TP_NODES_NONE;

	if (tp_demotion_targets(lm->machine, node, &preferred, &allowed))
		return luaL_error(L, "node %d has no demotion targets", node);
	lua_newtable(L);
	tp_script_push_nodes(L, preferred);
	lua_setfield(L, -2, "preferred");
	tp_script_push_nodes(L, allowed);
	lua_setfield(L, -2, "allowed");
	return 1;
}

int tp_script_machine_distance(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	int from = node_argument(L, 2, lm), to = node_argument(L, 3, lm);

	lua_pushinteger(L, tp_node_distance(lm->machine, from, to));
	return 1;
}
