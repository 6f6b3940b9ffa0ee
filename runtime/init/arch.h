/*
 * arch - a system call and the first instruction, for each architecture that init knows.
 *
 * Elsewhere the same sources are linked with static libc (INIT_FREESTANDING is not
 * defined), whose syscall() and main() take the two places.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * clone(2) for a child that executes a program while we wait.  In our memory only where the system call is an instruction of ours: a
 * child that goes on in libc's syscall(2) would overwrite the return address that we still need.
 */
#define ARCH_VFORK 0x4000ul             /* CLONE_VFORK */
#ifdef INIT_FREESTANDING
#define ARCH_VFORK_VM (ARCH_VFORK | 0x100ul)    /* CLONE_VM */
#else
#define ARCH_VFORK_VM ARCH_VFORK
#endif

#if defined(INIT_FREESTANDING) && defined(__x86_64__)

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
	                 : "=a"(ret)
	                 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
	                 : "rcx", "r11", "memory");
	return ret;
}

/* clone(2) with a stack of its own, and `run`, which never returns, on it. */
static inline long arch_thread(unsigned long flags, void *stack_end, int (*run)(void *), void *arg)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n"
	                 "test %%rax, %%rax\n"
	                 "jnz 1f\n"
	                 "mov %[arg], %%rdi\n"
	                 "call *%[run]\n"
	                 "hlt\n"
	                 "1:\n"
	                 : "=a"(ret)
	                 : "a"(__NR_clone), "D"(flags), "S"(stack_end), "d"(0), "r"(r10), "r"(r8), [run] "r"(run),
	                   [arg] "r"(arg)
	                 : "rcx", "r11", "memory");
	return ret;
}

/* In a loop that waits for another processor. */
static inline void arch_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* The kernel enters with argc, argv, envp on the stack. */
#define ARCH_START(entry)                            \
	__asm__(".section .text._start,\"ax\"\n"     \
	        ".globl _start\n"                    \
	        ".type _start,@function\n"           \
	        "_start:\n"                          \
	        "	xor %ebp, %ebp\n"            \
	        "	mov %rsp, %rdi\n"            \
	        "	and $-16, %rsp\n"            \
	        "	call " #entry "\n"           \
	        "	hlt\n"                       \
	        ".previous\n")

#elif defined(INIT_FREESTANDING) && defined(__aarch64__)

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
	                 : "memory", "cc");
	return x0;
}

static inline long arch_thread(unsigned long flags, void *stack_end, int (*run)(void *), void *arg)
{
	register long x8 __asm__("x8") = __NR_clone;
	register long x0 __asm__("x0") = (long)flags;
	register long x1 __asm__("x1") = (long)stack_end;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;

	__asm__ volatile("svc #0\n"
	                 "cbnz x0, 1f\n"
	                 "mov x0, %[arg]\n"
	                 "blr %[run]\n"
	                 "brk #0\n"
	                 "1:\n"
	                 : "+r"(x0)
	                 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [run] "r"(run), [arg] "r"(arg)
	                 : "memory", "cc");
	return x0;
}

static inline void arch_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

#define ARCH_START(entry)                                  \
	__asm__(".section .text._start,\"ax\"\n"           \
	        ".globl _start\n"                          \
	        ".type _start,@function\n"                 \
	        "_start:\n"                                \
	        "	mov x29, xzr\n"                    \
	        "	mov x30, xzr\n"                    \
	        "	mov x0, sp\n"                      \
	        "	and sp, x0, #-16\n"                \
	        "	bl " #entry "\n"                   \
	        "	brk #0\n"                          \
	        ".previous\n")

#else

/* Not by libc's headers, which are at odds with the kernel's. */
long syscall(long nr, ...);
int *__errno_location(void);
int clone(int (*run)(void *), void *stack_end, int flags, void *arg, ...);

static inline long arch_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret = syscall(nr, a, b, c, d, e, f);

	return ret == -1 ? -*__errno_location() : ret;
}

static inline long arch_thread(unsigned long flags, void *stack_end, int (*run)(void *), void *arg)
{
	int ret = clone(run, stack_end, (int)flags, arg);

	return ret < 0 ? -*__errno_location() : ret;
}

static inline void arch_relax(void)
{
	__asm__ volatile("" ::: "memory");
}

#define ARCH_START(entry)                                                  \
	int main(int argc, char **argv)                                    \
	{                                                                  \
		long stack[4] = {argc, (long)argv[0], (long)argv[1], (long)argv[2]}; \
                                                                           \
		entry(stack);                                              \
	}                                                                  \
	_Static_assert(1, "")

#endif

/* clone(2), of a process like us, for seccomp profiles that know no clone3. */
static inline long arch_fork(unsigned long flags)
{
	flags |= 17;    /* SIGCHLD */
#if defined(__s390__)
	return arch_syscall(__NR_clone, 0, (long)flags, 0, 0, 0, 0);
#else
	return arch_syscall(__NR_clone, (long)flags, 0, 0, 0, 0, 0);
#endif
}

/* sys(openat, dir, path, flags): up to six arguments; the result or -errno. */
#define sys(name, ...) SYS_N_(__NR_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_N_(nr, a, b, c, d, e, f, ...) \
	arch_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
