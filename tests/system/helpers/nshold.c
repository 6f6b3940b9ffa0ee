/*
 * nshold FILE NAMESPACE... - makes new namespaces (cgroup ipc mnt net pid time user uts), writes the
 * pid whose /proc/PID/ns has them to FILE, and holds them until it is killed.
 * Hostname of a new uts namespace: "held".  The clocks of a new time namespace are a million seconds ahead.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *name;
	int flag;
} names[] = {
	{"cgroup", CLONE_NEWCGROUP},
        {"ipc",    CLONE_NEWIPC   },
        {"mnt",    CLONE_NEWNS    },
	{"net",    CLONE_NEWNET   },
        {"pid",    CLONE_NEWPID   },
        {"time",   CLONE_NEWTIME  },
        {"user",   CLONE_NEWUSER  },
	{"uts",    CLONE_NEWUTS   },
};

int main(int argc, char **argv)
{
	char temporary[4096];
	int flags = 0, status;
	pid_t parent = getpid(), pid;
	FILE *f;

	if (argc < 3)
		return 125;
	for (int i = 2; i < argc; i++)
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
			if (strcmp(argv[i], names[j].name) == 0)
				flags |= names[j].flag;
	if (unshare(flags) < 0) {
		perror("unshare");
		return 125;
	}
	if (flags & CLONE_NEWNS)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (flags & CLONE_NEWUTS)
		sethostname("held", 4);
	if (flags & CLONE_NEWTIME) {
		f = fopen("/proc/self/timens_offsets", "we");
		if (!f || fprintf(f, "monotonic 1000000 0\nboottime 1000000 0\n") < 0 || fclose(f) != 0)
			return 125;
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!(flags & CLONE_NEWPID) && getppid() != parent)
			_exit(0);
		for (;;)
			pause();
	}
	snprintf(temporary, sizeof(temporary), "%s.new", argv[1]);
	f = fopen(temporary, "we");
	if (!f)
		return 125;
	fprintf(f, "%d\n", pid);
	fclose(f);
	rename(temporary, argv[1]);
	waitpid(pid, &status, 0);
	return 0;
}
