/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a device that was just found to traffic and back: what is said, and what is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_fake_machine.h"

struct expected {
	uint32_t op;
	unsigned len;
};

static void assert_said(const struct fake_machine *fm, const struct expected *e, unsigned n)
{
	for (unsigned i = 0; i < n && i < fm->fake.nr_ops; i++) {
		assert_int_equal(fm->fake.ops[i], e[i].op);
		assert_int_equal(fm->fake.lens[i], e[i].len);
	}
	assert_int_equal(fm->fake.nr_ops, n);
}

#define assert_said_exactly(fm, ...)                              \
	assert_said(fm, (const struct expected[]){ __VA_ARGS__ }, \
		    sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

static void forget(struct fake_machine *fm)
{
	fake_forget_log(&fm->fake);
}

/* ---- order and lengths ----------------------------------------------------------------------- */

/* As Linux 6.12 was seen to do it, with two pairs. */
static void handshake_as_seen(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.queues = 2;
	fm->fake.caps &= ~TP_VC_CAP_VLAN_V2 & ~TP_VC_CAP_VLAN;
	make_fake_driver(fm);
	assert_said_exactly(fm, { TP_VC_VERSION, 8 }, { TP_VC_GET_VF_RESOURCES, 4 },
			    { TP_VC_CONFIG_IRQ_MAP, 50 }, { TP_VC_CONFIG_RSS_KEY, 57 },
			    { TP_VC_CONFIG_RSS_LUT, 69 }, { TP_VC_GET_RSS_HENA_CAPS, 0 },
			    { TP_VC_SET_RSS_HENA, 8 });
	forget(fm);
	must(tp_net_open(fm->m, "avf0"));
	assert_said_exactly(fm, { TP_VC_ADD_ETH_ADDR, 20 }, { TP_VC_CONFIG_VSI_QUEUES, 200 },
			    { TP_VC_ENABLE_QUEUES, 12 });
	forget(fm);
	must(tp_net_close(fm->m, "avf0"));
	assert_said_exactly(fm, { TP_VC_DISABLE_QUEUES, 12 }, { TP_VC_DEL_ETH_ADDR, 20 });
}

static void one_pair_as_seen(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.queues = 1;
	make_fake_driver(fm);
	forget(fm);
	must(tp_net_open(fm->m, "avf0"));
	assert_said_exactly(fm, { TP_VC_ADD_ETH_ADDR, 20 }, { TP_VC_CONFIG_VSI_QUEUES, 136 },
			    { TP_VC_ENABLE_QUEUES, 12 });
}

static void vlan_caps_are_asked_for(void **state)
{
	struct fake_machine *fm = *state;

	make_fake_driver(fm);
	assert_int_equal(fm->fake.ops[2], TP_VC_GET_VLAN_V2_CAPS);
	assert_int_equal(fake_count(&fm->fake, TP_VC_ENABLE_VLAN_STRIPPING_V2), 1);
	assert_true(fake_info(fm).limits.features & TP_NET_RX_VLAN);
}

static void old_vlan_messages(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.caps &= ~TP_VC_CAP_VLAN_V2;
	make_fake_driver(fm);
	assert_int_equal(fake_count(&fm->fake, TP_VC_GET_VLAN_V2_CAPS), 0);
	assert_int_equal(fake_count(&fm->fake, TP_VC_ENABLE_VLAN_STRIPPING), 1);
}

/* A physical function that takes no messages about hashing: registers. */
static void hashing_by_registers(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.caps &= ~TP_VC_CAP_RSS_PF;
	make_fake_driver(fm);
	assert_int_equal(fake_count(&fm->fake, TP_VC_CONFIG_RSS_KEY), 0);
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_HLUT(0)), 0x03020100);
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_HLUT(15)), 0x03020100);
	assert_memory_equal(fake_reg(&fm->fake, TP_AVF_HKEY(0)), fm->avf->rss_key,
			    TP_AVF_HKEY_BYTES);
	assert_true(*fake_reg(&fm->fake, TP_AVF_HENA(1)));
}

