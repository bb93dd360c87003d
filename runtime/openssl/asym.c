/* SPDX-License-Identifier: MIT */
/* Encryption to a key, encapsulation, and agreement on a secret. */
#include <openssl/crypto.h>

#include "openssl/pk.h"

static const struct wdi_ossl_asym_fns *asym(const struct wdi_ossl_pk *c)
{
	return &c->head.impl->pk.asym;
}

static const struct wdi_ossl_kem_fns *kem(const struct wdi_ossl_pk *c)
{
	return &c->head.impl->pk.kem;
}

static const struct wdi_ossl_exch_fns *exch(const struct wdi_ossl_pk *c)
{
	return &c->head.impl->pk.exch;
}

/* ---- encryption -------------------------------------------------------------------------------- */

int wdi_ossl_encrypt_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, asym(c)->encrypt_init);
}

int wdi_ossl_encrypt(void *ctx, unsigned char *out, size_t *outlen, size_t outsize,
		     const unsigned char *in, size_t inlen)
{
	struct wdi_ossl_pk *c = ctx;

	if (out)
		wdi_ossl_pk_count_cpu(c);
	return asym(c)->encrypt(c->head.plain, out, outlen, outsize, in, inlen);
}

int wdi_ossl_decrypt_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, asym(c)->decrypt_init);
}

int wdi_ossl_decrypt(void *ctx, unsigned char *out, size_t *outlen, size_t outsize,
		     const unsigned char *in, size_t inlen)
{
	struct wdi_ossl_pk *c = ctx;
	struct wdi_ossl_private_call call = {
		.out = out, .outlen = outlen, .outsize = outsize, .in = in, .inlen = inlen,
	};
	int done = out ? wdi_ossl_pk_private(c, WDI_OSSL_DECRYPT, &call) : 0;

	return done ? done > 0 : asym(c)->decrypt(c->head.plain, out, outlen, outsize, in, inlen);
}

/* ---- encapsulation ------------------------------------------------------------------------------ */

int wdi_ossl_encapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, kem(c)->encapsulate_init);
}

int wdi_ossl_encapsulate(void *ctx, unsigned char *out, size_t *outlen, unsigned char *secret,
			 size_t *secretlen)
{
	struct wdi_ossl_pk *c = ctx;

	if (out)
		wdi_ossl_pk_count_cpu(c);
	return kem(c)->encapsulate(c->head.plain, out, outlen, secret, secretlen);
}

int wdi_ossl_decapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, kem(c)->decapsulate_init);
}

int wdi_ossl_decapsulate(void *ctx, unsigned char *out, size_t *outlen, const unsigned char *in,
			 size_t inlen)
{
	struct wdi_ossl_pk *c = ctx;

	if (out)
		wdi_ossl_pk_count_cpu(c);
	return kem(c)->decapsulate(c->head.plain, out, outlen, in, inlen);
}

/* ---- agreement ---------------------------------------------------------------------------------- */

int wdi_ossl_exch_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, exch(c)->init);
}

int wdi_ossl_exch_set_peer(void *ctx, void *key)
{
	struct wdi_ossl_pk *c = ctx;
	struct wdi_ossl_key *peer = key;

	if (wdi_ossl_pk_busy(c) ||
	    !exch(c)->set_peer(c->head.plain, peer ? peer->plain : NULL))
		return 0;
	wdi_ossl_key_put(c->peer);
	c->peer = wdi_ossl_key_hold(peer);
	return 1;
}

int wdi_ossl_exch_derive(void *ctx, unsigned char *secret, size_t *len, size_t size)
{
	struct wdi_ossl_pk *c = ctx;
	struct wdi_ossl_private_call call = { .out = secret, .outlen = len, .outsize = size };
	int done = secret ? wdi_ossl_pk_private(c, WDI_OSSL_DERIVE, &call) : 0;

	return done ? done > 0 : exch(c)->derive(c->head.plain, secret, len, size);
}
