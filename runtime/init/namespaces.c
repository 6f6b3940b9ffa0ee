/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/keyctl.h>

static int slot_of(const struct init *in, uint32_t i)
{
	return ((const struct plan_slot *)plan_at(in->plan, in->plan->slots.offset))[i].fd;
}

int do_join(struct init *in, const struct step *step)
{
	/* user_namespaces(7): inside it may be denied, and then the caller's groups would be the program's. */
	if ((step->join.type & CLONE_NEWUSER) && !(step->flags & STEP_F_CALLERS_GROUPS))
		sys(setgroups, 0, NULL);
	return (int)sys(setns, slot_of(in, step->join.slot), step->join.type);
}

static long clone3(const struct init *in, const struct step *step)
{
	struct clone_args args = {.flags = CLONE_PARENT | step->clone.flags};

	if (step->clone.group_slot_1) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)slot_of(in, step->clone.group_slot_1 - 1);
	}
	return sys(clone3, &args, sizeof(args));
}

/*
 * What joined a pid namespace is not in it: its children are.  The child belongs to our parent
 * (CLONE_PARENT); never CLONE_VFORK, because the group may be frozen.
 */
int do_clone(struct init *in, const struct step *step)
{
	long pid = step->flags & STEP_F_ENTER ? arch_fork(CLONE_PARENT) : clone3(in, step);

	if (pid < 0)
		return (int)pid;
	if (pid == 0) { /* STEP_MAPPED, GROUP or READY is next: our messages must not overtake CLONED */
		if (in->tty >= 0)       /* the first process gives it to the parent */
			sys(close, in->tty);
		in->tty = -1;
		return 0;
	}
	sys(exit_group, sync_send(in, MSG_CLONED, (int)pid, in->tty) < 0 ? 125 : 0);
	__builtin_unreachable();
}

int do_await_group(struct init *in, const struct step *step)
{
	struct message message;
	int r = sync_receive(in, MSG_GROUP_MADE, &message, NULL, 0, NULL, NULL);

	in->hierarchies = message.aux;
	return failed_at(in, STAGE_MESSAGE, r);
}

/* cgroups(7): a thread that writes 0 to `tasks` moves itself, and pays no grace period; one fd for each v1 hierarchy. */
int do_group(struct init *in, const struct step *step)
{
	int fds[MESSAGE_FDS_MAX];
	unsigned n = 0;
	int r = sync_receive(in, MSG_GROUP, NULL, NULL, 0, fds, &n);

	if (r < 0)
		return failed_at(in, STAGE_MESSAGE, r);
	for (unsigned i = 0; i < n; i++) {
		r = (int)sys(write, fds[i], "0", 1);
		if (r < 0)
			return failed_at(in, STAGE_WRITE, r);
	}
	return 0;
}

int do_unshare(struct init *in, const struct step *step)
{
	return (int)sys(unshare, step->unshare.flags);
}

/* Since 6.3 execve would do it, before that only setns does. */
int do_enter_time(struct init *in, const struct step *step)
{
	long fd = proc_follow(in, "self/ns", "time_for_children"), r;

	if (fd < 0)
		return (int)fd;
	r = sys(setns, fd, CLONE_NEWTIME);
	sys(close, fd);
	return failed_at(in, STAGE_NONE, r);
}

struct interface_request {      /* <linux/if.h> struct ifreq, which needs libc's socket headers */
	char name[16];
	short flags;
	char rest[22];
};

/* A new network namespace has a loopback that is down; every other runtime brings it up. */
int do_loopback(struct init *in, const struct step *step)
{
	struct interface_request request = {.name = "lo", .flags = 1 /* IFF_UP */};
	long fd = sys(socket, 2 /* AF_INET */, 2 /* SOCK_DGRAM */ | 02000000 /* SOCK_CLOEXEC */, 0), r;

	if (fd < 0)     /* a kernel without IPv4 */
		return 0;
	r = sys(ioctl, fd, 0x8914 /* SIOCSIFFLAGS */, &request);
	return (int)r;
}

int do_session(struct init *in, const struct step *step)
{
	long r = weak(V25) ? 0 : sys(setsid);

	/* EPERM: leader of a group already, which a child of clone3 never is. */
	if (r < 0)
		return (int)r;
	return step->session.keyring ? do_keyring(in, step) : 0;
}

int do_keyring(struct init *in, const struct step *step)
{
	/* Without a name: one of a known name could have been made by another container first. */
	long r = sys(keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);

	/* A kernel without keys, or a seccomp filter from outside that hides them, is no reason to fail. */
	return r < 0 && r != -ENOSYS && r != -EPERM && r != -EDQUOT ? failed_at(in, STAGE_CREATE, r) : 0;
}

int do_hostname(struct init *in, const struct step *step)
{
	return (int)sys(sethostname, str(in, step->name.name), step->name.len);
}

int do_domainname(struct init *in, const struct step *step)
{
	return (int)sys(setdomainname, str(in, step->name.name), step->name.len);
}