/* What messages say, not only how long they are. */
static bool check_messages(struct fake_avf *fake, const struct fake_message *m)
{
	const struct tp_vc_vsi_queue_config_info *queues = (const void *)m->data;
	const struct tp_vc_irq_map_info *map = (const void *)m->data;
	const struct tp_vc_queue_select *select = (const void *)m->data;

	(void)fake;
	if (m->op == TP_VC_CONFIG_VSI_QUEUES) {
		assert_int_equal(queues->num_queue_pairs, 4);
		for (unsigned q = 0; q < 4; q++) {
			const struct tp_vc_queue_pair_info *pair = &queues->qpair[q];

			assert_int_equal(pair->txq.vsi_id, FAKE_VSI);
			assert_int_equal(pair->txq.queue_id, q);
			assert_int_equal(pair->txq.ring_len, 64);
			assert_int_equal(pair->txq.dma_ring_addr % 128, 0);
			assert_int_equal(pair->rxq.queue_id, q);
			assert_int_equal(pair->rxq.ring_len, 64);
			assert_int_equal(pair->rxq.dma_ring_addr % 128, 0);
			assert_int_equal(pair->rxq.databuffer_size, 1536);
			assert_in_range(pair->rxq.max_pkt_size, 1526, TP_AVF_MAX_RX_FRAME);
		}
	} else if (m->op == TP_VC_CONFIG_IRQ_MAP) {
		assert_int_equal(map->num_vectors, 5);
		for (unsigned q = 0; q < 4; q++) {
			assert_int_equal(map->vecmap[q].vector_id, q + 1);
			assert_int_equal(map->vecmap[q].rxq_map, 1u << q);
			assert_int_equal(map->vecmap[q].txq_map, 1u << q);
			assert_int_equal(map->vecmap[q].txitr_idx, 1);
		}
		assert_int_equal(map->vecmap[4].vector_id, 0);
	} else if (m->op == TP_VC_ENABLE_QUEUES || m->op == TP_VC_DISABLE_QUEUES) {
		assert_int_equal(select->rx_queues, 0xF);
		assert_int_equal(select->tx_queues, 0xF);
	}
	return false;
}

static void messages_say_what_is_configured(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.pf = check_messages;
	make_fake_driver(fm);
	must(tp_net_open(fm->m, "avf0"));
	must(tp_net_close(fm->m, "avf0"));
	assert_int_equal(fake_count(&fm->fake, TP_VC_CONFIG_VSI_QUEUES), 1);
}

/* Receive buffers are posted before their queue is enabled. */
static bool check_tails(struct fake_avf *fake, const struct fake_message *m)
{
	if (m->op == TP_VC_ENABLE_QUEUES)
		for (unsigned q = 0; q < 4; q++)
			assert_in_range(*fake_reg(fake, TP_AVF_QRX_TAIL(q)), 32, 63);
	return false;
}

static void buffers_are_posted_before_enabling(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.pf = check_tails;
	make_fake_driver(fm);
	must(tp_net_open(fm->m, "avf0"));
	assert_int_equal(fake_count(&fm->fake, TP_VC_ENABLE_QUEUES), 1);
}

/* ---- the link -------------------------------------------------------------------------------- */

static bool early_link(struct fake_avf *fake, const struct fake_message *m)
{
	if (m->op == TP_VC_CONFIG_VSI_QUEUES)
		fake_post_event(fake, TP_VC_EVENT_LINK_CHANGE, true, 40000);
	if (m->op != TP_VC_ENABLE_QUEUES)
		return false;
	fake_post(fake, m->op, 0, NULL, 0); /* and nothing about the link */
	return true;
}

