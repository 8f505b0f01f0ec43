/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_hog - kernel pages that nobody can move: what makes a block of a kernel zone stay.
 */
#include "lab/paged.h"

static int hog_start(struct tp_load *load, const struct tp_load_config *config)
{
	uint32_t nr = (uint32_t)(config->size / TP_PAGE_SIZE);

	tp_paged_of(load)->request.type = TP_MIGRATE_UNMOVABLE;
	return tp_paged_start(load, config, TP_PAGESET_STAYS, nr, nr, NULL);
}

const struct tp_load_kind tp_load_hog = {
	.name = "hog",
	.size = sizeof(struct tp_paged_load),
	.start = hog_start,
	.stop = tp_paged_stop,
	.verify = tp_paged_verify,
	.stat = tp_paged_stat,
};
