/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report_json - the report of an offline as members of a JSON object. */
#ifndef TP_LAB_REPORT_JSON_H
#define TP_LAB_REPORT_JSON_H

#include <jansson.h>
#include <tidepool/hotplug.h>

void tp_report_json(json_t *object, const struct tp_offline_report *report);

/* A JSON string, also of bytes that are no UTF-8. */
json_t *tp_json_text(const char *s);

#endif
