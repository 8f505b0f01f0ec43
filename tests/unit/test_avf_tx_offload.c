/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_avf_tx_offload - what the device is asked to do with a frame; frames that ask nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_rig.h"

enum { ETH = 14, IP4 = 20, IP6 = 40, TCP_HEADER = 20, UDP_HEADER = 8 };

/* ---- frames with headers --------------------------------------------------------------------- */

static void put16(struct tp_netbuf *frame, uint32_t at, unsigned value)
{
	const unsigned char bytes[2] = { (unsigned char)(value >> 8), (unsigned char)value };

	tp_netbuf_copy_in(frame, at, bytes, 2);
}

static unsigned get16(const struct tp_netbuf *frame, uint32_t at)
{
	unsigned char bytes[2];

	tp_netbuf_copy_out(frame, at, bytes, 2);
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static void put8(struct tp_netbuf *frame, uint32_t at, unsigned value)
{
	const unsigned char byte = (unsigned char)value;

	tp_netbuf_copy_in(frame, at, &byte, 1);
}

/* TCP or UDP over IPv4 or IPv6, as @flags say, with all that the offloads are told. */
static struct tp_netbuf *packet(uint32_t len, unsigned flags)
{
	struct tp_netbuf *frame = frame_of(len);
	bool is_v6 = flags & TP_NB_IPV6, is_udp = flags & TP_NB_UDP;

	put8(frame, ETH, is_v6 ? 0x60 : 0x45);
	put8(frame, ETH + (is_v6 ? 6u : 9u), is_udp ? 17 : 6);
	put16(frame, ETH + (is_v6 ? 4u : 2u), len - ETH - (is_v6 ? IP6 : 0u));
	frame->flags = (uint16_t)flags;
	frame->l2_len = ETH;
	frame->l3_len = is_v6 ? IP6 : IP4;
	frame->l4_len = is_udp ? UDP_HEADER : TCP_HEADER;
	return frame;
}

/* The sum of the pseudo header, the slow way: byte by byte over what RFC 793 and 8200 list. */
static unsigned pseudo(const struct tp_netbuf *frame, uint32_t l4_bytes)
{
	bool is_v6 = frame->flags & TP_NB_IPV6;
	unsigned from = is_v6 ? 8 : 12, n = is_v6 ? 32 : 8;
	uint64_t sum = (frame->flags & TP_NB_UDP ? 17u : 6u) + (uint64_t)l4_bytes;

	for (unsigned i = 0; i < n; i++) {
		unsigned char byte;

		tp_netbuf_copy_out(frame, ETH + from + i, &byte, 1);
		sum += i % 2 ? byte : (unsigned)byte << 8;
	}
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xFFFF);
	return (unsigned)sum;
}

static uint64_t qw1_of(unsigned slot)
{
	return tp_atomic_load(&tx()->desc[slot].qw1, TP_RELAXED);
}

static unsigned field(uint64_t qw1, unsigned shift, unsigned bits)
{
	return (unsigned)(qw1 >> shift & ((UINT64_C(1) << bits) - 1));
}

/* ---- checksums ------------------------------------------------------------------------------- */

static void check_checksum(unsigned flags, uint64_t iipt, uint64_t l4t)
{
	struct tp_netbuf *frame = packet(200, flags);
	uint32_t l4 = ETH + (uint32_t)frame->l3_len;
	uint64_t qw1;

	assert_true(xmit_one(frame));
	qw1 = qw1_of(rig->tx_head);
	assert_int_equal(field(qw1, 4, 10) & 0x60, iipt);
	assert_int_equal(field(qw1, 4, 10) & 0x300, l4t);
	assert_int_equal(field(qw1, TP_AVF_TXD_MACLEN_SHIFT, 7), ETH / 2);
	assert_int_equal(field(qw1, TP_AVF_TXD_IPLEN_SHIFT, 7), frame->l3_len / 4);
	assert_int_equal(field(qw1, TP_AVF_TXD_L4LEN_SHIFT, 4), l4t ? frame->l4_len / 4 : 0);
	if (l4t)
		assert_int_equal(get16(frame, l4 + (flags & TP_NB_UDP ? 6 : 16)),
				 pseudo(frame, 200 - l4));
	if (iipt == TP_AVF_TXC_IIPT_IPV4_CSUM)
		assert_int_equal(get16(frame, ETH + 10), 0);
	device_sends();
}

