/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_net_lwip - the stack answers over a device, gives every buffer back, and what it joins is
 * cut to what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/rng.h"
#include "model/packet_tso.h"
#include "net/lwip/internal.h"
#include "net/lwip/server.h"
#include "model_packet.h"
#include "net_pipe.h"

static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 9 }, stack_mac[6] = { 2, 0, 0, 0, 0, 1 };

static struct pipe line;
static struct pipe_device *device;
static struct tp_lwip *lwip;

static int begin(void **state)
{
	struct tp_lwip_config config = { .ipv4 = { 10, 5, 0, 1 }, .ipv4_bits = 24 };

	(void)state;
	pipe_begin(&line);
	device = &line.ends[0];
	config.nd = &device->nd;
	must(tp_lwip_create(&config, &lwip));
	device->nd.user = tp_lwip_user(lwip);
	return 0;
}

/* L1, L2 */
static struct tp_lwip_stat stat_now(void)
{
	struct tp_lwip_stat s;

	tp_lwip_stat(lwip, &s);
	assert_int_equal(s.to_send, s.sent + s.refused + s.no_buffer + s.pending + s.joined);
	return s;
}

static int end(void **state)
{
	(void)state;
	stat_now();
	tp_lwip_destroy(lwip);
	pipe_end(&line); /* finds a buffer that did not come back */
	return 0;
}

/* ---- a peer ---------------------------------------------------------------------------------- */

static struct tp_netbuf *frame_of(const void *data, uint32_t len)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(line.pool, len);

	assert_non_null(frame);
	tp_netbuf_copy_in(frame, 0, data, len);
	return frame;
}

static void give(struct tp_netbuf *frame)
{
	device->nd.user.receive(device->nd.user.arg, 0, &frame, 1);
}

static void put_mac(uint8_t *frame, const uint8_t *to, unsigned type)
{
	memcpy(frame, to, 6);
	memcpy(frame + 6, peer_mac, 6);
	tp_put_be16(frame + 12, (uint16_t)type);
}

/* 10.5.0.9 asks who 10.5.0.1 is. */
static void ask_who(void)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t f[60] = { 0 };

	put_mac(f, broadcast, 0x0806);
	memcpy(f + 14, "\0\1\x8\0\6\4\0\1", 8);
	memcpy(f + 22, peer_mac, 6);
	memcpy(f + 28, "\12\5\0\11", 4);
	memcpy(f + 38, "\12\5\0\1", 4);
	give(frame_of(f, sizeof(f)));
}

enum { PING = 14 + 20 + 8 + 500 };

static void make_ping(uint8_t f[PING])
{
	uint16_t csum;

	memset(f, 0, PING);
	put_mac(f, stack_mac, 0x0800);
	f[14] = 0x45;
	tp_put_be16(f + 16, PING - 14);
	f[22] = 64;
	f[23] = TP_IP_ICMP;
	memcpy(f + 26, "\12\5\0\11\12\5\0\1", 8);
	f[34] = 8; /* echo */
	for (unsigned i = 42; i < PING; i++)
		f[i] = (uint8_t)(i * 3);
	fill_checksums(f, PING);
	csum = tp_csum_finish(tp_csum_add(0, f + 34, PING - 34));
	memcpy(f + 36, &csum, 2);
}

static void ping(void)
{
	uint8_t f[PING];

	make_ping(f);
	give(frame_of(f, PING));
}

static void must_be_pong(struct tp_netbuf *frame)
{
	uint8_t sent[PING], got[PING];
	const struct tp_wire_piece piece = { got, PING };
	struct tp_packet packet;

	make_ping(sent);
	assert_int_equal(frame->frame_len, PING);
	tp_netbuf_copy_out(frame, 0, got, PING);
	assert_memory_equal(got, peer_mac, 6);
	assert_int_equal(got[34], 0); /* echo reply */
	assert_memory_equal(got + 38, sent + 38, PING - 38);
	tp_packet_parse(&packet, got, PING, PING);
	assert_true(tp_packet_ip_good(&packet, got));
	assert_true(tp_packet_l4_good(&packet, got, &piece));
}

/* Frames that the stack sends of itself (its neighbours' groups) are put aside. */
static struct tp_netbuf *next_sent(void)
{
	for (unsigned i = 0; i < device->n; i++) {
		const uint8_t *data = tp_netbuf_data(device->frames[i]);

		if (memcmp(data, peer_mac, 6))
			continue;
		if (i)
			tp_netbuf_free_bulk(device->frames, i);
		device->n -= i;
		memmove(device->frames, device->frames + i, device->n * sizeof(device->frames[0]));
		return device->frames[0];
	}
	return NULL;
}

