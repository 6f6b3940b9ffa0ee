/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/rdt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define RESCTRL_MAGIC 0x7655821         /* <linux/magic.h> RDTGROUP_SUPER_MAGIC */
#define SCHEMATA_MAX 4096               /* kernfs takes a page at a time */

/* ---- schemata ---- */

static bool is_set(const struct text *t)
{
	return t->s && *t->s;
}

static bool has_schema(const struct intel_rdt *rdt)
{
	return is_set(&rdt->l3_cache_schema) || is_set(&rdt->mem_bw_schema) || rdt->schemata.n > 0;
}

/* Each line of `text` ends with a newline; without those of memory bandwidth, if they are given apart. */
static void print_lines(FILE *out, const char *text, bool without_bandwidth)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len > 0 && !(without_bandwidth && strncmp(text, "MB:", 3) == 0))
			fprintf(out, "%.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

char *rdt_schemata(const struct intel_rdt *rdt, bool *ret_failed)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	*ret_failed = true;
	if (!out)
		return NULL;
	print_lines(out, rdt->l3_cache_schema.s ?: "", is_set(&rdt->mem_bw_schema));
	print_lines(out, rdt->mem_bw_schema.s ?: "", false);
	for (size_t i = 0; i < rdt->schemata.n; i++)
		print_lines(out, rdt->schemata.v[i].s, false);
	*ret_failed = fclose(out) != 0;
	return text;
}

