/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/text.h"
#include "runtime/image/images.h"
#include "runtime/image/interrupt.h"
#include "runtime/image/recipe.h"

struct run {
	const struct layer_store *store;
	const struct verify_options *options;
	unsigned damaged;
};

/* The key says it, or, of a layer that depends on others, `info`. */
static int read_diff(int layer, const char *key, struct digest *ret, struct error *err)
{
	char line[256] = "", text[8 + DIGEST_HEX];
	cleanup_close int fd = openat(layer, "info", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	const char *hex = n < 0 ? NULL : strstr(line, "diff=");

	if (n < 0)
		return error_set(err, errno, "read what is known of it");
	snprintf(text, sizeof(text), "sha256:%.64s", strncmp(key, "c-", 2) != 0 ? key : hex ? hex + 5 : "");
	return digest_parse(text, "what is known of it", ret, err);
}

/* RECIPE_NONE: nobody can tell. */
static int check(const struct run *r, int layer, const char *key, struct error *err)
{
	struct digest said, found;
	int e;

	if (strchr(key, '.'))   /* a copy (shift.h) */
		return RECIPE_NONE;
	e = read_diff(layer, key, &said, err);
	if (e == 0)
		e = recipe_follow(layer, !r->options->squash, &found, err);
	if (e != 0)
		return e;
	return digest_equal(&said, &found) ? 0 : error_set(err, ERROR_SAID, "the content of its files is not what its diff_id says");
}

/* rmi and prune take a layer's name away before anything in it: what was missed since then is no damage. */
static bool is_removed(const struct run *r, int layer, const char *key)
{
	struct stat by_name, by_fd;

	if (layer < 0)
		return !r->options->image || !images_has(r->store, r->options->image);
	return fstatat(r->store->layers, key, &by_name, AT_SYMLINK_NOFOLLOW) < 0 || fstat(layer, &by_fd) < 0 || by_name.st_ino != by_fd.st_ino;
}

static void report(const struct run *r, const char *key, const char *state, const struct error *err)
{
	const char *reason = err && err->code != ERROR_SAID ? error_reason(err) : "";

	if (r->options->json) {
		printf("{\"layer\":\"%s\",\"state\":\"%s\",\"why\":\"", key, state);
		text_print_json(stdout, err ? err->text : "");
		printf("%s%s\"}\n", *reason ? ": " : "", reason);
		return;
	}
	printf("%-12.12s  %s", strncmp(key, "c-", 2) == 0 ? key + 2 : key, state);
	if (err) {
		fputs(": ", stdout);
		text_print(stdout, err->text);
		printf("%s%s", *reason ? ": " : "", reason);
	}
	putchar('\n');
}

static int verify_one(void *arg, const char *key, struct error *err)
{
	struct run *r = arg;
	struct error why = {0};
	cleanup_close int layer = openat(r->store->layers, key, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int e = layer < 0 ? error_set(&why, errno, "open it") : check(r, layer, key, &why);

	if (unpack_interrupted())
		return error_set(err, EINTR, "verify the layers");
	if (e < 0 && (layer >= 0 || why.code == ENOENT) && is_removed(r, layer, key))
		return 0;
	if (e == RECIPE_NONE && strchr(key, '.'))
		report(r, key, "not verified", &(struct error){.code = ERROR_SAID, .text = "it is a copy with other owners (run --chown-copy)"});
	else if (e == RECIPE_NONE)
		report(r, key, "not verified", &(struct error){.code = ERROR_SAID, .text = "its archive has names twice, or in another place"});
	else
		report(r, key, e < 0 ? "damaged" : "ok", e < 0 ? &why : NULL);
	r->damaged += e < 0;
	return fflush(stdout) == 0 ? 0 : error_set(err, errno, "write to standard output");
}

int verify_layers(const struct layer_store *store, const struct verify_options *options, unsigned *ret_damaged, struct error *err)
{
	struct run r = {store, options, 0};
	int e = images_each_layer(store, options->image, verify_one, &r, err);

	*ret_damaged = r.damaged;
	return e;
}
