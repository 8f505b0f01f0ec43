/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_load - m:load{...}, m:pin{...}, and the handles of loads.
 */
#include <errno.h>
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "core/invariant.h"
#include "lab/script_api.h"
#include "lab/script_load.h"
#include "lab/script_option.h"
#include "lab/units.h"

static const char load_type[] = "tidepool.load";

struct load_handle {
	struct tp_lab_machine *lm;
	struct tp_load *load;
};

struct load_options {
	int kind;
	const char *name;
	uint64_t size, offset, length;
	int64_t node, threads, max_order;
	tp_nodemask nodes;
	int policy;
	bool small_pages;
	struct tp_load *mapping;
};

#define FIELD(field) offsetof(struct load_options, field)

const char *const tp_script_load_policies[] = { "local",      "bind",	  "preferred",
						"interleave", "weighted", NULL };

/* In the order of the kinds of tp_load_kinds[]. */
const char *const tp_script_load_kinds[] = {
	"cache", "churn", "hog", "mapping", "pin", "slab", NULL
};
enum { CACHE, CHURN, HOG, MAPPING, PIN, SLAB };

#define OPTION_KIND TP_OPTION("kind", CHOICE, FIELD(kind), .choices = tp_script_load_kinds)
#define OPTION_NAME TP_OPTION("name", TEXT, FIELD(name))
#define OPTION_NODE TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1)
#define OPTION_SIZE \
	TP_OPTION("size", SIZE, FIELD(size), .needed = true, .min = 4096, .max = INT64_C(1) << 40)
#define OPTION_THREADS TP_OPTION("threads", NUMBER, FIELD(threads), .min = 1, .max = TP_CREW_MAX)

static const struct tp_option mapping_options[] = {
	OPTION_KIND,
	OPTION_NAME,
	OPTION_SIZE,
	OPTION_NODE,
	OPTION_THREADS,
	TP_OPTION("policy", CHOICE, FIELD(policy), .choices = tp_script_load_policies),
	TP_OPTION("nodes", NODES, FIELD(nodes)),
	TP_OPTION("small_pages", FLAG, FIELD(small_pages)),
	TP_OPTIONS_END,
};

static const struct tp_option churn_options[] = {
	OPTION_KIND,	OPTION_NAME,
	OPTION_SIZE,	OPTION_NODE,
	OPTION_THREADS, TP_OPTION("max_order", NUMBER, FIELD(max_order), .max = TP_MAX_ORDER),
	TP_OPTIONS_END,
};

/* What a cache and a slab take. */
static const struct tp_option worker_options[] = {
	OPTION_KIND, OPTION_NAME, OPTION_SIZE, OPTION_NODE, OPTION_THREADS, TP_OPTIONS_END,
};

static const struct tp_option hog_options[] = {
	OPTION_KIND, OPTION_NAME, OPTION_SIZE, OPTION_NODE, TP_OPTIONS_END,
};

static const struct tp_option pin_options[] = {
	OPTION_KIND,
	OPTION_NAME,
	TP_OPTION("mapping", LOAD, FIELD(mapping)),
	TP_OPTION("offset", SIZE, FIELD(offset)),
	TP_OPTION("length", SIZE, FIELD(length), .min = 1),
	OPTION_NODE,
	TP_OPTION("size", SIZE, FIELD(size), .min = 4096, .max = INT64_C(1) << 30),
	TP_OPTIONS_END,
};

#undef FIELD

static const struct tp_option *const options_of[] = {
	[CACHE] = worker_options,    [CHURN] = churn_options, [HOG] = hog_options,
	[MAPPING] = mapping_options, [PIN] = pin_options,     [SLAB] = worker_options,
};

struct load_action {
	struct tp_action action;
	const struct tp_load_kind *kind;
	struct tp_load_config config;
	struct tp_load *load;
};

static struct load_handle *check_handle(lua_State *L, int index)
{
	struct load_handle *handle = luaL_checkudata(L, index, load_type);

	if (!handle->load)
		luaL_error(L, "this load never started");
	return handle;
}

struct tp_load *tp_script_load(lua_State *L, int index)
{
	struct tp_load *load = check_handle(L, index)->load;

	if (!load->running)
		luaL_error(L, "%s is stopped", load->name);
	return load;
}

static int start(struct tp_action *action)
{
	struct load_action *start = tp_container_of(action, struct load_action, action);
	struct tp_lab_machine *lm = action->lm;
	int err = tp_load_create(start->kind, lm->machine, &start->config, &lm->run->findings,
				 &start->load);

	if (!err)
		tp_lab_machine_add_load(lm, start->load);
	return err;
}

uint64_t tp_memory_available(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kib = UINT64_MAX >> 10;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1)
			break;
	}
	if (f)
		fclose(f);
	return kib << 10;
}

