/*
 * logs - what a detached container has written (run -d --log-file): to our standard output and error, as it was written.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/state/log_line.h"

/* ---- what is shown ---- */

struct given {
	bool follow, timestamps;
	const char *tail, *since, *until;
};

struct view {
	char since[TIME_TEXT_SIZE], until[TIME_TEXT_SIZE];      /* "": not asked for */
	bool timestamps, follow;
	bool over;              /* what is asked for ends here */
	bool middle[2];         /* of a line of that stream */
};

static bool is_shown(struct view *v, const struct log_line *line)
{
	if (*v->until && line->time_len && !log_line_is_before(line, v->until)) {
		v->over = true;
		return false;
	}
	return !*v->since || !line->time_len || !log_line_is_before(line, v->since);
}

static void show(struct view *v, const char *text, size_t len)
{
	struct log_line line;
	FILE *to = stdout;

	/* It was in the file before, or somebody else writes to it. */
	if (!log_line_parse(text, len, &line))
		line = (struct log_line){.text = text, .len = len};
	if (!is_shown(v, &line))
		return;
	if (line.stream == LOG_STDERR) {
		fflush(stdout);         /* the order in which they came */
		to = stderr;
	}
	if (v->timestamps && !v->middle[line.stream])
		fprintf(to, "%.*s ", (int)line.time_len, line.time ?: "");
	fwrite(line.text ?: "", 1, line.len, to);
	if (!line.partial)
		fputc('\n', to);
	v->middle[line.stream] = line.partial;
}

/* ---- a file ---- */

struct file {
	const char *path;
	int fd;
	size_t n;               /* bytes of a line whose end is not there yet */
	char bytes[1 << 17];    /* twice what the longest of our lines has */
};

/* STATE_NOT_FOUND: there is none. */
static int open_log(const char *path, int *ret, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return STATE_NOT_FOUND;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open the log %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_SAID, "the log %s is no file", path);
	*ret = steal_fd(&fd);
	return 0;
}

/* All that is there by now. */
static int read_on(struct file *f, struct view *v, struct error *err)
{
	for (;;) {
		ssize_t got = TEMP_FAILURE_RETRY(read(f->fd, f->bytes + f->n, sizeof(f->bytes) - f->n));
		char *line = f->bytes, *end;

		if (got < 0)
			return error_set(err, errno, "read the log %s", f->path);
		f->n += (size_t)got;
		while ((end = memchr(line, '\n', (size_t)(f->bytes + f->n - line)))) {
			show(v, line, (size_t)(end - line));
			line = end + 1;
		}
		f->n -= (size_t)(line - f->bytes);
		memmove(f->bytes, line, f->n);
		if (f->n == sizeof(f->bytes)) {         /* nothing of ours */
			show(v, f->bytes, f->n);
			f->n = 0;
		}
		if (got == 0 || v->over)
			return 0;
	}
}

/* ---- its end ---- */

struct tail {
	size_t wanted, found;
	bool open;              /* a line whose end is not there yet, at the very end */
};

/* The record at `at`, before whatever was looked at last; true: it belongs to what is wanted. */
static bool count_record(struct tail *t, const struct view *v, int fd, off_t at)
{
	char head[LOG_HEAD_MAX + 1];
	ssize_t n = pread(fd, head, sizeof(head), at);
	char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	struct log_line line = {0};

	if (n > 0)
		log_line_parse(head, end ? (size_t)(end - head) : (size_t)n, &line);
	if (*v->until && line.time_len && !log_line_is_before(&line, v->until))
		return true;
	if (line.partial && (t->found || t->open))
		return true;
	if (line.partial)
		t->open = true;
	if (t->found == t->wanted)
		return false;
	t->found++;
	return true;
}

