/*
 * crun-lite-image - the program that reads images.  `crun-lite unpack`, `images`, `rmi`, `prune` and `verify` execute it, with words of the form
 * KEY=VALUE: people's flags are crun-lite's.
 *
 * A program of its own, because its libraries would make every start of a container dearer, and because what reads hostile
 * bytes should be able to do little else (confine.h; decisions/0011-image-program.md).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/base/units.h"
#include "runtime/base/weak.h"
#include "runtime/image/confine.h"
#include "runtime/image/convert.h"
#include "runtime/image/images.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/shift.h"
#include "runtime/image/unpack.h"
#include "runtime/image/unpacker.h"
#include "runtime/image/verify.h"

__asm__(".section .rodata\n"
        "profile_begin: .incbin \"" SECCOMP_PROFILE "\"\n"
        "profile_end:\n"
        ".previous\n");
extern const char profile_begin[], profile_end[];

struct given {
	const char *store, *image, *path, *ref, *bundle, *platform, *progress, *marks, *max_bytes, *workers, *log, *log_format, *json, *squash, *no_sync,
		*layers, *uids, *gids;
};

static const struct { const char *key; size_t at; } keys[] = {
	{"store", offsetof(struct given, store)},       {"image", offsetof(struct given, image)},
	{"path", offsetof(struct given, path)},         {"ref", offsetof(struct given, ref)},
	{"bundle", offsetof(struct given, bundle)},     {"platform", offsetof(struct given, platform)},
	{"progress", offsetof(struct given, progress)}, {"marks", offsetof(struct given, marks)},
	{"max-bytes", offsetof(struct given, max_bytes)}, {"workers", offsetof(struct given, workers)},
	{"log", offsetof(struct given, log)},           {"log-format", offsetof(struct given, log_format)},
	{"json", offsetof(struct given, json)},         {"squash", offsetof(struct given, squash)},
	{"no-sync", offsetof(struct given, no_sync)},   {"layers", offsetof(struct given, layers)},
	{"uids", offsetof(struct given, uids)},         {"gids", offsetof(struct given, gids)},
};

static int read_words(int argc, char **argv, struct given *ret, struct error *err)
{
	for (int i = 0; i < argc; i++) {
		size_t n = strcspn(argv[i], "="), k = 0;

		while (k < sizeof(keys) / sizeof(keys[0]) && (strlen(keys[k].key) != n || strncmp(keys[k].key, argv[i], n) != 0))
			k++;
		if (k == sizeof(keys) / sizeof(keys[0]) || !argv[i][n])
			return error_set(err, ERROR_SAID, "unknown word %s", argv[i]);
		*(const char **)((char *)ret + keys[k].at) = argv[i] + n + 1;
	}
	return ret->store ? 0 : error_set(err, ERROR_SAID, "no store is named");
}

/* ---- unpack ---- */

struct unpacking {
	const struct given *given;
	struct layer_store store;
	struct image_source source;
	struct stat seen;               /* what the source looked like before it was read */
	bool kept;                      /* it can be looked at again */
	int fd, bundle;
	struct platform platform;
	struct unpack_options options;
	struct image image;
	struct unpack_result result;
	struct image_user user;
	size_t n_shown;         /* of the layers, from the topmost: the root of the last one hides the others; 0: all */
	const char *layers[IMAGE_LAYERS_MAX];   /* absolute, the topmost first */
	char *text;                     /* config.json */
	size_t len, entry;
};

