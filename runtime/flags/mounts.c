/*
 * mounts - --volume, --mount and --tmpfs: docker's and podman's words to entries of mounts[].
 *
 * A source of the host is resolved here, once, and opened later without following a link; a path of the container goes into the
 * configuration as it is, and is resolved by init, below the root.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/units.h"
#include "runtime/flags/edit.h"
#include "runtime/flags/volumes.h"
#include "runtime/plan/userns.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS_MAX 32

enum kind { KIND_BIND, KIND_VOLUME, KIND_TMPFS, KINDS };

/* What one flag asks for. */
struct wish {
	const char *flag, *given;       /* for messages */
	enum kind kind;
	const char *source, *destination;
	const char *words[WORDS_MAX];   /* options of the mount */
	size_t n;
	bool no_copy;
	unsigned said;                  /* SAID_*: the default of it is not added */
};

enum { SAID_SUID = 1, SAID_DEV = 2, SAID_EXEC = 4, SAID_PROPAGATION = 8, SAID_RECURSION = 16, SAID_MODE = 32, SAID_COPY = 64 };

#define BIND   (1u << KIND_BIND)
#define VOLUME (1u << KIND_VOLUME)
#define TMPFS  (1u << KIND_TMPFS)

enum act {
	ACT_WORD,               /* an option of the mount, as it is or as `word` */
	ACT_VALUE,              /* the same with its value behind it */
	ACT_NOTHING,            /* accepted: it is so anyway */
	ACT_NO_COPY,
	ACT_REFUSED,            /* `word`: why */
	ACT_SOURCE, ACT_DESTINATION, ACT_TYPE, ACT_READONLY, ACT_PROPAGATION, ACT_RECURSION, ACT_SIZE, ACT_MODE, ACT_CHOWN, ACT_TRUE_WORD, /* of --mount: key=value */
};

static const char relabel_why[] = "labels of the host's files are not changed: give the files a label that the container may use (chcon), or --security-opt label=...";
static const char chown_why[] = "owners of the host's files are not changed: chown them, or map them (idmap)";

/* ---- the words behind SRC:DST: ---- */

static const struct word {
	const char *name;
	unsigned kinds;
	enum act act;
	const char *word;
	unsigned said;
} words[] = {
	{"ro",           BIND | VOLUME | TMPFS, ACT_READONLY},
	{"readonly",     BIND | VOLUME | TMPFS, ACT_READONLY},
	{"rw",           BIND | VOLUME | TMPFS, ACT_NOTHING},
	{"rro",          BIND | VOLUME,         ACT_WORD, "rro"},
	{"nosuid",       BIND | VOLUME | TMPFS, ACT_NOTHING},
	{"suid",         BIND | VOLUME | TMPFS, ACT_NOTHING, NULL, SAID_SUID},
	{"nodev",        BIND | VOLUME | TMPFS, ACT_NOTHING},
	{"dev",          BIND | VOLUME | TMPFS, ACT_NOTHING, NULL, SAID_DEV},
	{"noexec",       BIND | VOLUME,         ACT_WORD, "rnoexec", SAID_EXEC},        /* as "ro" */
	{"noexec",       TMPFS,                 ACT_WORD, "noexec", SAID_EXEC},
	{"exec",         BIND | VOLUME | TMPFS, ACT_NOTHING, NULL, SAID_EXEC},
	{"noatime",      BIND | VOLUME | TMPFS, ACT_WORD, "noatime"},
	{"relatime",     BIND | VOLUME | TMPFS, ACT_WORD, "relatime"},
	{"strictatime",  BIND | VOLUME | TMPFS, ACT_WORD, "strictatime"},
	{"nodiratime",   BIND | VOLUME | TMPFS, ACT_WORD, "nodiratime"},
	{"bind",         BIND | VOLUME,         ACT_WORD, "bind", SAID_RECURSION},
	{"rbind",        BIND | VOLUME,         ACT_WORD, "rbind", SAID_RECURSION},
	{"private",      BIND | VOLUME,         ACT_WORD, "private", SAID_PROPAGATION},
	{"rprivate",     BIND | VOLUME,         ACT_WORD, "rprivate", SAID_PROPAGATION},
	{"shared",       BIND | VOLUME,         ACT_WORD, "shared", SAID_PROPAGATION},
	{"rshared",      BIND | VOLUME,         ACT_WORD, "rshared", SAID_PROPAGATION},
	{"slave",        BIND | VOLUME,         ACT_WORD, "slave", SAID_PROPAGATION},
	{"rslave",       BIND | VOLUME,         ACT_WORD, "rslave", SAID_PROPAGATION},
	{"unbindable",   BIND | VOLUME,         ACT_WORD, "unbindable", SAID_PROPAGATION},
	{"runbindable",  BIND | VOLUME,         ACT_WORD, "runbindable", SAID_PROPAGATION},
	{"idmap",        BIND | VOLUME,         ACT_WORD, "idmap"},
	{"ridmap",       BIND | VOLUME,         ACT_WORD, "ridmap"},
	{"nocopy",       VOLUME | BIND,         ACT_NO_COPY},
	{"copy",         VOLUME,                ACT_NOTHING},
	{"tmpcopyup",    TMPFS,                 ACT_NOTHING},
	{"notmpcopyup",  TMPFS,                 ACT_NOTHING, NULL, SAID_COPY},
	{"consistent",   BIND | VOLUME,         ACT_NOTHING},
	{"cached",       BIND | VOLUME,         ACT_NOTHING},
	{"delegated",    BIND | VOLUME,         ACT_NOTHING},
	{"z",            BIND | VOLUME,         ACT_REFUSED, relabel_why},
	{"Z",            BIND | VOLUME,         ACT_REFUSED, relabel_why},
	{"U",            BIND | VOLUME | TMPFS, ACT_REFUSED, chown_why},
	{"O",            BIND | VOLUME,         ACT_REFUSED, "the annotation org.crun-lite.copies=DESTINATION makes a throw-away copy of what is bound there (--annotation)"},
};