/* Better to stop here than to have the system kill somebody. */
static void check_memory(lua_State *L, const struct tp_load_config *config)
{
	uint64_t available = tp_memory_available();
	char wanted[TP_UNIT_TEXT], have[TP_UNIT_TEXT];

	if (config->size < available)
		return;
	tp_script_lacks(L, "load %s: needs %s of memory, this system has %s left; make it smaller",
			config->name, tp_size_format(wanted, config->size),
			tp_size_format(have, available));
}

static void describe(struct tp_action *action, const struct tp_load_config *config, int kind)
{
	char size[TP_UNIT_TEXT], node[24] = "";

	tp_size_format(size, kind == PIN && config->target ? config->length : config->size);
	if (config->node != TP_NODE_NONE)
		snprintf(node, sizeof(node), " near node %d", config->node);
	snprintf(action->object, sizeof(action->object), "%s", config->name);
	if (kind == PIN && config->target)
		snprintf(action->detail, sizeof(action->detail), "%s of %s", size,
			 config->target->name);
	else
		snprintf(action->detail, sizeof(action->detail), "%s of %s%s", size,
			 tp_script_load_kinds[kind], node);
}

int tp_load_default_policy(int policy, tp_nodemask nodes, int node)
{
	if (policy >= 0)
		return policy;
	if (nodes.v)
		return TP_POLICY_INTERLEAVE;
	return node == TP_NODE_NONE ? TP_POLICY_LOCAL : TP_POLICY_PREFERRED;
}

static void check_pin(lua_State *L, struct load_options *options)
{
	if (!options->mapping == !options->size)
		luaL_error(L, "pin: takes either a mapping, or a size for pages of its own");
	if (options->mapping && options->mapping->kind != &tp_load_mapping)
		luaL_error(L, "pin: %s is no mapping", options->mapping->name);
	if (!options->length)
		options->length = TP_PAGE_SIZE;
}

/* @given, or one made up of what it is, in @name. */
static const char *name_of(struct tp_lab_machine *lm, const char *what, const char *given,
			   char name[TP_LOAD_NAME])
{
	if (given)
		return given;
	snprintf(name, TP_LOAD_NAME, "%s%u", what, ++lm->nr_loads);
	return name;
}

/* @name is where a made-up one is written. */
static void read_options(lua_State *L, struct tp_lab_machine *lm, struct load_options *options,
			 struct load_action *it, char name[TP_LOAD_NAME])
{
	tp_options_read(L, 2, tp_script_load_kinds[options->kind], options_of[options->kind],
			options);
	if (options->kind == PIN)
		check_pin(L, options);
	options->name = name_of(lm, tp_script_load_kinds[options->kind], options->name, name);
	it->kind = tp_load_kinds[options->kind];
	it->config = (struct tp_load_config){
		.name = options->name,
		.seed = tp_run_next_seed(lm->run),
		.size = options->size / TP_PAGE_SIZE * TP_PAGE_SIZE,
		.node = (int)options->node,
		.nodes = options->nodes,
		.policy =
			tp_load_default_policy(options->policy, options->nodes, (int)options->node),
		.threads = (unsigned)options->threads,
		.max_order = (unsigned)options->max_order,
		.small_pages = options->small_pages,
		.target = options->mapping,
		.offset = options->offset,
		.length = options->length,
	};
}

/* Do it; the machine is at index 1. */
static int start_it(lua_State *L, struct tp_lab_machine *lm, struct load_action *it)
{
	struct load_handle *handle = tp_script_new_handle(L, load_type, sizeof(*handle), 1);

	if (tp_script_act(L, &it->action))
		return tp_script_fail(L, &it->action);
	*handle = (struct load_handle){ .lm = lm, .load = it->load };
	return 1;
}

/* The table of options is at index 2. */
static int start_load(lua_State *L, struct tp_lab_machine *lm, int kind)
{
	struct load_options options = {
		.kind = kind, .node = TP_NODE_NONE, .threads = 1, .max_order = 3, .policy = -1
	};
	struct load_action it = { .action = tp_script_action(L, lm, kind == PIN ? "pin" : "load",
							     start) };
	char name[TP_LOAD_NAME];

	read_options(L, lm, &options, &it, name);
	check_memory(L, &it.config);
	describe(&it.action, &it.config, kind);
	return start_it(L, lm, &it);
}

int tp_script_start_load(lua_State *L, struct tp_lab_machine *lm, const struct tp_load_kind *kind,
			 const struct tp_load_config *config, const char *detail)
{
	struct load_action it = { .action = tp_script_action(L, lm, kind->name, start),
				  .kind = kind,
				  .config = *config };
	char name[TP_LOAD_NAME];

	it.config.name = name_of(lm, kind->name, config->name, name);
	it.config.seed = tp_run_next_seed(lm->run);
	snprintf(it.action.object, sizeof(it.action.object), "%s", it.config.name);
	snprintf(it.action.detail, sizeof(it.action.detail), "%s", detail);
	return start_it(L, lm, &it);
}

