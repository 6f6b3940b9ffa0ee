/*
 * unit - what all unit tests need: cmocka with the headers that it wants before it, and tests out of tables.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A group with a test for each row of a table, under the row's own name; how many failed. */
#define RUN_ROWS(title, rows, function)                                                                             \
	({                                                                                                          \
		struct CMUnitTest tests_[COUNT(rows)];                                                              \
                                                                                                                    \
		for (size_t i_ = 0; i_ < COUNT(rows); i_++)                                                         \
			tests_[i_] = (struct CMUnitTest){(rows)[i_].name, (function), NULL, NULL, (void *)&(rows)[i_]}; \
		cmocka_run_group_tests_name(title, tests_, NULL, NULL);                                             \
	})
