/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sandbox - what of Lua's own library a scenario may use.
 *
 * No files, no code from elsewhere, no clock, no random numbers; and nothing that shows an address
 * or the order of a hash (L5): no pairs(), and tables have no text of their own.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "simlua/simlua.h"

/* Longer ones Lua may sort by a pivot that it takes from the clock. */
enum { MAX_SORTED = 100 };

static void forget(lua_State *L, const char *table, const char *const *names)
{
	lua_getglobal(L, table);
	for (; *names; names++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *names);
	}
	lua_pop(L, 1);
}

static int script_assert(lua_State *L)
{
	luaL_checkany(L, 1);
	if (lua_toboolean(L, 1))
		return lua_gettop(L);
	return luaL_error(L, "%s", lua_isnoneornil(L, 2) ? tp_lua_line_text(L) : tp_lua_text(L, 2));
}

static int script_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	tp_lua_text(L, 1);
	return 1;
}

static int script_pairs(lua_State *L)
{
	return luaL_error(L, "pairs: no order is the same in every process; use ipairs(), or "
			     "name the keys");
}

static bool wants_address(const char *format)
{
	for (; (format = strchr(format, '%')); format++) {
		format += strspn(format + 1, "-+ #0123456789.") + 1;
		if (!*format || *format == 'p')
			return *format;
	}
	return false;
}

/* Upvalue: Lua's own. */
static int script_format(lua_State *L)
{
	int nr = lua_gettop(L);

	luaL_argcheck(L, !wants_address(luaL_checkstring(L, 1)), 1,
		      "addresses differ between runs");
	for (int i = 2; i <= nr; i++) {
		if (lua_type(L, i) <= LUA_TSTRING && lua_type(L, i) != LUA_TLIGHTUSERDATA)
			continue;
		tp_lua_text(L, i);
		lua_replace(L, i);
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, nr, 1);
	return 1;
}

/* Upvalue: Lua's own. */
static int script_sort(lua_State *L)
{
	luaL_argcheck(L, luaL_len(L, 1) <= MAX_SORTED, 1, "too long to be sorted");
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 0);
	return 0;
}

static void wrap(lua_State *L, const char *table, const char *name, lua_CFunction function)
{
	lua_getglobal(L, table);
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, function, 1);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

void tp_lua_open_sandbox(lua_State *L)
{
	static const luaL_Reg libraries[] = {
		{ LUA_GNAME, luaopen_base },	    { LUA_TABLIBNAME, luaopen_table },
		{ LUA_STRLIBNAME, luaopen_string }, { LUA_MATHLIBNAME, luaopen_math },
		{ LUA_UTF8LIBNAME, luaopen_utf8 },
	};
	static const char *const base[] = { "_G",	"collectgarbage", "dofile", "load",
					    "loadfile", "next",		  "warn",   NULL };
	static const char *const string[] = { "dump", NULL };
	static const char *const math[] = { "random", "randomseed", NULL };
	static const luaL_Reg replaced[] = {
		{ "assert", script_assert },
		{ "pairs", script_pairs },
		{ "tostring", script_tostring },
		{ NULL, NULL },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(libraries); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
		lua_pop(L, 1);
	}
	forget(L, LUA_STRLIBNAME, string);
	forget(L, LUA_MATHLIBNAME, math);
	wrap(L, LUA_STRLIBNAME, "format", script_format);
	wrap(L, LUA_TABLIBNAME, "sort", script_sort);
	lua_pushglobaltable(L);
	luaL_setfuncs(L, replaced, 0);
	lua_pop(L, 1);
	forget(L, LUA_GNAME, base);
}
