/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/cni.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/network/address.h"
#include "runtime/network/program.h"
#include "spec/emit.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PLUGIN_PATH "/opt/cni/bin:/usr/lib/cni:/usr/libexec/cni"

static const char *const plugin_dirs[] = {"/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"};
static const char *const versions[] = {"0.3.1", "0.4.0", "1.0.0", "1.1.0"};

/* ---- lists ---- */

static int refuse(const struct cni_list *list, const char *path, const struct json *at, const char *what, const char *why, struct error *err)
{
	error_set(err, ERROR_SAID, "CNI network list %s: %s%s", *list->name ? list->name : path, what, why);
	error_locate(err, json_source(at));
	json_blame(list->doc, path, err);
	err->at = (struct source){0};   /* the place is told: it is none of config.json's */
	return -err->code;
}

static const char *text_of(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_STRING ? value->text : "";
}

static bool truth_of(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && ((value->type == JSON_BOOL && value->truth) || (value->type == JSON_STRING && strcmp(value->text, "true") == 0));
}

/* It becomes the name of a file. */
static bool is_type(const char *type)
{
	return *type && !strchr(type, '/') && strcmp(type, ".") != 0 && strcmp(type, "..") != 0 && strlen(type) < NAME_MAX;
}

static bool is_version(const char *version)
{
	for (size_t i = 0; i < COUNT(versions); i++)
		if (strcmp(versions[i], version) == 0)
			return true;
	return false;
}

static int take_plugins(struct cni_list *list, const char *path, const struct json *plugins, struct error *err)
{
	if (!plugins || plugins->type != JSON_ARRAY || !plugins->first)
		return refuse(list, path, json_root(list->doc), "it has no plugins", "", err);
	for (const struct json *p = plugins->first; p; p = p->next) {
		if (list->n == CNI_PLUGINS_MAX)
			return refuse(list, path, p, "it has more than 16 plugins", "", err);
		if (p->type != JSON_OBJECT || !is_type(text_of(p, "type")))
			return refuse(list, path, p, "a plugin's type is the name of a program: ", text_of(p, "type"), err);
		list->plugins[list->n++] = p;
	}
	return 0;
}

static int parse(struct cni_list *list, const char *path, struct error *err)
{
	const struct json *root;
	int r = json_parse(list->text, list->len, path, &list->doc, err);

	if (r < 0)
		return r;
	root = json_root(list->doc);
	if (!address_is_name(text_of(root, "name")))
		return refuse(list, path, root, "its name is none: ", text_of(root, "name"), err);
	strcpy(list->name, text_of(root, "name"));
	if (!is_version(text_of(root, "cniVersion"))) {
		refuse(list, path, root, "its cniVersion is not one that is known here: ", text_of(root, "cniVersion"), err);
		return error_hint(err, "0.3.1, 0.4.0, 1.0.0 and 1.1.0 are");
	}
	strcpy(list->version, text_of(root, "cniVersion"));
	list->disable_check = truth_of(root, "disableCheck");
	list->disable_gc = truth_of(root, "disableGC");
	return take_plugins(list, path, json_get(root, "plugins"), err);
}

int cni_parse(const char *text, size_t len, const char *path, struct cni_list *ret, struct error *err)
{
	int r;

	*ret = (struct cni_list){.text = strndup(text, len), .len = len};
	r = ret->text ? parse(ret, path, err) : error_set(err, ENOMEM, "read %s", path);
	if (r < 0)
		cni_free(ret);
	return r;
}

void cni_free(struct cni_list *list)
{
	free(list->text);
	list->doc = json_free(list->doc);
	list->text = NULL;
}

/* ---- files ---- */

static int read_file(int dir, const char *name, const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup_free char *text = malloc(JSON_SIZE_MAX + 1);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || !text || fstat(fd, &st) < 0)
		return error_set(err, errno, "read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > JSON_SIZE_MAX)
		return error_set(err, ERROR_SAID, "%s is no file, or too large", path);
	while (*ret_len < JSON_SIZE_MAX && (n = read(fd, text + *ret_len, JSON_SIZE_MAX - *ret_len)) > 0)
		*ret_len += (size_t)n;
	if (n < 0)
		return error_set(err, errno, "read %s", path);
	text[*ret_len] = '\0';
	*ret = steal_ptr(&text);
	return 0;
}

