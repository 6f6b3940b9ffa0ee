/*
 * bench [--rounds N] [--warm-up N] [--gap MS] FILE - times commands, interleaved: one of each a
 * round, in an order that turns, so that what the machine does meanwhile hits all alike.
 *
 * A line of FILE is NAME|COMMAND|COMMAND...: the commands' words are separated by blanks, they run
 * one after the other, and count together.  "@wait FILE" waits for the process whose pid is in
 * FILE, as an engine does (we are the subreaper).  No shell between: posix_spawn and wait4.
 *
 * Prints for each line: NAME, median ms, least ms, peak RSS in KiB (of a command and of what it
 * waited for), page faults, failures; separated by tabs.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINES_MAX    32
#define COMMANDS_MAX 8
#define WORDS_MAX    40

struct line {
	char *name;
	char *words[COMMANDS_MAX][WORDS_MAX + 1];
	int n;
	double *ms;
	long rss, faults, runs;
	int failures;
};

static struct line lines[LINES_MAX];
static int n_lines;
static posix_spawn_file_actions_t quiet;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void read_lines(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!f)
		exit(2);
	while (n_lines < LINES_MAX && getline(&text, &size, f) > 0) {
		struct line *l = lines + n_lines;
		char *copy = strdup(text), *save, *command;

		copy[strcspn(copy, "\n")] = '\0';
		l->name = strtok_r(copy, "|", &save);
		if (!l->name)
			continue;
		while (l->n < COMMANDS_MAX && (command = strtok_r(NULL, "|", &save))) {
			char *word, *save2 = NULL;
			int i = 0;

			for (word = strtok_r(command, " ", &save2); word && i < WORDS_MAX;
			     word = strtok_r(NULL, " ", &save2))
				l->words[l->n][i++] = word;
			l->n++;
		}
		n_lines++;
	}
	free(text);
	fclose(f);
}

static pid_t pid_in(const char *path)
{
	FILE *f = fopen(path, "re");
	int pid = -1;

	if (f && fscanf(f, "%d", &pid) != 1)
		pid = -1;
	if (f)
		fclose(f);
	return pid;
}

static int run_command(struct line *l, char **words)
{
	struct rusage u = {0};
	int status = -1;
	pid_t pid;

	if (strcmp(words[0], "@wait") == 0)
		return waitpid(pid_in(words[1]), &status, 0) > 0 ? 0 : -1;
	if (posix_spawnp(&pid, words[0], &quiet, NULL, words, environ) != 0)
		return -1;
	if (wait4(pid, &status, 0, &u) < 0)
		return -1;
	if (u.ru_maxrss > l->rss)
		l->rss = u.ru_maxrss;
	l->faults += u.ru_minflt + u.ru_majflt;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void run_line(struct line *l, int round)
{
	double start = now();
	int r = 0;

	for (int i = 0; i < l->n; i++)
		r |= run_command(l, l->words[i]);
	if (round >= 0) {
		l->ms[round] = now() - start;
		l->runs++;
	} else {
		l->faults = 0;
	}
	l->failures += r != 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int rounds = 20, warm_up = 2, i;
	long gap_ms = 0;

	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--rounds") == 0)
			rounds = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--warm-up") == 0)
			warm_up = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--gap") == 0)
			gap_ms = atol(argv[i + 1]);
		else
			return 2;
	}
	if (i >= argc || rounds < 1)
		return 2;
	read_lines(argv[i]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	for (i = 0; i < n_lines; i++)
		lines[i].ms = calloc(rounds, sizeof(double));
	for (int round = -warm_up; round < rounds; round++) {
		for (i = 0; i < n_lines; i++) {
			struct timespec gap = {gap_ms / 1000, gap_ms % 1000 * 1000000};

			if (gap_ms)
				nanosleep(&gap, NULL);
			run_line(lines + (i + round + warm_up) % n_lines, round);
		}
	}
	for (i = 0; i < n_lines; i++) {
		struct line *l = lines + i;

		qsort(l->ms, rounds, sizeof(double), compare);
		printf("%s\t%.2f\t%.2f\t%ld\t%ld\t%d\n", l->name, l->ms[rounds / 2], l->ms[0],
		       l->rss, l->faults / l->runs, l->failures);
	}
	return 0;
}
