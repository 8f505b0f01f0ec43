/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_offline - take the far memory from objects of a GPU.  Include after gpu_fake.h. */
#ifndef TESTS_UNIT_GPU_OFFLINE_H
#define TESTS_UNIT_GPU_OFFLINE_H

#include "gpu_fake.h"

#define SHORT TP_MILLISECONDS(20)
#define LONG  TP_MILLISECONDS(300) /* every page is asked for, also on a busy host */

static inline int offline(uint64_t deadline_ns, struct tp_offline_report *report)
{
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	return tp_device_offline(fake_machine.far, &options, report);
}

/* One of those that stood in the way is so described. */
static inline void expect_blocker(const struct tp_offline_report *report, const char *reason,
				  const char *owner, const char *what)
{
	unsigned n = TP_MIN(report->nr_blockers, (unsigned)TP_REPORT_BLOCKERS);

	for (unsigned i = 0; i < n; i++) {
		const struct tp_blocker *b = &report->blockers[i];

		if (!strcmp(b->reason, reason) && !strcmp(b->owner, owner) &&
		    !strcmp(b->what, what))
			return;
	}
	tp_offline_report_print(stderr, report);
	fail_msg("no blocker is \"%s\" by %s because \"%s\"", what, owner, reason);
}

#endif
