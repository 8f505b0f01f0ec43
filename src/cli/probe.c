/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe - try what a machine would do, rather than ask whether it would be allowed.
 */
#include "cli/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <tidepool/error.h>
#include <tidepool/machine.h>

#include "core/compiler.h"
#include "core/sync.h"
#include "lab/units.h"

static const uint64_t address_space = TP_GIB(64), demo_memory = TP_MIB(2560);

static void limited(struct tp_probe_result *r, const char *consequence, const char *remedy)
{
	r->state = TP_PROBE_LIMITED;
	r->consequence = consequence;
	r->remedy = remedy;
}

static void missing(struct tp_probe_result *r, const char *consequence, const char *remedy)
{
	limited(r, consequence, remedy);
	r->state = TP_PROBE_MISSING;
}

/* The first number after @key in @path; false: not there. */
static bool read_number(const char *path, const char *key, uint64_t *value)
{
	FILE *f = fopen(path, "re");
	char line[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		size_t length = strlen(key);

		found = !strncmp(line, key, length) &&
			sscanf(line + length, "%" SCNu64, value) == 1;
	}
	if (f)
		fclose(f);
	return found;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void probe_memory(struct tp_probe_result *r)
{
	uint64_t kib;
	char size[TP_UNIT_TEXT];

	if (!read_number("/proc/meminfo", "MemAvailable:", &kib)) {
		snprintf(r->value, sizeof(r->value), "unknown");
		return;
	}
	snprintf(r->value, sizeof(r->value), "%s available", tp_size_format(size, kib << 10));
	if (kib << 10 < demo_memory)
		limited(r, "scenarios/replug.lua needs 2.5 GiB",
			"run it smaller: tidepool run scenarios/replug.lua size=256M");
}

static void probe_address_space(struct tp_probe_result *r)
{
	void *p = mmap(NULL, address_space, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		       -1, 0);
	char size[TP_UNIT_TEXT];

	if (p != MAP_FAILED) {
		munmap(p, address_space);
		snprintf(r->value, sizeof(r->value), "%s can be reserved",
			 tp_size_format(size, address_space));
		return;
	}
	snprintf(r->value, sizeof(r->value), "%s cannot be reserved: %s",
		 tp_size_format(size, address_space), strerror(errno));
	missing(r, "a machine keeps addresses for all memory it may ever have",
		"lift the limit: ulimit -v unlimited");
}

static void probe_memory_file(struct tp_probe_result *r)
{
	int fd = memfd_create("tidepool probe", MFD_CLOEXEC);
	bool works = fd >= 0 && !ftruncate(fd, 1 << 20) && pwrite(fd, "x", 1, 0) == 1 &&
		     !fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 20);

	snprintf(r->value, sizeof(r->value), works ? "memory goes back by punching holes" : "%s",
		 strerror(errno));
	if (!works)
		missing(r, "memory that is unplugged could not go back to the system",
			"a kernel with memfd_create() and a /dev/shm file system is needed");
	if (fd >= 0)
		close(fd);
}

static void probe_overcommit(struct tp_probe_result *r)
{
	uint64_t mode = 0;

	read_number("/proc/sys/vm/overcommit_memory", "", &mode);
	snprintf(r->value, sizeof(r->value), "vm.overcommit_memory = %" PRIu64, mode);
	if (mode == 2)
		limited(r, "memory of a machine counts as committed when it is touched first",
			"sysctl vm.overcommit_memory=0, or keep machines small");
}

static void probe_kernel_mappings(struct tp_probe_result *r)
{
	uint64_t limit = 65530;

	read_number("/proc/sys/vm/max_map_count", "", &limit);
	snprintf(r->value, sizeof(r->value), "%" PRIu64 ", a third of them for one machine", limit);
	if (limit < 65530)
		limited(r, "large mappings of 4 KiB pages may be refused",
			"sysctl vm.max_map_count=262144");
}

static void probe_locked_memory(struct tp_probe_result *r)
{
	struct rlimit limit;
	char size[TP_UNIT_TEXT];

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY) {
		snprintf(r->value, sizeof(r->value), "no limit");
		return;
	}
	snprintf(r->value, sizeof(r->value), "%s", tp_size_format(size, limit.rlim_cur));
	if (limit.rlim_cur < TP_MIB(8))
		limited(r, "fixed io_uring buffers in a mapping must be smaller than that",
			"ulimit -l unlimited");
}

/* ---- what a machine is made of --------------------------------------------------------------- */

