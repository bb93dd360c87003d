/* SPDX-License-Identifier: MIT */
/* Test data that is the same in every run, and zlib as the judge of what we make of it. */
#ifndef WEFT_TEST_API_ORACLE_H
#define WEFT_TEST_API_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include <uadk/wd_comp.h>

/* ---- data --------------------------------------------------------------- */

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 to @limit - 1; @limit is not 0. */
size_t rng_below(struct rng *rng, size_t limit);

enum data_kind {
	DATA_TEXT,	/* words, compresses to about a third */
	DATA_RANDOM,	/* does not compress */
	DATA_ZEROS,
	DATA_MIXED,	/* all of these, and repetitions from as far as 40,000 bytes back */
	DATA_KINDS,
};

void data_fill(enum data_kind kind, uint64_t seed, void *buf, size_t len);
/* The same in memory of its own: free(). */
uint8_t *data_new(enum data_kind kind, uint64_t seed, size_t len);

/* ---- zlib --------------------------------------------------------------- */

/* zlib's windowBits for a format of ours: @bits (8 to 15) with its sign or offset. */
int oracle_bits(enum wd_comp_alg_type alg, int bits);

#define ORACLE_FAILED	SIZE_MAX

/*
 * oracle_decode() - inflate what begins at @src. Returns the bytes produced, or
 * ORACLE_FAILED: corrupt, cut short, or more than @cap. @used, if not NULL:
 * bytes of source that belonged to it.
 */
size_t oracle_decode(enum wd_comp_alg_type alg, const void *src, size_t len, void *dst, size_t cap,
		     size_t *used);

/* The same with a window of 2^bits bytes, so that a match from further back fails. */
size_t oracle_decode_window(enum wd_comp_alg_type alg, int bits, const void *src, size_t len,
			    void *dst, size_t cap);

/* How to deflate. Zeroes stand for zlib's defaults; its level 0 is ORACLE_STORED. */
#define ORACLE_STORED	100
struct oracle_how {
	int level;
	int bits;
	int mem_level;
	int strategy;
	bool full_header;	/* gzip with every optional field */
};

/* Bytes produced; ORACLE_FAILED when @cap is too small. */
size_t oracle_encode(enum wd_comp_alg_type alg, const struct oracle_how *how, const void *src,
		     size_t len, void *dst, size_t cap);
size_t oracle_bound(size_t len);

/* A stream to check, piece by piece, that what was written so far can be decoded. */
struct oracle_stream;
struct oracle_stream *oracle_stream_new(enum wd_comp_alg_type alg);
/* Feed @len bytes of compressed data. Returns what came out, or ORACLE_FAILED. */
size_t oracle_stream_feed(struct oracle_stream *s, const void *src, size_t len, void *dst,
			  size_t cap);
bool oracle_stream_ended(const struct oracle_stream *s);
void oracle_stream_free(struct oracle_stream *s);

#endif
