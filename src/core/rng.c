/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rng - the splitmix64 generator.
 *
 * Locking: none; a generator belongs to one thread.
 */
#include "core/invariant.h"
#include "core/rng.h"

void tp_rng_init(struct tp_rng *rng, uint64_t seed)
{
	rng->state = seed;
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
	tp_rng_init(rng, tp_rng_mix(tp_rng_mix(seed + TP_RNG_STEP) ^ tp_rng_mix(n)) + n);
}
