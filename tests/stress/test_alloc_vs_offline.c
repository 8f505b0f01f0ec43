/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Threads allocate and free at mixed orders and types while another takes their memory away and
 * gives it back: no page is lost, no page is given twice, no content is lost.
 *
 * Under ThreadSanitizer the per-CPU lists have locks in every variant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arena.h"
#include "book.h"
#include "mm/machine.h"

enum {
	SMALL_LINES = 1024,
	LARGE_LINES = 16, /* the first of the book hold large orders */
	SMALL_ORDERS = 6,
	NR_OBJECTS = 512,
	OBJECT_SIZE = 192,
	COUNTERS = 64
};

struct fray {
	struct arena arena;
	struct book book;
	struct tp_slab_cache *cache;
	uint64_t *objects[NR_OBJECTS]; /* the slab member's */
	struct tp_mapping *mapping;
	uint64_t counts[COUNTERS];  /* what the mapping should say; the writer's */
	atomic_uint_fast64_t shown; /* a page whose owner may be gone soon */
	atomic_uint_fast64_t owners;
	uint64_t slabs_out, answers, lookers, cancels;
};

/* ---- churn ------------------------------------------------------------------------------- */

static struct tp_alloc random_request(struct dice *dice, unsigned number)
{
	static const unsigned flags[] = { 0,
					  0,
					  TP_ALLOC_ZERO,
					  TP_ALLOC_THISNODE,
					  TP_ALLOC_ATOMIC,
					  TP_ALLOC_NORECLAIM,
					  TP_ALLOC_DMA32,
					  TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM };
	bool large = number < LARGE_LINES, single = !large && roll(dice, 5) < 3;

	return (struct tp_alloc){
		.order = single	 ? 0
			 : large ? SMALL_ORDERS + roll(dice, TP_NR_ORDERS - SMALL_ORDERS)
				 : roll(dice, SMALL_ORDERS),
		.type = (enum tp_migratetype)(roll(dice, 2) ? TP_MIGRATE_MOVABLE
							    : roll(dice, TP_NR_MIGRATETYPES)),
		.node = (int)roll(dice, ARENA_NODES + 1) - 1,
		.flags = flags[roll(dice, TP_ARRAY_SIZE(flags))],
	};
}

static void churn(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	unsigned number = roll(dice, fray->book.nr_lines);
	struct tp_alloc request = random_request(dice, number);
	int err;

	if (line_clear(&fray->book, number, roll(dice, 2)))
		return;
	err = line_fill(&fray->book, number, &request);
	REQUIRE(!err || err == -ENOMEM || err == -EBUSY);
}

static void juggle(void *arg, struct dice *dice)
{
	arena_juggle(&((struct fray *)arg)->arena, dice);
}

/* ---- the rest of a busy machine ---------------------------------------------------------- */

static void use_slab(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	unsigned i = roll(dice, NR_OBJECTS);
	uint64_t *object = fray->objects[i];

	if (object) {
		REQUIRE(object[0] == i && object[OBJECT_SIZE / 8 - 1] == ~(uint64_t)i);
		tp_slab_free(fray->cache, object);
		fray->objects[i] = NULL;
		return;
	}
	object = tp_slab_alloc(fray->cache, (int)roll(dice, ARENA_NODES + 1) - 1);
	fray->objects[i] = object;
	fray->slabs_out += !object;
	if (!object)
		return;
	object[0] = i;
	object[OBJECT_SIZE / 8 - 1] = ~(uint64_t)i;
}

static void write_mapping(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	unsigned i = roll(dice, COUNTERS);
	uint64_t stride = tp_mapping_size(fray->mapping) / COUNTERS;
	volatile uint64_t *counter = (void *)((char *)tp_mapping_base(fray->mapping) + i * stride);

	*counter = *counter + 1;
	fray->counts[i]++;
}

struct listener {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	int going, nodes; /* announcements that have not ended */
};

static int hear_memory(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct listener *l = tp_container_of(notifier, struct listener, memory);

	REQUIRE(event->nr_pages);
	l->going += event->type == TP_MEM_GOING_ONLINE || event->type == TP_MEM_GOING_OFFLINE;
	l->going -= event->type == TP_MEM_ONLINE || event->type == TP_MEM_OFFLINE ||
		    event->type == TP_MEM_CANCEL_ONLINE || event->type == TP_MEM_CANCEL_OFFLINE;
	return 0;
}

