/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_pin - keeps pages where they are, as a device that transfers into them would: a range of a
 * mapping, or movable pages of its own.
 */
#include "lab/paged.h"

struct pin_load {
	struct tp_paged_load paged;
	struct tp_mapping *mapping; /* NULL: pages of its own */
	uint64_t offset, length;
};

static struct pin_load *pin_of(struct tp_load *load)
{
	return tp_container_of(tp_paged_of(load), struct pin_load, paged);
}

static void unpin_first(struct tp_pageset *set, uint32_t nr)
{
	while (nr)
		tp_pageset_unpin(set, --nr);
}

static int pin_own_pages(struct tp_load *load, const struct tp_load_config *config)
{
	struct tp_pageset *set = &tp_paged_of(load)->set;
	uint32_t nr = (uint32_t)(config->size / TP_PAGE_SIZE);
	int err;

	tp_paged_of(load)->request.type = TP_MIGRATE_MOVABLE;
	err = tp_paged_start(load, config, TP_PAGESET_MOVES, nr, nr, NULL);
	if (err)
		return err;
	for (uint32_t i = 0; i < nr; i++) {
		err = tp_pageset_pin(set, i);
		if (err) {
			unpin_first(set, i);
			tp_paged_stop(load);
			return err;
		}
	}
	return 0;
}

static int pin_start(struct tp_load *load, const struct tp_load_config *config)
{
	struct pin_load *pin = pin_of(load);

	if (!config->target)
		return pin_own_pages(load, config);
	pin->mapping = config->target->kind->mapping(config->target);
	pin->offset = config->offset;
	pin->length = config->length;
	return tp_mapping_pin(pin->mapping, pin->offset, pin->length, load->name);
}

static int pin_stop(struct tp_load *load)
{
	struct pin_load *pin = pin_of(load);

	if (pin->mapping) {
		tp_mapping_unpin(pin->mapping, pin->offset, pin->length);
		return 0;
	}
	unpin_first(&pin->paged.set, pin->paged.set.nr_slots);
	return tp_paged_stop(load);
}

static uint64_t pin_verify(struct tp_load *load)
{
	return pin_of(load)->mapping ? 0 : tp_paged_verify(load);
}

static void pin_stat(struct tp_load *load, struct tp_load_stat *stat)
{
	struct pin_load *pin = pin_of(load);

	if (pin->mapping)
		stat->bytes = pin->length;
	else
		tp_paged_stat(load, stat);
}

const struct tp_load_kind tp_load_pin = {
	.name = "pin",
	.size = sizeof(struct pin_load),
	.start = pin_start,
	.stop = pin_stop,
	.verify = pin_verify,
	.stat = pin_stat,
};
