/* SPDX-License-Identifier: MIT */
/*
 * Decompressing streams of our own. inflate.c has the rules of zlib's calls,
 * inflate_data.c the wrappers and the data, inflate_place.c the way back to the
 * system's zlib, and inflate_inner.c what is done with a stream that has gone it.
 */
#ifndef WEFT_ZLIB_INFLATE_H
#define WEFT_ZLIB_INFLATE_H

#include "zlib/engine.h"
#include "zlib/own.h"
#include "zlib/report.h"

enum wdi_z_stage {
	WDI_Z_FRESH,		/* nothing taken */
	WDI_Z_BODY,
	WDI_Z_TRAILER,
	WDI_Z_ENDED,
	WDI_Z_BAD,
};

enum wdi_z_wrap { WDI_Z_RAW, WDI_Z_ZLIB, WDI_Z_GZIP };

/* The window of deflate, and what a place may lie behind the output. */
#define WDI_Z_WINDOW	((size_t)32 << 10)
#define WDI_Z_RING	(WDI_Z_WINDOW + 16)

/* The last @len bytes of some output; @pos: where in @at the next one goes. */
struct wdi_z_ring {
	uint8_t *at;
	uint32_t len, pos;
};

/*
 * Where in the data zlib can begin: with @window, but for its last @behind bytes, and
 * @odd bits (of @odd_value) in front of the input that is kept. It gives those last bytes
 * again, which belong to the @given that the program had there.
 */
struct wdi_z_base {
	struct wdi_z_ring window;
	uint64_t given;
	uint8_t odd, odd_value, behind;
};

/*
 * @window_bits: as it was asked for
 * @wrap:	enum wdi_z_wrap, once the header has told
 * @no_check:	inflateValidate()
 * @words, @hold, @bits: of the trailer: words of four bytes that are done, and what zlib
 *		would have in its bit buffer of the next
 * @check:	of all output given
 * @given:	bytes of output since the header; programs may write to total_out
 * @windowed, @window_to: whether zlib would keep a window by now, and up to which byte
 *		of the output
 * @strm:	of the engine, made by the process of @generation
 * @kept:	all input taken since @base; with both, zlib comes to the same point
 * @late:	how often no new base was found when it was time
 * @live:	the last of the output, from when a new base is not far any more
 * @inner:	the system's stream, without a wrapper, to which this one was handed over;
 *		it has still to take @kept from @kept_off on before the program's input
 * @unseen:	bytes of output that the inner stream has in its window, and zlib would not
 */
struct wdi_z_inflate {
	struct wdi_z_head head;
	int8_t window_bits;
	uint8_t stage, wrap;
	bool no_check;
	bool windowed;
	uint8_t words, bits;
	uint8_t late;
	uint64_t hold;
	uint32_t check;
	uint32_t unseen;
	uint64_t given, window_to;
	uintptr_t strm;
	unsigned int generation;
	uint8_t *kept;
	size_t kept_len, kept_size, kept_off;
	struct wdi_z_ring live;
	struct wdi_z_base base;
	z_stream *inner;
};

static inline size_t wdi_z_trailer_size(const struct wdi_z_inflate *s)
{
	static const uint8_t sizes[] = { [WDI_Z_RAW] = 0, [WDI_Z_ZLIB] = 4, [WDI_Z_GZIP] = 8 };

	return sizes[s->wrap];
}

/*
 * The length of the header at the program's input, which also tells the
 * wrapper, or 0: there is none that is whole and that we take.
 */
size_t wdi_z_inflate_header(const z_stream *strm, struct wdi_z_inflate *s);

/* The whole stream in one job. False: nothing happened. */
bool wdi_z_inflate_whole(z_streamp strm, struct wdi_z_inflate *s, size_t header);

/* Begin piece by piece, behind the header. False: nothing happened. */
bool wdi_z_inflate_begin(z_streamp strm, struct wdi_z_inflate *s, size_t header);

/*
 * As much output as input and room allow. Z_OK, Z_STREAM_END, or Z_DATA_ERROR: with the
 * stage BODY zlib has to go on from where the stream is, and says why; with BAD it is the
 * trailer's.
 */
int wdi_z_inflate_run(z_streamp strm, struct wdi_z_inflate *s, int flush);

/* @n bytes of output at next_out: into the check value. */
void wdi_z_inflate_check(z_streamp strm, struct wdi_z_inflate *s, const uint8_t *out, size_t n);

/*
 * Take the trailer from *@in, *@n bytes, after which the stage is ENDED or BAD. Z_OK:
 * there is more to come.
 */
int wdi_z_inflate_trailer(z_streamp strm, struct wdi_z_inflate *s, const uint8_t **in, size_t *n);

/* Give back all that a stream has: to go on as a new one, or not at all. */
void wdi_z_inflate_clear(struct wdi_z_inflate *s);
void wdi_z_inflate_drop(struct wdi_z_inflate *s);

/* ---- inflate_place.c -------------------------------------------------------------- */

void wdi_z_ring_add(struct wdi_z_ring *r, const uint8_t *p, size_t n);

/*
 * Room to keep the input of the next job, and how much of *@n that is; it may be none.
 * False: no memory.
 */
bool wdi_z_inflate_reserve(struct wdi_z_inflate *s, size_t *n);

/*
 * A job has taken @n bytes at @in, and given all that it could (@all_given); the program
 * has had @fresh bytes in front of @out that are not in the window. Moves the base when
 * it is time. *@fresh: what is left. False: too much is kept.
 */
bool wdi_z_inflate_keep(struct wdi_z_inflate *s, const uint8_t *in, size_t n, bool all_given,
			const uint8_t *out, size_t *fresh);

/* At the end of a call. */
void wdi_z_inflate_remember(struct wdi_z_inflate *s, const uint8_t *out, size_t fresh);

/*
 * The window that zlib would tell of a stream without an inner one; @to has room for
 * WDI_Z_WINDOW bytes. False: no memory.
 */
bool wdi_z_inflate_window(struct wdi_z_inflate *s, uint8_t *to, uInt *length);

/*
 * Hand over to the system's zlib, brought to the same point. Z_OK, Z_MEM_ERROR, or
 * Z_DATA_ERROR: it does not take the data that the device took, and strm->msg says why.
 */
int wdi_z_inflate_hand_over(z_streamp strm, struct wdi_z_inflate *s, enum wdi_z_reason why);

/* ---- inflate_inner.c: on the stream that it was handed over to --------------------- */

int wdi_z_inflate_inner(z_streamp strm, struct wdi_z_inflate *s, int flush);
int wdi_z_inflate_inner_sync(z_streamp strm, struct wdi_z_inflate *s);
int wdi_z_inflate_inner_prime(struct wdi_z_inflate *s, int bits, int value);
int wdi_z_inflate_inner_window(struct wdi_z_inflate *s, uint8_t *to, uInt *length);

#endif
