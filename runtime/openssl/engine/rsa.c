/* SPDX-License-Identifier: MIT */
/*
 * RSA: the private operation, with the paddings for which libcrypto has functions. PSS, and in
 * OpenSSL 3 also OAEP, come here without padding. PKCS #1 v1.5 decryption is libcrypto's, see
 * pk_rsa.c.
 *
 * Not the smaller function that computes the power alone: around that libcrypto blinds, with
 * factors that belong to the thread, and jobs of one thread that pause there would take each
 * other's. The device blinds for itself.
 */
#include "openssl/engine/keys.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "openssl/raw.h"

#define ROW	WDI_OSSL_sign_rsa

static RSA_METHOD *method;
static int held_index = -1;
typedef int private_fn(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding);
static private_fn *plain_sign, *plain_decrypt;
static int (*plain_init)(RSA *rsa);
static int (*plain_finish)(RSA *rsa);

static void get_numbers(const RSA *rsa, const BIGNUM *to[WDI_OSSL_RSA_NUMBERS])
{
	RSA_get0_key(rsa, &to[WDI_OSSL_RSA_N], &to[WDI_OSSL_RSA_E], &to[WDI_OSSL_RSA_D]);
	RSA_get0_factors(rsa, &to[WDI_OSSL_RSA_P], &to[WDI_OSSL_RSA_Q]);
	RSA_get0_crt_params(rsa, &to[WDI_OSSL_RSA_DP], &to[WDI_OSSL_RSA_DQ], &to[WDI_OSSL_RSA_QINV]);
}

/* ---- what the device has of a key ----------------------------------------------------------- */

/* The numbers that a session was made of, to know whether the key still has them. */
struct copy {
	BIGNUM *numbers[WDI_OSSL_RSA_NUMBERS];
};

static void copy_free(void *extra)
{
	struct copy *copy = extra;

	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++)
		BN_clear_free(copy->numbers[i]);
	OPENSSL_free(copy);
}

static bool same(const void *extra, const void *key)
{
	const BIGNUM *now[WDI_OSSL_RSA_NUMBERS];
	const struct copy *copy = extra;

	get_numbers(key, now);
	for (int i = WDI_OSSL_RSA_N; i < WDI_OSSL_RSA_NUMBERS; i++) {
		/* Not part of what the device does. */
		if (i != WDI_OSSL_RSA_E && i != WDI_OSSL_RSA_D && BN_cmp(copy->numbers[i], now[i]))
			return false;
	}
	return true;
}

static handle_t open_key(struct wdi_ossl_sess *sess, const void *key)
{
	const BIGNUM *numbers[WDI_OSSL_RSA_NUMBERS];
	struct copy *copy = OPENSSL_zalloc(sizeof(*copy));

	if (!copy)
		return 0;
	wdi_ossl_sess_set_extra(sess, copy, copy_free);
	get_numbers(key, numbers);
	for (int i = 0; i < WDI_OSSL_RSA_NUMBERS; i++) {
		copy->numbers[i] = numbers[i] ? BN_dup(numbers[i]) : NULL;
		if (numbers[i] && !copy->numbers[i])
			return 0;
	}
	return wdi_ossl_rsa_open(numbers);
}

static int rsa_init(RSA *rsa)
{
	struct wdi_eng_held *held = OPENSSL_zalloc(sizeof(*held));

	if (held && RSA_set_ex_data(rsa, held_index, held))
		return plain_init ? plain_init(rsa) : 1;
	OPENSSL_free(held);
	return 0;
}

static int rsa_finish(RSA *rsa)
{
	struct wdi_eng_held *held = RSA_get_ex_data(rsa, held_index);

	if (held) {
		wdi_eng_held_end(held);
		OPENSSL_free(held);
		RSA_set_ex_data(rsa, held_index, NULL);
	}
	return plain_finish ? plain_finish(rsa) : 1;
}

/* ---- the operation ---------------------------------------------------------------------------- */

/*
 * One operation. @from is prepared, as many bytes as the modulus has, by @begin, and what comes
 * out goes to @to by @end. -1: it is libcrypto's to do.
 */
struct call {
	int len;
	const unsigned char *from;
	unsigned char *to;
	int padding;
	bool (*begin)(const struct call *call, uint8_t *data, int size);
	int (*end)(const struct call *call, const uint8_t *data, int size);
};

/* A number that is not below the modulus is an error, and libcrypto's to find. */
static bool below(const RSA *rsa, const uint8_t *data, size_t size)
{
	const BIGNUM *n;
	BIGNUM *bn = BN_bin2bn(data, (int)size, NULL);
	bool good;

	RSA_get0_key(rsa, &n, NULL, NULL);
	good = bn && BN_ucmp(bn, n) < 0;
	BN_clear_free(bn);
	return good;
}

