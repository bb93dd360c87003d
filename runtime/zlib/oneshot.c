/* SPDX-License-Identifier: MIT */
/*
 * Whole buffers in one call. uLong and z_size_t are the same size wherever this
 * library runs, so each pair of functions is one.
 */
#include <limits.h>
#include <string.h>

#include "zlib/checksum.h"
#include "zlib/engine.h"
#include "zlib/report.h"
#include "zlib/settings.h"
#include "zlib/system.h"

_Static_assert(sizeof(uLong) == sizeof(z_size_t), "one length type");

/* ---- compress ------------------------------------------------------------------------ */

static uInt slice(uLong *left)
{
	uInt n = (uInt)wdi_z_min(*left, (uLong)UINT_MAX);

	*left -= n;
	return n;
}

int compress2(Bytef *dest, uLongf *dest_len, const Bytef *source, uLong source_len, int level)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)source, .next_out = dest };
	uLong room;
	int ret;

	if ((source_len && !source) || !dest_len || (*dest_len && !dest))
		return Z_STREAM_ERROR;
	room = *dest_len;
	*dest_len = 0;
	ret = deflateInit(&z, level);
	if (ret != Z_OK)
		return ret;
	do {
		if (!z.avail_out)
			z.avail_out = slice(&room);
		if (!z.avail_in)
			z.avail_in = slice(&source_len);
		ret = deflate(&z, source_len ? Z_NO_FLUSH : Z_FINISH);
	} while (ret == Z_OK);
	*dest_len = z.total_out;
	deflateEnd(&z);
	return ret == Z_STREAM_END ? Z_OK : ret;
}

int compress(Bytef *dest, uLongf *dest_len, const Bytef *source, uLong source_len)
{
	return compress2(dest, dest_len, source, source_len, Z_DEFAULT_COMPRESSION);
}

int compress2_z(Bytef *dest, z_size_t *dest_len, const Bytef *source, z_size_t source_len,
		int level)
{
	return compress2(dest, dest_len, source, source_len, level);
}

int compress_z(Bytef *dest, z_size_t *dest_len, const Bytef *source, z_size_t source_len)
{
	return compress2(dest, dest_len, source, source_len, Z_DEFAULT_COMPRESSION);
}

uLong compressBound(uLong length)
{
	return wdi_z_system()->compressBound(length);
}

z_size_t compressBound_z(z_size_t length)
{
	z_size_t bound = wdi_z_system()->compressBound(length);

	return bound < length ? (z_size_t)-1 : bound;
}

/* ---- uncompress ------------------------------------------------------------------------ */

/* zlib has done this much before a job is sent. */
#define SMALL		256
/* What comes of more than this is decoded piece by piece, here or there. */
#define LARGE		((uLong)8 << 20)
#define HEADER		2
#define TRAILER		4

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A header of zlib's without a dictionary, RFC 1950. */
static bool header_good(const uint8_t *p)
{
	return (p[0] & 0x0f) == Z_DEFLATED && p[0] >> 4 <= 7 && !(p[1] & 0x20) &&
	       ((unsigned int)p[0] << 8 | p[1]) % 31 == 0;
}

/* The same piece by piece, each summed up while it is in the cache. */
static bool uncompress_slices(Bytef *dest, uLongf *dest_len, const Bytef *source,
			      uLong *source_len)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)source, .next_out = dest };
	uLong in = *source_len, out = *dest_len;
	int ret;

	if (inflateInit(&z) != Z_OK)
		return false;
	do {
		if (!z.avail_in)
			z.avail_in = slice(&in);
		if (!z.avail_out)
			z.avail_out = slice(&out);
		ret = inflate(&z, Z_NO_FLUSH);
	} while (ret == Z_OK);
	if (ret == Z_STREAM_END) {
		*source_len = z.total_in;
		*dest_len = z.total_out;
	}
	inflateEnd(&z);
	return ret == Z_STREAM_END;
}

/* By the device. False: nothing has happened, and zlib says what is wrong. */
static bool uncompress_here(Bytef *dest, uLongf *dest_len, const Bytef *source, uLong *source_len)
{
	size_t in, out;

	if (wdi_z_settings()->mode == WDI_Z_OFF || !source || !dest || !*dest_len ||
	    *source_len < SMALL || !header_good(source) || !wdi_z_engine(*source_len))
		return false;
	if (*dest_len > LARGE)
		return uncompress_slices(dest, dest_len, source, source_len);
	in = *source_len - HEADER - TRAILER;
	out = *dest_len;
	if (wdi_z_engine_decompress(source + HEADER, &in, dest, &out) != WDI_Z_JOB_DONE ||
	    big_endian(source + HEADER + in) != wdi_z_adler32(1, dest, out))
		return false;
	*source_len = HEADER + in + TRAILER;
	*dest_len = out;
	wdi_z_count_call(WDI_Z_PATH_INFLATE_DEVICE);
	wdi_z_count_path(WDI_Z_PATH_INFLATE_DEVICE, *source_len, out);
	return true;
}

int uncompress2(Bytef *dest, uLongf *dest_len, const Bytef *source, uLong *source_len)
{
	int ret;

	if (!source_len || (*source_len && !source) || !dest_len || (*dest_len && !dest))
		return Z_STREAM_ERROR;
	if (uncompress_here(dest, dest_len, source, source_len))
		return Z_OK;
	ret = wdi_z_system()->uncompress2(dest, dest_len, source, source_len);
	wdi_z_count_call(WDI_Z_PATH_INFLATE_SYSTEM);
	wdi_z_count_path(WDI_Z_PATH_INFLATE_SYSTEM, *source_len, *dest_len);
	return ret;
}

int uncompress(Bytef *dest, uLongf *dest_len, const Bytef *source, uLong source_len)
{
	return uncompress2(dest, dest_len, source, &source_len);
}

int uncompress2_z(Bytef *dest, z_size_t *dest_len, const Bytef *source, z_size_t *source_len)
{
	return uncompress2(dest, dest_len, source, source_len);
}

int uncompress_z(Bytef *dest, z_size_t *dest_len, const Bytef *source, z_size_t source_len)
{
	uLong length = source_len;

	return uncompress2(dest, dest_len, source, &length);
}
