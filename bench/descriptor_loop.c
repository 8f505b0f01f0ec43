/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * descriptor_loop - sender, device and receiver of the anchor.
 *
 * Indexes run freely and are cut to the ring where they are used.
 */
#include "descriptor_loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "measure.h"

enum {
	RING = 512,
	PAGE = 4096,
	LEAF = 512,
	RX_BUF = 2048,
	HEADROOM = 64,
	TX_BYTES = RING * PAGE,
	MEMORY = TX_BYTES + RING * RX_BUF,
	POLL = 64,
	STEP = 16,
	DEVICE_BATCH = 256,
	READ = 1,
	WRITE = 2,
};

/* Bits of the descriptors, as the driver's have them. */
#define TX_DONE	     0xFull
#define TX_EOP_ICRC  (5ull << 4)
#define TX_RS	     (2ull << 4)
#define TX_LEN_SHIFT 34
#define RX_DONE	     3ull
#define RX_LEN_SHIFT 38
#define LEN_MASK     0x3FFFull

struct tx_desc {
	uint64_t address, status;
};

struct rx_desc {
	uint64_t address, status, unused[2];
};

struct index {
	uint32_t v;
	char pad[60];
};

struct tp_bench_loop {
	struct tp_bench_loop_config config;
	char *memory;
	uint64_t *pages[MEMORY / PAGE / LEAF + 1]; /* address of a page | READ | WRITE */
	struct tx_desc *tx;
	struct rx_desc *rx;
	struct index tx_tail, rx_tail, stop; /* between threads */
	uint32_t sent, completed;	     /* the sender's */
	uint32_t received, posted;	     /* the receiver's */
	uint32_t head;			     /* the device's, of both rings */
	uint64_t frames, bytes;
	pthread_t device;
};

static uint32_t get(const struct index *index)
{
	return __atomic_load_n(&index->v, __ATOMIC_ACQUIRE);
}

static void set(struct index *index, uint32_t value)
{
	__atomic_store_n(&index->v, value, __ATOMIC_RELEASE);
}

/* ---- the device ------------------------------------------------------------------------------ */

static inline void *look_up(const struct tp_bench_loop *l, uint64_t address, uint32_t len,
			    unsigned want)
{
	uint64_t first = address / PAGE, last = (address + len - 1) / PAGE;

	if (!l->config.check)
		return l->memory + address;
	for (uint64_t page = first; page <= last; page++)
		if (!l->pages[page / LEAF] || !(l->pages[page / LEAF][page % LEAF] & want))
			abort();
	return (char *)(uintptr_t)(l->pages[first / LEAF][first % LEAF] & ~(uint64_t)(PAGE - 1)) +
	       address % PAGE;
}

static inline void move_frame(struct tp_bench_loop *l)
{
	struct tx_desc *tx = &l->tx[l->head % RING];
	struct rx_desc *rx = &l->rx[l->head % RING];
	uint64_t status = tx->status;
	uint32_t len = status >> TX_LEN_SHIFT & LEN_MASK;

	memcpy(look_up(l, rx->address, len, WRITE), look_up(l, tx->address, len, READ), len);
	rx->address = rx->unused[0] = rx->unused[1] = 0;
	__atomic_store_n(&rx->status, RX_DONE | (uint64_t)len << RX_LEN_SHIFT, __ATOMIC_RELEASE);
	if (status & TX_RS)
		__atomic_store_n(&tx->status, status | TX_DONE, __ATOMIC_RELEASE);
	l->head++;
}

static uint32_t run_device(struct tp_bench_loop *l)
{
	uint32_t tx_tail = get(&l->tx_tail), rx_tail = get(&l->rx_tail), n = 0;

	for (; n < DEVICE_BATCH && l->head != tx_tail && l->head != rx_tail; n++)
		move_frame(l);
	return n;
}

static void *device_thread(void *arg)
{
	struct tp_bench_loop *l = arg;

	tp_bench_pin(1);
	while (!get(&l->stop))
		if (!run_device(l))
			__builtin_ia32_pause();
	return NULL;
}

/* ---- sender ---------------------------------------------------------------------------------- */

