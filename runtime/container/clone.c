/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/sys.h"

/*
 * Between clone3 and execveat the child runs on our stack, while we are stopped: so both are bare
 * system calls in one frame.  libc's syscall() would return, and the child's next call would overwrite the
 * return address that we still need.
 */
static long vfork_exec(struct clone_args *args, int image, char *const argv[], char *const envp[],
                       volatile int *child_errno)
{
	long ret;

#if defined(__x86_64__)
	register long r10 __asm__("r10") = (long)envp;
	register long r8 __asm__("r8") = AT_EMPTY_PATH;
	long scratch = image;

	__asm__ volatile("syscall\n"                    /* clone3 */
	                 "test %%rax, %%rax\n"
	                 "jnz 1f\n"
	                 "mov %[exec], %%eax\n"         /* the child */
	                 "mov %[image], %%rdi\n"
	                 "mov %[empty], %%rsi\n"
	                 "mov %[argv], %%rdx\n"
	                 "syscall\n"                    /* execveat */
	                 "neg %%eax\n"
	                 "mov %%eax, (%[failed])\n"
	                 "mov %[exit], %%eax\n"
	                 "mov $125, %%edi\n"
	                 "syscall\n"                    /* exit */
	                 "1:\n"
	                 : "=a"(ret)
	                 : "a"(SYS_clone3), "D"(args), "S"(sizeof(*args)), [exec] "i"(SYS_execveat),
	                   [exit] "i"(SYS_exit), [image] "b"(scratch), [empty] "r"(""), [argv] "r"(argv),
	                   [failed] "r"(child_errno), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "rdx", "memory");
#else
	/* Without start code of our own: a plain fork. */
	args->flags &= ~(uint64_t)(CLONE_VM | CLONE_VFORK);
	ret = syscall(SYS_clone3, args, sizeof(*args));
	if (ret == 0) {
		syscall(SYS_execveat, image, "", argv, envp, AT_EMPTY_PATH);
		_exit(125);
	}
	*child_errno = 0;
	if (ret < 0)
		ret = -errno;
#endif
	return ret;
}

static int explain(long r, uint32_t namespaces, struct error *err)
{
	error_set(err, (int)-r, "make the container's process");
	if (r == -EPERM && namespaces)
		error_hint(err, "new namespaces need root; as an ordinary user a user namespace");
	else if (r == -ENOSPC)
		error_hint(err, "the limit of namespaces is reached: see the sysctls user.max_*_namespaces");
	else if (r == -EBUSY || r == -EOPNOTSUPP)
		error_hint(err, "the control group cannot hold processes: it is threaded, or has groups below it");
	else if (r == -ENOSYS)
		error_hint(err, "clone3 is missing: the kernel is older than 5.14, or a seccomp filter hides it");
	return (int)r;
}

int clone_init(int image, size_t plan_offset, uint32_t namespaces, int group, pid_t *ret_pid, int *ret_pidfd,
               struct error *err)
{
	char number[16], offset[24];
	char *const argv[] = {(char[]){"crun-lite-init"}, number, offset, NULL};
	char *const envp[] = {NULL};
	volatile int child_errno = 0;
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
	pid = vfork_exec(&args, image, argv, envp, &child_errno);
	if (pid < 0)
		return explain(pid, namespaces, err);
	if (child_errno) {
		close(pidfd);
		syscall(SYS_wait4, pid, NULL, 0, NULL);
		error_set(err, child_errno, "execute init");
		if (child_errno == EACCES)
			error_hint(err, "the sysctl vm.memfd_noexec=1 or a security module forbids programs in memory");
		return -err->code;
	}
	*ret_pid = (pid_t)pid;
	*ret_pidfd = pidfd;
	return 0;
}
