/* SPDX-License-Identifier: MIT */
/*
 * Compressing streams of our own. deflate.c has the rules of zlib's calls,
 * deflate_data.c moves the data.
 */
#ifndef WEFT_ZLIB_DEFLATE_H
#define WEFT_ZLIB_DEFLATE_H

#include "zlib/engine.h"
#include "zlib/own.h"
#include "zlib/report.h"

#define WDI_Z_WINDOW	((size_t)32 << 10)

/*
 * Input is cut into parts of this size, which refer to nothing before them: the
 * larger, the less is lost at the seams, and the more memory a stream has.
 */
#define WDI_Z_PART_SIZE	((size_t)512 << 10)

enum wdi_z_status {
	WDI_Z_INIT,		/* nothing taken, nothing given */
	WDI_Z_BUSY,
	WDI_Z_FINISH,		/* all input is taken */
};

/*
 * @level to @wrap:	as they were asked for; @wrap: 0 raw, 1 zlib, 2 gzip
 * @last_flush:		zlib's, for its rule about calls that change nothing
 * @check:		of all input taken
 * @pend:		output that waits for room; @pend_size: of the buffer
 * @held:		input that waits for more; @held_size: of the buffer
 * @history:		the last of the input before @held: zlib's window, for whoever asks
 *			for it, and for the system's zlib if it has to go on from here
 * @history_live:	how much of it lies behind the last full flush
 * @parts:		sent to the device, in order: @count of them from @first on
 * @inner:		the system's raw stream, to which this one was handed over
 * @inner_fresh:		it has not had a call yet, and does not know the last flush
 * @system_in:		total_in at that moment
 */
struct wdi_z_deflate {
	struct wdi_z_head head;
	int8_t level, strategy, mem_level, window_bits, wrap;
	uint8_t status;			/* enum wdi_z_status */
	bool typed;			/* data_type is set */
	bool reused;			/* it was reset: making a zlib for it pays off */
	bool trailed;			/* the trailer is in @pend, or out */
	bool inner_fresh;
	int last_flush;
	uint32_t check;
	gz_headerp gzhead;
	uint8_t *pend;
	size_t pend_off, pend_len, pend_size;
	uint8_t *held;
	size_t held_len, held_size;
	uint8_t *history;
	size_t history_len, history_live;
	struct wdi_z_part *parts;
	unsigned int first, count, depth;
	z_stream *inner;
	uint64_t system_in;
};

/* ---- deflate_data.c --------------------------------------------------------------- */

/* Move output that waits into the program's room. False: some still waits. */
bool wdi_z_deflate_deliver(z_streamp strm, struct wdi_z_deflate *s);

/* Put bytes behind what waits. False: no memory. */
bool wdi_z_deflate_pend(struct wdi_z_deflate *s, const uint8_t *bytes, size_t n);

void wdi_z_deflate_header(z_streamp strm, struct wdi_z_deflate *s);
void wdi_z_deflate_trailer(struct wdi_z_deflate *s);

/* Account for input that was taken, before anything overwrites it. */
void wdi_z_deflate_took(z_streamp strm, struct wdi_z_deflate *s, const uint8_t *in, size_t n);

/*
 * Collect the program's input, and send parts as they fill. Ends when all is
 * taken, or when output waits that the program has no room for.
 * Z_OK or Z_MEM_ERROR.
 */
int wdi_z_deflate_collect(z_streamp strm, struct wdi_z_deflate *s);

/* The last of the input taken, at most a window. @to may be NULL. Its length. */
size_t wdi_z_deflate_window(const struct wdi_z_deflate *s, uint8_t *to);

/* Send what is held; @last: and end the stream with it. Z_OK or Z_MEM_ERROR. */
int wdi_z_deflate_cut(z_streamp strm, struct wdi_z_deflate *s, bool last);

/*
 * Deliver all that was sent, in order, waiting for it. True: everything is out.
 */
bool wdi_z_deflate_drain(z_streamp strm, struct wdi_z_deflate *s, int *error);

/* All of the input in one job. False: nothing happened, do it another way. */
bool wdi_z_deflate_whole(z_streamp strm, struct wdi_z_deflate *s);

/*
 * Hand over to the system's zlib, with all that was taken so far: afterwards
 * @inner stands where zlib would stand. Z_OK or Z_MEM_ERROR.
 */
int wdi_z_deflate_hand_over(z_streamp strm, struct wdi_z_deflate *s, enum wdi_z_reason why);

/* Forget all data, waiting for what the device has. */
void wdi_z_deflate_clear(struct wdi_z_deflate *s);

/* A copy of all data. Z_OK or Z_MEM_ERROR. */
int wdi_z_deflate_copy_data(struct wdi_z_deflate *to, struct wdi_z_deflate *from);

#endif
