/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline_json - a search's report as a line of JSON, and back: one table serves both ways. */
#include "cli/report_json.h"

#include <errno.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/scenario_options.h"
#include "core/compiler.h"

struct number {
	const char *name;
	size_t at, size; /* in the report; an unsigned or a uint64_t */
};

#define NUMBER(field)                                                            \
	{                                                                        \
		.name = #field, .at = offsetof(struct tp_explore_report, field), \
		.size = sizeof(((struct tp_explore_report *)0)->field),          \
	}

static const struct number numbers[] = {
	NUMBER(faults),	    NUMBER(timers),	  NUMBER(bound),	NUMBER(depth),
	NUMBER(seed),	    NUMBER(shard),	  NUMBER(nr_shards),	NUMBER(runs),
	NUMBER(pruned),	    NUMBER(elsewhere),	  NUMBER(steps),	NUMBER(max_steps),
	NUMBER(failed),	    NUMBER(first_failed), NUMBER(token_length), NUMBER(found_length),
	NUMBER(elapsed_ns),
};

const char *tp_report_verdict(const struct tp_explore_report *report)
{
	if (report->failed)
		return "finding";
	return report->complete ? "complete" : "capped";
}

/* ---- out ------------------------------------------------------------------------------------- */

static uint64_t get_number(const struct tp_explore_report *report, const struct number *number)
{
	const char *at = (const char *)report + number->at;
	uint64_t wide = 0;
	unsigned narrow;

	if (number->size == sizeof(wide)) {
		memcpy(&wide, at, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static json_t *sites_json(const struct tp_explore_report *report)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < report->nr_sites; i++) {
		const struct tp_site_use *site = &report->sites[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:I, s:I}", "name", tp_json_text(site->name),
						"hits", (json_int_t)site->hits, "injected",
						(json_int_t)site->injected));
	}
	return list;
}

void tp_report_print_json(const struct tp_explore_report *report, const char *replay)
{
	json_t *json =
		json_pack("{s:o, s:s, s:s, s:s, s:b}", "scenario", tp_json_text(report->scenario),
			  "strategy", tp_strategy_name(report->strategy), "memory",
			  tp_memory_name(report->memory), "verdict", tp_report_verdict(report),
			  "complete", (int)report->complete);

	for (size_t i = 0; i < TP_ARRAY_SIZE(numbers); i++)
		json_object_set_new(json, numbers[i].name,
				    json_integer((json_int_t)get_number(report, &numbers[i])));
	json_object_set_new(json, "finding", tp_json_text_or_null(report->finding));
	json_object_set_new(json, "token", tp_json_text_or_null(report->token));
	json_object_set_new(json, "sites", sites_json(report));
	json_object_set_new(json, "replay", tp_json_text_or_null(replay));
	tp_json_print("explore", json);
}

/* ---- in -------------------------------------------------------------------------------------- */

static bool set_number(struct tp_explore_report *report, const struct number *number,
		       const json_t *value)
{
	char *at = (char *)report + number->at;
	uint64_t wide = (uint64_t)json_integer_value(value);
	unsigned narrow = (unsigned)wide;

	if (!json_is_integer(value) || (number->size == sizeof(narrow) && narrow != wide))
		return false;
	if (number->size == sizeof(wide))
		memcpy(at, &wide, sizeof(wide));
	else
		memcpy(at, &narrow, sizeof(narrow));
	return true;
}

/* Null is the empty text. */
static bool set_text(const json_t *line, const char *name, char *text, size_t size)
{
	const json_t *value = json_object_get(line, name);

	if (json_is_null(value))
		return true;
	if (!json_is_string(value) || json_string_length(value) >= size)
		return false;
	strcpy(text, json_string_value(value));
	return true;
}

static bool set_enums(const json_t *line, struct tp_explore_report *report, const char **field)
{
	const char *strategy = json_string_value(json_object_get(line, "strategy"));
	const char *memory = json_string_value(json_object_get(line, "memory"));

	*field = "strategy";
	if (!strategy || tp_strategy_parse(strategy, &report->strategy))
		return false;
	*field = "memory";
	if (!memory || tp_memory_parse(memory, &report->memory))
		return false;
	*field = "complete";
	report->complete = json_is_true(json_object_get(line, *field));
	return json_is_boolean(json_object_get(line, *field));
}

static bool set_sites(const json_t *line, struct tp_explore_report *report)
{
	const json_t *list = json_object_get(line, "sites");
	const json_t *site;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > TP_EXPLORE_SITES)
		return false;
	json_array_foreach(list, i, site)
	{
		struct tp_site_use *use = &report->sites[i];

		if (!set_text(site, "name", use->name, sizeof(use->name)))
			return false;
		use->hits = (uint64_t)json_integer_value(json_object_get(site, "hits"));
		use->injected = (uint64_t)json_integer_value(json_object_get(site, "injected"));
	}
	report->nr_sites = (unsigned)json_array_size(list);
	return true;
}

static bool set_texts(const json_t *line, struct tp_explore_report *report,
		      char replay[TP_REPLAY_COMMAND], const char **field)
{
	const struct {
		const char *name;
		char *text;
		size_t size;
	} texts[] = {
		{ "scenario", report->scenario, sizeof(report->scenario) },
		{ "finding", report->finding, sizeof(report->finding) },
		{ "token", report->token, sizeof(report->token) },
		{ "replay", replay, TP_REPLAY_COMMAND },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(texts); i++) {
		*field = texts[i].name;
		if (!set_text(line, texts[i].name, texts[i].text, texts[i].size))
			return false;
	}
	return true;
}

int tp_report_read_json(const json_t *line, struct tp_explore_report *report,
			char replay[TP_REPLAY_COMMAND], const char **field)
{
	*report = (struct tp_explore_report){ .runs = 0 };
	replay[0] = '\0';
	for (size_t i = 0; i < TP_ARRAY_SIZE(numbers); i++) {
		*field = numbers[i].name;
		if (!set_number(report, &numbers[i], json_object_get(line, *field)))
			return -EINVAL;
	}
	if (!set_enums(line, report, field) || !set_texts(line, report, replay, field))
		return -EINVAL;
	*field = "shard";
	if (report->shard >= TP_MAX(report->nr_shards, 1u))
		return -EINVAL;
	*field = "sites";
	return set_sites(line, report) ? 0 : -EINVAL;
}
