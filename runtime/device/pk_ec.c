/* SPDX-License-Identifier: MIT */
/*
 * ECDH and ECDSA (SEC 1, FIPS 186-4) over prime curves. A product with one scalar
 * is EC_POINT_mul() with a single point, which libcrypto does in a time that does
 * not depend on the scalar.
 */
#define OPENSSL_SUPPRESS_DEPRECATED	/* ECDSA_do_sign_ex(): EVP has no place for it */

#include "device/pk.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>

#define DER_MAX		160	/* of a signature over 576 bits */

/* ---- points ---------------------------------------------------------------- */

enum sdev_pk_rc sdev_pk_point_of(struct sdev_pk_call *c, const struct pk_in *x, const struct pk_in *y,
			    EC_POINT **out)
{
	const struct pk_group *g = c->s->group;
	enum sdev_pk_rc rc = PK_POINT;
	struct pk_frame f;
	BIGNUM *bx, *by;
	EC_POINT *point;

	sdev_pk_frame_begin(&f, c);
	bx = sdev_pk_num_of(&f, x);
	by = sdev_pk_num_of(&f, y);
	point = EC_POINT_new(g->ec);
	if (f.failed || !point)
		rc = PK_NOMEM;
	else if (BN_ucmp(bx, g->p) < 0 && BN_ucmp(by, g->p) < 0 &&
		 EC_POINT_set_affine_coordinates(g->ec, point, bx, by, f.bn))
		rc = PK_OK;
	sdev_pk_frame_end(&f);
	if (rc)
		EC_POINT_free(point);
	else
		*out = point;
	return rc;
}

enum sdev_pk_rc sdev_pk_point_xy(struct sdev_pk_call *c, const EC_POINT *point, BIGNUM *x, BIGNUM *y)
{
	const EC_GROUP *ec = c->s->group->ec;

	if (EC_POINT_is_at_infinity(ec, point))
		return PK_POINT;
	return EC_POINT_get_affine_coordinates(ec, point, x, y, c->lane->bn) ? PK_OK : PK_FAILED;
}

/* d * base, or d * @with. */
static enum sdev_pk_rc multiply(struct sdev_pk_call *c, const BIGNUM *d, const EC_POINT *with,
				struct pk_out *x, struct pk_out *y)
{
	const EC_GROUP *ec = c->s->group->ec;
	EC_POINT *point = EC_POINT_new(ec);
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_frame f;
	BIGNUM *bx, *by;

	sdev_pk_frame_begin(&f, c);
	bx = sdev_pk_num(&f);
	by = sdev_pk_num(&f);
	if (!f.failed && point &&
	    EC_POINT_mul(ec, point, with ? NULL : d, with, with ? d : NULL, f.bn))
		rc = sdev_pk_point_xy(c, point, bx, by);
	if (!rc)
		rc = sdev_pk_put_num(x, bx);
	if (!rc)
		rc = sdev_pk_put_num(y, by);
	sdev_pk_frame_end(&f);
	EC_POINT_clear_free(point);
	return rc;
}

/* ---- keys -------------------------------------------------------------------- */

enum sdev_pk_rc sdev_pk_scalar_key(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *in)
{
	key->num[0] = BN_bin2bn(in[0].p, (int)in[0].len, NULL);
	if (!key->num[0])
		return PK_NOMEM;
	if (!pk_in_range(key->num[0], c->s->group->order))
		return PK_SCALAR;
	BN_set_flags(key->num[0], BN_FLG_CONSTTIME);
	return PK_OK;
}

enum sdev_pk_rc sdev_pk_point_key(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *in)
{
	return sdev_pk_point_of(c, &in[0], &in[1], &key->point);
}

/* By its name, or by its numbers. */
static bool push_curve(OSSL_PARAM_BLD *bld, struct sdev_pk_call *c, BIGNUM **v, uint8_t *base)
{
	const struct pk_group *g = c->s->group;
	size_t len;

	if (g->nid != NID_undef)
		return OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
						       OBJ_nid2sn(g->nid), 0);
	len = EC_POINT_point2oct(g->ec, EC_GROUP_get0_generator(g->ec),
				 POINT_CONVERSION_UNCOMPRESSED, base, 1 + 2 * SDEV_PK_FIELD_MAX,
				 c->lane->bn);
	return len && EC_GROUP_get_curve(g->ec, v[0], v[1], v[2], c->lane->bn) &&
	       OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_EC_FIELD_TYPE,
					       SN_X9_62_prime_field, 0) &&
	       OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_EC_P, v[0]) &&
	       OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_EC_A, v[1]) &&
	       OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_EC_B, v[2]) &&
	       OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_EC_GENERATOR, base, len) &&
	       OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_EC_ORDER, g->order);
}

