/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * axioms - the outcomes a program may have, from the rules of memory models themselves.
 *
 * Every candidate execution is made: each read takes its value from any store to its variable, each
 * variable's stores stand in any order.  What the rules forbid is dropped.  Nothing here knows of
 * views, or shares code with src/sim.
 */
#ifndef TESTS_EXPLORE_AXIOMS_H
#define TESTS_EXPLORE_AXIOMS_H

#include "litmus.h"

enum rules {
	RULES_SC,    /* sequential consistency */
	RULES_CPP20, /* C++20, [intro.races] and [atomics.order], to the letter */
	RULES_RC11,  /* Lahav et al., PLDI 2017, with the release sequences of C++20 */
	RULES_BOTH,  /* what the simulation promises: C++20 and RC11, both to be obeyed */
};

/* All without load buffering: program order and reads-from together have no circle. */
void tp_axioms_outcomes(const struct program *program, enum rules rules, struct outcomes *set);

#endif
