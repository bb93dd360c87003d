/* SPDX-License-Identifier: MIT */
/*
 * Keys of RSA, DH and EC: libcrypto's methods with one function of ours in each, the one that
 * computes with the private number. Padding, blinding, checks and encodings stay libcrypto's.
 * X25519 and X448 have no methods of this kind; EVP_PKEY_METHODs would take their keys away
 * from the providers, for an exchange that gains nothing, so they are left alone.
 */
#ifndef WEFT_OPENSSL_ENGINE_KEYS_H
#define WEFT_OPENSSL_ENGINE_KEYS_H

/* First: it says that deprecated functions are meant. */
#include "openssl/engine/engine.h"

#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "openssl/dev.h"

const RSA_METHOD *wdi_eng_rsa(void);
const DH_METHOD *wdi_eng_dh(void);
const EC_KEY_METHOD *wdi_eng_ec(void);

bool wdi_eng_keys_make(void);
bool wdi_eng_rsa_make(void);
bool wdi_eng_dh_make(void);
bool wdi_eng_ec_make(void);

/* What the device has of a key, which may be changed as long as nobody uses it. */
struct wdi_eng_held {
	struct wdi_ossl_sess *sess;
	bool refused;		/* the device cannot have it */
};

/* Whether the extra of a session was made of the numbers that @key has now. */
typedef bool wdi_eng_same_fn(const void *extra, const void *key);

/* The session of @key, @held's to put; NULL: the device has none. */
struct wdi_ossl_sess *wdi_eng_held_sess(struct wdi_eng_held *held, enum wdi_ossl_class class,
					wdi_ossl_open_fn *open, wdi_eng_same_fn *same,
					const void *key);
void wdi_eng_held_end(struct wdi_eng_held *held);

/* A CRYPTO_EX_dup: what is held of a key is not copied, the copy keeps what it had. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
int wdi_eng_held_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int index,
		     long arg, void *ptr);
#else
int wdi_eng_held_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void *data, int index,
		     long arg, void *ptr);
#endif

/* The end of a call: counts it, and gives the operation back. Returns whether the device did it. */
bool wdi_eng_key_done(enum wdi_ossl_id id, struct wdi_ossl_op **op, int ret,
		      enum wdi_ossl_where where, size_t bytes);

/* Where a private operation with numbers of @bytes belongs. */
enum wdi_ossl_where wdi_eng_key_where(enum wdi_ossl_id id, size_t bytes);

#endif
