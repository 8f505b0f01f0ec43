/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_page_owner - an owner goes while somebody calls it.
 *
 * A mover, or whoever asks whose a page is, has found the owner by the number in the page's word
 * and is about to call it, or does (O4 of mm/owner.h).
 *
 * Must hold: once unregister has returned nobody calls the owner or reads its name, and what its
 * callbacks did is seen by who unregistered it; unregister does not wait for ever.
 */
#include <errno.h>

#include "mm/migrate.h"
#include "scenarios/scene_range.h"

struct leaving {
	struct tp_scene *scene;
	struct tp_owner owner, heir;
	tp_pfn page;
	TP_ATOMIC(uint32_t) begun, ended; /* calls */
	TP_ATOMIC(uint32_t) gone;
};

static int answer(struct leaving *s)
{
	tp_atomic_count(&s->begun, 1);
	TP_EXPECT(!tp_atomic_load(&s->gone, TP_RELAXED));
	tp_atomic_count(&s->ended, 1);
	return -EBUSY;
}

static int migrate(struct tp_owner *owner, tp_unused uint32_t cookie, tp_unused tp_pfn old,
		   tp_unused tp_pfn new, tp_unused unsigned order)
{
	return answer(tp_container_of(owner, struct leaving, owner));
}

static int release(struct tp_owner *owner, tp_unused uint32_t cookie, tp_unused tp_pfn pfn,
		   tp_unused unsigned order)
{
	return answer(tp_container_of(owner, struct leaving, owner));
}

static const struct tp_owner_ops ops = { .migrate = migrate, .release = release };

/* It never has a page in the block that is emptied. */
static int release_of_heir(tp_unused struct tp_owner *owner, tp_unused uint32_t cookie,
			   tp_unused tp_pfn pfn, tp_unused unsigned order)
{
	tp_sim_fail(NULL, "the heir is asked for a page of the owner before him");
}

static const struct tp_owner_ops heir_ops = { .release = release_of_heir };

static void *prepare(void)
{
	struct leaving *s = tp_sim_alloc(sizeof(*s));
	struct tp_alloc request;

	s->scene = tp_scene_make(1, 1);
	s->owner = (struct tp_owner){ .name = "leaver", .ops = &ops };
	TP_SCENE_MUST(tp_owner_register(s->scene->machine, &s->owner));
	request = tp_scene_loose(s->scene, 0);
	request.owner = &s->owner;
	TP_SCENE_MUST(tp_pages_alloc(s->scene->machine, &request, &s->page));
	return s;
}

static void leave(void *arg)
{
	struct leaving *s = arg;

	tp_pages_free(s->scene->machine, s->page, 0);
	TP_SCENE_MUST(tp_owner_unregister(&s->owner));
	tp_atomic_store(&s->gone, 1, TP_RELAXED);
	TP_EXPECT(tp_atomic_load(&s->ended, TP_RELAXED) == tp_atomic_load(&s->begun, TP_RELAXED));
	s->owner.name = NULL;
}

static void leave_to_heir(void *arg)
{
	struct leaving *s = arg;

	leave(s);
	s->heir = (struct tp_owner){ .name = "heir", .ops = &heir_ops };
	TP_SCENE_MUST(tp_owner_register(s->scene->machine, &s->heir));
}

/* Where the page lies; isolated before it all begins, as that is no part of the question. */
static struct tp_range pageblock(const struct leaving *s)
{
	struct tp_range range = tp_scene_range(s->scene, 0);

	range.nr_pages = TP_PAGEBLOCK_PAGES;
	return range;
}

static void *prepare_isolated(void)
{
	struct leaving *s = prepare();
	const struct tp_range range = pageblock(s);

	TP_SCENE_MUST(tp_isolate_range(&range));
	return s;
}

/* Without targets pages can only be released. */
static void evacuate(const struct leaving *s, tp_nodemask targets)
{
	const struct tp_range range = pageblock(s);
	struct tp_evacuation e = { .machine = s->scene->machine,
				   .targets = targets,
				   .may_release = !targets.v };

	tp_evacuate_begin(&e);
	tp_evacuate(&e, &range);
}

static void move_pages(void *arg)
{
	evacuate(arg, TP_NODE_BIT(0));
}

static void release_pages(void *arg)
{
	evacuate(arg, TP_NODES_NONE);
}

static void ask_whose(void *arg)
{
	struct leaving *s = arg;
	struct tp_page_info info;

	TP_SCENE_MUST(tp_page_query(s->scene->machine, s->page, &info));
	TP_EXPECT(info.online && info.node == TP_SCENE_NODE);
	TP_EXPECT(!info.allocated || *info.owner == 'l' || *info.owner == '?');
}

static void start_move(void *state)
{
	tp_sim_start("move", move_pages, state);
	tp_sim_start("unregister", leave, state);
}

static void start_release(void *state)
{
	tp_sim_start("release", release_pages, state);
	tp_sim_start("unregister", leave, state);
}

static void start_heir(void *state)
{
	tp_sim_start("release", release_pages, state);
	tp_sim_start("unregister", leave_to_heir, state);
}

static void start_query(void *state)
{
	tp_sim_start("query", ask_whose, state);
	tp_sim_start("unregister", leave, state);
}

static void start_all(void *state)
{
	start_release(state);
	tp_sim_start("query", ask_whose, state);
}

static void check(void *state)
{
	const struct leaving *s = state;

	tp_scene_check(s->scene);
}

TP_SCENARIO(unregister_move, {
				     .name = "mm/unregister-vs-move",
				     .summary = "an owner goes while it is asked to move a page",
				     .prepare = prepare_isolated,
				     .start = start_move,
				     .check = check,
			     })

TP_SCENARIO(unregister_release,
	    {
		    .name = "mm/unregister-vs-release",
		    .summary = "an owner goes while it is asked to give a page up",
		    .prepare = prepare_isolated,
		    .start = start_release,
		    .check = check,
	    })

TP_SCENARIO(unregister_heir,
	    {
		    .name = "mm/unregister-register-vs-release",
		    .summary = "an owner's number becomes another's while it is asked",
		    .prepare = prepare_isolated,
		    .start = start_heir,
		    .check = check,
	    })

TP_SCENARIO(unregister_query, {
				      .name = "mm/unregister-vs-query",
				      .summary = "an owner goes while its name is read",
				      .prepare = prepare_isolated,
				      .start = start_query,
				      .check = check,
			      })

TP_SCENARIO(unregister_release_query, {
					      .name = "mm/unregister-vs-release-vs-query",
					      .summary = "both at once",
					      .prepare = prepare_isolated,
					      .start = start_all,
					      .check = check,
				      })
