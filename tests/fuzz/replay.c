/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay - give a fuzz target the files named, and those in folders named, one after the other. */
#include "fuzz.h"

#include <dirent.h>

enum { INPUT_SIZE = 65536 };

static unsigned inputs;

static void replay_file(const char *path)
{
	static uint8_t data[INPUT_SIZE];
	FILE *in = fopen(path, "rb");
	size_t size;

	TP_INVARIANT(in);
	size = fread(data, 1, sizeof(data), in);
	fclose(in);
	fprintf(stderr, "%s: %zu bytes\n", path, size);
	LLVMFuzzerTestOneInput(data, size);
	inputs++;
}

static void replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		replay_file(path);
		return;
	}
	while ((entry = readdir(dir))) {
		char inside[4096];

		snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_REG)
			replay_file(inside);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%u inputs\n", inputs);
	return !inputs;
}
