/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"

#include <errno.h>
#include <string.h>

#include "spec/chapters.h"

#define AT(member) offsetof(struct config, member)

static const struct field root_fields[] = {
	{NULL,       decode_set,  AT(root.set)},
	{NULL,       decode_at,   AT(root.at)},
	{"path",     decode_text, AT(root.path), .required = true},
	{"readonly", decode_bool, AT(root.readonly)},
	{0},
};

/*
 * Of another platform's chapter nothing is kept, but config.md "Valid values" holds: what is
 * invalid is an error, whoever reads it.
 */
static DECODER(check_word)
{
	struct text text = {0};

	return decode_word(doc, value, &text, f, err);
}

static const struct name jail_shares[] = {{"inherit", 0}, {"new", 1}, {0}};
static const struct name jail_modes[] = {{"disable", 0}, {"inherit", 1}, {"new", 2}, {0}};

#define JAIL(key, words) {key, check_word, 0, .names = words, .what = "a way to set up a jail"}

static const struct field jail_fields[] = {
	JAIL("host", jail_shares),   JAIL("vnet", jail_shares),   JAIL("ip4", jail_modes),
	JAIL("ip6", jail_modes),     JAIL("sysvmsg", jail_modes), JAIL("sysvsem", jail_modes),
	JAIL("sysvshm", jail_modes), {0},
};

static const struct field freebsd_fields[] = {
	{"jail", decode_object, 0, .fields = jail_fields},
	{0},
};

/* config.md */
static const struct field config_fields[] = {
	{"ociVersion",  decode_text,   AT(oci_version), .required = true},
	{"root",        decode_object, 0, .fields = root_fields},
	{"process",     decode_object, AT(process), .fields = process_fields},
	{"hostname",    decode_option, AT(hostname)},
	{"domainname",  decode_option, AT(domainname)},
	{"mounts",      decode_list,   AT(mounts), .fields = mount_fields, .size = sizeof(struct mount)},
	{"hooks",       decode_object, AT(hooks), .fields = hooks_fields},
	{"annotations", decode_pairs,  AT(annotations)},
	{"linux",       decode_object, AT(linux_), .fields = linux_fields},
	{"freebsd",     decode_object, 0, .fields = freebsd_fields},
	{0},
};

static const struct field process_part[] = {{.offset = AT(process), .fields = process_fields}};
static const struct field resources_part[] = {
	{.offset = AT(linux_.resources), .fields = resources_fields}};
static const struct field whole[] = {{.offset = 0, .fields = config_fields}};

static struct config *config_new(struct json_doc *doc, const char *path)
{
	struct config *config = json_alloc(doc, sizeof(*config));
	char *copy = config ? json_alloc(doc, strlen(path) + 1) : NULL;

	if (!copy)
		return NULL;
	config->doc = doc;
	config->path = strcpy(copy, path);
	return config;
}

static int parse(const char *text, size_t len, const char *path, const struct field *part,
                 struct config **ret, struct error *err)
{
	struct json_doc *doc = NULL;
	struct config *config;
	int r = json_parse(text, len, path, &doc, err);

	if (r < 0)
		return r;
	config = config_new(doc, path);
	if (!config)
		r = error_set(err, ENOMEM, "out of memory");
	else
		r = decode_fields(doc, json_root(doc), part->fields, (char *)config + part->offset, err);
	if (r < 0) {
		json_blame(doc, path, err);
		json_free(doc);
		return r;
	}
	*ret = config;
	return 0;
}

int config_parse(const char *text, size_t len, const char *path, struct config **ret,
                 struct error *err)
{
	return parse(text, len, path, whole, ret, err);
}

int config_parse_process(const char *text, size_t len, const char *path, struct config **ret,
                         struct error *err)
{
	return parse(text, len, path, process_part, ret, err);
}

int config_parse_resources(const char *text, size_t len, const char *path, struct config **ret,
                           struct error *err)
{
	return parse(text, len, path, resources_part, ret, err);
}

struct config *config_free(struct config *config)
{
	if (config)
		json_free(config->doc);
	return NULL;
}

void config_blame(const struct config *config, struct error *err)
{
	json_blame(config->doc, config->path, err);
}

const char *config_annotation(const struct config *config, const char *key)
{
	for (size_t i = 0; i < config->annotations.n; i++)
		if (strcmp(config->annotations.v[i].key, key) == 0)
			return config->annotations.v[i].value;
	return NULL;
}
