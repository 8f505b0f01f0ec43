/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * table - the steps of a run, at most 100 columns wide.
 *
 *   step  what                                   moved  GiB/s    stall      memory held ev
 *      7  unplug   dimm    1 GiB at node 2     512 MiB   3.21  1.25 ms 1.50 -> 1.00 GiB B
 *
 * The letter stands for an order of events; the legend below the table spells it out.  What does
 * not fit into its column goes on in the next line.  A step that says the same as an earlier one,
 * and moved nothing, is left out.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <string.h>

#include "cli/style.h"
#include "core/clock.h"
#include "lab/lab_machine.h"
#include "lab/units.h"

enum { COLUMNS = 100, LETTERS = 26, SHOWN_BLOCKERS = 3 };
enum { WHAT = 39, LEAST_NAME = 6, MOST_NAME = 10 };

static const uint64_t worth_a_rate = TP_MIB(16);

static double gib_per_second(uint64_t bytes, uint64_t ns)
{
	return (double)bytes / 1.073741824 / (double)ns;
}

/* Each order of events that came up, in order of its first step. */
struct legend {
	unsigned nr;
	unsigned steps[LETTERS]; /* how many had it */
	const struct tp_step *first[LETTERS];
};

static bool same_events(const struct tp_step *a, const struct tp_step *b)
{
	unsigned kept = TP_MIN(a->nr_events, (unsigned)TP_RECORDED_EVENTS);

	return a->nr_events == b->nr_events &&
	       !memcmp(a->events, b->events, kept * sizeof(a->events[0]));
}

/* Which letter the step's events have; ' ' for none. */
static char letter_of(const struct legend *legend, const struct tp_step *step)
{
	for (unsigned i = 0; i < legend->nr; i++) {
		if (same_events(legend->first[i], step))
			return (char)('A' + i);
	}
	return step->nr_events ? '*' : ' ';
}

static void legend_add(struct legend *legend, const struct tp_step *step)
{
	char letter = letter_of(legend, step);

	if (letter == '*' && legend->nr < LETTERS) {
		legend->first[legend->nr] = step;
		letter = (char)('A' + legend->nr++);
	}
	if (letter >= 'A')
		legend->steps[letter - 'A']++;
}

/* ---- one step -------------------------------------------------------------------------------- */

static bool repeats(const struct tp_run *run, const struct tp_step *step)
{
	if (step->has_report || step->err)
		return false;
	for (const struct tp_step *s = run->steps; s < step; s++) {
		if (!strcmp(s->verb, step->verb) && !strcmp(s->object, step->object) &&
		    !strcmp(s->detail, step->detail) && !s->err)
			return true;
	}
	return false;
}

/* A rate of next to nothing, or of what waited for its deadline, would mislead. */
static void print_moved(FILE *out, const struct tp_step *step)
{
	uint64_t bytes = step->report.bytes_moved;
	char size[TP_UNIT_TEXT], rate[TP_UNIT_TEXT] = "";

	if (bytes >= worth_a_rate && !step->err)
		snprintf(rate, sizeof(rate), "%.2f", gib_per_second(bytes, step->elapsed_ns));
	fprintf(out, "%9s %6s", bytes ? tp_size_format(size, bytes) : "", rate);
}

static void print_memory(FILE *out, const struct tp_step *step)
{
	bool gib = TP_MAX(step->backing_before, step->backing_after) >= TP_GIB(1);
	double unit = gib ? 1 << 30 : 1 << 20;
	char before[32], after[32], text[80];

	snprintf(before, sizeof(before), "%.*f", gib ? 2 : 0, (double)step->backing_before / unit);
	snprintf(after, sizeof(after), "%.*f", gib ? 2 : 0, (double)step->backing_after / unit);
	snprintf(text, sizeof(text), "%s%s%s %s", strcmp(before, after) ? before : "",
		 strcmp(before, after) ? " -> " : "", after, gib ? "GiB" : "MiB");
	fprintf(out, " %16s", text);
}

/* How much of @text is for a line of that width: up to a blank, if there is one. */
static int line_length(const char *text, int width)
{
	int length = width;

	if ((int)strlen(text) <= width)
		return (int)strlen(text);
	while (length && text[length] != ' ')
		length--;
	return length ? length : width;
}

/* What of @text did not fit beside the figures, below it. */
static void print_rest(FILE *out, const char *text, int indent)
{
	while (*text) {
		int length;

		text += *text == ' ';
		length = line_length(text, COLUMNS - indent);
		fprintf(out, "%*s%.*s\n", indent, "", length, text);
		text += length;
	}
}

/* The width of the names' column; the odd long one shall not spoil the others. */
static int name_width(const struct tp_run *run)
{
	size_t width = LEAST_NAME;

	for (unsigned i = 0; i < run->nr_steps; i++) {
		size_t length = strlen(run->steps[i].object);

		if (length <= MOST_NAME)
			width = TP_MAX(width, length);
	}
	return (int)width;
}

