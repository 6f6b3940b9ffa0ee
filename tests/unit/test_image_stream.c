/* A stream gives out the same bytes, sums and errors, whether a thread reads ahead or not. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "runtime/image/stream.h"
#include "tests/unit/unit.h"

#define SIZE (9u << 20)         /* more than all slots have room for */

static unsigned char *plain;

static int make_plain(void **state)
{
	uint32_t x = 1;

	plain = malloc(SIZE);
	for (size_t i = 0; plain && i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		plain[i] = (unsigned char)(x >> 24 & (i & 4096 ? 0xff : 0x0f));
	}
	return plain ? 0 : -1;
}

static int free_plain(void **state)
{
	free(plain);
	return 0;
}

/* A file of it; `lost`: bytes that are missing at its end. */
static struct extent file_of(bool packed, size_t lost)
{
	uLongf n = compressBound(SIZE) + 64;
	unsigned char *text = malloc(n);
	int fd = memfd_create("stream", MFD_CLOEXEC);
	z_stream z = {0};

	assert_true(fd >= 0 && text);
	if (packed) {
		assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
		z.next_in = plain;
		z.avail_in = SIZE;
		z.next_out = text;
		z.avail_out = (uInt)n;
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		n = z.total_out;
		deflateEnd(&z);
	}
	for (size_t done = 0, end = (packed ? n : SIZE) - lost; done < end;) {
		ssize_t k = write(fd, (packed ? text : plain) + done, end - done);

		assert_true(k > 0);
		done += (size_t)k;
	}
	free(text);
	return (struct extent){.fd = fd, .size = (packed ? n : SIZE) - lost};
}

/* Reads to the end, with a thread from the nth piece on (-1: with none). */
static int read_all(const struct extent *e, int from, atomic_uint *idle, struct stream_sums *ret, struct error *err)
{
	struct stream *s;
	size_t done = 0;
	const void *p;
	ssize_t n = 1;
	int r = stream_open(e, NULL, &s, err);

	assert_int_equal(r, 0);
	stream_use_idle(s, idle);
	for (int i = 0; n > 0; i++) {
		if (i == from)
			atomic_store(idle, 1);
		n = stream_next(s, &p, err);
		assert_true(n < 0 || done + (size_t)n <= SIZE);
		if (n > 0)
			assert_memory_equal(p, plain + done, (size_t)n);
		done += n > 0 ? (size_t)n : 0;
	}
	r = (int)n;
	if (r == 0) {
		assert_int_equal(done, SIZE);
		r = stream_finish(s, ret, err);
	}
	stream_close(s);
	return r;
}

static void the_same_bytes_and_sums(void **state)
{
	for (int packed = 0; packed < 2; packed++) {
		struct extent e = file_of(packed, 0);
		struct stream_sums alone, ahead;
		atomic_uint idle = 0;
		struct error err;

		assert_int_equal(read_all(&e, -1, &idle, &alone, &err), 0);
		assert_int_equal(atomic_load(&idle), 0);
		for (int from = 0; from < 7; from += 3) {
			assert_int_equal(read_all(&e, from, &idle, &ahead, &err), 0);
			/* The processor is given back. */
			assert_int_equal(atomic_load(&idle), 1);
			atomic_store(&idle, 0);
			assert_true(digest_equal(&alone.plain, &ahead.plain) && digest_equal(&alone.packed, &ahead.packed));
			assert_true(alone.n_plain == ahead.n_plain && alone.n_packed == ahead.n_packed);
		}
		close(e.fd);
	}
}

static void the_same_error(void **state)
{
	struct extent e = file_of(true, 1000);
	struct stream_sums sums;
	atomic_uint idle = 0;
	struct error alone, ahead;

	assert_true(read_all(&e, -1, &idle, &sums, &alone) < 0);
	assert_true(read_all(&e, 0, &idle, &sums, &ahead) < 0);
	assert_string_equal(alone.text, ahead.text);
	assert_int_equal(atomic_load(&idle), 1);
	close(e.fd);
}

/* As when a file cannot be written. */
static void closed_before_its_end(void **state)
{
	struct extent e = file_of(true, 0);
	atomic_uint idle = 1;
	struct error err;

	for (int pieces = 0; pieces < 3; pieces++) {
		struct stream *s;
		const void *p;

		assert_int_equal(stream_open(&e, NULL, &s, &err), 0);
		stream_use_idle(s, &idle);
		for (int i = 0; i < pieces; i++)
			assert_true(stream_next(s, &p, &err) > 0);
		assert_int_equal(atomic_load(&idle), pieces ? 0 : 1);
		stream_close(s);
		assert_int_equal(atomic_load(&idle), 1);
	}
	close(e.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_bytes_and_sums),
		cmocka_unit_test(the_same_error),
		cmocka_unit_test(closed_before_its_end),
	};

	return cmocka_run_group_tests(tests, make_plain, free_plain);
}
