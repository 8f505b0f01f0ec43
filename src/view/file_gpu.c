/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_gpu - sys/devices/virtual/drm and sys/class/drm: GPUs as i915's cards; sys/kernel/debug/dri:
 * what i915 and xe tell developers; tidepool/gpu: GPUs by our own names.
 *
 * GPU n is card n-1: Linux counts its cards from 0.  Unlike Linux's, a card's number is not used
 * again.  A file waits for nothing but the write that resets.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tidepool/gpu.h>

#include "view/internal.h"

/* ---- which GPU ------------------------------------------------------------------------------- */

_Static_assert((int)TP_GPU_NAME <= (int)TP_VIEW_NAME, "a GPU's name must fit a file's");

static bool next_card(const struct tp_view_call *call, unsigned *id)
{
	unsigned index = *id + 1;
	char name[TP_GPU_NAME];

	if (!tp_gpu_next(tp_call_machine(call), &index, name))
		return false;
	*id = index - 1;
	return true;
}

static bool next_named(const struct tp_view_call *call, unsigned *id, char name[TP_VIEW_NAME])
{
	unsigned index = *id + 1;

	if (!tp_gpu_next(tp_call_machine(call), &index, name))
		return false;
	*id = index - 1;
	return true;
}

/* The outermost family on the way to any file here is that of the cards. */
static int name_of(const struct tp_view_call *call, char name[TP_VIEW_NAME])
{
	unsigned id = call->id[0];

	return next_named(call, &id, name) && id == call->id[0] ? 0 : -ENOENT;
}

/* A GPU that went while it was looked at was not there. */
static int or_absent(int err)
{
	return err == -ENODEV ? -ENOENT : err;
}

static int info_of(const struct tp_view_call *call, struct tp_gpu_info *info)
{
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	return err ? err : or_absent(tp_gpu_info(tp_call_machine(call), name, info));
}

static int stats_of(const struct tp_view_call *call, struct tp_gpu_stats *stats)
{
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	return err ? err : or_absent(tp_gpu_stats(tp_call_machine(call), name, stats));
}

/* ---- the card -------------------------------------------------------------------------------- */

enum { DRM_MAJOR = 226 };

static int show_dev(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%u:%u\n", DRM_MAJOR, call->id[0]);
	return 0;
}

static int show_card_uevent(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "MAJOR=%u\nMINOR=%u\nDEVNAME=dri/card%u\nDEVTYPE=drm_minor\n", DRM_MAJOR,
		    call->id[0], call->id[0]);
	return 0;
}

/* ---- its device ------------------------------------------------------------------------------ */

enum { PCI_VENDOR, PCI_DEVICE };

static int show_pci_id(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "0x%04x\n",
			    call->entry->arg == PCI_VENDOR ? info.vendor : info.device);
	return err;
}

/* A display controller that is compatible with VGA. */
static int show_pci_class(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "0x030000\n");
	return 0;
}

static int show_device_uevent(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "DRIVER=%s\nPCI_CLASS=30000\nPCI_ID=%04X:%04X\n", info.driver,
			    info.vendor, info.device);
	return err;
}

/* Of a size in the information; .arg says which. */
static int show_size(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	uint64_t bytes;
	int err = info_of(call, &info);

	if (err)
		return err;
	memcpy(&bytes, (const char *)&info + call->entry->arg, sizeof(bytes));
	tp_text_add(text, "%llu\n", (unsigned long long)bytes);
	return 0;
}

#define SIZE(name, field) \
	TP_FILE(name, 0444, .show = show_size, .arg = (unsigned)offsetof(struct tp_gpu_info, field))

