/*
 * configs - files of tests/data, as the tests are run: from the top of the tree.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/unit.h"

#define CONFIG_SIZE_MAX 65536

/* All of it, with a NUL behind; its length. */
static inline size_t read_config(const char *path, char text[CONFIG_SIZE_MAX])
{
	FILE *stream = fopen(path, "re");
	size_t len = stream ? fread(text, 1, CONFIG_SIZE_MAX - 1, stream) : 0;

	if (!stream || !feof(stream))
		fail_msg("%s: cannot be read, or is too long", path);
	fclose(stream);
	text[len] = '\0';
	return len;
}

/* Every .json of a folder; how many there are. */
static inline int each_config(const char *folder, void (*act)(const char *path, const char *text, size_t len, void *arg),
                              void *arg)
{
	static char text[CONFIG_SIZE_MAX];
	DIR *dir = opendir(folder);
	int n = 0;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		char path[512];

		if (!strstr(e->d_name, ".json"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		act(path, text, read_config(path, text), arg);
		n++;
	}
	if (dir)
		closedir(dir);
	return n;
}
