/* SPDX-License-Identifier: MIT */
/*
 * The OpenSSL provider. Each algorithm is an implementation of OpenSSL's default
 * provider, reached through the public provider interface in a library context of our
 * own, with the device beside it: a message (of a cipher: a call) belongs to one of the
 * two, decided when its first data come. So whatever the device does not do, and every
 * parameter, is done as OpenSSL does it.
 *
 * Functions that OpenSSL calls return 1 or 0, those between our files 0 or a negative
 * errno.
 */
#ifndef WEFT_OPENSSL_PROV_H
#define WEFT_OPENSSL_PROV_H

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

#include "openssl/common.h"

/* All that we offer have numbers below this. */
#define WDI_OSSL_OPERATIONS	(OSSL_OP_KEM + 1)

/* One instance: a library context of the application that the provider was loaded into. */
struct wdi_ossl_prov {
	const OSSL_CORE_HANDLE *core;
	OSSL_FUNC_core_get_params_fn *core_get_params;
	OSSL_FUNC_core_new_error_fn *core_new_error;
	OSSL_FUNC_core_set_error_debug_fn *core_set_error_debug;
	OSSL_FUNC_core_vset_error_fn *core_vset_error;

	OSSL_LIB_CTX *libctx;		/* ours; the default provider lives there */
	OSSL_PROVIDER *plain;
	void *plain_ctx;

	struct wdi_ossl_config config;
	struct wdi_ossl_impl *impls;	/* [WDI_OSSL_IMPLS] */
	OSSL_ALGORITHM *offered[WDI_OSSL_OPERATIONS];	/* by OSSL_OP_* */
};

/* Functions of the default provider's cipher. */
struct wdi_ossl_cipher_fns {
	OSSL_FUNC_cipher_newctx_fn *newctx;
	OSSL_FUNC_cipher_encrypt_init_fn *einit;
	OSSL_FUNC_cipher_decrypt_init_fn *dinit;
	OSSL_FUNC_cipher_update_fn *update;
	OSSL_FUNC_cipher_final_fn *final;
	OSSL_FUNC_cipher_cipher_fn *cipher;
	OSSL_FUNC_cipher_freectx_fn *freectx;
	OSSL_FUNC_cipher_dupctx_fn *dupctx;
	OSSL_FUNC_cipher_get_params_fn *get_params;
	OSSL_FUNC_cipher_get_ctx_params_fn *get_ctx_params;
	OSSL_FUNC_cipher_set_ctx_params_fn *set_ctx_params;
	OSSL_FUNC_cipher_gettable_params_fn *gettable_params;
	OSSL_FUNC_cipher_gettable_ctx_params_fn *gettable_ctx_params;
	OSSL_FUNC_cipher_settable_ctx_params_fn *settable_ctx_params;
};

struct wdi_ossl_digest_fns {
	OSSL_FUNC_digest_newctx_fn *newctx;
	OSSL_FUNC_digest_init_fn *init;
	OSSL_FUNC_digest_update_fn *update;
	OSSL_FUNC_digest_final_fn *final;
	OSSL_FUNC_digest_freectx_fn *freectx;
	OSSL_FUNC_digest_dupctx_fn *dupctx;
	OSSL_FUNC_digest_get_params_fn *get_params;
	OSSL_FUNC_digest_get_ctx_params_fn *get_ctx_params;
	OSSL_FUNC_digest_set_ctx_params_fn *set_ctx_params;
	OSSL_FUNC_digest_gettable_params_fn *gettable_params;
	OSSL_FUNC_digest_gettable_ctx_params_fn *gettable_ctx_params;
	OSSL_FUNC_digest_settable_ctx_params_fn *settable_ctx_params;
};

struct wdi_ossl_mac_fns {
	OSSL_FUNC_mac_newctx_fn *newctx;
	OSSL_FUNC_mac_init_fn *init;
	OSSL_FUNC_mac_update_fn *update;
	OSSL_FUNC_mac_final_fn *final;
	OSSL_FUNC_mac_freectx_fn *freectx;
	OSSL_FUNC_mac_dupctx_fn *dupctx;
	OSSL_FUNC_mac_get_params_fn *get_params;
	OSSL_FUNC_mac_get_ctx_params_fn *get_ctx_params;
	OSSL_FUNC_mac_set_ctx_params_fn *set_ctx_params;
	OSSL_FUNC_mac_gettable_params_fn *gettable_params;
	OSSL_FUNC_mac_gettable_ctx_params_fn *gettable_ctx_params;
	OSSL_FUNC_mac_settable_ctx_params_fn *settable_ctx_params;
};

