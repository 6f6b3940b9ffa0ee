/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/networks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "runtime/network/names.h"
#include "runtime/state/network_cni.h"

/* ---- create ---- */

int networks_create(struct network_wish *wish, struct network *ret, struct error *err)
{
	cleanup_free struct network *all = NULL;
	cleanup_free struct host_route *routes = NULL;
	cleanup_close int dir = -1;
	size_t n = 0, n_routes = 0;
	int r = definitions_open(DEFINITIONS_DIR, true, &dir, err);

	if (r == 0)
		r = definition_list(dir, &all, &n, err);
	if (r == 0)
		r = host_routes_read(&routes, &n_routes, err);
	if (r == 0 && getrandom(&wish->random, sizeof(wish->random), 0) != sizeof(wish->random))
		r = error_set(err, errno, "choose a subnet");
	if (r == 0)
		r = definition_choose(wish, all, n, routes, n_routes, ret, err);
	return r < 0 ? r : definition_write(dir, ret, err);
}

/* ---- who is there ---- */

int networks_members(const char *name, int (*each)(const struct ip *, const char *, void *), void *arg, struct error *err)
{
	cleanup_close int room = -1;
	int r = room_open(name, false, &room, err);

	return r < 0 || room < 0 ? r : lease_each(room, each, arg, err);
}

static int first_member(const struct ip *ip, const char *owner, void *arg)
{
	const char *slash = strrchr(owner, '/');

	snprintf(arg, 256, "%s", slash ? slash + 1 : owner);
	return 1;
}

/* ---- rm ---- */

static int remove_locked(int dir, const struct network *network, int room, struct error *err)
{
	char id[256];
	int r = lease_sweep(room, &network_judge, err);

	if (r >= 0)
		r = lease_each(room, first_member, id, err);
	if (r > 0) {
		error_set(err, EBUSY, "container %s is in it", id);
		return error_hint(err, "`crun-lite network inspect %s` lists them all", network->name);
	}
	/* Nobody comes any more once there is no definition. */
	if (r == 0)
		r = definition_remove(dir, network->name, err);
	if (r == 0)
		r = net_network_remove(network, NETWORKS_LOCK, err);
	return r < 0 ? r : room_remove(network->name, err);
}

int networks_remove(const char *name, struct error *err)
{
	cleanup_close int dir = -1, room = -1;
	struct network network;
	int r = definitions_open(DEFINITIONS_DIR, false, &dir, err);

	if (r == 0)
		r = definition_read(dir, name, &network, err);
	if (r == 0 && strcmp(name, NETWORK_DEFAULT) == 0) {
		error_set(err, ERROR_SAID, "network %s is built in", name);
		return error_hint(err, "`crun-lite network prune` takes its bridge down while nobody is in it");
	}
	if (r == 0)
		r = room_open(name, true, &room, err);
	if (r == 0)
		r = room_lock(room, err);
	return r < 0 ? r : remove_locked(dir, &network, room, err);
}

/* ---- reload ---- */

struct reload {
	int dir, n;
	struct error *err;
};

/* A process lets go of its network, which goes with its devices, a moment before it is dead. */
static bool has_ended(const char *owner, bool ending)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 200 && ending && network_judge.is_alive(owner, NULL); i++)
		nanosleep(&pause, NULL);
	return !network_judge.is_alive(owner, NULL);
}

static int reattach(struct reload *reload, const char *owner, const char *id, struct net_record *record)
{
	static struct network networks[NETWORK_JOINS_MAX];
	const struct network *each[NETWORK_JOINS_MAX];
	struct net_attachment a;
	int r = 0;

	for (size_t i = 0; i < record->n_interfaces && r == 0; i++) {
		each[i] = &networks[i];
		r = definition_read(reload->dir, record->interfaces[i].network, &networks[i], reload->err);
	}
	a = network_attachment(id, record, each);
	if (r == 0)
		r = net_reattach(&a, reload->err);
	/* Whoever deleted it meanwhile did not find what is there again. */
	if (has_ended(owner, r == -ENODEV))
		return net_detach(&a, false, reload->err);
	if (r < 0)
		return error_wrap(reload->err, "reload the network of container %s", id);
	reload->n++;
	return 0;
}

/* Once for each container: by the address that its record begins with. */
static bool begins_with(const struct net_record *record, const struct ip *ip)
{
	const struct net_interface *i = &record->interfaces[0];

	return record->up && record->n_interfaces &&
	       address_equal(ip, i->address4.address.family ? &i->address4.address : &i->address6.address);
}

