/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_dma_domain - mappings of a device: addresses, coherent memory, and memory that goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/rng.h"
#include "dma/domain.h"
#include "dma_machine.h"
#include "each_allocation.h"
#include "panic.h"

static struct dma_machine dm;
static struct tp_owner owner;

static int begin(void **state)
{
	(void)state;
	dm = make_dma_machine();
	owner = (struct tp_owner){ .name = "owner" };
	must(tp_owner_register(dm.m, &owner));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	must(tp_owner_unregister(&owner));
	end_dma_machine(&dm);
	return 0;
}

static tp_pfn take(unsigned order)
{
	return take_pages(dm.m, &owner, order, TP_MIGRATE_UNMOVABLE, 0);
}

static unsigned char *memory_of(tp_pfn pfn)
{
	return tp_page_address(dm.m, pfn);
}

static tp_dma_addr map(void *address, size_t len, enum tp_dma_dir dir)
{
	tp_dma_addr dma;

	must(tp_dma_map(dm.domain, address, len, dir, "frame", &dma));
	return dma;
}

static bool can_write(tp_dma_addr dma)
{
	const unsigned char byte = 1;

	return tp_iommu_write(tp_dma_iommu(dm.domain), dma, &byte, 1);
}

static uint64_t page_of(tp_dma_addr dma)
{
	return dma.v >> TP_PAGE_SHIFT;
}

/* ---- mappings -------------------------------------------------------------------------------- */

static void what_is_mapped_can_be_reached_and_no_page_beside(void **state)
{
	tp_pfn pfn = take(2);
	unsigned char *memory = memory_of(pfn), in[5000];
	tp_dma_addr dma;

	(void)state;
	for (size_t i = 0; i < 4 * TP_PAGE_SIZE; i++)
		memory[i] = pattern(i);
	dma = map(memory + TP_PAGE_SIZE + 100, sizeof(in), TP_DMA_TO_DEVICE);
	assert_int_equal(dma.v % TP_PAGE_SIZE, 100);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 2);
	assert_true(tp_iommu_read(tp_dma_iommu(dm.domain), dma, in, sizeof(in)));
	assert_memory_equal(in, memory + TP_PAGE_SIZE + 100, sizeof(in));
	assert_false(can_read(dm.domain, (tp_dma_addr){ dma.v - 101 }));
	assert_false(can_read(dm.domain, (tp_dma_addr){ dma.v - 100 + 2 * TP_PAGE_SIZE }));
	tp_dma_unmap(dm.domain, dma, sizeof(in));
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	assert_false(can_read(dm.domain, dma));
	tp_pages_free(dm.m, pfn, 2);
}

static void a_direction_allows_that_direction(void **state)
{
	tp_pfn pfn = take(0);
	tp_dma_addr to = map(memory_of(pfn), 64, TP_DMA_TO_DEVICE);
	tp_dma_addr from = map(memory_of(pfn), 64, TP_DMA_FROM_DEVICE);
	tp_dma_addr both = map(memory_of(pfn), 64, TP_DMA_BIDIRECTIONAL);

	(void)state;
	assert_true(can_read(dm.domain, to) && !can_write(to));
	assert_true(!can_read(dm.domain, from) && can_write(from));
	assert_true(can_read(dm.domain, both) && can_write(both));
	tp_dma_unmap(dm.domain, to, 64);
	tp_dma_unmap(dm.domain, from, 64);
	tp_dma_unmap(dm.domain, both, 64);
	tp_pages_free(dm.m, pfn, 0);
}

static void maps_and_faults_are_counted(void **state)
{
	tp_pfn pfn = take(0);
	tp_dma_addr dma = map(memory_of(pfn), 1, TP_DMA_TO_DEVICE);
	struct tp_dma_fault faults[2];
	struct tp_dma_stat stat;

	(void)state;
	assert_false(can_write(dma));
	tp_dma_unmap(dm.domain, dma, 1);
	assert_false(can_read(dm.domain, dma));
	stat = dma_stat(dm.domain);
	assert_int_equal(stat.maps, 1);
	assert_int_equal(stat.unmaps, 1);
	assert_int_equal(stat.faults, 2);
	assert_int_equal(tp_dma_faults(dm.domain, faults, 1), 2);
	assert_true(faults[0].write && faults[0].mapped);
	assert_string_equal(faults[0].owner, "frame");
	assert_int_equal(tp_dma_faults(dm.domain, faults, 2), 2);
	assert_true(!faults[1].write && !faults[1].mapped);
	assert_string_equal(faults[1].owner, "frame");
	assert_int_equal(faults[1].address.v, dma.v);
	tp_pages_free(dm.m, pfn, 0);
}

