/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* say - texts about a script: values, places, failures. */
#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/error.h>

#include "sim/run.h"
#include "simlua/simlua.h"

enum { MAX_LINE_TEXT = 100 };

const char *tp_lua_text(lua_State *L, int index)
{
	int type = lua_type(L, index);

	if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA ||
	    type == LUA_TLIGHTUSERDATA || type == LUA_TTHREAD) {
		if (luaL_getmetafield(L, index, "__tostring") == LUA_TNIL)
			return lua_pushstring(L, lua_typename(L, type));
		lua_pop(L, 1);
	}
	return luaL_tolstring(L, index, NULL);
}

/* A function of C has no line; who called it does. */
int tp_lua_line(lua_State *L)
{
	lua_Debug ar;

	for (int level = 0; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "l", &ar);
		if (ar.currentline > 0)
			return ar.currentline;
	}
	return 0;
}

const char *tp_lua_line_text(lua_State *L)
{
	const char *at = tp_lua.script->source, *end = at + tp_lua.script->size, *stop;

	for (int line = tp_lua_line(L); line > 1; line--) {
		at = memchr(at, '\n', (size_t)(end - at));
		at = at ? at + 1 : end;
	}
	stop = memchr(at, '\n', (size_t)(end - at));
	stop = stop ? stop : end;
	while (at < stop && strchr(" \t", *at))
		at++;
	return lua_pushlstring(L, at, TP_MIN((size_t)(stop - at), (size_t)MAX_LINE_TEXT));
}

const char *tp_lua_where(lua_State *L, const char *what)
{
	tp_lua.ticks[tp_sim_self()] = 0;
	return lua_pushfstring(L, "%s@%s:%d", what, tp_lua.script->file, tp_lua_line(L));
}

void tp_lua_fail(lua_State *L, const char *format, ...)
{
	char text[TP_LUA_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (tp_run.active)
		tp_sim_fail(NULL, "%s:%d: %s", tp_lua.script->file, tp_lua_line(L), text);
	luaL_error(L, "%s", text);
	__builtin_unreachable();
}

int tp_lua_failed(lua_State *L, const char *what, int err, const char *why)
{
	const char *name = strerrorname_np(-err);
	char text[TP_LUA_TEXT];

	if (!why && tp_last_error()->err == err) {
		tp_error_format(tp_last_error(), text, sizeof(text));
		why = text;
	}
	lua_pushnil(L);
	lua_pushfstring(L, "%s: %s%s%s", what, name, why ? ", " : "", why ? why : "");
	lua_pushstring(L, name);
	return 3;
}
