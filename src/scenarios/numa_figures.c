/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * numa_figures - what is said of a node's speed, while its memory goes or comes.
 *
 * Claims come from firmware and regions at any time, tiers and demotion targets follow from them
 * and from the node's memory: whoever is last must not leave a target without memory (T12) or a
 * claim that is lost with the memory (T13).
 */
#include "scenarios/scene.h"

enum { LOOKS = 2 };

static const struct tp_access slow = { .read_latency_ns = 400,
				       .write_latency_ns = 400,
				       .read_bandwidth_mbps = 1024,
				       .write_bandwidth_mbps = 1024 };
static const struct tp_access fast = { .read_latency_ns = 5,
				       .write_latency_ns = 5,
				       .read_bandwidth_mbps = 20480,
				       .write_bandwidth_mbps = 20480 };

struct figures {
	struct tp_scene *scene;
	int above, below; /* who demotes to whom, with both there */
	struct look {
		tp_nodemask preferred, allowed;
		struct tp_tier_info tiers[TP_MAX_NODES];
		unsigned nr_tiers;
	} looks[LOOKS];
};

static struct figures *make(const struct tp_access *claim)
{
	struct figures *f = tp_sim_alloc(sizeof(*f));

	f->scene = tp_scene_make(1, 1);
	f->above = claim == &fast ? TP_SCENE_NODE : 0;
	f->below = TP_SCENE_NODE - f->above;
	if (claim)
		TP_SCENE_MUST(tp_hmat_set(f->scene->machine, TP_SCENE_NODE, 1, claim));
	return f;
}

static struct figures *make_offline(const struct tp_access *claim)
{
	struct figures *f = make(claim);

	TP_SCENE_MUST(tp_device_offline(f->scene->device, NULL, NULL));
	return f;
}

static void *prepare_slow(void)
{
	return make(&slow);
}

static void *prepare_fast(void)
{
	return make(&fast);
}

static void *prepare_slow_offline(void)
{
	return make_offline(&slow);
}

static void *prepare_offline(void)
{
	return make_offline(NULL);
}

static void offline(void *arg)
{
	struct figures *f = arg;

	TP_SCENE_MUST(tp_device_offline(f->scene->device, NULL, NULL));
}

static void online(void *arg)
{
	struct figures *f = arg;

	TP_SCENE_MUST(tp_device_online(f->scene->device, TP_ONLINE_MOVABLE));
}

static void take_out_and_back(void *figures)
{
	offline(figures);
	online(figures);
}

static void claim(void *arg)
{
	struct figures *f = arg;

	TP_SCENE_MUST(tp_hmat_set(f->scene->machine, TP_SCENE_NODE, 1, &slow));
}

static void add_and_remove_region(void *arg)
{
	struct figures *f = arg;

	TP_SCENE_MUST(tp_cxl_region_add(f->scene->machine, TP_SCENE_NODE, &slow));
	TP_SCENE_MUST(tp_cxl_region_remove(f->scene->machine, TP_SCENE_NODE));
}

static void look(void *arg)
{
	struct figures *f = arg;
	struct tp_machine *m = f->scene->machine;

	for (unsigned i = 0; i < LOOKS; i++) {
		struct look *l = &f->looks[i];

		TP_SCENE_MUST(tp_demotion_targets(m, f->above, &l->preferred, &l->allowed));
		l->nr_tiers = tp_tiers(m, l->tiers, TP_MAX_NODES);
	}
}

/* ---- afterwards ------------------------------------------------------------------------------ */

/* The faster node demotes to the slower if both have memory; the slower to none (T12). */
static void expect_targets(struct figures *f, bool both)
{
	tp_nodemask preferred, allowed;

	TP_SCENE_MUST(tp_demotion_targets(f->scene->machine, f->above, &preferred, &allowed));
	TP_EXPECT(preferred.v == (both ? TP_NODE_BIT(f->below).v : 0));
	TP_EXPECT(allowed.v == preferred.v);
	TP_SCENE_MUST(tp_demotion_targets(f->scene->machine, f->below, &preferred, &allowed));
	TP_EXPECT(!preferred.v && !allowed.v);
}

