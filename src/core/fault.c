/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault - the registry of fault sites; the linker collects them, nothing registers at run time.
 *
 * Invariants
 *  R1  All counting and planning for a name happens in the first site of that name.  Copies exist
 *      where a site stands in an inline function of a header.
 *  R2  A hit sees a plan whole or not at all: fail_until is 0 while fail_from changes.
 *      (core/fault_hit.c; in simulation hits follow no plan, but the explorer.)
 *
 * Locking: hits take no lock; plan_lock keeps two plans for one site from mixing.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/fault.h"

#define SITES_BOUND __attribute__((weak, visibility("hidden")))

extern struct tp_fault_site __start_tp_fault_sites[] SITES_BOUND;
extern struct tp_fault_site __stop_tp_fault_sites[] SITES_BOUND;

#define for_each_site(site)                                                                     \
	for (struct tp_fault_site *site = __start_tp_fault_sites; site < __stop_tp_fault_sites; \
	     site++)

/* The linker lays the records side by side; padding between them would break the walk. */
_Static_assert(sizeof(struct tp_fault_site) == 64, "a fault site is one cache line");

static struct tp_spinlock plan_lock = TP_SPINLOCK_INIT(TP_RANK_CORE, 0);

struct tp_fault_site *tp_fault_find(const char *name)
{
	for_each_site(site) {
		if (!strcmp(site->name, name))
			return site;
	}
	return NULL;
}

int tp_fault_arm(const char *name, uint64_t nth, uint64_t times)
{
	struct tp_fault_site *site = tp_fault_find(name);
	uint64_t from, until;

	if (!nth || !times)
		return TP_ERR_TEXT(-EINVAL, name, "fault %s: hit %u, %u times", nth, times);
	if (!site)
		return TP_ERR_TEXT(-ENOENT, name, "fault %s: no such site");

	tp_spin_lock(&plan_lock);
	if (__builtin_add_overflow(tp_atomic_load(&site->hits, TP_RELAXED), nth, &from))
		from = UINT64_MAX;
	if (__builtin_add_overflow(from, times, &until))
		until = UINT64_MAX;
	tp_atomic_store(&site->fail_until, 0, TP_RELAXED);
	tp_atomic_store(&site->fail_from, from, TP_RELEASE);
	tp_atomic_store(&site->fail_until, until, TP_RELEASE);
	tp_spin_unlock(&plan_lock);
	return 0;
}

void tp_fault_reset(void)
{
	tp_spin_lock(&plan_lock);
	for_each_site(site) {
		tp_atomic_store(&site->fail_until, 0, TP_RELAXED);
		tp_atomic_store(&site->fail_from, 0, TP_RELEASE);
		tp_atomic_store(&site->hits, 0, TP_RELAXED);
		tp_atomic_store(&site->injected, 0, TP_RELAXED);
	}
	tp_spin_unlock(&plan_lock);
}

/* The site whose name comes next after @name; of sites with one name the first. */
static struct tp_fault_site *next_by_name(const char *name)
{
	struct tp_fault_site *next = NULL;

	for_each_site(site) {
		if (strcmp(site->name, name) > 0 && (!next || strcmp(site->name, next->name) < 0))
			next = site;
	}
	return next;
}

/*
 * Selection instead of a sort: it needs no memory, so that listing can neither fail nor hit
 * core/alloc.
 */
size_t tp_fault_list(struct tp_fault_info *info, size_t max)
{
	struct tp_fault_site *site;
	size_t n = 0;

	for (site = next_by_name(""); site; site = next_by_name(site->name), n++) {
		if (n >= max)
			continue;
		info[n] = (struct tp_fault_info){
			.name = site->name,
			.file = site->file,
			.line = (int)site->line,
			.hits = tp_atomic_load(&site->hits, TP_RELAXED),
			.injected = tp_atomic_load(&site->injected, TP_RELAXED),
		};
	}
	return n;
}
