/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * axioms - candidate executions as relations between at most 32 events, one bit mask per event.
 *
 * A read-modify-write is one event.  The first stores to the variables are events 0 to 2; nothing
 * comes before them.
 */
#include "axioms.h"

enum { EVENTS = 32 };

struct relation {
	uint32_t to[EVENTS]; /* [a] bit b: from a to b */
};

struct event {
	const struct step *step; /* NULL: a first store */
	unsigned task;
	int order;
	bool reads, writes, fence, done;
	uint8_t variable, got, put; /* values */
	unsigned from;		    /* the store it reads */
	unsigned place;		    /* in modification order */
};

struct execution {
	const struct program *program;
	enum rules rules;
	struct outcomes *set;
	unsigned nr;
	struct event events[EVENTS];
	struct relation sb, rf, mo, rb, eco, hb, sw;
};

#define for_each_event(x, i) for (unsigned i = 0; i < (x)->nr; i++)

/* ---- relations ------------------------------------------------------------------------------- */

static bool related(const struct relation *r, unsigned from, unsigned to)
{
	return r->to[from] >> to & 1;
}

static void relate(struct relation *r, unsigned from, unsigned to)
{
	r->to[from] |= 1u << to;
}

static void unite(struct relation *r, const struct relation *other)
{
	for (unsigned i = 0; i < EVENTS; i++)
		r->to[i] |= other->to[i];
}

static void close_transitively(struct relation *r)
{
	for (unsigned k = 0; k < EVENTS; k++)
		for (unsigned i = 0; i < EVENTS; i++)
			if (related(r, i, k))
				r->to[i] |= r->to[k];
}

/* A step of @first, then one of @second. */
static struct relation composed(const struct relation *first, const struct relation *second)
{
	struct relation made = { { 0 } };

	for (unsigned i = 0; i < EVENTS; i++)
		for (unsigned k = 0; k < EVENTS; k++)
			if (related(first, i, k))
				made.to[i] |= second->to[k];
	return made;
}

static bool is_reflexive_anywhere(const struct relation *r)
{
	for (unsigned i = 0; i < EVENTS; i++)
		if (related(r, i, i))
			return true;
	return false;
}

static bool has_circle(struct relation r)
{
	close_transitively(&r);
	return is_reflexive_anywhere(&r);
}

static void add_identity(struct relation *r, uint32_t events)
{
	for (unsigned i = 0; i < EVENTS; i++)
		r->to[i] |= events & 1u << i;
}

static void keep_between(struct relation *r, uint32_t from, uint32_t to)
{
	for (unsigned i = 0; i < EVENTS; i++)
		r->to[i] = from >> i & 1 ? r->to[i] & to : 0;
}

/* ---- sets of events -------------------------------------------------------------------------- */

static bool is_release(const struct event *e)
{
	return (e->writes || e->fence) && (e->order == REL || e->order == AR || e->order == SC);
}

static bool is_acquire(const struct event *e)
{
	return (e->reads || e->fence) && (e->order == ACQ || e->order == AR || e->order == SC);
}

static uint32_t sc_events(const struct execution *x, bool only_fences)
{
	uint32_t set = 0;

	for_each_event(x, i) if (x->events[i].order == SC && (x->events[i].fence || !only_fences))
		set |= 1u << i;
	return set;
}

static bool same_variable(const struct event *a, const struct event *b)
{
	return !a->fence && !b->fence && a->variable == b->variable;
}

/* ---- happens before -------------------------------------------------------------------------- */

/* The stores that hand on what @e, a release, has: itself, or those after a fence. */
static uint32_t heads(const struct execution *x, unsigned e)
{
	uint32_t set = 0;

	if (!x->events[e].fence)
		return 1u << e;
	for_each_event(x, i) if (related(&x->sb, e, i) && x->events[i].writes) set |= 1u << i;
	return set;
}

/* The acquires that @e, a read, hands its store's message to: itself, or fences behind it. */
static uint32_t takers(const struct execution *x, unsigned e)
{
	uint32_t set = is_acquire(&x->events[e]) ? 1u << e : 0;

	for_each_event(x, i) if (related(&x->sb, e, i) && x->events[i].fence &&
				 is_acquire(&x->events[i])) set |= 1u << i;
	return set;
}

/* The stores whose release sequence @store is in, as a set. */
static uint32_t sequence_of(const struct execution *x, unsigned store)
{
	uint32_t set = 1u << store;

	while (x->events[store].reads) {
		store = x->events[store].from;
		set |= 1u << store;
	}
	return set;
}

