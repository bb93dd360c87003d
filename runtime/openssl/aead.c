/* SPDX-License-Identifier: MIT */
/*
 * AES and SM4 in GCM and CCM: messages (message.h), between the default provider's
 * initialisation and its parameters.
 *
 * Records of TLS 1.2 (OSSL_CIPHER_PARAM_AEAD_TLS1_AAD), whose IVs the default provider
 * counts, are its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "openssl/message.h"
#include "openssl/prov.h"

struct aead {
	struct wdi_ossl_head head;
	struct wdi_ossl_msg msg;
	bool tls;		/* the next call is a record of TLS 1.2 */
};

static const struct wdi_ossl_cipher_fns *fns(const struct aead *c)
{
	return &c->head.impl->cipher;
}

static bool ccm(const struct aead *c)
{
	return wdi_ossl_msg_ccm(&c->msg);
}

/* ---- the default provider's ---------------------------------------------------------------- */

static bool plain_restart(void *ctx, const struct wdi_ossl_msg *msg)
{
	struct aead *c = ctx;

	return (msg->enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, NULL, 0, msg->iv, msg->iv_len,
							  NULL);
}

static bool plain_update(void *ctx, uint8_t *out, const uint8_t *in, size_t len)
{
	struct aead *c = ctx;
	size_t outl = 0;

	return fns(c)->update(c->head.plain, out, &outl, len, in, len);
}

static const struct wdi_ossl_msg_plain plain = { plain_restart, plain_update };

/* ---- contexts -------------------------------------------------------------------------------- */

void *wdi_ossl_aead_newctx(struct wdi_ossl_impl *impl)
{
	struct aead *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->head.impl = impl;
	c->head.plain = impl->cipher.newctx(impl->prov->plain_ctx);
	if (!c->head.plain) {
		OPENSSL_free(c);
		return NULL;
	}
	wdi_ossl_msg_init(&c->msg, impl->row, &impl->limits, &plain);
	return c;
}

static void aead_freectx(void *ctx)
{
	struct aead *c = ctx;

	if (!c)
		return;
	fns(c)->freectx(c->head.plain);
	wdi_ossl_msg_end(&c->msg);
	OPENSSL_clear_free(c, sizeof(*c));
}

static void *aead_dupctx(void *ctx)
{
	struct aead *c = ctx, *d;

	/* The copy would need what the device has made. */
	if (c->msg.stage == WDI_OSSL_STAGE_DONE && !wdi_ossl_msg_to_plain(&c->msg, c))
		return NULL;
	d = OPENSSL_memdup(c, sizeof(*c));
	if (!d)
		return NULL;
	wdi_ossl_msg_copied(&d->msg);
	d->head.plain = fns(c)->dupctx(c->head.plain);
	if (!d->head.plain) {
		wdi_ossl_msg_end(&d->msg);
		OPENSSL_clear_free(d, sizeof(*d));
		return NULL;
	}
	return d;
}

/* ---- initialisation --------------------------------------------------------------------- */

static void read_params(struct aead *c, const OSSL_PARAM params[])
{
	struct wdi_ossl_msg *msg = &c->msg;

	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		size_t n = 0;

		if (!wdi_ossl_param_is_first(params, p))
			continue;
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG)) {
			if (p->data_type != OSSL_PARAM_OCTET_STRING)
				continue;
			msg->tag_known = p->data && p->data_size && p->data_size <= sizeof(msg->tag);
			if (msg->tag_known)
				memcpy(msg->tag, p->data, p->data_size);
			if (p->data_size && p->data_size <= sizeof(msg->tag))
				msg->tag_len = (uint32_t)p->data_size;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN)) {
			/* One that has been set is none of the new length. */
			if (OSSL_PARAM_get_size_t(p, &n) && n != msg->iv_len) {
				msg->iv_len = n <= sizeof(msg->iv) ? (uint32_t)n : 0;
				wdi_ossl_msg_leave(msg);
			}
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD)) {
			c->tls = true;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) ||
			   !strcmp(p->key, "tlsivinv")) {
			/* The IV is generated: fixed bytes, then what the default provider counts. */
			wdi_ossl_msg_leave(msg);
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN)) {
			msg->key_len = 0;
		}
	}
}

