/* SPDX-License-Identifier: MIT */
/*
 * ECDH, ECDSA, X25519 and X448: published answers, and on every curve what libcrypto
 * makes of the same keys, by the curve's number and by its numbers.
 */
#include "pk.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

/* ---- keys of libcrypto ------------------------------------------------------------ */

struct pair {
	EVP_PKEY *pkey;
	BIGNUM *d, *x, *y;
};

static BIGNUM *param(EVP_PKEY *pkey, const char *name)
{
	BIGNUM *bn = NULL;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, name, &bn), 1);
	return bn;
}

static void pair_make(struct pair *k, const struct curve *c)
{
	k->pkey = EVP_EC_gen(c->name);
	ck_assert_msg(k->pkey != NULL, "libcrypto makes no key on %s", c->name);
	k->d = param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY);
	k->x = param(k->pkey, OSSL_PKEY_PARAM_EC_PUB_X);
	k->y = param(k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
}

static void pair_free(struct pair *k)
{
	EVP_PKEY_free(k->pkey);
	BN_free(k->d);
	BN_free(k->x);
	BN_free(k->y);
}

static void set_pair(handle_t sess, const struct pair *k)
{
	struct num d, x, y;

	ecc_set_private(sess, num_bn(&d, k->d));
	ecc_set_public(sess, num_bn(&x, k->x), num_bn(&y, k->y));
}

/* A session of an algorithm on a curve, by its number if it has one, and by its numbers. */
static handle_t session_on(const char *alg, const struct curve *c, int way)
{
	return ecc_sess(alg, c, way || !c->id);
}

/* ---- ECDH ---------------------------------------------------------------------------- */

static struct wd_ecc_in *xdh_in(handle_t sess, const BIGNUM *x, const BIGNUM *y)
{
	struct num vx, vy;
	struct wd_ecc_point point = { .x = *num_bn(&vx, x), .y = *num_bn(&vy, y) };
	struct wd_ecc_in *in = wd_ecxdh_new_in(sess, &point);

	ck_assert_ptr_nonnull(in);
	return in;
}

static void check_secret(const struct pair *mine, const struct pair *theirs,
			 const struct wd_dtb *x, const struct curve *c)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine->pkey, NULL);
	unsigned char secret[72];
	size_t len = sizeof(secret);
	BIGNUM *want;

	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, theirs->pkey), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, secret, &len), 1);
	ck_assert_uint_eq(len, (c->bits + 7u) / 8);
	want = BN_bin2bn(secret, (int)len, NULL);
	ck_assert_msg(dtb_is_bn(x, want), "the secret on %s", c->name);
	BN_free(want);
	EVP_PKEY_CTX_free(ctx);
}

static void ecdh(int mode, const struct curve *c, int way)
{
	struct pair mine, theirs;
	struct wd_ecc_point *point = NULL;
	handle_t sess = session_on("ecdh", c, way);
	struct wd_ecc_out *out = wd_ecxdh_new_out(sess);
	struct wd_ecc_in *in;
	struct wd_ecc_req req;

	pair_make(&mine, c);
	pair_make(&theirs, c);
	set_pair(sess, &mine);
	wd_ecxdh_get_out_params(out, &point);
	ck_assert_ptr_nonnull(point);
	req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	assert_result(&req, 0, pk_ecc(mode, sess, &req), 0);
	ck_assert_msg(dtb_is_bn(&point->x, mine.x) && dtb_is_bn(&point->y, mine.y),
		      "the public key on %s", c->name);
	ck_assert_uint_eq(req.dst_bytes, point->x.dsize + point->y.dsize);
	in = xdh_in(sess, theirs.x, theirs.y);
	req = ecc_req(WD_ECXDH_COMPUTE_KEY, in, out);
	assert_result(&req, 0, pk_ecc(mode, sess, &req), 0);
	if (c->nid != curves[9].nid)	/* libcrypto derives nothing with a key of SM2 */
		check_secret(&mine, &theirs, &point->x, c);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	wd_ecc_free_sess(sess);
	pair_free(&mine);
	pair_free(&theirs);
}

