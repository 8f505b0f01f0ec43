/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_avf_mailbox - whatever a driver writes to the simulated function, it reaches nothing that it
 * was not given, and after a reset it is as new.
 *
 * A line is a letter and hexadecimal numbers; bytes are a number of two digits each:
 *	w OFFSET VALUE	write a register (an offset that none can have chooses one)
 *	r OFFSET	read one
 *	m OP BYTES	send a message the way it should be sent
 *	d BYTES		send a descriptor of the driver's own making
 *	a SLOT BYTES	post such a one for messages of the device
 *	q RING AT BYTES	write to the memory of a queue's ring
 *	t QUEUE VALUE	write both tails of a queue
 *	s OP BYTES	the device sends a message
 *	f BYTES		a frame arrives
 *	b, p, P		the bus resets, the physical function does, announcing it or not
 *	h CAPS, u	reset and shake hands; reset and go all the way up
 *	l		the link goes, and comes back
 * A line that begins otherwise is one of these by its first byte, so that a mutated line still
 * acts.
 */
#define FUZZ_LINES 64
#include "fuzz.h"

#include "fuzz_unit.h"

#include "avf_raw.h"

enum { PAIRS = 4, CANARY = 0xC5 };

struct world {
	struct raw raw;
	struct tp_wire *wire;
	struct tp_owner owner;
	tp_pfn canary; /* a page that is mapped for nobody */
	uint8_t bytes[TP_AVF_AQ_BUF];
	size_t nr_bytes;
	uint64_t seen; /* of what was sent: it can be read */
};

/* ---- the world ------------------------------------------------------------------------------- */

static void look_at(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	struct world *w = arg;

	for (unsigned i = 0; i < n; i++)
		for (unsigned p = 0; p < frames[i].nr_pieces; p++)
			for (size_t at = 0; at < frames[i].pieces[p].len; at++)
				w->seen += ((const uint8_t *)frames[i].pieces[p].data)[at];
}

/* Once: a machine costs more than an input. */
static void make_machine_once(struct world *w)
{
	if (w->raw.machine)
		return;
	raw_begin_machine(&w->raw);
	w->owner.name = "canary";
	must(tp_owner_register(w->raw.machine, &w->owner));
	w->canary = take_pages(w->raw.machine, &w->owner, 0, TP_MIGRATE_UNMOVABLE, 0);
	memset(tp_page_address(w->raw.machine, w->canary), CANARY, TP_PAGE_SIZE);
}

static void begin(struct world *w, struct tp_wire_end *end)
{
	make_machine_once(w);
	raw_begin_device(&w->raw,
			 (struct tp_avf_model_config){ .queues = PAIRS, .no_timers = true });
	must(tp_wire_create(&w->wire));
	must(tp_avf_model_plug(w->raw.model, w->wire, 0));
	*end = (struct tp_wire_end){ .receive = look_at, .arg = w };
	must(tp_wire_plug(w->wire, 1, end));
	raw_aq_init(&w->raw);
}

static void check_canary(struct world *w)
{
	const uint8_t *page = tp_page_address(w->raw.machine, w->canary);

	for (unsigned i = 0; i < TP_PAGE_SIZE; i++)
		TP_INVARIANT(page[i] == CANARY);
}

static void reset(struct raw *r)
{
	r->bus->ops->reset(r->bus);
}

static void end(struct world *w)
{
	reset(&w->raw);
	raw_up(&w->raw, UINT32_MAX, PAIRS);
	check_canary(w);
	must(tp_avf_model_plug(w->raw.model, NULL, 0));
	tp_wire_unplug(w->wire, 1);
	tp_wire_destroy(w->wire);
	raw_end_device(&w->raw);
	raw_free_rings(&w->raw);
	raw_aq_free(&w->raw);
}

/* ---- what a line says ------------------------------------------------------------------------ */

static void read_bytes(struct world *w, const char *text)
{
	memset(w->bytes, 0, sizeof(w->bytes));
	w->nr_bytes = fuzz_bytes(text, w->bytes, sizeof(w->bytes));
}

/* Registers that there are, for numbers that are none. */
static uint32_t offset_of(uint32_t n)
{
	static const uint32_t known[] = {
		TP_AVF_ATQH,	    TP_AVF_ATQT,	TP_AVF_ATQLEN,	   TP_AVF_ATQBAL,
		TP_AVF_ATQBAH,	    TP_AVF_ARQH,	TP_AVF_ARQT,	   TP_AVF_ARQLEN,
		TP_AVF_ARQBAL,	    TP_AVF_ARQBAH,	TP_AVF_ICR01,	   TP_AVF_ICR0_ENA1,
		TP_AVF_DYN_CTL01,   TP_AVF_DYN_CTLN(1), TP_AVF_ITRN(0, 1), TP_AVF_RSTAT,
		TP_AVF_HENA(0),	    TP_AVF_HKEY(3),	TP_AVF_HLUT(3),	   TP_AVF_QTX_TAIL(1),
		TP_AVF_QRX_TAIL(1),
	};

	return n % 4 ? known[n / 4 % TP_ARRAY_SIZE(known)] : n;
}

