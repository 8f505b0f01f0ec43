/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lab_net - what scripts may do with network devices, wires and traffic, and what they are
 * told when they may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "lab_script.h"

#define NIC    MACHINE "local n = assert(m:nic()) "
#define PAIR   NIC "local o = assert(m:nic { queues = 2 }) "
#define WIRED  PAIR "local w = assert(m:wire { from = 'avf0', to = 'avf1' }) "
#define LINKED WIRED "repeat tp.sleep '1ms' until n:info().carrier and o:info().carrier "
#define TRAFFIC(...) \
	LINKED "local t = assert(m:traffic { from = 'avf0', to = 'avf1'" __VA_ARGS__ " }) "

/* As fast as it goes; slowly, so that nothing is lost; small, unseen; and one with a name. */
#define FLOOD  TRAFFIC(", flows = 16")
#define SLOW   TRAFFIC(", rate = 4000")
#define SMALL  TRAFFIC(", frame = 60, rate = 1000")
#define BLIND  TRAFFIC(", rate = 4000, content = false")
#define CALLED TRAFFIC(", name = 'flood'")

/* ---- devices --------------------------------------------------------------------------------- */

static void a_device_is_as_it_was_asked_for(tp_unused void **state)
{
	expect_held(NIC "local i = n:info() assert(tostring(n) == 'avf0' and i.name == 'avf0') "
			"assert(i.queues == 1 and i.mtu == 1500 and i.state == 'running') "
			"assert(i.mac:match '^%x%x:%x%x:%x%x:%x%x:%x%x:%x%x$' and not i.carrier)");
	expect_held(MACHINE
		    "local n = m:nic { name = 'eth', node = 0, queues = 3, rx_ring = 64, "
		    "tx_ring = 4096, mtu = 9000, run = 'poll', device = 'thread', up = false "
		    "} local i = n:info() assert(i.name == 'eth' and i.queues == 3 and "
		    "i.rx_ring == 64 and i.tx_ring == 4096 and i.mtu == 9000 and i.state == "
		    "'down')");
}

static void devices_that_cannot_be_are_refused(tp_unused void **state)
{
	expect_wrong(MACHINE "m:nic { nodes = 1 }",
		     "nic: unknown option \"nodes\"; known are name,");
	expect_wrong(MACHINE "m:nic { name = 7 }", "nic: name must be a text, not 7");
	expect_wrong(MACHINE "m:nic { name = '' }", "nic: name must be a text");
	expect_wrong(MACHINE "m:nic { name = 'sixteen-letters!' }", "1 to 15 bytes");
	expect_wrong(MACHINE "m:nic { name = 'a/b' }", "needs a name");
	expect_wrong(NIC "m:nic { name = 'avf0' }", "there is a network device avf0 already");
	expect_wrong(MACHINE "m:nic { node = 2 }", "node 2 is not one of 2");
	expect_wrong(MACHINE "m:nic { queues = 0 }", "queues must be a number from 1 to 16");
	expect_wrong(MACHINE "m:nic { queues = 17 }", "queues must be a number from 1 to 16");
	expect_wrong(MACHINE "m:nic { rx_ring = 63 }", "rx_ring must be a number from 64 to 4096");
	expect_wrong(MACHINE "m:nic { rx_ring = 100 }", "rx_ring 100 is no multiple of 32");
	expect_wrong(MACHINE "m:nic { tx_ring = 4097 }", "tx_ring must be a number from 64");
	expect_wrong(MACHINE "m:nic { mtu = 67 }", "mtu must be a number from 68 to 9702");
	expect_wrong(MACHINE "m:nic { run = 'walk' }", "run must be one of interrupt, poll");
	expect_wrong(MACHINE "m:nic { device = 'gpu' }", "device must be one of inline, thread");
	expect_wrong(MACHINE "m:nic { up = 1 }", "up must be true or false");
	expect_wrong(MACHINE "m:nic 'avf0'", "nic: takes a table of options, not string");
}

