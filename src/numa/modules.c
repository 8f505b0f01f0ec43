/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* modules - what lives in a machine of this build; made in this order, ended in reverse. */
#include "mm/modules.h"
#include "numa/numa.h"

const struct tp_module *const tp_modules[] = {
	&tp_slab_module,
	&tp_reclaim_module,
#if TP_CONFIG_NUMA
	&tp_numa_module,
	&tp_tiers_module,
	&tp_hmat_module,
	&tp_cxl_module,
	&tp_cpuset_module,
#endif
	NULL,
};
