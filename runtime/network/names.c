/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/names.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "runtime/network/request.h"

#define SHARED ".shared"
#define HOSTS_FILE_MAX (8u << 20)       /* bytes: 65536 members */

const char names_localhost[] = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/* ---- one file ---- */

struct hosts {
	int fd;                 /* locked; owned */
	char *text;             /* owned, terminated */
	size_t len;
};

static void hosts_close(struct hosts *h)
{
	free(h->text);
	if (h->fd >= 0)
		close(h->fd);
	*h = (struct hosts){.fd = -1};
}

#define cleanup_hosts __attribute__((cleanup(hosts_close)))

static int hosts_read(struct hosts *h)
{
	struct stat st;
	ssize_t n;

	if (TEMP_FAILURE_RETRY(flock(h->fd, LOCK_EX)) < 0 || fstat(h->fd, &st) < 0)
		return -errno;
	if (st.st_size > HOSTS_FILE_MAX)
		return -EFBIG;
	h->text = malloc((size_t)st.st_size + 1);
	if (!h->text)
		return -ENOMEM;
	n = TEMP_FAILURE_RETRY(pread(h->fd, h->text, (size_t)st.st_size, 0));
	if (n < 0)
		return -errno;
	h->len = (size_t)n;
	h->text[n] = '\0';
	return 0;
}

static int write_at(int fd, const char *text, size_t len, size_t offset)
{
	ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, text, len, (off_t)offset));

	return n < 0 ? -errno : (size_t)n == len ? 0 : -ENOSPC;
}

