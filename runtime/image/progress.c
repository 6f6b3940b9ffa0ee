/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DRAW_MS 100
#define LINES_MAX 8             /* of layers that are worked on */

struct progress {
	enum progress_kind kind;
	bool terminal;
	struct progress_layer *layers;
	size_t n;
	struct timespec began;
	unsigned lines;         /* drawn last time */
	bool ended;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
};

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static double mega(unsigned long long bytes)
{
	return (double)bytes / 1e6;
}

static void draw_line(const char *name, unsigned long long done, unsigned long long size, double seconds)
{
	double rate = seconds > 0 ? (double)done / seconds : 0, left = rate > 0 && size > done ? (double)(size - done) / rate : 0;

	fprintf(stderr, "\x1b[2K%-14s %8.1f of %.1f MB  %6.1f MB/s  %.0f s left\n", name, mega(done), mega(size), rate / 1e6, left);
}

/* Over the lines of the last time. */
static void draw(struct progress *p)
{
	double seconds = seconds_since(&p->began);
	unsigned long long done = 0, size = 0;
	unsigned lines = 0;

	if (p->lines)
		fprintf(stderr, "\x1b[%uA", p->lines);
	for (size_t i = 0; i < p->n; i++) {
		struct progress_layer *l = &p->layers[i];

		if (atomic_load(&l->state) == LAYER_THERE)
			continue;
		done += atomic_load(&l->done);
		size += l->size;
		if (atomic_load(&l->state) == LAYER_WORKS && lines < LINES_MAX) {
			draw_line(l->name, atomic_load(&l->done), l->size, seconds_since(&l->began));
			lines++;
		}
	}
	draw_line("total", done, size, seconds);
	lines++;
	fputs("\x1b[J", stderr);
	p->lines = lines;
	fflush(stderr);
}

static void *draw_on(void *arg)
{
	struct progress *p = arg;
	struct timespec until;

	pthread_mutex_lock(&p->mutex);
	while (!p->ended) {
		draw(p);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += DRAW_MS * 1000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&p->wake, &p->mutex, &until);
	}
	draw(p);
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

struct progress *progress_begin(enum progress_kind kind, struct progress_layer *layers, size_t n)
{
	struct progress *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	*p = (struct progress){.kind = kind, .layers = layers, .n = n, .terminal = kind == PROGRESS_AUTO && isatty(STDERR_FILENO)};
	clock_gettime(CLOCK_MONOTONIC, &p->began);
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (p->terminal && pthread_create(&p->thread, NULL, draw_on, p) != 0)
		p->terminal = false;
	return p;
}

void progress_set(struct progress *p, struct progress_layer *layer, enum progress_state state)
{
	static const char *const words[] = {
		[LAYER_WORKS] = "unpacking", [LAYER_DONE] = "done", [LAYER_THERE] = "already there"};

	/* Its rate, and the time that is left, count from here: a layer may have waited for others. */
	if (state == LAYER_WORKS)
		clock_gettime(CLOCK_MONOTONIC, &layer->began);
	atomic_store(&layer->state, state);
	if (!p || p->terminal || p->kind == PROGRESS_QUIET)
		return;
	/* One call for a line: others write, too. */
	if (p->kind == PROGRESS_JSON)
		fprintf(stderr, "{\"layer\":\"%s\",\"state\":\"%s\",\"bytes\":%llu,\"size\":%llu}\n", layer->name, words[state],
		        atomic_load(&layer->done), (unsigned long long)layer->size);
	else if (state != LAYER_WORKS)
		fprintf(stderr, "%s: %s, %.1f MB\n", layer->name, words[state], mega(layer->size));
}

void progress_end(struct progress *p)
{
	if (!p)
		return;
	if (p->terminal) {
		pthread_mutex_lock(&p->mutex);
		p->ended = true;
		pthread_cond_signal(&p->wake);
		pthread_mutex_unlock(&p->mutex);
		pthread_join(p->thread, NULL);
	}
	free(p);
}
