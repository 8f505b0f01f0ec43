/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tap - a TAP device of the host as the end of a wire.
 *
 * Frames of the wire are written by whoever sends them; frames of the host are read by a thread,
 * many at a time.
 *
 * Locking: none; the host's file takes writes of many threads.
 *
 * Fault sites: model/tap-open, model/tap-write (the host refuses a frame).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "model/packet.h"
#include "model/tap_offload.h"

enum { BATCH = 32, LONGEST = 65536 + 64 };

struct slot {
	struct virtio_net_hdr head;
	uint8_t data[LONGEST];
};

struct tp_tap {
	int fd, stop_fd;
	bool offload;
	struct tp_wire *wire;
	unsigned side;
	struct tp_wire_end end;
	struct tp_thread thread;
	tp_quiet received, written, refused;		/* any sender's */
	tp_quiet read, whole, cut, segments, malformed; /* the reader's */
	struct tp_wire_piece pieces[BATCH];
	struct tp_wire_frame frames[BATCH];
	unsigned nr_frames;
	struct slot slots[BATCH];
};

/* ---- from the wire --------------------------------------------------------------------------- */

static bool write_frame(struct tp_tap *tap, const struct tp_wire_frame *frame)
{
	struct virtio_net_hdr head = {
		.flags = frame->flags & TP_WIRE_CSUM_GOOD ? VIRTIO_NET_HDR_F_DATA_VALID : 0,
	};
	struct iovec vec[1 + TP_WIRE_PIECES] = { { &head, sizeof(head) } };
	unsigned first = tap->offload ? 0 : 1;

	/* What a port would not pass on: a bad FCS. */
	if (frame->flags & TP_WIRE_FCS_BAD || frame->nr_pieces > TP_WIRE_PIECES)
		return false;
	for (unsigned i = 0; i < frame->nr_pieces; i++)
		vec[i + 1] = (struct iovec){ (void *)(uintptr_t)frame->pieces[i].data,
					     frame->pieces[i].len };
	return !TP_FAULT("model/tap-write") &&
	       writev(tap->fd, vec + first, (int)(1 + frame->nr_pieces - first)) >= 0;
}

static void receive(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	struct tp_tap *tap = arg;
	unsigned written = 0;

	for (unsigned i = 0; i < n; i++)
		written += write_frame(tap, &frames[i]);
	tp_quiet_add(&tap->received, n);
	tp_quiet_add(&tap->written, written);
	tp_quiet_add(&tap->refused, n - written);
}

/* ---- from the host --------------------------------------------------------------------------- */

static void flush(struct tp_tap *tap)
{
	if (tap->nr_frames)
		tp_wire_send(tap->wire, tap->side, tap->frames, tap->nr_frames);
	tap->nr_frames = 0;
}

/* The host does not pad; a port does. */
static void send_whole(struct tp_tap *tap, uint8_t *data, uint32_t len, unsigned flags)
{
	struct tp_wire_piece *piece = &tap->pieces[tap->nr_frames];

	if (len < TP_ETH_MIN) {
		memset(data + len, 0, TP_ETH_MIN - len);
		len = TP_ETH_MIN;
	}
	*piece = (struct tp_wire_piece){ data, len };
	tap->frames[tap->nr_frames++] = (struct tp_wire_frame){
		.pieces = piece, .nr_pieces = 1, .len = len, .flags = flags
	};
	tp_quiet_add(&tap->whole, 1);
}

/* In the order of the host; what was gathered before goes out before. */
static void send_cut(struct tp_tap *tap, struct slot *slot, uint32_t len)
{
	int n;

	flush(tap);
	n = tp_tap_cut(&slot->head, slot->data, len, tap->wire, tap->side);
	if (n < 0) {
		tp_quiet_add(&tap->malformed, 1);
		return;
	}
	tp_quiet_add(&tap->cut, 1);
	tp_quiet_add(&tap->segments, (unsigned)n);
}

