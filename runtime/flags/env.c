/*
 * env - --env, --env-file and --unsetenv, as docker and podman read them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/edit.h"

#define FILE_MAX (1u << 20)

/* The variable that the first `len` bytes name, or NULL. */
static struct text *find(const struct texts *env, const char *name, size_t len)
{
	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i].s, name, len) == 0 && env->v[i].s[len] == '=')
			return &env->v[i];
	return NULL;
}

static void take_out(struct texts *env, struct text *old)
{
	memmove(old, old + 1, (size_t)(env->v + env->n - old - 1) * sizeof(*old));
	env->n--;
}

/* `word` is NAME=VALUE, and lives as long as the configuration or the command line.  Of several of that name it is the only one then. */
static int set(struct config *c, const char *word, struct error *err)
{
	struct texts *env = &c->process.env;
	size_t len = strcspn(word, "=");
	struct text *old = find(env, word, len), *another;

	if (!old)
		return edit_add_text(c, env, word, err);
	while ((another = find(&(struct texts){.v = old + 1, .n = (size_t)(env->v + env->n - old - 1)}, word, len)))
		take_out(env, another);
	*old = (struct text){.s = word};
	return 0;
}

/* NAME alone: the caller's, or nothing where it has none. */
static int take(struct config *c, const char *name, struct error *err)
{
	const char *value = getenv(name);
	const char *word = value ? edit_format(c, "%s=%s", name, value) : NULL;

	if (!value)
		return 0;
	return word ? set(c, word, err) : edit_no_memory(err);
}

/* PREFIX*, as podman. */
static int take_all(struct config *c, const char *prefix, size_t len, struct error *err)
{
	int r = 0;

	for (char **e = environ; *e && r == 0; e++)
		if (strncmp(*e, prefix, len) == 0 && strchr(*e, '=') && **e != '=')
			r = set(c, *e, err);
	return r;
}

static int add(struct config *c, const char *word, struct error *err)
{
	size_t len = strlen(word);

	if (!len || *word == '=')
		return edit_expected("env", word, "NAME=VALUE or NAME", "NAME alone takes the caller's value, PREFIX* all that begin so", err);
	if (strchr(word, '='))
		return set(c, word, err);
	return word[len - 1] == '*' ? take_all(c, word, len - 1, err) : take(c, word, err);
}

/* ---- --env-file ---- */

static int bad_line(const char *path, size_t line, const char *why, struct error *err)
{
	error_set(err, ERROR_SAID, "--env-file %s: line %zu: %s", path, line, why);
	return error_hint(err, "NAME=VALUE or NAME in each line, without quotes; lines that begin with # are comments");
}

/* docker's rules: blanks in front go, those behind stay; no quotes, no export. */
static int add_line(struct config *c, const char *path, size_t number, char *line, struct error *err)
{
	size_t name;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	name = strcspn(line, "=");
	if (name == 0)
		return bad_line(path, number, "the name is missing", err);
	if (strcspn(line, " \t") < name)
		return bad_line(path, number, "a name with a blank", err);
	if (!line[name])
		return take(c, line, err);
	return set(c, line, err);
}

/* In the configuration's memory, where the variables stay. */
static int read_file(struct config *c, const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = malloc(FILE_MAX + 1);
	size_t len = 0;
	ssize_t n = 1;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open --env-file %s", path);
	/* A pipe is <(...) of a shell. */
	if (!text || S_ISDIR(st.st_mode))
		return error_set(err, text ? EISDIR : ENOMEM, "read --env-file %s", path);
	fcntl(fd, F_SETFL, 0);
	while (n > 0 && len <= FILE_MAX) {
		n = TEMP_FAILURE_RETRY(read(fd, text + len, FILE_MAX + 1 - len));
		len += n > 0 ? (size_t)n : 0;
	}
	if (n < 0)
		return error_set(err, errno, "read --env-file %s", path);
	if (len > FILE_MAX)
		return error_set(err, EFBIG, "read --env-file %s", path);
	*ret = (char *)edit_copy(c, text, len);
	*ret_len = len;
	return *ret ? 0 : edit_no_memory(err);
}

static int add_file(struct config *c, const char *path, struct error *err)
{
	size_t len = 0, number = 0;
	char *text = NULL, *line;
	int r = read_file(c, path, &text, &len, err);

	if (r == 0 && memchr(text, '\0', len))
		return error_set(err, ERROR_SAID, "--env-file %s: it has a NUL byte, and is no text", path);
	/* Editors of other systems put it in front of a text in UTF-8. */
	if (r == 0 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (r == 0 && (line = strsep(&text, "\n"))) {
		size_t end = strlen(line);

		if (end && line[end - 1] == '\r')
			line[end - 1] = '\0';
		r = add_line(c, path, ++number, line, err);
	}
	return r;
}

static int unset(struct config *c, const char *name, struct error *err)
{
	struct texts *env = &c->process.env;
	struct text *old;

	if (!*name || strchr(name, '='))
		return edit_expected("unsetenv", name, "the name of a variable", "such as PATH", err);
	while ((old = find(env, name, strlen(name))))
		take_out(env, old);
	return 0;
}

/* What the configuration has goes first, so that --env brings it back. */
int flags_env(struct flags_work *w, struct error *err)
{
	const struct run_flags *f = w->flags;
	int r = 0;

	for (size_t i = 0; i < f->unsetenv.n && r == 0; i++)
		r = unset(w->config, f->unsetenv.v[i], err);
	for (size_t i = 0; i < f->env_files.n && r == 0; i++)
		r = add_file(w->config, f->env_files.v[i], err);
	for (size_t i = 0; i < f->env.n && r == 0; i++)
		r = add(w->config, f->env.v[i], err);
	return r;
}
