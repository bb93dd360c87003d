/* SPDX-License-Identifier: MIT */
#include "zlib/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "zlib/checksum.h"
#include "zlib/settings.h"

#define HELD_FIRST	((size_t)16 << 10)

/* An empty stored block, from one byte boundary to the next. */
static const uint8_t marker[] = { 0x00, 0x00, 0x00, 0xff, 0xff };
/* An empty last block. */
static const uint8_t final_empty[] = { 0x03, 0x00 };

#define HEADER_MAX	10
#define TRAILER_MAX	8

/* Room for what any engine makes of @n bytes, and a trailer. */
static size_t room_for(size_t n)
{
	return n + n / 8 + n / 64 + 320;
}

/* ---- output that waits --------------------------------------------------------------- */

bool wdi_z_deflate_deliver(z_streamp strm, struct wdi_z_deflate *s)
{
	size_t n = wdi_z_min(s->pend_len - s->pend_off, (size_t)strm->avail_out);

	if (n) {
		memcpy(strm->next_out, s->pend + s->pend_off, n);
		strm->next_out += n;
		strm->avail_out -= (uInt)n;
		strm->total_out += n;
		s->pend_off += n;
	}
	if (s->pend_off < s->pend_len)
		return false;
	s->pend_off = s->pend_len = 0;
	return true;
}

bool wdi_z_deflate_pend(struct wdi_z_deflate *s, const uint8_t *bytes, size_t n)
{
	if (!n)
		return true;
	if (s->pend_size - s->pend_len < n) {
		size_t size = (s->pend_len + n) * 3 / 2 + 64;
		uint8_t *p = realloc(s->pend, size);

		if (!p)
			return false;
		s->pend = p;
		s->pend_size = size;
	}
	memcpy(s->pend + s->pend_len, bytes, n);
	s->pend_len += n;
	return true;
}

/* ---- wrappers -------------------------------------------------------------------------- */

/* What zlib writes: level and strategy show in one field of each header. */
static size_t header_make(const struct wdi_z_deflate *s, uint8_t *to)
{
	unsigned int level = s->strategy >= Z_HUFFMAN_ONLY || s->level < 2 ? 0 :
			     s->level < 6 ? 1 : s->level == 6 ? 2 : 3;
	unsigned int word;

	if (s->wrap == 1) {
		word = (unsigned int)(Z_DEFLATED + ((s->window_bits - 8) << 4)) << 8 | level << 6;
		word += 31 - word % 31;
		to[0] = (uint8_t)(word >> 8);
		to[1] = (uint8_t)word;
		return 2;
	}
	if (s->wrap == 2) {
		static const uint8_t gzip[] = { 0x1f, 0x8b, Z_DEFLATED, 0, 0, 0, 0, 0, 0, 3 };

		memcpy(to, gzip, sizeof(gzip));
		to[8] = s->level == 9 ? 2 : s->strategy >= Z_HUFFMAN_ONLY || s->level < 2 ? 4 : 0;
		return sizeof(gzip);
	}
	return 0;
}

static size_t trailer_make(const struct wdi_z_deflate *s, uint64_t total_in, uint8_t *to)
{
	for (unsigned int i = 0; i < 4; i++) {
		if (s->wrap == 1) {
			to[i] = (uint8_t)(s->check >> (24 - 8 * i));
		} else if (s->wrap == 2) {
			to[i] = (uint8_t)(s->check >> 8 * i);
			to[4 + i] = (uint8_t)(total_in >> 8 * i);
		}
	}
	return s->wrap == 1 ? 4 : s->wrap == 2 ? 8 : 0;
}

void wdi_z_deflate_header(z_streamp strm, struct wdi_z_deflate *s)
{
	uint8_t header[HEADER_MAX];

	s->check = s->wrap == 2 ? 0 : 1;
	strm->adler = s->check;
	s->status = WDI_Z_BUSY;
	wdi_z_deflate_pend(s, header, header_make(s, header));
}

void wdi_z_deflate_trailer(struct wdi_z_deflate *s)
{
	uint8_t trailer[TRAILER_MAX];

	if (s->trailed)
		return;
	s->trailed = true;
	wdi_z_deflate_pend(s, trailer, trailer_make(s, s->head.strm->total_in, trailer));
}

