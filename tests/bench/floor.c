/*
 * floor [-2] ROOTFS ID NAME=DIRECTORY... - what a container costs at least.
 *
 * A start as the config of `crun-lite spec` describes it, made of nothing but the system calls that
 * it cannot do without, one after the other: no config is read, no state is kept, no path is
 * checked, nothing is undone.  It is what the time of a runtime is compared with, not how one
 * may be written: every path is followed as it is.
 *
 * NAME=DIRECTORY: a cgroup hierarchy and the directory in it where the group ID is made; one v2
 * hierarchy with -2 (born in the group), any number of v1 hierarchies without (the process moves
 * itself).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define HIERARCHIES_MAX 32
#define NAMESPACES      (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define CAPABILITIES    (1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE)
#define QUIET           (MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define array_size(a)   (sizeof(a) / sizeof((a)[0]))

struct hierarchy {
	const char *name;
	const char *parent;
	char group[512];
};

static struct hierarchy hierarchies[HIERARCHIES_MAX];
static size_t n_hierarchies;

/* ---- what the config asks for ---- */

static const struct {
	const char *type, *target;
	unsigned long flags;
	const char *data;
	int made; /* the target is on a tmpfs that was mounted just now */
} mounts[] = {
	{"proc",   "proc",       0,                          NULL,                                         0},
	{"tmpfs",  "dev",        MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k",                       0},
	{"devpts", "dev/pts",    MS_NOSUID | MS_NOEXEC,      "newinstance,ptmxmode=0666,mode=0620,gid=5",  1},
	{"tmpfs",  "dev/shm",    QUIET,                      "mode=1777,size=65536k",                      1},
	{"mqueue", "dev/mqueue", QUIET,                      NULL,                                         1},
	{"sysfs",  "sys",        QUIET | MS_RDONLY,          NULL,                                         0},
};

static const struct {
	const char *path;
	unsigned major, minor;
} nodes[] = {
	{"dev/null",    1, 3},
	{"dev/zero",    1, 5},
	{"dev/full",    1, 7},
	{"dev/random",  1, 8},
	{"dev/urandom", 1, 9},
	{"dev/tty",     5, 0},
};

static const struct {
	const char *path, *target;
} links[] = {
	{"dev/fd",     "/proc/self/fd"  },
	{"dev/stdin",  "/proc/self/fd/0"},
	{"dev/stdout", "/proc/self/fd/1"},
	{"dev/stderr", "/proc/self/fd/2"},
	{"dev/core",   "/proc/kcore"    },
	{"dev/ptmx",   "pts/ptmx"       },
};

static const struct {
	const char *path;
	int directory;
} masked[] = {
	{"proc/acpi",                    1},
	{"proc/asound",                  1},
	{"proc/kcore",                   0},
	{"proc/keys",                    0},
	{"proc/latency_stats",           0},
	{"proc/timer_list",              0},
	{"proc/timer_stats",             0},
	{"proc/sched_debug",             0},
	{"proc/scsi",                    1},
	{"sys/firmware",                 1},
	{"sys/devices/virtual/powercap", 1},
};

static const char *const readonly[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
				       "proc/sysrq-trigger"};

/* config-linux.md "Default Devices", and making any node: what is allowed after all was denied. */
static const struct {
	char type;        /* 0 = both */
	int major, minor; /* -1 = all */
	const char *access;
} devices[] = {
	{'c', -1,  -1,  "m"  },
	{'b', -1,  -1,  "m"  },
	{'c', 1,   3,   "rwm"},
	{'c', 1,   5,   "rwm"},
	{'c', 1,   7,   "rwm"},
	{'c', 1,   8,   "rwm"},
	{'c', 1,   9,   "rwm"},
	{'c', 5,   0,   "rwm"},
	{'c', 5,   1,   "rwm"},
	{'c', 5,   2,   "rwm"},
	{'c', 136, -1,  "rwm"},
	{'c', 10,  200, "rwm"},
};

/* ---- words ---- */

static long must(long r, const char *what, const char *object)
{
	if (r >= 0)
		return r;
	fprintf(stderr, "floor: %s %s: %s\n", what, object, strerror(errno));
	_exit(125);
}

static const char *below(const char *directory, const char *name)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_text(const char *path, const char *text)
{
	int fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), "open", path);

	must(write(fd, text, strlen(text)), "write", path);
	close(fd);
}

/* ---- the group ---- */

/* A new cpuset group has no processor and no memory node: it can hold no process. */
static void copy_cpuset(const struct hierarchy *h, const char *name)
{
	char text[4096];
	int fd = (int)must(open(below(h->parent, name), O_RDONLY | O_CLOEXEC), "open", name);
	long n = must(read(fd, text, sizeof(text) - 1), "read", name);

	close(fd);
	text[n] = '\0';
	write_text(below(h->group, name), text);
}

