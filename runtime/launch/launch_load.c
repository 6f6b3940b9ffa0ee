/*
 * launch_load - what is asked for: the bundle, its config.json, who runs us; and the plan that comes of it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/flags/text.h"
#include "runtime/flags/volumes.h"
#include "runtime/users/caller.h"
#include "runtime/launch/console.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/labels.h"
#include "runtime/users/maps.h"
#include "runtime/launch/overrides.h"
#include "runtime/plan/build.h"
#include "runtime/plan/extras.h"
#include "spec/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int read_text(const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close_soon int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup_free char *text = NULL;
	struct stat st;
	ssize_t n;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set(err, errno, "open %s", path);
		if (err->code == ENOENT)
			error_hint(err, "a bundle is a directory with a config.json; `crun-lite spec` makes one");
		return -err->code;
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_SAID, "%s is not a regular file", path);
	if (st.st_size > JSON_SIZE_MAX)
		return error_set(err, ERROR_SAID, "%s is larger than %u bytes", path, JSON_SIZE_MAX);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return error_set(err, ENOMEM, "read %s", path);
	/* A file that grows meanwhile is read as far as it was when it was opened. */
	while (len < (size_t)st.st_size && (n = read(fd, text + len, (size_t)st.st_size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "read %s", path);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	*ret_len = len;
	*ret = steal_ptr(&text);
	return 0;
}

static bool is_plain(const char *path, size_t len)
{
	return path[0] == '/' && len < PATH_MAX && !strstr(path, "/.") && !strstr(path, "//");
}

static int find_bundle(struct launch *l, struct error *err)
{
	const char *bundle = l->options->bundle;
	cleanup_close int fd = -1;
	size_t len = bundle ? strlen(bundle) : 0;
	char link[32];
	ssize_t n;

	if (!bundle)
		return getcwd(l->bundle, sizeof(l->bundle)) ? 0 : error_set(err, errno, "find the working directory");
	while (len > 1 && bundle[len - 1] == '/')
		len--;
	if (is_plain(bundle, len)) {
		memcpy(l->bundle, bundle, len);
		l->bundle[len] = '\0';
		return 0;
	}
	fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, errno, "open the bundle %s", bundle);
		return error_hint(err, "a bundle is a directory with a config.json; `crun-lite spec` makes one");
	}
	/* Two system calls, where realpath(3) makes one for each component. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, l->bundle, sizeof(l->bundle) - 1);
	if (n < 0)
		return error_set(err, errno, "find the path of the bundle %s", bundle);
	l->bundle[n] = '\0';
	return 0;
}

static int find_rootfs(struct launch *l, struct error *err)
{
	const char *path = l->config->root.path.s ?: "";
	int n = path[0] == '/' ? snprintf(l->rootfs, sizeof(l->rootfs), "%s", path)
	                       : snprintf(l->rootfs, sizeof(l->rootfs), "%s/%s", l->bundle, path);

	if ((size_t)n < sizeof(l->rootfs))
		return 0;
	error_set(err, ENAMETOOLONG, "find the root file system %.64s...", path);
	return error_locate(err, l->config->root.path.at);
}

/* Where a sandbox's words lead to: it is not in a file, but may be looked at. */
#define TEXT_NAME "what --print-config prints"

static int take_text(struct launch *l, struct error *err)
{
	l->text = malloc(l->options->text_len + 1);
	if (!l->text)
		return error_set(err, ENOMEM, "make the configuration");
	memcpy(l->text, l->options->text, l->options->text_len + 1);
	l->text_len = l->options->text_len;
	return 0;
}

static void undo_volumes(void *arg)
{
	struct launch *l = arg;

	volumes_not_filled(l->kept.volumes);
}

static struct flags_place place_of(const struct launch *l)
{
	const struct create_options *o = l->options;

	return (struct flags_place){.bundle = l->bundle, .store = o->store, .n_args = o->n_args, .dry = o->dry};
}

static int apply_flags(struct launch *l, struct error *err)
{
	const struct flags_place place = place_of(l);

	return flags_apply(l->options->flags, &place, l->config, &l->kept, err);
}

static int hold_volumes(struct launch *l, struct error *err)
{
	const struct flags_place place = place_of(l);
	int r = flags_hold(&place, l->config, &l->kept, err);

	/* Last of all: when nothing of the container runs any more. */
	if (l->kept.volumes)
		undo_push(&l->undo, undo_volumes, l);
	return r;
}

