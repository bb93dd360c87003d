/* SPDX-License-Identifier: MIT */
/*
 * The accelerator: libwd_comp, opened when the process has done enough with
 * zlib to be worth it. All jobs are raw deflate; wrappers and checksums are the
 * front end's. Everything here may be called from any thread, and every failure
 * leaves the job to the system's zlib.
 */
#ifndef WEFT_ZLIB_ENGINE_H
#define WEFT_ZLIB_ENGINE_H

#include <stdatomic.h>

#include "zlib/front.h"

/* Counts forks: what was under way in the parent is not in the child. */
extern unsigned int wdi_z_generation;

/*
 * Whether jobs can be sent. @bytes that the caller has at hand count towards the
 * amount (WEFT_ZLIB_MIN) from which the library is opened; another thread that is
 * just opening it is not waited for.
 */
bool wdi_z_engine(size_t bytes);

enum wdi_z_job_end {
	WDI_Z_JOB_DONE,
	WDI_Z_JOB_NOT,		/* it does not fit, or is corrupt or cut short */
	WDI_Z_JOB_FAILED,	/* nothing is known about it */
};

/*
 * Compress @in_len (1 or more) bytes. @open: as a piece of a stream that goes
 * on, see weft_comp_sess_open_end(). @out_len: in: room; out: produced.
 */
enum wdi_z_job_end wdi_z_engine_compress(int level, bool open, const uint8_t *in, size_t in_len,
					 uint8_t *out, size_t *out_len);

/* Decompress a whole stream. @in_len, @out_len: in: bytes and room; out: used. */
enum wdi_z_job_end wdi_z_engine_decompress(const uint8_t *in, size_t *in_len, uint8_t *out,
					   size_t *out_len);

/*
 * A compression that another thread of the device may do meanwhile. It is the
 * caller's until it is sent, and again once @state is not WDI_Z_PART_SENT.
 */
enum wdi_z_part_state {
	WDI_Z_PART_IDLE,
	WDI_Z_PART_SENT,
	WDI_Z_PART_DONE,
	WDI_Z_PART_FAILED,
};

struct wdi_z_part {
	uint8_t *in, *out;
	size_t in_len, out_room, out_len;
	bool last;
	_Atomic int state;		/* enum wdi_z_part_state */
	unsigned int generation;	/* of the process that sent it */
};

/* How many parts of one stream are worth having under way; 0: send none. */
unsigned int wdi_z_engine_depth(void);
bool wdi_z_engine_send(int level, struct wdi_z_part *part);
/* Until the part is not under way any more; lends a hand while it waits. */
void wdi_z_engine_wait(struct wdi_z_part *part);

/*
 * A stream that decompresses piece by piece. Lengths as above. What it ended
 * with: MORE: the input is used or the output full, END: there, and no byte beyond.
 */
enum wdi_z_strm_end {
	WDI_Z_STRM_MORE,
	WDI_Z_STRM_END,
	WDI_Z_STRM_NOT,		/* the data is corrupt, or the stream lost */
};

struct weft_comp_place;

uintptr_t wdi_z_engine_strm_open(void);		/* 0: there is none */
enum wdi_z_strm_end wdi_z_engine_strm_run(uintptr_t strm, const uint8_t *in, size_t *in_len,
					  uint8_t *out, size_t *out_len);
/* Where it is after a run, see weft_comp_strm_tell(). False: it cannot be told now. */
bool wdi_z_engine_strm_tell(uintptr_t strm, struct weft_comp_place *place);
void wdi_z_engine_strm_close(uintptr_t strm, unsigned int generation);

/* The runtime's own code; it links the system's zlib, and must not meet us there. */
bool wdi_z_engine_calls(const void *caller);

#endif
