/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/container.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/container/guardian.h"
#include "runtime/container/keeper.h"
#include "runtime/container/restarts.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/hooks.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/launch.h"
#include "runtime/launch/log_writer.h"
#include "runtime/launch/notify.h"
#include "runtime/launch/output.h"
#include "runtime/launch/report.h"
#include "runtime/launch/timeout.h"

int container_create(const struct create_options *options, struct error *err)
{
	static struct launch l; /* large, and mostly never touched: what is static costs no page until it is */
	struct foreground fg;
	int r = foreground_begin(&fg, err);

	if (r < 0)
		return r;
	hooks_interrupt_by(fg.signal_fd);
	r = launch_prepare(&l, options, true, fg.signal_fd, err);
	if (r == 0) {
		r = launch_go(&l, err);
		if (r < 0)
			launch_undo(&l);
	}
	/* No foreground_end: the process ends now, and a signal that came meanwhile with it. */
	launch_end(&l);
	return r;
}

/* After the program has ended, or when it must not go on. */
static int dispose(struct launch *l, struct error *err)
{
	hooks_interrupt_by(-1); /* poststop hooks take down what others set up: a second Ctrl-C must not stop them */
	l->state.pid = 0;       /* waited for: the number may be somebody else's by now */
	return container_dispose(&l->store, &l->state, l->group.n ? &l->group : NULL, l->config, err);
}

/* runtime.md "Lifecycle" 8: a poststart hook that fails ends the container. */
static int run_poststart(struct launch *l, struct error *err)
{
	int r = launch_hooks(l->config, HOOK_POSTSTART, l->options->id, l->bundle, "running", l->pid, err);

	if (r < 0) {
		config_blame(l->config, err);
		launch_undo(l);
	}
	return r;
}

/* Who can no longer watch the program must not leave it running: nobody else knows of it. */
static void give_up(struct launch *l)
{
	struct error ignored;

	if (store_relock(&l->store, &ignored) != STATE_NOT_FOUND)
		launch_undo(l);
	else                            /* somebody deleted it */
		syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
}

/* Of who wrote more than he may: as if a file had become too large. */
#define STATUS_OUTPUT (128 + SIGXFSZ)
#define STATUS_TIMEOUT 124

/* A group that others were in before is theirs too. */
static bool is_ours(const struct cgroup *group)
{
	for (size_t i = 0; i < group->n; i++)
		if (!group->dirs[i].made && !group->dirs[i].entered)
			return false;
	return group->n > 0;
}

static int wait_in_time(struct launch *l, struct foreground *fg, int *ret_status, struct error *err)
{
	struct timeout timeout = {
		.after_ns = l->options->timeout_ns,
		.kill_after_ns = l->options->kill_after_ns,
		.told_ns = l->options->keeping ? l->options->keeping->timeout_ns : 0,
		.passes_on = l->stays,
		.group = is_ours(&l->group) ? &l->group : NULL,
	};
	int r = timeout_arm(&timeout, err);

	if (r < 0)
		return r;
	fg->timeout = &timeout;
	r = foreground_wait(fg, l->pid, l->pidfd, l->tty, ret_status, err);
	fg->timeout = NULL;
	fg->timed_out = timeout.phase != TIMEOUT_WAITS;
	/* Whom its first process left behind: nobody deletes a container that is kept. */
	if (r == 0 && fg->timed_out && timeout.group && l->options->keep)
		r = cgroup_kill(timeout.group, SIGKILL, err);
	if (r == 0)
		*ret_status = timeout_status(&timeout, *ret_status);
	/* Of a sandbox nobody asks how it was stopped. */
	if (r == 0 && l->options->tied && fg->timed_out)
		*ret_status = STATUS_TIMEOUT;
	close(timeout.fd);
	return r;
}

/* Process 1 that is not the program ends with a number that is like the program's end; what that was, it has said. */
static void hear_end(const struct launch *l, struct foreground *fg, int *ret_status)
{
	const struct output *output = l->options->output;

	launch_heard_end(l, &fg->wait_status);
	fg->exceeded = output && output->exceeded && !fg->timed_out;
	if (fg->exceeded)
		*ret_status = STATUS_OUTPUT;
}

/* Where there is a log, our standard error is nobody's. */
static void tell_unwritten(const struct launch *l, int status, const struct error *err)
{
	const struct output *output = l->options->output;
	char text[1000];

	log_warning("%s: %s", err->text, error_reason(err));
	snprintf(text, sizeof(text), "run %s: it ended with %d, which could not be kept: %s: %s", l->options->id, status, err->text,
	         error_reason(err));
	if (output && output->log)
		log_writer_say(output->log, text);
}

/* For who asks when the process is no more; and for who may start it again. */
static void note_end(struct launch *l, const struct foreground *fg, int status)
{
	struct error err = {0};
	int r;

	l->options->keeping->attempt->timed_out = fg->timed_out;
	l->state.keeper.ended = true;
	l->state.keeper.exit_status = status;
	r = store_relock(&l->store, &err);
	if (r == 0) {
		r = state_write(&l->store, &l->state, &err);
		store_unlock(&l->store);
	}
	if (r < 0)                      /* else somebody deleted it */
		tell_unwritten(l, status, &err);
}