static void drop_sent(void)
{
	tp_netbuf_free_bulk(device->frames, device->n);
	device->n = 0;
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void the_stack_answers(void **state)
{
	uint8_t reply[42];

	(void)state;
	ask_who();
	assert_non_null(next_sent());
	tp_netbuf_copy_out(next_sent(), 0, reply, sizeof(reply));
	assert_memory_equal(reply + 20, "\0\2", 2);
	assert_memory_equal(reply + 22, stack_mac, 6);
	drop_sent();
	for (unsigned i = 0; i < 100; i++) {
		ping();
		assert_non_null(next_sent());
		must_be_pong(next_sent());
		drop_sent();
	}
	assert_int_equal(stat_now().given, 101);
	assert_int_equal(stat_now().copied, 0);
	assert_int_equal(stat_now().held, 0);
}

static void a_frame_without_headroom_is_copied(void **state)
{
	uint8_t f[PING];
	struct tp_netbuf *frame;

	(void)state;
	ask_who();
	drop_sent();
	make_ping(f);
	frame = tp_netbuf_alloc_frame(line.pool, PING);
	frame->offset = 0;
	tp_netbuf_copy_in(frame, 0, f, PING);
	give(frame);
	must_be_pong(next_sent());
	assert_int_equal(stat_now().copied, 1);
}

static void a_frame_of_many_buffers_is_lent(void **state)
{
	uint8_t f[PING];
	struct tp_netbuf *frame, *second;

	(void)state;
	ask_who();
	drop_sent();
	make_ping(f);
	frame = frame_of(f, 100);
	second = frame_of(f + 100, PING - 100);
	tp_netbuf_append(frame, second);
	give(frame);
	must_be_pong(next_sent());
	assert_int_equal(stat_now().copied, 0);
	assert_int_equal(stat_now().held, 0);
}

static void what_the_device_found_wrong_is_dropped(void **state)
{
	uint8_t f[PING];
	struct tp_netbuf *frame;

	(void)state;
	make_ping(f);
	frame = frame_of(f, PING);
	frame->flags = TP_NB_CSUM_BAD;
	give(frame);
	frame = frame_of(f, PING);
	frame->flags = TP_NB_VLAN;
	give(frame);
	assert_null(next_sent());
	assert_int_equal(stat_now().dropped, 2);
	assert_int_equal(stat_now().given, 0);
}

static void refused_frames_wait_for_the_wake(void **state)
{
	(void)state;
	ask_who();
	drop_sent();
	device->room = 0;
	ping();
	ping();
	assert_null(next_sent());
	assert_true(stat_now().pending >= 2);
	device->room = PIPE_FRAMES;
	device->nd.user.wake(device->nd.user.arg, 0);
	assert_non_null(next_sent());
	must_be_pong(device->frames[device->n - 2]);
	must_be_pong(device->frames[device->n - 1]);
	assert_int_equal(stat_now().pending, 0);
}

static void what_finds_no_place_is_counted(void **state)
{
	(void)state;
	ask_who();
	drop_sent();
	device->room = 0;
	for (unsigned i = 0; i < TP_LWIP_PENDING + 10; i++)
		ping();
	assert_int_equal(stat_now().pending, TP_LWIP_PENDING);
	assert_true(stat_now().refused >= 10);
	/* They go with the stack. */
}

/* A lent buffer is named for those who want its page. */
static void a_fragment_is_held_by_lwip(void **state)
{
	uint8_t f[PING];
	struct tp_netbuf *frame;

	(void)state;
	make_ping(f);
	tp_put_be16(f + 20, 0x2000); /* more fragments, which never come */
	fill_checksums(f, PING);
	frame = frame_of(f, PING);
	give(frame);
	assert_int_equal(stat_now().held, 1);
	assert_string_equal((const char *)(uintptr_t)tp_quiet_load(&frame->buf.holder), "lwip");
	/* Destroying the stack waits until lwIP gave up on it. */
}

static void no_memory_is_said(void **state)
{
	const struct tp_lwip_config config = { .nd = &line.ends[1].nd };
	struct tp_lwip *other;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_lwip_create(&config, &other), -ENOMEM);
	tp_fault_reset();
}

/* ---- joining --------------------------------------------------------------------------------- */

enum { MSS = 1460, SEGMENTS = 12 };

static struct {
	uint8_t data[14 + 60 + MSS];
	struct pbuf p;
	struct tp_lwip_segment segment;
} parts[SEGMENTS];