static void make_happens_before(struct execution *x)
{
	x->sw = (struct relation){ { 0 } };
	for_each_event(x, r)
	{
		if (!x->events[r].reads)
			continue;
		uint32_t sequence = sequence_of(x, x->events[r].from);

		for_each_event(x, e) if (is_release(&x->events[e]) && heads(x, e) & sequence)
			x->sw.to[e] |= takers(x, r);
	}
	x->hb = x->sb;
	unite(&x->hb, &x->sw);
	close_transitively(&x->hb);
}

static void make_coherence(struct execution *x)
{
	x->mo = x->rb = (struct relation){ { 0 } };
	for_each_event(x, a) for_each_event(x, b)
	{
		const struct event *from = &x->events[a], *to = &x->events[b];

		if (a == b || !to->writes || !same_variable(from, to))
			continue;
		if (from->writes && from->place < to->place)
			relate(&x->mo, a, b);
		if (from->reads && x->events[from->from].place < to->place)
			relate(&x->rb, a, b);
	}
	x->eco = x->rf;
	unite(&x->eco, &x->mo);
	unite(&x->eco, &x->rb);
	close_transitively(&x->eco);
}

static bool is_coherent(const struct execution *x)
{
	struct relation both = composed(&x->hb, &x->eco);

	return !is_reflexive_anywhere(&both) && !is_reflexive_anywhere(&x->hb) &&
	       !is_reflexive_anywhere(&x->eco);
}

/* ---- the order of sequentially consistent operations ----------------------------------------- */

/* C++20: A strongly happens before B. */
static void add_strongly_before(const struct execution *x, struct relation *s)
{
	struct relation strong = composed(&x->sb, &x->hb), between = x->sw;
	uint32_t sc = sc_events(x, false);

	strong = composed(&strong, &x->sb);
	unite(&strong, &x->sb);
	keep_between(&between, sc, sc);
	unite(&strong, &between);
	close_transitively(&strong);
	unite(s, &strong);
}

/*
 * @link between sequentially consistent operations, and from and to their fences through happens
 * before.
 */
static void add_through_fences(const struct execution *x, struct relation *s,
			       const struct relation *link)
{
	uint32_t fences = sc_events(x, true);
	struct relation from = x->hb, to = x->hb, made;

	keep_between(&from, fences, ~0u);
	add_identity(&from, sc_events(x, false));
	keep_between(&to, ~0u, fences);
	add_identity(&to, sc_events(x, false));
	made = composed(&from, link);
	made = composed(&made, &to);
	unite(s, &made);
}

static void add_cpp20(const struct execution *x, struct relation *s)
{
	add_strongly_before(x, s);
	add_through_fences(x, s, &x->eco);
}

static void filter_by_variable(const struct execution *x, struct relation *r, bool same)
{
	for_each_event(x, a)
		for_each_event(x, b) if (same_variable(&x->events[a], &x->events[b]) != same)
			r->to[a] &= ~(1u << b);
}

/* RC11's scb: what orders two accesses that are themselves in the order. */
static struct relation scb_of(const struct execution *x)
{
	struct relation elsewhere = x->sb, here = x->hb, scb;

	filter_by_variable(x, &elsewhere, false);
	filter_by_variable(x, &here, true);
	scb = composed(&elsewhere, &x->hb);
	scb = composed(&scb, &elsewhere);
	unite(&scb, &here);
	unite(&scb, &x->sb);
	unite(&scb, &x->mo);
	unite(&scb, &x->rb);
	return scb;
}

static void add_rc11(const struct execution *x, struct relation *s)
{
	struct relation scb = scb_of(x), between = composed(&x->hb, &x->eco);
	uint32_t fences = sc_events(x, true);

	add_through_fences(x, s, &scb);
	between = composed(&between, &x->hb);
	unite(&between, &x->hb);
	keep_between(&between, fences, fences);
	unite(s, &between);
}

static bool has_total_order(const struct execution *x)
{
	uint32_t sc = sc_events(x, false);
	struct relation s = { { 0 } };

	if (x->rules != RULES_RC11)
		add_cpp20(x, &s);
	if (x->rules != RULES_CPP20)
		add_rc11(x, &s);
	keep_between(&s, sc, sc);
	return !has_circle(s);
}

/* ---- executions ------------------------------------------------------------------------------ */

static bool is_allowed(struct execution *x)
{
	struct relation all = x->sb;

	make_coherence(x);
	unite(&all, &x->eco);
	if (x->rules == RULES_SC)
		return !has_circle(all);
	make_happens_before(x);
	return is_coherent(x) && has_total_order(x);
}

