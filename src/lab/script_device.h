/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script_device - devices as the script's files share them. */
#ifndef TP_LAB_SCRIPT_DEVICE_H
#define TP_LAB_SCRIPT_DEVICE_H

#include "lab/script_api.h"

enum { TP_DEVICE_NAME = 32, TP_DEVICES_LISTED = 256 };

struct tp_device_names {
	unsigned nr;
	char name[TP_DEVICES_LISTED][TP_DEVICE_NAME];
};

/*
 * The name of the plugged device at @index and what it is just now, or an error.  Others may take
 * it out at any time, so nothing holds on to the device itself.
 */
const char *tp_script_device(lua_State *L, int index, struct tp_lab_machine **lm,
			     struct tp_device_info *info);

/* Name what the action is about. */
void tp_script_name_device(lua_State *L, int index, struct tp_action *action);
void tp_script_name_blocks(struct tp_action *action, unsigned first, unsigned count);

int tp_script_device_offline(lua_State *L);
int tp_script_device_unplug(lua_State *L);

#endif
