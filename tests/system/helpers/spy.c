/*
 * spy SECONDS [ptrace] - what a process of the container learns of those that come into its pid namespace.
 *
 * Prints, once each: "caps NAME EFFECTIVE PERMITTED" of every process that appears, "fd LINK" and "exe LINK" of those whose
 * links it may read, "seized LINK" of those that ptrace(2) gives it, and "held LINK EFFECTIVE PERMITTED SECCOMP" of what they
 * were when they stood still, so that anything could have been done with them.  With `ptrace` that alone, and so sooner: of
 * each number that may be the next one.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Held: on an idle machine that is a second. */
#define ENOUGH 200

static char seen[256][256];
static unsigned n_seen, n_held;

static void once(const char *line)
{
	for (unsigned i = 0; i < n_seen; i++)
		if (strcmp(seen[i], line) == 0)
			return;
	if (n_seen < 256)
		snprintf(seen[n_seen++], sizeof(seen[0]), "%s", line);
	dprintf(1, "%s\n", line);
}

struct status {
	char name[64], effective[32], permitted[32], seccomp[8];
};

static struct status status_of(int pid)
{
	struct status s = {"?", "?", "?", "?"};
	char path[64], text[4096];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(text, sizeof(text), f)) {
		sscanf(text, "Name: %63s", s.name);
		sscanf(text, "CapEff: %31s", s.effective);
		sscanf(text, "CapPrm: %31s", s.permitted);
		sscanf(text, "Seccomp: %7s", s.seccomp);
	}
	if (f)
		fclose(f);
	return s;
}

static void caps(int pid)
{
	struct status s = status_of(pid);
	char line[256];

	snprintf(line, sizeof(line), "caps %s %s %s", s.name, s.effective, s.permitted);
	once(line);
}

static void hold(int pid)
{
	char path[64], link[200] = "?", line[300];
	struct status s;
	int status = 0;

	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return;
	s = status_of(pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (readlink(path, link, sizeof(link) - 1) >= 0) {
		snprintf(line, sizeof(line), "held %.150s %s %s %s", link, s.effective, s.permitted, s.seccomp);
		once(line);
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	n_held++;
}

static int link_of(const char *what, int pid, const char *file)
{
	char path[64], link[200] = "", line[256];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return 0;
	snprintf(line, sizeof(line), "%s %.200s", what, strncmp(link, "socket:", 7) && strncmp(link, "pipe:", 5) ? link : "stream");
	once(line);
	return 1;
}

static void seize(int pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
		link_of("seized", pid, "exe");
		hold(pid);
	}
}

static void look(int pid)
{
	char file[16];

	caps(pid);
	link_of("exe", pid, "exe");
	for (int fd = 0; fd < 64; fd++) {
		snprintf(file, sizeof(file), "fd/%d", fd);
		link_of("fd", pid, file);
	}
	seize(pid);
}

static void look_at_all(void)
{
	int self = getpid(), parent = getppid();
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int pid = atoi(e->d_name);

		if (pid > 1 && pid != self && pid != parent)
			look(pid);
	}
	if (d)
		closedir(d);
}

/* proc(5) loadavg ends with the number that was given last in this namespace. */
static void lie_in_wait(int loadavg)
{
	char text[128] = "";
	ssize_t n = pread(loadavg, text, sizeof(text) - 1, 0);
	const char *last = n > 0 ? strrchr(text, ' ') : NULL;
	int next = (last ? atoi(last) : 1) + 1;

	for (int round = 0; round < 64; round++)
		for (int pid = next - 1; pid < next + 3; pid++)
			if (pid > 1 && pid != getpid())
				seize(pid);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	int loadavg = argc > 2 ? open("/proc/loadavg", O_RDONLY | O_CLOEXEC) : -1;

	dprintf(1, "ready\n");
	while (time(NULL) < end && n_held < ENOUGH) {
		if (loadavg >= 0)
			lie_in_wait(loadavg);
		else
			look_at_all();
	}
	dprintf(1, "done\n");
	return 0;
}
