/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_pcap - what passed a wire is in the capture, and a capture passes a wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire_pair.h"

static char folder[] = "/tmp/tp-pcap-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/wire.pcap", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int begin(void **state)
{
	int err;

	begin_pair(state);
	err = tp_wire_capture(wire, path);
	assert_true(!err || err == -ENOTSUP);
	return 0;
}

static int end(void **state)
{
	end_pair(state);
	unlink(path);
	return 0;
}

static void skip_without_libpcap(void)
{
	struct stat status;

	if (stat(path, &status)) {
		print_message("built without libpcap\n");
		skip();
	}
}

static void clear(void)
{
	logged[0].n = logged[1].n = 0;
}

static void a_capture_holds_both_directions_in_order(void **state)
{
	(void)state;
	skip_without_libpcap();
	wire_send_numbers(wire, 0, 0, 3, 0);
	wire_send_numbers(wire, 1, 3, 2, 0);
	wire_send_numbers(wire, 0, 5, 1, 0);
	must(tp_wire_capture(wire, NULL));
	wire_send_numbers(wire, 0, 99, 1, 0); /* after its end */
	clear();
	assert_int_equal(tp_pcap_replay(path, wire, 0), 6);
	assert_int_equal(logged[1].n, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(logged[1].frames[i].number, i);
		assert_true(logged[1].frames[i].intact);
	}
}

static void what_was_lost_is_not_in_it(void **state)
{
	const struct tp_wire_mishap mishap = { .lose_ppm = 500000, .duplicate_ppm = 200000 };

	(void)state;
	skip_without_libpcap();
	tp_wire_set_mishap(wire, 0, &mishap);
	for (unsigned i = 0; i < 1000; i += 50)
		wire_send_numbers(wire, 0, i, 50, 0);
	tp_wire_unplug(wire, 0);
	wire_send_numbers(wire, 1, 0, 4, 0); /* to nobody */
	must(tp_wire_plug(wire, 0, &logged[0].end));
	must(tp_wire_capture(wire, NULL));
	assert_int_equal(tp_pcap_replay(path, wire, 1), logged[1].n);
	assert_int_equal(logged[0].n, logged[1].n);
}

static void a_second_capture_ends_the_first(void **state)
{
	char second[80];

	(void)state;
	skip_without_libpcap();
	snprintf(second, sizeof(second), "%s2", path);
	wire_send_numbers(wire, 0, 0, 2, 0);
	must(tp_wire_capture(wire, second));
	wire_send_numbers(wire, 0, 2, 3, 0);
	must(tp_wire_capture(wire, NULL));
	assert_int_equal(tp_pcap_replay(path, wire, 0), 2);
	assert_int_equal(tp_pcap_replay(second, wire, 0), 3);
	unlink(second);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void a_capture_that_cannot_be_made_is_refused(void **state)
{
	(void)state;
	skip_without_libpcap();
	assert_int_equal(tp_wire_capture(wire, "/nowhere/wire.pcap"), -ENOENT);
	must(tp_fault_arm("model/capture-open", 1, 1));
	assert_int_equal(tp_wire_capture(wire, path), -EIO);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_wire_capture(wire, path), -ENOMEM);
	tp_fault_reset();
	/* The one that runs goes on. */
	wire_send_numbers(wire, 0, 0, 2, 0);
	must(tp_wire_capture(wire, NULL));
	assert_int_equal(tp_pcap_replay(path, wire, 0), 2);
}

static void a_capture_that_is_not_whole_says_so(void **state)
{
	(void)state;
	skip_without_libpcap();
	must(tp_fault_arm("model/capture-write", 2, 1));
	wire_send_numbers(wire, 0, 0, 3, 0);
	tp_fault_reset();
	assert_int_equal(tp_wire_capture(wire, NULL), -EIO);
	assert_int_equal(logged[1].n, 3); /* the traffic is none the worse for it */
}

static void a_full_disk_is_said(void **state)
{
	(void)state;
	skip_without_libpcap();
	if (access("/dev/full", W_OK))
		skip();
	must(tp_wire_capture(wire, NULL));
	must(tp_wire_capture(wire, "/dev/full"));
	wire_send_numbers(wire, 0, 0, 64, 0);
	assert_int_equal(tp_wire_capture(wire, NULL), -EIO);
}

static void write_file(const char *name, const void *data, size_t len)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

static void what_is_no_capture_is_refused(void **state)
{
	(void)state;
	skip_without_libpcap();
	must(tp_wire_capture(wire, NULL));
	assert_int_equal(tp_pcap_replay("/nowhere/wire.pcap", wire, 0), -ENOENT);
	write_file(path, "no capture at all, but long enough to be one", 44);
	assert_int_equal(tp_pcap_replay(path, wire, 0), -EINVAL);
	write_file(path, "", 0);
	assert_int_equal(tp_pcap_replay(path, wire, 0), -EINVAL);
}

struct record {
	uint32_t s, ns, caplen, len;
	uint8_t data[60];
};

struct file {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, figures, snaplen, linktype;
	struct record record;
};

static const struct file good_file = {
	.magic = 0xa1b23c4d,
	.major = 2,
	.minor = 4,
	.snaplen = 65535,
	.linktype = 1,
	.record = { .caplen = 60, .len = 60 },
};

static int64_t replay(const struct file *file, size_t len)
{
	write_file(path, file, len);
	return tp_pcap_replay(path, wire, 0);
}

static void a_bad_capture_is_refused(void **state)
{
	struct file file = good_file;

	(void)state;
	skip_without_libpcap();
	must(tp_wire_capture(wire, NULL));
	file.linktype = 101; /* raw IP */
	assert_int_equal(replay(&file, sizeof(file)), -EINVAL);
	file = good_file;
	file.record.len = 1500; /* captured in part */
	assert_int_equal(replay(&file, sizeof(file)), -EINVAL);
	file.record.caplen = 0xffffffff;
	assert_int_equal(replay(&file, sizeof(file)), -EINVAL);
	assert_int_equal(replay(&good_file, sizeof(file) - 1), -EINVAL); /* cut off */
	assert_int_equal(logged[1].n, 0);
	assert_int_equal(replay(&good_file, sizeof(file)), 1);
	assert_int_equal(logged[1].n, 1);
}

#define PCAP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PCAP_TEST(a_capture_holds_both_directions_in_order),
		PCAP_TEST(what_was_lost_is_not_in_it),
		PCAP_TEST(a_second_capture_ends_the_first),
		PCAP_TEST(a_capture_that_cannot_be_made_is_refused),
		PCAP_TEST(a_capture_that_is_not_whole_says_so),
		PCAP_TEST(a_full_disk_is_said),
		PCAP_TEST(what_is_no_capture_is_refused),
		PCAP_TEST(a_bad_capture_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
