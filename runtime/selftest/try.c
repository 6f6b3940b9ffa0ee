/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selftest/selftest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/tree.h"

#define HANGS_MS 20000
#define WORDS_MAX 24
#define RACE_STARTS 50
#define RACE_SWAPS 10000
#define RACE_SECONDS 5

struct trial {
	const struct place *p;
	uint64_t canary, own;
	int out, err;
	size_t n_out;
	char out_text[8192], err_text[8192];
};

/* ---- what must not change ---- */

/* Eight bytes at a time: the file of this program is hashed after each run. */
static void add(uint64_t *sum, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		size_t part = n < sizeof(uint64_t) ? n : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, p, part);
		*sum = (*sum ^ word) * 1099511628211u;
		*sum ^= *sum >> 29;
		p += part;
		n -= part;
	}
}

/* Times of reading are left out, and contents of what is no file. */
static uint64_t facts_of(int fd, const char *name)
{
	uint64_t sum = 14695981039346656037u;
	char bytes[16384];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return 0;
	add(&sum, name, strlen(name));
	add(&sum, &(uint64_t[]){st.st_ino, st.st_mode, st.st_uid, st.st_gid, (uint64_t)st.st_size, st.st_nlink}, 6 * sizeof(uint64_t));
	add(&sum, &st.st_mtim, sizeof(st.st_mtim));
	add(&sum, &st.st_ctim, sizeof(st.st_ctim));
	for (off_t at = 0; S_ISREG(st.st_mode) && (n = pread(fd, bytes, sizeof(bytes), at)) > 0; at += n)
		add(&sum, bytes, (size_t)n);
	return sum;
}

static uint64_t facts_of_tree(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint64_t sum = fd < 0 ? 1 : facts_of(fd, name);
	cleanup_dir DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd >= 0 && !d)
		close(fd);
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			sum += facts_of_tree(fd, e->d_name);
	return sum;
}

static uint64_t facts_of_self(void)
{
	cleanup_close int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? 0 : facts_of(fd, "");
}

static bool is_mounted_below(const char *dir)
{
	cleanup_file FILE *f = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && !found && getline(&line, &room, f) >= 0)
		found = strstr(line, dir) != NULL;
	return found;
}

static bool host_is_as_before(struct trial *t, struct result *ret)
{
	if (facts_of_tree(t->p->fd, "canary") != t->canary)
		trial_fail(ret, "the canary beside the bundle was touched");
	else if (is_mounted_below(t->p->dir))
		trial_fail(ret, "something is mounted on the host");
	else if (facts_of_self() != t->own)
		trial_fail(ret, "the runtime's own file was touched");
	else
		return true;
	return false;
}

/* ---- a run ---- */

static void leak(unsigned n)
{
	int root = open("/", O_RDONLY | O_DIRECTORY);

	for (int fd = 3; fd < 3 + (int)n; fd++)
		if (fd != root)
			dup2(root, fd);
}

/* On a terminal, as a person's; else with nothing to read. */
static void take_streams(const struct trial *t, const char *terminal)
{
	int in;

	if (terminal)
		setsid();
	in = open(terminal ?: "/dev/null", O_RDWR | O_CLOEXEC);
	dup2(in, 0);
	dup2(terminal ? in : t->out, 1);
	dup2(terminal ? in : t->err, 2);
}

__attribute__((noreturn)) static void become(const struct trial *t, char *const argv[], const struct row *row, const char *terminal)
{
	static char name[] = "crun-lite", root[] = "--root", manager[] = "--cgroup-manager", disabled[] = "disabled";
	char state[sizeof(t->p->dir) + 8];
	char *words[WORDS_MAX] = {name, root, state, manager, disabled};

	snprintf(state, sizeof(state), "%s/state", t->p->dir);
	for (size_t i = 0; argv[i] && i + 6 < WORDS_MAX; i++)
		words[5 + i] = argv[i];
	take_streams(t, terminal);
	if (row && row->leak)
		leak(row->leak);
	execv("/proc/self/exe", words);
	_exit(127);
}

