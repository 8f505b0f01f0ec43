/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_mapping_kernel_io - what the kernel writes into a mapping whose pages move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>

#include "skip.h"
#include "mapping_machine.h"

struct bed {
	struct tp_machine *m;
	struct tp_device *devices[2];
	struct tp_mapping *map;
	char *base;
};

enum { NOT_PERMITTED = 77, FILE_BYTES = 256 * 1024 };

/* Room for eight reads of the file side by side. */
#define MAP_BYTES TP_MAX(3 * CHUNK, UINT64_C(9) * FILE_BYTES)

static int try_bed(struct bed *bed, enum tp_hold_kind hold)
{
	struct tp_machine_config config = two_nodes();
	int err;

	config.hold = hold;
	err = tp_machine_create(&config, &bed->m);
	if (err)
		return err;
	for (unsigned i = 0; i < 2; i++)
		bed->devices[i] = plug_movable(bed->m, 1, 1);
	bed->map = map_on(bed->m, 1, MAP_BYTES);
	bed->base = tp_mapping_base(bed->map);
	return 0;
}

/* False: the test does not apply here. */
static bool make_bed(struct bed *bed)
{
	int err = try_bed(bed, TP_HOLD_USERFAULTFD);

	if (err == -EPERM) {
		print_message("userfaultfd for the kernel's own writes is not permitted here\n");
		return false;
	}
	must(err);
	return true;
}

static void end_bed(struct bed *bed)
{
	must(tp_mapping_destroy(bed->map));
	end_machine(bed->m);
}

/* ---- read(2) --------------------------------------------------------------------------------- */

struct one_read {
	pthread_t thread;
	int fd;
	char *to;
	ssize_t got;
	int error_number;
	tp_atomic_u32 done;
};

static void *read_once(void *arg)
{
	struct one_read *r = arg;

	r->got = read(r->fd, r->to, 8);
	r->error_number = errno;
	tp_atomic_store(&r->done, 1, TP_RELEASE);
	return NULL;
}

static void start_read(struct one_read *r, char *to)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "content", 8), 8);
	close(fds[1]);
	*r = (struct one_read){ .fd = fds[0], .to = to };
	assert_int_equal(pthread_create(&r->thread, NULL, read_once, r), 0);
}

static void finish_read(struct one_read *r)
{
	pthread_join(r->thread, NULL);
	close(r->fd);
}

static void a_read_into_a_held_page_waits_and_succeeds(void **state)
{
	struct bed bed;
	struct one_read reads[2];

	(void)state;
	if (!make_bed(&bed))
		SKIP("the kernel's own faults cannot be held here");
	bed.base[CHUNK - 16] = 1; /* one of the two pages is there, the other never was */
	must(tp_hold_begin(&bed.m->hold, bed.base, CHUNK));
	start_read(&reads[0], bed.base);
	start_read(&reads[1], bed.base + CHUNK - 16);
	usleep(30000);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(tp_atomic_load(&reads[i].done, TP_ACQUIRE), 0);
	tp_hold_end(&bed.m->hold, bed.base, CHUNK, false);
	for (unsigned i = 0; i < 2; i++) {
		finish_read(&reads[i]);
		assert_int_equal(reads[i].got, 8);
		assert_string_equal(reads[i].to, "content");
	}
	end_bed(&bed);
}

static int read_while_held(void *kind)
{
	struct bed bed;
	struct one_read read;

	if (try_bed(&bed, *(enum tp_hold_kind *)kind))
		return NOT_PERMITTED;
	bed.base[0] = 1;
	need(!tp_hold_begin(&bed.m->hold, bed.base, CHUNK));
	start_read(&read, bed.base);
	finish_read(&read);
	need(read.got == -1 && read.error_number == EFAULT);
	tp_hold_end(&bed.m->hold, bed.base, CHUNK, false);
	start_read(&read, bed.base);
	finish_read(&read);
	need(read.got == 8 && !strcmp(bed.base, "content"));
	return 0;
}

/* docs/limits.md says so: the program's own writes only. */
static void a_read_into_a_held_page_fails_without_userfaultfd_for_the_kernel(void **state)
{
	enum tp_hold_kind kinds[] = { TP_HOLD_USER_MODE, TP_HOLD_MPROTECT };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		int status = in_child(read_while_held, &kinds[i]);

		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) != NOT_PERMITTED)
			assert_int_equal(WEXITSTATUS(status), 0);
	}
}

struct feeder {
	pthread_t thread;
	int fd;
};

static void *feed(void *arg)
{
	struct feeder *f = arg;
	uint64_t words[64], n = 0;

	do
		for (unsigned i = 0; i < 64; i++)
			words[i] = pattern(1, n++);
	while (write(f->fd, words, sizeof(words)) == sizeof(words));
	return NULL;
}

