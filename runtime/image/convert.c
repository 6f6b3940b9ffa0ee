/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "runtime/base/cleanup.h"
#include "spec/emit.h"

#define PIDS_MAX 2048
#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- tables ---- */

/* As podman: enough for what package managers and servers do, nothing over the host. */
static const char *const capabilities[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID",
	"CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
};

static const struct { const char *destination, *type, *source, *options[8]; } mounts[] = {
	{"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
	{"/dev", "tmpfs", "tmpfs", {"nosuid", "noexec", "strictatime", "mode=755", "size=65536k"}},
	{"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
	{"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
	{"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
	{"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount", "cgroup"};

static const char *const masked[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
	"/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware",
	"/sys/fs/selinux",
};
static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

/*
 * Annotations that runc, crun, kata, containerd, cri-o, podman, CRIU, systemd or we do something for (CVE-2026-53488: a label that
 * ran a command of the host).  Whole families, because they grow.
 */
static const char *const acted_on[] = {
	"org.crun-lite.", "run.oci.", "org.systemd.", "org.criu.", "module.wasm.", "krun.", "io.", "com.docker.", "com.nvidia.", "cdi.",
	"features.", "bundle", "org.opencontainers.runc.", "org.opencontainers.runtime.", "dev.gvisor.", "com.urunc.", "com.microsoft.",
	"com.github.containers.", "nvidia.",
};
/* Of which Kubernetes and CRI-O make names, before or behind others': cpu-load-balancing.crio.io, container.apparmor.security.beta.kubernetes.io/NAME. */
static const char *const domains[] = {"kubernetes.io", "k8s.io", "crio.io", "cri-o.io", "containerd.io", "katacontainers.io"};

bool convert_is_acted_on(const char *label)
{
	for (size_t i = 0; i < sizeof(acted_on) / sizeof(acted_on[0]); i++)
		if (strncmp(label, acted_on[i], strlen(acted_on[i])) == 0)
			return true;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
		if (strstr(label, domains[i]))
			return true;
	return false;
}

/* ---- parts ---- */

static void emit_list(struct emitter *e, const char *key, const char *const *v, size_t n)
{
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n && v[i]; i++)
		emit_string(e, v[i]);
	emit_end_array(e);
}

static const struct json *member(const struct convert *c, const char *key, enum json_type type)
{
	const struct json *value = c->config ? json_get(json_get(c->config, "config"), key) : NULL;

	return value && value->type == type ? value : NULL;
}

static const char *text(const struct convert *c, const char *key)
{
	const struct json *value = member(c, key, JSON_STRING);

	return value ? value->text : "";
}

/* A program gets no more than what stands before a NUL; such a thing is no argument. */
static bool is_text(const struct json *s)
{
	return s->type == JSON_STRING && strlen(s->text) == s->len;
}

static size_t emit_words(struct emitter *e, const struct json *list)
{
	size_t n = 0;

	for (const struct json *s = list ? list->first : NULL; s; s = s->next)
		if (is_text(s)) {
			emit_string(e, s->text);
			n++;
		}
	return n;
}

static size_t emit_args(struct emitter *e, const struct convert *c)
{
	size_t entry, n;

	emit_key(e, "args");
	emit_array(e);
	entry = emit_words(e, member(c, "Entrypoint", JSON_ARRAY));
	n = entry + emit_words(e, member(c, "Cmd", JSON_ARRAY));
	if (n == 0)
		emit_string(e, "/bin/sh");
	emit_end_array(e);
	return entry;
}

static void emit_env(struct emitter *e, const struct convert *c)
{
	const struct json *env = member(c, "Env", JSON_ARRAY);
	bool path = false;

	emit_key(e, "env");
	emit_array(e);
	for (const struct json *s = env ? env->first : NULL; s; s = s->next)
		if (is_text(s) && strchr(s->text, '=') && s->text[0] != '=') {
			path |= strncmp(s->text, "PATH=", 5) == 0;
			emit_string(e, s->text);
		}
	if (!path)
		emit_string(e, PATH_DEFAULT);
	emit_end_array(e);
}

static void emit_user(struct emitter *e, const struct image_user *u)
{
	emit_key(e, "user");
	emit_object(e);
	emit_key_uint(e, "uid", u->uid);
	emit_key_uint(e, "gid", u->gid);
	if (u->n_groups) {
		emit_key(e, "additionalGids");
		emit_array(e);
		for (size_t i = 0; i < u->n_groups; i++)
			emit_uint(e, u->groups[i]);
		emit_end_array(e);
	}
	emit_end_object(e);
}

/* Who is not root has none, but may get what a file or the bounding set leaves. */
static void emit_capabilities(struct emitter *e, bool root)
{
	size_t n = sizeof(capabilities) / sizeof(capabilities[0]);

	emit_key(e, "capabilities");
	emit_object(e);
	emit_list(e, "bounding", capabilities, n);
	emit_list(e, "effective", capabilities, root ? n : 0);
	emit_list(e, "permitted", capabilities, root ? n : 0);
	emit_end_object(e);
}

static size_t emit_process(struct emitter *e, const struct convert *c)
{
	const char *cwd = text(c, "WorkingDir");
	size_t entry;

	emit_key(e, "process");
	emit_object(e);
	emit_key_bool(e, "terminal", false);
	emit_user(e, c->user);
	entry = emit_args(e, c);
	emit_env(e, c);
	emit_key_string(e, "cwd", cwd[0] == '/' ? cwd : "/");
	emit_capabilities(e, c->user->uid == 0);
	emit_key_bool(e, "noNewPrivileges", true);
	emit_end_object(e);
	return entry;
}

static void emit_mount(struct emitter *e, const char *destination, const char *type, const char *source, const char *const *options, size_t n)
{
	emit_object(e);
	emit_key_string(e, "destination", destination);
	emit_key_string(e, "type", type);
	emit_key_string(e, "source", source);
	emit_list(e, "options", options, n);
	emit_end_object(e);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A relative one is meant from the root. */
static int by_place(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return strcmp(x + strspn(x, "/"), y + strspn(y, "/"));
}

/* conversion.md: data that does not go into the root.  What the image has there is copied; it goes with the container. */
static void emit_volumes(struct emitter *e, const struct convert *c)
{
	static const char *const options[] = {"nosuid", "nodev", "tmpcopyup"};
	const struct json *volumes = member(c, "Volumes", JSON_OBJECT);
	cleanup_free const char **v = volumes ? calloc(volumes->len + 1, sizeof(*v)) : NULL;
	size_t n = 0;

	if (!volumes)
		return;
	e->failed |= !v;
	for (const struct json *i = volumes->first; i && v; i = i->next)
		if (*i->key)
			v[n++] = i->key;
	/* What is in another one comes after it, or would be hidden. */
	if (v)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s%s", v[i][0] == '/' ? "" : "/", v[i]) < 0) {
			path = NULL;
			e->failed = true;
			return;
		}
		emit_mount(e, path, "tmpfs", "volume", options, 3);
	}
}

static void emit_mounts(struct emitter *e, const struct convert *c)
{
	emit_key(e, "mounts");
	emit_array(e);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++)
		emit_mount(e, mounts[i].destination, mounts[i].type, mounts[i].source, mounts[i].options, 8);
	emit_volumes(e, c);
	emit_end_array(e);
}

/* The profile names no architectures: those of this machine come first in it. */
static void emit_seccomp(struct emitter *e, const struct convert *c)
{
	static const struct { const char *machine, *architectures; } machines[] = {
		{"x86_64", "[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"]"},
		{"aarch64", "[\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\"]"},
	};
	const char *architectures = NULL;
	cleanup_free char *text = NULL;
	struct utsname u;
	int n;

	uname(&u);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].machine, u.machine) == 0)
			architectures = machines[i].architectures;
	emit_key(e, "seccomp");
	n = asprintf(&text, "{%s%s%s%.*s", architectures ? "\"architectures\":" : "", architectures ?: "", architectures ? "," : "",
	             (int)c->seccomp_len - 1, c->seccomp + 1);
	if (n < 0) {
		text = NULL;
		e->failed = true;
		return;
	}
	emit_raw(e, text, (size_t)n);
}

