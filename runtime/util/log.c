/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bits.h"

int wdi_log_level_now = -1;
static int log_fd = STDERR_FILENO;

static const char *const level_names[] = {
	[WDI_LOG_NONE] = "none",
	[WDI_LOG_ERROR] = "error",
	[WDI_LOG_WARN] = "warn",
	[WDI_LOG_INFO] = "info",
	[WDI_LOG_DEBUG] = "debug",
};

/*
 * Two threads may parse at once; both find the same, one has its file used, and
 * the level is published after the fd. A name that is not a level logs
 * everything from "warn" up, so that a typing mistake shows itself. Keeps errno.
 */
static void log_configure(const char *spec)
{
	int saved = errno;
	const char *colon = spec ? strchr(spec, ':') : NULL;
	size_t len = spec ? (colon ? (size_t)(colon - spec) : strlen(spec)) : 0;
	int level = spec ? -1 : WDI_LOG_NONE;

	for (size_t i = 0; spec && i < wdi_array_size(level_names); i++) {
		if (strlen(level_names[i]) == len && !strncmp(spec, level_names[i], len))
			level = (int)i;
	}
	if (colon && colon[1] && level != WDI_LOG_NONE) {
		int fd = open(colon + 1, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		int none = STDERR_FILENO;

		if (fd >= 0 && !__atomic_compare_exchange_n(&log_fd, &none, fd, false,
							    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
			close(fd);
	}
	errno = saved;
	__atomic_store_n(&wdi_log_level_now, level < 0 ? WDI_LOG_WARN : level, __ATOMIC_RELEASE);
	if (level < 0)
		wdi_warn("WEFT_LOG=%s: no such level; none, error, warn, info and debug are known",
			 spec);
}

bool wdi_log_enabled_slow(int level)
{
	const char *spec = secure_getenv("WEFT_LOG");

	log_configure(spec && *spec ? spec : NULL);
	return level <= __atomic_load_n(&wdi_log_level_now, __ATOMIC_ACQUIRE);
}

void wdi_log_write(int level, const char *fmt, ...)
{
	char line[512];
	int saved = errno;
	va_list ap;
	int len;

	len = snprintf(line, sizeof(line), "weft[%d:%ld] %s: ", (int)getpid(),
		       (long)syscall(SYS_gettid), level_names[level]);
	va_start(ap, fmt);
	len += vsnprintf(line + len, sizeof(line) - (size_t)len - 1, fmt, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	if (write(__atomic_load_n(&log_fd, __ATOMIC_ACQUIRE), line, (size_t)len) < 0) {
		/* A log that cannot be written must not break the program. */
	}
	errno = saved;
}
