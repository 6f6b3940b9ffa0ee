/*
 * inspect [WHAT...] - what the program inside a container sees, as lines "what: value".
 * Without arguments everything.  Needs no /proc but for `fds` and `mounts`.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char **arguments;

static void show_ids(void)
{
	uid_t r, e, s;
	gid_t gr, ge, gs, groups[256];
	int n;

	getresuid(&r, &e, &s);
	getresgid(&gr, &ge, &gs);
	n = getgroups(256, groups);
	printf("uid: %u %u %u\ngid: %u %u %u\ngroups:", r, e, s, gr, ge, gs);
	for (int i = 0; i < n; i++)
		printf(" %u", groups[i]);
	puts("");
}

static void show_process(void)
{
	printf("pid: %d\nppid: %d\nsid: %d\npgid: %d\n", getpid(), getppid(), getsid(0),
	       getpgid(0));
	printf("nice: %d\n", getpriority(PRIO_PROCESS, 0));
	printf("dumpable: %d\n", prctl(PR_GET_DUMPABLE));
	printf("pdeathsig: %d\n", ({
		       int s = -1;
		       prctl(PR_GET_PDEATHSIG, &s);
		       s;
	       }));
}

static void show_umask(void)
{
	mode_t old = umask(0);

	umask(old);
	printf("umask: %04o\n", old);
}

static void show_cwd(void)
{
	char path[4096];

	/* Not libc's getcwd(), which hides "(unreachable)". */
	if (syscall(SYS_getcwd, path, sizeof(path)) < 0)
		printf("cwd: ! %s\n", strerrorname_np(errno));
	else
		printf("cwd: %s\n", path);
}

static void show_caps(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {0};
	unsigned long long bounding = 0, ambient = 0;

	syscall(SYS_capget, &head, d);
	for (int i = 0; i < 64; i++) {
		if (prctl(PR_CAPBSET_READ, i) == 1)
			bounding |= 1ull << i;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1)
			ambient |= 1ull << i;
	}
#define SET(f) ((unsigned long long)d[1].f << 32 | d[0].f)
	printf("effective: %llx\npermitted: %llx\ninheritable: %llx\n", SET(effective),
	       SET(permitted), SET(inheritable));
	printf("bounding: %llx\nambient: %llx\nsecurebits: %x\n", bounding, ambient,
	       (unsigned)prctl(PR_GET_SECUREBITS));
	printf("nnp: %d\nseccomp: %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       prctl(PR_GET_SECCOMP));
}

static void show_rlimits(void)
{
	static const char *const names[] = {
		"CPU",     "FSIZE", "DATA",  "STACK",      "CORE",     "RSS",  "NPROC",  "NOFILE",
		"MEMLOCK", "AS",    "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};

	for (int i = 0; i < 16; i++) {
		struct rlimit l;

		getrlimit(i, &l);
		printf("rlimit: %s %lld %lld\n", names[i], (long long)l.rlim_cur,
		       (long long)l.rlim_max);
	}
}

static void show_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	printf("blocked:");
	for (int i = 1; i < 65; i++)
		if (sigismember(&blocked, i) == 1)
			printf(" %d", i);
	printf("\nignored:");
	for (int i = 1; i < 65; i++) {
		struct { void (*handler)(int); unsigned long rest[4]; } a;

		/* libc keeps two of them for itself. */
		if (syscall(SYS_rt_sigaction, i, NULL, &a, 8) == 0 && a.handler == SIG_IGN)
			printf(" %d", i);
	}
	puts("");
}

static void show_tty(void)
{
	struct winsize w;
	struct stat st;
	int fd;

	for (int i = 0; i < 3; i++)
		printf("tty%d: %s\n", i, isatty(i) ? ttyname(i) ?: "?" : "no");
	if (ioctl(0, TIOCGWINSZ, &w) == 0)
		printf("winsize: %hux%hu\n", w.ws_row, w.ws_col);
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	printf("controlling: %s\n", fd >= 0 ? "yes" : strerrorname_np(errno));
	if (fstat(0, &st) == 0)
		printf("stdin: %o %d:%d owner %u:%u\n", st.st_mode, (int)(st.st_rdev >> 8),
		       (int)(st.st_rdev & 0xff), st.st_uid, st.st_gid);
	if (fd >= 0)
		close(fd);
}

static void show_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char path[300], to[4096];
		ssize_t n;

		if (e->d_name[0] == '.' || atoi(e->d_name) == dirfd(d))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
		n = readlink(path, to, sizeof(to) - 1);
		to[n < 0 ? 0 : n] = '\0';
		printf("fd: %s %s\n", e->d_name, to);
	}
	if (d)
		closedir(d);
}

