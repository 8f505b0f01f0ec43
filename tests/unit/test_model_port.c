/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_port - which frames a function takes, for which queue, and what it says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model_rx.h"

static struct frame f;
static uint8_t bytes[FRAME_ROOM];
static unsigned len;

static int begin(void **state)
{
	(void)state;
	begin_rx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE, .queues = 2 }, RING, 1536,
		 NULL);
	return 0;
}

static void make(struct frame_spec spec)
{
	make_frame(spec, &f);
	memcpy(f.bytes, m->port.macs[0], 6);
}

/* What the descriptor says of the frame, sent with @flags. */
static struct written told(unsigned flags)
{
	struct written w;

	arrive(f.bytes, f.len, flags);
	w = rx_frame(0, bytes, &len);
	rx_refill(0);
	return w;
}

static bool is_taken(void)
{
	struct tp_avf_model_stat before, after;

	tp_avf_model_stat(m, &before);
	arrive(f.bytes, f.len, 0);
	tp_avf_model_stat(m, &after);
	assert_int_equal(after.queue[0].rx_offered - before.queue[0].rx_offered +
				 after.rx_filtered - before.rx_filtered,
			 1);
	while (rx_any(0))
		rx_take(0);
	rx_refill(0);
	return after.queue[0].rx_offered > before.queue[0].rx_offered;
}

/* ---- filters --------------------------------------------------------------------------------- */

static void only_own_addresses_are_taken(void **state)
{
	(void)state;
	make((struct frame_spec){ .payload = 50 });
	assert_true(is_taken());
	f.bytes[5] ^= 1;
	assert_false(is_taken());
	memcpy(m->port.macs[m->port.nr_macs++], f.bytes, 6);
	m->port.generation++;
	assert_true(is_taken());
	f.bytes[0] ^= 4;
	assert_false(is_taken());
	m->port.promisc = true;
	assert_true(is_taken());
}

static void groups_have_switches_of_their_own(void **state)
{
	(void)state;
	make((struct frame_spec){ .payload = 50 });
	memcpy(f.bytes, "\x01\x00\x5e\x00\x00\x01", 6);
	m->port.promisc = true;
	assert_false(is_taken());
	m->port.allmulti = true;
	assert_true(is_taken());
	m->port.allmulti = m->port.promisc = false;
	memcpy(m->port.macs[m->port.nr_macs++], f.bytes, 6);
	m->port.generation++;
	assert_true(is_taken());
	memset(f.bytes, 0xff, 6);
	assert_true(is_taken());
}

static void a_frame_without_header_is_nobodys(void **state)
{
	(void)state;
	m->port.promisc = true;
	make((struct frame_spec){ .payload = 50 });
	for (f.len = 1; f.len < 14; f.len++)
		assert_false(is_taken());
	assert_true(is_taken());
}

