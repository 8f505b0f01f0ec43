/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_own - tidepool/: what Linux says elsewhere than in files.
 *
 * The control channel is a socket with an address and no file: one that lay in the mount would keep
 * it from being unmounted.  So its address stands here.
 */
#include "view/internal.h"

static int show_report(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_view *view = call->view;

	tp_mutex_lock(&view->report_lock);
	if (view->report.length)
		tp_text_add(text, "%s", view->report.bytes);
	tp_mutex_unlock(&view->report_lock);
	return 0;
}

/* In the words of Linux's log, which says it of every node whenever the tiers change. */
static void add_targets(struct tp_text *text, int node, tp_nodemask preferred, tp_nodemask allowed)
{
	tp_text_add(text, "node%d: ", node);
	if (!allowed.v) {
		tp_text_add(text, "null\n");
		return;
	}
	tp_text_add(text, "preferred: ");
	tp_text_add_list(text, preferred.v);
	tp_text_add(text, ", fallback: ");
	tp_text_add_list(text, allowed.v);
	tp_text_add(text, "\n");
}

static int show_demotion_targets(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_machine *m = tp_call_machine(call);

	tp_nodemask preferred, allowed;

	for (int node = 0; !tp_demotion_targets(m, node, &preferred, &allowed); node++)
		add_targets(text, node, preferred, allowed);
	return 0;
}

static bool has_control(const struct tp_view_call *call)
{
	return call->view->config.control;
}

static int show_control(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%s\n", call->view->config.control);
	return 0;
}

const struct tp_view_entry tp_view_own[] = {
	TP_FILE("control", 0400, .show = show_control, .there = has_control, .no_size = true),
	TP_FILE("demotion_targets", 0444, .show = show_demotion_targets, .no_size = true),
	TP_FILE("last_offline", 0400, .show = show_report, .no_size = true),
	TP_DIR("gpu", tp_view_gpu_own),
	TP_DIR("net", tp_view_net_own),
	TP_FILE("uevents", 0400, .no_size = true, .stream = true),
	TP_ENTRIES_END,
};
