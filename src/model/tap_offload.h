/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tap_offload - what the host leaves undone in frames it hands over: checksums and segments.
 *
 * The host is not trusted: its header is checked against the frame before anything is touched.
 */
#ifndef TP_MODEL_TAP_OFFLOAD_H
#define TP_MODEL_TAP_OFFLOAD_H

#include <linux/virtio_net.h>

#include "model/wire.h"

/*
 * Finish the checksum that @head says is partial.  @good: it is right now.  -EINVAL: the header
 * makes no sense.
 */
int tp_tap_finish(const struct virtio_net_hdr *head, uint8_t *data, uint32_t len, bool *good);

/* Cut a frame that is larger than the host's MTU and send the pieces; how many, or -EINVAL. */
int tp_tap_cut(const struct virtio_net_hdr *head, uint8_t *data, uint32_t len, struct tp_wire *wire,
	       unsigned side);

#endif
