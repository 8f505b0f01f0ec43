/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* site_table - how often searches met each fault site there is, and which they never met. */
#ifndef TP_CLI_SITE_TABLE_H
#define TP_CLI_SITE_TABLE_H

#include <tidepool/explore.h>

enum { TP_TABLE_SITES = 512 };

struct tp_site_table {
	struct tp_site_use sites[TP_TABLE_SITES];
	size_t nr;
};

/* All sites of the simulated library, none of them met. */
void tp_site_table_init(struct tp_site_table *table);
void tp_site_table_add(struct tp_site_table *table, const struct tp_explore_report *report);
void tp_site_table_print(const struct tp_site_table *table, bool json);

#endif
