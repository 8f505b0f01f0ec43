/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * packet - what SDMA 4.0's packets do.
 *
 * What would mean another packet, or another order of bytes, makes no sense here: an engine
 * that ignored it would hide that a driver asked for it.
 *
 * Long ones are done in parts (ring->done says how far), so that a burst ends.  Words are stored
 * whole where they are aligned: eight bytes at a time if the packet says so, otherwise four or one.
 */
#include "model/amd/packet.h"

#include <string.h>

#include "core/stream.h"

enum {
	MOST = 10,
	PART = 16 * TP_PAGE_SIZE,
	PACKED = TP_PAGE_SIZE / 4,
	REGISTERS = (1 << 18) - 1, /* that a packet can write */

	/* Of headers: encrypted, of a trusted zone, and to two places; bytes swapped. */
	ENCRYPTED = 1 << 16,
	TRUSTED = 1 << 18,
	BROADCAST = 1 << 27,
	FILL_SWAP = 3 << 16,
	/* Of other dwords: COPY's third, and WRITE's count. */
	COPY_SWAP = 3 << 16 | 1 << 22 | 3 << 24 | 1 << 30,
	WRITE_SWAP = 3 << 24,
};

bool tp_ahw_compare(const struct tp_ahw_wish *wish, uint32_t value)
{
	const uint32_t masked = value & wish->mask, reference = wish->reference;

	switch (wish->function) {
	case 1:
		return masked < reference;
	case 2:
		return masked <= reference;
	case TP_SDMA_COMPARE_EQUAL:
		return masked == reference;
	case 4:
		return masked != reference;
	case TP_SDMA_COMPARE_GREATER_EQUAL:
		return masked >= reference;
	case 6:
		return masked > reference;
	default:
		return true;
	}
}