/* Parameters were refused, and those in front of the wrong one are in force. 0 for the caller. */
static int read_back(struct aead *c)
{
	size_t iv_len = 0, tag_len = 0;
	OSSL_PARAM get[3] = {
		OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_IVLEN, &iv_len),
		OSSL_PARAM_construct_size_t(OSSL_CIPHER_PARAM_AEAD_TAGLEN, &tag_len),
		OSSL_PARAM_construct_end(),
	};

	wdi_ossl_msg_leave(&c->msg);
	c->msg.tag_known = false;
	if (fns(c)->get_ctx_params(c->head.plain, get)) {
		c->msg.iv_len = iv_len <= sizeof(c->msg.iv) ? (uint32_t)iv_len : 0;
		c->msg.tag_len = tag_len <= sizeof(c->msg.tag) ? (uint32_t)tag_len : 0;
	}
	return 0;
}

/* OpenSSL's GCM expects, until it is told a tag, the one that it made last. */
static int keep_tag(struct aead *c)
{
	const OSSL_PARAM set[2] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, c->msg.tag,
						  sizeof(c->msg.tag)),
		OSSL_PARAM_construct_end(),
	};

	c->msg.tag_known = true;
	c->msg.tag_len = sizeof(c->msg.tag);
	return fns(c)->set_ctx_params(c->head.plain, set);
}

static int aead_init(struct aead *c, const unsigned char *key, size_t key_len,
		     const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[], bool enc)
{
	struct wdi_ossl_msg *msg = &c->msg;
	bool made_tag;

	/* Without a new IV it is the same message; a length that was told is OpenSSL's to forget. */
	if ((iv ? msg->told : wdi_ossl_msg_under_way(msg)) && !wdi_ossl_msg_to_plain(msg, c))
		return 0;
	made_tag = msg->enc && !ccm(c) && msg->stage == WDI_OSSL_STAGE_SPENT;
	if (msg->stage == WDI_OSSL_STAGE_DONE)
		msg->stage = WDI_OSSL_STAGE_SPENT;
	if (!(enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, key, key_len, iv, iv_len, params))
		return read_back(c);
	msg->enc = enc;
	if (made_tag && !enc && !keep_tag(c))
		return 0;
	/* The key comes before the parameters. */
	if (key)
		wdi_ossl_msg_key(msg, key, key_len);
	if (params)
		read_params(c, params);
	if (iv) {
		wdi_ossl_msg_iv(msg, iv, iv_len);
		c->tls = false;
	}
	return 1;
}

static int aead_einit(void *ctx, const unsigned char *key, size_t key_len,
		      const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
	return aead_init(ctx, key, key_len, iv, iv_len, params, true);
}

static int aead_dinit(void *ctx, const unsigned char *key, size_t key_len,
		      const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[])
{
	return aead_init(ctx, key, key_len, iv, iv_len, params, false);
}

/* ---- data ----------------------------------------------------------------------------------- */

static int raise(const struct aead *c, enum wdi_ossl_reason reason, const char *what)
{
	wdi_ossl_raise(c->head.impl->prov, reason, "%s: %s", c->head.impl->row->name, what);
	return 0;
}

/* What message.h says no with; 0. OpenSSL's own code has said why itself. */
static int refuse(const struct aead *c, int error)
{
	if (error == -EBUSY)
		raise(c, WDI_OSSL_R_BUSY, "a paused job is in the middle of an operation of this context");
	else if (error == -EPROTO)
		raise(c, WDI_OSSL_R_SPENT, "the message has ended, and no new IV was given");
	return 0;
}

static int plain_data(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
		      const unsigned char *in, size_t inl, bool whole)
{
	if (out)
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return whole && fns(c)->cipher ? fns(c)->cipher(c->head.plain, out, outl, outsize, in, inl) :
	       fns(c)->update(c->head.plain, out, outl, outsize, in, inl);
}

static int aead_data(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
		     const unsigned char *in, size_t inl, bool whole)
{
	int done, ok;

	if (c->tls) {
		c->tls = false;
		return plain_data(c, out, outl, outsize, in, inl, whole);
	}
	done = wdi_ossl_msg_data(&c->msg, c, out, outsize, in, inl);
	if (done < 0)
		return refuse(c, done);
	if (done == WDI_OSSL_MSG_TAKEN) {
		*outl = inl;
		return 1;
	}
	ok = plain_data(c, out, outl, outsize, in, inl, whole);
	if (in && out && ok > 0)
		wdi_ossl_msg_fed(&c->msg);
	return ok;
}

static int aead_update(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
		       const unsigned char *in, size_t inl)
{
	return aead_data(ctx, out, outl, outsize, in, inl, false);
}

static int aead_final(void *ctx, unsigned char *out, size_t *outl, size_t outsize)
{
	struct aead *c = ctx;
	int done = wdi_ossl_msg_final(&c->msg, c);

	if (done < 0)
		return refuse(c, done);
	if (done == WDI_OSSL_MSG_PLAIN)
		return fns(c)->final(c->head.plain, out, outl, outsize);
	*outl = 0;
	return 1;
}

