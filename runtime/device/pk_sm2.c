/* SPDX-License-Identifier: MIT */
/*
 * SM2 (GB/T 32918, parts 2 and 4) over any curve, with any hash. EVP has no place
 * for the caller's k, and not every libcrypto has SM2, so this is on the level of
 * points; hashes and the key derivation are EVP's.
 */
#include "device/pk.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#define TRIES	64	/* of a random k that makes no signature or no mask: one is enough */

enum {
	NUM_D,
	NUM_INV,	/* 1 / (1 + d) */
};

/* ---- hashes -------------------------------------------------------------------- */

static bool hash_piece(EVP_MD_CTX *md, const uint8_t *p, size_t len)
{
	return !len || EVP_DigestUpdate(md, p, len);
}

/* A number as SM2 hashes it: all the bytes of a coordinate. */
static bool hash_number(EVP_MD_CTX *md, const BIGNUM *num, size_t bytes)
{
	uint8_t padded[SDEV_PK_FIELD_MAX];

	return BN_bn2binpad(num, padded, (int)bytes) >= 0 && EVP_DigestUpdate(md, padded, bytes);
}

/* Z = H(ENTL, ID, a, b, base, public point), then e = H(Z, message). */
static bool hash_message(struct sdev_pk_call *c, struct pk_frame *f, EVP_MD_CTX *md,
			 const struct pk_in *id, const struct pk_in *text, const BIGNUM *x,
			 const BIGNUM *y, BIGNUM *e)
{
	const struct pk_group *g = c->s->group;
	uint8_t digest[EVP_MAX_MD_SIZE];
	const uint8_t entl[2] = { (uint8_t)(id->len >> 5), (uint8_t)(id->len << 3) };
	BIGNUM *p = sdev_pk_num(f), *a = sdev_pk_num(f), *b = sdev_pk_num(f), *gx = sdev_pk_num(f), *gy = sdev_pk_num(f);
	unsigned int len;

	return !f->failed && EC_GROUP_get_curve(g->ec, p, a, b, f->bn) &&
	       EC_POINT_get_affine_coordinates(g->ec, EC_GROUP_get0_generator(g->ec), gx, gy,
					       f->bn) &&
	       EVP_DigestInit_ex2(md, c->s->md, NULL) && EVP_DigestUpdate(md, entl, 2) &&
	       hash_piece(md, id->p, id->len) && hash_number(md, a, g->bytes) &&
	       hash_number(md, b, g->bytes) && hash_number(md, gx, g->bytes) &&
	       hash_number(md, gy, g->bytes) && hash_number(md, x, g->bytes) &&
	       hash_number(md, y, g->bytes) && EVP_DigestFinal_ex(md, digest, &len) &&
	       EVP_DigestInit_ex2(md, c->s->md, NULL) && EVP_DigestUpdate(md, digest, len) &&
	       hash_piece(md, text->p, text->len) && EVP_DigestFinal_ex(md, digest, &len) &&
	       BN_bin2bn(digest, (int)len, e);
}

/* ---- k ---------------------------------------------------------------------------- */

/* 0 < k < order: the caller's, or random. */
static enum sdev_pk_rc take_k(struct sdev_pk_call *c, const struct pk_in *given, BIGNUM *k,
			      const BIGNUM *below)
{
	if (given->len) {
		if (!BN_bin2bn(given->p, (int)given->len, k))
			return PK_NOMEM;
		return pk_in_range(k, below) ? PK_OK : PK_SCALAR;
	}
	do {
		if (!BN_priv_rand_range_ex(k, below, 0, c->lane->bn))
			return PK_FAILED;
	} while (BN_is_zero(k));
	return PK_OK;
}

/* ---- signatures --------------------------------------------------------------------- */

static enum sdev_pk_rc sm2_key(struct sdev_pk_call *c, struct pk_key *key, const struct pk_in *in)
{
	enum sdev_pk_rc rc = sdev_pk_scalar_key(c, key, in);
	const struct pk_group *g = c->s->group;

	if (rc)
		return rc;
	key->num[NUM_INV] = BN_dup(key->num[NUM_D]);
	if (!key->num[NUM_INV] || !BN_add_word(key->num[NUM_INV], 1))
		return PK_NOMEM;
	/* d = order - 1 has no inverse, and is no key of SM2. */
	if (!BN_cmp(key->num[NUM_INV], g->order))
		return PK_SCALAR;
	BN_set_flags(key->num[NUM_INV], BN_FLG_CONSTTIME);
	return BN_mod_inverse(key->num[NUM_INV], key->num[NUM_INV], g->order, c->lane->bn) ?
	       PK_OK : PK_NOMEM;
}

