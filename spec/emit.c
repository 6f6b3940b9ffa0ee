/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/text.h"
#include "runtime/base/weak.h"
#include "spec/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the buffer ---- */

static void put(struct emitter *e, const char *bytes, size_t n)
{
	if (e->failed)
		return;
	if (e->len + n + 1 > e->room) {
		size_t room = 2 * (e->len + n) + 1024;
		char *bigger = realloc(e->text, room);

		if (!bigger) {
			e->failed = true;
			return;
		}
		e->text = bigger;
		e->room = room;
	}
	memcpy(e->text + e->len, bytes, n);
	e->len += n;
	e->text[e->len] = '\0';
}

static void put_word(struct emitter *e, const char *word)
{
	put(e, word, strlen(word));
}

static void new_line(struct emitter *e)
{
	if (!e->pretty)
		return;
	put(e, "\n", 1);
	for (unsigned i = 0; i < e->depth; i++)
		put_word(e, e->indent ? e->indent : "  ");
}

/* ---- values ---- */

/* What stands between the value before and this one. */
static void separate(struct emitter *e)
{
	if (e->after_key) {
		e->after_key = false;
		return;
	}
	if (e->depth == 0)
		return;
	if (!e->first)
		put(e, ",", 1);
	e->first = false;
	new_line(e);
}

static void open_level(struct emitter *e, const char *bracket)
{
	separate(e);
	put_word(e, bracket);
	e->depth++;
	e->first = true;
}

static void close_level(struct emitter *e, const char *bracket)
{
	bool empty = e->first;

	e->depth--;
	e->first = false;
	if (!empty)
		new_line(e);
	put_word(e, bracket);
}

void emit_object(struct emitter *e)
{
	open_level(e, "{");
}

void emit_end_object(struct emitter *e)
{
	close_level(e, "}");
}

void emit_array(struct emitter *e)
{
	open_level(e, "[");
}

void emit_end_array(struct emitter *e)
{
	close_level(e, "]");
}

/* RFC 8259 section 7: what must be escaped, and how. */
static void put_escaped(struct emitter *e, uint32_t c)
{
	static const char short_forms[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	const char *form = short_forms;
	char escape[8];

	while (*form && (unsigned char)*form != c)
		form += 2;
	if (*form)
		snprintf(escape, sizeof(escape), "\\%c", form[1]);
	else
		snprintf(escape, sizeof(escape), "\\u%04x", c);
	put_word(e, escape);
}

/* How many bytes stand as they are: people print JSON on terminals. */
static size_t plain_span(const char *s)
{
	size_t i = 0;
	uint32_t c;

	for (int len; s[i]; i += (size_t)len) {
		len = text_decode(s + i, &c);
		if (len == 0 || text_is_control(c) || c == '"' || c == '\\')
			break;
	}
	return i;
}

static void remember_foreign(struct emitter *e, const char *s)
{
	if (e->foreign)
		return;
	e->foreign = s;
	e->foreign_key = e->key;
}

static void put_quoted(struct emitter *e, const char *s)
{
	const char *whole = s;

	put(e, "\"", 1);
	while (*s) {
		size_t plain = plain_span(s);
		uint32_t c;
		int len;

		put(e, s, plain);
		s += plain;
		len = *s ? text_decode(s, &c) : 0;
		if (len > 0) {
			put_escaped(e, c);
		} else if (*s) {
			remember_foreign(e, whole);
			put_word(e, "\xef\xbf\xbd");
		}
		s += *s ? (len ? len : 1) : 0;
	}
	put(e, "\"", 1);
}

void emit_key(struct emitter *e, const char *key)
{
	separate(e);
	e->key = key;
	put_quoted(e, key);
	put_word(e, e->pretty ? ": " : ":");
	e->after_key = true;
}

void emit_string(struct emitter *e, const char *s)
{
	separate(e);
	put_quoted(e, s);
}

void emit_int(struct emitter *e, int64_t n)
{
	char buf[24];

	separate(e);
	snprintf(buf, sizeof(buf), "%" PRId64, n);
	put_word(e, buf);
}

void emit_uint(struct emitter *e, uint64_t n)
{
	char buf[24];

	separate(e);
	snprintf(buf, sizeof(buf), "%" PRIu64, n);
	put_word(e, buf);
}

void emit_bool(struct emitter *e, bool truth)
{
	separate(e);
	put_word(e, truth ? "true" : "false");
}

void emit_raw(struct emitter *e, const char *text, size_t len)
{
	separate(e);
	put(e, text, len);
}

size_t emit_hole(struct emitter *e, unsigned width)
{
	size_t start;

	separate(e);
	start = e->len;
	while (width--)
		put(e, " ", 1);
	return start;
}

void emit_key_string(struct emitter *e, const char *key, const char *s)
{
	emit_key(e, key);
	emit_string(e, s);
}

void emit_key_int(struct emitter *e, const char *key, int64_t n)
{
	emit_key(e, key);
	emit_int(e, n);
}

void emit_key_uint(struct emitter *e, const char *key, uint64_t n)
{
	emit_key(e, key);
	emit_uint(e, n);
}

void emit_key_bool(struct emitter *e, const char *key, bool truth)
{
	emit_key(e, key);
	emit_bool(e, truth);
}

void emit_key_pairs(struct emitter *e, const char *key, const struct pairs *pairs)
{
	emit_key(e, key);
	emit_object(e);
	for (size_t i = 0; i < pairs->n; i++)
		emit_key_string(e, pairs->v[i].key, pairs->v[i].value);
	emit_end_object(e);
}

void emit_key_opt_int(struct emitter *e, const char *key, const struct opt_int *n)
{
	if (n->set)
		emit_key_int(e, key, n->value);
}

void emit_key_opt_uint(struct emitter *e, const char *key, const struct opt_uint *n)
{
	if (n->set)
		emit_key_uint(e, key, n->value);
}

void emit_key_throttle(struct emitter *e, const char *key, const struct throttle_devices *list)
{
	if (!list->n)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < list->n; i++) {
		emit_object(e);
		emit_key_int(e, "major", list->v[i].major);
		emit_key_int(e, "minor", list->v[i].minor);
		emit_key_uint(e, "rate", list->v[i].rate);
		emit_end_object(e);
	}
	emit_end_array(e);
}

