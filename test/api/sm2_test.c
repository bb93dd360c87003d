/* SPDX-License-Identifier: MIT */
/*
 * SM2: the examples of GB/T 32918.5, and libcrypto as the other side of signatures and
 * ciphertexts.
 */
#include "pk.h"

#include <openssl/asn1t.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#define D	"3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define X	"09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define Y	"CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define K	"59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"
#define E	"F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
#define R	"F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
#define S	"B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
#define C1X	"04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
#define C1Y	"E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
#define C2	"21886CA989CA9C7D58087307CA93092D651EFA"
#define C3	"59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
#define ID	"1234567812345678"

/* ---- a hash of the program's ------------------------------------------------------- */

static const char *const hash_names[] = {
	"SM3", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512", "MD4", "MD5",
};

static int hash_cb(const char *in, size_t in_len, char *out, size_t out_len, void *usr)
{
	const int *type = usr;
	unsigned char digest[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (!EVP_Q_digest(NULL, hash_names[*type], NULL, in, in_len, digest, &len) ||
	    len != out_len)
		return -1;
	memcpy(out, digest, len);
	return 0;
}

static int hash_fails(const char *in, size_t in_len, char *out, size_t out_len, void *usr)
{
	(void)in, (void)in_len, (void)out, (void)out_len, (void)usr;
	return 1;
}

static int rand_cb(char *out, size_t len, void *usr)
{
	(void)usr;
	rng_bytes(out, len);
	return 0;
}

static handle_t sm2_sess(int type, bool callbacks)
{
	static int types[WD_HASH_MAX];
	struct wd_ecc_sess_setup more = { .hash.type = (__u8)type };

	types[type] = type;
	if (callbacks) {
		more.hash.cb = hash_cb;
		more.hash.usr = &types[type];
		more.rand.cb = rand_cb;
	}
	return ecc_sess_with("sm2", NULL, false, &more);
}

static void set_example_key(handle_t sess)
{
	struct num d, x, y;

	ecc_set_private(sess, num_hex(&d, D));
	ecc_set_public(sess, num_hex(&x, X), num_hex(&y, Y));
}

/* ---- requests ------------------------------------------------------------------------ */

/* e is a digest, or a message with an ID. */
static int sign(int mode, handle_t sess, struct wd_dtb *e, struct wd_dtb *k, struct wd_dtb *id,
		bool digest, struct num *r, struct num *s)
{
	struct wd_ecc_in *in = wd_sm2_new_sign_in(sess, e, k, id, digest);
	struct wd_ecc_out *out = wd_sm2_new_sign_out(sess);
	struct wd_ecc_req req = ecc_req(WD_SM2_SIGN, in, out);
	struct wd_dtb *got_r, *got_s;
	int ret;

	ck_assert_ptr_nonnull(in);
	ret = pk_ecc(mode, sess, &req);
	ck_assert_int_eq(req.status, -ret);
	wd_sm2_get_sign_out_params(out, &got_r, &got_s);
	num_bytes(r, got_r->data, got_r->dsize);
	num_bytes(s, got_s->data, got_s->dsize);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	return ret;
}

static int verify(int mode, handle_t sess, struct wd_dtb *e, struct wd_dtb *r, struct wd_dtb *s,
		  struct wd_dtb *id, bool digest)
{
	struct wd_ecc_in *in = wd_sm2_new_verf_in(sess, e, r, s, id, digest);
	struct wd_ecc_req req = ecc_req(WD_SM2_VERIFY, in, NULL);
	int ret;

	ck_assert_ptr_nonnull(in);
	ret = pk_ecc(mode, sess, &req);
	ck_assert_int_eq(req.status, -ret);
	wd_ecc_del_in(sess, in);
	return ret;
}

struct sealed {
	struct num c1x, c1y, c2, c3;
};

static int seal(int mode, handle_t sess, struct wd_dtb *k, struct wd_dtb *text, struct sealed *c)
{
	struct wd_ecc_in *in = wd_sm2_new_enc_in(sess, k, text);
	struct wd_ecc_out *out = wd_sm2_new_enc_out(sess, text->dsize);
	struct wd_ecc_req req = ecc_req(WD_SM2_ENCRYPT, in, out);
	struct wd_ecc_point *c1;
	struct wd_dtb *c2, *c3;
	int ret;

	ck_assert(in && out);
	ret = pk_ecc(mode, sess, &req);
	ck_assert_int_eq(req.status, -ret);
	wd_sm2_get_enc_out_params(out, &c1, &c2, &c3);
	num_bytes(&c->c1x, c1->x.data, c1->x.dsize);
	num_bytes(&c->c1y, c1->y.data, c1->y.dsize);
	num_bytes(&c->c2, c2->data, c2->dsize);
	num_bytes(&c->c3, c3->data, c3->dsize);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	return ret;
}

static int unseal(int mode, handle_t sess, struct sealed *c, struct num *text)
{
	struct wd_ecc_point c1 = { .x = c->c1x.dtb, .y = c->c1y.dtb };
	struct wd_ecc_in *in = wd_sm2_new_dec_in(sess, &c1, &c->c2.dtb, &c->c3.dtb);
	struct wd_ecc_out *out = wd_sm2_new_dec_out(sess, c->c2.dtb.dsize);
	struct wd_ecc_req req = ecc_req(WD_SM2_DECRYPT, in, out);
	struct wd_dtb *plain;
	int ret;

	ck_assert(in && out);
	ret = pk_ecc(mode, sess, &req);
	ck_assert_int_eq(req.status, -ret);
	wd_sm2_get_dec_out_params(out, &plain);
	num_bytes(text, plain->data, plain->dsize);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	return ret;
}

/* ---- published ------------------------------------------------------------------------ */

START_TEST(published)
{
	struct num e, k, id, m, r, s, text;
	struct sealed c;

	pk_start(_i);
	num_hex(&e, E);
	num_hex(&k, K);
	num_text(&id, ID);
	num_text(&m, "message digest");
	for (int cb = 0; cb < 2; cb++) {
		handle_t sess = sm2_sess(WD_HASH_SM3, cb);

		set_example_key(sess);
		ck_assert_int_eq(sign(_i, sess, &e.dtb, &k.dtb, NULL, true, &r, &s), 0);
		ck_assert_mem_eq(r.bytes, num_hex(&text, R)->data, 32);
		ck_assert_int_eq(sign(_i, sess, &m.dtb, &k.dtb, &id.dtb, false, &r, &s), 0);
		ck_assert_mem_eq(r.bytes, num_hex(&text, R)->data, 32);
		ck_assert_mem_eq(s.bytes, num_hex(&text, S)->data, 32);
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, &id.dtb, false), 0);
		ck_assert_int_eq(verify(_i, sess, &e.dtb, &r.dtb, &s.dtb, NULL, true), 0);
		/* Another ID, none, another message, another signature. */
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, NULL, false),
				 -WD_VERIFY_ERR);
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, &m.dtb, false),
				 -WD_VERIFY_ERR);
		ck_assert_int_eq(verify(_i, sess, &id.dtb, &r.dtb, &s.dtb, &id.dtb, false),
				 -WD_VERIFY_ERR);
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &s.dtb, &r.dtb, &id.dtb, false),
				 -WD_VERIFY_ERR);
		ck_assert_int_eq(seal(_i, sess, &k.dtb, num_text(&text, "encryption standard"),
				      &c), 0);
		ck_assert_mem_eq(c.c1x.bytes, num_hex(&text, C1X)->data, 32);
		ck_assert_mem_eq(c.c1y.bytes, num_hex(&text, C1Y)->data, 32);
		ck_assert_uint_eq(c.c2.dtb.dsize, 19);
		ck_assert_mem_eq(c.c2.bytes, num_hex(&text, C2)->data, 19);
		ck_assert_uint_eq(c.c3.dtb.dsize, 32);
		ck_assert_mem_eq(c.c3.bytes, num_hex(&text, C3)->data, 32);
		ck_assert_int_eq(unseal(_i, sess, &c, &text), 0);
		ck_assert_uint_eq(text.dtb.dsize, 19);
		ck_assert_mem_eq(text.bytes, "encryption standard", 19);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* ---- libcrypto on the other side --------------------------------------------------------- */

