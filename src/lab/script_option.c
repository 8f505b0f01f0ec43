/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_option - read and judge the options a script gives.
 */
#include "lab/script_option.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/types.h>

#include "core/compiler.h"
#include "lab/script_api.h"
#include "lab/units.h"

static _Noreturn void wrong(lua_State *L, const char *what, const char *name, const char *wanted)
{
	luaL_error(L, "%s: %s must be %s, not %s", what, name, wanted,
		   lua_type(L, -1) == LUA_TSTRING
			   ? lua_pushfstring(L, "\"%s\"", lua_tostring(L, -1))
			   : luaL_tolstring(L, -1, NULL));
	__builtin_unreachable();
}

uint64_t tp_option_size(lua_State *L, int index, const char *what, const char *name)
{
	uint64_t bytes = 0;

	lua_pushvalue(L, index);
	if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0)
		bytes = (uint64_t)lua_tointeger(L, -1);
	else if (lua_type(L, -1) != LUA_TSTRING || tp_size_parse(lua_tostring(L, -1), &bytes))
		wrong(L, what, name, "a size such as \"512M\" or \"1.5G\"");
	lua_pop(L, 1);
	return bytes;
}

uint64_t tp_option_duration(lua_State *L, int index, const char *what, const char *name)
{
	uint64_t ns = 0;

	lua_pushvalue(L, index);
	if (lua_type(L, -1) != LUA_TSTRING || tp_duration_parse(lua_tostring(L, -1), &ns))
		wrong(L, what, name, "a duration such as \"100ms\" or \"5s\"");
	lua_pop(L, 1);
	return ns;
}

static void list_names(luaL_Buffer *b, const char *name, bool first)
{
	if (!first)
		luaL_addstring(b, ", ");
	luaL_addstring(b, name);
}

int tp_option_choice(lua_State *L, int index, const char *what, const char *name,
		     const char *const *choices)
{
	luaL_Buffer b;

	lua_pushvalue(L, index);
	for (int i = 0; lua_type(L, -1) == LUA_TSTRING && choices[i]; i++) {
		if (!strcmp(choices[i], lua_tostring(L, -1))) {
			lua_pop(L, 1);
			return i;
		}
	}
	luaL_buffinit(L, &b);
	luaL_addstring(&b, "one of ");
	for (int i = 0; choices[i]; i++)
		list_names(&b, choices[i], i == 0);
	luaL_pushresult(&b);
	lua_insert(L, -2);
	wrong(L, what, name, lua_tostring(L, -2));
}

static int64_t read_number(lua_State *L, const char *what, const struct tp_option *o)
{
	char wanted[80];
	int ok;
	int64_t n = lua_tointegerx(L, -1, &ok);

	if (ok && lua_type(L, -1) == LUA_TNUMBER && n >= o->min && (!o->max || n <= o->max))
		return n;
	if (o->max)
		snprintf(wanted, sizeof(wanted), "a number from %" PRId64 " to %" PRId64, o->min,
			 o->max);
	else
		snprintf(wanted, sizeof(wanted), "a number of at least %" PRId64, o->min);
	wrong(L, what, o->name, wanted);
}

static uint64_t read_size(lua_State *L, const char *what, const struct tp_option *o)
{
	uint64_t bytes = tp_option_size(L, lua_gettop(L), what, o->name);
	char wanted[64], low[TP_UNIT_TEXT], high[TP_UNIT_TEXT];

	if (bytes >= (uint64_t)o->min && (!o->max || bytes <= (uint64_t)o->max))
		return bytes;
	snprintf(wanted, sizeof(wanted), "%s to %s", tp_size_format(low, (uint64_t)o->min),
		 o->max ? tp_size_format(high, (uint64_t)o->max) : "any size");
	wrong(L, what, o->name, wanted);
}

static uint64_t node_bit(lua_State *L, const char *what, const struct tp_option *o)
{
	static const char wanted[] = "a node number or a list of them";
	int ok;
	lua_Integer n = lua_tointegerx(L, -1, &ok);

	if (!ok || n < 0 || n >= TP_MAX_NODES)
		wrong(L, what, o->name, wanted);
	return TP_NODE_BIT(n).v;
}

static tp_nodemask read_nodes(lua_State *L, const char *what, const struct tp_option *o)
{
	tp_nodemask nodes = TP_NODES_NONE;

	if (!lua_istable(L, -1)) {
		nodes.v = node_bit(L, what, o);
		return nodes;
	}
	for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++) {
		nodes.v |= node_bit(L, what, o);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return nodes;
}

/* The value is on top of the stack. */
static void read_option(lua_State *L, const char *what, const struct tp_option *o, void *field)
{
	switch (o->type) {
	case TP_OPTION_SIZE:
		*(uint64_t *)field = read_size(L, what, o);
		break;
	case TP_OPTION_DURATION:
		*(uint64_t *)field = tp_option_duration(L, lua_gettop(L), what, o->name);
		break;
	case TP_OPTION_NUMBER:
		*(int64_t *)field = read_number(L, what, o);
		break;
	case TP_OPTION_TEXT:
		if (lua_type(L, -1) != LUA_TSTRING || !*lua_tostring(L, -1))
			wrong(L, what, o->name, "a text");
		*(const char **)field = lua_tostring(L, -1);
		break;
	case TP_OPTION_FLAG:
		if (!lua_isboolean(L, -1))
			wrong(L, what, o->name, "true or false");
		*(bool *)field = lua_toboolean(L, -1);
		break;
	case TP_OPTION_CHOICE:
		*(int *)field = tp_option_choice(L, lua_gettop(L), what, o->name, o->choices);
		break;
	case TP_OPTION_NODES:
		*(tp_nodemask *)field = read_nodes(L, what, o);
		break;
	case TP_OPTION_LOAD:
		*(struct tp_load **)field = tp_script_load(L, lua_gettop(L));
		break;
	case TP_OPTION_TABLE:
		if (!lua_istable(L, -1))
			wrong(L, what, o->name, "a table");
		break;
	}
}

static bool known(const struct tp_option *options, const char *name)
{
	for (; options->name; options++) {
		if (!strcmp(options->name, name))
			return true;
	}
	return false;
}

static _Noreturn void unknown(lua_State *L, const char *what, const struct tp_option *options)
{
	const char *key = luaL_tolstring(L, -2, NULL);
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (const struct tp_option *o = options; o->name; o++)
		list_names(&b, o->name, o == options);
	luaL_pushresult(&b);
	luaL_error(L, "%s: unknown option \"%s\"; known are %s", what, key, lua_tostring(L, -1));
	__builtin_unreachable();
}

static void refuse_unknown(lua_State *L, int index, const char *what,
			   const struct tp_option *options)
{
	for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING || !known(options, lua_tostring(L, -2)))
			unknown(L, what, options);
	}
}

void tp_options_read(lua_State *L, int index, const char *what, const struct tp_option *options,
		     void *config)
{
	bool given = !lua_isnoneornil(L, index);

	index = lua_absindex(L, index);
	if (given && !lua_istable(L, index))
		luaL_error(L, "%s: takes a table of options, not %s", what,
			   luaL_typename(L, index));
	if (given)
		refuse_unknown(L, index, what, options);
	for (const struct tp_option *o = options; o->name; o++) {
		if (given && lua_getfield(L, index, o->name) != LUA_TNIL)
			read_option(L, what, o, (char *)config + o->offset);
		else if (o->needed)
			luaL_error(L, "%s: option \"%s\" is missing", what, o->name);
		if (given)
			lua_pop(L, 1);
	}
}
