/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * option - tables of named options: each is taken out as it is read, and what is left was misspelt.
 *
 *	struct tp_lua_options o = tp_lua_options_begin(L, 2, "plug");
 *
 *	config.node = (int)tp_lua_option_number(&o, "node", 0, TP_MAX_NODES - 1, 0);
 *	tp_lua_options_end(&o);
 *
 * Whatever is wrong is a Lua error that says what was expected.
 */
#ifndef TP_SIMLUA_OPTION_H
#define TP_SIMLUA_OPTION_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

struct tp_lua_options {
	lua_State *L;
	int table;	  /* stack index of what was not read yet */
	const char *what; /* begins every message */
};

/* No table at @index is one without options. */
struct tp_lua_options tp_lua_options_begin(lua_State *L, int index, const char *what);
/* From @min to @max; @missing if it is not given. */
int64_t tp_lua_option_number(struct tp_lua_options *o, const char *name, int64_t min, int64_t max,
			     int64_t missing);
/* NULL: not given. */
const char *tp_lua_option_text(struct tp_lua_options *o, const char *name);
bool tp_lua_option_flag(struct tp_lua_options *o, const char *name);
/* Index into the NULL-ended @choices. */
int tp_lua_option_choice(struct tp_lua_options *o, const char *name, const char *const *choices,
			 int missing);
/* Leaves it on top of the stack.  False: it is not given, and the stack is as it was. */
bool tp_lua_option_table(struct tp_lua_options *o, const char *name);
void tp_lua_options_end(struct tp_lua_options *o);

#endif
