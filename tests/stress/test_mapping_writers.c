/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads count in a mapping while the memory under it is unplugged and replugged: no count is
 * lost, no address changes.  Says how long the worst write took.
 *
 * Two devices on the nodes 1 and 2, near to each other, hold the mapping in turn.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <tidepool/tidepool.h>

#include "../unit/skip.h"
#include "core/compiler.h"
#include "crew.h"

#define BLOCK TP_MIB(4)

enum { WRITERS = 3, PAGES_PER_WRITER = 2048, MAPPING_PAGES = WRITERS * PAGES_PER_WRITER };

struct sea;

struct writer {
	struct sea *sea;
	unsigned first; /* page */
	uint64_t counts[PAGES_PER_WRITER];
	uint64_t writes, worst_ns;
};

struct sea {
	struct tp_machine *machine;
	struct tp_mapping *mapping;
	struct tp_device *devices[2];
	struct writer writers[WRITERS];
	uint64_t tides, pages_moved, worst_offline_ns;
};

/* ---- writers ----------------------------------------------------------------------------- */

/* Each page has its counter at an offset of its own, so that a page in a wrong place shows. */
static volatile uint64_t *counter_of(const struct sea *sea, unsigned page)
{
	char *p = (char *)tp_mapping_base(sea->mapping) + page * TP_PAGE_SIZE;

	return (void *)(p + page % (TP_PAGE_SIZE / 8) * 8);
}

static void count(struct writer *w, struct dice *dice)
{
	unsigned i = roll(dice, PAGES_PER_WRITER);
	volatile uint64_t *counter = counter_of(w->sea, w->first + i);
	uint64_t began = now_ns(), took;

	REQUIRE(*counter == w->counts[i]);
	*counter = ++w->counts[i];
	took = now_ns() - began;
	w->writes++;
	if (took > w->worst_ns)
		w->worst_ns = took;
}

static void count_0(void *arg, struct dice *dice)
{
	count(&((struct sea *)arg)->writers[0], dice);
}

static void count_1(void *arg, struct dice *dice)
{
	count(&((struct sea *)arg)->writers[1], dice);
}

/* Through the call instead of the pointer. */
static void count_2(void *arg, struct dice *dice)
{
	struct sea *sea = arg;
	struct writer *w = &sea->writers[2];
	unsigned i = roll(dice, PAGES_PER_WRITER), page = w->first + i;
	uint64_t value, began = now_ns(), took;
	uint64_t at = page * TP_PAGE_SIZE + page % (TP_PAGE_SIZE / 8) * 8;

	REQUIRE_OK(tp_mapping_read(sea->mapping, at, &value, sizeof(value)));
	REQUIRE(value++ == w->counts[i]++);
	REQUIRE_OK(tp_mapping_write(sea->mapping, at, &value, sizeof(value)));
	took = now_ns() - began;
	w->writes++;
	if (took > w->worst_ns)
		w->worst_ns = took;
}

/* ---- the tide ---------------------------------------------------------------------------- */

