/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* A container may be able to write above it: links are followed here, and never again.  Who is not there is missed later. */
static int resolve_parent(char path[PATH_MAX], struct error *err)
{
	cleanup_free char *name = strdup(strrchr(path, '/') + 1), *real = NULL;

	if (!name)
		return error_set(err, ENOMEM, "name the log");
	strrchr(path, '/')[1] = '\0';
	real = realpath(path, NULL);
	if (!real)
		strcat(path, name);
	else if (snprintf(path, PATH_MAX, "%s/%s", real[1] ? real : "", name) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "--log-file %.64s...", real);
	return 0;
}

int log_path(const char *path, const char *id, char ret[PATH_MAX], struct error *err)
{
	size_t len = strlen(path);
	struct stat st;
	bool below = len == 0 || path[len - 1] == '/' || (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
	int n = 0;

	if (path[0] != '/') {
		if (!getcwd(ret, PATH_MAX))
			return error_set(err, errno, "find the working directory");
		n = (int)strlen(ret);
	}
	while (below && len > 1 && path[len - 1] == '/')
		len--;
	n += snprintf(ret + n, (size_t)(PATH_MAX - n), "%s%.*s", n ? "/" : "", (int)len, path);
	if (below && n < PATH_MAX)
		n += snprintf(ret + n, (size_t)(PATH_MAX - n), "/%s.log", id);
	return n < PATH_MAX ? resolve_parent(ret, err) : error_set(err, ENAMETOOLONG, "--log-file %.64s...", path);
}

static int open_file(struct log_writer *w, int flags)
{
	/* O_NONBLOCK: of a fifo that nobody reads. */
	return openat(w->dir, w->name, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0600);
}

static int check_file(const char *path, int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "look at the log %s", path);
	if (S_ISREG(st.st_mode))
		return 0;
	error_set(err, ERROR_SAID, "the log %s is no file", path);
	return error_hint(err, "without --log-file the container writes where the caller's own output goes");
}

int log_writer_open(struct log_writer *w, const char *path, uint64_t max, struct error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_close int dir = -1, fd = -1;
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	char parent[PATH_MAX];
	int r;

	*w = (struct log_writer){.dir = -1, .fd = -1, .max = max};
	if (strlen(slash + 1) >= sizeof(w->name))
		return error_set(err, ENAMETOOLONG, "open the log %s", path);
	strcpy(w->name, slash + 1);
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path) ?: 1, path);
	dir = (int)syscall(SYS_openat2, AT_FDCWD, parent, &how, sizeof(how));
	if (dir < 0) {
		error_set(err, errno, "open the log's directory %s", parent);
		if (err->code == ELOOP)
			error_hint(err, "a symbolic link is in its path, which was not there when the container was first started");
		return -err->code;
	}
	w->dir = dir;
	fd = open_file(w, 0);
	if (fd < 0) {
		error_set(err, errno, "open the log %s", path);
		if (err->code == ELOOP)
			error_hint(err, "it is a symbolic link: name what it leads to");
		return -err->code;
	}
	r = check_file(path, fd, err);
	if (r < 0)
		return r;
	w->dir = steal_fd(&dir);
	w->fd = steal_fd(&fd);
	return 0;
}

/* One old file is kept.  What cannot be renamed goes on to grow: a log that is too long is better than none. */
static void rotate(struct log_writer *w, size_t n)
{
	char old[sizeof(w->name) + 2];
	struct stat st;
	int fd;

	if (!w->max || fstat(w->fd, &st) < 0 || st.st_size == 0 || (uint64_t)st.st_size + n <= w->max)
		return;
	snprintf(old, sizeof(old), "%s.1", w->name);
	if (renameat(w->dir, w->name, w->dir, old) < 0)
		return;
	fd = open_file(w, O_EXCL);
	if (fd >= 0)
		dup3(fd, w->fd, O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

/* All of it or nothing: no half of a line stays. */
static bool append(struct log_writer *w, const char *bytes, size_t n)
{
	struct stat st;
	ssize_t written;

	rotate(w, n);
	written = write(w->fd, bytes, n);
	if (written == (ssize_t)n)
		return true;
	w->why = written < 0 ? errno : ENOSPC;
	if (written > 0 && fstat(w->fd, &st) == 0 && st.st_size >= written && ftruncate(w->fd, st.st_size - written) < 0)
		w->why = errno;
	return false;
}

/* The dropped bytes' place in time is before what is written next. */
static bool tell_dropped(struct log_writer *w)
{
	char line[LOG_HEAD_MAX + 160], time[TIME_TEXT_SIZE];
	size_t n;

	if (!w->dropped)
		return true;
	time_now(time, sizeof(time));
	n = log_head(line, time, LOG_STDERR, false);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "crun-lite: %llu bytes of output are not in this log: %s\n",
	                      (unsigned long long)w->dropped, strerrordesc_np(w->why) ?: "they could not be written");
	if (!append(w, line, n))
		return false;
	w->dropped = 0;
	return true;
}

/* Lines with their heads, and how much of it is the program's. */
struct batch {
	size_t n, payload;
	char bytes[65536];
};

static void flush_batch(struct log_writer *w, struct batch *b)
{
	if (b->n && !(tell_dropped(w) && append(w, b->bytes, b->n)))
		w->dropped += b->payload;
	b->n = b->payload = 0;
}

static void add(struct log_writer *w, struct batch *b, const char *head, size_t head_len, const char *text, size_t len)
{
	if (b->n + head_len + len + 1 > sizeof(b->bytes))
		flush_batch(w, b);
	memcpy(b->bytes + b->n, head, head_len);
	memcpy(b->bytes + b->n + head_len, text, len);
	b->n += head_len + len;
	b->bytes[b->n++] = '\n';
	b->payload += len;
}

/* Tools stop at lines that are longer; so CRI runtimes cut them, too. */
#define LINE_MAX_TEXT 16384

void log_writer_put(struct log_writer *w, enum log_stream stream, const char *bytes, size_t n)
{
	static struct batch batch;      /* large; nobody else has it */
	char time[TIME_TEXT_SIZE], full[LOG_HEAD_MAX], part[LOG_HEAD_MAX];
	size_t full_len, part_len;

	time_now(time, sizeof(time));
	full_len = log_head(full, time, stream, false);
	part_len = log_head(part, time, stream, true);
	while (n > 0) {
		size_t most = n < LINE_MAX_TEXT ? n : LINE_MAX_TEXT;
		const char *end = memchr(bytes, '\n', most);
		size_t len = end ? (size_t)(end - bytes) : most;

		add(w, &batch, end ? full : part, end ? full_len : part_len, bytes, len);
		batch.payload += end != NULL;
		bytes += len + (end != NULL);
		n -= len + (end != NULL);
	}
	flush_batch(w, &batch);
}

void log_writer_say(struct log_writer *w, const char *text)
{
	char line[1200];
	int n = snprintf(line, sizeof(line) - 1, "crun-lite: %s", text);

	n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
	/* What is in it may be the bundle's. */
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 127)
			line[i] = '?';
	line[n++] = '\n';
	log_writer_put(w, LOG_STDERR, line, (size_t)n);
}

void log_writer_close(struct log_writer *w)
{
	if (w->fd < 0)
		return;
	tell_dropped(w);
	close(w->fd);
	close(w->dir);
	w->fd = w->dir = -1;
}
