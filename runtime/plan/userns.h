/*
 * userns - the container's user namespace, as far as it can be decided without asking the kernel: whether an
 * ordinary user gets one although the configuration names none, which ids it maps, and who writes the maps.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stdint.h>

/* user_namespaces(7): so many rows, and less than a page of text. */
#define MAP_ROWS_MAX 340
#define MAP_TEXT_MAX 4095

enum map_kind { MAP_UIDS, MAP_GIDS, MAP_KINDS };

struct sub_range {              /* a line of /etc/subuid or /etc/subgid */
	uint32_t first, n;
};

/* Who runs us. */
struct caller {
	bool ordinary;          /* without CAP_SYS_ADMIN: what needs it has to happen in a user namespace of its own */
	uint32_t ids[MAP_KINDS];        /* euid, egid */
	/* `ordinary` only: the first range of ids that newuidmap and newgidmap give this user; n == 0: none */
	struct sub_range sub[MAP_KINDS];
	bool nested_root;       /* root of the user namespace that an engine of an ordinary user made */
	bool groups_denied;     /* nested_root only: and setgroups(2) is denied there */
};

/*
 * What an ordinary user's configuration leaves out is filled in (as crun does): a user namespace, and maps with the
 * caller's id as the container's user, the rest of the ids from /etc/subuid.  Then everything that
 * names an id is checked.  -EINVAL with place and way out.
 */
int userns_complete(struct config *config, const struct caller *caller, struct error *err);

/* Is `id` of the container somebody, as far as config.json tells?  (A namespace that is joined may map anything.) */
bool userns_maps(const struct config *config, enum map_kind kind, uint64_t id);
/* Is it a map that the kernel takes from an ordinary user: one id, the user's own?  (Then groups are as they are.) */
bool userns_is_own_id(const struct config *config, enum map_kind kind, const struct caller *caller);
/* The annotation run.oci.keep_original_groups: the caller's groups stay, setgroups(2) is not called. */
bool userns_callers_groups(const struct config *config);
/* setgroups(2) is denied in the namespace: the price of a gid map that an ordinary user writes. */
bool userns_keeps_groups(const struct config *config, const struct caller *caller);
/* The id to take in the new namespace: 0, or the first that is mapped. */
uint32_t userns_first_id(const struct config *config, enum map_kind kind);

/* The host's id of `id`, which is mapped (or the same, without a namespace or its maps). */
uint32_t userns_host_id(const struct config *config, enum map_kind kind, uint32_t id);

const struct id_mappings *userns_mappings(const struct config *config, enum map_kind kind);
/*
 * The map's rows, sorted by the container's ids, neighbours made one; `ret` has room for m->n.  How many.
 */
size_t userns_merge(const struct id_mappings *m, struct id_mapping *ret);
