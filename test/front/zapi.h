/* SPDX-License-Identifier: MIT */
/*
 * A library with zlib's interface as a table of functions, so that a test can
 * call several of them in one process.
 */
#ifndef WEFT_TEST_FRONT_ZAPI_H
#define WEFT_TEST_FRONT_ZAPI_H

#include <stdbool.h>

#ifndef ZLIB_CONST
#define ZLIB_CONST
#endif
#include <zlib.h>

#undef gzgetc	/* a macro of the function's name */

/* What every zlib from 1.2.13 on exports, but for variants of one name on 32-bit systems. */
#define ZAPI_FUNCTIONS(X) \
	X(zlibVersion) X(zlibCompileFlags) X(zError) \
	X(deflateInit_) X(deflateInit2_) X(deflate) X(deflateEnd) X(deflateReset) \
	X(deflateResetKeep) X(deflateParams) X(deflateTune) X(deflatePrime) X(deflatePending) \
	X(deflateSetHeader) X(deflateSetDictionary) X(deflateGetDictionary) X(deflateCopy) \
	X(deflateBound) \
	X(inflateInit_) X(inflateInit2_) X(inflate) X(inflateEnd) X(inflateReset) \
	X(inflateReset2) X(inflateResetKeep) X(inflatePrime) X(inflateMark) X(inflateSync) \
	X(inflateSyncPoint) X(inflateValidate) X(inflateUndermine) X(inflateCodesUsed) \
	X(inflateGetHeader) X(inflateSetDictionary) X(inflateGetDictionary) X(inflateCopy) \
	X(inflateBackInit_) X(inflateBack) X(inflateBackEnd) \
	X(compress) X(compress2) X(compressBound) X(uncompress) X(uncompress2) \
	X(adler32) X(adler32_z) X(adler32_combine) X(crc32) X(crc32_z) X(crc32_combine) \
	X(crc32_combine_gen) X(crc32_combine_op) X(get_crc_table) \
	X(gzopen) X(gzdopen) X(gzbuffer) X(gzsetparams) X(gzread) X(gzfread) X(gzwrite) \
	X(gzfwrite) X(gzprintf) X(gzputs) X(gzgets) X(gzputc) X(gzgetc) X(gzungetc) X(gzflush) \
	X(gzseek) X(gzrewind) X(gztell) X(gzoffset) X(gzeof) X(gzdirect) X(gzclose) X(gzclose_r) \
	X(gzclose_w) X(gzerror) X(gzclearerr)

struct zapi {
	void *handle;
#define ZAPI_MEMBER(name) __typeof__(&name) name;
	ZAPI_FUNCTIONS(ZAPI_MEMBER)
#undef ZAPI_MEMBER
};

/*
 * zapi_open() - fill @api from the library at @path, which keeps its symbols to
 * itself. False, after a line on stderr, when it cannot be loaded or a function is
 * missing.
 */
bool zapi_open(struct zapi *api, const char *path);
void zapi_close(struct zapi *api);

/* The platform's own zlib. */
#define ZAPI_SYSTEM	"libz.so.1"

/* The front end: WEFT_ZLIB_LIBRARY, or that of this build folder; NULL when there is none. */
const char *zapi_ours(void);

#endif