static int stay(struct launch *l, struct foreground *fg, struct report *report, int *ret_status, struct error *err)
{
	struct guardian guardian = {.runtime = l->options->runtime, .id = l->options->id};
	struct error late = {0};
	int r;

	fg->notify_fd = l->notify;
	fg->output = l->options->output;
	store_unlock(&l->store);        /* kill and delete are for others too */
	if (l->options->tied) {
		fg->later = guardian_start;
		fg->later_arg = &guardian;
		fg->later_ms = GUARDIAN_AFTER_MS;
	}
	if (l->options->keeping && l->notify >= 0) {
		fg->ready = keeper_announce_ready;
		fg->ready_arg = l->options->keeping;
	}
	r = l->options->timeout_ns ? wait_in_time(l, fg, ret_status, err)
	                           : foreground_wait(fg, l->pid, l->pidfd, l->tty, ret_status, err);
	if (r == 0 && fg->never_ran)
		r = process_blame_init(fg->never_ran, err);
	if (r < 0) {
		give_up(l);
		guardian_end(&guardian);
		return r;
	}
	hear_end(l, fg, ret_status);
	undo_forget(&l->undo);
	if (report)
		report_end(report, l, fg, *ret_status);
	launch_let_go(l);
	if (l->options->keeping)
		note_end(l, fg, *ret_status);
	if (l->options->keep)
		return 0;
	r = store_relock(&l->store, &late);
	/* The program's exit code is the answer; what could not be removed is said, and stays for delete. */
	if (r != STATE_NOT_FOUND && (r < 0 || dispose(l, &late) < 0))
		log_warning("delete %s: %s: %s", l->options->id, late.text, error_reason(&late));
	guardian_end(&guardian);
	return 0;
}

/* Who made the container for somebody who is gone takes it back. */
static int tell_keeper(struct launch *l, struct error *err)
{
	struct keeping *keeping = l->options->keeping;
	int r;

	keeper_note_start(keeping);
	/* A service manager takes the caller's end for the service's, unless it has heard that that is ready. */
	r = l->notify < 0 ? keeper_announce(keeping, err) : 0;
	if (r < 0)
		launch_undo(l);
	return r;
}

/* sd_notify(3): a service that ends before it is ready has not started; its exit code is ours then, as crun's. */
static int wait_until_ready(const struct launch *l, int *ret_status, struct error *err)
{
	int r = notify_until_ready(l->notify, l->pid, err), how;

	if (r < 0)
		log_warning("%s: %s", err->text, error_reason(err));
	if (r == NOTIFY_ENDED && TEMP_FAILURE_RETRY(waitpid(l->pid, &how, 0)) == l->pid)
		*ret_status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
	return 0;
}

static int run(const struct create_options *options, struct report *report, int *ret_status, struct error *err)
{
	static struct launch l; /* large, and mostly never touched: what is static costs no page until it is */
	struct foreground fg;
	int r = foreground_begin(&fg, err);

	if (r < 0)
		return r;
	*ret_status = 0;
	hooks_interrupt_by(fg.signal_fd);
	r = launch_prepare(&l, options, false, fg.signal_fd, err);
	if (r == 0) {
		if (l.tty >= 0)
			foreground_resize(l.tty);
		r = launch_go(&l, err);
		if (r < 0)
			launch_undo(&l);
	}
	if (r == 0 && report)
		report_start(report);
	if (r == 0)
		r = run_poststart(&l, err);
	if (r == 0 && options->keeping)
		r = tell_keeper(&l, err);
	if (r == 0 && options->detach && l.notify >= 0)
		r = wait_until_ready(&l, ret_status, err);
	if (r == 0 && !options->detach)
		r = stay(&l, &fg, report, ret_status, err);
	/* No foreground_end: the process ends now, and a signal that came meanwhile with it. */
	launch_end(&l);
	return r;
}

static int run_reported(const struct create_options *options, int *ret_status, struct error *err)
{
	struct report report = {.fd = -1};
	int r;

	if (!options->report)
		return run(options, NULL, ret_status, err);
	r = report_open(options->report, options->id, &report, err);
	if (r < 0)
		return r;
	r = run(options, &report, ret_status, err);
	return report_close(&report, r, err);
}

int container_run_once(const struct create_options *options, int *ret_status, struct error *err)
{
	static struct output output;    /* large, and not touched without the flag */
	struct create_options logged = *options;
	struct log_writer writer;
	int r;

	if (!options->log_file)
		return run_reported(options, ret_status, err);
	r = log_writer_open(&writer, options->keeping->log, options->log_max, err);
	if (r == 0)
		r = output_open(&output, UINT64_MAX - 1, err);
	if (r == 0) {
		output.log = &writer;
		logged.output = &output;
		r = run_reported(&logged, ret_status, err);
	}
	log_writer_close(&writer);
	return r;
}

int container_run(const struct create_options *options, int *ret_status, struct error *err)
{
	if (options->detach && (options->log_file || options->restart.kind))
		return keeper_start(options, ret_status, err);
	return options->restart.kind ? restarts_run(options, ret_status, err) : run_reported(options, ret_status, err);
}
