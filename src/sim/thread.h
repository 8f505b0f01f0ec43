/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread - the library's own threads in simulation: daemons, if they run at all. */
#ifndef TP_SIM_THREAD_H
#define TP_SIM_THREAD_H

/* None was started yet: a scenario is about to be prepared. */
void tp_threads_forget(void);
/* Start those that prepare() started, as daemons of this run. */
void tp_threads_start_prepared(void);

#endif
