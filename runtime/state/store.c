/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"

#define ROOT_DEFAULT "/run/crun-lite"
#define LOCK_TIMEOUT_MS 10000
#define LOCK_PAUSE_MS 5
/* A state or a configuration; what is larger was not written by us. */
#define FILE_MAX (32u << 20)

/* Every component that is missing, 0755 as mkdir -p; the last one is ours alone. */
static int make_path(const char *path)
{
	cleanup_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_mine(const char *directory, uid_t uid)
{
	struct stat st;

	return lstat(directory, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid;
}

/* An ordinary user's: $XDG_RUNTIME_DIR, or what it would be, or a directory of its own in /tmp. */
static const char *user_root(char *buf, size_t size)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	uid_t uid = (uid_t)getauxval(AT_EUID);
	bool given = runtime_dir && runtime_dir[0] == '/';

	snprintf(buf, size, "/run/user/%u", uid);
	if (given)
		snprintf(buf, size, "%s/crun-lite", runtime_dir);
	else if (is_mine(buf, uid))
		snprintf(buf, size, "/run/user/%u/crun-lite", uid);
	else
		snprintf(buf, size, "/tmp/crun-lite-%u", uid);
	return buf;
}

/* In /tmp anybody could have made it, to have us start what they wrote there. */
static int check_ours(int fd, const char *root, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_uid == getauxval(AT_EUID) && !(st.st_mode & 022))
		return 0;
	error_set(err, EPERM, "open the state directory %s: somebody else's, or writable for others", root);
	return error_hint(err, "set XDG_RUNTIME_DIR, or name another place by --root");
}

int state_root_open(const char *path, bool make, int *ret_fd, struct error *err)
{
	char buf[PATH_MAX];
	bool of_root = !path && getauxval(AT_EUID) == 0;
	const char *root = path ?: of_root ? ROOT_DEFAULT : user_root(buf, sizeof(buf));
	bool shared = !path && strncmp(root, "/tmp/", 5) == 0;
	int fd, nofollow = shared ? O_NOFOLLOW : 0, r;

	/* Every directory below it could be taken for a container. */
	if (strspn(root, "/.") == strlen(root))
		return error_set(err, ERROR_SAID, "--root \"%s\" is no place for the state", root);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow);
	/* Root of a user namespace that is not root of /run, where root's own state may be. */
	if (fd < 0 && (errno == ENOENT || errno == EACCES) && of_root && getenv("XDG_RUNTIME_DIR") && access("/run", W_OK) < 0) {
		root = user_root(buf, sizeof(buf));
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0 && errno == ENOENT && make) {
		r = make_path(root);
		if (r < 0) {
			error_set(err, -r, "make the state directory %s", root);
			return error_hint(err, "--root names another place");
		}
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | nofollow);
	}
	if (fd < 0 && (errno != ENOENT || make))
		return error_set(err, errno, "open the state directory %s", root);
	if (fd >= 0 && shared && check_ours(fd, root, err) < 0) {
		close(fd);
		return -err->code;
	}
	*ret_fd = fd;
	return 0;
}

int state_check_id(const char *id, struct error *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.";
	size_t n = id ? strlen(id) : 0;

	if (n > 0 && n < 256 && strspn(id, allowed) == n && id[0] != '.')
		return 0;
	error_set(err, ERROR_SAID, "invalid container ID \"%s\"", id ?: "");
	return error_hint(err, "letters, digits and _+-. are allowed, the first may not be a dot, 255 at most");
}

