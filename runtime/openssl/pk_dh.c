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

#define BYTES_MAX	512

/* Our half of a request, as it goes into one: x, and p from byte @size on. */
struct half {
	size_t size;
	__u16 xbytes;
	uint8_t x_p[2 * BYTES_MAX];
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
	good = half->size <= BYTES_MAX && half->xbytes && half->xbytes <= half->size &&
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
	struct wd_dh_sess_setup setup = { .is_g2 = false };

	(void)prov;
	if (!half)
		return 0;
	wdi_ossl_sess_set_extra(sess, half, half_free);
	if (!get_half(params, half))
		return 0;
	setup.key_bits = (__u16)(8 * half->size);
	return wd_dh_alloc_sess(&setup);
}

/* The other side's value to @to, which has room for @size bytes; its length, 0 if there is none. */
static __u16 peer_value(const struct wdi_ossl_key *peer, uint8_t *to, size_t size)
{
	uint8_t native[BYTES_MAX];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PUB_KEY, native, size),
		OSSL_PARAM_construct_end(),
	};
	BIGNUM *bn = NULL;
	int len = 0;

	if (peer->impl->keymgmt.get_params(peer->plain, params) && OSSL_PARAM_modified(params) &&
	    OSSL_PARAM_get_BN(params, &bn) && (size_t)BN_num_bytes(bn) <= size)
		len = BN_bn2bin(bn, to);
	BN_free(bn);
	return (__u16)(len > 0 ? len : 0);
}

static int dh_derive(struct wdi_ossl_pk *c, struct wdi_ossl_private_call *call)
{
	const struct half *half = wdi_ossl_sess_extra(call->sess);
	size_t size = half->size, room = 4 * size, zeroes;
	struct wd_dh_req req = {
		.pri_bytes = (__u16)size,
		.pbytes = (__u16)size,
		.xbytes = half->xbytes,
		.op_type = WD_DH_PHASE2,
		.data_fmt = WD_FLAT_BUF,
	};
	int ret;

	if (!c->peer || call->outsize < size || wdi_ossl_pk_has_kdf(c))
		return -EOPNOTSUPP;
	if (!wdi_ossl_op_room(&c->op, room))
		return -ENOMEM;
	/* A copy: a job that never comes back leaves it to the device while the key goes. */
	memcpy(c->op->buf, half->x_p, 2 * size);
	req.x_p = c->op->buf;
	req.pv = c->op->buf + 2 * size;
	req.pri = c->op->buf + 3 * size;
	req.pvbytes = peer_value(c->peer, req.pv, size);
	if (!req.pvbytes)
		return -EOPNOTSUPP;
	memset(req.pri, 0, size);
	ret = wdi_ossl_run_dh(call->sess, c->op, &req, call->where);
	if (ret)
		return ret;
	zeroes = size - c->op->produced;
	if (c->pad) {
		memset(call->out, 0, zeroes);
		memcpy(call->out + zeroes, c->op->buf + 3 * size, size - zeroes);
		*call->outlen = size;
	} else {
		memcpy(call->out, c->op->buf + 3 * size, size - zeroes);
		*call->outlen = size - zeroes;
	}
	OPENSSL_cleanse(c->op->buf, room);
	return 0;
}

const struct wdi_ossl_family_ops wdi_ossl_dh_ops = {
	.class = WDI_OSSL_CLASS_DH,
	.open = dh_open,
	.run = { [WDI_OSSL_DERIVE] = dh_derive },
};
