/* SPDX-License-Identifier: MIT */
/* The rows of test/vectors: published answers as hexadecimal text. */
#ifndef WEFT_TEST_API_CRYPTO_ROWS_H
#define WEFT_TEST_API_CRYPTO_ROWS_H

#define VECTOR(source, name, ...)	{ source, name, __VA_ARGS__ },

static const struct cipher_vector {
	const char *source, *name, *key, *iv, *plain, *secret;
} cipher_vectors[] = {
#include "../vectors/cipher.def"
};

static const struct digest_vector {
	const char *source, *name, *key, *iv, *message;
	unsigned int times;
	const char *result;
} digest_vectors[] = {
#include "../vectors/digest.def"
};

static const struct aead_vector {
	const char *source, *name, *key, *key2, *iv, *aad, *plain, *secret, *tag;
} aead_vectors[] = {
#include "../vectors/aead.def"
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#endif
