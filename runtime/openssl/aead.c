/* SPDX-License-Identifier: MIT */
/*
 * AES and SM4 in GCM and CCM. The device takes a message whose data come in one call:
 * TLS 1.3 records, and what one EVP_EncryptUpdate() makes. Associated data wait until the
 * data show who gets them. A message that goes on after the device has done what seemed
 * to be all of it is done again by the default provider, and such a context keeps to it.
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

#include "openssl/dev.h"
#include "openssl/prov.h"

#define KEY_MAX		32
#define IV_MAX		16
#define TAG_MAX		16
#define AAD_MAX		512
#define MESSAGE_MAX	(60u * 1024)

enum stage {
	STAGE_PLAIN,	/* the default provider's, until the next IV */
	STAGE_FRESH,	/* an IV has come, nothing else yet, or associated data that wait */
	STAGE_DONE,	/* the device has done the data */
	STAGE_SPENT,	/* and the message has ended: a new IV must come */
};

struct aead {
	struct wdi_ossl_head head;
	struct wdi_ossl_sess *sess;	/* with this key and length of tags */
	struct wdi_ossl_op *op;
	uint32_t key_len;	/* 0: none yet */
	uint32_t iv_len;	/* that the next IV has */
	uint32_t tag_len;
	uint32_t sess_tag;
	uint32_t aad_len;
	size_t msg_len;
	enum stage stage;
	bool enc;
	bool iv_known;
	bool tag_known;
	bool tls;		/* the next call is a record of TLS 1.2 */
	bool told;		/* CCM: msg_len is the length that was announced */
	bool plain_told;	/* CCM: the default provider knows one, and waits for it */
	bool made_tag;		/* GCM: tag is of a message that the device encrypted */
	bool refused;		/* nothing for the device, by experience */
	uint8_t iv[IV_MAX];
	uint8_t tag[TAG_MAX];	/* expected, or made */
	uint8_t key[KEY_MAX];
	uint8_t aad[AAD_MAX];
};

static const struct wdi_ossl_cipher_fns *fns(const struct aead *c)
{
	return &c->head.impl->cipher;
}

static bool ccm(const struct aead *c)
{
	return c->head.impl->row->mode == WD_CIPHER_CCM;
}

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
	c->iv_len = ccm(c) ? 7 : 12;
	c->tag_len = ccm(c) ? 12 : 16;
	return c;
}

static void aead_freectx(void *ctx)
{
	struct aead *c = ctx;

	if (!c)
		return;
	fns(c)->freectx(c->head.plain);
	wdi_ossl_sess_put(c->sess);
	wdi_ossl_op_put(c->op);
	OPENSSL_clear_free(c, sizeof(*c));
}

/* ---- hand over to the default provider ------------------------------------------------- */

static int feed_aad(struct aead *c)
{
	size_t outl = 0;

	if (c->told) {
		c->told = false;
		c->plain_told = true;
		if (!fns(c)->update(c->head.plain, NULL, &outl, c->msg_len, NULL, c->msg_len))
			return 0;
	}
	if (!c->aad_len)
		return 1;
	return fns(c)->update(c->head.plain, NULL, &outl, c->aad_len, c->aad, c->aad_len);
}

/* Same key, same IV, from the beginning. */
static int restart(struct aead *c)
{
	return (c->enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, NULL, 0, c->iv, c->iv_len,
							NULL);
}

/* CCM wants to know it first. */
static int tell_length(struct aead *c)
{
	size_t outl = 0;

	return !ccm(c) || fns(c)->update(c->head.plain, NULL, &outl, c->msg_len, NULL, c->msg_len);
}

/*
 * The data that the device has done, once more. What it made is at op->buf behind the
 * associated data; what it was made from is not ours any more. Encrypting, the key
 * stream gives it back. Decrypting, its length is enough: a tag was right for the
 * message as it was, so it is wrong for the longer one whatever is fed here.
 */
