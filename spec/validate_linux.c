/*
 * validate_linux - config-linux.md, but for ids, sysctls and seccomp.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec/lists.h"
#include "spec/validate.h"

#define INTERFACE_MAX 15        /* bytes: IFNAMSIZ without the NUL */
#define NSEC_PER_SEC  1000000000u
#define NODES_MAX     1024      /* of any kernel (CONFIG_NODES_SHIFT) */

/* ---- config-linux.md "Offset for Time Namespace" ---- */

static int check_time_offset(const struct config *config, const struct time_offset *offset,
                             struct error *err)
{
	const struct namespace *ns = &config->linux_.namespaces[NS_TIME];

	if (!offset->set)
		return 0;
	if (ns->path.s)
		return refuse(err, offset->at, "the clocks of a time namespace that is joined are set already");
	if (offset->nanosecs >= NSEC_PER_SEC)
		return refuse(err, offset->at, "nanosecs %u is outside 0..%u", offset->nanosecs,
		              NSEC_PER_SEC - 1);
	return check_namespace(config, NS_TIME, offset->at, "timeOffsets", err);
}

int check_time_offsets(const struct config *config, struct error *err)
{
	int r = check_time_offset(config, &config->linux_.monotonic, err);

	return r < 0 ? r : check_time_offset(config, &config->linux_.boottime, err);
}

/* ---- config-linux.md "Devices" ---- */

/* The kernel has 12 bits for the major number and 20 for the minor one. */
static int check_device_number(const struct device *d, const char *name, int64_t number,
                               int64_t max, struct error *err)
{
	if (number >= 0 && number <= max)
		return 0;
	if (number == -1)
		return refuse(err, d->at, "the device %.80s has no %s number", d->path.s, name);
	return refuse(err, d->at, "the %s number %" PRId64 " of %.80s is outside 0..%" PRId64, name,
	              number, d->path.s, max);
}