static void write_register(struct world *w, char *text)
{
	uint32_t offset = offset_of((uint32_t)fuzz_number(&text));

	raw_write(&w->raw, offset, (uint32_t)fuzz_number(&text));
}

static void read_register(struct world *w, char *text)
{
	raw_read(&w->raw, offset_of((uint32_t)fuzz_number(&text)));
}

static void send_message(struct world *w, char *text)
{
	uint32_t op = (uint32_t)fuzz_number(&text);

	read_bytes(w, text);
	raw_send(&w->raw, op, w->bytes, w->nr_bytes);
}

static struct tp_avf_aq_desc foreign_desc(struct world *w, const char *text)
{
	struct tp_avf_aq_desc desc;

	read_bytes(w, text);
	memcpy(&desc, w->bytes, sizeof(desc));
	return desc;
}

static void send_desc(struct world *w, char *text)
{
	raw_send_desc(&w->raw, foreign_desc(w, text), NULL, 0);
}

static void post_desc(struct world *w, char *text)
{
	unsigned slot = fuzz_number(&text) % TP_AVF_AQ_LEN;

	*raw_desc(&w->raw.arq, slot) = foreign_desc(w, text);
}

static void write_ring(struct world *w, char *text)
{
	struct tp_dma_coherent *ring = &w->raw.rings[fuzz_number(&text) % (2 * PAIRS)];
	size_t at = fuzz_number(&text) % TP_PAGE_SIZE;

	read_bytes(w, text);
	if (ring->address)
		memcpy((char *)ring->address + at, w->bytes,
		       TP_MIN(w->nr_bytes, TP_PAGE_SIZE - at));
}

static void write_tails(struct world *w, char *text)
{
	unsigned queue = fuzz_number(&text) % TP_AVF_MAX_QUEUES;
	uint32_t value = (uint32_t)fuzz_number(&text);

	raw_write(&w->raw, TP_AVF_QRX_TAIL(queue), value);
	raw_write(&w->raw, TP_AVF_QTX_TAIL(queue), value);
}

static void device_sends(struct world *w, char *text)
{
	uint32_t op = (uint32_t)fuzz_number(&text);

	read_bytes(w, text);
	tp_avf_model_send_message(w->raw.model, op, 0, w->bytes, w->nr_bytes);
}

static void frame_arrives(struct world *w, char *text)
{
	struct tp_wire_piece piece = { .data = w->bytes };
	const struct tp_wire_frame frame = { .pieces = &piece, .nr_pieces = 1 };
	struct tp_wire_frame sent = frame;

	read_bytes(w, text);
	piece.len = TP_MAX(w->nr_bytes, 14u);
	sent.len = (uint32_t)piece.len;
	tp_wire_send(w->wire, 1, &sent, 1);
}

static void bus_resets(struct world *w, tp_unused char *text)
{
	reset(&w->raw);
}

static void pf_resets(struct world *w, tp_unused char *text)
{
	tp_avf_model_pf_reset(w->raw.model, false);
}

static void pf_announces(struct world *w, tp_unused char *text)
{
	tp_avf_model_pf_reset(w->raw.model, true);
}

static void handshake(struct world *w, char *text)
{
	reset(&w->raw);
	raw_handshake(&w->raw, (uint32_t)fuzz_number(&text));
}

static void up(struct world *w, tp_unused char *text)
{
	reset(&w->raw);
	raw_up(&w->raw, UINT32_MAX, PAIRS);
}

static void link_blinks(struct world *w, tp_unused char *text)
{
	tp_avf_model_set_link(w->raw.model, false);
	tp_avf_model_set_link(w->raw.model, true);
}

static const struct {
	char letter;
	void (*act)(struct world *w, char *text);
} actions[] = {
	{ 'w', write_register }, { 'r', read_register },
	{ 'm', send_message },	 { 'd', send_desc },
	{ 'a', post_desc },	 { 'q', write_ring },
	{ 't', write_tails },	 { 's', device_sends },
	{ 'f', frame_arrives },	 { 'b', bus_resets },
	{ 'p', pf_resets },	 { 'P', pf_announces },
	{ 'h', handshake },	 { 'u', up },
	{ 'l', link_blinks },
};

static void act(void *arg, char *line, tp_unused size_t length)
{
	FUZZ_KIND(actions, line)->act(arg, line + !!line[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct tp_wire_end other;

	begin(&world, &other);
	fuzz_lines(data, size, act, &world);
	end(&world);
	return 0;
}