static EVP_PKEY *new_key(handle_t sess)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
	BIGNUM *bn = NULL;
	struct num v, w;

	ck_assert_ptr_nonnull(pkey);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &bn), 1);
	ecc_set_private(sess, num_bn(&v, bn));
	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &bn), 1);
	num_bn(&v, bn);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &bn), 1);
	ecc_set_public(sess, &v.dtb, num_bn(&w, bn));
	BN_free(bn);
	return pkey;
}

static EVP_MD_CTX *evp_begin(EVP_PKEY *pkey, const struct num *id, EVP_PKEY_CTX **pctx)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	*pctx = EVP_PKEY_CTX_new(pkey, NULL);
	if (id)
		ck_assert_int_eq(EVP_PKEY_CTX_set1_id(*pctx, id->bytes, (int)id->dtb.dsize), 1);
	EVP_MD_CTX_set_pkey_ctx(ctx, *pctx);
	return ctx;
}

static int evp_verify(EVP_PKEY *pkey, const struct num *id, const struct num *m,
		      const struct num *r, const struct num *s)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	EVP_PKEY_CTX *pctx;
	EVP_MD_CTX *ctx = evp_begin(pkey, id, &pctx);
	int len, ret;

	ECDSA_SIG_set0(sig, bn_dtb(&r->dtb), bn_dtb(&s->dtb));
	len = i2d_ECDSA_SIG(sig, &der);
	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sm3(), NULL, pkey), 1);
	ret = EVP_DigestVerify(ctx, der, (size_t)len, (const unsigned char *)m->bytes, m->dtb.dsize);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_CTX_free(pctx);
	return ret;
}

