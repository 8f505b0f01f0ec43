/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_control_gpu - GPUs over the control channel: looked at, and reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "control_client.h"
#include "gpu_dummy.h"
#include "lab/gpu.h"

enum { DUMPS = TP_TSAN ? 50 : 200 };

static struct client c;
static struct gpu_dummy gpu;

static int set_up(void **state)
{
	int err = setup_server(state);
	struct server *s = *state;

	if (err)
		return err;
	gpu_dummy_add(&gpu, s->lm->machine, "gpu0");
	client_open(&c, s);
	return 0;
}

static int tear_down(void **state)
{
	client_close(&c);
	tp_gpu_unregister(&gpu.gpu);
	return teardown_server(state);
}

#define NAMED(cmd, name) "{\"cmd\":\"" cmd "\",\"name\":\"" name "\"}"

static json_int_t number_in(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	if (!json_is_integer(value))
		fail_msg("%s is no number", member);
	return json_integer_value(value);
}

static void gpus_are_listed_with_all_that_they_are(tp_unused void **state)
{
	json_t *answer = client_ask(&c, "{\"cmd\":\"gpu\"}");
	const json_t *list = json_object_get(answer, "gpus"), *g = json_array_get(list, 0);
	const json_t *engines = json_object_get(g, "engines"), *e = json_array_get(engines, 0);

	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(g, "name"), "gpu0");
	assert_string_equal(text_of(g, "driver"), "dummy");
	assert_string_equal(text_of(g, "platform"), "mtl");
	assert_string_equal(text_of(g, "state"), "running");
	assert_int_equal(number_in(g, "gts"), 2);
	assert_int_equal(number_in(g, "vms"), 2);
	assert_int_equal(number_in(g, "objects"), 40);
	assert_int_equal(number_in(g, "bound"), 33);
	assert_int_equal(number_in(g, "bytes_system"), 12 << 20);
	assert_int_equal(number_in(g, "bytes_vram"), 1 << 20);
	assert_int_equal(number_in(g, "bytes_vram_total"), 16 << 20);
	assert_int_equal(number_in(g, "bytes_tables"), 65536);
	assert_int_equal(number_in(g, "bytes_quarantined"), 4096);
	assert_int_equal(json_array_size(engines), gpu.info.nr_engines);
	assert_string_equal(text_of(e, "name"), "rcs0");
	assert_true(json_is_true(json_object_get(e, "awake")));
	assert_int_equal(number_in(e, "submitted"), 30);
	assert_int_equal(number_in(e, "completed"), 20);
	assert_int_equal(number_in(e, "failed"), 1);
	assert_int_equal(number_in(json_array_get(engines, 2), "gt"), 1);
	expect_done(answer);
}

static void none_of_many_is_left_out(void **state)
{
	static struct gpu_dummy more[70];
	struct server *s = *state;
	json_t *answer;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(more); i++) {
		char name[TP_GPU_NAME];

		snprintf(name, sizeof(name), "more%u", i);
		gpu_dummy_add(&more[i], s->lm->machine, name);
	}
	answer = client_ask(&c, "{\"cmd\":\"gpu\"}");
	assert_int_equal(json_array_size(json_object_get(answer, "gpus")), TP_ARRAY_SIZE(more) + 1);
	expect_done(answer);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(more); i++)
		tp_gpu_unregister(&more[i].gpu);
}

static void counters_are_those_of_the_gpu(tp_unused void **state)
{
	json_t *answer = client_ask(&c, NAMED("gpu_stats", "gpu0"));
	const json_t *stats = json_object_get(answer, "gpu_stats");
	const json_t *tlb = json_array_get(json_object_get(stats, "tlb"), 0);
	const json_t *latency = json_object_get(tlb, "latency");

	assert_int_equal(json_array_size(json_object_get(stats, "tlb")), 2);
	assert_int_equal(number_in(tlb, "requested"), 100);
	assert_int_equal(number_in(tlb, "elided"), 60);
	assert_int_equal(number_in(tlb, "asleep"), 10);
	assert_int_equal(number_in(tlb, "full"), 25);
	assert_int_equal(number_in(tlb, "range"), 5);
	assert_int_equal(number_in(tlb, "timeouts"), 3);
	assert_int_equal(number_in(tlb, "seqno"), 54);
	assert_int_equal(json_array_size(latency), TP_GPU_LATENCIES);
	assert_int_equal(json_integer_value(json_array_get(latency, 6)), 20);
	assert_int_equal(json_integer_value(json_array_get(latency, 15)), 1);
	assert_int_equal(number_in(stats, "resets"), 1);
	assert_int_equal(number_in(stats, "resets_failed"), 2);
	assert_int_equal(number_in(stats, "bytes_quarantined"), 8192);
	assert_int_equal(number_in(stats, "bytes_released"), 4096);
	assert_int_equal(number_in(stats, "evictions"), 5);
	assert_int_equal(number_in(stats, "shrunk"), 6);
	assert_int_equal(number_in(stats, "pages_moved"), 7);
	assert_int_equal(number_in(stats, "faults"), 8);
	assert_int_equal(number_in(stats, "swapped"), 9);
	assert_int_equal(number_in(stats, "vram_losses"), 10);
	assert_int_equal(number_in(stats, "canceled"), 11);
	assert_int_equal(number_in(stats, "rebuilds"), 12);
	assert_int_equal(number_in(stats, "table_entries"), 13);
	assert_int_equal(number_in(stats, "table_jobs"), 14);
	expect_done(answer);
}

