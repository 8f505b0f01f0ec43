/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every change of the configuration: closed, open, in traffic; and the way back when it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"

static const struct tp_avf_model_config four_queues = { .queues = 4 };

static int setup(void **state)
{
	return bench_setup(state, TP_AVF_RUN_NONE, four_queues);
}

static int setup_interrupts(void **state)
{
	return bench_setup(state, TP_AVF_RUN_INTERRUPT, four_queues);
}

static const struct tp_net_config *now(struct bench *b)
{
	return &b->side[0].nd->config;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void fewer_queues(struct tp_net_config *c)
{
	c->queues = 1;
}

static void fewer_queues_kept(struct tp_net_config *c)
{
	c->queues = 3;
	c->keep_stats = true;
}

static void other_rings(struct tp_net_config *c)
{
	c->rx_ring = 256;
	c->tx_ring = 96;
}

static void jumbo(struct tp_net_config *c)
{
	c->mtu = 9000;
}

static void other_mac(struct tp_net_config *c)
{
	c->mac[5] = 0x99;
}

static void promisc(struct tp_net_config *c)
{
	c->promisc = true;
}

static void fewer_features(struct tp_net_config *c)
{
	c->features = TP_NET_TX_CSUM;
}

static void other_intervals(struct tp_net_config *c)
{
	c->rx_usecs = 0;
	c->tx_usecs = 8160;
}

static void everything(struct tp_net_config *c)
{
	c->queues = 2;
	other_rings(c);
	jumbo(c);
	other_mac(c);
	promisc(c);
	fewer_features(c);
	other_intervals(c);
}

static const struct change {
	const char *name;
	void (*apply)(struct tp_net_config *config);
} changes[] = {
	{ "queues", fewer_queues },	{ "queues, kept", fewer_queues_kept },
	{ "rings", other_rings },	{ "mtu", jumbo },
	{ "mac", other_mac },		{ "promisc", promisc },
	{ "features", fewer_features }, { "usecs", other_intervals },
	{ "everything", everything },
};

static int change(struct bench *b, const struct tp_net_config *to)
{
	return tp_net_configure(b->m, "avf0", to);
}

/* What the device knows is what is configured. */
static void assert_told(struct bench *b)
{
	const struct tp_net_config *c = now(b);
	const struct tp_avf_model *m = b->side[0].model;
	const struct bench_device d = bench_look(b, 0);

	assert_int_equal(d.enabled[0], (1u << c->queues) - 1);
	assert_int_equal(d.nr_macs, 1);
	assert_memory_equal(m->port.macs[0], c->mac, 6);
	assert_int_equal(d.promisc, c->promisc);
	assert_int_equal(d.vlan_strip, !!(c->features & TP_NET_RX_VLAN));
	for (unsigned i = 0; i < TP_AVF_HLUT_ENTRIES; i++)
		assert_int_equal(d.lut[i], i % c->queues);
	for (unsigned q = 0; q < c->queues; q++) {
		assert_int_equal(d.rx_count[q], c->rx_ring);
		assert_int_equal(d.tx_count[q], c->tx_ring);
		assert_int_equal(d.intervals[q], (c->rx_usecs / 2) << 16 | c->tx_usecs / 2);
	}
	assert_int_equal(bench_info(b, 0).active_queues, c->queues);
	assert_true(bench_info(b, 0).carrier);
}

static void changes_while_closed(void **state)
{
	struct bench *b = *state;
	const struct tp_net_config old = *now(b);

	must(tp_net_open(b->m, "avf1"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(changes); i++) {
		struct tp_net_config new = old;

		changes[i].apply(&new);
		must(change(b, &new));
		must(tp_net_open(b->m, "avf0"));
		assert_told(b);
		bench_exchange(b);
		must(tp_net_close(b->m, "avf0"));
		must(change(b, &old));
	}
}

static void changes_in_traffic(void **state)
{
	struct bench *b = *state;
	const struct tp_net_config old = *now(b);

	bench_open(b);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(changes); i++) {
		struct tp_net_config new = old;

		changes[i].apply(&new);
		bench_exchange(b);
		bench_send(b, 0, 0, 5);
		bench_send(b, 1, 0, 5);
		must(change(b, &new));
		assert_told(b);
		bench_exchange(b);
		bench_send(b, 0, 0, 5);
		must(change(b, &old));
		assert_told(b);
	}
	assert_int_equal(bench_info(b, 0).resets, 0);
}

/* From each to each. */
static void changes_in_a_row(void **state)
{
	struct bench *b = *state;
	const struct tp_net_config old = *now(b);

	bench_open(b);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(changes); i++)
		for (unsigned k = 0; k < TP_ARRAY_SIZE(changes); k++) {
			struct tp_net_config one = old, two = old;

			changes[i].apply(&one);
			changes[k].apply(&two);
			must(change(b, &one));
			bench_exchange(b);
			must(change(b, &two));
			assert_told(b);
			bench_exchange(b);
		}
}

/* Reports begin anew or go on, as asked; the counters themselves never go back. */
static void counters_survive_Q2(void **state)
{
	struct bench *b = *state;
	struct tp_net_config c = *now(b);
	struct tp_sq_values before, after;

	bench_open(b);
	bench_exchange(b);
	tp_sq_stats_read(&b->side[0].nd->sq_stats[0], &before);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(changes); i++) {
		struct tp_net_config new = c;

		changes[i].apply(&new);
		must(change(b, &new));
		must(change(b, &c));
		tp_sq_stats_read(&b->side[0].nd->sq_stats[0], &after);
		for (unsigned n = 0; n < TP_SQ_EXPORTS; n++)
			assert_true(after.all[n] >= before.all[n]);
	}
}

