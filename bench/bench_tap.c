/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_tap - what stands between a sender and the host's TAP device: the wire alone, and driver,
 * device model and wire, beside bare writes in the same minute.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tidepool/tidepool.h>

#include "model/avf/avf_model.h"
#include "net/avf/avf.h"
#include "report.h"
#include "tap_loop.h"

enum { BATCH = 32, MIB = 1 << 20, NR_LENS = 3 };

static const unsigned lens[NR_LENS] = { 60, 1514, 9014 };

enum subject { BARE, BARE_VNET, WIRE, WIRE_VNET, DRIVER, DRIVER_VNET, BARE_READ, NR_SUBJECTS };

static const char *const names[NR_SUBJECTS] = {
	"bare write",	       "bare write, vnet header", "wire", "wire, vnet header", "driver",
	"driver, vnet header", "bare send and read",
};

struct result {
	struct tp_bench_samples ns[NR_LENS];
	struct tp_bench_samples share[NR_LENS]; /* of the bare writes of the same moment */
};

/* ---- ours ------------------------------------------------------------------------------------ */

struct rig {
	struct tp_tap_loop *bare;
	struct tp_machine *machine;
	struct tp_wire *wire;
	struct tp_tap *tap;
	struct tp_avf_model *model;
	struct tp_avf *avf;
};

static void must(int err, const char *step)
{
	if (err)
		tp_bench_die(step);
}

static void ignore(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	(void)arg, (void)queue;
	tp_netbuf_free_bulk(frames, n);
}

static void plug_taps(struct rig *rig, bool vnet_header)
{
	const char *name = vnet_header ? "tpours1" : "tpours0";

	rig->bare = tp_tap_loop_open(vnet_header ? "tpbare1" : "tpbare0", vnet_header);
	if (!rig->bare)
		tp_bench_die("open a bare TAP device");
	must(tp_tap_open(name, rig->wire, 1, vnet_header, &rig->tap), "open the TAP device");
	if (!tp_tap_loop_up(name))
		tp_bench_die("bring the TAP device up");
}

static void begin(struct rig *rig, bool vnet_header)
{
	const struct tp_machine_config machine = {
		.nr_nodes = 1, .nodes = { { .dram = 256 * (uint64_t)MIB, .cpus = 1 } }
	};
	const struct tp_avf_model_config model = { .name = "avf0", .queues = 1 };
	const struct tp_netdev_user user = { .name = "bench", .receive = ignore };
	struct tp_avf_config config = { .name = "eth0",
					.node = TP_NODE_NONE,
					.run = TP_AVF_RUN_NONE,
					.service = true,
					.mtu = 9000 };

	must(tp_machine_create(&machine, &rig->machine), "create the machine");
	must(tp_wire_create(&rig->wire), "create the wire");
	must(tp_avf_model_create(&model, &rig->model), "create the device");
	config.machine = rig->machine;
	config.bus = tp_avf_model_bus(rig->model);
	must(tp_avf_create(&config, &rig->avf), "start the driver");
	tp_avf_set_user(rig->avf, &user);
	must(tp_avf_model_plug(rig->model, rig->wire, 0), "plug the device in");
	plug_taps(rig, vnet_header);
	must(tp_net_open(rig->machine, "eth0"), "open the device");
}

static void end(struct rig *rig)
{
	tp_tap_loop_close(rig->bare);
	tp_tap_close(rig->tap);
	must(tp_avf_destroy(rig->avf), "stop the driver");
	must(tp_avf_model_plug(rig->model, NULL, 0), "unplug the device");
	tp_avf_model_destroy(rig->model);
	tp_wire_destroy(rig->wire);
	tp_machine_destroy(rig->machine);
}

static uint64_t written(struct rig *rig)
{
	struct tp_tap_stat stat;

	tp_tap_stat(rig->tap, &stat);
	return stat.written;
}

static double by_wire(struct rig *rig, unsigned len, unsigned n)
{
	static char data[16384] = "\2bench\2bench\x88\xb5";
	const struct tp_wire_piece piece = { data, len };
	struct tp_wire_frame frames[BATCH];
	double start = tp_bench_now_ns();

	for (unsigned i = 0; i < BATCH; i++)
		frames[i] = (struct tp_wire_frame){ &piece, 1, len, TP_WIRE_CSUM_GOOD };
	for (unsigned i = 0; i < n; i += BATCH)
		tp_wire_send(rig->wire, 0, frames, BATCH);
	return (tp_bench_now_ns() - start) / n;
}

