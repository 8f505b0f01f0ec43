/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_slab - objects of equal size, their nodes, and memory that is given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skip.h"
#include "mapping_machine.h"
#include "panic.h"

static int make(void **state)
{
	*state = make_two_nodes();
	return 0;
}

static int end(void **state)
{
	tp_fault_reset();
	end_machine(*state);
	return 0;
}

static struct tp_slab_cache *make_cache(struct tp_machine *m, size_t size, size_t align)
{
	struct tp_slab_cache *cache;

	must(tp_slab_cache_create(m, "objects", size, align, &cache));
	return cache;
}

static struct tp_slab_stat slab_stat(struct tp_slab_cache *cache)
{
	struct tp_slab_stat stat;

	tp_slab_stat(cache, &stat);
	return stat;
}

static void *take(struct tp_slab_cache *cache, int node)
{
	void *object = tp_slab_alloc(cache, node);

	assert_non_null(object);
	return object;
}

static struct tp_device *plug_normal(struct tp_machine *m, int node)
{
	const struct tp_device_config config = { .node = node,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_KERNEL };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static int node_of(struct tp_machine *m, const void *object)
{
	uint64_t offset = (uint64_t)((const char *)object - m->backing.base);
	struct tp_page_info info;

	must(tp_page_query(m, (tp_pfn){ offset / TP_PAGE_SIZE }, &info));
	return info.node;
}

/* ---- objects --------------------------------------------------------------------------------- */

enum { MANY = 3000 };

static void objects_do_not_overlap(struct tp_machine *m, size_t size, size_t align, unsigned n)
{
	struct tp_slab_cache *cache = make_cache(m, size, align);
	unsigned char **objects = calloc(n, sizeof(*objects));
	unsigned wrong = 0;

	assert_non_null(objects);
	for (unsigned i = 0; i < n; i++) {
		objects[i] = take(cache, TP_NODE_NONE);
		wrong += (uintptr_t)objects[i] % (align ? align : 16) != 0;
		memset(objects[i], (int)(i & 0xff), size);
	}
	assert_int_equal(slab_stat(cache).objects, n);
	for (unsigned i = 0; i < n; i++) {
		for (size_t k = 0; k < size; k++)
			wrong += objects[i][k] != (i & 0xff);
		tp_slab_free(cache, objects[i]);
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(slab_stat(cache).objects, 0);
	must(tp_slab_cache_destroy(cache));
	free(objects);
}

static void objects_of_every_size_are_apart(void **state)
{
	objects_do_not_overlap(*state, 1, 0, MANY);
	objects_do_not_overlap(*state, 24, 8, MANY);
	objects_do_not_overlap(*state, 100, 0, MANY);
	objects_do_not_overlap(*state, 4096, 0, 100);
	objects_do_not_overlap(*state, 5000, 64, 100);
}

static void big_and_aligned_objects_are_apart(void **state)
{
	if (TP_PAGE_SIZE << TP_MAX_ORDER < TP_KIB(128))
		SKIP("pageblocks too small to hold a slab of them");
	objects_do_not_overlap(*state, 32768, 0, 20);
	objects_do_not_overlap(*state, 32768, 4096, 20);
	objects_do_not_overlap(*state, 1, 4096, 50);
	objects_do_not_overlap(*state, 4097, 4096, 50);
}

static void an_object_freed_is_used_again(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 64, 0);
	void *a = take(cache, 0), *b;

	tp_slab_free(cache, a);
	b = take(cache, 0);
	assert_ptr_equal(a, b);
	tp_slab_free(cache, b);
	assert_int_equal(slab_stat(cache).slabs, 1);
	must(tp_slab_cache_destroy(cache));
}

static void freeing_nothing_is_fine(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 64, 0);

	tp_slab_free(cache, NULL);
	assert_int_equal(tp_slab_cache_destroy(NULL), 0);
	must(tp_slab_cache_destroy(cache));
}

static void destroy_is_refused_while_objects_are_in_use(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 64, 0);
	void *object = take(cache, 0);

	assert_int_equal(tp_slab_cache_destroy(cache), -EBUSY);
	expect_error_text("1 objects are in use");
	tp_slab_free(cache, object);
	must(tp_slab_cache_destroy(cache));
}

static void destroy_gives_everything_back(void **state)
{
	uint64_t free = free_of_machine(*state);

	objects_do_not_overlap(*state, 200, 0, MANY);
	expect_free(*state, free);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void nonsense_is_refused(void **state)
{
	static const size_t wrong[][2] = { { 0, 0 },	{ 32769, 0 }, { SIZE_MAX, 0 },
					   { 64, 3 },	{ 64, 8192 }, { 64, SIZE_MAX },
					   { 64, 4095 } };
	struct tp_slab_cache *cache;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++)
		assert_int_equal(tp_slab_cache_create(*state, "x", wrong[i][0], wrong[i][1],
						      &cache),
				 -EINVAL);
}

