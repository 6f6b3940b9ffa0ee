/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/users/own_ids.h"

/* ---- the program ---- */

#define WORDS_MAX 32
#define TRIES 3                 /* to run an image that others change or remove */

struct call {
	const struct cli_global *global;
	char program[PATH_MAX];
	char *argv[WORDS_MAX];
	size_t n;
	bool failed;
	int out;                /* its standard output; 0: ours */
	pid_t caller;           /* this process */
};

/* "KEY=VALUE"; nothing without a value. */
static void word(struct call *c, const char *key, const char *value)
{
	char *text;

	if (!value)
		return;
	if (c->n + 1 == WORDS_MAX || asprintf(&text, "%s=%s", key, value) < 0)
		c->failed = true;
	else
		c->argv[c->n++] = text;
}

static int begin(struct call *c, const struct cli_global *global, const char *command, const char *store, struct error *err)
{
	char path[PATH_MAX];
	int r = key_program(c->program, sizeof(c->program), err);

	c->global = global;
	c->argv[c->n++] = c->program;
	c->argv[c->n++] = (char *)command;
	if (r == 0 && !store) {
		r = key_store(path, sizeof(path), err);
		store = path;
	}
	if (r < 0)
		return r;
	if (store[0] != '/')
		return error_set(err, ERROR_SAID, "--store %s: an absolute path is expected", store);
	word(c, "store", store);
	word(c, "log", global->log.path);
	word(c, "log-format", global->log.path && global->log.json ? "json" : NULL);
	return 0;
}

/* `run --chown-copy` holds signals back, and has files open for the container. */
static int execute(void *arg)
{
	struct call *c = arg;
	sigset_t none;

	/* Who kills crun-lite means the program, too. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != c->caller)
		return 127;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->out)
		dup2(c->out, STDOUT_FILENO);
	close_range(3, ~0u, 0);
	execv(c->program, c->argv);
	return 127;
}

static int wait_status(const struct call *c, int status, struct error *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) != 127)
		return WEXITSTATUS(status);
	if (WIFEXITED(status))
		return error_set(err, ENOEXEC, "execute %s", c->program);
	return error_set(err, ERROR_SAID, "%s was killed by SIG%s", c->program, sigabbrev_np(WTERMSIG(status)) ?: "?");
}

/* It handles the signals, and says what became of it; we wait for that. */
static int run_child(struct call *c, const struct caller *caller, struct error *err)
{
	int status = 0, r = 0;
	pid_t pid;

	if (caller->ordinary) {
		r = own_ids_run(caller, execute, c, &status, err);
	} else {
		pid = fork();
		if (pid == 0)
			_exit(execute(c));
		if (pid < 0)
			r = error_set(err, errno, "execute %s", c->program);
		else if (TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) != pid)
			r = error_set(err, errno, "wait for %s", c->program);
	}
	return r < 0 ? r : wait_status(c, status, err);
}

static void nothing(int sig)
{
}

