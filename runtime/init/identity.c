/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <asm/ioctls.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/seccomp.h>
#include <linux/stat.h>

int do_rlimit(struct init *in, const struct step *step)
{
	struct rlimit64 limit = {step->rlimit.soft, step->rlimit.hard};

	return (int)sys(prlimit64, 0, step->rlimit.resource, &limit, NULL);
}

/* Pipes, sockets and terminals: what exists for this container.  A host file or device keeps its owner (V03). */
static int is_stream(int fd)
{
	char termios[256];
	struct statx st;

	if (weak(V03))
		return 1;
	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) < 0)
		return 0;
	switch (st.stx_mode & S_IFMT) {
	case S_IFIFO:
	case S_IFSOCK:
		return 1;
	case S_IFCHR:
		return sys(ioctl, fd, TCGETS, termios) == 0;
	default:
		return 0;
	}
}

int do_stdio(struct init *in, const struct step *step)
{
	for (int fd = 0; fd < 3; fd++)
		if (is_stream(fd))      /* a stream on a read-only or foreign file system: as it is */
			sys(fchownat, fd, "", step->user.uid, -1, AT_EMPTY_PATH);
	return 0;
}

/* Before READY closes whatever is not the program's. */
int do_output(struct init *in, const struct step *step)
{
	const struct plan_slot *slots = plan_at(in->plan, in->plan->slots.offset);
	long r = 0;

	for (int i = 0; i < 2 && r >= 0; i++)
		r = sys(dup3, slots[step->output.slots[i]].fd, 1 + i, 0);
	return r < 0 ? (int)r : 0;
}

long seccomp_load(const struct init *in, const struct step *step)
{
	struct sock_fprog program = {
		.len = (unsigned short)step->seccomp.n,
		.filter = (struct sock_filter *)plan_at(in->plan, step->seccomp.offset),
	};

	if (weak(V28))
		return 0;
	return sys(seccomp, SECCOMP_SET_MODE_FILTER, step->seccomp.flags, &program);
}

/* Before the clone: what is born has none of it, and makes no call that is notified before the parent lets it go. */
static int give_listener(struct init *in, const struct step *step)
{
	long fd = seccomp_load(in, step);
	int r;

	if (fd < 0)
		return (int)fd;
	r = sync_send(in, MSG_LISTENER, 0, (int)fd);
	sys(close, fd);
	return failed_at(in, STAGE_MESSAGE, r);
}

int do_seccomp(struct init *in, const struct step *step)
{
	if (!step->seccomp.listener)
		return (int)seccomp_load(in, step);
	return step->flags & STEP_F_ENTER ? give_listener(in, step) : listener_hand_over(in, step);
}

int do_caps(struct init *in, const struct step *step)
{
	long r = 0;

	for (unsigned cap = 0; cap <= step->caps.last && r == 0; cap++)
		if (!(step->caps.bounding >> cap & 1))
			r = sys(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0);
	in->aux = 0;
	return (int)r;
}

static int set_capabilities(const struct step *step)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(step->user.effective >> 32 * i),
			.permitted = (uint32_t)(step->user.permitted >> 32 * i),
			.inheritable = (uint32_t)(step->user.inheritable >> 32 * i),
		};
	return (int)sys(capset, &header, data);
}

static int set_ambient(uint64_t ambient)
{
	long r = sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	for (unsigned cap = 0; cap < 64 && r == 0; cap++)
		if (ambient >> cap & 1)
			r = sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return (int)r;
}

/* capabilities(7): a change from uid 0 clears the sets unless they are kept; the wanted ones are set after it. */
int do_user(struct init *in, const struct step *step)
{
	long r = 0;

	if (!(step->flags & STEP_F_CALLERS_GROUPS))
		r = sys(setgroups, step->user.groups.n, plan_at(in->plan, step->user.groups.offset));
	if (r < 0 && !(r == -EPERM && (step->flags & STEP_F_KEEP_GROUPS) && !step->user.groups.n))
		return failed_at(in, STAGE_GROUPS, r);
	if (step->user.gid != 0 || !in->plan->caller_is_root) {
		r = sys(setresgid, step->user.gid, step->user.gid, step->user.gid);
		if (r < 0)
			return failed_at(in, STAGE_GID, r);
	}
	if (step->user.uid != 0 || !in->plan->caller_is_root) {
		sys(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
		r = sys(setresuid, step->user.uid, step->user.uid, step->user.uid);
		if (r < 0)
			return failed_at(in, STAGE_UID, r);
		if ((step->flags & STEP_F_ENTER) && !weak(V22))
			sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	}
	r = set_capabilities(step);
	if (r < 0)
		return failed_at(in, STAGE_CAPS, r);
	/* capabilities(7): without inheritable ones the ambient set is empty already. */
	return step->user.inheritable ? failed_at(in, STAGE_AMBIENT, set_ambient(step->user.ambient)) : 0;
}

int do_no_new_privs(struct init *in, const struct step *step)
{
	return (int)sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* config.md "process.cwd".  Magic links lead out of the root (/proc/self/fd/N, V15) and are refused. */
int do_cwd(struct init *in, const struct step *step)
{
	const char *path = str(in, step->path.path);
	long fd;

	if (path[0] == '/' && !path[1] && in->root != AT_FDCWD)
		return 0;       /* where do_pivot has left us */
	fd = step->flags & STEP_F_ENTER ? path_find(in, path, 0) : path_ensure(in, path, WANT_DIRECTORY, 0);
	if (fd < 0)
		return failed_at(in, STAGE_TARGET, fd);
	return (int)sys(fchdir, fd);
}

int do_umask(struct init *in, const struct step *step)
{
	sys(umask, step->umask.mask == PLAN_UMASK_CALLER ? in->umask : step->umask.mask);
	return 0;
}

int do_personality(struct init *in, const struct step *step)
{
	long r = sys(personality, step->personality.persona);

	return r < 0 ? (int)r : 0;
}

int do_memory_policy(struct init *in, const struct step *step)
{
	/* set_mempolicy(2): the kernel looks at one bit less than it is told. */
	unsigned long bits = step->memory.mask.n ? 64ul * step->memory.mask.n + 1 : 0;

	return (int)sys(set_mempolicy, step->memory.mode, bits ? plan_at(in->plan, step->memory.mask.offset) : NULL, bits);
}

int do_affinity(struct init *in, const struct step *step)
{
	long r = sys(sched_setaffinity, 0, step->affinity.mask.n * 8, plan_at(in->plan, step->affinity.mask.offset));

	return r < 0 ? (int)r : 0;
}

int do_shed(struct init *in, const struct step *step)
{
	return set_capabilities(step);
}
