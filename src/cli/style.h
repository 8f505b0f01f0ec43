/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* style - colours, where a person looks and did not forbid them; and how wide a line may be. */
#ifndef TP_CLI_STYLE_H
#define TP_CLI_STYLE_H

#include <stdbool.h>
#include <stdio.h>

enum tp_style {
	TP_STYLE_PLAIN,
	TP_STYLE_GOOD,
	TP_STYLE_BAD,
	TP_STYLE_WARN,
	TP_STYLE_DIM,
	TP_STYLE_BOLD,
};

/* @out is a terminal, not a dumb one, and NO_COLOR is not set. */
bool tp_style_wanted(FILE *out);

/* What to print before and after a text; "" where no colours are wanted. */
const char *tp_style_on(FILE *out, enum tp_style style);
const char *tp_style_off(FILE *out);

/* Of the terminal, else what COLUMNS says, else 100; from 60 to 240. */
int tp_style_columns(FILE *out);

#endif
