/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/handle.h"

#include <unistd.h>

int handle_find(const struct runtime_options *runtime, const char *id, enum store_lock lock, struct handle *ret,
                struct error *err)
{
	int r;

	*ret = (struct handle){.root = -1, .store.dir = -1};
	r = state_root_open(runtime->root, false, &ret->root, err);
	if (r == 0)
		r = store_open(ret->root, id, lock, &ret->store, err);
	if (r == 0)
		r = state_read(&ret->store, &ret->state, err);
	if (r == STATE_EMPTY)
		error_set(err, ERROR_SAID, "container \"%s\" does not exist", id);
	return r == 0 ? 0 : -err->code;
}

int handle_open(const struct runtime_options *runtime, const char *id, enum store_lock lock, struct handle *ret,
                struct error *err)
{
	int r = handle_find(runtime, id, lock, ret, err);

	if (r == 0)
		r = state_status(&ret->store, &ret->state, err);
	if (r < 0)
		return r;
	ret->status = (enum status)r;
	return 0;
}

void handle_close(struct handle *h)
{
	state_free(&h->state);
	store_close(&h->store);
	if (h->root >= 0)
		close(h->root);
}

int handle_not_running(struct error *err)
{
	return error_set(err, ERROR_SAID, "container not running");
}