/* With a value: the file system's, or the map's. */
static const struct word valued[] = {
	{"idmap=",     BIND | VOLUME, ACT_VALUE},
	{"ridmap=",    BIND | VOLUME, ACT_VALUE},
	{"size=",      TMPFS, ACT_VALUE},
	{"mode=",      TMPFS, ACT_VALUE, NULL, SAID_MODE},
	{"uid=",       TMPFS, ACT_VALUE},
	{"gid=",       TMPFS, ACT_VALUE},
	{"nr_inodes=", TMPFS, ACT_VALUE},
	{"nr_blocks=", TMPFS, ACT_VALUE},
	{"huge=",      TMPFS, ACT_VALUE},
	{"mpol=",      TMPFS, ACT_VALUE},
	{"upperdir=",  BIND | VOLUME, ACT_REFUSED, "the annotations org.crun-lite.copies and org.crun-lite.upper say what is copied, and where the copy goes"},
	{"workdir=",   BIND | VOLUME, ACT_REFUSED, "the annotations org.crun-lite.copies and org.crun-lite.upper say what is copied, and where the copy goes"},
};

/* ---- those of --mount ---- */

static const struct word keys[] = {
	{"type",             BIND | VOLUME | TMPFS, ACT_TYPE},
	{"source",           BIND | VOLUME | TMPFS, ACT_SOURCE},
	{"src",              BIND | VOLUME | TMPFS, ACT_SOURCE},
	{"destination",      BIND | VOLUME | TMPFS, ACT_DESTINATION},
	{"dest",             BIND | VOLUME | TMPFS, ACT_DESTINATION},
	{"dst",              BIND | VOLUME | TMPFS, ACT_DESTINATION},
	{"target",           BIND | VOLUME | TMPFS, ACT_DESTINATION},
	{"bind-propagation", BIND,                  ACT_PROPAGATION},
	{"bind-nonrecursive", BIND,                 ACT_RECURSION},
	{"bind-recursive",   BIND,                  ACT_RECURSION},
	{"volume-nocopy",    VOLUME,                ACT_NO_COPY},
	{"tmpfs-size",       TMPFS,                 ACT_SIZE},
	{"tmpfs-mode",       TMPFS,                 ACT_MODE},
	{"U",                BIND | VOLUME | TMPFS, ACT_CHOWN},
	{"chown",            BIND | VOLUME | TMPFS, ACT_CHOWN},
	{"relabel",          BIND | VOLUME,         ACT_REFUSED, relabel_why},
	{"volume-driver",    VOLUME,                ACT_REFUSED, "volumes are directories: mount what the driver would on the host, and name it with type=bind"},
	{"volume-opt",       VOLUME,                ACT_REFUSED, "volumes are directories: mount what the driver would on the host, and name it with type=bind"},
	{"volume-label",     VOLUME,                ACT_REFUSED, "volumes have no labels"},
	{"subpath",          VOLUME,                ACT_REFUSED, "a path inside a volume is the containers' to change: bind a directory of the host instead"},
	{"volume-subpath",   VOLUME,                ACT_REFUSED, "a path inside a volume is the containers' to change: bind a directory of the host instead"},
	{"consistency",      BIND,                  ACT_NOTHING},
	{"notmpcopyup",      TMPFS,                 ACT_NOTHING, NULL, SAID_COPY},
};

