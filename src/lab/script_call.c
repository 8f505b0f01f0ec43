/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_call - how a script's call becomes a step, and its outcome Lua values.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lab/script_api.h"

void *tp_script_new_handle(lua_State *L, const char *type, size_t size, int machine)
{
	void *handle;

	machine = machine ? lua_absindex(L, machine) : 0;
	handle = lua_newuserdatauv(L, size, 1);
	memset(handle, 0, size);
	if (machine) {
		lua_pushvalue(L, machine);
		lua_setiuservalue(L, -2, 1);
	}
	luaL_setmetatable(L, type);
	return handle;
}

void tp_script_new_type(lua_State *L, const char *type, const luaL_Reg *methods,
			const luaL_Reg *meta)
{
	luaL_newmetatable(L, type);
	if (meta)
		luaL_setfuncs(L, meta, 0);
	lua_newtable(L);
	luaL_setfuncs(L, methods, 0);
	lua_setfield(L, -2, "__index");
	/* Scripts shall not reach into it: they could call __gc as they please. */
	lua_pushstring(L, type);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

struct tp_action tp_script_action(lua_State *L, struct tp_lab_machine *lm, const char *verb,
				  int (*call)(struct tp_action *action))
{
	return (struct tp_action){
		.run = tp_script_of(L)->run, .lm = lm, .verb = verb, .call = call
	};
}

int tp_script_act(lua_State *L, struct tp_action *action)
{
	char text[TP_RUN_TEXT];
	int err;

	tp_script_stop_if_over(L);
	tp_script_of(L)->instructions = 0;
	err = tp_act(action);
	tp_script_stop_if_over(L);
	if (err == -E2BIG)
		luaL_error(L, "a run has room for %d steps", TP_MAX_STEPS);
	if (err && action->step->misuse) {
		tp_step_describe_error(action->step, text, sizeof(text));
		luaL_error(L, "%s", text);
	}
	return err;
}

int tp_script_fail(lua_State *L, const struct tp_action *action)
{
	const char *name = strerrorname_np(-action->step->err);
	char text[TP_RUN_TEXT];

	tp_step_describe_error(action->step, text, sizeof(text));
	lua_pushnil(L);
	lua_pushstring(L, text);
	lua_pushstring(L, name ? name : "error");
	return 3;
}

int tp_script_do(lua_State *L, struct tp_action *action)
{
	if (tp_script_act(L, action))
		return tp_script_fail(L, action);
	lua_pushboolean(L, 1);
	return 1;
}

int tp_script_lacks(lua_State *L, const char *format, ...)
{
	struct tp_run *run = tp_script_of(L)->run;
	char text[TP_RUN_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	luaL_where(L, 1);
	lua_pushstring(L, text);
	lua_concat(L, 2);
	snprintf(run->lacking, sizeof(run->lacking), "%s", lua_tostring(L, -1));
	return lua_error(L);
}

void tp_script_set_integer(lua_State *L, const char *name, uint64_t value)
{
	lua_pushinteger(L, (lua_Integer)value);
	lua_setfield(L, -2, name);
}

void tp_script_set_string(lua_State *L, const char *name, const char *value)
{
	lua_pushstring(L, value);
	lua_setfield(L, -2, name);
}

void tp_script_set_flag(lua_State *L, const char *name, bool value)
{
	lua_pushboolean(L, value);
	lua_setfield(L, -2, name);
}

void tp_script_push_nodes(lua_State *L, tp_nodemask nodes)
{
	lua_Integer n = 0;

	lua_newtable(L);
	for (int node = 0; node < TP_MAX_NODES; node++) {
		if (!(nodes.v & TP_NODE_BIT(node).v))
			continue;
		lua_pushinteger(L, node);
		lua_seti(L, -2, ++n);
	}
}

static void push_blocker(lua_State *L, const struct tp_blocker *blocker)
{
	lua_newtable(L);
	tp_script_set_integer(L, "pfn", blocker->pfn.v);
	tp_script_set_integer(L, "order", blocker->order);
	tp_script_set_integer(L, "pins", blocker->pins);
	tp_script_set_string(L, "owner", blocker->owner);
	tp_script_set_string(L, "what", blocker->what);
	tp_script_set_string(L, "reason", blocker->reason);
}

static void push_blockers(lua_State *L, const struct tp_offline_report *report)
{
	unsigned listed = TP_MIN(report->nr_blockers, (unsigned)TP_REPORT_BLOCKERS);

	lua_newtable(L);
	for (unsigned i = 0; i < listed; i++) {
		push_blocker(L, &report->blockers[i]);
		lua_seti(L, -2, i + 1);
	}
}

void tp_script_push_offline_report(lua_State *L, const struct tp_action *action)
{
	const struct tp_step *step = action->step;
	const struct tp_offline_report *report = &step->report;
	const char *name = step->err ? strerrorname_np(-step->err) : NULL;

	lua_newtable(L);
	tp_script_set_flag(L, "ok", !step->err);
	tp_script_set_string(L, "err", name);
	tp_script_set_string(L, "reason", report->reason ? report->reason : step->error);
	tp_script_set_string(L, "vetoed_by", report->vetoed_by[0] ? report->vetoed_by : NULL);
	tp_script_set_integer(L, "pages", report->pages_total);
	tp_script_set_integer(L, "moved", report->pages_moved);
	tp_script_set_integer(L, "released", report->pages_released);
	tp_script_set_integer(L, "bytes", report->bytes_moved);
	tp_script_set_integer(L, "returned", report->bytes_returned);
	tp_script_set_integer(L, "passes", report->passes);
	tp_script_set_integer(L, "nr_blockers", report->nr_blockers);
	lua_pushnumber(L, (double)step->elapsed_ns / 1e6);
	lua_setfield(L, -2, "elapsed_ms");
	push_blockers(L, report);
	lua_setfield(L, -2, "blockers");
}
