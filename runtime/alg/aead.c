/* SPDX-License-Identifier: MIT */
/* Authenticated encryption: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_aead.h"

#include <errno.h>
#include <string.h>

#include "alg/sym.h"
#include "util/bits.h"
#include "util/log.h"

#define GCM_IV_MAX	128
#define CCM_NONCE_MIN	7
#define CCM_NONCE_MAX	13
#define CCM_BLOCK	16	/* an IV of this length is a counter block */
#define CBC_IV		16
#define STREAM_UNIT	16
#define AKEY_MIN	1
#define AKEY_MAX	512
#define CKEY_ROOM	32

struct aead_sess {
	struct wdi_sym_sess sym;
	uint16_t authsize;	/* atomic */

	/* keys as they were set; under @keys_lock */
	pthread_mutex_t keys_lock;
	uint8_t *secret;	/* cipher key, then the HMAC's */
	uint16_t ckey_len;
	uint16_t akey_len;

	/* the stream; under @busy */
	struct wdi_spin busy;
	bool begun;
	bool decrypt;
	struct wdi_key *key;	/* that it began with, held */
};

static const char *const op_names[] = {
	"encrypt", "decrypt", "digest-encrypt", "digest-decrypt", NULL
};

static struct aead_sess *to_aead(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct aead_sess, sym.base);
}

static const char *aead_device_alg(const char *alg)
{
	return wdi_sym_device_alg("aead", alg);
}

static bool aead_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_sym_ctx_fits(ctx, WDI_OP_AEAD, "aead");
}

/* ---- messages ------------------------------------------------------------ */

/*
 * The nonce of CCM, which the device takes without the counter block around it.
 * @length_field: bytes of the length field less one, which the check of the request has
 * read in such a block.
 */
static void fill_iv(const struct aead_sess *s, const struct wd_aead_req *req, uint8_t length_field,
		    struct wdi_msg *msg)
{
	msg->sym.iv = req->iv;
	msg->sym.iv_len = req->iv_bytes;
	if (s->sym.row->mode == WD_CIPHER_CCM && req->iv_bytes == CCM_BLOCK) {
		msg->sym.iv = (uint8_t *)req->iv + 1;
		/* The block is a byte of flags, the nonce, and the field. */
		msg->sym.iv_len = (uint16_t)(CCM_BLOCK - 2 - length_field);
	}
}

static void fill_common(const struct aead_sess *s, const struct wd_aead_req *req,
			struct wdi_msg *msg)
{
	msg->op = WDI_OP_AEAD;
	msg->on_fault = WDI_FAULT_REPEAT;
	msg->src_sgl = msg->dst_sgl = req->data_fmt == WD_SGL_BUF;
	msg->sym.decrypt = req->op_type == WD_CIPHER_DECRYPTION_DIGEST;
	msg->sym.mac = req->mac;
	msg->sym.mac_len = (uint8_t)__atomic_load_n(&s->authsize, __ATOMIC_RELAXED);
}

/* Associated data lie in front of the message, in source and destination. */
static void fill_whole(const struct aead_sess *s, const struct wd_aead_req *req,
		       uint8_t length_field, struct wdi_msg *msg)
{
	fill_common(s, req, msg);
	fill_iv(s, req, length_field, msg);
	msg->sym.first = msg->sym.last = true;
	msg->sym.total = req->in_bytes;
	msg->sym.aad_len = req->assoc_bytes;
	msg->sym.aad_in_src = req->assoc_bytes;
	msg->src = req->src;
	msg->dst = req->dst;
	if (!req->in_bytes && !req->dst) {
		/* There is no output; the input is not written either. */
		msg->dst = req->src;
	} else {
		msg->sym.aad_copy = req->assoc_bytes && req->src != req->dst;
	}
	msg->src_len = msg->dst_len = req->assoc_bytes + req->in_bytes;
	if (!msg->src_len)
		msg->src_sgl = msg->dst_sgl = false;
}

static void fill_piece(const struct aead_sess *s, const struct wd_aead_req *req,
		       struct wdi_msg *msg)
{
	fill_common(s, req, msg);
	msg->sym.first = req->msg_state == AEAD_MSG_FIRST;
	msg->sym.last = req->msg_state == AEAD_MSG_END;
	msg->src = req->src;
	msg->dst = req->dst;
	msg->src_len = msg->dst_len = req->in_bytes;
	if (msg->sym.first) {
		fill_iv(s, req, 0, msg);
		msg->sym.aad_len = req->assoc_bytes;
		msg->sym.aad_in_src = req->assoc_bytes;
		msg->dst = req->src;
		msg->src_len = msg->dst_len = req->assoc_bytes;
	}
	if (!msg->src_len)
		msg->src_sgl = msg->dst_sgl = false;
}

