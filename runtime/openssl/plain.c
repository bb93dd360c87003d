/* SPDX-License-Identifier: MIT */
/*
 * The default provider's implementations, found through OSSL_PROVIDER_query_operation().
 * Calling them directly rather than through EVP leaves the cost of what goes to the CPU
 * where it was without us.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/params.h>

#include "openssl/prov.h"

/* ---- functions by their numbers ------------------------------------------------------- */

#define TAKE(table, number, member) \
	case number: \
		(table)->member = (__typeof__((table)->member))d->function; \
		break

static bool take_cipher(struct wdi_ossl_cipher_fns *f, const OSSL_DISPATCH *d)
{
	for (; d->function_id; d++) {
		switch (d->function_id) {
		TAKE(f, OSSL_FUNC_CIPHER_NEWCTX, newctx);
		TAKE(f, OSSL_FUNC_CIPHER_ENCRYPT_INIT, einit);
		TAKE(f, OSSL_FUNC_CIPHER_DECRYPT_INIT, dinit);
		TAKE(f, OSSL_FUNC_CIPHER_UPDATE, update);
		TAKE(f, OSSL_FUNC_CIPHER_FINAL, final);
		TAKE(f, OSSL_FUNC_CIPHER_CIPHER, cipher);
		TAKE(f, OSSL_FUNC_CIPHER_FREECTX, freectx);
		TAKE(f, OSSL_FUNC_CIPHER_DUPCTX, dupctx);
		TAKE(f, OSSL_FUNC_CIPHER_GET_PARAMS, get_params);
		TAKE(f, OSSL_FUNC_CIPHER_GET_CTX_PARAMS, get_ctx_params);
		TAKE(f, OSSL_FUNC_CIPHER_SET_CTX_PARAMS, set_ctx_params);
		TAKE(f, OSSL_FUNC_CIPHER_GETTABLE_PARAMS, gettable_params);
		TAKE(f, OSSL_FUNC_CIPHER_GETTABLE_CTX_PARAMS, gettable_ctx_params);
		TAKE(f, OSSL_FUNC_CIPHER_SETTABLE_CTX_PARAMS, settable_ctx_params);
		default:
			/* Of a later OpenSSL, which does without where a provider has none. */
			break;
		}
	}
	return f->newctx && f->einit && f->dinit && f->update && f->final && f->freectx &&
	       f->get_params && f->get_ctx_params && f->set_ctx_params;
}

static bool take_digest(struct wdi_ossl_digest_fns *f, const OSSL_DISPATCH *d)
{
	for (; d->function_id; d++) {
		switch (d->function_id) {
		TAKE(f, OSSL_FUNC_DIGEST_NEWCTX, newctx);
		TAKE(f, OSSL_FUNC_DIGEST_INIT, init);
		TAKE(f, OSSL_FUNC_DIGEST_UPDATE, update);
		TAKE(f, OSSL_FUNC_DIGEST_FINAL, final);
		TAKE(f, OSSL_FUNC_DIGEST_FREECTX, freectx);
		TAKE(f, OSSL_FUNC_DIGEST_DUPCTX, dupctx);
		TAKE(f, OSSL_FUNC_DIGEST_GET_PARAMS, get_params);
		TAKE(f, OSSL_FUNC_DIGEST_GET_CTX_PARAMS, get_ctx_params);
		TAKE(f, OSSL_FUNC_DIGEST_SET_CTX_PARAMS, set_ctx_params);
		TAKE(f, OSSL_FUNC_DIGEST_GETTABLE_PARAMS, gettable_params);
		TAKE(f, OSSL_FUNC_DIGEST_GETTABLE_CTX_PARAMS, gettable_ctx_params);
		TAKE(f, OSSL_FUNC_DIGEST_SETTABLE_CTX_PARAMS, settable_ctx_params);
		default:
			break;
		}
	}
	return f->newctx && f->init && f->update && f->final && f->freectx && f->dupctx &&
	       f->get_params;
}

