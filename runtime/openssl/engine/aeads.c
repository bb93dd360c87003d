/* SPDX-License-Identifier: MIT */
/*
 * GCM and CCM: messages (message.h) between libcrypto's methods. Records of TLS 1.2, whose IVs
 * libcrypto counts, are its own.
 */
#include "openssl/engine/ciphers.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/message.h"

struct aead {
	struct wdi_ossl_msg msg;
	bool tls;		/* the next call is a record of TLS 1.2 */
};

/* ---- libcrypto's ------------------------------------------------------------------------------ */

static bool plain_restart(void *ctx, const struct wdi_ossl_msg *msg)
{
	return wdi_eng_cipher_of(ctx)->init(ctx, NULL, msg->iv, msg->enc) > 0;
}

static bool plain_update(void *ctx, uint8_t *out, const uint8_t *in, size_t len)
{
	return wdi_eng_cipher_of(ctx)->run(ctx, out, in, len) >= 0;
}

static const struct wdi_ossl_msg_plain plain = { plain_restart, plain_update };

/* ---- the functions ---------------------------------------------------------------------------- */

static int aead_init(EVP_CIPHER_CTX *ctx, const unsigned char *key, const unsigned char *iv, int enc)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct aead *a = wdi_eng_cipher_data(m, ctx);
	struct wdi_ossl_msg *msg = &a->msg;

	/* Without a new IV it is the same message; a length that was told is libcrypto's to forget. */
	if ((iv ? msg->told : wdi_ossl_msg_under_way(msg)) && !wdi_ossl_msg_to_plain(msg, ctx))
		return 0;
	if (msg->stage == WDI_OSSL_STAGE_DONE)
		msg->stage = WDI_OSSL_STAGE_SPENT;
	if (!m->init(ctx, key, iv, enc)) {
		msg->key_len = 0;
		wdi_ossl_msg_leave(msg);
		return 0;
	}
	msg->enc = enc;
	if (key) {
		/* An IV that came with the key before is not kept for this one. */
		if (!iv && msg->key_len)
			wdi_ossl_msg_leave(msg);
		wdi_ossl_msg_key(msg, key, (size_t)EVP_CIPHER_CTX_key_length(ctx));
	}
	if (iv) {
		wdi_ossl_msg_iv(msg, iv, msg->iv_len);
		a->tls = false;
	}
	return 1;
}

/* What message.h says no with; -1. libcrypto's own code says no without a word as well. */
static int refuse(const struct wdi_eng_cipher *m, int error)
{
	if (error == -EBUSY)
		wdi_eng_raise_busy(m->row);
	return -1;
}

/* GCM expects, until it is told a tag, the one that it made last. */
static void know_tag(struct wdi_ossl_msg *msg, const void *tag, int len)
{
	memcpy(msg->tag, tag, (size_t)len);
	msg->tag_len = (uint32_t)len;
	msg->tag_known = true;
}

static int aead_final(const struct wdi_eng_cipher *m, EVP_CIPHER_CTX *ctx, struct wdi_ossl_msg *msg,
		      unsigned char *out)
{
	int done = wdi_ossl_msg_final(msg, ctx), ret = 0;
	bool gcm = !wdi_ossl_msg_ccm(msg);

	if (done < 0)
		return refuse(m, done);
	/* libcrypto ends a message of no bytes, so that it has a tag to tell: the device's. */
	if (done == WDI_OSSL_MSG_PLAIN || (gcm && msg->enc))
		ret = m->run(ctx, out, NULL, 0);
	if (ret >= 0 && done == WDI_OSSL_MSG_TAKEN && gcm && msg->enc)
		memcpy(EVP_CIPHER_CTX_buf_noconst(ctx), msg->tag, sizeof(msg->tag));
	if (ret >= 0 && gcm && msg->enc)
		know_tag(msg, EVP_CIPHER_CTX_buf_noconst(ctx), sizeof(msg->tag));
	return ret;
}

static int aead_run(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct aead *a = wdi_eng_cipher_data(m, ctx);
	struct wdi_ossl_msg *msg = &a->msg;
	bool ccm = wdi_ossl_msg_ccm(msg);
	int done, ret;

	if (a->tls) {
		a->tls = false;
		wdi_ossl_count(m->row, WDI_OSSL_PATH_CPU, len);
		return m->run(ctx, out, in, len);
	}
	if (!in && (out || !ccm))
		return aead_final(m, ctx, msg, out);
	done = wdi_ossl_msg_data(msg, ctx, out, len, in, len);
	if (done < 0)
		return refuse(m, done);
	if (done == WDI_OSSL_MSG_TAKEN)
		return (int)len;
	if (out)
		wdi_ossl_count(m->row, WDI_OSSL_PATH_CPU, len);
	ret = m->run(ctx, out, in, len);
	if (in && out && ret >= 0)
		wdi_ossl_msg_fed(msg);
	/* CCM compares with a tag once. */
	if (in && out && ccm && !msg->enc)
		msg->tag_known = false;
	return ret;
}

