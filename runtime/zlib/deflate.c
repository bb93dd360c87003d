/* SPDX-License-Identifier: MIT */
/*
 * zlib's deflate calls over streams of our own. Who owns a stream is decided at
 * its first deflate(): here, or the system's zlib from its first byte on. From
 * then on it moves in one direction only, by a hand-over that loses nothing.
 */
#include "zlib/deflate.h"

#include <stdlib.h>
#include <string.h>

#include "zlib/settings.h"

/* A flush cuts the stream where zlib would go on with its window: rare, or not here. */
#define SYNC_WORTH	((size_t)256 << 10)
/* A full flush has no window behind it, so there is little to lose. */
#define FULL_WORTH	((size_t)4 << 10)

/* One of these costs zlib less than a job, once it has a stream; but more to begin one. */
#define MESSAGE		((size_t)1 << 10)

#define TRAILER_MAX	8

/* zlib's order of flush values. */
#define RANK(f)		(((f) * 2) - ((f) > 4 ? 9 : 0))
/* zlib's value for "no deflate() yet". */
#define FLUSH_NONE	(-2)
/* And for "the output was full": the same call is taken as a new one. */
#define FLUSH_AGAIN	(-1)

static int fail(z_streamp strm, int code)
{
	strm->msg = (char *)(uintptr_t)wdi_z_system()->zError(code);
	return code;
}

static int window_bits_of(const struct wdi_z_deflate *s)
{
	return s->wrap == 0 ? -s->window_bits : s->wrap == 2 ? s->window_bits + 16 : s->window_bits;
}

/* ---- begin and end --------------------------------------------------------------------- */

static void begin(z_streamp strm, struct wdi_z_deflate *s)
{
	strm->total_in = strm->total_out = 0;
	strm->msg = NULL;
	strm->data_type = Z_UNKNOWN;
	strm->adler = s->wrap == 2 ? 0 : 1;
	s->check = s->wrap == 2 ? 0 : 1;
	s->status = WDI_Z_INIT;
	s->typed = false;
	s->trailed = false;
	s->last_flush = FLUSH_NONE;
	s->system_in = 0;
}

/* What a stream of ours can be: all else is the system's from the beginning. */
static bool suits(int level, int method, int window_bits, int mem_level, int strategy)
{
	return level >= 1 && level <= 9 && method == Z_DEFLATED && mem_level >= 1 &&
	       mem_level <= 9 && (window_bits == 15 || window_bits == -15 || window_bits == 31) &&
	       (strategy == Z_DEFAULT_STRATEGY || strategy == Z_FILTERED);
}

/* The system's zlib takes the z_stream itself, as if we had never been there. */
static int init_theirs(z_streamp strm, int level, int method, int window_bits, int mem_level,
		       int strategy, const char *version, int size, enum wdi_z_reason why)
{
	int ret = wdi_z_system()->deflateInit2_(strm, level, method, window_bits, mem_level,
						strategy, version, size);

	if (ret == Z_OK)
		wdi_z_count_why(why);
	return ret;
}

static int init(z_streamp strm, int level, int method, int window_bits, int mem_level,
		int strategy, const char *version, int size, const void *caller)
{
	enum wdi_z_mode mode = wdi_z_settings()->mode;
	struct wdi_z_deflate *s;
	enum wdi_z_reason why = WDI_Z_WHY_MODE;

	if (mode == WDI_Z_OFF || mode == WDI_Z_EXACT)
		goto theirs;
	why = WDI_Z_WHY_PARAMETERS;
	if (!wdi_z_init_args(strm, version, size) ||
	    !suits(level == Z_DEFAULT_COMPRESSION ? 6 : level, method, window_bits, mem_level,
		   strategy))
		goto theirs;
	why = WDI_Z_WHY_CALLER;
	if (wdi_z_system_calls(wdi_z_system(), caller) || wdi_z_engine_calls(caller))
		goto theirs;
	why = WDI_Z_WHY_ALLOCATOR;
	if (!wdi_z_allocator(strm))
		goto theirs;
	strm->msg = NULL;
	s = wdi_z_own_new(strm, WDI_Z_DEFLATE, sizeof(*s));
	if (!s)
		return Z_MEM_ERROR;
	s->level = (int8_t)(level == Z_DEFAULT_COMPRESSION ? 6 : level);
	s->strategy = (int8_t)strategy;
	s->mem_level = (int8_t)mem_level;
	s->window_bits = 15;
	s->wrap = window_bits < 0 ? 0 : window_bits > 15 ? 2 : 1;
	begin(strm, s);
	return Z_OK;
theirs:
	return init_theirs(strm, level, method, window_bits, mem_level, strategy, version, size,
			   why);
}