static int replay(struct aead *c)
{
	uint8_t *text = c->op->buf + c->aad_len;
	size_t outl = 0;

	if (c->enc && c->msg_len) {
		if (!restart(c) || !tell_length(c) ||
		    !fns(c)->update(c->head.plain, text, &outl, c->msg_len, text, c->msg_len))
			return 0;
	}
	if (!restart(c) || !tell_length(c) || !feed_aad(c))
		return 0;
	return !c->msg_len ||
	       fns(c)->update(c->head.plain, text, &outl, c->msg_len, text, c->msg_len);
}

/* There is something that the default provider has not been told. */
static bool under_way(const struct aead *c)
{
	return c->stage == STAGE_DONE || (c->stage == STAGE_FRESH && (c->aad_len || c->told));
}

/* From here on the message is the default provider's. */
static int to_plain(struct aead *c)
{
	enum stage from = c->stage;

	c->stage = STAGE_PLAIN;
	if (from == STAGE_FRESH)
		return feed_aad(c);
	if (from == STAGE_DONE) {
		c->refused = true;
		c->made_tag = false;
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_REDONE, c->msg_len);
		return replay(c);
	}
	return 1;
}

static void *aead_dupctx(void *ctx)
{
	struct aead *c = ctx, *d;

	/* The copy would need what the device has made. */
	if (c->stage == STAGE_DONE && !to_plain(c))
		return NULL;
	d = OPENSSL_memdup(c, sizeof(*c));
	if (!d)
		return NULL;
	d->op = NULL;
	d->head.plain = fns(c)->dupctx(c->head.plain);
	if (!d->head.plain) {
		OPENSSL_clear_free(d, sizeof(*d));
		return NULL;
	}
	wdi_ossl_sess_hold(d->sess);
	return d;
}

/* ---- initialisation --------------------------------------------------------------------- */

static void drop_session(struct aead *c)
{
	wdi_ossl_sess_put(c->sess);
	c->sess = NULL;
}

/* The IV is not the one that was given: what comes next is the default provider's. */
static void leave_iv(struct aead *c)
{
	c->iv_known = false;
	if (c->stage == STAGE_FRESH)
		c->stage = STAGE_PLAIN;
}

static void read_params(struct aead *c, const OSSL_PARAM params[])
{
	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		size_t n = 0;

		if (!wdi_ossl_param_is_first(params, p))
			continue;
		if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TAG)) {
			if (p->data_type != OSSL_PARAM_OCTET_STRING)
				continue;
			c->tag_known = p->data && p->data_size && p->data_size <= TAG_MAX;
			if (c->tag_known)
				memcpy(c->tag, p->data, p->data_size);
			if (p->data_size && p->data_size <= TAG_MAX)
				c->tag_len = (uint32_t)p->data_size;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_IVLEN)) {
			/* One that has been set is none of the new length. */
			if (OSSL_PARAM_get_size_t(p, &n) && n != c->iv_len) {
				c->iv_len = n <= IV_MAX ? (uint32_t)n : 0;
				leave_iv(c);
			}
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_AAD)) {
			c->tls = true;
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED) ||
			   !strcmp(p->key, "tlsivinv")) {
			/* The IV is generated: fixed bytes, then what the default provider counts. */
			leave_iv(c);
		} else if (!strcmp(p->key, OSSL_CIPHER_PARAM_KEYLEN)) {
			c->key_len = 0;
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

	leave_iv(c);
	c->tag_known = false;
	if (fns(c)->get_ctx_params(c->head.plain, get)) {
		c->iv_len = iv_len <= IV_MAX ? (uint32_t)iv_len : 0;
		c->tag_len = tag_len <= TAG_MAX ? (uint32_t)tag_len : 0;
	}
	return 0;
}

/* OpenSSL's GCM expects, until it is told a tag, the one that it made last. */
static int keep_tag(struct aead *c)
{
	const OSSL_PARAM set[2] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, c->tag, TAG_MAX),
		OSSL_PARAM_construct_end(),
	};

	c->tag_known = true;
	c->tag_len = TAG_MAX;
	return fns(c)->set_ctx_params(c->head.plain, set);
}