static void the_kind_of_address_is_told(void **state)
{
	(void)state;
	m->port.allmulti = true;
	make((struct frame_spec){ .payload = 50 });
	assert_int_equal(told(0).qw1 >> TP_AVF_RXD_UMBCAST_SHIFT & 3, 0);
	f.bytes[0] = 1;
	assert_int_equal(told(0).qw1 >> TP_AVF_RXD_UMBCAST_SHIFT & 3, 1);
	memset(f.bytes, 0xff, 6);
	assert_int_equal(told(0).qw1 >> TP_AVF_RXD_UMBCAST_SHIFT & 3, 2);
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void a_tag_is_taken_out_if_asked_for(void **state)
{
	struct written w;

	(void)state;
	make((struct frame_spec){ .payload = 50, .tags = 2 });
	w = told(0);
	assert_false(w.qw1 & TP_AVF_RXD_L2TAG1P);
	assert_memory_equal(bytes, f.bytes, f.len);
	assert_int_equal(w.len, f.len);
	m->port.vlan_strip = true;
	w = told(0);
	assert_true(w.qw1 & TP_AVF_RXD_L2TAG1P);
	assert_int_equal(w.qw0 >> 16 & 0xffff, 0x6000 + 100);
	assert_int_equal(w.len, f.len - 4);
	assert_memory_equal(bytes, f.bytes, 12);
	assert_memory_equal(bytes + 12, f.bytes + 16, f.len - 16);
	assert_int_equal(w.qw1 >> 19 & 0xff, 0);
	assert_int_equal(counts_of(0).rx_bytes, 2 * f.len);
	make((struct frame_spec){ .payload = 50 });
	assert_false(told(0).qw1 & TP_AVF_RXD_L2TAG1P);
}

static void tags_are_filtered_if_asked_for(void **state)
{
	(void)state;
	make((struct frame_spec){ .payload = 50, .tags = 1 });
	assert_true(is_taken());
	m->port.vlan_filtering = true;
	assert_false(is_taken());
	m->port.vlans[100 / 64] |= UINT64_C(1) << 100 % 64;
	assert_true(is_taken());
	put16(f.bytes + 14, 0x6000 + 4095);
	assert_false(is_taken());
	put16(f.bytes + 14, 0x6000); /* a priority only */
	assert_true(is_taken());
	make((struct frame_spec){ .payload = 50 });
	assert_true(is_taken());
}

/* ---- types and checksums --------------------------------------------------------------------- */

static void packet_types_are_told(void **state)
{
	static const uint8_t protos[] = { TP_IP_UDP, TP_IP_TCP, TP_IP_SCTP, TP_IP_ICMP, 47 };
	static const unsigned offsets[] = { 1, 3, 4, 5, 0 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(protos); i++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			uint8_t proto = v6 && protos[i] == TP_IP_ICMP ? TP_IP_ICMPV6 : protos[i];
			struct written w;

			make((struct frame_spec){ .payload = 50, .ipv6 = v6, .proto = proto });
			w = told(0);
			assert_int_equal(w.ptype,
					 (v6 ? TP_AVF_PTYPE_IPV6 : TP_AVF_PTYPE_IPV4) + offsets[i]);
			assert_true(w.qw1 & TP_AVF_RXD_L3L4P);
			assert_int_equal(w.qw1 >> 19 & 0xff, 0);
		}
	put16(f.bytes + 12, 0x0806);
	assert_int_equal(told(0).ptype, TP_AVF_PTYPE_ARP);
	put16(f.bytes + 12, 0x1234);
	assert_int_equal(told(0).ptype, TP_AVF_PTYPE_L2);
	assert_false(told(0).qw1 & TP_AVF_RXD_L3L4P);
}

static void wrong_checksums_are_told(void **state)
{
	static const uint8_t protos[] = { TP_IP_UDP, TP_IP_TCP, TP_IP_SCTP };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(protos); i++)
		for (unsigned payload = 1; payload < 1400; payload = payload * 3 + 1) {
			make((struct frame_spec){
				.payload = payload, .proto = protos[i], .padding = payload % 3 });
			assert_int_equal(told(0).qw1 >> 19 & 0xff, 0);
			f.bytes[f.payload_at + payload - 1] ^= 0x40;
			assert_int_equal(told(0).qw1 & (0xffull << 19), TP_AVF_RXE_L4E);
			assert_memory_equal(bytes, f.bytes, f.len);
			f.bytes[f.l3_at + 10] ^= 1;
			assert_int_equal(told(0).qw1 & (0xffull << 19),
					 TP_AVF_RXE_L4E | TP_AVF_RXE_IPE);
			f.bytes[f.payload_at + payload - 1] ^= 0x40;
			assert_int_equal(told(0).qw1 & (0xffull << 19), TP_AVF_RXE_IPE);
		}
}

static void udp_may_go_without_checksum_over_ipv4(void **state)
{
	(void)state;
	make((struct frame_spec){ .payload = 50 });
	put16(f.bytes + f.l4_at + 6, 0);
	assert_int_equal(told(0).qw1 >> 19 & 0xff, 0);
	make((struct frame_spec){ .payload = 50, .ipv6 = true });
	put16(f.bytes + f.l4_at + 6, 0);
	assert_int_equal(told(0).qw1 & (0xffull << 19), TP_AVF_RXE_L4E);
}

static void what_the_wire_vouches_for_is_not_checked(void **state)
{
	(void)state;
	make((struct frame_spec){ .payload = 50 });
	f.bytes[f.payload_at] ^= 1;
	f.bytes[f.l3_at + 8] ^= 1;
	assert_int_equal(told(TP_WIRE_CSUM_GOOD).qw1 >> 19 & 0xff, 0);
	assert_int_equal(told(0).qw1 & (0xffull << 19), TP_AVF_RXE_L4E | TP_AVF_RXE_IPE);
}

static void fragments_are_not_checked(void **state)
{
	struct written w;

	(void)state;
	make((struct frame_spec){ .payload = 50 });
	put16(f.bytes + f.l3_at + 6, 0x2000);
	put16(f.bytes + f.l3_at + 10, 0);
	put16(f.bytes + f.l3_at + 10, ~slow_sum(0, f.bytes + f.l3_at, 20) & 0xffff);
	f.bytes[f.payload_at] ^= 1;
	w = told(0);
	assert_int_equal(w.ptype, TP_AVF_PTYPE_IPV4_FRAG);
	assert_int_equal(w.qw1 >> 19 & 0xff, 0);
}

