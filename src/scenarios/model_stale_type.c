/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_stale_type - the race that Linux had between freeing a page and isolating its pageblock
 * (fixed there by commit ad53f92eb416), in as few lines as show it.
 *
 * A free that looked at the pageblock's type before it took the zone lock puts the page on a list
 * that isolation has already emptied: the page of an offline block is handed out again.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

enum { MOVABLE, ISOLATED, NR_LISTS };

struct model {
	bool rechecks;
	struct tp_sim_lock zone_lock;
	TP_ATOMIC(uint32_t) type;
	TP_ATOMIC(uint32_t) free_pages[NR_LISTS];
	TP_ATOMIC(uint32_t) offline;
};

static void free_page(void *arg)
{
	struct model *m = arg;
	uint32_t type = tp_atomic_load(&m->type, TP_RELAXED);

	tp_sim_lock(&m->zone_lock);
	if (m->rechecks)
		type = tp_atomic_load(&m->type, TP_RELAXED);
	tp_atomic_add(&m->free_pages[type], 1, TP_RELAXED);
	tp_sim_unlock(&m->zone_lock);
}

static void take_offline(void *arg)
{
	struct model *m = arg;
	uint32_t n;

	tp_sim_lock(&m->zone_lock);
	tp_atomic_store(&m->type, ISOLATED, TP_RELAXED);
	n = tp_atomic_exchange(&m->free_pages[MOVABLE], 0, TP_RELAXED);
	tp_atomic_add(&m->free_pages[ISOLATED], n, TP_RELAXED);
	tp_sim_unlock(&m->zone_lock);
	tp_atomic_store(&m->offline, 1, TP_RELEASE);
}

static void alloc_page(void *arg)
{
	struct model *m = arg;

	tp_sim_lock(&m->zone_lock);
	if (tp_atomic_load(&m->free_pages[MOVABLE], TP_RELAXED)) {
		tp_atomic_sub(&m->free_pages[MOVABLE], 1, TP_RELAXED);
		TP_EXPECT(!tp_atomic_load(&m->offline, TP_ACQUIRE));
	}
	tp_sim_unlock(&m->zone_lock);
}

static void *prepare(bool rechecks)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->rechecks = rechecks;
	return m;
}

static void *prepare_broken(void)
{
	return prepare(false);
}

static void *prepare_right(void)
{
	return prepare(true);
}

static void start(void *state)
{
	tp_sim_start("free", free_page, state);
	tp_sim_start("offline", take_offline, state);
	tp_sim_start("alloc", alloc_page, state);
}

TP_SCENARIO(stale_type_broken, {
				       .name = "model/stale-type-broken",
				       .summary = "a free that trusts a type read without the lock",
				       .prepare = prepare_broken,
				       .start = start,
			       })

TP_SCENARIO(stale_type, {
				.name = "model/stale-type",
				.summary = "the same, looking again under the lock",
				.prepare = prepare_right,
				.start = start,
			})
