/* SPDX-License-Identifier: MIT */
/*
 * zlib's inflate calls over streams of our own. Who owns a stream is decided at
 * the first inflate() that has input.
 */
#include "zlib/inflate.h"

#include <stdlib.h>
#include <string.h>

#include "zlib/settings.h"

/* Less than this at a time costs more in calls than is won in decoding. */
#define PIECE_MIN	512
/* The same for a whole stream. */
#define WHOLE_MIN	256
/* What is longer goes faster in slices that stay in the cache. */
#define WHOLE_MAX	((size_t)1 << 20)

#define WHOSE(strm, wrong)					\
	switch (wdi_z_whose(strm, WDI_Z_INFLATE)) {		\
	case WDI_Z_WRONG:					\
		return wrong;					\
	case WDI_Z_OURS:					\
		s = own(strm);					\
		break;						\
	case WDI_Z_THEIRS:					\
		break;						\
	}

static struct wdi_z_inflate *own(z_streamp strm)
{
	return (struct wdi_z_inflate *)(void *)strm->state;
}

/* ---- begin and end --------------------------------------------------------------------- */

/* zlib's, for a stream that has taken nothing. */
static void begin(z_streamp strm, const struct wdi_z_inflate *s)
{
	strm->total_in = strm->total_out = 0;
	strm->msg = NULL;
	if (s->window_bits >= 0)
		strm->adler = ((s->window_bits >> 4) + 5) & 1;
}

static bool suits(int window_bits)
{
	return window_bits == 15 || window_bits == -15 || window_bits == 31 || window_bits == 47;
}

static int init_theirs(z_streamp strm, int window_bits, const char *version, int size,
		       enum wdi_z_reason why)
{
	int ret = wdi_z_system()->inflateInit2_(strm, window_bits, version, size);

	if (ret == Z_OK)
		wdi_z_count_why(why);
	return ret;
}

static int init(z_streamp strm, int window_bits, const char *version, int size,
		const void *caller)
{
	enum wdi_z_reason why = WDI_Z_WHY_MODE;
	struct wdi_z_inflate *s;

	if (wdi_z_settings()->mode == WDI_Z_OFF)
		goto theirs;
	why = WDI_Z_WHY_PARAMETERS;
	if (!wdi_z_init_args(strm, version, size) || !suits(window_bits))
		goto theirs;
	why = WDI_Z_WHY_CALLER;
	if (wdi_z_system_calls(wdi_z_system(), caller) || wdi_z_engine_calls(caller))
		goto theirs;
	why = WDI_Z_WHY_ALLOCATOR;
	if (!wdi_z_allocator(strm))
		goto theirs;
	strm->msg = NULL;
	s = wdi_z_own_new(strm, WDI_Z_INFLATE, sizeof(*s));
	if (!s)
		return Z_MEM_ERROR;
	s->window_bits = (int8_t)window_bits;
	begin(strm, s);
	return Z_OK;
theirs:
	return init_theirs(strm, window_bits, version, size, why);
}

int inflateInit2_(z_streamp strm, int window_bits, const char *version, int size)
{
	return init(strm, window_bits, version, size, __builtin_return_address(0));
}

int inflateInit_(z_streamp strm, const char *version, int size)
{
	return init(strm, MAX_WBITS, version, size, __builtin_return_address(0));
}

/* Nothing was taken: the system's zlib has it from its first byte. */
static int give_away(z_streamp strm, struct wdi_z_inflate *s, int window_bits,
		     enum wdi_z_reason why)
{
	bool no_check = s->no_check;
	char *msg = strm->msg;
	int ret;

	wdi_z_inflate_clear(s);
	wdi_z_own_free(strm);
	ret = init_theirs(strm, window_bits, wdi_z_system()->zlibVersion(), sizeof(*strm), why);
	if (ret == Z_OK)
		strm->msg = msg;
	if (ret == Z_OK && no_check)
		wdi_z_system()->inflateValidate(strm, 0);
	return ret;
}

