/* SPDX-License-Identifier: MIT */
/*
 * Diffie-Hellman: both sides agree, and on what libcrypto says, in the groups of
 * RFC 2409, RFC 3526 and RFC 7919.
 */
#include "pk.h"

#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/param_build.h>

static const struct group {
	const char *name;	/* libcrypto's, NULL: it has only the prime */
	BIGNUM *(*prime)(BIGNUM *);
	__u16 bits;
} groups[] = {
	{ NULL, BN_get_rfc2409_prime_768, 768 },
	{ NULL, BN_get_rfc2409_prime_1024, 1024 },
	{ "modp_1536", BN_get_rfc3526_prime_1536, 1536 },
	{ "modp_2048", BN_get_rfc3526_prime_2048, 2048 },
	{ "ffdhe2048", NULL, 2048 },
	{ "ffdhe3072", NULL, 3072 },
	{ "modp_4096", BN_get_rfc3526_prime_4096, 4096 },
	{ "ffdhe4096", NULL, 4096 },
};
#define GROUPS	((int)(sizeof(groups) / sizeof(*groups)))

static BIGNUM *prime_of(const struct group *g)
{
	OSSL_PARAM params[2];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *pkey = NULL;
	BIGNUM *p = NULL;

	if (g->prime)
		return g->prime(NULL);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						     (char *)(uintptr_t)g->name, 0);
	params[1] = OSSL_PARAM_construct_end();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEY_PARAMETERS, params), 1);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_P, &p), 1);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(ctx);
	return p;
}

struct side {
	handle_t sess;
	BIGNUM *x;
	uint8_t *x_p;		/* x, then p */
	uint8_t *out;
	__u16 out_len;
	__u16 x_len;
};

static handle_t dh_sess(__u16 bits, bool is_g2)
{
	struct wd_dh_sess_setup setup = { .key_bits = bits, .is_g2 = is_g2 };
	handle_t sess = wd_dh_alloc_sess(&setup);

	ck_assert_uint_ne(sess, 0);
	return sess;
}

static void side_make(struct side *s, const struct group *g, const BIGNUM *p, bool is_g2)
{
	size_t size = g->bits / 8;
	uint8_t x[40];
	struct num two;

	rng_bytes(x, sizeof(x));
	s->x = BN_bin2bn(x, sizeof(x), NULL);
	s->sess = dh_sess(g->bits, is_g2);
	if (!is_g2)
		ck_assert_int_eq(wd_dh_set_g(s->sess, num_hex(&two, "02")), 0);
	s->x_p = fenced(2 * size);
	memset(s->x_p, 0xa5, 2 * size);
	s->x_len = (__u16)BN_bn2bin(s->x, s->x_p);
	BN_bn2bin(p, s->x_p + size);
	s->out = fenced(size);
}

static void side_free(struct side *s, const struct group *g)
{
	wd_dh_free_sess(s->sess);
	fenced_free(s->x_p, 2u * g->bits / 8);
	fenced_free(s->out, g->bits / 8);
	BN_free(s->x);
}

static struct wd_dh_req dh_req(enum wd_dh_op_type op, struct side *s, const struct group *g)
{
	return (struct wd_dh_req){
		.x_p = s->x_p, .pri = s->out, .pri_bytes = g->bits / 8, .pbytes = g->bits / 8,
		.xbytes = s->x_len, .op_type = (__u8)op, .data_fmt = WD_FLAT_BUF,
		.status = UNTOUCHED,
	};
}

static void check_power(const struct side *s, const BIGNUM *base, const BIGNUM *p)
{
	struct wd_dtb dtb = { .data = (char *)s->out, .dsize = s->out_len, .bsize = s->out_len };
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *want = BN_new();

	ck_assert_int_eq(BN_mod_exp(want, base, s->x, p, ctx), 1);
	ck_assert(dtb_is_bn(&dtb, want));
	BN_free(want);
	BN_CTX_free(ctx);
}

/* What EVP makes of the same private and public value. */
static void check_evp(const struct group *g, const struct side *a, const BIGNUM *peer)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY *mine = NULL, *theirs = NULL;
	EVP_PKEY_CTX *ctx;
	OSSL_PARAM *params;
	uint8_t secret[512], want[512];
	size_t len = sizeof(secret), size = g->bits / 8;

	OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, g->name, 0);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, a->x);
	OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, peer);
	params = OSSL_PARAM_BLD_to_param(bld);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &mine, EVP_PKEY_KEYPAIR, params), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &theirs, EVP_PKEY_PUBLIC_KEY, params), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new(mine, NULL);
	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_dh_pad(ctx, 1), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, secret, &len), 1);
	ck_assert_uint_eq(len, size);
	memset(want, 0, size);
	memcpy(want + size - a->out_len, a->out, a->out_len);
	ck_assert_mem_eq(secret, want, size);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(theirs);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
}

