/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/text.h"
#include "runtime/base/tree.h"
#include "runtime/image/image.h"
#include "spec/emit.h"

#define FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* ---- writing ---- */

static int write_file(const struct layer_store *s, int dir, const char *name, const char *text, size_t len, struct error *err)
{
	cleanup_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	while (fd >= 0 && len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, text, len));

		if (n < 0)
			return error_set(err, errno, "write %s of the image", name);
		text += n;
		len -= (size_t)n;
	}
	return fd < 0 || (!s->no_sync && fsync(fd) < 0) ? error_set(err, errno, "write %s of the image", name) : 0;
}

static int emit_record(const struct image_record *r, char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {.pretty = true};

	emit_object(&e);
	emit_key_string(&e, "path", r->path);
	emit_key_string(&e, "ref", r->ref);
	emit_key_string(&e, "platform", r->platform);
	emit_key_string(&e, "name", r->name);
	emit_key_string(&e, "config", r->config);
	emit_key_string(&e, "unpacked", r->created);
	emit_key(&e, "layers");
	emit_array(&e);
	for (size_t i = 0; i < r->n_layers; i++)
		emit_string(&e, r->layers[i]);
	emit_end_array(&e);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}

static int fill(const struct layer_store *s, int dir, const struct image_record *r, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len;
	int e = emit_record(r, &text, &len, err);

	if (e == 0)
		e = write_file(s, dir, "image.json", text, len, err);
	if (e == 0)
		e = write_file(s, dir, "config.json", r->bundle, r->bundle_len, err);
	if (e == 0)
		e = write_file(s, dir, "source", r->source, strlen(r->source), err);
	if (e == 0 && mkdirat(dir, "rootfs", 0700) < 0)
		e = error_set(err, errno, "make the image's bundle");
	return e;
}

int images_write(const struct layer_store *s, const char *id, const struct image_record *record, struct error *err)
{
	struct claim claim;
	char name[64];
	int e;

	/* Nobody waits for it, and so nobody mistakes for ours what we put in its place. */
	snprintf(name, sizeof(name), "image.%s.%d", id, getpid());
	e = store_claim(s, name, CLAIM_WAIT, &claim, err);
	if (e == 0)
		e = fill(s, claim.dir, record, err);
	/* What was there goes with the claim. */
	if (e == 0 && renameat2(s->tmp, name, s->images, id, RENAME_EXCHANGE) < 0) {
		e = errno == ENOENT ? store_publish(s, &claim, s->images, id, err)
		                    : error_set(err, errno, "put the image into the store %s", s->path);
	}
	if (e == 0)
		e = store_sync_names(s, s->images, err);
	store_drop(s, &claim);
	return e;
}

/* ---- reading ---- */

/* NULL: there is none, or it is none of ours; errno ENOENT then.  Anything else is no answer. */
static char *read_file(int dir, const char *name, size_t *ret_len)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *text = NULL;
	ssize_t n = -1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	errno = ENOENT;
	if (!S_ISREG(st.st_mode) || st.st_size > JSON_SIZE_MAX)
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	if (text)
		n = TEMP_FAILURE_RETRY(read(fd, text, (size_t)st.st_size));
	if (n < 0) {
		n = errno;
		free(text);
		errno = (int)n;
		return NULL;
	}
	text[n] = '\0';
	*ret_len = (size_t)n;
	return text;
}

/* 0 to go on. */
typedef int visit(const struct layer_store *s, const char *id, const struct json *image, void *arg, struct error *err);

static int visit_one(const struct layer_store *s, const char *id, visit *f, void *arg, struct error *err)
{
	cleanup_free char *text = NULL;
	struct json_doc *doc;
	struct error ignored;
	char path[300];
	size_t len;
	int e;

	snprintf(path, sizeof(path), "%s/image.json", id);
	text = read_file(s->images, path, &len);
	/* Removed meanwhile, or damaged: it names no layers then.  But what cannot be read just now has not lost them. */
	if (!text && errno != ENOENT && errno != ENOTDIR)
		return error_set(err, errno, "read images/%s of the store %s", path, s->path);
	if (!text || (e = json_parse(text, len, path, &doc, &ignored)) < 0)
		return text && e == -ENOMEM ? error_set(err, ENOMEM, "read images/%s of the store %s", path, s->path) : 0;
	e = f(s, id, json_root(doc), arg, err);
	json_free(doc);
	return e;
}