static int aead_init(struct aead *c, const unsigned char *key, size_t key_len,
		     const unsigned char *iv, size_t iv_len, const OSSL_PARAM params[], bool enc)
{
	/* Without a new IV it is the same message. */
	if (!iv && under_way(c) && !to_plain(c))
		return 0;
	if (c->stage == STAGE_DONE)
		c->stage = STAGE_SPENT;
	if (iv && c->told && !to_plain(c))
		return 0;
	if (!(enc ? fns(c)->einit : fns(c)->dinit)(c->head.plain, key, key_len, iv, iv_len, params))
		return read_back(c);
	c->enc = enc;
	if (c->made_tag && !enc && !keep_tag(c))
		return 0;
	c->made_tag = false;
	if (params)
		read_params(c, params);
	if (key) {
		drop_session(c);
		c->refused = false;
		c->key_len = 0;
		if (key_len <= KEY_MAX) {
			memcpy(c->key, key, key_len);
			c->key_len = (uint32_t)key_len;
		}
	}
	if (iv) {
		c->iv_known = iv_len == c->iv_len && iv_len <= IV_MAX;
		if (c->iv_known)
			memcpy(c->iv, iv, iv_len);
		c->stage = c->iv_known && !c->refused ? STAGE_FRESH : STAGE_PLAIN;
		c->aad_len = 0;
		c->msg_len = 0;
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

/* ---- the device -------------------------------------------------------------------------- */

/* GCM makes tags in full, whatever length was asked for; reading them cuts them. */
static uint32_t device_tag(const struct aead *c)
{
	return c->enc && !ccm(c) ? TAG_MAX : c->tag_len;
}

static bool open_session(struct aead *c)
{
	uint32_t tag = device_tag(c);

	if (c->sess && c->sess_tag == tag && wdi_likely(wdi_ossl_sess_valid(c->sess)))
		return true;
	drop_session(c);
	c->sess = wdi_ossl_sess_new(WDI_OSSL_CLASS_AEAD, c->head.impl->row->alg,
				    c->head.impl->row->mode, c->key, c->key_len, tag);
	c->sess_tag = tag;
	c->refused = !c->sess;
	return c->sess;
}

/* A whole message with c->aad in front. 0, or an error that has written nothing to @out. */
static int device_message(struct aead *c, unsigned char *out, const unsigned char *in, size_t len,
			  enum wdi_ossl_where where)
{
	struct wd_aead_req req = {
		.op_type = c->enc ? WD_CIPHER_ENCRYPTION_DIGEST : WD_CIPHER_DECRYPTION_DIGEST,
		.in_bytes = (__u32)len,
		.iv_bytes = (__u16)c->iv_len,
		.mac_bytes = (__u16)device_tag(c),
		.assoc_bytes = (__u16)c->aad_len,
		.msg_state = AEAD_MSG_BLOCK,
	};
	int ret;

	if (!wdi_ossl_op_room(&c->op, c->aad_len + len))
		return -ENOMEM;
	if (c->op->busy)
		return -EBUSY;
	memcpy(c->op->buf, c->aad, c->aad_len);
	memcpy(c->op->buf + c->aad_len, in, len);
	memcpy(c->op->iv, c->iv, sizeof(c->iv));
	if (!c->enc)
		memcpy(c->op->mac, c->tag, c->tag_len);
	req.src = req.dst = c->op->buf;
	req.iv = c->op->iv;
	req.mac = c->op->mac;
	ret = wdi_ossl_run_aead(c->sess, c->op, &req, where);
	if (ret) {
		if (ret != WD_VERIFY_ERR) {
			wdi_ossl_op_put(c->op);
			c->op = NULL;
		}
		return ret;
	}
	memcpy(out, c->op->buf + c->aad_len, len);
	if (c->enc) {
		memcpy(c->tag, c->op->mac, sizeof(c->tag));
		c->made_tag = !ccm(c);
	}
	wdi_ossl_count(c->head.impl->row, where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC :
		       WDI_OSSL_PATH_SYNC, len);
	return 0;
}

/* Lengths that the device takes; the others are OpenSSL's own. */
static bool lengths_fit(const struct aead *c)
{
	if (ccm(c))
		return c->iv_len >= 7 && c->iv_len <= 13 && c->tag_len >= 4 && !(c->tag_len & 1);
	return c->iv_len == 12 && device_tag(c) >= 12;
}

/* 1: the device has done the data. 0: it has not. -EBUSY. */
static int device(struct aead *c, unsigned char *out, const unsigned char *in, size_t len)
{
	enum wdi_ossl_where where;
	int ret;

	if (c->stage != STAGE_FRESH || c->refused || !c->key_len || len > MESSAGE_MAX ||
	    !lengths_fit(c) || (!c->enc && !c->tag_known))
		return 0;
	/* An announced length that is another one is an error, and the default provider's. */
	if (c->plain_told || (c->told && c->msg_len != len))
		return 0;
	if (c->op && c->op->busy)
		return -EBUSY;
	where = wdi_ossl_where(&c->head.impl->limits, len);
	if (where == WDI_OSSL_CPU || !open_session(c))
		return 0;
	ret = device_message(c, out, in, len, where);
	if (ret) {
		/* A wrong tag is told where OpenSSL tells it, so it finds it itself. */
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_REDONE, len);
		return 0;
	}
	c->msg_len = len;
	c->told = false;
	/* CCM has compared tags by now. */
	c->stage = ccm(c) && !c->enc ? STAGE_SPENT : STAGE_DONE;
	return 1;
}

/* ---- records of TLS 1.2 -------------------------------------------------------------------- */

static int plain_record(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
			const unsigned char *in, size_t inl)
{
	return fns(c)->cipher ? fns(c)->cipher(c->head.plain, out, outl, outsize, in, inl) :
	       fns(c)->update(c->head.plain, out, outl, outsize, in, inl);
}

static int tls_record(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
		      const unsigned char *in, size_t inl, bool whole)
{
	c->tls = false;
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	return whole ? plain_record(c, out, outl, outsize, in, inl) :
	       fns(c)->update(c->head.plain, out, outl, outsize, in, inl);
}

/* ---- data ----------------------------------------------------------------------------------- */

static int raise(const struct aead *c, enum wdi_ossl_reason reason, const char *what)
{
	wdi_ossl_raise(c->head.impl->prov, reason, "%s: %s", c->head.impl->row->name, what);
	return 0;
}

static int spent(const struct aead *c)
{
	return raise(c, WDI_OSSL_R_SPENT, "the message has ended, and no new IV was given");
}

/* Associated data: 1 they wait, 0 they are for the default provider, which is up to date. */
static int keep_aad(struct aead *c, const unsigned char *in, size_t inl)
{
	/* CCM wants to know the length of the message first, and says so. */
	if (inl > AAD_MAX - c->aad_len || (ccm(c) && !c->told) ||
	    (c->head.impl->limits.sync_min == WDI_OSSL_NEVER && !wdi_ossl_in_job()))
		return 0;
	memcpy(c->aad + c->aad_len, in, inl);
	c->aad_len += (uint32_t)inl;
	return 1;
}

static int plain_data(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
		      const unsigned char *in, size_t inl, bool whole)
{
	int ok;

	if (out)
		wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU, inl);
	ok = whole ? plain_record(c, out, outl, outsize, in, inl) :
	     fns(c)->update(c->head.plain, out, outl, outsize, in, inl);
	if (in && out && ok > 0)
		c->plain_told = false;
	return ok;
}

