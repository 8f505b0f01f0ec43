/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json_option - the same strict tables of options as script_option.h, filled from a JSON object.
 *
 * Whatever a JSON number or flag may be may also be given as text, as from a command line.
 */
#ifndef TP_LAB_JSON_OPTION_H
#define TP_LAB_JSON_OPTION_H

#include <jansson.h>

#include "lab/script_option.h"

enum { TP_OPTION_ERROR = 160 };

/*
 * Fields of @config keep their value where the object says nothing; its members "cmd" and "id" are
 * nobody's options.  Text points into @object.  -EINVAL: @error says why.
 */
int tp_json_options_read(const json_t *object, const struct tp_option *options, void *config,
			 char error[TP_OPTION_ERROR]);

#endif
