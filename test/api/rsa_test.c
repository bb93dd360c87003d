/* SPDX-License-Identifier: MIT */
/* RSA: against libcrypto in every size, with keys set and keys written in place. */
#include "pk.h"

#include <openssl/rsa.h>

static const unsigned int sizes[] = { 1024, 2048, 3072, 4096 };
#define SIZES	(slow() ? 1 : 4)

/* What libcrypto makes of a message; its own padding is none, too. */
static void oracle(const struct rsa_key *k, bool sign, const uint8_t *in, uint8_t *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
	size_t len = k->bits / 8;

	ck_assert_ptr_nonnull(ctx);
	if (sign) {
		ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
		ck_assert_int_eq(EVP_PKEY_sign(ctx, out, &len, in, k->bits / 8), 1);
	} else {
		ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
		ck_assert_int_eq(EVP_PKEY_encrypt(ctx, out, &len, in, k->bits / 8), 1);
	}
	ck_assert_uint_eq(len, k->bits / 8);
	EVP_PKEY_CTX_free(ctx);
}

/* Below n: the high byte is 0 or 1, n's is 128 or more. */
static void message(uint8_t *m, unsigned int bits, int which)
{
	memset(m, 0, bits / 8);
	if (which < 3)
		m[bits / 8 - 1] = (uint8_t)which;	/* 0, 1, 2 */
	else
		rng_bytes(m + 1, bits / 8 - 1);
	if (which > 4)
		m[0] = 1;
}

static void sign_and_verify(int mode, handle_t sess, const struct rsa_key *k)
{
	unsigned int bits = k->bits;
	uint8_t *m = fenced(bits / 8), *out = fenced(bits / 8), want[512];

	for (int which = 0; which < (slow() ? 4 : 7); which++) {
		struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, m, out, bits);

		message(m, bits, which);
		oracle(k, true, m, want);
		assert_result(&req, 0, pk_rsa(mode, sess, &req), 0);
		ck_assert_mem_eq(out, want, bits / 8);
		ck_assert_uint_eq(req.dst_bytes, bits / 8);
		/* In place, and back again. */
		req = rsa_req(WD_RSA_VERIFY, out, out, bits);
		assert_result(&req, 0, pk_rsa(mode, sess, &req), 0);
		ck_assert_mem_eq(out, m, bits / 8);
		oracle(k, false, m, want);
		req = rsa_req(WD_RSA_VERIFY, m, out, bits);
		assert_result(&req, 0, pk_rsa(mode, sess, &req), 0);
		ck_assert_mem_eq(out, want, bits / 8);
	}
	fenced_free(m, bits / 8);
	fenced_free(out, bits / 8);
}

START_TEST(as_libcrypto)
{
	pk_start(_i);
	for (int i = 0; i < SIZES; i++) {
		for (int crt = 0; crt < 2; crt++) {
			const struct rsa_key *k = rsa_key(sizes[i]);
			handle_t sess = rsa_sess(sizes[i], crt);

			ck_assert_uint_eq(wd_rsa_get_key_bits(sess), sizes[i]);
			ck_assert_int_eq(wd_rsa_is_crt(sess), crt);
			rsa_set(sess, k, crt);
			sign_and_verify(_i, sess, k);
			wd_rsa_free_sess(sess);
		}
	}
	pk_finish();
}
END_TEST

/* Without a public key there is no exponent to blind with; the result is the same. */
START_TEST(private_key_alone)
{
	const struct rsa_key *k = rsa_key(1024);
	uint8_t m[128], out[128], want[128];
	struct num d, n;
	handle_t sess;

	pk_start(_i);
	sess = rsa_sess(1024, false);
	ck_assert_int_eq(wd_rsa_set_prikey_params(sess, num_bn(&d, k->d), num_bn(&n, k->n)), 0);
	for (int which = 0; which < 6; which++) {
		struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, m, out, 1024);

		message(m, 1024, which);
		oracle(k, true, m, want);
		assert_result(&req, 0, pk_rsa(_i, sess, &req), 0);
		ck_assert_mem_eq(out, want, sizeof(want));
	}
	wd_rsa_free_sess(sess);
	pk_finish();
}
END_TEST