static void nonsense_changes_nothing(void **state)
{
	struct bench *b = *state;
	struct tp_net_config c = *now(b);

	bench_open(b);
	c.queues = 5;
	assert_int_equal(change(b, &c), -EINVAL);
	c = *now(b);
	c.rx_ring = 65;
	assert_int_equal(change(b, &c), -EINVAL);
	c = *now(b);
	c.mtu = 9703;
	assert_int_equal(change(b, &c), -EINVAL);
	c = *now(b);
	c.features = ~0u;
	assert_int_equal(change(b, &c), -EOPNOTSUPP);
	assert_told(b);
}

/* ---- failing --------------------------------------------------------------------------------- */

static bool happened(const char *site)
{
	static struct tp_fault_info sites[512];
	size_t n = tp_fault_list(sites, TP_ARRAY_SIZE(sites));

	for (size_t i = 0; i < n && i < TP_ARRAY_SIZE(sites); i++)
		if (!strcmp(sites[i].name, site))
			return sites[i].injected;
	return false;
}

static const char *const fault_sites[] = { "core/alloc",      "dma/coherent",	"dma/map",
					   "core/iommu-leaf", "dma/pool-page",	"core/thread",
					   "net/avf-aq-send", "net/avf-filter", "net/avf-up" };

static void assert_configured(struct bench *b, const struct tp_net_config *c)
{
	assert_memory_equal(now(b)->mac, c->mac, 6);
	assert_int_equal(now(b)->mtu, c->mtu);
	assert_int_equal(now(b)->queues, c->queues);
	assert_int_equal(now(b)->rx_ring, c->rx_ring);
	assert_int_equal(now(b)->tx_ring, c->tx_ring);
	assert_int_equal(now(b)->features, c->features);
	assert_int_equal(now(b)->promisc, c->promisc);
	assert_int_equal(now(b)->rx_usecs, c->rx_usecs);
}

/*
 * Every failure but under ThreadSanitizer, which has seen all threads by then and is slow.  A
 * prime, so that it does not go with the number of queues or descriptors.
 */
enum { STRIDE = TP_TSAN ? 23 : 1 };

/* CF1: the new configuration or the old one, running. */
static bool fail_once(struct bench *b, const struct change *what, const char *site, unsigned nth)
{
	const struct tp_net_config old = *now(b);
	struct tp_net_config new = old;
	bool did;
	int err;

	what->apply(&new);
	must(tp_fault_arm(site, nth, 1));
	err = change(b, &new);
	did = happened(site);
	tp_fault_reset();
	if (err && !did)
		must(err);
	assert_configured(b, err ? &old : &new);
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	assert_told(b);
	bench_exchange(b);
	if (!err)
		must(change(b, &old));
	return did;
}

/* Each change with each fault, at the first place, the second, and so on. */
static void fail_anywhere(struct bench *b,
			  bool (*attempt)(struct bench *b, const struct change *what,
					  const char *site, unsigned nth))
{
	bench_open(b);
	for (unsigned s = 0; s < TP_ARRAY_SIZE(fault_sites); s++)
		for (unsigned i = 0; i < TP_ARRAY_SIZE(changes); i++)
			for (unsigned nth = 1; attempt(b, &changes[i], fault_sites[s], nth);
			     nth += STRIDE)
				assert_true(nth < 500);
}

static void fails_anywhere(void **state)
{
	fail_anywhere(*state, fail_once);
}

/* It goes on failing: still the old or the new one, or closed, or FAILED; and it can be mended. */
static bool fail_for_good(struct bench *b, const struct change *what, const char *site,
			  unsigned nth)
{
	const struct tp_net_config old = *now(b);
	struct tp_net_config new = old;
	bool did;
	int err;

	what->apply(&new);
	must(tp_fault_arm(site, nth, UINT64_MAX));
	err = change(b, &new);
	did = happened(site);
	tp_fault_reset();
	assert_configured(b, err ? &old : &new);
	if (bench_info(b, 0).state == TP_NET_FAILED)
		must(tp_net_reset(b->m, "avf0"));
	if (!bench_info(b, 0).up)
		must(tp_net_open(b->m, "avf0"));
	assert_told(b);
	bench_exchange(b);
	if (!err)
		must(change(b, &old));
	return did;
}

static void fails_for_good_anywhere(void **state)
{
	fail_anywhere(*state, fail_for_good);
}

/* Without memory for other rings the present ones run on, however long that lasts. */
static void no_memory_for_rings_keeps_running(void **state)
{
	struct bench *b = *state;
	struct tp_net_config new = *now(b);
	const struct tp_net_config old = new;

	bench_open(b);
	everything(&new);
	must(tp_fault_arm("dma/coherent", 1, UINT64_MAX));
	assert_int_equal(change(b, &new), -ENOMEM);
	assert_configured(b, &old);
	assert_told(b);
	tp_fault_reset();
}

#define with_bench(test) cmocka_unit_test_setup_teardown(test, setup, bench_teardown)
#define with_interrupts(test)                                                      \
	{                                                                          \
#test ", interrupts", test, setup_interrupts, bench_teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_bench(changes_while_closed),
		with_bench(changes_in_traffic),
		with_interrupts(changes_in_traffic),
		with_bench(changes_in_a_row),
		with_bench(counters_survive_Q2),
		with_bench(nonsense_changes_nothing),
		with_bench(fails_anywhere),
		with_interrupts(fails_anywhere),
		with_bench(fails_for_good_anywhere),
		with_interrupts(fails_for_good_anywhere),
		with_bench(no_memory_for_rings_keeps_running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
