/* SPDX-License-Identifier: MIT */
/*
 * Streams as zlib has them, over wd_comp.h: for programs that are written for
 * zlib and can be rebuilt. Link with -lwd_comp -lwd. The class is initialised
 * with the first stream. Names and struct are zlib's, so a file that needs both
 * includes <zlib.h> first, and then its z_stream is used.
 *
 * A stream belongs to one thread at a time. @reserved of the stream is the
 * library's, from init to end; @state, @zalloc, @zfree, @opaque, @data_type and
 * @adler are neither read nor written.
 */
#ifndef UADK_ZLIBWRAPPER_H
#define UADK_ZLIBWRAPPER_H

#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#ifndef ZLIB_H

/* Flush values. */
#define Z_NO_FLUSH		0
#define Z_PARTIAL_FLUSH		1
#define Z_SYNC_FLUSH		2
#define Z_FULL_FLUSH		3
#define Z_FINISH		4

/* Results: errors are negative. */
#define Z_OK			0
#define Z_STREAM_END		1
#define Z_NEED_DICT		2
#define Z_ERRNO			(-1)
#define Z_STREAM_ERROR		(-2)
#define Z_DATA_ERROR		(-3)
#define Z_MEM_ERROR		(-4)
#define Z_BUF_ERROR		(-5)
#define Z_VERSION_ERROR		(-6)

#define Z_DEFLATED		0
#define Z_DEFAULT_COMPRESSION	(-1)
#define Z_DEFAULT_STRATEGY	0
#define MAX_WBITS		15
#define DEF_MEM_LEVEL		0

struct internal_state;

typedef void (*alloc_func)(void *opaque, __u32 items, __u32 size);
typedef void (*free_func)(void *opaque, void *address);

/*
 * struct z_stream_s
 * @next_in, @avail_in:	input that waits, and its bytes; moved on by each call
 * @total_in:		bytes consumed since init or reset
 * @next_out, @avail_out: room for output, and its bytes; moved on by each call
 * @total_out:		bytes produced since init or reset
 * @msg:		NULL, or what was wrong, as a static string
 */
typedef struct z_stream_s {
	const __u8 *next_in;
	__u32 avail_in;
	__u64 total_in;

	__u8 *next_out;
	__u32 avail_out;
	__u64 total_out;

	const char *msg;
	struct internal_state *state;

	alloc_func zalloc;
	free_func zfree;
	void *opaque;

	int data_type;
	__u64 adler;
	__u64 reserved;
} z_stream;

typedef z_stream *z_streamp;

#endif /* ZLIB_H */

/*
 * wd_deflate_init() - begin a stream to compress.
 * @level: 1 to 15, or Z_DEFAULT_COMPRESSION.
 * @windowbits: base two logarithm of the window and the format, as in zlib: 8 to
 * 15 zlib, -15 to -8 raw deflate, 24 to 31 gzip. The device rounds the window up
 * to one that it has.
 *
 * Z_OK. Z_STREAM_ERROR: @strm is NULL, a number out of range, or no device.
 * Z_MEM_ERROR: no memory.
 */
int wd_deflate_init(z_streamp strm, int level, int windowbits);

/*
 * wd_deflate() - compress what is in @next_in into @next_out.
 * @flush: Z_FINISH: the input ends here. Z_SYNC_FLUSH or Z_NO_FLUSH: it goes
 * on. All output for the input taken is written either way if it fits.
 *
 * Z_OK: progress was made; with input or output left over, make room and call
 * again. Z_STREAM_END: all is out after Z_FINISH. Z_BUF_ERROR: no progress is
 * possible, not an error of the stream. Z_STREAM_ERROR: @strm or @flush is not
 * valid, or the device failed; the stream is lost.
 */
int wd_deflate(z_streamp strm, int flush);

/* wd_deflate_reset() - begin anew with the same settings. Z_OK or Z_STREAM_ERROR. */
int wd_deflate_reset(z_streamp strm);

/*
 * wd_deflate_end() - free what the stream holds, at any point of it. Z_OK or
 * Z_STREAM_ERROR (@strm is NULL or not begun).
 */
int wd_deflate_end(z_streamp strm);

/*
 * wd_inflate_init(), wd_inflate(), wd_inflate_reset(), wd_inflate_end() - the
 * same to decompress. @windowbits gives the format; any window is taken, and
 * every @flush means the same: as much output as the input gives.
 * Z_STREAM_END: where the format ends; input behind it is left. Z_DATA_ERROR: the
 * input is corrupt.
 */
int wd_inflate_init(z_streamp strm, int windowbits);
int wd_inflate(z_streamp strm, int flush);
int wd_inflate_reset(z_streamp strm);
int wd_inflate_end(z_streamp strm);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