int check_devices(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->linux_.devices.n; i++) {
		const struct device *d = &config->linux_.devices.v[i];
		int r = 0;

		if (d->path.s[0] != '/')
			return refuse(err, d->path.at, "the path \"%.80s\" of a device is not absolute",
			              d->path.s);
		if (d->type != 'p')
			r = check_device_number(d, "major", d->major, 0xfff, err);
		if (r == 0 && d->type != 'p')
			r = check_device_number(d, "minor", d->minor, 0xfffff, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- config-linux.md "Network Devices" ---- */

bool interface_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > INTERFACE_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

/* One %d, which the kernel fills in; it takes no other use of the sign. */
static bool is_template_ok(const char *name)
{
	const char *sign = strchr(name, '%');

	return !sign || (sign[1] == 'd' && !strchr(sign + 1, '%'));
}

int check_net_devices(const struct config *config, struct error *err)
{
	if (config->linux_.net_devices.n) {
		int r = check_namespace(config, NS_NETWORK, config->linux_.net_devices.v[0].at, "netDevices", err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < config->linux_.net_devices.n; i++) {
		const struct net_device *d = &config->linux_.net_devices.v[i];
		const char *names[] = {d->host_name, d->name.s ? d->name.s : d->host_name};

		for (int k = 0; k < 2; k++)
			if (!interface_name_ok(names[k]) || (k && !is_template_ok(names[k])))
				return refuse(err, k ? d->name.at : d->at,
				              "\"%.40s\" cannot be the name of a network device", names[k]);
	}
	return 0;
}

/* ---- config-linux.md "Control groups" ---- */

static bool has_dotdot(const char *path)
{
	for (const char *c = path; (c = strstr(c, "..")); c += 2)
		if ((c == path || c[-1] == '/') && (c[2] == '\0' || c[2] == '/'))
			return true;
	return false;
}

int check_cgroups_path(const struct config *config, struct error *err)
{
	const struct text *path = &config->linux_.cgroups_path;

	if (!path->s || !has_dotdot(path->s))
		return 0;
	return refuse(err, path->at, "cgroupsPath \"%.80s\" contains \"..\"", path->s);
}

/* A key of unified is the name of a file in the cgroup's own directory. */
int check_unified(const struct config *config, struct error *err)
{
	const struct pairs *unified = &config->linux_.resources.unified;

	for (size_t i = 0; i < unified->n; i++) {
		const char *key = unified->v[i].key;

		if (*key == '\0' || *key == '.' || strchr(key, '/'))
			return refuse(err, unified->v[i].at,
			              "\"%.80s\" cannot be the name of a file in a cgroup", key);
	}
	return 0;
}

/* ---- config-linux.md "Masked Paths", "Readonly Paths": absolute paths ---- */

static int check_absolute(const struct texts *paths, const char *what, struct error *err)
{
	for (size_t i = 0; i < paths->n; i++)
		if (paths->v[i].s[0] != '/')
			return refuse(err, paths->v[i].at, "the %s path \"%.80s\" is not absolute", what,
			              paths->v[i].s);
	return 0;
}

int check_masked_paths(const struct config *config, struct error *err)
{
	return check_absolute(&config->linux_.masked_paths, "masked", err);
}

int check_readonly_paths(const struct config *config, struct error *err)
{
	return check_absolute(&config->linux_.readonly_paths, "read-only", err);
}

/* ---- config-linux.md "Personality" ---- */

/* domain is required; no flag is defined yet. */
int check_personality(const struct config *config, struct error *err)
{
	const struct linux_config *l = &config->linux_;

	if (!l->personality.set)
		return 0;
	if (!l->personality.domain.s)
		return refuse(err, l->personality.at, "\"domain\" is missing");
	if (l->personality.flags.n == 0)
		return 0;
	refuse(err, l->personality.flags.v[0].at, "a personality has no flags");
	return error_hint(err, "runtime-spec defines none yet: leave linux.personality.flags out");
}

/* ---- config-linux.md "IntelRdt" ---- */

/* closID is the name of a directory below /sys/fs/resctrl, which has some of its own. */
int check_rdt(const struct config *config, struct error *err)
{
	static const char *const taken[] = {".", "..", "info", "mon_data", "mon_groups"};
	const struct text *id = &config->linux_.intel_rdt.clos_id;
	bool bad = id->s && (strchr(id->s, '/') || strchr(id->s, '\n') || strlen(id->s) > 255);

	for (size_t i = 0; id->s && i < sizeof(taken) / sizeof(taken[0]); i++)
		bad |= strcmp(id->s, taken[i]) == 0;
	return bad ? refuse(err, id->at, "closID \"%.80s\" cannot be the name of a directory", id->s) : 0;
}

/* ---- config-linux.md "Memory policy", set_mempolicy(2) ---- */

enum nodes { NODES_NONE, NODES_MAY, NODES_MUST };

static const struct memory_mode {
	const char *name;
	enum nodes nodes;
} memory_modes[] = {
	{"MPOL_BIND",                NODES_MUST},
	{"MPOL_DEFAULT",             NODES_NONE},
	{"MPOL_INTERLEAVE",          NODES_MUST},
	{"MPOL_LOCAL",               NODES_NONE},
	{"MPOL_PREFERRED",           NODES_MAY },
	{"MPOL_PREFERRED_MANY",      NODES_MUST},
	{"MPOL_WEIGHTED_INTERLEAVE", NODES_MUST},
};

static int check_memory_nodes(const struct memory_policy *m, struct error *err)
{
	const char *nodes = m->nodes.s ? m->nodes.s : "";
	size_t i = 0;

	while (strcmp(memory_modes[i].name, m->mode.s) != 0)
		i++;
	if (*nodes == '\0' && memory_modes[i].nodes == NODES_MUST)
		return refuse(err, m->at, "%s needs nodes", m->mode.s);
	if (*nodes && memory_modes[i].nodes == NODES_NONE)
		return refuse(err, m->nodes.at, "%s takes no nodes", m->mode.s);
	if (list_parse(nodes, NODES_MAX, NULL) == 0)
		return 0;
	refuse(err, m->nodes.at, "\"%.80s\" is not a list of memory nodes", nodes);
	return error_hint(err, "such as \"0-1,3\"; no kernel has a node above %d", NODES_MAX - 1);
}

static bool lists(const struct texts *words, const char *word)
{
	for (size_t i = 0; i < words->n; i++)
		if (strcmp(words->v[i].s, word) == 0)
			return true;
	return false;
}

int check_memory_policy(const struct config *config, struct error *err)
{
	const struct memory_policy *m = &config->linux_.memory_policy;

	if (!m->set)
		return 0;
	if (!m->mode.s)
		return refuse(err, m->at, "\"mode\" is missing");
	if (lists(&m->flags, "MPOL_F_STATIC_NODES") && lists(&m->flags, "MPOL_F_RELATIVE_NODES"))
		return refuse(err, m->at, "nodes cannot be static and relative");
	return check_memory_nodes(m, err);
}