static int aead_cleanup(EVP_CIPHER_CTX *ctx)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct aead *a = wdi_eng_cipher_data(m, ctx);

	if (a) {
		wdi_ossl_msg_end(&a->msg);
		OPENSSL_cleanse(a, sizeof(*a));
	}
	return m->cleanup ? m->cleanup(ctx) : 1;
}

/* ---- control ---------------------------------------------------------------------------------- */

static int copy(const struct wdi_eng_cipher *m, EVP_CIPHER_CTX *from, EVP_CIPHER_CTX *to)
{
	struct aead *a = wdi_eng_cipher_data(m, from), *b;

	/*
	 * EVP has copied the bytes. Where the device has made something of the message, libcrypto
	 * does it again, for both; and then once more.
	 */
	if (a->msg.stage == WDI_OSSL_STAGE_DONE) {
		if (!wdi_ossl_msg_to_plain(&a->msg, from))
			return 0;
		memcpy(EVP_CIPHER_CTX_get_cipher_data(to), EVP_CIPHER_CTX_get_cipher_data(from),
		       m->place + sizeof(*a));
	}
	if (EVP_CIPHER_flags(m->plain) & EVP_CIPH_CUSTOM_COPY && m->ctrl(from, EVP_CTRL_COPY, 0, to) <= 0)
		return 0;
	b = wdi_eng_cipher_data(m, to);
	wdi_ossl_msg_copied(&b->msg);
	return 1;
}

/* Of CCM that the device has encrypted; it is told once. */
static int get_tag(struct wdi_ossl_msg *msg, int len, void *tag)
{
	if (msg->stage == WDI_OSSL_STAGE_SPENT || len < 0 || (uint32_t)len != msg->tag_len)
		return 0;
	memcpy(tag, msg->tag, msg->tag_len);
	msg->stage = WDI_OSSL_STAGE_SPENT;
	return 1;
}

/* What libcrypto has taken. */
static void note(struct aead *a, int type, int arg, void *ptr)
{
	struct wdi_ossl_msg *msg = &a->msg;

	switch (type) {
	case EVP_CTRL_AEAD_SET_IVLEN:
	case EVP_CTRL_CCM_SET_L:
		msg->iv_len = (uint32_t)(type == EVP_CTRL_CCM_SET_L ? 15 - arg : arg);
		break;
	case EVP_CTRL_AEAD_SET_TAG:
		msg->tag_len = (uint32_t)arg;
		if (ptr)
			know_tag(msg, ptr, arg);
		return;
	case EVP_CTRL_AEAD_TLS1_AAD:
		a->tls = true;
		msg->tag_known = false;
		break;
	case EVP_CTRL_GCM_IV_GEN:
	case EVP_CTRL_GCM_SET_IV_INV:
		msg->stage = WDI_OSSL_STAGE_PLAIN;
		break;
	}
	wdi_ossl_msg_leave(msg);
}

static int aead_ctrl(EVP_CIPHER_CTX *ctx, int type, int arg, void *ptr)
{
	const struct wdi_eng_cipher *m = wdi_eng_cipher_of(ctx);
	struct aead *a = wdi_eng_cipher_data(m, ctx);
	struct wdi_ossl_msg *msg = &a->msg;
	bool ccm = m->row->mode == WD_CIPHER_CCM;
	int ret;

	switch (type) {
	case EVP_CTRL_INIT:
		wdi_ossl_msg_end(msg);
		wdi_ossl_msg_init(msg, m->row, &wdi_eng_limits[m->row - wdi_ossl_rows], &plain);
		return m->ctrl(ctx, type, arg, ptr);
	case EVP_CTRL_COPY:
		return copy(m, ctx, ptr);
	case EVP_CTRL_AEAD_GET_TAG:
		if (ccm && msg->enc && (msg->stage == WDI_OSSL_STAGE_DONE ||
					msg->stage == WDI_OSSL_STAGE_SPENT))
			return get_tag(msg, arg, ptr);
		return m->ctrl(ctx, type, arg, ptr);
	case EVP_CTRL_AEAD_SET_TAG:
		/* The length is part of what CCM makes. */
		if (!(ccm && msg->stage == WDI_OSSL_STAGE_DONE))
			break;
		/* fall through */
	case EVP_CTRL_AEAD_SET_IVLEN:
	case EVP_CTRL_CCM_SET_L:
	case EVP_CTRL_AEAD_SET_IV_FIXED:
	case EVP_CTRL_GCM_IV_GEN:
	case EVP_CTRL_GCM_SET_IV_INV:
	case EVP_CTRL_AEAD_TLS1_AAD:
		/* What changes the message under way is libcrypto's affair. */
		if (wdi_ossl_msg_under_way(msg) && !wdi_ossl_msg_to_plain(msg, ctx))
			return 0;
		break;
	default:
		return m->ctrl(ctx, type, arg, ptr);
	}
	ret = m->ctrl(ctx, type, arg, ptr);
	if (ret > 0)
		note(a, type, arg, ptr);
	return ret;
}

const struct wdi_eng_cipher_kind wdi_eng_aead = {
	sizeof(struct aead), aead_init, aead_run, aead_cleanup, aead_ctrl,
};
