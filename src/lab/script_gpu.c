/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_gpu - m:gpu{...}: GPUs, and what a script does to them.
 *
 * A handle knows its GPU by name and looks it up at each use (A2).
 */
#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>

#include "lab/gpu.h"
#include "lab/script_api.h"
#include "lab/script_option.h"

static const char gpu_type[] = "tidepool.gpu";

struct gpu_handle {
	struct tp_lab_machine *lm;
	char name[TP_GPU_NAME];
};

struct gpu_action {
	struct tp_action action;
	struct tp_lab_gpu *gpu;
	struct tp_lab_gpu_config config; /* of a new one */
	enum tp_lab_mishap mishap;
	struct tp_lab_mishap_args args;
	enum tp_amd_reset_method method;
	bool expected;
};

static struct gpu_action *it_of(struct tp_action *action)
{
	return tp_container_of(action, struct gpu_action, action);
}

static struct tp_lab_gpu *gpu_at(lua_State *L, int index)
{
	struct gpu_handle *handle = luaL_checkudata(L, index, gpu_type);
	struct tp_lab_gpu *gpu;

	if (!handle->lm->machine)
		luaL_error(L, "%s: its machine is closed", handle->name);
	gpu = tp_lab_gpu_find(handle->lm, handle->name);
	if (!gpu)
		luaL_error(L, "%s is not there any more", handle->name);
	return gpu;
}

struct tp_lab_gpu *tp_script_gpu_called(lua_State *L, struct tp_lab_machine *lm, const char *what,
					const char *name)
{
	struct tp_lab_gpu *gpu = tp_lab_gpu_find(lm, name);

	if (!gpu)
		luaL_error(L, "%s: there is no GPU \"%s\"", what, name);
	return gpu;
}

/* An action on the GPU at index 1. */
static struct gpu_action action_on(lua_State *L, const char *verb,
				   int (*call)(struct tp_action *action))
{
	struct tp_lab_gpu *gpu = gpu_at(L, 1);
	struct gpu_action it = { .action = tp_script_action(L, gpu->lm, verb, call), .gpu = gpu };

	snprintf(it.action.object, sizeof(it.action.object), "%s", gpu->name);
	return it;
}

/* ---- make and take away ---------------------------------------------------------------------- */

struct gpu_options {
	const char *name;
	int64_t node, tlb_entries;
	uint64_t vram, invalidate_ns, invalidate_most_ns, guc_ns, hang_ns;
	int platform, rule, updates;
	bool guc, gt3, as_posted, sleep_remembers;
	bool virtual_function, flr_keeps_vram, shadows, keep_holes;
};

/* In the order of enum tp_intel_platform, of enum tp_intel_tlb_rule and of enum tp_amd_updates. */
static const char *const platforms[] = { "bdw",	  "skl",   "icl", "tgl", "dg1",	   "rkl",
					 "adl-s", "adl-p", "dg2", "mtl", "vega10", NULL };
enum { VEGA10 = TP_INTEL_NR_PLATFORMS };
static const char *const rules[] = { "started", "completed", NULL };
static const char *const updates[] = { "sdma", "cpu", NULL };

#define FIELD(field) offsetof(struct gpu_options, field)

static const struct tp_option gpu_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("platform", CHOICE, FIELD(platform), .choices = platforms),
	TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1),
	TP_OPTION("vram", SIZE, FIELD(vram), .min = 1 << 20, .max = INT64_C(1) << 32),
	TP_OPTION("rule", CHOICE, FIELD(rule), .choices = rules),
	TP_OPTION("guc", FLAG, FIELD(guc)),
	TP_OPTION("gt3", FLAG, FIELD(gt3)),
	TP_OPTION("as_posted", FLAG, FIELD(as_posted)),
	TP_OPTION("sleep_remembers", FLAG, FIELD(sleep_remembers)),
	TP_OPTION("tlb_entries", NUMBER, FIELD(tlb_entries), .min = 1, .max = 4096),
	TP_OPTION("invalidate", DURATION, FIELD(invalidate_ns)),
	TP_OPTION("invalidate_most", DURATION, FIELD(invalidate_most_ns)),
	TP_OPTION("guc_timeout", DURATION, FIELD(guc_ns)),
	TP_OPTION("hang_timeout", DURATION, FIELD(hang_ns)),
	TP_OPTION("updates", CHOICE, FIELD(updates), .choices = updates),
	TP_OPTION("virtual_function", FLAG, FIELD(virtual_function)),
	TP_OPTION("flr_keeps_vram", FLAG, FIELD(flr_keeps_vram)),
	TP_OPTION("shadows", FLAG, FIELD(shadows)),
	TP_OPTION("keep_holes", FLAG, FIELD(keep_holes)),
	TP_OPTIONS_END,
};