static int open_terminal(const struct row *row, char *name, size_t size)
{
	int master = row && row->terminal ? posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;

	if (master < 0)
		return -1;
	if (grantpt(master) == 0 && unlockpt(master) == 0 && ptsname_r(master, name, size) == 0)
		return master;
	close(master);
	return -1;
}

static void read_terminal(struct trial *t, int master)
{
	ssize_t n = read(master, t->out_text + t->n_out, sizeof(t->out_text) - 1 - t->n_out);

	t->n_out += n > 0 ? (size_t)n : 0;
	if (t->n_out >= sizeof(t->out_text) - 256)
		t->n_out = 0;
}

/* Until it has ended; what it prints on a terminal is taken meanwhile. */
static int wait_for(struct trial *t, pid_t pid, int master)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN}, {.fd = master, .events = POLLIN}};
	int status = 0, r;

	do {
		r = poll(fds, master < 0 ? 1 : 2, HANGS_MS);
		if (r > 0 && (fds[1].revents & POLLIN))
			read_terminal(t, master);
		else if (r > 0 && (fds[1].revents & POLLHUP))
			fds[1].fd = -1;
	} while ((r > 0 && !fds[0].revents) || (r < 0 && errno == EINTR));
	if (r <= 0)
		kill(pid, SIGKILL);
	if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) != pid)
		return 127;
	return r <= 0 ? 124 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void read_back(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	for (size_t len = strlen(text); len > 0 && text[len - 1] == '\n'; len--)
		text[len - 1] = '\0';
}

int trial_run(struct trial *t, char *const argv[], const struct row *row)
{
	char terminal[64] = "";
	cleanup_close int master = open_terminal(row, terminal, sizeof(terminal));
	pid_t pid;
	int rc;

	t->n_out = 0;
	if (ftruncate(t->out, 0) < 0 || ftruncate(t->err, 0) < 0 || lseek(t->out, 0, SEEK_SET) < 0 || lseek(t->err, 0, SEEK_SET) < 0)
		return 127;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(t, argv, row, master >= 0 ? terminal : NULL);
	if (pid < 0)
		return 127;
	rc = wait_for(t, pid, master);
	read_back(t->err, t->err_text, sizeof(t->err_text));
	if (master < 0)
		read_back(t->out, t->out_text, sizeof(t->out_text));
	else
		t->out_text[t->n_out] = '\0';
	return rc;
}

/* ---- verdicts ---- */

__attribute__((format(printf, 3, 0))) static void say(struct result *ret, enum verdict verdict, const char *fmt, va_list args)
{
	ret->verdict = verdict;
	vsnprintf(ret->why, sizeof(ret->why), fmt, args);
	ret->why[strcspn(ret->why, "\r\n")] = '\0';
}

void trial_fail(struct result *ret, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ret, FAILED, fmt, args);
	va_end(args);
}

void trial_skip(struct result *ret, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(ret, SKIPPED, fmt, args);
	va_end(args);
}

/* Without "crun-lite: run selftest: ". */
static const char *sentence(const struct trial *t)
{
	static const char prefix[] = "crun-lite: run selftest: ";
	const char *text = *t->err_text ? t->err_text : t->out_text;

	return strncmp(text, prefix, sizeof(prefix) - 1) == 0 ? text + sizeof(prefix) - 1 : text;
}

static bool said(const struct trial *t, const char *what)
{
	return !what || strstr(t->err_text, what) || strstr(t->out_text, what);
}

static void judge(const struct trial *t, const struct row *row, int rc, struct result *ret)
{
	if (rc == 124)
		trial_fail(ret, "it hung");
	else if (row->outcome == REFUSED && rc == 0)
		trial_fail(ret, "it ran");
	else if (row->outcome == REFUSED && !said(t, row->says))
		trial_fail(ret, "it was refused for another reason: %s", sentence(t));
	else if (row->outcome == RUNS && rc != 0 && row->or_refused && said(t, row->or_refused))
		return;
	else if (row->outcome == RUNS && rc != 0)
		trial_skip(ret, "%s", sentence(t));
	else if (row->outcome == RUNS && strcmp(t->out_text, row->says) != 0)
		trial_fail(ret, "the program said \"%.100s\", not \"%s\"", t->out_text, row->says);
}

