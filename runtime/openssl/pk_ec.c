/* SPDX-License-Identifier: MIT */
/* Curves on the device: EC (ECDSA and ECDH), SM2 signatures of a digest, X25519 and X448. */
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/params.h>

#include "openssl/pk.h"
#include "openssl/raw.h"

static handle_t open_on_curve(const struct wdi_ossl_prov *prov, const OSSL_PARAM params[],
			      const char *alg)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	EC_GROUP *group = EC_GROUP_new_from_params(params, prov->libctx, NULL);
	BIGNUM *d = NULL;
	handle_t h = 0;

	if (group && p && OSSL_PARAM_get_BN(p, &d))
		h = wdi_ossl_ec_open(group, d, alg);
	BN_clear_free(d);
	EC_GROUP_free(group);
	return h;
}

static handle_t ec_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			const OSSL_PARAM params[])
{
	(void)sess;
	return open_on_curve(prov, params, "ecdh");
}

static handle_t sm2_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			 const OSSL_PARAM params[])
{
	(void)sess;
	return open_on_curve(prov, params, "sm2");
}

static handle_t open_x(const OSSL_PARAM params[], const char *alg, size_t size)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	const void *data = NULL;
	size_t len = 0;

	if (!p || !OSSL_PARAM_get_octet_string_ptr(p, &data, &len) || len != size)
		return 0;
	return wdi_ossl_ecx_open(data, size, alg);
}

static handle_t x25519_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			    const OSSL_PARAM params[])
{
	(void)sess;
	(void)prov;
	return open_x(params, "x25519", 32);
}

static handle_t x448_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			  const OSSL_PARAM params[])
{
	(void)sess;
	(void)prov;
	return open_x(params, "x448", 56);
}

/* ---- signatures ------------------------------------------------------------------------------ */

/* Is this what the context was told to sign, in the usual way? */
static bool may_sign(const struct wdi_ossl_pk *c, const struct wdi_ossl_private_call *call)
{
	const struct wdi_ossl_key *key = c->key;
	size_t digest_size = 0;
	unsigned int nonce = 0;
	int most = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_SIGNATURE_PARAM_DIGEST_SIZE, &digest_size),
		/* Deterministic, from OpenSSL 3.2 on; an older one leaves it as it is. */
		OSSL_PARAM_construct_uint("nonce-type", &nonce),
		OSSL_PARAM_construct_end(),
	};
	OSSL_PARAM size[] = {
		OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_MAX_SIZE, &most),
		OSSL_PARAM_construct_end(),
	};

	return c->head.impl->pk.get_ctx_params &&
	       c->head.impl->pk.get_ctx_params(c->head.plain, params) && !nonce &&
	       (!digest_size || digest_size == call->inlen) &&
	       key->impl->keymgmt.get_params(key->plain, size) && most > 0 &&
	       call->outsize >= (size_t)most;
}

/* A DER sequence of the two numbers (RFC 3279, 2.2.3), the form that SM2 has as well. */
static int sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call,
		enum wdi_ossl_ec_kind kind)
{
	unsigned char *to = call->out;
	ECDSA_SIG *sig = NULL;
	int ret, len;

	ret = wdi_ossl_ec_sign_raw(call->sess, &c->op, kind, call->in, call->inlen, call->where, &sig);
	if (ret)
		return ret;
	len = i2d_ECDSA_SIG(sig, NULL);
	len = len > 0 && (size_t)len <= call->outsize ? i2d_ECDSA_SIG(sig, &to) : -1;
	ECDSA_SIG_free(sig);
	if (len <= 0)
		return -ENOMEM;
	*call->outlen = (size_t)len;
	return 0;
}

static int ec_sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	if (!call->inlen || call->inlen > WDI_OSSL_DIGEST_MAX || !may_sign(c, call))
		return -EOPNOTSUPP;
	return sign(c, call, WDI_OSSL_EC_ECDSA);
}

static int sm2_sign(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	if (call->inlen != 32 || !may_sign(c, call))
		return -EOPNOTSUPP;
	return sign(c, call, WDI_OSSL_EC_SM2);
}

/* ---- agreement -------------------------------------------------------------------------------- */

/* One coordinate of the other side's point. */
static bool peer_number(const struct wdi_ossl_key *peer, const char *name, uint8_t *to, size_t size)
{
	uint8_t native[WDI_OSSL_EC_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(name, native, size),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *bn = NULL;
	bool got = peer->impl->keymgmt.get_params(peer->plain, params) &&
		   OSSL_PARAM_modified(params) && OSSL_PARAM_get_BN(params, &bn) &&
		   BN_bn2binpad(bn, to, (int)size) == (int)size;

	BN_free(bn);
	return got;
}

static int ec_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	size_t size = wdi_ossl_key_bytes(c->key);
	uint8_t x[WDI_OSSL_EC_MAX], y[WDI_OSSL_EC_MAX];
	int ret;

	if (!c->peer || call->outsize < size || size > WDI_OSSL_EC_MAX || wdi_ossl_pk_has_kdf(c) ||
	    !peer_number(c->peer, OSSL_PKEY_PARAM_EC_PUB_X, x, size) ||
	    !peer_number(c->peer, OSSL_PKEY_PARAM_EC_PUB_Y, y, size))
		return -EOPNOTSUPP;
	ret = wdi_ossl_ec_agree_raw(call->sess, &c->op, x, y, size, call->where, call->out);
	if (!ret)
		*call->outlen = size;
	return ret;
}

static int x_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	size_t size = wdi_ossl_key_bytes(c->key);
	uint8_t pub[WDI_OSSL_EC_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, pub, size),
		OSSL_PARAM_construct_end(),
	};
	int ret;

	if (!c->peer || call->outsize < size || size > WDI_OSSL_EC_MAX ||
	    c->peer->impl != c->key->impl ||
	    !c->peer->impl->keymgmt.get_params(c->peer->plain, params) ||
	    params[0].return_size != size)
		return -EOPNOTSUPP;
	ret = wdi_ossl_ec_agree_raw(call->sess, &c->op, pub, NULL, size, call->where, call->out);
	if (!ret)
		*call->outlen = size;
	return ret;
}

const struct wdi_ossl_family_ops wdi_ossl_ec_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.hash_alone = true,
	.open = ec_open,
	.run = { [WDI_OSSL_SIGN] = ec_sign, [WDI_OSSL_DERIVE] = ec_derive },
};

/* The hash of SM2 begins with who signs, which the default provider's context puts there. */
const struct wdi_ossl_family_ops wdi_ossl_sm2_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = sm2_open,
	.run = { [WDI_OSSL_SIGN] = sm2_sign },
};

const struct wdi_ossl_family_ops wdi_ossl_x25519_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = x25519_open,
	.run = { [WDI_OSSL_DERIVE] = x_derive },
};

const struct wdi_ossl_family_ops wdi_ossl_x448_ops = {
	.class = WDI_OSSL_CLASS_ECC,
	.open = x448_open,
	.run = { [WDI_OSSL_DERIVE] = x_derive },
};
