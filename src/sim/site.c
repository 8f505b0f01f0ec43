/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* site - counting by name; a search meets few sites, each of them often. */
#include "sim/site.h"

#include <stdio.h>
#include <string.h>

#include "core/fault.h"
#include "core/invariant.h"

struct site {
	const char *name;
	uint64_t hits, injected;
};

static struct site sites[TP_EXPLORE_SITES];
static unsigned nr_sites;

void tp_sites_begin(void)
{
	nr_sites = 0;
}

static struct site *find(const char *name)
{
	unsigned i = 0;

	while (i < nr_sites && sites[i].name != name && strcmp(sites[i].name, name))
		i++;
	if (i == nr_sites) {
		TP_INVARIANT(nr_sites < TP_EXPLORE_SITES);
		sites[nr_sites++] = (struct site){ .name = name };
	}
	return &sites[i];
}

void tp_site_count(const char *name, bool failed)
{
	struct site *site = find(name);

	site->hits++;
	site->injected += failed;
}

static void insert(struct tp_explore_report *report, const struct site *site)
{
	unsigned i = report->nr_sites++;

	for (; i && strcmp(report->sites[i - 1].name, site->name) > 0; i--)
		report->sites[i] = report->sites[i - 1];
	report->sites[i] = (struct tp_site_use){ .hits = site->hits, .injected = site->injected };
	snprintf(report->sites[i].name, TP_SITE_NAME, "%s", site->name);
}

void tp_sites_report(struct tp_explore_report *report)
{
	report->nr_sites = 0;
	for (unsigned i = 0; i < nr_sites; i++)
		insert(report, &sites[i]);
}

size_t tp_explore_sites(const char **names, size_t max)
{
	struct tp_fault_info info[256];
	size_t nr = tp_fault_list(info, TP_ARRAY_SIZE(info));

	for (size_t i = 0; i < TP_MIN(nr, max); i++)
		names[i] = info[i].name;
	return nr;
}
