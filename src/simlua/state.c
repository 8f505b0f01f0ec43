/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * state - the life of a script: its text runs once when it is loaded, to see what it declares, and
 * again at the beginning of a search; then prepare(), and from what is there every run begins.
 *
 * Each task has a Lua thread of its own, which its fiber runs: a switch in the middle of a C
 * function that Lua called leaves the stacks of the others alone.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "sim/run.h"
#include "simlua/heap.h"
#include "simlua/simlua.h"

enum {
	TICK = 10000, /* instructions */
	MAX_TICKS = 100,
};

struct tp_lua tp_lua;

/* ---- endless loops --------------------------------------------------------------------------- */

/*
 * Nobody but the explorer can end a loop that does nothing shared.  Before any run an error does;
 * from then on it is raised at every instruction, so that no pcall() can go on.
 */
static void tick(lua_State *L, tp_unused lua_Debug *ar)
{
	static const char text[] = "%s:%d: an endless loop? %d instructions, and nothing shared";
	unsigned self = tp_sim_self();

	if (++tp_lua.ticks[self] < MAX_TICKS)
		return;
	if (tp_run.active)
		tp_sim_fail(NULL, text, tp_lua.script->file, tp_lua_line(L), TICK * MAX_TICKS);
	lua_sethook(L, tick, LUA_MASKCOUNT, 1);
	luaL_error(L, text, tp_lua.script->file, tp_lua_line(L), TICK * MAX_TICKS);
}

/* ---- calling the script ---------------------------------------------------------------------- */

static bool says_where(const char *message)
{
	size_t length = strlen(tp_lua.script->file);

	return !strncmp(message, tp_lua.script->file, length) && message[length] == ':';
}

/* Lua calls it where the error was raised. */
static int describe_error(lua_State *L)
{
	const char *message = tp_lua_text(L, 1);

	if (!says_where(message) && tp_lua_line(L))
		lua_pushfstring(L, "%s:%d: %s", tp_lua.script->file, tp_lua_line(L), message);
	return 1;
}

/* Call the function that lies below its arguments.  False: what went wrong lies there instead. */
static bool call(lua_State *L, int nr_args)
{
	int at = lua_gettop(L) - nr_args, status;

	lua_pushcfunction(L, describe_error);
	lua_insert(L, at);
	status = lua_pcall(L, nr_args, 0, at);
	lua_remove(L, at);
	return status == LUA_OK;
}

static int break_off(lua_State *L, int err)
{
	const char *message = lua_tostring(L, -1);

	snprintf(tp_lua.broken, sizeof(tp_lua.broken), "%s",
		 message ? message : "the script needs too much memory");
	return err;
}

/* ---- the text -------------------------------------------------------------------------------- */

/*
 * Upvalue: the table of globals.  What a task changes there would be shared, and nobody would see
 * it.
 */
static int set_global(lua_State *L)
{
	if (tp_lua_in_task())
		return luaL_error(L,
				  "the global \"%s\" is shared by all tasks: use tp.atomic(), or "
				  "a local of this function",
				  tp_lua_text(L, 2));
	lua_settop(L, 3);
	lua_rawset(L, lua_upvalueindex(1));
	return 0;
}

/* A table that stands before that of the globals, for the script on top of the stack. */
static void guard_globals(lua_State *L)
{
	lua_newtable(L);
	lua_newtable(L);
	lua_pushglobaltable(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, -3, "__index");
	lua_pushcclosure(L, set_global, 1);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_setupvalue(L, -2, 1);
}

static int run_text(lua_State *L)
{
	const struct tp_lua_script *script = tp_lua.script;
	char chunk[sizeof(script->file) + 1];

	tp_lua_open_sandbox(L);
	lua_newtable(L);
	tp_lua_open_tp(L);
	tp_lua_open_atomic(L);
	tp_lua_open_lock(L);
	tp_lua_open_scenario(L);
	tp_lua_open_machine(L);
	tp_lua_open_device(L);
	tp_lua_open_page(L);
	lua_setglobal(L, "tp");
	snprintf(chunk, sizeof(chunk), "@%s", script->file);
	if (luaL_loadbufferx(L, script->source, script->size, chunk, "t"))
		return lua_error(L);
	guard_globals(L);
	tp_lua.declaring = true;
	lua_call(L, 0, 0);
	if (!tp_lua.scenario.name)
		return luaL_error(L, "%s: it declares nothing; tp.scenario { ... } does",
				  script->file);
	if (!tp_lua.nr_tasks)
		return luaL_error(L, "%s: a scenario without tasks", script->file);
	return 0;
}

