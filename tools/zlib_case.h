/* SPDX-License-Identifier: MIT */
/*
 * One measurement of "weft bench zlib": libraries with zlib's interface do the same
 * work in one process, by turns, and the fastest turn of each counts.
 */
#ifndef WEFT_TOOLS_ZLIB_CASE_H
#define WEFT_TOOLS_ZLIB_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"
#include "sample.h"

#define ZLIB_LIBS	3	/* zlib, the front end, and one more if it is given */

enum { ZLIB_SYSTEM, ZLIB_FRONT, ZLIB_OTHER };

enum zlib_work {
	ZLIB_COMPRESS,		/* compress2() of everything */
	ZLIB_DEFLATE,		/* deflate(), in pieces of 16 KiB */
	ZLIB_UNCOMPRESS,	/* uncompress() of everything */
	ZLIB_INFLATE,		/* inflate(), in pieces of 16 KiB */
	ZLIB_MESSAGES,		/* compress2() of 100 bytes at a time */
	ZLIB_MESSAGES_BACK,
	ZLIB_INIT,		/* deflateInit() and deflateEnd(), by the thousand */
	ZLIB_INIT_BACK,		/* inflateInit() and inflateEnd() */
};

/*
 * @paths: of the libraries; the last may be NULL
 * @wall:  the time that passes counts, not the CPU's
 * @len:   bytes of work, the sample over and over; 0: once
 */
struct zlib_case {
	const char *paths[ZLIB_LIBS];
	enum zlib_work work;
	int level;
	const struct sample *sample;
	size_t len;
	double seconds;		/* for each library, all turns together */
	unsigned int rounds;
	bool wall;
};

/* In bench_result.value: for each library seconds of the best turn, then bytes made. */
#define ZLIB_VALUE_SECONDS(lib)	(lib)
#define ZLIB_VALUE_BYTES(lib)	(ZLIB_LIBS + (lib))

/* @arg is a struct zlib_case. What was made is restored by the system's zlib and compared. */
bench_fn zlib_measure;

/*
 * Memory of one library: @streams compressing streams that are open and idle, or, with
 * @streams 0, one that takes @sample in pieces. value[0] is in bytes.
 */
struct zlib_memory {
	const char *path;
	unsigned int streams;
	bool inflate;
	const struct sample *sample;
};

bench_fn zlib_measure_memory;

#endif
