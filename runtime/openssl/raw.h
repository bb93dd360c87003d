/* SPDX-License-Identifier: MIT */
/*
 * Private operations of keys on the device, as numbers: no padding, no key object, no
 * parameters. What has these keys and where they come from is for the caller to know.
 *
 * *_open() returns 0 for a key that the device cannot have. What runs an operation returns 0
 * or a negative errno, and takes an operation of the caller's or makes it.
 */
#ifndef WEFT_OPENSSL_RAW_H
#define WEFT_OPENSSL_RAW_H

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "openssl/dev.h"

/* ---- RSA ---- */

enum wdi_ossl_rsa_number {
	WDI_OSSL_RSA_N,
	WDI_OSSL_RSA_E,
	WDI_OSSL_RSA_D,
	WDI_OSSL_RSA_P,
	WDI_OSSL_RSA_Q,
	WDI_OSSL_RSA_DP,
	WDI_OSSL_RSA_DQ,
	WDI_OSSL_RSA_QINV,
	WDI_OSSL_RSA_NUMBERS
};

/* Has the device this length of modulus? */
bool wdi_ossl_rsa_size(size_t bytes);

/* D, or those from P on, may be NULL. */
handle_t wdi_ossl_rsa_open(const BIGNUM *const numbers[WDI_OSSL_RSA_NUMBERS]);

/* The number of @size bytes at op->buf to the power of d, to the room of @size bytes behind it. */
int wdi_ossl_rsa_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, size_t size,
		     enum wdi_ossl_where where);

/* ---- Diffie-Hellman ---- */

#define WDI_OSSL_DH_MAX	512	/* bytes of a modulus */

handle_t wdi_ossl_dh_open(size_t bytes);

/*
 * wdi_ossl_dh_raw() - @base to the power of x, modulo p: op->produced bytes, which are @size
 * at most, to *@out, which is in the operation's memory. That has all of it copied, so a
 * job that never comes back may leave it to the device while the key goes.
 * @x_p: x, of @xbytes bytes, and from byte @size on p
 */
int wdi_ossl_dh_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, const uint8_t *x_p,
		    size_t xbytes, size_t size, const BIGNUM *base, enum wdi_ossl_where where,
		    const uint8_t **out);

/* ---- elliptic curves ---- */

#define WDI_OSSL_EC_MAX		66	/* bytes of a coordinate */
#define WDI_OSSL_DIGEST_MAX	64

/* @alg: "ecdh", which also signs, or "sm2" */
handle_t wdi_ossl_ec_open(const EC_GROUP *group, const BIGNUM *d, const char *alg);

/* @alg: "x25519" or "x448", the key as RFC 7748 has it. */
handle_t wdi_ossl_ecx_open(const uint8_t *key, size_t size, const char *alg);

enum wdi_ossl_ec_kind {
	WDI_OSSL_EC_ECDSA,
	WDI_OSSL_EC_SM2,
};

/* A signature of a digest; *@sig is the caller's to free. */
int wdi_ossl_ec_sign_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op,
			 enum wdi_ossl_ec_kind kind, const uint8_t *digest, size_t len,
			 enum wdi_ossl_where where, ECDSA_SIG **sig);

/*
 * The x of the point (x, y), of @size bytes each, times the private number, to @out of as many
 * bytes. @y is NULL for X25519 and X448, whose strings begin with the low byte.
 */
int wdi_ossl_ec_agree_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, const uint8_t *x,
			  const uint8_t *y, size_t size, enum wdi_ossl_where where, uint8_t *out);

#endif
