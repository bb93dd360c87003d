/* SPDX-License-Identifier: MIT */
/* What libcrypto says: the judge of everything that the library computes. */
#ifndef WEFT_TEST_API_CRYPTO_ORACLE_H
#define WEFT_TEST_API_CRYPTO_ORACLE_H

#include "crypto.h"

/* @out: @len bytes. */
void oracle_cipher(const struct alg *alg, const struct bytes *key, const uint8_t *iv, bool decrypt,
		   const uint8_t *in, size_t len, uint8_t *out);

/* @out: alg->out bytes. @iv: 12 bytes for AES-GMAC. */
void oracle_digest(const struct alg *alg, const struct bytes *key, const uint8_t *iv,
		   const uint8_t *in, size_t len, uint8_t *out);

/* Encrypts. @tag: @tag_len bytes. */
struct oracle_aead {
	const struct bytes *key, *key2;
	const uint8_t *iv;
	size_t iv_len;
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *in;
	size_t len;
	size_t tag_len;
};
void oracle_seal(const struct alg *alg, const struct oracle_aead *a, uint8_t *out, uint8_t *tag);

#endif
