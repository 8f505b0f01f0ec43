/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_engine - a simulated function between a driver that is this test and a wire whose other
 * end keeps what arrives.
 *
 * I/O pages lie in memory backwards, so that what is contiguous for the device never is in memory
 * (T24).  What is not handed to the device is filled with a pattern that must survive.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MODEL_ENGINE_H
#define TESTS_UNIT_MODEL_ENGINE_H

#include <stdlib.h>

#include "core/alloc.h"
#include "mm_machine.h"
#include "model/avf/internal.h"
#include "model_packet.h"

enum {
	PAGES = 512,
	FIRST_PAGE = 16, /* I/O page number of the first one */
	PAGE = TP_IOMMU_PAGE,
	RING = 64, /* descriptors */
	TX_RING_PAGE = 1,
	RX_RING_PAGE = 8,
	DATA_PAGE = 16,
	KEPT = 4500, /* frames that the other end keeps */
	PATTERN = 0xa5,
};

struct kept {
	uint32_t len;
	unsigned flags, nr_pieces;
	uint8_t *bytes;
};

static struct tp_avf_model *m;
static struct tp_iommu *iommu;
static struct tp_wire *wire;
static uint8_t *memory;
static struct kept kept[KEPT];
static unsigned nr_kept, nr_calls;
/* asked while frames pass, before the device knows that they were read */
static void (*while_sending)(void);
static tp_atomic_u32 interrupts;

/* ---- memory ---------------------------------------------------------------------------------- */

/* Where byte @at of the device's memory lies. */
static inline uint8_t *host(uint64_t at)
{
	uint64_t page = PAGES - 1 - at / PAGE;

	assert_true(at < (uint64_t)PAGES * PAGE);
	return memory + page * PAGE + at % PAGE;
}

static inline uint64_t dma(uint64_t at)
{
	return at + (uint64_t)FIRST_PAGE * PAGE;
}

static inline void map_page(unsigned page, unsigned perms)
{
	must(tp_iommu_set(iommu, (tp_dma_addr){ dma((uint64_t)page * PAGE) },
			  host((uint64_t)page * PAGE), perms, "test"));
}

static inline void unmap_page(unsigned page)
{
	tp_iommu_clear(iommu, (tp_dma_addr){ dma((uint64_t)page * PAGE) });
}

static inline void put(uint64_t at, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*host(at + i) = ((const uint8_t *)bytes)[i];
}

static inline void get(uint64_t at, void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)bytes)[i] = *host(at + i);
}

/* ---- the other end --------------------------------------------------------------------------- */

static inline void keep(tp_unused void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	nr_calls++;
	if (while_sending)
		while_sending();
	for (unsigned i = 0; i < n && nr_kept < KEPT; i++) {
		struct kept *k = &kept[nr_kept++];

		*k = (struct kept){ .len = frames[i].len,
				    .flags = frames[i].flags,
				    .nr_pieces = frames[i].nr_pieces,
				    .bytes = malloc(frames[i].len + 1) };
		assert_non_null(k->bytes);
		assert_true(k->nr_pieces && k->nr_pieces <= TP_WIRE_PIECES);
		assert_int_equal(tp_wire_gather(&frames[i], k->bytes, k->len), k->len);
	}
}

static inline void forget_kept(void)
{
	while (nr_kept)
		free(kept[--nr_kept].bytes);
	nr_calls = 0;
}

static inline void arrive(const void *bytes, uint32_t len, unsigned flags)
{
	const struct tp_wire_piece piece = { bytes, len };
	const struct tp_wire_frame frame = {
		.pieces = &piece, .nr_pieces = 1, .len = len, .flags = flags
	};

	tp_wire_send(wire, 1, &frame, 1);
}

/* ---- the function ---------------------------------------------------------------------------- */

static inline void count_interrupt(tp_unused void *arg)
{
	tp_atomic_add(&interrupts, 1, TP_RELAXED);
}

static inline void enable_vector(unsigned vector)
{
	tp_bus_write(&m->bus, TP_AVF_DYN_CTLN(vector),
		     TP_AVF_INTENA | TP_AVF_ITR_INDX(TP_AVF_ITR_NONE));
}

static inline void make_function(struct tp_avf_model_config config)
{
	static const struct tp_wire_end other = { .receive = keep };

	config.name = "avf0";
	config.no_timers = true;
	must(tp_avf_model_create(&config, &m));
	memory = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
	assert_non_null(memory);
	memset(memory, PATTERN, (size_t)PAGES * PAGE);
	iommu = tp_zalloc_aligned(64, sizeof(*iommu));
	assert_non_null(iommu);
	tp_iommu_init(iommu, "avf0");
	for (unsigned i = 0; i < PAGES; i++)
		map_page(i, TP_IOMMU_READ | TP_IOMMU_WRITE);
	m->bus.iommu = iommu;
	tp_bus_power_get(&m->bus);
	must(tp_wire_create(&wire));
	must(tp_wire_plug(wire, 1, &other));
	must(tp_avf_model_plug(m, wire, 0));
	must(tp_bus_irq_request(&m->bus, 1, count_interrupt, NULL));
	tp_atomic_store(&interrupts, 0, TP_RELAXED);
}

static inline void end_function(void)
{
	tp_bus_irq_free(&m->bus, 1);
	tp_bus_power_put(&m->bus);
	tp_avf_model_destroy(m);
	tp_wire_unplug(wire, 1);
	tp_wire_destroy(wire);
	tp_iommu_fini(iommu);
	tp_free(iommu);
	free(memory);
	forget_kept();
	while_sending = NULL;
}

static inline struct tp_avf_queue_counts counts_of(unsigned queue)
{
	struct tp_avf_model_stat stat;

	tp_avf_model_stat(m, &stat);
	return stat.queue[queue];
}

static inline struct tp_vc_eth_stats eth(void)
{
	struct tp_vc_eth_stats stats;

	tp_avf_engines_eth(m, &stats);
	return stats;
}

static inline uint64_t nr_faults(void)
{
	return tp_quiet_load(&iommu->nr_faults);
}

/* What was offered is somewhere, once. */
static inline void check_conservation(void)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++) {
		const struct tp_avf_queue_counts c = counts_of(q);

		assert_int_equal(c.rx_offered, c.rx_written + c.rx_drop_disabled +
						       c.rx_drop_no_desc + c.rx_drop_fault +
						       c.rx_drop_oversize);
		assert_int_equal(c.tx_frames, c.tx_sent + c.tx_drop_malformed + c.tx_drop_fault +
						      c.tx_drop_spoof + c.tx_drop_link);
	}
}

/* After each test. */
static inline int end(void **state)
{
	(void)state;
	check_conservation();
	end_function();
	return 0;
}

#endif