static void a_reset_answers_with_what_the_gpu_is_then(tp_unused void **state)
{
	json_t *answer = client_ask(&c, NAMED("gpu_reset", "gpu0"));

	assert_string_equal(text_of(json_object_get(answer, "gpu"), "state"), "running");
	assert_int_equal(gpu.resets, 1);
	expect_done(answer);
	gpu.reset_answer = -EIO;
	REFUSED(&c, NAMED("gpu_reset", "gpu0"), "EIO", "gpu_reset: ");
	gpu.info.state = TP_GPU_WEDGED;
	answer = client_ask(&c, "{\"cmd\":\"gpu\"}");
	assert_string_equal(text_of(json_array_get(json_object_get(answer, "gpus"), 0), "state"),
			    "wedged");
	expect_done(answer);
}

static void gpus_that_are_not_there_are_told(void **state)
{
	struct server *s = *state;

	REFUSED(&c, NAMED("gpu_stats", "card0"), "ENODEV", "gpu_stats: there is no GPU card0");
	REFUSED(&c, NAMED("gpu_reset", "card0"), "ENODEV", "gpu_reset: there is no GPU card0");
	REFUSED(&c, "{\"cmd\":\"gpu_stats\"}", "EINVAL", "gpu_stats: option \"name\" is missing");
	REFUSED(&c, "{\"cmd\":\"gpu_reset\",\"name\":7}", "EINVAL", "must be text");
	REFUSED(&c, "{\"cmd\":\"gpu\",\"name\":\"gpu0\"}", "EINVAL", "no option \"name\"");
	tp_gpu_unregister(&gpu.gpu);
	REFUSED(&c, NAMED("gpu_stats", "gpu0"), "ENODEV", "there is no GPU gpu0");
	gpu_dummy_add(&gpu, s->lm->machine, "gpu0");
}

/* ---- dumps ----------------------------------------------------------------------------------- */

struct goer {
	struct server *s;
	tp_atomic_u32 asked, gone;
};

static struct tp_lab_gpu *make_vega(struct server *s)
{
	const struct tp_lab_gpu_config config = {
		.kind = &tp_lab_gpu_amd,
		.name = "gpu1",
		.amd = { .model = { .name = "gpu1",
				    .mode = TP_AMD_MODEL_THREAD,
				    .memory = TP_MIB(4) },
			 .driver = { .node = TP_NODE_NONE, .service = true } },
	};
	struct tp_lab_gpu *vega;

	assert_int_equal(tp_lab_gpu_create(s->lm, &config, &vega), 0);
	return vega;
}

/* It goes a while after each time that a dump of it is asked for, and comes again. */
static void come_and_go(void *arg)
{
	struct goer *goer = arg;

	for (unsigned i = 0; i < DUMPS; i++) {
		struct tp_lab_gpu *vega = make_vega(goer->s);

		tp_atomic_store(&goer->gone, i, TP_RELEASE);
		while (tp_atomic_load(&goer->asked, TP_ACQUIRE) <= i)
			tp_yield();
		tp_sleep_ns(TP_MICROSECONDS(3) * (i % 50));
		assert_int_equal(tp_lab_gpu_destroy(vega), 0);
	}
	tp_atomic_store(&goer->gone, DUMPS, TP_RELEASE);
}

static void remove_dump(const char *folder)
{
	static const char *const names[] = { "vram.img",      "tables.bin",  "mappings.txt",
					     "registers.txt", "streams.bin", "accesses.txt" };
	char path[128];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(folder), 0);
}

/* All of it is dumped, or it is told that it is not there. */
static void a_gpu_that_goes_is_dumped_or_not(void **state)
{
	struct goer goer = { .s = *state };
	char folder[] = "/tmp/tp-dump-XXXXXX", line[128];
	struct tp_thread thread;

	assert_non_null(mkdtemp(folder));
	snprintf(line, sizeof(line), "{\"cmd\":\"gpu_dump\",\"name\":\"gpu1\",\"folder\":\"%s\"}",
		 folder);
	assert_int_equal(tp_thread_start(&thread, "goer", come_and_go, &goer), 0);
	for (unsigned i = 0; i < DUMPS; i++) {
		json_t *answer;

		while (tp_atomic_load(&goer.gone, TP_ACQUIRE) < i)
			tp_yield();
		tp_atomic_store(&goer.asked, i + 1, TP_RELEASE);
		answer = client_ask(&c, line);
		if (json_is_true(json_object_get(answer, "ok")))
			expect_done(answer);
		else
			expect_refused(answer, "ENODEV", "there is no GPU \"gpu1\"");
	}
	tp_thread_join(&thread);
	remove_dump(folder);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gpus_are_listed_with_all_that_they_are),
		TEST(none_of_many_is_left_out),
		TEST(counters_are_those_of_the_gpu),
		TEST(a_reset_answers_with_what_the_gpu_is_then),
		TEST(gpus_that_are_not_there_are_told),
		TEST(a_gpu_that_goes_is_dumped_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