int deflateInit2_(z_streamp strm, int level, int method, int window_bits, int mem_level,
		  int strategy, const char *version, int size)
{
	return init(strm, level, method, window_bits, mem_level, strategy, version, size,
		    __builtin_return_address(0));
}

int deflateInit_(z_streamp strm, int level, const char *version, int size)
{
	return init(strm, level, Z_DEFLATED, MAX_WBITS, 8, Z_DEFAULT_STRATEGY, version, size,
		    __builtin_return_address(0));
}

/* Nothing was taken and nothing given: the system's zlib has it from its first byte. */
static int give_away(z_streamp strm, struct wdi_z_deflate *s, enum wdi_z_reason why)
{
	const struct wdi_z_system *sys = wdi_z_system();
	int level = s->level, window_bits = window_bits_of(s), mem_level = s->mem_level;
	int strategy = s->strategy, ret;
	gz_headerp gzhead = s->gzhead;
	char *msg = strm->msg;		/* of a call that was refused, for instance */

	wdi_z_deflate_clear(s);
	wdi_z_own_free(strm);
	ret = init_theirs(strm, level, Z_DEFLATED, window_bits, mem_level, strategy,
			  sys->zlibVersion(), sizeof(*strm), why);
	if (ret == Z_OK)
		strm->msg = msg;
	if (ret == Z_OK && gzhead)
		ret = sys->deflateSetHeader(strm, gzhead);
	return ret;
}

static void count(const z_stream *strm, const struct wdi_z_deflate *s)
{
	uint64_t in = strm->total_in;

	if (s->inner)
		wdi_z_count_path(WDI_Z_PATH_DEFLATE_SYSTEM, in - s->system_in, strm->total_out);
	else if (s->status != WDI_Z_INIT)
		wdi_z_count_path(WDI_Z_PATH_DEFLATE_DEVICE, in, strm->total_out);
}

/* Streams of the system's zlib are counted by what they say at the end. */
static void count_theirs(const z_stream *strm)
{
	if (strm && strm->state)
		wdi_z_count_path(WDI_Z_PATH_DEFLATE_SYSTEM, strm->total_in, strm->total_out);
}

#define WHOSE(strm)						\
	switch (wdi_z_whose(strm, WDI_Z_DEFLATE)) {		\
	case WDI_Z_WRONG:					\
		return Z_STREAM_ERROR;				\
	case WDI_Z_OURS:					\
		s = own(strm);					\
		break;						\
	case WDI_Z_THEIRS:					\
		break;						\
	}

static struct wdi_z_deflate *own(z_streamp strm)
{
	return (struct wdi_z_deflate *)(void *)strm->state;
}

int deflateEnd(z_streamp strm)
{
	struct wdi_z_deflate *s = NULL;
	int ret;

	WHOSE(strm);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->deflateEnd(strm);
	}
	ret = s->status == WDI_Z_BUSY ? Z_DATA_ERROR : Z_OK;
	count(strm, s);
	wdi_z_deflate_clear(s);
	wdi_z_own_free(strm);
	return ret;
}

