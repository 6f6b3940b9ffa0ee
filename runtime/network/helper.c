/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "runtime/network/program.h"
#include "spec/json.h"

#define START_TIMEOUT_MS 10000
#define API_TIMEOUT_S 5

static const struct {
	const char *name, *package;
} programs[] = {
	[NET_PASTA] = {"pasta", "passt"},
	[NET_SLIRP] = {"slirp4netns", "slirp4netns"},
};

const char *helper_name(enum net_mode mode)
{
	return programs[mode].name;
}

/* ---- can it be had ---- */

static int refuse(enum net_mode mode, const struct publish *p, const char *why, struct error *err)
{
	char text[PUBLISH_TEXT_MAX];

	return error_set(err, ERROR_SAID, "--net %s: port %s cannot be published: %s", programs[mode].name, address_publish(p, text), why);
}

static int check_publish(enum net_mode mode, const struct publish *p, struct error *err)
{
	if (p->protocol == IPPROTO_SCTP)
		return refuse(mode, p, "it knows tcp and udp", err);
	if (mode == NET_SLIRP && p->host.family == AF_INET6)
		return refuse(mode, p, "it knows addresses of IPv4 alone", err);
	return 0;
}

int helper_check(enum net_mode mode, const struct publish *publishes, size_t n, char ret_path[PATH_MAX], struct error *err)
{
	static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin"};
	size_t ports = 0;

	for (size_t i = 0; i < n; i++) {
		ports += publishes[i].n;
		if (check_publish(mode, &publishes[i], err) < 0)
			return -err->code;
	}
	if (mode == NET_SLIRP && ports > 1000)
		return error_set(err, ERROR_SAID, "--net slirp4netns: %zu ports; it takes one after the other, and no more than 1000 here", ports);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(ret_path, PATH_MAX, "%s/%s", dirs[i], programs[mode].name);
		if (access(ret_path, X_OK) == 0)
			return 0;
	}
	error_set(err, ENOENT, "find the program %s, which is the way out of --net %s", programs[mode].name, programs[mode].name);
	return error_hint(err, "install it: package %s", programs[mode].package);
}

/* ---- its arguments ---- */

__attribute__((format(printf, 2, 3))) static void word(struct helper_words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n == HELPER_WORDS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(w->text[w->n], sizeof(w->text[0]), fmt, ap);
	va_end(ap);
	w->argv[w->n] = w->text[w->n];
	w->argv[++w->n] = NULL;
}

/* [ADDRESS/]HOST[-END]:PORT[-END] */
static void pasta_port(struct helper_words *w, const struct publish *p)
{
	char ip[ADDRESS_TEXT_MAX] = "", end[16] = "", port_end[16] = "";

	if (p->host.family)
		address_ip(&p->host, ip);
	if (p->n > 1) {
		snprintf(end, sizeof(end), "-%d", p->host_port + p->n - 1);
		snprintf(port_end, sizeof(port_end), "-%d", p->port + p->n - 1);
	}
	word(w, "%s", p->protocol == IPPROTO_UDP ? "-u" : "-t");
	word(w, "%s%s%u%s:%u%s", ip, *ip ? "/" : "", p->host_port, end, p->port, port_end);
}

/* Without a word about ports it publishes all that somebody inside listens on, and brings the host's inside. */
static void pasta_ports(struct helper_words *w, const struct helper_wish *wish, uint8_t protocol)
{
	bool any = false;

	for (size_t i = 0; i < wish->n_publishes; i++) {
		if (wish->publishes[i].protocol != protocol)
			continue;
		any = true;
		pasta_port(w, &wish->publishes[i]);
	}
	if (any)
		return;
	word(w, "%s", protocol == IPPROTO_UDP ? "-u" : "-t");
	word(w, "none");
}