static int hear_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	struct listener *l = tp_container_of(notifier, struct listener, node);
	bool begins = event->type == TP_NODE_BECOMING_MEM_AWARE ||
		      event->type == TP_NODE_BECOMING_MEMORYLESS;

	REQUIRE(event->changes);
	l->nodes += begins ? 1 : -1;
	return 0;
}

/* Join both chains, listen for a moment, leave: every announcement heard has ended by then. */
static void listen(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	struct tp_machine *m = fray->arena.machine;
	unsigned replay = roll(dice, 2) ? TP_NOTIFIER_REPLAY : 0;
	struct listener l = {
		.memory = { .call = hear_memory, .priority = (int)roll(dice, 300), .name = "m" },
		.node = { .call = hear_node, .priority = (int)roll(dice, 300), .name = "n" },
	};

	REQUIRE_OK(tp_memory_notifier_register(m, &l.memory, replay));
	REQUIRE_OK(tp_node_notifier_register(m, &l.node, replay));
	nap_us(roll(dice, 3000));
	REQUIRE_OK(tp_node_notifier_unregister(m, &l.node));
	REQUIRE_OK(tp_memory_notifier_unregister(m, &l.memory));
	REQUIRE(!l.going && !l.nodes);
	fray->lookers++;
}

static void look_at_zone(struct tp_machine *m, int node, enum tp_zone_type type)
{
	struct tp_zone_stat s;

	REQUIRE_OK(tp_zone_stat(m, node, type, &s));
	REQUIRE(s.free + s.isolated_free + s.pcp <= s.managed);
	REQUIRE(s.managed <= s.present && s.present <= s.spanned);
}

static void look(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	struct tp_machine *m = fray->arena.machine;
	struct tp_block_info block;
	struct tp_page_info page;
	struct tp_machine_stat machine;
	struct tp_mapping_stat mapping;
	struct tp_tier_info tiers[ARENA_NODES];
	unsigned id = roll(dice, tp_machine_nr_blocks(m));
	uint64_t pages = tp_machine_block_size(m) >> TP_PAGE_SHIFT;

	look_at_zone(m, (int)roll(dice, ARENA_NODES), (enum tp_zone_type)roll(dice, 5));
	if (!tp_block_info(m, id, &block))
		REQUIRE(block.node >= 0 && block.node < ARENA_NODES);
	REQUIRE_OK(tp_page_query(m, (tp_pfn){ id * pages + roll(dice, (uint32_t)pages) }, &page));
	REQUIRE(!page.allocated || page.owner[0]);
	REQUIRE(tp_tiers(m, tiers, ARENA_NODES) <= ARENA_NODES);
	tp_mapping_stat(fray->mapping, &mapping);
	if (!roll(dice, 100)) {
		tp_machine_stat(m, &machine);
		REQUIRE(machine.mappings_used <= machine.mappings_budget);
		REQUIRE(!tp_machine_check(m, false, stderr));
	}
	fray->answers++;
}

/* The range may be moving: then the pin waits for it; moved later it must not be. */
static void pin(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	unsigned number = roll(dice, fray->book.nr_lines);
	uint64_t size = tp_mapping_size(fray->mapping), at = roll(dice, (uint32_t)size);
	uint64_t length = 1 + roll(dice, (uint32_t)(size - at));
	tp_pfn pfn;

	if (!line_pin(&fray->book, number, &pfn)) {
		nap_us(roll(dice, 500));
		line_unpin(&fray->book, number, pfn);
	}
	REQUIRE_OK(tp_mapping_pin(fray->mapping, at, length, "pinner"));
	nap_us(roll(dice, 500));
	tp_mapping_unpin(fray->mapping, at, length);
	nap_us(roll(dice, 2000));
}

static void cancel(void *arg, struct dice *dice)
{
	struct fray *fray = arg;

	nap_us(roll(dice, 5000));
	tp_cancel_request(fray->arena.cancel);
	fray->cancels++;
}

