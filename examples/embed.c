/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * embed - the library in one page: a pointer whose memory is unplugged under it, and stays valid.
 *
 *	cc embed.c $(pkg-config --cflags --libs tidepool)
 */
#include <stdio.h>
#include <string.h>

#include <tidepool/tidepool.h>

static int fail(const char *step)
{
	char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	fprintf(stderr, "%s: %s\n", step, text);
	return 1;
}

int main(void)
{
	/* Node 0 has memory from the start, node 1 gets a device below. */
	struct tp_machine_config config = { .nr_nodes = 2, .nodes[0].dram = TP_MIB(256) };
	struct tp_device_config memory = { .node = 1,
					   .size = TP_MIB(256),
					   .online = TP_ONLINE_MOVABLE };
	struct tp_mapping_config data = { .size = TP_MIB(64), .policy = TP_PREFERRED(1) };
	struct tp_offline_options patience = { .deadline_ns = TP_SECONDS(5) };
	struct tp_machine *machine;
	struct tp_device *dimm;
	struct tp_mapping *map;
	struct tp_offline_report report;
	char *text;

	if (tp_machine_create(&config, &machine))
		return fail("machine");
	if (tp_device_plug(machine, &memory, &dimm))
		return fail("plug");
	if (tp_mapping_create(machine, &data, &map))
		return fail("mapping");

	text = tp_mapping_base(map); /* an ordinary pointer; it never changes */
	strcpy(text, "still here");
	if (tp_device_unplug(dimm, &patience, &report)) {
		tp_offline_report_print(stderr, &report); /* who holds which page, and why */
		return fail("unplug");
	}
	printf("%s, %u MiB moved\n", text, (unsigned)(report.bytes_moved >> 20));

	tp_mapping_destroy(map);
	tp_machine_destroy(machine);
	return 0;
}
