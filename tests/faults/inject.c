/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRACEES_MAX 64
#define OPTIONS                                                                                              \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |           \
	 PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

struct tracee {
	pid_t pid, parent;
	enum role role;
	bool known;             /* its parent's event has told who it is */
	bool waits;             /* stopped before that */
	bool skipping;          /* its call was replaced; the result comes at its end */
	bool own;               /* executes a program of ours: before, it is somebody's copy */
	unsigned n;
	uint64_t brk;
	uint64_t replaced_brk;
	struct call call;
};

struct tracing {
	struct tracee tracees[TRACEES_MAX];
	size_t n;
	const struct fault *fault;
	struct record *record;
	struct outcome *out;
	pid_t root;
	bool ended;
	enum keeps keeps;
	unsigned attempts;      /* seen so far */
	bool bereaved;          /* somebody died, perhaps before it could be asked about its child */
	bool done;              /* the fault was made, and no second one is to follow */
};

const char *role_name(enum role role)
{
	static const char *const names[ROLES] = {"runtime", "init", "second init", "init's thread", "hook", "hook in the container",
	                                         "keeper", "first start", "second start"};

	return names[role];
}

static unsigned now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- who is who ---- */

static struct tracee *find(struct tracing *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->tracees[i].pid == pid)
			return &t->tracees[i];
	return NULL;
}

static struct tracee *add(struct tracing *t, pid_t pid)
{
	if (t->n == TRACEES_MAX)
		abort();
	t->tracees[t->n] = (struct tracee){.pid = pid};
	return &t->tracees[t->n++];
}

static void resume(struct tracing *t, struct tracee *p, int sig);

static bool is_keeper(const struct tracee *p)
{
	return p->role == KEEPER || p->role == ATTEMPT || p->role == AGAIN;
}

/* Who was born of it and has not been named yet goes on unnamed. */
static void forget(struct tracing *t, pid_t pid)
{
	struct tracee *p = find(t, pid);

	if (p)
		*p = t->tracees[--t->n];
	t->bereaved = t->bereaved || p;
	for (size_t i = 0; p && i < t->n; i++)
		if (!t->tracees[i].known && t->tracees[i].waits) {
			t->tracees[i].known = true;
			t->tracees[i].waits = false;
			t->tracees[i].role = INIT_HOOK;
			resume(t, &t->tracees[i], 0);
		}
}

static bool is_target(const struct tracing *t, const struct tracee *p)
{
	return t->fault->kind != FAULT_NONE && p->known && p->role == t->fault->role && !t->done;
}

static void resume(struct tracing *t, struct tracee *p, int sig)
{
	bool syscalls = p->skipping || (t->record && p->known) || is_target(t, p);

	ptrace(syscalls ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, NULL, (void *)(long)sig);
}

/*
 * clone3 makes the container's processes, clone those of hooks (glibc's and init's own), and the second one of exec; threads
 * come of either.
 */
static enum role child_role(struct tracing *t, const struct tracee *parent, long nr, unsigned long flags)
{
	if (flags & CLONE_THREAD)
		return THREAD;
	if (parent->role == RUNTIME && t->keeps)
		return KEEPER;
	if (parent->role == KEEPER && t->keeps == KEEPS_RESTART)
		return t->attempts++ ? AGAIN : ATTEMPT;
	if (parent->role == RUNTIME || is_keeper(parent))
		return nr == SYS_clone3 ? INIT : HOOK;
	if (parent->role != INIT)
		return INIT_HOOK;
	return nr == SYS_clone3 || (flags & CLONE_PARENT) ? SECOND : INIT_HOOK;
}

/* clone3 has them in memory, first of all. */
static unsigned long clone_flags(pid_t pid, const struct user_regs_struct *regs)
{
	unsigned long flags = regs->rdi;
	struct iovec here = {&flags, sizeof(flags)}, there = {(void *)(uintptr_t)regs->rdi, sizeof(flags)};

	if ((long)regs->orig_rax == SYS_clone3 && process_vm_readv(pid, &here, 1, &there, 1, 0) != sizeof(flags))
		return 0;
	return flags;
}