static void only_memory_of_the_machine_can_be_mapped(void **state)
{
	static unsigned char elsewhere[64];
	tp_pfn last = { dm.m->nr_pfns - 1 };
	char *end_of_memory = dm.m->backing.base + ((last.v + 1) << TP_PAGE_SHIFT);
	tp_pfn pfn = take(0);
	tp_dma_addr dma;

	(void)state;
	assert_int_equal(tp_dma_map(dm.domain, elsewhere, 64, TP_DMA_TO_DEVICE, "t", &dma),
			 -EINVAL);
	assert_int_equal(tp_dma_map(dm.domain, end_of_memory, 1, TP_DMA_TO_DEVICE, "t", &dma),
			 -EINVAL);
	assert_int_equal(tp_dma_map(dm.domain, end_of_memory - 64, 65, TP_DMA_TO_DEVICE, "t", &dma),
			 -EINVAL);
	assert_int_equal(tp_dma_map(dm.domain, memory_of(pfn), 0, TP_DMA_TO_DEVICE, "t", &dma),
			 -EINVAL);
	assert_int_equal(tp_dma_map(dm.domain, memory_of(pfn), SIZE_MAX, TP_DMA_TO_DEVICE, "t",
				    &dma),
			 -EINVAL);
	assert_int_equal(dma_stat(dm.domain).maps, 0);
	tp_pages_free(dm.m, pfn, 0);
}

/* ---- I/O addresses --------------------------------------------------------------------------- */

/* V2: so that a device that still uses it faults. */
static void an_address_is_not_used_again_at_once(void **state)
{
	tp_pfn pfn = take(0);
	tp_dma_addr first = map(memory_of(pfn), 1, TP_DMA_TO_DEVICE);

	(void)state;
	tp_dma_unmap(dm.domain, first, 1);
	for (unsigned i = 0; i < TP_IOVA_FIRST_WINDOW - 2; i++) {
		tp_dma_addr dma = map(memory_of(pfn), 1, TP_DMA_TO_DEVICE);

		assert_int_not_equal(dma.v, first.v);
		assert_true(page_of(dma) > 0);
		tp_dma_unmap(dm.domain, dma, 1);
	}
	assert_false(can_read(dm.domain, first));
	tp_pages_free(dm.m, pfn, 0);
}

enum { MANY = 3 * TP_IOVA_FIRST_WINDOW };

/* Far more than the first window has. */
static void addresses_last_for_many_mappings(void **state)
{
	static tp_dma_addr dma[MANY];
	tp_pfn pfn = take(0);

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		dma[i] = map(memory_of(pfn) + i % 4096, 1, TP_DMA_TO_DEVICE);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_ptr_equal(tp_iommu_at(tp_dma_iommu(dm.domain), dma[i], TP_IOMMU_READ),
				 memory_of(pfn) + i % 4096);
	for (unsigned i = 0; i < MANY; i++)
		tp_dma_unmap_nosync(dm.domain, dma[i], 1);
	tp_dma_sync(dm.domain);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	tp_pages_free(dm.m, pfn, 0);
}

/* Runs of every length, given back in another order, never meet. */
static void runs_of_all_lengths_find_their_place(void **state)
{
	enum { RUNS = 200, ROUNDS = 20 };
	static tp_dma_addr dma[RUNS];
	static size_t len[RUNS];
	tp_pfn pfn = take(TP_MAX_ORDER);
	struct tp_rng rng;
	uint64_t mapped = 0;

	(void)state;
	tp_rng_init(&rng, 1);
	for (unsigned n = 0; n < ROUNDS * RUNS; n++) {
		uint64_t i = tp_rng_below(&rng, RUNS);

		if (len[i]) {
			tp_dma_unmap(dm.domain, dma[i], len[i]);
			mapped -= tp_iova_pages(dma[i].v, len[i]);
			len[i] = 0;
			continue;
		}
		len[i] = tp_rng_below(&rng, 200 * TP_PAGE_SIZE) + 1;
		dma[i] = map(memory_of(pfn) + tp_rng_below(&rng, TP_PAGE_SIZE), len[i],
			     TP_DMA_TO_DEVICE);
		mapped += tp_iova_pages(dma[i].v, len[i]);
		assert_int_equal(dma_stat(dm.domain).mapped_pages, mapped);
	}
	for (unsigned i = 0; i < RUNS; i++)
		if (len[i])
			tp_dma_unmap(dm.domain, dma[i], len[i]);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	tp_pages_free(dm.m, pfn, TP_MAX_ORDER);
}

