/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_own - tidepool/: what Linux says elsewhere than in files.
 *
 * The control socket stands here too, put there by whoever mounts the tree (mount.h).
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

const struct tp_view_entry tp_view_own[] = {
	TP_FILE("last_offline", 0400, .show = show_report, .no_size = true),
	TP_FILE("uevents", 0400, .no_size = true, .stream = true),
	TP_ENTRIES_END,
};
