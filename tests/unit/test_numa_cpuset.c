/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_numa_cpuset - what a set of nodes may use while memory comes and goes under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/sync.h"
#include "numa_machine.h"

static struct tp_cpuset *make_cpuset(struct tp_machine *m, uint64_t mems)
{
	struct tp_cpuset *cpuset;

	assert_int_equal(tp_cpuset_create(m, "test", (tp_nodemask){ mems }, &cpuset), 0);
	return cpuset;
}

static uint64_t effective(struct tp_cpuset *cpuset)
{
	return tp_cpuset_effective_mems(cpuset).v;
}

static void only_nodes_with_memory_are_effective(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x6);

	assert_int_equal(tp_cpuset_mems(cpuset).v, 0x6);
	assert_int_equal(effective(cpuset), 0x2);
	tp_cpuset_destroy(cpuset);
}

static void set_without_memory_may_use_all(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0xc);

	assert_int_equal(tp_cpuset_mems(cpuset).v, 0xc);
	assert_int_equal(effective(cpuset), 0x3);
	tp_cpuset_destroy(cpuset);
}

static void memory_that_comes_and_goes_is_followed(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x6);
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	assert_int_equal(effective(cpuset), 0x6);
	offline(device);
	assert_int_equal(effective(cpuset), 0x2);
	assert_int_equal(tp_cpuset_mems(cpuset).v, 0x6);
	online(device, TP_ONLINE_KERNEL);
	assert_int_equal(effective(cpuset), 0x6);
	unplug(device);
	assert_int_equal(effective(cpuset), 0x2);
	tp_cpuset_destroy(cpuset);
}

static void set_that_may_use_all_gets_its_own_back(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x4);
	struct tp_device *other = plug(*state, 3, TP_ONLINE_MOVABLE), *own;

	assert_int_equal(effective(cpuset), 0xb);
	own = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(effective(cpuset), 0x4);
	unplug(own);
	assert_int_equal(effective(cpuset), 0xb);
	unplug(other);
	assert_int_equal(effective(cpuset), 0x3);
	tp_cpuset_destroy(cpuset);
}

static void every_set_follows(void **state)
{
	struct tp_cpuset *a = make_cpuset(*state, 0x5), *b = make_cpuset(*state, 0x6);
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);

	assert_int_equal(effective(a), 0x5);
	assert_int_equal(effective(b), 0x6);
	tp_cpuset_destroy(a);
	unplug(device);
	assert_int_equal(effective(b), 0x2);
	tp_cpuset_destroy(b);
}

static void new_nodes_take_effect_at_once(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x1);

	assert_int_equal(tp_cpuset_set_mems(cpuset, (tp_nodemask){ 0xe }), 0);
	assert_int_equal(tp_cpuset_mems(cpuset).v, 0xe);
	assert_int_equal(effective(cpuset), 0x2);
	tp_cpuset_destroy(cpuset);
}

static void empty_or_unknown_nodes_are_einval(void **state)
{
	struct tp_cpuset *cpuset = NULL;

	assert_int_equal(tp_cpuset_create(*state, "test", TP_NODES_NONE, &cpuset), -EINVAL);
	assert_int_equal(tp_cpuset_create(*state, "test", (tp_nodemask){ 0x11 }, &cpuset), -EINVAL);
	assert_null(cpuset);
	cpuset = make_cpuset(*state, 0x1);
	assert_int_equal(tp_cpuset_set_mems(cpuset, TP_NODES_NONE), -EINVAL);
	assert_int_equal(tp_cpuset_set_mems(cpuset, (tp_nodemask){ 0x10 }), -EINVAL);
	assert_int_equal(tp_cpuset_mems(cpuset).v, 0x1);
	tp_cpuset_destroy(cpuset);
}

static void refusal_names_the_set(void **state)
{
	struct tp_cpuset *cpuset;
	char text[128];

	assert_int_equal(tp_cpuset_create(*state, "web", TP_NODES_NONE, &cpuset), -EINVAL);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "web"));
}

static void name_is_optional_and_destroy_takes_null(void **state)
{
	struct tp_cpuset *cpuset;

	assert_int_equal(tp_cpuset_create(*state, NULL, TP_NODE_BIT(0), &cpuset), 0);
	tp_cpuset_destroy(cpuset);
	tp_cpuset_destroy(NULL);
}

static void each_failed_allocation_is_enomem(void **state)
{
	struct tp_cpuset *cpuset = NULL;

	for (uint64_t nth = 1; nth <= 2; nth++) {
		assert_int_equal(tp_fault_arm("core/alloc", nth, 1), 0);
		assert_int_equal(tp_cpuset_create(*state, "test", TP_NODE_BIT(0), &cpuset),
				 -ENOMEM);
		tp_fault_reset();
	}
	assert_null(cpuset);
	tp_cpuset_destroy(make_cpuset(*state, 0x1));
}

/* T1, T2: what the set may use does not depend on the kind of memory. */
static void normal_memory_coming_and_going_changes_nothing(void **state)
{
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x4);
	struct tp_device *movable = plug(*state, 2, TP_ONLINE_MOVABLE);

	unplug(plug(*state, 2, TP_ONLINE_KERNEL));
	assert_int_equal(effective(cpuset), 0x4);
	unplug(movable);
	tp_cpuset_destroy(cpuset);
}

