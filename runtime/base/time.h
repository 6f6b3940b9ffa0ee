/*
 * time - the moment as text: RFC 3339 in UTC with nanoseconds, which Go's time.Time reads
 * (containerd decodes the state and the log with it).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <time.h>

#define TIME_TEXT_SIZE 40

/* "2026-11-21T05:00:00.123456789Z" into buf (TIME_TEXT_SIZE bytes are enough). */
void time_format(struct timespec when, char *buf, size_t size);
void time_now(char *buf, size_t size);