/* Public exponents of every kind, short ones being done in another way than long ones. */
START_TEST(public_exponents)
{
	static const BN_ULONG exponents[] = { 3, 5, 17, 257, 65537, 0x7ffff, 0xfffff, 0x100001, 6, 65536,
					      0x123456789abcdef };
	const struct rsa_key *k = rsa_key(1024);
	BIGNUM *e = BN_new(), *bm = BN_new(), *want = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	uint8_t m[128], out[128], bytes[128];
	struct num en, nn;
	handle_t sess;

	pk_start(_i);
	sess = rsa_sess(1024, false);
	for (size_t i = 0; i < sizeof(exponents) / sizeof(exponents[0]); i++) {
		ck_assert(BN_set_word(e, exponents[i]));
		ck_assert_int_eq(wd_rsa_set_pubkey_params(sess, num_bn(&en, e), num_bn(&nn, k->n)), 0);
		for (int which = 0; which < 6; which++) {
			struct wd_rsa_req req = rsa_req(WD_RSA_VERIFY, m, out, 1024);

			message(m, 1024, which);
			ck_assert(BN_bin2bn(m, sizeof(m), bm) && BN_mod_exp(want, bm, e, k->n, ctx) &&
				  BN_bn2binpad(want, bytes, sizeof(bytes)) > 0);
			assert_result(&req, 0, pk_rsa(_i, sess, &req), 0);
			ck_assert_msg(!memcmp(out, bytes, sizeof(out)), "e = %llx, message %d",
				      (unsigned long long)exponents[i], which);
		}
	}
	wd_rsa_free_sess(sess);
	BN_CTX_free(ctx);
	BN_free(want);
	BN_free(bm);
	BN_free(e);
	pk_finish();
}
END_TEST

/* ---- keys written in place --------------------------------------------------------- */

static void write_number(struct wd_dtb *to, const BIGNUM *bn)
{
	to->dsize = (__u32)BN_bn2bin(bn, (unsigned char *)to->data);
}

static void write_key(handle_t sess, const struct rsa_key *k, bool crt)
{
	struct wd_dtb *dq, *dp, *qinv, *q, *p, *d, *n, *e;
	struct wd_rsa_pubkey *pub = NULL;
	struct wd_rsa_prikey *pri = NULL;

	wd_rsa_get_pubkey(sess, &pub);
	wd_rsa_get_pubkey_params(pub, &e, &n);
	ck_assert_uint_eq(n->bsize, k->bits / 8);
	write_number(e, k->e);
	write_number(n, k->n);
	wd_rsa_get_prikey(sess, &pri);
	if (crt) {
		wd_rsa_get_crt_prikey_params(pri, &dq, &dp, &qinv, &q, &p);
		ck_assert_uint_eq(p->bsize, CRT_PARAM_SZ(k->bits / 8));
		write_number(dq, k->dq);
		write_number(dp, k->dp);
		write_number(qinv, k->qinv);
		write_number(q, k->q);
		write_number(p, k->p);
	} else {
		wd_rsa_get_prikey_params(pri, &d, &n);
		write_number(d, k->d);
		write_number(n, k->n);
	}
}

/* A second key of the same size. */
static struct rsa_key *other_key(void)
{
	static struct rsa_key k;

	if (!k.bits) {
		const struct rsa_key *first = rsa_key(1024);
		struct rsa_key *table = (struct rsa_key *)(uintptr_t)first;
		struct rsa_key keep = *first;

		table->bits = 0;
		k = *rsa_key(1024);
		*table = keep;
	}
	return &k;
}

