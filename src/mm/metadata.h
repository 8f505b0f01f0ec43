/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metadata - memory for tables that span the whole physical range, plugged or not.
 *
 * A table costs memory only where it was written to.
 */
#ifndef TP_MM_METADATA_H
#define TP_MM_METADATA_H

#include <stdint.h>

/* Zeroed.  NULL: out of memory. */
void *tp_metadata_reserve(uint64_t size);
/* All of a reservation; NULL is fine. */
void tp_metadata_release(void *p, uint64_t size);
/* This part of a table holds nothing but zeroes again: let the system have its memory. */
void tp_metadata_drop(void *p, uint64_t size);

#endif
