/* SPDX-License-Identifier: MIT */
/*
 * Digests. Inside a job a message is gathered (gather.h) and goes to the device at its
 * end; one that grows too long goes to the default provider on the way. The default provider's
 * context is made and initialised when it is needed, which it is not for a message of the device's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/gather.h"
#include "openssl/prov.h"

struct digest {
	struct wdi_ossl_head head;
	struct wdi_ossl_gather gather;
	bool begun;		/* the default provider's context is for this message */
	bool extended;		/* parameters that change the result were set */
};

static const struct wdi_ossl_digest_fns *fns(const struct digest *c)
{
	return &c->head.impl->digest;
}

void *wdi_ossl_digest_newctx(struct wdi_ossl_impl *impl)
{
	struct digest *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->head.impl = impl;
	return c;
}

static bool plain_begin(struct digest *c, const OSSL_PARAM params[])
{
	if (!c->head.plain)
		c->head.plain = fns(c)->newctx(c->head.impl->prov->plain_ctx);
	if (c->head.plain && !c->begun)
		c->begun = fns(c)->init(c->head.plain, params);
	return c->begun;
}

static void digest_freectx(void *ctx)
{
	struct digest *c = ctx;

	if (!c)
		return;
	if (c->head.plain)
		fns(c)->freectx(c->head.plain);
	wdi_ossl_op_put(c->gather.op);
	OPENSSL_free(c);
}

static void *digest_dupctx(void *ctx)
{
	struct digest *c = ctx, *d = OPENSSL_memdup(c, sizeof(*c));

	if (!d)
		return NULL;
	if (!wdi_ossl_gather_copy(&d->gather, &c->gather)) {
		OPENSSL_free(d);
		return NULL;
	}
	d->head.plain = c->head.plain ? fns(c)->dupctx(c->head.plain) : NULL;
	if (c->head.plain && !d->head.plain) {
		wdi_ossl_op_put(d->gather.op);
		OPENSSL_free(d);
		return NULL;
	}
	return d;
}

static int raise_busy(const struct digest *c)
{
	wdi_ossl_raise(c->head.impl->prov, WDI_OSSL_R_BUSY,
		       "%s: a paused job is in the middle of an operation of this context",
		       c->head.impl->row->name);
	return 0;
}

static bool busy(const struct digest *c)
{
	return c->gather.op && c->gather.op->busy;
}

static int digest_init(void *ctx, const OSSL_PARAM params[])
{
	struct digest *c = ctx;

	if (busy(c))
		return raise_busy(c);
	wdi_ossl_gather_reset(&c->gather);
	c->extended = params && params->key;
	c->begun = false;
	return !c->extended || plain_begin(c, params);
}

/* What was gathered, and all that follows, is the default provider's. */
static int to_plain(struct digest *c)
{
	bool had = c->gather.owner == WDI_OSSL_OWNER_GATHER && c->gather.len;

	c->gather.owner = WDI_OSSL_OWNER_PLAIN;
	return plain_begin(c, NULL) &&
	       (!had || fns(c)->update(c->head.plain, c->gather.op->buf, c->gather.len));
}

static int digest_update(void *ctx, const unsigned char *in, size_t inl)
{
	struct digest *c = ctx;

	if (c->gather.owner != WDI_OSSL_OWNER_PLAIN) {
		if (busy(c))
			return raise_busy(c);
		/*
		 * A message that begins with little is taken for a short one: gathering costs more
		 * than it may gain.
		 */
		if (!c->extended &&
		    (c->gather.owner == WDI_OSSL_OWNER_GATHER ||
		     wdi_ossl_where(&c->head.impl->limits, inl) != WDI_OSSL_CPU) &&
		    wdi_ossl_gather_take(&c->gather, 0, 0, in, inl))
			return 1;
		if (!to_plain(c))
			return 0;
	}
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return plain_begin(c, NULL) && fns(c)->update(c->head.plain, in, inl);
}

static int digest_final(void *ctx, unsigned char *out, size_t *outl, size_t outsize)
{
	struct digest *c = ctx;

	if (c->gather.owner == WDI_OSSL_OWNER_GATHER) {
		size_t size = wdi_ossl_digest_size(c->head.impl->row);
		int ok;

		if (busy(c))
			return raise_busy(c);
		if (outsize >= size &&
		    wdi_ossl_gather_digest(&c->gather, c->head.impl->row, &c->head.impl->limits, out)) {
			wdi_ossl_gather_reset(&c->gather);
			*outl = size;
			return 1;
		}
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, c->gather.len);
		ok = to_plain(c);
		wdi_ossl_gather_given(&c->gather);
		if (!ok)
			return 0;
	}
	return plain_begin(c, NULL) && fns(c)->final(c->head.plain, out, outl, outsize);
}

static int digest_set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
	struct digest *c = ctx;

	/* They belong to the message as it is: the SSL 3 secret, for example. */
	if (params && params->key) {
		c->extended = true;
		if (c->gather.owner != WDI_OSSL_OWNER_PLAIN && !to_plain(c))
			return 0;
	}
	return plain_begin(c, NULL) && fns(c)->set_ctx_params(c->head.plain, params);
}

static int digest_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct digest *c = ctx;

	return plain_begin(c, NULL) && fns(c)->get_ctx_params(c->head.plain, params);
}

#define FN(f)	((void (*)(void))(f))

OSSL_DISPATCH *wdi_ossl_digest_dispatch(const struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_thunks *t = &wdi_ossl_thunks[impl->row - wdi_ossl_rows];
	const struct wdi_ossl_digest_fns *f = &impl->digest;
	const struct wdi_ossl_fn table[] = {
		{ OSSL_FUNC_DIGEST_NEWCTX, t->newctx },
		{ OSSL_FUNC_DIGEST_FREECTX, FN(digest_freectx) },
		{ OSSL_FUNC_DIGEST_DUPCTX, FN(digest_dupctx) },
		{ OSSL_FUNC_DIGEST_INIT, FN(digest_init) },
		{ OSSL_FUNC_DIGEST_UPDATE, FN(digest_update) },
		{ OSSL_FUNC_DIGEST_FINAL, FN(digest_final) },
		{ OSSL_FUNC_DIGEST_GET_PARAMS, FN(f->get_params) },
		{ OSSL_FUNC_DIGEST_GETTABLE_PARAMS, FN(f->gettable_params) },
		{ OSSL_FUNC_DIGEST_SET_CTX_PARAMS,
		  f->set_ctx_params ? FN(digest_set_ctx_params) : NULL },
		{ OSSL_FUNC_DIGEST_GET_CTX_PARAMS,
		  f->get_ctx_params ? FN(digest_get_ctx_params) : NULL },
		{ OSSL_FUNC_DIGEST_SETTABLE_CTX_PARAMS,
		  f->settable_ctx_params ? t->settable_ctx_params : NULL },
		{ OSSL_FUNC_DIGEST_GETTABLE_CTX_PARAMS,
		  f->gettable_ctx_params ? t->gettable_ctx_params : NULL },
	};

	return wdi_ossl_dispatch(table, wdi_array_size(table));
}
