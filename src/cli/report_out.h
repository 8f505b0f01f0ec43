/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * report_out - what searches found: a line for each as it ends, a verdict after the last.
 *
 *   scenario             strategy  verdict       runs  pruned   runs/s  steps/run  sites
 *   mm/isolate-vs-free   dpor      COMPLETE        42       3    120 k       31.2      -
 *
 * A finding follows its line, and ends with the command that brings it back.
 */
#ifndef TP_CLI_REPORT_OUT_H
#define TP_CLI_REPORT_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include <tidepool/explore.h>

#include "cli/site_table.h"

struct tp_report_out {
	const char *command; /* whose output this is */
	bool json, quiet, with_sites;
	int width;	   /* of the longest name of a scenario */
	size_t of;	   /* so many reports are expected */
	bool lacks_shards; /* of some search; that is no verdict, but nothing has held either */
	bool has_heading;
	unsigned nr, found, complete; /* reports so far */
	struct tp_explore_report last;
	struct tp_site_table sites;
};

/* All that is not set before remains zero. */
void tp_report_out_begin(struct tp_report_out *out);
/* @replay may be "". */
void tp_report_out_add(struct tp_report_out *out, const struct tp_explore_report *report,
		       const char *replay);
/* Instead of a verdict: there is none, because a search could not be.  Returns @code. */
int tp_report_out_fail(struct tp_report_out *out, int code);
/* The verdict on all of them.  Returns the exit code. */
int tp_report_out_end(struct tp_report_out *out, bool interrupted);

#endif