/* A name that one made up is free again, or taken, whoever comes. */
static void made_up_names_are_free_ones(tp_unused void **state)
{
	expect_held(MACHINE "local a = m:nic { name = 'avf1' } local b, c = m:nic(), m:nic() "
			    "assert(tostring(b) == 'avf0' and tostring(c) == 'avf2') "
			    "assert(b:unplug()) assert(tostring(m:nic()) == 'avf0')");
}

static void what_is_in_use_is_not_unplugged(tp_unused void **state)
{
	expect_wrong(WIRED "n:unplug()", "avf0: its wire is still plugged in");
	expect_wrong(CALLED "w:unplug() o:unplug()", "avf1: flood still uses it");
	expect_wrong(CALLED "w:unplug() n:unplug()", "avf0: flood still uses it");
	expect_held(FLOOD "w:unplug() t:stop() assert(n:unplug() and o:unplug())");
}

static void what_is_gone_cannot_be_used(tp_unused void **state)
{
	static const char *const calls[] = { "info",  "stats", "set",	   "up",     "down",
					     "reset", "link",  "pf_reset", "unplug", "hang" };
	char text[512];

	for (size_t i = 0; i < TP_ARRAY_SIZE(calls); i++) {
		snprintf(text, sizeof(text), NIC "n:unplug() n:%s {}", calls[i]);
		expect_wrong(text, "avf0 is not there any more");
	}
	expect_wrong(NIC "m:close() n:info()", "avf0: its machine is closed");
	expect_wrong(NIC "m:close() m:nic()", "closed");
	expect_wrong(WIRED "m:close() w:stat()", "this wire is unplugged");
	expect_wrong(WIRED "m:close() m:wire { from = 'avf0', to = 'avf1' }", "closed");
	expect_wrong(WIRED "m:close() m:traffic { from = 'avf0', to = 'avf1' }", "closed");
	/* By its name, as everybody knows it. */
	expect_held(NIC "n:unplug() assert(m:nic { queues = 2 }) assert(n:info().queues == 2)");
}

/* ---- settings -------------------------------------------------------------------------------- */

static void every_setting_takes_effect(tp_unused void **state)
{
	expect_held(LINKED
		    "assert(n:set { mac = '02:00:00:00:00:AB', mtu = 2000, queues = 4, "
		    "rx_ring = 128, tx_ring = 256, rx_usecs = 10, tx_usecs = 8160, promisc = "
		    "true, allmulti = true, keep_stats = true, rx_csum = false, tso = false, "
		    "tx_csum = false, rx_vlan = false, tx_vlan = false, rx_hash = false }) "
		    "local i = n:info() assert(i.mac == '02:00:00:00:00:ab' and i.mtu == "
		    "2000 and i.queues == 4 and i.rx_ring == 128 and i.tx_ring == 256) "
		    "assert(n:stats().sq3_packets == 0 and n:stats().sq4_packets == nil)");
	expect_held(LINKED "assert(n:set { up = false }) assert(n:info().state == 'down') "
			   "assert(n:set {}) assert(n:set { up = true, queues = 2 }) "
			   "assert(n:info().state == 'running' and n:info().queues == 2)");
	expect_held(LINKED "n:down() n:down() assert(n:info().state == 'down') n:up() n:up() "
			   "assert(n:info().state == 'running')");
}

