/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl_answer - devices and loads as tables, everything else as "name: value" lines. */
#include "cli/ctl_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "lab/units.h"

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static uint64_t number_of(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

static void print_blocker(const json_t *b)
{
	uint64_t pins = number_of(b, "pins");

	fprintf(stderr, "  page %#" PRIx64 ": %s: owner %s", number_of(b, "pfn"),
		text_of(b, "reason"), text_of(b, "owner"));
	if (*text_of(b, "what"))
		fprintf(stderr, ", %s", text_of(b, "what"));
	if (pins)
		fprintf(stderr, ", %" PRIu64 " pin%s", pins, pins == 1 ? "" : "s");
	fputc('\n', stderr);
}

static void print_refusal(const json_t *answer)
{
	const json_t *blockers = json_object_get(json_object_get(answer, "report"), "blockers");

	if (*text_of(answer, "err"))
		tp_message("%s (%s)", text_of(answer, "error"), text_of(answer, "err"));
	else
		tp_message("%s", text_of(answer, "error"));
	for (size_t i = 0; i < json_array_size(blockers); i++)
		print_blocker(json_array_get(blockers, i));
}

static void print_report(const json_t *report)
{
	char moved[TP_UNIT_TEXT], returned[TP_UNIT_TEXT];

	printf("%s; %s moved, %s returned to the system\n", text_of(report, "reason"),
	       tp_size_format(moved, number_of(report, "bytes_moved")),
	       tp_size_format(returned, number_of(report, "bytes_returned")));
}

static void print_device(const json_t *d)
{
	uint64_t first = number_of(d, "first_block"), n = number_of(d, "blocks");
	char size[TP_UNIT_TEXT];

	printf("%-16s node %-3" PRIu64 " %10s  blocks %" PRIu64 "-%" PRIu64 ", %" PRIu64
	       " online%s%s\n",
	       text_of(d, "name"), number_of(d, "node"), tp_size_format(size, number_of(d, "size")),
	       first, first + n - 1, number_of(d, "online"),
	       json_is_true(json_object_get(d, "boot")) ? ", boot memory" : "",
	       strcmp(text_of(d, "kind"), "private") ? "" : ", private");
}

static void print_load(const json_t *l)
{
	char bytes[TP_UNIT_TEXT];

	printf("%-16s %-8s %10s  %s\n", text_of(l, "name"), text_of(l, "kind"),
	       tp_size_format(bytes, number_of(l, "bytes")),
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

	printf("%s: %s", text_of(d, "name"), text_of(d, "state"));
	if (json_is_true(json_object_get(d, "carrier")))
		printf(", link %" PRIu64 " Mbit/s\n", number_of(d, "speed_mbps"));
	else
		puts(", no link");
	printf("  driver %s, mac %s, mtu %" PRIu64 " of %" PRIu64 "%s%s\n", text_of(d, "driver"),
	       text_of(d, "mac"), number_of(d, "mtu"), number_of(d, "max_mtu"),
	       json_is_true(json_object_get(d, "promisc")) ? ", promiscuous" : "",
	       json_is_true(json_object_get(d, "allmulti")) ? ", all multicast" : "");
	printf("  queues %" PRIu64 " of %" PRIu64 ", rings rx %" PRIu64 " tx %" PRIu64
	       ", interrupts at least rx %" PRIu64 " us tx %" PRIu64 " us apart\n",
	       number_of(d, "queues"), number_of(d, "max_queues"), number_of(d, "rx_ring"),
	       number_of(d, "tx_ring"), number_of(d, "rx_usecs"), number_of(d, "tx_usecs"));
	print_features(json_object_get(d, "features"));
	printf("  resets %" PRIu64 " asked for, %" PRIu64 " by the device, %" PRIu64
	       " because it hung\n",
	       number_of(resets, "asked"), number_of(resets, "device"), number_of(resets, "hung"));
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

static void print_member(const char *name, const json_t *value)
{
	if (!strcmp(name, "devices"))
		print_list(value, print_device);
	else if (!strcmp(name, "loads"))
		print_list(value, print_load);
	else if (!strcmp(name, "device"))
		print_device(value);
	else if (!strcmp(name, "net_devices"))
		print_list(value, print_net_device);
	else if (!strcmp(name, "net_device"))
		print_net_device(value);
	else if (!strcmp(name, "report"))
		print_report(value);
	else if (!strcmp(name, "stat") || !strcmp(name, "net_stats"))
		print_figures(value);
	else if (!strcmp(name, "findings"))
		printf("%" PRId64 " findings\n", (int64_t)json_integer_value(value));
}

static void print_event(const json_t *event)
{
	printf("%s %s%" PRIu64 "\n", text_of(event, "action"), text_of(event, "subject"),
	       number_of(event, "number"));
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
	} else if (!strcmp(text_of(answer, "type"), "uevent")) {
		print_event(answer);
	} else if (json_is_true(json_object_get(answer, "ok"))) {
		print_answer(answer);
	} else {
		print_refusal(answer);
	}
	fflush(stdout);
}