static void an_unknown_node_gets_nothing(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 64, 0);

	assert_null(tp_slab_alloc(cache, 2));
	assert_null(tp_slab_alloc(cache, TP_MAX_NODES + 1));
	assert_null(tp_slab_alloc(cache, -2));
	must(tp_slab_cache_destroy(cache));
}

static void no_memory_is_no_object(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 5000, 0);
	void *last = NULL;

	must(tp_fault_arm("mm/page-alloc", 1, UINT64_MAX));
	assert_null(tp_slab_alloc(cache, 0));
	tp_fault_reset();
	last = take(cache, 0);
	tp_slab_free(cache, last);
	must(tp_slab_cache_destroy(cache));
}

static void a_failed_create_leaves_nothing(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache;
	unsigned nth = 0;

	do {
		tp_fault_reset();
		must(tp_fault_arm("core/alloc", ++nth, 1));
	} while (tp_slab_cache_create(m, "x", 64, 0, &cache) == -ENOMEM);
	/* The cache, its name, the lists of node 0. */
	assert_int_equal(nth, 4);
	must(tp_slab_cache_destroy(cache));
}

/* ---- wrong frees ----------------------------------------------------------------------------- */

/* A child has none of its parent's memory: each makes its own machine. */
struct wrong {
	struct tp_machine *m;
	struct tp_slab_cache *cache, *other;
	char *object;
};

static struct wrong make_wrong(void)
{
	struct wrong w = { .m = make_two_nodes() };

	w.cache = make_cache(w.m, 64, 0);
	w.other = make_cache(w.m, 64, 0);
	take(w.cache, 0);
	w.object = take(w.cache, 0);
	return w;
}

static void free_twice(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.cache, w.object);
	tp_slab_free(w.cache, w.object);
}

static void free_after_shrink(void *arg)
{
	struct tp_machine *m = make_two_nodes();
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	void *object = take(cache, 0);

	(void)arg;
	tp_slab_free(cache, object);
	tp_slab_cache_shrink(cache);
	tp_slab_free(cache, object);
}

static void free_to_other_cache(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.other, w.object);
}

static void free_inside(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.cache, w.object + 16);
}

static void free_the_head(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.cache, (void *)((uintptr_t)w.object & ~(TP_PAGE_SIZE - 1)));
}

static void free_foreign(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.cache, &w);
}

static void free_where_no_memory_is(void *arg)
{
	struct wrong w = make_wrong();

	(void)arg;
	tp_slab_free(w.cache, w.m->backing.base + BOOT_BYTES + MAP_BLOCK + 64);
}

static void free_page_of_another_owner(void *arg)
{
	struct wrong w = make_wrong();
	struct tp_owner owner = { .name = "pages" };

	(void)arg;
	must(tp_owner_register(w.m, &owner));
	tp_slab_free(w.cache,
		     tp_page_address(w.m, take_pages(w.m, &owner, 0, TP_MIGRATE_UNMOVABLE, 0)));
}

static void a_double_free_stops_the_program(void **state)
{
	(void)state;
	expect_panic(free_twice, NULL, "double free");
	expect_panic(free_after_shrink, NULL, "none of its objects");
}

static void a_foreign_free_stops_the_program(void **state)
{
	(void)state;
	expect_panic(free_to_other_cache, NULL, "none of its objects");
	expect_panic(free_foreign, NULL, "no memory of this machine");
	expect_panic(free_where_no_memory_is, NULL, "none of its objects");
	expect_panic(free_page_of_another_owner, NULL, "none of its objects");
}

static void a_free_inside_an_object_stops_the_program(void **state)
{
	(void)state;
	expect_panic(free_inside, NULL, "inside an object");
	expect_panic(free_the_head, NULL, "inside an object");
}

/* ---- giving back ----------------------------------------------------------------------------- */

static void shrink_gives_empty_slabs_back(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 1000, 0);
	unsigned n = 1;
	void *objects[MANY];
	uint64_t pages, free;

	/* One slab is full, the only object of the second is given back. */
	for (objects[0] = take(cache, 0); slab_stat(cache).slabs < 2; n++)
		objects[n] = take(cache, 0);
	tp_slab_free(cache, objects[--n]);
	assert_int_equal(slab_stat(cache).empty_slabs, 1);
	pages = slab_stat(cache).pages;
	free = free_of_machine(m);
	assert_int_equal(tp_slab_cache_shrink(cache), pages / 2);
	expect_free(m, free + pages / 2);
	assert_int_equal(slab_stat(cache).slabs, 1);
	assert_int_equal(slab_stat(cache).empty_slabs, 0);
	assert_int_equal(tp_slab_cache_shrink(cache), 0);
	while (n--)
		tp_slab_free(cache, objects[n]);
	must(tp_slab_cache_destroy(cache));
}

