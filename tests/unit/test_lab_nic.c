/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lab_nic - network devices of a lab machine: made, used, plugged in, taken away; and the
 * check that misses no frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>

#include "lab_nics.h"
#include "model/avf/internal.h"
#include "skip.h"

/* ---- devices --------------------------------------------------------------------------------- */

static unsigned nr_listed(struct nics *n)
{
	return tp_net_list(n->lm->machine, NULL, 0);
}

static void a_device_comes_is_found_and_goes(void **state)
{
	struct nics *n = *state;

	assert_null(tp_nic_find(n->lm, "avf0"));
	must(nics_create(n->lm, "avf0", &n->a));
	assert_ptr_equal(tp_nic_find(n->lm, "avf0"), n->a);
	assert_int_equal(nr_listed(n), 1);
	assert_false(nics_info(n->a).up);
	assert_null(tp_nic_used_by(n->a));
	must(tp_nic_destroy(n->a));
	assert_null(tp_nic_find(n->lm, "avf0"));
	assert_int_equal(nr_listed(n), 0);
}

/* More queues can be asked for later than there are at first. */
static void a_device_offers_all_queues(void **state)
{
	struct nics *n = *state;

	must(nics_create(n->lm, "avf0", &n->a));
	assert_int_equal(nics_info(n->a).config.queues, 2);
	assert_int_equal(nics_info(n->a).limits.max_queues, TP_NET_MAX_QUEUES);
}

static void devices_have_addresses_of_their_own(void **state)
{
	struct nics *n = *state;
	struct tp_net_info a, b;

	must(nics_create(n->lm, "avf0", &n->a));
	must(nics_create(n->lm, "avf1", &n->b));
	a = nics_info(n->a);
	b = nics_info(n->b);
	assert_memory_not_equal(a.config.mac, b.config.mac, 6);
	assert_int_equal(a.config.mac[0], 2);
}

static void names_that_cannot_be_leave_nothing_behind(void **state)
{
	struct nics *n = *state;
	struct tp_nic *nic;

	must(nics_create(n->lm, "avf0", &n->a));
	assert_int_equal(nics_create(n->lm, "avf0", &nic), -EEXIST);
	assert_int_equal(nics_create(n->lm, "", &nic), -EINVAL);
	assert_int_equal(nics_create(n->lm, "a/b", &nic), -EINVAL);
	assert_int_equal(nics_create(n->lm, "sixteen-letters!", &nic), -EINVAL);
	assert_int_equal(nr_listed(n), 1);
	must(nics_create(n->lm, "fifteen-letters", &nic));
}

static bool is_hit(const char *name, uint64_t nth, struct nics *n)
{
	struct tp_nic *nic;
	int err;

	must(tp_fault_arm(name, nth, 1));
	err = nics_create(n->lm, "avf0", &nic);
	tp_fault_reset();
	if (!err) {
		must(tp_nic_destroy(nic));
		return false;
	}
	assert_true(err == -ENOMEM || err == -EAGAIN);
	assert_int_equal(nr_listed(n), 0);
	assert_null(tp_nic_find(n->lm, "avf0"));
	return true;
}

static void every_allocation_of_a_device_may_fail(void **state)
{
	struct nics *n = *state;
	uint64_t nth = 1;

	while (is_hit("core/alloc", nth, n))
		nth++;
	assert_in_range(nth, 5, 1000);
}

/* ---- use ------------------------------------------------------------------------------------- */

struct user {
	tp_atomic_u32 frames, inside, go;
	struct tp_netdev_user user;
};

static void receive(void *arg, tp_unused unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct user *u = arg;

	tp_atomic_store(&u->inside, 1, TP_RELEASE);
	while (!tp_atomic_load(&u->go, TP_ACQUIRE))
		tp_yield();
	tp_atomic_add(&u->frames, n, TP_RELAXED);
	tp_netbuf_free_bulk(frames, n);
}

static void init_user(struct user *u, bool go)
{
	*u = (struct user){ .user = { .receive = receive, .arg = u } };
	tp_atomic_store(&u->go, go, TP_RELAXED);
}

/* As if the driver delivered a frame. */
static void deliver(struct tp_nic *nic)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(nic->netdev->pool, 60);

	assert_non_null(frame);
	tp_stats_count(&nic->netdev->rq_stats[0], packets, 1);
	nic->model->stat.queue[0].rx_offered++;
	nic->model->stat.queue[0].rx_written++;
	nic->netdev->user.receive(nic->netdev->user.arg, 0, &frame, 1);
}

