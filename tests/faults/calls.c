/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/calls.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

enum kind { OTHER, FD, MEMORY, READ, ROOM, WRITE, REMOVE, NAMESPACE, PROCESS, EXEC, WAIT, TALK, RIGHTS, CLOSE, CONTROL, REAP, NEVER, KINDS };

static const int errnos[KINDS][ERRNOS_MAX + 1] = {
	[OTHER] = {ENOMEM, EACCES},
	[FD] = {EMFILE, ENOMEM, EACCES, EINTR, EIO},
	[MEMORY] = {ENOMEM},
	[READ] = {EIO, ENOMEM, EINTR, EACCES},
	[ROOM] = {ENOSPC, EIO, EACCES, EINTR, ENOMEM},
	[WRITE] = {ENOSPC, EIO, EINTR, ENOMEM},
	[REMOVE] = {EIO, EACCES, ENOMEM},
	[NAMESPACE] = {ENOMEM, EACCES, EIO, ENOSPC},
	[PROCESS] = {EAGAIN, ENOMEM, ENOSPC},
	[EXEC] = {ENOMEM, EACCES, EIO},
	[WAIT] = {EINTR, ENOMEM},
	[REAP] = {EINTR},       /* wait(2) knows no other that fits */
	[TALK] = {ENOMEM, EINTR, EACCES},
	[RIGHTS] = {EPERM, ENOMEM, EACCES},
	[CLOSE] = {EIO, EINTR},
	[CONTROL] = {EIO, ENOMEM, EACCES},
};

static const struct {
	long nr;
	enum kind kind;
	int path; /* 1 + index of the string; 0: none */
} table[] = {
	{SYS_openat, FD, 2},
	{SYS_openat2, FD, 2},
	{SYS_open, FD, 1},
	{SYS_memfd_create, FD, 1},
	{SYS_socket, FD, 0},
	{SYS_socketpair, FD, 0},
	{SYS_pipe2, FD, 0},
	{SYS_accept4, FD, 0},
	{SYS_dup, FD, 0},
	{SYS_dup2, FD, 0},
	{SYS_dup3, FD, 0},
	{SYS_fcntl, FD, 0},
	{SYS_signalfd4, FD, 0},
	{SYS_pidfd_open, FD, 0},
	{SYS_open_tree, FD, 2},
	{SYS_fsopen, FD, 1},
	{SYS_fsmount, FD, 0},
	{SYS_mmap, MEMORY, 0},
	{SYS_brk, MEMORY, 0},
	{SYS_mremap, MEMORY, 0},
	{SYS_mprotect, MEMORY, 0},
	{SYS_read, READ, 0},
	{SYS_pread64, READ, 0},
	{SYS_readlink, READ, 1},
	{SYS_readlinkat, READ, 2},
	{SYS_getdents64, READ, 0},
	{SYS_copy_file_range, WRITE, 0},
	{SYS_pwrite64, WRITE, 0},
	{SYS_ftruncate, WRITE, 0},
	{SYS_fallocate, WRITE, 0},
	{SYS_fsync, CONTROL, 0},
	{SYS_fdatasync, CONTROL, 0},
	{SYS_syncfs, CONTROL, 0},
	{SYS_utimensat, CONTROL, 0},
	{SYS_fgetxattr, READ, 0},
	{SYS_flistxattr, READ, 0},
	{SYS_fsetxattr, ROOM, 0},
	{SYS_renameat2, ROOM, 2},
	{SYS_fstat, READ, 0},
	{SYS_newfstatat, READ, 2},
	{SYS_statx, READ, 2},
	{SYS_statfs, READ, 1},
	{SYS_fstatfs, READ, 0},
	{SYS_faccessat, READ, 2},
	{SYS_faccessat2, READ, 2},
	{SYS_write, WRITE, 0},
	{SYS_writev, WRITE, 0},
	{SYS_mkdir, ROOM, 1},
	{SYS_mkdirat, ROOM, 2},
	{SYS_mknodat, ROOM, 2},
	{SYS_symlinkat, ROOM, 1},
	{SYS_linkat, ROOM, 2},
	{SYS_rename, ROOM, 1},
	{SYS_renameat, ROOM, 2},
	{SYS_bind, ROOM, 0},
	{SYS_keyctl, ROOM, 0},
	{SYS_unlink, REMOVE, 1},
	{SYS_rmdir, REMOVE, 1},
	{SYS_unlinkat, REMOVE, 2},
	{SYS_mount, NAMESPACE, 2},
	{SYS_umount2, NAMESPACE, 1},
	{SYS_move_mount, NAMESPACE, 4},
	{SYS_mount_setattr, NAMESPACE, 2},
	{SYS_fsconfig, NAMESPACE, 3},
	{SYS_pivot_root, NAMESPACE, 1},
	{SYS_chroot, NAMESPACE, 1},
	{SYS_chdir, NAMESPACE, 1},
	{SYS_fchdir, NAMESPACE, 0},
	{SYS_unshare, NAMESPACE, 0},
	{SYS_setns, NAMESPACE, 0},
	{SYS_clone, PROCESS, 0},
	{SYS_clone3, PROCESS, 0},
	{SYS_fork, PROCESS, 0},
	{SYS_vfork, PROCESS, 0},
	{SYS_execve, EXEC, 1},
	{SYS_execveat, EXEC, 2},
	{SYS_poll, WAIT, 0},
	{SYS_ppoll, WAIT, 0},
	{SYS_wait4, REAP, 0},
	{SYS_waitid, REAP, 0},
	{SYS_nanosleep, WAIT, 0},
	{SYS_clock_nanosleep, WAIT, 0},
	{SYS_rt_sigtimedwait, WAIT, 0},
	{SYS_flock, WAIT, 0},
	{SYS_connect, TALK, 0},
	{SYS_listen, TALK, 0},
	{SYS_sendmsg, TALK, 0},
	{SYS_sendto, TALK, 0},
	{SYS_recvmsg, TALK, 0},
	{SYS_recvfrom, TALK, 0},
	{SYS_setresuid, RIGHTS, 0},
	{SYS_setresgid, RIGHTS, 0},
	{SYS_setgroups, RIGHTS, 0},
	{SYS_capset, RIGHTS, 0},
	{SYS_capget, RIGHTS, 0},
	{SYS_prctl, RIGHTS, 0},
	{SYS_prlimit64, RIGHTS, 0},
	{SYS_setrlimit, RIGHTS, 0},
	{SYS_setsid, RIGHTS, 0},
	{SYS_setpgid, RIGHTS, 0},
	{SYS_sethostname, RIGHTS, 0},
	{SYS_setdomainname, RIGHTS, 0},
	{SYS_kill, RIGHTS, 0},
	{SYS_pidfd_send_signal, RIGHTS, 0},
	{SYS_fchown, RIGHTS, 0},
	{SYS_fchownat, RIGHTS, 2},
	{SYS_fchmod, RIGHTS, 0},
	{SYS_fchmodat, RIGHTS, 2},
	{SYS_bpf, RIGHTS, 0},
	{SYS_ioctl, CONTROL, 0},
	{SYS_close, CLOSE, 0},
	{SYS_close_range, CLOSE, 0},
	/* These cannot fail with arguments that are right. */
	{SYS_munmap, NEVER, 0},
	{SYS_exit, NEVER, 0},
	{SYS_exit_group, NEVER, 0},
	{SYS_getpid, NEVER, 0},
	{SYS_getppid, NEVER, 0},
	{SYS_gettid, NEVER, 0},
	{SYS_getuid, NEVER, 0},
	{SYS_geteuid, NEVER, 0},
	{SYS_getgid, NEVER, 0},
	{SYS_getegid, NEVER, 0},
	{SYS_umask, NEVER, 0},
	{SYS_rt_sigaction, NEVER, 0},
	{SYS_rt_sigprocmask, NEVER, 0},
	{SYS_rt_sigpending, NEVER, 0},
	{SYS_clock_gettime, NEVER, 0},
	{SYS_restart_syscall, NEVER, 0},
	{SYS_lseek, NEVER, 0},
	/* libc's own, of which it ends the program, or which it makes before a thread is ours. */
	{SYS_futex, NEVER, 0},
	{SYS_rseq, NEVER, 0},
	{SYS_set_robust_list, NEVER, 0},
};

