/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * translate - from an address of a VMID to memory, and whether what was remembered on the way was
 * still true.
 *
 * Invariants
 *  N1  A translation is looked at when it is used, not when something changes: what is stale and
 *      never used does no harm.
 *  N2  It did harm if it was remembered, and the memory it leads to is not whose it was: that of
 *      a leaf, or of a table that a directory's entry led to (T15).
 *  N3  A fault stops nothing: reads find zeroes, writes are dropped; the first is kept for the
 *      driver until that clears it, or the last if it wants that.
 */
#include <string.h>

#include "model/amd/walk.h"

/* ---- what is noted --------------------------------------------------------------------------- */

struct access {
	struct tp_ahw_ring *ring;
	uint64_t va, len;
	bool write, remembered;
};

static void note(const struct access *a, const struct tp_ahw_leaf *leaf, bool fault)
{
	struct tp_amd_model *m = a->ring->model;
	struct tp_amd_model_access *to;

	if (!m->config.trace)
		return;
	tp_spin_lock(&m->trace_lock);
	to = &m->trace[m->nr_traced++ % m->config.trace];
	*to = (struct tp_amd_model_access){ .time_ns = tp_clock_now(),
					    .va = a->va,
					    .ring = (uint8_t)a->ring->id,
					    .vmid = (uint8_t)a->ring->vmid,
					    .hub = (uint8_t)a->ring->hub->id,
					    .write = a->write,
					    .fault = fault,
					    .remembered = a->remembered,
					    .len = (uint32_t)TP_MIN(a->len, (uint64_t)UINT32_MAX) };
	if (leaf) {
		to->address = tp_ahw_leaf_address(leaf, a->va).v;
		to->system = leaf->flags & TP_AMD_PTE_SYSTEM;
	}
	tp_spin_unlock(&m->trace_lock);
}

/* Vega10's clients have one number for reads and another for writes; the first ring is CPG. */
static uint32_t client_of(const struct access *a)
{
	static const uint8_t numbers[][2] = { { 6, 6 }, { 46, 15 }, { 15, 46 } };

	return numbers[a->ring->id][a->write];
}

/* What is not there can be neither read nor written. */
static uint32_t lacks(const struct access *a)
{
	return a->write ? TP_AMD_FAULT_WRITE : TP_AMD_FAULT_READ;
}

static uint32_t status_of(const struct access *a, uint32_t why)
{
	return why | (why & TP_AMD_FAULT_INVALID ? lacks(a) : 0) |
	       client_of(a) << TP_AMD_FAULT_CID_SHIFT | (a->write ? TP_AMD_FAULT_RW : 0) |
	       a->ring->vmid << TP_AMD_FAULT_VMID_SHIFT |
	       (a->ring->model->config.virtual_function ? TP_AMD_FAULT_VF : 0);
}

