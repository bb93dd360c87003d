/* SPDX-License-Identifier: MIT */
/* Digests and MACs: what libwd_crypto adds to the class lifecycle for them. */
#include "uadk/wd_digest.h"

#include <errno.h>
#include <string.h>

#include "alg/digest.h"
#include "util/bits.h"
#include "util/log.h"

static const char *const op_names[] = { "digest", NULL };

static struct digest_sess *to_digest(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct digest_sess, sym.base);
}

static const char *digest_device_alg(const char *alg)
{
	return wdi_sym_device_alg("digest", alg);
}

static bool digest_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_sym_ctx_fits(ctx, WDI_OP_DIGEST, "digest");
}

/* ---- messages ------------------------------------------------------------ */

static void fill_whole(const struct digest_sess *s, const struct wd_digest_req *req,
		       struct wdi_msg *msg)
{
	msg->op = WDI_OP_DIGEST;
	msg->on_fault = WDI_FAULT_REPEAT;
	msg->src = req->in;
	msg->src_len = req->in_bytes;
	msg->src_sgl = req->data_fmt == WD_SGL_BUF && req->in_bytes;
	msg->dst = req->out;
	msg->dst_len = req->out_bytes;
	msg->sym.first = msg->sym.last = true;
	if (s->sym.row->alg == WD_DIGEST_AES_GMAC) {
		msg->sym.iv = req->iv;
		msg->sym.iv_len = DIGEST_GMAC_IV;
	}
}

/* The state of a request that is not yet sent tells fill() whether it is a piece. */
#define STATE_PIECE	1

static void digest_fill(struct wdi_sess *sess, const void *request, struct wdi_msg *msg)
{
	const struct wd_digest_req *req = request;

	if (req->state == STATE_PIECE)
		wdi_digest_piece_fill(to_digest(sess), req, msg);
	else
		fill_whole(to_digest(sess), req, msg);
}

static int finish_req(struct wd_digest_req *req, struct wdi_outcome outcome)
{
	req->state = (__u16)outcome.status;
	return outcome.ret;
}