static int aead_data(struct aead *c, unsigned char *out, size_t *outl, size_t outsize,
		     const unsigned char *in, size_t inl, bool whole)
{
	if (c->tls)
		return tls_record(c, out, outl, outsize, in, inl, whole);
	if (c->stage == STAGE_SPENT)
		return spent(c);
	if (c->stage == STAGE_FRESH) {
		if (!in && !out && ccm(c)) {
			/* CCM is told the length of the message, which its field must hold. */
			if (!c->aad_len && inl && inl <= MESSAGE_MAX && !c->plain_told) {
				c->msg_len = inl;
				c->told = true;
				*outl = inl;
				return 1;
			}
		} else if (in && !out) {
			if (keep_aad(c, in, inl)) {
				*outl = inl;
				return 1;
			}
			if (!to_plain(c))
				return 0;
		} else if (in && inl >= c->head.impl->limits.least && outsize >= inl) {
			int done = device(c, out, in, inl);

			if (done < 0)
				return raise(c, WDI_OSSL_R_BUSY, "a paused job is in the middle of "
					     "an operation of this context");
			if (done) {
				*outl = inl;
				return 1;
			}
		}
		if (c->stage == STAGE_FRESH && !to_plain(c))
			return 0;
		if (ccm(c) && !in && !out)
			c->plain_told = true;
	} else if (c->stage == STAGE_PLAIN) {
		if (ccm(c) && !in && !out)
			c->plain_told = true;
	} else if (c->stage == STAGE_DONE && ((in && inl) || ccm(c))) {
		if (!to_plain(c))
			return 0;
	} else if (c->stage == STAGE_DONE) {
		*outl = 0;
		return 1;
	}
	return plain_data(c, out, outl, outsize, in, inl, whole);
}

