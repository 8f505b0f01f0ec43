/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shards - reports of parts of searches, read from files and put in order. */
#include "cli/shards.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/merge_reports.h"
#include "cli/report_json.h"
#include "core/alloc.h"

void tp_shards_init(struct tp_shards *shards)
{
	tp_list_init(&shards->searches);
}

static void shard_destroy(struct tp_shard *shard)
{
	if (shard)
		tp_free(shard->replay);
	tp_free(shard);
}

static void search_destroy(struct tp_sharded_search *search)
{
	tp_list_for_each_safe(shard, &search->shards, struct tp_shard, link)
		shard_destroy(shard);
	tp_free(search);
}

void tp_shards_fini(struct tp_shards *shards)
{
	tp_list_for_each_safe(search, &shards->searches, struct tp_sharded_search, link)
		search_destroy(search);
}

static int no_memory(void)
{
	tp_message("there is no memory for so many reports");
	return TP_EXIT_ENVIRONMENT;
}

/* ---- putting them in order ------------------------------------------------------------------- */

static struct tp_sharded_search *find_search(struct tp_shards *shards, const char *scenario)
{
	tp_list_for_each(search, &shards->searches, struct tp_sharded_search, link) {
		if (!strcmp(search->scenario, scenario))
			return search;
	}
	return NULL;
}

static int begin_search(struct tp_shards *shards, struct tp_shard *shard)
{
	struct tp_sharded_search *search = tp_zalloc(sizeof(*search));
	unsigned of = shard->report.nr_shards;

	if (!search)
		return no_memory();
	search->scenario = shard->report.scenario;
	search->of = of ? of : 1;
	search->nr_shards = 1;
	tp_list_init(&search->shards);
	tp_list_add_before(&search->shards, &shard->link);
	tp_list_add_before(&shards->searches, &search->link);
	return 0;
}

static int add_to_search(struct tp_sharded_search *search, struct tp_shard *shard)
{
	const struct tp_explore_report *r = &shard->report;
	const struct tp_shard *first = tp_list_entry(search->shards.next, struct tp_shard, link);
	const char *difference = tp_reports_differ(&first->report, r);
	struct tp_list *before = &search->shards;

	if (difference) {
		tp_message("%s: %s was searched with another %s than in %s", shard->file,
			   r->scenario, difference, first->file);
		return TP_EXIT_USAGE;
	}
	tp_list_for_each_reverse(other, &search->shards, struct tp_shard, link) {
		if (other->report.shard == r->shard) {
			tp_message("%s: shard %u/%u of %s is in %s already", shard->file,
				   r->shard + 1, search->of, r->scenario, other->file);
			return TP_EXIT_USAGE;
		}
		if (other->report.shard < r->shard)
			break;
		before = &other->link;
	}
	tp_list_add_before(before, &shard->link);
	search->nr_shards++;
	return 0;
}

static int add(struct tp_shards *shards, struct tp_shard *shard)
{
	struct tp_sharded_search *search = find_search(shards, shard->report.scenario);
	int code = search ? add_to_search(search, shard) : begin_search(shards, shard);

	if (code)
		shard_destroy(shard);
	return code;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int add_line(struct tp_shards *shards, const char *file, const json_t *line)
{
	struct tp_shard *shard = tp_zalloc(sizeof(*shard));
	char replay[TP_REPLAY_COMMAND];
	const char *field;

	if (!shard)
		return no_memory();
	if (tp_report_read_json(line, &shard->report, replay, &field)) {
		tp_message("%s: a report's \"%s\" is missing or wrong", file, field);
		shard_destroy(shard);
		return TP_EXIT_USAGE;
	}
	shard->file = file;
	shard->replay = tp_strdup(replay);
	if (!shard->replay) {
		shard_destroy(shard);
		return no_memory();
	}
	return add(shards, shard);
}

/* Is there something more than white space? */
static bool has_more(FILE *in)
{
	int c;

	do
		c = getc(in);
	while (isspace(c));
	if (c == EOF)
		return false;
	ungetc(c, in);
	return true;
}

static int read_line(struct tp_shards *shards, const char *file, FILE *in)
{
	json_error_t error;
	json_t *line = json_loadf(in, JSON_DISABLE_EOF_CHECK, &error);
	const char *type = json_string_value(json_object_get(line, "type"));
	int code = 0;

	if (!line || !type) {
		tp_message("%s: this is no output of \"tidepool explore --json\"%s%s", file,
			   line ? "" : ": ", line ? "" : error.text);
		code = TP_EXIT_USAGE;
	} else if (json_integer_value(json_object_get(line, "schema")) != TP_JSON_SCHEMA) {
		tp_message("%s: another version of tidepool wrote this", file);
		code = TP_EXIT_USAGE;
	} else if (!strcmp(type, "explore")) {
		code = add_line(shards, file, line);
	}
	json_decref(line);
	return code;
}

int tp_shards_read(struct tp_shards *shards, const char *file)
{
	bool is_stdin = !strcmp(file, "-");
	FILE *in = is_stdin ? stdin : fopen(file, "re");
	int code = 0;

	if (!in) {
		tp_message("%s cannot be read: %s", file, strerror(errno));
		return TP_EXIT_USAGE;
	}
	while (!code && has_more(in))
		code = read_line(shards, is_stdin ? "standard input" : file, in);
	if (!code && ferror(in)) {
		tp_message("%s cannot be read: %s", file, strerror(errno));
		code = TP_EXIT_USAGE;
	}
	if (!is_stdin)
		fclose(in);
	return code;
}

/* ---- what is missing ------------------------------------------------------------------------- */

static size_t print_range(char *text, size_t size, unsigned first, unsigned last)
{
	int length = first == last ? snprintf(text, size, " %u", first)
				   : snprintf(text, size, " %u-%u", first, last);

	return (size_t)length < size ? (size_t)length : size;
}

void tp_shards_print_missing(const struct tp_sharded_search *search)
{
	char text[512] = "";
	size_t used = 0;
	unsigned next = 1; /* the first that is not known to be there */

	tp_list_for_each(shard, &search->shards, struct tp_shard, link) {
		if (shard->report.shard >= next)
			used += print_range(text + used, sizeof(text) - used, next,
					    shard->report.shard);
		next = shard->report.shard + 2;
	}
	if (next <= search->of)
		print_range(text + used, sizeof(text) - used, next, search->of);
	tp_message("%s: of %u shards these are missing:%s", search->scenario, search->of, text);
}
