/* The functions of libcrypto that know the processor's own instructions, without the machinery round them. */
/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "runtime/image/digest.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/weak.h"

static const char prefix[] = "sha256:";
#define PREFIX (sizeof(prefix) - 1)

static int value_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *hex, struct digest *ret)
{
	for (size_t i = 0; i < sizeof(ret->bytes); i++) {
		int high = value_of(hex[2 * i]), low = high < 0 ? -1 : value_of(hex[2 * i + 1]);

		if (low < 0)
			return false;
		ret->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return hex[2 * sizeof(ret->bytes)] == '\0';
}

int digest_parse(const char *text, const char *what, struct digest *ret, struct error *err)
{
	if (strncmp(text, prefix, PREFIX) == 0 && read_hex(text + PREFIX, ret))
		return 0;
	if (strncmp(text, "sha512:", 7) == 0 && strlen(text) == 7 + 128 && strspn(text + 7, "0123456789abcdef") == 128)
		return error_set(err, ERROR_SAID, "%s: sha512 digests are not carried out, only sha256", what);
	error_set(err, ERROR_SAID, "%s: \"%.100s\" is no digest", what, text);
	return error_hint(err, "sha256: and 64 small hexadecimal digits are expected");
}

void digest_hex(const struct digest *digest, char buf[DIGEST_HEX])
{
	for (size_t i = 0; i < sizeof(digest->bytes); i++)
		snprintf(buf + 2 * i, 3, "%02x", digest->bytes[i]);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 || weak(V47);
}

void digest_chain(const struct digest *below, const struct digest *diff, struct digest *ret)
{
	char text[2 * (PREFIX + DIGEST_HEX)], hex[DIGEST_HEX], other[DIGEST_HEX];
	struct hasher h;

	digest_hex(below, hex);
	digest_hex(diff, other);
	hash_begin(&h);
	hash_add(&h, text, (size_t)snprintf(text, sizeof(text), "%s%s %s%s", prefix, hex, prefix, other));
	hash_end(&h, ret);
}

void hash_begin(struct hasher *h)
{
	SHA256_Init(&h->context);
}

void hash_add(struct hasher *h, const void *bytes, size_t n)
{
	SHA256_Update(&h->context, bytes, n);
}

void hash_end(struct hasher *h, struct digest *ret)
{
	SHA256_Final(ret->bytes, &h->context);
}
