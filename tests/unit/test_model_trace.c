/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model_trace - the device takes what Linux 6.12's driver did, in its order, and answers as
 * the one did that was captured: from probe to the reset after removal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_linux_trace.h"
#include "avf_raw_one.h"

static unsigned step; /* of the trace */

static int begin_as_captured(void **state)
{
	(void)state;
	/* As the captured one: two pairs, frames of any size, the old VLAN messages. */
	raw_begin(&r, (struct tp_avf_model_config){
			      .no_timers = true,
			      .queues = 2,
			      .max_mtu = 16356,
			      .caps = TP_VC_CAP_L2 | TP_VC_CAP_VLAN | TP_VC_CAP_RSS_PF |
				      TP_VC_CAP_WB_ON_ITR | TP_VC_CAP_REQ_QUEUES,
		      });
	tp_avf_model_set_link(r.model, true);
	return 0;
}

static void check(bool condition, const char *what, uint32_t got)
{
	if (condition)
		return;
	print_error("step %u: %s, %#x\n", step, what, got);
	assert_true(condition);
}

/* ---- messages as they were, so far as the capture says --------------------------------------- */

static void make_macs(struct tp_vc_ether_addr_list *m, unsigned len)
{
	static const struct tp_vc_ether_addr first[] = {
		{ { 0x02, 0xaf, 0, 0, 0, 1 }, TP_VC_ETHER_ADDR_PRIMARY, 0 },
		{ { 0x33, 0x33, 0, 0, 0, 1 }, TP_VC_ETHER_ADDR_EXTRA, 0 },
		{ { 0x01, 0x00, 0x5e, 0, 0, 1 }, TP_VC_ETHER_ADDR_EXTRA, 0 },
	};
	static const struct tp_vc_ether_addr later = { { 0x33, 0x33, 0xff, 0, 0, 1 },
						       TP_VC_ETHER_ADDR_EXTRA,
						       0 };

	m->vsi_id = RAW_VSI;
	m->num_elements = len == 36 ? 3 : 1;
	if (len == 36)
		memcpy(m->list, first, sizeof(first));
	else
		m->list[0] = later;
}

static void make_queues(struct tp_vc_vsi_queue_config_info *m)
{
	static const uint64_t tx[] = { 0x186a000, 0x10b02000 }, rx[] = { 0x1f08000, 0x1f0c000 };

	m->vsi_id = RAW_VSI;
	m->num_queue_pairs = 2;
	for (uint16_t q = 0; q < 2; q++) {
		m->qpair[q].txq = (struct tp_vc_txq_info){ RAW_VSI, q, 512, 0, tx[q], 0 };
		m->qpair[q].rxq = (struct tp_vc_rxq_info){ .vsi_id = RAW_VSI,
							   .queue_id = q,
							   .ring_len = 512,
							   .databuffer_size = 1536,
							   .max_pkt_size = 16382,
							   .dma_ring_addr = rx[q] };
	}
}

static void make_map(struct tp_vc_irq_map_info *m)
{
	static const struct tp_vc_vector_map maps[] = {
		{ RAW_VSI, 1, 1, 1, 0, 1 },
		{ RAW_VSI, 2, 2, 2, 0, 1 },
		{ RAW_VSI, 0, 0, 0, 0, 0 },
	};

	m->num_vectors = 3;
	memcpy(m->vecmap, maps, sizeof(maps));
}

static void make_bytes(struct tp_vc_rss_key *m, uint16_t n)
{
	m->vsi_id = RAW_VSI;
	m->key_len = n;
	for (unsigned i = 0; i < n; i++)
		m->key[i] = (uint8_t)(i % 2);
}

static void make_message(uint32_t op, unsigned len, void *m)
{
	if (op == TP_VC_VERSION)
		*(struct tp_vc_version *)m = (struct tp_vc_version){ 1, 1 };
	else if (op == TP_VC_GET_VF_RESOURCES)
		*(uint32_t *)m = 0x1abd8cf9;
	else if (op == TP_VC_CONFIG_IRQ_MAP)
		make_map(m);
	else if (op == TP_VC_CONFIG_RSS_KEY)
		make_bytes(m, TP_AVF_HKEY_BYTES);
	else if (op == TP_VC_CONFIG_RSS_LUT)
		make_bytes(m, TP_AVF_HLUT_ENTRIES);
	else if (op == TP_VC_ADD_ETH_ADDR)
		make_macs(m, len);
	else if (op == TP_VC_CONFIG_VSI_QUEUES)
		make_queues(m);
	else if (op != TP_VC_RESET_VF) /* ENABLE_QUEUES, GET_STATS, DISABLE_QUEUES */
		*(struct tp_vc_queue_select *)m = (struct tp_vc_queue_select){ RAW_VSI, 0, 3, 3 };
}

