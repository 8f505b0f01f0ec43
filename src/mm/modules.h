/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules - the consumers that live in mm itself; numa/modules.c lists all of a build. */
#ifndef TP_MM_MODULES_H
#define TP_MM_MODULES_H

#include "mm/machine.h"

extern const struct tp_module tp_slab_module;
extern const struct tp_module tp_reclaim_module;

#endif