static void agree(int mode, const struct group *g, bool is_g2)
{
	BIGNUM *p = prime_of(g), *two = BN_new(), *pub[2];
	struct side s[2];

	BN_set_word(two, 2);
	for (int i = 0; i < 2; i++) {
		struct wd_dh_req req;

		side_make(&s[i], g, p, is_g2);
		req = dh_req(WD_DH_PHASE1, &s[i], g);
		assert_result(&req, 0, pk_dh(mode, s[i].sess, &req), 0);
		s[i].out_len = req.pri_bytes;
		check_power(&s[i], two, p);
		pub[i] = BN_bin2bn(s[i].out, s[i].out_len, NULL);
	}
	for (int i = 0; i < 2; i++) {
		struct wd_dh_req req = dh_req(WD_DH_PHASE2, &s[i], g);
		struct num pv;

		num_bn(&pv, pub[!i]);
		req.pv = pv.bytes;
		req.pvbytes = (__u16)pv.dtb.dsize;
		assert_result(&req, 0, pk_dh(mode, s[i].sess, &req), 0);
		s[i].out_len = req.pri_bytes;
		check_power(&s[i], pub[!i], p);
		if (g->name && i)
			check_evp(g, &s[i], pub[!i]);
	}
	ck_assert_uint_eq(s[0].out_len, s[1].out_len);
	ck_assert_mem_eq(s[0].out, s[1].out, s[0].out_len);
	for (int i = 0; i < 2; i++) {
		side_free(&s[i], g);
		BN_free(pub[i]);
	}
	BN_free(p);
	BN_free(two);
}

START_TEST(agreement)
{
	pk_start(_i);
	for (int i = 0; i < (slow() ? 2 : GROUPS); i++) {
		agree(_i, &groups[i], false);
		agree(_i, &groups[i], true);
	}
	pk_finish();
}
END_TEST

/* A result that begins with a zero byte is shorter; one in 256 does. */
START_TEST(short_results)
{
	const struct group *g = &groups[0];
	BIGNUM *p = prime_of(g), *two = BN_new();
	unsigned int seen = 0;
	struct side s;

	pk_start(_i);
	BN_set_word(two, 2);
	side_make(&s, g, p, true);
	for (int i = 0; i < 2000 && !seen; i++) {
		struct wd_dh_req req = dh_req(WD_DH_PHASE1, &s, g);

		s.x_p[s.x_len - 1] = (uint8_t)i;
		s.x_p[s.x_len - 2] = (uint8_t)(i >> 8);
		BN_bin2bn(s.x_p, s.x_len, s.x);
		assert_result(&req, 0, pk_dh(_i, s.sess, &req), 0);
		seen += req.pri_bytes < g->bits / 8;
		s.out_len = req.pri_bytes;
	}
	ck_assert_uint_eq(seen, 1);
	check_power(&s, two, p);
	for (unsigned int i = s.out_len; i < g->bits / 8u; i++)
		ck_assert_uint_eq(s.out[i], 0);
	side_free(&s, g);
	BN_free(p);
	BN_free(two);
	pk_finish();
}
END_TEST

START_TEST(sessions)
{
	static const __u16 bits[] = { 0, 1, 512, 767, 769, 1280, 2047, 8192 };
	struct wd_dh_sess_setup setup = { .key_bits = 768 };
	struct wd_dtb *g = NULL;
	struct num v;
	handle_t sess;
	__u8 mode;

	ck_assert_uint_eq(wd_dh_alloc_sess(&setup), 0);
	pk_start(PK_SYNC_INLINE);
	ck_assert_uint_eq(wd_dh_alloc_sess(NULL), 0);
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		setup.key_bits = bits[i];
		ck_assert_uint_eq(wd_dh_alloc_sess(&setup), 0);
		ck_assert_int_eq(errno, EINVAL);
	}
	sess = dh_sess(768, true);
	ck_assert_uint_eq(wd_dh_key_bits(sess), 768);
	ck_assert_int_eq(wd_dh_get_mode(sess, &mode), 0);
	ck_assert_int_eq(mode, 1);
	ck_assert_int_eq(wd_dh_set_g(sess, num_hex(&v, "05")), -WD_EINVAL);
	ck_assert_int_eq(wd_dh_set_g(sess, num_hex(&v, "0202")), -WD_EINVAL);
	ck_assert_int_eq(wd_dh_set_g(sess, num_hex(&v, "0002")), 0);
	wd_dh_free_sess(sess);
	sess = dh_sess(768, false);
	ck_assert_int_eq(wd_dh_get_mode(sess, &mode), 0);
	ck_assert_int_eq(mode, 0);
	wd_dh_get_g(sess, &g);
	ck_assert_uint_eq(g->dsize, 0);
	ck_assert_int_eq(wd_dh_set_g(sess, num_hex(&v, "0203")), 0);
	ck_assert_uint_eq(g->dsize, 2);
	ck_assert_int_eq(wd_dh_set_g(sess, NULL), -WD_EINVAL);
	v.dtb.dsize = 97;
	ck_assert_int_eq(wd_dh_set_g(sess, &v.dtb), -WD_EINVAL);
	v.dtb.dsize = 0;
	ck_assert_int_eq(wd_dh_set_g(sess, &v.dtb), -WD_EINVAL);
	ck_assert_uint_eq(g->dsize, 2);
	ck_assert_int_eq(wd_dh_get_mode(sess, NULL), -WD_EINVAL);
	ck_assert_int_eq(wd_dh_get_mode(0, &mode), -WD_EINVAL);
	ck_assert_uint_eq(wd_dh_key_bits(0), 0);
	ck_assert_int_eq(wd_dh_set_g(0, num_hex(&v, "02")), -WD_EINVAL);
	wd_dh_free_sess(sess);
	wd_dh_free_sess(0);
	pk_finish();
}
END_TEST