struct wdi_ossl_keymgmt_fns {
	OSSL_FUNC_keymgmt_new_fn *new;
	OSSL_FUNC_keymgmt_free_fn *free;
	OSSL_FUNC_keymgmt_gen_init_fn *gen_init;
	OSSL_FUNC_keymgmt_gen_set_template_fn *gen_set_template;
	OSSL_FUNC_keymgmt_gen_set_params_fn *gen_set_params;
	OSSL_FUNC_keymgmt_gen_settable_params_fn *gen_settable_params;
	OSSL_FUNC_keymgmt_gen_fn *gen;
	OSSL_FUNC_keymgmt_gen_cleanup_fn *gen_cleanup;
	OSSL_FUNC_keymgmt_get_params_fn *get_params;
	OSSL_FUNC_keymgmt_gettable_params_fn *gettable_params;
	OSSL_FUNC_keymgmt_set_params_fn *set_params;
	OSSL_FUNC_keymgmt_settable_params_fn *settable_params;
	OSSL_FUNC_keymgmt_query_operation_name_fn *query_operation_name;
	OSSL_FUNC_keymgmt_has_fn *has;
	OSSL_FUNC_keymgmt_validate_fn *validate;
	OSSL_FUNC_keymgmt_match_fn *match;
	OSSL_FUNC_keymgmt_import_fn *import;
	OSSL_FUNC_keymgmt_import_types_fn *import_types;
	OSSL_FUNC_keymgmt_export_fn *export;
	OSSL_FUNC_keymgmt_export_types_fn *export_types;
	OSSL_FUNC_keymgmt_dup_fn *dup;
};

struct wdi_ossl_sign_fns {
	OSSL_FUNC_signature_newctx_fn *newctx;
	OSSL_FUNC_signature_sign_init_fn *sign_init;
	OSSL_FUNC_signature_sign_fn *sign;
	OSSL_FUNC_signature_verify_init_fn *verify_init;
	OSSL_FUNC_signature_verify_fn *verify;
	OSSL_FUNC_signature_verify_recover_init_fn *recover_init;
	OSSL_FUNC_signature_verify_recover_fn *recover;
	OSSL_FUNC_signature_digest_sign_init_fn *digest_sign_init;
	OSSL_FUNC_signature_digest_sign_update_fn *digest_sign_update;
	OSSL_FUNC_signature_digest_sign_final_fn *digest_sign_final;
	OSSL_FUNC_signature_digest_verify_init_fn *digest_verify_init;
	OSSL_FUNC_signature_digest_verify_update_fn *digest_verify_update;
	OSSL_FUNC_signature_digest_verify_final_fn *digest_verify_final;
	OSSL_FUNC_signature_get_ctx_md_params_fn *get_ctx_md_params;
	OSSL_FUNC_signature_gettable_ctx_md_params_fn *gettable_ctx_md_params;
	OSSL_FUNC_signature_set_ctx_md_params_fn *set_ctx_md_params;
	OSSL_FUNC_signature_settable_ctx_md_params_fn *settable_ctx_md_params;
};

struct wdi_ossl_asym_fns {
	OSSL_FUNC_asym_cipher_newctx_fn *newctx;
	OSSL_FUNC_asym_cipher_encrypt_init_fn *encrypt_init;
	OSSL_FUNC_asym_cipher_encrypt_fn *encrypt;
	OSSL_FUNC_asym_cipher_decrypt_init_fn *decrypt_init;
	OSSL_FUNC_asym_cipher_decrypt_fn *decrypt;
};

struct wdi_ossl_exch_fns {
	OSSL_FUNC_keyexch_newctx_fn *newctx;
	OSSL_FUNC_keyexch_init_fn *init;
	OSSL_FUNC_keyexch_derive_fn *derive;
	OSSL_FUNC_keyexch_set_peer_fn *set_peer;
};

struct wdi_ossl_kem_fns {
	OSSL_FUNC_kem_newctx_fn *newctx;
	OSSL_FUNC_kem_encapsulate_init_fn *encapsulate_init;
	OSSL_FUNC_kem_encapsulate_fn *encapsulate;
	OSSL_FUNC_kem_decapsulate_init_fn *decapsulate_init;
	OSSL_FUNC_kem_decapsulate_fn *decapsulate;
};

/* What every operation on a key has; the types are the same for all of them. */
struct wdi_ossl_pk_fns {
	OSSL_FUNC_signature_freectx_fn *freectx;
	OSSL_FUNC_signature_dupctx_fn *dupctx;
	OSSL_FUNC_signature_get_ctx_params_fn *get_ctx_params;
	OSSL_FUNC_signature_gettable_ctx_params_fn *gettable_ctx_params;
	OSSL_FUNC_signature_set_ctx_params_fn *set_ctx_params;
	OSSL_FUNC_signature_settable_ctx_params_fn *settable_ctx_params;
	union {
		struct wdi_ossl_sign_fns sign;
		struct wdi_ossl_asym_fns asym;
		struct wdi_ossl_exch_fns exch;
		struct wdi_ossl_kem_fns kem;
	};
};