/* The terminal's signals reach both.  A handler is gone after execve(2), where SIG_IGN would stay. */
static void outlive(int sig)
{
	struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART}, before;

	if (sigaction(sig, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(sig, &action, NULL);
}

/* The exit status; or a negative errno.  A store of an ordinary user has files of all its ids. */
static int call(struct call *c, struct error *err)
{
	struct caller caller;
	int r = own_ids_learn(&caller, err);

	if (r < 0)
		return r;
	if (caller.ordinary)
		word(c, "marks", "user");
	if (caller.ordinary && !caller.sub[MAP_UIDS].n)
		word(c, "squash", "1");
	if (c->failed)
		return error_set(err, ENOMEM, "execute %s", c->program);
	c->caller = getpid();
	outlive(SIGINT);
	outlive(SIGQUIT);
	r = run_child(c, &caller, err);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	for (size_t i = 2; i < c->n; i++)
		free(c->argv[i]);
	return r;
}

/* ---- unpack ---- */

static int call_unpack(const struct cli_global *global, const struct image_options *o, const char *image, const char *bundle, struct error *err)
{
	struct call c = {.n = 0};
	char path[PATH_MAX];
	const char *ref = NULL;
	bool made;
	int r;

	if (strcmp(image, "-") == 0)
		strcpy(path, "-");
	else if (key_split(image, path, &ref, err) < 0)
		return -err->code;
	if (ref && o->ref)
		return error_set(err, ERROR_SAID, "two images are named: %s and --ref %s", image, o->ref);
	r = begin(&c, global, "unpack", o->store, err);
	if (r < 0)
		return r;
	word(&c, "image", image);
	word(&c, "path", path);
	word(&c, "ref", ref ?: o->ref);
	word(&c, "bundle", bundle);
	word(&c, "platform", o->platform);
	word(&c, "max-bytes", o->max_size);
	word(&c, "workers", o->workers);
	word(&c, "no-sync", o->no_sync ? "1" : NULL);
	word(&c, "progress", o->json ? "json" : o->quiet ? "quiet" : NULL);
	made = bundle && access(bundle, F_OK) < 0;
	r = call(&c, err);
	/* It goes only where nothing is in it. */
	if (r != 0 && made)
		rmdir(bundle);
	return r;
}

struct unpack_given {
	struct image_options image;
};

static const struct cli_option unpack_options[] = {
	IMAGE_OPTIONS(0),
	{"json", 0, CLI_FLAG, offsetof(struct unpack_given, image.json), NULL, "progress as JSON lines"},
	{"workers", 0, CLI_STRING, offsetof(struct unpack_given, image.workers), "N", "layers at once (the number of processors, at most 8)"},
	CLI_END,
};

static int run_unpack(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	const struct unpack_given *o = given;
	int r = call_unpack(global, &o->image, argv[0], argc > 1 ? argv[1] : NULL, err);

	return r < 0 ? error_wrap(err, "unpack %s", argv[0]) : r;
}

const struct command command_unpack = {
	.name = "unpack",
	.synopsis = "[flags] IMAGE[:REF] [BUNDLE]",
	.summary = "unpacks an image's layers into the store, and makes a bundle that runs on them",
	.argument = CLI_FILE,
	.examples = "crun-lite unpack ./alpine.tar bundle/\n"
	            "skopeo copy docker://IMAGE docker-archive:/dev/stdout | crun-lite unpack - bundle/\n",
	.options = unpack_options,
	.options_size = sizeof(struct unpack_given),
	.min_args = 1,
	.max_args = 2,
	.run = run_unpack,
};

/* ---- images, rmi, prune, verify ---- */

struct store_given {
	const char *store;
	bool json;
};

static const struct cli_option store_options[] = {
	{"store", 0, CLI_STRING, offsetof(struct store_given, store), "DIR", "where layers are kept (/var/lib/crun-lite)"},
	{"json", 0, CLI_FLAG, offsetof(struct store_given, json), NULL, "for programs"},
	CLI_END,
};

/* The archive that a word names may be gone by now: then its directory says where it was. */
static const char *find_place(const char *word, char *path, const char **ret_ref)
{
	char copy[PATH_MAX], *slash;
	struct error ignored;
	size_t n;

	*ret_ref = NULL;
	if (key_split(word, path, ret_ref, &ignored) == 0)
		return path;
	*ret_ref = NULL;
	if ((size_t)snprintf(copy, sizeof(copy), "%s%s", strchr(word, '/') ? "" : "./", word) >= sizeof(copy))
		return NULL;
	slash = strrchr(copy, '/');
	*slash = '\0';
	if (!realpath(*copy ? copy : "/", path))
		return NULL;
	n = strcmp(path, "/") == 0 ? 0 : strlen(path);
	return (size_t)snprintf(path + n, PATH_MAX - n, "/%s", slash + 1) < PATH_MAX - n ? path : NULL;
}

static int call_store(const struct cli_global *global, const struct store_given *o, const char *command, const char *image, struct error *err)
{
	struct call c = {.n = 0};
	char path[PATH_MAX];
	const char *ref = NULL;
	int r = begin(&c, global, command, o->store, err);

	if (r == 0) {
		word(&c, "image", image);
		word(&c, "path", image ? find_place(image, path, &ref) : NULL);
		word(&c, "ref", ref);
		word(&c, "json", o->json ? "1" : NULL);
		r = call(&c, err);
	}
	return r < 0 ? error_wrap(err, "%s", command) : r;
}

static int run_images(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	return call_store(global, given, "images", NULL, err);
}

static int run_prune(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	return call_store(global, given, "prune", NULL, err);
}

static int run_rmi(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	return call_store(global, given, "rmi", argv[0], err);
}

static int run_verify(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	return call_store(global, given, "verify", argc ? argv[0] : NULL, err);
}

const struct command command_images = {
	.name = "images",
	.synopsis = "[flags]",
	.summary = "lists the images in the store",
	.examples = "crun-lite images\n"
	            "crun-lite images --json\n",
	.options = store_options,
	.options_size = sizeof(struct store_given),
	.run = run_images,
};

const struct command command_rmi = {
	.name = "rmi",
	.synopsis = "[flags] ID|PATH|NAME",
	.summary = "removes an image from the store, and the layers that only it had",
	.argument = CLI_IMAGE,
	.examples = "crun-lite rmi ./alpine.tar\n",
	.options = store_options,
	.options_size = sizeof(struct store_given),
	.min_args = 1,
	.max_args = 1,
	.run = run_rmi,
};

const struct command command_prune = {
	.name = "prune",
	.synopsis = "[flags]",
	.summary = "removes layers that no image and no container needs, and what killed unpackers and an earlier boot left",
	.examples = "crun-lite prune\n",
	.options = store_options,
	.options_size = sizeof(struct store_given),
	.run = run_prune,
};

const struct command command_verify = {
	.name = "verify",
	.synopsis = "[flags] [ID|PATH|NAME]",
	.summary = "hashes the layers of an image, or all in the store, again",
	.argument = CLI_IMAGE,
	.examples = "crun-lite verify\n"
	            "crun-lite verify ./alpine.tar\n",
	.options = store_options,
	.options_size = sizeof(struct store_given),
	.max_args = 1,
	.run = run_verify,
};

/* ---- run ---- */

bool image_is_meant(const char *w)
{
	char config[PATH_MAX];

	if (!strchr(w, '/') && !strchr(w, ':'))
		return false;
	return (size_t)snprintf(config, sizeof(config), "%s/config.json", w) < sizeof(config) && access(config, F_OK) < 0;
}

/* Is the image in the store as it is now?  Five system calls. */
static bool is_there(const char *store, const char *path, const char *id, struct image_bundle *ret)
{
	cleanup_close int source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), fd = -1;
	char line[KEY_LINE + 1], file[PATH_MAX];
	struct stat st;
	long entry = -1;
	ssize_t n;

	if (source < 0 || key_stat(source, &st) < 0 || (size_t)snprintf(ret->dir, sizeof(ret->dir), "%s/images/%s", store, id) >= sizeof(ret->dir) ||
	    (size_t)snprintf(file, sizeof(file), "%s/source", ret->dir) >= sizeof(file))
		return false;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	n = fd < 0 ? -1 : read(fd, line, KEY_LINE);
	if (n > 0) {
		line[n] = '\0';
		entry = key_entry(line, &st);
	}
	ret->entry = entry < 0 ? 0 : (size_t)entry;
	return entry >= 0;
}