/* What is said of the link before queues are enabled does not count. */
static void early_link_is_ignored_T21(void **state)
{
	struct fake_machine *fm = *state;

	make_fake_driver(fm);
	fm->fake.pf = early_link;
	must(tp_net_open(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	assert_false(fake_info(fm).carrier);
	assert_int_equal(fake_info(fm).speed_mbps, 0);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, 40000);
	tp_avf_service(fm->avf);
	assert_true(fake_info(fm).carrier);
	assert_int_equal(fake_info(fm).speed_mbps, 40000);
}

static unsigned carrier_ups, carrier_downs;

static void note_carrier(void *arg, bool up)
{
	(void)arg;
	carrier_ups += up;
	carrier_downs += !up;
}

static void link_comes_and_goes(void **state)
{
	const struct tp_netdev_user user = { .name = "test", .carrier = note_carrier };
	struct fake_machine *fm = *state;

	carrier_ups = carrier_downs = 0;
	make_fake_driver(fm);
	tp_avf_set_user(fm->avf, &user);
	must(tp_net_open(fm->m, "avf0"));
	assert_true(fake_info(fm).carrier);
	assert_int_equal(carrier_ups, 1);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, false, 0);
	tp_avf_service(fm->avf);
	assert_int_equal(carrier_downs, 1);
	assert_int_equal(fake_info(fm).speed_mbps, 0);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, 25000);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, 25000); /* no news */
	tp_avf_service(fm->avf);
	assert_int_equal(carrier_ups, 2);
	assert_int_equal(fake_info(fm).speed_mbps, 25000);
	must(tp_net_close(fm->m, "avf0"));
	assert_int_equal(carrier_downs, 2);
}

static void link_speeds_in_bits(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.caps &= ~TP_VC_CAP_ADV_LINK_SPEED;
	make_fake_driver(fm);
	must(tp_net_open(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).speed_mbps, 40000);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, TP_VC_LINK_25GB);
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).speed_mbps, 25000);
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, 1u << 31);
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).speed_mbps, 0);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static bool numbered_stats(struct fake_avf *fake, const struct fake_message *m)
{
	uint64_t values[12];

	if (m->op != TP_VC_GET_STATS)
		return false;
	for (unsigned i = 0; i < 12; i++)
		values[i] = 100 + i;
	fake_post(fake, m->op, 0, values, sizeof(values));
	return true;
}

static void statistics_every_two_seconds(void **state)
{
	struct fake_machine *fm = *state;
	uint64_t values[TP_NET_DEVICE_STATS];

	make_fake_driver(fm);
	fm->fake.pf = numbered_stats;
	forget(fm);
	tp_avf_service(fm->avf);
	assert_int_equal(fm->fake.nr_ops, 0);
	fm->avf->next_stats_ns = tp_clock_now();
	assert_in_range(tp_avf_service(fm->avf) - tp_clock_now(), TP_MILLISECONDS(1000),
			TP_MILLISECONDS(2000));
	tp_avf_service(fm->avf);
	assert_said_exactly(fm, { TP_VC_GET_STATS, 12 });
	fm->avf->nd.ops->device_stats(&fm->avf->nd, values);
	for (unsigned i = 0; i < TP_NET_DEVICE_STATS; i++)
		assert_int_equal(values[i], 100 + i);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Refuses the operation in @arg. */
static bool refuse(struct fake_avf *fake, const struct fake_message *m)
{
	if (m->op != *(const uint32_t *)fake->arg)
		return false;
	fake_post(fake, m->op, TP_VC_ERR_PARAM, NULL, 0);
	return true;
}

static void create_fails_where_refused(void **state)
{
	static uint32_t ops[] = { TP_VC_VERSION, TP_VC_GET_VF_RESOURCES, TP_VC_CONFIG_IRQ_MAP,
				  TP_VC_CONFIG_RSS_KEY, TP_VC_CONFIG_RSS_LUT };
	struct fake_machine *fm = *state;
	const struct tp_avf_config config = fake_config(fm);

	fm->fake.pf = refuse;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(ops); i++) {
		fm->fake.arg = &ops[i];
		assert_int_equal(tp_avf_create(&config, &fm->avf), -EIO);
		assert_error_says("refused operation");
		assert_null(fm->avf);
		assert_null(fm->fake.bus.iommu);
	}
}

