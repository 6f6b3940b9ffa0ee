/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/network.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/names.h"
#include "runtime/network/table.h"
#include "runtime/state/network_cni.h"

int network_owner(const struct store *store, char buf[PATH_MAX], struct error *err)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", store->dir);
	n = readlink(link, buf, PATH_MAX - 1);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : error_set(err, errno, "find the path of the container's state");
}

/* ---- who is there ---- */

/* What cannot be read is taken for alive: an address is lost sooner than given to two. */
static bool is_alive_in(int root, const char *id)
{
	struct store store = {.dir = -1};
	struct state state = {0};
	struct error ignored;
	bool alive = true;
	int r = store_open(root, id, STORE_READ, &store, &ignored);

	if (r == STATE_NOT_FOUND) {
		alive = false;
	} else if (r == 0 && state_read(&store, &state, &ignored) == 0) {
		alive = state_status(&store, &state, &ignored) != STATUS_STOPPED || state_keeper_lives(&state);
	}
	state_free(&state);
	store_close(&store);
	return alive;
}

static bool is_alive(const char *owner, void *arg)
{
	cleanup_free char *path = strdup(owner);
	char *slash = path ? strrchr(path, '/') : NULL;
	cleanup_close int root = -1;

	if (!slash || slash == path)
		return path != NULL && slash == NULL ? false : true;
	*slash = '\0';
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? errno != ENOENT : is_alive_in(root, slash + 1);
}

const struct lease_judge network_judge = {is_alive, NULL};

struct search {
	const char *owner;
	bool found;
};

static int match_one(const struct ip *ip, const char *owner, void *arg)
{
	const char *slash = strrchr(owner, '/');
	struct search *s = arg;
	char cut[OWNER_MAX];

	table_owner(slash ? slash + 1 : owner, cut);
	s->found = strcmp(cut, s->owner) == 0 && is_alive(owner, NULL);
	return s->found;
}

bool network_is_gone(const char *owner, void *arg)
{
	cleanup_dir DIR *rooms = opendir(NETWORKS_RUN_DIR);
	struct search s = {.owner = owner};
	struct dirent *entry;
	struct error ignored;

	while (rooms && !s.found && (entry = readdir(rooms))) {
		cleanup_close int room = -1;

		if (entry->d_name[0] != '.' && room_open(entry->d_name, false, &room, &ignored) == 0 && room >= 0 &&
		    lease_each(room, match_one, &s, &ignored) < 0)
			return false;
	}
	return rooms && !s.found;
}

/* ---- the record ---- */

int network_record_read(const struct store *store, struct net_record *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = store_read_file(store, NET_RECORD, &text, &len, err);

	if (r == 0)
		r = net_record_parse(text, len, ret, err);
	/* Half of a record: who wrote it was killed at that, and had done nothing yet; or the machine crashed, which has forgotten. */
	return r == -ENOENT || r == -EBADMSG || r == -EINVAL ? STATE_NOT_FOUND : r;
}

int network_status(const struct store *store, const struct state *state, enum status status, char **ret, struct error *err)
{
	static struct net_record record;
	char sandbox[64];
	size_t len;
	int r = network_record_read(store, &record, err);

	if (r != 0)
		return r;
	if (!record.up)
		return STATE_NOT_FOUND;
	if (*record.cni)
		return network_cni_status(store, ret, err);
	snprintf(sandbox, sizeof(sandbox), "/proc/%d/ns/net", state->pid);
	return net_record_result(&record, status == STATUS_STOPPED ? NULL : sandbox, ret, &len, err);
}

struct net_attachment network_attachment(const char *id, struct net_record *record, const struct network **networks)
{
	return (struct net_attachment){
		.id = id,
		.n = record->n_interfaces,
		.interfaces = record->interfaces,
		.networks = networks,
		.n_publishes = record->n_publishes,
		.publishes = record->publishes,
		.lock = NETWORKS_LOCK,
	};
}

/* ---- the end ---- */

struct leaver {
	int room;
	const char *id, *owner;
	struct error *err;
};

static int leave_one(const struct ip *ip, const char *owner, void *arg)
{
	const struct leaver *l = arg;

	if (strcmp(owner, l->owner) != 0)
		return 0;
	if (names_leave(l->room, ip, NULL, l->id, l->err) < 0)
		return -l->err->code;
	return lease_release(l->room, ip, owner, l->err);
}

