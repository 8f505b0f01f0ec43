/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_avf_tx - whatever stands in a transmit ring of the simulated function, it reads nothing that
 * it was not given, what it sends is a frame, and each frame is counted once.
 *
 * I/O pages are allocations of their own, which are freed when they are unmapped, so that a
 * sanitizer sees every access beside or after them.
 *
 * A line is a letter and hexadecimal numbers:
 *	d AT QW1	a data descriptor for byte AT of the data pages, as it is
 *	r QW0 QW1	any descriptor
 *	x SLOT WORD	change a word of the ring afterwards
 *	p AT BYTES	put bytes into the data pages
 *	f KIND LEN CUT	a packet of LEN bytes of payload with sound headers, in buffers of CUT
 *			bytes; KIND: 1 IPv6, 2 TCP, 4 a tag, 8 to be cut, 10 tag to be inserted
 *	t TAIL		write the tail
 *	g		write the tail behind what was posted
 *	u PAGE, m PAGE	unmap and map a page: 0 is the ring's
 *	l		the link goes, and comes back with the next l
 *	e		disable, configure and enable the queue
 * A line that begins otherwise is one of these by its first byte.
 */
#define FUZZ_LINES 96
#include "fuzz.h"

#include "core/alloc.h"
#include "model/avf/internal.h"

enum { PAGES = 8, FIRST_PAGE = 16, RING = 64, DATA_BYTES = (PAGES - 1) * TP_IOMMU_PAGE };

struct world {
	struct tp_avf_model *model;
	struct tp_iommu *iommu;
	struct tp_wire *wire;
	uint8_t *pages[PAGES]; /* NULL: not mapped */
	unsigned tail;
	bool link_down;
	uint64_t seen, frames, bytes; /* at the other end */
};

/* ---- the other end --------------------------------------------------------------------------- */

static void look_at(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	struct world *w = arg;

	for (unsigned i = 0; i < n; i++) {
		size_t len = 0;

		TP_INVARIANT(frames[i].nr_pieces && frames[i].nr_pieces <= TP_WIRE_PIECES);
		for (unsigned p = 0; p < frames[i].nr_pieces; p++) {
			const struct tp_wire_piece *piece = &frames[i].pieces[p];

			for (size_t at = 0; at < piece->len; at++)
				w->seen += ((const uint8_t *)piece->data)[at];
			len += piece->len;
		}
		TP_INVARIANT(len == frames[i].len && len >= TP_ETH_MIN);
		w->bytes += len;
	}
	w->frames += n;
}

/* ---- the world ------------------------------------------------------------------------------- */

static tp_dma_addr dma_of(uint64_t at)
{
	return (tp_dma_addr){ (uint64_t)FIRST_PAGE * TP_IOMMU_PAGE + at };
}

static void map(struct world *w, unsigned page)
{
	int err;

	if (w->pages[page])
		return;
	w->pages[page] = tp_zalloc_aligned(TP_IOMMU_PAGE, TP_IOMMU_PAGE);
	if (!w->pages[page])
		return; /* a fault that was asked for */
	err = tp_iommu_set(w->iommu, dma_of((uint64_t)page * TP_IOMMU_PAGE), w->pages[page],
			   TP_IOMMU_READ | TP_IOMMU_WRITE, "fuzz");
	if (err) {
		tp_free(w->pages[page]);
		w->pages[page] = NULL;
	}
}

static void unmap(struct world *w, unsigned page)
{
	tp_iommu_clear(w->iommu, dma_of((uint64_t)page * TP_IOMMU_PAGE));
	tp_iommu_sync(w->iommu);
	tp_free(w->pages[page]);
	w->pages[page] = NULL;
}

static void enable(struct world *w)
{
	const struct tp_vc_txq_info info = { .ring_len = RING, .dma_ring_addr = dma_of(0).v };

	tp_avf_engine_enable(w->model, 0, true, false);
	tp_avf_engine_config_tx(w->model, 0, &info);
	tp_avf_engine_enable(w->model, 0, true, true);
	w->tail = 0;
}

