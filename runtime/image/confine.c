/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/base/weak.h"

/* Linux 5.19 and 6.2; the headers may be older. */
#define FS_REFER (1ull << 13)
#define FS_TRUNCATE (1ull << 14)
#define FS_ALL_1 ((1ull << 13) - 1)
#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_ALL(handled) ((handled) & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE)
/* What a rule for a file may say. */
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

static int allow(int rules, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = fd, .allowed_access = access};
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	/* A pipe has no place. */
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_FILES;
	return syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

/*
 * BUILD=asan: what the sanitizers do at the end, in a thread that stops all others to look for leaks.  No other build has the function:
 * its address is NULL there.
 */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static const char *const for_leak_check[] = {"ptrace", "prctl", "wait4", "getppid", "getdents", "readlink"};

static int allow_leak_check(int rules)
{
	cleanup_close int self = open("/proc/self", O_PATH | O_CLOEXEC);

	return self < 0 ? -errno : allow(rules, self, READ);
}

static int restrict_files(const struct confine_place *places, unsigned n, struct error *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = {.handled_access_fs = FS_ALL_1 | FS_REFER | (abi >= 3 ? FS_TRUNCATE : 0)};
	cleanup_close int rules = -1;
	int e = 0;

	/* The first version forbids every rename from one directory to another. */
	if (abi < 2) {
		log_debug("this kernel's Landlock cannot confine the unpacking: the seccomp filter does it alone");
		return 0;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0);
	if (rules < 0)
		return error_set(err, errno, "make a Landlock ruleset");
	for (unsigned i = 0; i < n && e == 0; i++)
		if (places[i].fd >= 0)
			e = allow(rules, places[i].fd, places[i].use == PLACE_READ ? READ : WRITE_ALL(attr.handled_access_fs));
	if (e == 0 && __lsan_do_recoverable_leak_check)
		e = allow_leak_check(rules);
	if (e == 0 && syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		e = -errno;
	return e < 0 ? error_set(err, -e, "confine the unpacking to the store") : 0;
}

#define NEW_NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* By name, as far as this libseccomp knows it. */
static const char *const allowed[] = {
	/* files, by fds */
	"read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "open", "openat", "openat2", "close", "close_range",
	"fstat", "newfstatat", "fstatat64", "statx", "lseek", "_llseek", "getdents64", "readlinkat", "faccessat", "faccessat2", "fstatfs", "statfs",
	"mkdirat", "mknodat", "unlinkat", "renameat", "renameat2", "linkat", "symlinkat", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat",
	"ftruncate", "fallocate", "utimensat", "utimensat_time64", "fsetxattr", "lsetxattr", "fgetxattr", "lgetxattr", "flistxattr", "flock", "fcntl", "fcntl64",
	"fsync", "fdatasync", "syncfs", "copy_file_range", "dup", "dup3", "umask", "ioctl", "poll", "ppoll",
	/* memory, threads, time */
	"mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "brk", "futex", "futex_time64", "set_robust_list", "rseq",
	"sched_yield", "sched_getaffinity", "exit", "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "setitimer", "sigaltstack", "tgkill", "getpid",
	"gettid", "getuid", "geteuid", "getgid", "getegid", "clock_gettime", "clock_nanosleep", "nanosleep", "gettimeofday", "restart_syscall",
	"getrandom", "prlimit64", "uname", "getrusage",
};

static int allow_calls(scmp_filter_ctx filter, const char *const *names, size_t n)
{
	int e = 0;

	for (size_t i = 0; i < n && e == 0; i++) {
		int call = seccomp_syscall_resolve_name(names[i]);

		/* Pseudo numbers are those of other architectures. */
		if (call >= 0)
			e = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	return e;
}

static int filter_calls(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int e = filter ? allow_calls(filter, allowed, sizeof(allowed) / sizeof(allowed[0])) : -ENOMEM;

	if (e == 0 && __lsan_do_recoverable_leak_check)
		e = allow_calls(filter, for_leak_check, sizeof(for_leak_check) / sizeof(for_leak_check[0]));
	/* Threads, but no namespaces.  clone3(2) has its flags in memory: libc then asks clone(2). */
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, NEW_NAMESPACES, 0));
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (e == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	return e < 0 ? error_set(err, -e, "load the seccomp filter of the unpacking") : 0;
}

int confine(const struct confine_place *places, unsigned n, struct error *err)
{
	int e = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? error_set(err, errno, "give up gaining privileges") : 0;

	if (weak(V41 | V43))
		return 0;
	if (e == 0)
		e = restrict_files(places, n, err);
	return e < 0 ? e : filter_calls(err);
}
