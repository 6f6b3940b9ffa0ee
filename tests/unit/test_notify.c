/* notify: what of a container's sd_notify messages reaches the host's service manager. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/launch/notify.h"
#include "tests/unit/unit.h"

/* The container's socket at DIR/notify/notify.sock and the manager's, in the abstract name space.
 */
struct fixture {
	char top[32], host[64];
	int dir, inner, manager;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct error err;
	int n;

	strcpy(f->top, "/tmp/test-notify-XXXXXX");
	if (!mkdtemp(f->top))
		return -1;
	f->dir = open(f->top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = snprintf(f->host, sizeof(f->host), "@test-notify-%d", getpid());
	memcpy(address.sun_path, f->host, (size_t)n);
	address.sun_path[0] = '\0';
	f->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(f->manager, (struct sockaddr *)&address,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) < 0)
		return -1;
	*state = f;
	return notify_open(f->dir, &f->inner, &err);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->inner);
	close(f->manager);
	unlinkat(f->dir, "notify/notify.sock", 0);
	unlinkat(f->dir, "notify", AT_REMOVEDIR);
	close(f->dir);
	rmdir(f->top);
	free(f);
	return 0;
}

/* As a process of the container would; `passed`: an fd to go with it, or -1. */
static void say_with(const struct fixture *f, const char *text, size_t len, int passed)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = {
		.header = {.cmsg_len = CMSG_LEN(2 * sizeof(int)),
			   .cmsg_level = SOL_SOCKET,
			   .cmsg_type = SCM_RIGHTS}
        };
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct iovec payload = {(void *)(uintptr_t)text, len};
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &payload,
		.msg_iovlen = 1,
		.msg_control = passed < 0 ? NULL : &control,
		.msg_controllen = passed < 0 ? 0 : sizeof(control),
	};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(CMSG_DATA(&control.header), (int[]){passed, passed}, 2 * sizeof(int));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify/notify.sock", f->top);
	assert_int_equal(sendmsg(fd, &message, 0), (ssize_t)len);
	close(fd);
}

static void say(const struct fixture *f, const char *text)
{
	say_with(f, text, strlen(text), -1);
}

/* What the manager has got: all messages, with "|" behind each. */
static const char *heard(const struct fixture *f)
{
	static char text[16384];
	size_t n = 0;
	ssize_t r;

	while ((r = recv(f->manager, text + n, sizeof(text) - n - 2, MSG_DONTWAIT)) > 0) {
		n += (size_t)r;
		text[n++] = '|';
	}
	text[n] = '\0';
	return text;
}

static const struct {
	const char *name, *said, *expected;
	bool ready;
} rows[] = {
	{"READY brings the main pid with it",             "READY=1",              "READY=1\nMAINPID=4711\n|", true },
	{"whatever else is in the message",               "STATUS=up\nREADY=1\n",
	 "STATUS=up\nREADY=1\nMAINPID=4711\n|",							       true },
	{"the container's own idea of a pid is replaced", "MAINPID=1\nREADY=1",
	 "READY=1\nMAINPID=4711\n|",									  true },
	{"and dropped where it is not asked for",         "MAINPID=1",            "",                         false},
	{"a status passes",			       "STATUS=50 %",          "STATUS=50 %\n|",           false},
	{"a watchdog too",				"WATCHDOG=1",           "WATCHDOG=1\n|",            false},
	{"files are not stored on the host",              "FDSTORE=1\nFDNAME=x",  "",                         false},
	{"READY=0 is no READY",                           "READY=0",              "READY=0\n|",               false},
	{"a name in the middle of a line is none",        "X=READY=1",            "",                         false},
};

static void test_messages(void **state)
{
	struct fixture *f = *state;
	struct error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool ready = false;

		say(f, rows[i].said);
		assert_int_equal(notify_forward(f->inner, f->host, 4711, &ready, &err), 0);
		assert_string_equal(heard(f), rows[i].expected);
		assert_int_equal(ready, rows[i].ready);
	}
}

static void test_nothing_has_come(void **state)
{
	struct fixture *f = *state;
	struct error err;
	bool ready = false;

	assert_int_equal(notify_forward(f->inner, f->host, 4711, &ready, &err), 0);
	assert_string_equal(heard(f), "");
}

static void test_several_at_once(void **state)
{
	struct fixture *f = *state;
	struct error err;
	bool ready = false;

	say(f, "STATUS=1");
	say(f, "READY=1");
	say(f, "STATUS=2");
	assert_int_equal(notify_forward(f->inner, f->host, 1, &ready, &err), 0);
	assert_string_equal(heard(f), "STATUS=1\n|READY=1\nMAINPID=1\n|STATUS=2\n|");
	assert_true(ready);
}

