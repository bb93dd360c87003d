/* SPDX-License-Identifier: MIT */
/* Diffie-Hellman: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_dh.h"

#include <errno.h>
#include <string.h>

#include "alg/pk.h"
#include "util/bits.h"
#include "util/log.h"

#define DH_BYTES_MAX	512

struct dh_sess {
	struct wdi_pk_sess pk;
	bool is_g2;
	struct wd_dtb g;
	char g_data[DH_BYTES_MAX];
};

static struct dh_sess *to_dh(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct dh_sess, pk.base);
}

/* ---- messages ---------------------------------------------------------------- */

enum { NUM_P, NUM_G, NUM_X, NUM_RESULT };

static void dh_fill(struct wdi_sess *sess, const void *request, struct wdi_msg *msg)
{
	const struct wd_dh_req *req = request;
	const struct dh_sess *s = to_dh(sess);

	wdi_pk_begin(msg, WDI_PK_DH_POWER);
	wdi_pk_add(msg, (char *)req->x_p + s->pk.key_size, req->pbytes);
	if (req->op_type == WD_DH_PHASE1)
		wdi_pk_add_dtb(msg, &s->g);
	else
		wdi_pk_add(msg, req->pv, req->pvbytes);
	wdi_pk_add(msg, req->x_p, req->xbytes);
	wdi_pk_add_result(msg, req->pri, s->pk.key_size);
}

static int dh_end(void *request, const struct wdi_msg *msg)
{
	struct wd_dh_req *req = request;

	req->status = wdi_pk_status(msg);
	if (!req->status)
		req->pri_bytes = (__u16)wdi_pk_used(msg, NUM_RESULT);
	return -req->status;
}

static const struct wdi_pk_calls dh_calls;