static void count(const z_stream *strm, const struct wdi_z_inflate *s)
{
	if (s->stage != WDI_Z_FRESH || s->inner)
		wdi_z_count_path(s->inner ? WDI_Z_PATH_INFLATE_SYSTEM : WDI_Z_PATH_INFLATE_DEVICE,
				 strm->total_in, strm->total_out);
}

static void count_theirs(const z_stream *strm)
{
	if (strm && strm->state)
		wdi_z_count_path(WDI_Z_PATH_INFLATE_SYSTEM, strm->total_in, strm->total_out);
}

int inflateEnd(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->inflateEnd(strm);
	}
	count(strm, s);
	wdi_z_inflate_clear(s);
	wdi_z_own_free(strm);
	return Z_OK;
}

int inflateReset2(z_streamp strm, int window_bits)
{
	struct wdi_z_inflate *s = NULL;
	int wrap_bits = window_bits;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->inflateReset2(strm, window_bits);
	}
	if (window_bits < -15)
		return Z_STREAM_ERROR;
	if (window_bits < 0)
		wrap_bits = -window_bits;
	else if (window_bits < 48)
		wrap_bits &= 15;
	if (wrap_bits && (wrap_bits < 8 || wrap_bits > 15))
		return Z_STREAM_ERROR;
	count(strm, s);
	wdi_z_inflate_clear(s);
	strm->msg = NULL;
	if (!suits(window_bits))
		return give_away(strm, s, window_bits, WDI_Z_WHY_PARAMETERS);
	s->window_bits = (int8_t)window_bits;
	s->no_check = false;
	begin(strm, s);
	return Z_OK;
}

int inflateReset(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->inflateReset(strm);
	}
	count(strm, s);
	wdi_z_inflate_clear(s);
	begin(strm, s);
	return Z_OK;
}

/* ---- inflate() ---------------------------------------------------------------------------- */

/*
 * Single calls with Z_FINISH are for a whole stream, if the program knows how
 * much comes out of it. Those that do not are remembered, and tried less.
 */
static _Atomic int whole_luck;

static bool whole_try(void)
{
	int luck = atomic_load_explicit(&whole_luck, memory_order_relaxed);

	if (luck >= 0)
		return true;
	atomic_store_explicit(&whole_luck, luck + 1, memory_order_relaxed);
	return false;
}

static void whole_learn(bool good)
{
	int luck = atomic_load_explicit(&whole_luck, memory_order_relaxed);

	luck = good ? wdi_z_min(luck + 1, 8) : luck - 3;
	if (luck < -24)
		luck = -24;
	atomic_store_explicit(&whole_luck, luck, memory_order_relaxed);
}

/* A call that the system's zlib has from its beginning. */
static int their_inflate(z_streamp strm, int flush)
{
	wdi_z_count_call(WDI_Z_PATH_INFLATE_SYSTEM);
	return wdi_z_system()->inflate(strm, flush);
}

/* The first input is here: whose is the stream? True: it is the device's now. */
static bool first_call(z_streamp strm, struct wdi_z_inflate *s, int flush,
		       enum wdi_z_reason *why)
{
	size_t header = 0;

	*why = WDI_Z_WHY_FLUSH;
	if (flush == Z_BLOCK || flush == Z_TREES)
		return false;
	*why = WDI_Z_WHY_SMALL;
	if (!strm->avail_out || !wdi_z_engine(strm->avail_in))
		return false;
	*why = WDI_Z_WHY_DATA;
	s->wrap = WDI_Z_RAW;
	if (s->window_bits > 0) {
		header = wdi_z_inflate_header(strm, s);
		if (!header)
			return false;
	}
	if (flush == Z_FINISH && strm->avail_in >= WHOLE_MIN &&
	    strm->avail_out >= strm->avail_in && strm->avail_out <= WHOLE_MAX && whole_try()) {
		bool good = wdi_z_inflate_whole(strm, s, header);

		whole_learn(good);
		if (good)
			return true;
	}
	*why = WDI_Z_WHY_PIECES;
	if (strm->avail_in - header < PIECE_MIN || strm->avail_out < PIECE_MIN)
		return false;
	*why = WDI_Z_WHY_DEVICE;
	return wdi_z_inflate_begin(strm, s, header);
}

