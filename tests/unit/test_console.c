/* console and foreground: a terminal handed out, and one that we hold ourselves. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "runtime/launch/console.h"
#include "runtime/launch/foreground.h"
#include "tests/unit/unit.h"

/* ---- the console socket ------------------------------------------------------------------- */

/* A listening socket at DIR/SUB/console.sock; `sub` may be long: it is bound from inside. */
struct place {
	char top[32], dir[512], path[600];
	int listener;
};

static void place_open(struct place *place, size_t sub_len)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "console.sock"};

	strcpy(place->top, "/tmp/test-console-XXXXXX");
	assert_non_null(mkdtemp(place->top));
	snprintf(place->dir, sizeof(place->dir), "%s/%0*d", place->top, (int)sub_len, 0);
	assert_int_equal(mkdir(place->dir, 0700), 0);
	snprintf(place->path, sizeof(place->path), "%s/console.sock", place->dir);
	assert_int_equal(chdir(place->dir), 0);
	place->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(place->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(place->listener, 1), 0);
	assert_int_equal(chdir("/"), 0);
}

static void place_close(struct place *place)
{
	close(place->listener);
	unlink(place->path);
	rmdir(place->dir);
	rmdir(place->top);
}

static void receive_terminal(int fd, char *name, size_t size, int *ret)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec into = {name, size - 1};
	struct msghdr message = {
		.msg_iov = &into,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	assert_true(n > 0);
	name[n] = '\0';
	assert_non_null(header);
	assert_int_equal(header->cmsg_type, SCM_RIGHTS);
	assert_int_equal(header->cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(ret, CMSG_DATA(header), sizeof(*ret));
}

static void send_and_receive(size_t sub_len)
{
	struct place place;
	struct error err;
	char name[64];
	int sock, peer, master, slave, received, number[2];

	place_open(&place, sub_len);
	if (console_socket_connect(place.path, &sock, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	peer = accept(place.listener, NULL, NULL);
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(console_socket_send(sock, master, "/dev/ptmx", &err), 0);
	receive_terminal(peer, name, sizeof(name), &received);
	assert_string_equal(name, "/dev/ptmx");
	assert_int_equal(ioctl(master, TIOCGPTN, &number[0]), 0);
	assert_int_equal(ioctl(received, TIOCGPTN, &number[1]), 0);
	assert_int_equal(number[0], number[1]);
	/* Gone: an error, not SIGPIPE. */
	close(peer);
	assert_int_equal(console_socket_send(sock, master, "/dev/ptmx", &err), -EPIPE);
	assert_string_equal(err.text, "send the terminal to the console socket");
	close(sock);
	close(master);
	close(slave);
	close(received);
	place_close(&place);
}

static void test_socket(void **unused)
{
	send_and_receive(8);
}

static void test_socket_with_a_long_path(void **unused)
{
	send_and_receive(200);
}

static void test_socket_that_is_not_there(void **unused)
{
	struct error err;
	int fd;

	assert_int_equal(console_socket_connect("/no/such.sock", &fd, &err), -ENOENT);
	assert_string_equal(err.text, "connect to the console socket /no/such.sock");
	assert_int_equal(console_socket_connect("/dev/null", &fd, &err), -ECONNREFUSED);
}

/* ---- the foreground -------------------------------------------------------------------------- */

/* A "runtime" in a process of its own, whose standard streams are ours to play with. */
struct scene {
	const char *script; /* of the program, for sh -c */
	bool terminal;      /* give the program one */
	int input;          /* the runtime's; -1: /dev/null */
	int output;
	void (*meanwhile)(struct scene *scene);
	/* results */
	pid_t runtime;
	int status, result;
	char *text;
	size_t len;
	int outer; /* pty that is the runtime's input */
};

static pid_t start_program(const struct scene *scene, const struct foreground *fg, int master,
			   int slave)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, &fg->saved_mask, NULL);
	setsid();
	if (scene->terminal) {
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
	}
	if (master >= 0)
		close(master);
	if (slave > 2)
		close(slave);
	execl("/bin/sh", "sh", "-c", scene->script, NULL);
	_exit(126);
}

static int play(const struct scene *scene)
{
	struct foreground fg;
	struct error err;
	int master = -1, slave = -1, pidfd, status = -1;
	pid_t pid;

	if (foreground_begin(&fg, &err) < 0)
		return 250;
	if (scene->terminal && openpty(&master, &slave, NULL, NULL, NULL) < 0)
		return 251;
	if (master >= 0)
		foreground_resize(master);
	pid = start_program(scene, &fg, master, slave);
	if (slave >= 0)
		close(slave);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (foreground_wait(&fg, pid, pidfd, master, &status, &err) < 0)
		return 252;
	foreground_end(&fg);
	close(pidfd);
	return status;
}

static void start_runtime(struct scene *scene, int output)
{
	scene->runtime = fork();
	assert_true(scene->runtime >= 0);
	if (scene->runtime != 0)
		return;
	setsid();
	dup2(scene->input, 0);
	dup2(output, 1);
	if (scene->outer >= 0)
		ioctl(0, TIOCSCTTY, 0);
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	_exit(play(scene));
}

/* Everything that the runtime writes, until it closes its output. */
static void collect(struct scene *scene, int fd)
{
	size_t room = 1 << 16;

	scene->text = malloc(room + 1);
	for (;;) {
		ssize_t n;

		if (scene->len == room)
			scene->text = realloc(scene->text, 1 + (room *= 2));
		n = read(fd, scene->text + scene->len, room - scene->len);
		if (n <= 0)
			break;
		scene->len += (size_t)n;
	}
	scene->text[scene->len] = '\0';
}

static void run_scene(struct scene *scene)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	if (scene->input == 0)
		scene->input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	start_runtime(scene, ends[1]);
	close(ends[1]);
	close(scene->input);
	scene->output = ends[0];
	if (scene->meanwhile)
		scene->meanwhile(scene);
	collect(scene, ends[0]);
	close(ends[0]);
	assert_int_equal(waitpid(scene->runtime, &scene->status, 0), scene->runtime);
	assert_true(WIFEXITED(scene->status));
	scene->result = WEXITSTATUS(scene->status);
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Input for a scene: a pipe that holds `text` and then ends. */
static int text_input(const char *text)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	return ends[0];
}

