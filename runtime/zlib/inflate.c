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
/* What is longer is decoded piece by piece anyway, and slices stay in the cache. */
#define WHOLE_MAX	((size_t)8 << 20)

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
	/* Many are only opened and closed. */
	if (s->stage != WDI_Z_FRESH || s->inner || s->base.window.at)
		wdi_z_inflate_drop(s);
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
	s->no_check = false;
	if (!suits(window_bits))
		return give_away(strm, s, window_bits, WDI_Z_WHY_PARAMETERS);
	s->window_bits = (int8_t)window_bits;
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

/* Of a call in the middle of the data. */
static bool for_zlib(const z_stream *strm, int flush, enum wdi_z_reason *why)
{
	*why = WDI_Z_WHY_FLUSH;
	if (flush == Z_BLOCK || flush == Z_TREES)
		return true;
	/* How far it goes without room is seen from what it takes. */
	*why = WDI_Z_WHY_PIECES;
	return !strm->avail_out && strm->avail_in;
}

static int over_and_inflate(z_streamp strm, struct wdi_z_inflate *s, int flush,
			    enum wdi_z_reason why)
{
	int ret = wdi_z_inflate_hand_over(strm, s, why);

	return ret == Z_OK ? wdi_z_inflate_inner(strm, s, flush) : ret;
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
	if (s->stage == WDI_Z_BODY && for_zlib(strm, flush, &why))
		return over_and_inflate(strm, s, flush, why);
	ret = wdi_z_inflate_run(strm, s, flush);
	if (ret == Z_DATA_ERROR && s->stage == WDI_Z_BODY)
		ret = over_and_inflate(strm, s, flush, WDI_Z_WHY_DATA);
	if (ret == Z_OK || ret == Z_BUF_ERROR) {
		bool moved = in != strm->avail_in || out != strm->avail_out;

		ret = moved && flush != Z_FINISH ? Z_OK : Z_BUF_ERROR;
	}
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
	return ret == Z_DATA_ERROR ? Z_STREAM_ERROR : ret;
}

int inflateSetDictionary(z_streamp strm, const Bytef *dictionary, uInt length)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s && s->window_bits > 0)
		return Z_STREAM_ERROR;	/* only where zlib has asked for one */
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_DICTIONARY, &target);
	return ret == Z_OK ? wdi_z_system()->inflateSetDictionary(target, dictionary, length) : ret;
}

/* @to may be NULL. */
static int tell_window(struct wdi_z_inflate *s, uint8_t *to, uInt *length)
{
	uInt len = 0;

	if (s->inner)
		return wdi_z_inflate_inner_window(s, to, length);
	if (!wdi_z_inflate_window(s, to, &len))
		return Z_MEM_ERROR;
	if (length)
		*length = len;
	return Z_OK;
}

int inflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *length)
{
	struct wdi_z_inflate *s = NULL;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s)
		return wdi_z_system()->inflateGetDictionary(strm, dictionary, length);
	return tell_window(s, dictionary, length);
}

int inflateSync(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	if (ret != Z_OK)
		return ret;
	return target == strm ? wdi_z_system()->inflateSync(strm) : wdi_z_inflate_inner_sync(strm, s);
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

/* What the device is at stays with @s: in the middle of the data the copy is zlib's. */
static int copy_state(z_streamp dest, struct wdi_z_inflate *d, const struct wdi_z_inflate *s)
{
	memcpy(&d->head + 1, &s->head + 1, sizeof(*d) - sizeof(d->head));
	d->strm = 0;
	d->inner = NULL;
	d->kept = d->base.window.at = NULL;
	d->live = (struct wdi_z_ring){ .at = NULL };
	if (!copy_bytes(&d->kept, s->kept, s->kept_len, s->kept_size) ||
	    !copy_bytes(&d->base.window.at, s->base.window.at, WDI_Z_RING, WDI_Z_RING))
		return Z_MEM_ERROR;
	if (!s->inner)
		return s->stage == WDI_Z_BODY ? wdi_z_inflate_hand_over(dest, d, WDI_Z_WHY_CALL) :
						Z_OK;
	d->inner = calloc(1, sizeof(*d->inner));
	if (!d->inner)
		return Z_MEM_ERROR;
	if (wdi_z_system()->inflateCopy(d->inner, s->inner) == Z_OK)
		return Z_OK;
	free(d->inner);
	d->inner = NULL;
	return Z_MEM_ERROR;
}

int inflateCopy(z_streamp dest, z_streamp source)
{
	struct wdi_z_inflate *s = NULL, *d;
	int ret;

	WHOSE(source, Z_STREAM_ERROR);
	if (!s)
		return wdi_z_system()->inflateCopy(dest, source);
	if (!dest)
		return Z_STREAM_ERROR;
	memcpy(dest, source, sizeof(*dest));
	d = wdi_z_own_new(dest, WDI_Z_INFLATE, sizeof(*d));
	if (!d)
		return Z_MEM_ERROR;
	ret = copy_state(dest, d, s);
	if (ret == Z_OK)
		return Z_OK;
	wdi_z_inflate_clear(d);
	wdi_z_own_free(dest);
	return ret == Z_DATA_ERROR ? Z_STREAM_ERROR : ret;
}

/* The stream begins anew, with the window that it had. */
static int reset_with_window(z_streamp strm, struct wdi_z_inflate *s)
{
	struct wdi_z_ring ring = s->base.window;
	bool fresh = s->stage == WDI_Z_FRESH && !s->inner, windowed = s->windowed;
	uint8_t *window = NULL;
	uInt len = 0;
	int ret = Z_OK;

	if (fresh) {
		s->base.window.at = NULL;
	} else {
		ring = (struct wdi_z_ring){ .at = malloc(WDI_Z_RING) };
		window = malloc(WDI_Z_WINDOW);
		ret = ring.at && window ? tell_window(s, window, &len) : Z_MEM_ERROR;
		windowed = len;
	}
	if (ret == Z_OK && len)
		wdi_z_ring_add(&ring, window, len);
	free(window);
	if (ret == Z_OK)
		ret = inflateReset(strm);
	if (ret == Z_OK && windowed) {
		s->base.window = ring;
		s->windowed = true;
	} else {
		free(ring.at);
	}
	return ret;
}

int inflateResetKeep(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->inflateResetKeep(strm);
	}
	if (s->window_bits > 0 || (s->stage == WDI_Z_FRESH && !s->inner))
		return reset_with_window(strm, s);
	ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	if (ret == Z_OK)
		ret = wdi_z_system()->inflateResetKeep(target);
	if (ret == Z_OK) {
		begin(strm, s);
		s->kept_off = s->kept_len;
		s->stage = WDI_Z_BODY;
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
	if (ret != Z_OK)
		return ret;
	return target == strm ? wdi_z_system()->inflatePrime(strm, bits, value) :
				wdi_z_inflate_inner_prime(s, bits, value);
}

long inflateMark(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, -(1L << 16));
	if (s && s->stage == WDI_Z_FRESH && !s->inner)
		return -(1L << 16);
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
	if (s && s->stage != WDI_Z_FRESH) {
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

	WHOSE(strm, Z_STREAM_ERROR);
	if (!s)
		return wdi_z_system()->inflateValidate(strm, check);
	if (s->window_bits >= 0)
		s->no_check = !check;
	return Z_OK;
}

unsigned long inflateCodesUsed(z_streamp strm)
{
	struct wdi_z_inflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm, (unsigned long)-1);
	if (s && s->stage == WDI_Z_FRESH && !s->inner)
		return 0;
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->inflateCodesUsed(target) : (unsigned long)-1;
}
