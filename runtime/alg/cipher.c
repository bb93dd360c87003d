/* SPDX-License-Identifier: MIT */
/* Ciphers: what libwd_crypto adds to the class lifecycle for them. */
#include "uadk/wd_cipher.h"

#include <errno.h>
#include <string.h>

#include "alg/sym.h"
#include "util/bits.h"
#include "util/log.h"

static const char *const op_names[] = { "encrypt", "decrypt", NULL };

static const char *cipher_device_alg(const char *alg)
{
	return wdi_sym_device_alg("cipher", alg);
}

static bool cipher_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_sym_ctx_fits(ctx, WDI_OP_CIPHER, "cipher");
}

/* ---- messages ------------------------------------------------------------ */

static void fill_req(const struct wdi_sym_sess *s, const struct wd_cipher_req *req,
		     struct wdi_msg *msg)
{
	msg->op = WDI_OP_CIPHER;
	msg->on_fault = WDI_FAULT_REPEAT;
	msg->src = req->src;
	msg->dst = req->dst;
	msg->src_len = req->in_bytes;
	msg->dst_len = req->in_bytes;
	msg->src_sgl = msg->dst_sgl = req->data_fmt == WD_SGL_BUF;
	msg->sym.decrypt = req->op_type == WD_CIPHER_DECRYPTION;
	if (s->row->iv) {
		msg->sym.iv = req->iv;
		msg->sym.iv_len = s->row->iv;
	}
}

static void cipher_fill(struct wdi_sess *sess, const void *req, struct wdi_msg *msg)
{
	fill_req(wdi_container_of(sess, struct wdi_sym_sess, base), req, msg);
}

static int finish_req(struct wd_cipher_req *req, const struct wdi_msg *msg)
{
	struct wdi_outcome outcome = wdi_sym_outcome(msg);

	req->out_bytes = msg->produced;
	req->state = (__u16)outcome.status;
	return outcome.ret;
}

