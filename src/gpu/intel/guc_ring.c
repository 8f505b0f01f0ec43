/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guc_ring - two rings of words that the firmware reads and writes too, and may have spoilt. */
#include "gpu/intel/guc_internal.h"

enum { WORDS = TP_INTEL_GUC_RING_WORDS, LEN_MASK = 0xff };

static tp_atomic_u32 *word(struct tp_intel_guc *guc, unsigned index)
{
	return (tp_atomic_u32 *)guc->page.address + index;
}

void tp_intel_guc_ring_clear(struct tp_intel_guc *guc)
{
	for (unsigned i = 0; i < TP_INTEL_GUC_H2G; i++)
		tp_atomic_store(word(guc, i), 0, TP_RELEASE);
}

/* How many words lie between two places; whatever the device says they are. */
static unsigned distance(uint32_t from, uint32_t to)
{
	return (to % WORDS + WORDS - from % WORDS) % WORDS;
}

bool tp_intel_guc_ring_send(struct tp_intel_guc *guc, uint32_t op, const uint32_t *words,
			    unsigned n)
{
	uint32_t head = tp_atomic_load(word(guc, TP_INTEL_GUC_H2G_HEAD), TP_ACQUIRE);
	uint32_t tail = tp_atomic_load(word(guc, TP_INTEL_GUC_H2G_TAIL), TP_RELAXED);

	/* One word stays free: a full ring is none that is empty. */
	if (WORDS - 1 - distance(head, tail) < n + 1)
		return false;
	for (unsigned i = 0; i <= n; i++) {
		tp_atomic_store(word(guc, TP_INTEL_GUC_H2G + tail % WORDS),
				i ? words[i - 1] : TP_INTEL_GUC_HEADER(op, n), TP_RELAXED);
		tail++;
	}
	tp_atomic_store(word(guc, TP_INTEL_GUC_H2G_TAIL), tail % WORDS, TP_RELEASE);
	return true;
}

bool tp_intel_guc_ring_receive(struct tp_intel_guc *guc, uint32_t *op, uint32_t *words, unsigned n)
{
	uint32_t tail = tp_atomic_load(word(guc, TP_INTEL_GUC_G2H_TAIL), TP_ACQUIRE);
	uint32_t head = tp_atomic_load(word(guc, TP_INTEL_GUC_G2H_HEAD), TP_RELAXED);
	unsigned there = distance(head, tail), len;
	uint32_t header;

	if (!there)
		return false;
	header = tp_atomic_load(word(guc, TP_INTEL_GUC_G2H + head % WORDS), TP_RELAXED);
	len = header & LEN_MASK;
	if (len >= there) {
		guc->broken++;
		tp_atomic_store(word(guc, TP_INTEL_GUC_G2H_HEAD), tail % WORDS, TP_RELEASE);
		return false;
	}
	*op = header >> 16;
	for (unsigned i = 0; i < n; i++)
		words[i] = i < len ? tp_atomic_load(word(guc,
							 TP_INTEL_GUC_G2H + (head + 1 + i) % WORDS),
						    TP_RELAXED)
				   : 0;
	tp_atomic_store(word(guc, TP_INTEL_GUC_G2H_HEAD), (head + 1 + len) % WORDS, TP_RELEASE);
	return true;
}
