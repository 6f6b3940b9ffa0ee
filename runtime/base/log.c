/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/text.h"
#include "runtime/base/time.h"

#define PROGRAM "crun-lite"

static struct {
	int fd; /* of --log; -1: none */
	bool json;
	enum log_level level;
} state = {-1, false, LOG_LEVEL_WARNING};

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_DEBUG] = "debug",
};

/* One message, written by one write(2): lines of several processes do not mix. */
struct line {
	size_t n;
	char s[8192];
};

/* Room that is kept for what closes a line, so that a cut JSON object is still one. */
#define LINE_TAIL 80

static void put_bytes(struct line *line, const char *s, size_t n)
{
	if (n <= sizeof(line->s) - line->n) {
		memcpy(line->s + line->n, s, n);
		line->n += n;
	}
}

static void put(struct line *line, const char *s)
{
	put_bytes(line, s, strlen(s));
}

static void put_escape(struct line *line, char kind, int digits, uint32_t value)
{
	char s[8] = {'\\', kind};

	for (int i = 0; i < digits; i++)
		s[2 + i] = "0123456789abcdef"[value >> 4 * (digits - 1 - i) & 15];
	put_bytes(line, s, 2 + digits);
}

enum quoting { PLAIN, QUOTED, JSON };

static void put_char(struct line *line, const char *s, int n, uint32_t c, enum quoting how)
{
	if (n == 0 && how == JSON)
		put(line, "\\ufffd");
	else if (n == 0)
		put_escape(line, 'x', 2, (unsigned char)*s);
	else if (text_is_control(c) && (how == JSON || c > 0xff))
		put_escape(line, 'u', 4, c);
	else if (text_is_control(c))
		put_escape(line, 'x', 2, c);
	else if (how != PLAIN && (c == '"' || c == '\\'))
		put_bytes(line, (char[]){'\\', *s}, 2);
	else
		put_bytes(line, s, n);
}

/*
 * Messages carry strings of config.json and of images, which are hostile until shown
 * otherwise: nothing in them may reach a terminal as a command.
 */
static void put_text(struct line *line, const char *s, enum quoting how)
{
	while (*s && line->n < sizeof(line->s) - LINE_TAIL) {
		uint32_t c = 0;
		int n = text_decode(s, &c);

		put_char(line, s, n, c, how);
		s += n ? n : 1;
	}
}

static void put_time(struct line *line, struct timespec now)
{
	char text[TIME_TEXT_SIZE];

	time_format(now, text, sizeof(text));
	put(line, text);
}

