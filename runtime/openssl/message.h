/* SPDX-License-Identifier: MIT */
/*
 * Messages of GCM and CCM. The device takes one whose data come in one call: TLS 1.3 records,
 * and what one EVP_EncryptUpdate() makes. Associated data wait until the data show who gets them.
 * A message that goes on after the device has done what seemed to be all of it is done again by
 * OpenSSL's own code, and such a context keeps to that.
 *
 * Whoever has a context of OpenSSL's, the provider or the engine, keeps one of these in it.
 */
#ifndef WEFT_OPENSSL_MESSAGE_H
#define WEFT_OPENSSL_MESSAGE_H

#include "openssl/common.h"
#include "openssl/dev.h"

#define WDI_OSSL_MSG_KEY	32
#define WDI_OSSL_MSG_IV		16
#define WDI_OSSL_MSG_TAG	16
#define WDI_OSSL_MSG_AAD	512
#define WDI_OSSL_MSG_MAX	(60u * 1024)

enum wdi_ossl_stage {
	WDI_OSSL_STAGE_PLAIN,	/* OpenSSL's own, until the next IV */
	WDI_OSSL_STAGE_FRESH,	/* an IV has come, nothing else yet, or associated data that wait */
	WDI_OSSL_STAGE_DONE,	/* the device has done the data */
	WDI_OSSL_STAGE_SPENT,	/* and the message has ended: a new IV must come */
};

struct wdi_ossl_msg;

/*
 * OpenSSL's own code; @ctx is what the functions below were given. False: it refuses.
 * @restart: a message with the same key and @msg's IV, from the beginning
 * @update: data; associated data without @out; without both the length of a message of CCM
 */
struct wdi_ossl_msg_plain {
	bool (*restart)(void *ctx, const struct wdi_ossl_msg *msg);
	bool (*update)(void *ctx, uint8_t *out, const uint8_t *in, size_t len);
};

/*
 * @iv_len, @tag_len: of the next message, kept up to date by the caller
 * @tag: expected where @tag_known; or made, once the device has encrypted
 */
struct wdi_ossl_msg {
	const struct wdi_ossl_row *row;
	const struct wdi_ossl_limits *limits;
	const struct wdi_ossl_msg_plain *plain;
	struct wdi_ossl_sess *sess;	/* with this key and length of tags */
	struct wdi_ossl_op *op;
	uint32_t key_len;	/* 0: none yet */
	uint32_t iv_len;
	uint32_t tag_len;
	uint32_t key_iv_len;	/* what they were when the key came, which is what CCM goes by */
	uint32_t key_tag_len;
	uint32_t sess_tag;
	uint32_t aad_len;
	size_t len;
	enum wdi_ossl_stage stage;
	bool enc;
	bool tag_known;
	bool told;		/* CCM: len is the length that was announced */
	bool plain_told;	/* CCM: OpenSSL's own code knows one, and waits for it */
	bool refused;		/* nothing for the device, by experience */
	uint8_t iv[WDI_OSSL_MSG_IV];
	uint8_t tag[WDI_OSSL_MSG_TAG];
	uint8_t key[WDI_OSSL_MSG_KEY];
	uint8_t aad[WDI_OSSL_MSG_AAD];
};

void wdi_ossl_msg_init(struct wdi_ossl_msg *msg, const struct wdi_ossl_row *row,
		       const struct wdi_ossl_limits *limits, const struct wdi_ossl_msg_plain *plain);

/* What it holds is given back; the key is for the caller to wipe. */
void wdi_ossl_msg_end(struct wdi_ossl_msg *msg);

/* The bytes have been copied: what the copy must not share. */
void wdi_ossl_msg_copied(struct wdi_ossl_msg *copy);

/* A new key; the lengths have been set. */
void wdi_ossl_msg_key(struct wdi_ossl_msg *msg, const uint8_t *key, size_t len);

/* A new message. */
void wdi_ossl_msg_iv(struct wdi_ossl_msg *msg, const uint8_t *iv, size_t len);

/* The IV is not the one that was given: what comes next is not for the device. */
void wdi_ossl_msg_leave(struct wdi_ossl_msg *msg);

static inline bool wdi_ossl_msg_ccm(const struct wdi_ossl_msg *msg)
{
	return msg->row->mode == WD_CIPHER_CCM;
}

/* There is something that OpenSSL's own code has not been told. */
static inline bool wdi_ossl_msg_under_way(const struct wdi_ossl_msg *msg)
{
	return msg->stage == WDI_OSSL_STAGE_DONE ||
	       (msg->stage == WDI_OSSL_STAGE_FRESH && (msg->aad_len || msg->told));
}

/* It is told. False: it refuses. */
bool wdi_ossl_msg_to_plain(struct wdi_ossl_msg *msg, void *ctx);

/*
 * Who does a call. PLAIN: OpenSSL's own code, which is up to date. TAKEN: there is nothing more to
 * be done. -EBUSY: another job is in the middle of the same message. -EPROTO: the message has ended.
 * -EIO: OpenSSL's own code refuses what had waited.
 */
enum {
	WDI_OSSL_MSG_PLAIN,
	WDI_OSSL_MSG_TAKEN,
};

/*
 * wdi_ossl_msg_data() - as a call of EVP_EncryptUpdate() brings them: associated data without
 * @out, of CCM a length without @in and @out. @room: bytes at @out.
 */
int wdi_ossl_msg_data(struct wdi_ossl_msg *msg, void *ctx, uint8_t *out, size_t room,
		      const uint8_t *in, size_t len);

/* OpenSSL's own code has taken data. */
static inline void wdi_ossl_msg_fed(struct wdi_ossl_msg *msg)
{
	msg->plain_told = false;
}

/* wdi_ossl_msg_final() - the end of the data; of GCM, of the message. */
int wdi_ossl_msg_final(struct wdi_ossl_msg *msg, void *ctx);

#endif
