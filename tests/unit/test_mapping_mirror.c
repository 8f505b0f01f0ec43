/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_mirror - who mirrors a part of a mapping is asked, and told, when its pages move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tidepool/fault.h>

#include "mapping_machine.h"

enum { CHUNKS = 3, NR_MIRRORS = 2 };

/* A mirror that notes what it is asked and told. */
struct watcher {
	struct tp_mirror mirror;
	int answer;
	unsigned begun, ended, refused;
	bool open; /* between the two */
	uint64_t page, nr;
	tp_pfn at_begin, at_end; /* where the first of these pages was */
};

struct bed {
	struct tp_machine *m;
	struct tp_device *device;
	struct tp_mapping *map;
	struct watcher watchers[NR_MIRRORS];
};

static struct watcher *watcher_of(struct tp_mirror *mirror)
{
	return tp_container_of(mirror, struct watcher, mirror);
}

static tp_pfn first_of_move(struct watcher *w, uint64_t page)
{
	const uint64_t first = w->mirror.offset >> TP_PAGE_SHIFT;
	tp_pfn pfn;

	tp_mirror_pages(&w->mirror, page > first ? page - first : 0, 1, &pfn);
	return pfn;
}

static int begin(struct tp_mirror *mirror, uint64_t page, uint64_t nr)
{
	struct watcher *w = watcher_of(mirror);

	assert_false(w->open);
	if (w->answer) {
		w->refused++;
		return w->answer;
	}
	w->begun++;
	w->open = true;
	w->page = page;
	w->nr = nr;
	w->at_begin = first_of_move(w, page);
	return 0;
}

static void end(struct tp_mirror *mirror, uint64_t page, uint64_t nr)
{
	struct watcher *w = watcher_of(mirror);

	assert_true(w->open);
	assert_int_equal(w->page, page);
	assert_int_equal(w->nr, nr);
	w->open = false;
	w->ended++;
	w->at_end = first_of_move(w, page);
}

static const struct tp_mirror_ops ops = { .begin = begin, .end = end };

static int make_bed(void **state)
{
	static struct bed bed;

	bed = (struct bed){ .m = make_two_nodes() };
	bed.device = plug_movable(bed.m, 1, 1);
	bed.map = map_on(bed.m, 1, CHUNKS * CHUNK);
	*state = &bed;
	return 0;
}

static int end_bed(void **state)
{
	struct bed *bed = *state;

	tp_fault_reset();
	must(tp_mapping_destroy(bed->map));
	end_machine(bed->m);
	return 0;
}

static struct watcher *watch(struct bed *bed, unsigned i, uint64_t offset, uint64_t length)
{
	struct watcher *w = &bed->watchers[i];

	w->mirror = (struct tp_mirror){ .ops = &ops,
					.name = i ? "second" : "first",
					.mapping = bed->map,
					.offset = offset,
					.length = length };
	must(tp_mirror_register(&w->mirror));
	return w;
}

static void unwatch(struct watcher *w)
{
	assert_false(w->open);
	assert_int_equal(w->begun, w->ended);
	tp_mirror_unregister(&w->mirror);
}

static const struct tp_offline_options quick = { .deadline_ns = TP_MILLISECONDS(30) };

/* ---- moves ----------------------------------------------------------------------------------- */

static void a_move_is_between_begin_and_end(void **state)
{
	struct bed *bed = *state;
	struct watcher *w = watch(bed, 0, CHUNK, CHUNK);
	tp_pfn pfns[2];

	fill(bed->map, 1);
	tp_mirror_pages(&w->mirror, 0, 2, pfns);
	assert_int_equal(pfns[1].v, bed->map->pfns[TP_PAGEBLOCK_PAGES + 1]);
	must(tp_device_offline(bed->device, NULL, NULL));
	assert_int_equal(w->begun, 1);
	assert_int_equal(w->page, TP_PAGEBLOCK_PAGES);
	assert_int_equal(w->nr, TP_PAGEBLOCK_PAGES);
	assert_int_equal(w->at_begin.v, pfns[0].v);
	assert_int_equal(w->at_end.v, bed->map->pfns[TP_PAGEBLOCK_PAGES]);
	assert_int_not_equal(w->at_end.v, pfns[0].v);
	expect_filled(bed->map, 1);
	unwatch(w);
}

/* A page of a chunk is enough to be asked about all of it. */
static void a_part_of_a_chunk_has_a_say(void **state)
{
	struct bed *bed = *state;
	struct watcher *first = watch(bed, 0, CHUNK - TP_PAGE_SIZE, TP_PAGE_SIZE);
	struct watcher *second = watch(bed, 1, CHUNK, 2 * CHUNK);

	must(tp_device_offline(bed->device, NULL, NULL));
	assert_int_equal(first->begun, 1);
	assert_int_equal(first->page, 0);
	assert_int_equal(second->begun, 2);
	unwatch(first);
	unwatch(second);
}