int inflate(z_streamp strm, int flush)
{
	struct wdi_z_inflate *s = NULL;
	enum wdi_z_reason why;
	uInt in, out;
	int ret;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s)
		return their_inflate(strm, flush);
	if (!strm->next_out || (!strm->next_in && strm->avail_in))
		return Z_STREAM_ERROR;
	if (s->inner) {
		wdi_z_count_call(WDI_Z_PATH_INFLATE_SYSTEM);
		return wdi_z_inflate_inner(strm, s, flush);
	}
	in = strm->avail_in;
	out = strm->avail_out;
	if (s->stage == WDI_Z_FRESH) {
		if (!in) {
			strm->data_type = 0;
			return Z_BUF_ERROR;
		}
		if (!first_call(strm, s, flush, &why)) {
			ret = give_away(strm, s, s->window_bits, why);
			return ret == Z_OK ? their_inflate(strm, flush) : ret;
		}
	}
	wdi_z_count_call(WDI_Z_PATH_INFLATE_DEVICE);
	if (s->stage == WDI_Z_ENDED)
		return Z_STREAM_END;
	if (s->stage == WDI_Z_BAD)
		return Z_DATA_ERROR;
	if (flush == Z_BLOCK || flush == Z_TREES) {
		ret = wdi_z_inflate_hand_over(strm, s, WDI_Z_WHY_FLUSH);
		if (ret == Z_OK)
			return wdi_z_inflate_inner(strm, s, flush);
		if (ret == Z_MEM_ERROR)
			return ret;
	}
	ret = wdi_z_inflate_run(strm, s, flush);
	if (ret == Z_DATA_ERROR && s->stage != WDI_Z_BAD) {
		ret = wdi_z_inflate_hand_over(strm, s, WDI_Z_WHY_DATA);
		if (ret == Z_OK)
			return wdi_z_inflate_inner(strm, s, flush);
		s->stage = WDI_Z_BAD;
		strm->msg = (char *)"invalid literal/length code";
		return ret == Z_MEM_ERROR ? ret : Z_DATA_ERROR;
	}
	if (ret == Z_OK && ((in == strm->avail_in && out == strm->avail_out) || flush == Z_FINISH))
		ret = Z_BUF_ERROR;
	return ret;
}

/* ---- everything else ------------------------------------------------------------------------ */

/* A call that only zlib can answer; *target is what to ask it about. */
static int to_system(z_streamp strm, struct wdi_z_inflate *s, enum wdi_z_reason why,
		     z_streamp *target)
{
	int ret;

	*target = strm;
	if (s->stage == WDI_Z_FRESH && !s->inner)
		return give_away(strm, s, s->window_bits, why);
	ret = wdi_z_inflate_hand_over(strm, s, why);
	*target = s->inner;
	return ret;
}

int inflateSetDictionary(z_streamp strm, const Bytef *dictionary, uInt length)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s && s->window_bits > 0 && (!s->inner || s->stage == WDI_Z_ENDED))
		return Z_STREAM_ERROR;	/* only where zlib has asked for one */
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_DICTIONARY, &target);
	return ret == Z_OK ? wdi_z_system()->inflateSetDictionary(target, dictionary, length) : ret;
}

int inflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *length)
{
	struct wdi_z_inflate *s = NULL;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s || s->inner)
		return wdi_z_system()->inflateGetDictionary(s ? s->inner : strm, dictionary, length);
	wdi_z_inflate_window(s, dictionary, length);
	return Z_OK;
}

int inflateSync(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	if (ret != Z_OK || target == strm)
		return ret == Z_OK ? wdi_z_system()->inflateSync(strm) : ret;
	target->next_in = strm->next_in;
	target->avail_in = strm->avail_in;
	ret = wdi_z_system()->inflateSync(target);
	strm->total_in += strm->avail_in - target->avail_in;
	strm->next_in = target->next_in;
	strm->avail_in = target->avail_in;
	s->kept_off = s->kept_len;
	if (ret == Z_OK) {
		/* zlib begins anew but for the counts, and checks no more. */
		s->no_check = true;
		strm->msg = NULL;
		if (s->window_bits > 0)
			strm->adler = ((s->window_bits >> 4) + 5) & 1;
	}
	return ret;
}

