/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <linux/stat.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/builder.h"
#include "runtime/plan/idmap.h"
#include "runtime/plan/options.h"

/* Each mount leaves up to four temporary fds behind: closed all together every so often. */
#define MOUNTS_BEFORE_TIDY 24
/* Each masked or read-only path leaves up to two. */
#define PATHS_BEFORE_TIDY 200
/* fsconfig(2): a longer string is EINVAL. */
#define OPTION_MAX 255

/* File systems without a device: `ro` concerns the mount alone, as their superblock may be shared. */
static const char *const virtual_types[] = {"cgroup", "cgroup2", "devpts", "mqueue", "proc", "sysfs", "tmpfs"};

/* Behind a symbolic link these would mislead whoever writes to /proc or /sys (V11). */
static const char *const plain_directory_types[] = {"proc", "sysfs"};

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; s && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return true;
	return false;
}

#define is_in(s, list) is_one_of(s, list, sizeof(list) / sizeof((list)[0]))

static bool is_cgroup(const struct mount *m)
{
	return m->type.s && (strcmp(m->type.s, "cgroup") == 0 || strcmp(m->type.s, "cgroup2") == 0);
}

/* `path` without "." and empty components, ".." resolved by the text: "/a/b", or "" for the root. */
static const char *normalise(const char *path, char *buf, size_t size)
{
	size_t n = 0;

	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && memcmp(path, "..", 2) == 0) {
			while (n > 0 && buf[--n] != '/')
				;
		} else if (len > 0 && !(len == 1 && *path == '.') && n + len + 2 < size) {
			buf[n++] = '/';
			memcpy(buf + n, path, len);
			n += len;
		}
		path += len + (path[len] == '/');
	}
	buf[n] = '\0';
	return buf;
}

static bool is_path(const struct mount *m, const char *path)
{
	char buf[PATH_MAX];

	return strcmp(normalise(m->destination.s, buf, sizeof(buf)), path) == 0;
}

/* ---- bind mounts ---- */

/* config.md "Mounts": a relative source is relative to the bundle. */
static uint32_t source_slot(const struct plan_input *in, struct builder *b, const struct mount *m,
                            uint32_t flags)
{
	cleanup_free char *joined = NULL;
	const char *path = m->source.s;

	if (path[0] != '/') {
		if (asprintf(&joined, "%s/%s", in->bundle, path) < 0) {
			joined = NULL;
			b->failed = true;
		}
		path = joined;
	}
	return builder_slot(b, is_path(m, "/proc") ? SLOT_PROC : SLOT_TREE, path, flags, m->source.at);
}

/* Only with a shared root do mounts of the container reach the host (runc's rule, which Kubernetes relies on). */
static bool shares_with_host(const struct config *c)
{
	const char *word = c->linux_.rootfs_propagation.s;

	return word && (strcmp(word, "shared") == 0 || strcmp(word, "rshared") == 0);
}

static unsigned bind_flags(const struct mount_options *o)
{
	return (o->recursive ? STEP_F_RECURSIVE : 0u) | (o->target_nofollow ? STEP_F_KEEP_LINK : 0u) |
	       (o->copy_symlink ? STEP_F_COPY_LINK : 0u);
}

static void add_bind(const struct plan_input *in, struct builder *b, const struct mount *m, uint32_t slot,
                     const struct mount_options *o, const char *target)
{
	bool in_peer_group = shares_with_host(in->config);
	struct step *s = builder_step(b, STEP_BIND, bind_flags(o), m->at);

	s->bind.target = builder_str(b, target);
	s->bind.source = builder_str(b, m->source.s);
	s->bind.slot = slot;
	if (!b->failed && (b->slots[slot].flags & AT_RECURSIVE))
		s->flags |= STEP_F_RECURSIVE;
	/* Never the host's peer group, unless it is asked for (runtime-spec's default is private). */
	s->bind.propagation = (o->propagation ? o->propagation : MS_PRIVATE) & ~(uint32_t)MS_REC;
	if (s->bind.propagation == MS_SHARED && !in_peer_group)
		s->flags |= STEP_F_SLAVE_FIRST;
	s->bind.all = o->all;
	s->bind.top = o->top;
	if (!o->recursive) {    /* one mount: one system call; of opposite words the recursive one wins */
		s->bind.all.set |= o->top.set & ~o->all.clear;
		s->bind.all.clear |= o->top.clear & ~o->all.set;
		s->bind.top = (struct plan_map){0};
	}
}

