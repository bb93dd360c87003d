/* SPDX-License-Identifier: MIT */
/*
 * HMAC, CMAC and GMAC. As digests, with a session of the context's own for its key. Which
 * hash or cipher it is comes as a parameter, so what the device makes of it is found
 * when a message begins.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "openssl/gather.h"
#include "openssl/prov.h"

#define KEY_MAX		128	/* longer ones are the default provider's */
#define GMAC_IV		12

/*
 * What the device has, by the names that callers use; @key: its bytes, 0: any. Thresholds
 * as in algs.def, measured.
 */
struct mac_row {
	enum wdi_ossl_mac_kind kind;
	const char *name;
	uint8_t type;		/* enum wd_digest_type */
	uint8_t size;
	uint8_t key;
	size_t async_min;
	size_t sync_min;
};

#define NEVER	WDI_OSSL_NEVER

static const struct mac_row rows[] = {
	{ WDI_OSSL_HMAC, "MD5", WD_DIGEST_MD5, 16, 0, NEVER, NEVER },
	{ WDI_OSSL_HMAC, "SHA1", WD_DIGEST_SHA1, 20, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA-1", WD_DIGEST_SHA1, 20, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA224", WD_DIGEST_SHA224, 28, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA2-224", WD_DIGEST_SHA224, 28, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA-224", WD_DIGEST_SHA224, 28, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA256", WD_DIGEST_SHA256, 32, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA2-256", WD_DIGEST_SHA256, 32, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA-256", WD_DIGEST_SHA256, 32, 0, 4096, NEVER },
	{ WDI_OSSL_HMAC, "SHA384", WD_DIGEST_SHA384, 48, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SHA2-384", WD_DIGEST_SHA384, 48, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SHA-384", WD_DIGEST_SHA384, 48, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SHA512", WD_DIGEST_SHA512, 64, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SHA2-512", WD_DIGEST_SHA512, 64, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SHA-512", WD_DIGEST_SHA512, 64, 0, 2048, NEVER },
	{ WDI_OSSL_HMAC, "SM3", WD_DIGEST_SM3, 32, 0, NEVER, NEVER },
	{ WDI_OSSL_CMAC, "AES-128-CBC", WD_DIGEST_AES_CMAC, 16, 16, 2048, NEVER },
	{ WDI_OSSL_CMAC, "AES-192-CBC", WD_DIGEST_AES_CMAC, 16, 24, 2048, NEVER },
	{ WDI_OSSL_CMAC, "AES-256-CBC", WD_DIGEST_AES_CMAC, 16, 32, 2048, NEVER },
	{ WDI_OSSL_GMAC, "AES-128-GCM", WD_DIGEST_AES_GMAC, 16, 16, NEVER, NEVER },
	{ WDI_OSSL_GMAC, "AES-192-GCM", WD_DIGEST_AES_GMAC, 16, 24, NEVER, NEVER },
	{ WDI_OSSL_GMAC, "AES-256-GCM", WD_DIGEST_AES_GMAC, 16, 32, NEVER, NEVER },
};

struct mac {
	struct wdi_ossl_head head;
	struct wdi_ossl_gather gather;
	struct wdi_ossl_sess *sess;	/* with this key and row */
	const struct mac_row *row;	/* NULL: none that the device has */
	size_t async_min;
	size_t fd_min;
	size_t sync_min;
	uint32_t key_len;
	bool has_key;
	bool refused;
	bool has_iv;			/* GMAC: 12 bytes of it */
	bool spent;			/* GMAC: the IV has served its message */
	bool special;			/* a size or a way of TLS that is OpenSSL's own */
	uint8_t iv[GMAC_IV];
	uint8_t key[KEY_MAX];
};

static const struct wdi_ossl_mac_fns *fns(const struct mac *c)
{
	return &c->head.impl->mac;
}

static bool busy(const struct mac *c)
{
	return c->gather.op && c->gather.op->busy;
}

static int raise_busy(const struct mac *c)
{
	wdi_ossl_raise(c->head.impl->prov, WDI_OSSL_R_BUSY,
		       "%s: a paused job is in the middle of an operation of this context",
		       c->head.impl->row->name);
	return 0;
}

/* The default provider has not seen that IV used, so it would use it again. */
static int raise_spent(const struct mac *c)
{
	wdi_ossl_raise(c->head.impl->prov, WDI_OSSL_R_SPENT, "%s: no new IV was given",
		       c->head.impl->row->name);
	return 0;
}

void *wdi_ossl_mac_newctx(struct wdi_ossl_impl *impl)
{
	struct mac *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->head.impl = impl;
	c->head.plain = impl->mac.newctx(impl->prov->plain_ctx);
	if (!c->head.plain) {
		OPENSSL_free(c);
		return NULL;
	}
	c->async_min = c->fd_min = c->sync_min = NEVER;
	return c;
}

static void mac_freectx(void *ctx)
{
	struct mac *c = ctx;

	if (!c)
		return;
	fns(c)->freectx(c->head.plain);
	wdi_ossl_sess_put(c->sess);
	wdi_ossl_op_put(c->gather.op);
	OPENSSL_clear_free(c, sizeof(*c));
}

static void *mac_dupctx(void *ctx)
{
	struct mac *c = ctx, *d = OPENSSL_memdup(c, sizeof(*c));

	if (!d)
		return NULL;
	if (!wdi_ossl_gather_copy(&d->gather, &c->gather))
		goto free_copy;
	d->head.plain = fns(c)->dupctx(c->head.plain);
	if (!d->head.plain)
		goto free_gather;
	wdi_ossl_sess_hold(d->sess);
	return d;

free_gather:
	wdi_ossl_op_put(d->gather.op);
free_copy:
	OPENSSL_clear_free(d, sizeof(*d));
	return NULL;
}

/* ---- parameters -------------------------------------------------------------------------- */

static void forget_session(struct mac *c)
{
	wdi_ossl_sess_put(c->sess);
	c->sess = NULL;
	c->refused = false;
}

static void set_row(struct mac *c, const char *name)
{
	const struct wdi_ossl_config *config = &c->head.impl->prov->config;

	forget_session(c);
	c->row = NULL;
	c->async_min = c->fd_min = c->sync_min = NEVER;
	for (size_t i = 0; i < wdi_array_size(rows); i++) {
		if (rows[i].kind == c->head.impl->row->alg && !strcasecmp(rows[i].name, name)) {
			c->row = &rows[i];
			break;
		}
	}
	if (!c->row)
		return;
	if (config->async)
		c->async_min = config->async_min ? config->async_min : c->row->async_min;
	c->fd_min = wdi_ossl_fd_min(c->async_min, config);
	if (config->sync)
		c->sync_min = config->sync_min ? config->sync_min : c->row->sync_min;
}

static void set_key(struct mac *c, const void *key, size_t len)
{
	forget_session(c);
	c->has_key = len && len <= KEY_MAX;
	if (c->has_key) {
		memcpy(c->key, key, len);
		c->key_len = (uint32_t)len;
	}
}

static void read_params(struct mac *c, const OSSL_PARAM params[])
{
	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		if (!wdi_ossl_param_is_first(params, p))
			continue;
		if (!strcmp(p->key, OSSL_MAC_PARAM_DIGEST) || !strcmp(p->key, OSSL_MAC_PARAM_CIPHER)) {
			char name[32] = "";

			/* Not NUL-terminated for certain, and perhaps longer than any of ours. */
			if (p->data_type == OSSL_PARAM_UTF8_STRING && p->data &&
			    p->data_size < sizeof(name))
				memcpy(name, p->data, p->data_size);
			set_row(c, name);
		} else if (!strcmp(p->key, OSSL_MAC_PARAM_KEY)) {
			set_key(c, p->data, p->data_type == OSSL_PARAM_OCTET_STRING && p->data ?
				p->data_size : 0);
		} else if (!strcmp(p->key, OSSL_MAC_PARAM_IV)) {
			c->spent = false;
			c->has_iv = p->data_type == OSSL_PARAM_OCTET_STRING && p->data &&
				    p->data_size == GMAC_IV;
			if (c->has_iv)
				memcpy(c->iv, p->data, GMAC_IV);
		} else if (strcmp(p->key, OSSL_MAC_PARAM_PROPERTIES)) {
			c->special = true;
		}
	}
}

static int mac_set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
	OSSL_PARAM kept[WDI_OSSL_PARAMS];
	struct mac *c = ctx;

	if (busy(c))
		return raise_busy(c);
	if (!params || !params->key)
		return 1;
	/* In the middle of a message they are for the default provider to judge. */
	if (c->gather.owner == WDI_OSSL_OWNER_GATHER) {
		c->gather.owner = WDI_OSSL_OWNER_PLAIN;
		if (c->gather.len &&
		    !fns(c)->update(c->head.plain, c->gather.op->buf, c->gather.len))
			return 0;
	}
	if (!fns(c)->set_ctx_params(c->head.plain, wdi_ossl_plain_params(params, kept)))
		return 0;
	read_params(c, params);
	return 1;
}

