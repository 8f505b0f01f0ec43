/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dump - what the driver knows and the device says, for programs that check translations without
 * us.
 *
 * Each file is lines of words, or memory as it is; what is in which is said in docs/gpu-dump.md.
 *
 * Invariants
 *  DU1 A VM's mappings and tables are those of one moment, at which nothing of them is being
 *      written: its reservation is used, its last update has ended, its lock is held.  They are
 *      collected then, and handed out when all is let go.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "gpu/amd/vm.h"

/* ---- what is collected ----------------------------------------------------------------------- */

/* A file, or a part of it, in memory. */
struct text {
	char *bytes;
	size_t len, room;
	bool failed; /* no memory */
};

struct dump {
	struct tp_amd *gpu;
	const struct tp_amd_dump_sink *sink;
	int err; /* the first */
};

static char *make_room(struct text *text, size_t len)
{
	size_t room = 2 * (text->room + len) + 256;
	char *bytes;

	if (text->len + len <= text->room)
		return text->bytes + text->len;
	bytes = tp_zalloc(room);
	if (!bytes) {
		text->failed = true;
		return NULL;
	}
	if (text->len)
		memcpy(bytes, text->bytes, text->len);
	tp_free(text->bytes);
	text->bytes = bytes;
	text->room = room;
	return bytes + text->len;
}

static void add(struct text *text, const void *data, size_t len)
{
	char *at = make_room(text, len);

	if (!at)
		return;
	memcpy(at, data, len);
	text->len += len;
}

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	char line[160];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	add(text, line, TP_MIN((size_t)n, sizeof(line) - 1));
}

/* It is the sink's, and gone. */
static void hand_out(struct dump *dump, const char *name, struct text *text)
{
	if (!dump->err && text->failed)
		dump->err = TP_ERR(-ENOMEM, "no memory for a dump");
	if (!dump->err && text->len)
		dump->err = dump->sink->write(dump->sink->arg, name, text->bytes, text->len);
	tp_free(text->bytes);
	*text = (struct text){ 0 };
}

/* ---- registers ------------------------------------------------------------------------------- */

struct named {
	const char *name;
	uint32_t reg;
};

static void say_register(struct dump *dump, struct text *t, const char *unit,
			 const struct named *named, uint32_t reg)
{
	say(t, "%s %s 0x%05x 0x%08x\n", unit, named->name, reg, tp_amd_read(dump->gpu, reg));
}

static void say_context(struct dump *dump, struct text *t, const struct tp_amd_hub *hub,
			const char *unit, unsigned vmid)
{
	static const struct {
		const char *name;
		uint32_t reg, step;
	} table[] = {
		{ "CNTL", TP_AMD_CONTEXT0_CNTL, 1 },
		{ "PAGE_TABLE_BASE_ADDR_LO32", TP_AMD_CONTEXT0_PT_BASE, 2 },
		{ "PAGE_TABLE_BASE_ADDR_HI32", TP_AMD_CONTEXT0_PT_BASE + 1, 2 },
		{ "PAGE_TABLE_START_ADDR_LO32", TP_AMD_CONTEXT0_PT_START, 2 },
		{ "PAGE_TABLE_START_ADDR_HI32", TP_AMD_CONTEXT0_PT_START + 1, 2 },
		{ "PAGE_TABLE_END_ADDR_LO32", TP_AMD_CONTEXT0_PT_END, 2 },
		{ "PAGE_TABLE_END_ADDR_HI32", TP_AMD_CONTEXT0_PT_END + 1, 2 },
	};
	char name[48];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(table); i++) {
		snprintf(name, sizeof(name), "VM_CONTEXT%u_%s", vmid, table[i].name);
		say_register(dump, t, unit, &(struct named){ .name = name },
			     tp_amd_hub_reg(hub->id, table[i].reg + vmid * table[i].step));
	}
}

static void say_hub(struct dump *dump, struct text *t, const struct tp_amd_hub *hub)
{
	static const struct named table[] = {
		{ "VM_L2_PROTECTION_FAULT_STATUS", TP_AMD_FAULT_STATUS },
		{ "VM_L2_PROTECTION_FAULT_ADDR_LO32", TP_AMD_FAULT_ADDR },
		{ "VM_L2_PROTECTION_FAULT_ADDR_HI32", TP_AMD_FAULT_ADDR + 1 },
		{ "MC_VM_FB_OFFSET", TP_AMD_FB_OFFSET },
		{ "MC_VM_FB_LOCATION_BASE", TP_AMD_FB_BASE },
		{ "MC_VM_FB_LOCATION_TOP", TP_AMD_FB_TOP },
	};
	const char *unit = hub->id == TP_AMD_GFXHUB ? "gfxhub" : "mmhub";

	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++)
		say_context(dump, t, hub, unit, vmid);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(table); i++)
		say_register(dump, t, unit, &table[i], tp_amd_hub_reg(hub->id, table[i].reg));
}