static void emit_linux(struct emitter *e, const struct convert *c)
{
	emit_key(e, "linux");
	emit_object(e);
	emit_key(e, "namespaces");
	emit_array(e);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		emit_object(e);
		emit_key_string(e, "type", namespaces[i]);
		emit_end_object(e);
	}
	emit_end_array(e);
	/* An ordinary user may have no group to limit. */
	if (!c->rootless) {
		emit_key(e, "resources");
		emit_object(e);
		emit_key(e, "devices");
		emit_array(e);
		emit_object(e);
		emit_key_bool(e, "allow", false);
		emit_key_string(e, "access", "rwm");
		emit_end_object(e);
		emit_end_array(e);
		emit_key(e, "pids");
		emit_object(e);
		emit_key_int(e, "limit", PIDS_MAX);
		emit_end_object(e);
		emit_end_object(e);
	}
	if (c->seccomp_len) {
		emit_seccomp(e, c);
	}
	emit_list(e, "maskedPaths", masked, sizeof(masked) / sizeof(masked[0]));
	emit_list(e, "readonlyPaths", readonly, sizeof(readonly) / sizeof(readonly[0]));
	emit_end_object(e);
}

/* ---- annotations ---- */

/* Sorted, between commas. */
static char *join_ports(const struct json *ports)
{
	cleanup_free const char **v = calloc(ports->len + 1, sizeof(*v));
	size_t n = 0, len = 1;
	char *joined, *p;

	if (!v)
		return NULL;
	for (const struct json *port = ports->first; port; port = port->next) {
		v[n++] = port->key;
		len += strlen(port->key) + 1;
	}
	qsort(v, n, sizeof(*v), by_text);
	joined = p = malloc(len);
	for (size_t i = 0; joined && i < n; i++) {
		if (i)
			*p++ = ',';
		p = stpcpy(p, v[i]);
	}
	if (joined)
		*p = '\0';
	return joined;
}