/* A comment that is as long: who went left room. */
static char *find_room(const struct hosts *h, size_t len)
{
	for (char *line = h->text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (*line == '#' && strcspn(line, "\n") + 1 >= len)
			return line;
	return NULL;
}

/*
 * Who reads meanwhile sees the comment until the whole line is there: its first byte comes last.
 */
static int hosts_add(struct hosts *h, const char *line, size_t len)
{
	char *room = find_room(h, len);
	char padded[NAMES_LINE_MAX];
	size_t have;
	int r;

	if (!room)
		return write_at(h->fd, line, len, h->len);
	have = strcspn(room, "\n") + 1;
	if (have > sizeof(padded))
		return write_at(h->fd, line, len, h->len);
	memset(padded, ' ', have);
	memcpy(padded, line, len - 1);
	padded[have - 1] = '\n';
	r = write_at(h->fd, padded + 1, have - 1, (size_t)(room - h->text) + 1);
	return r < 0 ? r : write_at(h->fd, padded, 1, (size_t)(room - h->text));
}

/* "10.89.0.5\tweb ...": the address and the ID, which is the first name. */
static bool is_line_of(const char *line, const char *start, size_t len)
{
	return strncmp(line, start, len) == 0 && isspace((unsigned char)line[len]);
}

static int hosts_drop(const struct hosts *h, const struct ip *ip, const char *id)
{
	char start[ADDRESS_TEXT_MAX + 260], text[ADDRESS_TEXT_MAX];
	size_t len;
	int r = 0;

	if (!ip || !ip->family)
		return 0;
	len = (size_t)snprintf(start, sizeof(start), "%s\t%s", address_ip(ip, text), id);
	for (const char *line = h->text; r == 0 && line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (is_line_of(line, start, len))
			r = write_at(h->fd, "#", 1, (size_t)(line - h->text));
	return r;
}

size_t names_line(const struct ip *ip, const char *id, const struct net_join *join, char buf[NAMES_LINE_MAX])
{
	char text[ADDRESS_TEXT_MAX];
	size_t n;

	if (!ip || !ip->family)
		return 0;
	n = (size_t)snprintf(buf, NAMES_LINE_MAX, "%s\t%s", address_ip(ip, text), id);
	for (size_t i = 0; i < join->n_aliases; i++)
		n += (size_t)snprintf(buf + n, NAMES_LINE_MAX - n, " %s", join->aliases[i]);
	buf[n++] = '\n';
	return n;
}

/* ---- all files of a room ---- */

static int open_hosts(int room, struct error *err)
{
	int fd = openat(room, "hosts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdirat(room, "hosts", 0700) == 0)
		fd = openat(room, "hosts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "open the network's hosts files") : fd;
}

static int open_shared(int dir, struct hosts *ret)
{
	int r;

	ret->fd = openat(dir, SHARED, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (ret->fd < 0)
		return -errno;
	fchmod(ret->fd, 0644);          /* whatever our umask is: the container's users read it */
	r = hosts_read(ret);
	if (r == 0 && ret->len == 0) {
		r = write_at(ret->fd, names_localhost, sizeof(names_localhost) - 1, 0);
		free(ret->text);
		ret->text = strdup(names_localhost);
		ret->len = ret->text ? sizeof(names_localhost) - 1 : 0;
	}
	return r < 0 ? r : ret->text ? 0 : -ENOMEM;
}

static int add_member(struct hosts *h, const struct member *m)
{
	char line[NAMES_LINE_MAX];
	size_t n = names_line(m->ip4, m->id, m->join, line);
	int r = n ? hosts_add(h, line, n) : 0;

	if (r < 0 || !m->ip6 || !m->ip6->family)
		return r;
	/* What was written moved the end. */
	free(h->text);
	r = hosts_read(h);
	n = names_line(m->ip6, m->id, m->join, line);
	return r < 0 ? r : hosts_add(h, line, n);
}

/* The members' own files; not the shared one, which has been done. */
static int each_own(int dir, int (*each)(struct hosts *, const struct member *), const struct member *m)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	cleanup_dir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!entries)
		return -errno;
	while (r == 0 && (entry = readdir(entries))) {
		cleanup_hosts struct hosts h = {.fd = -1};

		if (entry->d_name[0] == '.')
			continue;
		h.fd = openat(dir, entry->d_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (h.fd < 0 && errno == ENOENT)
			continue;
		r = h.fd < 0 ? -errno : hosts_read(&h);
		if (r == 0)
			r = each(&h, m);
	}
	return r;
}

int names_join(int room, const struct member *m, struct error *err)
{
	cleanup_hosts struct hosts shared = {.fd = -1};
	cleanup_close int dir = open_hosts(room, err);
	int r;

	if (dir < 0)
		return dir;
	r = open_shared(dir, &shared);
	if (r == 0)
		r = add_member(&shared, m);
	if (r == 0)
		r = each_own(dir, add_member, m);
	return r < 0 ? error_set(err, -r, "write %s into the network's hosts files", m->id) : 0;
}

static int drop_member(struct hosts *h, const struct member *m)
{
	int r = hosts_drop(h, m->ip4, m->id);

	return r < 0 ? r : hosts_drop(h, m->ip6, m->id);
}

static int drop_shared(int dir, const struct member *m)
{
	cleanup_hosts struct hosts shared = {.fd = openat(dir, SHARED, O_RDWR | O_NOFOLLOW | O_CLOEXEC)};
	int r = shared.fd < 0 ? -errno : hosts_read(&shared);

	return r == -ENOENT ? 0 : r < 0 ? r : drop_member(&shared, m);
}

int names_leave(int room, const struct ip *ip4, const struct ip *ip6, const char *id, struct error *err)
{
	const struct member m = {.ip4 = ip4, .ip6 = ip6, .id = id};
	cleanup_close int dir = openat(room, "hosts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r = dir < 0 ? -errno : unlinkat(dir, id, 0) < 0 && errno != ENOENT ? -errno : 0;

	if (dir < 0 && r == -ENOENT)
		return 0;
	if (r == 0)
		r = drop_shared(dir, &m);
	if (r == 0)
		r = each_own(dir, drop_member, &m);
	return r < 0 ? error_set(err, -r, "take %s out of the network's hosts files", id) : 0;
}

/* Those of the shared file that are alive, without the first two lines. */
static int copy_members(const struct hosts *shared, int file)
{
	struct stat st;
	size_t end;
	int r = 0;

	if (fstat(file, &st) < 0)
		return -errno;
	end = (size_t)st.st_size;
	for (const char *line = shared->text + sizeof(names_localhost) - 1; r == 0 && *line; line += strcspn(line, "\n") + 1) {
		size_t len = strcspn(line, "\n") + 1;

		if (*line == '#' || line[len - 1] != '\n')
			continue;
		r = write_at(file, line, len, end);
		end += len;
	}
	return r;
}

static int make_own(int dir, const char *id, const char *lines, int *ret)
{
	int r;

	unlinkat(dir, id, 0);           /* of one with the same ID that was killed */
	*ret = openat(dir, id, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (*ret < 0)
		return -errno;
	fchmod(*ret, 0644);
	r = write_at(*ret, names_localhost, sizeof(names_localhost) - 1, 0);
	return r < 0 ? r : write_at(*ret, lines, strlen(lines), sizeof(names_localhost) - 1);
}

static int link_own(int dir, const char *id, int file)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	unlinkat(dir, id, 0);
	return linkat(AT_FDCWD, path, dir, id, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int names_own(int room, const char *id, const char *lines, int *file, struct error *err)
{
	cleanup_hosts struct hosts shared = {.fd = -1};
	cleanup_close int dir = open_hosts(room, err);
	int r;

	if (dir < 0)
		return dir;
	r = *file < 0 ? make_own(dir, id, lines, file) : link_own(dir, id, *file);
	if (r == 0)
		r = open_shared(dir, &shared);
	if (r == 0)
		r = copy_members(&shared, *file);
	return r < 0 ? error_set(err, -r, "make the hosts file of %s", id) : 0;
}

/* ---- resolv.conf ---- */

static bool is_word(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && isblank((unsigned char)line[len]);
}

/* The address of "nameserver ADDRESS", as the container can use it. */
static bool keeps_server(const char *line, bool keep)
{
	char word[ADDRESS_TEXT_MAX] = "";
	struct ip ip;

	/* One with a zone ("fe80::1%eth0") is of a device that the container has not. */
	return sscanf(line, "nameserver %63s", word) == 1 && (keep || (address_parse_ip(word, &ip) && !address_is_loopback(&ip)));
}

static bool keeps_line(const char *line, const struct net_request *request, bool keep, size_t *servers)
{
	if (is_word(line, "nameserver")) {
		if (request->n_name_servers || !keeps_server(line, keep))
			return false;
		++*servers;
		return true;
	}
	if (is_word(line, "search") || is_word(line, "domain"))
		return !request->n_searches;
	return is_word(line, "options") || is_word(line, "sortlist");
}

int names_resolv(const char *host, const struct net_request *request, bool keep, char **ret, size_t *ret_servers, struct error *err)
{
	char ip[ADDRESS_TEXT_MAX], *text = NULL;
	size_t len, servers = request->n_name_servers;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return error_set(err, ENOMEM, "make resolv.conf");
	for (const char *line = host; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (keeps_line(line, request, keep, &servers))
			fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
	for (size_t i = 0; i < request->n_name_servers; i++)
		fprintf(out, "nameserver %s\n", address_ip(&request->name_servers[i], ip));
	/* "." alone: no domain. */
	if (request->n_searches && strcmp(request->searches[0], ".") != 0) {
		fputs("search", out);
		for (size_t i = 0; i < request->n_searches; i++)
			fprintf(out, " %s", request->searches[i]);
		fputc('\n', out);
	}
	if (fclose(out) != 0) {
		free(text);
		return error_set(err, ENOMEM, "make resolv.conf");
	}
	*ret = text;
	*ret_servers = servers;
	return 0;
}
