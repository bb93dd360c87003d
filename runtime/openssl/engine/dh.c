/* SPDX-License-Identifier: MIT */
/*
 * Diffie-Hellman. libcrypto checks the other side's value and pads the secret, and asks its
 * method for the power. Keys are powers too, of the generator, by the same function.
 */
#include "openssl/engine/keys.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "openssl/raw.h"

#define ROW	WDI_OSSL_exch_dh

static DH_METHOD *method;
static int (*plain_mod_exp)(const DH *dh, BIGNUM *r, const BIGNUM *a, const BIGNUM *p,
			    const BIGNUM *m, BN_CTX *ctx, BN_MONT_CTX *mont);

/*
 * Sessions have no key in them, only a length: one for each, for all keys, and of the
 * process.
 */
static const uint16_t sizes[] = { 96, 128, 192, 256, 384, 512 };
static struct wdi_eng_held helds[wdi_array_size(sizes)];

static handle_t open_size(struct wdi_ossl_sess *sess, const void *key)
{
	(void)sess;
	return wdi_ossl_dh_open(*(const uint16_t *)key);
}

static bool same(const void *extra, const void *key)
{
	(void)extra;
	(void)key;
	return true;
}

static struct wdi_ossl_sess *session(size_t size)
{
	for (size_t i = 0; i < wdi_array_size(sizes); i++) {
		if (sizes[i] == size)
			return wdi_eng_held_sess(&helds[i], WDI_OSSL_CLASS_DH, open_size, same,
						 &sizes[i]);
	}
	return NULL;
}

static int device(BIGNUM *r, const BIGNUM *base, const BIGNUM *x, const BIGNUM *p, size_t size,
		  enum wdi_ossl_where where, struct wdi_ossl_op **op, struct wdi_ossl_sess *sess)
{
	uint8_t x_p[2 * WDI_OSSL_DH_MAX];
	int xbytes = BN_num_bytes(x), ret = -EINVAL;
	const uint8_t *out;

	if (xbytes && (size_t)xbytes <= size && BN_bn2binpad(x, x_p, xbytes) == xbytes &&
	    BN_bn2binpad(p, x_p + size, (int)size) == (int)size)
		ret = wdi_ossl_dh_raw(sess, op, x_p, (size_t)xbytes, size, base, where, &out);
	OPENSSL_cleanse(x_p, sizeof(x_p));
	if (!ret && !BN_bin2bn(out, (int)(*op)->produced, r))
		ret = -ENOMEM;
	return ret;
}

static int mod_exp(const DH *dh, BIGNUM *r, const BIGNUM *a, const BIGNUM *x, const BIGNUM *p,
		   BN_CTX *ctx, BN_MONT_CTX *mont)
{
	size_t size = (size_t)BN_num_bytes(p);
	enum wdi_ossl_where where = wdi_eng_key_where(ROW, size);
	struct wdi_ossl_sess *sess = where == WDI_OSSL_CPU ? NULL : session(size);
	struct wdi_ossl_op *op = NULL;

	if (!sess)
		wdi_ossl_count(&wdi_ossl_rows[ROW], WDI_OSSL_PATH_CPU, size);
	else if (wdi_eng_key_done(ROW, &op, device(r, a, x, p, size, where, &op, sess), where, size))
		return 1;
	return plain_mod_exp(dh, r, a, x, p, ctx, mont);
}

const DH_METHOD *wdi_eng_dh(void)
{
	return method;
}

bool wdi_eng_dh_make(void)
{
	const DH_METHOD *plain = DH_OpenSSL();

	plain_mod_exp = DH_meth_get_bn_mod_exp(plain);
	method = plain_mod_exp ? DH_meth_dup(plain) : NULL;
	return method && DH_meth_set1_name(method, "Weft DH") &&
	       DH_meth_set_bn_mod_exp(method, mod_exp);
}
