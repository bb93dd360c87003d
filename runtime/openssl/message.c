/* SPDX-License-Identifier: MIT */
#include "openssl/message.h"

#include <errno.h>
#include <string.h>

void wdi_ossl_msg_init(struct wdi_ossl_msg *msg, const struct wdi_ossl_row *row,
		       const struct wdi_ossl_limits *limits, const struct wdi_ossl_msg_plain *plain)
{
	memset(msg, 0, sizeof(*msg));
	msg->row = row;
	msg->limits = limits;
	msg->plain = plain;
	msg->iv_len = wdi_ossl_msg_ccm(msg) ? 7 : 12;
	msg->tag_len = wdi_ossl_msg_ccm(msg) ? 12 : WDI_OSSL_MSG_TAG;
}

static void drop_session(struct wdi_ossl_msg *msg)
{
	wdi_ossl_sess_put(msg->sess);
	msg->sess = NULL;
}

void wdi_ossl_msg_end(struct wdi_ossl_msg *msg)
{
	drop_session(msg);
	wdi_ossl_op_put(msg->op);
	msg->op = NULL;
}

void wdi_ossl_msg_copied(struct wdi_ossl_msg *copy)
{
	copy->op = NULL;
	wdi_ossl_sess_hold(copy->sess);
}

void wdi_ossl_msg_key(struct wdi_ossl_msg *msg, const uint8_t *key, size_t len)
{
	drop_session(msg);
	msg->refused = false;
	msg->key_len = 0;
	msg->key_iv_len = msg->iv_len;
	msg->key_tag_len = msg->tag_len;
	if (len <= sizeof(msg->key)) {
		memcpy(msg->key, key, len);
		msg->key_len = (uint32_t)len;
	}
}

void wdi_ossl_msg_iv(struct wdi_ossl_msg *msg, const uint8_t *iv, size_t len)
{
	bool known = len == msg->iv_len && len <= sizeof(msg->iv);

	if (known)
		memcpy(msg->iv, iv, len);
	msg->stage = known && !msg->refused ? WDI_OSSL_STAGE_FRESH : WDI_OSSL_STAGE_PLAIN;
	msg->aad_len = 0;
	msg->len = 0;
}

void wdi_ossl_msg_leave(struct wdi_ossl_msg *msg)
{
	if (msg->stage == WDI_OSSL_STAGE_FRESH)
		msg->stage = WDI_OSSL_STAGE_PLAIN;
}

/* ---- hand over to OpenSSL's own code ---------------------------------------------------- */

/* CCM wants to know it first. */
static bool tell_length(struct wdi_ossl_msg *msg, void *ctx)
{
	return !wdi_ossl_msg_ccm(msg) || msg->plain->update(ctx, NULL, NULL, msg->len);
}

static bool feed_aad(struct wdi_ossl_msg *msg, void *ctx)
{
	if (msg->told) {
		msg->told = false;
		msg->plain_told = true;
		if (!msg->plain->update(ctx, NULL, NULL, msg->len))
			return false;
	}
	return !msg->aad_len || msg->plain->update(ctx, NULL, msg->aad, msg->aad_len);
}

/*
 * The data that the device has done, once more. What it made is at op->buf behind the associated
 * data; what it was made from is not ours any more, and the key stream gives it back.
 */
static bool replay(struct wdi_ossl_msg *msg, void *ctx)
{
	const struct wdi_ossl_msg_plain *plain = msg->plain;
	uint8_t *text = msg->op->buf + msg->aad_len;

	return plain->restart(ctx, msg) && tell_length(msg, ctx) &&
	       plain->update(ctx, text, text, msg->len) &&
	       plain->restart(ctx, msg) && tell_length(msg, ctx) && feed_aad(msg, ctx) &&
	       plain->update(ctx, text, text, msg->len);
}

bool wdi_ossl_msg_to_plain(struct wdi_ossl_msg *msg, void *ctx)
{
	enum wdi_ossl_stage from = msg->stage;

	msg->stage = WDI_OSSL_STAGE_PLAIN;
	if (from == WDI_OSSL_STAGE_FRESH)
		return feed_aad(msg, ctx);
	if (from != WDI_OSSL_STAGE_DONE)
		return true;
	msg->refused = true;
	wdi_ossl_count(msg->row, WDI_OSSL_PATH_REDONE, msg->len);
	return replay(msg, ctx);
}

