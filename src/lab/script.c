/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script - a Lua state for one run, with limits on memory, computing and time.
 *
 * A script that is to end cannot catch the error that ends it: from then on the count hook raises
 * it again at every instruction, also right after a pcall().
 */
#include "lab/script.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

#include "core/clock.h"
#include "lab/script_api.h"
#include "lab/units.h"

enum { HOOK_COUNT = 1000 };

static const size_t max_memory = 64 << 20;
/* A few seconds' worth; who waits shall call tp.sleep(). */
static const uint64_t max_instructions = 300000000;

static void *counting_alloc(void *arg, void *old, size_t old_size, size_t new_size)
{
	struct tp_script *script = arg;
	/* For a new object Lua passes its type as the old size. */
	size_t before = old ? old_size : 0, after = script->memory - before + new_size;
	void *new;

	if (new_size > before && after > max_memory)
		return NULL;
	new = script->allocate(script->allocate_arg, old, old_size, new_size);
	if (new || !new_size)
		script->memory = after;
	return new;
}

static void raise_everywhere(lua_State *L, lua_Hook hook)
{
	lua_sethook(L, hook, LUA_MASKCOUNT, 1);
}

static void hook(lua_State *L, lua_Debug *ar)
{
	struct tp_script *script = tp_script_of(L);
	struct tp_run *run = script->run;
	char text[TP_UNIT_TEXT];

	script->instructions += HOOK_COUNT;
	if (tp_clock_now() - run->begin_ns > run->config.limit_ns) {
		run->limit_reached = true;
		raise_everywhere(L, hook);
		luaL_error(L, "the script ran longer than %s (see --limit)",
			   tp_duration_format(text, run->config.limit_ns));
	}
	if (script->instructions > max_instructions) {
		run->limit_reached = true;
		raise_everywhere(L, hook);
		lua_getinfo(L, "Sl", ar);
		luaL_error(L, "%s:%d: an endless loop? use tp.sleep() to wait", ar->short_src,
			   ar->currentline);
	}
	tp_script_stop_if_over(L);
}

void tp_script_stop_if_over(lua_State *L)
{
	if (!tp_run_is_over(tp_script_of(L)->run))
		return;
	raise_everywhere(L, hook);
	luaL_error(L, "the run is over");
}

/* tp, arg and the safe part of Lua's library, for the script at index 1 of the stack. */
static void open_api(lua_State *L)
{
	tp_script_sandbox(L);
	tp_script_open_machine(L);
	tp_script_open_device(L);
	tp_script_open_load(L);
	tp_script_open_veto(L);
	tp_script_open_nic(L);
	tp_script_open_wire(L);
	tp_script_open_gpu(L);
	lua_newtable(L);
	tp_script_open_tp(L);
	tp_script_open_fault(L);
	lua_setglobal(L, "tp");
}

static void push_args(lua_State *L, const struct tp_run_config *config)
{
	lua_newtable(L);
	for (unsigned i = 0; i < config->nr_args; i++) {
		const char *equals = strchr(config->args[i], '=');

		if (!equals || equals == config->args[i])
			luaL_error(L, "argument \"%s\" is not of the form name=value",
				   config->args[i]);
		lua_pushlstring(L, config->args[i], (size_t)(equals - config->args[i]));
		lua_pushstring(L, equals + 1);
		lua_settable(L, -3);
	}
	lua_setglobal(L, "arg");
}

static int run_protected(lua_State *L)
{
	struct tp_run *run = tp_script_of(L)->run;

	open_api(L);
	push_args(L, &run->config);
	if (luaL_loadfilex(L, run->config.script, "t"))
		return lua_error(L);
	lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_COUNT);
	lua_call(L, 0, 0);
	return 0;
}

static void keep_message(lua_State *L, int status, struct tp_run *run)
{
	const char *message = lua_tostring(L, -1);

	if (tp_run_is_over(run) && !run->limit_reached)
		return;
	if (status == LUA_ERRMEM)
		message = "the script needs more than 64 MiB for itself";
	strncat(run->message, message ? message : "the script raised an error that is no text",
		sizeof(run->message) - 1);
}

bool tp_script_run(struct tp_run *run)
{
	struct tp_script script = { .run = run };
	lua_State *L = luaL_newstate();
	int status;

	if (!L) {
		strncat(run->message, "no memory for a script", sizeof(run->message) - 1);
		return false;
	}
	script.allocate = lua_getallocf(L, &script.allocate_arg);
	script.memory = (size_t)lua_gc(L, LUA_GCCOUNT) << 10;
	lua_setallocf(L, counting_alloc, &script);
	*(struct tp_script **)lua_getextraspace(L) = &script;
	lua_pushcfunction(L, run_protected);
	status = lua_pcall(L, 0, 0, 0);
	if (status)
		keep_message(L, status, run);
	lua_sethook(L, NULL, 0, 0);
	lua_close(L);
	return status == LUA_OK;
}
