/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>

/*
 * What runtime-spec knows and this version does not carry out yet: each is refused by its name and
 * place, because an isolation that is silently left out is worse than none.
 */
struct refusal {
	bool asked;
	struct source at;
	const char *what;
};

static int refuse(const struct refusal *list, size_t n, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!list[i].asked)
			continue;
		error_set(err, ENOTSUP, "%s", list[i].what);
		error_hint(err, "this version of crun-lite does not carry it out yet");
		return error_locate(err, list[i].at);
	}
	return 0;
}

/* With a mount namespace that exists already, or with none, nothing may be mounted for one container. */
static int refuse_foreign_mounts(const struct config *c, struct error *err)
{
	const struct linux_config *l = &c->linux_;
	const struct namespace *ns = &l->namespaces[NS_MOUNT];
	const struct refusal list[] = {
		{c->mounts.n, c->mounts.n ? c->mounts.v[0].at : ns->at, "mounts without a new mount namespace"},
		{l->devices.n, l->devices.n ? l->devices.v[0].at : ns->at, "devices without a new mount namespace"},
		{l->masked_paths.n, l->masked_paths.n ? l->masked_paths.v[0].at : ns->at,
	         "maskedPaths without a new mount namespace"},
		{l->readonly_paths.n, l->readonly_paths.n ? l->readonly_paths.v[0].at : ns->at,
	         "readonlyPaths without a new mount namespace"},
		{c->root.readonly, c->root.at, "a read-only root without a new mount namespace"},
		{c->process.terminal, c->process.at, "a terminal without a new mount namespace"},
		{l->rootfs_propagation.s, l->rootfs_propagation.at, "rootfsPropagation without a new mount namespace"},
	};

	if (ns->set && !ns->path.s)
		return 0;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (!list[i].asked)
			continue;
		error_set(err, EINVAL, "%s", list[i].what);
		error_hint(err, "add {\"type\": \"mount\"} to linux.namespaces");
		return error_locate(err, list[i].at);
	}
	return 0;
}

int plan_refuse(const struct config *c, struct error *err)
{
	const struct linux_config *l = &c->linux_;
	const struct refusal list[] = {
		{l->intel_rdt.set, l->intel_rdt.at, "linux.intelRdt"},
	};
	int r = refuse(list, sizeof(list) / sizeof(list[0]), err);

	return r < 0 ? r : refuse_foreign_mounts(c, err);
}
