/* SPDX-License-Identifier: MIT */
/*
 * The zlib front end: zlib's own names and types, declared so that what is
 * defined here is exported. Whatever else is in this folder is hidden.
 */
#ifndef WEFT_ZLIB_FRONT_H
#define WEFT_ZLIB_FRONT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Both names of each function with a file offset, and neither as a macro. */
#define ZLIB_INTERNAL
#pragma GCC visibility push(default)
#include <zlib.h>
#undef gzgetc
#undef z_off64_t
#define z_off64_t off64_t

#define OURS(ret, name, params, args)		ret name params;
#define ABSENT(ret, name, params, args)		ret name params;
#define FORWARD(ret, name, params, args)	ret name params;
#include "zlib/functions.def"
#undef OURS
#undef ABSENT
#undef FORWARD
#pragma GCC visibility pop

#define wdi_z_likely(x)		__builtin_expect(!!(x), 1)
#define wdi_z_unlikely(x)	__builtin_expect(!!(x), 0)
#define wdi_z_cold		__attribute__((cold, noinline))
#define wdi_z_array_size(a)	(sizeof(a) / sizeof((a)[0]))
#define wdi_z_min(a, b)		((a) < (b) ? (a) : (b))

#endif
