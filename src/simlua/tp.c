/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tp - the functions of the table "tp": faults, choices, notes, findings, time. */
#include <lauxlib.h>
#include <string.h>

#include "sim/run.h"
#include "simlua/simlua.h"

static void check_in_task(lua_State *L, const char *what)
{
	if (!tp_lua_in_task())
		luaL_error(L, "%s: only a task can do this", what);
}

/* The engine keeps a site's name until the search ends, longer than Lua does. */
static const char *site_name(lua_State *L, const char *given)
{
	static char names[TP_EXPLORE_SITES][TP_SITE_NAME];
	unsigned i = 0;

	while (i < TP_EXPLORE_SITES && names[i][0] &&
	       strncmp(names[i], given, TP_SITE_NAME - 1) != 0)
		i++;
	luaL_argcheck(L, i < TP_EXPLORE_SITES, 1, "too many fault sites");
	if (!names[i][0])
		strncat(names[i], given, TP_SITE_NAME - 1);
	return names[i];
}

static int tp_fault(lua_State *L)
{
	lua_pushboolean(L, tp_sim_fault(site_name(L, luaL_checkstring(L, 1))));
	return 1;
}

static int tp_choose(lua_State *L)
{
	const char *what = luaL_checkstring(L, 1);
	lua_Integer n = luaL_checkinteger(L, 2);

	luaL_argcheck(L, n >= 1 && n <= 255, 2, "1 to 255 ways");
	lua_pushinteger(L, tp_sim_choose(what, (unsigned)n));
	return 1;
}

static int tp_note(lua_State *L)
{
	int nr = lua_gettop(L);
	luaL_Buffer b;

	if (!tp_run.recording)
		return 0;
	luaL_buffinit(L, &b);
	for (int i = 1; i <= nr; i++) {
		luaL_addstring(&b, i > 1 ? " " : "");
		tp_lua_text(L, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
	tp_sim_note("%s", lua_tostring(L, -1));
	return 0;
}

/* As assert(), but no pcall() goes on after it. */
static int tp_expect(lua_State *L)
{
	luaL_checkany(L, 1);
	if (!lua_toboolean(L, 1))
		tp_lua_fail(L, "%s",
			    lua_isnoneornil(L, 2) ? tp_lua_line_text(L) : tp_lua_text(L, 2));
	return 0;
}

static int tp_relax(lua_State *L)
{
	check_in_task(L, "tp.relax");
	tp_sim_relax_at(tp_lua_where(L, "relax"));
	return 0;
}

static int tp_now(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)tp_sim_now());
	return 1;
}

static int tp_sleep(lua_State *L)
{
	lua_Integer ns = luaL_checkinteger(L, 1);

	luaL_argcheck(L, ns >= 0, 1, "a time in nanoseconds");
	check_in_task(L, "tp.sleep");
	tp_lua.ticks[tp_sim_self()] = 0;
	tp_sim_sleep((uint64_t)ns);
	return 0;
}

void tp_lua_open_tp(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "fault", tp_fault },	 { "choose", tp_choose }, { "note", tp_note },
		{ "expect", tp_expect }, { "relax", tp_relax },	  { "now", tp_now },
		{ "sleep", tp_sleep },	 { NULL, NULL },
	};
	static const struct {
		const char *name;
		lua_Integer ns;
	} units[] = { { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 } };

	luaL_setfuncs(L, functions, 0);
	for (size_t i = 0; i < TP_ARRAY_SIZE(units); i++) {
		lua_pushinteger(L, units[i].ns);
		lua_setfield(L, -2, units[i].name);
	}
	lua_pushcfunction(L, tp_note);
	lua_setglobal(L, "print");
}
