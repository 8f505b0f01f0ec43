/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sqlite_replug - a database whose page cache lies on memory that is pulled out under it.
 *
 * SQLite keeps its pages in a tp_mapping (SQLITE_CONFIG_PAGECACHE) and knows nothing of it.  Two
 * threads move money between accounts and now and then add up all of it, while two memory devices
 * take turns at being unplugged whole; each time every page of the cache moves to the other one.
 * Replugging is switched off and on in slices, so that the two counts of transactions come from
 * the same run.
 *
 * SQLite fills its pages by read(2).  Such a read waits while its page moves, if writers are held
 * by userfaultfd; with less the kernel would return EFAULT, and the program says so and stops.
 *
 * Exit: 0 all held, 1 not, 2 usage, 3 the system lacks something.
 */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tidepool/tidepool.h>

enum {
	NR_THREADS = 2,
	NR_ACCOUNTS = 40000,
	START_BALANCE = 1000,
	DB_PAGE = 4096,
	SLICES = 6,
	AUDIT_EVERY = 64,
	LEAST_USED = 1000
};
enum { FIRST_NODE = 1, NR_DEVICES = 2 };

static const uint64_t cache_size = TP_MIB(64), device_size = TP_MIB(128);
static const long pause_ns = 20000000; /* between two unplugs: a moment of peace */

/* ---- what is shared -------------------------------------------------------------------------- */

static atomic_bool finished, interrupted, failed;
static atomic_ulong transactions;
static char folder[4096], database[4200];

static void on_signal(int number)
{
	(void)number;
	atomic_store(&interrupted, true);
}

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	atomic_store(&failed, true);
}

static void complain_tidepool(const char *what)
{
	char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	complain(what, text);
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct memory {
	struct tp_machine *machine;
	struct tp_device *device[NR_DEVICES];
	struct tp_mapping *cache;
	unsigned turn; /* the device to go next */
	uint64_t replugs, bytes_moved;
	double worst_unplug_s;
};

/* The devices are each other's neighbours; the boot memory is far. */
static const unsigned distance[] = { 10, 40, 40, 40, 10, 20, 40, 20, 10 };

static bool plug(struct memory *mem, unsigned i)
{
	struct tp_device_config config = { .node = FIRST_NODE + (int)i,
					   .size = device_size,
					   .online = TP_ONLINE_MOVABLE };

	if (!tp_device_plug(mem->machine, &config, &mem->device[i]))
		return true;
	complain_tidepool("plug");
	return false;
}

static bool start_memory(struct memory *mem)
{
	struct tp_machine_config machine = { .nr_nodes = FIRST_NODE + NR_DEVICES,
					     .nodes[0].dram = device_size,
					     .distance = distance };
	struct tp_mapping_config cache = { .name = "page cache",
					   .size = cache_size,
					   .policy = TP_BIND(FIRST_NODE) };

	if (tp_machine_create(&machine, &mem->machine)) {
		complain_tidepool("machine");
		return false;
	}
	for (unsigned i = 0; i < NR_DEVICES; i++)
		if (!plug(mem, i))
			return false;
	if (!tp_mapping_create(mem->machine, &cache, &mem->cache))
		return true;
	complain_tidepool("mapping");
	return false;
}

static void stop_memory(struct memory *mem)
{
	if (mem->machine && tp_machine_check(mem->machine, false, stderr))
		complain("machine", "its own check found something");
	if (mem->cache && tp_mapping_destroy(mem->cache))
		complain_tidepool("mapping");
	tp_machine_destroy(mem->machine);
}

/* All of the cache lies on the device that is about to go, none of it on the other. */
static bool all_on(struct memory *mem, unsigned i)
{
	struct tp_mapping_stat stat;

	tp_mapping_stat(mem->cache, &stat);
	return stat.pages_on_node[FIRST_NODE + i] == stat.pages;
}

static bool replug(struct memory *mem)
{
	struct tp_offline_options options = { .deadline_ns = TP_SECONDS(10) };
	struct tp_offline_report report;
	unsigned i = mem->turn;
	double begin = seconds_now(), took;

	if (!all_on(mem, i)) {
		complain("replug", "the cache does not lie on the device that is to go");
		return false;
	}
	if (tp_device_unplug(mem->device[i], &options, &report)) {
		tp_offline_report_print(stderr, &report);
		complain_tidepool("unplug");
		return false;
	}
	took = seconds_now() - begin;
	if (took > mem->worst_unplug_s)
		mem->worst_unplug_s = took;
	mem->bytes_moved += report.bytes_moved;
	mem->replugs++;
	mem->turn = (i + 1) % NR_DEVICES;
	return plug(mem, i);
}

/* ---- the database ---------------------------------------------------------------------------- */

static bool ok(sqlite3 *db, const char *what, int rc)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return true;
	complain(what, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc));
	return false;
}

