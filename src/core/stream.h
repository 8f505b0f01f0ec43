/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream - runs of words that are written at the speed of memory.
 *
 * Each word is stored whole, and all are seen by whoever sees what the thread does after the call
 * (release).  A long run goes past the caches: lines that nobody reads soon are not read to be
 * overwritten, as through a window that combines writes.
 */
#ifndef TP_CORE_STREAM_H
#define TP_CORE_STREAM_H

#include <stddef.h>

#include "core/sync.h"

/* The words at @from, which nobody else writes, wherever it is aligned. */
void tp_stream_copy(tp_atomic_u64 *to, const void *from, size_t n);
/* @bits | @first, @bits | @first + @step, and so on. */
void tp_stream_fill(tp_atomic_u64 *to, uint64_t first, uint64_t step, uint64_t bits, size_t n);

#endif