static int is_list(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".conflist") == 0;
}

static int read_list(int dir, const char *dir_path, const char *name, struct cni_list *ret, struct error *err)
{
	cleanup_free char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int r;

	snprintf(path, sizeof(path), "%s/%s", dir_path, name);
	r = read_file(dir, name, path, &text, &len, err);
	return r < 0 ? r : cni_parse(text, len, path, ret, err);
}

/* A list that cannot be read may be the one: its fault is told where there is no other. */
static int search(int dir, const char *path, const char *name, struct dirent **files, int n, struct cni_list *ret, struct error *err)
{
	struct error first = {0}, one = {0};

	for (int i = 0; i < n; i++) {
		int r = read_list(dir, path, files[i]->d_name, ret, &one);

		if (r == 0 && strcmp(ret->name, name) == 0)
			return 0;
		if (r == 0)
			cni_free(ret);
		else if (!first.code || strcmp(ret->name, name) == 0)
			first = one;
		if (r < 0 && strcmp(ret->name, name) == 0)
			break;
	}
	if (first.code) {
		*err = first;
		return error_wrap(err, "find the CNI network %s", name);
	}
	error_set(err, ERROR_SAID, "there is no CNI network %s in %s", name, path);
	return error_hint(err, "the \"name\" in a file *.conflist there; `crun-lite network ls` lists the networks of crun-lite, which need no cni:");
}

int cni_find(const char *path, const char *name, struct cni_list *ret, struct error *err)
{
	cleanup_close int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **files = NULL;
	int n = dir < 0 ? 0 : scandirat(dir, ".", &files, is_list, alphasort), r;

	if ((dir < 0 && errno != ENOENT) || n < 0)
		return error_set(err, errno, "read %s", path);
	r = search(dir, path, name, files, n, ret, err);
	for (int i = 0; i < n; i++)
		free(files[i]);
	free(files);
	return r;
}

/* ---- wishes ---- */

static void emit_ports(struct emitter *e, const struct publish *publishes, size_t n)
{
	char ip[ADDRESS_TEXT_MAX];

	emit_key(e, "portMappings");
	emit_array(e);
	for (size_t i = 0; i < n; i++) {
		const struct publish *p = &publishes[i];

		for (unsigned k = 0; k < p->n; k++) {
			emit_object(e);
			emit_key_uint(e, "hostPort", p->host_port + k);
			emit_key_uint(e, "containerPort", p->port + k);
			emit_key_string(e, "protocol", address_protocol(p->protocol));
			if (p->host.family)
				emit_key_string(e, "hostIP", address_ip(&p->host, ip));
			emit_end_object(e);
		}
	}
	emit_end_array(e);
}

static void emit_ips(struct emitter *e, const struct net_join *join)
{
	char ip[ADDRESS_TEXT_MAX];

	emit_key(e, "ips");
	emit_array(e);
	if (join->ip4.family)
		emit_string(e, address_ip(&join->ip4, ip));
	if (join->ip6.family)
		emit_string(e, address_ip(&join->ip6, ip));
	emit_end_array(e);
}

static void emit_aliases(struct emitter *e, const struct net_join *join)
{
	emit_key(e, "aliases");
	emit_array(e);
	for (size_t i = 0; i < join->n_aliases; i++)
		emit_string(e, join->aliases[i]);
	emit_end_array(e);
}

/* Bits per second; a burst of a tenth of a second. */
static void emit_bandwidth(struct emitter *e, uint64_t rate)
{
	uint64_t burst = rate / 10 > 96000 ? rate / 10 : 96000;

	burst = burst > INT32_MAX ? INT32_MAX : burst;
	emit_key(e, "bandwidth");
	emit_object(e);
	emit_key_uint(e, "ingressRate", rate);
	emit_key_uint(e, "ingressBurst", burst);
	emit_key_uint(e, "egressRate", rate);
	emit_key_uint(e, "egressBurst", burst);
	emit_end_object(e);
}

