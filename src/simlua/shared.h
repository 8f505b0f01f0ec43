/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shared - things that tasks share, whatever they are: a name for stories comes first. */
#ifndef TP_SIMLUA_SHARED_H
#define TP_SIMLUA_SHARED_H

#include "simlua/simlua.h"

/* Each handle begins with it, and lies in Lua's heap, which is put back before every run. */
struct tp_lua_shared {
	enum { TP_LUA_NAMED_BY_TYPE, TP_LUA_NAMED_BY_LOCAL, TP_LUA_NAMED_BY_SCRIPT } named;
	char name[TP_LUA_NAME];
};

extern const char tp_lua_atomic_type[], tp_lua_lock_type[], tp_lua_queue_type[];

/* A handle of @size zeroed bytes.  The script may give its name at @index; else it is @name. */
void *tp_lua_new_shared(lua_State *L, const char *type, size_t size, int index, const char *name);
/* The handle of that type at index 1; an error outside tasks, where nobody can be waited for. */
void *tp_lua_shared_in_task(lua_State *L, const char *type);
/* For an operation on it. */
const char *tp_lua_where_shared(lua_State *L, const struct tp_lua_shared *shared);
/* Its method __tostring. */
int tp_lua_shared_tostring(lua_State *L);

#endif