/* Owners come and go: pages that are being moved this moment keep none of them from going. */
static void own_for_a_while(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	char *name = strdup("for a while"); /* gone with the owner: nobody may look at it later */
	struct book book;

	REQUIRE(name);
	REQUIRE_OK(book_open(&book, fray->arena.machine, name, 1 + roll(dice, 32)));
	for (unsigned i = 0; i < book.nr_lines; i++) {
		struct tp_alloc request = random_request(dice, LARGE_LINES);

		request.type = TP_MIGRATE_MOVABLE;
		if (!line_fill(&book, i, &request))
			atomic_store(&fray->shown, line_where(&book, i).v);
	}
	nap_us(roll(dice, 2000));
	REQUIRE_OK(book_close(&book));
	free(name);
	atomic_fetch_add(&fray->owners, 1);
}

/* ---- the variants ------------------------------------------------------------------------ */

static void fray_open(struct fray *fray, uint64_t block_size, uint64_t boot0, uint64_t boot1)
{
	*fray = (struct fray){ .cache = NULL };
	arena_open(&fray->arena, block_size, boot0, boot1);
	REQUIRE_OK(book_open(&fray->book, fray->arena.machine, "book", SMALL_LINES));
}

static void fray_close(struct fray *fray)
{
	book_verify(&fray->book);
	REQUIRE(!tp_machine_check(fray->arena.machine, true, stderr));
	printf("  %llu allocations (%llu refused), %llu frees, %llu moves, %llu pins\n",
	       (unsigned long long)fray->book.allocs, (unsigned long long)fray->book.failures,
	       (unsigned long long)fray->book.frees, (unsigned long long)fray->book.moves,
	       (unsigned long long)fray->book.pins);
	REQUIRE_OK(book_close(&fray->book));
	arena_close(&fray->arena);
}

static void fight(struct fray *fray, struct member *members, unsigned n, bool variant)
{
	struct crew crew = { .arg = fray, .variant = variant };

	printf("  per-CPU lists: %s; %u threads, %u s\n", tp_machine_percpu(fray->arena.machine), n,
	       crew_seconds(&crew));
	crew_run(&crew, members, n);
}

/* T19, T26 */
static void test_no_page_is_lost(void **state)
{
	struct member members[] = { { .work = churn }, { .work = churn }, { .work = juggle } };
	struct fray fray;

	(void)state;
	fray_open(&fray, TP_MIB(4), TP_MIB(32), TP_MIB(16));
	fight(&fray, members, TP_ARRAY_SIZE(members), false);
	fray_close(&fray);
	assert_true(fray.arena.offlines && fray.arena.unplugs);
}

static void test_no_page_is_lost_with_locked_lists(void **state)
{
	struct member members[] = { { .work = churn }, { .work = churn }, { .work = juggle } };
	struct fray fray;

	(void)state;
	fray_open(&fray, TP_MIB(4), TP_MIB(32), TP_MIB(16));
	fray.arena.machine->rseq = false;
	fight(&fray, members, TP_ARRAY_SIZE(members), true);
	fray_close(&fray);
	assert_true(fray.arena.offlines && fray.arena.unplugs);
}

/* Runs of order 10 straddle blocks; so little memory that allocations have to make room. */
static void test_no_page_is_lost_where_blocks_and_memory_are_small(void **state)
{
	struct member members[] = { { .work = churn }, { .work = churn }, { .work = juggle } };
	struct fray fray;

	(void)state;
	fray_open(&fray, TP_PAGEBLOCK_SIZE, 4 * TP_PAGEBLOCK_SIZE, 2 * TP_PAGEBLOCK_SIZE);
	fight(&fray, members, TP_ARRAY_SIZE(members), true);
	fray_close(&fray);
	assert_true(fray.arena.offlines && fray.arena.unplugs);
}

static void ask_for_owner(void *arg, struct dice *dice)
{
	struct fray *fray = arg;
	struct tp_page_info page;

	(void)dice;
	REQUIRE_OK(
		tp_page_query(fray->arena.machine, (tp_pfn){ atomic_load(&fray->shown) }, &page));
	REQUIRE(!page.allocated || !strcmp(page.owner, "for a while") || !strcmp(page.owner, "?"));
	fray->answers++;
}