static void begin(struct world *w, struct tp_wire_end *end)
{
	const struct tp_avf_model_config config = { .name = "avf0", .no_timers = true };
	int err = tp_avf_model_create(&config, &w->model);

	TP_INVARIANT(!err);
	w->iommu = tp_zalloc_aligned(64, sizeof(*w->iommu));
	TP_INVARIANT(w->iommu);
	tp_iommu_init(w->iommu, "avf0");
	for (unsigned i = 0; i < PAGES; i++)
		map(w, i);
	w->model->bus.iommu = w->iommu;
	err = tp_wire_create(&w->wire);
	TP_INVARIANT(!err);
	*end = (struct tp_wire_end){ .receive = look_at, .arg = w };
	err = tp_wire_plug(w->wire, 1, end);
	TP_INVARIANT(!err);
	err = tp_avf_model_plug(w->model, w->wire, 0);
	TP_INVARIANT(!err);
	enable(w);
}

static void check_counts(struct world *w)
{
	struct tp_avf_model_stat stat;
	const struct tp_avf_queue_counts *c = &stat.queue[0];

	tp_avf_model_stat(w->model, &stat);
	TP_INVARIANT(c->tx_frames == c->tx_sent + c->tx_drop_malformed + c->tx_drop_fault +
					     c->tx_drop_spoof + c->tx_drop_link);
	TP_INVARIANT(c->tx_sent == w->frames && c->tx_bytes == w->bytes);
}

static void end(struct world *w)
{
	check_counts(w);
	tp_avf_model_destroy(w->model);
	tp_wire_unplug(w->wire, 1);
	tp_wire_destroy(w->wire);
	for (unsigned i = 0; i < PAGES; i++)
		unmap(w, i);
	tp_iommu_fini(w->iommu);
	tp_free(w->iommu);
}

/* ---- what a line says ------------------------------------------------------------------------ */

static void put_byte(struct world *w, uint64_t at, uint8_t byte)
{
	uint8_t *page = w->pages[1 + at / TP_IOMMU_PAGE % (PAGES - 1)];

	if (page)
		page[at % TP_IOMMU_PAGE] = byte;
}

static void post(struct world *w, uint64_t qw0, uint64_t qw1)
{
	struct tp_avf_tx_desc *ring = (void *)w->pages[0];

	if (ring) {
		ring[w->tail].addr = qw0;
		tp_atomic_store(&ring[w->tail].qw1, qw1, TP_RELAXED);
	}
	w->tail = (w->tail + 1) % RING;
}

static void do_data(struct world *w, char *text)
{
	uint64_t at = fuzz_number(&text);

	post(w, dma_of(TP_IOMMU_PAGE + at).v, fuzz_number(&text) & ~TP_AVF_TXD_DTYPE);
}

static void do_raw(struct world *w, char *text)
{
	uint64_t qw0 = fuzz_number(&text);

	post(w, qw0, fuzz_number(&text));
}

static void do_change(struct world *w, char *text)
{
	uint64_t *ring = (void *)w->pages[0];
	uint64_t slot = fuzz_number(&text) % (2 * RING);

	if (ring)
		ring[slot] = fuzz_number(&text);
}

static void do_put(struct world *w, char *text)
{
	uint64_t at = fuzz_number(&text);
	uint8_t bytes[4096];
	size_t n = fuzz_bytes(text, bytes, sizeof(bytes));

	for (size_t i = 0; i < n; i++)
		put_byte(w, at + i, bytes[i]);
}

static void do_tail(struct world *w, char *text)
{
	tp_avf_engine_doorbell(w->model, 0, true, (uint32_t)fuzz_number(&text));
}

static void do_go(struct world *w, tp_unused char *text)
{
	tp_avf_engine_doorbell(w->model, 0, true, w->tail);
}

static void do_unmap(struct world *w, char *text)
{
	unmap(w, fuzz_number(&text) % PAGES);
}

static void do_map(struct world *w, char *text)
{
	map(w, fuzz_number(&text) % PAGES);
}

static void do_link(struct world *w, tp_unused char *text)
{
	w->link_down = !w->link_down;
	tp_avf_model_set_link(w->model, !w->link_down);
}

static void do_enable(struct world *w, tp_unused char *text)
{
	enable(w);
}

/* ---- a sound packet -------------------------------------------------------------------------- */

enum { KIND_IPV6 = 1, KIND_TCP = 2, KIND_TAG = 4, KIND_TSO = 8, KIND_INSERT = 16 };

struct layout {
	unsigned l3_at, l4_at, len; /* of the headers */
};

