/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forcewake and registers of one GT, against a device that knows forcewake and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "core/clock.h"
#include "gpu/intel/uncore.h"

#define US UINT64_C(1000)
#define MS (1000 * US)

/* What follows a request: its ack, once it was looked at a few times. */
struct fake_domain {
	uint32_t request, ack;
	bool awake;
	unsigned looks;
};

static struct fake_device {
	struct tp_bus_device bus;
	struct fake_domain domains[4];
	unsigned looks_until_awake; /* ~0u: never */
	unsigned asks, sleeps;	    /* changes of requests */
	unsigned unanswered;	    /* most requests ever that had no answer at once */
	uint32_t copy_tlb, vcs_tail, selector;
	unsigned dropped;
} fake;

static struct tp_intel_patience patience;
static struct tp_intel_uncore uncore;

static unsigned count_unanswered(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(fake.domains); i++)
		n += fake.domains[i].awake && fake.domains[i].looks < fake.looks_until_awake;
	return n;
}

static uint32_t fake_read(struct tp_bus_device *bus, uint32_t offset)
{
	(void)bus;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(fake.domains); i++) {
		struct fake_domain *domain = &fake.domains[i];

		if (offset == domain->ack)
			return domain->awake && ++domain->looks > fake.looks_until_awake;
	}
	if (offset == 0xcee4)
		return fake.domains[1].awake ? fake.copy_tlb : 0;
	return offset == 0xfdc ? fake.selector : 0;
}

static void fake_write(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	(void)bus;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(fake.domains); i++) {
		struct fake_domain *domain = &fake.domains[i];

		if (offset != domain->request)
			continue;
		assert_int_equal(value >> 16, 1);
		assert_int_not_equal(domain->awake, value & 1);
		domain->awake = value & 1;
		domain->looks = 0;
		fake.asks += value & 1;
		fake.sleeps += !(value & 1);
		fake.unanswered = TP_MAX(fake.unanswered, count_unanswered());
	}
	if (offset == 0xcee4 && fake.domains[1].awake)
		fake.copy_tlb = value;
	else if (offset == 0x1d0030 && fake.domains[2].awake)
		fake.vcs_tail = value;
	else if (offset == 0xfdc)
		fake.selector = value;
	else
		fake.dropped += offset == 0xcee4 || offset == 0x1d0030;
}

static const struct tp_bus_ops fake_ops = { .read = fake_read, .write = fake_write };

static int make_uncore(void **state)
{
	(void)state;
	fake = (struct fake_device){ .domains = { { 0xa278, 0xd84, false, 0 },
						  { 0xa188, 0x130044, false, 0 },
						  { 0xa548, 0xd58, false, 0 }, /* VDBOX2 */
						  { 0xa560, 0xd70, false, 0 } } };
	tp_bus_init(&fake.bus, &fake_ops, "fake");
	patience = (struct tp_intel_patience){ .awake_ns = 200 * US, .delay_ns = 10000 * MS };
	tp_intel_uncore_init(&uncore, &fake.bus, 0, TP_INTEL_DG2, false, &patience);
	return 0;
}

#define RENDER TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_RENDER)
#define GT     TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_GT)
#define MEDIA  TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_MEDIA)

static unsigned domain_of(enum tp_intel_platform platform, unsigned gt, uint32_t reg)
{
	struct tp_intel_uncore u;

	tp_intel_uncore_init(&u, &fake.bus, gt, platform, true, &patience);
	return tp_intel_register_domains(&u, reg);
}

