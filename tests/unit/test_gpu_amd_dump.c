/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dumps: what they say is what the device would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>

#include "core/alloc.h"
#include "gpu_amd_reset.h"

enum { MAX_FILES = 8, VRAM_PAGES = 40, DUMPS = TP_TSAN ? 100 : 1000 };

#define VRAM_VA UINT64_C(0x80000000)
#define PRT_VA	UINT64_C(0x90000000)

/* ---- a sink in memory ------------------------------------------------------------------------ */

struct file {
	char name[32];
	char *data;
	size_t len;
};

struct files {
	struct file file[MAX_FILES];
	unsigned n, calls;
	unsigned fail_at; /* the call that fails; 0: none */
};

static struct file *file_of(struct files *files, const char *name)
{
	for (unsigned i = 0; i < files->n; i++)
		if (!strcmp(files->file[i].name, name))
			return &files->file[i];
	return NULL;
}

static struct file *make_file(struct files *files, const char *name)
{
	struct file *file = &files->file[files->n++];

	assert_true(files->n <= MAX_FILES);
	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

static int sink(void *arg, const char *name, const void *data, size_t len)
{
	struct files *files = arg;
	struct file *file = file_of(files, name);
	char *more;

	if (++files->calls == files->fail_at)
		return -ENOSPC;
	if (!file)
		file = make_file(files, name);
	more = test_malloc(file->len + len + 1);
	if (file->len)
		memcpy(more, file->data, file->len);
	memcpy(more + file->len, data, len);
	test_free(file->data);
	file->data = more;
	file->len += len;
	more[file->len] = 0;
	return 0;
}

static void free_files(struct files *files)
{
	for (unsigned i = 0; i < files->n; i++)
		test_free(files->file[i].data);
	*files = (struct files){ 0 };
}

static struct files dump(struct rig *r)
{
	struct files files = { 0 };
	const struct tp_amd_dump_sink to = { .write = sink, .arg = &files };

