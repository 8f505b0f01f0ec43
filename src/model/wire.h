/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire - what a network port is plugged into: another port, a pcap file, a TAP device of the host,
 * and what may happen to frames on the way.
 *
 * A port hands a frame to its wire as pieces of memory; the wire calls the other end, which copies
 * what it wants before it returns.  So a frame that meets nothing special is copied once, from the
 * sender's buffers to the receiver's.
 *
 * Frames have no FCS bytes; @fcs_bad says that it would not match.
 */
#ifndef TP_MODEL_WIRE_H
#define TP_MODEL_WIRE_H

#include "core/sync.h"

enum { TP_WIRE_PIECES = 64 };

/* What is known about a frame. */
enum {
	TP_WIRE_FCS_BAD = 1, /* damaged on the way */
	TP_WIRE_CSUM_GOOD =
		2, /* its checksums were computed on the way and nothing changed since */
};

struct tp_wire_piece {
	const void *data;
	size_t len;
};

struct tp_wire_frame {
	const struct tp_wire_piece *pieces;
	unsigned nr_pieces;
	uint32_t len; /* bytes, all pieces */
	unsigned flags;
};

/* One end of a wire: whoever is plugged in there. */
struct tp_wire_end {
	/* Frames arrive, in order; called by any thread.  They are gone when it returns. */
	void (*receive)(void *arg, const struct tp_wire_frame *frames, unsigned n);
	/* The other end came up or went down; may be NULL. */
	void (*link)(void *arg, bool up);
	void *arg;
};

struct tp_wire;

/* What happens to frames in one direction; parts per million each, drawn in this order. */
struct tp_wire_mishap {
	unsigned lose_ppm, corrupt_ppm, duplicate_ppm, reorder_ppm;
	uint64_t delay_ns; /* every frame */
	uint64_t seed;
};

struct tp_wire_stat {
	uint64_t sent, bytes, lost, corrupted, duplicated, reordered, delivered, held;
	uint64_t unplugged; /* nobody was at the other end */
};

/* A wire with two free ends, 0 and 1.  -ENOMEM. */
int tp_wire_create(struct tp_wire **wire);
/* Both ends must be unplugged; frames still held are dropped. */
void tp_wire_destroy(struct tp_wire *wire);
/* Plug in; @end stays the caller's.  -EBUSY: taken. */
int tp_wire_plug(struct tp_wire *wire, unsigned side, const struct tp_wire_end *end);
/* When it returns no call of that end is running. */
void tp_wire_unplug(struct tp_wire *wire, unsigned side);
/* Send from @side. */
void tp_wire_send(struct tp_wire *wire, unsigned side, const struct tp_wire_frame *frames,
		  unsigned n);
/* Deliver what a delay held back until now; returns when the next is due, UINT64_MAX: none. */
uint64_t tp_wire_run(struct tp_wire *wire);
void tp_wire_set_mishap(struct tp_wire *wire, unsigned side, const struct tp_wire_mishap *mishap);
void tp_wire_stat(struct tp_wire *wire, unsigned side, struct tp_wire_stat *stat);

/*
 * Write every frame that passes to a pcap file, as it is on the wire, offloads resolved (T28).
 * NULL ends it.  -EIO, -ENOENT, ...
 */
int tp_wire_capture(struct tp_wire *wire, const char *path);

/* ---- other ends ------------------------------------------------------------------------------ */

struct tp_tap;

/*
 * A TAP device of the host, made if it is not there, plugged into @side.  @offload: the host may
 * hand over frames without checksums and larger than its MTU (vnet header), which are finished and
 * cut here.  -EPERM, -ENODEV; -ENOTSUP in simulation.
 */
int tp_tap_open(const char *name, struct tp_wire *wire, unsigned side, bool offload,
		struct tp_tap **tap);
void tp_tap_close(struct tp_tap *tap);
/* Frames that the host's side refused, and that it sent us damaged. */
void tp_tap_stat(struct tp_tap *tap, uint64_t *refused, uint64_t *malformed);

/* Send the frames of a pcap file from @side; returns how many, or -EIO, -ENOENT, -EINVAL. */
int64_t tp_pcap_replay(const char *path, struct tp_wire *wire, unsigned side);

#endif
