/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine - the machine of a scenario, as its functions get it. */
#include "simlua/machine.h"

#include <lauxlib.h>
#include <stdio.h>

#include <tidepool/error.h>

#include "simlua/option.h"

static const char machine_type[] = "tidepool.machine";

static const char *const zones[] = { "DMA", "DMA32", "Normal", "Movable", "Device", NULL };

/* ---- what it is made of ---------------------------------------------------------------------- */

/* The list of nodes is on top of the stack. */
static void read_nodes(lua_State *L, struct tp_machine_config *config)
{
	lua_Integer nr = luaL_len(L, -1);

	if (nr < 1 || nr > TP_MAX_NODES)
		luaL_error(L, "machine: nodes must list 1 to %d nodes", TP_MAX_NODES);
	config->nr_nodes = (unsigned)nr;
	for (lua_Integer i = 0; i < nr; i++) {
		struct tp_node_config *node = &config->nodes[i];
		struct tp_lua_options o;

		lua_geti(L, -1, i + 1);
		o = tp_lua_options_begin(L, -1, "machine: a node");
		node->dram = config->block_size *
			     (uint64_t)tp_lua_option_number(&o, "dram", 0, TP_LUA_MAX_BLOCKS, 0);
		node->cpus = (unsigned)tp_lua_option_number(&o, "cpus", 0, TP_SIM_MAX_TASKS, 0);
		node->movable = tp_lua_option_flag(&o, "movable");
		tp_lua_options_end(&o);
		lua_pop(L, 1);
	}
}

void tp_lua_read_machine(lua_State *L, int index, struct tp_machine_config *config)
{
	struct tp_lua_options o = tp_lua_options_begin(L, index, "machine");
	uint64_t pageblocks = (uint64_t)tp_lua_option_number(&o, "pageblocks", 1, 64, 2);

	if (!tp_is_power_of_two(pageblocks))
		luaL_error(L, "machine: pageblocks in a block must be a power of two");
	config->block_size = pageblocks * TP_PAGEBLOCK_SIZE;
	config->hotplug_size = config->block_size * (uint64_t)tp_lua_option_number(
							    &o, "hotplug", 1, TP_LUA_MAX_BLOCKS, 4);
	if (!tp_lua_option_table(&o, "nodes"))
		luaL_error(L, "machine: option \"nodes\" is missing");
	read_nodes(L, config);
	tp_lua_options_end(&o);
}

/* ---- the handle ------------------------------------------------------------------------------ */

int tp_lua_library_error(lua_State *L, const char *what)
{
	char text[TP_LUA_TEXT];

	tp_error_format(tp_last_error(), text, sizeof(text));
	return luaL_error(L, "%s: %s", what, text);
}

void tp_lua_push_machine(lua_State *L, const struct tp_machine_config *config)
{
	struct tp_lua_machine *m = tp_lua_handle(L, machine_type, sizeof(*m));

	m->block_size = config->block_size;
	if (tp_machine_create(config, &m->machine))
		tp_lua_library_error(L, "machine");
	m->pages = tp_lua_pages_create(L, m->machine);
}

struct tp_lua_machine *tp_lua_machine(lua_State *L, int index)
{
	return luaL_checkudata(L, index, machine_type);
}

static int machine_tostring(lua_State *L)
{
	lua_pushliteral(L, "machine");
	return 1;
}

/* ---- looking at it --------------------------------------------------------------------------- */

/* In a task others are in the middle of something. */
static int machine_check(lua_State *L)
{
	struct tp_lua_machine *m = tp_lua_machine(L, 1);
	char findings[256] = "";
	FILE *out = fmemopen(findings, sizeof(findings), "w");
	unsigned nr = tp_machine_check(m->machine, !tp_lua_in_task(), out);

	if (out)
		fclose(out);
	if (nr)
		tp_lua_fail(L, "the machine is not sound: %s", findings);
	tp_lua_pages_check(L, m->pages);
	return 0;
}

static void set_integer(lua_State *L, const char *name, uint64_t value)
{
	lua_pushinteger(L, (lua_Integer)value);
	lua_setfield(L, -2, name);
}

static int machine_zone(lua_State *L)
{
	struct tp_lua_machine *m = tp_lua_machine(L, 1);
	int node = (int)luaL_checkinteger(L, 2);
	enum tp_zone_type zone = (enum tp_zone_type)luaL_checkoption(L, 3, NULL, zones);
	struct tp_zone_stat stat;

	if (tp_zone_stat(m->machine, node, zone, &stat))
		return luaL_error(L, "zone: there is no node %d", node);
	lua_newtable(L);
	set_integer(L, "present", stat.present);
	set_integer(L, "managed", stat.managed);
	set_integer(L, "free", stat.free);
	set_integer(L, "isolated", stat.isolated_free);
	set_integer(L, "pcp", stat.pcp);
	return 1;
}

void tp_lua_open_machine(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "plug", tp_lua_machine_plug },     { "page", tp_lua_machine_page },
		{ "online", tp_lua_machine_online }, { "offline", tp_lua_machine_offline },
		{ "block", tp_lua_machine_block },   { "zone", machine_zone },
		{ "check", machine_check },	     { NULL, NULL },
	};

	tp_lua_new_type(L, machine_type, methods, machine_tostring);
}