static EVP_PKEY *pkey_of(struct sdev_pk_call *c, const EC_POINT *point)
{
	uint8_t base[1 + 2 * SDEV_PK_FIELD_MAX], octets[1 + 2 * SDEV_PK_FIELD_MAX];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(c->lane->lib, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;
	struct pk_frame f;
	BIGNUM *v[3];
	size_t len;
	bool ok;

	sdev_pk_frame_begin(&f, c);
	for (unsigned int i = 0; i < 3; i++)
		v[i] = sdev_pk_num(&f);
	ok = bld && ctx && !f.failed && push_curve(bld, c, v, base);
	if (ok) {
		len = EC_POINT_point2oct(c->s->group->ec, point, POINT_CONVERSION_UNCOMPRESSED,
					 octets, sizeof(octets), f.bn);
		ok = len && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, octets,
							     len);
	}
	if (ok)
		params = OSSL_PARAM_BLD_to_param(bld);
	if (params && (EVP_PKEY_fromdata_init(ctx) <= 0 ||
		       EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) <= 0))
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	sdev_pk_frame_end(&f);
	return pkey;
}

static enum sdev_pk_rc signing_key(struct sdev_pk_call *c, struct pk_key *key,
				   const struct pk_in *in)
{
	enum sdev_pk_rc rc = sdev_pk_scalar_key(c, key, in);

	if (rc)
		return rc;
	key->ec = EC_KEY_new_ex(c->lane->lib, NULL);
	return key->ec && EC_KEY_set_group(key->ec, c->s->group->ec) &&
	       EC_KEY_set_private_key(key->ec, key->num[0]) ? PK_OK : PK_FAILED;
}

static enum sdev_pk_rc verifying_key(struct sdev_pk_call *c, struct pk_key *key,
				     const struct pk_in *in)
{
	enum sdev_pk_rc rc = sdev_pk_point_key(c, key, in);

	if (rc)
		return rc;
	key->pkey = pkey_of(c, key->point);
	return key->pkey ? PK_OK : PK_FAILED;
}

/* ---- ECDH --------------------------------------------------------------------- */

/* d -> the public point x, y. */
enum sdev_pk_rc sdev_ec_public(struct sdev_pk_call *c)
{
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, sdev_pk_scalar_key, &key);

	if (rc)
		return rc;
	rc = multiply(c, key->num[0], NULL, &c->out[0], &c->out[1]);
	sdev_pk_key_put(key);
	return rc;
}

/*
 * d, x, y -> the shared point x, y. The other side's point stays in the session, as it
 * would in a context of EVP: most sessions have one.
 */
enum sdev_pk_rc sdev_ec_derive(struct sdev_pk_call *c)
{
	struct pk_key *key, *peer;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, sdev_pk_scalar_key, &key);

	if (rc)
		return rc;
	rc = sdev_pk_key_get(c, PK_PUBLIC, &c->in[1], 2, sdev_pk_point_key, &peer);
	if (!rc) {
		rc = multiply(c, key->num[0], peer->point, &c->out[0], &c->out[1]);
		sdev_pk_key_put(peer);
	}
	sdev_pk_key_put(key);
	return rc;
}

/* ---- ECDSA ---------------------------------------------------------------------- */

static bool begin_verify(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_verify_init(ctx) > 0;
}

/*
 * A signature to be verified is DER for EVP, a SEQUENCE of two INTEGERs (SEC 1, C.8): a few
 * bytes of header, for which libcrypto's own calls allocate three objects.
 */

/* A number as an INTEGER: without zeroes before it but one, if it would be negative. */
static size_t der_put(uint8_t *to, const struct pk_in *num)
{
	const uint8_t *p = num->p;
	size_t len = num->len, sign;

	for (; len > 1 && !*p; p++)
		len--;
	sign = *p >> 7;
	to[0] = 0x02;
	to[1] = (uint8_t)(sign + len);
	to[2] = 0;
	memcpy(to + 2 + sign, p, len);
	return 2 + sign + len;
}

/* Returns the length, 0 if a number is longer than any order. */
static size_t der_write(uint8_t *der, const struct pk_in *r, const struct pk_in *s)
{
	uint8_t body[2 * (3 + SDEV_PK_FIELD_MAX)];
	size_t len, head = 2;

	if (r->len > SDEV_PK_FIELD_MAX || s->len > SDEV_PK_FIELD_MAX)
		return 0;
	len = der_put(body, r);
	len += der_put(body + len, s);
	der[0] = 0x30;
	if (len > 0x7f) {
		der[1] = 0x81;
		head = 3;
	}
	der[head - 1] = (uint8_t)len;
	memcpy(der + head, body, len);
	return head + len;
}