/* "L3:0=ff;1=f0": the kernel prints masks with leading zeros, names with leading blanks, domains in its own order. */
static const char *find_value(const char *schemata, const char *name, size_t name_len, const char *domain, size_t domain_len)
{
	for (; *schemata; schemata += strcspn(schemata, "\n"), schemata += *schemata == '\n') {
		const char *line = schemata + strspn(schemata, " \t");
		const char *end = schemata + strcspn(schemata, "\n");

		if (strncmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		for (const char *d = line + name_len + 1; d < end; d += strcspn(d, ";\n") + 1) {
			d += strspn(d, " \t");
			if (strncmp(d, domain, domain_len) == 0 && d[domain_len] == '=')
				return d + domain_len + 1;
		}
	}
	return NULL;
}

/* Numbers of either base, as far as the next separator: equal but for zeros, blanks and letter case. */
static bool same_value(const char *a, const char *b)
{
	size_t n, m;

	a += strspn(a, " \t0");
	b += strspn(b, " \t0");
	n = strcspn(a, " \t;\n");
	m = strcspn(b, " \t;\n");
	return n == m && strncasecmp(a, b, n) == 0;
}

static bool line_matches(const char *line, size_t len, const char *existing)
{
	size_t name_len = strcspn(line, ":\n");

	if (line[name_len] != ':')
		return false;
	for (const char *d = line + name_len + 1; d < line + len; d += strcspn(d, ";\n") + 1) {
		size_t domain_len;
		const char *value;

		d += strspn(d, " \t");
		domain_len = strcspn(d, "=;\n");
		if (d[domain_len] != '=')
			return false;
		value = find_value(existing, line, name_len, d, domain_len);
		if (!value || !same_value(d + domain_len + 1, value))
			return false;
	}
	return true;
}

bool rdt_matches(const char *wanted, const char *existing)
{
	while (*wanted) {
		size_t len;

		wanted += strspn(wanted, " \t\n");
		len = strcspn(wanted, "\n");
		if (len > 0 && !line_matches(wanted, len, existing))
			return false;
		wanted += len;
	}
	return true;
}

/* ---- files ---- */

static int read_file(int dir, const char *path, char *buf, size_t size)
{
	cleanup_close int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(read(fd, buf, size - 1));

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* The kernel's own words stand in info/last_cmd_status: "Mask 0x1 out of range" */
static int refused(int root, int code, const char *doing, const char *name, struct source at, struct error *err)
{
	char words[256] = "";

	read_file(root, "info/last_cmd_status", words, sizeof(words));
	words[strcspn(words, "\n")] = '\0';
	if (strcmp(words, "ok") == 0)
		*words = '\0';
	error_set(err, code, "%s of resctrl group %s%s%s", doing, name, *words ? ": " : "", words);
	return error_locate(err, at);
}

static int write_file(int root, const char *group, const char *file, const char *text, struct source at, struct error *err)
{
	cleanup_close int fd = -1;
	char path[NAME_MAX + 300], doing[64];
	size_t len = strlen(text);
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	snprintf(doing, sizeof(doing), "write %s", file);
	if (len > SCHEMATA_MAX)
		return refused(root, E2BIG, doing, group, at, err);
	fd = openat(root, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(write(fd, text, len));
	if (n == (ssize_t)len)
		return 0;
	return refused(root, n < 0 ? errno : EIO, doing, group, at, err);
}

int rdt_open(const char *path, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == RESCTRL_MAGIC)
		return steal_fd(&fd);
	error_set(err, ENOTSUP, "linux.intelRdt: no resctrl file system is mounted on %s", path);
	return error_hint(err, "where the processor and the kernel know it: mount -t resctrl resctrl %s", path);
}

/* ---- the group ---- */

/* Schemata and directory as config-linux.md combines them: see its list of MUSTs. */
static int check_existing(int root, const struct intel_rdt *rdt, const char *name, struct error *err)
{
	char path[NAME_MAX + 20], existing[SCHEMATA_MAX + 1];
	cleanup_free char *wanted = NULL;
	bool failed;
	int r;

	snprintf(path, sizeof(path), "%s/schemata", name);
	r = read_file(root, path, existing, sizeof(existing));
	if (r < 0)
		return refused(root, -r, "read schemata", name, rdt->at, err);
	wanted = rdt_schemata(rdt, &failed);
	if (failed)
		return error_set(err, ENOMEM, "compare the schemata");
	if (rdt_matches(wanted, existing))
		return 0;
	error_set(err, EEXIST, "resctrl group %s exists with another schema", name);
	error_hint(err, "compare with %s/%s/schemata, or leave the schemata out to use it as it is", RDT_ROOT, name);
	return error_locate(err, rdt->clos_id.s ? rdt->clos_id.at : rdt->at);
}

int rdt_decide(int root, const struct intel_rdt *rdt, const char *id, struct rdt_group *ret, struct error *err)
{
	bool named = is_set(&rdt->clos_id);
	struct stat st;
	bool exists;

	*ret = (struct rdt_group){
		.name = named ? rdt->clos_id.s : id,
		.shared = named,
		.monitored = rdt->enable_monitoring.value || rdt->enable_cmt.value || rdt->enable_mbm.value,
	};
	exists = fstatat(root, ret->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
	if (exists)
		return has_schema(rdt) ? check_existing(root, rdt, ret->name, err) : 0;
	ret->made = true;
	if (!named || has_schema(rdt))
		return 0;
	error_set(err, ENOENT, "use resctrl group %s", ret->name);
	error_hint(err, "make it first, or give it a schema: with a closID alone it must exist");
	return error_locate(err, rdt->clos_id.at);
}

int rdt_make(int root, const struct intel_rdt *rdt, const struct rdt_group *g, struct error *err)
{
	if (!g->made || mkdirat(root, g->name, 0755) == 0)
		return 0;
	refused(root, errno, "make the directory", g->name, rdt->clos_id.s ? rdt->clos_id.at : rdt->at, err);
	if (err->code == ENOSPC)
		error_hint(err, "the processor has no class of service left: see info/*/num_closids");
	return -err->code;
}

static int monitor(int root, const struct intel_rdt *rdt, const struct rdt_group *g, const char *id, const char *pid,
                   struct error *err)
{
	char path[2 * NAME_MAX + 20];

	snprintf(path, sizeof(path), "%s/mon_groups/%s", g->name, id);
	if (mkdirat(root, path, 0755) < 0 && errno != EEXIST)
		return refused(root, errno, "make a monitoring group", g->name, rdt->enable_monitoring.at, err);
	return write_file(root, path, "tasks", pid, rdt->enable_monitoring.at, err);
}

int rdt_enter(int root, const struct intel_rdt *rdt, const struct rdt_group *g, const char *id, pid_t pid,
              struct error *err)
{
	cleanup_free char *schemata = NULL;
	char number[16];
	bool failed;
	int r = 0;

	schemata = rdt_schemata(rdt, &failed);
	if (failed)
		return error_set(err, ENOMEM, "write the schemata");
	snprintf(number, sizeof(number), "%d\n", pid);
	if (g->made && *schemata)
		r = write_file(root, g->name, "schemata", schemata, rdt->at, err);
	if (r == 0)
		r = write_file(root, g->name, "tasks", number, rdt->at, err);
	return r == 0 && g->monitored ? monitor(root, rdt, g, id, number, err) : r;
}

static int remove_directory(int root, const char *path, struct error *err)
{
	if (unlinkat(root, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return error_set(err, errno, "remove resctrl group %s", path);
}

/* rmdir takes a class away from whoever is in it. */
static bool is_empty(int root, const char *name)
{
	char path[NAME_MAX + 10], tasks[16];

	snprintf(path, sizeof(path), "%s/tasks", name);
	return read_file(root, path, tasks, sizeof(tasks)) == 0 && *tasks == '\0';
}

int rdt_remove(int root, const struct rdt_group *g, const char *id, struct error *err)
{
	char path[2 * NAME_MAX + 20];
	int r = 0;

	snprintf(path, sizeof(path), "%s/mon_groups/%s", g->name, id);
	if (g->monitored)
		r = remove_directory(root, path, err);
	if (r < 0 || !g->made || (g->shared && !is_empty(root, g->name)))
		return r;
	return remove_directory(root, g->name, err);
}
