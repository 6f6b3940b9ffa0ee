/* pax(1), "ustar Interchange Format" and "pax Interchange Format"; GNU tar's manual, "Basic Tar Format". */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/tar.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define BLOCK 512
#define CHUNK 8192              /* of a file: a header and the pax records before it */

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100], magic[8], user[32], group[32],
		major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "");

struct tar {
	struct stream *stream;          /* not owned; NULL: a file, read where it is looked at */
	int fd;                         /* not owned */
	uint64_t file_size;
	char *chunk;
	const char *next;               /* bytes at hand */
	size_t left;
	bool ended;
	uint64_t position;              /* of `next` */
	uint64_t entries;
	uint64_t data, padding;         /* of the entry, still to come */
	struct header header;
	void (*listener)(void *arg, const void *p, size_t n);
	void *listener_arg;
	/* of the entry: what came before its header */
	char *pax, *long_name, *long_link;
	const char *path, *linkpath;    /* in pax */
	bool has_size, has_uid, has_gid, has_mtime;
	uint64_t size;
	int64_t uid, gid;
	struct timespec mtime;
	size_t n_xattrs;
	struct tar_xattr xattrs[TAR_XATTRS_MAX];
	char name[sizeof(((struct header *)0)->prefix) + sizeof(((struct header *)0)->name) + 2], link[101];
};

static int damaged(struct error *err, const char *why)
{
	return error_set(err, ERROR_SAID, "no tar, or a damaged one: %s", why);
}

/* ---- bytes ---- */

/* By pread(2), never by mmap(2): a file that somebody truncates meanwhile would be a SIGBUS. */
static ssize_t read_chunk(struct tar *t, const void **ret, struct error *err)
{
	uint64_t left = t->file_size - t->position;
	ssize_t n = TEMP_FAILURE_RETRY(pread(t->fd, t->chunk, left < CHUNK ? (size_t)left : CHUNK, (off_t)t->position));

	*ret = t->chunk;
	return n < 0 ? error_set(err, errno, "read the archive") : n;
}

static int more(struct tar *t, struct error *err)
{
	const void *p;
	ssize_t n = t->ended ? 0 : t->stream ? stream_next(t->stream, &p, err) : read_chunk(t, &p, err);

	if (n < 0)
		return (int)n;
	t->ended |= n == 0;
	if (n > 0) {
		t->next = p;
		t->left = (size_t)n;
	}
	return 0;
}

static void take(struct tar *t, size_t n)
{
	t->next += n;
	t->left -= n;
	t->position += n;
}

/* What nobody wants to see of a file need not be read. */
static uint64_t jump(struct tar *t, uint64_t n)
{
	uint64_t left = t->file_size - t->position;

	n = n < left ? n : left;
	t->position += n;
	return n;
}

/* How many bytes there were: fewer than asked for at the end only.  `to` NULL: they are skipped. */
static int64_t copy(struct tar *t, char *to, uint64_t n, struct error *err)
{
	uint64_t done = 0;

	while (done < n) {
		size_t k = n - done < t->left ? (size_t)(n - done) : t->left;
		int r;

		if (!t->left && !to && !t->stream)
			return (int64_t)(done + jump(t, n - done));
		r = t->left ? 0 : more(t, err);

		if (r < 0)
			return r;
		if (!t->left)
			break;
		if (!k)
			continue;
		if (to)
			memcpy(to + done, t->next, k);
		if (t->listener)
			t->listener(t->listener_arg, t->next, k);
		take(t, k);
		done += k;
	}
	return (int64_t)done;
}

static int copy_all(struct tar *t, char *to, uint64_t n, struct error *err)
{
	int64_t got = copy(t, to, n, err);

	if (got < 0)
		return (int)got;
	return (uint64_t)got == n ? 0 : damaged(err, "it is cut off");
}

static uint64_t padding_of(uint64_t size)
{
	return -size & (BLOCK - 1);
}

/* ---- numbers ---- */

