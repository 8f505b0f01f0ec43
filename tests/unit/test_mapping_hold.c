/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mapping_hold - each way of holding writers off: nothing is lost, and everybody goes on.
 *
 * What concerns SIGSEGV runs in a child: the test library has a handler of its own.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <grp.h>

#include "skip.h"
#include "mapping_machine.h"

struct bed {
	struct tp_machine *m;
	struct tp_device *devices[2];
	struct tp_mapping *map;
};

static int try_bed(struct bed *bed, enum tp_hold_kind hold)
{
	const struct tp_device_config device = { .node = 1,
						 .size = MAP_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	const struct tp_mapping_config mapping = { .size = 3 * CHUNK + 2 * TP_PAGE_SIZE,
						   .policy = TP_PREFERRED(1) };
	struct tp_machine_config config = two_nodes();
	int err;

	config.hold = hold;
	err = tp_machine_create(&config, &bed->m);
	for (unsigned i = 0; i < 2 && !err; i++)
		err = tp_device_plug(bed->m, &device, &bed->devices[i]);
	return err ? err : tp_mapping_create(bed->m, &mapping, &bed->map);
}

static void end_bed(struct bed *bed)
{
	need(!tp_mapping_destroy(bed->map));
	need(!tp_machine_check(bed->m, true, stderr));
	tp_machine_destroy(bed->m);
}

/* ---- all kinds ------------------------------------------------------------------------------- */

static const enum tp_hold_kind all_kinds[] = { TP_HOLD_AUTO, TP_HOLD_USERFAULTFD, TP_HOLD_USER_MODE,
					       TP_HOLD_MPROTECT };

enum { NOT_PERMITTED = 77 };

/* With @step and its kind of hold in a child. */
static void with_hold(int (*step)(void *), enum tp_hold_kind kind)
{
	int status = in_child(step, &kind);

	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_PERMITTED)
		print_message("hold kind %d is not permitted here\n", (int)kind);
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

static void open_bed(struct bed *bed, void *kind)
{
	int err = try_bed(bed, *(enum tp_hold_kind *)kind);

	if (err == -EPERM)
		_exit(NOT_PERMITTED);
	need(!err);
}

static int write_while_pages_move(void *kind)
{
	struct writer *writers[2];
	struct bed bed;

	open_bed(&bed, kind);
	for (unsigned i = 0; i < 2; i++)
		writers[i] = writer_start(bed.map, i);
	for (unsigned round = 0; round < 8; round++) {
		need(!tp_device_offline(bed.devices[round & 1], NULL, NULL));
		need(!tp_device_online(bed.devices[round & 1], TP_ONLINE_MOVABLE));
		writer_wait_round(writers[round & 1]);
	}
	need(mapping_stat(bed.map).worst_hold_ns > 0);
	need(machine_stat(bed.m).worst_hold_ns >= mapping_stat(bed.map).worst_hold_ns);
	for (unsigned i = 0; i < 2; i++)
		writer_end(writers[i]);
	end_bed(&bed);
	return 0;
}

static void writers_lose_nothing_whatever_holds_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(all_kinds); i++)
		with_hold(write_while_pages_move, all_kinds[i]);
}

/* One write to a stretch that is held. */
struct held_write {
	pthread_t thread;
	volatile uint64_t *word;
	tp_atomic_u32 done;
	int error_number;
};

static void *write_once(void *arg)
{
	struct held_write *w = arg;

	errno = 1234;
	*w->word = 42;
	w->error_number = errno;
	tp_atomic_store(&w->done, 1, TP_RELEASE);
	return NULL;
}

/* A sanitizer takes note of the write before it is held, and would see a race with this. */
#if defined(__clang__)
__attribute__((no_sanitize("thread")))
#endif
static uint64_t
look_at(const volatile uint64_t *word)
{
	return *word;
}

static int hold_by_hand(void *kind)
{
	struct held_write writes[2] = { { .done = { 0 } } };
	struct bed bed;
	char *base;

	open_bed(&bed, kind);
	base = tp_mapping_base(bed.map);
	writes[0].word = (void *)(base + 8);	     /* nothing was ever there */
	writes[1].word = (void *)(base + CHUNK - 8); /* a page that is mapped */
	*writes[1].word = 7;
	need(!tp_hold_begin(&bed.m->hold, base, CHUNK));
	for (unsigned i = 0; i < 2; i++)
		need(!pthread_create(&writes[i].thread, NULL, write_once, &writes[i]));
	usleep(30000);
	for (unsigned i = 0; i < 2; i++) {
		need(!tp_atomic_load(&writes[i].done, TP_ACQUIRE));
		need(look_at(writes[i].word) == i * 7); /* a reader does not wait */
	}
	base[CHUNK] = 1; /* neither does a writer beside it */
	tp_hold_end(&bed.m->hold, base, CHUNK, false);
	for (unsigned i = 0; i < 2; i++) {
		pthread_join(writes[i].thread, NULL);
		need(*writes[i].word == 42 && writes[i].error_number == 1234);
	}
	end_bed(&bed);
	return 0;
}

