/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_resv - users of two objects, each in another order, and holders of one.
 *
 * A user may submit work on both, which ends some time after he let go; a holder waits for it.
 *
 * Must hold: users and a holder exclude each other (R1); everybody gets what he wants, in whatever
 * order they come (R2, R4); a holder that has waited sees no work under way (R3).
 */
#include "gpu/resv.h"
#include "scenarios/scene.h"

enum { OBJECTS = 2 };

struct pair {
	struct tp_resv resv[OBJECTS];
	struct tp_timeline rings[OBJECTS];
	tp_atomic_u32 slots[OBJECTS];
	/* of each object: who is inside, no step of the explorer's */
	tp_quiet users[OBJECTS], holders[OBJECTS], work[OBJECTS];
};

static void *prepare(void)
{
	struct pair *p = tp_sim_alloc(sizeof(*p));

	for (unsigned i = 0; i < OBJECTS; i++) {
		tp_resv_init(&p->resv[i]);
		tp_timeline_init(&p->rings[i], "ring", &p->slots[i]);
	}
	return p;
}

/* ---- users ----------------------------------------------------------------------------------- */

static void use(struct pair *p, unsigned i)
{
	while (!tp_resv_try_use(&p->resv[i]))
		tp_resv_wait_unheld(&p->resv[i]);
}

/* R2: lets go of the one before it waits for the other. */
static void use_both(struct pair *p, unsigned first)
{
	unsigned second = !first;

	use(p, first);
	while (!tp_resv_try_use(&p->resv[second])) {
		tp_resv_unuse(&p->resv[first]);
		tp_resv_wait_unheld(&p->resv[second]);
		use(p, first);
	}
	for (unsigned i = 0; i < OBJECTS; i++) {
		tp_quiet_add(&p->users[i], 1);
		TP_EXPECT(!tp_quiet_load(&p->holders[i])); /* R1 */
	}
}

static void unuse_both(struct pair *p)
{
	for (unsigned i = 0; i < OBJECTS; i++) {
		tp_quiet_sub(&p->users[i], 1);
		tp_resv_unuse(&p->resv[i]);
	}
}

static void use_forwards(void *arg)
{
	use_both(arg, 0);
	unuse_both(arg);
}

static void use_backwards(void *arg)
{
	use_both(arg, 1);
	unuse_both(arg);
}

/* The work ends some time after. */
static void submit(void *arg)
{
	struct tp_fence *fence = tp_fence_create();
	struct pair *p = arg;

	use_both(p, 0);
	tp_fence_begin(fence, &p->rings[0]);
	for (unsigned i = 0; i < OBJECTS; i++) {
		tp_quiet_add(&p->work[i], 1);
		tp_resv_add(&p->resv[i], fence, true);
	}
	unuse_both(p);
	tp_quiet_sub(&p->work[0], 1);
	tp_quiet_sub(&p->work[1], 1);
	tp_timeline_force(&p->rings[0], fence->seqno);
	tp_fence_put(fence);
}

/* ---- holders --------------------------------------------------------------------------------- */

static void hold(struct pair *p, unsigned i)
{
	TP_SCENE_MUST(tp_resv_hold(&p->resv[i], TP_WAIT_FOREVER));
	TP_EXPECT(!tp_quiet_load(&p->users[i]) && !tp_quiet_load(&p->holders[i])); /* R1 */
	tp_quiet_store(&p->holders[i], 1);
	TP_SCENE_MUST(tp_resv_wait_idle(&p->resv[i], TP_WAIT_FOREVER));
	TP_EXPECT(!tp_quiet_load(&p->work[i])); /* R3 */
	tp_quiet_store(&p->holders[i], 0);
	tp_resv_unhold(&p->resv[i]);
}

static void hold_first(void *arg)
{
	hold(arg, 0);
}

static void hold_second(void *arg)
{
	hold(arg, 1);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_work(void *state)
{
	tp_sim_start("submit", submit, state);
	tp_sim_start("holder", hold_second, state);
}

static void start_holders(void *state)
{
	tp_sim_start("user", use_forwards, state);
	tp_sim_start("holder0", hold_first, state);
	tp_sim_start("holder1", hold_first, state);
}

static void start_users(void *state)
{
	tp_sim_start("forwards", use_forwards, state);
	tp_sim_start("backwards", use_backwards, state);
	tp_sim_start("holder", hold_second, state);
}

static void start_all(void *state)
{
	tp_sim_start("forwards", use_forwards, state);
	tp_sim_start("backwards", use_backwards, state);
	tp_sim_start("holder0", hold_first, state);
	tp_sim_start("holder1", hold_second, state);
}

static void check(void *state)
{
	struct pair *p = state;

	for (unsigned i = 0; i < OBJECTS; i++) {
		TP_EXPECT(tp_resv_is_idle(&p->resv[i]));
		TP_EXPECT(tp_resv_try_hold(&p->resv[i]));
		tp_resv_unhold(&p->resv[i]);
		tp_resv_fini(&p->resv[i]);
	}
}

#define RESV_SCENARIO(id, what, why)                      \
	TP_SCENARIO(id, {                                 \
				.name = "gpu/resv-" what, \
				.summary = why,           \
				.prepare = prepare,       \
				.start = start_##id,      \
				.check = check,           \
			})

RESV_SCENARIO(work, "work-vs-hold", "who holds an object waits for work on it")
RESV_SCENARIO(holders, "use-vs-holders", "two want to hold what a third one uses")
RESV_SCENARIO(users, "users-vs-hold", "users of two objects in both orders, and a holder")
RESV_SCENARIO(all, "users-vs-holders", "users of two objects in both orders, and their holders")
