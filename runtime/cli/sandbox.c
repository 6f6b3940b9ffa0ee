/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/units.h"
#include "runtime/cli/image.h"
#include "runtime/launch/limits.h"
#include "runtime/launch/output.h"
#include "runtime/sandbox/sandbox.h"
#include "runtime/security/caps.h"
#include "runtime/users/caller.h"
#include "spec/json.h"

#define STATUS_FAILURE 125
/* Who has no handler for TERM is gone at once; a second is enough for those who want to say good-bye. */
#define KILL_AFTER_NS 1000000000ull

struct given {
	struct sandbox sandbox;
	struct net_flags net;
	struct limits limits;
	struct image_options image;
	const char *profile, *report, *timeout, *kill_after, *max_output, *id;
	bool print_config;
};

#define AT(field) offsetof(struct given, field)
#define IN(field) offsetof(struct given, sandbox.field)

static const struct cli_option sandbox_options[] = {
	{"root", 0, CLI_STRING, IN(root), "DIR|IMAGE", "the root, instead of the host's (/)"},
	{"upper", 0, CLI_STRING, IN(upper), "tmpfs[:SIZE]|disk[:DIR]|none", "what takes the writes to the root; thrown away (tmpfs; none for an ordinary user)"},
	{"keep-upper", 0, CLI_STRING, IN(keep_upper), "DIR", "it goes there, and stays"},
	{"work", 'w', CLI_STRING, IN(work), "ro|rw|copy|none", "the working directory: read-only, as it is, a throw-away copy, not shown (ro)"},
	{"cwd", 0, CLI_STRING, IN(cwd), "DIR", "where the command starts (the working directory)"},
	{"ro", 0, CLI_LIST, IN(ro), "PATH[:DEST]", "shows a path of the host, read-only; may be repeated"},
	{"rw", 0, CLI_LIST, IN(rw), "PATH[:DEST]", "the same, as it is"},
	{"tmpfs", 0, CLI_LIST, IN(tmpfs), "PATH[:SIZE]", "an empty directory that may be written to; may be repeated"},
	{"hide", 0, CLI_LIST, IN(hide), "PATH", "an empty directory or file instead; may be repeated"},
	{"show-secrets", 0, CLI_FLAG, IN(show_secrets), NULL, "hides nothing by itself (docs/sandbox.md has the list)"},
	{"env", 'e', CLI_LIST, IN(env), "NAME[=VALUE]", "a variable; without a value the caller's; may be repeated"},
	{"user", 'u', CLI_STRING, IN(user), "UID[:GID]", "who the command is (the caller)"},
	{"ids", 0, CLI_STRING, IN(ids), "own|all", "of an ordinary user: only its own id, or its range of /etc/subuid, too (own)"},
	{"cap-add", 0, CLI_LIST, IN(cap_add), "CAP_NAME", "a capability that it keeps (none); may be repeated"},
	{"seccomp", 0, CLI_STRING, IN(seccomp), "default|none|FILE", "which system calls it may make (default)"},
	{"rlimit", 0, CLI_LIST, IN(rlimits), "NAME=SOFT[:HARD]", "cpu=2, fsize=1048576, nofile=64:128; may be repeated"},
	{"hostname", 0, CLI_STRING, IN(hostname), "NAME", "(sandbox)"},
	{"tty", 't', CLI_FLAG, IN(tty), NULL, "a terminal of its own"},
	NET_OPTIONS(AT(net)),
	LIMIT_OPTIONS(AT(limits)),
	{"timeout", 0, CLI_STRING, AT(timeout), "DURATION", "10, 10s, 1.5m, 500ms: then TERM, and exit code 124"},
	{"kill-after", 0, CLI_STRING, AT(kill_after), "DURATION", "so long after that KILL to all of it (1s; 0: at once)"},
	{"max-output", 0, CLI_STRING, AT(max_output), "SIZE", "of standard output and error together; more ends it, with exit code 153"},
	{"report", 0, CLI_STRING, AT(report), "FILE|-", "at the end: how it ended and what it used, as JSON"},
	{"profile", 0, CLI_STRING, AT(profile), "FILE", "flags from a JSON object with their names; \"command\" is the command"},
	{"print-config", 0, CLI_FLAG, AT(print_config), NULL, "prints the config.json that it stands for, and does nothing"},
	{"id", 0, CLI_STRING, AT(id), "ID", "a name for it (made up)"},
	{"store", 0, CLI_STRING, AT(image.store), "DIR", "where an image's layers are kept (/var/lib/crun-lite)"},
	CLI_END,
};

