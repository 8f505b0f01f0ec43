/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe - the frames that a generator makes and a sink knows again: UDP datagrams with flow and
 * number in front, or TCP segments of endless streams; behind it bytes that follow from the seed.
 *
 * Byte k of a content with key K is byte k % 8 (lowest first) of tp_rng_mix(K + k / 8 * STEP), so
 * anybody can check it.  A datagram's content has the key tp_probe_key(seed, flow, number), a
 * stream's tp_probe_key(seed, flow, 0), and its byte k is the one with sequence number k.
 */
#ifndef TP_NET_PROBE_H
#define TP_NET_PROBE_H

#include "core/compiler.h"

enum {
	TP_PROBE_PORT = 5009,	     /* to which they go */
	TP_PROBE_FIRST_FLOW = 10000, /* port that flow 0 comes from */
	TP_PROBE_MAX_FLOWS = 32768,
	TP_PROBE_TAG = 16, /* bytes in front of a datagram's content */
	TP_PROBE_MAX_HEADERS = 14 + 40 + 20,
};

struct tp_probe {
	uint8_t dst_mac[6], src_mac[6];
	/* The first four bytes of each if not @ipv6; zero: 10.99.0.1 to .2, fd99::1 to ::2. */
	uint8_t src_ip[16], dst_ip[16];
	bool ipv6, tcp;
	bool no_content; /* neither made nor checked */
	uint64_t seed;
	/* Flows [first_flow, first_flow + flows) are this one's: several may have one sink. */
	unsigned first_flow, flows;
};

/* Where in a frame what lies. */
struct tp_probe_layout {
	unsigned l3_at, l4_at, payload_at; /* from the beginning of the frame */
};

struct tp_probe_layout tp_probe_layout(const struct tp_probe *probe);

/* Headers of flow @flow with a payload of @payload bytes; no checksums.  To payload_at bytes. */
void tp_probe_headers(const struct tp_probe *probe, unsigned flow, uint32_t sequence,
		      uint32_t payload, uint8_t *to);
/* Fill in the checksums of headers made so, for the bytes of @payload. */
void tp_probe_checksums(const struct tp_probe *probe, uint8_t *headers, const void *payload,
			uint32_t len);

/* Flow and number of a datagram, in the first TP_PROBE_TAG bytes of its payload. */
void tp_probe_put_tag(unsigned flow, uint64_t number, uint8_t *to);

uint64_t tp_probe_key(uint64_t seed, unsigned flow, uint64_t number);
void tp_probe_fill(uint64_t key, uint64_t at, void *to, size_t len);
bool tp_probe_check(uint64_t key, uint64_t at, const void *from, size_t len);

/* What a received frame is. */
struct tp_probe_frame {
	bool tcp;
	unsigned flow;
	uint64_t number;   /* of a datagram; INT64_MAX at most, so there is a next one */
	uint32_t sequence; /* of a segment */
	const uint8_t *content;
	uint32_t len; /* of it */
};

enum tp_probe_verdict { TP_PROBE_FOREIGN, TP_PROBE_DAMAGED, TP_PROBE_OURS };

/*
 * Look at a frame in one piece; whatever its bytes are, nothing beyond is read.  FOREIGN: it does
 * not go to TP_PROBE_PORT.  DAMAGED: a checksum is wrong, its lengths, flow or tag make no sense.
 */
enum tp_probe_verdict tp_probe_parse(const uint8_t *frame, uint32_t len, unsigned flows,
				     struct tp_probe_frame *found);

#endif
