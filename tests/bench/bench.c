/*
 * bench [-f] [-n ROUNDS] [-w WARMUPS] [-p PAUSE_MS] [-m MOUNTS:DIRECTORY] -- NAME COMMAND... [--
 * NAME...]...
 *
 * Measures contenders beside each other.  Each round runs every contender once, in an order that is
 * drawn anew, so that whatever the machine does meanwhile, and what one start leaves to the
 * kernel's workers, hits all alike.  A contender is one command or several, with "," between them,
 * that count as one; the command "@wait" waits for an orphan of theirs, as an engine waits for the
 * container that `create` left to it, and what comes before "@begin" only prepares and is not measured.
 *
 *   -f                    starts by fork, for honest peaks (below); the times are not for use then
 *   -p PAUSE_MS           rests before each contender
 *   -m MOUNTS:DIRECTORY   in a mount namespace with that many more mounts, below DIRECTORY
 *
 * Prints a line for each: name, median and minimum in microseconds, peak RSS in KiB (of the largest
 * process, as wait4 tells it) and minor faults (of all processes), separated by tabs.  The kernel
 * begins a process's peak with that of the memory it had before exec: all of ours after
 * posix_spawn, the few written pages of it after fork.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CONTENDERS_MAX 16
#define COMMANDS_MAX   8

struct sample {
	double us;
	long peak; /* KiB */
	long faults;
};

struct contender {
	const char *name;
	char **commands[COMMANDS_MAX];
	int n_commands;
	struct sample *samples;
};

static struct contender contenders[CONTENDERS_MAX];
static int n_contenders;
static int rounds = 100, warmups = 3, pause_ms, by_fork;
static posix_spawn_file_actions_t no_input_or_output;