static bool take_mac(struct wdi_ossl_mac_fns *f, const OSSL_DISPATCH *d)
{
	for (; d->function_id; d++) {
		switch (d->function_id) {
		TAKE(f, OSSL_FUNC_MAC_NEWCTX, newctx);
		TAKE(f, OSSL_FUNC_MAC_INIT, init);
		TAKE(f, OSSL_FUNC_MAC_UPDATE, update);
		TAKE(f, OSSL_FUNC_MAC_FINAL, final);
		TAKE(f, OSSL_FUNC_MAC_FREECTX, freectx);
		TAKE(f, OSSL_FUNC_MAC_DUPCTX, dupctx);
		TAKE(f, OSSL_FUNC_MAC_GET_PARAMS, get_params);
		TAKE(f, OSSL_FUNC_MAC_GET_CTX_PARAMS, get_ctx_params);
		TAKE(f, OSSL_FUNC_MAC_SET_CTX_PARAMS, set_ctx_params);
		TAKE(f, OSSL_FUNC_MAC_GETTABLE_PARAMS, gettable_params);
		TAKE(f, OSSL_FUNC_MAC_GETTABLE_CTX_PARAMS, gettable_ctx_params);
		TAKE(f, OSSL_FUNC_MAC_SETTABLE_CTX_PARAMS, settable_ctx_params);
		default:
			break;
		}
	}
	return f->newctx && f->init && f->update && f->final && f->freectx && f->dupctx &&
	       f->set_ctx_params;
}

/* ---- the algorithm by its name --------------------------------------------------------- */

/* Is @name one of "A:B:C"? */
static bool has_name(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = names; p; p = strchr(p, ':')) {
		if (*p == ':')
			p++;
		if (!strncasecmp(p, name, len) && (!p[len] || p[len] == ':'))
			return true;
	}
	return false;
}

static const OSSL_ALGORITHM *find(const struct wdi_ossl_impl *impl)
{
	int no_cache = 0;
	const OSSL_ALGORITHM *a = OSSL_PROVIDER_query_operation(impl->prov->plain,
								impl->row->operation, &no_cache);

	for (; a && a->algorithm_names; a++) {
		if (has_name(a->algorithm_names, impl->row->name))
			return a;
	}
	return NULL;
}

bool wdi_ossl_plain_find(struct wdi_ossl_impl *impl)
{
	const OSSL_ALGORITHM *a = find(impl);
	bool whole;

	if (!a)
		return false;
	switch (impl->row->operation) {
	case OSSL_OP_CIPHER:
		whole = take_cipher(&impl->cipher, a->implementation);
		break;
	case OSSL_OP_DIGEST:
		whole = take_digest(&impl->digest, a->implementation);
		break;
	case OSSL_OP_MAC:
		whole = take_mac(&impl->mac, a->implementation);
		break;
	default:
		whole = wdi_ossl_pk_take(impl, a->implementation);
	}
	if (whole)
		impl->names = a->algorithm_names;
	return whole;
}

/*
 * Our own library context does not know this provider, so a query for it has no meaning
 * there: what is beneath is what the device and the default provider have in common. Any
 * other query goes through.
 */
static bool names_us(const OSSL_PARAM *p)
{
	return strstr(p->key, "prop") && p->data_type == OSSL_PARAM_UTF8_STRING && p->data &&
	       memmem(p->data, p->data_size, "weft", 4);
}

const OSSL_PARAM *wdi_ossl_plain_params(const OSSL_PARAM params[], OSSL_PARAM kept[WDI_OSSL_PARAMS])
{
	size_t n = 0;
	bool cut = false;

	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		if (names_us(p))
			cut = true;
		else if (n < WDI_OSSL_PARAMS - 1)
			kept[n++] = *p;
		else
			return params;
	}
	kept[n] = OSSL_PARAM_construct_end();
	return cut ? kept : params;
}

bool wdi_ossl_param_is_first(const OSSL_PARAM params[], const OSSL_PARAM *p)
{
	return OSSL_PARAM_locate_const(params, p->key) == p;
}

OSSL_DISPATCH *wdi_ossl_dispatch(const struct wdi_ossl_fn *fns, size_t count)
{
	OSSL_DISPATCH *table = calloc(count + 1, sizeof(*table));
	size_t n = 0;

	for (size_t i = 0; table && i < count; i++) {
		if (fns[i].fn)
			table[n++] = (OSSL_DISPATCH){ fns[i].id, fns[i].fn };
	}
	return table;
}
