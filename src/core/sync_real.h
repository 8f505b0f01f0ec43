/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sync_real - the real backend's part of sync.h: C11 atomics and futexes. */
#ifndef TP_CORE_SYNC_REAL_H
#define TP_CORE_SYNC_REAL_H

#include <stdatomic.h>

/* A struct, so that no plain access compiles. */
#define TP_ATOMIC(type)          \
	struct {                 \
		_Atomic(type) v; \
	}

#define TP_RELAXED memory_order_relaxed
#define TP_ACQUIRE memory_order_acquire
#define TP_RELEASE memory_order_release
#define TP_ACQ_REL memory_order_acq_rel
#define TP_SEQ_CST memory_order_seq_cst

#define tp_atomic_load(a, order)	    atomic_load_explicit(&(a)->v, order)
#define tp_atomic_store(a, value, order)    atomic_store_explicit(&(a)->v, value, order)
#define tp_atomic_exchange(a, value, order) atomic_exchange_explicit(&(a)->v, value, order)
/* returns the old value */
#define tp_atomic_add(a, value, order) atomic_fetch_add_explicit(&(a)->v, value, order)
#define tp_atomic_sub(a, value, order) atomic_fetch_sub_explicit(&(a)->v, value, order)
#define tp_atomic_or(a, value, order)  atomic_fetch_or_explicit(&(a)->v, value, order)
#define tp_atomic_and(a, value, order) atomic_fetch_and_explicit(&(a)->v, value, order)
/* On failure *expected is what was found (acquire). */
#define tp_atomic_cas(a, expected, value, order)                                 \
	atomic_compare_exchange_strong_explicit(&(a)->v, expected, value, order, \
						memory_order_acquire)
/* Add to a counter whose old value nobody looks at: relaxed. */
#define tp_atomic_count(a, value) \
	((void)atomic_fetch_add_explicit(&(a)->v, value, memory_order_relaxed))
#define tp_fence(order) atomic_thread_fence(order)

#endif
