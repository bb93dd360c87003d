/* SPDX-License-Identifier: MIT */
/*
 * What all operations on keys have in common: the table of their functions, contexts,
 * and the way of a private operation to the device and back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "openssl/pk.h"

/* ---- contexts --------------------------------------------------------------------------- */

static const struct wdi_ossl_pk_fns *fns(const struct wdi_ossl_pk *c)
{
	return &c->head.impl->pk;
}

static void *plain_newctx(struct wdi_ossl_impl *impl, const char *query)
{
	void *provctx = impl->prov->plain_ctx;

	switch (impl->row->operation) {
	case OSSL_OP_SIGNATURE:
		/* See wdi_ossl_plain_params(). */
		return impl->pk.sign.newctx(provctx, query && strstr(query, "weft") ? NULL : query);
	case OSSL_OP_ASYM_CIPHER:
		return impl->pk.asym.newctx(provctx);
	case OSSL_OP_KEYEXCH:
		return impl->pk.exch.newctx(provctx);
	default:
		return impl->pk.kem.newctx(provctx);
	}
}

void *wdi_ossl_pk_newctx(struct wdi_ossl_impl *impl, const char *query)
{
	struct wdi_ossl_pk *c = OPENSSL_zalloc(sizeof(*c));

	if (!c)
		return NULL;
	c->head.impl = impl;
	c->head.plain = plain_newctx(impl, query);
	if (!c->head.plain) {
		OPENSSL_free(c);
		return NULL;
	}
	return c;
}

static void pk_freectx(void *ctx)
{
	struct wdi_ossl_pk *c = ctx;

	if (!c)
		return;
	fns(c)->freectx(c->head.plain);
	wdi_ossl_op_put(c->op);
	wdi_ossl_key_put(c->key);
	wdi_ossl_key_put(c->peer);
	EVP_MD_CTX_free(c->md);
	OPENSSL_free(c);
}

static void *pk_dupctx(void *ctx)
{
	struct wdi_ossl_pk *c = ctx, *d;

	if (wdi_ossl_pk_busy(c))
		return NULL;
	d = OPENSSL_memdup(c, sizeof(*c));
	if (!d)
		return NULL;
	d->op = NULL;
	d->md = NULL;
	if (c->hashing) {
		d->md = EVP_MD_CTX_new();
		if (!d->md || !EVP_MD_CTX_copy_ex(d->md, c->md))
			goto free_md;
	}
	d->head.plain = fns(c)->dupctx(c->head.plain);
	if (!d->head.plain)
		goto free_md;
	wdi_ossl_key_hold(d->key);
	wdi_ossl_key_hold(d->peer);
	return d;

free_md:
	EVP_MD_CTX_free(d->md);
	OPENSSL_free(d);
	return NULL;
}

static int pk_get_ctx_params(void *ctx, OSSL_PARAM params[])
{
	struct wdi_ossl_pk *c = ctx;

	return fns(c)->get_ctx_params(c->head.plain, params);
}

/* What the default provider's context has taken but does not tell. */
static void note_params(struct wdi_ossl_pk *c, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = params && c->head.impl->row->operation == OSSL_OP_KEYEXCH ?
			      OSSL_PARAM_locate_const(params, OSSL_EXCHANGE_PARAM_PAD) : NULL;
	unsigned int pad;

	if (p && OSSL_PARAM_get_uint(p, &pad))
		c->pad = pad;
}

static int pk_set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
	OSSL_PARAM kept[WDI_OSSL_PARAMS];
	struct wdi_ossl_pk *c = ctx;

	if (wdi_ossl_pk_busy(c))
		return 0;
	if (!fns(c)->set_ctx_params(c->head.plain, wdi_ossl_plain_params(params, kept)))
		return 0;
	note_params(c, params);
	return 1;
}

bool wdi_ossl_pk_busy(const struct wdi_ossl_pk *c)
{
	if (wdi_likely(!c->op || !c->op->busy))
		return false;
	wdi_ossl_raise(c->head.impl->prov, WDI_OSSL_R_BUSY,
		       "%s: a paused job is in the middle of an operation of this context",
		       c->head.impl->row->name);
	return true;
}

