/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/idmap.h"

/* fsconfig(2): a longer string is EINVAL. */
#define OPTION_MAX 255

/* Behind a symbolic link these would mislead whoever writes to /proc or /sys (V11). */
static const char *const plain_directory_types[] = {"proc", "sysfs"};

static void add_option(struct plan_option *options, size_t *n, plan_str key, plan_str value)
{
	options[(*n)++] = (struct plan_option){key, value};
}

static plan_str key_of(struct builder *b, const char *word)
{
	const char *equals = strchr(word, '=');

	return builder_bytes(b, word, equals ? (size_t)(equals - word) : strlen(word), 1);
}

/* ---- linux.mountLabel ---- */

/* These have labels of their own: the policy's for each file, or one by STEP_MOUNT_LABEL. */
static const char *const self_labelled_types[] = {"cgroup", "cgroup2", "mqueue", "proc", "sysfs"};

static bool has_context(const struct mount_options *o)
{
	for (size_t i = 0; i < o->data.n; i++)
		if (strncmp(o->data.v[i].s, "context=", 8) == 0)
			return true;
	return false;
}

/* The label that a new file system takes as its option, or NULL.  One of its own in the options wins. */
static const char *mount_label(const struct config *c, const struct mount *m, const struct mount_options *o)
{
	const char *label = c->linux_.mount_label.s;

	return !label || !*label || is_in(m->type.s, self_labelled_types) || has_context(o) ? NULL : label;
}

/* An option context= would need a file system of its own, and a message queue's belongs to the ipc namespace. */
static void label_queues(const struct config *c, const struct mount *m, struct builder *b)
{
	const char *label = c->linux_.mount_label.s;
	struct step *s;

	if (!label || !*label || strcmp(m->type.s, "mqueue") != 0)
		return;
	s = builder_step(b, STEP_MOUNT_LABEL, 0, c->linux_.mount_label.at);
	s->mount_label.path = builder_str(b, m->destination.s);
	s->mount_label.label = builder_str(b, label);
	s->mount_label.len = (uint32_t)strlen(label);
}

struct plan_list plan_fs_options(struct builder *b, const struct mount *m, const struct mount_options *o,
                                 const char *label)
{
	cleanup_free struct plan_option *options = calloc(o->data.n + 35, sizeof(*options));
	size_t n = 0;

	if (!options) {
		b->failed = true;
		return (struct plan_list){0};
	}
	if ((o->top.set & MOUNT_ATTR_RDONLY) && !plan_is_virtual(m->type.s))
		add_option(options, &n, builder_str(b, "ro"), 0);
	for (unsigned bit = 0; bit < 32; bit++)
		if ((o->superblock >> bit & 1) && mount_superblock_word(1u << bit))
			add_option(options, &n, builder_str(b, mount_superblock_word(1u << bit)), 0);
	for (size_t i = 0; i < o->data.n; i++) {
		const char *word = o->data.v[i].s, *equals = strchr(word, '=');
		plan_str key = key_of(b, word);

		builder_bytes(b, "", 1, 1);     /* the key's end */
		add_option(options, &n, key, equals ? builder_str(b, equals + 1) : 0);
	}
	if (label)
		add_option(options, &n, builder_str(b, "context"), builder_str(b, label));
	return (struct plan_list){builder_bytes(b, options, n * sizeof(*options), 4), (uint32_t)n};
}

/* What fsconfig does not take: flags without a word, strings over its limit. */
static bool needs_legacy(const struct mount *m, const struct mount_options *o)
{
	if (m->source.s && strlen(m->source.s) > OPTION_MAX)
		return true;
	for (unsigned bit = 0; bit < 32; bit++)
		if (!plan_is_virtual(m->type.s) && (o->superblock >> bit & 1) && !mount_superblock_word(1u << bit))
			return true;
	for (size_t i = 0; i < o->data.n; i++) {
		const char *equals = strchr(o->data.v[i].s, '=');

		if (equals && strlen(equals + 1) > OPTION_MAX)
			return true;
	}
	return false;
}

