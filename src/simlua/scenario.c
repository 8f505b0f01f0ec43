/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario - tp.scenario { ... } and its methods: what a script declares. */
#include <lauxlib.h>
#include <string.h>

#include "simlua/option.h"
#include "simlua/simlua.h"

static const char scenario_type[] = "tidepool.scenario";

static int scenario_new(lua_State *L)
{
	static const char *const memories[] = { "sc", "c11", NULL };
	struct tp_lua_options o = tp_lua_options_begin(L, 1, "tp.scenario");
	struct tp_scenario *s = &tp_lua.scenario;

	if (!tp_lua.declaring || s->name)
		return luaL_error(L, "tp.scenario: once, and outside functions");
	s->name = tp_lua_option_text(&o, "name");
	if (!s->name)
		return luaL_error(L, "tp.scenario: it needs a name");
	s->summary = tp_lua_option_text(&o, "summary");
	s->memory = (enum tp_memory_model)tp_lua_option_choice(&o, "memory", memories, 0);
	s->faults = (unsigned)tp_lua_option_number(&o, "faults", 0, 255, 0);
	s->timers = (unsigned)tp_lua_option_number(&o, "timers", 0, 255, 0);
	s->max_steps = (unsigned)tp_lua_option_number(&o, "max_steps", 1, INT32_MAX, 0);
	s->cpus = (unsigned)tp_lua_option_number(&o, "cpus", 1, TP_SIM_MAX_TASKS, 0);
	s->threads = tp_lua_option_flag(&o, "threads");
	tp_lua_options_end(&o);
	tp_lua_handle(L, scenario_type, 1);
	return 1;
}

static void check_declaring(lua_State *L, const char *what)
{
	luaL_checkudata(L, 1, scenario_type);
	if (!tp_lua.declaring)
		luaL_error(L, "%s: outside functions only", what);
}

static int scenario_machine(lua_State *L)
{
	check_declaring(L, "machine");
	if (tp_lua.has_machine)
		return luaL_error(L, "machine: a scenario has one");
	tp_lua_read_machine(L, 2, &tp_lua.machine);
	tp_lua.has_machine = true;
	return 0;
}

/* Remember the function at @index. */
static int refer(lua_State *L, int index)
{
	luaL_checktype(L, index, LUA_TFUNCTION);
	lua_pushvalue(L, index);
	return luaL_ref(L, LUA_REGISTRYINDEX);
}

static int scenario_prepare(lua_State *L)
{
	check_declaring(L, "prepare");
	tp_lua.prepare = refer(L, 2);
	return 0;
}

static int scenario_check(lua_State *L)
{
	check_declaring(L, "check");
	tp_lua.check = refer(L, 2);
	return 0;
}

static int scenario_task(lua_State *L)
{
	struct tp_lua_task *task = &tp_lua.tasks[tp_lua.nr_tasks];

	check_declaring(L, "task");
	if (tp_lua.nr_tasks == TP_SIM_MAX_TASKS)
		return luaL_error(L, "task: a scenario has at most %d", TP_SIM_MAX_TASKS);
	*task = (struct tp_lua_task){ .name = luaL_checkstring(L, 2), .function = refer(L, 3) };
	luaL_argcheck(L, *task->name && strlen(task->name) < TP_SIM_NAME, 2,
		      "a name of 1 to 15 bytes");
	tp_lua.nr_tasks++;
	return 0;
}

static int scenario_tostring(lua_State *L)
{
	lua_pushstring(L, tp_lua.scenario.name);
	return 1;
}

void tp_lua_open_scenario(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "machine", scenario_machine },
		{ "prepare", scenario_prepare },
		{ "task", scenario_task },
		{ "check", scenario_check },
		{ NULL, NULL },
	};

	tp_lua_new_type(L, scenario_type, methods, scenario_tostring);
	lua_pushcfunction(L, scenario_new);
	lua_setfield(L, -2, "scenario");
}