/* N3; under the hub's lock. */
static void fault(const struct access *a, uint32_t why)
{
	struct tp_ahw_hub *hub = a->ring->hub;
	const uint32_t more = hub->fault_status ? TP_AMD_FAULT_MORE : 0;

	hub->stat.faults++;
	a->ring->faulted |= !more;
	hub->fault_status |= more;
	if (more && !(hub->fault_cntl & TP_AMD_FAULT_UPDATE))
		return;
	hub->fault_page = a->va >> TP_PAGE_SHIFT;
	hub->fault_status = status_of(a, why) | more;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool says_the_same(const struct tp_ahw_leaf *a, const struct tp_ahw_leaf *b, uint64_t va)
{
	const uint64_t what = TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM | TP_AMD_PTE_READABLE |
			      TP_AMD_PTE_WRITEABLE | TP_AMD_PTE_PRT;

	return (a->flags & what) == (b->flags & what) &&
	       tp_ahw_leaf_address(a, va).v == tp_ahw_leaf_address(b, va).v;
}

static bool says_something(const struct tp_ahw_leaf *leaf)
{
	return leaf->flags & (TP_AMD_PTE_VALID | TP_AMD_PTE_PRT);
}

static void look_for_stale(const struct access *a, const struct tp_ahw_leaf *leaf)
{
	struct tp_ahw_hub *hub = a->ring->hub;
	struct tp_ahw_leaf now;
	bool some;

	if (hub->model->config.no_check)
		return;
	some = tp_ahw_walk(hub, a->ring->vmid, a->va, &now);
	if (some != says_something(leaf) || (some && !says_the_same(leaf, &now, a->va)))
		hub->stat.stale++;
}

static bool has_changed(const char *was, const char *now)
{
	return was && was != now && (!now || strcmp(was, now) != 0);
}

/* N2; a leaf of many pages has the name of the page that was asked for first. */
static void look_for_harm(const struct access *a, bool system, tp_dma_addr address, bool write,
			  const char *was)
{
	static const char names[][8] = { "gfx", "sdma0", "sdma1" };
	struct tp_amd_model *m = a->ring->model;
	const char *now = tp_ahw_tag(tp_ahw_front(m, system), address);
	struct tp_model_harm harm;

	if (!has_changed(was, now))
		return;
	harm = (struct tp_model_harm){
		.va = a->va, .address = address.v, .local = !system, .write = write
	};
	memcpy(harm.engine, names[a->ring->id], sizeof(harm.engine));
	tp_model_harm_note(&m->harms, &harm, was, now);
}

/* ---- translation; under the hub's lock ------------------------------------------------------- */

static void use_known(struct access *a, const struct tp_ahw_leaf *leaf)
{
	a->ring->hub->stat.hits++;
	a->remembered = true;
	look_for_stale(a, leaf);
	look_for_harm(a, leaf->flags & TP_AMD_PTE_SYSTEM, tp_ahw_leaf_address(leaf, a->va),
		      a->write, leaf->tag);
}

/* Tables are read, perhaps from a remembered directory's entry on. */
static void walk(struct access *a, struct tp_ahw_leaf *leaf, struct tp_ahw_way *way)
{
	struct tp_ahw_hub *hub = a->ring->hub;
	const struct tp_ahw_walk_entry *from = &way->from;

	hub->stat.misses++;
	if (!tp_ahw_walk_remembering(hub, a->ring->vmid, a->va, leaf, way))
		leaf->flags = 0;
	if (!from->level)
		return;
	look_for_harm(a, from->table.entry & TP_AMD_PTE_SYSTEM,
		      tp_ahw_table_address(hub->model, from->table.entry), false, from->tag);
	look_for_stale(a, leaf);
}

/* False: nowhere, and the fault is noted. */
static bool find(struct access *a, struct tp_ahw_leaf *leaf)
{
	const struct tp_ahw_leaf *known = tp_ahw_tlb_find(a->ring->hub, a->ring->vmid, a->va);
	struct tp_ahw_way way = { .why = TP_AMD_FAULT_INVALID };

	if (known) {
		*leaf = *known;
		use_known(a, leaf);
	} else {
		walk(a, leaf, &way);
	}
	if (says_something(leaf))
		return true;
	fault(a, way.why);
	return false;
}

/* Memory itself; NULL: refused, and recorded by whoever refused it. */
static void *reach(const struct access *a, const struct tp_ahw_leaf *leaf)
{
	const uint64_t needed = a->write ? TP_AMD_PTE_WRITEABLE : TP_AMD_PTE_READABLE;
	struct tp_iommu *front = tp_ahw_front(a->ring->model, leaf->flags & TP_AMD_PTE_SYSTEM);
	void *host = NULL;

	if (!(leaf->flags & needed)) {
		fault(a, lacks(a));
		return NULL;
	}
	if (front)
		host = tp_iommu_at(front, tp_ahw_leaf_address(leaf, a->va),
				   a->write ? TP_IOMMU_WRITE : TP_IOMMU_READ);
	if (!host)
		fault(a, TP_AMD_FAULT_MAPPING);
	return host;
}

static void *translate(struct access *a, struct tp_ahw_leaf *leaf, bool *prt, bool *found)
{
	*found = find(a, leaf);
	if (!*found)
		return NULL;
	*prt = !(leaf->flags & TP_AMD_PTE_VALID);
	return *prt ? NULL : reach(a, leaf);
}

/* ---- pages that a burst goes to again and again ---------------------------------------------- */

/* As an engine's own buffers have it, where nobody checks or traces each access. */
static char *reached_before(const struct tp_ahw_ring *ring, uint64_t va, bool write)
{
	const struct tp_ahw_reached *r = &ring->reached[write];

	if (!r->host || r->page != va >> TP_PAGE_SHIFT || r->vmid != ring->vmid ||
	    r->forgot != tp_atomic_load(&ring->hub->forgot, TP_ACQUIRE))
		return NULL;
	return r->host + va % TP_PAGE_SIZE;
}

/* Under the hub's lock. */
static void note_reached(struct tp_ahw_ring *ring, uint64_t va, bool write, char *host)
{
	const struct tp_amd_model_config *config = &ring->model->config;

	if (config->no_check && !config->trace)
		ring->reached[write] = (struct tp_ahw_reached){
			.page = va >> TP_PAGE_SHIFT,
			.vmid = ring->vmid,
			.forgot = tp_atomic_load(&ring->hub->forgot, TP_RELAXED),
			.host = host ? host - va % TP_PAGE_SIZE : NULL,
		};
}

/* No further than the page's end: each page is asked for by itself. */
void *tp_ahw_translate(struct tp_ahw_ring *ring, uint64_t va, uint64_t *len, bool write, bool *prt)
{
	struct tp_ahw_hub *hub = ring->hub;
	struct access a = { .ring = ring,
			    .va = ring->vmid ? va & TP_AMD_VA_MASK : va,
			    .write = write };
	struct tp_ahw_leaf leaf;
	bool found;
	void *host;

	*prt = false;
	*len = TP_MIN(*len, TP_PAGE_SIZE - va % TP_PAGE_SIZE);
	host = reached_before(ring, va, write);
	if (host)
		return host;
	a.len = *len;
	tp_spin_lock(&hub->lock);
	host = translate(&a, &leaf, prt, &found);
	note_reached(ring, va, write, host);
	tp_spin_unlock(&hub->lock);
	note(&a, found ? &leaf : NULL, !host && !*prt);
	return host;
}
