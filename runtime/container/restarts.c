/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/restarts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/container/container.h"
#include "runtime/container/keeper.h"
#include "runtime/container/known_limits.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/report.h"

#define STATUS_TIMEOUT 124

struct restarts {
	struct create_options options;  /* of the next start */
	struct keeping keeping;
	struct foreground fg;           /* signals only */
	int root;
	struct store store;             /* dir -1: not found yet */
	struct state state;             /* as the last start left it; owns what keeping refers to */
	char *text;                     /* the container's config.json, with what updates changed; owned */
	uint64_t deadline_ns;           /* of --timeout; 0: none */
	uint64_t pause_ns;
	bool asked;                     /* by a signal, to end */
	bool hung_up;                   /* by one that a program may live on with */
};

/* ---- signals ---- */

static void heed(struct restarts *s, int sig)
{
	s->asked |= sig == SIGTERM || sig == SIGINT || sig == SIGQUIT;
	s->hung_up |= sig == SIGHUP;
}

/* What the terminal sends, it sends to all of its group: to whom we would pass it on, too. */
static void take_signals(struct restarts *s, pid_t to)
{
	struct signalfd_siginfo info;

	while (read(s->fg.signal_fd, &info, sizeof(info)) == sizeof(info)) {
		heed(s, (int)info.ssi_signo);
		if (to > 0 && info.ssi_code != SI_KERNEL && !foreground_own_signal(&info))
			kill(to, (int)info.ssi_signo);
	}
}

/* ---- the container ---- */

/* The container that we started, not one that has its name since. */
static int find_store(struct restarts *s, struct error *err)
{
	int r = 0;

	if (s->store.dir >= 0)
		return store_relock(&s->store, err);
	if (s->root < 0)
		r = state_root_open(s->options.runtime->root, false, &s->root, err);
	if (r == 0)
		r = store_open(s->root, s->options.id, STORE_LOCK, &s->store, err);
	return r;
}

static int read_store(struct restarts *s, struct error *err)
{
	int r;

	state_free(&s->state);
	r = state_read(&s->store, &s->state, err);
	if (r == 0 && (s->state.keeper.pid != s->keeping.pid || s->state.keeper.start_time != s->keeping.start_time))
		r = STATE_NOT_FOUND;
	return r;
}

/* ---- one start ---- */

__attribute__((noreturn)) static void attempt(struct restarts *s)
{
	struct attempt *a = s->keeping.attempt;

	/* What came for the whole group since then is pending, and meets us. */
	close(s->fg.signal_fd);
	sigprocmask(SIG_SETMASK, &s->fg.saved_mask, NULL);
	keeper_take_passed(&s->options, &s->keeping);
	a->r = container_run_once(&s->options, &a->status, &a->err);
	fflush(stdout);
	_exit(0);
}

/* What it has left behind goes with us, unless it is to be kept. */
static int killed(struct restarts *s, int how, struct error *err)
{
	struct error ignored;

	if (s->store.dir < 0 && find_store(s, &ignored) == 0) {
		store_unlock(&s->store);
		if (read_store(s, &ignored) != 0)
			store_close(&s->store);
	}
	error_set(err, ERROR_SAID, "the process that watched container %s was killed by SIG%s", s->options.id,
	          sigabbrev_np(WTERMSIG(how)) ?: "RT");
	return error_hint(err, "`crun-lite delete --force %s` removes what is left", s->options.id);
}

static int attend(struct restarts *s, pid_t pid, struct error *err)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = {{s->fg.signal_fd, POLLIN, 0}, {pidfd, POLLIN, 0}};
	int how = 0;

	while (pidfd >= 0 && !fds[1].revents) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			take_signals(s, pid);
	}
	if (TEMP_FAILURE_RETRY(waitpid(pid, &how, 0)) < 0)
		return error_set(err, errno, "wait for the process that watches the container");
	/* One that a signal met before it could take it. */
	if (WIFSIGNALED(how) && !s->keeping.attempt->ran && s->asked)
		return error_set(err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(WTERMSIG(how)));
	return WIFSIGNALED(how) ? killed(s, how, err) : 0;
}