static void complete(struct tp_bench_loop *l)
{
	unsigned batch = l->config.batch;

	while (l->sent - l->completed >= batch) {
		const struct tx_desc *last = &l->tx[(l->completed + batch - 1) % RING];

		if ((__atomic_load_n(&last->status, __ATOMIC_ACQUIRE) & TX_DONE) != TX_DONE)
			break;
		l->completed += batch;
	}
}

static void send_batch(struct tp_bench_loop *l)
{
	unsigned batch = l->config.batch;

	complete(l);
	if (RING - 1 - (l->sent - l->completed) < batch + 4)
		return;
	for (unsigned i = 0; i < batch; i++, l->sent++) {
		struct tx_desc *desc = &l->tx[l->sent % RING];

		desc->address = (uint64_t)(l->sent % RING) * PAGE + HEADROOM;
		desc->status = TX_EOP_ICRC | (i == batch - 1 ? TX_RS : 0) |
			       (uint64_t)l->config.frame_len << TX_LEN_SHIFT;
	}
	set(&l->tx_tail, l->sent);
}

/* ---- receiver -------------------------------------------------------------------------------- */

static uint64_t rx_address(uint32_t slot)
{
	return TX_BYTES + (uint64_t)(slot % RING) * RX_BUF + HEADROOM;
}

static void post(struct tp_bench_loop *l)
{
	while (l->received + RING - 1 - l->posted >= STEP) {
		for (unsigned i = 0; i < STEP; i++, l->posted++) {
			l->rx[l->posted % RING].address = rx_address(l->posted);
			l->rx[l->posted % RING].status = 0;
		}
	}
	set(&l->rx_tail, l->posted);
}

static void receive(struct tp_bench_loop *l)
{
	unsigned n = 0;

	for (; n < POLL && l->received != l->posted; n++, l->received++) {
		uint64_t status =
			__atomic_load_n(&l->rx[l->received % RING].status, __ATOMIC_ACQUIRE);

		if (!(status & 1))
			break;
		l->bytes += status >> RX_LEN_SHIFT & LEN_MASK;
		(void)*(volatile char *)(l->memory + rx_address(l->received));
	}
	if (n)
		post(l);
	l->frames += n;
}

uint64_t tp_bench_loop_run(struct tp_bench_loop *l, uint64_t frames)
{
	uint64_t begin = l->frames;

	while (l->frames - begin < frames) {
		send_batch(l);
		if (!l->config.two_cores)
			run_device(l);
		receive(l);
	}
	return l->frames - begin;
}

/* ---- making it ------------------------------------------------------------------------------- */

static void fill_table(struct tp_bench_loop *l)
{
	for (uint64_t page = 0; page < MEMORY / PAGE; page++) {
		if (!l->pages[page / LEAF])
			l->pages[page / LEAF] = calloc(LEAF, sizeof(uint64_t));
		if (!l->pages[page / LEAF])
			tp_bench_die("table");
		l->pages[page / LEAF][page % LEAF] =
			(uint64_t)(uintptr_t)(l->memory + page * PAGE) | READ | WRITE;
	}
}

struct tp_bench_loop *tp_bench_loop_create(const struct tp_bench_loop_config *config)
{
	struct tp_bench_loop *l = aligned_alloc(64, sizeof(*l));

	if (!l)
		return NULL;
	memset(l, 0, sizeof(*l));
	l->config = *config;
	l->memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	l->tx = aligned_alloc(PAGE, RING * sizeof(*l->tx));
	l->rx = aligned_alloc(PAGE, RING * sizeof(*l->rx));
	if (l->memory == MAP_FAILED || !l->tx || !l->rx)
		tp_bench_die("rings");
	memset(l->tx, 0, RING * sizeof(*l->tx));
	memset(l->rx, 0, RING * sizeof(*l->rx));
	fill_table(l);
	post(l);
	if (config->two_cores && pthread_create(&l->device, NULL, device_thread, l))
		tp_bench_die("device thread");
	return l;
}

void tp_bench_loop_destroy(struct tp_bench_loop *l)
{
	set(&l->stop, 1);
	if (l->config.two_cores)
		pthread_join(l->device, NULL);
	for (unsigned i = 0; i < sizeof(l->pages) / sizeof(l->pages[0]); i++)
		free(l->pages[i]);
	munmap(l->memory, MEMORY);
	free(l->tx);
	free(l->rx);
	free(l);
}
