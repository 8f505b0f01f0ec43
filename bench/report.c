/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report - options and tables. */
#include "report.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

static void usage(FILE *out, const char *program, const char *what)
{
	fprintf(out,
		"usage: %s [--reps N] [--threads N] [--quick] [--json]\n"
		"%s\n"
		"  --reps N     repetitions, 1 to %d; the median counts\n"
		"  --threads N  threads in the rows with several (2)\n"
		"  --quick      small and few: to see that it works\n"
		"  --json       one object instead of tables\n",
		program, what, TP_BENCH_MAX_REPS);
}

static unsigned number(const char *text, unsigned max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || !value || value > max) {
		fprintf(stderr, "'%s' is no number from 1 to %u\n", text, max);
		exit(2);
	}
	return (unsigned)value;
}

void tp_bench_options(struct tp_bench_options *options, int argc, char **argv, const char *what)
{
	static const struct option known[] = {
		{ "reps", required_argument, NULL, 'r' },
		{ "threads", required_argument, NULL, 't' },
		{ "quick", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	unsigned reps = 0;
	int c;

	while ((c = getopt_long(argc, argv, "r:t:qjh", known, NULL)) >= 0) {
		switch (c) {
		case 'r':
			reps = number(optarg, TP_BENCH_MAX_REPS);
			break;
		case 't':
			options->threads = number(optarg, 64);
			break;
		case 'q':
			options->quick = true;
			break;
		case 'j':
			options->json = true;
			break;
		default:
			usage(c == 'h' ? stdout : stderr, argv[0], what);
			exit(c == 'h' ? 0 : 2);
		}
	}
	if (options->quick)
		options->reps = 3;
	if (reps)
		options->reps = reps;
}

void tp_bench_row(struct tp_bench_table *table, const char *name)
{
	if (table->rows == TP_BENCH_ROWS)
		abort();
	table->rows++;
	tp_bench_cell(table, "%s", name);
}

void tp_bench_cell(struct tp_bench_table *table, const char *format, ...)
{
	unsigned row = table->rows - 1, column = table->columns[row];
	va_list args;

	if (column == TP_BENCH_COLUMNS)
		abort();
	va_start(args, format);
	vsnprintf(table->cell[row][column], TP_BENCH_CELL, format, args);
	va_end(args);
	table->columns[row]++;
}

static int width(const struct tp_bench_table *table, unsigned column)
{
	size_t max = 0;

	for (unsigned row = 0; row < table->rows; row++)
		if (strlen(table->cell[row][column]) > max)
			max = strlen(table->cell[row][column]);
	return (int)max;
}

void tp_bench_print(const struct tp_bench_table *table)
{
	for (unsigned row = 0; row < table->rows; row++) {
		printf("%-*s", width(table, 0), table->cell[row][0]);
		for (unsigned column = 1; column < table->columns[row]; column++)
			printf("  %*s", width(table, column), table->cell[row][column]);
		putchar('\n');
	}
}

void tp_bench_json(const char *name, const struct tp_bench_samples *samples)
{
	static const struct {
		const char *name;
		double q;
	} points[] = {
		{ "median", 0.5 }, { "min", 0 }, { "p25", 0.25 }, { "p75", 0.75 }, { "max", 1 }
	};

	if (!samples->n) {
		printf("\"%s\": null", name);
		return;
	}
	printf("\"%s\": {", name);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		printf("%s\"%s\": %.4g", i ? ", " : "", points[i].name,
		       tp_bench_quantile(samples, points[i].q));
	putchar('}');
}

void tp_bench_print_host(FILE *out)
{
	struct utsname name;
	double load[1] = { 0 };

	if (uname(&name) || getloadavg(load, 1) < 1)
		return;
	fprintf(out, "%s %s, %u CPUs, load %.1f\n", name.sysname, name.release, tp_bench_nr_cpus(),
		load[0]);
}
