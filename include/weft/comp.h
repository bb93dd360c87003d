/* SPDX-License-Identifier: MIT */
/*
 * Compression: what <uadk/wd_comp.h> has no word for. weft_comp_...() needs
 * -lwd_comp, weft_checksum() -lwd.
 */
#ifndef WEFT_COMP_H
#define WEFT_COMP_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/*
 * weft_comp_sess_open_end() - from now on each block request of a session that
 * compresses makes a piece of a raw deflate stream (RFC 1951) instead of a whole
 * one: no block in it is the last, nothing in it refers to what came before, and
 * it ends on a byte, with an empty stored block (00 00 ff ff). Pieces put one
 * behind the other, in any number and from any sessions, and then one block
 * request of an ordinary session are one stream; so several devices, or engines
 * of one, can work on it at once. wd_do_comp_strm() is not affected.
 * @sess: of wd_comp_alloc_sess(), WD_DEFLATE, WD_DIR_COMPRESS.
 *
 * 0. -EINVAL: no such session, it decompresses, or its format has a wrapper.
 * Call it before the first request; later ones in flight are either.
 */
int weft_comp_sess_open_end(uintptr_t sess);

/*
 * Where a stream is: a decoder of raw deflate (RFC 1951) that has the 32 KiB of
 * output before the last @behind bytes, and then is given @bits bits and the input
 * behind what the stream has consumed, decodes those @behind bytes again and goes on
 * from there. The bits lie in the order of RFC 1951 and end with a byte: @bits % 8 of
 * them, if any, are the high ones of data[0] (zlib: inflatePrime() with those, then
 * the bytes from data[1] on; otherwise the bytes from data[0] on).
 */
struct weft_comp_place {
	uint32_t bits;
	uint32_t behind;	/* at most 16 */
	uint8_t data[1016];
};

/*
 * weft_comp_strm_tell() - where the stream of a session that decompresses is after
 * the last wd_do_comp_strm(), for a program that lets another decoder go on with it.
 * The stream itself is not changed.
 * @sess: of wd_comp_alloc_sess(), WD_DEFLATE, WD_DIR_DECOMPRESS.
 * @place: nobody else's until a request has ended that was given up for its deadline.
 *
 * 0. -EAGAIN: it cannot be told here: output is waiting that had no room (ask for it
 * with a request without input), nothing has been decompressed yet, or the stream has
 * ended. -EBUSY: a request is at the stream. -ENOTSUP: the engine cannot tell.
 * -EINVAL: no such session, it compresses, or its format has a wrapper. -EIO: the
 * stream is dead, or the device failed.
 */
int weft_comp_strm_tell(uintptr_t sess, struct weft_comp_place *place);

/* The checksums of gzip (RFC 1952) and zlib (RFC 1950). */
enum weft_checksum {
	WEFT_CRC32,		/* begins with 0 */
	WEFT_ADLER32,		/* begins with 1 */
};

/*
 * What weft_checksum() returns: the checksum of @len bytes at @buf, going on
 * from @sum. Callable from any thread.
 */
typedef uint32_t weft_checksum_fn(uint32_t sum, const void *buf, size_t len);

/*
 * weft_checksum() - the function with vector code for @kind, or NULL: this build
 * has none, and zlib's is as good as any.
 */
weft_checksum_fn *weft_checksum(enum weft_checksum kind);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