static void test_pages_leave_while_owners_come_and_go(void **state)
{
	struct member members[] = { { .work = own_for_a_while },
				    { .work = own_for_a_while },
				    { .work = ask_for_owner },
				    { .work = juggle } };
	struct fray fray;

	(void)state;
	fray_open(&fray, TP_PAGEBLOCK_SIZE, TP_MIB(16), TP_MIB(8));
	fight(&fray, members, TP_ARRAY_SIZE(members), true);
	fray_close(&fray);
	assert_true(fray.arena.offlines && fray.arena.unplugs);
}

static void crowd_open(struct fray *fray)
{
	const struct tp_mapping_config config = { .name = "counters",
						  .size = TP_MIB(6) + TP_KIB(64),
						  .policy = TP_PREFERRED(2) };

	fray_open(fray, TP_MIB(4), TP_MIB(32), TP_MIB(16));
	fray->arena.all_moves = false; /* slabs do not */
	arena_plug(&fray->arena, 0, TP_ONLINE_MOVABLE);
	REQUIRE_OK(tp_cancel_create(&fray->arena.cancel));
	REQUIRE_OK(
		tp_slab_cache_create(fray->arena.machine, "objects", OBJECT_SIZE, 0, &fray->cache));
	REQUIRE_OK(tp_mapping_create(fray->arena.machine, &config, &fray->mapping));
}

static void crowd_close(struct fray *fray)
{
	uint64_t stride = tp_mapping_size(fray->mapping) / COUNTERS;
	const char *base = tp_mapping_base(fray->mapping);

	for (unsigned i = 0; i < COUNTERS; i++)
		REQUIRE(*(const uint64_t *)(const void *)(base + i * stride) == fray->counts[i]);
	for (unsigned i = 0; i < NR_OBJECTS; i++)
		tp_slab_free(fray->cache, fray->objects[i]);
	REQUIRE_OK(tp_mapping_destroy(fray->mapping));
	REQUIRE_OK(tp_slab_cache_destroy(fray->cache));
	printf("  %llu views, %llu listeners, %llu cancels, %llu owners, %llu objects refused\n",
	       (unsigned long long)fray->answers, (unsigned long long)fray->lookers,
	       (unsigned long long)fray->cancels, (unsigned long long)fray->owners,
	       (unsigned long long)fray->slabs_out);
	fray_close(fray);
}

static void test_no_page_is_lost_in_a_crowd(void **state)
{
	struct member members[] = {
		{ .work = churn },	  { .work = churn },  { .work = juggle },
		{ .work = use_slab },	  { .work = listen }, { .work = look },
		{ .work = pin },	  { .work = cancel }, { .work = own_for_a_while },
		{ .work = write_mapping }
	};
	struct fray fray;

	(void)state;
	crowd_open(&fray);
	fight(&fray, members, TP_ARRAY_SIZE(members), true);
	crowd_close(&fray);
	assert_true(fray.arena.offlines && fray.arena.unplugs);
}

static void stare(void *arg, struct dice *dice)
{
	struct fray *fray = arg;

	look_at_zone(fray->arena.machine, (int)roll(dice, ARENA_NODES),
		     roll(dice, 2) ? TP_ZONE_NORMAL : TP_ZONE_MOVABLE);
	fray->answers++;
}

/* One hold of the zone lock: what a reader sees adds up in the middle of any operation (T22). */
static void test_counts_of_a_zone_agree_at_any_moment(void **state)
{
	struct member members[] = { { .work = stare }, { .work = juggle } };
	struct fray fray;

	(void)state;
	fray_open(&fray, TP_PAGEBLOCK_SIZE, TP_MIB(16), TP_MIB(16));
	fight(&fray, members, TP_ARRAY_SIZE(members), true);
	fray_close(&fray);
	assert_true(fray.answers && fray.arena.offlines && fray.arena.unplugs);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_page_is_lost),
		cmocka_unit_test(test_no_page_is_lost_with_locked_lists),
		cmocka_unit_test(test_no_page_is_lost_where_blocks_and_memory_are_small),
		cmocka_unit_test(test_pages_leave_while_owners_come_and_go),
		cmocka_unit_test(test_no_page_is_lost_in_a_crowd),
		cmocka_unit_test(test_counts_of_a_zone_agree_at_any_moment),
	};

	stress_read_seconds(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
