/* SPDX-License-Identifier: MIT */
#include "openssl/engine/keys.h"

bool wdi_eng_keys_make(void)
{
	return wdi_eng_rsa_make() && wdi_eng_dh_make() && wdi_eng_ec_make();
}

struct wdi_ossl_sess *wdi_eng_held_sess(struct wdi_eng_held *held, enum wdi_ossl_class class,
					wdi_ossl_open_fn *open, wdi_eng_same_fn *same,
					const void *key)
{
	struct wdi_ossl_sess *old = __atomic_load_n(&held->sess, __ATOMIC_ACQUIRE), *sess;

	if (wdi_likely(old && wdi_ossl_sess_valid(old) && same(wdi_ossl_sess_extra(old), key)))
		return old;
	if (__atomic_load_n(&held->refused, __ATOMIC_RELAXED))
		return NULL;
	sess = wdi_ossl_sess_open(class, open, key);
	if (!sess) {
		__atomic_store_n(&held->refused, true, __ATOMIC_RELAXED);
		return NULL;
	}
	/* After a fork: other threads may be reading the one that is of no use any more. */
	wdi_ossl_sess_keep(sess, old);
	if (__atomic_compare_exchange_n(&held->sess, &old, sess, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return sess;
	wdi_ossl_sess_keep(sess, NULL);
	wdi_ossl_sess_put(sess);
	return old;
}

void wdi_eng_held_end(struct wdi_eng_held *held)
{
	wdi_ossl_sess_put(held->sess);
	held->sess = NULL;
	held->refused = false;
}

#if OPENSSL_VERSION_NUMBER >= 0x30000000L
int wdi_eng_held_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int index,
		     long arg, void *ptr)
#else
int wdi_eng_held_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void *data, int index,
		     long arg, void *ptr)
#endif
{
	(void)from;
	(void)arg;
	(void)ptr;
	/* Before OpenSSL 3 it is the same pointer to a pointer, by another type. */
	*(void **)data = CRYPTO_get_ex_data(to, index);
	return 1;
}

enum wdi_ossl_where wdi_eng_key_where(enum wdi_ossl_id id, size_t bytes)
{
	const struct wdi_ossl_limits *limits = &wdi_eng_limits[id];

	return bytes && bytes >= limits->least ? wdi_ossl_where(limits, bytes) : WDI_OSSL_CPU;
}

bool wdi_eng_key_done(enum wdi_ossl_id id, struct wdi_ossl_op **op, int ret,
		      enum wdi_ossl_where where, size_t bytes)
{
	/* One that failed may be the device's still. */
	if (*op && !ret)
		OPENSSL_cleanse((*op)->buf, (*op)->room);
	wdi_ossl_op_put(*op);
	*op = NULL;
	wdi_ossl_count(&wdi_ossl_rows[id], ret ? WDI_OSSL_PATH_REDONE :
		       where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC : WDI_OSSL_PATH_SYNC, bytes);
	return !ret;
}
