/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define VALUES_MAX 400000       /* of a JSON text */
#define VOLUMES_MAX 1000        /* each is a mount */

const char *image_string(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING && strlen(value->text) == value->len ? value->text : "";
}

int image_parse(const char *text, size_t len, const char *file, struct json_doc **ret, struct error *err)
{
	size_t values = 1;

	for (size_t i = 0; i < len; i++)
		values += text[i] == ',' || text[i] == '[' || text[i] == '{';
	if (values > VALUES_MAX)
		return error_set(err, ERROR_SAID, "%.150s has more than %d values", file, VALUES_MAX);
	return json_parse(text, len, file, ret, err);
}

int image_read_json(const struct image_source *source, const char *file, char **ret_text, size_t *ret_len, struct json_doc **ret, struct error *err)
{
	int r = source_check_once(source, file, err) ?: source_read(source, file, JSON_SIZE_MAX, ret_text, ret_len, err);

	return r < 0 ? r : image_parse(*ret_text, *ret_len, file, ret, err);
}

void image_hint_names(struct error *err, const char *const *names, size_t n)
{
	char list[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(list); i++)
		if (*names[i])
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", names[i]);
	if (len)
		error_hint(err, "it has %s: name one with --ref, or behind a colon", list);
}

/* ---- platforms ---- */

/* image-spec image-index.md "platform": Go's names. */
static const struct { const char *machine, *architecture, *variant; } machines[] = {
	{"x86_64", "amd64", NULL}, {"aarch64", "arm64", NULL}, {"armv8l", "arm", "v7"}, {"armv7l", "arm", "v7"}, {"armv6l", "arm", "v6"},
	{"riscv64", "riscv64", NULL}, {"ppc64le", "ppc64le", NULL}, {"s390x", "s390x", NULL}, {"i686", "386", NULL},
	{"loongarch64", "loong64", NULL}, {"mips64", "mips64le", NULL},
};

/*
 * Who wants one of these takes the others, too, in this order: the least that is asked of the processor first, as nobody looks here at
 * what it has.  Other architectures count for this machine only.
 */
static const struct { const char *architecture, *variant, *others; } orders[] = {
	{"amd64", NULL, " amd64/ amd64/v1 amd64/v2 amd64/v3 amd64/v4 386/ "},
	{"arm64", NULL, " arm64/ arm64/v8 arm64/v9 arm/v8 arm/v7 arm/ arm/v6 arm/v5 "},
	{"arm", "v7", " arm/v7 arm/ arm/v6 arm/v5 "},
	{"arm", "v6", " arm/v6 arm/ arm/v5 "},
};

/* In its order; behind all that is there: 100. */
static unsigned place_in_order(const struct platform *wanted, const char *architecture, const char *variant)
{
	char name[64];

	if ((size_t)snprintf(name, sizeof(name), " %s/%s ", architecture, variant) >= sizeof(name) || strcspn(name + 1, " ") != strlen(name + 1) - 1)
		return 100;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const char *v = orders[i].variant, *found;

		if (strcmp(orders[i].architecture, wanted->architecture) != 0 || (v && strcmp(v, wanted->variant ?: "") != 0))
			continue;
		found = strstr(orders[i].others, name);
		return found ? (unsigned)(found - orders[i].others) : 100;
	}
	return 100;
}

unsigned platform_rank(const struct platform *wanted, const struct json *platform)
{
	const char *architecture = image_string(platform, "architecture"), *variant = image_string(platform, "variant");
	bool same = strcmp(wanted->architecture, architecture) == 0;
	unsigned place;

	if (strcmp(wanted->os, image_string(platform, "os")) != 0 || (!same && !wanted->own))
		return PLATFORM_OTHER;
	place = place_in_order(wanted, architecture, variant);
	if (wanted->own)
		return place < 100 || (same && !wanted->variant) ? place : PLATFORM_OTHER;
	return !wanted->variant ? place : !*variant || strcmp(wanted->variant, variant) == 0 ? !*variant : PLATFORM_OTHER;
}

static int no_platform(const char *text, struct error *err)
{
	error_set(err, ERROR_SAID, "--platform %.100s", text);
	return error_hint(err, "OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT is expected, such as linux/arm64");
}

int platform_parse(char *text, struct platform *ret, struct error *err)
{
	struct utsname u;
	char *rest = text;

	*ret = (struct platform){.os = "linux", .own = !text};
	if (text) {
		const char *slash = strchr(text, '/');

		if (!slash || slash == text || !slash[1] || slash[1] == '/')
			return no_platform(text, err);
		ret->os = strsep(&rest, "/");
		ret->architecture = strsep(&rest, "/");
		ret->variant = rest && *rest ? rest : NULL;
		return 0;
	}
	uname(&u);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].machine, u.machine) == 0) {
			ret->architecture = machines[i].architecture;
			ret->variant = machines[i].variant;
			return 0;
		}
	error_set(err, ERROR_SAID, "this machine, %s, has no name in images that is known here", u.machine);
	return error_hint(err, "name the platform by --platform");
}

/* ---- the configuration ---- */

/* image-spec config.md: what is there is of these types; docker writes null for what is not.  Nothing of it is guessed, or left out. */
enum shape { TEXT, LIST, OBJECT, TEXTS };

static const struct { const char *name; enum shape shape; } members[] = {
	{"User", TEXT}, {"Env", LIST}, {"Entrypoint", LIST}, {"Cmd", LIST}, {"WorkingDir", TEXT}, {"StopSignal", TEXT},
	{"ExposedPorts", OBJECT}, {"Volumes", OBJECT}, {"Labels", TEXTS},
};

