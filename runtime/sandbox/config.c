/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "spec/emit.h"
#include "spec/names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PIDS_DEFAULT 2048

/* ---- what is shown where ---- */

/* Is `path` below the directory `above`?  (Not: the same.) */
static bool is_below(const char *path, const char *above)
{
	size_t n = strlen(above);

	return n > 1 && strncmp(path, above, n) == 0 && path[n] == '/';
}

/* A directory comes before what is in it, and that before its neighbours: "/a", "/a/b", "/a-b". */
static int by_path(const void *a, const void *b)
{
	const struct sandbox_place *x = a, *y = b;
	const char *p = x->path, *q = y->path;

	while (*p && *p == *q)
		p++, q++;
	if (*p == *q)
		return (x->order > y->order) - (x->order < y->order);
	if (!*p || !*q)
		return *p ? 1 : -1;
	if (*p == '/' || *q == '/')
		return *p == '/' ? -1 : 1;
	return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
}

/* The innermost of those before `i` that it is in, or NULL. */
static const struct sandbox_place *find_outer(const struct sandbox_facts *f, size_t i)
{
	for (size_t k = i; k-- > 0;)
		if (f->places[k].view != VIEW_NONE && is_below(f->places[i].path, f->places[k].path))
			return &f->places[k];
	return NULL;
}

static bool is_empty(enum sandbox_view view)
{
	return view == VIEW_TMPFS || view == VIEW_HIDE;
}

static void drop_doubles(struct sandbox_facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (i + 1 == f->n || strcmp(f->places[i].path, f->places[i + 1].path) != 0)
			f->places[n++] = f->places[i];
	f->n = n;
}

void sandbox_settle(struct sandbox_facts *facts)
{
	qsort(facts->places, facts->n, sizeof(facts->places[0]), by_path);
	drop_doubles(facts);
	for (size_t i = 0; i < facts->n; i++) {
		const struct sandbox_place *outer = find_outer(facts, i);

		if (facts->places[i].view == VIEW_HIDE && outer && is_empty(outer->view))
			facts->places[i].view = VIEW_NONE;
	}
	/* What is shown in a hidden directory needs one to be shown in. */
	for (size_t i = 0; i < facts->n; i++) {
		size_t k = i + 1;

		while (k < facts->n && facts->places[k].view == VIEW_NONE)
			k++;
		if (facts->places[i].view != VIEW_HIDE || k == facts->n || !is_below(facts->places[k].path, facts->places[i].path))
			continue;
		facts->places[i].view = VIEW_TMPFS;
		facts->places[i].options = "mode=0755,size=64k,nr_inodes=1k";
	}
}

/* ---- words ---- */

static void emit_words(struct emitter *e, const char *key, const char *const *v, size_t n)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n && v[i]; i++)
		emit_string(e, v[i]);
	emit_end_array(e);
}

/* ---- process ---- */

/* Nothing of the caller's: what is passed on is named. */
static int emit_env(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f, struct error *err)
{
	cleanup_free char *home = NULL, *term = NULL;
	int r = 0;

	emit_key(e, "env");
	emit_array(e);
	for (size_t i = 0; i < f->env.n; i++)
		emit_string(e, f->env.v[i].s);
	if (!f->env.n)
		emit_string(e, PATH_DEFAULT);
	if (*f->home && asprintf(&home, "HOME=%s", f->home) >= 0)
		emit_string(e, home);
	if (f->term && asprintf(&term, "TERM=%s", f->term) >= 0)
		emit_string(e, term);
	for (size_t i = 0; i < s->env.n && r == 0; i++) {
		const char *given = s->env.v[i], *value = strchr(given, '=') ? NULL : getenv(given);
		cleanup_free char *both = NULL;

		if (given[0] == '=' || !given[0])
			r = error_set(err, ERROR_SAID, "--env %s: NAME=VALUE or NAME is expected", given);
		else if (strchr(given, '='))
			emit_string(e, given);
		else if (value && asprintf(&both, "%s=%s", given, value) >= 0)
			emit_string(e, both);
	}
	emit_end_array(e);
	return r;
}