/* The state of a request that is not yet sent has the length field of CCM's IV. */
static void aead_fill(struct wdi_sess *sess, const void *request, struct wdi_msg *msg)
{
	const struct wd_aead_req *req = request;

	if (req->msg_state == AEAD_MSG_BLOCK)
		fill_whole(to_aead(sess), req, (uint8_t)req->state, msg);
	else
		fill_piece(to_aead(sess), req, msg);
}

/* ---- streams ------------------------------------------------------------- */

static void stream_forget(struct aead_sess *s)
{
	if (s->key)
		wdi_key_release(s->key);
	s->key = NULL;
	s->begun = false;
}

/*
 * Make ready for a piece; *@key is the session's key, held, and becomes the stream's.
 * 0, or a negative WD_* (logged).
 */
static int piece_begin(struct aead_sess *s, const struct wd_aead_req *req, struct wdi_key **key)
{
	bool decrypt = req->op_type == WD_CIPHER_DECRYPTION_DIGEST;

	if (!wdi_spin_trylock(&s->busy)) {
		wdi_err("aead: two pieces at once on one stream");
		return -WD_EBUSY;
	}
	if (req->msg_state == AEAD_MSG_FIRST) {
		stream_forget(s);
		__atomic_add_fetch(&(*key)->refs, 1, __ATOMIC_RELAXED);
		s->key = *key;
		s->decrypt = decrypt;
		s->begun = true;
		return 0;
	}
	if (!s->begun || s->decrypt != decrypt) {
		wdi_err("aead: a piece of a stream that has not begun, or in the other direction");
		wdi_spin_unlock(&s->busy);
		return -WD_EINVAL;
	}
	if (*key != s->key) {
		wdi_key_release(*key);
		__atomic_add_fetch(&s->key->refs, 1, __ATOMIC_RELAXED);
		*key = s->key;
	}
	return 0;
}

static void piece_end(struct aead_sess *s, const struct wd_aead_req *req, int ret)
{
	if (ret || req->msg_state == AEAD_MSG_END)
		stream_forget(s);
	wdi_spin_unlock(&s->busy);
}

/* Nothing was done, and it may come again; a first piece begins anew then. */
static void piece_undo(struct aead_sess *s)
{
	wdi_spin_unlock(&s->busy);
}

static void piece_over(struct aead_sess *s, const struct wd_aead_req *req,
		       const struct wdi_msg *msg, int ret)
{
	if (wdi_unlikely(wdi_sym_may_repeat(msg)))
		piece_undo(s);
	else
		piece_end(s, req, ret);
}

/* ---- ends ---------------------------------------------------------------- */

static int finish_req(struct wd_aead_req *req, const struct wdi_msg *msg)
{
	struct wdi_outcome outcome = wdi_sym_outcome(msg);

	req->state = (__u16)outcome.status;
	return outcome.ret;
}

