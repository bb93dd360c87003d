/* SPDX-License-Identifier: MIT */
/*
 * Signatures. The default provider's context gets everything, so that it can sign at any
 * moment. Where the device may be going to, a message that is hashed along with signing is
 * hashed here as well, because that context does not give its digest away; the messages
 * of handshakes are short, and long ones are left to it alone.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "openssl/pk.h"

#define TWICE_MAX	16384	/* bytes: their hash costs little beside any signature */

static const struct wdi_ossl_sign_fns *fns(const struct wdi_ossl_pk *c)
{
	return &c->head.impl->pk.sign;
}

int wdi_ossl_sign_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, fns(c)->sign_init);
}

int wdi_ossl_verify_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, fns(c)->verify_init);
}

int wdi_ossl_recover_init(void *ctx, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return wdi_ossl_pk_init(c, key, params, fns(c)->recover_init);
}

int wdi_ossl_sign(void *ctx, unsigned char *sig, size_t *siglen, size_t sigsize,
		  const unsigned char *tbs, size_t tbslen)
{
	struct wdi_ossl_pk *c = ctx;
	struct wdi_ossl_private_call call = {
		.out = sig, .outlen = siglen, .outsize = sigsize, .in = tbs, .inlen = tbslen,
	};
	int done = sig ? wdi_ossl_pk_private(c, WDI_OSSL_SIGN, &call) : 0;

	return done ? done > 0 : fns(c)->sign(c->head.plain, sig, siglen, sigsize, tbs, tbslen);
}

int wdi_ossl_verify(void *ctx, const unsigned char *sig, size_t siglen, const unsigned char *tbs,
		    size_t tbslen)
{
	struct wdi_ossl_pk *c = ctx;

	wdi_ossl_pk_count_cpu(c);
	return fns(c)->verify(c->head.plain, sig, siglen, tbs, tbslen);
}

int wdi_ossl_recover(void *ctx, unsigned char *out, size_t *outlen, size_t outsize,
		     const unsigned char *sig, size_t siglen)
{
	struct wdi_ossl_pk *c = ctx;

	wdi_ossl_pk_count_cpu(c);
	return fns(c)->recover(c->head.plain, out, outlen, outsize, sig, siglen);
}

/* ---- with the hash --------------------------------------------------------------------------- */

static int digest_init(struct wdi_ossl_pk *c, const char *name, void *provkey,
		       const OSSL_PARAM params[], OSSL_FUNC_signature_digest_sign_init_fn *init)
{
	OSSL_PARAM kept[WDI_OSSL_PARAMS];
	struct wdi_ossl_key *key = provkey;

	if (wdi_ossl_pk_busy(c))
		return 0;
	c->hashing = false;
	if (!init(c->head.plain, name, key ? key->plain : NULL, wdi_ossl_plain_params(params, kept)))
		return 0;
	wdi_ossl_pk_take_key(c, key);
	return 1;
}

/* Hash what comes, if the device may get to sign it. Nothing is lost if that fails. */
static void begin_hash(struct wdi_ossl_pk *c)
{
	char name[64] = "";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, name, sizeof(name)),
		OSSL_PARAM_construct_end(),
	};
	EVP_MD *md;

	if (wdi_ossl_pk_where(c) == WDI_OSSL_CPU || !wdi_ossl_key_ops(c->key)->hash_alone ||
	    !wdi_ossl_key_sess(c->key) ||
	    !c->head.impl->pk.get_ctx_params ||
	    !c->head.impl->pk.get_ctx_params(c->head.plain, params) || !*name)
		return;
	ERR_set_mark();
	if (!c->md)
		c->md = EVP_MD_CTX_new();
	md = EVP_MD_fetch(c->head.impl->prov->libctx, name, NULL);
	c->hashing = c->md && md && EVP_DigestInit_ex2(c->md, md, NULL);
	c->hashed = 0;
	EVP_MD_free(md);
	ERR_pop_to_mark();
}

int wdi_ossl_digest_sign_init(void *ctx, const char *name, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	if (!digest_init(c, name, key, params, fns(c)->digest_sign_init))
		return 0;
	begin_hash(c);
	return 1;
}

int wdi_ossl_digest_sign_update(void *ctx, const unsigned char *data, size_t len)
{
	struct wdi_ossl_pk *c = ctx;

	if (c->hashing) {
		c->hashing = c->hashed + len <= TWICE_MAX && EVP_DigestUpdate(c->md, data, len);
		c->hashed += len;
	}
	return fns(c)->digest_sign_update(c->head.plain, data, len);
}

int wdi_ossl_digest_sign_final(void *ctx, unsigned char *sig, size_t *siglen, size_t sigsize)
{
	struct wdi_ossl_pk *c = ctx;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	int done = 0;

	if (sig && c->hashing) {
		c->hashing = false;
		if (EVP_DigestFinal_ex(c->md, digest, &len)) {
			struct wdi_ossl_private_call call = {
				.out = sig, .outlen = siglen, .outsize = sigsize, .in = digest,
				.inlen = len,
			};

			done = wdi_ossl_pk_private(c, WDI_OSSL_SIGN, &call);
		}
	} else if (sig) {
		wdi_ossl_pk_count_cpu(c);
	}
	return done ? done > 0 :
	       fns(c)->digest_sign_final(c->head.plain, sig, siglen, sigsize);
}

int wdi_ossl_digest_verify_init(void *ctx, const char *name, void *key, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return digest_init(c, name, key, params, fns(c)->digest_verify_init);
}

int wdi_ossl_digest_verify_update(void *ctx, const unsigned char *data, size_t len)
{
	struct wdi_ossl_pk *c = ctx;

	return fns(c)->digest_verify_update(c->head.plain, data, len);
}

int wdi_ossl_digest_verify_final(void *ctx, const unsigned char *sig, size_t siglen)
{
	struct wdi_ossl_pk *c = ctx;

	wdi_ossl_pk_count_cpu(c);
	return fns(c)->digest_verify_final(c->head.plain, sig, siglen);
}

/* ---- parameters of the hash ------------------------------------------------------------------- */

int wdi_ossl_sign_get_md_params(void *ctx, OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return fns(c)->get_ctx_md_params(c->head.plain, params);
}

const OSSL_PARAM *wdi_ossl_sign_gettable_md_params(void *ctx)
{
	struct wdi_ossl_pk *c = ctx;

	return fns(c)->gettable_ctx_md_params(c->head.plain);
}

int wdi_ossl_sign_set_md_params(void *ctx, const OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	/* Whatever it is, one of the two hashes does not have it. */
	c->hashing = false;
	return fns(c)->set_ctx_md_params(c->head.plain, params);
}

const OSSL_PARAM *wdi_ossl_sign_settable_md_params(void *ctx)
{
	struct wdi_ossl_pk *c = ctx;

	return fns(c)->settable_ctx_md_params(c->head.plain);
}
