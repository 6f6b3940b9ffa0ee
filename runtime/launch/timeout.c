/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/timeout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"

/* How often somebody is killed who does not die: forks that came between, or the kernel is busy with him. */
#define AGAIN_NS 1000000000ull

#define STATUS_TIMEOUT 124
#define STATUS_KILLED (128 + SIGKILL)

static void set_timer(const struct timeout *t, uint64_t ns)
{
	struct itimerspec when = {
		.it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)},
	};

	/* All zeros would stop it. */
	if (ns == 0)
		when.it_value.tv_nsec = 1;
	timerfd_settime(t->fd, 0, &when, NULL);
}

int timeout_arm(struct timeout *t, struct error *err)
{
	t->phase = TIMEOUT_WAITS;
	/* As long as the machine is awake or not: who gives a time means the wall's. */
	t->fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (t->fd < 0)
		return error_set(err, errno, "make the timer of --timeout");
	set_timer(t, t->after_ns);
	return 0;
}

/* The hexadecimal mask behind "SigCgt:"; all ones if it is not there. */
static uint64_t find_mask(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	return line ? strtoull(line + strlen(name), NULL, 16) : ~0ull;
}

/* "NSpid: 4711 1": it is 1 in a namespace that is not ours. */
static bool is_first(const char *status)
{
	static const char key[] = "\nNSpid:\t";
	const char *line = strstr(status, key), *pid = line ? strchr(line + sizeof(key) - 1, '\t') : NULL;
	const char *end = line ? strchr(line + 1, '\n') : NULL;

	return pid && end && pid < end && strncmp(end - 2, "\t1", 2) == 0;
}

static bool heeds_term(pid_t pid)
{
	const uint64_t term = 1ull << (SIGTERM - 1);
	char path[32], status[4096];
	cleanup_close int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (n <= 0)
		return true;
	status[n] = '\0';
	/* What is blocked waits for a sigwait or a signalfd. */
	return !is_first(status) || ((find_mask(status, "\nSigCgt:") | find_mask(status, "\nSigBlk:")) & term);
}

static void kill_all(struct timeout *t, int pidfd)
{
	struct error err = {0};

	t->phase = TIMEOUT_KILLED;
	/* First the one that everybody else may depend on; the group thaws who is paused. */
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (t->group && cgroup_kill(t->group, SIGKILL, &err) < 0)
		log_warning("%s: %s", err.text, error_reason(&err));
	set_timer(t, AGAIN_NS);
}

void timeout_act(struct timeout *t, pid_t pid, int pidfd)
{
	uint64_t expired;

	if (read(t->fd, &expired, sizeof(expired)) != sizeof(expired))
		return;
	if (t->phase == TIMEOUT_WAITS)
		log_warning("the container was stopped after %g s (--timeout)", (double)(t->told_ns ?: t->after_ns) / 1e9);
	if (t->phase != TIMEOUT_WAITS || t->kill_after_ns == 0 || (!t->passes_on && !heeds_term(pid))) {
		kill_all(t, pidfd);
		return;
	}
	t->phase = TIMEOUT_TERMED;
	syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
	set_timer(t, t->kill_after_ns);
}

int timeout_status(const struct timeout *t, int status)
{
	if (t->phase == TIMEOUT_WAITS)
		return status;
	return t->phase == TIMEOUT_KILLED && status == STATUS_KILLED ? STATUS_KILLED : STATUS_TIMEOUT;
}