static void settings_that_cannot_be_change_nothing(tp_unused void **state)
{
	expect_wrong(NIC "n:set { colour = 1 }", "set: unknown option \"colour\"; known are mac,");
	expect_wrong(NIC "n:set { name = 'eth0' }", "set: unknown option \"name\"");
	expect_wrong(NIC "n:set()", "table expected");
	expect_wrong(NIC "n:set { mtu = 10000 }", "mtu must be a number from 68 to 9702");
	expect_wrong(NIC "n:set { queues = 17 }", "queues must be a number from 1 to 16");
	expect_wrong(NIC "n:set { rx_ring = 100 }", "rx_ring 100 is no multiple of 32");
	expect_wrong(NIC "n:set { rx_usecs = 8161 }", "rx_usecs must be a number from 0 to 8160");
	expect_wrong(NIC "n:set { tx_usecs = 7 }", "tx_usecs 7 is no multiple of 2");
	expect_wrong(NIC "n:set { up = 'yes' }", "up must be true or false");
	expect_wrong(NIC "n:set { tx_csum = false }", "TSO needs the transmit checksum");
	expect_wrong(NIC "n:set { mac = '02:00:00:00:00' }", "\"02:00:00:00:00\" is no MAC");
	expect_wrong(NIC "n:set { mac = ' 2:00:00:00:00:01' }", "is no MAC address");
	expect_wrong(NIC "n:set { mac = '02-00-00-00-00-01' }", "is no MAC address");
	expect_wrong(NIC "n:set { mac = '02:00:00:00:00:01:' }", "is no MAC address");
	expect_wrong(NIC "n:set { mac = '01:00:00:00:00:01' }", "is no address of a device");
	/* All or nothing, and back up. */
	expect_held(NIC "local before = n:info() assert(not pcall(n.set, n, { up = false, mtu = "
			"3000, rx_ring = 100 })) local i = n:info() assert(i.state == 'running' "
			"and i.mtu == before.mtu)");
}

/* What has to be made anew is not there; the device goes on as it was. */
static void settings_for_which_there_is_no_memory_change_nothing(tp_unused void **state)
{
	expect_held(LINKED
		    "n:down() tp.fault.arm('dma/coherent', 1, 100000) local ok, why, errno = "
		    "n:set { up = true, mtu = 3000 } tp.fault.reset() assert(not ok and "
		    "errno == 'ENOMEM', why) assert(n:info().mtu == 1500 and n:info().state "
		    "== 'down') assert(n:up())");
}

/* ---- what befalls it ------------------------------------------------------------------------- */

static void resets_are_counted_and_survived(tp_unused void **state)
{
	expect_held(LINKED
		    "assert(n:reset()) assert(n:info().resets == 1) assert(n:info().state == "
		    "'running')");
	expect_held(LINKED "assert(n:pf_reset()) repeat tp.sleep '1ms' until n:info().resets == 1 "
			   "and n:info().state == 'running' ");
	expect_held(LINKED "assert(n:pf_reset { announce = true }) repeat tp.sleep '1ms' until "
			   "n:info().resets == 1 and n:info().state == 'running' ");
	expect_wrong(NIC "n:pf_reset { when = 'now' }", "pf_reset: unknown option \"when\"");
	expect_wrong(NIC "n:pf_reset { announce = 1 }", "announce must be true or false");
}

static void the_link_can_be_taken_and_given(tp_unused void **state)
{
	expect_held(LINKED "n:link(false) repeat tp.sleep '1ms' until not n:info().carrier "
			   "n:link(true) repeat tp.sleep '1ms' until n:info().carrier ");
	expect_wrong(NIC "n:link 'down'", "boolean expected, got string");
	expect_wrong(NIC "n:link()", "boolean expected, got no value");
}

static void a_queue_can_hang(tp_unused void **state)
{
	expect_wrong(NIC "n:hang { queue = 1 }", "hang: avf0 has no queue 1, but 1");
	expect_wrong(NIC "n:hang { queue = 16 }", "queue must be a number from 0 to 15");
	expect_wrong(NIC "n:hang { side = 'both' }", "side must be one of rx, tx");
	/* What had come before is taken; then nothing comes through, until a reset. */
	expect_held(SLOW "o:hang { queue = 0, side = 'rx' } o:hang { queue = 1, side = 'rx' } "
			 "local before repeat before = t:stats().received local sent = "
			 "t:stats().sent repeat tp.sleep '1ms' until t:stats().sent > sent + 100 "
			 "until t:stats().received == before o:reset() repeat tp.sleep '1ms' "
			 "until t:stats().received > before ");
}

