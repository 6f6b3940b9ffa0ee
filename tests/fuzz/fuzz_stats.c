/* Files of a kernel that we do not know, through everything that reads what it counts; and what people write as units. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats_text.h"
#include "runtime/base/units.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* Each ends, and never looks behind the text: it is exactly as long as its allocation. */
static void read_all(const char *text, size_t len)
{
	const char *fields = text, *numbers = text, *cells = text;
	struct stats_list list = {.text = text};
	struct stats_io io = {.text = text};
	struct stats_pressure pressure;
	struct stats_field field;
	uint64_t n;
	int64_t i;
	char size[24];

	stats_number(text, &n);
	stats_signed(text, &i);
	while (stats_next_field(&fields, &field))
		MUST(field.key >= text && field.len > 0 && field.key + field.len < text + len);
	for (size_t steps = 0; stats_next_number(&numbers, &n); steps++)
		MUST(steps <= len);
	for (size_t steps = 0; stats_next_cell(&cells, (unsigned)len % 4, &n); steps++)
		MUST(steps <= len);
	for (size_t steps = 0; stats_next_of_list(&list, &n); steps++)
		MUST(n < 65536 && steps <= len * 65536);
	for (size_t steps = 0; stats_next_io(&io); steps++)
		MUST(steps <= len && strlen(io.op) < sizeof(io.op));
	if (stats_pressure(text, "some", &pressure))
		MUST(pressure.avg10 <= 100099);
	if (stats_page_size(text, size, sizeof(size)))
		MUST(strlen(size) < sizeof(size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t n;

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	read_all(text, size);
	units_bytes(text, &n);
	units_duration(text, &n);
	units_scaled(text, 100000, &n);
	free(text);
	return 0;
}
