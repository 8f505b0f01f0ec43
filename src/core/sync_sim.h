/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync_sim - the simulated backend's part of sync.h.
 *
 * Atomics and wait queues are those of tidepool/sim.h.  The functions below get the place in the
 * source they are called from, which a story shows.
 */
#ifndef TP_CORE_SYNC_SIM_H
#define TP_CORE_SYNC_SIM_H

#include <tidepool/sim.h>

#define tp_mutex_lock(m)    tp_mutex_lock_at(m, TP_SIM_AT(#m))
#define tp_mutex_trylock(m) tp_mutex_trylock_at(m, TP_SIM_AT(#m))
#define tp_mutex_unlock(m)  tp_mutex_unlock_at(m, TP_SIM_AT(#m))
#define tp_spin_lock(l)	    tp_spin_lock_at(l, TP_SIM_AT(#l))
#define tp_spin_trylock(l)  tp_spin_trylock_at(l, TP_SIM_AT(#l))
#define tp_spin_unlock(l)   tp_spin_unlock_at(l, TP_SIM_AT(#l))
#define tp_cpu_relax()	    tp_sim_relax_at(TP_SIM_AT("cpu_relax"))
#define tp_yield()	    tp_sim_relax_at(TP_SIM_AT("yield"))

struct tp_mutex;
struct tp_spinlock;

void tp_mutex_lock_at(struct tp_mutex *mutex, const char *where);
bool tp_mutex_trylock_at(struct tp_mutex *mutex, const char *where);
void tp_mutex_unlock_at(struct tp_mutex *mutex, const char *where);
void tp_spin_lock_at(struct tp_spinlock *lock, const char *where);
bool tp_spin_trylock_at(struct tp_spinlock *lock, const char *where);
void tp_spin_unlock_at(struct tp_spinlock *lock, const char *where);

#endif
