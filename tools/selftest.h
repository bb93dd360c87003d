/* SPDX-License-Identifier: MIT */
#ifndef WEFT_TOOLS_SELFTEST_H
#define WEFT_TOOLS_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"

/*
 * A known answer: compressed data and what is in it.
 * @alg:	enum wd_comp_alg_type
 * @tail:	bytes of @in that are not part of it
 * @plain:	byte i of the contents; NULL: there are none
 * @bad:	is to be refused
 */
struct vector {
	const char *name;
	unsigned int alg;
	const uint8_t *in;
	size_t in_len;
	size_t tail;
	uint8_t (*plain)(size_t i);
	size_t plain_len;
	bool bad;
};

extern const struct vector vectors[];
extern const size_t vector_count;

#define SELFTEST_ROOM	((size_t)2 << 20)	/* of each buffer of struct test */

/*
 * One device under test.
 * @guard:	as struct weft_device has it
 * @plain, @packed, @out: buffers for the checks; plain is filled
 * @report:	takes down what came of a check, @detail when it failed
 */
struct test {
	const char *device;
	const char *guard;
	struct pool pool;
	uint8_t *plain, *packed, *out;
	char detail[160];
	void (*report)(struct test *t, const char *check, bool good);
};

/* Why a check failed. Always false. */
bool selftest_wrong(struct test *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What the round trips compress: half of it repeats, the other half does not. */
void selftest_fill(uint8_t *to, size_t len);

/* All checks of compression, each reported. */
void selftest_checks(struct test *t);

/* The same for cipher, digest and aead on @dev. */
void selftest_crypto(struct test *t, struct uacce_dev *dev);

#endif
