/* SPDX-License-Identifier: MIT */
/*
 * Two libraries with zlib's interface are driven by the same sequence of calls,
 * and must behave alike. A sequence is a list of operations with raw numbers
 * as arguments; what a number means depends on what the stream is doing when the
 * operation is due, so any operation may be left out of a list and it stays a
 * sequence. That is how a failing one is made short.
 *
 * What zlib's manual leaves free is not compared as such:
 * - the compressed bytes: instead they are decoded by the system's zlib and
 *   compared with the input, in a window no larger than the stream's;
 * - how much compressed data a call delivers before it has to: a side that was
 *   given too little room follows the rules for its own room, and the sides are
 *   compared again where both have delivered everything;
 * - how much input inflate holds when it stops for want of room.
 * One thing more is let pass, though the manual promises it: data_type after an
 * inflate() with neither Z_BLOCK nor Z_TREES, before the end (docs/zlib.md says why).
 * With @exact nothing is free.
 */
#ifndef WEFT_TEST_FRONT_ZDIFF_H
#define WEFT_TEST_FRONT_ZDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zapi.h"

#define ZDIFF_ARGS	6
#define ZDIFF_OPS_MAX	80

enum { THEIRS, OURS, SIDES };

struct zop {
	uint8_t kind;
	uint8_t slot;
	bool off;			/* left out, while a sequence is made short */
	uint32_t arg[ZDIFF_ARGS];
};

/* Seeds from here on are for sequences with long decompressing streams. */
#define ZDIFF_LENGTHY	(UINT64_C(1) << 62)

struct zseq {
	struct zop op[ZDIFF_OPS_MAX];
	size_t count;
	bool lengthy;
};

struct zdiff;

/* ---- sequences ---- */

/* The sequence of a seed. */
void zseq_random(struct zseq *seq, uint64_t seed);
/* The sequence that @data spells, for a fuzzer. */
void zseq_decode(struct zseq *seq, const uint8_t *data, size_t len);

/*
 * zdiff_run() - play @seq on both. True when they behaved alike; otherwise
 * zdiff_why() says what differed. With @trace each call is shown on stderr.
 */
bool zdiff_run(struct zdiff *d, const struct zseq *seq);
const char *zdiff_why(const struct zdiff *d);

struct zdiff *zdiff_new(const struct zapi *theirs, const struct zapi *ours, const char *folder);
void zdiff_free(struct zdiff *d);
void zdiff_set_trace(struct zdiff *d, bool on);
void zdiff_set_exact(struct zdiff *d, bool on);
/* Calls made on one side so far. */
uint64_t zdiff_calls(const struct zdiff *d);

#endif
