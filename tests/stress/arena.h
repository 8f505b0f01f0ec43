/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arena - the machine of the stress tests, and the one who takes its memory away and gives it back.
 *
 * Nodes 0 and 1 have boot memory and a CPU each, node 2 has neither; four devices come and go.
 * Include after <cmocka.h>.
 */
#ifndef TESTS_STRESS_ARENA_H
#define TESTS_STRESS_ARENA_H

#include <errno.h>

#include <tidepool/tidepool.h>

#include "crew.h"

enum { ARENA_DEVICES = 4, ARENA_DEVICE_BLOCKS = 4, ARENA_NODES = 3 };

struct arena {
	struct tp_machine *machine;
	struct tp_device *devices[ARENA_DEVICES]; /* NULL: not plugged; the juggler's */
	unsigned first_block[ARENA_DEVICES];
	struct tp_cancel *cancel;			     /* NULL: nobody cancels */
	bool all_moves;					     /* every owner can move its pages */
	uint64_t plugs, unplugs, onlines, offlines, refused; /* the juggler's */
	uint64_t late, full, busy; /* of the refused; the rest was cancelled */
	uint64_t pages_moved, worst_offline_ns;
};

static inline void arena_open(struct arena *arena, uint64_t block_size, uint64_t boot0,
			      uint64_t boot1)
{
	const struct tp_machine_config config = {
		.nr_nodes = ARENA_NODES,
		.nodes = { { .dram = boot0, .cpus = 1 }, { .dram = boot1, .cpus = 1 } },
		.block_size = block_size,
		.hotplug_size = ARENA_DEVICES * ARENA_DEVICE_BLOCKS * block_size,
		.dma_size = TP_MIB(4),
		.dma32_size = TP_MIB(16),
		.backing = TP_BACKING_SMALL,
	};

	*arena = (struct arena){ .all_moves = true };
	REQUIRE_OK(tp_machine_create(&config, &arena->machine));
}

/* ---- the juggler ------------------------------------------------------------------------- */

/* Memory in use may stay: anything but these is a defect. */
static inline bool may_fail_with(int err)
{
	return err == -EBUSY || err == -ETIMEDOUT || err == -ENOMEM || err == -ECANCELED;
}

static inline struct tp_offline_options hurry(struct arena *arena, struct dice *dice)
{
	struct tp_offline_options options = {
		.deadline_ns = TP_MILLISECONDS(1 + roll(dice, 200)),
		.cancel = arena->cancel && !roll(dice, 3) ? arena->cancel : NULL,
	};

	if (options.cancel)
		tp_cancel_reset(options.cancel);
	return options;
}

static inline void note_offline(struct arena *arena, const struct tp_offline_report *report)
{
	arena->pages_moved += report->pages_moved;
	if (report->elapsed_ns > arena->worst_offline_ns)
		arena->worst_offline_ns = report->elapsed_ns;
	if (!report->err)
		return;
	REQUIRE(may_fail_with(report->err));
	REQUIRE(report->reason && strcmp(report->reason, "done"));
	REQUIRE(!arena->all_moves || strcmp(report->reason, "a page cannot be moved"));
	arena->refused++;
	arena->late += report->err == -ETIMEDOUT;
	arena->full += report->err == -ENOMEM;
	arena->busy += report->err == -EBUSY;
}

static inline void arena_plug(struct arena *arena, unsigned d, enum tp_online_policy policy)
{
	static const int nodes[ARENA_DEVICES] = { 2, 2, 1, 0 };
	const struct tp_device_config config = {
		.node = nodes[d],
		.size = ARENA_DEVICE_BLOCKS * tp_machine_block_size(arena->machine),
		.online = policy,
		.latency_ns = nodes[d] == 2 ? 300 : 0,
		.bandwidth_mbps = nodes[d] == 2 ? 8192 : 0,
	};
	struct tp_device_info info;

	REQUIRE_OK(tp_device_plug(arena->machine, &config, &arena->devices[d]));
	tp_device_info(arena->devices[d], &info);
	arena->first_block[d] = info.first_block;
	arena->plugs++;
}

static inline void arena_unplug(struct arena *arena, unsigned d, struct dice *dice)
{
	const struct tp_offline_options options = hurry(arena, dice);
	struct tp_offline_report report;
	int err = tp_device_unplug(arena->devices[d], &options, &report);

	REQUIRE(err == report.err);
	note_offline(arena, &report);
	if (err)
		return;
	arena->devices[d] = NULL;
	arena->unplugs++;
}

static inline enum tp_block_state block_state(struct arena *arena, unsigned id)
{
	struct tp_block_info info;

	REQUIRE_OK(tp_block_info(arena->machine, id, &info));
	return info.state;
}

/* Take a run of equal blocks of a plugged device to its other state. */
static inline void arena_flip_blocks(struct arena *arena, unsigned d, struct dice *dice)
{
	unsigned at = roll(dice, ARENA_DEVICE_BLOCKS), want = 1 + roll(dice, 3), n = 1;
	unsigned first = arena->first_block[d] + at;
	enum tp_block_state state = block_state(arena, first);
	struct tp_offline_options options = hurry(arena, dice);
	struct tp_offline_report report;

	while (n < want && at + n < ARENA_DEVICE_BLOCKS && block_state(arena, first + n) == state)
		n++;
	if (state == TP_BLOCK_OFFLINE) {
		REQUIRE_OK(tp_blocks_online(arena->machine, first, n,
					    (enum tp_online_policy)(1 + roll(dice, 3))));
		arena->onlines++;
		return;
	}
	REQUIRE(state == TP_BLOCK_ONLINE);
	options.dry_run = !roll(dice, 8);
	tp_blocks_offline(arena->machine, first, n, &options, &report);
	note_offline(arena, &report);
	arena->offlines += !report.err && !options.dry_run;
}

static inline void arena_juggle(struct arena *arena, struct dice *dice)
{
	unsigned d = roll(dice, ARENA_DEVICES);

	if (!arena->devices[d])
		arena_plug(arena, d, (enum tp_online_policy)roll(dice, 4));
	else if (!roll(dice, 3))
		arena_unplug(arena, d, dice);
	else
		arena_flip_blocks(arena, d, dice);
}

/* ---- the end ----------------------------------------------------------------------------- */

static inline void arena_print(const struct arena *arena)
{
	printf("  %llu plugs, %llu unplugs, %llu onlines, %llu offlines; %llu pages moved, "
	       "longest offline %.1f ms\n",
	       (unsigned long long)arena->plugs, (unsigned long long)arena->unplugs,
	       (unsigned long long)arena->onlines, (unsigned long long)arena->offlines,
	       (unsigned long long)arena->pages_moved, (double)arena->worst_offline_ns / 1e6);
	printf("  %llu refused: %llu too late, %llu without memory, %llu busy\n",
	       (unsigned long long)arena->refused, (unsigned long long)arena->late,
	       (unsigned long long)arena->full, (unsigned long long)arena->busy);
}

/* With nothing allocated any more everything can leave. */
static inline void arena_close(struct arena *arena)
{
	REQUIRE(!tp_machine_check(arena->machine, true, stderr));
	for (unsigned d = 0; d < ARENA_DEVICES; d++)
		REQUIRE(!arena->devices[d] || !tp_device_unplug(arena->devices[d], NULL, NULL));
	REQUIRE(!tp_machine_check(arena->machine, true, stderr));
	tp_cancel_destroy(arena->cancel);
	tp_machine_destroy(arena->machine);
	arena_print(arena);
}

#endif