static void on_child(struct tracing *t, struct tracee *parent)
{
	struct user_regs_struct regs = {0};
	unsigned long pid = 0;
	struct tracee *child;
	pid_t parent_pid = parent->pid;

	ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid);
	ptrace(PTRACE_GETREGS, parent->pid, NULL, &regs);
	child = find(t, (pid_t)pid);
	if (!child)
		child = add(t, (pid_t)pid);
	parent = find(t, parent_pid);
	child->known = true;
	child->role = child_role(t, parent, (long)regs.orig_rax, clone_flags(parent_pid, &regs));
	child->parent = parent_pid;
	child->own = child->role == SECOND || child->role == THREAD;
	if (child->waits) {
		child->waits = false;
		resume(t, child, 0);
	}
	if (t->fault->kind == FAULT_BIRTH && is_target(t, parent) && parent->n == t->fault->n) {
		t->out->reached = t->done = true;
		t->out->call = parent->call;
		kill(parent_pid, SIGKILL);
		return;
	}
	resume(t, parent, 0);
}

/* ---- a system call ---- */

static void read_string(pid_t pid, uint64_t address, char *to, size_t size)
{
	size_t n = 0;

	/* Page by page: the next one may not be there. */
	while (n + 1 < size) {
		size_t part = 4096 - (address + n) % 4096;
		struct iovec here = {to + n, part < size - 1 - n ? part : size - 1 - n};
		struct iovec there = {(void *)(uintptr_t)(address + n), here.iov_len};
		ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);

		if (got <= 0)
			break;
		if (memchr(to + n, 0, (size_t)got))
			return;
		n += (size_t)got;
	}
	to[n] = '\0';
}

static void read_call(struct tracee *p, const struct __ptrace_syscall_info *info)
{
	int path;

	p->call.nr = (long)info->entry.nr;
	memcpy(p->call.args, info->entry.args, sizeof(p->call.args));
	p->call.path[0] = '\0';
	path = call_path_index(p->call.nr);
	if (path >= 0 && p->call.args[path])
		read_string(p->pid, p->call.args[path], p->call.path, sizeof(p->call.path));
}

/* Both work at the same time, so a number is not always the same call. */
static bool can_fail(const struct call *call, int error)
{
	const int *errnos = call_errnos(call);

	while (*errnos && *errnos != error)
		errnos++;
	return *errnos != 0;
}

static bool is_hit(const struct tracing *t, const struct tracee *p)
{
	if (!is_target(t, p) || t->fault->kind == FAULT_BIRTH)
		return false;
	if (p->n == t->fault->n && t->fault->kind == FAULT_STICK && !call_runs_out(p->call.nr))
		return false;
	if (p->n == t->fault->n)
		return (t->fault->kind != FAULT_FAIL && t->fault->kind != FAULT_STICK) || can_fail(&p->call, t->fault->error);
	return t->fault->kind == FAULT_STICK && t->out->reached && call_same_kind(&t->out->call, &p->call);
}

static void skip(struct tracee *p)
{
	struct user_regs_struct regs;

	p->skipping = true;
	p->replaced_brk = p->brk;
	if (call_is_done_anyway(p->call.nr))
		return;
	ptrace(PTRACE_GETREGS, p->pid, NULL, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, p->pid, NULL, &regs);
}

/* False: nobody is there to be resumed. */
static bool make_fault(struct tracing *t, struct tracee *p)
{
	const struct fault *f = t->fault;

	if (!t->out->reached)
		t->out->call = p->call;
	t->out->reached = true;
	t->done = f->kind != FAULT_STICK;
	switch (f->kind) {
	case FAULT_KILL:
		kill(p->pid, SIGKILL);
		return false;
	case FAULT_ORPHAN:
		kill(t->keeps ? p->parent : t->root, SIGKILL);
		return p->pid != t->root;
	default:
		skip(p);
		return true;
	}
}

static void on_entry(struct tracing *t, struct tracee *p, const struct __ptrace_syscall_info *info)
{
	p->n++;
	read_call(p, info);
	if (t->record && p->n <= CALLS_MAX && p->n > t->record->n[p->role]) {
		t->record->calls[p->role][p->n - 1] = p->call;
		t->record->n[p->role] = p->n;
	}
	if (!is_hit(t, p) || make_fault(t, p))
		resume(t, p, 0);
}

