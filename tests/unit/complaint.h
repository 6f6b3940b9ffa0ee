/*
 * complaint - what is said of a text that is not as it should be: the sentence, and its place.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>

#include "runtime/base/error.h"
#include "tests/unit/unit.h"

/* `text` for the %s of a frame, which gives it its line and pointer. */
static inline void in_frame(char *ret, size_t size, const char *frame, const char *text)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	assert_in_range(snprintf(ret, size, frame, text), 0, size - 1);
#pragma GCC diagnostic pop
}

/* `text` NULL: nothing is wrong; `pointer` or `hint` NULL: whatever it is. */
static inline void expect_complaint(int r, const struct error *err, const char *text, unsigned line, unsigned column,
                                    const char *pointer, const char *hint)
{
	assert_string_equal(err->text, text ? text : "");
	assert_int_equal(r, text ? -err->code : 0);
	if (!text)
		return;
	assert_int_not_equal(r, 0);
	if (pointer)
		assert_string_equal(err->pointer, pointer);
	assert_int_equal(err->line, line);
	assert_int_equal(err->column, column);
	if (hint)
		assert_string_equal(err->hint, hint);
}
