/* SPDX-License-Identifier: MIT */
/* What the environment asks for, read once, at loading; nothing in a set-uid program. */
#ifndef WEFT_ZLIB_SETTINGS_H
#define WEFT_ZLIB_SETTINGS_H

#include <stdatomic.h>

#include "zlib/front.h"

enum wdi_z_mode {
	WDI_Z_OFF,		/* everything to the system's zlib */
	WDI_Z_EXACT,		/* compressed bytes are those of the system's zlib */
	WDI_Z_ON,		/* at least 0.995 of zlib's ratio in the mean */
	WDI_Z_FAST,		/* ratio for speed */
	WDI_Z_MODES,
};

/*
 * @mode:	WEFT_ZLIB
 * @system_zlib: WEFT_ZLIB_SYSTEM, path of the zlib to stand in front of, or ""
 * @report:	WEFT_REPORT, path of the file that gets a record at exit, or ""
 * @min_bytes:	WEFT_ZLIB_MIN, what a process must have done before the runtime is opened
 * @keep_bytes:	WEFT_ZLIB_KEEP, input that a decompressing stream keeps
 * @log_level, @log_fd: WEFT_LOG
 */
struct wdi_z_settings {
	enum wdi_z_mode mode;
	uint64_t min_bytes;
	size_t keep_bytes;
	int log_level;
	int log_fd;
	char system_zlib[256];
	char report[256];
};

extern _Atomic(const struct wdi_z_settings *) wdi_z_settings_now;

const struct wdi_z_settings *wdi_z_settings_read(void);

static inline const struct wdi_z_settings *wdi_z_settings(void)
{
	/* Pairs with the release at the end of wdi_z_settings_read(). */
	const struct wdi_z_settings *s = atomic_load_explicit(&wdi_z_settings_now,
							      memory_order_acquire);

	return wdi_z_likely(s) ? s : wdi_z_settings_read();
}

const char *wdi_z_mode_name(enum wdi_z_mode mode);
int wdi_z_log_level(const char *text, size_t len);

#endif
