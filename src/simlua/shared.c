/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shared - handles of what tasks share, and what they are called. */
#include "simlua/shared.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

const char tp_lua_atomic_type[] = "tidepool.atomic";
const char tp_lua_lock_type[] = "tidepool.lock";
const char tp_lua_queue_type[] = "tidepool.wait_queue";

void *tp_lua_new_shared(lua_State *L, const char *type, size_t size, int index, const char *name)
{
	const char *given = luaL_optstring(L, index, NULL);
	struct tp_lua_shared *shared = tp_lua_handle(L, type, size);

	shared->named = given ? TP_LUA_NAMED_BY_SCRIPT : TP_LUA_NAMED_BY_TYPE;
	strncat(shared->name, given ? given : name, sizeof(shared->name) - 1);
	return shared;
}

static struct tp_lua_shared *find(lua_State *L, int index)
{
	static const char *const types[] = { tp_lua_atomic_type, tp_lua_lock_type,
					     tp_lua_queue_type };
	struct tp_lua_shared *shared = NULL;

	for (size_t i = 0; i < TP_ARRAY_SIZE(types) && !shared; i++)
		shared = luaL_testudata(L, index, types[i]);
	return shared;
}

void tp_lua_name_shared(lua_State *L, int index, const char *name)
{
	struct tp_lua_shared *shared = find(L, index);

	if (!shared || shared->named == TP_LUA_NAMED_BY_SCRIPT)
		return;
	if (shared->named == TP_LUA_NAMED_BY_LOCAL && strcmp(name, shared->name) > 0)
		return;
	shared->named = TP_LUA_NAMED_BY_LOCAL;
	snprintf(shared->name, sizeof(shared->name), "%s", name);
}

void *tp_lua_shared_in_task(lua_State *L, const char *type)
{
	struct tp_lua_shared *shared = luaL_checkudata(L, 1, type);

	if (!tp_lua_in_task())
		luaL_error(L, "%s: only a task can do this", shared->name);
	return shared;
}

const char *tp_lua_where_shared(lua_State *L, const struct tp_lua_shared *shared)
{
	return tp_lua_where(L, shared->name);
}

int tp_lua_shared_tostring(lua_State *L)
{
	const struct tp_lua_shared *shared = find(L, 1);

	lua_pushstring(L, shared ? shared->name : "shared");
	return 1;
}
