/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_member - what stands under a name in an answer; "" and 0 where nothing does. */
#ifndef TP_CLI_ANSWER_MEMBER_H
#define TP_CLI_ANSWER_MEMBER_H

#include <jansson.h>
#include <stdint.h>

static inline const char *tp_text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static inline uint64_t tp_number_of(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

#endif
