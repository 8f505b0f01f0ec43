/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * harm - what stale translations did, for whoever asks whether anybody was hurt.
 *
 * The first ones are kept, with the names as they were then; all are counted.
 */
#include <string.h>

#include "core/clock.h"
#include "model/intel/internal.h"

static void name(char to[TP_DMA_OWNER_TEXT], const char *tag)
{
	if (tag)
		strncat(to, tag, TP_DMA_OWNER_TEXT - 1);
}

static void keep(struct tp_intel_model_harm *harm, const struct tp_ihw_engine *e,
		 const struct tp_ihw_tlb_entry *entry, uint64_t va)
{
	*harm = (struct tp_intel_model_harm){ .time_ns = tp_clock_now(),
					      .va = va,
					      .address = entry->address + (va - entry->va),
					      .local = entry->local };
	memcpy(harm->engine, e->stat.name, sizeof(harm->engine));
	name(harm->was, entry->tag);
}

void tp_ihw_harm(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry, uint64_t va,
		 bool write, const char *now)
{
	struct tp_intel_model *m = e->model;

	tp_spin_lock(&m->harm_lock);
	if (m->nr_harms < TP_IHW_HARMS) {
		struct tp_intel_model_harm *harm = &m->harms[m->nr_harms];

		keep(harm, e, entry, va);
		harm->write = write;
		name(harm->now, now);
	}
	m->nr_harms++;
	tp_spin_unlock(&m->harm_lock);
}

uint64_t tp_intel_model_harms(struct tp_intel_model *m, struct tp_intel_model_harm *harms,
			      size_t max)
{
	uint64_t n;

	tp_spin_lock(&m->harm_lock);
	n = m->nr_harms;
	for (size_t i = 0; i < TP_MIN(TP_MIN((uint64_t)max, n), (uint64_t)TP_IHW_HARMS); i++)
		harms[i] = m->harms[i];
	tp_spin_unlock(&m->harm_lock);
	return n;
}