/* As lwIP sends a stream: of @len bytes each but the last. */
static void make_part(unsigned i, bool ipv6, unsigned payload, uint32_t sequence, unsigned flags)
{
	uint8_t *f = parts[i].data;
	unsigned l4 = ipv6 ? 54 : 34;

	memset(f, 0, sizeof(parts[i].data));
	put_mac(f, peer_mac, ipv6 ? 0x86dd : 0x0800);
	f[14] = ipv6 ? 0x60 : 0x45;
	tp_put_be16(f + (ipv6 ? 18 : 16), (uint16_t)((ipv6 ? 20 : 40) + payload));
	f[ipv6 ? 20 : 23] = TP_IP_TCP;
	f[ipv6 ? 21 : 22] = 64;
	if (!ipv6)
		tp_put_be16(f + 18, (uint16_t)(77 + i)); /* identification */
	memset(f + (ipv6 ? 22 : 26), 0x21, ipv6 ? 32 : 8);
	tp_put_be32(f + l4 + 4, sequence);
	f[l4 + 12] = 5 << 4;
	f[l4 + 13] = (uint8_t)flags;
	for (unsigned at = 0; at < payload; at++)
		f[l4 + 20 + at] = (uint8_t)(sequence + at);
	parts[i].p = (struct pbuf){ .payload = f,
				    .len = (u16_t)(l4 + 20 + payload),
				    .tot_len = (u16_t)(l4 + 20 + payload) };
	fill_checksums(f, parts[i].p.len);
}

static struct tp_netbuf *start_joining(void)
{
	struct tp_netbuf *frame = frame_of(parts[0].data, parts[0].p.len);

	assert_true(tp_lwip_segment(&parts[0].p, &parts[0].segment));
	tp_lwip_can_grow(frame, &parts[0].segment);
	return frame;
}

static bool join(struct tp_netbuf *frame, unsigned i)
{
	return tp_lwip_segment(&parts[i].p, &parts[i].segment) &&
	       tp_lwip_join(frame, &parts[i].segment);
}

/* What a device makes of @frame is the parts, bit for bit. */
static void must_be_cut_to_the_parts(struct tp_netbuf *frame, unsigned n)
{
	static uint8_t whole[UINT16_MAX];
	uint8_t header[TP_TSO_MAX_HEADER];
	struct tp_tso tso = { .header = whole,
			      .header_len = frame->l2_len + frame->l3_len + frame->l4_len,
			      .l3_at = frame->l2_len,
			      .l4_at = frame->l2_len + frame->l3_len,
			      .ipv6 = frame->flags & TP_NB_IPV6,
			      .mss = frame->mss };

	tp_netbuf_copy_out(frame, 0, whole, frame->frame_len);
	tso.payload_len = frame->frame_len - tso.header_len;
	assert_true(tp_tso_valid(&tso));
	assert_int_equal(tp_tso_segments(&tso), n);
	assert_int_equal(tp_netbuf_segments(frame), n);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *payload = whole + tso.header_len + i * MSS;
		uint32_t len = tp_tso_len(&tso, i);

		tp_tso_header(&tso, i, tp_csum_add(0, payload, len), header);
		assert_int_equal(tso.header_len + len, parts[i].p.len);
		assert_memory_equal(header, parts[i].data, tso.header_len);
		assert_memory_equal(payload, parts[i].data + tso.header_len, len);
	}
}

static void segments_are_joined_to_what_is_cut_again(void **state)
{
	(void)state;
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++) {
		struct tp_netbuf *frame;

		for (unsigned i = 0; i < SEGMENTS; i++)
			make_part(i, ipv6, i < SEGMENTS - 1 ? MSS - 20 * ipv6 : 300,
				  UINT32_MAX - 5000 + i * (MSS - 20 * ipv6),
				  i < SEGMENTS - 1 ? 0x10 : 0x18);
		frame = start_joining();
		for (unsigned i = 1; i < SEGMENTS; i++)
			assert_true(join(frame, i));
		assert_int_equal(frame->flags & TP_NB_TSO, TP_NB_TSO);
		if (!ipv6)
			must_be_cut_to_the_parts(frame, SEGMENTS);
		tp_netbuf_free(frame);
	}
}

