/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/flush.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Each call ends a transaction of the file system's journal: not for every small image. */
#define ENOUGH (64u << 20)

struct flush {
	int fd;                 /* not owned */
	uint64_t written;       /* since the last call began */
	bool ended;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
};

/* What fails here fails again at the end, where it is said. */
static void *flush_on(void *arg)
{
	struct flush *f = arg;

	pthread_mutex_lock(&f->mutex);
	while (!f->ended) {
		if (f->written < ENOUGH) {
			pthread_cond_wait(&f->wake, &f->mutex);
			continue;
		}
		f->written = 0;
		pthread_mutex_unlock(&f->mutex);
		syncfs(f->fd);
		pthread_mutex_lock(&f->mutex);
	}
	pthread_mutex_unlock(&f->mutex);
	return NULL;
}

struct flush *flush_begin(int fd)
{
	struct flush *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->fd = fd;
	pthread_mutex_init(&f->mutex, NULL);
	pthread_cond_init(&f->wake, NULL);
	if (pthread_create(&f->thread, NULL, flush_on, f) != 0) {
		free(f);
		return NULL;
	}
	return f;
}

void flush_wrote(struct flush *f, uint64_t n)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->mutex);
	f->written += n;
	if (f->written >= ENOUGH)
		pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->mutex);
}

struct flush *flush_end(struct flush *f)
{
	if (!f)
		return NULL;
	pthread_mutex_lock(&f->mutex);
	f->ended = true;
	pthread_cond_signal(&f->wake);
	pthread_mutex_unlock(&f->mutex);
	pthread_join(f->thread, NULL);
	free(f);
	return NULL;
}