int cni_wishes(const struct net_join *join, const struct publish *publishes, size_t n, char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {0};
	char mac[ADDRESS_TEXT_MAX];

	emit_object(&e);
	if (n)
		emit_ports(&e, publishes, n);
	if (join->ip4.family || join->ip6.family)
		emit_ips(&e, join);
	if (join->mac.set)
		emit_key_string(&e, "mac", address_mac(&join->mac, mac));
	if (join->n_aliases)
		emit_aliases(&e, join);
	if (join->rate)
		emit_bandwidth(&e, join->rate);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}

static bool knows(const struct json *plugin, const char *capability)
{
	return truth_of(json_get(plugin, "capabilities"), capability);
}

/* The specification's: plugins make files of it. */
static int check_id(const char *id, struct error *err)
{
	bool good = isalnum((unsigned char)*id);

	for (const char *c = id; *c; c++)
		good &= isalnum((unsigned char)*c) || strchr("_.-", *c);
	if (good)
		return 0;
	error_set(err, ERROR_SAID, "container %s cannot be in a CNI network: plugins take no such ID", id);
	return error_hint(err, "letters, digits, \"_\", \".\" and \"-\", of which the first is a letter or a digit");
}

int cni_check_wishes(const struct cni_list *list, const struct cni_attachment *a, struct error *err)
{
	const struct json *wishes = a->wishes ? json_root(a->wishes) : NULL;

	if (check_id(a->id, err) < 0)
		return -err->code;
	for (const struct json *wish = wishes ? wishes->first : NULL; wish; wish = wish->next) {
		bool known = false;

		for (size_t i = 0; i < list->n; i++)
			known |= knows(list->plugins[i], wish->key);
		if (known)
			continue;
		error_set(err, ERROR_SAID, "CNI network %s: no plugin of it knows %s, which is asked for", list->name, wish->key);
		return error_hint(err, "a plugin says so by \"capabilities\": {\"%s\": true} in the list", wish->key);
	}
	return 0;
}

/* ---- what a plugin gets ---- */

static bool is_copied(const char *key)
{
	static const char *const ours[] = {"cniVersion", "name", "capabilities", "runtimeConfig", "prevResult"};

	for (size_t i = 0; i < COUNT(ours); i++)
		if (strcmp(ours[i], key) == 0)
			return false;
	return strncmp(key, "cni.dev/", 8) != 0;
}

static void emit_wishes(struct emitter *e, const struct json *plugin, const struct cni_attachment *a)
{
	const struct json *wishes = a->wishes ? json_root(a->wishes) : NULL;
	bool any = false;

	for (const struct json *wish = wishes ? wishes->first : NULL; wish; wish = wish->next) {
		if (!knows(plugin, wish->key))
			continue;
		if (!any) {
			emit_key(e, "runtimeConfig");
			emit_object(e);
		}
		any = true;
		emit_key(e, wish->key);
		emit_raw(e, json_raw(a->wishes, wish), wish->span);
	}
	if (any)
		emit_end_object(e);
}

static void begin_input(struct emitter *e, const struct cni_list *list, size_t i)
{
	emit_object(e);
	emit_key_string(e, "cniVersion", list->version);
	emit_key_string(e, "name", list->name);
	for (const struct json *m = list->plugins[i]->first; m; m = m->next) {
		if (!is_copied(m->key))
			continue;
		emit_key(e, m->key);
		emit_raw(e, json_raw(list->doc, m), m->span);
	}
}

int cni_input(const struct cni_list *list, size_t i, const struct cni_attachment *a, const char *previous, size_t len,
              char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {0};

	begin_input(&e, list, i);
	emit_wishes(&e, list->plugins[i], a);
	if (previous) {
		emit_key(&e, "prevResult");
		emit_raw(&e, previous, len);
	}
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}

/* ---- running them ---- */

struct variables {
	char text[6][PATH_MAX + 32];
	char *list[8];
};