/* ---- input ------------------------------------------------------------------------------- */

/*
 * zlib's guess, from what its first block has as literals: bytes that text has
 * not make it binary. A byte's first occurrence is a literal.
 */
static int guess_type(const uint8_t *in, size_t n)
{
	const uint32_t black = UINT32_C(0xf3ffc07f);
	bool text = false;

	for (size_t i = 0; i < n; i++) {
		if (in[i] < 32 && black >> in[i] & 1)
			return Z_BINARY;
		text |= in[i] == 9 || in[i] == 10 || in[i] == 13 || in[i] >= 32;
	}
	return text ? Z_TEXT : Z_BINARY;
}

static void type_set(z_streamp strm, struct wdi_z_deflate *s, const uint8_t *in, size_t n)
{
	if (s->typed)
		return;
	s->typed = true;
	strm->data_type = guess_type(in, wdi_z_min(n, (size_t)16 << 10));
}

static void check_add(z_streamp strm, struct wdi_z_deflate *s, const uint8_t *in, size_t n)
{
	if (s->wrap == 1)
		s->check = wdi_z_adler32(s->check, in, n);
	else if (s->wrap == 2)
		s->check = wdi_z_crc32(s->check, in, n);
	if (s->wrap)
		strm->adler = s->check;
}

void wdi_z_deflate_took(z_streamp strm, struct wdi_z_deflate *s, const uint8_t *in, size_t n)
{
	check_add(strm, s, in, n);
	strm->next_in += n;
	strm->avail_in -= (uInt)n;
	strm->total_in += n;
}

/* Room for @n more bytes of input, or as many as a part takes. False: no memory. */
static bool held_grow(struct wdi_z_deflate *s, size_t n)
{
	size_t want = s->held_size ? s->held_size : HELD_FIRST;
	uint8_t *p;

	while (want < s->held_len + n && want < WDI_Z_PART_SIZE)
		want *= 2;
	if (want == s->held_size)
		return true;
	p = realloc(s->held, want);
	if (!p)
		return false;
	s->held = p;
	s->held_size = want;
	return true;
}

size_t wdi_z_deflate_window(const struct wdi_z_deflate *s, uint8_t *to)
{
	size_t held = wdi_z_min(s->held_len, WDI_Z_WINDOW);
	size_t before = wdi_z_min(s->history_len, WDI_Z_WINDOW - held);

	if (to && before)
		memcpy(to, s->history + s->history_len - before, before);
	if (to && held)
		memcpy(to + before, s->held + s->held_len - held, held);
	return before + held;
}

/* What the system's zlib would need to go on behind this input. */
static void history_keep(struct wdi_z_deflate *s, const uint8_t *in, size_t n)
{
	size_t keep = wdi_z_min(n, WDI_Z_WINDOW), old = wdi_z_min(s->history_len,
								  WDI_Z_WINDOW - keep);

	if (!s->history)
		s->history = malloc(WDI_Z_WINDOW);
	if (!s->history) {
		s->history_len = s->history_live = 0;
		return;
	}
	memmove(s->history, s->history + s->history_len - old, old);
	memcpy(s->history + old, in + n - keep, keep);
	s->history_len = old + keep;
	s->history_live = wdi_z_min(s->history_live + n, s->history_len);
}

/* ---- parts ---------------------------------------------------------------------------------- */

/* A piece as the device makes it, by the system's zlib: for what the device failed at. */
static bool part_by_system(struct wdi_z_deflate *s, struct wdi_z_part *part)
{
	const struct wdi_z_system *sys = wdi_z_system();
	z_stream z = { .next_in = part->in, .avail_in = (uInt)part->in_len, .next_out = part->out,
		       .avail_out = (uInt)part->out_room };
	bool good;

	if (sys->deflateInit2_(&z, s->level, Z_DEFLATED, -15, s->mem_level, s->strategy,
			       sys->zlibVersion(), sizeof(z)) != Z_OK)
		return false;
	sys->deflate(&z, part->last ? Z_FINISH : Z_FULL_FLUSH);
	good = !z.avail_in && z.avail_out;
	part->out_len = z.next_out - part->out;
	sys->deflateEnd(&z);
	wdi_z_count_why(WDI_Z_WHY_DEVICE);
	return good;
}

