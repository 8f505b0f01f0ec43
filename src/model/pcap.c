/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcap - frames of a wire into files that Wireshark reads, and back.
 *
 * Locking: one capture is written by both directions, one frame at a time (rank WIRE, after them).
 *
 * Fault sites: model/capture-open, model/capture-write.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "model/wire_internal.h"

enum { LONGEST = 128 * 1024, NS_PER_S = 1000000000 };

struct tp_capture {
	struct tp_spinlock lock;
	pcap_t *format;
	pcap_dumper_t *dumper;
	bool failed;
	int64_t start_s; /* calendar, when the clock said start_ns */
	uint64_t start_ns;
	unsigned char frame[LONGEST];
};

/* ---- out ------------------------------------------------------------------------------------- */

static int open_dumper(const char *path, struct tp_capture *capture)
{
	FILE *file = TP_FAULT("model/capture-open") ? (errno = EIO, NULL) : fopen(path, "wb");

	if (!file)
		return TP_ERR_TEXT(-errno, path, "capture to %s");
	capture->format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, LONGEST,
							       PCAP_TSTAMP_PRECISION_NANO);
	if (capture->format)
		capture->dumper = pcap_dump_fopen(capture->format, file);
	if (capture->dumper)
		return 0;
	if (capture->format)
		pcap_close(capture->format);
	fclose(file);
	return TP_ERR_TEXT(-EIO, path, "capture to %s: the head could not be written");
}

int tp_capture_open(const char *path, struct tp_capture **capture)
{
	struct tp_capture *c = tp_zalloc(sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	tp_spinlock_init(&c->lock, TP_RANK_WIRE, 2);
	c->start_s = tp_clock_calendar_s();
	c->start_ns = tp_clock_now();
	err = open_dumper(path, c);
	if (err)
		tp_free(c);
	else
		*capture = c;
	return err;
}

static void write_frame(struct tp_capture *c, const struct tp_wire_frame *frame, uint64_t now)
{
	uint64_t age = now - c->start_ns;
	struct pcap_pkthdr head = {
		/* The fraction is in nanoseconds, as the file's head says. */
		.ts = { .tv_sec = c->start_s + (int64_t)(age / NS_PER_S),
			.tv_usec = (int64_t)(age % NS_PER_S) },
		.caplen = TP_MIN(frame->len, (uint32_t)LONGEST),
		.len = frame->len,
	};

	if (TP_FAULT("model/capture-write")) {
		c->failed = true;
		return;
	}
	tp_wire_gather(frame, c->frame, LONGEST);
	pcap_dump((unsigned char *)c->dumper, &head, c->frame);
}

void tp_capture_write(struct tp_capture *c, const struct tp_wire_frame *frames, unsigned n)
{
	tp_spin_lock(&c->lock);
	for (unsigned i = 0; i < n; i++)
		write_frame(c, &frames[i], tp_clock_now());
	tp_spin_unlock(&c->lock);
}

int tp_capture_close(struct tp_capture *c)
{
	bool failed = pcap_dump_flush(c->dumper) || ferror(pcap_dump_file(c->dumper)) || c->failed;

	pcap_dump_close(c->dumper);
	pcap_close(c->format);
	tp_free(c);
	return failed ? TP_ERR(-EIO, "a capture is not whole") : 0;
}

/* ---- in -------------------------------------------------------------------------------------- */

static int open_capture(const char *path, pcap_t **pcap)
{
	char why[PCAP_ERRBUF_SIZE];
	FILE *file = fopen(path, "rb");

	if (!file)
		return TP_ERR_TEXT(-errno, path, "replay of %s");
	*pcap = pcap_fopen_offline(file, why);
	if (!*pcap) {
		fclose(file);
		return TP_ERR_TEXT(-EINVAL, path, "replay of %s: it is no capture");
	}
	if (pcap_datalink(*pcap) == DLT_EN10MB)
		return 0;
	pcap_close(*pcap);
	return TP_ERR_TEXT(-EINVAL, path, "replay of %s: it is no capture of Ethernet");
}

/* 1: sent, 0: that was all. */
static int replay_one(pcap_t *pcap, const char *path, struct tp_wire *wire, unsigned side)
{
	const unsigned char *data;
	struct pcap_pkthdr *head;
	struct tp_wire_piece piece;
	struct tp_wire_frame frame;
	int got = pcap_next_ex(pcap, &head, &data);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return TP_ERR_TEXT(-EINVAL, path, "replay of %s: it is cut off or damaged");
	if (head->caplen < head->len)
		return TP_ERR_TEXT(-EINVAL, path,
				   "replay of %s: only %u of %u bytes of a frame were captured",
				   head->caplen, head->len);
	piece = (struct tp_wire_piece){ data, head->caplen };
	frame = (struct tp_wire_frame){ .pieces = &piece, .nr_pieces = 1, .len = head->caplen };
	tp_wire_send(wire, side, &frame, 1);
	return 1;
}

int64_t tp_pcap_replay(const char *path, struct tp_wire *wire, unsigned side)
{
	int64_t n = 0;
	pcap_t *pcap;
	int got = open_capture(path, &pcap);

	if (got)
		return got;
	while ((got = replay_one(pcap, path, wire, side)) == 1)
		n++;
	pcap_close(pcap);
	return got ? got : n;
}
