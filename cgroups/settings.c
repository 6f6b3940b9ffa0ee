/*
 * settings - the list, and which translator writes which chapter of it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/internal.h"

static const struct chapter {
	uint32_t controller;
	settings_translate *v1, *v2;
} chapters[] = {
	/* pids first: the cheapest guard is up before anything else can fail. */
	{CGROUP_PIDS,     settings_v1_pids,     settings_v2_pids    },
	{CGROUP_MEMORY,   settings_v1_memory,   settings_v2_memory  },
	{CGROUP_IO,       settings_v1_io,       settings_v2_io      },
	{CGROUP_CPU,      settings_v1_cpu,      settings_v2_cpu     },
	{CGROUP_DEVICES,  settings_v1_devices,  settings_v2_devices },
	{CGROUP_CPUSET,   settings_cpuset,      settings_cpuset     },
	{CGROUP_HUGETLB,  settings_v1_hugetlb,  settings_v2_hugetlb },
	{CGROUP_RDMA,     settings_rdma,        settings_rdma       },
	{CGROUP_NET_CLS,  settings_v1_net_cls,  settings_v2_net_cls },
	{CGROUP_NET_PRIO, settings_v1_net_prio, settings_v2_net_prio},
	/* Last, so that the exact word beats the portable one. */
	{0,               settings_v1_unified,  settings_v2_unified },
};

#define N_CHAPTERS (sizeof(chapters) / sizeof(chapters[0]))

static struct setting *settings_add(struct settings *list)
{
	struct setting *new = &list->spare;

	if (list->n == list->cap && !list->failed) {
		size_t cap = list->cap ? 2 * list->cap : 32;
		struct setting *v = reallocarray(list->v, cap, sizeof(*v));

		list->failed = !v;
		list->v = v ?: list->v;
		list->cap = v ? cap : list->cap;
	}
	if (!list->failed)
		new = &list->v[list->n++];
	memset(new, 0, sizeof(*new));
	new->hierarchy = list->hierarchy;
	new->controller = list->controller;
	return new;
}

struct setting *settings_put(struct settings *list, struct source at, const char *file,
                             const char *fmt, ...)
{
	struct setting *s = settings_add(list);
	va_list ap;

	s->at = at;
	s->file = file;
	va_start(ap, fmt);
	vsnprintf(s->line, sizeof(s->line), fmt, ap);
	va_end(ap);
	s->len = strlen(s->line);
	return s;
}

struct setting *settings_put_text(struct settings *list, struct source at, const char *file,
                                  const char *value, size_t len)
{
	struct setting *s = settings_add(list);

	s->at = at;
	s->file = file;
	s->value = value;
	s->len = len;
	return s;
}

void setting_name(struct setting *s, const char *fmt, ...)
{
	va_list ap;

	s->file = NULL;
	va_start(ap, fmt);
	vsnprintf(s->name, sizeof(s->name), fmt, ap);
	va_end(ap);
}

/* The hierarchy that has the controller: a v1 one that says so, else the v2 tree, which is asked later. */
static size_t hierarchy_of(const struct cgroup_host *host, uint32_t controller)
{
	size_t found = SETTING_NOWHERE;

	for (size_t i = 0; i < host->n; i++) {
		if (host->hierarchies[i].controllers & controller)
			return i;
		if (host->hierarchies[i].v2)
			found = i;
	}
	return found;
}

static int missing(const struct setting *s, struct error *err)
{
	const char *name = cgroup_controller_name(s->controller, false);

	error_set(err, ERROR_SAID, "set %s: the %s controller is not mounted below /sys/fs/cgroup",
	          setting_file(s), name);
	error_hint(err, "mount it (mount -t cgroup -o %s cgroup /sys/fs/cgroup/%s) or take the limit "
	                "out of the config", name, name);
	return error_locate(err, s->at);
}

/* Nobody has the controller: all that may be asked of it is what holds without it. */
static int drop_defaults(const struct cgroup_host *host, const struct resources *r, size_t from,
                         struct settings *list, struct error *err)
{
	/* A host without any cgroup: device rules that nobody asked for are not missed. */
	bool unasked = host->layout == CGROUP_NONE && r->devices.n == 0;

	for (size_t i = from; i < list->n; i++) {
		const struct setting *s = &list->v[i];

		if (!(s->flags & SETTING_DEFAULT) && !(unasked && s->controller == CGROUP_DEVICES))
			return missing(s, err);
	}
	list->n = from;
	return 0;
}

static int chapter(const struct chapter *c, const struct cgroup_host *host,
                   const struct resources *r, struct settings *list, struct error *err)
{
	size_t h = hierarchy_of(host, c->controller), from = list->n;
	/* On a hybrid host the keys of v2 name files of a tree that has hardly any controller. */
	bool v2 = c->controller ? h != SETTING_NOWHERE && host->hierarchies[h].v2
	                        : host->layout == CGROUP_V2;
	int ret;

	list->hierarchy = h;
	list->controller = c->controller;
	ret = (v2 ? c->v2 : c->v1)(r, list, err);
	if (ret == 0 && h == SETTING_NOWHERE)
		ret = drop_defaults(host, r, from, list, err);
	return ret;
}

int settings_make(const struct cgroup_host *host, const struct resources *resources, bool devices,
                  struct settings *ret, struct error *err)
{
	int r = 0;

	ret->n = ret->cap = 0;
	ret->v = NULL;
	ret->failed = false;
	for (size_t i = 0; i < N_CHAPTERS && r == 0; i++)
		if (devices || chapters[i].controller != CGROUP_DEVICES)
			r = chapter(&chapters[i], host, resources, ret, err);
	if (r == 0 && ret->failed)
		r = error_set(err, ENOMEM, "list the limits of the cgroup");
	if (r < 0)
		settings_free(ret);
	return r;
}

void settings_free(struct settings *settings)
{
	free(settings->v);
	settings->v = NULL;
	settings->n = settings->cap = 0;
}
