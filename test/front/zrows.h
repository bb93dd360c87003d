/* SPDX-License-Identifier: MIT */
/*
 * Rows about zlib's public functions, each a scene that a program of zlib's own plays:
 * what must come out is known beforehand. They call whatever zlib the process has.
 */
#ifndef WEFT_TEST_FRONT_ZROWS_H
#define WEFT_TEST_FRONT_ZROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#define ZROWS_DATA	((size_t)600000)	/* bytes at zrows_data */

struct zrow {
	const char *name;
	void (*run)(void);
};

extern const struct zrow zrows_deflate[], zrows_bits[], zrows_inflate[], zrows_memory[];
extern const struct zrow zrows_gz[];
extern const size_t zrows_deflate_count, zrows_bits_count, zrows_inflate_count;
extern const size_t zrows_memory_count, zrows_gz_count;

/* What a process of minigzip's does that a row has started; its exit status. */
int zrows_filter(const char *option);

/* The path of this program. */
const char *zrows_self(void);

/* Text that compresses, the same in every process. */
extern uint8_t *zrows_data;

/* The row is wrong, and does not go on. */
_Noreturn void zrows_fail(const char *file, int line, const char *what, long long got,
			  long long want);

#define IS(got, want)								\
	do {									\
		long long got_ = (long long)(got), want_ = (long long)(want);	\
										\
		if (got_ != want_)						\
			zrows_fail(__FILE__, __LINE__, #got, got_, want_);	\
	} while (0)
#define HOLDS(what)	IS(!!(what), 1)
/* @got, which may be NULL, is the text @want, or there is none when @want is NULL. */
#define SAYS(got, want)	HOLDS(zrows_same_text(got, want))

bool zrows_same_text(const char *got, const char *want);

/* Memory that is given back when the row has ended, however it ends. */
void *zrows_memory_of(size_t size);

/* compress2() of data[0, n) with windowBits; the packed bytes and their number. */
uint8_t *zrows_pack(const uint8_t *data, size_t n, int level, int bits, size_t *len);

/* inflate() in one call gives data[0, n), and takes all. */
void zrows_is_pack_of(const uint8_t *packed, size_t len, int bits, const uint8_t *data, size_t n);

#endif
