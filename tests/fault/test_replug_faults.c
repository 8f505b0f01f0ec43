/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every fault site hit in turn over the replug scenario.
 *
 * A clean run counts the hits of each site.  Then for every site and every hit the scenario runs
 * again with that hit failing once; with it and all after it failing, until the failed step is
 * done again; and with it and all after it failing to the very end, which must still come in order.
 * After each failure the machine is sound, all contents are intact, the error is a documented one,
 * and the same step then succeeds.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

#define OFFLINE_ERRORS                      \
	{                                   \
		-ENOMEM, -EBUSY, -ETIMEDOUT \
	}

static const struct step steps[] = {
	{ "create machine", make_machine, { -ENOMEM } },
	{ "create cancel token", make_cancel, { -ENOMEM } },
	{ "create cpuset", make_cpuset, { -ENOMEM } },
	{ "register memory notifier", hear_memory, { -ENOMEM } },
	{ "register node notifier", hear_nodes, { -ENOMEM } },
	{ "set figures", set_figures, { 0 } },
	{ "plug", plug_offline, { -ENOMEM } },
	{ "online movable", online_movable, { -ENOMEM } },
	{ "look around", look_around, { 0 } },
	{ "create mapping", make_mapping, { -ENOMEM } },
	{ "create small mapping", make_small_mapping, { -ENOMEM } },
	{ "register owner", open_book, { 0 } },
	{ "allocate pages", fill_book, { -ENOMEM } },
	{ "create slab cache", make_cache, { -ENOMEM } },
	{ "allocate objects", fill_cache_near, { -ENOMEM } },
	{ "dry run", dry_run, { 0 } },
	{ "offline a block", offline_block, OFFLINE_ERRORS },
	{ "online it in a kernel zone", online_block_kernel, { -ENOMEM } },
	{ "objects on it", fill_cache_far, { -ENOMEM } },
	{ "objects elsewhere", move_cache_near, { -ENOMEM } },
	{ "offline against a pin", refuse_pinned, OFFLINE_ERRORS },
	{ "offline against a veto", refuse_vetoed, OFFLINE_ERRORS },
	{ "cancelled offline", refuse_cancelled, OFFLINE_ERRORS },
	{ "offline the device", offline_device, OFFLINE_ERRORS },
	{ "look around", look_around, { 0 } },
	{ "unplug", unplug, OFFLINE_ERRORS },
	{ "replug", plug_movable, { -ENOMEM } },
	{ "free and allocate pages", turn_book, { -ENOMEM } },
	{ "private device", try_private, { -ENOMEM } },
	{ "unplug again", unplug, OFFLINE_ERRORS },
	{ "look around", look_around, { 0 } },
};

enum mode { ONCE, UNTIL_RETRY, TO_THE_END, NR_MODES };

static const char *const mode_names[NR_MODES] = { "once", "until the retry", "to the end" };

static unsigned failures; /* steps that failed and were recovered */

/* Returns false if the world is to end here. */
static bool step_failed(struct world *w, const struct step *step, int err, enum mode mode)
{
	if (!is_documented(step, err)) {
		fprintf(stderr, "step %s: %d is not documented\n", step->name, err);
		abort();
	}
	failures++;
	world_verify(w);
	if (mode == TO_THE_END)
		return false;
	if (mode == UNTIL_RETRY && step->run(w)) /* it may get further, and fail as well */
		world_verify(w);
	else if (mode == UNTIL_RETRY)
		return true;
	tp_fault_reset();
	w->hurry = false;
	REQUIRE_OK(step->run(w));
	return true;
}

static void run_world(enum mode mode, bool armed)
{
	struct world w = { .hurry = armed };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(steps); i++) {
		int err = steps[i].run(&w);

		if (err && !step_failed(&w, &steps[i], err, mode))
			break;
	}
	world_end(&w);
	tp_fault_reset();
}

static void run_with_fault(const struct tp_fault_info *site, uint64_t nth, enum mode mode)
{
	snprintf(plan_text, sizeof(plan_text), "while %s failed at hit %llu, %s\n", site->name,
		 (unsigned long long)nth, mode_names[mode]);
	tp_fault_reset();
	REQUIRE_OK(tp_fault_arm(site->name, nth, mode == ONCE ? 1 : UINT64_MAX));
	run_world(mode, true);
}

static void clean_run(struct sites *sites)
{
	struct world w = { .hurry = false };

	tp_fault_reset();
	for (unsigned i = 0; i < TP_ARRAY_SIZE(steps); i++) {
		snprintf(plan_text, sizeof(plan_text), "in the clean run at: %s\n", steps[i].name);
		REQUIRE_OK(steps[i].run(&w));
	}
	world_end(&w);
	sites_read(sites);
	tp_fault_reset();
}

/* A site that this scenario never reaches is a step whose failure nobody has seen. */
static void test_every_fault_site_is_reached(void **state)
{
	struct sites sites;
	unsigned missed = 0;

	(void)state;
	clean_run(&sites);
	for (size_t i = 0; i < sites.n; i++) {
		printf("  %-20s %5llu hits\n", sites.info[i].name,
		       (unsigned long long)sites.info[i].hits);
		if (sites.info[i].hits)
			continue;
		fprintf(stderr, "never hit: %s (%s:%d)\n", sites.info[i].name, sites.info[i].file,
			sites.info[i].line);
		missed++;
	}
	assert_int_equal(missed, 0);
}

static void test_every_single_fault_leaves_a_sound_machine(void **state)
{
	unsigned files, maps, runs = 0;
	struct sites sites;

	(void)state;
	clean_run(&sites);
	files = open_files();
	maps = lines_of("/proc/self/maps");
	failures = 0;
	for (size_t i = 0; i < sites.n; i++)
		for (uint64_t nth = 1; nth <= sites.info[i].hits; nth++)
			for (enum mode mode = ONCE; mode < NR_MODES; mode++, runs++)
				run_with_fault(&sites.info[i], nth, mode);
	printf("  %u runs, %u failed steps\n", runs, failures);
	assert_int_equal(open_files(), files);
	/* Heap and thread stacks may take a few more; one left by each run would be hundreds. */
	assert_true(lines_of("/proc/self/maps") < maps + 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_fault_site_is_reached),
		cmocka_unit_test(test_every_single_fault_leaves_a_sound_machine),
	};

	signal(SIGABRT, on_abort);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
