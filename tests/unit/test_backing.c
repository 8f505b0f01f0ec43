/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_backing - the file and the direct map: opened, written, emptied, closed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include "mapping_machine.h"
#include "mm/backing.h"

#define GRANULE	      TP_MIB(2)
#define GRANULE_PAGES (GRANULE / TP_PAGE_SIZE)

enum { GRANULES = 8 };

static int make_kind(void **state, enum tp_backing_kind kind)
{
	static struct tp_backing backing;

	*state = &backing;
	return tp_backing_init(&backing, GRANULES * GRANULE, GRANULE, kind);
}

static int make(void **state)
{
	return make_kind(state, TP_BACKING_SMALL);
}

static int end(void **state)
{
	tp_fault_reset();
	tp_backing_fini(*state);
	return 0;
}

static tp_pfn granule(unsigned i)
{
	return (tp_pfn){ i * GRANULE_PAGES };
}

static void open_granules(struct tp_backing *b, unsigned first, unsigned n)
{
	must(tp_backing_open(b, granule(first), n * GRANULE_PAGES));
}

static void dirty(struct tp_backing *b, unsigned i)
{
	memset(tp_backing_address(b, granule(i)), 0xa5, GRANULE);
}

static uint64_t sum_of(struct tp_backing *b, unsigned i)
{
	const uint64_t *words = (const void *)tp_backing_address(b, granule(i));
	uint64_t sum = 0;

	for (unsigned k = 0; k < GRANULE / 8; k++)
		sum += words[k] != 0;
	return sum;
}

/* ---- open and close -------------------------------------------------------------------------- */

static void an_open_range_reads_zero_and_keeps_what_is_written(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 1, 2);
	assert_int_equal(sum_of(b, 1) + sum_of(b, 2), 0);
	dirty(b, 2);
	assert_int_equal(sum_of(b, 1), 0);
	assert_int_equal(sum_of(b, 2), GRANULE / 8);
}

static void memory_is_what_was_written(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 0, GRANULES);
	assert_int_equal(tp_backing_bytes(b), 0);
	dirty(b, 3);
	assert_int_equal(tp_backing_bytes(b), GRANULE);
}

static void close_gives_back_and_says_how_much(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 0, 4);
	dirty(b, 0);
	dirty(b, 3);
	assert_int_equal(tp_backing_close(b, granule(0), 2 * GRANULE_PAGES), GRANULE);
	assert_int_equal(tp_backing_bytes(b), GRANULE);
	assert_int_equal(sum_of(b, 3), GRANULE / 8);
	assert_int_equal(tp_backing_close(b, granule(2), 2 * GRANULE_PAGES), GRANULE);
	assert_int_equal(tp_backing_bytes(b), 0);
}

static void what_comes_back_reads_zero(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 2, 1);
	dirty(b, 2);
	tp_backing_close(b, granule(2), GRANULE_PAGES);
	open_granules(b, 2, 1);
	assert_int_equal(sum_of(b, 2), 0);
}

/* In a child that makes a backing of its own: it would not have this one's direct map. */
static int touch_closed(void *arg)
{
	unsigned i = *(unsigned *)arg;
	struct tp_backing b;

	need(!tp_backing_init(&b, GRANULES * GRANULE, GRANULE, TP_BACKING_SMALL));
	need(!tp_backing_open(&b, granule(1), 3 * GRANULE_PAGES));
	tp_backing_close(&b, granule(2), GRANULE_PAGES);
	*(volatile char *)tp_backing_address(&b, granule(1)) = 1;
	*(volatile char *)tp_backing_address(&b, granule(3)) = 1;
	*(volatile char *)tp_backing_address(&b, granule(i)) = 1;
	return 0;
}

