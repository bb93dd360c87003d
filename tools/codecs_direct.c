/* SPDX-License-Identifier: MIT */
#include "codecs_direct.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#endif
#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif

/* ---- zlib -------------------------------------------------------------- */

struct zlib_state {
	z_stream z;
	bool decompress;
};

static void *zlib_open(int level, bool gzip, bool decompress)
{
	struct zlib_state *s = calloc(1, sizeof(*s));
	int bits = gzip ? 16 + MAX_WBITS : -MAX_WBITS;
	int ret;

	if (!s)
		return NULL;
	s->decompress = decompress;
	if (decompress)
		ret = inflateInit2(&s->z, bits);
	else
		ret = deflateInit2(&s->z, level, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	if (ret != Z_OK) {
		free(s);
		return NULL;
	}
	return s;
}

static void zlib_set(z_stream *z, const void *in, size_t in_len, void *out, size_t out_len)
{
	z->next_in = (Bytef *)(uintptr_t)in;
	z->avail_in = (uInt)in_len;
	z->next_out = out;
	z->avail_out = (uInt)out_len;
}

static size_t zlib_compress(void *state, const void *in, size_t in_len, void *out, size_t out_len)
{
	struct zlib_state *s = state;

	deflateReset(&s->z);
	zlib_set(&s->z, in, in_len, out, out_len);
	return deflate(&s->z, Z_FINISH) == Z_STREAM_END ? out_len - s->z.avail_out : 0;
}

static size_t zlib_decompress(void *state, const void *in, size_t in_len, void *out,
			      size_t out_len)
{
	struct zlib_state *s = state;

	inflateReset(&s->z);
	zlib_set(&s->z, in, in_len, out, out_len);
	return inflate(&s->z, Z_FINISH) == Z_STREAM_END ? out_len - s->z.avail_out : 0;
}

static void zlib_close(void *state)
{
	struct zlib_state *s = state;

	if (s->decompress)
		inflateEnd(&s->z);
	else
		deflateEnd(&s->z);
	free(s);
}

/* ---- ISA-L ------------------------------------------------------------- */

#ifdef HAVE_ISAL

struct isal_state {
	struct isal_zstream z;
	struct inflate_state inflate;
	uint32_t level;
	bool gzip;
	uint8_t *level_buf;
	uint32_t level_buf_size;
};

static const uint32_t isal_level_buf[] = {
	ISAL_DEF_LVL0_DEFAULT,
	ISAL_DEF_LVL1_DEFAULT,
	ISAL_DEF_LVL2_DEFAULT,
	ISAL_DEF_LVL3_DEFAULT,
};

static void *isal_open(int level, bool gzip, bool decompress)
{
	struct isal_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->level = (uint32_t)level;
	s->gzip = gzip;
	if (!decompress && isal_level_buf[level]) {
		s->level_buf_size = isal_level_buf[level];
		s->level_buf = malloc(s->level_buf_size);
		if (!s->level_buf) {
			free(s);
			return NULL;
		}
	}
	return s;
}

static size_t isal_compress(void *state, const void *in, size_t in_len, void *out, size_t out_len)
{
	struct isal_state *s = state;

	isal_deflate_init(&s->z);
	s->z.end_of_stream = 1;
	s->z.flush = NO_FLUSH;
	s->z.gzip_flag = s->gzip ? IGZIP_GZIP : IGZIP_DEFLATE;
	s->z.level = s->level;
	s->z.level_buf = s->level_buf;
	s->z.level_buf_size = s->level_buf_size;
	s->z.next_in = (uint8_t *)(uintptr_t)in;
	s->z.avail_in = (uint32_t)in_len;
	s->z.next_out = out;
	s->z.avail_out = (uint32_t)out_len;
	if (isal_deflate(&s->z) != COMP_OK || s->z.internal_state.state != ZSTATE_END)
		return 0;
	return out_len - s->z.avail_out;
}

static size_t isal_decompress(void *state, const void *in, size_t in_len, void *out,
			      size_t out_len)
{
	struct isal_state *s = state;

	isal_inflate_init(&s->inflate);
	s->inflate.crc_flag = s->gzip ? ISAL_GZIP : ISAL_DEFLATE;
	s->inflate.next_in = (uint8_t *)(uintptr_t)in;
	s->inflate.avail_in = (uint32_t)in_len;
	s->inflate.next_out = out;
	s->inflate.avail_out = (uint32_t)out_len;
	if (isal_inflate(&s->inflate) != ISAL_DECOMP_OK ||
	    s->inflate.block_state != ISAL_BLOCK_FINISH)
		return 0;
	return out_len - s->inflate.avail_out;
}

static void isal_close(void *state)
{
	struct isal_state *s = state;

	free(s->level_buf);
	free(s);
}

#endif

/* ---- libdeflate -------------------------------------------------------- */

#ifdef HAVE_LIBDEFLATE

struct libdeflate_state {
	struct libdeflate_compressor *comp;
	struct libdeflate_decompressor *decomp;
	bool gzip;
};

static void ld_close(void *state)
{
	struct libdeflate_state *s = state;

	libdeflate_free_compressor(s->comp);
	libdeflate_free_decompressor(s->decomp);
	free(s);
}

static void *ld_open(int level, bool gzip, bool decompress)
{
	struct libdeflate_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->gzip = gzip;
	if (decompress)
		s->decomp = libdeflate_alloc_decompressor();
	else
		s->comp = libdeflate_alloc_compressor(level);
	if (!s->comp && !s->decomp) {
		ld_close(s);
		return NULL;
	}
	return s;
}

static size_t ld_compress(void *state, const void *in, size_t in_len, void *out, size_t out_len)
{
	struct libdeflate_state *s = state;

	if (s->gzip)
		return libdeflate_gzip_compress(s->comp, in, in_len, out, out_len);
	return libdeflate_deflate_compress(s->comp, in, in_len, out, out_len);
}

static size_t ld_decompress(void *state, const void *in, size_t in_len, void *out, size_t out_len)
{
	struct libdeflate_state *s = state;
	enum libdeflate_result ret;
	size_t actual = 0;

	if (s->gzip)
		ret = libdeflate_gzip_decompress(s->decomp, in, in_len, out, out_len, &actual);
	else
		ret = libdeflate_deflate_decompress(s->decomp, in, in_len, out, out_len, &actual);
	return ret == LIBDEFLATE_SUCCESS ? actual : 0;
}

#endif

/* ---- the table --------------------------------------------------------- */

const struct direct_codec direct_codecs[] = {
	{ "zlib", { 1, 9 }, zlib_open, zlib_compress, zlib_decompress, zlib_close },
#ifdef HAVE_ISAL
	{ "isa-l", { 0, 3 }, isal_open, isal_compress, isal_decompress, isal_close },
#endif
#ifdef HAVE_LIBDEFLATE
	{ "libdeflate", { 1, 12 }, ld_open, ld_compress, ld_decompress, ld_close },
#endif
};

const size_t direct_codec_count = sizeof(direct_codecs) / sizeof(direct_codecs[0]);

const struct direct_codec *direct_find(const char *name)
{
	for (size_t i = 0; i < direct_codec_count; i++) {
		if (!strcmp(direct_codecs[i].name, name))
			return &direct_codecs[i];
	}
	return NULL;
}

/* Each library has levels of its own; a short scale is spread: 1, 2 to 3, 4 and up. */
int direct_level(const struct direct_codec *codec, int level)
{
	if (codec->levels[1] <= 3)
		return level <= 1 ? 1 : level <= 3 ? 2 : 3;
	return level > codec->levels[1] ? codec->levels[1] : level;
}

size_t direct_bound(size_t in_len)
{
	return in_len + in_len / 4 + 4096;
}
