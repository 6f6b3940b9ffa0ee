/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/room.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "runtime/network/names.h"

/* So many addresses of a large subnet are tried before it is called full. */
#define LEASE_TRIES (1u << 16)

static void room_path(const char *network, char buf[128])
{
	snprintf(buf, 128, NETWORKS_RUN_DIR "/%s", network);
}

void rooms_make(void)
{
	mkdir("/run/crun-lite", 0700);
	mkdir(NETWORKS_RUN_DIR, 0700);
}

int room_open(const char *network, bool make, int *ret_fd, struct error *err)
{
	char path[128];

	room_path(network, path);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd >= 0 || (errno == ENOENT && !make))
		return 0;
	rooms_make();
	mkdir(path, 0700);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* The subdirectory, so that nobody need look whether it is there. */
	if (*ret_fd >= 0 && mkdirat(*ret_fd, "hosts", 0700) < 0 && errno != EEXIST) {
		error_set(err, errno, "make %s/hosts", path);
		close(*ret_fd);
		*ret_fd = -1;
		return -err->code;
	}
	if (*ret_fd >= 0)
		return 0;
	error_set(err, errno, "open %s", path);
	if (err->code == EACCES)
		error_hint(err, "networks of the host are root's; without root, --net none or host are to be had");
	return -err->code;
}

int room_lock(int room, struct error *err)
{
	return TEMP_FAILURE_RETRY(flock(room, LOCK_EX)) == 0 ? 0 : error_set(err, errno, "lock the network's directory");
}

void room_unlock(int room)
{
	flock(room, LOCK_UN);
}

static void empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			unlinkat(dir, entry->d_name, 0);
}