static void frames_go_to_who_uses_it_or_to_nobody(void **state)
{
	struct nics *n = *state;
	struct user u;

	init_user(&u, true);
	must(nics_create(n->lm, "avf0", &n->a));
	deliver(n->a);
	must(tp_nic_use(n->a, TP_NIC_RECEIVES, &u.user, "test"));
	deliver(n->a);
	deliver(n->a);
	tp_nic_unuse(n->a, TP_NIC_RECEIVES);
	deliver(n->a);
	assert_int_equal(tp_atomic_load(&u.frames, TP_RELAXED), 2);
	assert_int_equal(tp_atomic_load(&n->a->received, TP_RELAXED), 4);
}

static void each_role_has_one_user(void **state)
{
	struct nics *n = *state;
	struct user u;

	init_user(&u, true);
	must(nics_create(n->lm, "avf0", &n->a));
	must(tp_nic_use(n->a, TP_NIC_RECEIVES, &u.user, "first"));
	assert_int_equal(tp_nic_use(n->a, TP_NIC_RECEIVES, &u.user, "second"), -EBUSY);
	assert_string_equal(tp_nic_used_by(n->a), "first");
	must(tp_nic_use(n->a, TP_NIC_SENDS, &u.user, "second"));
	tp_nic_unuse(n->a, TP_NIC_RECEIVES);
	assert_string_equal(tp_nic_used_by(n->a), "second");
	tp_nic_unuse(n->a, TP_NIC_SENDS);
	assert_null(tp_nic_used_by(n->a));
}

struct leaving {
	struct tp_nic *nic;
	tp_atomic_u32 left;
};

static void leave(void *arg)
{
	struct leaving *leaving = arg;

	tp_nic_unuse(leaving->nic, TP_NIC_RECEIVES);
	tp_atomic_store(&leaving->left, 1, TP_RELEASE);
}

static void deliver_to(void *arg)
{
	deliver(arg);
}

/* N2 */
static void who_leaves_is_told_no_more(void **state)
{
	struct nics *n = *state;
	struct tp_thread delivery, departure;
	struct leaving leaving;
	struct user u;

	init_user(&u, false);
	must(nics_create(n->lm, "avf0", &n->a));
	must(tp_nic_use(n->a, TP_NIC_RECEIVES, &u.user, "test"));
	leaving = (struct leaving){ .nic = n->a };
	must(tp_thread_start(&delivery, "delivery", deliver_to, n->a));
	nics_wait(tp_atomic_load(&u.inside, TP_ACQUIRE));
	must(tp_thread_start(&departure, "departure", leave, &leaving));
	/* Once it has begun to leave, a second frame is nobody's; it waits for the first only. */
	nics_wait(!tp_atomic_load(&n->a->uses[TP_NIC_RECEIVES].user, TP_ACQUIRE));
	deliver(n->a);
	assert_int_equal(tp_atomic_load(&leaving.left, TP_ACQUIRE), 0);
	tp_atomic_store(&u.go, 1, TP_RELEASE);
	tp_thread_join(&departure);
	tp_thread_join(&delivery);
	assert_int_equal(tp_atomic_load(&u.frames, TP_RELAXED), 1);
}

/* ---- who checks, under the machine's lock, while others make changes ------------------------- */

enum { A_WHILE_MS = 20 };

static void destroy_nic(void *nic)
{
	must(tp_nic_destroy(nic));
}

static void destroy_cable(void *cable)
{
	tp_cable_destroy(cable);
}

/* Long enough for whoever does not wait for the lock. */
static void hold_while(struct nics *n, void (*destroy)(void *arg), void *arg,
		       bool (*is_whole)(struct nics *n))
{
	struct tp_thread thread;
	bool whole = true;

	tp_mutex_lock(&n->lm->lock);
	must(tp_thread_start(&thread, "destroyer", destroy, arg));
	for (unsigned i = 0; i < A_WHILE_MS && whole; i++) {
		tp_sleep_ns(TP_MILLISECONDS(1));
		tp_nics_verify(n->lm, &n->run->findings);
		whole = is_whole(n) && !tp_findings_count(&n->run->findings);
	}
	tp_mutex_unlock(&n->lm->lock);
	tp_thread_join(&thread);
	assert_true(whole);
}

static bool has_device(struct nics *n)
{
	struct tp_net_info info;

	return !tp_net_info(n->lm->machine, "avf0", &info);
}

static void a_device_that_is_checked_stays(void **state)
{
	struct nics *n = *state;

	must(nics_create(n->lm, "avf0", &n->a));
	hold_while(n, destroy_nic, n->a, has_device);
	assert_false(has_device(n));
}