static uint32_t slot_flags(const struct mount_options *o)
{
	return (o->recursive ? AT_RECURSIVE : 0u) | (plan_idmap_below(o) ? SLOT_MAP_BELOW : 0u) |
	       (o->source_nofollow || o->copy_symlink ? AT_SYMLINK_NOFOLLOW : 0u);
}

static int plan_bind(const struct plan_input *in, struct builder *b, const struct mount *m,
                     const struct mount_options *o, struct error *err)
{
	uint32_t slot, ids_1;
	int r;

	if (!m->source.s || !*m->source.s) {
		error_set(err, EINVAL, "bind mount on %s: \"source\" is missing", m->destination.s);
		return error_locate(err, m->at);
	}
	if (o->copy_symlink && (o->source_nofollow || o->target_nofollow)) {
		error_set(err, EINVAL, "bind mount on %s: copy-symlink beside src-nofollow or dest-nofollow", m->destination.s);
		return error_locate(err, o->links->at);
	}
	if (o->data.n) {
		error_set(err, EINVAL, "bind mount on %s: unknown option %s", m->destination.s, o->data.v[0].s);
		error_hint(err, "a bind mount has no file system options");
		return error_locate(err, o->data.v[0].at);
	}
	r = plan_idmap(in->config, b, m, o, &ids_1, err);
	if (r < 0)
		return r;
	if (ids_1 && b->opener == OPENED_BY_INIT) {
		error_set(err, EPERM, "map the owners of %s", m->source.s);
		error_hint(err, "idmapped mounts need root: CAP_SYS_ADMIN in the user namespace that mounted the file system");
		return error_locate(err, o->idmap ? o->idmap->at : m->uid_mappings.at);
	}
	slot = source_slot(in, b, m, slot_flags(o));
	if (ids_1 && !b->failed) {
		b->slots[slot].ids_1 = ids_1;
		b->slots[ids_1 - 1].opener = b->slots[slot].opener;
	}
	add_bind(in, b, m, slot, o, m->destination.s);
	return 0;
}

/* ---- new file systems ---- */

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