/* One leaf of a device's page table can then stand for the whole run (T17 of the facts on GPUs). */
static void runs_of_a_power_of_two_are_aligned_to_it(void **state)
{
	enum { RUNS = 2 * (TP_MAX_ORDER + 1) };
	tp_pfn pfn = take(TP_MAX_ORDER);
	tp_dma_addr dma[RUNS];

	(void)state;
	for (unsigned i = 0; i < RUNS; i++) {
		unsigned order = i / 2;
		/* Each second one moves the next away from where it would be aligned by chance. */
		size_t pages = i % 2 ? TP_MIN(3u, 1u << TP_MAX_ORDER) : 1u << order;

		dma[i] = map(memory_of(pfn), pages << TP_PAGE_SHIFT, TP_DMA_TO_DEVICE);
		if (!(i % 2))
			assert_int_equal(page_of(dma[i]) % pages, 0);
	}
	for (unsigned i = 0; i < RUNS; i++) {
		size_t pages = i % 2 ? TP_MIN(3u, 1u << TP_MAX_ORDER) : 1u << i / 2;

		tp_dma_unmap(dm.domain, dma[i], pages << TP_PAGE_SHIFT);
	}
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	tp_pages_free(dm.m, pfn, TP_MAX_ORDER);
}

/* Names for ever new things: what the domain has no room for has the domain's. */
static void tags_are_kept_within_limits(void **state)
{
	char name[16];
	unsigned kept = 0;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_string_equal(tp_dma_tag(dm.domain, "first"), "dev0");
	for (unsigned i = 0; i < 2 * TP_DMA_TAGS; i++) {
		snprintf(name, sizeof(name), "thing%u", i);
		kept += !strcmp(tp_dma_tag(dm.domain, name), name);
	}
	assert_int_equal(kept, TP_DMA_TAGS - 1); /* one is the domain's name */
	assert_string_equal(tp_dma_tag(dm.domain, name), "dev0");
	assert_string_equal(tp_dma_tag(dm.domain, "thing0"), "thing0");
	assert_ptr_equal(tp_dma_tag(dm.domain, "thing0"), tp_dma_tag(dm.domain, "thing0"));
}

/* The pages behind need not be there: a machine's physical range is smaller than that of I/O. */
static void addresses_can_run_out(void **state)
{
	enum { RUN = TP_IOMMU_PAGES / 128, RUNS = 128 };
	static tp_dma_addr dma[RUNS];
	size_t len = (size_t)RUN << TP_PAGE_SHIFT;
	unsigned n = 0;
	int err = 0;

	(void)state;
	assert_true(len <= dm.m->backing.size);
	while (n < RUNS && !(err = tp_dma_map(dm.domain, dm.m->backing.base, len, TP_DMA_TO_DEVICE,
					      "big", &dma[n])))
		n++;
	/* One page is nobody's, so that one run has no place. */
	assert_int_equal(n, RUNS - 1);
	assert_int_equal(err, -ENOSPC);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, (RUNS - 1) * RUN);
	while (n--)
		tp_dma_unmap(dm.domain, dma[n], len);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
}

static void unmap_twice(void *arg)
{
	tp_dma_addr dma = map(arg, 1, TP_DMA_TO_DEVICE);

	tp_dma_unmap(dm.domain, dma, 1);
	tp_dma_unmap(dm.domain, dma, 1);
}

static void unmap_too_much(void *arg)
{
	tp_dma_addr dma = map(arg, 1, TP_DMA_TO_DEVICE);

	tp_dma_unmap(dm.domain, dma, TP_PAGE_SIZE + 1);
}