#undef FIELD

static int create(struct tp_action *action)
{
	struct gpu_action *it = it_of(action);

	return tp_lab_gpu_create(action->lm, &it->config, &it->gpu);
}

/* The first of gpu0, gpu1, ... that is free. */
static void make_name(struct tp_lab_machine *lm, char *name)
{
	unsigned n = 0;

	do {
		snprintf(name, TP_GPU_NAME, "gpu%u", n++);
	} while (tp_lab_gpu_find(lm, name));
}

static void configure_intel(struct tp_lab_gpu_config *config, const struct gpu_options *o)
{
	config->kind = &tp_lab_gpu_intel;
	config->intel.model = (struct tp_intel_model_config){
		.name = config->name,
		.platform = (enum tp_intel_platform)o->platform,
		.gt3 = o->gt3,
		.mode = TP_INTEL_MODEL_THREAD,
		.memory = o->vram,
		.invalidate_ns = o->invalidate_ns,
		.invalidate_most_ns = o->invalidate_most_ns,
		.tlb_entries = (unsigned)o->tlb_entries,
		.sleep_remembers = o->sleep_remembers,
	};
	config->intel.driver = (struct tp_intel_config){
		.platform = (enum tp_intel_platform)o->platform,
		.gt3 = o->gt3,
		.node = (int)o->node,
		.service = true,
		.rule = (enum tp_intel_tlb_rule)o->rule,
		.no_guc = !o->guc,
		.as_posted = o->as_posted,
		.patience = { .guc_ns = o->guc_ns, .hang_ns = o->hang_ns },
	};
}

static void configure_amd(struct tp_lab_gpu_config *config, const struct gpu_options *o)
{
	config->kind = &tp_lab_gpu_amd;
	config->amd.model = (struct tp_amd_model_config){
		.name = config->name,
		.mode = TP_AMD_MODEL_THREAD,
		.memory = o->vram,
		.invalidate_ns = o->invalidate_ns,
		.tlb_entries = (unsigned)o->tlb_entries,
		.virtual_function = o->virtual_function,
		.flr_keeps_memory = o->flr_keeps_vram,
	};
	config->amd.driver = (struct tp_amd_config){
		.node = (int)o->node,
		.service = true,
		.updates = (enum tp_amd_updates)o->updates,
		.virtual_function = o->virtual_function,
		.shadows = o->shadows,
		.keep_holes = o->keep_holes,
		.patience = { .hang_ns = o->hang_ns },
	};
}

static void read_options(lua_State *L, struct tp_lab_machine *lm, struct gpu_action *it)
{
	struct gpu_options o = { .node = TP_NODE_NONE, .platform = TP_INTEL_DG2, .guc = true };

	tp_options_read(L, 2, "gpu", gpu_options, &o);
	/* One that is too long must stay so, to be refused. */
	if (o.name)
		snprintf(it->action.object, sizeof(it->action.object), "%s", o.name);
	else
		make_name(lm, it->action.object);
	snprintf(it->action.detail, sizeof(it->action.detail), "%s%s", platforms[o.platform],
		 o.as_posted ? ", invalidations as posted" : "");
	it->config.name = it->action.object;
	if (o.platform == VEGA10)
		configure_amd(&it->config, &o);
	else
		configure_intel(&it->config, &o);
}

int tp_script_machine_gpu(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct gpu_action it = { .action = tp_script_action(L, lm, "gpu", create) };
	struct gpu_handle *handle;

	read_options(L, lm, &it);
	handle = tp_script_new_handle(L, gpu_type, sizeof(*handle), 1);
	if (tp_script_act(L, &it.action))
		return tp_script_fail(L, &it.action);
	handle->lm = lm;
	snprintf(handle->name, sizeof(handle->name), "%s", it.gpu->name);
	return 1;
}