static int visit_all(const struct layer_store *s, visit *f, void *arg, struct error *err)
{
	int copy = openat(s->images, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!list)
		return error_set(err, errno, "list the images of the store %s", s->path);
	while (e == 0 && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			e = visit_one(s, entry->d_name, f, arg, err);
	return e;
}

static const char *text_of(const struct json *image, const char *key)
{
	const struct json *v = json_get(image, key);

	return v && v->type == JSON_STRING ? v->text : "";
}

/* ---- images ---- */

struct listing {
	bool json;
	struct emitter e;
};

static unsigned long long size_of(const struct layer_store *s, const struct json *image)
{
	const struct json *layers = json_get(image, "layers");
	unsigned long long total = 0;

	for (const struct json *l = layers ? layers->first : NULL; l; l = l->next)
		if (l->type == JSON_STRING && !strchr(l->text, '/'))
			total += store_usage(s->layers, l->text);
	return total;
}

static void list_json(const struct layer_store *s, const char *id, const struct json *image, struct emitter *e)
{
	static const char *const keys[] = {"name", "path", "ref", "platform", "config", "unpacked"};
	const struct json *layers = json_get(image, "layers");

	emit_object(e);
	emit_key_string(e, "id", id);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		emit_key_string(e, keys[i], text_of(image, keys[i]));
	emit_key(e, "layers");
	emit_array(e);
	for (const struct json *l = layers ? layers->first : NULL; l; l = l->next)
		if (l->type == JSON_STRING)
			emit_string(e, l->text);
	emit_end_array(e);
	emit_key_uint(e, "diskBytes", size_of(s, image));
	emit_end_object(e);
}

static int list_one(const struct layer_store *s, const char *id, const struct json *image, void *arg, struct error *err)
{
	struct listing *l = arg;
	const struct json *layers = json_get(image, "layers");

	if (l->json) {
		list_json(s, id, image, &l->e);
		return 0;
	}
	printf("%-16s  %6u  %8.1f MB  %.19sZ  ", id, layers ? layers->len : 0, (double)size_of(s, image) / 1e6, text_of(image, "unpacked"));
	text_print(stdout, text_of(image, "path"));
	if (*text_of(image, "name"))
		putchar(' ');
	text_print(stdout, text_of(image, "name"));
	putchar('\n');
	return 0;
}

int images_list(const struct layer_store *s, bool json, struct error *err)
{
	struct listing l = {.json = json, .e = {.pretty = true}};
	cleanup_free char *text = NULL;
	size_t len;
	int e;

	if (json)
		emit_array(&l.e);
	else
		printf("%-16s  %6s  %11s  %-20s  %s\n", "ID", "LAYERS", "ON DISK", "UNPACKED", "IMAGE");
	e = visit_all(s, list_one, &l, err);
	if (json) {
		emit_end_array(&l.e);
		e = emit_finish(&l.e, &text, &len, err) ?: e;
		if (e == 0)
			puts(text);
	}
	return e == 0 && fflush(stdout) != 0 ? error_set(err, errno, "write to standard output") : e;
}

/* ---- rmi ---- */

struct wanted {
	const struct image_word *word;
	char id[KEY_ID];
	size_t n;               /* how many are meant */
};

static bool is_called(const char *word, const char *path, const char *ref, const char *name)
{
	size_t n = strlen(path);

	return strncmp(word, path, n) == 0 && (!word[n] || (word[n] == ':' && (strcmp(word + n + 1, ref) == 0 || strcmp(word + n + 1, name) == 0)));
}

static bool is_meant(const struct image_word *w, const char *id, const struct json *image)
{
	const char *path = text_of(image, "path"), *ref = text_of(image, "ref"), *name = text_of(image, "name"), *word = w->word;
	char by_path[KEY_ID] = "";

	if ((*name && strcmp(word, name) == 0) || (strlen(word) >= 4 && strncmp(id, word, strlen(word)) == 0) || is_called(word, path, ref, name))
		return true;
	if (!w->path)
		return false;
	if (is_called(w->path, path, ref, name) && !w->ref)
		return true;
	/* JSON does not say every path. */
	key_id(w->path, ref, text_of(image, "platform"), by_path);
	return strcmp(by_path, id) == 0 && (!w->ref || strcmp(w->ref, ref) == 0 || strcmp(w->ref, name) == 0);
}

static int find_one(const struct layer_store *s, const char *id, const struct json *image, void *arg, struct error *err)
{
	struct wanted *w = arg;

	if (!is_meant(w->word, id, image))
		return 0;
	snprintf(w->id, sizeof(w->id), "%.16s", id);
	w->n++;
	return 0;
}

static int find_image(const struct layer_store *s, struct wanted *w, struct error *err)
{
	int e = visit_all(s, find_one, w, err);

	if (e < 0 || w->n == 1)
		return e;
	error_set(err, ERROR_SAID, w->n ? "%s means several images" : "there is no image %s in the store", w->word->word);
	return error_hint(err, "`crun-lite images` lists them; an ID is unique");
}

bool images_has(const struct layer_store *s, const struct image_word *word)
{
	struct wanted w = {.word = word};
	struct error ignored;

	return find_image(s, &w, &ignored) == 0;
}

int images_remove(const struct layer_store *s, const struct image_word *word, char ret_id[KEY_ID], struct error *err)
{
	struct wanted w = {.word = word};
	char name[32];
	int e = find_image(s, &w, err);

	if (e < 0)
		return e;
	snprintf(name, sizeof(name), "image.%s", w.id);
	if (renameat(s->images, w.id, s->tmp, name) < 0)
		return error_set(err, errno, "remove the image %s", w.id);
	e = tree_remove(s->tmp, name);
	memcpy(ret_id, w.id, KEY_ID);
	return e < 0 ? error_set(err, -e, "remove the image %s", w.id) : 0;
}

/* ---- verify ---- */

struct each {
	images_layer *f;
	void *arg;
};

static int visit_layers(const struct layer_store *s, const char *id, const struct json *image, void *arg, struct error *err)
{
	const struct json *layers = json_get(image, "layers");
	struct each *each = arg;
	int e = 0;

	for (const struct json *l = layers ? layers->first : NULL; l && e == 0; l = l->next)
		if (l->type == JSON_STRING && !strchr(l->text, '/'))
			e = each->f(each->arg, l->text, err);
	return e;
}

static int every_layer(const struct layer_store *s, const struct each *each, struct error *err)
{
	int copy = openat(s->layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!list)
		return error_set(err, errno, "list the layers of the store %s", s->path);
	while (e == 0 && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			e = each->f(each->arg, entry->d_name, err);
	return e;
}

int images_each_layer(const struct layer_store *s, const struct image_word *word, images_layer *f, void *arg, struct error *err)
{
	struct each each = {f, arg};
	struct wanted w = {.word = word};
	int e = word ? find_image(s, &w, err) : every_layer(s, &each, err);

	return e < 0 || !word ? e : visit_one(s, w.id, visit_layers, &each, err);
}

/* ---- prune ---- */

struct marks {                  /* keys of layers that are named */
	size_t n, room;
	char (*v)[128];
};

static int mark(struct marks *m, const char *key, struct error *err)
{
	if (m->n == m->room) {
		size_t room = m->room ? 2 * m->room : 256;
		void *p = reallocarray(m->v, room, sizeof(*m->v));

		if (!p)
			return error_set(err, ENOMEM, "find out which layers are needed");
		m->v = p;
		m->room = room;
	}
	snprintf(m->v[m->n++], sizeof(*m->v), "%s", key);
	return 0;
}

static int mark_image(const struct layer_store *s, const char *id, const struct json *image, void *arg, struct error *err)
{
	const struct json *layers = json_get(image, "layers");
	int e = 0;

	for (const struct json *l = layers ? layers->first : NULL; l && e == 0; l = l->next)
		if (l->type == JSON_STRING)
			e = mark(arg, l->text, err);
	return e;
}

/* ".../layers/KEY/fs": the component before the last. */
static int mark_path(struct marks *m, char *path, struct error *err)
{
	char *slash = strrchr(path, '/');

	if (!slash || strcmp(slash, "/fs") != 0)
		return 0;
	*slash = '\0';
	slash = strrchr(path, '/');
	return slash ? mark(m, slash + 1, err) : 0;
}

static void read_boot(char buf[64])
{
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, 63);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* Its first line names the boot, the others layers (runtime/state/upper.c).  A container of another boot is no more. */
static int visit_container(const struct layer_store *s, const char *name, const char *boot, struct marks *m, struct pruned *ret,
                           struct error *err)
{
	cleanup_free char *text = NULL;
	char path[300], *rest, *line;
	size_t len;
	int e = 0;

	snprintf(path, sizeof(path), "%s/layers", name);
	text = read_file(s->containers, path, &len);
	if (!text && errno != ENOENT && errno != ENOTDIR)
		return error_set(err, errno, "read containers/%s of the store %s", path, s->path);
	rest = text;
	line = text ? strsep(&rest, "\n") : NULL;
	if (line && *boot && strncmp(line, "boot ", 5) == 0 && strcmp(line + 5, boot) != 0) {
		ret->bytes += store_usage(s->containers, name);
		ret->containers++;
		e = tree_remove(s->containers, name);
		return e < 0 ? error_set(err, -e, "remove containers/%s", name) : 0;
	}
	while (rest && e == 0 && (line = strsep(&rest, "\n")))
		e = mark_path(m, line, err);
	return e;
}

static int visit_containers(const struct layer_store *s, struct marks *m, struct pruned *ret, struct error *err)
{
	int copy = openat(s->containers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	char boot[64];

	if (!list)
		return error_set(err, errno, "list the containers of the store %s", s->path);
	read_boot(boot);
	while (e == 0 && (entry = readdir(list)))
		if (entry->d_name[0] != '.')
			e = visit_container(s, entry->d_name, boot, m, ret, err);
	return e;
}

static bool is_marked(const struct marks *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i], key) == 0)
			return true;
	return false;
}

