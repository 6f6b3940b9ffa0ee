/*
 * spy SECONDS - what a process of the container learns of those that come into its pid namespace.
 *
 * Prints, once each: "caps NAME EFFECTIVE PERMITTED" of every process that appears, "fd LINK" and "exe LINK" of those whose
 * links it may read, "seized LINK" of those that ptrace(2) gives it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char seen[256][256];
static unsigned n_seen;

static void once(const char *line)
{
	for (unsigned i = 0; i < n_seen; i++)
		if (strcmp(seen[i], line) == 0)
			return;
	if (n_seen < 256)
		snprintf(seen[n_seen++], sizeof(seen[0]), "%s", line);
	dprintf(1, "%s\n", line);
}

static void caps(int pid)
{
	char path[64], text[4096], line[256], name[64] = "?", eff[32] = "?", prm[32] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(text, sizeof(text), f)) {
		sscanf(text, "Name: %63s", name);
		sscanf(text, "CapEff: %31s", eff);
		sscanf(text, "CapPrm: %31s", prm);
	}
	if (f)
		fclose(f);
	snprintf(line, sizeof(line), "caps %s %s %s", name, eff, prm);
	once(line);
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

static void look(int pid)
{
	char file[16];

	caps(pid);
	link_of("exe", pid, "exe");
	for (int fd = 0; fd < 64; fd++) {
		snprintf(file, sizeof(file), "fd/%d", fd);
		link_of("fd", pid, file);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
		link_of("seized", pid, "exe");
		ptrace(PTRACE_INTERRUPT, pid, 0, 0);
		waitpid(pid, NULL, __WALL);
		ptrace(PTRACE_DETACH, pid, 0, 0);
	}
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	int self = getpid();

	dprintf(1, "ready\n");
	while (time(NULL) < end) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d))) {
			int pid = atoi(e->d_name);

			if (pid > 1 && pid != self && pid != getppid())
				look(pid);
		}
		if (d)
			closedir(d);
	}
	dprintf(1, "done\n");
	return 0;
}
