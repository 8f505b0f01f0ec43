/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pageblock - bit tricks: naturally aligned free runs of a pageblock, found and counted a word at a
 * time.
 */
#include "mm/pageblock.h"

#include "core/invariant.h"

enum { WORD_ORDER = TP_PB_WORDS > 1 ? 6 : TP_PAGEBLOCK_ORDER };

/* Bits at multiples of 2^k. */
static const uint64_t aligned[7] = {
	~UINT64_C(0),	    0x5555555555555555, 0x1111111111111111, 0x0101010101010101,
	0x0001000100010001, 0x0000000100000001, 0x0000000000000001,
};

/* From the first pages of free runs of order k to those of order k + 1. */
static inline uint64_t pair_up(uint64_t runs, unsigned k)
{
	return runs & runs >> (1u << k) & aligned[k + 1];
}

static inline uint64_t runs_of_order(uint64_t word, unsigned order)
{
	for (unsigned k = 0; k < order && word; k++)
		word = pair_up(word, k);
	return word;
}

static uint64_t run_mask(unsigned index, unsigned order)
{
	uint64_t ones = order >= 6 ? ~UINT64_C(0) : (UINT64_C(1) << (1u << order)) - 1;

	return ones << (index % 64);
}

/* Are the 2^(order-6) words from @w all free? */
static bool words_free(const struct tp_pb_bitmap *bitmap, unsigned w, unsigned order)
{
	uint64_t all = ~UINT64_C(0);

	for (unsigned i = 0; i < 1u << (order - 6); i++)
		all &= bitmap->word[w + i];
	return all == ~UINT64_C(0);
}

static int find_words(const struct tp_pb_bitmap *bitmap, unsigned order)
{
	for (unsigned w = 0; w < TP_PB_WORDS; w += 1u << (order - 6))
		if (words_free(bitmap, w, order))
			return (int)(w * 64);
	return -1;
}

int tp_pb_find(const struct tp_pb_bitmap *bitmap, unsigned order)
{
	if (order > WORD_ORDER)
		return find_words(bitmap, order);
	for (unsigned w = 0; w < TP_PB_WORDS; w++) {
		uint64_t runs = runs_of_order(bitmap->word[w], order);

		if (runs)
			return (int)(w * 64) + __builtin_ctzll(runs);
	}
	return -1;
}

/* Largest order within one word, or -1. */
static int word_max_order(uint64_t runs)
{
	int order = -1;

	for (unsigned k = 0; runs; k++) {
		order = (int)k;
		if (k == WORD_ORDER)
			break;
		runs = pair_up(runs, k);
	}
	return order;
}

int tp_pb_max_order(const struct tp_pb_bitmap *bitmap)
{
	int best = -1;

	for (unsigned w = 0; w < TP_PB_WORDS && best < WORD_ORDER; w++)
		best = TP_MAX(best, word_max_order(bitmap->word[w]));
	while (best >= WORD_ORDER && best < TP_PAGEBLOCK_ORDER &&
	       find_words(bitmap, (unsigned)best + 1) >= 0)
		best++;
	return best;
}

unsigned tp_pb_run_order(const struct tp_pb_bitmap *bitmap, unsigned index)
{
	uint64_t word = bitmap->word[index / 64];
	unsigned order = 0;

	while (order < WORD_ORDER) {
		uint64_t mask = run_mask(index & ~((2u << order) - 1), order + 1);

		if ((word & mask) != mask)
			return order;
		order++;
	}
	while (order < TP_PAGEBLOCK_ORDER &&
	       words_free(bitmap, index / 64 & ~((2u << (order - 6)) - 1), order + 1))
		order++;
	return order;
}

void tp_pb_count_runs(const struct tp_pb_bitmap *bitmap, uint64_t counts[TP_NR_ORDERS])
{
	uint64_t runs[TP_NR_ORDERS + 1] = { 0 };

	for (unsigned w = 0; w < TP_PB_WORDS; w++) {
		uint64_t r = bitmap->word[w];

		for (unsigned k = 0; r; k++) {
			runs[k] += (uint64_t)__builtin_popcountll(r);
			if (k == WORD_ORDER)
				break;
			r = pair_up(r, k);
		}
	}
	for (unsigned k = WORD_ORDER + 1; k <= TP_PAGEBLOCK_ORDER; k++)
		for (unsigned w = 0; w < TP_PB_WORDS; w += 1u << (k - 6))
			runs[k] += words_free(bitmap, w, k);
	for (unsigned k = 0; k <= TP_PAGEBLOCK_ORDER; k++)
		counts[k] += runs[k] - 2 * runs[k + 1];
}

void tp_pb_set_run(struct tp_pb_bitmap *bitmap, unsigned index, unsigned order)
{
	uint64_t mask = run_mask(index, order);

	for (unsigned w = index / 64; w < index / 64 + (order > 6 ? 1u << (order - 6) : 1); w++) {
		TP_INVARIANT(!(bitmap->word[w] & mask));
		bitmap->word[w] |= mask;
	}
}

void tp_pb_clear_run(struct tp_pb_bitmap *bitmap, unsigned index, unsigned order)
{
	uint64_t mask = run_mask(index, order);

	for (unsigned w = index / 64; w < index / 64 + (order > 6 ? 1u << (order - 6) : 1); w++) {
		TP_INVARIANT((bitmap->word[w] & mask) == mask);
		bitmap->word[w] &= ~mask;
	}
}

unsigned tp_pb_take_bulk(struct tp_pb_bitmap *bitmap, uint32_t *out, uint32_t base, unsigned want)
{
	unsigned got = 0;

	for (unsigned w = 0; w < TP_PB_WORDS && got < want; w++) {
		uint64_t word = bitmap->word[w];

		for (; word && got < want; word &= word - 1)
			out[got++] = base + w * 64 + (uint32_t)__builtin_ctzll(word);
		bitmap->word[w] = word;
	}
	return got;
}
