/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tap_loop - write to a TAP device, read from it, count the time. */
#include "tap_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "measure.h"

enum { LONGEST = 65536, TYPE = 0x88b5, BATCH = 32 };

struct tp_tap_loop {
	int fd, host; /* the device; a socket on its other side */
	bool vnet_header;
	struct virtio_net_hdr head;
	unsigned char frame[LONGEST];
};

static int configure(const char *name, unsigned long request, struct ifreq *argument)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result;

	snprintf(argument->ifr_name, sizeof(argument->ifr_name), "%s", name);
	result = fd < 0 ? -1 : ioctl(fd, request, argument);
	if (fd >= 0)
		close(fd);
	return result;
}

bool tp_tap_loop_up(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_UP | IFF_NOARP };
	char path[128];
	FILE *file;

	/* Where there is no IPv6, nothing need be done against it. */
	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name);
	file = fopen(path, "w");
	if (file) {
		fputc('1', file);
		fclose(file);
	}
	return !configure(name, SIOCSIFFLAGS, &request);
}

static int open_device(const char *name, bool vnet_header)
{
	struct ifreq request = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI |
						      (vnet_header ? IFF_VNET_HDR : 0)) };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (!ioctl(fd, TUNSETIFF, &request) && tp_tap_loop_up(name))
		return fd;
	close(fd);
	return -1;
}

static int open_host(const char *name)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = 0 };
	struct ifreq request = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (!configure(name, SIOCGIFINDEX, &request)) {
		address.sll_ifindex = request.ifr_ifindex;
		if (!bind(fd, (void *)&address, sizeof(address)))
			return fd;
	}
	close(fd);
	return -1;
}

struct tp_tap_loop *tp_tap_loop_open(const char *name, bool vnet_header)
{
	struct tp_tap_loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return NULL;
	loop->vnet_header = vnet_header;
	loop->fd = open_device(name, vnet_header);
	loop->host = loop->fd < 0 ? -1 : open_host(name);
	memcpy(loop->frame, "\2bench\2bench\x88\xb5", 14);
	if (loop->host >= 0)
		return loop;
	if (loop->fd >= 0)
		close(loop->fd);
	free(loop);
	return NULL;
}

void tp_tap_loop_close(struct tp_tap_loop *loop)
{
	close(loop->host);
	close(loop->fd);
	free(loop);
}

double tp_tap_loop_write(struct tp_tap_loop *loop, unsigned len, unsigned n)
{
	struct iovec vec[2] = { { &loop->head, sizeof(loop->head) }, { loop->frame, len } };
	struct iovec *first = loop->vnet_header ? vec : vec + 1;
	int pieces = loop->vnet_header ? 2 : 1;
	double start = tp_bench_now_ns();

	for (unsigned i = 0; i < n; i++)
		if (writev(loop->fd, first, pieces) < 0)
			tp_bench_die("write to the TAP device");
	return (tp_bench_now_ns() - start) / n;
}

static unsigned read_all(struct tp_tap_loop *loop)
{
	unsigned n = 0;

	while (read(loop->fd, loop->frame, LONGEST) > 0)
		n++;
	return n;
}

double tp_tap_loop_read(struct tp_tap_loop *loop, unsigned len, unsigned n)
{
	double start = tp_bench_now_ns();
	unsigned got = 0;

	for (unsigned sent = 0; sent < n; sent += BATCH) {
		for (unsigned i = 0; i < BATCH; i++)
			if (send(loop->host, loop->frame, len, 0) < 0)
				tp_bench_die("send to the TAP device");
		got += read_all(loop);
	}
	return (tp_bench_now_ns() - start) / got;
}
