/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* self - what belongs to each thread: the locks it holds and its last error. */
#ifndef TP_CORE_SELF_H
#define TP_CORE_SELF_H

#include <tidepool/error.h>

#include "core/lockrank.h"

struct tp_self {
	struct tp_held_locks held;
	struct tp_error error;
};

/* In simulation the explorer points it at the task that runs. */
#ifdef TP_SIM
extern struct tp_self *tp_sim_self_now;
#define tp_self() tp_sim_self_now
#else
extern tp_thread_local struct tp_self tp_self_here;
#define tp_self() (&tp_self_here)
#endif

#endif
