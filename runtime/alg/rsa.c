/* SPDX-License-Identifier: MIT */
/* RSA: what libwd_crypto adds to the class lifecycle for it. */
#include "uadk/wd_rsa.h"

#include <errno.h>
#include <string.h>

#include "alg/pk.h"
#include "util/bits.h"
#include "util/log.h"

/* ---- keys and objects ------------------------------------------------------- */

/* Numbers in memory of their own, one behind the other, each with its room. */
#define RSA_NUMS	5

struct rsa_numbers {
	size_t size;			/* of all this */
	uint32_t key_size;
	bool crt;
	uint32_t count;
	struct wd_dtb num[RSA_NUMS];
	char data[];
};

/* In the order of the numbers. */
enum { PUB_E, PUB_N, PUB_COUNT };
enum { PRI_D, PRI_N, PRI_COUNT };
enum { CRT_DQ, CRT_DP, CRT_QINV, CRT_Q, CRT_P, CRT_COUNT };
enum { KG_E, KG_P, KG_Q, KG_COUNT };
enum { OUT_D, OUT_N, OUT_COUNT, OUT_QINV = OUT_COUNT, OUT_DQ, OUT_DP, OUT_CRT_COUNT };

struct wd_rsa_pubkey {
	struct rsa_numbers n;
};

struct wd_rsa_prikey {
	struct rsa_numbers n;
};

struct wd_rsa_kg_in {
	struct rsa_numbers n;
};

struct wd_rsa_kg_out {
	struct rsa_numbers n;
};

struct rsa_sess {
	struct wdi_pk_sess pk;
	bool crt;
	struct wd_rsa_pubkey *pub;
	struct wd_rsa_prikey *pri;
};

/* @full: that many of the @count numbers have key_size bytes, the rest half of it. */
static void *numbers_new(uint32_t key_size, bool crt, uint32_t count, uint32_t full)
{
	size_t data = (size_t)full * key_size + (size_t)(count - full) * CRT_PARAM_SZ(key_size);
	struct rsa_numbers *n = wdi_pk_mem_alloc(sizeof(*n) + data);
	char *at = n ? n->data : NULL;

	if (!n)
		return NULL;
	n->size = sizeof(*n) + data;
	n->key_size = key_size;
	n->crt = crt;
	n->count = count;
	for (uint32_t i = 0; i < count; i++) {
		n->num[i].data = at;
		n->num[i].bsize = i < full ? key_size : CRT_PARAM_SZ(key_size);
		at += n->num[i].bsize;
	}
	return n;
}

static void numbers_free(struct rsa_numbers *n)
{
	if (n)
		wdi_pk_mem_free(n, n->size);
}

static void number_set(struct wd_dtb *to, const struct wd_dtb *from)
{
	memset(to->data, 0, to->bsize);
	memcpy(to->data, from->data, from->dsize);
	to->dsize = from->dsize;
}

/* All or none. */
static int numbers_set(struct rsa_numbers *n, struct wd_dtb *const *from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!wdi_pk_dtb_fits(from[i], n->num[i].bsize)) {
			wdi_err("rsa: number %u is missing, empty, or more than %u bytes", i,
				n->num[i].bsize);
			return -WD_EINVAL;
		}
	}
	for (uint32_t i = 0; i < count; i++)
		number_set(&n->num[i], from[i]);
	return 0;
}

static bool numbers_are_set(const struct rsa_numbers *n)
{
	for (uint32_t i = 0; i < n->count; i++) {
		if (!n->num[i].dsize || n->num[i].dsize > n->num[i].bsize)
			return false;
	}
	return true;
}

static bool same_number(const struct wd_dtb *a, const struct wd_dtb *b)
{
	return a->dsize == b->dsize && !memcmp(a->data, b->data, a->dsize);
}

/* ---- messages ---------------------------------------------------------------- */

static struct rsa_sess *to_rsa(struct wdi_sess *sess)
{
	return wdi_container_of(sess, struct rsa_sess, pk.base);
}

