/* SPDX-License-Identifier: MIT */
/*
 * Symmetric algorithms side by side: libwd, EVP of libcrypto, and ipsec-mb called
 * directly, at the same jobs in the same memory. An algorithm is a row, a
 * contestant a pair of functions.
 */
#ifndef WEFT_TOOLS_SYM_CASE_H
#define WEFT_TOOLS_SYM_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench.h"

#define SYM_JOBS	64	/* of different memory; every contestant goes through all of them */
#define SYM_AAD		16	/* bytes of associated data of an AEAD */
#define SYM_DEPTHS	8	/* at most */

enum sym_class { SYM_CIPHER, SYM_DIGEST, SYM_AEAD };

/* How libcrypto is asked. */
enum sym_evp { SYM_EVP_NONE, SYM_EVP_CIPHER, SYM_EVP_HASH, SYM_EVP_MAC, SYM_EVP_GMAC,
	       SYM_EVP_GCM, SYM_EVP_CCM, SYM_EVP_CHAIN };

/* How ipsec-mb is asked: the fastest of its ways for the algorithm. */
enum sym_raw { SYM_RAW_NONE, SYM_RAW_JOBS, SYM_RAW_CIPHERS, SYM_RAW_HASHES, SYM_RAW_GCM };

/*
 * @name:	libwd's; what init2 takes, but for HMACs
 * @alg, @mode:	libwd's enumerators; of an AEAD those of its cipher
 * @mac:	AEAD of CBC and an HMAC: libwd's enumerator of the hash
 * @key, @akey, @iv, @out: bytes
 * @cipher, @digest: libcrypto's names
 * @cts:	libcrypto's name of the way that ciphertext is stolen
 * @raw_cipher, @raw_hash: ipsec-mb's enumerators
 */
struct sym_row {
	const char *name;
	enum sym_class class;
	unsigned int alg, mode, mac;
	uint8_t key, akey, iv, out;
	enum sym_evp evp;
	const char *cipher, *digest, *cts;
	enum sym_raw raw;
	int raw_cipher, raw_hash;
};

extern const struct sym_row sym_rows[];
extern const size_t sym_row_count;

struct sym_job {
	uint8_t *src, *dst;	/* AEAD: associated data, then the message */
	uint8_t iv[16];
	uint8_t mac[64];	/* digest or tag */
};

struct sym_data {
	const struct sym_row *row;
	bool decrypt;
	size_t size;		/* of a message */
	uint8_t key[64], akey[64];
	struct sym_job job[SYM_JOBS];
};

/*
 * @open: state, or NULL: this contestant does not have it. Once a process.
 * @run: the SYM_JOBS jobs, @depth of them under way at a time. Negative errno.
 */
struct sym_side {
	void *(*open)(struct sym_data *d);
	int (*run)(void *state, unsigned int depth);
};

extern const struct sym_side sym_side_sync;	/* libwd; knows no depth */
extern const struct sym_side sym_side_async;	/* libwd; shares the state of sync */
extern const struct sym_side sym_side_evp;	/* knows no depth */
extern const struct sym_side sym_side_raw;	/* ipsec-mb */

static inline size_t sym_aad(const struct sym_data *d)
{
	return d->row->class == SYM_AEAD ? SYM_AAD : 0;
}

/* What is to be measured; the argument of sym_measure(). */
struct sym_case {
	const struct sym_row *row;
	bool decrypt;
	size_t size;
	unsigned int depths[SYM_DEPTHS];
	unsigned int depth_count;
	double seconds;		/* for each number */
	unsigned int turns;
};

/*
 * Nanoseconds of CPU a job, of the fastest turn; 0: the contestant does not have
 * it. SYM_VALUE_ASYNC and _RAW are followed by those of the other depths.
 */
enum {
	SYM_VALUE_SYNC,
	SYM_VALUE_EVP,
	SYM_VALUE_ASYNC,
	SYM_VALUE_RAW = SYM_VALUE_ASYNC + SYM_DEPTHS,
	SYM_VALUE_COUNT = SYM_VALUE_RAW + SYM_DEPTHS,
};

/* -EBADMSG: they do not all make the same of the jobs. -ENOTSUP: libwd does not have it. */
int sym_measure(const void *arg, struct bench_result *res);

/* value[0]: nanoseconds of a system call that does nothing. @arg: seconds, a double */
int sym_null_measure(const void *arg, struct bench_result *res);

#endif
