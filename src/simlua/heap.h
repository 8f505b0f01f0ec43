/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* heap - the memory that Lua lives in, which can be put back to how it was. */
#ifndef TP_SIMLUA_HEAP_H
#define TP_SIMLUA_HEAP_H

#include <stddef.h>

/* Empty it.  -ENOMEM: there is no room for it in the process. */
int tp_lua_heap_reset(void);
/* Remember what is there now; put it back. */
void tp_lua_heap_snapshot(void);
void tp_lua_heap_restore(void);

/* A lua_Alloc.  A run that needs too much ends as a finding; outside runs the answer is NULL. */
void *tp_lua_heap_alloc(void *arg, void *old, size_t old_size, size_t new_size);

#endif
