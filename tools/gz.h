/* SPDX-License-Identifier: MIT */
/* The two halves of "weft gzip": one open file in, gzip members or their contents out. */
#ifndef WEFT_TOOLS_GZ_H
#define WEFT_TOOLS_GZ_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd.h"
#include "ui.h"

#define GZ_BLOCK	(1u << 20)

enum gz_result {
	GZ_OK,
	GZ_WARNING,	/* the output is whole; reason says what is odd */
	GZ_FAILED,
};

/*
 * @in, @out: descriptors; out -1: throw the output away
 * @copy:     decompression: input that is not gzip goes through as it is
 * @in_bytes, @out_bytes: on return
 * @reason:   why, when the result is not GZ_OK
 * @at_output: it was the output that failed, not the input
 */
struct gz_job {
	int in;
	int out;
	bool copy;
	bool verbose;
	struct ui_progress *progress;
	uint64_t in_bytes;
	uint64_t out_bytes;
	const char *reason;
	bool at_output;
};

/* Opened once for all the files of a run. */
struct gz_compressor;
struct gz_decompressor;

/* 0 or a negative errno. */
int gz_compressor_open(unsigned int level, struct gz_compressor **out);
void gz_compressor_close(struct gz_compressor *c);
enum gz_result gz_compress(struct gz_compressor *c, struct gz_job *job);

int gz_decompressor_open(struct gz_decompressor **out);
void gz_decompressor_close(struct gz_decompressor *d);
enum gz_result gz_decompress(struct gz_decompressor *d, struct gz_job *job);

/* Set the reason and which side it was; for the two halves. Always GZ_FAILED. */
enum gz_result gz_fail(struct gz_job *job, bool at_output, const char *reason);

#endif