void wdi_ossl_pk_take_key(struct wdi_ossl_pk *c, struct wdi_ossl_key *key)
{
	if (!key || key == c->key)
		return;
	wdi_ossl_key_put(c->key);
	c->key = wdi_ossl_key_hold(key);
}

int wdi_ossl_pk_init(struct wdi_ossl_pk *c, void *provkey, const OSSL_PARAM params[],
		     OSSL_FUNC_signature_sign_init_fn *init)
{
	OSSL_PARAM kept[WDI_OSSL_PARAMS];
	struct wdi_ossl_key *key = provkey;

	if (wdi_ossl_pk_busy(c))
		return 0;
	c->hashing = false;
	if (!init(c->head.plain, key ? key->plain : NULL, wdi_ossl_plain_params(params, kept)))
		return 0;
	wdi_ossl_pk_take_key(c, key);
	note_params(c, params);
	return 1;
}

/* ---- to the device ------------------------------------------------------------------------ */

static const struct wdi_ossl_family_ops *const families[WDI_OSSL_FAMILIES] = {
	[WDI_OSSL_FAMILY_RSA] = &wdi_ossl_rsa_ops,
	[WDI_OSSL_FAMILY_EC] = &wdi_ossl_ec_ops,
	[WDI_OSSL_FAMILY_SM2] = &wdi_ossl_sm2_ops,
	[WDI_OSSL_FAMILY_X25519] = &wdi_ossl_x25519_ops,
	[WDI_OSSL_FAMILY_X448] = &wdi_ossl_x448_ops,
	[WDI_OSSL_FAMILY_DH] = &wdi_ossl_dh_ops,
};

const struct wdi_ossl_family_ops *wdi_ossl_key_ops(const struct wdi_ossl_key *key)
{
	return families[key->impl->row->alg];
}

struct opening {
	const struct wdi_ossl_family_ops *ops;
	const struct wdi_ossl_prov *prov;
	const OSSL_PARAM *params;
	struct wdi_ossl_sess *sess;
};

static handle_t open_key(struct wdi_ossl_sess *sess, const void *arg)
{
	const struct opening *o = arg;

	return o->ops->open(sess, o->prov, o->params);
}

static int with_numbers(const OSSL_PARAM params[], void *arg)
{
	struct opening *o = arg;

	o->params = params;
	o->sess = wdi_ossl_sess_open(o->ops->class, open_key, o);
	return o->sess != NULL;
}

struct wdi_ossl_sess *wdi_ossl_key_sess(struct wdi_ossl_key *key)
{
	struct wdi_ossl_sess *old = __atomic_load_n(&key->sess, __ATOMIC_ACQUIRE);
	struct opening o = { .ops = wdi_ossl_key_ops(key), .prov = key->impl->prov };

	if (wdi_likely(old && wdi_ossl_sess_valid(old)))
		return old;
	if (__atomic_load_n(&key->refused, __ATOMIC_RELAXED))
		return NULL;
	if (!key->impl->keymgmt.export(key->plain, OSSL_KEYMGMT_SELECT_ALL, with_numbers, &o)) {
		__atomic_store_n(&key->refused, true, __ATOMIC_RELAXED);
		return NULL;
	}
	/* After a fork: other threads may be reading the one that is of no use any more. */
	wdi_ossl_sess_keep(o.sess, old);
	if (__atomic_compare_exchange_n(&key->sess, &old, o.sess, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return o.sess;
	wdi_ossl_sess_keep(o.sess, NULL);
	wdi_ossl_sess_put(o.sess);
	return old;
}

void wdi_ossl_pk_count_cpu(const struct wdi_ossl_pk *c)
{
	wdi_ossl_count(c->head.impl->row, WDI_OSSL_PATH_CPU,
		       c->key && wdi_ossl_counting ? wdi_ossl_key_bytes(c->key) : 0);
}

enum wdi_ossl_where wdi_ossl_pk_where(const struct wdi_ossl_pk *c)
{
	const struct wdi_ossl_impl *impl = c->head.impl;
	size_t bytes;

	if (impl->limits.least == WDI_OSSL_NEVER || !c->key)
		return WDI_OSSL_CPU;
	bytes = wdi_ossl_key_bytes(c->key);
	return bytes && bytes >= impl->limits.least ? wdi_ossl_where(&impl->limits, bytes) : WDI_OSSL_CPU;
}

bool wdi_ossl_pk_has_kdf(const struct wdi_ossl_pk *c)
{
	char kdf[32] = "";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_EXCHANGE_PARAM_KDF_TYPE, kdf, sizeof(kdf)),
		OSSL_PARAM_construct_end(),
	};

