/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/mount_parts.h"

#include <errno.h>
#include <string.h>

#include "runtime/base/sys.h"

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
	plan_add_mount(in->config, b, &base, &tmpfs, false, 0);
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
	plan_add_mount(in->config, b, &cgroup2, &options, false, 0);
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
	plan_add_bind(in, b, &host, builder_slot(b, SLOT_TREE, host.source.s, AT_RECURSIVE, m->at), &options,
	         m->destination.s);
}

int plan_group_view(const struct plan_input *in, struct builder *b, const struct mount *m,
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

		plan_add_bind(in, b, m, slot, o, m->destination.s);
	}
	return 0;
}