static int run_attempt(struct restarts *s, int *ret_status, struct error *err)
{
	struct attempt *a = s->keeping.attempt;
	pid_t pid;
	int r;

	*a = (struct attempt){.err = {0}};
	pid = fork();
	if (pid == 0)
		attempt(s);
	if (pid < 0)
		return error_set(err, errno, "make the process that watches the container");
	if (s->keeping.log)
		keeper_silence(STDERR_FILENO);
	r = attend(s, pid, err);
	/* One that has ended before it was ready leaves that to the next. */
	if (s->keeping.announce >= 0 && a->announced) {
		close(s->keeping.announce);
		s->keeping.announce = -1;
	}
	if (r < 0)
		return r;
	if (a->r < 0)
		*err = a->err;
	else
		*ret_status = a->status;
	return a->r;
}

/* ---- between two ---- */

static bool is_enough(const struct restarts *s, int status)
{
	if (s->asked || (s->hung_up && status == 128 + SIGHUP) || s->keeping.attempt->timed_out)
		return true;
	return state_ends_for_good(&s->store) || !restart_wanted(&s->options.restart, s->keeping.restarts, status);
}

/* What the next start goes by: not by what has become of the bundle. */
static int learn(struct restarts *s, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	int r = known_limits_text(&s->store, &text, &len, err);

	if (r == 0) {
		free(s->text);
		s->options.text = s->text = text;
		s->options.text_len = len;
	}
	s->options.bundle = s->state.bundle;
	s->options.config = NULL;
	/* What flags asked for is in it. */
	s->options.flags = NULL;
	s->options.limits = (struct limits){0};
	s->options.n_args = 0;
	s->options.keep_upper = s->options.tmpfs_upper = NULL;
	s->keeping.mounts = s->keeping.attempt->mounts;
	s->keeping.store = s->store.dir;
	s->keeping.upper = s->state.upper;
	return r;
}

/* 1: it is to be started again; 0: it is not. */
static int rest(struct restarts *s, int status, struct error *err)
{
	int r = find_store(s, err);

	if (r == 0) {
		r = read_store(s, err);
		if (r != 0)             /* of its name only: it is not ours to end */
			store_close(&s->store);
	}
	if (r == 0 && is_enough(s, status))
		r = STATE_NOT_FOUND;
	if (r == 0)
		r = container_rest(&s->store, &s->state, err);
	if (r == 0)
		r = learn(s, err);
	if (s->store.dir >= 0)
		store_unlock(&s->store);
	if (r > 0)
		*err = (struct error){0};
	return r == 0 ? 1 : r > 0 ? 0 : r;
}

static bool is_there(const struct restarts *s)
{
	struct stat st;

	return s->store.dir >= 0 && (fstat(s->store.dir, &st) < 0 || st.st_nlink > 0);
}

/* False: it is to end in the middle of it. */
static bool pause_until(struct restarts *s, uint64_t end)
{
	struct pollfd signals = {s->fg.signal_fd, POLLIN, 0};
	uint64_t now;

	while (!s->asked && !s->hung_up && (now = keeper_now()) < end) {
		uint64_t left = end - now;
		struct timespec time = {(time_t)(left / 1000000000), (long)(left % 1000000000)};

		if (ppoll(&signals, 1, &time, NULL) > 0)
			take_signals(s, 0);
	}
	return !s->asked && !s->hung_up && is_there(s) && !state_ends_for_good(&s->store);
}

static bool take_pause(struct restarts *s, int *ret_status)
{
	uint64_t now = keeper_now(), end;

	s->pause_ns = restart_pause(s->pause_ns, now - s->keeping.attempt->began_ns);
	end = now + s->pause_ns;
	s->hung_up = false;
	log_debug("container %s ended with %d; it is started again in %g s", s->options.id, *ret_status, (double)s->pause_ns / 1e9);
	if (!s->deadline_ns || end < s->deadline_ns)
		return pause_until(s, end);
	if (pause_until(s, s->deadline_ns))
		*ret_status = STATUS_TIMEOUT;
	return false;
}

