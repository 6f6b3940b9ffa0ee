/*
 * interrupt - SIGINT, SIGTERM and SIGHUP end the reading of an image: what was made by then is removed.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For sigaction(2). */
void unpack_interrupt(int sig);
/* The signal, or 0. */
int unpack_interrupted(void);
