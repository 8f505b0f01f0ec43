/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* harm - what was done, with the names as they were then. */
#include "model/gpu/harm.h"

#include <string.h>

#include "core/clock.h"

void tp_model_harms_init(struct tp_model_harms *harms)
{
	tp_spinlock_init(&harms->lock, TP_RANK_CORE, 0);
}

static void name(char to[TP_DMA_OWNER_TEXT], const char *tag)
{
	if (tag)
		strncat(to, tag, TP_DMA_OWNER_TEXT - 1);
}

void tp_model_harm_note(struct tp_model_harms *harms, const struct tp_model_harm *harm,
			const char *was, const char *now)
{
	tp_spin_lock(&harms->lock);
	if (harms->nr < TP_MODEL_HARMS) {
		struct tp_model_harm *kept = &harms->kept[harms->nr];

		*kept = *harm;
		kept->time_ns = tp_clock_now();
		name(kept->was, was);
		name(kept->now, now);
	}
	harms->nr++;
	tp_spin_unlock(&harms->lock);
}

uint64_t tp_model_harms_get(struct tp_model_harms *harms, struct tp_model_harm *to, size_t max)
{
	uint64_t n;

	tp_spin_lock(&harms->lock);
	n = harms->nr;
	for (size_t i = 0; i < TP_MIN(TP_MIN((uint64_t)max, n), (uint64_t)TP_MODEL_HARMS); i++)
		to[i] = harms->kept[i];
	tp_spin_unlock(&harms->lock);
	return n;
}