static int destroy(struct tp_action *action)
{
	return tp_lab_gpu_destroy(it_of(action)->gpu);
}

static int gpu_unplug(lua_State *L)
{
	struct gpu_action it = action_on(L, "unplug", destroy);

	if (tp_atomic_load(&it.gpu->nr_workers, TP_ACQUIRE))
		return luaL_error(L, "%s: a load still works on it", it.gpu->name);
	return tp_script_do(L, &it.action);
}

/* ---- what befalls the device ----------------------------------------------------------------- */

struct mishap_options {
	const char *engine;
	int64_t n, skip;
	int leaves, method;
	bool on, expected, now, through;
};

/* In the order of enum tp_amd_reset_method, and of enum tp_amd_model_loss. */
static const char *const reset_methods[] = { "auto", "soft", "mode1", NULL };
static const char *const losses[] = { "noise", "garbage", "zeroes", "nothing", NULL };

/* What each mishap takes is a part of these. */
static const struct tp_option engine_option =
	TP_OPTION("engine", TEXT, offsetof(struct mishap_options, engine));
static const struct tp_option n_option =
	TP_OPTION("n", NUMBER, offsetof(struct mishap_options, n), .min = 1, .max = 1000000);
static const struct tp_option skip_option =
	TP_OPTION("skip", NUMBER, offsetof(struct mishap_options, skip), .max = 1000000);
static const struct tp_option expected_option =
	TP_OPTION("expected", FLAG, offsetof(struct mishap_options, expected));
static const struct tp_option on_option =
	TP_OPTION("on", FLAG, offsetof(struct mishap_options, on));
static const struct tp_option through_option =
	TP_OPTION("through", FLAG, offsetof(struct mishap_options, through));
static const struct tp_option now_option =
	TP_OPTION("now", FLAG, offsetof(struct mishap_options, now));
static const struct tp_option leaves_option =
	TP_OPTION("leaves", CHOICE, offsetof(struct mishap_options, leaves), .choices = losses);
static const struct tp_option method_option = TP_OPTION(
	"method", CHOICE, offsetof(struct mishap_options, method), .choices = reset_methods);

/* What happens is @it's; options say more. */
static int act(lua_State *L, struct gpu_action *it, const struct tp_option *options)
{
	struct mishap_options o = { .n = 1, .on = true };

	tp_options_read(L, 2, it->action.verb, options, &o);
	it->args = (struct tp_lab_mishap_args){
		.engine = o.engine ? tp_lab_gpu_engine(it->gpu, o.engine) : ~0u,
		.n = (unsigned)o.n,
		.skip = (unsigned)o.skip,
		.on = o.on,
		.through = o.through,
		.now = o.now,
		.loss = (enum tp_amd_model_loss)o.leaves,
	};
	if (o.engine && it->args.engine == ~0u)
		return luaL_error(L, "%s: %s has no engine \"%s\"", it->action.verb, it->gpu->name,
				  o.engine);
	it->method = (enum tp_amd_reset_method)o.method;
	it->expected = o.expected;
	snprintf(it->action.detail, sizeof(it->action.detail), "%s%s", o.engine ? o.engine : "",
		 o.on ? "" : " off");
	return tp_script_do(L, &it->action);
}

static int reset(struct tp_action *action)
{
	struct gpu_action *it = it_of(action);

	return it->gpu->kind->reset(it->gpu, it->method);
}

/* g:reset{method="auto"}: all of it, by what helps; "soft", "mode1": by that and nothing else. */
static int gpu_reset(lua_State *L)
{
	struct gpu_action it = action_on(L, "reset", reset);

	return act(L, &it, (const struct tp_option[]){ method_option, TP_OPTIONS_END });
}

static int befall(struct tp_action *action)
{
	struct gpu_action *it = it_of(action);

	it->gpu->harms_expected |= it->expected;
	return it->gpu->kind->mishap(it->gpu, it->mishap, &it->args);
}

/* Let @mishap befall the GPU at index 1. */
static int mishap(lua_State *L, const char *verb, enum tp_lab_mishap what,
		  const struct tp_option *options)
{
	struct gpu_action it = action_on(L, verb, befall);

	it.mishap = what;
	return act(L, &it, options);
}

