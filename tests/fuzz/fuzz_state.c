/* A state.json that we did not write, or not whole: it is read, and what was read is written and read again. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/tree.h"
#include "runtime/state/reader.h"
#include "runtime/state/state.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[40];
static struct store store = {.root = -1, .dir = -1, .id = "fuzz"};

static void leave(void)
{
	tree_remove(AT_FDCWD, place);
}

static void enter(void)
{
	snprintf(place, sizeof(place), "%s/fuzz-state.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(place));
	atexit(leave);
	store.dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(store.dir >= 0);
}

static bool same(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* Groups that nobody made before come first; the same ones are written. */
static void check_groups(const struct state *a, const struct state *b)
{
	size_t n = 0;

	MUST(a->n_groups == b->n_groups && a->n_groups <= CGROUP_HIERARCHIES_MAX);
	for (int kept = 0; kept < 2; kept++)
		for (size_t i = 0; i < a->n_groups; i++)
			if (a->group_kept[i] == kept) {
				MUST(b->group_kept[n] == kept && same(a->groups[i], b->groups[n]));
				MUST(b->group_parents[n] <= strlen(b->groups[n]));
				n++;
			}
}

static void check_same(const struct state *a, const struct state *b)
{
	MUST(same(a->id, b->id) && same(a->bundle, b->bundle) && same(a->rootfs, b->rootfs) && same(a->created, b->created));
	MUST(same(a->upper, b->upper) && same(a->unit, b->unit) && same(a->rdt.name, b->rdt.name));
	MUST(a->pid == b->pid && a->start_time == b->start_time && a->owner == b->owner && a->creating == b->creating);
	MUST(a->notify == b->notify && a->network == b->network && a->annotations.n == b->annotations.n);
	MUST(!a->unit || (a->unit_user == b->unit_user && a->unit_held == b->unit_held && a->unit_group == b->unit_group));
	check_groups(a, b);
}

/* What a bundle's name or annotation may hold, state.json holds too; a NUL ends a string for C, and nothing comes behind it. */
static void write_and_read(const struct state *state)
{
	struct state again = {0};
	struct error err = {0};

	MUST(state_write(&store, state, &err) == 0);
	MUST(state_read(&store, &again, &err) == 0);
	check_same(state, &again);
	state_free(&again);
}

/* What is taken without the parser is what the parser reads. */
static void read_both_ways(const uint8_t *data, size_t size)
{
	struct state taken, parsed = {0};
	struct error err = {0};

	if (!reader_take((const char *)data, size, &taken))
		return;
	MUST(state_parse((const char *)data, size, "fuzz", &parsed, &err) == 0);
	check_same(&parsed, &taken);
	MUST(parsed.inode == taken.inode && !parsed.keeper.pid);
	for (size_t i = 0; i < parsed.annotations.n; i++)
		MUST(same(parsed.annotations.v[i].key, taken.annotations.v[i].key) && same(parsed.annotations.v[i].value, taken.annotations.v[i].value));
	state_free(&parsed);
	state_free(&taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state state = {0};
	struct error err = {0};
	int fd, r;

	read_both_ways(data, size);
	if (store.dir < 0)
		enter();
	fd = openat(store.dir, "state.json", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	r = state_read(&store, &state, &err);
	MUST(r == 0 || (r < 0 && r == -err.code && err.text[0]));
	if (r == 0) {
		MUST(state.id && state.bundle && state.rootfs && state.created && (!state.upper || *state.upper == '/'));
		write_and_read(&state);
	}
	state_free(&state);
	return 0;
}
