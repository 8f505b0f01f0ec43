/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hmat - the source of figures that firmware states per access class, before memory is there. */
#include <errno.h>

#include "core/error.h"
#include "numa/numa.h"

int tp_hmat_set(struct tp_machine *machine, int node, unsigned access_class,
		const struct tp_access *access)
{
	struct tp_numa *numa = tp_numa_of(machine);
	int err = tp_access_check(machine, node, access);

	if (err)
		return err;
	if (access_class >= TP_NR_ACCESS_CLASSES)
		return TP_ERR(-EINVAL, "access figures: there is no class %u", access_class);
	tp_mutex_lock(&numa->lock);
	tp_access_claim(numa, TP_ACCESS_HMAT, node, access_class, access);
	tp_tiers_rebuild(numa);
	tp_mutex_unlock(&numa->lock);
	return 0;
}

static int hmat_init(struct tp_machine *m)
{
	return tp_access_source_init(m, TP_ACCESS_HMAT, "hmat", TP_PRIORITY_HMAT);
}

static void hmat_fini(struct tp_machine *m)
{
	tp_access_source_fini(m, TP_ACCESS_HMAT);
}

const struct tp_module tp_hmat_module = { "hmat", hmat_init, hmat_fini };