static void say_ring_registers(struct dump *dump, struct text *t, const struct tp_amd_ring *ring)
{
	static const struct named table[] = {
		{ "STATUS_REG", TP_AMD_SDMA_STATUS },
		{ "F32_CNTL", TP_AMD_SDMA_F32_CNTL },
		{ "GFX_RB_CNTL", TP_AMD_SDMA_RB_CNTL },
		{ "GFX_RB_BASE", TP_AMD_SDMA_RB_BASE },
		{ "GFX_RB_BASE_HI", TP_AMD_SDMA_RB_BASE + 1 },
		{ "GFX_RB_RPTR", TP_AMD_SDMA_RB_RPTR },
		{ "GFX_RB_RPTR_HI", TP_AMD_SDMA_RB_RPTR + 1 },
		{ "GFX_RB_WPTR", TP_AMD_SDMA_RB_WPTR },
		{ "GFX_RB_WPTR_HI", TP_AMD_SDMA_RB_WPTR + 1 },
	};

	for (unsigned i = 0; i < TP_ARRAY_SIZE(table); i++)
		say_register(dump, t, ring->name, &table[i],
			     tp_amd_ring_reg(ring->id, table[i].reg));
}

static void dump_registers(struct dump *dump)
{
	struct text t = { 0 };

	tp_amd_for_each_hub(hub, dump->gpu) say_hub(dump, &t, hub);
	tp_amd_for_each_ring(ring, dump->gpu) say_ring_registers(dump, &t, ring);
	hand_out(dump, "registers.txt", &t);
}

/* ---- command streams ------------------------------------------------------------------------- */

enum { COMMANDS, RING }; /* what a stream is */

static void add_stream(struct text *t, const struct tp_amd_ring *ring, uint32_t seqno,
		       uint32_t what, const uint32_t *words, uint32_t dwords)
{
	const uint32_t head[] = { ring->id, dwords, seqno, what };

	add(t, head, sizeof(head));
	add(t, words, dwords * sizeof(uint32_t));
}

/* Of the kernel's jobs; the others' lie in memory of their VMs.  Under the ring's lock. */
static void add_jobs(struct text *t, const struct tp_amd_ring *ring, const struct tp_list *jobs)
{
	tp_list_for_each(job, jobs, struct tp_amd_job, link) {
		if (job->ib.words)
			add_stream(t, ring, job->fence->seqno, COMMANDS, job->ib.words,
				   job->ib.dwords);
	}
}

static void add_ring(struct text *t, struct tp_amd_ring *ring)
{
	tp_spin_lock(&ring->lock);
	add_stream(t, ring, tp_atomic_load(&ring->timeline.last, TP_RELAXED), RING,
		   ring->memory.address, TP_AMD_RING_DW);
	add_jobs(t, ring, &ring->running);
	add_jobs(t, ring, &ring->pending);
	tp_spin_unlock(&ring->lock);
}

static void dump_streams(struct dump *dump)
{
	struct text t = { 0 };

	tp_amd_for_each_ring(ring, dump->gpu) add_ring(&t, ring);
	hand_out(dump, "streams.bin", &t);
}

/* ---- address spaces -------------------------------------------------------------------------- */

/* Of one VM. */
struct space {
	struct text lines; /* what should translate, and to what */
	struct text pages; /* tables that lie in the machine's memory, each after its I/O address */
	uint64_t root;
	bool outdated;
};

static void say_run(struct text *t, uint64_t pages, const char *where, uint64_t address)
{
	say(t, "run %" PRIu64 " %s 0x%" PRIx64 "\n", pages << TP_PAGE_SHIFT, where, address);
}

/* The object is used, and within the device's reach. */
static void say_runs(struct text *t, const struct tp_amd_mapping *mapping, const struct tp_bo *bo)
{
	const char *where = bo->place == TP_BO_VRAM ? "vram" : "system";
	uint64_t page = mapping->offset, end = page + mapping->last + 1 - mapping->start;

	while (page < end) {
		const struct tp_bo_chunk *chunk = tp_bo_chunk_at(bo, (uint32_t)page);
		uint64_t within = page - chunk->page;
		uint64_t n = TP_MIN(end - page, (UINT64_C(1) << chunk->order) - within);

		say_run(t, n, where, chunk->address + (within << TP_PAGE_SHIFT));
		page += n;
	}
}

/* What somebody holds is being moved: its mappings are cut. */
static void say_memory(struct space *space, const struct tp_amd_mapping *mapping,
		       const struct tp_bo *bo)
{
	bool used = tp_resv_try_use(bo->resv);

	if (used && tp_bo_is_in_reach(bo))
		say_runs(&space->lines, mapping, bo);
	else
		say_run(&space->lines, mapping->last + 1 - mapping->start, "nowhere", 0);
	if (!used || !tp_bo_is_in_reach(bo))
		space->outdated = true;
	if (used)
		tp_resv_unuse(bo->resv);
}

