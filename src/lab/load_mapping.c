/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_mapping - threads that write into a mapping without pause and notice a single lost write.
 *
 * Every page is 512 words.  Each 32nd is a counter that belongs to one thread: it reads as the
 * counter's number and how often it was written, and a shadow outside of the machine knows the
 * latter.  All other words hold a pattern that depends on where they are.
 *
 * Invariants
 *  L1  counter[n] in memory = n << 32 | shadow[n], seen by its thread before every write and by
 *      verify for all; so a write that was lost, doubled or landed elsewhere is found.
 *  L2  A counter has one writer, so the shadow needs no lock; verify runs while they are halted.
 */
#include <errno.h>
#include <inttypes.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "lab/load.h"

enum {
	PAGE_WORDS = TP_PAGE_SIZE / 8,
	PAGE_COUNTERS = 16,
	COUNTER_STEP = PAGE_WORDS / PAGE_COUNTERS,
	WRITES_PER_TURN = 64,
};

struct mapping_load {
	struct tp_load load;
	struct tp_mapping *mapping;
	uint64_t *words;
	uint64_t nr_pages;
	unsigned threads;
	uint32_t *shadow;
};

static struct mapping_load *mapping_of(struct tp_load *load)
{
	return tp_container_of(load, struct mapping_load, load);
}

static uint64_t counter_value(uint64_t n, uint32_t count)
{
	return n << 32 | count;
}

static uint64_t pattern(uint64_t word)
{
	return word * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(struct mapping_load *ml)
{
	for (uint64_t w = 0; w < ml->nr_pages * PAGE_WORDS; w++)
		ml->words[w] = w % COUNTER_STEP ? pattern(w) : counter_value(w / COUNTER_STEP, 0);
}

static void report_lost(struct mapping_load *ml, uint64_t n, uint64_t found)
{
	tp_findings_add(ml->load.findings,
			"%s: byte %" PRIu64 ": counter %" PRIu64
			" was written %u times, found 0x%" PRIx64 " instead of 0x%" PRIx64,
			ml->load.name, n * COUNTER_STEP * 8, n, ml->shadow[n], found,
			counter_value(n, ml->shadow[n]));
}

/* One write by the worker that owns counter @n; returns how long it took. */
static uint64_t write_counter(struct mapping_load *ml, uint64_t n)
{
	/* volatile: each access shall really happen, and nothing is known from the last one */
	volatile uint64_t *word = &ml->words[n * COUNTER_STEP];
	uint64_t found = *word, begin;

	if (found != counter_value(n, ml->shadow[n]))
		report_lost(ml, n, found);
	ml->shadow[n]++;
	begin = tp_clock_now();
	*word = counter_value(n, ml->shadow[n]);
	return tp_clock_now() - begin;
}

static void mapping_turn(void *arg, struct tp_worker *worker)
{
	struct mapping_load *ml = arg;
	unsigned nr = ml->threads, own = (PAGE_COUNTERS - worker->index + nr - 1) / nr;
	uint64_t worst = 0;

	for (unsigned i = 0; i < WRITES_PER_TURN; i++) {
		uint64_t random = tp_rng_below(&worker->rng, ml->nr_pages * own);
		uint64_t n = random / own * PAGE_COUNTERS + random % own * nr + worker->index;

		worst = TP_MAX(worst, write_counter(ml, n));
	}
	tp_atomic_add(&ml->load.work, WRITES_PER_TURN, TP_RELAXED);
	/* Two threads may race here; the loser's figure is no lie, only not the worst of all. */
	if (worst > tp_atomic_load(&ml->load.worst_write_ns, TP_RELAXED))
		tp_atomic_store(&ml->load.worst_write_ns, worst, TP_RELAXED);
}

/* The 31 words after counter @n; false if one of them is not what was filled in. */
static bool pattern_intact(const uint64_t *words, uint64_t n)
{
	const uint64_t *p = words + n * COUNTER_STEP;
	uint64_t wrong = 0;

	for (uint64_t i = 1; i < COUNTER_STEP; i++)
		wrong |= p[i] ^ pattern(n * COUNTER_STEP + i);
	return !wrong;
}

static uint64_t mapping_verify(struct tp_load *load)
{
	struct mapping_load *ml = mapping_of(load);

	for (uint64_t n = 0; n < ml->nr_pages * PAGE_COUNTERS; n++) {
		if (ml->words[n * COUNTER_STEP] != counter_value(n, ml->shadow[n]))
			report_lost(ml, n, ml->words[n * COUNTER_STEP]);
		if (!pattern_intact(ml->words, n))
			tp_findings_add(load->findings, "%s: byte %" PRIu64 ": content lost",
					load->name, n * COUNTER_STEP * 8);
	}
	return ml->nr_pages * TP_PAGE_SIZE;
}

static struct tp_policy policy_of(const struct tp_load_config *config)
{
	struct tp_policy policy = { .mode = (enum tp_policy_mode)config->policy,
				    .nodes = config->nodes };

	if (!policy.nodes.v && config->node != TP_NODE_NONE)
		policy.nodes = TP_NODE_BIT(config->node);
	for (unsigned n = 0; n < TP_MAX_NODES; n++)
		policy.weight[n] = 1;
	return policy;
}

static int mapping_start(struct tp_load *load, const struct tp_load_config *config)
{
	struct mapping_load *ml = mapping_of(load);
	struct tp_mapping_config mapping = { .name = load->name,
					     .size = config->size,
					     .policy = policy_of(config),
					     .small_pages = config->small_pages };
	int err;

	ml->nr_pages = config->size / TP_PAGE_SIZE;
	ml->threads = config->threads;
	ml->shadow = tp_zalloc_array(ml->nr_pages * PAGE_COUNTERS, sizeof(*ml->shadow));
	if (!ml->shadow)
		return -ENOMEM;
	err = tp_mapping_create(load->machine, &mapping, &ml->mapping);
	if (err)
		goto free_shadow;
	ml->words = tp_mapping_base(ml->mapping);
	fill(ml);
	err = tp_crew_start(&load->crew, load->name, config->threads, config->seed, mapping_turn,
			    ml);
	if (!err)
		return 0;
	tp_mapping_destroy(ml->mapping);
free_shadow:
	tp_free(ml->shadow);
	return err;
}

static int mapping_stop(struct tp_load *load)
{
	struct mapping_load *ml = mapping_of(load);
	int err;

	load->bytes_verified += mapping_verify(load);
	err = tp_mapping_destroy(ml->mapping);
	if (!err)
		tp_free(ml->shadow);
	return err;
}

static void mapping_stat(struct tp_load *load, struct tp_load_stat *stat)
{
	struct tp_mapping_stat ms;

	tp_mapping_stat(mapping_of(load)->mapping, &ms);
	stat->bytes = ms.pages * TP_PAGE_SIZE;
	stat->pages_moved = ms.pages_moved;
}

static struct tp_mapping *mapping_mapping(struct tp_load *load)
{
	return mapping_of(load)->mapping;
}

const struct tp_load_kind tp_load_mapping = {
	.name = "mapping",
	.size = sizeof(struct mapping_load),
	.work = "writes",
	.start = mapping_start,
	.stop = mapping_stop,
	.verify = mapping_verify,
	.stat = mapping_stat,
	.mapping = mapping_mapping,
};
