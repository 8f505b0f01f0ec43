/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load - what all kinds of load have in common: life, halting, counters.
 */
#include "lab/load.h"

#include <errno.h>
#include <string.h>

#include <tidepool/machine.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/invariant.h"

const struct tp_load_kind *const tp_load_kinds[] = {
	&tp_load_cache, &tp_load_churn, &tp_load_hog, &tp_load_mapping,
	&tp_load_pin,	&tp_load_slab,	NULL,
};

/* Threads that ask for what cannot be would find no memory for ever. */
static int check_node(struct tp_machine *machine, int node)
{
	unsigned nr = tp_machine_nr_nodes(machine);

	if (node == TP_NODE_NONE || (node >= 0 && (unsigned)node < nr))
		return 0;
	return TP_ERR(-EINVAL, "node %d is not one of %u", node, nr);
}

int tp_load_create(const struct tp_load_kind *kind, struct tp_machine *machine,
		   const struct tp_load_config *config, struct tp_findings *findings,
		   struct tp_load **load)
{
	int err = check_node(machine, config->node);
	struct tp_load *new;

	if (err)
		return err;
	new = tp_zalloc(kind->size);
	if (!new)
		return -ENOMEM;
	new->kind = kind;
	new->machine = machine;
	new->findings = findings;
	new->begin_ns = tp_clock_now();
	tp_list_init(&new->link);
	strncat(new->name, config->name, sizeof(new->name) - 1);
	err = kind->start(new, config);
	if (err) {
		tp_free(new);
		return err;
	}
	new->running = true;
	*load = new;
	return 0;
}

int tp_load_stop(struct tp_load *load)
{
	int err;

	if (!load->running)
		return 0;
	tp_crew_halt(&load->crew);
	tp_load_take_worst_write(load);
	tp_load_read_stat(load, &load->last);
	err = load->kind->stop(load);
	if (err) {
		tp_crew_resume(&load->crew);
		return err;
	}
	tp_crew_stop(&load->crew);
	load->running = false;
	load->end_ns = tp_clock_now();
	return 0;
}

void tp_load_destroy(struct tp_load *load)
{
	TP_INVARIANT(!load->running);
	if (load->kind->end)
		load->kind->end(load);
	tp_list_remove(&load->link);
	tp_free(load);
}

void tp_load_halt(struct tp_load *load)
{
	tp_crew_halt(&load->crew);
}

void tp_load_resume(struct tp_load *load)
{
	tp_crew_resume(&load->crew);
}

void tp_load_verify(struct tp_load *load)
{
	if (load->running)
		load->bytes_verified += load->kind->verify(load);
}

void tp_load_read_stat(struct tp_load *load, struct tp_load_stat *stat)
{
	*stat = load->last;
	if (!load->running)
		return;
	stat->work = tp_atomic_load(&load->work, TP_RELAXED);
	stat->starved = tp_atomic_load(&load->starved, TP_RELAXED);
	stat->bytes = 0;
	load->kind->stat(load, stat);
}

uint64_t tp_load_take_worst_write(struct tp_load *load)
{
	uint64_t worst = tp_atomic_exchange(&load->worst_write_ns, 0, TP_RELAXED);

	load->worst_write_ever_ns = TP_MAX(load->worst_write_ever_ns, worst);
	return worst;
}