static void pasta_words(const struct helper_wish *wish, struct helper_words *w)
{
	static const char *const always[] = {
		"pasta", "--config-net", "--foreground", "--quiet", "--no-map-gw", "--dns-forward", "169.254.1.1",
		"-T", "none", "-U", "none", "--pid", "/proc/self/fd/1",
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		word(w, "%s", always[i]);
	pasta_ports(w, wish, IPPROTO_TCP);
	pasta_ports(w, wish, IPPROTO_UDP);
	word(w, "-I");
	word(w, "%s", wish->interface);
	if (wish->mtu) {
		word(w, "-m");
		word(w, "%u", wish->mtu);
	}
	/* It would become nobody, whom root's namespaces are closed to; its own sandbox takes all capabilities from it. */
	if (wish->root) {
		word(w, "--runas");
		word(w, "0:0");
	}
	if (wish->user) {
		word(w, "--userns");
		word(w, "/proc/%d/ns/user", wish->pid);
	} else {
		word(w, "--netns-only");
	}
	word(w, "--netns");
	word(w, "/proc/%d/ns/net", wish->pid);
}

static void slirp_words(const struct helper_wish *wish, struct helper_words *w)
{
	static const char *const always[] = {
		"slirp4netns", "--configure", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp", "--ready-fd=3", "--exit-fd=4",
	};

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		word(w, "%s", always[i]);
	word(w, "--mtu=%u", wish->mtu ?: 65520);
	if (wish->n_publishes)
		word(w, "--api-socket=" HELPER_SOCKET);
	/* Not by paths: of those its sandbox forgets the user namespace, which an ordinary user needs for it. */
	word(w, "%d", wish->pid);
	word(w, "%s", wish->interface);
}

void helper_words(const struct helper_wish *wish, struct helper_words *ret)
{
	ret->n = 0;
	if (wish->mode == NET_PASTA)
		pasta_words(wish, ret);
	else
		slirp_words(wish, ret);
}

/* ---- the keeper ---- */

/* What it tells us, once. */
struct news {
	pid_t keeper;
	int code;                       /* 0: it is ready; else an errno, or ERROR_SAID and the program's own words */
	char words[PROGRAM_WORDS_MAX];
};

struct keeper {
	const char *path;
	struct helper_words *words;
	int news, pidfd;                /* to us; of the container's process */
	int ready, said, alive;         /* ours of the program's three pipes */
	int theirs[3];
	bool talks;                     /* its standard output is words, too */
	int program;                    /* its pidfd */
	pid_t pid;
};

/* Beyond the numbers that the program's fds get. */
static int move_up(int fd)
{
	int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 64);

	if (fd >= 0)
		close(fd);
	return moved;
}

/* Nothing of ours stays open: who holds an end of a pipe of somebody else's would keep it alive. */
static int let_go(struct keeper *k)
{
	int null, top;

	k->news = move_up(k->news);
	k->pidfd = move_up(k->pidfd);
	top = k->news > k->pidfd ? k->news : k->pidfd;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (k->news < 0 || k->pidfd < 0 || null < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		dup2(null, i);
	syscall(SYS_close_range, 3, 63, 0);
	for (int fd = 64; fd < top; fd++)
		if (fd != k->news && fd != k->pidfd)
			close(fd);
	syscall(SYS_close_range, top + 1, ~0U, 0);
	return 0;
}

static int make_pipe(int *ours, int *theirs, bool we_write)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ours = move_up(ends[we_write]);
	*theirs = move_up(ends[!we_write]);
	return *ours < 0 || *theirs < 0 ? -errno : 0;
}

