/* SPDX-License-Identifier: MIT */
/* Elliptic curves: what libwd_crypto adds to the class lifecycle for them. */
#include "alg/ecc.h"

#include <errno.h>
#include <string.h>

#include "util/bits.h"
#include "util/log.h"

/* ---- facts ------------------------------------------------------------------ */

static const struct ecc_alg {
	const char *name;
	uint8_t alg;		/* of the device */
	uint8_t curve;		/* the only one that it has, or 0 */
} algs[] = {
	{ "ecdh", WDI_ALG_ECDH, 0 },
	{ "ecdsa", WDI_ALG_ECDSA, 0 },
	{ "sm2", WDI_ALG_SM2, CURVE_SM2 },
	{ "x25519", WDI_ALG_X25519, CURVE_X25519 },
	{ "x448", WDI_ALG_X448, CURVE_X448 },
};

static const struct ecc_alg *alg_by_name(const char *name)
{
	for (size_t i = 0; i < wdi_array_size(algs); i++) {
		if (!strcmp(algs[i].name, name))
			return &algs[i];
	}
	return NULL;
}

/* Which half of the key comes first among the operands. */
enum half { HALF_NONE, HALF_PRIVATE, HALF_PUBLIC };

/*
 * By enum wd_ecc_op_type: the device's operation, for X25519 and X448 another one or
 * none; the half of the key; the objects, and how many numbers of the input it takes.
 */
static const struct ecc_op {
	uint8_t op;
	uint8_t montgomery;
	uint8_t half;
	uint8_t in;
	uint8_t in_count;
	uint8_t out;
	bool sm2;
} ops[] = {
	[WD_ECXDH_GEN_KEY] = {
		WDI_PK_EC_PUBLIC, WDI_PK_ECX_PUBLIC, HALF_PRIVATE, ECC_NONE, 0, ECC_OUT_XDH, false
	},
	[WD_ECXDH_COMPUTE_KEY] = {
		WDI_PK_EC_DERIVE, WDI_PK_ECX_DERIVE, HALF_PRIVATE, ECC_IN_XDH, 2, ECC_OUT_XDH, false
	},
	[WD_ECDSA_SIGN] = {
		WDI_PK_ECDSA_SIGN, 0, HALF_PRIVATE, ECC_IN_SIGN, 2, ECC_OUT_SIGN, false
	},
	[WD_ECDSA_VERIFY] = {
		WDI_PK_ECDSA_VERIFY, 0, HALF_PUBLIC, ECC_IN_VERF, 3, ECC_NONE, false
	},
	[WD_SM2_SIGN] = { WDI_PK_SM2_SIGN, 0, HALF_PRIVATE, ECC_IN_SIGN, 4, ECC_OUT_SIGN, true },
	[WD_SM2_VERIFY] = { WDI_PK_SM2_VERIFY, 0, HALF_PUBLIC, ECC_IN_VERF, 5, ECC_NONE, true },
	[WD_SM2_ENCRYPT] = { WDI_PK_SM2_ENCRYPT, 0, HALF_PUBLIC, ECC_IN_ENC, 2, ECC_OUT_ENC, true },
	[WD_SM2_DECRYPT] = {
		WDI_PK_SM2_DECRYPT, 0, HALF_PRIVATE, ECC_IN_DEC, 4, ECC_OUT_DEC, true
	},
	[WD_SM2_KG] = { WDI_PK_SM2_KEYGEN, 0, HALF_NONE, ECC_NONE, 0, ECC_OUT_KG, true },
};
_Static_assert(wdi_array_size(ops) == WD_EC_OP_MAX, "an operation without a row");

/* By enum wd_ecc_hash_type. */
static const uint8_t hashes[] = {
	[WD_HASH_SM3] = WDI_PK_HASH_SM3,
	[WD_HASH_SHA1] = WDI_PK_HASH_SHA1,
	[WD_HASH_SHA224] = WDI_PK_HASH_SHA224,
	[WD_HASH_SHA256] = WDI_PK_HASH_SHA256,
	[WD_HASH_SHA384] = WDI_PK_HASH_SHA384,
	[WD_HASH_SHA512] = WDI_PK_HASH_SHA512,
	[WD_HASH_MD4] = WDI_PK_HASH_MD4,
	[WD_HASH_MD5] = WDI_PK_HASH_MD5,
};
_Static_assert(wdi_array_size(hashes) == WD_HASH_MAX, "a hash without a row");

