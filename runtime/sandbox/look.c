/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "spec/json.h"

/* Of two for the same path the later counts. */
enum { MOUNTED, SECRET, EMPTY, WORK, ASKED };

#define SIZE_DEFAULT "size=25%"

/* ---- strings that live as long as the facts ---- */

static const char *keep(struct sandbox_facts *f, char *s)
{
	char **v = s ? reallocarray(f->memory, f->n_memory + 1, sizeof(*v)) : NULL;

	if (!v) {
		free(s);
		return NULL;
	}
	f->memory = v;
	return f->memory[f->n_memory++] = s;
}

static const char *join(struct sandbox_facts *f, const char *a, const char *b, const char *c)
{
	char *s;

	return asprintf(&s, "%s%s%s", a, b, c) < 0 ? NULL : keep(f, s);
}

static int no_memory(struct error *err)
{
	return error_set(err, ENOMEM, "read the flags");
}

static int add(struct sandbox_facts *f, enum sandbox_view view, const char *source, const char *path, const char *options,
               unsigned order, struct error *err)
{
	if (!path || (source == NULL && view <= VIEW_COPY && view != VIEW_NONE))
		return no_memory(err);
	if (f->n == SANDBOX_PLACES_MAX)
		return error_set(err, E2BIG, "show and hide more than %d paths", SANDBOX_PLACES_MAX);
	f->places[f->n++] = (struct sandbox_place){view, source, path, options, order};
	return 0;
}

/* ---- paths ---- */

/* Absolute, from the working directory; without ".", "..", and slashes that say nothing. */
static const char *normalise(struct sandbox_facts *f, const char *path)
{
	char *out = malloc(strlen(f->cwd) + strlen(path) + 3);
	const char *parts[] = {path[0] == '/' ? "" : f->cwd, path};
	size_t n = 0;

	for (size_t i = 0; out && i < 2; i++)
		for (const char *p = parts[i]; *p;) {
			size_t len = strcspn(p, "/");

			if (len == 2 && memcmp(p, "..", 2) == 0) {
				while (n > 0 && out[--n] != '/')
					;
			} else if (len > 0 && !(len == 1 && *p == '.')) {
				out[n++] = '/';
				memcpy(out + n, p, len);
				n += len;
			}
			p += len + (p[len] == '/');
		}
	if (out && n == 0)
		out[n++] = '/';
	if (out)
		out[n] = '\0';
	return keep(f, out);
}

/* Is `path` the directory `above`, or in it? */
static bool is_in(const char *path, const char *above)
{
	size_t n = strlen(above);

	if (n == 1)             /* "/" */
		return true;
	return strncmp(path, above, n) == 0 && (!path[n] || path[n] == '/');
}

/* Who cannot be reached by us is shown to nobody in there; what fails otherwise is not for us to guess. */
static bool is_absent(int code)
{
	return code == ENOENT || code == ENOTDIR || code == EACCES || code == ELOOP;
}

/* 1, 0, or that it cannot be told. */
static int is_directory(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return S_ISDIR(st.st_mode);
	return is_absent(errno) ? 0 : error_set(err, errno, "look at %s", path);
}

/* No link in it; who looks again later (org.crun-lite.sources) will see one that comes meanwhile. */
static int check_no_links(const char *flag, const char *path, struct error *err)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	cleanup_close int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd >= 0)
		return 0;
	error_set(err, errno, "%s %s", flag, path);
	if (err->code == ELOOP)
		error_hint(err, "a symbolic link that lies in the working directory is not followed: whoever wrote that directory would choose "
		                "what is shown; name where it leads");
	return -err->code;
}

/*
 * A path of the host as the kernel has it.  Links that the host's owner made are followed now, as the user sees them; those of the
 * working directory, which may be anybody's, are not.
 */
static int find_source(struct sandbox_facts *f, const char *flag, const char *given, const char **ret, struct error *err)
{
	const char *path = normalise(f, given);
	char *real;

	if (!path)
		return no_memory(err);
	*ret = path;
	if (given[0] != '/' || (f->cwd[1] && is_in(path, f->cwd)))
		return check_no_links(flag, path, err);
	real = realpath(path, NULL);
	if (!real)
		return error_set(err, errno, "%s %s", flag, path);
	*ret = keep(f, real);
	return *ret ? 0 : no_memory(err);
}

