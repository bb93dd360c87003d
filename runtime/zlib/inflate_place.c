/* SPDX-License-Identifier: MIT */
/*
 * The way back to the system's zlib. What the device has done cannot be taken out of it
 * at any moment, least of all when it has failed or belongs to another process; so the
 * input is kept, and zlib does it again up to the byte of output that the program has.
 * From time to time the device is asked where it is, and what lies before that place is
 * not needed any more but for a window of the output.
 */
#include "zlib/inflate.h"

#include <stdlib.h>
#include <string.h>

#include "weft/comp.h"
#include "zlib/settings.h"

/* When no place can be told, so much more is kept, as often, before zlib has the stream. */
#define LATE_STEP	((size_t)16 << 10)
#define LATE_MAX	8

/* ---- windows ------------------------------------------------------------------------- */

void wdi_z_ring_add(struct wdi_z_ring *r, const uint8_t *p, size_t n)
{
	size_t first;

	if (n > WDI_Z_RING) {
		p += n - WDI_Z_RING;
		n = WDI_Z_RING;
	}
	first = wdi_z_min(n, WDI_Z_RING - r->pos);
	memcpy(r->at + r->pos, p, first);
	memcpy(r->at, p + first, n - first);
	r->pos = (uint32_t)((r->pos + n) % WDI_Z_RING);
	r->len = (uint32_t)wdi_z_min(r->len + n, WDI_Z_RING);
}

/* All but the last @behind bytes of a ring, into the window of @inner. */
static bool set_window(z_stream *inner, const struct wdi_z_ring *r, uint32_t behind)
{
	const struct wdi_z_system *sys = wdi_z_system();
	size_t len = r->len - behind, start = (r->pos + WDI_Z_RING - r->len) % WDI_Z_RING;
	size_t first = wdi_z_min(len, WDI_Z_RING - start);

	return (!first || sys->inflateSetDictionary(inner, r->at + start, (uInt)first) == Z_OK) &&
	       (len == first ||
		sys->inflateSetDictionary(inner, r->at, (uInt)(len - first)) == Z_OK);
}

static void window_add(struct wdi_z_inflate *s, const uint8_t *out, size_t *fresh)
{
	if (!s->live.at) {
		/* Without memory there will be no new base. */
		s->live.at = malloc(WDI_Z_RING);
		s->live.len = s->live.pos = 0;
		if (!s->live.at)
			return;
	}
	wdi_z_ring_add(&s->live, out - *fresh, *fresh);
	*fresh = 0;
}

/* ---- places --------------------------------------------------------------------------- */

/* Whether the window holds all that data behind it may refer to. */
static bool window_whole(const struct wdi_z_inflate *s, uint32_t behind)
{
	return s->live.len >= WDI_Z_WINDOW + behind ||
	       (s->live.len == s->given && !s->base.window.len);
}

static bool move_base(struct wdi_z_inflate *s)
{
	struct weft_comp_place place;
	struct wdi_z_ring old = s->base.window;
	unsigned int odd;

	if (!s->live.at || !window_whole(s, 0) || !wdi_z_engine_strm_tell(s->strm, &place) ||
	    place.behind > s->live.len || !window_whole(s, place.behind))
		return false;
	odd = place.bits % 8;
	s->base.odd = (uint8_t)odd;
	s->base.odd_value = (uint8_t)(odd ? place.data[0] >> (8 - odd) : 0);
	s->base.behind = (uint8_t)place.behind;
	s->base.given = s->given;
	s->base.window = s->live;
	s->live = old;
	s->live.len = s->live.pos = 0;
	s->kept_len = place.bits / 8;
	memcpy(s->kept, place.data + !!odd, s->kept_len);
	return true;
}

static size_t keep_place(void)
{
	return wdi_z_settings()->keep_bytes;
}

/* How much is kept when a place is due: later each time that none could be told. */
static size_t due(const struct wdi_z_inflate *s)
{
	return keep_place() + s->late * LATE_STEP;
}

bool wdi_z_inflate_reserve(struct wdi_z_inflate *s, size_t *n)
{
	size_t size;
	uint8_t *p;

	/* No input: the decoder has to give all that it has decoded ahead first. */
	*n = wdi_z_min(*n, due(s) - s->kept_len);
	if (s->kept_len + *n <= s->kept_size)
		return true;
	size = wdi_z_min((s->kept_len + *n) * 2 + sizeof(struct weft_comp_place),
			 keep_place() + LATE_MAX * LATE_STEP);
	p = realloc(s->kept, size);
	if (!p)
		return false;
	s->kept = p;
	s->kept_size = size;
	return true;
}

bool wdi_z_inflate_keep(struct wdi_z_inflate *s, const uint8_t *in, size_t n, bool all_given,
			const uint8_t *out, size_t *fresh)
{
	if (n)
		memcpy(s->kept + s->kept_len, in, n);
	s->kept_len += n;
	if (s->stage != WDI_Z_BODY || s->kept_len < due(s) || !all_given)
		return true;
	window_add(s, out, fresh);
	if (move_base(s))
		s->late = 0;
	else
		s->late++;
	return s->late <= LATE_MAX;
}