static void checksums_begin_with_the_pseudo_header(void **state)
{
	(void)state;
	check_checksum(TP_NB_CSUM_IP, TP_AVF_TXC_IIPT_IPV4_CSUM, 0);
	check_checksum(TP_NB_CSUM_L4, TP_AVF_TXC_IIPT_IPV4, TP_AVF_TXC_L4T_TCP);
	check_checksum(TP_NB_CSUM_L4 | TP_NB_UDP, TP_AVF_TXC_IIPT_IPV4, TP_AVF_TXC_L4T_UDP);
	check_checksum(TP_NB_CSUM_L4 | TP_NB_CSUM_IP, TP_AVF_TXC_IIPT_IPV4_CSUM,
		       TP_AVF_TXC_L4T_TCP);
	check_checksum(TP_NB_CSUM_L4 | TP_NB_IPV6, TP_AVF_TXC_IIPT_IPV6, TP_AVF_TXC_L4T_TCP);
	check_checksum(TP_NB_CSUM_L4 | TP_NB_IPV6 | TP_NB_UDP, TP_AVF_TXC_IIPT_IPV6,
		       TP_AVF_TXC_L4T_UDP);
}

static void a_tag_goes_into_the_descriptor(void **state)
{
	struct tp_netbuf *frame = frame_of(60);

	(void)state;
	frame->flags = TP_NB_VLAN;
	frame->vlan_tci = 0xA123;
	assert_true(xmit_one(frame));
	assert_int_equal(field(qw1_of(0), 4, 10) & TP_AVF_TXC_IL2TAG1, TP_AVF_TXC_IL2TAG1);
	assert_int_equal(field(qw1_of(0), TP_AVF_TXD_L2TAG1_SHIFT, 16), 0xA123);
}

/* ---- TSO ------------------------------------------------------------------------------------- */

static void check_tso(unsigned flags)
{
	struct tp_netbuf *frame = packet(1500, TP_NB_TSO | flags);
	uint32_t headers = ETH + (uint32_t)frame->l3_len + TCP_HEADER, payload;
	struct tp_sq_values before = sq();
	unsigned at = rig->tx_head, segments;
	uint64_t context;

	tp_netbuf_append(frame, frame_of(1500));
	tp_netbuf_append(frame, frame_of(1500));
	payload = 4500 - headers;
	frame->mss = 1000;
	segments = (payload + 999) / 1000;
	assert_true(xmit_one(frame));
	context = qw1_of(at);
	assert_int_equal(field(context, 0, 4), TP_AVF_TXD_CONTEXT);
	assert_int_equal(field(context, 4, 2), TP_AVF_TXX_TSO);
	assert_int_equal(field(context, TP_AVF_TXX_TSOLEN_SHIFT, 18), payload);
	assert_int_equal(field(context, TP_AVF_TXX_MSS_SHIFT, 14), 1000);
	/* The length is not in the sum: the device adds each segment's. */
	assert_int_equal(get16(frame, headers - TCP_HEADER + 16), pseudo(frame, 0));
	assert_int_equal(get16(frame, ETH + (flags & TP_NB_IPV6 ? 4 : 2)), 0);
	if (!(flags & TP_NB_IPV6))
		assert_int_equal(get16(frame, ETH + 10), 0);
	device_sends();
	poll_once(64);
	assert_int_equal(sq().packets - before.packets, segments);
	assert_int_equal(sq().bytes - before.bytes, 4500 + (segments - 1) * headers);
}

static void tso_describes_its_payload_once(void **state)
{
	(void)state;
	check_tso(0);
	check_tso(TP_NB_IPV6);
}

static void a_tso_frame_that_is_dropped_counts_its_segments(void **state)
{
	struct tp_netbuf *frame = packet(1500, TP_NB_TSO);

	(void)state;
	frame->mss = 50; /* less than the device takes */
	assert_true(xmit_one(frame));
	assert_int_equal(sq().drop_offload, (1500 - 54 + 49) / 50);
}

/* ---- nonsense -------------------------------------------------------------------------------- */

