/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model_tap - frames reach the host and come from it whole: checksums finished, cut to
 * segments, padded (T28); what makes no sense is counted.
 *
 * The device itself needs root and /dev/net/tun; what the host may leave undone is tested without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/rng.h"
#include "mm_machine.h"
#include "model/packet.h"
#include "model/tap_offload.h"

enum { FRAMES = 256, LONGEST = 2048, TEST_TYPE = 0x88b5, MSS = 1000, PAYLOAD = 20100 };

static struct tp_wire *wire;

/* ---- what arrives ---------------------------------------------------------------------------- */

static struct {
	struct {
		uint8_t data[LONGEST];
		uint32_t len;
		unsigned flags;
	} frames[FRAMES];
	tp_atomic_u32 n;
} got;

/* Others talk on the device, too: only our frames are kept. */
static bool is_ours(const uint8_t *data)
{
	return tp_be16(data + 12) == TEST_TYPE || !memcmp(data, "\2tests", 6);
}

static void keep(const struct tp_wire_frame *frame)
{
	unsigned n = tp_atomic_load(&got.n, TP_ACQUIRE);
	size_t len;

	if (n == FRAMES)
		return;
	len = tp_wire_gather(frame, got.frames[n].data, LONGEST);
	assert_true(len <= LONGEST);
	assert_int_equal(len, frame->len);
	got.frames[n].len = (uint32_t)len;
	got.frames[n].flags = frame->flags;
	if (is_ours(got.frames[n].data))
		tp_atomic_store(&got.n, n + 1, TP_RELEASE);
}

static void keep_all(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	(void)arg;
	for (unsigned i = 0; i < n; i++)
		keep(&frames[i]);
}

static const struct tp_wire_end keeper = { .receive = keep_all };

static int begin(void **state)
{
	(void)state;
	tp_atomic_store(&got.n, 0, TP_RELEASE);
	must(tp_wire_create(&wire));
	must(tp_wire_plug(wire, 0, &keeper));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_wire_unplug(wire, 0);
	tp_wire_destroy(wire);
	return 0;
}

static unsigned wait_for(unsigned n)
{
	uint64_t until = tp_clock_after(TP_SECONDS(5));

	while (tp_atomic_load(&got.n, TP_ACQUIRE) < n && tp_clock_now() < until)
		tp_sleep_ns(TP_MILLISECONDS(1));
	return tp_atomic_load(&got.n, TP_ACQUIRE);
}

/* ---- frames as a host hands them over -------------------------------------------------------- */

struct host_frame {
	struct virtio_net_hdr head;
	uint8_t data[65536];
	uint32_t len;
};

static struct host_frame frame;

static void put_ip(uint8_t *ip, bool six, uint32_t l4_len)
{
	uint16_t csum;

	if (six) {
		ip[0] = 0x60;
		tp_put_be16(ip + 4, (uint16_t)l4_len);
		ip[6] = TP_IP_TCP;
		ip[7] = 64;
		memset(ip + 8, 0x11, 32);
		return;
	}
	ip[0] = 0x45;
	tp_put_be16(ip + 2, (uint16_t)(20 + l4_len));
	ip[8] = 64;
	ip[9] = TP_IP_TCP;
	memcpy(ip + 12, "\12\0\0\1\12\0\0\2", 8);
	csum = tp_csum_finish(tp_csum_add(0, ip, 20));
	memcpy(ip + 10, &csum, 2);
}

/* TCP with @payload bytes; the checksum's field holds the pseudo header's sum, as Linux has it. */
static void make_tcp(struct host_frame *f, bool six, uint32_t payload)
{
	unsigned l4 = six ? 54 : 34;
	struct tp_packet packet;
	struct tp_rng rng;
	uint16_t seed;

	memset(f, 0, sizeof(*f));
	f->len = l4 + 20 + payload;
	memcpy(f->data, "\2tests\2host.", 12);
	tp_put_be16(f->data + 12, six ? 0x86dd : 0x0800);
	put_ip(f->data + 14, six, 20 + payload);
	tp_put_be32(f->data + l4 + 4, 1000);
	f->data[l4 + 12] = 5 << 4;
	f->data[l4 + 13] = 0x18; /* PSH, ACK */
	tp_rng_init(&rng, payload);
	for (uint32_t i = 0; i < payload; i++)
		f->data[l4 + 20 + i] = (uint8_t)tp_rng_next(&rng);
	tp_packet_parse(&packet, f->data, TP_MIN(f->len, 256u), f->len);
	seed = tp_csum_fold(tp_packet_pseudo(&packet, f->data, 20 + payload));
	memcpy(f->data + l4 + 16, &seed, 2);
	f->head = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					   .csum_start = (uint16_t)l4,
					   .csum_offset = 16 };
}