/* Names first: an address that others may have has no name of ours any more. */
static int leave_room(const char *network, const char *id, const char *owner, const struct net_interface *interface, struct error *err)
{
	cleanup_close int room = -1;
	struct leaver l = {.id = id, .owner = owner, .err = err};
	int r = room_open(network, false, &room, err);

	if (r < 0 || room < 0)
		return r;
	r = room_lock(room, err);
	if (r < 0)
		return r;
	l.room = room;
	if (!interface)
		return lease_each(room, leave_one, &l, err);
	r = names_leave(room, &interface->address4.address, &interface->address6.address, id, err);
	if (r == 0)
		r = lease_release(room, &interface->address4.address, owner, err);
	return r < 0 ? r : lease_release(room, &interface->address6.address, owner, err);
}

/* Killed before there was a record: its addresses say whose they are. */
static int leave_all_rooms(const char *id, const char *owner, struct error *err)
{
	cleanup_dir DIR *rooms = opendir(NETWORKS_RUN_DIR);
	struct dirent *entry;
	int r = 0;

	while (r == 0 && rooms && (entry = readdir(rooms)))
		if (entry->d_name[0] != '.')
			r = leave_room(entry->d_name, id, owner, NULL, err);
	return r;
}

/* So that nobody finds it by name; the address stays its own. */
static int leave_names(const struct net_record *record, const char *id, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < record->n_interfaces && r == 0; i++) {
		const struct net_interface *interface = &record->interfaces[i];
		cleanup_close int room = -1;

		r = room_open(interface->network, false, &room, err);
		if (r == 0 && room >= 0)
			r = room_lock(room, err);
		if (r == 0 && room >= 0)
			r = names_leave(room, &interface->address4.address, &interface->address6.address, id, err);
	}
	return r;
}

static int leave_networks(const struct net_record *record, const char *id, const char *owner, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < record->n_interfaces && r == 0; i++)
		r = leave_room(record->interfaces[i].network, id, owner, &record->interfaces[i], err);
	return r;
}

#define KEEPER_TIMEOUT_MS 5000

/* It ends with the container's process; whoever is told that the container is gone may want its ports at once. */
static void await_keeper(const struct net_record *record)
{
	const struct state keeper = {.pid = record->keeper, .start_time = record->keeper_start};
	cleanup_close int pidfd = record->keeper > 0 ? state_pidfd(&keeper) : -1;
	struct pollfd p = {pidfd, POLLIN, 0};

	if (pidfd < 0 || TEMP_FAILURE_RETRY(poll(&p, 1, KEEPER_TIMEOUT_MS)) != 0)
		return;
	syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);        /* and its program with it */
	TEMP_FAILURE_RETRY(poll(&p, 1, KEEPER_TIMEOUT_MS));
}

/* What programs of others have done. */
static int end_foreign(const struct store *store, const struct net_record *record, const char *owner, struct error *err)
{
	await_keeper(record);
	return *record->cni ? network_cni_end(store, owner, record->begun, err) : 0;
}

int network_end(const struct store *store, const struct net_record *known, struct error *err)
{
	static struct net_record read; /* large */
	struct net_attachment attachment;
	struct net_record *record = &read;
	char owner[PATH_MAX];
	int r = network_owner(store, owner, err);

	if (r < 0)
		return r;
	if (known)
		read = *known;
	else
		r = network_record_read(store, record, err);
	if (r == STATE_NOT_FOUND) {
		network_cni_forget(owner);
		r = leave_all_rooms(store->id, owner, err);
	} else if (r == 0 && record->n_interfaces) {
		attachment = network_attachment(store->id, record, NULL);
		r = net_detach(&attachment, false, err);
		if (r == 0)
			r = leave_networks(record, store->id, owner, err);
	} else if (r == 0) {
		r = end_foreign(store, record, owner, err);
	}
	if (r == 0)
		store_remove_network(store, false);
	return r;
}

int network_rest(const struct store *store, struct error *err)
{
	static struct net_record record; /* large */
	struct net_attachment attachment;
	int r = network_record_read(store, &record, err);

	/* Others keep their own books, and give their own addresses. */
	if (r != 0 || !record.n_interfaces)
		return r < 0 ? r : network_end(store, NULL, err);
	attachment = network_attachment(store->id, &record, NULL);
	r = net_detach(&attachment, false, err);
	if (r == 0)
		r = leave_names(&record, store->id, err);
	if (r == 0)
		store_remove_network(store, true);
	return r;
}
