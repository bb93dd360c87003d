/* SPDX-License-Identifier: MIT */
/*
 * A stream that was handed over: the system's zlib has its data, without the wrapper,
 * because it can only begin in the middle of that. The check value and the trailer
 * are ours.
 */
#include "zlib/inflate.h"

#include <stdlib.h>

/* One call of the inner stream's, on the input that it has been given. */
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
	wdi_z_inflate_check(strm, s, strm->next_out, out);
	strm->next_out = inner->next_out;
	strm->avail_out = inner->avail_out;
	strm->total_out += out;
	s->given += out;
	if (ret != Z_STREAM_ERROR)
		strm->data_type = inner->data_type;
	strm->msg = inner->msg;
	return ret;
}

/* A call on *@n bytes at *@in, through the data and the trailer. */
static int feed(z_streamp strm, struct wdi_z_inflate *s, const uint8_t **in, size_t *n, int flush)
{
	z_stream *inner = s->inner;
	int ret;

	if (s->stage == WDI_Z_BODY || s->wrap == WDI_Z_RAW) {
		inner->next_in = (Bytef *)(uintptr_t)*in;
		inner->avail_in = (uInt)*n;
		ret = inner_call(strm, s, flush);
		*in += *n - inner->avail_in;
		*n = inner->avail_in;
		if (ret != Z_STREAM_END || s->wrap == WDI_Z_RAW)
			return ret;
		s->stage = WDI_Z_TRAILER;
	}
	if (s->stage == WDI_Z_TRAILER)
		return wdi_z_inflate_trailer(strm, s, in, n);
	strm->data_type = 64 + s->bits;
	return s->stage == WDI_Z_ENDED ? Z_STREAM_END : Z_DATA_ERROR;
}

static bool stopped_at_block(const z_stream *strm, int flush)
{
	return (flush == Z_BLOCK || flush == Z_TREES) && strm->data_type & (128 | 256);
}

/* What was taken ahead of zlib comes first. True: and the program's input after it. */
static bool feed_kept(z_streamp strm, struct wdi_z_inflate *s, int flush, int *ret)
{
	const uint8_t *in = s->kept + s->kept_off;
	size_t n = s->kept_len - s->kept_off;

	*ret = feed(strm, s, &in, &n, flush == Z_FINISH ? Z_SYNC_FLUSH : flush);
	s->kept_off = s->kept_len - n;
	return !n && (*ret == Z_OK || *ret == Z_BUF_ERROR) && !stopped_at_block(strm, flush);
}

static void forget_kept(struct wdi_z_inflate *s)
{
	free(s->kept);
	s->kept = NULL;
	s->kept_len = s->kept_off = s->kept_size = 0;
}

int wdi_z_inflate_inner(z_streamp strm, struct wdi_z_inflate *s, int flush)
{
	size_t in_before = strm->avail_in, out_before = strm->avail_out;
	bool unchecked = !s->words && s->stage <= WDI_Z_TRAILER, more = true, moved = false;
	int ret = Z_OK;

	if (s->kept_off < s->kept_len) {
		size_t from = s->kept_off;

		more = feed_kept(strm, s, flush, &ret);
		/* It is input to zlib, and taking it is something done. */
		moved = s->kept_off != from;
	}
	if (more) {
		const uint8_t *in = strm->next_in;
		size_t n = in_before;

		if (s->kept)
			forget_kept(s);
		ret = feed(strm, s, &in, &n, flush);
		strm->total_in += in_before - n;
		strm->next_in = (Bytef *)(uintptr_t)in;
		strm->avail_in = (uInt)n;
	} else if (ret == Z_OK && stopped_at_block(strm, flush)) {
		return ret;
	}
	/* See windowed() in inflate_data.c. */
	if (unchecked && s->wrap != WDI_Z_RAW && (s->words || s->stage > WDI_Z_TRAILER))
		s->unseen = (uint32_t)(out_before - strm->avail_out);
	if (ret == Z_OK || ret == Z_BUF_ERROR) {
		moved |= in_before != strm->avail_in || out_before != strm->avail_out;
		ret = moved && flush != Z_FINISH ? Z_OK : Z_BUF_ERROR;
	}
	return ret;
}

/* The search goes through the trailer that has come, what was taken ahead, and the input. */
int wdi_z_inflate_inner_sync(z_streamp strm, struct wdi_z_inflate *s)
{
	const struct wdi_z_system *sys = wdi_z_system();
	uint8_t held[sizeof(s->hold)];
	size_t held_len = s->bits / 8, used;
	struct {
		const uint8_t *p;
		size_t n;
	} parts[] = {
		{ held, held_len },
		{ s->kept ? s->kept + s->kept_off : NULL, s->kept_len - s->kept_off },
		{ strm->next_in, strm->avail_in },
	};
	int ret = Z_BUF_ERROR;

	for (size_t i = 0; i < held_len; i++)
		held[i] = (uint8_t)(s->hold >> (s->bits % 8 + 8 * i));
	for (size_t i = 0; i < wdi_z_array_size(parts) && ret != Z_OK; i++) {
		if (!parts[i].n && (i < 2 || ret != Z_BUF_ERROR))
			continue;
		s->inner->next_in = (Bytef *)(uintptr_t)parts[i].p;
		s->inner->avail_in = (uInt)parts[i].n;
		ret = sys->inflateSync(s->inner);
		used = parts[i].n - s->inner->avail_in;
		if (i == 1)
			s->kept_off += used;
		if (i == 2 && used) {
			strm->total_in += used;
			strm->next_in += used;
			strm->avail_in -= (uInt)used;
		}
	}
	if (ret != Z_OK && ret != Z_DATA_ERROR)
		return ret;
	/* From here on the inner stream says what comes next. */
	s->stage = WDI_Z_BODY;
	s->hold = 0;
	s->bits = s->words = 0;
	if (ret == Z_OK) {
		/* zlib begins anew but for the counts, and checks no more. */
		s->no_check = true;
		s->given = 0;
		s->unseen = 0;
		strm->msg = NULL;
		if (s->window_bits > 0)
			strm->adler = ((s->window_bits >> 4) + 5) & 1;
	}
	return ret;
}

int wdi_z_inflate_inner_prime(struct wdi_z_inflate *s, int bits, int value)
{
	if (s->stage == WDI_Z_BODY || s->wrap == WDI_Z_RAW)
		return wdi_z_system()->inflatePrime(s->inner, bits, value);
	if (bits < 0) {
		s->hold = 0;
		s->bits = 0;
	} else if (bits > 16 || s->bits + bits > 32) {
		return Z_STREAM_ERROR;
	} else {
		s->hold |= ((uint64_t)value & ((UINT64_C(1) << bits) - 1)) << s->bits;
		s->bits += (uint8_t)bits;
	}
	return Z_OK;
}

int wdi_z_inflate_inner_window(struct wdi_z_inflate *s, uint8_t *to, uInt *length)
{
	uInt len = 0;
	int ret = wdi_z_system()->inflateGetDictionary(s->inner, to, &len);

	if (ret == Z_OK && length)
		*length = len - (uInt)wdi_z_min(len, s->unseen);
	return ret;
}