static const struct tp_view_entry device[] = {
	TP_FILE("class", 0444, .show = show_pci_class),
	TP_FILE("device", 0444, .show = show_pci_id, .arg = PCI_DEVICE),
	SIZE("mem_info_gtt_used", system_bytes),
	SIZE("mem_info_vram_total", vram_total),
	SIZE("mem_info_vram_used", vram_bytes),
	TP_FILE("uevent", 0444, .show = show_device_uevent),
	TP_FILE("vendor", 0444, .show = show_pci_id, .arg = PCI_VENDOR),
	TP_ENTRIES_END,
};

/* ---- its engines ----------------------------------------------------------------------------- */

/* As Linux numbers classes for programs, which cannot use what is not here. */
static const struct {
	const char *prefix;
	unsigned class;
} classes[] = { { "rcs", 0 }, { "bcs", 1 }, { "vcs", 2 }, { "vecs", 3 }, { "ccs", 4 } };

/* -1: it has none. */
static int class_of(const struct tp_gpu_engine_info *engine)
{
	const size_t length = strcspn(engine->name, "0123456789");

	for (size_t i = 0; i < TP_ARRAY_SIZE(classes); i++)
		if (strlen(classes[i].prefix) == length &&
		    !memcmp(classes[i].prefix, engine->name, length))
			return (int)classes[i].class;
	return -1;
}

static bool next_engine(const struct tp_view_call *call, unsigned *id, char name[TP_VIEW_NAME])
{
	struct tp_gpu_info info;

	if (info_of(call, &info))
		return false;
	while (*id < info.nr_engines && class_of(&info.engines[*id]) < 0)
		(*id)++;
	if (*id >= info.nr_engines)
		return false;
	memcpy(name, info.engines[*id].name, sizeof(info.engines[*id].name));
	return true;
}

static int engine_of(const struct tp_view_call *call, struct tp_gpu_engine_info *engine)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		err = call->id[1] < info.nr_engines ? 0 : -ENOENT;
	if (!err)
		*engine = info.engines[call->id[1]];
	return err;
}

static int show_engine_name(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_engine_info engine;
	int err = engine_of(call, &engine);

	if (!err)
		tp_text_add(text, "%s\n", engine.name);
	return err;
}

static int show_engine_class(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_engine_info engine;
	int err = engine_of(call, &engine);

	if (!err)
		tp_text_add(text, "%d\n", class_of(&engine));
	return err;
}

static int show_engine_instance(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_engine_info engine;
	int err = engine_of(call, &engine);

	if (!err)
		tp_text_add(text, "%d\n", atoi(engine.name + strcspn(engine.name, "0123456789")));
	return err;
}

static const struct tp_view_entry engine[] = {
	TP_FILE("class", 0444, .show = show_engine_class),
	TP_FILE("instance", 0444, .show = show_engine_instance),
	TP_FILE("name", 0444, .show = show_engine_name),
	TP_ENTRIES_END,
};

static const struct tp_view_entry engines[] = {
	TP_DIR("%s", engine, .next_named = next_engine),
	TP_ENTRIES_END,
};

/* ---- its GTs --------------------------------------------------------------------------------- */

static bool next_gt(const struct tp_view_call *call, unsigned *id)
{
	struct tp_gpu_info info;

	return !info_of(call, &info) && *id < info.nr_gts;
}

static int show_gt_id(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%u\n", call->id[1]);
	return 0;
}

static const struct tp_view_entry gt[] = {
	TP_FILE("id", 0444, .show = show_gt_id),
	TP_ENTRIES_END,
};

static const struct tp_view_entry gts[] = {
	TP_DIR("gt%u", gt, .next = next_gt),
	TP_ENTRIES_END,
};

