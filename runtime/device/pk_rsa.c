/* SPDX-License-Identifier: MIT */
/*
 * RSA without padding (RFC 8017, RSASP1 and RSAVP1) and key generation from given
 * primes. Private operations go through EVP, which blinds them and checks the
 * result of the CRT; it needs the public exponent for that, which a CRT key does
 * not carry and which follows from it.
 */
#include "device/pk.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

enum {
	NUM_E,
	NUM_N,
	NUM_D,
};

/* ---- exponents ------------------------------------------------------------ */

/*
 * d = e^-1 mod m without an inversion modulo the secret m: the inverse of m modulo
 * e gives k with 1 + k * m divisible by e. False: e and m have a common factor.
 */
static bool private_exponent(struct pk_frame *f, BIGNUM *d, const BIGNUM *e, const BIGNUM *m)
{
	BIGNUM *rest = sdev_pk_num(f), *k = sdev_pk_num(f);

	if (f->failed || BN_is_zero(e))
		return false;
	if (BN_is_one(e))
		return BN_one(d);
	BN_set_flags(rest, BN_FLG_CONSTTIME);
	return BN_nnmod(rest, m, e, f->bn) && BN_mod_inverse(k, rest, e, f->bn) &&
	       BN_sub(k, e, k) && BN_mul(d, k, m, f->bn) && BN_add_word(d, 1) &&
	       BN_div(d, NULL, d, e, f->bn) && (BN_cmp(d, m) < 0 || BN_nnmod(d, d, m, f->bn));
}

struct crt {
	BIGNUM *dq, *dp, *qinv, *q, *p;		/* in the order of the operands */
	BIGNUM *p1, *q1;			/* p - 1, q - 1 */
	BIGNUM *n, *e, *d;
	BIGNUM *product;			/* of inverse_of() */
};

/* Is x * y = 1 modulo m? */
static bool inverse_of(struct pk_frame *f, struct crt *k, const BIGNUM *x, const BIGNUM *y,
		       const BIGNUM *m)
{
	return BN_mod_mul(k->product, x, y, m, f->bn) && BN_is_one(k->product);
}

/* e of a CRT key: nearly always one of these, otherwise the inverse of dp. */
static bool crt_find_e(struct pk_frame *f, struct crt *k)
{
	static const BN_ULONG usual[] = { 65537, 3, 17, 257 };
	BIGNUM *dp = sdev_pk_num(f), *p1 = sdev_pk_num(f);

	if (f->failed)
		return false;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (!BN_set_word(k->e, usual[i]))
			return false;
		if (inverse_of(f, k, k->e, k->dp, k->p1) && inverse_of(f, k, k->e, k->dq, k->q1))
			return true;
	}
	if (!BN_copy(dp, k->dp) || !BN_copy(p1, k->p1))
		return false;
	BN_set_flags(dp, BN_FLG_CONSTTIME);
	BN_set_flags(p1, BN_FLG_CONSTTIME);
	return BN_mod_inverse(k->e, dp, p1, f->bn) && inverse_of(f, k, k->e, k->dq, k->q1);
}

/* Everything that follows from the five numbers of a CRT key, or why it cannot be one. */
static enum sdev_pk_rc crt_complete(struct pk_frame *f, struct crt *k)
{
	BIGNUM *phi = sdev_pk_num(f);

	k->p1 = sdev_pk_num(f);
	k->q1 = sdev_pk_num(f);
	k->n = sdev_pk_num(f);
	k->e = sdev_pk_num(f);
	k->d = sdev_pk_num(f);
	k->product = sdev_pk_num(f);
	if (f->failed)
		return PK_NOMEM;
	if (!BN_is_odd(k->p) || !BN_is_odd(k->q) || BN_is_one(k->p) || BN_is_one(k->q) ||
	    !BN_cmp(k->p, k->q))
		return PK_KEY;
	if (!pk_in_range(k->dp, k->p) || !pk_in_range(k->dq, k->q) || !pk_in_range(k->qinv, k->p))
		return PK_KEY;
	if (!BN_sub(k->p1, k->p, BN_value_one()) || !BN_sub(k->q1, k->q, BN_value_one()) ||
	    !BN_mul(k->n, k->p, k->q, f->bn) || !BN_mul(phi, k->p1, k->q1, f->bn))
		return PK_NOMEM;
	if (!inverse_of(f, k, k->qinv, k->q, k->p) || !crt_find_e(f, k) ||
	    !private_exponent(f, k->d, k->e, phi))
		return PK_KEY;
	return PK_OK;
}

