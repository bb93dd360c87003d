/* SPDX-License-Identifier: MIT */
/*
 * The log. Silent unless WEFT_LOG asks: "error", "warn", "info" or "debug",
 * optionally followed by ":FILE" (default: stderr). One line a message, in one
 * write. The function that decides on an error logs it; its callers do not.
 */
#ifndef WEFT_UTIL_LOG_H
#define WEFT_UTIL_LOG_H

#include <stdbool.h>

enum wdi_log_level {
	WDI_LOG_NONE,
	WDI_LOG_ERROR,
	WDI_LOG_WARN,
	WDI_LOG_INFO,
	WDI_LOG_DEBUG,
};

/* The class libraries log through libwd. */
#pragma GCC visibility push(default)

extern int wdi_log_level_now;	/* atomic; -1 until the environment has been read */

bool wdi_log_enabled_slow(int level);

static inline bool wdi_log_enabled(int level)
{
	int now = __atomic_load_n(&wdi_log_level_now, __ATOMIC_ACQUIRE);

	return __builtin_expect(now >= 0, 1) ? level <= now : wdi_log_enabled_slow(level);
}

/* Keeps errno. */
void wdi_log_write(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#pragma GCC visibility pop

#define wdi_log(level, ...) \
	do { \
		if (__builtin_expect(wdi_log_enabled(level), 0)) \
			wdi_log_write(level, __VA_ARGS__); \
	} while (0)

#define wdi_err(...)	wdi_log(WDI_LOG_ERROR, __VA_ARGS__)
#define wdi_warn(...)	wdi_log(WDI_LOG_WARN, __VA_ARGS__)
#define wdi_info(...)	wdi_log(WDI_LOG_INFO, __VA_ARGS__)
#define wdi_dbg(...)	wdi_log(WDI_LOG_DEBUG, __VA_ARGS__)

#endif
