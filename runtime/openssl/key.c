/* SPDX-License-Identifier: MIT */
/* Key management: the default provider's, with keys of ours around its keys. */
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "openssl/pk.h"

struct gen {
	struct wdi_ossl_head head;
};

static const struct wdi_ossl_keymgmt_fns *fns(const struct wdi_ossl_key *key)
{
	return &key->impl->keymgmt;
}

/* A key of ours around @plain, which it takes, even if it fails; NULL is passed on. */
static struct wdi_ossl_key *wrap(struct wdi_ossl_impl *impl, void *plain)
{
	struct wdi_ossl_key *key = plain ? OPENSSL_zalloc(sizeof(*key)) : NULL;

	if (!key) {
		if (plain)
			impl->keymgmt.free(plain);
		return NULL;
	}
	key->impl = impl;
	key->plain = plain;
	key->refs = 1;
	return key;
}

void *wdi_ossl_key_new(struct wdi_ossl_impl *impl)
{
	return wrap(impl, impl->keymgmt.new(impl->prov->plain_ctx));
}

struct wdi_ossl_key *wdi_ossl_key_hold(struct wdi_ossl_key *key)
{
	if (key)
		__atomic_add_fetch(&key->refs, 1, __ATOMIC_RELAXED);
	return key;
}

void wdi_ossl_key_put(struct wdi_ossl_key *key)
{
	if (!key || __atomic_sub_fetch(&key->refs, 1, __ATOMIC_ACQ_REL))
		return;
	wdi_ossl_sess_put(key->sess);
	fns(key)->free(key->plain);
	OPENSSL_free(key);
}

void wdi_ossl_key_free(void *key)
{
	wdi_ossl_key_put(key);
}

/* The numbers have changed: what was made of them is of no use. Nobody uses it meanwhile. */
static void forget(struct wdi_ossl_key *key)
{
	wdi_ossl_sess_put(key->sess);
	key->sess = NULL;
	key->bytes = 0;
	key->refused = false;
}

uint32_t wdi_ossl_key_bytes(struct wdi_ossl_key *key)
{
	uint32_t bytes = __atomic_load_n(&key->bytes, __ATOMIC_RELAXED);
	int bits = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_BITS, &bits),
		OSSL_PARAM_construct_end(),
	};

	if (wdi_likely(bytes))
		return bytes;
	if (fns(key)->get_params(key->plain, params) && bits > 0) {
		bytes = ((uint32_t)bits + 7) / 8;
		__atomic_store_n(&key->bytes, bytes, __ATOMIC_RELAXED);
	}
	return bytes;
}

/* ---- generation ----------------------------------------------------------------------------- */

void *wdi_ossl_key_gen_init(struct wdi_ossl_impl *impl, int selection, const OSSL_PARAM params[])
{
	struct gen *g = OPENSSL_zalloc(sizeof(*g));

	if (!g)
		return NULL;
	g->head.impl = impl;
	g->head.plain = impl->keymgmt.gen_init(impl->prov->plain_ctx, selection, params);
	if (!g->head.plain) {
		OPENSSL_free(g);
		return NULL;
	}
	return g;
}

int wdi_ossl_key_gen_set_template(void *gen, void *template)
{
	struct gen *g = gen;
	struct wdi_ossl_key *key = template;

	return g->head.impl->keymgmt.gen_set_template(g->head.plain, key ? key->plain : NULL);
}

int wdi_ossl_key_gen_set_params(void *gen, const OSSL_PARAM params[])
{
	OSSL_PARAM kept[WDI_OSSL_PARAMS];
	struct gen *g = gen;

	return g->head.impl->keymgmt.gen_set_params(g->head.plain,
						    wdi_ossl_plain_params(params, kept));
}

void *wdi_ossl_key_gen(void *gen, OSSL_CALLBACK *cb, void *arg)
{
	struct gen *g = gen;

	return wrap(g->head.impl, g->head.impl->keymgmt.gen(g->head.plain, cb, arg));
}

void wdi_ossl_key_gen_cleanup(void *gen)
{
	struct gen *g = gen;

	if (!g)
		return;
	g->head.impl->keymgmt.gen_cleanup(g->head.plain);
	OPENSSL_free(g);
}

/* ---- what a key says of itself ---------------------------------------------------------------- */

int wdi_ossl_key_get_params(void *keydata, OSSL_PARAM params[])
{
	struct wdi_ossl_key *key = keydata;

	return fns(key)->get_params(key->plain, params);
}

int wdi_ossl_key_set_params(void *keydata, const OSSL_PARAM params[])
{
	struct wdi_ossl_key *key = keydata;

	forget(key);
	return fns(key)->set_params(key->plain, params);
}

int wdi_ossl_key_has(const void *keydata, int selection)
{
	const struct wdi_ossl_key *key = keydata;

	return key && fns(key)->has(key->plain, selection);
}

int wdi_ossl_key_validate(const void *keydata, int selection, int check)
{
	const struct wdi_ossl_key *key = keydata;

	return fns(key)->validate(key->plain, selection, check);
}

int wdi_ossl_key_match(const void *a, const void *b, int selection)
{
	const struct wdi_ossl_key *one = a, *other = b;

	return fns(one)->match(one->plain, other->plain, selection);
}

int wdi_ossl_key_import(void *keydata, int selection, const OSSL_PARAM params[])
{
	struct wdi_ossl_key *key = keydata;

	forget(key);
	return fns(key)->import(key->plain, selection, params);
}

int wdi_ossl_key_export(void *keydata, int selection, OSSL_CALLBACK *cb, void *arg)
{
	struct wdi_ossl_key *key = keydata;

	return fns(key)->export(key->plain, selection, cb, arg);
}

void *wdi_ossl_key_dup(const void *keydata, int selection)
{
	const struct wdi_ossl_key *key = keydata;

	return wrap(key->impl, fns(key)->dup(key->plain, selection));
}