static int lock_directory(int fd, const char *id, struct error *err)
{
	struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000};

	for (unsigned waited = 0; TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | LOCK_NB)) < 0; waited += LOCK_PAUSE_MS) {
		if (errno != EWOULDBLOCK)
			return error_set(err, errno, "lock container %s", id);
		if (waited >= LOCK_TIMEOUT_MS) {
			error_set(err, EBUSY, "lock container %s", id);
			return error_hint(err, "another command works on it; a stuck one must be ended first");
		}
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int not_found(const char *id, struct error *err)
{
	error_set(err, ERROR_SAID, "container \"%s\" does not exist", id);
	return STATE_NOT_FOUND;
}

/* Two may have waited for the lock: the second finds a directory that has no name any more. */
static int check_present(const struct store *store, struct error *err)
{
	struct stat st;

	if (fstat(store->dir, &st) < 0)
		return error_set(err, errno, "look at the state of container %s", store->id);
	return st.st_nlink == 0 ? not_found(store->id, err) : 0;
}

int store_relock(const struct store *store, struct error *err)
{
	int r = lock_directory(store->dir, store->id, err);

	return r == 0 ? check_present(store, err) : r;
}

static int taken(const char *id, struct error *err)
{
	error_set(err, ERROR_SAID, "container with id %s already exists", id);
	return error_hint(err, "`crun-lite delete %s` removes it when it is stopped", id);
}

/* What nobody has locked yet is found by others, who may wait for it (STATE_NOT_FOUND: delete --force has removed it). */
static int make_once(int root, const char *id, struct store *ret, struct error *err)
{
	cleanup_close int dir = -1;
	struct store store;
	int r;

	if (mkdirat(root, id, 0700) < 0)
		return errno == EEXIST ? taken(id, err) : error_set(err, errno, "make the state of container %s", id);
	dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return not_found(id, err);
	if (dir < 0) {
		error_set(err, errno, "open the state of container %s", id);
		unlinkat(root, id, AT_REMOVEDIR);
		return -err->code;
	}
	store = (struct store){.root = root, .dir = dir};
	snprintf(store.id, sizeof(store.id), "%s", id);
	r = store_relock(&store, err);
	if (r == 0) {
		steal_fd(&dir);
		*ret = store;
	} else if (r != STATE_NOT_FOUND) {
		unlinkat(root, id, AT_REMOVEDIR);    /* harmless where it is another's: that one makes it again */
	}
	return r;
}

/* As often as that nobody is ousted by chance. */
#define MAKE_TRIES 100

int store_make(int root, const char *id, struct store *ret, struct error *err)
{
	int r = STATE_NOT_FOUND;

	for (int i = 0; i < MAKE_TRIES && r == STATE_NOT_FOUND; i++)
		r = make_once(root, id, ret, err);
	return r == STATE_NOT_FOUND ? -err->code : r;
}

int store_open(int root, const char *id, enum store_lock lock, struct store *ret, struct error *err)
{
	cleanup_close int dir = -1;
	struct store store;
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	if (root < 0)
		return not_found(id, err);
	dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return not_found(id, err);
	if (dir < 0)
		return error_set(err, errno, "open the state of container %s", id);
	store = (struct store){.root = root, .dir = dir};
	snprintf(store.id, sizeof(store.id), "%s", id);
	if (lock == STORE_LOCK) {
		r = store_relock(&store, err);
		if (r != 0)
			return r;
	}
	steal_fd(&dir);
	*ret = store;
	return 0;
}

void store_unlock(const struct store *store)
{
	TEMP_FAILURE_RETRY(flock(store->dir, LOCK_UN));
}

enum store_place store_place(const struct store *store)
{
	struct statfs fs;

	if (store->place != PLACE_UNKNOWN)
		return store->place;
	return fstatfs(store->dir >= 0 ? store->dir : store->root, &fs) == 0 && fs.f_type == TMPFS_MAGIC ? PLACE_MEMORY : PLACE_DISK;
}

void store_close(struct store *store)
{
	if (store->dir >= 0)
		close(store->dir);
	store->dir = -1;
}

static int remove_file(int dir, const char *name, int flags, struct error *err)
{
	if (unlinkat(dir, name, flags) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "remove %s of the state", name);
}

/* All that this program makes, but state.json, which goes last: a removal that is cut short can be repeated. */
static const char *const our_files[] = {"start", "plan", "config.json", "config.json.tmp", "state.json.tmp",
                                        "resources.json", "resources.json.tmp", "notify/notify.sock", "ended"};

void store_remove_network(const struct store *store, bool but_record)
{
	static const char *const names[] = {"net.json", "net.json.tmp", "hosts", "resolv.conf", "hostname", "cni.json", "cni.json.tmp",
	                                    "netns", "slirp.sock"};

	for (size_t i = but_record; i < sizeof(names) / sizeof(names[0]); i++)
		unlinkat(store->dir, names[i], 0);
}

static int remove_files(const struct store *store, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(our_files) / sizeof(our_files[0]) && r == 0; i++)
		r = unlinkat(store->dir, our_files[i], 0) < 0 && errno != ENOENT && errno != ENOTDIR
		            ? error_set(err, errno, "remove %s of container %s", our_files[i], store->id)
		            : 0;
	return r == 0 ? remove_file(store->dir, "notify", AT_REMOVEDIR, err) : r;
}