static void registers_have_the_domains_of_the_facts(void **state)
{
	(void)state;
	/* invalidation: GT from gen9 on, render on BDW, none on the media GT */
	assert_int_equal(domain_of(TP_INTEL_BDW, 0, 0x4268), RENDER);
	assert_int_equal(domain_of(TP_INTEL_SKL, 0, 0x4264), GT);
	assert_int_equal(domain_of(TP_INTEL_TGL, 0, 0xceec), GT);
	assert_int_equal(domain_of(TP_INTEL_DG2, 0, 0xcf04), GT);
	assert_int_equal(domain_of(TP_INTEL_MTL, 1, 0xcf04), 0);
	/* engines */
	assert_int_equal(domain_of(TP_INTEL_BDW, 0, 0x22030), RENDER);
	assert_int_equal(domain_of(TP_INTEL_BDW, 0, 0x1c030), RENDER);
	assert_int_equal(domain_of(TP_INTEL_SKL, 0, 0x1a030), MEDIA);
	assert_int_equal(domain_of(TP_INTEL_DG2, 0, 0x1a030), RENDER);
	assert_int_equal(domain_of(TP_INTEL_ICL, 0, 0x1d0030),
			 TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_VDBOX + 2));
	assert_int_equal(domain_of(TP_INTEL_DG2, 0, 0x1d8030),
			 TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_VEBOX + 1));
	assert_int_equal(domain_of(TP_INTEL_MTL, 1, 0x11a030), GT);
	assert_int_equal(domain_of(TP_INTEL_MTL, 0, 0x1c0030), 0);
	assert_int_equal(domain_of(TP_INTEL_DG2, 0, 0x941c), 0);
}

static void domains_are_counted(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT | RENDER), 0);
	assert_int_equal(fake.asks, 2);
	tp_intel_forcewake_put(&uncore, GT);
	assert_int_equal(fake.sleeps, 0);
	tp_intel_forcewake_put(&uncore, GT | RENDER);
	assert_int_equal(fake.sleeps, 2);
}

/* Who takes all of them waits for the slowest, not for each. */
static void all_are_asked_before_one_is_waited_for(void **state)
{
	(void)state;
	fake.looks_until_awake = 3;
	uncore.domains = RENDER | GT | TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_VDBOX + 2);
	assert_int_equal(tp_intel_forcewake_get(&uncore, ~0u), 0);
	assert_int_equal(fake.unanswered, 3);
	assert_int_equal(count_unanswered(), 0);
	tp_intel_forcewake_put(&uncore, ~0u);
}

static void mute_domains_are_let_go(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, RENDER), 0);
	fake.looks_until_awake = ~0u;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT | RENDER), -EIO);
	assert_true(fake.domains[0].awake);
	assert_false(fake.domains[1].awake);
	assert_int_equal(uncore.failures, 1);
	tp_intel_write(&uncore, 0xcee4, 5);
	assert_int_equal(tp_intel_read(&uncore, 0xcee4), 0);
	assert_int_equal(fake.copy_tlb | fake.dropped, 0);
	fake.looks_until_awake = 0;
	tp_intel_forcewake_put(&uncore, RENDER);
	assert_false(fake.domains[0].awake);
}

/* A write to a register that sleeps is dropped; these see to it that it does not. */
static void registers_are_woken_for_the_moment(void **state)
{
	(void)state;
	fake.looks_until_awake = 2;
	tp_intel_write(&uncore, 0xcee4, 7);
	assert_int_equal(fake.copy_tlb, 7);
	tp_intel_write(&uncore, 0x1d0030, 9);
	assert_int_equal(fake.vcs_tail, 9);
	assert_int_equal(tp_intel_read(&uncore, 0xcee4), 7);
	assert_int_equal(fake.asks, 3);
	assert_int_equal(fake.sleeps, 3);
	assert_int_equal(fake.dropped, 0);
}