static int find(long nr)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].nr == nr)
			return (int)i;
	return -1;
}

static enum kind kind_of(long nr)
{
	int i = find(nr);

	return i < 0 ? OTHER : table[i].kind;
}

const int *call_errnos(const struct call *call)
{
	return errnos[kind_of(call->nr)];
}

bool call_is_done_anyway(long nr)
{
	return nr == SYS_close;
}

bool call_runs_out(long nr)
{
	enum kind kind = kind_of(nr);

	return kind == FD || kind == MEMORY || kind == ROOM || kind == WRITE;
}

static enum kind resource_of(long nr)
{
	enum kind kind = kind_of(nr);

	return kind == WRITE ? ROOM : kind;
}

bool call_same_kind(const struct call *a, const struct call *b)
{
	bool words = kind_of(b->nr) == WRITE && b->args[0] <= 2;

	return resource_of(a->nr) == resource_of(b->nr) && !words;
}

int call_path_index(long nr)
{
	int i = find(nr);

	return i < 0 ? -1 : table[i].path - 1;
}

void call_format(const struct call *call, char *buf, size_t size)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)call->nr);
	int n = snprintf(buf, size, "%s(", name ?: "?"), at = call_path_index(call->nr);

	free(name);
	for (int i = 0; i < 4 && (size_t)n < size; i++)
		n += i == at ? snprintf(buf + n, size - (size_t)n, "%s\"%s\"", i ? ", " : "", call->path)
		             : snprintf(buf + n, size - (size_t)n, "%s%s%#llx", i ? ", " : "",
		                        call->args[i] > 0xffffffffull - 4096 ? "~" : "",
		                        (unsigned long long)call->args[i]);
	if ((size_t)n < size)
		snprintf(buf + n, size - (size_t)n, ")");
}