static void evp_sign(EVP_PKEY *pkey, const struct num *id, const struct num *m, struct num *r,
		     struct num *s)
{
	unsigned char der[128];
	const unsigned char *at = der;
	size_t len = sizeof(der);
	EVP_PKEY_CTX *pctx;
	EVP_MD_CTX *ctx = evp_begin(pkey, id, &pctx);
	ECDSA_SIG *sig;

	ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sm3(), NULL, pkey), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, der, &len, (const unsigned char *)m->bytes,
					m->dtb.dsize), 1);
	sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	num_bn(r, ECDSA_SIG_get0_r(sig));
	num_bn(s, ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_CTX_free(pctx);
}

START_TEST(signatures_as_libcrypto)
{
	pk_start(_i);
	for (int i = 0; i < (slow() ? 4 : 24); i++) {
		handle_t sess = sm2_sess(WD_HASH_SM3, i & 1);
		EVP_PKEY *pkey = new_key(sess);
		struct num id, m, r, s;
		uint8_t bytes[300];

		rng_bytes(bytes, sizeof(bytes));
		num_bytes(&m, bytes, 1 + (size_t)i * 11);
		num_bytes(&id, bytes, 1 + (size_t)i);
		ck_assert_int_eq(sign(_i, sess, &m.dtb, NULL, &id.dtb, false, &r, &s), 0);
		ck_assert_int_eq(evp_verify(pkey, &id, &m, &r, &s), 1);
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, &id.dtb, false), 0);
		evp_sign(pkey, &id, &m, &r, &s);
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, &id.dtb, false), 0);
		r.bytes[0] ^= 1;
		ck_assert_int_eq(verify(_i, sess, &m.dtb, &r.dtb, &s.dtb, &id.dtb, false),
				 -WD_VERIFY_ERR);
		EVP_PKEY_free(pkey);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* libcrypto writes ciphertexts as GB/T 35276 has it: SEQUENCE { x, y, C3, C2 }. */
struct cipher_st {
	BIGNUM *x, *y;
	ASN1_OCTET_STRING *c3, *c2;
};
typedef struct cipher_st CIPHERTEXT;
DECLARE_ASN1_FUNCTIONS(CIPHERTEXT)
ASN1_SEQUENCE(CIPHERTEXT) = {
	ASN1_SIMPLE(CIPHERTEXT, x, BIGNUM),
	ASN1_SIMPLE(CIPHERTEXT, y, BIGNUM),
	ASN1_SIMPLE(CIPHERTEXT, c3, ASN1_OCTET_STRING),
	ASN1_SIMPLE(CIPHERTEXT, c2, ASN1_OCTET_STRING),
} ASN1_SEQUENCE_END(CIPHERTEXT)
IMPLEMENT_ASN1_FUNCTIONS(CIPHERTEXT)

static void evp_seal(EVP_PKEY *pkey, const struct num *text, struct sealed *c)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	unsigned char der[800];
	const unsigned char *at = der;
	size_t len = sizeof(der);
	CIPHERTEXT *ct;

	ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_encrypt(ctx, der, &len, (const unsigned char *)text->bytes,
					  text->dtb.dsize), 1);
	ct = d2i_CIPHERTEXT(NULL, &at, (long)len);
	ck_assert_ptr_nonnull(ct);
	num_bn(&c->c1x, ct->x);
	num_bn(&c->c1y, ct->y);
	num_bytes(&c->c2, ct->c2->data, (size_t)ct->c2->length);
	num_bytes(&c->c3, ct->c3->data, (size_t)ct->c3->length);
	CIPHERTEXT_free(ct);
	EVP_PKEY_CTX_free(ctx);
}