static void a_held_writer_waits_and_goes_on(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(all_kinds); i++)
		with_hold(hold_by_hand, all_kinds[i]);
}

static int read_names(void *kind)
{
	static const char *const names[] = { NULL, "userfaultfd", "userfaultfd (user mode)",
					     "mprotect" };
	struct bed bed;

	open_bed(&bed, kind);
	need(!strcmp(tp_machine_hold(bed.m), names[*(enum tp_hold_kind *)kind]));
	end_bed(&bed);
	return 0;
}

static void the_machine_says_what_holds(void **state)
{
	(void)state;
	for (unsigned i = 1; i < TP_ARRAY_SIZE(all_kinds); i++)
		with_hold(read_names, all_kinds[i]);
}

static void an_unknown_kind_is_refused(void **state)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;

	(void)state;
	config.hold = (enum tp_hold_kind)99;
	assert_int_equal(tp_machine_create(&config, &m), -EINVAL);
}

/* ---- SIGSEGV --------------------------------------------------------------------------------- */

static volatile sig_atomic_t caught;
static sigjmp_buf back;
static char *volatile nowhere = (char *)16;

static void note_and_leave(int signo)
{
	caught = signo;
	siglongjmp(back, 1);
}

static void note_address_and_leave(int signo, siginfo_t *info, void *context)
{
	(void)context;
	caught = info->si_addr == nowhere ? signo : -1;
	siglongjmp(back, 1);
}

static void touch_nothing_there(void)
{
	*(volatile char *)nowhere = 1;
}

static void make_mprotect_bed(struct bed *bed)
{
	need(!try_bed(bed, TP_HOLD_MPROTECT));
	fill(bed->map, 1);
	need(!tp_device_offline(bed->devices[0], NULL, NULL));
}

static int fault_with_handler(void *arg)
{
	struct bed bed;

	(void)arg;
	signal(SIGSEGV, note_and_leave);
	make_mprotect_bed(&bed);
	if (!sigsetjmp(back, 1))
		touch_nothing_there();
	need(caught == SIGSEGV);
	end_bed(&bed);
	return 0;
}

static int fault_with_action(void *arg)
{
	struct sigaction action = { .sa_sigaction = note_address_and_leave,
				    .sa_flags = SA_SIGINFO };
	struct bed bed;

	(void)arg;
	need(!sigaction(SIGSEGV, &action, NULL));
	make_mprotect_bed(&bed);
	if (!sigsetjmp(back, 1))
		touch_nothing_there();
	need(caught == SIGSEGV);
	end_bed(&bed);
	return 0;
}

static void a_foreign_fault_reaches_the_previous_handler(void **state)
{
	(void)state;
	assert_int_equal(in_child(fault_with_handler, NULL), 0);
	assert_int_equal(in_child(fault_with_action, NULL), 0);
}

static int fault_by_default(void *arg)
{
	struct bed bed;

	(void)arg;
	make_mprotect_bed(&bed);
	touch_nothing_there();
	return 0;
}

static int signal_by_default(void *arg)
{
	struct bed bed;

	(void)arg;
	make_mprotect_bed(&bed);
	raise(SIGSEGV);
	return 0;
}

static int fault_after_destroy(void *arg)
{
	struct bed bed;
	volatile char *base;

	(void)arg;
	make_mprotect_bed(&bed);
	base = tp_mapping_base(bed.map);
	need(!tp_mapping_destroy(bed.map));
	*base = 1;
	return 0;
}