/* Where the last lines of a file begin. */
static off_t find_tail(int fd, struct tail *t, const struct view *v)
{
	static char block[1 << 16];
	off_t size = lseek(fd, 0, SEEK_END), start = size, at = size > 0 ? size - 1 : 0;        /* its last byte ends the last record */

	while (at > 0) {
		size_t n = at < (off_t)sizeof(block) ? (size_t)at : sizeof(block);
		ssize_t got = pread(fd, block, n, at - (off_t)n);

		if (got != (ssize_t)n)
			return start;
		for (; n > 0; n--, at--) {
			if (block[n - 1] != '\n')
				continue;
			if (!count_record(t, v, fd, at))
				return start;
			start = at;
		}
	}
	return size > 0 && count_record(t, v, fd, 0) ? 0 : start;
}

/* ---- following ---- */

#define LOOK_AGAIN_MS 500

static bool is_another(const struct file *f)
{
	struct stat now, ours;

	return lstat(f->path, &now) == 0 && fstat(f->fd, &ours) == 0 && (now.st_ino != ours.st_ino || now.st_dev != ours.st_dev);
}

/* It was full, and has another name: what was written to it until then has been read. */
static int turn_over(struct file *f, int watch, struct error *err)
{
	int fd, r = open_log(f->path, &fd, err);

	if (r != 0)
		return r > 0 ? 0 : r;
	close(f->fd);
	f->fd = fd;
	f->n = 0;
	inotify_add_watch(watch, f->path, IN_MODIFY | IN_MOVE_SELF);
	return 0;
}