static void digest_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_digest_req *req = (struct wd_digest_req *)msg->req;
	bool piece = req->state == STATE_PIECE;

	/* Before the stream goes on in the callback. */
	finish_req(req, piece ? wdi_digest_piece_end(to_digest(sess), req, msg) : wdi_sym_outcome(msg));
	wdi_key_ended(msg);
	req->cb(req);
}
_Static_assert(sizeof(struct wd_digest_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

static void digest_drop(struct wdi_sess *sess, struct wdi_msg *msg)
{
	const struct wd_digest_req *req = (const struct wd_digest_req *)msg->req;

	if (req->state == STATE_PIECE)
		wdi_digest_piece_drop(to_digest(sess));
	wdi_key_drop(sess, msg);
}

static void digest_destroy(struct wdi_sess *sess)
{
	wdi_digest_stream_forget(to_digest(sess));
	wdi_sym_destroy(sess);
}

/* ---- the class ----------------------------------------------------------- */

static const struct wdi_class_ops digest_ops = {
	.name = "digest",
	.op_names = op_names,
	.op_types = wdi_array_size(op_names) - 1,
	.req_size = sizeof(struct wd_digest_req),
	.sess_size = sizeof(struct digest_sess),
	.env_offset = offsetof(struct wdi_env, digest),
	.device_alg = digest_device_alg,
	.ctx_fits = digest_ctx_fits,
	.fill = digest_fill,
	.finish = digest_finish,
	.drop = digest_drop,
	.close_objects = wdi_sym_close_objects,
	.destroy = digest_destroy,
	.poll_ctx = wd_digest_poll_ctx,
};

static struct wdi_class digest_class = WDI_CLASS_INIT(&digest_ops);

WDI_CLASS_API(digest, digest_class)

/* ---- sessions ------------------------------------------------------------ */

static bool is_aes_mac(unsigned int alg)
{
	return alg >= WD_DIGEST_AES_XCBC_MAC_96;
}

handle_t wd_digest_alloc_sess(struct wd_digest_sess_setup *setup)
{
	const struct wdi_alg_row *row;
	struct wdi_sym_sess *s;
	unsigned int mode;

	if (!setup || (unsigned int)setup->alg >= WD_DIGEST_TYPE_MAX ||
	    (unsigned int)setup->mode >= WD_DIGEST_MODE_MAX) {
		wdi_err("digest: session with no setup, or algorithm %u, mode %u: no such thing",
			setup ? (unsigned int)setup->alg : 0, setup ? (unsigned int)setup->mode : 0);
		errno = EINVAL;
		return 0;
	}
	mode = is_aes_mac(setup->alg) ? WD_DIGEST_HMAC : setup->mode;
	row = wdi_alg_row_find("digest", setup->alg, mode);
	s = wdi_sym_alloc(&digest_class, row, setup->sched_param);
	if (!s)
		return 0;
	/* A session object of the device stands for a plain hash as well. */
	if (!row->key_max &&
	    wdi_keyring_set(&s->keys, &s->base, &(struct wdi_key_setup){ .alg = row->device })) {
		wdi_sess_free(&digest_class, s->base.handle);
		errno = ENOMEM;
		return 0;
	}
	errno = 0;
	return s->base.handle;
}

void wd_digest_free_sess(handle_t h_sess)
{
	wdi_sess_free(&digest_class, h_sess);
}

/* ---- keys ---------------------------------------------------------------- */

#define PRF_KEY	16

/* RFC 4434: a key that is too long is replaced by its own PRF under a key of zeroes. */
static int prf_of_long_key(struct digest_sess *s, const uint8_t *key, uint32_t len, uint8_t *out)
{
	static const uint8_t zeroes[PRF_KEY];
	struct wdi_keyring ring = { 0 };
	struct wdi_route route;
	struct wdi_msg msg = {
		.op = WDI_OP_DIGEST,
		.src = key,
		.src_len = len,
		.dst = out,
		.dst_len = PRF_KEY,
		.sym = { .first = true, .last = true },
	};
	int ret;

	if (!wdi_class_routes(s->sym.base.class, s->sym.base.epoch, &route, 1))
		return -WD_EINVAL;
	ret = wdi_keyring_set(&ring, &s->sym.base, &(struct wdi_key_setup){
		.alg = s->sym.row->device, .key = zeroes, .len = sizeof(zeroes) });
	if (ret)
		return ret;
	ret = wdi_key_open(ring.keys, &s->sym.base, &route, &msg.object);
	if (!ret)
		ret = wdi_core_run(route.q, &msg, false);
	if (!ret)
		ret = wdi_sym_outcome(&msg).ret;
	wdi_keyring_close(&ring, &route);
	wdi_keyring_destroy(&ring);
	return ret;
}

static int set_prf_key(struct digest_sess *s, const uint8_t *key, uint32_t len)
{
	uint8_t fixed[PRF_KEY] = { 0 };
	int ret = 0;

	if (len > PRF_KEY)
		ret = prf_of_long_key(s, key, len, fixed);
	else
		memcpy(fixed, key, len);
	if (!ret)
		ret = wdi_keyring_set(&s->sym.keys, &s->sym.base, &(struct wdi_key_setup){
			.alg = s->sym.row->device, .key = fixed, .len = sizeof(fixed) });
	explicit_bzero(fixed, sizeof(fixed));
	return ret;
}

int wd_digest_set_key(handle_t h_sess, const __u8 *key, __u32 key_len)
{
	struct wdi_sess *sess = wdi_sess_get(&digest_class, h_sess);
	struct digest_sess *s;
	int ret = -WD_EINVAL;

	if (!sess)
		return ret;
	s = to_digest(sess);
	if (!s->sym.row->key_max)
		ret = key ? 0 : -WD_EINVAL;
	else if (!wdi_sym_key_fits(&s->sym, key, key_len))
		ret = -WD_EINVAL;
	else if (s->sym.row->alg == WD_DIGEST_AES_XCBC_PRF_128 && key_len != PRF_KEY)
		ret = set_prf_key(s, key, key_len);
	else
		ret = wdi_keyring_set(&s->sym.keys, sess, &(struct wdi_key_setup){
			.alg = s->sym.row->device, .key = key, .len = key_len });
	wdi_sess_put(sess);
	return ret;
}

/* ---- requests ------------------------------------------------------------ */

static const char *wrong_lengths(const struct wdi_alg_row *row, const struct wd_digest_req *req)
{
	if (!digest_is_last(req) && row->state && req->out_bytes != row->state)
		return "out_bytes of a piece that others follow is not the length of the chaining state";
	if (digest_is_last(req) && (!req->out_bytes || req->out_bytes > row->out))
		return "out_bytes is 0 or more than the algorithm has";
	if ((digest_is_last(req) || row->state) && req->out_buf_bytes < req->out_bytes)
		return "out_buf_bytes is less than out_bytes";
	if (digest_is_resumed(req) && (!row->state || req->out_buf_bytes < row->state))
		return row->state ? "out_buf_bytes is less than the chaining state"
				  : "the algorithm has no chaining state to begin with";
	if (digest_is_resumed(req) && (!req->long_data_len || req->long_data_len % row->unit))
		return "long_data_len is 0 or no multiple of the block";
	return NULL;
}

static const char *wrong_iv(const struct wd_digest_req *req)
{
	uint8_t counter[DIGEST_GMAC_IV_COUNTER - DIGEST_GMAC_IV];

	if (req->has_next != WD_DIGEST_END)
		return "AES-GMAC takes whole messages only";
	if (!req->iv)
		return "AES-GMAC needs an IV, and iv is NULL";
	if (req->iv_bytes == DIGEST_GMAC_IV)
		return NULL;
	if (req->iv_bytes != DIGEST_GMAC_IV_COUNTER)
		return "iv_bytes of AES-GMAC is neither 12 nor 16";
	if (wdi_core_copy_in(counter, req->iv + DIGEST_GMAC_IV, sizeof(counter)))
		return "the counter behind the IV cannot be read";
	return counter[0] | counter[1] | counter[2] | counter[3] >> 1
		? "an IV of 16 bytes ends with a counter other than 0 or 1" : NULL;
}

static const char *what_is_wrong(const struct wdi_alg_row *row, const struct wd_digest_req *req,
				 bool async)
{
	const char *wrong;

	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if (req->has_next >= WD_DIGEST_MSG_STATE_MAX)
		return "has_next does not exist";
	if (req->data_fmt > WD_SGL_BUF)
		return "data_fmt does not exist";
	if (!req->in && req->in_bytes)
		return "in is NULL";
	if (!req->out && (row->state || digest_is_last(req)))
		return "out is NULL";
	wrong = wrong_lengths(row, req);
	if (!wrong && row->alg == WD_DIGEST_AES_GMAC)
		wrong = wrong_iv(req);
	return wrong;
}

/* The session and its key, both held, or NULL when anything is wrong (logged). */
static struct digest_sess *checked(handle_t h_sess, const struct wd_digest_req *req, bool async,
				   struct wdi_key **key)
{
	struct wdi_sess *sess = wdi_sess_get(&digest_class, h_sess);
	struct digest_sess *s;
	const char *wrong;

	if (wdi_unlikely(!sess))
		return NULL;
	s = to_digest(sess);
	wrong = req ? what_is_wrong(s->sym.row, req, async) : "the request is NULL";
	*key = wrong ? NULL : wdi_keyring_hold(&s->sym.keys);
	if (wdi_unlikely(!*key)) {
		wdi_err("digest: %s: %s", s->sym.row->name,
			wrong ? wrong : "the session has no key");
		wdi_sess_put(sess);
		return NULL;
	}
	return s;
}

static bool is_piece(const struct digest_sess *s, const struct wd_digest_req *req)
{
	return req->has_next != WD_DIGEST_END || __atomic_load_n(&s->begun, __ATOMIC_ACQUIRE);
}

static int run_whole(struct digest_sess *s, struct wd_digest_req *req, struct wdi_key *key)
{
	struct wdi_msg msg;
	int ret;

	wdi_msg_clear(&msg);
	fill_whole(s, req, &msg);
	ret = wdi_key_run(&s->sym.base, key, &msg, true);
	return ret ? ret : finish_req(req, wdi_sym_outcome(&msg));
}

static int run_piece(struct digest_sess *s, struct wd_digest_req *req, struct wdi_key **key)
{
	struct wdi_msg msg;
	int ret = wdi_digest_piece_begin(s, req, key);

	if (ret)
		return ret;
	wdi_msg_clear(&msg);
	wdi_digest_piece_fill(s, req, &msg);
	if (msg.op != WDI_OP_NOOP)
		ret = wdi_key_run(&s->sym.base, *key, &msg, true);
	if (ret) {
		wdi_digest_piece_undo(s);
		return ret;
	}
	return finish_req(req, wdi_digest_piece_end(s, req, &msg));
}

int wd_do_digest_sync(handle_t h_sess, struct wd_digest_req *req)
{
	struct wdi_key *key;
	struct digest_sess *s = checked(h_sess, req, false, &key);
	int ret;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	ret = is_piece(s, req) ? run_piece(s, req, &key) : run_whole(s, req, key);
	wdi_key_release(key);
	wdi_sess_put(&s->sym.base);
	return ret;
}

int wd_do_digest_async(handle_t h_sess, struct wd_digest_req *req)
{
	struct wdi_key *key;
	struct digest_sess *s = checked(h_sess, req, true, &key);
	struct wd_digest_req copy;
	bool piece;
	int ret = 0;

	if (wdi_unlikely(!s))
		return -WD_EINVAL;
	copy = *req;
	piece = is_piece(s, req);
	copy.state = piece ? STATE_PIECE : 0;
	if (piece)
		ret = wdi_digest_piece_begin(s, req, &key);
	if (!ret) {
		ret = wdi_key_send(&s->sym.base, key, &copy);
		if (ret && piece)
			wdi_digest_piece_undo(s);
	}
	/* A request in flight keeps both holds. */
	if (wdi_unlikely(ret)) {
		wdi_key_release(key);
		wdi_sess_put(&s->sym.base);
	}
	return ret;
}
