/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/names.h"

/* As Go's strconv.ParseBool takes them, whose flags these are; no value is true. */
static bool parse_bool(const char *value, bool *ret)
{
	static const char *const words[] = {"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"};
	size_t n = sizeof(words) / sizeof(words[0]);

	for (size_t i = 0; value && i < n; i++)
		if (strcmp(words[i], value) == 0) {
			*ret = i < n / 2;
			return true;
		}
	*ret = true;
	return !value;
}

static int set_flag(const struct cli_option *o, const char *value, bool *ret, struct error *err)
{
	if (parse_bool(value, ret))
		return 0;
	return error_set(err, ERROR_SAID, "--%s=%s: true or false is expected", o->name, value);
}

/* It is found out from the user; what is no answer at all is refused all the same. */
static int check_rootless(const char *value, struct error *err)
{
	bool ignored;

	if (strcmp(value, "auto") == 0 || parse_bool(value, &ignored))
		return 0;
	return error_set(err, ERROR_SAID, "--rootless %s: true, false or auto is expected", value);
}

static int set_manager(const char *value, void *dest, struct error *err)
{
	for (int i = 0; i < CGROUP_MANAGERS; i++)
		if (strcmp(cgroup_managers[i].name, value) == 0) {
			*(enum cgroup_manager_kind *)dest = i;
			return 0;
		}
	return error_set(err, ERROR_SAID, "--cgroup-manager %s: cgroupfs, systemd or disabled is expected", value);
}

/* runc's flag; false is what it is without. */
static int set_systemd(const struct cli_option *o, const char *value, void *dest, struct error *err)
{
	bool asked;
	int r = set_flag(o, value, &asked, err);

	if (r == 0 && asked)
		*(enum cgroup_manager_kind *)dest = CGROUP_BY_SYSTEMD;
	return r;
}

static int set_debug(const struct cli_option *o, const char *value, void *dest, struct error *err)
{
	bool asked;
	int r = set_flag(o, value, &asked, err);

	if (r == 0 && asked)
		*(int *)dest = LOG_LEVEL_DEBUG;
	return r;
}

static int set_log_format(const char *value, void *dest, struct error *err)
{
	*(bool *)dest = strcmp(value, "json") == 0;
	if (*(bool *)dest || strcmp(value, "text") == 0)
		return 0;
	return error_set(err, ERROR_SAID, "--log-format %s: text or json is expected", value);
}

static int set_log_level(const char *value, void *dest, struct error *err)
{
	static const char *const levels[] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_DEBUG] = "debug"};

	for (int i = 0; i < 3; i++)
		if (strcmp(levels[i], value) == 0) {
			*(int *)dest = i;
			return 0;
		}
	return error_set(err, ERROR_SAID, "--log-level %s: error, warning or debug is expected", value);
}

static int set_number(const struct cli_option *o, const char *value, unsigned *dest, struct error *err)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || *value < '0' || *value > '9' || n > 1u << 20)
		return error_set(err, ERROR_SAID, "--%s %s: a number is expected", o->name, value);
	*dest = (unsigned)n;
	return 0;
}

static int add(const char *value, struct strings *to, struct error *err)
{
	const char **v = reallocarray(to->v, to->n + 1, sizeof(*v));

	if (!v)
		return error_set(err, ENOMEM, "read the flags");
	to->v = v;
	to->v[to->n++] = value;
	return 0;
}

bool cli_takes_value(const struct cli_option *o)
{
	return o->kind != CLI_FLAG && o->kind != CLI_NOT_FLAG && o->kind != CLI_DEBUG && o->kind != CLI_SYSTEMD && o->kind != CLI_IGNORED_FLAG &&
	       o->kind != CLI_REFUSED;
}

static int refuse(const struct cli_option *o, struct error *err)
{
	error_set(err, ENOTSUP, "flag --%s", o->name);
	return error_hint(err, "%s", o->help);
}

static int set(const struct cli_option *o, const char *value, void *base, struct error *err)
{
	void *dest = (char *)base + o->offset;
	bool asked;
	int r;

	switch (o->kind) {
	case CLI_FLAG:
		return set_flag(o, value, dest, err);
	case CLI_NOT_FLAG:
		r = set_flag(o, value, &asked, err);
		*(bool *)dest = !asked;
		return r;
	case CLI_STRING:
		*(const char **)dest = value;
		return 0;
	case CLI_LIST:
		return add(value, dest, err);
	case CLI_NUMBER:
		return set_number(o, value, dest, err);
	case CLI_MANAGER:
		return set_manager(value, dest, err);
	case CLI_SYSTEMD:
		return set_systemd(o, value, dest, err);
	case CLI_LOG_FORMAT:
		return set_log_format(value, dest, err);
	case CLI_LOG_LEVEL:
		return set_log_level(value, dest, err);
	case CLI_DEBUG:
		return set_debug(o, value, dest, err);
	case CLI_ROOTLESS:
		return check_rootless(value, err);
	case CLI_IGNORED_FLAG:
		return set_flag(o, value, &asked, err);
	case CLI_REFUSED:
		return !parse_bool(value, &asked) || asked ? refuse(o, err) : 0;
	}
	return 0;
}

