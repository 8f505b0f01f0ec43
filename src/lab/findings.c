/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * findings - lines of text under a lock; the count is exact even where the text is cut.
 */
#include "lab/findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/compiler.h"

void tp_findings_init(struct tp_findings *findings)
{
	*findings = (struct tp_findings){ .count = { 0 } };
	tp_spinlock_init(&findings->lock, TP_RANK_CORE, 1);
}

void tp_findings_add_lines(struct tp_findings *findings, unsigned count, const char *lines)
{
	size_t room, length = strlen(lines);

	tp_spin_lock(&findings->lock);
	room = sizeof(findings->text) - 1 - findings->used;
	if (length <= room) {
		memcpy(findings->text + findings->used, lines, length);
		findings->used += length;
	}
	tp_atomic_add(&findings->count, count, TP_RELEASE);
	tp_spin_unlock(&findings->lock);
}

void tp_findings_add(struct tp_findings *findings, const char *format, ...)
{
	char line[256];
	size_t length;
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	length = strlen(line);
	line[length] = '\n';
	line[length + 1] = '\0';
	tp_findings_add_lines(findings, 1, line);
}

unsigned tp_findings_count(const struct tp_findings *findings)
{
	return tp_atomic_load(&findings->count, TP_ACQUIRE);
}
