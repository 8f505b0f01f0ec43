/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_reclaim - demotion, release and compaction, by the threads of a node and on demand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/resource.h>

#include "mapping_machine.h"

/* ---- an owner whose pages move, or can be given up ------------------------------------------- */

enum { MAX_PAGES = BOOT_BYTES / TP_PAGE_SIZE };

/* Page @cookie lies at pfns[cookie] and begins with its cookie. */
struct pages {
	struct tp_owner owner;
	struct tp_mutex lock;
	tp_pfn pfns[MAX_PAGES];
	bool present[MAX_PAGES];
	uint32_t nr;
	unsigned released;
};

static struct pages *pages_of(struct tp_owner *owner)
{
	return tp_container_of(owner, struct pages, owner);
}

static uint64_t *word_of(struct pages *p, uint32_t cookie)
{
	return tp_page_address(p->owner.machine, p->pfns[cookie]);
}

static int pages_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			 unsigned order)
{
	struct pages *p = pages_of(owner);
	int err = -ENOENT;

	tp_mutex_lock(&p->lock);
	if (p->present[cookie] && p->pfns[cookie].v == old.v) {
		tp_page_copy(owner->machine, new, old, order);
		p->pfns[cookie] = new;
		err = 0;
	}
	tp_mutex_unlock(&p->lock);
	return err;
}

static int pages_release(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	struct pages *p = pages_of(owner);

	tp_mutex_lock(&p->lock);
	if (p->present[cookie] && p->pfns[cookie].v == pfn.v) {
		p->present[cookie] = false;
		p->released++;
		tp_pages_free(owner->machine, pfn, order);
	}
	tp_mutex_unlock(&p->lock);
	return 0;
}

static const struct tp_owner_ops movable_ops = { .migrate = pages_migrate };
static const struct tp_owner_ops cache_ops = { .release = pages_release };

static struct pages *make_pages(struct tp_machine *m, const struct tp_owner_ops *ops)
{
	struct pages *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->owner = (struct tp_owner){ .name = "pages", .ops = ops };
	tp_mutex_init(&p->lock, TP_RANK_OWNER, 0);
	must(tp_owner_register(m, &p->owner));
	return p;
}

/* A single page of @node and nothing else.  False: there is none. */
static bool add_page(struct pages *p, int node)
{
	const struct tp_alloc request = { .owner = &p->owner,
					  .cookie = p->nr,
					  .type = p->owner.ops ? TP_MIGRATE_MOVABLE
							       : TP_MIGRATE_UNMOVABLE,
					  .node = node,
					  .flags = TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM };
	tp_pfn pfn;

	if (p->nr == MAX_PAGES || tp_pages_alloc(p->owner.machine, &request, &pfn))
		return false;
	*(uint64_t *)tp_page_address(p->owner.machine, pfn) = p->nr;
	tp_mutex_lock(&p->lock);
	p->pfns[p->nr] = pfn;
	p->present[p->nr++] = true;
	tp_mutex_unlock(&p->lock);
	return true;
}

static void drop_page(struct pages *p, uint32_t cookie)
{
	tp_mutex_lock(&p->lock);
	if (p->present[cookie])
		tp_pages_free(p->owner.machine, p->pfns[cookie], 0);
	p->present[cookie] = false;
	tp_mutex_unlock(&p->lock);
}

static unsigned count_released(struct pages *p)
{
	unsigned n;

	tp_mutex_lock(&p->lock);
	n = p->released;
	tp_mutex_unlock(&p->lock);
	return n;
}

static void end_pages(struct pages *p)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < p->nr; i++) {
		tp_mutex_lock(&p->lock);
		wrong += p->present[i] && *word_of(p, i) != i;
		tp_mutex_unlock(&p->lock);
		drop_page(p, i);
	}
	assert_int_equal(wrong, 0);
	while (tp_owner_unregister(&p->owner))
		usleep(1000); /* a page on its way may be the owner's a moment longer */
	free(p);
}

/* ---- helpers --------------------------------------------------------------------------------- */

