/* SPDX-License-Identifier: MIT */
/* Functions that know their row: see struct wdi_ossl_thunks. */
#include "openssl/prov.h"

static const OSSL_PARAM *gettable(void *ctx, struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_head *head = ctx;
	void *plain = head ? head->plain : NULL, *provctx = impl->prov->plain_ctx;

	switch (impl->row->operation) {
	case OSSL_OP_CIPHER:
		return impl->cipher.gettable_ctx_params(plain, provctx);
	case OSSL_OP_DIGEST:
		return impl->digest.gettable_ctx_params(plain, provctx);
	case OSSL_OP_MAC:
		return impl->mac.gettable_ctx_params(plain, provctx);
	case OSSL_OP_KEYMGMT:
		return impl->keymgmt.gettable_params(provctx);
	default:
		return impl->pk.gettable_ctx_params(plain, provctx);
	}
}

static const OSSL_PARAM *settable(void *ctx, struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_head *head = ctx;
	void *plain = head ? head->plain : NULL, *provctx = impl->prov->plain_ctx;

	switch (impl->row->operation) {
	case OSSL_OP_CIPHER:
		return impl->cipher.settable_ctx_params(plain, provctx);
	case OSSL_OP_DIGEST:
		return impl->digest.settable_ctx_params(plain, provctx);
	case OSSL_OP_MAC:
		return impl->mac.settable_ctx_params(plain, provctx);
	case OSSL_OP_KEYMGMT:
		return impl->keymgmt.settable_params(provctx);
	default:
		return impl->pk.settable_ctx_params(plain, provctx);
	}
}

static const OSSL_PARAM *gen_settable(void *gen, struct wdi_ossl_impl *impl)
{
	const struct wdi_ossl_head *head = gen;

	return impl->keymgmt.gen_settable_params(head ? head->plain : NULL, impl->prov->plain_ctx);
}

#define FN(f)		((void (*)(void))(f))
#define IMPL(id)	(&((struct wdi_ossl_prov *)prov)->impls[WDI_OSSL_##id])

#define LISTS(id) \
static const OSSL_PARAM *gettable_##id(void *ctx, void *prov) \
{ \
	return gettable(ctx, IMPL(id)); \
} \
static const OSSL_PARAM *settable_##id(void *ctx, void *prov) \
{ \
	return settable(ctx, IMPL(id)); \
}

#define THUNKS(id, class) \
static void *newctx_##id(void *prov) \
{ \
	return wdi_ossl_##class##_newctx(IMPL(id)); \
} \
LISTS(id)

#define CIPHER(id, ...) THUNKS(id, cipher)
#define AEAD(id, ...) THUNKS(id, aead)
#define DIGEST(id, ...) THUNKS(id, digest)
#define MAC(id, ...) THUNKS(id, mac)
#define KEYMGMT(id, ...) \
static void *newctx_##id(void *prov) \
{ \
	return wdi_ossl_key_new(IMPL(id)); \
} \
static const OSSL_PARAM *gettable_##id(void *prov) \
{ \
	return gettable(NULL, IMPL(id)); \
} \
static const OSSL_PARAM *settable_##id(void *prov) \
{ \
	return settable(NULL, IMPL(id)); \
} \
static void *gen_init_##id(void *prov, int selection, const OSSL_PARAM params[]) \
{ \
	return wdi_ossl_key_gen_init(IMPL(id), selection, params); \
} \
static const OSSL_PARAM *gen_settable_##id(void *gen, void *prov) \
{ \
	return gen_settable(gen, IMPL(id)); \
}
#define SIGNATURE(id, ...) \
static void *newctx_##id(void *prov, const char *query) \
{ \
	return wdi_ossl_pk_newctx(IMPL(id), query); \
} \
LISTS(id)
#define ASYM(id, ...) \
static void *newctx_##id(void *prov) \
{ \
	return wdi_ossl_pk_newctx(IMPL(id), NULL); \
} \
LISTS(id)
#define KEYEXCH ASYM
#define KEM ASYM
#include "openssl/algs.def"

const struct wdi_ossl_thunks wdi_ossl_thunks[WDI_OSSL_IMPLS] = {
#define CIPHER(id, ...) [WDI_OSSL_##id] = { \
		FN(newctx_##id), FN(gettable_##id), FN(settable_##id), NULL, NULL },
#define AEAD CIPHER
#define DIGEST CIPHER
#define MAC CIPHER
#define KEYMGMT(id, ...) [WDI_OSSL_##id] = { \
		FN(newctx_##id), FN(gettable_##id), FN(settable_##id), FN(gen_init_##id), \
		FN(gen_settable_##id) },
#define SIGNATURE CIPHER
#define ASYM CIPHER
#define KEYEXCH CIPHER
#define KEM CIPHER
#include "openssl/algs.def"
};
