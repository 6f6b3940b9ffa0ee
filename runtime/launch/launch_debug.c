/*
 * launch_debug - what --debug tells of a container: the plan, and which process it became.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/plan/print.h"

/* Everybody may read a log: no environment, which is where people keep their secrets. */
static void log_line(char *line)
{
	char *env = strstr(line, " env=[");

	if (env)
		*env = '\0';
	log_debug("plan: %s", line);
}

int launch_log_plan(struct launch *l, struct error *err)
{
	cleanup_free char *text = NULL;
	char *rest;
	size_t len;
	FILE *out;

	(void)err;
	if (!log_tells(LOG_LEVEL_DEBUG))
		return 0;
	out = open_memstream(&text, &len);
	if (!out)
		return 0;
	plan_print(l->plan, l->config, false, out);
	if (fclose(out) != 0)
		return 0;
	rest = text;
	for (char *line = strsep(&rest, "\n"); line && *line; line = strsep(&rest, "\n"))
		log_line(line);
	return 0;
}

int launch_log_process(struct launch *l, struct error *err)
{
	(void)err;
	log_debug("the container's process is %d", l->pid);
	return 0;
}