static void counters_can_be_asked_for(tp_unused void **state)
{
	expect_held(NIC "local s = n:stats() assert(s.rx_bytes == 0 and s.tx_errors == 0 and "
			"s.rq0_drop_reset == 0 and s.sq0_stops == 0 and s.rq1_packets == nil)");
	expect_held(NIC "tp.fault.arm('net/stats', 1) assert(not pcall(n.stats, n)) "
			"assert(n:stats())");
}

/* ---- wires ----------------------------------------------------------------------------------- */

static void wires_that_cannot_be_are_refused(tp_unused void **state)
{
	expect_wrong(NIC "m:wire { to = 'avf0' }", "wire: option \"from\" is missing");
	expect_wrong(NIC "m:wire { from = 'avf0' }", "wire: takes either \"to\"");
	expect_wrong(PAIR "m:wire { from = 'avf0', to = 'avf1', tap = 'tap0' }",
		     "wire: takes either \"to\", a network device, or \"tap\"");
	expect_wrong(NIC "m:wire { from = 'avf0', to = 'avf7' }",
		     "wire: there is no network device \"avf7\"");
	expect_wrong(NIC "m:wire { from = 'eth0', to = 'avf0' }",
		     "wire: there is no network device \"eth0\"");
	expect_wrong(PAIR "m:wire { from = n, to = o }", "from must be a text, not avf0");
	expect_wrong(PAIR "m:wire { from = 'avf0', to = 'avf1', offload = 'no' }",
		     "offload must be true or false");
	expect_held(PAIR "assert(select(3, m:wire { from = 'avf0', to = 'avf0' }) == 'EBUSY') "
			 "assert(m:wire { from = 'avf0', to = 'avf1' })");
	expect_held(WIRED "local x, why, errno = m:wire { from = 'avf1', to = 'avf0' } assert(not "
			  "x and errno == 'EBUSY' and why:find 'plugged in already')");
}

static void captures_stay_where_the_command_was_started(tp_unused void **state)
{
	static const char *const names[] = { "/tmp/a.pcap", "../a.pcap", "a/b.pcap", "a.pcapng",
					     "a",	    ".pcap",	 "",	     "a.pcap/" };
	char text[512];

	for (size_t i = 0; i < TP_ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), WIRED "w:capture '%s'", names[i]);
		expect_wrong(text, "must be a name that ends in .pcap, without \"/\"");
	}
	expect_wrong(PAIR "m:wire { from = 'avf0', to = 'avf1', capture = '/tmp/a.pcap' }",
		     "capture: \"/tmp/a.pcap\" must be a name");
}

static char *enter_scratch(char scratch[32])
{
	char *before = getcwd(NULL, 0);

	strcpy(scratch, "/tmp/tidepool-net-XXXXXX");
	assert_non_null(before);
	assert_non_null(mkdtemp(scratch));
	assert_int_equal(chdir(scratch), 0);
	return before;
}

static void leave_scratch(const char *scratch, char *before)
{
	assert_int_equal(chdir(before), 0);
	assert_int_equal(rmdir(scratch), 0);
	free(before);
}

static void a_capture_has_every_frame(tp_unused void **state)
{
	enum { HEADER = 24, PER_FRAME = 16 + 60 };
	char scratch[32], *before = enter_scratch(scratch);
	struct outcome outcome;
	FILE *f;
	long size;

	run(SMALL "w:capture 'a.pcap' local n = w:stat().from.delivered repeat tp.sleep '1ms' "
		  "until w:stat().from.delivered > n + 10 t:stop() w:capture() "
		  "print(w:stat().from.delivered)",
	    &outcome);
	assert_string_equal(outcome.message, "");
	f = fopen("a.pcap", "r");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	unlink("a.pcap");
	leave_scratch(scratch, before);
	assert_true(size >= HEADER + 10 * PER_FRAME && (size - HEADER) % PER_FRAME == 0);
	assert_true((size - HEADER) / PER_FRAME <= strtol(outcome.log, NULL, 10));
}

