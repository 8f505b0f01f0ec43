/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault - fault sites.
 *
 *	if (TP_FAULT("mm/isolate"))
 *		return TP_ERR(-EBUSY, "fault injected");
 *
 * A site registers itself by standing in the code: its record lies in a linker section of its own.
 */
#ifndef TP_CORE_FAULT_H
#define TP_CORE_FAULT_H

#include <tidepool/fault.h>

#include "core/sync.h"

struct tp_fault_site {
	const char *name, *file;
	uint64_t line;
	tp_atomic_u64 hits, injected;
	tp_atomic_u64 fail_from, fail_until; /* hits in [from, until) fail; 0, 0: none */
	tp_atomic_ptr first; /* site of this name; it counts for all.  Found at the first hit. */
} __attribute__((aligned(64)));

/* The first site called @name; NULL: there is none. */
struct tp_fault_site *tp_fault_find(const char *name);
/* Count a hit; true: this one is to fail. */
bool tp_fault_hit(struct tp_fault_site *site);

#define TP_FAULT(site_name)                                                  \
	__extension__({                                                      \
		static struct tp_fault_site tp_site_                         \
			__attribute__((section("tp_fault_sites"), used)) = { \
				.name = (site_name),                         \
				.file = __FILE__,                            \
				.line = __LINE__,                            \
			};                                                   \
		tp_fault_hit(&tp_site_);                                     \
	})

#endif
