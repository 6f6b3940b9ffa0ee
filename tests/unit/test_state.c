/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/state/reader.h"
#include "tests/unit/unit.h"

/* ---- reading without a parser ---- */

#define HEAD  "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"bundle\":\"/b\",\"rootfs\":\"/b/r\",\"created\":\"now\",\"creating\":false,\"pid\":7,\"startTime\":99"
#define OWNER ",\"owner\":1000,\"notify\":true"
#define GROUPS ",\"groups\":[\"pids/c1\",\"freezer/a/c1\"],\"keptGroups\":[\"unified/c1\"]"
#define NOTES ",\"annotations\":{\"a\":\"1\",\"b.c/d\":\"\"}}"

static const struct text_row {
	const char *name, *text;
	bool taken;
} texts[] = {
	{"what is written is taken", HEAD OWNER GROUPS NOTES, true},
	{"no groups and no annotations", HEAD OWNER ",\"groups\":[],\"keptGroups\":[],\"annotations\":{}}", true},
	{"with an inode", HEAD ",\"inode\":13702385" OWNER GROUPS NOTES, true},
	{"with a unit", HEAD OWNER GROUPS ",\"systemd\":{\"unit\":\"a-b.scope\",\"user\":false,\"group\":12}" NOTES, true},
	{"with a unit that is held", HEAD OWNER GROUPS ",\"systemd\":{\"unit\":\"a.scope\",\"user\":true,\"held\":true,\"group\":0}" NOTES, true},
	{"with an upper and a network", HEAD OWNER GROUPS ",\"upper\":\"/u\",\"network\":true" NOTES, true},
	{"a unit that is none is the parser's", HEAD OWNER GROUPS ",\"systemd\":{\"unit\":\"../x\",\"user\":false,\"group\":12}" NOTES, false},
	{"an upper that is not absolute is the parser's", HEAD OWNER GROUPS ",\"upper\":\"u\"" NOTES, false},
	{"a rarer member is the parser's", HEAD OWNER GROUPS ",\"madeParents\":[\"freezer/a\"]" NOTES, false},
	{"another version's member is the parser's", HEAD OWNER ",\"later\":1" GROUPS NOTES, false},
	{"blanks are the parser's", HEAD OWNER GROUPS NOTES "\n", false},
	{"escapes are the parser's", HEAD OWNER GROUPS ",\"annotations\":{\"a\":\"\\n\"}}", false},
	{"other characters are the parser's", HEAD OWNER GROUPS ",\"annotations\":{\"a\":\"\xc3\xa4\"}}", false},
	{"a key that is there twice is the parser's", HEAD OWNER GROUPS ",\"annotations\":{\"a\":\"1\",\"a\":\"2\"}}", false},
	{"a number that is too long is the parser's", HEAD "1234567890123456789" OWNER GROUPS NOTES, false},
	{"half of it is the parser's", HEAD OWNER, false},
	{"a string without an end is the parser's", "{\"ociVersion\":\"1.3.0\",\"id\":\"c1", false},
	{"nothing is the parser's", "", false},
};

static void check_same_groups(const struct state *a, const struct state *b)
{
	assert_int_equal(a->n_groups, b->n_groups);
	for (size_t i = 0; i < a->n_groups; i++) {
		assert_string_equal(a->groups[i], b->groups[i]);
		assert_int_equal(a->group_kept[i], b->group_kept[i]);
	}
}

static void check_same_annotations(const struct pairs *a, const struct pairs *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		assert_string_equal(a->v[i].key, b->v[i].key);
		assert_string_equal(a->v[i].value, b->v[i].value);
		assert_int_equal(a->v[i].at.offset, b->v[i].at.offset);
	}
}

static void check_same(const struct state *a, const struct state *b)
{
	assert_string_equal(a->id, b->id);
	assert_string_equal(a->bundle, b->bundle);
	assert_string_equal(a->rootfs, b->rootfs);
	assert_string_equal(a->created, b->created);
	assert_string_equal(a->unit ?: "", b->unit ?: "");
	assert_string_equal(a->upper ?: "", b->upper ?: "");
	assert_true(a->creating == b->creating && a->notify == b->notify && a->network == b->network);
	assert_true(a->pid == b->pid && a->start_time == b->start_time && a->inode == b->inode && a->owner == b->owner);
	assert_true(a->unit_user == b->unit_user && a->unit_held == b->unit_held && a->unit_group == b->unit_group);
	check_same_groups(a, b);
	check_same_annotations(&a->annotations, &b->annotations);
}