/* ---- private keys ---------------------------------------------------------- */

static EVP_PKEY *pkey_of(struct sdev_pk_call *c, const BIGNUM *n, const BIGNUM *e, const BIGNUM *d,
			 const struct crt *crt)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lane->lib, "RSA", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok;

	ok = bld && ctx && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) &&
	     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, d);
	if (ok && crt)
		ok = OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_FACTOR1, crt->p) &&
		     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_FACTOR2, crt->q) &&
		     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT1, crt->dp) &&
		     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_EXPONENT2, crt->dq) &&
		     OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, crt->qinv);
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && (EVP_PKEY_fromdata_init(ctx) <= 0 ||
		       EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) <= 0))
		pkey = NULL;
	for (OSSL_PARAM *p = params; p && p->key; p++)
		OPENSSL_cleanse(p->data, p->data_size);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static enum sdev_pk_rc crt_key(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *in)
{
	struct pk_frame f;
	struct crt k = { 0 };
	enum sdev_pk_rc rc = PK_NOMEM;

	sdev_pk_frame_begin(&f, c);
	k.dq = sdev_pk_num_of(&f, &in[0]);
	k.dp = sdev_pk_num_of(&f, &in[1]);
	k.qinv = sdev_pk_num_of(&f, &in[2]);
	k.q = sdev_pk_num_of(&f, &in[3]);
	k.p = sdev_pk_num_of(&f, &in[4]);
	if (!f.failed)
		rc = crt_complete(&f, &k);
	if (!rc && (size_t)BN_num_bytes(k.n) > c->s->bytes)
		rc = PK_KEY;
	if (!rc) {
		key->num[NUM_N] = BN_dup(k.n);
		key->pkey = pkey_of(c, k.n, k.e, k.d, &k);
		if (!key->num[NUM_N] || !key->pkey)
			rc = PK_FAILED;
	}
	sdev_pk_frame_end(&f);
	return rc;
}

static bool odd_modulus(const BIGNUM *n)
{
	return BN_is_odd(n) && !BN_is_one(n);
}

/* A key may be shorter than its session, not longer: messages and results are not. */
static bool session_modulus(const struct sdev_pk_call *c, const BIGNUM *n)
{
	return odd_modulus(n) && (size_t)BN_num_bytes(n) <= c->s->bytes;
}

/*
 * d, n and perhaps e. Without e there is nothing to blind with: then it is the
 * plain exponentiation, whose time does not depend on d.
 */
static enum sdev_pk_rc plain_key(struct sdev_pk_call *c, struct pk_key *key,
				 const struct pk_in *in)
{
	BIGNUM *d, *n;

	d = key->num[NUM_D] = BN_bin2bn(in[0].p, (int)in[0].len, NULL);
	n = key->num[NUM_N] = BN_bin2bn(in[1].p, (int)in[1].len, NULL);
	if (!d || !n)
		return PK_NOMEM;
	if (!session_modulus(c, n) || !pk_in_range(d, n))
		return PK_KEY;
	if (in[2].len) {
		key->num[NUM_E] = BN_bin2bn(in[2].p, (int)in[2].len, NULL);
		if (!key->num[NUM_E])
			return PK_NOMEM;
		if (!pk_in_range(key->num[NUM_E], n) || !BN_is_odd(key->num[NUM_E]))
			return PK_KEY;
		key->pkey = pkey_of(c, n, key->num[NUM_E], d, NULL);
		return key->pkey ? PK_OK : PK_FAILED;
	}
	BN_set_flags(d, BN_FLG_CONSTTIME);
	key->mont = BN_MONT_CTX_new();
	return key->mont && BN_MONT_CTX_set(key->mont, n, c->lane->bn) ? PK_OK : PK_NOMEM;
}

static bool begin_raw(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_sign_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0;
}

static enum sdev_pk_rc power_evp(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *m,
				 struct pk_out *out)
{
	struct pk_evp *evp = sdev_pk_evp_take(c, key, begin_raw);
	size_t len = (size_t)BN_num_bytes(key->num[NUM_N]), skip;
	bool ok;

	if (!evp)
		return PK_NOMEM;
	/* It takes exactly the bytes of n; what stands before them was found to be zero. */
	skip = m->len - len;
	memset(out->p, 0, skip);
	ok = EVP_PKEY_sign(evp->ctx, out->p + skip, &len, m->p + skip, len) > 0;
	sdev_pk_evp_give(key, evp);
	out->used = m->len;
	return ok ? PK_OK : PK_FAILED;
}