static void say_mapping(struct space *space, const struct tp_amd_mapping *mapping)
{
	const struct tp_amd_object *object = mapping->bo_va->object;
	const unsigned flags = mapping->flags;

	say(&space->lines, "map 0x%" PRIx64 " %" PRIu64 " %c %c %c %s%s\n",
	    mapping->start << TP_PAGE_SHIFT, (mapping->last + 1 - mapping->start) << TP_PAGE_SHIFT,
	    flags & TP_AMD_MAP_READ ? 'r' : '-', flags & TP_AMD_MAP_WRITE ? 'w' : '-',
	    flags & TP_AMD_MAP_EXECUTE ? 'x' : '-', object ? "object " : "prt",
	    object ? object->bo.name : "");
	if (!mapping->written || mapping->bo_va->cut)
		space->outdated = true;
	if (object)
		say_memory(space, mapping, &object->bo);
}

static void add_table(struct text *pages, struct tp_amd_pt *pt)
{
	char *page;

	if (pt->bo.place != TP_BO_SYSTEM)
		return;
	add(pages, &pt->bo.chunks[0].address, sizeof(pt->bo.chunks[0].address));
	page = make_room(pages, TP_PAGE_SIZE);
	if (!page)
		return;
	tp_bo_read(&pt->bo, 0, page, TP_PAGE_SIZE);
	pages->len += TP_PAGE_SIZE;
}

/* At most four deep. */
static void add_tables(struct space *space, struct tp_amd_pt *pt)
{
	if (!pt->linked || pt->rewrite)
		space->outdated = true;
	add_table(&space->pages, pt);
	for (unsigned i = 0; pt->children && i < TP_AMD_PTES; i++)
		if (pt->children[i])
			add_tables(space, pt->children[i]);
}

static void collect_locked(struct tp_amd_vm *vm, struct space *space)
{
	space->root = tp_amd_pt_root_address(vm);
	space->outdated = vm->generation != tp_amd_vm_generation(vm);
	add_tables(space, vm->root);
	tp_amd_for_each_mapping(mapping, &vm->mappings, 0, UINT64_MAX) say_mapping(space, mapping);
}

/* The same of one that runs nothing; what hangs is ended by who waits for it. */
static void collect(struct tp_amd_vm *vm, struct space *space)
{
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	while (tp_amd_vm_is_being_written(vm)) {
		struct tp_fence *fence = tp_fence_get(vm->last_update);

		tp_mutex_unlock(&vm->lock);
		tp_amd_wait_end(vm->gpu, fence);
		tp_fence_put(fence);
		tp_mutex_lock(&vm->lock);
	}
	collect_locked(vm, space);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
}

static void dump_vm(struct dump *dump, struct tp_amd_vm *vm)
{
	struct space space = { 0 };
	struct text head = { 0 };

	collect(vm, &space);
	say(&head, "vm %" PRIu64 " root 0x%" PRIx64 " %s\n", vm->number, space.root,
	    space.outdated ? "outdated" : "current");
	hand_out(dump, "mappings.txt", &head);
	hand_out(dump, "mappings.txt", &space.lines);
	hand_out(dump, "tables.bin", &space.pages);
}

static bool try_get(struct tp_amd_vm *vm)
{
	uint32_t refs = tp_atomic_load(&vm->refs, TP_RELAXED);

	while (refs)
		if (tp_atomic_cas(&vm->refs, &refs, refs + 1, TP_ACQ_REL))
			return true;
	return false;
}

/* The first that has a number above @after, under the list's lock; NULL: there is none. */
static struct tp_amd_vm *find_vm(struct tp_amd *gpu, uint64_t after)
{
	struct tp_amd_vm *next = NULL;

	tp_list_for_each(vm, &gpu->vms, struct tp_amd_vm, link) {
		if (vm->number > after && (!next || vm->number < next->number))
			next = vm;
	}
	return next;
}

/* The same that is not about to go, with a reference. */
static struct tp_amd_vm *next_vm(struct tp_amd *gpu, uint64_t after)
{
	struct tp_amd_vm *vm;

	tp_spin_lock(&gpu->vms_lock);
	for (vm = find_vm(gpu, after); vm && !try_get(vm);)
		vm = find_vm(gpu, vm->number);
	tp_spin_unlock(&gpu->vms_lock);
	return vm;
}

/* The address spaces, after what all of them need to be understood. */
static void dump_vms(struct dump *dump)
{
	struct tp_amd *gpu = dump->gpu;
	struct text head = { 0 };
	struct tp_amd_vm *vm;

	say(&head, "gpu %s page %" PRIu64 " levels %u bits %u fb 0x%" PRIx64 " vram %" PRIu64 "\n",
	    gpu->gpu.name, TP_PAGE_SIZE, TP_AMD_LEVELS, TP_AMD_PT_BITS, gpu->fb_physical,
	    gpu->bus->memory_size);
	hand_out(dump, "mappings.txt", &head);
	for (uint64_t after = 0; !dump->err && (vm = next_vm(gpu, after));) {
		after = vm->number;
		dump_vm(dump, vm);
		tp_amd_vm_put(vm);
	}
}

int tp_amd_dump(struct tp_amd *gpu, const struct tp_amd_dump_sink *sink)
{
	struct dump dump = { .gpu = gpu, .sink = sink };

	dump_vms(&dump);
	dump_registers(&dump);
	dump_streams(&dump);
	return dump.err;
}
