/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/validate.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "spec/config.h"
#include "spec/lists.h"
#include "spec/names.h"

#define INTERFACE_MAX 15        /* bytes: IFNAMSIZ without the NUL */
#define ID_RANGES_MAX 340       /* UID_GID_MAP_MAX_EXTENTS */
#define ID_ROWS_MAX   4096      /* of the user namespace, before neighbours are made one */
#define NSEC_PER_SEC  1000000000u
#define UTS_NAME_MAX  64
#define NODES_MAX     1024      /* of any kernel (CONFIG_NODES_SHIFT) */

#define refuse(err, place, ...)                      \
	({                                           \
		error_set(err, EINVAL, __VA_ARGS__); \
		error_locate(err, place);            \
	})

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

/* user_namespaces(7): no id is mapped twice, in neither direction. */
static bool overlap(const struct id_mapping *a, const struct id_mapping *b)
{
	return a->container_id - (uint64_t)b->container_id < b->size ||
	       b->container_id - (uint64_t)a->container_id < a->size ||
	       a->host_id - (uint64_t)b->host_id < b->size || b->host_id - (uint64_t)a->host_id < a->size;
}

static int check_ranges(const struct id_mappings *mappings, struct error *err)
{
	for (size_t i = 0; i < mappings->n; i++) {
		const struct id_mapping *m = &mappings->v[i];

		if (m->size == 0)
			return refuse(err, m->at, "maps no id at all: size is 0");
		/* 4294967295 is no id, so the last one is 4294967294. */
		if ((uint64_t)m->container_id + m->size > UINT32_MAX ||
		    (uint64_t)m->host_id + m->size > UINT32_MAX)
			return refuse(err, m->at, "maps ids above %u", UINT32_MAX - 1);
		for (size_t j = 0; j < i; j++)
			if (overlap(m, &mappings->v[j]))
				return refuse(err, m->at, "maps an id that another range maps already");
	}
	return 0;
}

int id_mappings_check(const struct id_mappings *mappings, struct error *err)
{
	if (mappings->n > ID_RANGES_MAX)
		return refuse(err, mappings->at, "%zu ranges of ids: the kernel takes %d", mappings->n, ID_RANGES_MAX);
	return check_ranges(mappings, err);
}

/* Those of the user namespace: neighbours become one row when they are written (runtime/plan/userns.h). */
static int check_rows(const struct id_mappings *mappings, struct error *err)
{
	if (mappings->n > ID_ROWS_MAX)
		return refuse(err, mappings->at, "%zu ranges of ids", mappings->n);
	return check_ranges(mappings, err);
}

/* uidMappings and gidMappings: both or neither. */
static int check_mount_mappings(const struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		const struct mount *m = &config->mounts.v[i];
		int r = 0;

		if ((m->uid_mappings.n > 0) != (m->gid_mappings.n > 0))
			return refuse(err, m->at, "a mount needs uidMappings and gidMappings, or neither");
		r = id_mappings_check(&m->uid_mappings, err);
		if (r == 0)
			r = id_mappings_check(&m->gid_mappings, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- config.md "Process" ---- */

/* cwd is an absolute path. */
static int check_cwd(const struct config *config, struct error *err)
{
	const struct text *cwd = &config->process.cwd;

	if (!config->process.set || cwd->s[0] == '/')
		return 0;
	return refuse(err, cwd->at, "cwd \"%.80s\" is not an absolute path", cwd->s);
}

/* args has at least one entry. */
static int check_args(const struct config *config, struct error *err)
{
	if (!config->process.set || config->process.args.n > 0)
		return 0;
	if (config->process.args.set)
		return refuse(err, config->process.at, "process.args is empty");
	return refuse(err, config->process.at, "\"args\" is missing");
}

/* env is what environ(7) is. */
static int check_env(const struct config *config, struct error *err)
{
	const struct texts *env = &config->process.env;

	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i].s, '=');

		if (!equals)
			return refuse(err, env->v[i].at, "\"%.80s\" is not of the form NAME=value",
			              env->v[i].s);
		if (equals == env->v[i].s)
			return refuse(err, env->v[i].at, "an environment variable without a name");
	}
	return 0;
}

