/* SPDX-License-Identifier: MIT */
/*
 * Ciphers without authentication. A call goes to the device when it brings at least as
 * much as the threshold and no part of a block waits in the default provider's context;
 * what is left over at its end goes there. The IV moves to and fro: the default
 * provider's is brought up to date before it is needed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/prov_ssl.h>

#include "openssl/dev.h"
#include "openssl/keyed.h"
#include "openssl/prov.h"

struct cipher {
	struct wdi_ossl_head head;
	struct wdi_ossl_keyed dev;	/* dev.iv is for the next bytes if iv_known */
	uint64_t fed;		/* bytes that the default provider got since the IV was set */
	bool odd;		/* it holds part of what comes next, and fed does not tell how much */
	bool pad;
	bool iv_known;
	bool stale;		/* the default provider's is not */
	bool moved;		/* its original IV is lost; ours is first_iv */
	bool tls;		/* each call is a record */
	unsigned int tls_version;
	bool iv_given;		/* by the application, ever */
	uint8_t mode;
	uint8_t first_iv[16];
};

static const struct wdi_ossl_cipher_fns *fns(const struct cipher *c)
{
	return &c->head.impl->cipher;
}

/* Modes whose IV is the first one again after an initialisation without one. */
static bool rewinds(const struct cipher *c)
{
	return c->mode == WD_CIPHER_CBC || c->mode == WD_CIPHER_CFB || c->mode == WD_CIPHER_OFB;
}

void *wdi_ossl_cipher_newctx(struct wdi_ossl_impl *impl)
{
	struct cipher *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->head.impl = impl;
	c->head.plain = impl->cipher.newctx(impl->prov->plain_ctx);
	if (!c->head.plain) {
		OPENSSL_free(c);
		return NULL;
	}
	c->dev.row = impl->row;
	c->pad = true;
	c->mode = impl->row->mode;
	return c;
}

static void cipher_freectx(void *ctx)
{
	struct cipher *c = ctx;

	if (!c)
		return;
	fns(c)->freectx(c->head.plain);
	wdi_ossl_keyed_end(&c->dev);
	OPENSSL_clear_free(c, sizeof(*c));
}

static void *cipher_dupctx(void *ctx)
{
	struct cipher *c = ctx, *d = OPENSSL_memdup(c, sizeof(*c));

	if (!d)
		return NULL;
	d->dev.op = NULL;
	d->head.plain = fns(c)->dupctx(c->head.plain);
	if (!d->head.plain) {
		OPENSSL_clear_free(d, sizeof(*d));
		return NULL;
	}
	wdi_ossl_sess_hold(d->dev.sess);
	return d;
}

/* Bring the default provider's IV up to date. */
static int refresh(struct cipher *c)
{
	int ok = 1;

	if (c->stale) {
		ok = (c->dev.enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, NULL, 0, c->dev.iv,
							      c->head.impl->row->iv, NULL);
		c->stale = false;
		c->moved = true;
	}
	return ok;
}

static void read_params(struct cipher *c, const OSSL_PARAM params[])
{
	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		unsigned int n = 0;

		if (!wdi_ossl_param_is_first(params, p))
			continue;
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_PADDING)) {
			/* A block that was held back as the last, maybe, stays where it is. */
			if (OSSL_PARAM_get_uint(p, &n) && c->pad != (bool)n) {
				c->pad = n;
				c->odd = c->odd || c->fed;
			}
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_TLS_VERSION) ||
			   !strcmp(p->key, OSSL_CIPHER_PARAM_TLS_MAC_SIZE)) {
			c->tls = true;
			if (!strcmp(p->key, OSSL_CIPHER_PARAM_TLS_VERSION) && OSSL_PARAM_get_uint(p, &n))
				c->tls_version = n;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_NUM)) {
			/* Part of a block is used up: no business of the device's. */
			if (OSSL_PARAM_get_uint(p, &n) && n)
				c->odd = true;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN) ||
			   !strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN)) {
			c->dev.key_len = 0;
		}
	}
}

