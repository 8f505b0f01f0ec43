/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outcome_set - which outcomes a search saw: a hash table of hashes. */
#ifndef TESTS_OUTCOME_SET_H
#define TESTS_OUTCOME_SET_H

#include "random_program.h"

enum { TP_OUTCOME_SLOTS = 1 << 15 };

/* Zero: empty. */
struct tp_outcome_set {
	uint32_t nr;
	uint64_t slots[TP_OUTCOME_SLOTS]; /* 0: free */
};

/* Never 0. */
uint64_t tp_outcome_hash(const struct tp_program_outcome *outcome);
void tp_outcome_insert(struct tp_outcome_set *set, uint64_t hash);
void tp_outcome_clear(struct tp_outcome_set *set);
/* One that @all has and @some lacks; 0: there is none. */
uint64_t tp_outcome_missing(const struct tp_outcome_set *all, const struct tp_outcome_set *some);

#endif
