/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lock - locks and wait queues. */
#include <lauxlib.h>

#include "simlua/shared.h"

struct lock {
	struct tp_lua_shared shared;
	struct tp_sim_lock lock;
};

struct queue {
	struct tp_lua_shared shared;
	struct tp_wait_queue queue;
};

static int lock_new(lua_State *L)
{
	tp_lua_new_shared(L, tp_lua_lock_type, sizeof(struct lock), 1, "lock");
	return 1;
}

static int lock_lock(lua_State *L)
{
	struct lock *l = tp_lua_shared_in_task(L, tp_lua_lock_type);

	tp_sim_lock_take(&l->lock.holder, tp_lua_where_shared(L, &l->shared));
	return 0;
}

static int lock_trylock(lua_State *L)
{
	struct lock *l = tp_lua_shared_in_task(L, tp_lua_lock_type);

	lua_pushboolean(L, tp_sim_lock_try(&l->lock.holder, tp_lua_where_shared(L, &l->shared)));
	return 1;
}

static int lock_unlock(lua_State *L)
{
	struct lock *l = tp_lua_shared_in_task(L, tp_lua_lock_type);

	tp_sim_lock_give(&l->lock.holder, tp_lua_where_shared(L, &l->shared));
	return 0;
}

static int queue_new(lua_State *L)
{
	tp_lua_new_shared(L, tp_lua_queue_type, sizeof(struct queue), 1, "wait queue");
	return 1;
}

static int queue_prepare(lua_State *L)
{
	struct queue *q = tp_lua_shared_in_task(L, tp_lua_queue_type);

	lua_pushinteger(L, tp_sim_wait_prepare(&q->queue, tp_lua_where_shared(L, &q->shared)));
	return 1;
}

static int queue_wait(lua_State *L)
{
	struct queue *q = tp_lua_shared_in_task(L, tp_lua_queue_type);
	uint32_t ticket = (uint32_t)luaL_checkinteger(L, 2);
	uint64_t until = (uint64_t)luaL_optinteger(L, 3, (lua_Integer)TP_WAIT_FOREVER);

	lua_pushboolean(L, tp_sim_wait_commit(&q->queue, ticket, until,
					      tp_lua_where_shared(L, &q->shared)));
	return 1;
}

static int queue_wake(lua_State *L)
{
	struct queue *q = tp_lua_shared_in_task(L, tp_lua_queue_type);

	tp_sim_wake_all(&q->queue, tp_lua_where_shared(L, &q->shared));
	return 0;
}

void tp_lua_open_lock(lua_State *L)
{
	static const luaL_Reg lock_methods[] = {
		{ "lock", lock_lock },
		{ "trylock", lock_trylock },
		{ "unlock", lock_unlock },
		{ NULL, NULL },
	};
	static const luaL_Reg queue_methods[] = {
		{ "prepare", queue_prepare },
		{ "wait", queue_wait },
		{ "wake", queue_wake },
		{ NULL, NULL },
	};
	static const luaL_Reg functions[] = {
		{ "lock", lock_new },
		{ "wait_queue", queue_new },
		{ NULL, NULL },
	};

	tp_lua_new_type(L, tp_lua_lock_type, lock_methods, tp_lua_shared_tostring);
	tp_lua_new_type(L, tp_lua_queue_type, queue_methods, tp_lua_shared_tostring);
	luaL_setfuncs(L, functions, 0);
}
