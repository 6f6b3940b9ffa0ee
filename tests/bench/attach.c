/*
 * attach ID NAME=DIRECTORY... - what it costs a process to join a group in each of these v1 hierarchies.
 *
 * In each of 50 rounds one child joins by itself, as init does ("0" to the `tasks` that its parent opened), and another is
 * put there by its parent (its pid to `cgroup.procs`), as is usual; 20 ms apart, because the kernel's grace period
 * behind a move is only waited for after a rest.  Prints two lines: how, median in microseconds, tab between them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS          50
#define HIERARCHIES_MAX 32
#define REST_US         20000

static char groups[HIERARCHIES_MAX][512];
static int n_groups;

static int must(int result, const char *what, const char *object)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "attach: %s %s: %s\n", what, object, strerror(errno));
	for (int i = 0; i < n_groups; i++)
		rmdir(groups[i]);
	exit(1);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Groups inherit neither processors nor memory nodes. */
static void copy(const char *parent, const char *group, const char *file)
{
	char path[600], text[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", parent, file);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	close(fd);
	if (n <= 0)
		return;
	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = must(open(path, O_WRONLY), "open", path);
	must((int)write(fd, text, (size_t)n), "write to", path);
	close(fd);
}

static void make_groups(const char *id, char **args)
{
	for (; *args && n_groups < HIERARCHIES_MAX; args++) {
		const char *parent = strchr(*args, '=');
		char *group = groups[n_groups];

		if (!parent)
			must((errno = EINVAL, -1), "read", *args);
		snprintf(group, sizeof(groups[0]), "%s/%s", ++parent, id);
		must(mkdir(group, 0755), "mkdir", group);
		n_groups++;
		copy(parent, group, "cpuset.cpus");
		copy(parent, group, "cpuset.mems");
	}
}

static void open_files(const char *file, int *ret)
{
	char path[600];

	for (int i = 0; i < n_groups; i++) {
		snprintf(path, sizeof(path), "%s/%s", groups[i], file);
		ret[i] = must(open(path, O_WRONLY | O_CLOEXEC), "open", path);
	}
}

static double write_all(const int *fds, const char *word)
{
	double start = now_us();

	for (int i = 0; i < n_groups; i++)
		must((int)write(fds[i], word, strlen(word)), "join", groups[i]);
	return now_us() - start;
}

static double join(const int *fds, int by_itself)
{
	double *took = mmap(NULL, sizeof(*took), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), result;
	char word[16];
	int pipe_fds[2];
	pid_t pid;

	must(pipe2(pipe_fds, O_CLOEXEC), "make", "a pipe");
	pid = must(fork(), "fork", "");
	if (pid == 0) {
		if (by_itself)
			*took = write_all(fds, "0");
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], word, 1) < 0);  /* until the parent has moved us */
	}
	close(pipe_fds[0]);
	snprintf(word, sizeof(word), "%d", pid);
	if (!by_itself)
		*took = write_all(fds, word);
	close(pipe_fds[1]);
	must(waitpid(pid, NULL, 0), "wait for", "a child");
	result = *took;
	munmap(took, sizeof(*took));
	return result;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	double times[2][ROUNDS];
	int fds[2][HIERARCHIES_MAX];

	if (argc < 3) {
		fputs("attach ID NAME=DIRECTORY...\n", stderr);
		return 2;
	}
	make_groups(argv[1], argv + 2);
	open_files("cgroup.procs", fds[0]);
	open_files("tasks", fds[1]);
	for (int round = 0; round < ROUNDS; round++)
		for (int by_itself = 0; by_itself < 2; by_itself++) {
			usleep(REST_US);
			times[by_itself][round] = join(fds[by_itself], by_itself);
		}
	for (int by_itself = 1; by_itself >= 0; by_itself--) {
		qsort(times[by_itself], ROUNDS, sizeof(double), compare);
		printf("%s\t%.0f\n", by_itself ? "by itself" : "by its parent", times[by_itself][ROUNDS / 2]);
	}
	for (int i = 0; i < n_groups; i++)
		must(rmdir(groups[i]), "rmdir", groups[i]);
	return 0;
}