static bool has_cable(struct nics *n)
{
	return n->a->cable;
}

static void a_cable_that_is_checked_stays(void **state)
{
	struct nics *n = *state;

	hold_while(n, destroy_cable, n->cable, has_cable);
	assert_null(n->a->cable);
}

/* ---- cables ---------------------------------------------------------------------------------- */

static void the_link_comes_and_goes_with_the_wire(void **state)
{
	struct nics *n = *state;

	nics_wait_link(n);
	tp_cable_destroy(n->cable);
	nics_wait(!nics_info(n->a).carrier && !nics_info(n->b).carrier);
	must(tp_cable_create(n->b, n->a, &n->cable));
	nics_wait_link(n);
}

static void a_port_takes_one_wire(void **state)
{
	struct nics *n = *state;
	struct tp_cable *cable;
	struct tp_nic *c;

	must(nics_create(n->lm, "avf2", &c));
	assert_int_equal(tp_cable_create(n->a, c, &cable), -EBUSY);
	assert_int_equal(tp_cable_create(c, n->a, &cable), -EBUSY);
	assert_int_equal(tp_cable_create(c, c, &cable), -EBUSY);
	assert_null(c->cable);
	assert_ptr_equal(n->a->cable, n->cable);
	tp_cable_destroy(n->cable);
	must(tp_cable_create(c, n->a, &cable));
}

static void every_allocation_of_a_wire_may_fail(void **state)
{
	struct nics *n = *state;
	uint64_t nth = 0;
	int err;

	tp_cable_destroy(n->cable);
	do {
		must(tp_fault_arm("core/alloc", ++nth, 1));
		err = tp_cable_create(n->a, n->b, &n->cable);
		tp_fault_reset();
		assert_true(!err || err == -ENOMEM);
		assert_int_equal(!err, n->a->cable && n->b->cable);
	} while (err);
	assert_in_range(nth, 3, 100);
}

static void a_wire_may_lead_to_the_host(void **state)
{
	struct nics *n = *state;
	struct tp_cable *cable;
	int err;

	if (access("/dev/net/tun", W_OK))
		SKIP("this needs /dev/net/tun and the right to open it");
	must(nics_create(n->lm, "avf0", &n->a));
	must(tp_net_open(n->lm->machine, "avf0"));
	err = tp_cable_tap(n->a, "tplabnic0", true, &cable);
	if (err == -EPERM)
		SKIP("this needs CAP_NET_ADMIN");
	must(err);
	nics_wait(nics_info(n->a).carrier);
	assert_int_equal(tp_cable_tap(n->a, "tplabnic1", true, &cable), -EBUSY);
	tp_cable_destroy(n->a->cable);
	assert_int_equal(tp_cable_tap(n->a, "a-name-longer-than-any", true, &cable), -EINVAL);
	assert_null(n->a->cable);
}

/* A frame from the one device's side, as that device would send it. */
static void send_on_wire(struct nics *n)
{
	static const uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	const struct tp_wire_piece piece = { bytes, sizeof(bytes) };
	const struct tp_wire_frame frame = { .pieces = &piece, .nr_pieces = 1, .len = 60 };

	tp_wire_send(n->cable->wire, 0, &frame, 1);
	n->a->model->stat.queue[0].tx_frames++;
	n->a->model->stat.queue[0].tx_sent++;
	tp_stats_count(&n->a->netdev->sq_stats[0].poll, packets, 1);
}

static struct tp_wire_stat wire_stat(struct nics *n)
{
	struct tp_wire_stat s;

	tp_wire_stat(n->cable->wire, 0, &s);
	return s;
}

/* Nobody sends anything after it. */
static void what_was_held_back_comes_when_it_is_time(void **state)
{
	const struct tp_wire_mishap slow[2] = { { .delay_ns = TP_MILLISECONDS(30) } };
	const struct tp_wire_mishap shuffled[2] = { { .reorder_ppm = 1000000 } };
	struct nics *n = *state;

	nics_wait_link(n);
	must(tp_cable_set_mishap(n->cable, slow));
	send_on_wire(n);
	nics_wait(wire_stat(n).delivered == 1);
	must(tp_cable_set_mishap(n->cable, shuffled));
	send_on_wire(n);
	nics_wait(wire_stat(n).delivered == 2);
	assert_int_equal(wire_stat(n).held, 0);
	nics_wait(tp_atomic_load(&n->b->received, TP_RELAXED) == 2);
}

/* ---- is every frame accounted for? ----------------------------------------------------------- */

