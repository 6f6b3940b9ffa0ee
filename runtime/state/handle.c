/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/handle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

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

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_container(const struct dirent *e)
{
	struct error ignored;

	return state_check_id(e->d_name, &ignored) == 0;
}

/* *ret is malloc'ed, as are its entries; none where there is no state directory. */
static int names(int root, struct dirent ***ret, struct error *err)
{
	int n;

	*ret = NULL;
	n = root < 0 ? 0 : scandirat(root, ".", ret, is_container, by_name);
	return n < 0 ? error_set(err, errno, "read the state directory") : n;
}

static void names_free(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

int handle_complete(const struct runtime_options *runtime, const char *word, char ret[256], struct error *err)
{
	size_t len = strlen(word), found = 0;
	cleanup_close int root = -1;
	struct dirent **entries;
	int n = state_root_open(runtime->root, false, &root, err);

	if (n == 0)
		n = names(root, &entries, err);
	if (n < 0)
		return n;
	snprintf(ret, 256, "%s", word);
	for (int i = 0; i < n && len; i++) {
		if (strncmp(entries[i]->d_name, word, len) != 0)
			continue;
		if (!entries[i]->d_name[len]) {         /* itself */
			found = 1;
			snprintf(ret, 256, "%s", word);
			break;
		}
		if (++found == 1)
			snprintf(ret, 256, "%s", entries[i]->d_name);
	}
	names_free(entries, n);
	if (found <= 1)
		return 0;
	error_set(err, ERROR_SAID, "%s begins the IDs of %zu containers", word, found);
	return error_hint(err, "`crun-lite list -q` lists them");
}

/* One that goes away while it is read, or was never completed, is none. */
static int visit(const struct handle_names *all, const char *id, int (*each)(const struct handle *h, void *arg, struct error *err),
                 void *arg, struct error *err)
{
	struct handle h = {.root = -1, .store = {.root = all->root, .dir = -1, .here = all->here, .place = all->place}};
	struct error gone = {0};
	int r = 0;

	snprintf(h.store.id, sizeof(h.store.id), "%s", id);
	if (state_read(&h.store, &h.state, &gone) == 0) {
		r = state_status(&h.store, &h.state, err);
		h.status = (enum status)r;
		if (r >= 0)
			r = each(&h, arg, err);
	}
	handle_close(&h);
	return r;
}

int handle_names_open(const struct runtime_options *runtime, bool here, struct handle_names *ret, struct error *err)
{
	int n;

	*ret = (struct handle_names){.root = -1};
	n = state_root_open(runtime->root, false, &ret->root, err);
	if (n == 0)
		n = names(ret->root, &ret->v, err);
	if (n < 0)
		return n;
	ret->n = (size_t)n;
	ret->here = here && n > 0 && fchdir(ret->root) == 0;
	ret->place = n > 0 ? store_place(&(struct store){.root = ret->root, .dir = -1}) : PLACE_UNKNOWN;
	return 0;
}

void handle_names_close(struct handle_names *all)
{
	names_free(all->v, (int)all->n);
	if (all->root >= 0)
		close(all->root);
}

int handle_visit(const struct handle_names *all, size_t first, size_t end,
                 int (*each)(const struct handle *h, void *arg, struct error *err), void *arg, struct error *err)
{
	int r = 0;

	for (size_t i = first; i < end && r >= 0; i++)
		r = visit(all, all->v[i]->d_name, each, arg, err);
	return r < 0 ? r : 0;
}

int handle_each(const struct runtime_options *runtime, int (*each)(const struct handle *h, void *arg, struct error *err), void *arg,
                struct error *err)
{
	struct handle_names all;
	int r = handle_names_open(runtime, false, &all, err);

	if (r == 0)
		r = handle_visit(&all, 0, all.n, each, arg, err);
	handle_names_close(&all);
	return r;
}