/* Memory of node 1 that is slower than DRAM, and so a lower tier. */
static struct tp_device *plug_slow(struct tp_machine *m, unsigned blocks)
{
	const struct tp_device_config config = { .node = 1,
						 .size = blocks * MAP_BLOCK,
						 .online = TP_ONLINE_MOVABLE,
						 .latency_ns = 400,
						 .bandwidth_mbps = 10000 };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static struct tp_mapping *map_bound(struct tp_machine *m, int node, uint64_t size)
{
	return map_with(m, (struct tp_mapping_config){
				   .name = "app", .size = size, .policy = TP_BIND(node) });
}

/* Wait up to 5 s. */
#define eventually(condition)                                       \
	do {                                                        \
		bool holds_ = false;                                \
		for (unsigned i_ = 0; !holds_ && i_ < 5000; i_++) { \
			holds_ = (condition);                       \
			if (!holds_)                                \
				usleep(1000);                       \
		}                                                   \
		assert_true(holds_);                                \
	} while (0)

static uint64_t demoted(struct tp_machine *m)
{
	return machine_stat(m).pages_demoted;
}

static bool is_low(struct tp_machine *m, int node)
{
	struct tp_zone_stat stat = zone_stat(m, node, TP_ZONE_NORMAL);

	return stat.free < stat.watermark[1];
}

/*
 * Take pages of the node until kswapd must have been asked, and a few more, but not all that it
 * makes.
 */
static void press(struct pages *hog, int node)
{
	struct tp_zone_stat stat = zone_stat(hog->owner.machine, node, TP_ZONE_NORMAL);

	for (uint64_t n = free_of_node(hog->owner.machine, node) - stat.watermark[1] + 100; n; n--)
		add_page(hog, node);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- demotion -------------------------------------------------------------------------------- */

static void pressure_demotes_to_the_lower_tier(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *hog = make_pages(m, NULL);
	struct tp_mapping *map;
	uint64_t n;

	(void)state;
	plug_slow(m, 2);
	map = map_bound(m, 0, BOOT_BYTES / 2);
	fill(map, 1);
	press(hog, 0);
	eventually(demoted(m) > 0 && !is_low(m, 0));
	n = demoted(m); /* it may go on: first the count, then the pages */
	assert_true(mapping_stat(map).pages_on_node[1] >= n);
	expect_filled(map, 1);
	end_pages(hog);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void nothing_is_demoted_when_switched_off(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *hog = make_pages(m, NULL);
	struct tp_mapping *map;

	(void)state;
	plug_slow(m, 2);
	tp_demotion_enable(m, false);
	map = map_bound(m, 0, BOOT_BYTES / 2);
	while (add_page(hog, 0))
		;
	usleep(50000);
	assert_int_equal(demoted(m), 0);
	assert_int_equal(mapping_stat(map).pages_on_node[1], 0);
	end_pages(hog);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void nothing_is_demoted_to_an_equal_tier(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *hog = make_pages(m, NULL);
	struct tp_mapping *map;

	(void)state;
	plug_movable(m, 1, 2);
	map = map_bound(m, 0, BOOT_BYTES / 2);
	while (add_page(hog, 0))
		;
	usleep(50000);
	assert_int_equal(demoted(m), 0);
	end_pages(hog);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

static void pinned_pages_are_not_demoted(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *hog = make_pages(m, NULL);
	struct tp_mapping *map;

	(void)state;
	plug_slow(m, 2);
	map = map_bound(m, 0, BOOT_BYTES / 2);
	must(tp_mapping_pin(map, 0, tp_mapping_size(map), "x"));
	while (add_page(hog, 0))
		;
	usleep(50000);
	assert_int_equal(mapping_stat(map).moves, 0);
	tp_mapping_unpin(map, 0, tp_mapping_size(map));
	/* Asks again, and again: the thread may be ending a round of before. */
	eventually((add_page(hog, 0), mapping_stat(map).moves > 0));
	end_pages(hog);
	must(tp_mapping_destroy(map));
	end_machine(m);
}

/* Both tiers full, with a chunk in the way that cannot go anywhere. */
struct full {
	struct tp_machine *m;
	struct pages *low, *high;
	struct tp_mapping *map;
};

static void make_full(struct full *f)
{
	f->m = make_two_nodes();
	plug_slow(f->m, 1);
	f->low = make_pages(f->m, &movable_ops);
	f->high = make_pages(f->m, NULL);
	f->map = map_bound(f->m, 0, BOOT_BYTES / 2);
	fill(f->map, 1);
	while (add_page(f->low, 1))
		;
	while (add_page(f->high, 0))
		;
}

static void end_full(struct full *f)
{
	expect_filled(f->map, 1);
	end_pages(f->low);
	end_pages(f->high);
	must(tp_mapping_destroy(f->map));
	end_machine(f->m);
}

static void a_full_lower_tier_leaves_chunks_whole(void **state)
{
	struct full f;
	uint64_t chunks;

	(void)state;
	make_full(&f);
	chunks = mapping_stat(f.map).huge_chunks;
	usleep(50000);
	assert_int_equal(chunks, BOOT_BYTES / 2 / CHUNK);
	assert_int_equal(mapping_stat(f.map).huge_chunks, chunks);
	end_full(&f);
}

/* Processor time, so it does not matter who else is busy; at first they look at every block. */
static bool rests(void)
{
	double before = cpu_seconds();

	usleep(200000);
	return cpu_seconds() - before < 0.05;
}

static void threads_rest_when_there_is_nothing_to_gain(void **state)
{
	struct full f;
	unsigned tries = 0;

	(void)state;
	make_full(&f);
	while (!rests() && tries < 100)
		tries++;
	assert_true(tries < 100);
	end_full(&f);
}

/* ---- release --------------------------------------------------------------------------------- */

static void pressure_releases_what_owners_can_spare(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *cache = make_pages(m, &cache_ops), *hog = make_pages(m, NULL);

	(void)state;
	for (unsigned i = 0; i < MAX_PAGES / 2; i++)
		assert_true(add_page(cache, 0));
	press(hog, 0);
	eventually(count_released(cache) > 0 && !is_low(m, 0));
	end_pages(cache);
	end_pages(hog);
	end_machine(m);
}

/* Who may wait takes the pages of a cache until none is left. */
static void an_allocation_that_may_wait_reclaims_itself(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *cache = make_pages(m, &cache_ops);
	struct tp_mapping *map;

	(void)state;
	while (add_page(cache, 0))
		;
	map = map_small(m, 0, BOOT_BYTES / 2);
	expect_zero(map);
	assert_true(count_released(cache) >= MAX_PAGES / 4);
	must(tp_mapping_destroy(map));
	end_pages(cache);
	end_machine(m);
}

/* ---- compaction ------------------------------------------------------------------------------ */

/* The first page of each pageblock is in use, the others are free. */
static struct pages *make_swiss_cheese(struct tp_machine *m, int node)
{
	struct pages *p = make_pages(m, &movable_ops);

	while (add_page(p, node))
		;
	for (uint32_t i = 0; i < p->nr; i++)
		if (p->pfns[i].v % TP_PAGEBLOCK_PAGES)
			drop_page(p, i);
	return p;
}

static int alloc_whole(struct tp_machine *m, struct tp_owner *owner, int node, unsigned flags,
		       tp_pfn *pfn)
{
	const struct tp_alloc request = { .owner = owner,
					  .order = TP_PAGEBLOCK_ORDER,
					  .type = TP_MIGRATE_MOVABLE,
					  .node = node,
					  .flags = TP_ALLOC_THISNODE | flags };

	return tp_pages_alloc(m, &request, pfn);
}

static void an_allocation_that_may_wait_compacts(void **state)
{
	struct tp_machine *m;
	struct pages *cheese, *whole;
	tp_pfn pfn;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	whole = make_pages(m, &movable_ops);
	plug_movable(m, 1, 1);
	cheese = make_swiss_cheese(m, 1);
	must(alloc_whole(m, &whole->owner, 1, 0, &pfn));
	assert_true(machine_stat(m).blocks_compacted > 0);
	tp_pages_free(m, pfn, TP_PAGEBLOCK_ORDER);
	end_pages(cheese);
	end_pages(whole);
	end_machine(m);
}

static void the_thread_compacts_for_who_may_not_wait(void **state)
{
	struct tp_machine *m;
	struct pages *cheese, *whole;
	tp_pfn pfn;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	whole = make_pages(m, &movable_ops);
	plug_movable(m, 1, 1);
	cheese = make_swiss_cheese(m, 1);
	eventually(!alloc_whole(m, &whole->owner, 1, TP_ALLOC_NORECLAIM, &pfn));
	assert_true(machine_stat(m).blocks_compacted > 0);
	tp_pages_free(m, pfn, TP_PAGEBLOCK_ORDER);
	end_pages(cheese);
	end_pages(whole);
	end_machine(m);
}

enum { MAX_MAPS = 64 };

/* Mappings of 16 pages each until the node has no page more to give; returns how many. */
static unsigned map_the_rest(struct tp_machine *m, int node, struct tp_mapping **maps)
{
	const struct tp_mapping_config config = { .size = 16 * TP_PAGE_SIZE,
						  .policy = TP_BIND(node),
						  .small_pages = true };
	unsigned n = 0;

	while (n < MAX_MAPS && !tp_mapping_create(m, &config, &maps[n]))
		fill(maps[n++], 1);
	return n;
}

static void mappings_are_compacted_under_their_writers(void **state)
{
	struct tp_mapping *maps[MAX_MAPS];
	struct pages *whole, *others;
	struct writer *writer;
	struct tp_machine *m;
	uint64_t moves = 0;
	unsigned n;
	tp_pfn pfn;

	(void)state;
	skip_if_tiny();
	m = make_two_nodes();
	whole = make_pages(m, &movable_ops);
	others = make_pages(m, &movable_ops);
	plug_movable(m, 1, 1);
	/* Every pageblock has pages of mappings in it, and then all else in it goes. */
	while (add_page(others, 1))
		;
	for (uint32_t i = 0; i < others->nr; i++)
		if (others->pfns[i].v % 8 == 0)
			drop_page(others, i);
	n = map_the_rest(m, 1, maps);
	for (uint32_t i = 0; i < others->nr; i++)
		drop_page(others, i);
	writer = writer_start(maps[n - 1], 0);
	must(alloc_whole(m, &whole->owner, 1, 0, &pfn));
	writer_end(writer);
	for (unsigned i = 0; i < n; i++) {
		moves += mapping_stat(maps[i]).moves;
		if (i < n - 1)
			expect_filled(maps[i], 1);
		must(tp_mapping_destroy(maps[i]));
	}
	assert_true(moves > 0);
	tp_pages_free(m, pfn, TP_PAGEBLOCK_ORDER);
	end_pages(others);
	end_pages(whole);
	end_machine(m);
}

/* ---- threads --------------------------------------------------------------------------------- */

static unsigned nr_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void a_node_has_threads_while_it_has_memory(void **state)
{
	struct tp_machine *m = make_two_nodes();
	unsigned before = nr_threads();
	struct tp_device *device;

	(void)state;
	assert_null(m->nodes[1].kswapd);
	device = plug_movable(m, 1, 1);
	assert_int_equal(nr_threads(), before + 2);
	assert_non_null(m->nodes[1].kswapd);
	assert_non_null(m->nodes[1].kcompactd);
	plug_movable(m, 1, 1);
	assert_int_equal(nr_threads(), before + 2);
	must(tp_device_unplug(device, NULL, NULL));
	assert_int_equal(nr_threads(), before + 2);
	device = NULL;
	end_machine(m);
	assert_int_equal(nr_threads(), before - 2);
}

static void the_last_memory_takes_the_threads_along(void **state)
{
	struct tp_machine *m = make_two_nodes();
	unsigned before = nr_threads();

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct tp_device *device = plug_movable(m, 1, 1);

		must(tp_device_unplug(device, NULL, NULL));
		assert_int_equal(nr_threads(), before);
		assert_null(m->nodes[1].kswapd);
		assert_null(m->nodes[1].kcompactd);
	}
	end_machine(m);
}

static void without_threads_the_node_is_refused(void **state)
{
	struct tp_machine *m = make_two_nodes();
	const struct tp_device_config config = { .node = 1,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	unsigned before = nr_threads();
	struct tp_device *device;

	(void)state;
	for (unsigned nth = 1; nth < 3; nth++) {
		must(tp_fault_arm("core/thread", nth, 1));
		assert_int_equal(tp_device_plug(m, &config, &device), -ENOMEM);
		tp_fault_reset();
		assert_int_equal(nr_threads(), before);
	}
	must(tp_device_plug(m, &config, &device));
	end_machine(m);
}

static void threads_work_while_nodes_come_and_go(void **state)
{
	struct tp_machine *m = make_two_nodes();
	struct pages *cache = make_pages(m, &cache_ops);
	struct tp_mapping *map = map_bound(m, 0, BOOT_BYTES / 2);
	struct writer *writer = writer_start(map, 0);

	(void)state;
	for (unsigned round = 0; round < 10; round++) {
		struct tp_device *device = plug_slow(m, 1);

		while (add_page(cache, 0))
			;
		for (uint32_t i = 0; i < cache->nr; i++)
			drop_page(cache, i);
		cache->nr = 0;
		must(tp_device_unplug(device, NULL, NULL));
	}
	writer_end(writer);
	must(tp_mapping_destroy(map));
	end_pages(cache);
	end_machine(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pressure_demotes_to_the_lower_tier),
		cmocka_unit_test(nothing_is_demoted_when_switched_off),
		cmocka_unit_test(nothing_is_demoted_to_an_equal_tier),
		cmocka_unit_test(pinned_pages_are_not_demoted),
		cmocka_unit_test(a_full_lower_tier_leaves_chunks_whole),
		cmocka_unit_test(threads_rest_when_there_is_nothing_to_gain),
		cmocka_unit_test(pressure_releases_what_owners_can_spare),
		cmocka_unit_test(an_allocation_that_may_wait_reclaims_itself),
		cmocka_unit_test(an_allocation_that_may_wait_compacts),
		cmocka_unit_test(the_thread_compacts_for_who_may_not_wait),
		cmocka_unit_test(mappings_are_compacted_under_their_writers),
		cmocka_unit_test(a_node_has_threads_while_it_has_memory),
		cmocka_unit_test(the_last_memory_takes_the_threads_along),
		cmocka_unit_test(without_threads_the_node_is_refused),
		cmocka_unit_test(threads_work_while_nodes_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