/* What is kept says what was asked for, and by whom does not matter: exec takes user, environment and capabilities from there. */
static int keep_text(struct launch *l, struct error *err)
{
	char *text = NULL;
	size_t len = 0;
	int r = flags_text(l->config, &text, &len, err);

	if (r < 0)
		return r;
	free(l->text);
	l->text = text;
	l->text_len = len;
	return 0;
}

/*
 * A container that is started again had write access to what is below its mounts' sources: where a flag's was resolved at the first
 * start, a link that is there now is of its making.
 */
static int keep_mounts(const struct keeping *keeping, struct config *config, struct error *err)
{
	for (size_t i = 0; i < config->mounts.n; i++) {
		struct mount *m = &config->mounts.v[i];
		uint64_t bit = 1ull << i % 64;

		if (i < KEPT_MOUNTS_MAX && keeping_again(keeping))
			m->links_followed = keeping->mounts.links_followed[i / 64] & bit;
		if (!m->links_followed)
			continue;
		if (i >= KEPT_MOUNTS_MAX && keeping->policy) {
			error_set(err, ERROR_SAID, "the flag for %s is mount %zu, and --restart is given", m->destination.s, i + 1);
			return error_hint(err, "with --restart flags may mount among the first %d: have fewer mounts, or mount it by config.json",
			                  KEPT_MOUNTS_MAX);
		}
		if (i < KEPT_MOUNTS_MAX)
			keeping->attempt->mounts.links_followed[i / 64] |= bit;
	}
	return 0;
}

int launch_fill_volumes(struct launch *l, struct error *err)
{
	return l->kept.volumes ? volumes_filled(l->kept.volumes, err) : 0;
}

/*
 * Who has a volume is read from the state: a bundle that says so by itself would keep others' from being removed.  At a restart it is our
 * own word.
 */
static bool drop_volumes(struct launch *l)
{
	struct pairs *a = &l->config->annotations;
	size_t kept = 0, n = a->n;

	if (keeping_again(l->options->keeping))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(a->v[i].key, VOLUMES_ANNOTATION) != 0)
			a->v[kept++] = a->v[i];
	a->n = kept;
	return kept < n;
}

/* Whether something else is carried out than the text says. */
static bool text_changes(const struct create_options *o)
{
	return o->flags || o->n_args || o->keep_upper || o->tmpfs_upper || limits_given(&o->limits);
}

int launch_load(struct launch *l, struct error *err)
{
	const struct create_options *options = l->options;
	cleanup_free char *path = NULL;
	bool dropped = false;
	int r = find_bundle(l, err);

	if (r < 0)
		return r;
	if (options->text)
		path = strdup(keeping_again(options->keeping) ? "config.json, as it was at the first start" : TEXT_NAME);
	else if (options->config)
		path = strdup(options->config);
	else if (asprintf(&path, "%s/config.json", l->bundle) < 0)
		path = NULL;
	if (!path)
		return error_set(err, ENOMEM, "load the bundle %s", l->bundle);
	r = options->text ? take_text(l, err) : read_text(path, &l->text, &l->text_len, err);
	if (r == 0)
		r = config_parse(l->text, l->text_len, path, &l->config, err);
	if (r == 0)
		dropped = drop_volumes(l);
	if (r == 0)
		r = limits_apply(&options->limits, l->config, err);
	if (r == 0)
		r = overrides_apply(options, l->config, err);
	if (r == 0 && options->flags)
		r = apply_flags(l, err);
	if (r == 0 && (dropped || text_changes(options)))
		r = keep_text(l, err);
	if (r == 0 && options->keeping)
		r = keep_mounts(options->keeping, l->config, err);
	if (r == 0)
		r = launch_read_network(l, err);
	if (r == 0)
		r = config_validate(l->config, err);
	if (r == 0)
		r = find_rootfs(l, err);
	return r < 0 || !options->flags ? r : hold_volumes(l, err);
}

/* sd_listen_fds(3): the container's process is 1 in its namespace (the first child of init that stays is 2), and the fds are passed on as they are. */
struct passed {
	unsigned fds;
	char count[32];
	const char *env[4];
	size_t n;
	char *names;            /* LISTEN_FDNAMES=..., owned */
};

static int find_passed(struct passed *p, bool notify, bool first, struct error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");

	p->fds = listen_fds();
	if (p->fds > 0) {
		snprintf(p->count, sizeof(p->count), "LISTEN_FDS=%u", p->fds);
		p->env[p->n++] = p->count;
		p->env[p->n++] = first ? "LISTEN_PID=1" : "LISTEN_PID=2";
		if (names && asprintf(&p->names, "LISTEN_FDNAMES=%s", names) < 0)
			return error_set(err, ENOMEM, "pass LISTEN_FDNAMES on");
		if (p->names)
			p->env[p->n++] = p->names;
	}
	if (notify)
		p->env[p->n++] = "NOTIFY_SOCKET=/run/notify/notify.sock";
	return 0;
}