int deflateReset(z_streamp strm)
{
	struct wdi_z_deflate *s = NULL;

	WHOSE(strm);
	if (!s) {
		count_theirs(strm);
		return wdi_z_system()->deflateReset(strm);
	}
	count(strm, s);
	wdi_z_deflate_clear(s);
	begin(strm, s);
	s->reused = true;
	return Z_OK;
}

/* The history that this call keeps in zlib is one that we never refer to. */
int deflateResetKeep(z_streamp strm)
{
	if (wdi_z_whose(strm, WDI_Z_DEFLATE) == WDI_Z_THEIRS) {
		count_theirs(strm);
		return wdi_z_system()->deflateResetKeep(strm);
	}
	return deflateReset(strm);
}

/* ---- deflate() ---------------------------------------------------------------------------- */

/* A call that the system's zlib has from its beginning. */
static int their_deflate(z_streamp strm, int flush)
{
	wdi_z_count_call(WDI_Z_PATH_DEFLATE_SYSTEM);
	return wdi_z_system()->deflate(strm, flush);
}

/* Whether the first call shows a stream that is the device's, and why not. */
static bool first_call(const z_stream *strm, const struct wdi_z_deflate *s, int flush,
		       enum wdi_z_reason *why)
{
	*why = WDI_Z_WHY_CALL;
	if (s->gzhead)
		return false;
	/* They outlive a reset. */
	*why = WDI_Z_WHY_PARAMETERS;
	if (!suits(s->level, Z_DEFLATED, 15, 8, s->strategy))
		return false;
	*why = WDI_Z_WHY_FLUSH;
	switch (flush) {
	case Z_NO_FLUSH:
		return true;
	case Z_FINISH:
		*why = WDI_Z_WHY_SMALL;
		return strm->avail_in && !(s->reused && strm->avail_in < MESSAGE) &&
		       wdi_z_engine(strm->avail_in);
	case Z_SYNC_FLUSH:
		return strm->avail_in >= SYNC_WORTH && wdi_z_engine(strm->avail_in);
	case Z_FULL_FLUSH:
		return strm->avail_in >= FULL_WORTH && wdi_z_engine(strm->avail_in);
	default:
		return false;
	}
}

/* Whether what is held can be flushed here, and why not. */
static bool flush_here(const struct wdi_z_deflate *s, int flush, enum wdi_z_reason *why)
{
	*why = WDI_Z_WHY_FLUSH;
	switch (flush) {
	case Z_FINISH:
		/* Nothing of the stream has gone out yet, and the device has better to do. */
		*why = WDI_Z_WHY_SMALL;
		return wdi_z_engine(s->held_len);
	case Z_SYNC_FLUSH:
		return s->held_len >= SYNC_WORTH && wdi_z_engine(s->held_len);
	case Z_FULL_FLUSH:
		return (s->held_len >= FULL_WORTH || !s->held_len) && wdi_z_engine(s->held_len);
	default:
		return false;
	}
}

static int not_all_out(struct wdi_z_deflate *s)
{
	s->last_flush = FLUSH_AGAIN;
	return Z_OK;
}

/*
 * Whether the rule about calls that change nothing is still ours to keep. The inner stream
 * has to be asked once it has had a call, or has bytes to give that deflatePrime() put in.
 */
static bool rule_is_ours(const struct wdi_z_deflate *s)
{
	unsigned int bytes = 0;
	int bits;

	if (!s->inner)
		return true;
	return s->inner_fresh &&
	       (wdi_z_system()->deflatePending(s->inner, &bytes, &bits) != Z_OK || !bytes);
}

static int inner_end(z_streamp strm, struct wdi_z_deflate *s)
{
	s->status = WDI_Z_FINISH;
	wdi_z_deflate_trailer(s);
	return wdi_z_deflate_deliver(strm, s) ? Z_STREAM_END : Z_OK;
}