static void evp_unseal(EVP_PKEY *pkey, const struct sealed *c, struct num *text)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	CIPHERTEXT *ct = CIPHERTEXT_new();
	unsigned char *der = NULL, out[NUM_MAX];
	size_t len = sizeof(out);
	int der_len;

	BN_free(ct->x);
	BN_free(ct->y);
	ct->x = bn_dtb(&c->c1x.dtb);
	ct->y = bn_dtb(&c->c1y.dtb);
	ASN1_OCTET_STRING_set(ct->c3, (const unsigned char *)c->c3.bytes, (int)c->c3.dtb.dsize);
	ASN1_OCTET_STRING_set(ct->c2, (const unsigned char *)c->c2.bytes, (int)c->c2.dtb.dsize);
	der_len = i2d_CIPHERTEXT(ct, &der);
	ck_assert_int_eq(EVP_PKEY_decrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_decrypt(ctx, out, &len, der, (size_t)der_len), 1);
	num_bytes(text, out, len);
	OPENSSL_free(der);
	CIPHERTEXT_free(ct);
	EVP_PKEY_CTX_free(ctx);
}

START_TEST(encryption_as_libcrypto)
{
	pk_start(_i);
	for (int i = 0; i < (slow() ? 4 : 24); i++) {
		handle_t sess = sm2_sess(WD_HASH_SM3, i & 1);
		EVP_PKEY *pkey = new_key(sess);
		struct num text, back;
		uint8_t bytes[512];
		struct sealed c;

		rng_bytes(bytes, sizeof(bytes));
		num_bytes(&text, bytes, 1 + (size_t)i * 21);
		ck_assert_int_eq(seal(_i, sess, NULL, &text.dtb, &c), 0);
		evp_unseal(pkey, &c, &back);
		ck_assert_uint_eq(back.dtb.dsize, text.dtb.dsize);
		ck_assert_mem_eq(back.bytes, text.bytes, text.dtb.dsize);
		evp_seal(pkey, &text, &c);
		ck_assert_int_eq(unseal(_i, sess, &c, &back), 0);
		ck_assert_mem_eq(back.bytes, text.bytes, text.dtb.dsize);
		/* Nothing of the text is given when the check value does not fit. */
		c.c2.bytes[0] ^= 1;
		ck_assert_int_eq(unseal(_i, sess, &c, &back), -WD_VERIFY_ERR);
		for (__u32 n = 0; n < back.dtb.dsize; n++)
			ck_assert_int_eq(back.bytes[n], 0);
		c.c2.bytes[0] ^= 1;
		c.c3.bytes[31] ^= 1;
		ck_assert_int_eq(unseal(_i, sess, &c, &back), -WD_VERIFY_ERR);
		c.c3.bytes[31] ^= 1;
		c.c3.dtb.dsize = 31;
		ck_assert_int_eq(unseal(_i, sess, &c, &back), -WD_VERIFY_ERR);
		c.c3.dtb.dsize = 32;
		c.c1y.bytes[c.c1y.dtb.dsize - 1] ^= 1;
		ck_assert_int_eq(unseal(_i, sess, &c, &back), -WD_IN_EPARA);
		EVP_PKEY_free(pkey);
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

/* With every hash, and with texts that are larger than a page and than a cell for secrets. */
START_TEST(hashes_and_sizes)
{
	static const __u32 lens[] = { 1, 31, 32, 33, 4095, 4096, 100000 };

	pk_start(_i);
	for (int type = 0; type < WD_HASH_MAX; type++) {
		handle_t sess = sm2_sess(type, type & 1);

		if (type == WD_HASH_MD4) {
			/* Only a provider that nobody loads has it. */
			wd_ecc_free_sess(sess);
			continue;
		}
		set_example_key(sess);
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			char *text = malloc(lens[i]);
			struct wd_dtb dtb = { text, lens[i], lens[i] };
			struct wd_ecc_in *in;
			struct wd_ecc_out *out = wd_sm2_new_enc_out(sess, lens[i]), *plain;
			struct wd_ecc_point *c1;
			struct wd_dtb *c2, *c3, *back;
			struct wd_ecc_req req;
			struct num r, s;

			rng_bytes(text, lens[i]);
			in = wd_sm2_new_enc_in(sess, NULL, &dtb);
			req = ecc_req(WD_SM2_ENCRYPT, in, out);
			assert_result(&req, 0, pk_ecc(_i, sess, &req), 0);
			wd_sm2_get_enc_out_params(out, &c1, &c2, &c3);
			ck_assert_uint_eq(c2->dsize, lens[i]);
			wd_ecc_del_in(sess, in);
			in = wd_sm2_new_dec_in(sess, c1, c2, c3);
			plain = wd_sm2_new_dec_out(sess, lens[i]);
			req = ecc_req(WD_SM2_DECRYPT, in, plain);
			assert_result(&req, 0, pk_ecc(_i, sess, &req), 0);
			wd_sm2_get_dec_out_params(plain, &back);
			ck_assert_uint_eq(back->dsize, lens[i]);
			ck_assert_mem_eq(back->data, text, lens[i]);
			wd_ecc_del_in(sess, in);
			wd_ecc_del_out(sess, out);
			wd_ecc_del_out(sess, plain);
			ck_assert_int_eq(sign(_i, sess, &dtb, NULL, NULL, false, &r, &s), 0);
			ck_assert_int_eq(verify(_i, sess, &dtb, &r.dtb, &s.dtb, NULL, false), 0);
			text[lens[i] - 1] ^= 1;
			ck_assert_int_eq(verify(_i, sess, &dtb, &r.dtb, &s.dtb, NULL, false),
					 -WD_VERIFY_ERR);
			free(text);
		}
		wd_ecc_free_sess(sess);
	}
	pk_finish();
}
END_TEST

START_TEST(key_generation)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
	EC_POINT *point = EC_POINT_new(group);
	BIGNUM *x = BN_new(), *y = BN_new();
	struct wd_ecc_out *out;
	handle_t sess;

	pk_start(_i);
	sess = sm2_sess(WD_HASH_SM3, false);
	out = wd_sm2_new_kg_out(sess);
	for (int i = 0; i < 8; i++) {
		struct wd_ecc_req req = ecc_req(WD_SM2_KG, NULL, out);
		struct wd_ecc_point *pub = NULL;
		struct wd_dtb *priv = NULL;
		struct num e, r, s;
		BIGNUM *d;

		assert_result(&req, 0, pk_ecc(_i, sess, &req), 0);
		wd_sm2_get_kg_out_params(out, &priv, &pub);
		d = bn_dtb(priv);
		EC_POINT_mul(group, point, d, NULL, NULL, NULL);
		EC_POINT_get_affine_coordinates(group, point, x, y, NULL);
		ck_assert(dtb_is_bn(priv, d) && dtb_is_bn(&pub->x, x) && dtb_is_bn(&pub->y, y));
		ecc_set_private(sess, priv);
		ecc_set_public(sess, &pub->x, &pub->y);
		num_hex(&e, E);
		ck_assert_int_eq(sign(_i, sess, &e.dtb, NULL, NULL, true, &r, &s), 0);
		ck_assert_int_eq(verify(_i, sess, &e.dtb, &r.dtb, &s.dtb, NULL, true), 0);
		BN_free(d);
	}
	wd_ecc_del_out(sess, out);
	wd_ecc_free_sess(sess);
	BN_free(x);
	BN_free(y);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	pk_finish();
}
END_TEST

