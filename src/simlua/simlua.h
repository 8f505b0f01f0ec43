/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simlua - what the files that make up Lua scenarios share.
 *
 * Invariants
 *  L2  There is one Lua state at a time: that of the script loaded or prepared last.  It is closed
 *      by emptying its heap, so it does not matter where a run left it.
 *  L3  Everything a run can change lies in the heap or in the arena, and both are put back; what
 *      lies in struct tp_lua is the same in all runs, but for ticks.
 *  L4  A Lua error leaves by longjmp, never further than the stack of its own task.  Where one can
 *      be raised nothing of the library is held.
 *  L5  Nothing a script can see depends on addresses or hashes: the same token means the same run
 *      in every process.
 */
#ifndef TP_SIMLUA_SIMLUA_H
#define TP_SIMLUA_SIMLUA_H

#include <lua.h>
#include <tidepool/explore.h>
#include <tidepool/machine.h>
#include <tidepool/sim.h>

#include "core/compiler.h"

enum { TP_LUA_TEXT = 512, TP_LUA_NAME = 32 };

/* A file that was loaded: the scenario it makes, and its source. */
struct tp_lua_script {
	struct tp_scenario scenario;
	char name[64], summary[128];
	char file[64]; /* without its folder, so that stories are the same everywhere */
	size_t size;
	char source[];
};

struct tp_lua_task {
	const char *name;
	int function; /* reference */
	lua_State *L; /* its own; function and argument lie on its stack */
};

struct tp_lua {
	const struct tp_lua_script *script;
	lua_State *L;	/* of everything outside tasks */
	bool declaring; /* the script itself runs, not one of its functions */
	/* What it declared; the texts are Lua's.  No name: nothing yet. */
	struct tp_scenario scenario;
	struct tp_machine_config machine;
	bool has_machine;
	int prepare, check, machine_handle; /* references, LUA_NOREF: none */
	unsigned nr_tasks;
	struct tp_lua_task tasks[TP_SIM_MAX_TASKS];
	unsigned ticks[TP_SIM_MAX_TASKS + 1]; /* of each task since its last shared operation */
	char broken[TP_LUA_TEXT];	      /* why it could not be prepared, or "" */
};

extern struct tp_lua tp_lua;

/* ---- state.c --------------------------------------------------------------------------------- */

/* Run @script up to the end of its text.  -EINVAL, -ENOMEM: tp_lua.broken says why. */
int tp_lua_open(const struct tp_lua_script *script);
/* The functions of every Lua scenario. */
void *tp_lua_prepare(void);
void tp_lua_start(void *state);
void tp_lua_check(void *state);

static inline bool tp_lua_in_task(void)
{
	return tp_sim_self() < TP_SIM_MAX_TASKS;
}

/* ---- say.c ----------------------------------------------------------------------------------- */

/* The value as text, without any address; it stays on top of the stack. */
const char *tp_lua_text(lua_State *L, int index);
/* The line of the innermost function of the script; 0: there is none. */
int tp_lua_line(lua_State *L);
/* That line's text. */
const char *tp_lua_line_text(lua_State *L);
/* "what@file:line" for an operation of the engine; it stays on top of the stack. */
const char *tp_lua_where(lua_State *L, const char *what);
/* End the run: a finding, with the line of the script.  Outside runs a Lua error. */
_Noreturn void tp_lua_fail(lua_State *L, const char *format, ...) tp_printf(2, 3);
/*
 * nil, "what: EBUSY, pinned", "EBUSY": how methods say that something failed.  Without @why the
 * library's last error tells.
 */
int tp_lua_failed(lua_State *L, const char *what, int err, const char *why);

/* ---- what a script finds --------------------------------------------------------------------- */

struct luaL_Reg;

/* A handle of @size zeroed bytes, on top of the stack. */
void *tp_lua_handle(lua_State *L, const char *type, size_t size);
void tp_lua_new_type(lua_State *L, const char *type, const struct luaL_Reg *methods,
		     lua_CFunction to_text);

/* What is safe of Lua's own library. */
void tp_lua_open_sandbox(lua_State *L);
/* Each puts its functions into the table on top of the stack, and registers its handles. */
void tp_lua_open_tp(lua_State *L);
void tp_lua_open_atomic(lua_State *L);
void tp_lua_open_lock(lua_State *L);
void tp_lua_open_scenario(lua_State *L);
void tp_lua_open_machine(lua_State *L);
void tp_lua_open_device(lua_State *L);
void tp_lua_open_page(lua_State *L);

/* ---- shared.c, local.c ----------------------------------------------------------------------- */

/*
 * If the value at @index is something that tasks share and the script did not name, call it @name.
 * Of several names the first in the alphabet stays.
 */
void tp_lua_name_shared(lua_State *L, int index, const char *name);

/* Find the locals that tasks reach, and name what is in them. */
void tp_lua_find_locals(void);
/* A local that two tasks reach was changed: fail. */
void tp_lua_check_locals(void);

/* ---- machine.c ------------------------------------------------------------------------------- */

/* The options at @index; they are only checked. */
void tp_lua_read_machine(lua_State *L, int index, struct tp_machine_config *config);
/* Make it, and push a handle of it. */
void tp_lua_push_machine(lua_State *L, const struct tp_machine_config *config);

#endif
