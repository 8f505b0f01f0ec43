/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* litmus_random - small programs that are likely to tell memory models apart. */
#ifndef TESTS_EXPLORE_LITMUS_RANDOM_H
#define TESTS_EXPLORE_LITMUS_RANDOM_H

#include "core/rng.h"
#include "litmus.h"

/* Two or three tasks; it shows all registers and variables. */
void tp_litmus_random(struct tp_rng *rng, struct program *program);

#endif
