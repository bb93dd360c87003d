/* SPDX-License-Identifier: MIT */
/*
 * EC keys: the signature of a digest (ECDSA) and the agreement on a secret (ECDH). What libcrypto
 * would look at before it begins is looked at there: a key that it would refuse is its own.
 */
#include "openssl/engine/keys.h"

#include <errno.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "openssl/raw.h"

#define SIGN	WDI_OSSL_sign_ecdsa
#define AGREE	WDI_OSSL_exch_ecdh

static EC_KEY_METHOD *method;
static int held_index = -1;
static int (*plain_compute)(unsigned char **secret, size_t *len, const EC_POINT *peer,
			    const EC_KEY *key);
static ECDSA_SIG *(*plain_sign_sig)(const unsigned char *digest, int len, const BIGNUM *kinv,
				    const BIGNUM *r, EC_KEY *key);
static int (*plain_init)(EC_KEY *key);
static void (*plain_finish)(EC_KEY *key);
static int (*plain_copy)(EC_KEY *to, const EC_KEY *from);

/* ---- what the device has of a key ----------------------------------------------------------- */

/* What a session was made of, to know whether the key still has it. */
struct copy {
	EC_GROUP *group;
	BIGNUM *d;
};

static void copy_free(void *extra)
{
	struct copy *copy = extra;

	EC_GROUP_free(copy->group);
	BN_clear_free(copy->d);
	OPENSSL_free(copy);
}

static bool same(const void *extra, const void *key)
{
	const struct copy *copy = extra;

	/* A group with a name is another one if its name is. */
	return !BN_cmp(copy->d, EC_KEY_get0_private_key(key)) &&
	       (EC_GROUP_get_curve_name(copy->group) ?
		EC_GROUP_get_curve_name(copy->group) ==
		EC_GROUP_get_curve_name(EC_KEY_get0_group(key)) :
		!EC_GROUP_cmp(copy->group, EC_KEY_get0_group(key), NULL));
}

static handle_t open_key(struct wdi_ossl_sess *sess, const void *key)
{
	const EC_GROUP *group = EC_KEY_get0_group(key);
	const BIGNUM *d = EC_KEY_get0_private_key(key);
	struct copy *copy = OPENSSL_zalloc(sizeof(*copy));

	if (!copy)
		return 0;
	wdi_ossl_sess_set_extra(sess, copy, copy_free);
	copy->group = EC_GROUP_dup(group);
	copy->d = BN_dup(d);
	return copy->group && copy->d ? wdi_ossl_ec_open(group, d, "ecdh") : 0;
}

static bool hold(EC_KEY *key)
{
	struct wdi_eng_held *held = OPENSSL_zalloc(sizeof(*held));

	if (held && EC_KEY_set_ex_data(key, held_index, held))
		return true;
	OPENSSL_free(held);
	return false;
}

static int ec_init(EC_KEY *key)
{
	return hold(key) && (!plain_init || plain_init(key));
}

static void ec_finish(EC_KEY *key)
{
	struct wdi_eng_held *held = EC_KEY_get_ex_data(key, held_index);

	if (held) {
		wdi_eng_held_end(held);
		OPENSSL_free(held);
		EC_KEY_set_ex_data(key, held_index, NULL);
	}
	if (plain_finish)
		plain_finish(key);
}

/* @to may have been another method's until now. */
static int ec_copy(EC_KEY *to, const EC_KEY *from)
{
	struct wdi_eng_held *held = EC_KEY_get_ex_data(to, held_index);

	if (held)
		wdi_eng_held_end(held);
	else if (!hold(to))
		return 0;
	return plain_copy ? plain_copy(to, from) : 1;
}

static size_t field_bytes(const EC_KEY *key)
{
	const EC_GROUP *group = EC_KEY_get0_group(key);

	return group && EC_KEY_get0_private_key(key) ?
	       ((size_t)EC_GROUP_get_degree(group) + 7) / 8 : 0;
}

static struct wdi_ossl_sess *session(const EC_KEY *key)
{
	struct wdi_eng_held *held = EC_KEY_get_ex_data(key, held_index);

	return held ? wdi_eng_held_sess(held, WDI_OSSL_CLASS_ECC, open_key, same, key) : NULL;
}

/* ---- the operations ----------------------------------------------------------------------------- */