static void set_variables(struct variables *v, const char *command, const struct cni_attachment *a)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	size_t n = 0;

	snprintf(v->text[n++], sizeof(v->text[0]), "CNI_COMMAND=%s", command);
	snprintf(v->text[n++], sizeof(v->text[0]), "CNI_PATH=" PLUGIN_PATH);
	if (a) {
		snprintf(v->text[n++], sizeof(v->text[0]), "CNI_CONTAINERID=%s", a->id);
		snprintf(v->text[n++], sizeof(v->text[0]), "CNI_NETNS=%s", a->netns);
		snprintf(v->text[n++], sizeof(v->text[0]), "CNI_IFNAME=%s", a->interface);
		snprintf(v->text[n++], sizeof(v->text[0]), "CNI_ARGS=");
	}
	for (size_t i = 0; i < n; i++)
		v->list[i] = v->text[i];
	v->list[n++] = path;
	v->list[n] = NULL;
}

static int find_plugin(const char *type, char ret[PATH_MAX], struct error *err)
{
	struct stat st;

	for (size_t i = 0; i < COUNT(plugin_dirs); i++) {
		snprintf(ret, PATH_MAX, "%s/%s", plugin_dirs[i], type);
		if (stat(ret, &st) == 0 && S_ISREG(st.st_mode) && access(ret, X_OK) == 0)
			return 0;
	}
	error_set(err, ENOENT, "find the CNI plugin %s", type);
	return error_hint(err, "it is in none of " PLUGIN_PATH "; the usual ones are in the package containernetworking-plugins (or cni-plugins)");
}

int cni_check_plugins(const struct cni_list *list, struct error *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < list->n; i++)
		if (find_plugin(text_of(list->plugins[i], "type"), path, err) < 0)
			return error_wrap(err, "CNI network %s", list->name);
	return 0;
}

/* SPEC.md "Error": {"code": 7, "msg": "...", "details": "..."} on standard output; else what it wrote to standard error. */
static void words_of(const struct program_result *result, char ret[PROGRAM_WORDS_MAX])
{
	struct json_doc *doc = NULL;
	struct error ignored;

	snprintf(ret, PROGRAM_WORDS_MAX, "%.300s", *result->words ? result->words : result->output);
	if (json_parse(result->output, result->output_len, "output", &doc, &ignored) == 0) {
		const struct json *root = json_root(doc);
		const char *details = text_of(root, "details");

		if (*text_of(root, "msg"))
			snprintf(ret, PROGRAM_WORDS_MAX, "%.300s%s%.200s", text_of(root, "msg"), *details ? "; " : "", details);
	}
	json_free(doc);
	program_tame(ret);
}

static int judge(const char *what, const char *type, const struct program_result *result, struct error *err)
{
	char words[PROGRAM_WORDS_MAX];

	if (WIFEXITED(result->status) && WEXITSTATUS(result->status) == 0)
		return 0;
	words_of(result, words);
	if (WIFSIGNALED(result->status))
		return error_set(err, ERROR_SAID, "%s: plugin %s was killed by SIG%s", what, type, sigabbrev_np(WTERMSIG(result->status)) ?: "?");
	if (*words)
		return error_set(err, ERROR_SAID, "%s: plugin %s: %s", what, type, words);
	return error_set(err, ERROR_SAID, "%s: plugin %s ended with exit status %d and said nothing", what, type, WEXITSTATUS(result->status));
}

/* `ret` NULL: what it says is of no interest. */
static int call(const struct cni_list *list, size_t i, const char *command, const struct cni_attachment *a, const char *input, size_t len,
                struct program_result *ret, struct error *err)
{
	const char *type = text_of(list->plugins[i], "type");
	struct program_result ignored = {0}, *result = ret ?: &ignored;
	char path[PATH_MAX], what[NETWORK_NAME_MAX + 32], *argv[] = {path, NULL};
	struct variables variables;
	struct program_call program = {
		.path = path, .argv = argv, .envp = variables.list, .input = input, .input_len = len, .timeout_ms = CNI_TIMEOUT_MS,
		.interrupt = a && a->interrupted ? a->interrupt : -1, .interrupted = a ? a->interrupted : NULL,
	};
	int r;

	snprintf(what, sizeof(what), "CNI network %s: %s", list->name, command);
	r = find_plugin(type, path, err);
	if (r < 0)
		return error_wrap(err, "%s", what);
	set_variables(&variables, command, a);
	r = program_run(&program, what, result, err);
	if (r < 0)
		return r;
	r = judge(what, type, result, err);
	if (r < 0 || !ret)
		program_result_free(result);
	return r;
}

/* ---- ADD ---- */

