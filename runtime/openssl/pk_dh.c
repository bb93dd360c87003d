/* SPDX-License-Identifier: MIT */
/* Diffie-Hellman agreement on the device: groups with a name, groups without, DHX. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "openssl/pk.h"
#include "openssl/raw.h"

/* Our half of a request, as it goes into one: x, and p from byte @size on. */
struct half {
	size_t size;
	__u16 xbytes;
	uint8_t x_p[2 * WDI_OSSL_DH_MAX];
};

static void half_free(void *extra)
{
	OPENSSL_clear_free(extra, sizeof(struct half));
}

static bool get_half(const OSSL_PARAM params[], struct half *half)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_FFC_P);
	const OSSL_PARAM *x = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	BIGNUM *bn_p = NULL, *bn_x = NULL;
	bool good = false;

	if (!p || !x || !OSSL_PARAM_get_BN(p, &bn_p) || !OSSL_PARAM_get_BN(x, &bn_x))
		goto end;
	half->size = (size_t)BN_num_bytes(bn_p);
	half->xbytes = (__u16)BN_num_bytes(bn_x);
	good = half->size <= WDI_OSSL_DH_MAX && half->xbytes && half->xbytes <= half->size &&
	       BN_bn2binpad(bn_x, half->x_p, half->xbytes) > 0 &&
	       BN_bn2binpad(bn_p, half->x_p + half->size, (int)half->size) > 0;
end:
	BN_free(bn_p);
	BN_clear_free(bn_x);
	return good;
}

static handle_t dh_open(struct wdi_ossl_sess *sess, const struct wdi_ossl_prov *prov,
			const OSSL_PARAM params[])
{
	struct half *half = OPENSSL_zalloc(sizeof(*half));

	(void)prov;
	if (!half)
		return 0;
	wdi_ossl_sess_set_extra(sess, half, half_free);
	if (!get_half(params, half))
		return 0;
	return wdi_ossl_dh_open(half->size);
}

/* The other side's value, for the caller to free; NULL: there is none. */
static BIGNUM *peer_value(const struct wdi_ossl_key *peer, size_t size)
{
	uint8_t native[WDI_OSSL_DH_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PUB_KEY, native, size),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *bn = NULL;

	if (peer->impl->keymgmt.get_params(peer->plain, params) && OSSL_PARAM_modified(params) &&
	    OSSL_PARAM_get_BN(params, &bn))
		return bn;
	return NULL;
}

static int dh_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	const struct half *half = wdi_ossl_sess_extra(call->sess);
	size_t size = half->size, zeroes;
	const uint8_t *secret;
	BIGNUM *peer;
	int ret;

	if (!c->peer || call->outsize < size || wdi_ossl_pk_has_kdf(c))
		return -EOPNOTSUPP;
	peer = peer_value(c->peer, size);
	if (!peer)
		return -EOPNOTSUPP;
	ret = wdi_ossl_dh_raw(call->sess, &c->op, half->x_p, half->xbytes, size, peer, call->where,
			      &secret);
	BN_free(peer);
	if (ret)
		return ret;
	zeroes = c->pad ? size - c->op->produced : 0;
	memset(call->out, 0, zeroes);
	memcpy(call->out + zeroes, secret, c->op->produced);
	*call->outlen = zeroes + c->op->produced;
	OPENSSL_cleanse(c->op->buf, 4 * size);
	return 0;
}

const struct wdi_ossl_family_ops wdi_ossl_dh_ops = {
	.class = WDI_OSSL_CLASS_DH,
	.open = dh_open,
	.run = { [WDI_OSSL_DERIVE] = dh_derive },
};
