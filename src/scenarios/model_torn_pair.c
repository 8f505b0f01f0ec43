/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_torn_pair - two counters that belong together, read while they are written.
 *
 * The writer makes a sequence number odd, changes both, and makes it even again.  A reader that
 * does not look at the number a second time takes one counter from before and one from after; one
 * that looks, but without a barrier before it, may have looked too early, where memory is as C11
 * has it.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

struct model {
	bool retries, fenced;
	TP_ATOMIC(uint32_t) seq;
	TP_ATOMIC(uint64_t) packets, bytes;
};

enum { PACKET = 64, NR_PACKETS = 2 };

static void count_packet(struct model *m)
{
	uint32_t seq = tp_atomic_load(&m->seq, TP_RELAXED);

	tp_atomic_store(&m->seq, seq + 1, TP_RELAXED);
	tp_fence(TP_RELEASE);
	tp_atomic_store(&m->packets, tp_atomic_load(&m->packets, TP_RELAXED) + 1, TP_RELAXED);
	tp_atomic_store(&m->bytes, tp_atomic_load(&m->bytes, TP_RELAXED) + PACKET, TP_RELAXED);
	tp_atomic_store(&m->seq, seq + 2, TP_RELEASE);
}

static void count_packets(void *arg)
{
	for (unsigned i = 0; i < NR_PACKETS; i++)
		count_packet(arg);
}

static uint32_t begin_reading(struct model *m)
{
	uint32_t seq;

	while ((seq = tp_atomic_load(&m->seq, TP_ACQUIRE)) % 2)
		tp_sim_relax();
	return seq;
}

static bool must_read_again(struct model *m, uint32_t seq)
{
	if (m->fenced)
		tp_fence(TP_ACQUIRE);
	return tp_atomic_load(&m->seq, TP_RELAXED) != seq;
}

static void read_pair(void *arg)
{
	struct model *m = arg;
	uint64_t packets, bytes;
	uint32_t seq;

	do {
		seq = begin_reading(m);
		packets = tp_atomic_load(&m->packets, TP_RELAXED);
		bytes = tp_atomic_load(&m->bytes, TP_RELAXED);
	} while (m->retries && must_read_again(m, seq));
	TP_EXPECT(bytes == packets * PACKET);
}

static void *prepare(bool retries, bool fenced)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->retries = retries;
	m->fenced = fenced;
	return m;
}

static void *prepare_broken(void)
{
	return prepare(false, true);
}

static void *prepare_unfenced(void)
{
	return prepare(true, false);
}

static void *prepare_right(void)
{
	return prepare(true, true);
}

static void start(void *state)
{
	tp_sim_start("count", count_packets, state);
	tp_sim_start("read", read_pair, state);
}

TP_SCENARIO(torn_pair_broken,
	    {
		    .name = "model/torn-pair-broken",
		    .summary = "a reader that does not look whether it was disturbed",
		    .prepare = prepare_broken,
		    .start = start,
	    })

TP_SCENARIO(torn_pair_unfenced,
	    {
		    .name = "model/torn-pair-unfenced",
		    .summary = "one that looks again, perhaps before it has read",
		    .prepare = prepare_unfenced,
		    .start = start,
		    .memory = TP_MEMORY_C11,
	    })

TP_SCENARIO(torn_pair,
	    {
		    .name = "model/torn-pair",
		    .summary = "one that reads again if it was disturbed, with its barriers",
		    .prepare = prepare_right,
		    .start = start,
		    .memory = TP_MEMORY_C11,
	    })