static void limit_devices_v1(const struct hierarchy *h)
{
	const char *path;
	int fd;

	write_text(below(h->group, "devices.deny"), "a");
	path = below(h->group, "devices.allow");
	fd = (int)must(open(path, O_WRONLY | O_CLOEXEC), "open", path);
	for (size_t i = 0; i < array_size(devices); i++) {
		char rule[64], major[12] = "*", minor[12] = "*";

		if (devices[i].major >= 0)
			snprintf(major, sizeof(major), "%d", devices[i].major);
		if (devices[i].minor >= 0)
			snprintf(minor, sizeof(minor), "%d", devices[i].minor);
		snprintf(rule, sizeof(rule), "%c %s:%s %s", devices[i].type, major, minor,
			 devices[i].access);
		must(write(fd, rule, strlen(rule)), "allow", rule);
	}
	close(fd);
}

#define LOAD(to, field)                                                                            \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		BPF_LDX | BPF_MEM | BPF_W, to, BPF_REG_1,                                          \
			offsetof(struct bpf_cgroup_dev_ctx, field), 0                              \
	}
#define SKIP_UNLESS_EQUAL(reg, value, n)                                                           \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		BPF_JMP | BPF_JNE | BPF_K, reg, 0, n, value                                        \
	}
#define RETURN_INSTRUCTIONS 2

static size_t put_return(struct bpf_insn *at, int value)
{
	at[0] = (struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value};
	at[1] = (struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
	return RETURN_INSTRUCTIONS;
}

/* On v2 the rules are a program, asked with access << 16 | type, major, minor. */
static void limit_devices_v2(int group)
{
	struct bpf_insn code[8 + 8 * array_size(devices)];
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE}, attach = {0};
	size_t n = 0;

	code[n++] = LOAD(BPF_REG_2, access_type);
	code[n++] = (struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0};
	code[n++] = (struct bpf_insn){BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff};
	code[n++] = (struct bpf_insn){BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16};
	code[n++] = LOAD(BPF_REG_4, major);
	code[n++] = LOAD(BPF_REG_5, minor);
	for (size_t i = 0; i < array_size(devices); i++) {
		int type = devices[i].type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
		int major = devices[i].major, minor = devices[i].minor;
		int only_make = strcmp(devices[i].access, "m") == 0;
		short left = (short)(only_make + (major >= 0) + (minor >= 0) + RETURN_INSTRUCTIONS);

		code[n++] = SKIP_UNLESS_EQUAL(BPF_REG_2, type, left--);
		if (only_make)
			code[n++] = SKIP_UNLESS_EQUAL(BPF_REG_3, BPF_DEVCG_ACC_MKNOD, left--);
		if (major >= 0)
			code[n++] = SKIP_UNLESS_EQUAL(BPF_REG_4, major, left--);
		if (minor >= 0)
			code[n++] = SKIP_UNLESS_EQUAL(BPF_REG_5, minor, left--);
		n += put_return(code + n, 1);
	}
	n += put_return(code + n, 0);
	load.insns = (uintptr_t)code;
	load.insn_cnt = (unsigned)n;
	load.license = (uintptr_t) "Apache-2.0";
	attach.target_fd = (unsigned)group;
	attach.attach_type = BPF_CGROUP_DEVICE;
	attach.attach_bpf_fd = (unsigned)must(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)),
					      "load", "device rules");
	must(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)), "attach", "device rules");
}

static void make_groups(const char *id)
{
	for (size_t i = 0; i < n_hierarchies; i++) {
		struct hierarchy *h = &hierarchies[i];

		snprintf(h->group, sizeof(h->group), "%s/%s", h->parent, id);
		must(mkdir(h->group, 0755), "mkdir", h->group);
		if (strcmp(h->name, "cpuset") == 0) {
			copy_cpuset(h, "cpuset.cpus");
			copy_cpuset(h, "cpuset.mems");
		}
		if (strcmp(h->name, "devices") == 0)
			limit_devices_v1(h);
	}
}

static void remove_groups(void)
{
	for (size_t i = 0; i < n_hierarchies; i++)
		while (rmdir(hierarchies[i].group) < 0)
			must(errno == EBUSY ? 0 : -1, "rmdir", hierarchies[i].group);
}

/* ---- the container ---- */

static void seal(const char *path, unsigned long flags)
{
	must(mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | flags, NULL), "remount",
	     path);
}

static void mount_groups(int v2)
{
	if (v2) {
		must(mount("cgroup", "sys/fs/cgroup", "cgroup2", QUIET | MS_RDONLY, NULL), "mount",
		     "cgroup2");
		return;
	}
	must(mount("tmpfs", "sys/fs/cgroup", "tmpfs", QUIET, "mode=755"), "mount", "cgroup");
	for (size_t i = 0; i < n_hierarchies; i++) {
		const char *target = below("sys/fs/cgroup", hierarchies[i].name);

		must(mkdir(target, 0755), "mkdir", target);
		must(mount(hierarchies[i].group, target, NULL, MS_BIND, NULL), "bind", target);
		seal(target, QUIET);
	}
	seal("sys/fs/cgroup", QUIET);
}

