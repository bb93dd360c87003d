/* SPDX-License-Identifier: MIT */
#include "pk.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <sched.h>

/* ---- frame ---------------------------------------------------------------- */

void pk_start(int mode)
{
	env("WEFT_ENGINE_THREADS", mode == PK_SYNC_INLINE || mode == PK_ASYNC_INLINE ? "0" : "2");
	ck_assert_int_eq(wd_rsa_init2("rsa", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_dh_init2("dh", SCHED_POLICY_RR, TASK_MIX), 0);
	ck_assert_int_eq(wd_ecc_init2("ecdsa", SCHED_POLICY_RR, TASK_MIX), 0);
}

void pk_finish(void)
{
	wd_rsa_uninit2();
	wd_dh_uninit2();
	wd_ecc_uninit2();
}

static bool is_async(int mode)
{
	return mode == PK_ASYNC_INLINE || mode == PK_ASYNC_THREADS;
}

/* The callbacks get the library's copy; what it says is copied back. */
#define RUN(cls) \
	static void arrived_##cls(void *done) \
	{ \
		const struct wd_##cls##_req *req = done; \
		struct wd_##cls##_req *mine = req->cb_param; \
		\
		*mine = *req; \
		mine->cb_param = NULL; \
	} \
	int pk_##cls(int mode, handle_t sess, struct wd_##cls##_req *req) \
	{ \
		__u32 count = 0; \
		int ret; \
		\
		if (!is_async(mode)) \
			return wd_do_##cls##_sync(sess, req); \
		req->cb = arrived_##cls; \
		req->cb_param = req; \
		ret = wd_do_##cls##_async(sess, req); \
		while (!ret && !count) { \
			wd_##cls##_poll(1, &count); \
			sched_yield(); \
		} \
		if (!ret) \
			ck_assert_ptr_null(req->cb_param); \
		return ret ? ret : -req->status; \
	}

RUN(rsa)
RUN(dh)
RUN(ecc)

/* ---- numbers ----------------------------------------------------------------- */

static struct wd_dtb *num_init(struct num *n, size_t len)
{
	ck_assert_uint_le(len, NUM_MAX);
	n->dtb = (struct wd_dtb){ .data = n->bytes, .dsize = (__u32)len, .bsize = NUM_MAX };
	return &n->dtb;
}

struct wd_dtb *num_bn_padded(struct num *n, const BIGNUM *bn, size_t len)
{
	ck_assert_int_ge(BN_bn2binpad(bn, (unsigned char *)n->bytes, (int)len), 0);
	return num_init(n, len);
}

struct wd_dtb *num_bn(struct num *n, const BIGNUM *bn)
{
	return num_bn_padded(n, bn, BN_is_zero(bn) ? 1 : (size_t)BN_num_bytes(bn));
}

struct wd_dtb *num_bytes(struct num *n, const void *p, size_t len)
{
	num_init(n, len);
	memcpy(n->bytes, p, len);
	return &n->dtb;
}

struct wd_dtb *num_text(struct num *n, const char *text)
{
	return num_bytes(n, text, strlen(text));
}

struct wd_dtb *num_hex(struct num *n, const char *hex)
{
	size_t len = strlen(hex) / 2;

	num_init(n, len);
	for (size_t i = 0; i < len; i++) {
		unsigned int byte;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
		n->bytes[i] = (char)byte;
	}
	return &n->dtb;
}

BIGNUM *bn_hex(const char *hex)
{
	BIGNUM *bn = NULL;

	ck_assert_int_gt(BN_hex2bn(&bn, hex), 0);
	return bn;
}

BIGNUM *bn_dtb(const struct wd_dtb *dtb)
{
	BIGNUM *bn = BN_bin2bn((unsigned char *)dtb->data, (int)dtb->dsize, NULL);

	ck_assert_ptr_nonnull(bn);
	return bn;
}

bool dtb_is_bn(const struct wd_dtb *dtb, const BIGNUM *bn)
{
	BIGNUM *have = bn_dtb(dtb);
	bool same = !BN_cmp(have, bn);

	/* As long as it has to be, and nothing but zeroes behind. */
	same = same && dtb->dsize == (__u32)BN_num_bytes(bn);
	for (__u32 i = dtb->dsize; same && i < dtb->bsize; i++)
		same = !dtb->data[i];
	BN_free(have);
	return same;
}

bool dtb_is_hex(const struct wd_dtb *dtb, const char *hex)
{
	BIGNUM *want = bn_hex(hex);
	bool same = dtb_is_bn(dtb, want);

	BN_free(want);
	return same;
}

void rng_bytes(void *p, size_t len)
{
	static __thread uint64_t x = 88172645463325252u;
	uint8_t *to = p;

	for (size_t i = 0; i < len; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		to[i] = (uint8_t)(x >> 32);
	}
}

/* ---- RSA ------------------------------------------------------------------------ */

static BIGNUM *param(EVP_PKEY *pkey, const char *name)
{
	BIGNUM *bn = NULL;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, name, &bn), 1);
	return bn;
}