/* The message is a number of exactly the session's size, below n; so is the result. */
static enum sdev_pk_rc checked_message(struct sdev_pk_call *c, struct pk_frame *f,
				       const struct pk_key *key, BIGNUM **m)
{
	size_t bytes = c->s->bytes;

	if (c->in[0].len != bytes || c->out[0].room != bytes)
		return PK_ROOM;
	*m = sdev_pk_num_of(f, &c->in[0]);
	if (!*m)
		return PK_NOMEM;
	return BN_ucmp(*m, key->num[NUM_N]) < 0 ? PK_OK : PK_RANGE;
}

static enum sdev_pk_rc put_padded(struct pk_out *out, const BIGNUM *num)
{
	if (BN_bn2binpad(num, out->p, (int)out->room) < 0)
		return PK_ROOM;
	out->used = out->room;
	return PK_OK;
}

/*
 * m^e for an odd public e of a word: the usual ones have two bits, and the last factor is
 * m as it is, which takes the product out of the form of Montgomery. BN_mod_exp_mont()
 * converts three times.
 */
static bool power_short(struct pk_frame *f, BIGNUM *r, const BIGNUM *m, BN_ULONG e,
			BN_MONT_CTX *mont)
{
	BIGNUM *mm = sdev_pk_num(f);
	int bit = 0;

	while (e >> bit > 1)
		bit++;
	if (f->failed || !BN_to_montgomery(mm, m, mont, f->bn) || !BN_copy(r, mm))
		return false;
	while (bit--) {
		if (!BN_mod_mul_montgomery(r, r, r, mont, f->bn))
			return false;
		if (e >> bit & 1 && !BN_mod_mul_montgomery(r, r, bit ? mm : m, mont, f->bn))
			return false;
	}
	return true;
}

static bool power_public(struct pk_frame *f, BIGNUM *r, const BIGNUM *m, const BIGNUM *e,
			 const BIGNUM *n, BN_MONT_CTX *mont)
{
	if (BN_num_bits(e) > 1 && BN_num_bits(e) <= 20 && BN_is_odd(e))
		return power_short(f, r, m, BN_get_word(e), mont);
	return BN_mod_exp_mont(r, m, e, n, f->bn, mont);
}

static enum sdev_pk_rc power(struct sdev_pk_call *c, struct pk_key *key, const BIGNUM *exponent,
			     bool secret)
{
	struct pk_frame f;
	BIGNUM *m = NULL, *r;
	enum sdev_pk_rc rc;

	sdev_pk_frame_begin(&f, c);
	rc = checked_message(c, &f, key, &m);
	if (!rc && key->pkey) {
		rc = power_evp(c, key, &c->in[0], &c->out[0]);
	} else if (!rc) {
		r = sdev_pk_num(&f);
		if (!r || !(secret ? BN_mod_exp_mont_consttime(r, m, exponent, key->num[NUM_N], f.bn,
							       key->mont) :
				     power_public(&f, r, m, exponent, key->num[NUM_N], key->mont)))
			rc = PK_NOMEM;
		else
			rc = put_padded(&c->out[0], r);
	}
	sdev_pk_frame_end(&f);
	return rc;
}

/* m, d, n, e -> m^d mod n. e may be missing. */
enum sdev_pk_rc sdev_rsa_private(struct sdev_pk_call *c)
{
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[1], 3, plain_key, &key);

	if (rc)
		return rc;
	rc = power(c, key, key->num[NUM_D], true);
	sdev_pk_key_put(key);
	return rc;
}

/* m, dq, dp, qinv, q, p -> m^d mod pq. */
enum sdev_pk_rc sdev_rsa_private_crt(struct sdev_pk_call *c)
{
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[1], 5, crt_key, &key);

	if (rc)
		return rc;
	rc = power(c, key, NULL, true);
	sdev_pk_key_put(key);
	return rc;
}

/* ---- public keys ------------------------------------------------------------ */

static enum sdev_pk_rc public_key(struct sdev_pk_call *c, struct pk_key *key,
				  const struct pk_in *in)
{
	BIGNUM *e, *n;

	e = key->num[NUM_E] = BN_bin2bn(in[0].p, (int)in[0].len, NULL);
	n = key->num[NUM_N] = BN_bin2bn(in[1].p, (int)in[1].len, NULL);
	key->mont = BN_MONT_CTX_new();
	if (!e || !n || !key->mont)
		return PK_NOMEM;
	if (!session_modulus(c, n) || !pk_in_range(e, n))
		return PK_KEY;
	return BN_MONT_CTX_set(key->mont, n, c->lane->bn) ? PK_OK : PK_NOMEM;
}