static void a_capture_that_cannot_be_written_is_an_answer(tp_unused void **state)
{
	expect_held(PAIR "tp.fault.arm('model/capture-open', 1) local w, why, errno = m:wire { "
			 "from = 'avf0', to = 'avf1', capture = 'never-made.pcap' } assert(not w "
			 "and errno, why) assert(m:wire { from = 'avf0', to = 'avf1' })");
}

static void a_wire_tells_what_became_of_frames(tp_unused void **state)
{
	expect_held(SLOW "repeat tp.sleep '1ms' until w:stat().from.delivered > 10 t:stop() local "
			 "s = w:stat() assert(s.from.sent == s.from.delivered and s.from.sent == "
			 "t:stats().sent and s.to.sent == 0 and s.from.lost == 0 and s.from.bytes "
			 "== 1514 * s.from.sent)");
	expect_held(SLOW "w:mishap { lose_ppm = 1000000 } repeat tp.sleep '1ms' until "
			 "w:stat().from.lost > 10 t:stop() assert(w:stat().from.held == 0)");
	expect_held(SLOW "w:mishap { corrupt_ppm = 1000000 } repeat tp.sleep '1ms' until "
			 "w:stat().from.corrupted > 10 t:stop() assert(t:stats().damaged == 0)");
	expect_held(SLOW "w:mishap { duplicate_ppm = 1000000 } repeat tp.sleep '1ms' until "
			 "t:stats().again > 10 w:mishap {} t:stop() "
			 "assert(w:stat().from.duplicated > 10)");
	expect_held(SLOW "w:mishap { reorder_ppm = 500000 } repeat tp.sleep '1ms' until "
			 "t:stats().late > 10 and w:stat().from.reordered > 10 t:stop()");
	expect_held(SLOW "w:mishap { delay = '20ms' } repeat tp.sleep '1ms' until "
			 "w:stat().from.held > 0 repeat tp.sleep '1ms' until t:stats().received > "
			 "100 t:stop()");
}

static void mishaps_that_cannot_be_are_refused(tp_unused void **state)
{
	expect_wrong(WIRED "w:mishap { lose = 1 }",
		     "mishap: unknown option \"lose\"; known are lose_ppm,");
	expect_wrong(WIRED "w:mishap { lose_ppm = 1000001 }", "from 0 to 1000000");
	expect_wrong(WIRED "w:mishap { delay = 5 }", "delay must be a duration");
	expect_held(WIRED "assert(w:mishap()) assert(w:mishap { reorder_ppm = 1, delay = '1ms' })");
}

static void an_unplugged_wire_is_of_no_use(tp_unused void **state)
{
	static const char *const calls[] = { "stat", "mishap", "capture", "unplug" };
	char text[512];

	for (size_t i = 0; i < TP_ARRAY_SIZE(calls); i++) {
		snprintf(text, sizeof(text), WIRED "w:unplug() w:%s()", calls[i]);
		expect_wrong(text, "this wire is unplugged");
	}
	expect_held(LINKED "w:unplug() repeat tp.sleep '1ms' until not n:info().carrier and not "
			   "o:info().carrier w = m:wire { from = 'avf1', to = 'avf0' } repeat "
			   "tp.sleep '1ms' until n:info().carrier ");
}

/* ---- traffic --------------------------------------------------------------------------------- */

