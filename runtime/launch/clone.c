/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "runtime/base/weak.h"

/* Of the child, for a few small frames. */
#define STACK_SIZE 2048

/* What the child does before it is init.  It has our memory, and a stack of its own: system calls only. */
struct child {
	int image;
	char *const *argv, *const *envp;
	unsigned n_capabilities;        /* 0: keep none */
	int error;                      /* errno, if it could not be executed */
};

/*
 * user_namespaces(7), capabilities(7): an exec with ids that are not mapped (yet) drops every capability but the
 * ambient ones, and the maps are only written once we go on, which is after the exec.
 */
static void raise_capabilities(unsigned n)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct all[2] = {{~0u, ~0u, ~0u}, {~0u, ~0u, ~0u}};

	syscall(SYS_capset, &header, all);
	for (unsigned cap = 0; cap < n; cap++)
		syscall(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

__attribute__((noreturn, noinline, no_sanitize("address"))) static void become_init(struct child *child)
{
	if (child->n_capabilities)
		raise_capabilities(child->n_capabilities);
	syscall(SYS_execveat, child->image, "", child->argv, child->envp, AT_EMPTY_PATH);
	child->error = errno;
	for (;;)
		syscall(SYS_exit, 125);
}

static long fork_exec(struct clone_args *args, struct child *child)
{
	long ret;

	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	ret = syscall(SYS_clone3, args, sizeof(*args));
	if (ret == 0)
		become_init(child);
	return ret < 0 ? -errno : ret;
}

/*
 * clone3 for a child in our memory, which calls `function`, never to return, on the stack that `args` names.  Registers of both are
 * the same but for the result's.
 */
#if defined(__x86_64__) && !defined(NO_START_CODE)
#define OWN_CLONE3
static long clone3_in_memory(const struct clone_args *args, void (*function)(struct child *), struct child *child)
{
	long ret;

	__asm__ volatile("syscall\n"
	                 "test %%rax, %%rax\n"
	                 "jnz 1f\n"
	                 "mov %[child], %%rdi\n"       /* rbp may hold what is called */
	                 "call *%[function]\n"
	                 "1:\n"
	                 : "=a"(ret)
	                 : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args)), [child] "b"(child), [function] "r"(function)
	                 : "rcx", "r11", "rdx", "memory");
	return ret;
}
#elif defined(__aarch64__) && !defined(NO_START_CODE)
#define OWN_CLONE3
static long clone3_in_memory(const struct clone_args *args, void (*function)(struct child *), struct child *child)
{
	register long x8 __asm__("x8") = SYS_clone3;
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof(*args);

	__asm__ volatile("svc #0\n"
	                 "cbnz x0, 1f\n"
	                 "mov x0, %[child]\n"
	                 "blr %[function]\n"
	                 "1:\n"
	                 : "+&r"(x0)
	                 : "r"(x8), "r"(x1), [child] "r"(child), [function] "r"(function)
	                 : "x30", "memory", "cc");
	return x0;
}
#endif

/*
 * On its own stack the child cannot touch the frames that we still need: on ours, with libc's wrapper, its next call
 * would overwrite our return address.
 */
static long vfork_exec(struct clone_args *args, struct child *child)
{
#ifdef OWN_CLONE3
	char stack[STACK_SIZE] __attribute__((aligned(16), uninitialized));

	args->stack = (uint64_t)(uintptr_t)stack;
	args->stack_size = sizeof(stack);
	return clone3_in_memory(args, become_init, child);
#else
	return fork_exec(args, child);
#endif
}

/* The first that says no, in the order in which the kernel asks. */
static const struct {
	const char *file;
	char forbids;
	const char *hint;
} switches[] = {
	{"/proc/sys/user/max_user_namespaces", '0', "the sysctl user.max_user_namespaces is 0: no user namespaces at all"},
	{"/proc/sys/kernel/unprivileged_userns_clone", '0',
	 "the sysctl kernel.unprivileged_userns_clone is 0: only root makes user namespaces; set it to 1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
	 "the sysctl kernel.apparmor_restrict_unprivileged_userns is 1: give crun-lite an AppArmor profile with userns, "
	 "or set it to 0"},
};

static bool is_forbidden(const char *file, char forbids)
{
	char text[8] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && text[0] == forbids && (n == 1 || text[1] == '\n');
}

static void explain_user_namespace(long r, struct error *err)
{
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		if (is_forbidden(switches[i].file, switches[i].forbids))
			error_hint(err, "%s", switches[i].hint);
	if (r == -EINVAL)
		error_hint(err, "this kernel has no user namespaces (CONFIG_USER_NS)");
	else if (r == -EPERM)
		error_hint(err, "user namespaces are forbidden here: in a chroot, or by the seccomp filter or security module of "
		                "what crun-lite runs in");
	else
		error_hint(err, "the limit of user namespaces (the sysctl user.max_user_namespaces), or of their depth (32), is "
		                "reached");
}

static int explain(long r, uint32_t namespaces, int group, struct error *err)
{
	error_set(err, (int)-r, "make the container's process");
	if (r == -EACCES && group >= 0)
		error_hint(err, "this user may not put a process into that control group: run from a scope of its own "
		                "(systemd-run --user --scope), or with --cgroup-manager disabled");
	else if ((namespaces & CLONE_NEWUSER) && (r == -EPERM || r == -EINVAL || r == -ENOSPC || r == -EUSERS))
		explain_user_namespace(r, err);
	else if (r == -EPERM && namespaces)
		error_hint(err, "new namespaces need CAP_SYS_ADMIN, or a user namespace: add {\"type\": \"user\"} to linux.namespaces");
	else if (r == -ENOSPC)
		error_hint(err, "the limit of namespaces is reached: see the sysctls user.max_*_namespaces");
	else if (r == -EBUSY || r == -EOPNOTSUPP)
		error_hint(err, "the control group cannot hold processes: it is threaded, or has groups below it");
	else if (r == -ENOSYS)
		error_hint(err, "clone3 is missing: the kernel is older than 5.14, or a seccomp filter hides it");
	return (int)r;
}

int clone_init(int image, size_t plan_offset, uint32_t namespaces, unsigned capabilities, int group, bool frozen,
               pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
	char number[16], offset[24];
	char *const argv[] = {weak_word((char[]){"crun-lite-init"}), number, offset, NULL};
	char *const envp[] = {NULL};
	struct child child = {
		.image = image,
		.argv = argv,
		.envp = envp,
		.n_capabilities = namespaces & CLONE_NEWUSER ? capabilities : 0,
	};
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND | namespaces |
	                 (group >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = group >= 0 ? (uint64_t)group : 0,
	};
	long pid;

	snprintf(number, sizeof(number), "%d", image);
	snprintf(offset, sizeof(offset), "%zu", plan_offset);
	pid = frozen ? fork_exec(&args, &child) : vfork_exec(&args, &child);
	if (pid < 0)
		return explain(pid, namespaces, group, err);
	if (*(volatile int *)&child.error) {
		close(pidfd);
		syscall(SYS_wait4, pid, NULL, 0, NULL);
		error_set(err, child.error, "execute init");
		if (child.error == EACCES)
			error_hint(err, "a security module forbids programs in memory");
		return -err->code;
	}
	*ret_pid = (pid_t)pid;
	*ret_pidfd = pidfd;
	return 0;
}
