/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_sandbox - what of Lua's own library a script may use, and the functions that replace some
 * of it.
 *
 * No files, no processes, no loading of code, no debug library.  Random numbers come from the run's
 * seed, and pairs() goes in the order of the keys: two runs with one seed do the same.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "lab/script_api.h"

static void forget(lua_State *L, const char *table, const char *const *names)
{
	lua_getglobal(L, table);
	for (; *names; names++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *names);
	}
	lua_pop(L, 1);
}

/* Remember what the script's own assert() or error() says: that is a finding, no broken script. */
static int raise_assertion(lua_State *L)
{
	struct tp_run *run = tp_script_of(L)->run;

	if (lua_type(L, -1) == LUA_TSTRING)
		snprintf(run->assertion, sizeof(run->assertion), "%s", lua_tostring(L, -1));
	return lua_error(L);
}

static int script_assert(lua_State *L)
{
	luaL_checkany(L, 1);
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	luaL_where(L, 1);
	if (lua_isnoneornil(L, 2))
		lua_pushliteral(L, "assertion failed");
	else
		luaL_tolstring(L, 2, NULL);
	lua_concat(L, 2);
	return raise_assertion(L);
}

static int script_error(lua_State *L)
{
	int level = (int)luaL_optinteger(L, 2, 1);

	lua_settop(L, 1);
	if (lua_type(L, 1) == LUA_TSTRING && level > 0) {
		luaL_where(L, level);
		lua_pushvalue(L, 1);
		lua_concat(L, 2);
	}
	return raise_assertion(L);
}

/* A finalizer would run with the limits switched off. */
static int script_setmetatable(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
	if (lua_istable(L, 2) && lua_getfield(L, 2, "__gc") != LUA_TNIL)
		return luaL_error(L, "setmetatable: __gc is not for scripts");
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	lua_settop(L, 2);
	lua_setmetatable(L, 1);
	return 1;
}

/* Numbers before texts, each by value; what has no order of its own stays behind. */
static int key_rank(lua_State *L, int index)
{
	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
		return 0;
	case LUA_TSTRING:
		return 1;
	default:
		return 2;
	}
}

static int key_less(lua_State *L)
{
	int a = key_rank(L, 1), b = key_rank(L, 2);

	lua_pushboolean(L, a != b ? a < b : a < 2 && lua_compare(L, 1, 2, LUA_OPLT));
	return 1;
}

/* Upvalues: the keys in order, and how many are done. */
static int next_pair(lua_State *L)
{
	lua_Integer n = lua_tointeger(L, lua_upvalueindex(2));

	do {
		lua_settop(L, 1);
		if (lua_geti(L, lua_upvalueindex(1), ++n) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
	} while (lua_gettable(L, 1) == LUA_TNIL);
	lua_pushinteger(L, n);
	lua_replace(L, lua_upvalueindex(2));
	return 2;
}

static void push_sorted_keys(lua_State *L)
{
	lua_Integer n = 0;

	lua_getglobal(L, "table");
	lua_getfield(L, -1, "sort");
	lua_replace(L, -2);
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		lua_seti(L, -4, ++n);
	}
	lua_pushvalue(L, -1);
	lua_insert(L, -3);
	lua_pushcfunction(L, key_less);
	lua_call(L, 2, 0);
}

static int script_pairs(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	push_sorted_keys(L);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next_pair, 2);
	lua_pushvalue(L, 1);
	return 2;
}

/* Everything that is printed, as one text. */
static int script_print(lua_State *L)
{
	const struct tp_observer *observer = tp_script_of(L)->run->config.observer;
	luaL_Buffer b;
	int nr = lua_gettop(L);

	luaL_buffinit(L, &b);
	for (int i = 1; i <= nr; i++) {
		if (i > 1)
			luaL_addchar(&b, ' ');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	if (observer && observer->log)
		observer->log(observer->arg, lua_tostring(L, -1));
	return 0;
}

static const luaL_Reg replaced[] = {
	{ "assert", script_assert },
	{ "error", script_error },
	{ "setmetatable", script_setmetatable },
	{ "pairs", script_pairs },
	{ "print", script_print },
	{ NULL, NULL },
};

static void seed_random(lua_State *L)
{
	lua_getglobal(L, "math");
	lua_getfield(L, -1, "randomseed");
	lua_pushinteger(L, (lua_Integer)tp_script_of(L)->run->config.seed);
	lua_call(L, 1, 0);
	lua_pop(L, 1);
}

void tp_script_sandbox(lua_State *L)
{
	static const luaL_Reg libraries[] = {
		{ LUA_GNAME, luaopen_base },	    { LUA_TABLIBNAME, luaopen_table },
		{ LUA_STRLIBNAME, luaopen_string }, { LUA_MATHLIBNAME, luaopen_math },
		{ LUA_UTF8LIBNAME, luaopen_utf8 },
	};
	static const char *const base[] = { "collectgarbage", "dofile", "load", "loadfile",
					    "next",	      "warn",	NULL };
	static const char *const string[] = { "dump", NULL };
	static const char *const math[] = { "randomseed", NULL };

	for (size_t i = 0; i < TP_ARRAY_SIZE(libraries); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
		lua_pop(L, 1);
	}
	seed_random(L);
	forget(L, LUA_GNAME, base);
	forget(L, LUA_STRLIBNAME, string);
	forget(L, LUA_MATHLIBNAME, math);
	lua_pushglobaltable(L);
	luaL_setfuncs(L, replaced, 0);
	lua_pop(L, 1);
}