static void emit_capabilities(struct emitter *e, const struct strings *caps, bool root)
{
	static const char *const sets[] = {"bounding", "effective", "permitted", "inheritable", "ambient"};

	emit_key(e, "capabilities");
	emit_object(e);
	/* Who is not root keeps them over execve(2) only as ambient ones. */
	for (size_t i = 0; i < (root ? 3 : COUNT(sets)); i++)
		emit_words(e, sets[i], caps->v, caps->n);
	emit_end_object(e);
}

static bool read_limit(const char *text, char end, uint64_t *ret, const char **ret_rest)
{
	char *rest;

	if (strncmp(text, "unlimited", 9) == 0) {
		*ret = UINT64_MAX;
		rest = (char *)text + 9;
	} else {
		errno = 0;
		*ret = strtoull(text, &rest, 10);
		if (*text < '0' || *text > '9' || errno)
			return false;
	}
	*ret_rest = rest + (*rest == ':');
	return *rest == '\0' || (*rest == ':' && end == ':');
}

/* NAME=SOFT[:HARD], as in "cpu=2", "nofile=64:128". */
static int emit_rlimit(struct emitter *e, const char *given, struct error *err)
{
	const char *equals = strchr(given, '='), *rest;
	uint64_t soft, hard;
	char type[32];
	size_t n = 0;

	if (equals)
		n = (size_t)snprintf(type, sizeof(type), "RLIMIT_%.*s", (int)(equals - given), given);
	for (size_t i = 7; i < n && i < sizeof(type); i++)
		type[i] = (char)(type[i] >= 'a' && type[i] <= 'z' ? type[i] - 'a' + 'A' : type[i]);
	if (!n || n >= sizeof(type) || !name_find(rlimit_names, type) || !read_limit(equals + 1, ':', &soft, &rest) ||
	    !(*rest ? read_limit(rest, '\0', &hard, &rest) : (hard = soft, true))) {
		error_set(err, ERROR_SAID, "--rlimit %s: NAME=SOFT or NAME=SOFT:HARD is expected", given);
		return error_hint(err, "such as cpu=2 (seconds), fsize=1048576 (bytes), nofile=64:128; `ulimit -a` has the names' meaning");
	}
	emit_object(e);
	emit_key_string(e, "type", type);
	emit_key_uint(e, "soft", soft);
	emit_key_uint(e, "hard", hard);
	emit_end_object(e);
	return 0;
}

static int emit_rlimits(struct emitter *e, const struct sandbox *s, struct error *err)
{
	bool core = false;
	int r = 0;

	emit_key(e, "rlimits");
	emit_array(e);
	for (size_t i = 0; i < s->rlimits.n && r == 0; i++) {
		core = core || strncasecmp(s->rlimits.v[i], "core=", 5) == 0;
		r = emit_rlimit(e, s->rlimits.v[i], err);
	}
	if (r == 0 && !core)
		r = emit_rlimit(e, "core=0", err);
	emit_end_array(e);
	return r;
}

static int emit_process(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f, struct error *err)
{
	bool shown = !s->work || strcmp(s->work, "none") != 0;
	const char *cwd = s->cwd ?: shown ? f->cwd : "/";
	int r;

	if (cwd[0] != '/')
		return error_set(err, ERROR_SAID, "--cwd %s: an absolute path is expected", cwd);
	emit_key(e, "process");
	emit_object(e);
	emit_key_bool(e, "terminal", s->tty);
	emit_key(e, "user");
	emit_object(e);
	emit_key_uint(e, "uid", f->user);
	emit_key_uint(e, "gid", f->group);
	emit_end_object(e);
	emit_words(e, "args", (const char *const *)s->args, s->n_args);
	r = emit_env(e, s, f, err);
	emit_key_string(e, "cwd", cwd);
	emit_capabilities(e, &s->cap_add, f->user == 0);
	if (r == 0)
		r = emit_rlimits(e, s, err);
	emit_key_bool(e, "noNewPrivileges", true);
	emit_end_object(e);
	return r;
}

