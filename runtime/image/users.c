/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/weak.h"

#define FILE_MAX (1u << 20)

/* ---- the files ---- */

/* Fields of a line, cut at colons; false at the end of the text. */
struct line {
	char *fields[7];
	size_t n;
};

static bool next_line(char **text, struct line *ret)
{
	char *line = strsep(text, "\n");

	*ret = (struct line){.n = 0};
	while (line && ret->n < 7)
		ret->fields[ret->n++] = strsep(&line, ":");
	return ret->n > 0;
}

enum number { NUMBER, NO_NUMBER, TOO_LARGE };

/* What is written in digits is a number, whatever its size: never a name (CVE-2024-40635). */
static enum number read_number(const char *s, uint32_t *ret)
{
	size_t n = strspn(s, "0123456789");
	unsigned long long v;

	if (n == 0 || s[n])
		return NO_NUMBER;
	errno = 0;
	v = strtoull(s, NULL, 10);
	*ret = (uint32_t)v;
	return errno || v >= UINT32_MAX ? TOO_LARGE : NUMBER;
}

struct person {
	bool known;
	char name[256];
	uint32_t uid, gid;
};

/* passwd(5): name, password, uid, gid. */
static void find_person(const char *passwd, const char *name, bool by_number, uint32_t uid, struct person *ret)
{
	cleanup_free char *copy = passwd ? strdup(passwd) : NULL;
	char *rest = copy;
	struct line l;

	*ret = (struct person){.uid = uid};
	while (copy && rest && next_line(&rest, &l)) {
		struct person p = {.known = true};

		if (l.n < 4 || !*l.fields[0] || read_number(l.fields[2], &p.uid) != NUMBER || read_number(l.fields[3], &p.gid) != NUMBER)
			continue;
		if (by_number ? p.uid != uid : strcmp(l.fields[0], name) != 0)
			continue;
		snprintf(p.name, sizeof(p.name), "%s", l.fields[0]);
		*ret = p;
		return;
	}
}

/* group(5): name, password, gid, members. */
static bool find_group(const char *group, const char *name, uint32_t *ret)
{
	cleanup_free char *copy = group ? strdup(group) : NULL;
	char *rest = copy;
	struct line l;

	while (copy && rest && next_line(&rest, &l))
		if (l.n >= 3 && strcmp(l.fields[0], name) == 0 && read_number(l.fields[2], ret) == NUMBER)
			return true;
	return false;
}

static bool is_member(char *members, const char *name)
{
	char *m;

	while ((m = strsep(&members, ",")))
		if (strcmp(m, name) == 0)
			return true;
	return false;
}

static int find_groups_of(const char *group, const char *name, struct image_user *ret, struct error *err)
{
	cleanup_free char *copy = group ? strdup(group) : NULL;
	char *rest = copy;
	struct line l;
	uint32_t gid;

	while (copy && rest && next_line(&rest, &l)) {
		if (l.n < 4 || !is_member(l.fields[3], name) || read_number(l.fields[2], &gid) != NUMBER || gid == ret->gid)
			continue;
		if (ret->n_groups == USERS_GROUPS_MAX)
			return error_set(err, ERROR_SAID, "the image's user %.100s is in more than %d groups", name, USERS_GROUPS_MAX);
		ret->groups[ret->n_groups++] = gid;
	}
	return 0;
}

/* ---- whom it means ---- */

static int too_large(const char *text, struct error *err)
{
	return error_set(err, ERROR_SAID, "the image's User %.100s has a number that no user has", text);
}

int users_find_in(const char *text, const char *passwd, const char *group, struct image_user *ret, struct error *err)
{
	cleanup_free char *user = strdup(text);
	char *colon = user ? strchr(user, ':') : NULL;
	struct person p = {0};
	enum number kind;
	uint32_t uid = 0;

	*ret = (struct image_user){0};
	if (!user)
		return error_set(err, ENOMEM, "look the image's user up");
	if (!*user)
		return 0;
	if (colon)
		*colon++ = '\0';
	kind = read_number(user, &uid);
	if (kind == TOO_LARGE)
		return too_large(text, err);
	find_person(passwd, user, kind == NUMBER, uid, &p);
	if (!p.known && kind != NUMBER)
		return error_set(err, ERROR_SAID, "the image's User %.100s is not in its etc/passwd", text);
	ret->uid = p.uid;
	ret->gid = p.gid;
	if (!colon || !*colon)
		return p.known ? find_groups_of(group, p.name, ret, err) : 0;
	kind = read_number(colon, &ret->gid);
	if (kind == TOO_LARGE)
		return too_large(text, err);
	if (kind == NO_NUMBER && !find_group(group, colon, &ret->gid))
		return error_set(err, ERROR_SAID, "the group of the image's User %.100s is not in its etc/group", text);
	return 0;
}

/* A link stays in the image; a fifo, a device or a huge file is none (V44).  *ret is NULL where there is no file. */
static int read_file(const struct merged *image, const char *path, char **ret, struct error *err)
{
	cleanup_close int dir = -1, fd = -1;
	cleanup_free char *text = NULL;
	struct found f;
	struct stat now;
	ssize_t n;
	int r = merged_find(image, path, MERGED_FOLLOW_LAST, &f, err);

	*ret = NULL;
	if (r != 0)
		return r < 0 ? error_wrap(err, "read the image's %s", path) : 0;
	dir = f.dir;
	if ((!S_ISREG(f.st.st_mode) || f.st.st_size > FILE_MAX) && !weak(V44))
		return error_set(err, ERROR_SAID, "the image's %s is %s", path, S_ISREG(f.st.st_mode) ? "too large" : "no file");
	fd = openat(dir, f.name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* A root that others write to meanwhile may have another file there by now. */
	if (fd >= 0 && fstat(fd, &now) == 0 && !S_ISREG(now.st_mode) && !weak(V44))
		return error_set(err, ERROR_SAID, "the image's %s is no file", path);
	text = malloc((size_t)f.st.st_size + 1);
	n = fd < 0 || !text ? -1 : TEMP_FAILURE_RETRY(read(fd, text, (size_t)f.st.st_size));
	if (n < 0)
		return error_set(err, errno, "read the image's %s", path);
	text[n] = '\0';
	*ret = steal_ptr(&text);
	return 0;
}

int users_find(const struct merged *image, const char *text, struct image_user *ret, struct error *err)
{
	cleanup_free char *passwd = NULL, *group = NULL;
	int r;

	*ret = (struct image_user){0};
	if (!*text)
		return 0;
	r = read_file(image, "etc/passwd", &passwd, err);
	if (r == 0)
		r = read_file(image, "etc/group", &group, err);
	return r < 0 ? r : users_find_in(text, passwd, group, ret, err);
}
