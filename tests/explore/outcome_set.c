/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outcome_set - open addressing; a set never gets more than half full. */
#include "outcome_set.h"

#include <string.h>

#include "core/invariant.h"

uint64_t tp_outcome_hash(const struct tp_program_outcome *outcome)
{
	const unsigned char *p = (const void *)outcome;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*outcome); i++)
		hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static uint32_t slot_of(const struct tp_outcome_set *set, uint64_t hash)
{
	uint32_t i = (uint32_t)(hash >> 32) % TP_OUTCOME_SLOTS;

	while (set->slots[i] && set->slots[i] != hash)
		i = (i + 1) % TP_OUTCOME_SLOTS;
	return i;
}

void tp_outcome_insert(struct tp_outcome_set *set, uint64_t hash)
{
	uint32_t i = slot_of(set, hash);

	TP_INVARIANT(set->nr < TP_OUTCOME_SLOTS / 2);
	set->nr += !set->slots[i];
	set->slots[i] = hash;
}

void tp_outcome_clear(struct tp_outcome_set *set)
{
	if (set->nr)
		memset(set, 0, sizeof(*set));
}

uint64_t tp_outcome_missing(const struct tp_outcome_set *all, const struct tp_outcome_set *some)
{
	for (uint32_t i = 0; i < TP_OUTCOME_SLOTS; i++)
		if (all->slots[i] && !some->slots[slot_of(some, all->slots[i])])
			return all->slots[i];
	return 0;
}
