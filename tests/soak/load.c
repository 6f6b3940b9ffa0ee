/*
 * load OPTION... - containers by the thousand: create, start, wait, delete, one after the other, some at a time, many alive at once; and
 * afterwards the host is as it was.
 *
 *   --runtime FILE  --root DIR  --bundle DIR (whose program ends at once)  --sleeper DIR (whose program stays)  --tag TEXT (of all IDs)
 *   --rounds N      in a row (20000)
 *   --parallel N    --at-once N     so many altogether, so many at a time (2000, 16)
 *   --alive N       at the same time (1000)
 *   --neighbours    others use this machine: times and the kernel's memory are told, and not judged
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* A command, or a container's end, that takes longer has failed. */
#define BOUND_S 20
/* The kernel frees much of a namespace and of a group some time later. */
#define SETTLE_S 30

static const char *runtime, *root, *bundle, *sleeper, *tag = "load";
static unsigned rounds = 20000, parallel = 2000, at_once = 16, alive = 1000, failed;
static bool neighbours;

static void say(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%s soak ", good ? "ok" : "not ok");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	failed += !good;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* ---- a command ---- */

static void too_long(int sig)
{
	static const char words[] = "not ok soak: a command or a container does not come to its end\n";

	(void)sig;
	if (write(STDOUT_FILENO, words, sizeof(words) - 1) < 0)
		_exit(3);
	_exit(2);
}

/* 0, or -1 with a line on stderr. */
static int run(const char *const *words)
{
	const char *argv[12] = {runtime, "--root", root};
	size_t n = 3;
	int status;
	pid_t pid;

	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	if (posix_spawn(&pid, runtime, NULL, NULL, (char **)argv, environ) != 0)
		return fprintf(stderr, "load: cannot execute %s\n", runtime), -1;
	alarm(BOUND_S);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return fprintf(stderr, "load: %s %s: status %#x\n", argv[3], argv[n - 1], status), -1;
}

/* The container's process is ours since create has ended. */
static int wait_for_container(void)
{
	int status;
	pid_t pid;

	alarm(BOUND_S);
	while ((pid = waitpid(-1, &status, 0)) < 0 && errno == EINTR)
		;
	alarm(0);
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Microseconds for all of it; 0: something failed. */
static uint64_t one(const char *id)
{
	uint64_t begin = now_us();
	int r = run((const char *[]){"create", "-b", bundle, id, NULL});

	if (r == 0)
		r = run((const char *[]){"start", id, NULL});
	if (r == 0)
		r = wait_for_container();
	if (r == 0)
		r = run((const char *[]){"delete", id, NULL});
	if (r == 0)
		return now_us() - begin;
	run((const char *[]){"delete", "--force", id, NULL});
	while (waitpid(-1, NULL, 0) > 0)
		;
	return 0;
}

/* ---- the host ---- */

enum { FDS, STATES, GROUPS, ALL_GROUPS, MOUNTS, KEYS, NETS, PIDS_NS, MNTS, TASKS, UNRECLAIMABLE, FACTS };

static const struct fact {
	const char *name;
	bool exact;             /* ours alone, and counted at once */
	const char *slab;
} facts[FACTS] = {
	[FDS] = {"open fds", true, NULL},
	[STATES] = {"files below --root", true, NULL},
	[GROUPS] = {"our control groups", true, NULL},
	[ALL_GROUPS] = {"control groups of the kernel, dying ones with them", false, NULL},
	[MOUNTS] = {"mounts", false, NULL},
	[KEYS] = {"keys", false, NULL},
	[NETS] = {"network namespaces", false, "net_namespace"},
	[PIDS_NS] = {"pid namespaces", false, "pid_namespace"},
	[MNTS] = {"mounts of all namespaces", false, "mnt_cache"},
	[TASKS] = {"tasks", false, "task_struct"},
	[UNRECLAIMABLE] = {"KiB of unreclaimable slabs", false, NULL},
};

struct host {
	long v[FACTS];
};

static long count_files(const char *path, const char *with, int depth)
{
	DIR *d = opendir(path);
	struct dirent *e;
	long n = 0;

	while (d && (e = readdir(d))) {
		char child[4096];

		/* What is cached is no container's. */
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || (!with && e->d_name[0] == '.'))
			continue;
		n += !with || strstr(e->d_name, with) != NULL;
		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR && depth > 0)
			n += count_files(child, with, depth - 1);
	}
	if (d)
		closedir(d);
	return n;
}