static int cipher_init(struct cipher *c, const unsigned char *key, size_t key_len,
		       const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[], bool enc)
{
	if (iv) {
		c->iv_given = true;
		c->iv_known = iv_len <= sizeof(c->dev.iv);
		if (c->iv_known) {
			memcpy(c->dev.iv, iv, iv_len);
			memcpy(c->first_iv, iv, iv_len);
		}
		c->stale = c->moved = false;
	} else if (c->moved || c->stale) {
		if (rewinds(c)) {
			iv = c->first_iv;
			iv_len = c->head.impl->row->iv;
			memcpy(c->dev.iv, iv, iv_len);
			c->stale = c->moved = false;
			c->iv_known = true;
		} else if (!refresh(c)) {
			return 0;
		}
	} else if (c->fed) {
		c->iv_known = false;
	}
	c->dev.enc = enc;
	c->fed = 0;
	c->odd = false;
	if (!(enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, key, key_len, iv, iv_len, params))
		return 0;
	if (key)
		wdi_ossl_keyed_key(&c->dev, key, key_len);
	if (params)
		read_params(c, params);
	return 1;
}

static int cipher_einit(void *ctx, const unsigned char *key, size_t key_len,
			const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
	return cipher_init(ctx, key, key_len, iv, iv_len, params, true);
}

static int cipher_dinit(void *ctx, const unsigned char *key, size_t key_len,
			const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
	return cipher_init(ctx, key, key_len, iv, iv_len, params, false);
}

/* ---- the device ---------------------------------------------------------------------- */

/* The IV for the next bytes, from whoever has it. */
static bool know_iv(struct cipher *c)
{
	OSSL_PARAM get[2] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_UPDATED_IV, c->dev.iv,
						  c->head.impl->row->iv),
		OSSL_PARAM_construct_end(),
	};

	if (!c->head.impl->row->iv || c->iv_known)
		return true;
	c->iv_known = fns(c)->get_ctx_params(c->head.plain, get) &&
		      get[0].return_size == c->head.impl->row->iv;
	return c->iv_known;
}

/* How many of @len bytes the device can take now. */
static size_t share(const struct cipher *c, size_t len)
{
	size_t b = wdi_ossl_cipher_block(c->head.impl->row);

	if (c->odd || (c->head.impl->row->iv && !c->iv_given))
		return 0;
	if (c->tls)
		return len;
	if (!c->head.impl->row->pieces)
		return c->iv_known ? wdi_ossl_cipher_share(&c->dev, len) : 0;
	if (c->fed % b || (c->mode <= WD_CIPHER_CBC && c->fed && !c->dev.enc && c->pad))
		return 0;
	/* The last block of a padded message is not known to be the last. */
	if (c->mode <= WD_CIPHER_CBC && !c->dev.enc && c->pad)
		len = len ? len - 1 : 0;
	return wdi_ossl_cipher_share(&c->dev, len);
}

/*
 * As much of the data as the device can do. The number of bytes done; the rest is for the
 * default provider. -EBUSY: another job is in the middle of the same context.
 */
static ptrdiff_t device(struct cipher *c, unsigned char *out, const unsigned char *in, size_t len)
{
	const struct wdi_ossl_row *row = c->head.impl->row;
	enum wdi_ossl_where where = wdi_ossl_cipher_where(&c->dev, &c->head.impl->limits, len);
	ptrdiff_t done;
	size_t n;

	if (where == WDI_OSSL_CPU)
		return 0;
	if (c->dev.op && c->dev.op->busy)
		return -EBUSY;
	n = share(c, len);
	if (!n || !know_iv(c))
		return 0;
	done = wdi_ossl_cipher_run(&c->dev, out, in, n, where);
	if (done > 0 && row->pieces && row->iv)
		c->stale = true;
	return done;
}

/* ---- data ----------------------------------------------------------------------------- */

static int raise_busy(const struct cipher *c)
{
	wdi_ossl_raise(c->head.impl->prov, WDI_OSSL_R_BUSY,
		       "%s: a paused job is in the middle of an operation of this context",
		       c->head.impl->row->name);
	return 0;
}

static int plain_update(struct cipher *c, unsigned char *out, size_t *outl, size_t outsize,
			const unsigned char *in, size_t inl)
{
	if (!refresh(c))
		return 0;
	c->iv_known = c->iv_known && !c->head.impl->row->pieces;
	c->fed += inl;
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return fns(c)->update(c->head.plain, out, outl, outsize, in, inl);
}

/*
 * A record of TLS: the device gets it if it is encrypted, with its padding (RFC 5246, 6.2.3.2),
 * and whole or not at all. Its length then, or 0; -EBUSY as above.
 */