static const uint8_t private_ops[] = { WDI_PK_RSA_PRIVATE, WDI_PK_RSA_PRIVATE_CRT };
static const uint8_t keygen_ops[] = { WDI_PK_RSA_KEYGEN, WDI_PK_RSA_KEYGEN_CRT };

static void add_numbers(struct wdi_msg *msg, const struct rsa_numbers *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		wdi_pk_add_dtb(msg, &n->num[i]);
}

/* Without CRT, the public exponent for blinding, if it is known. */
static void add_exponent(struct wdi_msg *msg, const struct rsa_sess *s)
{
	const struct rsa_numbers *pub = &s->pub->n;
	bool known = numbers_are_set(pub) &&
		     same_number(&pub->num[PUB_N], &s->pri->n.num[PRI_N]);

	wdi_pk_add(msg, pub->num[PUB_E].data, known ? pub->num[PUB_E].dsize : 0);
}

static void rsa_fill(struct wdi_sess *sess, const void *request, struct wdi_msg *msg)
{
	const struct wd_rsa_req *req = request;
	const struct rsa_sess *s = to_rsa(sess);

	if (req->op_type == WD_RSA_GENKEY) {
		const struct rsa_numbers *out = &((struct wd_rsa_kg_out *)req->dst)->n;

		wdi_pk_begin(msg, keygen_ops[s->crt]);
		add_numbers(msg, &((struct wd_rsa_kg_in *)req->src)->n);
		for (uint32_t i = 0; i < out->count; i++)
			wdi_pk_add_room(msg, &out->num[i]);
		return;
	}
	wdi_pk_begin(msg, req->op_type == WD_RSA_VERIFY ? WDI_PK_RSA_PUBLIC : private_ops[s->crt]);
	wdi_pk_add(msg, req->src, req->src_bytes);
	add_numbers(msg, req->op_type == WD_RSA_VERIFY ? &s->pub->n : &s->pri->n);
	if (req->op_type == WD_RSA_SIGN && !s->crt)
		add_exponent(msg, s);
	wdi_pk_add_result(msg, req->dst, req->dst_bytes);
}

static int rsa_end(void *request, const struct wdi_msg *msg)
{
	struct wd_rsa_req *req = request;

	req->status = wdi_pk_status(msg);
	if (!req->status && req->op_type == WD_RSA_GENKEY) {
		struct rsa_numbers *out = &((struct wd_rsa_kg_out *)req->dst)->n;

		req->dst_bytes = 0;
		for (uint32_t i = 0; i < out->count; i++) {
			out->num[i].dsize = wdi_pk_used(msg, KG_COUNT + i);
			req->dst_bytes += out->num[i].bsize;
		}
	}
	return -req->status;
}

static const struct wdi_pk_calls rsa_calls;

