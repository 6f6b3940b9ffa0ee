/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats_source.h"

#include <string.h>

#include "cgroups/internal.h"
#include "cgroups/stats_text.h"

/* io.stat has a line for each device. */
#define TEXT_SIZE 16384

static uint64_t sum_of(const char *text, const char *op)
{
	struct stats_io io = {.text = text};
	uint64_t sum = 0;

	while (stats_next_io(&io))
		if (strcmp(io.op, op) == 0 && __builtin_add_overflow(sum, io.value, &sum))
			return STATS_MAX;
	return sum;
}

static bool read_one(const struct cgroup *cgroup, const struct stats_source *s, uint64_t *ret)
{
	const struct cgroup_dir *dir = s->controller ? cgroup_v1_dir(cgroup, s->controller) : cgroup_v2_dir(cgroup);
	struct stats_pressure pressure;
	char text[TEXT_SIZE];
	bool known = true;

	if (!s->file || !dir || cgroup_file_read(cgroup, dir, s->file, text, sizeof(text)) < 0)
		return false;
	switch (s->kind) {
	case SOURCE_NUMBER:
		known = stats_number(text, ret);
		break;
	case SOURCE_FIELD:
		known = stats_field(text, s->word, ret);
		break;
	case SOURCE_IO:
		*ret = sum_of(text, s->word);
		break;
	case SOURCE_PRESSURE:
		known = stats_pressure(text, s->word, &pressure);
		*ret = known ? pressure.total : 0;
		break;
	}
	if (known && *ret != STATS_MAX)
		*ret = *ret / (s->by ?: 1) * (s->times ?: 1);
	return known;
}

bool stats_source_read(const struct cgroup *cgroup, const struct stats_source *sources, size_t n, uint64_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (read_one(cgroup, &sources[i], ret))
			return true;
	return false;
}