static bool is_labelled(const struct convert *c, const char *key)
{
	return json_get(member(c, "Labels", JSON_OBJECT), key) != NULL;
}

/* conversion.md "Annotation Fields": labels of the same name win. */
static void emit_implied(struct emitter *e, const struct convert *c, const char *key, const char *value)
{
	char full[64];

	snprintf(full, sizeof(full), "org.opencontainers.image.%s", key);
	if (*value && !is_labelled(c, full))
		emit_key_string(e, full, value);
}

static void emit_layers(struct emitter *e, const struct convert *c)
{
	size_t len = 1;
	cleanup_free char *joined = NULL;
	char *p;

	for (size_t i = 0; i < c->n_layers; i++)
		len += 2 * strlen(c->layers[i]) + 1;
	joined = p = malloc(len);
	if (!joined) {
		e->failed = true;
		return;
	}
	for (size_t i = 0; i < c->n_layers; i++) {
		if (i)
			*p++ = ':';
		for (const char *s = c->layers[i]; *s; s++) {
			if (*s == ':' || *s == '\\')
				*p++ = '\\';
			*p++ = *s;
		}
	}
	*p = '\0';
	emit_key_string(e, "org.crun-lite.layers", joined);
	emit_key_string(e, "org.crun-lite.scratch", c->scratch);
	if (c->root)
		emit_key_string(e, "org.crun-lite.root", c->root);
}

static const char *top_text(const struct convert *c, const char *key)
{
	const struct json *value = c->config ? json_get(c->config, key) : NULL;

	return value && value->type == JSON_STRING ? value->text : "";
}

static void emit_annotations(struct emitter *e, const struct convert *c)
{
	const struct json *ports = member(c, "ExposedPorts", JSON_OBJECT), *labels = member(c, "Labels", JSON_OBJECT);
	cleanup_free char *joined = ports ? join_ports(ports) : NULL;
	static const char *const keys[] = {"os", "architecture", "variant", "os.version", "author", "created"};

	emit_key(e, "annotations");
	emit_object(e);
	emit_layers(e, c);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		emit_implied(e, c, keys[i], top_text(c, keys[i]));
	emit_implied(e, c, "stopSignal", text(c, "StopSignal"));
	emit_implied(e, c, "exposedPorts", joined ?: "");
	for (const struct json *l = labels ? labels->first : NULL; l; l = l->next)
		if (is_text(l) && *l->key && !convert_is_acted_on(l->key))
			emit_key_string(e, l->key, l->text);
	emit_end_object(e);
}

int convert_config(const struct convert *c, char **ret, size_t *ret_len, size_t *ret_entry, struct error *err)
{
	struct emitter e = {.pretty = true};

	emit_object(&e);
	emit_key_string(&e, "ociVersion", "1.2.0");
	*ret_entry = emit_process(&e, c);
	emit_key(&e, "root");
	emit_object(&e);
	emit_key_string(&e, "path", "rootfs");
	emit_end_object(&e);
	emit_key_string(&e, "hostname", "container");
	emit_mounts(&e, c);
	emit_annotations(&e, c);
	emit_linux(&e, c);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}
