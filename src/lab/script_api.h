/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_api - what the files that make up the script's API share.
 *
 * Invariants
 *  A1  Nothing of the lab is held (no lock, no half-made object) where a Lua error can be raised:
 *      it leaves by longjmp.
 *  A2  What a script makes belongs to the run's machines; a handle only points at it.  A handle of
 *      something that is gone raises an error when used.
 */
#ifndef TP_LAB_SCRIPT_API_H
#define TP_LAB_SCRIPT_API_H

#include <lua.h>

#include "lab/action.h"

struct tp_script {
	struct tp_run *run;
	lua_Alloc allocate; /* Lua's own; ours only counts */
	void *allocate_arg;
	size_t memory;
	uint64_t instructions; /* since the script last asked for something */
};

static inline struct tp_script *tp_script_of(lua_State *L)
{
	return *(struct tp_script **)lua_getextraspace(L);
}

/* Each puts its part into the table on top of the stack, or registers its handles. */
void tp_script_sandbox(lua_State *L);
void tp_script_open_tp(lua_State *L);
void tp_script_open_fault(lua_State *L);
void tp_script_open_machine(lua_State *L);
void tp_script_open_device(lua_State *L);
void tp_script_open_load(lua_State *L);
void tp_script_open_veto(lua_State *L);
void tp_script_open_nic(lua_State *L);
void tp_script_open_wire(lua_State *L);
void tp_script_open_gpu(lua_State *L);

/* Methods of machines that live in other files. */
int tp_script_machine_new(lua_State *L);
int tp_script_machine_plug(lua_State *L);
int tp_script_machine_device(lua_State *L);
int tp_script_machine_devices(lua_State *L);
int tp_script_machine_block(lua_State *L);
int tp_script_machine_online(lua_State *L);
int tp_script_machine_offline(lua_State *L);
int tp_script_machine_load(lua_State *L);
int tp_script_machine_pin(lua_State *L);
int tp_script_machine_veto(lua_State *L);
int tp_script_machine_nic(lua_State *L);
int tp_script_machine_wire(lua_State *L);
int tp_script_machine_traffic(lua_State *L);
int tp_script_machine_serve(lua_State *L);
int tp_script_machine_gpu(lua_State *L);
int tp_script_machine_gpu_work(lua_State *L);
int tp_script_machine_nodes(lua_State *L);
int tp_script_machine_zone(lua_State *L);
int tp_script_machine_stat(lua_State *L);
int tp_script_machine_tiers(lua_State *L);
int tp_script_machine_demotion(lua_State *L);
int tp_script_machine_distance(lua_State *L);

/* What the handle at @index stands for, or an error. */
struct tp_lab_machine *tp_script_machine(lua_State *L, int index);
struct tp_load *tp_script_load(lua_State *L, int index);
struct tp_nic *tp_script_nic(lua_State *L, int index);
/* The network device called @name, or an error that begins with @what. */
struct tp_nic *tp_script_nic_called(lua_State *L, struct tp_lab_machine *lm, const char *what,
				    const char *name);
/* The same for GPUs. */
struct tp_lab_gpu *tp_script_gpu_called(lua_State *L, struct tp_lab_machine *lm, const char *what,
					const char *name);

/*
 * A handle of @size bytes, zeroed, on top of the stack.  @machine: stack index of what it keeps
 * alive, or 0.
 */
void *tp_script_new_handle(lua_State *L, const char *type, size_t size, int machine);
struct luaL_Reg;
/* Make the handle type with its methods; @meta may be NULL. */
void tp_script_new_type(lua_State *L, const char *type, const struct luaL_Reg *methods,
			const struct luaL_Reg *meta);

/*
 * Do it.  Raises an error if the run is over or the script asked for what cannot be.  Returns what
 * the action says; then tp_script_fail() is what a method returns.
 */
int tp_script_act(lua_State *L, struct tp_action *action);
/* Do it, and return true or what a failure is; for methods that have nothing else to say. */
int tp_script_do(lua_State *L, struct tp_action *action);
/* nil, "plug mem0: ...", "ENOMEM" for the failed action. */
int tp_script_fail(lua_State *L, const struct tp_action *action);
/* End the script here if its run is over; nothing it does can keep it going. */
void tp_script_stop_if_over(lua_State *L);
/* The system lacks something; what is said is the end of the script unless it catches it. */
int tp_script_lacks(lua_State *L, const char *format, ...) tp_printf(2, 3);

/*
 * A load of @kind with a seed of its own, and its handle on top of the stack; the machine is at
 * index 1.  No name: one is made up.
 */
int tp_script_start_load(lua_State *L, struct tp_lab_machine *lm, const struct tp_load_kind *kind,
			 const struct tp_load_config *config, const char *detail);

/* An action of @verb on @lm. */
struct tp_action tp_script_action(lua_State *L, struct tp_lab_machine *lm, const char *verb,
				  int (*call)(struct tp_action *action));

void tp_script_push_offline_report(lua_State *L, const struct tp_action *action);
void tp_script_push_nodes(lua_State *L, tp_nodemask nodes);
/* table[name] = value for the table on top of the stack. */
void tp_script_set_integer(lua_State *L, const char *name, uint64_t value);
void tp_script_set_string(lua_State *L, const char *name, const char *value);
void tp_script_set_flag(lua_State *L, const char *name, bool value);

#endif
