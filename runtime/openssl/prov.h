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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>

#define wdi_array_size(a)	(sizeof(a) / sizeof((a)[0]))
#define wdi_unlikely(x)		__builtin_expect(!!(x), 0)
#define wdi_likely(x)		__builtin_expect(!!(x), 1)

/* A threshold that nothing reaches. */
#define WDI_OSSL_NEVER	SIZE_MAX
/* The same, and the configuration does not change it; see algs.def. */
#define WDI_OSSL_LOCKED	(SIZE_MAX - 1)

/* What the section of the provider in openssl.cnf says; see docs/openssl.md. */
struct wdi_ossl_config {
	bool async;		/* use the device inside jobs */
	bool sync;		/* use it outside, where it is faster */
	size_t async_min;	/* 0: what was measured, for each algorithm */
	size_t sync_min;
	unsigned int operations;	/* bits 1 << OSSL_OP_* that are offered */
};

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
	OSSL_ALGORITHM *ciphers, *digests, *macs;	/* what is offered */
};

/* ---- algorithms ------------------------------------------------------------------- */

enum wdi_ossl_id {
#define CIPHER(id, ...) WDI_OSSL_##id,
#define AEAD CIPHER
#define DIGEST CIPHER
#define MAC CIPHER
#include "openssl/algs.def"
#undef CIPHER
#undef AEAD
#undef DIGEST
#undef MAC
	WDI_OSSL_IMPLS
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

enum wdi_ossl_mac_kind {
	WDI_OSSL_HMAC,
	WDI_OSSL_CMAC,
	WDI_OSSL_GMAC,
};

/*
 * The constant half of an algorithm: a row of algs.def.
 * @alg, @mode: enum wd_cipher_alg and wd_cipher_mode, enum wd_digest_type, or
 *	enum wdi_ossl_mac_kind
 * @async_min, @sync_min: see algs.def
 */
struct wdi_ossl_row {
	const char *name;
	uint8_t operation;	/* OSSL_OP_* */
	uint8_t alg;
	uint8_t mode;
	uint8_t iv;
	bool aead;
	bool pieces;
	size_t async_min;
	size_t sync_min;
};
extern const struct wdi_ossl_row wdi_ossl_rows[WDI_OSSL_IMPLS];

/* The half that an instance finds out: the default provider's implementation. */
struct wdi_ossl_impl {
	const struct wdi_ossl_row *row;
	struct wdi_ossl_prov *prov;
	const char *names;	/* NULL: OpenSSL has no such algorithm */
	size_t async_min;	/* thresholds in force */
	size_t sync_min;
	size_t least;		/* the smaller of the two */
	bool encrypt_only;	/* async_min is for encryption, decryption stays on the CPU */
	OSSL_DISPATCH *dispatch;
	union {
		struct wdi_ossl_cipher_fns cipher;
		struct wdi_ossl_digest_fns digest;
		struct wdi_ossl_mac_fns mac;
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

/*
 * OpenSSL hands newctx and the lists of parameters no word about which algorithm is
 * meant, so each row has functions of its own that know; they end here.
 */
struct wdi_ossl_thunks {
	void (*newctx)(void);
	void (*gettable_ctx_params)(void);
	void (*settable_ctx_params)(void);
};
extern const struct wdi_ossl_thunks wdi_ossl_thunks[WDI_OSSL_IMPLS];

void *wdi_ossl_cipher_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_aead_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_digest_newctx(struct wdi_ossl_impl *impl);
void *wdi_ossl_mac_newctx(struct wdi_ossl_impl *impl);

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

/* wdi_ossl_config_read() - 0, or -EINVAL after an error that names the option. */
int wdi_ossl_config_read(struct wdi_ossl_prov *prov);

/* Known answers through the device. 0 or a negative errno after an error. */
int wdi_ossl_self_test(struct wdi_ossl_prov *prov);

/* ---- counting ---------------------------------------------------------------------- */

enum wdi_ossl_path {
	WDI_OSSL_PATH_CPU,	/* the default provider's code */
	WDI_OSSL_PATH_SYNC,	/* the device, waited for */
	WDI_OSSL_PATH_ASYNC,	/* the device, inside a job */
	WDI_OSSL_PATH_REDONE,	/* the device failed, done again on the CPU */
	WDI_OSSL_PATHS
};

/* Counted only where a report was asked for; one load and a branch otherwise. */
extern bool wdi_ossl_counting;
void wdi_ossl_count_(const struct wdi_ossl_row *row, enum wdi_ossl_path path, size_t bytes);
static inline void wdi_ossl_count(const struct wdi_ossl_row *row, enum wdi_ossl_path path,
				  size_t bytes)
{
	if (wdi_unlikely(wdi_ossl_counting))
		wdi_ossl_count_(row, path, bytes);
}
void wdi_ossl_count_start(void);

#endif