/* GNU: the first bit is set, and the rest of all bytes is a number with a sign. */
static bool read_base256(const unsigned char *p, size_t n, int64_t *ret)
{
	bool negative = p[0] & 0x40;
	uint64_t v = negative ? ~0ull : 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char byte = i == 0 ? (negative ? p[0] | 0x80 : p[0] & 0x7f) : p[i];

		/* What is shifted out must be nothing but the sign. */
		if (v >> 55 != (negative ? 0x1ff : 0))
			return false;
		v = v << 8 | byte;
	}
	*ret = (int64_t)v;
	return negative == (*ret < 0);
}

static bool read_number(const char *p, size_t n, int64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	if ((unsigned char)p[0] & 0x80)
		return read_base256((const unsigned char *)p, n, ret);
	while (i < n && p[i] == ' ')
		i++;
	for (; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	*ret = (int64_t)v;
	/* 12 digits have 36 bits. */
	for (; i < n; i++)
		if (p[i] != ' ' && p[i] != '\0')
			return false;
	return true;
}

static bool read_decimal(const char *s, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(s, &end, 10);
	return !errno && end > s && !*end && ((*s >= '0' && *s <= '9') || *s == '-');
}

/* "1700000000.123456789", "-1.5" */
static bool read_time(const char *s, struct timespec *ret)
{
	long nanoseconds = 0;
	char *end;
	long long seconds;

	errno = 0;
	seconds = strtoll(s, &end, 10);
	if (errno || end == s)
		return false;
	if (*end == '.') {
		long unit = 100000000;

		for (end++; *end >= '0' && *end <= '9'; end++, unit /= 10)
			nanoseconds += unit * (*end - '0');
	}
	if (*s == '-' && nanoseconds) {
		if (seconds == LLONG_MIN)
			return false;
		seconds--;
		nanoseconds = 1000000000 - nanoseconds;
	}
	*ret = (struct timespec){seconds, nanoseconds};
	return !*end;
}

/* ---- what comes before a header ---- */

static void forget(struct tar *t)
{
	free(t->pax);
	free(t->long_name);
	free(t->long_link);
	t->pax = t->long_name = t->long_link = NULL;
	t->path = t->linkpath = NULL;
	t->has_size = t->has_uid = t->has_gid = t->has_mtime = false;
	t->n_xattrs = 0;
}

static int too_much(const char *name, const char *what, struct error *err)
{
	return error_set(err, ERROR_SAID, "entry %.100s: %s", name, what);
}

static int take_xattr(struct tar *t, const char *name, const char *value, size_t size, struct error *err)
{
	if (t->n_xattrs == TAR_XATTRS_MAX)
		return damaged(err, "an entry with too many extended attributes");
	if (!*name || strlen(name) > 255 || size > TAR_XATTR_BYTES)
		return damaged(err, "an extended attribute that no file system takes");
	t->xattrs[t->n_xattrs++] = (struct tar_xattr){name, value, size};
	return 0;
}

/* pax(1): an empty value takes the record back. */
static int take_record(struct tar *t, const char *key, char *value, size_t size, struct error *err)
{
	static const char xattr[] = "SCHILY.xattr.";
	bool text = strlen(value) == size, good = true;
	int64_t n = 0;

	if (strncmp(key, xattr, sizeof(xattr) - 1) == 0)
		return take_xattr(t, key + sizeof(xattr) - 1, value, size, err);
	if (strncmp(key, "GNU.sparse.", 11) == 0) {
		error_set(err, ERROR_SAID, "a sparse file");
		return error_hint(err, "image-spec forbids them in layers: tar without --sparse");
	}
	if (strcmp(key, "path") == 0)
		t->path = *value ? value : NULL;
	else if (strcmp(key, "linkpath") == 0)
		t->linkpath = *value ? value : NULL;
	else if (strcmp(key, "size") == 0)
		good = !(t->has_size = *value) || (read_decimal(value, &n) && n >= 0);
	else if (strcmp(key, "uid") == 0)
		good = !(t->has_uid = *value) || read_decimal(value, &t->uid);
	else if (strcmp(key, "gid") == 0)
		good = !(t->has_gid = *value) || read_decimal(value, &t->gid);
	else if (strcmp(key, "mtime") == 0)
		good = !(t->has_mtime = *value) || read_time(value, &t->mtime);
	else
		return 0;
	if (t->has_size && strcmp(key, "size") == 0)
		t->size = (uint64_t)n;
	return good && text ? 0 : error_set(err, ERROR_SAID, "no tar, or a damaged one: the record %.20s says \"%.40s\"", key, value);
}

/* "LENGTH KEY=VALUE\n", the length of all of it. */
static int read_records(struct tar *t, char *p, size_t left, struct error *err)
{
	while (left > 0) {
		char *end, *key, *equals;
		unsigned long n;
		int r;

		errno = 0;
		n = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : 0;
		if (errno || n == 0 || n > left || *end != ' ' || end + 1 >= p + n || p[n - 1] != '\n')
			return damaged(err, "a pax record without its length");
		key = end + 1;
		equals = memchr(key, '=', (size_t)(p + n - 1 - key));
		if (!equals || equals == key)
			return damaged(err, "a pax record without a key");
		*equals = '\0';
		p[n - 1] = '\0';
		r = take_record(t, key, equals + 1, (size_t)(p + n - 1 - equals - 1), err);
		if (r < 0)
			return r;
		p += n;
		left -= n;
	}
	return 0;
}

/* The body of such an entry, terminated. */
static int read_body(struct tar *t, uint64_t size, char **ret, struct error *err)
{
	cleanup_free char *body = NULL;
	int r;

	if (size > TAR_HEADER_MAX)
		return damaged(err, "a header of more than a MiB");
	body = malloc(size + 1);
	if (!body)
		return error_set(err, ENOMEM, "read a tar");
	r = copy_all(t, body, size, err);
	if (r == 0)
		r = copy_all(t, NULL, padding_of(size), err);
	body[size] = '\0';
	free(*ret);
	*ret = NULL;
	if (r == 0)
		*ret = steal_ptr(&body);
	return r;
}

/* 1: that was one; 0: it is an entry. */
static int read_extension(struct tar *t, uint64_t size, struct error *err)
{
	cleanup_free char *ignored = NULL;
	int r;

	switch (t->header.type) {
	case 'x':
		/* Of two the second would leave pointers into the first. */
		if (t->pax)
			return damaged(err, "two pax headers for one entry");
		r = read_body(t, size, &t->pax, err);
		return r < 0 ? r : read_records(t, t->pax, size, err) ?: 1;
	case 'g':       /* git's comment; defaults for all entries are nothing that layers have */
	case 'V':       /* the volume's label */
		return read_body(t, size, &ignored, err) ?: 1;
	case 'L':
		return read_body(t, size, &t->long_name, err) ?: 1;
	case 'K':
		return read_body(t, size, &t->long_link, err) ?: 1;
	default:
		return 0;
	}
}

/* ---- headers ---- */

static bool is_zero(const struct header *h)
{
	const char *p = (const char *)h;

	return p[0] == '\0' && memcmp(p, p + 1, BLOCK - 1) == 0;
}

/* Old ones added bytes with their sign. */
static bool is_sum_right(const struct header *h)
{
	const char *p = (const char *)h;
	int64_t plain = 0, with_sign = 0, said;

	for (size_t i = 0; i < BLOCK; i++) {
		char c = i >= offsetof(struct header, checksum) && i < offsetof(struct header, type) ? ' ' : p[i];

		plain += (unsigned char)c;
		with_sign += (signed char)c;
	}
	return read_number(h->checksum, sizeof(h->checksum), &said) && (said == plain || said == with_sign);
}

/* 1: there is one; 0: the archive has ended. */
static int read_header(struct tar *t, struct error *err)
{
	int64_t n = copy(t, (char *)&t->header, BLOCK, err);

	if (n <= 0)
		return (int)n;
	if (n < BLOCK)
		return damaged(err, "it is cut off");
	if (is_zero(&t->header)) {
		/* Two end it.  What stands behind one is read by some, and not by others. */
		n = copy(t, (char *)&t->header, BLOCK, err);
		return n < 0 ? (int)n : n == 0 || (n == BLOCK && is_zero(&t->header)) ? 0 : damaged(err, "something behind its end");
	}
	return is_sum_right(&t->header) ? 1 : damaged(err, "a header's checksum is wrong");
}

static size_t put_field(char *to, const char *field, size_t size)
{
	size_t n = strnlen(field, size);

	memcpy(to, field, n);
	to[n] = '\0';
	return n;
}

/* The prefix is POSIX's; GNU has times in its place. */
static const char *name_of(struct tar *t)
{
	size_t n = 0;

	if (t->path || t->long_name)
		return t->path ?: t->long_name;
	if (memcmp(t->header.magic, "ustar\0", 6) == 0 && t->header.prefix[0]) {
		n = put_field(t->name, t->header.prefix, sizeof(t->header.prefix));
		t->name[n++] = '/';
	}
	put_field(t->name + n, t->header.name, sizeof(t->header.name));
	return t->name;
}

static const char *link_of(struct tar *t)
{
	put_field(t->link, t->header.link, sizeof(t->header.link));
	return t->linkpath ?: t->long_link ?: t->link;
}

static const struct { char type; mode_t mode; bool link; } types[] = {
	{'0', S_IFREG, false}, {'\0', S_IFREG, false}, {'7', S_IFREG, false}, {'1', 0, true}, {'2', S_IFLNK, true}, {'3', S_IFCHR, false},
	{'4', S_IFBLK, false}, {'5', S_IFDIR, false}, {'6', S_IFIFO, false},
};

static int refuse_type(const char *name, char type, struct error *err)
{
	if (type != 'S')
		return error_set(err, ERROR_SAID, "entry %.100s: an entry of type '%c', which layers do not have", name, type);
	error_set(err, ERROR_SAID, "entry %.100s: a sparse file", name);
	return error_hint(err, "image-spec forbids them in layers: tar without --sparse");
}

static int read_owner(struct tar *t, struct tar_entry *e, struct error *err)
{
	int64_t uid = t->uid, gid = t->gid;

	if ((!t->has_uid && !read_number(t->header.uid, 8, &uid)) || (!t->has_gid && !read_number(t->header.gid, 8, &gid)))
		return too_much(e->name, "its owner is no number", err);
	/* (uid_t)-1 means "leave it" to chown(2). */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return too_much(e->name, "its owner is no number that Linux has", err);
	e->uid = (uint32_t)uid;
	e->gid = (uint32_t)gid;
	return 0;
}

static int read_numbers(struct tar *t, struct tar_entry *e, struct error *err)
{
	const struct header *h = &t->header;
	int64_t mode, mtime, major = 0, minor = 0;
	bool device = S_ISCHR(e->mode) || S_ISBLK(e->mode);

	if (!read_number(h->mode, sizeof(h->mode), &mode))
		return too_much(e->name, "its mode is no number", err);
	e->mode |= (mode_t)mode & 07777;
	if (device && (!read_number(h->major, sizeof(h->major), &major) || !read_number(h->minor, sizeof(h->minor), &minor) || major < 0 ||
	               major > 0xfff || minor < 0 || minor > 0xfffff))
		return too_much(e->name, "its device is no number that Linux has", err);
	e->rdev = makedev((unsigned)major, (unsigned)minor);
	if (!t->has_mtime && !read_number(h->mtime, sizeof(h->mtime), &mtime))
		return too_much(e->name, "its time is no number", err);
	e->mtime = t->has_mtime ? t->mtime : (struct timespec){mtime, 0};
	return read_owner(t, e, err);
}

static int read_entry(struct tar *t, uint64_t size, struct tar_entry *e, struct error *err)
{
	size_t i = 0, len;

	*e = (struct tar_entry){.name = name_of(t), .n_xattrs = t->n_xattrs};
	len = strlen(e->name);
	if (!len)
		return damaged(err, "an entry without a name");
	if (len >= PATH_MAX)
		return too_much(e->name, "its name is longer than any path", err);
	while (i < sizeof(types) / sizeof(types[0]) && types[i].type != t->header.type)
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		return refuse_type(e->name, t->header.type, err);
	e->mode = types[i].mode;
	/* Before ustar there was no type for directories. */
	if (S_ISREG(e->mode) && e->name[len - 1] == '/')
		e->mode = S_IFDIR;
	if (types[i].link) {
		e->link = link_of(t);
		if (!*e->link || strlen(e->link) >= PATH_MAX)
			return too_much(e->name, *e->link ? "a link to a name that is too long" : "a link to nothing", err);
	}
	/* Some readers skip such data, and others find entries in it. */
	if (!S_ISREG(e->mode) && size)
		return too_much(e->name, "data of an entry that is no file", err);
	e->size = size;
	t->data = e->size;
	t->padding = padding_of(e->size);
	memcpy(e->xattrs, t->xattrs, t->n_xattrs * sizeof(t->xattrs[0]));
	return read_numbers(t, e, err);
}

int tar_next(struct tar *t, struct tar_entry *ret, struct error *err)
{
	int64_t size;
	int r = copy_all(t, NULL, t->data + t->padding, err);

	t->data = t->padding = 0;
	forget(t);
	while (r == 0) {
		r = read_header(t, err);
		if (r <= 0)
			return r;
		if (!read_number(t->header.size, sizeof(t->header.size), &size) || size < 0)
			return damaged(err, "a size that is no number");
		if (++t->entries > TAR_ENTRIES_MAX)
			return error_set(err, ERROR_SAID, "more than %u entries", TAR_ENTRIES_MAX);
		r = read_extension(t, (uint64_t)size, err);
		if (r == 0)
			return read_entry(t, t->has_size ? t->size : (uint64_t)size, ret, err) ?: 1;
		r = r > 0 ? 0 : r;
	}
	return r;
}

ssize_t tar_data(struct tar *t, const void **ret, struct error *err)
{
	size_t n;
	int r = t->data && !t->left ? more(t, err) : 0;

	if (r < 0 || !t->data)
		return r;
	if (!t->left)
		return damaged(err, "it is cut off");
	n = t->data < t->left ? (size_t)t->data : t->left;
	*ret = t->next;
	take(t, n);
	t->data -= n;
	return (ssize_t)n;
}

void tar_listen(struct tar *t, void (*f)(void *arg, const void *p, size_t n), void *arg)
{
	t->listener = f;
	t->listener_arg = arg;
}

int tar_drain(struct tar *t, struct error *err)
{
	int64_t n = copy(t, NULL, UINT64_MAX, err);

	return n < 0 ? (int)n : 0;
}

uint64_t tar_place(const struct tar *t)
{
	return t->position;
}

int tar_open(struct stream *stream, struct tar **ret, struct error *err)
{
	struct tar *t = calloc(1, sizeof(*t));

	if (!t)
		return error_set(err, ENOMEM, "read a tar");
	t->stream = stream;
	*ret = t;
	return 0;
}

int tar_open_file(int fd, uint64_t size, struct tar **ret, struct error *err)
{
	struct tar *t = NULL;
	int r = tar_open(NULL, &t, err);

	if (r == 0 && !(t->chunk = malloc(CHUNK))) {
		tar_close(t);
		r = error_set(err, ENOMEM, "read an archive");
	}
	if (r < 0)
		return r;
	t->fd = fd;
	t->file_size = size;
	*ret = t;
	return 0;
}

struct tar *tar_close(struct tar *t)
{
	if (t) {
		forget(t);
		free(t->chunk);
	}
	free(t);
	return NULL;
}
