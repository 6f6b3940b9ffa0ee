/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/settle.h"

#define WORKERS_MAX 8

enum state {
	MISSING,
	THERE,                  /* in the store */
	CLAIMED,                /* by another: later */
	MADE,                   /* in our claim, verified */
	FAILED,
	TWICE,                  /* the same as an earlier one */
};

struct job {
	size_t number;          /* of the layer, the lowest is 0 */
	struct image_layer *layer;
	enum state state;
	bool again;             /* one made for another place does not do here: by its chain's ID only */
	struct claim claim;
	struct layer_notes notes;
	struct digest chain;
	char *key;              /* in the result */
	char name[24];          /* for people */
	struct progress_layer *shown;
	struct error err;
};

struct run {
	const struct layer_store *store;
	const struct image_source *source;
	const struct unpack_options *options;
	struct progress *progress;
	size_t n, next;
	unsigned threads;       /* how many there may be */
	atomic_uint idle;       /* of those: without a job (stream.h) */
	struct job *jobs;
	struct job **order;     /* the largest first */
	struct flush *flush;    /* or NULL */
	bool stop;
	pthread_mutex_t mutex;
};

/* ---- one layer ---- */

static void pure_key(const struct digest *diff, char key[UNPACK_KEY])
{
	digest_hex(diff, key);
}

static void chain_key(const struct digest *chain, char key[UNPACK_KEY])
{
	key[0] = 'c';
	key[1] = '-';
	digest_hex(chain, key + 2);
}

/* By what it is, or by what it is on top of those below it. */
static bool is_there(const struct run *r, struct job *j)
{
	if (!j->layer->known)
		return false;
	pure_key(&j->layer->diff, j->key);
	if (!j->again && store_has_layer(r->store, j->key))
		return true;
	chain_key(&j->chain, j->key);
	return store_has_layer(r->store, j->key);
}

static int check_sums(struct job *j, const struct stream_sums *sums, struct error *err)
{
	const struct image_layer *l = j->layer;

	if (l->named && !digest_equal(&sums->packed, &l->packed))
		return error_set(err, ERROR_SAID, "it is not what its digest says");
	if (l->known && !digest_equal(&sums->plain, &l->diff)) {
		error_set(err, ERROR_SAID, "what is in it is not what its diff_id says");
		return error_hint(err, "the image's manifest and its configuration contradict each other");
	}
	j->layer->diff = sums->plain;
	return 0;
}

static int find_extent(const struct run *r, const struct job *j, struct extent *ret, struct error *err)
{
	int e = 0;

	if (j->layer->file)
		e = source_find(r->source, j->layer->file, ret, err);
	else
		*ret = (struct extent){.fd = r->source->fd, .size = r->source->size};
	if (e == 0 && j->layer->sized && ret->size != j->layer->size) {
		error_set(err, ERROR_SAID, "it has %llu bytes, and not the %llu that its descriptor says", (unsigned long long)ret->size,
		          (unsigned long long)j->layer->size);
		source_release(r->source, ret);
		return -err->code;
	}
	return e;
}

static int unpack_into(struct run *r, struct job *j, const struct extent *extent, int dir, struct error *err)
{
	struct layer_options options = r->options->layer;
	struct stream_sums sums;
	struct stream *stream;
	struct error ignored;
	int e = stream_open(extent, &j->shown->done, &stream, err);

	if (e < 0)
		return e;
	if (j->layer->known)
		stream_trust(stream);
	stream_use_idle(stream, &r->idle);
	options.flush = r->flush;
	e = recipe_begin(j->claim.dir, &options.recipe, err);
	if (e == 0)
		e = layer_unpack(stream, dir, &options, &j->notes, err);
	e = recipe_end(options.recipe, e < 0 ? &ignored : err) ?: e;
	/* The digest is of all the bytes, behind the archive's end too. */
	if (e == 0)
		e = stream_finish(stream, &sums, err);
	if (e == 0)
		e = check_sums(j, &sums, err);
	stream_close(stream);
	return e;
}

