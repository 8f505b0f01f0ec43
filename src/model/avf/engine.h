/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* engine - what the descriptor engines and the port share among their files. */
#ifndef TP_MODEL_AVF_ENGINE_H
#define TP_MODEL_AVF_ENGINE_H

#include "model/avf/internal.h"
#include "model/packet_tso.h"

enum {
	TP_AVF_BATCH = 64,	 /* frames in one call of a wire, and in one burst */
	TP_AVF_MAX_WIRE = 9728,	 /* bytes of a frame that is sent, without FCS */
	TP_AVF_RING_ALIGN = 128, /* of descriptor rings, so that no descriptor crosses a page */
};

/* ---- rings in memory ------------------------------------------------------------------------- */

/* A ring as one burst sees it: the page looked up last need not be looked up again (D2). */
struct tp_avf_ring_view {
	struct tp_iommu *iommu;
	uint64_t base;
	uint64_t page; /* I/O page number; UINT64_MAX: none yet */
	char *host;
};

static inline void tp_avf_ring_view_init(struct tp_avf_ring_view *view, struct tp_iommu *iommu,
					 tp_dma_addr base)
{
	*view = (struct tp_avf_ring_view){ .iommu = iommu, .base = base.v, .page = UINT64_MAX };
}

/* The page must be there for both ways: descriptors are read and written back.  NULL: fault. */
char *tp_avf_ring_page(struct tp_avf_ring_view *view, uint64_t page);

static inline void *tp_avf_ring_at(struct tp_avf_ring_view *view, size_t offset)
{
	uint64_t at = view->base + offset, page = at >> TP_IOMMU_PAGE_SHIFT;
	char *host = tp_likely(page == view->page) ? view->host : tp_avf_ring_page(view, page);

	return tp_likely(host) ? host + (at & (TP_IOMMU_PAGE - 1)) : NULL;
}

/* How many descriptors of @size lie in the page of the one at @offset, from there on. */
static inline unsigned tp_avf_ring_run(const struct tp_avf_ring_view *view, size_t offset,
				       size_t size)
{
	uint64_t at = (view->base + offset) & (TP_IOMMU_PAGE - 1);

	return (unsigned)((TP_IOMMU_PAGE - at) / size);
}

/* Descriptors from @head up to the tail; a tail that is out of range gives none. */
static inline unsigned tp_avf_ring_pending(unsigned count, unsigned head, uint32_t tail)
{
	if (tp_unlikely(tail >= count))
		return 0;
	return tail >= head ? tail - head : count + tail - head;
}

/* How much of @len lies in the I/O page of @at. */
static inline uint32_t tp_avf_in_page(uint64_t at, uint32_t len)
{
	return TP_MIN(len, (uint32_t)(TP_IOMMU_PAGE - (at & (TP_IOMMU_PAGE - 1))));
}

/* ---- addresses ------------------------------------------------------------------------------- */

enum tp_avf_cast { TP_AVF_UNICAST, TP_AVF_MULTICAST, TP_AVF_BROADCAST, TP_AVF_NR_CASTS };

static inline uint64_t tp_avf_mac_word(const uint8_t *mac)
{
	uint32_t first;
	uint16_t last;

	memcpy(&first, mac, sizeof(first));
	memcpy(&last, mac + sizeof(first), sizeof(last));
	return first | (uint64_t)last << 32;
}

static inline enum tp_avf_cast tp_avf_cast_of(uint64_t mac_word)
{
	if (tp_likely(!(mac_word & 1)))
		return TP_AVF_UNICAST;
	return mac_word == 0xffffffffffff ? TP_AVF_BROADCAST : TP_AVF_MULTICAST;
}

/* One of the function's own, by the port's tables, under its lock. */
bool tp_avf_port_has_mac(const struct tp_avf_port *port, uint64_t mac_word);
/* Bring the port's tables up to date, under its lock. */
void tp_avf_port_derive(struct tp_avf_port *port);

/* ---- transmit (engine_tx.c, engine_tx_offload.c) --------------------------------------------- */

enum {
	TP_AVF_BATCH_PIECES = 256,
	TP_AVF_BATCH_HEADERS = 8192,
	TP_AVF_TX_BUFS = 256, /* of one frame that is to be cut; more is malformed */
	TP_AVF_TX_HEADER = TP_TSO_MAX_HEADER + 2 * TP_ETH_TAG,
};

