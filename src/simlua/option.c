/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* option - reading named options off a copy of their table. */
#include "simlua/option.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "simlua/simlua.h"

struct tp_lua_options tp_lua_options_begin(lua_State *L, int index, const char *what)
{
	bool given = !lua_isnoneornil(L, index);

	if (given && !lua_istable(L, index))
		luaL_error(L, "%s: takes a table of options, not %s", what,
			   luaL_typename(L, index));
	index = lua_absindex(L, index);
	lua_newtable(L);
	if (given) {
		for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_settable(L, -5);
		}
	}
	return (struct tp_lua_options){ .L = L, .table = lua_gettop(L), .what = what };
}

/* Take it out and leave it on the stack.  False: it was not there. */
static bool take(struct tp_lua_options *o, const char *name)
{
	if (lua_getfield(o->L, o->table, name) == LUA_TNIL) {
		lua_pop(o->L, 1);
		return false;
	}
	lua_pushnil(o->L);
	lua_setfield(o->L, o->table, name);
	return true;
}

static _Noreturn void wrong(struct tp_lua_options *o, const char *name, const char *wanted)
{
	luaL_error(o->L, "%s: %s must be %s, not %s", o->what, name, wanted, tp_lua_text(o->L, -1));
	__builtin_unreachable();
}

int64_t tp_lua_option_number(struct tp_lua_options *o, const char *name, int64_t min, int64_t max,
			     int64_t missing)
{
	char wanted[80];
	int64_t n;

	if (!take(o, name))
		return missing;
	n = lua_tointeger(o->L, -1);
	if (!lua_isinteger(o->L, -1) || n < min || n > max) {
		snprintf(wanted, sizeof(wanted), "a whole number from %" PRId64 " to %" PRId64, min,
			 max);
		wrong(o, name, wanted);
	}
	lua_pop(o->L, 1);
	return n;
}

const char *tp_lua_option_text(struct tp_lua_options *o, const char *name)
{
	const char *text;

	if (!take(o, name))
		return NULL;
	if (lua_type(o->L, -1) != LUA_TSTRING || !*lua_tostring(o->L, -1))
		wrong(o, name, "a text");
	text = lua_tostring(o->L, -1);
	lua_pop(o->L, 1);
	return text;
}

bool tp_lua_option_flag(struct tp_lua_options *o, const char *name)
{
	bool flag;

	if (!take(o, name))
		return false;
	if (!lua_isboolean(o->L, -1))
		wrong(o, name, "true or false");
	flag = lua_toboolean(o->L, -1);
	lua_pop(o->L, 1);
	return flag;
}

static const char *list(lua_State *L, const char *const *choices)
{
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	luaL_addstring(&b, "one of ");
	for (int i = 0; choices[i]; i++) {
		luaL_addstring(&b, i ? ", " : "");
		luaL_addstring(&b, choices[i]);
	}
	luaL_pushresult(&b);
	return lua_tostring(L, -1);
}

int tp_lua_option_choice(struct tp_lua_options *o, const char *name, const char *const *choices,
			 int missing)
{
	const char *text = tp_lua_option_text(o, name);

	if (!text)
		return missing;
	for (int i = 0; choices[i]; i++)
		if (!strcmp(choices[i], text))
			return i;
	return luaL_error(o->L, "%s: %s must be %s, not \"%s\"", o->what, name, list(o->L, choices),
			  text);
}

bool tp_lua_option_table(struct tp_lua_options *o, const char *name)
{
	if (!take(o, name))
		return false;
	if (!lua_istable(o->L, -1))
		wrong(o, name, "a table");
	return true;
}

/* Of several the first by name: what is said shall be the same in every process. */
void tp_lua_options_end(struct tp_lua_options *o)
{
	const char *first = NULL;

	for (lua_pushnil(o->L); lua_next(o->L, o->table); lua_pop(o->L, 1)) {
		const char *name =
			lua_type(o->L, -2) == LUA_TSTRING ? lua_tostring(o->L, -2) : "[...]";

		if (!first || strcmp(name, first) < 0)
			first = name;
	}
	if (first)
		luaL_error(o->L, "%s: unknown option \"%s\"", o->what, first);
	lua_remove(o->L, o->table);
}
