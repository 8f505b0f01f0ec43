/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_veto - m:veto{...}: somebody who says no.
 */
#include <lauxlib.h>
#include <stdio.h>

#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/wish.h"

static const char veto_type[] = "tidepool.veto";

struct veto_handle {
	struct tp_lab_machine *lm;
	struct tp_veto *veto;
};

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
	struct tp_veto_wish wish = TP_VETO_WISH_INIT;
	char why[TP_WISH_TEXT];

	tp_options_read(L, 2, "veto", tp_veto_options, &wish);
	if (tp_veto_config(&wish, &it->config, why))
		luaL_error(L, "veto: %s", why);
	snprintf(it->action.object, sizeof(it->action.object), "%s", wish.name);
	snprintf(it->action.detail, sizeof(it->action.detail), "%s: %s", wish.event, wish.error);
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
