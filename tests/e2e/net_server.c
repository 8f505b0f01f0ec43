/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_server - a machine whose network device reaches a TAP device of the host, with a server of
 * files, echo and iperf on top.  For test_net.py.
 *
 *	net_server TAP IPv4 BITS IPv6
 *
 * Says "ready MAC" when it can be asked, then obeys lines of standard input, each with one line as
 * answer:
 *	capture PATH | capture -	what passes the wire, into a file
 *	iperf IPv4 PORT SECONDS		be the client; says bytes and nanoseconds
 *	tso MAC LEN MSS COUNT SEED	send frames that the device cuts; says segments
 *	stat				counters, as key=value
 *	quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/avf/avf_model.h"
#include "net/avf/avf.h"
#include "net/lwip/server.h"
#include "net/lwip/stack.h"
#include "net/pktgen.h"
#include <tidepool/tidepool.h>

enum { QUEUES = 2, GENERATOR_QUEUE = 1, MIB = 1 << 20 };

static struct tp_machine *machine;
static struct tp_wire *wire;
static struct tp_avf_model *model;
static struct tp_avf *avf;
static struct tp_tap *tap;
static struct tp_lwip *lwip;
static struct tp_lwip_server *server;
static struct tp_pktgen *gen; /* while it runs */
static tp_atomic_u32 wakes;

/* Nothing here may fail. */
static void must_at(int err, const char *step)
{
	char text[256];

	if (!err)
		return;
	tp_error_format(tp_last_error(), text, sizeof(text));
	printf("failed %s: %d %s\n", step, err, text);
	exit(1);
}

#define must(step) must_at((step), #step)

/* ---- life ------------------------------------------------------------------------------------ */

static void make_device(const char *tap_name)
{
	const struct tp_machine_config machine_config = {
		.nr_nodes = 1, .nodes = { { .dram = 256 * (uint64_t)MIB, .cpus = 2 } }
	};
	const struct tp_avf_model_config model_config = { .name = "avf0", .queues = QUEUES };
	struct tp_avf_config config = {
		.name = "eth0", .node = TP_NODE_NONE, .run = TP_AVF_RUN_INTERRUPT, .service = true
	};

	must(tp_machine_create(&machine_config, &machine));
	must(tp_wire_create(&wire));
	must(tp_avf_model_create(&model_config, &model));
	config.machine = machine;
	config.bus = tp_avf_model_bus(model);
	must(tp_avf_create(&config, &avf));
	must(tp_tap_open(tap_name, wire, 1, true, &tap));
	must(tp_avf_model_plug(model, wire, 0));
}

/* Two send through the device: the stack, and now and then the generator. */
static struct tp_netdev_user stack_user;

static void wake(void *arg, unsigned queue)
{
	(void)arg;
	tp_atomic_add(&wakes, 1, TP_RELEASE);
	stack_user.wake(stack_user.arg, queue);
}

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	(void)arg;
	stack_user.receive(stack_user.arg, queue, frames, n);
}

static void make_stack(char **argv)
{
	struct tp_lwip_config config = { .nd = tp_avf_netdev(avf),
					 .ipv4_bits = (unsigned)atoi(argv[1]) };
	const struct tp_lwip_server_config server_config = { .seed = 5 };
	struct tp_netdev_user user = { .name = "lwip", .receive = receive, .wake = wake };

	if (inet_pton(AF_INET, argv[0], config.ipv4) != 1 ||
	    inet_pton(AF_INET6, argv[2], config.ipv6) != 1)
		must_at(-EINVAL, "addresses");
	must(tp_lwip_create(&config, &lwip));
	stack_user = tp_lwip_user(lwip);
	tp_avf_set_user(avf, &user);
	must(tp_lwip_server_start(&server_config, &server));
	must(tp_net_open(machine, "eth0"));
}

/* In the order in which nothing that is left uses what goes. */
static void end(void)
{
	tp_lwip_server_stop(server);
	tp_tap_close(tap);
	must(tp_net_close(machine, "eth0"));
	tp_lwip_destroy(lwip);
	must(tp_avf_destroy(avf));
	must(tp_avf_model_plug(model, NULL, 0));
	tp_avf_model_destroy(model);
	tp_wire_destroy(wire);
	tp_machine_destroy(machine);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void capture(const char *line)
{
	char path[512];
	int err;

	if (sscanf(line, "capture %511s", path) != 1) {
		puts("what?");
		return;
	}
	err = tp_wire_capture(wire, strcmp(path, "-") ? path : NULL);
	printf("capture %d\n", err);
}

static void iperf(const char *line)
{
	struct tp_lwip_iperf_result result = { 0 };
	unsigned ip[4], port, seconds;
	uint8_t address[4];
	int err;

	if (sscanf(line, "iperf %u.%u.%u.%u %u %u", &ip[0], &ip[1], &ip[2], &ip[3], &port,
		   &seconds) != 6) {
		puts("what?");
		return;
	}
	for (unsigned i = 0; i < 4; i++)
		address[i] = (uint8_t)ip[i];
	err = tp_lwip_iperf_send(address, (uint16_t)port, TP_SECONDS((uint64_t)seconds), &result);
	printf("iperf %d %llu %llu\n", err, (unsigned long long)result.bytes,
	       (unsigned long long)result.ns);
}

/* The device's wakes go to the generator, too, while there is one. */
static void run_generator(void)
{
	uint32_t seen = 0;

	while (!tp_pktgen_done(gen)) {
		uint32_t now = tp_atomic_load(&wakes, TP_ACQUIRE);

		if (now != seen)
			tp_pktgen_wake(gen);
		seen = now;
		if (!tp_pktgen_run(gen))
			tp_sleep_ns(TP_MILLISECONDS(1));
	}
}

static void tso(const char *line)
{
	struct tp_pktgen_config config = { .nd = tp_avf_netdev(avf),
					   .queue = GENERATOR_QUEUE,
					   .probe = { .flows = 1, .tcp = true } };
	unsigned mac[6], len;
	struct tp_pktgen_stat stat;
	unsigned long count;

	if (sscanf(line, "tso %x:%x:%x:%x:%x:%x %u %u %lu %lu", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5], &len, &config.mss, &count, &config.probe.seed) != 10) {
		puts("what?");
		return;
	}
	for (unsigned i = 0; i < 6; i++)
		config.probe.dst_mac[i] = (uint8_t)mac[i];
	config.min_len = config.max_len = len;
	config.count = count;
	must(tp_pktgen_create(&config, &gen));
	run_generator();
	tp_pktgen_stat(gen, &stat);
	tp_pktgen_destroy(gen);
	printf("tso %llu\n", (unsigned long long)stat.segments);
}

