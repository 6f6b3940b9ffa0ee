/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/base/log.h"
#include "runtime/container/container.h"
#include "runtime/container/restarts.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/log_writer.h"

struct attempt *attempt_new(struct error *err)
{
	void *memory = mmap(NULL, sizeof(struct attempt), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED)
		return memory;
	error_set(err, errno, "make memory to share");
	return NULL;
}

uint64_t keeper_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void keeper_silence(int first)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = first; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (null >= 0)
		close(null);
}

unsigned keeper_passed(const struct create_options *options)
{
	return options->preserve_fds + listen_fds();
}

void keeper_take_passed(const struct create_options *options, const struct keeping *keeping)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (keeping->passed > options->preserve_fds)
		setenv("LISTEN_PID", pid, 1);
}

/* ---- in who started the container ---- */

void keeper_note_start(struct keeping *keeping)
{
	keeping->attempt->began_ns = keeper_now();
	keeping->attempt->ran = true;
}

int keeper_announce(struct keeping *keeping, struct error *err)
{
	int announce = keeping->announce;

	keeping->announce = -1;
	if (announce < 0)
		return 0;
	if (write(announce, "", 1) != 1)
		return error_set(err, errno, "tell who called that the container runs");
	close(announce);
	keeping->attempt->announced = true;
	if (keeping->passed)
		syscall(SYS_close_range, 3, 2 + keeping->passed, 0);
	/* Who reads our standard error until its end would wait for the container's. */
	if (keeping->log)
		keeper_silence(STDERR_FILENO);
	return 0;
}

void keeper_announce_ready(void *keeping)
{
	struct error ignored;

	keeper_announce(keeping, &ignored);
}

/* ---- the keeper ---- */

/* What the caller has open is not ours: somebody may wait for its end. */
static void close_others(unsigned passed, int announce)
{
	int kept[] = {announce, log_file()}, first = 3 + (int)passed;

	if (kept[0] > kept[1]) {
		kept[0] = kept[1];
		kept[1] = announce;
	}
	for (int i = 0; i < 2; i++) {
		if (kept[i] > first)
			syscall(SYS_close_range, first, kept[i] - 1, 0);
		if (kept[i] >= first)
			first = kept[i] + 1;
	}
	syscall(SYS_close_range, first, ~0u, 0);
}

/* Nobody is there to be told; but somebody may look. */
static void tell_log(const struct create_options *options, const struct keeping *keeping, const struct error *err)
{
	struct log_writer writer;
	struct error ignored;
	char text[1000];

	if (!keeping->log || log_writer_open(&writer, keeping->log, options->log_max, &ignored) < 0)
		return;
	snprintf(text, sizeof(text), "run %s: %s%s%s", options->id, err->text, *error_reason(err) ? ": " : "", error_reason(err));
	log_writer_say(&writer, text);
	log_writer_close(&writer);
}

static void keep(const struct create_options *given, struct keeping *keeping, struct attempt *outcome)
{
	struct create_options options = *given;
	int r;

	setsid();                               /* a terminal that hangs up does not mean us */
	close_others(keeping->passed, keeping->announce);
	keeper_take_passed(given, keeping);
	/* Our own input is for nobody; without a log the container has our streams, as without us. */
	for (int fd = 0; fd < 2 && keeping->log; fd++) {
		close(fd);
		open("/dev/null", O_RDWR);
	}
	options.detach = false;
	options.keep = true;
	options.keeping = keeping;
	keeping->pid = getpid();
	r = process_start_time(keeping->pid, &keeping->start_time, &(unsigned){0}, &outcome->err);
	if (r == 0)
		r = options.restart.kind ? restarts_run(&options, &outcome->status, &outcome->err)
		                         : container_run_once(&options, &outcome->status, &outcome->err);
	outcome->r = r;
	if (r < 0 && (keeping->restarts || keeping->attempt->ran))
		tell_log(given, keeping, &outcome->err);
}

/* ---- the caller ---- */

/* 1: the program runs; 0: it has not come to that, or has ended; -1: nobody knows, errno says why. */
static int await(int announced, int signal_fd, pid_t keeper)
{
	struct pollfd fds[] = {{announced, POLLIN, 0}, {signal_fd, POLLIN, 0}};
	char byte;

	for (;;) {
		/* Without it signals are not passed on, and the news is waited for all the same. */
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			fds[0].revents = POLLIN;
		if (fds[1].revents) {
			int sig = foreground_interrupted(signal_fd);

			if (sig)
				kill(keeper, sig);
		}
		if (fds[0].revents)
			return (int)TEMP_FAILURE_RETRY(read(announced, &byte, 1));
	}
}

static int deaf(const char *id, struct error *err)
{
	error_set(err, errno, "hear whether container %s runs", id);
	return error_hint(err, "`crun-lite state %s` tells; `crun-lite delete --force %s` removes it", id, id);
}

/* Nobody was there to take anything back. */
static int lost(const char *id, int sig, struct error *err)
{
	error_set(err, ERROR_SAID, "the process that was to stay beside container %s was killed by SIG%s", id, sigabbrev_np(sig) ?: "RT");
	return error_hint(err, "`crun-lite delete --force %s` removes what is left", id);
}

/* Who tells a service manager that it is ready may end before: what its end was is then ours, too. */
static int learn_end(pid_t keeper, const struct attempt *outcome, const char *id, int *ret_status, struct error *err)
{
	int how = 0;

	TEMP_FAILURE_RETRY(waitpid(keeper, &how, 0));
	if (WIFSIGNALED(how))
		return lost(id, WTERMSIG(how), err);
	if (outcome->r < 0)
		*err = outcome->err;
	else
		*ret_status = outcome->status;
	return outcome->r;
}

int keeper_start(const struct create_options *options, int *ret_status, struct error *err)
{
	struct attempt *outcome = attempt_new(err);
	struct keeping keeping = {.detached = true, .store = -1, .policy = options->restart.text, .passed = keeper_passed(options)};
	static char log[PATH_MAX];
	struct foreground fg;
	int ends[2], r = outcome ? 0 : -err->code;
	pid_t pid;

	*ret_status = 0;
	if (r == 0 && options->log_file)
		r = log_path(options->log_file, options->id, log, err);
	keeping.log = options->log_file ? log : NULL;
	keeping.attempt = outcome;
	if (r == 0 && pipe2(ends, O_CLOEXEC) < 0)
		r = error_set(err, errno, "make a pipe");
	if (r == 0)
		r = foreground_begin(&fg, err);
	if (r < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		foreground_end(&fg);
		keeping.announce = ends[1];
		keep(options, &keeping, outcome);
		_exit(0);
	}
	r = pid < 0 ? error_set(err, errno, "make the process that stays beside the container") : 0;
	close(ends[1]);
	if (r == 0) {
		int runs = await(ends[0], fg.signal_fd, pid);

		if (runs < 0)
			r = deaf(options->id, err);
		else if (runs == 0)
			r = learn_end(pid, outcome, options->id, ret_status, err);
	}
	close(ends[0]);
	foreground_end(&fg);
	return r;
}