static void cipher_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_cipher_req *req = (struct wd_cipher_req *)msg->req;

	(void)sess;
	finish_req(req, msg);
	wdi_key_ended(msg);
	req->cb(req, req->cb_param);
}
_Static_assert(sizeof(struct wd_cipher_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

/* ---- the class ----------------------------------------------------------- */

static const struct wdi_class_ops cipher_ops = {
	.name = "cipher",
	.op_names = op_names,
	.op_types = wdi_array_size(op_names) - 1,
	.req_size = sizeof(struct wd_cipher_req),
	.sess_size = sizeof(struct wdi_sym_sess),
	.env_offset = offsetof(struct wdi_env, cipher),
	.device_alg = cipher_device_alg,
	.ctx_fits = cipher_ctx_fits,
	.fill = cipher_fill,
	.finish = cipher_finish,
	.drop = wdi_key_drop,
	.close_objects = wdi_sym_close_objects,
	.destroy = wdi_sym_destroy,
	.poll_ctx = wd_cipher_poll_ctx,
};

static struct wdi_class cipher_class = WDI_CLASS_INIT(&cipher_ops);

WDI_CLASS_API(cipher, cipher_class)

/* ---- sessions ------------------------------------------------------------ */

handle_t wd_cipher_alloc_sess(struct wd_cipher_sess_setup *setup)
{
	struct wdi_sym_sess *s;

	if (!setup || (unsigned int)setup->alg >= WD_CIPHER_ALG_TYPE_MAX ||
	    (unsigned int)setup->mode >= WD_CIPHER_MODE_TYPE_MAX) {
		wdi_err("cipher: session with no setup, or algorithm %u, mode %u: no such thing",
			setup ? (unsigned int)setup->alg : 0, setup ? (unsigned int)setup->mode : 0);
		errno = EINVAL;
		return 0;
	}
	s = wdi_sym_alloc(&cipher_class, wdi_alg_row_find("cipher", setup->alg, setup->mode),
			  setup->sched_param);
	if (!s)
		return 0;
	errno = 0;
	return s->base.handle;
}

void wd_cipher_free_sess(handle_t h_sess)
{
	wdi_sess_free(&cipher_class, h_sess);
}

/* ---- keys ---------------------------------------------------------------- */

/* Weak and semi-weak keys (SP 800-67, 3.4.2). */
static const uint8_t weak_des[][DES_KEY_SIZE] = {
	{ 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01 },
	{ 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe },
	{ 0xe0, 0xe0, 0xe0, 0xe0, 0xf1, 0xf1, 0xf1, 0xf1 },
	{ 0x1f, 0x1f, 0x1f, 0x1f, 0x0e, 0x0e, 0x0e, 0x0e },
	{ 0x01, 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e },
	{ 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e, 0x01 },
	{ 0x01, 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1 },
	{ 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1, 0x01 },
	{ 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe },
	{ 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01 },
	{ 0x1f, 0xe0, 0x1f, 0xe0, 0x0e, 0xf1, 0x0e, 0xf1 },
	{ 0xe0, 0x1f, 0xe0, 0x1f, 0xf1, 0x0e, 0xf1, 0x0e },
	{ 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe },
	{ 0xfe, 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e },
	{ 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1, 0xfe },
	{ 0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1 },
};

/* Whatever its parity bits are; in a time that does not depend on the key. */
static bool is_weak_des(const uint8_t *key)
{
	unsigned int weak = 0;

	for (size_t k = 0; k < wdi_array_size(weak_des); k++) {
		unsigned int differs = 0;

		for (size_t i = 0; i < DES_KEY_SIZE; i++)
			differs |= (key[i] ^ weak_des[k][i]) & 0xfe;
		weak |= !differs;
	}
	return weak;
}

static bool key_is_good(const struct wdi_sym_sess *s, const uint8_t *key, uint32_t len)
{
	if (!wdi_sym_key_fits(s, key, len))
		return false;
	if (s->row->alg == WD_CIPHER_DES && is_weak_des(key)) {
		wdi_err("cipher: a weak key of DES");
		return false;
	}
	if (s->row->mode == WD_CIPHER_XTS && !memcmp_consttime(key, key + len / 2, len / 2)) {
		wdi_err("cipher: the two halves of an XTS key are equal");
		return false;
	}
	return true;
}

int wd_cipher_set_key(handle_t h_sess, const __u8 *key, __u32 key_len)
{
	struct wdi_sess *sess = wdi_sess_get(&cipher_class, h_sess);
	struct wdi_sym_sess *s;
	int ret = -WD_EINVAL;

	if (!sess)
		return ret;
	s = wdi_container_of(sess, struct wdi_sym_sess, base);
	if (key_is_good(s, key, key_len))
		ret = wdi_keyring_set(&s->keys, sess, &(struct wdi_key_setup){
			.alg = s->row->device, .key = key, .len = key_len });
	wdi_sess_put(sess);
	return ret;
}

/* ---- requests ------------------------------------------------------------ */

static const char *what_is_wrong(const struct wdi_alg_row *row, const struct wd_cipher_req *req,
				 bool async)
{
	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if ((unsigned int)req->op_type > WD_CIPHER_DECRYPTION)
		return "op_type does not exist";
	if (req->data_fmt > WD_SGL_BUF)
		return "data_fmt does not exist";
	if (!req->src || !req->dst)
		return "src or dst is NULL";
	if (req->in_bytes < row->least)
		return req->in_bytes ? "in_bytes is less than the mode takes" : "in_bytes is 0";
	if (req->in_bytes % row->unit)
		return "in_bytes is no multiple of the block";
	if (req->out_buf_bytes < req->in_bytes)
		return "out_buf_bytes is less than in_bytes";
	if (row->iv && !req->iv)
		return "the mode needs an IV, and iv is NULL";
	if (row->iv && req->iv_bytes != row->iv)
		return "iv_bytes is wrong";
	return NULL;
}

/* The session and its key, both held, or NULL when anything is wrong (logged). */
static struct wdi_sym_sess *checked(handle_t h_sess, const struct wd_cipher_req *req, bool async,
				    struct wdi_key **key)
{
	struct wdi_sess *sess = wdi_sess_get(&cipher_class, h_sess);
	struct wdi_sym_sess *s;
	const char *wrong;

	if (wdi_unlikely(!sess))
		return NULL;
	s = wdi_container_of(sess, struct wdi_sym_sess, base);
	wrong = req ? what_is_wrong(s->row, req, async) : "the request is NULL";
	*key = wrong ? NULL : wdi_keyring_hold(&s->keys);
	if (wdi_unlikely(!*key)) {
		wdi_err("cipher: %s: %s", s->row->name, wrong ? wrong : "the session has no key");
		wdi_sess_put(sess);
		return NULL;
	}
	return s;
}

int wd_do_cipher_sync(handle_t h_sess, struct wd_cipher_req *req)
{
	struct wdi_key *key;
	struct wdi_sym_sess *s = checked(h_sess, req, false, &key);
	struct wdi_msg msg;
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	wdi_msg_clear(&msg);
	fill_req(s, req, &msg);
	ret = wdi_key_run(&s->base, key, &msg, true);
	if (wdi_likely(!ret))
		ret = finish_req(req, &msg);
	wdi_key_release(key);
	wdi_sess_put(&s->base);
	return ret;
}

int wd_do_cipher_async(handle_t h_sess, struct wd_cipher_req *req)
{
	struct wdi_key *key;
	struct wdi_sym_sess *s = checked(h_sess, req, true, &key);
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	ret = wdi_key_send(&s->base, key, req);
	/* A request in flight keeps both holds. */
	if (wdi_unlikely(ret)) {
		wdi_key_release(key);
		wdi_sess_put(&s->base);
	}
	return ret;
}
