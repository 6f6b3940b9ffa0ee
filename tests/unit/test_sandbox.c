/*
 * sandbox: what is shown where (sandbox_settle), the config.json that a sandbox stands for (compared with tests/golden/sandbox,
 * which UPDATE=1 writes anew), profiles, the annotations of ours.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/unit.h"

#include "runtime/cli/cli.h"
#include "runtime/plan/extras.h"
#include "runtime/sandbox/sandbox.h"
#include "spec/json.h"

/* ---- settle ---- */

static const struct settle_row {
	const char *name;
	struct sandbox_place given[8];
	const char *expected;           /* "VIEW PATH;", in order, without those that nobody sees */
} settle_rows[] = {
	{"outer paths come first, whoever named them first",
	 {{VIEW_RO, "/x", "/a/b"}, {VIEW_RO, "/x", "/a-b"}, {VIEW_TMPFS, NULL, "/a"}},
	 "tmpfs /a;ro /a/b;ro /a-b;"},
	{"of two for one path the later counts",
	 {{VIEW_HIDE, NULL, "/a", NULL, 1}, {VIEW_RW, "/a", "/a", NULL, 4}, {VIEW_RO, "/a", "/a", NULL, 3}},
	 "rw /a;"},
	{"what is hidden in a hidden directory needs no mask",
	 {{VIEW_HIDE, NULL, "/home"}, {VIEW_HIDE, NULL, "/home/u/.ssh"}, {VIEW_HIDE, NULL, "/homes"}},
	 "hide /home;hide /homes;"},
	{"what is shown in a hidden directory needs one to be shown in",
	 {{VIEW_HIDE, NULL, "/home"}, {VIEW_RO, "/home/u/p", "/home/u/p"}},
	 "tmpfs /home;ro /home/u/p;"},
	{"what is secret in a directory that is shown is hidden again",
	 {{VIEW_HIDE, NULL, "/home"}, {VIEW_RW, "/home/u", "/home/u"}, {VIEW_HIDE, NULL, "/home/u/.ssh"}, {VIEW_HIDE, NULL, "/home/v/.ssh"}},
	 "tmpfs /home;rw /home/u;hide /home/u/.ssh;"},
	{"a secret that is shown by name is shown",
	 {{VIEW_RW, "/home/u", "/home/u", NULL, 3}, {VIEW_HIDE, NULL, "/home/u/.ssh", NULL, 1}, {VIEW_RO, "/home/u/.ssh", "/home/u/.ssh", NULL, 4}},
	 "rw /home/u;ro /home/u/.ssh;"},
	{"a hidden directory with a secret and something shown in it",
	 {{VIEW_HIDE, NULL, "/h"}, {VIEW_HIDE, NULL, "/h/a"}, {VIEW_TMPFS, NULL, "/h/b"}},
	 "tmpfs /h;tmpfs /h/b;"},
};

static void settles(void **state)
{
	static const char *const words[] = {"none", "ro", "rw", "copy", "tmpfs", "hide"};
	const struct settle_row *row = *state;
	static struct sandbox_facts facts;
	char text[1024] = "";

	facts.n = 0;
	for (size_t i = 0; i < 8 && row->given[i].path; i++)
		facts.places[facts.n++] = row->given[i];
	sandbox_settle(&facts);
	for (size_t i = 0; i < facts.n; i++)
		if (facts.places[i].view != VIEW_NONE)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s;", words[facts.places[i].view], facts.places[i].path);
	assert_string_equal(text, row->expected);
}

/* ---- the configuration ---- */

#define LIST(...) {COUNT(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__}}