int image_bundle(const struct cli_global *global, const struct image_options *o, const char *image, struct image_bundle *ret, struct error *err)
{
	char store[PATH_MAX], path[PATH_MAX], id[KEY_ID];
	struct image_options quiet = *o;
	const char *ref;
	int r = key_split(image, path, &ref, err);

	if (r == 0 && !o->store)
		r = key_store(store, sizeof(store), err);
	else if (r == 0)
		snprintf(store, sizeof(store), "%s", o->store);
	if (r < 0)
		return r;
	key_id(path, ref ?: o->ref ?: "", o->platform ?: "", id);
	/* Its progress is nobody's business but a terminal's. */
	quiet.quiet |= !isatty(STDERR_FILENO);
	for (int i = 0; i < TRIES; i++) {
		if (is_there(store, path, id, ret))
			return 0;
		r = call_unpack(global, &quiet, image, NULL, err);
		if (r != 0)
			return r;
	}
	if (is_there(store, path, id, ret))
		return 0;
	return error_set(err, ERROR_SAID, "the image %s changes while it is read, or is removed as soon as it is unpacked", image);
}

/* ---- --chown-copy ---- */

/* Of "STORE/layers/KEY/fs". */
static bool find_key(const char *store, const char *layer, const char **ret, size_t *ret_n)
{
	size_t n = strlen(store);

	if (strncmp(layer, store, n) != 0 || strncmp(layer + n, "/layers/", 8) != 0)
		return false;
	*ret = layer + n + 8;
	*ret_n = strcspn(*ret, "/");
	return strcmp(*ret + *ret_n, "/fs") == 0;
}

