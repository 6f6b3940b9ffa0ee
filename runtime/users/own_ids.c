/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/users/own_ids.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/users/caller.h"
#include "runtime/users/maps.h"

int own_ids_learn(struct caller *ret, struct error *err)
{
	struct cap_facts caps;
	int r = caps_facts(&caps, err);

	*ret = (struct caller){0};
	if (r == 0)
		caller_learn(&caps, ret);
	return r;
}

/* The other process: says when it is in its namespace, goes on when that has its maps. */
static void become_root(int talk, int (*body)(void *arg), void *arg)
{
	char word = unshare(CLONE_NEWUSER) < 0 ? (char)errno : 0;

	if (write(talk, &word, 1) != 1 || word || read(talk, &word, 1) != 1)
		_exit(EPERM);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(EPERM);
	_exit(body(arg));
}

/* The ids that a container gets of which nothing else is said. */
static int default_maps(const struct caller *caller, struct config **ret, struct error *err)
{
	static const char nothing[] = "{\"ociVersion\":\"1.0.0\",\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}}";
	int r = config_parse(nothing, sizeof(nothing) - 1, "", ret, err);

	return r < 0 ? r : userns_complete(*ret, caller, err);
}

static int give_maps(int talk, pid_t pid, const struct config *config, const struct caller *caller, struct error *err)
{
	char word = 1;
	int r;

	if (read(talk, &word, 1) != 1 || word) {
		error_set(err, word ? word : EPERM, "make a user namespace");
		return error_hint(err, "the sysctls user.max_user_namespaces and kernel.unprivileged_userns_clone, or a security module, may forbid it");
	}
	r = maps_write(pid, config, caller, err);
	return r == 0 && write(talk, &word, 1) != 1 ? error_set(err, EPIPE, "talk to the process in the user namespace") : r;
}

int own_ids_run(const struct caller *caller, int (*body)(void *arg), void *arg, int *ret_status, struct error *err)
{
	struct config *config = NULL;
	int pair[2], r = default_maps(caller, &config, err);
	pid_t pid;

	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		r = error_set(err, errno, "talk to the process in the user namespace");
	if (r < 0) {
		config_free(config);
		return r;
	}
	pid = fork();
	if (pid == 0)
		become_root(pair[1], body, arg);
	close(pair[1]);
	r = pid < 0 ? error_set(err, errno, "fork") : give_maps(pair[0], pid, config, caller, err);
	close(pair[0]);
	config_free(config);
	if (pid > 0 && TEMP_FAILURE_RETRY(waitpid(pid, ret_status, 0)) != pid && r == 0)
		r = error_set(err, errno, "wait for the process in the user namespace");
	return r;
}
