/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openssl/common.h"

void wdi_ossl_log(const char *reason, const char *format, va_list args)
{
	const char *spec = secure_getenv("WEFT_LOG");
	char line[512];
	size_t len;

	if (!spec || !*spec || !strncmp(spec, "none", 4))
		return;
	len = (size_t)snprintf(line, sizeof(line), "weft: error: openssl: %s: ", reason);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	strcat(line, "\n");
	/* Where standard error is closed there is nobody to tell. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		return;
}