/* ---- mounts ---- */

/* The words of `options`, which has them between commas, then of `more`. */
static void emit_mount(struct emitter *e, const char *destination, const char *type, const char *source, const char *options,
                       const char *more)
{
	const char *lists[] = {options, more};

	emit_object(e);
	emit_key_string(e, "destination", destination);
	emit_key_string(e, "type", type);
	emit_key_string(e, "source", source);
	emit_key(e, "options");
	emit_array(e);
	for (size_t i = 0; i < 2; i++)
		for (const char *p = lists[i]; p && *p;) {
			char word[128];
			size_t n = strcspn(p, ",");

			snprintf(word, sizeof(word), "%.*s", (int)n, p);
			emit_string(e, word);
			p += n + (p[n] == ',');
		}
	emit_end_array(e);
	emit_end_object(e);
}

static bool is_replaced(const struct sandbox_facts *f, const char *path)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->places[i].view != VIEW_NONE && strcmp(f->places[i].path, path) == 0)
			return true;
	return false;
}

static void emit_own(struct emitter *e, const struct sandbox_facts *f)
{
	static const struct { const char *destination, *type, *source, *options; } own[] = {
		{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
		{"/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=64k"},
		{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"},
		{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=25%"},
		{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
	};

	for (size_t i = 0; i < COUNT(own); i++)
		if (!is_replaced(f, own[i].destination))
			emit_mount(e, own[i].destination, own[i].type, own[i].source, own[i].options, NULL);
}

static void emit_place(struct emitter *e, const struct sandbox_place *p)
{
	/* What is in /dev is there for the device that it is. */
	const char *device = strncmp(p->path, "/dev/", 5) == 0 ? NULL : "rnodev";

	switch (p->view) {
	case VIEW_RO:
		emit_mount(e, p->path, "none", p->source, "rbind,rro,rnosuid", device);
		break;
	case VIEW_RW:
		emit_mount(e, p->path, "none", p->source, "rbind,rnosuid", device);
		break;
	case VIEW_COPY:
		emit_mount(e, p->path, "none", p->source, "bind,ro,nosuid,nodev", NULL);
		break;
	case VIEW_TMPFS:
		emit_mount(e, p->path, "tmpfs", "tmpfs", "nosuid,nodev", p->options);
		break;
	case VIEW_HIDE:
	case VIEW_NONE:
		break;
	}
}

static bool is_readonly(const struct sandbox *s, const struct sandbox_facts *f)
{
	bool host = !f->layers && strcmp(f->root, "/") == 0;

	if (s->keep_upper)
		return false;
	return s->upper ? strcmp(s->upper, "none") == 0 : host && f->ordinary;
}

static void emit_mounts(struct emitter *e, const struct sandbox_facts *f)
{
	emit_key(e, "mounts");
	emit_array(e);
	emit_own(e, f);
	for (size_t i = 0; i < f->n; i++)
		emit_place(e, &f->places[i]);
	emit_end_array(e);
}

/* ---- annotations ---- */

/* Paths between colons, with those in them escaped; nothing for none. */
static int escape(char **to, size_t *len, const char *path)
{
	char *bigger = realloc(*to, *len + 2 * strlen(path) + 2);

	if (!bigger)
		return -1;
	*to = bigger;
	if (*len)
		bigger[(*len)++] = ':';
	for (; *path; path++) {
		if (*path == ':' || *path == '\\')
			bigger[(*len)++] = '\\';
		bigger[(*len)++] = *path;
	}
	bigger[*len] = '\0';
	return 0;
}

static void emit_copies(struct emitter *e, const struct sandbox_facts *f)
{
	cleanup_free char *list = NULL;
	size_t len = 0;

	for (size_t i = 0; i < f->n; i++)
		if (f->places[i].view == VIEW_COPY && escape(&list, &len, f->places[i].path) < 0)
			e->failed = true;
	if (list)
		emit_key_string(e, "org.crun-lite.copies", list);
}

static void emit_layers(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f)
{
	const char *upper = s->upper ?: "tmpfs:25%";
	cleanup_free char *root = NULL;
	size_t len = 0;

	if (f->layers) {
		emit_key_string(e, "org.crun-lite.layers", f->layers);
		if (f->layers_root)
			emit_key_string(e, "org.crun-lite.root", f->layers_root);
	} else if (escape(&root, &len, f->root) == 0) {
		emit_key_string(e, "org.crun-lite.layers", root);
	} else {
		e->failed = true;
	}
	if (*f->keep)
		emit_key_string(e, "org.crun-lite.upper", f->keep);
	else if (strncmp(upper, "disk", 4) != 0)
		emit_key_string(e, "org.crun-lite.upper", strcmp(upper, "tmpfs") == 0 ? "tmpfs:25%" : upper);
	/* The store wants to know which layers are in use. */
	if (f->scratch_given || *f->scratch)
		emit_key_string(e, "org.crun-lite.scratch", f->scratch_given ?: f->scratch);
}

static void emit_list(struct emitter *e, const char *key, const struct strings *list, char separator)
{
	cleanup_free char *text = NULL;
	size_t len = 0, room = 1;

	for (size_t i = 0; i < list->n; i++)
		room += strlen(list->v[i]) + 1;
	text = list->n ? malloc(room) : NULL;
	for (size_t i = 0; i < list->n && text; i++)
		len += (size_t)sprintf(text + len, "%.*s%s", i > 0, (char[]){separator, 0}, list->v[i]);
	if (text)
		emit_key_string(e, key, text);
}

static void emit_annotations(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f)
{
	emit_key(e, "annotations");
	emit_object(e);
	emit_key_string(e, "org.crun-lite.init", "true");
	emit_key_string(e, "org.crun-lite.sources", "nofollow");
	/* No device in it is one, and of the host's root what is mounted below is read-only with it. */
	emit_key_string(e, "org.crun-lite.root-options", is_readonly(s, f) ? "rro,rnosuid,rnodev" : "nosuid,nodev");
	if (f->layers || !is_readonly(s, f))
		emit_layers(e, s, f);
	emit_copies(e, f);
	emit_list(e, "org.crun-lite.net", &s->net, ';');
	emit_list(e, "org.crun-lite.net.publish", &s->publish, ',');
	emit_list(e, "org.crun-lite.net.dns", &s->dns, ',');
	emit_list(e, "org.crun-lite.net.dns-search", &s->dns_search, ',');
	emit_list(e, "org.crun-lite.net.hosts", &s->add_host, ',');
	emit_end_object(e);
}

/* ---- linux ---- */

/* What the flags of limits can set (launch/limits.c). */
static void emit_limits(struct emitter *e, const struct resources *r)
{
	if (r->memory.set) {
		emit_key(e, "memory");
		emit_object(e);
		emit_key_opt_int(e, "limit", &r->memory.limit);
		emit_key_opt_int(e, "swap", &r->memory.swap);
		emit_end_object(e);
	}
	if (r->cpu.set) {
		emit_key(e, "cpu");
		emit_object(e);
		emit_key_opt_uint(e, "shares", &r->cpu.shares);
		emit_key_opt_int(e, "quota", &r->cpu.quota);
		emit_key_opt_uint(e, "period", &r->cpu.period);
		emit_end_object(e);
	}
	if (r->block_io.set) {
		emit_key(e, "blockIO");
		emit_object(e);
		emit_key_throttle(e, "throttleReadBpsDevice", &r->block_io.read_bps);
		emit_key_throttle(e, "throttleWriteBpsDevice", &r->block_io.write_bps);
		emit_key_throttle(e, "throttleReadIOPSDevice", &r->block_io.read_iops);
		emit_key_throttle(e, "throttleWriteIOPSDevice", &r->block_io.write_iops);
		emit_end_object(e);
	}
	if (r->unified.n)
		emit_key_pairs(e, "unified", &r->unified);
	if (r->pids_limit.set) {
		emit_key(e, "pids");
		emit_object(e);
		emit_key_int(e, "limit", r->pids_limit.value);
		emit_end_object(e);
	}
}

static void emit_resources(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f, const struct resources *given)
{
	const struct resources usual = {.set = true, .pids_limit = {.set = true, .value = PIDS_DEFAULT}};

	/* An ordinary user may have no group to limit; and without one, nothing goes without saying. */
	if (!given && (f->ordinary || s->no_group))
		return;
	emit_key(e, "resources");
	emit_object(e);
	emit_limits(e, given ?: &usual);
	emit_end_object(e);
}

static int emit_ids(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f, struct error *err)
{
	static const char *const keys[] = {"uidMappings", "gidMappings"};
	const char *word = s->ids ?: f->layers ? s->ids ?: "all" : "own";
	const uint32_t inside[] = {f->user, f->group}, outside[] = {f->uid, f->gid};

	if (strcmp(word, "own") != 0 && strcmp(word, "all") != 0)
		return error_set(err, ERROR_SAID, "--ids %s: own or all is expected", word);
	if (!f->ordinary || strcmp(word, "all") == 0)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		emit_key(e, keys[i]);
		emit_array(e);
		emit_object(e);
		emit_key_uint(e, "containerID", inside[i]);
		emit_key_uint(e, "hostID", outside[i]);
		emit_key_uint(e, "size", 1);
		emit_end_object(e);
		emit_end_array(e);
	}
	return 0;
}

static void emit_namespaces(struct emitter *e, const struct sandbox_facts *f)
{
	static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount", "cgroup", "user"};

	emit_key(e, "namespaces");
	emit_array(e);
	for (size_t i = 0; i < COUNT(namespaces) - !f->ordinary; i++) {
		emit_object(e);
		emit_key_string(e, "type", namespaces[i]);
		emit_end_object(e);
	}
	emit_end_array(e);
}

static void emit_hidden(struct emitter *e, const struct sandbox_facts *f)
{
	static const char *const masked[] = {
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
		"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware",
		"/sys/fs/selinux",
	};
	static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

	emit_key(e, "maskedPaths");
	emit_array(e);
	for (size_t i = 0; i < COUNT(masked); i++)
		emit_string(e, masked[i]);
	for (size_t i = 0; i < f->n; i++)
		if (f->places[i].view == VIEW_HIDE)
			emit_string(e, f->places[i].path);
	emit_end_array(e);
	emit_words(e, "readonlyPaths", readonly, COUNT(readonly));
}

static int emit_linux(struct emitter *e, const struct sandbox *s, const struct sandbox_facts *f, const struct resources *resources,
                      struct error *err)
{
	int r;

	emit_key(e, "linux");
	emit_object(e);
	emit_namespaces(e, f);
	r = emit_ids(e, s, f, err);
	emit_resources(e, s, f, resources);
	emit_hidden(e, f);
	if (f->seccomp) {
		emit_key(e, "seccomp");
		emit_raw(e, f->seccomp, f->seccomp_len);
	}
	emit_end_object(e);
	return r;
}

int sandbox_config(const struct sandbox *asked, const struct sandbox_facts *facts, const struct resources *resources, char **ret,
                   size_t *ret_len, struct error *err)
{
	struct emitter e = {.pretty = true};
	int r;

	emit_object(&e);
	emit_key_string(&e, "ociVersion", "1.0.2");
	r = emit_process(&e, asked, facts, err);
	emit_key(&e, "root");
	emit_object(&e);
	/* A runtime that knows no layers finds no root, and not one that it could write to. */
	emit_key_string(&e, "path", is_readonly(asked, facts) ? facts->root : "rootfs");
	emit_key_bool(&e, "readonly", is_readonly(asked, facts));
	emit_end_object(&e);
	emit_key_string(&e, "hostname", asked->hostname ?: "sandbox");
	emit_mounts(&e, facts);
	emit_annotations(&e, asked, facts);
	if (r == 0)
		r = emit_linux(&e, asked, facts, resources, err);
	emit_end_object(&e);
	if (r < 0) {
		free(e.text);
		return r;
	}
	return emit_finish(&e, ret, ret_len, err);
}
