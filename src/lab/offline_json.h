/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline_json - the report of an offline as JSON, and texts that may be anything. */
#ifndef TP_LAB_OFFLINE_JSON_H
#define TP_LAB_OFFLINE_JSON_H

#include <jansson.h>
#include <tidepool/hotplug.h>

json_t *tp_report_json(const struct tp_offline_report *report);

/* Names and texts of scripts may be no UTF-8; then this says so. */
json_t *tp_json_text(const char *s);
/* Null for NULL and for "". */
json_t *tp_json_text_or_null(const char *s);

#endif
