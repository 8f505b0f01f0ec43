/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * port - what arrives from the wire: whether it is for this function, what it is, and which queue
 * gets it.
 *
 * Invariants
 *  W1  A frame is in one count exactly: of those for nobody here (filtered, damaged, no link), or
 *      offered to one queue.
 *  W2  Frames for one queue stay in order.
 *
 * Locking: the port's lock while a batch is looked at, so that all of it is judged by one
 * configuration; it is given back before an engine's is taken.
 */
#include "model/avf/engine.h"

struct sorted {
	struct tp_avf_rx_meta metas[TP_AVF_BATCH];
	struct tp_avf_rx_list lists[TP_AVF_MAX_QUEUES];
	uint32_t queues; /* those that get something */
};

/* ---- tables ---------------------------------------------------------------------------------- */

void tp_avf_port_derive(struct tp_avf_port *port)
{
	if (tp_likely(port->derived == port->generation))
		return;
	for (unsigned i = 0; i < port->nr_macs; i++)
		port->mac_words[i] = tp_avf_mac_word(port->macs[i]);
	tp_toeplitz_init(&port->toeplitz, port->key);
	port->derived = port->generation;
}

bool tp_avf_port_has_mac(const struct tp_avf_port *port, uint64_t mac_word)
{
	for (unsigned i = 0; i < port->nr_macs; i++)
		if (port->mac_words[i] == mac_word)
			return true;
	return false;
}

/* ---- filters --------------------------------------------------------------------------------- */

static bool wants_address(const struct tp_avf_port *port, uint64_t mac_word, enum tp_avf_cast cast)
{
	if (cast == TP_AVF_BROADCAST)
		return true;
	return (cast == TP_AVF_MULTICAST ? port->allmulti : port->promisc) ||
	       tp_avf_port_has_mac(port, mac_word);
}

/* A tag with number 0 is a priority only. */
static bool wants_tag(const struct tp_avf_port *port, const struct tp_packet *packet)
{
	unsigned vid = packet->tci & 0xfff;

	if (!port->vlan_filtering || !(packet->flags & TP_PACKET_TAGGED) || !vid)
		return true;
	return port->vlans[vid / 64] >> vid % 64 & 1;
}

/* ---- receive-side scaling -------------------------------------------------------------------- */

/* The bit of a packet type among those that can be hashed; 0: none. */
static uint64_t hash_type(unsigned ptype)
{
	static const uint64_t types[] = {
		[TP_AVF_PTYPE_IPV4_FRAG] = TP_AVF_HENA_IPV4_FRAG,
		[TP_AVF_PTYPE_IPV4] = TP_AVF_HENA_IPV4_OTHER,
		[TP_AVF_PTYPE_IPV4_UDP] = TP_AVF_HENA_IPV4_UDP,
		[TP_AVF_PTYPE_IPV4_TCP] = TP_AVF_HENA_IPV4_TCP,
		[TP_AVF_PTYPE_IPV4_SCTP] = TP_AVF_HENA_IPV4_SCTP,
		[TP_AVF_PTYPE_IPV4_ICMP] = TP_AVF_HENA_IPV4_OTHER,
		[TP_AVF_PTYPE_IPV6_FRAG] = TP_AVF_HENA_IPV6_FRAG,
		[TP_AVF_PTYPE_IPV6] = TP_AVF_HENA_IPV6_OTHER,
		[TP_AVF_PTYPE_IPV6_UDP] = TP_AVF_HENA_IPV6_UDP,
		[TP_AVF_PTYPE_IPV6_TCP] = TP_AVF_HENA_IPV6_TCP,
		[TP_AVF_PTYPE_IPV6_SCTP] = TP_AVF_HENA_IPV6_SCTP,
		[TP_AVF_PTYPE_IPV6_ICMP] = TP_AVF_HENA_IPV6_OTHER,
	};

	return ptype < TP_ARRAY_SIZE(types) ? types[ptype] : 0;
}

#define WITH_PORTS                                                             \
	(TP_AVF_HENA_IPV4_UDP | TP_AVF_HENA_IPV4_TCP | TP_AVF_HENA_IPV4_SCTP | \
	 TP_AVF_HENA_IPV6_UDP | TP_AVF_HENA_IPV6_TCP | TP_AVF_HENA_IPV6_SCTP)

static uint32_t hash_of(const struct tp_avf_port *port, const struct tp_packet *packet,
			const uint8_t *bytes, bool with_ports)
{
	const uint8_t *ip = bytes + packet->l3_at;
	uint32_t hash;
	unsigned len;

	if (packet->flags & TP_PACKET_IPV4) {
		len = 8;
		hash = tp_toeplitz_hash(&port->toeplitz, 0, ip + 12, 8);
	} else {
		len = 32;
		hash = tp_toeplitz_hash(&port->toeplitz, 0, ip + 8, 32);
	}
	if (with_ports)
		hash ^= tp_toeplitz_hash(&port->toeplitz, len, bytes + packet->l4_at, 4);
	return hash;
}

