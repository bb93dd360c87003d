/* SPDX-License-Identifier: MIT */
/* algs.def as a table, and what of it is in force. */
#include <uadk/wd_cipher.h>
#include <uadk/wd_digest.h>

#include "openssl/common.h"

/* What algs.def leaves to each includer. */
#define NEVER	WDI_OSSL_NEVER
#define LOCKED	WDI_OSSL_LOCKED

const struct wdi_ossl_row wdi_ossl_rows[WDI_OSSL_IMPLS] = {
#define CIPHER(id, n, a, m, v, p, am, sm) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_CIPHER, .alg = WD_CIPHER_##a, \
		.mode = WD_CIPHER_##m, .iv = v, .pieces = p, .async_min = am, .sync_min = sm },
#define AEAD(id, n, a, m, am, sm) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_CIPHER, .alg = WD_CIPHER_##a, \
		.mode = WD_CIPHER_##m, .aead = true, .async_min = am, .sync_min = sm },
#define DIGEST(id, n, a, am, sm) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_DIGEST, .alg = WD_DIGEST_##a, \
		.async_min = am, .sync_min = sm },
#define MAC(id, n, k) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_MAC, .alg = WDI_OSSL_##k, \
		.async_min = NEVER, .sync_min = NEVER },
#define KEYMGMT(id, n, f) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_KEYMGMT, .alg = WDI_OSSL_FAMILY_##f, \
		.async_min = NEVER, .sync_min = NEVER },
#define PK(id, n, o, am, sm) [WDI_OSSL_##id] = { \
		.name = n, .operation = OSSL_OP_##o, .async_min = am, .sync_min = sm },
#define SIGNATURE(id, n, am, sm) PK(id, n, SIGNATURE, am, sm)
#define ASYM(id, n, am, sm) PK(id, n, ASYM_CIPHER, am, sm)
#define KEYEXCH(id, n, am, sm) PK(id, n, KEYEXCH, am, sm)
#define KEM(id, n, am, sm) PK(id, n, KEM, am, sm)
#include "openssl/algs.def"
};

/* What a descriptor costs is won back by twice as many data; see docs/openssl.md. */
size_t wdi_ossl_fd_min(size_t async_min, const struct wdi_ossl_config *config)
{
	return config->async_min || async_min > WDI_OSSL_NEVER / 4 ? async_min : 2 * async_min;
}

void wdi_ossl_limits_set(struct wdi_ossl_limits *l, const struct wdi_ossl_row *row,
			 const struct wdi_ossl_config *c)
{
	l->async_min = l->sync_min = WDI_OSSL_NEVER;
	if (c->async && row->async_min != WDI_OSSL_LOCKED)
		l->async_min = c->async_min ? c->async_min : row->async_min;
	/* An operation on a key costs too much for that to count. */
	l->fd_min = row->operation < OSSL_OP_KEYMGMT ? wdi_ossl_fd_min(l->async_min, c) : l->async_min;
	if (c->sync)
		l->sync_min = c->sync_min ? c->sync_min : row->sync_min;
	l->encrypt_only = !c->async_min && row->operation == OSSL_OP_CIPHER &&
			  row->mode == WD_CIPHER_CBC;
	l->least = l->async_min < l->sync_min ? l->async_min : l->sync_min;
}
