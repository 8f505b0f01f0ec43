/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* style - escape sequences that every terminal of the last decades knows; how wide it is. */
#include "cli/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/compiler.h"

enum { COLUMNS_DEFAULT = 100, COLUMNS_MIN = 60, COLUMNS_MAX = 240 };

bool tp_style_wanted(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && !(no_color && *no_color) && !(term && !strcmp(term, "dumb"));
}

const char *tp_style_on(FILE *out, enum tp_style style)
{
	static const char *const sequences[] = {
		[TP_STYLE_PLAIN] = "",	       [TP_STYLE_GOOD] = "\033[1;32m",
		[TP_STYLE_BAD] = "\033[1;31m", [TP_STYLE_WARN] = "\033[33m",
		[TP_STYLE_DIM] = "\033[2m",    [TP_STYLE_BOLD] = "\033[1m",
	};

	return tp_style_wanted(out) ? sequences[style] : "";
}

const char *tp_style_off(FILE *out)
{
	return tp_style_wanted(out) ? "\033[0m" : "";
}

int tp_style_columns(FILE *out)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	int columns = text ? atoi(text) : 0;

	if (isatty(fileno(out)) && !ioctl(fileno(out), TIOCGWINSZ, &size) && size.ws_col)
		columns = size.ws_col;
	if (columns <= 0)
		columns = COLUMNS_DEFAULT;
	return TP_MIN(TP_MAX(columns, (int)COLUMNS_MIN), (int)COLUMNS_MAX);
}
