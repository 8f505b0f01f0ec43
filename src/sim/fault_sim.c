/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fault_sim - a fault site in simulation: a question to the strategy. */
#include "core/fault.h"
#include "sim/run.h"

bool tp_fault_hit(struct tp_fault_site *site)
{
	return tp_run_fault(site->name);
}

bool tp_sim_fault(const char *site)
{
	return tp_run_fault(site);
}
