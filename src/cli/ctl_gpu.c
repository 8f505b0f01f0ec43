/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl_gpu - engines and counters as tables, times as bars. */
#include "cli/ctl_gpu.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer_member.h"
#include "cli/style.h"
#include "core/compiler.h"
#include "lab/units.h"

static void print_styled(enum tp_style style, const char *text)
{
	printf("%s%s%s", tp_style_on(stdout, style), text, tp_style_off(stdout));
}

/* ---- what it is ------------------------------------------------------------------------------ */

static enum tp_style style_of(const char *state)
{
	if (!strcmp(state, "running"))
		return TP_STYLE_GOOD;
	return strcmp(state, "wedged") ? TP_STYLE_WARN : TP_STYLE_BAD;
}

static void print_memory(const json_t *gpu)
{
	const uint64_t quarantined = tp_number_of(gpu, "bytes_quarantined");
	char a[TP_UNIT_TEXT], b[TP_UNIT_TEXT];

	printf("  %s of the machine's memory",
	       tp_size_format(a, tp_number_of(gpu, "bytes_system")));
	if (tp_number_of(gpu, "bytes_vram_total"))
		printf(", %s of %s of video memory",
		       tp_size_format(a, tp_number_of(gpu, "bytes_vram")),
		       tp_size_format(b, tp_number_of(gpu, "bytes_vram_total")));
	putchar('\n');
	if (quarantined)
		printf("  %s%s in quarantine until a reset has emptied the caches%s\n",
		       tp_style_on(stdout, TP_STYLE_WARN), tp_size_format(a, quarantined),
		       tp_style_off(stdout));
}

static void print_engine(const json_t *e)
{
	const uint64_t failed = tp_number_of(e, "failed");

	printf("  %-8s %2" PRIu64 "  %-6s %12" PRIu64 " %12" PRIu64 " ", tp_text_of(e, "name"),
	       tp_number_of(e, "gt"), json_is_true(json_object_get(e, "awake")) ? "awake" : "-",
	       tp_number_of(e, "submitted"), tp_number_of(e, "completed"));
	printf("%s%10" PRIu64 "%s\n", tp_style_on(stdout, failed ? TP_STYLE_WARN : TP_STYLE_PLAIN),
	       failed, tp_style_off(stdout));
}

void tp_ctl_print_gpu(const json_t *gpu)
{
	const json_t *engines = json_object_get(gpu, "engines");

	printf("%s: ", tp_text_of(gpu, "name"));
	print_styled(style_of(tp_text_of(gpu, "state")), tp_text_of(gpu, "state"));
	printf(", %s, driver %s\n", tp_text_of(gpu, "platform"), tp_text_of(gpu, "driver"));
	printf("  %" PRIu64 " address spaces, %" PRIu64 " objects, %" PRIu64 " bindings\n",
	       tp_number_of(gpu, "vms"), tp_number_of(gpu, "objects"), tp_number_of(gpu, "bound"));
	print_memory(gpu);
	print_styled(TP_STYLE_BOLD, "  engine   gt  state     submitted    completed     failed\n");
	for (size_t i = 0; i < json_array_size(engines); i++)
		print_engine(json_array_get(engines, i));
}

/* ---- what became of releases ----------------------------------------------------------------- */

static void print_counter(const json_t *tlb, const char *name)
{
	printf("%-20s", name);
	for (size_t gt = 0; gt < json_array_size(tlb); gt++)
		printf(" %12" PRIu64, tp_number_of(json_array_get(tlb, gt), name));
	putchar('\n');
}

/* One row for each counter, one column for each GT. */
static void print_tlb(const json_t *tlb)
{
	const char *name;
	json_t *value;

	printf("%s%-20s", tp_style_on(stdout, TP_STYLE_BOLD), "translation caches");
	for (size_t gt = 0; gt < json_array_size(tlb); gt++)
		printf("%*s%zu", 12, "gt", gt);
	printf("%s\n", tp_style_off(stdout));
	json_object_foreach(json_array_get(tlb, 0), name, value)
	{
		if (json_is_integer(value))
			print_counter(tlb, name);
	}
}

/* ---- how long invalidations took ------------------------------------------------------------- */

enum { BEFORE_BAR = 31, BAR_MOST = 60, LABEL = 32 };

static uint64_t count_at(const json_t *latency, size_t i)
{
	return (uint64_t)json_integer_value(json_array_get(latency, i));
}

/* Something is seen of everything that is there. */
static int bar_length(uint64_t n, uint64_t most, int width)
{
	int length = (int)((double)n / (double)most * width);

	return TP_MAX(length, n ? 1 : 0);
}

/* [i] took less than 2^i us; the last one whatever longer. */
static void print_bar(const json_t *latency, size_t i, uint64_t most)
{
	static const char bar[BAR_MOST + 1] =
		"############################################################";
	const int width = TP_MIN(tp_style_columns(stdout) - BEFORE_BAR, (int)BAR_MOST);
	const bool last = i + 1 == json_array_size(latency);
	const uint64_t n = count_at(latency, i);
	char label[LABEL];

	snprintf(label, sizeof(label), "%s %u us", last ? "longer than" : "under",
		 1u << (last ? i - 1 : i));
	printf("%20s %8" PRIu64 "  %s%.*s%s\n", label, n, tp_style_on(stdout, TP_STYLE_GOOD),
	       bar_length(n, most, width), bar, tp_style_off(stdout));
}

/* From the first time that occurred to the last one. */
static void print_latency(const json_t *tlb, size_t gt)
{
	const json_t *latency = json_object_get(json_array_get(tlb, gt), "latency");
	size_t first = json_array_size(latency), end = 0;
	uint64_t most = 0;

	for (size_t i = 0; i < json_array_size(latency); i++) {
		if (!count_at(latency, i))
			continue;
		first = TP_MIN(first, i);
		end = i + 1;
		most = TP_MAX(most, count_at(latency, i));
	}
	if (!end)
		return;
	printf("\n%sinvalidations of gt%zu, by their time%s\n", tp_style_on(stdout, TP_STYLE_BOLD),
	       gt, tp_style_off(stdout));
	for (size_t i = first; i < end; i++)
		print_bar(latency, i, most);
}

void tp_ctl_print_gpu_stats(const json_t *stats)
{
	const json_t *tlb = json_object_get(stats, "tlb");
	const char *name;
	json_t *value;

	print_tlb(tlb);
	for (size_t gt = 0; gt < json_array_size(tlb); gt++)
		print_latency(tlb, gt);
	putchar('\n');
	json_object_foreach((json_t *)stats, name, value)
	{
		if (json_is_integer(value))
			printf("%-20s %12" PRIu64 "\n", name, (uint64_t)json_integer_value(value));
	}
}

/* ---- what was written ------------------------------------------------------------------------ */

void tp_ctl_print_gpu_dump(const json_t *dump)
{
	char bytes[TP_UNIT_TEXT];

	printf("%" PRIu64 " files with %s in %s\n", tp_number_of(dump, "files"),
	       tp_size_format(bytes, tp_number_of(dump, "bytes")), tp_text_of(dump, "folder"));
}