static void write_line(int fd, struct line *line)
{
	const char *s = line->s;
	size_t n;

	if (line->n == sizeof(line->s))
		line->n--;
	line->s[line->n++] = '\n';
	for (n = line->n; n > 0;) {
		ssize_t written = write(fd, s, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return; /* there is nobody left to tell */
		s += written;
		n -= (size_t)written;
	}
}

/* A record of the log: one JSON object, or logrus' text form, which people grep for. */
static void write_record(int fd, enum log_level level, const char *message)
{
	struct line line = {0};
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (state.json) {
		put(&line, "{\"level\":\"");
		put(&line, level_names[level]);
		put(&line, "\",\"msg\":\"");
		put_text(&line, message, JSON);
		put(&line, "\",\"time\":\"");
		put_time(&line, now);
		put(&line, "\"}");
	} else {
		put(&line, "time=\"");
		put_time(&line, now);
		put(&line, "\" level=");
		put(&line, level_names[level]);
		put(&line, " msg=\"");
		put_text(&line, message, QUOTED);
		put(&line, "\"");
	}
	write_line(fd, &line);
}

__attribute__((format(printf, 2, 0))) static void log_message(enum log_level level, const char *fmt,
							      va_list ap)
{
	char message[1024];
	struct line line = {0};

	vsnprintf(message, sizeof(message), fmt, ap);
	if (state.fd >= 0 || state.json) {
		write_record(state.fd >= 0 ? state.fd : STDERR_FILENO, level, message);
		return;
	}
	put(&line, PROGRAM ": ");
	put(&line, level_names[level]);
	put(&line, ": ");
	put_text(&line, message, PLAIN);
	write_line(STDERR_FILENO, &line);
}

/* crun's spellings of --log: "file:PATH", and two that are none of ours. */
int log_open(const struct log_options *options, struct error *err)
{
	static const char *const services[] = {"journald:", "syslog:"};
	const char *path = options->path;

	state.json = options->json;
	state.level = options->level >= 0 ? (enum log_level)options->level
		      : options->path     ? LOG_LEVEL_ERROR
					  : LOG_LEVEL_WARNING;
	if (options->path == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strncmp(options->path, services[i], strlen(services[i])) == 0) {
			error_set(err, ENOTSUP, "--log %s", options->path);
			return error_hint(err, "a file is expected; a service logs what comes on standard error");
		}
	if (strncmp(path, "file:", 5) == 0)
		path += 5;
	state.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (state.fd < 0)
		return error_set(err, errno, "open the log file %s", path);
	return 0;
}

int log_file(void)
{
	return state.fd;
}

bool log_tells(enum log_level level)
{
	return state.level >= level;
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_LEVEL_WARNING)
		return;
	va_start(ap, fmt);
	log_message(LOG_LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	if (state.level < LOG_LEVEL_DEBUG)
		return;
	va_start(ap, fmt);
	log_message(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}

/* The pieces of a report; `at` is "config.json:88:17", or as much of it as is known. */
struct report {
	char sentence[800], at[200];
	const char *pointer, *hint;
};

static void compose(const struct error *err, struct report *ret)
{
	char reason[128];
	const char *file = err->file[0] ? err->file : "config.json";

	/*
	 * Docker finds "permission denied", "no such file or directory" and "not a directory" in
	 * lower case only, as Go writes them.
	 */
	snprintf(reason, sizeof(reason), "%s", error_reason(err));
	if (reason[0] >= 'A' && reason[0] <= 'Z' && !(reason[1] >= 'A' && reason[1] <= 'Z'))
		reason[0] |= 0x20;
	snprintf(ret->sentence, sizeof(ret->sentence), "%s%s%s", err->text,
		 reason[0] && err->text[0] ? ": " : "", reason);
	ret->at[0] = '\0';
	if (err->line)
		snprintf(ret->at, sizeof(ret->at), "%s:%u:%u", file, err->line, err->column);
	ret->pointer = err->pointer;
	ret->hint = err->hint;
}

/* "TEXT: reason (config.json:88:17 /mounts/3); hint: ..." */
static void write_failure_record(int fd, const struct report *report)
{
	char message[1600];
	bool both = report->at[0] && report->pointer[0];
	bool place = report->at[0] || report->pointer[0];

	snprintf(message, sizeof(message), "%s%s%s%s%s%s%s%s", report->sentence, place ? " (" : "",
		 report->at, both ? " " : "", report->pointer, place ? ")" : "",
		 report->hint[0] ? "; hint: " : "", report->hint);
	write_record(fd, LOG_LEVEL_ERROR, message);
}

static void write_failure_text(int fd, const struct report *report)
{
	struct line line = {0};

	put(&line, PROGRAM ": ");
	put_text(&line, report->sentence, PLAIN);
	if (report->at[0]) {
		put(&line, "\n  asked for at ");
		put_text(&line, report->at, PLAIN);
		put(&line, report->pointer[0] ? " (" : "");
		put_text(&line, report->pointer, PLAIN);
		put(&line, report->pointer[0] ? ")" : "");
	} else if (report->pointer[0]) {
		put(&line, "\n  asked for at ");
		put_text(&line, report->pointer, PLAIN);
	}
	if (report->hint[0]) {
		put(&line, "\n  hint: ");
		put_text(&line, report->hint, PLAIN);
	}
	write_line(fd, &line);
}

void log_failure(const struct error *err)
{
	struct report report = {0};

	compose(err, &report);
	if (state.fd >= 0)
		write_failure_record(state.fd, &report);
	/* As runc: stderr is for people even when the log is JSON; without a log it is the log. */
	if (state.fd < 0 && state.json)
		write_failure_record(STDERR_FILENO, &report);
	else
		write_failure_text(STDERR_FILENO, &report);
}