/* T10: what is wanted within the delay never sleeps; what is wanted after it is woken again. */
static void delayed_domains_stay_for_the_delay(void **state)
{
	uint64_t next_ns;

	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	tp_intel_forcewake_put_delayed(&uncore, GT);
	next_ns = tp_intel_forcewake_run(&uncore);
	assert_true(next_ns > tp_clock_now() && next_ns <= tp_clock_after(10000 * MS));
	assert_true(fake.domains[1].awake);
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	assert_int_equal(fake.asks, 1);
	tp_intel_forcewake_put(&uncore, GT); /* the earlier delay still counts */
	assert_true(fake.domains[1].awake);
	uncore.sleeps_at_ns[TP_INTEL_DOMAIN_GT] = 1;
	assert_int_equal(tp_intel_forcewake_run(&uncore), UINT64_MAX);
	assert_false(fake.domains[1].awake);
	tp_intel_write(&uncore, 0xcee4, 3);
	assert_int_equal(fake.copy_tlb, 3);
	assert_int_equal(fake.dropped, 0);
}

static void a_delay_that_ends_while_wanted_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	tp_intel_forcewake_put_delayed(&uncore, GT);
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	uncore.sleeps_at_ns[TP_INTEL_DOMAIN_GT] = 1;
	assert_int_equal(tp_intel_forcewake_run(&uncore), UINT64_MAX);
	assert_true(fake.domains[1].awake);
	tp_intel_forcewake_put(&uncore, GT);
	assert_false(fake.domains[1].awake);
}

static void delays_end_with_the_power(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	tp_intel_forcewake_put_delayed(&uncore, GT);
	tp_spin_lock(&uncore.lock);
	tp_intel_forcewake_sleep_fw(&uncore);
	tp_spin_unlock(&uncore.lock);
	assert_false(fake.domains[1].awake);
	assert_int_equal(tp_intel_forcewake_run(&uncore), UINT64_MAX);
}

static void restoring_asks_again_for_what_is_wanted(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT | RENDER), 0);
	tp_intel_forcewake_put_delayed(&uncore, GT);
	fake.domains[0].awake = fake.domains[1].awake = false;
	tp_intel_forcewake_restore(&uncore);
	assert_int_equal(fake.asks, 4);
	assert_true(fake.domains[0].awake && fake.domains[1].awake);
	tp_intel_forcewake_put(&uncore, RENDER);
}

static void polling_ends_with_the_value_or_in_time(void **state)
{
	uint64_t begun_ns = tp_clock_now();

	(void)state;
	fake.selector = 6;
	assert_int_equal(tp_intel_wait_register_fw(&uncore, 0xfdc, 4, 4, MS, 0), 0);
	assert_int_equal(tp_intel_wait_register_fw(&uncore, 0xfdc, 4, 0, 10 * US, 100 * US),
			 -ETIME);
	assert_true(tp_clock_now() - begun_ns >= 110 * US);
}

static void multicast_is_steered_to_all(void **state)
{
	(void)state;
	assert_int_equal(tp_intel_forcewake_get(&uncore, GT), 0);
	tp_spin_lock(&uncore.lock);
	tp_intel_write_multicast_fw(&uncore, 0xcee4, 1);
	tp_spin_unlock(&uncore.lock);
	assert_int_equal(fake.selector, 0x80000000u);
	assert_int_equal(fake.copy_tlb, 1);
	tp_intel_forcewake_put(&uncore, GT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers_have_the_domains_of_the_facts, make_uncore),
		cmocka_unit_test_setup(domains_are_counted, make_uncore),
		cmocka_unit_test_setup(all_are_asked_before_one_is_waited_for, make_uncore),
		cmocka_unit_test_setup(mute_domains_are_let_go, make_uncore),
		cmocka_unit_test_setup(registers_are_woken_for_the_moment, make_uncore),
		cmocka_unit_test_setup(delayed_domains_stay_for_the_delay, make_uncore),
		cmocka_unit_test_setup(a_delay_that_ends_while_wanted_changes_nothing, make_uncore),
		cmocka_unit_test_setup(delays_end_with_the_power, make_uncore),
		cmocka_unit_test_setup(restoring_asks_again_for_what_is_wanted, make_uncore),
		cmocka_unit_test_setup(polling_ends_with_the_value_or_in_time, make_uncore),
		cmocka_unit_test_setup(multicast_is_steered_to_all, make_uncore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
