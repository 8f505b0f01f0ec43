/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* atomic - atomic variables and fences. */
#include <lauxlib.h>
#include <string.h>

#include "simlua/shared.h"

struct variable {
	struct tp_lua_shared shared;
	uint64_t v;
};

/* ---- memory orders --------------------------------------------------------------------------- */

struct order {
	const char *name;
	int order;
	bool loads, stores; /* makes sense for a load, for a store */
};

static const struct order orders[] = {
	{ "relaxed", TP_RELAXED, true, true },	{ "acquire", TP_ACQUIRE, true, false },
	{ "release", TP_RELEASE, false, true }, { "acq_rel", TP_ACQ_REL, false, false },
	{ "seq_cst", TP_SEQ_CST, true, true },
};

static int order_at(lua_State *L, int index, bool loads, bool stores)
{
	const char *name = luaL_optstring(L, index, "seq_cst");

	for (size_t i = 0; i < TP_ARRAY_SIZE(orders); i++) {
		const struct order *o = &orders[i];

		if (!strcmp(o->name, name) && (!loads || o->loads) && (!stores || o->stores))
			return o->order;
	}
	return luaL_argerror(L, index,
			     lua_pushfstring(L, "\"%s\" is no memory order for this", name));
}

static int fence(lua_State *L)
{
	tp_sim_fence(order_at(L, 1, false, false), tp_lua_where(L, "fence"));
	return 0;
}

/* ---- atomics --------------------------------------------------------------------------------- */

static int variable_new(lua_State *L)
{
	uint64_t v = (uint64_t)luaL_optinteger(L, 1, 0);
	struct variable *a = tp_lua_new_shared(L, tp_lua_atomic_type, sizeof(*a), 2, "atomic");

	a->v = v;
	return 1;
}

static int variable_load(lua_State *L)
{
	struct variable *a = luaL_checkudata(L, 1, tp_lua_atomic_type);
	int order = order_at(L, 2, true, false);

	lua_pushinteger(L, (lua_Integer)tp_sim_load(&a->v, sizeof(a->v), order,
						    tp_lua_where_shared(L, &a->shared)));
	return 1;
}

static int variable_store(lua_State *L)
{
	struct variable *a = luaL_checkudata(L, 1, tp_lua_atomic_type);
	uint64_t value = (uint64_t)luaL_checkinteger(L, 2);
	int order = order_at(L, 3, false, true);

	tp_sim_store(&a->v, sizeof(a->v), value, order, tp_lua_where_shared(L, &a->shared));
	return 0;
}

static int change(lua_State *L, enum tp_sim_change what)
{
	struct variable *a = luaL_checkudata(L, 1, tp_lua_atomic_type);
	uint64_t operand = (uint64_t)luaL_checkinteger(L, 2);
	int order = order_at(L, 3, false, false);

	lua_pushinteger(L, (lua_Integer)tp_sim_change(what, &a->v, sizeof(a->v), operand, order,
						      tp_lua_where_shared(L, &a->shared)));
	return 1;
}

static int variable_exchange(lua_State *L)
{
	return change(L, TP_SIM_EXCHANGE);
}

static int variable_add(lua_State *L)
{
	return change(L, TP_SIM_ADD);
}

static int variable_sub(lua_State *L)
{
	return change(L, TP_SIM_SUB);
}

/* Whether it was done, and what was found. */
static int variable_cas(lua_State *L)
{
	struct variable *a = luaL_checkudata(L, 1, tp_lua_atomic_type);
	uint64_t expected = (uint64_t)luaL_checkinteger(L, 2);
	uint64_t value = (uint64_t)luaL_checkinteger(L, 3);
	int order = order_at(L, 4, false, false);

	lua_pushboolean(L, tp_sim_cas(&a->v, sizeof(a->v), &expected, value, order,
				      tp_lua_where_shared(L, &a->shared)));
	lua_pushinteger(L, (lua_Integer)expected);
	return 2;
}

static int variable_count(lua_State *L)
{
	struct variable *a = luaL_checkudata(L, 1, tp_lua_atomic_type);

	tp_sim_count(&a->v, sizeof(a->v), (uint64_t)luaL_checkinteger(L, 2),
		     tp_lua_where_shared(L, &a->shared));
	return 0;
}

/* ---- for scripts ----------------------------------------------------------------------------- */

void tp_lua_open_atomic(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "load", variable_load },	   { "store", variable_store },
		{ "exchange", variable_exchange }, { "add", variable_add },
		{ "sub", variable_sub },	   { "cas", variable_cas },
		{ "count", variable_count },	   { NULL, NULL },
	};
	static const luaL_Reg functions[] = {
		{ "atomic", variable_new },
		{ "fence", fence },
		{ NULL, NULL },
	};

	tp_lua_new_type(L, tp_lua_atomic_type, methods, tp_lua_shared_tostring);
	luaL_setfuncs(L, functions, 0);
}
