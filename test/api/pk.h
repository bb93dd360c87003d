/* SPDX-License-Identifier: MIT */
/* What the tests of rsa, dh and ecc share: numbers, sessions, and requests in every mode. */
#ifndef WEFT_TEST_API_PK_H
#define WEFT_TEST_API_PK_H

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <uadk/wd_dh.h>
#include <uadk/wd_ecc.h>
#include <uadk/wd_rsa.h>

#include "common.h"

/* Synchronous or asynchronous, by engine threads or by the caller. */
enum pk_mode {
	PK_SYNC_INLINE,
	PK_ASYNC_INLINE,
	PK_SYNC_THREADS,
	PK_ASYNC_THREADS,
	PK_MODES,
};

void pk_start(int mode);	/* all three classes, by init2 */
void pk_finish(void);

/* Carry out a request; what a synchronous call returns, with the result in @req. */
int pk_rsa(int mode, handle_t sess, struct wd_rsa_req *req);
int pk_dh(int mode, handle_t sess, struct wd_dh_req *req);
int pk_ecc(int mode, handle_t sess, struct wd_ecc_req *req);

/* ---- numbers ------------------------------------------------------------- */

#define NUM_MAX	520

struct num {
	struct wd_dtb dtb;
	char bytes[NUM_MAX];
};

/* Without zeroes before it, a 0 as one byte; with a length, that many bytes. */
struct wd_dtb *num_bn(struct num *n, const BIGNUM *bn);
struct wd_dtb *num_bn_padded(struct num *n, const BIGNUM *bn, size_t len);
struct wd_dtb *num_hex(struct num *n, const char *hex);
struct wd_dtb *num_text(struct num *n, const char *text);
struct wd_dtb *num_bytes(struct num *n, const void *p, size_t len);

BIGNUM *bn_hex(const char *hex);
BIGNUM *bn_dtb(const struct wd_dtb *dtb);
bool dtb_is_bn(const struct wd_dtb *dtb, const BIGNUM *bn);
bool dtb_is_hex(const struct wd_dtb *dtb, const char *hex);

/* The same numbers in every run, different from call to call. */
void rng_bytes(void *p, size_t len);

/* ---- RSA ------------------------------------------------------------------- */

/* A key of libcrypto's, made once for each size, and its numbers. */
struct rsa_key {
	EVP_PKEY *pkey;
	BIGNUM *n, *e, *d, *p, *q, *dp, *dq, *qinv;
	unsigned int bits;
};

const struct rsa_key *rsa_key(unsigned int bits);
handle_t rsa_sess(unsigned int bits, bool crt);
/* Both halves of the key, in the session. */
void rsa_set(handle_t sess, const struct rsa_key *key, bool crt);
struct wd_rsa_req rsa_req(enum wd_rsa_op_type op, void *src, void *dst, unsigned int bits);

/* ---- curves ------------------------------------------------------------------ */

struct curve {
	const char *name;
	int nid;
	uint32_t id;		/* 0: by its numbers only */
	uint16_t bits;
};

#define CURVES	10
extern const struct curve curves[CURVES];

/* A session on a curve; @by_numbers: WD_CV_CFG_PARAM. */
handle_t ecc_sess(const char *alg, const struct curve *curve, bool by_numbers);
/* @more: callbacks and hash, or NULL. */
handle_t ecc_sess_with(const char *alg, const struct curve *curve, bool by_numbers,
		       const struct wd_ecc_sess_setup *more);

void ecc_set_private(handle_t sess, struct wd_dtb *d);
void ecc_set_public(handle_t sess, struct wd_dtb *x, struct wd_dtb *y);
struct wd_ecc_req ecc_req(enum wd_ecc_op_type op, struct wd_ecc_in *in, struct wd_ecc_out *out);

#endif