static void test_exit_status(void **unused)
{
	static const struct {
		const char *script;
		int expected;
	} rows[] = {
		{"exit 0",        0  },
                {"exit 7",        7  },
                {"exit 255",      255},
		{"kill -KILL $$", 137},
                {"kill -TERM $$", 143},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (int terminal = 0; terminal < 2; terminal++) {
			struct scene scene = {
				.script = rows[i].script, .terminal = terminal, .outer = -1};

			run_scene(&scene);
			assert_int_equal(scene.result, rows[i].expected);
			free(scene.text);
		}
}

/* As soon as the program says that it is ready. */
static void send_user_signal(struct scene *scene)
{
	char line[16];

	assert_true(read(scene->output, line, sizeof(line)) > 0);
	kill(scene->runtime, SIGUSR1);
}

static void test_signals_are_passed_on(void **unused)
{
	for (int terminal = 0; terminal < 2; terminal++) {
		struct scene scene = {
			.script = "trap 'exit 42' USR1; echo go; while :; do sleep 0.05; done",
			.terminal = terminal,
			.meanwhile = send_user_signal,
			.outer = -1,
		};

		run_scene(&scene);
		assert_int_equal(scene.result, 42);
		free(scene.text);
	}
}

/* Before the child exists: kept, and passed on. */
static void test_no_signal_is_lost(void **unused)
{
	struct foreground fg;
	struct error err;
	int status, pidfd;
	pid_t pid;

	assert_int_equal(foreground_begin(&fg, &err), 0);
	kill(getpid(), SIGTERM);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &fg.saved_mask, NULL);
		pause();
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_int_equal(foreground_wait(&fg, pid, pidfd, -1, &status, &err), 0);
	assert_int_equal(status, 128 + SIGTERM);
	close(pidfd);
	/* One that comes too late does not hit us. */
	kill(getpid(), SIGTERM);
	foreground_end(&fg);
}

static void test_usage_is_the_programs(void **unused)
{
	struct foreground fg;
	struct error err;
	int status, pidfd;
	pid_t pid;

	assert_int_equal(foreground_begin(&fg, &err), 0);
	pid = fork();
	if (pid == 0)
		_exit(3);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_int_equal(foreground_wait(&fg, pid, pidfd, -1, &status, &err), 0);
	assert_int_equal(status, 3);
	assert_true(fg.usage.ru_maxrss > 0);
	close(pidfd);
	foreground_end(&fg);
}

static void be_slow(struct scene *scene)
{
	nap(400);
}

