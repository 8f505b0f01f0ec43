/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_loads - a load notices when its memory is not what it wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <tidepool/machine.h>

#include "core/compiler.h"
#include "core/sync.h"
#include "lab/load.h"

struct fixture {
	struct tp_machine *machine;
	struct tp_findings findings;
	struct tp_load *load;
};

static int set_up(void **state)
{
	static struct fixture fixture;
	const struct tp_machine_config config = { .nr_nodes = 1,
						  .nodes[0].dram = TP_MIB(32),
						  .block_size = TP_MIB(8),
						  .hotplug_size = TP_MIB(8) };

	tp_findings_init(&fixture.findings);
	*state = &fixture;
	return tp_machine_create(&config, &fixture.machine);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tp_machine_destroy(f->machine);
	return 0;
}

static void start(struct fixture *f, const struct tp_load_kind *kind, uint64_t size)
{
	const struct tp_load_config config = { .name = "load",
					       .seed = 5,
					       .size = size,
					       .threads = 2,
					       .max_order = 3,
					       .policy = TP_POLICY_LOCAL };

	assert_int_equal(tp_load_create(kind, f->machine, &config, &f->findings, &f->load), 0);
}

static void wait_for_work(struct tp_load *load, uint64_t work)
{
	while (tp_atomic_load(&load->work, TP_RELAXED) < work)
		tp_sleep_ns(TP_MILLISECONDS(1));
}

static void stop(struct fixture *f)
{
	assert_int_equal(tp_load_stop(f->load), 0);
	tp_load_destroy(f->load);
}

static void loads_work_and_leave_nothing_behind(void **state)
{
	struct fixture *f = *state;

	for (const struct tp_load_kind *const *kind = tp_load_kinds; *kind; kind++) {
		start(f, *kind, TP_MIB(1));
		if ((*kind)->work)
			wait_for_work(f->load, 100);
		tp_load_halt(f->load);
		tp_load_verify(f->load);
		tp_load_resume(f->load);
		stop(f);
	}
	assert_int_equal(tp_findings_count(&f->findings), 0);
	assert_int_equal(tp_machine_check(f->machine, true, stderr), 0);
}

static void halted_threads_do_nothing(void **state)
{
	struct fixture *f = *state;
	uint64_t work;

	start(f, &tp_load_mapping, TP_MIB(1));
	wait_for_work(f->load, 1000);
	tp_load_halt(f->load);
	work = tp_atomic_load(&f->load->work, TP_RELAXED);
	tp_sleep_ns(TP_MILLISECONDS(20));
	assert_int_equal(tp_atomic_load(&f->load->work, TP_RELAXED), work);
	tp_load_resume(f->load);
	wait_for_work(f->load, work + 1000);
	stop(f);
}

/* Flip one bit of a mapping at @offset while its writers are halted; how many findings? */
static unsigned findings_of_flip(struct fixture *f, uint64_t offset)
{
	unsigned before = tp_findings_count(&f->findings);
	char *base;

	start(f, &tp_load_mapping, TP_MIB(1));
	tp_load_halt(f->load);
	base = tp_mapping_base(f->load->kind->mapping(f->load));
	base[offset] ^= 4;
	tp_load_verify(f->load);
	base[offset] ^= 4;
	tp_load_resume(f->load);
	stop(f);
	return tp_findings_count(&f->findings) - before;
}

static void every_byte_of_a_mapping_counts(void **state)
{
	static const uint64_t offsets[] = { 0, 7, 8, 255, 256, 4095, 4096, 123456, TP_MIB(1) - 1 };
	struct fixture *f = *state;

	for (size_t i = 0; i < TP_ARRAY_SIZE(offsets); i++)
		assert_int_equal(findings_of_flip(f, offsets[i]), 1);
	assert_non_null(strstr(f->findings.text, "load: byte 0: counter 0"));
}

static void a_lost_write_is_seen_by_the_writer(void **state)
{
	struct fixture *f = *state;
	uint64_t *words;

	start(f, &tp_load_mapping, TP_PAGE_SIZE);
	wait_for_work(f->load, 10000);
	tp_load_halt(f->load);
	words = tp_mapping_base(f->load->kind->mapping(f->load));
	words[32]--; /* as if the last write to counter 1 had gone to a page that was dropped */
	tp_load_resume(f->load);
	while (!tp_findings_count(&f->findings))
		tp_sleep_ns(TP_MILLISECONDS(1));
	assert_non_null(strstr(f->findings.text, "counter 1 was written"));
	stop(f);
}

static void lost_pages_of_others_are_seen(void **state)
{
	struct fixture *f = *state;
	struct tp_page_info info;
	tp_pfn pfn = { 0 };

	start(f, &tp_load_hog, TP_MIB(1));
	for (;; pfn.v++) {
		assert_int_equal(tp_page_query(f->machine, pfn, &info), 0);
		if (info.allocated && !strcmp(info.owner, "load"))
			break;
	}
	*(uint64_t *)tp_page_address(f->machine, pfn) += 1;
	tp_load_verify(f->load);
	assert_int_equal(tp_findings_count(&f->findings), 1);
	*(uint64_t *)tp_page_address(f->machine, pfn) -= 1;
	stop(f);
}

static void a_load_that_cannot_start_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	const struct tp_load_config config = { .name = "big", .size = TP_MIB(64), .threads = 1 };

	assert_int_equal(tp_load_create(&tp_load_hog, f->machine, &config, &f->findings, &f->load),
			 -ENOMEM);
	assert_int_equal(tp_load_create(&tp_load_pin, f->machine, &config, &f->findings, &f->load),
			 -ENOMEM);
	assert_int_equal(tp_load_create(&tp_load_mapping, f->machine, &config, &f->findings,
					&f->load),
			 -ENOMEM);
	assert_int_equal(tp_machine_check(f->machine, true, stderr), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(loads_work_and_leave_nothing_behind, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(halted_threads_do_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_byte_of_a_mapping_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lost_write_is_seen_by_the_writer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(lost_pages_of_others_are_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_load_that_cannot_start_leaves_nothing, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