static void a_stray_access_is_a_crash(void **state)
{
	unsigned never_opened = 5, closed = 2, open = 1;
	int status;

	(void)state;
	assert_int_equal(in_child(touch_closed, &open), 0);
	status = in_child(touch_closed, &never_opened);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	status = in_child(touch_closed, &closed);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void the_direct_map_is_aligned_for_huge_pages(void **state)
{
	struct tp_backing *b = *state;

	assert_int_equal((uintptr_t)b->base % TP_MIB(2), 0);
	assert_ptr_equal(tp_backing_address(b, granule(3)), b->base + 3 * GRANULE);
}

/* ---- holes ----------------------------------------------------------------------------------- */

static void a_range_is_a_hole_until_it_is_written(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 0, GRANULES);
	assert_true(tp_backing_is_hole(b, granule(0), GRANULES * GRANULE_PAGES));
	*tp_backing_address(b, (tp_pfn){ granule(4).v + 17 }) = 1;
	assert_true(tp_backing_is_hole(b, granule(0), 4 * GRANULE_PAGES));
	assert_false(tp_backing_is_hole(b, granule(4), GRANULE_PAGES));
	assert_false(tp_backing_is_hole(b, granule(3), 2 * GRANULE_PAGES));
	assert_true(tp_backing_is_hole(b, (tp_pfn){ granule(4).v }, 17));
	assert_false(tp_backing_is_hole(b, (tp_pfn){ granule(4).v }, 18));
	assert_true(tp_backing_is_hole(b, (tp_pfn){ granule(4).v + 18 }, 10));
	assert_true(tp_backing_is_hole(b, granule(7), GRANULE_PAGES));
}

static void punching_makes_a_hole_of_an_open_range(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 0, 3);
	for (unsigned i = 0; i < 3; i++)
		dirty(b, i);
	assert_true(tp_backing_punch(b, granule(1), GRANULE_PAGES));
	assert_true(tp_backing_is_hole(b, granule(1), GRANULE_PAGES));
	assert_int_equal(tp_backing_bytes(b), 2 * GRANULE);
	assert_int_equal(sum_of(b, 1), 0);
	assert_int_equal(sum_of(b, 0) + sum_of(b, 2), 2 * GRANULE / 8);
	dirty(b, 1);
	assert_int_equal(sum_of(b, 1), GRANULE / 8);
}

/* ---- kernel mappings ------------------------------------------------------------------------- */

static uint64_t used(struct tp_backing *b)
{
	return tp_atomic_load(&b->mappings_used, TP_RELAXED);
}

static void charges_end_at_the_budget(void **state)
{
	struct tp_backing *b = *state;

	b->mappings_budget = 10;
	must(tp_backing_charge(b, 10));
	assert_int_equal(tp_backing_charge(b, 1), -ENOMEM);
	expect_error_text("kernel mappings: 10 in use of a budget of 10");
	must(tp_backing_charge(b, 0));
	must(tp_backing_charge(b, -3));
	assert_int_equal(tp_backing_charge(b, 4), -ENOMEM);
	must(tp_backing_charge(b, 3));
	assert_int_equal(used(b), 10);
	must(tp_backing_charge(b, -10));
}

static void a_range_costs_until_it_is_closed(void **state)
{
	struct tp_backing *b = *state;

	open_granules(b, 0, 4);
	assert_true(used(b) > 0);
	tp_backing_close(b, granule(1), 2 * GRANULE_PAGES);
	tp_backing_close(b, granule(0), GRANULE_PAGES);
	tp_backing_close(b, granule(3), GRANULE_PAGES);
	assert_int_equal(used(b), 0);
}

static void a_range_that_cannot_be_opened_costs_nothing(void **state)
{
	struct tp_backing *b = *state;

	must(tp_fault_arm("mm/backing-open", 1, 1));
	assert_int_equal(tp_backing_open(b, granule(0), GRANULE_PAGES), -ENOMEM);
	assert_int_equal(used(b), 0);
	b->mappings_budget = 1;
	assert_int_equal(tp_backing_open(b, granule(0), GRANULE_PAGES), -ENOMEM);
	assert_int_equal(used(b), 0);
}

struct charger {
	pthread_t thread;
	struct tp_backing *b;
	unsigned held_too_much;
};