struct sm2 {
	BIGNUM *e, *k, *x, *y, *r, *s, *t;
	EC_POINT *point;
	EVP_MD_CTX *md;
};

static bool sm2_begin(struct sm2 *v, struct pk_frame *f, struct sdev_pk_call *c)
{
	sdev_pk_frame_begin(f, c);
	*v = (struct sm2){
		.e = sdev_pk_num(f), .k = sdev_pk_num(f), .x = sdev_pk_num(f), .y = sdev_pk_num(f), .r = sdev_pk_num(f),
		.s = sdev_pk_num(f), .t = sdev_pk_num(f),
		.point = EC_POINT_new(c->s->group->ec),
		.md = EVP_MD_CTX_new(),
	};
	return !f->failed && v->point && v->md;
}

static void sm2_end(struct sm2 *v, struct pk_frame *f)
{
	EC_POINT_clear_free(v->point);
	EVP_MD_CTX_free(v->md);
	sdev_pk_frame_end(f);
}

/* r = e + x1, s = (k + r) / (1 + d) - r. PK_SCALAR: this k makes no signature. */
static enum sdev_pk_rc sign_once(struct sdev_pk_call *c, struct pk_frame *f, struct sm2 *v,
				 const struct pk_key *key)
{
	const struct pk_group *g = c->s->group;
	enum sdev_pk_rc rc;

	if (!EC_POINT_mul(g->ec, v->point, v->k, NULL, NULL, f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, v->point, v->x, v->y);
	if (rc)
		return rc;
	if (!BN_mod_add(v->r, v->e, v->x, g->order, f->bn) ||
	    !BN_mod_add_quick(v->s, v->k, v->r, g->order))
		return PK_NOMEM;
	if (BN_is_zero(v->r) || BN_is_zero(v->s))
		return PK_SCALAR;
	if (!BN_to_montgomery(v->t, v->s, g->order_mont, f->bn) ||
	    !BN_mod_mul_montgomery(v->s, v->t, key->num[NUM_INV], g->order_mont, f->bn) ||
	    !BN_mod_sub_quick(v->s, v->s, v->r, g->order))
		return PK_NOMEM;
	return BN_is_zero(v->s) ? PK_SCALAR : PK_OK;
}

/*
 * e of a signature: the digest, or what is to be hashed. @x, @y: the public point,
 * which has to be computed if only the private key is there.
 */
static enum sdev_pk_rc sign_digest(struct sdev_pk_call *c, struct pk_frame *f, struct sm2 *v,
				   const struct pk_key *key)
{
	const struct pk_in *digest = &c->in[1], *px = &c->in[5], *py = &c->in[6];
	enum sdev_pk_rc rc;

	if (digest->len)
		return BN_bin2bn(digest->p, (int)digest->len, v->e) ? PK_OK : PK_NOMEM;
	if (!c->s->md)
		return PK_HASH;
	if (px->len && py->len) {
		if (!BN_bin2bn(px->p, (int)px->len, v->x) || !BN_bin2bn(py->p, (int)py->len, v->y))
			return PK_NOMEM;
	} else {
		if (!EC_POINT_mul(c->s->group->ec, v->point, key->num[NUM_D], NULL, NULL, f->bn))
			return PK_NOMEM;
		rc = sdev_pk_point_xy(c, v->point, v->x, v->y);
		if (rc)
			return rc;
	}
	return hash_message(c, f, v->md, &c->in[4], &c->in[3], v->x, v->y, v->e) ? PK_OK :
	       PK_FAILED;
}

/* d, digest, k, text, id, x, y -> r, s. No digest: that of text. All but d may be missing. */
enum sdev_pk_rc sdev_sm2_sign(struct sdev_pk_call *c)
{
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_key *key = NULL;
	struct pk_frame f;
	struct sm2 v;

	if (sm2_begin(&v, &f, c))
		rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, sm2_key, &key);
	if (!rc)
		rc = sign_digest(c, &f, &v, key);
	for (unsigned int i = 0; !rc && i < TRIES; i++) {
		rc = take_k(c, &c->in[2], v.k, c->s->group->order);
		if (!rc)
			rc = sign_once(c, &f, &v, key);
		if (rc != PK_SCALAR || c->in[2].len)
			break;
		rc = i + 1 < TRIES ? PK_OK : PK_FAILED;
	}
	if (!rc)
		rc = sdev_pk_put_num(&c->out[0], v.r);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[1], v.s);
	sdev_pk_key_put(key);
	sm2_end(&v, &f);
	return rc;
}