static const struct { const char *name; } kind_names[KINDS] = {{"bind"}, {"volume"}, {"tmpfs"}};

static int refuse(const struct wish *w, const char *word, const char *why, struct error *err)
{
	error_set(err, ENOTSUP, "--%s %.200s: %s", w->flag, w->given, word);
	return error_hint(err, "%s", why);
}

static int unknown(const struct wish *w, const char *word, struct error *err)
{
	error_set(err, ERROR_SAID, "--%s %.200s: %s is no option of a %s mount", w->flag, w->given, word, kind_names[w->kind].name);
	return error_hint(err, "docs/run.md lists them");
}

static int add_word(struct wish *w, const char *word, struct error *err)
{
	if (w->n == WORDS_MAX)
		return error_set(err, ERROR_SAID, "--%s %.200s: too many options", w->flag, w->given);
	w->words[w->n++] = word;
	return word ? 0 : edit_no_memory(err);
}

static int act_on(struct wish *w, const struct word *o, const char *word, struct error *err)
{
	w->said |= o->said;
	switch (o->act) {
	case ACT_WORD:
		return add_word(w, o->word, err);
	case ACT_VALUE:
		return add_word(w, word, err);
	case ACT_READONLY:
		/* Of a tree all of it, as docker since 25: "ro" alone leaves what is mounted below as it is. */
		return add_word(w, w->kind == KIND_TMPFS ? "ro" : "rro", err);
	case ACT_NO_COPY:
		w->no_copy = true;
		return 0;
	case ACT_REFUSED:
		return refuse(w, word, o->word, err);
	default:
		return 0;
	}
}

static const struct word *find_word(const struct wish *w, const char *word)
{
	for (size_t i = 0; i < COUNT(words); i++)
		if ((words[i].kinds >> w->kind & 1) && strcmp(words[i].name, word) == 0)
			return &words[i];
	for (size_t i = 0; i < COUNT(valued); i++)
		if ((valued[i].kinds >> w->kind & 1) && strncmp(valued[i].name, word, strlen(valued[i].name)) == 0)
			return &valued[i];
	return NULL;
}

static int take_word(struct wish *w, const char *word, struct error *err)
{
	const struct word *o = find_word(w, word);

	return o ? act_on(w, o, word, err) : unknown(w, word, err);
}

static int take_words(struct wish *w, char *list, struct error *err)
{
	char *word;
	int r = 0;

	while (r == 0 && (word = strsep(&list, ",")))
		if (*word)
			r = take_word(w, word, err);
	return r;
}

/* ---- where it comes from, where it goes ---- */

/* By the text alone: what is below the root is looked at by init. */
static int check_destination(const struct wish *w, struct error *err)
{
	const char *d = w->destination;

	if (!d || d[0] != '/')
		return edit_expected(w->flag, w->given, "an absolute path in the container", "such as /data", err);
	if (d[strspn(d, "/.")] == '\0')
		return edit_expected(w->flag, w->given, "another path in the container than its root", "such as /data", err);
	for (const char *p = d; (p = strstr(p, "/..")); p += 3)
		if (!p[3] || p[3] == '/')
			return edit_expected(w->flag, w->given, "a path in the container without ..", "such as /data", err);
	return 0;
}

/* Links are followed here, once. */
static int resolve_source(struct wish *w, struct config *c, struct error *err)
{
	cleanup_free char *real = realpath(w->source, NULL);

	if (!real) {
		error_set(err, errno, "--%s %.200s: find %s", w->flag, w->given, w->source);
		if (err->code == ENOENT)
			error_hint(err, "the source must exist on the host; a name without a slash is a volume, which is made by itself");
		return -err->code;
	}
	w->source = edit_copy(c, real, strlen(real));
	return w->source ? 0 : edit_no_memory(err);
}

/* docker's rule: a path begins with a slash or a dot. */
static int choose_kind(struct wish *w, struct error *err)
{
	const char *s = w->source;

	w->kind = s[0] == '/' || s[0] == '.' ? KIND_BIND : KIND_VOLUME;
	if (w->kind == KIND_VOLUME && strchr(s, '/')) {
		error_set(err, ERROR_SAID, "--%s %.200s: %s is neither a name nor a path", w->flag, w->given, s);
		return error_hint(err, "a name has no slash; a path begins with / or ./, as ./%s", s);
	}
	return 0;
}