/* Their keys between colons, and where the copies are. */
static int name_copies(const char *store, const char *const *layers, size_t n, const char *id, char *keys, char **ret, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *key;
		size_t len;

		if (!find_key(store, layers[i], &key, &len)) {
			error_set(err, ERROR_SAID, "copy the layer %s: it is not in the store %s", layers[i], store);
			return error_hint(err, "give other layers the owners yourself, and the annotation org.crun-lite.owners=shifted");
		}
		if (asprintf(&ret[i], "%s/layers/%.*s.%s/fs", store, (int)len, key, id) < 0) {
			ret[i] = NULL;
			return error_set(err, ENOMEM, "copy the layers");
		}
		keys += sprintf(keys, "%s%.*s", i ? ":" : "", (int)len, key);
	}
	return 0;
}

/* Its code, words and hint, each with a NUL. */
static int take_error(int from, struct error *err)
{
	char text[sizeof(struct error)];
	ssize_t n = read(from, text, sizeof(text) - 3);
	const char *words, *hint;
	int code;

	memset(text + (n > 0 ? n : 0), 0, 3);
	code = atoi(text);
	words = text + strlen(text) + 1;
	if (n <= 0 || code <= 0 || words >= text + n)
		return error_set(err, ERROR_SAID, "the layers cannot be copied");
	hint = words + strlen(words) + 1;
	error_set(err, code, "%s", words);
	return *hint ? error_hint(err, "%s", hint) : -code;
}

static int call_copy(const struct image_copy *copy, const char *store, const char *keys, const char *const maps[2], struct error *err)
{
	cleanup_close int from = -1, to = -1;
	struct call c = {.n = 0};
	int r = begin(&c, copy->global, "copy-layers", store, err), pair[2];

	if (r < 0)
		return r;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return error_set(err, errno, "copy the layers");
	from = pair[0];
	to = c.out = pair[1];
	word(&c, "layers", keys);
	word(&c, "uids", maps[0]);
	word(&c, "gids", maps[1]);
	r = call(&c, err);
	close(steal_fd(&to));
	return r > 0 ? take_error(from, err) : r;
}

int image_copy_layers(const void *arg, const char *const *layers, size_t n, const char *const maps[2], char **ret, struct error *err)
{
	const struct image_copy *copy = arg;
	cleanup_free char *keys = NULL;
	char store[PATH_MAX], id[KEY_ID];
	size_t size = 1;
	int r = copy->store ? 0 : key_store(store, sizeof(store), err);

	if (copy->store)
		snprintf(store, sizeof(store), "%s", copy->store);
	for (size_t i = 0; i < n; i++)
		size += strlen(layers[i]) + 1;
	keys = malloc(size);
	if (r == 0 && !keys)
		r = error_set(err, ENOMEM, "copy the layers");
	key_id(maps[0], maps[1], "owners", id);
	if (r == 0)
		r = name_copies(store, layers, n, id, keys, ret, err);
	return r < 0 ? r : call_copy(copy, store, keys, maps, err);
}