/*
 * With the numbers as libcrypto has them inside: EVP would make DER of them, which costs as
 * much as all the rest of a job. @kinv and @r: what follows from the caller's k, or NULL.
 * PK_SCALAR: that k makes no signature of this digest.
 */
static enum sdev_pk_rc sign(struct sdev_pk_call *c, struct pk_key *key, const BIGNUM *kinv,
			    const BIGNUM *r)
{
	const struct pk_in *e = &c->in[1];
	ECDSA_SIG *sig = ECDSA_do_sign_ex(e->p, (int)e->len, kinv, r, key->ec);
	enum sdev_pk_rc rc;

	if (!sig)
		return kinv ? PK_SCALAR : PK_FAILED;
	rc = sdev_pk_put_num(&c->out[0], ECDSA_SIG_get0_r(sig));
	if (!rc)
		rc = sdev_pk_put_num(&c->out[1], ECDSA_SIG_get0_s(sig));
	ECDSA_SIG_free(sig);
	return rc;
}

struct ecdsa {
	BIGNUM *k, *x, *y, *r;
	BIGNUM *b, *bm;		/* blinding, and in the form of Montgomery */
};

/*
 * 1 / k, in place of k. It is multiplied by a random b first, so that the inversion sees
 * nothing of it.
 */
static bool invert(struct ecdsa *v, const struct pk_group *g, BN_CTX *bn)
{
	return BN_to_montgomery(v->bm, v->b, g->order_mont, bn) &&
	       BN_mod_mul_montgomery(v->k, v->k, v->bm, g->order_mont, bn) &&
	       BN_mod_inverse(v->k, v->k, g->order, bn) &&
	       BN_mod_mul_montgomery(v->k, v->k, v->bm, g->order_mont, bn);
}

static enum sdev_pk_rc sign_given(struct sdev_pk_call *c, struct pk_frame *f, struct pk_key *key,
				  struct ecdsa *v, EC_POINT *point)
{
	const struct pk_group *g = c->s->group;
	enum sdev_pk_rc rc;

	if (!pk_in_range(v->k, g->order))
		return PK_SCALAR;
	if (!EC_POINT_mul(g->ec, point, v->k, NULL, NULL, f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, point, v->x, v->y);
	if (rc)
		return rc;
	do {
		if (!BN_priv_rand_range_ex(v->b, g->order, 0, f->bn))
			return PK_FAILED;
	} while (BN_is_zero(v->b));
	if (!BN_nnmod(v->r, v->x, g->order, f->bn) || !invert(v, g, f->bn))
		return PK_NOMEM;
	return BN_is_zero(v->r) ? PK_SCALAR : sign(c, key, v->k, v->r);
}

/* With the caller's k. */
static enum sdev_pk_rc sign_with_k(struct sdev_pk_call *c, struct pk_key *key)
{
	EC_POINT *point = EC_POINT_new(c->s->group->ec);
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_frame f;
	struct ecdsa v;

	sdev_pk_frame_begin(&f, c);
	v = (struct ecdsa){
		.k = sdev_pk_num_of(&f, &c->in[2]), .x = sdev_pk_num(&f), .y = sdev_pk_num(&f),
		.r = sdev_pk_num(&f), .b = sdev_pk_num(&f), .bm = sdev_pk_num(&f),
	};
	if (!f.failed && point)
		rc = sign_given(c, &f, key, &v, point);
	sdev_pk_frame_end(&f);
	EC_POINT_clear_free(point);
	return rc;
}

/* d, digest, k -> r, s. k may be missing. */
enum sdev_pk_rc sdev_ecdsa_sign(struct sdev_pk_call *c)
{
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, signing_key, &key);

	if (rc)
		return rc;
	rc = c->in[2].len ? sign_with_k(c, key) : sign(c, key, NULL, NULL);
	sdev_pk_key_put(key);
	return rc;
}

/* x, y, digest, r, s. */
enum sdev_pk_rc sdev_ecdsa_verify(struct sdev_pk_call *c)
{
	uint8_t der[DER_MAX];
	size_t len = der_write(der, &c->in[3], &c->in[4]);
	struct pk_evp *evp;
	struct pk_key *key;
	enum sdev_pk_rc rc = sdev_pk_key_get(c, PK_PUBLIC, &c->in[0], 2, verifying_key, &key);

	if (rc)
		return rc;
	evp = len ? sdev_pk_evp_take(c, key, begin_verify) : NULL;
	if (!evp) {
		rc = len ? PK_NOMEM : PK_MISMATCH;
	} else {
		rc = EVP_PKEY_verify(evp->ctx, der, len, c->in[2].p, c->in[2].len) == 1 ? PK_OK :
		     PK_MISMATCH;
		sdev_pk_evp_give(key, evp);
	}
	sdev_pk_key_put(key);
	return rc;
}
