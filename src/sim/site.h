/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* site - how often a search met each fault site. */
#ifndef TP_SIM_SITE_H
#define TP_SIM_SITE_H

#include <tidepool/explore.h>

void tp_sites_begin(void);
void tp_site_count(const char *name, bool failed);
/* By name, into the report. */
void tp_sites_report(struct tp_explore_report *report);

#endif
