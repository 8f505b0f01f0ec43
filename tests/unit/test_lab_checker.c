/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_checker - a machine that miscounts itself is found out by public figures alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/compiler.h"
#include "lab/checker.h"
#include "mm/machine.h"

struct fixture {
	struct tp_machine *machine;
	struct tp_zone *zone; /* one with pages */
	struct tp_findings findings;
};

static int set_up(void **state)
{
	static struct fixture f;
	const struct tp_machine_config config = { .nr_nodes = 1,
						  .nodes[0].dram = TP_MIB(16),
						  .block_size = TP_MIB(8),
						  .hotplug_size = TP_MIB(8) };
	int err = tp_machine_create(&config, &f.machine);

	tp_findings_init(&f.findings);
	*state = &f;
	if (err)
		return err;
	for (int type = 0; type < TP_NR_ZONE_TYPES; type++) {
		if (tp_zone_of(f.machine, 0, (enum tp_zone_type)type)->managed)
			f.zone = tp_zone_of(f.machine, 0, (enum tp_zone_type)type);
	}
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tp_machine_destroy(f->machine);
	return 0;
}

/* Make @figure wrong by one for the time of a check, which must say @words. */
static void expect_finding(struct fixture *f, uint64_t *figure, const char *words)
{
	++*figure;
	tp_check_structure(f->machine, &f->findings);
	--*figure;
	if (!strstr(f->findings.text, words))
		fail_msg("'%s' is not in '%s'", words, f->findings.text);
}

static void a_sound_machine_has_no_findings(void **state)
{
	struct fixture *f = *state;

	tp_check_structure(f->machine, &f->findings);
	assert_int_equal(tp_findings_count(&f->findings), 0);
}

static void a_wrong_free_count_is_found(void **state)
{
	struct fixture *f = *state;

	expect_finding(f, &f->zone->nr_free, "in its lists");
}

static void a_wrong_present_count_is_found(void **state)
{
	struct fixture *f = *state;

	expect_finding(f, &f->zone->present, "online blocks");
}

static void a_wrong_managed_count_is_found(void **state)
{
	struct fixture *f = *state;

	expect_finding(f, &f->zone->managed, "managed");
}

/* T2, T3 */
static void a_node_state_that_lies_is_found(void **state)
{
	struct fixture *f = *state;

	tp_node_state_set(f->machine, 0, TP_N_MEMORY, false);
	tp_check_structure(f->machine, &f->findings);
	tp_node_state_set(f->machine, 0, TP_N_MEMORY, true);
	assert_non_null(strstr(f->findings.text, "but without memory"));
}

static void many_findings_are_counted_where_they_do_not_fit(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 500; i++)
		tp_findings_add(&f->findings, "finding number %d of many", i);
	assert_int_equal(tp_findings_count(&f->findings), 500);
	assert_true(strlen(f->findings.text) < sizeof(f->findings.text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sound_machine_has_no_findings, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_free_count_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_present_count_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_wrong_managed_count_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_node_state_that_lies_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_findings_are_counted_where_they_do_not_fit,
						set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