START_TEST(written_in_place)
{
	const struct rsa_key *keys[] = { rsa_key(1024), other_key() };

	pk_start(_i);
	for (int crt = 0; crt < 2; crt++) {
		handle_t sess = rsa_sess(1024, crt);

		for (int turn = 0; turn < 4; turn++) {
			write_key(sess, keys[turn & 1], crt);
			sign_and_verify(_i, sess, keys[turn & 1]);
		}
		wd_rsa_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* One byte of a key that was good a moment ago. */
START_TEST(spoilt_in_place)
{
	const struct rsa_key *k = rsa_key(1024);
	struct wd_dtb *num[5];
	struct wd_rsa_prikey *pri = NULL;
	uint8_t m[128], out[128];
	handle_t sess;

	pk_start(_i);
	sess = rsa_sess(1024, true);
	rsa_set(sess, k, true);
	message(m, 1024, 3);
	wd_rsa_get_prikey(sess, &pri);
	wd_rsa_get_crt_prikey_params(pri, &num[0], &num[1], &num[2], &num[3], &num[4]);
	for (int i = 0; i < 5; i++) {
		struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, m, out, 1024);

		assert_result(&req, 0, pk_rsa(_i, sess, &req), 0);
		num[i]->data[num[i]->dsize - 1] ^= 2;
		req = rsa_req(WD_RSA_SIGN, m, out, 1024);
		assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
		num[i]->data[num[i]->dsize - 1] ^= 2;
	}
	sign_and_verify(_i, sess, k);
	wd_rsa_free_sess(sess);
	pk_finish();
}
END_TEST

/* ---- key generation ------------------------------------------------------------------- */

static void check_generated(const struct rsa_key *k, struct wd_rsa_kg_out *out, bool crt)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *t = BN_new(), *p1 = BN_dup(k->p), *d;
	struct wd_dtb got_d, got_n, qinv, dq, dp;

	wd_rsa_get_kg_out_params(out, &got_d, &got_n);
	ck_assert(dtb_is_bn(&got_n, k->n));
	/* More than one d belongs to a key: e * d = 1 modulo p - 1 and q - 1 is what counts. */
	d = bn_dtb(&got_d);
	ck_assert_uint_eq(got_d.dsize, BN_num_bytes(d));
	BN_sub_word(p1, 1);
	BN_mod_mul(t, d, k->e, p1, ctx);
	ck_assert(BN_is_one(t));
	BN_copy(p1, k->q);
	BN_sub_word(p1, 1);
	BN_mod_mul(t, d, k->e, p1, ctx);
	ck_assert(BN_is_one(t));
	if (crt) {
		wd_rsa_get_kg_out_crt_params(out, &qinv, &dq, &dp);
		ck_assert(dtb_is_bn(&qinv, k->qinv));
		ck_assert(dtb_is_bn(&dq, k->dq));
		ck_assert(dtb_is_bn(&dp, k->dp));
	}
	BN_free(t);
	BN_free(p1);
	BN_free(d);
	BN_CTX_free(ctx);
}

START_TEST(generates_keys)
{
	pk_start(_i);
	for (int i = 0; i < SIZES; i++) {
		for (int crt = 0; crt < 2; crt++) {
			const struct rsa_key *k = rsa_key(sizes[i]);
			handle_t sess = rsa_sess(sizes[i], crt);
			struct num e, p, q;
			struct wd_rsa_kg_in *in = wd_rsa_new_kg_in(sess, num_bn(&e, k->e),
								   num_bn(&p, k->p),
								   num_bn(&q, k->q));
			struct wd_rsa_kg_out *out = wd_rsa_new_kg_out(sess);
			struct wd_rsa_req req = rsa_req(WD_RSA_GENKEY, in, out, 0);
			struct wd_dtb dtb[3];
			char *data = NULL;

			ck_assert_ptr_nonnull(in);
			ck_assert_ptr_nonnull(out);
			wd_rsa_get_kg_in_params(in, &dtb[0], &dtb[1], &dtb[2]);
			ck_assert(dtb_is_bn(&dtb[0], k->e) && dtb_is_bn(&dtb[1], k->q) &&
				  dtb_is_bn(&dtb[2], k->p));
			ck_assert_int_eq(wd_rsa_kg_in_data(in, &data), GEN_PARAMS_SZ(k->bits / 8));
			assert_result(&req, 0, pk_rsa(_i, sess, &req), 0);
			ck_assert_uint_eq(req.dst_bytes, crt ? CRT_GEN_PARAMS_SZ(k->bits / 8) :
							       GEN_PARAMS_SZ(k->bits / 8));
			ck_assert_int_eq(wd_rsa_kg_out_data(out, &data), (int)req.dst_bytes);
			check_generated(k, out, crt);
			wd_rsa_del_kg_in(sess, in);
			wd_rsa_del_kg_out(sess, out);
			wd_rsa_free_sess(sess);
		}
	}
	pk_finish();
}
END_TEST

/* ---- what is wrong ------------------------------------------------------------------------ */

START_TEST(bad_setups)
{
	static const __u16 bits[] = { 0, 1, 512, 1023, 1025, 1536, 2047, 4095, 8192, 65535 };
	struct wd_rsa_sess_setup setup = { .key_bits = 2048 };

	/* The class is not initialised. */
	ck_assert_uint_eq(wd_rsa_alloc_sess(&setup), 0);
	pk_start(PK_SYNC_INLINE);
	ck_assert_uint_eq(wd_rsa_alloc_sess(NULL), 0);
	ck_assert_int_eq(errno, EINVAL);
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
		setup.key_bits = bits[i];
		ck_assert_uint_eq(wd_rsa_alloc_sess(&setup), 0);
		ck_assert_int_eq(errno, EINVAL);
	}
	pk_finish();
}
END_TEST

