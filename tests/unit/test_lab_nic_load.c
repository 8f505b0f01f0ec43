/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lab_nic_load - loads on network devices: what traffic finds, and a server that cannot begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lab_nics.h"
#include "lab/server.h"
#include "lab/traffic.h"
#include "net/avf/avf_regs.h"
#include "net/probe.h"
#include "skip.h"

enum { SEED = 11 };

static struct tp_load *start_traffic(struct nics *n)
{
	const struct tp_traffic_config traffic = { .from = n->a,
						   .to = n->b,
						   .min_frame = 200,
						   .max_frame = 200,
						   .flows = 2,
						   .rate = 2000,
						   .csum = true,
						   .content = true };
	const struct tp_load_config config = {
		.name = "flood", .seed = SEED, .node = TP_NODE_NONE, .traffic = &traffic
	};
	struct tp_load *load;

	must(tp_load_create(&tp_load_traffic, n->lm->machine, &config, &n->run->findings, &load));
	tp_lab_machine_add_load(n->lm, load);
	return load;
}

/* The device is as it was, and free for another. */
static void a_server_whose_device_does_not_open_leaves_nothing(void **state)
{
	struct nics *n = *state;
	const struct tp_lab_server_config server = {
		.nic = n->a, .ipv4 = { 10, 1, 1, 1 }, .ipv4_bits = 24, .content = 1000
	};
	const struct tp_load_config config = { .name = "server",
					       .node = TP_NODE_NONE,
					       .server = &server };
	struct tp_load *load;

	if (!tp_load_server)
		skip();
	must(tp_fault_arm("net/avf-up", 1, 1));
	assert_int_equal(tp_load_create(tp_load_server, n->lm->machine, &config, &n->run->findings,
					&load),
			 -EIO);
	tp_fault_reset();
	assert_null(tp_nic_used_by(n->a));
	assert_true(nics_info(n->a).up);
	must(tp_load_create(tp_load_server, n->lm->machine, &config, &n->run->findings, &load));
	tp_lab_machine_add_load(n->lm, load);
}

static void stop_with(struct nics *n, struct tp_load *load, const char *words)
{
	struct tp_findings *findings = &n->run->findings;

	must(tp_lab_machine_stop_load(n->lm, load));
	if (!strstr(findings->text, words))
		fail_msg("\"%s\" does not say \"%s\"", findings->text, words);
	tp_findings_init(findings);
}

/* A datagram of the traffic's first flow, whose content follows from another seed. */
static void send_damaged(struct nics *n)
{
	enum { PAYLOAD = 100 };
	struct tp_probe probe = { .seed = SEED + 1, .flows = 1 };
	const struct tp_probe_layout at = tp_probe_layout(&probe);
	uint8_t bytes[TP_PROBE_MAX_HEADERS + PAYLOAD];
	const struct tp_wire_piece piece = { bytes, at.payload_at + PAYLOAD };
	const struct tp_wire_frame frame = { .pieces = &piece,
					     .nr_pieces = 1,
					     .len = at.payload_at + PAYLOAD };

	memcpy(probe.dst_mac, nics_info(n->b).config.mac, 6);
	tp_probe_headers(&probe, 0, 0, PAYLOAD, bytes);
	tp_probe_put_tag(0, 7, bytes + at.payload_at);
	tp_probe_fill(tp_probe_key(SEED + 1, 0, 7), 0, bytes + at.payload_at + TP_PROBE_TAG,
		      PAYLOAD - TP_PROBE_TAG);
	tp_probe_checksums(&probe, bytes, bytes + at.payload_at, PAYLOAD);
	tp_wire_send(n->cable->wire, 0, &frame, 1);
}

static void traffic_sees_content_that_is_not_its_own(void **state)
{
	struct nics *n = *state;
	struct tp_load *load;

	nics_wait_link(n);
	load = start_traffic(n);
	nics_wait(tp_atomic_load(&n->b->received, TP_RELAXED) > 10);
	send_damaged(n);
	stop_with(n, load, "flood: 1 frames came damaged");
	n->cable->before[0].sent--; /* it came from nowhere */
}

static void say_wrong_checksum(void *arg, unsigned queue, uint64_t qw[4])
{
	(void)arg;
	(void)queue;
	if (qw[1] & TP_AVF_RXD_EOP)
		qw[1] |= TP_AVF_RXD_L3L4P | TP_AVF_RXE_L4E;
}

static void traffic_sees_a_device_that_finds_fault_with_good_frames(void **state)
{
	struct nics *n = *state;
	struct tp_load *load;

	nics_wait_link(n);
	tp_avf_model_tamper_rx(n->b->model, say_wrong_checksum, NULL);
	load = start_traffic(n);
	nics_wait(tp_atomic_load(&n->b->received, TP_RELAXED) > 10);
	stop_with(n, load, "flood: the device took the checksums of ");
	tp_avf_model_tamper_rx(n->b->model, NULL, NULL);
}

#define NICS_TEST(name) cmocka_unit_test_setup_teardown(name, setup_nics, teardown_nics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NICS_TEST(a_server_whose_device_does_not_open_leaves_nothing),
		NICS_TEST(traffic_sees_content_that_is_not_its_own),
		NICS_TEST(traffic_sees_a_device_that_finds_fault_with_good_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