int room_remove(const char *network, struct error *err)
{
	cleanup_close int room = -1, hosts = -1;
	char path[128];
	int r = room_open(network, false, &room, err);

	if (r < 0 || room < 0)
		return r;
	room_path(network, path);
	hosts = openat(room, "hosts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (hosts >= 0)
		empty(hosts);
	unlinkat(room, "hosts", AT_REMOVEDIR);
	return rmdir(path) == 0 || errno == ENOENT ? 0 : error_set(err, errno, "remove %s", path);
}

/* ---- leases ---- */

/* What the lease says; "" if there is none. */
static int read_owner(int room, const char *name, char buf[PATH_MAX])
{
	ssize_t n = readlinkat(room, name, buf, PATH_MAX - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n < 0 ? -errno : 0;
}

static const char *id_of(const char *owner)
{
	const char *slash = strrchr(owner, '/');

	return slash ? slash + 1 : owner;
}

/* FNV-1a: the same ID begins to look at the same address. */
static uint64_t hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3;
	return h ^ h >> 32;
}

/* 0: it is ours now (or was); -EEXIST: another's. */
static int try_one(int room, const struct ip *ip, const char *owner)
{
	char name[ADDRESS_TEXT_MAX], has[PATH_MAX];

	address_ip(ip, name);
	if (symlinkat(owner, room, name) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	return read_owner(room, name, has) == 0 && strcmp(has, owner) == 0 ? 0 : -EEXIST;
}

static int try_all(int room, const struct network_subnet *subnet, const char *owner, struct ip *ret)
{
	uint64_t n = address_count(&subnet->subnet), start = hash(id_of(owner)) % n;
	int r = -EEXIST;

	for (uint64_t i = 0; i < n && i < LEASE_TRIES && r == -EEXIST; i++) {
		*ret = address_nth(&subnet->subnet, 1 + (start + i) % n);
		if (!address_equal(ret, &subnet->gateway))
			r = try_one(room, ret, owner);
	}
	return r;
}

int lease_each(int room, int (*each)(const struct ip *ip, const char *owner, void *arg), void *arg, struct error *err)
{
	int copy = openat(room, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_dir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	char owner[PATH_MAX];
	struct ip ip;

	if (!entries)
		return error_set(err, errno, "list the network's addresses");
	while (r == 0 && (entry = readdir(entries))) {
		if (!address_parse_ip(entry->d_name, &ip))
			continue;
		read_owner(room, entry->d_name, owner);
		r = each(&ip, owner, arg);
	}
	return r;
}

struct sweep {
	int room, n;
	const struct lease_judge *judge;
};

static int sweep_one(const struct ip *ip, const char *owner, void *arg)
{
	struct sweep *s = arg;
	char name[ADDRESS_TEXT_MAX];
	struct error ignored;

	/* "": what is no link is nobody's. */
	if (*owner && s->judge->is_alive(owner, s->judge->arg))
		return 0;
	if (names_leave(s->room, ip, NULL, id_of(owner), &ignored) == 0 && unlinkat(s->room, address_ip(ip, name), 0) == 0)
		s->n++;
	return 0;
}

int lease_sweep(int room, const struct lease_judge *judge, struct error *err)
{
	struct sweep s = {room, 0, judge};
	int r = lease_each(room, sweep_one, &s, err);

	return r < 0 ? r : s.n;
}

/* Nobody else gives a lease up meanwhile, so what is judged is what is removed. */
static int sweep_locked(int room, const struct lease_judge *judge, struct error *err)
{
	int r = room_lock(room, err);

	if (r < 0)
		return r;
	r = lease_sweep(room, judge, err);
	room_unlock(room);
	return r;
}

static int take_wanted(int room, const struct network *network, const struct network_subnet *subnet, const struct ip *wanted,
                       const char *owner, const struct lease_judge *judge, struct error *err)
{
	char name[ADDRESS_TEXT_MAX], net[ADDRESS_TEXT_MAX], has[PATH_MAX];
	uint64_t at = address_index(wanted, &subnet->subnet);
	int r;

	address_ip(wanted, name);
	if (address_equal(wanted, &subnet->gateway))
		return error_set(err, ERROR_SAID, "address %s is the gateway of network %s", name, network->name);
	if (at == 0 || (wanted->family == AF_INET && at > address_count(&subnet->subnet)))
		return error_set(err, ERROR_SAID, "address %s is no container's in %s", name, address_subnet(&subnet->subnet, net));
	r = try_one(room, wanted, owner);
	if (r == -EEXIST && sweep_locked(room, judge, err) > 0)
		r = try_one(room, wanted, owner);
	if (r != -EEXIST)
		return r < 0 ? error_set(err, -r, "take the address %s of network %s", name, network->name) : 0;
	read_owner(room, name, has);
	return error_set(err, ERROR_SAID, "address %s of network %s belongs to container %s", name, network->name, id_of(has));
}

int lease_take(int room, const struct network *network, const struct network_subnet *subnet, const struct ip *wanted,
               const char *owner, const struct lease_judge *judge, struct ip *ret, struct error *err)
{
	char text[ADDRESS_TEXT_MAX];
	int r;

	if (wanted->family) {
		r = take_wanted(room, network, subnet, wanted, owner, judge, err);
		*ret = *wanted;
		return r;
	}
	r = try_all(room, subnet, owner, ret);
	if (r == -EEXIST && sweep_locked(room, judge, err) > 0)
		r = try_all(room, subnet, owner, ret);
	if (r == -EEXIST) {
		error_set(err, ERROR_SAID, "no address of %s (network %s) is free", address_subnet(&subnet->subnet, text), network->name);
		return error_hint(err, "delete containers that are stopped, or make a larger network (`crun-lite network create --subnet`)");
	}
	return r < 0 ? error_set(err, -r, "take an address of network %s", network->name) : 0;
}

int lease_release(int room, const struct ip *ip, const char *owner, struct error *err)
{
	char name[ADDRESS_TEXT_MAX], has[PATH_MAX];
	int r = ip->family ? read_owner(room, address_ip(ip, name), has) : -ENOENT;

	if (r == 0 && strcmp(has, owner) == 0 && unlinkat(room, name, 0) < 0)
		r = -errno;
	/* No link: nobody's. */
	return r == 0 || r == -ENOENT || r == -EINVAL ? 0 : error_set(err, -r, "give the address %s back", name);
}