/* Until something is written, somebody has ended, or it is time to look. */
static void await(int watch, int keeper, bool *ret_ended, bool *ret_unread)
{
	struct pollfd fds[] = {{watch, POLLIN, 0}, {keeper, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
	char events[4096];

	poll(fds, 3, LOOK_AGAIN_MS);
	if (fds[0].revents && read(watch, events, sizeof(events)) < 0)
		return;
	*ret_ended = keeper < 0 || fds[1].revents;
	*ret_unread = fds[2].revents & (POLLERR | POLLHUP | POLLNVAL);
}

static int follow(struct file *f, struct view *v, int keeper, struct error *err)
{
	cleanup_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	bool ended = keeper < 0, unread = false;
	int r = 0;

	/* Without it, or on a file system that tells nothing, we look now and then. */
	inotify_add_watch(watch, f->path, IN_MODIFY | IN_MOVE_SELF);
	while (r == 0 && !v->over && !unread) {
		bool last = ended;

		r = read_on(f, v, err);
		fflush(stdout);
		if (r == 0 && is_another(f)) {
			r = read_on(f, v, err);         /* what came between the reading and the renaming */
			r = r ?: turn_over(f, watch, err);
		} else if (last) {
			break;
		} else {
			await(watch, keeper, &ended, &unread);
		}
	}
	return r;
}

/* ---- all of it ---- */

static int read_moment(const char *flag, const char *value, char ret[TIME_TEXT_SIZE], struct error *err)
{
	struct timespec now;

	ret[0] = '\0';
	clock_gettime(CLOCK_REALTIME, &now);
	if (!value || log_moment(value, now, ret))
		return 0;
	error_set(err, ERROR_SAID, "--%s %s: a time is expected", flag, value);
	return error_hint(err, "such as 10m (ago), 2026-11-21T05:00:00Z, 2026-11-21 or seconds since 1970");
}

static int read_tail(const char *value, struct tail *ret, struct error *err)
{
	size_t digits = value ? strspn(value, "0123456789") : 0;

	*ret = (struct tail){.wanted = SIZE_MAX};
	if (!value || strcmp(value, "all") == 0)
		return 0;
	if (!digits || value[digits] || digits > 18)
		return error_set(err, ERROR_SAID, "--tail %s: a number of lines is expected, or all", value);
	ret->wanted = strtoul(value, NULL, 10);
	return 0;
}

static int show_file(struct file *f, off_t from, struct view *v, struct error *err)
{
	f->n = 0;
	if (from && lseek(f->fd, from, SEEK_SET) < 0)
		return error_set(err, errno, "read the log %s", f->path);
	return read_on(f, v, err);
}

/* The file before this one first, and of both what is wanted. */
static int show_all(struct file *f, struct tail *tail, struct view *v, struct error *err)
{
	cleanup_close int old = -1;
	char path[PATH_MAX + 2];
	off_t from = 0, from_old = 0;
	int r, current = f->fd;

	if (tail->wanted != SIZE_MAX)
		from = find_tail(f->fd, tail, v);
	snprintf(path, sizeof(path), "%s.1", f->path);
	r = from == 0 ? open_log(path, &old, err) : STATE_NOT_FOUND;
	if (r < 0)
		return r;
	if (r == 0 && tail->wanted != SIZE_MAX)
		from_old = find_tail(old, tail, v);
	if (r == 0) {
		f->fd = old;
		r = show_file(f, from_old, v, err);
		f->fd = current;
	}
	if (lseek(f->fd, 0, SEEK_SET) < 0)
		return error_set(err, errno, "read the log %s", f->path);
	return r < 0 ? r : v->over ? 0 : show_file(f, from, v, err);
}

static int show_log(const char *path, struct tail *tail, struct view *v, int keeper, struct error *err)
{
	static struct file file = {.fd = -1};  /* large */
	int r = open_log(path, &file.fd, err);

	if (r > 0)
		return error_set(err, ENOENT, "open the log %s", path);
	file.path = path;
	if (r == 0)
		r = show_all(&file, tail, v, err);
	if (r == 0 && v->follow && !v->over)
		r = follow(&file, v, keeper, err);
	if (file.fd >= 0)
		close(file.fd);
	return r < 0 ? r : fflush(stdout) != 0 ? error_set(err, errno, "write to standard output") : 0;
}

static int find_log(const struct cli_global *global, const char *word, struct handle *h, struct error *err)
{
	char id[256];
	int r = handle_complete(&global->runtime, word, id, err);

	if (r < 0)
		return r;
	r = handle_find(&global->runtime, id, STORE_READ, h, err);
	if (r < 0)
		return error_hint(err, "a log outlives its container: it is the file that --log-file named");
	if (h->state.keeper.log)
		return 0;
	error_set(err, ERROR_SAID, "container %s has no log", h->state.id);
	return error_hint(err, "`crun-lite run -d --log-file FILE` makes one; of an engine's container the engine has it");
}

static int run_logs(const struct cli_global *global, const void *options, int argc, char **argv, struct error *err)
{
	const struct given *given = options;
	struct handle h = {.root = -1, .store.dir = -1};
	struct view view = {.timestamps = given->timestamps, .follow = given->follow};
	cleanup_close int keeper = -1;
	struct tail tail;
	int r = read_tail(given->tail, &tail, err);

	if (r == 0)
		r = read_moment("since", given->since, view.since, err);
	if (r == 0)
		r = read_moment("until", given->until, view.until, err);
	if (r == 0)
		r = find_log(global, argv[0], &h, err);
	if (r == 0) {
		keeper = given->follow ? state_keeper_pidfd(&h.state) : -1;
		store_close(&h.store);  /* what may take days holds no directory that is long gone */
		r = show_log(h.state.keeper.log, &tail, &view, keeper, err);
	}
	handle_close(&h);
	return r < 0 ? error_wrap(err, "logs %s", argv[0]) : 0;
}

static const struct cli_option logs_options[] = {
	{"follow", 'f', CLI_FLAG, offsetof(struct given, follow), NULL, "goes on until the container has ended"},
	{"tail", 'n', CLI_STRING, offsetof(struct given, tail), "N|all", "the last N lines only (all)"},
	{"since", 0, CLI_STRING, offsetof(struct given, since), "TIME", "what was written from then on: 10m (ago), 2026-11-21T05:00:00Z, seconds since 1970"},
	{"until", 0, CLI_STRING, offsetof(struct given, until), "TIME", "what was written before"},
	{"timestamps", 't', CLI_FLAG, offsetof(struct given, timestamps), NULL, "with the time before each line"},
	CLI_END,
};

const struct command command_logs = {
	.name = "logs",
	.synopsis = "[flags] ID",
	.summary = "shows what a container has written that was started by `run -d --log-file`",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite logs -f --tail 20 web1\n"
	            "crun-lite logs --since 10m -t web1\n",
	.options = logs_options,
	.options_size = sizeof(struct given),
	.min_args = 1,
	.max_args = 1,
	.run = run_logs,
};