/* EVP_Cipher(): the same, and with no input the end. */
static int aead_cipher(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
		       const unsigned char *in, size_t inl)
{
	struct aead *c = ctx;

	if (!in && (c->msg.stage == WDI_OSSL_STAGE_DONE || c->msg.stage == WDI_OSSL_STAGE_SPENT))
		return aead_final(ctx, out, outl, outsize);
	return aead_data(ctx, out, outl, outsize, in, inl, true);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static int aead_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct aead *c = ctx;
	bool ours = c->msg.enc &&
		    c->msg.stage == (ccm(c) ? WDI_OSSL_STAGE_DONE : WDI_OSSL_STAGE_SPENT);
	OSSL_PARAM *p = ours ? OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG) : NULL;
	int ok;

	if (!p)
		return fns(c)->get_ctx_params(c->head.plain, params);
	if (p->data_type != OSSL_PARAM_OCTET_STRING || !p->data_size ||
	    (ccm(c) ? p->data_size != c->msg.tag_len : p->data_size > sizeof(c->msg.tag)))
		return raise(c, WDI_OSSL_R_OUTPUT, "the tag does not have that many bytes");
	ok = OSSL_PARAM_set_octet_string(p, c->msg.tag, p->data_size);
	if (ok && ccm(c))
		c->msg.stage = WDI_OSSL_STAGE_SPENT;
	/* The others, if there are any, are asked for around it. */
	if (ok && p != params) {
		const OSSL_PARAM saved = *p;

		*p = OSSL_PARAM_construct_end();
		ok = fns(c)->get_ctx_params(c->head.plain, params);
		*p = saved;
	}
	if (ok && p[1].key)
		ok = fns(c)->get_ctx_params(c->head.plain, p + 1);
	return ok;
}

/* Nothing but a tag; its length is part of what CCM makes. */
static bool harmless(const struct aead *c, const OSSL_PARAM params[])
{
	if (c->msg.stage == WDI_OSSL_STAGE_DONE && ccm(c))
		return false;
	for (const OSSL_PARAM *p = params; p->key; p++) {
		if (strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG))
			return false;
	}
	return true;
}

static int aead_set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
	struct aead *c = ctx;

	/* What changes the message under way is the default provider's affair. */
	if (wdi_ossl_msg_under_way(&c->msg) && !harmless(c, params) && !wdi_ossl_msg_to_plain(&c->msg, c))
		return 0;
	if (!fns(c)->set_ctx_params(c->head.plain, params)) {
		if (c->msg.stage == WDI_OSSL_STAGE_FRESH && !wdi_ossl_msg_to_plain(&c->msg, c))
			return 0;
		return read_back(c);
	}
	read_params(c, params);
	return 1;
}

#define FN(f)	((void (*)(void))(f))

OSSL_DISPATCH *wdi_ossl_aead_dispatch(const struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_thunks *t = &wdi_ossl_thunks[impl->row - wdi_ossl_rows];
	const struct wdi_ossl_cipher_fns *f = &impl->cipher;
	const struct wdi_ossl_fn table[] = {
		{ OSSL_FUNC_CIPHER_NEWCTX, t->newctx },
		{ OSSL_FUNC_CIPHER_FREECTX, FN(aead_freectx) },
		{ OSSL_FUNC_CIPHER_DUPCTX, f->dupctx ? FN(aead_dupctx) : NULL },
		{ OSSL_FUNC_CIPHER_ENCRYPT_INIT, FN(aead_einit) },
		{ OSSL_FUNC_CIPHER_DECRYPT_INIT, FN(aead_dinit) },
		{ OSSL_FUNC_CIPHER_UPDATE, FN(aead_update) },
		{ OSSL_FUNC_CIPHER_FINAL, FN(aead_final) },
		{ OSSL_FUNC_CIPHER_CIPHER, f->cipher ? FN(aead_cipher) : NULL },
		{ OSSL_FUNC_CIPHER_GET_PARAMS, FN(f->get_params) },
		{ OSSL_FUNC_CIPHER_GET_CTX_PARAMS, FN(aead_get_ctx_params) },
		{ OSSL_FUNC_CIPHER_SET_CTX_PARAMS, FN(aead_set_ctx_params) },
		{ OSSL_FUNC_CIPHER_GETTABLE_PARAMS, FN(f->gettable_params) },
		{ OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS,
		  f->gettable_ctx_params ? t->gettable_ctx_params : NULL },
		{ OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS,
		  f->settable_ctx_params ? t->settable_ctx_params : NULL },
	};

	return wdi_ossl_dispatch(table, wdi_array_size(table));
}
