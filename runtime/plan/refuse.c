/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/build.h"

#include <errno.h>
#include <string.h>

#include "runtime/plan/overlay.h"

struct refusal {
	bool asked;
	struct source at;
	const char *what;
};

/* crun's annotation: who asks for a virtual machine (krun), or for an interpreter of wasm, gets no less without a word. */
static int refuse_handler(const struct config *c, struct error *err)
{
	for (size_t i = 0; i < c->annotations.n; i++) {
		const struct pair *p = &c->annotations.v[i];

		if (strcmp(p->key, "run.oci.handler") != 0 || !*p->value)
			continue;
		error_set(err, ENOTSUP, "annotation run.oci.handler=%s", p->value);
		error_hint(err, "crun-lite executes programs itself; use crun for the handlers that it was built with");
		return error_locate(err, p->at);
	}
	return 0;
}

/* With a mount namespace that exists already, or with none, nothing may be mounted for one container. */
int plan_refuse(const struct config *c, struct error *err)
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
		{overlay_asked(c), ns->at, "layers without a new mount namespace"},
		{c->process.terminal, c->process.at, "a terminal without a new mount namespace"},
		{l->rootfs_propagation.s, l->rootfs_propagation.at, "rootfsPropagation without a new mount namespace"},
	};

	if (refuse_handler(c, err) < 0)
		return -err->code;
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