static bool copy_bytes(uint8_t **to, const uint8_t *from, size_t n, size_t size)
{
	if (!from)
		return true;
	*to = malloc(size);
	if (*to)
		memcpy(*to, from, n);
	return *to;
}

int inflateCopy(z_streamp dest, z_streamp source)
{
	struct wdi_z_inflate *s = NULL, *d;
	int ret = Z_OK;

	WHOSE(source, Z_STREAM_ERROR);
	if (!s)
		return wdi_z_system()->inflateCopy(dest, source);
	if (!dest)
		return Z_STREAM_ERROR;
	if (s->strm)
		ret = wdi_z_inflate_hand_over(source, s, WDI_Z_WHY_CALL);
	if (ret != Z_OK)
		return ret;
	memcpy(dest, source, sizeof(*dest));
	d = wdi_z_own_new(dest, WDI_Z_INFLATE, sizeof(*d));
	if (!d)
		return Z_MEM_ERROR;
	memcpy(&d->head + 1, &s->head + 1, sizeof(*d) - sizeof(d->head));
	d->inner = NULL;
	d->kept = d->window = NULL;
	if (!copy_bytes(&d->kept, s->kept, s->kept_len, s->kept_size) ||
	    !copy_bytes(&d->window, s->window, s->window_len, s->window_size))
		goto no_memory;
	if (s->inner) {
		d->inner = calloc(1, sizeof(*d->inner));
		if (!d->inner || wdi_z_system()->inflateCopy(d->inner, s->inner) != Z_OK) {
			free(d->inner);
			d->inner = NULL;
			goto no_memory;
		}
	}
	return Z_OK;
no_memory:
	wdi_z_inflate_clear(d);
	wdi_z_own_free(dest);
	return Z_MEM_ERROR;
}

int inflateResetKeep(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	/* What it keeps is the window, which only a stream without a wrapper goes on with. */
	if (s && ((s->stage == WDI_Z_FRESH && !s->inner) ||
		  (s->stage == WDI_Z_ENDED && s->window_bits > 0))) {
		uint8_t *window = s->window;
		size_t len = s->window_len, size = s->window_size;

		s->window = NULL;
		ret = inflateReset(strm);
		s->window = window;
		s->window_len = len;
		s->window_size = size;
		return ret;
	}
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	else
		count_theirs(strm);
	if (ret == Z_OK)
		ret = wdi_z_system()->inflateResetKeep(target);
	if (s && target != strm && ret == Z_OK) {
		begin(strm, s);
		s->kept_off = s->kept_len;
	}
	return ret;
}

int inflatePrime(z_streamp strm, int bits, int value)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflatePrime(target, bits, value) : ret;
}

long inflateMark(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, -(1L << 16));
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateMark(target) : -(1L << 16);
}

int inflateGetHeader(z_streamp strm, gz_headerp head)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s && s->window_bits <= 15)
		return Z_STREAM_ERROR;
	if (s && s->stage != WDI_Z_FRESH && (!s->inner || s->stage == WDI_Z_ENDED)) {
		head->done = 0;		/* the header has gone by */
		return Z_OK;
	}
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateGetHeader(target, head) : ret;
}

int inflateSyncPoint(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s && s->stage == WDI_Z_FRESH && !s->inner)
		return 0;
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateSyncPoint(target) : ret;
}

int inflateUndermine(z_streamp strm, int subvert)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateUndermine(target, subvert) : ret;
}

int inflateValidate(z_streamp strm, int check)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s && s->window_bits < 0)
		return Z_OK;
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateValidate(target, check) : ret;
}

unsigned long inflateCodesUsed(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, (unsigned long)-1);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateCodesUsed(target) : (unsigned long)-1;
}