static bool part_run(struct wdi_z_deflate *s, struct wdi_z_part *part)
{
	size_t n = part->out_room;

	if (wdi_z_engine(0) && wdi_z_engine_compress(s->level, !part->last, part->in, part->in_len,
						      part->out, &n) == WDI_Z_JOB_DONE) {
		part->out_len = n;
		return true;
	}
	return part_by_system(s, part);
}

/* The oldest part is over: its output waits for room. False: no memory. */
static bool part_take(struct wdi_z_deflate *s)
{
	struct wdi_z_part *part = &s->parts[s->first];
	bool good = true;

	wdi_z_engine_wait(part);
	if (atomic_load_explicit(&part->state, memory_order_acquire) != WDI_Z_PART_DONE)
		good = part_run(s, part);
	if (good && !s->pend_len) {
		/* An exchange of buffers instead of a copy. */
		uint8_t *pend = s->pend;
		size_t size = s->pend_size;

		s->pend = part->out;
		s->pend_len = part->out_len;
		s->pend_size = part->out_room;
		s->pend_off = 0;
		part->out = pend;
		part->out_room = size;
	} else if (good) {
		good = wdi_z_deflate_pend(s, part->out, part->out_len);
	}
	atomic_store_explicit(&part->state, WDI_Z_PART_IDLE, memory_order_relaxed);
	s->first = (s->first + 1) % s->depth;
	s->count--;
	return good;
}

static void parts_free(struct wdi_z_deflate *s)
{
	for (unsigned int i = 0; i < s->depth; i++) {
		if (atomic_load_explicit(&s->parts[i].state, memory_order_acquire) ==
		    WDI_Z_PART_SENT)
			wdi_z_engine_wait(&s->parts[i]);
		free(s->parts[i].in);
		free(s->parts[i].out);
	}
	free(s->parts);
	s->parts = NULL;
	s->first = s->count = s->depth = 0;
}

/* A free place for a part with room for its output, or NULL: do it at once. */
static struct wdi_z_part *part_new(struct wdi_z_deflate *s)
{
	size_t room = room_for(s->held_len);
	struct wdi_z_part *part;

	if (!s->parts) {
		s->depth = wdi_z_engine_depth();
		if (s->depth)
			s->parts = calloc(s->depth, sizeof(*s->parts));
		if (!s->parts)
			s->depth = 0;
	}
	if (s->count == s->depth)
		return NULL;
	part = &s->parts[(s->first + s->count) % s->depth];
	if (part->out_room < room) {
		free(part->out);
		part->out = malloc(room);
		part->out_room = part->out ? room : 0;
	}
	return part->out ? part : NULL;
}

/* Send what is held to another thread; its buffer goes along. */
static bool part_send(struct wdi_z_deflate *s, bool last)
{
	struct wdi_z_part *part = part_new(s);
	uint8_t *spare;

	if (!part)
		return false;
	spare = part->in;
	part->in = s->held;
	part->in_len = s->held_len;
	part->last = last;
	if (!wdi_z_engine_send(s->level, part)) {
		part->in = spare;
		return false;
	}
	s->count++;
	s->held = spare;
	s->held_size = spare ? WDI_Z_PART_SIZE : 0;
	s->held_len = 0;
	return true;
}

/* Compress what is held here and now, behind everything that was sent. */
static int cut_here(struct wdi_z_deflate *s, bool last)
{
	struct wdi_z_part part = { .in = s->held, .in_len = s->held_len, .last = last };
	bool good;

	part.out_room = room_for(s->held_len);
	part.out = malloc(part.out_room);
	good = part.out && part_run(s, &part);
	while (good && s->count)
		good = part_take(s);
	if (good && !s->pend_len) {
		free(s->pend);
		s->pend = part.out;
		s->pend_size = part.out_room;
		s->pend_len = part.out_len;
		s->pend_off = 0;
		s->held_len = 0;
		return Z_OK;
	}
	good = good && wdi_z_deflate_pend(s, part.out, part.out_len);
	free(part.out);
	s->held_len = 0;
	return good ? Z_OK : Z_MEM_ERROR;
}