static void check_megabyte(const struct scene *scene)
{
	assert_int_equal(scene->result, 0);
	assert_int_equal(scene->len, 1000000);
	assert_string_equal(scene->text + scene->len - 3, "end");
}

#define MEGABYTE "stty raw -echo; head -c 999997 /dev/zero | tr '\\0' x; printf end"

static void test_all_output_arrives(void **unused)
{
	struct scene scene = {.script = MEGABYTE, .terminal = true, .outer = -1};

	run_scene(&scene);
	check_megabyte(&scene);
	free(scene.text);
}

static void test_all_output_arrives_at_a_slow_reader(void **unused)
{
	struct scene scene = {
		.script = MEGABYTE, .terminal = true, .outer = -1, .meanwhile = be_slow};

	run_scene(&scene);
	check_megabyte(&scene);
	free(scene.text);
}

static void hang_up(struct scene *scene)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	nap(50);
	dup3(null, scene->output, O_CLOEXEC);
	close(null);
}

static void test_a_reader_that_leaves_stops_nothing(void **unused)
{
	struct scene scene = {
		.script = "sleep 0.2; head -c 500000 /dev/zero; exit 9",
		.terminal = true,
		.outer = -1,
		.meanwhile = hang_up,
	};

	run_scene(&scene);
	assert_int_equal(scene.result, 9);
	free(scene.text);
}

static void test_input_and_its_end_arrive(void **unused)
{
	static const struct {
		const char *input, *expected;
	} rows[] = {
		{"hello\n",     "<hello\n>"    },
		{"half a line", "<half a line>"},
		{"",            "<>"           },
		{"a\nb\n",      "<a\nb\n>"     },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct scene scene = {
			.script = "stty -echo -opost; printf '<'; cat; printf '>'",
			.terminal = true,
			.outer = -1,
			.input = text_input(rows[i].input),
		};

		run_scene(&scene);
		assert_int_equal(scene.result, 0);
		/* What came before stty was echoed. */
		assert_non_null(strstr(scene.text, rows[i].expected));
		free(scene.text);
	}
}

static void test_much_input(void **unused)
{
	size_t len = 300000;
	char *text = malloc(len + 1), path[] = "/tmp/test-console-XXXXXX";
	int fd = mkstemp(path);
	struct scene scene = {
		.script = "stty raw -echo; printf ready; head -c 300000 | wc -c",
		.terminal = true,
		.outer = -1,
		.input = fd,
	};

	unlink(path);
	for (size_t i = 0; i < len; i++)
		text[i] = i % 64 == 63 ? '\n' : 'x';
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	lseek(fd, 0, SEEK_SET);
	run_scene(&scene);
	assert_int_equal(scene.result, 0);
	assert_non_null(strstr(scene.text, "300000"));
	free(scene.text);
	free(text);
}

static void test_a_terminal_that_others_hold_does_not_keep_us(void **unused)
{
	struct scene scene = {
		.script = "trap '' HUP; sleep 3 & printf done",
		.terminal = true,
		.outer = -1,
	};
	int64_t start = now_ms();

	run_scene(&scene);
	assert_int_equal(scene.result, 0);
	assert_string_equal(scene.text, "done");
	assert_true(now_ms() - start < 2500);
	free(scene.text);
}

static void test_a_terminal_may_be_closed_and_opened_again(void **unused)
{
	struct scene scene = {
		.script = "t=$(tty); printf one; exec <&- >&- 2>&-; sleep 0.3; exec <$t >$t 2>$t; "
			  "printf two; exec <&- >&- 2>&-; sleep 0.3; exec >$t; printf three",
		.terminal = true,
		.outer = -1,
	};

	run_scene(&scene);
	assert_int_equal(scene.result, 0);
	assert_string_equal(scene.text, "onetwothree");
	free(scene.text);
}

/* ---- with a terminal of our own
 * ------------------------------------------------------------------ */

static void outer_open(struct scene *scene, struct termios *ret)
{
	struct winsize size = {.ws_row = 33, .ws_col = 77};

	assert_int_equal(openpty(&scene->outer, &scene->input, NULL, NULL, &size), 0);
	fcntl(scene->outer, F_SETFD, FD_CLOEXEC);
	assert_int_equal(tcgetattr(scene->outer, ret), 0);
}