static int reload_one(const struct ip *ip, const char *owner, void *arg)
{
	static struct net_record record;
	cleanup_free char *path = strdup(owner);
	char *slash = path ? strrchr(path, '/') : NULL;
	cleanup_close int root = -1;
	struct reload *reload = arg;
	struct store store = {.dir = -1};
	struct error ignored;
	int r = 0;

	if (!slash || !network_judge.is_alive(owner, NULL))
		return 0;
	*slash = '\0';
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One that is deleted meanwhile has nothing to be reloaded. */
	if (root >= 0 && store_open(root, slash + 1, STORE_READ, &store, &ignored) == 0 &&
	    network_record_read(&store, &record, &ignored) == 0 && begins_with(&record, ip))
		r = reattach(reload, owner, slash + 1, &record);
	store_close(&store);
	return r;
}

/* Every network of this host; stops at the first failure. */
static int each_network(int (*one)(const struct network *, void *), void *arg, struct error *err)
{
	cleanup_free struct network *all = NULL;
	cleanup_close int dir = -1;
	size_t n = 0;
	int r = definitions_open(DEFINITIONS_DIR, false, &dir, err);

	if (r == 0)
		r = definition_list(dir, &all, &n, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = one(&all[i], arg);
	return r;
}

static int reload_network(const struct network *network, void *arg)
{
	struct reload *reload = arg;

	return networks_members(network->name, reload_one, reload, reload->err);
}

int networks_reload(struct error *err)
{
	cleanup_close int dir = -1;
	struct reload reload = {.err = err};
	int r = definitions_open(DEFINITIONS_DIR, false, &dir, err);

	reload.dir = dir;
	if (r == 0)
		r = each_network(reload_network, &reload, err);
	return r < 0 ? r : reload.n;
}

/* ---- prune ---- */

struct prune {
	void (*said)(const char *, const char *);
	struct error *err;
	int room;
	char (*owners)[256];    /* of ports; owned */
	size_t n;
};

static int sweep_one(const struct ip *ip, const char *owner, void *arg)
{
	const struct prune *p = arg;
	char text[ADDRESS_TEXT_MAX];
	const char *slash = strrchr(owner, '/');

	if (*owner && network_judge.is_alive(owner, NULL))
		return 0;
	if (names_leave(p->room, ip, NULL, slash ? slash + 1 : owner, p->err) < 0)
		return -p->err->code;
	if (unlinkat(p->room, address_ip(ip, text), 0) == 0)
		p->said("address", text);
	return 0;
}

static int sweep_network(const struct network *network, void *arg)
{
	cleanup_close int room = -1;
	struct prune *p = arg;
	int r = room_open(network->name, false, &room, p->err);

	if (r < 0 || room < 0)
		return r;
	r = room_lock(room, p->err);
	p->room = room;
	return r < 0 ? r : lease_each(room, sweep_one, p, p->err);
}

static int take_owner(const char *owner, void *arg)
{
	struct prune *p = arg;
	char (*more)[256];

	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->owners[i], owner) == 0)
			return 0;
	more = reallocarray(p->owners, p->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->owners = more;
	snprintf(more[p->n++], sizeof(*more), "%s", owner);
	return 0;
}

static int forget_ports(struct prune *p)
{
	int r = net_each_owner(take_owner, p, p->err);

	for (size_t i = 0; i < p->n && r >= 0; i++) {
		if (!network_is_gone(p->owners[i], NULL))
			continue;
		r = net_forget_owner(p->owners[i], p->err);
		if (r >= 0)
			p->said("ports of", p->owners[i]);
	}
	return r < 0 ? r : 0;
}

/* The lock from the look on: who comes takes a lease first, then the lock, then makes what is missing. */
static int take_down(const struct network *network, void *arg)
{
	cleanup_close int room = -1;
	struct prune *p = arg;
	char id[256];
	int r = room_open(network->name, false, &room, p->err);

	if (r == 0 && room >= 0)
		r = room_lock(room, p->err);
	if (r == 0 && room >= 0)
		r = lease_each(room, first_member, id, p->err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = net_network_remove(network, NETWORKS_LOCK, p->err);
	if (r == 0)
		p->said("bridge of", network->name);
	return r;
}

int networks_prune(void (*said)(const char *what, const char *name), struct error *err)
{
	struct prune p = {.said = said, .err = err, .room = -1};
	int r;

	rooms_make();
	r = each_network(sweep_network, &p, err);
	network_cni_sweep(said);
	if (r == 0)
		r = forget_ports(&p);
	if (r == 0)
		r = each_network(take_down, &p, err);
	free(p.owners);
	/* Who came between the look and the end of its bridge gets it again. */
	r = r < 0 ? r : networks_reload(err);
	return r < 0 ? r : 0;
}
