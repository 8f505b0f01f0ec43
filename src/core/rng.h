/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rng - reproducible randomness: a generator is one word, any seed is good. */
#ifndef TP_CORE_RNG_H
#define TP_CORE_RNG_H

#include <stdint.h>

struct tp_rng {
	uint64_t state;
};

void tp_rng_init(struct tp_rng *rng, uint64_t seed);

static inline uint64_t tp_rng_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Steps of this odd size, 2^64 / golden ratio, visit every state once. */
#define TP_RNG_STEP UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t tp_rng_next(struct tp_rng *rng)
{
	rng->state += TP_RNG_STEP;
	return tp_rng_mix(rng->state);
}

/* Uniform in [0, bound); bound > 0. */
uint64_t tp_rng_below(struct tp_rng *rng, uint64_t bound);
/* A generator of its own for stream @n of @seed. */
void tp_rng_fork(struct tp_rng *rng, uint64_t seed, uint64_t n);

#endif