/* The sum of the numbers that `format` finds in the file's lines; -1: there is no such file. */
static long sum_lines(const char *path, const char *format)
{
	FILE *f = fopen(path, "re");
	char line[1024];
	long sum = 0, n;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!format)
			sum++;
		else if (sscanf(line, format, &n) == 1)
			sum += n;
	fclose(f);
	return sum;
}

/*
 * Objects that processors keep for the next use count as used in /proc/slabinfo: a thousand namespaces that ended at
 * once leave some hundreds of them.  They are given back first; what is counted then is in use.
 */
static void give_back(const char *slab)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", slab);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		fprintf(stderr, "load: %s: %m\n", path);
	close(fd);
}

static struct host look(void)
{
	struct host h;
	char format[64];

	h.v[FDS] = count_files("/proc/self/fd", "", 0);
	h.v[STATES] = count_files(root, NULL, 2);
	h.v[GROUPS] = count_files("/sys/fs/cgroup", tag, 3);
	h.v[ALL_GROUPS] = sum_lines("/proc/cgroups", "%*s %*d %ld");
	h.v[MOUNTS] = sum_lines("/proc/self/mountinfo", NULL);
	h.v[KEYS] = sum_lines("/proc/key-users", "%*s %ld");
	h.v[UNRECLAIMABLE] = sum_lines("/proc/meminfo", "SUnreclaim: %ld");
	for (int i = 0; i < FACTS; i++)
		if (facts[i].slab) {
			give_back(facts[i].slab);
			snprintf(format, sizeof(format), "%s %%ld", facts[i].slab);
			h.v[i] = sum_lines("/proc/slabinfo", format);
		}
	return h;
}

/* What a series of `n` may leave in the kernel's caches: a twentieth of an object for each container, 1 KiB of memory. */
static long allowed(int fact, unsigned n)
{
	return facts[fact].exact ? 0 : fact == UNRECLAIMABLE ? 8192 + (long)n : 30 + (long)n / 20;
}

static bool is_same(const struct host *before, const struct host *after, unsigned n)
{
	for (int i = 0; i < FACTS; i++)
		if (after->v[i] > before->v[i] + allowed(i, n) && (facts[i].exact || !neighbours))
			return false;
	return true;
}

static void compare(const char *series, const struct host *before, unsigned n)
{
	struct host after = look();
	char text[2000] = "";
	size_t at = 0;
	int s = 0;

	for (; s < SETTLE_S * 10 && !is_same(before, &after, n); s++) {
		usleep(100000);
		after = look();
	}
	for (int i = 0; i < FACTS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s %ld -> %ld", i ? ", " : "", facts[i].name, before->v[i], after.v[i]);
	say(is_same(before, &after, n), "%s: the host afterwards (%.1f s): %s", series, s / 10.0, text);
}

/* ---- in a row ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static double median_ms(uint64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return n ? (double)v[n / 2] / 1000 : 0;
}

static void in_a_row(void)
{
	uint64_t *took = calloc(rounds + 1, sizeof(*took)), begin;
	unsigned part = rounds >= 4000 ? 1000 : rounds / 4, bad = 0;
	struct host before;
	double first, last;
	char id[64];

	/* Caches of the kernel, of the runtime. */
	for (unsigned i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "%s-warm", tag);
		bad += one(id) == 0;
	}
	before = look();
	begin = now_us();
	for (unsigned i = 0; i < rounds; i++) {
		snprintf(id, sizeof(id), "%s-%u", tag, i);
		took[i] = one(id);
		bad += took[i] == 0;
	}
	begin = now_us() - begin;
	first = median_ms(took, part);
	last = median_ms(took + rounds - part, part);
	say(bad == 0, "%u in a row: %u failed, %.1f s, %.2f ms each", rounds, bad, (double)begin / 1e6, (double)begin / 1e3 / rounds);
	say(neighbours || last <= first * 1.10, "%u in a row: median of the first %u %.2f ms, of the last %u %.2f ms (%+.1f %%)%s", rounds, part, first, part,
	    last, (last / first - 1) * 100, neighbours ? ", beside others" : "");
	compare("in a row", &before, rounds);
	free(took);
}