/* consoleSize is ignored without a terminal; struct winsize has 16 bits. */
static int check_console(const struct config *config, struct error *err)
{
	const struct process *p = &config->process;

	if (!p->terminal || (p->console_size.height <= UINT16_MAX && p->console_size.width <= UINT16_MAX))
		return 0;
	return refuse(err, p->at, "consoleSize %" PRIu64 " x %" PRIu64 " is larger than a terminal can be",
	              p->console_size.width, p->console_size.height);
}

/* Duplicated entries with the same type are an error. */
static int check_rlimits(const struct config *config, struct error *err)
{
	bool seen[RLIM_NLIMITS] = {false};

	for (size_t i = 0; i < config->process.rlimits.n; i++) {
		const struct rlimit_entry *r = &config->process.rlimits.v[i];

		if (seen[r->resource])
			return refuse(err, r->at, "%s is given twice", r->type.s);
		if (r->soft > r->hard)
			return refuse(err, r->at, "the soft limit %" PRIu64 " of %s is above the hard one, %" PRIu64,
			              r->soft, r->type.s, r->hard);
		seen[r->resource] = true;
	}
	return 0;
}

/* Which values a policy has a use for: config.md "scheduler", sched_setattr(2). */
static const struct policy {
	const char *name;
	bool priority, deadline;
} policies[] = {
	{"SCHED_DEADLINE", false, true },
	{"SCHED_FIFO",     true,  false},
	{"SCHED_RR",       true,  false},
	{"",               false, false},       /* all others */
};

static const struct policy *find_policy(const char *name)
{
	const struct policy *p = policies;

	while (*p->name && strcmp(p->name, name) != 0)
		p++;
	return p;
}

static int check_scheduler(const struct config *config, struct error *err)
{
	const struct scheduler *s = &config->process.scheduler;
	const struct policy *policy = s->set ? find_policy(s->policy.s) : NULL;
	bool times = s->runtime || s->deadline || s->period;

	if (!policy)
		return 0;
	if (s->nice < -20 || s->nice > 19)
		return refuse(err, s->at, "nice %" PRId64 " is outside -20..19", s->nice);
	if (policy->priority && (s->priority < 1 || s->priority > 99))
		return refuse(err, s->at, "%s needs a priority from 1 to 99", s->policy.s);
	if (!policy->priority && s->priority != 0)
		return refuse(err, s->at, "%s has no priority", s->policy.s);
	if (!policy->deadline && times)
		return refuse(err, s->at, "runtime, deadline and period are for SCHED_DEADLINE only");
	if (policy->deadline && !(s->runtime && s->runtime <= s->deadline))
		return refuse(err, s->at, "SCHED_DEADLINE needs a runtime that is not above its deadline");
	return 0;
}

/* A label is one line, and goes between quotes (selinuxLabel, mountLabel). */
static int check_label(const struct text *label, const char *what, struct error *err)
{
	for (const char *c = label->s ?: ""; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == '"' || *c == 0x7f)
			return refuse(err, label->at, "%s has a quotation mark or a control character", what);
	return 0;
}

static int check_labels(const struct config *config, struct error *err)
{
	int r = check_label(&config->process.apparmor_profile, "apparmorProfile", err);

	if (r == 0)
		r = check_label(&config->process.selinux_label, "selinuxLabel", err);
	return r < 0 ? r : check_label(&config->linux_.mount_label, "mountLabel", err);
}

/* ioPriority: from 0 (highest) to 7. */
static int check_io_priority(const struct config *config, struct error *err)
{
	const struct io_priority *io = &config->process.io_priority;

	if (!io->set || (io->priority >= 0 && io->priority <= 7))
		return 0;
	return refuse(err, io->at, "an I/O priority of %" PRId64 " is outside 0..7", io->priority);
}

/* execCPUAffinity: lists as taskset(1) takes them. */
static int check_affinity(const struct config *config, struct error *err)
{
	const struct text *lists[] = {&config->process.exec_cpu_affinity.initial,
	                              &config->process.exec_cpu_affinity.final};

	for (int i = 0; i < 2; i++) {
		if (!lists[i]->s || list_parse(lists[i]->s, LIST_BITS, NULL) == 0)
			continue;
		refuse(err, lists[i]->at, "\"%.80s\" is not a list of processors", lists[i]->s);
		return error_hint(err, "such as \"0-3,7\"");
	}
	return 0;
}