/* What is left of the time for all of it. */
static bool take_time(struct restarts *s)
{
	uint64_t now = keeper_now();

	if (s->deadline_ns && now < s->deadline_ns)
		s->options.timeout_ns = s->deadline_ns - now;
	return !s->deadline_ns || now < s->deadline_ns;
}

static int repeat(struct restarts *s, int *ret_status, struct error *err)
{
	for (;;) {
		int last = *ret_status, r = run_attempt(s, ret_status, err);

		/* Somebody deleted it in the pause. */
		if (r < 0 && s->keeping.restarts && !s->keeping.attempt->ran && !is_there(s)) {
			*err = (struct error){0};
			*ret_status = last;
			return 0;
		}
		if (r == 0)
			r = rest(s, *ret_status, err);
		if (r <= 0)
			return r;
		if (!take_pause(s, ret_status))
			return 0;
		if (!take_time(s)) {
			*ret_status = STATUS_TIMEOUT;
			return 0;
		}
		s->keeping.restarts++;
	}
}

/* ---- all of it ---- */

/* Not by its name, which may be another's by now. */
static int delete_ours(struct restarts *s, struct error *err)
{
	int r = store_relock(&s->store, err);

	if (r == 0)
		r = read_store(s, err);
	return r == 0 ? container_dispose(&s->store, &s->state, NULL, NULL, err) : r;
}

/* The last start has kept it, and one that failed has left it. */
static void finish(struct restarts *s, bool keep)
{
	struct error err = {0};

	if (!keep && is_there(s) && delete_ours(s, &err) < 0)
		log_warning("delete %s: %s: %s", s->options.id, err.text, error_reason(&err));
	state_free(&s->state);
	store_close(&s->store);
	if (s->root >= 0)
		close(s->root);
	free(s->text);
}

static int prepare(struct restarts *s, const struct create_options *options, struct error *err)
{
	int r;

	s->options = *options;
	s->store.dir = s->root = s->keeping.store = s->keeping.announce = -1;
	s->options.keep = true;
	if (options->keeping) {
		s->keeping = *options->keeping;
	} else {
		s->keeping.policy = options->restart.text;
		s->keeping.passed = keeper_passed(options);
		s->keeping.pid = getpid();
		r = process_start_time(s->keeping.pid, &s->keeping.start_time, &(unsigned){0}, err);
		if (r < 0)
			return r;
		s->keeping.attempt = attempt_new(err);
		if (!s->keeping.attempt)
			return -err->code;
	}
	s->options.keeping = &s->keeping;
	s->keeping.timeout_ns = options->timeout_ns;
	if (options->timeout_ns)
		s->deadline_ns = keeper_now() + options->timeout_ns;
	return foreground_begin(&s->fg, err);
}

static int run(const struct create_options *options, int *ret_status, struct error *err)
{
	static struct restarts s;       /* large */
	int r = prepare(&s, options, err);

	*ret_status = 0;
	if (r < 0)
		return r;
	r = repeat(&s, ret_status, err);
	finish(&s, options->keep);
	if (options->keeping)
		options->keeping->restarts = s.keeping.restarts;
	/* No foreground_end: the process ends now, and a signal that came meanwhile with it. */
	return r;
}

/* That of the last start is the one that is written. */
static void take_report(int from, struct report *report)
{
	struct stat st;

	if (fstat(from, &st) < 0 || st.st_size == 0)
		return;
	report->text = malloc((size_t)st.st_size);
	if (report->text && pread(from, report->text, (size_t)st.st_size, 0) == st.st_size)
		report->len = (size_t)st.st_size;
}

int restarts_run(const struct create_options *options, int *ret_status, struct error *err)
{
	struct create_options each = *options;
	cleanup_close int memory = -1;
	struct report report;
	char path[32];
	int r;

	if (!options->report)
		return run(options, ret_status, err);
	r = report_open(options->report, options->id, &report, err);
	if (r < 0)
		return r;
	memory = memfd_create("report", MFD_CLOEXEC);
	if (memory < 0)
		return error_set(err, errno, "make memory for the report");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	each.report = path;
	r = run(&each, ret_status, err);
	if (r == 0)
		take_report(memory, &report);
	return report_close(&report, r, err);
}