static void flow(struct sea *sea, unsigned d)
{
	const struct tp_device_config config = { .node = (int)d + 1,
						 .size = 8 * BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	REQUIRE_OK(tp_device_plug(sea->machine, &config, &sea->devices[d]));
}

static void ebb(struct sea *sea, unsigned d)
{
	const struct tp_offline_options options = { .deadline_ns = TP_NO_DEADLINE };
	struct tp_offline_report report;

	REQUIRE_OK(tp_device_unplug(sea->devices[d], &options, &report));
	sea->devices[d] = NULL;
	sea->tides++;
	sea->pages_moved += report.pages_moved;
	if (report.elapsed_ns > sea->worst_offline_ns)
		sea->worst_offline_ns = report.elapsed_ns;
}

static void tide(void *arg, struct dice *dice)
{
	struct sea *sea = arg;
	unsigned in = !sea->devices[0] ? 0 : 1;

	flow(sea, in);
	ebb(sea, !in);
	nap_us(roll(dice, 2000));
}

/* ---- one sea ----------------------------------------------------------------------------- */

static int sea_open(struct sea *sea, enum tp_hold_kind hold, bool small_pages)
{
	static const unsigned distance[] = { 10, 30, 30, 30, 10, 15, 30, 15, 10 };
	const struct tp_machine_config config = {
		.nr_nodes = 3,
		.nodes = { { .dram = 4 * BLOCK, .cpus = 1 } },
		.distance = distance,
		.block_size = BLOCK,
		.hotplug_size = 16 * BLOCK,
		.dma_size = BLOCK,
		.dma32_size = 2 * BLOCK,
		.hold = hold,
	};
	const struct tp_mapping_config mapping = { .name = "counters",
						   .size = MAPPING_PAGES * TP_PAGE_SIZE,
						   .policy = TP_PREFERRED(1),
						   .small_pages = small_pages };
	int err;

	*sea = (struct sea){ .machine = NULL };
	err = tp_machine_create(&config, &sea->machine);
	if (err)
		return err;
	flow(sea, 0);
	REQUIRE_OK(tp_mapping_create(sea->machine, &mapping, &sea->mapping));
	for (unsigned i = 0; i < WRITERS; i++) {
		sea->writers[i].sea = sea;
		sea->writers[i].first = i * PAGES_PER_WRITER;
	}
	return 0;
}

static void verify(const struct writer *w)
{
	for (unsigned i = 0; i < PAGES_PER_WRITER; i++)
		REQUIRE(*counter_of(w->sea, w->first + i) == w->counts[i]);
}

static void report(const struct sea *sea)
{
	struct tp_mapping_stat stat;
	uint64_t writes = 0, worst_ns = 0;

	tp_mapping_stat(sea->mapping, &stat);
	for (unsigned i = 0; i < WRITERS; i++) {
		writes += sea->writers[i].writes;
		if (sea->writers[i].worst_ns > worst_ns)
			worst_ns = sea->writers[i].worst_ns;
	}
	printf("  %s, %s: %llu writes, %llu tides, %llu pages moved, longest offline %.1f ms\n",
	       tp_machine_hold(sea->machine), tp_machine_backing(sea->machine),
	       (unsigned long long)writes, (unsigned long long)sea->tides,
	       (unsigned long long)sea->pages_moved, (double)sea->worst_offline_ns / 1e6);
	printf("  worst write %.2f ms, worst hold %.2f ms\n", (double)worst_ns / 1e6,
	       (double)stat.worst_hold_ns / 1e6);
}

static void sea_close(struct sea *sea)
{
	for (unsigned i = 0; i < WRITERS; i++)
		verify(&sea->writers[i]);
	report(sea);
	REQUIRE(!tp_machine_check(sea->machine, true, stderr));
	REQUIRE_OK(tp_mapping_destroy(sea->mapping));
	for (unsigned d = 0; d < TP_ARRAY_SIZE(sea->devices); d++)
		REQUIRE(!sea->devices[d] || !tp_device_unplug(sea->devices[d], NULL, NULL));
	REQUIRE(!tp_machine_check(sea->machine, true, stderr));
	tp_machine_destroy(sea->machine);
}

static void run_sea(enum tp_hold_kind hold, bool small_pages)
{
	struct member members[] = {
		{ .work = count_0 }, { .work = count_1 }, { .work = count_2 }, { .work = tide }
	};
	struct sea *sea = calloc(1, sizeof(*sea));
	struct crew crew = { .arg = sea, .variant = hold != TP_HOLD_AUTO || small_pages };
	int err;

	REQUIRE(sea);
	err = sea_open(sea, hold, small_pages);
	if (err == -EPERM) {
		free(sea);
		SKIP("this kind of hold is not permitted here");
	}
	REQUIRE(!err);
	crew_run(&crew, members, TP_ARRAY_SIZE(members));
	sea_close(sea);
	assert_true(sea->tides > 0);
	assert_true(sea->pages_moved > 0);
	free(sea);
}

static void test_no_write_is_lost(void **state)
{
	(void)state;
	run_sea(TP_HOLD_AUTO, false);
}

static void test_no_write_is_lost_on_small_pages(void **state)
{
	(void)state;
	run_sea(TP_HOLD_AUTO, true);
}

static void test_no_write_is_lost_as_an_ordinary_user(void **state)
{
	(void)state;
	run_sea(TP_HOLD_USER_MODE, false);
}

static void test_no_write_is_lost_without_userfaultfd(void **state)
{
	(void)state;
	run_sea(TP_HOLD_MPROTECT, false);
}

static void test_no_write_is_lost_without_userfaultfd_on_small_pages(void **state)
{
	(void)state;
	run_sea(TP_HOLD_MPROTECT, true);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_write_is_lost),
		cmocka_unit_test(test_no_write_is_lost_on_small_pages),
		cmocka_unit_test(test_no_write_is_lost_as_an_ordinary_user),
		cmocka_unit_test(test_no_write_is_lost_without_userfaultfd),
		cmocka_unit_test(test_no_write_is_lost_without_userfaultfd_on_small_pages),
	};

	stress_read_seconds(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
