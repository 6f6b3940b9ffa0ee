/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#define SOCK_CLOEXEC_ 02000000

#define NO_PASSWD (-4096)       /* no errno */

/* None there, or not to be reached: no reason to fail.  What is wrong with the host is one. */
static int is_images_fault(int code)
{
	return code == ENOENT || code == ENOTDIR || code == ELOOP || code == EXDEV || code == EACCES || code == EPERM ||
	       code == ENAMETOOLONG;
}

/* O_PATH only: whatever hides behind the name is looked at by the parent, and opened only if it is a file (V44). */
static int open_passwd(const struct init *in)
{
	long fd = path_open(in, "etc/passwd", O_PATH, 0);

	return fd < 0 && is_images_fault((int)-fd) ? NO_PASSWD : (int)fd;
}

int do_mounted(struct init *in, const struct step *step)
{
	int fd = step->flags & STEP_F_HOME ? open_passwd(in) : NO_PASSWD, r;

	if (fd < 0 && fd != NO_PASSWD)
		return failed_at(in, STAGE_PASSWD, fd);
	r = sync_send(in, MSG_MOUNTED, 0, fd);
	if (fd >= 0)
		sys(close, fd);
	if (r == 0 && (step->flags & STEP_F_TELL)) {
		r = sync_receive(in, MSG_HOOKS_DONE, NULL, NULL, 0, NULL, NULL);
		own_forget(in);
	}
	return failed_at(in, STAGE_MESSAGE, r);
}

/* From now on the other side is `start`: what it hears decides what it prints and how it ends. */
static int accept_start(struct init *in)
{
	long fd;

	do
		fd = sys(accept4, in->plan->listen_fd, NULL, NULL, SOCK_CLOEXEC_);
	while (fd == -EINTR || fd == -ECONNABORTED);
	if (fd < 0)
		return (int)fd;
	in->sync = (int)fd;
	return 0;
}

/* One `start` may be killed before it says anything: then the next one is waited for. */
static int await_start(struct init *in)
{
	int r;

	do {
		sys(close, in->sync);
		r = accept_start(in);
		if (r == 0)
			r = sync_receive(in, MSG_START, NULL, NULL, 0, NULL, NULL);
	} while (r == -ECONNRESET || r == -EPROTO);
	return r;
}

/* A program starts with no signal ignored, whatever the runtime's caller (a shell's `&`, nohup) had. */
static void heed_signals(uint64_t ignored)
{
	/* The kernel's struct sigaction: all zeros is SIG_DFL. */
	unsigned long action[4] = {0};

	for (int sig = 1; ignored && sig <= 64; sig++)
		if (ignored >> (sig - 1) & 1)
			sys(rt_sigaction, sig, action, NULL, sizeof(unsigned long));
}

/*
 * The caller's affinity is not the container's: its cpuset decides.  The kernel leaves out the CPUs
 * that are not there, or not in the set.
 */
static void use_all_cpus(void)
{
	unsigned char all[1024];

	memset(all, 0xff, sizeof(all));
	sys(sched_setaffinity, 0, sizeof(all), all);
}

/*
 * The answer to READY carries what only the parent could find out (HOME).  With `create` it
 * means "the state is written, you may outlive me"; without it, it is START itself.
 */
int do_ready(struct init *in, const struct step *step)
{
	struct message message = {0};
	int r = 0;

	own_forget(in);
	if (step->flags & STEP_F_TELL)
		r = sync_send(in, MSG_READY, 0, in->tty);
	if (in->tty >= 0)
		sys(close, in->tty);
	in->tty = -1;
	if (r == 0)
		r = sync_receive(in, MSG_START, &message, in->home, sizeof(in->home), NULL, NULL);
	heed_signals(message.aux | (uint64_t)(uint32_t)message.code << 32);
	use_all_cpus();
	if (r == 0 && (step->flags & STEP_F_LISTEN))
		r = await_start(in);
	/* Here and not before exec, because a seccomp profile may not know close_range. */
	if (r == 0 && !(step->flags & STEP_F_ENTER) && !weak(V15))
		r = (int)sys(close_range, 3 + in->plan->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC);
	return failed_at(in, STAGE_MESSAGE, r);
}
