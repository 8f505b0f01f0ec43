/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * local - the script's locals that its tasks can reach.
 *
 * They are walked once, through functions that functions use: what tasks share gets the name of the
 * local it is in, for stories; and no local that two tasks reach may change in a run, for the
 * explorer would not see it.
 */
#include <lauxlib.h>
#include <stdio.h>

#include "simlua/simlua.h"

enum { MAX_LOCALS = 256 };

struct local {
	const void *id;	     /* Lua's, the same in all functions that use it */
	int function, index; /* one of them (reference), and its place there */
	int value;	     /* reference; what it was before all runs */
	uint32_t tasks;	     /* that reach it */
};

static struct local locals[MAX_LOCALS];
static unsigned nr_locals;

/* ---- names ----------------------------------------------------------------------------------- */

/* What is in a table is called "name[1]" or "name.key". */
static void name_elements(lua_State *L, const char *name)
{
	char text[TP_LUA_NAME];

	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		if (lua_isinteger(L, -2))
			snprintf(text, sizeof(text), "%s[%d]", name, (int)lua_tointeger(L, -2));
		else if (lua_type(L, -2) == LUA_TSTRING)
			snprintf(text, sizeof(text), "%s.%s", name, lua_tostring(L, -2));
		else
			continue;
		tp_lua_name_shared(L, -1, text);
	}
}

static void name_value(lua_State *L, const char *name)
{
	if (lua_istable(L, -1))
		name_elements(L, name);
	else
		tp_lua_name_shared(L, -1, name);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static void walk(lua_State *L, unsigned task);

/* Place @index of the function below its value on top of the stack.  Takes the value off. */
static void reach(lua_State *L, const char *name, int index, unsigned task)
{
	const void *id = lua_upvalueid(L, -2, index);
	struct local *local = locals;

	while (local < locals + nr_locals && local->id != id)
		local++;
	if (local == locals + MAX_LOCALS)
		luaL_error(L, "tasks reach more than %d locals", MAX_LOCALS);
	if (local == locals + nr_locals) {
		nr_locals++;
		*local = (struct local){ .id = id, .index = index };
		lua_pushvalue(L, -2);
		local->function = luaL_ref(L, LUA_REGISTRYINDEX);
		lua_pushvalue(L, -1);
		local->value = luaL_ref(L, LUA_REGISTRYINDEX);
		name_value(L, name);
	}
	if (!(local->tasks >> task & 1)) {
		local->tasks |= 1u << task;
		if (lua_isfunction(L, -1))
			walk(L, task);
	}
	lua_pop(L, 1);
}

/* The function on top of the stack. */
static void walk(lua_State *L, unsigned task)
{
	const char *name;

	luaL_checkstack(L, 8, "functions that use functions");
	if (lua_iscfunction(L, -1))
		return;
	for (int i = 1; (name = lua_getupvalue(L, -1, i)); i++)
		reach(L, name, i, task);
}

void tp_lua_find_locals(void)
{
	lua_State *L = tp_lua.L;

	nr_locals = 0;
	for (unsigned i = 0; i < tp_lua.nr_tasks; i++) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, tp_lua.tasks[i].function);
		walk(L, i);
		lua_pop(L, 1);
	}
}

/* ---- after a run ----------------------------------------------------------------------------- */

static void check_local(lua_State *L, const struct local *local)
{
	const char *name;

	lua_rawgeti(L, LUA_REGISTRYINDEX, local->function);
	name = lua_getupvalue(L, -1, local->index);
	lua_rawgeti(L, LUA_REGISTRYINDEX, local->value);
	if (!lua_rawequal(L, -1, -2))
		tp_sim_fail(NULL,
			    "%s: the local \"%s\", which tasks share, was changed, and nobody saw "
			    "when: use tp.atomic(), under a lock too",
			    tp_lua.script->file, name);
	lua_pop(L, 3);
}

void tp_lua_check_locals(void)
{
	for (unsigned i = 0; i < nr_locals; i++)
		if (!tp_is_power_of_two(locals[i].tasks))
			check_local(tp_lua.L, &locals[i]);
}