/* One line for each: what sched_getattr, ioprio_get, personality and get_mempolicy say. */
static void show_scheduler(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = {0};
	long io = syscall(SYS_ioprio_get, 1, 0);

	syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0);
	printf("policy: %u\nflags: %llx\nschednice: %d\npriority: %u\n", a.policy, (unsigned long long)a.flags, a.nice,
	       a.priority);
	printf("deadline: %llu %llu %llu\n", (unsigned long long)a.runtime, (unsigned long long)a.deadline,
	       (unsigned long long)a.period);
	printf("ioprio: %ld %ld\n", io >> 13, io & 0x1fff);
}

static void show_personality(void)
{
	printf("personality: %x\n", (unsigned)personality(0xffffffff));
}

static void show_mempolicy(void)
{
	unsigned long nodes[16] = {0};
	int mode = -1;

	if (syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, NULL, 0) < 0)
		printf("mempolicy: ! %s\n", strerrorname_np(errno));
	else
		printf("mempolicy: %x %lx\n", mode, nodes[0]);
}

static void show_clocks(void)
{
	struct timespec t[2];

	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	clock_gettime(CLOCK_BOOTTIME, &t[1]);
	printf("monotonic: %lld\nboottime: %lld\n", (long long)t[0].tv_sec, (long long)t[1].tv_sec);
}

static void show_text(const char *label, const char *path)
{
	char *line = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		printf("%s: ! %s\n", label, strerrorname_np(errno));
	while (f && getline(&line, &size, f) > 0)
		printf("%s: %s", label, line);
	if (f)
		fclose(f);
	free(line);
}

static void show_oom(void)
{
	show_text("oom", "/proc/self/oom_score_adj");
}

static void show_label(void)
{
	show_text("label", access("/proc/self/attr/apparmor/current", F_OK) == 0 ? "/proc/self/attr/apparmor/current" : "/proc/self/attr/current");
}

static void show_mounts(void)
{
	show_text("mount", "/proc/self/mountinfo");
}

static void show_cgroup(void)
{
	show_text("cgroup", "/proc/self/cgroup");
}

static void show_env(void)
{
	for (char **e = environ; *e; e++)
		printf("env: %s\n", *e);
}

static void show_args(void)
{
	for (int i = 0; arguments[i]; i++)
		printf("arg%d: %s\n", i, arguments[i]);
}

static void show_uts(void)
{
	struct utsname u;
	char domain[256] = "";

	uname(&u);
	if (getdomainname(domain, sizeof(domain)) < 0)
		domain[0] = '\0';
	printf("hostname: %s\ndomainname: %s\nmachine: %s\n", u.nodename, domain, u.machine);
}

static void show_keyring(void)
{
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);

	if (id < 0)
		printf("keyring: ! %s\n", strerrorname_np(errno));
	else
		printf("keyring: %ld\n", id);
}

static void show_namespaces(void)
{
	static const char *const names[] = {"cgroup", "ipc",  "mnt",  "net",
					    "pid",    "time", "user", "uts"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char path[64], to[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		printf("ns: %s\n", to);
	}
}

static void show_affinity(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		printf("cpus: %d\n", CPU_COUNT(&set));
}

static const struct {
	const char *name;
	void (*show)(void);
} table[] = {
	{"affinity",   show_affinity  },
	{"args",       show_args      },
	{"caps",       show_caps      },
	{"cgroup",     show_cgroup    },
	{"clocks",     show_clocks    },
	{"cwd",        show_cwd       },
	{"env",        show_env       },
	{"fds",        show_fds       },
	{"ids",        show_ids       },
	{"keyring",    show_keyring   },
	{"label",      show_label     },
	{"mempolicy",  show_mempolicy },
	{"mounts",     show_mounts    },
	{"namespaces", show_namespaces},
	{"oom",        show_oom       },
	{"personality", show_personality},
	{"process",    show_process   },
	{"rlimits",    show_rlimits   },
	{"scheduler",  show_scheduler },
	{"signals",    show_signals   },
	{"tty",        show_tty       },
	{"umask",      show_umask     },
	{"uts",        show_uts       },
};

int main(int argc, char **argv)
{
	int known = 0;

	arguments = argv;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int wanted = argc < 2;

		for (int j = 1; j < argc; j++)
			wanted |= strcmp(argv[j], table[i].name) == 0;
		known += wanted;
		if (wanted)
			table[i].show();
	}
	return fflush(stdout) == 0 && known >= argc - 1 ? 0 : 125;
}