static void who_refuses_is_named_and_all_stays(void **state)
{
	struct bed *bed = *state;
	struct watcher *first = watch(bed, 0, 0, CHUNK), *second = watch(bed, 1, 0, TP_PAGE_SIZE);
	const uint32_t before = bed->map->pfns[0];
	struct tp_offline_report report;

	fill(bed->map, 1);
	second->answer = -EBUSY;
	assert_true(tp_device_offline(bed->device, &quick, &report) < 0);
	assert_int_equal(bed->map->pfns[0], before);
	assert_true(first->begun && first->begun == first->ended);
	assert_int_equal(first->at_end.v, first->at_begin.v);
	assert_int_equal(second->begun, 0);
	assert_int_equal(report.nr_blockers, 1);
	assert_string_equal(report.blockers[0].reason, "owner refused");
	assert_non_null(strstr(report.blockers[0].what, "mirrored by second"));
	second->answer = 0;
	must(tp_device_offline(bed->device, NULL, NULL));
	expect_filled(bed->map, 1);
	unwatch(first);
	unwatch(second);
}

static void a_busy_mirror_is_asked_again(void **state)
{
	struct bed *bed = *state;
	struct watcher *w = watch(bed, 0, 0, CHUNK);

	w->answer = -EAGAIN;
	assert_int_equal(tp_device_offline(bed->device, &quick, NULL), -ETIMEDOUT);
	assert_true(w->refused > 1);
	w->answer = 0;
	must(tp_device_offline(bed->device, NULL, NULL));
	unwatch(w);
}

/* Whatever of a move fails: who let go is told that nothing moved. */
static void a_move_that_fails_is_told_too(void **state)
{
	static const char *const sites[] = { "mm/hold", "mm/mapping-show" };
	struct bed *bed = *state;
	struct watcher *w = watch(bed, 0, 0, CHUNKS * CHUNK);

	fill(bed->map, 1);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		must(tp_fault_arm(sites[i], 1, UINT64_MAX));
		assert_true(tp_device_offline(bed->device, &quick, NULL) < 0);
		assert_int_equal(w->begun, w->ended);
		assert_int_equal(w->at_end.v, w->at_begin.v);
		tp_fault_reset();
	}
	must(tp_device_offline(bed->device, NULL, NULL));
	expect_filled(bed->map, 1);
	unwatch(w);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void a_mirrored_mapping_stays(void **state)
{
	struct bed *bed = *state;
	struct watcher *w = watch(bed, 0, 0, TP_PAGE_SIZE);

	assert_int_equal(tp_mapping_destroy(bed->map), -EBUSY);
	unwatch(w);
}

static void who_left_is_not_asked(void **state)
{
	struct bed *bed = *state;
	struct watcher *w = watch(bed, 0, 0, CHUNKS * CHUNK);

	unwatch(w);
	must(tp_device_offline(bed->device, NULL, NULL));
	assert_int_equal(w->begun, 0);
}

static void a_range_is_whole_pages_of_the_mapping(void **state)
{
	static const uint64_t bad[][2] = {
		{ 0, 0 },
		{ 0, CHUNKS * CHUNK + TP_PAGE_SIZE },
		{ CHUNKS * CHUNK, TP_PAGE_SIZE },
		{ TP_PAGE_SIZE, UINT64_MAX - TP_PAGE_SIZE + 1 },
		{ 1, TP_PAGE_SIZE },
		{ 0, TP_PAGE_SIZE + 1 },
	};
	struct bed *bed = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++) {
		struct tp_mirror mirror = { .ops = &ops,
					    .name = "bad",
					    .mapping = bed->map,
					    .offset = bad[i][0],
					    .length = bad[i][1] };

		assert_int_equal(tp_mirror_register(&mirror), -EINVAL);
	}
}

/* ---- under load ------------------------------------------------------------------------------ */

/* Pages do not move while somebody mirrors them and refuses. */
static void stay(struct bed *bed)
{
	struct watcher *w = &bed->watchers[0];
	tp_pfn before, after;

	*w = (struct watcher){ .answer = -EAGAIN };
	watch(bed, 0, 0, CHUNK);
	tp_mirror_pages(&w->mirror, 0, 1, &before);
	tp_yield();
	tp_mirror_pages(&w->mirror, 0, 1, &after);
	unwatch(w);
	assert_int_equal(before.v, after.v);
}

static void mirrors_come_and_go_while_pages_move(void **state)
{
	enum { ROUNDS = 200, PUSHES = 10 };
	struct bed *bed = *state;
	struct pusher pusher;

	fill(bed->map, 1);
	pusher_start(&pusher, bed->device, plug_movable(bed->m, 1, 1), PUSHES);
	for (unsigned i = 0; i < ROUNDS; i++) {
		stay(bed);
		usleep(100);
	}
	pusher_end(&pusher);
	expect_filled(bed->map, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_bed, end_bed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_move_is_between_begin_and_end),
		TEST(a_part_of_a_chunk_has_a_say),
		TEST(who_refuses_is_named_and_all_stays),
		TEST(a_busy_mirror_is_asked_again),
		TEST(a_move_that_fails_is_told_too),
		TEST(a_mirrored_mapping_stays),
		TEST(who_left_is_not_asked),
		TEST(a_range_is_whole_pages_of_the_mapping),
		TEST(mirrors_come_and_go_while_pages_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