static void few_empty_slabs_are_kept(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 1000, 0);
	void *objects[MANY];

	for (unsigned i = 0; i < 200; i++)
		objects[i] = take(cache, 0);
	for (unsigned i = 0; i < 200; i++)
		tp_slab_free(cache, objects[i]);
	assert_true(slab_stat(cache).slabs > 0);
	assert_true(slab_stat(cache).slabs < 6);
	assert_int_equal(slab_stat(cache).empty_slabs, slab_stat(cache).slabs);
	must(tp_slab_cache_destroy(cache));
}

/* T9: a block that goes takes empty slabs along although the node keeps other memory. */
static void t9_an_offline_of_some_memory_shrinks(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *a = plug_normal(m, 1), *b = plug_normal(m, 1);
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	void *object = take(cache, 1);

	tp_slab_free(cache, object);
	assert_int_equal(slab_stat(cache).empty_slabs, 1);
	must(tp_device_offline(a, NULL, NULL));
	must(tp_device_online(a, TP_ONLINE_KERNEL));
	must(tp_device_offline(b, NULL, NULL));
	assert_int_equal(slab_stat(cache).slabs, 0);
	must(tp_slab_cache_destroy(cache));
}

static void an_object_in_use_is_named_by_an_offline(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *device = plug_normal(m, 1);
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	struct tp_offline_report report;
	void *object = take(cache, 1);

	assert_int_equal(tp_device_offline(device, NULL, &report), -EBUSY);
	assert_string_equal(report.blockers[0].owner, "objects");
	assert_string_equal(report.blockers[0].what, "objects of 64 bytes");
	tp_slab_free(cache, object);
	must(tp_device_offline(device, NULL, NULL));
	must(tp_slab_cache_destroy(cache));
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void an_object_comes_from_its_node(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	void *near, *far;

	plug_normal(m, 1);
	near = take(cache, 0);
	far = take(cache, 1);
	assert_int_equal(node_of(m, near), 0);
	assert_int_equal(node_of(m, far), 1);
	tp_slab_free(cache, near);
	tp_slab_free(cache, far);
	must(tp_slab_cache_destroy(cache));
}

/* T1: lists come with normal memory, before anybody can get a page of the node. */
static void t1_nodes_follow_normal_memory(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	struct tp_device *device;

	assert_int_equal(slab_stat(cache).nodes.v, 1);
	device = plug_movable(m, 1, 1);
	assert_int_equal(slab_stat(cache).nodes.v, 1);
	must(tp_device_offline(device, NULL, NULL));
	must(tp_device_online(device, TP_ONLINE_KERNEL));
	assert_int_equal(slab_stat(cache).nodes.v, 3);
	must(tp_device_unplug(device, NULL, NULL));
	assert_int_equal(slab_stat(cache).nodes.v, 1);
	must(tp_slab_cache_destroy(cache));
}

/* T2: the last normal memory of a node leaves while movable memory stays. */
static void t2_nodes_leave_with_the_last_normal_memory(void **state)
{
	struct tp_machine *m = *state;
	struct tp_device *normal = plug_normal(m, 1);
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	void *object;

	plug_movable(m, 1, 1);
	object = take(cache, 1);
	tp_slab_free(cache, object);
	must(tp_device_unplug(normal, NULL, NULL));
	assert_int_equal(slab_stat(cache).nodes.v, 1);
	object = take(cache, 1);
	assert_int_equal(node_of(m, object), 0);
	tp_slab_free(cache, object);
	must(tp_slab_cache_destroy(cache));
}

static void a_node_is_refused_without_lists_for_it(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	const struct tp_device_config config = { .node = 1,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_KERNEL };
	struct tp_device *device;
	unsigned nth = 0, refused = 0;
	int err;

	do {
		tp_fault_reset();
		must(tp_fault_arm("core/alloc", ++nth, 1));
		err = tp_device_plug(m, &config, &device);
		refused += err == -ENOMEM;
		assert_int_equal(slab_stat(cache).nodes.v, err ? 1 : 3);
	} while (err);
	assert_true(refused > 1);
	must(tp_slab_cache_destroy(cache));
}

/* A node without normal memory is served from the nearest one; its objects share slabs. */
static void objects_for_a_memoryless_node_share_slabs(void **state)
{
	struct tp_slab_cache *cache = make_cache(*state, 64, 0);
	void *objects[40];

	for (unsigned i = 0; i < 40; i++)
		objects[i] = take(cache, 1);
	assert_int_equal(slab_stat(cache).slabs, 1);
	for (unsigned i = 0; i < 40; i++)
		tp_slab_free(cache, objects[i]);
	must(tp_slab_cache_destroy(cache));
}

/* So it is where the node's own memory is used up. */
static void objects_for_a_full_node_share_slabs(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 64, 0);
	struct tp_owner filler = { .name = "filler" };
	const struct tp_alloc request = { .owner = &filler,
					  .node = 1,
					  .flags = TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM };
	tp_pfn *pfns = calloc(MAP_BLOCK / TP_PAGE_SIZE, sizeof(*pfns));
	void *objects[40];
	size_t n = 0;

	plug_normal(m, 1);
	must(tp_owner_register(m, &filler));
	while (!tp_pages_alloc(m, &request, &pfns[n]))
		n++;
	for (unsigned i = 0; i < 40; i++)
		objects[i] = take(cache, 1);
	assert_int_equal(slab_stat(cache).slabs, 1);
	for (unsigned i = 0; i < 40; i++)
		tp_slab_free(cache, objects[i]);
	must(tp_slab_cache_destroy(cache));
	gather(m, pfns, n);
	must(tp_owner_unregister(&filler));
}