/* ---- some at a time ---- */

static void work(unsigned number, unsigned n, unsigned *bad)
{
	char id[64];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%s-p%u-%u", tag, number, i);
		if (one(id) == 0)
			__atomic_fetch_add(bad, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static void side_by_side(void)
{
	unsigned *bad = mmap(NULL, sizeof(*bad), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), broken = 0;
	struct host before = look();
	uint64_t begin = now_us();
	int status;

	for (unsigned i = 0; i < at_once; i++)
		if (fork() == 0)
			work(i, parallel / at_once + (i < parallel % at_once), bad);
	while (wait(&status) > 0)
		broken += status != 0;
	begin = now_us() - begin;
	say(*bad == 0 && broken == 0, "%u, %u at a time: %u failed, %.1f s, %.2f ms each", parallel, at_once, *bad + broken, (double)begin / 1e6,
	    (double)begin / 1e3 / parallel);
	compare("at a time", &before, parallel);
}

/* ---- many alive ---- */

static unsigned count_running(void)
{
	char command[1200];
	unsigned n = 0;
	FILE *f;

	snprintf(command, sizeof(command), "%s --root %s list --format json | grep -o '\"status\": *\"running\"' | wc -l", runtime, root);
	f = popen(command, "re");
	if (!f || fscanf(f, "%u", &n) != 1)
		n = 0;
	if (f)
		pclose(f);
	return n;
}

static void all_alive(void)
{
	struct host before = look();
	long memory = sum_lines("/proc/meminfo", "MemAvailable: %ld");
	unsigned bad = 0, running;
	uint64_t begin = now_us(), made, listed, ended;
	char id[64];

	for (unsigned i = 0; i < alive; i++) {
		snprintf(id, sizeof(id), "%s-a%u", tag, i);
		bad += run((const char *[]){"create", "-b", sleeper, id, NULL}) < 0 || run((const char *[]){"start", id, NULL}) < 0;
	}
	made = now_us() - begin;
	memory -= sum_lines("/proc/meminfo", "MemAvailable: %ld");
	begin = now_us();
	running = count_running();
	listed = now_us() - begin;
	begin = now_us();
	for (unsigned i = 0; i < alive; i++) {
		snprintf(id, sizeof(id), "%s-a%u", tag, i);
		bad += run((const char *[]){"delete", "--force", id, NULL}) < 0;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	ended = now_us() - begin;
	while (wait(NULL) > 0)
		;
	say(bad == 0 && running == alive, "%u alive at once: %u failed, list says that %u run; %.2f ms to make one, %.0f ms to list them, %.2f ms to end one, %.0f KiB each",
	    alive, bad, running, (double)made / 1e3 / alive, (double)listed / 1e3, (double)ended / 1e3 / alive, (double)memory / alive);
	compare("alive at once", &before, alive);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"runtime", 1, NULL, 'r'}, {"root", 1, NULL, 'd'},    {"bundle", 1, NULL, 'b'}, {"sleeper", 1, NULL, 's'}, {"tag", 1, NULL, 't'},
		{"rounds", 1, NULL, 'n'},  {"parallel", 1, NULL, 'p'}, {"at-once", 1, NULL, 'o'}, {"alive", 1, NULL, 'a'}, {"neighbours", 0, NULL, 'N'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'r': runtime = optarg; break;
		case 'd': root = optarg; break;
		case 'b': bundle = optarg; break;
		case 's': sleeper = optarg; break;
		case 't': tag = optarg; break;
		case 'n': rounds = (unsigned)atoi(optarg); break;
		case 'p': parallel = (unsigned)atoi(optarg); break;
		case 'o': at_once = (unsigned)atoi(optarg) ?: 1; break;
		case 'a': alive = (unsigned)atoi(optarg); break;
		case 'N': neighbours = true; break;
		default: return 2;
		}
	if (!runtime || !root || !bundle || !sleeper)
		return 2;
	signal(SIGALRM, too_long);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (rounds)
		in_a_row();
	if (parallel)
		side_by_side();
	if (alive)
		all_alive();
	return failed != 0;
}
