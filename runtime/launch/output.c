/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/launch/log_writer.h"
#include "runtime/plan/plan.h"

/* poll(2) promises that a pipe takes this much without blocking, and nothing of more. */
#define WRITE_MAX PIPE_BUF

int output_open(struct output *output, uint64_t max, struct error *err)
{
	output->left = max;
	output->exceeded = false;
	output->log = NULL;
	for (int i = 0; i < 2; i++) {
		int ends[2];

		/* The program's end as programs know it: it blocks.  Not close-on-exec, as all slots. */
		if (pipe2(ends, 0) < 0)
			return error_set(err, errno, "make a pipe for the output");
		fcntl(ends[0], F_SETFD, FD_CLOEXEC);
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		output->inner[i] = ends[1];
		output->streams[i].from = ends[0];
		output->streams[i].to = STDOUT_FILENO + i;
		output->streams[i].start = output->streams[i].n = 0;
	}
	return 0;
}

void output_give(struct output *output, struct plan *plan)
{
	struct plan_slot *slots = (struct plan_slot *)plan_at(plan, plan->slots.offset);
	int next = 0;

	for (uint32_t i = 0; i < plan->slots.n && next < 2; i++)
		if (slots[i].kind == SLOT_STREAM)
			slots[i].fd = output->inner[next++];
}

void output_select(const struct output *output, struct pollfd *fds)
{
	for (int i = 0; i < 2; i++) {
		const struct output_stream *s = &output->streams[i];

		fds[2 * i] = (struct pollfd){s->n || output->exceeded ? -1 : s->from, POLLIN, 0};
		fds[2 * i + 1] = (struct pollfd){s->n ? s->to : -1, POLLOUT, 0};
	}
}

/* The program learns of it as it would without us: by SIGPIPE. */
static void end_stream(struct output_stream *s)
{
	close(s->from);
	s->from = -1;
	s->n = 0;
}

static void say_lost(struct log_writer *log)
{
	char text[160];

	snprintf(text, sizeof(text), "the rest of the output is not in this log: read it: %s", strerrordesc_np(errno) ?: "it failed");
	log_writer_say(log, text);
}

/* At the limit one byte more is tried: who wrote exactly as much as he may has done nothing wrong. */
static void read_some(struct output *output, struct output_stream *s)
{
	size_t room = output->left < sizeof(s->buffer) ? (size_t)output->left + 1 : sizeof(s->buffer);
	ssize_t n = read(s->from, s->buffer, room);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		if (n < 0 && output->log)
			say_lost(output->log);
		end_stream(s);
		return;
	}
	if ((uint64_t)n > output->left) {
		output->exceeded = true;
		n = (ssize_t)output->left;
	}
	output->left -= (uint64_t)n;
	s->start = 0;
	s->n = output->log ? 0 : (size_t)n;
	if (output->log)
		log_writer_put(output->log, s == output->streams ? LOG_STDOUT : LOG_STDERR, s->buffer, (size_t)n);
}

static void write_some(struct output_stream *s)
{
	ssize_t n = write(s->to, s->buffer + s->start, s->n < WRITE_MAX ? s->n : WRITE_MAX);

	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		end_stream(s);
		return;
	}
	if (n > 0) {
		s->start += (size_t)n;
		s->n -= (size_t)n;
	}
}

void output_serve(struct output *output, const struct pollfd *fds)
{
	for (int i = 0; i < 2; i++) {
		struct output_stream *s = &output->streams[i];

		if (fds[2 * i].revents && s->from >= 0 && !output->exceeded)
			read_some(output, s);
		if (fds[2 * i + 1].revents)
			write_some(s);
	}
}

bool output_is_over(const struct output *output)
{
	for (int i = 0; i < 2; i++)
		if (output->streams[i].n || (output->streams[i].from >= 0 && !output->exceeded))
			return false;
	return true;
}