/* Everything read from a pipe while pages move arrives: no error, no byte lost. */
static void reads_from_a_pipe_survive_moves(void **state)
{
	struct feeder feeder;
	struct pusher pusher;
	struct bed bed;
	uint64_t n = 0, wrong = 0;
	int fds[2];

	(void)state;
	if (!make_bed(&bed))
		SKIP("the kernel's own faults cannot be held here");
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	feeder.fd = fds[1];
	assert_int_equal(pthread_create(&feeder.thread, NULL, feed, &feeder), 0);
	pusher_start(&pusher, bed.devices[0], bed.devices[1], 10);
	while (mapping_stat(bed.map).moves < 30 || n < 20000) {
		uint64_t *to = (void *)(bed.base + n * 7 * 512 % MAP_BYTES);

		assert_int_equal(read(fds[0], to, 512), 512);
		for (unsigned i = 0; i < 64; i++)
			wrong += to[i] != pattern(1, n++);
	}
	assert_int_equal(wrong, 0);
	pusher_end(&pusher);
	close(fds[0]);
	pthread_join(feeder.thread, NULL);
	close(fds[1]);
	end_bed(&bed);
}

/* ---- a file of known content ----------------------------------------------------------------- */

static int make_file(int flags)
{
	char name[] = "tidepool-io-XXXXXX";
	uint64_t *content = malloc(FILE_BYTES);
	int fd = mkstemp(name), again;

	assert_true(fd >= 0 && content);
	for (unsigned i = 0; i < FILE_BYTES / 8; i++)
		content[i] = pattern(2, i);
	assert_int_equal(write(fd, content, FILE_BYTES), FILE_BYTES);
	free(content);
	fsync(fd);
	again = open(name, O_RDONLY | O_CLOEXEC | flags);
	unlink(name);
	close(fd);
	return again;
}

static void expect_content(const char *at)
{
	const uint64_t *words = (const void *)at;
	unsigned wrong = 0;

	for (unsigned i = 0; i < FILE_BYTES / 8; i++)
		wrong += words[i] != pattern(2, i);
	assert_int_equal(wrong, 0);
}

static int open_direct(void)
{
	int fd = make_file(O_DIRECT);

	if (fd < 0)
		print_message("no O_DIRECT on this file system\n");
	return fd;
}

static struct tp_device *device_below(struct bed *bed, uint64_t offset)
{
	tp_pfn pfn = { bed->map->pfns[offset / TP_PAGE_SIZE] };

	return tp_pfn_block(bed->m, pfn)->device;
}

/* What lies below @offset cannot go. */
static void expect_refused(struct bed *bed, uint64_t offset, const char *pinner)
{
	const struct tp_offline_options quick = { .deadline_ns = TP_MILLISECONDS(20) };
	struct tp_device *device = device_below(bed, offset);
	struct tp_offline_report report;

	assert_int_equal(tp_device_offline(device, &quick, &report), -ETIMEDOUT);
	assert_true(report.nr_blockers > 0);
	assert_non_null(strstr(report.blockers[0].what, pinner));
}

/* ---- O_DIRECT -------------------------------------------------------------------------------- */

static void direct_reads_into_a_pinned_range_are_right(void **state)
{
	struct bed bed;
	int fd = open_direct();

	(void)state;
	if (fd < 0 || !make_bed(&bed))
		SKIP("no O_DIRECT on this file system, or no full hold");
	must(tp_mapping_pin(bed.map, 4096, FILE_BYTES, "direct reader"));
	for (unsigned i = 0; i < 4; i++) {
		memset(bed.base + 4096, 0, FILE_BYTES);
		assert_int_equal(pread(fd, bed.base + 4096, FILE_BYTES, 0), FILE_BYTES);
		expect_refused(&bed, 4096, "pinned by direct reader");
		expect_content(bed.base + 4096);
	}
	tp_mapping_unpin(bed.map, 4096, FILE_BYTES);
	push_out(device_below(&bed, 4096));
	expect_content(bed.base + 4096);
	close(fd);
	end_bed(&bed);
}

struct direct_reader {
	pthread_t thread;
	struct tp_mapping *map;
	int fd;
	unsigned rounds, failed;
};

static void *read_directly(void *arg)
{
	struct direct_reader *r = arg;
	char *base = tp_mapping_base(r->map);

	for (unsigned i = 0; i < r->rounds; i++) {
		uint64_t offset = i % 8 * FILE_BYTES;
		unsigned wrong = 0;

		must(tp_mapping_pin(r->map, offset, FILE_BYTES, "direct reader"));
		r->failed += pread(r->fd, base + offset, FILE_BYTES, 0) != FILE_BYTES;
		tp_mapping_unpin(r->map, offset, FILE_BYTES);
		for (unsigned k = 0; k < FILE_BYTES / 8; k += 64)
			wrong += ((uint64_t *)(void *)(base + offset))[k] != pattern(2, k);
		r->failed += wrong != 0;
		memset(base + offset, 0, FILE_BYTES);
	}
	return NULL;
}

