/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* Files, and directories whose files count; "~" is the user's configuration directory.  The first is where the remedy goes. */
static const struct engine {
	const char *name, *program, *dropin, *places[6];
} engines[] = {
	{"podman", "podman", "contrib/engines/podman/crun-lite.conf",
	 {"/etc/containers/containers.conf.d", "/etc/containers/containers.conf", "~/containers/containers.conf.d", "~/containers/containers.conf",
	  "/usr/share/containers/containers.conf"}},
	{"containerd", "containerd", "contrib/engines/containerd/", {"/etc/containerd/config.toml", "/etc/containerd/conf.d"}},
	{"docker", "dockerd", "contrib/engines/docker/daemon.json", {"/etc/docker/daemon.json"}},
};

static const struct engine *engine_of(const char *name)
{
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++)
		if (strcmp(engines[i].name, name) == 0)
			return &engines[i];
	return NULL;
}

bool host_knows_engine(const char *name)
{
	return engine_of(name) != NULL;
}

/* ---- reading configuration: for a word, not for its grammar ---- */

struct search {
	char file[PATH_MAX];            /* that names crun-lite; "" */
	char program[PATH_MAX];         /* the first path in it that ends so; "" */
	bool systemd;                   /* SystemdCgroup = true */
};

/* The absolute path between quotes that ends in /crun-lite. */
static void take_path(const char *line, struct search *s)
{
	const char *end = strstr(line, "/crun-lite\""), *start = end;

	while (start && start > line && start[-1] != '"')
		start--;
	if (start && *start == '/' && !*s->program)
		snprintf(s->program, sizeof(s->program), "%.*s/crun-lite", (int)(end - start), start);
}

static void search_file(const char *path, struct search *s)
{
	cleanup_file FILE *f = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t room = 0;
	bool here = false;

	while (f && getline(&line, &room, f) > 0) {
		const char *text = line + strspn(line, " \t");

		if (*text == '#' || !*text)
			continue;
		here |= strstr(text, "crun-lite") != NULL;
		take_path(text, s);
		s->systemd |= here && strncmp(text, "SystemdCgroup = true", 20) == 0;
	}
	if (here && !*s->file)
		snprintf(s->file, sizeof(s->file), "%s", path);
}

static void search_place(const char *place, struct search *s)
{
	cleanup_dir DIR *d = opendir(place);
	char path[PATH_MAX];
	struct dirent *e;

	if (!d)
		search_file(place, s);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && (size_t)snprintf(path, sizeof(path), "%s/%s", place, e->d_name) < sizeof(path))
			search_file(path, s);
}

static void expand(const char *place, char *ret, size_t size)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (place[0] != '~')
		snprintf(ret, size, "%s", place);
	else if (config)
		snprintf(ret, size, "%s%s", config, place + 1);
	else
		snprintf(ret, size, "%s/.config%s", home ?: "/nonexistent", place + 1);
}

static void search(const struct engine *engine, struct search *ret)
{
	char path[PATH_MAX];

	*ret = (struct search){0};
	for (size_t i = 0; engine->places[i]; i++) {
		expand(engine->places[i], path, sizeof(path));
		search_place(path, ret);
	}
}

/* ---- the rows ---- */

static void look_installed(const struct host *host, const struct check *check, struct finding *ret)
{
	const struct engine *engine = engine_of(host->engine);
	char path[PATH_MAX];

	if (host_program(engine->program, path, sizeof(path))) {
		found(ret, VERDICT_OK, "%.190s", path);
		return;
	}
	found(ret, VERDICT_LIMITED, "%s is not in PATH", engine->program);
	consequence(ret, "what follows is about files only");
}

static void look_named(const struct host *host, const struct check *check, struct finding *ret)
{
	const struct engine *engine = engine_of(host->engine);
	char place[PATH_MAX];
	struct search s;

	search(engine, &s);
	if (*s.file) {
		found(ret, VERDICT_OK, "%.190s names crun-lite", s.file);
		return;
	}
	expand(engine->places[0], place, sizeof(place));
	found(ret, VERDICT_LIMITED, "no file names crun-lite");
	consequence(ret, "%s uses another runtime unless the command line names this one", engine->name);
	remedy(ret, "%s goes to %.100s (docs/engines.md)", engine->dropin, place);
}

static void look_program(const struct host *host, const struct check *check, struct finding *ret)
{
	struct search s;

	search(engine_of(host->engine), &s);
	if (!*s.program) {
		found(ret, VERDICT_NOTE, "no path of it is named");
		return;
	}
	found(ret, VERDICT_OK, "%.190s", s.program);
	if (access(s.program, X_OK) == 0)
		return;
	found(ret, VERDICT_LIMITED, "%.150s is not there", s.program);
	consequence(ret, "%s cannot start any container", host->engine);
	remedy(ret, "make install puts it there (PREFIX=/usr/local)");
}

static void look_manager(const struct host *host, const struct check *check, struct finding *ret)
{
	bool systemd = access("/run/systemd/system", F_OK) == 0;
	struct search s;

	search(engine_of(host->engine), &s);
	found(ret, VERDICT_OK, "%s", s.systemd ? "systemd" : "as the engine says");
	if (!s.systemd || systemd)
		return;
	found(ret, VERDICT_LIMITED, "SystemdCgroup = true, but systemd does not run here");
	consequence(ret, "no container starts");
	remedy(ret, "SystemdCgroup = false in %.200s", s.file);
}

const struct check checks_engine[] = {
	{"engine", "installed", look_installed, 0},
	{"engine", "configuration", look_named, 0},
	{"engine", "runtime", look_program, 0},
	{"engine", "groups", look_manager, 0},
	{0},
};