/* ---- config.md "Hostname", "Domainname" ---- */

static int need_namespace(const struct config *config, enum namespace_kind kind, struct source at,
                          const char *who, struct error *err)
{
	const char *name = name_of(namespace_names, kind);

	if (config->linux_.namespaces[kind].set)
		return 0;
	refuse(err, at, "%.80s needs a namespace of type %s", who, name);
	return error_hint(err, "add {\"type\": \"%s\"} to linux.namespaces", name);
}

/* uname(2): 64 bytes, whatever is in them. */
static int check_name(const struct config *config, const struct text *name, const char *what, struct error *err)
{
	if (!name->s)
		return 0;
	if (strlen(name->s) > UTS_NAME_MAX)
		return refuse(err, name->at, "%s \"%.80s...\" is longer than %d bytes", what, name->s, UTS_NAME_MAX);
	return need_namespace(config, NS_UTS, name->at, what, err);
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

/* ---- config-linux.md "User namespace mappings" ---- */

static int check_user_mappings(const struct config *config, struct error *err)
{
	const struct linux_config *l = &config->linux_;
	int r = 0;

	if (l->uid_mappings.n > 0)
		r = need_namespace(config, NS_USER, l->uid_mappings.at, "uidMappings", err);
	if (r == 0 && l->gid_mappings.n > 0)
		r = need_namespace(config, NS_USER, l->gid_mappings.at, "gidMappings", err);
	if (r == 0)
		r = check_rows(&l->uid_mappings, err);
	return r < 0 ? r : check_rows(&l->gid_mappings, err);
}

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
	return need_namespace(config, NS_TIME, offset->at, "timeOffsets", err);
}

static int check_time_offsets(const struct config *config, struct error *err)
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

static int check_devices(const struct config *config, struct error *err)
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

static int check_net_devices(const struct config *config, struct error *err)
{
	if (config->linux_.net_devices.n) {
		int r = need_namespace(config, NS_NETWORK, config->linux_.net_devices.v[0].at, "netDevices", err);

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

static int check_cgroups_path(const struct config *config, struct error *err)
{
	const struct text *path = &config->linux_.cgroups_path;

	if (!path->s || !has_dotdot(path->s))
		return 0;
	return refuse(err, path->at, "cgroupsPath \"%.80s\" contains \"..\"", path->s);
}

/* A key of unified is the name of a file in the cgroup's own directory. */
static int check_unified(const struct config *config, struct error *err)
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

/* ---- config-linux.md "Sysctl" ---- */

bool sysctl_path(const char *key, char *buf, size_t size)
{
	size_t first = strcspn(key, "./"), len = strlen(key);
	char separator = key[first];

	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i <= len; i++) {
		char c = key[i];

		buf[i] = c == separator ? '/' : c == '/' ? '.' : c;
	}
	buf[len] = '\0';
	for (const char *c = buf; c; c = strchr(c, '/') ? strchr(c, '/') + 1 : NULL) {
		size_t part = strcspn(c, "/");

		if (part == 0 || (part == 1 && c[0] == '.') || (part == 2 && memcmp(c, "..", 2) == 0))
			return false;
	}
	return true;
}

/* What a namespace has of its own; a path that ends in '/' stands for all below it. */
static const struct sysctl {
	const char *path;
	enum namespace_kind kind;
} sysctls[] = {
	{"fs/mqueue/",             NS_IPC    },
	{"kernel/auto_msgmni",     NS_IPC    },
	{"kernel/domainname",      NS_UTS    },
	{"kernel/msg_next_id",     NS_IPC    },
	{"kernel/msgmax",          NS_IPC    },
	{"kernel/msgmnb",          NS_IPC    },
	{"kernel/msgmni",          NS_IPC    },
	{"kernel/sem",             NS_IPC    },
	{"kernel/sem_next_id",     NS_IPC    },
	{"kernel/shm_next_id",     NS_IPC    },
	{"kernel/shm_rmid_forced", NS_IPC    },
	{"kernel/shmall",          NS_IPC    },
	{"kernel/shmmax",          NS_IPC    },
	{"kernel/shmmni",          NS_IPC    },
	{"net/",                   NS_NETWORK},
	{"user/",                  NS_USER   },
};

static const struct sysctl *find_sysctl(const char *path)
{
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		size_t len = strlen(sysctls[i].path);
		bool below = sysctls[i].path[len - 1] == '/';

		if (strncmp(path, sysctls[i].path, len) == 0 && (below ? path[len] != '\0' : path[len] == '\0'))
			return &sysctls[i];
	}
	return NULL;
}

