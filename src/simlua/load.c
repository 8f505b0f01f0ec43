/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* load - from a file to a scenario, which stays until the process ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simlua/simlua.h"

enum { MAX_SIZE = 1 << 20, ERROR_SIZE = 512 };

/* Memory of the process: that of core/alloc.h is simulated here. */
static struct tp_lua_script *new_script(size_t size)
{
	void *at = mmap(NULL, sizeof(struct tp_lua_script) + size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void drop_script(struct tp_lua_script *script)
{
	munmap(script, sizeof(*script) + script->size);
}

static void set_file(struct tp_lua_script *script, const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(script->file, sizeof(script->file), "%s", slash ? slash + 1 : path);
}

static int read_all(int fd, struct tp_lua_script *script)
{
	ssize_t done = read(fd, script->source, script->size);

	if (done < 0)
		return -errno;
	script->size = (size_t)done;
	return 0;
}

static int read_script(int fd, struct tp_lua_script **script)
{
	struct stat stat;
	int err;

	if (fstat(fd, &stat))
		return -errno;
	if (!S_ISREG(stat.st_mode) || stat.st_size > MAX_SIZE)
		return -EINVAL;
	*script = new_script((size_t)stat.st_size);
	if (!*script)
		return -ENOMEM;
	(*script)->size = (size_t)stat.st_size;
	err = read_all(fd, *script);
	if (err)
		drop_script(*script);
	return err;
}

static int open_script(const char *path, char *error, struct tp_lua_script **script)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = fd < 0 ? -ENOENT : 0;

	if (fd < 0) {
		snprintf(error, ERROR_SIZE, "%s cannot be read: %s", path, strerror(errno));
		return -ENOENT;
	}
	err = read_script(fd, script);
	close(fd);
	if (err)
		snprintf(error, ERROR_SIZE, "%s is no script: %s", path, strerror(-err));
	else
		set_file(*script, path);
	return err;
}

static void declare(struct tp_lua_script *script)
{
	const char *summary = tp_lua.scenario.summary;

	snprintf(script->name, sizeof(script->name), "%s", tp_lua.scenario.name);
	snprintf(script->summary, sizeof(script->summary), "%s", summary ? summary : "");
	script->scenario = tp_lua.scenario;
	script->scenario.name = script->name;
	script->scenario.summary = script->summary;
	script->scenario.prepare = tp_lua_prepare;
	script->scenario.start = tp_lua_start;
	script->scenario.check = tp_lua_check;
}

int tp_scenario_load_lua(const char *path, char error[512], const struct tp_scenario **scenario)
{
	struct tp_lua_script *script;
	int err = open_script(path, error, &script);

	if (err)
		return err;
	err = tp_lua_open(script);
	if (err) {
		snprintf(error, ERROR_SIZE, "%s", tp_lua.broken);
		drop_script(script);
		return err;
	}
	declare(script);
	*scenario = &script->scenario;
	return 0;
}
