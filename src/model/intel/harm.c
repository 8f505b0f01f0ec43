/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* harm - what stale translations of engines did. */
#include <string.h>

#include "model/intel/internal.h"

void tp_ihw_harm(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry, uint64_t va,
		 bool write, const char *now)
{
	struct tp_model_harm harm = { .va = va,
				      .address = entry->address + (va - entry->va),
				      .local = entry->local,
				      .write = write };

	memcpy(harm.engine, e->stat.name, sizeof(harm.engine));
	tp_model_harm_note(&e->model->harms, &harm, entry->tag, now);
}

uint64_t tp_intel_model_harms(struct tp_intel_model *m, struct tp_model_harm *harms, size_t max)
{
	return tp_model_harms_get(&m->harms, harms, max);
}
