/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * arena - the heap of simulated code, which can be put back to how it was.
 *
 * It lies at one fixed address, so that pointers are the same in every process.  Everything about
 * it, its free lists included, lies inside: a snapshot is a copy of what is used.
 */
#ifndef TP_SIM_ARENA_H
#define TP_SIM_ARENA_H

#include "core/compiler.h"

/* -ENOMEM: the address is taken. */
int tp_arena_init(void);
/* Empty it. */
void tp_arena_reset(void);
/* Remember what is there now; put it back. */
void tp_arena_snapshot(void);
void tp_arena_restore(void);

/* Zeroed; NULL: the arena is full.  @align: a power of two, at most a page; 0: 16. */
void *tp_arena_alloc(size_t align, size_t size);
void tp_arena_free(void *memory);
bool tp_arena_has(const void *memory);

#endif