static void open_fails_where_refused(void **state)
{
	static uint32_t ops[] = { TP_VC_ADD_ETH_ADDR, TP_VC_CONFIG_VSI_QUEUES,
				  TP_VC_ENABLE_QUEUES };
	struct fake_machine *fm = *state;

	make_fake_driver(fm);
	fm->fake.pf = refuse;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(ops); i++) {
		fm->fake.arg = &ops[i];
		assert_int_equal(tp_net_open(fm->m, "avf0"), -EIO);
		assert_error_says("refused operation");
		assert_int_equal(fake_info(fm).state, TP_NET_DOWN);
		assert_false(fake_info(fm).up);
	}
	fm->fake.pf = NULL;
	must(tp_net_open(fm->m, "avf0"));
	assert_int_equal(fake_info(fm).resets, 0);
}

/* What a device may refuse without harm. */
static void some_refusals_are_borne(void **state)
{
	static uint32_t ops[] = { TP_VC_GET_RSS_HENA_CAPS, TP_VC_SET_RSS_HENA, TP_VC_DISABLE_QUEUES,
				  TP_VC_DEL_ETH_ADDR };
	struct fake_machine *fm = *state;

	fm->fake.pf = refuse;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(ops); i++) {
		fm->fake.arg = &ops[i];
		make_fake_driver(fm);
		must(tp_net_open(fm->m, "avf0"));
		must(tp_net_close(fm->m, "avf0"));
		end_fake_driver(fm);
	}
}

/* ---- silence --------------------------------------------------------------------------------- */

static void device_that_never_answers(void **state)
{
	struct fake_machine *fm = *state;
	const struct tp_avf_config config = fake_config(fm);

	fm->fake.silent = true;
	assert_int_equal(tp_avf_create(&config, &fm->avf), -EIO);
	assert_error_says("did not answer operation 1");
	fm->fake.silent = false;
	fm->fake.deaf = true;
	assert_int_equal(tp_avf_create(&config, &fm->avf), -EIO);
	assert_error_says("did not take message 1");
	fm->fake.stuck = true;
	assert_int_equal(tp_avf_create(&config, &fm->avf), -EIO);
	assert_error_says("did not come out of its reset");
	fm->fake.stuck = fm->fake.deaf = false;
	make_fake_driver(fm);
}

/* At startup a reset that is completed will do, active or not. */
static uint32_t only_completed(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	return offset == TP_AVF_RSTAT ? TP_AVF_RESET_COMPLETED : value;
}

static void completed_counts_at_startup(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.spy = only_completed;
	make_fake_driver(fm);
	assert_int_equal(tp_net_reset(fm->m, "avf0"), -EIO); /* but only then */
	assert_error_says("did not come out of its reset");
	fm->fake.spy = NULL;
}

static unsigned rstat_reads;

/* COMPLETED, and listening only later. */
static uint32_t listens_later(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	if (offset != TP_AVF_RSTAT)
		return value;
	if (++rstat_reads < 5)
		return TP_AVF_RESET_COMPLETED;
	fake->deaf = false;
	return value;
}

static void completed_but_not_listening_yet(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_avf_config config = fake_config(fm);

	config.patience.end_ns = TP_SECONDS(5);
	fm->fake.spy = listens_later;
	fm->fake.deaf = true;
	rstat_reads = 0;
	must(tp_avf_create(&config, &fm->avf));
	assert_true(rstat_reads >= 5);
	fm->fake.spy = NULL;
}

static void wrong_devices(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_avf_config config = fake_config(fm);
	struct tp_avf *other;

	fm->fake.bus.device = 0x154C;
	assert_int_equal(tp_avf_create(&config, &other), -EINVAL);
	assert_error_says("is no AVF");
	fm->fake.bus.device = TP_AVF_DEVICE;
	config.name = "a name that is too long";
	assert_int_equal(tp_avf_create(&config, &other), -EINVAL);
	make_fake_driver(fm);
	config.name = "avf1";
	assert_int_equal(tp_avf_create(&config, &other), -EBUSY);
}

