/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* handle - userdata, and the types they are of. */
#include <lauxlib.h>
#include <string.h>

#include "simlua/simlua.h"

void *tp_lua_handle(lua_State *L, const char *type, size_t size)
{
	void *handle = lua_newuserdatauv(L, size, 1);

	memset(handle, 0, size);
	luaL_setmetatable(L, type);
	return handle;
}

void tp_lua_new_type(lua_State *L, const char *type, const luaL_Reg *methods, lua_CFunction to_text)
{
	luaL_newmetatable(L, type);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, to_text);
	lua_setfield(L, -2, "__tostring");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}