/* It is made and held when all else is known to make sense (flags_hold). */
static int name_volume(struct flags_work *work, const struct wish *w, struct mount *m, struct error *err)
{
	struct config *c = work->config;
	const char *old = config_annotation(c, VOLUMES_ANNOTATION);
	char path[PATH_MAX];
	int r = volume_path(work->place->store, w->source, path, err);

	if (r < 0)
		return r;
	m->source.s = edit_copy(c, path, strlen(path));
	m->volume = w->source;
	m->no_copy = w->no_copy;
	m->fill = work->place->dry && !w->no_copy;
	if (!m->source.s)
		return edit_no_memory(err);
	return edit_set_pair(c, &c->annotations, VOLUMES_ANNOTATION, old ? edit_format(c, "%s,%s", old, w->source) : w->source, err);
}

/* ---- into the configuration ---- */

static size_t path_len(const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return len;
}

static bool is_same(const char *a, const char *b)
{
	return path_len(a) == path_len(b) && strncmp(a, b, path_len(a)) == 0;
}

/* What the configuration mounts there gives way, at its place: what is mounted below it comes behind. */
static struct mount *place_for(struct config *c, const char *destination)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (is_same(c->mounts.v[i].destination.s, destination))
			return &c->mounts.v[i];
	return edit_grow(c, &c->mounts, sizeof(struct mount));
}

static int set_options(struct config *c, const struct wish *w, struct mount *m, struct error *err)
{
	static const struct { unsigned kinds, said; const char *tree, *other; } defaults[] = {
		{BIND | VOLUME, SAID_RECURSION, "rbind"},
		{BIND | VOLUME, SAID_PROPAGATION, "rprivate"},
		{BIND | VOLUME | TMPFS, SAID_SUID, "rnosuid", "nosuid"},
		{BIND | VOLUME | TMPFS, SAID_DEV, "rnodev", "nodev"},
		{TMPFS, SAID_EXEC, NULL, "noexec"},
		{TMPFS, SAID_MODE, NULL, "mode=1777"},
		{TMPFS, SAID_COPY, NULL, "tmpcopyup"},
	};
	int r = 0;

	for (size_t i = 0; i < COUNT(defaults) && r == 0; i++)
		if ((defaults[i].kinds >> w->kind & 1) && !(w->said & defaults[i].said))
			r = edit_add_text(c, &m->options, w->kind == KIND_TMPFS ? defaults[i].other : defaults[i].tree, err);
	for (size_t i = 0; i < w->n && r == 0; i++)
		r = edit_add_text(c, &m->options, w->words[i], err);
	return r;
}

static int add_mount(struct flags_work *work, struct wish *w, struct error *err)
{
	struct config *c = work->config;
	struct mount m = {.links_followed = w->kind != KIND_TMPFS, .flag = true}, *to;
	int r = check_destination(w, err);

	if (r == 0 && w->kind == KIND_BIND)
		r = resolve_source(w, c, err);
	if (r < 0)
		return r;
	m.destination.s = edit_copy(c, w->destination, path_len(w->destination));
	m.type.s = w->kind == KIND_TMPFS ? "tmpfs" : "bind";
	m.source.s = w->kind == KIND_TMPFS ? "tmpfs" : w->source;
	if (!m.destination.s)
		return edit_no_memory(err);
	if (w->kind == KIND_VOLUME)
		r = name_volume(work, w, &m, err);
	if (r == 0)
		r = set_options(c, w, &m, err);
	to = r == 0 ? place_for(c, m.destination.s) : NULL;
	if (r == 0 && to && to->flag) {
		error_set(err, ERROR_SAID, "--%s %.200s: something is mounted on %s already by another flag", w->flag, w->given, m.destination.s);
		return -err->code;
	}
	if (r == 0 && !to)
		r = edit_no_memory(err);
	if (r == 0)
		*to = m;
	return r;
}

/* ---- the flags ---- */