void wdi_z_inflate_remember(struct wdi_z_inflate *s, const uint8_t *out, size_t fresh)
{
	if (fresh && s->stage == WDI_Z_BODY && s->kept_len >= keep_place() / 2)
		window_add(s, out, &fresh);
}

/* ---- doing it again --------------------------------------------------------------------- */

static z_stream *inner_new(void)
{
	const struct wdi_z_system *sys = wdi_z_system();
	z_stream *inner = calloc(1, sizeof(*inner));

	if (inner && sys->inflateInit2_(inner, -MAX_WBITS, sys->zlibVersion(),
					sizeof(*inner)) != Z_OK) {
		free(inner);
		return NULL;
	}
	return inner;
}

static void inner_free(z_stream *inner)
{
	if (inner)
		wdi_z_system()->inflateEnd(inner);
	free(inner);
}

/*
 * Bring a new inner stream to byte @to of the output, and as far in the input as zlib
 * goes for it. Z_OK, Z_MEM_ERROR, Z_DATA_ERROR.
 */
static int again(z_stream *inner, const struct wdi_z_inflate *s, uint64_t to)
{
	const struct wdi_z_system *sys = wdi_z_system();
	const struct wdi_z_base *base = &s->base;
	uint64_t left = to - base->given + base->behind;
	uint8_t out[16384];
	int ret;

	if (base->window.len && !set_window(inner, &base->window, base->behind))
		return Z_MEM_ERROR;
	if (base->odd)
		sys->inflatePrime(inner, base->odd, base->odd_value);
	inner->next_in = s->kept;
	inner->avail_in = (uInt)s->kept_len;
	do {
		inner->next_out = out;
		inner->avail_out = (uInt)wdi_z_min(sizeof(out), left);
		left -= inner->avail_out;
		ret = sys->inflate(inner, Z_NO_FLUSH);
		left += inner->avail_out;
	} while (left && ret == Z_OK);
	if (!left)
		return Z_OK;
	return ret == Z_MEM_ERROR ? ret : Z_DATA_ERROR;
}

/* A stream at the end of its data, which is one with a window and no data. */
static bool at_end(z_stream *inner, const uint8_t *window, uInt len)
{
	static const uint8_t empty[] = { 0x03, 0x00 };
	const struct wdi_z_system *sys = wdi_z_system();
	uint8_t nowhere;

	if (len && sys->inflateSetDictionary(inner, window, len) != Z_OK)
		return false;
	inner->next_in = (Bytef *)(uintptr_t)empty;
	inner->avail_in = sizeof(empty);
	inner->next_out = &nowhere;
	inner->avail_out = sizeof(nowhere);
	return sys->inflate(inner, Z_NO_FLUSH) == Z_STREAM_END;
}

bool wdi_z_inflate_window(struct wdi_z_inflate *s, uint8_t *to, uInt *length)
{
	/* If the call that ended the stream was longer than what is kept, what it began with is gone. */
	uint64_t at = s->window_to < s->base.given ? s->base.given : s->window_to;
	z_stream *inner;
	bool good;

	*length = 0;
	if (!s->windowed)
		return true;
	inner = inner_new();
	good = inner && again(inner, s, at) == Z_OK &&
	       wdi_z_system()->inflateGetDictionary(inner, to, length) == Z_OK;
	inner_free(inner);
	return good;
}

static int to_end(z_stream *inner, struct wdi_z_inflate *s)
{
	uint8_t *window = malloc(WDI_Z_WINDOW);
	uInt len;
	bool good = window && wdi_z_inflate_window(s, window, &len) && at_end(inner, window, len);

	free(window);
	return good ? Z_OK : Z_MEM_ERROR;
}

static void ring_free(struct wdi_z_ring *r)
{
	free(r->at);
	*r = (struct wdi_z_ring){ .at = NULL };
}

int wdi_z_inflate_hand_over(z_streamp strm, struct wdi_z_inflate *s, enum wdi_z_reason why)
{
	z_stream *inner;
	int ret;

	if (s->inner)
		return Z_OK;
	inner = inner_new();
	if (!inner)
		return Z_MEM_ERROR;
	ret = s->stage == WDI_Z_BODY ? again(inner, s, s->given) : to_end(inner, s);
	if (ret != Z_MEM_ERROR && inner->msg)
		strm->msg = inner->msg;
	if (ret != Z_OK) {
		inner_free(inner);
		if (ret == Z_DATA_ERROR)
			s->stage = WDI_Z_BAD;
		return ret;
	}
	s->kept_off = s->stage == WDI_Z_BODY ? s->kept_len - inner->avail_in : s->kept_len;
	wdi_z_count_why(why);
	wdi_z_engine_strm_close(s->strm, s->generation);
	s->strm = 0;
	s->inner = inner;
	ring_free(&s->live);
	ring_free(&s->base.window);
	return Z_OK;
}