/* A call for the inner stream, on the program's buffers. */
static void inner_lend(const z_stream *strm, z_stream *inner)
{
	inner->next_in = strm->next_in;
	inner->avail_in = strm->avail_in;
	inner->next_out = strm->next_out;
	inner->avail_out = strm->avail_out;
	inner->msg = strm->msg;
}

static void inner_return(z_streamp strm, struct wdi_z_deflate *s)
{
	const z_stream *inner = s->inner;
	size_t out = strm->avail_out - inner->avail_out;

	if (strm->avail_in != inner->avail_in)
		wdi_z_deflate_took(strm, s, strm->next_in, strm->avail_in - inner->avail_in);
	strm->next_out = inner->next_out;
	strm->avail_out = inner->avail_out;
	strm->total_out += out;
	strm->msg = inner->msg;
	if (!s->typed)
		strm->data_type = inner->data_type;
}

static int inner_deflate(z_streamp strm, struct wdi_z_deflate *s, int flush, bool progress)
{
	char *msg = strm->msg;
	int ret;

	if (s->status == WDI_Z_FINISH && s->trailed)
		return Z_STREAM_END;
	/* Whether there is anything new in the first call has been seen already. */
	progress |= s->inner_fresh;
	s->inner_fresh = false;
	inner_lend(strm, s->inner);
	ret = wdi_z_system()->deflate(s->inner, flush);
	inner_return(strm, s);
	if (ret == Z_STREAM_END)
		return inner_end(strm, s);
	if (ret == Z_BUF_ERROR && progress) {
		strm->msg = msg;
		return Z_OK;
	}
	return ret;
}

static int finish(z_streamp strm, struct wdi_z_deflate *s)
{
	int ret;

	if (s->status == WDI_Z_BUSY) {
		ret = wdi_z_deflate_cut(strm, s, true);
		if (ret != Z_OK)
			return ret;
		s->status = WDI_Z_FINISH;
	}
	/* The trailer goes behind the last part; cut() has put that into what waits. */
	wdi_z_deflate_trailer(s);
	return wdi_z_deflate_drain(strm, s, &ret) ? Z_STREAM_END : ret;
}

/* A data call on a stream that is the device's, all checks done. */
static int device_deflate(z_streamp strm, struct wdi_z_deflate *s, int flush)
{
	enum wdi_z_reason why;
	bool data = strm->avail_in || s->held_len || s->count;
	int ret = wdi_z_deflate_collect(strm, s);

	if (ret != Z_OK)
		return ret;
	if (!s->inner && flush != Z_NO_FLUSH && !strm->avail_in && s->status == WDI_Z_BUSY &&
	    !flush_here(s, flush, &why)) {
		ret = wdi_z_deflate_hand_over(strm, s, why);
		if (ret != Z_OK)
			return ret;
	}
	if (s->inner) {
		if (!wdi_z_deflate_deliver(strm, s) || !strm->avail_out)
			return not_all_out(s);
		return inner_deflate(strm, s, flush, true);
	}
	if (strm->avail_in)
		return not_all_out(s);	/* output waits, and there is no room for it */
	if (flush == Z_NO_FLUSH)
		return strm->avail_out || !data ? Z_OK : not_all_out(s);
	if (flush == Z_FINISH)
		return finish(strm, s);
	ret = wdi_z_deflate_cut(strm, s, false);
	if (flush == Z_FULL_FLUSH)
		s->history_live = 0;	/* nothing behind it may refer to what is before */
	if (ret == Z_OK && (!wdi_z_deflate_drain(strm, s, &ret) || !strm->avail_out) && ret == Z_OK)
		return not_all_out(s);
	return ret;
}

