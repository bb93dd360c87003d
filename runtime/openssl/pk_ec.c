/* SPDX-License-Identifier: MIT */
/*
 * Curves on the device: EC (ECDSA and ECDH), SM2 signatures of a digest, X25519 and X448. Whatever
 * the curve is called, the device gets its numbers.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "openssl/pk.h"

#define BYTES_MAX	66
#define DIGEST_MAX	64

/* ---- numbers ------------------------------------------------------------------------------- */

struct number {
	struct wd_dtb dtb;
	uint8_t data[BYTES_MAX];
};

static bool set_number(struct number *n, const BIGNUM *bn, size_t size)
{
	n->dtb = (struct wd_dtb){ (char *)n->data, (__u32)size, (__u32)size };
	return bn && size <= BYTES_MAX && BN_bn2binpad(bn, n->data, (int)size) == (int)size;
}

/* Strings of RFC 7748 begin with the low byte. */
static void reverse(uint8_t *to, const uint8_t *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

/* ---- keys ---------------------------------------------------------------------------------- */

struct curve {
	struct number p, a, b, x, y, n, d;
	struct wd_ecc_curve cv;
};

/* The curve's numbers; 0: not one that the device has, otherwise its bits. */
static int get_curve(struct curve *c, const EC_GROUP *group)
{
	BIGNUM *bn[5] = { BN_new(), BN_new(), BN_new(), BN_new(), BN_new() };
	const EC_POINT *g = EC_GROUP_get0_generator(group);
	const BIGNUM *cofactor = EC_GROUP_get0_cofactor(group);
	int bits = EC_GROUP_get_degree(group);
	size_t size = ((size_t)bits + 7) / 8;

	if (EC_GROUP_get_field_type(group) != NID_X9_62_prime_field || !g || !cofactor ||
	    !BN_is_one(cofactor) || bits > 8 * BYTES_MAX ||
	    !EC_GROUP_get_curve(group, bn[0], bn[1], bn[2], NULL) ||
	    !EC_POINT_get_affine_coordinates(group, g, bn[3], bn[4], NULL) ||
	    !set_number(&c->p, bn[0], size) || !set_number(&c->a, bn[1], size) ||
	    !set_number(&c->b, bn[2], size) || !set_number(&c->x, bn[3], size) ||
	    !set_number(&c->y, bn[4], size) ||
	    !set_number(&c->n, EC_GROUP_get0_order(group), size))
		bits = 0;
	c->cv = (struct wd_ecc_curve){ .p = c->p.dtb, .a = c->a.dtb, .b = c->b.dtb,
				       .g = { c->x.dtb, c->y.dtb }, .n = c->n.dtb };
	for (size_t i = 0; i < wdi_array_size(bn); i++)
		BN_free(bn[i]);
	return bits;
}

/* A session with a private key that has been read. */
static handle_t open_session(struct wd_ecc_sess_setup *setup, struct wd_dtb *d)
{
	handle_t h = wd_ecc_alloc_sess(setup);

	if (h && wd_ecc_set_prikey(wd_ecc_get_key(h), d)) {
		wd_ecc_free_sess(h);
		h = 0;
	}
	return h;
}

static handle_t open_on_curve(const struct wdi_ossl_prov *prov, const OSSL_PARAM params[],
			      const char *alg)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	struct wd_ecc_sess_setup setup = { .alg = alg, .hash = { .type = WD_HASH_SM3 } };
	EC_GROUP *group = EC_GROUP_new_from_params(params, prov->libctx, NULL);
	struct curve *c = OPENSSL_zalloc(sizeof(*c));
	BIGNUM *d = NULL;
	handle_t h = 0;
	int bits;

	if (!group || !c || !p || !OSSL_PARAM_get_BN(p, &d))
		goto end;
	bits = get_curve(c, group);
	if (!bits || !set_number(&c->d, d, ((size_t)bits + 7) / 8))
		goto end;
	setup.key_bits = (__u16)bits;
	setup.cv.type = WD_CV_CFG_PARAM;
	setup.cv.cfg.pparam = &c->cv;
	h = open_session(&setup, &c->d.dtb);
end:
	BN_clear_free(d);
	if (c)
		OPENSSL_clear_free(c, sizeof(*c));
	EC_GROUP_free(group);
	return h;
}

static handle_t ec_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			const OSSL_PARAM params[])
{
	(void)sess;
	return open_on_curve(prov, params, "ecdh");
}

static handle_t sm2_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			 const OSSL_PARAM params[])
{
	(void)sess;
	return open_on_curve(prov, params, "sm2");
}