/* Not its padding. */
static void same_terminal(const struct termios *a, const struct termios *b)
{
	assert_int_equal(a->c_iflag, b->c_iflag);
	assert_int_equal(a->c_oflag, b->c_oflag);
	assert_int_equal(a->c_cflag, b->c_cflag);
	assert_int_equal(a->c_lflag, b->c_lflag);
	assert_memory_equal(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

static void read_until(int fd, const char *expected)
{
	static char text[4096];
	size_t n = 0;

	for (text[0] = '\0'; strstr(text, expected) == NULL;) {
		struct pollfd ready = {fd, POLLIN, 0};
		ssize_t r;

		if (poll(&ready, 1, 10000) != 1)
			fail_msg("\"%s\" instead of \"%s\"", text, expected);
		r = read(fd, text + n, sizeof(text) - 1 - n);
		assert_true(r > 0);
		n += (size_t)r;
		text[n] = '\0';
	}
}

static void resize_it(struct scene *scene)
{
	const struct winsize size = {.ws_row = 44, .ws_col = 88};
	struct termios now;

	read_until(scene->output, "33 77");
	assert_int_equal(tcgetattr(scene->outer, &now), 0);
	assert_false(now.c_lflag & (ICANON | ECHO | ISIG));
	/* Ctrl-Z is the program's: a byte, no signal. */
	assert_int_equal(write(scene->outer, "\x1a", 1), 1);
	read_until(scene->output, "^Z");
	ioctl(scene->outer, TIOCSWINSZ, &size);
	read_until(scene->output, "44 88");
	kill(scene->runtime, SIGTERM);
}

/* It ends with `status`, and the terminal is as it was. */
static void in_a_terminal(struct scene *scene, int status)
{
	struct termios before, after;
	int keep;

	outer_open(scene, &before);
	keep = dup(scene->input);
	run_scene(scene);
	assert_int_equal(scene->result, status);
	assert_int_equal(tcgetattr(scene->outer, &after), 0);
	same_terminal(&before, &after);
	free(scene->text);
	close(scene->outer);
	close(keep);
}

static void test_our_terminal(void **unused)
{
	struct scene scene = {
		.script = "trap 'stty size' WINCH; trap 'exit 5' TERM; stty -isig; stty size; "
			  "while :; do sleep 0.05; done",
		.terminal = true,
		.meanwhile = resize_it,
	};

	in_a_terminal(&scene, 5);
}

/* A stopped runtime, and a shell that has used the terminal in the meantime. */
static void stop_and_continue(struct scene *scene)
{
	struct termios now;
	int status;

	read_until(scene->output, "ready");
	kill(scene->runtime, SIGSTOP);
	assert_int_equal(waitpid(scene->runtime, &status, WUNTRACED), scene->runtime);
	tcgetattr(scene->outer, &now);
	now.c_lflag |= ICANON | ECHO;
	tcsetattr(scene->outer, TCSANOW, &now);
	kill(scene->runtime, SIGCONT);
	for (int i = 0; i < 200; i++) {
		tcgetattr(scene->outer, &now);
		if (!(now.c_lflag & ICANON))
			break;
		nap(10);
	}
	assert_false(now.c_lflag & (ICANON | ECHO));
	kill(scene->runtime, SIGTERM);
}

static void test_the_terminal_is_raw_again_after_a_stop(void **unused)
{
	struct scene scene = {
		.script = "trap 'exit 6' TERM; printf ready; while :; do sleep 0.05; done",
		.terminal = true,
		.meanwhile = stop_and_continue,
	};

	in_a_terminal(&scene, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_socket_with_a_long_path),
		cmocka_unit_test(test_socket_that_is_not_there),
		cmocka_unit_test(test_exit_status),
		cmocka_unit_test(test_signals_are_passed_on),
		cmocka_unit_test(test_no_signal_is_lost),
		cmocka_unit_test(test_usage_is_the_programs),
		cmocka_unit_test(test_all_output_arrives),
		cmocka_unit_test(test_all_output_arrives_at_a_slow_reader),
		cmocka_unit_test(test_a_reader_that_leaves_stops_nothing),
		cmocka_unit_test(test_input_and_its_end_arrive),
		cmocka_unit_test(test_much_input),
		cmocka_unit_test(test_a_terminal_that_others_hold_does_not_keep_us),
		cmocka_unit_test(test_a_terminal_may_be_closed_and_opened_again),
		cmocka_unit_test(test_our_terminal),
		cmocka_unit_test(test_the_terminal_is_raw_again_after_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
