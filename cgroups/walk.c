/*
 * walk - through all groups below a group.
 *
 * A container that may make groups can nest them as deep as it likes, so neither the stack
 * nor the number of open files may grow with the depth.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* 8 MB of levels; the kernel's memory for so many groups is charged to the container. */
#define DEPTH_MAX 32768

struct level {
	off_t next;             /* where reading goes on */
	char name[NAME_MAX + 1]; /* of the directory that was entered */
};

struct walk {
	int fd;
	size_t depth, cap;
	struct level *levels;
};

/* Enters `name` of the current directory, of which what follows `next` is left to read. */
static int push(struct walk *w, const char *name, off_t next)
{
	if (w->depth == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 8;
		struct level *levels;

		if (w->depth == DEPTH_MAX) {
			errno = ELOOP;
			return -1;
		}
		levels = reallocarray(w->levels, cap, sizeof(*levels));
		if (!levels)
			return -1;
		w->levels = levels;
		w->cap = cap;
	}
	w->levels[w->depth].next = next;
	strcpy(w->levels[w->depth].name, name);
	w->depth++;
	return 0;
}

/* Reads on at *next for a directory: 1 and its name, 0 at the end, -1. */
static int next_dir(int fd, off_t *next, char *name)
{
	_Alignas(struct dirent64) char buf[4096];

	if (lseek(fd, *next, SEEK_SET) < 0)
		return -1;
	for (;;) {
		ssize_t n = getdents64(fd, (void *)buf, sizeof(buf));

		/* ENOENT: the directory itself was removed meanwhile. */
		if (n <= 0)
			return n == 0 || cgroup_is_gone(errno) ? 0 : -1;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *e = (const struct dirent64 *)(buf + at);

			at += e->d_reclen;
			*next = e->d_off;
			/* Every cgroup file system says what an entry is. */
			if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 ||
			    strcmp(e->d_name, "..") == 0)
				continue;
			strcpy(name, e->d_name);
			return 1;
		}
	}
}

/* 1: entered, 0: gone, -1 */
static int enter(struct walk *w, const char *name, off_t next)
{
	int fd = openat(w->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return cgroup_is_gone(errno) ? 0 : -1;
	if (push(w, name, next) < 0) {
		close(fd);
		return -1;
	}
	close(w->fd);
	w->fd = fd;
	return 1;
}

/* ".." is safe: a group cannot be moved to another parent. */
static int go_up(struct walk *w)
{
	int fd = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	close(w->fd);
	w->fd = fd;
	w->depth--;
	return 0;
}

int cgroup_walk(int fd, int (*leave)(int parent_fd, const char *name, void *arg), void *arg)
{
	struct walk w = {.fd = fd};
	char name[NAME_MAX + 1];
	off_t next = 0;
	int r = 0;

	while (r == 0) {
		int found = next_dir(w.fd, &next, name);

		if (found < 0) {
			r = -1;
		} else if (found > 0) {
			int entered = enter(&w, name, next);

			r = entered < 0 ? -1 : 0;
			next = entered > 0 ? 0 : next;
		} else if (w.depth == 0) {
			break;
		} else if (go_up(&w) < 0) {
			r = -1;
		} else {
			next = w.levels[w.depth].next;
			r = leave(w.fd, w.levels[w.depth].name, arg);
		}
	}
	free(w.levels);
	close(w.fd);
	return r;
}
