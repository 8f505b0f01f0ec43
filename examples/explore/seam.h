/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * seam - the atomics of ring.h under one name each: C11's in the program, Tidepool's under the
 * explorer.
 */
#ifndef SEAM_H
#define SEAM_H

#ifdef EXPLORE

#include <tidepool/sim.h>

#define SEAM_ATOMIC(type)	TP_ATOMIC(type)
#define SEAM_RELAXED		TP_RELAXED
#define SEAM_ACQUIRE		TP_ACQUIRE
#define SEAM_RELEASE		TP_RELEASE
#define seam_load(a, order)	tp_atomic_load(a, order)
#define seam_store(a, v, order) tp_atomic_store(a, v, order)

#else

#include <stdatomic.h>

#define SEAM_ATOMIC(type)	_Atomic(type)
#define SEAM_RELAXED		memory_order_relaxed
#define SEAM_ACQUIRE		memory_order_acquire
#define SEAM_RELEASE		memory_order_release
#define seam_load(a, order)	atomic_load_explicit(a, order)
#define seam_store(a, v, order) atomic_store_explicit(a, v, order)

#endif
#endif