static void expect_killed(int (*step)(void *))
{
	int status = in_child(step, NULL);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void a_foreign_fault_ends_the_program_where_nobody_catches_it(void **state)
{
	(void)state;
	expect_killed(fault_by_default);
	expect_killed(signal_by_default);
	expect_killed(fault_after_destroy);
}

static int write_mapping(void *arg)
{
	struct bed *bed = arg;

	((volatile char *)tp_mapping_base(bed->map))[0] = 1;
	return 0;
}

static int write_in_grandchild(void *arg)
{
	struct bed bed;
	int status;
	pid_t child;

	(void)arg;
	make_mprotect_bed(&bed);
	child = fork();
	need(child >= 0);
	if (!child) {
		alarm(5);
		_exit(write_mapping(&bed));
	}
	need(waitpid(child, &status, 0) == child);
	need(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	end_bed(&bed);
	return 0;
}

/* There the mapping does not exist, and no hold on it will end. */
static void a_child_faults_instead_of_waiting(void **state)
{
	(void)state;
	assert_int_equal(in_child(write_in_grandchild, NULL), 0);
}

static int fill_the_slots(void *arg)
{
	const struct tp_mapping_config config = { .size = TP_PAGE_SIZE };
	struct tp_mapping *maps[1100];
	struct bed bed;
	unsigned n = 0;
	uint64_t free;
	int err;

	(void)arg;
	need(!try_bed(&bed, TP_HOLD_MPROTECT));
	/* One owner each: that table is as long. */
	while (n < 1100 && !(err = tp_mapping_create(bed.m, &config, &maps[n])))
		n++;
	need(n > 1000 && err == -ENOSPC);
	free = free_of_machine(bed.m);
	need(tp_mapping_create(bed.m, &config, &maps[n]) == -ENOSPC);
	need(free_of_machine(bed.m) == free);
	need(!tp_mapping_destroy(maps[--n]));
	need(!tp_mapping_create(bed.m, &config, &maps[n]));
	for (unsigned i = 0; i <= n; i++)
		need(!tp_mapping_destroy(maps[i]));
	end_bed(&bed);
	return 0;
}

static void too_many_mappings_are_refused(void **state)
{
	(void)state;
	assert_int_equal(in_child(fill_the_slots, NULL), 0);
}

/* ---- an ordinary user ------------------------------------------------------------------------ */

static void become_nobody(void)
{
	need(!setgroups(0, NULL) && !setresgid(65534, 65534, 65534) &&
	     !setresuid(65534, 65534, 65534));
}

static int run_as_nobody(void *kind)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;

	become_nobody();
	config.backing = TP_BACKING_AUTO;
	need(!tp_machine_create(&config, &m));
	need(!strcmp(tp_machine_backing(m), "memfd"));
	need(strcmp(tp_machine_hold(m), "auto"));
	tp_machine_destroy(m);
	return write_while_pages_move(kind);
}

static int huge_as_nobody(void *arg)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;

	(void)arg;
	become_nobody();
	config.backing = TP_BACKING_HUGE;
	need(tp_machine_create(&config, &m) == -EPERM);
	return 0;
}

static int userfaultfd_as_nobody(void *arg)
{
	struct tp_machine_config config = two_nodes();
	struct tp_machine *m;
	int err;

	(void)arg;
	become_nobody();
	config.hold = TP_HOLD_USERFAULTFD;
	err = tp_machine_create(&config, &m);
	/* Unless the system gives it to everybody. */
	need(err == -EPERM || (!err && !strcmp(tp_machine_hold(m), "userfaultfd")));
	return 0;
}

static void skip_unless_root(void)
{
	if (geteuid())
		SKIP("only root can become somebody else");
}

static void an_ordinary_user_gets_what_there_is(void **state)
{
	(void)state;
	skip_unless_root();
	for (unsigned i = 0; i < TP_ARRAY_SIZE(all_kinds); i++)
		if (all_kinds[i] != TP_HOLD_USERFAULTFD)
			with_hold(run_as_nobody, all_kinds[i]);
}

static void an_ordinary_user_is_told_what_is_not_permitted(void **state)
{
	(void)state;
	skip_unless_root();
	assert_int_equal(in_child(huge_as_nobody, NULL), 0);
	assert_int_equal(in_child(userfaultfd_as_nobody, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writers_lose_nothing_whatever_holds_them),
		cmocka_unit_test(a_held_writer_waits_and_goes_on),
		cmocka_unit_test(the_machine_says_what_holds),
		cmocka_unit_test(an_unknown_kind_is_refused),
		cmocka_unit_test(a_foreign_fault_reaches_the_previous_handler),
		cmocka_unit_test(a_foreign_fault_ends_the_program_where_nobody_catches_it),
		cmocka_unit_test(a_child_faults_instead_of_waiting),
		cmocka_unit_test(too_many_mappings_are_refused),
		cmocka_unit_test(an_ordinary_user_gets_what_there_is),
		cmocka_unit_test(an_ordinary_user_is_told_what_is_not_permitted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