static void refused_changes_leave_the_set(void **state)
{
	struct onlooker in = { .when = TP_NODE_BECOMING_MEM_AWARE, .answer = -EPERM };
	struct onlooker out = { .when = TP_NODE_BECOMING_MEMORYLESS, .answer = -EPERM };
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x6);
	struct tp_device *device;

	look_on(*state, &in, INT32_MIN);
	assert_int_equal(try_plug(*state, 2, TP_ONLINE_MOVABLE, &device), -EPERM);
	assert_int_equal(effective(cpuset), 0x2);
	look_away(&in);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	look_on(*state, &out, INT32_MIN);
	assert_int_equal(tp_device_unplug(device, NULL, NULL), -EPERM);
	assert_int_equal(effective(cpuset), 0x6);
	look_away(&out);
	unplug(device);
	tp_cpuset_destroy(cpuset);
}

static struct tp_cpuset *watched;

static void look_at_cpuset(struct onlooker *onlooker, const struct tp_node_event *event)
{
	(void)event;
	onlooker->result[0] = effective(watched);
}

static void set_is_told_after_tiers_and_before_regions(void **state)
{
	struct onlooker before = { .when = TP_NODE_BECAME_MEM_AWARE, .look = look_at_cpuset };
	struct onlooker after = before;
	struct tp_device *device;

	watched = make_cpuset(*state, 0x6);
	look_on(*state, &before, 11);
	look_on(*state, &after, 9);
	device = plug(*state, 2, TP_ONLINE_MOVABLE);
	assert_int_equal(before.result[0], 0x2);
	assert_int_equal(after.result[0], 0x6);
	look_away(&after);
	look_away(&before);
	unplug(device);
	tp_cpuset_destroy(watched);
}

/* ---- use -------------------------------------------------------------------------------- */

static int give_up(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)owner, (void)cookie, (void)pfn, (void)order;
	return -EBUSY;
}

static void allocation_stays_in_the_set(void **state)
{
	static const struct tp_owner_ops ops = { .release = give_up };
	struct tp_owner owner = { .name = "test", .ops = &ops };
	struct tp_device *device = plug(*state, 2, TP_ONLINE_MOVABLE);
	struct tp_cpuset *cpuset = make_cpuset(*state, 0x4);
	struct tp_alloc request = { .owner = &owner,
				    .type = TP_MIGRATE_MOVABLE,
				    .node = TP_NODE_NONE,
				    .nodes = tp_cpuset_effective_mems(cpuset) };
	struct tp_page_info info;
	tp_pfn pfn;

	assert_int_equal(tp_owner_register(*state, &owner), 0);
	assert_int_equal(tp_pages_alloc(*state, &request, &pfn), 0);
	assert_int_equal(tp_page_query(*state, pfn, &info), 0);
	assert_int_equal(info.node, 2);
	tp_pages_free(*state, pfn, 0);
	assert_int_equal(tp_owner_unregister(&owner), 0);
	tp_cpuset_destroy(cpuset);
	unplug(device);
}

struct reader {
	struct tp_cpuset *cpuset;
	tp_atomic_u32 stop;
	uint64_t torn;
};

static void read_on(void *arg)
{
	struct reader *reader = arg;

	while (!tp_atomic_load(&reader->stop, TP_ACQUIRE)) {
		uint64_t mems = effective(reader->cpuset);

		reader->torn += mems != 0x3 && mems != 0x4;
	}
}

/* Old or new, never a mixture: node 2 alone, or all others with memory while it has none. */
static void reader_without_a_lock_sees_old_or_new(void **state)
{
	struct reader reader = { .cpuset = make_cpuset(*state, 0x4) };
	struct tp_thread thread;

	assert_int_equal(tp_thread_start(&thread, "reader", read_on, &reader), 0);
	for (int i = 0; i < 20; i++)
		unplug(plug(*state, 2, TP_ONLINE_MOVABLE));
	tp_atomic_store(&reader.stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
	assert_int_equal(reader.torn, 0);
	tp_cpuset_destroy(reader.cpuset);
}

struct maker {
	struct tp_machine *machine;
	tp_atomic_u32 stop;
	uint64_t wrong;
};

static void make_and_end(void *arg)
{
	struct maker *maker = arg;

	while (!tp_atomic_load(&maker->stop, TP_ACQUIRE)) {
		struct tp_cpuset *cpuset = make_cpuset(maker->machine, 0x6);
		uint64_t mems = effective(cpuset);

		maker->wrong += mems != 0x2 && mems != 0x6;
		tp_cpuset_destroy(cpuset);
	}
}

static void sets_may_be_made_during_hotplug(void **state)
{
	struct maker maker = { .machine = *state };
	struct tp_thread thread;

	assert_int_equal(tp_thread_start(&thread, "maker", make_and_end, &maker), 0);
	for (int i = 0; i < 20; i++)
		unplug(plug(*state, 2, TP_ONLINE_MOVABLE));
	tp_atomic_store(&maker.stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
	assert_int_equal(maker.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NUMA_TEST(only_nodes_with_memory_are_effective),
		NUMA_TEST(set_without_memory_may_use_all),
		NUMA_TEST(memory_that_comes_and_goes_is_followed),
		NUMA_TEST(set_that_may_use_all_gets_its_own_back),
		NUMA_TEST(every_set_follows),
		NUMA_TEST(new_nodes_take_effect_at_once),
		NUMA_TEST(empty_or_unknown_nodes_are_einval),
		NUMA_TEST(refusal_names_the_set),
		NUMA_TEST(name_is_optional_and_destroy_takes_null),
		NUMA_TEST(each_failed_allocation_is_enomem),
		NUMA_TEST(normal_memory_coming_and_going_changes_nothing),
		NUMA_TEST(refused_changes_leave_the_set),
		NUMA_TEST(set_is_told_after_tiers_and_before_regions),
		NUMA_TEST(allocation_stays_in_the_set),
		NUMA_TEST(reader_without_a_lock_sees_old_or_new),
		NUMA_TEST(sets_may_be_made_during_hotplug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
