/*
 * user - --user and --group-add.  Names are those of the root's own etc/passwd and etc/group, which are read as an image's are
 * (runtime/image/users.h): component by component, links resolved in the root, regular files only.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/flags/edit.h"
#include "runtime/image/users.h"
#include "runtime/plan/overlay.h"

struct root {
	int fds[OVERLAY_LAYERS_MAX + 1];
	struct merged merged;
};

static int add_layer(struct root *root, const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "open %s, to look users up", path);
	root->fds[root->merged.n++] = fd;
	return 0;
}

static int open_layers(const struct overlay *o, struct root *root, struct error *err)
{
	char path[PATH_MAX];
	int r = 0;

	/* What was written in an earlier run lies above; it may not be there yet. */
	if (o->kept && (size_t)snprintf(path, sizeof(path), "%s/upper", o->kept) < sizeof(path) && access(path, F_OK) == 0)
		r = add_layer(root, path, err);
	for (size_t i = 0; i < o->n && r == 0; i++)
		r = add_layer(root, o->layers[i], err);
	return r;
}

static int open_root(const struct flags_work *w, struct root *root, struct error *err)
{
	const char *path = w->config->root.path.s ?: "";
	cleanup_free char *joined = NULL;
	struct overlay o;
	int r = overlay_read(w->config, w->place->bundle, &o, err);

	root->merged.layers = root->fds;
	root->merged.marks = geteuid() == 0 ? MARKS_TRUSTED : MARKS_USER;
	if (r == 0 && o.n) {
		r = open_layers(&o, root, err);
	} else if (r == 0) {
		if (asprintf(&joined, "%s%s%s", path[0] == '/' ? "" : w->place->bundle, path[0] == '/' ? "" : "/", path) < 0) {
			joined = NULL;
			r = edit_no_memory(err);
		} else {
			r = add_layer(root, joined, err);
		}
	}
	overlay_free(&o);
	return r;
}

static int look_up(const struct flags_work *w, const char *text, struct image_user *ret, struct error *err)
{
	cleanup_free struct root *root = calloc(1, sizeof(*root));
	int r = root ? open_root(w, root, err) : edit_no_memory(err);

	if (r == 0)
		r = users_find(&root->merged, text, ret, err);
	for (size_t i = 0; root && i < root->merged.n; i++)
		close(root->fds[i]);
	return r;
}

static bool is_number(const char *s, size_t len)
{
	return len > 0 && strspn(s, "0123456789") >= len;
}

/* Both in numbers: nothing is looked up, and it has no other groups. */
static bool is_numbers(const char *text)
{
	size_t n = strcspn(text, ":");

	return text[n] && is_number(text, n) && is_number(text + n + 1, strlen(text + n + 1));
}

static int blame(const char *flag, const char *given, struct error *err)
{
	if (err->code == ERROR_SAID && !*err->hint)
		error_hint(err, "names are those of the container's own etc/passwd and etc/group; numbers need none");
	return error_wrap(err, "--%s %s", flag, given);
}

static int find_user(const struct flags_work *w, const char *text, struct image_user *ret, struct error *err)
{
	int r;

	if (!*text || *text == ':')
		return edit_expected("user", text, "USER[:GROUP]", "names or numbers, such as 1000:1000 or www-data", err);
	r = is_numbers(text) ? users_find_in(text, NULL, NULL, ret, err) : look_up(w, text, ret, err);
	return r < 0 ? blame("user", text, err) : 0;
}

static int set_user(struct flags_work *w, struct error *err)
{
	struct user *u = &w->config->process.user;
	struct image_user found;
	uint32_t *v;
	int r = find_user(w, w->flags->user, &found, err);

	if (r < 0)
		return r;
	v = edit_copy_bytes(w->config, found.groups, found.n_groups * sizeof(*v));
	if (!v)
		return edit_no_memory(err);
	u->uid = found.uid;
	u->gid = found.gid;
	u->additional_gids.n = found.n_groups;
	u->additional_gids.v = v;
	return 0;
}

static int add_group(struct flags_work *w, const char *given, struct error *err)
{
	struct user *u = &w->config->process.user;
	cleanup_free char *text = NULL;
	struct image_user found;
	uint32_t *to;
	int r;

	/* podman's */
	if (strcmp(given, "keep-groups") == 0)
		return edit_set_pair(w->config, &w->config->annotations, "run.oci.keep_original_groups", "1", err);
	if (!*given || strchr(given, ':'))
		return edit_expected("group-add", given, "a group", "a name or a number, such as audio or 29; keep-groups: those of the caller", err);
	if (asprintf(&text, "0:%s", given) < 0) {
		text = NULL;
		return edit_no_memory(err);
	}
	r = is_numbers(text) ? users_find_in(text, NULL, NULL, &found, err) : look_up(w, text, &found, err);
	if (r < 0)
		return blame("group-add", given, err);
	for (size_t i = 0; i < u->additional_gids.n; i++)
		if (u->additional_gids.v[i] == found.gid)
			return 0;
	to = edit_grow(w->config, &u->additional_gids, sizeof(*to));
	if (!to)
		return edit_no_memory(err);
	*to = found.gid;
	return 0;
}

int flags_user(struct flags_work *w, struct error *err)
{
	int r = w->flags->user ? set_user(w, err) : 0;

	for (size_t i = 0; i < w->flags->group_add.n && r == 0; i++)
		r = add_group(w, w->flags->group_add.v[i], err);
	return r;
}