static void fill_dev(void)
{
	for (size_t i = 0; i < array_size(nodes); i++)
		must(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)),
		     "mknod", nodes[i].path);
	for (size_t i = 0; i < array_size(links); i++)
		must(symlink(links[i].target, links[i].path), "symlink", links[i].path);
}

/* One read-only tmpfs hides every directory. */
static void mask_paths(void)
{
	const char *first = NULL;

	for (size_t i = 0; i < array_size(masked); i++) {
		const char *path = masked[i].path;
		int r;

		if (!masked[i].directory)
			r = mount("dev/null", path, NULL, MS_BIND, NULL);
		else if (first)
			r = mount(first, path, NULL, MS_BIND, NULL);
		else
			r = mount("tmpfs", path, "tmpfs", QUIET | MS_RDONLY, "nr_blocks=1");
		must(r < 0 && errno == ENOENT ? 0 : r, "mask", path);
		if (r == 0 && masked[i].directory && !first)
			first = path;
	}
	for (size_t i = 0; i < array_size(readonly); i++) {
		int r = mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL);

		must(r < 0 && errno == ENOENT ? 0 : r, "bind", readonly[i]);
		if (r == 0)
			seal(readonly[i], 0);
	}
}

static void fill_root(const char *rootfs, int v2)
{
	must(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL), "make private", "/");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL), "bind", rootfs);
	must(chdir(rootfs), "chdir", rootfs);
	umask(0);
	for (size_t i = 0; i < array_size(mounts); i++) {
		if (mounts[i].made)
			must(mkdir(mounts[i].target, 0755), "mkdir", mounts[i].target);
		must(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			   mounts[i].data),
		     "mount", mounts[i].target);
	}
	mount_groups(v2);
	fill_dev();
	mask_paths();
	seal(".", 0);
	must(syscall(SYS_pivot_root, ".", "."), "pivot_root", rootfs);
	must(umount2(".", MNT_DETACH), "umount2", "the old root");
	must(chdir("/"), "chdir", "/");
}

static void become_user(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {
		{.effective = CAPABILITIES, .permitted = CAPABILITIES}
        };
	const struct rlimit files = {1024, 1024};

	umask(022);
	must(setrlimit(RLIMIT_NOFILE, &files), "setrlimit", "NOFILE");
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(CAPABILITIES >> cap & 1))
			must(prctl(PR_CAPBSET_DROP, cap), "drop", "capability");
	must(setgroups(0, NULL), "setgroups", "none");
	must(syscall(SYS_capset, &header, sets), "capset", "");
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set", "no_new_privs");
}

static void run_container(const char *rootfs, int v2)
{
	char *const argv[] = {(char[]){"/bin/true"}, NULL};
	char *const envp[] = {(char[]){"PATH=/bin"}, (char[]){"TERM=xterm"}, (char[]){"HOME=/root"},
			      NULL};

	if (!v2) {
		for (size_t i = 0; i < n_hierarchies; i++)
			write_text(below(hierarchies[i].group, "tasks"), "0");
		must(unshare(CLONE_NEWCGROUP), "unshare", "cgroup");
	}
	fill_root(rootfs, v2);
	must(sethostname("crun-lite", 9), "sethostname", "");
	become_user();
	execve(argv[0], argv, envp);
	must(-1, "execute", argv[0]);
}

static void read_hierarchies(char **args)
{
	for (; *args && n_hierarchies < HIERARCHIES_MAX; args++) {
		char *equals = strchr(*args, '=');

		if (!equals)
			must((errno = EINVAL, -1), "read", *args);
		*equals = '\0';
		hierarchies[n_hierarchies++] =
			(struct hierarchy){.name = *args, .parent = equals + 1};
	}
}

int main(int argc, char **argv)
{
	struct clone_args args = {.flags = NAMESPACES, .exit_signal = SIGCHLD};
	int v2 = argc > 1 && strcmp(argv[1], "-2") == 0, status;
	long pid;

	argv += v2;
	argc -= v2;
	if (argc < 3) {
		fputs("floor [-2] ROOTFS ID NAME=DIRECTORY...\n", stderr);
		return 2;
	}
	read_hierarchies(argv + 3);
	make_groups(argv[2]);
	if (v2) {
		int group = (int)must(open(hierarchies[0].group, O_PATH | O_DIRECTORY | O_CLOEXEC),
				      "open", "the group");

		limit_devices_v2((int)must(open(hierarchies[0].group, O_RDONLY | O_CLOEXEC), "open",
					   "the group"));
		args.flags |= CLONE_INTO_CGROUP | CLONE_NEWCGROUP;
		args.cgroup = (unsigned)group;
	}
	pid = must(syscall(SYS_clone3, &args, sizeof(args)), "clone", "");
	if (pid == 0)
		run_container(argv[1], v2);
	must(waitpid((pid_t)pid, &status, 0), "wait for", "the container");
	remove_groups();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