static void traffic_that_cannot_be_is_refused(tp_unused void **state)
{
	expect_wrong(NIC "m:traffic { from = 'avf0' }", "traffic: option \"to\" is missing");
	expect_wrong(NIC "m:traffic { to = 'avf0' }", "traffic: option \"from\" is missing");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf9' }",
		     "traffic: there is no network device \"avf9\"");
	expect_wrong(NIC "m:traffic { from = 'eth0', to = 'avf0' }",
		     "traffic: there is no network device \"eth0\"");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', size = 9 }",
		     "traffic: unknown option \"size\"; known are name, from, to, frame,");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', frame = 59 }",
		     "frame must be a number from 60 to 65549");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', flows = 0 }",
		     "flows must be a number from 1 to 1024");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', mss = 63 }",
		     "mss must be a number from 64 to 9000");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', rate = 0 }",
		     "rate must be a number from 1 to 1000000000");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', content = 'yes' }",
		     "content must be true or false");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', min_frame = 200, frame = 100 }",
		     "frames of 200 to 100 bytes");
	expect_wrong(NIC "m:traffic { from = 'avf0', to = 'avf0', frame = 1515 }",
		     "frames of 1515 to 1515 bytes");
}

static void a_device_has_one_traffic_each_way(tp_unused void **state)
{
	expect_held(FLOOD "local u, why, errno = m:traffic { from = 'avf0', to = 'avf1' } "
			  "assert(not u and errno == 'EBUSY' and why:find 'is used already') "
			  "assert(m:traffic { from = 'avf1', to = 'avf0' }) t:stop() "
			  "assert(m:traffic { from = 'avf0', to = 'avf1' })");
}

/* Each byte as it was; but for those that a slow machine had no room for in time. */
static void every_frame_comes(tp_unused void **state)
{
	static const char *const wishes[] = {
		"",
		", min_frame = 60",
		", frame = 60, flows = 7",
		", csum = false",
		", content = false",
		", frame = 9000, mss = 1000",
	};
	char text[1024];

	for (size_t i = 0; i < TP_ARRAY_SIZE(wishes); i++) {
		snprintf(text, sizeof(text),
			 LINKED
			 "local t = assert(m:traffic { from = 'avf0', to = 'avf1', rate = 4000%s "
			 "}) repeat tp.sleep '1ms' until t:stats().received > 400 t:stop() local "
			 "s = t:stats() assert(s.kind == 'traffic' and not s.running and "
			 "n:stats().sq0_packets == s.sent) assert(s.in_order == s.received and "
			 "s.damaged == 0 and s.bytes_received >= 60 * s.received) local d repeat "
			 "tp.sleep '1ms' d = o:stats() until s.sent == s.received + d.rx_discards "
			 "assert(d.rq0_packets + d.rq1_packets == s.received)",
			 wishes[i]);
		expect_held(text);
	}
}

static void what_was_looked_at_is_counted(tp_unused void **state)
{
	expect_held(SLOW "repeat tp.sleep '1ms' until t:stats().received > 50 assert(t:verify() > "
			 "0) t:stop() assert(t:stats().verified == 1514 * t:stats().received)");
	expect_held(BLIND "repeat tp.sleep '1ms' until t:stats().received > 50 assert(t:verify() "
			  "== 0) t:stop() assert(t:stats().verified == 0)");
}

static void traffic_ends_with_its_machine_or_before(tp_unused void **state)
{
	expect_held(FLOOD "m:close() assert(not t:stats().running)");
	expect_held(FLOOD "n:down() o:down() t:stop()");
	expect_held(FLOOD "tp.sleep '5ms'");
	expect_held(FLOOD "t:stop() t:stop()");
	expect_wrong(FLOOD "t:stop() t:verify()", "traffic1 is stopped");
	expect_wrong(FLOOD "t:nodes()", "traffic1 is no mapping");
}

static void addresses_that_are_none_are_refused(tp_unused void **state)
{
	static const char *const addresses[] = { "10.0.0.2",	       "10.0.0.2/",   "10.0.0.2/33",
						 "10.0.0.2/-1",	       "10.0.0.2/ 8", "10.0.0/24",
						 "10.0.0.2/4294967304" };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(addresses); i++) {
		char script[256], said[64];

		snprintf(script, sizeof(script), NIC "m:serve { nic = 'avf0', address = '%s' }",
			 addresses[i]);
		snprintf(said, sizeof(said), "\"%s\" is no address", addresses[i]);
		expect_wrong(script, said);
	}
}

