/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uevent - how the library itself says that something came, went or changed. */
#ifndef TP_MM_UEVENT_H
#define TP_MM_UEVENT_H

#include "mm/machine.h"

/* -ENOMEM. */
int tp_uevents_init(struct tp_machine *m);
void tp_uevents_fini(struct tp_machine *m);

/* One for each memory block of the run. */
void tp_uevent_blocks(struct tp_machine *m, enum tp_uevent_action action, tp_pfn start,
		      uint64_t nr_pages);

#endif