/* A routing header: the destination is not the one in the pseudo header. */
static void headers_that_change_addresses_are_told(void **state)
{
	struct written w;

	(void)state;
	make((struct frame_spec){ .payload = 50, .ipv6 = true });
	memmove(f.bytes + f.l4_at + 8, f.bytes + f.l4_at, f.len - f.l4_at);
	memset(f.bytes + f.l4_at, 0, 8);
	f.bytes[f.l4_at] = TP_IP_UDP;
	f.bytes[f.l3_at + 6] = 43;
	put16(f.bytes + f.l3_at + 4, 8 + 8 + 50);
	f.len += 8;
	f.bytes[f.len - 1] ^= 1;
	w = told(0);
	assert_int_equal(w.ptype, TP_AVF_PTYPE_IPV6_UDP);
	assert_true(w.qw1 & TP_AVF_RXD_IPV6EXADD);
	assert_int_equal(w.qw1 >> 19 & 0xff, 0);
}

/* ---- receive-side scaling -------------------------------------------------------------------- */

static const uint8_t published_key[TP_TOEPLITZ_KEY] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

static void hash_with(uint64_t hena)
{
	memcpy(m->port.key, published_key, sizeof(published_key));
	m->port.hena = hena;
	memset(m->port.lut, 0, sizeof(m->port.lut));
	m->port.generation++;
}

/* 66.9.149.187:2794 to 161.142.100.80:1766, whose hashes are published. */
static void make_published(uint8_t proto)
{
	make((struct frame_spec){
		.payload = 50, .proto = proto, .src_port = 2794, .dst_port = 1766, .bare = true });
	memcpy(f.bytes + f.l3_at + 12, "\x42\x09\x95\xbb\xa1\x8e\x64\x50", 8);
	fill_checksums(f.bytes, f.len);
}

static void assert_hash(const struct written *w, uint32_t hash)
{
	assert_int_equal(w->qw1 & TP_AVF_RXD_FLTSTAT_RSS, TP_AVF_RXD_FLTSTAT_RSS);
	assert_int_equal(w->qw0 >> 32, hash);
}

static void the_hash_is_the_published_one(void **state)
{
	struct written w;

	(void)state;
	hash_with(UINT64_MAX);
	make_published(TP_IP_TCP);
	w = told(0);
	assert_hash(&w, 0x51ccc178);
	make_published(TP_IP_UDP);
	w = told(0);
	assert_hash(&w, 0x51ccc178);
	make_published(TP_IP_ICMP);
	w = told(0);
	assert_hash(&w, 0x323e8fc2);
	make_published(TP_IP_TCP);
	put16(f.bytes + f.l3_at + 6, 0x2000);
	w = told(0);
	assert_hash(&w, 0x323e8fc2);
}

static void only_types_that_are_switched_on_are_hashed(void **state)
{
	static const struct {
		uint8_t proto;
		bool ipv6;
		uint64_t hena;
	} cases[] = {
		{ TP_IP_UDP, false, TP_AVF_HENA_IPV4_UDP },
		{ TP_IP_TCP, false, TP_AVF_HENA_IPV4_TCP },
		{ TP_IP_SCTP, false, TP_AVF_HENA_IPV4_SCTP },
		{ TP_IP_ICMP, false, TP_AVF_HENA_IPV4_OTHER },
		{ 47, false, TP_AVF_HENA_IPV4_OTHER },
		{ TP_IP_UDP, true, TP_AVF_HENA_IPV6_UDP },
		{ TP_IP_TCP, true, TP_AVF_HENA_IPV6_TCP },
		{ TP_IP_SCTP, true, TP_AVF_HENA_IPV6_SCTP },
		{ TP_IP_ICMPV6, true, TP_AVF_HENA_IPV6_OTHER },
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		make((struct frame_spec){
			.payload = 50, .proto = cases[i].proto, .ipv6 = cases[i].ipv6 });
		hash_with(cases[i].hena);
		assert_true(told(0).qw1 & TP_AVF_RXD_FLTSTAT_RSS);
		hash_with(~cases[i].hena);
		assert_int_equal(told(0).qw1 & TP_AVF_RXD_FLTSTAT_RSS, 0);
		assert_int_equal(told(0).qw0, 0);
	}
}