static const struct config_row {
	const char *name;
	struct sandbox asked;
	bool ordinary;
	const char *root, *layers, *keep, *scratch;
	struct sandbox_place places[6];
	const char *error;              /* of sandbox_config; NULL: none */
} config_rows[] = {
	{"root", {0}, .root = "/", .places = {{VIEW_TMPFS, NULL, "/tmp", "mode=1777"}, {VIEW_RO, "/tmp/work", "/tmp/work"}, {VIEW_HIDE, NULL, "/home"}}},
	{"user", {0}, true, "/", .places = {{VIEW_TMPFS, NULL, "/tmp", "mode=1777"}, {VIEW_RW, "/tmp/work", "/tmp/work"}}},
	{"copies", {.upper = "none"}, .root = "/", .places = {{VIEW_COPY, "/work:1", "/work:1"}, {VIEW_COPY, "/b", "/c"}}},
	{"directory", {.upper = "tmpfs:1m", .work = "none"}, true, "/srv/root"},
	{"image", {.ids = "all"}, true, "", "/s/a:/s/b"},
	{"kept", {0}, .root = "/", .keep = "/var/keep"},
	{"disk", {.upper = "disk"}, .root = "/", .scratch = "/var/tmp"},
	{"everything",
	 {.cwd = "/elsewhere", .env = LIST("A=1"), .cap_add = LIST("CAP_KILL"), .rlimits = LIST("cpu=1:2", "core=unlimited"), .hostname = "box", .tty = true,
	  .net = LIST("a", "b:ip=10.1.1.2"), .publish = LIST("80", "81:81/udp"), .no_group = true},
	 .root = "/", .places = {{VIEW_HIDE, NULL, "/sys"}, {VIEW_RW, "/dev/kvm", "/dev/kvm"}}},
	{"a relative cwd", {.cwd = "elsewhere"}, .root = "/", .error = "--cwd elsewhere: an absolute path"},
	{"a limit that there is not", {.rlimits = LIST("cups=1")}, .root = "/", .error = "--rlimit cups=1"},
	{"a limit without a number", {.rlimits = LIST("cpu=x")}, .root = "/", .error = "--rlimit cpu=x"},
	{"a limit with too many", {.rlimits = LIST("cpu=1:2:3")}, .root = "/", .error = "--rlimit cpu=1:2:3"},
	{"a variable without a name", {.env = LIST("=x")}, .root = "/", .error = "--env =x"},
	{"ids of nobody", {.ids = "some"}, .root = "/", .error = "--ids some"},
};

static void compare(const char *name, const char *text, size_t len)
{
	char path[128], *expected = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "tests/golden/sandbox/%s.json", name);
	if (getenv("UPDATE")) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(text, 1, len, f), len);
		fclose(f);
	}
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(expected, 1, 65535, f) > 0);
	fclose(f);
	assert_string_equal(text, expected);
	free(expected);
}

static void makes_config(void **state)
{
	const struct config_row *row = *state;
	static struct sandbox_facts facts;
	static char make[] = "make", jobs[] = "-j2";
	char *const args[] = {make, jobs};
	struct sandbox asked = row->asked;
	struct config *config = NULL;
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;
	int r;

	facts = (struct sandbox_facts){.ordinary = row->ordinary, .cwd = "/tmp/work", .home = "/home/u", .layers = row->layers};
	facts.uid = facts.gid = facts.user = facts.group = row->ordinary ? 1000 : 0;
	snprintf(facts.root, sizeof(facts.root), "%s", row->root);
	snprintf(facts.keep, sizeof(facts.keep), "%s", row->keep ?: "");
	snprintf(facts.scratch, sizeof(facts.scratch), "%s", row->scratch ?: "");
	if (row->keep)
		asked.keep_upper = row->keep;
	for (; facts.n < 6 && row->places[facts.n].path; facts.n++)
		facts.places[facts.n] = row->places[facts.n];
	asked.args = args;
	asked.n_args = 2;
	sandbox_settle(&facts);
	r = sandbox_config(&asked, &facts, NULL, &text, &len, &err);
	if (row->error) {
		assert_true(r < 0);
		assert_non_null(strstr(err.text, row->error));
		return;
	}
	assert_int_equal(r, 0);
	compare(row->name, text, len);
	/* It is one that this program accepts. */
	assert_int_equal(config_parse(text, len, "x", &config, &err), 0);
	assert_int_equal(config_validate(config, &err), 0);
	assert_int_equal(extras_check(config, &err), 0);
	assert_true(extras_init(config));
	assert_true(extras_nofollow(config));
	config_free(config);
	free(text);
}