/* m, e, n -> m^e mod n. */
enum sdev_pk_rc sdev_rsa_public(struct sdev_pk_call *c)
{
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PUBLIC, &c->in[1], 2, public_key, &key);

	if (rc)
		return rc;
	rc = power(c, key, key->num[NUM_E], false);
	sdev_pk_key_put(key);
	return rc;
}

/* ---- key generation ---------------------------------------------------------- */

struct generated {
	BIGNUM *e, *p, *q, *p1, *q1;
	BIGNUM *n, *d, *qinv, *dq, *dp;
};

/* d is the smallest private exponent: modulo lcm(p - 1, q - 1), as RFC 8017 has it. */
static enum sdev_pk_rc generate(struct sdev_pk_call *c, struct pk_frame *f, struct generated *g)
{
	BIGNUM *lambda, *gcd, *phi;

	g->e = sdev_pk_num_of(f, &c->in[0]);
	g->p = sdev_pk_num_of(f, &c->in[1]);
	g->q = sdev_pk_num_of(f, &c->in[2]);
	g->p1 = sdev_pk_num(f);
	g->q1 = sdev_pk_num(f);
	g->n = sdev_pk_num(f);
	g->d = sdev_pk_num(f);
	lambda = sdev_pk_num(f);
	gcd = sdev_pk_num(f);
	phi = sdev_pk_num(f);
	if (f->failed)
		return PK_NOMEM;
	if (!odd_modulus(g->p) || !odd_modulus(g->q) || !BN_cmp(g->p, g->q) || BN_is_one(g->e))
		return PK_KEY;
	BN_set_flags(g->p, BN_FLG_CONSTTIME);
	BN_set_flags(g->q, BN_FLG_CONSTTIME);
	if (!BN_sub(g->p1, g->p, BN_value_one()) || !BN_sub(g->q1, g->q, BN_value_one()) ||
	    !BN_mul(g->n, g->p, g->q, f->bn) || !BN_mul(phi, g->p1, g->q1, f->bn) ||
	    !BN_gcd(gcd, g->p1, g->q1, f->bn))
		return PK_NOMEM;
	if ((size_t)BN_num_bytes(g->n) > c->s->bytes || BN_ucmp(g->e, g->n) >= 0)
		return PK_KEY;
	BN_set_flags(phi, BN_FLG_CONSTTIME);
	if (!BN_div(lambda, NULL, phi, gcd, f->bn))
		return PK_NOMEM;
	return private_exponent(f, g->d, g->e, lambda) ? PK_OK : PK_KEY;
}

/* dp = d mod p - 1, dq, and qinv, the inverse of q modulo p. */
static enum sdev_pk_rc generate_crt(struct pk_frame *f, struct generated *g)
{
	g->qinv = sdev_pk_num(f);
	g->dq = sdev_pk_num(f);
	g->dp = sdev_pk_num(f);
	if (f->failed)
		return PK_NOMEM;
	BN_set_flags(g->d, BN_FLG_CONSTTIME);
	if (!BN_nnmod(g->dp, g->d, g->p1, f->bn) || !BN_nnmod(g->dq, g->d, g->q1, f->bn))
		return PK_NOMEM;
	return BN_mod_inverse(g->qinv, g->q, g->p, f->bn) ? PK_OK : PK_KEY;
}

/* e, p, q -> d, n. */
enum sdev_pk_rc sdev_rsa_keygen(struct sdev_pk_call *c)
{
	struct generated g = { 0 };
	enum sdev_pk_rc rc;
	struct pk_frame f;

	sdev_pk_frame_begin(&f, c);
	rc = generate(c, &f, &g);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[0], g.d);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[1], g.n);
	sdev_pk_frame_end(&f);
	return rc;
}

/* e, p, q -> d, n, qinv, dq, dp. */
enum sdev_pk_rc sdev_rsa_keygen_crt(struct sdev_pk_call *c)
{
	struct generated g = { 0 };
	enum sdev_pk_rc rc;
	struct pk_frame f;

	sdev_pk_frame_begin(&f, c);
	rc = generate(c, &f, &g);
	if (!rc)
		rc = generate_crt(&f, &g);
	if (!rc) {
		const BIGNUM *const results[] = { g.d, g.n, g.qinv, g.dq, g.dp };

		for (unsigned int i = 0; i < 5 && !rc; i++)
			rc = sdev_pk_put_num(&c->out[i], results[i]);
	}
	sdev_pk_frame_end(&f);
	return rc;
}