static void on_return(struct tracing *t, struct tracee *p, const struct __ptrace_syscall_info *info)
{
	struct user_regs_struct regs;

	if (p->skipping) {
		p->skipping = false;
		ptrace(PTRACE_GETREGS, p->pid, NULL, &regs);
		/* brk(2): the kernel answers a failure with the old end. */
		regs.rax = p->call.nr == SYS_brk ? p->replaced_brk : (unsigned long long)(long long)-t->fault->error;
		ptrace(PTRACE_SETREGS, p->pid, NULL, &regs);
	} else if (p->call.nr == SYS_brk) {
		p->brk = (uint64_t)info->exit.rval;
	}
	resume(t, p, 0);
}

static void on_syscall(struct tracing *t, struct tracee *p)
{
	struct __ptrace_syscall_info info = {0};

	ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof(info), &info);
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, p, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		on_return(t, p, &info);
	else
		resume(t, p, 0);
}

/* The runtime and init are ours; after any other execve it is somebody else's program. */
static void on_exec(struct tracing *t, struct tracee *p)
{
	bool first = !p->own && (p->role == RUNTIME || p->role == INIT);

	if (!first) {
		ptrace(PTRACE_DETACH, p->pid, NULL, NULL);
		forget(t, p->pid);
		return;
	}
	p->own = true;
	resume(t, p, 0);
}

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512] = "", *p;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	p = strrchr(text, ')');
	return p ? (pid_t)atoi(p + 4) : 0;
}

static void on_stop(struct tracing *t, pid_t pid, int status)
{
	struct tracee *p = find(t, pid);
	int event = status >> 16;

	if (!p) {
		bool told = !t->bereaved || (t->keeps && find(t, parent_of(pid)));

		p = add(t, pid);
		p->waits = told;
		p->known = !told;
		p->role = INIT_HOOK;
		if (!told)
			resume(t, p, 0);
		return;
	}
	if (!p->known) {
		p->waits = true;
		return;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80))
		on_syscall(t, p);
	else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
		on_child(t, p);
	else if (event == PTRACE_EVENT_EXEC)
		on_exec(t, p);
	else if (event)
		resume(t, p, 0);
	else
		resume(t, p, WSTOPSIG(status));
}

/* ---- starting and ending ---- */

static void become(const struct command *c, int go)
{
	char byte;
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(c->out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	int err = open(c->err, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	if (c->fd3 >= 0 && go == 3)
		go = fcntl(go, F_DUPFD_CLOEXEC, 4);
	if (c->fd3 == 3)        /* dup2 would leave it close-on-exec */
		fcntl(3, F_SETFD, 0);
	else if (c->fd3 >= 0)
		dup2(c->fd3, 3);
	if (chdir(c->dir) == 0 && (go < 0 || read(go, &byte, 1) == 1))
		execve(c->argv[0], c->argv, c->envp);
	_exit(99);
}

static void tick(int sig)
{
	(void)sig;
}

/* wait(2) is interrupted every so often, so that a deadline is seen. */
static void start_ticking(bool on)
{
	struct sigaction action = {.sa_handler = tick};
	struct itimerval every = {{0, on ? 50000 : 0}, {0, on ? 50000 : 0}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void describe(pid_t pid, char *where, size_t size)
{
	static const char *const files[] = {"comm", "wchan", "syscall"};
	size_t n = strlen(where);

	n += (size_t)snprintf(where + n, size - n, "%s%d", n ? "; " : "", pid);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && n < size; i++) {
		char path[64], text[64] = "";
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
			text[strcspn(text, "\n")] = '\0';
		close(fd);
		n += (size_t)snprintf(where + n, size - n, " %s", text);
	}
}

static size_t children(pid_t *ret, size_t room)
{
	char path[64], text[4096] = "", *p = text, *end;
	size_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	for (long pid; n < room && (pid = strtol(p, &end, 10)) > 0; p = end)
		ret[n++] = (pid_t)pid;
	return n;
}

/* A process that stops after we have let go: a child that was born followed, which nobody has told us of. */
static void let_go(pid_t pid, int status)
{
	if (WIFSTOPPED(status))
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

bool settle_children(unsigned timeout_ms, char *where, size_t size)
{
	unsigned begin = now_ms();
	bool clean = true;
	pid_t pids[64];

	for (;;) {
		int status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
			let_go(pid, status);
		if (pid < 0 && errno == ECHILD)
			return clean;
		if (now_ms() - begin > timeout_ms) {
			size_t n = children(pids, 64);

			for (size_t i = 0; i < n; i++) {
				if (clean)
					describe(pids[i], where, size);
				kill(pids[i], SIGKILL);
			}
			clean = false;
			if (now_ms() - begin > timeout_ms + 5000)
				return false;
		}
		usleep(300);
	}
}

/* Who is still followed goes on by itself. */
static void release(struct tracing *t)
{
	for (size_t i = 0; i < t->n; i++) {
		pid_t pid = t->tracees[i].pid;
		unsigned begin = now_ms();
		int status;

		if (!t->tracees[i].waits) {
			ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
			/* It may be in a system call that is about to end, or dead. */
			while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR && now_ms() - begin < 2000)
				;
			if (WIFEXITED(status) || WIFSIGNALED(status))
				continue;
		}
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
	t->n = 0;
}

static void hang(struct tracing *t)
{
	t->out->hung = true;
	for (size_t i = 0; i < t->n; i++)
		describe(t->tracees[i].pid, t->out->where, sizeof(t->out->where));
	kill(t->root, SIGKILL);
	for (size_t i = 0; i < t->n; i++)
		kill(t->tracees[i].pid, SIGKILL);
}

/* Between a call that was replaced and its result nobody may be let go. */
static bool is_skipping(const struct tracing *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->tracees[i].skipping)
			return true;
	return false;
}

static bool has_keepers(const struct tracing *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_keeper(&t->tracees[i]))
			return true;
	return false;
}

static void follow(struct tracing *t, unsigned timeout_ms)
{
	unsigned begin = now_ms();

	while (!t->ended || is_skipping(t) || has_keepers(t)) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno != EINTR)
			break;
		if (pid < 0) {
			if (!t->out->hung && now_ms() - begin > timeout_ms)
				hang(t);
			continue;
		}
		if (WIFSTOPPED(status)) {
			on_stop(t, pid, status);
			continue;
		}
		forget(t, pid);
		if (pid == t->root) {
			t->ended = true;
			t->out->status = status;
			t->out->ms = now_ms() - begin;
		}
	}
}

