/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lab_nics - a lab machine with network devices, their frames and what was found.  Include after
 * <cmocka.h>.
 */
#ifndef TESTS_UNIT_LAB_NICS_H
#define TESTS_UNIT_LAB_NICS_H

#include <errno.h>
#include <string.h>

#include "mm_machine.h"
#include "core/clock.h"
#include "lab/lab_machine.h"
#include "lab/nic.h"

enum { NICS_PATIENCE_MS = 20000 };

struct nics {
	struct tp_run *run;
	struct tp_lab_machine *lm;
	struct tp_nic *a, *b;
	struct tp_cable *cable;
};

static inline int nics_create(struct tp_lab_machine *lm, const char *name, struct tp_nic **nic)
{
	const struct tp_nic_config config = {
		.name = name, .node = TP_NODE_NONE, .queues = 2, .run = TP_AVF_RUN_INTERRUPT
	};

	return tp_nic_create(lm, &config, nic);
}

static inline int setup_nics_machine(void **state)
{
	static struct tp_run run; /* its steps make it large */
	static struct nics nics;
	const struct tp_machine_config machine = { .nr_nodes = 1,
						   .nodes[0] = { .dram = TP_MIB(32), .cpus = 2 },
						   .block_size = TP_MIB(8),
						   .hotplug_size = TP_MIB(8) };

	tp_list_init(&run.machines);
	tp_findings_init(&run.findings);
	nics = (struct nics){ .run = &run };
	*state = &nics;
	return tp_lab_machine_create(&run, &machine, &nics.lm);
}

/* Two devices that are up, on one wire. */
static inline int setup_nics(void **state)
{
	struct nics *n;
	int err = setup_nics_machine(state);

	n = *state;
	if (err)
		return err;
	must(nics_create(n->lm, "avf0", &n->a));
	must(nics_create(n->lm, "avf1", &n->b));
	must(tp_cable_create(n->a, n->b, &n->cable));
	must(tp_net_open(n->lm->machine, "avf0"));
	must(tp_net_open(n->lm->machine, "avf1"));
	return 0;
}

/* What is still there is taken down and checked; a test that wants findings clears them. */
static inline int teardown_nics(void **state)
{
	struct nics *n = *state;

	tp_lab_machine_close(n->lm);
	fputs(n->run->findings.text, stderr);
	assert_int_equal(tp_findings_count(&n->run->findings), 0);
	tp_lab_machine_destroy(n->lm);
	return 0;
}

#define nics_wait(condition)                                                           \
	do {                                                                           \
		uint64_t until_ns = tp_clock_after(TP_MILLISECONDS(NICS_PATIENCE_MS)); \
                                                                                       \
		while (!(condition)) {                                                 \
			if (tp_clock_now() > until_ns)                                 \
				fail_msg("%s never came", #condition);                 \
			tp_sleep_ns(TP_MILLISECONDS(1));                               \
		}                                                                      \
	} while (0)

static inline struct tp_net_info nics_info(struct tp_nic *nic)
{
	struct tp_net_info info;

	must(tp_net_info(nic->lm->machine, nic->name, &info));
	return info;
}

#define nics_wait_link(n) nics_wait(nics_info((n)->a).carrier &&nics_info((n)->b).carrier)

/* A counter of a device by its name. */
static inline uint64_t nics_counter(struct tp_nic *nic, const char *name)
{
	struct tp_net_stats stats;
	uint64_t value = UINT64_MAX;

	must(tp_net_stats_get(nic->lm->machine, nic->name, &stats));
	for (unsigned i = 0; i < stats.nr; i++)
		if (!strcmp(stats.names[i], name))
			value = stats.values[i];
	tp_net_stats_put(&stats);
	assert_int_not_equal(value, UINT64_MAX);
	return value;
}

#endif