/* By fd; for who opens it elsewhere (in a user namespace) by its name. */
static void find_notify_dir(const struct launch *l, char *buf, size_t size)
{
	char link[32];
	ssize_t n = -1;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", l->store.dir);
	if (l->config->linux_.namespaces[NS_USER].set)
		n = readlink(link, buf, size - sizeof("/notify"));
	snprintf(buf + (n > 0 ? n : 0), size - (size_t)(n > 0 ? n : 0), "%s/notify", n > 0 ? "" : link);
}

/* setns(2): EINVAL for the user namespace that we are in.  It is as if none was named. */
static int leave_out_own(struct launch *l, struct error *err)
{
	struct linux_config *c = &l->config->linux_;
	struct stat own, named;
	int r;

	if (stat("/proc/self/ns/user", &own) < 0 || stat(c->namespaces[NS_USER].path.s, &named) < 0 ||
	    own.st_dev != named.st_dev || own.st_ino != named.st_ino)
		return 0;
	r = maps_compare(getpid(), l->config, err);
	c->namespaces[NS_USER] = (struct namespace){0};
	c->uid_mappings = c->gid_mappings = (struct id_mappings){0};
	return r;
}

int launch_learn_caller(struct launch *l, struct error *err)
{
	int r = l->imagined ? 0 : caps_facts(&l->caps, err);

	if (l->imagined)        /* every capability of Linux 5.9 and later */
		l->caps = (struct cap_facts){.permitted = (1ull << 41) - 1, .known = (1ull << 41) - 1};
	else if (r == 0)
		caller_learn(&l->caps, &l->caller);
	if (r == 0 && l->config->linux_.namespaces[NS_USER].path.s && !l->imagined)
		r = leave_out_own(l, err);
	return r < 0 ? r : userns_complete(l->config, &l->caller, err);
}

int launch_plan(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	char notify_dir[PATH_MAX];
	struct passed passed = {0};
	struct plan_input input = {
		.config = l->config,
		.bundle = l->bundle,
		.id = o->id,
		.cgroups = &l->cgroup_host,
		.group = &l->group,
		.caps = l->caps,
		.caller = l->caller,
		.filter = l->store.dir >= 0 ? &l->filter : NULL,
		.late_group = *l->unit.name,
		.create = l->create,
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.stays = !l->create && !o->detach,
		.tied = o->tied,
		.piped = o->output != NULL,
		.upper_dir = l->upper.dir,
		.upper_below = l->upper.below,
		.files = l->network.files,
		.n_files = l->network.asked ? COUNT(l->network.files) : 0,
	};
	int r = find_passed(&passed, l->notify >= 0, !extras_init(l->config), err);

	if (r < 0)
		return r;
	/* user_namespaces(7): its first process has them all. */
	if (l->config->linux_.namespaces[NS_USER].set)
		input.caps.permitted = input.caps.known;
	input.preserve_fds = o->preserve_fds + passed.fds;
	input.env = passed.env;
	input.n_env = passed.n;
	if (!l->imagined)
		input.hook_env = (const char *const *)environ;
	if (l->notify >= 0) {
		find_notify_dir(l, notify_dir, sizeof(notify_dir));
		input.notify_dir = notify_dir;
	}
	r = plan_build(&input, &l->plan, err);
	l->stays = input.stays && extras_init(l->config);
	free(passed.names);
	return r;
}

int launch_check_terminal(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	bool terminal = l->config->process.terminal;

	if (terminal && o->log_file) {
		error_set(err, ERROR_SAID, "--log-file is given, and a terminal is asked for: what is drawn on a screen is no log");
		error_hint(err, "set process.terminal to false (leave --tty out), or --log-file out");
		return error_locate(err, l->config->process.at);
	}
	if (terminal && !o->console_socket && (l->create || o->detach || (o->keeping && o->keeping->detached))) {
		error_set(err, ERROR_SAID, "a terminal is asked for, but nobody would hold its other end");
		error_hint(err, "give --console-socket, or run in the foreground, or set process.terminal to false");
		return error_locate(err, l->config->process.at);
	}
	if (!terminal && o->console_socket) {
		error_set(err, ERROR_SAID, "--console-socket is given, but process.terminal is false");
		return error_locate(err, l->config->process.at);
	}
	return o->console_socket ? console_socket_connect(o->console_socket, &l->console, err) : 0;
}

int launch_check_labels(struct launch *l, struct error *err)
{
	return labels_check(l->config, "/sys", err);
}
