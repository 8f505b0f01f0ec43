/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * each_allocation - let something be made with each of its allocations failing in turn.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_EACH_ALLOCATION_H
#define TESTS_UNIT_EACH_ALLOCATION_H

#include <errno.h>

#include <tidepool/fault.h>

/* Until @make succeeds, with @arg; returns how many allocations there were to fail. */
static inline unsigned fail_each_allocation(int (*make)(void *arg), void *arg)
{
	for (unsigned n = 0;; n++) {
		int err;

		assert_int_equal(tp_fault_arm("core/alloc", n + 1, 1), 0);
		err = make(arg);
		tp_fault_reset();
		if (!err)
			return n;
		assert_int_equal(err, -ENOMEM);
	}
}

#endif
