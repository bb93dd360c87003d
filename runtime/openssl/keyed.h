/* SPDX-License-Identifier: MIT */
/*
 * A cipher with a key on the device. Whoever has a context of OpenSSL's keeps one of these
 * in it and says which bytes are the device's; what is left, and everything that failed, is
 * for OpenSSL's own code.
 */
#ifndef WEFT_OPENSSL_KEYED_H
#define WEFT_OPENSSL_KEYED_H

#include "openssl/common.h"
#include "openssl/dev.h"

#define WDI_OSSL_KEY_MAX	64

struct wdi_ossl_keyed {
	const struct wdi_ossl_row *row;
	struct wdi_ossl_sess *sess;	/* with this key, NULL until needed */
	struct wdi_ossl_op *op;
	uint32_t key_len;	/* 0: none yet, or one that is not for the device */
	bool enc;
	bool refused;		/* the device does not take this key */
	uint8_t iv[16];		/* for the next bytes */
	uint8_t key[WDI_OSSL_KEY_MAX];
};

/* A new key. */
void wdi_ossl_keyed_key(struct wdi_ossl_keyed *k, const uint8_t *key, size_t len);

/* What it holds is given back; the key is for the caller to wipe. */
void wdi_ossl_keyed_end(struct wdi_ossl_keyed *k);

/* Bytes of a block. */
size_t wdi_ossl_cipher_block(const struct wdi_ossl_row *row);

/* Where a call that brings @len bytes belongs. */
enum wdi_ossl_where wdi_ossl_cipher_where(const struct wdi_ossl_keyed *k,
					  const struct wdi_ossl_limits *limits, size_t len);

/* How many of @len bytes, which begin with a block, the device can take. */
size_t wdi_ossl_cipher_share(const struct wdi_ossl_keyed *k, size_t len);

/* Of a message that may go in pieces, what goes at once, and whole or not at all. */
#define WDI_OSSL_PIECE	(32u * 1024)

/*
 * wdi_ossl_cipher_run() - @len bytes, which is what wdi_ossl_cipher_share() said, from k->iv
 * on, which moves along in modes where messages may go in pieces. Returns the number of bytes
 * done, in whole blocks, and counts them; -EBUSY: another job is in the middle of an operation.
 * Nothing was written behind the bytes done.
 */
ptrdiff_t wdi_ossl_cipher_run(struct wdi_ossl_keyed *k, uint8_t *out, const uint8_t *in, size_t len,
			      enum wdi_ossl_where where);

#endif
