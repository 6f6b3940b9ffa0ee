/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	*err = (struct error){.code = code};
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -code;
}

int error_wrap(struct error *err, const char *fmt, ...)
{
	char outer[256];
	size_t n;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(outer, sizeof(outer) - 2, fmt, ap);
	va_end(ap);
	n = strlen(strcat(outer, ": "));
	memmove(err->text + n, err->text, sizeof(err->text) - n);
	memcpy(err->text, outer, n);
	err->text[sizeof(err->text) - 1] = '\0';
	return -err->code;
}

int error_locate(struct error *err, struct source at)
{
	if (err->at.offset == 0)
		err->at = at;
	return -err->code;
}

int error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (err->hint[0] == '\0') {
		va_start(ap, fmt);
		vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
		va_end(ap);
	}
	return -err->code;
}

const char *error_reason(const struct error *err)
{
	return err->code == ERROR_SAID ? "" : strerrordesc_np(err->code) ?: "unknown error";
}
