/*
 * settings_both - what cgroup v1 and v2 have in common: files of the same name, and values that neither takes.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgroups/settings.h"

int settings_check_weight(const struct opt_uint *weight, const char *what, struct error *err)
{
	if (!weight->set || weight->value == 0 || (weight->value >= 10 && weight->value <= 1000))
		return 0;
	error_set(err, ERROR_SAID, "%s %" PRIu64 " is not between 10 and 1000", what, weight->value);
	return error_locate(err, weight->at);
}

int settings_check_swap(const struct resources *r, struct error *err)
{
	const struct opt_int *limit = &r->memory.limit, *swap = &r->memory.swap;

	if (!limit->set || !swap->set || limit->value <= 0 || swap->value <= 0 ||
	    swap->value >= limit->value)
		return 0;
	error_set(err, ERROR_SAID, "memory.swap %" PRId64 " is less than memory.limit %" PRId64,
	          swap->value, limit->value);
	error_hint(err, "memory.swap is the limit of memory and swap together");
	return error_locate(err, swap->at);
}

int settings_cpuset(const struct resources *r, struct settings *ret, struct error *err)
{
	if (r->cpu.cpus.s && *r->cpu.cpus.s)
		settings_put_text(ret, r->cpu.cpus.at, "cpuset.cpus", r->cpu.cpus.s, strlen(r->cpu.cpus.s));
	if (r->cpu.mems.s && *r->cpu.mems.s)
		settings_put_text(ret, r->cpu.mems.at, "cpuset.mems", r->cpu.mems.s, strlen(r->cpu.mems.s));
	return 0;
}

static int check_page_size(const struct hugepage_limit *limit, struct error *err)
{
	const char *s = limit->page_size.s ?: "";
	size_t digits = strspn(s, "0123456789");

	/* Also keeps it a file name: no '/', no surprise length. */
	if (digits > 0 && digits < 16 && *s != '0' && strlen(s) == digits + 2 &&
	    strchr("KMG", s[digits]) && s[digits + 1] == 'B')
		return 0;
	error_set(err, ERROR_SAID, "huge page size '%.40s' is not of the form 2MB or 1GB", s);
	return error_locate(err, limit->page_size.at.offset ? limit->page_size.at : limit->at);
}

int settings_put_hugepages(const struct resources *r, const char *what, struct settings *ret, struct error *err)
{
	for (size_t i = 0; i < r->hugepage_limits.n; i++) {
		const struct hugepage_limit *l = &r->hugepage_limits.v[i];
		int e = check_page_size(l, err);
		struct setting *s;

		if (e < 0)
			return e;
		s = settings_put(ret, l->at, NULL, "%" PRIu64, l->limit);
		setting_name(s, "hugetlb.%s.%s", l->page_size.s, what);
		/* What is reserved but not yet touched counts as well, else a fault gets SIGBUS (5.7). */
		s = settings_put(ret, l->at, NULL, "%" PRIu64, l->limit);
		setting_name(s, "hugetlb.%s.rsvd.%s", l->page_size.s, what);
		s->flags = SETTING_IF_EXISTS;
	}
	return 0;
}

int settings_rdma(const struct resources *r, struct settings *ret, struct error *err)
{
	for (size_t i = 0; i < r->rdma.n; i++) {
		const struct rdma_limit *l = &r->rdma.v[i];
		char handles[40] = "", objects[40] = "";

		if (strpbrk(l->device, " \n") || strlen(l->device) >= 32) {
			error_set(err, ERROR_SAID, "rdma: '%.40s' is not the name of a device", l->device);
			return error_locate(err, l->at);
		}
		if (l->hca_handles.set)
			snprintf(handles, sizeof(handles), " hca_handle=%" PRIu64, l->hca_handles.value);
		if (l->hca_objects.set)
			snprintf(objects, sizeof(objects), " hca_object=%" PRIu64, l->hca_objects.value);
		if (*handles || *objects)
			settings_put(ret, l->at, "rdma.max", "%s%s%s", l->device, handles, objects);
	}
	return 0;
}