static int open_bundle(struct unpacking *u, struct error *err)
{
	const char *path = u->given->bundle;

	if (!path)
		return 0;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make the bundle %s", path);
	u->bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (u->bundle < 0)
		return error_set(err, errno, "open the bundle %s", path);
	if (faccessat(u->bundle, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		error_set(err, ERROR_SAID, "the bundle %s has a config.json already", path);
		return error_hint(err, "name another directory, or remove it");
	}
	return 0;
}

static int open_image(struct unpacking *u, struct error *err)
{
	const char *path = u->given->path;

	if (strcmp(path, "-") == 0) {
		u->fd = STDIN_FILENO;
		return 0;
	}
	u->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (u->fd < 0)
		return error_set(err, errno, "open it");
	u->kept = key_stat(u->fd, &u->seen) == 0 && S_ISREG(u->seen.st_mode);
	return 0;
}

/* The layers are given to the store afterwards: an image that names nobody leaves nothing there. */
static int find_user(void *arg, const struct merged *layers, struct error *err)
{
	struct unpacking *u = arg;
	const struct json *config = u->image.config ? json_root(u->image.config) : NULL;

	for (size_t i = 0; i < layers->n && !u->n_shown; i++)
		if (marks_is_opaque(layers->layers[i], layers->marks))
			u->n_shown = i + 1;
	return users_find(layers, image_string(json_get(config, "config"), "User"), &u->user, err);
}

static int read_options(struct unpacking *u, struct error *err)
{
	const struct given *g = u->given;
	bool user = g->marks && strcmp(g->marks, "user") == 0;

	char *end = NULL;
	unsigned long workers = g->workers ? strtoul(g->workers, &end, 10) : 0;

	if (g->workers && (g->workers[0] < '0' || g->workers[0] > '9' || *end || workers > 1000)) {
		error_set(err, ERROR_SAID, "--workers %.40s", g->workers);
		return error_hint(err, "a number is expected; 0 is as many as there are processors");
	}
	u->options = (struct unpack_options){
		.layer = {.marks = user ? MARKS_USER : MARKS_TRUSTED, .no_devices = user, .squash = g->squash, .max_bytes = UINT64_MAX},
		.progress = !g->progress ? PROGRESS_AUTO : strcmp(g->progress, "quiet") == 0 ? PROGRESS_QUIET : PROGRESS_JSON,
		.workers = (unsigned)workers,
		.check = find_user,
		.arg = u,
	};
	if (g->max_bytes && !units_bytes(g->max_bytes, &u->options.layer.max_bytes))
		return error_set(err, ERROR_SAID, "--max-size %s: a size is expected", g->max_bytes);
	return platform_parse(g->platform && *g->platform ? strdup(g->platform) : NULL, &u->platform, err);
}

/* Some kilobytes of small files, and this one: nothing but what is named here can be reached afterwards. */
static int confine_to(const struct unpacking *u, struct error *err)
{
	const struct confine_place places[] = {
		{u->store.root, PLACE_WRITE}, {u->fd, PLACE_READ}, {u->bundle, PLACE_WRITE},
	};

	return confine(places, sizeof(places) / sizeof(places[0]), err);
}

/*
 * The bundle's layers by their paths; an image may have one several times, overlayfs takes it once: the topmost counts.  What hides all
 * below its root is the last one: of the root overlayfs does not ask.
 */
static int name_layers(struct unpacking *u, size_t *ret_n, struct error *err)
{
	size_t n = 0, end = u->n_shown ? u->image.n - u->n_shown : 0;

	for (size_t i = u->image.n; i-- > end;) {
		const char *key = u->result.keys[i];
		bool twice = false;
		char *path;

		for (size_t k = i + 1; k < u->image.n && !twice; k++)
			twice = strcmp(u->result.keys[k], key) == 0;
		if (twice)
			continue;
		if (asprintf(&path, "%s/layers/%s/fs", u->store.path, key) < 0)
			return error_set(err, ENOMEM, "name the layers");
		u->layers[n++] = path;
	}
	*ret_n = n;
	return 0;
}

/* The topmost layer that says what the root looks like; NULL where that is the topmost of all, or nobody does. */
static char *find_root(const struct unpacking *u)
{
	for (size_t i = u->image.n; i-- > 0;) {
		char path[128], line[128] = "", *text;
		cleanup_close int fd = -1, fs = -1;
		struct error ignored;
		struct stat st;

		snprintf(path, sizeof(path), "%s/info", u->result.keys[i]);
		fd = openat(u->store.layers, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || read(fd, line, sizeof(line) - 1) <= 0 || !strstr(line, "root=1"))
			continue;
		fs = store_open_layer(&u->store, u->result.keys[i], &ignored);
		if (i + 1 == u->image.n || fs < 0 || fstat(fs, &st) < 0)
			return NULL;
		return asprintf(&text, "%o:%u:%u", st.st_mode & 07777, st.st_uid, st.st_gid) < 0 ? NULL : text;
	}
	return NULL;
}

static int make_config(struct unpacking *u, struct error *err)
{
	const struct json *config = u->image.config ? json_root(u->image.config) : NULL;
	cleanup_free char *scratch = NULL, *root = NULL;
	struct convert c = {
		.config = config, .user = &u->user, .layers = u->layers, .rootless = u->options.layer.marks == MARKS_USER,
		.seccomp = profile_begin, .seccomp_len = (size_t)(profile_end - profile_begin),
	};
	int e = name_layers(u, &c.n_layers, err);

	if (e == 0 && asprintf(&scratch, "%s/containers", u->store.path) < 0)
		e = error_set(err, ENOMEM, "make the configuration");
	while (c.seccomp_len && c.seccomp[c.seccomp_len - 1] == '\n')
		c.seccomp_len--;
	c.scratch = scratch;
	c.root = root = find_root(u);
	return e < 0 ? e : convert_config(&c, &u->text, &u->len, &u->entry, err);
}

static int write_record(struct unpacking *u, struct error *err)
{
	char id[KEY_ID], line[KEY_LINE] = "", now[TIME_TEXT_SIZE], config[DIGEST_HEX] = "";
	const char *path = u->given->path, *ref = u->given->ref ?: "", *platform = u->given->platform ?: "";
	const char *layers[IMAGE_LAYERS_MAX];

	for (size_t i = 0; i < u->image.n; i++)
		layers[i] = u->result.keys[u->image.n - 1 - i];
	if (u->image.config)
		digest_hex(&u->image.id, config);
	/* What came from a pipe is not to be found by where it was: each is one of its own, whose bundle keeps its layers. */
	key_id(path, ref, strcmp(path, "-") != 0 ? platform : *config ? config : u->result.keys[0], id);
	if (u->kept)
		key_line(&u->seen, u->entry, line);
	time_now(now, sizeof(now));
	return images_write(&u->store, id, &(struct image_record){
		.path = path, .ref = ref, .platform = platform, .name = u->image.name, .config = config, .created = now, .layers = layers,
		.n_layers = u->image.n, .bundle = u->text, .bundle_len = u->len, .source = line}, err);
}

static int write_bundle(struct unpacking *u, struct error *err)
{
	cleanup_close int fd = -1;
	ssize_t n;

	if (u->bundle < 0)
		return 0;
	if (mkdirat(u->bundle, "rootfs", 0700) < 0 && errno != EEXIST)
		return error_set(err, errno, "make rootfs in the bundle");
	fd = openat(u->bundle, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	for (size_t done = 0; fd >= 0 && done < u->len; done += (size_t)n) {
		n = TEMP_FAILURE_RETRY(write(fd, u->text + done, u->len - done));
		if (n >= 0)
			continue;
		n = errno;
		unlinkat(u->bundle, "config.json", 0);
		unlinkat(u->bundle, "rootfs", AT_REMOVEDIR);
		return error_set(err, (int)n, "write config.json of the bundle");
	}
	return fd < 0 ? error_set(err, errno, "write config.json of the bundle") : 0;
}

/* config.json names the layers. */
static int check_store(const char *path, struct error *err)
{
	size_t n = 1;

	for (const char *p = path; *p && n; p += n)
		n = json_utf8(p, strlen(p));
	if (n)
		return 0;
	error_set(err, ERROR_SAID, "the store %s is not named in UTF-8: no config.json can name what is in it", path);
	return error_hint(err, "--store names another place");
}

static int prepare(struct unpacking *u, struct error *err)
{
	int e = check_store(u->given->store, err) ?: read_options(u, err);

	if (e == 0)
		e = open_image(u, err);
	if (e == 0)
		e = open_bundle(u, err);
	if (e == 0)
		e = layer_store_open(u->given->store, STORE_ADD, &u->store, err);
	u->store.no_sync = u->given->no_sync;
	return e < 0 ? e : confine_to(u, err);
}

static int unpack(const struct given *given, struct error *err)
{
	static struct unpacking u = {.fd = -1, .bundle = -1, .source = {.fd = -1}};
	int e;

	u.given = given;
	if (!given->path)
		return error_set(err, ERROR_SAID, "no image is named");
	e = prepare(&u, err);
	if (e == 0) {
		store_sweep(&u.store);
		e = source_open(u.fd, u.store.tmp, u.options.layer.max_bytes, &u.source, err);
	}
	if (e == 0)
		e = image_find(&u.source, given->ref && *given->ref ? given->ref : NULL, &u.platform, &u.image, err);
	if (e == 0 && u.image.n == 0)
		e = error_set(err, ERROR_SAID, "the image has no layers");
	if (e == 0)
		e = unpack_layers(&u.store, &u.source, &u.image, &u.options, &u.result, err);
	if (e == 0)
		e = make_config(&u, err);
	if (e == 0)
		e = write_record(&u, err);
	if (e == 0)
		e = write_bundle(&u, err);
	if (e == 0 && u.result.left_out)
		log_warning("%s: %llu devices were left out: an ordinary user cannot make them", given->image, (unsigned long long)u.result.left_out);
	return e < 0 ? error_wrap(err, "unpack %s", given->image) : 0;
}

/* ---- the others ---- */

static int list(const struct given *given, struct error *err)
{
	struct layer_store store;
	int e = layer_store_open(given->store, STORE_LOOK, &store, err);

	if (e == -ENOENT && err->code == ENOENT) {
		puts(given->json ? "[]" : "no image was unpacked yet");
		return 0;
	}
	return e < 0 ? e : images_list(&store, given->json, err);
}

static int prune_store(const struct layer_store *store, const struct given *given, struct error *err)
{
	struct pruned p;
	int e = images_prune(store, &p, err);

	if (e == 0 && given->json)
		printf("{\"layers\":%llu,\"containers\":%llu,\"bytes\":%llu}\n", (unsigned long long)p.layers, (unsigned long long)p.containers,
		       (unsigned long long)p.bytes);
	else if (e == 0)
		printf("removed %llu layers and what %llu containers left, %.1f MB\n", (unsigned long long)p.layers,
		       (unsigned long long)p.containers, (double)p.bytes / 1e6);
	return e;
}

static int prune(const struct given *given, struct error *err)
{
	struct layer_store store;
	int e = layer_store_open(given->store, STORE_REMOVE, &store, err);

	return e < 0 ? error_wrap(err, "prune") : prune_store(&store, given, err);
}

static int remove_image(const struct given *given, struct error *err)
{
	struct layer_store store;
	char id[KEY_ID];
	int e = layer_store_open(given->store, STORE_REMOVE, &store, err);

	if (e == 0)
		e = images_remove(&store, &(struct image_word){given->image ?: "", given->path, given->ref}, id, err);
	if (e == 0)
		e = prune_store(&store, given, err);
	return e < 0 ? error_wrap(err, "rmi %s", given->image) : 0;
}

static int verify(const struct given *given, struct error *err)
{
	const struct image_word word = {given->image, given->path, given->ref};
	const struct verify_options options = {given->image ? &word : NULL, given->json, given->squash};
	struct layer_store store;
	unsigned damaged = 0;
	int e = layer_store_open(given->store, STORE_LOOK, &store, err);

	if (e == 0)
		e = confine(&(struct confine_place){store.root, PLACE_READ}, 1, err);
	if (e == 0)
		e = verify_layers(&store, &options, &damaged, err);
	if (e == 0 && damaged) {
		e = error_set(err, ERROR_SAID, "%u layers are damaged", damaged);
		error_hint(err, "remove the images that have them (`rmi`), and unpack them again");
	}
	return e < 0 ? error_wrap(err, "verify") : 0;
}

/* shift.h */
static int copy_layers(const struct given *given, struct error *err)
{
	struct layer_store store;
	int e = layer_store_open(given->store, STORE_ADD, &store, err);

	if (e == 0)
		e = confine(&(struct confine_place){store.root, PLACE_WRITE}, 1, err);
	if (e == 0)
		store_sweep(&store);
	return e < 0 ? e : shift_layers(&store, given->layers ?: "", given->uids ?: "", given->gids ?: "", err);
}

static int version(const struct given *given, struct error *err)
{
	printf("crun-lite-image %s, gzip by %s\n", CRUN_LITE_VERSION, gunzip_library);
	return 0;
}

static const struct { const char *name; int (*run)(const struct given *given, struct error *err); } commands[] = {
	{"unpack", unpack}, {"images", list}, {"rmi", remove_image}, {"prune", prune}, {"verify", verify},
	{"copy-layers", copy_layers}, {"version", version},
};

/* fds of the last path for each worker, and of all layers where one is settled. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void catch_signals(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction ignored, action = {.sa_handler = unpack_interrupt};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigaction(signals[i], NULL, &ignored) == 0 && ignored.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* To `run`, which makes one sentence of it (runtime/cli/image.c). */
static void hand_back(const struct error *err)
{
	printf("%d%c%s%c%s%c", err->code, 0, err->text, 0, err->hint, 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct given given = {0};
	struct error err = {0};
	/* As crun-lite: with somebody else's privileges every word would be an attack (V24). */
	int e = getauxval(AT_SECURE) && !weak(V24) ? error_set(&err, ERROR_SAID, "crun-lite-image must not be installed set-uid or with capabilities")
	      : argc < 2                          ? error_set(&err, ERROR_SAID, "crun-lite-image is for crun-lite: see `crun-lite unpack --help`") : 0;
	size_t i = 0;

	while (e == 0 && i < sizeof(commands) / sizeof(commands[0]) && strcmp(commands[i].name, argv[1]) != 0)
		i++;
	if (e == 0 && i == sizeof(commands) / sizeof(commands[0]))
		e = error_set(&err, ERROR_SAID, "unknown command %s", argv[1]);
	if (e == 0 && strcmp(argv[1], "version") != 0)
		e = read_words(argc - 2, argv + 2, &given, &err);
	if (e == 0)
		e = log_open(&(struct log_options){.path = given.log, .json = given.log_format && strcmp(given.log_format, "json") == 0, .level = -1}, &err);
	umask(0);
	raise_limit();
	catch_signals();
	if (e == 0)
		e = commands[i].run(&given, &err);
	if (unpack_interrupted())
		e = error_set(&err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(unpack_interrupted()) ?: "?");
	if (e < 0 && argc > 1 && strcmp(argv[1], "copy-layers") == 0)
		hand_back(&err);
	else if (e < 0)
		log_failure(&err);
	return e < 0 ? 1 : 0;
}