/* Away from its name first: half a layer is none. */
static int sweep_layer(const struct layer_store *s, const char *key, struct pruned *ret, struct error *err)
{
	char name[300];
	int e;

	ret->bytes += store_usage(s->layers, key);
	snprintf(name, sizeof(name), "gone.%s", key);
	if (renameat(s->layers, key, s->tmp, name) < 0)
		return error_set(err, errno, "remove the layer %s", key);
	e = tree_remove(s->tmp, name);
	ret->layers++;
	return e < 0 ? error_set(err, -e, "remove the layer %s", key) : 0;
}

static int sweep_layers(const struct layer_store *s, const struct marks *m, struct pruned *ret, struct error *err)
{
	int copy = openat(s->layers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	cleanup_dir DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!list)
		return error_set(err, errno, "list the layers of the store %s", s->path);
	while (e == 0 && (entry = readdir(list)))
		if (entry->d_name[0] != '.' && !is_marked(m, entry->d_name))
			e = sweep_layer(s, entry->d_name, ret, err);
	return e;
}

int images_prune(const struct layer_store *s, struct pruned *ret, struct error *err)
{
	struct marks m = {0};
	int e;

	*ret = (struct pruned){0};
	/* Who starts a container notes its layers under this lock, shared (runtime/state/upper.c). */
	if (flock(s->containers, LOCK_EX) < 0)
		return error_set(err, errno, "lock the containers of the store %s", s->path);
	store_sweep(s);
	e = visit_all(s, mark_image, &m, err);
	if (e == 0)
		e = visit_containers(s, &m, ret, err);
	if (e == 0)
		e = sweep_layers(s, &m, ret, err);
	free(m.v);
	return e;
}
