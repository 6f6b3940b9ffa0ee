/*
 * race [-n STARTS] [-s SWAPS] [-t SECONDS] [-c CANARY] [-w DIRECTORY] [-x REGEX]... [-r REGEX]... A B -- COMMAND...
 *
 * A neighbour exchanges the names A and B as fast as it can (renameat2, RENAME_EXCHANGE) while COMMAND, a container, is run
 * again and again: at least STARTS times (100) and until there were SWAPS exchanges (10000), for at most SECONDS (60); the
 * environment's SOAK multiplies all three.  After each run what lies below CANARY must be what it was (names, content, inodes,
 * owners, modes, times, links) and no mount be on it, and no line that the container printed may match a REGEX of -x; of
 * one that ran a line must match each REGEX of -r.
 * DIRECTORY is emptied then, by its inode, whatever its name is just now.
 *
 * Prints the figures; exits with 1 and says what was seen as soon as something was, or if nothing was raced.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <regex.h>
#include <signal.h>
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

#define REGEXES 8
#define HANGS 20 /* seconds */

static volatile unsigned long *swaps;
static pid_t neighbour;

static _Noreturn void give_up(const char *what, const char *detail)
{
	printf("race: %s%s%s\n", what, detail ? ": " : "", detail ?: "");
	if (neighbour > 0)
		kill(neighbour, SIGKILL);
	exit(1);
}

static void swap_for_ever(const char *a, const char *b)
{
	neighbour = fork();
	if (neighbour < 0)
		give_up("fork", strerror(errno));
	if (neighbour > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		(*swaps)++;
	_exit(1);
}

/* ---- the canary ---- */

static uint64_t sum;

static void add(const void *bytes, size_t n)
{
	for (const unsigned char *p = bytes; n-- > 0; p++)
		sum = (sum ^ *p) * 1099511628211u;
}

static int add_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const uint64_t facts[] = {st->st_ino, st->st_mode, st->st_uid, st->st_gid, (uint64_t)st->st_size, st->st_nlink, st->st_rdev,
		(uint64_t)st->st_mtim.tv_sec, (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec};
	char content[65536];
	int fd = S_ISREG(st->st_mode) ? open(path, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, content, sizeof(content)) : S_ISLNK(st->st_mode) ? readlink(path, content, sizeof(content)) : 0;

	(void)type;
	(void)ftw;
	add(path, strlen(path));
	add(facts, sizeof(facts));
	add(content, n > 0 ? (size_t)n : 0);
	if (fd >= 0)
		close(fd);
	return 0;
}

static uint64_t sum_of(const char *canary)
{
	sum = 14695981039346656037u;
	if (canary)
		nftw(canary, add_entry, 16, FTW_PHYS);
	return sum;
}

static void look_at_mounts(const char *canary)
{
	char line[8192];
	FILE *f = fopen("/proc/self/mountinfo", "re");

	while (f && canary && fgets(line, sizeof(line), f))
		if (strstr(line, canary))
			give_up("something is mounted on the canary", line);
	if (f)
		fclose(f);
}

/* ---- a run ---- */

static void empty(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		int below;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(dir, e->d_name, 0) == 0)
			continue;
		below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0) {
			empty(below);
			close(below);
		}
		unlinkat(dir, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		closedir(d);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* The exit status; what it printed is in `out`. */
static int run(char **command, int out)
{
	int status = 0, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (ftruncate(out, 0) < 0 || lseek(out, 0, SEEK_SET) < 0)
		give_up("empty the output", strerror(errno));
	pid = fork();
	if (pid == 0) {
		dup2(null, 0);
		dup2(out, 1);
		dup2(out, 2);
		execvp(command[0], command);
		_exit(127);
	}
	close(null);
	alarm(HANGS);
	if (waitpid(pid, &status, 0) != pid) {
		kill(pid, SIGKILL);
		give_up("a container hung", NULL);
	}
	alarm(0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct regexes {
	regex_t v[REGEXES];
	size_t n;
};

static void look_at_output(int out, int ran, const struct regexes *never, const struct regexes *always)
{
	static char text[1 << 18];
	ssize_t n = pread(out, text, sizeof(text) - 1, 0);
	regmatch_t at;

	text[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < always->n && ran; i++)
		if (regexec(&always->v[i], text, 1, &at, 0) != 0)
			give_up("the container ran and did not print what it should", text);
	for (size_t i = 0; i < never->n; i++)
		if (regexec(&never->v[i], text, 1, &at, 0) == 0) {
			char *line = text + at.rm_so;

			line[strcspn(line, "\n")] = '\0';
			give_up("the container printed", line);
		}
}

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

int main(int argc, char **argv)
{
	unsigned long starts = 100, wanted = 10000, seconds = 60, soak = strtoul(getenv("SOAK") ?: "1", NULL, 10) ?: 1, n = 0, ran = 0;
	const char *canary = NULL, *wipe = NULL;
	struct sigaction action = {.sa_handler = on_alarm};
	struct regexes never = {.n = 0}, always = {.n = 0}, *list;
	int option, out = memfd_create("output", 0), dir, status;
	uint64_t before;
	time_t begun;
	char **command;

	while ((option = getopt(argc, argv, "+n:s:t:c:w:x:r:")) != -1)
		switch (option) {
		case 'n': starts = strtoul(optarg, NULL, 10); break;
		case 's': wanted = strtoul(optarg, NULL, 10); break;
		case 't': seconds = strtoul(optarg, NULL, 10); break;
		case 'c': canary = optarg; break;
		case 'w': wipe = optarg; break;
		case 'x':
		case 'r':
			list = option == 'x' ? &never : &always;
			if (list->n == REGEXES || regcomp(&list->v[list->n++], optarg, REG_EXTENDED | REG_NEWLINE) != 0)
				return 2;
			break;
		default: return 2;
		}
	if (argc - optind < 4 || strcmp(argv[optind + 2], "--") != 0)
		return 2;
	command = argv + optind + 3;
	dir = wipe ? open(wipe, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	swaps = mmap(NULL, sizeof(*swaps), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (swaps == MAP_FAILED || out < 0 || (wipe && dir < 0))
		give_up("prepare", strerror(errno));
	sigaction(SIGALRM, &action, NULL);
	before = sum_of(canary);
	begun = now();
	swap_for_ever(argv[optind], argv[optind + 1]);
	while ((n < soak * starts || *swaps < soak * wanted) && (unsigned long)(now() - begun) < soak * seconds) {
		status = run(command, out);
		ran += status == 0;
		n++;
		if (sum_of(canary) != before)
			give_up("the canary was touched", NULL);
		look_at_mounts(canary);
		look_at_output(out, status == 0, &never, &always);
		if (dir >= 0)
			empty(dir);
	}
	if (waitpid(neighbour, NULL, WNOHANG) != 0)
		give_up("the neighbour ended: nothing was raced", NULL);
	kill(neighbour, SIGKILL);
	printf("race: %lu starts, of which %lu ran; %lu swaps; %ld s\n", n, ran, *swaps, (long)(now() - begun));
	if (*swaps < soak * wanted || n < 10)
		give_up("too few", NULL);
	return 0;
}