/* ---- what is shown ---- */

static bool is_host(const struct sandbox *s, const struct sandbox_facts *f)
{
	return !f->layers && (!s->root || strcmp(f->root, "/") == 0);
}

/* PATH or PATH:DESTINATION, which begins with a slash. */
static int show(const struct sandbox *s, struct sandbox_facts *f, const char *flag, enum sandbox_view view, const char *given,
                struct error *err)
{
	const char *colon = strrchr(given, ':'), *source = NULL, *path;
	bool split = colon && colon > given && colon[1] == '/';
	const char *word = split ? keep(f, strndup(given, (size_t)(colon - given))) : given;
	int r = word ? find_source(f, flag, word, &source, err) : no_memory(err);

	if (r < 0)
		return r;
	path = split ? normalise(f, colon + 1) : is_host(s, f) ? source : normalise(f, word);
	return add(f, view, source, path, NULL, ASKED, err);
}

static int show_all(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	const struct {
		const char *flag;
		enum sandbox_view view;
		const struct strings *list;
	} lists[] = {{"--ro", VIEW_RO, &s->ro}, {"--rw", VIEW_RW, &s->rw}};

	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < lists[i].list->n; k++)
			if (show(s, f, lists[i].flag, lists[i].view, lists[i].list->v[k], err) < 0)
				return -err->code;
	return 0;
}

static int add_tmpfs(struct sandbox_facts *f, const char *given, struct error *err)
{
	const char *colon = strrchr(given, ':');
	const char *word = colon ? keep(f, strndup(given, (size_t)(colon - given))) : given;

	if (!word)
		return no_memory(err);
	if (colon && (!colon[1] || colon[1 + strspn(colon + 1, "0123456789kKmMgG%")])) {
		error_set(err, ERROR_SAID, "--tmpfs %s: no size behind the colon", given);
		return error_hint(err, "such as /scratch:64m, or /scratch:10%%");
	}
	return add(f, VIEW_TMPFS, NULL, normalise(f, word), colon ? join(f, "mode=1777,", "size=", colon + 1) : "mode=1777," SIZE_DEFAULT,
	           ASKED, err);
}

static int change(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	for (size_t i = 0; i < s->tmpfs.n; i++)
		if (add_tmpfs(f, s->tmpfs.v[i], err) < 0)
			return -err->code;
	for (size_t i = 0; i < s->hide.n; i++) {
		const char *path = normalise(f, s->hide.v[i]);

		if (path && !path[1])
			return error_set(err, ERROR_SAID, "--hide /: nothing would be left");
		if (add(f, VIEW_HIDE, NULL, path, NULL, ASKED, err) < 0)
			return -err->code;
	}
	return 0;
}

static int add_work(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	static const struct { const char *word; enum sandbox_view view; } words[] = {
		{"ro", VIEW_RO}, {"rw", VIEW_RW}, {"copy", VIEW_COPY}, {"none", VIEW_NONE},
	};
	const char *word = s->work ?: "ro";

	for (size_t i = 0; i < 4; i++) {
		if (strcmp(words[i].word, word) != 0)
			continue;
		if (words[i].view == VIEW_NONE || !f->cwd[1])
			return 0;
		if (check_no_links("the working directory", f->cwd, err) < 0)
			return -err->code;
		return add(f, words[i].view, f->cwd, f->cwd, NULL, WORK, err);
	}
	return error_set(err, ERROR_SAID, "--work %s: ro, rw, copy or none is expected", word);
}

/* ---- what is not ---- */