static void die(const char *what, const char *object)
{
	fprintf(stderr, "bench: %s %s: %s\n", what, object, strerror(errno));
	exit(2);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void rest(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- one start ---- */

static pid_t fork_and_exec(char **command)
{
	pid_t pid = fork();
	int null;

	if (pid < 0)
		die("start", command[0]);
	if (pid > 0)
		return pid;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	execv(command[0], command);
	_exit(127);
}

static pid_t spawn(char **command)
{
	pid_t pid;

	if (by_fork)
		return fork_and_exec(command);
	errno = posix_spawn(&pid, command[0], &no_input_or_output, NULL, command, environ);
	if (errno)
		die("start", command[0]);
	return pid;
}

static void run_command(const struct contender *c, char **command, struct sample *sample)
{
	pid_t pid = strcmp(command[0], "@wait") == 0 ? -1 : spawn(command);
	struct rusage usage;
	int status;

	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			die("wait for", command[0]);
	if (status) {
		fprintf(stderr, "bench: %s: %s %s ended with %s %d\n", c->name, command[0],
			command[1] ? command[1] : "", WIFEXITED(status) ? "exit code" : "signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
		exit(1);
	}
	sample->faults += usage.ru_minflt;
	if (usage.ru_maxrss > sample->peak)
		sample->peak = usage.ru_maxrss;
}

static struct sample measure(const struct contender *c)
{
	struct sample sample = {0};
	double begin;

	rest(pause_ms);
	begin = now_us();
	for (int i = 0; i < c->n_commands; i++) {
		if (strcmp(c->commands[i][0], "@begin") != 0) {
			run_command(c, c->commands[i], &sample);
			continue;
		}
		sample = (struct sample){0};
		begin = now_us();
	}
	sample.us = now_us() - begin;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return sample;
}

/* ---- all of them ---- */

static void shuffle(int *order, int n)
{
	for (int i = n - 1; i > 0; i--) {
		int j = rand() % (i + 1), other = order[j];

		order[j] = order[i];
		order[i] = other;
	}
}

static void measure_all(void)
{
	int order[CONTENDERS_MAX];

	for (int i = 0; i < n_contenders; i++)
		order[i] = i;
	for (int round = -warmups; round < rounds; round++) {
		shuffle(order, n_contenders);
		for (int i = 0; i < n_contenders; i++) {
			struct contender *c = &contenders[order[i]];
			struct sample sample = measure(c);

			if (round >= 0)
				c->samples[round] = sample;
		}
	}
}

static int by_time(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->us, y = ((const struct sample *)b)->us;

	return (x > y) - (x < y);
}

static int by_peak(const void *a, const void *b)
{
	return (int)(((const struct sample *)a)->peak - ((const struct sample *)b)->peak);
}

static int by_faults(const void *a, const void *b)
{
	return (int)(((const struct sample *)a)->faults - ((const struct sample *)b)->faults);
}

static void print_result(struct contender *c)
{
	const struct sample *middle = &c->samples[rounds / 2];
	double median, min;
	long peak;

	qsort(c->samples, (size_t)rounds, sizeof(*c->samples), by_time);
	median = rounds % 2 ? middle->us : (middle[-1].us + middle->us) / 2;
	min = c->samples[0].us;
	qsort(c->samples, (size_t)rounds, sizeof(*c->samples), by_peak);
	peak = middle->peak;
	qsort(c->samples, (size_t)rounds, sizeof(*c->samples), by_faults);
	printf("%s\t%.0f\t%.0f\t%ld\t%ld\n", c->name, median, min, peak, middle->faults);
}

/* ---- the command line ---- */

static void add_mounts(const char *argument)
{
	char *end, path[512];
	long n = strtol(argument, &end, 10);
	const char *directory = end + 1;

	if (*end != ':' || unshare(CLONE_NEWNS) < 0)
		die("make a mount namespace for", argument);
	if (mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0 ||
	    mount("tmpfs", directory, "tmpfs", 0, NULL) < 0)
		die("mount tmpfs on", directory);
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%ld", directory, i);
		if (mkdir(path, 0755) < 0 || mount(path, path, NULL, MS_BIND, NULL) < 0)
			die("mount", path);
	}
}

/* Commands end at "," or "--": both become the NULL that ends an argv. */
static void read_contender(char **arg)
{
	struct contender *c = &contenders[n_contenders++];

	c->name = *arg++;
	c->samples = calloc((size_t)rounds, sizeof(*c->samples));
	while (*arg && strcmp(*arg, "--") != 0 && c->n_commands < COMMANDS_MAX) {
		c->commands[c->n_commands++] = arg;
		while (*arg && strcmp(*arg, ",") != 0 && strcmp(*arg, "--") != 0)
			arg++;
		if (*arg && strcmp(*arg, ",") == 0)
			*arg++ = NULL;
	}
}

static void read_contenders(char **arg)
{
	char **next;

	for (; *arg; arg = next) {
		for (next = arg; *next && strcmp(*next, "--") != 0; next++)
			;
		if (n_contenders == CONTENDERS_MAX || next - arg < 2) {
			fputs("bench: a contender is a name and commands, and there may be 16\n",
			      stderr);
			exit(2);
		}
		read_contender(arg);
		if (*next)
			*next++ = NULL;
	}
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+fn:w:p:m:")) != -1)
		switch (option) {
		case 'f':
			by_fork = 1;
			break;
		case 'n':
			rounds = atoi(optarg) > 0 ? atoi(optarg) : 1;
			break;
		case 'w':
			warmups = atoi(optarg);
			break;
		case 'p':
			pause_ms = atoi(optarg);
			break;
		case 'm':
			add_mounts(optarg);
			break;
		default:
			return 2;
		}
	read_contenders(argv + optind);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("become", "the parent of orphans");
	posix_spawn_file_actions_init(&no_input_or_output);
	posix_spawn_file_actions_addopen(&no_input_or_output, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&no_input_or_output, 1, "/dev/null", O_WRONLY, 0);
	measure_all();
	for (int i = 0; i < n_contenders; i++)
		print_result(&contenders[i]);
	return 0;
}