static void note_outcome(struct execution *x)
{
	struct result result = { { 0 }, { 0 } };
	unsigned last[VARIABLES] = { 0 };

	for_each_event(x, i)
	{
		const struct event *e = &x->events[i];

		if (e->reads)
			result.registers[e->step->into] = e->got;
		if (e->writes && e->place >= last[e->variable]) {
			last[e->variable] = e->place;
			result.variables[e->variable] = e->put;
		}
	}
	outcomes_add(x->set, x->program->shows, &result);
}

/* Nothing comes between what a read-modify-write reads and what it writes. */
static bool is_atomic(const struct execution *x)
{
	for_each_event(x, i)
	{
		const struct event *e = &x->events[i];

		if (e->reads && e->writes && e->place != x->events[e->from].place + 1)
			return false;
	}
	return true;
}

/* Put the stores of @variable from @place on into every order. */
static void order_stores(struct execution *x, unsigned variable, unsigned place)
{
	bool all = true;

	if (variable == VARIABLES) {
		if (is_atomic(x) && is_allowed(x))
			note_outcome(x);
		return;
	}
	for_each_event(x, i)
	{
		struct event *e = &x->events[i];

		if (!e->step || !e->writes || e->variable != variable || e->place)
			continue;
		all = false;
		e->place = place;
		order_stores(x, variable, place + 1);
		e->place = 0;
	}
	if (all)
		order_stores(x, variable + 1, 1);
}

/* The values follow from what is read: false if a compare-and-swap did what it would not do. */
static bool compute(struct event *e, uint8_t found)
{
	const struct step *step = e->step;

	e->got = found;
	e->put = step->verb == ADD ? found + step->value : step->value;
	return step->verb != CAS || e->writes == (found == step->expected);
}

/* In the order of program order and reads-from; false: they have a circle, or see compute(). */
static bool compute_all(struct execution *x)
{
	struct relation all = x->sb;

	unite(&all, &x->rf);
	if (has_circle(all))
		return false;
	for_each_event(x, i) x->events[i].done = !x->events[i].step;
	for (bool more = true; more;) {
		more = false;
		for_each_event(x, i)
		{
			struct event *e = &x->events[i];

			if (e->done || (e->reads && !x->events[e->from].done))
				continue;
			if (!compute(e, e->reads ? x->events[e->from].put : 0))
				return false;
			e->done = more = true;
		}
	}
	return true;
}

/* Let the reads from event @e on read from every store. */
static void link_reads(struct execution *x, unsigned e)
{
	while (e < x->nr && !x->events[e].reads)
		e++;
	if (e == x->nr) {
		if (compute_all(x))
			order_stores(x, 0, 1);
		return;
	}
	for_each_event(x, i)
	{
		if (i == e || !x->events[i].writes || !same_variable(&x->events[i], &x->events[e]))
			continue;
		x->events[e].from = i;
		relate(&x->rf, i, e);
		link_reads(x, e + 1);
		x->rf.to[i] &= ~(1u << e);
	}
}

static void make_program_order(struct execution *x)
{
	x->sb = (struct relation){ { 0 } };
	for_each_event(x, a) for_each_event(
		x, b) if (x->events[b].step &&
			  (!x->events[a].step || (a < b && x->events[a].task == x->events[b].task)))
		relate(&x->sb, a, b);
}

static struct event event_of(const struct step *step, unsigned task)
{
	return (struct event){
		.step = step,
		.task = task,
		.order = step->order,
		.variable = step->variable,
		.fence = step->verb == FENCE,
		.reads = step->verb != FENCE && step->verb != STORE,
		.writes = step->verb != FENCE && step->verb != LOAD,
	};
}

/* Every compare-and-swap from event @e on succeeds or fails. */
static void split_swaps(struct execution *x, unsigned e)
{
	struct event *event;

	while (e < x->nr && !(x->events[e].step && x->events[e].step->verb == CAS))
		e++;
	if (e == x->nr) {
		make_program_order(x);
		x->rf = (struct relation){ { 0 } };
		link_reads(x, 0);
		return;
	}
	event = &x->events[e];
	split_swaps(x, e + 1);
	event->writes = false;
	event->order = ACQ;
	split_swaps(x, e + 1);
	event->writes = true;
	event->order = event->step->order;
}

void tp_axioms_outcomes(const struct program *program, enum rules rules, struct outcomes *set)
{
	struct execution x = { .program = program, .rules = rules, .set = set };

	set->nr = 0;
	for (uint8_t v = 0; v < VARIABLES; v++)
		x.events[x.nr++] = (struct event){ .writes = true, .variable = v };
	for (unsigned t = 0; t < TASKS; t++)
		for (unsigned i = 0; i < STEPS && program->tasks[t][i].verb; i++)
			x.events[x.nr++] = event_of(&program->tasks[t][i], t);
	split_swaps(&x, 0);
}