#define NONSENSE(flags, change)                                   \
	do {                                                      \
		struct tp_netbuf *frame = packet(1400, flags);    \
		uint64_t dropped = sq().drop_offload;             \
                                                                  \
		frame->mss = 500;                                 \
		change;                                           \
		assert_true(xmit_one(frame));                     \
		if (sq().drop_offload == dropped)                 \
			fail_msg("%s: was not dropped", #change); \
		assert_int_equal(tx_tail(), 0);                   \
	} while (0)

static void nonsense_is_dropped(void **state)
{
	(void)state;
	NONSENSE(TP_NB_CSUM_L4, frame->l2_len = 12);
	NONSENSE(TP_NB_CSUM_L4, frame->l2_len = 15);
	NONSENSE(TP_NB_CSUM_L4, frame->l2_len = 128);
	NONSENSE(TP_NB_CSUM_L4, frame->l3_len = 16);
	NONSENSE(TP_NB_CSUM_L4, frame->l3_len = 22);
	NONSENSE(TP_NB_CSUM_L4, frame->l3_len = 24); /* the header says 20 */
	NONSENSE(TP_NB_CSUM_L4 | TP_NB_IPV6, frame->l3_len = 512);
	NONSENSE(TP_NB_CSUM_L4, frame->l4_len = 16);
	NONSENSE(TP_NB_CSUM_L4, frame->l4_len = 22);
	NONSENSE(TP_NB_CSUM_L4, frame->l4_len = 64);
	NONSENSE(TP_NB_CSUM_L4 | TP_NB_UDP, frame->l4_len = 20);
	NONSENSE(TP_NB_CSUM_L4, frame->flags |= TP_NB_IPV6);
	NONSENSE(TP_NB_CSUM_L4, put8(frame, ETH + 9, 17)); /* it is no TCP */
	NONSENSE(TP_NB_CSUM_L4, put8(frame, ETH, 0x65));
	NONSENSE(TP_NB_TSO, frame->mss = 63);
	NONSENSE(TP_NB_TSO, frame->mss = 9669);
	NONSENSE(TP_NB_TSO, frame->mss = 0);
	NONSENSE(TP_NB_TSO | TP_NB_UDP, frame->l4_len = 8);
	NONSENSE(TP_NB_TSO, frame->frame_len = frame->len = ETH + IP4 + TCP_HEADER);
	NONSENSE(TP_NB_TSO, frame->frame_len = frame->len = 40);
}

/* Segments longer than the interface's frames. */
static void tso_beyond_the_mtu_is_dropped(void **state)
{
	struct tp_netbuf *frame = packet(1500, TP_NB_TSO);

	(void)state;
	tp_netbuf_append(frame, frame_of(1500));
	frame->mss = 1480;
	assert_true(xmit_one(frame));
	assert_int_equal(sq().drop_offload, 2);
}

static void what_is_switched_off_is_not_asked_for(void **state)
{
	static const struct {
		unsigned feature, flags;
	} rows[] = { { TP_NET_TX_CSUM, TP_NB_CSUM_L4 },
		     { TP_NET_TX_CSUM, TP_NB_CSUM_IP },
		     { TP_NET_TSO, TP_NB_TSO },
		     { TP_NET_TX_VLAN, TP_NB_VLAN } };
	const unsigned all = rig->avf->nd.config.features;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(rows); i++) {
		struct tp_netbuf *frame = packet(200, rows[i].flags);

		frame->mss = 100;
		rig->avf->nd.config.features = all & ~rows[i].feature;
		tp_avf_apply_features(rig->avf);
		assert_true(xmit_one(frame));
		assert_int_equal(tx_tail(), 0);
	}
	assert_int_equal(sq().drop_offload, 5); /* two of them segments */
}

/* Headers may lie across buffers. */
static void split_headers_are_changed_all_the_same(void **state)
{
	struct tp_netbuf *whole = packet(300, TP_NB_CSUM_L4 | TP_NB_CSUM_IP), *frame;
	unsigned char bytes[300];
	unsigned want;

	(void)state;
	tp_netbuf_copy_out(whole, 0, bytes, 300);
	frame = frame_of(25);
	tp_netbuf_append(frame, frame_of(26));
	tp_netbuf_append(frame, frame_of(249));
	tp_netbuf_copy_in(frame, 0, bytes, 300);
	frame->flags = whole->flags;
	frame->l2_len = ETH;
	frame->l3_len = IP4;
	frame->l4_len = TCP_HEADER;
	want = pseudo(whole, 300 - ETH - IP4);
	tp_netbuf_free(whole);
	assert_true(xmit_one(frame));
	assert_int_equal(get16(frame, ETH + IP4 + 16), want);
	assert_int_equal(get16(frame, ETH + 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(checksums_begin_with_the_pseudo_header),
		RIG_TEST(a_tag_goes_into_the_descriptor),
		RIG_TEST(tso_describes_its_payload_once),
		RIG_TEST(a_tso_frame_that_is_dropped_counts_its_segments),
		RIG_TEST(nonsense_is_dropped),
		RIG_TEST(tso_beyond_the_mtu_is_dropped),
		RIG_TEST(what_is_switched_off_is_not_asked_for),
		RIG_TEST(split_headers_are_changed_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
