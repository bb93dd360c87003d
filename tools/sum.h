/* SPDX-License-Identifier: MIT */
/*
 * Digests of many files at a time through one queue: small files go to the device
 * together, large ones piece by piece while the next piece is read.
 */
#ifndef WEFT_TOOLS_SUM_H
#define WEFT_TOOLS_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUM_HEX_MAX	128

/* @name: as the user says it. @tag: as BSD says it. @bytes: of the digest. */
struct sum_alg {
	const char *name, *tag;
	unsigned int type;	/* enum wd_digest_type */
	unsigned int bytes;
	unsigned int state;	/* of the chaining state */
};

extern const struct sum_alg sum_algs[];
extern const size_t sum_alg_count;
const struct sum_alg *sum_alg_named(const char *name);

/*
 * A file to be digested. @path: "-" is standard input. Afterwards either @error is an
 * errno, or @reason says what was wrong, or @hex is the digest.
 */
struct sum_job {
	char *path;
	char *expect;		/* the caller's: what it should be */
	int error;
	const char *reason;
	uint64_t bytes;
	char hex[SUM_HEX_MAX + 1];
};

struct sum;

/* 0 or a negative errno; -ENODEV: no device has the algorithm. */
int sum_open(const struct sum_alg *alg, struct sum **out);
void sum_close(struct sum *s);

/*
 * sum_run() - digest what @next gives, until it gives false, and hand it to @done in the
 * same order. @next fills @path, which is the caller's, and @expect. @step, if not NULL,
 * is called from time to time with the bytes read so far. 0, or a negative errno when
 * there is no memory.
 */
struct sum_calls {
	bool (*next)(void *arg, struct sum_job *job);
	void (*done)(void *arg, struct sum_job *job);
	void (*step)(void *arg, uint64_t bytes);
	void *arg;
};
int sum_run(struct sum *s, const struct sum_calls *calls);

#endif