static void aead_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_aead_req *req = (struct wd_aead_req *)msg->req;
	int ret = finish_req(req, msg);

	if (req->msg_state != AEAD_MSG_BLOCK)
		piece_over(to_aead(sess), req, msg, ret);
	wdi_key_ended(msg);
	req->cb(req, req->cb_param);
}
_Static_assert(sizeof(struct wd_aead_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

static void aead_drop(struct wdi_sess *sess, struct wdi_msg *msg)
{
	const struct wd_aead_req *req = (const struct wd_aead_req *)msg->req;

	if (req->msg_state != AEAD_MSG_BLOCK)
		piece_end(to_aead(sess), req, -WD_HW_EACCESS);
	wdi_key_drop(sess, msg);
}

static void aead_destroy(struct wdi_sess *sess)
{
	struct aead_sess *s = to_aead(sess);

	stream_forget(s);
	wdi_core_secret_free(s->secret, CKEY_ROOM + AKEY_MAX);
	pthread_mutex_destroy(&s->keys_lock);
	wdi_sym_destroy(sess);
}

/* ---- the class ----------------------------------------------------------- */

static const struct wdi_class_ops aead_ops = {
	.name = "aead",
	.op_names = op_names,
	.op_types = wdi_array_size(op_names) - 1,
	.default_ops = WD_CIPHER_DECRYPTION_DIGEST + 1,
	.req_size = sizeof(struct wd_aead_req),
	.sess_size = sizeof(struct aead_sess),
	.env_offset = offsetof(struct wdi_env, aead),
	.device_alg = aead_device_alg,
	.ctx_fits = aead_ctx_fits,
	.fill = aead_fill,
	.finish = aead_finish,
	.drop = aead_drop,
	.close_objects = wdi_sym_close_objects,
	.destroy = aead_destroy,
	.poll_ctx = wd_aead_poll_ctx,
};

static struct wdi_class aead_class = WDI_CLASS_INIT(&aead_ops);

WDI_CLASS_API(aead, aead_class)

/* ---- sessions ------------------------------------------------------------ */

static const struct wdi_alg_row *row_for(const struct wd_aead_sess_setup *setup)
{
	for (size_t i = 0; i < wdi_alg_row_count; i++) {
		const struct wdi_alg_row *row = &wdi_alg_rows[i];

		if (strcmp(row->class, "aead") || row->alg != (unsigned int)setup->calg ||
		    row->mode != (unsigned int)setup->cmode)
			continue;
		if (setup->cmode != WD_CIPHER_CBC ||
		    (row->mac == (unsigned int)setup->dalg && setup->dmode == WD_DIGEST_HMAC))
			return row;
	}
	return NULL;
}

handle_t wd_aead_alloc_sess(struct wd_aead_sess_setup *setup)
{
	struct wdi_sym_sess *sym;
	struct aead_sess *s;

	if (!setup || (unsigned int)setup->calg >= WD_CIPHER_ALG_TYPE_MAX ||
	    (unsigned int)setup->cmode >= WD_CIPHER_MODE_TYPE_MAX) {
		wdi_err("aead: session with no setup, or cipher %u, mode %u: no such thing",
			setup ? (unsigned int)setup->calg : 0,
			setup ? (unsigned int)setup->cmode : 0);
		errno = EINVAL;
		return 0;
	}
	sym = wdi_sym_alloc(&aead_class, row_for(setup), setup->sched_param);
	if (!sym)
		return 0;
	s = to_aead(&sym->base);
	pthread_mutex_init(&s->keys_lock, NULL);
	s->secret = wdi_core_secret_alloc(CKEY_ROOM + AKEY_MAX);
	if (!s->secret) {
		wdi_sess_free(&aead_class, sym->base.handle);
		errno = ENOMEM;
		return 0;
	}
	errno = 0;
	return sym->base.handle;
}

void wd_aead_free_sess(handle_t h_sess)
{
	wdi_sess_free(&aead_class, h_sess);
}

static struct aead_sess *sess_get(handle_t h_sess)
{
	struct wdi_sess *sess = wdi_sess_get(&aead_class, h_sess);

	return sess ? to_aead(sess) : NULL;
}

/* ---- keys and tags ------------------------------------------------------- */

static bool needs_akey(const struct aead_sess *s)
{
	return s->sym.row->mode == WD_CIPHER_CBC;
}

/* With keys_lock held: what has been set becomes the key in force once it is whole. */
static int keys_changed(struct aead_sess *s)
{
	struct wdi_key_setup setup = {
		.alg = s->sym.row->device,
		.key = s->secret,
		.len = s->ckey_len,
		.key2 = s->secret + CKEY_ROOM,
		.len2 = s->akey_len,
	};

	if (!s->ckey_len || (needs_akey(s) && !s->akey_len))
		return 0;
	return wdi_keyring_set(&s->sym.keys, &s->sym.base, &setup);
}

int wd_aead_set_ckey(handle_t h_sess, const __u8 *key, __u16 key_len)
{
	struct aead_sess *s = sess_get(h_sess);
	int ret = -WD_EINVAL;

	if (!s)
		return ret;
	if (wdi_sym_key_fits(&s->sym, key, key_len)) {
		pthread_mutex_lock(&s->keys_lock);
		memcpy(s->secret, key, key_len);
		s->ckey_len = key_len;
		ret = keys_changed(s);
		pthread_mutex_unlock(&s->keys_lock);
	}
	wdi_sess_put(&s->sym.base);
	return ret;
}

int wd_aead_set_akey(handle_t h_sess, const __u8 *key, __u16 key_len)
{
	struct aead_sess *s = sess_get(h_sess);
	int ret = -WD_EINVAL;

	if (!s)
		return ret;
	if (!key || key_len < AKEY_MIN || key_len > AKEY_MAX) {
		wdi_err("aead: an HMAC key that is NULL, or of %u bytes: it takes %u to %u", key_len,
			AKEY_MIN, AKEY_MAX);
	} else if (!needs_akey(s)) {
		ret = 0;
	} else {
		pthread_mutex_lock(&s->keys_lock);
		memcpy(s->secret + CKEY_ROOM, key, key_len);
		s->akey_len = key_len;
		ret = keys_changed(s);
		pthread_mutex_unlock(&s->keys_lock);
	}
	wdi_sess_put(&s->sym.base);
	return ret;
}

static bool authsize_fits(const struct wdi_alg_row *row, unsigned int size)
{
	switch (row->mode) {
	case WD_CIPHER_GCM:	/* SP 800-38D, 5.2.1.2 */
		return size == 4 || size == 8 || (size >= 12 && size <= 16);
	case WD_CIPHER_CCM:	/* SP 800-38C, A.1 */
		return size >= 4 && size <= 16 && size % 2 == 0;
	default:		/* RFC 2104, 5 */
		return size >= 10 && size <= row->out;
	}
}

int wd_aead_set_authsize(handle_t h_sess, __u16 authsize)
{
	struct aead_sess *s = sess_get(h_sess);
	int ret = 0;

	if (!s)
		return -WD_EINVAL;
	if (authsize_fits(s->sym.row, authsize)) {
		__atomic_store_n(&s->authsize, authsize, __ATOMIC_RELAXED);
	} else {
		wdi_err("aead: %s has no tags of %u bytes", s->sym.row->name, authsize);
		ret = -WD_EINVAL;
	}
	wdi_sess_put(&s->sym.base);
	return ret;
}

int wd_aead_get_authsize(handle_t h_sess)
{
	struct aead_sess *s = sess_get(h_sess);
	int size;

	if (!s)
		return -WD_EINVAL;
	size = __atomic_load_n(&s->authsize, __ATOMIC_RELAXED);
	wdi_sess_put(&s->sym.base);
	return size;
}

int wd_aead_get_maxauthsize(handle_t h_sess)
{
	struct aead_sess *s = sess_get(h_sess);
	int size;

	if (!s)
		return -WD_EINVAL;
	size = s->sym.row->out;
	wdi_sess_put(&s->sym.base);
	return size;
}

/* ---- requests ------------------------------------------------------------ */

static const char *wrong_ccm_iv(const struct wd_aead_req *req, uint8_t *length_field)
{
	uint8_t flags = 0;

	if (req->iv_bytes == CCM_BLOCK) {
		if (wdi_core_copy_in(&flags, req->iv, 1))
			return "the IV cannot be read";
		flags &= 7;
		if (!flags)
			return "the length field in the first byte of CCM's IV is 0";
		*length_field = flags++;
	} else if (req->iv_bytes >= CCM_NONCE_MIN && req->iv_bytes <= CCM_NONCE_MAX) {
		flags = (uint8_t)(CCM_BLOCK - 1 - req->iv_bytes);
	} else {
		return "iv_bytes of CCM is neither 16 nor 7 to 13";
	}
	/* @flags: bytes of the length field */
	if (flags < sizeof(req->in_bytes) && req->in_bytes >> (8 * flags))
		return "in_bytes does not fit into the length field that CCM's nonce leaves";
	return NULL;
}

static const char *wrong_iv(const struct wdi_alg_row *row, const struct wd_aead_req *req,
			    uint8_t *length_field)
{
	if (!req->iv)
		return "iv is NULL";
	switch (row->mode) {
	case WD_CIPHER_GCM:
		return req->iv_bytes && req->iv_bytes <= GCM_IV_MAX ? NULL
			: "iv_bytes of GCM is 0 or more than 128";
	case WD_CIPHER_CCM:
		return wrong_ccm_iv(req, length_field);
	default:
		return req->iv_bytes == CBC_IV ? NULL : "iv_bytes of CBC is not 16";
	}
}

static const char *wrong_data(const struct wdi_alg_row *row, const struct wd_aead_req *req)
{
	bool block = req->msg_state == AEAD_MSG_BLOCK;
	uint64_t in = req->in_bytes;

	if (req->msg_state == AEAD_MSG_FIRST)
		return req->assoc_bytes && !req->src ? "src is NULL" : NULL;
	if (block)
		in += req->assoc_bytes;
	if (in > UINT32_MAX)
		return "in_bytes and assoc_bytes together are more than 2^32 - 1";
	if (in && !req->src)
		return "src is NULL";
	if (req->in_bytes && !req->dst)
		return "dst is NULL";
	if (block && req->in_bytes < row->least)
		return "in_bytes is 0";
	if (row->unit && req->in_bytes % row->unit)
		return "in_bytes is no multiple of the block";
	if (req->msg_state == AEAD_MSG_MIDDLE && (!req->in_bytes || req->in_bytes % STREAM_UNIT))
		return "in_bytes of a piece between the first and the last is 0 or no multiple of 16";
	return NULL;
}

static const char *what_is_wrong(const struct aead_sess *s, const struct wd_aead_req *req,
				 bool async, uint8_t *length_field)
{
	const struct wdi_alg_row *row = s->sym.row;
	uint16_t authsize = __atomic_load_n(&s->authsize, __ATOMIC_RELAXED);
	const char *wrong = NULL;

	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if ((unsigned int)req->op_type > WD_CIPHER_DECRYPTION_DIGEST)
		return "op_type does not exist, or is not offered";
	if ((unsigned int)req->msg_state >= AEAD_MSG_INVALID)
		return "msg_state does not exist";
	if (req->data_fmt > WD_SGL_BUF)
		return "data_fmt does not exist";
	if (req->msg_state != AEAD_MSG_BLOCK && row->mode == WD_CIPHER_CCM)
		return "CCM takes whole messages only";
	if (!authsize)
		return "the length of the tag was not set";
	if (req->msg_state == AEAD_MSG_BLOCK || req->msg_state == AEAD_MSG_END) {
		if (!req->mac)
			return "mac is NULL";
		if (req->mac_bytes < authsize)
			return "mac_bytes is less than the tag";
	}
	if (req->msg_state == AEAD_MSG_BLOCK || req->msg_state == AEAD_MSG_FIRST)
		wrong = wrong_iv(row, req, length_field);
	return wrong ? wrong : wrong_data(row, req);
}

/* The session and its key, both held, or NULL when anything is wrong (logged). */
static struct aead_sess *checked(handle_t h_sess, const struct wd_aead_req *req, bool async,
				 struct wdi_key **key, uint8_t *length_field)
{
	struct aead_sess *s = sess_get(h_sess);
	const char *wrong;

	if (wdi_unlikely(!s))
		return NULL;
	wrong = req ? what_is_wrong(s, req, async, length_field) : "the request is NULL";
	*key = wrong ? NULL : wdi_keyring_hold(&s->sym.keys);
	if (wdi_unlikely(!*key)) {
		wdi_err("aead: %s: %s", s->sym.row->name,
			wrong ? wrong : "the session has not all its keys");
		wdi_sess_put(&s->sym.base);
		return NULL;
	}
	return s;
}

int wd_do_aead_sync(handle_t h_sess, struct wd_aead_req *req)
{
	uint8_t length_field = 0;
	struct wdi_key *key;
	struct aead_sess *s = checked(h_sess, req, false, &key, &length_field);
	struct wdi_msg msg;
	bool piece;
	int ret = 0;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	piece = req->msg_state != AEAD_MSG_BLOCK;
	if (piece)
		ret = piece_begin(s, req, &key);
	if (ret)
		goto release;
	wdi_msg_clear(&msg);
	if (piece)
		fill_piece(s, req, &msg);
	else
		fill_whole(s, req, length_field, &msg);
	/* A stream that the device has lost cannot be taken up again. */
	ret = wdi_key_run(&s->sym.base, key, &msg, !piece || req->msg_state == AEAD_MSG_FIRST);
	if (ret && piece)
		piece_undo(s);
	if (ret)
		goto release;
	ret = finish_req(req, &msg);
	if (piece)
		piece_over(s, req, &msg, ret);
release:
	wdi_key_release(key);
	wdi_sess_put(&s->sym.base);
	return ret;
}

int wd_do_aead_async(handle_t h_sess, struct wd_aead_req *req)
{
	uint8_t length_field = 0;
	struct wdi_key *key;
	struct aead_sess *s = checked(h_sess, req, true, &key, &length_field);
	struct wd_aead_req copy;
	bool piece;
	int ret = 0;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	copy = *req;
	copy.state = length_field;
	piece = req->msg_state != AEAD_MSG_BLOCK;
	if (piece)
		ret = piece_begin(s, req, &key);
	if (!ret) {
		ret = wdi_key_send(&s->sym.base, key, &copy);
		if (ret && piece)
			piece_undo(s);
	}
	/* A request in flight keeps both holds. */
	if (wdi_unlikely(ret)) {
		wdi_key_release(key);
		wdi_sess_put(&s->sym.base);
	}
	return ret;
}