const struct rsa_key *rsa_key(unsigned int bits)
{
	static struct rsa_key keys[4];
	struct rsa_key *k = &keys[bits / 1024 - 1];

	if (k->bits)
		return k;
	k->pkey = EVP_RSA_gen(bits);
	ck_assert_ptr_nonnull(k->pkey);
	k->n = param(k->pkey, OSSL_PKEY_PARAM_RSA_N);
	k->e = param(k->pkey, OSSL_PKEY_PARAM_RSA_E);
	k->d = param(k->pkey, OSSL_PKEY_PARAM_RSA_D);
	k->p = param(k->pkey, OSSL_PKEY_PARAM_RSA_FACTOR1);
	k->q = param(k->pkey, OSSL_PKEY_PARAM_RSA_FACTOR2);
	k->dp = param(k->pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1);
	k->dq = param(k->pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2);
	k->qinv = param(k->pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
	k->bits = bits;
	return k;
}

handle_t rsa_sess(unsigned int bits, bool crt)
{
	struct wd_rsa_sess_setup setup = { .key_bits = (__u16)bits, .is_crt = crt };
	handle_t sess = wd_rsa_alloc_sess(&setup);

	ck_assert_uint_ne(sess, 0);
	return sess;
}

void rsa_set(handle_t sess, const struct rsa_key *key, bool crt)
{
	struct num v[5];

	ck_assert_int_eq(wd_rsa_set_pubkey_params(sess, num_bn(&v[0], key->e),
						  num_bn(&v[1], key->n)), 0);
	if (crt)
		ck_assert_int_eq(wd_rsa_set_crt_prikey_params(sess, num_bn(&v[0], key->dq),
							      num_bn(&v[1], key->dp),
							      num_bn(&v[2], key->qinv),
							      num_bn(&v[3], key->q),
							      num_bn(&v[4], key->p)), 0);
	else
		ck_assert_int_eq(wd_rsa_set_prikey_params(sess, num_bn(&v[0], key->d),
							  num_bn(&v[1], key->n)), 0);
}

struct wd_rsa_req rsa_req(enum wd_rsa_op_type op, void *src, void *dst, unsigned int bits)
{
	return (struct wd_rsa_req){
		.src = src, .dst = dst, .src_bytes = bits / 8, .dst_bytes = bits / 8,
		.status = UNTOUCHED, .data_fmt = WD_FLAT_BUF, .op_type = (__u8)op,
	};
}

/* ---- curves ------------------------------------------------------------------------ */

const struct curve curves[CURVES] = {
	{ "secp128r1", NID_secp128r1, WD_SECP128R1, 128 },
	{ "secp192k1", NID_secp192k1, WD_SECP192K1, 192 },
	{ "secp224r1", NID_secp224r1, WD_SECP224R1, 224 },
	{ "secp256k1", NID_secp256k1, WD_SECP256K1, 256 },
	{ "brainpoolP320r1", NID_brainpoolP320r1, WD_BRAINPOOLP320R1, 320 },
	{ "brainpoolP384r1", NID_brainpoolP384r1, WD_BRAINPOOLP384R1, 384 },
	{ "secp384r1", NID_secp384r1, WD_SECP384R1, 384 },
	{ "secp521r1", NID_secp521r1, WD_SECP521R1, 521 },
	{ "prime256v1", NID_X9_62_prime256v1, 0, 256 },
	{ "SM2", NID_sm2, 0, 256 },
};

static void numbers_of(const struct curve *curve, struct wd_ecc_curve *to, struct num *v)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(curve->nid);
	BIGNUM *bn[6];

	ck_assert_msg(group != NULL, "libcrypto has not %s", curve->name);
	for (int i = 0; i < 6; i++)
		bn[i] = BN_new();
	ck_assert_int_eq(EC_GROUP_get_curve(group, bn[0], bn[1], bn[2], NULL), 1);
	ck_assert_int_eq(EC_POINT_get_affine_coordinates(group, EC_GROUP_get0_generator(group),
							 bn[3], bn[4], NULL), 1);
	ck_assert_ptr_nonnull(BN_copy(bn[5], EC_GROUP_get0_order(group)));
	to->p = *num_bn(&v[0], bn[0]);
	to->a = *num_bn(&v[1], bn[1]);
	to->b = *num_bn(&v[2], bn[2]);
	to->g.x = *num_bn(&v[3], bn[3]);
	to->g.y = *num_bn(&v[4], bn[4]);
	to->n = *num_bn(&v[5], bn[5]);
	for (int i = 0; i < 6; i++)
		BN_free(bn[i]);
	EC_GROUP_free(group);
}

