/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no_pcap - without libpcap, and in simulation, frames pass unseen. */
#include <errno.h>

#include "core/error.h"
#include "model/wire_internal.h"

int tp_capture_open(const char *path, struct tp_capture **capture)
{
	(void)capture;
	return TP_ERR_TEXT(-ENOTSUP, path, "capture to %s: built without libpcap");
}

void tp_capture_write(struct tp_capture *capture, const struct tp_wire_frame *frames, unsigned n)
{
	(void)capture, (void)frames, (void)n;
}

int tp_capture_close(struct tp_capture *capture)
{
	(void)capture;
	return 0;
}

int64_t tp_pcap_replay(const char *path, struct tp_wire *wire, unsigned side)
{
	(void)wire, (void)side;
	return TP_ERR_TEXT(-ENOTSUP, path, "replay of %s: built without libpcap");
}