static int run_bundle(struct trial *t, const struct row *row)
{
	char bundle[sizeof(t->p->dir) + 8];
	char *const argv[] = {(char[]){"run"}, (char[]){"-b"}, bundle, (char[]){"selftest"}, NULL};

	snprintf(bundle, sizeof(bundle), "%s/bundle", t->p->dir);
	return trial_run(t, argv, row);
}

/* ---- races ---- */

static pid_t swap_names(const struct trial *t, volatile unsigned long *count)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (renameat2(t->p->fd, "vol/x", t->p->fd, "vol/other", RENAME_EXCHANGE) == 0)
		++*count;
	_exit(1);
}

static void race_rounds(struct trial *t, const struct row *row, volatile unsigned long *count, struct result *ret)
{
	cleanup_close int x = openat(t->p->fd, "vol/x", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	time_t end = time(NULL) + RACE_SECONDS;
	pid_t pid = swap_names(t, count);

	if (pid < 0)
		trial_skip(ret, "no process to race with");
	for (unsigned i = 0; pid > 0 && ret->verdict == PASSED && time(NULL) < end && (i < RACE_STARTS || *count < RACE_SWAPS); i++) {
		if (run_bundle(t, row) == 124)
			trial_fail(ret, "it hung");
		else
			host_is_as_before(t, ret);
		tree_remove(x, "made");
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (ret->verdict == PASSED && *count < RACE_SWAPS)
		trial_skip(ret, "only %lu exchanges in %d s", *count, RACE_SECONDS);
	/* However it ended: x is the directory again. */
	if (faccessat(t->p->fd, "vol/x/.", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		renameat2(t->p->fd, "vol/x", t->p->fd, "vol/other", RENAME_EXCHANGE);
}

static void race(struct trial *t, const struct row *row, struct result *ret)
{
	unsigned long *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (count == MAP_FAILED) {
		trial_skip(ret, "no memory to share");
		return;
	}
	race_rounds(t, row, count, ret);
	munmap(count, sizeof(*count));
}

/* ---- all ---- */

struct trial *trial_new(const struct place *p, struct error *err)
{
	struct trial *t = calloc(1, sizeof(*t));

	if (!t) {
		error_set(err, ENOMEM, "try");
		return NULL;
	}
	*t = (struct trial){.p = p, .out = memfd_create("out", MFD_CLOEXEC), .err = memfd_create("err", MFD_CLOEXEC)};
	t->canary = facts_of_tree(p->fd, "canary");
	t->own = facts_of_self();
	if (t->out >= 0 && t->err >= 0)
		return t;
	error_set(err, errno, "make a file in memory");
	return trial_free(t);
}

struct trial *trial_free(struct trial *t)
{
	if (t && t->out >= 0)
		close(t->out);
	if (t && t->err >= 0)
		close(t->err);
	free(t);
	return NULL;
}

void trial_row(struct trial *t, const struct row *row, struct result *ret)
{
	struct error err = {0};
	int rc;

	*ret = (struct result){.verdict = PASSED};
	if (bundle_write(t->p, row, &err) < 0) {
		trial_skip(ret, "%s", err.text);
		return;
	}
	if (row->races) {
		race(t, row, ret);
		return;
	}
	rc = run_bundle(t, row);
	if (host_is_as_before(t, ret))
		judge(t, row, rc, ret);
}

void trial_plain(struct trial *t, struct result *ret)
{
	static const struct row plain = {.inside = {"stdin"}, .outcome = RUNS, .says = "stdin: 1:3"};

	trial_row(t, &plain, ret);
}

const char *trial_out(const struct trial *t)
{
	return t->out_text;
}

const char *trial_err(const struct trial *t)
{
	return t->err_text;
}

const struct place *trial_place(const struct trial *t)
{
	return t->p;
}
