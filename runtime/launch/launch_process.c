/*
 * launch_process - the container's process: what init is given, its clone, and that it is let in.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <poll.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/base/sys.h"
#include "runtime/launch/clone.h"
#include "runtime/launch/init_image.h"
#include "runtime/users/maps.h"
#include "runtime/launch/slots.h"
#include "runtime/launch/output.h"

/* How long a second process takes to see that nobody is at the other end. */
#define BURY_MS 100

/*
 * pid_namespaces(7): the first process of a pid namespace has ended when all in it are reaped.  A second process that we have
 * not heard of is our child, too; left to somebody who is slow to reap, it would keep the container that it came into.
 */
static void bury_second(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	pid_t pid;

	for (int i = 0; i < BURY_MS; i++) {
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return;
		nanosleep(&pause, NULL);
	}
}

static void undo_process(void *arg)
{
	struct launch *l = arg;

	/* A second process that we have not heard of yet ends when nobody is at the other end. */
	close(l->sync);
	l->sync = -1;
	if (l->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
	else
		kill(l->pid, SIGKILL);
	/* On v1 who is frozen dies when it is thawed: init's, then. */
	if (l->frozen)
		return;
	TEMP_FAILURE_RETRY(waitpid(l->pid, NULL, 0));
	if (launch_find_step(l->plan, STEP_CLONE))
		bury_second();
}

static int make_listener(struct launch *l, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (fd < 0)
		return error_set(err, errno, "make the start socket");
	l->listener = fd;
	/* Through the directory's fd: sun_path holds 108 bytes, a state root may be longer. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", l->store.dir);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return error_set(err, errno, "make the start socket");
	return 0;
}

static void release_fds(struct launch *l, int image)
{
	int fds[64];
	size_t n = slots_take(l->plan, fds, 60);

	fds[n++] = image;
	fds[n++] = l->theirs;
	fds[n++] = l->listener;
	l->listener = l->theirs = -1;
	fds_close(fds, n);
	slots_close(l->plan);
}

/* A process of its own that holds the plan; from here on both work at the same time. */
int launch_make_sync(struct launch *l, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return error_set(err, errno, "make the socket to init");
	l->sync = pair[0];
	l->theirs = pair[1];
	fcntl(l->sync, F_SETFD, FD_CLOEXEC);
	return 0;
}

int launch_open_slots(struct launch *l, struct error *err)
{
	int r = slots_open(l->plan, &l->group, err);

	if (r == 0 && l->options->output)
		output_give(l->options->output, l->plan);

	if (r == 0 && l->config->linux_.net_devices.n)
		l->netns = slots_namespace(l->plan, CLONE_NEWNET);
	return r;
}

/* In a new user namespace it becomes root by STEP_MAPPED; in one that is joined, if that maps it. */
static bool init_is_root(const struct launch *l)
{
	const struct step *mapped = launch_find_step(l->plan, STEP_MAPPED);

	if (mapped && mapped->mapped.own)
		return !(mapped->flags & STEP_F_OPTIONAL) && mapped->mapped.uid == 0 && mapped->mapped.gid == 0;
	return !(getauxval(AT_UID) | getauxval(AT_EUID) | getauxval(AT_GID) | getauxval(AT_EGID));
}

/* With a second clone it is that one which is born in the group, if it is allowed to. */
static int birthplace(const struct launch *l)
{
	const struct step *clone = launch_find_step(l->plan, STEP_CLONE);

	return l->group.n && !(clone && clone->clone.group_slot_1) ? cgroup_clone_fd(&l->group) : -1;
}

int launch_make_process(struct launch *l, struct error *err)
{
	cleanup_close int image = -1;
	size_t offset;
	int r;

	if (l->create) {
		r = make_listener(l, err);
		if (r < 0)
			return r;
	}
	l->plan->caller_is_root = init_is_root(l);
	l->plan->sync_fd = l->theirs;
	l->plan->listen_fd = l->listener;
	r = init_image_open(l->plan, &image, &offset, err);
	if (r < 0)
		return r;
	r = clone_init(image, offset, l->plan->clone_flags, 64u - (unsigned)__builtin_clzll(l->caps.known | 1),
	               birthplace(l), l->frozen, &l->pid, &l->pidfd, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_process, l);
	/* Init has its own copies; ours would keep the container's mounts busy for as long as we live. */
	release_fds(l, steal_fd(&image));
	return 0;
}

/* What was opened inside goes to init in the order of its slots, in as many packets as it takes. */
static int send_mapped(struct launch *l, struct error *err)
{
	int fds[MESSAGE_FDS_MAX];
	bool first = true;
	int r = 0;

	for (;;) {
		unsigned n = (unsigned)slots_take(l->plan, fds, MESSAGE_FDS_MAX);

		if (n == 0 && !first)
			return 0;
		first = false;
		r = launch_tell(l, MSG_MAPPED, &(struct parcel){.fds = fds, .n_fds = n}, err);
		fds_close(fds, n);
		if (r < 0)
			return r;
	}
}

/* What the files of a process in /proc say when it dies, and when it has died: they are root's, or gone. */
static bool is_gone(int r)
{
	return r == -EACCES || r == -ESRCH || r == -ENOENT;
}

/* The container's process is there: what only its parent may give it, then MAPPED. */
static int admit(struct launch *l, struct error *err)
{
	const struct namespace *user = &l->config->linux_.namespaces[NS_USER];
	int r = 0;

	if (user->set && !user->path.s)
		r = maps_write(l->pid, l->config, &l->caller, err);
	else if (user->set)
		r = maps_compare(l->pid, l->config, err);
	if (r == 0 && user->set)
		r = launch_raise_hard_limits(l, err);
	/* Before it is not dumpable: then its files in /proc are root's. */
	if (r == 0)
		r = launch_write_oom_score(l, err);
	if (is_gone(r))
		return launch_last_words(l, r, err);
	if (r == 0 && slots_are_inside(l->plan)) {
		r = slots_open_inside(l->plan, l->pid, l->pidfd, err);
		/* A source that does not exist says the same: then init waits, and has nothing to say. */
		if (is_gone(r) && poll(&(struct pollfd){.fd = l->pidfd, .events = POLLIN}, 1, 0) > 0)
			return launch_last_words(l, r, err);
	}
	return r < 0 ? r : send_mapped(l, err);
}

/* Init waits in the first process: nothing else may come between. */
int launch_admit_first(struct launch *l, struct error *err)
{
	return launch_find_step(l->plan, STEP_MAPPED) && !launch_find_step(l->plan, STEP_CLONE) ? admit(l, err) : 0;
}

/* The second clone made the container's process: what joined the pid namespace ends. */
int launch_take_second(struct launch *l, struct error *err)
{
	struct reply reply;
	int r;

	if (!launch_find_step(l->plan, STEP_CLONE))
		return 0;
	r = launch_meet(l, MSG_CLONED, &reply, err);
	if (r < 0)
		return r;
	TEMP_FAILURE_RETRY(waitpid(l->pid, NULL, 0));
	close(l->pidfd);
	l->pid = reply.head.code;
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	if (l->pidfd < 0)
		return error_set(err, errno, "find the process that init made");
	return admit(l, err);
}