/* slirp4netns knows its fds by number; pasta closes all but the standard streams, and writes its pid to the first when it is ready. */
static void become_program(const struct keeper *k)
{
	static char path_variable[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", locale[] = "LC_ALL=C";
	static char *const envp[] = {path_variable, locale, NULL};

	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(k->theirs[k->talks], STDOUT_FILENO);
	dup2(k->theirs[0], 3);
	dup2(k->theirs[1], STDERR_FILENO);
	dup2(k->theirs[2], 4);
	syscall(SYS_close_range, 5, ~0U, CLOSE_RANGE_CLOEXEC);
	execve(k->path, k->words->argv, envp);
	dprintf(STDERR_FILENO, "%s: %s\n", k->path, strerror(errno));
	_exit(127);
}

static int start_program(struct keeper *k)
{
	int r = make_pipe(&k->ready, &k->theirs[0], false);

	if (r == 0)
		r = make_pipe(&k->said, &k->theirs[1], false);
	if (r == 0)
		r = make_pipe(&k->alive, &k->theirs[2], true);
	if (r < 0)
		return r;
	k->pid = fork();
	if (k->pid == 0)
		become_program(k);
	if (k->pid < 0)
		return -errno;
	for (int i = 0; i < 3; i++)
		close(k->theirs[i]);
	k->program = (int)syscall(SYS_pidfd_open, k->pid, 0);
	return k->program < 0 ? -errno : 0;
}

static void tell(struct keeper *k, struct news *news)
{
	news->keeper = getpid();
	if (write(k->news, news, sizeof(*news)) < 0)
		_exit(1);               /* nobody is there: the container's process will end, too */
	close(k->news);
	k->news = -1;
}

static void hear(int fd, char *words, size_t *len)
{
	char buf[256];
	ssize_t n = read(fd, buf, sizeof(buf));

	/* The first words say what is wrong. */
	if (n > 0 && *len + (size_t)n < PROGRAM_WORDS_MAX - 1) {
		memcpy(words + *len, buf, (size_t)n);
		*len += (size_t)n;
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What it said while it died. */
static void hear_last(int fd, char *words, size_t *len)
{
	struct pollfd p = {fd, POLLIN, 0};

	while (poll(&p, 1, 0) > 0 && p.revents & POLLIN)
		hear(fd, words, len);
}

/* "1" of one, a pid of the other: what else is said is no news. */
static bool is_ready(int fd)
{
	char text[64] = "";

	return read(fd, text, sizeof(text) - 1) > 0 && *text >= '0' && *text <= '9';
}

static void await_ready(struct keeper *k, struct news *news)
{
	int64_t end = now_ms() + START_TIMEOUT_MS;
	size_t len = 0;

	for (;;) {
		struct pollfd fds[] = {{k->ready, POLLIN, 0}, {k->said, POLLIN, 0}, {k->program, POLLIN, 0}, {k->pidfd, POLLIN, 0}};
		int64_t left = end - now_ms();

		if (left <= 0) {
			news->code = ETIMEDOUT;
			return;
		}
		poll(fds, 4, (int)left);
		if (fds[0].revents & POLLIN && is_ready(k->ready))
			return;
		if (fds[0].revents && !(fds[0].revents & POLLIN))
			k->ready = (close(k->ready), -1);
		if (fds[2].revents || fds[3].revents) {
			hear_last(k->said, news->words, &len);
			news->code = fds[3].revents ? ESRCH : ERROR_SAID;
			return;
		}
		if (fds[1].revents & POLLIN)
			hear(k->said, news->words, &len);
		else if (fds[1].revents)
			k->said = (close(k->said), -1);
	}
}

/* Its words are of no interest any more, but a pipe that nobody reads would stop it. */
static void await_end(struct keeper *k)
{
	char words[PROGRAM_WORDS_MAX];

	for (;;) {
		struct pollfd fds[] = {{k->program, POLLIN, 0}, {k->pidfd, POLLIN, 0}, {k->said, POLLIN, 0}, {k->ready, POLLIN, 0}};

		poll(fds, 4, -1);
		if (fds[0].revents || fds[1].revents)
			return;
		for (int i = 2; i < 4; i++) {
			size_t len = 0;

			if (fds[i].revents & POLLIN)
				hear(fds[i].fd, words, &len);
			else if (fds[i].revents)
				*(i == 2 ? &k->said : &k->ready) = (close(fds[i].fd), -1);
		}
	}
}

static void keep(struct keeper *k)
{
	struct news news = {0};
	sigset_t none;
	int r;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "crun-lite-net");
	r = let_go(k);
	if (r == 0)
		r = start_program(k);
	news.code = -r;
	if (r == 0)
		await_ready(k, &news);
	tell(k, &news);
	if (news.code == 0)
		await_end(k);
	if (k->pid > 0) {
		kill(k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
	}
	_exit(0);
}

/* A grandchild: whoever adopts orphans waits for it, and nobody of ours has to. */
static int leave_keeper(struct keeper *k, const struct helper_wish *wish)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child > 0) {
		while (waitpid(child, NULL, 0) < 0)
			if (errno != EINTR)
				return -errno;
		return 0;
	}
	setsid();
	if (fchdir(wish->dir) < 0)
		_exit(1);
	if (fork() == 0)
		keep(k);
	_exit(0);
}

static int explain(const struct helper_wish *wish, struct news *news, struct error *err)
{
	const char *name = programs[wish->mode].name;

	news->words[PROGRAM_WORDS_MAX - 1] = '\0';
	program_tame(news->words);
	if (news->code == ERROR_SAID) {
		error_set(err, ERROR_SAID, "start %s for the container's network: it ended: %s", name, *news->words ? news->words : "it said nothing");
		if (access("/dev/net/tun", R_OK | W_OK) < 0)
			error_hint(err, "it needs /dev/net/tun, which you may not open here");
		else if (strstr(news->words, "bind") || strstr(news->words, "in use"))
			error_hint(err, "a port that is published may be in use, or be one that only root may have");
		return -err->code;
	}
	if (news->code == ESRCH)
		return error_set(err, ESRCH, "start %s for the container's network: the container's process has ended", name);
	return error_set(err, news->code, "start %s for the container's network%s%s", name, *news->words ? ": it says: " : "", news->words);
}

/* ---- ports of slirp4netns ---- */

/* It says that it is ready before it listens. */
static int connect_in_time(int fd, const struct sockaddr_un *address)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	int64_t end = now_ms() + API_TIMEOUT_S * 1000;

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || now_ms() > end)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

