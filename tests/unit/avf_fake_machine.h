/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_fake_machine - a machine with a fake AVF and its driver, impatient, without a thread.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AVF_FAKE_MACHINE_H
#define TESTS_UNIT_AVF_FAKE_MACHINE_H

#include <tidepool/fault.h>

#include "core/clock.h"
#include "fake_avf.h"
#include "mm_machine.h"
#include "net/avf/avf_internal.h"

enum { FAKE_BLOCKS = 8 };

struct fake_machine {
	struct tp_machine *m;
	struct fake_avf fake;
	struct tp_avf *avf; /* NULL: none was made */
};

static inline struct tp_avf_config fake_config(struct fake_machine *fm)
{
	return (struct tp_avf_config){
		.name = "avf0",
		.machine = fm->m,
		.bus = &fm->fake.bus,
		.node = 0,
		.rx_ring = 64,
		.tx_ring = 64,
		.pool_bufs = 64,
		.patience = { .taken_ns = TP_MILLISECONDS(2),
			      .answer_ns = TP_MILLISECONDS(3),
			      .begin_ns = TP_MILLISECONDS(3),
			      .end_ns = TP_MILLISECONDS(5) },
	};
}

/* The machine and the device, without a driver. */
static inline void make_fake(struct fake_machine *fm)
{
	memset(fm, 0, sizeof(*fm));
	fm->m = make_machine(small_machine(FAKE_BLOCKS));
	fake_init(&fm->fake);
}

static inline void make_fake_driver(struct fake_machine *fm)
{
	const struct tp_avf_config config = fake_config(fm);

	must(tp_avf_create(&config, &fm->avf));
}

/* Nothing may be left of the driver, and nothing may have been reached that was not mapped. */
static inline void end_fake_driver(struct fake_machine *fm)
{
	struct tp_dma_stat stat;

	tp_dma_stat(fm->avf->domain, &stat);
	assert_int_equal(stat.faults, 0);
	must(tp_avf_destroy(fm->avf));
	fm->avf = NULL;
	assert_null(fm->fake.bus.iommu);
	assert_false(tp_bus_has_power(&fm->fake.bus));
}

static inline void end_fake(struct fake_machine *fm)
{
	tp_fault_reset();
	if (fm->avf)
		end_fake_driver(fm);
	end_machine(fm->m);
}

/* ---- around each test: *state is the machine ------------------------------------------------- */

static inline int setup_fake(void **state)
{
	static struct fake_machine fm;

	make_fake(&fm);
	*state = &fm;
	return 0;
}

static inline int setup_fake_driver(void **state)
{
	setup_fake(state);
	make_fake_driver(*state);
	return 0;
}

static inline int teardown_fake(void **state)
{
	end_fake(*state);
	return 0;
}

/* ---- questions ------------------------------------------------------------------------------- */

static inline struct tp_net_info fake_info(struct fake_machine *fm)
{
	struct tp_net_info info;

	must(tp_net_info(fm->m, "avf0", &info));
	return info;
}

static inline const char *last_error_text(void)
{
	static char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	return text;
}

/* Since the last tp_fault_reset(). */
static inline bool fault_happened(const char *site)
{
	static struct tp_fault_info sites[512];
	size_t n = tp_fault_list(sites, TP_ARRAY_SIZE(sites));

	assert_true(n <= TP_ARRAY_SIZE(sites));
	for (size_t i = 0; i < n; i++)
		if (!strcmp(sites[i].name, site))
			return sites[i].injected;
	fail_msg("there is no fault site %s", site);
	return false;
}

#define assert_error_says(words) assert_non_null(strstr(last_error_text(), words))

#endif
