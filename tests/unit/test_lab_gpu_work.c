/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_gpu_work - what a load of work on a GPU takes for wrong, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lab/gpu_work.h"
#include "lab/lab_machine.h"
#include "lab/run.h"
#include "mm_machine.h"

enum { OBJECTS = 8, BATCHES = 100 };

static struct {
	struct tp_run run; /* its steps make it large */
	struct tp_lab_machine *lm;
	struct tp_lab_gpu *gpu;
	struct tp_load *load;
	struct tp_lab_gpu_kind kind; /* but for what happens when an object is read */
	bool loses;
} bench;

/* What was in video memory is lost just before, once, when it is of something that was written. */
static int read_late(struct tp_lab_object *object, uint64_t offset, void *to, size_t len)
{
	int err = tp_lab_gpu_amd.object_read(object, offset, to, len);
	uint32_t word = 0;

	if (!err)
		memcpy(&word, to, sizeof(word));
	if (!bench.loses || !word)
		return err;
	bench.loses = false;
	must(tp_lab_gpu_amd.reset(bench.gpu, TP_AMD_RESET_MODE1));
	return tp_lab_gpu_amd.object_read(object, offset, to, len);
}

static void make_gpu(void)
{
	const struct tp_lab_gpu_config config = {
		.kind = &tp_lab_gpu_amd,
		.name = "gpu0",
		.amd = { .model = { .name = "gpu0",
				    .mode = TP_AMD_MODEL_THREAD,
				    .memory = TP_MIB(4) },
			 .driver = { .node = TP_NODE_NONE,
				     .service = true,
				     .patience.hang_ns = TP_SECONDS(30) } },
	};

	must(tp_lab_gpu_create(bench.lm, &config, &bench.gpu));
	bench.kind = tp_lab_gpu_amd;
	bench.kind.object_read = read_late;
	bench.gpu->kind = &bench.kind;
}

static int set_up(tp_unused void **state)
{
	const struct tp_machine_config config = { .nr_nodes = 1,
						  .nodes[0] = { .dram = TP_MIB(32), .cpus = 2 },
						  .block_size = TP_MIB(8),
						  .hotplug_size = TP_MIB(8) };
	int err;

	tp_list_init(&bench.run.machines);
	tp_findings_init(&bench.run.findings);
	err = tp_lab_machine_create(&bench.run, &config, &bench.lm);
	if (!err)
		make_gpu();
	return err;
}

static int tear_down(tp_unused void **state)
{
	tp_lab_machine_close(bench.lm);
	fputs(bench.run.findings.text, stderr);
	assert_int_equal(tp_findings_count(&bench.run.findings), 0);
	tp_lab_machine_destroy(bench.lm);
	return 0;
}

/* Its objects are in video memory; stopped when it has worked for a while. */
static void work_a_while(void)
{
	const struct tp_gpu_work_config work = { .gpu = bench.gpu,
						 .objects = OBJECTS,
						 .object_size = 2 * TP_PAGE_SIZE,
						 .vram = 100,
						 .node = TP_NODE_NONE };
	const struct tp_load_config config = {
		.name = "tex", .seed = 5, .threads = 1, .gpu_work = &work
	};

	must(tp_load_create(&tp_load_gpu_work, bench.lm->machine, &config, &bench.run.findings,
			    &bench.load));
	while (tp_atomic_load(&bench.load->work, TP_RELAXED) < BATCHES)
		tp_sleep_ns(TP_MILLISECONDS(1));
	tp_load_halt(bench.load);
}

/* It is told that it is gone after it was read, and not before. */
static void content_that_goes_while_it_is_verified_is_no_finding(tp_unused void **state)
{
	work_a_while();
	bench.loses = true;
	tp_load_verify(bench.load);
	tp_load_resume(bench.load);
	must(tp_load_stop(bench.load));
	tp_load_destroy(bench.load);
	assert_false(bench.loses);
	assert_int_equal(tp_findings_count(&bench.run.findings), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			content_that_goes_while_it_is_verified_is_no_finding, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
