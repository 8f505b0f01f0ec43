/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trace - in simulation events are lines of the story, and there is no ring to keep them. */
#include "core/trace.h"

#include <inttypes.h>
#include <string.h>

#include <tidepool/sim.h>

#include "sim/run.h"

struct tp_trace_ring *tp_trace_create(void)
{
	static char ring;

	return (struct tp_trace_ring *)(void *)&ring;
}

void tp_trace_destroy(tp_unused struct tp_trace_ring *ring)
{
}

void tp_trace(tp_unused struct tp_trace_ring *ring, enum tp_trace_id id, uint64_t a, uint64_t b,
	      uint64_t c)
{
	const struct tp_trace_info *info = tp_trace_info(id);

	char text[TP_TRACE_NAME + 1];

	if (!tp_run.recording)
		return;
	if (!strcmp(info->args[1], "name")) {
		tp_trace_name(text, b, c);
		tp_sim_note("%s: %s %" PRIu64 ", %s %s", info->name, info->args[0], a,
			    info->args[1], text);
	} else {
		tp_sim_note("%s: %s %" PRIu64 ", %s %" PRIu64 ", %s %" PRIu64, info->name,
			    info->args[0], a, info->args[1], b, info->args[2], c);
	}
}

size_t tp_trace_read(tp_unused struct tp_trace_ring *ring, tp_unused uint64_t *next,
		     tp_unused struct tp_trace_event *events, tp_unused size_t max,
		     tp_unused uint64_t *lost)
{
	return 0;
}
