/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* choice - the points of a run at which it could go another way, beside who runs next. */
#ifndef TP_SIM_CHOICE_H
#define TP_SIM_CHOICE_H

/* Which of @n stores (or places in modification order), 0 the newest; n > 0. */
unsigned tp_choice_value(unsigned n);

#endif
