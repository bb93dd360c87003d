/* SPDX-License-Identifier: MIT */
/* Diffie-Hellman: a power modulo a prime. */
#include <errno.h>
#include <string.h>

#include "openssl/common.h"
#include "openssl/raw.h"

handle_t wdi_ossl_dh_open(size_t bytes)
{
	struct wd_dh_sess_setup setup = { .key_bits = (__u16)(8 * bytes), .is_g2 = false };

	return bytes <= WDI_OSSL_DH_MAX ? wd_dh_alloc_sess(&setup) : 0;
}

int wdi_ossl_dh_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op **op, const uint8_t *x_p,
		    size_t xbytes, size_t size, const BIGNUM *base, enum wdi_ossl_where where,
		    const uint8_t **out)
{
	struct wd_dh_req req = {
		.pri_bytes = (__u16)size,
		.pbytes = (__u16)size,
		.xbytes = (__u16)xbytes,
		.op_type = WD_DH_PHASE2,
		.data_fmt = WD_FLAT_BUF,
	};

	if (BN_is_zero(base) || BN_is_negative(base) || (size_t)BN_num_bytes(base) > size)
		return -EOPNOTSUPP;
	if (!wdi_ossl_op_room(op, 4 * size))
		return -ENOMEM;
	memcpy((*op)->buf, x_p, 2 * size);
	req.x_p = (*op)->buf;
	req.pv = (*op)->buf + 2 * size;
	req.pri = (*op)->buf + 3 * size;
	req.pvbytes = (__u16)BN_bn2bin(base, req.pv);
	memset(req.pri, 0, size);
	*out = req.pri;
	return wdi_ossl_run_dh(sess, *op, &req, where);
}
