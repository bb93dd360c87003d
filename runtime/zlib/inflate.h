/* SPDX-License-Identifier: MIT */
/*
 * Decompressing streams of our own. inflate.c has the rules of zlib's calls,
 * inflate_data.c the wrappers, the data, and the way back to the system's zlib.
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

/*
 * @window_bits:	as it was asked for
 * @wrap:	enum wdi_z_wrap, once the header has told
 * @check:	of all output given
 * @trailer:	what has come of it, @trailer_len bytes
 * @strm:	of the engine, made by the process of @generation
 * @kept:	all input taken, as long as it is little; with it zlib can begin
 *		anew and come to the same point
 * @lost:	it was too much to keep: there is no way back
 * @window:	the last of the output, as zlib keeps it, for whoever asks for it
 * @inner:	the system's stream, to which this one was handed over, and input
 *		that it has still to take before the program's: in @kept, from
 *		@kept_off on
 */
struct wdi_z_inflate {
	struct wdi_z_head head;
	int8_t window_bits;
	uint8_t stage, wrap;
	bool lost;
	bool no_check;		/* inflateValidate() */
	uint8_t trailer_len;
	uint8_t trailer[8];
	uint32_t check;
	uintptr_t strm;
	unsigned int generation;
	uint8_t *kept;
	size_t kept_len, kept_size, kept_off;
	uint8_t *window;
	size_t window_len, window_size;
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
 * As much output as input and room allow. Z_OK, Z_STREAM_END, or Z_DATA_ERROR
 * with nothing taken: zlib has to say which.
 */
int wdi_z_inflate_run(z_streamp strm, struct wdi_z_inflate *s, int flush);

/*
 * Hand over to the system's zlib, brought to the same point. Z_OK, Z_MEM_ERROR,
 * or Z_STREAM_ERROR: there is no way back.
 */
int wdi_z_inflate_hand_over(z_streamp strm, struct wdi_z_inflate *s, enum wdi_z_reason why);

/* The window as inflateGetDictionary() tells it. */
void wdi_z_inflate_window(const struct wdi_z_inflate *s, uint8_t *to, uInt *length);

/* inflate() on the stream that it was handed over to. */
int wdi_z_inflate_inner(z_streamp strm, struct wdi_z_inflate *s, int flush);

void wdi_z_inflate_clear(struct wdi_z_inflate *s);

#endif
