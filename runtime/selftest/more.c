/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selftest/selftest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

static void try_own_file(struct trial *t, struct result *ret)
{
	struct stat st;
	char value[64];

	if (stat("/proc/self/exe", &st) < 0)
		trial_skip(ret, "look at this program: %s", strerror(errno));
	else if (st.st_mode & (S_ISUID | S_ISGID))
		trial_fail(ret, "this program is set-uid");
	else if (getxattr("/proc/self/exe", "security.capability", value, sizeof(value)) > 0)
		trial_fail(ret, "this program has file capabilities");
}

/* ---- a container that waits for `start` ---- */

static bool create(struct trial *t, struct result *ret)
{
	static const struct row plain = {.inside = {"stdin"}, .outcome = RUNS};
	const struct place *p = trial_place(t);
	char bundle[sizeof(p->dir) + 8];
	char *const argv[] = {(char[]){"create"}, (char[]){"-b"}, bundle, (char[]){"selftest"}, NULL};
	struct error err = {0};

	snprintf(bundle, sizeof(bundle), "%s/bundle", p->dir);
	if (bundle_write(p, &plain, &err) < 0)
		trial_skip(ret, "%s", err.text);
	else if (trial_run(t, argv, NULL) != 0)
		trial_skip(ret, "%s", trial_err(t));
	return ret->verdict == PASSED;
}

static void delete(struct trial *t)
{
	char *const argv[] = {(char[]){"delete"}, (char[]){"--force"}, (char[]){"selftest"}, NULL};

	trial_run(t, argv, NULL);
}

/* 0: not known */
static long pid_of(struct trial *t)
{
	char *const argv[] = {(char[]){"state"}, (char[]){"selftest"}, NULL};
	const char *pid = trial_run(t, argv, NULL) == 0 ? strstr(trial_out(t), "\"pid\":") : NULL;

	return pid ? strtol(pid + strlen("\"pid\":"), NULL, 10) : 0;
}

static void look_at_file(long pid, struct result *ret)
{
	struct stat own, its;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
	/* Nobody but root may even look: that is the answer, too. */
	if (stat(path, &its) < 0 && (errno == EACCES || errno == EPERM))
		return;
	if (stat(path, &its) < 0 || stat("/proc/self/exe", &own) < 0)
		trial_skip(ret, "look at %s: %s", path, strerror(errno));
	else if (own.st_dev == its.st_dev && own.st_ino == its.st_ino)
		trial_fail(ret, "%s is the runtime's file", path);
}

static void try_waiting_file(struct trial *t, struct result *ret)
{
	long pid;

	if (!create(t, ret))
		return;
	pid = pid_of(t);
	if (pid > 0)
		look_at_file(pid, ret);
	else
		trial_skip(ret, "its process is not known: %s", trial_err(t));
	delete(t);
}

static void try_exec_user(struct trial *t, struct result *ret)
{
	static const char *const users[] = {"1x", "", "-1", "4294967295", "4294967296"};

	if (!create(t, ret))
		return;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]) && ret->verdict == PASSED; i++) {
		char user[32];
		char *const argv[] = {(char[]){"exec"}, user, (char[]){"selftest"}, (char[]){"/probe"}, NULL};

		snprintf(user, sizeof(user), "--user=%s", users[i]);
		if (trial_run(t, argv, NULL) == 0 || !strstr(trial_err(t), "a number from 0"))
			trial_fail(ret, "exec %s was not refused: %s", user, trial_err(t));
	}
	delete(t);
}

static bool has_abstract_socket(const char *dir)
{
	cleanup_file FILE *f = fopen("/proc/net/unix", "re");
	cleanup_free char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && !found && getline(&line, &room, f) >= 0) {
		const char *name = strchr(line, '@');

		found = name && (strstr(name, dir) || strstr(name, "crun-lite"));
	}
	return found;
}

static void try_sockets(struct trial *t, struct result *ret)
{
	if (!create(t, ret))
		return;
	if (has_abstract_socket(trial_place(t)->dir))
		trial_fail(ret, "there is an abstract socket, which every process of the network namespace can reach");
	delete(t);
}

static void try_state(struct trial *t, struct result *ret)
{
	char path[sizeof(trial_place(t)->dir) + 32];
	struct stat st;

	if (!create(t, ret))
		return;
	snprintf(path, sizeof(path), "%s/state/selftest", trial_place(t)->dir);
	if (stat(path, &st) < 0)
		trial_skip(ret, "look at %s: %s", path, strerror(errno));
	else if (st.st_mode & 077)
		trial_fail(ret, "others may enter the directory of a container's state: mode %o", st.st_mode & 07777);
	delete(t);
}

const struct more selftest_more[] = {
	{"V06", "`exec --user` takes numbers, whole and in range", try_exec_user},
	{"V21", "what waits in a container is not the runtime's file", try_waiting_file},
	{"V24", "this program is not set-uid and has no capabilities", try_own_file},
	{"V26", "no abstract socket is listened on", try_sockets},
	{"V46", "a container's state is its owner's alone", try_state},
};
const size_t selftest_n_more = sizeof(selftest_more) / sizeof(selftest_more[0]);