/* ---- what is wrong --------------------------------------------------------------------------- */

START_TEST(wrong)
{
	static const char *const order =
		"FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123";
	struct wd_ecc_sess_setup failing = { .hash = { .cb = hash_fails, .type = WD_HASH_SM3 } };
	struct num e, k, id, r, s, x, y;
	struct sealed c;
	struct wd_ecc_out *out;
	struct wd_ecc_in *in;
	struct wd_ecc_req req;
	handle_t sess;

	pk_start(_i);
	sess = sm2_sess(WD_HASH_SM3, false);
	num_hex(&e, E);
	/* No key yet. */
	in = wd_sm2_new_sign_in(sess, &e.dtb, NULL, NULL, 1);
	out = wd_sm2_new_sign_out(sess);
	req = ecc_req(WD_SM2_SIGN, in, out);
	ck_assert_int_eq(pk_ecc(_i, sess, &req), -WD_EINVAL);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	set_example_key(sess);
	/* k = 0 and the order; the private key 0 and n - 1, which SM2 has not. */
	ck_assert_int_eq(sign(_i, sess, &e.dtb, num_hex(&k, "00"), NULL, true, &r, &s),
			 -WD_IN_EPARA);
	ck_assert_int_eq(sign(_i, sess, &e.dtb, num_hex(&k, order), NULL, true, &r, &s),
			 -WD_IN_EPARA);
	ck_assert_int_eq(seal(_i, sess, &k.dtb, &e.dtb, &c), -WD_IN_EPARA);
	k.bytes[31] = 0x22;
	ecc_set_private(sess, &k.dtb);
	ck_assert_int_eq(sign(_i, sess, &e.dtb, NULL, NULL, true, &r, &s), -WD_IN_EPARA);
	ecc_set_private(sess, num_hex(&k, "00"));
	ck_assert_int_eq(sign(_i, sess, &e.dtb, NULL, NULL, true, &r, &s), -WD_IN_EPARA);
	/* A public key beside the curve. */
	ecc_set_public(sess, num_hex(&x, X), num_hex(&y, X));
	ck_assert_int_eq(seal(_i, sess, NULL, &e.dtb, &c), -WD_IN_EPARA);
	set_example_key(sess);
	/* Room for less. */
	in = wd_sm2_new_enc_in(sess, NULL, &e.dtb);
	out = wd_sm2_new_enc_out(sess, 31);
	req = ecc_req(WD_SM2_ENCRYPT, in, out);
	ck_assert_int_eq(pk_ecc(_i, sess, &req), -WD_EINVAL);
	wd_ecc_del_in(sess, in);
	wd_ecc_del_out(sess, out);
	/* Arguments. */
	num_text(&id, ID);
	id.dtb.dsize = 8192;
	ck_assert_ptr_null(wd_sm2_new_sign_in(sess, &e.dtb, NULL, &id.dtb, 0));
	id.dtb.dsize = 0;
	ck_assert_ptr_null(wd_sm2_new_sign_in(sess, &e.dtb, NULL, &id.dtb, 0));
	ck_assert_ptr_null(wd_sm2_new_sign_in(sess, NULL, NULL, NULL, 0));
	ck_assert_ptr_null(wd_sm2_new_verf_in(sess, &e.dtb, &r.dtb, NULL, NULL, 1));
	ck_assert_ptr_null(wd_sm2_new_enc_in(sess, NULL, NULL));
	ck_assert_ptr_null(wd_sm2_new_enc_out(sess, 0));
	ck_assert_ptr_null(wd_sm2_new_dec_out(sess, 0));
	ck_assert_ptr_null(wd_sm2_new_dec_out(sess, UINT32_MAX));
	ck_assert_ptr_null(wd_sm2_new_dec_in(sess, NULL, &e.dtb, &e.dtb));
	wd_ecc_free_sess(sess);
	ck_assert_ptr_null(wd_sm2_new_kg_out(sess));
	/* The callback fails; without the public key it is not asked. */
	sess = ecc_sess_with("sm2", NULL, false, &failing);
	num_hex(&k, D);
	ecc_set_private(sess, &k.dtb);
	ck_assert_int_eq(sign(_i, sess, &e.dtb, NULL, NULL, false, &r, &s), 0);
	set_example_key(sess);
	ck_assert_ptr_null(wd_sm2_new_sign_in(sess, &e.dtb, NULL, NULL, 0));
	ck_assert_int_eq(sign(_i, sess, &e.dtb, NULL, NULL, true, &r, &s), 0);
	ck_assert_int_eq(verify(_i, sess, &e.dtb, &r.dtb, &s.dtb, NULL, true), 0);
	wd_ecc_free_sess(sess);
	pk_finish();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sm2");
	TCase *tc = add_case(suite, "sm2");

	tcase_add_loop_test(tc, published, 0, PK_MODES);
	tcase_add_loop_test(tc, signatures_as_libcrypto, 0, PK_MODES);
	tcase_add_loop_test(tc, encryption_as_libcrypto, 0, PK_MODES);
	tcase_add_loop_test(tc, hashes_and_sizes, 0, PK_MODES);
	tcase_add_loop_test(tc, key_generation, 0, PK_MODES);
	tcase_add_loop_test(tc, wrong, 0, PK_MODES);
	return run_suite(suite);
}
