/* SPDX-License-Identifier: MIT */
/* One way to compress or decompress the blocks of a sample over and over, measured. */
#ifndef WEFT_TOOLS_COMP_CASE_H
#define WEFT_TOOLS_COMP_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"
#include "codecs_direct.h"
#include "sample.h"

enum comp_how {
	COMP_DIRECT,	/* the library itself */
	COMP_SYNC,	/* wd_do_comp_sync() */
	COMP_ASYNC,	/* wd_do_comp_async(), @depth in flight */
	COMP_HOW_COUNT,
};

/*
 * @packed:	the blocks compressed, when @decompress
 * @codec:	COMP_DIRECT
 * @level:	of the library (COMP_DIRECT) or of libwd
 * @depth:	COMP_ASYNC; COMP_DIRECT: buffers that it writes to by turns, as a program
 *		with so many results at a time would
 * @sleep:	COMP_ASYNC: sleep on the contexts' descriptors, the engine threads work
 * @seconds:	how long; at least once over the sample
 */
struct comp_case {
	const struct sample *sample;
	const struct packed *packed;
	size_t block;
	bool decompress;
	enum comp_how how;
	const struct direct_codec *codec;
	int level;
	unsigned int depth;
	bool sleep;
	double seconds;
};

/* Values of struct bench_result. */
enum {
	COMP_VALUE_MBS,		/* megabytes of plain data a second */
	COMP_VALUE_BYTES,	/* bytes of output for one pass over the sample */
	COMP_VALUE_WAIT,	/* CPUs that engine threads were ready for and did not get */
};

/* A bench_fn; @arg is a struct comp_case. */
int comp_measure(const void *arg, struct bench_result *res);

#endif