/* A plain container has these two and no other. */
static bool remove_plain(const struct store *store)
{
	struct error ignored;

	return store->plain && remove_file(store->dir, "config.json", 0, &ignored) == 0 &&
	       remove_file(store->dir, "state.json", 0, &ignored) == 0 &&
	       unlinkat(store->root, store->id, AT_REMOVEDIR) == 0;
}

int store_remove(struct store *store, struct error *err)
{
	int r;

	if (remove_plain(store))
		return 0;
	r = remove_files(store, err);
	if (r == 0)
		r = remove_file(store->dir, "state.json", 0, err);
	if (r < 0 || unlinkat(store->root, store->id, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return r;
	if (errno == ENOTEMPTY)
		store_remove_network(store, false);     /* the state that said so was damaged */
	if (unlinkat(store->root, store->id, AT_REMOVEDIR) < 0 && errno != ENOENT) {
		r = error_set(err, errno, "remove the directory of container %s", store->id);
		error_hint(err, "it holds files that crun-lite did not make");
	}
	return r;
}

static int write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, p, len));

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int store_write_new(const struct store *store, const char *name, const void *bytes, size_t len,
                    struct error *err)
{
	cleanup_close_soon int fd =
		openat(store->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : write_all(fd, bytes, len);

	return r < 0 ? error_set(err, -r, "write %s of container %s", name, store->id) : 0;
}

/* RENAME_NOREPLACE where the file system has it (NFS has not). */
static int put_first(int dir, const char *from, const char *to)
{
	if (syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (faccessat(dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(dir, from, dir, to) < 0 ? -errno : 0;
}

static int write_file(const struct store *store, const char *name, bool first, const void *bytes, size_t len, struct error *err)
{
	cleanup_close_soon int fd = -1;
	char temporary[64];
	int r;

	snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	fd = openat(store->dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(err, errno, "write %s of container %s", name, store->id);
	r = write_all(fd, bytes, len);
	if (r == 0 && first)
		r = put_first(store->dir, temporary, name);
	else if (r == 0 && renameat(store->dir, temporary, store->dir, name) < 0)
		r = -errno;
	if (r == 0)
		return 0;
	unlinkat(store->dir, temporary, 0);
	return r == -EEXIST ? taken(store->id, err) : error_set(err, -r, "write %s of container %s", name, store->id);
}

int store_write_file(const struct store *store, const char *name, const void *bytes, size_t len, struct error *err)
{
	return write_file(store, name, false, bytes, len, err);
}

int store_write_first(const struct store *store, const char *name, const void *bytes, size_t len, struct error *err)
{
	return write_file(store, name, true, bytes, len, err);
}

void store_unmake(const struct store *store)
{
	unlinkat(store->root, store->id, AT_REMOVEDIR);
}

int store_locate(const struct store *store, const char *name, char buf[STORE_PATH_MAX], const char **ret)
{
	*ret = name;
	if (store->dir >= 0)
		return store->dir;
	snprintf(buf, STORE_PATH_MAX, "%s/%s", store->id, name);
	*ret = buf;
	return store->root;
}

/* Most files are small: only of those that are not, the size is asked for. */
static int read_all(int fd, char **ret, size_t *ret_len)
{
	size_t room = 4096, len = 0;
	cleanup_free char *text = malloc(room);
	struct stat st;

	for (;;) {
		ssize_t n = text ? TEMP_FAILURE_RETRY(read(fd, text + len, room - 1 - len)) : (ssize_t)-1;
		char *more;

		if (n < 0)
			return text ? -errno : -ENOMEM;
		len += (size_t)n;
		if (len < room - 1)
			break;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX || (size_t)st.st_size < len)
			return -EBADMSG;
		room = (size_t)st.st_size + 2;
		more = realloc(text, room);
		if (!more)
			return -ENOMEM;
		text = more;
	}
	text[len] = '\0';
	*ret = steal_ptr(&text);
	*ret_len = len;
	return 0;
}

int store_read_file(const struct store *store, const char *name, char **ret, size_t *ret_len,
                    struct error *err)
{
	char buf[STORE_PATH_MAX];
	const char *path;
	int dir = store_locate(store, name, buf, &path), r;
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_set(err, errno, "open %s of container %s", name, store->id);
	r = read_all(fd, ret, ret_len);
	return r < 0 ? error_set(err, -r, "read %s of container %s", name, store->id) : 0;
}

int store_read_config(const struct store *store, struct config **ret, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = store_read_file(store, "config.json", &text, &len, err);

	return r < 0 ? r : config_parse(text, len, "config.json", ret, err);
}
