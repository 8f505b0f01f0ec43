/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_veto - m:veto{...}: somebody who says no.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lab/script_api.h"
#include "lab/script_option.h"

static const char veto_type[] = "tidepool.veto";

struct veto_handle {
	struct tp_lab_machine *lm;
	struct tp_veto *veto;
};

struct veto_options {
	const char *name, *event, *error;
	int64_t priority, times;
};

#define FIELD(field) offsetof(struct veto_options, field)

static const struct tp_option veto_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("event", TEXT, FIELD(event), .needed = true),
	TP_OPTION("errno", TEXT, FIELD(error)),
	TP_OPTION("priority", NUMBER, FIELD(priority), .min = -1000, .max = 1000),
	TP_OPTION("times", NUMBER, FIELD(times), .min = 1),
	TP_OPTIONS_END,
};

#undef FIELD

struct veto_action {
	struct tp_action action;
	struct tp_veto_config config;
	struct tp_veto *veto;
};

static int create(struct tp_action *action)
{
	struct veto_action *create = tp_container_of(action, struct veto_action, action);
	int err = tp_veto_create(action->lm->machine, &create->config, &create->veto);

	if (!err)
		tp_lab_machine_add_veto(action->lm, create->veto);
	return err;
}

static void read_options(lua_State *L, struct veto_action *it)
{
	struct veto_options options = { .name = "veto", .error = "EBUSY", .times = INT64_MAX };
	int err;

	tp_options_read(L, 2, "veto", veto_options, &options);
	err = tp_veto_errno(options.error);
	if (!err)
		luaL_error(L, "veto: \"%s\" is no error (try \"EBUSY\")", options.error);
	if (tp_veto_event(options.event, &it->config.event))
		luaL_error(L,
			   "veto: \"%s\" is no event that may be refused; those are "
			   "PREPARE_ONLINE, GOING_ONLINE, GOING_OFFLINE, BECOMING_MEM_AWARE, "
			   "BECOMING_MEMORYLESS",
			   options.event);
	it->config.name = options.name;
	it->config.err = -err;
	it->config.priority = (int)options.priority;
	it->config.times = (uint64_t)options.times;
	snprintf(it->action.object, sizeof(it->action.object), "%s", options.name);
	snprintf(it->action.detail, sizeof(it->action.detail), "%s: %s", options.event,
		 options.error);
}

int tp_script_machine_veto(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct veto_action it = { .action = tp_script_action(L, lm, "veto", create) };
	struct veto_handle *handle;

	read_options(L, &it);
	handle = tp_script_new_handle(L, veto_type, sizeof(*handle), 1);
	if (tp_script_act(L, &it.action))
		return tp_script_fail(L, &it.action);
	*handle = (struct veto_handle){ .lm = lm, .veto = it.veto };
	return 1;
}

static struct tp_veto *check_veto(lua_State *L)
{
	struct veto_handle *handle = luaL_checkudata(L, 1, veto_type);

	if (!handle->veto)
		luaL_error(L, "this veto was never there");
	return handle->veto;
}

static int veto_remove(lua_State *L)
{
	tp_veto_remove(check_veto(L));
	return 0;
}

/* How often it said no. */
static int veto_refused(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)tp_atomic_load(&check_veto(L)->refused, TP_RELAXED));
	return 1;
}

void tp_script_open_veto(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "remove", veto_remove },
		{ "refused", veto_refused },
		{ NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__close", veto_remove },
		{ NULL, NULL },
	};

	tp_script_new_type(L, veto_type, methods, meta);
}