/* Checked as after a step: @nr findings, one of which says @words; then they are forgotten. */
static void expect_findings(struct nics *n, unsigned nr, const char *words)
{
	struct tp_findings *findings = &n->run->findings;

	tp_nics_verify(n->lm, findings);
	if (!strstr(findings->text, words))
		fail_msg("\"%s\" does not say \"%s\"", findings->text, words);
	assert_int_equal(tp_findings_count(findings), nr);
	tp_findings_init(findings);
}

static void expect_nothing(struct nics *n)
{
	tp_nics_verify(n->lm, &n->run->findings);
	assert_string_equal(n->run->findings.text, "");
}

static void a_quiet_device_has_nothing_to_hide(void **state)
{
	nics_wait_link((struct nics *)*state);
	expect_nothing(*state);
}

/* Any counter of the device that is one too high is seen; twice, where it tells of others too. */
static void the_device_must_agree_with_itself(void **state)
{
	struct nics *n = *state;
	struct tp_avf_model_stat *stat = &n->b->model->stat;
	const struct {
		uint64_t *counter;
		unsigned findings;
		const char *words;
	} cases[] = {
		{ &stat->queue[0].rx_offered, 2, "avf1 queue 0: the port was offered frames" },
		{ &stat->queue[1].rx_drop_no_desc, 1, "avf1 queue 1: the port was offered" },
		{ &stat->queue[0].rx_drop_disabled, 1, "the port was offered frames" },
		{ &stat->queue[0].rx_drop_fault, 1, "the port was offered frames" },
		{ &stat->queue[15].rx_drop_oversize, 1, "queue 15: the port was offered" },
		{ &stat->queue[0].rx_written, 1, "the port was offered frames" },
		{ &stat->queue[1].tx_frames, 1, "avf1 queue 1: the device was told to send" },
		{ &stat->queue[0].tx_drop_malformed, 1, "the device was told to send" },
		{ &stat->queue[0].tx_drop_fault, 1, "the device was told to send" },
		{ &stat->queue[0].tx_drop_spoof, 1, "the device was told to send" },
		{ &stat->queue[0].tx_drop_link, 1, "the device was told to send" },
		{ &stat->rx_fcs_bad, 1, "from avf0: another number of frames reached the device" },
		{ &stat->rx_filtered, 1, "another number of frames reached the device" },
		{ &stat->rx_no_link, 1, "another number of frames reached the device" },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		++*cases[i].counter;
		expect_findings(n, cases[i].findings, cases[i].words);
		--*cases[i].counter;
	}
	expect_nothing(n);
}

static void the_driver_must_agree_with_the_device(void **state)
{
	struct nics *n = *state;
	struct tp_netdev *nd = n->b->netdev;

	/* Written and offered, but not delivered: dropped, if it says so. */
	n->b->model->stat.queue[1].rx_written++;
	n->b->model->stat.queue[1].rx_offered++;
	n->b->model->stat.rx_filtered--;
	expect_findings(n, 1, "avf1 queue 1: the device wrote frames that were neither");
	tp_stats_count(&nd->rq_stats[1], drop_error, 1);
	expect_nothing(n);
	/* Completed, but not sent: a device that drops may do that. */
	tp_stats_count(&nd->sq_stats[0].poll, packets, 1);
	expect_findings(n, 1, "queue 0: the driver completed another number of frames");
	n->b->model->stat.queue[0].tx_frames++;
	n->b->model->stat.queue[0].tx_drop_malformed++;
	expect_nothing(n);
}

/* Whoever waits for the last frame of one way does not wait for those of the other. */
static void each_way_balances_by_itself(void **state)
{
	struct nics *n = *state;
	const struct {
		uint64_t *counter;
		bool there, back;
	} cases[] = {
		{ &n->a->model->stat.queue[0].tx_frames, false, true },
		{ &n->a->model->stat.queue[1].tx_sent, false, true },
		{ &n->b->model->stat.queue[0].rx_offered, false, true },
		{ &n->b->model->stat.rx_filtered, false, true },
		{ &n->b->model->stat.queue[1].rx_written, false, true },
		{ &n->b->model->stat.queue[0].tx_frames, true, false },
		{ &n->a->model->stat.queue[15].rx_written, true, false },
		{ &n->a->model->stat.rx_no_link, true, false },
	};

	for (size_t i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		++*cases[i].counter;
		assert_int_equal(tp_nics_balance(n->a, n->b), cases[i].there);
		assert_int_equal(tp_nics_balance(n->b, n->a), cases[i].back);
		--*cases[i].counter;
	}
	assert_true(tp_nics_balance(n->a, n->b) && tp_nics_balance(n->b, n->a));
}