handle_t ecc_sess_with(const char *alg, const struct curve *curve, bool by_numbers,
		       const struct wd_ecc_sess_setup *more)
{
	struct wd_ecc_sess_setup setup = more ? *more : (struct wd_ecc_sess_setup){ 0 };
	struct wd_ecc_curve numbers;
	struct num v[6];
	handle_t sess;

	setup.alg = alg;
	if (curve) {
		setup.key_bits = curve->bits;
		setup.cv.type = by_numbers ? WD_CV_CFG_PARAM : WD_CV_CFG_ID;
		if (by_numbers) {
			numbers_of(curve, &numbers, v);
			setup.cv.cfg.pparam = &numbers;
		} else {
			setup.cv.cfg.id = (enum wd_ecc_curve_id)curve->id;
		}
	}
	sess = wd_ecc_alloc_sess(&setup);
	ck_assert_msg(sess, "no session of %s on %s", alg, curve ? curve->name : "its own curve");
	return sess;
}

handle_t ecc_sess(const char *alg, const struct curve *curve, bool by_numbers)
{
	return ecc_sess_with(alg, curve, by_numbers, NULL);
}

void ecc_set_private(handle_t sess, struct wd_dtb *d)
{
	ck_assert_int_eq(wd_ecc_set_prikey(wd_ecc_get_key(sess), d), 0);
}

void ecc_set_public(handle_t sess, struct wd_dtb *x, struct wd_dtb *y)
{
	struct wd_ecc_point point = { .x = *x, .y = *y };

	ck_assert_int_eq(wd_ecc_set_pubkey(wd_ecc_get_key(sess), &point), 0);
}

struct wd_ecc_req ecc_req(enum wd_ecc_op_type op, struct wd_ecc_in *in, struct wd_ecc_out *out)
{
	return (struct wd_ecc_req){
		.src = in, .dst = out, .status = UNTOUCHED, .data_fmt = WD_FLAT_BUF,
		.op_type = (__u8)op,
	};
}