static void unmap_nonsense(void *arg)
{
	(void)arg;
	tp_dma_unmap(dm.domain, (tp_dma_addr){ UINT64_MAX - 1 }, 1);
}

static void destroy_while_mapped(void *arg)
{
	map(arg, 1, TP_DMA_TO_DEVICE);
	tp_dma_domain_destroy(dm.domain);
}

static void mistakes_stop_the_program(void **state)
{
	tp_pfn pfn = take(0);

	(void)state;
	expect_panic(unmap_twice, memory_of(pfn), "not all mapped");
	expect_panic(unmap_too_much, memory_of(pfn), "not all mapped");
	expect_panic(unmap_nonsense, NULL, "not all mapped");
	expect_panic(destroy_while_mapped, memory_of(pfn), "by frame");
	tp_pages_free(dm.m, pfn, 0);
}

/* ---- coherent memory ------------------------------------------------------------------------- */

static void coherent_memory_is_zero_and_shared(void **state)
{
	struct tp_dma_coherent ring;
	const uint32_t word = 0x12345678;
	uint32_t seen = 1;

	(void)state;
	must(tp_dma_alloc(dm.domain, 3 * TP_PAGE_SIZE + 1, 0, "ring", &ring));
	assert_int_equal(ring.size, 3 * TP_PAGE_SIZE + 1);
	assert_int_equal(ring.dma.v % TP_PAGE_SIZE, 0);
	for (size_t i = 0; i < ring.size; i++)
		assert_int_equal(((unsigned char *)ring.address)[i], 0);
	memcpy((char *)ring.address + 5000, &word, sizeof(word));
	assert_true(tp_iommu_read(tp_dma_iommu(dm.domain), (tp_dma_addr){ ring.dma.v + 5000 },
				  &seen, sizeof(seen)));
	assert_int_equal(seen, word);
	assert_true(can_write(ring.dma));
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 4);
	tp_dma_free(&ring);
	assert_null(ring.address);
	tp_dma_free(&ring);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
}

/* T24, with a ring as a driver has it. */
static void a_ring_of_16_kib_is_four_pages(void **state)
{
	struct tp_dma_coherent ring;
	struct tp_dma_fault fault;
	unsigned char line[16];
	unsigned refused = 0;

	(void)state;
	must(tp_dma_alloc(dm.domain, 16384, 0, "tx ring", &ring));
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 4);
	tp_dma_unmap(dm.domain, (tp_dma_addr){ ring.dma.v + 8192 }, 4096);
	for (unsigned i = 0; i < 16384; i += sizeof(line)) {
		tp_dma_addr dma = { ring.dma.v + i };
		bool reached = tp_iommu_read(tp_dma_iommu(dm.domain), dma, line, sizeof(line));

		assert_int_equal(reached, i / 4096 != 2);
		refused += !reached;
	}
	assert_int_equal(tp_dma_faults(dm.domain, &fault, 1), refused);
	assert_int_equal(fault.address.v, ring.dma.v + 8192);
	assert_string_equal(fault.owner, "tx ring");
	tp_dma_unmap(dm.domain, ring.dma, 8192);
	tp_dma_unmap(dm.domain, (tp_dma_addr){ ring.dma.v + 12288 }, 4096);
	tp_pages_free(dm.m, ring.pfn, ring.order);
}

static void coherent_memory_never_moves_and_says_whose_it_is(void **state)
{
	struct tp_offline_options options = { .dry_run = true };
	struct tp_offline_report report;
	struct tp_dma_coherent ring;
	char tag[] = "rx ring 7";

	(void)state;
	must(tp_dma_alloc(dm.domain, 64, 0, tag, &ring));
	memset(tag, 0, sizeof(tag));
	assert_int_equal(tp_blocks_offline(dm.m, (unsigned)(ring.pfn.v / dm.m->block_pages), 1,
					   &options, &report),
			 -EBUSY);
	assert_int_equal(report.nr_blockers, 1);
	assert_string_equal(report.blockers[0].owner, "dev0");
	assert_string_equal(report.blockers[0].what, "rx ring 7");
	tp_dma_free(&ring);
}