static void expect_access(struct figures *f, bool shown)
{
	struct tp_access access;

	TP_SCENE_MUST(tp_node_access(f->scene->machine, TP_SCENE_NODE, 1, &access));
	TP_EXPECT(access.valid == shown);
}

static void check_end(struct figures *f, bool memory, bool claimed)
{
	expect_targets(f, memory && claimed);
	expect_access(f, memory && claimed);
	tp_scene_check(f->scene);
}

static void check_gone(void *figures)
{
	check_end(figures, false, true);
}

static void check_there(void *figures)
{
	check_end(figures, true, true);
}

static void check_unclaimed(void *figures)
{
	check_end(figures, true, false);
}

/* Each node in one tier, DRAM first; preferred is part of allowed (D1). */
static void check_looks(void *arg)
{
	struct figures *f = arg;

	for (unsigned i = 0; i < LOOKS; i++) {
		const struct look *l = &f->looks[i];
		uint64_t seen = 0;

		TP_EXPECT(!(l->preferred.v & ~l->allowed.v));
		TP_EXPECT(l->nr_tiers == 1 || l->nr_tiers == 2);
		for (unsigned t = 0; t < l->nr_tiers; t++) {
			TP_EXPECT(l->tiers[t].nodes.v && !(l->tiers[t].nodes.v & seen));
			seen |= l->tiers[t].nodes.v;
		}
		TP_EXPECT(seen & TP_NODE_BIT(0).v);
	}
	/* It goes once: what has no target any more does not get one again. */
	TP_EXPECT(f->looks[0].preferred.v || !f->looks[1].preferred.v);
	TP_EXPECT(f->looks[0].nr_tiers >= f->looks[1].nr_tiers);
	check_gone(f);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_look(void *figures)
{
	tp_sim_start("offline", offline, figures);
	tp_sim_start("look", look, figures);
}

TP_SCENARIO(looked_at,
	    { .name = "numa/tiers-vs-offline",
	      .summary = "tiers and demotion targets are read as their node's memory goes",
	      .prepare = prepare_slow,
	      .start = start_look,
	      .check = check_looks })

static void start_claim(void *figures)
{
	tp_sim_start("online", online, figures);
	tp_sim_start("claim", claim, figures);
}

TP_SCENARIO(looked_at_fast, { .name = "numa/fast-tiers-vs-offline",
			      .summary = "the same, of a node that is faster than the others",
			      .prepare = prepare_fast,
			      .start = start_look,
			      .check = check_looks })

TP_SCENARIO(claimed, { .name = "numa/hmat-vs-online",
		       .summary = "firmware's figures of a node come as its memory does",
		       .prepare = prepare_offline,
		       .start = start_claim,
		       .check = check_there })

static void start_claim_again(void *figures)
{
	tp_sim_start("replug", take_out_and_back, figures);
	tp_sim_start("claim", claim, figures);
}

TP_SCENARIO(claimed_again, { .name = "numa/hmat-vs-replug",
			     .summary = "figures must come back with the memory (T13)",
			     .prepare = prepare_slow,
			     .start = start_claim_again,
			     .check = check_there })

static void start_region(void *figures)
{
	tp_sim_start("online", online, figures);
	tp_sim_start("region", add_and_remove_region, figures);
}

TP_SCENARIO(region, { .name = "numa/cxl-vs-online",
		      .summary = "a region comes and goes on a node whose memory comes",
		      .prepare = prepare_offline,
		      .start = start_region,
		      .check = check_unclaimed })

TP_SCENARIO(region_claimed, { .name = "numa/cxl-over-hmat-vs-online",
			      .summary = "a region goes, firmware's figures stay",
			      .prepare = prepare_slow_offline,
			      .start = start_region,
			      .check = check_there })
