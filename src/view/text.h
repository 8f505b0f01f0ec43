/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text - what a file shows, as it grows. */
#ifndef TP_VIEW_TEXT_H
#define TP_VIEW_TEXT_H

#include "core/compiler.h"

/* All zero is an empty text. */
struct tp_text {
	char *bytes;
	size_t length, size;
	bool failed; /* there was no memory for all of it */
};

void tp_text_add(struct tp_text *text, const char *format, ...) tp_printf(2, 3);
/* "0-2,5", as Linux writes sets of CPUs and nodes; nothing for the empty set. */
void tp_text_add_list(struct tp_text *text, uint64_t set);
/* "ff", "00000001,ffffffff": the set as hexadecimal words, as wide as @bits. */
void tp_text_add_map(struct tp_text *text, uint64_t set, unsigned bits);
/* Forget the content, keep the memory. */
void tp_text_clear(struct tp_text *text);
void tp_text_fini(struct tp_text *text);

#endif