/* e + x of s * base + (r + s) * public = r? */
static enum sdev_pk_rc verify(struct sdev_pk_call *c, struct pk_frame *f, struct sm2 *v,
			      const struct pk_key *key)
{
	const struct pk_group *g = c->s->group;
	enum sdev_pk_rc rc;

	if (!pk_in_range(v->r, g->order) || !pk_in_range(v->s, g->order))
		return PK_MISMATCH;
	if (!BN_mod_add_quick(v->t, v->r, v->s, g->order))
		return PK_NOMEM;
	if (BN_is_zero(v->t))
		return PK_MISMATCH;
	if (!EC_POINT_mul(g->ec, v->point, v->s, key->point, v->t, f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, v->point, v->x, v->y);
	if (rc)
		return rc == PK_POINT ? PK_MISMATCH : rc;
	if (!BN_mod_add(v->t, v->e, v->x, g->order, f->bn))
		return PK_NOMEM;
	return BN_cmp(v->t, v->r) ? PK_MISMATCH : PK_OK;
}

/* x, y, digest, r, s, text, id. No digest: that of text. */
enum sdev_pk_rc sdev_sm2_verify(struct sdev_pk_call *c)
{
	const struct pk_in *in = c->in;
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_key *key = NULL;
	struct pk_frame f;
	struct sm2 v;

	if (sm2_begin(&v, &f, c))
		rc = sdev_pk_key_get(c, PK_PUBLIC, &in[0], 2, sdev_pk_point_key, &key);
	if (!rc && !in[2].len)
		rc = c->s->md ? sdev_pk_point_xy(c, key->point, v.x, v.y) : PK_HASH;
	if (!rc && !(in[2].len ? !!BN_bin2bn(in[2].p, (int)in[2].len, v.e) :
		     hash_message(c, &f, v.md, &in[6], &in[5], v.x, v.y, v.e)))
		rc = PK_FAILED;
	if (!rc && (!BN_bin2bn(in[3].p, (int)in[3].len, v.r) ||
		    !BN_bin2bn(in[4].p, (int)in[4].len, v.s)))
		rc = PK_NOMEM;
	if (!rc)
		rc = verify(c, &f, &v, key);
	sdev_pk_key_put(key);
	sm2_end(&v, &f);
	return rc;
}

/* ---- encryption ----------------------------------------------------------------------- */

/* The mask of X9.63 (SM2 has the same) from the point x, y. */
static enum sdev_pk_rc mask(struct sdev_pk_call *c, const BIGNUM *x, const BIGNUM *y, uint8_t *to,
			    size_t len)
{
	size_t bytes = c->s->group->bytes;
	uint8_t secret[2 * SDEV_PK_FIELD_MAX];
	EVP_KDF *kdf = EVP_KDF_fetch(c->lane->lib, "X963KDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[3];
	uint8_t any = 0;
	bool ok;

	ok = ctx && BN_bn2binpad(x, secret, (int)bytes) >= 0 &&
	     BN_bn2binpad(y, secret + bytes, (int)bytes) >= 0;
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						     (char *)EVP_MD_get0_name(c->s->md), 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, 2 * bytes);
	params[2] = OSSL_PARAM_construct_end();
	ok = ok && EVP_KDF_derive(ctx, to, len, params) > 0;
	OPENSSL_cleanse(secret, sizeof(secret));
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	if (!ok)
		return PK_FAILED;
	for (size_t i = 0; i < len; i++)
		any |= to[i];
	/* A mask of zeroes hides nothing: another k is needed. */
	return any ? PK_OK : PK_SCALAR;
}

/* C3 = H(x, text, y). */
static bool check_value(struct sdev_pk_call *c, struct sm2 *v, const uint8_t *text, size_t len,
			uint8_t *out)
{
	size_t bytes = c->s->group->bytes;

	return EVP_DigestInit_ex2(v->md, c->s->md, NULL) && hash_number(v->md, v->x, bytes) &&
	       hash_piece(v->md, text, len) && hash_number(v->md, v->y, bytes) &&
	       EVP_DigestFinal_ex(v->md, out, NULL);
}

static enum sdev_pk_rc encrypt_once(struct sdev_pk_call *c, struct pk_frame *f, struct sm2 *v,
				    const struct pk_key *key)
{
	const struct pk_in *text = &c->in[3];
	const EC_GROUP *ec = c->s->group->ec;
	enum sdev_pk_rc rc;

	if (!EC_POINT_mul(ec, v->point, v->k, NULL, NULL, f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, v->point, v->r, v->s);
	if (rc)
		return rc;
	if (!EC_POINT_mul(ec, v->point, NULL, key->point, v->k, f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, v->point, v->x, v->y);
	if (!rc)
		rc = mask(c, v->x, v->y, c->out[2].p, text->len);
	if (rc)
		return rc;
	for (size_t i = 0; i < text->len; i++)
		c->out[2].p[i] ^= text->p[i];
	c->out[2].used = text->len;
	if (!check_value(c, v, text->p, text->len, c->out[3].p))
		return PK_FAILED;
	c->out[3].used = (size_t)EVP_MD_get_size(c->s->md);
	rc = sdev_pk_put_num(&c->out[0], v->r);
	return rc ? rc : sdev_pk_put_num(&c->out[1], v->s);
}

/* x, y, k, text -> C1 x, C1 y, C2, C3. k may be missing. */
enum sdev_pk_rc sdev_sm2_encrypt(struct sdev_pk_call *c)
{
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_key *key = NULL;
	struct pk_frame f;
	struct sm2 v;

	if (!c->s->md)
		return PK_HASH;
	if (c->out[2].room < c->in[3].len || c->out[3].room < (size_t)EVP_MD_get_size(c->s->md))
		return PK_ROOM;
	if (sm2_begin(&v, &f, c))
		rc = sdev_pk_key_get(c, PK_PUBLIC, &c->in[0], 2, sdev_pk_point_key, &key);
	for (unsigned int i = 0; !rc && i < TRIES; i++) {
		rc = take_k(c, &c->in[2], v.k, c->s->group->order);
		if (!rc)
			rc = encrypt_once(c, &f, &v, key);
		if (rc != PK_SCALAR || c->in[2].len)
			break;
		rc = i + 1 < TRIES ? PK_OK : PK_FAILED;
	}
	sdev_pk_key_put(key);
	sm2_end(&v, &f);
	return rc;
}

static enum sdev_pk_rc decrypt(struct sdev_pk_call *c, struct pk_frame *f, struct sm2 *v,
			       const struct pk_key *key, const EC_POINT *c1)
{
	const struct pk_in *c2 = &c->in[3], *c3 = &c->in[4];
	uint8_t check[EVP_MAX_MD_SIZE], *text = c->out[0].p;
	enum sdev_pk_rc rc;

	if (!EC_POINT_mul(c->s->group->ec, v->point, NULL, c1, key->num[NUM_D], f->bn))
		return PK_NOMEM;
	rc = sdev_pk_point_xy(c, v->point, v->x, v->y);
	if (!rc)
		rc = mask(c, v->x, v->y, text, c2->len);
	if (rc)
		return rc == PK_SCALAR ? PK_MISMATCH : rc;
	for (size_t i = 0; i < c2->len; i++)
		text[i] ^= c2->p[i];
	if (!check_value(c, v, text, c2->len, check))
		return PK_FAILED;
	if (c3->len != (size_t)EVP_MD_get_size(c->s->md) || CRYPTO_memcmp(check, c3->p, c3->len)) {
		OPENSSL_cleanse(text, c2->len);
		return PK_MISMATCH;
	}
	c->out[0].used = c2->len;
	return PK_OK;
}

/* d, C1 x, C1 y, C2, C3 -> text. */
enum sdev_pk_rc sdev_sm2_decrypt(struct sdev_pk_call *c)
{
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_key *key = NULL;
	EC_POINT *c1 = NULL;
	struct pk_frame f;
	struct sm2 v;

	if (!c->s->md)
		return PK_HASH;
	if (c->out[0].room < c->in[3].len)
		return PK_ROOM;
	if (sm2_begin(&v, &f, c))
		rc = sdev_pk_key_get(c, PK_PRIVATE, &c->in[0], 1, sdev_pk_scalar_key, &key);
	if (!rc)
		rc = sdev_pk_point_of(c, &c->in[1], &c->in[2], &c1);
	if (!rc)
		rc = decrypt(c, &f, &v, key, c1);
	EC_POINT_free(c1);
	sdev_pk_key_put(key);
	sm2_end(&v, &f);
	return rc;
}

/* ---- key generation ----------------------------------------------------------------------- */

/* -> d, x, y; 0 < d < order - 1. */
enum sdev_pk_rc sdev_sm2_keygen(struct sdev_pk_call *c)
{
	static const struct pk_in none;
	enum sdev_pk_rc rc = PK_NOMEM;
	struct pk_frame f;
	struct sm2 v;

	if (sm2_begin(&v, &f, c) && BN_sub(v.t, c->s->group->order, BN_value_one()))
		rc = take_k(c, &none, v.k, v.t);
	if (!rc && !EC_POINT_mul(c->s->group->ec, v.point, v.k, NULL, NULL, f.bn))
		rc = PK_NOMEM;
	if (!rc)
		rc = sdev_pk_point_xy(c, v.point, v.x, v.y);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[0], v.k);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[1], v.x);
	if (!rc)
		rc = sdev_pk_put_num(&c->out[2], v.y);
	sm2_end(&v, &f);
	return rc;
}
