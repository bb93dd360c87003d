/* SPDX-License-Identifier: MIT */
#include "zlib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "zlib/settings.h"

static const char *const names[] = {
	[WDI_Z_LOG_ERROR] = "error",
	[WDI_Z_LOG_WARN] = "warn",
	[WDI_Z_LOG_INFO] = "info",
	[WDI_Z_LOG_DEBUG] = "debug",
};

/* The library's own WEFT_LOG says what is wrong with a level that does not exist. */
int wdi_z_log_level(const char *text, size_t len)
{
	for (size_t i = WDI_Z_LOG_ERROR; i < wdi_z_array_size(names); i++) {
		if (strlen(names[i]) == len && !strncmp(text, names[i], len))
			return (int)i;
	}
	return 0;
}

void wdi_z_log(enum wdi_z_log_level level, const char *format, ...)
{
	int saved = errno;
	char line[512];
	va_list args;
	int len;

	if ((int)level > wdi_z_settings()->log_level)
		return;
	len = snprintf(line, sizeof(line), "weft: %s: zlib: ", names[level]);
	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - (size_t)len - 1, format, args);
	va_end(args);
	strcat(line, "\n");
	if (write(wdi_z_settings()->log_fd, line, strlen(line)) < 0)
		errno = saved;
	errno = saved;
}