static void traffic_that_cannot_begin_leaves_nothing(tp_unused void **state)
{
	expect_held(LINKED "local nth = 0 repeat nth = nth + 1 tp.fault.arm('core/alloc', nth) "
			   "local t, why, errno = m:traffic { from = 'avf0', to = 'avf1' } "
			   "tp.fault.reset() assert(t or errno == 'ENOMEM', why) until t and "
			   "t:stop() assert(nth > 3)");
}

/* Whatever happens to devices meanwhile, the books balance after each step. */
static void traffic_survives_what_befalls_its_devices(tp_unused void **state)
{
	expect_held(FLOOD "assert(m:traffic { from = 'avf1', to = 'avf0' }) for turn = 1, 3 do "
			  "n:set { queues = 3 } o:set { rx_ring = 64 } n:reset() o:pf_reset { "
			  "announce = turn == 2 } n:set { mtu = 9000 } n:down() o:down() "
			  "w:unplug() w = m:wire { from = 'avf1', to = 'avf0' } o:up() n:up() "
			  "o:set { rx_ring = 512 } n:set { queues = 1, mtu = 1500 } w:mishap { "
			  "lose_ppm = 50000, corrupt_ppm = 50000, duplicate_ppm = 50000, "
			  "reorder_ppm = 50000, delay = '1ms' } tp.sleep '5ms' w:mishap {} end "
			  "local before = t:stats().received repeat tp.sleep '1ms' until "
			  "t:stats().received > before");
}

static void memory_under_traffic_can_be_taken_away(tp_unused void **state)
{
	expect_held(MACHINE PLUG
		    "assert(m:nic { node = 1 } and m:nic { node = 1, run = 'poll' }) "
		    "assert(m:wire { from = 'avf0', to = 'avf1' }) local t, seen = m:traffic "
		    "{ from = 'avf0', to = 'avf1' }, 100 local function flows() repeat "
		    "tp.sleep '1ms' until t:stats().received > seen end flows() " UNPLUG
		    "seen = t:stats().received flows()");
}

/* ---- the whole ------------------------------------------------------------------------------- */

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_device_is_as_it_was_asked_for),
		TEST(devices_that_cannot_be_are_refused),
		TEST(made_up_names_are_free_ones),
		TEST(what_is_in_use_is_not_unplugged),
		TEST(what_is_gone_cannot_be_used),
		TEST(every_setting_takes_effect),
		TEST(settings_that_cannot_be_change_nothing),
		TEST(settings_for_which_there_is_no_memory_change_nothing),
		TEST(resets_are_counted_and_survived),
		TEST(the_link_can_be_taken_and_given),
		TEST(a_queue_can_hang),
		TEST(counters_can_be_asked_for),
		TEST(wires_that_cannot_be_are_refused),
		TEST(captures_stay_where_the_command_was_started),
		TEST(a_capture_has_every_frame),
		TEST(a_capture_that_cannot_be_written_is_an_answer),
		TEST(a_wire_tells_what_became_of_frames),
		TEST(mishaps_that_cannot_be_are_refused),
		TEST(an_unplugged_wire_is_of_no_use),
		TEST(traffic_that_cannot_be_is_refused),
		TEST(a_device_has_one_traffic_each_way),
		TEST(every_frame_comes),
		TEST(what_was_looked_at_is_counted),
		TEST(traffic_ends_with_its_machine_or_before),
		TEST(traffic_that_cannot_begin_leaves_nothing),
		TEST(addresses_that_are_none_are_refused),
		TEST(traffic_survives_what_befalls_its_devices),
		TEST(memory_under_traffic_can_be_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