/* g:stick{engine="rcs0", on=true}: requests to empty its cache (of all: no engine) stay undone. */
static int gpu_stick(lua_State *L)
{
	return mishap(L, "stick", TP_LAB_STICK,
		      (const struct tp_option[]){ engine_option, on_option, TP_OPTIONS_END });
}

/*
 * g:lose_invalidations{n=1, skip=0, expected=false}: after @skip more, @n read as done and empty
 * nothing.  @expected: what follows is no finding, whether the script asks before a check or not.
 */
static int gpu_lose(lua_State *L)
{
	return mishap(L, "lose", TP_LAB_LOSE_INVALIDATIONS,
		      (const struct tp_option[]){ n_option, skip_option, expected_option,
						  TP_OPTIONS_END });
}

/* g:hang{engine="rcs0", through=false}: it executes nothing until it is reset; @through: more than
 * softly. */
static int gpu_hang(lua_State *L)
{
	struct tp_option needed = engine_option;

	needed.needed = true;
	return mishap(L, "hang", TP_LAB_HANG,
		      (const struct tp_option[]){ needed, through_option, TP_OPTIONS_END });
}

/* g:refuse_resets{n=1}: so many resets never end. */
static int gpu_refuse_resets(lua_State *L)
{
	return mishap(L, "refuse-resets", TP_LAB_REFUSE_RESETS,
		      (const struct tp_option[]){ n_option, TP_OPTIONS_END });
}

/* g:mute{n=1}: the firmware obeys, but does not answer so many messages. */
static int gpu_mute(lua_State *L)
{
	return mishap(L, "mute", TP_LAB_MUTE,
		      (const struct tp_option[]){ n_option, TP_OPTIONS_END });
}

/*
 * g:lose_vram{now=false, leaves="noise"}: what the next reset that loses video memory leaves there;
 * @now: it is lost at once, and nobody is told.
 */
static int gpu_lose_vram(lua_State *L)
{
	return mishap(L, "lose-vram", TP_LAB_LOSE_VRAM,
		      (const struct tp_option[]){ now_option, leaves_option, TP_OPTIONS_END });
}

/* g:host_flr(): the host resets a virtual function without being asked. */
static int gpu_host_flr(lua_State *L)
{
	return mishap(L, "host-flr", TP_LAB_HOST_FLR, (const struct tp_option[]){ TP_OPTIONS_END });
}

/* ---- what it is and did ---------------------------------------------------------------------- */

static void push_engines(lua_State *L, const struct tp_gpu_info *info)
{
	lua_createtable(L, (int)info->nr_engines, 0);
	for (unsigned i = 0; i < info->nr_engines; i++) {
		const struct tp_gpu_engine_info *e = &info->engines[i];

		lua_createtable(L, 0, 6);
		tp_script_set_string(L, "name", e->name);
		tp_script_set_integer(L, "gt", e->gt);
		tp_script_set_flag(L, "awake", e->awake);
		tp_script_set_integer(L, "submitted", e->submitted);
		tp_script_set_integer(L, "completed", e->completed);
		tp_script_set_integer(L, "failed", e->failed);
		lua_rawseti(L, -2, i + 1);
	}
}

static int gpu_info(lua_State *L)
{
	struct tp_lab_gpu *gpu = gpu_at(L, 1);
	struct tp_gpu_info info;

	if (tp_gpu_info(gpu->lm->machine, gpu->name, &info))
		return luaL_error(L, "%s is not there any more", gpu->name);
	lua_createtable(L, 0, 12);
	tp_script_set_string(L, "name", info.name);
	tp_script_set_string(L, "platform", info.platform);
	tp_script_set_string(L, "state", tp_gpu_state_name(info.state));
	tp_script_set_integer(L, "gts", info.nr_gts);
	tp_script_set_integer(L, "vms", info.vms);
	tp_script_set_integer(L, "objects", info.objects);
	tp_script_set_integer(L, "bound", info.bound);
	tp_script_set_integer(L, "system_bytes", info.system_bytes);
	tp_script_set_integer(L, "vram_bytes", info.vram_bytes);
	tp_script_set_integer(L, "vram_total", info.vram_total);
	tp_script_set_integer(L, "table_bytes", info.table_bytes);
	tp_script_set_integer(L, "quarantined_bytes", info.quarantined_bytes);
	push_engines(L, &info);
	lua_setfield(L, -2, "engines");
	return 1;
}