/* ---- the device -------------------------------------------------------------------------- */

/* GCM makes tags in full, whatever length was asked for; reading them cuts them. */
static uint32_t device_tag(const struct wdi_ossl_msg *msg)
{
	return msg->enc && !wdi_ossl_msg_ccm(msg) ? WDI_OSSL_MSG_TAG : msg->tag_len;
}

static bool open_session(struct wdi_ossl_msg *msg)
{
	uint32_t tag = device_tag(msg);

	if (msg->sess && msg->sess_tag == tag && wdi_likely(wdi_ossl_sess_valid(msg->sess)))
		return true;
	drop_session(msg);
	msg->sess = wdi_ossl_sess_new(WDI_OSSL_CLASS_AEAD, msg->row->alg, msg->row->mode, msg->key,
				      msg->key_len, tag);
	msg->sess_tag = tag;
	msg->refused = !msg->sess;
	return msg->sess;
}

/* A whole message with msg->aad in front. 0, or an error that has written nothing to @out. */
static int device_message(struct wdi_ossl_msg *msg, uint8_t *out, const uint8_t *in, size_t len,
			  enum wdi_ossl_where where)
{
	struct wd_aead_req req = {
		.op_type = msg->enc ? WD_CIPHER_ENCRYPTION_DIGEST : WD_CIPHER_DECRYPTION_DIGEST,
		.in_bytes = (__u32)len,
		.iv_bytes = (__u16)msg->iv_len,
		.mac_bytes = (__u16)device_tag(msg),
		.assoc_bytes = (__u16)msg->aad_len,
		.msg_state = AEAD_MSG_BLOCK,
	};
	int ret;

	if (!wdi_ossl_op_room(&msg->op, msg->aad_len + len))
		return -ENOMEM;
	if (msg->op->busy)
		return -EBUSY;
	memcpy(msg->op->buf, msg->aad, msg->aad_len);
	memcpy(msg->op->buf + msg->aad_len, in, len);
	memcpy(msg->op->iv, msg->iv, sizeof(msg->iv));
	if (!msg->enc)
		memcpy(msg->op->mac, msg->tag, msg->tag_len);
	req.src = req.dst = msg->op->buf;
	req.iv = msg->op->iv;
	req.mac = msg->op->mac;
	ret = wdi_ossl_run_aead(msg->sess, msg->op, &req, where);
	if (ret) {
		if (ret != WD_VERIFY_ERR) {
			wdi_ossl_op_put(msg->op);
			msg->op = NULL;
		}
		return ret;
	}
	memcpy(out, msg->op->buf + msg->aad_len, len);
	if (msg->enc)
		memcpy(msg->tag, msg->op->mac, sizeof(msg->tag));
	wdi_ossl_count(msg->row, where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC :
		       WDI_OSSL_PATH_SYNC, len);
	return 0;
}

/* Lengths that the device takes; the others are OpenSSL's own. */
static bool lengths_fit(const struct wdi_ossl_msg *msg)
{
	if (!wdi_ossl_msg_ccm(msg))
		return msg->iv_len == 12 && device_tag(msg) >= 12;
	return msg->iv_len >= 7 && msg->iv_len <= 13 && msg->tag_len >= 4 && !(msg->tag_len & 1) &&
	       msg->iv_len == msg->key_iv_len && msg->tag_len == msg->key_tag_len;
}

/* TAKEN: the device has done the data. PLAIN: it has not. -EBUSY. */
static int device(struct wdi_ossl_msg *msg, uint8_t *out, const uint8_t *in, size_t len)
{
	enum wdi_ossl_where where;

	if (msg->refused || !msg->key_len || len > WDI_OSSL_MSG_MAX || !lengths_fit(msg) ||
	    (!msg->enc && !msg->tag_known))
		return WDI_OSSL_MSG_PLAIN;
	/* An announced length that is another one is an error, and OpenSSL's own to tell. */
	if (msg->plain_told || (msg->told && msg->len != len))
		return WDI_OSSL_MSG_PLAIN;
	if (msg->op && msg->op->busy)
		return -EBUSY;
	where = wdi_ossl_where(msg->limits, len);
	if (where == WDI_OSSL_CPU || !open_session(msg))
		return WDI_OSSL_MSG_PLAIN;
	if (device_message(msg, out, in, len, where)) {
		/* A wrong tag is told where OpenSSL tells it, so it finds it itself. */
		wdi_ossl_count(msg->row, WDI_OSSL_PATH_REDONE, len);
		return WDI_OSSL_MSG_PLAIN;
	}
	msg->len = len;
	msg->told = false;
	msg->stage = WDI_OSSL_STAGE_DONE;
	/* CCM has compared tags by now, and wants another one next time. */
	if (wdi_ossl_msg_ccm(msg) && !msg->enc) {
		msg->stage = WDI_OSSL_STAGE_SPENT;
		msg->tag_known = false;
	}
	return WDI_OSSL_MSG_TAKEN;
}

