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

#include <assert.h>

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

/*
 * The NIDs of methods in an array: as OpenSSL wants the list, and where the method of a NID
 * stands, which each call asks. OpenSSL 3.5 has some 1500 NIDs; one beyond is not offered.
 */
#define WDI_ENG_NID_ROOM	4096
static_assert(WDI_OSSL_IMPLS < UINT8_MAX, "a place, from 1, is a byte");

struct wdi_eng_nids {
	int list[WDI_OSSL_IMPLS];
	int count;
	uint8_t place[WDI_ENG_NID_ROOM];	/* from 1; 0: no method */
};

/* Where its method stands, or -1. */
static inline int wdi_eng_nid_place(const struct wdi_eng_nids *n, int nid)
{
	return nid > 0 && nid < WDI_ENG_NID_ROOM ? n->place[nid] - 1 : -1;
}

/* Of the next method in the array. False: it has no room, or has one already. */
static inline bool wdi_eng_nid_add(struct wdi_eng_nids *n, int nid)
{
	if (nid <= 0 || nid >= WDI_ENG_NID_ROOM || n->place[nid])
		return false;
	n->list[n->count++] = nid;
	n->place[nid] = (uint8_t)n->count;
	return true;
}

/* Which operations (bits 1 << OSSL_OP_*) are offered; the others have no methods. */
bool wdi_eng_offers(int operation);

/* GCM and CCM. */
bool wdi_eng_offers_aead(void);

#endif