static int connect_api(int dir)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = API_TIMEOUT_S};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" HELPER_SOCKET, dir);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	r = connect_in_time(fd, &address);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int judge_reply(const char *reply, size_t len, const char *what, struct error *err)
{
	struct json_doc *doc = NULL;
	struct error ignored;
	const struct json *desc = NULL;

	if (json_parse(reply, len, "reply", &doc, &ignored) == 0 && json_get(json_root(doc), "return")) {
		json_free(doc);
		return 0;
	}
	if (doc)
		desc = json_get(json_get(json_root(doc), "error"), "desc");
	error_set(err, ERROR_SAID, "%s: slirp4netns says: %.200s", what, desc && desc->type == JSON_STRING ? desc->text : len ? reply : "nothing");
	json_free(doc);
	return error_hint(err, "a process of this host may have the port, or it is one that only root may have");
}

static int ask(int dir, const char *request, const char *what, struct error *err)
{
	cleanup_close int fd = connect_api(dir);
	char reply[1024];
	ssize_t n = 0, len = 0;

	if (fd < 0)
		return error_set(err, -fd, "%s: speak to slirp4netns", what);
	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0 || shutdown(fd, SHUT_WR) < 0)
		return error_set(err, errno, "%s: speak to slirp4netns", what);
	while (len < (ssize_t)sizeof(reply) - 1 && (n = recv(fd, reply + len, sizeof(reply) - 1 - (size_t)len, 0)) > 0)
		len += n;
	if (n < 0)
		return error_set(err, errno == EAGAIN ? ETIMEDOUT : errno, "%s: hear from slirp4netns", what);
	reply[len] = '\0';
	return judge_reply(reply, (size_t)len, what, err);
}

static int publish_one(const struct helper_wish *wish, const struct publish *p, unsigned i, struct error *err)
{
	char request[512], what[128], ip[ADDRESS_TEXT_MAX] = "0.0.0.0";

	if (p->host.family)
		address_ip(&p->host, ip);
	snprintf(what, sizeof(what), "publish port %u/%s", p->host_port + i, address_protocol(p->protocol));
	snprintf(request, sizeof(request),
	         "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\",\"host_addr\":\"%s\",\"host_port\":%u,\"guest_port\":%u}}",
	         address_protocol(p->protocol), ip, p->host_port + i, p->port + i);
	return ask(wish->dir, request, what, err);
}

static int publish_all(const struct helper_wish *wish, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < wish->n_publishes && r == 0; i++)
		for (unsigned k = 0; k < wish->publishes[i].n && r == 0; k++)
			r = publish_one(wish, &wish->publishes[i], k, err);
	/* Nobody asks it anything any more. */
	unlinkat(wish->dir, HELPER_SOCKET, 0);
	return r;
}

/* ---- all of it ---- */

static int hear_news(int fd, struct news *news)
{
	ssize_t n;

	do
		n = read(fd, news, sizeof(*news));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*news) ? 0 : n < 0 ? -errno : -ECHILD;
}

int helper_start(const struct helper_wish *wish, pid_t *ret_keeper, struct error *err)
{
	cleanup_free struct helper_words *words = calloc(1, sizeof(*words));
	cleanup_close int hears = -1, tells = -1;
	struct keeper k = {.words = words, .talks = wish->mode == NET_SLIRP, .pidfd = wish->pidfd, .ready = -1, .said = -1, .alive = -1};
	char path[PATH_MAX];
	struct news news = {0};
	int ends[2], r = helper_check(wish->mode, wish->publishes, wish->n_publishes, path, err);

	if (r < 0)
		return r;
	if (!words || pipe2(ends, O_CLOEXEC) < 0)
		return error_set(err, errno, "start %s", programs[wish->mode].name);
	hears = ends[0];
	tells = k.news = ends[1];
	k.path = path;
	helper_words(wish, words);
	r = leave_keeper(&k, wish);
	close(tells);
	tells = -1;
	if (r == 0)
		r = hear_news(hears, &news);
	if (r < 0)
		return error_set(err, -r, "start %s for the container's network", programs[wish->mode].name);
	*ret_keeper = news.keeper;
	if (news.code)
		return explain(wish, &news, err);
	return wish->mode == NET_SLIRP && wish->n_publishes ? publish_all(wish, err) : 0;
}