static void sizes_have_bounds(void **state)
{
	struct tp_dma_coherent ring;

	(void)state;
	assert_int_equal(tp_dma_alloc(dm.domain, 0, 0, "ring", &ring), -EINVAL);
	assert_null(ring.address);
	assert_int_equal(tp_dma_alloc(dm.domain, (TP_PAGE_SIZE << TP_MAX_ORDER) + 1, 0, "ring",
				      &ring),
			 -EINVAL);
	assert_int_equal(tp_dma_alloc(dm.domain, SIZE_MAX, 0, "ring", &ring), -EINVAL);
	must(tp_dma_alloc(dm.domain, TP_PAGE_SIZE << TP_MAX_ORDER, 0, "ring", &ring));
	tp_dma_free(&ring);
}

/* ---- what can fail --------------------------------------------------------------------------- */

static void each_failure_of_an_allocation_leaves_nothing(void **state)
{
	static const struct {
		const char *site;
		int err;
	} sites[] = {
		{ "dma/coherent", -ENOMEM },	{ "dma/map", -ENOSPC },
		{ "core/iommu-leaf", -ENOMEM }, { "mm/page-alloc", -ENOMEM },
		{ "core/alloc", -ENOMEM },
	};
	struct tp_dma_coherent ring;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		tp_fault_reset();
		must(tp_fault_arm(sites[i].site, 1, 1));
		assert_int_equal(tp_dma_alloc(dm.domain, 2 * TP_PAGE_SIZE, 0, "ring", &ring),
				 sites[i].err);
		assert_null(ring.address);
		assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
		assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
	}
}

/* The second leaf of a run that lies in two; the pages behind it need not be there. */
static void a_map_that_fails_half_way_is_undone(void **state)
{
	size_t len = (size_t)(TP_IOMMU_LEAF + 1) << TP_PAGE_SHIFT;
	char *base = dm.m->backing.base;
	tp_dma_addr dma;

	(void)state;
	must(tp_fault_arm("core/iommu-leaf", 2, 1));
	assert_int_equal(tp_dma_map(dm.domain, base, len, TP_DMA_TO_DEVICE, "t", &dma), -ENOMEM);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	for (uint64_t page = 0; page < TP_IOVA_FIRST_WINDOW; page++)
		assert_int_equal(tp_iommu_entry(tp_dma_iommu(dm.domain), tp_iova_address(page)), 0);
	dma = map(base, len, TP_DMA_TO_DEVICE);
	tp_dma_unmap(dm.domain, dma, len);
}

static void a_window_that_cannot_grow_is_an_error(void **state)
{
	tp_pfn pfn = take(0);
	static tp_dma_addr dma[TP_IOVA_FIRST_WINDOW / 2];
	tp_dma_addr more;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(dma); i++)
		dma[i] = map(memory_of(pfn), 1, TP_DMA_TO_DEVICE);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_dma_map(dm.domain, memory_of(pfn), 1, TP_DMA_TO_DEVICE, "t", &more),
			 -ENOMEM);
	more = map(memory_of(pfn), 1, TP_DMA_TO_DEVICE);
	tp_dma_unmap(dm.domain, more, 1);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(dma); i++)
		tp_dma_unmap(dm.domain, dma[i], 1);
	tp_pages_free(dm.m, pfn, 0);
}

static int make_another(void *made)
{
	return tp_dma_domain_create(dm.m, "dev1", made);
}

static void every_failure_of_a_creation_leaves_nothing(void **state)
{
	struct tp_dma_domain *new = NULL;

	(void)state;
	assert_in_range(fail_each_allocation(make_another, &new), 3, 6);
	tp_dma_domain_destroy(new);
	tp_dma_domain_destroy(NULL);
}

static void too_many_owners_are_an_error(void **state)
{
	static struct tp_owner others[TP_MAX_OWNERS];
	struct tp_dma_domain *none;
	unsigned n;

	(void)state;
	n = register_many(&dm, others);
	assert_int_equal(tp_dma_domain_create(dm.m, "dev1", &none), -ENOSPC);
	unregister_many(others, n);
}

/* ---- memory goes offline (M3) ---------------------------------------------------------------- */

