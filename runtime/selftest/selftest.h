/*
 * selftest - the known holes of container runtimes, tried on the machine that crun-lite runs on: no image, no network.
 *
 * Hostile bundles (rows.c) are written into a private directory (bundle.c), whose program is a copy of this very binary
 * (inside.c), and run by this binary as anybody runs it (try.c).  What shows a hole is a canary beside the bundle, what the
 * program sees, the host's mounts and the runtime's own file.  The development's suite, tests/security, has more.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum outcome {
	REFUSED,                /* with a sentence in which `says` is */
	RUNS,                   /* and prints `says` */
	EITHER,                 /* only the host matters */
};

#define ROW_LINKS 4

/* In every string "@" is the canary's directory. */
struct row {
	const char *id;         /* of docs/security.md */
	const char *what;       /* as a sentence: what holds */
	struct { const char *name, *target; } links[ROW_LINKS]; /* in the root file system, in place of what is there */
	const char *without;    /* no mounts on this and below it */
	const char *mounts;     /* more of them: JSON objects, with a comma in front */
	const char *linux_;     /* more members of it, with a comma in front */
	const char *user, *cwd, *program;       /* JSON; NULL: 0:0, "/", the probe */
	const char *inside[2];  /* what the probe does */
	enum outcome outcome;
	const char *says;       /* or NULL */
	const char *or_refused; /* with this in the sentence: as good */
	unsigned leak;          /* fds of the host's root directory that a careless caller leaves open */
	bool terminal;
	bool races;             /* vol/x and vol/other are exchanged all the time while RACE_STARTS containers start */
};

extern const struct row selftest_rows[];
extern const size_t selftest_n_rows;

/* The private directory: bundle/, canary/, state/. */
struct place {
	char dir[256];
	int fd;
};

/* place_make: in $TMPDIR or /tmp, with a copy of this binary.  place_remove takes all of it away, and may be called twice. */
int place_make(struct place *ret, struct error *err);
void place_remove(struct place *p);
/* bundle.c: the bundle of a row; what the last one left is gone. */
int bundle_write(const struct place *p, const struct row *row, struct error *err);

enum verdict { PASSED, FAILED, SKIPPED, VERDICTS };

struct result {
	enum verdict verdict;
	char why[400];          /* of what failed or was skipped; or "" */
};

/* try.c: a container that harms nobody; why it cannot be tried here is why nothing can.  `rows.c` then one after another. */
struct trial;
struct trial *trial_new(const struct place *p, struct error *err);
struct trial *trial_free(struct trial *t);
void trial_plain(struct trial *t, struct result *ret);
void trial_row(struct trial *t, const struct row *row, struct result *ret);

/* more.c: what is no single run. */
struct more {
	const char *id, *what;
	void (*try)(struct trial *t, struct result *ret);
};
extern const struct more selftest_more[];
extern const size_t selftest_n_more;

/* try.c, for more.c: runs this binary with `argv` behind its global flags; the exit status, or 128 and the signal. */
int trial_run(struct trial *t, char *const argv[], const struct row *row);
const char *trial_out(const struct trial *t);
const char *trial_err(const struct trial *t);
const struct place *trial_place(const struct trial *t);
void trial_fail(struct result *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void trial_skip(struct result *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* inside.c: the program of the container; the exit status. */
int selftest_inside(int argc, char **argv);
