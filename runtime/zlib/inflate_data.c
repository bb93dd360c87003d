/* SPDX-License-Identifier: MIT */
#include "zlib/inflate.h"

#include <stdlib.h>
#include <string.h>

#include "zlib/checksum.h"

/* Output at a time, so that it is summed up while it is still in the cache. */
#define SLICE		((size_t)256 << 10)

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

void wdi_z_inflate_check(z_streamp strm, struct wdi_z_inflate *s, const uint8_t *out, size_t n)
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

static void gave(z_streamp strm, struct wdi_z_inflate *s, size_t n)
{
	wdi_z_inflate_check(strm, s, strm->next_out, n);
	strm->next_out += n;
	strm->avail_out -= (uInt)n;
	strm->total_out += n;
	s->given += n;
}

static void check_begin(z_streamp strm, struct wdi_z_inflate *s)
{
	s->check = s->wrap == WDI_Z_ZLIB;
	if (s->wrap != WDI_Z_RAW)
		strm->adler = s->check;
}

/* ---- the trailer ----------------------------------------------------------------------------- */

/* The bits are compared as zlib does it, which may have been primed with some. */
static bool word_good(const struct wdi_z_inflate *s)
{
	if (s->wrap == WDI_Z_ZLIB)
		return __builtin_bswap32((uint32_t)s->hold) == s->check;
	return s->hold == (s->words ? (uint32_t)s->given : s->check);
}

int wdi_z_inflate_trailer(z_streamp strm, struct wdi_z_inflate *s, const uint8_t **in, size_t *n)
{
	while (s->words < wdi_z_trailer_size(s) / 4) {
		for (; s->bits < 32; s->bits += 8, (*in)++, (*n)--) {
			strm->data_type = 64 + s->bits;
			if (!*n)
				return Z_OK;
			s->hold |= (uint64_t)**in << s->bits;
		}
		if (!s->no_check && !word_good(s)) {
			strm->msg = s->words ? (char *)"incorrect length check" :
					       (char *)"incorrect data check";
			strm->data_type = 64 + s->bits;
			s->stage = WDI_Z_BAD;
			return Z_DATA_ERROR;
		}
		s->hold = 0;
		s->bits = 0;
		s->words++;
	}
	strm->data_type = 64;
	s->stage = WDI_Z_ENDED;
	return Z_STREAM_END;
}

static int trailer_take(z_streamp strm, struct wdi_z_inflate *s)
{
	const uint8_t *in = strm->next_in;
	size_t n = strm->avail_in;
	int ret = wdi_z_inflate_trailer(strm, s, &in, &n);

	strm->total_in += strm->avail_in - n;
	strm->next_in = (Bytef *)(uintptr_t)in;
	strm->avail_in = (uInt)n;
	return ret;
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
	check_begin(strm, s);
	took(strm, header + in);
	gave(strm, s, out);
	if (trailer_take(strm, s) != Z_STREAM_END) {
		/* Take it all back: piece by piece the same is found, and said. */
		in = (size_t)(strm->next_in - (body - header));
		strm->next_in -= in;
		strm->avail_in += (uInt)in;
		strm->total_in -= in;
		strm->next_out -= out;
		strm->avail_out += (uInt)out;
		strm->total_out -= out;
		strm->msg = NULL;
		wdi_z_inflate_clear(s);
		return false;
	}
	return true;
}

/* ---- piece by piece ----------------------------------------------------------------------------- */

bool wdi_z_inflate_begin(z_streamp strm, struct wdi_z_inflate *s, size_t header)
{
	s->strm = wdi_z_engine_strm_open();
	if (!s->strm)
		return false;
	s->generation = wdi_z_generation;
	s->stage = WDI_Z_BODY;
	check_begin(strm, s);
	took(strm, header);
	return true;
}

static void at_trailer(struct wdi_z_inflate *s)
{
	s->stage = WDI_Z_TRAILER;
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
}