START_TEST(ecdh_on_every_curve)
{
	pk_start(_i);
	for (int c = 0; c < CURVES; c++) {
		for (int way = 0; way < 2; way++)
			ecdh(_i, &curves[c], way);
	}
	pk_finish();
}
END_TEST

/* ---- ECDSA ---------------------------------------------------------------------------- */

static int evp_verify(const struct pair *k, const struct wd_dtb *e, const struct wd_dtb *r,
		      const struct wd_dtb *s)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	int len, ret;

	ck_assert_int_eq(ECDSA_SIG_set0(sig, bn_dtb(r), bn_dtb(s)), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ret = EVP_PKEY_verify(ctx, der, (size_t)len, (unsigned char *)e->data, e->dsize);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
	return ret;
}

static void evp_sign(const struct pair *k, const struct wd_dtb *e, struct num *r, struct num *s)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	unsigned char der[200];
	const unsigned char *at = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, der, &len, (unsigned char *)e->data, e->dsize), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	num_bn(r, ECDSA_SIG_get0_r(sig));
	num_bn(s, ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	EVP_PKEY_CTX_free(ctx);
}

static int verify(int mode, handle_t sess, struct wd_dtb *e, struct wd_dtb *r, struct wd_dtb *s)
{
	struct wd_ecc_in *in = wd_ecdsa_new_verf_in(sess, e, r, s);
	struct wd_ecc_req req = ecc_req(WD_ECDSA_VERIFY, in, NULL);
	int ret;

	ck_assert_ptr_nonnull(in);
	ret = pk_ecc(mode, sess, &req);
	ck_assert_int_eq(req.status, -ret);
	wd_ecc_del_in(sess, in);
	return ret;
}

/* Digests of every length, k of the device's, of the caller's and of a callback's. */
static void ecdsa(int mode, const struct curve *c, handle_t sess, const struct pair *k, bool given,
		  size_t e_len)
{
	struct wd_ecc_out *out = wd_ecdsa_new_sign_out(sess);
	struct num e, nk, r, s;
	uint8_t digest[64], bytes[72] = { 0 };
	struct wd_dtb *got_r, *got_s;
	struct wd_ecc_in *in;
	struct wd_ecc_req req;

	rng_bytes(digest, sizeof(digest));
	rng_bytes(bytes + 1, (c->bits - 1) / 8);	/* below the order for sure */
	num_bytes(&e, digest, e_len);
	num_bytes(&nk, bytes, (c->bits + 7u) / 8);
	in = wd_ecdsa_new_sign_in(sess, &e.dtb, given ? &nk.dtb : NULL);
	ck_assert_ptr_nonnull(in);
	req = ecc_req(WD_ECDSA_SIGN, in, out);
	assert_result(&req, 0, pk_ecc(mode, sess, &req), 0);
	wd_ecdsa_get_sign_out_params(out, &got_r, &got_s);
	ck_assert_msg(evp_verify(k, &e.dtb, got_r, got_s) == 1,
		      "libcrypto does not verify on %s, digest of %zu bytes, k %s", c->name, e_len,
		      given ? "given" : "not given");
	ck_assert_int_eq(verify(mode, sess, &e.dtb, got_r, got_s), 0);
	evp_sign(k, &e.dtb, &r, &s);
	ck_assert_int_eq(verify(mode, sess, &e.dtb, &r.dtb, &s.dtb), 0);
	/* Somebody changes something. */
	r.bytes[r.dtb.dsize - 1] ^= 1;
	ck_assert_int_eq(verify(mode, sess, &e.dtb, &r.dtb, &s.dtb), -WD_VERIFY_ERR);
	r.bytes[r.dtb.dsize - 1] ^= 1;
	s.bytes[s.dtb.dsize - 1] ^= 1;
	ck_assert_int_eq(verify(mode, sess, &e.dtb, &r.dtb, &s.dtb), -WD_VERIFY_ERR);
	s.bytes[s.dtb.dsize - 1] ^= 1;
	e.bytes[0] = (char)(e.bytes[0] ^ 0x80);
	ck_assert_int_eq(verify(mode, sess, &e.dtb, &r.dtb, &s.dtb), -WD_VERIFY_ERR);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
}

