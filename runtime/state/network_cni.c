/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/network_cni.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/room.h"
#include "spec/emit.h"

#define CNI_RECORD "cni.json"
#define CNI_NETNS "netns"
#define REGISTRY NETWORKS_RUN_DIR "/.cni"
#define ENTRY_MAX (NETWORK_NAME_MAX + 256 + IFNAMSIZ)

/* ---- who is on which network ---- */

static int open_registry(bool make)
{
	int fd = open(REGISTRY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	mkdir("/run/crun-lite", 0700);
	mkdir(NETWORKS_RUN_DIR, 0700);
	mkdir(REGISTRY, 0700);
	return open(REGISTRY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Plugins know a container by network, ID and interface: neither a name nor an interface has a ":". */
static void entry_name(const struct cni_record *r, char buf[ENTRY_MAX])
{
	snprintf(buf, ENTRY_MAX, "%s:%s:%s", r->list.name, r->attachment.id, r->attachment.interface);
}

static bool is_of(int dir, const char *entry, const char *owner)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, entry, target, sizeof(target) - 1);

	target[n > 0 ? n : 0] = '\0';
	return n > 0 && strcmp(target, owner) == 0;
}

static bool is_gone(int dir, const char *entry)
{
	struct stat st;

	return fstatat(dir, entry, &st, 0) < 0 && errno == ENOENT;
}

static int enter(const struct cni_record *r, const char *owner, struct error *err)
{
	cleanup_close int dir = open_registry(true);
	char name[ENTRY_MAX];

	if (dir < 0)
		return error_set(err, errno, "open " REGISTRY);
	entry_name(r, name);
	if (symlinkat(owner, dir, name) == 0 || (errno == EEXIST && is_of(dir, name, owner)))
		return 0;
	if (errno == EEXIST && is_gone(dir, name) && unlinkat(dir, name, 0) == 0 && symlinkat(owner, dir, name) == 0)
		return 0;
	error_set(err, errno, "enter container %s into CNI network %s", r->attachment.id, r->list.name);
	if (err->code == EEXIST)
		error_hint(err, "a container of another state root has the same ID: plugins could not tell one from the other");
	return -err->code;
}

static void leave(const struct cni_record *r, const char *owner)
{
	cleanup_close int dir = open_registry(false);
	char name[ENTRY_MAX];

	entry_name(r, name);
	if (dir >= 0 && is_of(dir, name, owner))
		unlinkat(dir, name, 0);
}

static void each_entry(void (*one)(int dir, const char *name, void *arg), void *arg)
{
	int dir = open_registry(false);
	cleanup_dir DIR *entries = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (strchr(entry->d_name, ':'))
			one(dirfd(entries), entry->d_name, arg);
}

static void forget_one(int dir, const char *name, void *arg)
{
	if (is_of(dir, name, arg))
		unlinkat(dir, name, 0);
}

void network_cni_forget(const char *owner)
{
	each_entry(forget_one, (void *)(uintptr_t)owner);
}

struct sweep {
	void (*said)(const char *, const char *);
};

static void sweep_one(int dir, const char *name, void *arg)
{
	const struct sweep *s = arg;

	if (is_gone(dir, name) && unlinkat(dir, name, 0) == 0)
		s->said("CNI network of", name);
}

void network_cni_sweep(void (*said)(const char *, const char *))
{
	struct sweep s = {said};

	each_entry(sweep_one, &s);
}

/* ---- the file ---- */

static int write_record(const struct store *store, const struct cni_record *r, const char *result, size_t len, bool again, struct error *err)
{
	const struct json *wishes = json_root(r->attachment.wishes);
	cleanup_free char *text = NULL;
	struct emitter e = {0};
	size_t text_len = 0;
	int ret;

	emit_object(&e);
	emit_key_string(&e, "interface", r->attachment.interface);
	emit_key(&e, "list");
	emit_raw(&e, json_raw(r->list.doc, json_root(r->list.doc)), json_root(r->list.doc)->span);
	emit_key(&e, "wishes");
	emit_raw(&e, json_raw(r->attachment.wishes, wishes), wishes->span);
	if (result) {
		emit_key(&e, "result");
		emit_raw(&e, result, len);
	}
	emit_end_object(&e);
	ret = emit_finish(&e, &text, &text_len, err);
	if (ret < 0)
		return ret;
	return again ? store_write_file(store, CNI_RECORD, text, text_len, err) : store_write_new(store, CNI_RECORD, text, text_len, err);
}

static int take_record(struct cni_record *r, struct error *err)
{
	const struct json *root = json_root(r->doc), *list = json_get(root, "list"), *wishes = json_get(root, "wishes"),
	                  *interface = json_get(root, "interface");
	int ret;

	if (!list || !wishes || !interface || interface->type != JSON_STRING)
		return error_set(err, EBADMSG, "read " CNI_RECORD " of the container's state");
	snprintf(r->attachment.interface, IFNAMSIZ, "%s", interface->text);
	ret = cni_parse(json_raw(r->doc, list), list->span, CNI_RECORD, &r->list, err);
	if (ret == 0)
		ret = json_parse(json_raw(r->doc, wishes), wishes->span, CNI_RECORD, &r->attachment.wishes, err);
	r->attachment.doc = r->doc;
	r->attachment.result = json_get(root, "result");
	return ret;
}

static void find_netns(const struct store *store, struct cni_record *r)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", store->dir);
	n = readlink(link, r->netns, sizeof(r->netns) - sizeof("/" CNI_NETNS));
	r->netns[n > 0 ? n : 0] = '\0';
	if (n > 0)
		strcat(r->netns, "/" CNI_NETNS);
}

