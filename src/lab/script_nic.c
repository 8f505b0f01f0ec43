/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_nic - m:nic{...}: network devices, and what a script does to them.
 *
 * A handle knows its device by name and looks it up at each use (A2).
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>

#include "lab/net_wish.h"
#include "lab/nic.h"
#include "lab/script_api.h"

static const char nic_type[] = "tidepool.nic";

struct nic_handle {
	struct tp_lab_machine *lm;
	char name[TP_NET_NAME];
};

struct nic_action {
	struct tp_action action;
	struct tp_nic *nic;
	struct tp_nic_config config; /* of a new one */
	struct tp_net_wish wish;
	bool up, announce, tx;
	unsigned queue;
};

static struct nic_action *it_of(struct tp_action *action)
{
	return tp_container_of(action, struct nic_action, action);
}

struct tp_nic *tp_script_nic(lua_State *L, int index)
{
	struct nic_handle *handle = luaL_checkudata(L, index, nic_type);
	struct tp_nic *nic;

	if (!handle->lm->machine)
		luaL_error(L, "%s: its machine is closed", handle->name);
	nic = tp_nic_find(handle->lm, handle->name);
	if (!nic)
		luaL_error(L, "%s is not there any more", handle->name);
	return nic;
}

struct tp_nic *tp_script_nic_called(lua_State *L, struct tp_lab_machine *lm, const char *what,
				    const char *name)
{
	struct tp_nic *nic = tp_nic_find(lm, name);

	if (!nic)
		luaL_error(L, "%s: there is no network device \"%s\"", what, name);
	return nic;
}

/* An action on the device at index 1. */
static struct nic_action action_on(lua_State *L, const char *verb,
				   int (*call)(struct tp_action *action))
{
	struct tp_nic *nic = tp_script_nic(L, 1);
	struct nic_action it = { .action = tp_script_action(L, nic->lm, verb, call), .nic = nic };

	snprintf(it.action.object, sizeof(it.action.object), "%s", nic->name);
	return it;
}

/* ---- make and take away ---------------------------------------------------------------------- */

struct nic_options {
	const char *name;
	int64_t node, queues, rx_ring, tx_ring, mtu;
	int run, device;
	bool up;
};

static const char *const runs[] = { "interrupt", "poll", NULL };
static const char *const devices[] = { "inline", "thread", NULL };

#define FIELD(field) offsetof(struct nic_options, field)

static const struct tp_option nic_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1),
	TP_OPTION("queues", NUMBER, FIELD(queues), .min = 1, .max = TP_NET_MAX_QUEUES),
	TP_OPTION("rx_ring", NUMBER, FIELD(rx_ring), .min = TP_NET_MIN_RING,
		  .max = TP_NET_MAX_RING),
	TP_OPTION("tx_ring", NUMBER, FIELD(tx_ring), .min = TP_NET_MIN_RING,
		  .max = TP_NET_MAX_RING),
	TP_OPTION("mtu", NUMBER, FIELD(mtu), .min = TP_NET_MIN_MTU, .max = TP_NET_MAX_MTU),
	TP_OPTION("run", CHOICE, FIELD(run), .choices = runs),
	TP_OPTION("device", CHOICE, FIELD(device), .choices = devices),
	TP_OPTION("up", FLAG, FIELD(up)),
	TP_OPTIONS_END,
};

#undef FIELD

static int create(struct tp_action *action)
{
	struct nic_action *it = it_of(action);
	int err = tp_nic_create(action->lm, &it->config, &it->nic);

	if (err || !it->up)
		return err;
	err = tp_net_open(action->lm->machine, it->nic->name);
	if (err)
		tp_nic_destroy(it->nic);
	return err;
}

/* The first of avf0, avf1, ... that is free. */
static void make_name(struct tp_lab_machine *lm, char *name)
{
	unsigned n = 0;

	do {
		snprintf(name, TP_NET_NAME, "avf%u", n++);
	} while (tp_nic_find(lm, name));
}

