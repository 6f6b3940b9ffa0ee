/*
 * floor ROOTFS PROGRAM v1|v2 DIR... - the minimal bundle as a program that knows everything
 * beforehand: only the kernel calls that such a container cannot do without, one after the other,
 * by path.  No configuration is read, nothing is checked, nothing is written down.  What a runtime
 * takes beyond this is its own doing.
 *
 * v1: the child joins a new group in each DIR by writing "0" to its tasks; v2: it is born in one.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0) {                                                                  \
			dprintf(2, "floor: %s: %s\n", #call, strerror(errno));                     \
			_exit(125);                                                                \
		}                                                                                  \
	} while (0)

static char groups[32][256];
static int n_groups;

static void put(const char *dir, const char *file, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	MUST(fd);
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

/* A cpuset without processors and memory takes nobody. */
static void inherit(const char *parent, const char *group, const char *file)
{
	char path[512], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", parent, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(fd);
	n = read(fd, text, sizeof(text) - 1);
	MUST(n);
	text[n] = '\0';
	close(fd);
	put(group, file, text);
}

static void make_groups(char **dirs)
{
	for (; *dirs && n_groups < 32; dirs++) {
		char *group = groups[n_groups++];

		snprintf(group, sizeof(groups[0]), "%s/floor-%d", *dirs, getpid());
		MUST(mkdir(group, 0755));
		if (strstr(*dirs, "/cpuset")) {
			inherit(*dirs, group, "cpuset.cpus");
			inherit(*dirs, group, "cpuset.mems");
		}
	}
}

static void loopback_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	MUST(s);
	MUST(ioctl(s, SIOCSIFFLAGS, &r));
	close(s);
}

static void mounts(void)
{
	const unsigned long plain = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	MUST(mount("proc", "proc", "proc", plain, NULL));
	MUST(mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"));
	MUST(mkdir("dev/pts", 0755));
	MUST(mkdir("dev/shm", 0755));
	MUST(mkdir("dev/mqueue", 0755));
	MUST(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		   "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	MUST(mount("shm", "dev/shm", "tmpfs", plain, "mode=1777,size=65536k"));
	MUST(mount("mqueue", "dev/mqueue", "mqueue", plain, NULL));
	MUST(mount("sysfs", "sys", "sysfs", plain | MS_RDONLY, NULL));
}

static void devices(void)
{
	static const struct {
		const char *path;
		int major, minor;
	} nodes[] = {
		{"dev/null",    1, 3},
                {"dev/zero",    1, 5},
                {"dev/full",    1, 7},
		{"dev/random",  1, 8},
                {"dev/urandom", 1, 9},
                {"dev/tty",     5, 0},
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		MUST(mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	MUST(symlink("/proc/self/fd", "dev/fd"));
	MUST(symlink("/proc/self/fd/0", "dev/stdin"));
	MUST(symlink("/proc/self/fd/1", "dev/stdout"));
	MUST(symlink("/proc/self/fd/2", "dev/stderr"));
	MUST(symlink("pts/ptmx", "dev/ptmx"));
}

static void hide(void)
{
	static const char *const masked[] = {"proc/acpi", "proc/kcore", "proc/keys",
					     "proc/timer_list", "sys/firmware"};
	static const char *const fixed[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys",
					    "proc/sysrq-trigger"};

	/* Some are directories, some files, some not there: the kernel tells. */
	for (size_t i = 0; i < sizeof(masked) / sizeof(*masked); i++)
		if (mount("dev/null", masked[i], NULL, MS_BIND, NULL) < 0 && errno == ENOTDIR)
			MUST(mount("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k"));
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (mount(fixed[i], fixed[i], NULL, MS_BIND | MS_REC, NULL) == 0)
			MUST(mount(fixed[i], fixed[i], NULL,
				   MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV |
					   MS_NOEXEC,
				   NULL));
}

static void privileges(void)
{
	const unsigned keep = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct set[2] = {
		{keep, keep, 0},
                {0,    0,    0}
        };

	for (unsigned c = 0; c < 64; c++)
		if ((c > 31 || !(keep & 1u << c)) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 &&
		    errno == EINVAL)
			break;
	MUST(syscall(SYS_setgroups, 0, NULL));
	MUST(syscall(SYS_setresgid, 0, 0, 0));
	MUST(syscall(SYS_setresuid, 0, 0, 0));
	MUST(syscall(SYS_capset, &head, set));
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static void child(const char *rootfs, const char *program, int v1)
{
	for (int i = 0; v1 && i < n_groups; i++)
		put(groups[i], "tasks", "0");
	MUST(setsid());
	loopback_up();
	MUST(mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL));
	MUST(mount(rootfs, rootfs, NULL, MS_BIND, NULL));
	MUST(chdir(rootfs));
	umask(0);
	mounts();
	devices();
	hide();
	MUST(mount(NULL, rootfs, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	MUST(syscall(SYS_pivot_root, ".", "."));
	MUST(umount2(".", MNT_DETACH));
	MUST(chdir("/"));
	umask(022);
	MUST(sethostname("box", 3));
	privileges();
	execl(program, program, (char *)NULL);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct clone_args a = {.exit_signal = SIGCHLD};
	int v1, fd = -1, status;
	pid_t pid;

	if (argc < 5)
		return 125;
	v1 = strcmp(argv[3], "v1") == 0;
	make_groups(argv + 4);
	a.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET;
	if (!v1) {
		fd = open(groups[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
		MUST(fd);
		a.flags |= CLONE_INTO_CGROUP | CLONE_NEWCGROUP;
		a.cgroup = fd;
	}
	pid = syscall(SYS_clone3, &a, sizeof(a));
	MUST(pid);
	if (pid == 0)
		child(argv[1], argv[2], v1);
	MUST(waitpid(pid, &status, 0));
	for (int i = 0; i < n_groups; i++)
		while (rmdir(groups[i]) < 0 && errno == EBUSY)
			usleep(200);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
