/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_tap_offload - whatever a host hands over with whatever header, the frame is finished or
 * refused, what is sent of it is sound, and nothing beside it is read or written.
 *
 * A line is hexadecimal: the bytes of a virtio-net header, a space, the length of the frame, a
 * space, and its bytes, which begin again where they end before the length is reached.
 */
#define FUZZ_LINES 64
#include "fuzz.h"

#include <errno.h>

#include "core/error.h"
#include "model/packet.h"
#include "model/tap_offload.h"

enum { LONGEST = 65536 + 64 };

struct world {
	struct tp_wire *wire;
	struct virtio_net_hdr head;
	uint8_t bytes[LONGEST]; /* of the frame, as the host gave it */
	uint32_t len;
	uint32_t header_len, payload; /* of what is cut; payload: so far */
	uint64_t frames;
};

/* ---- segments -------------------------------------------------------------------------------- */

/* It is what it says it is, and its checksums are right. */
static uint32_t payload_of(const uint8_t *data, uint32_t len)
{
	const struct tp_wire_piece piece = { data, len };
	struct tp_packet packet;

	tp_packet_parse(&packet, data, TP_MIN(len, (uint32_t)TP_PACKET_HEADERS), len);
	TP_INVARIANT(packet.l4_at && packet.l4_end && packet.proto == TP_IP_TCP);
	TP_INVARIANT(!(packet.flags & TP_PACKET_FRAGMENT));
	TP_INVARIANT(tp_packet_ip_good(&packet, data));
	TP_INVARIANT(tp_packet_l4_good(&packet, data, &piece));
	return packet.l4_end - packet.l4_at - 4u * (data[packet.l4_at + 12] >> 4);
}

static void look_at(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	static uint8_t whole[LONGEST + TP_ETH_MIN];
	struct world *w = arg;

	for (unsigned i = 0; i < n; i++) {
		size_t len = tp_wire_gather(&frames[i], whole, sizeof(whole));
		uint32_t payload;

		TP_INVARIANT(len <= sizeof(whole));
		TP_INVARIANT(len == frames[i].len && len >= TP_ETH_MIN);
		payload = payload_of(whole, (uint32_t)len);
		TP_INVARIANT(payload && payload <= w->head.gso_size);
		w->payload += payload;
	}
	w->frames += n;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* All that lies behind the headers went out, in as many segments as were said. */
static void check_cut(const struct world *w, int cut)
{
	TP_INVARIANT(cut == -EINVAL || cut > 0);
	TP_INVARIANT(w->frames == (cut > 0 ? (unsigned)cut : 0));
	if (cut > 0)
		TP_INVARIANT(w->payload < w->len &&
			     w->frames == (w->payload + w->head.gso_size - 1u) / w->head.gso_size);
}

static void check_finished(const struct world *w, const uint8_t *data, int err, bool good)
{
	uint32_t at = w->head.csum_start + w->head.csum_offset;
	bool asked = w->head.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;

	TP_INVARIANT(!err || (err == -EINVAL && asked));
	TP_INVARIANT(err || good == (asked || w->head.flags & VIRTIO_NET_HDR_F_DATA_VALID));
	for (uint32_t i = 0; i < w->len; i++)
		TP_INVARIANT(data[i] == w->bytes[i] || (asked && !err && i - at < 2));
}

static void hand_over(struct world *w)
{
	uint8_t *data = malloc(w->len); /* its own, so that a sanitizer sees its end */
	bool good = false;
	int err;

	TP_INVARIANT(data || !w->len);
	memcpy(data, w->bytes, w->len);
	w->frames = w->payload = 0;
	check_cut(w, tp_tap_cut(&w->head, data, w->len, w->wire, 1));
	TP_INVARIANT(!memcmp(data, w->bytes, w->len));
	err = tp_tap_finish(&w->head, data, w->len, &good);
	check_finished(w, data, err, good);
	free(data);
}

static void read_line(void *arg, char *text, tp_unused size_t length)
{
	struct world *w = arg;
	size_t given;

	memset(&w->head, 0, sizeof(w->head));
	given = fuzz_bytes(text, (uint8_t *)&w->head, sizeof(w->head));
	text += strspn(text, " ") + 2 * given;
	w->len = fuzz_below(&text, LONGEST + 1);
	given = fuzz_bytes(text, w->bytes, w->len);
	for (size_t i = given; i < w->len; i++)
		w->bytes[i] = given ? w->bytes[i - given] : (uint8_t)i;
	hand_over(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	const struct tp_wire_end other = { .receive = look_at, .arg = &w };
	int err = tp_wire_create(&w.wire);

	TP_INVARIANT(!err);
	err = tp_wire_plug(w.wire, 0, &other);
	TP_INVARIANT(!err);
	fuzz_lines(data, size, read_line, &w);
	tp_wire_unplug(w.wire, 0);
	tp_wire_destroy(w.wire);
	return 0;
}