int deflate(z_streamp strm, int flush)
{
	struct wdi_z_deflate *s = NULL;
	enum wdi_z_reason why;
	bool progress = false;
	int old, ret;

	WHOSE(strm);
	if (!s)
		return their_deflate(strm, flush);
	if (flush > Z_BLOCK || flush < 0)
		return Z_STREAM_ERROR;
	if (!strm->next_out || (strm->avail_in && !strm->next_in) ||
	    (s->status == WDI_Z_FINISH && flush != Z_FINISH))
		return fail(strm, Z_STREAM_ERROR);
	if (!strm->avail_out)
		return fail(strm, Z_BUF_ERROR);

	if (s->status == WDI_Z_INIT) {
		if (!first_call(strm, s, flush, &why)) {
			ret = give_away(strm, s, why);
			return ret == Z_OK ? their_deflate(strm, flush) : ret;
		}
		if (flush == Z_FINISH && strm->avail_out >= deflateBound(strm, strm->avail_in)) {
			if (wdi_z_deflate_whole(strm, s)) {
				wdi_z_count_call(WDI_Z_PATH_DEFLATE_DEVICE);
				s->last_flush = flush;
				return Z_STREAM_END;
			}
			/* zlib promises that this much room is enough, and keeps it. */
			ret = give_away(strm, s, WDI_Z_WHY_DEVICE);
			return ret == Z_OK ? their_deflate(strm, flush) : ret;
		}
	}

	wdi_z_count_call(s->inner ? WDI_Z_PATH_DEFLATE_SYSTEM : WDI_Z_PATH_DEFLATE_DEVICE);
	old = s->last_flush;
	s->last_flush = flush;
	if (s->pend_len) {
		progress = true;
		if (!wdi_z_deflate_deliver(strm, s) || !strm->avail_out)
			return not_all_out(s);
	} else if (!strm->avail_in && RANK(flush) <= RANK(old) && flush != Z_FINISH &&
		   rule_is_ours(s)) {
		return fail(strm, Z_BUF_ERROR);
	}
	if (s->status == WDI_Z_FINISH && strm->avail_in)
		return fail(strm, Z_BUF_ERROR);
	if (s->status == WDI_Z_INIT) {
		wdi_z_deflate_header(strm, s);
		if (!wdi_z_deflate_deliver(strm, s))
			return not_all_out(s);
	}
	if (s->inner)
		return inner_deflate(strm, s, flush, progress);
	return device_deflate(strm, s, flush);
}

/* ---- everything else ------------------------------------------------------------------------ */

/*
 * A call that only zlib can answer: the stream becomes the system's, and what
 * to call it with is in *target, or the error in the result.
 */
static int to_system(z_streamp strm, struct wdi_z_deflate *s, enum wdi_z_reason why,
		     z_streamp *target)
{
	int ret;

	*target = strm;
	if (s->status == WDI_Z_INIT)
		return give_away(strm, s, why);
	ret = wdi_z_deflate_hand_over(strm, s, why);
	*target = s->inner;
	return ret;
}

int deflateSetDictionary(z_streamp strm, const Bytef *dictionary, uInt length)
{
	struct wdi_z_deflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;
	uLong before;

	WHOSE(strm);
	if (s) {
		/* Once zlib has its trailer ready it has no wrapper in its way any more. */
		bool trailed = s->trailed && s->pend_len - s->pend_off <= TRAILER_MAX;

		if (!dictionary || (!trailed && (s->wrap == 2 ||
				    (s->wrap == 1 && s->status != WDI_Z_INIT))))
			return Z_STREAM_ERROR;
		ret = to_system(strm, s, WDI_Z_WHY_DICTIONARY, &target);
	}
	if (ret != Z_OK)
		return ret;
	before = target->total_in;
	ret = wdi_z_system()->deflateSetDictionary(target, dictionary, length);
	/* zlib counts a dictionary as input where it goes through the window. */
	if (target != strm)
		strm->total_in += target->total_in - before;
	return ret;
}

int deflateGetDictionary(z_streamp strm, Bytef *dictionary, uInt *length)
{
	struct wdi_z_deflate *s = NULL;
	size_t n;

	WHOSE(strm);
	if (!s || s->inner)
		return wdi_z_system()->deflateGetDictionary(s ? s->inner : strm, dictionary, length);
	n = wdi_z_deflate_window(s, dictionary);
	if (length)
		*length = (uInt)n;
	return Z_OK;
}

