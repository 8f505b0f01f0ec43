/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* proc - the larger files of proc/, one C file each; all are show functions of entries. */
#ifndef TP_VIEW_PROC_H
#define TP_VIEW_PROC_H

#include "view/entry.h"
#include "view/figures.h"

int tp_show_buddyinfo(const struct tp_view_call *call, struct tp_text *text);
int tp_show_cpuinfo(const struct tp_view_call *call, struct tp_text *text);
int tp_show_meminfo(const struct tp_view_call *call, struct tp_text *text);
int tp_show_pagetypeinfo(const struct tp_view_call *call, struct tp_text *text);
int tp_show_proc_vmstat(const struct tp_view_call *call, struct tp_text *text);
int tp_show_zoneinfo(const struct tp_view_call *call, struct tp_text *text);

/* nodeN/meminfo from the node's figures. */
void tp_node_meminfo(int node, const struct tp_figures_of *figures, struct tp_text *text);

/* "Normal"; Linux pads them to 8. */
const char *tp_zone_name(unsigned type);

#endif
