/* SPDX-License-Identifier: MIT */
/*
 * One operation of OpenSSL, by its default provider and by our provider or engine, alone and in
 * asynchronous jobs: the same calls on the same 64 contexts and buffers each, by turns, in one process.
 */
#ifndef WEFT_TOOLS_OSSL_CASE_H
#define WEFT_TOOLS_OSSL_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"

enum ossl_kind {
	OSSL_ENCRYPT,		/* one update, as "openssl speed" does it */
	OSSL_DECRYPT,
	OSSL_SEAL,		/* init with an IV, update, final, tag */
	OSSL_OPEN,
	OSSL_DIGEST,		/* init, update, final */
	OSSL_PIECES,		/* the same with updates of 1 KiB */
	OSSL_MAC,
	OSSL_SIGN,
	OSSL_VERIFY,
	OSSL_DERIVE,
	OSSL_PAUSE,		/* nothing but to pause: what a job costs by itself */
};

/* The contestants, and where their seconds of CPU for an operation are in the result. */
enum ossl_side {
	OSSL_DEFAULT,
	OSSL_OURS,		/* outside jobs */
	OSSL_JOBS_16,		/* woken by callback */
	OSSL_JOBS_64,
	OSSL_JOBS_64_FD,	/* woken by a descriptor */
	OSSL_SIDES
};

/*
 * @module:  the provider's file, or the engine's
 * @engine:  it is the engine's; ciphers, AEAD and digests only
 * @name:    of the algorithm or key
 * @sub:     digest or cipher of a MAC, group or bits of a key, or NULL
 * @size:    bytes of an operation
 * @seconds: of CPU for each contestant
 * @threads: how many do the same at the same time
 */
struct ossl_case {
	const char *module;
	bool engine;
	enum ossl_kind kind;
	const char *name;
	const char *sub;
	size_t size;
	double seconds;
	unsigned int threads;
};

/* A bench_fn for a struct ossl_case; -ENOTSUP if ours or OpenSSL does not have it. */
int ossl_measure(const void *arg, struct bench_result *res);

#endif
