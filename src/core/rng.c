/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rng - the splitmix64 generator.
 *
 * Locking: none; a generator belongs to one thread.
 */
#include "core/invariant.h"
#include "core/rng.h"

/* 2^64 / golden ratio: steps of this odd size visit every state once. */
static const uint64_t golden = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void tp_rng_init(struct tp_rng *rng, uint64_t seed)
{
	rng->state = seed;
}

uint64_t tp_rng_next(struct tp_rng *rng)
{
	rng->state += golden;
	return mix(rng->state);
}

/*
 * The high half of random * bound; the few products that would make some results likelier are drawn
 * again.
 */
uint64_t tp_rng_below(struct tp_rng *rng, uint64_t bound)
{
	unsigned __int128 product;
	uint64_t uneven;

	TP_INVARIANT(bound > 0);
	uneven = -bound % bound;
	do
		product = (unsigned __int128)tp_rng_next(rng) * bound;
	while ((uint64_t)product < uneven);
	return (uint64_t)(product >> 64);
}

/*
 * Mixed twice: streams of neighbouring seeds or numbers must not be shifted copies of each other.
 */
void tp_rng_fork(struct tp_rng *rng, uint64_t seed, uint64_t n)
{
	tp_rng_init(rng, mix(mix(seed + golden) ^ mix(n)) + n);
}