int emit_finish(struct emitter *e, char **ret, size_t *ret_len, struct error *err)
{
	if (e->pretty)
		put(e, "\n", 1);
	if (e->failed) {
		free(e->text);
		*e = (struct emitter){0};
		return error_set(err, ENOMEM, "write JSON");
	}
	*ret = e->text;
	*ret_len = e->len;
	*e = (struct emitter){0};
	return 0;
}

/* ---- the state ---- */

static size_t put_state(struct emitter *e, const struct config *config, const char *id, const char *bundle,
                        const char *status, pid_t pid)
{
	size_t hole = 0;

	emit_object(e);
	emit_key_string(e, "ociVersion", "1.3.0");
	emit_key_string(e, "id", id);
	emit_key_string(e, "status", status);
	if (pid > 0) {
		emit_key_int(e, "pid", pid);
	} else if (strcmp(status, "stopped") != 0) {
		emit_key(e, "pid");
		hole = emit_hole(e, EMIT_PID_WIDTH);
	}
	emit_key_string(e, "bundle", bundle);
	if (config->annotations.n)
		emit_key_pairs(e, "annotations", &config->annotations);
	emit_end_object(e);
	return hole;
}

int emit_state(const struct config *config, const char *id, const char *bundle, const char *status,
               pid_t pid, char **ret, size_t *ret_len, size_t *ret_hole, struct error *err)
{
	struct emitter e = {0};

	*ret_hole = put_state(&e, config, id, bundle, status, pid);
	return emit_finish(&e, ret, ret_len, err);
}

int emit_process_state(const struct config *config, const char *id, const char *bundle, const char *status,
                       pid_t pid, char **ret, size_t *ret_len, struct error *err)
{
	const char *metadata = config->linux_.seccomp.listener_metadata.s;
	struct emitter e = {0};

	emit_object(&e);
	emit_key_string(&e, "ociVersion", "1.3.0");
	emit_key(&e, "fds");
	emit_array(&e);
	emit_string(&e, "seccompFd");
	emit_end_array(&e);
	emit_key_int(&e, "pid", pid);
	if (metadata)
		emit_key_string(&e, "metadata", metadata);
	emit_key(&e, "state");
	put_state(&e, config, id, bundle, status, pid);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}

/* ---- the default configuration: tables, so that a reader sees what a container gets ---- */

enum audience { BOTH, ROOT, ROOTLESS };

static const char *const default_args[] = {"sh", NULL};
static const char *const default_env[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};
static const char *const default_caps[] = {
	"CAP_AUDIT_WRITE",
	"CAP_KILL",
	"CAP_NET_BIND_SERVICE",
	NULL,
};
static const char *const default_masked[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/proc/scsi",
	"/sys/firmware",
	"/sys/devices/virtual/powercap",
	NULL,
};
static const char *const default_readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* Only root of the host can make a network namespace that leads anywhere. */
static const struct {
	const char *type;
	enum audience for_whom;
} default_namespaces[] = {
	{"pid",     BOTH    },
	{"network", ROOT    },
	{"ipc",     BOTH    },
	{"uts",     BOTH    },
	{"mount",   BOTH    },
	{"cgroup",  BOTH    },
	{"user",    ROOTLESS},
};

