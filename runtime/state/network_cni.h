/*
 * network_cni - a container on a network of the CNI: what was asked of the plugins, for those who undo it.
 *
 *     cni.json     the list as it was, the wishes, the result (once there is one)
 *     netns        the network namespace, bound to a file: plugins want a path, at the end too
 *     /run/crun-lite/.net/.cni/NETWORK:ID:INTERFACE -> the state directory; for two state roots with one ID, and for GC
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/cni.h"
#include "runtime/state/state.h"

#include <limits.h>

struct cni_record {
	struct cni_list list;
	struct cni_attachment attachment;
	struct json_doc *doc;           /* the file's; NULL: it is none (yet) */
	char netns[PATH_MAX];
};

/* Before anything is done: registered, and written.  The list is taken; *ret is the caller's either way. */
int network_cni_begin(const struct store *store, const char *owner, struct cni_list *list, const struct net_join *join,
                      const struct publish *publishes, size_t n, struct cni_record *ret, struct error *err);
/* The namespace of `pid`, bound. */
int network_cni_pin(const struct store *store, const char *owner, pid_t pid, struct cni_record *record, struct error *err);
/* After ADD. */
int network_cni_done(const struct store *store, struct cni_record *record, const char *result, size_t len, struct error *err);

/* STATE_NOT_FOUND: there is none. */
int network_cni_read(const struct store *store, struct cni_record *ret, struct error *err);
void network_cni_free(struct cni_record *record);
/* The result of ADD, malloc'ed; STATE_NOT_FOUND: there is none (yet). */
int network_cni_status(const struct store *store, char **ret, struct error *err);
int network_cni_check(const struct store *store, struct error *err);
/* DEL unless nothing was `begun`; then all of the above is gone. */
int network_cni_end(const struct store *store, const char *owner, bool begun, struct error *err);
/* Killed before there was a record: what it registered. */
void network_cni_forget(const char *owner);
/* Those whose state directory is gone; `said` hears of each. */
void network_cni_sweep(void (*said)(const char *what, const char *name));
/* GC: all that is registered for the network is valid. */
int network_cni_collect(const char *network, struct error *err);
