/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no_lua - what a library without Lua says to a Lua scenario. */
#include <errno.h>
#include <stdio.h>

#include <tidepool/explore.h>

#include "core/compiler.h"

int tp_scenario_load_lua(const char *path, char error[512],
			 tp_unused const struct tp_scenario **scenario)
{
	snprintf(error, 512, "%s: this library was built without Lua", path);
	return -ENOTSUP;
}
