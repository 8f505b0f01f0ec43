/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_device - memory devices and blocks: plug, online, ask.  Taking away: script_offline.c.
 *
 * A handle knows its device by name and looks it up at each use (A2): after unplug and replug it is
 * good again.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lab/script_device.h"
#include "lab/script_option.h"
#include "lab/units.h"
#include "lab/wish.h"

static const char device_type[] = "tidepool.device";

struct device_handle {
	struct tp_lab_machine *lm;
	char name[TP_DEVICE_NAME];
};

struct plug_action {
	struct tp_action action;
	struct tp_device_config config;
	char name[TP_DEVICE_NAME];
};

static int push_device(lua_State *L, int machine, const char *name)
{
	struct device_handle *handle =
		tp_script_new_handle(L, device_type, sizeof(*handle), machine);

	handle->lm = tp_script_machine(L, machine);
	snprintf(handle->name, sizeof(handle->name), "%s", name);
	return 1;
}

const char *tp_script_device(lua_State *L, int index, struct tp_lab_machine **lm,
			     struct tp_device_info *info)
{
	struct device_handle *handle = luaL_checkudata(L, index, device_type);

	*lm = handle->lm;
	if (!handle->lm->machine)
		luaL_error(L, "%s: its machine is closed", handle->name);
	if (tp_device_query(handle->lm->machine, handle->name, info))
		luaL_error(L, "%s is not plugged in", handle->name);
	return handle->name;
}

/*
 * The library would make one up too, but say so only by the device, which others may take out
 * meanwhile.
 */
static const char *new_name(struct tp_lab_machine *lm, char name[])
{
	struct tp_device_info info;

	do
		snprintf(name, TP_DEVICE_NAME, "mem%u", lm->nr_devices++);
	while (!tp_device_query(lm->machine, name, &info));
	return name;
}

static int plug(struct tp_action *action)
{
	struct plug_action *plug = tp_container_of(action, struct plug_action, action);
	struct tp_device *device;
	int err;

	if (!plug->config.name)
		plug->config.name = new_name(action->lm, action->step->object);
	err = tp_device_plug(action->lm->machine, &plug->config, &device);
	if (!err)
		snprintf(plug->name, sizeof(plug->name), "%s", plug->config.name);
	return err;
}

static void describe_plug(struct plug_action *plug, const struct tp_plug_wish *options)
{
	char size[TP_UNIT_TEXT];

	if (options->name)
		snprintf(plug->action.object, sizeof(plug->action.object), "%s", options->name);
	snprintf(plug->action.detail, sizeof(plug->action.detail), "%s at node %d%s%s",
		 tp_size_format(size, options->size), (int)options->node,
		 options->online ? ", " : "",
		 options->online ? tp_policy_names[options->online] : "");
}

int tp_script_machine_plug(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct plug_action plug_it = { .action = tp_script_action(L, lm, "plug", plug) };
	struct tp_plug_wish options = { 0 };

	tp_options_read(L, 2, "plug", tp_plug_options, &options);
	describe_plug(&plug_it, &options);
	plug_it.config = tp_plug_config(&options);
	if (tp_script_act(L, &plug_it.action))
		return tp_script_fail(L, &plug_it.action);
	return push_device(L, 1, plug_it.name);
}

int tp_script_machine_device(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	const char *name = luaL_checkstring(L, 2);
	struct tp_device_info info;

	if (tp_device_query(lm->machine, name, &info)) {
		lua_pushnil(L);
		return 1;
	}
	return push_device(L, 1, name);
}

static int add_name(struct tp_device *device, void *arg)
{
	struct tp_device_names *names = arg;
	struct tp_device_info info;

	tp_device_info(device, &info);
	if (names->nr < TP_ARRAY_SIZE(names->name))
		memcpy(names->name[names->nr++], info.name, sizeof(info.name));
	return 0;
}

/* Names first: no Lua error may be raised under the hotplug lock (A1). */
int tp_script_machine_devices(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct tp_device_names names = { .nr = 0 };

	tp_device_for_each(lm->machine, add_name, &names);
	lua_newtable(L);
	for (unsigned i = 0; i < names.nr; i++) {
		push_device(L, 1, names.name[i]);
		lua_seti(L, -2, i + 1);
	}
	return 1;
}

static int device_info(lua_State *L)
{
	struct tp_lab_machine *lm;
	struct tp_device_info info;

	tp_script_device(L, 1, &lm, &info);
	lua_newtable(L);
	tp_script_set_string(L, "name", info.name);
	tp_script_set_string(L, "kind", tp_device_kind_names[info.kind]);
	tp_script_set_string(L, "policy", tp_policy_names[info.online]);
	tp_script_set_flag(L, "boot", info.boot);
	tp_script_set_integer(L, "node", (uint64_t)info.node);
	tp_script_set_integer(L, "start", info.start);
	tp_script_set_integer(L, "size", info.size);
	tp_script_set_integer(L, "blocks", info.nr_blocks);
	tp_script_set_integer(L, "online", info.nr_online);
	tp_script_set_integer(L, "first_block", info.first_block);
	tp_script_set_integer(L, "latency_ns", info.latency_ns);
	tp_script_set_integer(L, "bandwidth_mbps", info.bandwidth_mbps);
	return 1;
}

