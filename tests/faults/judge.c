/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/judge.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- text ---- */

void text_add(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int n;

	for (;;) {
		va_start(ap, fmt);
		n = vsnprintf(text->s ? text->s + text->n : NULL, text->size - text->n, fmt, ap);
		va_end(ap);
		if (n < 0)
			abort();
		if (text->s && text->n + (size_t)n < text->size)
			break;
		text->size = 2 * text->size + (size_t)n + 4096;
		text->s = realloc(text->s, text->size);
		if (!text->s)
			abort();
	}
	text->n += (size_t)n;
}

void text_clear(struct text *text)
{
	text->n = 0;
	text_add(text, "%s", "");
}

bool text_read(struct text *ret, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	text_clear(ret);
	if (fd < 0)
		return false;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		text_add(ret, "%.*s", (int)n, buf);
	close(fd);
	return n == 0;
}

/* ---- words ---- */

static void blame(struct said *said, const char *fmt, const char *what)
{
	if (!said->why[0])
		snprintf(said->why, sizeof(said->why), fmt, what);
}

static unsigned words(const char *s, size_t n)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		count += (isalpha((unsigned char)s[i]) || strchr("\"/", s[i])) && (i == 0 || s[i - 1] == ' ');
	return count;
}

/* "WHAT WAS BEING DONE: the kernel's word", or a sentence of our own. */
static void judge_sentence(const char *s, struct said *ret)
{
	static const char *const empty[] = {"success", "errno", "unknown error", "(null)", "no error"};
	size_t n = strlen(s);
	const char *reason = strrchr(s, ':');

	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (strcasestr(s, empty[i]))
			blame(ret, "it says \"%s\"", empty[i]);
	if (n == 0 || s[n - 1] == ':' || s[n - 1] == ' ')
		blame(ret, "%s", "it gives no reason");
	if (reason && reason[1] == ' ' && words(reason + 1, strlen(reason + 1)) == 0)
		blame(ret, "it gives a number for a reason: %s", reason);
	if (words(s, reason ? (size_t)(reason - s) : n) < 2)
		blame(ret, "it does not say what was being done: \"%s\"", s);
}

static void judge_line(const char *line, const char *command, struct said *ret)
{
	size_t n = strlen(command);

	if (strncmp(line, "crun-lite: warning: ", 20) == 0) {
		ret->warnings++;
		judge_sentence(line + 20, ret);
	} else if (strncmp(line, "crun-lite: ", 11) == 0) {
		ret->errors++;
		snprintf(ret->error, sizeof(ret->error), "%s", line + 11);
		/* Before the command was read, and when there is no way back to it, it is not named. */
		judge_sentence(ret->error + (strncmp(ret->error, command, n) == 0 ? n : 0), ret);
	} else if (strncmp(line, "  ", 2) != 0 || ret->errors + ret->warnings == 0) {
		blame(ret, "a line that is neither message nor hint: \"%s\"", line);
	}
}

void judge_words(const char *text, const char *command, struct said *ret)
{
	const char *begin = text;
	char line[2048];

	*ret = (struct said){0};
	while (*text) {
		size_t n = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		judge_line(line, command, ret);
		text += n + (text[n] == '\n');
	}
	ret->tells = ret->warnings > 0 || strstr(begin, "delete --force");
	if (ret->errors > 1)
		blame(ret, "more than one error: the last is \"%s\"", ret->error);
}

/* ---- the container's view ---- */

static const char *own_or_host(const char *link)
{
	char path[64], host[64] = "";
	const char *colon = strchr(link, ':');
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/ns/%.*s", colon ? (int)(colon - link) : 0, link);
	n = readlink(path, host, sizeof(host) - 1);
	return n > 0 && strcmp(host, link) == 0 ? "the host's" : "its own";
}

/* Numbers in brackets name pipes and sockets. */
static void add_masked(struct text *ret, const char *line)
{
	bool inside = false;

	for (; *line; line++) {
		inside = *line == '[' || (inside && *line != ']');
		if (*line != '\r' && !(inside && isdigit((unsigned char)*line)))
			text_add(ret, "%c", *line);
	}
	text_add(ret, "\n");
}

/* In a namespace that others use too it is another one each time. */
static bool is_pid(const char *line)
{
	return strncmp(line, "pid: ", 5) == 0 || strncmp(line, "sid: ", 5) == 0 || strncmp(line, "pgid: ", 6) == 0;
}

