/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selftest/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/tree.h"

#define PROBE "probe"

/* ---- the private directory ---- */

static int write_file(int dir, const char *name, const char *text, mode_t mode, struct error *err)
{
	cleanup_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		return error_set(err, errno, "write %s", name);
	return 0;
}

static int make_directories(int dir, const char *const *names, struct error *err)
{
	for (; *names; names++)
		if (mkdirat(dir, *names, 0755) < 0)
			return error_set(err, errno, "make the directory %s", *names);
	return 0;
}

static int copy_self(int dir, struct error *err)
{
	cleanup_close int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	cleanup_close int to = openat(dir, PROBE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	struct stat st;
	ssize_t n = 1;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return error_set(err, errno, "copy this program");
	for (off_t left = st.st_size; left > 0 && n > 0; left -= n)
		n = sendfile(to, from, NULL, (size_t)left);
	return n > 0 ? 0 : error_set(err, n < 0 ? errno : EIO, "copy this program");
}

/* What goes into JSON and into links as it is. */
static bool is_plain(const char *path)
{
	return path[0] == '/' && !strpbrk(path, "\"\\@") && strspn(path, "/") == 1;
}

static int fill(const struct place *p, struct error *err)
{
	static const char *const dirs[] = {"bundle", "canary", "canary/dir", "state", "vol", "vol/x", NULL};
	char out[sizeof(p->dir) + 64];
	int r = make_directories(p->fd, dirs, err);

	if (r == 0)
		r = write_file(p->fd, "canary/file", "precious\n", 0640, err);
	if (r == 0)
		r = write_file(p->fd, "canary/passwd", "root:x:0:0::/leaked:/bin/sh\n", 0644, err);
	snprintf(out, sizeof(out), "../../../../../../../../../..%s/canary", p->dir);
	if (r == 0 && symlinkat(out, p->fd, "vol/other") < 0)
		r = error_set(err, errno, "make a link");
	return r < 0 ? r : copy_self(p->fd, err);
}

int place_make(struct place *ret, struct error *err)
{
	cleanup_free char *base = realpath(getenv("TMPDIR") ?: "/tmp", NULL);
	int r;

	*ret = (struct place){.fd = -1};
	if (!base || !is_plain(base) || strlen(base) > 128)
		return error_set(err, base ? EINVAL : errno, "use the directory $TMPDIR or /tmp");
	snprintf(ret->dir, sizeof(ret->dir), "%s/crun-lite-selftest-XXXXXX", base);
	if (!mkdtemp(ret->dir)) {
		ret->dir[0] = '\0';
		return error_set(err, errno, "make a directory in %s", base);
	}
	ret->fd = open(ret->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = ret->fd < 0 ? error_set(err, errno, "open %s", ret->dir) : fill(ret, err);
	if (r < 0)
		place_remove(ret);
	return r;
}

void place_remove(struct place *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	if (p->dir[0])
		tree_remove(AT_FDCWD, p->dir);
	p->dir[0] = '\0';
}

/* ---- the root file system ---- */

static int make_root(const struct place *p, int bundle, struct error *err)
{
	static const char *const dirs[] = {"rootfs",     "rootfs/dev", "rootfs/dev/pts", "rootfs/proc", "rootfs/sys",
	                                   "rootfs/etc", "rootfs/vol", "rootfs/tmp",     NULL};
	int r = tree_remove(bundle, "rootfs");

	if (r < 0)
		return error_set(err, -r, "remove the last root file system");
	r = make_directories(bundle, dirs, err);
	if (r == 0)
		r = write_file(bundle, "rootfs/etc/secret", "secret\n", 0644, err);
	if (r == 0)
		r = write_file(bundle, "rootfs/evil", "#!/proc/self/exe\n", 0755, err);
	if (r == 0 && linkat(p->fd, PROBE, bundle, "rootfs/" PROBE, 0) < 0)
		r = error_set(err, errno, "put the program into the root file system");
	return r;
}

/* "@" is the canary. */
static void expand(const struct place *p, const char *text, FILE *to)
{
	for (; *text; text++)
		if (*text == '@')
			fprintf(to, "%s/canary", p->dir);
		else
			fputc(*text, to);
}

static int make_link(const struct place *p, int bundle, const char *name, const char *target, struct error *err)
{
	cleanup_free char *text = NULL;
	char path[64];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int r;

	if (!f)
		return error_set(err, errno, "make a link");
	expand(p, target, f);
	if (fclose(f) != 0)
		return error_set(err, ENOMEM, "make a link");
	snprintf(path, sizeof(path), "rootfs/%s", name);
	r = tree_remove(bundle, path);
	if (r == 0 && symlinkat(text, bundle, path) < 0)
		r = -errno;
	return r < 0 ? error_set(err, -r, "make the link %s", name) : 0;
}

/* ---- config.json ---- */

static const struct {
	const char *destination, *rest;
} usual_mounts[] = {
	{"/proc", "\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]"},
	{"/dev", "\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]"},
	{"/dev/pts", "\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]"},
	{"/sys", "\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]"},
};

static bool is_left_out(const char *destination, const char *without)
{
	size_t n = without ? strlen(without) : 0;

	return n && strncmp(destination, without, n) == 0 && (!destination[n] || destination[n] == '/');
}

static void write_mounts(const struct place *p, const struct row *row, FILE *f)
{
	const char *comma = "";

	fputs("\"mounts\":[", f);
	for (size_t i = 0; i < sizeof(usual_mounts) / sizeof(usual_mounts[0]); i++) {
		if (is_left_out(usual_mounts[i].destination, row->without))
			continue;
		fprintf(f, "%s{\"destination\":\"%s\",%s}", comma, usual_mounts[i].destination, usual_mounts[i].rest);
		comma = ",";
	}
	if (row->mounts)
		expand(p, row->mounts + (*comma ? 0 : 1), f);
	fputs("],", f);
}

static void write_process(const struct row *row, FILE *f)
{
	static const char caps[] = "[\"CAP_KILL\"]";

	fprintf(f, "\"process\":{\"terminal\":%s,\"user\":%s,\"cwd\":%s,\"env\":[\"PATH=/\"],\"noNewPrivileges\":true,",
	        row->terminal ? "true" : "false", row->user ?: "{\"uid\":0,\"gid\":0}", row->cwd ?: "\"/\"");
	fprintf(f, "\"capabilities\":{\"bounding\":%s,\"effective\":%s,\"permitted\":%s},\"args\":[", caps, caps, caps);
	if (row->program)
		fputs(row->program, f);
	else
		fputs("\"/" PROBE "\",\"selftest\",\"inside\"", f);
	for (size_t i = 0; i < 2 && row->inside[i]; i++)
		fprintf(f, ",\"%s\"", row->inside[i]);
	fputs("]},", f);
}

/* No user namespace is asked for: an ordinary user gets one. */
static void write_config(const struct place *p, const struct row *row, FILE *f)
{
	fputs("{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"selftest\",", f);
	write_process(row, f);
	write_mounts(p, row, f);
	fputs("\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}]", f);
	if (row->linux_)
		expand(p, row->linux_, f);
	fputs("}}\n", f);
}

int bundle_write(const struct place *p, const struct row *row, struct error *err)
{
	cleanup_close int bundle = openat(p->fd, "bundle", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t len;
	FILE *f;
	int r = bundle < 0 ? error_set(err, errno, "open the bundle") : make_root(p, bundle, err);

	for (size_t i = 0; r == 0 && i < ROW_LINKS && row->links[i].name; i++)
		r = make_link(p, bundle, row->links[i].name, row->links[i].target, err);
	if (r < 0)
		return r;
	f = open_memstream(&text, &len);
	if (!f)
		return error_set(err, errno, "write config.json");
	write_config(p, row, f);
	if (fclose(f) != 0)
		return error_set(err, ENOMEM, "write config.json");
	return write_file(bundle, "config.json", text, 0644, err);
}
