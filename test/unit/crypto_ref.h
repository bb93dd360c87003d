/* SPDX-License-Identifier: MIT */
/*
 * What the device's symmetric algorithms have to give, by another way: one EVP
 * call where libcrypto has the mode, otherwise the standard's formulas block by
 * block. Nothing here is of the device.
 */
#ifndef WEFT_TEST_CRYPTO_REF_H
#define WEFT_TEST_CRYPTO_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REF_MAC_MAX	64

struct ref_alg {
	uint8_t alg;		/* enum sdev_alg */
	uint8_t op;		/* SDEV_OP_CIPHER, _DIGEST, _AEAD */
	uint8_t keys[4];	/* lengths; 0 ends. HMAC: of the test's choice */
	uint8_t block;		/* data comes in multiples of */
	uint8_t least;
	uint8_t iv;
	uint8_t mac;		/* full length */
	const char *name;	/* cipher or digest of libcrypto, %u: key bits */
	const char *mode;	/* what is done with it */
};

extern const struct ref_alg ref_algs[];
extern const size_t ref_alg_count;
const struct ref_alg *ref_find(unsigned int alg);

struct ref_job {
	const struct ref_alg *alg;
	bool decrypt;
	const uint8_t *key;
	size_t key_len;
	const uint8_t *key2;
	size_t key2_len;
	uint8_t iv[128];	/* CIPHER: the next one afterwards */
	size_t iv_len;
	const uint8_t *aad;
	size_t aad_len;
	const uint8_t *in;
	uint8_t *out;
	size_t len;
	uint8_t mac[REF_MAC_MAX];	/* made, also when decrypting (of the given input) */
	size_t mac_len;
};

void ref_run(struct ref_job *j);

#endif
