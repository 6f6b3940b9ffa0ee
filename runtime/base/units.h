/*
 * units - the numbers that people write: "512k", "1.5g", "90s", "1m30s", "0.5".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Bytes, as docker and podman read them: a number, a fraction if one follows, and one of b k m g t (or kb, KiB: always 1024). */
bool units_bytes(const char *text, uint64_t *ret);
/* Nanoseconds: "10" and "10s" are seconds; also ms, us, ns, m, h, d, and several ("1m30s"), as Go and timeout(1). */
bool units_duration(const char *text, uint64_t *ret_ns);
/* A plain decimal number times `scale`: "1.5" with 1000 is 1500; what is smaller than 1 / scale is cut off. */
bool units_scaled(const char *text, uint64_t scale, uint64_t *ret);
