/* SPDX-License-Identifier: MIT */
/*
 * Known answers of operations on keys. ECDSA: RFC 6979 A.2.5, SHA-256 of "sample", with its
 * k; the curve is P-256 of SP 800-186, 3.2.1.3. X25519: RFC 7748 6.1, the shared secret. RSA: example
 * 1.4 of RSA Laboratories' test vectors for PKCS #1 v1.5 signatures, with SHA-1. Numbers have their
 * high byte first here.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/common.h"
#include "openssl/dev.h"
#include "openssl/raw.h"

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

/* ---- RSA ---- */

#define RSA_SIZE	128

static const char *const rsa[WDI_OSSL_RSA_NUMBERS] = {
	[WDI_OSSL_RSA_N] =
		"a56e4a0e701017589a5187dc7ea841d156f2ec0e36ad52a44dfeb1e61f7ad991"
		"d8c51056ffedb162b4c0f283a12a88a394dff526ab7291cbb307ceabfce0b1df"
		"d5cd9508096d5b2b8b6df5d671ef6377c0921cb23c270a70e2598e6ff89d19f1"
		"05acc2d3f0cb35f29280e1386b6f64c4ef22e1e1f20d0ce8cffb2249bd9a2137",
	[WDI_OSSL_RSA_E] = "010001",
	[WDI_OSSL_RSA_P] =
		"e7e8942720a877517273a356053ea2a1bc0c94aa72d55c6e86296b2dfc967948"
		"c0a72cbccca7eacb35706e09a1df55a1535bd9b3cc34160b3b6dcd3eda8e6443",
	[WDI_OSSL_RSA_Q] =
		"b69dca1cf7d4d7ec81e75b90fcca874abcde123fd2700180aa90479b6e48de8d"
		"67ed24f9f19d85ba275874f542cd20dc723e6963364a1f9425452b269a6799fd",
	[WDI_OSSL_RSA_DP] =
		"28fa13938655be1f8a159cbaca5a72ea190c30089e19cd274a556f36c4f6e19f"
		"554b34c077790427bbdd8dd3ede2448328f385d81b30e8e43b2fffa027861979",
	[WDI_OSSL_RSA_DQ] =
		"1a8b38f398fa712049898d7fb79ee0a77668791299cdfa09efc0e507acb21ed7"
		"4301ef5bfd48be455eaeb6e1678255827580a8e4e8e14151d1510a82a3f2e729",
	[WDI_OSSL_RSA_QINV] =
		"27156aba4126d24a81f3a528cbfb27f56886f840a9f6e86e17a44b94fe931958"
		"4b8e22fdde1e5a2e3bd8aa5ba8d8584194eb2190acf832b847f13a3d24a79f4d",
};

/* What stands at the end of the padded message: the digest of "bc656747fa9eafb3f0" and its name. */
static const char rsa_message[] =
	"003021300906052b0e03021a0500041439c21c4cceda9c1adf839c744e1212a6437575ec";

static const char rsa_signature[] =
	"45607ad611cf5747a41ac94d0ffec878bdaf63f6b57a4b088bf36e34e109f840"
	"f24b742ada16102dabf951cbc44f8982e94ed4cd09448d20ec0efa73545f80b6"
	"5406bed6194a61c340b4ad1568cbb75851049f11af1734964076e02029aee200"
	"e40e80be0f4361f69841c4f92a4450a2286d43289b405554c54d25c6ecb584f4";

static handle_t open_rsa(struct wdi_ossl_sess *sess, const void *arg)
{
	BIGNUM *numbers[WDI_OSSL_RSA_NUMBERS] = { NULL };
	handle_t h = 0;
	bool good = true;

	(void)sess;
	(void)arg;
	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++)
		good = (!rsa[i] || BN_hex2bn(&numbers[i], rsa[i])) && good;
	if (good)
		h = wdi_ossl_rsa_open((const BIGNUM *const *)numbers);
	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++)
		BN_free(numbers[i]);
	return h;
}

static bool rsa_answers(void)
{
	struct wdi_ossl_sess *sess = wdi_ossl_sess_open(WDI_OSSL_CLASS_RSA, open_rsa, NULL);
	uint8_t tail[RSA_SIZE], want[RSA_SIZE];
	struct wdi_ossl_op *op = NULL;
	size_t len = 0, size = 0;
	bool good = sess && wdi_ossl_op_room(&op, 2 * RSA_SIZE) &&
		    OPENSSL_hexstr2buf_ex(tail, sizeof(tail), &len, rsa_message, '\0') &&
		    OPENSSL_hexstr2buf_ex(want, sizeof(want), &size, rsa_signature, '\0');

	if (good) {
		memset(op->buf, 0xff, RSA_SIZE);
		memcpy(op->buf, "\0\1", 2);
		memcpy(op->buf + RSA_SIZE - len, tail, len);
		good = !wdi_ossl_rsa_raw(sess, op, RSA_SIZE, WDI_OSSL_DEV_SYNC) &&
		       !memcmp(op->buf + RSA_SIZE, want, size);
	}
	wdi_ossl_op_put(op);
	wdi_ossl_sess_put(sess);
	return good;
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
	return rsa_answers() ? NULL : "RSA-1024";
}
