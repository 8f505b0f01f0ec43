/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* interrupt - Ctrl-C ends a run with what it has; a second one ends the process. */
#ifndef TP_CLI_INTERRUPT_H
#define TP_CLI_INTERRUPT_H

void tp_interrupt_install(void);

/* For a child: ask however often it comes; insisting is up to its parent. */
void tp_interrupt_install_patient(void);

#endif