/* ---- the root ---- */

static bool has_file(const char *dir, const char *name)
{
	char path[PATH_MAX];

	return (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) < sizeof(path) && access(path, F_OK) == 0;
}

/* A directory that is no image's. */
static bool is_image(const char *root)
{
	struct stat st;

	if (stat(root, &st) < 0 || !S_ISDIR(st.st_mode))
		return true;
	return has_file(root, "oci-layout") || has_file(root, "manifest.json");
}

/* Its layers and its environment; the rest of what an image asks for is for `run`. */
static int take_image(const struct cli_global *global, const struct given *g, struct sandbox_facts *f, struct config **ret,
                      struct error *err)
{
	static struct image_bundle bundle;
	char path[PATH_MAX + 16];
	cleanup_file FILE *in = NULL;
	cleanup_free char *text = malloc(JSON_SIZE_MAX + 1);
	size_t n;
	int r = image_bundle(global, &g->image, g->sandbox.root, &bundle, err);

	if (r != 0)
		return r > 0 ? error_set(err, ERROR_SAID, "--root %s: it could not be unpacked", g->sandbox.root) : r;
	snprintf(path, sizeof(path), "%s/config.json", bundle.dir);
	in = fopen(path, "re");
	if (!in || !text)
		return error_set(err, in ? ENOMEM : errno, "open %s", path);
	n = fread(text, 1, JSON_SIZE_MAX, in);
	r = config_parse(text, n, path, ret, err);
	if (r < 0)
		return r;
	f->layers = config_annotation(*ret, "org.crun-lite.layers");
	f->layers_root = config_annotation(*ret, "org.crun-lite.root");
	f->scratch_given = config_annotation(*ret, "org.crun-lite.scratch");
	f->env = (*ret)->process.env;
	return f->layers ? 0 : error_set(err, ERROR_SAID, "%s has no layers", path);
}

/* ---- the configuration ---- */

static int find_ordinary(bool *ret, struct error *err)
{
	struct cap_facts caps;
	int r = caps_facts(&caps, err);

	*ret = r == 0 && !(caps.permitted >> CAP_SYS_ADMIN & 1);
	/* Its rights are none over mounts and groups of the host; as somebody without them it makes a namespace that has some. */
	if (r == 0 && !*ret && caller_has_one_id()) {
		*ret = true;
		r = caps_drop(1ull << CAP_SETFCAP, err); /* user_namespaces(7): without it nobody maps the id 0 */
	}
	return r;
}

static int make_config(const struct cli_global *global, const struct given *g, struct sandbox_facts *f, struct config **image,
                       char **ret, size_t *ret_len, struct error *err)
{
	bool ordinary = false;
	int r = find_ordinary(&ordinary, err);

	if (r == 0 && g->sandbox.root && is_image(g->sandbox.root))
		r = take_image(global, g, f, image, err);
	if (r == 0)
		r = sandbox_look(&g->sandbox, ordinary, f, err);
	if (r < 0)
		return r;
	sandbox_settle(f);
	return sandbox_config(&g->sandbox, f, NULL, ret, ret_len, err);
}

/* With the limits in it, which a run has beside it. */
static int print_config(const struct given *g, const struct sandbox_facts *f, const char *text, size_t len, struct error *err)
{
	struct config *config = NULL;
	cleanup_free char *all = NULL;
	size_t all_len = 0;
	int r = config_parse(text, len, "the sandbox", &config, err);

	if (r == 0)
		r = limits_apply(&g->limits, config, err);
	if (r == 0)
		r = sandbox_config(&g->sandbox, f, config->linux_.resources.set ? &config->linux_.resources : NULL, &all, &all_len, err);
	if (r == 0)
		fwrite(all, 1, all_len, stdout);
	config_free(config);
	return r;
}

/* ---- the run ---- */

static int read_duration(const char *flag, const char *value, uint64_t *ret, struct error *err)
{
	if (!value || units_duration(value, ret))
		return 0;
	error_set(err, ERROR_SAID, "--%s %s: a duration is expected", flag, value);
	return error_hint(err, "such as 10, 10s, 1.5m or 500ms");
}

