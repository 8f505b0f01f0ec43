/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_amd_gart - pages of the machine at addresses of VMID 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_fake.h"
#include <tidepool/fault.h>

#define DMA ((tp_dma_addr){ UINT64_C(0x123000) * TP_PAGE_SIZE / 4096 })

static uint64_t entry_at(uint64_t address)
{
	return fake_gart(TP_AMD_MMHUB, address);
}

static uint64_t insert(unsigned pages)
{
	uint64_t address;

	must(tp_amd_gart_insert(fake.gpu, DMA, pages, &address));
	return address;
}

static void its_entries_say_where_pages_are(void **state)
{
	uint64_t address = insert(3);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t entry = entry_at(address + i * TP_PAGE_SIZE);

		assert_int_equal(tp_amd_pte_address(entry), DMA.v + i * TP_PAGE_SIZE);
		/* UC, of system memory, snooped, for everything */
		assert_int_equal(entry & ~TP_AMD_PTE_ADDRESS, UINT64_C(3) << 57 | 0x77);
	}
	assert_int_equal(entry_at(address + 3 * TP_PAGE_SIZE), 0);
	/* Not where copies have their windows. */
	assert_true(address >= TP_AMD_GART_START + (2ull * TP_AMD_WINDOW_PAGES << TP_PAGE_SHIFT));
	must(tp_amd_gart_remove(fake.gpu, address, 3));
	assert_int_equal(entry_at(address), 0);
}

/* The caches of both hubs forget VMID 0 before the place is anybody's again. */
static void what_leaves_is_forgotten_first(void **state)
{
	uint64_t address = insert(2);

	(void)state;
	memset(fake.emptied, 0, sizeof(fake.emptied));
	must(tp_amd_gart_remove(fake.gpu, address, 2));
	assert_int_equal(fake.emptied[TP_AMD_GFXHUB], 1);
	assert_int_equal(fake.emptied[TP_AMD_MMHUB], 1);
}

/* Where one begins if all before is taken, or was never given back. */
static uint64_t insert_first(unsigned pages)
{
	fake.gpu->gart.next = TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES;
	return insert(pages);
}

/* Until a reset has emptied the caches, one that begins after it left. */
static void what_is_not_forgotten_is_nobodys_until_a_reset(void **state)
{
	uint64_t address = insert_first(2), other;

	(void)state;
	fake.stuck = true;
	assert_int_equal(tp_amd_gart_remove(fake.gpu, address, 2), -ETIME);
	assert_false(entry_at(address) & TP_AMD_PTE_VALID);
	other = insert_first(2);
	assert_int_not_equal(other, address);
	fake.eager = true; /* and a reset lets it answer */
	must(tp_amd_reset(fake.gpu, TP_AMD_RESET_SOFT));
	must(tp_amd_gart_remove(fake.gpu, other, 2));
	assert_int_equal(insert_first(2), address);
	assert_true(entry_at(address) & TP_AMD_PTE_VALID);
	must(tp_amd_gart_remove(fake.gpu, address, 2));
}

/* T20 */
static void what_a_loss_took_it_says_again_T20(void **state)
{
	const size_t bytes = TP_AMD_GART_PAGES * 8;
	uint64_t address = insert(5), before = entry_at(address);
	char *table = fake.memory + fake.gpu->gart.table, *copy = malloc(bytes);

	(void)state;
	assert_non_null(copy);
	memcpy(copy, table, bytes);
	memset(fake.memory, 0xa5, fake.bus.memory_size); /* valid everywhere, it seems */
	assert_int_not_equal(entry_at(address), before);
	tp_amd_gart_restore(fake.gpu);
	assert_memory_equal(copy, table, bytes);
	free(copy);
	must(tp_amd_gart_remove(fake.gpu, address, 5));
}

static void it_has_an_end(void **state)
{
	const unsigned left = TP_AMD_GART_PAGES - TP_AMD_WINDOWS * TP_AMD_WINDOW_PAGES;
	uint64_t address, all;

	(void)state;
	assert_int_equal(tp_amd_gart_insert(fake.gpu, DMA, left, &address), -ENOSPC);
	must(tp_fault_arm("gpu/amd-gart", 1, 1));
	assert_int_equal(tp_amd_gart_insert(fake.gpu, DMA, 1, &address), -ENOSPC);
	tp_fault_reset();
	/* Round the end, and to the first free place again. */
	all = insert(left / 2);
	address = insert(left / 4);
	must(tp_amd_gart_remove(fake.gpu, all, left / 2));
	assert_int_equal(insert(left / 2), all);
	must(tp_amd_gart_remove(fake.gpu, all, left / 2));
	must(tp_amd_gart_remove(fake.gpu, address, left / 4));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_entries_say_where_pages_are),
		TEST(what_leaves_is_forgotten_first),
		TEST(what_is_not_forgotten_is_nobodys_until_a_reset),
		TEST(what_a_loss_took_it_says_again_T20),
		TEST(it_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
