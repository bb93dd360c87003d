/* SPDX-License-Identifier: MIT */
/*
 * The frame of the tests of libwd_crypto: algorithms by name, requests in every way
 * that they can be sent, data in lists, and what libcrypto says about the same.
 */
#ifndef WEFT_TEST_API_CRYPTO_H
#define WEFT_TEST_API_CRYPTO_H

#include "common.h"

#include <uadk/wd_aead.h>
#include <uadk/wd_cipher.h>
#include <uadk/wd_digest.h>

/* ---- algorithms ---------------------------------------------------------- */

enum alg_class {
	IS_CIPHER,
	IS_DIGEST,
	IS_AEAD,
};

/* A row of runtime/alg/algs.def. */
struct alg {
	const char *name;
	enum alg_class class;
	uint8_t device;		/* enum sdev_alg */
	uint8_t alg, mode, mac;
	uint8_t unit, least, iv, out, state;
	uint16_t key_min, key_max, key_step;
};

extern const struct alg algs[];
extern const int alg_count;
const struct alg *alg_named(const char *name);

/* ---- bytes --------------------------------------------------------------- */

struct bytes {
	uint8_t *p;
	size_t len;
};

struct bytes from_hex(const char *hex);
void bytes_free(struct bytes *b);
#define assert_bytes(have, want, len, ...) \
	ck_assert_msg(!memcmp(have, want, len), __VA_ARGS__)

/* A list over one buffer, in pieces of up to @piece bytes at random, some empty. */
#define LIST_MAX	600
struct list {
	struct wd_datalist node[LIST_MAX];
};
struct wd_datalist *as_list(struct list *list, void *p, size_t len, size_t piece,
			    struct rng *rng);

/* ---- what does the work --------------------------------------------------- */

/* Engine threads or none, ipsec-mb where it is or libcrypto alone. */
#define ENGINES	4
void engines(int i);

/* The three classes, with init2 and its defaults. */
void crypto_start(void);
void crypto_finish(void);

/* ---- requests ------------------------------------------------------------ */

/* As run_block(): what a synchronous call returns, with the result in @req. */
int run_cipher(bool async, handle_t sess, struct wd_cipher_req *req);
int run_digest(bool async, handle_t sess, struct wd_digest_req *req);
int run_aead(bool async, handle_t sess, struct wd_aead_req *req);

/* A session of @alg with these keys; @key2 only where the algorithm has one. */
handle_t crypto_sess(const struct alg *alg, const struct bytes *key, const struct bytes *key2);
void crypto_sess_free(const struct alg *alg, handle_t sess);

#endif