static const struct tp_view_entry card[] = {
	TP_FILE("dev", 0444, .show = show_dev),
	TP_DIR("device", device),
	TP_DIR("engine", engines),
	TP_DIR("gt", gts),
	TP_LINK("subsystem", "../../../../class/drm"),
	TP_FILE("uevent", 0444, .show = show_card_uevent),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_drm[] = {
	TP_DIR("card%u", card, .next = next_card),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_drm_class[] = {
	TP_LINK("card%u", "../../devices/virtual/drm/card%u", .next = next_card),
	TP_ENTRIES_END,
};

/* ---- for developers -------------------------------------------------------------------------- */

static int show_debug_name(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%s dev=%s unique=%s\n", info.driver, info.name, info.name);
	return err;
}

/* The first line is i915's; its shrinker may have all that is not in video memory. */
static int show_objects(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (err)
		return err;
	tp_text_add(text, "%llu shrinkable [0 free] objects, %llu bytes\n",
		    (unsigned long long)info.objects, (unsigned long long)info.system_bytes);
	tp_text_add(text, "local0: total %llu, used %llu bytes\n",
		    (unsigned long long)info.vram_total, (unsigned long long)info.vram_bytes);
	tp_text_add(text, "bound: %llu\nquarantined: %llu bytes\n", (unsigned long long)info.bound,
		    (unsigned long long)info.quarantined_bytes);
	return 0;
}

static void add_engine(struct tp_text *text, const struct tp_gpu_engine_info *e)
{
	tp_text_add(text, "%s\n\tAwake? %d\n\tSubmitted: %llu\n\tCompleted: %llu\n\tFailed: %llu\n",
		    e->name, e->awake, (unsigned long long)e->submitted,
		    (unsigned long long)e->completed, (unsigned long long)e->failed);
}

/* Of all engines, or of one GT's: .arg says which. */
enum { ALL_GTS, ONE_GT };

static int show_engines(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	for (unsigned i = 0; !err && i < info.nr_engines; i++)
		if (call->entry->arg == ALL_GTS || info.engines[i].gt == call->id[1])
			add_engine(text, &info.engines[i]);
	return err;
}

static int show_wedged(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%d\n", info.state == TP_GPU_WEDGED);
	return err;
}

/* Linux takes the value for the engines that hang and resets what is needed; here that is all. */
static int store_wedged(const struct tp_view_call *call, const char *value)
{
	char name[TP_VIEW_NAME];
	long long engines_hung;
	int err = tp_parse_number(value, &engines_hung);

	if (!err)
		err = engines_hung < 0 ? -EINVAL : name_of(call, name);
	if (err || !engines_hung)
		return err;
	return or_absent(tp_gpu_reset(tp_call_machine(call), name));
}

/* As xe's file of that name: a line for each counter. */
static int show_gt_stats(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_counter counter;
	struct tp_gpu_stats stats;
	int err = stats_of(call, &stats);

	if (err || call->id[1] >= stats.nr_gts)
		return err ? err : -ENOENT;
	for (unsigned i = 0; tp_gpu_tlb_counter(&stats.tlb[call->id[1]], i, &counter); i++)
		tp_text_add(text, "tlb_inval_%s: %llu\n", counter.name,
			    (unsigned long long)counter.value);
	return 0;
}

/* Upper bounds in us, the last one without; and how many invalidations took so long. */
static int show_gt_latency(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_stats stats;
	int err = stats_of(call, &stats);

	if (err || call->id[1] >= stats.nr_gts)
		return err ? err : -ENOENT;
	for (unsigned i = 0; i < TP_GPU_LATENCIES; i++) {
		const uint64_t n = stats.tlb[call->id[1]].latency[i];

		if (i + 1 < TP_GPU_LATENCIES)
			tp_text_add(text, "%u %llu\n", 1u << i, (unsigned long long)n);
		else
			tp_text_add(text, "inf %llu\n", (unsigned long long)n);
	}
	return 0;
}

#define DEBUG_FILE(name, ...) TP_FILE(name, 0444, .no_size = true, __VA_ARGS__)
#define RESET_FILE(name) \
	TP_FILE(name, 0644, .no_size = true, .show = show_wedged, .store = store_wedged)

static bool has_driver(const struct tp_view_call *call, const char *driver)
{
	struct tp_gpu_info info;

	return !info_of(call, &info) && !strcmp(info.driver, driver);
}

static bool is_amdgpu(const struct tp_view_call *call)
{
	return has_driver(call, "amd");
}

static bool is_i915(const struct tp_view_call *call)
{
	return !is_amdgpu(call);
}

/* As amdgpu's: reading it resets, and says how that went. */
static int show_recover(const struct tp_view_call *call, struct tp_text *text)
{
	char name[TP_VIEW_NAME];
	int err = name_of(call, name);

	if (!err)
		err = or_absent(tp_gpu_reset(tp_call_machine(call), name));
	if (err == -ENOENT)
		return err;
	tp_text_add(text, "gpu recover %d\n", err);
	return 0;
}

static int show_vm_info(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	struct tp_gpu_stats stats;
	int err = info_of(call, &info);

	if (!err)
		err = stats_of(call, &stats);
	if (err)
		return err;
	tp_text_add(text, "vms: %u\nmappings: %llu\npage tables: %llu bytes\n", info.vms,
		    (unsigned long long)info.bound, (unsigned long long)info.table_bytes);
	tp_text_add(text, "entries written: %llu, by %llu jobs\nrebuilds: %llu\n",
		    (unsigned long long)stats.table_entries, (unsigned long long)stats.table_jobs,
		    (unsigned long long)stats.rebuilds);
	return 0;
}

static const struct tp_view_entry debug_gt[] = {
	DEBUG_FILE("engines", .show = show_engines, .arg = ONE_GT),
	RESET_FILE("reset"),
	DEBUG_FILE("stats", .show = show_gt_stats),
	DEBUG_FILE("tlb_inval_latency", .show = show_gt_latency),
	TP_ENTRIES_END,
};

static const struct tp_view_entry debug_card[] = {
	/* Its owner's only: who reads it resets the GPU. */
	TP_FILE("amdgpu_gpu_recover", 0400, .no_size = true, .show = show_recover,
		.there = is_amdgpu),
	DEBUG_FILE("amdgpu_vm_info", .show = show_vm_info, .there = is_amdgpu),
	TP_DIR("gt%u", debug_gt, .next = next_gt),
	DEBUG_FILE("i915_engine_info", .show = show_engines, .arg = ALL_GTS, .there = is_i915),
	DEBUG_FILE("i915_gem_objects", .show = show_objects, .there = is_i915),
	TP_FILE("i915_wedged", 0644, .no_size = true, .show = show_wedged, .store = store_wedged,
		.there = is_i915),
	DEBUG_FILE("name", .show = show_debug_name),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_dri[] = {
	TP_DIR("%u", debug_card, .next = next_card),
	TP_ENTRIES_END,
};

/* ---- our own --------------------------------------------------------------------------------- */

static int show_state(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%s\n", tp_gpu_state_name(info.state));
	return err;
}

static int show_platform(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_info info;
	int err = info_of(call, &info);

	if (!err)
		tp_text_add(text, "%s\n", info.platform);
	return err;
}

static int show_card_name(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "card%u\n", call->id[0]);
	return 0;
}

static int show_own_stats(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_gpu_counter counter;
	struct tp_gpu_stats stats;
	int err = stats_of(call, &stats);

	for (unsigned i = 0; !err && tp_gpu_counter(&stats, i, &counter); i++)
		tp_text_add(text, "%s %llu\n", counter.name, (unsigned long long)counter.value);
	return err;
}

static const struct tp_view_entry own_gpu[] = {
	DEBUG_FILE("card", .show = show_card_name),
	DEBUG_FILE("platform", .show = show_platform),
	DEBUG_FILE("state", .show = show_state),
	DEBUG_FILE("stats", .show = show_own_stats),
	TP_ENTRIES_END,
};

const struct tp_view_entry tp_view_gpu_own[] = {
	TP_DIR("%s", own_gpu, .next_named = next_named),
	TP_ENTRIES_END,
};
