/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* view - make a view, and what the files of several directories have in common. */
#include "view/view.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "view/internal.h"

int tp_view_create(const struct tp_view_config *config, struct tp_view **view)
{
	struct tp_view *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->config = *config;
	tp_mutex_init(&new->report_lock, TP_RANK_CORE, 2);
	err = tp_view_number(new, tp_view_root);
	if (err)
		goto free_new;
	err = tp_injector_init(&new->injector, config->machine);
	if (err)
		goto free_places;
	*view = new;
	return 0;
free_places:
	tp_free(new->places);
free_new:
	tp_free(new);
	return err;
}

void tp_view_destroy(struct tp_view *view)
{
	if (!view)
		return;
	tp_injector_fini(&view->injector, view->config.machine);
	tp_text_fini(&view->report);
	tp_free(view->places);
	tp_free(view);
}

struct tp_machine *tp_view_machine(const struct tp_view *view)
{
	return view->config.machine;
}

enum tp_online_policy tp_view_auto_online(const struct tp_view *view)
{
	return (enum tp_online_policy)tp_atomic_load(&view->auto_online, TP_RELAXED);
}

void tp_view_enter(struct tp_view *view)
{
	if (view->config.enter)
		view->config.enter(view->config.arg);
}

void tp_view_leave(struct tp_view *view)
{
	if (view->config.leave)
		view->config.leave(view->config.arg);
}

/* ---- shared by several tables ---------------------------------------------------------------- */

int tp_show_zero(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "0\n");
	return 0;
}

int tp_show_empty(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "\n");
	return 0;
}

int tp_show_nothing(tp_unused const struct tp_view_call *call, tp_unused struct tp_text *text)
{
	return 0;
}

bool tp_view_block(struct tp_machine *m, unsigned id, struct tp_block_info *info)
{
	struct tp_device_info device;

	if (tp_block_info(m, id, info))
		return false;
	/* Only private memory has no zone while it is not online; boot memory may have several. */
	return info->zone_valid ||
	       (!tp_device_query(m, info->device, &device) && device.kind == TP_DEVICE_DRAM);
}

bool tp_next_block(const struct tp_view_call *call, unsigned *id)
{
	struct tp_machine *m = tp_call_machine(call);
	struct tp_block_info info;

	for (; *id < tp_machine_nr_blocks(m); (*id)++) {
		if (tp_view_block(m, *id, &info))
			return true;
	}
	return false;
}

static bool next_in(uint64_t set, unsigned *id)
{
	uint64_t rest = *id < 64 ? set >> *id : 0;

	if (!rest)
		return false;
	*id += (unsigned)__builtin_ctzll(rest);
	return true;
}

bool tp_next_online_node(const struct tp_view_call *call, unsigned *id)
{
	return next_in(tp_node_states(tp_call_machine(call), TP_N_ONLINE).v, id);
}

unsigned tp_view_nr_cpus(struct tp_machine *machine)
{
	return TP_MIN(tp_machine_nr_cpus(machine), 64u);
}

bool tp_next_cpu(const struct tp_view_call *call, unsigned *id)
{
	return *id < tp_view_nr_cpus(tp_call_machine(call));
}

uint64_t tp_view_cpus_of(struct tp_machine *machine, int node)
{
	uint64_t cpus = 0;

	for (unsigned cpu = 0; cpu < tp_view_nr_cpus(machine); cpu++) {
		if (node == TP_NODE_NONE || tp_cpu_to_node(machine, cpu) == node)
			cpus |= UINT64_C(1) << cpu;
	}
	return cpus;
}

int tp_parse_bool(const char *value, bool *yes)
{
	static const char truths[] = "yYtT1", lies[] = "nNfF0";
	bool is_on_or_off = value[0] == 'o' || value[0] == 'O';
	char letter = is_on_or_off ? value[1] : value[0];

	if (!letter)
		return -EINVAL;
	*yes = strchr(is_on_or_off ? "nN" : truths, letter);
	return *yes || strchr(is_on_or_off ? "fF" : lies, letter) ? 0 : -EINVAL;
}

int tp_parse_number(const char *value, long long *number)
{
	char *end;

	/* strtoll() would skip white space. */
	if (isspace((unsigned char)value[0]))
		return -EINVAL;
	errno = 0;
	*number = strtoll(value, &end, 0);
	if (end == value || *end)
		return -EINVAL;
	return errno ? -ERANGE : 0;
}

int tp_store_uevent(const struct tp_view_call *call, const char *value)
{
	const char *name;

	for (unsigned i = 0; (name = tp_uevent_action_name((enum tp_uevent_action)i)); i++) {
		if (strcmp(name, value))
			continue;
		tp_uevent_emit(tp_call_machine(call), (enum tp_uevent_action)i,
			       (enum tp_uevent_subject)call->entry->arg, call->id[0]);
		return 0;
	}
	return -EINVAL;
}

/* ---- the root -------------------------------------------------------------------------------- */

static const struct tp_view_entry system_dir[] = {
	TP_DIR("memory", tp_view_memory),
	TP_DIR("node", tp_view_node),
	TP_DIR("cpu", tp_view_cpu),
	TP_ENTRIES_END,
};

static const struct tp_view_entry virtual_dir[] = {
	TP_DIR("drm", tp_view_drm),
	TP_DIR("memory_tiering", tp_view_tiering),
	TP_DIR("net", tp_view_net),
	TP_ENTRIES_END,
};

static const struct tp_view_entry devices[] = {
	TP_DIR("system", system_dir),
	TP_DIR("virtual", virtual_dir),
	TP_ENTRIES_END,
};

static const struct tp_view_entry class_dir[] = {
	TP_DIR("drm", tp_view_drm_class),
	TP_DIR("net", tp_view_net_class),
	TP_ENTRIES_END,
};

static const struct tp_view_entry debug[] = {
	TP_DIR("dri", tp_view_dri),
	TP_DIR("notifier-error-inject", tp_view_inject),
	TP_ENTRIES_END,
};

static const struct tp_view_entry kernel[] = {
	TP_DIR("mm", tp_view_kernel_mm),
	TP_DIR("debug", debug),
	TP_ENTRIES_END,
};

static const struct tp_view_entry sys[] = {
	TP_DIR("bus", tp_view_bus), TP_DIR("class", class_dir),	      TP_DIR("devices", devices),
	TP_DIR("kernel", kernel),   TP_DIR("module", tp_view_module), TP_ENTRIES_END,
};

static const struct tp_view_entry top[] = {
	TP_DIR("proc", tp_view_proc),
	TP_DIR("sys", sys),
	TP_DIR("tidepool", tp_view_own),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_root[] = {
	TP_DIR("/", top),
	TP_ENTRIES_END,
};