	must(tp_amd_dump(r->gpu, &to));
	return files;
}

/* The rest of the file behind what it has to begin its lines with; NULL: it has no such line. */
static const char *line_of(struct files *files, const char *name, const char *begin)
{
	struct file *file = file_of(files, name);
	const char *at = file ? file->data : NULL;

	for (; at && strncmp(at, begin, strlen(begin)); at = at ? at + 1 : NULL)
		at = strchr(at, '\n');
	return at ? at + strlen(begin) : NULL;
}

/* ---- mappings -------------------------------------------------------------------------------- */

struct check {
	struct rig *rig;
	uint64_t root, va;
	unsigned pages;
};

static void check_run(struct check *c, uint64_t bytes, const char *where, uint64_t at)
{
	for (; bytes; bytes -= TP_PAGE_SIZE, c->va += TP_PAGE_SIZE, at += TP_PAGE_SIZE) {
		uint64_t address, flags;
		bool system;

		assert_true(tp_amd_model_probe_root(c->rig->model, c->root, c->va, &system,
						    &address, &flags));
		assert_string_equal(where, system ? "system" : "vram");
		assert_int_equal(address, at);
		c->pages++;
	}
}

static void check_line(struct check *c, const char *line)
{
	char where[16], current[16], r, w, x;
	uint64_t a, b;

	if (sscanf(line, "vm %*u root 0x%" SCNx64 " %15s", &a, current) == 2) {
		assert_string_equal(current, "current");
		c->root = a;
	} else if (sscanf(line, "map 0x%" SCNx64 " %" SCNu64 " %c %c %c", &a, &b, &r, &w, &x) ==
		   5) {
		c->va = a;
	} else if (sscanf(line, "run %" SCNu64 " %15s 0x%" SCNx64, &a, where, &b) == 3) {
		check_run(c, a, where, b);
	}
}

/* Whatever it says translates, to where it says. */
static void mappings_translate_as_they_are_dumped(void **state)
{
	struct rig *r = *state;
	const unsigned rw = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE;
	struct check check = { .rig = r };
	struct tp_amd_object *object;
	struct files files;

	must(tp_amd_object_create(r->gpu, VRAM_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "vram",
				  &object));
	must(tp_amd_vm_map(r->vm, object, 2 * TP_PAGE_SIZE, VRAM_VA,
			   (VRAM_PAGES - 2) * TP_PAGE_SIZE, rw));
	must(tp_amd_vm_map(r->vm, NULL, 0, PRT_VA, TP_PAGE_SIZE, TP_AMD_MAP_PRT));
	files = dump(r);
	assert_non_null(line_of(&files, "mappings.txt", "gpu gpu0 page "));
	assert_non_null(line_of(&files, "mappings.txt", "map 0x80000000 "));
	assert_non_null(line_of(&files, "mappings.txt", "map 0x90000000 "));
	for (const char *at = file_of(&files, "mappings.txt")->data; at && *at;) {
		check_line(&check, at);
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	assert_int_equal(check.pages, VRAM_PAGES - 2 + RIG_DATA_PAGES + RIG_STREAMS);
	free_files(&files);
	must(tp_amd_vm_clear(r->vm, VRAM_VA, VRAM_PAGES * TP_PAGE_SIZE));
	must(tp_amd_vm_clear(r->vm, PRT_VA, TP_PAGE_SIZE));
	tp_amd_object_put(object);
}

/* After a loss nothing may be relied on until the VM was brought up to date. */
static void a_vm_of_before_a_loss_is_outdated(void **state)
{
	struct rig *r = *state;
	const char *line;
	struct files files;

	must(tp_amd_reset(r->gpu, TP_AMD_RESET_MODE1));
	files = dump(r);
	line = line_of(&files, "mappings.txt", "vm 1 root ");
	assert_non_null(strstr(line, " outdated\n"));
	free_files(&files);
	must(tp_amd_vm_validate(r->vm));
	files = dump(r);
	assert_null(strstr(file_of(&files, "mappings.txt")->data, "outdated"));
	free_files(&files);
}

/* ---- others go on ---------------------------------------------------------------------------- */

struct mover {
	struct tp_amd_vm *vm;
	tp_atomic_u32 stop;
};

static void with_root(struct tp_amd_vm *vm, int (*move)(struct tp_bo *bo))
{
	must(tp_resv_hold(tp_amd_vm_resv(vm), TP_WAIT_FOREVER));
	must(move(&vm->root->bo));
	tp_resv_unhold(tp_amd_vm_resv(vm));
}

static void move_root(void *arg)
{
	struct mover *mover = arg;

	while (!tp_atomic_load(&mover->stop, TP_ACQUIRE)) {
		with_root(mover->vm, tp_bo_evict);
		with_root(mover->vm, tp_bo_populate);
	}
}

/* DU1: the root is where it was when the tables were written, which are dumped only if they are in
 * the machine's memory. */
static void a_root_that_moves_is_dumped_as_of_one_moment(void **state)
{
	struct rig *r = *state;
	struct mover mover = { 0 };
	struct tp_thread thread;
	bool seen[2] = { false };

	rig_put_objects(r);
	must(tp_amd_vm_create(r->gpu, NULL, &mover.vm));
	must(tp_thread_start(&thread, "mover", move_root, &mover));
	for (unsigned i = 0; i < DUMPS || !seen[0] || !seen[1]; i++) {
		struct files files = dump(r);
		uint64_t root;
		bool system;

		assert_int_equal(sscanf(line_of(&files, "mappings.txt", "vm 2 root "), "%" SCNx64,
					&root),
				 1);
		system = file_of(&files, "tables.bin");
		if (root)
			assert_int_equal(!!(root & TP_AMD_PTE_SYSTEM), system);
		seen[system] = true;
		free_files(&files);
	}
	tp_atomic_store(&mover.stop, 1, TP_RELEASE);
	tp_thread_join(&thread);
	tp_amd_vm_put(mover.vm);
}

static bool is_being_written(struct tp_amd_vm *vm)
{
	bool is;

	tp_mutex_lock(&vm->lock);
	is = tp_amd_vm_is_being_written(vm);
	tp_mutex_unlock(&vm->lock);
	return is;
}

/* DU1: until it is over, also if it hangs. */
static void tables_that_are_being_written_are_waited_for(void **state)
{
	struct rig *r = *state;
	struct tp_amd_vm *vm;
	struct files files;
	bool written;

	must(tp_amd_vm_create(r->gpu, NULL, &vm));
	must(tp_amd_vm_validate(vm));
	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA0, false);
	begin_update(vm);
	assert_true(is_being_written(vm));
	r->gpu->config.patience.hang_ns = 1;
	files = dump(r);
	written = !is_being_written(vm);
	tp_amd_vm_put(vm);
	assert_true(written);
	/* A reset ended it, and nobody has written them anew. */
	assert_non_null(strstr(line_of(&files, "mappings.txt", "vm 2 root "), " outdated\n"));
	free_files(&files);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void registers_have_their_names(void **state)
{
	struct files files = dump(*state);
	char name[64];
	uint32_t cntl;

	for (unsigned vmid = 0; vmid < TP_AMD_NR_VMIDS; vmid++) {
		snprintf(name, sizeof(name), "mmhub VM_CONTEXT%u_CNTL 0x%05x 0x", vmid,
			 tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_CNTL + vmid));
		assert_int_equal(sscanf(line_of(&files, "registers.txt", name), "%x", &cntl), 1);
		assert_int_equal(cntl & TP_AMD_CNTL_ENABLE, TP_AMD_CNTL_ENABLE);
	}
	assert_non_null(line_of(&files, "registers.txt", "sdma1 GFX_RB_WPTR "));
	free_files(&files);
}

/* The rings, and what hangs in one. */
static void streams_of_what_runs_are_there(void **state)
{
	struct rig *r = *state;
	struct files files;
	struct tp_fence *fence;
	unsigned streams[2] = { 0 };

	tp_amd_model_hang(r->model, TP_AMD_RING_SDMA1, false);
	fence = push_store(r, TP_AMD_RING_SDMA1, 1, 0xabcd);
	files = dump(r);
	for (size_t at = 0; at < file_of(&files, "streams.bin")->len;) {
		uint32_t head[4], words[8];

		memcpy(head, file_of(&files, "streams.bin")->data + at, sizeof(head));
		memcpy(words, file_of(&files, "streams.bin")->data + at + sizeof(head),
		       sizeof(words));
		streams[head[3]]++;
		if (!head[3] && head[0] == TP_AMD_RING_SDMA1) {
			assert_int_equal(head[2], fence->seqno);
			assert_int_equal(words[4], 0xabcd);
		}
		at += sizeof(head) + head[1] * 4;
	}
	assert_int_equal(streams[0], 1);
	assert_int_equal(streams[1], TP_AMD_NR_RINGS);
	free_files(&files);
	must(tp_amd_reset(r->gpu, TP_AMD_RESET_SOFT));
	rig_expect(fence, -ECANCELED);
}

/* The sink's error ends it, wherever it comes, and so does memory that is short. */
static void errors_end_a_dump(void **state)
{
	struct rig *r = *state;
	struct files files = { 0 };
	const struct tp_amd_dump_sink to = { .write = sink, .arg = &files };
	unsigned calls;

	must(tp_amd_dump(r->gpu, &to));
	calls = files.calls;
	free_files(&files);
	for (unsigned i = 1; i <= calls; i++) {
		files.fail_at = i;
		assert_int_equal(tp_amd_dump(r->gpu, &to), -ENOSPC);
		assert_int_equal(files.calls, i);
		free_files(&files);
	}
	for (unsigned i = 1; i <= 8; i++) {
		must(tp_fault_arm("core/alloc", i, 1));
		assert_int_equal(tp_amd_dump(r->gpu, &to), -ENOMEM);
		tp_fault_reset();
		free_files(&files);
	}
	must(tp_amd_dump(r->gpu, &to));
	free_files(&files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_with_objects, end_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(mappings_translate_as_they_are_dumped),
		TEST(a_vm_of_before_a_loss_is_outdated),
		TEST(a_root_that_moves_is_dumped_as_of_one_moment),
		TEST(tables_that_are_being_written_are_waited_for),
		TEST(registers_have_their_names),
		TEST(streams_of_what_runs_are_there),
		TEST(errors_end_a_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
