/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/guardian.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/container/container.h"

/* No stream of ours stays open: who reads them would wait for us. */
static void let_go(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	if (keep > 3)
		syscall(SYS_close_range, 3, keep - 1, 0);
	syscall(SYS_close_range, keep + 1, ~0u, 0);
}

__attribute__((noreturn)) static void guard(const struct guardian *g, int watched)
{
	struct pollfd end = {.fd = watched, .events = POLLIN};
	struct error ignored = {0};

	/* All signals that can be are blocked (foreground_begin); a kill of the whole process group does not mean us, either. */
	setsid();
	let_go(watched);
	if (TEMP_FAILURE_RETRY(poll(&end, 1, -1)) > 0)
		container_delete(g->runtime, g->id, true, &ignored);
	_exit(0);
}

void guardian_start(void *arg)
{
	struct guardian *g = arg;
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid = self < 0 ? -1 : fork();

	if (pid == 0)
		guard(g, self);
	if (pid < 0)
		log_debug("no guardian: %s", strerrordesc_np(errno));
	if (self >= 0)
		close(self);
	g->pid = pid > 0 ? pid : 0;
}

void guardian_end(struct guardian *guardian)
{
	if (guardian->pid <= 0)
		return;
	kill(guardian->pid, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(guardian->pid, NULL, 0));
	guardian->pid = 0;
}
