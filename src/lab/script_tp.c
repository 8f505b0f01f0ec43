/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_tp - the functions of the table "tp", and faults.
 */
#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/clock.h"
#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/units.h"

enum { MAX_SITES = 256, SLEEP_SLICE_MS = 10 };

static int tp_sleep(lua_State *L)
{
	uint64_t ns = tp_option_duration(L, 1, "tp.sleep", "the time");
	uint64_t until = tp_clock_after(ns), now;

	tp_script_of(L)->instructions = 0;
	while ((now = tp_clock_now()) < until) {
		tp_script_stop_if_over(L);
		tp_sleep_ns(TP_MIN(until - now, TP_MILLISECONDS(SLEEP_SLICE_MS)));
	}
	return 0;
}

static int tp_size(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)tp_option_size(L, 1, "tp.size", "it"));
	return 1;
}

static int tp_human(lua_State *L)
{
	char text[TP_UNIT_TEXT];

	tp_size_format(text, (uint64_t)luaL_checkinteger(L, 1));
	lua_pushstring(L, text);
	return 1;
}

static int tp_seed(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)tp_script_of(L)->run->config.seed);
	return 1;
}

void tp_script_open_tp(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "sleep", tp_sleep }, { "size", tp_size }, { "human", tp_human },
		{ "seed", tp_seed },   { NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
	lua_getglobal(L, "print");
	lua_setfield(L, -2, "log");
	lua_pushcfunction(L, tp_script_machine_new);
	lua_setfield(L, -2, "machine");
}

/* ---- tp.fault -------------------------------------------------------------------------------- */

static int fault_arm(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	lua_Integer nth = luaL_optinteger(L, 2, 1), times = luaL_optinteger(L, 3, 1);

	luaL_argcheck(L, nth > 0, 2, "hits count from 1");
	luaL_argcheck(L, times > 0, 3, "at least once");
	if (tp_fault_arm(name, (uint64_t)nth, (uint64_t)times))
		return luaL_error(L,
				  "tp.fault.arm: no fault site is called \"%s\"; "
				  "\"tidepool faults\" lists them",
				  name);
	return 0;
}

static int fault_reset(lua_State *L)
{
	(void)L;
	tp_fault_reset();
	return 0;
}

static int fault_list(lua_State *L)
{
	struct tp_fault_info sites[MAX_SITES];
	size_t nr = tp_fault_list(sites, MAX_SITES);

	lua_newtable(L);
	for (size_t i = 0; i < TP_MIN(nr, (size_t)MAX_SITES); i++) {
		lua_newtable(L);
		tp_script_set_string(L, "name", sites[i].name);
		tp_script_set_integer(L, "hits", sites[i].hits);
		tp_script_set_integer(L, "injected", sites[i].injected);
		lua_seti(L, -2, (lua_Integer)i + 1);
	}
	return 1;
}

void tp_script_open_fault(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "arm", fault_arm },
		{ "reset", fault_reset },
		{ "list", fault_list },
		{ NULL, NULL },
	};

	lua_newtable(L);
	luaL_setfuncs(L, functions, 0);
	lua_setfield(L, -2, "fault");
}