static void *charge_along(void *arg)
{
	struct charger *c = arg;

	for (unsigned i = 0; i < 20000; i++) {
		if (tp_backing_charge(c->b, 3))
			continue;
		c->held_too_much += used(c->b) > c->b->mappings_budget;
		tp_backing_charge(c->b, -3);
	}
	return NULL;
}

/* K3 */
static void threads_together_stay_in_the_budget(void **state)
{
	struct tp_backing *b = *state;
	struct charger chargers[3];

	b->mappings_budget = 7;
	for (unsigned i = 0; i < 3; i++) {
		chargers[i] = (struct charger){ .b = b };
		assert_int_equal(
			pthread_create(&chargers[i].thread, NULL, charge_along, &chargers[i]), 0);
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(chargers[i].thread, NULL);
		assert_int_equal(chargers[i].held_too_much, 0);
	}
	assert_int_equal(used(b), 0);
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static void huge_pages_where_the_process_may(void **state)
{
	struct tp_backing b;
	int err = tp_backing_init(&b, GRANULES * GRANULE, GRANULE, TP_BACKING_HUGE);

	(void)state;
	if (err == -EPERM)
		SKIP("huge pages are not permitted here");
	must(err);
	assert_true(b.huge);
	open_granules(&b, 0, 2);
	*tp_backing_address(&b, granule(1)) = 1;
	assert_int_equal(tp_backing_bytes(&b), TP_MIB(2));
	assert_int_equal(tp_backing_close(&b, granule(0), 2 * GRANULE_PAGES), TP_MIB(2));
	tp_backing_fini(&b);
}

static void auto_always_finds_something(void **state)
{
	struct tp_backing b;

	(void)state;
	must(tp_backing_init(&b, GRANULES * GRANULE, GRANULE, TP_BACKING_AUTO));
	open_granules(&b, 0, 1);
	dirty(&b, 0);
	assert_int_equal(sum_of(&b, 0), GRANULE / 8);
	tp_backing_fini(&b);
}

static void an_unknown_kind_is_refused(void **state)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;

	(void)state;
	config.backing = (enum tp_backing_kind)99;
	assert_int_equal(tp_machine_create(&config, &m), -EINVAL);
}

static void address_space_that_is_not_there_is_a_clear_error(void **state)
{
	struct tp_backing b;

	(void)state;
	assert_int_equal(tp_backing_init(&b, TP_GIB(1) << 20, GRANULE, TP_BACKING_SMALL), -ENOMEM);
	expect_error_text("address space");
	must(tp_fault_arm("mm/backing-reserve", 1, 1));
	assert_int_equal(tp_backing_init(&b, GRANULE, GRANULE, TP_BACKING_SMALL), -ENOMEM);
	tp_fault_reset();
}

#define BACKING_TEST(test) cmocka_unit_test_setup_teardown(test, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BACKING_TEST(an_open_range_reads_zero_and_keeps_what_is_written),
		BACKING_TEST(memory_is_what_was_written),
		BACKING_TEST(close_gives_back_and_says_how_much),
		BACKING_TEST(what_comes_back_reads_zero),
		cmocka_unit_test(a_stray_access_is_a_crash),
		BACKING_TEST(the_direct_map_is_aligned_for_huge_pages),
		BACKING_TEST(a_range_is_a_hole_until_it_is_written),
		BACKING_TEST(punching_makes_a_hole_of_an_open_range),
		BACKING_TEST(charges_end_at_the_budget),
		BACKING_TEST(a_range_costs_until_it_is_closed),
		BACKING_TEST(a_range_that_cannot_be_opened_costs_nothing),
		BACKING_TEST(threads_together_stay_in_the_budget),
		cmocka_unit_test(huge_pages_where_the_process_may),
		cmocka_unit_test(auto_always_finds_something),
		cmocka_unit_test(an_unknown_kind_is_refused),
		cmocka_unit_test(address_space_that_is_not_there_is_a_clear_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