static int give_random(char *out, size_t len, void *usr)
{
	unsigned int *calls = usr;

	++*calls;
	/* The first is never of use. */
	if (*calls == 1)
		memset(out, 0xff, len);
	else
		rng_bytes(out, len);
	return 0;
}

static int give_nothing(char *out, size_t len, void *usr)
{
	(void)out, (void)len, (void)usr;
	return -1;
}

static int give_zeroes(char *out, size_t len, void *usr)
{
	(void)usr;
	memset(out, 0, len);
	return 0;
}

START_TEST(ecdsa_on_every_curve)
{
	static const size_t lens[] = { 1, 20, 28, 32, 48, 64 };
	unsigned int calls = 0;
	const struct wd_ecc_sess_setup with_rand = { .rand = { give_random, &calls } };

	pk_start(_i);
	/* The last is SM2's, whose keys are not for ECDSA in libcrypto. */
	for (int c = 0; c < CURVES - 1; c++) {
		struct pair k;
		handle_t sess;

		pair_make(&k, &curves[c]);
		sess = session_on("ecdsa", &curves[c], c & 1);
		set_pair(sess, &k);
		for (int i = 0; i < 6; i++) {
			if (slow() && i != 3)
				continue;
			ecdsa(_i, &curves[c], sess, &k, false, lens[i]);
			ecdsa(_i, &curves[c], sess, &k, true, lens[i]);
		}
		wd_ecc_free_sess(sess);
		calls = 0;
		sess = ecc_sess_with("ecdsa", &curves[c], !curves[c].id, &with_rand);
		set_pair(sess, &k);
		ecdsa(_i, &curves[c], sess, &k, false, 32);
		ck_assert_uint_ge(calls, 2);
		wd_ecc_free_sess(sess);
		pair_free(&k);
	}
	pk_finish();
}
END_TEST

START_TEST(callbacks_that_fail)
{
	const struct wd_ecc_sess_setup nothing = { .rand = { give_nothing, NULL } };
	const struct wd_ecc_sess_setup zeroes = { .rand = { give_zeroes, NULL } };
	struct num e;
	handle_t sess;

	pk_start(PK_SYNC_INLINE);
	num_hex(&e, "0102030405");
	sess = ecc_sess_with("ecdsa", &curves[3], false, &nothing);
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(sess, &e.dtb, NULL));
	wd_ecc_free_sess(sess);
	sess = ecc_sess_with("ecdsa", &curves[3], false, &zeroes);
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(sess, &e.dtb, NULL));
	wd_ecc_free_sess(sess);
	pk_finish();
}
END_TEST

/* RFC 6979 A.2.5 and A.2.7; device_pk_test.c has the others. */
static const struct {
	int curve;
	const char *d, *digest, *k, *r, *s;
} signatures[] = {
	{ 8, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
	  "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF",
	  "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
	  "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
	  "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8" },
	{ 7, "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
	     "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
	  "39A5E04AAFF7455D9850C605364F514C11324CE64016960D23D5DC57D3FFD8F4"
	  "9A739468AB8049BF18EEF820CDB1AD6C9015F838556BC7FAD4138B23FDF986C7",
	  "01DAE2EA071F8110DC26882D4D5EAE0621A3256FC8847FB9022E2B7D28E6F101"
	  "98B1574FDD03A9053C08A1854A168AA5A57470EC97DD5CE090124EF52A2F7ECBFFD3",
	  "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F17"
	  "4E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
	  "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF28"
	  "2623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A" },
};