static void memory_that_goes_while_mapped_is_cut_off(void **state)
{
	tp_pfn near = take(0), far = { dm.first_block * dm.m->block_pages + 3 };
	tp_dma_addr stays = map(memory_of(near), 64, TP_DMA_BIDIRECTIONAL);
	tp_dma_addr goes;
	struct tp_dma_fault faults[2];

	(void)state;
	/* Nobody keeps it: that is the mistake. */
	must(tp_dma_map(dm.domain, memory_of(far), 2 * TP_PAGE_SIZE, TP_DMA_BIDIRECTIONAL,
			"careless", &goes));
	assert_true(can_write(goes));
	must(tp_blocks_offline(dm.m, dm.first_block, 1, NULL, NULL));
	assert_int_equal(tp_dma_faults(dm.domain, faults, 2), 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(faults[i].address.v, goes.v + i * TP_PAGE_SIZE);
		assert_string_equal(faults[i].owner, "careless");
		assert_true(faults[i].mapped);
		assert_false(can_write((tp_dma_addr){ goes.v + i * TP_PAGE_SIZE }));
	}
	assert_true(can_write(stays));
	/* Its addresses stay its own until it is unmapped. */
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 3);
	tp_dma_unmap(dm.domain, goes, 2 * TP_PAGE_SIZE);
	tp_dma_unmap(dm.domain, stays, 64);
	tp_pages_free(dm.m, near, 0);
}

struct writer {
	struct tp_thread thread;
	tp_dma_addr dma;
	tp_atomic_u32 stop, written;
};

static void write_in_bursts(void *arg)
{
	struct writer *w = arg;

	while (!tp_atomic_load(&w->stop, TP_ACQUIRE)) {
		tp_iommu_enter(tp_dma_iommu(dm.domain), 0);
		for (unsigned i = 0; i < 20; i++)
			tp_atomic_add(&w->written, can_write(w->dma), TP_RELAXED);
		tp_iommu_leave(tp_dma_iommu(dm.domain), 0);
	}
}

/* The memory behind it is barred after that: an access that came late would end the test. */
static void a_device_at_work_is_cut_off_too(void **state)
{
	struct writer w = { 0 };

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		tp_pfn far = { dm.first_block * dm.m->block_pages };

		w = (struct writer){ .dma = map(memory_of(far), 64, TP_DMA_BIDIRECTIONAL) };
		must(tp_thread_start(&w.thread, "device", write_in_bursts, &w));
		while (!tp_atomic_load(&w.written, TP_RELAXED))
			tp_yield();
		must(tp_device_offline(dm.far, NULL, NULL));
		tp_atomic_store(&w.stop, 1, TP_RELEASE);
		tp_thread_join(&w.thread);
		tp_dma_unmap(dm.domain, w.dma, 64);
		must(tp_device_online(dm.far, TP_ONLINE_MOVABLE));
	}
}

#define DOMAIN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOMAIN_TEST(what_is_mapped_can_be_reached_and_no_page_beside),
		DOMAIN_TEST(a_direction_allows_that_direction),
		DOMAIN_TEST(maps_and_faults_are_counted),
		DOMAIN_TEST(only_memory_of_the_machine_can_be_mapped),
		DOMAIN_TEST(an_address_is_not_used_again_at_once),
		DOMAIN_TEST(addresses_last_for_many_mappings),
		DOMAIN_TEST(runs_of_all_lengths_find_their_place),
		DOMAIN_TEST(runs_of_a_power_of_two_are_aligned_to_it),
		DOMAIN_TEST(tags_are_kept_within_limits),
		DOMAIN_TEST(addresses_can_run_out),
		DOMAIN_TEST(mistakes_stop_the_program),
		DOMAIN_TEST(coherent_memory_is_zero_and_shared),
		DOMAIN_TEST(a_ring_of_16_kib_is_four_pages),
		DOMAIN_TEST(coherent_memory_never_moves_and_says_whose_it_is),
		DOMAIN_TEST(sizes_have_bounds),
		DOMAIN_TEST(each_failure_of_an_allocation_leaves_nothing),
		DOMAIN_TEST(a_map_that_fails_half_way_is_undone),
		DOMAIN_TEST(a_window_that_cannot_grow_is_an_error),
		DOMAIN_TEST(every_failure_of_a_creation_leaves_nothing),
		DOMAIN_TEST(too_many_owners_are_an_error),
		DOMAIN_TEST(memory_that_goes_while_mapped_is_cut_off),
		DOMAIN_TEST(a_device_at_work_is_cut_off_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
