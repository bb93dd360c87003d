/* SPDX-License-Identifier: MIT */
/*
 * What this process did: counters, and one record of them at exit for whoever
 * set WEFT_REPORT (docs/zlib.md describes the record).
 */
#ifndef WEFT_ZLIB_REPORT_H
#define WEFT_ZLIB_REPORT_H

#include <stdatomic.h>

#include "zlib/front.h"

/* Who did a piece of work, in which direction. */
enum wdi_z_path {
	WDI_Z_PATH_DEFLATE_DEVICE,
	WDI_Z_PATH_DEFLATE_SYSTEM,
	WDI_Z_PATH_INFLATE_DEVICE,
	WDI_Z_PATH_INFLATE_SYSTEM,
	WDI_Z_PATHS,
};

/* Why the system's zlib did it. */
enum wdi_z_reason {
	WDI_Z_WHY_MODE,		/* WEFT_ZLIB=off or exact */
	WDI_Z_WHY_SMALL,	/* not worth it, or too little yet to load the runtime */
	WDI_Z_WHY_PARAMETERS,	/* level 0, a strategy, a window that the device has not */
	WDI_Z_WHY_FLUSH,	/* flushed often, or in ways that only zlib knows */
	WDI_Z_WHY_CALL,		/* a call that only zlib can answer */
	WDI_Z_WHY_DICTIONARY,
	WDI_Z_WHY_PIECES,	/* buffers of a few bytes */
	WDI_Z_WHY_DATA,		/* corrupt or cut short: zlib says how */
	WDI_Z_WHY_ALLOCATOR,	/* one that works on memory of its own */
	WDI_Z_WHY_CALLER,	/* zlib's own file functions, and the runtime's engines */
	WDI_Z_WHY_DEVICE,	/* no runtime, no device, or it failed */
	WDI_Z_WHYS,
};

struct wdi_z_path_count {
	_Atomic uint64_t streams;
	_Atomic uint64_t calls;
	_Atomic uint64_t in_bytes;
	_Atomic uint64_t out_bytes;
};

extern struct wdi_z_path_count wdi_z_path_counts[WDI_Z_PATHS];
extern _Atomic uint64_t wdi_z_why_counts[WDI_Z_WHYS];
extern bool wdi_z_calls_wanted;		/* there will be a record */

static inline void wdi_z_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* A stream, or a part of one, is over: what it took and gave. */
static inline void wdi_z_count_path(enum wdi_z_path path, uint64_t in, uint64_t out)
{
	wdi_z_count(&wdi_z_path_counts[path].streams, 1);
	wdi_z_count(&wdi_z_path_counts[path].in_bytes, in);
	wdi_z_count(&wdi_z_path_counts[path].out_bytes, out);
}

/*
 * deflate(), inflate() or uncompress() was called and did something. All threads share
 * the counter, so a process that nobody asks for a record does without.
 */
static inline void wdi_z_count_call(enum wdi_z_path path)
{
	if (wdi_z_unlikely(wdi_z_calls_wanted))
		wdi_z_count(&wdi_z_path_counts[path].calls, 1);
}

static inline void wdi_z_count_why(enum wdi_z_reason why)
{
	wdi_z_count(&wdi_z_why_counts[why], 1);
}

#endif