static bool run(sqlite3 *db, const char *sql)
{
	return ok(db, sql, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3 *open_database(void)
{
	sqlite3 *db = NULL;

	if (ok(db, database, sqlite3_open(database, &db)) &&
	    ok(db, "timeout", sqlite3_busy_timeout(db, 20000)) &&
	    run(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=6000"))
		return db;
	sqlite3_close(db);
	return NULL;
}

static bool configure_sqlite(struct memory *mem)
{
	int header = 0, slot;

	sqlite3_config(SQLITE_CONFIG_PCACHE_HDRSZ, &header);
	slot = (DB_PAGE + header + 7) & ~7;
	return ok(NULL, "page cache",
		  sqlite3_config(SQLITE_CONFIG_PAGECACHE, tp_mapping_base(mem->cache), slot,
				 (int)(cache_size / (uint64_t)slot))) &&
	       ok(NULL, "sqlite", sqlite3_initialize());
}

static bool fill_database(void)
{
	char sql[512];
	sqlite3 *db = open_database();
	bool done;

	snprintf(sql, sizeof(sql),
		 "BEGIN;"
		 "CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER, note BLOB);"
		 "CREATE TABLE journal(id INTEGER PRIMARY KEY, payer INTEGER, amount INTEGER);"
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
		 " INSERT INTO account SELECT i, %d, randomblob(600) FROM n;"
		 "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)",
		 NR_ACCOUNTS - 1, START_BALANCE);
	done = db && run(db, sql);
	sqlite3_close(db);
	return done;
}

/* The one number that a query gives, or -1. */
static sqlite3_int64 number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *query = NULL;
	sqlite3_int64 value = -1;

	if (ok(db, sql, sqlite3_prepare_v2(db, sql, -1, &query, NULL)) &&
	    sqlite3_step(query) == SQLITE_ROW)
		value = sqlite3_column_int64(query, 0);
	ok(db, sql, sqlite3_finalize(query));
	return value;
}

/* Reads every page of the table in one snapshot. */
static bool audit(sqlite3 *db)
{
	if (number(db, "SELECT sum(balance) FROM account") ==
	    (sqlite3_int64)NR_ACCOUNTS * START_BALANCE)
		return true;
	complain("database", "money was lost or made");
	return false;
}

static bool intact(sqlite3 *db)
{
	sqlite3_stmt *query = NULL;
	bool good = ok(db, "check",
		       sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &query, NULL)) &&
		    sqlite3_step(query) == SQLITE_ROW;

	if (good) {
		printf("integrity_check:       %s\n", (const char *)sqlite3_column_text(query, 0));
		good = !strcmp((const char *)sqlite3_column_text(query, 0), "ok");
	}
	sqlite3_finalize(query);
	return good;
}

static void check_database(void)
{
	sqlite3 *db = open_database();

	if (!db || !intact(db))
		complain("database", "integrity_check found damage");
	if (db)
		audit(db);
	if (db &&
	    number(db, "SELECT count(*) FROM journal") != (sqlite3_int64)atomic_load(&transactions))
		complain("database", "the journal does not have every transaction");
	sqlite3_close(db);
}

/* ---- the workload ---------------------------------------------------------------------------- */

static bool bind_and_run(sqlite3 *db, sqlite3_stmt *statement, int a, int b)
{
	int rc;

	sqlite3_bind_int(statement, 1, a);
	sqlite3_bind_int(statement, 2, b);
	do
		rc = sqlite3_step(statement);
	while (rc == SQLITE_ROW);
	return ok(db, sqlite3_sql(statement), rc) &&
	       ok(db, sqlite3_sql(statement), sqlite3_reset(statement));
}

enum { PAY, READ, NOTE, NR_STATEMENTS };

static const char *const statements[NR_STATEMENTS] = {
	[PAY] = "UPDATE account SET balance = balance + ?2, note = randomblob(600) WHERE id = ?1",
	[READ] = "SELECT balance, note FROM account WHERE id BETWEEN ?1 AND ?1 + ?2",
	[NOTE] = "INSERT INTO journal(payer, amount) VALUES(?1, ?2)",
};

static bool transfer(sqlite3 *db, sqlite3_stmt **s, unsigned *seed)
{
	int from = rand_r(seed) % NR_ACCOUNTS, to = rand_r(seed) % NR_ACCOUNTS;
	int amount = rand_r(seed) % 100;

	return run(db, "BEGIN IMMEDIATE") && bind_and_run(db, s[PAY], from, -amount) &&
	       bind_and_run(db, s[PAY], to, amount) && bind_and_run(db, s[NOTE], from, amount) &&
	       run(db, "COMMIT") && bind_and_run(db, s[READ], rand_r(seed) % NR_ACCOUNTS, 50);
}

static void *worker(void *arg)
{
	unsigned seed = *(const unsigned *)arg;
	sqlite3_stmt *s[NR_STATEMENTS] = { NULL };
	sqlite3 *db = open_database();
	bool good = db;

	for (int i = 0; good && i < NR_STATEMENTS; i++)
		good = ok(db, statements[i],
			  sqlite3_prepare_v2(db, statements[i], -1, &s[i], NULL));
	while (good && !atomic_load(&finished)) {
		good = transfer(db, s, &seed);
		if (good && !(atomic_fetch_add(&transactions, 1) % AUDIT_EVERY))
			good = audit(db);
	}
	for (int i = 0; i < NR_STATEMENTS; i++)
		sqlite3_finalize(s[i]);
	sqlite3_close(db);
	return NULL;
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool going_on(double until)
{
	return seconds_now() < until && !atomic_load(&failed) && !atomic_load(&interrupted);
}

/* Transactions done in @seconds, with or without memory going and coming. */
static unsigned long slice(struct memory *mem, double seconds, bool replugging)
{
	struct timespec pause = { .tv_nsec = pause_ns };
	unsigned long before = atomic_load(&transactions);
	double until = seconds_now() + seconds;

	while (going_on(until)) {
		nanosleep(&pause, NULL);
		if (replugging && !replug(mem))
			break;
	}
	return atomic_load(&transactions) - before;
}

static void print_results(struct memory *mem, const unsigned long count[2], double seconds)
{
	struct tp_machine_stat stat;

	tp_machine_stat(mem->machine, &stat);
	printf("transactions:          %lu without replugging, %lu with (%.0f %%), %.1f s each\n",
	       count[false], count[true],
	       count[false] ? 100.0 * (double)count[true] / (double)count[false] : 0, seconds);
	printf("replugs:               %llu devices of %llu MiB, the slowest gone in %.0f ms\n",
	       (unsigned long long)mem->replugs, (unsigned long long)(device_size >> 20),
	       1e3 * mem->worst_unplug_s);
	printf("moved:                 %llu MiB, a writer held for at most %.2f ms\n",
	       (unsigned long long)(mem->bytes_moved >> 20), (double)stat.worst_hold_ns / 1e6);
}

/* Without a good part of its pages here all of this shows nothing. */
static void check_cache_use(void)
{
	int used = 0, most = 0, overflow = 0, most_overflow = 0;

	sqlite3_status(SQLITE_STATUS_PAGECACHE_USED, &used, &most, 0);
	sqlite3_status(SQLITE_STATUS_PAGECACHE_OVERFLOW, &overflow, &most_overflow, 0);
	printf("page cache:            up to %d pages on moving memory, %d bytes elsewhere\n", most,
	       most_overflow);
	if (most < LEAST_USED)
		complain("page cache", "SQLite hardly uses it");
}

static void measure(struct memory *mem, double seconds)
{
	pthread_t thread[NR_THREADS];
	unsigned seed[NR_THREADS], started = 0;
	unsigned long count[2] = { 0, 0 };

	for (; started < NR_THREADS; started++) {
		seed[started] = started + 1;
		if (pthread_create(&thread[started], NULL, worker, &seed[started])) {
			complain("thread", "cannot be started");
			break;
		}
	}
	slice(mem, 0.3, false); /* warm up */
	for (int i = 0; i < SLICES; i++)
		count[i % 2] += slice(mem, 2 * seconds / SLICES, i % 2);
	check_cache_use();
	atomic_store(&finished, true);
	while (started--)
		pthread_join(thread[started], NULL);
	print_results(mem, count, seconds);
	if (!atomic_load(&interrupted) && !mem->replugs)
		complain("replug", "there was none");
}

/* ---- around it ------------------------------------------------------------------------------- */

static bool make_folder(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/sqlite_replug.XXXXXX", parent ? parent : "/tmp");
	if (!mkdtemp(folder)) {
		complain(folder, "cannot be made");
		return false;
	}
	snprintf(database, sizeof(database), "%s/db", folder);
	return true;
}

static void remove_folder(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	char path[4300];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", database, suffixes[i]);
		unlink(path);
	}
	rmdir(folder);
}

static double parse_seconds(int argc, char **argv)
{
	char *end = NULL;
	double seconds = 5;

	if (argc == 3 && !strcmp(argv[1], "--seconds"))
		seconds = strtod(argv[2], &end);
	if ((argc != 1 && (!end || *end)) || !(seconds > 0 && seconds <= 3600)) {
		fprintf(stderr, "usage: %s [--seconds N]   each, with and without replugging (5)\n",
			argv[0]);
		exit(2);
	}
	return seconds;
}

static int need_userfaultfd(const struct memory *mem)
{
	if (!strcmp(tp_machine_hold(mem->machine), "userfaultfd"))
		return 0;
	fprintf(stderr,
		"read(2) into a page that moves needs userfaultfd; here is only: %s.\n"
		"Try as root, or allow it: sysctl vm.unprivileged_userfaultfd=1\n",
		tp_machine_hold(mem->machine));
	return 3;
}

int main(int argc, char **argv)
{
	struct memory mem = { 0 };
	double seconds = parse_seconds(argc, argv);
	int status = 1;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	if (!start_memory(&mem))
		goto stop_memory;
	status = need_userfaultfd(&mem);
	if (status || !make_folder())
		goto stop_memory;
	if (configure_sqlite(&mem) && fill_database()) {
		measure(&mem, seconds);
		check_database();
	}
	sqlite3_shutdown();
	remove_folder();
stop_memory:
	stop_memory(&mem);
	if (atomic_load(&interrupted))
		return 130;
	return status ? status : atomic_load(&failed);
}