static void print_step(FILE *out, const struct tp_step *step, const struct legend *legend,
		       int names)
{
	char what[2 * TP_STEP_TEXT], stall[TP_UNIT_TEXT] = "";
	int begin = fprintf(out, "%4u  %-8s ", step->number, step->verb), first;

	snprintf(what, sizeof(what), "%-*s  %s", names, step->object, step->detail);
	first = line_length(what, WHAT);
	if (step->nr_events && step->worst_write_ns)
		tp_duration_format(stall, step->worst_write_ns);
	fprintf(out, "%-*.*s", WHAT, first, what);
	print_moved(out, step);
	fprintf(out, " %8s", stall);
	print_memory(out, step);
	fprintf(out, " %c\n", letter_of(legend, step));
	print_rest(out, what + first, begin + names + 2);
}

static void print_blocker(FILE *out, const struct tp_blocker *b)
{
	fprintf(out, "      page 0x%" PRIx64 ": %s: owner %s", b->pfn.v, b->reason, b->owner);
	if (b->what[0])
		fprintf(out, ", %s", b->what);
	if (b->pins)
		fprintf(out, ", %u pin%s", b->pins, b->pins == 1 ? "" : "s");
	fputc('\n', out);
}

/* Why a step was refused, or what a dry run found. */
static void print_refusal(FILE *out, const struct tp_step *step)
{
	const struct tp_offline_report *r = &step->report;
	const char *name = step->err ? strerrorname_np(-step->err) : NULL;
	unsigned shown = TP_MIN(r->nr_blockers, (unsigned)SHOWN_BLOCKERS);

	if (step->err) {
		fprintf(out, "      %srefused: %s%s", tp_style_on(out, TP_STYLE_WARN),
			name ? name : "", name ? ", " : "");
		fputs(step->has_report && r->reason ? r->reason : step->error, out);
		if (r->vetoed_by[0])
			fprintf(out, " (by %s)", r->vetoed_by);
		fprintf(out, "%s%s\n", step->injected ? " [fault injected]" : "",
			tp_style_off(out));
	}
	for (unsigned i = 0; i < shown; i++)
		print_blocker(out, &r->blockers[i]);
	if (r->nr_blockers > shown)
		fprintf(out, "      and %u more page%s\n", r->nr_blockers - shown,
			r->nr_blockers - shown == 1 ? "" : "s");
}

static void print_header(FILE *out)
{
	fprintf(out, "%s%4s  %-48s%9s %6s %8s %16s %s%s\n", tp_style_on(out, TP_STYLE_BOLD), "step",
		"what", "moved", "GiB/s", "stall", "memory held", "ev", tp_style_off(out));
}

/* ---- the legend ------------------------------------------------------------------------------ */

/* One word of a legend line; a new line when it does not fit.  Returns the column after it. */
static int print_word(FILE *out, const char *word, int column)
{
	int length = (int)strlen(word);

	if (column + length > COLUMNS) {
		fputs("\n     ", out);
		column = 5;
	}
	fputs(word, out);
	return column + length;
}

/* How many events from number @i on are the same. */
static unsigned run_length(const struct tp_step *step, unsigned i, unsigned end)
{
	unsigned n = 1;

	while (i + n < end &&
	       !memcmp(&step->events[i], &step->events[i + n], sizeof(step->events[0])))
		n++;
	return n;
}

static void print_events(FILE *out, const struct tp_step *step, int column)
{
	unsigned kept = TP_MIN(step->nr_events, (unsigned)TP_RECORDED_EVENTS), n;
	int node = -1;
	char word[80], times[16];

	for (unsigned i = 0; i < kept; i += n) {
		const struct tp_recorded_event *event = &step->events[i];

		n = run_length(step, i, kept);
		if (event->node != node) {
			node = event->node;
			snprintf(word, sizeof(word), " node %d:", node);
			column = print_word(out, word, column);
		}
		snprintf(times, sizeof(times), " x%u", n);
		snprintf(word, sizeof(word), " %s%s%s", tp_recorded_event_name(event),
			 n > 1 ? times : "", i + n < kept ? "," : "");
		column = print_word(out, word, column);
	}
	if (step->nr_events > kept)
		fprintf(out, ", and %u more", step->nr_events - kept);
	fputc('\n', out);
}

