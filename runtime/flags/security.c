/*
 * security - --security-opt NAME[=VALUE], as podman and docker know them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/edit.h"
#include "spec/json.h"

#define PROFILE_MAX (1u << 20)
/* podman's and docker's, where the configuration has none. */
#define LABEL_DEFAULT "system_u:system_r:container_t:s0"

static int expected(const char *given, const char *what, const char *hint, struct error *err)
{
	return edit_expected("security-opt", given, what, hint, err);
}

/* ---- no-new-privileges ---- */

static int set_no_new_privileges(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	bool off = value && strcmp(value, "false") == 0;

	if (value && !off && strcmp(value, "true") != 0)
		return expected(given, "no-new-privileges[=true|false]", "without a value it is true", err);
	w->config->process.no_new_privileges = !off;
	return 0;
}

/* ---- seccomp ---- */

static int read_profile(const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "open the seccomp profile %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > PROFILE_MAX)
		return error_set(err, ERROR_SAID, "the seccomp profile %s is %s", path, S_ISREG(st.st_mode) ? "too large" : "no file");
	text = malloc((size_t)st.st_size + 1);
	n = text ? TEMP_FAILURE_RETRY(read(fd, text, (size_t)st.st_size)) : -1;
	if (n < 0)
		return error_set(err, errno, "read the seccomp profile %s", path);
	text[n] = '\0';
	*ret = steal_ptr(&text);
	*ret_len = (size_t)n;
	return 0;
}

static bool is_condition(const struct json *value)
{
	return value && value->type != JSON_NULL && value->len > 0;
}

/* docker's format has conditions, which would be ignored here: then more would be allowed than was meant. */
static int check_conditions(const char *path, const struct json *profile, struct error *err)
{
	const struct json *calls = json_get(profile, "syscalls");
	bool found = is_condition(json_get(profile, "archMap"));

	for (const struct json *rule = calls ? calls->first : NULL; rule && !found; rule = rule->next)
		found = is_condition(json_get(rule, "includes")) || is_condition(json_get(rule, "excludes"));
	if (!found)
		return 0;
	error_set(err, ERROR_SAID, "the seccomp profile %s has conditions (archMap, includes or excludes)", path);
	return error_hint(err, "they are docker's: linux.seccomp of runtime-spec is expected, as contrib/seccomp/default.json or what an engine writes into config.json");
}

/* Its places are those of another text than the configuration's. */
static void forget_places(struct seccomp *s)
{
	const struct source nowhere = {0};

	s->at = s->default_action.at = s->default_errno_ret.at = s->listener_path.at = s->listener_metadata.at = nowhere;
	for (size_t i = 0; i < s->architectures.n; i++)
		s->architectures.v[i].at = nowhere;
	for (size_t i = 0; i < s->flags.n; i++)
		s->flags.v[i].at = nowhere;
	for (size_t i = 0; i < s->syscalls.n; i++) {
		struct seccomp_rule *rule = &s->syscalls.v[i];

		rule->at = rule->action.at = rule->errno_ret.at = nowhere;
		for (size_t k = 0; k < rule->names.n; k++)
			rule->names.v[k].at = nowhere;
		for (size_t k = 0; k < rule->args.n; k++)
			rule->args.v[k].at = rule->args.v[k].op.at = nowhere;
	}
}

/* Decoded as what it would be in a configuration; that one lives as long as ours. */
static int decode_profile(struct flags_work *w, const char *path, const char *text, size_t len, struct error *err)
{
	static const char front[] = "{\"ociVersion\":\"1.0.2\",\"linux\":{\"seccomp\":\n";
	cleanup_free char *whole = malloc(sizeof(front) + len + 3);
	struct config *profile = NULL;
	int r;

	if (!whole)
		return edit_no_memory(err);
	memcpy(whole, front, sizeof(front) - 1);
	memcpy(whole + sizeof(front) - 1, text, len);
	memcpy(whole + sizeof(front) - 1 + len, "}}", 3);
	r = config_parse(whole, sizeof(front) + 1 + len, path, &profile, err);
	if (r < 0) {
		err->line -= err->line > 1;     /* ours in front */
		return error_wrap(err, "read the seccomp profile");
	}
	config_free(w->kept->profile);
	w->kept->profile = profile;
	if (!profile->linux_.seccomp.set)
		return error_set(err, ERROR_SAID, "the seccomp profile %s is no object", path);
	w->config->linux_.seccomp = profile->linux_.seccomp;
	forget_places(&w->config->linux_.seccomp);
	return 0;
}

static int set_seccomp(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	cleanup_free char *text = NULL;
	struct json_doc *doc = NULL;
	size_t len = 0;
	int r;

	if (!value || !*value)
		return expected(given, "seccomp=FILE or seccomp=unconfined", "FILE has an object like linux.seccomp of config.json", err);
	if (strcmp(value, "unconfined") == 0) {
		w->config->linux_.seccomp = (struct seccomp){0};
		return 0;
	}
	r = read_profile(value, &text, &len, err);
	if (r == 0)     /* by itself, so that a mistake has its line */
		r = json_parse(text, len, value, &doc, err);
	if (r == 0)
		r = check_conditions(value, json_root(doc), err);
	json_free(doc);
	if (r == 0)
		r = decode_profile(w, value, text, len, err);
	/* It was found in the profile: the configuration has nothing there. */
	if (r < 0)
		err->at = (struct source){0};
	return r;
}

