/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/upper_user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/tree.h"
#include "runtime/container/caller.h"
#include "runtime/container/maps.h"

/* The other process: says when it is in its namespace, goes on when that has its maps. */
static void remove_and_exit(int talk, const char *path)
{
	char word = unshare(CLONE_NEWUSER) < 0 ? (char)errno : 0;

	if (write(talk, &word, 1) != 1 || word || read(talk, &word, 1) != 1)
		_exit(EPERM);
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		_exit(EPERM);
	_exit(-tree_remove(AT_FDCWD, path));
}

/* The ids that a container gets of which nothing else is said: the caller's own, and its range. */
static struct config *default_maps(const struct caller *caller)
{
	static const char nothing[] = "{\"ociVersion\":\"1.0.0\",\"linux\":{\"namespaces\":[{\"type\":\"user\"}]}}";
	struct config *config = NULL;
	struct error ignored;

	if (config_parse(nothing, sizeof(nothing) - 1, "", &config, &ignored) == 0 &&
	    userns_complete(config, caller, &ignored) == 0)
		return config;
	return config_free(config);
}

int upper_remove_inside(const char *path)
{
	struct cap_facts caps;
	struct caller caller = {0};
	struct config *config;
	struct error ignored;
	int pair[2], status, r;
	char word = 1;
	pid_t pid;

	if (caps_facts(&caps, &ignored) < 0)
		return -EPERM;
	caller_learn(&caps, &caller);
	config = caller.ordinary && caller.sub[MAP_UIDS].n ? default_maps(&caller) : NULL;
	if (!config || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		config_free(config);
		return -EPERM;
	}
	pid = fork();
	if (pid == 0)
		remove_and_exit(pair[1], path);
	close(pair[1]);
	r = pid < 0 ? -errno : 0;
	if (r == 0 && read(pair[0], &word, 1) == 1 && word == 0)
		r = maps_write(pid, config, &caller, &ignored);
	if (r == 0 && write(pair[0], &word, 1) != 1)
		r = -EPIPE;
	close(pair[0]);
	config_free(config);
	if (pid > 0 && TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == pid && r == 0)
		r = WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
	return r;
}
