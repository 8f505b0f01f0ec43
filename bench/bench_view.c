/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_view - what the mounted files of a machine cost, beside the system's own files and beside
 * the library's calls.
 *
 * A read is open, read to the end of the first buffer, close, from a process of its own: a child
 * that takes turns between a file of the mount and the file of the same kind that this system has.
 * A write is one word to a block's `state`, beside the call that it leads to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tidepool/tidepool.h>

#include "measure.h"
#include "report.h"
#include "view/mount.h"

enum { BLOCK = 32, NODE = 2, READS = 4000, QUICK_READS = 1000, WRITES = 40, MAX_CLIENTS = 2 };

static const struct row {
	const char *name, *path, *anchor; /* the system's file */
	unsigned clients;
} rows[] = {
	{ "memoryN/state", "sys/devices/system/memory/memory0/state",
	  "/sys/kernel/mm/transparent_hugepage/enabled", 1 },
	{ "memoryN/state, 2 clients", "sys/devices/system/memory/memory0/state",
	  "/sys/kernel/mm/transparent_hugepage/enabled", 2 },
	{ "nodeN/meminfo", "sys/devices/system/node/node0/meminfo", "/proc/meminfo", 1 },
	{ "proc/vmstat", "proc/vmstat", "/proc/vmstat", 1 },
	{ "proc/zoneinfo", "proc/zoneinfo", "/proc/zoneinfo", 1 },
};

enum { NR_ROWS = sizeof(rows) / sizeof(rows[0]) };

struct rig {
	struct tp_machine *machine;
	struct tp_view *view;
	struct tp_mount *mount;
	char dir[32];
};

/* ---- reading --------------------------------------------------------------------------------- */

static void read_often(const char *path, unsigned n)
{
	char text[65536];

	while (n--) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || read(fd, text, sizeof(text)) <= 0)
			_exit(1);
		close(fd);
	}
	_exit(0);
}

/* Files per second, all clients together; each is a child, as a tool would be. */
static double reads_per_s(const char *path, unsigned clients, unsigned n)
{
	double began = tp_bench_now_ns();
	pid_t child[MAX_CLIENTS];
	int status = 0;

	for (unsigned i = 0; i < clients; i++) {
		child[i] = fork();
		if (!child[i])
			read_often(path, n);
	}
	for (unsigned i = 0; i < clients; i++) {
		if (waitpid(child[i], &status, 0) != child[i] || status)
			tp_bench_die(path);
	}
	return clients * n / (tp_bench_now_ns() - began) * 1e9;
}

struct read_result {
	struct tp_bench_samples mount, system;
};

static void measure_reads(const struct rig *rig, const struct tp_bench_options *options,
			  struct read_result *results)
{
	unsigned n = options->quick ? QUICK_READS : READS;
	char path[128];

