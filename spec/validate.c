/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "spec/names.h"

#define UTS_NAME_MAX 64

/* ---- config.md "Specification version" ---- */

/* One or more of [0-9A-Za-z-], separated by dots; ends before '+' or NUL. */
static const char *skip_identifiers(const char *s)
{
	const char *begin;

	do {
		for (begin = s; isalnum((unsigned char)*s) || *s == '-';)
			s++;
		if (s == begin)
			return NULL;
	} while (*s++ == '.');
	return s - 1;
}

/* A number without leading zeros. */
static const char *skip_number(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	return digits == 0 || (digits > 1 && *s == '0') ? NULL : s + digits;
}

/* SemVer 2.0.0, items 2, 9 and 10. */
static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i > 0 && *s++ != '.')
			return false;
		s = skip_number(s);
		if (!s)
			return false;
	}
	if (*s == '-')
		s = skip_identifiers(s + 1);
	if (s && *s == '+')
		s = skip_identifiers(s + 1);
	return s && *s == '\0';
}

/*
 * A version that is not supported is an error.  The major number alone decides: a later 1.x
 * only adds properties, and unknown ones are ignored.  A part of a config has no version.
 */
static int check_version(const struct config *config, struct error *err)
{
	const struct text *version = &config->oci_version;

	if (!version->s)
		return 0;
	if (!is_semver(version->s)) {
		refuse(err, version->at, "ociVersion \"%.40s\" is not a semantic version", version->s);
		return error_hint(err, "such as \"1.3.0\"");
	}
	if (strncmp(version->s, "1.", 2) == 0)
		return 0;
	refuse(err, version->at, "ociVersion %.40s is not supported", version->s);
	return error_hint(err, "this is a runtime for version 1");
}

/* ---- config.md "Root" ---- */

/* Required on Linux; a part of a config has none. */
static int check_root(const struct config *config, struct error *err)
{
	if (!config->oci_version.s || (config->root.set && config->root.path.s[0] != '\0'))
		return 0;
	if (config->root.set)
		return refuse(err, config->root.path.at, "root.path is empty");
	return refuse(err, (struct source){1}, "\"root\" is missing");
}

/* ---- config.md "Mounts" ---- */

/* One that is not absolute is relative to / (since 1.2). */
static int check_destinations(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.n; i++)
		if (config->mounts.v[i].destination.s[0] == '\0')
			return refuse(err, config->mounts.v[i].destination.at,
			              "the destination of a mount is empty");
	return 0;
}

int check_namespace(const struct config *config, enum namespace_kind kind, struct source at,
                          const char *who, struct error *err)
{
	const char *name = name_of(namespace_names, kind);

	if (config->linux_.namespaces[kind].set)
		return 0;
	refuse(err, at, "%.80s needs a namespace of type %s", who, name);
	return error_hint(err, "add {\"type\": \"%s\"} to linux.namespaces", name);
}

/* ---- config.md "Hostname", "Domainname" ---- */

/* uname(2): 64 bytes, whatever is in them. */
static int check_name(const struct config *config, const struct text *name, const char *what, struct error *err)
{
	if (!name->s)
		return 0;
	if (strlen(name->s) > UTS_NAME_MAX)
		return refuse(err, name->at, "%s \"%.80s...\" is longer than %d bytes", what, name->s, UTS_NAME_MAX);
	return check_namespace(config, NS_UTS, name->at, what, err);
}

static int check_hostname(const struct config *config, struct error *err)
{
	return check_name(config, &config->hostname, "hostname", err);
}

static int check_domainname(const struct config *config, struct error *err)
{
	return check_name(config, &config->domainname, "domainname", err);
}

/* ---- config.md "POSIX-platform Hooks" ---- */

/* path is absolute; the timeout is checked where it is read. */
static int check_hooks(const struct config *config, struct error *err)
{
	for (int kind = 0; kind < HOOK_KINDS; kind++)
		for (size_t i = 0; i < config->hooks[kind].n; i++) {
			const struct text *path = &config->hooks[kind].v[i].path;

			if (path->s[0] != '/')
				return refuse(err, path->at,
				              "the path \"%.80s\" of a hook is not absolute", path->s);
		}
	return 0;
}

/* ---- config.md "Annotations" ---- */

/* A key is not empty. */
static int check_annotations(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->annotations.n; i++)
		if (config->annotations.v[i].key[0] == '\0')
			return refuse(err, config->annotations.v[i].at, "an annotation without a name");
	return 0;
}

/* ---- all of them ---- */

static config_check *const checks[] = {
	check_version,
	check_root,
	check_cwd,
	check_args,
	check_env,
	check_console,
	check_rlimits,
	check_labels,
	check_scheduler,
	check_io_priority,
	check_affinity,
	check_hostname,
	check_domainname,
	check_destinations,
	check_mount_mappings,
	check_hooks,
	check_annotations,
	check_user_mappings,
	check_time_offsets,
	check_devices,
	check_net_devices,
	check_cgroups_path,
	check_unified,
	check_sysctls,
	check_seccomp,
	check_masked_paths,
	check_readonly_paths,
	check_personality,
	check_rdt,
	check_memory_policy,
};

int config_validate(const struct config *config, struct error *err)
{
	int r = 0;

	*err = (struct error){0};
	for (size_t i = 0; r == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
		r = checks[i](config, err);
	return r;
}