/* The words for fsconfig: the superblock's flags, then what only the file system knows. */
static struct plan_list fs_options(struct builder *b, const struct mount *m, const struct mount_options *o,
                                   const char *label)
{
	cleanup_free struct plan_option *options = calloc(o->data.n + 35, sizeof(*options));
	size_t n = 0;

	if (!options) {
		b->failed = true;
		return (struct plan_list){0};
	}
	if ((o->top.set & MOUNT_ATTR_RDONLY) && !is_in(m->type.s, virtual_types))
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
		if (!is_in(m->type.s, virtual_types) && (o->superblock >> bit & 1) && !mount_superblock_word(1u << bit))
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

static void add_mount(const struct config *c, struct builder *b, const struct mount *m, const struct mount_options *o,
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
		s->mount.options = fs_options(b, m, o, label);
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

static int plan_new(const struct plan_input *in, struct builder *b, const struct mount *m, const struct mount_options *o,
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
		add_mount(in->config, b, m, o, !ids_1 && is_simple(in, m, o), ids_1);
	return r;
}

static void plan_remount(struct builder *b, const struct mount *m, const struct mount_options *o)
{
	struct step *s = builder_step(b, STEP_REMOUNT, 0, m->at);

	s->mount.target = builder_str(b, m->destination.s);
	s->mount.attributes = o->top.set;
	s->mount.ms_flags = o->top.clear;
	s->mount.all = o->all;
	s->mount.propagation = o->propagation & ~(uint32_t)MS_REC;
	if (!o->bind && (o->data.n || o->superblock))
		s->mount.options = fs_options(b, m, o, NULL);
}

/* ---- the container's view of its group (F045) ---- */

static void show_group(struct builder *b, const struct mount *m, const struct cgroup *group, size_t i)
{
	struct step *s = builder_step(b, STEP_SHOW, 0, m->at);

	s->show.name = builder_str(b, group->dirs[i].hierarchy->dir);
	s->show.source = builder_format(b, "/sys/fs/cgroup/%s", group->dirs[i].path);
	s->show.hierarchy = (uint32_t)i;
}

/* "cpu,cpuacct" is also found as "cpu" and as "cpuacct". */
static void link_controllers(struct builder *b, const struct mount *m, const struct cgroup_hierarchy *h)
{
	const char *word = h->dir;

	while (strchr(h->dir, ',') && *word) {
		size_t len = strcspn(word, ",");
		struct step *s = builder_step(b, STEP_SYMLINK, STEP_F_OPTIONAL, m->at);

		s->symlink.path = builder_format(b, "%s/%.*s", m->destination.s, (int)len, word);
		s->symlink.target = builder_str(b, h->dir);
		word += len + (word[len] == ',');
	}
}

/* Who has no group of its own looks at the caller's, which may be outside of what is mounted here. */
static void show_caller(const struct plan_input *in, struct builder *b, const struct mount *m,
                        struct mount_options *options)
{
	for (size_t i = 0; i < in->cgroups->n; i++) {
		const struct cgroup_hierarchy *h = &in->cgroups->hierarchies[i];
		struct step *s = builder_step(b, STEP_SHOW, STEP_F_OPTIONAL, m->at);

		s->show.name = builder_str(b, h->dir);
		s->show.source = builder_format(b, "/sys/fs/cgroup/%s%s", h->dir, strstr(h->own, "/..") ? "" : h->own);
		link_controllers(b, m, h);
	}
	options->all.set |= MOUNT_ATTR_RDONLY;
	options->all.clear &= ~(uint32_t)MOUNT_ATTR_RDONLY;
}

static void plan_cgroup_v1(const struct plan_input *in, struct builder *b, const struct mount *m,
                           const struct mount_options *options)
{
	struct mount_options copy = *options, *o = &copy;
	static const char *const words[] = {"mode=755"};
	struct text data = {words[0], m->at};
	struct mount_options tmpfs = {.top = o->top, .data = {.n = 1, .v = &data}};
	struct mount base = *m;
	struct step *s;

	base.type.s = "tmpfs";
	base.source.s = "tmpfs";
	tmpfs.top.set &= ~(uint32_t)MOUNT_ATTR_RDONLY;
	add_mount(in->config, b, &base, &tmpfs, false, 0);
	for (size_t i = 0; i < in->group->n; i++) {
		show_group(b, m, in->group, i);
		link_controllers(b, m, in->group->dirs[i].hierarchy);
	}
	if (!in->group->n)
		show_caller(in, b, m, o);
	/* All of it at once: the options, and no peers of the host. */
	s = builder_step(b, STEP_REMOUNT, STEP_F_SHOWN, m->at);
	s->mount.target = builder_str(b, m->destination.s);
	s->mount.all = (struct plan_map){(o->top.set & ~o->all.clear) | o->all.set,
	                                 (o->top.clear & ~o->all.set) | o->all.clear};
	s->mount.propagation = MS_PRIVATE;
}

/* The group's root is the cgroup namespace's; who has no group of its own looks at the caller's. */
static void plan_new_cgroup2(const struct plan_input *in, struct builder *b, const struct mount *m,
                             const struct mount_options *o)
{
	struct mount_options options = *o;
	struct mount cgroup2 = *m;

	cgroup2.type.s = "cgroup2";
	if (!in->group->n)
		options.top.set |= MOUNT_ATTR_RDONLY;
	add_mount(in->config, b, &cgroup2, &options, false, 0);
}

/* What an ordinary user owns of it would be writable for the container (V16). */
static void show_all_groups(const struct plan_input *in, struct builder *b, const struct mount *m,
                            const struct mount_options *o)
{
	struct mount_options options = *o;
	struct mount host = *m;

	host.source.s = "/sys/fs/cgroup";
	options.recursive = true;
	options.all.set |= (options.top.set & ~options.all.clear) | MOUNT_ATTR_RDONLY;
	options.all.clear &= ~(uint32_t)MOUNT_ATTR_RDONLY;
	options.top = (struct plan_map){0};
	add_bind(in, b, &host, builder_slot(b, SLOT_TREE, host.source.s, AT_RECURSIVE, m->at), &options,
	         m->destination.s);
}

static int plan_cgroup(const struct plan_input *in, struct builder *b, const struct mount *m,
                       const struct mount_options *o, struct error *err)
{
	bool own_view = in->config->linux_.namespaces[NS_CGROUP].set;
	bool user = in->config->linux_.namespaces[NS_USER].set;

	if (in->cgroups->layout == CGROUP_NONE) {
		error_set(err, ENOENT, "mount cgroup on %s: this host has no cgroups", m->destination.s);
		return error_locate(err, m->at);
	}
	if (plan_cgroup_first(in) || (in->late_group && own_view && !user && in->cgroups->layout == CGROUP_V2))
		plan_new_cgroup2(in, b, m, o);
	else if (user && (in->cgroups->layout == CGROUP_V2 || !in->group->n))
		show_all_groups(in, b, m, o);
	else if (in->cgroups->layout != CGROUP_V2) {
		plan_cgroup_v1(in, b, m, o);
	} else {
		/* In the host's cgroup namespace /proc/self/cgroup names host paths: show the whole tree. */
		uint32_t slot = own_view && in->group->n
		                        ? builder_slot(b, SLOT_CGROUP_TREE, "", 0, m->at)
		                        : builder_slot(b, SLOT_TREE, "/sys/fs/cgroup", 0, m->at);

		add_bind(in, b, m, slot, o, m->destination.s);
	}
	return 0;
}

/* ---- /proc is procfs (V10, V19): what lies over its files decides what programs are told, and what is masked ---- */

/* What lxcfs and the like replace by files of their own; runc's list. */
static const char *const proc_files[] = {
	"cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "sys/crypto/fips_enabled",
	"sys/kernel/ns_last_pid", "uptime",
};

/* What is left of `path` below /proc, or NULL. */
static const char *below_proc(const char *path, char *buf, size_t size)
{
	normalise(path, buf, size);
	if (strncmp(buf, "/proc", 5) != 0 || (buf[5] && buf[5] != '/'))
		return NULL;
	return buf + 5 + (buf[5] == '/');
}

static int check_proc(const struct mount *m, const struct mount_options *o, struct error *err)
{
	char buf[PATH_MAX];
	const char *below = below_proc(m->destination.s, buf, sizeof(buf));

	if (!below || o->remount || is_in(below, proc_files))
		return 0;
	/* A bind of /proc itself is looked at when it is opened: it must be a procfs. */
	if (!*below && (o->bind || (m->type.s && strcmp(m->type.s, "proc") == 0)))
		return 0;
	error_set(err, EPERM, *below ? "mount on %s, inside /proc" : "mount something else than a procfs on %s",
	          m->destination.s);
	error_hint(err, "what lies over /proc would hide or forge what the kernel says there");
	return error_locate(err, m->destination.at);
}

/* ---- in a user namespace ---- */

/*
 * The kernel makes these only for who owns the namespace that they show.  The host's is what they would show anyway;
 * sysfs has the host's groups below it, which an ordinary user may own (V16): nothing of it is writable.
 */
static const struct from_host {
	const char *type;
	enum namespace_kind kind;
	const char *host;
	uint32_t attributes;
} from_host[] = {
	{"mqueue", NS_IPC, "/dev/mqueue", 0},
	{"proc", NS_PID, "/proc", 0},
	{"sysfs", NS_NETWORK, "/sys", MOUNT_ATTR_RDONLY},
};

/* *m becomes the bind mount that stands for it. */
static void borrow(const struct config *c, const struct mount **m, struct mount *ret, struct mount_options *o)
{
	for (size_t i = 0; i < sizeof(from_host) / sizeof(from_host[0]); i++) {
		const struct from_host *b = &from_host[i];

		if (!(*m)->type.s || strcmp((*m)->type.s, b->type) != 0 || plan_owns(c, b->kind) || o->bind || o->remount)
			continue;
		*ret = **m;
		ret->source = (struct text){b->host, (*m)->at};
		*m = ret;
		o->bind = o->recursive = true;
		o->all.set |= (o->top.set & ~o->all.clear) | b->attributes;
		o->all.clear &= ~b->attributes;
		o->top = (struct plan_map){0};
		o->data.n = 0;
		o->superblock = 0;
	}
}

/* An owner that is not mapped is EINVAL: a terminal can do without its group, other files would be somebody else's. */
static int check_owners(const struct config *c, const struct mount *m, struct mount_options *o, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < o->data.n; i++) {
		const struct text *word = &o->data.v[i];
		bool gid = strncmp(word->s, "gid=", 4) == 0;
		bool owner = gid || strncmp(word->s, "uid=", 4) == 0;
		char *end;

		if (!owner || userns_maps(c, gid ? MAP_GIDS : MAP_UIDS, strtoull(word->s + 4, &end, 10))) {
			o->data.v[n++] = *word;
		} else if (strcmp(m->type.s, "devpts") != 0) {
			error_set(err, EINVAL, "mount %s on %s: option %s: the id is not mapped in the container's user namespace",
			          m->type.s, m->destination.s, word->s);
			return error_locate(err, word->at);
		}
	}
	o->data.n = n;
	return 0;
}

/* "ro" of the host's /sys must not stop at the file systems below it (V16). */
static void seal_sys(const struct mount *m, struct mount_options *o)
{
	char buf[PATH_MAX];

	if (!o->bind || !o->recursive || !(o->top.set & MOUNT_ATTR_RDONLY) || !m->source.s || m->source.s[0] != '/')
		return;
	normalise(m->source.s, buf, sizeof(buf));
	if (strncmp(buf, "/sys", 4) == 0 && (!buf[4] || buf[4] == '/'))
		o->all.set |= MOUNT_ATTR_RDONLY;
}

/* ---- all of them ---- */

/* The kernel maps a mount before it is attached, once. */
static int check_mapped(const struct mount *m, const struct mount_options *o, struct error *err)
{
	if ((!o->idmap && !m->uid_mappings.n) || (!o->remount && (o->bind || !is_cgroup(m))))
		return 0;
	error_set(err, EINVAL, "%s %s with mapped ids", o->remount ? "remount" : "mount the groups on", m->destination.s);
	return error_locate(err, o->idmap ? o->idmap->at : m->uid_mappings.at);
}

static int check_links(const struct mount *m, const struct mount_options *o, struct error *err)
{
	if (!o->links || (o->bind && !o->remount))
		return 0;
	error_set(err, EINVAL, "mount on %s: %s is for bind mounts", m->destination.s, o->links->s);
	return error_locate(err, o->links->at);
}

static int plan_mount(const struct plan_input *in, struct builder *b, const struct mount *asked, struct error *err)
{
	const struct mount *m = asked;
	struct mount_options o;
	struct mount bound;
	int r = mount_options_parse(m, &o, err);

	if (r < 0)
		return r;
	if (in->config->linux_.namespaces[NS_USER].set) {
		borrow(in->config, &m, &bound, &o);
		r = m->type.s && !o.bind ? check_owners(in->config, m, &o, err) : 0;
	}
	seal_sys(m, &o);
	if (r == 0)
		r = check_proc(m, &o, err);
	if (r == 0)
		r = check_mapped(m, &o, err);
	if (r == 0)
		r = check_links(m, &o, err);
	if (r < 0) {
		mount_options_free(&o);
		return r;
	}
	if (o.noacl && !o.bind && !is_in(m->type.s, virtual_types))
		o.data.v[o.data.n++] = *o.noacl;
	if (o.remount)
		plan_remount(b, m, &o);
	else if (o.bind)
		r = plan_bind(in, b, m, &o, err);
	else if (is_cgroup(m))
		r = plan_cgroup(in, b, m, &o, err);
	else
		r = plan_new(in, b, m, &o, err);
	mount_options_free(&o);
	return r;
}

static void plan_notify(const struct plan_input *in, struct builder *b)
{
	struct source nowhere = {0};
	uint32_t slot;
	struct step *s;

	if (!in->notify_dir)
		return;
	slot = builder_slot(b, SLOT_TREE, in->notify_dir, 0, nowhere);
	s = builder_step(b, STEP_BIND, 0, nowhere);
	s->bind.target = builder_str(b, "/run/notify");
	s->bind.source = builder_str(b, in->notify_dir);
	s->bind.slot = slot;
	s->bind.propagation = MS_PRIVATE;
	s->bind.all.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
}

int plan_mounts(const struct plan_input *in, struct builder *b, struct error *err)
{
	const struct config *c = in->config;
	bool awaited = false;

	for (size_t i = 0; i < c->mounts.n; i++) {
		int r;

		if (!awaited && is_cgroup(&c->mounts.v[i]) && plan_joins_group(in)) {
			builder_step(b, STEP_AWAIT_GROUP, 0, c->mounts.v[i].at);
			awaited = true;
		}
		r = plan_mount(in, b, &c->mounts.v[i], err);
		if (r < 0)
			return error_locate(err, c->mounts.v[i].at);
		if (i % MOUNTS_BEFORE_TIDY == MOUNTS_BEFORE_TIDY - 1)
			builder_step(b, STEP_TIDY, 0, (struct source){0});
	}
	plan_notify(in, b);
	return 0;
}

/* ---- devices and links ---- */

/* config-linux.md "Default Devices". */
static const struct {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{"/dev/null", 1, 3}, {"/dev/zero", 1, 5}, {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

/* runtime-linux.md "Dev symbolic links"; ptmx: config-linux.md "Default Devices". */
static const struct {
	const char *path, *target;
	unsigned flags;
} default_links[] = {
	{"/dev/fd", "/proc/self/fd", STEP_F_OPTIONAL},
	{"/dev/stdin", "/proc/self/fd/0", STEP_F_OPTIONAL},
	{"/dev/stdout", "/proc/self/fd/1", STEP_F_OPTIONAL},
	{"/dev/stderr", "/proc/self/fd/2", STEP_F_OPTIONAL},
	{"/dev/core", "/proc/kcore", STEP_F_OPTIONAL},
	{"/dev/ptmx", "pts/ptmx", STEP_F_REPLACE},
};

/* A /dev that is bound from the host is the host's: nothing is made in it. */
static bool dev_is_foreign(const struct config *c)
{
	for (size_t i = 0; i < c->mounts.n; i++) {
		const struct mount *m = &c->mounts.v[i];

		if (!is_path(m, "/dev"))
			continue;
		for (size_t j = 0; j < m->options.n; j++)
			if (strcmp(m->options.v[j].s, "bind") == 0 || strcmp(m->options.v[j].s, "rbind") == 0)
				return true;
	}
	return false;
}

static bool is_listed(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->linux_.devices.n; i++)
		if (strcmp(c->linux_.devices.v[i].path.s, path) == 0)
			return true;
	return false;
}

static void add_node(const struct plan_input *in, struct builder *b, const char *path, uint32_t mode, uint32_t major,
                     uint32_t minor, struct source at)
{
	bool bound = in->config->linux_.namespaces[NS_USER].set && (mode & S_IFMT) != S_IFIFO;
	struct step *s = builder_step(b, STEP_NODE, bound ? STEP_F_BOUND : 0u, at);

	s->node.path = builder_str(b, path);
	s->node.mode = mode;
	s->node.major = major;
	s->node.minor = minor;
}

static void plan_device(const struct plan_input *in, struct builder *b, const struct device *d)
{
	static const struct { char type; uint32_t mode; } types[] = {
		{'b', S_IFBLK}, {'c', S_IFCHR}, {'u', S_IFCHR}, {'p', S_IFIFO},
	};
	uint32_t mode = d->file_mode.set ? (uint32_t)d->file_mode.value & 07777 : 0666;
	struct step *s;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == d->type)
			mode |= types[i].mode;
	add_node(in, b, d->path.s, mode, (uint32_t)d->major, (uint32_t)d->minor, d->at);
	if (b->failed)
		return;
	s = &b->steps[b->n_steps - 1];
	s->node.uid = (uint32_t)d->uid.value;
	s->node.gid = (uint32_t)d->gid.value;
}

/* Engines list all of the host's devices for a privileged container: its own multiplexer is the link that is made anyway. */
static bool is_multiplexer(const struct device *d)
{
	return strcmp(d->path.s, "/dev/ptmx") == 0 && d->type == 'c' && d->major == 5 && d->minor == 2;
}

void plan_devices(const struct plan_input *in, struct builder *b)
{
	const struct config *c = in->config;
	struct source nowhere = {0};
	bool foreign = dev_is_foreign(c);

	if (!foreign) {
		for (size_t i = 0; i < sizeof(default_devices) / sizeof(default_devices[0]); i++)
			if (!is_listed(c, default_devices[i].path))
				add_node(in, b, default_devices[i].path, S_IFCHR | 0666, default_devices[i].major,
				         default_devices[i].minor, nowhere);
		for (size_t i = 0; i < sizeof(default_links) / sizeof(default_links[0]); i++) {
			struct step *s = builder_step(b, STEP_SYMLINK, default_links[i].flags, nowhere);

			s->symlink.path = builder_str(b, default_links[i].path);
			s->symlink.target = builder_str(b, default_links[i].target);
		}
	}
	for (size_t i = 0; i < c->linux_.devices.n; i++) {
		const struct device *d = &c->linux_.devices.v[i];

		if ((!foreign || strncmp(d->path.s, "/dev/", 5) != 0) && !is_multiplexer(d))
			plan_device(in, b, d);
	}
}

/* ---- masked and read-only paths ---- */

/* A guess that saves init a look: it tries the other kind when the kernel says ENOTDIR. */
static bool is_likely_directory(const char *path)
{
	static const char *const files[] = {
		"/proc/kcore",       "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/interrupts",    "/proc/sysrq-trigger",
	};

	return !is_in(path, files);
}

/* With what the mounts left open, a soft limit of 1024 must do. */
static void tidy_between(struct builder *b, size_t path)
{
	if (path > 0 && path % PATHS_BEFORE_TIDY == 0)
		builder_step(b, STEP_TIDY, 0, (struct source){0});
}

void plan_hidden(const struct plan_input *in, struct builder *b)
{
	const struct linux_config *l = &in->config->linux_;
	plan_str label = 0;
	uint32_t null = 0;

	if (in->config->mounts.n + l->masked_paths.n + l->readonly_paths.n > 2 * MOUNTS_BEFORE_TIDY)
		builder_step(b, STEP_TIDY, 0, (struct source){0});

	if (l->masked_paths.n && l->mount_label.s && *l->mount_label.s)
		label = builder_str(b, l->mount_label.s);
	if (l->masked_paths.n)
		null = builder_slot(b, SLOT_NULL, "/dev/null", 0, l->masked_paths.v[0].at);
	for (size_t i = 0; i < l->masked_paths.n; i++) {
		const struct text *path = &l->masked_paths.v[i];
		struct step *s;

		tidy_between(b, i);
		s = builder_step(b, STEP_MASK, is_likely_directory(path->s) ? STEP_F_DIRECTORY : 0, path->at);
		s->mask.path = builder_str(b, path->s);
		s->mask.slot = null;
		s->mask.label = label;
	}
	for (size_t i = 0; i < l->readonly_paths.n; i++) {
		struct step *s;

		tidy_between(b, l->masked_paths.n + i);
		s = builder_step(b, STEP_READONLY, 0, l->readonly_paths.v[i].at);
		s->path.path = builder_str(b, l->readonly_paths.v[i].s);
	}
}