static void name_is_taken(void **state)
{
	struct fake_machine *fm = *state;
	static struct fake_avf second;
	struct tp_avf_config config = fake_config(fm);
	struct tp_avf *other;

	make_fake_driver(fm);
	fake_init(&second);
	config.bus = &second.bus;
	assert_int_equal(tp_avf_create(&config, &other), -EEXIST);
	assert_null(second.bus.iommu);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

static void wishes_of_the_creator(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_avf_config config = fake_config(fm);
	struct tp_net_info info;

	config.queues = 2;
	config.mtu = 9000;
	config.rx_ring = 128;
	must(tp_avf_create(&config, &fm->avf));
	info = fake_info(fm);
	assert_int_equal(info.config.queues, 2);
	assert_int_equal(info.limits.max_queues, 4);
	assert_int_equal(info.config.mtu, 9000);
	assert_int_equal(info.config.rx_ring, 128);
	assert_int_equal(info.config.tx_ring, 64);
	assert_int_equal(info.config.mac[5], 9);
	assert_string_equal(info.driver, "avf");
	assert_int_equal(info.state, TP_NET_DOWN);
}

/* ---- nonsense in the handshake --------------------------------------------------------------- */

struct tamper {
	uint32_t op;
	unsigned at, len; /* bytes to change, and of the answer */
	uint32_t value;
	unsigned bytes;
};

/* Answers as usual, but for one field or for the length. */
static bool tampered(struct fake_avf *fake, const struct fake_message *m)
{
	const struct tamper *t = fake->arg;
	_Alignas(8) uint8_t data[256] = { 0 };
	size_t len;

	if (m->op != t->op)
		return false;
	len = fake_answer(fake, m->op, data);
	memcpy(data + t->at, &t->value, t->bytes);
	fake_post(fake, m->op, 0, data, t->len ? t->len : len);
	return true;
}

enum { RES = TP_VC_GET_VF_RESOURCES };

static void nonsense_in_the_handshake(void **state)
{
	static struct tamper tampers[] = {
		{ TP_VC_VERSION, 0, 0, 2, 4 }, /* another version */
		{ TP_VC_VERSION, 0, 7, 1, 4 }, /* too short */
		{ TP_VC_VERSION, 0, 9, 1, 4 }, /* too long */
		{ RES, 0, 0, 0, 2 },	       /* no interface */
		{ RES, 0, 0, 3, 2 },	       /* more than there are */
		{ RES, 0, 0, 0xFFFF, 2 },      /* far more */
		{ RES, 0, 35, 1, 2 },	       /* cut off */
		{ RES, 0, 20, 0, 2 },	       /* only the head */
		{ RES, 24, 0, 5, 4 },	       /* an interface of another kind */
		{ RES, 22, 0, 0, 2 },	       /* no queues */
		{ RES, 4, 0, 1, 2 },	       /* no vectors for queues */
		{ RES, 4, 0, 0, 2 },	       /* no vectors */
		{ RES, 6, 0, 60, 2 },	       /* no frame fits */
		{ RES, 30, 0, 0xFF, 1 },       /* an address that is a group's */
		{ RES, 12, 0, 0, 4 },	       /* no key */
		{ RES, 12, 0, 53, 4 },	       /* a key that is too long */
		{ RES, 12, 0, 0xFFFFFFFF, 4 }, /* by far */
		{ RES, 16, 0, 0, 4 },	       /* no table */
		{ RES, 16, 0, 4096, 4 },       /* one that fits no message */
		{ RES, 16, 0, 0xFFFFFFFF, 4 }, /* by far */
		{ TP_VC_GET_VLAN_V2_CAPS, 0, 39, 1, 4 },
		{ TP_VC_GET_RSS_HENA_CAPS, 0, 7, 1, 4 },
		{ TP_VC_CONFIG_IRQ_MAP, 0, 1, 1, 1 }, /* nothing was to be said */
		{ TP_VC_CONFIG_RSS_LUT, 0, 200, 1, 1 },
	};
	struct fake_machine *fm = *state;
	const struct tp_avf_config config = fake_config(fm);

	fm->fake.pf = tampered;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(tampers); i++) {
		fm->fake.arg = &tampers[i];
		assert_int_equal(tp_avf_create(&config, &fm->avf), -EIO);
		assert_null(fm->fake.bus.iommu);
	}
}