START_TEST(bad_requests)
{
	const struct group *g = &groups[0];
	uint8_t *hole = fenced(48), small[] = { 1 }, pv[96];
	BIGNUM *p = prime_of(g);
	struct wd_dh_req req;
	struct side s;

	pk_start(_i);
	side_make(&s, g, p, false);
	BN_bn2binpad(p, pv, sizeof(pv));
	pv[0] = 0;
#define again(op) (req = dh_req(op, &s, g), req.pv = pv, req.pvbytes = sizeof(pv))
#define ends_with(code, want_status) \
	do { \
		assert_result(&req, code, pk_dh(_i, s.sess, &req), want_status); \
		again(WD_DH_PHASE2); \
	} while (0)
	again(WD_DH_PHASE2);
	ends_with(0, 0);
	req.x_p = NULL;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pri = NULL;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pv = NULL;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pvbytes = 0;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pvbytes = 97;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.xbytes = 0;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.xbytes = 97;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pbytes = 0;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pbytes = 97;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.pri_bytes = 95;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.op_type = WD_DH_INVALID;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.op_type = WD_DH_PHASE2 + 1;
	ends_with(-WD_EINVAL, UNTOUCHED);
	req.data_fmt = WD_SGL_BUF;
	ends_with(-WD_EINVAL, UNTOUCHED);
	/* 0, 1, p - 1, p: nothing secret comes of them. */
	req.pv = small;
	req.pvbytes = 1;
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	small[0] = 0;
	req.pv = small;
	req.pvbytes = 1;
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	BN_bn2binpad(p, pv, sizeof(pv));
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	pv[95] ^= 1;
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	pv[0] = 0;
	/* x = 0; p even. */
	memset(s.x_p, 0, s.x_len);
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	s.x_p[0] = 1;
	s.x_p[96 + 95] ^= 1;
	ends_with(-WD_IN_EPARA, WD_IN_EPARA);
	s.x_p[96 + 95] ^= 1;
	/* Memory that ends half-way. */
	req.pv = hole;
	ends_with(-WD_ADDR_ERR, WD_ADDR_ERR);
	req.x_p = hole;
	ends_with(-WD_ADDR_ERR, WD_ADDR_ERR);
	req.pri = hole;
	ends_with(-WD_ADDR_ERR, WD_ADDR_ERR);
	ends_with(0, 0);
	wd_dh_free_sess(s.sess);
	ends_with(-WD_EINVAL, UNTOUCHED);
	/* A session without a base. */
	s.sess = dh_sess(768, false);
	again(WD_DH_PHASE1);
	ends_with(-WD_EINVAL, UNTOUCHED);
	ck_assert_int_eq(wd_do_dh_sync(s.sess, NULL), -WD_EINVAL);
	req.cb = NULL;
	ck_assert_int_eq(wd_do_dh_async(s.sess, &req), -WD_EINVAL);
	side_free(&s, g);
	fenced_free(hole, 48);
	BN_free(p);
	pk_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dh");
	TCase *tc = add_case(suite, "dh");

	tcase_add_loop_test(tc, agreement, 0, PK_MODES);
	tcase_add_loop_test(tc, short_results, 0, PK_MODES);
	tcase_add_test(tc, sessions);
	tcase_add_loop_test(tc, bad_requests, 0, PK_MODES);
	return run_suite(suite);
}
