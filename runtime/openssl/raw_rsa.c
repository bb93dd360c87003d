/* SPDX-License-Identifier: MIT */
/* RSA: numbers of a modulus's size, by the Chinese remainder theorem where its parts are known. */
#include <string.h>

#include <openssl/crypto.h>

#include "openssl/common.h"
#include "openssl/raw.h"

#define BYTES_MAX	512

/* The numbers of a key, each in a room of its own. */
struct room {
	uint8_t data[WDI_OSSL_RSA_NUMBERS][BYTES_MAX];
	struct wd_dtb dtb[WDI_OSSL_RSA_NUMBERS];
};

bool wdi_ossl_rsa_size(size_t bytes)
{
	return bytes == 128 || bytes == 256 || bytes == 384 || bytes == 512;
}

/* One number to @room; true if it is there and fits. */
static bool take(const BIGNUM *bn, enum wdi_ossl_rsa_number which, size_t size, struct room *room)
{
	if (which >= WDI_OSSL_RSA_P)
		size /= 2;
	room->dtb[which] = (struct wd_dtb){ (char *)room->data[which], (__u32)size, (__u32)size };
	return bn && BN_bn2binpad(bn, room->data[which], (int)size) == (int)size;
}

static bool set_key(handle_t h, struct room *r, bool crt)
{
	if (wd_rsa_set_pubkey_params(h, &r->dtb[WDI_OSSL_RSA_E], &r->dtb[WDI_OSSL_RSA_N]))
		return false;
	if (crt)
		return !wd_rsa_set_crt_prikey_params(h, &r->dtb[WDI_OSSL_RSA_DQ],
						     &r->dtb[WDI_OSSL_RSA_DP],
						     &r->dtb[WDI_OSSL_RSA_QINV],
						     &r->dtb[WDI_OSSL_RSA_Q],
						     &r->dtb[WDI_OSSL_RSA_P]);
	return !wd_rsa_set_prikey_params(h, &r->dtb[WDI_OSSL_RSA_D], &r->dtb[WDI_OSSL_RSA_N]);
}

static handle_t open_room(const BIGNUM *const numbers[], size_t size, struct room *r)
{
	struct wd_rsa_sess_setup setup = { .key_bits = (__u16)(8 * size), .is_crt = true };
	handle_t h;

	if (!take(numbers[WDI_OSSL_RSA_N], WDI_OSSL_RSA_N, size, r) ||
	    !take(numbers[WDI_OSSL_RSA_E], WDI_OSSL_RSA_E, size, r))
		return 0;
	for (int i = WDI_OSSL_RSA_P; i < WDI_OSSL_RSA_NUMBERS; i++)
		setup.is_crt = take(numbers[i], (enum wdi_ossl_rsa_number)i, size, r) && setup.is_crt;
	if (!setup.is_crt && !take(numbers[WDI_OSSL_RSA_D], WDI_OSSL_RSA_D, size, r))
		return 0;
	h = wd_rsa_alloc_sess(&setup);
	if (h && !set_key(h, r, setup.is_crt)) {
		wd_rsa_free_sess(h);
		h = 0;
	}
	return h;
}

handle_t wdi_ossl_rsa_open(const BIGNUM *const numbers[WDI_OSSL_RSA_NUMBERS])
{
	const BIGNUM *n = numbers[WDI_OSSL_RSA_N];
	struct room *room;
	handle_t h;

	if (!n || !wdi_ossl_rsa_size((size_t)BN_num_bytes(n)))
		return 0;
	room = OPENSSL_zalloc(sizeof(*room));
	if (!room)
		return 0;
	h = open_room(numbers, (size_t)BN_num_bytes(n), room);
	OPENSSL_clear_free(room, sizeof(*room));
	return h;
}

int wdi_ossl_rsa_raw(struct wdi_ossl_sess *sess, struct wdi_ossl_op *op, size_t size,
		     enum wdi_ossl_where where)
{
	struct wd_rsa_req req = {
		.src = op->buf,
		.dst = op->buf + size,
		.src_bytes = (__u32)size,
		.dst_bytes = (__u32)size,
		.data_fmt = WD_FLAT_BUF,
		.op_type = WD_RSA_SIGN,
	};

	return wdi_ossl_run_rsa(sess, op, &req, where);
}
