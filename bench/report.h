/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * report - the options every benchmark takes, and tables whose columns line up.
 */
#ifndef TP_BENCH_REPORT_H
#define TP_BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "measure.h"

struct tp_bench_options {
	unsigned reps;
	unsigned threads; /* of the rows with several */
	bool json;
	bool quick;
};

/* Fill in what the command line says over what @options holds; ends the program on --help and on a
 * mistake. */
void tp_bench_options(struct tp_bench_options *options, int argc, char **argv, const char *what);

enum { TP_BENCH_COLUMNS = 16, TP_BENCH_ROWS = 32, TP_BENCH_CELL = 40 };

/* Zeroed at first; a row begins at every call of tp_bench_row(). */
struct tp_bench_table {
	unsigned rows;
	unsigned columns[TP_BENCH_ROWS];
	char cell[TP_BENCH_ROWS][TP_BENCH_COLUMNS][TP_BENCH_CELL];
};

void tp_bench_row(struct tp_bench_table *table, const char *name);
__attribute__((format(printf, 2, 3))) void tp_bench_cell(struct tp_bench_table *table,
							 const char *format, ...);
/* The first column to the left, the others to the right. */
void tp_bench_print(const struct tp_bench_table *table);

/* "name": {"median": .., "min": .., "p25": .., "p75": .., "max": ..}; null where there is none. */
void tp_bench_json(const char *name, const struct tp_bench_samples *samples);

/* One line on stderr: what of the computer a figure depends on. */
void tp_bench_print_host(FILE *out);

#endif
