/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/report.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroups/stats.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/launch.h"
#include "spec/emit.h"

int report_open(const char *path, const char *id, struct report *ret, struct error *err)
{
	*ret = (struct report){.id = id, .fd = STDOUT_FILENO};
	if (strcmp(path, "-") == 0)
		return 0;
	ret->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	return ret->fd < 0 ? error_set(err, errno, "--report %s: open it", path) : 0;
}

void report_start(struct report *report)
{
	clock_gettime(CLOCK_REALTIME, &report->started);
	clock_gettime(CLOCK_MONOTONIC, &report->clock);
}

static void emit_null(struct emitter *e, const char *key)
{
	emit_key(e, key);
	emit_raw(e, "null", 4);
}

static uint64_t usec(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

/* In the order of what explains more. */
static const char *reason(const struct launch *l, const struct foreground *fg, int status)
{
	uint64_t oom_kills = 0;

	if (fg->timed_out)
		return "timeout";
	if (fg->exceeded)
		return "output";
	if (WIFSIGNALED(fg->wait_status) && WTERMSIG(fg->wait_status) == SIGSYS && l->config->linux_.seccomp.set)
		return "seccomp";
	/* 137 of a shell that tells of its child is as good. */
	if (status == 128 + SIGKILL && stats_oom_kills(&l->group, &oom_kills) && oom_kills > 0)
		return "oom";
	return WIFSIGNALED(fg->wait_status) ? "signal" : "exit";
}

static void emit_end(struct emitter *e, int how)
{
	char name[32];

	if (WIFSIGNALED(how)) {
		const char *known = sigabbrev_np(WTERMSIG(how));

		if (known)
			snprintf(name, sizeof(name), "SIG%s", known);
		else
			snprintf(name, sizeof(name), "SIGRTMIN+%d", WTERMSIG(how) - SIGRTMIN);
		emit_null(e, "exit_code");
		emit_key_string(e, "signal", name);
		emit_key_bool(e, "core_dumped", WCOREDUMP(how));
		return;
	}
	emit_key_int(e, "exit_code", WEXITSTATUS(how));
	emit_null(e, "signal");
	emit_key_bool(e, "core_dumped", false);
}

static void emit_times(struct emitter *e, const struct report *report)
{
	char text[TIME_TEXT_SIZE];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	time_format(report->started, text, sizeof(text));
	emit_key_string(e, "started", text);
	time_now(text, sizeof(text));
	emit_key_string(e, "ended", text);
	emit_key_int(e, "wall_usec", (now.tv_sec - report->clock.tv_sec) * 1000000 +
	                             (now.tv_nsec - report->clock.tv_nsec) / 1000);
}

/* wait4(2): the first process and the children that it waited for; known also where there is no group. */
static void emit_process(struct emitter *e, const struct rusage *usage)
{
	emit_key(e, "process");
	emit_object(e);
	emit_key_uint(e, "user_usec", usec(&usage->ru_utime));
	emit_key_uint(e, "system_usec", usec(&usage->ru_stime));
	emit_key_uint(e, "max_rss_bytes", (uint64_t)usage->ru_maxrss * 1024);
	emit_end_object(e);
}

static void finish(struct report *report, struct emitter *e)
{
	struct error err;

	emit_end_object(e);
	if (emit_finish(e, &report->text, &report->len, &err) < 0)
		log_warning("report: %s", err.text);
}

void report_end(struct report *report, const struct launch *l, const struct foreground *fg, int status)
{
	struct emitter e = {.pretty = true};

	emit_object(&e);
	emit_key_string(&e, "id", report->id);
	emit_key_string(&e, "reason", reason(l, fg, status));
	emit_key_int(&e, "status", status);
	if (l->options->keeping && l->options->keeping->policy)
		emit_key_uint(&e, "restarts", l->options->keeping->restarts);
	emit_end(&e, fg->wait_status);
	emit_times(&e, report);
	emit_process(&e, &fg->usage);
	stats_emit_report(&l->group, &e);
	finish(report, &e);
}

/* There was no end, because there was no beginning. */
static void tell_failure(struct report *report, const struct error *failure)
{
	struct emitter e = {.pretty = true};
	char text[sizeof(failure->text) + 128];

	snprintf(text, sizeof(text), "%s%s%s", failure->text, *error_reason(failure) ? ": " : "", error_reason(failure));
	emit_object(&e);
	emit_key_string(&e, "id", report->id);
	emit_key_string(&e, "reason", "error");
	emit_key_int(&e, "status", failure->status ?: 1);
	emit_key_string(&e, "error", text);
	finish(report, &e);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int report_close(struct report *report, int r, struct error *err)
{
	struct error late;
	int failed = 0;

	if (r < 0)
		tell_failure(report, err);
	if (report->text)
		failed = write_all(report->fd, report->text, report->len) < 0;
	if (failed)
		error_set(r < 0 ? &late : err, errno, "write the report");
	free(report->text);
	return failed && r == 0 ? -err->code : r;
}