static uint64_t address(const uint32_t *words)
{
	return words[0] | (uint64_t)words[1] << 32;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void store(void *to, const void *from, size_t len)
{
	uint64_t wide;
	uint32_t word;

	if (len == sizeof(wide)) {
		memcpy(&wide, from, sizeof(wide));
		tp_atomic_store((tp_atomic_u64 *)to, wide, TP_RELEASE);
	} else if (len == sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		tp_atomic_store((tp_atomic_u32 *)to, word, TP_RELEASE);
	} else {
		tp_atomic_store((tp_atomic_u8 *)to, *(const uint8_t *)from, TP_RELEASE);
	}
}

static void load(void *to, const void *from, size_t len)
{
	uint64_t wide;
	uint32_t word;

	if (len == sizeof(wide)) {
		wide = tp_atomic_load((const tp_atomic_u64 *)from, TP_ACQUIRE);
		memcpy(to, &wide, sizeof(wide));
	} else if (len == sizeof(word)) {
		word = tp_atomic_load((const tp_atomic_u32 *)from, TP_ACQUIRE);
		memcpy(to, &word, sizeof(word));
	} else {
		*(uint8_t *)to = tp_atomic_load((const tp_atomic_u8 *)from, TP_ACQUIRE);
	}
}

/* The largest unit that both are aligned to and that is left. */
static size_t unit_of(uintptr_t a, uint64_t len)
{
	if (!(a % 8) && len >= 8)
		return 8;
	return !(a % 4) && len >= 4 ? 4 : 1;
}

/* So many bytes as are whole words that lie where such words can. */
static uint64_t words_of(const void *place, uint64_t len)
{
	return (uintptr_t)place % sizeof(uint64_t) ? 0 : len & ~(uint64_t)(sizeof(uint64_t) - 1);
}

static void put_run(char *to, const char *from, uint64_t len)
{
	const uint64_t words = words_of(to, len);

	tp_stream_copy((tp_atomic_u64 *)(void *)to, from, words / sizeof(uint64_t));
	for (uint64_t i = words, unit; i < len; i += unit) {
		unit = unit_of((uintptr_t)(to + i), len - i);
		store(to + i, from + i, unit);
	}
}

static void get_run(char *to, const char *from, uint64_t len)
{
	const tp_atomic_u64 *const wide = (const tp_atomic_u64 *)(const void *)from;
	const uint64_t words = words_of(from, len);

	for (uint64_t i = 0; i < words / sizeof(*wide); i++) {
		const uint64_t word = tp_atomic_load(&wide[i], TP_ACQUIRE);

		memcpy(to + i * sizeof(word), &word, sizeof(word));
	}
	for (uint64_t i = words, unit; i < len; i += unit) {
		unit = unit_of((uintptr_t)(from + i), len - i);
		load(to + i, from + i, unit);
	}
}

static void put_bytes(struct tp_ahw_ring *ring, uint64_t va, const char *from, uint64_t len)
{
	for (uint64_t n; len; va += n, len -= n, from += n) {
		bool prt;
		char *to;

		n = len;
		to = tp_ahw_translate(ring, va, &n, true, &prt);
		if (to)
			put_run(to, from, n);
	}
}

/* Zeroes where there is nothing. */
static void get_bytes(struct tp_ahw_ring *ring, uint64_t va, char *to, uint64_t len)
{
	for (uint64_t n; len; va += n, len -= n, to += n) {
		const char *from;
		bool prt;

		n = len;
		from = tp_ahw_translate(ring, va, &n, false, &prt);
		if (from)
			get_run(to, from, n);
		else
			memset(to, 0, n);
	}
}

/* ---- long packets: a part at a time, then @dwords are over ----------------------------------- */

static enum tp_ahw_step part_done(struct tp_ahw_ring *ring, uint64_t part, uint64_t all,
				  uint32_t dwords)
{
	ring->done += part;
	if (ring->done == all)
		tp_ahw_stream_skip(ring, dwords);
	return TP_AHW_DONE;
}

static uint64_t next_part(const struct tp_ahw_ring *ring, uint64_t all, uint64_t most)
{
	return TP_MIN(all - ring->done, most);
}

static enum tp_ahw_step copy(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint64_t all = (w[1] & (TP_SDMA_COPY_MAX - 1)) + UINT64_C(1);
	const uint64_t part = next_part(ring, all, TP_PAGE_SIZE);
	char bytes[TP_PAGE_SIZE];

	if (w[0] & (ENCRYPTED | TRUSTED | BROADCAST) || w[2] & COPY_SWAP)
		return TP_AHW_BAD;
	get_bytes(ring, address(w + 3) + ring->done, bytes, part);
	put_bytes(ring, address(w + 5) + ring->done, bytes, part);
	ring->stat.loads += part;
	ring->stat.stores += part;
	return part_done(ring, part, all, TP_SDMA_COPY_DW);
}

static enum tp_ahw_step write(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint32_t all = (w[3] & (TP_SDMA_WRITE_MAX - 1)) + 1;
	const uint32_t part = (uint32_t)next_part(ring, all, PACKED);
	uint32_t words[PACKED];

	if (tp_ahw_stream_left(ring) < TP_SDMA_WRITE_DW + all || w[0] & (ENCRYPTED | TRUSTED) ||
	    w[3] & WRITE_SWAP)
		return TP_AHW_BAD;
	tp_ahw_stream_read(ring, TP_SDMA_WRITE_DW + (uint32_t)ring->done, part, words);
	put_bytes(ring, address(w + 1) + ring->done * 4, (const char *)words, (uint64_t)part * 4);
	ring->stat.stores += (uint64_t)part * 4;
	return part_done(ring, part, all, TP_SDMA_WRITE_DW + all);
}

/* Units of 1, 2, 4 or 8 bytes, of which the data's low ones are repeated. */
static void make_pattern(char *bytes, size_t len, uint32_t data, unsigned log2)
{
	const uint64_t wide = data | (uint64_t)data << 32;
	const size_t unit = (size_t)1 << log2;

	for (size_t i = 0; i < len; i += unit)
		memcpy(bytes + i, &wide, TP_MIN(unit, len - i));
}

static enum tp_ahw_step fill(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint64_t all = (w[4] & (TP_SDMA_FILL_MAX - 1)) + UINT64_C(1);
	const uint64_t part = next_part(ring, all, TP_PAGE_SIZE);
	char bytes[TP_PAGE_SIZE];

	if (w[0] & FILL_SWAP)
		return TP_AHW_BAD;
	make_pattern(bytes, part, w[3], w[0] >> 30);
	put_bytes(ring, address(w + 1) + ring->done, bytes, part);
	ring->stat.fills += part;
	ring->stat.stores += part;
	return part_done(ring, part, all, TP_SDMA_FILL_DW);
}

/* Entries from the @i-th on, without a copy: this is what tables are filled with. */
static void put_entries(struct tp_ahw_ring *ring, const uint32_t *w, uint64_t i, uint64_t n)
{
	const uint64_t flags = address(w + 3), first = address(w + 5), step = address(w + 7);
	const uint64_t end = i + n;

	while (i < end) {
		uint64_t len = (end - i) * sizeof(uint64_t);
		tp_atomic_u64 *to;
		bool prt;

		to = tp_ahw_translate(ring, address(w + 1) + i * sizeof(*to), &len, true, &prt);
		if (to)
			tp_stream_fill(to, first + i * step, step, flags, len / sizeof(*to));
		i += len / sizeof(*to);
	}
}

static enum tp_ahw_step ptepde(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint64_t all = (w[9] & (TP_SDMA_PTEPDE_MAX - 1)) + UINT64_C(1);
	const uint64_t part = next_part(ring, all, PART / sizeof(uint64_t));

	if (address(w + 1) % sizeof(uint64_t))
		return TP_AHW_BAD;
	put_entries(ring, w, ring->done, part);
	ring->stat.ptes += part;
	ring->stat.stores += part * sizeof(uint64_t);
	return part_done(ring, part, all, TP_SDMA_PTEPDE_DW);
}

/* ---- short ones ------------------------------------------------------------------------------ */

/* It ends at a multiple of 8 dwords of the ring, and what it leads to is as long. */
static enum tp_ahw_step indirect(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint64_t end = ring->rptr / 4 + TP_SDMA_INDIRECT_DW;
	const uint32_t dwords = w[3] & (TP_SDMA_IB_MAX - 1);

	if (ring->ib_left || end % TP_SDMA_IB_ALIGN_DW || dwords % TP_SDMA_IB_ALIGN_DW || w[1] % 32)
		return TP_AHW_BAD;
	tp_ahw_stream_skip(ring, TP_SDMA_INDIRECT_DW);
	ring->stat.ibs++;
	if (!dwords)
		return TP_AHW_DONE;
	ring->ib = address(w + 1);
	ring->ib_left = dwords;
	ring->vmid = w[0] >> 16 & (TP_AMD_NR_VMIDS - 1);
	return TP_AHW_DONE;
}

static enum tp_ahw_step fence(struct tp_ahw_ring *ring, const uint32_t *w)
{
	if (address(w + 1) % sizeof(uint32_t))
		return TP_AHW_BAD;
	put_bytes(ring, address(w + 1), (const char *)&w[3], sizeof(w[3]));
	ring->stat.stores += sizeof(w[3]);
	tp_ahw_stream_skip(ring, TP_SDMA_FENCE_DW);
	return TP_AHW_DONE;
}

static enum tp_ahw_step trap(struct tp_ahw_ring *ring, unsigned *vectors)
{
	*vectors |= 1u << (TP_AMD_VECTOR_RING + ring->id);
	tp_ahw_stream_skip(ring, TP_SDMA_TRAP_DW);
	return TP_AHW_DONE;
}

enum tp_ahw_step tp_ahw_poll_failed(struct tp_ahw_ring *ring, uint32_t again, unsigned *vectors)
{
	const uint32_t retries = again >> 16 & TP_SDMA_POLL_FOR_EVER;
	const uint64_t pause_ns = (again & 0xffff) * ring->model->config.cycle_ns;

	if (ring->polls == retries && retries != TP_SDMA_POLL_FOR_EVER) {
		ring->stat.timeouts++;
		*vectors |= 1u << TP_AMD_VECTOR_POLL;
		tp_ahw_stream_skip(ring, TP_SDMA_POLL_DW);
		return TP_AHW_DONE;
	}
	ring->polls += ring->polls < TP_SDMA_POLL_FOR_EVER;
	ring->poll_ns = pause_ns ? tp_clock_now() + pause_ns : 0;
	return TP_AHW_WAITS;
}

static enum tp_ahw_step poll_memory(struct tp_ahw_ring *ring, const uint32_t *w,
				    const struct tp_ahw_wish *wish, unsigned *vectors)
{
	uint32_t value;

	if (address(w + 1) % sizeof(value) || w[0] & TP_SDMA_POLL_HDP_FLUSH)
		return TP_AHW_BAD;
	get_bytes(ring, address(w + 1), (char *)&value, sizeof(value));
	if (!tp_ahw_compare(wish, value))
		return tp_ahw_poll_failed(ring, w[5], vectors);
	tp_ahw_stream_skip(ring, TP_SDMA_POLL_DW);
	return TP_AHW_DONE;
}

static enum tp_ahw_step poll(struct tp_ahw_ring *ring, const uint32_t *w, struct tp_ahw_wish *wish,
			     unsigned *vectors)
{
	if (ring->poll_ns && tp_clock_now() < ring->poll_ns)
		return TP_AHW_WAITS;
	*wish = (struct tp_ahw_wish){ .reg = w[1] >> 2,
				      .function = w[0] >> 28 & 7,
				      .reference = w[3],
				      .mask = w[4],
				      .again = w[5],
				      .dwords = TP_SDMA_POLL_DW };
	if (w[0] >> 31)
		return poll_memory(ring, w, wish, vectors);
	if (!(w[0] & TP_SDMA_POLL_HDP_FLUSH))
		return TP_AHW_WISHES;
	wish->flush = !ring->polls;
	return w[2] >> 2 == TP_AMD_HDP_REQUEST ? TP_AHW_WISHES : TP_AHW_BAD;
}

/* Of the ring only: what programs write is memory. */
static enum tp_ahw_step srbm_write(const struct tp_ahw_ring *ring, const uint32_t *w,
				   struct tp_ahw_wish *wish)
{
	*wish = (struct tp_ahw_wish){
		.write = true, .reg = w[1] & REGISTERS, .value = w[2], .dwords = TP_SDMA_SRBM_DW
	};
	for (unsigned byte = 0; byte < sizeof(*w); byte++)
		if (w[0] >> (28 + byte) & 1)
			wish->mask |= UINT32_C(0xff) << 8 * byte;
	return ring->ib_left && ring->vmid ? TP_AHW_BAD : TP_AHW_WISHES;
}

static enum tp_ahw_step nop(struct tp_ahw_ring *ring, const uint32_t *w)
{
	const uint32_t n = 1 + (w[0] >> 16 & 0x3fff);

	if (tp_ahw_stream_left(ring) < n)
		return TP_AHW_BAD;
	tp_ahw_stream_skip(ring, n);
	return TP_AHW_DONE;
}

/* ---- which ----------------------------------------------------------------------------------- */

static uint32_t length_of(uint32_t header)
{
	static const uint8_t lengths[] = {
		[TP_SDMA_NOP] = 1,
		[TP_SDMA_COPY] = TP_SDMA_COPY_DW,
		[TP_SDMA_WRITE] = TP_SDMA_WRITE_DW,
		[TP_SDMA_INDIRECT] = TP_SDMA_INDIRECT_DW,
		[TP_SDMA_FENCE] = TP_SDMA_FENCE_DW,
		[TP_SDMA_TRAP] = TP_SDMA_TRAP_DW,
		[TP_SDMA_POLL_REGMEM] = TP_SDMA_POLL_DW,
		[TP_SDMA_CONST_FILL] = TP_SDMA_FILL_DW,
		[TP_SDMA_PTEPDE] = TP_SDMA_PTEPDE_DW,
		[TP_SDMA_SRBM_WRITE] = TP_SDMA_SRBM_DW,
	};
	const uint32_t op = header & 0xff, kind = header >> 8 & 0xff;

	return op < TP_ARRAY_SIZE(lengths) && !kind ? lengths[op] : 0;
}

static enum tp_ahw_step execute(struct tp_ahw_ring *ring, const uint32_t *w,
				struct tp_ahw_wish *wish, unsigned *vectors)
{
	switch (w[0] & 0xff) {
	case TP_SDMA_NOP:
		return nop(ring, w);
	case TP_SDMA_COPY:
		return copy(ring, w);
	case TP_SDMA_WRITE:
		return write(ring, w);
	case TP_SDMA_INDIRECT:
		return indirect(ring, w);
	case TP_SDMA_FENCE:
		return fence(ring, w);
	case TP_SDMA_TRAP:
		return trap(ring, vectors);
	case TP_SDMA_POLL_REGMEM:
		return poll(ring, w, wish, vectors);
	case TP_SDMA_CONST_FILL:
		return fill(ring, w);
	case TP_SDMA_PTEPDE:
		return ptepde(ring, w);
	default:
		return srbm_write(ring, w, wish);
	}
}

static enum tp_ahw_step bad(struct tp_ahw_ring *ring)
{
	ring->bad = true;
	ring->stat.bad++;
	return TP_AHW_BAD;
}

enum tp_ahw_step tp_ahw_packet(struct tp_ahw_ring *ring, struct tp_ahw_wish *wish,
			       unsigned *vectors)
{
	const uint32_t left = tp_ahw_stream_left(ring);
	enum tp_ahw_step step;
	uint32_t words[MOST], n, seen;

	if (!left)
		return TP_AHW_WAITS;
	seen = tp_ahw_stream_peek(ring, 0, TP_MIN(left, (uint32_t)MOST), words);
	n = length_of(words[0]);
	if (!n || n > left)
		return bad(ring);
	if (n > seen)
		tp_ahw_stream_read(ring, seen, n - seen, words + seen);
	step = execute(ring, words, wish, vectors);
	ring->stat.packets += step == TP_AHW_DONE && !ring->done;
	return step == TP_AHW_BAD ? bad(ring) : step;
}