/* A flow stays on its queue, and in order (W2); the table says which queue that is. */
static void the_table_chooses_the_queue(void **state)
{
	struct tp_vc_rxq_info info = rx_info(1);
	unsigned of_queue[2] = { 0 };
	struct frame frames[40];
	struct tp_wire_piece pieces[40];
	struct tp_wire_frame sent[40];

	(void)state;
	begin_rx_queue(1, &info);
	hash_with(UINT64_MAX);
	for (unsigned i = 0; i < TP_AVF_HLUT_ENTRIES; i++)
		m->port.lut[i] = i & 1;
	for (unsigned i = 0; i < 40; i++) {
		make((struct frame_spec){ .payload = 50, .src_port = (uint16_t)(1 + i * 7 % 11) });
		f.bytes[f.payload_at] = (uint8_t)i;
		frames[i] = f;
		pieces[i] = (struct tp_wire_piece){ frames[i].bytes, f.len };
		sent[i] = (struct tp_wire_frame){ &pieces[i], 1, f.len, TP_WIRE_CSUM_GOOD };
	}
	tp_wire_send(wire, 1, sent, 40);
	for (unsigned q = 0; q < 2; q++) {
		int last = -1;

		while (rx_any(q)) {
			struct written w = rx_frame(q, bytes, &len);

			assert_int_equal(w.qw0 >> 32 & 1, q);
			assert_true(bytes[f.payload_at] > last);
			last = bytes[f.payload_at];
			of_queue[q]++;
		}
	}
	assert_int_equal(of_queue[0] + of_queue[1], 40);
	assert_true(of_queue[0] && of_queue[1]);
}

/* A table that names queues which do not exist. */
static void frames_for_no_queue_are_dropped(void **state)
{
	(void)state;
	hash_with(UINT64_MAX);
	memset(m->port.lut, 0xff, sizeof(m->port.lut));
	make((struct frame_spec){ .payload = 50 });
	arrive(f.bytes, f.len, 0);
	assert_int_equal(counts_of(15).rx_drop_disabled, 1);
}

/* ---- everything at once ---------------------------------------------------------------------- */

/* Random frames of all kinds, damaged or not: each is in one count. */
static void every_frame_is_counted_once(void **state)
{
	struct tp_avf_model_stat stat;
	uint64_t total, offered = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 11);
	hash_with(UINT64_MAX);
	for (unsigned i = 0; i < TP_AVF_HLUT_ENTRIES; i++)
		m->port.lut[i] = (uint8_t)(i % 3);
	m->port.vlan_filtering = m->port.vlan_strip = true;
	for (total = 0; total < 5000; total++) {
		make((struct frame_spec){ .payload = (unsigned)tp_rng_below(&rng, 2000),
					  .proto = total & 1 ? TP_IP_TCP : TP_IP_UDP,
					  .ipv6 = total & 2,
					  .tags = (unsigned)tp_rng_below(&rng, 3),
					  .src_port = (uint16_t)tp_rng_next(&rng) });
		f.bytes[tp_rng_below(&rng, 60)] ^= (uint8_t)(1u << tp_rng_below(&rng, 8));
		if (!tp_rng_below(&rng, 50))
			m->port.link_up = !m->port.link_up;
		arrive(f.bytes, f.len, tp_rng_below(&rng, 9) ? 0 : TP_WIRE_FCS_BAD);
		if (!tp_rng_below(&rng, 700)) {
			while (rx_any(0))
				rx_take(0);
			rx_refill(0);
		}
	}
	tp_avf_model_stat(m, &stat);
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++)
		offered += stat.queue[q].rx_offered;
	assert_int_equal(offered + stat.rx_filtered + stat.rx_fcs_bad + stat.rx_no_link, total);
	assert_true(stat.queue[0].rx_written && stat.queue[0].rx_drop_no_desc);
	assert_true(stat.queue[1].rx_drop_disabled && stat.rx_filtered && stat.rx_no_link);
}

#define port_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		port_test(only_own_addresses_are_taken),
		port_test(groups_have_switches_of_their_own),
		port_test(a_frame_without_header_is_nobodys),
		port_test(the_kind_of_address_is_told),
		port_test(a_tag_is_taken_out_if_asked_for),
		port_test(tags_are_filtered_if_asked_for),
		port_test(packet_types_are_told),
		port_test(wrong_checksums_are_told),
		port_test(udp_may_go_without_checksum_over_ipv4),
		port_test(what_the_wire_vouches_for_is_not_checked),
		port_test(fragments_are_not_checked),
		port_test(headers_that_change_addresses_are_told),
		port_test(the_hash_is_the_published_one),
		port_test(only_types_that_are_switched_on_are_hashed),
		port_test(the_table_chooses_the_queue),
		port_test(frames_for_no_queue_are_dropped),
		port_test(every_frame_is_counted_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