/* ---- calls ---------------------------------------------------------------------------------- */

/* Associated data: they wait, if the data may be for the device. */
static bool keep_aad(struct wdi_ossl_msg *msg, const uint8_t *in, size_t len)
{
	/* CCM wants to know the length of the message first, and says so. */
	if (len > sizeof(msg->aad) - msg->aad_len || (wdi_ossl_msg_ccm(msg) && !msg->told) ||
	    msg->limits->least > WDI_OSSL_MSG_MAX ||
	    (msg->limits->sync_min > WDI_OSSL_MSG_MAX && !wdi_ossl_in_job()))
		return false;
	memcpy(msg->aad + msg->aad_len, in, len);
	msg->aad_len += (uint32_t)len;
	return true;
}

static bool keep_length(struct wdi_ossl_msg *msg, size_t len)
{
	/* The field of CCM must hold it. */
	if (msg->aad_len || !len || len > WDI_OSSL_MSG_MAX || msg->plain_told)
		return false;
	msg->len = len;
	msg->told = true;
	return true;
}

static int fresh_data(struct wdi_ossl_msg *msg, void *ctx, uint8_t *out, size_t room,
		      const uint8_t *in, size_t len)
{
	int done = WDI_OSSL_MSG_PLAIN;

	if (!in && !out && wdi_ossl_msg_ccm(msg))
		done = keep_length(msg, len);
	else if (in && !out)
		done = keep_aad(msg, in, len);
	else if (in && len >= msg->limits->least && room >= len)
		done = device(msg, out, in, len);
	if (done != WDI_OSSL_MSG_PLAIN)
		return done;
	return wdi_ossl_msg_to_plain(msg, ctx) ? WDI_OSSL_MSG_PLAIN : -EIO;
}

int wdi_ossl_msg_data(struct wdi_ossl_msg *msg, void *ctx, uint8_t *out, size_t room,
		      const uint8_t *in, size_t len)
{
	int done = WDI_OSSL_MSG_PLAIN;

	switch (msg->stage) {
	case WDI_OSSL_STAGE_SPENT:
		return -EPROTO;
	case WDI_OSSL_STAGE_FRESH:
		done = fresh_data(msg, ctx, out, room, in, len);
		break;
	case WDI_OSSL_STAGE_DONE:
		if (in && !len && !wdi_ossl_msg_ccm(msg))
			return WDI_OSSL_MSG_TAKEN;
		if (!wdi_ossl_msg_to_plain(msg, ctx))
			return -EIO;
		break;
	case WDI_OSSL_STAGE_PLAIN:
		break;
	}
	if (done == WDI_OSSL_MSG_PLAIN && wdi_ossl_msg_ccm(msg) && !in && !out)
		msg->plain_told = true;
	return done;
}

int wdi_ossl_msg_final(struct wdi_ossl_msg *msg, void *ctx)
{
	bool ccm = wdi_ossl_msg_ccm(msg);

	switch (msg->stage) {
	case WDI_OSSL_STAGE_SPENT:
		/* CCM has no end, but that its tag is read. */
		return ccm ? WDI_OSSL_MSG_TAKEN : -EPROTO;
	case WDI_OSSL_STAGE_DONE:
		if (!ccm)
			msg->stage = WDI_OSSL_STAGE_SPENT;
		return WDI_OSSL_MSG_TAKEN;
	case WDI_OSSL_STAGE_FRESH:
		return wdi_ossl_msg_to_plain(msg, ctx) ? WDI_OSSL_MSG_PLAIN : -EIO;
	case WDI_OSSL_STAGE_PLAIN:
		break;
	}
	return WDI_OSSL_MSG_PLAIN;
}
