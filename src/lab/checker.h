/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* checker - is the machine sound?  Contents are the loads' own affair (load.h). */
#ifndef TP_LAB_CHECKER_H
#define TP_LAB_CHECKER_H

#include <tidepool/machine.h>

#include "lab/findings.h"

/*
 * Everything tp_machine_check() knows, and that public figures agree with each other.  Nobody may
 * allocate or free meanwhile.
 */
void tp_check_structure(struct tp_machine *machine, struct tp_findings *findings);

#endif