static ECDSA_SIG *sign_sig(const unsigned char *digest, int len, const BIGNUM *kinv,
			   const BIGNUM *r, EC_KEY *key)
{
	size_t bytes = field_bytes(key);
	enum wdi_ossl_where where = wdi_eng_key_where(SIGN, bytes);
	struct wdi_ossl_sess *sess = NULL;
	struct wdi_ossl_op *op = NULL;
	ECDSA_SIG *sig = NULL;
	int ret;

	/* A nonce that was made before is for libcrypto to use. */
	if (where != WDI_OSSL_CPU && !kinv && !r && len > 0 && len <= WDI_OSSL_DIGEST_MAX &&
	    EC_KEY_can_sign(key))
		sess = session(key);
	if (sess) {
		ret = wdi_ossl_ec_sign_raw(sess, &op, WDI_OSSL_EC_ECDSA, digest, (size_t)len, where,
					   &sig);
		if (wdi_eng_key_done(SIGN, &op, ret, where, bytes))
			return sig;
	} else {
		wdi_ossl_count(&wdi_ossl_rows[SIGN], WDI_OSSL_PATH_CPU, bytes);
	}
	return plain_sign_sig(digest, len, kinv, r, key);
}

/* The point's numbers, of @size bytes each. */
static bool coordinates(const EC_GROUP *group, const EC_POINT *point, size_t size, uint8_t *to_x,
			uint8_t *to_y)
{
	BIGNUM *x = BN_new(), *y = BN_new();
	bool got = x && y && !EC_POINT_is_at_infinity(group, point) &&
		   EC_POINT_get_affine_coordinates(group, point, x, y, NULL) &&
		   BN_bn2binpad(x, to_x, (int)size) == (int)size &&
		   BN_bn2binpad(y, to_y, (int)size) == (int)size;

	BN_free(x);
	BN_free(y);
	return got;
}

static int device(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, const EC_POINT *peer,
		  const EC_KEY *key, size_t size, enum wdi_ossl_where where, unsigned char **secret)
{
	uint8_t x[WDI_OSSL_EC_MAX], y[WDI_OSSL_EC_MAX];
	unsigned char *out;
	int ret;

	if (size > WDI_OSSL_EC_MAX || !coordinates(EC_KEY_get0_group(key), peer, size, x, y))
		return -EINVAL;
	out = OPENSSL_malloc(size);
	if (!out)
		return -ENOMEM;
	ret = wdi_ossl_ec_agree_raw(sess, op, x, y, size, where, out);
	if (ret)
		OPENSSL_clear_free(out, size);
	else
		*secret = out;
	return ret;
}

static int compute(unsigned char **secret, size_t *len, const EC_POINT *peer, const EC_KEY *key)
{
	size_t bytes = field_bytes(key);
	enum wdi_ossl_where where = wdi_eng_key_where(AGREE, bytes);
	struct wdi_ossl_sess *sess = where == WDI_OSSL_CPU ? NULL : session(key);
	struct wdi_ossl_op *op = NULL;

	if (!sess) {
		wdi_ossl_count(&wdi_ossl_rows[AGREE], WDI_OSSL_PATH_CPU, bytes);
	} else if (wdi_eng_key_done(AGREE, &op, device(sess, &op, peer, key, bytes, where, secret),
				    where, bytes)) {
		*len = bytes;
		return 1;
	}
	return plain_compute(secret, len, peer, key);
}

const EC_KEY_METHOD *wdi_eng_ec(void)
{
	return method;
}

bool wdi_eng_ec_make(void)
{
	int (*sign)(int type, const unsigned char *digest, int len, unsigned char *sig,
		    unsigned int *siglen, const BIGNUM *kinv, const BIGNUM *r, EC_KEY *key);
	int (*setup)(EC_KEY *key, BN_CTX *ctx, BIGNUM **kinv, BIGNUM **r);
	int (*set_group)(EC_KEY *key, const EC_GROUP *group);
	int (*set_private)(EC_KEY *key, const BIGNUM *d);
	int (*set_public)(EC_KEY *key, const EC_POINT *point);

	held_index = EC_KEY_get_ex_new_index(0, NULL, NULL, wdi_eng_held_dup, NULL);
	method = held_index >= 0 ? EC_KEY_METHOD_new(EC_KEY_OpenSSL()) : NULL;
	if (!method)
		return false;
	EC_KEY_METHOD_get_compute_key(method, &plain_compute);
	EC_KEY_METHOD_get_sign(method, &sign, &setup, &plain_sign_sig);
	EC_KEY_METHOD_get_init(method, &plain_init, &plain_finish, &plain_copy, &set_group,
			       &set_private, &set_public);
	EC_KEY_METHOD_set_compute_key(method, compute);
	EC_KEY_METHOD_set_sign(method, sign, setup, sign_sig);
	EC_KEY_METHOD_set_init(method, ec_init, ec_finish, ec_copy, set_group, set_private, set_public);
	return true;
}