/* The queue; its hash too, if there is one. */
static unsigned queue_of(const struct tp_avf_port *port, const struct tp_packet *packet,
			 const uint8_t *bytes, struct tp_avf_rx_meta *meta)
{
	uint64_t type = hash_type(packet->ptype) & port->hena;

	if (!type)
		return 0;
	meta->hash = hash_of(port, packet, bytes, type & WITH_PORTS);
	meta->qw1 |= TP_AVF_RXD_FLTSTAT_RSS;
	return port->lut[meta->hash % TP_AVF_HLUT_ENTRIES] % TP_AVF_MAX_QUEUES;
}

/* ---- checksums ------------------------------------------------------------------------------- */

/* What is left to be summed when the frame is copied goes to @meta. */
static void check_l4(const struct tp_packet *packet, const uint8_t *bytes,
		     const struct tp_wire_frame *frame, struct tp_avf_rx_meta *meta)
{
	switch (tp_packet_l4_check(packet, bytes)) {
	case TP_CHECK_SUM:
		meta->l4_at = packet->l4_at;
		meta->l4_len = packet->l4_end - packet->l4_at;
		meta->pseudo = tp_packet_pseudo(packet, bytes, meta->l4_len);
		break;
	case TP_CHECK_CRC:
		if (!tp_packet_l4_good(packet, bytes, frame->pieces))
			meta->qw1 |= TP_AVF_RXE_L4E;
		break;
	case TP_CHECK_BAD:
		meta->qw1 |= TP_AVF_RXE_L4E;
		break;
	default:
		break;
	}
}

static void check_sums(const struct tp_packet *packet, const uint8_t *bytes,
		       const struct tp_wire_frame *frame, struct tp_avf_rx_meta *meta)
{
	if (!packet->l3_at)
		return;
	meta->qw1 |= TP_AVF_RXD_L3L4P;
	if (packet->flags & TP_PACKET_ADDRESSES)
		meta->qw1 |= TP_AVF_RXD_IPV6EXADD;
	if (frame->flags & TP_WIRE_CSUM_GOOD)
		return;
	if (tp_unlikely(!tp_packet_ip_good(packet, bytes)))
		meta->qw1 |= TP_AVF_RXE_IPE;
	check_l4(packet, bytes, frame, meta);
}

/* ---- sorting --------------------------------------------------------------------------------- */

static inline void append(struct sorted *s, unsigned q, unsigned i)
{
	struct tp_avf_rx_list *list = &s->lists[q];

	s->metas[i].next = TP_AVF_BATCH;
	if (s->queues >> q & 1)
		s->metas[list->last].next = (uint8_t)i;
	else
		*list = (struct tp_avf_rx_list){ .first = (uint8_t)i };
	list->last = (uint8_t)i;
	list->nr++;
	s->queues |= 1u << q;
}

/* Frame @i of a batch. */
static inline void sort_one(struct tp_avf_model *m, const struct tp_wire_frame *frame, unsigned i,
			    struct sorted *s)
{
	struct tp_avf_port *port = &m->port;
	struct tp_avf_rx_meta *meta = &s->metas[i];
	uint8_t room[TP_PACKET_HEADERS];
	struct tp_packet packet;
	enum tp_avf_cast cast;
	const uint8_t *bytes;
	uint64_t mac_word;
	uint32_t have;

	bytes = tp_packet_bytes(frame, room, &have);
	tp_packet_parse(&packet, bytes, have, frame->len);
	mac_word = have < TP_ETH_HEADER ? 0 : tp_avf_mac_word(bytes);
	cast = tp_avf_cast_of(mac_word);
	if (tp_unlikely(have < TP_ETH_HEADER || !wants_address(port, mac_word, cast) ||
			!wants_tag(port, &packet))) {
		m->stat.rx_filtered++;
		return;
	}
	port->casts[cast]++;
	*meta = (struct tp_avf_rx_meta){
		.qw1 = (uint64_t)cast << TP_AVF_RXD_UMBCAST_SHIFT |
		       (uint64_t)packet.ptype << TP_AVF_RXD_PTYPE_SHIFT,
		.tci = packet.tci,
		.strip = port->vlan_strip && packet.flags & TP_PACKET_TAGGED,
	};
	check_sums(&packet, bytes, frame, meta);
	append(s, queue_of(port, &packet, bytes, meta), i);
}

static void sort(struct tp_avf_model *m, const struct tp_wire_frame *frames, unsigned n,
		 struct sorted *s)
{
	tp_spin_lock(&m->port.lock);
	tp_avf_port_derive(&m->port);
	for (unsigned i = 0; i < n; i++)
		if (tp_unlikely(!m->port.link_up))
			m->stat.rx_no_link++;
		else if (tp_unlikely(frames[i].flags & TP_WIRE_FCS_BAD))
			m->stat.rx_fcs_bad++;
		else
			sort_one(m, &frames[i], i, s);
	tp_spin_unlock(&m->port.lock);
}

static void receive_batch(struct tp_avf_model *m, const struct tp_wire_frame *frames, unsigned n)
{
	struct sorted s;

	s.queues = 0;
	sort(m, frames, n, &s);
	for (uint32_t left = s.queues; left; left &= left - 1) {
		unsigned q = (unsigned)__builtin_ctz(left);

		tp_avf_rx_write(m, q, frames, s.metas, s.lists[q]);
	}
}

void tp_avf_port_receive(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i += TP_AVF_BATCH)
		receive_batch(arg, frames + i, TP_MIN(n - i, (unsigned)TP_AVF_BATCH));
}