static void send_batch(struct tp_netdev *nd, unsigned len)
{
	struct tp_netbuf *frames[BATCH];
	unsigned sent = 0;

	for (unsigned i = 0; i < BATCH; i++) {
		frames[i] = tp_netbuf_alloc_frame(nd->pool, len);
		if (!frames[i])
			tp_bench_die("take a buffer");
		memcpy(tp_netbuf_data(frames[i]), "\2bench\2bench\x88\xb5", 14);
	}
	while (sent < BATCH) {
		sent += tp_netdev_xmit(nd, 0, frames + sent, BATCH - sent, false);
		tp_netdev_poll(nd, 0, 64);
	}
}

/* Until the host has them all. */
static double by_driver(struct rig *rig, unsigned len, unsigned n)
{
	struct tp_netdev *nd = tp_avf_netdev(rig->avf);
	uint64_t goal = written(rig) + n;
	double start = tp_bench_now_ns();

	for (unsigned i = 0; i < n; i += BATCH)
		send_batch(nd, len);
	while (written(rig) < goal)
		tp_netdev_poll(nd, 0, 64);
	return (tp_bench_now_ns() - start) / n;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Slices so short that whatever else the computer does meets all subjects. */
static unsigned frames_of(const struct tp_bench_options *options, unsigned len)
{
	return (options->quick ? 2000 : 16000) / (len > 9000 ? 4 : 1) / BATCH * BATCH;
}

static void add(struct result *result, unsigned i, double ns, double bare)
{
	tp_bench_add(&result->ns[i], ns);
	tp_bench_add(&result->share[i], bare / ns);
}

static void measure(struct rig *rig, struct result *results, bool vnet, unsigned i, unsigned n)
{
	double bare = tp_tap_loop_write(rig->bare, lens[i], n);

	add(&results[vnet ? BARE_VNET : BARE], i, bare, bare);
	add(&results[vnet ? WIRE_VNET : WIRE], i, by_wire(rig, lens[i], n), bare);
	add(&results[vnet ? DRIVER_VNET : DRIVER], i, by_driver(rig, lens[i], n), bare);
	/* A device of 1500 bytes takes no more from the host's side. */
	if (!vnet && lens[i] <= 1514)
		add(&results[BARE_READ], i, tp_tap_loop_read(rig->bare, lens[i], n), bare);
}

static void print_json(const struct result *results)
{
	printf("{");
	for (unsigned s = 0; s < NR_SUBJECTS; s++) {
		printf("%s\"%s\": {", s ? ", " : "", names[s]);
		for (unsigned i = 0; i < NR_LENS; i++) {
			char name[32];

			snprintf(name, sizeof(name), "%u", lens[i] + 4);
			if (i)
				printf(", ");
			tp_bench_json(name, &results[s].ns[i]);
		}
		printf("}");
	}
	printf("}\n");
}

static void print_row(struct tp_bench_table *table, const struct result *results, unsigned s)
{
	tp_bench_row(table, names[s]);
	for (unsigned i = 0; i < NR_LENS; i++) {
		double ns = tp_bench_median(&results[s].ns[i]);

		if (isnan(ns)) {
			tp_bench_cell(table, "-");
			tp_bench_cell(table, "-");
			continue;
		}
		tp_bench_cell(table, "%.2f", 1e3 / ns);
		tp_bench_cell(table, "%.2fx", tp_bench_median(&results[s].share[i]));
	}
}

static void print_table(const struct result *results)
{
	static struct tp_bench_table table;

	tp_bench_row(&table, "Mpps, and of bare writes");
	for (unsigned i = 0; i < NR_LENS; i++) {
		tp_bench_cell(&table, "%u B", lens[i] + 4);
		tp_bench_cell(&table, "%s", "");
	}
	for (unsigned s = 0; s < NR_SUBJECTS; s++)
		print_row(&table, results, s);
	tp_bench_print(&table);
}

int main(int argc, char **argv)
{
	static struct result results[NR_SUBJECTS];
	struct tp_bench_options options = { .reps = 41 };
	struct tp_tap_loop *probe;
	struct rig rigs[2];

	tp_bench_options(&options, argc, argv, "a TAP device behind the network driver");
	probe = tp_tap_loop_open("tpbare", false);
	if (!probe) {
		printf("skipped: no TAP device can be made here (%s)\n", strerror(errno));
		return 77;
	}
	tp_tap_loop_close(probe);
	tp_bench_pin(0);
	for (unsigned vnet = 0; vnet < 2; vnet++)
		begin(&rigs[vnet], vnet);
	for (unsigned rep = 0; rep < options.reps; rep++)
		for (unsigned i = 0; i < NR_LENS; i++)
			for (unsigned vnet = 0; vnet < 2; vnet++)
				measure(&rigs[vnet], results, vnet, i,
					frames_of(&options, lens[i]));
	for (unsigned vnet = 0; vnet < 2; vnet++)
		end(&rigs[vnet]);
	if (options.json) {
		print_json(results);
		return 0;
	}
	tp_bench_print_host(stderr);
	print_table(results);
	return 0;
}
