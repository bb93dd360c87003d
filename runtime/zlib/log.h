/* SPDX-License-Identifier: MIT */
/*
 * Messages on stderr, and only for whoever sets WEFT_LOG to error, warn, info or
 * debug. errno is kept.
 */
#ifndef WEFT_ZLIB_LOG_H
#define WEFT_ZLIB_LOG_H

enum wdi_z_log_level {
	WDI_Z_LOG_ERROR = 1,
	WDI_Z_LOG_WARN,
	WDI_Z_LOG_INFO,
	WDI_Z_LOG_DEBUG,
};

void wdi_z_log(enum wdi_z_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
