/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline_json - who stood in the way, for programs. */
#include "lab/offline_json.h"

#include "core/compiler.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *tp_json_text(const char *s)
{
	json_t *json = json_string(s);

	return json ? json : json_string("(no UTF-8)");
}

json_t *tp_json_text_or_null(const char *s)
{
	return s && *s ? tp_json_text(s) : json_null();
}

static json_t *blockers(const struct tp_offline_report *report)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < TP_MIN(report->nr_blockers, (unsigned)TP_REPORT_BLOCKERS); i++) {
		const struct tp_blocker *b = &report->blockers[i];

		json_array_append_new(
			list, json_pack("{s:o, s:i, s:i, s:o, s:o, s:s}", "pfn", number(b->pfn.v),
					"order", (int)b->order, "pins", (int)b->pins, "owner",
					tp_json_text(b->owner), "what",
					tp_json_text_or_null(b->what), "reason", b->reason));
	}
	return list;
}

json_t *tp_report_json(const struct tp_offline_report *r)
{
	json_t *json = json_pack("{s:o, s:o}", "reason", tp_json_text_or_null(r->reason),
				 "vetoed_by", tp_json_text_or_null(r->vetoed_by));

	json_object_set_new(json, "pages_total", number(r->pages_total));
	json_object_set_new(json, "pages_moved", number(r->pages_moved));
	json_object_set_new(json, "pages_released", number(r->pages_released));
	json_object_set_new(json, "bytes_moved", number(r->bytes_moved));
	json_object_set_new(json, "bytes_returned", number(r->bytes_returned));
	json_object_set_new(json, "isolate_ns", number(r->isolate_ns));
	json_object_set_new(json, "passes", number(r->passes));
	json_object_set_new(json, "nr_blockers", number(r->nr_blockers));
	json_object_set_new(json, "blockers", blockers(r));
	return json;
}