static const struct cli_option *find_long(const struct cli_option *table, const char *name, size_t len)
{
	for (const struct cli_option *o = table; o->name; o++)
		if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct cli_option *find_short(const struct cli_option *table, char letter)
{
	for (const struct cli_option *o = table; o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static int unknown(const struct cli_option *table, const char *word, struct error *err)
{
	struct name names[128] = {0};
	const char *close;
	size_t n = 0;

	for (const struct cli_option *o = table; o->name && n < 127; o++)
		names[n++].name = o->name;
	error_set(err, ERROR_SAID, "unknown flag %s", word);
	close = word[1] == '-' ? name_closest(names, word + 2) : NULL;
	if (close)
		return error_hint(err, "did you mean --%s?", close);
	return error_hint(err, "--help lists the flags");
}

/* Sets `o`; its value is `value` or the next word.  How many words that took, or a negative errno. */
static int set_next(const struct cli_option *o, const char *value, void *dest, int left, char **argv, struct error *err)
{
	int used = 1, r;

	if (!value && cli_takes_value(o)) {
		if (left < 2)
			return error_set(err, ERROR_SAID, "flag %s needs a value", argv[0]);
		value = argv[1];
		used = 2;
	}
	r = set(o, value, dest, err);
	return r < 0 ? r : used;
}

/* "-it": letters without values, each a flag; one with a value is the last, and the rest is its value, or the next word. */
static int parse_letters(const struct cli_option *table, void *dest, int left, char **argv, struct error *err)
{
	const char *word = argv[0];
	int r = 1;

	/* All are known before the first one is set. */
	for (const char *p = word + 1; *p; p++) {
		const struct cli_option *o = find_short(table, *p);

		if (!o)
			return unknown(table, word, err);
		if (cli_takes_value(o) || p[1] == '=')
			break;
	}
	for (const char *p = word + 1; *p && r > 0; p++) {
		const struct cli_option *o = find_short(table, *p);
		const char *rest = p[1] ? p + 1 + (p[1] == '=') : NULL;

		if (cli_takes_value(o) || p[1] == '=')
			return set_next(o, rest, dest, left, argv, err);
		r = set_next(o, NULL, dest, left, argv, err);
	}
	return r;
}

/* One flag at argv[i]; returns how many words it took, or a negative errno. */
static int parse_flag(const struct cli_option *table, void *dest, int left, char **argv, struct error *err)
{
	const char *word = argv[0];
	const struct cli_option *o;
	size_t len;

	if (word[1] != '-')
		return parse_letters(table, dest, left, argv, err);
	len = strcspn(word + 2, "=");
	o = find_long(table, word + 2, len);
	return o ? set_next(o, word[2 + len] ? word + 3 + len : NULL, dest, left, argv, err) : unknown(table, word, err);
}

int cli_parse(const struct cli_option *table, void *dest, int argc, char **argv, bool stop, int *ret_n,
              struct error *err)
{
	int kept = 0, i = 0;

	while (i < argc) {
		int used;

		/* A number is no flag: "kill ID -9" asks for a signal that does not exist. */
		if (argv[i][0] != '-' || !argv[i][1] || (argv[i][1] >= '0' && argv[i][1] <= '9')) {
			if (stop)
				break;
			argv[kept++] = argv[i++];
			continue;
		}
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		used = parse_flag(table, dest, argc - i, argv + i, err);
		if (used < 0)
			return used;
		i += used;
	}
	if (stop) {
		*ret_n = i;
		return 0;
	}
	while (i < argc)
		argv[kept++] = argv[i++];
	*ret_n = kept;
	return 0;
}

void cli_free(const struct cli_option *table, void *dest)
{
	for (const struct cli_option *o = table; o->name; o++)
		if (o->kind == CLI_LIST) {
			struct strings *list = (struct strings *)((char *)dest + o->offset);

			free(list->v);
			*list = (struct strings){0};
		}
}
