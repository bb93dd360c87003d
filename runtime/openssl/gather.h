/* SPDX-License-Identifier: MIT */
/*
 * A message that is gathered until its end shows how long it is: hashes are faster on
 * the device only as whole messages, because a multi-buffer kernel takes no half-hashed
 * one. Memory of its own, in the operation that will carry it.
 */
#ifndef WEFT_OPENSSL_GATHER_H
#define WEFT_OPENSSL_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "openssl/common.h"
#include "openssl/dev.h"

#define WDI_OSSL_GATHER_MAX	(32u * 1024)

enum wdi_ossl_owner {
	WDI_OSSL_OWNER_NONE,	/* no data yet */
	WDI_OSSL_OWNER_GATHER,	/* they are here, the default provider has seen none */
	WDI_OSSL_OWNER_PLAIN,
};

struct wdi_ossl_gather {
	enum wdi_ossl_owner owner;
	size_t len;
	struct wdi_ossl_op *op;
	bool failed;		/* the device has, and may hold @op still */
};

/*
 * wdi_ossl_gather_take() - true if the data were taken. False: they, and before them
 * gather->op->buf with gather->len bytes if the owner is still GATHER, are for the default
 * provider; the caller feeds it and sets the owner.
 */
bool wdi_ossl_gather_take(struct wdi_ossl_gather *g, size_t async_min, size_t sync_min,
			  const uint8_t *in, size_t inl);

/* A copy with memory of its own. False: no memory. */
bool wdi_ossl_gather_copy(struct wdi_ossl_gather *to, const struct wdi_ossl_gather *from);

/* Ready for another message. */
static inline void wdi_ossl_gather_reset(struct wdi_ossl_gather *g)
{
	g->owner = WDI_OSSL_OWNER_NONE;
	g->len = 0;
}

/* The default provider has the data. If the device failed, another operation next time. */
static inline void wdi_ossl_gather_given(struct wdi_ossl_gather *g)
{
	if (wdi_likely(!g->failed))
		return;
	wdi_ossl_op_put(g->op);
	g->op = NULL;
	g->failed = false;
}

/*
 * wdi_ossl_gather_run() - digest or MAC of what was gathered, @size bytes to @out. 0, or
 * a negative errno: the data are still here.
 * @iv: of GMAC, 12 bytes, or NULL
 */
int wdi_ossl_gather_run(struct wdi_ossl_gather *g, struct wdi_ossl_sess *sess, const uint8_t *iv,
			uint8_t *out, size_t size, enum wdi_ossl_where where);

/* Bytes of the digest that a row makes. */
size_t wdi_ossl_digest_size(const struct wdi_ossl_row *row);

/*
 * wdi_ossl_gather_digest() - the digest of what was gathered, by the device, to @out. False:
 * that is not the device's to do, or it failed; the data are still here.
 */
bool wdi_ossl_gather_digest(struct wdi_ossl_gather *g, const struct wdi_ossl_row *row,
			    const struct wdi_ossl_limits *limits, uint8_t *out);

#endif