/* *@fresh: bytes of output in front of next_out that the window has not got. */
static int run(z_streamp strm, struct wdi_z_inflate *s, size_t *fresh)
{
	while (s->stage == WDI_Z_BODY) {
		size_t in = strm->avail_in, room = wdi_z_min((size_t)strm->avail_out, SLICE);
		size_t out = room;
		const uint8_t *from = strm->next_in;
		enum wdi_z_strm_end end;

		if (!out)
			return Z_OK;
		/* After a fork it stayed with our parent; or what it did was taken back. */
		if (!s->strm || s->generation != wdi_z_generation ||
		    !wdi_z_inflate_reserve(s, &in))
			return Z_DATA_ERROR;
		end = wdi_z_engine_strm_run(s->strm, from, &in, strm->next_out, &out);
		if (end == WDI_Z_STRM_NOT)
			return Z_DATA_ERROR;
		took(strm, in);
		gave(strm, s, out);
		*fresh += out;
		if (end == WDI_Z_STRM_END)
			at_trailer(s);
		if (!wdi_z_inflate_keep(s, from, in, out < room, strm->next_out, fresh))
			return Z_DATA_ERROR;
		if (end != WDI_Z_STRM_END &&
		    (!strm->avail_out || (!strm->avail_in && out < room)))
			return Z_OK;
	}
	return trailer_take(strm, s);
}

/*
 * zlib begins to keep a window when a call that gave something ends in the middle of the
 * data; of one that came to its end, only without Z_FINISH. What a call gives that takes
 * the check value does not go into the window.
 */
static void windowed(struct wdi_z_inflate *s, bool gave_some, int flush)
{
	bool done = s->stage == WDI_Z_ENDED || s->stage == WDI_Z_BAD || s->words;

	if (done && s->wrap != WDI_Z_RAW)
		return;
	if (!s->windowed && (!gave_some || (s->stage != WDI_Z_BODY && flush == Z_FINISH)))
		return;
	s->windowed = true;
	s->window_to = s->given;
}

/* A stream in front of a call. */
struct before {
	z_stream strm;
	uint64_t given;
	uint32_t check;
	size_t kept_len;
	const uint8_t *window;	/* another one: the base has moved */
};

/*
 * What is wrong with the data shows here later than in zlib, or elsewhere: a code with a gap
 * is taken, and it is the check value of what it gave that fails. So zlib does the call again.
 */
static void take_back(z_streamp strm, struct wdi_z_inflate *s, const struct before *b)
{
	/* It is ahead now, and nothing may go on with it even if zlib has no memory. */
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
	*strm = b->strm;
	s->given = b->given;
	s->check = b->check;
	s->kept_len = b->kept_len;
	s->stage = WDI_Z_BODY;
	s->words = s->bits = 0;
	s->hold = 0;
}

int wdi_z_inflate_run(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	const struct before before = {
		.strm = *strm, .given = s->given, .check = s->check, .kept_len = s->kept_len,
		.window = s->base.window.at,
	};
	bool in_body = s->stage == WDI_Z_BODY;
	size_t fresh = 0;
	int ret = run(strm, s, &fresh);

	if (ret == Z_DATA_ERROR && in_body && s->base.window.at == before.window) {
		take_back(strm, s, &before);
		return ret;
	}
	wdi_z_inflate_remember(s, strm->next_out, fresh);
	windowed(s, s->given != before.given, flush);
	return ret;
}

void wdi_z_inflate_drop(struct wdi_z_inflate *s)
{
	wdi_z_engine_strm_close(s->strm, s->generation);
	if (s->inner) {
		wdi_z_system()->inflateEnd(s->inner);
		free(s->inner);
	}
	free(s->kept);
	free(s->live.at);
	free(s->base.window.at);
}

void wdi_z_inflate_clear(struct wdi_z_inflate *s)
{
	wdi_z_inflate_drop(s);
	s->strm = 0;
	s->inner = NULL;
	s->kept = NULL;
	s->kept_len = s->kept_size = s->kept_off = 0;
	s->live = (struct wdi_z_ring){ .at = NULL };
	s->base = (struct wdi_z_base){ .given = 0 };
	s->words = s->bits = s->late = 0;
	s->hold = s->given = s->window_to = 0;
	s->unseen = 0;
	s->windowed = false;
	s->stage = WDI_Z_FRESH;
}