static int add_empty(const struct sandbox *s, struct sandbox_facts *f, bool readonly, struct error *err)
{
	static const struct { const char *path, *options; } empty[] = {
		{"/run", "mode=0755," SIZE_DEFAULT}, {"/tmp", "mode=1777," SIZE_DEFAULT}, {"/var/tmp", "mode=1777," SIZE_DEFAULT},
	};

	for (size_t i = 0; i < 3; i++) {
		const char *there = f->root[1] ? join(f, f->root, empty[i].path, "") : empty[i].path;
		int r = 1;

		if (!there)
			return no_memory(err);
		/* A link leads to another of them; and what is read-only gets no new directories. */
		if (readonly || is_host(s, f))
			r = is_directory(there, err);
		if (r > 0)
			r = add(f, VIEW_TMPFS, NULL, empty[i].path, empty[i].options, EMPTY, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* An ordinary user may not even look into what is somebody else's; a directory that can only be entered (0711) matters. */
static int matters(const struct sandbox_facts *f, const char *path, struct error *err)
{
	static const struct { int mode, flags; } asked[] = {{F_OK, AT_SYMLINK_NOFOLLOW}, {R_OK, AT_EACCESS}, {X_OK, AT_EACCESS}};

	for (size_t i = f->ordinary ? 1 : 0; i < (f->ordinary ? 3 : 1); i++) {
		if (faccessat(AT_FDCWD, path, asked[i].mode, asked[i].flags) == 0)
			return 1;
		if (!is_absent(errno))
			return error_set(err, errno, "look at %s, which would be hidden", path);
	}
	return 0;
}

static int hide(struct sandbox_facts *f, const char *path, struct error *err)
{
	int r = path ? matters(f, path, err) : no_memory(err);

	return r > 0 ? add(f, VIEW_HIDE, NULL, path, NULL, SECRET, err) : r;
}

static bool shows_of_home(const struct sandbox_facts *f, const char *home)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->places[i].order >= WORK && f->places[i].view <= VIEW_COPY &&
		    (is_in(home, f->places[i].path) || is_in(f->places[i].path, home)))
			return true;
	return false;
}

static int hide_in_home(struct sandbox_facts *f, const char *home, struct error *err)
{
	if (!shows_of_home(f, home))
		return 0;
	for (const char *const *name = sandbox_home_secrets; *name; name++)
		if (hide(f, join(f, home, "/", *name), err) < 0)
			return -err->code;
	return 0;
}

static int hide_secrets(struct sandbox_facts *f, const char *home, struct error *err)
{
	for (const char *const *path = sandbox_secrets; *path; path++)
		if (hide(f, *path, err) < 0)
			return -err->code;
	if (home && hide_in_home(f, home, err) < 0)
		return -err->code;
	return home && strcmp(home, "/root") == 0 ? 0 : hide_in_home(f, "/root", err);
}

/* The caller's own, empty; a directory that is read-only can have no new one. */
static int add_home(struct sandbox_facts *f, const char *home, bool readonly, struct error *err)
{
	const char *owner = "";

	snprintf(f->home, sizeof(f->home), "/tmp");
	if (home && readonly) {
		int r = is_directory(home, err);

		if (r <= 0)
			return r;
	}
	if (!home)
		return 0;
	snprintf(f->home, sizeof(f->home), "%s", home);
	if (f->user) {
		char *text;

		owner = asprintf(&text, ",uid=%u,gid=%u", f->user, f->group) < 0 ? NULL : keep(f, text);
	}
	return owner ? add(f, VIEW_TMPFS, NULL, home, join(f, "mode=0700," SIZE_DEFAULT, owner, ""), EMPTY, err) : no_memory(err);
}

static int find_home(struct sandbox_facts *f, const char **ret, struct error *err)
{
	const char *given = getenv("HOME"), *home = given && given[0] == '/' && strlen(given) < PATH_MAX ? normalise(f, given) : NULL;

	int r = 0;

	*ret = home && home[1] ? home : NULL;
	if (!*ret && f->uid == 0)
		r = is_directory("/root", err);
	if (r > 0)
		*ret = "/root";
	return r < 0 ? r : 0;
}

/* An overlay shows nothing of what is mounted over its layer: the file systems directly below "/" come by themselves. */
static int add_mounted(struct sandbox_facts *f, struct error *err)
{
	static const char *const ours[] = {"proc", "sys", "dev", "run", "tmp"};
	DIR *dir = opendir("/");
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return error_set(err, errno, "read the directory /");
	while (r == 0 && (entry = readdir(dir))) {
		struct statx st;
		bool skip = entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN);

		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			skip = skip || strcmp(entry->d_name, ours[i]) == 0;
		if (skip || statx(dirfd(dir), entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
			continue;
		if (S_ISDIR(st.stx_mode) && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
			const char *path = join(f, "/", entry->d_name, "");

			r = add(f, VIEW_RO, path, path, NULL, MOUNTED, err);
		}
	}
	closedir(dir);
	return r;
}

/* ---- the root ---- */

static int absolute(struct sandbox_facts *f, const char *flag, const char *given, char *ret, struct error *err)
{
	const char *path = normalise(f, given);

	if (!path)
		return no_memory(err);
	if ((size_t)snprintf(ret, PATH_MAX, "%s", path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "%s %.64s...", flag, path);
	return 0;
}

static int look_at_root(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	int r;

	if (!realpath(s->root ?: "/", f->root))
		return error_set(err, errno, "--root %s", s->root);
	r = f->root[1] ? is_directory(f->root, err) : 1;
	return r == 0 ? error_set(err, ENOTDIR, "--root %s", s->root) : r < 0 ? r : 0;
}

static bool is_disk(const char *upper)
{
	return strncmp(upper, "disk", 4) == 0 && (!upper[4] || (upper[4] == ':' && upper[5] == '/'));
}

static bool is_tmpfs(const char *upper)
{
	return strncmp(upper, "tmpfs", 5) == 0 && (!upper[5] || (upper[5] == ':' && upper[6]));
}

static int look_at_upper(const struct sandbox *s, struct sandbox_facts *f, bool *ret_readonly, struct error *err)
{
	bool overlay = is_host(s, f) && f->ordinary ? false : true;
	const char *upper = s->upper ?: s->keep_upper || overlay ? s->upper ?: "tmpfs" : "none";

	if (s->keep_upper && s->upper)
		return error_set(err, ERROR_SAID, "--upper and --keep-upper are given: it is written to one of them");
	if (strcmp(upper, "none") != 0 && !is_tmpfs(upper) && !is_disk(upper)) {
		error_set(err, ERROR_SAID, "--upper %s: tmpfs, tmpfs:SIZE, disk, disk:/DIR or none is expected", upper);
		return error_hint(err, "what is written to the root goes into memory, to a disk, or is refused");
	}
	*ret_readonly = strcmp(upper, "none") == 0;
	if (!overlay && !*ret_readonly) {
		error_set(err, EPERM, "lay an overlay over / as an ordinary user");
		return error_hint(err, "the kernel keeps what is mounted below / together; leave --upper out (the root is read-only then), or use "
		                       "--work copy, --tmpfs PATH, or --root");
	}
	if (s->keep_upper && absolute(f, "--keep-upper", s->keep_upper, f->keep, err) < 0)
		return -err->code;
	return is_disk(upper) ? absolute(f, "--upper", upper[4] ? upper + 5 : "/var/tmp", f->scratch, err) : 0;
}

/* ---- seccomp ---- */

static int read_profile(const char *path, struct sandbox_facts *f, struct error *err)
{
	cleanup_file FILE *in = fopen(path, "re");
	struct json_doc *doc = NULL;
	char *text = malloc(JSON_SIZE_MAX + 1);
	size_t n = in && text ? fread(text, 1, JSON_SIZE_MAX, in) : 0;
	int r;

	if (!in || !text || ferror(in)) {
		r = error_set(err, in && text ? EIO : errno, "--seccomp %s", path);
		free(text);
		return r;
	}
	text[n] = '\0';
	r = json_parse(text, n, path, &doc, err);
	if (r == 0 && json_root(doc)->type != JSON_OBJECT)
		r = error_set(err, ERROR_SAID, "--seccomp %s: an object like linux.seccomp of config.json is expected", path);
	json_free(doc);
	f->seccomp = keep(f, text);
	f->seccomp_len = n;
	return r;
}

static int look_at_seccomp(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	const char *word = s->seccomp ?: "default";
	char *text;

	if (strcmp(word, "none") == 0)
		return 0;
	if (strcmp(word, "default") != 0)
		return read_profile(word, f, err);
	if (sandbox_default_seccomp(&text, &f->seccomp_len, err) < 0)
		return -err->code;
	f->seccomp = keep(f, text);
	return f->seccomp ? 0 : no_memory(err);
}

/* What is written there would be seen a second time, and could be written to behind the overlay's back. */
static int hide_upper(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	const char *const dirs[] = {f->keep, f->scratch};

	for (size_t i = 0; i < 2 && is_host(s, f); i++)
		if (*dirs[i] && strcmp(dirs[i], "/var/tmp") != 0 && add(f, VIEW_HIDE, NULL, dirs[i], NULL, SECRET, err) < 0)
			return -err->code;
	return 0;
}

/* systemd's resolv.conf is a link into /run, which is empty. */
static int add_resolver(const struct sandbox *s, struct sandbox_facts *f, struct error *err)
{
	const char *real = s->net.n && is_host(s, f) ? keep(f, realpath("/etc/resolv.conf", NULL)) : NULL;

	return real && is_in(real, "/run") ? add(f, VIEW_RO, real, real, NULL, SECRET, err) : 0;
}

/* ---- all ---- */

static int read_user(const char *given, struct sandbox_facts *f, struct error *err)
{
	unsigned long long u, g;
	char rest;

	f->user = f->uid;
	f->group = f->gid;
	if (!given)
		return 0;
	if (given[strspn(given, "0123456789:")] == '\0' && sscanf(given, "%llu:%llu%c", &u, &g, &rest) == 2 && u < UINT32_MAX && g < UINT32_MAX) {
		f->user = (uint32_t)u;
		f->group = (uint32_t)g;
		return 0;
	}
	if (given[strspn(given, "0123456789")] == '\0' && sscanf(given, "%llu%c", &u, &rest) == 1 && u < UINT32_MAX) {
		f->user = f->group = (uint32_t)u;
		return 0;
	}
	error_set(err, ERROR_SAID, "--user %s: UID or UID:GID is expected", given);
	return error_hint(err, "numbers, such as 1000 or 1000:1000: names are the host's, and mean nothing in there");
}


int sandbox_look(const struct sandbox *asked, bool ordinary, struct sandbox_facts *ret, struct error *err)
{
	const char *home = NULL;
	bool host, readonly = false;
	int r;

	ret->ordinary = ordinary;
	ret->uid = geteuid();
	ret->gid = getegid();
	ret->term = getenv("TERM");
	if (!getcwd(ret->cwd, sizeof(ret->cwd)))
		return error_set(err, errno, "find the working directory");
	r = read_user(asked->user, ret, err);
	if (r == 0 && !ret->layers)
		r = look_at_root(asked, ret, err);
	host = r == 0 && is_host(asked, ret);
	if (r == 0)
		r = look_at_upper(asked, ret, &readonly, err);
	if (r == 0 && host && !readonly)
		r = add_mounted(ret, err);
	if (r == 0)
		r = add_empty(asked, ret, readonly, err);
	if (r == 0)
		r = add_work(asked, ret, err);
	if (r == 0)
		r = show_all(asked, ret, err);
	if (r == 0 && host)
		r = find_home(ret, &home, err);
	if (r == 0 && host && !asked->show_secrets)
		r = hide_secrets(ret, home, err);
	if (r == 0 && host && !asked->show_secrets)
		r = add_home(ret, home, readonly, err);
	else if (r == 0 && home)
		snprintf(ret->home, sizeof(ret->home), "%s", home);
	if (r == 0)
		r = hide_upper(asked, ret, err);
	if (r == 0)
		r = add_resolver(asked, ret, err);
	if (r == 0)
		r = change(asked, ret, err);
	if (r == 0)
		r = look_at_seccomp(asked, ret, err);
	return r;
}

void sandbox_forget(struct sandbox_facts *facts)
{
	for (size_t i = 0; i < facts->n_memory; i++)
		free(facts->memory[i]);
	free(facts->memory);
	facts->memory = NULL;
	facts->n_memory = 0;
}
