/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_create - a device is made, opened, changed, closed and destroyed, and each step fails once.
 *
 * Must hold: what failed can be done again, and nothing is left of the attempt.
 */
#include "scenarios/avf_scene.h"

enum { BOOT = 24, OTHER_RING = 96 };

static void *prepare_none(void)
{
	return tp_avf_scene_bare(BOOT);
}

/* Its threads are started, or are not, but never run. */
static void *prepare_closed(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);

	s->avf->run = TP_AVF_RUN_INTERRUPT;
	return s;
}

static void *prepare_open(void)
{
	struct tp_avf_scene *s = tp_avf_scene_make(BOOT);

	TP_SCENE_MUST(tp_net_open(tp_avf_scene_machine(s), "avf0"));
	tp_avf_scene_arrive(s, 1);
	return s;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void create(void *arg)
{
	tp_avf_scene_create(arg);
}

static void open_and_close(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_net_open(tp_avf_scene_machine(s), "avf0");
	tp_net_close(tp_avf_scene_machine(s), "avf0");
}

static void change(void *arg)
{
	struct tp_avf_scene *s = arg;
	struct tp_net_config config = s->avf->nd.config;

	config.tx_ring = OTHER_RING;
	tp_net_configure(tp_avf_scene_machine(s), "avf0", &config);
	tp_net_vlan(tp_avf_scene_machine(s), "avf0", 5, true);
}

static void reset(void *arg)
{
	struct tp_avf_scene *s = arg;

	tp_netdev_poll(&s->avf->nd, 0, 1);
	tp_net_reset(tp_avf_scene_machine(s), "avf0");
}

/* ---- scenarios ------------------------------------------------------------------------------- */

static void start_create(void *state)
{
	tp_sim_start("create", create, state);
}

static void start_open(void *state)
{
	tp_sim_start("open", open_and_close, state);
}

static void start_change(void *state)
{
	tp_sim_start("change", change, state);
}

static void start_reset(void *state)
{
	tp_sim_start("reset", reset, state);
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

TP_SCENE_FAULTS(create_faults, "avf/create-faults", "each step of making a device fails once",
		prepare_none, start_create, check)
TP_SCENE_FAULTS(open_faults, "avf/open-faults", "each step of open and close fails once",
		prepare_closed, start_open, check)
TP_SCENE_FAULTS(change_faults, "avf/change-faults", "each step of other rings fails once",
		prepare_open, start_change, check)
TP_SCENE_FAULTS(reset_faults, "avf/reset-faults", "each step of a reset fails once", prepare_open,
		start_reset, check)