static ptrdiff_t record(struct cipher *c, unsigned char *out, const unsigned char *in, size_t size,
			size_t len)
{
	size_t b = wdi_ossl_cipher_block(c->head.impl->row), pad = b - len % b;

	if (c->mode != WD_CIPHER_CBC || !c->dev.enc || !c->pad || c->tls_version < TLS1_VERSION ||
	    in != out || size < len + pad || len + pad > WDI_OSSL_PIECE)
		return 0;
	memset(out + len, (int)(pad - 1), pad);
	return device(c, out, in, len + pad);
}

static int cipher_update(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
			 const unsigned char *in, size_t inl)
{
	struct cipher *c = ctx;
	ptrdiff_t done = 0;
	size_t rest = 0;
	int ok = 1;

	if (wdi_unlikely(inl >= c->head.impl->limits.least) && in && out && outsize >= inl) {
		done = c->tls ? record(c, out, in, outsize, inl) : device(c, out, in, inl);
		if (done < 0)
			return raise_busy(c);
	}
	if (c->tls && done) {
		*outl = (size_t)done;
		return 1;
	}
	if (wdi_likely((size_t)done < inl || !done))
		ok = plain_update(c, out + done, &rest, outsize - (size_t)done, in + done,
				  inl - (size_t)done);
	*outl = (size_t)done + rest;
	return ok;
}

static int cipher_final(void *ctx, unsigned char *out, size_t *outl, size_t outsize)
{
	struct cipher *c = ctx;

	if (!refresh(c))
		return 0;
	return fns(c)->final(c->head.plain, out, outl, outsize);
}

static int cipher_cipher(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
			 const unsigned char *in, size_t inl)
{
	struct cipher *c = ctx;

	/* EVP_Cipher(): whole blocks without padding, which only the bare function knows. */
	if (!refresh(c))
		return 0;
	c->iv_known = c->iv_known && !c->head.impl->row->pieces;
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return fns(c)->cipher(c->head.plain, out, outl, outsize, in, inl);
}

/* ---- parameters ------------------------------------------------------------------------ */

static int cipher_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct cipher *c = ctx;
	OSSL_PARAM *p;

	if (!refresh(c) || !fns(c)->get_ctx_params(c->head.plain, params))
		return 0;
	if (wdi_likely(!c->moved))
		return 1;
	p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IV);
	return !p || OSSL_PARAM_set_octet_ptr(p, c->first_iv, c->head.impl->row->iv) ||
	       OSSL_PARAM_set_octet_string(p, c->first_iv, c->head.impl->row->iv);
}

static int cipher_set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
	struct cipher *c = ctx;

	if (!refresh(c) || !fns(c)->set_ctx_params(c->head.plain, params))
		return 0;
	read_params(c, params);
	return 1;
}

#define FN(f)	((void (*)(void))(f))

OSSL_DISPATCH *wdi_ossl_cipher_dispatch(const struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_thunks *t = &wdi_ossl_thunks[impl->row - wdi_ossl_rows];
	const struct wdi_ossl_cipher_fns *f = &impl->cipher;
	const struct wdi_ossl_fn table[] = {
		{ OSSL_FUNC_CIPHER_NEWCTX, t->newctx },
		{ OSSL_FUNC_CIPHER_FREECTX, FN(cipher_freectx) },
		{ OSSL_FUNC_CIPHER_DUPCTX, f->dupctx ? FN(cipher_dupctx) : NULL },
		{ OSSL_FUNC_CIPHER_ENCRYPT_INIT, FN(cipher_einit) },
		{ OSSL_FUNC_CIPHER_DECRYPT_INIT, FN(cipher_dinit) },
		{ OSSL_FUNC_CIPHER_UPDATE, FN(cipher_update) },
		{ OSSL_FUNC_CIPHER_FINAL, FN(cipher_final) },
		{ OSSL_FUNC_CIPHER_CIPHER, f->cipher ? FN(cipher_cipher) : NULL },
		{ OSSL_FUNC_CIPHER_GET_PARAMS, FN(f->get_params) },
		{ OSSL_FUNC_CIPHER_GET_CTX_PARAMS, FN(cipher_get_ctx_params) },
		{ OSSL_FUNC_CIPHER_SET_CTX_PARAMS, FN(cipher_set_ctx_params) },
		{ OSSL_FUNC_CIPHER_GETTABLE_PARAMS, FN(f->gettable_params) },
		{ OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS,
		  f->gettable_ctx_params ? t->gettable_ctx_params : NULL },
		{ OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS,
		  f->settable_ctx_params ? t->settable_ctx_params : NULL },
	};

	return wdi_ossl_dispatch(table, wdi_array_size(table));
}