/* Pin, read, unpin, again and again: the pages move in between. */
static void direct_reads_and_moves_take_turns(void **state)
{
	struct direct_reader reader = { .fd = open_direct(), .rounds = 100 };
	struct pusher pusher;
	struct bed bed;

	(void)state;
	if (reader.fd < 0 || !make_bed(&bed))
		SKIP("no O_DIRECT on this file system, or no full hold");
	reader.map = bed.map;
	assert_int_equal(pthread_create(&reader.thread, NULL, read_directly, &reader), 0);
	pusher_start(&pusher, bed.devices[0], bed.devices[1], 10);
	pthread_join(reader.thread, NULL);
	pusher_end(&pusher);
	assert_int_equal(reader.failed, 0);
	close(reader.fd);
	end_bed(&bed);
}

/* ---- io_uring -------------------------------------------------------------------------------- */

static bool make_ring(struct io_uring *ring)
{
	int err = io_uring_queue_init(8, ring, 0);

	if (err)
		print_message("no io_uring here: %s\n", strerror(-err));
	return !err;
}

/* Begin to read the file, by a registered buffer if @fixed. */
static void ring_submit(struct io_uring *ring, int fd, char *to, bool fixed)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	assert_non_null(sqe);
	if (fixed)
		io_uring_prep_read_fixed(sqe, fd, to, FILE_BYTES, 0, 0);
	else
		io_uring_prep_read(sqe, fd, to, FILE_BYTES, 0);
	assert_int_equal(io_uring_submit(ring), 1);
}

static void ring_finish(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	assert_int_equal(io_uring_wait_cqe(ring, &cqe), 0);
	assert_int_equal(cqe->res, FILE_BYTES);
	io_uring_cqe_seen(ring, cqe);
}

static bool register_buffer(struct io_uring *ring, char *at)
{
	const struct iovec buffer = { at, FILE_BYTES };
	int err = io_uring_register_buffers(ring, &buffer, 1);

	if (err)
		print_message("no registered buffers here: %s\n", strerror(-err));
	return !err;
}

static void fixed_buffers_in_a_pinned_range_are_right(void **state)
{
	struct io_uring ring;
	struct bed bed;
	char *to;
	int fd;

	(void)state;
	if (!make_ring(&ring) || !make_bed(&bed))
		SKIP("no io_uring here, or no full hold");
	fd = open_direct();
	if (fd < 0)
		fd = make_file(0);
	to = bed.base + CHUNK;
	must(tp_mapping_pin(bed.map, CHUNK, FILE_BYTES, "ring"));
	if (!register_buffer(&ring, to))
		SKIP("no registered buffers here (RLIMIT_MEMLOCK)");
	for (unsigned i = 0; i < 4; i++) {
		memset(to, 0, FILE_BYTES);
		ring_submit(&ring, fd, to, true);
		expect_refused(&bed, CHUNK, "pinned by ring");
		ring_finish(&ring);
		expect_content(to);
	}
	io_uring_unregister_buffers(&ring);
	tp_mapping_unpin(bed.map, CHUNK, FILE_BYTES);
	push_out(device_below(&bed, CHUNK));
	expect_content(to);
	io_uring_queue_exit(&ring);
	close(fd);
	end_bed(&bed);
}

static void plain_ring_reads_survive_moves(void **state)
{
	struct io_uring ring;
	struct pusher pusher;
	struct bed bed;
	int fd;

	(void)state;
	if (!make_ring(&ring) || !make_bed(&bed))
		SKIP("no io_uring here, or no full hold");
	fd = make_file(0);
	pusher_start(&pusher, bed.devices[0], bed.devices[1], 10);
	for (unsigned i = 0; mapping_stat(bed.map).moves < 30 || i < 100; i++) {
		char *to = bed.base + i % 8 * FILE_BYTES;

		ring_submit(&ring, fd, to, false);
		ring_finish(&ring);
		expect_content(to);
		memset(to, 0, FILE_BYTES);
	}
	pusher_end(&pusher);
	io_uring_queue_exit(&ring);
	close(fd);
	end_bed(&bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_read_into_a_held_page_waits_and_succeeds),
		cmocka_unit_test(a_read_into_a_held_page_fails_without_userfaultfd_for_the_kernel),
		cmocka_unit_test(reads_from_a_pipe_survive_moves),
		cmocka_unit_test(direct_reads_into_a_pinned_range_are_right),
		cmocka_unit_test(direct_reads_and_moves_take_turns),
		cmocka_unit_test(fixed_buffers_in_a_pinned_range_are_right),
		cmocka_unit_test(plain_ring_reads_survive_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