static void print_legend(FILE *out, const struct legend *legend)
{
	if (!legend->nr)
		return;
	fprintf(out, "\n%sevents, in order%s\n", tp_style_on(out, TP_STYLE_BOLD),
		tp_style_off(out));
	for (unsigned i = 0; i < legend->nr; i++) {
		int column = fprintf(out, "   %c  x%-3u", 'A' + i, legend->steps[i]);

		print_events(out, legend->first[i], column);
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void print_machines(FILE *out, const struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link) {
		fprintf(out,
			"machine %u: memory from %s; writers held off by %s; per-CPU lists %s\n",
			lm->number, lm->backing, lm->hold, lm->percpu);
	}
}

static void print_totals(FILE *out, const struct tp_run *run)
{
	struct tp_run_totals t;
	char a[TP_UNIT_TEXT], b[TP_UNIT_TEXT];

	tp_run_totals(run, &t);
	fputc('\n', out);
	if (t.bytes_moved)
		fprintf(out, "moved     %s at %.2f GiB/s; the longest hold of a writer was %s\n",
			tp_size_format(a, t.bytes_moved),
			gib_per_second(t.bytes_moved, t.moving_ns),
			tp_duration_format(b, t.worst_hold_ns));
	if (t.writes)
		fprintf(out,
			"written   %s times; the slowest write took %s, with waits for a CPU\n",
			tp_count_format(a, t.writes), tp_duration_format(b, t.worst_write_ns));
	if (t.frames)
		fprintf(out, "sent      %s frames\n", tp_count_format(a, t.frames));
	if (t.allocations)
		fprintf(out, "allocated %s times\n", tp_count_format(a, t.allocations));
	if (t.bytes_verified)
		fprintf(out, "verified  %s\n", tp_size_format(a, t.bytes_verified));
	fprintf(out, "took      %s; seed %" PRIu64 "\n", tp_duration_format(a, run->elapsed_ns),
		run->config.seed);
}

void tp_table_print(FILE *out, const struct tp_run *run)
{
	const int names = name_width(run);
	struct legend legend = { .nr = 0 };

	for (unsigned i = 0; i < run->nr_steps; i++)
		legend_add(&legend, &run->steps[i]);
	print_machines(out, run);
	if (run->nr_steps)
		print_header(out);
	for (unsigned i = 0; i < run->nr_steps; i++) {
		const struct tp_step *step = &run->steps[i];

		if (repeats(run, step))
			continue;
		print_step(out, step, &legend, names);
		if (step->err || step->report.nr_blockers)
			print_refusal(out, step);
	}
	print_legend(out, &legend);
	if (run->nr_steps)
		print_totals(out, run);
}

static void print_why(FILE *out, const struct tp_run *run)
{
	const struct tp_step *refused = run->last_failed;
	char text[TP_RUN_TEXT];

	if (run->verdict == TP_VERDICT_FINDING) {
		fputs(run->findings.text, out);
		return;
	}
	if (run->message[0])
		fprintf(out, "%s\n", run->message);
	if (!refused || run->verdict == TP_VERDICT_INTERRUPTED ||
	    strstr(run->message, refused->error))
		return;
	tp_step_describe_error(refused, text, sizeof(text));
	fprintf(out, "before that, step %u was refused: %s\n", refused->number, text);
}

static bool has_net(const struct tp_run *run)
{
	tp_list_for_each(lm, &run->machines, struct tp_lab_machine, link)
		if (lm->nr_nics)
			return true;
	return false;
}

static void print_headline(FILE *out, const struct tp_run *run)
{
	static const struct {
		enum tp_style style;
		const char *word;
	} headlines[] = {
		[TP_VERDICT_HELD] = { TP_STYLE_GOOD, "HELD" },
		[TP_VERDICT_FINDING] = { TP_STYLE_BAD, "FOUND" },
		[TP_VERDICT_ASSERTION] = { TP_STYLE_BAD, "FAILED" },
		[TP_VERDICT_USAGE] = { TP_STYLE_BAD, "ERROR" },
		[TP_VERDICT_ENVIRONMENT] = { TP_STYLE_WARN, "MISSING" },
		[TP_VERDICT_INTERRUPTED] = { TP_STYLE_WARN, "INTERRUPTED" },
	};
	enum tp_verdict v = run->verdict;

	fprintf(out, "%s%s%s  ", tp_style_on(out, headlines[v].style), headlines[v].word,
		tp_style_off(out));
	switch (v) {
	case TP_VERDICT_HELD:
		fprintf(out, "all %u steps: every page%s accounted for, every byte verified\n",
			run->nr_steps, has_net(run) ? " and frame" : "");
		break;
	case TP_VERDICT_FINDING:
		fprintf(out, "%u findings at step %u:\n", tp_findings_count(&run->findings),
			run->nr_steps);
		break;
	case TP_VERDICT_ASSERTION:
		fprintf(out, "the script expected something else, after step %u:\n", run->nr_steps);
		break;
	case TP_VERDICT_USAGE:
		fputs("the script is wrong:\n", out);
		break;
	case TP_VERDICT_ENVIRONMENT:
		fputs("this system lacks something (see \"tidepool doctor\"):\n", out);
		break;
	case TP_VERDICT_INTERRUPTED:
		fprintf(out, "after step %u; what was done until then held\n", run->nr_steps);
		break;
	}
}

void tp_verdict_print(FILE *out, const struct tp_run *run, const char *replay)
{
	print_headline(out, run);
	if (run->verdict != TP_VERDICT_HELD)
		print_why(out, run);
	if (run->verdict == TP_VERDICT_FINDING || run->verdict == TP_VERDICT_ASSERTION)
		fprintf(out, "replay: %s\n", replay);
}
