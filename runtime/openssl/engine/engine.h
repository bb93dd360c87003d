/* SPDX-License-Identifier: MIT */
/*
 * The OpenSSL engine: EVP and key methods that are OpenSSL's own, with the device beside
 * them. Each method calls libcrypto's function for whatever the device does not do, so a
 * program sees no other behaviour; all that is here decides who does a call, and puts
 * it as the operation code of the folder above wants it.
 *
 * Engines are deprecated in OpenSSL 3 and gone in 4; nothing outside this folder uses them.
 * Functions that OpenSSL calls return 1 or 0, those between our files 0 or a negative errno.
 */
#ifndef WEFT_OPENSSL_ENGINE_H
#define WEFT_OPENSSL_ENGINE_H

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/engine.h>
#include <openssl/evp.h>

#include "openssl/common.h"

/* What control commands change: from which size on the device is asked, for each row. */
extern struct wdi_ossl_limits wdi_eng_limits[WDI_OSSL_IMPLS];

enum wdi_eng_reason {
	WDI_ENG_R_COMMAND = 100,
	WDI_ENG_R_VALUE,
	WDI_ENG_R_BUSY,
	WDI_ENG_R_SELF_TEST,
};

void wdi_eng_raise_(const char *file, int line, enum wdi_eng_reason reason, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
#define wdi_eng_raise(reason, ...)	wdi_eng_raise_(__FILE__, __LINE__, reason, __VA_ARGS__)

/* The context belongs to a job that has paused; 0, for the caller to return. */
int wdi_eng_raise_busy(const struct wdi_ossl_row *row);

/*
 * The methods, made once and for as long as the process lives: contexts and keys may outlive
 * the engine. False: no memory.
 */
bool wdi_eng_ciphers_make(void);
bool wdi_eng_digests_make(void);

/* What ENGINE_set_ciphers() and ENGINE_set_digests() take. */
int wdi_eng_ciphers(ENGINE *e, const EVP_CIPHER **cipher, const int **nids, int nid);
int wdi_eng_digests(ENGINE *e, const EVP_MD **md, const int **nids, int nid);

/* Which operations (bits 1 << OSSL_OP_*) are offered; the others have no methods. */
bool wdi_eng_offers(int operation);

#endif