/* [SRC:]DST[:OPTIONS] */
static int take_volume(struct flags_work *work, const char *given, struct error *err)
{
	cleanup_free char *copy = strdup(given);
	char *rest = copy, *parts[3] = {NULL};
	struct wish w = {.flag = "volume", .given = given};
	size_t n = 0;
	int r = 0;

	while (rest && n < 3)
		parts[n++] = strsep(&rest, ":");
	if (!copy || rest || !*parts[0] || (n > 1 && !*parts[1]))
		return copy ? edit_expected("volume", given, "SOURCE:DESTINATION[:OPTIONS]", "such as ./src:/src:ro or data:/var/lib/data", err)
		            : edit_no_memory(err);
	/* Alone it is as a VOLUME of an image: for this container only. */
	w.kind = KIND_TMPFS;
	w.destination = n == 1 ? parts[0] : parts[1];
	w.source = n == 1 ? NULL : parts[0];
	w.said = n == 1 ? SAID_EXEC | SAID_MODE : 0;
	if (w.source)
		r = choose_kind(&w, err);
	if (r == 0 && w.kind == KIND_VOLUME)
		r = (w.source = edit_copy(work->config, w.source, strlen(w.source))) ? 0 : edit_no_memory(err);
	if (r == 0 && n == 3) {
		char *list = (char *)edit_copy(work->config, parts[2], strlen(parts[2]));

		r = list ? take_words(&w, list, err) : edit_no_memory(err);
	}
	return r < 0 ? r : add_mount(work, &w, err);
}

/* PATH[:OPTIONS] */
static int take_tmpfs(struct flags_work *work, const char *given, struct error *err)
{
	char *copy = (char *)edit_copy(work->config, given, strlen(given)), *rest = copy;
	struct wish w = {.flag = "tmpfs", .given = given, .kind = KIND_TMPFS};
	int r;

	if (!copy)
		return edit_no_memory(err);
	w.destination = strsep(&rest, ":");
	r = rest ? take_words(&w, rest, err) : 0;
	return r < 0 ? r : add_mount(work, &w, err);
}

static const struct word *find_key(const char *key, size_t len)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strncmp(keys[i].name, key, len) == 0 && !keys[i].name[len])
			return &keys[i];
	return NULL;
}

static bool is_true(const char *value)
{
	return !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
}

static int take_kind(struct wish *w, const char *value, struct error *err)
{
	for (size_t i = 0; i < KINDS; i++)
		if (value && strcmp(kind_names[i].name, value) == 0) {
			w->kind = (enum kind)i;
			return 0;
		}
	return edit_expected("mount", w->given, "type=bind, type=volume or type=tmpfs", "such as type=bind,src=./data,dst=/data", err);
}

static int take_size(struct config *c, struct wish *w, const char *value, struct error *err)
{
	uint64_t size = 0;

	if (!value || !units_bytes(value, &size) || !size)
		return edit_expected("mount", w->given, "tmpfs-size=SIZE", "such as 64m", err);
	return add_word(w, edit_format(c, "size=%llu", (unsigned long long)size), err);
}

static int take_mode(struct config *c, struct wish *w, const char *value, struct error *err)
{
	if (!value || !*value || value[strspn(value, "01234567")] || strlen(value) > 5)
		return edit_expected("mount", w->given, "tmpfs-mode=MODE", "in octal, such as 1777", err);
	w->said |= SAID_MODE;
	return add_word(w, edit_format(c, "mode=%s", value), err);
}

static int take_propagation(struct wish *w, const char *value, struct error *err)
{
	const struct word *o = value ? find_word(w, value) : NULL;

	if (!o || o->said != SAID_PROPAGATION)
		return edit_expected("mount", w->given, "bind-propagation=private, shared, slave or one of them with an r in front", "rprivate is the default", err);
	return act_on(w, o, value, err);
}

static int take_recursion(struct wish *w, const char *key, const char *value, struct error *err)
{
	bool recursive = strcmp(key, "bind-nonrecursive") == 0 ? !is_true(value) : !value || strcmp(value, "disabled") != 0;

	w->said |= SAID_RECURSION;
	return add_word(w, recursive ? "rbind" : "bind", err);
}