static int attach(struct tracing *t, pid_t pid, enum role role)
{
	struct tracee *p;

	if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(long)OPTIONS) < 0)
		return fprintf(stderr, "faults: follow process %d: %s\n", pid, strerror(errno)), -1;
	p = add(t, pid);
	p->known = true;
	p->role = role;
	return 0;
}

int inject(const struct command *command, const struct fault *fault, struct record *record, struct outcome *ret)
{
	struct tracing t = {.fault = fault, .record = record, .out = ret, .keeps = command->keeps};
	int go[2];

	*ret = (struct outcome){0};
	if (record)
		memset(record->n, 0, sizeof(record->n));
	if (pipe2(go, O_CLOEXEC) < 0)
		return fprintf(stderr, "faults: make a pipe: %s\n", strerror(errno)), -1;
	t.root = fork();
	if (t.root == 0)
		become(command, go[0]);
	close(go[0]);
	start_ticking(true);
	if (t.root < 0 || attach(&t, t.root, RUNTIME) < 0)
		return -1;
	/* What init waits in starts anew when it was interrupted: as a call that is counted. */
	if (command->waiting && attach(&t, command->waiting, INIT) == 0) {
		find(&t, command->waiting)->own = true;
		ptrace(PTRACE_INTERRUPT, command->waiting, NULL, NULL);
	}
	if (write(go[1], "", 1) != 1)
		return -1;
	close(go[1]);
	follow(&t, command->timeout_ms);
	release(&t);
	start_ticking(false);
	return 0;
}

int run_plain(const struct command *command, struct outcome *ret)
{
	unsigned begin = now_ms();
	pid_t pid = fork();

	*ret = (struct outcome){0};
	if (pid == 0)
		become(command, -1);
	start_ticking(true);
	for (pid_t who; (who = waitpid(-1, &ret->status, __WALL)) != pid;) {
		if (who > 0) {
			let_go(who, ret->status);
		} else if (errno != EINTR) {
			break;
		} else if (!ret->hung && now_ms() - begin > command->timeout_ms) {
			describe(pid, ret->where, sizeof(ret->where));
			ret->hung = true;
			kill(pid, SIGKILL);
		}
	}
	start_ticking(false);
	ret->ms = now_ms() - begin;
	return pid < 0 ? -1 : 0;
}
