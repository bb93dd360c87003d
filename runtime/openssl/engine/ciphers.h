/* SPDX-License-Identifier: MIT */
/* Methods of ciphers: the ones without authentication (ciphers.c), GCM and CCM (aeads.c). */
#ifndef WEFT_OPENSSL_ENGINE_CIPHERS_H
#define WEFT_OPENSSL_ENGINE_CIPHERS_H

#include "openssl/engine/engine.h"

/* A row, as an engine offers it. The functions are libcrypto's. */
struct wdi_eng_cipher {
	int nid;
	const EVP_CIPHER *plain;
	EVP_CIPHER *cipher;
	const struct wdi_ossl_row *row;
	size_t place;		/* of our data */
	int (*init)(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv, int enc);
	int (*run)(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len);
	int (*cleanup)(EVP_CIPHER_CTX *ctx);
	int (*ctrl)(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr);
};

/* Ours, and how many bytes of data they want. */
struct wdi_eng_cipher_kind {
	size_t size;
	int (*init)(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv, int enc);
	int (*run)(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len);
	int (*cleanup)(EVP_CIPHER_CTX *ctx);
	int (*ctrl)(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr);
};
extern const struct wdi_eng_cipher_kind wdi_eng_aead;

const struct wdi_eng_cipher *wdi_eng_cipher_of(const EVP_CIPHER_CTX *ctx);

/*
 * Our data, which stand behind libcrypto's own in the memory that EVP has for a context. NULL:
 * there are none, because the context was never initialised.
 */
static inline void *wdi_eng_cipher_data(const struct wdi_eng_cipher *m, const EVP_CIPHER_CTX *ctx)
{
	uint8_t *all = EVP_CIPHER_CTX_get_cipher_data(ctx);

	return all ? all + m->place : NULL;
}

#endif