int wdi_z_deflate_cut(z_streamp strm, struct wdi_z_deflate *s, bool last)
{
	if (!s->held_len) {
		bool good = true;

		/* Behind everything that was sent; this is not the common case. */
		if (last)
			type_set(strm, s, NULL, 0);
		while (good && s->count)
			good = part_take(s);
		good = good && wdi_z_deflate_pend(s, last ? final_empty : marker,
						  last ? sizeof(final_empty) : sizeof(marker));
		return good ? Z_OK : Z_MEM_ERROR;
	}
	type_set(strm, s, s->held, s->held_len);
	history_keep(s, s->held, s->held_len);
	/* A stream of one part, or its last one, is done here sooner than elsewhere. */
	if (last || !part_send(s, last))
		return cut_here(s, last);
	return Z_OK;
}

/* Room for another part is made by the oldest one, whose output then waits. */
static int make_room(z_streamp strm, struct wdi_z_deflate *s)
{
	if (s->depth && s->count == s->depth && !part_take(s))
		return Z_MEM_ERROR;
	wdi_z_deflate_deliver(strm, s);
	return Z_OK;
}

int wdi_z_deflate_collect(z_streamp strm, struct wdi_z_deflate *s)
{
	while (strm->avail_in) {
		size_t n;
		int ret;

		if (s->held_len == WDI_Z_PART_SIZE) {
			if (!wdi_z_engine(s->held_len))
				return wdi_z_deflate_hand_over(strm, s, WDI_Z_WHY_DEVICE);
			ret = make_room(strm, s);
			if (ret != Z_OK || s->pend_len)
				return ret;
			ret = wdi_z_deflate_cut(strm, s, false);
			if (ret != Z_OK)
				return ret;
			if (!wdi_z_deflate_deliver(strm, s))
				return Z_OK;
		}
		if (!held_grow(s, strm->avail_in))
			return Z_MEM_ERROR;
		n = wdi_z_min((size_t)strm->avail_in, s->held_size - s->held_len);
		memcpy(s->held + s->held_len, strm->next_in, n);
		wdi_z_deflate_took(strm, s, s->held + s->held_len, n);
		s->held_len += n;
	}
	return Z_OK;
}

bool wdi_z_deflate_drain(z_streamp strm, struct wdi_z_deflate *s, int *error)
{
	*error = Z_OK;
	while (wdi_z_deflate_deliver(strm, s)) {
		if (!s->count)
			return true;
		if (!part_take(s)) {
			*error = Z_MEM_ERROR;
			return false;
		}
	}
	return false;
}

/* ---- all at once -------------------------------------------------------------------------------- */

bool wdi_z_deflate_whole(z_streamp strm, struct wdi_z_deflate *s)
{
	uint8_t header[HEADER_MAX];
	size_t in_len = strm->avail_in, head = header_make(s, header), n;
	size_t tail = s->wrap == 1 ? 4 : s->wrap == 2 ? 8 : 0;
	const uint8_t *in = strm->next_in;

	if (strm->avail_out <= head + tail)
		return false;
	n = strm->avail_out - head - tail;
	if (wdi_z_engine_compress(s->level, false, in, in_len, strm->next_out + head, &n) !=
	    WDI_Z_JOB_DONE)
		return false;
	s->check = s->wrap == 2 ? 0 : 1;
	type_set(strm, s, in, in_len);
	history_keep(s, in, in_len);
	wdi_z_deflate_took(strm, s, in, in_len);
	memcpy(strm->next_out, header, head);
	n += head;
	n += trailer_make(s, strm->total_in, strm->next_out + n);
	strm->next_out += n;
	strm->avail_out -= (uInt)n;
	strm->total_out += n;
	s->status = WDI_Z_FINISH;
	s->trailed = true;
	return true;
}

/* ---- to the system's zlib --------------------------------------------------------------------------- */

