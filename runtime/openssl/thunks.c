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
	default:
		return impl->mac.gettable_ctx_params(plain, provctx);
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
	default:
		return impl->mac.settable_ctx_params(plain, provctx);
	}
}

#define IMPL(id)	(&((struct wdi_ossl_prov *)prov)->impls[WDI_OSSL_##id])

#define THUNKS(id, class) \
static void *newctx_##id(void *prov) \
{ \
	return wdi_ossl_##class##_newctx(IMPL(id)); \
} \
static const OSSL_PARAM *gettable_##id(void *ctx, void *prov) \
{ \
	return gettable(ctx, IMPL(id)); \
} \
static const OSSL_PARAM *settable_##id(void *ctx, void *prov) \
{ \
	return settable(ctx, IMPL(id)); \
}

#define CIPHER(id, ...) THUNKS(id, cipher)
#define AEAD(id, ...) THUNKS(id, aead)
#define DIGEST(id, ...) THUNKS(id, digest)
#define MAC(id, ...) THUNKS(id, mac)
#include "openssl/algs.def"
#undef CIPHER
#undef AEAD
#undef DIGEST
#undef MAC

const struct wdi_ossl_thunks wdi_ossl_thunks[WDI_OSSL_IMPLS] = {
#define CIPHER(id, ...) [WDI_OSSL_##id] = { (void (*)(void))newctx_##id, \
					    (void (*)(void))gettable_##id, \
					    (void (*)(void))settable_##id },
#define AEAD CIPHER
#define DIGEST CIPHER
#define MAC CIPHER
#include "openssl/algs.def"
};
