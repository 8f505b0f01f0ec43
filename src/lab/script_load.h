/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script_load - what scripts and the control channel both say of loads. */
#ifndef TP_LAB_SCRIPT_LOAD_H
#define TP_LAB_SCRIPT_LOAD_H

#include "lab/load.h"

/* NULL-ended; the kinds in the order of tp_load_kinds[], the policies in that of their enum. */
extern const char *const tp_script_load_kinds[], *const tp_script_load_policies[];

/* @policy if it is not negative, else what fits the nodes. */
int tp_load_default_policy(int policy, tp_nodemask nodes, int node);

/* Bytes the system could still give, or UINT64_MAX if it does not say. */
uint64_t tp_memory_available(void);

#endif
