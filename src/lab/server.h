/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server - what a load that answers the network is asked to be. */
#ifndef TP_LAB_SERVER_H
#define TP_LAB_SERVER_H

#include "lab/load.h"
#include "lab/nic.h"

struct tp_lab_server_config {
	struct tp_nic *nic;
	uint8_t ipv4[4], ipv6[16]; /* zero: none */
	unsigned ipv4_bits;
	uint64_t content; /* bytes of the file it serves */
};

/* NULL: built without lwIP. */
extern const struct tp_load_kind *const tp_load_server;

#endif