static void a_text_is_taken_as_the_parser_reads_it(void **state)
{
	const struct text_row *row = *state;
	struct state taken, parsed;
	struct error err = {0};

	assert_int_equal(reader_take(row->text, strlen(row->text), &taken), row->taken);
	if (!row->taken) {
		assert_null(taken.id);
		return;
	}
	assert_int_equal(state_parse(row->text, strlen(row->text), "c1", &parsed, &err), 0);
	check_same(&taken, &parsed);
	state_free(&taken);
	state_free(&parsed);
}

/* ---- one container in a directory in memory ---- */

static char place[40];
static struct store store = {.root = -1, .dir = -1};
static pid_t child;
static struct state container;

static int enter(void **state)
{
	struct error err = {0};
	int root;

	snprintf(place, sizeof(place), "%s/crun-lite-state.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	root = mkdtemp(place) ? open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return root < 0 || store_make(root, "c", &store, &err) < 0 ? -1 : 0;
}

static int leave(void **state)
{
	struct error err = {0};

	store_remove(&store, &err);
	close(store.root);
	store_close(&store);
	return rmdir(place);
}

static void begin(void)
{
	struct error err = {0};
	int pidfd;

	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	assert_true(child > 0);
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	assert_true(pidfd >= 0);
	container = (struct state){.id = "c", .bundle = "/b", .rootfs = "/r", .created = "now", .pid = child, .inode = process_inode(pidfd)};
	assert_int_equal(process_start_time(child, &container.start_time, &(unsigned){0}, &err), 0);
	close(pidfd);
}

static void end(void)
{
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* As a list sees it: read back. */
static int status(void)
{
	const struct store ways[] = {store, {.root = store.root, .dir = -1, .id = "c"}};
	struct error err = {0};
	int said[2];

	assert_int_equal(state_write(&store, &container, &err), 0);
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct state read;

		assert_int_equal(state_read(&ways[i], &read, &err), 0);
		said[i] = state_status(&ways[i], &read, &err);
		state_free(&read);
	}
	assert_int_equal(said[0], said[1]);
	return said[0];
}

static bool has_handle(void)
{
	int fd = state_pidfd(&container);

	if (fd >= 0)
		close(fd);
	else
		assert_int_equal(fd, -ESRCH);
	return fd >= 0;
}

static void who_lives_runs(void **state)
{
	begin();
	assert_int_equal(status(), STATUS_RUNNING);
	assert_true(has_handle());
	end();
}

static void who_is_not_waited_for_has_ended(void **state)
{
	begin();
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
	assert_int_equal(status(), STATUS_STOPPED);
	assert_false(has_handle());
	end();
	assert_int_equal(status(), STATUS_STOPPED);
}

/* The number is another process's by now, which may have started in the same tick of the clock. */
static void another_inode_is_another_process(void **state)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct statfs fs;

	if (pidfd < 0 || fstatfs(pidfd, &fs) < 0 || fs.f_type != 0x50494446 || store_place(&store) != PLACE_MEMORY)
		skip();         /* a kernel before 6.9, or /dev/shm is on a disk */
	close(pidfd);
	begin();
	container.inode++;
	assert_int_equal(status(), STATUS_STOPPED);
	assert_false(has_handle());
	end();
}

static void without_an_inode_the_start_time_says_it(void **state)
{
	begin();
	container.inode = 0;
	assert_int_equal(status(), STATUS_RUNNING);
	container.start_time++;
	assert_int_equal(status(), STATUS_STOPPED);
	assert_false(has_handle());
	end();
}

/* After the next boot the numbers begin anew. */
static void on_a_disk_an_inode_says_nothing(void **state)
{
	struct store disk = store;
	struct error err = {0};
	struct state read;

	begin();
	disk.place = PLACE_DISK;
	assert_int_equal(state_write(&store, &container, &err), 0);
	assert_int_equal(state_read(&disk, &read, &err), 0);
	assert_int_equal(read.inode, 0);
	assert_int_equal(state_status(&disk, &read, &err), STATUS_RUNNING);
	state_free(&read);
	end();
}

/* Its listener is open as long as it waits; the name may outlive it. */
static void who_listens_is_created(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	begin();
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/c/start", place);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(status(), STATUS_CREATED);
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);      /* it heard nothing */
	close(fd);
	assert_int_equal(status(), STATUS_RUNNING);
	end();
	assert_int_equal(status(), STATUS_STOPPED);
	assert_int_equal(unlinkat(store.dir, "start", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_lives_runs),
		cmocka_unit_test(who_is_not_waited_for_has_ended),
		cmocka_unit_test(another_inode_is_another_process),
		cmocka_unit_test(without_an_inode_the_start_time_says_it),
		cmocka_unit_test(on_a_disk_an_inode_says_nothing),
		cmocka_unit_test(who_listens_is_created),
	};
	int failed = RUN_ROWS("reading without a parser", texts, a_text_is_taken_as_the_parser_reads_it);

	return failed + cmocka_run_group_tests_name("what a container is", tests, enter, leave);
}
