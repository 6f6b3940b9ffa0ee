/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/plan/extras.h"
#include "runtime/plan/idmap.h"

static bool is_cgroup(const struct mount *m)
{
	return m->type.s && (strcmp(m->type.s, "cgroup") == 0 || strcmp(m->type.s, "cgroup2") == 0);
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
	} else if (extras_nofollow(in->config) || m->links_followed) {
		flags |= SLOT_NO_LINKS;
	}
	return builder_slot(b, plan_is_path(m, "/proc") ? SLOT_PROC : SLOT_TREE, path, flags, m->source.at);
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

void plan_add_bind(const struct plan_input *in, struct builder *b, const struct mount *m, uint32_t slot,
                   const struct mount_options *o, const char *target)
{
	bool in_peer_group = shares_with_host(in->config);
	struct step *s = builder_step(b, STEP_BIND, bind_flags(o) | (m->fill ? STEP_F_COPY_UP : 0u), m->at);

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
	plan_add_bind(in, b, m, slot, o, m->destination.s);
	if (extras_copied(in->config, m->destination.s))
		plan_copy(in, b, m, slot);
	return 0;
}

/* ---- what is there already ---- */

static void plan_remount(struct builder *b, const struct mount *m, const struct mount_options *o)
{
	struct step *s = builder_step(b, STEP_REMOUNT, 0, m->at);

	s->mount.target = builder_str(b, m->destination.s);
	s->mount.attributes = o->top.set;
	s->mount.ms_flags = o->top.clear;
	s->mount.all = o->all;
	s->mount.propagation = o->propagation & ~(uint32_t)MS_REC;
	if (!o->bind && (o->data.n || o->superblock))
		s->mount.options = plan_fs_options(b, m, o, NULL);
}

/* ---- /proc is procfs (V10, V19): what lies over its files decides what programs are told, and what is masked ---- */

/* What lxcfs and the like replace by files of their own; runc's list. */
static const char *const proc_files[] = {
	"cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "sys/crypto/fips_enabled",
	"sys/kernel/ns_last_pid", "uptime",
};

static int check_proc(const struct mount *m, const struct mount_options *o, struct error *err)
{
	char buf[PATH_MAX];
	const char *below = plan_below_proc(m->destination.s, buf, sizeof(buf));

	if (!below || o->remount || is_in(below, proc_files))
		return 0;
	/* A bind of /proc itself is looked at when it is opened: it must be a procfs. */
	if (!*below && (o->bind || (m->type.s && strcmp(m->type.s, "proc") == 0)))
		return 0;
	error_set(err, EPERM, *below ? "mount on %s, inside /proc" : "mount something else than a procfs on %s",
	          m->destination.s);
	return plan_hint_proc(m->destination.at, err);
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
	plan_normalise(m->source.s, buf, sizeof(buf));
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
	if (o.noacl && !o.bind && !plan_is_virtual(m->type.s))
		o.data.v[o.data.n++] = *o.noacl;
	if (o.remount)
		plan_remount(b, m, &o);
	else if (o.bind)
		r = plan_bind(in, b, m, &o, err);
	else if (is_cgroup(m))
		r = plan_group_view(in, b, m, &o, err);
	else
		r = plan_new_mount(in, b, m, &o, err);
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

static bool is_mounted(const struct config *c, const char *path)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (plan_is_path(&c->mounts.v[i], path))
			return true;
	return false;
}

/* A link of the image at this name is covered, not followed: where it leads is the image's idea. */
static void plan_file(struct builder *b, const struct plan_file *f)
{
	struct source nowhere = {0};
	uint32_t slot = builder_slot(b, SLOT_TREE, f->source, 0, nowhere);
	struct step *s = builder_step(b, STEP_BIND, STEP_F_KEEP_LINK, nowhere);

	s->bind.target = builder_str(b, f->target);
	s->bind.source = builder_str(b, f->source);
	s->bind.slot = slot;
	s->bind.propagation = MS_PRIVATE;
	s->bind.all.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
}

int plan_mounts(const struct plan_input *in, struct builder *b, struct error *err)
{
	const struct config *c = in->config;
	struct extras_root room;
	struct mount root;
	bool awaited = false;

	/* Before anything is mounted on it: that has options of its own. */
	if (extras_root_options(c, &room, &root) && plan_mount(in, b, &root, err) < 0)
		return -err->code;
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
	for (size_t i = 0; i < in->n_files; i++)
		if (*in->files[i].source && !is_mounted(c, in->files[i].target))
			plan_file(b, &in->files[i]);
	return 0;
}