static void read_options(lua_State *L, struct tp_lab_machine *lm, struct nic_action *it)
{
	struct nic_options o = { .node = TP_NODE_NONE, .queues = 1, .up = true };

	tp_options_read(L, 2, "nic", nic_options, &o);
	/* One that is too long must stay so, to be refused. */
	if (o.name)
		snprintf(it->action.object, sizeof(it->action.object), "%s", o.name);
	else
		make_name(lm, it->action.object);
	snprintf(it->action.detail, sizeof(it->action.detail), "%u queue pair%s, %s",
		 (unsigned)o.queues, o.queues > 1 ? "s" : "", runs[o.run]);
	it->up = o.up;
	it->config = (struct tp_nic_config){
		.name = it->action.object,
		.node = (int)o.node,
		.queues = (unsigned)o.queues,
		.rx_ring = (unsigned)o.rx_ring,
		.tx_ring = (unsigned)o.tx_ring,
		.mtu = (unsigned)o.mtu,
		.run = o.run ? TP_AVF_RUN_POLL : TP_AVF_RUN_INTERRUPT,
		.device = o.device ? TP_AVF_THREAD : TP_AVF_INLINE,
	};
}

int tp_script_machine_nic(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct nic_action it = { .action = tp_script_action(L, lm, "nic", create) };
	struct nic_handle *handle;

	read_options(L, lm, &it);
	handle = tp_script_new_handle(L, nic_type, sizeof(*handle), 1);
	if (tp_script_act(L, &it.action))
		return tp_script_fail(L, &it.action);
	handle->lm = lm;
	snprintf(handle->name, sizeof(handle->name), "%s", it.nic->name);
	return 1;
}

static int destroy(struct tp_action *action)
{
	return tp_nic_destroy(it_of(action)->nic);
}

static int nic_unplug(lua_State *L)
{
	struct nic_action it = action_on(L, "unplug", destroy);

	if (it.nic->cable)
		return luaL_error(L, "%s: its wire is still plugged in", it.nic->name);
	if (tp_nic_used_by(it.nic))
		return luaL_error(L, "%s: %s still uses it", it.nic->name, tp_nic_used_by(it.nic));
	return tp_script_do(L, &it.action);
}

/* ---- configuration --------------------------------------------------------------------------- */

static int set(struct tp_action *action)
{
	struct nic_action *it = it_of(action);

	return tp_net_wish_apply(action->lm->machine, it->nic->name, &it->wish);
}

/* In the order of the options: that of the table differs from run to run. */
static void describe_set(lua_State *L, struct tp_action *action)
{
	size_t used = 0;

	for (const struct tp_option *o = tp_net_set_options + 1; o->name; o++) {
		if (lua_getfield(L, 2, o->name) != LUA_TNIL && used < sizeof(action->detail))
			used += (size_t)snprintf(action->detail + used,
						 sizeof(action->detail) - used, "%s%s=%s",
						 used ? " " : "", o->name,
						 luaL_tolstring(L, -1, NULL));
		lua_settop(L, 2);
	}
}

static int nic_set(lua_State *L)
{
	struct nic_action it = action_on(L, "set", set);
	struct tp_net_set wanted = { .name = it.nic->name };
	struct tp_net_info info;

	if (tp_net_info(it.action.lm->machine, it.nic->name, &info))
		return luaL_error(L, "%s is not there any more", it.nic->name);
	tp_net_wish_init(&wanted.wish, &info);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	tp_options_read(L, 2, "set", tp_net_set_options + 1,
			&wanted); /* the name is the handle's */
	describe_set(L, &it.action);
	it.wish = wanted.wish;
	return tp_script_do(L, &it.action);
}

static int up_or_down(struct tp_action *action)
{
	struct nic_action *it = it_of(action);
	struct tp_machine *machine = action->lm->machine;

	return it->up ? tp_net_open(machine, it->nic->name) : tp_net_close(machine, it->nic->name);
}

static int nic_up(lua_State *L)
{
	struct nic_action it = action_on(L, "up", up_or_down);

	it.up = true;
	return tp_script_do(L, &it.action);
}

static int nic_down(lua_State *L)
{
	struct nic_action it = action_on(L, "down", up_or_down);

	return tp_script_do(L, &it.action);
}

/* ---- what befalls the device ----------------------------------------------------------------- */

static int reset(struct tp_action *action)
{
	return tp_net_reset(action->lm->machine, it_of(action)->nic->name);
}

static int nic_reset(lua_State *L)
{
	struct nic_action it = action_on(L, "reset", reset);

	return tp_script_do(L, &it.action);
}

static int pf_reset(struct tp_action *action)
{
	tp_avf_model_pf_reset(it_of(action)->nic->model, it_of(action)->announce);
	return 0;
}

/* n:pf_reset{announce=true}: the physical function resets the device. */
static int nic_pf_reset(lua_State *L)
{
	struct nic_action it = action_on(L, "pf-reset", pf_reset);
	const struct tp_option options[] = {
		TP_OPTION("announce", FLAG, 0),
		TP_OPTIONS_END,
	};

	tp_options_read(L, 2, "pf_reset", options, &it.announce);
	return tp_script_do(L, &it.action);
}