static int read_times(const struct given *g, struct create_options *o, struct error *err)
{
	int r = read_duration("timeout", g->timeout, &o->timeout_ns, err);

	o->kill_after_ns = KILL_AFTER_NS;
	if (r == 0)
		r = read_duration("kill-after", g->kill_after, &o->kill_after_ns, err);
	if (r == 0 && g->timeout && o->timeout_ns == 0)
		r = error_set(err, ERROR_SAID, "--timeout %s: more than 0 is expected", g->timeout);
	if (r == 0 && g->kill_after && !g->timeout)
		r = error_set(err, ERROR_SAID, "--kill-after is given without --timeout");
	return r;
}

static int read_output(const struct given *g, struct create_options *o, struct error *err)
{
	static struct output output;    /* large, and not touched without the flag */
	uint64_t max = 0;

	if (!g->max_output)
		return 0;
	if (g->sandbox.tty)
		return error_set(err, ERROR_SAID, "--max-output and --tty are given: a terminal is for somebody who looks");
	if (!units_bytes(g->max_output, &max)) {
		error_set(err, ERROR_SAID, "--max-output %s: a size is expected", g->max_output);
		return error_hint(err, "such as 64k or 10m");
	}
	o->output = &output;
	return output_open(&output, max, err);
}

static void make_id(char *buf, size_t size)
{
	/* getauxval(3) AT_RANDOM: sixteen bytes that the kernel gives every process. */
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);

	snprintf(buf, size, "sandbox-%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3], random[4], random[5]);
}

static int start(const struct cli_global *global, const struct given *g, const char *text, size_t len, int *ret_status, struct error *err)
{
	struct create_options o = {
		.runtime = &global->runtime,
		.bundle = "/",
		.text = text,
		.text_len = len,
		.limits = g->limits,
		.report = g->report,
		.tied = true,
	};
	char id[32];
	int r = read_times(g, &o, err);

	make_id(id, sizeof(id));
	o.id = g->id ?: id;
	/* A service manager means us. */
	unsetenv("LISTEN_FDS");
	unsetenv("NOTIFY_SOCKET");
	if (r == 0)
		r = cli_prepare_fds(0, err);
	if (r == 0)
		r = read_output(g, &o, err);
	return r < 0 ? r : container_run(&o, ret_status, err);
}

static int run_sandbox(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct given *g = (struct given *)given;        /* the profile adds to it */
	static struct sandbox_facts facts;              /* large, and mostly never touched */
	struct strings command = {0};
	struct json_doc *doc = NULL;
	struct config *image = NULL;
	cleanup_free char *text = NULL;
	size_t len = 0;
	int status = 0, r = g->profile ? cli_profile(sandbox_options, g, g->profile, "command", &command, &doc, err) : 0;

	g->sandbox.args = argc ? argv : (char *const *)command.v;
	g->sandbox.n_args = argc ? (size_t)argc : command.n;
	g->sandbox.no_group = global->runtime.manager == CGROUP_BY_NOBODY;
	g->sandbox.net = g->net.net;
	g->sandbox.publish = g->net.publish;
	g->sandbox.dns = g->net.dns;
	g->sandbox.dns_search = g->net.dns_search;
	g->sandbox.add_host = g->net.add_host;
	if (r == 0 && !g->sandbox.n_args) {
		r = error_set(err, ERROR_SAID, "no command is given");
		error_hint(err, "crun-lite sandbox [flags] -- COMMAND...");
	}
	if (r == 0)
		r = make_config(global, g, &facts, &image, &text, &len, err);
	if (r == 0 && g->print_config)
		r = print_config(g, &facts, text, len, err);
	else if (r == 0)
		r = start(global, g, text, len, &status, err);
	sandbox_forget(&facts);
	config_free(image);
	json_free(doc);
	free(command.v);
	return r < 0 ? error_wrap(err, "sandbox") : status;
}

const struct command command_sandbox = {
	.name = "sandbox",
	.synopsis = "[flags] [--] COMMAND...",
	.summary = "runs a command on the host's own files, and lets it do them no harm",
	.argument = CLI_FILE,
	.examples = "crun-lite sandbox -- make test\n"
	            "crun-lite sandbox --work rw --memory 1g --timeout 10m -- make\n"
	            "crun-lite sandbox --root ./alpine --net host -- apk update\n"
	            "crun-lite sandbox --profile judge.json --report report.json -- ./solution\n",
	.options = sandbox_options,
	.options_size = sizeof(struct given),
	.max_args = SIZE_MAX,
	.in_order = true,
	.failure = STATUS_FAILURE,
	.run = run_sandbox,
};