/* ---- online ---------------------------------------------------------------------------------- */

struct online_action {
	struct tp_action action;
	const char *device; /* NULL: blocks */
	unsigned first, count;
	enum tp_online_policy policy;
};

static int online(struct tp_action *action)
{
	struct online_action *online = tp_container_of(action, struct online_action, action);

	if (online->device)
		return tp_device_online_named(action->lm->machine, online->device, online->policy,
					      NULL);
	return tp_blocks_online(action->lm->machine, online->first, online->count, online->policy);
}

static int act_online(lua_State *L, struct online_action *online, int policy)
{
	online->policy = (enum tp_online_policy)policy;
	snprintf(online->action.detail, sizeof(online->action.detail), "%s",
		 tp_policy_names[policy]);
	return tp_script_do(L, &online->action);
}

/* d:online "movable" */
static int device_online(lua_State *L)
{
	struct tp_lab_machine *lm;
	struct tp_device_info info;
	const char *device = tp_script_device(L, 1, &lm, &info);
	struct online_action it = { .action = tp_script_action(L, lm, "online", online),
				    .device = device };
	int policy = TP_ONLINE_AUTO;

	if (!lua_isnoneornil(L, 2))
		policy = tp_option_choice(L, 2, "online", "the zone", tp_policy_names + 1) + 1;
	tp_script_name_device(L, 1, &it.action);
	return act_online(L, &it, policy);
}

int tp_script_machine_online(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct online_action it = { .action = tp_script_action(L, lm, "online", online) };
	struct {
		int64_t first, count;
		int zone;
	} options = { .count = 1 };
	static const struct tp_option online_options[] = {
		TP_OPTION("first", NUMBER, 0, .needed = true, .max = INT32_MAX),
		TP_OPTION("count", NUMBER, sizeof(int64_t), .min = 1, .max = INT32_MAX),
		TP_OPTION("zone", CHOICE, 2 * sizeof(int64_t), .choices = tp_policy_names + 1),
		TP_OPTIONS_END,
	};

	tp_options_read(L, 2, "online", online_options, &options);
	it.first = (unsigned)options.first;
	it.count = (unsigned)options.count;
	tp_script_name_blocks(&it.action, it.first, it.count);
	return act_online(L, &it, options.zone + 1);
}

void tp_script_name_blocks(struct tp_action *action, unsigned first, unsigned count)
{
	if (count == 1)
		snprintf(action->object, sizeof(action->object), "block %u", first);
	else
		snprintf(action->object, sizeof(action->object), "blocks %u-%u", first,
			 first + count - 1);
}

void tp_script_name_device(lua_State *L, int index, struct tp_action *action)
{
	struct device_handle *handle = luaL_checkudata(L, index, device_type);

	snprintf(action->object, sizeof(action->object), "%s", handle->name);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void push_zones(lua_State *L, const struct tp_block_info *info)
{
	static const char *const zones[] = { "DMA", "DMA32", "Normal", "Movable", "Device" };

	tp_script_set_string(L, "zone", info->zone_valid ? zones[info->zone] : NULL);
	lua_newtable(L);
	for (unsigned i = 0; i < info->nr_valid_zones; i++) {
		lua_pushstring(L, zones[info->valid_zones[i]]);
		lua_seti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "valid_zones");
}

int tp_script_machine_block(lua_State *L)
{
	static const char *const states[] = { "absent", "offline", "going-online", "online",
					      "going-offline" };
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct tp_block_info info;

	if (tp_block_info(lm->machine, (unsigned)luaL_checkinteger(L, 2), &info)) {
		lua_pushnil(L);
		return 1;
	}
	lua_newtable(L);
	tp_script_set_integer(L, "id", info.id);
	tp_script_set_string(L, "state", states[info.state]);
	tp_script_set_integer(L, "node", (uint64_t)info.node);
	tp_script_set_string(L, "device", info.device);
	push_zones(L, &info);
	return 1;
}

static int device_tostring(lua_State *L)
{
	struct device_handle *handle = luaL_checkudata(L, 1, device_type);

	lua_pushstring(L, handle->name);
	return 1;
}

void tp_script_open_device(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "online", device_online },
		{ "offline", tp_script_device_offline },
		{ "unplug", tp_script_device_unplug },
		{ "info", device_info },
		{ NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__tostring", device_tostring },
		{ NULL, NULL },
	};

	tp_script_new_type(L, device_type, methods, meta);
}
