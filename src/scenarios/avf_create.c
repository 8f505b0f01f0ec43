/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_create - a device is made, opened, changed, closed and destroyed, and each step fails once.
 *
 * Must hold: what failed can be done again, and nothing is left of the attempt.
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 24, OTHER_RING = 96 };

static void *prepare(void)
{
	return tp_avf_scene_bare(BOOT);
}

static void change(struct tp_avf_scene *s)
{
	struct tp_net_config config = s->avf->nd.config;

	config.tx_ring = OTHER_RING;
	tp_net_configure(tp_avf_scene_machine(s), "avf0", &config);
	tp_net_vlan(tp_avf_scene_machine(s), "avf0", 5, true);
	tp_net_reset(tp_avf_scene_machine(s), "avf0");
}

static void live(void *arg)
{
	struct tp_avf_scene *s = arg;

	if (tp_avf_scene_create(s))
		return;
	if (!tp_net_open(tp_avf_scene_machine(s), "avf0"))
		change(s);
	tp_net_close(tp_avf_scene_machine(s), "avf0");
}

static void start(void *state)
{
	tp_sim_start("live", live, state);
}

static void check(void *state)
{
	struct tp_avf_scene *s = state;

	if (!s->avf)
		TP_SCENE_MUST(tp_avf_scene_create(s));
	if (s->avf->state == TP_NET_FAILED)
		TP_SCENE_MUST(tp_net_reset(tp_avf_scene_machine(s), "avf0"));
	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	tp_avf_scene_end(s, true);
}

TP_SCENARIO(create_faults, {
				   .name = "avf/create-faults",
				   .summary = "each step of a device's life fails once",
				   .prepare = prepare,
				   .start = start,
				   .check = check,
				   .faults = 1,
			   })
