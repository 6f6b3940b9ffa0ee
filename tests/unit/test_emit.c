/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spec/json.h"
#include "tests/unit/unit.h"

/* Compares and frees. */
static void expect(struct emitter *e, const char *want)
{
	struct error err = {0};
	char *text = NULL, copy[4096] = "";
	size_t len = 0;
	int r = emit_finish(e, &text, &len, &err);

	if (r == 0)
		snprintf(copy, sizeof(copy), "%s", text);
	free(text);
	assert_int_equal(r, 0);
	assert_string_equal(copy, want);
	assert_int_equal(len, strlen(want));
	assert_null(e->text);
}

/* ---- strings ---- */

static const struct row {
	const char *name, *in, *out;
} rows[] = {
	{"leaves a plain string", "abc DEF 123", "\"abc DEF 123\""},
	{"writes an empty string", "", "\"\""},
	{"does not escape a slash", "/a/b</script>", "\"/a/b</script>\""},
	{"escapes quote and backslash", "a\"b\\c", "\"a\\\"b\\\\c\""},
	{"has short forms", "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
	{"escapes other control characters", "\x01\x1f\x0b", "\"\\u0001\\u001f\\u000b\""},
	{"escapes DEL, which JSON allows", "\x7f", "\"\\u007f\""},
	{"escapes C1 and bidi controls, which JSON allows", "\xc2\x9b\xe2\x80\xae\xc2\xa0", "\"\\u009b\\u202e\xc2\xa0\""},
	{"leaves UTF-8 of all lengths", "aä€😀", "\"aä€😀\""},
	{"replaces a stray byte", "a\x80z", "\"a\xef\xbf\xbdz\""},
	{"replaces Latin-1", "\xe4\xf6", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{"replaces a cut sequence", "a\xe2\x82", "\"a\xef\xbf\xbd\xef\xbf\xbd\""},
	{"replaces an encoded surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

static void test_string(void **state)
{
	const struct row *row = *state;
	struct emitter e = {0};

	emit_string(&e, row->in);
	expect(&e, row->out);
}

/* What was written is read back, byte by byte, unless it was not UTF-8. */
static void test_round_trip(void **state)
{
	char all[128];
	struct emitter e = {0};
	struct json_doc *doc = NULL;
	struct error err = {0};
	char *text = NULL;
	size_t len;
	int r;

	for (int i = 0; i < 127; i++)
		all[i] = (char)(i + 1);
	all[127] = '\0';
	emit_array(&e);
	emit_string(&e, all);
	emit_end_array(&e);
	assert_int_equal(emit_finish(&e, &text, &len, &err), 0);
	r = json_parse(text, len, "x", &doc, &err);
	free(text);
	assert_int_equal(r, 0);
	memcpy(all, json_root(doc)->first->text, sizeof(all));
	json_free(doc);
	for (int i = 0; i < 127; i++)
		assert_int_equal(all[i], i + 1);
}

/* ---- structure ---- */

static void emit_sample(struct emitter *e)
{
	emit_object(e);
	emit_key_string(e, "s", "x");
	emit_key_int(e, "min", INT64_MIN);
	emit_key_uint(e, "max", UINT64_MAX);
	emit_key_bool(e, "yes", true);
	emit_key(e, "empty");
	emit_object(e);
	emit_end_object(e);
	emit_key(e, "none");
	emit_array(e);
	emit_end_array(e);
	emit_key(e, "list");
	emit_array(e);
	emit_int(e, -1);
	emit_array(e);
	emit_bool(e, false);
	emit_end_array(e);
	emit_object(e);
	emit_key(e, "raw");
	emit_raw(e, "[1, 2]", 6);
	emit_key_int(e, "k", 0);
	emit_end_object(e);
	emit_end_array(e);
	emit_end_object(e);
}

static void test_compact(void **state)
{
	struct emitter e = {0};

	emit_sample(&e);
	expect(&e, "{\"s\":\"x\",\"min\":-9223372036854775808,\"max\":18446744073709551615,\"yes\":true,"
	           "\"empty\":{},\"none\":[],\"list\":[-1,[false],{\"raw\":[1, 2],\"k\":0}]}");
}

static void test_pretty(void **state)
{
	struct emitter e = {.pretty = true};

	emit_sample(&e);
	expect(&e, "{\n"
	           "  \"s\": \"x\",\n"
	           "  \"min\": -9223372036854775808,\n"
	           "  \"max\": 18446744073709551615,\n"
	           "  \"yes\": true,\n"
	           "  \"empty\": {},\n"
	           "  \"none\": [],\n"
	           "  \"list\": [\n"
	           "    -1,\n"
	           "    [\n"
	           "      false\n"
	           "    ],\n"
	           "    {\n"
	           "      \"raw\": [1, 2],\n"
	           "      \"k\": 0\n"
	           "    }\n"
	           "  ]\n"
	           "}\n");
}

static void test_reuse(void **state)
{
	struct emitter e = {0};

	emit_int(&e, 1);
	expect(&e, "1");
	emit_string(&e, "two");
	expect(&e, "\"two\"");
}

static void test_growth(void **state)
{
	struct emitter e = {0};
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;

	emit_array(&e);
	for (int i = 0; i < 100000; i++)
		emit_string(&e, "0123456789");
	emit_end_array(&e);
	assert_int_equal(emit_finish(&e, &text, &len, &err), 0);
	free(text);
	assert_int_equal(len, 100000 * 13 + 1);
}

static void test_no_memory(void **state)
{
	struct emitter e = {.failed = true};
	struct error err = {0};
	char *text = NULL;
	size_t len;

	emit_string(&e, "x");
	assert_int_equal(emit_finish(&e, &text, &len, &err), -ENOMEM);
	assert_null(text);
	assert_false(e.failed);
}

/* ---- the state ---- */

static const struct pair annotations[] = {
	{"org.b/x", "1"},
	{"a", "\"q\""},
};

static const struct state_row {
	const char *name, *status;
	pid_t pid;
	size_t n_annotations;
	const char *text;
	size_t hole;
} state_rows[] = {
	{"a state with a pid", "running", 4194304, 0,
	 "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\",\"status\":\"running\",\"pid\":4194304,\"bundle\":\"/b/web1\"}", 0},
	{"a state without a process", "stopped", 0, 0,
	 "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\",\"status\":\"stopped\",\"bundle\":\"/b/web1\"}", 0},
	{"a state with annotations in their order", "created", 7, 2,
	 "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\",\"status\":\"created\",\"pid\":7,\"bundle\":\"/b/web1\","
	 "\"annotations\":{\"org.b/x\":\"1\",\"a\":\"\\\"q\\\"\"}}", 0},
	{"a state with a hole for the pid", "creating", 0, 0,
	 "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\",\"status\":\"creating\",\"pid\":          ,\"bundle\":\"/b/web1\"}",
	 60},
};

static void test_state(void **state)
{
	const struct state_row *row = *state;
	struct config config = {.annotations = {row->n_annotations, (struct pair *)annotations}};
	struct error err = {0};
	char *text = NULL, copy[512];
	size_t len = 0, hole = 99;
	int r = emit_state(&config, "web1", "/b/web1", row->status, row->pid, &text, &len, &hole, &err);

	snprintf(copy, sizeof(copy), "%s", r == 0 ? text : "");
	free(text);
	assert_string_equal(copy, row->text);
	assert_int_equal(len, strlen(row->text));
	assert_int_equal(hole, row->hole);
}

/* Wherever in the hole the digits stand, it is JSON. */
static void test_hole(void **state)
{
	struct config config = {0};
	struct error err = {0};
	char *text = NULL, pid[EMIT_PID_WIDTH + 1] = "";
	size_t len = 0, hole = 0;

	assert_int_equal(emit_state(&config, "c", "/b", "created", 0, &text, &len, &hole, &err), 0);
	for (size_t at = 0; at < EMIT_PID_WIDTH; at++) {
		struct json_doc *doc = NULL;

		memset(text + hole, ' ', EMIT_PID_WIDTH);
		text[hole + at] = '7';
		if (json_parse(text, len, "state", &doc, &err) == 0)
			snprintf(pid, sizeof(pid), "%s", json_get(json_root(doc), "pid")->text);
		json_free(doc);
		if (strcmp(pid, "7") != 0)
			break;
	}
	free(text);
	assert_string_equal(pid, "7");
}

/* config-linux.md "The container process state" */
static void test_process_state(void **state)
{
	struct config config = {.annotations = {1, (struct pair *)annotations}};
	struct error err = {0};
	char *bare = NULL, *text = NULL;
	size_t bare_len = 0, len = 0;
	int r = emit_process_state(&config, "web1", "/b", "created", 7, &bare, &bare_len, &err);

	assert_int_equal(r, 0);
	config.linux_.seccomp.listener_metadata.s = "a \"b\"";
	r = emit_process_state(&config, "web1", "/b", "created", 7, &text, &len, &err);
	assert_int_equal(r, 0);
	assert_string_equal(bare, "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,\"state\":{\"ociVersion\":\"1.3.0\","
	                          "\"id\":\"web1\",\"status\":\"created\",\"pid\":7,\"bundle\":\"/b\",\"annotations\":{\"org.b/x\":\"1\"}}}");
	assert_string_equal(text, "{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":7,\"metadata\":\"a \\\"b\\\"\",\"state\":{"
	                          "\"ociVersion\":\"1.3.0\",\"id\":\"web1\",\"status\":\"created\",\"pid\":7,\"bundle\":\"/b\","
	                          "\"annotations\":{\"org.b/x\":\"1\"}}}");
	assert_int_equal(len, strlen(text));
	free(bare);
	free(text);
}

/* ---- the default configuration ---- */

static int make_default(bool rootless, void **state)
{
	struct emitter e = {.pretty = true};
	struct config *config = NULL;
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;
	int r;

	emit_default_config(&e, rootless);
	if (emit_finish(&e, &text, &len, &err) < 0)
		return -1;
	r = config_parse(text, len, "config.json", &config, &err);
	free(text);
	if (r == 0)
		r = config_validate(config, &err);
	if (r < 0)
		print_error("%s: %s\n", err.pointer, err.text);
	*state = config;
	return r;
}

static int open_default(void **state)
{
	return make_default(false, state);
}

static int open_rootless(void **state)
{
	return make_default(true, state);
}

static int close_default(void **state)
{
	config_free(*state);
	return 0;
}

static void test_default_text(void **state)
{
	static const char *const start = "{\n\t\"ociVersion\": \"1.3.0\",\n\t\"process\": {\n\t\t\"terminal\": true,\n"
					 "\t\t\"user\": {\n\t\t\t\"uid\": 0,\n";
	struct emitter e = {.pretty = true};
	struct error err = {0};
	char *text = NULL, copy[200] = "";
	size_t len = 0;

	emit_default_config(&e, false);
	assert_int_equal(emit_finish(&e, &text, &len, &err), 0);
	snprintf(copy, strlen(start) + 1, "%s", text);
	free(text);
	assert_string_equal(copy, start);
}

static void test_default(void **state)
{
	static const char *const mounts[] = {"/proc",       "/dev", "/dev/pts",      "/dev/shm",
	                                     "/dev/mqueue", "/sys", "/sys/fs/cgroup"};
	const struct config *c = *state;
	const struct linux_config *l = &c->linux_;

	assert_true(c->process.terminal);
	assert_string_equal(c->process.args.v[0].s, "sh");
	assert_int_equal(c->process.capabilities.bounding.n, 3);
	assert_int_equal(c->process.capabilities.effective.n, 3);
	assert_int_equal(c->process.capabilities.permitted.n, 3);
	assert_int_equal(c->process.capabilities.inheritable.n, 0);
	assert_int_equal(c->process.capabilities.ambient.n, 0);
	assert_true(c->process.no_new_privileges);
	assert_int_equal(c->process.rlimits.v[0].soft, 1024);
	assert_true(c->root.readonly);
	assert_string_equal(c->root.path.s, "rootfs");
	assert_int_equal(c->mounts.n, COUNT(mounts));
	for (size_t i = 0; i < COUNT(mounts); i++)
		assert_string_equal(c->mounts.v[i].destination.s, mounts[i]);
	assert_string_equal(c->mounts.v[6].options.v[4].s, "ro");
	for (int kind = 0; kind < NS_KINDS; kind++)
		assert_int_equal(l->namespaces[kind].set, kind != NS_USER && kind != NS_TIME);
	assert_int_equal(l->resources.devices.n, 1);
	assert_false(l->resources.devices.v[0].allow);
	assert_int_equal(l->masked_paths.n, 11);
	assert_int_equal(l->readonly_paths.n, 5);
}

static void test_default_rootless(void **state)
{
	const struct config *c = *state;
	const struct linux_config *l = &c->linux_;

	assert_true(l->namespaces[NS_USER].set);
	assert_false(l->namespaces[NS_NETWORK].set);
	assert_int_equal(l->uid_mappings.n, 1);
	assert_int_equal(l->uid_mappings.v[0].host_id, geteuid());
	assert_int_equal(l->uid_mappings.v[0].container_id, 0);
	assert_int_equal(l->gid_mappings.v[0].host_id, getegid());
	assert_int_equal(l->gid_mappings.v[0].size, 1);
	assert_false(l->resources.set);
	assert_int_equal(c->mounts.n, 6);
	assert_string_equal(c->mounts.v[5].destination.s, "/sys");
	assert_string_equal(c->mounts.v[5].options.v[0].s, "rbind");
	for (size_t i = 0; i < c->mounts.v[2].options.n; i++)
		assert_string_not_equal(c->mounts.v[2].options.v[i].s, "gid=5");
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_compact),
		cmocka_unit_test(test_pretty),      cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_growth),      cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_hole), cmocka_unit_test(test_process_state),        cmocka_unit_test(test_default_text),
		cmocka_unit_test_setup_teardown(test_default, open_default, close_default),
		cmocka_unit_test_setup_teardown(test_default_rootless, open_rootless, close_default),
	};

	return RUN_ROWS("emit: strings", rows, test_string) +
	       RUN_ROWS("emit: state", state_rows, test_state) +
	       cmocka_run_group_tests_name("emit: the rest", others, NULL, NULL);
}