	return fns(c)->get_ctx_params && (!fns(c)->get_ctx_params(c->head.plain, params) || *kdf);
}

int wdi_ossl_pk_private(struct wdi_ossl_pk *c, enum wdi_ossl_private what,
			struct wdi_ossl_private_call *call)
{
	const struct wdi_ossl_row *row = c->head.impl->row;
	const struct wdi_ossl_family_ops *ops;
	size_t bytes;
	int ret;

	if (wdi_ossl_pk_busy(c))
		return -1;
	bytes = c->key ? wdi_ossl_key_bytes(c->key) : 0;
	call->where = wdi_ossl_pk_where(c);
	if (call->where == WDI_OSSL_CPU)
		goto on_cpu;
	ops = wdi_ossl_key_ops(c->key);
	if (!ops->run[what])
		goto on_cpu;
	call->sess = wdi_ossl_key_sess(c->key);
	if (!call->sess)
		goto on_cpu;
	ret = ops->run[what](c, call);
	if (!ret) {
		wdi_ossl_count(row, call->where == WDI_OSSL_DEV_ASYNC ? WDI_OSSL_PATH_ASYNC :
			       WDI_OSSL_PATH_SYNC, bytes);
		return 1;
	}
	if (ret == -EOPNOTSUPP)
		goto on_cpu;
	/* The device may still hold it. */
	wdi_ossl_op_put(c->op);
	c->op = NULL;
	wdi_ossl_count(row, WDI_OSSL_PATH_REDONE, bytes);
	return 0;

on_cpu:
	wdi_ossl_count(row, WDI_OSSL_PATH_CPU, bytes);
	return 0;
}

/* ---- the functions --------------------------------------------------------------------------- */

enum how {
	OURS,		/* @ours goes to OpenSSL */
	THUNK,		/* the row's own, at @thunk in its thunks */
	SAME,		/* the default provider's: it is told nothing, or nothing but a number */
};

/* @need: without it the default provider's algorithm is of no use to us. */
static const struct fn {
	uint8_t operation;
	uint8_t id;
	bool need;
	uint8_t how;
	size_t place;
	void (*ours)(void);
	size_t thunk;
} table[] = {
#define AT(m)		offsetof(struct wdi_ossl_impl, m)
#define F_(o, i, n, m, f)	{ OSSL_OP_##o, OSSL_FUNC_##o##_##i, n, OURS, AT(m), (void (*)(void))(f), 0 }
#define T_(o, i, n, m, t)	{ OSSL_OP_##o, OSSL_FUNC_##o##_##i, n, THUNK, AT(m), NULL, \
				  offsetof(struct wdi_ossl_thunks, t) }
