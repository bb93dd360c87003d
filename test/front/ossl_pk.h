/* SPDX-License-Identifier: MIT */
/* Scripts (ossl.h) that work with a key of test/vectors/keys.pem, and those keys. */
#ifndef WEFT_TEST_FRONT_OSSL_PK_H
#define WEFT_TEST_FRONT_OSSL_PK_H

#include "ossl.h"

/* The key of that name; NULL: this OpenSSL does not know its kind. The caller frees it. */
EVP_PKEY *pk_load(OSSL_LIB_CTX *libctx, const char *name);

/*
 * The same as an object of the provider that libctx prefers. (What is read from a file may
 * belong to the provider that read it.)
 */
EVP_PKEY *pk_import(OSSL_LIB_CTX *libctx, const char *name);

/*
 * Calls on the key s->name in s->libctx; signatures are verified in s->other, and what is
 * encrypted there is decrypted here. With another provider in s->libctx the transcript has
 * to be the same.
 */
void script_pk(struct script *s);

#endif
