/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* site_table - how often searches met each fault site there is, and which they never met. */
#include "cli/site_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/style.h"
#include "core/compiler.h"

static struct tp_site_use *add_site(struct tp_site_table *table, const char *name)
{
	struct tp_site_use *site = &table->sites[table->nr];

	if (table->nr == TP_TABLE_SITES)
		return NULL;
	snprintf(site->name, sizeof(site->name), "%s", name);
	table->nr++;
	return site;
}

void tp_site_table_init(struct tp_site_table *table)
{
	const char *names[TP_TABLE_SITES];
	size_t nr = tp_explore_sites(names, TP_TABLE_SITES);

	*table = (struct tp_site_table){ .nr = 0 };
	for (size_t i = 0; i < TP_MIN(nr, (size_t)TP_TABLE_SITES); i++)
		add_site(table, names[i]);
}

/* A scenario may have sites of its own. */
static struct tp_site_use *find_or_add(struct tp_site_table *table, const char *name)
{
	for (size_t i = 0; i < table->nr; i++) {
		if (!strcmp(table->sites[i].name, name))
			return &table->sites[i];
	}
	return add_site(table, name);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct tp_site_use *)a)->name, ((const struct tp_site_use *)b)->name);
}

void tp_site_table_add(struct tp_site_table *table, const struct tp_explore_report *report)
{
	for (unsigned i = 0; i < report->nr_sites; i++) {
		struct tp_site_use *site = find_or_add(table, report->sites[i].name);

		if (site) {
			site->hits += report->sites[i].hits;
			site->injected += report->sites[i].injected;
		}
	}
	qsort(table->sites, table->nr, sizeof(table->sites[0]), compare);
}

static void print_text(const struct tp_site_use *site)
{
	if (site->hits)
		printf("%-28s %12" PRIu64 "  %10" PRIu64 "\n", site->name, site->hits,
		       site->injected);
	else
		printf("%-28s %s%12s%s\n", site->name, tp_style_on(stdout, TP_STYLE_WARN),
		       "never met", tp_style_off(stdout));
}

static void print_json(const struct tp_site_use *site)
{
	tp_json_print("site",
		      json_pack("{s:o, s:n, s:n, s:I, s:I}", "name", tp_json_text(site->name),
				"file", "line", "hits", (json_int_t)site->hits, "injected",
				(json_int_t)site->injected));
}

void tp_site_table_print(const struct tp_site_table *table, bool json)
{
	if (!json)
		printf("\n%-28s %12s  %10s\n", "fault site", "hits", "failed");
	for (size_t i = 0; i < table->nr; i++) {
		if (json)
			print_json(&table->sites[i]);
		else
			print_text(&table->sites[i]);
	}
	if (!json)
		putchar('\n');
}
