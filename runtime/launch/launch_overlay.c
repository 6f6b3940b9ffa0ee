/*
 * launch_overlay - the directory that a container with a root of layers writes to (upper.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/base/log.h"
#include "runtime/state/upper.h"
#include "runtime/plan/extras.h"

static int state_path(const struct launch *l, char *buf, size_t size)
{
	char link[32];
	ssize_t n;

	if (l->store.dir < 0) {         /* for `plan`, which makes nothing */
		snprintf(buf, size, "%s/%s", l->options->runtime->root ?: "/run/crun-lite", l->options->id);
		return 0;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", l->store.dir);
	n = readlink(link, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

int launch_name_upper(struct launch *l, struct error *err)
{
	char state[PATH_MAX];
	struct overlay o;
	int r;

	if (!overlay_asked(l->config) && !extras_copies(l->config))
		return 0;
	r = state_path(l, state, sizeof(state));
	if (r < 0)
		return error_set(err, -r, "find the path of the container's state");
	r = overlay_read(l->config, l->bundle, &o, err);
	/* What is copied needs a place, even if the root does not. */
	if (extras_copies(l->config) && (!o.n || o.upper == UPPER_NONE))
		o.upper = UPPER_TMPFS;
	if (r == 0)
		r = upper_name(&o, l->options->id, state, l->store.dir < 0, &l->upper, err);
	if (r == 0 && l->store.dir >= 0 && *l->upper.own)
		l->state.upper = l->upper.own;
	overlay_free(&o);
	return r;
}

static void undo_upper(void *arg)
{
	struct launch *l = arg;
	struct error err;

	if (upper_remove(l->state.upper, &err) == 0)
		return;
	log_warning("%s: %s", err.text, error_reason(&err));
	l->not_undone = true;
}

int launch_make_upper(struct launch *l, struct error *err)
{
	struct overlay o;
	int r;

	if (!*l->upper.own && !*l->upper.dir)
		return 0;
	if (l->state.upper)
		undo_push(&l->undo, undo_upper, l);
	r = overlay_read(l->config, l->bundle, &o, err);
	if (!o.n)
		o.upper = UPPER_TMPFS;
	if (r == 0)
		r = upper_make(&o, &l->upper, err);
	overlay_free(&o);
	return r;
}
