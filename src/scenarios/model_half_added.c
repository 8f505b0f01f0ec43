/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_half_added - a block of memory that could not be added, nor taken back.
 *
 * Whoever gives up half way undoes the steps before.  But the undo of the first step needs memory,
 * for it splits a large mapping to take a part away: if that fails as well the block stays half
 * there, which one failure alone never shows.  The right one takes the memory beforehand, while it
 * can still say no.
 */
#include <errno.h>
#include <tidepool/explore.h>
#include <tidepool/sim.h>

struct model {
	bool reserves;
	bool mapped, counted, online;
};

static int step(const char *site)
{
	return tp_sim_fault(site) ? -ENOMEM : 0;
}

static void unmap_block(struct model *m)
{
	if (m->reserves || !step("model/split"))
		m->mapped = false;
}

static int add_block(struct model *m)
{
	int err = m->reserves ? step("model/reserve") : 0;

	if (err)
		return err;
	m->mapped = true;
	err = step("model/count");
	if (err)
		goto unmap;
	m->counted = true;
	err = step("model/online");
	if (err)
		goto uncount;
	m->online = true;
	return 0;
uncount:
	m->counted = false;
unmap:
	unmap_block(m);
	return err;
}

static void add(void *arg)
{
	struct model *m = arg;
	int err = add_block(m);

	TP_EXPECT(err || (m->mapped && m->counted && m->online));
	TP_EXPECT(!err || (!m->mapped && !m->counted && !m->online));
}

static void *prepare(bool reserves)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->reserves = reserves;
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
	tp_sim_start("add", add, state);
}

TP_SCENARIO(half_added_broken, {
				       .name = "model/half-added-broken",
				       .summary = "an undo that may fail itself: needs two faults",
				       .prepare = prepare_broken,
				       .start = start,
				       .faults = 2,
			       })

TP_SCENARIO(half_added, {
				.name = "model/half-added",
				.summary = "the same with what the undo needs taken beforehand",
				.prepare = prepare_right,
				.start = start,
				.faults = 2,
			})