/* A small machine as this process gets it, or NULL. */
static struct tp_machine *small_machine(void)
{
	struct tp_machine_config config = { .nr_nodes = 1,
					    .nodes[0].dram = TP_MIB(8),
					    .block_size = TP_MIB(4),
					    .hotplug_size = TP_MIB(8) };
	struct tp_machine *machine;

	return tp_machine_create(&config, &machine) ? NULL : machine;
}

static void probe_machine(struct tp_probe_result *r)
{
	struct tp_machine *machine = small_machine();
	char text[TP_PROBE_TEXT - 32] = "";

	if (machine) {
		snprintf(r->value, sizeof(r->value), "a small one can be made");
		tp_machine_destroy(machine);
		return;
	}
	tp_error_format(tp_last_error(), text, sizeof(text));
	snprintf(r->value, sizeof(r->value), "none can be made: %s", text);
	missing(r, "nothing works without", "see what else is missing here");
}

/* The system may refuse what the mount asks for. */
static bool huge_pages_denied(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "re");
	char line[128] = "";
	bool denied = !f || !fgets(line, sizeof(line), f) || strstr(line, "[deny]");

	if (f)
		fclose(f);
	return denied;
}

static void probe_huge_pages(struct tp_probe_result *r)
{
	static const char slower[] = "memory comes in 4 KiB pages: moving it is slower";
	struct tp_machine *machine = small_machine();
	const char *backing = machine ? tp_machine_backing(machine) : "nothing";

	snprintf(r->value, sizeof(r->value), "memory from %s", backing);
	if (strcmp(backing, "huge tmpfs")) {
		limited(r, slower,
			"run as root, or in a user namespace: unshare --user --map-root-user "
			"--mount tidepool ...");
	} else if (huge_pages_denied()) {
		snprintf(r->value, sizeof(r->value), "denied to shared memory by the system");
		limited(r, slower,
			"echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled");
	}
	tp_machine_destroy(machine);
}

static void probe_writers(struct tp_probe_result *r)
{
	struct tp_machine *machine = small_machine();
	const char *hold = machine ? tp_machine_hold(machine) : "";

	snprintf(r->value, sizeof(r->value), "held off by %s", hold);
	if (!strcmp(hold, "mprotect"))
		limited(r,
			"a read(2) into a page that is being moved fails with EFAULT, and the "
			"program must leave SIGSEGV to the library",
			"sysctl vm.unprivileged_userfaultfd=1, or access to /dev/userfaultfd");
	else if (strcmp(hold, "userfaultfd"))
		limited(r, "a read(2) into a page that is being moved fails with EFAULT",
			"sysctl vm.unprivileged_userfaultfd=1, or access to /dev/userfaultfd");
	tp_machine_destroy(machine);
}

static void probe_per_cpu(struct tp_probe_result *r)
{
	struct tp_machine *machine = small_machine();
	const char *percpu = machine ? tp_machine_percpu(machine) : "";

	snprintf(r->value, sizeof(r->value), "%s", percpu);
	if (strcmp(percpu, "rseq"))
		limited(r, "a single page costs a lock, so some 20 ns more",
			"a C library that registers rseq (glibc 2.35), and a build without "
			"ThreadSanitizer");
	tp_machine_destroy(machine);
}

static void probe_membarrier(struct tp_probe_result *r)
{
	long known = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	bool works = known > 0 && known & MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ;

	snprintf(r->value, sizeof(r->value), works ? "can restart rseq sections" : "cannot");
	if (!works)
		limited(r, "per-CPU lists take a lock instead", "Linux 5.10 or newer");
}

static void probe_cpus(struct tp_probe_result *r)
{
	unsigned nr = tp_cpu_count();

	snprintf(r->value, sizeof(r->value), "%u", nr);
	if (nr < 2)
		limited(r, "writers wait for the CPU, which makes stalls look long",
			"two CPUs or more");
}

const struct tp_probe tp_probes[] = {
	{ "machine", probe_machine },
	{ "memory", probe_memory },
	{ "address space", probe_address_space },
	{ "memory file", probe_memory_file },
	{ "huge pages", probe_huge_pages },
	{ "writers", probe_writers },
	{ "per-CPU lists", probe_per_cpu },
	{ "membarrier", probe_membarrier },
	{ "kernel mappings", probe_kernel_mappings },
	{ "overcommit", probe_overcommit },
	{ "locked memory", probe_locked_memory },
	{ "CPUs", probe_cpus },
#if TP_HAVE_MOUNT
	{ "file views", tp_probe_mounts },
	{ "mount namespaces", tp_probe_private_mounts },
	{ "mounted machines", tp_probe_stale_mounts },
#endif
};

const size_t tp_nr_probes = TP_ARRAY_SIZE(tp_probes);
