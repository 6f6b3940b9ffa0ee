/* Bytes that we did not write, through everything that reads a config.json. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/config.h"
#include "spec/emit.h"
#include "spec/json.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void check_error(int r, const struct error *err)
{
	MUST(r == -err->code && err->code > 0 && err->text[0]);
	MUST(err->line > 0 && err->column > 0 && strcmp(err->file, "config.json") == 0);
	for (const char *s = err->text, *p = err->pointer; *s || *p; s += *s != 0, p += *p != 0)
		MUST((*s == 0 || (unsigned char)*s >= ' ') && (*p == 0 || (unsigned char)*p >= ' '));
	MUST(err->pointer[0] == '\0' || err->pointer[0] == '/');
}

/* A string that was read can be written and read again. */
static void check_round_trip(const struct json *node)
{
	struct emitter e = {0};
	struct json_doc *doc = NULL;
	struct error err;
	char *text = NULL;
	size_t len = 0;

	if (node->type != JSON_STRING || memchr(node->text, '\0', node->len))
		return;
	emit_string(&e, node->text);
	MUST(emit_finish(&e, &text, &len, &err) == 0);
	MUST(json_parse(text, len, "-", &doc, &err) == 0);
	MUST(json_root(doc)->len == node->len);
	MUST(memcmp(json_root(doc)->text, node->text, node->len) == 0);
	json_free(doc);
	free(text);
}

/* Children lie in their parents, in order, and know their places. */
static void check_node(const struct json_doc *doc, const struct json *node)
{
	uint32_t end = node->start + 1, n = 0;
	struct error err = {.code = 1, .at = json_source(node)};

	MUST(node->span > 0);
	json_blame(doc, "config.json", &err);
	MUST(err.line > 0);
	for (const struct json *child = node->first; child; child = child->next, n++) {
		MUST(child->start >= end && child->start + child->span < node->start + node->span);
		MUST((node->type == JSON_OBJECT) == (child->key != NULL));
		end = child->start + child->span;
		check_node(doc, child);
	}
	MUST(node->first == NULL || n == node->len);
	check_round_trip(node);
}

static void check_tree(const char *text, size_t size)
{
	struct json_doc *doc = NULL;
	struct error err;
	int r = json_parse(text, size, "config.json", &doc, &err);

	if (r < 0)
		check_error(r, &err);
	else
		check_node(doc, json_root(doc));
	json_free(doc);
}

typedef int parser(const char *text, size_t len, const char *path, struct config **ret,
                   struct error *err);

static void check_config(parser *parse, const char *text, size_t size)
{
	struct config *config = NULL;
	struct error err;
	int r = parse(text, size, "config.json", &config, &err);

	if (r == 0) {
		r = config_validate(config, &err);
		config_blame(config, &err);
	}
	if (r < 0)
		check_error(r, &err);
	config_free(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static parser *const parsers[] = {config_parse, config_parse_process, config_parse_resources};

	check_tree((const char *)data, size);
	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++)
		check_config(parsers[i], (const char *)data, size);
	return 0;
}
