/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/restore.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static void what_was_written_is_taken_back(void **state)
{
	static const struct { const char *file, *now, *value, *expected; } rows[] = {
		{"pids.max", "max\n", "5", "max"},
		{"cpu.max", "50000 100000\n", "max 100000", "50000 100000"},
		{"cpuset.cpus", "\n", "0-1", ""},
		{"memory.low", "0\n", "max", "0"},
		{"io.bfq.weight", "default 100\n8:0 200\n", "300", "default 100"},
		{"io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n8:16 rbps=2 wbps=max riops=max wiops=max\n", "8:16 rbps=9",
		 "8:16 rbps=2 wbps=max riops=max wiops=max"},
		{"io.max", "8:0 rbps=1 wbps=max riops=max wiops=max\n", "8:1 rbps=9", "8:1 rbps=max wbps=max riops=max wiops=max"},
		{"blkio.throttle.read_bps_device", "8:0 5\n", "8:16 9", "8:16 0"},
		{"blkio.throttle.read_bps_device", "8:0 5\n8:16 7\n", "8:16 9", "8:16 7"},
		{"rdma.max", "mlx5_0 hca_handle=2 hca_object=max\n", "mlx5_0 hca_handle=1", "mlx5_0 hca_handle=2 hca_object=max"},
		{"rdma.max", "", "mlx5_0 hca_handle=1", "mlx5_0 hca_handle=max hca_object=max"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *got = restore_value(rows[i].file, rows[i].now, rows[i].value);

		assert_non_null(got);
		assert_string_equal(got, rows[i].expected);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_written_is_taken_back)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