START_TEST(bad_requests)
{
	const struct rsa_key *k = rsa_key(1024);
	uint8_t m[256], out[256];
	handle_t sess;

	pk_start(_i);
	message(m, 1024, 3);
	for (int crt = 0; crt < 2; crt++) {
		struct wd_rsa_req req = rsa_req(WD_RSA_SIGN, m, out, 1024);

		sess = rsa_sess(1024, crt);
#define refused() assert_result(&req, -WD_EINVAL, pk_rsa(_i, sess, &req), UNTOUCHED); \
		req = rsa_req(WD_RSA_SIGN, m, out, 1024)
		/* No key yet. */
		refused();
		req.op_type = WD_RSA_VERIFY;
		refused();
		rsa_set(sess, k, crt);
		req.src = NULL;
		refused();
		req.dst = NULL;
		refused();
		req.src_bytes = 127;
		refused();
		req.src_bytes = 129;
		refused();
		req.dst_bytes = 127;
		refused();
		req.dst_bytes = 256;
		refused();
		req.op_type = WD_RSA_INVALID;
		refused();
		req.op_type = WD_RSA_GENKEY + 1;
		refused();
		req.data_fmt = WD_SGL_BUF;
		refused();
		ck_assert_int_eq(wd_do_rsa_sync(sess, NULL), -WD_EINVAL);
		ck_assert_int_eq(wd_do_rsa_async(sess, &req), -WD_EINVAL);	/* no callback */
		ck_assert_int_eq(wd_do_rsa_sync(0, &req), -WD_EINVAL);
		ck_assert_int_eq(wd_do_rsa_sync(sess + 1, &req), -WD_EINVAL);
		/* n itself, and all ones. */
		ck_assert_int_gt(BN_bn2binpad(k->n, m, 128), 0);
		assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
		req = rsa_req(WD_RSA_VERIFY, m, out, 1024);
		assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
		memset(m, 0xff, sizeof(m));
		req = rsa_req(WD_RSA_SIGN, m, out, 1024);
		assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
		message(m, 1024, 3);
		sign_and_verify(_i, sess, k);
		wd_rsa_free_sess(sess);
		ck_assert_int_eq(wd_do_rsa_sync(sess, &req), -WD_EINVAL);
	}
	wd_rsa_free_sess(0);
	pk_finish();
}
END_TEST

