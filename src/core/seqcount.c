/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seqcount - sequence counters, the same under both backends.
 *
 * Ordering: TSan does not follow stand-alone fences.  Under it the ordering rides on an atomic
 * addition to the counter, which is at least as strong.
 */
#include "core/invariant.h"
#include "core/mutant.h"
#include "core/sync.h"

enum { SPINS = 100 };

void tp_seqcount_init(struct tp_seqcount *s)
{
	*s = (struct tp_seqcount){ 0 };
}

void tp_seqcount_write_begin(struct tp_seqcount *s)
{
	uint32_t seq = tp_atomic_load(&s->seq, TP_RELAXED);

	TP_INVARIANT(seq % 2 == 0);
#if TP_TSAN
	tp_atomic_add(&s->seq, 1, TP_ACQ_REL);
#else
	tp_atomic_store(&s->seq, seq + 1, TP_RELAXED);
	/* The odd number is out before any of the data. */
	if (!TP_MUTANT(seq_write_unfenced))
		tp_fence(TP_RELEASE);
#endif
}

void tp_seqcount_write_end(struct tp_seqcount *s)
{
	uint32_t seq = tp_atomic_load(&s->seq, TP_RELAXED);

	TP_INVARIANT(seq % 2 == 1);
	tp_atomic_store(&s->seq, seq + 1, TP_MUTANT(seq_end_relaxed) ? TP_RELAXED : TP_RELEASE);
}

uint32_t tp_seqcount_read_begin(const struct tp_seqcount *s)
{
	uint32_t seq;

	for (int spins = 0; (seq = tp_atomic_load(&s->seq, TP_ACQUIRE)) % 2; spins++) {
		/* The writer may have lost its CPU to this very loop. */
		if (spins < SPINS)
			tp_cpu_relax();
		else
			tp_yield();
	}
	return seq;
}

bool tp_seqcount_read_retry(const struct tp_seqcount *s, uint32_t begin)
{
#if TP_TSAN
	return tp_atomic_add((tp_atomic_u32 *)&s->seq, 0, TP_ACQ_REL) != begin;
#else
	/* The data was read before the number is read again. */
	if (!TP_MUTANT(seq_read_unfenced))
		tp_fence(TP_ACQUIRE);
	return tp_atomic_load(&s->seq, TP_RELAXED) != begin;
#endif
}
