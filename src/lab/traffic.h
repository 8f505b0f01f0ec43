/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* traffic - what a load of frames from one network device to another is asked to be. */
#ifndef TP_LAB_TRAFFIC_H
#define TP_LAB_TRAFFIC_H

#include "lab/load.h"
#include "lab/nic.h"

struct tp_traffic_config {
	struct tp_nic *from, *to;
	uint32_t min_frame, max_frame; /* bytes, without FCS */
	unsigned flows;
	unsigned mss;  /* not 0: TCP that the device cuts */
	uint64_t rate; /* frames per second and queue; 0: as many as are taken */
	bool csum;     /* the device fills in checksums */
	bool content;  /* every byte is made and checked */
};

#endif