static void make_large(struct host_frame *f, bool six)
{
	make_tcp(f, six, PAYLOAD);
	f->head.gso_type = six ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	f->head.gso_size = MSS;
	f->head.hdr_len = six ? 74 : 54;
}

/* Every checksum is right, by another way than the one that made it. */
static void must_be_whole(const uint8_t *data, uint32_t len)
{
	const struct tp_wire_piece piece = { data, len };
	struct tp_packet packet;

	tp_packet_parse(&packet, data, TP_MIN(len, 256u), len);
	assert_true(packet.l4_at && packet.l4_end);
	assert_true(tp_packet_ip_good(&packet, data) || packet.flags & TP_PACKET_IPV6);
	assert_int_equal(tp_packet_l4_check(&packet, data), TP_CHECK_SUM);
	assert_true(tp_packet_l4_good(&packet, data, &piece));
}

static void must_be_the_segments_of(const struct host_frame *f, bool six)
{
	unsigned l4 = six ? 54 : 34, n = (PAYLOAD + MSS - 1) / MSS;
	uint32_t at = 0;

	assert_int_equal(tp_atomic_load(&got.n, TP_ACQUIRE), n);
	for (unsigned i = 0; i < n; i++) {
		uint32_t len = TP_MIN((uint32_t)MSS, PAYLOAD - at);

		assert_int_equal(got.frames[i].len, TP_MAX(l4 + 20 + len, 60u));
		assert_int_equal(tp_be32(got.frames[i].data + l4 + 4), 1000 + at);
		assert_memory_equal(got.frames[i].data + l4 + 20, f->data + l4 + 20 + at, len);
		assert_int_equal(got.frames[i].flags, TP_WIRE_CSUM_GOOD);
		/* PSH belongs to the last one. */
		assert_int_equal(got.frames[i].data[l4 + 13], i == n - 1 ? 0x18 : 0x10);
		must_be_whole(got.frames[i].data, got.frames[i].len);
		at += len;
	}
}

/* ---- what the host left undone (T28) --------------------------------------------------------- */

static void a_partial_checksum_is_finished(void **state)
{
	bool good;

	(void)state;
	for (unsigned six = 0; six < 2; six++)
		for (uint32_t payload = 0; payload < 40; payload++) {
			make_tcp(&frame, six, payload);
			must(tp_tap_finish(&frame.head, frame.data, frame.len, &good));
			assert_true(good);
			must_be_whole(frame.data, frame.len);
		}
}

static void a_frame_that_is_finished_stays_as_it_is(void **state)
{
	static struct host_frame before;
	bool good;

	(void)state;
	make_tcp(&frame, false, 10);
	frame.head.flags = 0;
	before = frame;
	must(tp_tap_finish(&frame.head, frame.data, frame.len, &good));
	assert_false(good);
	assert_memory_equal(&before, &frame, sizeof(frame));
	frame.head.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	must(tp_tap_finish(&frame.head, frame.data, frame.len, &good));
	assert_true(good);
}

static void a_large_frame_is_cut(void **state)
{
	(void)state;
	for (unsigned six = 0; six < 2; six++) {
		tp_atomic_store(&got.n, 0, TP_RELEASE);
		make_large(&frame, six);
		assert_int_equal(tp_tap_cut(&frame.head, frame.data, frame.len, wire, 1), 21);
		must_be_the_segments_of(&frame, six);
	}
}