static int device(const struct call *call, RSA *rsa)
{
	int size = RSA_size(rsa), ret, made = -1;
	enum wdi_ossl_where where = wdi_eng_key_where(ROW, (size_t)size);
	struct wdi_eng_held *held = where == WDI_OSSL_CPU ? NULL : RSA_get_ex_data(rsa, held_index);
	struct wdi_ossl_sess *sess = NULL;
	struct wdi_ossl_op *op = NULL;

	if (!held || !wdi_ossl_rsa_size((size_t)size) || RSA_get_multi_prime_extra_count(rsa))
		goto on_cpu;
	sess = wdi_eng_held_sess(held, WDI_OSSL_CLASS_RSA, open_key, same, rsa);
	if (!sess || !wdi_ossl_op_room(&op, 2 * (size_t)size) ||
	    !call->begin(call, op->buf, size) || !below(rsa, op->buf, (size_t)size))
		goto on_cpu;
	ret = wdi_ossl_rsa_raw(sess, op, (size_t)size, where);
	if (!ret) {
		made = call->end(call, op->buf + size, size);
		ret = made < 0 ? -EBADMSG : 0;
	}
	wdi_eng_key_done(ROW, &op, ret, where, (size_t)size);
	return made;

on_cpu:
	wdi_ossl_op_put(op);
	wdi_ossl_count(&wdi_ossl_rows[ROW], WDI_OSSL_PATH_CPU, (size_t)size);
	return -1;
}

static bool begin_sign(const struct call *call, uint8_t *data, int size)
{
	bool good;

	if (call->padding != RSA_PKCS1_PADDING) {
		if (call->padding != RSA_NO_PADDING || call->len != size)
			return false;
		memcpy(data, call->from, (size_t)size);
		return true;
	}
	ERR_set_mark();
	good = RSA_padding_add_PKCS1_type_1(data, size, call->from, call->len);
	ERR_pop_to_mark();
	return good;
}

static int end_sign(const struct call *call, const uint8_t *data, int size)
{
	memcpy(call->to, data, (size_t)size);
	return size;
}

static int sign(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
	struct call call = { len, from, to, padding, begin_sign, end_sign };
	int made = device(&call, rsa);

	return made >= 0 ? made : plain_sign(len, from, to, rsa, padding);
}

static bool begin_decrypt(const struct call *call, uint8_t *data, int size)
{
	if ((call->padding != RSA_NO_PADDING && call->padding != RSA_PKCS1_OAEP_PADDING) ||
	    call->len <= 0 || call->len > size)
		return false;
	memset(data, 0, (size_t)(size - call->len));
	memcpy(data + size - call->len, call->from, (size_t)call->len);
	return true;
}

/* A wrong padding is told by libcrypto, which finds it again. */
static int end_decrypt(const struct call *call, const uint8_t *data, int size)
{
	int len;

	if (call->padding == RSA_NO_PADDING)
		return end_sign(call, data, size);
	ERR_set_mark();
	len = RSA_padding_check_PKCS1_OAEP(call->to, size, data, size, size, NULL, 0);
	ERR_pop_to_mark();
	return len;
}

static int decrypt(int len, const unsigned char *from, unsigned char *to, RSA *rsa, int padding)
{
	struct call call = { len, from, to, padding, begin_decrypt, end_decrypt };
	int made = device(&call, rsa);

	return made >= 0 ? made : plain_decrypt(len, from, to, rsa, padding);
}

const RSA_METHOD *wdi_eng_rsa(void)
{
	return method;
}

bool wdi_eng_rsa_make(void)
{
	const RSA_METHOD *plain = RSA_PKCS1_OpenSSL();

	plain_sign = RSA_meth_get_priv_enc(plain);
	plain_decrypt = RSA_meth_get_priv_dec(plain);
	plain_init = RSA_meth_get_init(plain);
	plain_finish = RSA_meth_get_finish(plain);
	held_index = RSA_get_ex_new_index(0, NULL, NULL, wdi_eng_held_dup, NULL);
	method = held_index >= 0 ? RSA_meth_dup(plain) : NULL;
	return method && RSA_meth_set1_name(method, "Weft RSA") &&
	       RSA_meth_set_priv_enc(method, sign) && RSA_meth_set_priv_dec(method, decrypt) &&
	       RSA_meth_set_init(method, rsa_init) && RSA_meth_set_finish(method, rsa_finish);
}