static uint32_t attributes_as_ms(uint32_t attributes)
{
	static const struct { uint32_t attribute, ms; } map[] = {
		{MOUNT_ATTR_RDONLY, MS_RDONLY},
		{MOUNT_ATTR_NOSUID, MS_NOSUID},
		{MOUNT_ATTR_NODEV, MS_NODEV},
		{MOUNT_ATTR_NOEXEC, MS_NOEXEC},
		{MOUNT_ATTR_NOATIME, MS_NOATIME},
		{MOUNT_ATTR_STRICTATIME, MS_STRICTATIME},
		{MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
		{MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW},
	};
	uint32_t ms = 0;

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (attributes & map[i].attribute)
			ms |= map[i].ms;
	return ms;
}

/* "a,b=c".  The label in quotes, because it has commas (s0:c1,c2); fsconfig takes it as it is. */
static plan_str legacy_data(struct builder *b, const struct mount_options *o, const char *label)
{
	const char *const tail[] = {"context=\"", label, "\""};
	uint32_t start = b->len;

	for (size_t i = 0; i < o->data.n; i++) {
		builder_bytes(b, ",", i > 0, 1);
		builder_bytes(b, o->data.v[i].s, strlen(o->data.v[i].s), 1);
	}
	if (label)
		builder_bytes(b, ",", o->data.n > 0, 1);
	for (size_t i = 0; label && i < sizeof(tail) / sizeof(tail[0]); i++)
		builder_bytes(b, tail[i], strlen(tail[i]), 1);
	if (!o->data.n && !label)
		return 0;
	builder_bytes(b, "", 1, 1);
	return start;
}

static bool has_data(const struct mount_options *o, const char *prefix)
{
	for (size_t i = 0; i < o->data.n; i++)
		if (strncmp(o->data.v[i].s, prefix, strlen(prefix)) == 0)
			return true;
	return false;
}

static unsigned copy_up_flags(const struct mount_options *o)
{
	return STEP_F_COPY_UP | (has_data(o, "uid=") || has_data(o, "gid=") ? STEP_F_OWNER_GIVEN : 0u);
}

static unsigned mount_flags(const struct mount *m, const struct mount_options *o)
{
	bool tmpfs = strcmp(m->type.s, "tmpfs") == 0;

	return (is_in(m->type.s, plain_directory_types) ? STEP_F_NOFOLLOW : 0u) |
	       (tmpfs && o->copy_up ? copy_up_flags(o) : 0u) |
	       (tmpfs && !has_data(o, "mode=") ? STEP_F_INHERIT_MODE : 0u);
}

/* A child of a tmpfs that is mounted earlier: "/dev/pts" in "/dev". */
static bool is_below_tmpfs(const struct plan_input *in, const struct mount *m)
{
	const char *slash = strrchr(m->destination.s, '/');
	const struct mount *other = in->config->mounts.v;

	for (; slash && other < m; other++)
		if (other->type.s && strcmp(other->type.s, "tmpfs") == 0 &&
		    strlen(other->destination.s) == (size_t)(slash - m->destination.s) &&
		    strncmp(other->destination.s, m->destination.s, (size_t)(slash - m->destination.s)) == 0)
			return true;
	return false;
}

/* mount(2) does the same for these, and in a directory of ours without a look-up (runtime/init/mount.c). */
static bool is_simple(const struct plan_input *in, const struct mount *m, const struct mount_options *o)
{
	static const char *const types[] = {"devpts", "mqueue", "tmpfs"};

	return is_in(m->type.s, types) && !(mount_flags(m, o) & (STEP_F_COPY_UP | STEP_F_INHERIT_MODE)) && !o->all.set &&
	       !o->all.clear && !o->propagation && !(o->top.set & MOUNT_ATTR_RDONLY) && is_below_tmpfs(in, m);
}

void plan_add_mount(const struct config *c, struct builder *b, const struct mount *m, const struct mount_options *o,
                    bool simple, uint32_t ids_1)
{
	const char *label = mount_label(c, m, o);
	bool legacy = needs_legacy(m, o);
	struct step *s = builder_step(b, legacy ? STEP_LEGACY_MOUNT : STEP_MOUNT, mount_flags(m, o), m->at);

	s->mount.target = builder_str(b, m->destination.s);
	s->mount.type = builder_str(b, m->type.s);
	s->mount.source = builder_str(b, m->source.s && *m->source.s ? m->source.s : NULL);
	s->mount.attributes = o->top.set;
	s->mount.propagation = o->propagation & ~(uint32_t)MS_REC;
	s->mount.all = o->all;
	s->mount.ids_1 = ids_1;
	if (legacy || simple) {
		s->mount.ms_flags = o->superblock | attributes_as_ms(o->top.set);
		s->mount.data = legacy_data(b, o, label);
	}
	if (!legacy)
		s->mount.options = plan_fs_options(b, m, o, label);
	if (simple && !legacy)
		s->flags |= STEP_F_BY_NAME;
	label_queues(c, m, b);
}

/*
 * The owners of a new file system.  In a user namespace it belongs to the container's, whose ids it shows
 * anyway; other maps would need rights over it that nobody outside has.
 */
static int map_new(const struct plan_input *in, struct builder *b, const struct mount *m, const struct mount_options *o,
                   uint32_t *ret, struct error *err)
{
	bool own = m->uid_mappings.n || (o->idmap && strchr(o->idmap->s, '='));
	struct source at = o->idmap ? o->idmap->at : m->uid_mappings.at;

	*ret = 0;
	if (!own && in->config->linux_.namespaces[NS_USER].set)
		return 0;
	if (own && in->config->linux_.namespaces[NS_USER].set) {
		error_set(err, ENOTSUP, "mount %s on %s: mappings of its own in a container with a user namespace",
		          m->type.s, m->destination.s);
		error_hint(err, "mount it on the host, and bind it with these mappings");
		return error_locate(err, at);
	}
	if ((own || o->idmap) && needs_legacy(m, o)) {
		error_set(err, ENOTSUP, "mount %s on %s: idmap with iversion, silent or a string over %d bytes",
		          m->type.s, m->destination.s, OPTION_MAX);
		error_hint(err, "mount it on the host, and bind it with idmap");
		return error_locate(err, at);
	}
	return plan_idmap(in->config, b, m, o, ret, err);
}

int plan_new_mount(const struct plan_input *in, struct builder *b, const struct mount *m, const struct mount_options *o,
                   struct error *err)
{
	uint32_t ids_1;
	int r;

	if (!m->type.s || !*m->type.s || strcmp(m->type.s, "bind") == 0) {
		error_set(err, EINVAL, "mount on %s: %s", m->destination.s,
		          m->type.s && *m->type.s ? "neither \"bind\" nor \"rbind\" is among the options"
		                                  : "\"type\" is missing");
		return error_locate(err, m->type.s ? m->type.at : m->at);
	}
	if (o->copy_up && strcmp(m->type.s, "tmpfs") != 0) {
		error_set(err, EINVAL, "mount %s on %s: tmpcopyup is for tmpfs only", m->type.s, m->destination.s);
		return error_locate(err, m->at);
	}
	if (o->copy_up && needs_legacy(m, o)) {
		error_set(err, EINVAL, "mount tmpfs on %s: tmpcopyup with an option or source over %d bytes",
		          m->destination.s, OPTION_MAX);
		return error_locate(err, m->at);
	}
	r = map_new(in, b, m, o, &ids_1, err);
	if (r == 0)
		plan_add_mount(in->config, b, m, o, !ids_1 && is_simple(in, m, o), ids_1);
	return r;
}