#define S_(o, i, n, m)		{ OSSL_OP_##o, OSSL_FUNC_##o##_##i, n, SAME, AT(m), NULL, 0 }
	T_(KEYMGMT, NEW, true, keymgmt.new, newctx),
	F_(KEYMGMT, FREE, true, keymgmt.free, wdi_ossl_key_free),
	T_(KEYMGMT, GEN_INIT, false, keymgmt.gen_init, gen_init),
	F_(KEYMGMT, GEN_SET_TEMPLATE, false, keymgmt.gen_set_template, wdi_ossl_key_gen_set_template),
	F_(KEYMGMT, GEN_SET_PARAMS, false, keymgmt.gen_set_params, wdi_ossl_key_gen_set_params),
	T_(KEYMGMT, GEN_SETTABLE_PARAMS, false, keymgmt.gen_settable_params, gen_settable_params),
	F_(KEYMGMT, GEN, false, keymgmt.gen, wdi_ossl_key_gen),
	F_(KEYMGMT, GEN_CLEANUP, false, keymgmt.gen_cleanup, wdi_ossl_key_gen_cleanup),
	F_(KEYMGMT, GET_PARAMS, true, keymgmt.get_params, wdi_ossl_key_get_params),
	T_(KEYMGMT, GETTABLE_PARAMS, false, keymgmt.gettable_params, gettable_ctx_params),
	F_(KEYMGMT, SET_PARAMS, false, keymgmt.set_params, wdi_ossl_key_set_params),
	T_(KEYMGMT, SETTABLE_PARAMS, false, keymgmt.settable_params, settable_ctx_params),
	S_(KEYMGMT, QUERY_OPERATION_NAME, false, keymgmt.query_operation_name),
	F_(KEYMGMT, HAS, true, keymgmt.has, wdi_ossl_key_has),
	F_(KEYMGMT, VALIDATE, false, keymgmt.validate, wdi_ossl_key_validate),
	F_(KEYMGMT, MATCH, false, keymgmt.match, wdi_ossl_key_match),
	F_(KEYMGMT, IMPORT, true, keymgmt.import, wdi_ossl_key_import),
	S_(KEYMGMT, IMPORT_TYPES, true, keymgmt.import_types),
	F_(KEYMGMT, EXPORT, true, keymgmt.export, wdi_ossl_key_export),
	S_(KEYMGMT, EXPORT_TYPES, true, keymgmt.export_types),
	F_(KEYMGMT, DUP, false, keymgmt.dup, wdi_ossl_key_dup),

