/* SPDX-License-Identifier: MIT */
#include "zlib/inflate.h"

#include <stdlib.h>
#include <string.h>

#include "zlib/checksum.h"

/* Input that is kept so that zlib can do it again. */
#define KEEP_MAX	((size_t)128 << 10)
#define WINDOW		((size_t)32 << 10)
/* Output at a time, so that it is summed up while it is still in the cache. */
#define SLICE		((size_t)256 << 10)

static uint32_t big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little_endian(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ---- headers -------------------------------------------------------------------------- */

/* RFC 1952, without a checksum of the header itself, which few have. */
#define GZIP_HEADER	10
#define GZIP_HCRC	0x02
#define GZIP_EXTRA	0x04
#define GZIP_NAME	0x08
#define GZIP_COMMENT	0x10
#define GZIP_RESERVED	0xe0

static size_t gzip_header(const uint8_t *p, size_t len)
{
	size_t at = GZIP_HEADER;

	if (len < GZIP_HEADER || p[0] != 0x1f || p[1] != 0x8b || p[2] != Z_DEFLATED ||
	    p[3] & (GZIP_RESERVED | GZIP_HCRC))
		return 0;
	if (p[3] & GZIP_EXTRA) {
		if (len < at + 2)
			return 0;
		at += 2 + (size_t)(p[at] | p[at + 1] << 8);
	}
	for (unsigned int text = GZIP_NAME; text <= GZIP_COMMENT; text <<= 1) {
		const uint8_t *end;

		if (!(p[3] & text))
			continue;
		end = at < len ? memchr(p + at, 0, len - at) : NULL;
		if (!end)
			return 0;
		at = (size_t)(end - p) + 1;
	}
	return at <= len ? at : 0;
}

static size_t zlib_header(const uint8_t *p, size_t len)
{
	if (len < 2 || (p[0] & 0x0f) != Z_DEFLATED || p[0] >> 4 > 7 || p[1] & 0x20 ||
	    ((unsigned int)p[0] << 8 | p[1]) % 31)
		return 0;
	return 2;
}

size_t wdi_z_inflate_header(const z_stream *strm, struct wdi_z_inflate *s)
{
	const uint8_t *p = strm->next_in;
	size_t n = 0;

	if (s->window_bits > 15) {
		s->wrap = WDI_Z_GZIP;
		n = gzip_header(p, strm->avail_in);
	}
	if (!n && s->window_bits >= 0 && (s->window_bits <= 15 || s->window_bits > 31)) {
		s->wrap = WDI_Z_ZLIB;
		n = zlib_header(p, strm->avail_in);
	}
	return n;
}

/* ---- what the program sees ----------------------------------------------------------------- */

static void check_add(z_streamp strm, struct wdi_z_inflate *s, const uint8_t *out, size_t n)
{
	if (!n || s->wrap == WDI_Z_RAW || s->no_check)
		return;
	s->check = s->wrap == WDI_Z_GZIP ? wdi_z_crc32(s->check, out, n) :
					   wdi_z_adler32(s->check, out, n);
	strm->adler = s->check;
}

static void took(z_streamp strm, size_t n)
{
	/* The bit position in the input is the device's, which does not tell it. */
	strm->data_type = 0;
	if (!n)
		return;
	strm->next_in += n;
	strm->avail_in -= (uInt)n;
	strm->total_in += n;
}

/* Without memory for it, it is shorter than zlib's. */
static void window_add(struct wdi_z_inflate *s, const uint8_t *out, size_t n)
{
	size_t take = wdi_z_min(n, WINDOW), keep = wdi_z_min(s->window_len, WINDOW - take), size;
	uint8_t *p;

	if (take + keep > s->window_size) {
		size = take + keep > WINDOW / 4 ? WINDOW : (take + keep) * 2;
		p = realloc(s->window, size);
		if (!p)
			return;
		s->window = p;
		s->window_size = size;
	}
	if (keep && keep < s->window_len)
		memmove(s->window, s->window + s->window_len - keep, keep);
	memcpy(s->window + keep, out + n - take, take);
	s->window_len = keep + take;
}

void wdi_z_inflate_window(const struct wdi_z_inflate *s, uint8_t *to, uInt *length)
{
	if (to && s->window_len)
		memcpy(to, s->window, s->window_len);
	if (length)
		*length = (uInt)s->window_len;
}

/* @windowed: false where zlib does not begin to keep a window */
static void gave(z_streamp strm, struct wdi_z_inflate *s, size_t n, bool windowed)
{
	if (n && (windowed || s->window))
		window_add(s, strm->next_out, n);
	check_add(strm, s, strm->next_out, n);
	strm->next_out += n;
	strm->avail_out -= (uInt)n;
	strm->total_out += n;
}

static void check_begin(z_streamp strm, struct wdi_z_inflate *s)
{
	s->check = s->wrap == WDI_Z_ZLIB;
	if (s->wrap != WDI_Z_RAW)
		strm->adler = s->check;
}

static bool trailer_good(const struct wdi_z_inflate *s, uint32_t check, uint64_t total_out)
{
	if (s->wrap == WDI_Z_RAW || s->no_check)
		return true;
	if (s->wrap == WDI_Z_ZLIB)
		return big_endian(s->trailer) == check;
	return little_endian(s->trailer) == check &&
	       little_endian(s->trailer + 4) == (uint32_t)total_out;
}

/* ---- all at once ------------------------------------------------------------------------------ */

bool wdi_z_inflate_whole(z_streamp strm, struct wdi_z_inflate *s, size_t header)
{
	size_t tail = wdi_z_trailer_size(s), in, out = strm->avail_out;
	const uint8_t *body = strm->next_in + header;

	if (strm->avail_in <= header + tail)
		return false;
	in = strm->avail_in - header - tail;
	if (wdi_z_engine_decompress(body, &in, strm->next_out, &out) != WDI_Z_JOB_DONE)
		return false;
	memcpy(s->trailer, body + in, tail);
	check_begin(strm, s);
	took(strm, header + in + tail);
	gave(strm, s, out, false);
	if (!trailer_good(s, s->check, out)) {
		/* Take it all back: zlib finds the same, and says which of them it is. */
		size_t all = header + in + tail;

		strm->next_in -= all;
		strm->avail_in += (uInt)all;
		strm->total_in -= all;
		strm->next_out -= out;
		strm->avail_out += (uInt)out;
		strm->total_out -= out;
		return false;
	}
	s->stage = WDI_Z_ENDED;
	strm->data_type = 64;
	return true;
}

/* ---- piece by piece ----------------------------------------------------------------------------- */

static void keep(struct wdi_z_inflate *s, const uint8_t *in, size_t n)
{
	size_t size;
	uint8_t *p;

	if (s->lost || !n)
		return;
	if (s->kept_len + n > KEEP_MAX)
		goto lose;
	if (s->kept_len + n > s->kept_size) {
		size = wdi_z_min((s->kept_len + n) * 2, KEEP_MAX);
		p = realloc(s->kept, size);
		if (!p)
			goto lose;
		s->kept = p;
		s->kept_size = size;
	}
	memcpy(s->kept + s->kept_len, in, n);
	s->kept_len += n;
	return;
lose:
	free(s->kept);
	s->kept = NULL;
	s->kept_len = s->kept_size = 0;
	s->lost = true;
}

bool wdi_z_inflate_begin(z_streamp strm, struct wdi_z_inflate *s, size_t header)
{
	s->strm = wdi_z_engine_strm_open();
	if (!s->strm)
		return false;
	s->generation = wdi_z_generation;
	s->stage = WDI_Z_BODY;
	check_begin(strm, s);
	keep(s, strm->next_in, header);
	took(strm, header);
	return true;
}

static int trailer_take(z_streamp strm, struct wdi_z_inflate *s)
{
	size_t n = wdi_z_min(wdi_z_trailer_size(s) - s->trailer_len, (size_t)strm->avail_in);
	uint8_t before[sizeof(s->trailer)];

	memcpy(before, s->trailer, sizeof(before));
	if (n)
		memcpy(s->trailer + s->trailer_len, strm->next_in, n);
	if (s->trailer_len + n < wdi_z_trailer_size(s)) {
		keep(s, strm->next_in, n);
		s->trailer_len += (uint8_t)n;
		took(strm, n);
		return Z_OK;
	}
	if (!trailer_good(s, s->check, strm->total_out)) {
		if (!s->lost) {
			memcpy(s->trailer, before, sizeof(before));
			return Z_DATA_ERROR;
		}
		/* zlib takes the word that is wrong, and nothing behind it. */
		if (s->wrap == WDI_Z_GZIP && little_endian(s->trailer) != s->check &&
		    s->trailer_len + n > 4)
			n = s->trailer_len < 4 ? 4u - s->trailer_len : 0;
		strm->msg = s->wrap == WDI_Z_GZIP && little_endian(s->trailer) == s->check ?
			    (char *)"incorrect length check" : (char *)"incorrect data check";
		took(strm, n);
		s->stage = WDI_Z_BAD;
		return Z_DATA_ERROR;
	}
	s->trailer_len += (uint8_t)n;
	took(strm, n);
	s->stage = WDI_Z_ENDED;
	strm->data_type = 64;
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
	return Z_STREAM_END;
}

static int run(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	while (s->stage == WDI_Z_BODY) {
		size_t in = strm->avail_in, room = wdi_z_min((size_t)strm->avail_out, SLICE);
		size_t out = room;
		enum wdi_z_strm_end end;

		if (!out)
			return Z_OK;
		if (s->generation != wdi_z_generation)
			return Z_DATA_ERROR;	/* it stayed with our parent */
		end = wdi_z_engine_strm_run(s->strm, strm->next_in, &in, strm->next_out, &out);
		if (end == WDI_Z_STRM_NOT)
			return Z_DATA_ERROR;
		keep(s, strm->next_in, in);
		took(strm, in);
		gave(strm, s, out, end != WDI_Z_STRM_END || flush != Z_FINISH);
		if (end == WDI_Z_STRM_END)
			s->stage = WDI_Z_TRAILER;
		else if (!strm->avail_out || (!strm->avail_in && out < room))
			return Z_OK;
	}
	return trailer_take(strm, s);
}

/*
 * zlib begins to keep a window when a call that gave something ends in the middle of the
 * data; of one that came to its end, only without a wrapper and without Z_FINISH.
 */
int wdi_z_inflate_run(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	bool windowed = s->window;
	int ret = run(strm, s, flush);

	if (!windowed && s->window && s->stage != WDI_Z_BODY &&
	    (flush == Z_FINISH || (s->wrap != WDI_Z_RAW && s->stage != WDI_Z_TRAILER))) {
		free(s->window);
		s->window = NULL;
		s->window_len = s->window_size = 0;
	}
	return ret;
}

/* ---- to the system's zlib ------------------------------------------------------------------------- */

/*
 * Bring the inner stream to where the program is: to the byte in the output,
 * and with as much of the input that was taken as zlib takes for it.
 */
static bool replay(z_stream *inner, struct wdi_z_inflate *s, uint64_t total_out)
{
	const struct wdi_z_system *sys = wdi_z_system();
	uint8_t out[16384];
	int ret = Z_OK;

	inner->next_in = s->kept;
	inner->avail_in = (uInt)s->kept_len;
	while (ret == Z_OK && inner->total_out < total_out) {
		inner->next_out = out;
		inner->avail_out = (uInt)wdi_z_min(sizeof(out), total_out - inner->total_out);
		ret = sys->inflate(inner, Z_NO_FLUSH);
	}
	s->kept_off = s->kept_len - inner->avail_in;
	return inner->total_out == total_out;
}

/*
 * A stream at its end has its wrapper and its window, so it is one with no data that has a
 * dictionary. gzip knows none: there the window goes before the wrapper.
 */
static int at_end_bits(const struct wdi_z_inflate *s)
{
	return s->wrap == WDI_Z_RAW || (s->wrap == WDI_Z_GZIP && s->window_len) ? -MAX_WBITS :
	       s->window_bits;
}

static bool at_end(z_stream *inner, struct wdi_z_inflate *s)
{
	static const uint8_t empty[] = { 0x03, 0x00 }, sum[] = { 0, 0, 0, 1 }, crc[8] = { 0 };
	static const uint8_t gzip[GZIP_HEADER] = { 0x1f, 0x8b, Z_DEFLATED, [9] = 255 };
	const struct wdi_z_system *sys = wdi_z_system();
	bool raw = at_end_bits(s) < 0;
	uint32_t id = wdi_z_adler32(1, s->window, s->window_len);
	uint8_t zlib[] = { 0x78, 0x01, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
			   (uint8_t)id };
	const struct {
		const uint8_t *p;
		size_t n;
	} parts[] = {
		{ s->wrap == WDI_Z_GZIP ? gzip : zlib, raw ? 0 : s->wrap == WDI_Z_GZIP ?
		  sizeof(gzip) : s->window_len ? sizeof(zlib) : 2 },
		{ empty, sizeof(empty) },
		{ s->wrap == WDI_Z_GZIP ? crc : sum, raw ? 0 : wdi_z_trailer_size(s) },
	};
	uint8_t nowhere;
	int ret = Z_OK;

	if (s->window_len)
		zlib[1] = 0xbb;		/* a dictionary, and the rest a multiple of 31 */
	if (raw && s->window_len)
		sys->inflateSetDictionary(inner, s->window, (uInt)s->window_len);
	inner->next_out = &nowhere;
	inner->avail_out = sizeof(nowhere);
	for (size_t i = 0; i < wdi_z_array_size(parts) && ret == Z_OK; i++) {
		if (!parts[i].n)
			continue;
		inner->next_in = (Bytef *)(uintptr_t)parts[i].p;
		inner->avail_in = (uInt)parts[i].n;
		ret = sys->inflate(inner, Z_NO_FLUSH);
		if (ret == Z_NEED_DICT)
			ret = sys->inflateSetDictionary(inner, s->window, (uInt)s->window_len);
	}
	return ret == Z_STREAM_END;
}

int wdi_z_inflate_hand_over(z_streamp strm, struct wdi_z_inflate *s, enum wdi_z_reason why)
{
	const struct wdi_z_system *sys = wdi_z_system();
	bool ended = s->stage == WDI_Z_ENDED;
	z_stream *inner;

	if (s->inner)
		return Z_OK;
	if (s->lost && !ended)
		return Z_STREAM_ERROR;
	inner = calloc(1, sizeof(*inner));
	if (!inner)
		return Z_MEM_ERROR;
	if (sys->inflateInit2_(inner, ended ? at_end_bits(s) : s->window_bits, sys->zlibVersion(),
			       sizeof(*inner)) != Z_OK) {
		free(inner);
		return Z_MEM_ERROR;
	}
	if (s->no_check)
		sys->inflateValidate(inner, 0);
	if (!(ended ? at_end(inner, s) : replay(inner, s, strm->total_out))) {
		sys->inflateEnd(inner);
		free(inner);
		return Z_STREAM_ERROR;
	}
	if (ended)
		s->kept_off = s->kept_len;
	inner->adler = strm->adler;
	wdi_z_count_why(why);
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
	s->inner = inner;
	return Z_OK;
}

/* One call of the inner stream's, on input of @from. */
static int inner_call(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	z_stream *inner = s->inner;
	size_t out = strm->avail_out;
	int ret;

	inner->next_out = strm->next_out;
	inner->avail_out = strm->avail_out;
	inner->msg = strm->msg;
	ret = wdi_z_system()->inflate(inner, flush);
	out -= inner->avail_out;
	strm->next_out = inner->next_out;
	strm->avail_out = inner->avail_out;
	strm->total_out += out;
	strm->data_type = inner->data_type;
	if (s->window_bits > 0)
		strm->adler = inner->adler;
	strm->msg = inner->msg;
	return ret;
}

static bool stopped_at_block(const z_stream *inner, int flush)
{
	return (flush == Z_BLOCK || flush == Z_TREES) && inner->data_type & (128 | 256);
}

int wdi_z_inflate_inner(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	z_stream *inner = s->inner;
	size_t in_before = strm->avail_in, out_before = strm->avail_out;
	int ret;

	/* What was taken ahead of zlib comes first. */
	if (s->kept_off < s->kept_len) {
		inner->next_in = s->kept + s->kept_off;
		inner->avail_in = (uInt)(s->kept_len - s->kept_off);
		ret = inner_call(strm, s, flush == Z_FINISH ? Z_SYNC_FLUSH : flush);
		s->kept_off = s->kept_len - inner->avail_in;
		if (ret == Z_OK && stopped_at_block(inner, flush))
			return ret;
		if (inner->avail_in || (ret != Z_OK && ret != Z_BUF_ERROR))
			return ret == Z_OK && flush == Z_FINISH ? Z_BUF_ERROR : ret;
	}
	if (s->kept) {
		free(s->kept);
		s->kept = NULL;
		s->kept_len = s->kept_off = s->kept_size = 0;
	}
	inner->next_in = strm->next_in;
	inner->avail_in = strm->avail_in;
	ret = inner_call(strm, s, flush);
	strm->total_in += strm->avail_in - inner->avail_in;
	strm->next_in = inner->next_in;
	strm->avail_in = inner->avail_in;
	if (ret == Z_BUF_ERROR && flush != Z_FINISH &&
	    (in_before != strm->avail_in || out_before != strm->avail_out))
		return Z_OK;
	return ret;
}

void wdi_z_inflate_clear(struct wdi_z_inflate *s)
{
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
	if (s->inner) {
		wdi_z_system()->inflateEnd(s->inner);
		free(s->inner);
		s->inner = NULL;
	}
	free(s->kept);
	free(s->window);
	s->kept = s->window = NULL;
	s->kept_len = s->kept_size = s->kept_off = 0;
	s->window_len = s->window_size = 0;
	s->lost = false;
	s->trailer_len = 0;
	s->stage = WDI_Z_FRESH;
}
