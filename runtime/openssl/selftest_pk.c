/* SPDX-License-Identifier: MIT */
/*
 * Known answers of operations on keys. ECDSA: RFC 6979 A.2.5, SHA-256 of "sample", with its
 * k; the curve is P-256 of SP 800-186, 3.2.1.3. X25519: RFC 7748 6.1, the shared secret; numbers
 * have their high byte first here.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/common.h"
#include "openssl/dev.h"

#define SIZE	32
#define NUMBERS	6

/* A number of SIZE bytes. */
struct number {
	struct wd_dtb dtb;
	uint8_t data[SIZE];
};

static const char *const p256[NUMBERS] = {
	"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",	/* p */
	"ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",	/* a */
	"5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",	/* b */
	"6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",	/* x */
	"4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",	/* y */
	"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",	/* n */
};

static const struct answer {
	const char *name;
	const char *alg;
	const char *const *curve;
	const char *private;
	const char *in[2];	/* digest and k; the other side's u */
	const char *out[2];
} answers[] = {
	{ "ECDSA on P-256", "ecdsa", p256,
	  "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
	  { "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf",
	    "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60" },
	  { "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
	    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8" } },
	{ "X25519", "x25519", NULL,
	  "2a2cb91da5fb77b12a99c0eb872f4cdf4566b25172c1163c7da518730a6d0777",
	  { "4f2b886f147efcad4d67785bc843833f3735e4ecc2615bd3b4c17d7b7ddb9ede", NULL },
	  { "4217161e3c9bf076339ed147c9217ee0250f3580f43b8e72e12dcea45b9d5d4a", NULL } },
};

static struct wd_dtb *number(struct number *n, const char *hex)
{
	size_t len = 0;

	if (!OPENSSL_hexstr2buf_ex(n->data, SIZE, &len, hex, '\0'))
		len = 0;
	n->dtb = (struct wd_dtb){ (char *)n->data, (__u32)len, SIZE };
	return &n->dtb;
}

static handle_t open_answer(struct wdi_ossl_sess *sess, const void *arg)
{
	const struct answer *a = arg;
	struct wd_ecc_sess_setup setup = { .alg = a->alg };
	struct number c[NUMBERS], d;
	struct wd_ecc_curve curve;
	handle_t h;

	(void)sess;
	if (a->curve) {
		for (int i = 0; i < NUMBERS; i++)
			number(&c[i], a->curve[i]);
		curve = (struct wd_ecc_curve){ .p = c[0].dtb, .a = c[1].dtb, .b = c[2].dtb,
					       .g = { c[3].dtb, c[4].dtb }, .n = c[5].dtb };
		setup.key_bits = 8 * SIZE;
		setup.cv.type = WD_CV_CFG_PARAM;
		setup.cv.cfg.pparam = &curve;
	}
	h = wd_ecc_alloc_sess(&setup);
	if (h && wd_ecc_set_prikey(wd_ecc_get_key(h), number(&d, a->private))) {
		wd_ecc_free_sess(h);
		h = 0;
	}
	return h;
}

static bool same(const struct wd_dtb *got, const char *hex)
{
	struct number want;

	return number(&want, hex)->dsize == got->dsize && !memcmp(want.data, got->data, got->dsize);
}

static bool sign(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, const struct answer *a)
{
	handle_t h = wdi_ossl_sess_handle(sess);
	struct wd_ecc_req req = { .data_fmt = WD_FLAT_BUF, .op_type = WD_ECDSA_SIGN };
	struct wd_dtb *r = NULL, *s = NULL;
	struct number digest, k;

	req.src = wd_ecdsa_new_sign_in(h, number(&digest, a->in[0]), number(&k, a->in[1]));
	req.dst = wd_ecdsa_new_sign_out(h);
	wdi_ossl_op_hold_ecc(op, sess, req.src, req.dst);
	if (!req.src || !req.dst || wdi_ossl_run_ecc(sess, op, &req, WDI_OSSL_DEV_SYNC))
		return false;
	wd_ecdsa_get_sign_out_params(req.dst, &r, &s);
	return same(r, a->out[0]) && same(s, a->out[1]);
}

static bool agree(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, const struct answer *a)
{
	handle_t h = wdi_ossl_sess_handle(sess);
	struct wd_ecc_req req = { .data_fmt = WD_FLAT_BUF, .op_type = WD_ECXDH_COMPUTE_KEY };
	struct wd_ecc_point peer = { { NULL, 0, 0 }, { NULL, 0, 0 } }, *shared = NULL;
	struct number u, v;

	/* It has no v, and libwd wants a number. */
	peer.x = *number(&u, a->in[0]);
	peer.y = *number(&v, "00");
	req.src = wd_ecxdh_new_in(h, &peer);
	req.dst = wd_ecxdh_new_out(h);
	wdi_ossl_op_hold_ecc(op, sess, req.src, req.dst);
	if (!req.src || !req.dst || wdi_ossl_run_ecc(sess, op, &req, WDI_OSSL_DEV_SYNC))
		return false;
	wd_ecxdh_get_out_params(req.dst, &shared);
	return same(&shared->x, a->out[0]);
}

const char *wdi_ossl_self_test_pk(void)
{
	for (size_t i = 0; i < wdi_array_size(answers); i++) {
		const struct answer *a = &answers[i];
		struct wdi_ossl_sess *sess = wdi_ossl_sess_open(WDI_OSSL_CLASS_ECC, open_answer, a);
		struct wdi_ossl_op *op = NULL;
		bool good = sess && wdi_ossl_op_room(&op, 0) &&
			    (a->curve ? sign(sess, op, a) : agree(sess, op, a));

		wdi_ossl_op_put(op);
		wdi_ossl_sess_put(sess);
		if (!good)
			return a->name;
	}
	return NULL;
}