static void print_wire(unsigned side)
{
	struct tp_wire_stat s;

	tp_wire_stat(wire, side, &s);
	printf("wire%u.sent=%llu wire%u.delivered=%llu wire%u.unplugged=%llu ", side,
	       (unsigned long long)s.sent, side, (unsigned long long)s.delivered, side,
	       (unsigned long long)s.unplugged);
}

static void print_tap(void)
{
	struct tp_tap_stat s;

	tp_tap_stat(tap, &s);
	printf("tap.received=%llu tap.written=%llu tap.refused=%llu tap.read=%llu tap.whole=%llu "
	       "tap.cut=%llu tap.segments=%llu tap.malformed=%llu ",
	       (unsigned long long)s.received, (unsigned long long)s.written,
	       (unsigned long long)s.refused, (unsigned long long)s.read,
	       (unsigned long long)s.whole, (unsigned long long)s.cut,
	       (unsigned long long)s.segments, (unsigned long long)s.malformed);
}

static void print_stack(void)
{
	struct tp_lwip_stat s;

	tp_lwip_stat(lwip, &s);
	printf("lwip.given=%llu lwip.copied=%llu lwip.dropped=%llu lwip.held=%llu "
	       "lwip.to_send=%llu lwip.sent=%llu lwip.refused=%llu lwip.no_buffer=%llu "
	       "lwip.pending=%llu lwip.joined=%llu lwip.large=%llu lwip.wire=%llu ",
	       (unsigned long long)s.given, (unsigned long long)s.copied,
	       (unsigned long long)s.dropped, (unsigned long long)s.held,
	       (unsigned long long)s.to_send, (unsigned long long)s.sent,
	       (unsigned long long)s.refused, (unsigned long long)s.no_buffer,
	       (unsigned long long)s.pending, (unsigned long long)s.joined,
	       (unsigned long long)s.large, (unsigned long long)s.wire);
}

static void print_server(void)
{
	struct tp_lwip_server_stat s;

	tp_lwip_server_stat(server, &s);
	printf("server.open=%llu server.http_bytes=%llu server.echo_bytes=%llu "
	       "server.iperf_bytes=%llu ",
	       (unsigned long long)s.open, (unsigned long long)s.http_bytes,
	       (unsigned long long)s.echo_bytes, (unsigned long long)s.iperf_bytes);
}

static void print_device(void)
{
	struct tp_net_stats stats;

	must(tp_net_stats_get(machine, "eth0", &stats));
	for (unsigned i = 0; i < stats.nr; i++)
		printf("%s=%llu ", stats.names[i], (unsigned long long)stats.values[i]);
	tp_net_stats_put(&stats);
}

static void print_stat(void)
{
	print_wire(0);
	print_wire(1);
	print_tap();
	print_stack();
	print_server();
	print_device();
	putchar('\n');
}

static bool obey(const char *line)
{
	if (!strncmp(line, "quit", 4))
		return false;
	if (!strncmp(line, "capture", 7))
		capture(line);
	else if (!strncmp(line, "iperf", 5))
		iperf(line);
	else if (!strncmp(line, "tso", 3))
		tso(line);
	else if (!strncmp(line, "stat", 4))
		print_stat();
	else
		puts("what?");
	return true;
}

int main(int argc, char **argv)
{
	struct tp_net_info info;
	char line[1024];

	if (argc != 5) {
		fputs("usage: net_server TAP IPv4 BITS IPv6\n", stderr);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	make_device(argv[1]);
	make_stack(argv + 2);
	must(tp_net_info(machine, "eth0", &info));
	printf("ready %02x:%02x:%02x:%02x:%02x:%02x\n", info.config.mac[0], info.config.mac[1],
	       info.config.mac[2], info.config.mac[3], info.config.mac[4], info.config.mac[5]);
	while (fgets(line, sizeof(line), stdin) && obey(line))
		;
	end();
	puts("ended");
	return 0;
}