static void default_seccomp_is_json(void **state)
{
	struct json_doc *doc = NULL;
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(sandbox_default_seccomp(&text, &len, &err), 0);
	assert_int_equal(json_parse(text, len, "x", &doc, &err), 0);
	assert_non_null(json_get(json_root(doc), "syscalls"));
	json_free(doc);
	free(text);
}

/* docs/sandbox.md has the table of what is hidden. */
static void secrets_are_in_the_docs(void **state)
{
	const char *const *const tables[] = {sandbox_secrets, sandbox_home_secrets};
	FILE *f = fopen("docs/sandbox.md", "r");
	char *text = calloc(1, 131072), word[256];

	assert_non_null(f);
	assert_true(fread(text, 1, 131071, f) > 0);
	fclose(f);
	for (size_t t = 0; t < 2; t++)
		for (const char *const *p = tables[t]; *p; p++) {
			snprintf(word, sizeof(word), "`%s`", *p);
			if (!strstr(text, word))
				fail_msg("docs/sandbox.md does not list %s", *p);
		}
	free(text);
}

/* ---- annotations of ours ---- */

static const struct extras_row {
	const char *name, *key, *value, *error;
} extras_rows[] = {
	{"init", "org.crun-lite.init", "true", NULL},
	{"no init", "org.crun-lite.init", "false", NULL},
	{"init of neither", "org.crun-lite.init", "yes", "true or false is expected"},
	{"links of neither", "org.crun-lite.sources", "no", "nofollow or follow is expected"},
	{"a copy of what is bound", "org.crun-lite.copies", "/a", NULL},
	{"a name with a colon", "org.crun-lite.copies", "/c\\:d:/a", NULL},
	{"a copy of nothing", "org.crun-lite.copies", "/b", "1 destinations, and 0 bind mounts"},
	{"a copy of what is not bound", "org.crun-lite.copies", "/t", "1 destinations, and 0 bind mounts"},
	{"options of the root", "org.crun-lite.root-options", "rro,rnosuid,rnodev", NULL},
	{"no options of the root", "org.crun-lite.root-options", "", "are expected"},
	{"an option of something else", "org.crun-lite.root-options", "rro,size=1m", "are expected"},
	{"two, and one of them", "org.crun-lite.copies", "/a:/b", "2 destinations, and 1 bind mounts"},
};

static void checks_extras(void **state)
{
	const struct extras_row *row = *state;
	struct text bind = {"bind", {0}};
	struct mount mounts[] = {
		{.destination = {"/a", {0}}, .options = {1, &bind}},
		{.destination = {"/c:d", {0}}, .options = {1, &bind}},
		{.destination = {"/t", {0}}},
	};
	struct pair pair = {row->key, row->value, {0}};
	struct config config = {.annotations = {1, &pair}, .mounts = {3, mounts}};
	struct error err = {0};
	int r;

	config.linux_.namespaces[NS_PID].set = true;
	r = extras_check(&config, &err);
	assert_int_equal(r < 0, row->error != NULL);
	if (row->error)
		assert_non_null(strstr(err.text, row->error));
	config.linux_.namespaces[NS_PID].set = false;
	if (strcmp(row->value, "true") == 0)
		assert_true(extras_check(&config, &err) < 0);
}

/* ---- profiles ---- */

struct words {
	const char *work, *size;
	struct strings env;
	bool tty;
};

static const struct cli_option word_options[] = {
	{"work", 0, CLI_STRING, offsetof(struct words, work), "", ""},
	{"size", 0, CLI_STRING, offsetof(struct words, size), "", ""},
	{"env", 0, CLI_LIST, offsetof(struct words, env), "", ""},
	{"tty", 0, CLI_FLAG, offsetof(struct words, tty), NULL, ""},
	{"profile", 0, CLI_STRING, 0, "", ""},
	CLI_END,
};

