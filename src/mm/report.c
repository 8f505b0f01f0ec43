/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report - what an offline did, or who stood in its way, for people. */
#include <inttypes.h>

#include "core/compiler.h"
#include "mm/machine.h"

static void print_blocker(FILE *out, const struct tp_blocker *b)
{
	fprintf(out, "  pfn %#" PRIx64 " order %u: %s; owner %s", b->pfn.v, b->order, b->reason,
		b->owner[0] ? b->owner : "?");
	if (b->what[0])
		fprintf(out, " (%s)", b->what);
	if (b->pins)
		fprintf(out, ", %u pin%s", b->pins, b->pins == 1 ? "" : "s");
	fputc('\n', out);
}

void tp_offline_report_print(FILE *out, const struct tp_offline_report *r)
{
	unsigned shown = TP_MIN(r->nr_blockers, TP_REPORT_BLOCKERS);

	fprintf(out, "offline %s: %s", r->err ? "failed" : "ok", r->reason);
	if (r->vetoed_by[0])
		fprintf(out, " (%s)", r->vetoed_by);
	fprintf(out,
		"; %" PRIu64 " of %" PRIu64 " pages moved, %" PRIu64
		" released, %.1f ms, %u passes\n",
		r->pages_moved, r->pages_total, r->pages_released, (double)r->elapsed_ns / 1e6,
		r->passes);
	if (!r->err)
		fprintf(out, "  %.1f MiB returned to the operating system\n",
			(double)r->bytes_returned / 1048576.0);
	for (unsigned i = 0; i < shown; i++)
		print_blocker(out, &r->blockers[i]);
	if (r->nr_blockers > shown)
		fprintf(out, "  and %u more\n", r->nr_blockers - shown);
}