	for (unsigned rep = 0; rep < options->reps; rep++) {
		for (unsigned i = 0; i < NR_ROWS; i++) {
			snprintf(path, sizeof(path), "%s/%s", rig->dir, rows[i].path);
			tp_bench_add(&results[i].system,
				     reads_per_s(rows[i].anchor, rows[i].clients, n));
			tp_bench_add(&results[i].mount, reads_per_s(path, rows[i].clients, n));
		}
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

struct write_result {
	struct tp_bench_samples mount_us[2], call_us[2]; /* online, offline */
};

/* In a child, which says how long each of the two took. */
static void write_states(const char *path, int out)
{
	static const char *const words[2] = { "online_movable", "offline" };
	double us[2] = { 0 };
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	for (unsigned i = 0; i < WRITES; i++) {
		for (unsigned w = 0; w < 2; w++) {
			double began = tp_bench_now_ns();

			if (write(fd, words[w], strlen(words[w])) < 0)
				_exit(1);
			us[w] += (tp_bench_now_ns() - began) / 1e3 / WRITES;
		}
	}
	_exit(write(out, us, sizeof(us)) != sizeof(us));
}

static void by_files(const struct rig *rig, struct write_result *result)
{
	char path[128];
	double us[2];
	int ends[2], status;
	pid_t child;

	snprintf(path, sizeof(path), "%s/sys/devices/system/memory/memory%d/state", rig->dir,
		 BLOCK);
	if (pipe(ends))
		tp_bench_die("pipe");
	child = fork();
	if (!child)
		write_states(path, ends[1]);
	if (read(ends[0], us, sizeof(us)) != sizeof(us) || waitpid(child, &status, 0) != child)
		tp_bench_die(path);
	close(ends[0]);
	close(ends[1]);
	for (unsigned w = 0; w < 2; w++)
		tp_bench_add(&result->mount_us[w], us[w]);
}

static void by_calls(const struct rig *rig, struct write_result *result)
{
	double us[2] = { 0 };

	for (unsigned i = 0; i < WRITES; i++) {
		double began = tp_bench_now_ns(), between;

		if (tp_blocks_online(rig->machine, BLOCK, 1, TP_ONLINE_MOVABLE))
			tp_bench_die("online");
		between = tp_bench_now_ns();
		if (tp_blocks_offline(rig->machine, BLOCK, 1, NULL, NULL))
			tp_bench_die("offline");
		us[0] += (between - began) / 1e3 / WRITES;
		us[1] += (tp_bench_now_ns() - between) / 1e3 / WRITES;
	}
	for (unsigned w = 0; w < 2; w++)
		tp_bench_add(&result->call_us[w], us[w]);
}

/* ---- report ---------------------------------------------------------------------------------- */

static void print_reads(const struct read_result *results)
{
	struct tp_bench_table table = { .rows = 0 };

	tp_bench_row(&table, "file reads");
	tp_bench_cell(&table, "thousand/s");
	tp_bench_cell(&table, "spread");
	tp_bench_cell(&table, "the system's file");
	tp_bench_cell(&table, "ratio");
	for (unsigned i = 0; i < NR_ROWS; i++) {
		double mount = tp_bench_median(&results[i].mount);
		double system = tp_bench_median(&results[i].system);

		tp_bench_row(&table, rows[i].name);
		tp_bench_cell(&table, "%.1f", mount / 1e3);
		tp_bench_cell(&table, "%.0f %%", tp_bench_spread(&results[i].mount) * 100);
		tp_bench_cell(&table, "%.1f", system / 1e3);
		tp_bench_cell(&table, "%.3fx", mount / system);
	}
	tp_bench_print(&table);
}

static void print_writes(const struct write_result *result)
{
	static const char *const names[2] = { "online an empty block", "offline it" };
	struct tp_bench_table table = { .rows = 0 };

	putchar('\n');
	tp_bench_row(&table, "state writes");
	tp_bench_cell(&table, "us");
	tp_bench_cell(&table, "the call");
	tp_bench_cell(&table, "difference");
	for (unsigned w = 0; w < 2; w++) {
		double mount = tp_bench_median(&result->mount_us[w]);
		double call = tp_bench_median(&result->call_us[w]);

		tp_bench_row(&table, names[w]);
		tp_bench_cell(&table, "%.1f", mount);
		tp_bench_cell(&table, "%.1f", call);
		tp_bench_cell(&table, "%.1f", mount - call);
	}
	tp_bench_print(&table);
}

static void print_json(const struct read_result *reads, const struct write_result *writes)
{
	putchar('{');
	for (unsigned i = 0; i < NR_ROWS; i++) {
		char name[64];

		tp_bench_json(rows[i].name, &reads[i].mount);
		snprintf(name, sizeof(name), "%s, system", rows[i].name);
		printf(", ");
		tp_bench_json(name, &reads[i].system);
		printf(", ");
	}
	tp_bench_json("online_us", &writes->mount_us[0]);
	printf(", ");
	tp_bench_json("online_call_us", &writes->call_us[0]);
	printf(", ");
	tp_bench_json("offline_us", &writes->mount_us[1]);
	printf(", ");
	tp_bench_json("offline_call_us", &writes->call_us[1]);
	puts("}");
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void begin(struct rig *rig)
{
	const struct tp_machine_config config = {
		.nr_nodes = 3,
		.nodes = { { .dram = TP_GIB(1), .cpus = 2 }, { .dram = TP_MIB(512) } },
		.uevents = true,
	};
	const struct tp_device_config dimm = { .name = "dimm", .node = NODE, .size = TP_MIB(512) };
	struct tp_device *device;

	strcpy(rig->dir, "/tmp/bench_view.XXXXXX");
	if (tp_machine_create(&config, &rig->machine) ||
	    tp_device_plug(rig->machine, &dimm, &device))
		tp_bench_die("machine");
	if (!mkdtemp(rig->dir) ||
	    tp_view_create(&(struct tp_view_config){ .machine = rig->machine }, &rig->view) ||
	    tp_mount_begin(&(struct tp_mount_config){ .view = rig->view, .dir = rig->dir },
			   &rig->mount))
		tp_bench_die("mount");
}

static void end(struct rig *rig)
{
	tp_mount_end(rig->mount);
	tp_view_destroy(rig->view);
	tp_machine_destroy(rig->machine);
	rmdir(rig->dir);
}

int main(int argc, char **argv)
{
	static struct read_result reads[NR_ROWS];
	static struct write_result writes;
	struct tp_bench_options options = { .reps = 9 };
	struct rig rig;

	tp_bench_options(&options, argc, argv, "the mounted files of a machine");
	begin(&rig);
	measure_reads(&rig, &options, reads);
	for (unsigned rep = 0; rep < options.reps; rep++) {
		by_calls(&rig, &writes);
		by_files(&rig, &writes);
	}
	end(&rig);
	if (options.json) {
		print_json(reads, &writes);
		return 0;
	}
	tp_bench_print_host(stderr);
	print_reads(reads);
	print_writes(&writes);
	return 0;
}
