/* SPDX-License-Identifier: MIT */
/* Elliptic curves. Whatever the curve is called, the device gets its numbers. */
#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/obj_mac.h>

#include "openssl/common.h"
#include "openssl/raw.h"

struct number {
	struct wd_dtb dtb;
	uint8_t data[WDI_OSSL_EC_MAX];
};

static bool set_number(struct number *n, const BIGNUM *bn, size_t size)
{
	n->dtb = (struct wd_dtb){ (char *)n->data, (__u32)size, (__u32)size };
	return bn && size <= WDI_OSSL_EC_MAX && BN_bn2binpad(bn, n->data, (int)size) == (int)size;
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

static bool prime_field(const EC_GROUP *group)
{
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
	return EC_GROUP_get_field_type(group) == NID_X9_62_prime_field;
#else
	return EC_METHOD_get_field_type(EC_GROUP_method_of(group)) == NID_X9_62_prime_field;
#endif
}

/* The curve's numbers; 0: not one that the device has, otherwise its bits. */
static int get_curve(struct curve *c, const EC_GROUP *group)
{
	BIGNUM *bn[5] = { BN_new(), BN_new(), BN_new(), BN_new(), BN_new() };
	const EC_POINT *g = EC_GROUP_get0_generator(group);
	const BIGNUM *cofactor = EC_GROUP_get0_cofactor(group);
	int bits = EC_GROUP_get_degree(group);
	size_t size = ((size_t)bits + 7) / 8;

	if (!prime_field(group) || !g || !cofactor || !BN_is_one(cofactor) ||
	    bits > 8 * WDI_OSSL_EC_MAX ||
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

handle_t wdi_ossl_ec_open(const EC_GROUP *group, const BIGNUM *d, const char *alg)
{
	struct wd_ecc_sess_setup setup = { .alg = alg, .hash = { .type = WD_HASH_SM3 } };
	struct curve *c = OPENSSL_zalloc(sizeof(*c));
	handle_t h = 0;
	int bits;

	if (!c)
		return 0;
	bits = get_curve(c, group);
	if (bits && set_number(&c->d, d, ((size_t)bits + 7) / 8)) {
		setup.key_bits = (__u16)bits;
		setup.cv.type = WD_CV_CFG_PARAM;
		setup.cv.cfg.pparam = &c->cv;
		h = open_session(&setup, &c->d.dtb);
	}
	OPENSSL_clear_free(c, sizeof(*c));
	return h;
}

handle_t wdi_ossl_ecx_open(const uint8_t *key, size_t size, const char *alg)
{
	struct wd_ecc_sess_setup setup = { .alg = alg };
	struct number d = { .dtb = { (char *)d.data, (__u32)size, (__u32)size } };
	handle_t h;

	reverse(d.data, key, size);
	h = open_session(&setup, &d.dtb);
	OPENSSL_cleanse(&d, sizeof(d));
	return h;
}

/* ---- requests ------------------------------------------------------------------------------- */

/*
 * The objects of a request belong to its operation from here on, and go with it if the
 * job never comes back. 0 or a negative errno.
 */
static int run(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, enum wdi_ossl_where where,
	       __u8 op_type, struct wd_ecc_in *in, struct wd_ecc_out *out)
{
	struct wd_ecc_req req = {
		.src = in, .dst = out, .data_fmt = WD_FLAT_BUF, .op_type = op_type,
	};

	if (!wdi_ossl_op_room(op, 0)) {
		wd_ecc_del_in(wdi_ossl_sess_handle(sess), in);
		wd_ecc_del_out(wdi_ossl_sess_handle(sess), out);
		return -ENOMEM;
	}
	wdi_ossl_op_hold_ecc(*op, sess, in, out);
	if (!in || !out)
		return -ENOMEM;
	return wdi_ossl_run_ecc(sess, *op, &req, where);
}

static int make_sig(const struct wd_dtb *r, const struct wd_dtb *s, ECDSA_SIG **sig)
{
	BIGNUM *bn_r = BN_bin2bn((const uint8_t *)r->data, (int)r->dsize, NULL);
	BIGNUM *bn_s = BN_bin2bn((const uint8_t *)s->data, (int)s->dsize, NULL);

	*sig = ECDSA_SIG_new();
	if (*sig && bn_r && bn_s && ECDSA_SIG_set0(*sig, bn_r, bn_s))
		return 0;
	BN_free(bn_r);
	BN_free(bn_s);
	ECDSA_SIG_free(*sig);
	*sig = NULL;
	return -ENOMEM;
}

int wdi_ossl_ec_sign_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op,
			 enum wdi_ossl_ec_kind kind, const uint8_t *digest, size_t len,
			 enum wdi_ossl_where where, ECDSA_SIG **sig)
{
	handle_t h = wdi_ossl_sess_handle(sess);
	struct wd_dtb text = { (char *)(uintptr_t)digest, (__u32)len, (__u32)len };
	bool sm2 = kind == WDI_OSSL_EC_SM2;
	struct wd_ecc_out *out = sm2 ? wd_sm2_new_sign_out(h) : wd_ecdsa_new_sign_out(h);
	struct wd_ecc_in *in = sm2 ? wd_sm2_new_sign_in(h, &text, NULL, NULL, 1) :
			       wd_ecdsa_new_sign_in(h, &text, NULL);
	struct wd_dtb *r, *s;
	int ret = run(sess, op, where, sm2 ? WD_SM2_SIGN : WD_ECDSA_SIGN, in, out);

	if (ret)
		return ret;
	if (sm2)
		wd_sm2_get_sign_out_params(out, &r, &s);
	else
		wd_ecdsa_get_sign_out_params(out, &r, &s);
	ret = make_sig(r, s, sig);
	if (!ret)
		wdi_ossl_op_drop_ecc(*op);
	return ret;
}

int wdi_ossl_ec_agree_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, const uint8_t *x,
			  const uint8_t *y, size_t size, enum wdi_ossl_where where, uint8_t *out)
{
	handle_t h = wdi_ossl_sess_handle(sess);
	struct number nx = { .dtb = { (char *)nx.data, (__u32)size, (__u32)size } };
	struct number ny = { .dtb = { (char *)ny.data, 1, 1 } };
	struct wd_ecc_point peer, *point;
	struct wd_ecc_out *to;
	size_t len;
	int ret;

	if (size > WDI_OSSL_EC_MAX)
		return -EOPNOTSUPP;
	if (y) {
		memcpy(nx.data, x, size);
		memcpy(ny.data, y, size);
		ny.dtb.dsize = ny.dtb.bsize = (__u32)size;
	} else {
		reverse(nx.data, x, size);
		ny.data[0] = 0;
	}
	peer = (struct wd_ecc_point){ nx.dtb, ny.dtb };
	to = wd_ecxdh_new_out(h);
	ret = run(sess, op, where, WD_ECXDH_COMPUTE_KEY, wd_ecxdh_new_in(h, &peer), to);
	if (ret)
		return ret;
	wd_ecxdh_get_out_params(to, &point);
	len = point->x.dsize;
	if (len > size)
		return -EIO;
	memset(out, 0, size);
	if (y)
		memcpy(out + size - len, point->x.data, len);
	else
		reverse(out, (const uint8_t *)point->x.data, len);
	wdi_ossl_op_drop_ecc(*op);
	return 0;
}
