/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire - what a network port is plugged into: another port, a pcap file, a TAP device of the host,
 * and what may happen to frames on the way.
 *
 * A port hands a frame to its wire as pieces of memory; the wire calls the other end, which copies
 * what it wants before it returns.  So a frame that meets nothing special is copied once, from the
 * sender's buffers to the receiver's.
 *
 * Frames have no FCS bytes; TP_WIRE_FCS_BAD says that it would not match.
 *
 * Invariants
 *  W1  In each direction, at rest: sent + duplicated = delivered + lost + unplugged + held.
 *  W2  Frames of one sender arrive in its order, but for those counted as reordered.
 *  W3  After tp_wire_unplug() returned no call of that end is running, and none begins.
 *
 * Locking: none where nothing special happens; a batch counts itself in and out of the end it
 * reaches.  Mishaps, delays and captures: a lock per direction (rank WIRE), held while the other
 * end receives.  Plugging: a mutex (rank WIRE_PLUG), held while ends hear of their link.
 *
 * Fault sites: model/capture-open, model/capture-write, model/tap-open, model/tap-write.
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
	unsigned nr_pieces; /* 1 to TP_WIRE_PIECES; any of them may be empty */
	uint32_t len;	    /* bytes, all pieces */
	unsigned flags;
};

/* One end of a wire: whoever is plugged in there. */
struct tp_wire_end {
	/*
	 * Frames arrive, in order; called by any thread, with spinlocks held (rank MODEL_TX, WIRE),
	 * so it neither sleeps nor sends on a wire.  They are gone when it returns.
	 */
	void (*receive)(void *arg, const struct tp_wire_frame *frames, unsigned n);
	/* The other end came up or went down; may be NULL. */
	void (*link)(void *arg, bool up);
	void *arg;
};

struct tp_wire;

/*
 * What happens to frames in one direction; parts per million each, drawn in this order.  A frame
 * that is reordered waits for the next one and follows it; if none comes, for TP_WIRE_STRAGGLE_NS.
 */
enum { TP_WIRE_STRAGGLE_NS = 1000000 };

struct tp_wire_mishap {
	unsigned lose_ppm, corrupt_ppm, duplicate_ppm, reorder_ppm;
	uint64_t delay_ns; /* every frame */
	uint64_t seed;
};

struct tp_wire_stat {
	uint64_t sent, bytes; /* as the sender gave them */
	uint64_t lost;	      /* drawn, or there was no memory to hold a frame back */
	uint64_t corrupted;
	uint64_t duplicated; /* second copies */
	uint64_t reordered;  /* overtaken by a later frame */
	uint64_t delivered;
	uint64_t held;	    /* now */
	uint64_t unplugged; /* nobody was at the other end */
};

/* A wire with two free ends, 0 and 1.  -ENOMEM. */
int tp_wire_create(struct tp_wire **wire);
/* Both ends must be unplugged and nobody sending; frames still held are dropped. */
void tp_wire_destroy(struct tp_wire *wire);
/* Plug in; @end stays the caller's.  -EBUSY: taken. */
int tp_wire_plug(struct tp_wire *wire, unsigned side, const struct tp_wire_end *end);
/* When it returns no call of that end is running. */
void tp_wire_unplug(struct tp_wire *wire, unsigned side);
/* Send from @side. */
void tp_wire_send(struct tp_wire *wire, unsigned side, const struct tp_wire_frame *frames,
		  unsigned n);
/* Deliver what was held back until now; returns when the next is due, UINT64_MAX: none. */
uint64_t tp_wire_run(struct tp_wire *wire);
void tp_wire_set_mishap(struct tp_wire *wire, unsigned side, const struct tp_wire_mishap *mishap);
void tp_wire_stat(struct tp_wire *wire, unsigned side, struct tp_wire_stat *stat);
/* Copy the first @max bytes of a frame to @to; returns how many bytes its pieces have. */
size_t tp_wire_gather(const struct tp_wire_frame *frame, void *to, size_t max);

/*
 * Write every frame that is delivered to a pcap file, as it is on the wire, offloads resolved
 * (T28).  NULL ends it, and says with -EIO if the file is not whole.  -EIO, -ENOENT, ...; -ENOTSUP
 * without libpcap.
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

/*
 * Frames of the wire: received = written + refused.  Of the host: read = whole + cut + malformed,
 * and whole + segments went onto the wire.
 */
struct tp_tap_stat {
	uint64_t received, written;
	uint64_t refused; /* the host would not have them, or damaged on the wire (FCS) */
	uint64_t read, whole;
	uint64_t cut, segments; /* larger than the host's MTU; into so many */
	uint64_t malformed;	/* what the host said about them makes no sense */
};

void tp_tap_stat(struct tp_tap *tap, struct tp_tap_stat *stat);

/*
 * Send the frames of a pcap file from @side; returns how many, or -EIO, -ENOENT, -EINVAL: it is no
 * capture of Ethernet, or a frame in it is not whole.  -ENOTSUP without libpcap.
 */
int64_t tp_pcap_replay(const char *path, struct tp_wire *wire, unsigned side);

#endif
