/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "openssl/keyed.h"

#define WHOLE_MAX	(60u * 1024)	/* of one that may not */

void wdi_ossl_keyed_key(struct wdi_ossl_keyed *k, const uint8_t *key, size_t len)
{
	wdi_ossl_sess_put(k->sess);
	k->sess = NULL;
	k->refused = false;
	k->key_len = 0;
	if (len <= WDI_OSSL_KEY_MAX) {
		memcpy(k->key, key, len);
		k->key_len = (uint32_t)len;
	}
}

void wdi_ossl_keyed_end(struct wdi_ossl_keyed *k)
{
	wdi_ossl_sess_put(k->sess);
	wdi_ossl_op_put(k->op);
	k->sess = NULL;
	k->op = NULL;
}

size_t wdi_ossl_cipher_block(const struct wdi_ossl_row *row)
{
	return row->alg == WD_CIPHER_3DES ? 8 : 16;
}

enum wdi_ossl_where wdi_ossl_cipher_where(const struct wdi_ossl_keyed *k,
					  const struct wdi_ossl_limits *limits, size_t len)
{
	enum wdi_ossl_where where = wdi_ossl_where(limits, len);

	return where == WDI_OSSL_DEV_ASYNC && !k->enc && limits->encrypt_only ? WDI_OSSL_CPU : where;
}

size_t wdi_ossl_cipher_share(const struct wdi_ossl_keyed *k, size_t len)
{
	size_t b = wdi_ossl_cipher_block(k->row);

	/* With ciphertext stealing one call is the message, and there is nothing to gain. */
	if (!k->key_len || k->refused || k->row->mode > WD_CIPHER_CFB)
		return 0;
	if (!k->row->pieces)
		return len >= b && len <= WHOLE_MAX ? len : 0;
	return len / b * b;
}

static bool open_session(struct wdi_ossl_keyed *k)
{
	if (k->sess && wdi_likely(wdi_ossl_sess_valid(k->sess)))
		return true;
	wdi_ossl_sess_put(k->sess);
	k->sess = wdi_ossl_sess_new(WDI_OSSL_CLASS_CIPHER, k->row->alg, k->row->mode, k->key,
				    k->key_len, 0);
	k->refused = !k->sess;
	return k->sess;
}

static bool overlap(const uint8_t *a, const uint8_t *b, size_t len)
{
	return a < b + len && b < a + len;
}

/* One request. On an error nothing was written to @out and the IV is what it was. */
static int piece(struct wdi_ossl_keyed *k, uint8_t *out, const uint8_t *in, size_t len,
		 enum wdi_ossl_where where)
{
	bool direct = where == WDI_OSSL_DEV_SYNC && !overlap(out, in, len);
	struct wd_cipher_req req = {
		.op_type = k->enc ? WD_CIPHER_ENCRYPTION : WD_CIPHER_DECRYPTION,
		.src = (void *)(uintptr_t)in,
		.in_bytes = (__u32)len,
		.iv_bytes = k->row->iv,
		.out_buf_bytes = (__u32)len,
	};
	int ret;

	if (!wdi_ossl_op_room(&k->op, direct ? 0 : len))
		return -ENOMEM;
	if (k->op->busy)
		return -EBUSY;
	memcpy(k->op->iv, k->iv, sizeof(k->iv));
	req.iv = k->op->iv;
	req.dst = direct ? out : k->op->buf;
	ret = wdi_ossl_run_cipher(k->sess, k->op, &req, where);
	if (ret) {
		/* The device may not have done with it; leave it to whoever finishes it. */
		wdi_ossl_op_put(k->op);
		k->op = NULL;
		return ret;
	}
	if (!direct)
		memcpy(out, k->op->buf, len);
	if (k->row->pieces && k->row->iv)
		memcpy(k->iv, k->op->iv, sizeof(k->iv));
	wdi_ossl_count(k->row, where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC :
		       WDI_OSSL_PATH_SYNC, len);
	return 0;
}

ptrdiff_t wdi_ossl_cipher_run(struct wdi_ossl_keyed *k, uint8_t *out, const uint8_t *in, size_t len,
			      enum wdi_ossl_where where)
{
	size_t done = 0;

	if (k->op && k->op->busy)
		return -EBUSY;
	if (!open_session(k))
		return 0;
	while (done < len) {
		size_t n = k->row->pieces && len - done > WDI_OSSL_PIECE ? WDI_OSSL_PIECE : len - done;

		if (piece(k, out + done, in + done, n, where)) {
			wdi_ossl_count(k->row, WDI_OSSL_PATH_REDONE, len - done);
			break;
		}
		done += n;
	}
	return (ptrdiff_t)done;
}