static void a_checksum_outside_the_frame_is_refused(void **state)
{
	const uint16_t starts[] = { 49, 59, 60, 61, 0xffff, 0x8000 };
	bool good;

	(void)state;
	make_tcp(&frame, false, 6);
	assert_int_equal(frame.len, 60);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(starts); i++) {
		frame.head.csum_start = starts[i];
		frame.head.csum_offset = i == 4 ? 0xffff : i == 1 ? 1 : i ? 0 : 10;
		assert_int_equal(tp_tap_finish(&frame.head, frame.data, frame.len, &good), -EINVAL);
	}
	frame.head.csum_start = 58;
	frame.head.csum_offset = 0;
	must(tp_tap_finish(&frame.head, frame.data, frame.len, &good));
}

static void must_not_be_cut(const char *why)
{
	if (tp_tap_cut(&frame.head, frame.data, frame.len, wire, 1) != -EINVAL)
		fail_msg("cut, in spite of %s", why);
	assert_int_equal(tp_atomic_load(&got.n, TP_ACQUIRE), 0);
}

static void a_large_frame_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	make_large(&frame, false);
	frame.head.gso_size = 0;
	must_not_be_cut("no segment size");
	make_large(&frame, false);
	frame.head.gso_type = VIRTIO_NET_HDR_GSO_TCPV6;
	must_not_be_cut("the wrong protocol");
	frame.head.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	must_not_be_cut("a kind that was not asked for");
	make_large(&frame, false);
	frame.data[23] = TP_IP_UDP;
	must_not_be_cut("being UDP");
	make_large(&frame, false);
	frame.data[34 + 12] = 0x10;
	must_not_be_cut("a TCP header of 4 bytes");
	make_large(&frame, false);
	frame.data[14] = 0x41;
	must_not_be_cut("an IP header of 4 bytes");
	make_large(&frame, false);
	for (frame.len = 0; frame.len <= 54; frame.len++)
		must_not_be_cut("having no payload");
}

/* Any bytes, any header: no memory trouble, which sanitizers watch for. */
static void nonsense_does_no_harm(void **state)
{
	struct tp_rng rng;
	bool good;

	(void)state;
	tp_rng_init(&rng, 28);
	for (unsigned round = 0; round < 20000; round++) {
		uint32_t len = (uint32_t)tp_rng_below(&rng, 300);
		uint8_t *exact = malloc(len + 1);

		make_large(&frame, round & 1);
		for (unsigned i = 0; i < 4; i++)
			frame.data[tp_rng_below(&rng, 80)] = (uint8_t)tp_rng_next(&rng);
		if (round & 2)
			((uint8_t *)&frame.head)[tp_rng_below(&rng, sizeof(frame.head))] =
				(uint8_t)tp_rng_next(&rng);
		memcpy(exact, frame.data, len);
		tp_tap_cut(&frame.head, exact, len, wire, 1);
		tp_tap_finish(&frame.head, exact, len, &good);
		free(exact);
		tp_atomic_store(&got.n, 0, TP_RELEASE);
	}
}

/* ---- the device ------------------------------------------------------------------------------ */

static struct tp_tap *tap;
static char name[IFNAMSIZ];
static int host = -1; /* a socket on the host's side, with vnet headers */

static bool can_make_devices(void)
{
	if (!geteuid() && !access("/dev/net/tun", R_OK | W_OK))
		return true;
	print_message("a TAP device needs root and /dev/net/tun\n");
	return false;
}

static void set_up(bool up)
{
	struct ifreq request = { .ifr_flags = (short)(up ? IFF_UP | IFF_NOARP : 0) };

	memcpy(request.ifr_name, name, sizeof(name));
	assert_int_equal(ioctl(host, SIOCSIFFLAGS, &request), 0);
}

