/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scratch - memory that lasts for one run of the memory model and is given back all at once. */
#ifndef TP_SIM_SCRATCH_H
#define TP_SIM_SCRATCH_H

#include "core/compiler.h"

/* A run begins: whatever the last one had may be reused. */
void tp_scratch_begin(void);
/* Not zeroed, never NULL. */
void *tp_scratch_alloc(size_t size);

#endif