static void rsa_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_rsa_req *req = (struct wd_rsa_req *)msg->req;

	(void)sess;
	wdi_pk_end_async(&rsa_calls, msg);
	req->cb(req);
}
_Static_assert(sizeof(struct wd_rsa_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

/* ---- the class ---------------------------------------------------------------- */

static const char *const op_names[] = { "rsa", NULL };

static const char *rsa_device_alg(const char *alg)
{
	return strcmp(alg, "rsa") ? NULL : "rsa";
}

static bool rsa_ctx_fits(const struct wdi_ctx *ctx)
{
	return wdi_pk_ctx_fits(ctx, WDI_ALG_RSA);
}

static void rsa_destroy(struct wdi_sess *sess)
{
	struct rsa_sess *s = to_rsa(sess);

	numbers_free((struct rsa_numbers *)s->pub);
	numbers_free((struct rsa_numbers *)s->pri);
	wdi_pk_destroy(&s->pk);
}

static const struct wdi_class_ops rsa_ops = {
	.name = "rsa",
	.op_names = op_names,
	.op_types = 1,
	.req_size = sizeof(struct wd_rsa_req),
	.sess_size = sizeof(struct rsa_sess),
	.env_offset = offsetof(struct wdi_env, rsa),
	.device_alg = rsa_device_alg,
	.ctx_fits = rsa_ctx_fits,
	.fill = rsa_fill,
	.finish = rsa_finish,
	.drop = wdi_key_drop,
	.close_objects = wdi_pk_close_objects,
	.destroy = rsa_destroy,
	.poll_ctx = wd_rsa_poll_ctx,
};

static struct wdi_class rsa_class = WDI_CLASS_INIT(&rsa_ops);

WDI_CLASS_API(rsa, rsa_class)

static struct rsa_sess *rsa_get(handle_t handle)
{
	struct wdi_sess *sess = wdi_sess_get(&rsa_class, handle);

	return sess ? to_rsa(sess) : NULL;
}

static void rsa_put(struct rsa_sess *s)
{
	wdi_sess_put(&s->pk.base);
}

/* ---- sessions ------------------------------------------------------------------ */

handle_t wd_rsa_alloc_sess(struct wd_rsa_sess_setup *setup)
{
	uint32_t bits = setup ? setup->key_bits : 0;
	struct rsa_sess *s;

	if (bits != 1024 && bits != 2048 && bits != 3072 && bits != 4096) {
		wdi_err("rsa: session with no setup, or %u bits: not 1024, 2048, 3072 or 4096", bits);
		errno = EINVAL;
		return 0;
	}
	s = (struct rsa_sess *)wdi_pk_alloc(&rsa_class, WDI_ALG_RSA, bits, NULL,
					    setup->sched_param, false);
	if (!s)
		return 0;
	s->crt = setup->is_crt;
	s->pub = numbers_new(s->pk.key_size, false, PUB_COUNT, PUB_COUNT);
	s->pri = s->crt ? numbers_new(s->pk.key_size, true, CRT_COUNT, 0) :
			  numbers_new(s->pk.key_size, false, PRI_COUNT, PRI_COUNT);
	if (!s->pub || !s->pri) {
		wdi_sess_free(&rsa_class, s->pk.base.handle);
		errno = ENOMEM;
		return 0;
	}
	errno = 0;
	return s->pk.base.handle;
}

void wd_rsa_free_sess(handle_t sess)
{
	wdi_sess_free(&rsa_class, sess);
}

bool wd_rsa_is_crt(handle_t sess)
{
	struct rsa_sess *s = rsa_get(sess);
	bool crt = s && s->crt;

	if (s)
		rsa_put(s);
	return crt;
}

__u32 wd_rsa_get_key_bits(handle_t sess)
{
	struct rsa_sess *s = rsa_get(sess);
	__u32 bits = s ? s->pk.key_size * 8 : 0;

	if (s)
		rsa_put(s);
	return bits;
}

/* ---- keys ------------------------------------------------------------------------ */

int wd_rsa_set_pubkey_params(handle_t sess, struct wd_dtb *e, struct wd_dtb *n)
{
	struct wd_dtb *const from[] = { e, n };
	struct rsa_sess *s = rsa_get(sess);
	int ret;

	if (!s)
		return -WD_EINVAL;
	ret = numbers_set(&s->pub->n, from, PUB_COUNT);
	rsa_put(s);
	return ret;
}

static int set_private(handle_t sess, bool crt, struct wd_dtb *const *from, uint32_t count)
{
	struct rsa_sess *s = rsa_get(sess);
	int ret = -WD_EINVAL;

	if (!s)
		return ret;
	if (s->crt == crt)
		ret = numbers_set(&s->pri->n, from, count);
	else
		wdi_err("rsa: a key %s CRT for a session %s", crt ? "with" : "without",
			s->crt ? "with" : "without");
	rsa_put(s);
	return ret;
}

int wd_rsa_set_prikey_params(handle_t sess, struct wd_dtb *d, struct wd_dtb *n)
{
	return set_private(sess, false, (struct wd_dtb *const[]){ d, n }, PRI_COUNT);
}

int wd_rsa_set_crt_prikey_params(handle_t sess, struct wd_dtb *dq, struct wd_dtb *dp,
				 struct wd_dtb *qinv, struct wd_dtb *q, struct wd_dtb *p)
{
	return set_private(sess, true, (struct wd_dtb *const[]){ dq, dp, qinv, q, p }, CRT_COUNT);
}

void wd_rsa_get_pubkey(handle_t sess, struct wd_rsa_pubkey **pubkey)
{
	struct rsa_sess *s = rsa_get(sess);

	if (!s)
		return;
	if (pubkey)
		*pubkey = s->pub;
	rsa_put(s);
}

void wd_rsa_get_prikey(handle_t sess, struct wd_rsa_prikey **prikey)
{
	struct rsa_sess *s = rsa_get(sess);

	if (!s)
		return;
	if (prikey)
		*prikey = s->pri;
	rsa_put(s);
}

/* Where a number is, for who asked. */
static void show(struct wd_dtb **to, struct wd_dtb *num)
{
	if (to)
		*to = num;
}

void wd_rsa_get_pubkey_params(struct wd_rsa_pubkey *pbk, struct wd_dtb **e, struct wd_dtb **n)
{
	if (!pbk)
		return;
	show(e, &pbk->n.num[PUB_E]);
	show(n, &pbk->n.num[PUB_N]);
}

void wd_rsa_get_prikey_params(struct wd_rsa_prikey *pvk, struct wd_dtb **d, struct wd_dtb **n)
{
	if (!pvk || pvk->n.crt)
		return;
	show(d, &pvk->n.num[PRI_D]);
	show(n, &pvk->n.num[PRI_N]);
}

void wd_rsa_get_crt_prikey_params(struct wd_rsa_prikey *pvk, struct wd_dtb **dq,
				  struct wd_dtb **dp, struct wd_dtb **qinv, struct wd_dtb **q,
				  struct wd_dtb **p)
{
	if (!pvk || !pvk->n.crt)
		return;
	show(dq, &pvk->n.num[CRT_DQ]);
	show(dp, &pvk->n.num[CRT_DP]);
	show(qinv, &pvk->n.num[CRT_QINV]);
	show(q, &pvk->n.num[CRT_Q]);
	show(p, &pvk->n.num[CRT_P]);
}

/* ---- objects of key generation ------------------------------------------------------ */

struct wd_rsa_kg_in *wd_rsa_new_kg_in(handle_t sess, struct wd_dtb *e, struct wd_dtb *p,
				      struct wd_dtb *q)
{
	struct wd_dtb *const from[] = { e, p, q };
	struct rsa_sess *s = rsa_get(sess);
	struct wd_rsa_kg_in *in;

	if (!s)
		return NULL;
	in = numbers_new(s->pk.key_size, s->crt, KG_COUNT, 1);
	if (in && numbers_set(&in->n, from, KG_COUNT)) {
		numbers_free(&in->n);
		in = NULL;
	}
	rsa_put(s);
	return in;
}

void wd_rsa_del_kg_in(handle_t sess, struct wd_rsa_kg_in *ki)
{
	(void)sess;
	numbers_free((struct rsa_numbers *)ki);
}

void wd_rsa_get_kg_in_params(struct wd_rsa_kg_in *kin, struct wd_dtb *e, struct wd_dtb *q,
			     struct wd_dtb *p)
{
	if (!kin || !e || !q || !p)
		return;
	*e = kin->n.num[KG_E];
	*q = kin->n.num[KG_Q];
	*p = kin->n.num[KG_P];
}

static int data_of(struct rsa_numbers *n, char **data)
{
	if (!n || !data)
		return -WD_EINVAL;
	*data = n->data;
	return (int)(n->size - sizeof(*n));
}

int wd_rsa_kg_in_data(struct wd_rsa_kg_in *ki, char **data)
{
	return data_of((struct rsa_numbers *)ki, data);
}

struct wd_rsa_kg_out *wd_rsa_new_kg_out(handle_t sess)
{
	struct rsa_sess *s = rsa_get(sess);
	struct wd_rsa_kg_out *out;

	if (!s)
		return NULL;
	out = numbers_new(s->pk.key_size, s->crt, s->crt ? OUT_CRT_COUNT : OUT_COUNT, OUT_COUNT);
	rsa_put(s);
	return out;
}

void wd_rsa_del_kg_out(handle_t sess, struct wd_rsa_kg_out *kout)
{
	(void)sess;
	numbers_free((struct rsa_numbers *)kout);
}

void wd_rsa_get_kg_out_params(struct wd_rsa_kg_out *kout, struct wd_dtb *d, struct wd_dtb *n)
{
	if (kout && d)
		*d = kout->n.num[OUT_D];
	if (kout && n)
		*n = kout->n.num[OUT_N];
}

void wd_rsa_get_kg_out_crt_params(struct wd_rsa_kg_out *kout, struct wd_dtb *qinv,
				  struct wd_dtb *dq, struct wd_dtb *dp)
{
	if (!kout || !kout->n.crt || !qinv || !dq || !dp)
		return;
	*qinv = kout->n.num[OUT_QINV];
	*dq = kout->n.num[OUT_DQ];
	*dp = kout->n.num[OUT_DP];
}

int wd_rsa_kg_out_data(struct wd_rsa_kg_out *ko, char **data)
{
	return data_of((struct rsa_numbers *)ko, data);
}

static void set_size(struct wd_dtb *num, size_t size)
{
	num->dsize = (__u32)wdi_min(size, (size_t)num->bsize);
}

void wd_rsa_set_kg_out_crt_psz(struct wd_rsa_kg_out *kout, size_t qinv_sz, size_t dq_sz,
			       size_t dp_sz)
{
	if (!kout || !kout->n.crt)
		return;
	set_size(&kout->n.num[OUT_QINV], qinv_sz);
	set_size(&kout->n.num[OUT_DQ], dq_sz);
	set_size(&kout->n.num[OUT_DP], dp_sz);
}

void wd_rsa_set_kg_out_psz(struct wd_rsa_kg_out *kout, size_t d_sz, size_t n_sz)
{
	if (!kout)
		return;
	set_size(&kout->n.num[OUT_D], d_sz);
	set_size(&kout->n.num[OUT_N], n_sz);
}

/* ---- requests ------------------------------------------------------------------------ */

static const char *keygen_wrong(const struct rsa_sess *s, const struct wd_rsa_req *req)
{
	const struct rsa_numbers *in = req->src, *out = req->dst;

	if (in->key_size != s->pk.key_size || in->count != KG_COUNT || !numbers_are_set(in))
		return "src is not a key generation's input of such a session";
	if (out->key_size != s->pk.key_size || out->crt != s->crt ||
	    out->count != (s->crt ? OUT_CRT_COUNT : OUT_COUNT))
		return "dst is not a key generation's output of such a session";
	return NULL;
}

static const char *what_is_wrong(const struct wdi_pk_sess *sess, const void *request, bool async)
{
	const struct rsa_sess *s = wdi_container_of(sess, const struct rsa_sess, pk);
	const struct wd_rsa_req *req = request;

	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if (req->op_type == WD_RSA_INVALID || req->op_type > WD_RSA_GENKEY)
		return "op_type does not exist";
	if (req->data_fmt != WD_FLAT_BUF)
		return "data_fmt is not WD_FLAT_BUF";
	if (!req->src || !req->dst)
		return "src or dst is NULL";
	if (req->op_type == WD_RSA_GENKEY)
		return keygen_wrong(s, req);
	if (req->src_bytes != s->pk.key_size || req->dst_bytes != s->pk.key_size)
		return "src_bytes or dst_bytes is not the size of the key";
	if (req->op_type == WD_RSA_VERIFY && !numbers_are_set(&s->pub->n))
		return "the session has no public key";
	if (req->op_type == WD_RSA_SIGN && !numbers_are_set(&s->pri->n))
		return "the session has no private key";
	return NULL;
}

static const struct wdi_pk_calls rsa_calls = {
	.class = &rsa_class,
	.wrong = what_is_wrong,
	.finish = rsa_end,
};

int wd_do_rsa_sync(handle_t sess, struct wd_rsa_req *req)
{
	return wdi_pk_do_sync(&rsa_calls, sess, req);
}

int wd_do_rsa_async(handle_t sess, struct wd_rsa_req *req)
{
	return wdi_pk_do_async(&rsa_calls, sess, req);
}
