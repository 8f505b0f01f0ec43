/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cxl - the source of figures that come with a region: it has measured the whole path, so its word
 * goes for every access class and before the firmware's.
 */
#include <errno.h>

#include "core/error.h"
#include "numa/numa.h"

static bool region_exists(const struct tp_numa *numa, int node)
{
	return numa->sources[TP_ACCESS_CXL].claim[node][0].valid;
}

static void region_claim(struct tp_numa *numa, int node, const struct tp_access *access)
{
	for (unsigned access_class = 0; access_class < TP_NR_ACCESS_CLASSES; access_class++)
		tp_access_claim(numa, TP_ACCESS_CXL, node, access_class, access);
	tp_tiers_rebuild(numa);
}

int tp_cxl_region_add(struct tp_machine *machine, int node, const struct tp_access *access)
{
	struct tp_numa *numa = tp_numa_of(machine);
	int err = tp_access_check(machine, node, access);

	if (err)
		return err;
	tp_mutex_lock(&numa->lock);
	if (region_exists(numa, node))
		err = TP_ERR(-EEXIST, "node %u has a CXL region", (unsigned)node);
	else
		region_claim(numa, node, access);
	tp_mutex_unlock(&numa->lock);
	return err;
}

int tp_cxl_region_remove(struct tp_machine *machine, int node)
{
	struct tp_numa *numa = tp_numa_of(machine);
	int err = 0;

	tp_mutex_lock(&numa->lock);
	if (tp_node_valid(machine, node) && region_exists(numa, node))
		region_claim(numa, node, NULL);
	else
		err = TP_ERR(-ENOENT, "node %u has no CXL region", (unsigned)node);
	tp_mutex_unlock(&numa->lock);
	return err;
}

static int cxl_init(struct tp_machine *m)
{
	return tp_access_source_init(m, TP_ACCESS_CXL, "cxl", TP_PRIORITY_CXL);
}

static void cxl_fini(struct tp_machine *m)
{
	tp_access_source_fini(m, TP_ACCESS_CXL);
}

const struct tp_module tp_cxl_module = { "cxl", cxl_init, cxl_fini };