static struct layout make_headers(unsigned kind, unsigned payload, uint8_t *to)
{
	struct layout l = { .l3_at = kind & KIND_TAG ? 18 : 14 };
	bool tcp = kind & KIND_TCP;

	l.l4_at = l.l3_at + (kind & KIND_IPV6 ? 40 : 20);
	l.len = l.l4_at + (tcp ? 20 : 8);
	if (kind & KIND_TAG)
		tp_put_be16(to + 12, 0x8100);
	tp_put_be16(to + l.l3_at - 2, kind & KIND_IPV6 ? 0x86dd : 0x0800);
	to[l.l3_at] = kind & KIND_IPV6 ? 0x60 : 0x45;
	to[l.l3_at + (kind & KIND_IPV6 ? 6 : 9)] = tcp ? TP_IP_TCP : TP_IP_UDP;
	tp_put_be16(to + l.l3_at + (kind & KIND_IPV6 ? 4 : 2),
		    (uint16_t)(payload + l.len - (kind & KIND_IPV6 ? l.l4_at : l.l3_at)));
	to[l.l4_at + (tcp ? 12 : 5)] = tcp ? 0x50 : 8;
	return l;
}

static uint64_t fields_of(unsigned kind, const struct layout *l)
{
	uint64_t cmd = TP_AVF_TXC_ICRC |
		       (kind & KIND_IPV6 ? TP_AVF_TXC_IIPT_IPV6 : TP_AVF_TXC_IIPT_IPV4_CSUM) |
		       (kind & KIND_TCP ? TP_AVF_TXC_L4T_TCP : TP_AVF_TXC_L4T_UDP) |
		       (kind & KIND_INSERT ? TP_AVF_TXC_IL2TAG1 : 0);

	return cmd << TP_AVF_TXD_CMD_SHIFT | (uint64_t)(l->l3_at / 2) << TP_AVF_TXD_MACLEN_SHIFT |
	       (uint64_t)((l->l4_at - l->l3_at) / 4) << TP_AVF_TXD_IPLEN_SHIFT |
	       (uint64_t)((l->len - l->l4_at) / 4) << TP_AVF_TXD_L4LEN_SHIFT;
}

static void do_frame(struct world *w, char *text)
{
	unsigned kind = (unsigned)fuzz_number(&text),
		 payload = (unsigned)(fuzz_number(&text) % 20000);
	unsigned cut = 1 + (unsigned)(fuzz_number(&text) % TP_AVF_MAX_TXD_BYTES), size, n;
	uint8_t headers[128] = { 0 };
	struct layout l = make_headers(kind, payload, headers);
	uint64_t qw1 = fields_of(kind, &l);

	for (unsigned i = 0; i < l.len; i++)
		put_byte(w, i, headers[i]);
	if (kind & KIND_TSO)
		post(w, 0,
		     TP_AVF_TXD_CONTEXT | TP_AVF_TXX_TSO << TP_AVF_TXD_CMD_SHIFT |
			     (uint64_t)payload << TP_AVF_TXX_TSOLEN_SHIFT |
			     (uint64_t)(64 + cut % 2000) << TP_AVF_TXX_MSS_SHIFT);
	size = l.len + payload;
	for (unsigned at = 0; at < size; at += n) {
		n = TP_MIN(cut, size - at);
		if (at + n == size)
			qw1 |= (TP_AVF_TXC_EOP | TP_AVF_TXC_RS) << TP_AVF_TXD_CMD_SHIFT;
		post(w, dma_of(TP_IOMMU_PAGE + at).v, qw1 | (uint64_t)n << TP_AVF_TXD_BUFSZ_SHIFT);
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	char letter;
	void (*run)(struct world *w, char *text);
} kinds[] = {
	{ 'd', do_data },  { 'r', do_raw },  { 'x', do_change }, { 'p', do_put },
	{ 'f', do_frame }, { 't', do_tail }, { 'g', do_go },	 { 'u', do_unmap },
	{ 'm', do_map },   { 'l', do_link }, { 'e', do_enable },
};

static void run_line(void *arg, char *text, tp_unused size_t length)
{
	FUZZ_KIND(kinds, text)->run(arg, text + 1);
	check_counts(arg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .tail = 0 };
	struct tp_wire_end other;

	begin(&w, &other);
	fuzz_lines(data, size, run_line, &w);
	end(&w);
	return 0;
}
