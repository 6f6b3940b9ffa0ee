/*
 * room - what is known of a network while this host is up: /run/crun-lite/.net/NETWORK/.
 *
 *     10.89.0.5 -> /run/crun-lite/web      a lease: a symbolic link from the address to who has it
 *     hosts/.shared, hosts/web             the hosts files of its members (names.h)
 *
 * /run is a tmpfs: a reboot forgets all of it, as it does the containers.  A lease is made by one system call that
 * two cannot win, and cannot be torn by a crash; its owner is the state directory of a container.  Who takes
 * things away from others (a sweep) or changes hosts files holds a flock on the directory.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

#define NETWORKS_RUN_DIR "/run/crun-lite/.net"

/* Who has a lease: is it there still?  `owner` is what the lease says. */
struct lease_judge {
	bool (*is_alive)(const char *owner, void *arg);
	void *arg;
};

/* The directory of all rooms, with the lock of the networks; a failure is seen by who opens something in it. */
void rooms_make(void);
/* *ret_fd is -1 where there is none, unless `make`. */
int room_open(const char *network, bool make, int *ret_fd, struct error *err);
int room_lock(int room, struct error *err);
void room_unlock(int room);
/* Removes a room that nobody is in; the hosts files go with it. */
int room_remove(const char *network, struct error *err);

/*
 * An address of `subnet` for `owner` (an absolute path that ends in the ID): `wanted` (family 0: any, the one that the
 * same ID had before if nobody has it).  Where all are taken, those whose owners are gone are taken back first.
 */
int lease_take(int room, const struct network *network, const struct network_subnet *subnet, const struct ip *wanted,
               const char *owner, const struct lease_judge *judge, struct ip *ret, struct error *err);
/* Only if it is `owner`'s.  The caller holds the lock. */
int lease_release(int room, const struct ip *ip, const char *owner, struct error *err);
/* Calls `each` with every lease; its first result that is not 0 ends it and is returned. */
int lease_each(int room, int (*each)(const struct ip *ip, const char *owner, void *arg), void *arg, struct error *err);
/* Takes back what has no owner any more; how many.  The caller holds the lock. */
int lease_sweep(int room, const struct lease_judge *judge, struct error *err);