/* More than we can use is no nonsense. */
static void generous_devices(void **state)
{
	static struct tamper tampers[] = {
		{ RES, 22, 0, 0xFFFF, 2 }, /* queues */
		{ RES, 4, 0, 0xFFFF, 2 },  /* vectors */
		{ RES, 6, 0, 0xFFFF, 2 },  /* bytes of a frame */
		{ RES, 8, 0, 0xFFFFFFFF, 4 },
	};
	struct fake_machine *fm = *state;

	fm->fake.queues = 16;
	fm->fake.pf = tampered;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(tampers); i++) {
		fm->fake.arg = &tampers[i];
		make_fake_driver(fm);
		assert_int_equal(fake_info(fm).limits.max_queues, 16);
		assert_in_range(fake_info(fm).limits.max_mtu, 1500, TP_NET_MAX_MTU);
		/* Nothing that was not asked for is used. */
		assert_false(fm->avf->caps & (TP_VC_CAP_RDMA | TP_VC_CAP_RX_FLEX_DESC));
		end_fake_driver(fm);
	}
}

/* ---- faults ---------------------------------------------------------------------------------- */

/* Returns the error of creating or opening, if there was one; what succeeded ends again. */
static int create_and_open(struct fake_machine *fm)
{
	const struct tp_avf_config config = fake_config(fm);
	int err = tp_avf_create(&config, &fm->avf);

	if (err)
		return err;
	err = tp_net_open(fm->m, "avf0");
	assert_int_equal(fake_info(fm).state, err ? TP_NET_DOWN : TP_NET_RUNNING);
	end_fake_driver(fm);
	return err;
}

/* Of every step of create and open each one fails once; nothing is left of the attempt. */
static void create_and_open_fail_anywhere(void **state)
{
	static const struct {
		const char *site;
		bool borne; /* messages are sent again (after a reset), pages come later */
	} sites[] = {
		{ "core/alloc", false },
		{ "dma/coherent", false },
		{ "dma/map", true },
		{ "core/iommu-leaf", true },
		{ "net/avf-aq-memory", false },
		{ "net/avf-aq-start", false },
		{ "net/avf-aq-send", true },
		{ "net/avf-start", false },
		{ "net/avf-reset", false },
		{ "net/avf-filter", true },
		{ "net/avf-up", false },
		{ "dma/pool-page", true },
	};
	struct fake_machine *fm = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++)
		for (unsigned nth = 1, happened = 1; happened; nth++) {
			int err;

			tp_fault_reset();
			must(tp_fault_arm(sites[i].site, nth, 1));
			err = create_and_open(fm);
			happened = fault_happened(sites[i].site);
			assert_null(fm->fake.bus.iommu);
			if (happened && !err && !sites[i].borne)
				fail_msg("hit %u of %s did not matter", nth, sites[i].site);
			assert_true(happened || nth > 1); /* every site is on the way */
		}
}

#define with_fake(test) cmocka_unit_test_setup_teardown(test, setup_fake, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fake(handshake_as_seen),
		with_fake(one_pair_as_seen),
		with_fake(vlan_caps_are_asked_for),
		with_fake(old_vlan_messages),
		with_fake(hashing_by_registers),
		with_fake(messages_say_what_is_configured),
		with_fake(buffers_are_posted_before_enabling),
		with_fake(early_link_is_ignored_T21),
		with_fake(link_comes_and_goes),
		with_fake(link_speeds_in_bits),
		with_fake(statistics_every_two_seconds),
		with_fake(create_fails_where_refused),
		with_fake(open_fails_where_refused),
		with_fake(some_refusals_are_borne),
		with_fake(device_that_never_answers),
		with_fake(completed_counts_at_startup),
		with_fake(completed_but_not_listening_yet),
		with_fake(wrong_devices),
		with_fake(name_is_taken),
		with_fake(wishes_of_the_creator),
		with_fake(nonsense_in_the_handshake),
		with_fake(generous_devices),
		with_fake(create_and_open_fail_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