int tp_script_machine_load(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	int kind;

	luaL_argexpected(L, lua_istable(L, 2), 2, "table of options");
	if (lua_getfield(L, 2, "kind") == LUA_TNIL)
		return luaL_error(L, "load: option \"kind\" is missing");
	kind = tp_option_choice(L, -1, "load", "kind", tp_script_load_kinds);
	lua_pop(L, 1);
	return start_load(L, lm, kind);
}

int tp_script_machine_pin(lua_State *L)
{
	return start_load(L, tp_script_machine(L, 1), PIN);
}

/* ---- methods --------------------------------------------------------------------------------- */

static int stop(struct tp_action *action)
{
	struct load_action *stop = tp_container_of(action, struct load_action, action);

	return tp_lab_machine_stop_load(action->lm, stop->load);
}

static int load_stop(lua_State *L)
{
	struct load_handle *handle = check_handle(L, 1);
	struct load_action it = { .action = tp_script_action(L, handle->lm, "stop", stop),
				  .load = handle->load };

	if (!handle->load->running)
		return 0;
	snprintf(it.action.object, sizeof(it.action.object), "%s", handle->load->name);
	return tp_script_do(L, &it.action);
}

static int load_verify(lua_State *L)
{
	struct tp_load *load = tp_script_load(L, 1);
	struct tp_lab_machine *lm = check_handle(L, 1)->lm;
	uint64_t verified;

	tp_mutex_lock(&lm->lock);
	verified = load->bytes_verified;
	tp_load_halt(load);
	tp_load_verify(load);
	tp_load_resume(load);
	verified = load->bytes_verified - verified;
	tp_mutex_unlock(&lm->lock);
	tp_script_stop_if_over(L);
	lua_pushinteger(L, (lua_Integer)verified);
	return 1;
}

/* What a load says of itself, read while nobody can stop it and told while nothing is held (A1). */
struct figures {
	struct tp_load_stat stat;
	unsigned nr;
	struct {
		const char *name;
		uint64_t n;
	} own[16];
};

static void note_figure(void *arg, const char *name, uint64_t n)
{
	struct figures *figures = arg;

	TP_INVARIANT(figures->nr < TP_ARRAY_SIZE(figures->own));
	figures->own[figures->nr].name = name;
	figures->own[figures->nr++].n = n;
}

static void read_figures(struct tp_lab_machine *lm, struct tp_load *load, struct figures *figures)
{
	figures->nr = 0;
	tp_mutex_lock(&lm->lock);
	tp_load_read_stat(load, &figures->stat);
	if (load->kind->figures)
		load->kind->figures(load, note_figure, figures);
	tp_mutex_unlock(&lm->lock);
}

static int load_stats(lua_State *L)
{
	struct load_handle *handle = check_handle(L, 1);
	struct tp_load *load = handle->load;
	uint64_t worst = tp_atomic_load(&load->worst_write_ns, TP_RELAXED);
	struct figures figures;

	read_figures(handle->lm, load, &figures);
	lua_newtable(L);
	tp_script_set_string(L, "name", load->name);
	tp_script_set_string(L, "kind", load->kind->name);
	tp_script_set_flag(L, "running", load->running);
	tp_script_set_integer(L, "bytes", figures.stat.bytes);
	tp_script_set_integer(L, "work", figures.stat.work);
	tp_script_set_integer(L, "starved", figures.stat.starved);
	tp_script_set_integer(L, "moved", figures.stat.pages_moved);
	tp_script_set_integer(L, "released", figures.stat.pages_released);
	tp_script_set_integer(L, "worst_write_ns", TP_MAX(load->worst_write_ever_ns, worst));
	tp_script_set_integer(L, "verified", load->bytes_verified);
	for (unsigned i = 0; i < figures.nr; i++)
		tp_script_set_integer(L, figures.own[i].name, figures.own[i].n);
	return 1;
}

/* pages per node, as { [0] = ..., [1] = ... } */
static int load_nodes(lua_State *L)
{
	struct load_handle *handle = check_handle(L, 1);
	struct tp_load *load = tp_script_load(L, 1);
	struct tp_mapping_stat stat;

	if (!load->kind->mapping)
		return luaL_error(L, "%s is no mapping", load->name);
	tp_mapping_stat(load->kind->mapping(load), &stat);
	lua_newtable(L);
	for (unsigned n = 0; n < tp_machine_nr_nodes(handle->lm->machine); n++) {
		lua_pushinteger(L, (lua_Integer)(stat.pages_on_node[n] * TP_PAGE_SIZE));
		lua_seti(L, -2, n);
	}
	return 1;
}

static int load_tostring(lua_State *L)
{
	struct load_handle *handle = luaL_checkudata(L, 1, load_type);

	lua_pushstring(L, handle->load ? handle->load->name : "load");
	return 1;
}

void tp_script_open_load(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "stop", load_stop },	 { "release", load_stop }, { "verify", load_verify },
		{ "stats", load_stats }, { "nodes", load_nodes },  { NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__close", load_stop },
		{ "__tostring", load_tostring },
		{ NULL, NULL },
	};

	tp_script_new_type(L, load_type, methods, meta);
}