START_TEST(published_signatures)
{
	pk_start(_i);
	for (size_t i = 0; i < sizeof(signatures) / sizeof(*signatures); i++) {
		handle_t sess = session_on("ecdsa", &curves[signatures[i].curve], 1);
		struct wd_ecc_out *out = wd_ecdsa_new_sign_out(sess);
		struct num d, e, k;
		struct wd_dtb *r, *s;
		struct wd_ecc_req req;
		struct wd_ecc_in *in;

		ecc_set_private(sess, num_hex(&d, signatures[i].d));
		in = wd_ecdsa_new_sign_in(sess, num_hex(&e, signatures[i].digest),
					  num_hex(&k, signatures[i].k));
		req = ecc_req(WD_ECDSA_SIGN, in, out);
		assert_result(&req, 0, pk_ecc(_i, sess, &req), 0);
		wd_ecdsa_get_sign_out_params(out, &r, &s);
		ck_assert(dtb_is_hex(r, signatures[i].r) && dtb_is_hex(s, signatures[i].s));
		wd_ecc_del_in(sess, in);
		wd_ecc_del_out(sess, out);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* ---- X25519 and X448 ------------------------------------------------------------------- */

static void turn(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		uint8_t byte = p[i];

		p[i] = p[len - 1 - i];
		p[len - 1 - i] = byte;
	}
}

/* The numbers of RFC 7748, whose low byte comes first, the other way round. */
static struct wd_dtb *num_rfc7748(struct num *n, const char *hex)
{
	num_hex(n, hex);
	turn((uint8_t *)n->bytes, n->dtb.dsize);
	return &n->dtb;
}

static int xdh(int mode, handle_t sess, struct wd_dtb *d, struct wd_dtb *u, struct num *result)
{
	char one = 1;
	struct wd_ecc_point peer = { .y = { .data = &one, .dsize = 1, .bsize = 1 } };
	struct wd_ecc_out *out = wd_ecxdh_new_out(sess);
	struct wd_ecc_point *point = NULL;
	struct wd_ecc_in *in = NULL;
	struct wd_ecc_req req;
	int ret;

	ecc_set_private(sess, d);
	if (u) {
		peer.x = *u;
		in = wd_ecxdh_new_in(sess, &peer);
		ck_assert_ptr_nonnull(in);
	}
	req = ecc_req(u ? WD_ECXDH_COMPUTE_KEY : WD_ECXDH_GEN_KEY, in, out);
	ret = pk_ecc(mode, sess, &req);
	wd_ecxdh_get_out_params(out, &point);
	if (!ret) {
		ck_assert_uint_eq(point->y.dsize, 0);
		num_bytes(result, point->x.data, point->x.dsize);
	}
	if (in)
		wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	return ret;
}

/* RFC 7748, 5.2 and 6; u NULL: the base point. */
static const struct {
	const char *alg, *d, *u, *result;
} rfc7748[] = {
	{ "x25519", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	  "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	  "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552" },
	{ "x25519", "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	  "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	  "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957" },
	{ "x448", "3d262fddf9ec8e88495266fea19a34d28882acef045104d0d1aae121"
		  "700a779c984c24f8cdd78fbff44943eba368f54b29259a4f1c600ad3",
	  "06fce640fa3487bfda5f6cf2d5263f8aad88334cbd07437f020f08f9"
	  "814dc031ddbdc38c19c6da2583fa5429db94ada18aa7a7fb4ef8a086",
	  "ce3e4ff95a60dc6697da1db1d85e6afbdf79b50a2412d7546d5f239f"
	  "e14fbaadeb445fc66a01b0779d98223961111e21766282f73dd96b6f" },
	{ "x448", "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28d"
		  "d9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b",
	  NULL,
	  "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c"
	  "22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0" },
};

START_TEST(published_montgomery)
{
	pk_start(_i);
	for (size_t i = 0; i < sizeof(rfc7748) / sizeof(*rfc7748); i++) {
		struct num d, u, want, have;
		handle_t sess;

		sess = ecc_sess(rfc7748[i].alg, NULL, false);
		num_rfc7748(&want, rfc7748[i].result);
		ck_assert_int_eq(xdh(_i, sess, num_rfc7748(&d, rfc7748[i].d),
				     rfc7748[i].u ? num_rfc7748(&u, rfc7748[i].u) : NULL, &have), 0);
		ck_assert_uint_eq(have.dtb.dsize, want.dtb.dsize);
		ck_assert_msg(!memcmp(have.bytes, want.bytes, have.dtb.dsize), "row %zu", i);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* Differential: keys and secrets of libcrypto's. */
START_TEST(montgomery_as_libcrypto)
{
	static const char *const algs[] = { "x25519", "x448" };
	static const char *const evp[] = { "X25519", "X448" };

	pk_start(_i);
	for (int a = 0; a < 2; a++) {
		handle_t sess = ecc_sess(algs[a], NULL, false);
		size_t len = a ? 56 : 32, n;

		for (int i = 0; i < (slow() ? 4 : 40); i++) {
			EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, evp[a]);
			EVP_PKEY *theirs = EVP_PKEY_Q_keygen(NULL, NULL, evp[a]);
			EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);
			uint8_t raw[56], secret[56];
			struct num d, u, have;

			n = len;
			ck_assert_int_eq(EVP_PKEY_get_raw_private_key(mine, raw, &n), 1);
			turn(raw, len);
			num_bytes(&d, raw, len);
			ck_assert_int_eq(EVP_PKEY_get_raw_public_key(mine, raw, &n), 1);
			turn(raw, len);
			ck_assert_int_eq(xdh(_i, sess, &d.dtb, NULL, &have), 0);
			ck_assert_mem_eq(have.bytes, raw + (len - have.dtb.dsize), have.dtb.dsize);
			ck_assert_int_eq(EVP_PKEY_get_raw_public_key(theirs, raw, &n), 1);
			turn(raw, len);
			num_bytes(&u, raw, len);
			ck_assert_int_eq(xdh(_i, sess, &d.dtb, &u.dtb, &have), 0);
			ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
			ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
			ck_assert_int_eq(EVP_PKEY_derive(ctx, secret, &n), 1);
			turn(secret, len);
			ck_assert_mem_eq(have.bytes, secret + (len - have.dtb.dsize),
					 have.dtb.dsize);
			EVP_PKEY_CTX_free(ctx);
			EVP_PKEY_free(mine);
			EVP_PKEY_free(theirs);
		}
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* ---- what is wrong ---------------------------------------------------------------------- */

START_TEST(bad_setups)
{
	struct wd_ecc_sess_setup good = { .alg = "ecdh", .key_bits = 256 }, setup;
	struct wd_ecc_curve numbers = { 0 };

	good.cv.type = WD_CV_CFG_ID;
	good.cv.cfg.id = WD_SECP256K1;
	ck_assert_uint_eq(wd_ecc_alloc_sess(&good), 0);
	pk_start(PK_SYNC_INLINE);
#define refused(change) \
	do { \
		setup = good; \
		change; \
		ck_assert_uint_eq(wd_ecc_alloc_sess(&setup), 0); \
		ck_assert_int_eq(errno, EINVAL); \
	} while (0)
	ck_assert_uint_eq(wd_ecc_alloc_sess(NULL), 0);
	refused(setup.alg = NULL);
	refused(setup.alg = "ecdh2");
	refused(setup.key_bits = 255);
	refused(setup.key_bits = 384);
	refused(setup.key_bits = 0);
	refused(setup.cv.cfg.id = (enum wd_ecc_curve_id)0);
	refused(setup.cv.cfg.id = (enum wd_ecc_curve_id)0x19);
	refused(setup.cv.cfg.id = (enum wd_ecc_curve_id)1);
	refused(setup.cv.type = 2);
	refused(setup.hash.type = WD_HASH_MAX);
	refused((setup.cv.type = WD_CV_CFG_PARAM, setup.cv.cfg.pparam = NULL));
	refused((setup.cv.type = WD_CV_CFG_PARAM, setup.cv.cfg.pparam = &numbers));
	pk_finish();
}
END_TEST

/* Numbers that look like a curve. */
START_TEST(bad_curves)
{
	struct wd_ecc_curve numbers;
	struct wd_ecc_sess_setup setup = {
		.alg = "ecdh", .key_bits = 256,
		.cv = { .type = WD_CV_CFG_PARAM, .cfg.pparam = &numbers },
	};
	struct wd_dtb *v[] = {
		&numbers.p, &numbers.a, &numbers.b, &numbers.g.x, &numbers.g.y, &numbers.n,
	};
	struct num keep[6];
	handle_t sess;

	pk_start(PK_SYNC_INLINE);
	sess = session_on("ecdh", &curves[3], 0);
	wd_ecc_get_prikey_params(wd_ecc_get_key(sess), &v[0], &v[1], &v[2], &v[5], NULL, NULL);
	for (int i = 0; i < 6; i++) {
		struct wd_ecc_point *g;

		wd_ecc_get_prikey_params(wd_ecc_get_key(sess), NULL, NULL, NULL, NULL, &g, NULL);
		v[3] = &g->x;
		v[4] = &g->y;
		num_bytes(&keep[i], v[i]->data, v[i]->dsize);
	}
	numbers = (struct wd_ecc_curve){
		.p = keep[0].dtb, .a = keep[1].dtb, .b = keep[2].dtb,
		.g = { keep[3].dtb, keep[4].dtb }, .n = keep[5].dtb,
	};
	wd_ecc_free_sess(sess);
	sess = wd_ecc_alloc_sess(&setup);
	ck_assert_uint_ne(sess, 0);
	wd_ecc_free_sess(sess);
	for (int i = 0; i < 6; i++) {
		for (int bit = 1; bit < 4; bit <<= 1) {
			keep[i].bytes[31] = (char)(keep[i].bytes[31] ^ bit);
			ck_assert_msg(!wd_ecc_alloc_sess(&setup), "number %d, bit %d", i, bit);
			ck_assert_int_eq(errno, EINVAL);
			keep[i].bytes[31] = (char)(keep[i].bytes[31] ^ bit);
		}
	}
	numbers.b.dsize = 33;
	ck_assert_uint_eq(wd_ecc_alloc_sess(&setup), 0);
	numbers.b.dsize = 0;
	ck_assert_uint_eq(wd_ecc_alloc_sess(&setup), 0);
	numbers.b.dsize = 32;
	numbers.g.y.data = NULL;
	ck_assert_uint_eq(wd_ecc_alloc_sess(&setup), 0);
	pk_finish();
}
END_TEST

START_TEST(bad_requests)
{
	const struct curve *c = &curves[3];
	struct wd_ecc_req req;
	struct wd_ecc_in *in, *sign_in;
	struct wd_ecc_out *out, *sign_out;
	struct num e, d;
	struct pair k;
	handle_t sess, other;

	pk_start(_i);
	pair_make(&k, c);
	sess = session_on("ecdsa", c, 0);
	other = session_on("ecdsa", &curves[6], 0);
	in = xdh_in(sess, k.x, k.y);
	out = wd_ecxdh_new_out(sess);
	sign_in = wd_ecdsa_new_sign_in(sess, num_hex(&e, "01020304"), NULL);
	sign_out = wd_ecdsa_new_sign_out(sess);
#define refused_(op, in_, out_) \
	do { \
		req = ecc_req(op, in_, out_); \
		ck_assert_int_eq(pk_ecc(_i, sess, &req), -WD_EINVAL); \
		ck_assert_int_eq(req.status, UNTOUCHED); \
	} while (0)
	/* No key yet. */
	refused_(WD_ECXDH_COMPUTE_KEY, in, out);
	refused_(WD_ECXDH_GEN_KEY, NULL, out);
	refused_(WD_ECDSA_SIGN, sign_in, sign_out);
	set_pair(sess, &k);
	refused_(WD_EC_OP_INVALID, in, out);
	refused_(WD_EC_OP_MAX, in, out);
	refused_(WD_ECXDH_COMPUTE_KEY, NULL, out);
	refused_(WD_ECXDH_COMPUTE_KEY, in, NULL);
	refused_(WD_ECXDH_COMPUTE_KEY, sign_in, out);
	refused_(WD_ECXDH_COMPUTE_KEY, in, sign_out);
	refused_(WD_ECDSA_SIGN, in, sign_out);
	refused_(WD_ECDSA_VERIFY, sign_in, NULL);
	refused_(WD_SM2_DECRYPT, sign_in, sign_out);
	req = ecc_req(WD_ECDSA_SIGN, sign_in, sign_out);
	req.data_fmt = WD_SGL_BUF;
	ck_assert_int_eq(pk_ecc(_i, sess, &req), -WD_EINVAL);
	req = ecc_req(WD_ECDSA_SIGN, sign_in, sign_out);
	ck_assert_int_eq(wd_do_ecc_async(sess, &req), -WD_EINVAL);	/* no callback */
	ck_assert_int_eq(wd_do_ecc_sync(sess, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_do_ecc_sync(0, &req), -WD_EINVAL);
	/* Objects of another curve; SM2 on a curve that it is not made for. */
	ecc_set_private(other, num_hex(&d, "0123456789"));
	req = ecc_req(WD_ECDSA_SIGN, sign_in, sign_out);
	ck_assert_int_eq(pk_ecc(_i, other, &req), -WD_EINVAL);
	ck_assert_ptr_null(wd_sm2_new_kg_out(other));
	req = ecc_req(WD_SM2_KG, NULL, out);
	ck_assert_int_eq(pk_ecc(_i, other, &req), -WD_EINVAL);
	/* And still. */
	req = ecc_req(WD_ECDSA_SIGN, sign_in, sign_out);
	assert_result(&req, 0, pk_ecc(_i, sess, &req), 0);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_in(sess, sign_in);
	wd_ecc_del_out(sess, out);
	wd_ecc_del_out(sess, sign_out);
	wd_ecc_del_in(sess, NULL);
	wd_ecc_del_out(sess, NULL);
	wd_ecc_free_sess(sess);
	wd_ecc_free_sess(other);
	pair_free(&k);
	pk_finish();
}
END_TEST

/* Points, scalars and signatures that are none. */
START_TEST(bad_numbers)
{
	const struct curve *c = &curves[8];
	static const char *const order =
		"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
	static const char *const p =
		"FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
	struct num v, w, e;
	struct wd_ecc_in *in;
	struct wd_ecc_out *out;
	struct wd_ecc_req req;
	struct pair k;
	BIGNUM *bad;
	handle_t sess;

	pk_start(_i);
	pair_make(&k, c);
	sess = session_on("ecdh", c, 1);
	set_pair(sess, &k);
	out = wd_ecxdh_new_out(sess);
	num_hex(&e, "0102030405060708");
	/* y + 1; x = p; x = 0, y = 0, the usual word for infinity. */
	bad = BN_dup(k.y);
	BN_add_word(bad, 1);
	in = xdh_in(sess, k.x, bad);
	req = ecc_req(WD_ECXDH_COMPUTE_KEY, in, out);
	assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
	wd_ecc_del_in(sess, in);
	BN_hex2bn(&bad, p);
	in = xdh_in(sess, bad, k.y);
	req = ecc_req(WD_ECXDH_COMPUTE_KEY, in, out);
	assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
	wd_ecc_del_in(sess, in);
	BN_zero(bad);
	in = xdh_in(sess, bad, bad);
	req = ecc_req(WD_ECXDH_COMPUTE_KEY, in, out);
	assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
	wd_ecc_del_in(sess, in);
	/* Private keys. */
	ecc_set_private(sess, num_hex(&v, "00"));
	req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
	ecc_set_private(sess, num_hex(&v, order));
	req = ecc_req(WD_ECXDH_GEN_KEY, NULL, out);
	assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
	wd_ecc_del_out(sess, out);
	/* k. */
	set_pair(sess, &k);
	out = wd_ecdsa_new_sign_out(sess);
	for (int i = 0; i < 2; i++) {
		in = wd_ecdsa_new_sign_in(sess, &e.dtb, num_hex(&v, i ? order : "00"));
		ck_assert_ptr_nonnull(in);
		req = ecc_req(WD_ECDSA_SIGN, in, out);
		assert_result(&req, -WD_IN_EPARA, pk_ecc(_i, sess, &req), WD_IN_EPARA);
		wd_ecc_del_in(sess, in);
	}
	/* Signatures. */
	ck_assert_int_eq(verify(_i, sess, &e.dtb, num_hex(&v, "00"), num_hex(&w, "01")),
			 -WD_VERIFY_ERR);
	ck_assert_int_eq(verify(_i, sess, &e.dtb, num_hex(&v, "01"), num_hex(&w, "00")),
			 -WD_VERIFY_ERR);
	ck_assert_int_eq(verify(_i, sess, &e.dtb, num_hex(&v, order), num_hex(&w, "01")),
			 -WD_VERIFY_ERR);
	ck_assert_int_eq(verify(_i, sess, &e.dtb, num_hex(&v, "01"), num_hex(&w, order)),
			 -WD_VERIFY_ERR);
	/* A public key beside the curve. */
	ecc_set_public(sess, num_bn(&v, k.x), num_bn(&w, k.x));
	ck_assert_int_eq(verify(_i, sess, &e.dtb, num_hex(&v, "01"), num_hex(&w, "01")),
			 -WD_IN_EPARA);
	/* Too long, empty, absent. */
	num_bn_padded(&v, k.d, 33);
	ck_assert_int_eq(wd_ecc_set_prikey(wd_ecc_get_key(sess), &v.dtb), -WD_EINVAL);
	v.dtb.dsize = 0;
	ck_assert_int_eq(wd_ecc_set_prikey(wd_ecc_get_key(sess), &v.dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_ecc_set_prikey(wd_ecc_get_key(sess), NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_ecc_set_pubkey(wd_ecc_get_key(sess), NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_ecc_set_prikey(NULL, &w.dtb), -WD_EINVAL);
	ck_assert_ptr_null(wd_ecc_get_key(0));
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(sess, &v.dtb, NULL));
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(sess, NULL, NULL));
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(0, &w.dtb, NULL));
	ck_assert_ptr_null(wd_ecdsa_new_verf_in(sess, &w.dtb, &w.dtb, NULL));
	ck_assert_ptr_null(wd_ecxdh_new_in(sess, NULL));
	v.dtb.dsize = 65;
	ck_assert_ptr_null(wd_ecdsa_new_sign_in(sess, &v.dtb, NULL));
	set_pair(sess, &k);
	ecdsa(_i, c, sess, &k, true, 32);
	wd_ecc_del_out(sess, out);
	wd_ecc_free_sess(sess);
	pair_free(&k);
	BN_free(bad);
	pk_finish();
}
END_TEST

/* All-zero secrets: points of small order, RFC 7748 6.1. */
START_TEST(montgomery_without_secret)
{
	struct num d, u, have;
	handle_t sess;

	pk_start(_i);
	sess = ecc_sess("x25519", NULL, false);
	num_hex(&d, "77076d0a7318a57d3c16c17251b26645df4c2f92ebc099ac42d1e10d7a5b8e87");
	ck_assert_int_eq(xdh(_i, sess, &d.dtb, num_hex(&u, "00"), &have), -WD_IN_EPARA);
	ck_assert_int_eq(xdh(_i, sess, &d.dtb, num_hex(&u, "01"), &have), -WD_IN_EPARA);
	ck_assert_int_eq(xdh(_i, sess, &d.dtb, num_hex(&u, "09"), &have), 0);
	wd_ecc_free_sess(sess);
	pk_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ecc");
	TCase *tc = add_case(suite, "ecc");

	tcase_add_loop_test(tc, ecdh_on_every_curve, 0, PK_MODES);
	tcase_add_loop_test(tc, ecdsa_on_every_curve, 0, PK_MODES);
	tcase_add_test(tc, callbacks_that_fail);
	tcase_add_loop_test(tc, published_signatures, 0, PK_MODES);
	tcase_add_loop_test(tc, published_montgomery, 0, PK_MODES);
	tcase_add_loop_test(tc, montgomery_as_libcrypto, 0, PK_MODES);
	tcase_add_test(tc, bad_setups);
	tcase_add_test(tc, bad_curves);
	tcase_add_loop_test(tc, bad_requests, 0, PK_MODES);
	tcase_add_loop_test(tc, bad_numbers, 0, PK_MODES);
	tcase_add_loop_test(tc, montgomery_without_secret, 0, PK_MODES);
	return run_suite(suite);
}