int tp_lua_open(const struct tp_lua_script *script)
{
	bool done;

	tp_lua = (struct tp_lua){ .script = script,
				  .prepare = LUA_NOREF,
				  .check = LUA_NOREF,
				  .machine_handle = LUA_NOREF };
	if (!tp_lua_heap_reset())
		tp_lua.L = lua_newstate(tp_lua_heap_alloc, NULL);
	if (!tp_lua.L) {
		snprintf(tp_lua.broken, sizeof(tp_lua.broken), "%s: no memory for a script",
			 script->file);
		return -ENOMEM;
	}
	lua_gc(tp_lua.L, LUA_GCSTOP);
	lua_sethook(tp_lua.L, tick, LUA_MASKCOUNT, TICK);
	lua_pushcfunction(tp_lua.L, run_text);
	done = call(tp_lua.L, 0);
	tp_lua.declaring = false;
	return done ? 0 : break_off(tp_lua.L, -EINVAL);
}

/* ---- before all runs ------------------------------------------------------------------------- */

/* Every function of the script is called with the machine. */
static void push_call(lua_State *L, int function)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, function);
	lua_rawgeti(L, LUA_REGISTRYINDEX, tp_lua.machine_handle);
}

static int prepare(lua_State *L)
{
	if (tp_lua.has_machine) {
		tp_lua_push_machine(L, &tp_lua.machine);
		tp_lua.machine_handle = luaL_ref(L, LUA_REGISTRYINDEX);
	}
	if (tp_lua.prepare != LUA_NOREF) {
		push_call(L, tp_lua.prepare);
		lua_call(L, 1, 0);
	}
	tp_lua_find_locals();
	for (unsigned i = 0; i < tp_lua.nr_tasks; i++) {
		struct tp_lua_task *task = &tp_lua.tasks[i];

		/* Nothing is collected, so nothing need remember it. */
		task->L = lua_newthread(L);
		push_call(task->L, task->function);
	}
	return 0;
}

void *tp_lua_prepare(void)
{
	const struct tp_scenario *scenario = tp_run.scenario;
	const struct tp_lua_script *script =
		tp_container_of(scenario, const struct tp_lua_script, scenario);

	if (!tp_lua_open(script)) {
		tp_lua.ticks[TP_SIM_MAX_TASKS] = 0;
		lua_pushcfunction(tp_lua.L, prepare);
		if (!call(tp_lua.L, 0))
			break_off(tp_lua.L, -EINVAL);
		tp_lua_heap_snapshot();
	}
	return &tp_lua;
}

/* ---- in every run ---------------------------------------------------------------------------- */

static void run_task(void *arg)
{
	struct tp_lua_task *task = arg;

	if (!call(task->L, 1))
		tp_sim_fail(NULL, "%s", lua_tostring(task->L, -1));
}

void tp_lua_start(tp_unused void *state)
{
	if (tp_lua.broken[0])
		tp_sim_fail(NULL, "%s", tp_lua.broken);
	tp_lua_heap_restore();
	memset(tp_lua.ticks, 0, sizeof(tp_lua.ticks));
	for (unsigned i = 0; i < tp_lua.nr_tasks; i++)
		tp_sim_start(tp_lua.tasks[i].name, run_task, &tp_lua.tasks[i]);
}

void tp_lua_check(tp_unused void *state)
{
	tp_lua_check_locals();
	if (tp_lua.check == LUA_NOREF)
		return;
	push_call(tp_lua.L, tp_lua.check);
	if (!call(tp_lua.L, 1))
		tp_sim_fail(NULL, "%s", lua_tostring(tp_lua.L, -1));
}
