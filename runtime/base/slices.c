/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/slices.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define PROCESSES_MAX 8
/* A process costs as much as some ten items. */
#define ITEMS_MIN 32

struct worker {
	pid_t pid;              /* 0: none, its slice is the caller's */
	int pipe;
};

/* Of processors. */
struct places {
	bool known;
	cpu_set_t all, others;  /* others: but that where the caller runs */
};

struct text {
	char *bytes;
	size_t len;
};

size_t slices_processes(size_t items)
{
	size_t n = items / ITEMS_MIN, processors = PROCESSES_MAX;
	cpu_set_t set;

	/* EINVAL: there are more than the set holds. */
	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		processors = (size_t)CPU_COUNT(&set);
	n = n < processors ? n : processors;
	return n < 1 ? 1 : n < PROCESSES_MAX ? n : PROCESSES_MAX;
}

static size_t border(const struct slices *s, size_t processes, size_t i)
{
	return s->n * i / processes;
}

static int make(const struct slices *s, size_t processes, size_t i, struct text *ret, struct error *err)
{
	FILE *out = open_memstream(&ret->bytes, &ret->len);
	int r;

	if (!out)
		return error_set(err, errno, "keep what is printed");
	r = s->make(border(s, processes, i), border(s, processes, i + 1), s->arg, out, err);
	return fclose(out) == EOF && r >= 0 ? error_set(err, ENOMEM, "keep what is printed") : r;
}

static int make_and_take(const struct slices *s, size_t processes, size_t i, struct error *err)
{
	struct text text = {0};
	int made = make(s, processes, i, &text, err), r = text.bytes ? s->take(text.bytes, text.len, s->arg, err) : 0;

	free(text.bytes);
	return made < 0 ? made : r;
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = TEMP_FAILURE_RETRY(write(fd, p, len));
		if (n < 0)
			return false;
	}
	return true;
}

/* The length comes last: whoever has died has not said it.  (Its exit code is not to be had where SIGCHLD is ignored.) */
static void work(const struct slices *s, size_t processes, size_t i, int pipe)
{
	struct error ignored = {0};
	struct text text = {0};
	uint64_t len;

	if (make(s, processes, i, &text, &ignored) < 0)
		_exit(1);
	len = text.len;
	_exit(write_all(pipe, text.bytes, text.len) && write_all(pipe, &len, sizeof(len)) ? 0 : 1);
}

static void find_places(struct places *ret)
{
	int here = sched_getcpu();

	if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof(ret->all), &ret->all) < 0)
		return;
	ret->others = ret->all;
	CPU_CLR((size_t)here, &ret->others);
	ret->known = CPU_COUNT(&ret->others) > 0;
}

/*
 * Schedulers that keep few processors busy leave a new process where its parent is, to wait there for as long as all of this takes.
 * So it begins elsewhere, and may go from there to wherever the scheduler wants it.
 */
static void start(const struct slices *s, size_t processes, size_t i, const struct places *places, struct worker *ret)
{
	int ends[2];

	*ret = (struct worker){.pipe = -1};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	ret->pid = fork();
	if (ret->pid == 0) {
		close(ends[0]);
		if (places->known)
			sched_setaffinity(0, sizeof(places->all), &places->all);
		work(s, processes, i, ends[1]);
	}
	close(ends[1]);
	if (ret->pid > 0)
		ret->pipe = ends[0];
	else
		close(ends[0]);
	if (ret->pid > 0 && places->known)
		sched_setaffinity(ret->pid, sizeof(places->others), &places->others);
}

static void read_all(int fd, struct text *ret)
{
	FILE *out = open_memstream(&ret->bytes, &ret->len);
	char buf[16384];
	ssize_t n = 0;

	while (out && (n = TEMP_FAILURE_RETRY(read(fd, buf, sizeof(buf)))) > 0)
		fwrite(buf, 1, (size_t)n, out);
	/* What is not whole is nothing. */
	if (out && (fclose(out) == EOF || n < 0))
		ret->len = 0;
}

/* True: all of it is there. */
static bool collect(struct worker *worker, struct text *ret)
{
	uint64_t len = 0;

	if (worker->pid <= 0)
		return false;
	read_all(worker->pipe, ret);
	if (ret->len >= sizeof(len))
		memcpy(&len, ret->bytes + ret->len - sizeof(len), sizeof(len));
	if (ret->len < sizeof(len) || len != ret->len - sizeof(len))
		return false;
	ret->len = len;
	return true;
}

static int end_slice(const struct slices *s, size_t processes, size_t i, struct worker *worker, struct error *err)
{
	struct text text = {0};
	int r = collect(worker, &text) ? s->take(text.bytes, text.len, s->arg, err) : make_and_take(s, processes, i, err);

	free(text.bytes);
	return r;
}

/* Who is not listened to any more finds its pipe closed. */
static void leave(struct worker *worker)
{
	if (worker->pipe >= 0)
		close(worker->pipe);
	if (worker->pid > 0)
		TEMP_FAILURE_RETRY(waitpid(worker->pid, NULL, 0));
}

int slices_run(const struct slices *slices, size_t processes, struct error *err)
{
	struct worker workers[PROCESSES_MAX];
	struct places places = {0};
	int r;

	if (processes > 1)
		find_places(&places);
	for (size_t i = 1; i < processes; i++)
		start(slices, processes, i, &places, &workers[i]);
	r = make_and_take(slices, processes, 0, err);
	for (size_t i = 1; i < processes && r >= 0; i++)
		r = end_slice(slices, processes, i, &workers[i], err);
	for (size_t i = 1; i < processes; i++)
		leave(&workers[i]);
	return r < 0 ? r : 0;
}
