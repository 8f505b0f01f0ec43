/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* findings - what checkers and loads found wrong, collected from any thread. */
#ifndef TP_LAB_FINDINGS_H
#define TP_LAB_FINDINGS_H

#include "core/sync.h"

enum { TP_FINDINGS_TEXT = 4096 };

struct tp_findings {
	struct tp_spinlock lock;
	tp_atomic_u32 count;
	size_t used;
	char text[TP_FINDINGS_TEXT]; /* one line each; what does not fit is only counted */
};

void tp_findings_init(struct tp_findings *findings);
/* Add one line, given without its newline. */
void tp_findings_add(struct tp_findings *findings, const char *format, ...) tp_printf(2, 3);
/* Add @count findings that @lines, with newlines, describe. */
void tp_findings_add_lines(struct tp_findings *findings, unsigned count, const char *lines);
unsigned tp_findings_count(const struct tp_findings *findings);

#endif