/* Longest: it passes whole.  Longer: systemd would not take it either. */
static void test_long_messages(void **state)
{
	struct fixture *f = *state;
	char *text = malloc(5000);
	struct error err;
	bool ready = false;

	memset(text, 'x', 5000);
	memcpy(text, "READY=1\nSTATUS=", 15);
	say_with(f, text, 4096, -1);
	assert_int_equal(notify_forward(f->inner, f->host, 1234567, &ready, &err), 0);
	assert_int_equal(strlen(heard(f)), 4096 + strlen("\nMAINPID=1234567\n|"));
	ready = false;
	say_with(f, text, 5000, -1);
	assert_int_equal(notify_forward(f->inner, f->host, 1, &ready, &err), 0);
	assert_string_equal(heard(f), "");
	assert_false(ready);
	free(text);
}

static int is_closed(int fd)
{
	struct pollfd end = {.fd = fd};

	return poll(&end, 1, 0) == 1 && end.revents & POLLHUP;
}

static void test_a_barrier_waits_for_the_manager(void **state)
{
	struct fixture *f = *state;
	char control[CMSG_SPACE(8 * sizeof(int))], text[64];
	struct iovec into = {text, sizeof(text)};
	struct msghdr message = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct error err;
	bool ready = false;
	int ends[2], fd;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	say_with(f, "BARRIER=1", strlen("BARRIER=1"), ends[1]);
	close(ends[1]);
	assert_int_equal(notify_forward(f->inner, f->host, 1, &ready, &err), 0);
	assert_false(is_closed(ends[0]));
	assert_int_equal(recvmsg(f->manager, &message, 0), strlen("BARRIER=1"));
	assert_int_equal(CMSG_FIRSTHDR(&message)->cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	close(fd);
	/* The manager's was the last. */
	assert_true(is_closed(ends[0]));
	close(ends[0]);
}

static void test_files_are_closed(void **state)
{
	struct fixture *f = *state;
	struct error err;
	bool ready = false;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	say_with(f, "FDSTORE=1", strlen("FDSTORE=1"), ends[1]);
	close(ends[1]);
	assert_int_equal(notify_forward(f->inner, f->host, 1, &ready, &err), 0);
	assert_string_equal(heard(f), "");
	assert_true(is_closed(ends[0]));
	close(ends[0]);
}

static void test_a_manager_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	struct error err;
	bool ready = false;

	say(f, "STATUS=1");
	assert_int_equal(notify_forward(f->inner, "/no/such/socket", 1, &ready, &err), -ENOENT);
	assert_string_equal(err.text, "notify /no/such/socket");
	say(f, "STATUS=1");
	assert_int_equal(notify_forward(f->inner, "vsock:2:1234", 1, &ready, &err), -EAFNOSUPPORT);
}

static void test_modes_and_a_second_socket(void **state)
{
	struct fixture *f = *state;
	struct error err;
	struct stat st;
	bool ready = false;
	mode_t mask = umask(077);
	int second;

	assert_int_equal(notify_open(f->dir, &second, &err), 0);
	umask(mask);
	assert_int_equal(fstatat(f->dir, "notify", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(fstatat(f->dir, "notify/notify.sock", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0777);
	say(f, "READY=1");
	assert_int_equal(notify_forward(second, f->host, 1, &ready, &err), 0);
	assert_true(ready);
	close(second);
}

/* A manager in a process of its own: takes messages until the barrier, which it acknowledges. */
static pid_t start_manager(const struct fixture *f, pid_t program)
{
	char expected[64];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(expected, sizeof(expected), "READY=1\nMAINPID=%d\n", program);
	for (int seen = 0;;) {
		char text[128];
		ssize_t n = recv(f->manager, text, sizeof(text) - 1, 0);

		text[n > 0 ? n : 0] = '\0';
		if (strcmp(text, expected) == 0)
			seen = 1;
		if (n <= 0 || strcmp(text, "BARRIER=1") == 0)
			_exit(seen ? 0 : 1);
	}
}

static void test_until_ready(void **state)
{
	struct fixture *f = *state;
	pid_t manager, program = fork();
	struct error err;
	int status;

	if (program == 0) {
		pause();
		_exit(0);
	}
	manager = start_manager(f, program);
	setenv("NOTIFY_SOCKET", f->host, 1);
	say(f, "STATUS=1");
	say(f, "READY=1");
	assert_int_equal(notify_until_ready(f->inner, program, &err), 0);
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
	waitpid(manager, &status, 0);
	assert_int_equal(status, 0);
	unsetenv("NOTIFY_SOCKET");
}

static void test_until_the_program_ends(void **state)
{
	struct fixture *f = *state;
	pid_t program = fork();
	struct error err;

	if (program == 0)
		_exit(0);
	setenv("NOTIFY_SOCKET", f->host, 1);
	assert_int_equal(notify_until_ready(f->inner, program, &err), NOTIFY_ENDED);
	unsetenv("NOTIFY_SOCKET");
	waitpid(program, NULL, 0);
	assert_int_equal(notify_until_ready(f->inner, getpid(), &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages),
		TEST(test_nothing_has_come),
		TEST(test_several_at_once),
		TEST(test_long_messages),
		TEST(test_a_barrier_waits_for_the_manager),
		TEST(test_files_are_closed),
		TEST(test_a_manager_that_is_not_there),
		TEST(test_modes_and_a_second_socket),
		TEST(test_until_ready),
		TEST(test_until_the_program_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