/* It is written into our state, and read by who asks for it. */
static int check_result(const struct cni_list *list, size_t i, const struct program_result *result, struct error *err)
{
	struct json_doc *doc = NULL;
	struct error why = {0};
	int r = json_parse(result->output, result->output_len, "the result", &doc, &why);

	if (r == 0 && json_root(doc)->type != JSON_OBJECT)
		r = error_set(&why, ERROR_SAID, "it is no object");
	json_free(doc);
	if (r < 0)
		return error_set(err, ERROR_SAID, "CNI network %s: ADD: plugin %s gave no result: %.200s", list->name, text_of(list->plugins[i], "type"),
		                 why.text);
	return 0;
}

static int add_one(const struct cni_list *list, size_t i, const struct cni_attachment *a, struct program_result *last, struct error *err)
{
	cleanup_free char *input = NULL;
	struct program_result result;
	size_t len = 0;
	int r = cni_input(list, i, a, last->output, last->output_len, &input, &len, err);

	if (r == 0)
		r = call(list, i, "ADD", a, input, len, &result, err);
	if (r < 0)
		return r;
	program_result_free(last);
	*last = result;
	return check_result(list, i, last, err);
}

int cni_add(const struct cni_list *list, const struct cni_attachment *a, char **ret, size_t *ret_len, struct error *err)
{
	struct program_result last = {0};
	int r = 0;

	for (size_t i = 0; i < list->n && r == 0; i++)
		r = add_one(list, i, a, &last, err);
	if (r == 0) {
		*ret = last.output;
		*ret_len = last.output_len;
		return 0;
	}
	program_result_free(&last);
	return r;
}

/* ---- CHECK, DEL, GC ---- */

static int ask(const struct cni_list *list, size_t i, const char *command, const struct cni_attachment *a, struct error *err)
{
	cleanup_free char *input = NULL;
	size_t len = 0;
	int r = cni_input(list, i, a, a->result ? json_raw(a->doc, a->result) : NULL, a->result ? a->result->span : 0, &input, &len, err);

	return r < 0 ? r : call(list, i, command, a, input, len, NULL, err);
}

int cni_check(const struct cni_list *list, const struct cni_attachment *a, struct error *err)
{
	int r = 0;

	/* There is no CHECK before 0.4.0. */
	if (list->disable_check || strcmp(list->version, "0.4.0") < 0)
		return 0;
	for (size_t i = 0; i < list->n && r == 0; i++)
		r = ask(list, i, "CHECK", a, err);
	return r;
}

/* One that is not installed any more will never take anything back: that must not keep the container. */
int cni_delete(const struct cni_list *list, const struct cni_attachment *a, struct error *err)
{
	int r = 0;

	for (size_t i = list->n; i > 0; i--) {
		struct error one = {0};
		int also = ask(list, i - 1, "DEL", a, &one);

		if (also == -ENOENT) {
			log_warning("%s: %s; what it has done is left", one.text, error_reason(&one));
		} else if (also < 0 && r == 0) {
			*err = one;
			r = also;
		}
	}
	return r;
}

static int collect(const struct cni_list *list, size_t i, const struct cni_valid *valid, size_t n, struct error *err)
{
	cleanup_free char *input = NULL;
	struct emitter e = {0};
	size_t len = 0;
	int r;

	begin_input(&e, list, i);
	emit_key(&e, "cni.dev/valid-attachments");
	emit_array(&e);
	for (size_t k = 0; k < n; k++) {
		emit_object(&e);
		emit_key_string(&e, "containerID", valid[k].id);
		emit_key_string(&e, "ifname", valid[k].interface);
		emit_end_object(&e);
	}
	emit_end_array(&e);
	emit_end_object(&e);
	r = emit_finish(&e, &input, &len, err);
	return r < 0 ? r : call(list, i, "GC", NULL, input, len, NULL, err);
}

int cni_gc(const struct cni_list *list, const struct cni_valid *valid, size_t n, struct error *err)
{
	int r = 0;

	if (list->disable_gc || strcmp(list->version, "1.1.0") < 0)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		struct error one = {0};
		int also = collect(list, i, valid, n, &one);

		if (also < 0 && r == 0) {
			*err = one;
			r = also;
		}
	}
	return r;
}
