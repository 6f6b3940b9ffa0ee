/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/prctl.h>

static int number(const char *s)
{
	int n = 0;

	while (*s >= '0' && *s <= '9')
		n = 10 * n + (*s++ - '0');
	return n;
}

static const struct plan_slot *slots(const struct init *in)
{
	return plan_at(in->plan, in->plan->slots.offset);
}

/* What came from the parent must outlive the temporary fds, and lies below them; so must a terminal that waits to be sent. */
static int highest_kept(const struct init *in)
{
	int highest = in->sync > in->plan->listen_fd ? in->sync : in->plan->listen_fd;

	for (uint32_t i = 0; i < in->plan->slots.n; i++)
		if (slots(in)[i].fd > highest)
			highest = slots(in)[i].fd;
	return in->tty > highest ? in->tty : highest;
}

/* -1, for none, is larger than any fd. */
static void close_all_but(const struct init *in, unsigned *keep, unsigned n)
{
	unsigned next = 3 + in->plan->preserve_fds;

	if (weak(V15))
		return;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = i + 1; k < n; k++) {
			unsigned low = keep[k] < keep[i] ? keep[k] : keep[i], high = keep[k] < keep[i] ? keep[i] : keep[k];

			keep[i] = low;
			keep[k] = high;
		}
		if (keep[i] > next)
			sys(close_range, next, keep[i] - 1, 0);
		if (keep[i] == ~0u)
			return;
		next = keep[i] + 1;
	}
	sys(close_range, next, ~0u, 0);
}

void close_others(struct init *in)
{
	in->dir = in->proc = -1;
	close_all_but(in, (unsigned[]){(unsigned)in->sync, (unsigned)in->plan->listen_fd}, 2);
}

/* The same, but for the terminal: before the container may look at us. */
static int close_outside(struct init *in)
{
	in->dir = in->proc = -1;
	close_all_but(in, (unsigned[]){(unsigned)in->sync, (unsigned)in->tty}, 2);
	return weak(V15) ? 0 : (int)sys(close_range, 3 + in->plan->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC);
}

/*
 * Closing each temporary fd would cost two or three system calls a mount: they stay open
 * until the plan says so, and close_range before exec takes the rest.
 */
static int do_tidy(struct init *in, const struct step *step)
{
	if (step->flags & STEP_F_ENTER)
		return close_outside(in);
	in->dir = -1;
	in->proc = -1;
	in->masks[0].spare = -1;        /* of files the first one is a slot, and stays */
	in->masks[1] = (struct mask){-1, -1};
	in->n_own = 0;
	in->cwd = -1;
	return (int)sys(close_range, highest_kept(in) + 1, ~0u, 0);
}

static int (*const doers[STEP_KINDS])(struct init *, const struct step *) = {
	[STEP_JOIN] = do_join,
	[STEP_CLONE] = do_clone,
	[STEP_MAPPED] = do_mapped,
	[STEP_AWAIT_GROUP] = do_await_group,
	[STEP_GROUP] = do_group,
	[STEP_UNSHARE] = do_unshare,
	[STEP_TIME_OFFSET] = do_sysctl,
	[STEP_ENTER_TIME] = do_enter_time,
	[STEP_LOOPBACK] = do_loopback,
	[STEP_PROCFS] = do_procfs,
	[STEP_SESSION] = do_session,
	[STEP_KEYRING] = do_keyring,
	[STEP_PRIVATE] = do_private,
	[STEP_OPEN] = do_open,
	[STEP_UPPER] = do_upper,
	[STEP_OVERLAY] = do_overlay,
	[STEP_ROOT] = do_root,
	[STEP_MOUNT] = do_mount,
	[STEP_LEGACY_MOUNT] = do_legacy_mount,
	[STEP_BIND] = do_bind,
	[STEP_COPY] = do_copy,
	[STEP_SHOW] = do_show,
	[STEP_MOUNT_LABEL] = do_mount_label,
	[STEP_REMOUNT] = do_remount,
	[STEP_DIRECTORY] = do_directory,
	[STEP_NODE] = do_node,
	[STEP_SYMLINK] = do_symlink,
	[STEP_TIDY] = do_tidy,
	[STEP_SYSCTL] = do_sysctl,
	[STEP_MOUNTED] = do_mounted,
	[STEP_HOOK] = do_hook,
	[STEP_PIVOT] = do_pivot,
	[STEP_PROPAGATION] = do_propagation,
	[STEP_MASK] = do_mask,
	[STEP_READONLY] = do_readonly,
	[STEP_ROOT_READONLY] = do_root_readonly,
	[STEP_HOSTNAME] = do_hostname,
	[STEP_DOMAINNAME] = do_domainname,
	[STEP_LABEL] = do_label,
	[STEP_PERSONALITY] = do_personality,
	[STEP_CONSOLE] = do_console,
	[STEP_CONTROL] = do_control,
	[STEP_OUTPUT] = do_output,
	[STEP_PROGRAM] = do_program,
	[STEP_READY] = do_ready,
	[STEP_MEMORY_POLICY] = do_memory_policy,
	[STEP_HOOK_INPUTS] = do_hook_inputs,
	[STEP_RLIMIT] = do_rlimit,
	[STEP_STDIO] = do_stdio,
	[STEP_SECCOMP] = do_seccomp,
	[STEP_CAPS] = do_caps,
	[STEP_USER] = do_user,
	[STEP_NO_NEW_PRIVS] = do_no_new_privs,
	[STEP_CWD] = do_cwd,
	[STEP_UMASK] = do_umask,
	[STEP_AFFINITY] = do_affinity,
	[STEP_SHED] = do_shed,
	[STEP_REAP] = do_reap,
	[STEP_EXEC] = do_exec,
};

static int run(struct init *in)
{
	const struct step *steps = plan_at(in->plan, in->plan->steps.offset);
	int r = 0;

	for (uint32_t i = 0; i < in->plan->steps.n && r == 0; i++) {
		in->step = &steps[i];
		in->stage = STAGE_NONE;
		in->fresh = in->linked = 0;
		r = doers[in->step->kind](in, in->step);
	}
	return r;
}

__attribute__((noreturn, used)) void init_main(const long *stack)
{
	static struct init in = {
		.root = AT_FDCWD,
		.proc = -1,
		.dir = -1,
		.masks = {{-1, -1}, {-1, -1}},
		.tty = -1,
		.cwd = -1,
	};
	int fd = number((const char *)stack[2]), offset = number((const char *)stack[3]);       /* argv[1], argv[2] */
	long map = sys(mmap, NULL, PLAN_SIZE_MAX, PROT_READ, MAP_PRIVATE, fd, offset);
	int r;

	weak_learn((const char *)stack[1]);
	if (map < 0 && map > -4096)
		sys(exit_group, 125);
	in.plan = (const struct plan *)map;
	if (in.plan->magic != PLAN_MAGIC)
		sys(exit_group, 125);
	in.sync = in.plan->sync_fd;
	/* Nobody in the container, and no ptrace, sees this process before it is the container's own (V22). */
	if (!(in.plan->clone_flags & CLONE_NEWUSER) && !weak(V22))      /* there it waits for MAPPED */
		sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	in.umask = (unsigned)sys(umask, 0);
	r = run(&in);
	sync_failed(&in, -r);
	sys(exit_group, 125);
	__builtin_trap();       /* a seccomp profile may deny even that */
}

ARCH_START(init_main);