static void normalize_line(struct text *ret, char *line)
{
	char *p = line;

	line[strcspn(line, "\r")] = '\0';
	if (strncmp(line, "monotonic: ", 11) == 0 || strncmp(line, "boottime: ", 10) == 0)
		return;
	if (strncmp(line, "ns: ", 4) == 0) {
		text_add(ret, "ns: %.*s %s\n", (int)strcspn(line + 4, ":"), line + 4, own_or_host(line + 4));
	} else if (is_pid(line) && strcmp(strchr(line, ' '), " 1") != 0) {
		text_add(ret, "%.*s some\n", (int)strcspn(line, " "), line);
	} else if (strncmp(line, "keyring: ", 9) == 0) {
		text_add(ret, "keyring: %s\n", line[9] == '!' ? line + 9 : "one");
	} else if (strncmp(line, "mount: ", 7) == 0) {
		/* Without mount ID, parent ID and device. */
		for (int i = 0; i < 4 && p; i++)
			p = strchr(p + 1, ' ');
		text_add(ret, "mount:");
		for (char *word = strtok(p ? p : line, " "); word; word = strtok(NULL, " "))
			if (strncmp(word, "master:", 7) && strncmp(word, "shared:", 7))
				text_add(ret, " %s", word);
		text_add(ret, "\n");
	} else {
		add_masked(ret, line);
	}
}

void judge_normalize(struct text *ret, const char *output)
{
	char line[4096];

	text_clear(ret);
	while (*output) {
		size_t n = strcspn(output, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)n, output);
		normalize_line(ret, line);
		output += n + (output[n] == '\n');
	}
}

/* ---- the host ---- */

static bool is_ignored(const struct host *host, const char *path)
{
	for (size_t i = 0; host->ignored[i]; i++)
		if (strcmp(host->ignored[i], path) == 0)
			return true;
	return false;
}

static void add_files(const struct host *host, const char *path, struct text *ret)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char child[4096];
		struct stat st;

		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") || is_ignored(host, child) ||
		    lstat(child, &st) < 0)
			continue;
		text_add(ret, "file %s %o %u:%u\n", child, st.st_mode, st.st_uid, st.st_gid);
		if (S_ISDIR(st.st_mode))
			add_files(host, child, ret);
	}
	if (d)
		closedir(d);
}

/* Two levels of hierarchies, and below a group that is ours all of it. */
static void add_groups(const struct host *host, const char *path, int depth, struct text *ret)
{
	DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char child[4096];
		bool ours = strstr(e->d_name, host->tag) != NULL;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
		if (ours)
			text_add(ret, "cgroup %s\n", child);
		if (ours || depth > 0)
			add_groups(host, child, depth - 1, ret);
	}
	if (d)
		closedir(d);
}

static void add_fds(struct text *ret)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d)) {
			char path[300], to[300];
			ssize_t n;

			snprintf(path, sizeof(path), "/proc/self/fd/%s", e->d_name);
			n = readlink(path, to, sizeof(to) - 1);
			text_add(ret, "fd %s %.*s\n", e->d_name, n < 0 ? 0 : (int)n, to);
		}
	if (d)
		closedir(d);
}

static void add_mounts(struct text *ret)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		text_add(ret, "mount %s", line);
	if (f)
		fclose(f);
}

void host_files(const struct host *host, struct text *ret)
{
	for (size_t i = 0; host->dirs[i]; i++)
		add_files(host, host->dirs[i], ret);
}

void host_snapshot(const struct host *host, struct text *ret)
{
	text_clear(ret);
	add_mounts(ret);
	add_groups(host, "/sys/fs/cgroup", 1, ret);
	add_fds(ret);
	host_files(host, ret);
}

static void add_missing(const char *from, const char *in, char sign, struct text *ret)
{
	char line[4096];

	while (*from) {
		size_t n = strcspn(from, "\n");

		snprintf(line, sizeof(line), "%.*s\n", (int)n, from);
		/* What a neighbour removes takes the mounts on it away from everybody. */
		if (sign == '-' && strncmp(line, "mount ", 6) == 0 && getenv("TEST_NEIGHBOURS"))
			;
		else if (!strstr(in, line))
			text_add(ret, "%c %s", sign, line);
		from += n + (from[n] == '\n');
	}
}

void host_difference(const char *before, const char *after, struct text *ret)
{
	text_clear(ret);
	if (strcmp(before, after) == 0)
		return;
	add_missing(before, after, '-', ret);
	add_missing(after, before, '+', ret);
}