/* ---- messages ---------------------------------------------------------------- */

/* X25519 and X448 have the first coordinate only. */
static uint32_t numbers_of(const struct wdi_ecc_sess *s, uint32_t count)
{
	return s->montgomery && count ? 1 : count;
}

static void ecc_fill(struct wdi_sess *sess, const void *request, struct wdi_msg *msg)
{
	const struct wdi_ecc_sess *s = wdi_to_ecc(sess);
	const struct wd_ecc_req *req = request;
	const struct ecc_op *op = &ops[req->op_type];
	const struct wdi_ecc_object *in = req->src, *out = req->dst;

	wdi_pk_begin(msg, s->montgomery ? op->montgomery : op->op);
	if (op->half == HALF_PRIVATE)
		wdi_pk_add_dtb(msg, &s->key->d);
	if (op->half == HALF_PUBLIC) {
		wdi_pk_add_dtb(msg, &s->key->pub.x);
		wdi_pk_add_dtb(msg, &s->key->pub.y);
	}
	for (uint32_t i = 0; i < numbers_of(s, op->in_count); i++)
		wdi_pk_add_dtb(msg, &in->num[i]);
	if (op->op == WDI_PK_SM2_SIGN) {
		wdi_pk_add_dtb(msg, &s->key->pub.x);
		wdi_pk_add_dtb(msg, &s->key->pub.y);
	}
	for (uint32_t i = 0; op->out && i < numbers_of(s, out->count); i++)
		wdi_pk_add_room(msg, &out->num[i]);
}

static int ecc_end(void *request, const struct wdi_msg *msg)
{
	struct wd_ecc_req *req = request;
	const struct ecc_op *op = &ops[req->op_type];
	struct wdi_ecc_object *out = req->dst;
	unsigned int total = msg->src_len / sizeof(*msg->params);
	bool montgomery = msg->pk.op == WDI_PK_ECX_PUBLIC || msg->pk.op == WDI_PK_ECX_DERIVE;
	unsigned int count = !op->out ? 0 : montgomery ? 1 : out->count;

	req->status = wdi_pk_status(msg);
	if (req->status)
		return -req->status;
	req->dst_bytes = 0;
	for (unsigned int i = 0; i < count; i++) {
		out->num[i].dsize = wdi_pk_used(msg, total - count + i);
		req->dst_bytes += out->num[i].dsize;
	}
	if (montgomery)
		out->num[1].dsize = 0;
	return 0;
}

static const struct wdi_pk_calls ecc_calls;

static void ecc_finish(struct wdi_sess *sess, struct wdi_msg *msg)
{
	struct wd_ecc_req *req = (struct wd_ecc_req *)msg->req;

	(void)sess;
	wdi_pk_end_async(&ecc_calls, msg);
	req->cb(req);
}
_Static_assert(sizeof(struct wd_ecc_req) <= WDI_REQ_WORDS * sizeof(uint64_t),
	       "a message has room for the request");

/* ---- the class ---------------------------------------------------------------- */

static const char *const op_names[] = { "ecc", NULL };

static const char *ecc_device_alg(const char *alg)
{
	const struct ecc_alg *row = alg_by_name(alg);

	/* What env_init asks for. */
	if (!row && !strcmp(alg, "ecc"))
		row = &algs[0];
	return row ? row->name : NULL;
}

static bool ecc_ctx_fits(const struct wdi_ctx *ctx)
{
	for (size_t i = 0; i < wdi_array_size(algs); i++) {
		if (wdi_pk_ctx_fits(ctx, algs[i].alg))
			return true;
	}
	return false;
}

static void ecc_destroy(struct wdi_sess *sess)
{
	struct wdi_ecc_sess *s = wdi_to_ecc(sess);

	wdi_ecc_key_free(s->key);
	wdi_pk_destroy(&s->pk);
}

static const struct wdi_class_ops ecc_ops = {
	.name = "ecc",
	.op_names = op_names,
	.op_types = 1,
	.req_size = sizeof(struct wd_ecc_req),
	.sess_size = sizeof(struct wdi_ecc_sess),
	.env_offset = offsetof(struct wdi_env, ecc),
	.device_alg = ecc_device_alg,
	.ctx_fits = ecc_ctx_fits,
	.fill = ecc_fill,
	.finish = ecc_finish,
	.drop = wdi_key_drop,
	.close_objects = wdi_pk_close_objects,
	.destroy = ecc_destroy,
	.poll_ctx = wd_ecc_poll_ctx,
};

