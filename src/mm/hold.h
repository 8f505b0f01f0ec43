/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hold - keep writers off a stretch of a mapping while its pages move, without losing a write.
 *
 * With userfaultfd a writer sleeps in the kernel until it is woken and then finds the new page;
 * that is true of a read(2) into the stretch as well.  Without the right to catch the kernel's own
 * faults those fail with EFAULT instead. Where there is no userfaultfd at all, mprotect() and a
 * SIGSEGV handler hold the program's own writes.
 *
 * Invariants
 *  W1  Between begin and end no write reaches the pages; reads do.
 *  W2  A held stretch is registered only for as long as it is held, so the kernel can merge
 *      neighbouring mappings.
 *
 * Locking: the mapping's lock; the handler's tables are lock-free.
 * Fault sites: mm/hold.
 */
#ifndef TP_MM_HOLD_H
#define TP_MM_HOLD_H

#include <tidepool/machine.h>

struct tp_hold {
	enum tp_hold_kind kind; /* never AUTO */
	int uffd;
};

/* -EPERM: the kind asked for is not to be had.  -EINVAL: there is no such kind. */
int tp_hold_init(struct tp_hold *hold, enum tp_hold_kind kind);
void tp_hold_fini(struct tp_hold *hold);

/* -ENOMEM, or what the system said; then nothing is held. */
int tp_hold_begin(struct tp_hold *hold, char *start, size_t size);
/* Let writers go on; @remapped: the stretch was mapped anew, which ended its registration. */
void tp_hold_end(struct tp_hold *hold, char *start, size_t size, bool remapped);

/*
 * A mapping that may be held exists from announce to forget.  -ENOSPC: too many (handler variant
 * only).
 */
int tp_hold_announce(struct tp_hold *hold, char *start, size_t size);
void tp_hold_forget(struct tp_hold *hold, char *start);

/* The SIGSEGV variant. */
int tp_sigsegv_init(void);
int tp_sigsegv_announce(char *start, size_t size);
void tp_sigsegv_forget(char *start);
int tp_sigsegv_begin(char *start, size_t size);
void tp_sigsegv_end(char *start, size_t size, bool remapped);

#endif
