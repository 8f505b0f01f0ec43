/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl_answer - devices and loads as tables, everything else as "name: value" lines. */
#include "cli/ctl_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/answer_member.h"
#include "cli/command.h"
#include "cli/ctl_gpu.h"
#include "core/compiler.h"
#include "lab/units.h"

static void print_blocker(const json_t *b)
{
	uint64_t pins = tp_number_of(b, "pins");

	fprintf(stderr, "  page %#" PRIx64 ": %s: owner %s", tp_number_of(b, "pfn"),
		tp_text_of(b, "reason"), tp_text_of(b, "owner"));
	if (*tp_text_of(b, "what"))
		fprintf(stderr, ", %s", tp_text_of(b, "what"));
	if (pins)
		fprintf(stderr, ", %" PRIu64 " pin%s", pins, pins == 1 ? "" : "s");
	fputc('\n', stderr);
}

static void print_refusal(const json_t *answer)
{
	const json_t *blockers = json_object_get(json_object_get(answer, "report"), "blockers");

	if (*tp_text_of(answer, "err"))
		tp_message("%s (%s)", tp_text_of(answer, "error"), tp_text_of(answer, "err"));
	else
		tp_message("%s", tp_text_of(answer, "error"));
	for (size_t i = 0; i < json_array_size(blockers); i++)
		print_blocker(json_array_get(blockers, i));
}

static void print_report(const json_t *report)
{
	char moved[TP_UNIT_TEXT], returned[TP_UNIT_TEXT];

	printf("%s; %s moved, %s returned to the system\n", tp_text_of(report, "reason"),
	       tp_size_format(moved, tp_number_of(report, "bytes_moved")),
	       tp_size_format(returned, tp_number_of(report, "bytes_returned")));
}

static void print_device(const json_t *d)
{
	uint64_t first = tp_number_of(d, "first_block"), n = tp_number_of(d, "blocks");
	char size[TP_UNIT_TEXT];

	printf("%-16s node %-3" PRIu64 " %10s  blocks %" PRIu64 "-%" PRIu64 ", %" PRIu64
	       " online%s%s\n",
	       tp_text_of(d, "name"), tp_number_of(d, "node"),
	       tp_size_format(size, tp_number_of(d, "size")), first, first + n - 1,
	       tp_number_of(d, "online"),
	       json_is_true(json_object_get(d, "boot")) ? ", boot memory" : "",
	       strcmp(tp_text_of(d, "kind"), "private") ? "" : ", private");
}

static void print_load(const json_t *l)
{
	char bytes[TP_UNIT_TEXT];

	printf("%-16s %-8s %10s  %s\n", tp_text_of(l, "name"), tp_text_of(l, "kind"),
	       tp_size_format(bytes, tp_number_of(l, "bytes")),
	       json_is_true(json_object_get(l, "running")) ? "running" : "stopped");
}

static void print_features(const json_t *features)
{
	const char *name;
	json_t *on;

	fputs("  features", stdout);
	json_object_foreach((json_t *)features, name, on) if (json_is_true(on)) printf(" %s", name);
	putchar('\n');
}

static void print_net_device(const json_t *d)
{
	const json_t *resets = json_object_get(d, "resets");

	printf("%s: %s", tp_text_of(d, "name"), tp_text_of(d, "state"));
	if (json_is_true(json_object_get(d, "carrier")))
		printf(", link %" PRIu64 " Mbit/s\n", tp_number_of(d, "speed_mbps"));
	else
		puts(", no link");
	printf("  driver %s, mac %s, mtu %" PRIu64 " of %" PRIu64 "%s%s\n", tp_text_of(d, "driver"),
	       tp_text_of(d, "mac"), tp_number_of(d, "mtu"), tp_number_of(d, "max_mtu"),
	       json_is_true(json_object_get(d, "promisc")) ? ", promiscuous" : "",
	       json_is_true(json_object_get(d, "allmulti")) ? ", all multicast" : "");
	printf("  queues %" PRIu64 " of %" PRIu64 ", rings rx %" PRIu64 " tx %" PRIu64
	       ", interrupts at least rx %" PRIu64 " us tx %" PRIu64 " us apart\n",
	       tp_number_of(d, "queues"), tp_number_of(d, "max_queues"), tp_number_of(d, "rx_ring"),
	       tp_number_of(d, "tx_ring"), tp_number_of(d, "rx_usecs"),
	       tp_number_of(d, "tx_usecs"));
	print_features(json_object_get(d, "features"));
	printf("  resets %" PRIu64 " asked for, %" PRIu64 " by the device, %" PRIu64
	       " because it hung\n",
	       tp_number_of(resets, "asked"), tp_number_of(resets, "device"),
	       tp_number_of(resets, "hung"));
}

static void print_list(const json_t *list, void (*print)(const json_t *item))
{
	for (size_t i = 0; i < json_array_size(list); i++)
		print(json_array_get(list, i));
}

static void print_figures(const json_t *stat)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)stat, name, value)
		printf("%-20s %" PRId64 "\n", name, (int64_t)json_integer_value(value));
}

static void print_findings(const json_t *findings)
{
	printf("%" PRId64 " findings\n", (int64_t)json_integer_value(findings));
}

static void print_member(const char *name, const json_t *value)
{
	static const struct {
		const char *name;
		void (*print)(const json_t *value); /* an item of a list, or the value itself */
	} members[] = {
		{ "device", print_device },
		{ "devices", print_device },
		{ "findings", print_findings },
		{ "gpu", tp_ctl_print_gpu },
		{ "gpu_stats", tp_ctl_print_gpu_stats },
		{ "gpu_dump", tp_ctl_print_gpu_dump },
		{ "gpus", tp_ctl_print_gpu },
		{ "loads", print_load },
		{ "net_device", print_net_device },
		{ "net_devices", print_net_device },
		{ "net_stats", print_figures },
		{ "report", print_report },
		{ "stat", print_figures },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(members); i++) {
		if (strcmp(members[i].name, name))
			continue;
		if (json_is_array(value))
			print_list(value, members[i].print);
		else
			members[i].print(value);
	}
}

static void print_event(const json_t *event)
{
	printf("%s %s%" PRIu64 "\n", tp_text_of(event, "action"), tp_text_of(event, "subject"),
	       tp_number_of(event, "number"));
}

static void print_answer(const json_t *answer)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)answer, name, value)
	{
		if (!json_is_null(value))
			print_member(name, value);
	}
}

void tp_ctl_answer_print(const json_t *answer, bool as_json)
{
	if (as_json) {
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
	} else if (!strcmp(tp_text_of(answer, "type"), "uevent")) {
		print_event(answer);
	} else if (json_is_true(json_object_get(answer, "ok"))) {
		print_answer(answer);
	} else {
		print_refusal(answer);
	}
	fflush(stdout);
}