static int aead_update(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
		       const unsigned char *in, size_t inl)
{
	return aead_data(ctx, out, outl, outsize, in, inl, false);
}

static int aead_final(void *ctx, unsigned char *out, size_t *outl, size_t outsize)
{
	struct aead *c = ctx;

	/* CCM has no end, but that its tag is read. */
	if (c->stage == STAGE_SPENT && !ccm(c))
		return spent(c);
	if (c->stage == STAGE_DONE || c->stage == STAGE_SPENT) {
		if (!ccm(c))
			c->stage = STAGE_SPENT;
		*outl = 0;
		return 1;
	}
	if (c->stage == STAGE_FRESH && !to_plain(c))
		return 0;
	return fns(c)->final(c->head.plain, out, outl, outsize);
}

/* EVP_Cipher(): the same, and with no input the end. */
static int aead_cipher(void *ctx, unsigned char *out, size_t *outl, size_t outsize,
		       const unsigned char *in, size_t inl)
{
	struct aead *c = ctx;

	if (!in && (c->stage == STAGE_DONE || c->stage == STAGE_SPENT))
		return aead_final(ctx, out, outl, outsize);
	return aead_data(ctx, out, outl, outsize, in, inl, true);
}

/* ---- parameters ------------------------------------------------------------------------------ */

static int aead_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct aead *c = ctx;
	bool ours = c->enc && c->stage == (ccm(c) ? STAGE_DONE : STAGE_SPENT);
	OSSL_PARAM *p = ours ? OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_AEAD_TAG) : NULL;
	int ok;

	if (!p)
		return fns(c)->get_ctx_params(c->head.plain, params);
	if (p->data_type != OSSL_PARAM_OCTET_STRING || !p->data_size ||
	    (ccm(c) ? p->data_size != c->tag_len : p->data_size > TAG_MAX))
		return raise(c, WDI_OSSL_R_OUTPUT, "the tag does not have that many bytes");
	ok = OSSL_PARAM_set_octet_string(p, c->tag, p->data_size);
	if (ok && ccm(c))
		c->stage = STAGE_SPENT;
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
	if (c->stage == STAGE_DONE && ccm(c))
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
	if (under_way(c) && !harmless(c, params) && !to_plain(c))
		return 0;
	if (!fns(c)->set_ctx_params(c->head.plain, params)) {
		if (c->stage == STAGE_FRESH && !to_plain(c))
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