static struct wdi_class ecc_class = WDI_CLASS_INIT(&ecc_ops);

WDI_CLASS_API(ecc, ecc_class)

struct wdi_ecc_sess *wdi_ecc_get(handle_t handle)
{
	struct wdi_sess *sess = wdi_sess_get(&ecc_class, handle);

	return sess ? wdi_to_ecc(sess) : NULL;
}

void wdi_ecc_put(struct wdi_ecc_sess *s)
{
	wdi_sess_put(&s->pk.base);
}

/* ---- sessions ------------------------------------------------------------------ */

/* The numbers of a curve that the program brings. False: one is missing or too long. */
static bool curve_given(const struct wd_ecc_curve *from, uint32_t key_size,
			struct wdi_pk_curve *curve)
{
	const struct wd_dtb *num[WDI_CURVE_NUMS];

	if (!from)
		return false;
	num[WDI_CURVE_P] = &from->p;
	num[WDI_CURVE_A] = &from->a;
	num[WDI_CURVE_B] = &from->b;
	num[WDI_CURVE_GX] = &from->g.x;
	num[WDI_CURVE_GY] = &from->g.y;
	num[WDI_CURVE_N] = &from->n;
	memset(curve, 0, sizeof(*curve));
	for (unsigned int i = 0; i < WDI_CURVE_NUMS; i++) {
		if (!wdi_pk_dtb_fits(num[i], key_size))
			return false;
		wdi_ecc_padded((char *)curve->value[i], WDI_PK_FIELD_MAX, num[i]);
	}
	return true;
}

static bool size_exists(uint32_t bits)
{
	return bits == 128 || bits == 192 || bits == 224 || bits == 256 || bits == 320 ||
	       bits == 384 || bits == 521;
}

/* What is wrong with the curve of a session, or NULL and the curve. */
static const char *choose_curve(const struct wd_ecc_sess_setup *setup, const struct ecc_alg *alg,
				struct wdi_pk_curve *curve, uint16_t *bits)
{
	*bits = setup->key_bits;
	if (alg->curve) {
		wdi_ecc_curve_by_id(alg->curve, curve, bits);
		return NULL;
	}
	if (!size_exists(setup->key_bits))
		return "key_bits is not 128, 192, 224, 256, 320, 384 or 521";
	switch (setup->cv.type) {
	case WD_CV_CFG_ID:
		if (setup->cv.cfg.id < WD_SECP128R1 && (uint32_t)setup->cv.cfg.id != CURVE_SM2)
			return "there is no such curve";
		if (!wdi_ecc_curve_by_id(setup->cv.cfg.id, curve, bits))
			return "there is no such curve";
		return *bits == setup->key_bits ? NULL : "key_bits is not the size of the curve";
	case WD_CV_CFG_PARAM:
		return curve_given(setup->cv.cfg.pparam, (*bits + 7u) / 8, curve) ? NULL :
		       "a number of the curve is missing, empty, or longer than key_bits";
	default:
		return "cv.type does not exist";
	}
}

static handle_t refuse(const char *why, int err)
{
	wdi_err("ecc: session: %s", why);
	errno = err;
	return 0;
}

handle_t wd_ecc_alloc_sess(struct wd_ecc_sess_setup *setup)
{
	const struct ecc_alg *alg = setup && setup->alg ? alg_by_name(setup->alg) : NULL;
	struct wdi_pk_curve curve;
	struct wdi_ecc_sess *s;
	const char *wrong;
	bool montgomery;
	uint16_t bits;

	if (!alg)
		return refuse("no setup, or no such algorithm", EINVAL);
	if (setup->hash.type >= WD_HASH_MAX)
		return refuse("there is no such hash", EINVAL);
	wrong = choose_curve(setup, alg, &curve, &bits);
	if (wrong)
		return refuse(wrong, EINVAL);
	montgomery = alg->curve == CURVE_X25519 || alg->curve == CURVE_X448;
	curve.hash = hashes[setup->hash.type];
	/* Whether numbers make a curve, the device knows. */
	s = (struct wdi_ecc_sess *)wdi_pk_alloc(&ecc_class, alg->alg, bits,
						montgomery ? NULL : &curve, setup->sched_param,
						setup->cv.type == WD_CV_CFG_PARAM && !alg->curve);
	if (!s)
		return 0;
	s->montgomery = montgomery;
	s->rand = setup->rand;
	s->hash = setup->hash;
	s->key = wdi_ecc_key_new(&curve, s->pk.key_size);
	if (!s->key) {
		wdi_sess_free(&ecc_class, s->pk.base.handle);
		errno = ENOMEM;
		return 0;
	}
	errno = 0;
	return s->pk.base.handle;
}