static const struct { enum json_type type; const char *name; } shapes[] = {
	[TEXT] = {JSON_STRING, "text"}, [LIST] = {JSON_ARRAY, "list"}, [OBJECT] = {JSON_OBJECT, "object"}, [TEXTS] = {JSON_OBJECT, "object"},
};

/* A program would get no more than what stands before a NUL. */
static bool is_text(const struct json *s)
{
	return s->type == JSON_STRING && strlen(s->text) == s->len;
}

static int check_member(const char *name, enum shape shape, const struct json *value, struct error *err)
{
	if (!value || value->type == JSON_NULL)
		return 0;
	if (value->type != shapes[shape].type || (shape == TEXT && !is_text(value)))
		return error_set(err, ERROR_SAID, "its configuration's %s is no %s", name, shapes[shape].name);
	if (shape == LIST || shape == TEXTS)
		for (const struct json *s = value->first; s; s = s->next)
			if (!is_text(s))
				return error_set(err, ERROR_SAID, "its configuration's %s has an element that is no text", name);
	return 0;
}

static int check_paths(const struct json *config, struct error *err)
{
	const char *cwd = image_string(config, "WorkingDir");
	const struct json *volumes = json_get(config, "Volumes");

	if (*cwd && *cwd != '/')
		return error_set(err, ERROR_SAID, "its configuration's WorkingDir %.200s is no absolute path", cwd);
	if (volumes && volumes->type == JSON_OBJECT && volumes->len > VOLUMES_MAX)
		return error_set(err, ERROR_SAID, "its configuration has more than %d Volumes", VOLUMES_MAX);
	return 0;
}

static int check_members(const struct json *config, struct error *err)
{
	int r = check_member("config", OBJECT, config, err);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && r == 0; i++)
		r = check_member(members[i].name, members[i].shape, json_get(config, members[i].name), err);
	return r < 0 ? r : check_paths(config, err);
}

int image_check_platform(const struct platform *p, const struct json *config, struct error *err)
{
	if (platform_rank(p, config) != PLATFORM_OTHER)
		return 0;
	error_set(err, ERROR_SAID, "the image is for %s/%s, not for %s/%s", image_string(config, "os"), image_string(config, "architecture"),
	          p->os, p->architecture);
	return error_hint(err, "--platform %s/%s takes it all the same", image_string(config, "os"), image_string(config, "architecture"));
}

int image_take_config(struct image *image, const char *file, struct error *err)
{
	const struct json *config, *rootfs, *ids;
	size_t n = 0;
	int r = image_parse(image->config_text, image->config_len, file, &image->config, err);

	if (r < 0)
		return r;
	config = json_root(image->config);
	rootfs = json_get(config, "rootfs");
	ids = json_get(rootfs, "diff_ids");
	if (!config || config->type != JSON_OBJECT || strcmp(image_string(rootfs, "type"), "layers") != 0 || !ids || ids->type != JSON_ARRAY)
		return error_set(err, ERROR_SAID, "the configuration %.100s has no rootfs of layers", file);
	if (ids->len != image->n)
		return error_set(err, ERROR_SAID, "the configuration has %u diff_ids for %zu layers", ids->len, image->n);
	for (const struct json *id = ids->first; id; id = id->next, n++) {
		char what[64];

		snprintf(what, sizeof(what), "diff_id %zu of the configuration", n + 1);
		if (id->type != JSON_STRING)
			return error_set(err, ERROR_SAID, "%s is no string", what);
		r = digest_parse(id->text, what, &image->layers[n].diff, err);
		if (r < 0)
			return r;
		image->layers[n].known = true;
	}
	return check_members(json_get(config, "config"), err);
}

/* ---- all of it ---- */

static int rootfs_find(const struct image_source *source, const char *ref, struct image *ret, struct error *err)
{
	if (ref)
		return error_set(err, ERROR_SAID, "it is a root file system, no archive of images: there is no %s in it", ref);
	ret->name = strdup("");
	ret->n = 1;
	ret->layers[0] = (struct image_layer){.size = source->size};
	return ret->name ? 0 : error_set(err, ENOMEM, "read the image");
}

int image_find(const struct image_source *source, const char *ref, const struct platform *platform, struct image *ret, struct error *err)
{
	struct extent e;
	struct error ignored;

	memset(ret, 0, sizeof(*ret));
	if (source->kind == SOURCE_ROOTFS)
		return rootfs_find(source, ref, ret, err);
	/* docker since 25 writes both; the layout says more. */
	if (source_find(source, "index.json", &e, &ignored) == 0) {
		source_release(source, &e);
		if (source->kind == SOURCE_FOLDER || source_find(source, "oci-layout", &e, &ignored) == 0)
			return oci_find(source, ref, platform, ret, err);
	}
	if (source_find(source, "manifest.json", &e, &ignored) == 0) {
		source_release(source, &e);
		return docker_find(source, ref, platform, ret, err);
	}
	error_set(err, ERROR_SAID, "the folder is no image: it has neither index.json nor manifest.json");
	return error_hint(err, "an OCI image layout, an archive of docker's, or the tar of a root file system is expected");
}

void image_free(struct image *image)
{
	json_free(image->config);
	free(image->config_text);
	free(image->name);
	for (size_t i = 0; i < image->n; i++)
		free(image->layers[i].file);
	memset(image, 0, sizeof(*image));
}