/* ---- the trace ------------------------------------------------------------------------------- */

static uint32_t own(uint32_t reg)
{
	return (uint32_t)(reg == TP_AVF_ATQBAL ? r.atq.desc.dma.v : r.arq.desc.dma.v);
}

static void read_back(uint32_t reg, uint32_t expected)
{
	uint32_t value = raw_read(&r, reg);

	check(value == (expected == OWN ? own(reg) : expected), "read", value);
}

/* A tail behind which descriptors were posted again is written after they were. */
static void write_one(uint32_t reg, uint32_t value)
{
	if (reg == TP_AVF_ARQT && value < TP_AVF_AQ_LEN && raw_read(&r, TP_AVF_ARQLEN))
		raw_post(&r, value);
	raw_write(&r, reg, value == OWN ? own(reg) : value);
}

static void send(const struct trace_step *s)
{
	uint64_t message[TP_AVF_AQ_BUF / 8] = { 0 };

	make_message(s->what, s->value, message);
	check(raw_send(&r, s->what, message, s->value)->flags & TP_AVF_AQF_DD, "not done", 0);
	check(r.atq.next == s->index, "another tail", r.atq.next);
}

static void answer(const struct trace_step *s)
{
	const struct tp_avf_aq_desc *desc = raw_desc(&r.arq, s->index);

	check(desc->flags & TP_AVF_AQF_DD, "no answer", desc->flags);
	check(desc->cookie_high == s->what, "another operation", desc->cookie_high);
	check(desc->cookie_low == TP_VC_SUCCESS, "refused", desc->cookie_low);
	check(desc->datalen == s->value, "another length", desc->datalen);
}

static void enable(unsigned times)
{
	while (times--) {
		raw_write(&r, TP_AVF_DYN_CTL01, 0x19);
		raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
		read_back(TP_AVF_RSTAT, TP_AVF_VFACTIVE);
	}
}

static void handle(unsigned *handled)
{
	read_back(TP_AVF_ICR01, TP_AVF_ICR0_ADMINQ);
	read_back(TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	++*handled;
	check(r.irqs[0] >= *handled, "the handler ran before its interrupt", r.irqs[0]);
}

static void replay(const struct trace_step *s, unsigned *handled)
{
	if (s->kind == TRACE_READ)
		read_back(s->what, s->value);
	else if (s->kind == TRACE_WRITE)
		write_one(s->what, s->value);
	else if (s->kind == TRACE_SEND)
		send(s);
	else if (s->kind == TRACE_ANSWER)
		answer(s);
	else if (s->kind == TRACE_ENABLED)
		enable(s->value);
	else if (s->kind == TRACE_INTERRUPT)
		handle(handled);
	else {
		read_back(TP_AVF_ARQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
		read_back(TP_AVF_ATQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	}
}

static void linux_is_answered_as_it_was(void **state)
{
	struct tp_avf_model_stat stat;
	unsigned handled = 0;

	(void)state;
	r.bus->ops->reset(r.bus);
	raw_aq_init(&r); /* for its memory; then as found */
	r.bus->ops->reset(r.bus);
	raw_count_irqs(&r);
	for (step = 0; step < TP_ARRAY_SIZE(linux_trace); step++)
		replay(&linux_trace[step], &handled);
	r.bus->ops->reset(r.bus);
	stat = model_stat();
	assert_int_equal(stat.messages, 15);
	assert_int_equal(stat.messages_refused, 0);
	assert_int_equal(stat.resets, 4);
	assert_int_equal(stat.aq_overflows, 0);
	/* Two for ENABLE_QUEUES, its answer and the link behind it, which Linux took as one. */
	assert_int_equal(r.irqs[0], handled + 1);
	assert_int_equal(raw_faults(&r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(linux_is_answered_as_it_was, begin_as_captured,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
