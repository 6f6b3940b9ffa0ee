/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* FNV-1a: who has two images of one ID only unpacks them again. */
static uint64_t add(uint64_t h, const char *s)
{
	do
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	while (*s++);
	return h;
}

void key_id(const char *path, const char *ref, const char *platform, char buf[KEY_ID])
{
	snprintf(buf, KEY_ID, "%016llx", (unsigned long long)add(add(add(0xcbf29ce484222325ull, path), ref), platform));
}

void key_line(const struct stat *st, size_t entry, char buf[KEY_LINE])
{
	snprintf(buf, KEY_LINE, "%llx:%llx:%llx:%llx.%lx:%llx.%lx %zu\n", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
	         (unsigned long long)st->st_size, (unsigned long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
	         (unsigned long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec, entry);
}

long key_entry(const char *line, const struct stat *source)
{
	char same[KEY_LINE];
	size_t n;

	key_line(source, 0, same);
	n = (size_t)(strrchr(same, ' ') - same) + 1;
	return strncmp(line, same, n) == 0 ? strtol(line + n, NULL, 10) : -1;
}

int key_stat(int source, struct stat *ret)
{
	if (fstat(source, ret) < 0)
		return -errno;
	if (!S_ISDIR(ret->st_mode))
		return 0;
	if (fstatat(source, "index.json", ret, AT_SYMLINK_NOFOLLOW) == 0 || fstatat(source, "manifest.json", ret, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return -errno;
}

int key_store(char *buf, size_t size, struct error *err)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (geteuid() == 0) {
		n = snprintf(buf, size, "/var/lib/crun-lite");
	} else if (data && data[0] == '/') {
		n = snprintf(buf, size, "%s/crun-lite", data);
	} else if (home && home[0] == '/') {
		n = snprintf(buf, size, "%s/.local/share/crun-lite", home);
	} else {
		error_set(err, ERROR_SAID, "neither XDG_DATA_HOME nor HOME says where the store is");
		return error_hint(err, "name it by --store");
	}
	return (size_t)n < size ? 0 : error_set(err, ENAMETOOLONG, "find the store");
}

int key_split(const char *word, char *ret_path, const char **ret_ref, struct error *err)
{
	char path[PATH_MAX];
	size_t len = strlen(word);

	*ret_ref = NULL;
	if (len >= sizeof(path))
		return error_set(err, ENAMETOOLONG, "open the image %.64s...", word);
	memcpy(path, word, len + 1);
	while (!realpath(path, ret_path)) {
		char *colon = strrchr(path, ':');

		if ((errno != ENOENT && errno != ENOTDIR) || !colon) {
			error_set(err, errno, "open the image %s", word);
			return error_hint(err, "PATH or PATH:REF is expected: an OCI layout, an archive of docker's or the tar of a root file system");
		}
		*colon = '\0';
		*ret_ref = word + (colon - path) + 1;
	}
	return 0;
}

/* Beside this program, or where `make install` puts it. */
int key_program(char *buf, size_t size, struct error *err)
{
	static const char *const places[] = {"crun-lite-image", "../libexec/crun-lite/crun-lite-image"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return error_set(err, errno, "find out where this program is");
	self[n] = '\0';
	*(strrchr(self, '/') + 1) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if ((size_t)snprintf(buf, size, "%s%s", self, places[i]) < size && access(buf, X_OK) == 0)
			return 0;
	error_set(err, ENOENT, "find crun-lite-image beside %scrun-lite, or in ../libexec/crun-lite", self);
	return error_hint(err, "it is installed with crun-lite, and reads the images");
}
