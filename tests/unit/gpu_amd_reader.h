/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_reader - work that runs on, and reads a word of its address space whenever it is told to:
 * what the device remembers of it in between is what tests of caches are about.
 *
 * It uses streams and data of the rig alone: what it reads may be taken from under it.  The device
 * has a thread.  Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_AMD_READER_H
#define TESTS_UNIT_GPU_AMD_READER_H

#include "gpu_amd_rig.h"

enum {
	READER_LOOKS = 6,
	READER_WORDS = 16, /* of the data, for each ring: */
	READER_GO = 0,	   /* the number of the look that may begin */
	READER_SEEN,	   /* of the last that is over; 0: it has begun */
	READER_FOUND,	   /* what it read */
};

struct reader {
	struct rig *rig;
	enum tp_amd_ring_id ring;
	struct tp_fence *fence;
	unsigned looks;
};

static inline unsigned reader_word(const struct reader *reader, unsigned word)
{
	return reader->ring * READER_WORDS + word;
}

static inline tp_atomic_u32 *reader_live(const struct reader *reader, unsigned word)
{
	return rig_live(reader->rig, reader_word(reader, word));
}

static inline uint64_t reader_va(const struct reader *reader, unsigned word)
{
	return RIG_DATA_VA + 4 * reader_word(reader, word);
}

static inline struct rig_words reader_stream(const struct reader *reader, uint64_t va)
{
	struct rig_words s = { .page = reader->ring };

	rig_store(&s, reader_va(reader, READER_SEEN), 0);
	for (unsigned look = 1; look <= READER_LOOKS; look++) {
		rig_wait_word(&s, reader_va(reader, READER_GO), look);
		rig_copy(&s, reader_va(reader, READER_FOUND), va, 4);
		rig_store(&s, reader_va(reader, READER_SEEN), look);
	}
	return s;
}

/* Work on @ring that reads @va of the rig's VM; nothing runs on that ring, or from the streams. */
static inline void reader_write(struct reader *reader, struct rig *rig, enum tp_amd_ring_id ring,
				uint64_t va, struct rig_words *s)
{
	*reader = (struct reader){ .rig = rig, .ring = ring };
	*s = reader_stream(reader, va);
	rig_finish(rig, s);
	rig_write(rig, reader_word(reader, READER_GO), 0);
	rig_write(rig, reader_word(reader, READER_SEEN), ~0u);
}

static inline void reader_submit(struct reader *reader, const struct rig_words *s)
{
	reader->fence = rig_submit(reader->rig, reader->ring, s, false);
}

/* Until it has begun (0), or has looked so often. */
static inline void reader_await(struct reader *reader, unsigned looks)
{
	const uint64_t until_ns = tp_clock_after(TP_SECONDS(20));

	while (tp_atomic_load(reader_live(reader, READER_SEEN), TP_ACQUIRE) != looks) {
		assert_true(tp_clock_now() < until_ns);
		tp_amd_run(reader->rig->gpu);
		tp_yield();
	}
}

/* Let it read once; what it found: 0 where there was nothing. */
static inline uint32_t reader_look(struct reader *reader)
{
	tp_atomic_store(reader_live(reader, READER_GO), ++reader->looks, TP_RELEASE);
	reader_await(reader, reader->looks);
	return tp_atomic_load(reader_live(reader, READER_FOUND), TP_RELAXED);
}

static inline void reader_end(struct reader *reader)
{
	while (reader->looks < READER_LOOKS)
		reader_look(reader);
	rig_wait(reader->rig, reader->fence, 0);
	reader->fence = NULL;
}

/* At the end of a test that failed: it runs no more. */
static inline void reader_stop(struct reader *reader)
{
	if (reader->fence && !tp_fence_is_signaled(reader->fence))
		must(tp_amd_reset(reader->rig->gpu, TP_AMD_RESET_SOFT));
	tp_fence_put(reader->fence);
	reader->fence = NULL;
}

/* ---- one behind each hub --------------------------------------------------------------------- */

enum { NR_READERS = TP_AMD_NR_HUBS };

/* Each in the VM of a rig, which may be the same; they have begun when this returns. */
static inline void readers_start(struct reader *readers, struct rig *const *rigs, uint64_t va)
{
	static const enum tp_amd_ring_id rings[NR_READERS] = { TP_AMD_RING_GFX, TP_AMD_RING_SDMA1 };
	struct rig_words streams[NR_READERS];

	for (unsigned i = 0; i < NR_READERS; i++)
		reader_write(&readers[i], rigs[i], rings[i], va, &streams[i]);
	for (unsigned i = 0; i < NR_READERS; i++)
		reader_submit(&readers[i], &streams[i]);
	for (unsigned i = 0; i < NR_READERS; i++)
		reader_await(&readers[i], 0);
}

static inline void readers_end(struct reader *readers)
{
	for (unsigned i = 0; i < NR_READERS; i++)
		reader_end(&readers[i]);
}

static inline void readers_stop(struct reader *readers)
{
	for (unsigned i = 0; i < NR_READERS; i++)
		reader_stop(&readers[i]);
}

/* ---- what they saw --------------------------------------------------------------------------- */

static inline struct tp_amd_model_hub_stat reader_hub(const struct reader *reader)
{
	return rig_stat(reader->rig).hub[reader->rig->gpu->rings[reader->ring].hub->id];
}

/* Accesses to the machine that it did not allow. */
static inline uint64_t rig_refused(struct rig *rig)
{
	struct tp_dma_stat stat;

	tp_dma_stat(rig->gpu->bos.domain, &stat);
	return stat.faults;
}

/* Its next look finds nothing: the tables say so, nothing is remembered, and nothing that was said
 * is merely refused on the way. */
static inline void reader_expect_nothing(struct reader *reader)
{
	const struct tp_amd_model_hub_stat before = reader_hub(reader);

	assert_int_equal(reader_look(reader), 0);
	assert_int_equal(reader_hub(reader).faults, before.faults + 1);
	assert_int_equal(reader_hub(reader).stale, before.stale);
	assert_int_equal(rig_refused(reader->rig), 0);
}

#endif