/* Whatever is not of a namespace of the container would be changed for the whole host. */
static int check_sysctl(const struct config *config, const struct pair *pair, struct error *err)
{
	const struct sysctl *known;
	char path[256], who[128];

	snprintf(who, sizeof(who), "sysctl %.100s", pair->key);
	if (!sysctl_path(pair->key, path, sizeof(path)))
		return refuse(err, pair->at, "\"%.80s\" cannot be the name of a sysctl", pair->key);
	if (strcmp(path, "kernel/hostname") == 0) {
		refuse(err, pair->at, "%s would contradict the hostname property", who);
		return error_hint(err, "set \"hostname\" instead");
	}
	known = find_sysctl(path);
	if (!known) {
		refuse(err, pair->at, "%s belongs to no namespace", who);
		return error_hint(err, "it would change the host; set it there");
	}
	return need_namespace(config, known->kind, pair->at, who, err);
}

static int check_sysctls(const struct config *config, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->linux_.sysctl.n; i++)
		r = check_sysctl(config, &config->linux_.sysctl.v[i], err);
	return r;
}

/* ---- config-linux.md "Seccomp" ---- */

/* An errno for an action that supports none is an error. */
static int check_errno(const struct text *action, const struct opt_uint *number, struct error *err)
{
	if (!number->set || strcmp(action->s, "SCMP_ACT_ERRNO") == 0 ||
	    strcmp(action->s, "SCMP_ACT_TRACE") == 0)
		return 0;
	return refuse(err, number->at, "%s takes no errno", action->s);
}

/* Without a listener there is nobody to notify. */
static int check_listener(const struct seccomp *s, const struct text *action, struct error *err)
{
	if (s->listener_path.s || strcmp(action->s, "SCMP_ACT_NOTIFY") != 0)
		return 0;
	return refuse(err, action->at, "SCMP_ACT_NOTIFY needs a listenerPath");
}

static int check_seccomp_rule(const struct seccomp *s, const struct seccomp_rule *rule,
                              struct error *err)
{
	int r = check_errno(&rule->action, &rule->errno_ret, err);

	for (size_t i = 0; r == 0 && i < rule->args.n; i++)
		if (rule->args.v[i].index > 5)
			r = refuse(err, rule->args.v[i].at,
			           "a system call has arguments 0 to 5, not %u", rule->args.v[i].index);
	return r < 0 ? r : check_listener(s, &rule->action, err);
}

static int check_seccomp(const struct config *config, struct error *err)
{
	const struct seccomp *s = &config->linux_.seccomp;
	int r;

	if (!s->set)
		return 0;
	if (s->listener_metadata.s && !s->listener_path.s)
		return refuse(err, s->listener_metadata.at, "listenerMetadata needs a listenerPath");
	/* create and start may have different working directories. */
	if (seccomp_notifies(s) && s->listener_path.s && s->listener_path.s[0] != '/')
		return refuse(err, s->listener_path.at, "listenerPath is not absolute");
	r = check_errno(&s->default_action, &s->default_errno_ret, err);
	if (r == 0)
		r = check_listener(s, &s->default_action, err);
	for (size_t i = 0; r == 0 && i < s->syscalls.n; i++)
		r = check_seccomp_rule(s, &s->syscalls.v[i], err);
	return r;
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

static int check_masked_paths(const struct config *config, struct error *err)
{
	return check_absolute(&config->linux_.masked_paths, "masked", err);
}

static int check_readonly_paths(const struct config *config, struct error *err)
{
	return check_absolute(&config->linux_.readonly_paths, "read-only", err);
}

/* ---- config-linux.md "Personality" ---- */

/* domain is required; no flag is defined yet. */
static int check_personality(const struct config *config, struct error *err)
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
static int check_rdt(const struct config *config, struct error *err)
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

static int check_memory_policy(const struct config *config, struct error *err)
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

/* ---- all of them ---- */

static int (*const checks[])(const struct config *config, struct error *err) = {
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