static int mac_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct mac *c = ctx;

	return fns(c)->get_ctx_params(c->head.plain, params);
}

/* ---- messages ------------------------------------------------------------------------------- */

/* Will the device take this message, if it is long enough? */
static bool fits(const struct mac *c)
{
	return c->row && c->has_key && !c->special && !c->refused &&
	       (!c->row->key || c->row->key == c->key_len) &&
	       (c->row->kind != WDI_OSSL_GMAC || c->has_iv);
}

static int to_plain(struct mac *c)
{
	bool had = c->gather.owner == WDI_OSSL_OWNER_GATHER && c->gather.len;

	c->gather.owner = WDI_OSSL_OWNER_PLAIN;
	return !had || fns(c)->update(c->head.plain, c->gather.op->buf, c->gather.len);
}

static int mac_init(void *ctx, const unsigned char *key, size_t key_len, const OSSL_PARAM params[])
{
	struct mac *c = ctx;

	if (busy(c))
		return raise_busy(c);
	/* An IV serves one message, be it given up: the default provider has to know that it has. */
	if (c->has_iv && c->gather.owner == WDI_OSSL_OWNER_GATHER && !to_plain(c))
		return 0;
	wdi_ossl_gather_reset(&c->gather);
	c->has_iv = false;
	if (params && params->key && !mac_set_ctx_params(c, params))
		return 0;
	if (!fns(c)->init(c->head.plain, key, key_len, NULL))
		return 0;
	if (key)
		set_key(c, key, key_len);
	else
		c->has_iv = false;	/* OpenSSL's GMAC does not go on without a key */
	return 1;
}