static int take_key(struct flags_work *work, struct wish *w, char *word, struct error *err)
{
	char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);
	const struct word *o = find_key(word, len);

	if (value)
		*value++ = '\0';
	if (!o) {
		/* ro=true, noexec, idmap=...: as behind SRC:DST: */
		o = find_word(w, word);
		if (o && value && (strcmp(value, "false") == 0 || strcmp(value, "0") == 0) && o->act == ACT_READONLY)
			return 0;
		if (value)
			value[-1] = '=';
		if (!o || !is_true(value))
			return take_word(w, word, err);
		return act_on(w, o, word, err);
	}
	if (!(o->kinds >> w->kind & 1))
		return unknown(w, word, err);
	switch (o->act) {
	case ACT_SOURCE:
		w->source = value;
		return value && *value ? 0 : edit_expected("mount", w->given, "src=SOURCE", "such as src=./data", err);
	case ACT_DESTINATION:
		w->destination = value;
		return 0;
	case ACT_PROPAGATION:
		return take_propagation(w, value, err);
	case ACT_RECURSION:
		return take_recursion(w, word, value, err);
	case ACT_SIZE:
		return take_size(work->config, w, value, err);
	case ACT_MODE:
		return take_mode(work->config, w, value, err);
	case ACT_CHOWN:
		return is_true(value) ? refuse(w, word, chown_why, err) : 0;
	case ACT_NO_COPY:
		w->no_copy = is_true(value);
		return 0;
	default:
		return act_on(w, o, word, err);
	}
}

/* Its type decides what the others mean, wherever it stands; volume without one, as docker and podman. */
static int find_type(struct wish *w, const char *list, struct error *err)
{
	cleanup_free char *copy = strdup(list);
	char *rest = copy, *word;
	int r = 0;

	w->kind = KIND_VOLUME;
	while (r == 0 && (word = strsep(&rest, ",")))
		if (strncmp(word, "type=", 5) == 0)
			r = take_kind(w, word + 5, err);
	return copy ? r : edit_no_memory(err);
}

static int check_source(struct wish *w, struct error *err)
{
	if (w->kind == KIND_TMPFS && w->source)
		return edit_expected("mount", w->given, "no source, for it is a tmpfs,", "leave src= out", err);
	if (w->kind == KIND_BIND && !w->source)
		return edit_expected("mount", w->given, "src=SOURCE", "such as type=bind,src=./data,dst=/data", err);
	if (w->kind == KIND_VOLUME && w->source)
		return volume_check_name(w->source, err);
	/* As -v DST. */
	if (w->kind == KIND_VOLUME) {
		w->kind = KIND_TMPFS;
		w->said |= SAID_EXEC | SAID_MODE;
	}
	return 0;
}

static int take_mount(struct flags_work *work, const char *given, struct error *err)
{
	char *rest = (char *)edit_copy(work->config, given, strlen(given)), *word;
	struct wish w = {.flag = "mount", .given = given};
	int r = rest ? find_type(&w, given, err) : edit_no_memory(err);

	while (r == 0 && (word = strsep(&rest, ",")))
		if (*word && strncmp(word, "type=", 5) != 0)
			r = take_key(work, &w, word, err);
	if (r == 0)
		r = check_source(&w, err);
	return r < 0 ? r : add_mount(work, &w, err);
}

static unsigned depth(const char *path)
{
	unsigned n = 0;

	for (size_t i = 0; i < path_len(path); i++)
		n += path[i] == '/' && path[i + 1] != '/';
	return n;
}

/* What lies deeper comes later, whatever the order of the flags; those of the configuration stay where they are. */
static void sort(struct mount *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && depth(v[k].destination.s) < depth(v[k - 1].destination.s); k--) {
			struct mount swapped = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swapped;
		}
}

int flags_mounts(struct flags_work *w, struct error *err)
{
	const struct run_flags *f = w->flags;
	const struct { const struct strings *list; int (*take)(struct flags_work *, const char *, struct error *); } kinds[] = {
		{&f->volumes, take_volume}, {&f->mounts, take_mount}, {&f->tmpfs, take_tmpfs},
	};
	size_t before = w->config->mounts.n;
	int r = 0;

	for (size_t k = 0; k < COUNT(kinds); k++)
		for (size_t i = 0; i < kinds[k].list->n && r == 0; i++)
			r = kinds[k].take(w, kinds[k].list->v[i], err);
	if (r == 0)
		sort(w->config->mounts.v + before, w->config->mounts.n - before);
	return r;
}

int flags_hold(const struct flags_place *place, struct config *c, struct flags_kept *kept, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < c->mounts.n && r == 0 && !place->dry; i++) {
		struct mount *m = &c->mounts.v[i];
		const struct volume_wish wish = {
			.store = place->store,
			.name = m->volume,
			.copy = !m->no_copy,
			.uid = userns_maps(c, MAP_UIDS, 0) ? userns_host_id(c, MAP_UIDS, 0) : geteuid(),
			.gid = userns_maps(c, MAP_GIDS, 0) ? userns_host_id(c, MAP_GIDS, 0) : getegid(),
		};

		if (m->volume)
			r = volume_use(&kept->volumes, &wish, &m->fill, err);
	}
	return r;
}