/* The half that an instance finds out: the default provider's implementation. */
struct wdi_ossl_impl {
	const struct wdi_ossl_row *row;
	struct wdi_ossl_prov *prov;
	const char *names;	/* NULL: OpenSSL has no such algorithm */
	struct wdi_ossl_limits limits;
	OSSL_DISPATCH *dispatch;
	union {
		struct wdi_ossl_cipher_fns cipher;
		struct wdi_ossl_digest_fns digest;
		struct wdi_ossl_mac_fns mac;
		struct wdi_ossl_keymgmt_fns keymgmt;
		struct wdi_ossl_pk_fns pk;
	};
};

/*
 * wdi_ossl_plain_find() - fill impl->names and the functions from the default
 * provider. False if it has none, or lacks a function that we need.
 */
bool wdi_ossl_plain_find(struct wdi_ossl_impl *impl);

/* Functions of ours for one row, ended by { 0, NULL }; the caller frees them. NULL: no memory. */
OSSL_DISPATCH *wdi_ossl_cipher_dispatch(const struct wdi_ossl_impl *impl);
OSSL_DISPATCH *wdi_ossl_aead_dispatch(const struct wdi_ossl_impl *impl);
OSSL_DISPATCH *wdi_ossl_digest_dispatch(const struct wdi_ossl_impl *impl);
OSSL_DISPATCH *wdi_ossl_mac_dispatch(const struct wdi_ossl_impl *impl);
OSSL_DISPATCH *wdi_ossl_pk_dispatch(const struct wdi_ossl_impl *impl);

/* wdi_ossl_pk_take() - the functions of anything that has to do with keys; false: too few. */
bool wdi_ossl_pk_take(struct wdi_ossl_impl *impl, const OSSL_DISPATCH *d);

/*
 * OpenSSL hands newctx and the lists of parameters no word about which algorithm is
 * meant, so each row has functions of its own that know; they end here. Of key management
 * the first three are new, gettable_params and settable_params.
 */
struct wdi_ossl_thunks {
	void (*newctx)(void);
	void (*gettable_ctx_params)(void);
	void (*settable_ctx_params)(void);
	void (*gen_init)(void);
	void (*gen_settable_params)(void);
};
extern const struct wdi_ossl_thunks wdi_ossl_thunks[WDI_OSSL_IMPLS];

void *wdi_ossl_cipher_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_aead_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_digest_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_mac_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_pk_newctx(struct wdi_ossl_impl *impl, const char *query);
void *wdi_ossl_key_new(struct wdi_ossl_impl *impl);
void *wdi_ossl_key_gen_init(struct wdi_ossl_impl *impl, int selection, const OSSL_PARAM params[]);

/* Every context of ours begins with this. */
struct wdi_ossl_head {
	struct wdi_ossl_impl *impl;
	void *plain;		/* the default provider's context, ours to free */
};

/* One function of a dispatch table that is being filled. */
struct wdi_ossl_fn {
	int id;
	void (*fn)(void);
};

/* A copy of @fns that leaves out those whose function is NULL. */
OSSL_DISPATCH *wdi_ossl_dispatch(const struct wdi_ossl_fn *fns, size_t count);

/*
 * wdi_ossl_plain_params() - @params as they go to the default provider: without a property
 * query that names this one. @kept is room for them.
 */
#define WDI_OSSL_PARAMS	24
const OSSL_PARAM *wdi_ossl_plain_params(const OSSL_PARAM params[],
					OSSL_PARAM kept[WDI_OSSL_PARAMS]);

/* OpenSSL looks at the first parameter of a name, and at no other. */
bool wdi_ossl_param_is_first(const OSSL_PARAM params[], const OSSL_PARAM *p);

/* ---- errors and parameters --------------------------------------------------------- */

enum wdi_ossl_reason {
	WDI_OSSL_R_CONFIG = 1,
	WDI_OSSL_R_NO_DEFAULT,
	WDI_OSSL_R_NO_MEMORY,
	WDI_OSSL_R_BUSY,
	WDI_OSSL_R_SPENT,
	WDI_OSSL_R_SELF_TEST,
	WDI_OSSL_R_OUTPUT,
};
extern const OSSL_ITEM wdi_ossl_reasons[];

void wdi_ossl_raise_(const struct wdi_ossl_prov *prov, const char *file, int line,
		     const char *func, enum wdi_ossl_reason reason, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
#define wdi_ossl_raise(prov, reason, ...) \
	wdi_ossl_raise_(prov, __FILE__, __LINE__, __func__, reason, __VA_ARGS__)


#endif
