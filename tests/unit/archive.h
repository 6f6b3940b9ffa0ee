/*
 * archive - an image's files as a tar in memory, and their digests.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/image/digest.h"
#include "tests/unit/unit.h"

/* "sha256:..." */
static inline const char *sha256_of(const char *text, char buf[80])
{
	struct hasher h;
	struct digest d;

	hash_begin(&h);
	hash_add(&h, text, strlen(text));
	hash_end(&h, &d);
	memcpy(buf, "sha256:", 7);
	digest_hex(&d, buf + 7);
	return buf;
}

static inline int archive_new(void)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* `link`: not NULL for a symbolic link. */
static inline void archive_add(int fd, const char *name, const char *text, const char *link)
{
	char h[512] = "", pad[512] = "";
	size_t n = strlen(text);
	unsigned sum = 0;

	snprintf(h, 100, "%s", name);
	memcpy(h + 100, "0000644\0000000000\0000000000", 24);
	snprintf(h + 124, 12, "%011o", (unsigned)n);
	snprintf(h + 136, 12, "%011o", 0);
	memset(h + 148, ' ', 8);
	h[156] = link ? '2' : '0';
	snprintf(h + 157, 100, "%s", link ?: "");
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	assert_int_equal(write(fd, h, sizeof(h)), sizeof(h));
	assert_int_equal(write(fd, text, n), n);
	assert_int_equal(write(fd, pad, -n & 511), -n & 511);
}

/* Under its digest; *ret_descriptor: a descriptor of it, for a manifest. */
static inline void archive_blob(int fd, const char *text, const char *type, char *ret_descriptor, size_t size)
{
	char digest[80], name[128];

	snprintf(name, sizeof(name), "blobs/sha256/%s", sha256_of(text, digest) + 7);
	archive_add(fd, name, text, NULL);
	snprintf(ret_descriptor, size, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}", type, digest, strlen(text));
}