START_TEST(bad_numbers)
{
	const struct rsa_key *k = rsa_key(1024);
	struct num v[5], empty = { 0 }, longer;
	struct wd_dtb *dq, *none = NULL;
	struct wd_rsa_prikey *pri = NULL;
	handle_t plain, crt;

	pk_start(PK_SYNC_INLINE);
	plain = rsa_sess(1024, false);
	crt = rsa_sess(1024, true);
	for (int i = 0; i < 5; i++)
		num_bn(&v[i], k->qinv);
	num_bn_padded(&longer, k->n, 129);
	ck_assert_int_eq(wd_rsa_set_pubkey_params(plain, NULL, &v[0].dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_pubkey_params(plain, &v[0].dtb, &empty.dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_pubkey_params(plain, &v[0].dtb, &longer.dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_pubkey_params(0, &v[0].dtb, &v[1].dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_prikey_params(crt, &v[0].dtb, &v[1].dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_crt_prikey_params(plain, &v[0].dtb, &v[1].dtb, &v[2].dtb,
						      &v[3].dtb, &v[4].dtb), -WD_EINVAL);
	ck_assert_int_eq(wd_rsa_set_crt_prikey_params(crt, &v[0].dtb, &v[1].dtb, &v[2].dtb,
						      &v[3].dtb, &longer.dtb), -WD_EINVAL);
	ck_assert_ptr_null(wd_rsa_new_kg_in(crt, &v[0].dtb, &v[1].dtb, NULL));
	ck_assert_ptr_null(wd_rsa_new_kg_in(crt, &v[0].dtb, &longer.dtb, &v[1].dtb));
	ck_assert_ptr_null(wd_rsa_new_kg_in(crt, &longer.dtb, &v[1].dtb, &v[1].dtb));
	ck_assert_ptr_null(wd_rsa_new_kg_in(0, &v[0].dtb, &v[1].dtb, &v[1].dtb));
	ck_assert_ptr_null(wd_rsa_new_kg_out(0));
	/* The getters of the other kind write nothing. */
	wd_rsa_get_prikey(plain, &pri);
	dq = none;
	wd_rsa_get_crt_prikey_params(pri, &dq, NULL, NULL, NULL, NULL);
	ck_assert_ptr_null(dq);
	wd_rsa_get_prikey_params(NULL, &dq, NULL);
	ck_assert_ptr_null(dq);
	wd_rsa_del_kg_in(plain, NULL);
	wd_rsa_del_kg_out(plain, NULL);
	wd_rsa_free_sess(plain);
	wd_rsa_free_sess(crt);
	pk_finish();
}
END_TEST

/* Keys that are none: what the device finds. */
START_TEST(bad_keys)
{
	const struct rsa_key *k = rsa_key(1024);
	struct wd_rsa_kg_out *out;
	struct wd_rsa_kg_in *in;
	uint8_t m[128], res[128];
	struct wd_rsa_req req;
	struct num v[3];
	BIGNUM *even;
	handle_t sess;

	pk_start(_i);
	message(m, 1024, 3);
	sess = rsa_sess(1024, false);
	even = BN_dup(k->n);
	BN_sub_word(even, 1);
	ck_assert_int_eq(wd_rsa_set_pubkey_params(sess, num_bn(&v[0], k->e), num_bn(&v[1], even)),
			 0);
	req = rsa_req(WD_RSA_VERIFY, m, res, 1024);
	assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
	ck_assert_int_eq(wd_rsa_set_prikey_params(sess, num_bn(&v[0], k->n), num_bn(&v[1], k->n)),
			 0);
	req = rsa_req(WD_RSA_SIGN, m, res, 1024);
	assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
	/* e = 2 has a factor in common with p - 1. */
	in = wd_rsa_new_kg_in(sess, num_hex(&v[0], "02"), num_bn(&v[1], k->p), num_bn(&v[2], k->q));
	out = wd_rsa_new_kg_out(sess);
	req = rsa_req(WD_RSA_GENKEY, in, out, 0);
	assert_result(&req, -WD_IN_EPARA, pk_rsa(_i, sess, &req), WD_IN_EPARA);
	/* Objects of another session's kind. */
	wd_rsa_del_kg_out(sess, out);
	rsa_set(sess, k, false);
	sign_and_verify(_i, sess, k);
	wd_rsa_del_kg_in(sess, in);
	wd_rsa_free_sess(sess);
	BN_free(even);
	pk_finish();
}
END_TEST

START_TEST(bad_addresses)
{
	const struct rsa_key *k = rsa_key(1024);
	uint8_t m[128], out[128], *hole = fenced(64);
	struct wd_rsa_req req;
	handle_t sess;

	pk_start(_i);
	message(m, 1024, 3);
	sess = rsa_sess(1024, true);
	rsa_set(sess, k, true);
	/* Half of it is there. */
	req = rsa_req(WD_RSA_SIGN, hole, out, 1024);
	assert_result(&req, -WD_ADDR_ERR, pk_rsa(_i, sess, &req), WD_ADDR_ERR);
	req = rsa_req(WD_RSA_SIGN, m, hole, 1024);
	assert_result(&req, -WD_ADDR_ERR, pk_rsa(_i, sess, &req), WD_ADDR_ERR);
	req = rsa_req(WD_RSA_VERIFY, m, (void *)(uintptr_t)"read-only memory of the program, of 128 bytes or more: what a constant string is made of, if it is only long enough for all of it",
		      1024);
	assert_result(&req, -WD_ADDR_ERR, pk_rsa(_i, sess, &req), WD_ADDR_ERR);
	sign_and_verify(_i, sess, k);
	wd_rsa_free_sess(sess);
	fenced_free(hole, 64);
	pk_finish();
}
END_TEST

/* Once, before the tests fork: each would make its own otherwise. */
static void make_keys(void)
{
	for (int i = 0; i < SIZES; i++)
		rsa_key(sizes[i]);
	other_key();
}

int main(void)
{
	Suite *suite = suite_create("rsa");
	TCase *tc = add_case(suite, "rsa");

	tcase_add_unchecked_fixture(tc, make_keys, NULL);
	tcase_add_loop_test(tc, as_libcrypto, 0, PK_MODES);
	tcase_add_loop_test(tc, private_key_alone, 0, PK_MODES);
	tcase_add_loop_test(tc, public_exponents, 0, PK_MODES);
	tcase_add_loop_test(tc, written_in_place, 0, PK_MODES);
	tcase_add_loop_test(tc, spoilt_in_place, 0, PK_MODES);
	tcase_add_loop_test(tc, generates_keys, 0, PK_MODES);
	tcase_add_test(tc, bad_setups);
	tcase_add_loop_test(tc, bad_requests, 0, PK_MODES);
	tcase_add_test(tc, bad_numbers);
	tcase_add_loop_test(tc, bad_keys, 0, PK_MODES);
	tcase_add_loop_test(tc, bad_addresses, 0, PK_MODES);
	return run_suite(suite);
}