static void dh_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_dh_req *req = (struct wd_dh_req *)msg->req;

	(void)sess;
	wdi_pk_end_async(&dh_calls, msg);
	req->cb(req);
}
_Static_assert(sizeof(struct wd_dh_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

/* ---- the class ---------------------------------------------------------------- */

static const char *const op_names[] = { "dh", NULL };

static const char *dh_device_alg(const char *alg)
{
	return strcmp(alg, "dh") ? NULL : "dh";
}

static bool dh_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_pk_ctx_fits(ctx, WDI_ALG_DH);
}

static void dh_destroy(struct wdi_sess *sess)
{
	wdi_pk_destroy(&to_dh(sess)->pk);
}

static const struct wdi_class_ops dh_ops = {
	.name = "dh",
	.op_names = op_names,
	.op_types = 1,
	.req_size = sizeof(struct wd_dh_req),
	.sess_size = sizeof(struct dh_sess),
	.env_offset = offsetof(struct wdi_env, dh),
	.device_alg = dh_device_alg,
	.ctx_fits = dh_ctx_fits,
	.fill = dh_fill,
	.finish = dh_finish,
	.drop = wdi_key_drop,
	.close_objects = wdi_pk_close_objects,
	.destroy = dh_destroy,
	.poll_ctx = wd_dh_poll_ctx,
};

static struct wdi_class dh_class = WDI_CLASS_INIT(&dh_ops);

WDI_CLASS_API(dh, dh_class)

static struct dh_sess *dh_get(handle_t handle)
{
	struct wdi_sess *sess = wdi_sess_get(&dh_class, handle);

	return sess ? to_dh(sess) : NULL;
}

static void dh_put(struct dh_sess *s)
{
	wdi_sess_put(&s->pk.base);
}

/* ---- sessions ------------------------------------------------------------------ */

static bool size_exists(uint32_t bits)
{
	return bits == 768 || bits == 1024 || bits == 1536 || bits == 2048 || bits == 3072 ||
	       bits == 4096;
}

handle_t wd_dh_alloc_sess(struct wd_dh_sess_setup *setup)
{
	uint32_t bits = setup ? setup->key_bits : 0;
	struct dh_sess *s;

	if (!size_exists(bits)) {
		wdi_err("dh: session with no setup, or %u bits: not 768, 1024, 1536, 2048, 3072 or 4096",
			bits);
		errno = EINVAL;
		return 0;
	}
	s = (struct dh_sess *)wdi_pk_alloc(&dh_class, WDI_ALG_DH, bits, NULL, setup->sched_param,
					   false);
	if (!s)
		return 0;
	s->is_g2 = setup->is_g2;
	s->g.data = s->g_data;
	s->g.bsize = s->pk.key_size;
	if (s->is_g2) {
		s->g_data[0] = 2;
		s->g.dsize = 1;
	}
	errno = 0;
	return s->pk.base.handle;
}

void wd_dh_free_sess(handle_t sess)
{
	wdi_sess_free(&dh_class, sess);
}

int wd_dh_get_mode(handle_t sess, __u8 *alg_mode)
{
	struct dh_sess *s = alg_mode ? dh_get(sess) : NULL;

	if (!s)
		return -WD_EINVAL;
	*alg_mode = s->is_g2;
	dh_put(s);
	return 0;
}

__u32 wd_dh_key_bits(handle_t sess)
{
	struct dh_sess *s = dh_get(sess);
	__u32 bits = s ? s->pk.key_size * 8 : 0;

	if (s)
		dh_put(s);
	return bits;
}

static bool is_two(const struct wd_dtb *g)
{
	for (__u32 i = 0; i + 1 < g->dsize; i++) {
		if (g->data[i])
			return false;
	}
	return g->data[g->dsize - 1] == 2;
}

int wd_dh_set_g(handle_t sess, struct wd_dtb *g)
{
	struct dh_sess *s = dh_get(sess);
	int ret = -WD_EINVAL;

	if (!s)
		return ret;
	if (!wdi_pk_dtb_fits(g, s->g.bsize)) {
		wdi_err("dh: g is missing, empty, or more than %u bytes", s->g.bsize);
	} else if (s->is_g2 && !is_two(g)) {
		wdi_err("dh: the session was made for g = 2 only");
	} else {
		memset(s->g_data, 0, sizeof(s->g_data));
		memcpy(s->g_data, g->data, g->dsize);
		s->g.dsize = g->dsize;
		ret = 0;
	}
	dh_put(s);
	return ret;
}

void wd_dh_get_g(handle_t sess, struct wd_dtb **g)
{
	struct dh_sess *s = g ? dh_get(sess) : NULL;

	if (!s)
		return;
	*g = &s->g;
	dh_put(s);
}

/* ---- requests ------------------------------------------------------------------------ */

static bool length_fits(uint32_t len, const struct dh_sess *s)
{
	return len && len <= s->pk.key_size;
}

static const char *what_is_wrong(const struct wdi_pk_sess *sess, const void *request, bool async)
{
	const struct dh_sess *s = wdi_container_of(sess, const struct dh_sess, pk);
	const struct wd_dh_req *req = request;

	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if (req->op_type != WD_DH_PHASE1 && req->op_type != WD_DH_PHASE2)
		return "op_type does not exist";
	if (req->data_fmt != WD_FLAT_BUF)
		return "data_fmt is not WD_FLAT_BUF";
	if (!req->x_p || !req->pri)
		return "x_p or pri is NULL";
	if (!length_fits(req->xbytes, s) || !length_fits(req->pbytes, s))
		return "xbytes or pbytes is 0 or more than the size of the key";
	if (req->pri_bytes < s->pk.key_size)
		return "pri_bytes is less than the size of the key";
	if (req->op_type == WD_DH_PHASE1)
		return length_fits(s->g.dsize, s) ? NULL : "the session has no g";
	if (!req->pv)
		return "pv is NULL";
	return length_fits(req->pvbytes, s) ? NULL :
	       "pvbytes is 0 or more than the size of the key";
}

static const struct wdi_pk_calls dh_calls = {
	.class = &dh_class,
	.wrong = what_is_wrong,
	.finish = dh_end,
};

int wd_do_dh_sync(handle_t sess, struct wd_dh_req *req)
{
	return wdi_pk_do_sync(&dh_calls, sess, req);
}

int wd_do_dh_async(handle_t sess, struct wd_dh_req *req)
{
	return wdi_pk_do_async(&dh_calls, sess, req);
}