static void take_frame(struct tp_tap *tap, struct slot *slot, ssize_t len)
{
	bool good = false;

	tp_quiet_add(&tap->read, 1);
	if (slot->head.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		send_cut(tap, slot, (uint32_t)len);
	else if (tp_tap_finish(&slot->head, slot->data, (uint32_t)len, &good))
		tp_quiet_add(&tap->malformed, 1);
	else
		send_whole(tap, slot->data, (uint32_t)len, good ? TP_WIRE_CSUM_GOOD : 0);
}

/* One frame, or negative: there is none now. */
static ssize_t read_frame(struct tp_tap *tap, struct slot *slot)
{
	const size_t head_len = tap->offload ? sizeof(slot->head) : 0;
	struct iovec vec[2] = { { &slot->head, head_len }, { slot->data, LONGEST } };
	ssize_t got;

	slot->head = (struct virtio_net_hdr){ 0 };
	got = readv(tap->fd, vec, 2);
	return got < (ssize_t)head_len ? -1 : got - (ssize_t)head_len;
}

static void read_batch(struct tp_tap *tap)
{
	for (unsigned i = 0; i < BATCH; i++) {
		ssize_t len = read_frame(tap, &tap->slots[i]);

		if (len < 0)
			break;
		take_frame(tap, &tap->slots[i], len);
	}
	flush(tap);
}

static void read_until_stopped(void *arg)
{
	struct tp_tap *tap = arg;
	struct pollfd fds[2] = { { .fd = tap->fd, .events = POLLIN },
				 { .fd = tap->stop_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		if (fds[0].revents & ~POLLIN)
			break; /* the device was taken away */
		if (fds[0].revents)
			read_batch(tap);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

/* What the host may leave undone. */
static int set_offload(int fd)
{
	return ioctl(fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6));
}

static int open_device(const char *name, bool offload)
{
	struct ifreq request = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI |
						      (offload ? IFF_VNET_HDR : 0)) };
	int fd, err = 0;

	if (strlen(name) >= sizeof(request.ifr_name))
		return TP_ERR_TEXT(-EINVAL, name, "TAP device %s: the name is too long");
	memcpy(request.ifr_name, name, strlen(name));
	fd = TP_FAULT("model/tap-open") ? (errno = EIO, -1)
					: open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return TP_ERR_TEXT(-errno, name, "TAP device %s: /dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &request) || (offload && set_offload(fd)))
		err = TP_ERR_TEXT(-errno, name, "TAP device %s");
	if (err)
		close(fd);
	return err ? err : fd;
}

static void close_files(struct tp_tap *tap)
{
	if (tap->stop_fd >= 0)
		close(tap->stop_fd);
	if (tap->fd >= 0)
		close(tap->fd);
	tp_free(tap);
}

static int start(struct tp_tap *tap)
{
	int err = tp_wire_plug(tap->wire, tap->side, &tap->end);

	if (err)
		return err;
	err = tp_thread_start(&tap->thread, "tap", read_until_stopped, tap);
	if (err)
		tp_wire_unplug(tap->wire, tap->side);
	return err;
}

int tp_tap_open(const char *name, struct tp_wire *wire, unsigned side, bool offload,
		struct tp_tap **tap)
{
	struct tp_tap *t = tp_zalloc(sizeof(*t));
	int err = 0;

	if (!t)
		return -ENOMEM;
	t->wire = wire;
	t->side = side;
	t->offload = offload;
	t->end = (struct tp_wire_end){ .receive = receive, .arg = t };
	t->stop_fd = eventfd(0, EFD_CLOEXEC);
	t->fd = open_device(name, offload);
	if (t->fd < 0)
		err = t->fd;
	else if (t->stop_fd < 0)
		err = TP_ERR_TEXT(-errno, name, "TAP device %s: eventfd");
	if (!err)
		err = start(t);
	if (err)
		close_files(t);
	else
		*tap = t;
	return err;
}

void tp_tap_close(struct tp_tap *tap)
{
	const uint64_t one = 1;

	TP_INVARIANT(write(tap->stop_fd, &one, sizeof(one)) == sizeof(one));
	tp_thread_join(&tap->thread);
	tp_wire_unplug(tap->wire, tap->side);
	close_files(tap);
}

void tp_tap_stat(struct tp_tap *tap, struct tp_tap_stat *stat)
{
	*stat = (struct tp_tap_stat){
		.received = tp_quiet_load(&tap->received),
		.written = tp_quiet_load(&tap->written),
		.refused = tp_quiet_load(&tap->refused),
		.read = tp_quiet_load(&tap->read),
		.whole = tp_quiet_load(&tap->whole),
		.cut = tp_quiet_load(&tap->cut),
		.segments = tp_quiet_load(&tap->segments),
		.malformed = tp_quiet_load(&tap->malformed),
	};
}