/* ---- labels ---- */

static int set_apparmor(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	if (!value || !*value)
		return expected(given, "apparmor=PROFILE", "apparmor=unconfined for none", err);
	w->config->process.apparmor_profile = (struct text){.s = value};
	return 0;
}

/* user:role:type:level, of which the last may have colons; `part` becomes `value`. */
static const char *replace_part(struct config *c, const char *label, unsigned part, const char *value)
{
	const char *begin = label, *end;

	for (unsigned i = 0; i < part && begin; i++) {
		begin = strchr(begin, ':');
		begin = begin ? begin + 1 : NULL;
	}
	if (!begin)
		return part == 3 ? edit_format(c, "%s:%s", label, value) : NULL;
	end = part == 3 ? begin + strlen(begin) : begin + strcspn(begin, ":");
	return edit_format(c, "%.*s%s%s", (int)(begin - label), label, value, end);
}

static int set_label(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	static const char *const parts[] = {"user:", "role:", "type:", "level:"};
	struct process *p = &w->config->process;
	const char *label = p->selinux_label.s && *p->selinux_label.s ? p->selinux_label.s : LABEL_DEFAULT;

	if (value && strcmp(value, "disable") == 0) {
		p->selinux_label = w->config->linux_.mount_label = (struct text){0};
		return 0;
	}
	for (unsigned i = 0; value && i < 4; i++) {
		size_t n = strlen(parts[i]);

		if (strncmp(value, parts[i], n) != 0 || !value[n])
			continue;
		p->selinux_label = (struct text){.s = replace_part(w->config, label, i, value + n)};
		return p->selinux_label.s ? 0 : expected(given, "a label of user:role:type:level in config.json", "to change a part of it", err);
	}
	return expected(given, "label=disable or label=user:, role:, type: or level:VALUE", "such as label=type:spc_t", err);
}

/* ---- masked paths ---- */

static int mask(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	char *rest = value ? (char *)edit_copy(w->config, value, strlen(value)) : NULL, *path;
	int r = 0;

	while (r == 0 && (path = strsep(&rest, ":"))) {
		if (path[0] != '/')
			return expected(given, "mask=PATH[:PATH...]", "absolute paths in the container", err);
		r = edit_add_text(w->config, &w->config->linux_.masked_paths, path, err);
	}
	return value ? r : expected(given, "mask=PATH[:PATH...]", "absolute paths in the container", err);
}

static void take_out(struct texts *list, const char *pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (fnmatch(pattern, list->v[i].s, 0) != 0)
			list->v[n++] = list->v[i];
	list->n = n;
}

/* ALL or all, or paths, which may have *. */
static int unmask(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	struct linux_config *l = &w->config->linux_;
	cleanup_free char *copy = value ? strdup(value) : NULL;
	char *rest = copy, *path;

	if (!value || !*value)
		return expected(given, "unmask=ALL or unmask=PATH[:PATH...]", "such as unmask=/proc/acpi or unmask=/proc/*", err);
	if (!copy)
		return edit_no_memory(err);
	while ((path = strsep(&rest, ":"))) {
		bool all = strcasecmp(path, "all") == 0;

		if (!all && path[0] != '/')
			return expected(given, "unmask=ALL or unmask=PATH[:PATH...]", "such as unmask=/proc/acpi or unmask=/proc/*", err);
		take_out(&l->masked_paths, all ? "*" : path);
		take_out(&l->readonly_paths, all ? "*" : path);
	}
	return 0;
}

static int set_system_paths(struct flags_work *w, const char *given, const char *value, struct error *err)
{
	if (!value || strcmp(value, "unconfined") != 0)
		return expected(given, "systempaths=unconfined", "nothing of /proc and /sys is masked or read-only then", err);
	w->config->linux_.masked_paths.n = w->config->linux_.readonly_paths.n = 0;
	return 0;
}

/* ---- all ---- */

static const struct {
	const char *name;
	int (*set)(struct flags_work *w, const char *given, const char *value, struct error *err);
} options[] = {
	{"no-new-privileges", set_no_new_privileges}, {"seccomp", set_seccomp}, {"apparmor", set_apparmor}, {"label", set_label},
	{"mask", mask}, {"unmask", unmask}, {"systempaths", set_system_paths},
};

/* docker took a colon before it took "="; both are in use. */
static int set(struct flags_work *w, const char *given, struct error *err)
{
	size_t n = strcspn(given, "=:");

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strlen(options[i].name) == n && strncmp(options[i].name, given, n) == 0)
			return options[i].set(w, given, given[n] ? given + n + 1 : NULL, err);
	return expected(given, "no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask= or systempaths=",
	                "docs/run.md says what each does", err);
}

int flags_security(struct flags_work *w, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < w->flags->security_opts.n && r == 0; i++)
		r = set(w, w->flags->security_opts.v[i], err);
	return r;
}