/* ---- threads --------------------------------------------------------------------------------- */

struct churner {
	pthread_t thread;
	struct tp_slab_cache *cache;
	unsigned seed, wrong;
};

static void *churn(void *arg)
{
	enum { HELD = 64 };
	struct churner *c = arg;
	uint64_t *held[HELD] = { NULL };
	uint32_t x = c->seed;

	for (unsigned i = 0; i < 20000; i++) {
		unsigned slot = (x = x * 1664525 + 1013904223) >> 26;

		if (held[slot]) {
			c->wrong += *held[slot] != (uintptr_t)held[slot] + c->seed;
			tp_slab_free(c->cache, held[slot]);
			held[slot] = NULL;
		} else {
			held[slot] = tp_slab_alloc(c->cache, (int)(x >> 20 & 1));
			if (held[slot])
				*held[slot] = (uintptr_t)held[slot] + c->seed;
		}
	}
	for (unsigned i = 0; i < HELD; i++)
		tp_slab_free(c->cache, held[i]);
	return NULL;
}

static void threads_share_a_cache(void **state)
{
	struct tp_machine *m = *state;
	struct tp_slab_cache *cache = make_cache(m, 500, 0);
	struct tp_device *device = plug_normal(m, 1);
	struct churner churners[3];

	for (unsigned i = 0; i < 3; i++) {
		churners[i] = (struct churner){ .cache = cache, .seed = i + 1 };
		assert_int_equal(pthread_create(&churners[i].thread, NULL, churn, &churners[i]), 0);
	}
	for (unsigned i = 0; i < 10; i++) {
		const struct tp_offline_options quick = { .deadline_ns = TP_MILLISECONDS(5) };

		tp_slab_cache_shrink(cache);
		if (!tp_device_offline(device, &quick, NULL))
			must(tp_device_online(device, TP_ONLINE_KERNEL));
	}
	for (unsigned i = 0; i < 3; i++) {
		pthread_join(churners[i].thread, NULL);
		assert_int_equal(churners[i].wrong, 0);
	}
	assert_int_equal(slab_stat(cache).objects, 0);
	must(tp_slab_cache_destroy(cache));
}

#define SLAB_TEST(test) cmocka_unit_test_setup_teardown(test, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLAB_TEST(objects_of_every_size_are_apart),
		SLAB_TEST(big_and_aligned_objects_are_apart),
		SLAB_TEST(an_object_freed_is_used_again),
		SLAB_TEST(freeing_nothing_is_fine),
		SLAB_TEST(destroy_is_refused_while_objects_are_in_use),
		SLAB_TEST(destroy_gives_everything_back),
		SLAB_TEST(nonsense_is_refused),
		SLAB_TEST(an_unknown_node_gets_nothing),
		SLAB_TEST(no_memory_is_no_object),
		SLAB_TEST(a_failed_create_leaves_nothing),
		cmocka_unit_test(a_double_free_stops_the_program),
		cmocka_unit_test(a_foreign_free_stops_the_program),
		cmocka_unit_test(a_free_inside_an_object_stops_the_program),
		SLAB_TEST(shrink_gives_empty_slabs_back),
		SLAB_TEST(few_empty_slabs_are_kept),
		SLAB_TEST(t9_an_offline_of_some_memory_shrinks),
		SLAB_TEST(an_object_in_use_is_named_by_an_offline),
		SLAB_TEST(an_object_comes_from_its_node),
		SLAB_TEST(t1_nodes_follow_normal_memory),
		SLAB_TEST(t2_nodes_leave_with_the_last_normal_memory),
		SLAB_TEST(a_node_is_refused_without_lists_for_it),
		SLAB_TEST(objects_for_a_memoryless_node_share_slabs),
		SLAB_TEST(objects_for_a_full_node_share_slabs),
		SLAB_TEST(threads_share_a_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