#define CONTEXT(o, class) \
	T_(o, NEWCTX, true, pk.class.newctx, newctx), \
	F_(o, FREECTX, true, pk.freectx, pk_freectx), \
	F_(o, DUPCTX, false, pk.dupctx, pk_dupctx), \
	F_(o, GET_CTX_PARAMS, false, pk.get_ctx_params, pk_get_ctx_params), \
	T_(o, GETTABLE_CTX_PARAMS, false, pk.gettable_ctx_params, gettable_ctx_params), \
	F_(o, SET_CTX_PARAMS, false, pk.set_ctx_params, pk_set_ctx_params), \
	T_(o, SETTABLE_CTX_PARAMS, false, pk.settable_ctx_params, settable_ctx_params)

	CONTEXT(SIGNATURE, sign),
	F_(SIGNATURE, SIGN_INIT, true, pk.sign.sign_init, wdi_ossl_sign_init),
	F_(SIGNATURE, SIGN, true, pk.sign.sign, wdi_ossl_sign),
	F_(SIGNATURE, VERIFY_INIT, true, pk.sign.verify_init, wdi_ossl_verify_init),
	F_(SIGNATURE, VERIFY, true, pk.sign.verify, wdi_ossl_verify),
	F_(SIGNATURE, VERIFY_RECOVER_INIT, false, pk.sign.recover_init, wdi_ossl_recover_init),
	F_(SIGNATURE, VERIFY_RECOVER, false, pk.sign.recover, wdi_ossl_recover),
	F_(SIGNATURE, DIGEST_SIGN_INIT, true, pk.sign.digest_sign_init, wdi_ossl_digest_sign_init),
	F_(SIGNATURE, DIGEST_SIGN_UPDATE, true, pk.sign.digest_sign_update,
	   wdi_ossl_digest_sign_update),
	F_(SIGNATURE, DIGEST_SIGN_FINAL, true, pk.sign.digest_sign_final,
	   wdi_ossl_digest_sign_final),
	F_(SIGNATURE, DIGEST_VERIFY_INIT, true, pk.sign.digest_verify_init,
	   wdi_ossl_digest_verify_init),
	F_(SIGNATURE, DIGEST_VERIFY_UPDATE, true, pk.sign.digest_verify_update,
	   wdi_ossl_digest_verify_update),
	F_(SIGNATURE, DIGEST_VERIFY_FINAL, true, pk.sign.digest_verify_final,
	   wdi_ossl_digest_verify_final),
	F_(SIGNATURE, GET_CTX_MD_PARAMS, false, pk.sign.get_ctx_md_params,
	   wdi_ossl_sign_get_md_params),
	F_(SIGNATURE, GETTABLE_CTX_MD_PARAMS, false, pk.sign.gettable_ctx_md_params,
	   wdi_ossl_sign_gettable_md_params),
	F_(SIGNATURE, SET_CTX_MD_PARAMS, false, pk.sign.set_ctx_md_params,
	   wdi_ossl_sign_set_md_params),
	F_(SIGNATURE, SETTABLE_CTX_MD_PARAMS, false, pk.sign.settable_ctx_md_params,
	   wdi_ossl_sign_settable_md_params),

	CONTEXT(ASYM_CIPHER, asym),
	F_(ASYM_CIPHER, ENCRYPT_INIT, true, pk.asym.encrypt_init, wdi_ossl_encrypt_init),
	F_(ASYM_CIPHER, ENCRYPT, true, pk.asym.encrypt, wdi_ossl_encrypt),
	F_(ASYM_CIPHER, DECRYPT_INIT, true, pk.asym.decrypt_init, wdi_ossl_decrypt_init),
	F_(ASYM_CIPHER, DECRYPT, true, pk.asym.decrypt, wdi_ossl_decrypt),

	CONTEXT(KEYEXCH, exch),
	F_(KEYEXCH, INIT, true, pk.exch.init, wdi_ossl_exch_init),
	F_(KEYEXCH, DERIVE, true, pk.exch.derive, wdi_ossl_exch_derive),
	F_(KEYEXCH, SET_PEER, true, pk.exch.set_peer, wdi_ossl_exch_set_peer),

	CONTEXT(KEM, kem),
	F_(KEM, ENCAPSULATE_INIT, true, pk.kem.encapsulate_init, wdi_ossl_encapsulate_init),
	F_(KEM, ENCAPSULATE, true, pk.kem.encapsulate, wdi_ossl_encapsulate),
	F_(KEM, DECAPSULATE_INIT, true, pk.kem.decapsulate_init, wdi_ossl_decapsulate_init),
	F_(KEM, DECAPSULATE, true, pk.kem.decapsulate, wdi_ossl_decapsulate),
};

static void (**place(const struct wdi_ossl_impl *impl, const struct fn *f))(void)
{
	return (void (**)(void))((char *)(uintptr_t)impl + f->place);
}

static void (*function(const OSSL_DISPATCH *d, int id))(void)
{
	for (; d->function_id; d++) {
		if (d->function_id == id)
			return d->function;
	}
	return NULL;
}

bool wdi_ossl_pk_take(struct wdi_ossl_impl *impl, const OSSL_DISPATCH *d)
{
	for (size_t i = 0; i < wdi_array_size(table); i++) {
		if (table[i].operation != impl->row->operation)
			continue;
		*place(impl, &table[i]) = function(d, table[i].id);
		if (table[i].need && !*place(impl, &table[i]))
			return false;
	}
	return true;
}

OSSL_DISPATCH *wdi_ossl_pk_dispatch(const struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_thunks *thunks = &wdi_ossl_thunks[impl->row - wdi_ossl_rows];
	struct wdi_ossl_fn list[wdi_array_size(table)];
	size_t n = 0;

	for (size_t i = 0; i < wdi_array_size(table); i++) {
		const struct fn *f = &table[i];

		if (f->operation != impl->row->operation || !*place(impl, f))
			continue;
		list[n].id = f->id;
		list[n++].fn = f->how == OURS ? f->ours : f->how == SAME ? *place(impl, f) :
			       *(void (*const *)(void))((const char *)thunks + f->thunk);
	}
	return wdi_ossl_dispatch(list, n);
}
