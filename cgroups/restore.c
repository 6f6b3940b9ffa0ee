/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"

/* What a device has that no line names. */
static const struct {
	const char *prefix, *nothing;
} defaults[] = {
	{"io.max", "rbps=max wbps=max riops=max wiops=max"},
	{"io.weight", "default"},
	{"io.bfq.weight", "default"},
	{"rdma.max", "hca_handle=max hca_object=max"},
	{"blkio.", "0"},
};

/* "8:0 ..." and "mlx5_1 hca_handle=...": one line for each device. */
static bool has_key(const char *file, const char *value)
{
	size_t len = strcspn(value, " ");

	return value[len] == ' ' && (memchr(value, ':', len) || strncmp(file, "rdma.", 5) == 0);
}

static char *line_of(const char *text, const char *key, size_t len)
{
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, key, len) == 0 && p[len] == ' ')
			return strndup(p, strcspn(p, "\n"));
	return NULL;
}

char *restore_value(const char *file, const char *now, const char *value)
{
	size_t len = strcspn(value, " ");
	char *line, *ret = NULL;

	if (!has_key(file, value))
		return strndup(now, strcspn(now, "\n"));
	line = line_of(now, value, len);
	for (size_t i = 0; !line && i < sizeof(defaults) / sizeof(defaults[0]); i++)
		if (strncmp(file, defaults[i].prefix, strlen(defaults[i].prefix)) == 0)
			return asprintf(&ret, "%.*s %s", (int)len, value, defaults[i].nothing) < 0 ? NULL : ret;
	return line ?: strdup("");
}

int restore_remember(struct restore *r, const struct cgroup *cgroup, const struct cgroup_dir *dir, const char *file,
                     const char *value)
{
	cleanup_free char *now = calloc(1, 65536);
	struct restore_entry *v = reallocarray(r->v, r->n + 1, sizeof(*v));

	if (v)
		r->v = v;
	if (!v || !now)
		return -ENOMEM;
	if (cgroup_file_read(cgroup, dir, file, now, 65536) < 0)
		return 0;
	v[r->n] = (struct restore_entry){dir, strdup(file), restore_value(file, now, value)};
	r->n++;
	return v[r->n - 1].file && v[r->n - 1].value ? 0 : -ENOMEM;
}

void restore_all(struct restore *r, const struct cgroup *cgroup)
{
	for (size_t i = r->n; i-- > 0;) {
		const struct restore_entry *e = &r->v[i];

		if (e->file && e->value && cgroup_file_write(cgroup, e->dir, e->file, *e->value ? e->value : "\n",
		                                             *e->value ? strlen(e->value) : 1) < 0)
			log_warning("write '%s' back to /sys/fs/cgroup/%s/%s: %s", e->value, e->dir->path, e->file,
			            strerror(errno));
	}
}

void restore_free(struct restore *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].file);
		free(r->v[i].value);
	}
	free(r->v);
	*r = (struct restore){0};
}
