/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rng - reproducible randomness: a generator is one word, any seed is good. */
#ifndef TP_CORE_RNG_H
#define TP_CORE_RNG_H

#include <stdint.h>

struct tp_rng {
	uint64_t state;
};

void tp_rng_init(struct tp_rng *rng, uint64_t seed);
uint64_t tp_rng_next(struct tp_rng *rng);
/* Uniform in [0, bound); bound > 0. */
uint64_t tp_rng_below(struct tp_rng *rng, uint64_t bound);
/* A generator of its own for stream @n of @seed. */
void tp_rng_fork(struct tp_rng *rng, uint64_t seed, uint64_t n);

#endif
