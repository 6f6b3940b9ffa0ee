/*
 * network - a container's networking between two commands: its record, its end, who else is there.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/state/state.h"
#include "runtime/network/attach.h"
#include "runtime/network/record.h"
#include "runtime/network/room.h"

#define NETWORKS_LOCK NETWORKS_RUN_DIR "/.lock"

/* The path of the container's state directory: as which it owns its addresses. */
int network_owner(const struct store *store, char buf[PATH_MAX], struct error *err);
/* Whether the owner of a lease is there still, for runtime/network/room.h. */
extern const struct lease_judge network_judge;
/* The same of the owner of a port (runtime/network/table.h): who has a port has an address, whose lease knows it better. */
bool network_is_gone(const char *owner, void *arg);

/* STATE_NOT_FOUND: there is none (yet). */
int network_record_read(const struct store *store, struct net_record *ret, struct error *err);
/* What it has got, as a result of CNI (runtime/network/record.h); STATE_NOT_FOUND: nothing.  *ret is malloc'ed. */
int network_status(const struct store *store, const struct state *state, enum status status, char **ret, struct error *err);
/*
 * Takes everything back: ports, names, addresses, files.  `record`: as it is known; NULL: as it is written.  Twice is
 * fine.  The interfaces went with the namespace.
 */
int network_end(const struct store *store, const struct net_record *record, struct error *err);
/* What attach.h wants to know of a record.  `networks` has room for one pointer for each interface. */
struct net_attachment network_attachment(const char *id, struct net_record *record, const struct network **networks);
/* Between two starts of a container: the same, but its addresses stay its own, and the record that says so. */
int network_rest(const struct store *store, struct error *err);