static handle_t open_x(const OSSL_PARAM params[], const char *alg, size_t size)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	struct wd_ecc_sess_setup setup = { .alg = alg };
	struct number d = { .dtb = { (char *)d.data, (__u32)size, (__u32)size } };
	const void *data = NULL;
	size_t len = 0;
	handle_t h;

	if (!p || !OSSL_PARAM_get_octet_string_ptr(p, &data, &len) || len != size)
		return 0;
	reverse(d.data, data, size);
	h = open_session(&setup, &d.dtb);
	OPENSSL_cleanse(&d, sizeof(d));
	return h;
}

static handle_t x25519_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			    const OSSL_PARAM params[])
{
	(void)sess;
	(void)prov;
	return open_x(params, "x25519", 32);
}

static handle_t x448_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			  const OSSL_PARAM params[])
{
	(void)sess;
	(void)prov;
	return open_x(params, "x448", 56);
}

/* ---- requests ------------------------------------------------------------------------------- */

/*
 * The objects of a request belong to its operation from here on, and go with it if the
 * job never comes back. 0 or a negative errno.
 */
static int run(struct wdi_ossl_pk *c, const struct wdi_ossl_private_call *call, __u8 op_type,
	       struct wd_ecc_in *in, struct wd_ecc_out *out)
{
	struct wd_ecc_req req = {
		.src = in, .dst = out, .data_fmt = WD_FLAT_BUF, .op_type = op_type,
	};

	if (!wdi_ossl_op_room(&c->op, 0)) {
		wd_ecc_del_in(wdi_ossl_sess_handle(call->sess), in);
		wd_ecc_del_out(wdi_ossl_sess_handle(call->sess), out);
		return -ENOMEM;
	}
	wdi_ossl_op_hold_ecc(c->op, call->sess, in, out);
	if (!in || !out)
		return -ENOMEM;
	return wdi_ossl_run_ecc(call->sess, c->op, &req, call->where);
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* Is this what the context was told to sign, in the usual way? */
static bool may_sign(const struct wdi_ossl_pk *c, const struct wdi_ossl_private_call *call)
{
	const struct wdi_ossl_key *key = c->key;
	size_t digest_size = 0;
	unsigned int nonce = 0;
	int most = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, &digest_size),
		/* Deterministic, from OpenSSL 3.2 on; an older one leaves it as it is. */
		OSSL_PARAM_construct_uint("nonce-type", &nonce),
		OSSL_PARAM_construct_end(),
	};
	OSSL_PARAM size[] = {
		OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_MAX_SIZE, &most),
		OSSL_PARAM_construct_end(),
	};

	return c->head.impl->pk.get_ctx_params &&
	       c->head.impl->pk.get_ctx_params(c->head.plain, params) && !nonce &&
	       (!digest_size || digest_size == call->inlen) &&
	       key->impl->keymgmt.get_params(key->plain, size) && most > 0 &&
	       call->outsize >= (size_t)most;
}

/* The two numbers as a DER sequence (RFC 3279, 2.2.3), the form that SM2 has as well. */
static int encode(struct wdi_ossl_private_call *call, const struct wd_dtb *r, const struct wd_dtb *s)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *bn_r = BN_bin2bn((const uint8_t *)r->data, (int)r->dsize, NULL);
	BIGNUM *bn_s = BN_bin2bn((const uint8_t *)s->data, (int)s->dsize, NULL);
	unsigned char *to = call->out;
	int len = -1;

	if (sig && bn_r && bn_s && ECDSA_SIG_set0(sig, bn_r, bn_s)) {
		bn_r = bn_s = NULL;
		len = i2d_ECDSA_SIG(sig, NULL);
		len = len > 0 && (size_t)len <= call->outsize ? i2d_ECDSA_SIG(sig, &to) : -1;
	}
	BN_free(bn_r);
	BN_free(bn_s);
	ECDSA_SIG_free(sig);
	if (len <= 0)
		return -ENOMEM;
	*call->outlen = (size_t)len;
	return 0;
}

static int ec_sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	handle_t h = wdi_ossl_sess_handle(call->sess);
	struct wd_dtb digest = { (char *)(uintptr_t)call->in, (__u32)call->inlen, (__u32)call->inlen };
	struct wd_dtb *r, *s;
	struct wd_ecc_out *out;
	int ret;

	if (!call->inlen || call->inlen > DIGEST_MAX || !may_sign(c, call))
		return -EOPNOTSUPP;
	out = wd_ecdsa_new_sign_out(h);
	ret = run(c, call, WD_ECDSA_SIGN, wd_ecdsa_new_sign_in(h, &digest, NULL), out);
	if (!ret) {
		wd_ecdsa_get_sign_out_params(out, &r, &s);
		ret = encode(call, r, s);
	}
	if (!ret)
		wdi_ossl_op_drop_ecc(c->op);
	return ret;
}