static void open_host(void)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_protocol = htons(ETH_P_ALL),
					     .sll_ifindex = (int)if_nametoindex(name) };
	const struct timeval patience = { .tv_sec = 5 };
	const int on = 1;

	host = socket(AF_PACKET, SOCK_RAW, 0);
	assert_true(host >= 0 && address.sll_ifindex);
	set_up(true);
	assert_int_equal(bind(host, (const void *)&address, sizeof(address)), 0);
	assert_int_equal(setsockopt(host, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	assert_int_equal(setsockopt(host, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
}

static int open_tap(bool offload)
{
	begin(NULL);
	if (!can_make_devices())
		return 0;
	snprintf(name, sizeof(name), "tptest%u", (unsigned)getpid() % 100000);
	must(tp_tap_open(name, wire, 1, offload, &tap));
	open_host();
	return 0;
}

static int begin_plain(void **state)
{
	(void)state;
	return open_tap(false);
}

static int begin_offload(void **state)
{
	(void)state;
	return open_tap(true);
}

static int end_tap(void **state)
{
	if (tap) {
		tp_tap_close(tap);
		close(host);
	}
	tap = NULL;
	return end(state);
}

static void need_tap(void)
{
	if (!tap)
		skip();
}

static struct tp_tap_stat stat_now(void)
{
	struct tp_tap_stat s;

	tp_tap_stat(tap, &s);
	assert_int_equal(s.received, s.written + s.refused);
	return s;
}

static void host_sends(const struct host_frame *f)
{
	struct iovec vec[2] = { { (void *)(uintptr_t)&f->head, sizeof(f->head) },
				{ (void *)(uintptr_t)f->data, f->len } };
	const struct msghdr message = { .msg_iov = vec, .msg_iovlen = 2 };

	assert_int_equal(sendmsg(host, &message, 0), sizeof(f->head) + f->len);
}

/* The next of our frames at the host, its length; the header says what the host thinks of it. */
static ssize_t host_gets(struct host_frame *f)
{
	ssize_t len;

	do {
		struct iovec vec[2] = { { &f->head, sizeof(f->head) },
					{ f->data, sizeof(f->data) } };
		struct msghdr message = { .msg_iov = vec, .msg_iovlen = 2 };

		len = recvmsg(host, &message, 0);
		/* Said once to whoever was there when the device went down. */
	} while (len < 0 ? errno == ENETDOWN : !is_ours(f->data));
	return len - (ssize_t)sizeof(f->head);
}

static void wire_sends(uint32_t number, unsigned flags)
{
	uint8_t data[64] = "\2tests\2wire.\x88\xb5";
	const struct tp_wire_piece pieces[] = { { data, 20 }, { data + 20, 44 } };
	const struct tp_wire_frame sent = { pieces, 2, 64, flags };

	tp_put_be32(data + 14, number);
	tp_wire_send(wire, 0, &sent, 1);
}

static void frames_reach_the_host(void **state)
{
	(void)state;
	need_tap();
	for (unsigned i = 0; i < 10; i++)
		wire_sends(i, i & 1 ? TP_WIRE_CSUM_GOOD : 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(host_gets(&frame), 64);
		assert_int_equal(tp_be32(frame.data + 14), i);
	}
	assert_int_equal(stat_now().written, 10);
}

static void damaged_frames_do_not(void **state)
{
	(void)state;
	need_tap();
	wire_sends(1, TP_WIRE_FCS_BAD);
	wire_sends(2, 0);
	assert_int_equal(host_gets(&frame), 64);
	assert_int_equal(tp_be32(frame.data + 14), 2);
	assert_int_equal(stat_now().refused, 1);
}

static void what_the_host_refuses_is_counted(void **state)
{
	(void)state;
	need_tap();
	must(tp_fault_arm("model/tap-write", 1, 1));
	wire_sends(1, 0);
	tp_fault_reset();
	set_up(false);
	wire_sends(2, 0);
	assert_int_equal(stat_now().refused, 2);
	set_up(true);
	wire_sends(3, 0);
	assert_int_equal(host_gets(&frame), 64);
	assert_int_equal(tp_be32(frame.data + 14), 3);
}

static void frames_of_the_host_are_padded(void **state)
{
	(void)state;
	need_tap();
	memset(&frame, 0xff, sizeof(frame));
	memcpy(frame.data, "\2tests\2host.\x88\xb5", 14);
	frame.head = (struct virtio_net_hdr){ 0 };
	frame.len = 20;
	host_sends(&frame);
	assert_int_equal(wait_for(1), 1);
	assert_int_equal(got.frames[0].len, 60);
	assert_memory_equal(got.frames[0].data, frame.data, 20);
	for (unsigned i = 20; i < 60; i++)
		assert_int_equal(got.frames[0].data[i], 0);
}

static void large_frames_of_the_host_are_cut(void **state)
{
	struct tp_tap_stat s;

	(void)state;
	need_tap();
	for (unsigned six = 0; six < 2; six++) {
		tp_atomic_store(&got.n, 0, TP_RELEASE);
		make_large(&frame, six);
		host_sends(&frame);
		wait_for(21);
		must_be_the_segments_of(&frame, six);
	}
	s = stat_now();
	assert_int_equal(s.cut, 2);
	assert_int_equal(s.segments, 42);
	assert_int_equal(s.read, s.whole + s.cut + s.malformed);
}

static void checksums_of_the_host_are_finished(void **state)
{
	(void)state;
	need_tap();
	make_tcp(&frame, false, 500);
	host_sends(&frame);
	assert_int_equal(wait_for(1), 1);
	assert_int_equal(got.frames[0].flags, TP_WIRE_CSUM_GOOD);
	must_be_whole(got.frames[0].data, got.frames[0].len);
}

/* What the host makes of it depends on its version; it must not take offence. */
static void the_host_takes_frames_with_good_checksums(void **state)
{
	(void)state;
	need_tap();
	wire_sends(1, TP_WIRE_CSUM_GOOD);
	wire_sends(2, 0);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(host_gets(&frame), 64);
		assert_int_equal(tp_be32(frame.data + 14), i);
	}
}

static void a_device_that_goes_away_stops_the_reader_only(void **state)
{
	char command[80];

	(void)state;
	need_tap();
	snprintf(command, sizeof(command), "ip link delete %s 2>&1", name);
	if (system(command)) {
		print_message("this needs ip of iproute2\n");
		skip();
	}
	wire_sends(1, 0);
	assert_int_equal(stat_now().refused, 1);
}

static void a_tap_that_cannot_be_opened_leaves_nothing(void **state)
{
	struct tp_tap *other;

	(void)state;
	need_tap();
	assert_int_equal(tp_tap_open("a-name-that-is-too-long", wire, 1, false, &other), -EINVAL);
	assert_int_equal(tp_tap_open(name, wire, 1, false, &other), -EBUSY); /* the host says so */
	assert_int_equal(tp_tap_open("tpother", wire, 1, false, &other),
			 -EBUSY); /* the wire does */
	tp_wire_unplug(wire, 0);
	must(tp_fault_arm("model/tap-open", 1, 1));
	assert_int_equal(tp_tap_open("tpother", wire, 0, false, &other), -EIO);
	must(tp_fault_arm("core/thread", 1, 1));
	assert_int_equal(tp_tap_open("tpother", wire, 0, false, &other), -EAGAIN);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_tap_open("tpother", wire, 0, false, &other), -ENOMEM);
	tp_fault_reset();
	assert_int_equal(if_nametoindex("tpother"), 0);
	must(tp_wire_plug(wire, 0, &keeper));
}

#define OFFLOAD_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
#define PLAIN_TEST(test)   cmocka_unit_test_setup_teardown(test, begin_plain, end_tap)
#define TAP_TEST(test)	   cmocka_unit_test_setup_teardown(test, begin_offload, end_tap)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLOAD_TEST(a_partial_checksum_is_finished),
		OFFLOAD_TEST(a_frame_that_is_finished_stays_as_it_is),
		OFFLOAD_TEST(a_large_frame_is_cut),
		OFFLOAD_TEST(a_checksum_outside_the_frame_is_refused),
		OFFLOAD_TEST(a_large_frame_that_makes_no_sense_is_refused),
		OFFLOAD_TEST(nonsense_does_no_harm),
		PLAIN_TEST(frames_reach_the_host),
		PLAIN_TEST(damaged_frames_do_not),
		PLAIN_TEST(what_the_host_refuses_is_counted),
		PLAIN_TEST(frames_of_the_host_are_padded),
		TAP_TEST(frames_reach_the_host),
		TAP_TEST(large_frames_of_the_host_are_cut),
		TAP_TEST(checksums_of_the_host_are_finished),
		TAP_TEST(the_host_takes_frames_with_good_checksums),
		TAP_TEST(a_device_that_goes_away_stops_the_reader_only),
		TAP_TEST(a_tap_that_cannot_be_opened_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