static const struct profile_row {
	const char *name, *text, *error, *pointer;
	const char *expected;           /* work size env... | command... */
} profile_rows[] = {
	{"nothing", "{}", NULL, NULL, "- - |"},
	{"one of each", "{\"work\":\"rw\",\"size\":1.5,\"env\":[\"A\",\"B\"],\"tty\":true,\"command\":[\"x\",\"y\"]}", NULL, NULL, "rw 1.5 A B tty | x y"},
	{"a single word is a list", "{\"env\":\"A\",\"command\":\"x\"}", NULL, NULL, "- - A | x"},
	{"an unknown name", "{\"wrok\":1}", "unknown name wrok", "/wrok", NULL},
	{"no profile in a profile", "{\"profile\":\"x\"}", "unknown name profile", "/profile", NULL},
	{"a list where a word is expected", "{\"work\":[]}", "work: a string or a number", "/work", NULL},
	{"a word where a truth is expected", "{\"tty\":\"yes\"}", "tty: true or false", "/tty", NULL},
	{"a number in a list", "{\"env\":[\"A\",1]}", "env: a list of strings", "/env/1", NULL},
	{"no object", "[]", "the profile: an object", "", NULL},
};

static void reads_profile(void **state)
{
	const struct profile_row *row = *state;
	char path[] = "/tmp/test_sandbox.XXXXXX", text[256] = "";
	struct words words = {0};
	struct strings command = {0};
	struct json_doc *doc = NULL;
	struct error err = {0};
	int fd = mkstemp(path), r;

	assert_true(fd >= 0 && write(fd, row->text, strlen(row->text)) == (ssize_t)strlen(row->text));
	close(fd);
	r = cli_profile(word_options, &words, path, "command", &command, &doc, &err);
	unlink(path);
	assert_int_equal(r < 0, row->error != NULL);
	if (row->error) {
		assert_non_null(strstr(err.text, row->error));
		assert_string_equal(err.pointer, row->pointer);
		assert_int_equal(err.line, 1);
	} else {
		snprintf(text, sizeof(text), "%s %s ", words.work ?: "-", words.size ?: "-");
		for (size_t i = 0; i < words.env.n; i++)
			strcat(strcat(text, words.env.v[i]), " ");
		strcat(text, words.tty ? "tty |" : "|");
		for (size_t i = 0; i < command.n; i++)
			strcat(strcat(text, " "), command.v[i]);
		assert_string_equal(text, row->expected);
	}
	cli_free(word_options, &words);
	free(command.v);
	json_free(doc);
}

static void flags_win_and_lists_grow(void **state)
{
	char path[] = "/tmp/test_sandbox.XXXXXX";
	static const char text[] = "{\"work\":\"rw\",\"env\":[\"A\"]}";
	char w[] = "--work", ro[] = "ro", e[] = "--env", b[] = "B", *argv[] = {w, ro, e, b};
	struct words words = {0};
	struct strings command = {0};
	struct json_doc *doc = NULL;
	struct error err = {0};
	int fd = mkstemp(path), n;

	assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	assert_int_equal(cli_parse(word_options, &words, 4, argv, true, &n, &err), 0);
	assert_int_equal(cli_profile(word_options, &words, path, "command", &command, &doc, &err), 0);
	unlink(path);
	assert_string_equal(words.work, "ro");
	assert_int_equal(words.env.n, 2);
	assert_string_equal(words.env.v[0], "A");
	assert_string_equal(words.env.v[1], "B");
	cli_free(word_options, &words);
	json_free(doc);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(default_seccomp_is_json),
		cmocka_unit_test(secrets_are_in_the_docs),
		cmocka_unit_test(flags_win_and_lists_grow),
	};

	return RUN_ROWS("settle", settle_rows, settles) + RUN_ROWS("config", config_rows, makes_config) +
	       RUN_ROWS("extras", extras_rows, checks_extras) + RUN_ROWS("profile", profile_rows, reads_profile) +
	       cmocka_run_group_tests_name("others", others, NULL, NULL);
}