int deflateCopy(z_streamp dest, z_streamp source)
{
	struct wdi_z_deflate *s = NULL, *d;
	int ret;

	WHOSE(source);
	if (!s)
		return wdi_z_system()->deflateCopy(dest, source);
	if (!dest)
		return Z_STREAM_ERROR;
	memcpy(dest, source, sizeof(*dest));
	d = wdi_z_own_new(dest, WDI_Z_DEFLATE, sizeof(*d));
	if (!d)
		return Z_MEM_ERROR;
	memcpy(&d->head + 1, &s->head + 1, sizeof(*d) - sizeof(d->head));
	ret = wdi_z_deflate_copy_data(d, s);
	/* What was under way in the source has come in, and waits in both. */
	d->pend_off = s->pend_off;
	d->pend_len = s->pend_len;
	d->pend_size = s->pend_size;
	if (ret != Z_OK) {
		wdi_z_deflate_clear(d);
		wdi_z_own_free(dest);
	}
	return ret;
}

/* Levels share three methods of zlib's. */
static int method_of(int level)
{
	return level == 0 ? 0 : level < 4 ? 1 : 2;
}

int deflateParams(z_streamp strm, int level, int strategy)
{
	struct wdi_z_deflate *s = NULL;
	z_streamp target = strm;
	bool flushes;
	int ret;

	WHOSE(strm);
	if (!s)
		return wdi_z_system()->deflateParams(strm, level, strategy);
	if (level == Z_DEFAULT_COMPRESSION)
		level = 6;
	if (level < 0 || level > 9 || strategy < 0 || strategy > Z_FIXED)
		return Z_STREAM_ERROR;
	if (level == s->level && strategy == s->strategy)
		return Z_OK;
	/* zlib does so first when its method changes. */
	flushes = strategy != s->strategy || method_of(level) != method_of(s->level);
	if (s->status == WDI_Z_FINISH && !s->inner) {
		if (flushes)
			return fail(strm, Z_STREAM_ERROR);
		s->level = (int8_t)level;
		return Z_OK;
	}
	if (s->status == WDI_Z_INIT && suits(level, Z_DEFLATED, 15, 8, strategy)) {
		s->level = (int8_t)level;
		s->strategy = (int8_t)strategy;
		return Z_OK;
	}
	ret = to_system(strm, s, WDI_Z_WHY_PARAMETERS, &target);
	if (ret != Z_OK || target == strm)
		return ret == Z_OK ? wdi_z_system()->deflateParams(strm, level, strategy) : ret;
	flushes &= strm->avail_out > 0;
	/* It may give output, behind what waits. */
	if (wdi_z_deflate_deliver(strm, s)) {
		inner_lend(strm, s->inner);
		ret = wdi_z_system()->deflateParams(s->inner, level, strategy);
		inner_return(strm, s);
		s->inner_fresh &= !flushes;
	} else {
		ret = Z_BUF_ERROR;
	}
	if (flushes)
		s->last_flush = strm->avail_out ? Z_BLOCK : FLUSH_AGAIN;
	if (ret == Z_OK) {
		s->level = (int8_t)level;
		s->strategy = (int8_t)strategy;
	}
	return ret;
}

int deflateTune(z_streamp strm, int good, int lazy, int nice, int chain)
{
	struct wdi_z_deflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->deflateTune(target, good, lazy, nice, chain) : ret;
}

int deflatePending(z_streamp strm, unsigned *pending, int *bits)
{
	struct wdi_z_deflate *s = NULL;
	unsigned more = 0;

	WHOSE(strm);
	if (!s)
		return wdi_z_system()->deflatePending(strm, pending, bits);
	if (bits)
		*bits = 0;
	if (s->inner && !s->trailed)
		wdi_z_system()->deflatePending(s->inner, &more, bits);
	if (pending)
		*pending = (unsigned)(s->pend_len - s->pend_off) + more;
	return Z_OK;
}

