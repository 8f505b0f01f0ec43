/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mutant - which bug is switched on; compiled where TP_MUTANTS is defined only. */
#include "core/mutant.h"

enum tp_mutant tp_mutant;

const struct tp_mutant_info tp_mutant_infos[TP_NR_MUTANTS] = {
	[TP_MUTANT_none] = { "none", "the code as it is" },
#define MUTANT_INFO(name, what) [TP_MUTANT_##name] = { #name, what },
	TP_MUTANT_TABLE(MUTANT_INFO)
#undef MUTANT_INFO
};