static bool inner_feed(struct wdi_z_deflate *s)
{
	const struct wdi_z_system *sys = wdi_z_system();
	uint8_t out[16384];

	s->inner->next_in = s->held;
	s->inner->avail_in = (uInt)s->held_len;
	do {
		s->inner->next_out = out;
		s->inner->avail_out = sizeof(out);
		sys->deflate(s->inner, Z_NO_FLUSH);
		if (!wdi_z_deflate_pend(s, out, sizeof(out) - s->inner->avail_out))
			return false;
	} while (s->inner->avail_in || !s->inner->avail_out);
	return true;
}

/* Our stream has come to its end, and so does the one that goes on to answer for it. */
static bool inner_finish(struct wdi_z_deflate *s)
{
	uint8_t out[64];

	s->inner->next_out = out;
	s->inner->avail_out = sizeof(out);
	return wdi_z_system()->deflate(s->inner, Z_FINISH) == Z_STREAM_END;
}

static z_stream *inner_new(const struct wdi_z_deflate *s)
{
	const struct wdi_z_system *sys = wdi_z_system();
	z_stream *inner = calloc(1, sizeof(*inner));

	if (!inner)
		return NULL;
	if (sys->deflateInit2_(inner, s->level, Z_DEFLATED, -s->window_bits, s->mem_level,
			       s->strategy, sys->zlibVersion(), sizeof(*inner)) != Z_OK) {
		free(inner);
		return NULL;
	}
	if (s->history_live)
		sys->deflateSetDictionary(inner, s->history + s->history_len - s->history_live,
					  (uInt)s->history_live);
	return inner;
}

int wdi_z_deflate_hand_over(z_streamp strm, struct wdi_z_deflate *s, enum wdi_z_reason why)
{
	if (s->inner)
		return Z_OK;
	while (s->count) {
		if (!part_take(s))
			return Z_MEM_ERROR;
	}
	s->inner = inner_new(s);
	if (!s->inner)
		return Z_MEM_ERROR;
	s->inner_fresh = true;
	wdi_z_count_why(why);
	s->system_in = strm->total_in - s->held_len;
	if (!(s->trailed ? inner_finish(s) : inner_feed(s)))
		return Z_MEM_ERROR;
	parts_free(s);
	free(s->held);
	s->held = NULL;
	s->held_len = s->held_size = 0;
	free(s->history);
	s->history = NULL;
	s->history_len = s->history_live = 0;
	return Z_OK;
}

void wdi_z_deflate_clear(struct wdi_z_deflate *s)
{
	if (s->inner) {
		wdi_z_system()->deflateEnd(s->inner);
		free(s->inner);
		s->inner = NULL;
	}
	parts_free(s);
	free(s->pend);
	free(s->held);
	free(s->history);
	s->pend = s->held = s->history = NULL;
	s->pend_off = s->pend_len = s->pend_size = 0;
	s->held_len = s->held_size = 0;
	s->history_len = s->history_live = 0;
}

static bool copy_bytes(uint8_t **to, const uint8_t *from, size_t size)
{
	*to = NULL;
	if (!from || !size)
		return true;
	*to = malloc(size);
	if (!*to)
		return false;
	memcpy(*to, from, size);
	return true;
}

int wdi_z_deflate_copy_data(struct wdi_z_deflate *to, struct wdi_z_deflate *from)
{
	const struct wdi_z_system *sys = wdi_z_system();

	while (from->count) {
		if (!part_take(from))
			return Z_MEM_ERROR;
	}
	to->parts = NULL;
	to->first = to->count = to->depth = 0;
	to->inner = NULL;
	to->pend = to->held = to->history = NULL;
	if (!copy_bytes(&to->pend, from->pend, from->pend_size) ||
	    !copy_bytes(&to->held, from->held, from->held_size) ||
	    !copy_bytes(&to->history, from->history, from->history ? WDI_Z_WINDOW : 0))
		return Z_MEM_ERROR;
	if (!from->inner)
		return Z_OK;
	to->inner = calloc(1, sizeof(*to->inner));
	if (to->inner && sys->deflateCopy(to->inner, from->inner) == Z_OK)
		return Z_OK;
	free(to->inner);
	to->inner = NULL;
	return Z_MEM_ERROR;
}