static int mac_update(void *ctx, const unsigned char *in, size_t inl)
{
	struct mac *c = ctx;

	if (wdi_unlikely(c->spent))
		return raise_spent(c);
	if (c->gather.owner != WDI_OSSL_OWNER_PLAIN) {
		if (busy(c))
			return raise_busy(c);
		if (fits(c) && wdi_ossl_gather_take(&c->gather, c->async_min, c->sync_min, in, inl))
			return 1;
		if (!to_plain(c))
			return 0;
	}
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return fns(c)->update(c->head.plain, in, inl);
}

static bool open_session(struct mac *c)
{
	if (c->sess && wdi_likely(wdi_ossl_sess_valid(c->sess)))
		return true;
	wdi_ossl_sess_put(c->sess);
	c->sess = wdi_ossl_sess_new(WDI_OSSL_CLASS_DIGEST, c->row->type, WD_DIGEST_HMAC, c->key,
				    c->key_len, 0);
	c->refused = !c->sess;
	return c->sess;
}

static bool device_final(struct mac *c, unsigned char *out)
{
	enum wdi_ossl_where where = WDI_OSSL_CPU;
	int ret;

	if (wdi_ossl_job_takes(c->gather.len, c->async_min, c->fd_min))
		where = WDI_OSSL_DEV_ASYNC;
	else if (c->gather.len >= c->sync_min)
		where = WDI_OSSL_DEV_SYNC;
	if (where == WDI_OSSL_CPU || !open_session(c))
		return false;
	ret = wdi_ossl_gather_run(&c->gather, c->sess,
				  c->row->kind == WDI_OSSL_GMAC ? c->iv : NULL, out, c->row->size,
				  where);
	wdi_ossl_count(c->head.impl->row, ret ? WDI_OSSL_PATH_REDONE :
		       where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC : WDI_OSSL_PATH_SYNC,
		       c->gather.len);
	return !ret;
}

static int mac_final(void *ctx, unsigned char *out, size_t *outl, size_t outsize)
{
	struct mac *c = ctx;

	/* EVP asks for the size this way. */
	if (!out)
		return fns(c)->final(c->head.plain, out, outl, outsize);
	if (wdi_unlikely(c->spent))
		return raise_spent(c);
	if (c->gather.owner == WDI_OSSL_OWNER_GATHER) {
		int ok;

		if (busy(c))
			return raise_busy(c);
		if (outsize >= c->row->size && device_final(c, out)) {
			wdi_ossl_gather_reset(&c->gather);
			c->spent = c->row->kind == WDI_OSSL_GMAC;
			*outl = c->row->size;
			return 1;
		}
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, c->gather.len);
		ok = to_plain(c);
		wdi_ossl_gather_given(&c->gather);
		if (!ok)
			return 0;
	}
	return fns(c)->final(c->head.plain, out, outl, outsize);
}

#define FN(f)	((void (*)(void))(f))

OSSL_DISPATCH *wdi_ossl_mac_dispatch(const struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_thunks *t = &wdi_ossl_thunks[impl->row - wdi_ossl_rows];
	const struct wdi_ossl_mac_fns *f = &impl->mac;
	const struct wdi_ossl_fn table[] = {
		{ OSSL_FUNC_MAC_NEWCTX, t->newctx },
		{ OSSL_FUNC_MAC_FREECTX, FN(mac_freectx) },
		{ OSSL_FUNC_MAC_DUPCTX, FN(mac_dupctx) },
		{ OSSL_FUNC_MAC_INIT, FN(mac_init) },
		{ OSSL_FUNC_MAC_UPDATE, FN(mac_update) },
		{ OSSL_FUNC_MAC_FINAL, FN(mac_final) },
		{ OSSL_FUNC_MAC_GET_PARAMS, FN(f->get_params) },
		{ OSSL_FUNC_MAC_GETTABLE_PARAMS, FN(f->gettable_params) },
		{ OSSL_FUNC_MAC_SET_CTX_PARAMS, FN(mac_set_ctx_params) },
		{ OSSL_FUNC_MAC_GET_CTX_PARAMS,
		  f->get_ctx_params ? FN(mac_get_ctx_params) : NULL },
		{ OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS,
		  f->settable_ctx_params ? t->settable_ctx_params : NULL },
		{ OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS,
		  f->gettable_ctx_params ? t->gettable_ctx_params : NULL },
	};

	return wdi_ossl_dispatch(table, wdi_array_size(table));
}
