/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_memory - memory that is not there. */
#include "gpu_memory.h"

#include <tidepool/tidepool.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "gpu/bo_internal.h"
#include "measure.h"

void tp_bench_gpu_must(int err, const char *step)
{
	if (err)
		tp_bench_die(step);
}

struct tp_machine *tp_bench_gpu_machine(void)
{
	const struct tp_machine_config config = {
		.nr_nodes = 1,
		.nodes = { { .dram = TP_MIB(256), .cpus = 1 } },
		.block_size = TP_MIB(128),
		.backing = TP_BACKING_SMALL,
	};
	struct tp_machine *machine;

	tp_bench_gpu_must(tp_machine_create(&config, &machine), "machine");
	return machine;
}

/* Chunks follow each other in the object, and lie anywhere, in an order that nobody guesses. */
static struct tp_bo_memory *make_memory(unsigned order)
{
	const uint32_t n = TP_BENCH_GPU_PAGES >> order;
	const uint64_t size = TP_PAGE_SIZE << order;
	struct tp_bo_memory *memory = tp_zalloc(sizeof(*memory) + n * sizeof(memory->chunks[0]));
	uint64_t state = 1;

	if (!memory)
		tp_bench_die("memory");
	memory->place = TP_BO_SYSTEM;
	memory->nr_pages = TP_BENCH_GPU_PAGES;
	memory->nr_chunks = n;
	for (uint32_t i = 0; i < n; i++)
		memory->chunks[i] = (struct tp_bo_chunk){
			.address = (1 + tp_bench_random(&state) % (UINT64_C(1) << 26)) * size,
			.page = i << order,
			.order = (uint8_t)order,
		};
	return memory;
}

void tp_bench_gpu_attach(struct tp_bo *bo, unsigned order)
{
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	tp_bo_attach(bo, make_memory(order));
	tp_resv_unhold(bo->resv);
}

void tp_bench_gpu_detach(struct tp_bo *bo)
{
	tp_resv_hold(bo->resv, TP_WAIT_FOREVER);
	tp_free(tp_bo_detach(bo));
	tp_resv_unhold(bo->resv);
}
