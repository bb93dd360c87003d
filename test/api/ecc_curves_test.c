/* SPDX-License-Identifier: MIT */
/* The numbers of each curve that has an id are those of libcrypto. */
#include "pk.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

static void same(const struct wd_dtb *have, const BIGNUM *want, const struct curve *c,
		 const char *what)
{
	BIGNUM *bn = bn_dtb(have);

	ck_assert_msg(!BN_cmp(bn, want), "%s of %s", what, c->name);
	ck_assert_uint_eq(have->dsize, (c->bits + 7u) / 8);
	BN_free(bn);
}

static void compare(handle_t sess, const struct curve *c)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(c->nid);
	BIGNUM *v[5];
	struct wd_dtb *p, *a, *b, *n, *d = NULL;
	struct wd_ecc_point *g, *pub = NULL;

	ck_assert_msg(group != NULL, "libcrypto has not %s", c->name);
	for (int i = 0; i < 5; i++)
		v[i] = BN_new();
	ck_assert_int_eq(EC_GROUP_get_curve(group, v[0], v[1], v[2], NULL), 1);
	ck_assert_int_eq(EC_POINT_get_affine_coordinates(group, EC_GROUP_get0_generator(group),
							 v[3], v[4], NULL), 1);
	wd_ecc_get_prikey_params(wd_ecc_get_key(sess), &p, &a, &b, &n, &g, &d);
	same(p, v[0], c, "p");
	same(a, v[1], c, "a");
	same(b, v[2], c, "b");
	same(&g->x, v[3], c, "x of the base point");
	same(&g->y, v[4], c, "y of the base point");
	same(n, EC_GROUP_get0_order(group), c, "order");
	ck_assert_uint_eq(d->dsize, 0);
	p = a = b = n = NULL;
	g = NULL;
	wd_ecc_get_pubkey_params(wd_ecc_get_key(sess), &p, &a, &b, &n, &g, &pub);
	same(p, v[0], c, "p");
	same(n, EC_GROUP_get0_order(group), c, "order");
	ck_assert_uint_eq(pub->x.dsize, 0);
	ck_assert_int_eq(wd_ecc_get_key_bits(sess), c->bits);
	for (int i = 0; i < 5; i++)
		BN_free(v[i]);
	EC_GROUP_free(group);
}

START_TEST(named)
{
	pk_start(PK_SYNC_INLINE);
	for (int i = 0; i < CURVES; i++) {
		struct curve c = curves[i];
		handle_t sess;

		/* P-256 has a number that the header does not show; SM2 comes with its name. */
		if (c.nid == NID_X9_62_prime256v1)
			c.id = 0x18;
		sess = c.nid == NID_sm2 ? ecc_sess("sm2", NULL, false) : ecc_sess("ecdh", &c, false);
		compare(sess, &c);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* What is asked of a curve of Montgomery's has to be one: v^2 = u^3 + a u^2 + u. */
START_TEST(montgomery)
{
	static const char *const names[] = { "x25519", "x448" };
	static const int bits[] = { 256, 448 };

	pk_start(PK_SYNC_INLINE);
	for (int i = 0; i < 2; i++) {
		handle_t sess = ecc_sess(names[i], NULL, false);
		struct wd_dtb *p, *a, *n;
		struct wd_ecc_point *g;
		BN_CTX *ctx = BN_CTX_new();
		BIGNUM *bp, *ba, *u, *v, *sum = BN_new(), *t = BN_new();

		ck_assert_int_eq(wd_ecc_get_key_bits(sess), bits[i]);
		wd_ecc_get_prikey_params(wd_ecc_get_key(sess), &p, &a, NULL, &n, &g, NULL);
		bp = bn_dtb(p);
		ba = bn_dtb(a);
		u = bn_dtb(&g->x);
		v = bn_dtb(&g->y);
		ck_assert_int_eq(BN_check_prime(bp, ctx, NULL), 1);
		BN_mod_sqr(t, u, bp, ctx);
		BN_mod_mul(sum, t, u, bp, ctx);
		BN_mod_mul(t, t, ba, bp, ctx);
		BN_mod_add(sum, sum, t, bp, ctx);
		BN_mod_add(sum, sum, u, bp, ctx);
		BN_mod_sqr(t, v, bp, ctx);
		ck_assert_int_eq(BN_cmp(sum, t), 0);
		BN_free(sum);
		sum = bn_dtb(n);
		ck_assert_int_eq(BN_check_prime(sum, ctx, NULL), 1);
		BN_free(bp);
		BN_free(ba);
		BN_free(u);
		BN_free(v);
		BN_free(sum);
		BN_free(t);
		BN_CTX_free(ctx);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ecc curves");
	TCase *tc = add_case(suite, "curves");

	tcase_add_test(tc, named);
	tcase_add_test(tc, montgomery);
	return run_suite(suite);
}