static void set_tlb(lua_State *L, const struct tp_gpu_tlb_stats *t)
{
	struct tp_gpu_counter counter;

	for (unsigned i = 0; tp_gpu_tlb_counter(t, i, &counter); i++)
		tp_script_set_integer(L, counter.name, counter.value);
}

static void add_tlb(struct tp_gpu_tlb_stats *sum, const struct tp_gpu_tlb_stats *t)
{
	sum->requested += t->requested;
	sum->elided += t->elided;
	sum->asleep += t->asleep;
	sum->full += t->full;
	sum->range += t->range;
	sum->timeouts += t->timeouts;
}

/* All GTs together, and each in "gts". */
static int gpu_stats(lua_State *L)
{
	struct tp_lab_gpu *gpu = gpu_at(L, 1);
	struct tp_gpu_tlb_stats sum = { 0 };
	struct tp_gpu_stats s;

	if (tp_gpu_stats(gpu->lm->machine, gpu->name, &s))
		return luaL_error(L, "%s is not there any more", gpu->name);
	lua_createtable(L, 0, 16);
	lua_createtable(L, (int)s.nr_gts, 0);
	for (unsigned gt = 0; gt < s.nr_gts; gt++) {
		lua_createtable(L, 0, 6);
		set_tlb(L, &s.tlb[gt]);
		add_tlb(&sum, &s.tlb[gt]);
		lua_rawseti(L, -2, gt + 1);
	}
	lua_setfield(L, -2, "gts");
	set_tlb(L, &sum);
	tp_script_set_integer(L, "resets", s.resets);
	tp_script_set_integer(L, "resets_failed", s.resets_failed);
	tp_script_set_integer(L, "quarantines", s.quarantines);
	tp_script_set_integer(L, "released", s.released);
	tp_script_set_integer(L, "evictions", s.evictions);
	tp_script_set_integer(L, "shrunk", s.shrunk);
	tp_script_set_integer(L, "moved", s.moved);
	tp_script_set_integer(L, "faults", s.faults);
	tp_script_set_integer(L, "swapped", s.swapped);
	tp_script_set_integer(L, "vram_losses", s.vram_losses);
	tp_script_set_integer(L, "canceled", s.canceled);
	tp_script_set_integer(L, "rebuilds", s.rebuilds);
	tp_script_set_integer(L, "table_entries", s.table_entries);
	tp_script_set_integer(L, "table_jobs", s.table_jobs);
	return 1;
}

/*
 * g:harms(): texts of what engines did that they should not, since the last call.  Who asks knows;
 * what nobody asked for is a finding.
 */
static int gpu_harms(lua_State *L)
{
	enum { TOLD = 8 };
	struct tp_model_harm harms[TOLD];
	size_t told;
	const uint64_t nr = tp_lab_gpu_take_harms(gpu_at(L, 1), harms, TOLD, &told);

	lua_createtable(L, TOLD, 1);
	for (size_t i = 0; i < told; i++) {
		char text[TP_LAB_HARM_TEXT];

		tp_lab_harm_text(&harms[i], text);
		lua_pushstring(L, text);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	tp_script_set_integer(L, "count", nr);
	return 1;
}

static int gpu_name(lua_State *L)
{
	struct gpu_handle *handle = luaL_checkudata(L, 1, gpu_type);

	lua_pushstring(L, handle->name);
	return 1;
}

void tp_script_open_gpu(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "unplug", gpu_unplug },
		{ "reset", gpu_reset },
		{ "stick", gpu_stick },
		{ "lose_invalidations", gpu_lose },
		{ "hang", gpu_hang },
		{ "refuse_resets", gpu_refuse_resets },
		{ "mute", gpu_mute },
		{ "info", gpu_info },
		{ "lose_vram", gpu_lose_vram },
		{ "host_flr", gpu_host_flr },
		{ "stats", gpu_stats },
		{ "harms", gpu_harms },
		{ NULL, NULL },
	};
	static const luaL_Reg meta[] = {
		{ "__tostring", gpu_name },
		{ NULL, NULL },
	};

	tp_script_new_type(L, gpu_type, methods, meta);
}
