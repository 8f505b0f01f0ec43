/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_registry - GPUs of a machine by name and number, and asking one that goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "gpu/gpu.h"
#include "mm_machine.h"

/* A GPU that is a few words, and can be slow to answer. */
struct words {
	struct tp_gpu gpu;
	int reset_answer;
	tp_atomic_u32 asked, slow, gone;
};

static struct tp_machine *m;

static struct words *words_of(struct tp_gpu *gpu)
{
	struct words *w = tp_container_of(gpu, struct words, gpu);

	TP_INVARIANT(!tp_atomic_load(&w->gone, TP_ACQUIRE)); /* G1 */
	tp_atomic_store(&w->asked, 1, TP_RELEASE);
	while (tp_atomic_load(&w->slow, TP_ACQUIRE))
		tp_yield();
	TP_INVARIANT(!tp_atomic_load(&w->gone, TP_ACQUIRE));
	return w;
}

static void info(struct tp_gpu *gpu, struct tp_gpu_info *info)
{
	words_of(gpu);
	strcpy(info->driver, "words");
	info->nr_engines = 3;
}

static void stats(struct tp_gpu *gpu, struct tp_gpu_stats *stats)
{
	words_of(gpu);
	stats->resets = 7;
}

static int reset(struct tp_gpu *gpu)
{
	return words_of(gpu)->reset_answer;
}

static const struct tp_gpu_ops ops = { .info = info, .stats = stats, .reset = reset };

static int begin(void **state)
{
	(void)state;
	m = make_machine(small_machine(2));
	return 0;
}

static int end(void **state)
{
	(void)state;
	end_machine(m);
	return 0;
}

static int add(struct words *w, const char *name)
{
	*w = (struct words){ .gpu = { .ops = &ops, .machine = m } };
	memcpy(w->gpu.name, name, TP_MIN(strlen(name) + 1, sizeof(w->gpu.name)));
	return tp_gpu_register(&w->gpu);
}

static void must_say(const char *what)
{
	char text[128];

	tp_error_format(tp_last_error(), text, sizeof(text));
	if (!strstr(text, what))
		fail_msg("expected \"%s\" in \"%s\"", what, text);
}

static void gpus_are_found_by_name_and_number(void **state)
{
	struct words a, b, c;
	char name[TP_GPU_NAME];
	unsigned index = 1;

	(void)state;
	assert_false(tp_gpu_next(m, &index, name));
	must(add(&a, "gpu0"));
	must(add(&b, "gpu1"));
	assert_true(tp_gpu_next(m, &index, name));
	assert_string_equal(name, "gpu0");
	assert_int_equal(index, a.gpu.entry.index);
	index++;
	assert_true(tp_gpu_next(m, &index, name));
	assert_string_equal(name, "gpu1");
	tp_gpu_unregister(&b.gpu);
	must(add(&c, "gpu1"));
	assert_int_equal(c.gpu.entry.index, 3); /* no number twice */
	index = 2;
	assert_true(tp_gpu_next(m, &index, name));
	assert_int_equal(index, 3);
	index++;
	assert_false(tp_gpu_next(m, &index, name));
	tp_gpu_unregister(&a.gpu);
	tp_gpu_unregister(&c.gpu);
}

static void a_gpu_answers(void **state)
{
	struct tp_gpu_info i;
	struct tp_gpu_stats s;
	struct words a;

	(void)state;
	must(add(&a, "gpu0"));
	memset(&i, 0xff, sizeof(i));
	memset(&s, 0xff, sizeof(s));
	must(tp_gpu_info(m, "gpu0", &i));
	assert_string_equal(i.name, "gpu0");
	assert_string_equal(i.driver, "words");
	assert_int_equal(i.index, a.gpu.entry.index);
	assert_int_equal(i.nr_engines, 3);
	assert_int_equal(i.objects, 0); /* what it does not say is 0 */
	must(tp_gpu_stats(m, "gpu0", &s));
	assert_int_equal(s.resets, 7);
	assert_int_equal(s.faults, 0);
	must(tp_gpu_reset(m, "gpu0"));
	a.reset_answer = -EIO;
	assert_int_equal(tp_gpu_reset(m, "gpu0"), -EIO);
	tp_gpu_unregister(&a.gpu);
}

static void what_is_not_there_is_said(void **state)
{
	struct tp_gpu_stats s;
	struct tp_gpu_info i;
	struct words a, b;

	(void)state;
	must(add(&a, "gpu0"));
	assert_int_equal(add(&b, "gpu0"), -EEXIST);
	must_say("there is a GPU gpu0 already");
	assert_int_equal(tp_gpu_info(m, "gpu1", &i), -ENODEV);
	must_say("there is no GPU gpu1");
	assert_int_equal(tp_gpu_stats(m, "", &s), -ENODEV);
	assert_int_equal(tp_gpu_reset(m, "gpu1"), -ENODEV);
	tp_gpu_unregister(&a.gpu);
}

static void a_name_is_a_word(void **state)
{
	static const char *const bad[] = { "",	  ".",	 "..",	"a/b",
					   "a b", "a:b", "a\n", "0123456789abcdef" };
	struct words a;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++) {
		assert_int_equal(add(&a, bad[i]), -EINVAL);
		must_say("a GPU needs a name of up to 15 letters");
	}
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(tp_gpu_state_name(TP_GPU_RUNNING), "running");
	assert_string_equal(tp_gpu_state_name(TP_GPU_RESETTING), "resetting");
	assert_string_equal(tp_gpu_state_name(TP_GPU_WEDGED), "wedged");
	assert_string_equal(tp_gpu_state_name((enum tp_gpu_state)99), "?");
}

static void unregister_and_go(void *arg)
{
	struct words *w = arg;

	tp_gpu_unregister(&w->gpu);
	tp_atomic_store(&w->gone, 1, TP_RELEASE);
}

static void ask(void *arg)
{
	(void)arg;
	TP_INVARIANT(!tp_gpu_reset(m, "gpu0"));
}

/* G1: it is found, then unregistered: the call ends first. */
static void a_gpu_stays_while_it_is_asked(void **state)
{
	struct tp_thread asking, going;
	char name[TP_GPU_NAME];
	unsigned index = 1;
	struct words a;

	(void)state;
	must(add(&a, "gpu0"));
	tp_atomic_store(&a.slow, 1, TP_RELEASE);
	must(tp_thread_start(&asking, "ask", ask, NULL));
	while (!tp_atomic_load(&a.asked, TP_ACQUIRE))
		tp_yield();
	must(tp_thread_start(&going, "go", unregister_and_go, &a));
	while (tp_gpu_next(m, &index, name))
		tp_yield();
	tp_sleep_ns(TP_MILLISECONDS(5));
	assert_int_equal(tp_atomic_load(&a.gone, TP_ACQUIRE), 0);
	tp_atomic_store(&a.slow, 0, TP_RELEASE);
	tp_thread_join(&asking);
	tp_thread_join(&going);
	assert_int_equal(tp_atomic_load(&a.gone, TP_ACQUIRE), 1);
}

#define REGISTRY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REGISTRY_TEST(gpus_are_found_by_name_and_number),
		REGISTRY_TEST(a_gpu_answers),
		REGISTRY_TEST(what_is_not_there_is_said),
		REGISTRY_TEST(a_name_is_a_word),
		REGISTRY_TEST(states_have_names),
		REGISTRY_TEST(a_gpu_stays_while_it_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