static void whoever_is_handed_the_frames_must_agree_with_the_driver(void **state)
{
	struct nics *n = *state;

	tp_atomic_add(&n->a->received, 1, TP_RELAXED);
	expect_findings(n, 1, "avf0: the driver counted 0 frames as delivered, 1 came");
	tp_atomic_sub(&n->a->received, 1, TP_RELAXED);
	expect_nothing(n);
}

static void the_wire_must_agree_with_its_devices(void **state)
{
	struct nics *n = *state;

	nics_wait_link(n);
	send_on_wire(n);
	expect_nothing(n);
	assert_int_equal(tp_atomic_load(&n->b->received, TP_RELAXED), 1);
	n->a->model->stat.queue[0].tx_frames--;
	n->a->model->stat.queue[0].tx_sent--;
	tp_stats_count(&n->a->netdev->sq_stats[0].poll, packets, -1);
	expect_findings(n, 1, "from avf0: the device sent another number of frames (0, 1)");
	n->cable->before[0].sent--;
	expect_nothing(n);
}

/* What was before a wire was plugged in is none of its business. */
static void a_new_wire_begins_at_nothing(void **state)
{
	struct nics *n = *state;

	nics_wait_link(n);
	send_on_wire(n);
	nics_wait(tp_atomic_load(&n->b->received, TP_RELAXED) == 1);
	tp_cable_destroy(n->cable);
	must(tp_cable_create(n->a, n->b, &n->cable));
	expect_nothing(n);
	nics_wait_link(n);
	send_on_wire(n);
	expect_nothing(n);
}

/* Counters of queues that are no more count on. */
static void another_number_of_queues_hides_nothing(void **state)
{
	struct nics *n = *state;
	struct tp_net_config config = nics_info(n->a).config;

	config.queues = 1;
	must(tp_net_configure(n->lm->machine, "avf0", &config));
	n->a->model->stat.queue[1].tx_frames++;
	expect_findings(n, 1, "avf0 queue 1: the device was told to send");
	n->a->model->stat.queue[1].tx_frames--;
	expect_nothing(n);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void a_frame_that_is_held_is_named_at_the_end(void **state)
{
	struct nics *n = *state;
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(n->a->netdev->pool, 60);

	assert_non_null(frame);
	tp_lab_machine_close(n->lm);
	assert_int_equal(tp_findings_count(&n->run->findings), 1);
	assert_non_null(strstr(n->run->findings.text, "avf0 cannot be taken away: "));
	assert_null(tp_nic_find(n->lm, "avf1"));
	/* The machine waits for it. */
	assert_non_null(n->lm->machine);
	tp_findings_init(&n->run->findings);
	tp_netbuf_free(frame);
	tp_lab_machine_close(n->lm);
	assert_null(n->lm->machine);
}

#define MACHINE_TEST(name) cmocka_unit_test_setup_teardown(name, setup_nics_machine, teardown_nics)
#define NICS_TEST(name)	   cmocka_unit_test_setup_teardown(name, setup_nics, teardown_nics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MACHINE_TEST(a_device_comes_is_found_and_goes),
		MACHINE_TEST(a_device_offers_all_queues),
		MACHINE_TEST(devices_have_addresses_of_their_own),
		MACHINE_TEST(names_that_cannot_be_leave_nothing_behind),
		MACHINE_TEST(every_allocation_of_a_device_may_fail),
		MACHINE_TEST(frames_go_to_who_uses_it_or_to_nobody),
		MACHINE_TEST(each_role_has_one_user),
		MACHINE_TEST(who_leaves_is_told_no_more),
		MACHINE_TEST(a_device_that_is_checked_stays),
		NICS_TEST(a_cable_that_is_checked_stays),
		NICS_TEST(the_link_comes_and_goes_with_the_wire),
		NICS_TEST(a_port_takes_one_wire),
		NICS_TEST(every_allocation_of_a_wire_may_fail),
		MACHINE_TEST(a_wire_may_lead_to_the_host),
		NICS_TEST(what_was_held_back_comes_when_it_is_time),
		NICS_TEST(a_quiet_device_has_nothing_to_hide),
		NICS_TEST(the_device_must_agree_with_itself),
		NICS_TEST(the_driver_must_agree_with_the_device),
		NICS_TEST(each_way_balances_by_itself),
		NICS_TEST(whoever_is_handed_the_frames_must_agree_with_the_driver),
		NICS_TEST(the_wire_must_agree_with_its_devices),
		NICS_TEST(a_new_wire_begins_at_nothing),
		NICS_TEST(another_number_of_queues_hides_nothing),
		NICS_TEST(a_frame_that_is_held_is_named_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