static void nothing_is_joined_that_would_be_cut_otherwise(void **state)
{
	struct tp_netbuf *frame;

	(void)state;
	make_part(0, false, MSS, 1000, 0x10);
	frame = start_joining();
	make_part(1, false, MSS, 1000 + MSS + 1, 0x10);
	assert_false(join(frame, 1)); /* a gap */
	make_part(1, true, MSS - 20, 1000 + MSS, 0x10);
	assert_false(join(frame, 1)); /* another protocol */
	make_part(1, false, MSS, 1000 + MSS, 0x11);
	assert_false(join(frame, 1)); /* FIN */
	make_part(1, false, MSS, 1000 + MSS, 0x10);
	for (unsigned at = 14; at < 54; at++) {
		bool may_differ = (at >= 18 && at < 20) || (at >= 24 && at < 26) || at == 47 ||
				  (at >= 50 && at < 52) || at == 20;

		if (may_differ)
			continue;
		parts[1].data[at] ^= 1;
		if (join(frame, 1))
			fail_msg("joined in spite of byte %u", at);
		parts[1].data[at] ^= 1;
	}
	make_part(1, false, 300, 1000 + MSS, 0x10);
	assert_true(join(frame, 1)); /* shorter: the last one */
	make_part(2, false, 300, 1300 + MSS, 0x10);
	assert_false(join(frame, 2));
	tp_netbuf_free(frame);
	make_part(0, false, MSS, 1000, 0x18);
	frame = start_joining();
	make_part(1, false, MSS, 1000 + MSS, 0x10);
	assert_false(join(frame, 1)); /* what pushes is the last one */
	tp_netbuf_free(frame);
}

static void joining_ends_at_the_largest_frame(void **state)
{
	struct tp_netbuf *frame;
	unsigned n = 1;

	(void)state;
	make_part(0, false, MSS, 0, 0x10);
	frame = start_joining();
	for (;; n++) {
		make_part(1, false, MSS, n * MSS, 0x10);
		if (!join(frame, 1))
			break;
	}
	assert_in_range(n, 30, 44);
	assert_true(frame->frame_len <= 60000 && frame->nr_bufs <= TP_NETBUF_MAX_BUFS);
	assert_int_equal(tp_netbuf_segments(frame), n);
	tp_netbuf_free(frame);
}

static void without_memory_nothing_is_joined(void **state)
{
	struct tp_netbuf *frame, *all[PIPE_BUFS];
	unsigned n;

	(void)state;
	make_part(0, false, MSS, 0, 0x10);
	make_part(1, false, MSS, MSS, 0x10);
	frame = start_joining();
	n = tp_netbuf_alloc_bulk(line.pool, all, PIPE_BUFS);
	assert_false(join(frame, 1));
	assert_int_equal(frame->frame_len, 54 + MSS);
	tp_netbuf_free_bulk(all, n);
	assert_true(join(frame, 1));
	tp_netbuf_free(frame);
}

static void put_out(unsigned n)
{
	LOCK_TCPIP_CORE();
	lwip->batching = true;
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(tp_lwip_output(&lwip->netif, &parts[i].p), ERR_OK);
	lwip->batching = false;
	tp_lwip_flush(lwip);
	UNLOCK_TCPIP_CORE();
}

static void segments_of_a_batch_leave_as_one_frame(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		make_part(i, false, MSS, i * MSS, 0x10);
	put_out(1);
	assert_int_equal(next_sent()->flags, 0); /* alone it is left as lwIP made it */
	drop_sent();
	put_out(3);
	must_be_cut_to_the_parts(next_sent(), 3);
	assert_int_equal(device->n, 1);
	assert_int_equal(stat_now().joined, 2);
	assert_int_equal(stat_now().large, 1);
}

/* ---- the server ------------------------------------------------------------------------------ */

static void a_second_server_is_refused(void **state)
{
	const struct tp_lwip_server_config config = { .content_len = 1000 };
	struct tp_lwip_server *server, *other;

	(void)state;
	must(tp_lwip_server_start(&config, &server));
	assert_int_equal(tp_lwip_server_start(&config, &other), -EADDRINUSE);
	tp_lwip_server_stop(server);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_lwip_server_start(&config, &other), -ENOMEM);
	tp_fault_reset();
	must(tp_lwip_server_start(&config, &server));
	tp_lwip_server_stop(server);
}

#define LWIP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LWIP_TEST(the_stack_answers),
		LWIP_TEST(a_frame_without_headroom_is_copied),
		LWIP_TEST(a_frame_of_many_buffers_is_lent),
		LWIP_TEST(what_the_device_found_wrong_is_dropped),
		LWIP_TEST(refused_frames_wait_for_the_wake),
		LWIP_TEST(what_finds_no_place_is_counted),
		LWIP_TEST(a_fragment_is_held_by_lwip),
		LWIP_TEST(no_memory_is_said),
		LWIP_TEST(segments_are_joined_to_what_is_cut_again),
		LWIP_TEST(nothing_is_joined_that_would_be_cut_otherwise),
		LWIP_TEST(joining_ends_at_the_largest_frame),
		LWIP_TEST(without_memory_nothing_is_joined),
		LWIP_TEST(segments_of_a_batch_leave_as_one_frame),
		LWIP_TEST(a_second_server_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