/* What was bound there, and not the file below: a host that has started anew has neither. */
static bool is_pinned(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

int network_cni_read(const struct store *store, struct cni_record *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = store_read_file(store, CNI_RECORD, &text, &len, err);

	*ret = (struct cni_record){.attachment = {.id = store->id, .netns = "", .interrupt = -1}};
	if (r == -ENOENT)
		return STATE_NOT_FOUND;
	if (r == 0)
		r = json_parse(text, len, CNI_RECORD, &ret->doc, err);
	if (r == 0)
		r = take_record(ret, err);
	if (r < 0) {
		network_cni_free(ret);
		return r;
	}
	find_netns(store, ret);
	if (is_pinned(ret->netns))
		ret->attachment.netns = ret->netns;
	return 0;
}

void network_cni_free(struct cni_record *record)
{
	if (record->list.text)          /* most have none, and their start reads nothing of it */
		cni_free(&record->list);
	record->attachment.wishes = json_free(record->attachment.wishes);
	record->doc = json_free(record->doc);
}

/* ---- the beginning ---- */

int network_cni_begin(const struct store *store, const char *owner, struct cni_list *list, const struct net_join *join,
                      const struct publish *publishes, size_t n, struct cni_record *ret, struct error *err)
{
	cleanup_free char *wishes = NULL;
	size_t len = 0;
	int r;

	*ret = (struct cni_record){.list = *list, .attachment = {.id = store->id, .netns = "", .interrupt = -1}};
	*list = (struct cni_list){0};
	snprintf(ret->attachment.interface, IFNAMSIZ, "%s", *join->interface ? join->interface : "eth0");
	r = cni_wishes(join, publishes, n, &wishes, &len, err);
	if (r == 0)
		r = json_parse(wishes, len, "wishes", &ret->attachment.wishes, err);
	if (r == 0)
		r = cni_check_wishes(&ret->list, &ret->attachment, err);
	if (r == 0)
		r = enter(ret, owner, err);
	return r < 0 ? r : write_record(store, ret, NULL, 0, false, err);
}

int network_cni_pin(const struct store *store, const char *owner, pid_t pid, struct cni_record *record, struct error *err)
{
	cleanup_close int file = openat(store->dir, CNI_NETNS, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char source[64];

	if (file < 0)
		return error_set(err, errno, "make %s/" CNI_NETNS, owner);
	find_netns(store, record);
	snprintf(source, sizeof(source), "/proc/%d/ns/net", pid);
	if (mount(source, record->netns, NULL, MS_BIND, NULL) < 0)
		return error_set(err, errno, "bind the container's network namespace to %s, where the CNI's plugins find it", record->netns);
	record->attachment.netns = record->netns;
	return 0;
}

int network_cni_done(const struct store *store, struct cni_record *record, const char *result, size_t len, struct error *err)
{
	return write_record(store, record, result, len, true, err);
}

/* ---- later ---- */

int network_cni_status(const struct store *store, char **ret, struct error *err)
{
	struct cni_record record;
	int r = network_cni_read(store, &record, err);

	if (r != 0)
		return r;
	*ret = record.attachment.result ? strndup(json_raw(record.doc, record.attachment.result), record.attachment.result->span) : NULL;
	r = *ret ? 0 : record.attachment.result ? error_set(err, ENOMEM, "read " CNI_RECORD) : STATE_NOT_FOUND;
	network_cni_free(&record);
	return r;
}

int network_cni_check(const struct store *store, struct error *err)
{
	struct cni_record record;
	int r = network_cni_read(store, &record, err);

	if (r == STATE_NOT_FOUND || (r == 0 && !record.attachment.result))
		r = error_set(err, ERROR_SAID, "container %s is on no network of the CNI", store->id);
	else if (r == 0)
		r = cni_check(&record.list, &record.attachment, err);
	network_cni_free(&record);
	return r;
}

static void unpin(const struct store *store, const struct cni_record *r)
{
	if (*r->attachment.netns)
		umount2(r->netns, MNT_DETACH | UMOUNT_NOFOLLOW);
	unlinkat(store->dir, CNI_NETNS, 0);
}

int network_cni_end(const struct store *store, const char *owner, bool begun, struct error *err)
{
	struct cni_record record;
	int r = network_cni_read(store, &record, err);

	if (r != 0) {
		/* None: it was only entered.  Half of it is of a crash of the machine, which has forgotten what it was about. */
		network_cni_forget(owner);
		return 0;
	}
	if (begun)
		r = cni_delete(&record.list, &record.attachment, err);
	if (r == 0) {
		unpin(store, &record);
		leave(&record, owner);
		unlinkat(store->dir, CNI_RECORD, 0);
	}
	network_cni_free(&record);
	return r;
}

struct valid {
	const char *network;
	size_t n;
	struct cni_valid *v;
	int code;
};

/* NETWORK:ID:INTERFACE */
static void take_valid(int dir, const char *name, void *arg)
{
	struct valid *valid = arg;
	size_t len = strlen(valid->network);
	const char *id = name + len + 1, *colon;
	struct cni_valid *more;

	if (strncmp(name, valid->network, len) != 0 || name[len] != ':' || !(colon = strchr(id, ':')) || is_gone(dir, name))
		return;
	more = reallocarray(valid->v, valid->n + 1, sizeof(*more));
	if (!more || !(more[valid->n].id = strndup(id, (size_t)(colon - id))) || !(more[valid->n].interface = strdup(colon + 1))) {
		valid->v = more ?: valid->v;
		valid->code = ENOMEM;
		return;
	}
	valid->v = more;
	valid->n++;
}

int network_cni_collect(const char *network, struct error *err)
{
	struct valid valid = {.network = network};
	struct cni_list list;
	int r = cni_find(CNI_CONFIG_DIR, network, &list, err);

	if (r < 0)
		return r;
	each_entry(take_valid, &valid);
	/* Without one of them it would be taken for dead. */
	r = valid.code ? error_set(err, valid.code, "collect who is on CNI network %s", network) : cni_gc(&list, valid.v, valid.n, err);
	for (size_t i = 0; i < valid.n; i++) {
		free((char *)(uintptr_t)valid.v[i].id);
		free((char *)(uintptr_t)valid.v[i].interface);
	}
	free(valid.v);
	cni_free(&list);
	return r;
}