static int make_layer(struct run *r, struct job *j, struct error *err)
{
	cleanup_close int fs = -1;
	struct extent extent;
	int e = find_extent(r, j, &extent, err);

	if (e < 0)
		return e;
	if (mkdirat(j->claim.dir, "fs", 0755) < 0 || (fs = openat(j->claim.dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		e = error_set(err, errno, "make its directory in the store");
	if (e == 0)
		e = unpack_into(r, j, &extent, fs, err);
	source_release(r->source, &extent);
	return e;
}

/* Ctrl-C is no fault of the entry that was read just then. */
static void say_failure(struct job *j)
{
	if (unpack_interrupted())
		error_set(&j->err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(unpack_interrupted()) ?: "?");
	else
		error_wrap(&j->err, "layer %zu (%s)", j->number + 1, j->name);
	j->state = FAILED;
}

/* `again`: we may hold the other claim ourselves. */
static void claim_name(const struct job *j, char *buf, size_t size)
{
	if (j->again)
		chain_key(&j->chain, buf);
	else if (j->layer->known)
		digest_hex(&j->layer->diff, buf);
	else
		snprintf(buf, size, "plain.%d", getpid());
}

static void do_job(struct run *r, struct job *j, enum claim_wait wait)
{
	char name[DIGEST_HEX + 8];
	int e;

	claim_name(j, name, sizeof(name));
	e = store_claim(r->store, name, wait, &j->claim, &j->err);
	if (e == CLAIM_BUSY) {
		j->state = CLAIMED;
		return;
	}
	/* Another may have had it until now. */
	if (e == 0 && is_there(r, j)) {
		store_drop(r->store, &j->claim);
		j->state = THERE;
		progress_set(r->progress, j->shown, LAYER_THERE);
		return;
	}
	if (e == 0) {
		progress_set(r->progress, j->shown, LAYER_WORKS);
		e = make_layer(r, j, &j->err);
	}
	if (e < 0) {
		say_failure(j);
		return;
	}
	j->state = MADE;
	progress_set(r->progress, j->shown, LAYER_DONE);
}

/* ---- workers ---- */

static struct job *take(struct run *r)
{
	struct job *j = NULL;

	pthread_mutex_lock(&r->mutex);
	while (!j && r->next < r->n && !r->stop) {
		j = r->order[r->next++];
		if (j->state != MISSING)
			j = NULL;
	}
	pthread_mutex_unlock(&r->mutex);
	return j;
}

static void *work(void *arg)
{
	struct run *r = arg;
	struct job *j;

	while ((j = take(r))) {
		do_job(r, j, CLAIM_TRY);
		if (j->state == FAILED) {
			pthread_mutex_lock(&r->mutex);
			r->stop = true;
			pthread_mutex_unlock(&r->mutex);
		}
	}
	atomic_fetch_add(&r->idle, 1);
	return NULL;
}

static unsigned count_threads(const struct run *r)
{
	cpu_set_t set;
	unsigned n = r->options->workers;

	if (!n)
		n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	return n < WORKERS_MAX ? n : WORKERS_MAX;
}

static unsigned count_missing(const struct run *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->jobs[i].state == MISSING;
	return n;
}

/* This thread is one of them. */
static void work_all(struct run *r)
{
	unsigned missing = count_missing(r), started = 0;
	unsigned n = r->threads < missing ? r->threads : missing;
	pthread_t threads[WORKERS_MAX];

	atomic_store(&r->idle, r->threads - n);
	r->flush = r->store->no_sync || !n ? NULL : flush_begin(r->store->root);
	while (started + 1 < n && pthread_create(&threads[started], NULL, work, r) == 0)
		started++;
	work(r);
	while (started > 0)
		pthread_join(threads[--started], NULL);
	r->flush = flush_end(r->flush);
}

/* ---- from the lowest to the topmost ---- */

/* The job that has the layer, where it is there several times. */
static const struct job *original(const struct run *r, const struct job *j)
{
	for (size_t k = 0; j->state == TWICE && k < j->number; k++)
		if (digest_equal(&r->jobs[k].layer->diff, &j->layer->diff))
			return &r->jobs[k];
	return j;
}

/* The directories of the layers below the one with that number, the topmost first; malloc'ed. */
static int open_below(const struct run *r, size_t number, int **ret, struct error *err)
{
	int *fds = malloc((number + 1) * sizeof(int));

	if (!fds)
		return error_set(err, ENOMEM, "look into the layers");
	for (size_t i = 0; i < number; i++) {
		const struct job *j = original(r, &r->jobs[number - 1 - i]);

		fds[i] = j->state == MADE ? openat(j->claim.dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		                          : store_open_layer(r->store, j->key, err);
		if (fds[i] < 0) {
			if (j->state == MADE)
				error_set(err, errno, "open the layer %s", j->name);
			while (i-- > 0)
				close(fds[i]);
			free(fds);
			return -err->code;
		}
	}
	*ret = fds;
	return 0;
}

static void close_below(int *fds, size_t number)
{
	for (size_t i = 0; i < number; i++)
		close(fds[i]);
	free(fds);
}

static int settle_on(const struct run *r, struct job *j, const struct merged *below, struct error *err)
{
	cleanup_close int fs = openat(j->claim.dir, "fs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = fs < 0 ? error_set(err, errno, "open the layer %s", j->name) : layer_settle(fs, &r->options->layer, &j->notes, below, err);

	/* Its recipe leads to where they were. */
	if (e == SETTLE_MOVED)
		unlinkat(j->claim.dir, "recipe", 0);
	return e < 0 ? e : 0;
}

static int settle(struct run *r, struct job *j, struct error *err)
{
	bool depends = layer_depends(&j->notes) || j->again;
	struct merged below = {.n = j->number, .marks = r->options->layer.marks};
	int *fds, e;

	pure_key(&j->layer->diff, j->key);
	if (!depends && !j->notes.n_whiteouts)
		return 0;
	e = open_below(r, j->number, &fds, err);
	if (e < 0)
		return e;
	below.layers = fds;
	if (!depends)
		e = settle_finds_ghosts(j->notes.whiteouts, j->notes.n_whiteouts, &below, err);
	if (depends || e == 1) {
		chain_key(&j->chain, j->key);
		e = settle_on(r, j, &below, err);
	}
	close_below(fds, j->number);
	return e < 0 ? error_wrap(err, "layer %zu (%s)", j->number + 1, j->name) : 0;
}

/* ---- those that were made for another place ---- */

/* What layers/KEY/whiteouts says: paths, each with its NUL. */
static int find_ghosts(const struct run *r, const struct job *j, char *text, size_t len, struct error *err)
{
	cleanup_free char **paths = calloc(len / 2 + 1, sizeof(*paths));
	struct merged below = {.n = j->number, .marks = r->options->layer.marks};
	size_t n = 0;
	int *fds, e;

	if (!paths)
		return error_set(err, ENOMEM, "look into the layers");
	for (char *p = text; p < text + len; p += strlen(p) + 1)
		if (*p)
			paths[n++] = p;
	e = open_below(r, j->number, &fds, err);
	if (e < 0)
		return e;
	below.layers = fds;
	e = settle_finds_ghosts(paths, n, &below, err);
	close_below(fds, j->number);
	return e;
}

/* 1: a layer of the store that hides something in other images, and would show its whiteouts in this one. */
static int shows_ghosts(const struct run *r, const struct job *j, struct error *err)
{
	cleanup_free char *text = NULL;
	cleanup_close int fd = -1;
	char path[DIGEST_HEX + 16];
	struct stat st;

	if (strncmp(j->key, "c-", 2) == 0)
		return 0;
	snprintf(path, sizeof(path), "%.64s/whiteouts", j->key);
	fd = openat(r->store->layers, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : error_set(err, errno, "open the layer %s", j->name);
	if (fstat(fd, &st) < 0 || !(text = calloc(1, (size_t)st.st_size + 1)) || read(fd, text, (size_t)st.st_size) != st.st_size)
		return error_set(err, EIO, "read the layer %s", j->name);
	return find_ghosts(r, j, text, (size_t)st.st_size, err);
}

/* Another place, other layers below: what depends on them is another layer there. */
static int look_again(const struct run *r, struct job *j, struct error *err)
{
	int e = 0;

	if (j->state == TWICE)
		e = strncmp(original(r, j)->key, "c-", 2) == 0;
	else if (j->state == THERE)
		e = shows_ghosts(r, j, err);
	if (e <= 0)
		return e;
	j->again = true;
	j->state = is_there(r, j) ? THERE : MISSING;
	return 0;
}

/* For images where they would hide nothing (shows_ghosts). */
static int write_whiteouts(const struct job *j, struct error *err)
{
	cleanup_close int fd = openat(j->claim.dir, "whiteouts", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (!out)
		return error_set(err, errno, "write about the layer %s", j->name);
	fd = -1;
	for (size_t i = 0; i < j->notes.n_whiteouts; i++)
		fwrite(j->notes.whiteouts[i], strlen(j->notes.whiteouts[i]) + 1, 1, out);
	return fclose(out) != 0 ? error_set(err, errno, "write about the layer %s", j->name) : 0;
}

static int write_info(const struct job *j, struct error *err)
{
	cleanup_close int fd = openat(j->claim.dir, "info", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char diff[DIGEST_HEX];

	/* Who reads it knows nothing of JSON: one line. */
	digest_hex(&j->layer->diff, diff);
	if (fd < 0 || dprintf(fd, "entries=%llu bytes=%llu root=%d diff=%s\n", (unsigned long long)j->notes.entries,
	                      (unsigned long long)j->notes.bytes, j->notes.names_root, diff) < 0)
		return error_set(err, errno, "write about the layer %s", j->name);
	return j->notes.n_whiteouts && strncmp(j->key, "c-", 2) != 0 ? write_whiteouts(j, err) : 0;
}

/* What we have made and settled, below `end`, becomes everybody's. */
static int publish(struct run *r, size_t end, struct error *err)
{
	int e = 0;
	bool any = false;

	for (size_t i = 0; i < end && e == 0; i++)
		if (r->jobs[i].state == MADE) {
			e = write_info(&r->jobs[i], err);
			any = true;
		}
	if (any && e == 0)
		e = store_sync(r->store, err);
	for (size_t i = 0; i < end && e == 0; i++)
		if (r->jobs[i].state == MADE) {
			e = store_publish(r->store, &r->jobs[i].claim, r->store->layers, r->jobs[i].key, err);
			r->jobs[i].state = THERE;
		}
	return any && e == 0 ? store_sync_names(r->store, r->store->layers, err) : e;
}

/* Those above a layer that we have to wait for: complete ones are given away, the others, which depend on it, are dropped. */
static int let_go(struct run *r, size_t number, struct error *err)
{
	for (size_t i = number + 1; i < r->n; i++) {
		struct job *j = &r->jobs[i];

		if (j->state != MADE)
			continue;
		if (!layer_depends(&j->notes) && !j->notes.n_whiteouts) {
			pure_key(&j->layer->diff, j->key);
			continue;
		}
		store_drop(r->store, &j->claim);
		layer_notes_free(&j->notes);
		j->state = MISSING;
	}
	return publish(r, r->n, err);
}

static int check(struct run *r, struct error *err)
{
	int *fds, e = open_below(r, r->n, &fds, err);

	if (e < 0)
		return e;
	e = r->options->check(r->options->arg, &(struct merged){fds, r->n, r->options->layer.marks}, err);
	close_below(fds, r->n);
	return e;
}

static int finish(struct run *r, struct error *err)
{
	int e = 0;

	for (size_t i = 0; i < r->n && e == 0; i++) {
		struct job *j = &r->jobs[i];

		e = look_again(r, j, err);
		if (e == 0 && j->state == CLAIMED)
			e = let_go(r, i, err);
		if (e == 0 && (j->state == CLAIMED || j->state == MISSING))
			do_job(r, j, CLAIM_WAIT);
		if (e == 0 && j->state == FAILED) {
			*err = j->err;
			return -err->code;
		}
		if (e == 0 && j->state == MADE)
			e = settle(r, j, err);
	}
	if (e == 0)
		e = check(r, err);
	return e < 0 ? e : publish(r, r->n, err);
}

/* ---- all of it ---- */

static int by_size(const void *a, const void *b)
{
	const struct job *x = *(struct job *const *)a, *y = *(struct job *const *)b;

	return (x->shown->size < y->shown->size) - (x->shown->size > y->shown->size);
}

static void name_job(struct job *j)
{
	char hex[DIGEST_HEX];

	if (j->layer->named || j->layer->known) {
		digest_hex(j->layer->named ? &j->layer->packed : &j->layer->diff, hex);
		snprintf(j->name, sizeof(j->name), "%.12s", hex);
	} else {
		snprintf(j->name, sizeof(j->name), "root");
	}
	j->shown->name = j->name;
}

static void size_job(const struct run *r, struct job *j)
{
	struct error ignored;
	struct extent e;

	j->shown->size = j->layer->size;
	if (!j->layer->file || j->layer->sized || source_find(r->source, j->layer->file, &e, &ignored) < 0)
		return;
	j->shown->size = e.size;
	source_release(r->source, &e);
}

/* An image may have the same layer several times (an empty one, say). */
static bool is_twice(const struct run *r, const struct job *j)
{
	for (size_t i = 0; i < j->number; i++)
		if (r->jobs[i].layer->known && j->layer->known && digest_equal(&r->jobs[i].layer->diff, &j->layer->diff))
			return true;
	return false;
}

static void begin_job(struct run *r, struct image *image, struct progress_layer *shown, size_t i, struct unpack_result *ret)
{
	struct job *j = &r->jobs[i];

	*j = (struct job){.number = i, .layer = &image->layers[i], .claim = {.dir = -1}, .key = ret->keys[i], .shown = &shown[i]};
	if (i == 0)
		j->chain = j->layer->diff;
	else
		digest_chain(&r->jobs[i - 1].chain, &j->layer->diff, &j->chain);
	name_job(j);
	size_job(r, j);
	if (is_twice(r, j))
		j->state = TWICE;
	else if (is_there(r, j))
		j->state = THERE;
	r->order[i] = j;
}

/* What an earlier one has become. */
static void name_twice(struct run *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->jobs[i].state == TWICE)
			memcpy(r->jobs[i].key, original(r, &r->jobs[i])->key, UNPACK_KEY);
}

static int run_all(struct run *r, struct unpack_result *ret, struct error *err)
{
	int e = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->jobs[i].state == THERE || r->jobs[i].state == TWICE)
			progress_set(r->progress, r->jobs[i].shown, LAYER_THERE);
	qsort(r->order, r->n, sizeof(*r->order), by_size);
	r->threads = count_threads(r);
	work_all(r);
	atomic_store(&r->idle, r->threads - 1);
	for (size_t i = 0; i < r->n && e == 0; i++)
		if (r->jobs[i].state == FAILED) {
			*err = r->jobs[i].err;
			e = -err->code;
		}
	if (e == 0)
		e = finish(r, err);
	name_twice(r);
	for (size_t i = 0; i < r->n; i++)
		ret->left_out += r->jobs[i].notes.left_out;
	return e;
}

int unpack_layers(const struct layer_store *store, const struct image_source *source, struct image *image, const struct unpack_options *options,
                  struct unpack_result *ret, struct error *err)
{
	cleanup_free struct progress_layer *shown = calloc(image->n + 1, sizeof(*shown));
	cleanup_free struct job *jobs = calloc(image->n + 1, sizeof(*jobs));
	cleanup_free struct job **order = calloc(image->n + 1, sizeof(struct job *));
	struct run r = {.store = store, .source = source, .options = options, .n = image->n, .jobs = jobs, .order = order};
	int e;

	if (!shown || !jobs || !order)
		return error_set(err, ENOMEM, "unpack an image");
	pthread_mutex_init(&r.mutex, NULL);
	for (size_t i = 0; i < r.n; i++)
		begin_job(&r, image, shown, i, ret);
	r.progress = progress_begin(options->progress, shown, r.n);
	e = run_all(&r, ret, err);
	progress_end(r.progress);
	for (size_t i = 0; i < r.n; i++) {
		store_drop(store, &jobs[i].claim);
		layer_notes_free(&jobs[i].notes);
	}
	return e;
}
