/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* machine - machines, devices and pages as the script's files share them. */
#ifndef TP_SIMLUA_MACHINE_H
#define TP_SIMLUA_MACHINE_H

#include "simlua/simlua.h"

enum { TP_LUA_MAX_BLOCKS = 64 };

struct tp_lua_pages; /* the owner of a machine's pages, and where they are */

struct tp_lua_machine {
	struct tp_machine *machine;
	struct tp_lua_pages *pages;
	uint64_t block_size; /* bytes */
};

struct tp_lua_machine *tp_lua_machine(lua_State *L, int index);

/* The last error of the library, as a Lua error. */
int tp_lua_library_error(lua_State *L, const char *what);

struct tp_lua_pages *tp_lua_pages_create(lua_State *L, struct tp_machine *machine);
/* Every page is where it should be and says whose it is. */
void tp_lua_pages_check(lua_State *L, const struct tp_lua_pages *pages);

/* Methods of machines that live in other files. */
int tp_lua_machine_plug(lua_State *L);
int tp_lua_machine_online(lua_State *L);
int tp_lua_machine_offline(lua_State *L);
int tp_lua_machine_block(lua_State *L);
int tp_lua_machine_page(lua_State *L);

#endif