/* Without the host's network namespace sysfs cannot be mounted anew, and gid 5 is not mapped. */
static const struct {
	const char *destination, *type, *source;
	enum audience for_whom;
	const char *options[7];
} default_mounts[] = {
	{"/proc", "proc", "proc", BOTH, {NULL}},
	{"/dev", "tmpfs", "tmpfs", BOTH, {"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts", ROOT,
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/pts", "devpts", "devpts", ROOTLESS,
	 {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
	{"/dev/shm", "tmpfs", "shm", BOTH, {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", BOTH, {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", ROOT, {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys", "none", "/sys", ROOTLESS, {"rbind", "nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", ROOT, {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static bool is_for(enum audience whom, bool rootless)
{
	return whom == BOTH || whom == (rootless ? ROOTLESS : ROOT);
}

static void emit_key_strings(struct emitter *e, const char *key, const char *const *list)
{
	emit_key(e, key);
	emit_array(e);
	for (; *list && !(weak(V27) && strcmp(*list, "ro") == 0); list++)
		emit_string(e, *list);
	emit_end_array(e);
}

static void emit_default_caps(struct emitter *e)
{
	/* Never inheritable: a program in the container could pass them on (V12). */
	static const char *const sets[] = {"bounding", "effective", "permitted"};

	emit_key(e, "capabilities");
	emit_object(e);
	for (size_t i = 0; i < COUNT(sets); i++)
		emit_key_strings(e, sets[i], default_caps);
	emit_end_object(e);
}

static void emit_default_rlimits(struct emitter *e)
{
	emit_key(e, "rlimits");
	emit_array(e);
	emit_object(e);
	emit_key_string(e, "type", "RLIMIT_NOFILE");
	emit_key_int(e, "hard", 1024);
	emit_key_int(e, "soft", 1024);
	emit_end_object(e);
	emit_end_array(e);
}

static void emit_default_process(struct emitter *e)
{
	emit_key(e, "process");
	emit_object(e);
	emit_key_bool(e, "terminal", true);
	emit_key(e, "user");
	emit_object(e);
	emit_key_int(e, "uid", 0);
	emit_key_int(e, "gid", 0);
	emit_end_object(e);
	emit_key_strings(e, "args", default_args);
	emit_key_strings(e, "env", default_env);
	emit_key_string(e, "cwd", "/");
	emit_default_caps(e);
	emit_default_rlimits(e);
	emit_key_bool(e, "noNewPrivileges", true);
	emit_end_object(e);
}

static void emit_default_root(struct emitter *e)
{
	emit_key(e, "root");
	emit_object(e);
	emit_key_string(e, "path", "rootfs");
	emit_key_bool(e, "readonly", true);
	emit_end_object(e);
}

static void emit_default_mounts(struct emitter *e, bool rootless)
{
	emit_key(e, "mounts");
	emit_array(e);
	for (size_t i = 0; i < COUNT(default_mounts); i++) {
		if (!is_for(default_mounts[i].for_whom, rootless))
			continue;
		emit_object(e);
		emit_key_string(e, "destination", default_mounts[i].destination);
		emit_key_string(e, "type", default_mounts[i].type);
		emit_key_string(e, "source", default_mounts[i].source);
		if (default_mounts[i].options[0])
			emit_key_strings(e, "options", default_mounts[i].options);
		emit_end_object(e);
	}
	emit_end_array(e);
}

/* No device but the usual ones, which the runtime allows by itself. */
static void emit_default_resources(struct emitter *e)
{
	emit_key(e, "resources");
	emit_object(e);
	emit_key(e, "devices");
	emit_array(e);
	emit_object(e);
	emit_key_bool(e, "allow", false);
	emit_key_string(e, "access", "rwm");
	emit_end_object(e);
	emit_end_array(e);
	emit_end_object(e);
}

static void emit_default_mapping(struct emitter *e, const char *key, uint32_t host_id)
{
	emit_key(e, key);
	emit_array(e);
	emit_object(e);
	emit_key_uint(e, "containerID", 0);
	emit_key_uint(e, "hostID", host_id);
	emit_key_uint(e, "size", 1);
	emit_end_object(e);
	emit_end_array(e);
}

static void emit_default_linux(struct emitter *e, bool rootless, bool network)
{
	emit_key(e, "linux");
	emit_object(e);
	if (rootless) {
		emit_default_mapping(e, "uidMappings", geteuid());
		emit_default_mapping(e, "gidMappings", getegid());
	} else {
		emit_default_resources(e);
	}
	emit_key(e, "namespaces");
	emit_array(e);
	for (size_t i = 0; i < COUNT(default_namespaces); i++) {
		bool is_network = strcmp(default_namespaces[i].type, "network") == 0;

		if (is_network ? !network : !is_for(default_namespaces[i].for_whom, rootless))
			continue;
		emit_object(e);
		emit_key_string(e, "type", default_namespaces[i].type);
		emit_end_object(e);
	}
	emit_end_array(e);
	emit_key_strings(e, "maskedPaths", default_masked);
	emit_key_strings(e, "readonlyPaths", default_readonly);
	emit_end_object(e);
}

void emit_default_config(struct emitter *e, bool rootless)
{
	emit_annotated_config(e, rootless, !rootless, &(struct pairs){0});
}

void emit_annotated_config(struct emitter *e, bool rootless, bool network, const struct pairs *annotations)
{
	if (e->pretty && !e->indent)
		e->indent = "\t";
	emit_object(e);
	emit_key_string(e, "ociVersion", "1.3.0");
	emit_default_process(e);
	emit_default_root(e);
	emit_key_string(e, "hostname", "crun-lite");
	emit_default_mounts(e, rootless);
	emit_default_linux(e, rootless, network);
	if (annotations->n)
		emit_key_pairs(e, "annotations", annotations);
	emit_end_object(e);
}