/* A stream of ours ends every flush on a byte that is used to its last bit. */
int deflateUsed(z_streamp strm, int *bits)
{
	struct wdi_z_deflate *s = NULL;

	WHOSE(strm);
	if (!s)
		return wdi_z_system()->deflateUsed(strm, bits);
	if (s->inner)
		return wdi_z_system()->deflateUsed(s->inner, bits);
	if (bits)
		*bits = s->status == WDI_Z_INIT ? 0 : 8;
	return Z_OK;
}

int deflatePrime(z_streamp strm, int bits, int value)
{
	struct wdi_z_deflate *s = NULL;
	z_streamp target = strm;
	int ret = Z_OK;

	WHOSE(strm);
	if (s)
		ret = to_system(strm, s, WDI_Z_WHY_CALL, &target);
	return ret == Z_OK ? wdi_z_system()->deflatePrime(target, bits, value) : ret;
}

int deflateSetHeader(z_streamp strm, gz_headerp head)
{
	struct wdi_z_deflate *s = NULL;

	WHOSE(strm);
	if (!s)
		return wdi_z_system()->deflateSetHeader(strm, head);
	if (s->wrap != 2)
		return Z_STREAM_ERROR;
	s->gzhead = head;
	return Z_OK;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

/* Of a part: blocks cut short by it, and the empty stored block that it ends with. */
#define PART_END	16

/*
 * zlib's for a window of 15 bits: a stream may still become its own. With more memory than
 * usual blocks may have fixed codes, with less more of them are stored.
 */
static z_size_t bound_plain(const struct wdi_z_deflate *s, z_size_t length)
{
	if (s->mem_level > 8)
		return length + (length >> 3) + (length >> 8) + (length >> 9) + 4;
	if (s->mem_level < 8)
		return length + (length >> 5) + (length >> 7) + (length >> 11) + 7;
	return length + (length >> 12) + (length >> 14) + (length >> 25) + 7;
}

static z_size_t header_bound(const gz_header *head)
{
	z_size_t n = 18;

	if (!head)
		return n;
	if (head->extra)
		n += 2 + head->extra_len;
	if (head->name)
		n += strlen((const char *)head->name) + 1;
	if (head->comment)
		n += strlen((const char *)head->comment) + 1;
	return head->hcrc ? n + 2 : n;
}

static z_size_t bound_ours(const struct wdi_z_deflate *s, z_size_t length)
{
	z_size_t wrap = s->wrap == 0 ? 0 : s->wrap == 1 ? 6 : header_bound(s->gzhead), bound;
	z_size_t parts = 0;

	/*
	 * What has been taken and is not out yet comes on top, as it may all come at
	 * once; and each part has an end of its own.
	 */
	if (s->status != WDI_Z_INIT) {
		length += s->held_len;
		parts = s->count + length / WDI_Z_PART_SIZE + 1;
	}
	for (unsigned int i = 0; i < s->count; i++)
		length += s->parts[(s->first + i) % s->depth].in_len;
	bound = bound_plain(s, length) + parts * PART_END + wrap + (s->pend_len - s->pend_off);
	return bound < length ? (z_size_t)-1 : bound;
}

uLong deflateBound(z_streamp strm, uLong length)
{
	if (wdi_z_whose(strm, WDI_Z_DEFLATE) != WDI_Z_OURS)
		return wdi_z_system()->deflateBound(strm, length);
	return bound_ours(own(strm), length);
}

z_size_t deflateBound_z(z_streamp strm, z_size_t length)
{
	z_size_t bound;

	if (wdi_z_whose(strm, WDI_Z_DEFLATE) == WDI_Z_OURS)
		return bound_ours(own(strm), length);
	bound = wdi_z_system()->deflateBound(strm, length);
	return bound < length ? (z_size_t)-1 : bound;
}