void wd_ecc_free_sess(handle_t sess)
{
	wdi_sess_free(&ecc_class, sess);
}

int wd_ecc_get_key_bits(handle_t sess)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	int bits;

	if (!s)
		return -WD_EINVAL;
	bits = s->pk.key_size == 66 ? 521 : (int)s->pk.key_size * 8;
	wdi_ecc_put(s);
	return bits;
}

struct wd_ecc_key *wd_ecc_get_key(handle_t sess)
{
	struct wdi_ecc_sess *s = wdi_ecc_get(sess);
	struct wd_ecc_key *key = s ? s->key : NULL;

	if (s)
		wdi_ecc_put(s);
	return key;
}

/* ---- requests ------------------------------------------------------------------------ */

/* Whether the half of the key that is needed is there; X25519 and X448 need the private one. */
static bool key_is_set(const struct wd_ecc_key *key, uint8_t half)
{
	if (half == HALF_PRIVATE)
		return key->d.dsize && key->d.dsize <= key->key_size;
	if (half == HALF_PUBLIC)
		return key->pub.x.dsize && key->pub.x.dsize <= key->key_size &&
		       key->pub.y.dsize && key->pub.y.dsize <= key->key_size;
	return true;
}

static const char *objects_wrong(const struct wdi_ecc_sess *s, const struct wd_ecc_req *req,
				 const struct ecc_op *op)
{
	const struct wdi_ecc_object *in = op->in ? req->src : NULL;
	const struct wdi_ecc_object *out = op->out ? req->dst : NULL;

	if ((op->in && !in) || (op->out && !out))
		return "src or dst is NULL";
	if (in && (in->kind != op->in || in->key_size != s->pk.key_size))
		return "src was made for another operation or curve";
	if (out && (out->kind != op->out || out->key_size != s->pk.key_size))
		return "dst was made for another operation or curve";
	/* The text of SM2, and the digest that only ECDSA cannot make itself. */
	if (op->op == WDI_PK_SM2_ENCRYPT && out->num[2].bsize < in->num[1].dsize)
		return "dst was made for a shorter text";
	if (op->op == WDI_PK_SM2_DECRYPT && out->num[0].bsize < in->num[2].dsize)
		return "dst was made for a shorter text";
	if ((op->op == WDI_PK_ECDSA_SIGN || op->op == WDI_PK_ECDSA_VERIFY) && !in->num[0].dsize)
		return "src has a message, and ECDSA takes a digest";
	return NULL;
}

static const char *what_is_wrong(const struct wdi_pk_sess *sess, const void *request, bool async)
{
	const struct wdi_ecc_sess *s = wdi_container_of(sess, const struct wdi_ecc_sess, pk);
	const struct wd_ecc_req *req = request;
	const struct ecc_op *op;

	if (async && !req->cb)
		return "an asynchronous request needs a callback";
	if (req->op_type == WD_EC_OP_INVALID || req->op_type >= WD_EC_OP_MAX)
		return "op_type does not exist";
	if (req->data_fmt != WD_FLAT_BUF)
		return "data_fmt is not WD_FLAT_BUF";
	op = &ops[req->op_type];
	if (s->montgomery ? !op->montgomery : op->sm2 && sess->key_size != SM2_KEY_SIZE)
		return "the curve has not this operation";
	if (!key_is_set(s->key, op->half))
		return op->half == HALF_PRIVATE ? "the session has no private key" :
		       "the session has no public key";
	return objects_wrong(s, req, op);
}

static const struct wdi_pk_calls ecc_calls = {
	.class = &ecc_class,
	.wrong = what_is_wrong,
	.finish = ecc_end,
};

int wd_do_ecc_sync(handle_t h_sess, struct wd_ecc_req *req)
{
	return wdi_pk_do_sync(&ecc_calls, h_sess, req);
}

int wd_do_ecc_async(handle_t sess, struct wd_ecc_req *req)
{
	return wdi_pk_do_async(&ecc_calls, sess, req);
}
