/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* offline_rig - prepare a block, take it away, look at what became of its content. */
#include "offline_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure.h"
#include "writer.h"

enum { NODE = 1, NR_BLOCKS = 3, WRITER_CPU = 0 };

bool tp_bench_rig_create(struct tp_bench_rig *rig, enum tp_backing_kind backing)
{
	struct tp_machine_config config = {
		.nr_nodes = 2,
		.nodes[0] = { .dram = TP_BENCH_BLOCK, .cpus = tp_bench_nr_cpus() },
		.block_size = TP_BENCH_BLOCK,
		.backing = backing,
	};
	struct tp_device_config memory = { .node = NODE,
					   .size = NR_BLOCKS * TP_BENCH_BLOCK,
					   .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;
	struct tp_device_info info;
	int err = tp_machine_create(&config, &rig->machine);

	if (err == -EPERM)
		return false;
	if (err || tp_device_plug(rig->machine, &memory, &device))
		tp_bench_die("machine");
	tp_device_info(device, &info);
	rig->first = info.first_block;
	return true;
}

void tp_bench_rig_destroy(struct tp_bench_rig *rig)
{
	if (tp_machine_check(rig->machine, true, stderr))
		tp_bench_die("the machine after the run");
	tp_machine_destroy(rig->machine);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static struct tp_mapping *map(struct tp_bench_rig *rig, uint64_t size)
{
	struct tp_mapping_config config = { .size = size, .policy = TP_BIND(NODE) };
	struct tp_mapping *mapping;

	if (tp_mapping_create(rig->machine, &config, &mapping))
		tp_bench_die("mapping");
	return mapping;
}

static void unmap(struct tp_mapping *mapping)
{
	if (tp_mapping_destroy(mapping))
		tp_bench_die("unmapping");
}

static struct tp_offline_report take_away(struct tp_bench_rig *rig, unsigned first, unsigned count)
{
	struct tp_offline_options options = { .deadline_ns = TP_SECONDS(60) };
	struct tp_offline_report report;

	if (tp_blocks_offline(rig->machine, first, count, &options, &report)) {
		tp_offline_report_print(stderr, &report);
		tp_bench_die("offline");
	}
	return report;
}

static void bring(struct tp_bench_rig *rig, unsigned first, unsigned count)
{
	if (tp_blocks_online(rig->machine, first, count, TP_ONLINE_MOVABLE))
		tp_bench_die("online");
}

static void online_anew(struct tp_bench_rig *rig, unsigned first, unsigned count)
{
	take_away(rig, first, count);
	bring(rig, first, count);
}

/* ---- one repetition -------------------------------------------------------------------------- */

/* Move a block full of pages to the others once. */
static void use_others(struct tp_bench_rig *rig)
{
	struct tp_mapping *mapping;

	online_anew(rig, rig->first, 1);
	mapping = map(rig, TP_BENCH_BLOCK);
	memset(tp_mapping_base(mapping), 1, TP_BENCH_BLOCK);
	take_away(rig, rig->first, 1);
	unmap(mapping);
	bring(rig, rig->first, 1);
}

/* The other blocks as the case wants them, the first one new and on top.  Returns how long its
 * coming took. */
static double prepare_blocks(struct tp_bench_rig *rig, const struct tp_bench_case *c)
{
	double begin;

	if (c->fresh)
		online_anew(rig, rig->first + 1, NR_BLOCKS - 1);
	else if (!rig->used)
		use_others(rig);
	rig->used = !c->fresh || c->content == TP_BENCH_FULL;
	take_away(rig, rig->first, 1);
	begin = tp_bench_now_ns();
	bring(rig, rig->first, 1);
	return tp_bench_now_ns() - begin;
}

static struct tp_mapping *prepare_content(struct tp_bench_rig *rig, enum tp_bench_content content)
{
	struct tp_mapping *mapping;

	if (content == TP_BENCH_UNTOUCHED)
		return NULL;
	mapping = map(rig, TP_BENCH_BLOCK);
	tp_bench_fill(tp_mapping_base(mapping), TP_BENCH_BLOCK);
	if (content == TP_BENCH_FULL)
		return mapping;
	unmap(mapping);
	return NULL;
}

static void time_offline(struct tp_bench_rig *rig, bool full, struct tp_bench_offline *result)
{
	double begin = tp_bench_now_ns();
	struct tp_offline_report report = take_away(rig, rig->first, 1);

	result->offline_ns = tp_bench_now_ns() - begin;
	result->isolate_ns = (double)report.isolate_ns;
	if (report.bytes_moved == (full ? TP_BENCH_BLOCK : 0))
		return;
	fprintf(stderr, "%llu bytes were moved, not %llu\n", (unsigned long long)report.bytes_moved,
		(unsigned long long)(full ? TP_BENCH_BLOCK : 0));
	exit(1);
}

static void offline_full(struct tp_bench_rig *rig, struct tp_mapping *mapping, bool live,
			 struct tp_bench_offline *result)
{
	void *base = tp_mapping_base(mapping);
	struct tp_bench_writer *writer = NULL;
	struct tp_mapping_stat stat;

	if (live)
		writer = tp_bench_writer_start(base, TP_BENCH_BLOCK, WRITER_CPU);
	time_offline(rig, true, result);
	if (live) {
		struct tp_bench_written written = tp_bench_writer_stop(writer);

		result->stall_ns = written.worst_ns;
		result->writes = written.writes;
	}
	result->lost = tp_bench_lost(base, TP_BENCH_BLOCK, writer);
	tp_mapping_stat(mapping, &stat);
	result->hold_ns = (double)stat.worst_hold_ns;
	unmap(mapping);
}

struct tp_bench_offline tp_bench_rig_run(struct tp_bench_rig *rig, const struct tp_bench_case *c)
{
	struct tp_bench_offline result = { .online_ns = prepare_blocks(rig, c) };
	struct tp_mapping *mapping = prepare_content(rig, c->content);

	if (mapping)
		offline_full(rig, mapping, c->live, &result);
	else
		time_offline(rig, false, &result);
	bring(rig, rig->first, 1);
	return result;
}

double tp_bench_rig_undisturbed(struct tp_bench_rig *rig, double duration_ns)
{
	struct timespec duration = { .tv_nsec = (long)duration_ns };
	struct tp_mapping *mapping = map(rig, TP_BENCH_BLOCK);
	struct tp_bench_writer *writer;
	struct tp_bench_written written;

	tp_bench_fill(tp_mapping_base(mapping), TP_BENCH_BLOCK);
	writer = tp_bench_writer_start(tp_mapping_base(mapping), TP_BENCH_BLOCK, WRITER_CPU);
	nanosleep(&duration, NULL);
	written = tp_bench_writer_stop(writer);
	tp_bench_lost(tp_mapping_base(mapping), TP_BENCH_BLOCK, writer);
	unmap(mapping);
	return written.worst_ns;
}