static int sm2_sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	handle_t h = wdi_ossl_sess_handle(call->sess);
	struct wd_dtb digest = { (char *)(uintptr_t)call->in, (__u32)call->inlen, (__u32)call->inlen };
	struct wd_dtb *r, *s;
	struct wd_ecc_out *out;
	int ret;

	if (call->inlen != 32 || !may_sign(c, call))
		return -EOPNOTSUPP;
	out = wd_sm2_new_sign_out(h);
	ret = run(c, call, WD_SM2_SIGN, wd_sm2_new_sign_in(h, &digest, NULL, NULL, 1), out);
	if (!ret) {
		wd_sm2_get_sign_out_params(out, &r, &s);
		ret = encode(call, r, s);
	}
	if (!ret)
		wdi_ossl_op_drop_ecc(c->op);
	return ret;
}

/* ---- agreement -------------------------------------------------------------------------------- */

/* One coordinate of the other side's point. */
static bool peer_number(const struct wdi_ossl_key *peer, const char *name, struct number *n,
			size_t size)
{
	uint8_t native[BYTES_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(name, native, size),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *bn = NULL;
	bool got = peer->impl->keymgmt.get_params(peer->plain, params) &&
		   OSSL_PARAM_modified(params) && OSSL_PARAM_get_BN(params, &bn) &&
		   set_number(n, bn, size);

	BN_free(bn);
	return got;
}

static int agree(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call, struct number *x,
		 struct number *y, struct wd_ecc_point **point)
{
	handle_t h = wdi_ossl_sess_handle(call->sess);
	struct wd_ecc_point peer = { x->dtb, y->dtb };
	struct wd_ecc_out *out = wd_ecxdh_new_out(h);
	int ret = run(c, call, WD_ECXDH_COMPUTE_KEY, wd_ecxdh_new_in(h, &peer), out);

	if (!ret)
		wd_ecxdh_get_out_params(out, point);
	return ret;
}

static int ec_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	size_t size = wdi_ossl_key_bytes(c->key);
	struct wd_ecc_point *point;
	struct number x, y;
	int ret;

	if (!c->peer || call->outsize < size || size > BYTES_MAX || wdi_ossl_pk_has_kdf(c) ||
	    !peer_number(c->peer, OSSL_PKEY_PARAM_EC_PUB_X, &x, size) ||
	    !peer_number(c->peer, OSSL_PKEY_PARAM_EC_PUB_Y, &y, size))
		return -EOPNOTSUPP;
	ret = agree(c, call, &x, &y, &point);
	if (ret)
		return ret;
	memset(call->out, 0, size - point->x.dsize);
	memcpy(call->out + size - point->x.dsize, point->x.data, point->x.dsize);
	*call->outlen = size;
	wdi_ossl_op_drop_ecc(c->op);
	return 0;
}

static int x_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	size_t size = wdi_ossl_key_bytes(c->key);
	uint8_t pub[BYTES_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, pub, size),
		OSSL_PARAM_construct_end(),
	};
	struct wd_ecc_point *point;
	struct number x, y = { .dtb = { (char *)y.data, 1, 1 } };
	int ret;

	if (!c->peer || call->outsize < size || size > BYTES_MAX ||
	    c->peer->impl != c->key->impl ||
	    !c->peer->impl->keymgmt.get_params(c->peer->plain, params) ||
	    params[0].return_size != size)
		return -EOPNOTSUPP;
	x.dtb = (struct wd_dtb){ (char *)x.data, (__u32)size, (__u32)size };
	reverse(x.data, pub, size);
	ret = agree(c, call, &x, &y, &point);
	if (ret)
		return ret;
	memset(call->out + point->x.dsize, 0, size - point->x.dsize);
	reverse(call->out, (const uint8_t *)point->x.data, point->x.dsize);
	*call->outlen = size;
	wdi_ossl_op_drop_ecc(c->op);
	return 0;
}

const struct wdi_ossl_family_ops wdi_ossl_ec_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.hash_alone = true,
	.open = ec_open,
	.run = { [WDI_OSSL_SIGN] = ec_sign, [WDI_OSSL_DERIVE] = ec_derive },
};

/* The hash of SM2 begins with who signs, which the default provider's context puts there. */
const struct wdi_ossl_family_ops wdi_ossl_sm2_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = sm2_open,
	.run = { [WDI_OSSL_SIGN] = sm2_sign },
};

const struct wdi_ossl_family_ops wdi_ossl_x25519_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = x25519_open,
	.run = { [WDI_OSSL_DERIVE] = x_derive },
};

const struct wdi_ossl_family_ops wdi_ossl_x448_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = x448_open,
	.run = { [WDI_OSSL_DERIVE] = x_derive },
};
