/*
 * process - --entrypoint, --ulimit, --oom-score-adj, --umask: the rest of what the process is.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/flags/edit.h"
#include "spec/json.h"
#include "spec/names.h"

/* ---- --entrypoint ---- */

/* ["WORD", ...], as podman. */
static int read_words(struct config *c, const char *given, struct texts *to, struct error *err)
{
	static const char hint[] = "a program, or a JSON array of strings such as '[\"sh\", \"-c\"]'";
	struct json_doc *doc = NULL;
	const struct json *root;
	struct error ignored;
	int r = json_parse(given, strlen(given), "--entrypoint", &doc, &ignored);

	if (r < 0)
		return edit_expected("entrypoint", given, "a JSON array of strings", hint, err);
	root = json_root(doc);
	for (const struct json *e = root->first; e && r == 0; e = e->next)
		r = e->type == JSON_STRING && strlen(e->text) == e->len ? edit_add_text(c, to, edit_copy(c, e->text, e->len), err)
		                                                       : edit_expected("entrypoint", given, "a JSON array of strings", hint, err);
	json_free(doc);
	return r;
}

/* docker's rules: the command of the image goes with its entry point, that of the command line stays; "" takes the entry point away. */
static int set_entrypoint(struct flags_work *w, struct error *err)
{
	const char *given = w->flags->entrypoint;
	struct texts *args = &w->config->process.args, command = *args, all = {0};
	size_t n = w->place->n_args < command.n ? w->place->n_args : command.n;
	int r = 0;

	if (!given)
		return 0;
	if (given[0] == '[')
		r = read_words(w->config, given, &all, err);
	else if (*given)
		r = edit_add_text(w->config, &all, given, err);
	for (size_t i = command.n - n; i < command.n && r == 0; i++)
		r = edit_add_text(w->config, &all, command.v[i].s, err);
	if (r == 0 && !all.n) {
		error_set(err, ERROR_SAID, "--entrypoint %s: without it there is nothing to run", given);
		r = error_hint(err, "give a command behind --");
	}
	if (r == 0)
		*args = all;
	return r;
}

/* ---- --ulimit ---- */

static bool read_limit(const char *text, size_t len, uint64_t *ret)
{
	char *end;

	if ((len == 2 && strncmp(text, "-1", 2) == 0) || (len == 9 && strncmp(text, "unlimited", 9) == 0)) {
		*ret = UINT64_MAX;
		return true;
	}
	if (len == 0 || len > 19 || strspn(text, "0123456789") < len)
		return false;
	*ret = strtoull(text, &end, 10);
	return end == text + len;
}

/* "nofile": RLIMIT_NOFILE */
static const struct name *find_limit(const char *word, size_t len)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "RLIMIT_%.*s", (int)len, word);

	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return (size_t)n < sizeof(name) ? name_find(rlimit_names, name) : NULL;
}

static int set_ulimit(struct config *c, const char *given, struct error *err)
{
	static const char hint[] = "such as nofile=1024:4096, nproc=100 or core=0; unlimited or -1 for none: getrlimit(2) lists them";
	struct process *p = &c->process;
	struct rlimit_entry entry = {0}, *to = NULL;
	const struct name *limit;
	const char *value, *colon;
	size_t name;

	if (!edit_split(given, &name, &value))
		return edit_expected("ulimit", given, "NAME=SOFT[:HARD]", hint, err);
	limit = find_limit(given, name);
	if (!limit)
		return edit_expected("ulimit", given, "the name of a limit", hint, err);
	colon = strchr(value, ':');
	if (!read_limit(value, strcspn(value, ":"), &entry.soft) || !read_limit(colon ? colon + 1 : value, strlen(colon ? colon + 1 : value), &entry.hard))
		return edit_expected("ulimit", given, "NAME=SOFT[:HARD]", hint, err);
	if (entry.soft > entry.hard)
		return edit_expected("ulimit", given, "a soft limit that is not above the hard one", hint, err);
	entry.resource = (int)limit->value;
	entry.type.s = limit->name;
	for (size_t i = 0; i < p->rlimits.n; i++)
		if (p->rlimits.v[i].resource == entry.resource)
			to = &p->rlimits.v[i];
	if (!to)
		to = edit_grow(c, &p->rlimits, sizeof(*to));
	if (!to)
		return edit_no_memory(err);
	*to = entry;
	return 0;
}

/* ---- numbers ---- */

static int set_oom_score(struct flags_work *w, struct error *err)
{
	const char *given = w->flags->oom_score_adj;
	char *end;
	long n;

	if (!given)
		return 0;
	n = strtol(given, &end, 10);
	if (*end || end == given || isspace((unsigned char)*given) || n < -1000 || n > 1000)
		return edit_expected("oom-score-adj", given, "-1000 to 1000", "the higher, the earlier it is killed when memory runs out", err);
	w->config->process.oom_score_adj = (struct opt_int){.set = true, .value = n};
	return 0;
}

static int set_umask(struct flags_work *w, struct error *err)
{
	const char *given = w->flags->umask;

	if (!given)
		return 0;
	if (!*given || strlen(given) > 4 || given[strspn(given, "01234567")] || strtoul(given, NULL, 8) > 0777)
		return edit_expected("umask", given, "000 to 777", "in octal, such as 0022", err);
	w->config->process.user.umask = (struct opt_uint){.set = true, .value = strtoul(given, NULL, 8)};
	return 0;
}

int flags_process(struct flags_work *w, struct error *err)
{
	int r = set_entrypoint(w, err);

	for (size_t i = 0; i < w->flags->ulimits.n && r == 0; i++)
		r = set_ulimit(w->config, w->flags->ulimits.v[i], err);
	if (r == 0)
		r = set_oom_score(w, err);
	return r < 0 ? r : set_umask(w, err);
}