/* What one burst of a transmit engine gathers before it goes to the wire. */
struct tp_avf_tx_batch {
	struct tp_avf_model *m;
	struct tp_avf_tx_engine *e;
	struct tp_avf_ring_view ring;
	struct tp_avf_queue_counts counts; /* to be added to the engine's */
	uint64_t casts[TP_AVF_NR_CASTS];   /* frames sent, by destination */
	/* frames that wait for the wire */
	unsigned nr_frames, nr_pieces, nr_header_bytes;
	unsigned first; /* piece of the frame that is being put together */
	/* descriptors to be written back when their data was read */
	unsigned nr_done;
	struct tp_avf_tx_done {
		tp_atomic_u64 *qw1;
		uint64_t value;
	} done[TP_AVF_BATCH];
	struct tp_wire_frame frames[TP_AVF_BATCH];
	struct tp_wire_piece pieces[TP_AVF_BATCH_PIECES];
	uint8_t headers[TP_AVF_BATCH_HEADERS];
};

/* A frame as its descriptors have it, each read once. */
struct tp_avf_tx_frame {
	bool malformed, has_context;
	uint64_t context[2];
	uint64_t qw1; /* of the first data descriptor: what is to be done */
	unsigned nr_descs, nr_bufs;
	uint32_t len;
	struct tp_avf_tx_done done; /* qw1 NULL: nobody wants to know */
	struct tp_avf_tx_mem {
		uint64_t addr;
		uint32_t len;
	} bufs[TP_AVF_TX_BUFS];
};

/* A place in the memory of a frame. */
struct tp_avf_tx_cursor {
	const struct tp_avf_tx_mem *buf;
	uint32_t at;
};

/* Room for one more frame, whatever it is; without, the batch has to be flushed. */
static inline bool tp_avf_tx_has_room(const struct tp_avf_tx_batch *b)
{
	return b->nr_frames < TP_AVF_BATCH &&
	       b->nr_pieces + TP_WIRE_PIECES <= TP_AVF_BATCH_PIECES &&
	       b->nr_header_bytes + TP_AVF_TX_HEADER <= TP_AVF_BATCH_HEADERS;
}

/* Hand the frames to the wire. */
void tp_avf_tx_flush(struct tp_avf_tx_batch *b);
/* A frame is put together: its pieces begin here. */
static inline void tp_avf_tx_begin(struct tp_avf_tx_batch *b)
{
	b->first = b->nr_pieces;
}

/* Add @len bytes at the cursor to the pieces of the frame, and move it.  False: a fault. */
bool tp_avf_tx_take(struct tp_avf_tx_batch *b, struct tp_avf_tx_cursor *cursor, uint32_t len);
/* The frame is complete. */
void tp_avf_tx_push(struct tp_avf_tx_batch *b, uint32_t len, unsigned flags);
/* It cannot be: @n frames are dropped and counted in @counter, one of b->counts. */
void tp_avf_tx_discard(struct tp_avf_tx_batch *b, uint64_t *counter, unsigned n);

/* What a frame asks of the device, in bytes. */
struct tp_avf_tx_wish {
	unsigned l3_at, l4_at;
	unsigned header_len; /* what has to be changed lies in it; 0: nothing */
	bool ipv4_csum, ipv6, tso;
	uint8_t proto;	  /* whose checksum is to be filled in; 0: none */
	unsigned nr_tags; /* to be inserted */
	uint16_t tags[2]; /* outer first */
	uint32_t mss, tso_len;
};

/* False: the descriptors contradict each other or the rules (T14). */
bool tp_avf_tx_wish_of(const struct tp_avf_tx_frame *f, struct tp_avf_tx_wish *wish);
/* Do what is asked, for a frame as a whole and for one that is to be cut. */
void tp_avf_tx_whole(struct tp_avf_tx_batch *b, const struct tp_avf_tx_frame *f,
		     const struct tp_avf_tx_wish *wish);
void tp_avf_tx_segments(struct tp_avf_tx_batch *b, const struct tp_avf_tx_frame *f,
			const struct tp_avf_tx_wish *wish);

/* ---- receive (port.c, engine_rx.c) ----------------------------------------------------------- */

/* What the port found out about a frame. */
struct tp_avf_rx_meta {
	uint64_t qw1; /* status, errors and packet type of its last descriptor */
	uint32_t hash;
	uint16_t tci; /* of the tag that is to be taken out, */
	bool strip;   /* if this is set */
	uint8_t next; /* frame for the same queue; TP_AVF_BATCH: none */
	/* where a sum is to be checked, that of the pseudo header included; 0: nowhere */
	uint16_t l4_at;
	uint32_t l4_len;
	uint64_t pseudo;
};

/* The frames of a batch that one queue gets, in order. */
struct tp_avf_rx_list {
	uint8_t first, last, nr;
};

/* Put them into the ring of queue @q. */
void tp_avf_rx_write(struct tp_avf_model *m, unsigned q, const struct tp_wire_frame *frames,
		     const struct tp_avf_rx_meta *metas, struct tp_avf_rx_list list);

#endif
