/*
 * exes STOP - the neighbour of CVE-2019-5736: looks at /proc/PID/exe of every process that comes, tries to open it for writing,
 * and holds what it may read.  When the file STOP is there, it tries to write to what it holds, which nobody executes any more.
 *
 * Prints each line once: "link NAME", "refused NAME ERRNO" or "opened NAME ERRNO" (of a write to it), "later NAME ERRNO".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HELD 256
#define LINES 1024

static char said[LINES][160];
static unsigned n_said;
static struct { int fd; char name[100]; } held[HELD];
static unsigned n_held;

static void say(const char *what, const char *name, const char *more)
{
	char line[160];

	snprintf(line, sizeof(line), "%s %.90s%s%s", what, name, *more ? " " : "", more);
	for (unsigned i = 0; i < n_said; i++)
		if (strcmp(said[i], line) == 0)
			return;
	if (n_said < LINES)
		strcpy(said[n_said++], line);
	dprintf(1, "%s\n", line);
}

/* Nothing is changed where it should work: not a byte is written. */
static const char *try_write(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);
	const char *error = "OK";

	if (fd < 0)
		return strerrorname_np(errno);
	/* One byte where it has one: the magic number. */
	if (pwrite(fd, "\177", 1, 0) < 0)
		error = strerrorname_np(errno);
	close(fd);
	return error;
}

/* To what was opened, whose name is its own: an execve may have come after the look. */
static void write_through(int fd)
{
	char path[64], name[100] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, name, sizeof(name) - 1) > 0)
		say("opened", name, pwrite(fd, "\177", 1, 0) < 0 ? strerrorname_np(errno) : "OK");
}

static int is_held(const struct stat *st)
{
	struct stat other;

	for (unsigned i = 0; i < n_held; i++)
		if (fstat(held[i].fd, &other) == 0 && other.st_ino == st->st_ino && other.st_dev == st->st_dev)
			return 1;
	return 0;
}

static void look(const char *pid)
{
	char path[300], name[100] = "";
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	if (readlink(path, name, sizeof(name) - 1) <= 0)
		return;
	say("link", name, "");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT && errno != ESRCH)
		say("refused", name, strerrorname_np(errno));
	if (fd >= 0) {
		write_through(fd);
		close(fd);
	}
	fd = n_held < HELD ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fstat(fd, &st) < 0 || is_held(&st)) {
		if (fd >= 0)
			close(fd);
		return;
	}
	/* What it was when it was opened: an execve may have come between. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(name, 0, sizeof(name));
	if (readlink(path, name, sizeof(name) - 1) < 0)
		return;
	held[n_held].fd = fd;
	memcpy(held[n_held++].name, name, sizeof(name));
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	dprintf(1, "ready\n");
	while (access(argv[1], F_OK) != 0) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d)))
			if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && atoi(e->d_name) != getpid())
				look(e->d_name);
		if (d)
			closedir(d);
	}
	for (unsigned i = 0; i < n_held; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/self/fd/%d", held[i].fd);
		say("later", held[i].name, try_write(path, O_RDWR));
	}
	dprintf(1, "done\n");
	return 0;
}