static int set_link(struct tp_action *action)
{
	tp_avf_model_set_link(it_of(action)->nic->model, it_of(action)->up);
	return 0;
}

static int nic_link(lua_State *L)
{
	struct nic_action it = action_on(L, "link", set_link);

	luaL_checktype(L, 2, LUA_TBOOLEAN);
	it.up = lua_toboolean(L, 2);
	snprintf(it.action.detail, sizeof(it.action.detail), "%s", it.up ? "up" : "down");
	return tp_script_do(L, &it.action);
}

static int set_hang(struct tp_action *action)
{
	struct nic_action *it = it_of(action);

	tp_avf_model_hang(it->nic->model, it->queue, it->tx, true);
	return 0;
}

static void check_queue(lua_State *L, struct tp_nic *nic, unsigned queue)
{
	struct tp_net_info info;

	if (!tp_net_info(nic->lm->machine, nic->name, &info) && queue >= info.config.queues)
		luaL_error(L, "hang: %s has no queue %d, but %d", nic->name, (int)queue,
			   (int)info.config.queues);
}

/* n:hang{queue=0, side="tx"}: a queue of the device stands still until it is reset. */
static int nic_hang(lua_State *L)
{
	static const char *const sides[] = { "rx", "tx", NULL };
	struct nic_action it = action_on(L, "hang", set_hang);
	struct {
		int64_t queue;
		int side;
	} o = { 0, 1 };
	const struct tp_option options[] = {
		TP_OPTION("queue", NUMBER, 0, .max = TP_NET_MAX_QUEUES - 1),
		TP_OPTION("side", CHOICE, sizeof(int64_t), .choices = sides),
		TP_OPTIONS_END,
	};

	tp_options_read(L, 2, "hang", options, &o);
	check_queue(L, it.nic, (unsigned)o.queue);
	it.queue = (unsigned)o.queue;
	it.tx = o.side;
	snprintf(it.action.detail, sizeof(it.action.detail), "%s queue %u", sides[o.side],
		 it.queue);
	return tp_script_do(L, &it.action);
}

/* ---- questions ------------------------------------------------------------------------------- */

static int nic_info(lua_State *L)
{
	struct tp_nic *nic = tp_script_nic(L, 1);
	struct tp_net_info info;
	char mac[TP_MAC_TEXT];

	if (tp_net_info(nic->lm->machine, nic->name, &info))
		return luaL_error(L, "%s is not there any more", nic->name);
	lua_newtable(L);
	tp_script_set_string(L, "name", info.name);
	tp_script_set_string(L, "state", tp_net_state_name(info.state));
	tp_script_set_string(L, "mac", tp_mac_format(mac, info.config.mac));
	tp_script_set_flag(L, "carrier", info.carrier);
	tp_script_set_integer(L, "mtu", info.config.mtu);
	tp_script_set_integer(L, "queues", info.config.queues);
	tp_script_set_integer(L, "rx_ring", info.config.rx_ring);
	tp_script_set_integer(L, "tx_ring", info.config.tx_ring);
	tp_script_set_integer(L, "resets", info.resets);
	return 1;
}

/* Every counter by name. */
static int nic_stats(lua_State *L)
{
	struct tp_nic *nic = tp_script_nic(L, 1);
	struct tp_net_stats stats;

	lua_newtable(L); /* while nothing is held (A1) */
	if (tp_net_stats_get(nic->lm->machine, nic->name, &stats))
		return luaL_error(L, "%s: its counters could not be read", nic->name);
	for (unsigned i = 0; i < stats.nr; i++)
		tp_script_set_integer(L, stats.names[i], stats.values[i]);
	tp_net_stats_put(&stats);
	return 1;
}

static int nic_tostring(lua_State *L)
{
	struct nic_handle *handle = luaL_checkudata(L, 1, nic_type);

	lua_pushstring(L, handle->name);
	return 1;
}

void tp_script_open_nic(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "set", nic_set },	  { "up", nic_up },	{ "down", nic_down },
		{ "reset", nic_reset },	  { "link", nic_link }, { "pf_reset", nic_pf_reset },
		{ "hang", nic_hang },	  { "info", nic_info }, { "stats", nic_stats },
		{ "unplug", nic_unplug }, { NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__tostring", nic_tostring },
		{ NULL, NULL },
	};

	tp_script_new_type(L, nic_type, methods, meta);
}
