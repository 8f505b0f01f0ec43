/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* device - memory devices and blocks: plug, online, offline, unplug. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/hotplug.h>

#include "simlua/machine.h"
#include "simlua/option.h"

static const char device_type[] = "tidepool.device";
static const char *const policies[] = { "none", "auto", "kernel", "movable", NULL };

struct device {
	struct tp_device *device; /* NULL: unplugged */
	char name[32];
};

/* Blocks of one machine. */
struct range {
	struct tp_machine *machine;
	unsigned first, count;
	char text[40];
};

static struct device *device_at(lua_State *L, int index)
{
	struct device *d = luaL_checkudata(L, index, device_type);

	if (!d->device)
		luaL_error(L, "%s is not plugged in", d->name);
	return d;
}

int tp_lua_machine_plug(lua_State *L)
{
	struct tp_lua_machine *m = tp_lua_machine(L, 1);
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "plug");
	struct tp_device_config config = {
		.name = tp_lua_option_text(&o, "name"),
		.node = (int)tp_lua_option_number(&o, "node", 0, TP_MAX_NODES - 1, 0),
		.size = m->block_size *
			(uint64_t)tp_lua_option_number(&o, "size", 1, TP_LUA_MAX_BLOCKS, 1),
		.online = (enum tp_online_policy)tp_lua_option_choice(&o, "online", policies, 0),
	};
	struct device *d = tp_lua_handle(L, device_type, sizeof(*d));
	struct tp_device_info info;
	int err;

	tp_lua_options_end(&o);
	err = tp_device_plug(m->machine, &config, &d->device);
	if (err)
		return tp_lua_failed(L, "plug", err, NULL);
	tp_device_info(d->device, &info);
	memcpy(d->name, info.name, sizeof(d->name));
	return 1;
}

/* ---- what became of it ----------------------------------------------------------------------- */

static int done(lua_State *L, const char *verb, const char *what, int err, const char *why)
{
	char text[80];

	if (err) {
		snprintf(text, sizeof(text), "%s %s", verb, what);
		return tp_lua_failed(L, text, err, why);
	}
	lua_pushboolean(L, true);
	return 1;
}

static int went_offline(lua_State *L, const char *verb, const char *what,
			const struct tp_offline_report *report)
{
	return done(L, verb, what, report->err,
		    report->nr_blockers ? report->blockers[0].reason : report->reason);
}

static struct tp_offline_options read_offline(struct tp_lua_options *o)
{
	struct tp_offline_options options = {
		.deadline_ns = (uint64_t)tp_lua_option_number(o, "deadline", 1, INT64_MAX, 0),
		.dry_run = tp_lua_option_flag(o, "dry_run"),
	};

	tp_lua_options_end(o);
	return options;
}

/* ---- devices --------------------------------------------------------------------------------- */

static int device_online(lua_State *L)
{
	struct device *d = device_at(L, 1);
	int policy = luaL_checkoption(L, 2, "auto", policies);

	return done(L, "online", d->name,
		    tp_device_online(d->device, (enum tp_online_policy)policy), NULL);
}

static int device_offline(lua_State *L)
{
	struct device *d = device_at(L, 1);
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "offline");
	struct tp_offline_options options = read_offline(&o);
	struct tp_offline_report report;

	tp_device_offline(d->device, &options, &report);
	return went_offline(L, "offline", d->name, &report);
}

static int device_unplug(lua_State *L)
{
	struct device *d = device_at(L, 1);
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "unplug");
	struct tp_offline_options options = read_offline(&o);
	struct tp_offline_report report;

	if (!tp_device_unplug(d->device, &options, &report))
		d->device = NULL;
	return went_offline(L, "unplug", d->name, &report);
}

static int device_info(lua_State *L)
{
	struct tp_device_info info;

	tp_device_info(device_at(L, 1)->device, &info);
	lua_newtable(L);
	lua_pushstring(L, info.name);
	lua_setfield(L, -2, "name");
	lua_pushinteger(L, info.node);
	lua_setfield(L, -2, "node");
	lua_pushinteger(L, info.first_block);
	lua_setfield(L, -2, "first_block");
	lua_pushinteger(L, info.nr_blocks);
	lua_setfield(L, -2, "blocks");
	lua_pushinteger(L, info.nr_online);
	lua_setfield(L, -2, "online");
	return 1;
}

static int device_tostring(lua_State *L)
{
	const struct device *d = luaL_checkudata(L, 1, device_type);

	lua_pushstring(L, d->name);
	return 1;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Of the machine at index 1. */
static struct range read_range(lua_State *L, struct tp_lua_options *o)
{
	struct range r = {
		.machine = tp_lua_machine(L, 1)->machine,
		.first = (unsigned)tp_lua_option_number(o, "first", 0, INT32_MAX, 0),
		.count = (unsigned)tp_lua_option_number(o, "count", 1, INT32_MAX, 1),
	};

	snprintf(r.text, sizeof(r.text), "block %u", r.first);
	if (r.count > 1)
		snprintf(r.text, sizeof(r.text), "blocks %u-%u", r.first, r.first + r.count - 1);
	return r;
}

int tp_lua_machine_online(lua_State *L)
{
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "online");
	struct range r = read_range(L, &o);
	int policy = tp_lua_option_choice(&o, "zone", policies, TP_ONLINE_AUTO);

	tp_lua_options_end(&o);
	return done(L, "online", r.text,
		    tp_blocks_online(r.machine, r.first, r.count, (enum tp_online_policy)policy),
		    NULL);
}

int tp_lua_machine_offline(lua_State *L)
{
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "offline");
	struct range r = read_range(L, &o);
	struct tp_offline_options options = read_offline(&o);
	struct tp_offline_report report;

	tp_blocks_offline(r.machine, r.first, r.count, &options, &report);
	return went_offline(L, "offline", r.text, &report);
}

/* "online", "offline", ... */
int tp_lua_machine_block(lua_State *L)
{
	static const char *const states[] = { "absent", "offline", "going-online", "online",
					      "going-offline" };
	struct tp_block_info info;

	if (tp_block_info(tp_lua_machine(L, 1)->machine, (unsigned)luaL_checkinteger(L, 2), &info))
		lua_pushstring(L, states[TP_BLOCK_ABSENT]);
	else
		lua_pushstring(L, states[info.state]);
	return 1;
}

void tp_lua_open_device(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "online", device_online },
		{ "offline", device_offline },
		{ "unplug", device_unplug },
		{ "info", device_info },
		{ NULL, NULL },
	};

	tp_lua_new_type(L, device_type, methods, device_tostring);
}
