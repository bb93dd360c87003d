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
