/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/upper_user.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "runtime/base/tree.h"
#include "runtime/users/own_ids.h"

static int remove_it(void *arg)
{
	return -tree_remove(AT_FDCWD, arg);
}

int upper_remove_inside(const char *path)
{
	struct caller caller;
	struct error ignored;
	int status = 0;

	if (own_ids_learn(&caller, &ignored) < 0 || !caller.ordinary || !caller.sub[MAP_UIDS].n)
		return -EPERM;
	if (own_ids_run(&caller, remove_it, (void *)path, &status, &ignored) < 0)
		return -ignored.code;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
